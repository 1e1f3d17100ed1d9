// read.h - text to structs: libyaml's events, then the tables
// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef TOPO_READ_H
#define TOPO_READ_H

#include <yaml.h>

#include "topo/topo.h"

/*
 * libyaml takes quadratic time for deep nesting and for directives, and its
 * marks count characters; so texts are looked over before it sees them, only
 * its events are used, and their places are found again in the bytes.
 */
#define READ_MAX_BYTES (4u << 20)
#define READ_MAX_DEPTH 32
#define READ_MAX_EVENTS 1000000
#define READ_MAX_SKIP 20000
#define READ_MAX_ITEMS 65536
#define READ_MAX_SCALAR 4096
#define READ_MAX_ERRORS 100

struct reader {
	struct arena *arena;
	struct report *report;
	const char *text;
	size_t len;
	uint16_t file;
	yaml_parser_t parser;
	yaml_event_t ev;	/* the event at hand */
	struct pos pos;		/* its place */
	unsigned int events, depth;
	unsigned int errors_before;	/* report->errors when it began */
	bool dead;		/* no more events: ev is YAML_NO_EVENT */
	/* where the character MARK_INDEX of libyaml is in the text */
	size_t mark_index, mark_byte, line_start;
	uint32_t line;
};

/*
 * Begins and ends reading TEXT.  reader_begin() is 0 or -EINVAL, with an error
 * added; reader_end() is called in both cases.
 */
int reader_begin(struct reader *r, struct arena *a, const char *file,
		 const char *text, size_t len, struct report *report);
void reader_end(struct reader *r);

/* Takes the next event.  After an error of the text it is YAML_NO_EVENT. */
void reader_next(struct reader *r);

/* Takes the value at hand as a whole, whatever it is. */
void reader_skip(struct reader *r);

/* Adds an error at POS; many of them end the reading. */
void reader_error(struct reader *r, struct pos pos, const char *path,
		  const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/* The line of POS has "::", which YAML may take for a key in flow style. */
bool reader_colons(const struct reader *r, struct pos pos);

/* The scalar at hand; "" when it isn't one. */
const char *reader_scalar(const struct reader *r);
/* true for `key:` with nothing behind it (and not for ""). */
bool reader_nothing(const struct reader *r);

/* Reads the value at hand into field F of REC. */
void read_field(struct reader *r, const struct field *f, void *rec);
/* Reads the map at hand into REC, by its table. */
void read_record(struct reader *r, const struct record *t, void *rec);
/* Initialises what a struct begins with. */
void read_node(struct reader *r, const struct record *t, struct node *n,
	       const char *name, const char *path);

/* What is wrong with the scalar at hand, whatever it is for; NULL: nothing. */
const char *read_unfit(const struct reader *r, const struct field_type *type);
/* Adds an error: WHAT was expected, and what is at hand found. */
void read_expected(struct reader *r, const char *path, const char *what);
/* Reads the map at hand into a list of struct label (read_labels.c). */
void read_pairs(struct reader *r, const struct field *f, struct list *l,
		const char *path);

/* A word with a meaning of its own: any, host, outside, ... */
bool name_reserved(const char *name);

/* Sets what neither REC nor a written default left unsaid (read_merge.c). */
void merge_defaults(struct topology *t);
void merge_attachment(struct topology *t, struct attachment *a);

/* Adds an item to a list that only this adds to. */
void list_push(struct arena *a, struct list *l, const void *item, size_t size);

#endif

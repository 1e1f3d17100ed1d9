// report.h - what is wrong, where, and what would cure it
// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef NETD_REPORT_H
#define NETD_REPORT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "netd/arena.h"
#include "netd/buf.h"

/* A place in a topology file.  line and col count from 1; line 0: nowhere. */
struct pos {
	uint16_t file;		/* index given by report_source() */
	uint16_t col;
	uint32_t line;
};

enum severity {
	SEV_ERROR,
	SEV_WARNING,
};

/* One finding. */
struct finding {
	enum severity severity;
	struct pos pos;
	const char *path;	/* "networks.web.mtu", or "" */
	const char *text;	/* what was expected and found, and the cure */
};

/*
 * Findings of one run, all of them.  lib, topo, plan and host add to it; only
 * netd/ and ctl/ print it.
 */
struct report {
	struct arena *arena;
	struct finding *list;
	unsigned int count, cap;
	unsigned int errors;	/* errors there were, also the same again */
	struct source *sources;
	unsigned int nsources, sources_cap;
	unsigned int unused;	/* of the sources */
};

/* A text that positions point into.  The strings belong to the report. */
struct source {
	const char *name;	/* the file's name as the user knows it */
	const char *text;
	size_t len;
	bool unused;		/* its number is free */
};

/* An empty report.  Free it by report_free(). */
struct report *report_new(void);
void report_free(struct report *r);

/*
 * Makes TEXT known as NAME and returns the index that struct pos carries.
 * Both are copied.  The same name again replaces the text and keeps the index.
 */
uint16_t report_source(struct report *r, const char *name, const char *text,
		       size_t len);

/* No place points into that source any more: its number is given to another. */
void report_forget(struct report *r, unsigned int source);
/* An empty report gets the sources of another, with their numbers. */
void report_take_sources(struct report *r, const struct report *from);

/*
 * Adds an error or a warning.  PATH names the key ("policies[2].ports") and
 * may be NULL.  The same finding at the same place is added once.
 */
void report_error(struct report *r, struct pos pos, const char *path,
		  const char *fmt, ...) __attribute__((format(printf, 4, 5)));
void report_warning(struct report *r, struct pos pos, const char *path,
		    const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/* Forgets the findings and keeps the sources. */
void report_clear(struct report *r);

/* Puts the findings in the order of their places. */
void report_sort(struct report *r);

/* Prints one finding as "file:line:col: path: text", its line and a caret. */
void report_print_one(const struct report *r, const struct finding *f,
		      struct buf *out);

/* Prints all findings, sorted by place. */
void report_print(struct report *r, struct buf *out);

/* "file:line:col" of a place, or "" for nowhere. */
void report_place(const struct report *r, struct pos pos, struct buf *out);

/*
 * The nearest of N names to NAME (Damerau-Levenshtein distance of at most a
 * third of its length), or NULL.  For "did you mean".
 */
const char *report_nearest(const char *name, const char *const *names,
			   unsigned int n);

#endif

// draft.h - a topology file being written, and what its readers share
// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef IMPORT_DRAFT_H
#define IMPORT_DRAFT_H

#include <stdbool.h>

#include "netd/field.h"
#include "netd/import.h"

/* The parts of the file, in its order. */
enum section {
	NETWORKS, ATTACHMENTS, ROUTERS, NODES, LINKS, SECTIONS
};

/* A network, router, link... of the file: keys with values, in order. */
struct item {
	struct item *next;
	const char *name;	/* NULL: an item of a list */
	struct value *values, **tail;
};

struct draft {
	struct arena *arena;
	struct report *report;
	uint16_t source;
	const char *file;	/* as the user knows it */
	const char *name;	/* of the topology; NULL: after the file */
	const char *routing;	/* `routing:`, or NULL */
	struct item *items[SECTIONS], **tail[SECTIONS];
	void *names;		/* those that are taken: tsearch(3) */
};

/* --- draft.c --------------------------------------------------------- */

/* NAME is one that draft_name() gave, or NULL in a list. */
struct item *draft_add(struct draft *d, enum section s, const char *name);
/* An item that stands for itself nowhere: a leg, an end. */
struct item *draft_item(struct draft *d);
/* Sets a key to what is YAML already. */
void item_set(struct draft *d, struct item *it, const char *key,
	      const char *fmt, ...) __attribute__((format(printf, 4, 5)));
/* The same for one more of a list: key: [a, b]. */
void item_push(struct draft *d, struct item *it, const char *key,
	       const char *fmt, ...) __attribute__((format(printf, 4, 5)));
/* The item as {key: value}. */
const char *item_text(struct draft *d, const struct item *it);
/* What could not be carried over. */
void draft_lost(struct draft *d, struct pos pos, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
void draft_error(struct draft *d, struct pos pos, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
void draft_print(struct draft *d, const struct import_format *f,
		 struct buf *out);

/* --- names.c --------------------------------------------------------- */

/*
 * A name of the topology that nobody has yet, like LABEL, or like FALLBACK when
 * there is no letter or digit in LABEL (which may be NULL).
 */
const char *draft_name(struct draft *d, const char *label,
		       const char *fallback);
/* LABEL as it can be a name, which may be taken; NULL when it can't. */
const char *draft_word(struct draft *d, const char *label);
/* TEXT in double quotes, fit for YAML and for people, and not too long. */
const char *draft_text(struct draft *d, const char *text);
/* TEXT as it is, or in quotes where YAML needs them. */
const char *draft_scalar(struct draft *d, const char *text);
/* Can TEXT (may be NULL) be the MAC address of an interface? */
bool draft_mac(struct draft *d, const char *text, struct mac *mac);
/* What says in full what the name NAME stands for, when LABEL says more. */
void draft_describe(struct draft *d, struct item *it, const char *label);
/* A set of strings; true when S is new in it. */
bool draft_new(void **set, const char *s);
/* Takes S out; true when it was in. */
bool draft_drop(void **set, const char *s);
void draft_forget(void **set);

/* --- xml.c ----------------------------------------------------------- */

struct xml {
	const char *name;
	const char **attrs;	/* name, value, ..., NULL */
	const char *text;	/* the text right in it; "" */
	struct pos pos;
	struct xml *parent, *child, *next;
	struct xml **tail;
	struct buf chars;	/* while it is read */
};

/* The root; NULL after an error was added. */
struct xml *xml_read(struct draft *d, const char *text, size_t len);
/* The value of an attribute, or NULL. */
const char *xml_attr(const struct xml *x, const char *name);
/* The first child of that name after PREV (NULL: at all), or NULL. */
struct xml *xml_child(const struct xml *x, const char *name,
		      const struct xml *prev);
#define xml_for(var, parent, name)					\
	for (struct xml *var = xml_child(parent, name, NULL); var;	\
	     var = xml_child(parent, name, var))

/* --- the formats: 0 or -EINVAL with errors in the report ------------- */

int import_graphml(struct draft *d, const char *text, size_t len);
int import_containerlab(struct draft *d, const char *text, size_t len);
int import_libvirt(struct draft *d, const char *text, size_t len);

#endif

// history.h - what was changed, and the way back
// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef NETD_HISTORY_H
#define NETD_HISTORY_H

#include "netd/engine.h"

/* A topology as it was: text NULL when it was not in force. */
struct former {
	char *name, *file, *text;
	size_t len;
	bool folder;		/* its file is in the configuration folder */
};

struct formers {
	struct former *v;
	unsigned int n;
};

/* --- history.c ------------------------------------------------------- */

/* Finds the number of the newest record: e->history. */
void history_load(struct engine *e);
/*
 * Records the texts that the change replaces; none when they are the same.
 * On the disk when this returns, if the change is to be confirmed.  0 or a
 * negative errno.
 */
int history_add(struct engine *e, const struct change *c);
/* Forgets the records after that number: of a change that was undone. */
void history_drop(struct engine *e, unsigned int after);
/* All records, oldest first; one with its texts, or NULL. */
json_t *history_list(struct engine *e);
json_t *history_one(struct engine *e, unsigned int number);
/* A topology's text before that change; the caller frees it.  NULL: none. */
char *history_text(struct engine *e, unsigned int number, const char *topology,
		   size_t *len);
/* What must come back to be as after change TO.  0 or a negative errno. */
int history_before(struct engine *e, unsigned int to, struct formers *out);
void formers_free(struct formers *f);

/* --- rollback.c ------------------------------------------------------ */

/* All as after change TO.  0, or a negative errno with an error in the
 * report. */
int rollback(struct engine *e, unsigned int to);

/* --- confirm.c ------------------------------------------------------- */

/* What was left of a daemon before us; before any text is read. */
void confirm_load(struct engine *e);
/* The next change goes back by itself after so long.  0 or a negative
 * errno. */
int confirm_begin(struct engine *e, unsigned int seconds);
/* It stays, or was undone. */
void confirm_end(struct engine *e);
/* Goes back when the time is over. */
void confirm_look(struct engine *e);
/* true: a change waits, so the job was refused. */
bool confirm_refuses(struct engine *e, struct job *j);
/* What there is to say in the status, or NULL. */
json_t *confirm_json(const struct engine *e);

#endif

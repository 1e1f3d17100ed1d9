// post.h - what the two threads send each other
// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef NETD_POST_H
#define NETD_POST_H

#include <jansson.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Whatever is sent begins with this; it changes hands whole. */
struct item {
	struct item *next;
};

/* A queue of one direction. */
struct post {
	pthread_mutex_t lock;
	struct item *head, **tail;
	int fd;			/* eventfd: readable when there is something */
};

struct post *post_new(void);
void post_free(struct post *p);
void post_put(struct post *p, void *item);
/* The next, or NULL. */
void *post_get(struct post *p);

enum job_kind {
	JOB_APPLY,		/* name, file, body */
	JOB_PLAN,		/* body, or nothing: what is to be done now */
	JOB_DOWN,		/* name */
	JOB_RELOAD,
	JOB_TOPOLOGIES,
	JOB_SHOW,		/* name */
	JOB_ITEMS,		/* name, or all; kind; item: of that name */
	JOB_LEASES,		/* name, or all */
	JOB_CHECKS,		/* name */
	JOB_SOLUTION,		/* name */
	JOB_ATTACH,		/* name, or by its network; body: {NAME: {}} */
	JOB_DETACH,		/* name, or where it is; item */
	JOB_DOCKER,		/* kind: its method; body; docker.h */
	JOB_HISTORY,		/* name: a number, or all */
	JOB_ROLLBACK,		/* name: a number, or the last one */
	JOB_CONFIRM,
	JOB_CANCEL,
	JOB_DOCTOR,
	JOB_LINK,		/* name, or where it is; item; body */
	JOB_RESET,		/* name; item: that link only */
	JOB_COUNT
};

/* A request to the engine, and its answer. */
struct job {
	struct item item;
	enum job_kind what;
	char *name, *item_name, *kind, *file, *body;
	unsigned int confirm;	/* seconds; 0: it stays */
	char **labels;		/* "KEY=VALUE": only items with these */
	unsigned int nlabels;
	unsigned int wait;	/* ms, for an attachment to be usable */
	int64_t until, due;	/* ms: when that is over; the next look */
	size_t len;
	unsigned int uid;	/* whose request it is (SO_PEERCRED) */
	struct who *who;	/* NULL: an admin */
	bool own;		/* what it attaches is to be that one's */
	bool stream;		/* the client wants progress */
	int code;		/* HTTP status of the answer */
	char *answer;		/* JSON */
	json_t *json;		/* of the body, while the job runs */
	void *client;		/* the API's */
};

void job_free(struct job *j);

enum note_kind {
	NOTE_ANSWER,		/* job is answered and goes back */
	NOTE_PROGRESS,		/* of job, which stays with the engine */
	NOTE_EVENT,
	NOTE_READY,		/* the first reconcile is over */
};

/* What the engine tells the API. */
struct note {
	struct item item;
	enum note_kind what;
	struct job *job;
	char *text;		/* JSON */
	char **owners;		/* of an event: who may see it beside admins */
};

/* Frees a note, but not its job. */
void note_free(struct note *n);

/* Texts that are answered at once, whatever the engine does. */
struct board {
	pthread_mutex_t lock;
	char *status, *topologies;
	char *brief;		/* the status as everybody may know it */
};

struct board *board_new(void);
void board_free(struct board *b);
/* Replaces *WHICH (of this board) by TEXT, which it takes. */
void board_set(struct board *b, char **which, char *text);
/* A copy, or NULL when there is none yet; the caller frees it. */
char *board_get(struct board *b, char **which);

#endif

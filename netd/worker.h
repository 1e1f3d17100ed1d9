// worker.h - the kernel side as a process: starting it and talking to it
// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef NETD_WORKER_H
#define NETD_WORKER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "netd/wire.h"

/*
 * Owned by the engine's thread.  All calls block, which that thread may: the
 * API is served by another one.
 */
/* A request that is waited for, and the ones around it. */
struct call;
struct options;

struct worker {
	int fd;			/* -1: not running */
	pid_t pid;
	const struct options *opt;
	int lock;		/* handed down: two kernel sides never overlap */
	struct buf in, out;
	size_t sent;		/* of out */
	uint32_t id;		/* of the last request */
	uint32_t dirty;		/* OBSERVE_*: what events asked to look at */
	char why[128];		/* what was seen first */
	unsigned int starts, deaths;
	unsigned int failures;	/* deaths since the last answer */
	int64_t next;		/* ms: not to be started before */
	struct call *calls;	/* the innermost first */
	/* While a request is waited for: called when IDLE_FD is readable.  It
	 * may make requests of its own, which are served in between. */
	void (*idle)(void *arg);
	void *idle_arg;
	int idle_fd;
	int stop;		/* readable: the daemon ends, wait no more */
};

/* What becomes of an answer's messages; P to END is the body. */
typedef void worker_fn(void *arg, const struct wire_head *h, const char *p,
		       const char *end);

/* LOCK is inherited by the kernel side; STOP is an eventfd. */
void worker_init(struct worker *w, int lock, int stop,
		 const struct options *opt);

/*
 * Starts the kernel side unless it runs.  0, or -EAGAIN when it died just now
 * and is not due (w->next), or another negative errno.
 */
int worker_start(struct worker *w);

/* Begins a request; its body is to be added to the result. */
struct buf *worker_begin(struct worker *w, int type, int flags);

/* Sends it.  0, or -EPIPE when the kernel side died. */
int worker_send(struct worker *w);

/*
 * Waits for the end of the request that was sent last.  FN gets its messages;
 * the result is WIRE_DONE's errno, negative, -EPIPE when it died, or
 * -ECANCELED when the daemon is to end.
 */
int worker_wait(struct worker *w, worker_fn *fn, void *arg);

/* Takes what came unasked: events are in w->dirty after it.  0 or -EPIPE. */
int worker_poll(struct worker *w);

/* Lets it end: what it is doing is finished, what it made stays. */
void worker_end(struct worker *w);

/* Milliseconds of the monotonic clock. */
int64_t now_ms(void);

#endif

// api.h - HTTP over a Unix socket
// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef NETD_API_H
#define NETD_API_H

#include <event2/event.h>
#include <event2/http.h>

#include "netd/daemon.h"
#include "netd/post.h"
#include "netd/right.h"

struct api;

/*
 * Listens on the options' socket; what needs the engine goes to JOBS.  NULL
 * when it can't, with the reason in the log.  Connections are accepted after
 * api_open().
 */
struct api *api_new(struct event_base *base, const struct options *opt,
		    struct post *jobs, struct board *board);
/* The engine is ready to work. */
void api_open(struct api *a);
/* Something came from the engine; takes it. */
void api_note(struct api *a, struct note *n);
void api_free(struct api *a);

/* --- between api*.c -------------------------------------------------- */

/* A stream of events to one client. */
struct stream {
	struct stream *next, **prev;
	struct evhttp_request *req;
	struct who *who;	/* NULL: an admin, who sees all */
};

/* Begins one, at the list of all; takes WHO. */
void stream_start(struct stream **all, struct evhttp_request *req,
		  struct who *who);
/* Sends one event to the admins and to OWNERS (NULL: none); who doesn't read
 * is dropped. */
void stream_send(struct stream **all, const char *json, char *const *owners);
void stream_end_all(struct stream **all);

#endif

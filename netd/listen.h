// listen.h - HTTP on a Unix socket: what both servers of netd share
// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef NETD_LISTEN_H
#define NETD_LISTEN_H

#include <stdbool.h>

#include <event2/event.h>
#include <event2/http.h>

struct listener;

/*
 * A server on the socket PATH, which root alone may use; what a daemon
 * before us left there is replaced.  Requests have bodies of at most BODY_MAX
 * bytes; a connection may be idle for IDLE seconds.  Connections are accepted
 * after listener_open(), and not more than there are descriptors for.  NULL
 * when it can't, with the reason in the log.
 */
struct listener *listener_new(struct event_base *base, const char *path,
			      size_t body_max, int idle);
void listener_open(struct listener *l);
/*
 * Who is no admin, of whom IS_ADMIN() asks the end of connection FD, may have
 * few connections, so that admins always get one.
 */
void listener_admins(struct listener *l, bool (*is_admin)(int fd, void *arg),
		     void *arg);
/* For what is answered, and how. */
struct evhttp *listener_http(struct listener *l);
/* The socket stays: who comes later waits for the next daemon. */
void listener_free(struct listener *l);

/* The whole body of a request, followed by a zero byte; the caller frees it. */
char *listener_body(struct evhttp_request *req, size_t *len);

#endif

// listen.c - HTTP on a Unix socket: what both servers of netd share
// SPDX-License-Identifier: GPL-2.0-or-later
#include "netd/listen.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/listener.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "netd/log.h"

#define HEADERS_MAX 16384
#define CONNECTIONS_MAX 100
#define FD_MAX 256			/* the daemon's; it needs few itself */
/* Connections of who is no admin: of one user, and of all of them together.
 * What is left is always there for the admins. */
#define OTHERS_EACH 8
#define OTHERS_ALL 40

struct listener {
	struct evhttp *http;
	struct evhttp_bound_socket *bound;
	struct event *again;		/* listens again after too many */
	bool (*is_admin)(int fd, void *arg);	/* NULL: all are */
	void *arg;
};

static unsigned int open_descriptors(void)
{
	unsigned int n = 0;
	int fd;

	for (fd = 0; fd < FD_MAX; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

static void on_again(evutil_socket_t fd, short what, void *arg)
{
	struct listener *l = arg;
	struct timeval wait = { .tv_usec = 100000 };

	if (open_descriptors() < CONNECTIONS_MAX)
		listener_open(l);
	else
		evtimer_add(l->again, &wait);
}

/* --- those who are no admins ------------------------------------------- */

/* 0: no connection, or an admin's. */
static uid_t other(struct listener *l, int fd)
{
	struct ucred c = { .pid = 0 };
	socklen_t len = sizeof(c);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &c, &len) || !c.pid ||
	    l->is_admin(fd, l->arg))
		return 0;
	return c.uid;
}

/*
 * evhttp tells of no new connection's descriptor before its first request.
 * So all are counted, and who has most of too many loses one.
 */
static void bound_others(struct listener *l)
{
	uid_t uid[FD_MAX];
	unsigned int n[FD_MAX] = { 0 }, all = 0;
	int fd, k, most = -1;

	for (fd = 0; fd < FD_MAX; fd++) {
		uid[fd] = other(l, fd);
		if (!uid[fd])
			continue;
		all++;
		for (k = 0; k < fd; k++)
			if (uid[k] == uid[fd])
				n[fd] = n[k] + 1;
		if (most < 0 || n[fd] >= n[most])
			most = fd;
	}
	if (most >= 0 && (n[most] >= OTHERS_EACH || all > OTHERS_ALL))
		shutdown(most, SHUT_RDWR);
}

/* --- connections ------------------------------------------------------- */

/* evhttp has no limit of its own: who connects too often, waits. */
static struct bufferevent *on_connect(struct event_base *base, void *arg)
{
	struct listener *l = arg;
	struct timeval wait = { .tv_usec = 100000 };

	if (open_descriptors() >= CONNECTIONS_MAX) {
		evconnlistener_disable(
			evhttp_bound_socket_get_listener(l->bound));
		evtimer_add(l->again, &wait);
	}
	if (l->is_admin)
		bound_others(l);
	return bufferevent_socket_new(base, -1, BEV_OPT_CLOSE_ON_FREE);
}

void listener_admins(struct listener *l, bool (*is_admin)(int fd, void *arg),
		     void *arg)
{
	l->is_admin = is_admin;
	l->arg = arg;
}

/* Another daemon, with a state folder of its own, has that socket. */
static bool is_answered(const struct sockaddr_un *un)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
			0);
	bool yes = fd >= 0 && (!connect(fd, (const void *)un, sizeof(*un)) ||
			       errno == EAGAIN);

	if (fd >= 0)
		close(fd);
	return yes;
}

static int bind_to(struct listener *l, struct event_base *base,
		   const char *path)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	struct evconnlistener *c;
	mode_t mask;
	int err;

	if (strlen(path) >= sizeof(un.sun_path))
		return -ENAMETOOLONG;
	strcpy(un.sun_path, path);
	if (is_answered(&un))
		return -EADDRINUSE;
	/* what a daemon before us left */
	if (unlink(path) && errno != ENOENT)
		return -errno;
	mask = umask(0177);
	c = evconnlistener_new_bind(base, NULL, NULL,
				    LEV_OPT_CLOSE_ON_FREE |
				    LEV_OPT_CLOSE_ON_EXEC |
				    LEV_OPT_DISABLED, 64,
				    (struct sockaddr *)&un, sizeof(un));
	err = c ? 0 : -errno;
	umask(mask);
	if (err)
		return err;
	l->bound = evhttp_bind_listener(l->http, c);
	if (!l->bound)
		return -ENOMEM;
	evconnlistener_disable(c);
	return 0;
}

struct listener *listener_new(struct event_base *base, const char *path,
			      size_t body_max, int idle)
{
	struct listener *l = calloc(1, sizeof(*l));
	int err;

	if (!l)
		fatal("out of memory");
	l->http = evhttp_new(base);
	l->again = evtimer_new(base, on_again, l);
	if (!l->http || !l->again)
		fatal("out of memory");
	evhttp_set_max_headers_size(l->http, HEADERS_MAX);
	evhttp_set_max_body_size(l->http, body_max);
	evhttp_set_timeout(l->http, idle);
	evhttp_set_bevcb(l->http, on_connect, l);
	err = bind_to(l, base, path);
	if (!err)
		return l;
	log_error("%s: %s", path, strerror(-err));
	listener_free(l);
	return NULL;
}

void listener_open(struct listener *l)
{
	evconnlistener_enable(evhttp_bound_socket_get_listener(l->bound));
}

struct evhttp *listener_http(struct listener *l)
{
	return l->http;
}

void listener_free(struct listener *l)
{
	event_free(l->again);
	evhttp_free(l->http);
	free(l);
}

char *listener_body(struct evhttp_request *req, size_t *len)
{
	struct evbuffer *b = evhttp_request_get_input_buffer(req);
	char *body;

	*len = evbuffer_get_length(b);
	body = malloc(*len + 1);
	if (!body)
		fatal("out of memory");
	evbuffer_remove(b, body, *len);
	body[*len] = '\0';
	return body;
}

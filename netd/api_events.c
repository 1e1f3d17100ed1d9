// api_events.c - GET /v1/events: what happens, as it happens
// SPDX-License-Identifier: GPL-2.0-or-later
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <stdlib.h>

#include "netd/api.h"
#include "netd/log.h"

#define BACKLOG_MAX (1 << 20)	/* bytes that a slow reader may owe */

static void stream_free(struct stream *s)
{
	*s->prev = s->next;
	if (s->next)
		s->next->prev = s->prev;
	who_free(s->who);
	free(s);
}

/* The client went.  Without the end of the reply the request would leak. */
static void on_close(struct evhttp_connection *con, void *arg)
{
	struct stream *s = arg;
	struct evhttp_request *req = s->req;

	evhttp_connection_set_closecb(con, NULL, NULL);
	stream_free(s);
	evhttp_send_reply_end(req);
}

void stream_start(struct stream **all, struct evhttp_request *req,
		  struct who *who)
{
	struct stream *s = calloc(1, sizeof(*s));
	struct evbuffer *hello = evbuffer_new();

	if (!s || !hello)
		fatal("out of memory");
	s->req = req;
	s->who = who;
	s->next = *all;
	s->prev = all;
	if (s->next)
		s->next->prev = &s->next;
	*all = s;
	evhttp_add_header(evhttp_request_get_output_headers(req),
			  "Content-Type", "text/event-stream");
	evhttp_add_header(evhttp_request_get_output_headers(req),
			  "Cache-Control", "no-store");
	evhttp_send_reply_start(req, 200, "OK");
	/* a comment, so that the client knows it is connected */
	evbuffer_add_printf(hello, ": netd\n\n");
	evhttp_send_reply_chunk(req, hello);
	evbuffer_free(hello);
	evhttp_connection_set_closecb(evhttp_request_get_connection(req),
				      on_close, s);
}

static void stream_end(struct stream *s)
{
	struct evhttp_request *req = s->req;

	evhttp_connection_set_closecb(evhttp_request_get_connection(req), NULL,
				      NULL);
	stream_free(s);
	evhttp_send_reply_end(req);
}

static size_t backlog(const struct stream *s)
{
	struct evhttp_connection *con = evhttp_request_get_connection(s->req);
	struct bufferevent *bev = evhttp_connection_get_bufferevent(con);

	return evbuffer_get_length(bufferevent_get_output(bev));
}

static bool may_see(struct stream *s, char *const *owners)
{
	if (!s->who)
		return true;
	while (owners && *owners)
		if (who_is(s->who, *owners++))
			return true;
	return false;
}

void stream_send(struct stream **all, const char *json, char *const *owners)
{
	struct evbuffer *b = evbuffer_new();
	struct stream *s, *next;

	if (!b)
		fatal("out of memory");
	for (s = *all; s; s = next) {
		next = s->next;
		if (!may_see(s, owners))
			continue;
		if (backlog(s) > BACKLOG_MAX) {
			stream_end(s);
			continue;
		}
		evbuffer_add_printf(b, "data: %s\n\n", json);
		evhttp_send_reply_chunk(s->req, b);
		evbuffer_drain(b, evbuffer_get_length(b));
	}
	evbuffer_free(b);
}

void stream_end_all(struct stream **all)
{
	while (*all)
		stream_end(*all);
}

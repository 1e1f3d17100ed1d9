// outside.c - the driver of kinds that another process has: files, programs
// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/internal.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/*
 * The kernel side has no files and starts nothing.  The steps of these kinds
 * are carried out by host_outside(), which is asked as netd asks us; so are
 * facts that are in files.
 */
struct outside {
	struct plan plan;	/* the steps of this run, */
	const struct step **ours;	/* and which of ours they are */
	uint32_t n, cap;
	uint32_t id;
};

/* What becomes of the messages of an answer. */
typedef int outside_fn(struct host *h, void *arg, int type, const char *p,
		       const char *end);

static struct outside *out_of(struct host *h)
{
	if (!h->out)
		h->out = calloc(1, sizeof(*h->out));
	if (!h->out)
		abort();
	return h->out;
}

/* --- messages -------------------------------------------------------------- */

/* Without it there is no way on: netd starts both again. */
static void lost(void)
{
	_exit(1);
}

static void put(struct host *h, const void *p, size_t len)
{
	const char *at = p;
	ssize_t n;

	for (; len; at += n, len -= n) {
		n = send(h->outside, at, len, MSG_NOSIGNAL);
		if (n < 0 && errno == EINTR)
			n = 0;
		else if (n < 0)
			lost();
	}
}

static void get(struct host *h, void *p, size_t len)
{
	char *at = p;
	ssize_t n;

	for (; len; at += n, len -= n) {
		n = recv(h->outside, at, len, 0);
		if (n < 0 && errno == EINTR)
			n = 0;
		else if (n <= 0)
			lost();
	}
}

/* The next message; its body is the caller's to free. */
static char *next(struct host *h, struct wire_head *head)
{
	char *body;

	get(h, head, sizeof(*head));
	if (head->len > WIRE_MAX)
		lost();
	body = malloc(head->len + 1);
	if (!body)
		abort();
	get(h, body, head->len);
	return body;
}

static void pass_on(struct host *h, const char *p, const char *end)
{
	struct arena *a CLEANUP(arena_cleanup) = arena_new();
	const char *why;
	uint32_t what;

	if (!unpack_u32(&p, end, &what) && !unpack_str(&p, end, &why, a))
		host_dirty(h, what, why);
}

/* A request, and all of its answer. */
static int ask(struct host *h, int type, int flags, const struct buf *body,
	       outside_fn *fn, void *arg)
{
	struct outside *o = out_of(h);
	struct wire_head head = { .len = body->len, .type = type,
				  .flags = flags, .id = ++o->id };
	uint32_t err = 0;
	int bad = 0;

	put(h, &head, sizeof(head));
	put(h, body->p, body->len);
	do {
		char *p = next(h, &head), *end = p + head.len;
		const char *at = p;

		if (head.type == WIRE_DIRTY)
			pass_on(h, p, end);
		else if (head.type == WIRE_DONE)
			bad |= unpack_u32(&at, end, &err);
		else
			bad |= fn(h, arg, head.type, p, end);
		free(p);
	} while (head.type != WIRE_DONE || head.id != o->id);
	return bad ? -EBADMSG : -(int)err;
}

int outside_fds(struct host *h, struct pollfd *fds, int room)
{
	if (!room || h->outside < 0)
		return 0;
	fds[0] = (struct pollfd){ .fd = h->outside, .events = POLLIN };
	return 1;
}

void outside_ready(struct host *h)
{
	struct pollfd p = { .fd = h->outside, .events = POLLIN };
	struct wire_head head;
	char *body;

	if (h->outside < 0 || poll(&p, 1, 0) != 1)
		return;
	body = next(h, &head);
	if (head.type == WIRE_DIRTY)
		pass_on(h, body, body + head.len);
	free(body);
}

void outside_free(struct host *h)
{
	if (!h->out)
		return;
	plan_free(&h->out->plan);
	free(h->out->ours);
	free(h->out);
	h->out = NULL;
}

/* --- looking ---------------------------------------------------------------- */

static int take_found(struct host *h, void *arg, int type, const char *p,
		      const char *end)
{
	return type == WIRE_FOUND ? wire_unpack_state(&p, end, arg) : 0;
}

static int outside_observe(struct host *h, const struct state *wanted,
			   struct state *found)
{
	struct buf b CLEANUP(buf_free) = { 0 };
	struct state some = { 0 };
	uint32_t i;

	some.v = calloc(wanted->n + 1, sizeof(*some.v));
	if (!some.v)
		abort();
	for (i = 0; i < wanted->n; i++)
		if (h->drivers[wanted->v[i]->kind] == &driver_outside)
			some.v[some.n++] = wanted->v[i];
	wire_pack_state(&some, &b);
	free(some.v);
	return ask(h, WIRE_OBSERVE, h->looking, &b, take_found, found);
}

/* --- steps ------------------------------------------------------------------ */

static void outside_step(struct host *h, const struct step *s)
{
	struct outside *o = out_of(h);

	if (o->n == o->cap) {
		o->cap = o->cap ? o->cap * 2 : 64;
		o->ours = realloc(o->ours, o->cap * sizeof(*o->ours));
		if (!o->ours)
			abort();
	}
	o->ours[o->n++] = s;
	plan_add(&o->plan, s->op, s->mask, s->want, s->have);
	o->plan.steps[o->plan.n - 1].phase = s->phase;
}

static int take_failed(struct host *h, void *arg, int type, const char *p,
		       const char *end)
{
	struct arena *a CLEANUP(arena_cleanup) = arena_new();
	struct outside *o = arg;
	const char *why;
	uint32_t i, err;

	if (type != WIRE_FAILED)
		return 0;
	if (unpack_u32(&p, end, &i) || unpack_u32(&p, end, &err) ||
	    unpack_str(&p, end, &why, a) || i >= o->n)
		return -EBADMSG;
	step_failed(h, o->ours[i], -(int)err, why);
	return 0;
}

static void outside_commit(struct host *h)
{
	struct buf b CLEANUP(buf_free) = { 0 };
	struct outside *o = out_of(h);
	uint32_t i;
	int err;

	if (!o->n)
		return;
	wire_pack_plan(&o->plan, &b);
	err = ask(h, WIRE_APPLY, 0, &b, take_failed, o);
	for (i = 0; err && i < o->n; i++)
		step_failed(h, o->ours[i], err, NULL);
	plan_free(&o->plan);
	memset(&o->plan, 0, sizeof(o->plan));
	o->n = 0;
}

const struct driver driver_outside = {
	.observe = outside_observe,
	.create = outside_step,
	.update = outside_step,
	.destroy = outside_step,
	.commit = outside_commit,
	.looks = OBSERVE_LINKS | OBSERVE_FACTS,
};

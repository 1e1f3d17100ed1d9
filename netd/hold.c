// hold.c - steps that the kernel refused, and when to try them again
// SPDX-License-Identifier: GPL-2.0-or-later
#include "netd/hold.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "netd/log.h"

#define DELAY_MIN 100		/* ms */
#define DELAY_MAX 30000

static const struct object *subject(const struct step *s)
{
	return s->want ? s->want : s->have;
}

static uint64_t object_hash(const struct object *o)
{
	struct buf b = { 0 };
	uint64_t hash;

	record_pack(&kinds[o->kind].rec, o, &b);
	hash = hash64(b.p, b.len);
	buf_free(&b);
	return hash;
}

static int hold_cmp(const struct hold *h, int kind, const char *netns,
		    const char *name)
{
	struct object a = { .kind = h->kind, .netns = h->netns,
			    .name = h->name };
	struct object b = { .kind = kind, .netns = netns, .name = name };

	return object_cmp(&a, &b);
}

static unsigned int hold_seek(const struct holds *h, int kind,
			      const char *netns, const char *name)
{
	unsigned int lo = 0, hi = h->n, mid;

	while (lo < hi) {
		mid = (lo + hi) / 2;
		if (hold_cmp(&h->v[mid], kind, netns, name) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static struct hold *find(const struct holds *h, int kind, const char *netns,
			 const char *name)
{
	unsigned int i = hold_seek(h, kind, netns, name);

	return i < h->n && !hold_cmp(&h->v[i], kind, netns, name) ?
	       &h->v[i] : NULL;
}

struct hold *hold_find(const struct holds *h, const struct object *o)
{
	return find(h, o->kind, o->netns, o->name);
}

static char *copy(const char *s)
{
	char *c = strdup(s);

	if (!c)
		fatal("out of memory");
	return c;
}

static struct hold *insert(struct holds *h, const struct object *o)
{
	unsigned int i = hold_seek(h, o->kind, o->netns, o->name);

	if (h->n == h->cap) {
		h->cap = h->cap ? h->cap * 2 : 16;
		h->v = realloc(h->v, h->cap * sizeof(*h->v));
		if (!h->v)
			fatal("out of memory");
	}
	memmove(&h->v[i + 1], &h->v[i], (h->n - i) * sizeof(*h->v));
	h->n++;
	h->v[i] = (struct hold){ .kind = o->kind, .netns = copy(o->netns),
				 .name = copy(o->name) };
	return &h->v[i];
}

struct hold *hold_add(struct holds *h, const struct step *s, int err,
		      const char *why, int64_t now)
{
	const struct object *o = subject(s);
	struct hold *hold = hold_find(h, o);
	int64_t delay = DELAY_MIN;
	unsigned int i;

	if (!hold)
		hold = insert(h, o);
	free(hold->why);
	hold->why = copy(why);
	hold->err = err;
	hold->pos = o->pos;
	hold->hash = object_hash(o);
	hold->waiting = hold_can_wait(s, err);
	hold->absent = s->op == OP_CREATE;
	hold->seen = true;
	for (i = 0; i < hold->attempts && delay < DELAY_MAX; i++)
		delay *= 2;
	hold->attempts++;
	hold->next = now + (delay < DELAY_MAX ? delay : DELAY_MAX);
	return hold;
}

bool hold_blocks(struct holds *h, const struct step *s, int64_t now)
{
	const struct object *o = subject(s);
	struct hold *hold = hold_find(h, o);
	struct hold *parent = NULL;

	if (!h->n)
		return false;
	if (o->within[0])
		parent = find(h, o->within_kind, o->netns, o->within);
	if (!parent && o->netns[0])
		parent = find(h, KIND_NETNS, "", o->netns);
	if (parent && s->op != OP_DESTROY)
		return now < parent->next;
	if (!hold)
		return false;
	if (hold->hash != object_hash(o)) {
		hold_drop(h, hold);
		return false;
	}
	hold->seen = true;
	return now < hold->next;
}

void hold_drop(struct holds *h, struct hold *hold)
{
	free(hold->netns);
	free(hold->name);
	free(hold->why);
	h->n--;
	memmove(hold, hold + 1, (char *)&h->v[h->n] - (char *)hold);
}

void hold_begin(struct holds *h)
{
	unsigned int i;

	for (i = 0; i < h->n; i++)
		h->v[i].seen = false;
}

void hold_sweep(struct holds *h)
{
	unsigned int i;

	for (i = h->n; i-- > 0;)
		if (!h->v[i].seen)
			hold_drop(h, &h->v[i]);
}

void hold_wake(struct holds *h)
{
	unsigned int i;

	for (i = 0; i < h->n; i++)
		if (h->v[i].waiting)
			h->v[i].next = 0;
}

int64_t hold_due(const struct holds *h)
{
	int64_t due = 0;
	unsigned int i;

	for (i = 0; i < h->n; i++)
		if (!i || h->v[i].next < due)
			due = h->v[i].next;
	/* 0 is for none */
	return h->n && !due ? 1 : due;
}

void hold_free(struct holds *h)
{
	while (h->n)
		hold_drop(h, &h->v[h->n - 1]);
	free(h->v);
	memset(h, 0, sizeof(*h));
}

static bool is_absence(int err)
{
	return err == ENOENT || err == ENODEV || err == ESRCH ||
	       err == ESTALE ||
	       err == ENXIO || err == ENETUNREACH || err == ENETDOWN ||
	       err == EHOSTUNREACH;
}

bool hold_can_wait(const struct step *s, int err)
{
	const struct object *o = subject(s);

	if (s->op == OP_DESTROY)
		return true;
	if (!is_absence(err))
		return false;
	/* of the veths, only those whose peer goes to somebody else */
	if (o->kind == KIND_VETH)
		return !((const struct veth *)o)->peer_ours &&
		       ((const struct veth *)o)->peer_netns[0];
	return o->kind == KIND_NIC || o->kind == KIND_SYSCTL ||
	       o->kind == KIND_ROUTE || o->kind == KIND_ACCEPT ||
	       o->kind == KIND_ZONE;
}

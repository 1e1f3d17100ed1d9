// state.c - a set of objects: what is wanted, what was found
// SPDX-License-Identifier: GPL-2.0-or-later
#include "netd/state.h"

#include <stdlib.h>
#include <string.h>

struct state *state_new(void)
{
	struct arena *a = arena_new();
	struct state *s = arena_alloc(a, sizeof(*s));

	s->arena = a;
	s->sorted = true;
	return s;
}

void state_free(struct state *s)
{
	if (!s)
		return;
	free(s->v);
	arena_free(s->arena);
}

void state_ref(struct state *s, struct object *o)
{
	if (s->n == s->cap) {
		s->cap = s->cap ? s->cap * 2 : 64;
		s->v = realloc(s->v, s->cap * sizeof(*s->v));
		if (!s->v)
			abort();
	}
	s->v[s->n++] = o;
	/* what is added in order needs no sorting */
	if (s->sorted && s->n > 1 && object_cmp(s->v[s->n - 2], o) >= 0)
		s->sorted = false;
}

void *state_add_static(struct state *s, int kind, const char *netns,
		       const char *name, struct pos pos)
{
	struct object *o = arena_alloc(s->arena, kinds[kind].rec.size);

	o->kind = kind;
	o->netns = netns;
	o->name = name;
	o->within = "";
	o->pos = pos;
	state_ref(s, o);
	return o;
}

/* Neighbours in a state live in the same netns, as a rule. */
static const char *share_netns(struct state *s, const char *netns)
{
	if (!netns[0])
		return "";
	if (s->n && !strcmp(s->v[s->n - 1]->netns, netns))
		return s->v[s->n - 1]->netns;
	return arena_strdup(s->arena, netns);
}

void *state_add(struct state *s, int kind, const char *netns, const char *name,
		struct pos pos)
{
	return state_add_static(s, kind, share_netns(s, netns),
				arena_strdup(s->arena, name), pos);
}

void state_within(struct state *s, void *obj, int kind, const char *name)
{
	struct object *o = obj;

	o->within_kind = kind;
	o->within = arena_strdup(s->arena, name);
}

struct object *state_copy(struct state *s, const struct object *o)
{
	const struct record *r = &kinds[o->kind].rec;
	struct object *c;
	struct buf b = { 0 };
	const char *p;

	/* what crosses a process boundary whole also crosses an arena */
	record_pack(r, o, &b);
	p = b.p;
	c = state_add(s, o->kind, o->netns, o->name, o->pos);
	c->foreign = o->foreign;
	c->busy = o->busy;
	state_within(s, c, o->within_kind, o->within);
	record_unpack(r, &p, b.p + b.len, c, s->arena);
	buf_free(&b);
	return c;
}

static int by_identity(const void *a, const void *b)
{
	return object_cmp(*(struct object *const *)a,
			  *(struct object *const *)b);
}

void state_sort(struct state *s,
		void (*clash)(void *arg, const struct object *kept,
			      const struct object *other), void *arg)
{
	uint32_t i, n = 0;

	if (s->sorted)
		return;
	if (s->n)
		qsort(s->v, s->n, sizeof(*s->v), by_identity);
	for (i = 0; i < s->n; i++) {
		if (n && !object_cmp(s->v[n - 1], s->v[i])) {
			if (clash && !object_same(s->v[n - 1], s->v[i]))
				clash(arg, s->v[n - 1], s->v[i]);
			continue;
		}
		s->v[n++] = s->v[i];
	}
	s->n = n;
	s->sorted = true;
}

uint32_t state_seek(const struct state *s, int kind, const char *netns,
		    const char *name)
{
	struct object key = { .kind = kind, .netns = netns, .name = name };
	uint32_t lo = 0, hi = s->n, mid;

	while (lo < hi) {
		mid = lo + (hi - lo) / 2;
		if (object_cmp(s->v[mid], &key) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

struct object *state_find(const struct state *s, int kind, const char *netns,
			  const char *name)
{
	struct object key = { .kind = kind, .netns = netns, .name = name };
	uint32_t i = state_seek(s, kind, netns, name);

	return i < s->n && !object_cmp(s->v[i], &key) ? s->v[i] : NULL;
}

void state_remove(struct state *s, const struct object *o)
{
	uint32_t i = state_seek(s, o->kind, o->netns, o->name);

	if (i == s->n || object_cmp(s->v[i], o))
		return;
	memmove(&s->v[i], &s->v[i + 1], (s->n - i - 1) * sizeof(*s->v));
	s->n--;
}

void state_put(struct state *s, struct object *o)
{
	uint32_t i = state_seek(s, o->kind, o->netns, o->name);

	if (i < s->n && !object_cmp(s->v[i], o)) {
		s->v[i] = o;
		return;
	}
	state_ref(s, o);
	memmove(&s->v[i + 1], &s->v[i], (s->n - i - 1) * sizeof(*s->v));
	s->v[i] = o;
	s->sorted = true;
}

// differ.c - where two expansions of one topology differ
// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdlib.h>
#include <string.h>

#include "netd/engine.h"

/*
 * Of a large file as a rule one line changed: planning, and finding a place in
 * the set of all that is wanted, are for what differs only.  What dies with a
 * thing that goes counts as different: it must come again.
 */

static bool may_be_parent(const struct object *o)
{
	return kind_is_link(o->kind) || o->kind == KIND_NETNS ||
	       o->kind == KIND_SET || o->kind == KIND_TABLE;
}

static void goes(struct state *gone, struct object *o)
{
	if (may_be_parent(o))
		state_ref(gone, o);
}

static bool is_replaced(const struct object *want, const struct object *have)
{
	return object_diff(want, have) &
	       (object_mask(want->kind, CLASS_FIXED) |
		object_mask(want->kind, CLASS_PINNED));
}

/* One step along both: -1, 0, 1 as object_cmp(). */
static int compare(const struct state *old, uint32_t i,
		   const struct state *new, uint32_t k)
{
	if (i == old->n)
		return 1;
	if (k == new->n)
		return -1;
	return object_cmp(old->v[i], new->v[k]);
}

static void walk(struct twins *t, struct state *ids, struct state *gone)
{
	const struct state *old = t->old, *new = t->new;
	uint32_t i = 0, k = 0;
	int c;

	while (i < old->n || k < new->n) {
		c = compare(old, i, new, k);
		if (!c && object_same(old->v[i], new->v[k])) {
			t->twin[i++] = new->v[k++];
			continue;
		}
		state_ref(ids, c < 0 ? old->v[i] : new->v[k]);
		if (c < 0 || (!c && is_replaced(new->v[k], old->v[i])))
			goes(gone, old->v[i]);
		i += c <= 0;
		k += c >= 0;
	}
}

static bool dies(const struct state *gone, const struct object *o)
{
	if (o->netns[0] && state_find(gone, KIND_NETNS, "", o->netns))
		return true;
	return o->within[0] &&
	       state_find(gone, o->within_kind, o->netns, o->within);
}

/* Those that die with what goes, and what dies with these. */
static void follow(struct twins *t, struct state *ids, struct state *gone)
{
	struct state *more;
	uint32_t i;

	for (; gone->n; state_free(gone), gone = more) {
		more = state_new();
		state_sort(gone, NULL, NULL);
		for (i = 0; i < t->old->n; i++) {
			if (!t->twin[i] || !dies(gone, t->old->v[i]))
				continue;
			state_ref(ids, t->twin[i]);
			goes(more, t->old->v[i]);
			t->twin[i] = NULL;
		}
	}
	state_free(gone);
}

void twins_find(struct twins *t, const struct state *old,
		const struct state *new, struct state *ids)
{
	struct state *gone = state_new();

	t->old = old;
	t->new = new;
	t->twin = calloc(old->n + 1, sizeof(*t->twin));
	if (!t->twin)
		abort();
	walk(t, ids, gone);
	follow(t, ids, gone);
}

/* A twin of the same identity may be another topology's object. */
void twins_put(const struct twins *t, struct state *s)
{
	uint32_t i = 0, k = 0;
	int c;

	while (i < s->n && k < t->old->n) {
		if (s->v[i] == t->old->v[k]) {
			if (t->twin[k])
				s->v[i] = t->twin[k];
			i++;
			k++;
			continue;
		}
		c = object_cmp(s->v[i], t->old->v[k]);
		i += c <= 0;
		k += c >= 0;
	}
}

// state.h - a set of objects: what is wanted, what was found
// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef NETD_STATE_H
#define NETD_STATE_H

#include "netd/object.h"

/* Objects in one arena; sorted and unique after state_sort(). */
struct state {
	struct arena *arena;
	struct object **v;
	uint32_t n, cap;
	bool sorted;
};

/* An empty state of its own arena.  Free it by state_free(). */
struct state *state_new(void);
void state_free(struct state *s);

/*
 * Adds an object of KIND with its fields zero.  NETNS and NAME are copied,
 * POS tells who asked.  Never fails.
 */
void *state_add(struct state *s, int kind, const char *netns, const char *name,
		struct pos pos);

/* As state_add(), for strings that live in the state's arena already. */
void *state_add_static(struct state *s, int kind, const char *netns,
		       const char *name, struct pos pos);

/* Adds a reference to an object that lives elsewhere, and outlives S. */
void state_ref(struct state *s, struct object *o);

/* Adds a deep copy of O. */
struct object *state_copy(struct state *s, const struct object *o);

/* What O dies with: an object of KIND in the same netns.  NAME is copied. */
void state_within(struct state *s, void *o, int kind, const char *name);

/*
 * Sorts.  Objects of one identity that are equal become one; those that are
 * not become one too, and CLASH is called with both (it may be NULL).
 */
void state_sort(struct state *s,
		void (*clash)(void *arg, const struct object *kept,
			      const struct object *other), void *arg);

/* The object of that identity, or NULL.  S must be sorted. */
struct object *state_find(const struct state *s, int kind, const char *netns,
			  const char *name);

/* The first object that is not before (KIND, NETNS, NAME); its index. */
uint32_t state_seek(const struct state *s, int kind, const char *netns,
		    const char *name);

/* Takes the object of O's identity out, or puts O in its place: a reference. */
void state_remove(struct state *s, const struct object *o);
void state_put(struct state *s, struct object *o);

#endif

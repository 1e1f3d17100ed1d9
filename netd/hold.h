// hold.h - steps that the kernel refused, and when to try them again
// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef NETD_HOLD_H
#define NETD_HOLD_H

#include "netd/plan.h"

/*
 * Without it a level-triggered loop spins on whatever can't be had now.  A
 * hold belongs to an object's identity and ends when the wanted object
 * changes, or is there.
 */
struct hold {
	uint8_t kind;
	bool waiting;		/* for something foreign that isn't there */
	bool absent;		/* it could not be created */
	bool seen;		/* in the plan at hand */
	char *netns, *name;
	uint64_t hash;		/* of the object that was refused */
	struct pos pos;
	int err;
	char *why;
	unsigned int attempts;
	int64_t next;		/* ms: when to try again */
};

struct holds {
	struct hold *v;		/* sorted as a state */
	unsigned int n, cap;
};

/* The step was refused: it is held for longer each time. */
struct hold *hold_add(struct holds *h, const struct step *s, int err,
		      const char *why, int64_t now);
/* true when the step, or what its object depends on, is held at NOW. */
bool hold_blocks(struct holds *h, const struct step *s, int64_t now);
struct hold *hold_find(const struct holds *h, const struct object *o);
void hold_drop(struct holds *h, struct hold *hold);
/* Forgets those that no plan has seen since hold_begin(). */
void hold_begin(struct holds *h);
void hold_sweep(struct holds *h);
/* Something changed on the host: what waits for that is tried at once. */
void hold_wake(struct holds *h);
/* When the first is due, or 0. */
int64_t hold_due(const struct holds *h);
void hold_free(struct holds *h);

/*
 * Does the step fail only because something that isn't netd's is not there
 * yet: a container's namespace, a NIC?  Then it is tried again; any other
 * refusal undoes what asked for it.
 */
bool hold_can_wait(const struct step *s, int err);

#endif

// shape.h - what is bounded, made worse, or cut: between impair.c and others
// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef TOPO_SHAPE_H
#define TOPO_SHAPE_H

#include "topo/topo.h"

/* What is done to what an end sends; 0: nothing of it. */
struct impairment {
	uint32_t delay, jitter;	/* ms */
	uint32_t loss;		/* of a million */
	uint64_t rate;		/* bit/s */
};

/*
 * Of a leg or a link's end: the link's own `impair`, that of the end, and what
 * was set by hand since, each over the one before.
 */
struct impairment impairment_of(const struct leg_spec *l);
bool impairment_any(const struct impairment *i);
/* " delay 20ms loss 1%" */
void impairment_print(const struct impairment *i, struct buf *out);
/* `netdctl link down` */
bool leg_is_down(const struct leg_spec *l);
/* One that sends over a cable, and who hears it. */
struct sending {
	const struct leg_spec *leg;	/* whose `impair` it is */
	struct impairment i;
	const char *netns, *dev;
	int kind;		/* of the object DEV */
	const char *to_netns, *to_dev;
	bool to_bridge;		/* TO_DEV is a port */
	uint32_t mtu;
	struct pos pos;
};

/* Calls FN for each that is impaired. */
void sendings_each(const struct topology *t,
		   void (*fn)(void *arg, const struct sending *s), void *arg);

/* Finds what was set by hand for the links there are. */
void lives_resolve(struct topology *t);

#endif

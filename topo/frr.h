// frr.h - the configurations of FRR's daemons, as text
// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef TOPO_FRR_H
#define TOPO_FRR_H

#include "topo/topo.h"

/*
 * Who is a neighbour of whom: the legs of routers by what they lead to, in
 * the order of the file.
 */
struct meeting {
	const void *place;	/* a link, or a network's segment */
	uint32_t number;
	struct leg_spec *leg;
};

struct meetings {
	struct meeting *v;
	uint32_t n;
	struct topology *t;
};

/* Of all routers of T, in A. */
struct meetings meetings_of(struct topology *t, struct arena *a);
/* The first one at the place that LEG leads to, and how many there are. */
const struct meeting *meetings_at(const struct meetings *m,
				  const struct leg_spec *leg, uint32_t *n);

/* Which of FRR's daemons serves the router, by number; NULL behind the last. */
struct frr_daemon {
	const char *name;
	bool (*wanted)(const struct router *w);
	void (*render)(const struct meetings *m, struct router *w,
		       struct buf *out);
};

const struct frr_daemon *frr_daemon(unsigned int i);

/* frr_bgp.c */
bool bgp_wanted(const struct router *w);
void bgp_render(const struct meetings *m, struct router *w, struct buf *out);

/* Whether any leg but the border, or its loopback, has that family. */
bool frr_has_family(const struct router *w, uint8_t family);
/* The subnet that the leg is in, of that family; family 0: none. */
const struct prefix *frr_net(const struct leg_spec *l, uint8_t family);

#endif

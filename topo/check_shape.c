// check_shape.c - bounds of bandwidth
// SPDX-License-Identifier: GPL-2.0-or-later
#include "topo/check.h"

/* An Ethernet frame with one VLAN's header, as expand_shape.c counts it. */
#define FRAME(mtu) ((mtu) + 18u)

static void check_limit(struct check *c, struct limit *m, uint32_t mtu)
{
	if (!m || m->n.broken)
		return;
	if (!m->n.scalar)
		NEEDS(c, m, rec_limit, rate);
	if (m->burst && m->burst < FRAME(mtu))
		FAULT(c, m, rec_limit, burst, "expected at least %u, which is "
		      "one frame at an MTU of %u, found %u", FRAME(mtu), mtu,
		      m->burst);
}

void check_bandwidth(struct check *c, struct bandwidth *b, uint32_t mtu)
{
	if (!b || b->n.broken)
		return;
	if (!b->in && !b->out)
		report_error(c->report, b->n.pos, b->n.path, "expected "
			     "`ingress:` or `egress:`, or both");
	check_limit(c, b->in, mtu ? mtu : 1500);
	check_limit(c, b->out, mtu ? mtu : 1500);
}

void check_network_bandwidth(struct check *c, struct network *w)
{
	const char *who;

	if (!w->bandwidth)
		return;
	if (!w->has_gateway && !w->owner && check_not_home(w, &who) &&
	    who)
		IDLE(c, w, rec_network, bandwidth, arena_printf(c->a, "%s is "
		     "the gateway of this network: bound its own bandwidth",
		     who));
	else if (!w->has_gateway && !w->owner)
		IDLE(c, w, rec_network, bandwidth, "it is that between the "
		     "network and its router, and there is none");
}

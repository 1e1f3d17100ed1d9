// expand_sysctl.c - what of the host's own settings must be so, and no more
// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include "topo/expand.h"

/*
 * IPv4 forwards by the interface that a packet comes in on, so that the
 * host's ip_forward is left alone: our bridges have it (expand_network.c),
 * and the uplinks get it here.  IPv6 asks for all/forwarding as well
 * (ip6_forward()), which makes a router of every interface: then accept_ra
 * must be 2, or the uplink's own default route goes.
 */

static const struct link *found_link(const struct expander *x,
				     const char *dev)
{
	if (!x->found || !x->found->sorted)
		return NULL;
	return (struct link *)state_find(x->found, KIND_LINK, "", dev);
}

/* 0: the host's admin doesn't want RAs there, and forwarding changes nothing */
static bool takes_ra(const struct link *l)
{
	return !l || l->conf.accept_ra != 0;
}

static void keep_ra(struct expander *x, const char *dev)
{
	add_sysctl(x, "", "2", x->t->n.pos, "net/ipv6/conf/%s/accept_ra", dev);
}

/* Hardware may have its addresses by RAs, even where it is no uplink. */
bool link_is_hardware(const struct link *l)
{
	return l->o.foreign && !l->o.netns[0] && (!l->type || !*l->type) &&
	       (!l->master || !*l->master) && strcmp(l->o.name, "lo");
}

static void keep_hardware(struct expander *x)
{
	const struct state *f = x->found;
	uint32_t i;

	if (!f || !f->sorted)
		return;
	for (i = state_seek(f, KIND_LINK, "", "");
	     i < f->n && f->v[i]->kind == KIND_LINK; i++) {
		const struct link *l = (struct link *)f->v[i];

		if (link_is_hardware(l) && takes_ra(l))
			keep_ra(x, arena_strdup(x->out->arena, l->o.name));
	}
}

static bool needs(const struct expander *x, uint8_t family)
{
	list_for(struct network, w, &x->t->networks)
		if (family == 6 ? w->home6 : w->home4)
			return true;
	return false;
}

static bool through_host(const struct expander *x, uint8_t family)
{
	const struct transit *w = x->t->way;

	if (w && (family == 4 || w->outer6.ip.family))
		return true;
	list_for(struct router, r, &x->t->routers)
		if (r->way && (family == 4 || r->way->outer6.ip.family))
			return true;
	return false;
}

static void uplinks(struct expander *x)
{
	struct pos pos = x->t->n.pos;
	uint32_t i;

	for (i = 0; i < x->nups; i++)
		add_sysctl(x, "", "1", pos, "net/ipv4/conf/%s/forwarding",
			   x->ups[i]);
}

static void six(struct expander *x)
{
	struct pos pos = x->t->n.pos;
	uint32_t i;

	for (i = 0; i < x->nups; i++)
		if (takes_ra(found_link(x, x->ups[i])))
			keep_ra(x, x->ups[i]);
	keep_hardware(x);
	add_sysctl(x, "", "1", pos, "net/ipv6/conf/all/forwarding");
}

void expand_sysctls(struct expander *x)
{
	struct topology *t = x->t;
	bool host = !t->netns[0];

	uplinks(x);
	/* it sends none by an interface only when neither says so */
	if (needs(x, 4))
		add_sysctl(x, t->netns, "0", t->n.pos,
			   "net/ipv4/conf/all/send_redirects");
	if (through_host(x, 6) || (host && needs(x, 6)))
		six(x);
	if (!host && needs(x, 6))
		add_sysctl(x, t->netns, "1", t->n.pos,
			   "net/ipv6/conf/all/forwarding");
}

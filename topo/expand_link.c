// expand_link.c - links between two networks: a cable from switch to switch
// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include "topo/expand.h"
#include "topo/shape.h"

static void set_end(struct expander *x, struct link *l,
		    const struct tlink *k, const struct leg_spec *e)
{
	link_set(x, l, network_mtu(e->net), "ndl-",
		 arena_printf(x->out->arena, "%s.%s", e->network.s,
			      k->n.name));
	if (e->ifname)
		l->altname = "";
	l->master = arena_strdup(x->out->arena, e->net->ifname);
	l->mac = e->hwaddr;
	l->up = !leg_is_down(e);
	conf_port(&l->conf);
}

/* Both ends are ports, in one namespace; the first one is the veth. */
static void trunk(struct expander *x, struct tlink *k)
{
	struct veth *v;
	struct leg *l;

	v = state_add(x->out, KIND_VETH, x->t->netns, k->a->port, k->n.pos);
	set_end(x, &v->l, k, k->a);
	port_set(&v->port);
	v->port.mcast_router = 1;
	v->peer_netns = arena_strdup(x->out->arena, x->t->netns);
	v->peer = arena_strdup(x->out->arena, k->b->port);
	v->peer_ours = 1;
	v->peer_mac = k->b->hwaddr;
	l = state_add(x->out, KIND_LEG, x->t->netns, k->b->port, k->n.pos);
	set_end(x, &l->l, k, k->b);
}

/* Links of routers and nodes came with their legs. */
void expand_links(struct expander *x)
{
	list_for(struct tlink, k, &x->t->links)
		if (k->a && k->b && !k->a->at && !k->b->at && k->a->net &&
		    k->b->net && !k->a->net->external && !k->b->net->external)
			trunk(x, k);
	expand_impairments(x);
}

// expand_network.c - a network: its bridge, and the home router on it
// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include "topo/expand.h"
#include "topo/index.h"

uint32_t network_mtu(const struct network *w)
{
	return w->segment->mtu ? w->segment->mtu : 1500;
}

/* A forward that listens on 127.0.0.1 leads from there to a guest. */
static struct index *from_loopback(struct expander *x)
{
	struct index *nets = index_new(x->t->resolved);

	list_for(struct forward, f, &x->t->forwarded)
		if (f->net && topo_is_loopback(&f->listen))
			index_put(nets, &f->net, sizeof(f->net), f);
	return nets;
}

static void conf_bridge(struct expander *x, struct bridge *b,
			const struct network *w)
{
	struct devconf *c = &b->l.conf;

	conf_router(c, w->home4, w->home6, w->home6);
	/* strict, but where traffic may come back another way */
	c->rp_filter = x->asymmetric ? 2 : 1;
	c->route_localnet = index_get(x->loopback, &w, sizeof(w)) != NULL;
}

/*
 * As long as a lost way is still believed in.  IEEE 802.1D, 8.10.2 bounds it
 * by 2 * (forward delay - 1 s); the kernel by 6 s and more.
 */
static uint32_t max_age(uint32_t forward_delay)
{
	uint32_t age = 2 * (forward_delay - 1000);

	return age < 6000 ? 6000 : age > 20000 ? 20000 : age;
}

static void set_stp(struct bridge *b, const struct network *w)
{
	const struct stp *stp = w->stp;

	b->stp = stp && stp->on;
	b->priority = stp && WROTE(stp, rec_stp, priority) ?
		      stp->priority : 32768;
	b->forward_delay = stp && stp->forward_delay ? stp->forward_delay :
			   15000;
	b->max_age = b->stp ? max_age(b->forward_delay) : ANY32;
}

/* Beyond the bound frames of new stations are flooded, as from a hub. */
#define MAX_LEARNED 4096

static void add_bridge(struct expander *x, const struct network *w)
{
	struct bridge *b;

	b = state_add(x->out, KIND_BRIDGE, x->t->netns, w->ifname, w->n.pos);
	link_set(x, &b->l, network_mtu(w), w->bridge ? w->ifname : "nd-",
		 w->bridge ? "" : w->n.name);
	b->l.alias = arena_printf(x->out->arena, "netd:%s/%s", x->t->name,
				  w->n.name);
	b->l.mac = w->hwaddr;
	conf_bridge(x, b, w);
	set_stp(b, w);
	b->ageing = WROTE(w, rec_network, mac_ageing) ? w->mac_ageing : 300000;
	b->snooping = WROTE(w, rec_network, snooping) ? w->snooping : 1;
	b->max_learned = x->learned ? MAX_LEARNED : ANY32;
}

static void gateway(struct expander *x, const struct network *w, bool six)
{
	const struct ip *gw = six ? &w->gw6 : &w->gw4;
	struct prefix p = { .len = six ? w->net6.len : w->net4.len };

	if (!(six ? w->home6 : w->home4) || !gw->family)
		return;
	p.ip = *gw;
	add_address(x, x->t->netns, KIND_BRIDGE, w->ifname, &p, w->n.pos);
}

static void static_route(struct expander *x, const struct network *w,
			 const struct troute *r)
{
	struct route *o = add_route(x, x->t->netns, &r->to, r->metric,
				    r->n.pos);

	route_via(x, o, KIND_BRIDGE, w->ifname, &r->via);
}

static void expand_network(struct expander *x, struct network *w)
{
	const struct prefix *p = w->addresses.items;
	uint32_t i;

	add_bridge(x, w);
	if (!w->has_gateway)
		return;
	gateway(x, w, false);
	gateway(x, w, true);
	if (w->home6)
		add_link_local(x, x->t->netns, KIND_BRIDGE, w->ifname,
			       &w->hwaddr, w->n.pos);
	for (i = 0; i < w->addresses.n; i++)
		add_address(x, x->t->netns, KIND_BRIDGE, w->ifname, &p[i],
			    PLACE(w, rec_network, addresses));
	list_for(struct troute, r, &w->routes)
		static_route(x, w, r);
}

void expand_networks(struct expander *x)
{
	x->loopback = from_loopback(x);
	list_for(struct network, w, &x->t->networks) {
		if (!w->external)
			expand_network(x, w);
		if (w->bandwidth)
			expand_network_bandwidth(x, w);
	}
}

// expand_router.c - routers and nodes: their namespaces and legs
// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include "topo/expand.h"
#include "topo/index.h"
#include "topo/shape.h"

bool leg_has(const struct leg_spec *l, uint8_t family)
{
	const struct prefix *p = l->ips.items;
	uint32_t i;

	for (i = 0; i < l->ips.n; i++)
		if (p[i].ip.family == family)
			return true;
	return false;
}

/* A pair is named after one end: that one is the veth, the other the leg. */
int leg_kind(const struct leg_spec *l)
{
	return l->link && l->link->a == l ? KIND_VETH : KIND_LEG;
}

uint32_t leg_mtu(const struct leg_spec *l)
{
	if (l->link)
		return l->link->mtu ? l->link->mtu : 1500;
	return network_mtu(l->net);
}

static void set_leg(struct expander *x, struct link *l,
		    const struct leg_spec *s)
{
	struct router *w = s->at;
	bool six = leg_has(s, 6);

	link_set(x, l, leg_mtu(s), "", l->o.name);
	l->alias = join_words(x->out->arena, "netd:", x->t->name, "/",
			      w->n.name, "/", s->label, NULL);
	l->altname = arena_strdup(x->out->arena, s->altname);
	l->mac = s->hwaddr;
	l->up = !leg_is_down(s);
	conf_router(&l->conf, !w->node, !w->node, six);
	if (w->node && six)
		l->conf.forwarding6 = 0;
}

/* The port at the bridge, and the leg in the router's namespace. */
static void plug(struct expander *x, struct leg_spec *s)
{
	struct router *w = s->at;
	struct veth *v;

	v = state_add(x->out, KIND_VETH, x->t->netns, s->port, s->n.pos);
	link_set(x, &v->l, leg_mtu(s), "ndl-",
		 join_words(x->out->arena, w->n.name, ".", s->label, NULL));
	v->l.master = arena_strdup(x->out->arena, s->net->external ?
				   s->net->external : s->net->ifname);
	v->l.up = !leg_is_down(s);
	conf_port(&v->l.conf);
	port_set(&v->port);
	/* a router may ask for all multicast */
	v->port.mcast_router = 1;
	v->port.hairpin = s->hairpin;
	v->port.bpdu_guard = s->net->stp && s->net->stp->on;
	v->peer_netns = arena_strdup(x->out->arena, w->netns);
	v->peer = arena_strdup(x->out->arena, s->kname);
	v->peer_ours = 1;
	v->peer_mac = s->hwaddr;
	set_leg(x, state_add(x->out, KIND_LEG, w->netns, s->kname, s->n.pos),
		s);
}

/* One end of a link is the veth, the other one the leg. */
static void wire(struct expander *x, struct leg_spec *s)
{
	struct leg_spec *o = s->link->b;
	struct veth *v;

	if (s != s->link->a) {
		set_leg(x, state_add(x->out, KIND_LEG, s->at->netns, s->kname,
				     s->n.pos), s);
		return;
	}
	v = state_add(x->out, KIND_VETH, s->at->netns, s->kname, s->n.pos);
	set_leg(x, &v->l, s);
	memset(&v->port, 0xff, sizeof(v->port));
	v->peer_netns = arena_strdup(x->out->arena, o->at->netns);
	v->peer = arena_strdup(x->out->arena, o->kname);
	v->peer_ours = 1;
	v->peer_mac = o->hwaddr;
}

/*
 * Both MACs of a link are known, so its neighbours need no room in the table
 * that all namespaces share.  OSPF puts its neighbours there by itself.
 */
static void neighbours(struct expander *x, struct leg_spec *s)
{
	struct leg_spec *o = s->link->a == s ? s->link->b : s->link->a;
	const struct prefix *p = o->ips.items;
	uint32_t i;

	for (i = 0; i < o->ips.n; i++)
		if (leg_has(s, p[i].ip.family))
			add_neighbour(x, s->at->netns, leg_kind(s), s->kname,
				      &p[i].ip, &o->hwaddr, s->n.pos);
}

static void way(struct expander *x, struct leg_spec *s, const struct ip *via)
{
	struct prefix to;

	if (!via->family)
		return;
	to = anywhere(via->family);
	route_via(x, add_route(x, s->at->netns, &to, 0, s->n.pos),
		  leg_kind(s), s->kname, via);
}

/* IPv4 addresses stay on an interface that is down, and nothing else does. */
static void addresses(struct expander *x, struct leg_spec *s)
{
	const struct prefix *p = s->ips.items;
	uint32_t i;

	for (i = 0; i < s->ips.n; i++)
		if (p[i].ip.family == 4 || !leg_is_down(s))
			add_address(x, s->at->netns, leg_kind(s), s->kname,
				    &p[i], s->n.pos);
}

void expand_leg(struct expander *x, struct leg_spec *s)
{

	if (s->link)
		wire(x, s);
	else
		plug(x, s);
	addresses(x, s);
	if (leg_is_down(s))
		return;
	if (leg_has(s, 6))
		add_link_local(x, s->at->netns, leg_kind(s), s->kname,
			       &s->hwaddr, s->n.pos);
	if (s->link && !(s->at->how & ROUTING_OSPF))
		neighbours(x, s);
	if (s->at->node) {
		way(x, s, &s->way4);
		way(x, s, &s->way6);
	}
}

/* The leg whose network an address is in: routes that are written. */
static struct leg_spec *leg_to(struct router *w, const struct ip *ip)
{
	list_for(struct leg_spec, l, &w->legs) {
		const struct prefix *p = l->ips.items;
		uint32_t i;

		for (i = 0; i < l->ips.n; i++)
			if (prefix_has(&p[i], ip))
				return l;
	}
	return NULL;
}

static void written_route(struct expander *x, struct router *w,
			  const struct troute *r, struct leg_spec *l)
{
	if (l && !leg_is_down(l))
		route_via(x, add_route(x, w->netns, &r->to, r->metric,
				       r->n.pos), leg_kind(l), l->kname,
			  &r->via);
}

/* Its own, and those of the networks whose gateway it is. */
static void written_routes(struct expander *x, struct router *w)
{
	list_for(struct troute, r, &w->routes)
		written_route(x, w, r, leg_to(w, &r->via));
	list_for(struct leg_spec, l, &w->legs) {
		if (!l->net || (l->net->segment->via4 != l &&
				l->net->segment->via6 != l))
			continue;
		list_for(struct troute, r, &l->net->segment->routes)
			written_route(x, w, r, l);
	}
}

static bool any_has(const struct router *w, uint8_t family)
{
	list_for(struct leg_spec, l, &w->legs)
		if (leg_has(l, family))
			return true;
	return false;
}

/* A new namespace has the host's own ip_forward: a node must say no. */
static void forwarding(struct expander *x, struct router *w)
{
	add_sysctl(x, w->netns, w->node ? "0" : "1", w->n.pos,
		   "net/ipv4/ip_forward");
	if (w->node)
		return;
	add_sysctl(x, w->netns, "0", w->n.pos,
		   "net/ipv4/conf/all/send_redirects");
	/* flows, not packets, take turns on equal ways: ports count, too */
	add_sysctl(x, w->netns, "1", w->n.pos,
		   "net/ipv4/fib_multipath_hash_policy");
	if (!any_has(w, 6))
		return;
	add_sysctl(x, w->netns, "1", w->n.pos,
		   "net/ipv6/conf/all/forwarding");
	add_sysctl(x, w->netns, "1", w->n.pos,
		   "net/ipv6/fib_multipath_hash_policy");
}

static void expand_host(struct expander *x, struct router *w)
{
	struct netns *n = state_add(x->out, KIND_NETNS, "", w->netns,
				    w->n.pos);

	n->alias = arena_printf(x->out->arena, "netd:%s/%s", x->t->name,
				w->n.name);
	list_for(struct leg_spec, l, &w->legs)
		expand_leg(x, l);
	forwarding(x, w);
	if (!w->node)
		written_routes(x, w);
}

void expand_hosts(struct expander *x)
{
	list_for(struct router, w, &x->t->hosts)
		expand_host(x, w);
}

// expand_route.c - what each named router must know of the others' subnets
// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdlib.h>
#include <string.h>

#include "topo/expand.h"
#include "topo/graph.h"
#include "topo/index.h"
#include "topo/shape.h"

/*
 * A router with `nat: X` is a border: two vertices that don't know of each
 * other, one with the legs behind it and one with the leg to X.  X's side gets
 * no routes behind it; those behind get a default route to it.
 */

#define USUAL_COST 10		/* what OSPF makes of a veth's 10 Gbit/s */

struct routing {
	struct expander *x;
	uint8_t family;
	struct graph *g;
	struct index *segments;	/* of networks and links: number + 1 */
	uint32_t outside;	/* the segment of the default, or UINT32_MAX */
	/* of the router that is being told */
	struct router *at;
	struct index *known;	/* prefixes it has a route to already */
};

static const struct prefix *net_of(const struct leg_spec *l, uint8_t family)
{
	if (l->link)
		return family == 6 ? &l->link->net6 : &l->link->net4;
	return family == 6 ? &l->net->segment->net6 : &l->net->segment->net4;
}

static uint32_t segment_of(struct routing *r, const struct leg_spec *l)
{
	const void *key = l->link ? (void *)l->link : l->net->segment;
	uintptr_t n = (uintptr_t)index_get(r->segments, &key, sizeof(key));

	if (!n) {
		n = graph_segment(r->g, net_of(l, r->family), false) + 1;
		index_put(r->segments, &key, sizeof(key), (void *)n);
	}
	return n - 1;
}

static uint32_t cost_of(const struct leg_spec *l)
{
	if (l->cost)
		return l->cost;
	return l->link && l->link->cost ? l->link->cost : USUAL_COST;
}

static struct ip ip_in(const struct leg_spec *l, const struct prefix *net)
{
	const struct prefix *p = l->ips.items;
	uint32_t i;

	for (i = 0; i < l->ips.n; i++)
		if (prefix_has(net, &p[i].ip))
			return p[i].ip;
	return (struct ip){ .family = 0 };
}

static void join_loopback(struct routing *r, struct router *w,
			  uint32_t number)
{
	const struct prefix *lo = r->family == 6 ? &w->lo6 : &w->lo4;

	if (lo->ip.family)
		graph_join(r->g, graph_segment(r->g, lo, false), number, 1,
			   &lo->ip, w);
}

/* Routers have two numbers: 2i for inside, 2i + 1 for what is out. */
static void join(struct routing *r, struct router *w, uint32_t number)
{
	struct ip ip;

	list_for(struct leg_spec, l, &w->legs) {
		ip = ip_in(l, net_of(l, r->family));
		if (ip.family && !leg_is_down(l))
			graph_join(r->g, segment_of(r, l), number +
				   (l == w->border), cost_of(l), &ip, l);
	}
	join_loopback(r, w, number);
	if (!w->nat)
		return;
	if (r->outside == UINT32_MAX) {
		struct prefix any = anywhere(r->family);

		r->outside = graph_segment(r->g, &any, true);
	}
	ip = (struct ip){ .family = r->family };
	graph_join(r->g, r->outside, number, 1, &ip, w);
}

/* --- what is known without it ------------------------------------------ */

static void know(struct routing *r, const struct prefix *p)
{
	struct prefix net = prefix_net(p);

	if (p->ip.family == r->family)
		index_put(r->known, &net, sizeof(net), r);
}

static void know_routes(struct routing *r, const struct list *routes)
{
	list_for(struct troute, e, routes)
		if (!e->metric || (r->family == 6 && e->metric == 1024))
			know(r, &e->to);
}

/* What is connected or written; a border must not tell itself twice. */
static void know_all(struct routing *r, struct router *w, struct arena *a)
{
	struct prefix any = anywhere(r->family);

	r->known = index_new(a);
	list_for(struct leg_spec, l, &w->legs) {
		if (leg_is_down(l))
			continue;
		know(r, net_of(l, r->family));
		if (l->net)
			know_routes(r, &l->net->segment->routes);
	}
	know_routes(r, &w->routes);
	if (w->way)
		know(r, &any);
}

/* --- routes ------------------------------------------------------------ */

static int by_hop(const void *a, const void *b)
{
	const struct nexthop *x = a, *y = b;
	int c = strcmp(x->dev, y->dev);

	return c ? c : ip_cmp(&x->via, &y->via);
}

#define MAX_HOPS 256		/* what the kernel side sends in a route */

static void emit(void *arg, const struct prefix *to, const struct hop *hops,
		 uint32_t n)
{
	struct routing *r = arg;
	struct nexthop *v;
	struct route *o;
	uint32_t i;

	if (index_get(r->known, to, sizeof(*to)))
		return;
	know(r, to);
	if (n > MAX_HOPS)
		n = MAX_HOPS;
	v = arena_alloc(r->x->out->arena, n * sizeof(*v));
	for (i = 0; i < n; i++) {
		v[i].via = hops[i].via;
		strcpy(v[i].dev, ((struct leg_spec *)hops[i].leg)->kname);
		v[i].weight = 1;
	}
	if (n > 1)
		qsort(v, n, sizeof(*v), by_hop);
	o = add_route(r->x, r->at->netns, to, 0, r->at->n.pos);
	o->nexthops = (struct list){ v, n };
	o->o.within_kind = leg_kind(hops[0].leg);
	o->o.within = v[0].dev;
}

/* Out of the border's own leg: to the gateway of that network. */
static void border_default(struct routing *r, struct router *w)
{
	struct prefix any = anywhere(r->family);
	struct network *seg;
	struct hop h;

	if (!w->border || !w->border->net || leg_is_down(w->border) || !leg_has(w->border, r->family))
		return;
	seg = w->border->net->segment;
	h = (struct hop){ w->border, r->family == 6 ? seg->gw6 : seg->gw4 };
	if (h.via.family)
		emit(r, &any, &h, 1);
}

static void tell(struct routing *r, struct router *w, uint32_t number)
{
	struct arena *a __attribute__((cleanup(arena_cleanup))) = arena_new();

	r->at = w;
	know_all(r, w, a);
	border_default(r, w);
	graph_routes(r->g, number, emit, r);
	if (w->border)
		graph_routes(r->g, number + 1, emit, r);
}

/* Routing protocols tell the others; the border knows it from the file. */
static void tell_border(struct routing *r, struct router *w)
{
	struct arena *a __attribute__((cleanup(arena_cleanup))) = arena_new();

	r->at = w;
	know_all(r, w, a);
	border_default(r, w);
}

static void family(struct expander *x, uint8_t f)
{
	struct arena *a __attribute__((cleanup(arena_cleanup))) = arena_new();
	struct routing r = { .x = x, .family = f, .outside = UINT32_MAX };
	uint32_t n = 0;

	r.g = graph_new(a, 2 * x->t->routers.n);
	r.segments = index_new(a);
	list_for(struct router, w, &x->t->routers) {
		if (router_computed(w))
			join(&r, w, n);
		n += 2;
	}
	n = 0;
	list_for(struct router, w, &x->t->routers) {
		if (router_computed(w) && w->legs.n)
			tell(&r, w, n);
		else if (router_speaks(w) && w->border)
			tell_border(&r, w);
		n += 2;
	}
}

void expand_routes(struct expander *x)
{
	if (!x->t->routers.n)
		return;
	family(x, 4);
	family(x, 6);
}

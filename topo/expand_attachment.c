// expand_attachment.c - where something that netd doesn't run plugs in
// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include "topo/expand.h"
#include "topo/index.h"

static void *add_port(struct expander *x, struct attachment *a, int kind)
{
	const struct network *w = a->leg.net;
	const char *name = a->leg.n.name;
	struct link *l;

	l = state_add(x->out, kind, x->t->netns, a->kname, a->leg.n.pos);
	link_set(x, l, network_mtu(w), kind == KIND_NIC ? "" : "ndp-",
		 kind == KIND_NIC ? a->kname : name);
	if (kind == KIND_NIC)
		l->alias = join_words(x->out->arena, "netd:", x->t->name, "/",
				      name, NULL);
	l->master = arena_strdup(x->out->arena, w->external ? w->external :
				 w->ifname);
	return l;
}

static void set_port(struct brport *p, const struct attachment *a)
{
	const struct network *w = a->leg.net;

	port_set(p);
	p->isolated = a->port_isolation;
	p->hairpin = a->leg.hairpin;
	/* a guest is no switch: it must not become root, nor a querier */
	p->bpdu_guard = w->stp && w->stp->on && a->type != ATT_NIC;
	if (a->type == ATT_NIC)
		p->mcast_router = 1;
}

/* --- who may remember another guest at its addresses ------------------- */

struct knower {
	struct knower *next;
	const char *netns, *dev;
};

/* Routers and nodes in each segment, gathered once. */
static void find_knowers(struct expander *x)
{
	x->legs = index_new(x->out->arena);
	list_for(struct router, h, &x->t->hosts) {
		list_for(struct leg_spec, l, &h->legs) {
			struct network *seg = l->net ? l->net->segment : NULL;
			struct knower *k;

			if (!seg)
				continue;
			k = arena_alloc(x->out->arena, sizeof(*k));
			*k = (struct knower){
				index_get(x->legs, &seg, sizeof(seg)),
				h->netns, l->kname
			};
			index_set(x->legs, &seg, sizeof(seg), k);
		}
	}
}

static void add_stale(struct expander *x, struct list *l, const char *netns,
		      const char *dev, const struct ip *ip)
{
	char text[46];

	((const char **)l->items)[l->n++] =
		join_words(x->out->arena, netns, " ", dev, " ",
			   ip_text(ip, text), NULL);
}

/* TOLD: of the network's own bridge the object tells by itself. */
static struct list stale(struct expander *x, struct attachment *a, bool told)
{
	struct network *seg = a->leg.net->segment;
	const struct prefix *p = a->leg.ips.items;
	struct knower *first, *k;
	struct list l = { NULL, 0 };
	uint32_t i, n = 1;

	if (!x->legs)
		find_knowers(x);
	first = index_get(x->legs, &seg, sizeof(seg));
	for (k = first; k; k = k->next)
		n++;
	l.items = arena_alloc(x->out->arena, (n * a->leg.ips.n + 1) *
			      sizeof(char *));
	for (i = 0; i < a->leg.ips.n; i++) {
		if (seg->has_gateway && !told)
			add_stale(x, &l, x->t->netns, seg->ifname, &p[i].ip);
		for (k = first; k; k = k->next)
			add_stale(x, &l, k->netns, k->dev, &p[i].ip);
	}
	return l;
}

/* --- one kind after the other ------------------------------------------ */

/* What the guest asks for by DHCP it is not given otherwise. */
static struct list told_addresses(struct expander *x, struct attachment *a)
{
	const struct prefix *p = a->leg.ips.items;
	struct list l = { NULL, 0 };
	struct prefix *v;
	uint32_t i;

	l.items = v = arena_alloc(x->out->arena, (a->leg.ips.n + 1) *
				  sizeof(*v));
	for (i = 0; i < a->leg.ips.n; i++)
		if (!(p[i].ip.family == 6 ? a->leg.asks6 : a->leg.asks4))
			v[l.n++] = p[i];
	return l;
}

/* In somebody else's namespace: set once, when it is born. */
static void set_peer(struct expander *x, struct veth *v, struct attachment *a)
{
	struct network *seg = a->leg.net->segment;
	struct arena *m = x->out->arena;
	struct ip gw[2];
	uint32_t n = 0;

	v->peer_netns = arena_strdup(m, a->netns ? a->netns : "");
	v->peer = arena_strdup(m, a->leg.kname);
	v->peer_mac = a->leg.hwaddr;
	v->peer_id = a->netns_id;
	v->stale = stale(x, a, seg == a->leg.net && !attachment_is_parked(a));
	if (attachment_is_parked(a))
		return;
	v->peer_addresses = told_addresses(x, a);
	if (!a->default_route)
		return;
	if (seg->gw4.family && seg->via4 != &a->leg && leg_has(&a->leg, 4) &&
	    !a->leg.asks4)
		gw[n++] = seg->gw4;
	if (seg->gw6.family && seg->via6 != &a->leg && leg_has(&a->leg, 6) &&
	    !a->leg.asks6)
		gw[n++] = seg->gw6;
	if (n)
		v->peer_gateways = (struct list){
			arena_memdup(m, gw, n * sizeof(*gw)), n
		};
}

static void expand_veth(struct expander *x, struct attachment *a)
{
	struct veth *v = add_port(x, a, KIND_VETH);

	conf_port(&v->l.conf);
	set_port(&v->port, a);
	set_peer(x, v, a);
}

static void expand_tap(struct expander *x, struct attachment *a)
{
	struct tap *p = add_port(x, a, KIND_TAP);

	conf_port(&p->l.conf);
	set_port(&p->port, a);
	p->owner = arena_strdup(x->out->arena, a->owner ? a->owner : "");
	p->group = arena_strdup(x->out->arena, a->group ? a->group : "");
	p->queues = a->queues;
	p->vnet_hdr = a->vnet_hdr;
	p->transient = a->transient;
	p->stale = stale(x, a, false);
}

/* It keeps its MAC and, unless one is written, its MTU. */
static void expand_nic(struct expander *x, struct attachment *a)
{
	struct nic *p = add_port(x, a, KIND_NIC);

	conf_port(&p->l.conf);
	p->l.mtu = a->leg.net->segment->mtu ? network_mtu(a->leg.net) : ANY32;
	set_port(&p->port, a);
}

/* An address that nobody else gets is all there is to it. */
static void expand_reserved(struct expander *x, struct attachment *a)
{
}

static int port_kind(const struct attachment *a)
{
	static const uint8_t kinds_of[] = {
		[ATT_TAP] = KIND_TAP, [ATT_VETH] = KIND_VETH,
		[ATT_NIC] = KIND_NIC,
	};

	return kinds_of[a->type];
}

void expand_attachment(struct expander *x, struct attachment *a)
{
	static void (*const by_type[])(struct expander *,
				       struct attachment *) = {
		[ATT_TAP] = expand_tap, [ATT_VETH] = expand_veth,
		[ATT_NIC] = expand_nic, [ATT_RESERVED] = expand_reserved,
	};

	by_type[a->type](x, a);
	if (a->bandwidth && a->type != ATT_RESERVED)
		expand_bandwidth(x, a->bandwidth, &(struct shaped){
			.netns = x->t->netns, .dev = a->kname,
			.kind = port_kind(a), .ifb = a->ifb,
			.full = a->leg.n.name, .mtu = network_mtu(a->leg.net),
			.pos = a->leg.n.pos,
		});
	expand_served_attachment(x, a);
}

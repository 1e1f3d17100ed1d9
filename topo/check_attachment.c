// check_attachment.c - attachments, legs and their addresses, each by itself
// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include "topo/check.h"

static void check_tap(struct check *c, struct attachment *a)
{
	static const char why[] = "the guest at a tap is not netd's";

	if (!a->owner && !a->group)
		report_error(c->report, PLACE(a, rec_attachment, type),
			     a->leg.n.path, "a tap needs `owner:` or `group:`: "
			     "without, any user of the host may take it");
	IDLE(c, a, rec_attachment, netns, why);
	IDLE(c, a, rec_attachment, netns_id, why);
	IDLE(c, a, rec_attachment, leg.ifname, why);
	IDLE(c, a, rec_attachment, default_route, why);
	if (!a->dynamic)
		IDLE(c, a, rec_attachment, transient,
		     "what stands in a file stays");
}

static void check_tap_only(struct check *c, struct attachment *a)
{
	static const char why[] = "it is for `type: tap`";

	IDLE(c, a, rec_attachment, owner, why);
	IDLE(c, a, rec_attachment, group, why);
	IDLE(c, a, rec_attachment, queues, why);
	IDLE(c, a, rec_attachment, vnet_hdr, why);
	IDLE(c, a, rec_attachment, transient, why);
}

static void check_veth(struct check *c, struct attachment *a)
{
	check_tap_only(c, a);
	if (!a->netns)
		report_error(c->report, PLACE(a, rec_attachment, type),
			     a->leg.n.path, "a veth needs `netns:`: the "
			     "namespace its other end goes to (a name, a path "
			     "or a process id), or none to leave it here");
	if (a->leg.ifname && !strcmp(a->leg.ifname, "lo"))
		FAULT(c, a, rec_attachment, leg.ifname,
		      "expected another name than lo");
}

static void check_nic(struct check *c, struct attachment *a)
{
	static const char why[] = "a nic is taken as it is, and what is "
				  "behind it is not guarded";

	check_tap_only(c, a);
	IDLE(c, a, rec_attachment, netns, why);
	IDLE(c, a, rec_attachment, netns_id, why);
	IDLE(c, a, rec_attachment, leg.mac, why);
	IDLE(c, a, rec_attachment, leg.address, why);
	IDLE(c, a, rec_attachment, leg.address6, why);
	IDLE(c, a, rec_attachment, default_route, why);
	IDLE(c, a, rec_attachment, allowed, why);
	IDLE(c, a, rec_attachment, guards, why);
	IDLE(c, a, rec_attachment, publish, why);
	if (c->t->netns[0])
		FAULT(c, a, rec_attachment, type, "a nic needs `namespace: "
		      "host`: it stays the host's, and the bridges here are "
		      "in %s", c->t->netns);
}

static void check_reserved(struct check *c, struct attachment *a)
{
	static const char why[] = "a reserved address has no interface";

	check_tap_only(c, a);
	IDLE(c, a, rec_attachment, netns, why);
	IDLE(c, a, rec_attachment, netns_id, why);
	IDLE(c, a, rec_attachment, leg.ifname, why);
	IDLE(c, a, rec_attachment, leg.mac, why);
	IDLE(c, a, rec_attachment, default_route, why);
	IDLE(c, a, rec_attachment, allowed, why);
	IDLE(c, a, rec_attachment, guards, why);
	IDLE(c, a, rec_attachment, port_isolation, why);
	IDLE(c, a, rec_attachment, publish, why);
	IDLE(c, a, rec_attachment, bandwidth, why);
}

/* auto, none, slaac stand alone. */
static void check_words(struct check *c, const struct node *n,
			const struct record *r, size_t offset,
			const struct list *l)
{
	const struct addrspec *s = l->items;
	uint32_t i;

	for (i = 0; i < l->n && l->n > 1; i++) {
		if (s[i].how != ADDR_NONE && s[i].how != ADDR_SLAAC)
			continue;
		check_fault(c, n, r, offset, "`%s` stands alone, found %u "
			    "items", s[i].how == ADDR_NONE ? "none" : "slaac",
			    l->n);
		return;
	}
}

#define WORDS(c, p, rec, m) \
	check_words(c, (const struct node *)(p), &rec, \
		    offsetof(__typeof__(*(p)), m), &(p)->m)

static void check_allowed(struct check *c, struct attachment *a)
{
	list_for(struct allowed, w, &a->allowed)
		NEEDS(c, w, rec_allowed, address);
	if (a->guards && !a->guards->ip && !a->guards->arp && !a->guards->nd)
		IDLE(c, a, rec_attachment, allowed,
		     "all addresses are: `anti-spoofing` is off");
}

void check_attachments(struct check *c)
{
	static void (*const by_type[])(struct check *, struct attachment *) = {
		[ATT_TAP] = check_tap, [ATT_VETH] = check_veth,
		[ATT_NIC] = check_nic, [ATT_RESERVED] = check_reserved,
	};

	list_for(struct attachment, a, &c->t->attachments) {
		if (a->leg.n.broken)
			continue;
		NEEDS(c, a, rec_attachment, leg.network);
		NEEDS(c, a, rec_attachment, type);
		if (WROTE(a, rec_attachment, type))
			by_type[a->type](c, a);
		WORDS(c, a, rec_attachment, leg.address);
		WORDS(c, a, rec_attachment, leg.address6);
		check_allowed(c, a);
		check_bandwidth(c, a->bandwidth, 0);
	}
}

/* --- routers, nodes, links -------------------------------------------- */

static void check_slaac(struct check *c, struct leg_spec *l,
			const struct record *r)
{
	const struct addrspec *s = l->address6.items;
	uint32_t i;

	for (i = 0; i < l->address6.n; i++)
		if (s[i].how == ADDR_SLAAC)
			check_fault(c, &l->n, r,
				    offsetof(struct leg_spec, address6),
				    "not yet: slaac in a router or node comes "
				    "with router advertisements");
}

static void check_leg(struct check *c, struct leg_spec *l,
		      const struct record *r)
{
	if (l->ifname && !strcmp(l->ifname, "lo"))
		check_fault(c, &l->n, r, offsetof(struct leg_spec, ifname),
			    "expected another name than lo");
	check_words(c, &l->n, r, offsetof(struct leg_spec, address),
		    &l->address);
	check_words(c, &l->n, r, offsetof(struct leg_spec, address6),
		    &l->address6);
	check_slaac(c, l, r);
	check_impair(c, l->impair);
}

/* A node goes by an address; a router by `nat:`, `routes:` and the others. */
static void check_way(struct check *c, const struct router *h,
		      struct leg_spec *l)
{
	static const char why[] = "a router's default route is that of `nat:`, "
				  "or one of `routes:`";
	struct ip ip;

	if (!h->node) {
		IDLE(c, l, rec_leg, gateway, why);
		IDLE(c, l, rec_leg, gateway6, why);
		return;
	}
	IDLE(c, l, rec_leg, cost, "a node routes nothing");
	if (l->gateway && strcmp(l->gateway, "none") &&
	    ip_read(l->gateway, &ip))
		FAULT(c, l, rec_leg, gateway, "expected an address or none, "
		      "found %s", l->gateway);
	if (l->gateway6 && strcmp(l->gateway6, "none") &&
	    ip_read(l->gateway6, &ip))
		FAULT(c, l, rec_leg, gateway6, "expected an address or none, "
		      "found %s", l->gateway6);
}

static void check_legs(struct check *c, struct router *h)
{
	list_for(struct leg_spec, l, &h->networks) {
		if (l->n.broken)
			continue;
		check_needs(c, &l->n, &rec_leg,
			    offsetof(struct leg_spec, network));
		check_leg(c, l, &rec_leg);
		check_way(c, h, l);
	}
}

static void check_router_routes(struct check *c, struct router *h)
{
	list_for(struct troute, r, &h->routes) {
		if (r->n.broken)
			continue;
		NEEDS(c, r, rec_troute, to);
		NEEDS(c, r, rec_troute, via);
		if (r->to.ip.family && r->via.family &&
		    r->to.ip.family != r->via.family)
			FAULT(c, r, rec_troute, via,
			      "is of another family than `to:`");
	}
}

void check_routers(struct check *c)
{
	static const char why[] = "it is done on the way to `nat:`, and there "
				  "is none";

	list_for(struct router, h, &c->t->routers) {
		check_legs(c, h);
		check_router_routes(c, h);
		if (h->nat || h->n.broken)
			continue;
		IDLE(c, h, rec_router, snat, why);
		IDLE(c, h, rec_router, forwards, why);
		IDLE(c, h, rec_router, one2one, why);
	}
	list_for(struct router, h, &c->t->nodes)
		check_legs(c, h);
}

static void check_link_end(struct check *c, struct leg_spec *e)
{
	if (!e || e->n.broken)
		return;
	check_needs(c, &e->n, &rec_end, offsetof(struct leg_spec, network));
	check_leg(c, e, &rec_end);
}

void check_links(struct check *c)
{
	list_for(struct tlink, l, &c->t->links) {
		check_impair(c, l->impair);
		/* the ends of a shorthand are resolve's, and hold nothing */
		if (l->shorthand)
			continue;
		check_link_end(c, l->a);
		check_link_end(c, l->b);
		if (WROTE(l, rec_link, mtu) && l->mtu < 1280 && !l->n.broken &&
		    (l->subnet6.automatic || l->subnet6.p.ip.family))
			FAULT(c, l, rec_link, mtu, "expected at least 1280, "
			      "which `subnet6:`%s needs, found %u",
			      check_where(c, PLACE(l, rec_link, subnet6)),
			      l->mtu);
	}
}

// check_network.c - networks: what goes together, and who is the gateway
// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include "topo/check.h"

static bool wrote_subnet(const struct netspec *s)
{
	return s->automatic || s->p.ip.family;
}

static bool has_subnet(const struct network *w)
{
	return wrote_subnet(&w->subnet) || wrote_subnet(&w->subnet6);
}

static uint8_t mode6(const struct network *w)
{
	return WROTE(w, rec_network, mode6) ? w->mode6 : w->mode;
}

static bool goes_out(uint8_t mode)
{
	return mode == MODE_NAT || mode == MODE_ROUTED;
}

/* IPv6 is never more open than IPv4; nat and routed let the same in. */
static void check_modes(struct check *c, struct network *w)
{
	static const char *const names[] = {
		"isolated", "nat", "routed", "open"
	};
	static const uint8_t openness[] = { 0, 1, 1, 2 };

	if (goes_out(w->mode) && !has_subnet(w))
		FAULT(c, w, rec_network, mode, "mode %s needs a `subnet:` or "
		      "`subnet6:`", names[w->mode]);
	if (!wrote_subnet(&w->subnet6))
		IDLE(c, w, rec_network, mode6, "there is no `subnet6:`");
	else if (wrote_subnet(&w->subnet) && OWN(w, rec_network, mode6) &&
		 openness[w->mode6] > openness[w->mode])
		FAULT(c, w, rec_network, mode6, "IPv6 is never more open than "
		      "IPv4: expected at most %s, found %s", names[w->mode],
		      names[w->mode6]);
}

/* `outside` has a meaning for an isolated network once a rule speaks of it. */
static bool speaks_of_outside(const struct topology *t)
{
	if (t->policies.n || t->forwards.n || t->one2one.n)
		return true;
	list_for(struct attachment, a, &t->attachments)
		if (a->publish.n)
			return true;
	return false;
}

static void check_uplink(struct check *c, struct network *w)
{
	if (w->uplink.n && w->mode == MODE_ISOLATED &&
	    mode6(w) == MODE_ISOLATED && !speaks_of_outside(c->t))
		IDLE(c, w, rec_network, uplink, "an isolated network has no "
		     "way out, and no policy or forward speaks of one");
	if (w->mode == MODE_OPEN && mode6(w) == MODE_OPEN)
		IDLE(c, w, rec_network, uplink,
		     "an open network has no rules of its own");
}

static bool of_family(const struct list *ranges, uint8_t family)
{
	const struct iprange *r = ranges->items;
	uint32_t i;

	for (i = 0; i < ranges->n; i++)
		if (r[i].lo.family == family)
			return true;
	return false;
}

static void check_snat(struct check *c, struct network *w)
{
	bool v4 = w->mode == MODE_NAT && wrote_subnet(&w->subnet);
	bool v6 = mode6(w) == MODE_NAT && wrote_subnet(&w->subnet6);

	if (!w->snat)
		return;
	if (!v4 && !v6) {
		IDLE(c, w, rec_network, snat,
		     "only what mode nat lets out is translated");
		return;
	}
	if (!w->snat->addresses.n && !w->snat->ports.hi &&
	    !w->snat->except.n)
		FAULT(c, w, rec_network, snat, "expected `addresses:`, "
		      "`ports:` or `except:`, found none of them");
	if (!v4 && of_family(&w->snat->addresses, 4))
		FAULT(c, w->snat, rec_snat, addresses,
		      "an IPv4 address has no effect here: only IPv6 is "
		      "translated");
	if (!v6 && of_family(&w->snat->addresses, 6))
		FAULT(c, w->snat, rec_snat, addresses,
		      "an IPv6 address has no effect here: only IPv4 is "
		      "translated");
}

static void check_without_subnet(struct check *c, struct network *w)
{
	static const char why[] = "there is neither `subnet:` nor `subnet6:`";

	if (has_subnet(w))
		return;
	IDLE(c, w, rec_network, services, why);
	IDLE(c, w, rec_network, routes, why);
	IDLE(c, w, rec_network, addresses, why);
	IDLE(c, w, rec_network, gateway, why);
	IDLE(c, w, rec_network, gateway6, why);
	IDLE(c, w, rec_network, snat, why);
}

static bool is_none(const char *gateway)
{
	return gateway && !strcmp(gateway, "none");
}

/* gateway: none, and what can't be without one */
static void check_none(struct check *c, struct network *w)
{
	if (!is_none(w->gateway) && !is_none(w->gateway6))
		return;
	if (goes_out(w->mode) && is_none(w->gateway))
		FAULT(c, w, rec_network, gateway, "a network of mode %s needs "
		      "a gateway, and `gateway: none` takes it away",
		      w->mode == MODE_NAT ? "nat" : "routed");
	if (goes_out(mode6(w)) && is_none(w->gateway6))
		FAULT(c, w, rec_network, gateway6, "a network of mode6 %s "
		      "needs a gateway, and `gateway6: none` takes it away",
		      mode6(w) == MODE_NAT ? "nat" : "routed");
	if (w->services.n)
		FAULT(c, w, rec_network, services, "`gateway: none`%s leaves "
		      "no router that offers services",
		      check_where(c, PLACE(w, rec_network, gateway)));
	if (w->routes.n)
		FAULT(c, w, rec_network, routes, "`gateway: none`%s leaves no "
		      "router that has routes",
		      check_where(c, PLACE(w, rec_network, gateway)));
}

static void check_gateway(struct check *c, struct network *w)
{
	if (has_subnet(w) && !wrote_subnet(&w->subnet))
		IDLE(c, w, rec_network, gateway, "there is no `subnet:`");
	if (has_subnet(w) && !wrote_subnet(&w->subnet6))
		IDLE(c, w, rec_network, gateway6, "there is no `subnet6:`");
}

static void check_route(struct check *c, struct troute *r)
{
	NEEDS(c, r, rec_troute, to);
	NEEDS(c, r, rec_troute, via);
	if (r->to.ip.family && r->via.family &&
	    r->to.ip.family != r->via.family)
		FAULT(c, r, rec_troute, via, "is of another family than `to:`");
}

static bool is_within(const struct network *w, const struct ip *ip)
{
	const struct prefix *p = w->addresses.items;
	const struct netspec *s = ip->family == 6 ? &w->subnet6 : &w->subnet;
	uint32_t i;

	/* which subnet `auto` is isn't known here */
	if (s->automatic || (s->p.ip.family && prefix_has(&s->p, ip)))
		return true;
	for (i = 0; i < w->addresses.n; i++)
		if (prefix_has(&p[i], ip))
			return true;
	return false;
}

static void check_routes(struct check *c, struct network *w)
{
	list_for(struct troute, r, &w->routes) {
		check_route(c, r);
		if (r->via.family && !is_within(w, &r->via))
			FAULT(c, r, rec_troute, via,
			      "is not in the network's subnet");
	}
}

static void check_mtu(struct check *c, struct network *w)
{
	/* RFC 8200, section 5 */
	if (WROTE(w, rec_network, mtu) && w->mtu < 1280 &&
	    wrote_subnet(&w->subnet6))
		FAULT(c, w, rec_network, mtu, "expected at least 1280, which "
		      "`subnet6:`%s needs, found %u",
		      check_where(c, PLACE(w, rec_network, subnet6)), w->mtu);
}

static void check_stp(struct check *c, struct network *w)
{
	static const char why[] = "stp is off";

	if (!w->stp || w->stp->on)
		return;
	IDLE(c, w->stp, rec_stp, priority, why);
	IDLE(c, w->stp, rec_stp, forward_delay, why);
}

static void check_lengths(struct check *c, struct network *w)
{
	if (w->subnet.p.ip.family && w->subnet.p.len > 31)
		FAULT(c, w, rec_network, subnet, "expected room for two "
		      "addresses (/31 or shorter), found /%u",
		      w->subnet.p.len);
	if (w->subnet6.p.ip.family && w->subnet6.p.len > 127)
		FAULT(c, w, rec_network, subnet6, "expected room for two "
		      "addresses (/127 or shorter), found /%u",
		      w->subnet6.p.len);
}

void check_networks(struct check *c)
{
	list_for(struct network, w, &c->t->networks) {
		if (w->n.broken)
			continue;
		check_modes(c, w);
		check_uplink(c, w);
		check_snat(c, w);
		check_without_subnet(c, w);
		check_none(c, w);
		check_gateway(c, w);
		check_routes(c, w);
		check_mtu(c, w);
		check_stp(c, w);
		check_lengths(c, w);
		check_bandwidth(c, w->bandwidth, w->mtu);
	}
}

/* --- once all is resolved --------------------------------------------- */

bool check_not_home(const struct network *w, const char **who)
{
	struct ip ip;

	if (w->owner) {
		*who = w->owner->n.name;
		return true;
	}
	*who = w->gateway && ip_read(w->gateway, &ip) ? w->gateway :
	       w->gateway6 && ip_read(w->gateway6, &ip) ? w->gateway6 : NULL;
	return *who != NULL;
}

/* One of the networks that links join speaks for all of them. */
static void check_joined(struct check *c, struct network *w)
{
	const char *why;

	if (!w->segment || w->segment == w)
		return;
	why = arena_printf(c->a, "the network is joined with %s%s, "
			   "which speaks for both", w->segment->n.name,
			   check_where(c, w->segment->n.pos));
	if (w->mode != MODE_ISOLATED)
		IDLE(c, w, rec_network, mode, why);
	IDLE(c, w, rec_network, mode6, why);
	IDLE(c, w, rec_network, mtu, why);
	IDLE(c, w, rec_network, uplink, why);
	IDLE(c, w, rec_network, gateway, why);
	IDLE(c, w, rec_network, gateway6, why);
	IDLE(c, w, rec_network, addresses, why);
	IDLE(c, w, rec_network, services, why);
	IDLE(c, w, rec_network, snat, why);
	IDLE(c, w, rec_network, routes, why);
	IDLE(c, w, rec_network, bandwidth, why);
}

/* What the home router does is nothing where another is the gateway. */
void check_gateways(struct check *c)
{
	const char *who, *why;

	list_for(struct network, w, &c->t->networks) {
		check_joined(c, w);
		if (check_segment(w) == w)
			check_network_bandwidth(c, w);
		if (!check_not_home(w, &who) || !strcmp(who, "none"))
			continue;
		why = arena_printf(c->a,
				   "%s is the gateway of this network%s", who,
				   w->owner ? ": write it there (`nat:`, "
				   "`routes:`, `policies:`)" : "");
		if (w->mode != MODE_ISOLATED)
			IDLE(c, w, rec_network, mode, why);
		IDLE(c, w, rec_network, mode6, why);
		IDLE(c, w, rec_network, services, why);
		IDLE(c, w, rec_network, snat, why);
		IDLE(c, w, rec_network, uplink, why);
		IDLE(c, w, rec_network, addresses, why);
		if (!w->owner)
			IDLE(c, w, rec_network, routes, why);
	}
}

// check_service.c - DHCP, DNS, router advertisements: what makes sense
// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdlib.h>
#include <string.h>

#include "topo/check.h"
#include "topo/dnsmasq.h"
#include "topo/resolve.h"

static bool on_dhcp(const struct network *w)
{
	return w->dhcp && w->dhcp->on;
}

static bool on_dns(const struct network *w)
{
	return w->dns && w->dns->on;
}

static bool on_ra(const struct network *w)
{
	return w->ra && w->ra->on;
}

/* --- dhcp --------------------------------------------------------------- */

static bool in_subnet(const struct network *w, const struct ip *ip)
{
	const struct prefix *p = ip->family == 6 ? &w->net6 : &w->net4;

	return p->ip.family && prefix_has(p, ip);
}

static void check_ranges(struct check *c, struct network *w)
{
	const struct iprange *r = w->dhcp->ranges.items;
	uint32_t i, k;
	char lo[46], hi[46];

	for (i = 0; i < w->dhcp->ranges.n; i++) {
		ip_text(&r[i].lo, lo);
		ip_text(&r[i].hi, hi);
		if (!in_subnet(w, &r[i].lo) || !in_subnet(w, &r[i].hi))
			FAULT(c, w->dhcp, rec_dhcp, ranges, "%s-%s is not in "
			      "the network's subnet", lo, hi);
		for (k = 0; k < i; k++)
			if (ip_cmp(&r[i].lo, &r[k].hi) <= 0 &&
			    ip_cmp(&r[k].lo, &r[i].hi) <= 0)
				FAULT(c, w->dhcp, rec_dhcp, ranges, "%s-%s "
				      "overlaps another one", lo, hi);
	}
}

static bool has_mac(const struct reservation *r)
{
	static const struct mac none;

	return memcmp(&r->mac, &none, sizeof(none)) != 0;
}

static bool share_address(const struct reservation *a,
			  const struct reservation *b)
{
	const struct ip *v = a->address.items, *o = b->address.items;
	uint32_t i, k;

	for (i = 0; i < a->address.n; i++)
		for (k = 0; k < b->address.n; k++)
			if (!ip_cmp(&v[i], &o[k]))
				return true;
	return false;
}

static bool same_client(const struct reservation *a,
			const struct reservation *b)
{
	if (a->duid && b->duid && !strcmp(a->duid, b->duid))
		return true;
	return has_mac(a) && has_mac(b) && !memcmp(&a->mac, &b->mac,
						    sizeof(a->mac));
}

static void check_twice(struct check *c, struct network *w,
			struct reservation *r)
{
	list_for(struct reservation, o, &w->dhcp->reservations) {
		if (o == r)
			return;
		if (same_client(o, r))
			report_error(c->report, r->n.pos, r->n.path, "the same "
				     "client has a reservation%s",
				     check_where(c, o->n.pos));
		if (share_address(o, r))
			FAULT(c, r, rec_reservation, address, "is reserved "
			      "for another client%s",
			      check_where(c, o->n.pos));
	}
}

static void check_reserved_ip(struct check *c, struct network *w,
			      struct reservation *r, const struct ip *ip)
{
	const char *who;
	char text[46];

	ip_text(ip, text);
	if (!in_subnet(w, ip)) {
		FAULT(c, r, rec_reservation, address, "%s is not in the "
		      "network's subnet", text);
		return;
	}
	who = topo_address_owner(c->t, w->n.name, ip);
	if (who)
		FAULT(c, r, rec_reservation, address, "%s is the address of "
		      "%s: what is attached needs no reservation", text,
		      *who ? who : "the router");
}

static void check_reservation(struct check *c, struct network *w,
			      struct reservation *r)
{
	const struct ip *v = r->address.items;
	uint32_t i;

	if (!has_mac(r) && !r->duid)
		report_error(c->report, r->n.pos, r->n.path, "expected `mac:` "
			     "or `duid:`, found none of them");
	if (!r->address.n && !r->hostname)
		report_error(c->report, r->n.pos, r->n.path, "expected "
			     "`address:` or `hostname:`, found none of them");
	if (has_mac(r) && r->duid)
		FAULT(c, r, rec_reservation, duid, "is written beside `mac:`: "
		      "one of them tells who it is");
	for (i = 0; i < r->address.n; i++) {
		check_reserved_ip(c, w, r, &v[i]);
		if (i > 1 || (i && v[0].family == v[i].family))
			FAULT(c, r, rec_reservation, address, "expected one "
			      "address of each family, found more");
	}
	check_twice(c, w, r);
}

/* A number, or dnsmasq's name of it: `dnsmasq --help dhcp`. */
static bool is_option(const char *key)
{
	size_t len = strlen(key);

	if (strspn(key, "0123456789") == len)
		return len < 4 && *key != '0' && atoi(key) < 255;
	return strspn(key, "abcdefghijklmnopqrstuvwxyz0123456789-") == len &&
	       *key != '-';
}

static bool is_value(const char *value)
{
	static const char chars[] = "abcdefghijklmnopqrstuvwxyz"
		"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._:/,+=@%?&~ -";

	return *value && strspn(value, chars) == strlen(value);
}

static void check_options(struct check *c, struct network *w)
{
	const struct label *v = w->dhcp->options.items;
	uint32_t i;

	for (i = 0; i < w->dhcp->options.n; i++) {
		if (!is_option(v[i].key))
			FAULT(c, w->dhcp, rec_dhcp, options, "expected a "
			      "number from 1 to 254 or a name like ntp-server, "
			      "found %s", v[i].key);
		if (!is_value(v[i].value))
			FAULT(c, w->dhcp, rec_dhcp, options, "%s: expected "
			      "letters, digits, blanks and ._:/,+=@%%?&~- only",
			      v[i].key);
	}
}

/* What netd's own server does is nothing where it is another one. */
static void check_elsewhere(struct check *c, struct network *w)
{
	struct dhcp *d = w->dhcp;
	const char *why = d->server.s ? "another server hands out the leases: "
		"`server:`" : "another server hands out the leases: `relay:`";

	IDLE(c, d, rec_dhcp, lease_time, why);
	IDLE(c, d, rec_dhcp, reservations, why);
	IDLE(c, d, rec_dhcp, options, why);
	IDLE(c, d, rec_dhcp, boot, why);
	if (d->server.s)
		IDLE(c, d, rec_dhcp, relay, why);
}

static bool attached_to(struct check *c, struct network *w, const char *name)
{
	struct attachment *a = topo_attachment(c->t, name);

	return a && a->leg.net && check_segment(a->leg.net) == w;
}

static void check_server(struct check *c, struct network *w)
{
	if (w->dhcp->server.s && !attached_to(c, w, w->dhcp->server.s))
		FAULT(c, w->dhcp, rec_dhcp, server, "expected an attachment of "
		      "this network, found %s%s", w->dhcp->server.s,
		      topo_router(c->t, w->dhcp->server.s) ? ": of routers, "
		      "the network's gateway serves" : "");
}

static void check_relay(struct check *c, struct network *w)
{
	struct dhcp *d = w->dhcp;

	if (d->server.s || !d->relay.s)
		return;
	if (!relay_ip(c->t, d, 4).family && !relay_ip(c->t, d, 6).family)
		FAULT(c, d, rec_dhcp, relay, "expected an address, or an "
		      "attachment, router or node that has one, found %s",
		      d->relay.s);
}

static void check_dhcp(struct check *c, struct network *w)
{
	struct dhcp *d = w->dhcp;

	check_ranges(c, w);
	if (d->server.s || d->relay.s)
		check_elsewhere(c, w);
	check_server(c, w);
	check_relay(c, w);
	list_for(struct reservation, r, &d->reservations)
		check_reservation(c, w, r);
	check_options(c, w);
	if (d->boot)
		NEEDS(c, d->boot, rec_boot, file);
}

/* --- dns ---------------------------------------------------------------- */

static bool is_name(const char *s)
{
	static const char chars[] = "abcdefghijklmnopqrstuvwxyz"
		"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-";
	size_t len = strlen(s);

	return len && len < 254 && strspn(s, chars) == len &&
	       !strstr(s, "..") && !strchr(".-", *s) &&
	       !strchr(".-", s[len - 1]);
}

static bool all_addresses(const char *value)
{
	struct ip ip;

	while (record_next(&value, &ip))
		;
	return !*value;
}

static void check_records(struct check *c, struct network *w)
{
	const struct label *v = w->dns->records.items;
	uint32_t i;

	for (i = 0; i < w->dns->records.n; i++) {
		if (!is_name(v[i].key))
			FAULT(c, w->dns, rec_dns, records, "%s is no name",
			      v[i].key);
		if (record_is_address(v[i].value) ?
		    !all_addresses(v[i].value) : !is_name(v[i].value))
			FAULT(c, w->dns, rec_dns, records, "%s: expected "
			      "addresses, or the name that it stands for, "
			      "found \"%.60s\"", v[i].key, v[i].value);
	}
}

static void check_dns(struct check *c, struct network *w)
{
	list_for(struct forwarder, f, &w->dns->forwarders)
		if (!f->n.scalar)
			NEEDS(c, f, rec_forwarder, to);
	check_records(c, w);
	if (!on_dhcp(w) && !on_ra(w))
		IDLE(c, w->dns, rec_dns, servers, "guests are told of name "
		     "servers by `dhcp:` or `ra:`, and there is none");
}

/* --- ra ----------------------------------------------------------------- */

static void check_ra(struct check *c, struct network *w)
{
	struct ra *ra = w->ra;

	if (!w->net6.ip.family) {
		FAULT(c, w, rec_network, ra, "there is no `subnet6:`");
		return;
	}
	if (!ra->slaac && !ra->managed)
		FAULT(c, ra, rec_ra, slaac, "expected `slaac: true` or "
		      "`managed: true`: hosts would get no address");
	if (ra->managed && !on_dhcp(w))
		FAULT(c, ra, rec_ra, managed, "addresses by DHCPv6 need "
		      "`dhcp: true`");
}

/* RFC 4862, section 5.5.3, and dnsmasq's own rule */
static void check_length6(struct check *c, struct network *w)
{
	if (network_serves(w) & (SERVE_RA | SERVE_DHCP6) && w->net6.len != 64)
		FAULT(c, w, rec_network, subnet6, "router advertisements and "
		      "DHCPv6 need a /64, found /%u: write one, or `ra: false` "
		      "and no `dhcp:`", w->net6.len);
}

/* --- who serves --------------------------------------------------------- */

static const char *what_of(const struct network *w)
{
	return on_dhcp(w) && !w->dhcp->server.s ? "dhcp" :
	       on_dns(w) ? "dns" : on_ra(w) ? "ra" : NULL;
}

static void check_place(struct check *c, struct network *w)
{
	const char *what = what_of(w);
	size_t off;

	if (!what || w->has_gateway || w->owner)
		return;
	off = what[1] == 'h' ? offsetof(struct network, dhcp) :
	      what[0] == 'r' ? offsetof(struct network, ra) :
	      offsetof(struct network, dns);
	if (!w->net4.ip.family && !w->net6.ip.family)
		check_fault(c, &w->n, &rec_network, off, "there is neither "
			    "`subnet:` nor `subnet6:`");
	else
		check_fault(c, &w->n, &rec_network, off, "this network has no "
			    "router of netd's that could serve it: its "
			    "gateway is %s", w->gateway ? w->gateway :
			    w->gateway6 ? w->gateway6 : "none");
}

static void check_joined(struct check *c, struct network *w)
{
	const char *why = arena_printf(c->a, "the network is joined with %s, "
				       "which speaks for both",
				       w->segment->n.name);

	IDLE(c, w, rec_network, dhcp, why);
	IDLE(c, w, rec_network, dns, why);
	IDLE(c, w, rec_network, ra, why);
}

/* --- who asks ----------------------------------------------------------- */

static bool asks(const struct list *l)
{
	const struct addrspec *s = l->items;
	uint32_t i;

	for (i = 0; i < l->n; i++)
		if (s[i].how == ADDR_DHCP)
			return true;
	return false;
}

static void check_asks(struct check *c, struct leg_spec *l, bool guest)
{
	struct network *w = l->net ? check_segment(l->net) : NULL;
	bool four = asks(&l->address), six = asks(&l->address6);

	if (!four && !six)
		return;
	if (!guest)
		report_error(c->report, l->n.pos, l->n.path, "`dhcp` is for "
			     "attachments: routers and nodes have the address "
			     "that is reserved for them anyway");
	else if (w && !on_dhcp(w))
		report_error(c->report, l->n.pos, l->n.path, "an address by "
			     "DHCP needs `dhcp: true` in network %s",
			     w->n.name);
	else if (w && six && !(w->ra && w->ra->managed))
		report_error(c->report, l->n.pos, l->n.path, "an IPv6 address "
			     "by DHCP needs `ra: {managed: true}` in network "
			     "%s", w->n.name);
}

void check_asking(struct check *c, struct attachment *a)
{
	check_asks(c, &a->leg, true);
}

void check_services(struct check *c)
{
	list_for(struct network, w, &c->t->networks) {
		if (w->segment != w) {
			check_joined(c, w);
			continue;
		}
		check_place(c, w);
		if (on_dhcp(w))
			check_dhcp(c, w);
		if (on_dns(w))
			check_dns(c, w);
		if (on_ra(w))
			check_ra(c, w);
		check_length6(c, w);
	}
	list_for(struct attachment, a, &c->t->attachments)
		check_asking(c, a);
	list_for(struct router, h, &c->t->hosts)
		list_for(struct leg_spec, l, &h->legs)
			check_asks(c, l, false);
}

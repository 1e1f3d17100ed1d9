// service.c - DHCP, DNS and router advertisements: what is asked for, by whom
// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include "topo/resolve.h"

/* Smaller subnets have no addresses for strangers, unless `ranges:` says so. */
#define ROOM_MIN 8
/* So many are handed out at most, unless it does. */
#define RANGE_MAX 4096
/* IPv6: from ...:1:0 on, above what we number one by one */
#define RANGE6_FIRST 0x10000
#define RANGE6_LAST 0x1ffff

static bool wants_dhcp(const struct network *w)
{
	return w->dhcp && w->dhcp->on && !w->dhcp->server.s;
}

static bool wants_dns(const struct network *w)
{
	return w->dns && w->dns->on;
}

/*
 * Where a subnet6 has DHCP or DNS, hosts are to hear of it; one that asks for
 * neither shall not cost a process.
 */
static bool wants_ra(const struct network *w)
{
	if (w->ra)
		return w->ra->on;
	return wants_dhcp(w) || wants_dns(w);
}

static bool has_router(const struct network *w)
{
	return w->has_gateway || w->owner;
}

unsigned int network_serves(const struct network *w)
{
	unsigned int what = 0;

	if (w->segment != w || !has_router(w))
		return 0;
	if (wants_dhcp(w) && w->dhcp->relay.s)
		what |= SERVE_RELAY;
	else if (wants_dhcp(w) && w->net4.ip.family)
		what |= SERVE_DHCP;
	if (wants_dhcp(w) && !w->dhcp->relay.s && w->net6.ip.family)
		what |= SERVE_DHCP6;
	if (wants_dns(w))
		what |= SERVE_DNS;
	if (wants_ra(w) && w->net6.ip.family && (w->home6 || w->owner))
		what |= SERVE_RA;
	return what;
}

struct leg_spec *network_server(const struct network *w)
{
	return !w->owner ? NULL :
	       w->via4 && w->via4->at == w->owner ? w->via4 : w->via6;
}

bool attachment_serves(const struct attachment *a)
{
	const struct network *w = a->leg.net;

	if (w && w->segment)
		w = w->segment;
	return w && w->dhcp && w->dhcp->on && w->dhcp->server.s &&
	       !strcmp(w->dhcp->server.s, a->leg.n.name);
}

const char *network_domain(const struct topology *t, const struct network *w,
			   struct arena *a)
{
	if (w->dns && w->dns->domain)
		return w->dns->domain;
	return arena_printf(a, "%s.%s", w->n.name, t->name);
}

/* --- what is handed out ------------------------------------------------- */

/* The upper half of the subnet. */
static bool usual4(const struct prefix *net, struct iprange *r)
{
	uint64_t size = net->len ? 1ull << (32 - net->len) : 1ull << 32;
	uint64_t n = size / 2 < RANGE_MAX ? size / 2 : RANGE_MAX;
	struct ip first = prefix_first(net);

	if (size < ROOM_MIN)
		return false;
	r->lo = ip_add(&first, size - n);
	r->hi = ip_add(&first, size - 2);
	return true;
}

static bool usual6(const struct prefix *net, struct iprange *r)
{
	struct ip first = prefix_first(net);

	if (net->len > 104)
		return false;
	r->lo = ip_add(&first, RANGE6_FIRST);
	r->hi = ip_add(&first, RANGE6_LAST);
	return true;
}

static void add_usual(struct network *w, struct iprange *v, bool six)
{
	const struct iprange *r = w->dhcp->ranges.items;
	const struct prefix *net = six ? &w->net6 : &w->net4;
	uint32_t i;

	if (!net->ip.family || WROTE(w->dhcp, rec_dhcp, ranges)) {
		for (i = 0; i < w->dhcp->ranges.n; i++)
			if (r[i].lo.family == (six ? 6 : 4))
				v[w->leased.n++] = r[i];
		return;
	}
	if (six ? usual6(net, &v[w->leased.n]) : usual4(net, &v[w->leased.n]))
		w->leased.n++;
}

void services_resolve(struct resolver *r)
{
	list_for(struct network, w, &r->t->networks) {
		struct iprange *v;

		w->leased = (struct list){ NULL, 0 };
		if (w->segment != w || !w->dhcp || !w->dhcp->on)
			continue;
		v = arena_alloc(r->a, (w->dhcp->ranges.n + 2) * sizeof(*v));
		w->leased.items = v;
		if (wants_dhcp(w) && !w->dhcp->relay.s) {
			add_usual(w, v, false);
			add_usual(w, v, true);
		} else {
			/* others hand them out */
			w->leased.n = w->dhcp->ranges.n;
			if (w->leased.n)
				memcpy(v, w->dhcp->ranges.items,
				       w->leased.n * sizeof(*v));
		}
	}
}

const struct iprange *leased_range(const struct list *leased,
				   const struct ip *ip)
{
	const struct iprange *r = leased ? leased->items : NULL;
	uint32_t i;

	for (i = 0; r && i < leased->n; i++)
		if (r[i].lo.family == ip->family && ip_cmp(&r[i].lo, ip) <= 0 &&
		    ip_cmp(ip, &r[i].hi) <= 0)
			return &r[i];
	return NULL;
}

const char *topo_fact(const struct state *found, const char *name,
		      const char *otherwise)
{
	const struct fact *f = NULL;

	if (found && found->sorted)
		f = (struct fact *)state_find(found, KIND_FACT, "", name);
	return f && f->value && *f->value ? f->value : otherwise;
}

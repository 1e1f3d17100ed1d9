// resolve_routing.c - how routers learn their routes, and who they are in it
// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include "topo/resolve.h"

static const struct {
	const char *word;
	uint8_t how;
} words[] = {
	{ "static", ROUTING_STATIC }, { "ospf", ROUTING_OSPF },
	{ "bgp", ROUTING_BGP }, { "none", 0 },
};

bool router_computed(const struct router *w)
{
	return w->how & ROUTING_STATIC;
}

bool router_speaks(const struct router *w)
{
	return w->how & (ROUTING_OSPF | ROUTING_BGP);
}

static uint8_t how_of(const struct list *l)
{
	const struct word *v = l->items;
	uint8_t how = 0;
	unsigned int k;
	uint32_t i;

	for (i = 0; i < l->n; i++)
		for (k = 0; k < sizeof(words) / sizeof(*words); k++)
			if (v[i].s && !strcmp(v[i].s, words[k].word))
				how |= words[k].how;
	return how;
}

/* The addresses that are written; others are chosen with the subnets. */
static void written_loopbacks(struct router *w)
{
	const struct addrspec *s = w->loopback.items;
	uint32_t i;

	w->lo4 = w->lo6 = (struct prefix){ .len = 0 };
	for (i = 0; i < w->loopback.n; i++) {
		if (s[i].how != ADDR_FIXED)
			continue;
		if (s[i].p.ip.family == 6)
			w->lo6 = s[i].p;
		else
			w->lo4 = s[i].p;
	}
}

bool routing_wants_loopback(const struct router *w, bool six)
{
	const struct addrspec *s = w->loopback.items;
	uint32_t i;

	if (six ? w->lo6.ip.family : w->lo4.ip.family)
		return false;
	for (i = 0; i < w->loopback.n; i++)
		if (s[i].how == ADDR_AUTO)
			return true;
	return !w->loopback.n && router_speaks(w);
}

void routing_resolve(struct resolver *r)
{
	struct topology *t = r->t;
	uint8_t all = t->routing.n ? how_of(&t->routing) : ROUTING_STATIC;

	list_for(struct router, w, &t->routers) {
		w->how = w->routing.n ? how_of(&w->routing) : all;
		w->as = w->bgp && WROTE(w->bgp, rec_bgp, as) ? w->bgp->as :
			t->bgp ? t->bgp->as : 0;
		w->vty = NULL;
		written_loopbacks(w);
	}
}

static struct ip first_address(const struct router *w)
{
	struct ip ip = { .family = 0 };

	list_for(struct leg_spec, l, &w->legs) {
		ip = leg_ip(l, 4);
		if (ip.family)
			break;
	}
	return ip;
}

/* One that has no IPv4 address at all is known by its place in the file. */
void routing_ids(struct resolver *r)
{
	uint32_t n = 0;

	list_for(struct router, w, &r->t->routers) {
		n++;
		w->id = w->router_id.family ? w->router_id :
			w->lo4.ip.family ? w->lo4.ip : first_address(w);
		if (w->id.family)
			continue;
		w->id = (struct ip){ .family = 4 };
		w->id.b[2] = n >> 8;
		w->id.b[3] = n;
	}
}

// resolve_gateway.c - who routes for a network
// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include "topo/resolve.h"

/*
 * The gateway of a segment is its first named router; else the home router,
 * if anything needs one; what is written wins.
 */

static bool none(const char *gateway)
{
	return gateway && !strcmp(gateway, "none");
}

/* --- what needs a router ----------------------------------------------- */

/* has_gateway says "is asked for" until gateways_resolve() decides. */
static void ask(struct network *w)
{
	if (w)
		w->segment->has_gateway = true;
}

static void ask_network(struct topology *t, const struct end *e)
{
	ask(e->what);
}

static void ask_attachment(struct topology *t, const struct end *e)
{
	ask(((struct attachment *)e->what)->leg.net);
}

static void ask_host(struct topology *t, const struct end *e)
{
	list_for(struct leg_spec, l, &((struct router *)e->what)->legs)
		ask(l->net);
}

static void ask_address(struct topology *t, const struct end *e)
{
	ask(topo_network_with(t, &e->p));
}

/* What is outside, or the host itself, asks for nothing. */
static void (*const ask_end[])(struct topology *, const struct end *) = {
	[END_NETWORK] = ask_network, [END_ATTACHMENT] = ask_attachment,
	[END_NODE] = ask_host, [END_ROUTER] = ask_host,
	[END_ADDRESS] = ask_address, [END_ANY] = NULL,
};

static void ask_ends(struct topology *t, const struct end *e, uint32_t n,
		     bool *any)
{
	uint32_t i;

	for (i = 0; i < n; i++) {
		if (e[i].kind == END_ANY)
			*any = true;
		if (ask_end[e[i].kind])
			ask_end[e[i].kind](t, &e[i]);
	}
}

static void ask_words(struct topology *t, const struct word *w)
{
	struct prefix p;
	struct named *m;

	if (!w->s)
		return;
	if (!prefix_read(w->s, &p)) {
		ask(topo_network_with(t, &p));
		return;
	}
	m = name_find(t, w->s);
	if (m && m->kind == NAME_ATTACHMENT)
		ask(((struct attachment *)m->what)->leg.net);
	if (m && m->kind == NAME_NODE)
		list_for(struct leg_spec, l, &((struct router *)m->what)->legs)
			ask(l->net);
}

static bool asks_itself(const struct network *w)
{
	return w->mode != MODE_ISOLATED || w->mode6 != MODE_ISOLATED ||
	       (w->dhcp && w->dhcp->on && !w->dhcp->server.s) ||
	       (w->dns && w->dns->on) || (w->ra && w->ra->on) ||
	       w->services.n || w->routes.n || w->addresses.n || w->snat ||
	       (WROTE(w, rec_network, gateway) && !none(w->gateway)) ||
	       (WROTE(w, rec_network, gateway6) && !none(w->gateway6));
}

static void ask_all(struct topology *t)
{
	bool any = false;

	list_for(struct network, w, &t->networks)
		if (asks_itself(w))
			ask(w);
	list_for(struct policy, p, &t->policies) {
		ask_ends(t, p->from_ends, p->nfrom, &any);
		ask_ends(t, p->to_ends, p->nto, &any);
	}
	list_for(struct forward, f, &t->forwarded)
		ask_words(t, &f->target);
	list_for(struct one2one, o, &t->one2one)
		ask_words(t, &o->internal);
	list_for(struct network, w, &t->networks)
		if (any)
			ask(w);
}

/* --- who it is --------------------------------------------------------- */

static bool is_border(const struct router *w, const struct leg_spec *l)
{
	return w->nat && !strcmp(w->nat, l->net->n.name);
}

static void find_owners(struct topology *t)
{
	list_for(struct router, w, &t->routers) {
		list_for(struct leg_spec, l, &w->legs) {
			struct network *seg = l->net ? l->net->segment : NULL;

			/* towards X of `nat: X` it is a guest */
			if (!seg || seg->owner || is_border(w, l))
				continue;
			seg->owner = w;
			seg->via4 = seg->via6 = l;
		}
	}
}

/* Whose address is written, by segment: who has it may be the gateway. */
static size_t key_of(char *key, const struct network *seg,
		     const struct ip *ip)
{
	key[0] = 'w';
	memcpy(key + 1, &seg, sizeof(seg));
	memcpy(key + 1 + sizeof(seg), ip, sizeof(*ip));
	return 1 + sizeof(seg) + sizeof(*ip);
}

static void note_written(struct resolver *r, struct leg_spec *l)
{
	const struct list *lists[] = { &l->address, &l->address6 };
	char key[64];
	unsigned int i;
	uint32_t k;

	for (i = 0; i < 2 && l->net; i++) {
		const struct addrspec *s = lists[i]->items;

		for (k = 0; k < lists[i]->n; k++)
			if (s[k].how == ADDR_FIXED)
				index_put(r->x, key,
					  key_of(key, l->net->segment,
						 &s[k].p.ip), l);
	}
}

static void note_all(struct resolver *r)
{
	list_for(struct router, w, &r->t->hosts)
		list_for(struct leg_spec, l, &w->legs)
			note_written(r, l);
	list_for(struct attachment, a, &r->t->attachments)
		note_written(r, &a->leg);
}

static struct leg_spec *who_wrote(struct resolver *r,
				  const struct network *seg,
				  const struct ip *ip)
{
	char key[64];

	return index_get(r->x, key, key_of(key, seg, ip));
}

static struct leg_spec *leg_in(struct named *m, const struct network *seg)
{
	struct attachment *a = m->what;
	struct router *w = m->what;

	if (m->kind == NAME_ATTACHMENT)
		return a->leg.net && a->leg.net->segment == seg ? &a->leg :
		       NULL;
	if (m->kind != NAME_ROUTER && m->kind != NAME_NODE)
		return NULL;
	list_for(struct leg_spec, l, &w->legs)
		if (l->net && l->net->segment == seg)
			return l;
	return NULL;
}

/* One family's gateway, as it is written: WORD; the default is in *VIA. */
static void decide(struct resolver *r, struct network *w, const char *word,
		   struct leg_spec **via, bool *home, struct pos pos)
{
	struct named *m;
	struct leg_spec *l;
	struct ip ip;

	*home = !*via && w->has_gateway;
	if (!word)
		return;
	if (none(word)) {
		*via = NULL;
		*home = false;
		return;
	}
	if (!ip_read(word, &ip)) {
		l = who_wrote(r, w, &ip);
		if (l) {
			*via = l;
			*home = false;
		}
		return;
	}
	m = name_find(r->t, word);
	l = m ? leg_in(m, w) : NULL;
	*via = l;
	*home = false;
	if (!m)
		name_unknown(r, pos, w->n.path, "a gateway", word);
	else if (!l)
		report_error(r->report, pos, w->n.path, "expected a gateway "
			     "in %s, found %s, which has no leg there",
			     w->n.name, word);
}

static void decide_both(struct resolver *r, struct network *w)
{
	const char *g4 = w->gateway, *g6 = w->gateway6;
	struct ip ip;

	/* a name or `none` is meant for both families */
	if (!g6 && g4 && ip_read(g4, &ip))
		g6 = g4;
	if (!g4 && g6 && ip_read(g6, &ip) && !none(g6))
		g4 = g6;
	decide(r, w, g4, &w->via4, &w->home4, PLACE(w, rec_network, gateway));
	/* one word that is wrong is one error */
	if (g4 == g6 && g4 && ip_read(g4, &ip)) {
		w->via6 = w->via4;
		w->home6 = w->home4;
	} else {
		decide(r, w, g6, &w->via6, &w->home6,
		       PLACE(w, rec_network, gateway6));
	}
	w->home4 = w->home4 && w->net4.ip.family;
	w->home6 = w->home6 && w->net6.ip.family;
	w->has_gateway = w->home4 || w->home6;
	w->owner = w->via4 && w->via4->at && !w->via4->at->node ?
		   w->via4->at : w->via6 && w->via6->at &&
		   !w->via6->at->node ? w->via6->at : NULL;
}

void gateways_resolve(struct resolver *r)
{
	struct topology *t = r->t;

	find_owners(t);
	ask_all(t);
	note_all(r);
	list_for(struct network, w, &t->networks)
		if (w->segment == w)
			decide_both(r, w);
	list_for(struct network, w, &t->networks)
		w->owner = w->segment->owner;
}

/* --- after the addresses ----------------------------------------------- */

struct ip leg_ip(const struct leg_spec *l, uint8_t family)
{
	const struct prefix *p = l->ips.items;
	uint32_t i;

	for (i = 0; i < l->ips.n; i++)
		if (p[i].ip.family == family)
			return p[i].ip;
	return (struct ip){ .family = 0 };
}

static struct ip way_of(struct router *w, struct leg_spec *l, uint8_t family)
{
	const char *word = family == 4 ? l->gateway : l->gateway6;
	struct ip ip = { .family = 0 };
	struct network *seg;
	struct leg_spec *other;

	if (none(word) || !leg_ip(l, family).family)
		return ip;
	if (word && !ip_read(word, &ip))
		return ip;
	if (l->link) {
		other = link_other(l);
		return other->at && !other->at->node ? leg_ip(other, family) :
		       ip;
	}
	seg = l->net->segment;
	other = family == 4 ? seg->via4 : seg->via6;
	if (other && other->at == w)
		return ip;
	return family == 4 ? seg->gw4 : seg->gw6;
}

/* A node's default routes go by its first leg that has a gateway. */
static void set_ways(struct router *w)
{
	bool have4 = false, have6 = false;

	list_for(struct leg_spec, l, &w->legs) {
		l->way4 = l->way6 = (struct ip){ .family = 0 };
		if (!have4)
			l->way4 = way_of(w, l, 4);
		if (!have6)
			l->way6 = way_of(w, l, 6);
		have4 |= l->way4.family != 0;
		have6 |= l->way6.family != 0;
	}
}

void gateways_addresses(struct resolver *r)
{
	struct topology *t = r->t;

	list_for(struct network, w, &t->networks) {
		if (w->via4)
			w->gw4 = leg_ip(w->via4, 4);
		if (w->via6)
			w->gw6 = leg_ip(w->via6, 6);
	}
	list_for(struct router, w, &t->hosts)
		if (w->node)
			set_ways(w);
}

bool topo_subnets(const struct topology *t, const char *network,
		  struct topo_subnets *out)
{
	const struct network *w = topo_network(t, network);

	if (!w)
		return false;
	w = w->segment;
	*out = (struct topo_subnets){
		.net4 = w->net4, .net6 = w->net6,
		.gw4 = w->gw4, .gw6 = w->gw6,
	};
	return true;
}

// frr_bgp.c - the configuration of bgpd: who is told what
// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include "topo/expand.h"
#include "topo/frr.h"
#include "topo/resolve.h"

/*
 * eBGP on every link and shared network between different ASes; iBGP between
 * the loopbacks of one AS where OSPF leads to them, else where two meet.  A
 * session carries the family that it is made of.
 */
struct peer {
	struct ip ip;
	const struct router *at;
	bool inside;		/* iBGP */
	bool loopback;
};

struct peers {
	struct peer v[1024];
	uint32_t n;
};

bool bgp_wanted(const struct router *w)
{
	return w->how & ROUTING_BGP;
}

static bool knows(const struct peers *p, const struct ip *ip)
{
	uint32_t i;

	for (i = 0; i < p->n; i++)
		if (!ip_cmp(&p->v[i].ip, ip))
			return true;
	return false;
}

static void add(struct peers *p, const struct router *w,
		const struct router *o, const struct ip *ip, bool loopback)
{
	if (!ip->family || knows(p, ip) ||
	    p->n == sizeof(p->v) / sizeof(*p->v))
		return;
	p->v[p->n++] = (struct peer){ *ip, o, w->as == o->as, loopback };
}

static bool by_loopback(const struct router *w, const struct router *o)
{
	return w->as == o->as && w->how & o->how & ROUTING_OSPF &&
	       (w->lo4.ip.family || w->lo6.ip.family);
}

static bool reflects(const struct router *w)
{
	return w->bgp && w->bgp->reflector;
}

static bool as_reflects(const struct topology *t, uint32_t as)
{
	list_for(struct router, w, &t->routers)
		if (bgp_wanted(w) && w->as == as && reflects(w))
			return true;
	return false;
}

/* Clients of a reflector need not know each other. */
static bool meet_inside(const struct topology *t, const struct router *w,
			const struct router *o)
{
	return reflects(w) || reflects(o) || !as_reflects(t, w->as);
}

static void meet_at(const struct meetings *m, struct peers *p,
		    const struct leg_spec *l)
{
	uint32_t i, n;
	const struct meeting *v = meetings_at(m, l, &n);

	for (i = 0; i < n; i++) {
		struct leg_spec *o = v[i].leg;
		struct ip four = leg_ip(o, 4), six = leg_ip(o, 6);

		if (o->at == l->at || !bgp_wanted(o->at) ||
		    o == o->at->border || by_loopback(l->at, o->at))
			continue;
		if (l->at->as == o->at->as &&
		    !meet_inside(m->t, l->at, o->at))
			continue;
		if (leg_has(l, 4))
			add(p, l->at, o->at, &four, false);
		if (leg_has(l, 6))
			add(p, l->at, o->at, &six, false);
	}
}

static void find_peers(const struct meetings *m, struct peers *p,
		       const struct router *w)
{
	list_for(struct leg_spec, l, &w->legs)
		if (l != w->border)
			meet_at(m, p, l);
	list_for(struct router, o, &m->t->routers) {
		if (o == w || !bgp_wanted(o) || !by_loopback(w, o) ||
		    !meet_inside(m->t, w, o))
			continue;
		if (w->lo4.ip.family)
			add(p, w, o, &o->lo4.ip, true);
		if (w->lo6.ip.family)
			add(p, w, o, &o->lo6.ip, true);
	}
}

static void session(const struct meetings *m, const struct peer *p,
		    struct buf *out)
{
	char ip[46];

	ip_text(&p->ip, ip);
	buf_printf(out, " neighbor %s remote-as %u\n"
		   " neighbor %s description %s\n", ip, p->at->as, ip,
		   p->at->n.name);
	if (p->loopback)
		buf_printf(out, " neighbor %s update-source lo\n", ip);
	if (m->t->timers == TIMERS_FAST)
		buf_printf(out, " neighbor %s timers 1 3\n"
			   " neighbor %s timers connect 1\n"
			   " neighbor %s advertisement-interval 0\n", ip, ip,
			   ip);
}

static void announce(const struct router *w, uint8_t family,
		     struct buf *out)
{
	const struct prefix *lo = family == 6 ? &w->lo6 : &w->lo4;
	const struct prefix *p = w->bgp ? w->bgp->announce.items : NULL;
	uint32_t i, n = p ? w->bgp->announce.n : 0;
	char text[50];

	for (i = 0; i < n; i++)
		if (p[i].ip.family == family)
			buf_printf(out, "  network %s\n",
				   prefix_text(&p[i], text));
	if (n)
		return;
	if (lo->ip.family)
		buf_printf(out, "  network %s\n", prefix_text(lo, text));
	list_for(struct leg_spec, l, &w->legs) {
		const struct prefix *net = frr_net(l, family);

		if (l != w->border && leg_has(l, family) && net->ip.family)
			buf_printf(out, "  network %s\n",
				   prefix_text(net, text));
	}
}

static void activate(const struct router *w, const struct peer *p,
		     struct buf *out)
{
	char ip[46];

	ip_text(&p->ip, ip);
	buf_printf(out, "  neighbor %s activate\n", ip);
	if (p->inside)
		buf_printf(out, "  neighbor %s next-hop-self\n", ip);
	if (p->inside && reflects(w) && !reflects(p->at))
		buf_printf(out, "  neighbor %s route-reflector-client\n", ip);
	if (w->nat)
		buf_printf(out, "  neighbor %s default-originate\n", ip);
}

static void tell_family(const struct router *w, const struct peers *p,
			uint8_t family, struct buf *out)
{
	uint32_t i;

	buf_printf(out, " address-family ipv%u unicast\n", family);
	announce(w, family, out);
	for (i = 0; i < p->n; i++)
		if (p->v[i].ip.family == family)
			activate(w, &p->v[i], out);
	buf_str(out, " exit-address-family\n");
}

void bgp_render(const struct meetings *m, struct router *w, struct buf *out)
{
	static struct peers p;
	char text[46];
	uint32_t i;

	p.n = 0;
	find_peers(m, &p, w);
	buf_printf(out, "hostname %s\nrouter bgp %u\n bgp router-id %s\n"
		   " no bgp ebgp-requires-policy\n"
		   " no bgp default ipv4-unicast\n"
		   " no bgp network import-check\n"
		   " bgp bestpath as-path multipath-relax\n", w->n.name,
		   w->as, ip_text(&w->id, text));
	for (i = 0; i < p.n; i++)
		session(m, &p.v[i], out);
	if (frr_has_family(w, 4))
		tell_family(w, &p, 4, out);
	if (frr_has_family(w, 6))
		tell_family(w, &p, 6, out);
	buf_str(out, "exit\n");
}

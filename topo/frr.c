// frr.c - the configurations of zebra, ospfd and ospf6d, and who meets whom
// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdlib.h>
#include <string.h>

#include "topo/expand.h"
#include "topo/frr.h"

/* --- who meets whom -------------------------------------------------------- */

static const void *place_of(const struct leg_spec *l)
{
	return l->link ? (const void *)l->link : l->net->segment;
}

static int by_place(const void *a, const void *b)
{
	const struct meeting *x = a, *y = b;

	if (x->place != y->place)
		return x->place < y->place ? -1 : 1;
	return x->number < y->number ? -1 : x->number > y->number;
}

struct meetings meetings_of(struct topology *t, struct arena *a)
{
	struct meetings m = { .t = t };
	uint32_t n = 0;

	list_for(struct router, w, &t->routers)
		n += w->legs.n;
	m.v = arena_alloc(a, (n + 1) * sizeof(*m.v));
	list_for(struct router, w, &t->routers)
		list_for(struct leg_spec, l, &w->legs) {
			m.v[m.n] = (struct meeting){ place_of(l), m.n, l };
			m.n++;
		}
	qsort(m.v, m.n, sizeof(*m.v), by_place);
	return m;
}

const struct meeting *meetings_at(const struct meetings *m,
				  const struct leg_spec *leg, uint32_t *n)
{
	struct meeting key = { .place = place_of(leg) };
	uint32_t lo = 0, hi = m->n, mid;

	while (lo < hi) {
		mid = lo + (hi - lo) / 2;
		if (by_place(&m->v[mid], &key) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	for (*n = 0; lo + *n < m->n && m->v[lo + *n].place == key.place; )
		++*n;
	return &m->v[lo];
}

const struct prefix *frr_net(const struct leg_spec *l, uint8_t family)
{
	if (l->link)
		return family == 6 ? &l->link->net6 : &l->link->net4;
	return family == 6 ? &l->net->segment->net6 : &l->net->segment->net4;
}

bool frr_has_family(const struct router *w, uint8_t family)
{
	list_for(struct leg_spec, l, &w->legs)
		if (l != w->border && leg_has(l, family))
			return true;
	return family == 6 ? w->lo6.ip.family : w->lo4.ip.family;
}

/* --- zebra ------------------------------------------------------------------- */

static bool zebra_wanted(const struct router *w)
{
	return router_speaks(w);
}

static void head(const struct router *w, struct buf *out)
{
	buf_printf(out, "hostname %s\n", w->n.name);
}

static void zebra_render(const struct meetings *m, struct router *w,
			 struct buf *out)
{
	char text[46];

	head(w, out);
	buf_printf(out, "ip router-id %s\n", ip_text(&w->id, text));
}

/* --- OSPF -------------------------------------------------------------------- */

/* The words of its two versions. */
struct version {
	const char *process, *id, *on, *lsa_all;
	uint8_t family;
};

static const struct version versions[] = {
	{ "ospf", "ospf router-id", "ip ospf", " timers throttle lsa all 100\n",
	  4 },
	{ "ospf6", "ospf6 router-id", "ipv6 ospf6", "", 6 },
};

/* What is written nearest to the leg. */
static const struct ospf *wrote(const struct meetings *m,
				const struct leg_spec *l, size_t member)
{
	const struct ospf *all[] = {
		l->ospf, l->link ? l->link->ospf : l->net->segment->ospf,
		l->at->ospf, m->t->ospf,
	};
	unsigned int i;

	for (i = 0; i < sizeof(all) / sizeof(*all); i++)
		if (all[i] && node_has(&all[i]->n, &rec_ospf, member))
			return all[i];
	return NULL;
}

static uint32_t area_of(const struct meetings *m, const struct leg_spec *l)
{
	const struct ospf *o = wrote(m, l, offsetof(struct ospf, area));

	return o ? o->area : 0;
}

static uint32_t cost_of(const struct meetings *m, const struct leg_spec *l)
{
	const struct ospf *o = wrote(m, l, offsetof(struct ospf, cost));

	return l->cost ? l->cost : l->link && l->link->cost ? l->link->cost :
	       o ? o->cost : 0;
}

/* Another AS is told by BGP, and by nothing else. */
static bool is_foreign(const struct router *w, const struct router *o)
{
	return w->how & o->how & ROUTING_BGP && w->as != o->as;
}

static bool speaks_here(const struct meetings *m, const struct leg_spec *l)
{
	uint32_t i, n;
	const struct meeting *v = meetings_at(m, l, &n);

	for (i = 0; i < n; i++)
		if (is_foreign(l->at, v[i].leg->at))
			return false;
	return true;
}

static bool is_passive(const struct meetings *m, const struct leg_spec *l)
{
	const struct ospf *o = wrote(m, l, offsetof(struct ospf, passive));
	uint32_t i, n, others = 0;
	const struct meeting *v = meetings_at(m, l, &n);

	for (i = 0; i < n; i++)
		others += v[i].leg->at != l->at &&
			  v[i].leg->at->how & ROUTING_OSPF;
	return o ? o->passive : !others;
}

static void ospf_interface(const struct meetings *m, const struct version *v,
			   const struct leg_spec *l, struct buf *out)
{
	uint32_t cost = cost_of(m, l);

	buf_printf(out, "interface %s\n %s area %u\n", l->kname, v->on,
		   area_of(m, l));
	if (cost)
		buf_printf(out, " %s cost %u\n", v->on, cost);
	if (is_passive(m, l)) {
		buf_printf(out, " %s passive\nexit\n", v->on);
		return;
	}
	/* 40 seconds of waiting for a designated router look broken */
	if (m->t->timers == TIMERS_FAST)
		buf_printf(out, " %s dead-interval 4\n %s hello-interval 1\n",
			   v->on, v->on);
	if (l->link)
		buf_printf(out, " %s network point-to-point\n", v->on);
	buf_str(out, "exit\n");
}

static void ospf_loopback(const struct meetings *m, const struct version *v,
			  const struct router *w, struct buf *out)
{
	const struct prefix *lo = v->family == 6 ? &w->lo6 : &w->lo4;
	const struct ospf *o = w->ospf ? w->ospf : m->t->ospf;

	if (lo->ip.family)
		buf_printf(out, "interface lo\n %s area %u\n %s passive\n"
			   "exit\n", v->on, o ? o->area : 0, v->on);
}

/* The timers come before the interfaces, or the first run takes 5 s more. */
static void ospf(const struct meetings *m, const struct version *v,
		 struct router *w, struct buf *out)
{
	char text[46];

	head(w, out);
	buf_printf(out, "router %s\n %s %s\n", v->process, v->id,
		   ip_text(&w->id, text));
	if (m->t->timers == TIMERS_FAST)
		buf_printf(out, " timers throttle spf 0 50 500\n%s"
			   " timers lsa min-arrival 50\n", v->lsa_all);
	if (w->nat)
		buf_str(out, " default-information originate always\n");
	buf_str(out, "exit\n");
	list_for(struct leg_spec, l, &w->legs)
		if (l != w->border && leg_has(l, v->family) &&
		    speaks_here(m, l))
			ospf_interface(m, v, l, out);
	ospf_loopback(m, v, w, out);
}

static bool ospf4_wanted(const struct router *w)
{
	return w->how & ROUTING_OSPF && frr_has_family(w, 4);
}

static void ospf4_render(const struct meetings *m, struct router *w,
			 struct buf *out)
{
	ospf(m, &versions[0], w, out);
}

static bool ospf6_wanted(const struct router *w)
{
	return w->how & ROUTING_OSPF && frr_has_family(w, 6);
}

static void ospf6_render(const struct meetings *m, struct router *w,
			 struct buf *out)
{
	ospf(m, &versions[1], w, out);
}

static const struct frr_daemon daemons[] = {
	{ "zebra", zebra_wanted, zebra_render },
	{ "ospfd", ospf4_wanted, ospf4_render },
	{ "ospf6d", ospf6_wanted, ospf6_render },
	{ "bgpd", bgp_wanted, bgp_render },
};

const struct frr_daemon *frr_daemon(unsigned int i)
{
	return i < sizeof(daemons) / sizeof(*daemons) ? &daemons[i] : NULL;
}

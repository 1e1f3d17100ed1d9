// check_segment.c - networks that links join to one segment, and their ports
// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdlib.h>
#include <string.h>

#include "topo/check.h"

/* A network, what a loop may run over (union-find), and its ports. */
struct member {
	const struct network *net;
	uint32_t up;		/* towards the head of what has no stp */
	uint32_t ports;
};

struct members {
	struct member *v;
	uint32_t n;
};

static int by_net(const void *x, const void *y)
{
	const struct member *a = x, *b = y;

	return a->net < b->net ? -1 : a->net > b->net;
}

static struct members collect(struct topology *t)
{
	struct members m = { .n = 0 };
	uint32_t i;

	m.v = calloc(t->networks.n + 1, sizeof(*m.v));
	if (!m.v)
		abort();
	list_for(struct network, w, &t->networks)
		m.v[m.n++].net = w;
	qsort(m.v, m.n, sizeof(*m.v), by_net);
	for (i = 0; i < m.n; i++)
		m.v[i].up = i;
	return m;
}

static struct member *find(const struct members *m, const struct network *w)
{
	struct member key = { .net = w };

	return w ? bsearch(&key, m->v, m->n, sizeof(key), by_net) : NULL;
}

/* The head, with the way there halved each time. */
static uint32_t head(const struct members *m, uint32_t i)
{
	while (m->v[i].up != i)
		i = m->v[i].up = m->v[m->v[i].up].up;
	return i;
}

/* One bridge that speaks STP in a loop is enough to cut it. */
static void join_loop(struct check *c, const struct members *m,
		      struct member *a, struct member *b, struct tlink *l)
{
	void (*say)(struct report *, struct pos, const char *, const char *,
		    ...) = c->loops ? report_warning : report_error;
	uint32_t x, y;

	if ((a->net->stp && a->net->stp->on) ||
	    (b->net->stp && b->net->stp->on))
		return;
	x = head(m, a - m->v);
	y = head(m, b - m->v);
	if (x == y)
		say(c->report, l->n.pos, l->n.path, "makes a loop from %s to "
		    "%s, in which frames run for ever: write `stp: true` in "
		    "one of its networks", a->net->n.name, b->net->n.name);
	m->v[x].up = y;
}

static void join(struct check *c, const struct members *m, struct tlink *l)
{
	struct member *a, *b;

	if (!l->a || !l->b || l->a->at || l->b->at)
		return;
	a = find(m, l->a->net);
	b = find(m, l->b->net);
	if (!a || !b || a == b)
		return;
	if (OWN(l, rec_link, subnet) || OWN(l, rec_link, subnet6))
		report_error(c->report, l->n.pos, l->n.path, "a subnet has no "
			     "effect here: a link joins two networks to one");
	IDLE(c, l, rec_link, cost, "nothing is routed between two networks "
	     "that a link joins to one");
	join_loop(c, m, a, b, l);
}

/* A link between a router or node and a network is a leg there. */
static void check_leg_link(struct check *c, struct tlink *l,
			   struct network *w)
{
	static const char why[] = "the link is a leg in a network, which has "
				  "a subnet and an MTU";
	uint32_t mtu = check_segment(w)->mtu ? check_segment(w)->mtu : 1500;

	if (OWN(l, rec_link, mtu) && l->mtu > mtu)
		FAULT(c, l, rec_link, mtu, "expected at most %u, the MTU of "
		      "%s%s, found %u", mtu, w->n.name,
		      check_where(c, PLACE(w, rec_network, mtu)), l->mtu);
	else
		IDLE(c, l, rec_link, mtu, why);
	IDLE(c, l, rec_link, subnet, why);
	IDLE(c, l, rec_link, subnet6, why);
}

static void check_between(struct check *c, const struct members *m,
			  struct tlink *l)
{
	if (!l->a || !l->b)
		return;
	if (l->a->at && !l->b->at && l->b->net)
		check_leg_link(c, l, l->b->net);
	else if (l->b->at && !l->a->at && l->a->net)
		check_leg_link(c, l, l->a->net);
	else if (l->a->at && l->b->at && WROTE(l, rec_link, mtu) &&
		 l->mtu < 1280 && l->net6.ip.family &&
		 !WROTE(l, rec_link, subnet6))
		FAULT(c, l, rec_link, mtu, "expected at least 1280, which the "
		      "IPv6 of this link needs, found %u", l->mtu);
	else
		join(c, m, l);
}

static void check_joins(struct check *c, const struct members *m)
{
	list_for(struct tlink, l, &c->t->links)
		check_between(c, m, l);
}

static void count(const struct members *m, const struct network *w)
{
	struct member *v = find(m, w);

	if (v)
		v->ports++;
}

/* BR_MAX_PORTS less one; the kernel says "exchange full" (EXFULL) */
#define MAX_PORTS 1023

static void check_ports(struct check *c, const struct members *m)
{
	uint32_t i;

	list_for(struct attachment, a, &c->t->attachments)
		if (a->type != ATT_RESERVED)
			count(m, a->leg.net);
	list_for(struct router, h, &c->t->hosts)
		list_for(struct leg_spec, l, &h->legs)
			count(m, l->net);
	list_for(struct tlink, l, &c->t->links) {
		if (l->a && !l->a->at)
			count(m, l->a->net);
		if (l->b && !l->b->at)
			count(m, l->b->net);
	}
	for (i = 0; i < m->n; i++)
		if (m->v[i].ports > MAX_PORTS)
			report_error(c->report, m->v[i].net->n.pos,
				     m->v[i].net->n.path, "expected at most "
				     "%u ports, which is all a bridge takes, "
				     "found %u", MAX_PORTS, m->v[i].ports);
}

void check_loops(struct check *c)
{
	struct members m = collect(c->t);

	check_joins(c, &m);
	check_ports(c, &m);
	free(m.v);
}

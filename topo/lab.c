// lab.c - what `checks:` and `solution:` come to: who asks whom, and where
// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include "topo/lab.h"

#define WITHIN_MS 5000		/* unless it is written */

struct lab {
	const struct topology *t;
	struct arena *a;
};

bool lab_is_place(const struct named *m)
{
	return m->kind == NAME_ROUTER || m->kind == NAME_NODE ||
	       m->kind == NAME_COPIES;
}

const char *lab_kind(const struct tcheck *k, unsigned int *n)
{
	const struct {
		const char *kind;
		bool is;
	} all[] = {
		{ "route", k->route.ip.family }, { "neighbor", k->neighbor.s },
		{ "name", k->answer.n }, { "lease", k->lease.s },
		{ "run", k->run }, { "path", k->path.n },
		/* a path leads to something, too */
		{ "to", k->to.s && !k->path.n },
	};
	const char *kind = NULL;
	unsigned int i;

	*n = 0;
	for (i = 0; i < sizeof(all) / sizeof(*all); i++) {
		if (!all[i].is)
			continue;
		kind = all[i].kind;
		++*n;
	}
	return kind;
}

/* --- places ----------------------------------------------------------- */

static void push(struct lab *l, struct list *to, const void *item, size_t size)
{
	char *more = arena_alloc(l->a, (to->n + 1) * size);

	if (to->n)
		memcpy(more, to->items, to->n * size);
	memcpy(more + to->n++ * size, item, size);
	to->items = more;
}

static void push_ip(struct lab *l, struct list *to, const struct ip *ip)
{
	const char *s;
	char text[46];

	if (!ip->family)
		return;
	s = arena_strdup(l->a, ip_text(ip, text));
	push(l, to, &s, sizeof(s));
}

static void push_ips(struct lab *l, struct list *to, const struct list *ips)
{
	const struct prefix *p = ips->items;
	uint32_t i;

	for (i = 0; i < ips->n; i++)
		push_ip(l, to, &p[i].ip);
}

static const char *text_of(const char *s)
{
	return s ? s : "";
}

/* Who answers in the network that the leg is in. */
static const char *resolver(struct lab *l, const struct leg_spec *leg)
{
	char text[46];

	if (!leg->net || !(network_serves(leg->net) & SERVE_DNS))
		return NULL;
	return arena_strdup(l->a, ip_text(leg->net->gw4.family ?
			    &leg->net->gw4 : &leg->net->gw6, text));
}

/* A router's gateways are those at the other ends of its links. */
static void gateways(struct lab *l, struct topo_place *p,
		     const struct router *w, const struct leg_spec *leg)
{
	push_ip(l, &p->gateways, &leg->way4);
	push_ip(l, &p->gateways, &leg->way6);
	if (w->node || !leg->link || !leg->link->a || !leg->link->b)
		return;
	push_ips(l, &p->gateways, leg == leg->link->a ?
		 &leg->link->b->ips : &leg->link->a->ips);
}

static void push_host(struct lab *l, struct list *to, const struct router *w)
{
	struct topo_place p = {
		.name = w->n.name, .netns = text_of(w->netns),
		.vty = text_of(w->vty), .resolver = "",
	};
	const char *ask;

	list_for(struct leg_spec, leg, &w->legs) {
		push_ips(l, &p.addresses, &leg->ips);
		gateways(l, &p, w, leg);
		ask = resolver(l, leg);
		if (ask && !p.resolver[0])
			p.resolver = ask;
	}
	push_ip(l, &p.addresses, &w->lo4.ip);
	push_ip(l, &p.addresses, &w->lo6.ip);
	push(l, to, &p, sizeof(p));
}

static void push_attachment(struct lab *l, struct list *to,
			    const struct attachment *a)
{
	struct topo_place p = {
		.name = a->leg.n.name, .netns = "", .vty = "", .resolver = "",
	};

	push_ips(l, &p.addresses, &a->leg.ips);
	push(l, to, &p, sizeof(p));
}

/* An address, an attachment, a node or router, or all copies of a node. */
static void push_word(struct lab *l, struct list *to, const char *s)
{
	struct topo_place p = {
		.name = s, .netns = "", .vty = "", .resolver = "",
	};
	struct named *m;
	struct ip ip;
	uint32_t i;

	if (!s)
		return;
	if (!ip_read(s, &ip)) {
		push_ip(l, &p.addresses, &ip);
		push(l, to, &p, sizeof(p));
		return;
	}
	m = name_find(l->t, s);
	if (m && m->kind == NAME_COPIES)
		for (i = 0; i < ((struct router *)m->what)->count; i++)
			push_host(l, to, m->copies[i]);
	else if (m && m->kind == NAME_ATTACHMENT)
		push_attachment(l, to, m->what);
	else if (m && lab_is_place(m))
		push_host(l, to, m->what);
}

static void push_words(struct lab *l, struct list *to, const struct list *from)
{
	const struct word *w = from->items;
	uint32_t i;

	for (i = 0; i < from->n; i++)
		push_word(l, to, w[i].s);
}

/* --- checks ----------------------------------------------------------- */

static void set_via(struct lab *l, struct topo_check *o,
		    const struct tcheck *k)
{
	struct list places = { 0 };
	struct topo_place *p;
	uint32_t i, j;

	push_word(l, &places, k->via.s);
	p = places.items;
	for (i = 0; i < places.n; i++)
		for (j = 0; j < p[i].addresses.n; j++)
			push(l, &o->via, (const char **)p[i].addresses.items +
			     j, sizeof(char *));
}

static void set_check(struct lab *l, struct topo_check *o,
		      const struct tcheck *k)
{
	unsigned int n;
	char route[50] = "";

	o->kind = lab_kind(k, &n);
	o->name = k->label ? k->label : k->n.path;
	o->expect = k->expect ? k->expect : "reachable";
	o->protocol = k->protocol ? k->protocol : "icmp";
	o->text = text_of(k->text);
	o->hint = text_of(k->hint);
	o->run = text_of(k->run);
	o->output = text_of(k->output);
	if (k->route.ip.family)
		prefix_text(&k->route, route);
	o->lease = text_of(k->lease.s);
	o->route = arena_strdup(l->a, route);
	o->within = k->within ? k->within : WITHIN_MS;
	o->points = k->points ? k->points : 1;
	o->port = k->port ? k->port : !strcmp(o->protocol, "http") ? 80 : 0;
	o->cost = k->cost;
	o->answer = k->answer;
	o->with = k->with;
	push_words(l, &o->from, k->from.n ? &k->from : &k->on);
	push_words(l, &o->path, &k->path);
	push_word(l, &o->to, k->to.s ? k->to.s : k->neighbor.s);
	set_via(l, o, k);
}

unsigned int topo_checks(const struct topology *t, struct arena *a,
			 struct topo_check **checks)
{
	struct lab l = { .t = t, .a = a };
	unsigned int n = 0;

	*checks = arena_alloc(a, (t->checks.n + 1) * sizeof(**checks));
	list_for(struct tcheck, k, &t->checks)
		set_check(&l, &(*checks)[n++], k);
	return n;
}

unsigned int topo_solution(const struct topology *t, struct arena *a,
			   struct topo_command **commands)
{
	struct lab l = { .t = t, .a = a };
	struct list all = { 0 };
	uint32_t i, j;

	list_for(struct solution, s, &t->solution) {
		const char *const *text = s->commands.items;
		struct list places = { 0 };
		struct topo_place *p;

		push_word(&l, &places, s->n.name);
		p = places.items;
		for (i = 0; i < places.n; i++)
			for (j = 0; j < s->commands.n; j++) {
				struct topo_command c = { p[i], text[j] };

				push(&l, &all, &c, sizeof(c));
			}
	}
	*commands = all.items;
	return all.n;
}

// rules_pair.c - policies and modes to pairs of interfaces and their chains
// SPDX-License-Identifier: GPL-2.0-or-later
#include "topo/rules.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* More pairs than this are a mistake, or want `any` on one side only. */
#define USES_MAX 262144u

/* The sides of one policy, one an interface. */
struct sides {
	struct side **slot;	/* by interface; then outside, host */
	uint32_t *seen, now;
	struct side **v;
	uint32_t n;
};

struct pairs {
	struct where *w;
	struct use *v;
	uint32_t n, cap;
	struct sides from, to;
};

static void sides_init(struct where *w, struct sides *s)
{
	uint32_t n = w->nifs + 2;

	s->slot = arena_alloc(w->x->out->arena, n * sizeof(*s->slot));
	s->v = arena_alloc(w->x->out->arena, n * sizeof(*s->v));
	s->seen = arena_alloc(w->x->out->arena, n * sizeof(*s->seen));
}

static struct side *side_at(struct where *w, struct sides *s, uint32_t i)
{
	if (s->seen[i] == s->now)
		return s->slot[i];
	s->seen[i] = s->now;
	s->slot[i] = arena_alloc(w->x->out->arena, sizeof(struct side));
	s->slot[i]->net = i < w->nifs ? &w->ifs[i] : NULL;
	s->slot[i]->host = i == w->nifs + 1;
	s->v[s->n++] = s->slot[i];
	return s->slot[i];
}

static void side_add(struct where *w, struct side *s, const struct prefix *p)
{
	struct prefix *v;

	if (s->n == s->cap) {
		s->cap = s->cap ? 2 * s->cap : 4;
		v = arena_alloc(w->x->out->arena, s->cap * sizeof(*v));
		if (s->n)
			memcpy(v, s->v, s->n * sizeof(*v));
		s->v = v;
	}
	s->v[s->n++] = *p;
}

static struct iface *where_link(const struct where *w, const struct tlink *l)
{
	uint32_t i;

	for (i = 0; l && i < w->nifs; i++)
		if (w->ifs[i].link == l)
			return &w->ifs[i];
	return NULL;
}

static void add_leg(struct where *w, struct sides *s,
		    const struct leg_spec *leg)
{
	struct iface *f = leg->net ? where_net(w, leg->net) :
		where_link(w, leg->link);
	const struct prefix *ips = leg->ips.items;
	struct side *side;
	struct prefix p;
	uint32_t i;

	if (!f)
		return;
	side = side_at(w, s, f - w->ifs);
	for (i = 0; i < leg->ips.n; i++) {
		p = ips[i];
		p.len = p.ip.family == 6 ? 128 : 32;
		side_add(w, side, &p);
	}
}

static void add_attachment(struct where *w, struct sides *s,
			   const struct attachment *a)
{
	struct iface *f = where_net(w, a->leg.net);

	add_leg(w, s, &a->leg);
	if (f)
		list_for(struct allowed, al, &a->allowed)
			if (al->address.ip.family)
				side_add(w, side_at(w, s, f - w->ifs),
					 &al->address);
}

static void add_any(struct where *w, struct sides *s)
{
	uint32_t i;

	for (i = 0; i <= w->nifs; i++)
		side_at(w, s, i)->whole = true;
}

static void add_end(struct where *w, struct sides *s, const struct end *e)
{
	struct router *r = e->what;
	struct iface *f = NULL;

	switch (e->kind) {
	case END_NETWORK:
		f = where_net(w, e->what);
		if (f)
			side_at(w, s, f - w->ifs)->whole = true;
		break;
	case END_ATTACHMENT:
		add_attachment(w, s, e->what);
		break;
	case END_NODE:
	case END_ROUTER:
		list_for(struct leg_spec, leg, &r->legs)
			add_leg(w, s, leg);
		break;
	case END_ADDRESS:
		f = where_ip(w, &e->p);
		side_add(w, side_at(w, s, f ? f - w->ifs : w->nifs), &e->p);
		break;
	case END_OUTSIDE:
		side_at(w, s, w->nifs)->whole = true;
		break;
	case END_HOST:
		side_at(w, s, w->nifs + 1)->whole = true;
		break;
	case END_ANY:
		add_any(w, s);
		break;
	}
}

static void add_ends(struct where *w, struct sides *s, const struct end *e,
		     uint32_t n)
{
	uint32_t i;

	s->now++;
	s->n = 0;
	for (i = 0; i < n; i++)
		add_end(w, s, &e[i]);
}

static struct use *add_use(struct pairs *ps, const char *in, const char *out)
{
	if (ps->n == ps->cap) {
		ps->cap = ps->cap ? 2 * ps->cap : 256;
		ps->v = realloc(ps->v, ps->cap * sizeof(*ps->v));
		if (!ps->v)
			abort();
	}
	ps->v[ps->n] = (struct use){ .in = in, .out = out,
				     .order = UINT32_MAX };
	return &ps->v[ps->n++];
}

/* From one interface to the other by P, and the replies' way back. */
static void add_pair(struct pairs *ps, const struct policy *p, uint32_t order,
		     const struct side *s, const char *in,
		     const struct side *d, const char *out)
{
	struct use *u = add_use(ps, in, out);

	*u = (struct use){ .in = in, .out = out, .from = s->net, .to = d->net,
			   .order = order, .p = p, .s = s, .d = d,
			   .pos = p->n.pos };
	if (p->action != ACT_ALLOW || !in || !out)
		return;
	u = add_use(ps, out, in);
	u->from = d->net;
	u->to = s->net;
	u->pos = p->n.pos;
}

/* All uplinks of a namespace; what `outside` is, seen from the host. */
static uint32_t all_ups(struct where *w, const char ***ups)
{
	uint32_t i, j, k, n = 0;

	for (i = 0, k = 0; i < w->nifs; i++)
		k += w->ifs[i].nups;
	*ups = arena_alloc(w->x->out->arena, (k + 1) * sizeof(**ups));
	for (i = 0; i < w->nifs; i++)
		for (j = 0; j < w->ifs[i].nups; j++) {
			for (k = 0; k < n; k++)
				if (!strcmp((*ups)[k], w->ifs[i].ups[j]))
					break;
			if (k == n)
				(*ups)[n++] = w->ifs[i].ups[j];
		}
	return n;
}

static bool outside(const struct side *s)
{
	return !s->net && !s->host;
}

/* Within one network `any` means nothing: ports are isolated for a reason. */
static bool names_any(const struct policy *p)
{
	uint32_t i;

	for (i = 0; i < p->nfrom; i++)
		if (p->from_ends[i].kind == END_ANY)
			return true;
	for (i = 0; i < p->nto; i++)
		if (p->to_ends[i].kind == END_ANY)
			return true;
	return false;
}

static void add_sides(struct pairs *ps, const struct policy *p, uint32_t order,
		      const struct side *s, const struct side *d)
{
	const char **ups, *in = s->net ? s->net->name : NULL,
		*out = d->net ? d->net->name : NULL;
	uint32_t i, n;

	if (!outside(s) && !outside(d)) {
		if (s->net != d->net ||
		    (s->net && s->net->isolated && !names_any(p)))
			add_pair(ps, p, order, s, in, d, out);
		return;
	}
	if (outside(s) && outside(d))
		return;
	if (s->net || d->net) {
		const struct iface *f = s->net ? s->net : d->net;

		ups = f->ups;
		n = f->nups;
	} else {
		n = all_ups(ps->w, &ups);
	}
	for (i = 0; i < n; i++)
		add_pair(ps, p, order, s, outside(s) ? ups[i] : in,
			 d, outside(d) ? ups[i] : out);
}

static int add_policy(struct pairs *ps, const struct policy *p, uint32_t order)
{
	uint32_t i, j;

	add_ends(ps->w, &ps->from, p->from_ends, p->nfrom);
	add_ends(ps->w, &ps->to, p->to_ends, p->nto);
	if ((uint64_t)ps->from.n * ps->to.n + ps->n > USES_MAX) {
		report_error(ps->w->x->report, p->n.pos, p->n.path,
			     "the policies up to here make more than %u pairs"
			     " of networks; name fewer at one of the ends",
			     USES_MAX);
		return -ENOSPC;
	}
	for (i = 0; i < ps->from.n; i++)
		for (j = 0; j < ps->to.n; j++)
			add_sides(ps, p, order, ps->from.v[i], ps->to.v[j]);
	return 0;
}

static void mode_pair(struct pairs *ps, struct iface *f, const char *up,
		      bool out)
{
	struct use *u = add_use(ps, out ? f->name : up, out ? up : f->name);

	*(out ? &u->from : &u->to) = f;
	u->pos = f->net ? f->net->n.pos : (struct pos){ 0 };
}

/* What the mode allows has replies; so have forwards from the outside. */
static void add_modes(struct pairs *ps)
{
	struct where *w = ps->w;
	struct iface *f;
	uint32_t i, j;

	for (i = 0; i < w->nifs; i++) {
		f = &w->ifs[i];
		if (f->isolated) {
			struct use *u = add_use(ps, f->name, f->name);

			u->from = u->to = f;
			u->pos = f->net->n.pos;
		}
		if (!f->out4 && !f->out6 && !f->target)
			continue;
		if (!w->router && !f->closed4 && !f->closed6)
			continue;
		for (j = 0; j < f->nups; j++) {
			mode_pair(ps, f, f->ups[j], true);
			mode_pair(ps, f, f->ups[j], false);
		}
	}
}

static int name_cmp(const char *a, const char *b)
{
	if (!a || !b)
		return (a != NULL) - (b != NULL);
	return a == b ? 0 : strcmp(a, b);
}

static int use_cmp(const void *a, const void *b)
{
	const struct use *u = a, *v = b;
	int c = name_cmp(u->in, v->in);

	if (!c)
		c = name_cmp(u->out, v->out);
	return c ? c : (u->order > v->order) - (u->order < v->order);
}

int rules_pairs(struct where *w)
{
	struct pairs ps = { .w = w };
	uint32_t i, j, order = 0;
	int err = 0;

	sides_init(w, &ps.from);
	sides_init(w, &ps.to);
	list_for(struct policy, p, w->policies)
		if (!err)
			err = add_policy(&ps, p, order++);
	add_modes(&ps);
	if (ps.n)
		qsort(ps.v, ps.n, sizeof(*ps.v), use_cmp);
	for (i = 0; !err && i < ps.n; i = j) {
		for (j = i + 1; j < ps.n; j++)
			if (name_cmp(ps.v[i].in, ps.v[j].in) ||
			    name_cmp(ps.v[i].out, ps.v[j].out))
				break;
		rules_group(w, &ps.v[i], j - i);
	}
	free(ps.v);
	return err;
}

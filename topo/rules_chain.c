// rules_chain.c - what holds between two interfaces, as the text of a chain
// SPDX-License-Identifier: GPL-2.0-or-later
#include "topo/rules.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One chain while it is written. */
struct text {
	struct where *w;
	const struct use *u;	/* its uses; the first says between what */
	uint32_t n;
	struct buf b;
	uint32_t *marks, nmarks, cmarks;
	bool host;		/* the host is one end: nothing is admitted
				 * once and for all */
	bool shut;		/* a policy forbids all that is left */
};

static void add_mark(struct text *t, uint32_t mark)
{
	uint32_t *v;

	if (t->nmarks == t->cmarks) {
		t->cmarks = t->cmarks ? 2 * t->cmarks : 8;
		v = arena_alloc(t->w->x->out->arena, t->cmarks * sizeof(*v));
		if (t->nmarks)
			memcpy(v, t->marks, t->nmarks * sizeof(*v));
		t->marks = v;
	}
	t->marks[t->nmarks++] = mark;
}

/*
 * From any to any: said once, not for a million of pairs.  Such a policy has
 * one mark, and pairs where only such hold share a chain.
 */
static bool use_is_any(const struct use *u)
{
	const struct policy *p = u->p;

	return p->nfrom == 1 && p->nto == 1 &&
		p->from_ends->kind == END_ANY && p->to_ends->kind == END_ANY;
}

static bool is_shared(const struct text *t)
{
	uint32_t i;

	for (i = 0; i < t->n; i++)
		if (t->u[i].p && !use_is_any(&t->u[i]))
			return false;
	return !t->host && t->u->from != t->u->to;
}

/*
 * What a line of a policy says between two interfaces, as a number: the same
 * for as long as one says so, whatever stands before and behind it.
 */
static uint32_t line_mark(const struct use *u, const char *line)
{
	struct buf b = { 0 };
	uint32_t h;

	if (!use_is_any(u))
		buf_printf(&b, "%s>%s", u->in ? u->in : "",
			   u->out ? u->out : "");
	buf_printf(&b, "\n%s", line);
	h = hash64(b.p, b.len) & ~MARK_FORWARD;
	buf_free(&b);
	/* the small numbers and the last one have a meaning */
	return h < 16 || h == MARK_CUT ? 16 : h;
}

static void log_line(struct text *t, const char *when, const char *match,
		     const struct policy *p)
{
	char prefix[64];
	int i = 0;

	for (; p->label && p->label[i] && i < 40; i++)
		prefix[i] = p->label[i] >= ' ' && p->label[i] < 0x7f &&
			p->label[i] != '"' && p->label[i] != '\\' ?
			p->label[i] : '_';
	prefix[i] = '\0';
	/* where pairs share a chain, each network has its part all the same */
	buf_printf(&t->b, "%s%s%s%slimit rate 10/second burst 20 packets%s"
		   " log prefix \"netd %s: \" group 0\n", when, match,
		   p->action == ACT_ALLOW ? "ct state new " : "",
		   is_shared(t) ? "add @logging { iifname " : "",
		   is_shared(t) ? " }" : "", prefix);
}

static const char *verdict(struct text *t, const struct policy *p,
			   uint32_t mark)
{
	static const char *const deny[][2] = {
		[ACT_REJECT] = { "counter goto deny", "counter goto rejected" },
		[ACT_DROP] = { "counter goto deny_drop", "counter drop" },
	};

	if (p->action != ACT_ALLOW)
		return deny[p->action][t->host];
	return arena_printf(t->w->x->out->arena, "ct mark set 0x%08x %s", mark,
			    t->host ? "accept" : "goto admit");
}

static void policy_lines(struct text *t, const struct use *u, const char *when)
{
	struct rules *x = t->w->x;
	struct lines l = { 0 };
	uint32_t i, mark;

	match_lines(x, u->p, u->s, u->d, &l);
	for (i = 0; i < l.n; i++) {
		mark = line_mark(u, l.v[i]);
		if (u->p->action == ACT_ALLOW)
			add_mark(t, mark);
		if (u->p->log)
			log_line(t, when, l.v[i], u->p);
		buf_printf(&t->b, "%s%s%s%s\n", when, l.v[i],
			   verdict(t, u->p, mark),
			   rules_comment(x, u->p->label));
	}
}

/* Whether a family passes where no policy decides. */
static bool passes(const struct use *u, bool six)
{
	const struct iface *f = u->from, *to = u->to;

	if (f && !to && (six ? f->out6 : f->out4))
		return true;
	if (!f && to && to->behind)
		return false;
	return !(f && (six ? f->closed6 : f->closed4)) &&
		!(to && (six ? to->closed6 : to->closed4));
}

static bool lets(const struct text *t, bool six)
{
	return !t->shut && passes(t->u, six);
}

/*
 * Behind a policy that says something of everything none is asked, and not
 * the mode either.
 */
static void cut_off(struct text *t)
{
	const struct use *u;
	uint32_t i;

	for (i = 0; i < t->n && t->u[i].p; i++) {
		u = &t->u[i];
		if (!u->s->whole || !u->d->whole || u->p->protocol.n)
			continue;
		t->n = i + 1;
		t->shut = u->p->action != ACT_ALLOW;
		return;
	}
}

/*
 * How many of the policies are asked before `established`: all up to the last
 * one that forbids something which later ones, or the mode, would let.  So it
 * also ends what was let before it came.
 */
static uint32_t asked_first(const struct text *t)
{
	uint32_t i, last = 0;
	bool later = lets(t, false) || lets(t, true);

	for (i = t->n; i-- > 0;) {
		if (!t->u[i].p)
			continue;
		if (t->u[i].p->action == ACT_ALLOW)
			later = true;
		else if (later && !last)
			last = i + 1;
	}
	return last;
}

static void established(struct text *t)
{
	const struct use *u = t->u;
	bool mode4 = true, mode6 = true;

	/* what the mode let while it was another one */
	if (u->from && !u->to) {
		mode4 = lets(t, false);
		mode6 = lets(t, true);
	}
	buf_str(&t->b, "ct state established,related ct mark != ");
	if (mode4 && mode6)
		buf_printf(&t->b, "0x%08x", MARK_CUT);
	else
		buf_printf(&t->b, "{ %s%s0x%08x }",
			   mode4 ? "" : "0x00000002, ",
			   mode6 ? "" : "0x00000004, ", MARK_CUT);
	buf_str(&t->b, " accept\n");
}

static void head(struct text *t)
{
	const struct use *u = t->u;

	if (u->from && u->from->managed)
		buf_str(&t->b, "fib saddr . iif oif missing counter drop\n"
			"ip daddr 169.254.0.0/16 counter drop\n"
			"ct state invalid,related jump related\n");
	if (u->to && t->w->forwards->n)
		buf_printf(&t->b, "ct mark & 0x00000001 == 0x00000001"
			   " ct status dnat %s\n",
			   u->from ? "jump forwarded" : "goto admit");
}

static void tail(struct text *t)
{
	bool p4 = lets(t, false), p6 = lets(t, true);
	bool mode = t->u->from && !t->u->to && t->u->from->out4;

	if (p4)
		buf_printf(&t->b, "%s%s\n", p6 && !mode ? "" :
			   "meta nfproto ipv4 ",
			   mode ? "ct mark set 0x00000002 goto admit" :
			   "accept");
	if (p6 && (mode || !p4))
		buf_printf(&t->b, "%s%s\n", p4 ? "" : "meta nfproto ipv6 ",
			   mode ? "ct mark set 0x00000004 goto admit" :
			   "accept");
	if (!p4 || !p6)
		buf_str(&t->b, "goto deny\n");
}

static bool same_list(const struct list *a, const struct list *b, size_t size)
{
	return a->n == b->n && (!a->n || !memcmp(a->items, b->items,
						 a->n * size));
}

static bool same_side(const struct side *a, const struct side *b)
{
	return a->whole == b->whole && a->n == b->n &&
		(!a->n || !memcmp(a->v, b->v, a->n * sizeof(*a->v)));
}

/* Whether V forbids what U does, but to other addresses. */
static bool may_merge(const struct use *u, const struct use *v)
{
	const struct policy *p = u->p, *q = v->p;

	return p && q && p->action != ACT_ALLOW && p->action == q->action &&
		!p->log && !q->log && !u->d->whole && !v->d->whole &&
		same_list(&p->protocol, &q->protocol, sizeof(uint8_t)) &&
		same_list(&p->ports, &q->ports, sizeof(struct ports)) &&
		same_side(u->s, v->s);
}

/*
 * A list of places that are forbidden, one a policy, is one set: each packet
 * of a connection asks it.  Returns how many of the N uses are in *ONE.
 */
static uint32_t merge(struct text *t, const struct use *u, uint32_t n,
		      struct use *one)
{
	struct side *d;
	uint32_t i, all = 0, k;

	*one = *u;
	for (k = 1; k < n && may_merge(u, &u[k]); k++)
		;
	if (k == 1)
		return 1;
	for (i = 0; i < k; i++)
		all += u[i].d->n;
	d = arena_alloc(t->w->x->out->arena, sizeof(*d));
	*d = *u->d;
	d->v = arena_alloc(t->w->x->out->arena, all * sizeof(*d->v));
	d->n = 0;
	for (i = 0; i < k; i++) {
		memcpy(d->v + d->n, u[i].d->v, u[i].d->n * sizeof(*d->v));
		d->n += u[i].d->n;
	}
	one->d = d;
	return k;
}

static void pair_text(struct text *t)
{
	struct use one;
	uint32_t i, k, first;

	cut_off(t);
	first = asked_first(t);
	head(t);
	if (first) {
		buf_printf(&t->b, "ct state established,related"
			   " ct direction reply ct mark != 0x%08x accept\n",
			   MARK_CUT);
		for (i = 0; i < first; i += k) {
			k = merge(t, &t->u[i], first - i, &one);
			policy_lines(t, &one, "ct direction original ");
		}
	}
	established(t);
	/* what has no policy is last */
	for (i = first; i < t->n && t->u[i].p; i++)
		policy_lines(t, &t->u[i], "");
	tail(t);
}

/* Policies of one port-isolated network: bridged frames aren't ours here. */
static void same_text(struct text *t)
{
	char mac[18];
	uint32_t i;

	buf_printf(&t->b, "ether daddr != %s accept\n",
		   mac_text(&t->u->from->net->hwaddr, mac));
	buf_str(&t->b, "fib saddr . iif oif missing counter drop\n");
	established(t);
	for (i = 0; i < t->n; i++)
		if (t->u[i].p)
			policy_lines(t, &t->u[i], "");
	buf_str(&t->b, "counter drop\n");
}

static void host_text(struct text *t)
{
	uint32_t i;

	buf_str(&t->b, "ct state established,related ct direction reply"
		" accept\n");
	for (i = 0; i < t->n; i++)
		policy_lines(t, &t->u[i], "");
}

/* The chain that is there for all such pairs, or NULL. */
static const char *common(const struct where *w, const struct use *u,
			  uint32_t n)
{
	bool p4 = passes(u, false), p6 = passes(u, true);
	bool guest = u->from && u->from->managed;

	if (u->p || (u->from && u->from == u->to))
		return NULL;
	if (u->from && !u->to && p4)
		return p6 ? guest ? "goto guest_out" : "goto out" :
			guest ? "goto guest_out4" : "goto out4";
	if (p4 || p6)
		return NULL;
	if (!u->from)
		return "goto replies";
	return guest ? "goto guest_back" : "goto back";
}

static void put_chain(struct text *t, const char *name)
{
	struct arena *a = t->w->x->out->arena;
	struct list marks = { .items = t->marks, .n = t->nmarks };

	rules_chain_marks(t->w->x, t->w->ns, name,
			  arena_strdup(a, buf_text(&t->b)), &marks,
			  t->u->pos);
}

/* The name of the chain, which is made unless the pair before has it too. */
static const char *chain_name(struct text *t)
{
	struct rules *x = t->w->x;
	const struct use *u = t->u;
	const char *name;

	if (!is_shared(t)) {
		name = rules_name(x, !u->in ? "from_host" : !u->out ?
				  "to_host" : "to", u->in ? u->in : u->out,
				  t->host ? "" : u->out);
		put_chain(t, name);
		return name;
	}
	if (x->shared && x->shared_hash == hash64(t->b.p, t->b.len) &&
	    x->shared_ns == t->w->ns)
		return x->shared;
	x->shared_hash = hash64(t->b.p, t->b.len);
	x->shared_ns = t->w->ns;
	x->shared = arena_printf(x->out->arena, "inet netd all_%016llx",
				 (unsigned long long)x->shared_hash);
	put_chain(t, x->shared);
	return x->shared;
}

static const char *own_chain(struct text *t)
{
	const struct use *u = t->u;

	if (t->host)
		host_text(t);
	else if (u->from && u->from == u->to)
		same_text(t);
	else
		pair_text(t);
	return arena_printf(t->w->x->out->arena, "%s %s",
			    t->host ? "jump" : "goto",
			    chain_name(t) + strlen("inet netd "));
}

void rules_group(struct where *w, const struct use *u, uint32_t n)
{
	struct text t = { .w = w, .u = u, .n = n, .host = !u->in || !u->out };
	const char *to = t.host ? NULL : common(w, u, n);

	if (!to)
		to = own_chain(&t);
	if (t.host)
		rules_elem(w->x, w->ns, u->in ? "inet netd host_in" :
			   "inet netd host_out", to, u->pos, "\"%s\"",
			   u->in ? u->in : u->out);
	else
		rules_elem(w->x, w->ns, "inet netd pair", to, u->pos,
			   "\"%s\" . \"%s\"", u->in, u->out);
	buf_free(&t.b);
}

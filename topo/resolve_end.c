// resolve_end.c - groups, the ends of policies, what forwards point to
// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdlib.h>
#include <string.h>

#include "topo/resolve.h"

/* Ends being gathered. */
struct ends {
	struct end *v;
	uint32_t n, cap;
};

static void add_end(struct resolver *r, struct ends *s, const struct end *e)
{
	struct end *more;

	if (s->n == s->cap) {
		s->cap = s->cap ? s->cap * 2 : 2;
		more = arena_alloc(r->a, s->cap * sizeof(*more));
		if (s->n)
			memcpy(more, s->v, s->n * sizeof(*more));
		s->v = more;
	}
	s->v[s->n++] = *e;
}

static const struct {
	const char *word;
	uint8_t kind;
} words[] = {
	{ "outside", END_OUTSIDE }, { "host", END_HOST }, { "any", END_ANY },
};

static bool is_word(struct resolver *r, const char *s, struct ends *out)
{
	struct end e = { 0 };
	size_t i;

	for (i = 0; i < sizeof(words) / sizeof(*words); i++) {
		if (strcmp(words[i].word, s))
			continue;
		e.kind = words[i].kind;
		add_end(r, out, &e);
		return true;
	}
	if (prefix_read(s, &e.p))
		return false;
	e.kind = END_ADDRESS;
	e.p = prefix_net(&e.p);
	add_end(r, out, &e);
	return true;
}

static void flatten(struct resolver *r, struct named *g);

static void add_named(struct resolver *r, struct named *m, struct ends *out)
{
	static const uint8_t kinds_of[] = {
		[NAME_NETWORK] = END_NETWORK,
		[NAME_ATTACHMENT] = END_ATTACHMENT,
		[NAME_ROUTER] = END_ROUTER, [NAME_NODE] = END_NODE,
	};
	struct end e = { .what = m->what };
	uint32_t i;

	if (m->kind == NAME_COPIES) {
		e.kind = END_NODE;
		for (i = 0; i < ((struct router *)m->what)->count; i++) {
			e.what = m->copies[i];
			add_end(r, out, &e);
		}
	} else if (m->kind == NAME_GROUP) {
		flatten(r, m);
		for (i = 0; i < m->nends; i++)
			add_end(r, out, &m->ends[i]);
	} else {
		e.kind = kinds_of[m->kind];
		add_end(r, out, &e);
	}
}

static void add_word(struct resolver *r, const struct word *w,
		     const char *path, struct ends *out)
{
	static const char what[] = "a network, attachment, node, router, "
				   "group or address";
	struct named *m;

	if (is_word(r, w->s, out))
		return;
	m = name_find(r->t, w->s);
	if (!m)
		name_unknown(r, w->pos, path, what, w->s);
	else if (m->kind == NAME_LINK)
		report_error(r->report, w->pos, path, "expected %s, found "
			     "%s, which is a link", what, w->s);
	else
		add_named(r, m, out);
}

static int by_end(const void *a, const void *b)
{
	const struct end *x = a, *y = b;

	if (x->kind != y->kind)
		return x->kind < y->kind ? -1 : 1;
	if (x->what != y->what)
		return (uintptr_t)x->what < (uintptr_t)y->what ? -1 : 1;
	if (ip_cmp(&x->p.ip, &y->p.ip))
		return ip_cmp(&x->p.ip, &y->p.ip);
	return (int)x->p.len - y->p.len;
}

/* Takes out what is there twice; the first one stays where it is. */
static void unique(struct resolver *r, struct ends *s)
{
	struct end *sorted;
	uint8_t *seen;
	uint32_t i, n = 0;

	if (s->n < 2)
		return;
	sorted = arena_memdup(r->a, s->v, s->n * sizeof(*sorted));
	seen = arena_alloc(r->a, s->n);
	qsort(sorted, s->n, sizeof(*sorted), by_end);
	for (i = 0; i < s->n; i++) {
		struct end *e = bsearch(&s->v[i], sorted, s->n,
					sizeof(*sorted), by_end);

		while (e > sorted && !by_end(e - 1, e))
			e--;
		if (seen[e - sorted]++)
			continue;
		s->v[n++] = s->v[i];
	}
	s->n = n;
}

static void add_words(struct resolver *r, const struct list *l,
		      const char *path, struct ends *out)
{
	const struct word *w = l->items;
	uint32_t i;

	for (i = 0; i < l->n; i++)
		if (w[i].s)
			add_word(r, &w[i], path, out);
}

static void flatten(struct resolver *r, struct named *g)
{
	struct group *group = g->what;
	struct ends s = { 0 };

	if (g->state == 2)
		return;
	if (g->state == 1) {
		report_error(r->report, group->n.pos, group->n.path,
			     "expected members, found the group in itself");
		return;
	}
	g->state = 1;
	add_words(r, &group->members, group->n.path, &s);
	unique(r, &s);
	g->ends = s.v;
	g->nends = s.n;
	g->state = 2;
}

static void set_ends(struct resolver *r, const struct list *l,
		     const char *path, struct end **ends, uint32_t *n)
{
	struct ends s = { 0 };
	const struct word *w = l->items;
	struct named *g;

	/* many policies of one group share its ends */
	if (l->n == 1 && w->s) {
		g = name_find(r->t, w->s);
		if (g && g->kind == NAME_GROUP) {
			flatten(r, g);
			*ends = g->ends;
			*n = g->nends;
			return;
		}
	}
	add_words(r, l, path, &s);
	unique(r, &s);
	*ends = s.v;
	*n = s.n;
}

/* --- marks ------------------------------------------------------------- */

static uint64_t hash_words(uint64_t h, const struct list *l)
{
	const struct word *w = l->items;
	uint32_t i;

	for (i = 0; i < l->n; i++)
		if (w[i].s)
			h = h * 31 + hash64(w[i].s, strlen(w[i].s));
	return h * 31 + l->n;
}

static uint64_t next_hash(uint64_t h)
{
	return (h ^ h >> 33) * 0xff51afd7ed558ccdu;
}

static bool mark_free(struct resolver *r, uint64_t h)
{
	uint32_t mark = h >> 32;
	char key[5] = "M";

	memcpy(key + 1, &mark, 4);
	if (!mark || index_get(r->x, key, sizeof(key)))
		return false;
	index_put(r->x, key, sizeof(key), r);
	return true;
}

/* A mark is a number of what the policy says: stable, and never zero. */
static uint32_t mark_of(struct resolver *r, uint64_t h)
{
	char key[9] = "H";
	uint64_t *last;

	h = next_hash(h ^ hash64(r->t->name, strlen(r->t->name)));
	if (mark_free(r, h))
		return h >> 32;
	/* many that say the same go on where the one before ended */
	memcpy(key + 1, &h, 8);
	last = index_get(r->x, key, sizeof(key));
	if (!last) {
		last = arena_memdup(r->a, &h, sizeof(h));
		index_put(r->x, key, sizeof(key), last);
	}
	do {
		*last = next_hash(*last);
	} while (!mark_free(r, *last));
	return *last >> 32;
}

static void resolve_policy(struct resolver *r, struct policy *p,
			   const char *where)
{
	uint64_t h = hash64(where, strlen(where));

	set_ends(r, &p->from, p->n.path, &p->from_ends, &p->nfrom);
	set_ends(r, &p->to, p->n.path, &p->to_ends, &p->nto);
	h = hash_words(h, &p->from);
	h = hash_words(h, &p->to);
	h = h * 31 + hash64(p->protocol.items, p->protocol.n);
	h = h * 31 + hash64(p->ports.items, p->ports.n * sizeof(struct ports));
	p->mark = mark_of(r, h + p->action);
}

static void resolve_forward(struct resolver *r, struct forward *f,
			    const char *where)
{
	uint64_t h = hash64(where, strlen(where)) + 1;

	set_ends(r, &f->from, f->n.path, &f->from_ends, &f->nfrom);
	if (!f->protocol.n) {
		f->protocol.items = arena_alloc(r->t->arena, 1);
		*(uint8_t *)f->protocol.items = 6;
		f->protocol.n = 1;
	}
	h = hash_words(h, &f->from);
	h = hash_words(h, &(struct list){ &f->target, 1 });
	h = h * 31 + hash64(f->protocol.items, f->protocol.n);
	h = h * 31 + hash64(&f->listen, sizeof(f->listen));
	h = h * 31 + hash64(&f->port, sizeof(f->port));
	f->mark = mark_of(r, h * 31 + hash64(&f->target_port,
					     sizeof(f->target_port)));
}

void ends_resolve(struct resolver *r)
{
	struct topology *t = r->t;

	list_for(struct group, g, &t->groups) {
		struct named *e = name_find(t, g->n.name);

		if (e && e->kind == NAME_GROUP)
			flatten(r, e);
	}
	list_for(struct policy, p, &t->policies)
		resolve_policy(r, p, "");
	list_for(struct forward, f, &t->forwarded)
		resolve_forward(r, f, "");
	list_for(struct router, w, &t->routers) {
		list_for(struct policy, p, &w->policies)
			resolve_policy(r, p, w->n.name);
		list_for(struct forward, f, &w->forwards)
			resolve_forward(r, f, w->n.name);
	}
}

/* --- targets ----------------------------------------------------------- */

/* The first address of each family. */
static struct list first_ips(struct resolver *r, const struct leg_spec *l,
			     uint8_t family)
{
	const struct prefix *p = l->ips.items;
	struct ip *v = arena_alloc(r->a, 2 * sizeof(*v));
	bool have[7] = { false };
	struct list out = { v, 0 };
	uint32_t i;

	for (i = 0; i < l->ips.n; i++) {
		if (have[p[i].ip.family] ||
		    (family && p[i].ip.family != family))
			continue;
		have[p[i].ip.family] = true;
		v[out.n++] = p[i].ip;
	}
	return out;
}

/* The leg by which a name is reached from the home router, or a router. */
static struct leg_spec *leg_of(struct named *m, const struct router *from)
{
	struct router *w;

	if (m->kind == NAME_ATTACHMENT)
		return &((struct attachment *)m->what)->leg;
	if (m->kind != NAME_NODE && m->kind != NAME_ROUTER)
		return NULL;
	w = m->what;
	list_for(struct leg_spec, l, &w->legs) {
		if (!l->ips.n)
			continue;
		if (!from && l->net && !l->net->segment->has_gateway)
			continue;
		return l;
	}
	list_for(struct leg_spec, l, &w->legs)
		if (l->ips.n)
			return l;
	return NULL;
}

/* Where a target is: its addresses, network, and leg if that is known. */
struct target {
	struct list ips;	/* struct ip */
	struct network *net;
	struct leg_spec *leg;
};

static size_t key_of(char *key, const struct network *seg,
		     const struct ip *ip)
{
	key[0] = 't';
	memcpy(key + 1, &seg, sizeof(seg));
	memcpy(key + 1 + sizeof(seg), ip, sizeof(*ip));
	return 1 + sizeof(seg) + sizeof(*ip);
}

static void note_leg(struct resolver *r, struct leg_spec *l)
{
	const struct prefix *p = l->ips.items;
	char key[64];
	uint32_t i;

	for (i = 0; l->net && i < l->ips.n; i++)
		index_put(r->x, key, key_of(key, l->net->segment, &p[i].ip),
			  l);
}

static void note_legs(struct resolver *r)
{
	list_for(struct router, w, &r->t->hosts)
		list_for(struct leg_spec, l, &w->legs)
			note_leg(r, l);
	list_for(struct attachment, a, &r->t->attachments)
		note_leg(r, &a->leg);
}

/* Whose address it is, when that is known. */
static struct leg_spec *address_leg(struct resolver *r,
				    const struct network *w,
				    const struct ip *ip)
{
	char key[64];

	return index_get(r->x, key, key_of(key, w->segment, ip));
}

static void find_target(struct resolver *r, const struct word *w,
			const char *path, uint8_t family,
			const struct router *from, struct target *out)
{
	struct prefix p;
	struct named *m;
	struct leg_spec *l;

	if (!prefix_read(w->s, &p)) {
		out->ips.items = arena_memdup(r->a, &p.ip, sizeof(p.ip));
		out->ips.n = 1;
		out->net = topo_network_of(r->t, &p.ip);
		out->leg = out->net ? address_leg(r, out->net, &p.ip) : NULL;
		return;
	}
	m = name_find(r->t, w->s);
	if (!m) {
		name_unknown(r, w->pos, path, "an attachment, node or address",
			     w->s);
		return;
	}
	l = leg_of(m, from);
	if (!l) {
		report_error(r->report, w->pos, path, "expected an "
			     "attachment, node or address, found %s, which "
			     "is %s%s", w->s, m->n->path,
			     m->kind == NAME_NODE || m->kind == NAME_ROUTER ?
			     " and has no address" : "");
		return;
	}
	out->ips = first_ips(r, l, family);
	out->net = l->net ? l->net->segment : NULL;
	out->leg = l;
	if (!out->ips.n)
		report_error(r->report, w->pos, path, "expected a target "
			     "with an %saddress, found %s, which has none "
			     "that is known", family == 4 ? "IPv4 " :
			     family == 6 ? "IPv6 " : "", w->s);
}

static void forward_target(struct resolver *r, struct forward *f,
			   const struct router *from)
{
	struct target t = { .net = NULL };

	if (!f->target.s)
		return;
	find_target(r, &f->target, f->n.path, f->listen.family, from, &t);
	f->target_ips = t.ips;
	f->net = t.net;
	if (t.leg && !from)
		t.leg->hairpin = true;
}

static void one2one_target(struct resolver *r, struct one2one *o,
			   const struct router *from)
{
	struct target t = { .net = NULL };
	struct prefix p;

	memset(&o->inside, 0, sizeof(o->inside));
	if (!o->internal.s)
		return;
	find_target(r, &o->internal, o->n.path, o->external.ip.family, from,
		    &t);
	o->net = t.net;
	if (t.leg && !from)
		t.leg->hairpin = true;
	if (!prefix_read(o->internal.s, &p)) {
		o->inside = prefix_net(&p);
	} else if (t.ips.n) {
		o->inside.ip = *(struct ip *)t.ips.items;
		o->inside.len = ip_bytes(&o->inside.ip) * 8;
	}
}

void targets_resolve(struct resolver *r)
{
	struct topology *t = r->t;

	if (t->forwarded.n || t->one2one.n)
		note_legs(r);
	list_for(struct forward, f, &t->forwarded)
		forward_target(r, f, NULL);
	list_for(struct one2one, o, &t->one2one)
		one2one_target(r, o, NULL);
	list_for(struct router, w, &t->routers) {
		list_for(struct forward, f, &w->forwards)
			forward_target(r, f, w);
		list_for(struct one2one, o, &w->one2one)
			one2one_target(r, o, w);
	}
}

void targets_attachment(struct resolver *r, struct attachment *a)
{
	struct topology *t = r->t;

	if (!a->publish.n)
		return;
	list_for(struct forward, f, &t->forwarded) {
		if (f->owner != a)
			continue;
		resolve_forward(r, f, "");
		forward_target(r, f, NULL);
	}
}

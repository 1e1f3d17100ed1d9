// graph.c - static routes over a graph: shortest paths, then aggregation
// SPDX-License-Identifier: GPL-2.0-or-later
#include "topo/graph.h"

#include <stdlib.h>
#include <string.h>

#include "topo/index.h"

struct member {			/* a leg, seen from either side */
	uint32_t router, segment, cost;
	struct ip ip;
	void *leg;
};

struct segment {
	struct prefix net;
	bool stub;
	struct list members;	/* struct member * */
};

struct graph {
	struct arena *arena;
	uint32_t nrouters, nsegments, cap;
	struct list *legs;	/* of each router: struct member * */
	struct segment *segments;
	/* once all is known: */
	uint32_t *order;	/* segments by (prefix, length) */
	uint32_t nordered;
	struct tree *trees;	/* subnets, and what pairs of them fill */
	uint32_t ntrees;
	bool readable;		/* few enough to be read one by one */
};

/*
 * A subnet (a leaf), or two halves of a prefix that subnets fill entirely.
 * Children come before their parents.
 */
struct tree {
	struct prefix p;
	uint32_t kids[2];	/* numbers + 1 of a node; 0: a leaf */
	uint32_t first;		/* of a leaf's segments in the order */
	bool root;
	bool within;		/* another subnet: stays by itself */
};

/* --- the graph --------------------------------------------------------- */

struct graph *graph_new(struct arena *a, uint32_t n)
{
	struct graph *g = arena_alloc(a, sizeof(*g));

	g->arena = a;
	g->nrouters = n;
	g->legs = arena_alloc(a, (n + 1) * sizeof(*g->legs));
	return g;
}

uint32_t graph_segment(struct graph *g, const struct prefix *net, bool stub)
{
	struct segment *more;

	if (g->nsegments == g->cap) {
		g->cap = g->cap ? g->cap * 2 : 64;
		more = arena_alloc(g->arena, g->cap * sizeof(*more));
		if (g->nsegments)
			memcpy(more, g->segments, g->nsegments * sizeof(*more));
		g->segments = more;
	}
	g->segments[g->nsegments].net = prefix_net(net);
	g->segments[g->nsegments].stub = stub;
	return g->nsegments++;
}

/* Room is for the next power of two, so that it needs no number. */
static void push(struct graph *g, struct list *l, struct member *m)
{
	struct member **more;

	if (!(l->n & (l->n - 1))) {
		more = arena_alloc(g->arena, (l->n ? l->n * 2 : 1) *
				   sizeof(*more));
		if (l->n)
			memcpy(more, l->items, l->n * sizeof(*more));
		l->items = more;
	}
	((struct member **)l->items)[l->n++] = m;
}

void graph_join(struct graph *g, uint32_t segment, uint32_t router,
		uint32_t cost, const struct ip *ip, void *leg)
{
	struct member *m = arena_alloc(g->arena, sizeof(*m));

	*m = (struct member){ router, segment, cost, *ip, leg };
	push(g, &g->legs[router], m);
	push(g, &g->segments[segment].members, m);
}

/* --- shortest paths ---------------------------------------------------- */

/*
 * Vertices are the segments, then the routers.  Each has the set of first
 * hops of all its shortest paths, as bits.
 */
struct search {
	const struct graph *g;
	uint32_t source;
	uint32_t *dist;		/* UINT32_MAX: not reached */
	uint64_t *bits;		/* words of each vertex */
	uint32_t words;
	struct hop *hops;	/* what the bits mean */
	uint32_t *first_bit;	/* of each leg of the source */
	uint32_t *mine;		/* of each segment: the source's leg + 1 */
	uint32_t *heap, *at, n;	/* vertices; where each is, from 1 */
};

/*
 * Segments before routers of the same distance: arriving costs nothing, so
 * all segments at a distance are known before a router at it is left.
 */
static bool before(const struct search *s, uint32_t a, uint32_t b)
{
	return s->dist[a] != s->dist[b] ? s->dist[a] < s->dist[b] : a < b;
}

static void place(struct search *s, uint32_t i, uint32_t v)
{
	s->heap[i] = v;
	s->at[v] = i;
}

static void up(struct search *s, uint32_t i)
{
	uint32_t v = s->heap[i];

	for (; i > 1 && before(s, v, s->heap[i / 2]); i /= 2)
		place(s, i, s->heap[i / 2]);
	place(s, i, v);
}

static void down(struct search *s, uint32_t i)
{
	uint32_t v = s->heap[i], c;

	for (; i * 2 <= s->n; i = c) {
		c = i * 2;
		if (c < s->n && before(s, s->heap[c + 1], s->heap[c]))
			c++;
		if (!before(s, s->heap[c], v))
			break;
		place(s, i, s->heap[c]);
	}
	place(s, i, v);
}

static uint32_t pop(struct search *s)
{
	uint32_t v = s->heap[1], last = s->heap[s->n--];

	s->at[v] = 0;
	if (s->n) {
		place(s, 1, last);
		down(s, 1);
	}
	return v;
}

static uint64_t *bits_of(const struct search *s, uint32_t v)
{
	return s->bits + (size_t)v * s->words;
}

/* V can be reached at DIST, by the first hops of FROM. */
static void reach(struct search *s, uint32_t v, uint32_t dist, uint32_t from)
{
	uint64_t *to = bits_of(s, v), *more = bits_of(s, from);
	uint32_t i;

	if (dist > s->dist[v])
		return;
	if (dist < s->dist[v]) {
		memset(to, 0, s->words * sizeof(*to));
		if (s->dist[v] == UINT32_MAX)
			place(s, ++s->n, v);
		s->dist[v] = dist;
		up(s, s->at[v]);
	}
	for (i = 0; i < s->words; i++)
		to[i] |= more[i];
}

static void leave_router(struct search *s, uint32_t v)
{
	const struct list *legs = &s->g->legs[v - s->g->nsegments];
	struct member **m = legs->items;
	uint32_t i;

	for (i = 0; i < legs->n; i++)
		reach(s, m[i]->segment, s->dist[v] + m[i]->cost, v);
}

/* Whether the source's own leg is a shortest way to SEGMENT. */
static bool direct(const struct search *s, uint32_t segment, uint32_t *bit)
{
	struct member **m = s->g->legs[s->source].items;
	uint32_t i = s->mine[segment];

	if (!i || s->dist[segment] != m[i - 1]->cost)
		return false;
	*bit = s->first_bit[i - 1];
	return true;
}

static void leave_segment(struct search *s, uint32_t v)
{
	const struct segment *seg = &s->g->segments[v];
	struct member **m = seg->members.items;
	uint32_t i, bit = 0, r;
	bool mine = direct(s, v, &bit);

	for (i = 0; i < seg->members.n && !seg->stub; i++) {
		r = s->g->nsegments + m[i]->router;
		if (m[i]->router == s->source)
			continue;
		reach(s, r, s->dist[v], v);
		if (mine && s->dist[r] == s->dist[v])
			bits_of(s, r)[(bit + i) / 64] |= 1ull << (bit + i) % 64;
	}
}

/* A bit for each member of each segment that the source has a leg in. */
static void number_hops(struct search *s, struct arena *a)
{
	const struct list *legs = &s->g->legs[s->source];
	struct member **m = legs->items, **o;
	uint32_t i, k, n = 0;

	s->first_bit = arena_alloc(a, (legs->n + 1) * sizeof(*s->first_bit));
	s->mine = arena_alloc(a, (s->g->nsegments + 1) * sizeof(*s->mine));
	for (i = 0; i < legs->n; i++) {
		k = s->mine[m[i]->segment];
		if (!k || m[i]->cost < m[k - 1]->cost)
			s->mine[m[i]->segment] = i + 1;
		s->first_bit[i] = n;
		n += s->g->segments[m[i]->segment].members.n;
	}
	s->words = n / 64 + 1;
	s->hops = arena_alloc(a, (n + 1) * sizeof(*s->hops));
	for (i = n = 0; i < legs->n; i++) {
		const struct list *l =
			&s->g->segments[m[i]->segment].members;

		o = l->items;
		for (k = 0; k < l->n; k++)
			s->hops[n++] = (struct hop){ m[i]->leg, o[k]->ip };
	}
}

static void search(struct search *s, struct arena *a)
{
	uint32_t v, n = s->g->nrouters + s->g->nsegments;

	number_hops(s, a);
	s->dist = arena_alloc(a, n * sizeof(*s->dist));
	memset(s->dist, 0xff, n * sizeof(*s->dist));
	s->bits = arena_alloc(a, (size_t)n * s->words * sizeof(*s->bits));
	s->heap = arena_alloc(a, (n + 1) * sizeof(*s->heap));
	s->at = arena_alloc(a, n * sizeof(*s->at));
	v = s->g->nsegments + s->source;
	s->dist[v] = 0;
	place(s, ++s->n, v);
	while (s->n) {
		v = pop(s);
		if (v < s->g->nsegments)
			leave_segment(s, v);
		else
			leave_router(s, v);
	}
}

/* --- what can be aggregated -------------------------------------------- */

static int by_prefix(const void *a, const void *b, void *arg)
{
	const struct graph *g = arg;
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
	const struct prefix *p = &g->segments[x].net;
	const struct prefix *q = &g->segments[y].net;
	int c = ip_cmp(&p->ip, &q->ip);

	if (!c)
		c = (int)p->len - q->len;
	return c ? c : x < y ? -1 : x > y;
}

static const struct prefix *ordered(const struct graph *g, uint32_t i)
{
	return &g->segments[g->order[i]].net;
}

/* Do A and B fill the prefix that is one bit shorter? */
static bool halves(const struct prefix *a, const struct prefix *b)
{
	struct prefix above = *a;
	struct ip first;

	if (a->len != b->len || !a->len || a->ip.family != b->ip.family)
		return false;
	above.len--;
	first = prefix_first(&above);
	return !ip_cmp(&first, &a->ip) && ip_cmp(&a->ip, &b->ip) < 0 &&
	       prefix_has(&above, &b->ip);
}

/* Joins the last roots as long as they are halves of something. */
static void join_halves(struct graph *g, uint32_t *roots, uint32_t *n)
{
	struct tree *a, *b, *t;

	while (*n > 1) {
		a = &g->trees[roots[*n - 2]];
		b = &g->trees[roots[*n - 1]];
		if (!halves(&a->p, &b->p))
			return;
		t = &g->trees[g->ntrees];
		t->p = a->p;
		t->p.len--;
		t->kids[0] = roots[*n - 2] + 1;
		t->kids[1] = roots[*n - 1] + 1;
		t->root = true;
		a->root = b->root = false;
		--*n;
		roots[*n - 1] = g->ntrees++;
	}
}

static void plant(struct graph *g)
{
	uint32_t *roots = arena_alloc(g->arena, (g->nsegments + 1) *
				      sizeof(*roots));
	const struct prefix *p, *last = NULL;
	uint32_t i, n = 0;
	struct tree *t;

	for (i = 0; i < g->nsegments; i++) {
		p = ordered(g, i);
		if (i && !memcmp(p, ordered(g, i - 1), sizeof(*p)))
			continue;
		t = &g->trees[g->ntrees];
		t->p = *p;
		t->first = i;
		t->root = true;
		t->within = last && prefix_covers(last, p);
		if (!t->within)
			roots[n++] = g->ntrees;
		g->ntrees++;
		if (t->within)
			continue;
		/* what is within a default route is not within much */
		if (p->len)
			last = p;
		join_halves(g, roots, &n);
	}
}

/* A table of so many routes is read by people, who look for their subnet. */
#define READABLE 64

static void order(struct graph *g)
{
	uint32_t i;

	if (g->nordered == g->nsegments)
		return;
	g->order = arena_alloc(g->arena, g->nsegments * sizeof(*g->order));
	for (i = 0; i < g->nsegments; i++)
		g->order[i] = i;
	qsort_r(g->order, g->nsegments, sizeof(*g->order), by_prefix, g);
	g->nordered = g->nsegments;
	g->readable = g->nsegments <= READABLE;
	g->trees = arena_alloc(g->arena, 2 * g->nsegments *
			       sizeof(*g->trees));
	plant(g);
}

/* --- routes ------------------------------------------------------------ */

/* Labels of what has no next hops; those that have count from 2. */
enum { NOWHERE, CONNECTED, FIRST_LABEL };

struct label {
	struct hop *hops;
	uint32_t n;
};

struct labels {
	struct arena *a;
	struct index *x;
	struct label *v;
	uint32_t n, cap;
};

static struct label hops_of(struct labels *l, const struct search *s,
			    uint32_t v)
{
	const uint64_t *bits = bits_of(s, v);
	struct label out = { NULL, 0 };
	uint32_t i, n = 0;

	for (i = 0; i < s->words; i++)
		n += __builtin_popcountll(bits[i]);
	out.hops = arena_alloc(l->a, (n + 1) * sizeof(*out.hops));
	for (i = 0; i < s->words * 64; i++)
		if (bits[i / 64] >> i % 64 & 1)
			out.hops[out.n++] = s->hops[i];
	return out;
}

/* The number of the set of first hops of V; equal sets have one. */
static uint32_t label_of(struct labels *l, const struct search *s, uint32_t v)
{
	size_t size = s->words * sizeof(*s->bits);
	struct label *more;
	uintptr_t known;

	known = (uintptr_t)index_get(l->x, bits_of(s, v), size);
	if (known)
		return known;
	if (l->n == l->cap) {
		more = arena_alloc(l->a, l->cap * 2 * sizeof(*more));
		memcpy(more, l->v, l->n * sizeof(*more));
		l->v = more;
		l->cap *= 2;
	}
	l->v[l->n] = hops_of(l, s, v);
	index_put(l->x, bits_of(s, v), size, (void *)(uintptr_t)l->n);
	return l->n++;
}

static bool connected(const struct search *s, uint32_t segment)
{
	return s->mine[segment] != 0;
}

static uint32_t classify(struct labels *l, const struct search *s, uint32_t v)
{
	if (connected(s, v))
		return CONNECTED;
	return s->dist[v] == UINT32_MAX ? NOWHERE : label_of(l, s, v);
}

/* Of several segments with one subnet the nearest; connected before all. */
static uint32_t nearest(const struct search *s, uint32_t first)
{
	const struct graph *g = s->g;
	uint32_t best = g->order[first], i, v;

	for (i = first + 1; i < g->nsegments; i++) {
		v = g->order[i];
		if (memcmp(ordered(g, i), ordered(g, first),
			   sizeof(struct prefix)))
			break;
		if (connected(s, v) ||
		    (!connected(s, best) && s->dist[v] < s->dist[best]))
			best = v;
	}
	return best;
}

/*
 * The fewest routes (Draves et al., "Constructing Optimal IP Routing Tables",
 * Infocom 1999): from the leaves up the labels that cost least, as bits; then
 * from the roots down a route wherever what holds above isn't among them.
 * What is connected agrees with all, since its own route is the longer one.
 * A prefix that isn't filled by what can be reached is never made one.
 */
struct fib {
	const struct graph *g;
	const struct labels *labels;
	uint32_t *label;	/* of leaves */
	uint64_t *mask;
	void (*emit)(void *arg, const struct prefix *to,
		     const struct hop *hops, uint32_t n);
	void *arg;
};

#define ALL UINT64_MAX

/* Labels that have no bit keep a route of their own, and agree with all. */
static uint64_t leaf_mask(uint32_t label)
{
	if (label == NOWHERE)
		return 0;
	return label == CONNECTED || label > 63 ? ALL : 1ull << label;
}

static void climb(struct fib *f)
{
	uint64_t a, b;
	uint32_t i;

	for (i = 0; i < f->g->ntrees; i++) {
		const struct tree *t = &f->g->trees[i];

		if (!t->kids[0]) {
			f->mask[i] = leaf_mask(f->label[i]);
			continue;
		}
		a = f->mask[t->kids[0] - 1];
		b = f->mask[t->kids[1] - 1];
		f->mask[i] = !a || !b ? 0 : a & b ? a & b : a | b;
	}
}

static void tell(const struct fib *f, const struct prefix *to, uint32_t label)
{
	const struct label *l = &f->labels->v[label];

	if (l->n)
		f->emit(f->arg, to, l->hops, l->n);
}

static void descend(const struct fib *f, uint32_t i, uint32_t above)
{
	const struct tree *t = &f->g->trees[i];
	uint32_t label = f->label[i];

	if (!t->kids[0]) {
		if (label >= FIRST_LABEL && label != above)
			tell(f, &t->p, label);
		return;
	}
	label = above;
	if (f->mask[i] && f->mask[i] != ALL && !f->g->readable &&
	    !(above && f->mask[i] >> above & 1)) {
		label = __builtin_ctzll(f->mask[i]);
		tell(f, &t->p, label);
	}
	descend(f, t->kids[0] - 1, label);
	descend(f, t->kids[1] - 1, label);
}

void graph_routes(struct graph *g, uint32_t router,
		  void (*emit)(void *arg, const struct prefix *to,
			       const struct hop *hops, uint32_t n), void *arg)
{
	struct arena *a __attribute__((cleanup(arena_cleanup))) = arena_new();
	struct search s = { .g = g, .source = router };
	struct labels l = { .a = a, .n = FIRST_LABEL, .cap = 64 };
	struct fib f = { .g = g, .labels = &l, .emit = emit, .arg = arg };
	uint32_t i;

	order(g);
	search(&s, a);
	l.x = index_new(a);
	l.v = arena_alloc(a, l.cap * sizeof(*l.v));
	f.label = arena_alloc(a, g->ntrees * sizeof(*f.label));
	f.mask = arena_alloc(a, g->ntrees * sizeof(*f.mask));
	for (i = 0; i < g->ntrees; i++)
		if (!g->trees[i].kids[0])
			f.label[i] = classify(&l, &s,
					      nearest(&s, g->trees[i].first));
	climb(&f);
	for (i = 0; i < g->ntrees; i++)
		if (g->trees[i].root)
			descend(&f, i, NOWHERE);
}

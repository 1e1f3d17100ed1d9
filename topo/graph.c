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
	uint32_t *order;	/* segments by (prefix, length), once known */
	uint32_t nordered;
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

/* The source's own leg in a segment that it reaches directly, or NULL. */
static struct member *direct(const struct search *s, uint32_t segment,
			     uint32_t *bit)
{
	const struct list *legs = &s->g->legs[s->source];
	struct member **m = legs->items;
	uint32_t i;

	for (i = 0; i < legs->n; i++) {
		*bit = s->first_bit[i];
		if (m[i]->segment == segment &&
		    s->dist[segment] == m[i]->cost)
			return m[i];
	}
	return NULL;
}

static void leave_segment(struct search *s, uint32_t v)
{
	const struct segment *seg = &s->g->segments[v];
	struct member **m = seg->members.items;
	uint32_t i, bit = 0, r;
	bool mine = direct(s, v, &bit) != NULL;

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
	for (i = 0; i < legs->n; i++) {
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

/* --- aggregation ------------------------------------------------------- */

/* Labels of what has no next hops; those that have count from 2. */
enum { NOWHERE, CONNECTED, FIRST_LABEL };

struct entry {
	struct prefix p;
	uint32_t label;
};

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
}

/* Do A and B fill the prefix that is one bit shorter? */
static bool halves(const struct prefix *a, const struct prefix *b)
{
	struct prefix up = *a;
	struct ip first;

	if (a->len != b->len || !a->len || a->ip.family != b->ip.family)
		return false;
	up.len--;
	first = prefix_first(&up);
	return !ip_cmp(&first, &a->ip) && ip_cmp(&a->ip, &b->ip) < 0 &&
	       prefix_has(&up, &b->ip);
}

/* What is connected has a route of its own, which is the longer one. */
static bool agree(const struct entry *a, const struct entry *b,
		  uint32_t *label)
{
	if (a->label == NOWHERE || b->label == NOWHERE)
		return false;
	*label = a->label == CONNECTED ? b->label : a->label;
	return a->label == b->label || a->label == CONNECTED ||
	       b->label == CONNECTED;
}

struct fib {
	struct entry *v;	/* what may still be joined, from the left */
	uint32_t n;
	struct entry *out;	/* what is done */
	uint32_t nout;
};

static void join_halves(struct fib *t)
{
	struct entry *b;
	uint32_t label;

	while (t->n > 1) {
		b = &t->v[t->n - 1];
		if (!halves(&b[-1].p, &b->p) || !agree(&b[-1], b, &label))
			return;
		b[-1].p.len--;
		b[-1].label = label;
		t->n--;
	}
}

/* Entries come sorted; one within the one before stays by itself. */
static void table_add(struct fib *t, const struct entry *e,
		      const struct prefix *last)
{
	if (last->ip.family && prefix_covers(last, &e->p)) {
		t->out[t->nout++] = *e;
		return;
	}
	t->v[t->n++] = *e;
	join_halves(t);
}

/* --- routes ------------------------------------------------------------ */

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
	const struct list *legs = &s->g->legs[s->source];
	struct member **m = legs->items;
	uint32_t i;

	for (i = 0; i < legs->n; i++)
		if (m[i]->segment == segment)
			return true;
	return false;
}

static uint32_t classify(struct labels *l, const struct search *s, uint32_t v)
{
	if (connected(s, v))
		return CONNECTED;
	return s->dist[v] == UINT32_MAX ? NOWHERE : label_of(l, s, v);
}

/* Of several segments with one subnet the nearest; connected before all. */
static uint32_t nearest(const struct search *s, const struct graph *g,
			uint32_t *i)
{
	uint32_t best = g->order[*i], v;

	for (++*i; *i < g->nsegments; ++*i) {
		v = g->order[*i];
		if (memcmp(&g->segments[v].net, &g->segments[best].net,
			   sizeof(struct prefix)))
			break;
		if (connected(s, v) ||
		    (!connected(s, best) && s->dist[v] < s->dist[best]))
			best = v;
	}
	return best;
}

static void fill(struct fib *t, struct labels *l, const struct search *s)
{
	const struct graph *g = s->g;
	struct prefix last = { .len = 0 };
	struct entry e;
	uint32_t i = 0, v;

	while (i < g->nsegments) {
		v = nearest(s, g, &i);
		e.p = g->segments[v].net;
		e.label = classify(l, s, v);
		table_add(t, &e, &last);
		/* what is within a default route is not within much */
		if (e.p.len &&
		    (!last.ip.family || !prefix_covers(&last, &e.p)))
			last = e.p;
	}
}

static void tell(const struct entry *e, uint32_t n, const struct labels *l,
		 void (*emit)(void *arg, const struct prefix *to,
			      const struct hop *hops, uint32_t n), void *arg)
{
	uint32_t i;

	for (i = 0; i < n; i++)
		if (e[i].label >= FIRST_LABEL && l->v[e[i].label].n)
			emit(arg, &e[i].p, l->v[e[i].label].hops,
			     l->v[e[i].label].n);
}

void graph_routes(struct graph *g, uint32_t router,
		  void (*emit)(void *arg, const struct prefix *to,
			       const struct hop *hops, uint32_t n), void *arg)
{
	struct arena *a __attribute__((cleanup(arena_cleanup))) = arena_new();
	struct search s = { .g = g, .source = router };
	struct labels l = { .a = a, .n = FIRST_LABEL, .cap = 64 };
	struct fib t = { .n = 0 };

	order(g);
	search(&s, a);
	l.x = index_new(a);
	l.v = arena_alloc(a, l.cap * sizeof(*l.v));
	t.v = arena_alloc(a, (g->nsegments + 1) * sizeof(*t.v));
	t.out = arena_alloc(a, (g->nsegments + 1) * sizeof(*t.out));
	fill(&t, &l, &s);
	tell(t.v, t.n, &l, emit, arg);
	tell(t.out, t.nout, &l, emit, arg);
}

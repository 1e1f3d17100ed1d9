// graph.c - random graphs: every packet arrives, by shortest ways only
// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdlib.h>
#include <time.h>

#include "tests/unit/test.h"
#include "topo/graph.h"

#define MAX_LEGS 64
#define FAR 0x3fffffffu

/*
 * The test has its own idea of the graph, and of distances (Bellman-Ford);
 * a router is looked into only by the routes that it was told.
 */
struct side {
	uint32_t router, cost;
	struct ip ip;
};

struct wire {
	struct prefix net;
	struct side v[MAX_LEGS];
	uint32_t n;
};

struct hops {			/* where a route leads to */
	uint32_t router[MAX_LEGS];
	uint32_t n;
};

struct trie {			/* routes of a router, by bits */
	struct trie *child[2];
	struct hops *hops;
};

struct world {
	struct arena *a;
	struct graph *g;
	uint32_t n, nwires, routes;
	struct wire *wires;
	struct trie *fib;
	uint32_t *dist;		/* [wire * n + router] */
	uint32_t asked;
};

static uint32_t seed;

static uint32_t dice(uint32_t sides)
{
	seed = seed * 1664525 + 1013904223;
	return (seed >> 8) % sides;
}

/* --- a world ----------------------------------------------------------- */

static struct wire *add_wire(struct world *w, const char *base, uint32_t i,
			     uint8_t len)
{
	struct wire *e = &w->wires[w->nwires++];

	ip_read(base, &e->net.ip);
	e->net.len = len;
	/* 10.32.0.0 and so on: the i-th block of that length */
	e->net.ip = ip_add(&e->net.ip, (int64_t)i <<
			   (ip_bytes(&e->net.ip) * 8 - len));
	graph_segment(w->g, &e->net, false);
	return e;
}

static void add_side(struct world *w, struct wire *e, uint32_t router,
		     uint32_t cost)
{
	struct side *s = &e->v[e->n];
	uint32_t i;

	for (i = 0; i < e->n; i++)
		if (e->v[i].router == router)
			return;
	s->router = router;
	s->cost = cost;
	s->ip = ip_add(&e->net.ip, e->n + (e->net.len < 31));
	e->n++;
	graph_join(w->g, e - w->wires, router, cost, &s->ip, s);
}

static struct world make(uint32_t n, uint32_t more, uint32_t lans, bool six)
{
	struct world w = { .a = arena_new(), .n = n };
	const char *lan = six ? "fd00:64::" : "10.64.0.0";
	const char *p2p = six ? "fd00:32::" : "10.32.0.0";
	uint32_t i, k, links = 0;
	struct wire *e;

	w.g = graph_new(w.a, n);
	w.wires = arena_alloc(w.a, (3 * n + more + lans) * sizeof(*w.wires));
	w.fib = arena_alloc(w.a, n * sizeof(*w.fib));
	for (i = 0; i < n; i++)
		add_side(&w, add_wire(&w, lan, i, six ? 120 : 24), i, 10);
	for (i = 1; i < n; i++) {
		e = add_wire(&w, p2p, links++, six ? 127 : 31);
		k = 1 + dice(20);
		add_side(&w, e, i, k);
		add_side(&w, e, dice(i), dice(4) ? k : 1 + dice(20));
	}
	for (i = 0; i < more; i++) {
		e = add_wire(&w, p2p, links++, six ? 127 : 31);
		k = 1 + dice(3);
		add_side(&w, e, dice(n), k * 10);
		add_side(&w, e, dice(n), k * 10);
	}
	for (i = 0; i < lans; i++) {
		e = add_wire(&w, six ? "fd00:99::" : "10.99.0.0", i,
			     six ? 122 : 26);
		for (k = 3 + dice(20); k; k--)
			add_side(&w, e, dice(n), 1 + dice(3) * 5);
	}
	return w;
}

/* Distances from each router to each wire: relax until nothing changes. */
static void measure(struct world *w)
{
	uint32_t t, i, k, *d, best;
	bool again;

	w->dist = malloc(sizeof(*w->dist) * w->n * w->nwires);
	for (t = 0; t < w->nwires; t++) {
		d = &w->dist[t * w->n];
		for (i = 0; i < w->n; i++)
			d[i] = FAR;
		for (i = 0; i < w->wires[t].n; i++)
			d[w->wires[t].v[i].router] = w->wires[t].v[i].cost;
		do {
			again = false;
			for (i = 0; i < w->nwires; i++) {
				const struct wire *e = &w->wires[i];

				best = FAR;
				for (k = 0; k < e->n; k++)
					if (d[e->v[k].router] < best)
						best = d[e->v[k].router];
				for (k = 0; k < e->n; k++) {
					if (best + e->v[k].cost >=
					    d[e->v[k].router])
						continue;
					d[e->v[k].router] =
						best + e->v[k].cost;
					again = true;
				}
			}
		} while (again);
	}
}

/* --- its routes -------------------------------------------------------- */

static struct wire *wire_of(struct world *w, const struct side *s)
{
	return &w->wires[((const char *)s - (char *)w->wires) /
			 sizeof(struct wire)];
}

static void learn(void *arg, const struct prefix *to, const struct hop *h,
		  uint32_t n)
{
	struct world *w = arg;
	struct trie *t = &w->fib[w->asked];
	struct hops *hops = arena_alloc(w->a, sizeof(*hops));
	uint32_t i, k;

	w->routes++;
	for (i = 0; i < to->len; i++) {
		struct trie **c = &t->child[to->ip.b[i / 8] >>
					    (7 - i % 8) & 1];

		if (!*c)
			*c = arena_alloc(w->a, sizeof(**c));
		t = *c;
	}
	CHECK(!t->hops);
	t->hops = hops;
	for (i = 0; i < n; i++) {
		struct wire *e = wire_of(w, h[i].leg);

		/* the leg is the asker's, and the next hop is on it */
		CHECK(((struct side *)h[i].leg)->router == w->asked);
		for (k = 0; k < e->n; k++)
			if (!ip_cmp(&e->v[k].ip, &h[i].via))
				hops->router[hops->n++] = e->v[k].router;
		CHECK(hops->n == i + 1);
	}
}

static const struct hops *look_up(struct world *w, uint32_t router,
				  const struct ip *ip)
{
	const struct trie *t = &w->fib[router];
	const struct hops *best = t->hops;
	uint32_t i;

	for (i = 0; t; i++) {
		if (t->hops)
			best = t->hops;
		if (i == ip_bytes(ip) * 8)
			break;
		t = t->child[ip->b[i / 8] >> (7 - i % 8) & 1];
	}
	return best;
}

/* --- packets ----------------------------------------------------------- */

static const struct side *leg_in(const struct wire *e, uint32_t router)
{
	uint32_t i;

	for (i = 0; i < e->n; i++)
		if (e->v[i].router == router)
			return &e->v[i];
	return NULL;
}

/* How many neighbours are first on a shortest way from ROUTER to wire T. */
static uint32_t count_first(struct world *w, uint32_t router, uint32_t t)
{
	uint32_t i, k, n = 0, *d = &w->dist[t * w->n];

	for (i = 0; i < w->nwires; i++) {
		const struct wire *e = &w->wires[i];
		const struct side *s = leg_in(e, router);

		for (k = 0; s && k < e->n; k++)
			if (e->v[k].router != router &&
			    d[e->v[k].router] + s->cost == d[router])
				n++;
	}
	return n;
}

/* From every router to every subnet: each hop comes nearer by what it costs */
static void check_hops(struct world *w, uint32_t router, uint32_t t)
{
	struct wire *e = &w->wires[t];
	uint32_t i, k, *d = &w->dist[t * w->n];
	struct ip last = prefix_last(&e->net);
	const struct hops *h;

	if (leg_in(e, router))
		return;
	h = look_up(w, router, &last);
	CHECK((h != NULL) == (d[router] < FAR));
	if (!h || d[router] >= FAR)
		return;
	CHECK(h->n == count_first(w, router, t));
	for (i = 0; i < h->n; i++) {
		uint32_t cost = FAR;

		for (k = 0; k < w->nwires; k++) {
			const struct side *s = leg_in(&w->wires[k], router);

			if (s && leg_in(&w->wires[k], h->router[i]) &&
			    d[h->router[i]] + s->cost == d[router])
				cost = s->cost;
		}
		CHECK(cost != FAR);
	}
}

/* A packet to router B's own subnet, hop by hop, as the dice fall. */
static void send(struct world *w, uint32_t a, uint32_t b)
{
	struct wire *e = &w->wires[b];
	struct ip ip = ip_add(&e->net.ip, 1 + dice(200));
	uint32_t ttl = w->n + 1;

	while (a != b && ttl--) {
		const struct hops *h = look_up(w, a, &ip);

		if (!h || !h->n)
			break;
		a = h->router[dice(h->n)];
	}
	CHECK(a == b || w->dist[b * w->n + a] >= FAR);
}

/* What nobody has leads nowhere, and so in no circle. */
static void check_nowhere(struct world *w, bool six)
{
	struct ip ip;
	uint32_t i;

	ip_read(six ? "fd00:64::f:0" : "10.127.0.1", &ip);
	for (i = 0; i < w->n; i++)
		CHECK(!look_up(w, i, &ip));
	ip = ip_add(&w->wires[w->n].net.ip, 2 * (int64_t)w->nwires);
	for (i = 0; i < w->n; i++)
		CHECK(!look_up(w, i, &ip));
}

static void try(uint32_t n, uint32_t more, uint32_t lans, bool six, bool all)
{
	struct world w = make(n, more, lans, six);
	struct timespec t0, t1;
	uint32_t i, k;

	clock_gettime(CLOCK_MONOTONIC, &t0);
	for (w.asked = 0; w.asked < n; w.asked++)
		graph_routes(w.g, w.asked, learn, &w);
	clock_gettime(CLOCK_MONOTONIC, &t1);
	printf("%u routers, %u subnets: %u routes in %ld ms\n", n, w.nwires,
	       w.routes, (t1.tv_sec - t0.tv_sec) * 1000 +
	       (t1.tv_nsec - t0.tv_nsec) / 1000000);
	measure(&w);
	for (i = 0; i < n; i++) {
		for (k = 0; k < w.nwires && all; k++)
			check_hops(&w, i, k);
		for (k = 0; k < n; k++)
			send(&w, i, k);
	}
	check_nowhere(&w, six);
	/* each subnet one by one, or far fewer than there are */
	if (w.nwires > 64)
		CHECK(w.routes < n * w.nwires / 4);
	free(w.dist);
	arena_free(w.a);
}

/* --- by hand ----------------------------------------------------------- */

static void print(void *arg, const struct prefix *to, const struct hop *h,
		  uint32_t n)
{
	struct buf *b = arg;
	char p[50], ip[46];
	uint32_t i;

	buf_printf(b, "%s", prefix_text(to, p));
	for (i = 0; i < n; i++)
		buf_printf(b, " %s", ip_text(&h[i].via, ip));
	buf_str(b, "; ");
}

static void join(struct graph *g, uint32_t segment, uint32_t router,
		 uint32_t cost, const char *text)
{
	static int leg;
	struct ip ip = { .family = 4 };

	if (*text)
		ip_read(text, &ip);
	graph_join(g, segment, router, cost, &ip, &leg);
}

static uint32_t segment(struct graph *g, const char *net)
{
	struct prefix p;

	prefix_read(net, &p);
	return graph_segment(g, &p, !p.len);
}

/* a border (router 1), a subnet twice, a subnet in another, a stranger */
static void by_hand(void)
{
	struct arena *a = arena_new();
	struct graph *g = graph_new(a, 4);
	struct buf b = { 0 };
	uint32_t s;

	s = segment(g, "10.0.0.0/31");
	join(g, s, 0, 1, "10.0.0.0");
	join(g, s, 1, 1, "10.0.0.1");
	s = segment(g, "10.0.0.2/31");
	join(g, s, 1, 1, "10.0.0.2");
	join(g, s, 2, 1, "10.0.0.3");
	join(g, segment(g, "0.0.0.0/0"), 1, 1, "");
	join(g, segment(g, "10.1.0.0/24"), 2, 1, "10.1.0.1");
	join(g, segment(g, "10.1.0.0/24"), 1, 1, "10.1.0.1");
	join(g, segment(g, "10.1.1.0/24"), 1, 1, "10.1.1.1");
	join(g, segment(g, "10.1.1.128/25"), 2, 1, "10.1.1.129");
	join(g, segment(g, "10.9.0.0/24"), 3, 1, "10.9.0.1");
	graph_routes(g, 0, print, &b);
	CHECK_STR(buf_text(&b),
		  "0.0.0.0/0 10.0.0.1; 10.0.0.2/31 10.0.0.1; "
		  "10.1.0.0/24 10.0.0.1; 10.1.1.0/24 10.0.0.1; "
		  "10.1.1.128/25 10.0.0.1; ");
	buf_reset(&b);
	graph_routes(g, 1, print, &b);
	CHECK_STR(buf_text(&b), "10.1.1.128/25 10.0.0.3; ");
	buf_reset(&b);
	graph_routes(g, 3, print, &b);
	CHECK_STR(buf_text(&b), "");
	buf_free(&b);
	arena_free(a);
}

/* All is behind one neighbour, but what is here, elsewhere, and nowhere. */
static void aggregated(void)
{
	struct arena *a = arena_new();
	struct graph *g = graph_new(a, 4);
	static const uint32_t odd[100] = { [40] = 1, [70] = 3, [97] = 4 };
	struct buf b = { 0 };
	char net[32];
	uint32_t s, i;

	s = segment(g, "192.0.2.0/31");
	join(g, s, 0, 1, "192.0.2.0");
	join(g, s, 1, 1, "192.0.2.1");
	s = segment(g, "192.0.2.2/31");
	join(g, s, 0, 1, "192.0.2.2");
	join(g, s, 2, 1, "192.0.2.3");
	for (i = 0; i < 100; i++) {
		snprintf(net, sizeof(net), "10.0.%u.0/24", i);
		join(g, segment(g, net), odd[i] ? odd[i] - 1 : 1, 1, "");
	}
	join(g, segment(g, "0.0.0.0/0"), 1, 1, "");
	graph_routes(g, 0, print, &b);
	CHECK_STR(buf_text(&b),
		  "0.0.0.0/0 192.0.2.1; 10.0.0.0/18 192.0.2.1; "
		  "10.0.64.0/19 192.0.2.1; 10.0.70.0/24 192.0.2.3; "
		  "10.0.96.0/24 192.0.2.1; 10.0.98.0/23 192.0.2.1; ");
	buf_free(&b);
	arena_free(a);
}

int main(void)
{
	uint32_t i;

	by_hand();
	aggregated();
	for (i = 0; i < 40; i++) {
		seed = i;
		try(4 + dice(20), dice(12), dice(3), i & 1, true);
	}
	seed = 7;
	try(197, 47, 3, false, true);
	try(750, 250, 10, false, false);
	return test_end();
}

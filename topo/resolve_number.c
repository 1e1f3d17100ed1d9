// resolve_number.c - automatic subnets, out of pools
// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdlib.h>
#include <string.h>

#include "topo/resolve.h"

static const struct {
	const char *text;
	size_t off;
} pools[] = {
	[POOL_LAN] = { "10.64.0.0/10", offsetof(struct pools, lan) },
	[POOL_LAN6] = { "fd00:64::/48", offsetof(struct pools, lan6) },
	[POOL_LINK] = { "10.32.0.0/16", offsetof(struct pools, link) },
	[POOL_LINK6] = { "fd00:32::/48", offsetof(struct pools, link6) },
	[POOL_LOOPBACK] = { "10.255.0.0/16", offsetof(struct pools, loopback) },
	[POOL_LOOPBACK6] = { "fd00:ff::/64",
			     offsetof(struct pools, loopback6) },
	[POOL_UPLINK] = { "100.64.0.0/16", offsetof(struct pools, uplink) },
};

struct prefix pool_of(const struct topology *t, enum pool pool)
{
	struct prefix p;

	if (t->pools) {
		memcpy(&p, (char *)t->pools + pools[pool].off, sizeof(p));
		if (p.ip.family)
			return p;
	}
	prefix_read(pools[pool].text, &p);
	return p;
}

/* --- free blocks ------------------------------------------------------- */

/*
 * What must be avoided is sorted once; then blocks are taken in order, so
 * that 1,000 of them look at everything once and not 1,000 times.
 */
struct range {
	struct ip first, last;
};

struct blocks {
	struct arena *a;
	struct prefix pool;
	uint8_t len;
	struct range *v;
	uint32_t n, cap, at;
	bool sorted, full;
	struct ip next;
};

struct blocks *blocks_new(struct resolver *r, const struct prefix *pool,
			  uint8_t len)
{
	struct blocks *b = arena_alloc(r->a, sizeof(*b));

	b->a = r->a;
	b->pool = prefix_net(pool);
	b->len = len;
	b->next = b->pool.ip;
	b->full = len < pool->len;
	return b;
}

void blocks_avoid(struct blocks *b, const struct prefix *p)
{
	struct range *more;

	if (p->ip.family != b->pool.ip.family || !p->len)
		return;
	if (b->n == b->cap) {
		b->cap = b->cap ? b->cap * 2 : 16;
		more = arena_alloc(b->a, b->cap * sizeof(*more));
		if (b->n)
			memcpy(more, b->v, b->n * sizeof(*more));
		b->v = more;
	}
	b->v[b->n++] = (struct range){ prefix_first(p), prefix_last(p) };
	b->sorted = false;
}

static int by_first(const void *a, const void *b)
{
	return ip_cmp(&((const struct range *)a)->first,
		      &((const struct range *)b)->first);
}

/* Sorted, and without those that lie within another one. */
static void sort(struct blocks *b)
{
	uint32_t i, n = 0;

	if (b->n)
		qsort(b->v, b->n, sizeof(*b->v), by_first);
	for (i = 0; i < b->n; i++)
		if (!n || ip_cmp(&b->v[n - 1].last, &b->v[i].last) < 0)
			b->v[n++] = b->v[i];
	b->n = n;
	b->at = 0;
	b->sorted = true;
}

/* The block after the one IP is in; sets full when that wraps. */
static void step(struct blocks *b, const struct ip *ip)
{
	struct prefix p = { .ip = *ip, .len = b->len };
	struct ip next;
	int i;

	p.ip = prefix_first(&p);
	next = p.ip;
	/* adds 1 at the last bit of the block's number */
	for (i = (b->len - 1) / 8; i >= 0; i--) {
		unsigned int one = i == (b->len - 1) / 8 ?
				   1u << (7 - (b->len - 1) % 8) : 1;
		unsigned int sum = next.b[i] + one;

		next.b[i] = sum & 0xff;
		if (sum < 256)
			break;
	}
	b->next = next;
	if (i < 0 || !prefix_has(&b->pool, &next))
		b->full = true;
}

/* The first range that ends at IP or behind it. */
static void seek(struct blocks *b, const struct ip *ip)
{
	uint32_t lo = 0, hi = b->n, mid;

	while (lo < hi) {
		mid = lo + (hi - lo) / 2;
		if (ip_cmp(&b->v[mid].last, ip) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	b->at = lo;
}

static bool avoided(struct blocks *b, struct ip *last)
{
	struct prefix p = { .ip = b->next, .len = b->len };
	struct ip end = prefix_last(&p);

	while (b->at < b->n && ip_cmp(&b->v[b->at].last, &b->next) < 0)
		b->at++;
	if (b->at == b->n || ip_cmp(&b->v[b->at].first, &end) > 0)
		return false;
	*last = b->v[b->at].last;
	if (ip_cmp(last, &end) < 0)
		*last = end;
	return true;
}

struct prefix blocks_take(struct blocks *b, struct resolver *r,
			  const char *prefix)
{
	struct prefix p = { .len = 0 };
	struct ip last;
	char text[50];

	if (!b->sorted)
		sort(b);
	while (!b->full) {
		if (avoided(b, &last)) {
			step(b, &last);
			continue;
		}
		p.ip = b->next;
		p.len = b->len;
		step(b, &p.ip);
		if (!prefix || !r->numbers ||
		    !numbers_taken(r->numbers, prefix, prefix_text(&p, text)))
			return p;
	}
	return (struct prefix){ .len = 0 };
}

/* --- kept numbers ------------------------------------------------------ */

bool number_kept(struct resolver *r, const char *key, struct prefix *p)
{
	const char *text = r->numbers ? numbers_get(r->numbers, key) : NULL;

	return text && !prefix_read(text, p);
}

void number_keep(struct resolver *r, const char *key, const struct prefix *p)
{
	char text[50];

	if (r->numbers)
		numbers_set(r->numbers, key, prefix_text(p, text));
}

/* --- subnets ----------------------------------------------------------- */

/* One subnet to be: of a network or a link, of one family. */
struct want {
	enum pool pool;
	uint8_t len;
	struct prefix *net;	/* where it goes */
	const char *key;
	const struct node *n;
};

struct wants {
	struct want *v;
	uint32_t n;
};

/* Those in one namespace may not have the same; labs may. */
static const char *space_of(const struct topology *t)
{
	return t->netns[0] ? "own/" : "host/";
}

static void want(struct resolver *r, struct wants *s, enum pool pool,
		 const struct node *n, const char *kind, struct prefix *net)
{
	static const uint8_t lens[] = {
		[POOL_LAN] = 24, [POOL_LAN6] = 64, [POOL_LINK] = 31,
		[POOL_LINK6] = 127, [POOL_LOOPBACK] = 32,
		[POOL_LOOPBACK6] = 128,
	};
	/* by the order of the pools */
	const char *six = pool & 1 ? "6" : "";

	s->v[s->n++] = (struct want){
		.pool = pool, .len = lens[pool], .net = net, .n = n,
		.key = arena_printf(r->a, "%s%s/%s/%s/subnet%s",
				    space_of(r->t), r->t->base, kind,
				    n->name, six),
	};
}

/* What an end of a link has written tells the link's subnet. */
static struct prefix from_ends(const struct tlink *l, bool six)
{
	const struct leg_spec *ends[] = { l->a, l->b };
	struct prefix p = { .len = 0 };
	unsigned int i;

	for (i = 0; i < 2; i++) {
		const struct list *list = six ? &ends[i]->address6 :
					  &ends[i]->address;
		const struct addrspec *s = list->items;

		if (!list->n || s->how != ADDR_FIXED)
			continue;
		p = s->p;
		if (p.len == 255)
			p.len = six ? 127 : 31;
		return prefix_net(&p);
	}
	return p;
}

static bool no_address(const struct tlink *l, bool six)
{
	const struct leg_spec *ends[] = { l->a, l->b };
	unsigned int i;

	for (i = 0; i < 2; i++) {
		const struct list *list = six ? &ends[i]->address6 :
					  &ends[i]->address;
		const struct addrspec *s = list->items;

		if (!list->n || s->how != ADDR_NONE)
			return false;
	}
	return true;
}

static bool any_six(const struct topology *t)
{
	list_for(struct network, w, &t->networks)
		if (WROTE(w, rec_network, subnet6))
			return true;
	list_for(struct tlink, l, &t->links)
		if (WROTE(l, rec_link, subnet6))
			return true;
	return false;
}

/*
 * A link of routers has addresses also when nothing was written: of IPv4, and
 * of IPv6 when the topology has any.
 */
static void link_family(struct resolver *r, struct tlink *l, bool six,
			bool automatic, struct wants *s)
{
	struct netspec *spec = six ? &l->subnet6 : &l->subnet;
	struct prefix *net = six ? &l->net6 : &l->net4;
	bool wrote = six ? WROTE(l, rec_link, subnet6) :
			   WROTE(l, rec_link, subnet);

	*net = (struct prefix){ .len = 0 };
	if (wrote && !spec->automatic) {
		*net = prefix_net(&spec->p);
		return;
	}
	if (!wrote && no_address(l, six))
		return;
	*net = from_ends(l, six);
	if (!net->ip.family && (wrote || automatic))
		want(r, s, six ? POOL_LINK6 : POOL_LINK, &l->n, "link", net);
}

static void network_family(struct resolver *r, struct network *w, bool six,
			   struct wants *s)
{
	struct netspec *spec = six ? &w->subnet6 : &w->subnet;
	struct prefix *net = six ? &w->net6 : &w->net4;

	*net = (struct prefix){ .len = 0 };
	if (spec->automatic)
		want(r, s, six ? POOL_LAN6 : POOL_LAN, &w->n, "network", net);
	else if (spec->p.ip.family)
		*net = prefix_net(&spec->p);
}

static void loopbacks(struct resolver *r, struct router *w, bool six,
		      struct wants *s)
{
	if (routing_wants_loopback(w, false))
		want(r, s, POOL_LOOPBACK, &w->n, "loopback", &w->lo4);
	if (six && routing_wants_loopback(w, true))
		want(r, s, POOL_LOOPBACK6, &w->n, "loopback", &w->lo6);
}

static void gather(struct resolver *r, struct wants *s)
{
	struct topology *t = r->t;
	bool six = any_six(t);

	s->v = arena_alloc(r->a, 2 * (t->networks.n + t->links.n +
				      t->routers.n) * sizeof(*s->v) + 1);
	list_for(struct network, w, &t->networks) {
		network_family(r, w, false, s);
		network_family(r, w, true, s);
	}
	list_for(struct tlink, l, &t->links) {
		if (!l->a || !l->b || !l->a->link || !l->b->link ||
		    !l->a->at || !l->b->at)
			continue;
		link_family(r, l, false, true, s);
		link_family(r, l, true, six, s);
	}
	list_for(struct router, w, &t->routers)
		loopbacks(r, w, six, s);
}

void blocks_avoid_host(struct resolver *r, struct blocks *b)
{
	const struct state *f = r->found;
	uint32_t i;

	for (i = 0; f && i < f->n; i++) {
		const struct object *o = f->v[i];
		struct prefix p;
		char text[64];
		const char *s;

		if (!o->foreign || o->netns[0] ||
		    (o->kind != KIND_ADDRESS && o->kind != KIND_ROUTE))
			continue;
		s = o->name;
		if (o->kind == KIND_ADDRESS)
			s = strchr(s, ' ') ? strchr(s, ' ') + 1 : s;
		snprintf(text, sizeof(text), "%.*s", (int)strcspn(s, " "), s);
		if (!prefix_read(text, &p))
			blocks_avoid(b, &p);
	}
}

static void avoid_known(struct resolver *r, struct blocks *b)
{
	struct topology *t = r->t;

	list_for(struct network, w, &t->networks) {
		blocks_avoid(b, &w->net4);
		blocks_avoid(b, &w->net6);
		list_for(struct troute, e, &w->routes)
			blocks_avoid(b, &e->to);
	}
	list_for(struct tlink, l, &t->links) {
		blocks_avoid(b, &l->net4);
		blocks_avoid(b, &l->net6);
	}
	list_for(struct router, w, &t->routers) {
		blocks_avoid(b, &w->lo4);
		blocks_avoid(b, &w->lo6);
	}
}

/*
 * What exists keeps its number, unless something that is written now lies
 * over it.
 */
static void take_kept(struct resolver *r, struct wants *s)
{
	struct blocks *written[POOL_UPLINK] = { NULL };
	uint32_t i;

	for (i = 0; i < s->n; i++) {
		struct want *w = &s->v[i];
		struct prefix p, pool = pool_of(r->t, w->pool);
		struct blocks *b = written[w->pool];
		struct ip last;

		if (!number_kept(r, w->key, &p) || p.len != w->len ||
		    !prefix_covers(&pool, &p))
			continue;
		if (!b) {
			b = written[w->pool] = blocks_new(r, &pool, w->len);
			avoid_known(r, b);
			sort(b);
		}
		b->next = p.ip;
		seek(b, &p.ip);
		if (!avoided(b, &last))
			*w->net = p;
	}
}

/* In the host's namespace there are the host itself, and other topologies. */
static void avoid_others(struct resolver *r, struct blocks *b)
{
	const struct prefix *p = r->t->avoid.items;
	uint32_t i;

	if (r->t->netns[0])
		return;
	blocks_avoid_host(r, b);
	for (i = 0; i < r->t->avoid.n; i++)
		blocks_avoid(b, &p[i]);
}

/* 10.255.0.0 looks like the network's own number. */
static void avoid_none(struct blocks *b, const struct prefix *pool)
{
	struct prefix p = { .ip = prefix_first(pool), .len = b->len };

	if (b->len == ip_bytes(&p.ip) * 8)
		blocks_avoid(b, &p);
}

static void take_new(struct resolver *r, struct wants *s)
{
	struct blocks *free_of[POOL_UPLINK] = { NULL };
	uint32_t i;

	for (i = 0; i < s->n; i++) {
		struct want *w = &s->v[i];
		struct prefix pool = pool_of(r->t, w->pool);
		struct blocks *b = free_of[w->pool];
		char text[50];

		if (w->net->ip.family)
			continue;
		if (!b) {
			b = free_of[w->pool] = blocks_new(r, &pool, w->len);
			avoid_known(r, b);
			avoid_others(r, b);
			avoid_none(b, &pool);
		}
		*w->net = blocks_take(b, r, r->t->netns[0] ? NULL : "host/");
		if (w->net->ip.family)
			number_keep(r, w->key, w->net);
		else
			report_error(r->report, w->n->pos, w->n->path,
				     "expected a free subnet in the pool %s, "
				     "found none", prefix_text(&pool, text));
	}
}

static int by_subnet(const void *a, const void *b)
{
	return ip_cmp(&((const struct subnet *)a)->first,
		      &((const struct subnet *)b)->first);
}

static void sort_subnets(struct resolver *r)
{
	struct topology *t = r->t;
	struct subnet *v = arena_alloc(r->a, 2 * (t->networks.n + 1) *
				       sizeof(*v));
	uint32_t n = 0;

	list_for(struct network, w, &t->networks) {
		const struct prefix *nets[] = { &w->net4, &w->net6 };
		unsigned int i;

		for (i = 0; i < 2; i++)
			if (nets[i]->ip.family)
				v[n++] = (struct subnet){
					prefix_first(nets[i]),
					prefix_last(nets[i]), w
				};
	}
	qsort(v, n, sizeof(*v), by_subnet);
	t->subnets = (struct list){ v, n };
}

void subnets_resolve(struct resolver *r)
{
	struct wants s = { NULL, 0 };

	gather(r, &s);
	take_kept(r, &s);
	take_new(r, &s);
	sort_subnets(r);
}

struct network *topo_network_of(const struct topology *t, const struct ip *ip)
{
	const struct subnet *v = t->subnets.items;
	uint32_t lo = 0, hi = t->subnets.n, mid;

	while (lo < hi) {
		mid = lo + (hi - lo) / 2;
		if (ip_cmp(&v[mid].first, ip) <= 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo && ip_cmp(ip, &v[lo - 1].last) <= 0 ? v[lo - 1].net : NULL;
}

void topo_avoid(struct topology *t, struct topology *const *others,
		unsigned int nothers)
{
	struct prefix *v = t->avoid.items;
	unsigned int i;
	uint32_t n = 0;

	for (i = 0; i < nothers; i++)
		if (others[i] != t && !strcmp(others[i]->netns, t->netns))
			n += 2 * others[i]->networks.n;
	/* this is done at each check, and the arena only grows */
	if (n > t->avoid_cap) {
		v = arena_alloc(t->arena, 2 * n * sizeof(*v));
		t->avoid_cap = 2 * n;
	}
	t->avoid = (struct list){ v, 0 };
	for (i = 0; i < nothers; i++) {
		if (others[i] == t || strcmp(others[i]->netns, t->netns))
			continue;
		list_for(struct network, w, &others[i]->networks) {
			v[t->avoid.n++] = w->net4;
			v[t->avoid.n++] = w->net6;
		}
	}
}

struct network *topo_network_with(const struct topology *t,
				  const struct prefix *p)
{
	struct network *w = topo_network_of(t, &p->ip);

	if (!w || p->len < (p->ip.family == 6 ? w->net6.len : w->net4.len))
		return NULL;
	return w;
}

// expand_uplink.c - the way outside: transits through the host, its uplinks
// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include "topo/expand.h"
#include "topo/index.h"

/* --- transits ---------------------------------------------------------- */

struct place {
	const char *netns, *dev;
	int kind;
	const struct prefix *ips[2];
	const struct mac *mac;
};

static void furnish(struct expander *x, const struct place *here,
		    const struct place *there, struct pos pos)
{
	unsigned int i;

	for (i = 0; i < 2; i++) {
		if (!here->ips[i]->ip.family)
			continue;
		add_address(x, here->netns, here->kind, here->dev,
			    here->ips[i], pos);
		add_neighbour(x, here->netns, here->kind, here->dev,
			      &there->ips[i]->ip, there->mac, pos);
	}
	if (here->ips[1]->ip.family)
		add_link_local(x, here->netns, here->kind, here->dev,
			       here->mac, pos);
}

static void set_end(struct expander *x, struct link *l, const char *name,
		    const struct mac *mac, bool six)
{
	link_set(x, l, 1500, "", l->o.name);
	l->alias = arena_printf(x->out->arena, "netd:%s/%s", x->t->name, name);
	l->mac = *mac;
	conf_router(&l->conf, true, six, six);
}

static void default_by(struct expander *x, const struct place *here,
		       const struct prefix *via, struct pos pos)
{
	struct prefix to;

	if (!via->ip.family)
		return;
	to = anywhere(via->ip.family);
	route_via(x, add_route(x, here->netns, &to, 0, pos), here->kind,
		  here->dev, &via->ip);
}

/* What is sent to 127.0.0.1 leaves by this interface, when it is forwarded. */
static bool from_loopback(const struct list *forwards)
{
	list_for(struct forward, f, forwards)
		if (topo_is_loopback(&f->listen))
			return true;
	return false;
}

static void transit(struct expander *x, const struct transit *w,
		    const char *netns, const struct node *n,
		    const struct list *forwards)
{
	struct place outer = { "", w->port, KIND_VETH,
			       { &w->outer4, &w->outer6 }, &w->outer_mac };
	struct place inner = { netns, "uplink", KIND_LEG,
			       { &w->inner4, &w->inner6 }, &w->inner_mac };
	bool six = w->outer6.ip.family, home = n == &x->t->n;
	struct pos pos = n->pos;
	const char *name = home ? "uplink" :
			   join_words(x->out->arena, n->name, "/uplink", NULL);
	struct veth *v;
	struct leg *l;

	v = state_add(x->out, KIND_VETH, "", w->port, pos);
	set_end(x, &v->l, name, &w->outer_mac, six);
	v->l.conf.route_localnet = from_loopback(forwards);
	v->l.altname = full_name(x, w->port, "ndu-", home ? x->t->name :
				  netns);
	memset(&v->port, 0xff, sizeof(v->port));
	v->peer_netns = arena_strdup(x->out->arena, netns);
	v->peer = "uplink";
	v->peer_ours = 1;
	v->peer_mac = w->inner_mac;
	l = state_add(x->out, KIND_LEG, netns, "uplink", pos);
	set_end(x, &l->l, name, &w->inner_mac, six);
	furnish(x, &outer, &inner, pos);
	furnish(x, &inner, &outer, pos);
	default_by(x, &inner, &w->outer4, pos);
	default_by(x, &inner, &w->outer6, pos);
}

/* What isn't translated must be known to the host. */
static void host_route(struct expander *x, const struct prefix *to,
		       const struct prefix *via, struct pos pos)
{
	if (to->ip.family && via->ip.family)
		route_via(x, add_route(x, "", to, 0, pos), KIND_VETH,
			  x->t->way->port, &via->ip);
}

static bool untranslated(const struct expander *x, uint8_t mode)
{
	return mode != MODE_NAT &&
	       (mode != MODE_ISOLATED || topo_rules_lead_out(x->t));
}

static void host_routes(struct expander *x)
{
	const struct transit *w = x->t->way;

	list_for(struct network, n, &x->t->networks) {
		if (n->home4 && untranslated(x, n->mode))
			host_route(x, &n->net4, &w->inner4, n->n.pos);
		if (n->home6 && untranslated(x, n->mode6))
			host_route(x, &n->net6, &w->inner6, n->n.pos);
	}
}

/* --- addresses on the uplink ------------------------------------------- */

/* "eth0 192.0.2.1/24" */
static bool read_address(const struct object *o, char dev[16],
			 struct prefix *p)
{
	size_t n = strcspn(o->name, " ");

	if (!o->foreign || o->netns[0] || n > 15 || !o->name[n] ||
	    prefix_read(o->name + n + 1, p))
		return false;
	memcpy(dev, o->name, n);
	dev[n] = '\0';
	return true;
}

static bool is_uplink(const struct expander *x, const char *dev)
{
	return index_get(x->up_index, dev, strlen(dev)) != NULL;
}

/* An address of the host's own. */
struct outer {
	char dev[16];
	struct prefix p;
	bool up;		/* on an uplink */
};

static void find_outer(struct expander *x)
{
	const struct state *f = x->found;
	struct outer *v, o;
	uint32_t i, n;

	if (!f)
		return;
	i = state_seek(f, KIND_ADDRESS, "", "");
	for (n = i; n < f->n && f->v[n]->kind == KIND_ADDRESS; n++)
		;
	v = arena_alloc(x->t->resolved, (n - i + 1) * sizeof(*v));
	x->outer.items = v;
	for (; i < n; i++) {
		memset(&o, 0, sizeof(o));
		if (!read_address(f->v[i], o.dev, &o.p))
			continue;
		o.up = is_uplink(x, o.dev);
		v[x->outer.n++] = o;
	}
}

/*
 * Puts IP on the uplink whose subnet it is in, unless the host has it itself;
 * an address of elsewhere is routed to us, and needs nothing.
 */
static void outer_address(struct expander *x, const struct ip *ip,
			  struct pos pos)
{
	const struct outer *v = x->outer.items, *on = NULL;
	struct prefix p;
	uint32_t i;

	for (i = 0; ip->family && i < x->outer.n; i++) {
		if (!ip_cmp(&v[i].p.ip, ip))
			return;
		if (v[i].up && prefix_has(&v[i].p, ip))
			on = &v[i];
	}
	if (!on)
		return;
	p = alone(ip);
	add_address(x, "", KIND_LINK, on->dev, &p, pos);
}

#define MAX_OUTER 1024

static void outer_range(struct expander *x, const struct iprange *r,
			struct pos pos)
{
	struct ip ip = r->lo;
	unsigned int i;

	for (i = 0; i < MAX_OUTER && ip_cmp(&ip, &r->hi) <= 0; i++) {
		outer_address(x, &ip, pos);
		ip = ip_add(&ip, 1);
	}
}

static void outer_snat(struct expander *x, const struct snat *s)
{
	const struct iprange *r = s ? s->addresses.items : NULL;
	uint32_t i;

	for (i = 0; s && i < s->addresses.n; i++)
		outer_range(x, &r[i], s->n.pos);
}

/* A prefix of IPv6 is routed to us, never a neighbour's. */
static void outer_prefix(struct expander *x, const struct prefix *p,
			 struct pos pos)
{
	struct iprange r = { prefix_first(p), prefix_last(p) };

	if (p->ip.family == 4 || p->len == 128)
		outer_range(x, &r, pos);
}

static void outer_addresses(struct expander *x)
{
	struct topology *t = x->t;

	list_for(struct forward, f, &t->forwarded)
		outer_address(x, &f->listen, f->n.pos);
	list_for(struct one2one, o, &t->one2one)
		outer_prefix(x, &o->external, o->n.pos);
	list_for(struct network, w, &t->networks)
		outer_snat(x, w->snat);
}

/* --- which interfaces of the host lead outside -------------------------- */

static void add_up(struct expander *x, const char *dev)
{
	const char **more;

	if (is_uplink(x, dev))
		return;
	index_put(x->up_index, dev, strlen(dev), (void *)dev);
	/* room is for the next power of two, so that it needs no number */
	if (!(x->nups & (x->nups - 1))) {
		more = arena_alloc(x->t->resolved, (x->nups ? x->nups * 2 : 1) *
				   sizeof(*more));
		if (x->nups)
			memcpy(more, x->ups, x->nups * sizeof(*more));
		x->ups = more;
	}
	x->ups[x->nups++] = dev;
}

static void add_default(struct expander *x, const char *name)
{
	const struct fact *f = NULL;
	const char *s;
	size_t n;

	if (x->found && x->found->sorted)
		f = (struct fact *)state_find(x->found, KIND_FACT, "", name);
	for (s = f && f->value ? f->value : ""; *s; s += n + strspn(s + n, " ")) {
		n = strcspn(s, " ");
		if (n && n < 16)
			add_up(x, arena_strndup(x->out->arena, s, n));
		if (!n)
			break;
	}
}

static void add_defaults(struct expander *x)
{
	add_default(x, "default-dev");
	add_default(x, "default-dev6");
}

static bool by_mode(const struct network *w)
{
	return w->mode != MODE_ISOLATED || w->mode6 != MODE_ISOLATED;
}

static void find_uplinks(struct expander *x)
{
	bool all = topo_rules_lead_out(x->t);

	x->up_index = index_new(x->t->resolved);
	list_for(struct network, w, &x->t->networks) {
		const struct word *v = w->uplink.items;
		uint32_t i;

		if (!w->has_gateway || (!all && !by_mode(w)))
			continue;
		for (i = 0; i < w->uplink.n; i++)
			add_up(x, arena_strdup(x->out->arena, v[i].s));
		if (!w->uplink.n)
			add_defaults(x);
	}
	list_for(struct router, w, &x->t->routers)
		if (w->way)
			add_defaults(x);
}

void expand_uplinks(struct expander *x)
{
	struct topology *t = x->t;

	find_uplinks(x);
	if (t->way) {
		transit(x, t->way, t->netns, &t->n, &t->forwarded);
		host_routes(x);
	}
	list_for(struct router, w, &t->routers)
		if (w->way)
			transit(x, w->way, w->netns, &w->n, &w->forwards);
	if (t->netns[0])
		return;
	find_outer(x);
	outer_addresses(x);
}

// check_host.c - what this host can't do, or has already
// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdlib.h>
#include <string.h>

#include "topo/check.h"

/* The value of a fact, or NULL: not looked for. */
static const char *fact(struct check *c, const char *name)
{
	const struct fact *f;

	f = (const struct fact *)state_find(c->found, KIND_FACT, "", name);
	return f ? f->value : NULL;
}

static const struct object *foreign(struct check *c, int kind,
				    const char *name)
{
	const struct object *o = state_find(c->found, kind, "", name);

	return o && o->foreign ? o : NULL;
}

/* The same for links, of which netd's own kinds may be somebody else's. */
static const struct object *foreign_link(struct check *c, const char *name)
{
	const struct object *o;
	int k;

	for (k = 0; k < KIND_COUNT; k++) {
		o = kind_is_link(k) ? foreign(c, k, name) : NULL;
		if (o)
			return o;
	}
	return NULL;
}

/* --- names that are taken --------------------------------------------- */

static void check_links_taken(struct check *c)
{
	if (c->t->netns[0])
		return;
	list_for(struct network, w, &c->t->networks)
		if (w->ifname && foreign_link(c, w->ifname))
			FAULT(c, w, rec_network, bridge, "the host has an "
			      "interface %s, which is not netd's: write "
			      "another name as `bridge:`", w->ifname);
}

static void netns_taken(struct check *c, const char *netns, struct pos pos,
			const char *path)
{
	if (netns && netns[0] && foreign(c, KIND_NETNS, netns))
		report_error(c->report, pos, path, "the host has a network "
			     "namespace %s, which is not netd's", netns);
}

static void check_netns_taken(struct check *c)
{
	netns_taken(c, c->t->netns, PLACE(c->t, rec_topology, home),
		    "namespace");
	list_for(struct router, h, &c->t->hosts)
		netns_taken(c, h->netns, h->n.pos, h->n.path);
}

/* --- features --------------------------------------------------------- */

struct feature {
	const char *fact, *what;
};

static void need(struct check *c, const struct feature *f, struct pos pos,
		 const char *path)
{
	const char *value = fact(c, f->fact);

	if (value && strcmp(value, "yes"))
		report_error(c->report, pos, path, "this kernel has no %s: %s",
			     f->what, value[0] ? value : "not available");
}

static void need_attachment(struct check *c, const struct attachment *a)
{
	static const struct feature features[] = {
		[ATT_TAP] = { "tun", "taps (CONFIG_TUN)" },
		[ATT_VETH] = { "veth", "veth pairs (CONFIG_VETH)" },
		[ATT_NIC] = { "bridge", "bridges (CONFIG_BRIDGE)" },
		[ATT_RESERVED] = { "bridge", "bridges (CONFIG_BRIDGE)" },
	};

	need(c, &features[a->type], PLACE(a, rec_attachment, type),
	     a->leg.n.path);
}

/* The first network that is served stands for all. */
static void need_program(struct check *c)
{
	const char *value = fact(c, "dnsmasq");

	if (!value || !strcmp(value, "yes"))
		return;
	list_for(struct network, w, &c->t->networks) {
		if (!network_serves(w))
			continue;
		report_error(c->report, w->dhcp ?
			     PLACE(w, rec_network, dhcp) : w->dns ?
			     PLACE(w, rec_network, dns) :
			     PLACE(w, rec_network, ra), w->n.path,
			     "DHCP, DNS and router advertisements need "
			     "dnsmasq, and %s: apt install dnsmasq-base", value);
		return;
	}
}

/* The first that needs it stands for all. */
static void check_features(struct check *c)
{
	static const struct feature bridge[] = {
		{ "bridge", "bridges (CONFIG_BRIDGE)" },
		{ "nft", "nftables (CONFIG_NF_TABLES)" },
		{ "nft-bridge", "nftables for bridges "
		  "(CONFIG_NF_TABLES_BRIDGE)" },
		{ "nft-fib", "fib expressions of nftables "
		  "(CONFIG_NFT_FIB_INET)" },
	};
	static const struct feature veth = {
		"veth", "veth pairs (CONFIG_VETH)"
	};
	bool seen[ATT_RESERVED + 1] = { false };
	size_t i;

	list_for(struct network, w, &c->t->networks) {
		for (i = 0; i < sizeof(bridge) / sizeof(*bridge); i++)
			need(c, &bridge[i], w->n.pos, w->n.path);
		break;
	}
	list_for(struct attachment, a, &c->t->attachments) {
		if (!seen[a->type])
			need_attachment(c, a);
		seen[a->type] = true;
	}
	need_program(c);
	list_for(struct router, h, &c->t->hosts) {
		need(c, &veth, h->n.pos, h->n.path);
		break;
	}
}

/* --- uplinks and nics ------------------------------------------------- */

static const char *nearest_link(struct check *c, const char *name)
{
	const char *names[256];
	unsigned int n = 0;
	uint32_t i = state_seek(c->found, KIND_LINK, "", "");

	for (; i < c->found->n && n < 256; i++) {
		if (c->found->v[i]->kind != KIND_LINK ||
		    c->found->v[i]->netns[0])
			break;
		names[n++] = c->found->v[i]->name;
	}
	return report_nearest(name, names, n);
}

/* true when there were links to look at, so that absence means something */
static bool links_known(struct check *c)
{
	uint32_t i = state_seek(c->found, KIND_LINK, "", "");

	return i < c->found->n && c->found->v[i]->kind == KIND_LINK;
}

static void warn_no_link(struct check *c, struct pos pos, const char *path,
			 const char *name)
{
	const char *near = nearest_link(c, name);

	report_warning(c->report, pos, path, "the host has no interface %s "
		       "now%s%s%s", name, near ? " (did you mean " : "",
		       near ? near : "", near ? "?)" : "");
}

/* A default route comes late at boot, and goes with a cable: no error. */
static void check_way_out(struct check *c, const struct network *w)
{
	const char *v4 = fact(c, "default-dev"), *v6 = fact(c, "default-dev6");
	bool out = w->mode == MODE_NAT || w->mode == MODE_ROUTED;

	if (!out || w->uplink.n || !v4 || v4[0] || (v6 && v6[0]))
		return;
	report_warning(c->report, PLACE(w, rec_network, mode), w->n.path,
		       "the host has no default route now, and so nothing is "
		       "outside (or write `uplink:`)");
}

static void check_uplinks(struct check *c)
{
	const struct word *u;
	uint32_t i;

	list_for(struct network, w, &c->t->networks) {
		check_way_out(c, w);
		for (u = w->uplink.items, i = 0; i < w->uplink.n; i++)
			if (links_known(c) && !foreign_link(c, u[i].s))
				warn_no_link(c, u[i].pos, w->n.path, u[i].s);
	}
}

static bool is_default_dev(struct check *c, const char *name)
{
	const char *const facts[] = { "default-dev", "default-dev6" };
	size_t i, len = strlen(name);
	const char *v;

	for (i = 0; i < 2; i++) {
		v = fact(c, facts[i]);
		/* several have blanks between them */
		for (; v && *v; v += strcspn(v, " "), v += *v ? 1 : 0)
			if (strcspn(v, " ") == len && !strncmp(v, name, len))
				return true;
	}
	return false;
}

static void check_nics(struct check *c)
{
	list_for(struct attachment, a, &c->t->attachments) {
		const char *dev = a->leg.ifname ? a->leg.ifname :
				  a->leg.n.name;

		if (a->type != ATT_NIC)
			continue;
		if (is_default_dev(c, dev))
			report_error(c->report, a->leg.n.pos, a->leg.n.path,
				     "%s has the host's default route, and "
				     "taking it would cut the host off", dev);
		else if (links_known(c) && !foreign_link(c, dev) &&
			 !state_find(c->found, KIND_NIC, "", dev))
			warn_no_link(c, a->leg.n.pos, a->leg.n.path, dev);
	}
}

/* --- limits ----------------------------------------------------------- */

/* The table is one for all namespaces: what overflows it hits everybody. */
static void check_neighbours(struct check *c)
{
	const char *limit = fact(c, "neigh-limit"), *used;
	unsigned long max, need_, now;

	if (!limit)
		return;
	used = fact(c, "neigh-used");
	max = strtoul(limit, NULL, 10);
	now = used ? strtoul(used, NULL, 10) : 0;
	need_ = c->t->attachments.n;
	list_for(struct router, h, &c->t->hosts)
		need_ += h->legs.n;
	if (!max || need_ <= max || now > need_ + max)
		return;
	report_warning(c->report, c->t->n.pos, NULL, "%lu hosts may need more "
		       "neighbours than the kernel's table has room for "
		       "(%lu): sysctl -w net.ipv4.neigh.default.gc_thresh3=%lu "
		       "net.ipv6.neigh.default.gc_thresh3=%lu", need_, max,
		       4 * need_, 4 * need_);
}

static void check_user(struct check *c, struct attachment *a,
		       const char *kind, const char *name, struct pos pos)
{
	const char *value;

	if (!name)
		return;
	value = fact(c, arena_printf(c->a, "%s:%s", kind, name));
	if (value && (value[0] < '0' || value[0] > '9'))
		report_error(c->report, pos, a->leg.n.path,
			     "the host has no %s %s", kind, name);
}

static void check_users(struct check *c)
{
	list_for(struct attachment, a, &c->t->attachments) {
		check_user(c, a, "user", a->owner,
			   PLACE(a, rec_attachment, owner));
		check_user(c, a, "group", a->group,
			   PLACE(a, rec_attachment, group));
	}
}

/* --- routes of the host ----------------------------------------------- */

struct ours {
	struct prefix p;
	struct network *w;
	bool six;
};

static int by_first(const void *x, const void *y)
{
	const struct ours *a = x, *b = y;

	return ip_cmp(&a->p.ip, &b->p.ip);
}

static uint32_t our_subnets(struct topology *t, struct ours *v)
{
	uint32_t n = 0;

	list_for(struct network, w, &t->networks) {
		if (!w->has_gateway)
			continue;
		if (w->net4.ip.family)
			v[n++] = (struct ours){ prefix_net(&w->net4), w,
						false };
		if (w->net6.ip.family)
			v[n++] = (struct ours){ prefix_net(&w->net6), w, true };
	}
	qsort(v, n, sizeof(*v), by_first);
	return n;
}

/* They don't overlap each other: the last that begins before P ends. */
static struct ours *overlapped(struct ours *v, uint32_t n,
			       const struct prefix *p)
{
	struct ip last = prefix_last(p);
	uint32_t lo = 0, hi = n, mid;

	while (lo < hi) {
		mid = lo + (hi - lo) / 2;
		if (ip_cmp(&v[mid].p.ip, &last) <= 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo && prefix_overlaps(&v[lo - 1].p, p) ? &v[lo - 1] : NULL;
}

static void check_route(struct check *c, const struct route *r, struct ours *v,
			uint32_t n)
{
	const struct nexthop *h = r->nexthops.items;
	char text[64], net[50];
	struct prefix p;
	struct ours *o;

	snprintf(text, sizeof(text), "%.*s", (int)strcspn(r->o.name, " "),
		 r->o.name);
	if (prefix_read(text, &p) || !p.len)
		return;
	o = overlapped(v, n, &p);
	/* the route to our own bridge is there because of it */
	if (!o || (r->nexthops.n && o->w->ifname &&
		   !strcmp(h->dev, o->w->ifname)))
		return;
	report_warning(c->report, o->six ? PLACE(o->w, rec_network, subnet6) :
		       PLACE(o->w, rec_network, subnet), o->w->n.path,
		       "%s overlaps the host's route to %s%s%s",
		       prefix_text(&o->p, net), text,
		       r->nexthops.n ? " by " : "",
		       r->nexthops.n ? h->dev : "");
}

static void check_routes(struct check *c)
{
	struct ours *v;
	uint32_t n, i;

	if (c->t->netns[0])
		return;
	v = calloc(2 * c->t->networks.n + 1, sizeof(*v));
	if (!v)
		abort();
	n = our_subnets(c->t, v);
	i = state_seek(c->found, KIND_ROUTE, "", "");
	for (; n && i < c->found->n; i++) {
		if (c->found->v[i]->kind != KIND_ROUTE ||
		    c->found->v[i]->netns[0])
			break;
		if (c->found->v[i]->foreign)
			check_route(c, (struct route *)c->found->v[i], v, n);
	}
	free(v);
}

void check_host(struct check *c)
{
	if (!c->found)
		return;
	check_links_taken(c);
	check_netns_taken(c);
	check_features(c);
	check_uplinks(c);
	check_nics(c);
	check_neighbours(c);
	check_users(c);
	check_routes(c);
}

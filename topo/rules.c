// rules.c - the ruleset of a topology: in which namespaces, between what
// SPDX-License-Identifier: GPL-2.0-or-later
#include "topo/rules.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const struct network *segment(const struct network *n)
{
	return n->segment ? n->segment : n;
}

/* The same name once. */
static void add_up(const char **ups, uint32_t *n, const char *name)
{
	uint32_t i;

	if (!name || !*name)
		return;
	for (i = 0; i < *n; i++)
		if (!strcmp(ups[i], name))
			return;
	ups[(*n)++] = name;
}

/* What is outside of a network: as written, or where the default routes go. */
static void home_ups(struct rules *x, const struct network *n,
		     struct iface *f)
{
	const struct word *w = n->uplink.items;
	uint32_t i, max = n->uplink.n + 2;

	f->ups = arena_alloc(x->out->arena, max * sizeof(*f->ups));
	if (!*x->t->netns)
		for (i = 0; i < n->uplink.n; i++)
			add_up(f->ups, &f->nups, w[i].s);
	if (f->nups)
		return;
	add_up(f->ups, &f->nups, x->t->uplink_if);
	add_up(f->ups, &f->nups, x->t->uplink_if6);
}

static bool goes_out(const struct network *n, uint8_t mode)
{
	return mode != MODE_ISOLATED && (n->has_gateway || n->external);
}

/* The network's interface, by its place. */
static void isolated_ports(const struct topology *t, struct iface *ifs)
{
	list_for(struct network, n, &t->networks)
		ifs[n->number].isolated = n->port_isolation;
	list_for(struct attachment, a, &t->attachments)
		if (a->leg.net && a->port_isolation)
			ifs[a->leg.net->number].isolated = true;
}

static void home_iface(struct rules *x, struct network *n, struct iface *f)
{
	/* an interface of somebody else is bound by us when it says so */
	bool ours = !n->external || WROTE(n, rec_network, mode);
	uint8_t mode6 = n->mode6;

	*f = (struct iface){
		.name = n->ifname, .net = n,
		.net4 = segment(n)->net4, .net6 = segment(n)->net6,
		.managed = !n->external, .log = n->log,
		.closed4 = ours && n->mode != MODE_OPEN,
		.closed6 = ours && mode6 != MODE_OPEN,
		.out4 = goes_out(n, n->mode), .out6 = goes_out(n, mode6),
		.nat4 = n->mode == MODE_NAT, .nat6 = mode6 == MODE_NAT,
		.snat = n->snat,
	};
	home_ups(x, n, f);
}

static void home_where(struct rules *x, struct where *w)
{
	struct topology *t = x->t;
	uint32_t i = 0;

	*w = (struct where){ .x = x, .ns = t->netns, .nifs = t->networks.n,
			     .policies = &t->policies,
			     .forwards = &t->forwarded, .one2one = &t->one2one };
	w->ifs = arena_alloc(x->out->arena, (w->nifs + 1) * sizeof(*w->ifs));
	list_for(struct network, n, &t->networks)
		home_iface(x, n, &w->ifs[i++]);
	isolated_ports(t, w->ifs);
}

static void router_iface(struct where *w, struct leg_spec *leg)
{
	struct router *r = w->router;
	const struct prefix *ips = leg->ips.items;
	struct iface *f;
	uint32_t i;

	if (!leg->kname || (r->up && !strcmp(leg->kname, r->up)))
		return;
	f = &w->ifs[w->nifs++];
	*f = (struct iface){
		.name = leg->kname, .net = leg->net, .link = leg->link,
		.closed4 = r->policies.n > 0, .closed6 = r->policies.n > 0,
		.out4 = r->up != NULL, .out6 = r->up != NULL,
		.nat4 = r->up != NULL, .nat6 = r->up != NULL,
		.behind = r->up != NULL, .snat = r->snat,
	};
	for (i = 0; i < leg->ips.n; i++)
		*(ips[i].ip.family == 6 ? &f->net6 : &f->net4) =
			prefix_net(&ips[i]);
	if (r->up) {
		f->ups = arena_alloc(w->x->out->arena, sizeof(*f->ups));
		f->ups[f->nups++] = r->up;
	}
}

static void router_where(struct rules *x, struct router *r, struct where *w)
{
	*w = (struct where){ .x = x, .ns = r->netns, .router = r,
			     .policies = &r->policies,
			     .forwards = &r->forwards,
			     .one2one = &r->one2one };
	w->ifs = arena_alloc(x->out->arena,
			     (r->legs.n + 1) * sizeof(*w->ifs));
	list_for(struct leg_spec, leg, &r->legs)
		router_iface(w, leg);
}

/* Joined networks are one: packets come by the bridge with the gateway. */
struct iface *where_net(const struct where *w, const struct network *n)
{
	const struct network *seg = n ? segment(n) : NULL;
	uint32_t i;

	/* at home, the interfaces are the networks, in their order */
	if (!w->router)
		return seg ? &w->ifs[seg->number] : NULL;
	for (i = 0; i < w->nifs; i++)
		if (seg && w->ifs[i].net && segment(w->ifs[i].net) == seg)
			return &w->ifs[i];
	return NULL;
}

static bool routed_to(const struct iface *f, const struct prefix *p)
{
	if (f->net4.ip.family && prefix_covers(&f->net4, p))
		return true;
	if (f->net6.ip.family && prefix_covers(&f->net6, p))
		return true;
	if (!f->net)
		return false;
	list_for(struct troute, r, &f->net->routes)
		if (prefix_covers(&r->to, p))
			return true;
	return false;
}

struct iface *where_ip(const struct where *w, const struct prefix *p)
{
	struct network *n = topo_network_with(w->x->t, p);
	uint32_t i;

	if (!w->router && n)
		return where_net(w, n);
	for (i = 0; i < w->nifs; i++)
		if (routed_to(&w->ifs[i], p))
			return &w->ifs[i];
	return NULL;
}

static struct pos iface_pos(const struct iface *f)
{
	return f->net ? f->net->n.pos : f->link ? f->link->n.pos :
		(struct pos){ 0 };
}

static void name_elem(struct where *w, const char *set, const char *data,
		      const struct iface *f)
{
	rules_elem(w->x, w->ns, set, data, iface_pos(f), "\"%s\"", f->name);
}

/*
 * Frames within a bridge pass here too, where bridge-nf-call-iptables is 1.
 * With isolated ports the pair has a chain: rules_pair.c.
 */
static void same_pair(struct where *w, const struct iface *f)
{
	if (!f->isolated)
		rules_elem(w->x, w->ns, "inet netd pair",
			   f->managed && f->net->has_gateway ? "goto inside" :
			   "accept", iface_pos(f), "\"%s\" . \"%s\"",
			   f->name, f->name);
}

/* Intervals must not overlap: the wider one, of equal ones the first. */
static bool in_wider(const struct prefix *v, uint32_t n, uint32_t i)
{
	uint32_t j;

	for (j = 0; j < n; j++)
		if (j != i && prefix_covers(&v[j], &v[i]) &&
		    (j < i || v[j].len != v[i].len))
			return true;
	return false;
}

/* What is behind a network's interface, and the router's MAC there. */
static void own_addresses(struct where *w, const struct iface *f)
{
	struct network *n = f->net;
	const struct prefix *more = n->addresses.items;
	struct prefix *v = arena_alloc(w->x->out->arena, sizeof(*v) *
				       (2 + n->addresses.n + n->routes.n));
	uint32_t i, k = 0;
	char text[50];

	if (!f->managed || !n->has_gateway)
		return;
	v[k++] = f->net4;
	v[k++] = f->net6;
	for (i = 0; i < n->addresses.n; i++)
		v[k++] = prefix_net(&more[i]);
	list_for(struct troute, r, &n->routes)
		v[k++] = r->to;
	for (i = 0; i < k; i++)
		if (v[i].ip.family && !in_wider(v, k, i))
			rules_elem(w->x, w->ns, v[i].ip.family == 6 ?
				   "inet netd own6" : "inet netd own4", "",
				   iface_pos(f), "\"%s\" . %s", f->name,
				   rules_net(&v[i], text));
	rules_elem(w->x, w->ns, "inet netd router_macs", "", iface_pos(f),
		   "%s", mac_text(&n->hwaddr, text));
}

/* Ranges of one protocol that overlap are one element, or they clash. */
static void service_ports(struct where *w, const struct iface *f,
			  const struct list *all, uint8_t proto)
{
	const struct service *s = all->items;
	struct pos pos = PLACE(f->net, rec_network, services);
	uint32_t i, n = 0;
	struct ports *v = arena_alloc(w->x->out->arena, all->n * sizeof(*v));

	for (i = 0; i < all->n; i++)
		if (s[i].proto == proto && s[i].ports.hi)
			v[n++] = s[i].ports;
	n = match_join_ports(v, n);
	for (i = 0; i < n; i++)
		rules_elem(w->x, w->ns, "inet netd svc", "accept", pos,
			   v[i].lo == v[i].hi ? "\"%s\" . %s . %u" :
			   "\"%s\" . %s . %u-%u", f->name,
			   match_protocol(proto), v[i].lo, v[i].hi);
}

static void service_whole(struct where *w, const struct iface *f,
			  uint8_t proto)
{
	rules_elem(w->x, w->ns, "inet netd svc_proto", "accept",
		   PLACE(f->net, rec_network, services), "\"%s\" . %s",
		   f->name, match_protocol(proto));
}

/* What is asked for, and what netd itself serves there. */
static struct list all_services(struct where *w, const struct network *net)
{
	static const struct {
		unsigned int what;
		struct service s;
	} own[] = {
		{ SERVE_DNS, { 6, { 53, 53 } } },
		{ SERVE_DNS, { 17, { 53, 53 } } },
		{ SERVE_DHCP | SERVE_RELAY, { 17, { 67, 67 } } },
		{ SERVE_DHCP6, { 17, { 547, 547 } } },
	};
	unsigned int what = w->router || network_server(net) ? 0 :
			    network_serves(net);
	struct list all = net->services;
	struct service *v;
	size_t i;

	if (!what)
		return all;
	v = arena_alloc(w->x->out->arena, (all.n + 4) * sizeof(*v));
	if (all.n)
		memcpy(v, all.items, all.n * sizeof(*v));
	all.items = v;
	for (i = 0; i < sizeof(own) / sizeof(*own); i++)
		if (own[i].what & what)
			v[all.n++] = own[i].s;
	return all;
}

static void services(struct where *w, const struct iface *f)
{
	const struct list all = all_services(w, f->net);
	const struct service *s = all.items;
	uint32_t i, j, n = all.n;

	for (i = 0; i < n; i++) {
		for (j = 0; j < i && s[j].proto != s[i].proto; j++)
			;
		if (j == i && s[i].proto != 255)
			service_ports(w, f, &all, s[i].proto);
		if (s[i].ports.hi)
			continue;
		service_whole(w, f, s[i].proto == 255 ? 1 : s[i].proto);
		if (s[i].proto == 255)
			service_whole(w, f, 58);
	}
}

static void gate(struct where *w, const struct network *n, const struct ip *ip)
{
	char text[46];

	if (ip->family)
		rules_elem(w->x, w->ns, ip->family == 6 ? "inet netd gate6" :
			   "inet netd gate4", "", n->n.pos, "%s",
			   ip_text(ip, text));
}

static void home_network(struct where *w, const struct iface *f)
{
	const struct prefix *more = f->net->addresses.items;
	uint32_t i;

	if (f->managed)
		name_elem(w, "inet netd managed", "", f);
	if (f->closed4)
		name_elem(w, "inet netd closed", "", f);
	else if (f->closed6)
		name_elem(w, "inet netd closed6", "", f);
	if (f->log)
		name_elem(w, "inet netd logged", "", f);
	same_pair(w, f);
	own_addresses(w, f);
	services(w, f);
	if (f->net->has_gateway) {
		gate(w, f->net, &f->net->gw4);
		gate(w, f->net, &f->net->gw6);
	}
	for (i = 0; i < f->net->addresses.n; i++)
		gate(w, f->net, &more[i].ip);
}

static int expand_home(struct rules *x)
{
	struct where w;
	uint32_t i;
	int err;

	home_where(x, &w);
	rules_base(x, w.ns);
	for (i = 0; i < w.nifs; i++) {
		home_network(&w, &w.ifs[i]);
		rules_guard_network(x, w.ifs[i].net);
	}
	list_for(struct attachment, a, &x->t->attachments)
		rules_guard_attachment(x, a);
	rules_guard_legs(x);
	rules_guard_foreign(x);
	rules_targets(&w);
	err = rules_pairs(&w);
	rules_nat(&w);
	rules_bandwidth(&w);
	return err;
}

static int expand_router(struct rules *x, struct router *r)
{
	struct where w;
	uint32_t i;
	int err;

	if (r->node || !r->managed || (!r->up && !r->policies.n &&
				       !r->forwards.n && !r->one2one.n))
		return 0;
	router_where(x, r, &w);
	rules_base(x, w.ns);
	for (i = 0; i < w.nifs; i++)
		if (w.ifs[i].closed4)
			name_elem(&w, "inet netd closed", "", &w.ifs[i]);
	rules_targets(&w);
	err = rules_pairs(&w);
	rules_nat(&w);
	return err;
}

int rules_expand(struct topology *t, const struct state *found,
		 struct state *wanted, struct report *report)
{
	struct rules x = { .t = t, .found = found, .out = wanted,
			   .report = report };
	int err = expand_home(&x);

	list_for(struct router, r, &t->hosts)
		if (!err)
			err = expand_router(&x, r);
	rules_transits(&x);
	rules_lent(&x);
	rules_loss(&x);
	return err;
}

int rules_expand_attachment(struct topology *t, struct attachment *a,
			    struct state *wanted)
{
	struct rules x = { .t = t, .out = wanted };
	struct where w;

	rules_guard_attachment(&x, a);
	if (!a->publish.n || !publish_alone(t, a))
		return 0;
	home_where(&x, &w);
	rules_forwards_of(&w, a);
	return 0;
}

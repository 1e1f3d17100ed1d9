// check_rules.c - policies, forwards and translations
// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdlib.h>
#include <string.h>

#include "topo/check.h"
#include "topo/schema.h"

static bool has_ports(uint8_t proto)
{
	return proto == 6 || proto == 17 || proto == 132;
}

/* The first protocol of the list that has no ports; 0: all have. */
static uint8_t portless(const struct list *protocols)
{
	const uint8_t *p = protocols->items;
	uint32_t i;

	for (i = 0; i < protocols->n; i++)
		if (!has_ports(p[i]))
			return p[i];
	return 0;
}

/* --- where a rule holds ----------------------------------------------- */

static bool has_leg_in(const struct router *h, struct network *w)
{
	list_for(struct leg_spec, l, &h->legs)
		if (l->net && check_segment(l->net) == check_segment(w))
			return true;
	return false;
}

/* Why a rule of ROUTER (NULL: home) can't be about W; NULL when it can. */
static const char *not_here(struct check *c, const struct router *router,
			    struct network *w)
{
	struct arena *a = c->a;
	const char *who;

	if (router)
		return has_leg_in(router, w) ? NULL :
		       arena_printf(a, "%s is no network of router %s",
				    w->n.name, router->n.name);
	w = check_segment(w);
	if (!w->net4.ip.family && !w->net6.ip.family)
		return arena_printf(a, "%s has no subnet, and so nothing is "
				    "routed there", w->n.name);
	if (!check_not_home(w, &who))
		return NULL;
	if (w->owner)
		return arena_printf(a, "%s is the router of %s%s: write it "
				    "under routers.%s", who, w->n.name,
				    check_where(c, w->n.pos), who);
	return arena_printf(a, "the gateway of %s is %s%s, and so netd does "
			    "not route there", w->n.name, who,
			    check_where(c, PLACE(w, rec_network, gateway)));
}

static const char *nets_of(struct check *c, const struct router *router,
			   const struct router *h)
{
	const char *why = NULL;

	if (h == router)
		return NULL;
	list_for(struct leg_spec, l, &h->legs) {
		if (!l->net)
			continue;
		why = not_here(c, router, l->net);
		if (!why)
			return NULL;
	}
	return why;
}

static const char *bad_attachment(struct check *c, const struct attachment *a)
{
	const struct guards *g = a->guards;
	const char *name = a->leg.n.name;

	if (!g && a->leg.net)
		g = a->leg.net->guards;
	if (a->type == ATT_NIC)
		return arena_printf(c->a, "%s is a nic, whose "
				    "addresses are not guarded", name);
	if (!a->leg.ips.n)
		return arena_printf(c->a, "the addresses of %s "
				    "are not known: write `address:`%s", name,
				    check_where(c, a->leg.n.pos));
	if (g && !g->ip)
		return arena_printf(c->a, "the address check of "
				    "%s is off%s, so that anyone may be it",
				    name, check_where(c, g->n.pos));
	return NULL;
}

static const char *bad_end(struct check *c, const struct router *router,
			   const struct end *e)
{
	const struct attachment *a = e->what;
	const char *why;

	if (e->kind == END_NETWORK)
		return not_here(c, router, e->what);
	if (e->kind == END_NODE || e->kind == END_ROUTER)
		return nets_of(c, router, e->what);
	if (e->kind != END_ATTACHMENT)
		return NULL;
	why = bad_attachment(c, a);
	return why || !a->leg.net ? why : not_here(c, router, a->leg.net);
}

static void check_ends(struct check *c, const struct router *router,
		       const struct end *ends, uint32_t n,
		       const struct node *p, const struct record *r,
		       size_t offset)
{
	const char *why;
	uint32_t i;

	for (i = 0; i < n; i++) {
		why = bad_end(c, router, &ends[i]);
		if (why)
			check_fault(c, p, r, offset, "%s", why);
	}
}

/* --- policies --------------------------------------------------------- */

/* The network all ends are in, or NULL. */
static struct network *only_network(const struct end *ends, uint32_t n)
{
	struct network *w = NULL, *v;
	const struct attachment *a;
	uint32_t i;

	for (i = 0; i < n; i++) {
		a = ends[i].what;
		v = ends[i].kind == END_NETWORK ? ends[i].what :
		    ends[i].kind == END_ATTACHMENT ? a->leg.net : NULL;
		if (!v || (w && check_segment(v) != w))
			return NULL;
		w = check_segment(v);
	}
	return w;
}

/* END_OUTSIDE or END_HOST when all ends are that, else -1. */
static int only_kind(const struct end *ends, uint32_t n)
{
	uint32_t i;

	for (i = 0; i < n; i++)
		if ((ends[i].kind != END_OUTSIDE && ends[i].kind != END_HOST) ||
		    ends[i].kind != ends[0].kind)
			return -1;
	return n ? ends[0].kind : -1;
}

static unsigned int family_bit(uint8_t family)
{
	return family == 4 ? 1 : family == 6 ? 2 : 0;
}

static unsigned int families_of(const struct end *e)
{
	const struct attachment *a = e->what;
	const struct network *w = e->what;
	const struct prefix *p;
	unsigned int bits = 0;
	uint32_t i;

	if (e->kind == END_ADDRESS)
		return family_bit(e->p.ip.family);
	if (e->kind == END_NETWORK)
		return family_bit(w->net4.ip.family) |
		       family_bit(w->net6.ip.family);
	if (e->kind != END_ATTACHMENT)
		return 3;
	for (p = a->leg.ips.items, i = 0; i < a->leg.ips.n; i++)
		bits |= family_bit(p[i].ip.family);
	return bits;
}

static unsigned int families(const struct end *ends, uint32_t n)
{
	unsigned int bits = 0;
	uint32_t i;

	for (i = 0; i < n && bits != 3; i++)
		bits |= families_of(&ends[i]);
	return bits;
}

/* What is wrong with the two of them; each by itself was looked at before. */
static void check_both_ends(struct check *c, struct policy *p)
{
	unsigned int from = families(p->from_ends, p->nfrom);
	unsigned int to = families(p->to_ends, p->nto);
	struct network *w = only_network(p->from_ends, p->nfrom);
	int kind = only_kind(p->from_ends, p->nfrom);

	if (w && w == only_network(p->to_ends, p->nto) && !w->port_isolation)
		FAULT(c, p, rec_policy, to, "has no effect here: both ends "
		      "are in %s, whose frames pass no router (unless it has "
		      "`port-isolation: true`)", w->n.name);
	if (kind >= 0 && kind == only_kind(p->to_ends, p->nto))
		FAULT(c, p, rec_policy, to, "has no effect here: both ends "
		      "are %s", kind == END_HOST ? "the host" : "outside");
	if (from && to && !(from & to))
		FAULT(c, p, rec_policy, to, "has no effect here: `from:` is "
		      "IPv%d and this is IPv%d", from == 1 ? 4 : 6,
		      to == 1 ? 4 : 6);
}

static void check_policy_keys(struct check *c, struct policy *p)
{
	uint8_t bad = portless(&p->protocol);

	NEEDS(c, p, rec_policy, from);
	NEEDS(c, p, rec_policy, to);
	if (p->ports.n && !p->protocol.n)
		FAULT(c, p, rec_policy, ports, "ports need a `protocol:` (tcp, "
		      "udp, sctp)");
	else if (p->ports.n && bad)
		FAULT(c, p, rec_policy, ports, "has no effect here: %s has no "
		      "ports", protocol_name(bad));
}

static bool is_group(const struct topology *t, const char *name)
{
	list_for(struct group, g, &t->groups)
		if (name && !strcmp(g->n.name, name))
			return true;
	return false;
}

/* An empty group; a name that doesn't exist was reported. */
static void check_nobody(struct check *c, struct policy *p)
{
	const struct word *from = p->from.items, *to = p->to.items;

	if (p->from.n == 1 && !p->nfrom && is_group(c->t, from->s))
		FAULT(c, p, rec_policy, from, "the group %s has no members",
		      from->s);
	if (p->to.n == 1 && !p->nto && is_group(c->t, to->s))
		FAULT(c, p, rec_policy, to, "the group %s has no members",
		      to->s);
}

static void check_policy(struct check *c, const struct router *router,
			 struct policy *p)
{
	check_policy_keys(c, p);
	check_nobody(c, p);
	check_ends(c, router, p->from_ends, p->nfrom, &p->n, &rec_policy,
		   offsetof(struct policy, from));
	check_ends(c, router, p->to_ends, p->nto, &p->n, &rec_policy,
		   offsetof(struct policy, to));
	check_both_ends(c, p);
}

static void check_policies(struct check *c, const struct router *router,
			   const struct list *l)
{
	list_for(struct policy, p, l)
		check_policy(c, router, p);
}

/* --- forwards --------------------------------------------------------- */

static bool is_any_address(const struct ip *ip)
{
	static const uint8_t zero[16];

	return !memcmp(ip->b, zero, ip_bytes(ip));
}

static void check_listen(struct check *c, struct forward *w)
{
	static const struct ip loopback6 = { 6, { [15] = 1 } };

	if (!w->listen.family)
		return;
	if (is_any_address(&w->listen))
		FAULT(c, w, rec_forward, listen, "all addresses are listened "
		      "on when there is no `listen:`");
	else if (!ip_cmp(&w->listen, &loopback6))
		FAULT(c, w, rec_forward, listen, "the kernel can't forward "
		      "what is sent to ::1; 127.0.0.1 it can");
}

static void check_target_port(struct check *c, struct forward *w)
{
	unsigned int n = w->port.hi - w->port.lo;
	unsigned int m = w->target_port.hi - w->target_port.lo;

	if (!w->target_port.hi || n == m)
		return;
	FAULT(c, w, rec_forward, target_port,
	      "expected %u port%s, as many as in `port:`, found %u", n + 1,
	      n ? "s" : "", m + 1);
}

static void check_forward(struct check *c, const struct router *router,
			  struct forward *w)
{
	uint8_t bad = portless(&w->protocol);
	const char *why;

	NEEDS(c, w, rec_forward, port);
	if (!w->owner)
		NEEDS(c, w, rec_forward, target);
	if (bad)
		FAULT(c, w, rec_forward, protocol, "expected tcp, udp or sctp, "
		      "found %s, which has no ports", protocol_name(bad));
	check_target_port(c, w);
	check_listen(c, w);
	why = w->net ? not_here(c, router, w->net) : NULL;
	if (why)
		FAULT(c, w, rec_forward, target, "%s", why);
}

/* A port that is listened on, for one protocol. */
struct listen {
	struct ip ip;
	uint8_t proto;
	struct ports ports;
	const struct forward *w;
	const char *topology;
};

static int by_listen(const void *x, const void *y)
{
	const struct listen *a = x, *b = y;
	int d = ip_cmp(&a->ip, &b->ip);

	if (d)
		return d;
	if (a->proto != b->proto)
		return a->proto < b->proto ? -1 : 1;
	if (a->ports.lo != b->ports.lo)
		return a->ports.lo < b->ports.lo ? -1 : 1;
	return 0;
}

/* What is late is at fault: what came by itself, then what stands below. */
static int by_age(const struct listen *a, const struct listen *b)
{
	bool x = a->w->owner && a->w->owner->dynamic;
	bool y = b->w->owner && b->w->owner->dynamic;

	if (!a->topology != !b->topology)
		return a->topology ? -1 : 1;
	if (x != y)
		return x ? 1 : -1;
	return a->w->n.pos.line < b->w->n.pos.line ? -1 : 1;
}

static uint32_t add_listens(struct listen *v, const struct list *forwards,
			    const char *topology)
{
	static const uint8_t tcp = 6;
	const uint8_t *p;
	uint32_t n = 0, i, np;

	list_for(struct forward, w, forwards) {
		p = w->protocol.n ? w->protocol.items : &tcp;
		np = w->protocol.n ? w->protocol.n : 1;
		for (i = 0; i < np && w->port.hi; i++)
			v[n++] = (struct listen){ w->listen, p[i], w->port, w,
						  topology };
	}
	return n;
}

static uint32_t count_listens(const struct list *forwards)
{
	uint32_t n = 0;

	list_for(struct forward, w, forwards)
		n += w->protocol.n ? w->protocol.n : 1;
	return n;
}

static void taken(struct check *c, const struct listen *a,
		  const struct listen *b)
{
	const struct listen *late = b, *early = a;

	if (c->plug ? a->w->owner == c->plug : by_age(a, b) > 0) {
		late = a;
		early = b;
	}
	if (late->topology || late->w == early->w ||
	    (c->plug && late->w->owner != c->plug))
		return;
	FAULT(c, late->w, rec_forward, port, "is listened on already by %s%s%s"
	      "%s", early->w->n.path, early->topology ? " of topology " : "",
	      early->topology ? early->topology : "",
	      early->topology ? "" : check_where(c, early->w->n.pos));
}

/* A home with a way out through the host is forwarded to by the host. */
static bool is_at_host(const struct topology *t)
{
	return !t->netns[0] || t->way;
}

static bool shares_home(struct check *c, const struct router *router,
			unsigned int i)
{
	return !router && c->others[i] != c->t && is_at_host(c->t) &&
	       is_at_host(c->others[i]);
}

static void check_listens(struct check *c, const struct router *router,
			  const struct list *forwards)
{
	uint32_t n = count_listens(forwards), i, widest = 0;
	struct listen *v;

	for (i = 0; i < c->nothers; i++)
		if (shares_home(c, router, i))
			n += count_listens(&c->others[i]->forwarded);
	v = calloc(n + 1, sizeof(*v));
	if (!v)
		abort();
	n = add_listens(v, forwards, NULL);
	for (i = 0; i < c->nothers; i++)
		if (shares_home(c, router, i))
			n += add_listens(v + n, &c->others[i]->forwarded,
					 c->others[i]->name);
	qsort(v, n, sizeof(*v), by_listen);
	for (i = 1; i < n; i++) {
		if (ip_cmp(&v[i].ip, &v[widest].ip) ||
		    v[i].proto != v[widest].proto ||
		    v[i].ports.lo > v[widest].ports.hi) {
			widest = i;
			continue;
		}
		taken(c, &v[widest], &v[i]);
		if (v[i].ports.hi > v[widest].ports.hi)
			widest = i;
	}
	free(v);
}

void check_published(struct check *c, const struct attachment *a)
{
	if (!a->publish.n)
		return;
	list_for(struct forward, w, &c->t->forwarded)
		if (w->owner == a)
			check_forward(c, NULL, w);
	check_listens(c, NULL, &c->t->forwarded);
}

static void check_forwards(struct check *c, const struct router *router,
			   const struct list *l)
{
	if (!l->n)
		return;
	list_for(struct forward, w, l)
		check_forward(c, router, w);
	check_listens(c, router, l);
}

/* --- one-to-one ------------------------------------------------------- */

static void check_one2one(struct check *c, const struct router *router,
			  struct one2one *o)
{
	const char *why = o->net ? not_here(c, router, o->net) : NULL;

	NEEDS(c, o, rec_one2one, external);
	NEEDS(c, o, rec_one2one, internal);
	if (why) {
		FAULT(c, o, rec_one2one, internal, "%s", why);
		return;
	}
	if (!o->inside.ip.family || !o->external.ip.family)
		return;
	if (o->inside.ip.family != o->external.ip.family)
		FAULT(c, o, rec_one2one, internal, "%s has no IPv%u address, "
		      "and `external:` is one", o->internal.s,
		      o->external.ip.family);
	else if (o->inside.len != o->external.len)
		FAULT(c, o, rec_one2one, internal, "expected a prefix of the "
		      "same length as `external:` (/%u), found /%u",
		      o->external.len, o->inside.len);
}

struct outer {
	struct prefix p;
	const struct one2one *o;
};

static int by_outer(const void *x, const void *y)
{
	const struct outer *a = x, *b = y;
	int d = ip_cmp(&a->p.ip, &b->p.ip);

	if (d)
		return d;
	if (a->p.len != b->p.len)
		return a->p.len < b->p.len ? -1 : 1;
	return a->o->n.pos.line < b->o->n.pos.line ? -1 : 1;
}

/* Sorted, they overlap only what is beside them; OFFSET is whose they are. */
static void outer_twice(struct check *c, struct outer *v, uint32_t n,
			size_t offset)
{
	uint32_t i, wide = 0;

	qsort(v, n, sizeof(*v), by_outer);
	for (i = 1; i < n; i++) {
		if (prefix_overlaps(&v[wide].p, &v[i].p))
			check_fault(c, &v[i].o->n, &rec_one2one, offset,
				    "is translated already by %s%s",
				    v[wide].o->n.path,
				    check_where(c, v[wide].o->n.pos));
		else
			wide = i;
	}
}

static void check_one2ones(struct check *c, const struct router *router,
			   const struct list *l)
{
	struct outer *out, *in;
	uint32_t n = 0;

	if (!l->n)
		return;
	out = arena_alloc(c->a, l->n * sizeof(*out));
	in = arena_alloc(c->a, l->n * sizeof(*in));
	list_for(struct one2one, o, l) {
		check_one2one(c, router, o);
		out[n] = (struct outer){ o->external, o };
		in[n] = (struct outer){ o->inside, o };
		if (o->external.ip.family && o->inside.ip.family)
			n++;
	}
	outer_twice(c, out, n, offsetof(struct one2one, external));
	outer_twice(c, in, n, offsetof(struct one2one, internal));
}

/* --- routers ---------------------------------------------------------- */

static bool connected(const struct router *h, const struct ip *ip)
{
	const struct prefix *p;
	uint32_t i;

	list_for(struct leg_spec, l, &h->legs)
		for (p = l->ips.items, i = 0; i < l->ips.n; i++)
			if (prefix_has(&p[i], ip))
				return true;
	return false;
}

static void check_router_of(struct check *c, struct router *h)
{
	list_for(struct troute, r, &h->routes)
		if (r->via.family && !connected(h, &r->via))
			FAULT(c, r, rec_troute, via, "is in no subnet that %s "
			      "has an address in", h->n.name);
	check_policies(c, h, &h->policies);
	check_forwards(c, h, &h->forwards);
	check_one2ones(c, h, &h->one2one);
}

void check_rules(struct check *c)
{
	check_policies(c, NULL, &c->t->policies);
	check_forwards(c, NULL, &c->t->forwarded);
	check_one2ones(c, NULL, &c->t->one2one);
	list_for(struct router, h, &c->t->routers)
		check_router_of(c, h);
}

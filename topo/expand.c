// expand.c - from what is meant to the objects that make it so
// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "topo/expand.h"
#include "topo/index.h"
#include "topo/pods.h"

/* --- words ------------------------------------------------------------- */

/* ALTIFNAMSIZ - 1, of linux/if.h */
#define ALTNAME_MAX 127

const char *full_name(struct expander *x, const char *name,
		      const char *prefix, const char *full)
{
	size_t n = strlen(prefix);

	/* two long names in one; the alias has room for them */
	if (n + strlen(full) > ALTNAME_MAX)
		return "";
	if (!strncmp(name, prefix, n) && !strcmp(name + n, full))
		return "";
	return join_words(x->out->arena, prefix, full, NULL);
}

void link_set(struct expander *x, struct link *l, uint32_t mtu,
	      const char *prefix, const char *full)
{
	memset(&l->mac, 0xff, sizeof(l->mac));
	memset(&l->conf, 0xff, sizeof(l->conf));
	l->mtu = mtu;
	l->up = 1;
	l->master = "";
	l->type = "";
	l->alias = join_words(x->out->arena, "netd:", x->t->name, "/", full,
			      NULL);
	l->altname = full_name(x, l->o.name, prefix, full);
}

void conf_port(struct devconf *c)
{
	c->disable_ipv6 = 1;
	c->addr_gen_mode = 1;
}

/*
 * The kernel's defaults let a host answer for addresses of its other
 * interfaces, take redirects, and more.
 */
void conf_router(struct devconf *c, bool forward4, bool forward6, bool six)
{
	c->forwarding = forward4;
	c->rp_filter = 2;	/* loose: the way back may be another one */
	c->arp_ignore = 1;
	c->arp_announce = 2;
	c->send_redirects = 0;
	c->accept_redirects = 0;
	c->source_route = 0;
	c->proxy_arp = 0;
	c->route_localnet = 0;
	c->disable_ipv6 = !six;
	/* see add_link_local() */
	c->addr_gen_mode = 1;
	if (!six)
		return;
	c->accept_ra = 0;
	c->accept_redirects6 = 0;
	/* all/forwarding sets it everywhere: only what routes must have it */
	c->forwarding6 = forward6 ? 1 : ANY8;
}

void port_set(struct brport *p)
{
	*p = (struct brport){ .learning = 1, .flood = 1 };
}

bool fact_is(const struct expander *x, const char *name, const char *value)
{
	const struct fact *f = NULL;

	if (x->found && x->found->sorted)
		f = (struct fact *)state_find(x->found, KIND_FACT, "", name);
	return f && f->value && !strcmp(f->value, value);
}

struct prefix anywhere(uint8_t family)
{
	return (struct prefix){ .ip = { .family = family } };
}

struct prefix alone(const struct ip *ip)
{
	return (struct prefix){ .ip = *ip, .len = ip_bytes(ip) * 8 };
}

static void dies_with(void *o, int kind, const char *name)
{
	((struct object *)o)->within_kind = kind;
	((struct object *)o)->within = name;
}

/* "DEV ADDRESS/LEN"; the part before the space is what it dies with */
static const char *two_words(struct expander *x, const char *a, const char *b)
{
	size_t n = strlen(a), m = strlen(b);
	char *s = arena_alloc(x->out->arena, n + m + 2);

	memcpy(s, a, n);
	s[n] = ' ';
	memcpy(s + n + 1, b, m);
	return s;
}

static void *add(struct expander *x, int kind, const char *netns,
		 const char *name, struct pos pos)
{
	struct state *s = x->out;

	if (netns[0])
		netns = s->n && !strcmp(s->v[s->n - 1]->netns, netns) ?
			s->v[s->n - 1]->netns : arena_strdup(s->arena, netns);
	else
		netns = "";
	return state_add_static(s, kind, netns, name, pos);
}

void add_address(struct expander *x, const char *netns, int kind,
		 const char *dev, const struct prefix *p, struct pos pos)
{
	struct address *a;
	char text[50];

	a = add(x, KIND_ADDRESS, netns,
		two_words(x, dev, prefix_text(p, text)), pos);
	/* whose they are is known, and DAD would make them wait a second */
	a->nodad = p->ip.family == 6;
	dies_with(a, kind, arena_strdup(x->out->arena, dev));
}

void add_loopback(struct expander *x, const char *netns,
		  const struct prefix *p, struct pos pos)
{
	struct address *a;
	char text[50];

	a = add(x, KIND_ADDRESS, netns,
		two_words(x, "lo", prefix_text(p, text)), pos);
	a->nodad = p->ip.family == 6;
}

/*
 * The kernel's own link-local address would be tentative for up to two
 * seconds, and as long no neighbour is asked for (ndisc_send_ns()).
 */
void add_link_local(struct expander *x, const char *netns, int kind,
		    const char *dev, const struct mac *m, struct pos pos)
{
	struct prefix p = { .ip.family = 6, .len = 64 };

	p.ip.b[0] = 0xfe;
	p.ip.b[1] = 0x80;
	memcpy(&p.ip.b[8], m->b, 3);
	p.ip.b[8] ^= 2;
	p.ip.b[11] = 0xff;
	p.ip.b[12] = 0xfe;
	memcpy(&p.ip.b[13], &m->b[3], 3);
	add_address(x, netns, kind, dev, &p, pos);
}

void add_neighbour(struct expander *x, const char *netns, int kind,
		   const char *dev, const struct ip *ip, const struct mac *mac,
		   struct pos pos)
{
	struct neighbour *n;
	char text[46];

	n = add(x, KIND_NEIGHBOUR, netns,
		two_words(x, dev, ip_text(ip, text)), pos);
	n->mac = *mac;
	dies_with(n, kind, arena_strdup(x->out->arena, dev));
}

struct route *add_route(struct expander *x, const char *netns,
			const struct prefix *to, uint32_t metric,
			struct pos pos)
{
	uint32_t usual = to->ip.family == 6 ? 1024 : 0;
	struct route *r;
	char text[80];

	prefix_text(to, text);
	if (metric && metric != usual)
		sprintf(text + strlen(text), " metric %u", metric);
	r = add(x, KIND_ROUTE, netns, arena_strdup(x->out->arena, text), pos);
	r->type = ROUTE_UNICAST;
	r->metric = metric ? metric : usual;
	return r;
}

void route_via(struct expander *x, struct route *r, int kind, const char *dev,
	       const struct ip *via)
{
	/* compared bytewise: arena memory, whose padding is zero */
	struct nexthop *h = arena_alloc(x->out->arena, sizeof(*h));

	h->via = *via;
	strncpy(h->dev, dev, sizeof(h->dev) - 1);
	h->weight = 1;
	r->nexthops = (struct list){ h, 1 };
	dies_with(r, kind, h->dev);
}

void add_sysctl(struct expander *x, const char *netns, const char *value,
		struct pos pos, const char *fmt, ...)
{
	struct sysctl *s;
	va_list ap;

	va_start(ap, fmt);
	s = add(x, KIND_SYSCTL, netns, arena_vprintf(x->out->arena, fmt, ap),
		pos);
	va_end(ap);
	s->value = value;
	s->old = "";
}

/* --- all --------------------------------------------------------------- */

static struct expander begin(struct topology *t, const struct state *found,
			     struct state *out, struct report *report)
{
	struct expander x = {
		.t = t, .found = found, .out = out, .report = report,
		.asymmetric = t->routers.n > 0,
	};

	x.learned = fact_is(&x, "max-learned", "yes");
	return x;
}

static void home(struct expander *x)
{
	struct topology *t = x->t;
	struct netns *n;

	if (!t->netns[0])
		return;
	n = state_add(x->out, KIND_NETNS, "", t->netns, t->n.pos);
	n->alias = arena_printf(x->out->arena, "netd:%s", t->name);
}

int topo_expand(struct topology *t, const struct state *found,
		struct numbers *numbers, struct state *wanted,
		struct report *report)
{
	uint32_t from = wanted->n;
	struct expander x;
	int err;

	if (t->copies.n)
		return pods_expand(t, found, numbers, wanted, report);
	/* topo_check() did it a moment ago, as a rule */
	err = t->ready ? 0 : topo_resolve(t, found, numbers, report);
	t->ready = false;
	if (err)
		return err;
	x = begin(t, found, wanted, report);
	home(&x);
	expand_networks(&x);
	list_for(struct attachment, a, &t->attachments)
		expand_attachment(&x, a);
	expand_hosts(&x);
	expand_links(&x);
	expand_uplinks(&x);
	expand_sysctls(&x);
	expand_routes(&x);
	expand_routing(&x);
	expand_services(&x);
	err = rules_expand(t, found, wanted, report);
	expand_coexist(&x, from);
	return err;
}

/* The one that was added last is at the end: look there first. */
static struct attachment *find(const struct topology *t, const char *name)
{
	struct attachment **v = t->attachments.items;
	uint32_t i;

	for (i = t->attachments.n; i; i--)
		if (!strcmp(v[i - 1]->leg.n.name, name))
			return v[i - 1];
	return NULL;
}

int topo_expand_attachment(struct topology *t, const char *name,
			   const struct state *found, struct numbers *numbers,
			   struct state *wanted, struct report *report)
{
	struct attachment *a = find(t, name);
	struct expander x;
	int err = 0;

	if (!a)
		return -ENOENT;
	if (!t->index)
		err = topo_resolve(t, found, numbers, report);
	else if (topo_attachment(t, name) != a)
		err = topo_resolve_attachment(t, a, numbers, report);
	if (err)
		return err;
	x = begin(t, found, wanted, report);
	expand_attachment(&x, a);
	return rules_expand_attachment(t, a, wanted);
}

bool topo_attachment_alone(const struct topology *t, const char *name)
{
	const struct attachment *a = find(t, name);

	/* what it was on a bridge before goes with it */
	if (a && (a->type == ATT_NIC || !publish_alone(t, a)))
		return false;
	if (!a || !a->port_isolation || !a->leg.net ||
	    a->leg.net->port_isolation)
		return true;
	list_for(struct attachment, o, &t->attachments)
		if (o != a && o->leg.net == a->leg.net && o->port_isolation)
			return true;
	return false;
}

// items.c - what there is in a topology, for `show` and `list`
// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdlib.h>
#include <string.h>

#include "topo/items.h"
#include "topo/schema.h"
#include "topo/shape.h"

struct items {
	const struct topology *t;
	struct arena *a;
	struct topo_item *v;
	uint32_t n;
};

static struct topo_item *add(struct items *s, const char *kind,
			     const char *name)
{
	struct topo_item *it = &s->v[s->n++];

	*it = (struct topo_item){
		.kind = kind, .name = name ? name : "", .detail = "",
		.topology = s->t->name, .netns = "", .ifname = "", .network = "", .address = "",
		.vty = "",
		.mac = "",
	};
	return it;
}

static const char *keep(struct items *s, struct buf *b)
{
	const char *text = arena_strdup(s->a, buf_text(b));

	buf_free(b);
	return text;
}

static const char *addresses(struct items *s, const struct list *ips)
{
	const struct prefix *p = ips->items;
	struct buf b = { 0 };
	char text[46];
	uint32_t i;

	for (i = 0; i < ips->n; i++)
		buf_printf(&b, "%s%s", i ? ", " : "", ip_text(&p[i].ip, text));
	return keep(s, &b);
}

static const char *mac(struct items *s, const struct mac *m)
{
	static const struct mac none;
	char text[18];

	return memcmp(m, &none, sizeof(none)) ?
	       arena_strdup(s->a, mac_text(m, text)) : "";
}

/* --- networks ----------------------------------------------------------- */

static const char *const modes[] = {
	[MODE_ISOLATED] = "isolated", [MODE_NAT] = "nat",
	[MODE_ROUTED] = "routed", [MODE_OPEN] = "open",
};

static void gateway(struct buf *b, const struct prefix *net,
		    const struct ip *gw)
{
	struct prefix p = { .ip = *gw, .len = net->len };
	char text[50];

	if (net->ip.family)
		buf_printf(b, ", %s", prefix_text(gw->family ? &p : net,
						  text));
}

static void served(struct buf *b, const struct network *w)
{
	static const struct {
		unsigned int what;
		const char *text;
	} words[] = {
		{ SERVE_DHCP | SERVE_DHCP6, ", DHCP" },
		{ SERVE_RELAY, ", DHCP by relay" },
		{ SERVE_DNS, ", DNS" }, { SERVE_RA, ", RA" },
	};
	unsigned int what = network_serves(w);
	size_t i;

	for (i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (what & words[i].what)
			buf_str(b, words[i].text);
}

static void network(struct items *s, const struct network *w)
{
	struct topo_item *it = add(s, "network", w->n.name);
	struct buf b = { 0 };

	buf_printf(&b, "mode %s", modes[w->mode]);
	if (w->mode6 != w->mode)
		buf_printf(&b, ", IPv6 %s", modes[w->mode6]);
	gateway(&b, &w->net4, &w->gw4);
	gateway(&b, &w->net6, &w->gw6);
	if (w->owner)
		buf_printf(&b, ", router %s", w->owner->n.name);
	served(&b, w);
	if (w->segment != w)
		buf_printf(&b, ", joined with %s", w->segment->n.name);
	it->detail = keep(s, &b);
	it->netns = s->t->netns;
	it->ifname = w->external ? w->external : w->ifname;
	it->mac = mac(s, &w->hwaddr);
}

/* --- what is plugged in -------------------------------------------------- */

static void attachment(struct items *s, const struct attachment *a)
{
	struct topo_item *it = add(s, "attachment", a->leg.n.name);

	it->plug = items_plug(s->t, a, s->a);
	it->detail = items_plug_detail(a, s->a);
	it->netns = s->t->netns;
	it->ifname = a->kname;
	it->network = a->leg.network.s ? a->leg.network.s : "";
	it->address = addresses(s, &a->leg.ips);
	it->mac = mac(s, &a->leg.hwaddr);
	it->dynamic = a->dynamic;
}

static void host(struct items *s, const struct router *w)
{
	struct topo_item *it = add(s, w->node ? "node" : "router", w->n.name);
	struct buf legs = { 0 }, ips = { 0 };
	const char *sep = "";

	list_for(struct leg_spec, l, &w->legs) {
		buf_printf(&legs, "%s%s", sep, l->kname);
		sep = ", ";
		if (l->ips.n)
			buf_printf(&ips, "%s%s", ips.len ? ", " : "",
				   addresses(s, &l->ips));
	}
	if (w->nat)
		buf_printf(&legs, "%snat %s", sep, w->nat);
	it->detail = keep(s, &legs);
	it->address = keep(s, &ips);
	it->netns = w->netns;
	it->vty = w->vty ? w->vty : "";
}

/* What each end sends, in one word where that is the same. */
static void line(struct buf *b, const struct tlink *l)
{
	struct impairment x = impairment_of(l->a), y = impairment_of(l->b);
	bool same = x.delay == y.delay && x.jitter == y.jitter &&
		    x.loss == y.loss && x.rate == y.rate;

	if (leg_is_down(l->a))
		buf_str(b, ", down");
	if (impairment_any(&x)) {
		buf_printf(b, ",%s%s", same ? "" : " from ",
			   same ? "" : l->a->network.s);
		impairment_print(&x, b);
	}
	if (!same && impairment_any(&y)) {
		buf_printf(b, ", from %s", l->b->network.s);
		impairment_print(&y, b);
	}
}

static void link_item(struct items *s, const struct tlink *l)
{
	struct topo_item *it = add(s, "link", l->n.name);
	struct buf b = { 0 };
	char text[50];

	if (!l->a || !l->b)
		return;
	buf_printf(&b, "%s - %s", l->a->network.s, l->b->network.s);
	if (l->net4.ip.family)
		buf_printf(&b, ", %s", prefix_text(&l->net4, text));
	if (l->net6.ip.family)
		buf_printf(&b, ", %s", prefix_text(&l->net6, text));
	line(&b, l);
	it->detail = keep(s, &b);
	if (l->a->kname) {
		it->ifname = l->a->kname;
		it->netns = l->a->at ? l->a->at->netns : s->t->netns;
	}
}

/* --- rules --------------------------------------------------------------- */

static void words(struct buf *b, const char *before, const struct list *l,
		  const char *none)
{
	const struct word *w = l->items;
	uint32_t i;

	buf_str(b, before);
	for (i = 0; i < l->n; i++)
		buf_printf(b, "%s%s", i ? ", " : "", w[i].s ? w[i].s : "?");
	if (!l->n)
		buf_str(b, none);
}

static void protocols(struct buf *b, const struct list *l)
{
	const uint8_t *p = l->items;
	uint32_t i;

	for (i = 0; i < l->n; i++)
		buf_printf(b, "%s%s", i ? "/" : " ", protocol_name(p[i]));
}

static void ports(struct buf *b, const struct ports *p)
{
	buf_printf(b, p->hi > p->lo ? "%u-%u" : "%u", p->lo, p->hi);
}

static void policy(struct items *s, const struct policy *p)
{
	static const char *const actions[] = {
		[ACT_ALLOW] = "allow", [ACT_REJECT] = "reject",
		[ACT_DROP] = "drop",
	};
	struct topo_item *it = add(s, "policy", p->label ? p->label :
				   p->n.path);
	const struct ports *v = p->ports.items;
	struct buf b = { 0 };
	uint32_t i;

	buf_str(&b, actions[p->action]);
	words(&b, " ", &p->from, "any");
	words(&b, " to ", &p->to, "any");
	protocols(&b, &p->protocol);
	for (i = 0; i < p->ports.n; i++) {
		buf_str(&b, i ? "," : " ");
		ports(&b, &v[i]);
	}
	it->detail = keep(s, &b);
}

static void forward(struct items *s, const struct forward *f)
{
	struct topo_item *it = add(s, "forward", f->n.path);
	struct buf b = { 0 };
	char text[46];

	if (f->listen.family)
		buf_printf(&b, "%s ", ip_text(&f->listen, text));
	ports(&b, &f->port);
	protocols(&b, &f->protocol);
	buf_printf(&b, " to %s ", f->target.s ? f->target.s : "?");
	ports(&b, f->target_port.hi ? &f->target_port : &f->port);
	it->detail = keep(s, &b);
	it->network = f->net ? f->net->n.name : "";
}

static uint32_t count(const struct topology *t)
{
	uint32_t n = t->networks.n + t->attachments.n + t->hosts.n +
		     t->links.n + t->policies.n + t->forwarded.n + 1;

	list_for(struct topology, c, &t->copies)
		n += count(c);
	return n;
}

static void add_all(struct items *s, const struct topology *t)
{
	s->t = t;
	list_for(struct network, w, &t->networks)
		network(s, w);
	list_for(struct attachment, c, &t->attachments)
		attachment(s, c);
	list_for(struct router, w, &t->hosts)
		host(s, w);
	list_for(struct tlink, l, &t->links)
		link_item(s, l);
	list_for(struct policy, p, &t->policies)
		policy(s, p);
	list_for(struct forward, f, &t->forwarded)
		forward(s, f);
}

unsigned int topo_items(const struct topology *t, struct arena *a,
			struct topo_item **items)
{
	struct items s = { .t = t, .a = a };

	s.v = arena_alloc(a, count(t) * sizeof(*s.v));
	if (!t->copies.n)
		add_all(&s, t);
	list_for(struct topology, c, &t->copies)
		add_all(&s, c);
	*items = s.v;
	return s.n;
}

/* Has it the label "KEY=VALUE"? */
static bool labelled(const struct attachment *c, const char *text)
{
	const struct label *v = c->labels.items;
	uint32_t i;
	size_t len;

	for (i = 0; i < c->labels.n; i++) {
		len = strlen(v[i].key);
		if (!strncmp(v[i].key, text, len) && text[len] == '=' &&
		    !strcmp(v[i].value, text + len + 1))
			return true;
	}
	return false;
}

unsigned int topo_items_labelled(const struct topology *t, struct arena *a,
				 char *const *labels, unsigned int n,
				 struct topo_item **items)
{
	struct items s = { .t = t, .a = a };
	unsigned int k;

	s.v = arena_alloc(a, (t->attachments.n + 1) * sizeof(*s.v));
	list_for(struct attachment, c, &t->attachments) {
		for (k = 0; k < n && labelled(c, labels[k]); k++)
			;
		if (k == n)
			attachment(&s, c);
	}
	*items = s.v;
	return s.n;
}

bool topo_item_named(const struct topology *t, const char *name,
		     struct arena *a, struct topo_item *item)
{
	struct items s = { .t = t, .a = a, .v = item };
	struct network *w = topo_network(t, name);
	struct attachment *c = topo_attachment(t, name);
	struct router *h = topo_router(t, name);
	struct tlink *k = topo_link(t, name);

	if (w)
		network(&s, w);
	else if (c)
		attachment(&s, c);
	else if (h)
		host(&s, h);
	else if (k)
		link_item(&s, k);
	return s.n;
}

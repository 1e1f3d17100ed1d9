// check_address.c - subnets that overlap, addresses that are there twice
// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdlib.h>
#include <string.h>

#include "topo/check.h"

/* A subnet or an address (with its MAC), and who has it. */
struct have {
	const void *where;	/* the segment it is in */
	struct prefix p;
	struct mac mac;
	struct pos pos, mac_pos;
	const char *path;
	const char *topology;	/* when it is another one's */
};

struct haves {
	struct have *v;
	uint32_t n, cap;
};

static void add(struct haves *h, struct have have)
{
	if (h->n == h->cap) {
		h->cap = h->cap ? h->cap * 2 : 256;
		h->v = realloc(h->v, h->cap * sizeof(*h->v));
		if (!h->v)
			abort();
	}
	h->v[h->n++] = have;
}

static int by_pos(const struct have *a, const struct have *b)
{
	if (!a->topology != !b->topology)
		return a->topology ? -1 : 1;
	if (a->pos.line != b->pos.line)
		return a->pos.line < b->pos.line ? -1 : 1;
	return a->pos.col < b->pos.col ? -1 : a->pos.col > b->pos.col;
}

/* The wider first, so that what it covers follows it. */
static int by_prefix(const void *x, const void *y)
{
	const struct have *a = x, *b = y;
	struct ip af = prefix_first(&a->p), bf = prefix_first(&b->p);
	int d = ip_cmp(&af, &bf);

	if (d)
		return d;
	if (a->p.len != b->p.len)
		return a->p.len < b->p.len ? -1 : 1;
	return by_pos(a, b);
}

static void clear(struct haves *h)
{
	free(h->v);
	*h = (struct haves){ 0 };
}

/* --- subnets within one router ---------------------------------------- */

static void overlap(struct check *c, const struct have *a,
		    const struct have *b)
{
	const struct have *late = by_pos(a, b) > 0 ? a : b;
	const struct have *early = late == a ? b : a;
	char l[50], e[50];

	if (late->topology)
		return;
	report_error(c->report, late->pos, late->path,
		     "%s overlaps %s of %s%s%s%s, and one router can't tell "
		     "them apart", prefix_text(&late->p, l),
		     prefix_text(&early->p, e), early->path,
		     early->topology ? " in topology " : "",
		     early->topology ? early->topology : "",
		     early->topology ? "" : check_where(c, early->pos));
}

static void report_overlaps(struct check *c, struct haves *h)
{
	uint32_t i, wide = 0;

	if (h->n)
		qsort(h->v, h->n, sizeof(*h->v), by_prefix);
	for (i = 1; i < h->n; i++) {
		if (!prefix_overlaps(&h->v[wide].p, &h->v[i].p))
			wide = i;
		else if (h->v[wide].where != h->v[i].where)
			overlap(c, &h->v[wide], &h->v[i]);
	}
	clear(h);
}

static void add_net(struct haves *h, const void *where, struct prefix p,
		    struct pos pos, const char *path, const char *topology)
{
	if (!p.ip.family)
		return;
	add(h, (struct have){ .where = where, .p = prefix_net(&p), .pos = pos,
			      .path = path, .topology = topology });
}

static void add_network(struct haves *h, struct network *w,
			const char *topology)
{
	const struct prefix *p = w->addresses.items;
	uint32_t i;

	add_net(h, w, w->net4, PLACE(w, rec_network, subnet), w->n.path,
		topology);
	add_net(h, w, w->net6, PLACE(w, rec_network, subnet6), w->n.path,
		topology);
	for (i = 0; i < w->addresses.n; i++)
		add_net(h, w, p[i], PLACE(w, rec_network, addresses),
			w->n.path, topology);
}

static void add_link(struct haves *h, struct tlink *l)
{
	add_net(h, l, l->net4, PLACE(l, rec_link, subnet), l->n.path, NULL);
	add_net(h, l, l->net6, PLACE(l, rec_link, subnet6), l->n.path, NULL);
}

static void add_home(struct haves *h, struct topology *t, const char *name)
{
	list_for(struct network, w, &t->networks)
		if (w->has_gateway)
			add_network(h, w, name);
}

void check_subnets(struct check *c)
{
	struct haves h = { 0 };
	unsigned int i;

	add_home(&h, c->t, NULL);
	for (i = 0; i < c->nothers; i++)
		if (c->others[i] != c->t &&
		    !strcmp(c->others[i]->netns, c->t->netns))
			add_home(&h, c->others[i], c->others[i]->name);
	report_overlaps(c, &h);
	list_for(struct router, r, &c->t->hosts) {
		list_for(struct leg_spec, l, &r->legs) {
			if (l->net)
				add_network(&h, check_segment(l->net), NULL);
			else if (l->link)
				add_link(&h, l->link);
		}
		report_overlaps(c, &h);
	}
}

/* --- addresses within one segment ------------------------------------- */

static int by_address(const void *x, const void *y)
{
	const struct have *a = x, *b = y;
	int d;

	if (a->where != b->where)
		return a->where < b->where ? -1 : 1;
	d = ip_cmp(&a->p.ip, &b->p.ip);
	return d ? d : by_pos(a, b);
}

static int by_mac(const void *x, const void *y)
{
	const struct have *a = x, *b = y;
	int d;

	if (a->where != b->where)
		return a->where < b->where ? -1 : 1;
	d = memcmp(&a->mac, &b->mac, sizeof(a->mac));
	return d ? d : by_pos(a, b);
}

static void twice(struct check *c, const struct have *first,
		  const struct have *again, const char *text)
{
	void (*say)(struct report *, struct pos, const char *, const char *,
		    ...) = c->duplicates ? report_warning : report_error;

	say(c->report, again->pos, again->path, "%s is that of %s%s already",
	    text, first->path, check_where(c, first->pos));
}

static void report_addresses(struct check *c, struct haves *h)
{
	struct have *a, *b;
	char text[46];
	uint32_t i;

	qsort(h->v, h->n, sizeof(*h->v), by_address);
	for (i = 1; i < h->n; i++) {
		a = &h->v[i - 1];
		b = &h->v[i];
		if (b->p.ip.family && a->where == b->where &&
		    !ip_cmp(&a->p.ip, &b->p.ip))
			twice(c, a, b, ip_text(&b->p.ip, text));
	}
}

static void report_macs(struct check *c, struct haves *h)
{
	static const struct mac none;
	struct have *a, *b;
	char text[18];
	uint32_t i;

	qsort(h->v, h->n, sizeof(*h->v), by_mac);
	for (i = 1; i < h->n; i++) {
		a = &h->v[i - 1];
		b = &h->v[i];
		/* the addresses of one interface share its MAC */
		if (a->where == b->where && a->path != b->path &&
		    memcmp(&b->mac, &none, sizeof(none)) &&
		    !memcmp(&a->mac, &b->mac, sizeof(a->mac))) {
			a->pos = a->mac_pos;
			b->pos = b->mac_pos;
			twice(c, a, b, mac_text(&b->mac, text));
		}
	}
}

static struct pos leg_place(struct leg_spec *l, const struct record *r,
			    uint8_t family)
{
	return node_at(&l->n, r, family == 6 ?
		       offsetof(struct leg_spec, address6) :
		       offsetof(struct leg_spec, address));
}

static void add_leg(struct haves *h, struct leg_spec *l,
		    const struct record *r)
{
	const void *where = l->net ? (void *)check_segment(l->net) :
			    (void *)l->link;
	const struct prefix *p = l->ips.items;
	struct have have = { .where = where, .pos = l->n.pos,
			     .path = l->n.path };
	uint32_t i;

	/* what is made of names differs where they do */
	have.mac = l->mac;
	have.mac_pos = node_at(&l->n, r, offsetof(struct leg_spec, mac));
	if (!where)
		return;
	if (!l->ips.n)
		add(h, have);
	for (i = 0; i < l->ips.n; i++) {
		have.p = p[i];
		have.pos = leg_place(l, r, p[i].ip.family);
		add(h, have);
	}
}

static void add_gateway(struct haves *h, struct network *w)
{
	struct have have = { .where = w, .mac = w->mac, .path = w->n.path,
			     .mac_pos = PLACE(w, rec_network, mac) };
	const struct prefix *p = w->addresses.items;
	uint32_t i;

	if (!w->has_gateway)
		return;
	have.p.ip = w->gw4;
	have.pos = PLACE(w, rec_network, gateway);
	add(h, have);
	have.p.ip = w->gw6;
	have.pos = PLACE(w, rec_network, gateway6);
	add(h, have);
	have.pos = PLACE(w, rec_network, addresses);
	for (i = 0; i < w->addresses.n; i++) {
		have.p = p[i];
		add(h, have);
	}
}

/* --- an address in its network ---------------------------------------- */

static bool other_subnet(const struct network *w, const struct ip *ip)
{
	const struct prefix *p = w->addresses.items;
	uint32_t i;

	for (i = 0; i < w->addresses.n; i++)
		if (prefix_has(&p[i], ip))
			return true;
	return false;
}

/* Why IP can't be a host's in NET, or NULL. */
static const char *unfit(struct check *c, const struct prefix *net,
			 const struct ip *ip, const char *who)
{
	struct ip first = prefix_first(net), last = prefix_last(net);
	char a[46], n[50];
	/* RFC 3021, RFC 6164: in a net of two, both are hosts */
	bool two = net->len + 1u >= ip_bytes(ip) * 8;
	const char *why = NULL;

	if (!prefix_has(net, ip))
		why = "is not in";
	else if (!two && !ip_cmp(ip, &first))
		why = "is the first address, which no host may have, of";
	else if (!two && ip->family == 4 && !ip_cmp(ip, &last))
		why = "is the broadcast address of";
	return !why ? NULL :
	       arena_printf(c->a, "%s %s %s, the subnet of %s",
			    ip_text(ip, a), why, prefix_text(net, n), who);
}

static void check_fixed(struct check *c, struct leg_spec *l,
			const struct record *r, const struct addrspec *s,
			uint8_t family)
{
	const struct network *w = l->net ? check_segment(l->net) : NULL;
	const struct tlink *k = l->link;
	struct prefix none = { .len = 0 }, net;
	const char *bad, *who = w ? w->n.name : k ? k->n.name : "";
	size_t offset = family == 6 ? offsetof(struct leg_spec, address6) :
			offsetof(struct leg_spec, address);

	net = w ? (family == 6 ? w->net6 : w->net4) :
	      k ? (family == 6 ? k->net6 : k->net4) : none;
	if (!net.ip.family) {
		if (s->how == ADDR_AUTO)
			check_fault(c, &l->n, r, offset, "%s has no IPv%u "
				    "subnet that an address could be taken "
				    "from", who, family);
		else if (s->how == ADDR_FIXED && s->p.len == 255)
			check_fault(c, &l->n, r, offset, "expected an address "
				    "with a length, since %s has no IPv%u "
				    "subnet", who, family);
		return;
	}
	if (s->how != ADDR_FIXED || (w && other_subnet(w, &s->p.ip)))
		return;
	bad = unfit(c, &net, &s->p.ip, who);
	if (bad)
		check_fault(c, &l->n, r, offset, "%s", bad);
}

static void check_next(struct check *c, struct leg_spec *l, const char *word,
		       size_t offset)
{
	const struct prefix *p = l->ips.items;
	struct ip ip;
	uint32_t i;

	if (!word || ip_read(word, &ip) || (!l->net && !l->link))
		return;
	for (i = 0; i < l->ips.n; i++)
		if (prefix_has(&p[i], &ip))
			return;
	check_fault(c, &l->n, &rec_leg, offset, "%s is in no subnet that this "
		    "leg has an address in", word);
}

static void check_leg_addresses(struct check *c, struct leg_spec *l,
				const struct record *r)
{
	const struct addrspec *s;
	uint32_t i;

	if (!l->net && !l->link)
		return;
	for (s = l->address.items, i = 0; i < l->address.n; i++)
		check_fixed(c, l, r, &s[i], 4);
	for (s = l->address6.items, i = 0; i < l->address6.n; i++)
		check_fixed(c, l, r, &s[i], 6);
}

static void check_gateway_fits(struct check *c, struct network *w)
{
	const char *bad;
	struct ip ip;

	if (w->gateway && !ip_read(w->gateway, &ip) && w->net4.ip.family) {
		bad = unfit(c, &w->net4, &ip, w->n.name);
		if (bad)
			FAULT(c, w, rec_network, gateway, "%s", bad);
	}
	if (w->gateway6 && !ip_read(w->gateway6, &ip) && w->net6.ip.family) {
		bad = unfit(c, &w->net6, &ip, w->n.name);
		if (bad)
			FAULT(c, w, rec_network, gateway6, "%s", bad);
	}
}

void check_addresses(struct check *c)
{
	struct haves h = { 0 };

	list_for(struct network, w, &c->t->networks) {
		check_gateway_fits(c, w);
		add_gateway(&h, w);
	}
	list_for(struct attachment, a, &c->t->attachments) {
		check_leg_addresses(c, &a->leg, &rec_attachment);
		add_leg(&h, &a->leg, &rec_attachment);
	}
	list_for(struct router, host, &c->t->hosts) {
		list_for(struct leg_spec, l, &host->legs) {
			check_leg_addresses(c, l, &rec_leg);
			check_next(c, l, l->gateway,
				   offsetof(struct leg_spec, gateway));
			check_next(c, l, l->gateway6,
				   offsetof(struct leg_spec, gateway6));
			add_leg(&h, l, &rec_leg);
		}
	}
	if (h.n) {
		report_addresses(c, &h);
		report_macs(c, &h);
	}
	clear(&h);
}

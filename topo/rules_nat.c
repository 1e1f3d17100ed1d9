// rules_nat.c - translation on the way to an uplink, and one-to-one
// SPDX-License-Identifier: GPL-2.0-or-later
#include "topo/rules.h"

#include <stdio.h>
#include <string.h>

static struct pos net_pos(const struct iface *f)
{
	return f->net ? f->net->n.pos : f->link ? f->link->n.pos :
		(struct pos){ 0 };
}

static void hair(struct where *w, const struct iface *f)
{
	char text[50];

	if (f->net4.ip.family)
		rules_elem(w->x, w->ns, "inet netd hair4", "", net_pos(f),
			   "\"%s\" . %s", f->name,
			   prefix_text(&f->net4, text));
	if (f->net6.ip.family)
		rules_elem(w->x, w->ns, "inet netd hair6", "", net_pos(f),
			   "\"%s\" . %s", f->name,
			   prefix_text(&f->net6, text));
}

static struct iface *target_iface(struct where *w, const struct network *n,
				  const struct ip *ip)
{
	struct prefix p = { .ip = *ip, .len = ip->family == 6 ? 128 : 32 };
	struct iface *f = n ? where_net(w, n) : NULL;

	return f ? f : where_ip(w, &p);
}

void rules_targets(struct where *w)
{
	list_for(struct forward, fw, w->forwards) {
		const struct ip *ips = fw->target_ips.items;
		struct iface *f = fw->target_ips.n ?
			target_iface(w, fw->net, &ips[0]) : NULL;

		if (f)
			f->target = true;
	}
}

/* As nft prints it: a range that is a prefix is one. */
static void print_range(struct buf *b, const struct iprange *r, bool ports)
{
	bool six = r->lo.family == 6, range = ip_cmp(&r->lo, &r->hi) != 0;
	struct prefix p = { r->lo, six ? 128 : 32 };
	struct ip first, last;
	char lo[50], hi[46];

	do {
		p.len--;
		first = prefix_first(&p);
		last = prefix_last(&p);
	} while (p.len && ip_cmp(&first, &r->lo) == 0 &&
		 ip_cmp(&last, &r->hi) < 0);
	if (range && !ip_cmp(&first, &r->lo) && !ip_cmp(&last, &r->hi)) {
		buf_str(b, prefix_text(&p, lo));
		return;
	}
	ip_text(&r->lo, lo);
	ip_text(&r->hi, hi);
	buf_printf(b, six && ports ? "[%s]" : "%s", lo);
	if (range)
		buf_printf(b, six && ports ? "-[%s]" : "-%s", hi);
}

/* "snat ip to A-B:P-Q persistent", the ports where the protocol has some */
static void snat_line(struct buf *b, const struct snat *s, const char *match,
		      const struct iprange *r)
{
	const char *family = r->lo.family == 6 ? "ip6" : "ip";
	const char *flags = ip_cmp(&r->lo, &r->hi) ? " persistent" : "";

	if (s->ports.hi) {
		buf_printf(b, "%smeta l4proto { tcp, udp, sctp } snat %s to ",
			   match, family);
		print_range(b, r, true);
		buf_printf(b, ":%u-%u%s\n", s->ports.lo, s->ports.hi, flags);
	}
	buf_printf(b, "%ssnat %s to ", match, family);
	print_range(b, r, false);
	buf_printf(b, "%s\n", flags);
}

/*
 * Of several ranges each serves a part of the network, so that a guest keeps
 * its address outside.
 */
static uint32_t snat_family(struct buf *b, const struct snat *s,
			    const struct prefix *net, uint8_t family)
{
	const struct iprange *r = s->addresses.items;
	uint32_t i, n = 0, k = 0;
	char match[128], lo[46], hi[46];
	struct ip from, to;
	uint64_t size, part;

	for (i = 0; i < s->addresses.n; i++)
		n += r[i].lo.family == family;
	if (!n)
		return 0;
	size = (family == 6 ? 128 : 32) - net->len;
	size = size > 62 ? 1ull << 62 : 1ull << size;
	part = size / n ? size / n : 1;
	for (i = 0; i < s->addresses.n; i++) {
		if (r[i].lo.family != family)
			continue;
		from = prefix_first(net);
		from = ip_add(&from, k * part);
		to = ip_add(&from, part - 1);
		snprintf(match, sizeof(match), "%s saddr %s-%s ",
			 family == 6 ? "ip6" : "ip", ip_text(&from, lo),
			 ip_text(&to, hi));
		if (++k == n)
			snprintf(match, sizeof(match), "meta nfproto %s ",
				 family == 6 ? "ipv6" : "ipv4");
		snat_line(b, s, match, &r[i]);
	}
	return n;
}

static const char *snat_chain(struct where *w, const struct iface *f)
{
	const char *name = rules_name(w->x, "snat", f->name, "");
	const struct snat *s = f->snat;
	struct buf b = { 0 };
	struct lines l = { 0 };
	uint32_t i;

	match_addresses(w->x, s->except.items, s->except.n, 4, "daddr", &l);
	match_addresses(w->x, s->except.items, s->except.n, 6, "daddr", &l);
	for (i = 0; i < l.n; i++)
		buf_printf(&b, "%saccept\n", l.v[i]);
	if (!snat_family(&b, s, &f->net4, 4) && f->nat4)
		buf_str(&b, "meta nfproto ipv4 masquerade\n");
	if (!snat_family(&b, s, &f->net6, 6) && f->nat6)
		buf_str(&b, "meta nfproto ipv6 masquerade\n");
	rules_chain(w->x, w->ns, name,
		    arena_strdup(w->x->out->arena, buf_text(&b)), false,
		    s->n.pos);
	buf_free(&b);
	return name + strlen("inet netd ");
}

void rules_egress(struct where *w, const struct iface *f)
{
	const char *to;
	uint32_t i;

	if (!f->nat4 && !f->nat6 && !f->snat)
		return;
	if (f->snat)
		to = arena_printf(w->x->out->arena, "goto %s",
				  snat_chain(w, f));
	else
		to = !f->nat6 ? "goto masq4" : !f->nat4 ? "goto masq6" :
			"goto masq";
	for (i = 0; i < f->nups; i++)
		rules_elem(w->x, w->ns, "inet netd egress", to, net_pos(f),
			   "\"%s\" . \"%s\"", f->name, f->ups[i]);
}

static void one_address(struct where *w, const struct iface *f,
			const struct ip *ext, const struct ip *in,
			struct pos pos)
{
	struct arena *a = w->x->out->arena;
	bool six = ext->family == 6;
	char e[46], i[46];
	uint32_t u;

	ip_text(ext, e);
	ip_text(in, i);
	rules_elem(w->x, w->ns, six ? "inet netd o2o6" : "inet netd o2o4",
		   arena_strdup(a, i), pos, "%s", e);
	for (u = 0; u < f->nups; u++) {
		rules_elem(w->x, w->ns, six ? "inet netd o2o_in6" :
			   "inet netd o2o_in4", arena_strdup(a, i), pos,
			   "\"%s\" . %s", f->ups[u], e);
		rules_elem(w->x, w->ns, six ? "inet netd o2o_out6" :
			   "inet netd o2o_out4", arena_strdup(a, e), pos,
			   "\"%s\" . %s", f->ups[u], i);
	}
}

/* "goto o2o_HASH", a chain that changes the prefix to P */
static const char *prefix_chain(struct where *w, const char *what,
				const struct prefix *p, struct pos pos)
{
	struct arena *a = w->x->out->arena;
	char text[50];
	const char *rule = arena_printf(a, "%s %s prefix to %s\n", what,
					p->ip.family == 6 ? "ip6" : "ip",
					prefix_text(p, text));
	const char *name = arena_printf(a, "inet netd o2o_%016llx",
		(unsigned long long)hash64(rule, strlen(rule)));

	rules_chain(w->x, w->ns, name, rule, false, pos);
	return arena_printf(a, "goto %s", name + strlen("inet netd "));
}

/* A prefix to one of the same length: RFC 6296 without its checksums. */
static void one_prefix(struct where *w, const struct iface *f,
		       const struct prefix *ext, const struct prefix *in,
		       struct pos pos)
{
	const char *to = prefix_chain(w, "dnat", in, pos);
	const char *from = prefix_chain(w, "snat", ext, pos);
	bool six = ext->ip.family == 6;
	char e[50], i[50];
	uint32_t u;

	prefix_text(ext, e);
	prefix_text(in, i);
	rules_elem(w->x, w->ns, six ? "inet netd o2o_net6" :
		   "inet netd o2o_net4", to, pos, "%s", e);
	for (u = 0; u < f->nups; u++) {
		rules_elem(w->x, w->ns, six ? "inet netd o2o_net_in6" :
			   "inet netd o2o_net_in4", to, pos, "\"%s\" . %s",
			   f->ups[u], e);
		rules_elem(w->x, w->ns, six ? "inet netd o2o_net_out6" :
			   "inet netd o2o_net_out4", from, pos,
			   "\"%s\" . %s", f->ups[u], i);
	}
}

static void one_to_one(struct where *w, const struct one2one *o)
{
	struct iface *f = target_iface(w, o->net, &o->inside.ip);
	struct prefix ext = prefix_net(&o->external);
	struct prefix in = prefix_net(&o->inside);

	if (!f)
		return;
	if (ext.len == (ext.ip.family == 6 ? 128 : 32))
		one_address(w, f, &ext.ip, &in.ip, o->n.pos);
	else
		one_prefix(w, f, &ext, &in, o->n.pos);
	f->hair = true;
}

/* Who may go outside may use what is forwarded from there, also by others. */
static void outgoing(struct where *w, const struct iface *f)
{
	if (w->router)
		rules_elem(w->x, w->ns, "inet netd behind", "", net_pos(f),
			   "\"%s\"", f->name);
	if (f->out4)
		rules_elem(w->x, w->ns, "inet netd outgoing4", "",
			   net_pos(f), "\"%s\"", f->name);
	if (f->out6)
		rules_elem(w->x, w->ns, "inet netd outgoing6", "",
			   net_pos(f), "\"%s\"", f->name);
}

void rules_nat(struct where *w)
{
	const struct iface *f;
	uint32_t i;

	list_for(struct one2one, o, w->one2one)
		one_to_one(w, o);
	for (i = 0; i < w->nifs; i++) {
		f = &w->ifs[i];
		rules_egress(w, f);
		if (f->target || f->hair)
			hair(w, f);
		/* a home is shared with other topologies */
		if (!w->router || w->forwards->n || w->one2one->n)
			outgoing(w, f);
	}
	rules_forwards(w);
}

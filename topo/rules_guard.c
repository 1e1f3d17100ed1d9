// rules_guard.c - what the ports of bridges may send: elements of the guards
// SPDX-License-Identifier: GPL-2.0-or-later
#include "topo/rules.h"

#include <string.h>

/*
 * Which guards a port has.  A port with all of them goes to the chain
 * `guest`, one without some to a chain of its set of guards.  Where no IPv4
 * address is known (an Ethernet without a subnet) nothing can be compared.
 */
enum {
	G_MAC = 1,
	G_IP4 = 2,
	G_IP6 = 4,
	G_ARP = 8,		/* the sender's MAC, */
	G_ARPIP = 16,		/* and its address */
	G_ND = 32,
	G_RA = 64,
	G_DHCP = 128,
};

static void text_guest(unsigned int m, const char *s, struct buf *b)
{
	const char *arp = !(m & G_ARP) ? "accept" :
		m & G_ARPIP ? "goto g_arp" : "goto g_arp_mac";

	if (m & G_MAC)
		buf_str(b, "iifname . ether saddr != @p_mac counter drop\n");
	buf_str(b, "ether daddr & ff:ff:ff:ff:ff:f0 == 01:80:c2:00:00:00"
		" counter drop\n");
	if (!(m & ~G_MAC)) {
		buf_str(b, "accept\n");
		return;
	}
	/* sees 802.1Q and LLC as what they are, so they never match */
	buf_printf(b, "ether type vmap { ip : goto g_ip%s, arp : %s,"
		   " ip6 : goto g_ip6%s }\n", s, arp, s);
	buf_str(b, "counter drop\n");
}

static void text_ip(unsigned int m, const char *s, struct buf *b)
{
	if (!(m & G_IP4)) {
		buf_printf(b, "goto g_l4%s\n", s);
		return;
	}
	buf_printf(b, "iifname . ip saddr @p_ip4 goto g_l4%s\n", s);
	buf_printf(b, "iifname . ip saddr @p_net4 goto g_l4%s\n", s);
	buf_str(b, "goto g_dhcp4\n");
}

static void text_l4(unsigned int m, const char *s, struct buf *b)
{
	if (m & G_DHCP)
		buf_str(b, "udp sport 67 counter drop\n"
			"udp dport 67 iifname . @th,288,48 != @p_mac"
			" counter drop\n");
	if (m & G_RA)
		buf_str(b, "igmp type membership-query counter drop\n"
			"icmp type redirect counter drop\n");
	buf_str(b, "accept\n");
}

static void text_ip6(unsigned int m, const char *s, struct buf *b)
{
	buf_printf(b, "meta l4proto ipv6-icmp goto g_icmp6%s\n", s);
	if (m & G_IP6)
		buf_str(b, "jump g_src\n");
	/* a header chain that goes on behind a fragment, or is cut off */
	if (m & (G_ND | G_RA | G_DHCP))
		buf_str(b, "meta l4proto { ip, ipv6-route, ipv6-frag,"
			" ipv6-opts } counter drop\n");
	/* the port may be in the next fragment, so that one is dropped, too */
	buf_str(b, m & G_DHCP ? "udp sport 547 counter drop\n"
		"meta l4proto != udp accept\n"
		"udp sport 0-65535 accept\n"
		"meta l4proto udp frag frag-off != 0 accept\n" :
		"meta l4proto 0-255 accept\n");
	buf_str(b, "counter drop\n");
}

/* By type: what to do, with which guard. */
static const struct {
	unsigned int guard;
	const char *what;
} icmp6[] = {
	{ G_RA, "mld-listener-query : drop" },
	{ G_ND, "mld-listener-report : goto g_mld" },
	{ G_ND, "mld-listener-done : goto g_mld" },
	{ G_ND, "nd-router-solicit : goto g_rs" },
	{ G_RA, "nd-router-advert : drop" },
	{ G_ND, "nd-neighbor-solicit : goto g_ns" },
	{ G_ND, "nd-neighbor-advert : goto g_na" },
	{ G_RA, "nd-redirect : drop" },
	{ G_ND, "mld2-listener-report : goto g_mld" },
};

static void text_icmp6(unsigned int m, const char *s, struct buf *b)
{
	const char *sep = "icmpv6 type vmap { ";
	size_t i;

	for (i = 0; i < sizeof(icmp6) / sizeof(icmp6[0]); i++) {
		if (!(m & icmp6[i].guard))
			continue;
		buf_printf(b, "%s%s", sep, icmp6[i].what);
		sep = ", ";
	}
	if (m & (G_ND | G_RA))
		buf_str(b, " }\n");
	if ((m & G_IP6) && !(m & G_ND))
		buf_str(b, "ip6 saddr :: accept\n");
	if (m & G_IP6)
		buf_str(b, "jump g_src\n");
	/* whole or the first fragment; a later fragment; or nothing of it */
	buf_str(b, "icmpv6 type 0-255 accept\n"
		"frag frag-off != 0 accept\n"
		"counter drop\n");
}

static const struct {
	const char *name;
	void (*text)(unsigned int mask, const char *suffix, struct buf *b);
} parts[] = {
	{ "guest", text_guest },
	{ "g_ip", text_ip },
	{ "g_l4", text_l4 },
	{ "g_ip6", text_ip6 },
	{ "g_icmp6", text_icmp6 },
};

/* All guards need no suffix, the sets of a network's are told by number. */
static const char *suffix(struct rules *x, unsigned int mask)
{
	if (mask == GUARD_ALL)
		return "";
	return arena_printf(x->out->arena, "_%02x", mask);
}

void rules_guard_chains(struct rules *x, const char *ns, unsigned int mask,
			const char *s, struct pos pos)
{
	size_t i, n = mask & ~G_MAC ? sizeof(parts) / sizeof(parts[0]) : 1;
	struct buf b = { 0 };

	for (i = 0; i < n; i++) {
		buf_reset(&b);
		parts[i].text(mask, s, &b);
		rules_chain(x, ns, arena_printf(x->out->arena,
						"bridge netd %s%s",
						parts[i].name, s),
			    arena_strdup(x->out->arena, buf_text(&b)), false,
			    pos);
	}
	buf_free(&b);
}

static bool family4(const struct prefix *p)
{
	return p->ip.family == 4;
}

static bool knows_ipv4(const struct attachment *a)
{
	const struct prefix *ips = a->leg.ips.items;
	uint32_t i;

	for (i = 0; i < a->leg.ips.n; i++)
		if (family4(&ips[i]))
			return true;
	list_for(struct allowed, al, &a->allowed)
		if (family4(&al->address))
			return true;
	return false;
}

static unsigned int guard_mask(const struct guards *g, bool ipv4)
{
	unsigned int m = GUARD_ALL;

	if (g)
		m = (g->mac ? G_MAC : 0) | (g->ip ? G_IP4 | G_IP6 : 0) |
			(g->arp ? G_ARP | G_ARPIP : 0) | (g->nd ? G_ND : 0) |
			(g->ra_guard ? G_RA : 0) | (g->dhcp_guard ? G_DHCP : 0);
	return ipv4 ? m : m & ~(unsigned int)(G_IP4 | G_ARPIP);
}

static unsigned int net_mask(const struct network *n)
{
	const struct network *seg = n->segment ? n->segment : n;

	return guard_mask(n->guards, seg->net4.ip.family == 4);
}

/*
 * The chains of a network's guards belong to the network; a port that differs
 * has chains of its own, which come and go with it.
 */
static const char *port_suffix(struct rules *x, const struct attachment *a,
			       unsigned int mask)
{
	const char *s;

	if (mask == GUARD_ALL || mask == net_mask(a->leg.net))
		return suffix(x, mask);
	s = arena_printf(x->out->arena, "_%s", a->kname);
	rules_guard_chains(x, x->t->netns, mask, s, a->leg.n.pos);
	return s;
}

static unsigned int port_mask(const struct attachment *a)
{
	const struct network *n = a->leg.net;
	const struct network *seg = n->segment ? n->segment : n;
	unsigned int mask;

	if (a->type == ATT_NIC)
		return 0;
	mask = guard_mask(a->guards ? a->guards : n->guards,
			  seg->net4.ip.family == 4 || knows_ipv4(a));
	return attachment_serves(a) ? mask & ~(unsigned int)G_DHCP : mask;
}

static uint32_t net_mark(const struct network *n)
{
	uint32_t h = hash64(n->ifname, strlen(n->ifname));

	return h ? h : 1;
}

static void add_mac(struct rules *x, const char *port, const struct mac *m,
		    struct pos pos)
{
	char mac[18];

	rules_elem(x, x->t->netns, "bridge netd p_mac", "", pos,
		   "\"%s\" . %s", port, mac_text(m, mac));
}

/* An address that nobody else in the network may claim. */
static void add_owned6(struct rules *x, const struct network *n,
		       const struct ip *ip, struct pos pos)
{
	char text[46];

	rules_elem(x, x->t->netns, "bridge netd owned6", "", pos,
		   "0x%08x . %s", net_mark(n), ip_text(ip, text));
}

static void add_address(struct rules *x, const struct attachment *a,
			const struct prefix *p, bool own)
{
	uint8_t full = p->ip.family == 6 ? 128 : 32;
	bool host = own || p->len == full;
	struct prefix q = *p;
	char text[50];

	if (host)
		q.len = full;
	else
		q = prefix_net(p);
	rules_elem(x, x->t->netns,
		   p->ip.family == 6 ?
		   host ? "bridge netd p_ip6" : "bridge netd p_net6" :
		   host ? "bridge netd p_ip4" : "bridge netd p_net4",
		   "", a->leg.n.pos, "\"%s\" . %s", a->kname,
		   host ? ip_text(&q.ip, text) : prefix_text(&q, text));
	if (host && p->ip.family == 6)
		add_owned6(x, a->leg.net, &p->ip, a->leg.n.pos);
}

static void admit(struct rules *x, const struct network *n, const char *port,
		  const char *to, struct pos pos)
{
	const char *ns = x->t->netns;

	rules_elem(x, ns, "bridge netd port", to, pos, "\"%s\"", port);
	if (!n->adopt && !n->external)
		rules_elem(x, ns, "bridge netd inside", "", pos, "\"%s\"",
			   port);
}

/* Prefixes within others say nothing, and would clash with them. */
static bool within_another(const struct attachment *a,
			   const struct allowed *al)
{
	bool before = true;

	if (al->address.len == (al->address.ip.family == 6 ? 128 : 32))
		return false;
	list_for(struct allowed, o, &a->allowed) {
		if (o == al)
			before = false;
		else if (prefix_covers(&o->address, &al->address) &&
			 (before || o->address.len != al->address.len))
			return true;
	}
	return false;
}

void rules_guard_attachment(struct rules *x, struct attachment *a)
{
	unsigned int mask = port_mask(a);
	const struct prefix *ips = a->leg.ips.items;
	struct pos pos = a->leg.n.pos;
	struct mac none = { { 0 } };
	uint32_t i;

	if (a->type == ATT_RESERVED)
		return;
	admit(x, a->leg.net, a->kname, !mask ? "accept" :
	      arena_printf(x->out->arena, "goto guest%s",
			   port_suffix(x, a, mask)), pos);
	if (!mask)
		return;
	rules_elem(x, x->t->netns, "bridge netd port_net",
		   arena_printf(x->out->arena, "0x%08x",
				net_mark(a->leg.net)), pos,
		   "\"%s\"", a->kname);
	add_mac(x, a->kname, &a->leg.hwaddr, pos);
	for (i = 0; i < a->leg.ips.n; i++)
		add_address(x, a, &ips[i], true);
	list_for(struct allowed, al, &a->allowed) {
		if (al->address.ip.family && !within_another(a, al))
			add_address(x, a, &al->address, false);
		if (memcmp(&al->mac, &none, sizeof(none)))
			add_mac(x, a->kname, &al->mac, al->n.pos);
	}
}

/* The address that an interface makes from its MAC: RFC 4291, appendix A. */
static struct ip link_local(const struct mac *m)
{
	struct ip ip = { .family = 6, .b = { 0xfe, 0x80 } };

	memcpy(ip.b + 8, m->b, 3);
	ip.b[8] ^= 2;
	ip.b[11] = 0xff;
	ip.b[12] = 0xfe;
	memcpy(ip.b + 13, m->b + 3, 3);
	return ip;
}

void rules_guard_network(struct rules *x, struct network *n)
{
	const struct network *seg = n->segment ? n->segment : n;
	const struct prefix *more = n->addresses.items;
	struct ip ll = link_local(&n->hwaddr);
	struct mac none = { { 0 } };
	char text[50];
	uint32_t i;
	unsigned int mask = net_mask(n);

	if (mask && mask != GUARD_ALL)
		rules_guard_chains(x, x->t->netns, mask, suffix(x, mask),
				   (struct pos){ 0 });
	/* without a subnet nobody knows what is right here */
	rules_elem(x, x->t->netns, "bridge netd onlink6", "", n->n.pos,
		   "0x%08x . %s", net_mark(n), seg->net6.ip.family ?
		   prefix_text(&seg->net6, text) : "::/0");
	if (n->external || !memcmp(&n->hwaddr, &none, sizeof(none)))
		return;
	add_owned6(x, n, &ll, n->n.pos);
	if (!n->adopt)
		rules_elem(x, x->t->netns, "bridge netd gates", "", n->n.pos,
			   "%s", mac_text(&n->hwaddr, text));
	if (n->gw6.family == 6)
		add_owned6(x, n, &n->gw6, n->n.pos);
	for (i = 0; i < n->addresses.n; i++)
		if (more[i].ip.family == 6)
			add_owned6(x, n, &more[i].ip, n->n.pos);
}

static void guard_leg(struct rules *x, struct leg_spec *leg)
{
	const struct prefix *ips = leg->ips.items;
	struct ip ll = link_local(&leg->hwaddr);
	uint32_t i;

	if (!leg->net || !leg->port)
		return;
	admit(x, leg->net, leg->port, "accept", leg->n.pos);
	if (!leg->at)
		return;
	add_owned6(x, leg->net, &ll, leg->n.pos);
	for (i = 0; i < leg->ips.n; i++)
		if (ips[i].ip.family == 6)
			add_owned6(x, leg->net, &ips[i].ip, leg->n.pos);
}

void rules_guard_legs(struct rules *x)
{
	list_for(struct router, r, &x->t->hosts)
		list_for(struct leg_spec, leg, &r->legs)
			guard_leg(x, leg);
	list_for(struct tlink, l, &x->t->links) {
		if (l->a && !l->a->at)
			guard_leg(x, l->a);
		if (l->b && !l->b->at)
			guard_leg(x, l->b);
	}
}

/* What stands in an nft string as it is: a foreign name may be anything. */
static bool is_plain(const char *name)
{
	return name[strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
			   "abcdefghijklmnopqrstuvwxyz0123456789_.@:-")] == 0;
}

/* By `type: nic` it is a port like others. */
static bool is_claimed(const struct topology *t, const char *name)
{
	list_for(struct attachment, a, &t->attachments)
		if (a->type == ATT_NIC && a->kname && !strcmp(a->kname, name))
			return true;
	return false;
}

/*
 * Ports that other programs put on our bridges.  What is let between ports
 * keeps them from ours; what they send is dropped before the bridge learns
 * from it, too, or they would take our guests' MACs and reach each other.
 */
void rules_guard_foreign(struct rules *x)
{
	const char *ns = x->t->netns;
	uint32_t i;

	if (!x->found)
		return;
	for (i = state_seek(x->found, KIND_LINK, ns, "");
	     i < x->found->n && x->found->v[i]->kind == KIND_LINK; i++) {
		const struct link *l = (const struct link *)x->found->v[i];

		if (strcmp(l->o.netns, ns))
			break;
		if (!l->o.foreign || !l->master || !*l->master ||
		    !is_plain(l->o.name) || is_claimed(x->t, l->o.name))
			continue;
		list_for(struct network, n, &x->t->networks)
			if (!n->adopt && !n->external && n->ifname &&
			    !strcmp(n->ifname, l->master))
				rules_elem(x, ns, "bridge netd port", "drop",
					   n->n.pos, "\"%s\"", l->o.name);
	}
}

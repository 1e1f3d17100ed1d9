// keys.c - one row for each thing of a packet that a rule can look at
// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <linux/netfilter/nf_tables.h>
#include <stdio.h>
#include <string.h>

#include "nft.h"

#define TYPE(t)		(&nft_types[T_##t])
#define LL		NFT_PAYLOAD_LL_HEADER
#define NH		NFT_PAYLOAD_NETWORK_HEADER
#define TH		NFT_PAYLOAD_TRANSPORT_HEADER

#define META(n, t, k, l, fl) \
	{ n, TYPE(t), NFT_LOAD_META, DEP_NONE, 0, fl, NFT_META_##k, l, 0 }
#define PAY(n, t, b, off, l, d, fl) \
	{ n, TYPE(t), NFT_LOAD_PAYLOAD, d, b, fl, off, l, 0 }
#define CT(n, t, d, k, l) \
	{ n, TYPE(t), NFT_LOAD_CT, DEP_NONE, d, 0, NFT_CT_##k, l, 0 }
#define EXT(n, t, ty, off, l, fl, arg) \
	{ n, TYPE(t), NFT_LOAD_EXTHDR, DEP_IP6, ty, fl, off, l, arg }
#define RT(n, t, k, l) \
	{ n, TYPE(t), NFT_LOAD_RT, DEP_NONE, 0, 0, NFT_RT_##k, l, 0 }

enum { ORIGINAL, REPLY, NONE = NFT_NODIR };
enum { EXT_FRAG = 44, EXT_HBH = 0, EXT_RT = 43, EXT_DST = 60 };

static const struct nft_key keys[] = {
	META("iifname", IFNAME, IIFNAME, 16, 0),
	META("oifname", IFNAME, OIFNAME, 16, 0),
	META("iif", IFINDEX, IIF, 4, 0),
	META("oif", IFINDEX, OIF, 4, 0),
	META("iifgroup", DEVGROUP, IIFGROUP, 4, 0),
	META("oifgroup", DEVGROUP, OIFGROUP, 4, 0),
	META("meta l4proto", PROTO, L4PROTO, 1, NFT_KEY_L4),
	META("meta nfproto", NFPROTO, NFPROTO, 1, NFT_KEY_L3),
	META("meta protocol", ETHERTYPE, PROTOCOL, 2, NFT_KEY_L3),
	META("meta pkttype", PKTTYPE, PKTTYPE, 1, 0),
	META("meta mark", MARK, MARK, 4, 0),
	META("meta length", HOSTINT, LEN, 4, 0),

	PAY("ether daddr", ETHER, LL, 0, 6, DEP_ETHER, 0),
	PAY("ether saddr", ETHER, LL, 6, 6, DEP_ETHER, 0),
	PAY("ether type", ETHERTYPE, LL, 12, 2, DEP_ETHER, NFT_KEY_L3),

	PAY("arp htype", INTEGER, NH, 0, 2, DEP_ARP, 0),
	PAY("arp ptype", ETHERTYPE, NH, 2, 2, DEP_ARP, 0),
	PAY("arp hlen", INTEGER, NH, 4, 1, DEP_ARP, 0),
	PAY("arp plen", INTEGER, NH, 5, 1, DEP_ARP, 0),
	PAY("arp operation", ARPOP, NH, 6, 2, DEP_ARP, 0),
	PAY("arp saddr ether", ETHER, NH, 8, 6, DEP_ARP, 0),
	PAY("arp saddr ip", IPV4, NH, 14, 4, DEP_ARP, 0),
	PAY("arp daddr ether", ETHER, NH, 18, 6, DEP_ARP, 0),
	PAY("arp daddr ip", IPV4, NH, 24, 4, DEP_ARP, 0),

	PAY("ip length", INTEGER, NH, 2, 2, DEP_IP, 0),
	PAY("ip id", INTEGER, NH, 4, 2, DEP_IP, 0),
	PAY("ip frag-off", INTEGER, NH, 6, 2, DEP_IP, 0),
	PAY("ip ttl", INTEGER, NH, 8, 1, DEP_IP, 0),
	PAY("ip protocol", PROTO, NH, 9, 1, DEP_IP, NFT_KEY_L4),
	PAY("ip checksum", INTEGER, NH, 10, 2, DEP_IP, 0),
	PAY("ip saddr", IPV4, NH, 12, 4, DEP_IP, 0),
	PAY("ip daddr", IPV4, NH, 16, 4, DEP_IP, 0),

	PAY("ip6 length", INTEGER, NH, 4, 2, DEP_IP6, 0),
	PAY("ip6 nexthdr", PROTO, NH, 6, 1, DEP_IP6, NFT_KEY_L4),
	PAY("ip6 hoplimit", INTEGER, NH, 7, 1, DEP_IP6, 0),
	PAY("ip6 saddr", IPV6, NH, 8, 16, DEP_IP6, 0),
	PAY("ip6 daddr", IPV6, NH, 24, 16, DEP_IP6, 0),

	PAY("icmp type", ICMP, TH, 0, 1, DEP_ICMP, 0),
	PAY("icmp code", ICMPCODE, TH, 1, 1, DEP_ICMP, 0),
	PAY("icmpv6 type", ICMP6, TH, 0, 1, DEP_ICMP6, 0),
	PAY("icmpv6 code", ICMP6CODE, TH, 1, 1, DEP_ICMP6, 0),
	PAY("igmp type", IGMP, TH, 0, 1, DEP_IGMP, 0),
	PAY("igmp group", INTEGER, TH, 4, 4, DEP_IGMP, 0),
	PAY("tcp sport", SERVICE, TH, 0, 2, DEP_TCP, 0),
	PAY("tcp dport", SERVICE, TH, 2, 2, DEP_TCP, 0),
	PAY("tcp flags", TCPFLAG, TH, 13, 1, DEP_TCP, 0),
	PAY("udp sport", SERVICE, TH, 0, 2, DEP_UDP, 0),
	PAY("udp dport", SERVICE, TH, 2, 2, DEP_UDP, 0),
	PAY("udp length", INTEGER, TH, 4, 2, DEP_UDP, 0),
	PAY("sctp sport", SERVICE, TH, 0, 2, DEP_SCTP, 0),
	PAY("sctp dport", SERVICE, TH, 2, 2, DEP_SCTP, 0),
	PAY("th sport", SERVICE, TH, 0, 2, DEP_NONE, 0),
	PAY("th dport", SERVICE, TH, 2, 2, DEP_NONE, 0),

	EXT("frag frag-off", INTEGER, EXT_FRAG, 2, 2, NFT_KEY_SHIFT3, 0),
	EXT("frag nexthdr", PROTO, EXT_FRAG, 0, 1, 0, 0),
	EXT("exthdr frag", BOOL, EXT_FRAG, 0, 1, NFT_KEY_PRESENT, 1),
	EXT("exthdr hbh", BOOL, EXT_HBH, 0, 1, NFT_KEY_PRESENT, 1),
	EXT("exthdr rt", BOOL, EXT_RT, 0, 1, NFT_KEY_PRESENT, 1),
	EXT("exthdr dst", BOOL, EXT_DST, 0, 1, NFT_KEY_PRESENT, 1),
	{ "tcp option maxseg size", TYPE(INTEGER), NFT_LOAD_TCPOPT, DEP_NONE,
	  2, 0, 2, 2, 0 },
	RT("rt mtu", INTEGER, TCPMSS, 2),
	RT("rt ip nexthop", IPV4, NEXTHOP4, 4),
	RT("rt ip6 nexthop", IPV6, NEXTHOP6, 16),

	CT("ct state", CTSTATE, NONE, STATE, 4),
	CT("ct direction", CTDIR, NONE, DIRECTION, 1),
	CT("ct status", CTSTATUS, NONE, STATUS, 4),
	CT("ct mark", MARK, NONE, MARK, 4),
	CT("ct protocol", PROTO, NONE, PROTOCOL, 1),
	CT("ct zone", HOSTINT, NONE, ZONE, 2),
	CT("ct original ip saddr", IPV4, ORIGINAL, SRC_IP, 4),
	CT("ct original ip daddr", IPV4, ORIGINAL, DST_IP, 4),
	CT("ct original ip6 saddr", IPV6, ORIGINAL, SRC_IP6, 16),
	CT("ct original ip6 daddr", IPV6, ORIGINAL, DST_IP6, 16),
	CT("ct original proto-src", SERVICE, ORIGINAL, PROTO_SRC, 2),
	CT("ct original proto-dst", SERVICE, ORIGINAL, PROTO_DST, 2),
	CT("ct reply ip saddr", IPV4, REPLY, SRC_IP, 4),
	CT("ct reply ip daddr", IPV4, REPLY, DST_IP, 4),
	CT("ct reply ip6 saddr", IPV6, REPLY, SRC_IP6, 16),
	CT("ct reply ip6 daddr", IPV6, REPLY, DST_IP6, 16),
	CT("ct reply proto-src", SERVICE, REPLY, PROTO_SRC, 2),
	CT("ct reply proto-dst", SERVICE, REPLY, PROTO_DST, 2),
};

#define COUNT(a)	(sizeof(a) / sizeof((a)[0]))

static const struct {
	const char *name;
	uint32_t flag;
} fib_flags[] = {
	{ "saddr", NFTA_FIB_F_SADDR },
	{ "daddr", NFTA_FIB_F_DADDR },
	{ "mark", NFTA_FIB_F_MARK },
	{ "iif", NFTA_FIB_F_IIF },
	{ "oif", NFTA_FIB_F_OIF },
};

static uint32_t fib_flag(struct nft_words *ws)
{
	for (size_t i = 0; i < COUNT(fib_flags); i++)
		if (nft_words_take(ws, fib_flags[i].name))
			return fib_flags[i].flag;
	return 0;
}

/* `fib saddr . iif oif missing`, `fib daddr . iif type`, `fib daddr type` */
static int take_fib(struct nft_words *ws, struct nft_key *k)
{
	uint32_t flag;

	*k = (struct nft_key){ .name = "fib", .load = NFT_LOAD_FIB };
	do {
		flag = fib_flag(ws);
		if (!flag)
			return -EINVAL;
		k->arg |= flag;
	} while (nft_words_take(ws, "."));
	k->len = 4;
	if (nft_words_take(ws, "type")) {
		k->at = NFT_FIB_RESULT_ADDRTYPE;
		k->type = TYPE(FIBTYPE);
	} else if (nft_words_take(ws, "oifname")) {
		k->at = NFT_FIB_RESULT_OIFNAME;
		k->type = TYPE(IFNAME);
		k->len = 16;
	} else if (nft_words_take(ws, "oif")) {
		/* `missing` compares the four bytes of the index register */
		k->at = NFT_FIB_RESULT_OIF;
		k->type = TYPE(BOOL);
		k->flags = NFT_KEY_PRESENT;
		k->arg |= NFTA_FIB_F_PRESENT;
	} else {
		return -EINVAL;
	}
	return 1;
}

static const struct {
	const char *name;
	uint8_t base;
} raw_bases[] = {
	{ "@ll,", LL }, { "@nh,", NH }, { "@th,", TH },
};

/* `@th,OFFSET,LENGTH` in bits; ours lie on bytes. */
static int take_raw(struct nft_words *ws, struct nft_key *k)
{
	const struct nft_word *w = &ws->w[ws->i];
	const char *end = w->s + w->n, *comma;
	uint64_t off, len;

	*k = (struct nft_key){ .name = "@", .load = NFT_LOAD_PAYLOAD,
			       .type = TYPE(INTEGER), .base = 0xff };
	for (size_t i = 0; i < COUNT(raw_bases); i++)
		if (w->n > 4 && !memcmp(w->s, raw_bases[i].name, 4))
			k->base = raw_bases[i].base;
	comma = w->n > 4 ? memchr(w->s + 4, ',', w->n - 4) : NULL;
	if (k->base == 0xff || !comma ||
	    nft_type_number(w->s + 4, comma - w->s - 4, 8 * 1500, &off) ||
	    nft_type_number(comma + 1, end - comma - 1, 128, &len) ||
	    off % 8 || len % 8 || !len)
		return -EINVAL;
	k->at = off / 8;
	k->len = len / 8;
	ws->i++;
	return 1;
}

int nft_key_take(struct nft_words *ws, struct nft_key *k)
{
	unsigned int best = 0;

	if (ws->i >= ws->n || ws->w[ws->i].quoted)
		return 0;
	if (ws->w[ws->i].s[0] == '@')
		return take_raw(ws, k);
	if (nft_words_take(ws, "fib"))
		return take_fib(ws, k);
	for (size_t i = 0; i < COUNT(keys); i++) {
		unsigned int n = nft_words_phrase(ws, keys[i].name);

		if (n > best) {
			best = n;
			*k = keys[i];
		}
	}
	ws->i += best;
	return best > 0;
}

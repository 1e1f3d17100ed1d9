// types.c - nft's data types: words to bytes and bytes to words
// SPDX-License-Identifier: GPL-2.0-or-later
#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>

#include "nft.h"

static const struct nft_sym nfproto_syms[] = {
	{ "ipv4", 2 }, { "ipv6", 10 }, { NULL, 0 }
};

static const struct nft_sym ethertype_syms[] = {
	{ "ip", 0x0800 }, { "arp", 0x0806 }, { "ip6", 0x86dd },
	{ "8021q", 0x8100 }, { "8021ad", 0x88a8 }, { "vlan", 0x8100 },
	{ NULL, 0 }
};

static const struct nft_sym arpop_syms[] = {
	{ "request", 1 }, { "reply", 2 }, { "rrequest", 3 }, { "rreply", 4 },
	{ "inrequest", 8 }, { "inreply", 9 }, { "nak", 10 }, { NULL, 0 }
};

/* The spellings of /etc/protocols, which nft prints. */
static const struct nft_sym proto_syms[] = {
	{ "tcp", 6 }, { "udp", 17 }, { "icmp", 1 }, { "ipv6-icmp", 58 },
	{ "icmpv6", 58 }, { "igmp", 2 }, { "sctp", 132 }, { "gre", 47 },
	{ "esp", 50 }, { "ah", 51 }, { "ospf", 89 }, { "vrrp", 112 },
	{ "pim", 103 }, { "ip", 0 }, { "ipencap", 4 }, { "ipv6", 41 },
	{ "ipv6-route", 43 }, { "ipv6-frag", 44 }, { "ipv6-nonxt", 59 },
	{ "ipv6-opts", 60 }, { "ipcomp", 108 }, { "udplite", 136 },
	{ "dccp", 33 }, { "l2tp", 115 }, { NULL, 0 }
};

static const struct nft_sym icmp_syms[] = {
	{ "echo-reply", 0 }, { "destination-unreachable", 3 },
	{ "source-quench", 4 }, { "redirect", 5 }, { "echo-request", 8 },
	{ "router-advertisement", 9 }, { "router-solicitation", 10 },
	{ "time-exceeded", 11 }, { "parameter-problem", 12 },
	{ "timestamp-request", 13 }, { "timestamp-reply", 14 },
	{ "info-request", 15 }, { "info-reply", 16 },
	{ "address-mask-request", 17 }, { "address-mask-reply", 18 },
	{ NULL, 0 }
};

static const struct nft_sym icmp6_syms[] = {
	{ "destination-unreachable", 1 }, { "packet-too-big", 2 },
	{ "time-exceeded", 3 }, { "parameter-problem", 4 },
	{ "echo-request", 128 }, { "echo-reply", 129 },
	{ "mld-listener-query", 130 }, { "mld-listener-report", 131 },
	{ "mld-listener-done", 132 }, { "nd-router-solicit", 133 },
	{ "nd-router-advert", 134 }, { "nd-neighbor-solicit", 135 },
	{ "nd-neighbor-advert", 136 }, { "nd-redirect", 137 },
	{ "router-renumbering", 138 }, { "ind-neighbor-solicit", 141 },
	{ "ind-neighbor-advert", 142 }, { "mld2-listener-report", 143 },
	{ NULL, 0 }
};

static const struct nft_sym icmpcode_syms[] = {
	{ "net-unreachable", 0 }, { "host-unreachable", 1 },
	{ "prot-unreachable", 2 }, { "port-unreachable", 3 },
	{ "frag-needed", 4 }, { "net-prohibited", 9 },
	{ "host-prohibited", 10 }, { "admin-prohibited", 13 }, { NULL, 0 }
};

static const struct nft_sym icmp6code_syms[] = {
	{ "no-route", 0 }, { "admin-prohibited", 1 },
	{ "addr-unreachable", 3 }, { "port-unreachable", 4 },
	{ "policy-fail", 5 }, { "reject-route", 6 }, { NULL, 0 }
};

static const struct nft_sym igmp_syms[] = {
	{ "membership-query", 0x11 }, { "membership-report-v1", 0x12 },
	{ "membership-report-v2", 0x16 }, { "membership-report-v3", 0x22 },
	{ "leave-group", 0x17 }, { NULL, 0 }
};

static const struct nft_sym tcpflag_syms[] = {
	{ "fin", 1 }, { "syn", 2 }, { "rst", 4 }, { "psh", 8 },
	{ "ack", 16 }, { "urg", 32 }, { "ecn", 64 }, { "cwr", 128 },
	{ NULL, 0 }
};

static const struct nft_sym ctstate_syms[] = {
	{ "invalid", 1 }, { "established", 2 }, { "related", 4 },
	{ "new", 8 }, { "untracked", 64 }, { NULL, 0 }
};

static const struct nft_sym ctdir_syms[] = {
	{ "original", 0 }, { "reply", 1 }, { NULL, 0 }
};

static const struct nft_sym ctstatus_syms[] = {
	{ "expected", 1 }, { "seen-reply", 2 }, { "assured", 4 },
	{ "confirmed", 8 }, { "snat", 16 }, { "dnat", 32 },
	{ "dying", 512 }, { NULL, 0 }
};

static const struct nft_sym pkttype_syms[] = {
	{ "host", 0 }, { "unicast", 0 }, { "broadcast", 1 },
	{ "multicast", 2 }, { "other", 3 }, { NULL, 0 }
};

static const struct nft_sym fibtype_syms[] = {
	{ "unspec", 0 }, { "unicast", 1 }, { "local", 2 }, { "broadcast", 3 },
	{ "anycast", 4 }, { "multicast", 5 }, { "blackhole", 6 },
	{ "unreachable", 7 }, { "prohibit", 8 }, { NULL, 0 }
};

static const struct nft_sym bool_syms[] = {
	{ "exists", 1 }, { "missing", 0 }, { NULL, 0 }
};

/* The loopback device is number 1 in every namespace; no other is constant. */
static const struct nft_sym ifindex_syms[] = { { "lo", 1 }, { NULL, 0 } };

#define TYPE(i, n, id, len, order, form, syms) \
	[i] = { n, id, len, order, form, syms }

const struct nft_type nft_types[T_MAX] = {
	TYPE(T_VERDICT, "verdict", 1, 0, 0, NFT_FORM_VERDICT, NULL),
	TYPE(T_NFPROTO, "nf_proto", 2, 1, NFT_HOST, NFT_FORM_NUM, nfproto_syms),
	TYPE(T_INTEGER, "integer", 4, 0, NFT_BIG, NFT_FORM_NUM, NULL),
	TYPE(T_HOSTINT, "hostint", 4, 4, NFT_HOST, NFT_FORM_NUM, NULL),
	TYPE(T_IPV4, "ipv4_addr", 7, 4, NFT_BIG, NFT_FORM_IP4, NULL),
	TYPE(T_IPV6, "ipv6_addr", 8, 16, NFT_BIG, NFT_FORM_IP6, NULL),
	TYPE(T_ETHER, "ether_addr", 9, 6, NFT_BIG, NFT_FORM_MAC, NULL),
	TYPE(T_ETHERTYPE, "ether_type", 10, 2, NFT_BIG, NFT_FORM_NUM,
	     ethertype_syms),
	TYPE(T_ARPOP, "arp_op", 11, 2, NFT_BIG, NFT_FORM_NUM, arpop_syms),
	TYPE(T_PROTO, "inet_proto", 12, 1, NFT_BIG, NFT_FORM_NUM, proto_syms),
	TYPE(T_SERVICE, "inet_service", 13, 2, NFT_BIG, NFT_FORM_NUM, NULL),
	TYPE(T_ICMP, "icmp_type", 14, 1, NFT_BIG, NFT_FORM_NUM, icmp_syms),
	TYPE(T_TCPFLAG, "tcp_flag", 15, 1, NFT_HOST, NFT_FORM_BITS,
	     tcpflag_syms),
	TYPE(T_MARK, "mark", 19, 4, NFT_HOST, NFT_FORM_HEX, NULL),
	TYPE(T_IFINDEX, "iface_index", 20, 4, NFT_HOST, NFT_FORM_NUM,
	     ifindex_syms),
	TYPE(T_CTSTATE, "ct_state", 26, 4, NFT_HOST, NFT_FORM_BITS,
	     ctstate_syms),
	TYPE(T_CTDIR, "ct_dir", 27, 1, NFT_HOST, NFT_FORM_NUM, ctdir_syms),
	TYPE(T_CTSTATUS, "ct_status", 28, 4, NFT_HOST, NFT_FORM_BITS,
	     ctstatus_syms),
	TYPE(T_ICMP6, "icmpv6_type", 29, 1, NFT_BIG, NFT_FORM_NUM, icmp6_syms),
	TYPE(T_PKTTYPE, "pkt_type", 31, 1, NFT_HOST, NFT_FORM_NUM,
	     pkttype_syms),
	TYPE(T_ICMPCODE, "icmp_code", 32, 1, NFT_BIG, NFT_FORM_NUM,
	     icmpcode_syms),
	TYPE(T_ICMP6CODE, "icmpv6_code", 33, 1, NFT_BIG, NFT_FORM_NUM,
	     icmp6code_syms),
	TYPE(T_DEVGROUP, "devgroup", 35, 4, NFT_HOST, NFT_FORM_NUM, NULL),
	TYPE(T_FIBTYPE, "fib_addrtype", 38, 4, NFT_HOST, NFT_FORM_NUM,
	     fibtype_syms),
	TYPE(T_BOOL, "boolean", 39, 1, NFT_HOST, NFT_FORM_NUM, bool_syms),
	TYPE(T_IFNAME, "ifname", 41, 16, NFT_HOST, NFT_FORM_NAME, NULL),
	TYPE(T_IGMP, "igmp_type", 42, 1, NFT_BIG, NFT_FORM_NUM, igmp_syms),
};

const struct nft_type *nft_type_by_name(const char *s, size_t n)
{
	for (int i = 0; i < T_MAX; i++) {
		const char *name = nft_types[i].name;

		if (i != T_HOSTINT && !strncmp(name, s, n) && !name[n])
			return &nft_types[i];
	}
	return NULL;
}

const struct nft_type *nft_type_by_id(unsigned int id)
{
	for (int i = 0; i < T_MAX; i++)
		if (nft_types[i].id == id)
			return &nft_types[i];
	return NULL;
}

/* Decimal or 0x hexadecimal, nothing else, at most max. */
int nft_type_number(const char *s, size_t n, uint64_t max, uint64_t *out)
{
	unsigned int base = 10;
	uint64_t v = 0;

	if (n > 2 && s[0] == '0' && s[1] == 'x') {
		base = 16;
		s += 2;
		n -= 2;
	}
	if (!n || n > 20)
		return -EINVAL;
	for (size_t i = 0; i < n; i++) {
		unsigned int d;

		if (s[i] >= '0' && s[i] <= '9')
			d = s[i] - '0';
		else if (s[i] >= 'a' && s[i] <= 'f' && base == 16)
			d = s[i] - 'a' + 10;
		else
			return -EINVAL;
		if (v > (max - d) / base || d > max)
			return -EINVAL;
		v = v * base + d;
	}
	*out = v;
	return 0;
}

static void number_put(const struct nft_type *t, unsigned int len, uint64_t v,
		       uint8_t *out)
{
	if (t->order == NFT_BIG) {
		for (unsigned int i = 0; i < len; i++)
			out[i] = i + 8 < len ? 0 : v >> 8 * (len - 1 - i);
	} else if (len == 1) {
		out[0] = v;
	} else if (len == 2) {
		memcpy(out, &(uint16_t){ v }, 2);
	} else {
		memcpy(out, &(uint32_t){ v }, 4);
	}
}

static uint64_t number_get(const struct nft_type *t, unsigned int len,
			   const uint8_t *p)
{
	uint64_t v = 0;
	uint32_t h4;
	uint16_t h2;

	if (t->order == NFT_HOST && len == 4)
		return memcpy(&h4, p, 4), h4;
	if (t->order == NFT_HOST && len == 2)
		return memcpy(&h2, p, 2), h2;
	for (unsigned int i = 0; i < len; i++)
		v = v << 8 | p[i];
	return v;
}

static int sym_find(const struct nft_sym *y, const char *s, size_t n,
		    uint64_t *v)
{
	for (; y && y->name; y++)
		if (!strncmp(y->name, s, n) && !y->name[n]) {
			*v = y->value;
			return 0;
		}
	return -EINVAL;
}

static const char *sym_name(const struct nft_sym *y, uint64_t v)
{
	for (; y && y->name; y++)
		if (y->value == v)
			return y->name;
	return NULL;
}

static uint64_t number_max(unsigned int len)
{
	return len >= 8 ? UINT64_MAX : (UINT64_C(1) << 8 * len) - 1;
}

static int parse_num(const struct nft_type *t, unsigned int len,
		     const char *s, size_t n, uint8_t *out)
{
	uint64_t v;

	if (sym_find(t->syms, s, n, &v) &&
	    nft_type_number(s, n, number_max(len), &v))
		return -EINVAL;
	number_put(t, len, v, out);
	return 0;
}

static int parse_bits(const struct nft_type *t, unsigned int len,
		      const char *s, size_t n, uint8_t *out)
{
	uint64_t all = 0;

	for (size_t i = 0; i <= n; i++) {
		size_t from = i;
		uint64_t v;

		while (i < n && s[i] != ',')
			i++;
		if (sym_find(t->syms, s + from, i - from, &v) &&
		    nft_type_number(s + from, i - from, number_max(len), &v))
			return -EINVAL;
		all |= v;
	}
	number_put(t, len, all, out);
	return 0;
}

static int parse_ip(const struct nft_type *t, unsigned int len,
		    const char *s, size_t n, uint8_t *out)
{
	char buf[INET6_ADDRSTRLEN];

	if (n >= sizeof(buf))
		return -EINVAL;
	memcpy(buf, s, n);
	buf[n] = 0;
	if (inet_pton(t->form == NFT_FORM_IP4 ? AF_INET : AF_INET6, buf,
		      out) != 1)
		return -EINVAL;
	return 0;
}

static int parse_mac(const struct nft_type *t, unsigned int len,
		     const char *s, size_t n, uint8_t *out)
{
	if (n != 17)
		return -EINVAL;
	for (int i = 0; i < 6; i++) {
		uint64_t v;
		char hex[4] = { '0', 'x', s[3 * i], s[3 * i + 1] };

		if (nft_type_number(hex, 4, 255, &v) ||
		    (i < 5 && s[3 * i + 2] != ':'))
			return -EINVAL;
		out[i] = v;
	}
	return 0;
}

typedef int parse_fn(const struct nft_type *t, unsigned int len,
		     const char *s, size_t n, uint8_t *out);

static parse_fn *const parsers[] = {
	[NFT_FORM_NUM] = parse_num,
	[NFT_FORM_HEX] = parse_num,
	[NFT_FORM_BITS] = parse_bits,
	[NFT_FORM_IP4] = parse_ip,
	[NFT_FORM_IP6] = parse_ip,
	[NFT_FORM_MAC] = parse_mac,
};

/* Bytes that no interface may carry, and those that would end the quotes. */
static int parse_name(const struct nft_word *w, struct nft_val *v)
{
	size_t n = w->n;

	if (!w->quoted || !n || n >= IFNAMSIZ)
		return -EINVAL;
	for (size_t i = 0; i < n; i++) {
		unsigned char c = w->s[i];

		if (c <= ' ' || c == 0x7f || c == '"' || c == '/' ||
		    c == '\\' || (c == '*' && i + 1 < n))
			return -EINVAL;
	}
	memset(v->lo, 0, sizeof(v->lo));
	if (w->s[n - 1] == '*') {
		v->wild = true;
		n--;
	}
	memcpy(v->lo, w->s, n);
	memcpy(v->hi, v->lo, sizeof(v->hi));
	v->plen = n;
	return 0;
}

static int parse_prefix(const struct nft_type *t, unsigned int len,
			const struct nft_word *w, const char *slash,
			struct nft_val *v)
{
	size_t n = slash - w->s;
	uint64_t plen;

	if (t->form != NFT_FORM_IP4 && t->form != NFT_FORM_IP6)
		return -EINVAL;
	if (parse_ip(t, len, w->s, n, v->lo) ||
	    nft_type_number(slash + 1, w->n - n - 1, 8 * len, &plen))
		return -EINVAL;
	for (unsigned int i = 0; i < len; i++) {
		unsigned int bits = plen > 8 * i ? plen - 8 * i : 0;
		uint8_t host = bits >= 8 ? 0 : 0xff >> bits;

		if (v->lo[i] & host)
			return -EINVAL;
		v->hi[i] = v->lo[i] | host;
	}
	v->plen = plen;
	v->shape = plen == 8 * len ? NFT_ONE : NFT_PREFIX;
	return 0;
}

/* The dash may belong to a symbol (`ipv6-icmp`), so each is tried. */
static int parse_range(const struct nft_type *t, unsigned int len,
		       const struct nft_word *w, struct nft_val *v)
{
	for (size_t i = 1; i + 1 < w->n; i++) {
		if (w->s[i] != '-')
			continue;
		if (parsers[t->form](t, len, w->s, i, v->lo) ||
		    parsers[t->form](t, len, w->s + i + 1, w->n - i - 1,
				     v->hi))
			continue;
		v->shape = NFT_RANGE;
		if (t->order == NFT_BIG || len == 1)
			return memcmp(v->lo, v->hi, len) > 0 ? -EINVAL : 0;
		return number_get(t, len, v->lo) > number_get(t, len, v->hi) ?
			-EINVAL : 0;
	}
	return -EINVAL;
}

int nft_type_parse(const struct nft_type *t, unsigned int len,
		   const struct nft_word *w, struct nft_val *v)
{
	const char *slash;

	v->shape = NFT_ONE;
	v->wild = false;
	if (t->form == NFT_FORM_NAME)
		return parse_name(w, v);
	if (t->form == NFT_FORM_VERDICT || len > sizeof(v->lo))
		return -EINVAL;
	if (w->quoted && t != &nft_types[T_IFINDEX])
		return -EINVAL;
	if (!parsers[t->form](t, len, w->s, w->n, v->lo)) {
		memcpy(v->hi, v->lo, sizeof(v->hi));
		return 0;
	}
	slash = memchr(w->s, '/', w->n);
	if (slash)
		return parse_prefix(t, len, w, slash, v);
	return parse_range(t, len, w, v);
}

static unsigned int print_bits(const struct nft_type *t, uint64_t v, char *buf,
			       size_t size)
{
	unsigned int n = 0;

	for (const struct nft_sym *y = t->syms; y->name; y++)
		if (v & y->value) {
			n += snprintf(buf + n, size - n, "%s%s", n ? "," : "",
				      y->name);
			v &= ~(uint64_t)y->value;
		}
	if (v || !n)
		n += snprintf(buf + n, size - n, "%s0x%llx", n ? "," : "",
			      (unsigned long long)v);
	return n;
}

static unsigned int print_num(const struct nft_type *t, unsigned int len,
			      const uint8_t *p, char *buf, size_t size)
{
	uint64_t v = number_get(t, len, p);
	const char *name = sym_name(t->syms, v);

	if (t->form == NFT_FORM_BITS)
		return print_bits(t, v, buf, size);
	if (t->form == NFT_FORM_HEX)
		return snprintf(buf, size, "0x%08x", (unsigned int)v);
	if (name && t == &nft_types[T_IFINDEX])
		return snprintf(buf, size, "\"%s\"", name);
	if (name)
		return snprintf(buf, size, "%s", name);
	return snprintf(buf, size, "%llu", (unsigned long long)v);
}

static unsigned int print_name(const uint8_t *p, char *buf)
{
	unsigned int n = strnlen((const char *)p, IFNAMSIZ);

	buf[0] = '"';
	memcpy(buf + 1, p, n);
	memcpy(buf + n + 1, "\"", 2);
	return n + 2;
}

static unsigned int print_one(const struct nft_type *t, unsigned int len,
			      const uint8_t *p, char *buf, size_t size)
{
	if (size < 48)
		return 0;
	if (t->form == NFT_FORM_NAME)
		return print_name(p, buf);
	if (t->form == NFT_FORM_IP4 || t->form == NFT_FORM_IP6) {
		inet_ntop(t->form == NFT_FORM_IP4 ? AF_INET : AF_INET6, p, buf,
			  size);
		return strlen(buf);
	}
	if (t->form == NFT_FORM_MAC)
		return snprintf(buf, size, "%02x:%02x:%02x:%02x:%02x:%02x",
				p[0], p[1], p[2], p[3], p[4], p[5]);
	return print_num(t, len, p, buf, size);
}

/* The length of the prefix that lo-hi is, or -1. */
static int prefix_len(const uint8_t *lo, const uint8_t *hi, unsigned int len)
{
	unsigned int i = 0, bits = 0;
	uint8_t x;

	while (i < len && lo[i] == hi[i])
		i++;
	if (i == len)
		return 8 * len;
	x = lo[i] ^ hi[i];
	if (x & (x + 1) || (lo[i] & x) || (hi[i] & x) != x)
		return -1;
	for (uint8_t y = x; !(y & 0x80); y <<= 1)
		bits++;
	bits += 8 * i;
	for (i++; i < len; i++)
		if (lo[i] || hi[i] != 0xff)
			return -1;
	return bits;
}

unsigned int nft_type_print(const struct nft_type *t, unsigned int len,
			    const uint8_t *lo, const uint8_t *hi,
			    char *buf, size_t size)
{
	bool ip = t->form == NFT_FORM_IP4 || t->form == NFT_FORM_IP6;
	unsigned int n = print_one(t, len, lo, buf, size);
	int plen;

	if (!memcmp(lo, hi, len))
		return n;
	plen = ip ? prefix_len(lo, hi, len) : -1;
	if (plen >= 0)
		return n + snprintf(buf + n, size - n, "/%d", plen);
	buf[n++] = '-';
	return n + print_one(t, len, hi, buf + n, size - n);
}

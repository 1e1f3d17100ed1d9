// nat.c - statements that change addresses
// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>
#include <errno.h>
#include <libnftnl/expr.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_nat.h>
#include <linux/netfilter/nf_tables.h>
#include <string.h>

#include "nft.h"

/* What a NAT statement says, before it is put. reg 0: not given. */
struct nat {
	uint32_t addr_min, addr_max;
	uint32_t port_min, port_max;
	uint32_t flags;
	unsigned int reg;	/* the next free register */
};

static const struct nft_sym nat_flags[] = {
	{ "random", NF_NAT_RANGE_PROTO_RANDOM },
	{ "fully-random", NF_NAT_RANGE_PROTO_RANDOM_FULLY },
	{ "persistent", NF_NAT_RANGE_PERSISTENT },
	{ NULL, 0 }
};

/* `random,persistent` */
static void take_flags(struct nft_rule *r, struct nat *nat)
{
	const struct nft_word *w = &r->ws.w[r->ws.i];
	uint32_t flags = 0;
	size_t i = 0;

	if (r->ws.i >= r->ws.n || w->quoted)
		return;
	while (i < w->n) {
		const struct nft_sym *y = nat_flags;
		size_t from = i;

		while (i < w->n && w->s[i] != ',')
			i++;
		while (y->name && (strlen(y->name) != i - from ||
				   memcmp(y->name, w->s + from, i - from)))
			y++;
		if (!y->name)
			return;
		flags |= y->value;
		i++;
	}
	nat->flags |= flags;
	r->ws.i++;
}

static int put_imm(struct nft_rule *r, struct nat *nat, const void *v,
		   unsigned int len, uint32_t *reg)
{
	*reg = nat->reg;
	nat->reg += (len + 3) / 4;
	return nft_expr_imm(r, *reg, v, len);
}

/* `8080` or `8080-8090`; what follows the colon. */
static int take_ports(struct nft_rule *r, struct nat *nat, const char *s,
		      size_t n)
{
	const struct nft_word w = { .s = s, .n = n };
	struct nft_val v;
	int err;

	if (nft_type_parse(&nft_types[T_SERVICE], 2, &w, &v))
		return nft_rule_error(r, "no port");
	nat->flags |= NF_NAT_RANGE_PROTO_SPECIFIED;
	err = put_imm(r, nat, v.lo, 2, &nat->port_min);
	if (!err && v.shape == NFT_RANGE)
		err = put_imm(r, nat, v.hi, 2, &nat->port_max);
	return err;
}

/*
 * `A`, `A-B`, `A/L`, `A:P`, `A-B:P-Q`; IPv6 with ports in brackets, `[A]:P`,
 * `[A]-[B]:P`, but `A/L:P` as nft prints it.  Splits off the ports.
 */
static int split_ports(const struct nft_word *w, size_t *addr,
		       const char **ports, size_t *nports)
{
	bool bracket = w->n && w->s[0] == '[';
	const char *colon, *slash;

	*addr = w->n;
	*nports = 0;
	if (bracket) {
		colon = memrchr(w->s, ']', w->n);
		if (!colon)
			return -EINVAL;
		colon = colon + 1 < w->s + w->n ? colon + 1 : NULL;
		if (colon && *colon != ':')
			return -EINVAL;
	} else {
		slash = memchr(w->s, '/', w->n);
		colon = slash ? slash : w->s;
		colon = memchr(colon, ':', w->s + w->n - colon);
		/* more than one: an IPv6 address, so without ports */
		if (colon && memchr(colon + 1, ':',
				    w->s + w->n - colon - 1))
			colon = NULL;
	}
	if (!colon)
		return 0;
	*addr = colon - w->s;
	*ports = colon + 1;
	*nports = w->n - *addr - 1;
	return *nports ? 0 : -EINVAL;
}

static int take_address(struct nft_rule *r, struct nat *nat,
			const struct nft_type *t, const char *s, size_t n)
{
	char buf[128];
	struct nft_word w = { .s = buf };
	struct nft_val v;
	int err;

	for (size_t i = 0; i < n && w.n < sizeof(buf); i++)
		if (s[i] != '[' && s[i] != ']')
			buf[w.n++] = s[i];
	if (nft_type_parse(t, t->len, &w, &v))
		return nft_rule_error(r, "no address of this family");
	err = put_imm(r, nat, v.lo, t->len, &nat->addr_min);
	if (!err && v.shape != NFT_ONE)
		err = put_imm(r, nat, v.hi, t->len, &nat->addr_max);
	return err;
}

static int nat_literal(struct nft_rule *r, struct nat *nat,
		       const struct nft_type *t)
{
	const struct nft_word *w = nft_words_next(&r->ws);
	const char *ports;
	size_t addr, nports;
	int err;

	if (!w || w->quoted || split_ports(w, &addr, &ports, &nports))
		return nft_rule_error(r, "no address");
	err = addr ? take_address(r, nat, t, w->s, addr) : 0;
	if (!err && nports)
		err = take_ports(r, nat, ports, nports);
	return err;
}

/* The data of a map: address, address . port, or intervals of those. */
static int nat_map(struct nft_rule *r, struct nat *nat,
		   const struct nft_type *t)
{
	uint32_t words = t->len / 4, end;
	struct nft_set s;
	int err = nft_match_map(r, &t, 1, &s);

	if (err)
		return err;
	if (s.data[0] != t || s.ndata > 2 ||
	    (s.ndata == 2 && s.data[1] != &nft_types[T_SERVICE]))
		return nft_rule_error(r, "a map to other types");
	end = NFT_REG0 + s.data_len / 8;
	nat->addr_min = NFT_REG0;
	nat->addr_max = s.data_interval ? end : 0;
	if (s.ndata == 2) {
		nat->port_min = NFT_REG0 + words;
		nat->port_max = s.data_interval ? end + words : 0;
	}
	return 0;
}

static int nat_put(struct nft_rule *r, uint32_t type, uint32_t family,
		   const struct nat *nat)
{
	struct nft_attr a[7] = {
		NFT_U32(NFTNL_EXPR_NAT_TYPE, type),
		NFT_U32(NFTNL_EXPR_NAT_FAMILY, family),
		NFT_U32(NFTNL_EXPR_NAT_FLAGS, nat->flags),
	};
	const struct {
		uint16_t attr;
		uint32_t reg;
	} regs[] = {
		{ NFTNL_EXPR_NAT_REG_ADDR_MIN, nat->addr_min },
		{ NFTNL_EXPR_NAT_REG_ADDR_MAX, nat->addr_max },
		{ NFTNL_EXPR_NAT_REG_PROTO_MIN, nat->port_min },
		{ NFTNL_EXPR_NAT_REG_PROTO_MAX, nat->port_max },
	};
	unsigned int n = 3;

	for (int i = 0; i < 4; i++)
		if (regs[i].reg)
			a[n++] = (struct nft_attr)NFT_U32(regs[i].attr,
							  regs[i].reg);
	return nft_expr_add(r, "nat", a, n);
}

/* `dnat ip to ...`; without a family only in the families ip and ip6. */
static int stmt_nat(struct nft_rule *r, uint32_t type)
{
	struct nat nat = { .reg = NFT_REG0 };
	const struct nft_type *t;
	uint32_t family;
	const struct nft_word *w;
	bool prefix;
	int err;

	if (nft_words_take(&r->ws, "ip")) {
		family = NFPROTO_IPV4;
		t = &nft_types[T_IPV4];
	} else if (nft_words_take(&r->ws, "ip6")) {
		family = NFPROTO_IPV6;
		t = &nft_types[T_IPV6];
	} else {
		return nft_rule_error(r, "'ip' or 'ip6' is missing");
	}
	/* prefix to prefix: the bits behind it stay what they are */
	prefix = nft_words_take(&r->ws, "prefix");
	if (prefix)
		nat.flags |= NF_NAT_RANGE_NETMAP;
	if (!nft_words_take(&r->ws, "to"))
		return nft_rule_error(r, "'to' is missing");
	w = &r->ws.w[r->ws.i];
	/* a literal begins with no letter of a key: an address or a bracket */
	if (r->ws.i < r->ws.n && memchr(w->s, family == NFPROTO_IPV4 ?
					'.' : ':', w->n))
		err = nat_literal(r, &nat, t);
	else
		err = nat_map(r, &nat, t);
	if (!err && prefix && !nat.addr_max)
		return nft_rule_error(r, "no prefix");
	take_flags(r, &nat);
	r->done = true;
	return err ? err : nat_put(r, type, family, &nat);
}

int nft_stmt_dnat(struct nft_rule *r)
{
	return stmt_nat(r, NFT_NAT_DNAT);
}

int nft_stmt_snat(struct nft_rule *r)
{
	return stmt_nat(r, NFT_NAT_SNAT);
}

/* `[to :P-Q]` and flags, of masquerade and redirect */
static int take_to(struct nft_rule *r, struct nat *nat)
{
	const struct nft_word *w;
	int err;

	nat->reg = NFT_REG0;
	if (nft_words_take(&r->ws, "to")) {
		w = nft_words_next(&r->ws);
		if (!w || w->n < 2 || w->s[0] != ':')
			return nft_rule_error(r, "no ports");
		err = take_ports(r, nat, w->s + 1, w->n - 1);
		if (err)
			return err;
	}
	take_flags(r, nat);
	r->done = true;
	return 0;
}

static int ports_put(struct nft_rule *r, const char *name, uint16_t flags,
		     uint16_t min, uint16_t max, const struct nat *nat)
{
	struct nft_attr a[3] = { NFT_U32(flags, nat->flags) };
	unsigned int n = nat->flags ? 1 : 0;

	if (nat->port_min)
		a[n++] = (struct nft_attr)NFT_U32(min, nat->port_min);
	if (nat->port_max)
		a[n++] = (struct nft_attr)NFT_U32(max, nat->port_max);
	return nft_expr_add(r, name, a, n);
}

int nft_stmt_masquerade(struct nft_rule *r)
{
	struct nat nat = { 0 };
	int err = take_to(r, &nat);

	return err ? err : ports_put(r, "masq", NFTNL_EXPR_MASQ_FLAGS,
				     NFTNL_EXPR_MASQ_REG_PROTO_MIN,
				     NFTNL_EXPR_MASQ_REG_PROTO_MAX, &nat);
}

int nft_stmt_redirect(struct nft_rule *r)
{
	struct nat nat = { 0 };
	int err = take_to(r, &nat);

	return err ? err : ports_put(r, "redir", NFTNL_EXPR_REDIR_FLAGS,
				     NFTNL_EXPR_REDIR_REG_PROTO_MIN,
				     NFTNL_EXPR_REDIR_REG_PROTO_MAX, &nat);
}

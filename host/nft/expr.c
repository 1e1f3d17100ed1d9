// expr.c - single expressions of the kernel: loads, and what they depend on
// SPDX-License-Identifier: GPL-2.0-or-later
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <libnftnl/expr.h>
#include <libnftnl/rule.h>
#include <linux/if_arp.h>
#include <linux/if_ether.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <netinet/in.h>
#include <string.h>

#include "nft.h"

static int attr_set(struct nftnl_expr *e, const struct nft_attr *a)
{
	if (a->ptr && a->len)
		return nftnl_expr_set(e, a->type, a->ptr, a->len);
	if (a->ptr)
		return nftnl_expr_set_str(e, a->type, a->ptr);
	if (a->len == 1)
		nftnl_expr_set_u8(e, a->type, a->num);
	else if (a->len == 2)
		nftnl_expr_set_u16(e, a->type, a->num);
	else if (a->len == 4)
		nftnl_expr_set_u32(e, a->type, a->num);
	else
		nftnl_expr_set_u64(e, a->type, a->num);
	return 0;
}

struct nftnl_expr *nft_expr_new(const char *name, const struct nft_attr *a,
				size_t n)
{
	struct nftnl_expr *e = nftnl_expr_alloc(name);

	for (size_t i = 0; e && i < n; i++)
		if (attr_set(e, &a[i]) < 0) {
			nftnl_expr_free(e);
			return NULL;
		}
	return e;
}

int nft_expr_add(struct nft_rule *r, const char *name,
		 const struct nft_attr *a, size_t n)
{
	struct nftnl_expr *e = nft_expr_new(name, a, n);

	if (!e)
		return -ENOMEM;
	nftnl_rule_add_expr(r->rule, e);
	return 0;
}

/*
 * What a dependency is made of.  ether is the ethertype or layer 4 protocol;
 * under is the layer 3 that nft wants below it.
 */
static const struct {
	uint8_t layer;
	uint16_t proto;
	uint8_t nfproto;
	uint8_t under;
} deps[DEP_MAX] = {
	[DEP_ETHER] = { 2, 0, 0, 0 },
	[DEP_IP] = { 3, ETH_P_IP, NFPROTO_IPV4, 0 },
	[DEP_IP6] = { 3, ETH_P_IPV6, NFPROTO_IPV6, 0 },
	[DEP_ARP] = { 3, ETH_P_ARP, 0, 0 },
	[DEP_ICMP] = { 4, IPPROTO_ICMP, 0, DEP_IP },
	[DEP_ICMP6] = { 4, IPPROTO_ICMPV6, 0, DEP_IP6 },
	[DEP_IGMP] = { 4, IPPROTO_IGMP, 0, 0 },
	[DEP_TCP] = { 4, IPPROTO_TCP, 0, 0 },
	[DEP_UDP] = { 4, IPPROTO_UDP, 0, 0 },
	[DEP_SCTP] = { 4, IPPROTO_SCTP, 0, 0 },
};

static int meta_is(struct nft_rule *r, uint32_t key, const void *v,
		   unsigned int len)
{
	int err;

	err = NFT_EXPR(r, "meta", NFT_U32(NFTNL_EXPR_META_KEY, key),
		       NFT_U32(NFTNL_EXPR_META_DREG, NFT_REG0));
	if (err)
		return err;
	return NFT_EXPR(r, "cmp", NFT_U32(NFTNL_EXPR_CMP_SREG, NFT_REG0),
			NFT_U32(NFTNL_EXPR_CMP_OP, NFT_CMP_EQ),
			NFT_DATA(NFTNL_EXPR_CMP_DATA, v, len));
}

static int dep_l3(struct nft_rule *r, enum nft_dep dep)
{
	uint16_t proto = htons(deps[dep].proto);
	uint8_t nfproto = deps[dep].nfproto;

	if (r->l3 == dep)
		return 0;
	if (r->l3)
		return nft_rule_error(r, "another layer 3 protocol before");
	r->l3 = dep;
	if (r->family == NFPROTO_BRIDGE)
		return meta_is(r, NFT_META_PROTOCOL, &proto, sizeof(proto));
	if (!nfproto)
		return nft_rule_error(r, "arp only in the bridge family");
	return meta_is(r, NFT_META_NFPROTO, &nfproto, sizeof(nfproto));
}

/*
 * Immediately before what needs it, as nft does: then nft hides it when it
 * lists the rule.
 */
int nft_expr_dep(struct nft_rule *r, enum nft_dep dep)
{
	uint16_t ether = ARPHRD_ETHER;
	uint8_t proto = deps[dep].proto;
	int err = 0;

	if (dep == DEP_NONE)
		return 0;
	if (dep == DEP_ETHER)
		return r->family == NFPROTO_BRIDGE ? 0 :
			meta_is(r, NFT_META_IIFTYPE, &ether, sizeof(ether));
	if (deps[dep].layer == 3)
		return dep_l3(r, dep);
	if (r->l4 == dep)
		return 0;
	if (r->l4)
		return nft_rule_error(r, "another layer 4 protocol before");
	if (deps[dep].under)
		err = dep_l3(r, deps[dep].under);
	r->l4 = dep;
	return err ? err : meta_is(r, NFT_META_L4PROTO, &proto, 1);
}

/* A match `KEY == VALUE` that says which protocol follows. */
int nft_expr_known(struct nft_rule *r, const struct nft_key *k,
		   const struct nft_val *v)
{
	unsigned int layer = k->flags & NFT_KEY_L3 ? 3 : 4;
	unsigned int proto = v->lo[0];
	bool nfproto = k->type == &nft_types[T_NFPROTO];

	if (!(k->flags & (NFT_KEY_L3 | NFT_KEY_L4)))
		return 0;
	if (k->len == 2)
		proto = v->lo[0] << 8 | v->lo[1];
	for (int d = 1; d < DEP_MAX; d++) {
		if (deps[d].layer != layer ||
		    proto != (nfproto ? deps[d].nfproto : deps[d].proto))
			continue;
		if (layer == 3)
			r->l3 = d;
		else
			r->l4 = d;
	}
	return 0;
}

static int load_meta(struct nft_rule *r, const struct nft_key *k,
		     unsigned int reg)
{
	return NFT_EXPR(r, "meta", NFT_U32(NFTNL_EXPR_META_KEY, k->at),
			NFT_U32(NFTNL_EXPR_META_DREG, reg));
}

static int load_payload(struct nft_rule *r, const struct nft_key *k,
			unsigned int reg)
{
	return NFT_EXPR(r, "payload",
			NFT_U32(NFTNL_EXPR_PAYLOAD_BASE, k->base),
			NFT_U32(NFTNL_EXPR_PAYLOAD_OFFSET, k->at),
			NFT_U32(NFTNL_EXPR_PAYLOAD_LEN, k->len),
			NFT_U32(NFTNL_EXPR_PAYLOAD_DREG, reg));
}

static int load_ct(struct nft_rule *r, const struct nft_key *k,
		   unsigned int reg)
{
	const struct nft_attr a[] = {
		NFT_U32(NFTNL_EXPR_CT_KEY, k->at),
		NFT_U32(NFTNL_EXPR_CT_DREG, reg),
		NFT_U8(NFTNL_EXPR_CT_DIR, k->base),
	};

	return nft_expr_add(r, "ct", a, k->base == NFT_NODIR ? 2 : 3);
}

static int load_exthdr(struct nft_rule *r, const struct nft_key *k,
		       unsigned int reg)
{
	uint32_t op = k->load == NFT_LOAD_TCPOPT ? NFT_EXTHDR_OP_TCPOPT :
		NFT_EXTHDR_OP_IPV6;

	return NFT_EXPR(r, "exthdr", NFT_U32(NFTNL_EXPR_EXTHDR_DREG, reg),
			NFT_U8(NFTNL_EXPR_EXTHDR_TYPE, k->base),
			NFT_U32(NFTNL_EXPR_EXTHDR_OFFSET, k->at),
			NFT_U32(NFTNL_EXPR_EXTHDR_LEN, k->len),
			NFT_U32(NFTNL_EXPR_EXTHDR_FLAGS, k->arg),
			NFT_U32(NFTNL_EXPR_EXTHDR_OP, op));
}

static int load_rt(struct nft_rule *r, const struct nft_key *k,
		   unsigned int reg)
{
	return NFT_EXPR(r, "rt", NFT_U32(NFTNL_EXPR_RT_KEY, k->at),
			NFT_U32(NFTNL_EXPR_RT_DREG, reg));
}

static int load_fib(struct nft_rule *r, const struct nft_key *k,
		    unsigned int reg)
{
	return NFT_EXPR(r, "fib", NFT_U32(NFTNL_EXPR_FIB_RESULT, k->at),
			NFT_U32(NFTNL_EXPR_FIB_FLAGS, k->arg),
			NFT_U32(NFTNL_EXPR_FIB_DREG, reg));
}

typedef int load_fn(struct nft_rule *r, const struct nft_key *k,
		    unsigned int reg);

static load_fn *const loads[] = {
	[NFT_LOAD_META] = load_meta,
	[NFT_LOAD_PAYLOAD] = load_payload,
	[NFT_LOAD_CT] = load_ct,
	[NFT_LOAD_EXTHDR] = load_exthdr,
	[NFT_LOAD_TCPOPT] = load_exthdr,
	[NFT_LOAD_RT] = load_rt,
	[NFT_LOAD_FIB] = load_fib,
};

int nft_expr_load(struct nft_rule *r, const struct nft_key *k,
		  unsigned int reg)
{
	return loads[k->load](r, k, reg);
}

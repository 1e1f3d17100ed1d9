// foreign_rule.c - one rule of another's in words
// SPDX-License-Identifier: GPL-2.0-or-later
#include "foreign.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <libnftnl/chain.h>
#include <libnftnl/expr.h>
#include <libnftnl/rule.h>
#include <libnftnl/set.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/xt_addrtype.h>
#include <linux/netfilter/xt_conntrack.h>
#include <linux/netlink.h>
#include <net/if.h>
#include <string.h>
#include <sys/param.h>

#include "host/internal.h"
#include "netd/buf.h"

/*
 * Of all that a rule can look at, a few things decide whether it is about
 * traffic of ours: interfaces, addresses, ports, the state of a connection.
 * All else is a word with a question mark: it may hold or not.
 */

#define SLOTS	16		/* registers of 4 bytes */
#define LIST_MAX 256		/* elements of a set that are written out */

struct slot {
	const char *key;	/* "iif", or NULL: something else */
	bool masked;
	uint8_t mask[16];
	uint32_t len;
};

struct view {
	struct nft_sock *k;
	struct ns *ns;
	const struct nftnl_rule *rule;
	struct slot reg[SLOTS];
	struct buf words;
	struct buf *out;
	bool done;
};

void nft_foreign_head(const struct nftnl_chain *c, char *out, size_t size)
{
	static const char *const hooks[] = { "prerouting", "input", "forward",
					     "output", "postrouting" };
	uint32_t hook = nftnl_chain_get_u32(c, NFTNL_CHAIN_HOOKNUM);
	const char *type = nftnl_chain_get_str(c, NFTNL_CHAIN_TYPE);

	if (!nftnl_chain_is_set(c, NFTNL_CHAIN_HOOKNUM) || hook > 4) {
		snprintf(out, size, "-");
		return;
	}
	snprintf(out, size, "%s %s %d %s", hooks[hook], type ? type : "filter",
		 nftnl_chain_get_s32(c, NFTNL_CHAIN_PRIO),
		 nftnl_chain_get_u32(c, NFTNL_CHAIN_POLICY) == NF_DROP ?
		 "drop" : "accept");
}

static struct slot *slot_of(struct view *v, uint32_t reg)
{
	static struct slot nowhere;

	if (reg >= NFT_REG32_00 && reg < NFT_REG32_00 + SLOTS)
		return &v->reg[reg - NFT_REG32_00];
	if (reg >= NFT_REG_1 && reg <= NFT_REG_4)
		return &v->reg[4 * (reg - NFT_REG_1)];
	memset(&nowhere, 0, sizeof(nowhere));
	return &nowhere;
}

static void load(struct view *v, uint32_t reg, const char *key, uint32_t len)
{
	*slot_of(v, reg) = (struct slot){ .key = key, .len = len };
}

static void unsure(struct view *v, const char *what)
{
	buf_printf(&v->words, " ?%s", what);
}

/* --- values ------------------------------------------------------------- */

static int print_name(const uint8_t *p, uint32_t len, struct buf *out)
{
	uint32_t n = strnlen((const char *)p, len);

	for (uint32_t i = 0; i < n; i++)
		if (p[i] <= ' ' || p[i] > '~' || strchr(",=*?!", p[i]))
			return -EINVAL;
	if (!n)
		return -EINVAL;
	buf_add(out, p, n);
	/* without its zero byte it is the beginning of names */
	if (n == len && len < 16)
		buf_str(out, "*");
	return 0;
}

/* Of the namespace that we are in: the host's. */
static int print_index(const uint8_t *p, struct buf *out)
{
	char name[IF_NAMESIZE] = "";
	uint32_t index;

	memcpy(&index, p, sizeof(index));
	if (!if_indextoname(index, name))
		return -EINVAL;
	return print_name((const uint8_t *)name, sizeof(name), out);
}

static int print_states(uint32_t bits, struct buf *out)
{
	static const struct { uint32_t bit; const char *name; } states[] = {
		{ 1, "invalid" }, { 2, "established" }, { 4, "related" },
		{ 8, "new" }, { 64, "untracked" },
	};
	const char *sep = "";

	if (!bits)
		return -EINVAL;
	for (unsigned int i = 0; i < 5; i++) {
		if (!(bits & states[i].bit))
			continue;
		buf_printf(out, "%s%s", sep, states[i].name);
		sep = ",";
	}
	return *sep ? 0 : -EINVAL;
}

/* A prefix, as cut off by its mask or its length. */
static int print_address(const struct slot *s, const uint8_t *p, uint32_t len,
			 bool six, struct buf *out)
{
	uint8_t b[16] = { 0 };
	char text[INET6_ADDRSTRLEN];
	uint32_t bits = 8 * len, i;

	memcpy(b, p, MIN(len, 16));
	if (s->masked) {
		for (bits = 0; bits < 8 * len &&
		     s->mask[bits / 8] & 0x80 >> bits % 8; bits++)
			;
		for (i = bits; i < 8 * len; i++)
			if (s->mask[i / 8] & 0x80 >> i % 8)
				return -EINVAL;
	}
	if (!inet_ntop(six ? AF_INET6 : AF_INET, b, text, sizeof(text)))
		return -EINVAL;
	buf_printf(out, "%s/%u", text, bits);
	return 0;
}

static int print_number(const uint8_t *p, uint32_t len, struct buf *out)
{
	if (len == 1)
		buf_printf(out, "%u", p[0]);
	else if (len == 2)
		buf_printf(out, "%u", p[0] << 8 | p[1]);
	else
		return -EINVAL;
	return 0;
}

static int print_value(struct view *v, const struct slot *s, const uint8_t *p,
		       uint32_t len, struct buf *out)
{
	uint32_t bits = 0;

	if (!strcmp(s->key, "iif") || !strcmp(s->key, "oif"))
		return s->len == 4 ? len == 4 ? print_index(p, out) :
			-EINVAL : print_name(p, len, out);
	if (!strcmp(s->key, "ct")) {
		memcpy(&bits, p, MIN(len, 4));
		return print_states(bits, out);
	}
	if (!strcmp(s->key, "dsttype")) {
		memcpy(&bits, p, MIN(len, 4));
		buf_printf(out, "%u", bits);
		return 0;
	}
	if (!strcmp(s->key, "status")) {
		memcpy(&bits, p, MIN(len, 4));
		buf_str(out, "dnat");
		return bits == IPS_DST_NAT ? 0 : -EINVAL;
	}
	if (!strcmp(s->key + 1, "addr") || !strcmp(s->key + 1, "addr6"))
		return print_address(s, p, len, s->key[5] == '6', out);
	return s->masked ? -EINVAL : print_number(p, len, out);
}

/* --- matches ------------------------------------------------------------ */

static void condition(struct view *v, const struct slot *s, bool not,
		      const uint8_t *p, uint32_t len)
{
	struct buf value CLEANUP(buf_free) = { 0 };

	if (!s->key) {
		unsure(v, "match");
		return;
	}
	if (print_value(v, s, p, len, &value))
		unsure(v, s->key);
	else
		buf_printf(&v->words, " %s%s%s", s->key, not ? "!=" : "=",
			   buf_text(&value));
}

static void on_meta(struct view *v, const struct nftnl_expr *e)
{
	static const struct { uint32_t key, len; const char *name; } keys[] = {
		{ NFT_META_IIFNAME, 16, "iif" }, { NFT_META_IIF, 4, "iif" },
		{ NFT_META_OIFNAME, 16, "oif" }, { NFT_META_OIF, 4, "oif" },
		{ NFT_META_L4PROTO, 1, "proto" },
		{ NFT_META_NFPROTO, 1, "family" },
	};
	uint32_t key = nftnl_expr_get_u32(e, NFTNL_EXPR_META_KEY);
	uint32_t reg = nftnl_expr_get_u32(e, NFTNL_EXPR_META_DREG);

	if (!nftnl_expr_is_set(e, NFTNL_EXPR_META_DREG))
		return;		/* it sets something */
	load(v, reg, NULL, 0);
	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++)
		if (keys[i].key == key)
			load(v, reg, keys[i].name, keys[i].len);
}

static void on_ct(struct view *v, const struct nftnl_expr *e)
{
	uint32_t key = nftnl_expr_get_u32(e, NFTNL_EXPR_CT_KEY);

	if (nftnl_expr_is_set(e, NFTNL_EXPR_CT_DREG))
		load(v, nftnl_expr_get_u32(e, NFTNL_EXPR_CT_DREG),
		     key == NFT_CT_STATE ? "ct" : key == NFT_CT_STATUS ?
		     "status" : NULL, 4);
}

/* Addresses may be compared by their first bytes alone. */
static void on_payload(struct view *v, const struct nftnl_expr *e)
{
	uint32_t base = nftnl_expr_get_u32(e, NFTNL_EXPR_PAYLOAD_BASE);
	uint32_t off = nftnl_expr_get_u32(e, NFTNL_EXPR_PAYLOAD_OFFSET);
	uint32_t len = nftnl_expr_get_u32(e, NFTNL_EXPR_PAYLOAD_LEN);
	uint32_t family = nftnl_rule_get_u32(v->rule, NFTNL_RULE_FAMILY);
	bool six = family == NFPROTO_IPV6 || (family != NFPROTO_IPV4 && len > 4);
	const char *key = NULL;

	if (!nftnl_expr_is_set(e, NFTNL_EXPR_PAYLOAD_DREG))
		return;
	if (base == NFT_PAYLOAD_TRANSPORT_HEADER && len == 2)
		key = off == 0 ? "sport" : off == 2 ? "dport" : NULL;
	else if (base == NFT_PAYLOAD_NETWORK_HEADER && six)
		key = off == 8 ? "saddr6" : off == 24 ? "daddr6" : NULL;
	else if (base == NFT_PAYLOAD_NETWORK_HEADER && off == 9 && len == 1)
		key = "proto";
	else if (base == NFT_PAYLOAD_NETWORK_HEADER)
		key = off == 12 ? "saddr" : off == 16 ? "daddr" : NULL;
	load(v, nftnl_expr_get_u32(e, NFTNL_EXPR_PAYLOAD_DREG), key, len);
}

static void on_bitwise(struct view *v, const struct nftnl_expr *e)
{
	uint32_t sreg = nftnl_expr_get_u32(e, NFTNL_EXPR_BITWISE_SREG);
	uint32_t dreg = nftnl_expr_get_u32(e, NFTNL_EXPR_BITWISE_DREG);
	struct slot *s = slot_of(v, dreg);
	const uint8_t *mask;
	uint32_t len = 0;

	*s = *slot_of(v, sreg);
	mask = nftnl_expr_get(e, NFTNL_EXPR_BITWISE_MASK, &len);
	if (!mask || len > sizeof(s->mask)) {
		s->key = NULL;
		return;
	}
	s->masked = true;
	memcpy(s->mask, mask, len);
}

static void on_cmp(struct view *v, const struct nftnl_expr *e)
{
	const struct slot *s = slot_of(v, nftnl_expr_get_u32(e,
						NFTNL_EXPR_CMP_SREG));
	uint32_t op = nftnl_expr_get_u32(e, NFTNL_EXPR_CMP_OP), len = 0;
	const uint8_t *p = nftnl_expr_get(e, NFTNL_EXPR_CMP_DATA, &len);

	if (!p || (op != NFT_CMP_EQ && op != NFT_CMP_NEQ))
		unsure(v, s->key ? s->key : "match");
	else if (s->key && s->masked && (!strcmp(s->key, "ct") ||
					 !strcmp(s->key, "status")))
		/* (state & MASK) != 0: any of them */
		condition(v, s, op == NFT_CMP_EQ, s->mask, 4);
	else
		condition(v, s, op == NFT_CMP_NEQ, p, len);
}

/* Of one kind of address only; else it isn't known. */
static bool match_addrtype(struct view *v, const struct nftnl_expr *e)
{
	const struct xt_addrtype_info_v1 *a;
	uint32_t len = 0, type;

	a = nftnl_expr_get(e, NFTNL_EXPR_MT_INFO, &len);
	if (nftnl_expr_get_u32(e, NFTNL_EXPR_MT_REV) != 1 || !a ||
	    len < sizeof(*a) || a->source || a->flags ||
	    __builtin_popcount(a->dest) != 1)
		return false;
	type = __builtin_ctz(a->dest);
	condition(v, &(struct slot){ .key = "dsttype", .len = 4 }, false,
		  (const uint8_t *)&type, sizeof(type));
	return true;
}

static void on_match(struct view *v, const struct nftnl_expr *e)
{
	const char *name = nftnl_expr_get_str(e, NFTNL_EXPR_MT_NAME);
	const struct xt_conntrack_mtinfo3 *m;
	struct buf value CLEANUP(buf_free) = { 0 };
	uint32_t len = 0, bits;

	m = nftnl_expr_get(e, NFTNL_EXPR_MT_INFO, &len);
	if (name && (!strcmp(name, "comment") ||
		     (!strcmp(name, "addrtype") && match_addrtype(v, e))))
		return;
	if (!name || strcmp(name, "conntrack") || !m || len < sizeof(*m) ||
	    m->match_flags != XT_CONNTRACK_STATE || m->state_mask & ~0xf) {
		unsure(v, name ? name : "match");
		return;
	}
	/* XT_CONNTRACK_STATE_BIT() has the order of nft's bits */
	bits = m->state_mask;
	if (print_states(bits, &value))
		unsure(v, name);
	else
		buf_printf(&v->words, " ct%s%s", m->invert_flags &
			   XT_CONNTRACK_STATE ? "!=" : "=", buf_text(&value));
}

/* --- verdicts ----------------------------------------------------------- */

static void line(struct view *v, const char *verdict, const char *chain)
{
	buf_printf(v->out, "%llu%s %s%s\n", (unsigned long long)
		   nftnl_rule_get_u64(v->rule, NFTNL_RULE_HANDLE),
		   buf_text(&v->words), verdict, chain ? chain : "");
	v->done = true;
}

static void verdict(struct view *v, int32_t code, const char *chain)
{
	switch (code) {
	case NF_ACCEPT:
		line(v, "accept", NULL);
		return;
	case NF_DROP:
		line(v, "drop", NULL);
		return;
	case NFT_JUMP:
		line(v, "jump:", chain);
		return;
	case NFT_GOTO:
		line(v, "goto:", chain);
		return;
	case NFT_RETURN:
		line(v, "return", NULL);
		return;
	}
	v->done = true;
}

static void on_target(struct view *v, const struct nftnl_expr *e)
{
	const char *name = nftnl_expr_get_str(e, NFTNL_EXPR_TG_NAME);

	if (name && !strcmp(name, "REJECT"))
		line(v, "reject", NULL);
	else if (name && !strcmp(name, "NFQUEUE"))
		line(v, "?queue accept", NULL);
}

/* --- sets --------------------------------------------------------------- */

static int on_elements(const struct nlmsghdr *nlh, void *arg)
{
	return nftnl_set_elems_nlmsg_parse(nlh, arg) < 0 ? -EBADMSG : 0;
}

static struct nftnl_set *set_of(struct view *v, const char *name)
{
	struct nftnl_set *s = nftnl_set_alloc();
	uint32_t family = nftnl_rule_get_u32(v->rule, NFTNL_RULE_FAMILY);
	_Alignas(8) char buf[1024];
	struct nlmsghdr *nlh;
	int err = -EINTR;

	for (int i = 0; s && i < 10 && err == -EINTR; i++) {
		nftnl_set_set_str(s, NFTNL_SET_TABLE,
				  nftnl_rule_get_str(v->rule,
						     NFTNL_RULE_TABLE));
		nftnl_set_set_str(s, NFTNL_SET_NAME, name);
		nlh = nftnl_nlmsg_build_hdr(buf, NFT_MSG_GETSETELEM, family,
					    NLM_F_DUMP, 0);
		nftnl_set_elems_nlmsg_build_payload(nlh, s);
		err = nft_sock_ask(v->k, nlh, on_elements, s);
	}
	if (s && err) {
		nftnl_set_free(s);
		return NULL;
	}
	return s;
}

struct listing {
	struct view *v;
	const struct slot *slot;
	struct buf values;
	size_t words;		/* of the rule before the element's */
	unsigned int n;
	bool map, bad;
};

static int on_element(struct nftnl_set_elem *e, void *arg)
{
	struct listing *l = arg;
	struct view *v = l->v;
	uint32_t len = 0;
	const uint8_t *p = nftnl_set_elem_get(e, NFTNL_SET_ELEM_KEY, &len);

	if (nftnl_set_elem_is_set(e, NFTNL_SET_ELEM_FLAGS) &&
	    nftnl_set_elem_get_u32(e, NFTNL_SET_ELEM_FLAGS))
		l->bad = true;	/* ends of intervals, catch-all */
	if (!p || l->bad || l->n++ == LIST_MAX) {
		l->bad = true;
		return -1;
	}
	if (!l->map) {
		buf_str(&l->values, l->values.len ? "," : "");
		l->bad = print_value(v, l->slot, p, len, &l->values);
		return 0;
	}
	condition(v, l->slot, false, p, len);
	verdict(v, nftnl_set_elem_get_u32(e, NFTNL_SET_ELEM_VERDICT),
		nftnl_set_elem_get_str(e, NFTNL_SET_ELEM_CHAIN));
	v->words.len = l->words;
	if (v->words.p)
		v->words.p[l->words] = '\0';
	return 0;
}

static void on_lookup(struct view *v, const struct nftnl_expr *e)
{
	struct listing l = { .v = v, .words = v->words.len,
		.slot = slot_of(v, nftnl_expr_get_u32(e,
						NFTNL_EXPR_LOOKUP_SREG)),
		.map = nftnl_expr_is_set(e, NFTNL_EXPR_LOOKUP_DREG) };
	bool not = nftnl_expr_is_set(e, NFTNL_EXPR_LOOKUP_FLAGS) &&
		nftnl_expr_get_u32(e, NFTNL_EXPR_LOOKUP_FLAGS) & 1;
	struct nftnl_set *s = NULL;

	if (l.map && nftnl_expr_get_u32(e, NFTNL_EXPR_LOOKUP_DREG)) {
		load(v, nftnl_expr_get_u32(e, NFTNL_EXPR_LOOKUP_DREG), NULL, 0);
		return;
	}
	if (l.slot->key && v->k)
		s = set_of(v, nftnl_expr_get_str(e, NFTNL_EXPR_LOOKUP_SET));
	if (s)
		nftnl_set_elem_foreach(s, on_element, &l);
	if (!s || l.bad)
		unsure(v, l.map ? "map" : "set");
	else if (!l.map && l.n)
		buf_printf(&v->words, " %s%s%s", l.slot->key,
			   not ? "!=" : "=", buf_text(&l.values));
	else if (!l.map && !not)
		buf_str(&v->words, " never");
	v->done = false;
	if (l.map && (!s || l.bad))
		line(v, "drop", NULL);	/* it may: nobody knows */
	v->done = l.map;
	buf_free(&l.values);
	if (s)
		nftnl_set_free(s);
}

/* --- the rule ------------------------------------------------------------ */

static void on_immediate(struct view *v, const struct nftnl_expr *e)
{
	if (nftnl_expr_is_set(e, NFTNL_EXPR_IMM_VERDICT))
		verdict(v, nftnl_expr_get_u32(e, NFTNL_EXPR_IMM_VERDICT),
			nftnl_expr_get_str(e, NFTNL_EXPR_IMM_CHAIN));
}

static void on_reject(struct view *v, const struct nftnl_expr *e)
{
	line(v, "reject", NULL);
}

static void on_nothing(struct view *v, const struct nftnl_expr *e)
{
}

/* Is it for an address of this host? */
static void on_fib(struct view *v, const struct nftnl_expr *e)
{
	bool type = nftnl_expr_get_u32(e, NFTNL_EXPR_FIB_RESULT) ==
		NFT_FIB_RESULT_ADDRTYPE &&
		nftnl_expr_get_u32(e, NFTNL_EXPR_FIB_FLAGS) ==
		NFTA_FIB_F_DADDR;

	load(v, nftnl_expr_get_u32(e, NFTNL_EXPR_FIB_DREG),
	     type ? "dsttype" : NULL, 4);
}

static const struct {
	const char *name;
	void (*fn)(struct view *v, const struct nftnl_expr *e);
} exprs[] = {
	{ "meta", on_meta }, { "ct", on_ct }, { "payload", on_payload },
	{ "bitwise", on_bitwise }, { "cmp", on_cmp }, { "match", on_match },
	{ "immediate", on_immediate }, { "lookup", on_lookup },
	{ "target", on_target }, { "reject", on_reject }, { "fib", on_fib },
	{ "counter", on_nothing }, { "log", on_nothing },
	{ "notrack", on_nothing }, { "objref", on_nothing },
	{ "dynset", on_nothing }, { "byteorder", on_nothing },
};

static int on_expr(struct nftnl_expr *e, void *arg)
{
	const char *name = nftnl_expr_get_str(e, NFTNL_EXPR_NAME);
	struct view *v = arg;

	if (v->done)
		return -1;
	for (size_t i = 0; i < sizeof(exprs) / sizeof(*exprs); i++)
		if (!strcmp(exprs[i].name, name)) {
			exprs[i].fn(v, e);
			return 0;
		}
	unsure(v, name);
	return 0;
}

void nft_foreign_rule(struct nft_sock *k, struct ns *ns,
		      const struct nftnl_rule *r, struct buf *out)
{
	struct view v = { .k = k, .ns = ns, .rule = r, .out = out };

	nftnl_expr_foreach((struct nftnl_rule *)r, on_expr, &v);
	buf_free(&v.words);
}

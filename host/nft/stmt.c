// stmt.c - statements of a rule
// SPDX-License-Identifier: GPL-2.0-or-later
#include <arpa/inet.h>
#include <stdio.h>
#include <errno.h>
#include <libnftnl/expr.h>
#include <libnftnl/rule.h>
#include <linux/netfilter/nf_tables.h>
#include <string.h>

#include "nft.h"

#define COUNT(a)	(sizeof(a) / sizeof((a)[0]))

int nft_expr_imm(struct nft_rule *r, unsigned int reg, const void *v,
		 unsigned int len)
{
	return NFT_EXPR(r, "immediate", NFT_U32(NFTNL_EXPR_IMM_DREG, reg),
			NFT_DATA(NFTNL_EXPR_IMM_DATA, v, len));
}

static int take_number(struct nft_rule *r, uint64_t max, uint64_t *v)
{
	const struct nft_word *w = nft_words_next(&r->ws);

	if (!w || nft_type_number(w->s, w->n, max, v))
		return nft_rule_error(r, "no number");
	return 0;
}

static int take_sym(struct nft_rule *r, const struct nft_sym *y,
		    uint32_t *v)
{
	for (; y->name; y++)
		if (nft_words_take(&r->ws, y->name)) {
			*v = y->value;
			return 0;
		}
	nft_words_next(&r->ws);
	return nft_rule_error(r, "not known");
}

/* A quoted text of at most @size - 1 bytes, none of them a control. */
static int take_text(struct nft_rule *r, char *buf, size_t size)
{
	const struct nft_word *w = nft_words_next(&r->ws);

	if (!w || !w->quoted || w->n >= size)
		return nft_rule_error(r, "no quoted text, or it is too long");
	for (unsigned int i = 0; i < w->n; i++)
		if ((unsigned char)w->s[i] < ' ' || w->s[i] == 0x7f)
			return nft_rule_error(r, "a control character");
	memcpy(buf, w->s, w->n);
	buf[w->n] = 0;
	return 0;
}

static int stmt_verdict(struct nft_rule *r)
{
	char chain[NFT_NAME];
	int32_t verdict;
	int err = nft_elem_verdict(&r->ws, &verdict, chain);
	struct nft_attr a[3] = {
		NFT_U32(NFTNL_EXPR_IMM_DREG, NFT_REG_VERDICT),
		NFT_U32(NFTNL_EXPR_IMM_VERDICT, verdict),
		NFT_STR(NFTNL_EXPR_IMM_CHAIN, chain),
	};

	if (err == -ENOENT)
		return 0;
	if (err)
		return nft_rule_error(r, "no name of a chain");
	r->done = true;
	err = nft_expr_add(r, "immediate", a, chain[0] ? 3 : 2);
	return err ? err : 1;
}

static int stmt_counter(struct nft_rule *r)
{
	/* the canonical listing has numbers; a load begins at nought */
	if (nft_words_take(&r->ws, "packets"))
		r->ws.i += 3;
	return nft_expr_add(r, "counter", NULL, 0);
}

static int stmt_comment(struct nft_rule *r)
{
	return take_text(r, r->comment, sizeof(r->comment));
}

static int stmt_notrack(struct nft_rule *r)
{
	return nft_expr_add(r, "notrack", NULL, 0);
}

static const struct nft_sym rate_units[] = {
	{ "second", 1 }, { "minute", 60 }, { "hour", 3600 },
	{ "day", 86400 }, { "week", 604800 }, { NULL, 0 }
};

static const struct nft_sym data_units[] = {
	{ "bytes", 1 }, { "kbytes", 1024 }, { "mbytes", 1048576 }, { NULL, 0 }
};

/* What a limit counts, and how much of it. */
struct rate {
	uint64_t rate, unit, burst;
	uint32_t type;
};

static const struct nft_sym *sym_of(const struct nft_sym *y, const char *s,
				    size_t n)
{
	for (; y->name; y++)
		if (strlen(y->name) == n && !memcmp(y->name, s, n))
			return y;
	return NULL;
}

/* The word behind a number of bytes; NULL: it is none. */
static const struct nft_sym *take_data_unit(struct nft_rule *r)
{
	const struct nft_sym *y;

	for (y = data_units; y->name; y++)
		if (nft_words_take(&r->ws, y->name))
			return y;
	return NULL;
}

/* `N/second`, or `N bytes/second` */
static int take_rate(struct nft_rule *r, struct rate *v)
{
	const struct nft_word *w = nft_words_next(&r->ws);
	const char *slash = w ? memchr(w->s, '/', w->n) : NULL;
	const struct nft_sym *y = NULL;

	if (w && !slash && !nft_type_number(w->s, w->n, UINT32_MAX,
					    &v->rate)) {
		w = nft_words_next(&r->ws);
		slash = w ? memchr(w->s, '/', w->n) : NULL;
		y = slash ? sym_of(data_units, w->s, slash - w->s) : NULL;
		v->rate *= y ? y->value : 0;
		v->type = NFT_LIMIT_PKT_BYTES;
		v->burst = 0;
	} else if (!slash || nft_type_number(w->s, slash - w->s, UINT32_MAX,
					     &v->rate)) {
		v->rate = 0;
	}
	if (!v->rate)
		return nft_rule_error(r, "no rate");
	y = sym_of(rate_units, slash + 1, w->n - (slash + 1 - w->s));
	v->unit = y ? y->value : 0;
	return y ? 0 : nft_rule_error(r, "no unit of time");
}

static int take_burst(struct nft_rule *r, struct rate *v)
{
	const struct nft_sym *y = NULL;

	if (!nft_words_take(&r->ws, "burst"))
		return 0;
	if (take_number(r, UINT32_MAX, &v->burst))
		return -EINVAL;
	if (v->type == NFT_LIMIT_PKT_BYTES)
		y = take_data_unit(r);
	else if (nft_words_take(&r->ws, "packets"))
		return 0;
	if (!y)
		return nft_rule_error(r, "no unit of the burst");
	v->burst *= y->value;
	return v->burst <= UINT32_MAX ? 0 :
	       nft_rule_error(r, "the burst is too large");
}

/* `limit rate [over] N/second [burst N packets]`; or bytes */
static struct nftnl_expr *limit_new(struct nft_rule *r)
{
	bool over = nft_words_take(&r->ws, "over");
	struct rate v = { .burst = 5, .type = NFT_LIMIT_PKTS };

	if (take_rate(r, &v) || take_burst(r, &v))
		return NULL;
	return nft_expr_new("limit", (const struct nft_attr[]){
		NFT_U64(NFTNL_EXPR_LIMIT_RATE, v.rate),
		NFT_U64(NFTNL_EXPR_LIMIT_UNIT, v.unit),
		NFT_U32(NFTNL_EXPR_LIMIT_BURST, v.burst),
		NFT_U32(NFTNL_EXPR_LIMIT_TYPE, v.type),
		NFT_U32(NFTNL_EXPR_LIMIT_FLAGS, over ? NFT_LIMIT_F_INV : 0),
	}, 5);
}

/* `ct count [over] N` */
static struct nftnl_expr *count_new(struct nft_rule *r)
{
	bool over = nft_words_take(&r->ws, "over");
	uint64_t n;

	if (take_number(r, UINT32_MAX, &n))
		return NULL;
	return nft_expr_new("connlimit", (const struct nft_attr[]){
		NFT_U32(NFTNL_EXPR_CONNLIMIT_COUNT, n),
		NFT_U32(NFTNL_EXPR_CONNLIMIT_FLAGS,
			over ? NFT_CONNLIMIT_F_INV : 0),
	}, 2);
}

static int add_new(struct nft_rule *r, struct nftnl_expr *e)
{
	if (!e)
		return -EINVAL;
	nftnl_rule_add_expr(r->rule, e);
	return 0;
}

/* `numgen random mod N < M`: true M times of N */
static int stmt_numgen(struct nft_rule *r)
{
	uint64_t n, m;
	uint32_t below;
	int err;

	if (take_number(r, UINT32_MAX, &n))
		return -EINVAL;
	if (!n || !nft_words_take(&r->ws, "<"))
		return nft_rule_error(r, "expected N < M");
	if (take_number(r, UINT32_MAX, &m))
		return -EINVAL;
	err = NFT_EXPR(r, "numgen", NFT_U32(NFTNL_EXPR_NG_DREG, NFT_REG0),
		       NFT_U32(NFTNL_EXPR_NG_MODULUS, n),
		       NFT_U32(NFTNL_EXPR_NG_TYPE, NFT_NG_RANDOM),
		       NFT_U32(NFTNL_EXPR_NG_OFFSET, 0));
	/* less is compared bytewise */
	if (!err)
		err = NFT_EXPR(r, "byteorder",
			NFT_U32(NFTNL_EXPR_BYTEORDER_SREG, NFT_REG0),
			NFT_U32(NFTNL_EXPR_BYTEORDER_DREG, NFT_REG0),
			NFT_U32(NFTNL_EXPR_BYTEORDER_OP, NFT_BYTEORDER_HTON),
			NFT_U32(NFTNL_EXPR_BYTEORDER_LEN, 4),
			NFT_U32(NFTNL_EXPR_BYTEORDER_SIZE, 4));
	below = htonl(m);
	return err ? err : NFT_EXPR(r, "cmp",
			NFT_U32(NFTNL_EXPR_CMP_SREG, NFT_REG0),
			NFT_U32(NFTNL_EXPR_CMP_OP, NFT_CMP_LT),
			NFT_DATA(NFTNL_EXPR_CMP_DATA, &below, 4));
}

static int stmt_limit(struct nft_rule *r)
{
	return add_new(r, limit_new(r));
}

static int stmt_count(struct nft_rule *r)
{
	return add_new(r, count_new(r));
}

static const struct nft_sym log_levels[] = {
	{ "emerg", 0 }, { "alert", 1 }, { "crit", 2 }, { "err", 3 },
	{ "warn", 4 }, { "notice", 5 }, { "info", 6 }, { "debug", 7 },
	{ NULL, 0 }
};

/* `log [prefix "..."] [group N] [level L]` */
static int stmt_log(struct nft_rule *r)
{
	char prefix[128] = "";
	struct nft_attr a[3];
	unsigned int n = 0;
	uint32_t level = 0;
	uint64_t group;

	if (nft_words_take(&r->ws, "prefix")) {
		if (take_text(r, prefix, sizeof(prefix)))
			return -EINVAL;
		a[n++] = (struct nft_attr)NFT_STR(NFTNL_EXPR_LOG_PREFIX,
						  prefix);
	}
	if (nft_words_take(&r->ws, "group")) {
		if (take_number(r, UINT16_MAX, &group))
			return -EINVAL;
		a[n++] = (struct nft_attr)NFT_U16(NFTNL_EXPR_LOG_GROUP, group);
	} else if (nft_words_take(&r->ws, "level")) {
		if (take_sym(r, log_levels, &level))
			return -EINVAL;
		a[n++] = (struct nft_attr)NFT_U32(NFTNL_EXPR_LOG_LEVEL, level);
	}
	return nft_expr_add(r, "log", a, n);
}

static const struct nft_sym icmpx_codes[] = {
	{ "no-route", 0 }, { "port-unreachable", 1 },
	{ "host-unreachable", 2 }, { "admin-prohibited", 3 }, { NULL, 0 }
};

static const struct nft_sym reset_codes[] = { { "reset", 0 }, { NULL, 0 } };

static const struct {
	const char *name;
	uint32_t type;
	enum nft_dep dep;
	enum nft_type_index code;
	const struct nft_sym *codes;	/* when there is no type for it */
} rejects[] = {
	{ "icmpx", NFT_REJECT_ICMPX_UNREACH, DEP_NONE, 0, icmpx_codes },
	{ "icmp", NFT_REJECT_ICMP_UNREACH, DEP_IP, T_ICMPCODE, NULL },
	{ "icmpv6", NFT_REJECT_ICMP_UNREACH, DEP_IP6, T_ICMP6CODE, NULL },
	{ "tcp", NFT_REJECT_TCP_RST, DEP_TCP, 0, reset_codes },
};

static int reject_put(struct nft_rule *r, uint32_t type, uint32_t code)
{
	r->done = true;
	return NFT_EXPR(r, "reject", NFT_U32(NFTNL_EXPR_REJECT_TYPE, type),
			NFT_U8(NFTNL_EXPR_REJECT_CODE, code));
}

/* `reject [with icmpx admin-prohibited]`, `reject with tcp reset` */
static int stmt_reject(struct nft_rule *r)
{
	uint32_t code = 0;
	int err;

	if (!nft_words_take(&r->ws, "with"))
		return reject_put(r, NFT_REJECT_ICMPX_UNREACH,
				  NFT_REJECT_ICMPX_PORT_UNREACH);
	for (size_t i = 0; i < COUNT(rejects); i++) {
		if (!nft_words_take(&r->ws, rejects[i].name))
			continue;
		err = take_sym(r, rejects[i].codes ? rejects[i].codes :
			       nft_types[rejects[i].code].syms, &code);
		if (!err)
			err = nft_expr_dep(r, rejects[i].dep);
		return err ? err : reject_put(r, rejects[i].type, code);
	}
	return nft_rule_error(r, "no reason to reject with");
}

/* A mark into NFT_REG0: a number, another mark, or by a map. */
static int mark_value(struct nft_rule *r, bool is_ct)
{
	const struct nft_type *mark = &nft_types[T_MARK];
	const struct nft_word *w = &r->ws.w[r->ws.i];
	unsigned int at = r->ws.i;
	struct nft_key k[NFT_PARTS];
	struct nft_set s;
	uint64_t v;
	int n;

	if (at < r->ws.n && !nft_type_number(w->s, w->n, UINT32_MAX, &v)) {
		r->ws.i++;
		r->has_mark |= is_ct;
		r->mark = is_ct ? v : r->mark;
		return nft_expr_imm(r, NFT_REG0, &(uint32_t){ v }, 4);
	}
	n = nft_match_keys(r, k);
	if (n < 0)
		return n;
	if (n == 1 && !nft_words_is(&r->ws, 0, "map"))
		return k->len == 4 ? nft_match_loads(r, k, n) :
			nft_rule_error(r, "no mark");
	r->ws.i = at;
	return nft_match_map(r, &mark, 1, &s);
}

static int stmt_ct_mark(struct nft_rule *r)
{
	int err = mark_value(r, true);

	if (err)
		return err;
	return NFT_EXPR(r, "ct", NFT_U32(NFTNL_EXPR_CT_KEY, NFT_CT_MARK),
			NFT_U32(NFTNL_EXPR_CT_SREG, NFT_REG0));
}

static int stmt_meta_mark(struct nft_rule *r)
{
	int err = mark_value(r, false);

	if (err)
		return err;
	return NFT_EXPR(r, "meta", NFT_U32(NFTNL_EXPR_META_KEY, NFT_META_MARK),
			NFT_U32(NFTNL_EXPR_META_SREG, NFT_REG0));
}

/* `tcp option maxseg size set rt mtu` or a number */
static int stmt_maxseg(struct nft_rule *r)
{
	struct nft_key rt;
	uint64_t size = 0;
	int err;

	if (nft_words_is(&r->ws, 0, "rt")) {
		if (nft_key_take(&r->ws, &rt) != 1)
			return nft_rule_error(r, "no segment size");
		err = nft_expr_load(r, &rt, NFT_REG0);
		if (!err)
			err = NFT_EXPR(r, "byteorder",
				NFT_U32(NFTNL_EXPR_BYTEORDER_SREG, NFT_REG0),
				NFT_U32(NFTNL_EXPR_BYTEORDER_DREG, NFT_REG0),
				NFT_U32(NFTNL_EXPR_BYTEORDER_OP,
					NFT_BYTEORDER_HTON),
				NFT_U32(NFTNL_EXPR_BYTEORDER_LEN, 2),
				NFT_U32(NFTNL_EXPR_BYTEORDER_SIZE, 2));
	} else {
		uint8_t v[2];

		if (take_number(r, UINT16_MAX, &size))
			return -EINVAL;
		v[0] = size >> 8;
		v[1] = size;
		err = nft_expr_imm(r, NFT_REG0, v, 2);
	}
	if (err)
		return err;
	return NFT_EXPR(r, "exthdr",
			NFT_U32(NFTNL_EXPR_EXTHDR_SREG, NFT_REG0),
			NFT_U8(NFTNL_EXPR_EXTHDR_TYPE, 2),
			NFT_U32(NFTNL_EXPR_EXTHDR_OFFSET, 2),
			NFT_U32(NFTNL_EXPR_EXTHDR_LEN, 2),
			NFT_U32(NFTNL_EXPR_EXTHDR_OP, NFT_EXTHDR_OP_TCPOPT));
}

/* What runs for each element: a limit or a count. */
static int dynset_inner(struct nft_rule *r, struct nftnl_expr **inner)
{
	if (nft_words_phrase(&r->ws, "ct count")) {
		r->ws.i += 2;
		*inner = count_new(r);
	} else if (nft_words_phrase(&r->ws, "limit rate")) {
		r->ws.i += 2;
		*inner = limit_new(r);
	} else {
		return 0;
	}
	return *inner ? 0 : -EINVAL;
}

static int dynset_put(struct nft_rule *r, uint32_t op,
		      const struct nft_word *set, uint64_t timeout,
		      struct nftnl_expr *inner)
{
	char name[NFT_NAME] = "";
	struct nft_attr a[4] = {
		NFT_STR(NFTNL_EXPR_DYNSET_SET_NAME, name),
		NFT_U32(NFTNL_EXPR_DYNSET_SREG_KEY, NFT_REG0),
		NFT_U32(NFTNL_EXPR_DYNSET_OP, op),
		NFT_U64(NFTNL_EXPR_DYNSET_TIMEOUT, timeout),
	};
	struct nftnl_expr *e;

	memcpy(name, set->s + 1, set->n - 1);
	e = nft_expr_new("dynset", a, timeout ? 4 : 3);
	if (!e) {
		if (inner)
			nftnl_expr_free(inner);
		return -ENOMEM;
	}
	if (inner)
		nftnl_expr_add_expr(e, NFTNL_EXPR_DYNSET_EXPRESSIONS, inner);
	nftnl_rule_add_expr(r->rule, e);
	return 0;
}

/* `add @set { KEYS [timeout T] [limit ... | ct count ...] }` */
static int dynset(struct nft_rule *r, uint32_t op)
{
	const struct nft_word *set = nft_words_next(&r->ws);
	struct nftnl_expr *inner = NULL;
	struct nft_key k[NFT_PARTS];
	uint64_t timeout = 0;
	int n, err;

	if (!set || set->quoted || set->n < 2 || set->n > NFT_NAME ||
	    set->s[0] != '@' || !nft_words_take(&r->ws, "{"))
		return nft_rule_error(r, "no set to add to");
	n = nft_match_keys(r, k);
	err = n > 0 ? nft_match_loads(r, k, n) :
		nft_rule_error(r, "no key");
	if (!err && nft_words_take(&r->ws, "timeout"))
		err = nft_set_time(nft_words_next(&r->ws), &timeout) ?
			nft_rule_error(r, "no time") : 0;
	if (!err)
		err = dynset_inner(r, &inner);
	if (!err && !nft_words_take(&r->ws, "}")) {
		if (inner)
			nftnl_expr_free(inner);
		return nft_rule_error(r, "'}' is missing");
	}
	return err ? err : dynset_put(r, op, set, timeout, inner);
}

static int stmt_add(struct nft_rule *r)
{
	return dynset(r, NFT_DYNSET_OP_ADD);
}

static int stmt_update(struct nft_rule *r)
{
	return dynset(r, NFT_DYNSET_OP_UPDATE);
}

static int stmt_delete(struct nft_rule *r)
{
	return dynset(r, NFT_DYNSET_OP_DELETE);
}

static const struct {
	const char *name;
	int (*compile)(struct nft_rule *r);
} stmts[] = {
	{ "counter", stmt_counter },
	{ "comment", stmt_comment },
	{ "notrack", stmt_notrack },
	{ "limit rate", stmt_limit },
	{ "numgen random mod", stmt_numgen },
	{ "ct count", stmt_count },
	{ "log", stmt_log },
	{ "reject", stmt_reject },
	{ "ct mark set", stmt_ct_mark },
	{ "meta mark set", stmt_meta_mark },
	{ "tcp option maxseg size set", stmt_maxseg },
	{ "add", stmt_add },
	{ "update", stmt_update },
	{ "delete", stmt_delete },
	{ "dnat", nft_stmt_dnat },
	{ "snat", nft_stmt_snat },
	{ "masquerade", nft_stmt_masquerade },
	{ "redirect", nft_stmt_redirect },
};

int nft_stmt(struct nft_rule *r)
{
	for (size_t i = 0; i < COUNT(stmts); i++) {
		unsigned int n = nft_words_phrase(&r->ws, stmts[i].name);
		int err;

		if (!n)
			continue;
		r->ws.i += n;
		err = stmts[i].compile(r);
		return err ? err : 1;
	}
	return stmt_verdict(r);
}

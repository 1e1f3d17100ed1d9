// match.c - matches of a rule: keys, an operator, a value, a set or a map
// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>
#include <errno.h>
#include <libnftnl/expr.h>
#include <linux/netfilter/nf_tables.h>
#include <stdlib.h>
#include <string.h>

#include "nft.h"

int nft_rule_error(struct nft_rule *r, const char *what)
{
	unsigned int at = r->ws.i ? r->ws.i - 1 : 0;
	const struct nft_word *w = at < r->ws.n ? &r->ws.w[at] : NULL;

	return nft_txn_error(r->t, -EINVAL, "%s at '%.*s'", what,
			     w ? w->n : 0, w ? w->s : "");
}

int nft_match_keys(struct nft_rule *r, struct nft_key *k)
{
	int n = 0, got;

	do {
		if (n == NFT_PARTS)
			return nft_rule_error(r, "too many keys");
		got = nft_key_take(&r->ws, &k[n]);
		if (got < 0 || (n && !got))
			return nft_rule_error(r, "no key");
		if (!got)
			return 0;
		n++;
	} while (nft_words_take(&r->ws, "."));
	return n;
}

int nft_match_loads(struct nft_rule *r, const struct nft_key *k, int n)
{
	unsigned int reg = NFT_REG0;
	int err = 0;

	for (int i = 0; i < n && !err; i++)
		err = nft_expr_dep(r, k[i].dep);
	for (int i = 0; i < n && !err; i++) {
		err = nft_expr_load(r, &k[i], reg);
		reg += (k[i].len + 3) / 4;
	}
	if (!err && reg > NFT_REG0 + NFT_KEYLEN / 4)
		return nft_rule_error(r, "the concatenation is too long");
	return err;
}

static int cmp(struct nft_rule *r, uint32_t op, const void *v,
	       unsigned int len)
{
	return NFT_EXPR(r, "cmp", NFT_U32(NFTNL_EXPR_CMP_SREG, NFT_REG0),
			NFT_U32(NFTNL_EXPR_CMP_OP, op),
			NFT_DATA(NFTNL_EXPR_CMP_DATA, v, len));
}

static int mask(struct nft_rule *r, const void *m, unsigned int len)
{
	static const uint8_t none[16];

	return NFT_EXPR(r, "bitwise",
			NFT_U32(NFTNL_EXPR_BITWISE_SREG, NFT_REG0),
			NFT_U32(NFTNL_EXPR_BITWISE_DREG, NFT_REG0),
			NFT_U32(NFTNL_EXPR_BITWISE_LEN, len),
			NFT_DATA(NFTNL_EXPR_BITWISE_MASK, m, len),
			NFT_DATA(NFTNL_EXPR_BITWISE_XOR, none, len));
}

/* Greater and less are compared bytewise, so in network order. */
static int to_network(struct nft_rule *r, const struct nft_key *k,
		      struct nft_val *v)
{
	if (k->type->order != NFT_HOST || k->len == 1)
		return 0;
	for (unsigned int i = 0; i < k->len / 2u; i++) {
		uint8_t lo = v->lo[i], hi = v->hi[i];

		v->lo[i] = v->lo[k->len - 1 - i];
		v->hi[i] = v->hi[k->len - 1 - i];
		v->lo[k->len - 1 - i] = lo;
		v->hi[k->len - 1 - i] = hi;
	}
	return NFT_EXPR(r, "byteorder",
			NFT_U32(NFTNL_EXPR_BYTEORDER_SREG, NFT_REG0),
			NFT_U32(NFTNL_EXPR_BYTEORDER_DREG, NFT_REG0),
			NFT_U32(NFTNL_EXPR_BYTEORDER_OP, NFT_BYTEORDER_HTON),
			NFT_U32(NFTNL_EXPR_BYTEORDER_LEN, k->len),
			NFT_U32(NFTNL_EXPR_BYTEORDER_SIZE, k->len));
}

static int match_range(struct nft_rule *r, const struct nft_key *k,
		       uint32_t op, struct nft_val *v)
{
	int err = to_network(r, k, v);

	if (err)
		return err;
	if (op == NFT_CMP_NEQ)
		return NFT_EXPR(r, "range",
				NFT_U32(NFTNL_EXPR_RANGE_SREG, NFT_REG0),
				NFT_U32(NFTNL_EXPR_RANGE_OP, NFT_RANGE_NEQ),
				NFT_DATA(NFTNL_EXPR_RANGE_FROM_DATA, v->lo,
					 k->len),
				NFT_DATA(NFTNL_EXPR_RANGE_TO_DATA, v->hi,
					 k->len));
	err = cmp(r, NFT_CMP_GTE, v->lo, k->len);
	return err ? err : cmp(r, NFT_CMP_LTE, v->hi, k->len);
}

static int match_prefix(struct nft_rule *r, const struct nft_key *k,
			uint32_t op, const struct nft_val *v)
{
	uint8_t m[16];
	int err;

	for (unsigned int i = 0; i < k->len; i++)
		m[i] = ~(v->lo[i] ^ v->hi[i]);
	err = mask(r, m, k->len);
	return err ? err : cmp(r, op, v->lo, k->len);
}

static unsigned int bits_set(const struct nft_val *v, unsigned int len)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < len; i++)
		n += __builtin_popcount(v->lo[i]);
	return n;
}

/*
 * `ct state a,b` is any of them, `!= a` compares.  What `!= a,b` means (not
 * both at once, says nft 1.0.6) nobody expects.
 */
static int match_bits(struct nft_rule *r, const struct nft_key *k,
		      bool implicit, uint32_t op, const struct nft_val *v)
{
	static const uint8_t none[16];
	int err;

	if (!implicit && bits_set(v, k->len) > 1)
		return nft_rule_error(r, "several flags can't be compared");
	if (!implicit)
		return cmp(r, op, v->lo, k->len);
	err = mask(r, v->lo, k->len);
	return err ? err : cmp(r, NFT_CMP_NEQ, none, k->len);
}

static int match_shifted(struct nft_rule *r, const struct nft_key *k,
			 uint32_t op, const struct nft_val *v)
{
	static const uint8_t m[] = { 0xff, 0xf8 };
	uint16_t n = (v->lo[0] << 8 | v->lo[1]) << 3;
	uint8_t shifted[] = { n >> 8, n };
	int err = mask(r, m, sizeof(m));

	return err ? err : cmp(r, op, shifted, sizeof(shifted));
}

static int match_value(struct nft_rule *r, struct nft_key *k, bool implicit,
		       uint32_t op)
{
	const struct nft_word *w = nft_words_next(&r->ws);
	struct nft_val v;
	bool is_equal = op == NFT_CMP_EQ || op == NFT_CMP_NEQ;
	int err;

	memset(&v, 0, sizeof(v));
	if (!w || nft_type_parse(k->type, k->len, w, &v))
		return nft_rule_error(r, "no value of the key's type");
	if (!is_equal && (v.shape != NFT_ONE || v.wild ||
			  k->type->form == NFT_FORM_BITS))
		return nft_rule_error(r, "an order needs a single value");
	/* nft loads no more bytes than a prefix fills */
	if (v.shape == NFT_PREFIX && v.plen % 8 == 0 && v.plen &&
	    k->load == NFT_LOAD_PAYLOAD) {
		k->len = v.plen / 8;
		v.shape = NFT_ONE;
	}
	err = nft_match_loads(r, k, 1);
	if (err)
		return err;
	if (op == NFT_CMP_EQ && v.shape == NFT_ONE)
		nft_expr_known(r, k, &v);
	if (v.shape == NFT_RANGE)
		return match_range(r, k, op, &v);
	if (v.shape == NFT_PREFIX)
		return match_prefix(r, k, op, &v);
	if (k->type->form == NFT_FORM_BITS)
		return match_bits(r, k, implicit, op, &v);
	if (k->flags & NFT_KEY_SHIFT3)
		return match_shifted(r, k, op, &v);
	if (!is_equal)
		err = to_network(r, k, &v);
	return err ? err : cmp(r, op, v.lo, v.wild ? v.plen : k->len);
}

/* A value, or flags in parentheses: `(fin | syn)`. */
static int plain_value(struct nft_rule *r, const struct nft_key *k,
		       struct nft_val *v)
{
	const struct nft_word *w;
	struct nft_val one;
	bool list = nft_words_take(&r->ws, "(");

	memset(v, 0, sizeof(*v));
	do {
		w = nft_words_next(&r->ws);
		if (!w || nft_type_parse(k->type, k->len, w, &one) ||
		    one.shape != NFT_ONE || one.wild)
			return nft_rule_error(r, "no value of the key's type");
		for (unsigned int i = 0; i < k->len; i++)
			v->lo[i] |= one.lo[i];
	} while (list && nft_words_take(&r->ws, "|"));
	if (list && !nft_words_take(&r->ws, ")"))
		return nft_rule_error(r, "')' is missing");
	return 0;
}

/* `KEY & MASK == VALUE` */
static int match_masked(struct nft_rule *r, const struct nft_key *k)
{
	struct nft_val m, v;
	uint32_t op = NFT_CMP_EQ;
	int err = plain_value(r, k, &m);

	if (err)
		return err;
	if (nft_words_take(&r->ws, "!="))
		op = NFT_CMP_NEQ;
	else if (!nft_words_take(&r->ws, "=="))
		return nft_rule_error(r, "'==' or '!=' is missing");
	err = plain_value(r, k, &v);
	if (!err)
		err = nft_match_loads(r, k, 1);
	if (!err)
		err = mask(r, m.lo, k->len);
	return err ? err : cmp(r, op, v.lo, k->len);
}

/* `tcp flags VALUE / MASK` and `tcp flags != VALUE / MASK` */
static int match_flags(struct nft_rule *r, const struct nft_key *k,
		       uint32_t op)
{
	struct nft_val m, v;
	int err = plain_value(r, k, &v);

	if (!err && !nft_words_take(&r->ws, "/"))
		return nft_rule_error(r, "'/' is missing");
	if (!err)
		err = plain_value(r, k, &m);
	if (!err)
		err = nft_match_loads(r, k, 1);
	if (!err)
		err = mask(r, m.lo, k->len);
	return err ? err : cmp(r, op, v.lo, k->len);
}

#define NO_DREG	(~0u)

static int lookup(struct nft_rule *r, const struct nft_set *s, bool invert,
		  uint32_t dreg)
{
	struct nft_attr a[5] = {
		NFT_U32(NFTNL_EXPR_LOOKUP_SREG, NFT_REG0),
		NFT_STR(NFTNL_EXPR_LOOKUP_SET, s->name),
	};
	unsigned int n = 2;

	if (s->id)
		a[n++] = (struct nft_attr)NFT_U32(NFTNL_EXPR_LOOKUP_SET_ID,
						  s->id);
	if (dreg != NO_DREG)
		a[n++] = (struct nft_attr)NFT_U32(NFTNL_EXPR_LOOKUP_DREG,
						  dreg);
	if (invert)
		a[n++] = (struct nft_attr)NFT_U32(NFTNL_EXPR_LOOKUP_FLAGS,
						  NFT_LOOKUP_F_INV);
	return nft_expr_add(r, "lookup", a, n);
}

static int anon_elements(struct nft_rule *r, struct nft_set *s,
			 struct nft_elem *e, unsigned int *count)
{
	unsigned int n = 0;

	do {
		if (n == NFT_WORDS / 2)
			return nft_rule_error(r, "too many elements");
		if (nft_elem_key(s, &r->ws, &e[n]))
			return nft_rule_error(r, "no element of this type");
		if (s->ndata && (!nft_words_take(&r->ws, ":") ||
				 nft_elem_data(s, &r->ws, &e[n])))
			return nft_rule_error(r, "no data of this type");
		n++;
	} while (nft_words_take(&r->ws, ","));
	if (!nft_words_take(&r->ws, "}"))
		return nft_rule_error(r, "'}' is missing");
	*count = n;
	return 0;
}

static int anon_put(struct nft_rule *r, struct nft_set *s,
		    const struct nft_elem *e, unsigned int n)
{
	bool ranges = false;
	int err;

	for (unsigned int i = 0; i < n; i++)
		ranges |= !!memcmp(e[i].key, e[i].end, sizeof(e[i].key));
	s->flags = NFT_SET_ANONYMOUS | NFT_SET_CONSTANT;
	s->flags |= ranges ? NFT_SET_INTERVAL : 0;
	s->size = ranges ? 0 : n;
	s->id = ++r->t->next_id;
	strcpy(s->table, r->table);
	strcpy(s->name, s->ndata ? "__map%d" : "__set%d");
	s->family = r->family;
	err = nft_set_finish(s, r->t->err);
	if (!err)
		err = nft_set_put(r->t, NFT_PH_RULE, s, r->who);
	for (unsigned int i = 0; i < n && !err; i++)
		err = nft_elem_append(r->t, NFT_PH_RULE, NFT_MSG_NEWSETELEM,
				      s, &e[i], r->who);
	return err;
}

/* What stands between `{` and `}`, put before the rule into the batch. */
static int anon_set(struct nft_rule *r, const struct nft_key *k, int n,
		    const struct nft_type *const *data, int ndata,
		    struct nft_set *s)
{
	struct nft_elem *e = calloc(NFT_WORDS / 2, sizeof(*e));
	unsigned int count = 0;
	int err;

	if (!e)
		return -ENOMEM;
	memset(s, 0, sizeof(*s));
	for (int i = 0; i < n; i++) {
		s->key[i] = k[i].type;
		s->part[i] = k[i].len;
	}
	s->nkey = n;
	for (int i = 0; i < ndata; i++)
		s->data[i] = data[i];
	s->ndata = ndata;
	s->flags = NFT_SET_INTERVAL;
	err = nft_set_finish(s, r->t->err);
	if (err && n == 1) {	/* no ranges of this type */
		s->flags = 0;
		err = nft_set_finish(s, r->t->err);
	}
	if (!err)
		err = anon_elements(r, s, e, &count);
	if (!err)
		err = anon_put(r, s, e, count);
	free(e);
	return err;
}

static int set_name(struct nft_rule *r, const struct nft_word *w,
		    struct nft_set *s)
{
	memset(s, 0, sizeof(*s));
	if (w->n < 2 || w->n > NFT_NAME)
		return nft_rule_error(r, "no name of a set");
	memcpy(s->name, w->s + 1, w->n - 1);
	return 0;
}

static bool next_is_set(const struct nft_rule *r)
{
	const struct nft_word *w = &r->ws.w[r->ws.i];

	return r->ws.i < r->ws.n && !w->quoted && w->s[0] == '@';
}

static int match_vmap(struct nft_rule *r, const struct nft_key *k, int n)
{
	const struct nft_type *verdict = &nft_types[T_VERDICT];
	struct nft_set s;
	int err = nft_match_loads(r, k, n);

	if (err)
		return err;
	if (next_is_set(r))
		err = set_name(r, nft_words_next(&r->ws), &s);
	else if (nft_words_take(&r->ws, "{"))
		err = anon_set(r, k, n, &verdict, 1, &s);
	else
		err = nft_rule_error(r, "no map");
	return err ? err : lookup(r, &s, false, NFT_REG_VERDICT);
}

static const struct {
	const char *name;
	uint32_t op;
} ops[] = {
	{ "==", NFT_CMP_EQ }, { "!=", NFT_CMP_NEQ }, { "<", NFT_CMP_LT },
	{ "<=", NFT_CMP_LTE }, { ">", NFT_CMP_GT }, { ">=", NFT_CMP_GTE },
};

static bool take_op(struct nft_rule *r, uint32_t *op)
{
	*op = NFT_CMP_EQ;
	for (size_t i = 0; i < sizeof(ops) / sizeof(ops[0]); i++)
		if (nft_words_take(&r->ws, ops[i].name)) {
			*op = ops[i].op;
			return true;
		}
	return false;
}

static int match_set(struct nft_rule *r, const struct nft_key *k, int n,
		     uint32_t op)
{
	struct nft_set s;
	int err = nft_match_loads(r, k, n);

	if (err)
		return err;
	if (op != NFT_CMP_EQ && op != NFT_CMP_NEQ)
		return nft_rule_error(r, "a set has no order");
	if (next_is_set(r))
		err = set_name(r, nft_words_next(&r->ws), &s);
	else if (nft_words_take(&r->ws, "{"))
		err = anon_set(r, k, n, NULL, 0, &s);
	else
		err = nft_rule_error(r, "a concatenation needs a set");
	return err ? err : lookup(r, &s, op == NFT_CMP_NEQ, NO_DREG);
}

int nft_match(struct nft_rule *r)
{
	struct nft_key k[NFT_PARTS];
	bool explicit;
	uint32_t op;
	int n = nft_match_keys(r, k), err;

	if (n <= 0)
		return n;
	if (nft_words_take(&r->ws, "vmap")) {
		err = match_vmap(r, k, n);
		return err ? err : 1;
	}
	if (n == 1 && nft_words_take(&r->ws, "&")) {
		err = match_masked(r, k);
		return err ? err : 1;
	}
	explicit = take_op(r, &op);
	if (n > 1 || next_is_set(r) || nft_words_is(&r->ws, 0, "{"))
		err = match_set(r, k, n, op);
	else if (nft_words_is(&r->ws, 1, "/"))
		err = match_flags(r, k, op);
	else
		err = match_value(r, k, !explicit, op);
	return err ? err : 1;
}

int nft_match_map(struct nft_rule *r, const struct nft_type *const *want,
		  int nwant, struct nft_set *s)
{
	struct nft_key k[NFT_PARTS];
	const struct nft_set *known;
	int n = nft_match_keys(r, k), err;

	if (n <= 0)
		return n < 0 ? n : nft_rule_error(r, "no key");
	if (!nft_words_take(&r->ws, "map"))
		return nft_rule_error(r, "'map' is missing");
	err = nft_match_loads(r, k, n);
	if (err)
		return err;
	if (nft_words_take(&r->ws, "{")) {
		err = anon_set(r, k, n, want, nwant, s);
	} else if (next_is_set(r)) {
		err = set_name(r, nft_words_next(&r->ws), s);
		known = err ? NULL : nft_set_find(r->t, r->family, r->table,
						  s->name);
		if (!err && !known)
			err = nft_rule_error(r, "a map that is not known");
		if (!err)
			*s = *known;
	} else {
		err = nft_rule_error(r, "no map");
	}
	return err ? err : lookup(r, s, false, NFT_REG0);
}

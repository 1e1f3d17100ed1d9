// dump.c - what the kernel holds in our tables
// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>
#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <libnftnl/chain.h>
#include <libnftnl/set.h>
#include <libnftnl/udata.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <stdlib.h>
#include <string.h>

#include "netd/arena.h"
#include "netd/field.h"
#include "nft.h"

#define TRIES	20

static const struct {
	int family;
	const char *name;
} families[] = {
	{ NFPROTO_INET, "inet" },
	{ NFPROTO_BRIDGE, "bridge" },
};

const char *nft_family_name(int family)
{
	for (int i = 0; i < 2; i++)
		if (families[i].family == family)
			return families[i].name;
	return "";
}

int nft_family_by_name(const char *name, size_t n)
{
	for (int i = 0; i < 2; i++)
		if (strlen(families[i].name) == n &&
		    !memcmp(families[i].name, name, n))
			return families[i].family;
	return -EINVAL;
}

/* Room for one more in a list that lives in the arena. */
static void *grow(struct arena *a, void *list, uint32_t n, uint32_t *cap,
		  size_t size)
{
	void *wider;

	if (n < *cap)
		return list;
	*cap = *cap ? 2 * *cap : 16;
	wider = arena_alloc(a, *cap * size);
	if (n)
		memcpy(wider, list, n * size);
	return wider;
}

static struct nlmsghdr *request(char *buf, int type, int family)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct nfgenmsg *g;

	nlh->nlmsg_type = NFNL_SUBSYS_NFTABLES << 8 | type;
	nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	g = mnl_nlmsg_put_extra_header(nlh, sizeof(*g));
	g->nfgen_family = family;
	g->version = NFNETLINK_V0;
	return nlh;
}

static int family_of(const struct nlmsghdr *nlh)
{
	const struct nfgenmsg *g = mnl_nlmsg_get_payload(nlh);

	return g->nfgen_family;
}

/* The attributes of the message by type; those beyond max are left out. */
static void attrs(const struct nlmsghdr *nlh, const struct nlattr **tb,
		  unsigned int max)
{
	const struct nlattr *a;

	memset(tb, 0, (max + 1) * sizeof(*tb));
	mnl_attr_for_each(a, nlh, sizeof(struct nfgenmsg))
		if (mnl_attr_get_type(a) <= max)
			tb[mnl_attr_get_type(a)] = a;
}

static void nested(const struct nlattr *nest, const struct nlattr **tb,
		   unsigned int max)
{
	const struct nlattr *a;

	memset(tb, 0, (max + 1) * sizeof(*tb));
	mnl_attr_for_each_nested(a, nest)
		if (mnl_attr_get_type(a) <= max)
			tb[mnl_attr_get_type(a)] = a;
}

/* The attribute is a string and this one. */
static bool is_str(const struct nlattr *a, const char *s)
{
	return a && !mnl_attr_validate(a, MNL_TYPE_NUL_STRING) &&
		!strcmp(mnl_attr_get_str(a), s);
}

static uint32_t get_be32(const struct nlattr *a)
{
	return a && mnl_attr_get_payload_len(a) >= 4 ?
		ntohl(mnl_attr_get_u32(a)) : 0;
}

/* A TLV of user data: type, length, value. */
static const uint8_t *udata_find(const uint8_t *p, unsigned int n,
				 uint8_t type, unsigned int len)
{
	while (n >= 2 && n - 2 >= p[1]) {
		if (p[0] == type && p[1] == len)
			return p + 2;
		n -= 2 + p[1];
		p += 2 + p[1];
	}
	return NULL;
}

static int table_reply(const struct nlmsghdr *nlh, void *arg)
{
	const struct nlattr *tb[NFTA_TABLE_OWNER + 1];
	struct nft_found *f = arg;

	attrs(nlh, tb, NFTA_TABLE_OWNER);
	if (!is_str(tb[NFTA_TABLE_NAME], f->table))
		return 0;
	f->tables = grow(f->arena, f->tables, f->ntables, &f->ctables,
			 sizeof(f->tables[0]));
	f->tables[f->ntables++] = (struct nft_found_table){
		.family = family_of(nlh),
		.flags = get_be32(tb[NFTA_TABLE_FLAGS]),
		.owner = get_be32(tb[NFTA_TABLE_OWNER]),
	};
	return 0;
}

static void base_fill(const struct nftnl_chain *c, struct nft_base *b)
{
	const char *type = nftnl_chain_get_str(c, NFTNL_CHAIN_TYPE);

	b->is_base = nftnl_chain_is_set(c, NFTNL_CHAIN_HOOKNUM);
	if (!b->is_base)
		return;
	snprintf(b->type, sizeof(b->type), "%s", type ? type : "");
	b->hook = nftnl_chain_get_u32(c, NFTNL_CHAIN_HOOKNUM);
	b->prio = nftnl_chain_get_s32(c, NFTNL_CHAIN_PRIO);
	b->policy = nftnl_chain_get_u32(c, NFTNL_CHAIN_POLICY);
}

static int chain_reply(const struct nlmsghdr *nlh, void *arg)
{
	struct nft_found *f = arg;
	struct nftnl_chain *c = nftnl_chain_alloc();
	struct nft_found_chain *n;

	if (!c)
		return -ENOMEM;
	if (nftnl_chain_nlmsg_parse(nlh, c) < 0 ||
	    strcmp(nftnl_chain_get_str(c, NFTNL_CHAIN_TABLE), f->table)) {
		nftnl_chain_free(c);
		return 0;
	}
	f->chains = grow(f->arena, f->chains, f->nchains, &f->cchains,
			 sizeof(f->chains[0]));
	n = &f->chains[f->nchains++];
	memset(n, 0, sizeof(*n));
	n->family = family_of(nlh);
	n->name = arena_strdup(f->arena,
			       nftnl_chain_get_str(c, NFTNL_CHAIN_NAME));
	base_fill(c, &n->base);
	nftnl_chain_free(c);
	return 0;
}

/* Rules come chain by chain, in the order in which chains came. */
static struct nft_found_chain *chain_find(struct nft_found *f, int family,
					  const struct nlattr *name)
{
	for (uint32_t i = 0; i < f->nchains; i++) {
		uint32_t at = (f->hit + i) % f->nchains;
		struct nft_found_chain *c = &f->chains[at];

		if (c->family == family && is_str(name, c->name)) {
			f->hit = at;
			return c;
		}
	}
	return NULL;
}

static void mark_add(struct nft_found *f, struct nft_found_chain *c,
		     const uint8_t *p)
{
	c->marks = grow(f->arena, c->marks, c->nmarks, &c->cmarks,
			sizeof(c->marks[0]));
	memcpy(&c->marks[c->nmarks++], p, sizeof(c->marks[0]));
}

static int rule_reply(const struct nlmsghdr *nlh, void *arg)
{
	const struct nlattr *tb[NFTA_RULE_USERDATA + 1], *u;
	struct nft_found *f = arg;
	struct nft_found_chain *c;
	struct nft_stamp stamp;
	const uint8_t *p = NULL;
	unsigned int n = 0;

	attrs(nlh, tb, NFTA_RULE_USERDATA);
	if (!is_str(tb[NFTA_RULE_TABLE], f->table))
		return 0;
	c = chain_find(f, family_of(nlh), tb[NFTA_RULE_CHAIN]);
	if (!c)
		return -EINTR;
	u = tb[NFTA_RULE_USERDATA];
	if (u) {
		n = mnl_attr_get_payload_len(u);
		p = udata_find(mnl_attr_get_payload(u), n, NFT_UDATA_HASH,
			       sizeof(stamp));
	}
	if (!p) {
		c->bad = true;
		c->rules++;
		return 0;
	}
	memcpy(&stamp, p, sizeof(stamp));
	if (!c->rules)
		c->stamp = stamp;
	if (stamp.hash != c->stamp.hash || stamp.base != c->stamp.base ||
	    stamp.count != c->stamp.count || stamp.index != c->rules)
		c->bad = true;
	c->rules++;
	p = udata_find(mnl_attr_get_payload(u), n, NFT_UDATA_MARK, 4);
	if (p)
		mark_add(f, c, p);
	return 0;
}

/* A chain without rules bears no stamp: its text can only have been this. */
static void chain_finish(struct nft_found_chain *c)
{
	char head[128];
	unsigned int n = 0;

	if (c->base.is_base && !c->rules)
		n = nft_chain_base_print(&c->base, c->family, head,
					 sizeof(head));
	if (!c->rules)
		c->hash = hash64(head, n);
	else if (!c->bad && c->rules == c->stamp.count &&
		 c->stamp.base == nft_chain_base_hash(&c->base))
		c->hash = c->stamp.hash;
}

static int set_fill(const struct nftnl_set *n, struct nft_set *s)
{
	char err[NFT_ERR];
	const uint8_t *p, *hash;
	uint32_t len = 0;
	int parts;

	snprintf(s->table, sizeof(s->table), "%s",
		 nftnl_set_get_str(n, NFTNL_SET_TABLE));
	snprintf(s->name, sizeof(s->name), "%s",
		 nftnl_set_get_str(n, NFTNL_SET_NAME));
	s->flags = nftnl_set_get_u32(n, NFTNL_SET_FLAGS);
	parts = nft_set_types_by_id(nftnl_set_get_u32(n, NFTNL_SET_KEY_TYPE),
				    s->key);
	if (parts < 0)
		return parts;
	s->nkey = parts;
	if (s->flags & NFT_SET_MAP) {
		uint32_t id = nftnl_set_get_u32(n, NFTNL_SET_DATA_TYPE);

		s->data[0] = &nft_types[T_VERDICT];
		parts = id == NFT_DATA_VERDICT ? 1 :
			nft_set_types_by_id(id, s->data);
		if (parts < 0)
			return parts;
		s->ndata = parts;
	}
	p = nftnl_set_get_data(n, NFTNL_SET_USERDATA, &len);
	hash = p ? udata_find(p, len, NFT_UDATA_HASH, sizeof(s->hash)) : NULL;
	if (hash)
		memcpy(&s->hash, hash, sizeof(s->hash));
	p = p ? udata_find(p, len, NFTNL_UDATA_SET_DATA_INTERVAL, 4) : NULL;
	s->data_interval = p && p[0];
	return nft_set_finish(s, err);
}

static int set_reply(const struct nlmsghdr *nlh, void *arg)
{
	struct nftnl_set *n = nftnl_set_alloc();
	struct nft_found *f = arg;
	struct nft_set *s;

	if (!n)
		return -ENOMEM;
	if (nftnl_set_nlmsg_parse(nlh, n) < 0 ||
	    strcmp(nftnl_set_get_str(n, NFTNL_SET_TABLE), f->table) ||
	    nftnl_set_get_u32(n, NFTNL_SET_FLAGS) & NFT_SET_ANONYMOUS) {
		nftnl_set_free(n);
		return 0;
	}
	f->sets = grow(f->arena, f->sets, f->nsets, &f->csets,
		       sizeof(f->sets[0]));
	s = &f->sets[f->nsets++];
	memset(s, 0, sizeof(*s));
	s->family = family_of(nlh);
	/* Types we never make: foreign, known by its hash of 0. */
	if (set_fill(n, s)) {
		s->nkey = 0;
		s->hash = 0;
	}
	nftnl_set_free(n);
	return 0;
}

struct part {			/* an element as it comes */
	struct nft_elem e;
	bool end;		/* only the end of the interval before it */
};

struct elems {
	struct nft_found *f;
	uint32_t set;
	struct part *parts;	/* of a set of intervals */
	uint32_t n, cap;
	char prefix[2 * NFT_NAME + 16];
	unsigned int len;
};

static void elem_found(struct elems *x, const struct nft_elem *e)
{
	char buf[2 * NFT_NAME + 16 + NFT_TEXT], data[NFT_TEXT];
	struct nft_found *f = x->f;
	const struct nft_set *s = &f->sets[x->set];
	struct nft_found_elem *n;
	unsigned int len;

	f->elems = grow(f->arena, f->elems, f->nelems, &f->celems,
			sizeof(f->elems[0]));
	n = &f->elems[f->nelems++];
	memcpy(buf, x->prefix, x->len);
	len = x->len + nft_elem_print_key(s, e, buf + x->len, NFT_TEXT);
	n->set = x->set;
	n->name = arena_strndup(f->arena, buf, len);
	n->key = n->name + x->len;
	n->data = "";
	if (s->ndata) {
		len = nft_elem_print_data(s, e, data, sizeof(data));
		n->data = arena_strndup(f->arena, data, len);
	}
}

/* Copies NFTA_DATA_VALUE of a nest; its length must be that of the set. */
static bool value(const struct nlattr *nest, uint8_t *out, uint32_t len)
{
	const struct nlattr *tb[NFTA_DATA_VERDICT + 1];

	if (!nest)
		return false;
	nested(nest, tb, NFTA_DATA_VERDICT);
	if (!tb[NFTA_DATA_VALUE] || len > NFT_KEYLEN ||
	    mnl_attr_get_payload_len(tb[NFTA_DATA_VALUE]) != len)
		return false;
	memcpy(out, mnl_attr_get_payload(tb[NFTA_DATA_VALUE]), len);
	return true;
}

static bool verdict(const struct nlattr *nest, struct nft_elem *e)
{
	const struct nlattr *tb[NFTA_DATA_VERDICT + 1];
	const struct nlattr *v[NFTA_VERDICT_CHAIN + 1];

	if (!nest)
		return false;
	nested(nest, tb, NFTA_DATA_VERDICT);
	if (!tb[NFTA_DATA_VERDICT])
		return false;
	nested(tb[NFTA_DATA_VERDICT], v, NFTA_VERDICT_CHAIN);
	e->verdict = get_be32(v[NFTA_VERDICT_CODE]);
	e->chain[0] = 0;
	if (v[NFTA_VERDICT_CHAIN] &&
	    !mnl_attr_validate(v[NFTA_VERDICT_CHAIN], MNL_TYPE_NUL_STRING))
		snprintf(e->chain, sizeof(e->chain), "%s",
			 mnl_attr_get_str(v[NFTA_VERDICT_CHAIN]));
	return true;
}

static bool elem_read(const struct nft_set *s, const struct nlattr *nest,
		      struct part *p)
{
	const struct nlattr *tb[NFTA_SET_ELEM_MAX + 1];

	nested(nest, tb, NFTA_SET_ELEM_MAX);
	p->end = get_be32(tb[NFTA_SET_ELEM_FLAGS]) & NFT_SET_ELEM_INTERVAL_END;
	if (!value(tb[NFTA_SET_ELEM_KEY], p->e.key, s->key_len))
		return false;
	if (!value(tb[NFTA_SET_ELEM_KEY_END], p->e.end, s->key_len))
		memcpy(p->e.end, p->e.key, s->key_len);
	if (!s->ndata || p->end)
		return true;
	if (nft_set_is_verdict_map(s))
		return verdict(tb[NFTA_SET_ELEM_DATA], &p->e);
	return value(tb[NFTA_SET_ELEM_DATA], p->e.data, s->data_len);
}

static int elem_reply(const struct nlmsghdr *nlh, void *arg)
{
	const struct nlattr *tb[NFTA_SET_ELEM_LIST_ELEMENTS + 1], *a;
	struct elems *x = arg;
	const struct nft_set *s = &x->f->sets[x->set];
	bool pairs = s->flags & NFT_SET_INTERVAL && s->nkey == 1;
	struct part p;

	attrs(nlh, tb, NFTA_SET_ELEM_LIST_ELEMENTS);
	if (!tb[NFTA_SET_ELEM_LIST_ELEMENTS])
		return 0;
	mnl_attr_for_each_nested(a, tb[NFTA_SET_ELEM_LIST_ELEMENTS]) {
		if (!elem_read(s, a, &p))
			continue;
		if (!pairs) {
			elem_found(x, &p.e);
			continue;
		}
		x->parts = grow(x->f->arena, x->parts, x->n, &x->cap,
				sizeof(p));
		x->parts[x->n++] = p;
	}
	return 0;
}

/* By key, the end of an interval before the begin of the next. */
static int part_cmp(const void *pa, const void *pb)
{
	const struct part *a = pa, *b = pb;
	int d = memcmp(a->e.key, b->e.key, 16);

	return d ? d : b->end - a->end;
}

/* Joins begin and end elements: the end is one past the last. */
static void intervals(struct elems *x)
{
	uint32_t len = x->f->sets[x->set].key_len;

	for (uint32_t i = 0; i < x->n; i++)
		memset(x->parts[i].e.key + len, 0, NFT_KEYLEN - len);
	if (x->n)
		qsort(x->parts, x->n, sizeof(x->parts[0]), part_cmp);
	for (uint32_t i = 0; i < x->n; i++) {
		struct nft_elem *e = &x->parts[i].e;

		if (x->parts[i].end)
			continue;
		memset(e->end, 0xff, len);
		if (i + 1 < x->n) {
			memcpy(e->end, x->parts[i + 1].e.key, len);
			for (uint32_t b = len; b-- > 0 && !e->end[b]--;)
				;
		}
		elem_found(x, e);
	}
}

int nft_dump_set(struct nft_sock *k, struct nft_found *f, uint32_t set)
{
	const struct nft_set *s = &f->sets[set];
	struct elems x = { .f = f, .set = set };
	_Alignas(8) char buf[512];
	uint32_t before = f->nelems;
	struct nlmsghdr *nlh = request(buf, NFT_MSG_GETSETELEM, s->family);
	int err;

	if (!s->nkey)
		return 0;
	x.len = snprintf(x.prefix, sizeof(x.prefix), "%s %s %s ",
			 nft_family_name(s->family), s->table, s->name);
	mnl_attr_put_strz(nlh, NFTA_SET_ELEM_LIST_TABLE, s->table);
	mnl_attr_put_strz(nlh, NFTA_SET_ELEM_LIST_SET, s->name);
	err = nft_sock_ask(k, nlh, elem_reply, &x);
	if (err)
		f->nelems = before;
	else
		intervals(&x);
	return err;
}

/* One kind of thing, in both families. */
static int ask(struct nft_sock *k, struct nft_found *f, int type,
	       uint16_t table_attr, nft_reply_fn *fn)
{
	_Alignas(8) char buf[512];
	int err = 0;

	for (int i = 0; i < 2 && !err; i++) {
		struct nlmsghdr *nlh = request(buf, type, families[i].family);

		if (table_attr)
			mnl_attr_put_strz(nlh, table_attr, f->table);
		err = nft_sock_ask(k, nlh, fn, f);
		/* no such table, or no such family in this kernel */
		if (err == -ENOENT || err == -EAFNOSUPPORT)
			err = 0;
	}
	return err;
}

static int dump_once(struct nft_sock *k, bool elements, struct nft_found *f)
{
	int err = ask(k, f, NFT_MSG_GETTABLE, 0, table_reply);

	if (err || !f->ntables)
		return err;
	err = ask(k, f, NFT_MSG_GETCHAIN, 0, chain_reply);
	if (!err)
		err = ask(k, f, NFT_MSG_GETRULE, NFTA_RULE_TABLE, rule_reply);
	for (uint32_t i = 0; i < f->nchains; i++)
		chain_finish(&f->chains[i]);
	if (!err)
		err = ask(k, f, NFT_MSG_GETSET, NFTA_SET_TABLE, set_reply);
	for (uint32_t i = 0; i < f->nsets && elements && !err; i++)
		if (!nft_set_is_learned(&f->sets[i]))
			err = nft_dump_set(k, f, i);
	return err;
}

static int base_reply(const struct nlmsghdr *nlh, void *arg)
{
	struct nftnl_chain *c = nftnl_chain_alloc();

	if (!c)
		return -ENOMEM;
	if (nftnl_chain_nlmsg_parse(nlh, c) >= 0)
		base_fill(c, arg);
	nftnl_chain_free(c);
	return 0;
}

int nft_dump_base(struct nft_sock *k, int family, const char *table,
		  const char *chain, struct nft_base *b)
{
	_Alignas(8) char buf[512];
	struct nlmsghdr *nlh = request(buf, NFT_MSG_GETCHAIN, family);

	memset(b, 0, sizeof(*b));
	nlh->nlmsg_flags = NLM_F_REQUEST;
	mnl_attr_put_strz(nlh, NFTA_CHAIN_TABLE, table);
	mnl_attr_put_strz(nlh, NFTA_CHAIN_NAME, chain);
	return nft_sock_ask(k, nlh, base_reply, b);
}

int nft_dump_sets(struct nft_sock *k, const char *table, struct arena *arena,
		  struct nft_found *f)
{
	int err = -EINTR;

	for (int i = 0; i < TRIES && err == -EINTR; i++) {
		*f = (struct nft_found){ .table = table, .arena = arena };
		err = ask(k, f, NFT_MSG_GETSET, NFTA_SET_TABLE, set_reply);
	}
	return err;
}

int nft_dump(struct nft_sock *k, const char *table, bool elements,
	     struct arena *arena, struct nft_found *f)
{
	uint32_t after;
	int err;

	for (int i = 0; i < TRIES; i++) {
		*f = (struct nft_found){ .table = table, .arena = arena };
		err = nft_sock_generation(k, &f->gen);
		if (!err)
			err = dump_once(k, elements, f);
		/* a set may go between its listing and that of its elements */
		if (err == -EINTR || err == -ENOENT)
			continue;
		if (!err)
			err = nft_sock_generation(k, &after);
		if (err || after == f->gen)
			return err;
	}
	return -EAGAIN;
}

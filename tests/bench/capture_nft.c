// capture_nft.c - the requests that would make the nft tables of now
// SPDX-License-Identifier: GPL-2.0-or-later
//
// What the kernel dumps is what it takes, but for handles, counts and the
// like: each attribute that a request may carry is copied as it is.
#include "bench.h"

#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdio.h>
#include <string.h>

#define MSG_SIZE 65536

struct what {
	struct reqs *r;		/* NULL: only dump */
	struct mnl_socket *s;
	uint8_t family;
	char table[64], set[64];
	struct { char name[64]; bool filled; } sets[512];
	unsigned int nsets;
};

static struct nlmsghdr *msg(char *buf, int type, int family)
{
	struct nlmsghdr *h = mnl_nlmsg_put_header(buf);
	struct nfgenmsg *nfg = mnl_nlmsg_put_extra_header(h, sizeof(*nfg));

	h->nlmsg_type = NFNL_SUBSYS_NFTABLES << 8 | type;
	h->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	nfg->nfgen_family = family;
	nfg->version = NFNETLINK_V0;
	return h;
}

static void put_copies(struct nlmsghdr *h, const struct nlattr *const *a,
		       const int *which)
{
	for (; *which; which++)
		if (a[*which])
			mnl_attr_put(h, a[*which]->nla_type,
				     mnl_attr_get_payload_len(a[*which]),
				     mnl_attr_get_payload(a[*which]));
}

static void add(struct what *w, enum step step, int type, int flags,
		const char *of, const struct nlmsghdr *h)
{
	struct req q = {
		.way = WAY_NFT, .step = step, .flags = flags,
		.type = NFNL_SUBSYS_NFTABLES << 8 | type,
	};

	if (!w->r)
		return;
	snprintf(q.of, sizeof(q.of), "%d %s %s", w->family, w->table, of);
	reqs_add(w->r, &q, mnl_nlmsg_get_payload(h),
		 h->nlmsg_len - MNL_NLMSG_HDRLEN);
}

static bool in_table(const struct what *w, const struct nlattr *a)
{
	return a && !strcmp(mnl_attr_get_str(a), w->table);
}

static int on_chain(const struct nlmsghdr *h, void *arg)
{
	static const int keep[] = {
		NFTA_CHAIN_TABLE, NFTA_CHAIN_NAME, NFTA_CHAIN_HOOK,
		NFTA_CHAIN_POLICY, NFTA_CHAIN_TYPE, NFTA_CHAIN_FLAGS,
		NFTA_CHAIN_USERDATA, 0
	};
	const struct nlattr *a[MAX_ATTR] = { NULL };
	struct what *w = arg;
	char buf[MSG_SIZE];
	struct nlmsghdr *m = msg(buf, NFT_MSG_NEWCHAIN, w->family);

	mnl_attr_parse(h, sizeof(struct nfgenmsg), take_attr, a);
	if (!in_table(w, a[NFTA_CHAIN_TABLE]))
		return 0;
	put_copies(m, a, keep);
	add(w, STEP_CHAIN, NFT_MSG_NEWCHAIN, NLM_F_CREATE, "", m);
	return 0;
}

/*
 * What the kernel dumps of an expression and doesn't take: the timeout of a
 * dynset that has none, the flags of an exthdr that writes.
 */
static bool not_taken(const char *name, const struct nlattr *const *all,
		      int attr)
{
	if (!strcmp(name, "dynset"))
		return attr == NFTA_DYNSET_TIMEOUT &&
			!mnl_attr_get_u64(all[attr]);
	if (!strcmp(name, "exthdr"))
		return attr == NFTA_EXTHDR_FLAGS && all[NFTA_EXTHDR_SREG];
	return false;
}

static void put_expression(struct nlmsghdr *m, const struct nlattr *e)
{
	const struct nlattr *a[MAX_ATTR] = { NULL }, *data[MAX_ATTR] = { NULL };
	struct nlattr *n = mnl_attr_nest_start(m, NFTA_LIST_ELEM), *d;
	const char *name;
	int i;

	mnl_attr_parse_nested(e, take_attr, a);
	name = mnl_attr_get_str(a[NFTA_EXPR_NAME]);
	mnl_attr_put_strz(m, NFTA_EXPR_NAME, name);
	if (a[NFTA_EXPR_DATA]) {
		mnl_attr_parse_nested(a[NFTA_EXPR_DATA], take_attr, data);
		d = mnl_attr_nest_start(m, NFTA_EXPR_DATA);
		for (i = 0; i < MAX_ATTR; i++)
			if (data[i] && !not_taken(name, data, i))
				mnl_attr_put(m, data[i]->nla_type,
					mnl_attr_get_payload_len(data[i]),
					mnl_attr_get_payload(data[i]));
		mnl_attr_nest_end(m, d);
	}
	mnl_attr_nest_end(m, n);
}

static int on_rule(const struct nlmsghdr *h, void *arg)
{
	static const int keep[] = {
		NFTA_RULE_TABLE, NFTA_RULE_CHAIN, NFTA_RULE_USERDATA, 0
	};
	const struct nlattr *a[MAX_ATTR] = { NULL }, *e;
	struct nlattr *list;
	struct what *w = arg;
	char buf[MSG_SIZE];
	struct nlmsghdr *m = msg(buf, NFT_MSG_NEWRULE, w->family);

	mnl_attr_parse(h, sizeof(struct nfgenmsg), take_attr, a);
	if (!in_table(w, a[NFTA_RULE_TABLE]))
		return 0;
	put_copies(m, a, keep);
	list = mnl_attr_nest_start(m, NFTA_RULE_EXPRESSIONS);
	if (a[NFTA_RULE_EXPRESSIONS])
		mnl_attr_for_each_nested(e, a[NFTA_RULE_EXPRESSIONS])
			put_expression(m, e);
	mnl_attr_nest_end(m, list);
	add(w, STEP_RULE, NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND,
	    mnl_attr_get_str(a[NFTA_RULE_CHAIN]), m);
	return 0;
}

static int on_set(const struct nlmsghdr *h, void *arg)
{
	static const int keep[] = {
		NFTA_SET_TABLE, NFTA_SET_NAME, NFTA_SET_FLAGS,
		NFTA_SET_KEY_TYPE, NFTA_SET_KEY_LEN, NFTA_SET_DATA_TYPE,
		NFTA_SET_DATA_LEN, NFTA_SET_POLICY, NFTA_SET_DESC,
		NFTA_SET_TIMEOUT, NFTA_SET_GC_INTERVAL, NFTA_SET_USERDATA,
		NFTA_SET_EXPR, NFTA_SET_EXPRESSIONS, 0
	};
	const struct nlattr *a[MAX_ATTR] = { NULL };
	struct what *w = arg;
	char buf[MSG_SIZE];
	struct nlmsghdr *m = msg(buf, NFT_MSG_NEWSET, w->family);
	uint32_t flags;

	mnl_attr_parse(h, sizeof(struct nfgenmsg), take_attr, a);
	if (!in_table(w, a[NFTA_SET_TABLE]))
		return 0;
	put_copies(m, a, keep);
	/* must be there; sets are looked up by their names */
	mnl_attr_put_u32(m, NFTA_SET_ID, htonl(1));
	add(w, STEP_SET, NFT_MSG_NEWSET, NLM_F_CREATE,
	    mnl_attr_get_str(a[NFTA_SET_NAME]), m);
	if (w->nsets == MNL_ARRAY_SIZE(w->sets))
		die("too many sets");
	flags = a[NFTA_SET_FLAGS] ?
		ntohl(mnl_attr_get_u32(a[NFTA_SET_FLAGS])) : 0;
	snprintf(w->sets[w->nsets].name, 64, "%s",
		 mnl_attr_get_str(a[NFTA_SET_NAME]));
	w->sets[w->nsets++].filled = flags & NFT_SET_EVAL;
	return 0;
}

/* Each element is a request of its own here; sending puts them together. */
static int on_elements(const struct nlmsghdr *h, void *arg)
{
	const struct nlattr *a[MAX_ATTR] = { NULL }, *e, *k;
	struct what *w = arg;
	char buf[MSG_SIZE];
	struct nlmsghdr *m;
	struct nlattr *n;

	mnl_attr_parse(h, sizeof(struct nfgenmsg), take_attr, a);
	if (!a[NFTA_SET_ELEM_LIST_ELEMENTS])
		return 0;
	mnl_attr_for_each_nested(e, a[NFTA_SET_ELEM_LIST_ELEMENTS]) {
		/* the element's attribute alone */
		m = mnl_nlmsg_put_header(buf);
		n = mnl_attr_nest_start(m, NFTA_LIST_ELEM);
		mnl_attr_for_each_nested(k, e) {
			int type = mnl_attr_get_type(k);

			if (type != NFTA_SET_ELEM_TIMEOUT &&
			    type != NFTA_SET_ELEM_EXPIRATION)
				mnl_attr_put(m, k->nla_type,
					     mnl_attr_get_payload_len(k),
					     mnl_attr_get_payload(k));
		}
		mnl_attr_nest_end(m, n);
		add(w, STEP_ELEMENT, NFT_MSG_NEWSETELEM, NLM_F_CREATE, w->set, m);
	}
	return 0;
}

static void dump(struct what *w, int type, int table_attr,
		 int (*cb)(const struct nlmsghdr *, void *))
{
	char buf[1024];
	struct nlmsghdr *h = msg(buf, type, w->family);

	if (table_attr)
		mnl_attr_put_strz(h, table_attr, w->table);
	if (type == NFT_MSG_GETSETELEM)
		mnl_attr_put_strz(h, NFTA_SET_ELEM_LIST_SET, w->set);
	nl_dump(w->s, h, w->r || type == NFT_MSG_GETSET ? cb : NULL, w);
}

static void capture_table(struct what *w)
{
	unsigned int i;

	w->nsets = 0;
	dump(w, NFT_MSG_GETSET, NFTA_SET_TABLE, on_set);
	/* dumping chains knows no table */
	dump(w, NFT_MSG_GETCHAIN, 0, on_chain);
	dump(w, NFT_MSG_GETRULE, NFTA_RULE_TABLE, on_rule);
	for (i = 0; i < w->nsets; i++) {
		if (w->sets[i].filled)
			continue;
		snprintf(w->set, sizeof(w->set), "%s", w->sets[i].name);
		dump(w, NFT_MSG_GETSETELEM, NFTA_SET_ELEM_LIST_TABLE,
		     on_elements);
	}
}

static struct {
	uint8_t family;
	char name[64];
} tables[64];
static unsigned int ntables;

static int on_table(const struct nlmsghdr *h, void *arg)
{
	const struct nfgenmsg *nfg = mnl_nlmsg_get_payload(h);
	const struct nlattr *a[MAX_ATTR] = { NULL };
	struct what *w = arg;
	char buf[MSG_SIZE];
	struct nlmsghdr *m = msg(buf, NFT_MSG_NEWTABLE, nfg->nfgen_family);

	mnl_attr_parse(h, sizeof(*nfg), take_attr, a);
	/* without its flags: an owned table would end with our socket */
	mnl_attr_put_strz(m, NFTA_TABLE_NAME,
			  mnl_attr_get_str(a[NFTA_TABLE_NAME]));
	w->family = nfg->nfgen_family;
	w->table[0] = 0;
	add(w, STEP_TABLE, NFT_MSG_NEWTABLE, NLM_F_CREATE, "", m);
	tables[ntables].family = nfg->nfgen_family;
	snprintf(tables[ntables++].name, 64, "%s",
		 mnl_attr_get_str(a[NFTA_TABLE_NAME]));
	return 0;
}

void capture_nft(struct reqs *r)
{
	static struct what w;
	char buf[256];
	unsigned int i;

	w.r = r;
	ntables = 0;
	w.s = nl_open("", NETLINK_NETFILTER);
	nl_dump(w.s, msg(buf, NFT_MSG_GETTABLE, NFPROTO_UNSPEC), on_table, &w);
	for (i = 0; i < ntables; i++) {
		w.family = tables[i].family;
		snprintf(w.table, sizeof(w.table), "%s", tables[i].name);
		capture_table(&w);
	}
	mnl_socket_close(w.s);
}

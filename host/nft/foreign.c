// foreign.c - rules of others in words, so that it can be told what they drop
// SPDX-License-Identifier: GPL-2.0-or-later
#include "foreign.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <libnftnl/chain.h>
#include <libnftnl/rule.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "driver.h"
#include "netd/arena.h"
#include "netd/buf.h"

#define TRIES	20
#define CLEANUP(fn) __attribute__((cleanup(fn)))

struct f_chain {
	int family;
	const char *table, *name;
	char head[80];
	struct buf text;
};

struct f_rules {
	struct arena *arena;
	struct f_chain *chains;
	struct nftnl_rule **rules;
	uint32_t nchains, cchains, nrules, crules;
};

static const char *family_text(int family)
{
	switch (family) {
	case NFPROTO_IPV4:
		return "ip";
	case NFPROTO_IPV6:
		return "ip6";
	case NFPROTO_INET:
		return "inet";
	case NFPROTO_BRIDGE:
		return "bridge";
	}
	return NULL;
}

static bool is_foreign(int family, const char *table)
{
	return family_text(family) && table && strcmp(table, NFT_OUR_TABLE);
}

static void *grow(void *list, uint32_t n, uint32_t *cap, size_t size)
{
	void *wider = list;

	if (n == *cap) {
		*cap = *cap ? 2 * *cap : 64;
		wider = realloc(list, *cap * size);
	}
	if (!wider)
		abort();
	return wider;
}

static int on_chain(const struct nlmsghdr *nlh, void *arg)
{
	const struct nfgenmsg *g = mnl_nlmsg_get_payload(nlh);
	struct nftnl_chain *c = nftnl_chain_alloc();
	struct f_rules *f = arg;
	struct f_chain *n;

	if (!c)
		return -ENOMEM;
	if (nftnl_chain_nlmsg_parse(nlh, c) < 0 ||
	    !is_foreign(g->nfgen_family,
			nftnl_chain_get_str(c, NFTNL_CHAIN_TABLE))) {
		nftnl_chain_free(c);
		return 0;
	}
	f->chains = grow(f->chains, f->nchains, &f->cchains,
			 sizeof(*f->chains));
	n = &f->chains[f->nchains++];
	memset(n, 0, sizeof(*n));
	n->family = g->nfgen_family;
	n->table = arena_strdup(f->arena,
				nftnl_chain_get_str(c, NFTNL_CHAIN_TABLE));
	n->name = arena_strdup(f->arena,
			       nftnl_chain_get_str(c, NFTNL_CHAIN_NAME));
	nft_foreign_head(c, n->head, sizeof(n->head));
	nftnl_chain_free(c);
	return 0;
}

static int on_rule(const struct nlmsghdr *nlh, void *arg)
{
	const struct nfgenmsg *g = mnl_nlmsg_get_payload(nlh);
	struct nftnl_rule *r = nftnl_rule_alloc();
	struct f_rules *f = arg;

	if (!r)
		return -ENOMEM;
	if (nftnl_rule_nlmsg_parse(nlh, r) < 0 ||
	    !is_foreign(g->nfgen_family,
			nftnl_rule_get_str(r, NFTNL_RULE_TABLE))) {
		nftnl_rule_free(r);
		return 0;
	}
	f->rules = grow(f->rules, f->nrules, &f->crules, sizeof(*f->rules));
	f->rules[f->nrules++] = r;
	return 0;
}

static void forget(struct f_rules *f)
{
	while (f->nrules)
		nftnl_rule_free(f->rules[--f->nrules]);
	while (f->nchains)
		buf_free(&f->chains[--f->nchains].text);
}

static int dump(struct nft_sock *k, int type, nft_reply_fn *fn, void *arg)
{
	_Alignas(8) char buf[256];
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct nfgenmsg *g;

	nlh->nlmsg_type = NFNL_SUBSYS_NFTABLES << 8 | type;
	nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	g = mnl_nlmsg_put_extra_header(nlh, sizeof(*g));
	g->nfgen_family = NFPROTO_UNSPEC;
	g->version = NFNETLINK_V0;
	return nft_sock_ask(k, nlh, fn, arg);
}

static int dump_all(struct nft_sock *k, struct f_rules *f)
{
	int err = -EINTR;

	for (int i = 0; i < TRIES && err == -EINTR; i++) {
		forget(f);
		err = dump(k, NFT_MSG_GETCHAIN, on_chain, f);
		if (!err)
			err = dump(k, NFT_MSG_GETRULE, on_rule, f);
	}
	return err;
}

static struct f_chain *chain_of(struct f_rules *f, const struct nftnl_rule *r,
				struct f_chain *last)
{
	int family = nftnl_rule_get_u32(r, NFTNL_RULE_FAMILY);
	const char *table = nftnl_rule_get_str(r, NFTNL_RULE_TABLE);
	const char *name = nftnl_rule_get_str(r, NFTNL_RULE_CHAIN);

	for (uint32_t i = 0; i < f->nchains; i++) {
		struct f_chain *c = last ? last : &f->chains[i];

		if (c->family == family && !strcmp(c->name, name) &&
		    !strcmp(c->table, table))
			return c;
		if (last)
			i = -1;
		last = NULL;
	}
	return NULL;
}

int nft_foreign(struct host *h, struct ns *ns, struct state *found)
{
	struct f_rules f = { .arena = arena_new() };
	struct f_chain *c = NULL;
	struct nft_net *n;
	int err;

	n = nft_net_get(h, ns, &err);
	if (n)
		err = dump_all(&n->sock, &f);
	for (uint32_t i = 0; i < f.nrules && !err; i++) {
		c = chain_of(&f, f.rules[i], c);
		if (c)
			nft_foreign_rule(&n->sock, ns, f.rules[i], &c->text);
	}
	for (uint32_t i = 0; i < f.nchains && !err; i++) {
		struct buf name CLEANUP(buf_free) = { 0 };
		struct buf text CLEANUP(buf_free) = { 0 };

		c = &f.chains[i];
		buf_printf(&name, "chain:%s %s %s", family_text(c->family),
			   c->table, c->name);
		buf_printf(&text, "%s\n%s", c->head, buf_text(&c->text));
		survey_add(found, buf_text(&name), buf_text(&text));
	}
	forget(&f);
	free(f.chains);
	free(f.rules);
	arena_free(f.arena);
	return err;
}

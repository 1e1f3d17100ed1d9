// accept.c - our rules in chains of other programs
// SPDX-License-Identifier: GPL-2.0-or-later
#include "driver.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <libnftnl/expr.h>
#include <libnftnl/rule.h>
#include <libnftnl/udata.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <stdlib.h>
#include <string.h>

#include "foreign.h"
#include "host/internal.h"
#include "netd/coexist.h"

/*
 * Their chains come and go with those programs: each step is a transaction of
 * its own, so that one whose chain has just gone takes no other along.  They
 * are spelt as iptables(8) itself would write them, which else calls the
 * whole table incompatible.
 */

#define RULE_MAX	4096

static int family_of(const struct coexist_place *p)
{
	return !strcmp(p->family, "ip") ? NFPROTO_IPV4 :
	       !strcmp(p->family, "ip6") ? NFPROTO_IPV6 : NFPROTO_INET;
}

/* --- what is there ---------------------------------------------------------- */

struct chain_dump {
	const struct coexist_place *place;
	struct nft_sock *sock;
	struct ns *ns;
	const char *dev;	/* only rules about it; NULL: all of ours */
	bool in;
	struct state *found;
	struct nft_txn *txn;	/* deletes them */
	unsigned int n;
	bool behind;		/* rules of others were there before it */
};

/* What begins the text of a rule of ours, after its handle. */
static bool is_about(const char *words, bool in, char dev[16])
{
	size_t n;

	if (strncmp(words, in ? " iif=" : " oif=", 5))
		return false;
	n = strcspn(words + 5, " ");
	if (n > 15 || memchr(words + 5, ',', n) || memchr(words + 5, '*', n))
		return false;
	memcpy(dev, words + 5, n);
	dev[n] = '\0';
	return true;
}

static int on_udata(const struct nftnl_udata *attr, void *data)
{
	bool *ours = data;

	if (nftnl_udata_type(attr) == NFTNL_UDATA_RULE_COMMENT &&
	    nftnl_udata_len(attr) == sizeof(COEXIST_TAG) &&
	    !memcmp(nftnl_udata_get(attr), COEXIST_TAG, sizeof(COEXIST_TAG)))
		*ours = true;
	return 0;
}

/* Rules that iptables-restore(8) wrote again carry it as a match. */
static int on_expr(struct nftnl_expr *e, void *data)
{
	const char *name = nftnl_expr_get_str(e, NFTNL_EXPR_NAME), *text;
	bool *ours = data;
	uint32_t len = 0;

	if (strcmp(name, "match") ||
	    strcmp(nftnl_expr_get_str(e, NFTNL_EXPR_MT_NAME), "comment"))
		return 0;
	text = nftnl_expr_get(e, NFTNL_EXPR_MT_INFO, &len);
	if (text && len >= sizeof(COEXIST_TAG) && !strcmp(text, COEXIST_TAG))
		*ours = true;
	return 0;
}

static bool has_tag(const struct nftnl_rule *r)
{
	bool ours = false;
	const void *p;
	uint32_t len = 0;

	p = nftnl_rule_get_data(r, NFTNL_RULE_USERDATA, &len);
	if (p)
		nftnl_udata_parse(p, len, on_udata, &ours);
	nftnl_expr_foreach((struct nftnl_rule *)r, on_expr, &ours);
	return ours;
}

static void found_rule(struct chain_dump *d, const char *dev, bool in)
{
	struct state *s = d->found;
	const char *name = arena_printf(s->arena, "%s %s %s %cifname \"%s\"",
					d->place->family, d->place->table,
					d->place->chain, in ? 'i' : 'o', dev);

	struct accept *a = state_add_static(s, KIND_ACCEPT, "", name,
					    (struct pos){ 0 });

	a->program = d->place->program;
}

static void delete_rule(struct chain_dump *d, const struct nftnl_rule *r)
{
	struct nftnl_rule *x = nftnl_rule_alloc();
	struct nlmsghdr *nlh;

	if (!x)
		abort();
	nftnl_rule_set_str(x, NFTNL_RULE_TABLE, d->place->table);
	nftnl_rule_set_str(x, NFTNL_RULE_CHAIN, d->place->chain);
	nftnl_rule_set_u64(x, NFTNL_RULE_HANDLE,
			   nftnl_rule_get_u64(r, NFTNL_RULE_HANDLE));
	nlh = nft_txn_msg(d->txn, NFT_PH_FLUSH, NFT_MSG_DELRULE,
			  family_of(d->place), 0, 512, NULL);
	nftnl_rule_nlmsg_build_payload(nlh, x);
	nft_txn_end(d->txn, NFT_PH_FLUSH, nlh);
	nftnl_rule_free(x);
}

static void take_rule(struct chain_dump *d, const struct nftnl_rule *r)
{
	struct buf b CLEANUP(buf_free) = { 0 };
	char dev[16];
	const char *words;
	bool in = true;

	if (!has_tag(r)) {
		d->behind = true;
		return;
	}
	nft_foreign_rule(NULL, d->ns, r, &b);
	words = buf_text(&b) + strcspn(buf_text(&b), " ");
	if (!is_about(words, true, dev)) {
		in = false;
		if (!is_about(words, false, dev))
			return;
	}
	if (d->dev && (strcmp(d->dev, dev) || d->in != in))
		return;
	d->n++;
	/* one that has no effect there counts as gone, and is made anew */
	if (d->found && !(d->place->first && d->behind))
		found_rule(d, dev, in);
	if (d->txn)
		delete_rule(d, r);
}

static int on_rule(const struct nlmsghdr *nlh, void *arg)
{
	struct nftnl_rule *r = nftnl_rule_alloc();
	struct chain_dump *d = arg;
	const char *chain, *table;

	if (!r)
		return -ENOMEM;
	if (nftnl_rule_nlmsg_parse(nlh, r) >= 0) {
		table = nftnl_rule_get_str(r, NFTNL_RULE_TABLE);
		chain = nftnl_rule_get_str(r, NFTNL_RULE_CHAIN);
		/* kernels before 4.11 don't look for one */
		if (table && chain && !strcmp(table, d->place->table) &&
		    !strcmp(chain, d->place->chain))
			take_rule(d, r);
	}
	nftnl_rule_free(r);
	return 0;
}

static int ask_rules(struct nft_sock *k, const struct coexist_place *p,
		     const char *chain, nft_reply_fn *fn, void *arg)
{
	struct nftnl_rule *r = nftnl_rule_alloc();
	_Alignas(8) char buf[1024];
	struct nlmsghdr *nlh;
	int err;

	if (!r)
		return -ENOMEM;
	nftnl_rule_set_str(r, NFTNL_RULE_TABLE, p->table);
	nftnl_rule_set_str(r, NFTNL_RULE_CHAIN, chain);
	nlh = nftnl_nlmsg_build_hdr(buf, NFT_MSG_GETRULE, family_of(p),
				    NLM_F_DUMP, 0);
	nftnl_rule_nlmsg_build_payload(nlh, r);
	err = nft_sock_ask(k, nlh, fn, arg);
	nftnl_rule_free(r);
	return err;
}

/* 0; -ENOENT when there is no such chain. */
static int dump_chain(struct chain_dump *d)
{
	uint32_t before = d->found ? d->found->n : 0;
	int i, err = -EINTR;

	for (i = 0; i < 20 && err == -EINTR; i++) {
		d->n = 0;
		d->behind = false;
		if (d->found)
			d->found->n = before;
		if (d->txn)
			nft_txn_reset(d->txn);
		err = ask_rules(d->sock, d->place, d->place->chain, on_rule,
				d);
	}
	return err;
}

struct each {
	const struct coexist_place *place;
	struct ns *ns;
	void (*fn)(void *arg, const char *words);
	void *arg;
};

static int on_each(const struct nlmsghdr *nlh, void *arg)
{
	struct nftnl_rule *r = nftnl_rule_alloc();
	struct buf b CLEANUP(buf_free) = { 0 };
	const struct each *e = arg;

	if (!r)
		return -ENOMEM;
	if (nftnl_rule_nlmsg_parse(nlh, r) >= 0 &&
	    !strcmp(nftnl_rule_get_str(r, NFTNL_RULE_CHAIN),
		    e->place->chain))
		nft_foreign_rule(NULL, e->ns, r, &b);
	if (b.len)
		e->fn(e->arg, b.p + strcspn(b.p, " "));
	nftnl_rule_free(r);
	return 0;
}

int accept_each(struct host *h, const struct coexist_place *p,
		void (*fn)(void *arg, const char *words), void *arg)
{
	struct each e = { .place = p, .ns = ns_home(h), .fn = fn, .arg = arg };
	struct nft_net *n;
	int i, err;

	n = nft_net_get(h, e.ns, &err);
	for (i = 0, err = n ? -EINTR : err; i < 20 && err == -EINTR; i++)
		err = ask_rules(&n->sock, p, p->chain, on_each, &e);
	return err;
}

/* Is there that chain, in a table that is not another's alone? */
struct via {
	const struct coexist_place *place;
	struct ns *ns;
	bool found;
};

static int on_sign(const struct nlmsghdr *nlh, void *arg)
{
	*(bool *)arg = true;
	return 0;
}

static int on_via(const struct nlmsghdr *nlh, void *arg)
{
	struct nftnl_rule *r = nftnl_rule_alloc();
	struct buf b CLEANUP(buf_free) = { 0 };
	struct via *v = arg;
	char jump[80];

	if (!r)
		return -ENOMEM;
	snprintf(jump, sizeof(jump), " jump:%s\n", v->place->chain);
	if (nftnl_rule_nlmsg_parse(nlh, r) >= 0 &&
	    !strcmp(nftnl_rule_get_str(r, NFTNL_RULE_CHAIN), v->place->via))
		nft_foreign_rule(NULL, v->ns, r, &b);
	if (b.len && strstr(b.p, jump))
		v->found = true;
	nftnl_rule_free(r);
	return 0;
}

/* A dump is disturbed when others write: it is repeated. */
static int ask_again(struct nft_sock *k, const struct coexist_place *p,
		     const char *chain, nft_reply_fn *fn, void *arg,
		     bool *found)
{
	int i, err = -EINTR;

	for (i = 0; i < 50 && err == -EINTR; i++) {
		*found = false;
		err = ask_rules(k, p, chain, fn, arg);
	}
	return err;
}

/*
 * ufw empties all its chains before it deletes them, and leaves one that is
 * not empty, and believes it is loaded then: a rule of ours must not come in
 * between.  So nothing is added to a chain that nothing leads to, or as long
 * as another is empty that is emptied before it and filled before it.
 */
static bool is_whole(struct nft_sock *k, struct ns *ns,
		      const struct coexist_place *p)
{
	struct via v = { .place = p, .ns = ns };

	if (p->via && (ask_again(k, p, p->via, on_via, &v, &v.found) ||
		       !v.found))
		return false;
	v.found = !p->sign;
	return !p->sign ||
	       (!ask_again(k, p, p->sign, on_sign, &v.found, &v.found) &&
		v.found);
}

static int table_flags(const struct nlmsghdr *nlh, void *arg)
{
	const struct nlattr *a;

	mnl_attr_for_each(a, nlh, sizeof(struct nfgenmsg))
		if (mnl_attr_get_type(a) == NFTA_TABLE_FLAGS &&
		    mnl_attr_get_payload_len(a) >= 4)
			*(uint32_t *)arg = ntohl(mnl_attr_get_u32(a));
	return 0;
}

static bool is_there(struct nft_sock *k, struct ns *ns,
		     const struct coexist_place *p)
{
	_Alignas(8) char buf[512];
	struct nlmsghdr *nlh;
	struct nft_base base;
	uint32_t flags = 0;

	nlh = nftnl_nlmsg_build_hdr(buf, NFT_MSG_GETTABLE, family_of(p), 0, 0);
	mnl_attr_put_strz(nlh, NFTA_TABLE_NAME, p->table);
	return !nft_dump_base(k, family_of(p), p->table, p->chain, &base) &&
	       !nft_sock_ask(k, nlh, table_flags, &flags) &&
	       (p->zone || !(flags & NFT_TF_OWNER)) && is_whole(k, ns, p);
}

/* Those there are, a bit each. */
static uint32_t places(struct host *h)
{
	struct nft_net *n;
	uint32_t mask = 0;
	size_t i;
	int err;

	n = nft_net_get(h, ns_home(h), &err);
	for (i = 0; n && i < coexist_count; i++)
		if (is_there(&n->sock, ns_home(h), &coexist_places[i]))
			mask |= 1u << i;
	return mask;
}

static uint32_t told;

void accept_facts(struct host *h, struct state *found)
{
	char name[112];
	size_t i;

	told = places(h);
	for (i = 0; i < coexist_count; i++) {
		const struct coexist_place *p = &coexist_places[i];

		if (!(told & 1u << i))
			continue;
		snprintf(name, sizeof(name), "coexist:%s %s %s", p->family,
			 p->table, p->chain);
		fact_add(found, name, "yes");
	}
}

/* A program that starts is whole a moment after its last chain came. */
void accept_check(struct host *h)
{
	if (places(h) != told)
		host_dirty(h, OBSERVE_LINKS | OBSERVE_NFT | OBSERVE_FACTS,
			   "another program's rules came or went");
}

static int accept_observe(struct host *h, const struct state *wanted,
			  struct state *found)
{
	struct chain_dump d = { .ns = ns_home(h), .found = found };
	struct nft_net *n;
	size_t i;
	int err;

	n = nft_net_get(h, d.ns, &err);
	for (i = 0; n && i < coexist_count && !err; i++) {
		d.place = &coexist_places[i];
		if (d.place->zone)
			continue;
		d.sock = &n->sock;
		err = dump_chain(&d);
		err = err == -ENOENT ? 0 : err;
	}
	return err;
}

/* --- rules -------------------------------------------------------------------- */

static void add_name(struct nftnl_rule *r, bool in, const char *dev)
{
	char name[16] = "";

	memcpy(name, dev, strnlen(dev, sizeof(name) - 1));
	nftnl_rule_add_expr(r, nft_expr_new("meta", (const struct nft_attr[]){
		NFT_U32(NFTNL_EXPR_META_KEY, in ? NFT_META_IIFNAME :
			NFT_META_OIFNAME),
		NFT_U32(NFTNL_EXPR_META_DREG, NFT_REG_1) }, 2));
	nftnl_rule_add_expr(r, nft_expr_new("cmp", (const struct nft_attr[]){
		NFT_U32(NFTNL_EXPR_CMP_SREG, NFT_REG_1),
		NFT_U32(NFTNL_EXPR_CMP_OP, NFT_CMP_EQ),
		NFT_DATA(NFTNL_EXPR_CMP_DATA, name, sizeof(name)) }, 3));
}

static struct nftnl_rule *make_rule(const struct coexist_place *p, bool in,
				    const char *dev)
{
	struct nftnl_udata_buf *b = nftnl_udata_buf_alloc(64);
	struct nftnl_rule *r = nftnl_rule_alloc();

	if (!r || !b)
		abort();
	nftnl_rule_set_str(r, NFTNL_RULE_TABLE, p->table);
	nftnl_rule_set_str(r, NFTNL_RULE_CHAIN, p->chain);
	add_name(r, in, dev);
	nftnl_rule_add_expr(r, nft_expr_new("counter", NULL, 0));
	nftnl_rule_add_expr(r, nft_expr_new("immediate",
					    (const struct nft_attr[]){
		NFT_U32(NFTNL_EXPR_IMM_DREG, NFT_REG_VERDICT),
		NFT_U32(NFTNL_EXPR_IMM_VERDICT, NF_ACCEPT) }, 2));
	nftnl_udata_put_strz(b, NFTNL_UDATA_RULE_COMMENT, COEXIST_TAG);
	nftnl_rule_set_data(r, NFTNL_RULE_USERDATA, nftnl_udata_buf_data(b),
			    nftnl_udata_buf_len(b));
	nftnl_udata_buf_free(b);
	return r;
}

static void refused(void *arg, const void *who, int err, const char *text)
{
	char *why = arg;

	if (!*why && text)
		snprintf(why, NFT_ERR, "%s", text);
}

/* At the head: whatever the admin drops there was about others. */
static int insert(struct nft_sock *k, const struct coexist_place *p, bool in,
		  const char *dev, char *why)
{
	struct nftnl_rule *r = make_rule(p, in, dev);
	struct nlmsghdr *nlh;
	struct nft_txn t;
	int err;

	nft_txn_init(&t);
	nlh = nft_txn_msg(&t, NFT_PH_RULE, NFT_MSG_NEWRULE, family_of(p), 0,
			  RULE_MAX, NULL);
	nftnl_rule_nlmsg_build_payload(nlh, r);
	nft_txn_end(&t, NFT_PH_RULE, nlh);
	err = nft_commit(k, &t, 0, refused, why);
	nft_txn_free(&t);
	nftnl_rule_free(r);
	return err;
}

static int take_out(struct nft_sock *k, struct ns *ns,
		    const struct coexist_place *p, bool in, const char *dev,
		    char *why)
{
	struct nft_txn t;
	struct chain_dump d = { .place = p, .sock = k, .ns = ns, .dev = dev,
				.in = in, .txn = &t };
	int err;

	nft_txn_init(&t);
	err = dump_chain(&d);
	if (!err && d.n)
		err = nft_commit(k, &t, 0, refused, why);
	nft_txn_free(&t);
	/* the program took its chain along */
	return err == -ENOENT ? 0 : err;
}

/* --- steps ------------------------------------------------------------------------ */

static void run(struct host *h, const struct step *s, bool add)
{
	const struct coexist_place *p;
	struct nft_net *n = NULL;
	char dev[16], why[NFT_ERR] = "";
	int err = -EINVAL;
	bool in;

	p = coexist_split(step_object(s)->name, dev, &in);
	if (p)
		n = nft_net_get(h, ns_home(h), &err);
	if (n && add && !is_whole(&n->sock, ns_home(h), p))
		err = -ENOENT;
	else if (n && add && p->first)
		err = take_out(&n->sock, ns_home(h), p, in, dev, why);
	if (n && add && !err)
		err = insert(&n->sock, p, in, dev, why);
	else if (n && !add)
		err = take_out(&n->sock, ns_home(h), p, in, dev, why);
	if (err)
		step_failed(h, s, err, why[0] ? why : NULL);
}

static void accept_create(struct host *h, const struct step *s)
{
	run(h, s, true);
}

static void accept_destroy(struct host *h, const struct step *s)
{
	run(h, s, false);
}

const struct driver driver_accept = {
	.observe = accept_observe,
	.create = accept_create,
	.destroy = accept_destroy,
	.looks = OBSERVE_LINKS | OBSERVE_NFT,
};

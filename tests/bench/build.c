// build.c - the sends that make one state of a host of another
// SPDX-License-Identifier: GPL-2.0-or-later
#define _GNU_SOURCE
#include "bench.h"

#include <arpa/inet.h>
#include <err.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BATCH_SIZE (128 * 1024)
#define ELEMENTS_SIZE 60000		/* of 64 KiB that an attribute takes */

/* --- sockets and descriptors, one a namespace --------------------------- */

static struct {
	char ns[64];
	struct mnl_socket *s;
	int fd;
} spaces[8192];
static unsigned int nspaces;

static unsigned int space(const char *ns)
{
	static unsigned int last;
	unsigned int i;

	if (nspaces && !strcmp(spaces[last].ns, ns))
		return last;
	for (i = 0; i < nspaces && strcmp(spaces[i].ns, ns); i++)
		;
	if (i == MNL_ARRAY_SIZE(spaces))
		errx(2, "too many namespaces");
	if (i == nspaces) {
		snprintf(spaces[i].ns, sizeof(spaces[i].ns), "%s", ns);
		spaces[i].fd = -1;
		nspaces++;
	}
	return last = i;
}

struct mnl_socket *space_socket(const char *ns)
{
	unsigned int i = space(ns);

	if (!spaces[i].s)
		spaces[i].s = nl_open(ns, NETLINK_ROUTE);
	return spaces[i].s;
}

static int space_fd(const char *ns)
{
	unsigned int i = space(ns);

	if (spaces[i].fd < 0)
		spaces[i].fd = ns_open(ns);
	return spaces[i].fd;
}

struct mnl_socket *nft_socket(void)
{
	static struct mnl_socket *s;

	if (!s)
		s = nl_open("", NETLINK_NETFILTER);
	return s;
}

/* --- building ----------------------------------------------------------- */

static struct op *op_add(struct ops *ops, enum step step, struct mnl_socket *s)
{
	struct op *o;

	ops->v = must_alloc(ops->v, (ops->n + 1) * sizeof(*ops->v));
	o = &ops->v[ops->n++];
	*o = (struct op){ .step = step, .s = s };
	return o;
}

static void build_route(struct ops *ops, const struct req *q)
{
	struct mnl_socket *s = space_socket(q->ns);
	struct op *o = ops->n ? &ops->v[ops->n - 1] : NULL;
	struct nlmsghdr *h;
	char *p;
	int fd;

	if (!o || o->step != q->step || o->s != s || o->b.len > BATCH_SIZE)
		o = op_add(ops, q->step, s);
	h = batch_add(&o->b, q->type, q->flags, q->data, q->len);
	if (!q->fix)
		return;
	fd = space_fd(q->peer);
	p = mnl_nlmsg_get_payload(h);
	memcpy(p + q->fix, &fd, sizeof(fd));
}

int nft_type(int type)
{
	return NFNL_SUBSYS_NFTABLES << 8 | type;
}

void batch_mark(struct batch *b, int type)
{
	struct nfgenmsg nfg = {
		.version = NFNETLINK_V0,
		.res_id = htons(NFNL_SUBSYS_NFTABLES),
	};

	batch_add(b, type, 0, &nfg, sizeof(nfg));
}

/* "10 netd chain" of req.of in its parts */
static const char *of_parts(const char *of, int *family, char table[64])
{
	int n = 0;

	if (sscanf(of, "%d %63s %n", family, table, &n) != 2)
		errx(2, "\"%s\" in a file of requests", of);
	return of + n;
}

static void build_elements(struct batch *b, int type, const struct req *const *v,
			   size_t n)
{
	static char buf[2 * 65536];
	struct nlmsghdr *h = mnl_nlmsg_put_header(buf);
	struct nfgenmsg *nfg = mnl_nlmsg_put_extra_header(h, sizeof(*nfg));
	const char *set;
	struct nlattr *list;
	char table[64];
	int family;
	size_t i;

	set = of_parts(v[0]->of, &family, table);
	nfg->nfgen_family = family;
	mnl_attr_put_strz(h, NFTA_SET_ELEM_LIST_TABLE, table);
	mnl_attr_put_strz(h, NFTA_SET_ELEM_LIST_SET, set);
	list = mnl_attr_nest_start(h, NFTA_SET_ELEM_LIST_ELEMENTS);
	for (i = 0; i < n; i++) {
		memcpy(mnl_nlmsg_get_payload_tail(h), v[i]->data, v[i]->len);
		h->nlmsg_len += v[i]->len;
	}
	mnl_attr_nest_end(h, list);
	batch_add(b, nft_type(type),
		  type == NFT_MSG_NEWSETELEM ? NLM_F_CREATE : 0, nfg,
		  h->nlmsg_len - MNL_NLMSG_HDRLEN);
}

/* As many of V as belong to one set and fit. */
static size_t elements_run(struct req *const *v, size_t n)
{
	size_t i, len = 0;

	for (i = 0; i < n; i++) {
		if (v[i]->step != STEP_ELEMENT || strcmp(v[i]->of, v[0]->of))
			break;
		len += v[i]->len;
		if (len > ELEMENTS_SIZE)
			break;
	}
	return i;
}

static void build_nft(struct batch *b, const struct reqs *come)
{
	size_t i, n;

	for (i = 0; i < come->n && come->v[i]->step <= STEP_RULE; i += n) {
		const struct req *q = come->v[i];

		n = 1;
		if (q->step == STEP_ELEMENT) {
			n = elements_run(come->v + i, come->n - i);
			build_elements(b, NFT_MSG_NEWSETELEM,
				       (void *)(come->v + i), n);
			continue;
		}
		batch_add(b, q->type, q->flags, q->data, q->len);
	}
}

static bool is_anonymous(const struct req *q)
{
	char table[64];
	int family;

	return (q->step == STEP_SET || q->step == STEP_ELEMENT) &&
		!strncmp(of_parts(q->of, &family, table), "__", 2);
}

static void build_flush(struct batch *b, const char *of)
{
	char buf[1024], table[64];
	struct nlmsghdr *h = mnl_nlmsg_put_header(buf);
	struct nfgenmsg *nfg = mnl_nlmsg_put_extra_header(h, sizeof(*nfg));
	const char *chain;
	int family;

	chain = of_parts(of, &family, table);
	nfg->nfgen_family = family;
	mnl_attr_put_strz(h, NFTA_RULE_TABLE, table);
	mnl_attr_put_strz(h, NFTA_RULE_CHAIN, chain);
	batch_add(b, nft_type(NFT_MSG_DELRULE), 0, nfg,
		  h->nlmsg_len - MNL_NLMSG_HDRLEN);
}

/* The opposite of chains, sets and tables that come: their first two
 * attributes are the names of the table and of the thing. */
static void build_delete(struct batch *b, const struct req *q)
{
	const struct nfgenmsg *nfg = (const void *)q->data;
	const struct nlattr *a = (const void *)(nfg + 1);
	size_t len = sizeof(*nfg);
	int n = q->step == STEP_TABLE ? 1 : 2;

	for (; n; n--, a = mnl_attr_next(a))
		len += MNL_ALIGN(a->nla_len);
	/* NEW, GET, DEL */
	batch_add(b, q->type + 2, 0, q->data, len);
}

static bool has_chain(const struct reqs *r, const char *of)
{
	size_t i;

	for (i = 0; i < r->n; i++)
		if (r->v[i]->step == STEP_RULE && !strcmp(r->v[i]->of, of))
			return true;
	return false;
}

/* Chains that change are flushed, and all their rules come again. */
static void build_gone(struct batch *b, const struct reqs *gone)
{
	const char *last = "";
	size_t i, n;

	for (i = 0; i < gone->n; i++)
		if (gone->v[i]->step == STEP_RULE &&
		    strcmp(gone->v[i]->of, last))
			build_flush(b, last = gone->v[i]->of);
	for (i = 0; i < gone->n; i += n) {
		n = 1;
		if (gone->v[i]->step != STEP_ELEMENT ||
		    is_anonymous(gone->v[i]))
			continue;
		n = elements_run(gone->v + i, gone->n - i);
		build_elements(b, NFT_MSG_DELSETELEM, (void *)(gone->v + i),
			       n);
	}
	for (i = gone->n; i-- > 0;)
		if (gone->v[i]->step <= STEP_CHAIN &&
		    !is_anonymous(gone->v[i]))
			build_delete(b, gone->v[i]);
}

/* Links that are made go; what is on them goes along. */
static void build_links_gone(struct ops *ops, const struct reqs *gone)
{
	struct op *o = op_add(ops, STEP_BRIDGE, space_socket(""));
	int pass;
	size_t i;

	for (pass = 0; pass < 2; pass++)
		for (i = 0; i < gone->n; i++)
			if (gone->v[i]->step ==
			    (pass ? STEP_BRIDGE : STEP_PORT)) {
				struct ifinfomsg ifi = {
					.ifi_index = ((struct ifinfomsg *)
						gone->v[i]->data)->ifi_index,
				};

				batch_add(&o->b, RTM_DELLINK, 0, &ifi,
					  sizeof(ifi));
			}
}

/* An anonymous set went with the rule that it belongs to. */
static void add_anonymous(struct reqs *come, const struct reqs *b,
			  const struct req *rule)
{
	const char *name;
	char table[64];
	int family;
	size_t i;

	for (i = 0; i < b->n; i++) {
		if (b->v[i]->step != STEP_SET && b->v[i]->step != STEP_ELEMENT)
			continue;
		name = of_parts(b->v[i]->of, &family, table);
		if (!strncmp(name, "__", 2) &&
		    memmem(rule->data, rule->len, name, strlen(name) + 1))
			reqs_add(come, b->v[i], b->v[i]->data, b->v[i]->len);
	}
}

/* Rules of a chain that is touched come all, in their order. */
static void add_touched(struct reqs *come, const struct reqs *b,
			const struct reqs *gone)
{
	size_t i, n = come->n;
	struct reqs all = { 0 };

	for (i = 0; i < n; i++)
		if (come->v[i]->step != STEP_RULE && !is_anonymous(come->v[i]))
			reqs_add(&all, come->v[i], come->v[i]->data,
				 come->v[i]->len);
	for (i = 0; i < b->n; i++)
		if (b->v[i]->step == STEP_RULE &&
		    (has_chain(gone, b->v[i]->of) ||
		     has_chain(come, b->v[i]->of))) {
			reqs_add(&all, b->v[i], b->v[i]->data, b->v[i]->len);
			add_anonymous(&all, b, b->v[i]);
		}
	*come = all;
}

/* The sends that make B of A. */
void build(struct ops *ops, const struct reqs *a, const struct reqs *b)
{
	struct reqs come = { 0 }, gone = { 0 };
	struct op *o;
	size_t i;

	reqs_minus(b, a, &come);
	reqs_minus(a, b, &gone);
	if (a->n) {
		size_t n = come.n;

		for (i = 0; i < n; i++)
			if (come.v[i]->step == STEP_RULE &&
			    has_chain(a, come.v[i]->of) &&
			    !has_chain(&gone, come.v[i]->of))
				reqs_add(&gone, come.v[i], "", 0);
		add_touched(&come, b, &gone);
	}
	reqs_sort(&come);
	reqs_sort(&gone);
	o = op_add(ops, STEP_TABLE, nft_socket());
	batch_mark(&o->b, NFNL_MSG_BATCH_BEGIN);
	build_gone(&o->b, &gone);
	build_nft(&o->b, &come);
	batch_mark(&o->b, NFNL_MSG_BATCH_END);
	if (o->b.n == 2)
		ops->n--;
	build_links_gone(ops, &gone);
	for (i = 0; i < come.n; i++) {
		if (come.v[i]->way == WAY_ROUTE)
			build_route(ops, come.v[i]);
		else if (come.v[i]->way == WAY_PROC)
			op_add(ops, come.v[i]->step, NULL)->proc = come.v[i];
	}
}

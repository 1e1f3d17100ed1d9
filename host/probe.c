// probe.c - tries out, in a namespace of its own, what the kernel can do
// SPDX-License-Identifier: GPL-2.0-or-later
#include "netd/help.h"
#include "host/look.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/netfilter.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <sched.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "host/nft/nft.h"

#define PROBES_MAX 12
#define TRIED_LIMIT 12345	/* of learned addresses */

struct probes {
	uint32_t n;
	bool unsure;		/* something was missing for the moment */
	struct {
		const char *name;
		char value[96];	/* "yes", or why not */
	} v[PROBES_MAX];
};

/* Nothing that tells of the kernel: descriptors, memory. */
static bool is_passing(int err)
{
	static const int passing[] = {
		ENOBUFS, ENOMEM, EMFILE, ENFILE, ENOSPC, EINTR, EAGAIN
	};
	unsigned int i;

	for (i = 0; i < sizeof(passing) / sizeof(*passing); i++)
		if (err == -passing[i])
			return true;
	return false;
}

static void note(struct probes *p, const char *name, int err, const char *why)
{
	const char *value = !err ? "yes" : why && *why ? why : errno_text(err);

	if (is_passing(err)) {
		p->unsure = true;
		return;
	}
	p->v[p->n].name = name;
	snprintf(p->v[p->n].value, sizeof(p->v->value), "%s", value);
	p->n++;
}

/* --- links --------------------------------------------------------------- */

static int try_link(struct ns *ns, const char *name, const char *kind)
{
	struct ifinfomsg i = { 0 };
	struct nl_msg *m = nlmsg_alloc_size(512);
	struct nlattr *info, *data;
	int err;

	nlmsg_hdr(m)->nlmsg_type = RTM_NEWLINK;
	nlmsg_hdr(m)->nlmsg_flags = NLM_F_CREATE | NLM_F_EXCL;
	nlmsg_append(m, &i, sizeof(i), NLMSG_ALIGNTO);
	nla_put_string(m, IFLA_IFNAME, name);
	nla_put_u32(m, IFLA_GROUP, NETD_GROUP);
	info = nla_nest_start(m, IFLA_LINKINFO);
	nla_put_string(m, IFLA_INFO_KIND, kind);
	if (!strcmp(kind, "bridge")) {
		data = nla_nest_start(m, IFLA_INFO_DATA);
		nla_put_u32(m, IFLA_BR_FDB_MAX_LEARNED, TRIED_LIMIT);
		nla_nest_end(m, data);
	}
	nla_nest_end(m, info);
	err = rt_ask(ns, m, NULL, NULL, NULL);
	nlmsg_free(m);
	return err;
}

/* sch_netem, which is a module as a rule; a qdisc without options is none. */
static int try_netem(struct ns *ns, const char *dev)
{
	struct tc_netem_qopt none = { .limit = 1000 };
	struct tcmsg t = { .tcm_parent = TC_H_ROOT };
	struct nl_msg *m = nlmsg_alloc_size(512);
	int err;

	t.tcm_ifindex = ns_link_index(ns, dev);
	nlmsg_hdr(m)->nlmsg_type = RTM_NEWQDISC;
	nlmsg_hdr(m)->nlmsg_flags = NLM_F_CREATE | NLM_F_REPLACE;
	nlmsg_append(m, &t, sizeof(t), NLMSG_ALIGNTO);
	nla_put_string(m, TCA_KIND, "netem");
	nla_put(m, TCA_OPTIONS, sizeof(none), &none);
	err = rt_ask(ns, m, NULL, NULL, NULL);
	nlmsg_free(m);
	return err;
}

/* A kernel that doesn't know the attribute ignores it: is it there now? */
static int limit_is_set(struct host *h, struct ns *ns, const char *name)
{
	struct state *nothing = state_new(), *found = state_new();
	struct look l = { .h = h, .ns = ns, .wanted = nothing, .found = found,
			  .netns = "" };
	const struct bridge *b;
	int err = look_link(&l, 0, name);

	b = found->n ? (const struct bridge *)found->v[0] : NULL;
	if (!err && (!b || b->l.o.kind != KIND_BRIDGE ||
		     b->max_learned != TRIED_LIMIT))
		err = -EOPNOTSUPP;
	state_free(nothing);
	state_free(found);
	return err;
}

static void try_links(struct host *h, struct ns *ns, struct probes *p)
{
	int fd = help_tun(ns->fd), err;

	note(p, "tun", fd < 0 ? fd : 0, NULL);
	if (fd >= 0)
		close(fd);
	note(p, "veth", try_link(ns, "v", "veth"), rt_error());
	note(p, "netem", try_netem(ns, "v"), rt_error());
	err = try_link(ns, "b", "bridge");
	note(p, "bridge", err, rt_error());
	note(p, "max-learned", err ? err : limit_is_set(h, ns, "b"), NULL);
}

/* --- nftables ------------------------------------------------------------- */

struct refusal {
	char text[96];
};

static void refused(void *arg, const void *who, int err, const char *text)
{
	struct refusal *r = arg;

	if (text && !*r->text)
		strncpy(r->text, text, sizeof(r->text) - 1);
}

/* A table of its own for each, since a transaction stands or falls whole. */
static void try_rules(struct nft_sock *k, struct probes *p, const char *fact,
		      int family, uint32_t flags, const char *chain)
{
	struct refusal r = { "" };
	struct nft_txn t;
	int err;

	nft_txn_init(&t);
	err = nft_table_add(&t, family, fact, flags, NULL);
	if (!err && chain)
		err = nft_chain_add(&t, family, fact, "c", chain, NULL);
	if (!err)
		err = nft_commit(k, &t, 0, refused, &r);
	note(p, fact, err, r.text);
	nft_txn_free(&t);
}

static void try_nft(struct host *h, struct ns *ns, struct probes *p)
{
	struct nft_sock k;
	int err = nft_sock_setup(&k, help_socket(ns->fd, NETLINK_NETFILTER));

	if (err) {
		note(p, "nft", err, NULL);
		return;
	}
	try_rules(&k, p, "nft", NFPROTO_INET, 0, NULL);
	try_rules(&k, p, "nft-bridge", NFPROTO_BRIDGE, 0,
		  "type filter hook prerouting priority 0; policy accept;\n"
		  "ether type arp accept");
	try_rules(&k, p, "nft-fib", NFPROTO_INET, 0,
		  "type filter hook prerouting priority 0; policy accept;\n"
		  "fib saddr . iif oif missing drop");
	try_rules(&k, p, "nft-persist", NFPROTO_INET,
		  NFT_TF_OWNER | NFT_TF_PERSIST, NULL);
	nft_sock_close(&k);
}

/* --- once a process ------------------------------------------------------ */

static struct probes *probe(struct host *h)
{
	struct probes *p = calloc(1, sizeof(*p));
	struct ns *ns = NULL;
	int fd, rt, err = 0;

	if (!p)
		abort();
	p->unsure = true;
	fd = help_new(&rt);
	if (fd >= 0)
		ns = ns_adopt(h, "/probe", fd, rt, &err);
	if (!ns)
		return p;
	p->unsure = false;
	try_links(h, ns, p);
	try_nft(h, ns, p);
	ns_forget(h, ns);
	return p;
}

void probe_facts(struct host *h, struct state *found)
{
	uint32_t i;

	/* what passes has passed by the next look, as a rule */
	if (h->probes && h->probes->unsure) {
		free(h->probes);
		h->probes = NULL;
	}
	if (!h->probes)
		h->probes = probe(h);
	for (i = 0; i < h->probes->n; i++)
		fact_add(found, h->probes->v[i].name, h->probes->v[i].value);
}

// qdisc.c - the drivers of what shapes traffic: tbf, netem, ifb
// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/internal.h"
#include "host/look.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <linux/tc_act/tc_mirred.h>
#include <stdlib.h>
#include <string.h>

/*
 * What a link sends is shaped by its root qdisc, whose handle is our mark;
 * what it receives has no queue of its own, and is sent through that of an
 * IFB by a filter, whose priority is our mark.  That slows senders down
 * instead of dropping what they sent too fast, and works where the kernel has
 * neither act_police nor cls_matchall.
 */
#define TBF_HANDLE 0x6e640000u
#define NETEM_HANDLE 0x6e650000u	/* a handle never changes its kind */
#define FILTER_PRIO 0x6e64u
#define FILTER_PARENT TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_INGRESS)

#define TICK_NS 64			/* PSCHED_SHIFT, since 2.6.31 */

static bool is_ours(const char *kind, uint32_t handle)
{
	return (handle == TBF_HANDLE && !strcmp(kind, "tbf")) ||
	       (handle == NETEM_HANDLE && !strcmp(kind, "netem"));
}

/* The link of a step's object; 0: the step has failed. */
static uint32_t dev_index(struct host *h, const struct step *s, struct ns *ns,
			  const char *name)
{
	uint32_t index = ns ? ns_link_index(ns, name) : 0;

	if (ns && !index)
		step_failed(h, s, -ENODEV, "its interface is not there");
	return index;
}

static struct nl_msg *tc_msg(struct host *h, struct ns *ns, int type,
			     int flags, const struct tcmsg *t,
			     const struct step *who, int ok)
{
	struct nl_msg *m = rtq_msg(h, ns, type, flags, who, ok);

	nlmsg_append(m, (void *)t, sizeof(*t), NLMSG_ALIGNTO);
	return m;
}

/* --- qdiscs: what they are given ---------------------------------------- */

static void put_rate64(struct nl_msg *m, int attr, uint64_t bytes)
{
	if (bytes > UINT32_MAX)
		nla_put_u64(m, attr, bytes);
}

static void put_tbf(struct nl_msg *m, const struct qdisc *w)
{
	struct tc_tbf_qopt o = { .limit = w->limit };
	struct nlattr *opts = nla_nest_start(m, TCA_OPTIONS);
	uint64_t bytes = w->rate / 8;

	o.rate.rate = bytes > UINT32_MAX ? UINT32_MAX : bytes;
	/* else the kernel asks for a table of times, as of old */
	o.rate.linklayer = TC_LINKLAYER_ETHERNET;
	nla_put(m, TCA_TBF_PARMS, sizeof(o), &o);
	put_rate64(m, TCA_TBF_RATE64, bytes);
	nla_put_u32(m, TCA_TBF_BURST, w->burst);
	nla_nest_end(m, opts);
}

/* 0 to 1,000,000 as 0 to ~0: netem draws 32 bits a packet. */
static uint32_t probability(uint32_t million)
{
	return (uint64_t)million * UINT32_MAX / 1000000;
}

static void put_netem(struct nl_msg *m, const struct qdisc *w)
{
	struct tc_netem_qopt o = { .limit = w->limit,
				   .loss = probability(w->loss) };
	struct tc_netem_rate r = { 0 };
	struct nlattr *opts = nla_nest_start(m, TCA_OPTIONS);
	uint64_t bytes = w->rate / 8;

	r.rate = bytes > UINT32_MAX ? UINT32_MAX : bytes;
	nlmsg_append(m, &o, sizeof(o), NLMSG_ALIGNTO);
	nla_put_u64(m, TCA_NETEM_LATENCY64, w->delay * 1000000ull);
	nla_put_u64(m, TCA_NETEM_JITTER64, w->jitter * 1000000ull);
	nla_put(m, TCA_NETEM_RATE, sizeof(r), &r);
	put_rate64(m, TCA_NETEM_RATE64, bytes);
	nla_nest_end(m, opts);
}

/* --- qdiscs ------------------------------------------------------------- */

static uint32_t handle_of(const struct object *o)
{
	return qdisc_is_netem((const struct qdisc *)o) ? NETEM_HANDLE :
	       TBF_HANDLE;
}

/* Whatever is there as the root is replaced: the link is netd's. */
static void qdisc_create(struct host *h, const struct step *s)
{
	const struct qdisc *w = (const struct qdisc *)s->want;
	struct ns *ns = step_ns(h, s);
	struct tcmsg t = { .tcm_parent = TC_H_ROOT };
	struct nl_msg *m;

	t.tcm_ifindex = dev_index(h, s, ns, s->want->name);
	if (!t.tcm_ifindex)
		return;
	t.tcm_handle = handle_of(s->want);
	m = tc_msg(h, ns, RTM_NEWQDISC, NLM_F_CREATE | NLM_F_REPLACE, &t, s,
		   0);
	nla_put_string(m, TCA_KIND, qdisc_is_netem(w) ? "netem" : "tbf");
	if (qdisc_is_netem(w))
		put_netem(m, w);
	else
		put_tbf(m, w);
}

static void qdisc_destroy(struct host *h, const struct step *s)
{
	struct ns *ns = step_ns(h, s);
	struct tcmsg t = { .tcm_parent = TC_H_ROOT,
			   .tcm_handle = handle_of(s->have) };

	t.tcm_ifindex = ns ? ns_link_index(ns, s->have->name) : 0;
	if (t.tcm_ifindex)
		tc_msg(h, ns, RTM_DELQDISC, 0, &t, s, -ENOENT);
}

const struct driver driver_qdisc = {
	.create = qdisc_create,
	.update = qdisc_create,
	.destroy = qdisc_destroy,
	.commit = rtq_flush,
};

/* --- redirects ---------------------------------------------------------- */

static const struct tcmsg filter = {
	.tcm_parent = FILTER_PARENT,
};

static struct tcmsg filter_of(uint32_t index)
{
	struct tcmsg t = filter;

	t.tcm_ifindex = index;
	t.tcm_info = TC_H_MAKE(FILTER_PRIO << 16, htons(ETH_P_ALL));
	return t;
}

static void put_mirred(struct nl_msg *m, uint32_t to)
{
	struct tc_mirred r = { .action = TC_ACT_STOLEN, .ifindex = to,
			       .eaction = TCA_EGRESS_REDIR };
	struct nlattr *acts = nla_nest_start(m, TCA_U32_ACT);
	struct nlattr *act = nla_nest_start(m, 1), *opts;

	nla_put_string(m, TCA_ACT_KIND, "mirred");
	opts = nla_nest_start(m, TCA_ACT_OPTIONS);
	nla_put(m, TCA_MIRRED_PARMS, sizeof(r), &r);
	nla_nest_end(m, opts);
	nla_nest_end(m, act);
	nla_nest_end(m, acts);
}

/* A key without bits to compare matches everything. */
static void put_filter(struct nl_msg *m, uint32_t to)
{
	_Alignas(struct tc_u32_sel) char
		all[sizeof(struct tc_u32_sel) + sizeof(struct tc_u32_key)];
	struct tc_u32_sel *sel = memset(all, 0, sizeof(all));
	struct nlattr *opts;

	sel->flags = TC_U32_TERMINAL;
	sel->nkeys = 1;
	nla_put_string(m, TCA_KIND, "u32");
	opts = nla_nest_start(m, TCA_OPTIONS);
	nla_put(m, TCA_U32_SEL, sizeof(all), all);
	put_mirred(m, to);
	nla_nest_end(m, opts);
}

/* Another program's ingress or clsact serves as well: no error. */
static void add_ingress(struct host *h, const struct step *s, struct ns *ns,
			uint32_t index)
{
	struct tcmsg t = { .tcm_ifindex = index, .tcm_parent = TC_H_INGRESS,
			   .tcm_handle = TC_H_MAKE(TC_H_INGRESS, 0) };
	struct nl_msg *m = tc_msg(h, ns, RTM_NEWQDISC,
				  NLM_F_CREATE | NLM_F_EXCL, &t, s, -EEXIST);

	nla_put_string(m, TCA_KIND, "ingress");
}

static void redirect_create(struct host *h, const struct step *s)
{
	const struct redirect *w = (const struct redirect *)s->want;
	struct ns *ns = step_ns(h, s);
	uint32_t index = dev_index(h, s, ns, w->o.name), to;
	struct tcmsg t = filter_of(index);

	if (!index)
		return;
	to = ns_link_index(ns, w->to);
	if (!to) {
		step_failed(h, s, -ENODEV, "its ifb is not there");
		return;
	}
	add_ingress(h, s, ns, index);
	/* one that leads elsewhere; most times there is none */
	tc_msg(h, ns, RTM_DELTFILTER, 0, &t, NULL, 0);
	put_filter(tc_msg(h, ns, RTM_NEWTFILTER, NLM_F_CREATE | NLM_F_EXCL,
			  &t, s, 0), to);
}

static int count_filter(void *arg, struct nlmsghdr *nlh)
{
	const struct tcmsg *t = nlmsg_data(nlh);

	if (nlh->nlmsg_type == RTM_NEWTFILTER &&
	    TC_H_MAJ(t->tcm_info) >> 16 != FILTER_PRIO)
		++*(uint32_t *)arg;
	return 0;
}

/* Filters of others stay, and with them what they are in. */
static void redirect_destroy(struct host *h, const struct step *s)
{
	struct ns *ns = step_ns(h, s);
	uint32_t index = ns ? ns_link_index(ns, s->have->name) : 0, others = 0;
	struct tcmsg t = filter_of(index), dump = filter;

	if (!index)
		return;
	tc_msg(h, ns, RTM_DELTFILTER, 0, &t, s, -ENOENT);
	rtq_flush(h);
	dump.tcm_ifindex = index;
	if (rt_dump(ns, RTM_GETTFILTER, &dump, sizeof(dump), count_filter,
		    NULL, &others) || others)
		return;
	t = (struct tcmsg){ .tcm_ifindex = index, .tcm_parent = TC_H_INGRESS,
			    .tcm_handle = TC_H_MAKE(TC_H_INGRESS, 0) };
	tc_msg(h, ns, RTM_DELQDISC, 0, &t, NULL, 0);
}

const struct driver driver_redirect = {
	.create = redirect_create,
	.update = redirect_create,
	.destroy = redirect_destroy,
	.commit = rtq_flush,
};

/* --- IFBs --------------------------------------------------------------- */

static void ifb_create(struct host *h, const struct step *s)
{
	struct ns *ns = step_ns(h, s);
	struct nlattr *info;
	struct nl_msg *m;
	uint32_t index;

	if (!ns)
		return;
	reap_name(h, ns, s->want->name);
	index = link_next_index(h, ns);
	m = link_new(h, s, ns, index, false, 0);
	info = nla_nest_start(m, IFLA_LINKINFO);
	nla_put_string(m, IFLA_INFO_KIND, "ifb");
	nla_nest_end(m, info);
	linkmap_add(&ns->links, index, s->want->name, KIND_IFB, NETD_GROUP);
	link_settle(h, s, ns, index, 0, false);
	job_add(&h->ap->jobs, s, ns)->index = index;
}

const struct driver driver_ifb = {
	.create = ifb_create,
	.update = link_update,
	.destroy = link_destroy,
	.commit = link_commit,
};

/* --- what there is ------------------------------------------------------ */

struct shapes {
	struct look *l;
	uint32_t *devs, n, cap;	/* links of ours that have filters */
};

static struct linkmap_row *our_link(struct look *l, uint32_t index)
{
	struct linkmap_row *r = linkmap_index(&l->ns->links, index);

	return r && r->kind != KIND_LINK && r->group != NETD_GROUP_GOING ?
	       r : NULL;
}

static uint64_t rate_of(uint32_t low, struct nlattr *high)
{
	return (high ? nla_get_u64(high) : low) * 8;
}

/*
 * The kernel keeps a burst as the time it takes, so it comes back a few bytes
 * off: spelt as it is wanted when that is the same.
 */
static uint32_t burst_spelling(struct look *l, const struct qdisc *q,
			       uint32_t ticks)
{
	const struct qdisc *w = (struct qdisc *)
		state_find(l->wanted, KIND_QDISC, q->o.netns, q->o.name);
	uint64_t bytes = (unsigned __int128)ticks * TICK_NS * (q->rate / 8) /
			 1000000000;
	uint64_t slack = 64 + bytes / 256;

	if (w && w->burst <= bytes + slack && bytes <= w->burst + slack)
		return w->burst;
	return bytes < UINT32_MAX ? bytes : UINT32_MAX;
}

static void take_tbf(struct look *l, struct nlattr *opts, struct qdisc *q)
{
	struct nlattr *tb[TCA_TBF_MAX + 1];
	const struct tc_tbf_qopt *o;

	if (nla_parse_nested(tb, TCA_TBF_MAX, opts, NULL) ||
	    !tb[TCA_TBF_PARMS] || nla_len(tb[TCA_TBF_PARMS]) < (int)sizeof(*o))
		return;
	o = nla_data(tb[TCA_TBF_PARMS]);
	q->rate = rate_of(o->rate.rate, tb[TCA_TBF_RATE64]);
	q->limit = o->limit;
	q->burst = burst_spelling(l, q, o->buffer);
}

static uint32_t ms_of(struct nlattr *ns)
{
	return ns ? (nla_get_u64(ns) + 500000) / 1000000 : 0;
}

static void take_netem(struct nlattr *opts, struct qdisc *q)
{
	struct nlattr *tb[TCA_NETEM_MAX + 1];
	const struct tc_netem_qopt *o = nla_data(opts);
	const struct tc_netem_rate *r;

	if (nla_len(opts) < (int)sizeof(*o) ||
	    nla_parse(tb, TCA_NETEM_MAX,
		      (struct nlattr *)((char *)o + NLA_ALIGN(sizeof(*o))),
		      nla_len(opts) - NLA_ALIGN(sizeof(*o)), NULL))
		return;
	q->limit = o->limit;
	q->loss = ((uint64_t)o->loss * 1000000 + UINT32_MAX / 2) / UINT32_MAX;
	q->delay = ms_of(tb[TCA_NETEM_LATENCY64]);
	q->jitter = ms_of(tb[TCA_NETEM_JITTER64]);
	r = tb[TCA_NETEM_RATE] ? nla_data(tb[TCA_NETEM_RATE]) : NULL;
	if (r)
		q->rate = rate_of(r->rate, tb[TCA_NETEM_RATE64]);
}

static void note_dev(struct shapes *s, uint32_t index)
{
	if (s->n == s->cap) {
		s->cap = s->cap ? s->cap * 2 : 64;
		s->devs = realloc(s->devs, s->cap * sizeof(*s->devs));
		if (!s->devs)
			abort();
	}
	s->devs[s->n++] = index;
}

static int take_qdisc(void *arg, struct nlmsghdr *nlh)
{
	struct shapes *s = arg;
	const struct tcmsg *t = nlmsg_data(nlh);
	struct nlattr *tb[TCA_MAX + 1];
	struct linkmap_row *dev;
	struct qdisc *q;

	if (nlh->nlmsg_type != RTM_NEWQDISC ||
	    nlmsg_parse(nlh, sizeof(*t), tb, TCA_MAX, NULL) || !tb[TCA_KIND])
		return 0;
	dev = our_link(s->l, t->tcm_ifindex);
	if (dev && t->tcm_parent == TC_H_INGRESS)
		note_dev(s, t->tcm_ifindex);
	if (!dev || t->tcm_parent != TC_H_ROOT || !tb[TCA_OPTIONS] ||
	    !is_ours(nla_get_string(tb[TCA_KIND]), t->tcm_handle))
		return 0;
	q = state_add(s->l->found, KIND_QDISC, s->l->netns, dev->name,
		      (struct pos){ 0 });
	state_within(s->l->found, q, dev->kind, dev->name);
	if (t->tcm_handle == TBF_HANDLE)
		take_tbf(s->l, tb[TCA_OPTIONS], q);
	else
		take_netem(tb[TCA_OPTIONS], q);
	return 0;
}

/* Where the first action of a filter leads; 0: nowhere. */
static uint32_t mirred_to(struct nlattr *opts)
{
	struct nlattr *u[TCA_U32_MAX + 1], *acts[2], *act[TCA_ACT_MAX + 1];
	struct nlattr *m[TCA_MIRRED_MAX + 1];

	if (nla_parse_nested(u, TCA_U32_MAX, opts, NULL) || !u[TCA_U32_ACT] ||
	    nla_parse_nested(acts, 1, u[TCA_U32_ACT], NULL) || !acts[1] ||
	    nla_parse_nested(act, TCA_ACT_MAX, acts[1], NULL) ||
	    !act[TCA_ACT_OPTIONS] ||
	    nla_parse_nested(m, TCA_MIRRED_MAX, act[TCA_ACT_OPTIONS], NULL) ||
	    !m[TCA_MIRRED_PARMS] ||
	    nla_len(m[TCA_MIRRED_PARMS]) < (int)sizeof(struct tc_mirred))
		return 0;
	return ((struct tc_mirred *)nla_data(m[TCA_MIRRED_PARMS]))->ifindex;
}

static int take_filter(void *arg, struct nlmsghdr *nlh)
{
	struct look *l = arg;
	const struct tcmsg *t = nlmsg_data(nlh);
	struct nlattr *tb[TCA_MAX + 1];
	struct linkmap_row *dev, *to;
	struct redirect *r;
	uint32_t index;

	if (nlh->nlmsg_type != RTM_NEWTFILTER ||
	    TC_H_MAJ(t->tcm_info) >> 16 != FILTER_PRIO ||
	    nlmsg_parse(nlh, sizeof(*t), tb, TCA_MAX, NULL) ||
	    !tb[TCA_OPTIONS])
		return 0;
	dev = our_link(l, t->tcm_ifindex);
	index = mirred_to(tb[TCA_OPTIONS]);
	/* u32 tells its table of hashes first, which has no action */
	if (!dev || !index)
		return 0;
	r = state_add(l->found, KIND_REDIRECT, l->netns, dev->name,
		      (struct pos){ 0 });
	state_within(l->found, r, dev->kind, dev->name);
	to = our_link(l, index);
	r->to = to ? arena_strdup(l->found->arena, to->name) : "";
	return 0;
}

static void begin(void *arg)
{
	struct shapes *s = arg;

	look_reset(s->l);
	s->n = 0;
}

static int look_filters(struct look *l, uint32_t index)
{
	struct tcmsg t = filter;

	t.tcm_ifindex = index;
	l->mark = l->found->n;
	return rt_dump(l->ns, RTM_GETTFILTER, &t, sizeof(t), take_filter,
		       look_reset, l);
}

int look_shapes(struct look *l)
{
	struct tcmsg t = { 0 };
	struct shapes s = { .l = l };
	uint32_t i;
	int err;

	l->mark = l->found->n;
	err = rt_dump(l->ns, RTM_GETQDISC, &t, sizeof(t), take_qdisc, begin,
		      &s);
	for (i = 0; i < s.n && !err; i++) {
		err = look_filters(l, s.devs[i]);
		/* it went meanwhile */
		if (err == -ENODEV || err == -EINVAL)
			err = 0;
	}
	free(s.devs);
	return err;
}

bool look_is_shaped(const struct state *wanted, const char *netns)
{
	uint32_t i = state_seek(wanted, KIND_QDISC, netns, "");

	if (i == wanted->n || wanted->v[i]->kind != KIND_QDISC ||
	    strcmp(wanted->v[i]->netns, netns))
		i = state_seek(wanted, KIND_REDIRECT, netns, "");
	return i < wanted->n && (wanted->v[i]->kind == KIND_QDISC ||
				 wanted->v[i]->kind == KIND_REDIRECT) &&
	       !strcmp(wanted->v[i]->netns, netns);
}

// veth_again.c - pairs whose names are taken by what is on its way out
// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/internal.h"
#include "host/look.h"

#include <errno.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

/*
 * A namespace of ours ends in the background, and so does a large removal;
 * until then the peers stay in the namespaces of others, under the names that
 * are wanted again.
 */
#define WAIT_MS 3000
#define TRY_MS 5

struct named {
	bool there;
	uint32_t group, other;	/* the index of the other end */
};

static int take_named(void *arg, struct nlmsghdr *nlh)
{
	struct ifinfomsg *i = nlmsg_data(nlh);
	struct nlattr *tb[IFLA_MAX + 1];
	struct named *n = arg;

	if (nlh->nlmsg_type != RTM_NEWLINK ||
	    nlmsg_parse(nlh, sizeof(*i), tb, IFLA_MAX, NULL))
		return 0;
	n->there = true;
	n->group = tb[IFLA_GROUP] ? nla_get_u32(tb[IFLA_GROUP]) : 0;
	n->other = tb[IFLA_LINK] ? nla_get_u32(tb[IFLA_LINK]) : 0;
	return 0;
}

static struct named look_at(struct ns *ns, const char *name)
{
	struct ifinfomsg i = { 0 };
	struct nl_msg *m = nlmsg_alloc_size(256);
	struct named n = { false };

	if (!m)
		abort();
	nlmsg_hdr(m)->nlmsg_type = RTM_GETLINK;
	nlmsg_append(m, &i, sizeof(i), NLMSG_ALIGNTO);
	nla_put_u32(m, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
	nla_put_string(m, IFLA_IFNAME, name);
	(void)rt_ask(ns, m, take_named, NULL, &n);
	nlmsg_free(m);
	return n;
}

/* Ours, and its other end is in none of our namespaces, or going. */
static bool is_going(struct host *h, const struct named *n)
{
	struct linkmap_row *r;
	struct ns *ns;

	if (n->group >= NETD_GROUP_GOING && n->group <= NETD_GROUP_NOW_LAST)
		return true;
	if (n->group != NETD_GROUP_PEER)
		return false;
	for (ns = ns_first(h); ns; ns = ns->next) {
		r = linkmap_index(&ns->links, n->other);
		if (r && r->group == NETD_GROUP)
			return false;
	}
	return true;
}

/* Waits until the name is free.  false: it won't be. */
static bool is_free(struct host *h, struct ns *ns, const char *name,
		    int64_t until)
{
	struct named n;

	for (;;) {
		n = look_at(ns, name);
		if (!n.there)
			return true;
		if (!is_going(h, &n) || clock_ms() > until)
			return false;
		poll(NULL, 0, TRY_MS);
	}
}

static void again(struct host *h, const struct job *j, int64_t until)
{
	const struct veth *v = (const struct veth *)j->step->want;
	struct ns *peer = veth_peer(h, j->step);

	if (!peer)
		return;
	linkmap_del(&j->ns->links, v->l.o.name);
	linkmap_del(&peer->links, v->peer);
	if (!is_free(h, j->ns, v->l.o.name, until))
		step_failed(h, j->step, -EEXIST, "there is an interface of "
			    "that name already");
	else if (!is_free(h, peer, v->peer, until))
		step_failed(h, j->step, -EEXIST, "the peer's namespace has an "
			    "interface of that name already");
	else
		veth_create(h, j->step);
}

void veth_again(struct host *h)
{
	struct jobs *jobs = &h->ap->jobs, list = h->ap->again;
	int64_t until = clock_ms() + WAIT_MS;
	uint32_t i, n = 0;

	for (i = 0; i < jobs->n; i++)
		if (!step_again(h, jobs->v[i].step))
			jobs->v[n++] = jobs->v[i];
	jobs->n = n;
	memset(&h->ap->again, 0, sizeof(h->ap->again));
	h->ap->last_try = true;
	for (i = 0; i < list.n; i++)
		again(h, &list.v[i], until);
	h->ap->last_try = false;
	link_finish(h);
	free(list.v);
}

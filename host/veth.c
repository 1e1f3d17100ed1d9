// veth.c - the driver of veth pairs: our end, and what is handed over
// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/internal.h"

#include <errno.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/*
 * A peer is born straight in its namespace, and down, since the kernel allows
 * no more; no packet passes before it is up.  One of ours is a leg and has a
 * driver of its own.  Somebody else's is handed over when all links and
 * addresses of the plan are there (veth_end()), in passes over all: addresses,
 * then up, with routes.  What the kernel does for each interface that has got
 * a carrier (duplicate addresses, multicast) holds the lock that all requests
 * need, and walks all routes: that begins when little is left to do.  Our end
 * gets its alias last: one without it is a pair that was not finished, and is
 * finished later.
 */

static const struct veth *wanted(const struct step *s)
{
	return (const struct veth *)s->want;
}

/* Where the peer lives: one that is kept open, or is visited for this run. */
struct ns *veth_peer(struct host *h, const struct step *s)
{
	const char *spec = wanted(s)->peer_netns;
	struct ns *ns = ns_known(h, spec ? spec : "");
	int err = 0;

	if (veth_is_parked(wanted(s)))
		return ns_home(h);
	if (ns && (ns->ours || ns == ns_home(h)))
		return ns;
	for (ns = h->ap->visits; ns; ns = ns->next)
		if (!strcmp(ns->name, spec))
			return ns;
	ns = ns_visit(spec, h, &err);
	if (ns && wanted(s)->peer_id && wanted(s)->peer_id != ns->ino) {
		ns_visit_end(ns);
		step_failed(h, s, -ESTALE, "the peer's network namespace is "
			    "gone: another one is there now");
		return NULL;
	}
	if (!ns) {
		step_failed(h, s, err, err == -EINVAL ?
			    "the peer's namespace is not a network namespace" :
			    "the peer's network namespace is not there (yet)");
		return NULL;
	}
	ns->next = h->ap->visits;
	h->ap->visits = ns;
	h->ap->nvisits++;
	return ns;
}

static void end_visits(struct host *h)
{
	struct ns *ns;

	while ((ns = h->ap->visits)) {
		h->ap->visits = ns->next;
		ns_visit_end(ns);
	}
	h->ap->nvisits = 0;
}

static void put_peer(struct nl_msg *m, const struct veth *v, uint32_t index,
		     int nsfd)
{
	struct ifinfomsg i = { .ifi_index = index };
	struct nlattr *info, *data, *peer;

	info = nla_nest_start(m, IFLA_LINKINFO);
	nla_put_string(m, IFLA_INFO_KIND, "veth");
	data = nla_nest_start(m, IFLA_INFO_DATA);
	peer = nla_nest_start(m, VETH_INFO_PEER);
	nlmsg_append(m, &i, sizeof(i), NLMSG_ALIGNTO);
	nla_put_string(m, IFLA_IFNAME, v->peer);
	if (!veth_is_parked(v))
		nla_put_u32(m, IFLA_GROUP, NETD_GROUP_PEER);
	nla_put_u32(m, IFLA_NET_NS_FD, nsfd);
	if (!mac_is_any(&v->peer_mac))
		nla_put(m, IFLA_ADDRESS, sizeof(v->peer_mac), &v->peer_mac);
	if (v->l.mtu && v->l.mtu != ANY32)
		nla_put_u32(m, IFLA_MTU, v->l.mtu);
	nla_nest_end(m, peer);
	nla_nest_end(m, data);
	nla_nest_end(m, info);
}

/* A pair's ends have different indexes everywhere (linkwatch_urgent_event()
 * takes equal ones for a link without a peer, and lets it wait). */
void veth_create(struct host *h, const struct step *s)
{
	const struct veth *v = wanted(s);
	struct ns *ns = step_ns(h, s), *peer;
	bool up = v->l.up == 1;
	uint32_t index, peer_index, master;
	struct nl_msg *m;
	struct job *j;

	if (!ns || !link_master(h, s, ns, &master))
		return;
	peer = veth_peer(h, s);
	if (!peer)
		return;
	reap_name(h, ns, v->l.o.name);
	if (v->peer_ours || veth_is_parked(v))
		reap_name(h, peer, v->peer);
	index = link_next_index(h, ns);
	peer_index = link_next_index(h, peer);
	m = link_new(h, s, ns, index, up, h->ap->last_try ? 0 : RTQ_AGAIN);
	if (master)
		nla_put_u32(m, IFLA_MASTER, master);
	put_peer(m, v, peer_index, peer->fd);
	linkmap_add(&ns->links, index, v->l.o.name, KIND_VETH, NETD_GROUP);
	if (!veth_is_parked(v))
		linkmap_add(&peer->links, peer_index, v->peer, KIND_LEG,
			    NETD_GROUP_PEER);
	link_settle(h, s, ns, index, master, false);
	j = job_add(&h->ap->jobs, s, ns);
	j->index = index;
	j->peer_index = peer_index;
}

/* --- what is handed into somebody else's namespace -------------------- */

static void put_ip(struct nl_msg *m, int attr, const struct ip *ip)
{
	nla_put(m, attr, ip_bytes(ip), ip->b);
}

static void peer_address(struct host *h, const struct step *s, struct ns *ns,
			 uint32_t index, const struct prefix *p)
{
	struct ifaddrmsg a = {
		.ifa_family = p->ip.family == 6 ? AF_INET6 : AF_INET,
		.ifa_prefixlen = p->len, .ifa_index = index,
	};
	struct nl_msg *m = rtq_msg(h, ns, RTM_NEWADDR,
				   NLM_F_CREATE | NLM_F_REPLACE, s, -EEXIST);

	nlmsg_append(m, &a, sizeof(a), NLMSG_ALIGNTO);
	put_ip(m, IFA_LOCAL, &p->ip);
	put_ip(m, IFA_ADDRESS, &p->ip);
	/* nobody else has it: netd gave it, and guards it */
	nla_put_u32(m, IFA_FLAGS, IFA_F_NODAD);
}

/* A gateway outside the address's own network is on the link all the same. */
static bool on_link(const struct veth *v, const struct ip *gw)
{
	const struct prefix *p = v->peer_addresses.items;
	uint32_t i;

	for (i = 0; i < v->peer_addresses.n; i++)
		if (prefix_has(&p[i], gw))
			return true;
	return gw->family == 6 && gw->b[0] == 0xfe;
}

static void peer_gateway(struct host *h, const struct step *s, struct ns *ns,
			 uint32_t index, const struct ip *gw)
{
	struct rtmsg r = {
		.rtm_family = gw->family == 6 ? AF_INET6 : AF_INET,
		.rtm_table = RT_TABLE_MAIN, .rtm_protocol = NETD_RTPROT,
		.rtm_type = RTN_UNICAST,
		.rtm_flags = on_link(wanted(s), gw) ? 0 : RTNH_F_ONLINK,
	};
	struct nl_msg *m = rtq_msg(h, ns, RTM_NEWROUTE, NLM_F_CREATE |
				   NLM_F_EXCL, s, -EEXIST);

	nlmsg_append(m, &r, sizeof(r), NLMSG_ALIGNTO);
	put_ip(m, RTA_GATEWAY, gw);
	nla_put_u32(m, RTA_OIF, index);
}

static uint32_t peer_index(struct host *h, const struct job *j, struct ns *ns)
{
	uint32_t index = j->peer_index;

	if (!index)
		index = ns_link_index(ns, wanted(j->step)->peer);
	if (!index)
		step_failed(h, j->step, -ENODEV,
			    "the peer was taken away before it was set up");
	return index;
}

static void give_addresses(struct host *h, const struct job *j, struct ns *ns)
{
	const struct list *l = &wanted(j->step)->peer_addresses;
	const struct prefix *p = l->items;
	uint32_t i, index = peer_index(h, j, ns);

	for (i = 0; index && i < l->n; i++)
		peer_address(h, j->step, ns, index, &p[i]);
}

static void set_peer_up(struct host *h, const struct job *j, struct ns *ns)
{
	const struct list *l = &wanted(j->step)->peer_gateways;
	const struct ip *gw = l->items;
	uint32_t i, index = peer_index(h, j, ns);

	if (!index)
		return;
	link_up(h, j->step, ns, index, true);
	for (i = 0; i < l->n; i++)
		peer_gateway(h, j->step, ns, index, &gw[i]);
}

/* Of many, the kernel brings the carriers up to date by itself. */
#define SYNC_MAX 16

static void sync_pair(struct host *h, struct job *j)
{
	struct ns *peer = veth_peer(h, j->step);

	if (!peer)
		return;
	link_sync(peer, wanted(j->step)->peer);
	link_sync(j->ns, wanted(j->step)->l.o.name);
	announce(h, peer, wanted(j->step));
}

static bool is_to_finish(struct host *h, const struct job *j)
{
	return !step_has_failed(h, j->step) && link_unfinished(j->step);
}

/* Namespace by namespace, since another one is another send. */
static void at_peers(struct host *h, struct job *j, struct job *end,
		     void (*do_it)(struct host *h, const struct job *j,
				   struct ns *ns))
{
	struct job *k;
	struct ns *ns;

	for (k = j; k < end; k++)
		k->peer = is_to_finish(h, k) ? veth_peer(h, k->step) : NULL;
	for (; j < end; j++) {
		ns = j->peer;
		for (k = j; ns && k < end; k++) {
			if (k->peer != ns)
				continue;
			do_it(h, k, ns);
			k->peer = NULL;
		}
	}
	rtq_flush(h);
}

static void address_some(struct host *h, struct job *j, struct job *end)
{
	at_peers(h, j, end, give_addresses);
}

static void set_some_up(struct host *h, struct job *j, struct job *end)
{
	at_peers(h, j, end, set_peer_up);
}

static void finish_some(struct host *h, struct job *j, struct job *end)
{
	bool few = h->ap->handed.n <= SYNC_MAX;
	struct job *k;

	for (k = j; k < end; k++)
		if (is_to_finish(h, k))
			link_complete(h, k->step, k->ns, k->index);
	rtq_flush(h);
	for (k = j; k < end; k++) {
		if (!is_to_finish(h, k))
			continue;
		if (few)
			sync_pair(h, k);
		else
			announce_met(h, wanted(k->step));
	}
	rtq_flush(h);
}

/* So many at a time: each may have a namespace of its own, kept open. */
static void pass(struct host *h, void (*some)(struct host *h, struct job *j,
					      struct job *end))
{
	struct jobs *jobs = &h->ap->handed;
	uint32_t i, n;

	for (i = 0; i < jobs->n; i += n) {
		n = jobs->n - i < RUN_MAX ? jobs->n - i : RUN_MAX;
		some(h, jobs->v + i, jobs->v + i + n);
		if (h->ap->nvisits > RUN_MAX)
			end_visits(h);
	}
}

void veth_end(struct host *h)
{
pass(h, address_some);
	pass(h, set_some_up);
	pass(h, finish_some);
	end_visits(h);
	h->ap->handed.n = 0;
}

static void veth_commit(struct host *h)
{
	struct jobs *jobs = &h->ap->jobs;
	struct job *j;

	link_commit(h);
	if (h->ap->again.n)
		veth_again(h);
	for (j = jobs->v; j < jobs->v + jobs->n; j++)
		if (is_to_finish(h, j))
			*job_add(&h->ap->handed, j->step, j->ns) = *j;
	end_visits(h);
}

const struct driver driver_veth = {
	.create = veth_create,
	.update = link_update,
	.destroy = link_destroy,
	.commit = veth_commit,
};

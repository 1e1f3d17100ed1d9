// watch.c - hears of what is done to what netd made
// SPDX-License-Identifier: GPL-2.0-or-later
#include "netd/help.h"
#include "host/watch.h"

#include <errno.h>
#include <linux/netconf.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <unistd.h>

#include "host/nft/driver.h"

/*
 * An event tells only where to look: what is there is read again a moment
 * later and compared with what must be there.  So our own changes, and those
 * that somebody undid, are no news.
 */

#define CALM_MS 10
#define LATER_MS 200
#define ROUND_MS 1000
#define SLICE_MS 4

static const int rt_groups[] = {
	RTNLGRP_LINK, RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR,
	RTNLGRP_IPV4_ROUTE, RTNLGRP_IPV6_ROUTE, RTNLGRP_IPV4_NETCONF,
	RTNLGRP_IPV6_NETCONF, RTNLGRP_TC,
};

static void join(int fd, int group, bool join)
{
	(void)setsockopt(fd, SOL_NETLINK, join ? NETLINK_ADD_MEMBERSHIP :
			 NETLINK_DROP_MEMBERSHIP, &group, sizeof(group));
}

static void join_rt(struct watch *w, bool yes)
{
	unsigned int i;

	for (i = 0; i < sizeof(rt_groups) / sizeof(*rt_groups); i++)
		join(w->rt, rt_groups[i], yes);
}

static int event_socket(int protocol)
{
	struct sockaddr_nl me = { .nl_family = AF_NETLINK };
	int one = 1, room = 16 << 20;
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK,
			protocol);

	if (fd < 0)
		return -errno;
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room));
	if (bind(fd, (struct sockaddr *)&me, sizeof(me)) ||
	    setsockopt(fd, SOL_NETLINK, NETLINK_LISTEN_ALL_NSID, &one,
		       sizeof(one))) {
		one = -errno;
		close(fd);
		return one;
	}
	return fd;
}

int watch_init(struct host *h)
{
	struct watch *w = calloc(1, sizeof(*w));

	if (!w)
		abort();
	h->watch = w;
	w->nft = w->names = -1;
	w->rt = event_socket(NETLINK_ROUTE);
	if (w->rt < 0)
		return w->rt;
	w->nft = event_socket(NETLINK_NETFILTER);
	if (w->nft < 0)
		return w->nft;
	w->pending = calloc(PENDING_MAX, sizeof(*w->pending));
	if (!w->pending)
		abort();
	join_rt(w, true);
	join(w->nft, NFNLGRP_NFTABLES, true);
	watch_names(w);
	return 0;
}

void watch_free(struct host *h)
{
	struct watch *w = h->watch;

	if (!w)
		return;
	close(w->rt);
	close(w->nft);
	if (w->names >= 0)
		close(w->names);
	free(w->pending);
	words_forget(w);
	buf_free(&w->default4);
	buf_free(&w->default6);
	free(w);
	state_free(h->watched);
	h->watch = NULL;
}

/* --- what is to be looked at ------------------------------------------- */

static void due(struct watch *w, int64_t at)
{
	if (!w->due || w->due > at)
		w->due = at;
}

static void soon(struct watch *w)
{
	due(w, clock_ms() + CALM_MS);
}

void watch_note(struct host *h, struct ns *ns, const char *name, uint8_t what)
{
	struct watch *w = h->watch;
	int64_t at = clock_ms() + (what & CHECK_LATER ? LATER_MS : CALM_MS);
	struct pending *p;
	uint32_t i;

	due(w, at);
	for (i = w->npending; i-- > 0 && i + 32 > w->npending; ) {
		p = &w->pending[i];
		if (p->ns == ns && !strcmp(p->name, name)) {
			p->what |= what;
			if (at < p->at)
				p->at = at;
			return;
		}
	}
	if (w->npending == PENDING_MAX) {
		w->lost = true;
		return;
	}
	p = &w->pending[w->npending++];
	p->ns = ns;
	p->what = what;
	p->at = at;
	memset(p->name, 0, sizeof(p->name));
	strncpy(p->name, name, sizeof(p->name) - 1);
}

void watch_note_routes(struct host *h, struct ns *ns)
{
	ns->routes_changed = true;
	soon(h->watch);
}

static void note_index(struct host *h, struct ns *ns, uint32_t index,
		       uint8_t what)
{
	struct linkmap_row *r = linkmap_index(&ns->links, index);

	if (r && (r->kind != KIND_LINK || rules_mention(h, r->name)))
		watch_note(h, ns, r->name, what);
}

void watch_forget(struct host *h, struct ns *ns)
{
	struct watch *w = h->watch;
	uint32_t i, n = 0;

	for (i = 0; w && i < w->npending; i++)
		if (w->pending[i].ns != ns)
			w->pending[n++] = w->pending[i];
	if (w)
		w->npending = n;
}

/* --- rtnetlink events --------------------------------------------------- */

static bool is_default(const struct watch *w, const char *dev)
{
	return fact_has_word(&w->default4, dev) ||
	       fact_has_word(&w->default6, dev);
}

/* A port that somebody else had put on a bridge of ours. */
static void left_bridge(struct host *h, struct ns *ns, struct linkmap_row *r,
			uint32_t master)
{
	struct linkmap_row *b = linkmap_index(&ns->links, r->master);

	r->master = master;
	if (b && b->kind == KIND_BRIDGE)
		host_dirty(h, OBSERVE_LINKS, "another's port left a bridge "
			   "of netd's");
}

static void link_event(struct host *h, struct ns *ns, struct nlmsghdr *nlh)
{
	struct ifinfomsg *i = nlmsg_data(nlh);
	struct nlattr *tb[IFLA_MAX + 1];
	struct linkmap_row *r;
	uint32_t master;
	const char *name;

	if (nlmsg_parse(nlh, sizeof(*i), tb, IFLA_MAX, NULL) ||
	    !tb[IFLA_IFNAME])
		return;
	name = nla_get_string(tb[IFLA_IFNAME]);
	r = linkmap_index(&ns->links, i->ifi_index);
	/* it had another name */
	if (r && strcmp(r->name, name))
		watch_note(h, ns, r->name, CHECK_LINK);
	master = tb[IFLA_MASTER] ? nla_get_u32(tb[IFLA_MASTER]) : 0;
	if (r && r->kind == KIND_LINK && r->master != master)
		left_bridge(h, ns, r, master);
	if ((r && r->kind != KIND_LINK) || watched_link(h, ns->name, name) ||
	    linkmap_index(&ns->links, master) || rules_mention(h, name))
		watch_note(h, ns, name, CHECK_LINK | CHECK_ADDRESSES);
	else if (ns == ns_home(h) && (!r || r->plain))
		watch_note(h, ns, name, CHECK_LINK | CHECK_LATER);
	/* IPv4 routes go with their link and no word is said; a new one is */
	if (ns == ns_home(h) && (is_default(h->watch, name) ||
				 (r && is_default(h->watch, r->name))))
		h->watch->defaults = true;
}

static void address_event(struct host *h, struct ns *ns, struct nlmsghdr *nlh)
{
	struct ifaddrmsg *i = nlmsg_data(nlh);

	if (nlmsg_datalen(nlh) >= (int)sizeof(*i))
		note_index(h, ns, i->ifa_index, CHECK_ADDRESSES);
}

static void route_event(struct host *h, struct ns *ns, struct nlmsghdr *nlh)
{
	struct rtmsg *r = nlmsg_data(nlh);

	if (nlmsg_datalen(nlh) < (int)sizeof(*r) ||
	    r->rtm_table != RT_TABLE_MAIN || (r->rtm_flags & RTM_F_CLONED))
		return;
	if (!r->rtm_dst_len && ns == ns_home(h)) {
		h->watch->defaults = true;
		soon(h->watch);
	}
	if (r->rtm_protocol != RTPROT_KERNEL)
		watch_note_routes(h, ns);
}

/* Programs of others shape their links, too. */
static void shape_event(struct host *h, struct ns *ns, struct nlmsghdr *nlh)
{
	struct tcmsg *t = nlmsg_data(nlh);
	struct linkmap_row *r;

	if (nlmsg_datalen(nlh) < (int)sizeof(*t))
		return;
	r = linkmap_index(&ns->links, t->tcm_ifindex);
	if (!r || r->kind == KIND_LINK)
		return;
	ns->shapes_changed = true;
	soon(h->watch);
}

static void netconf_event(struct host *h, struct ns *ns, struct nlmsghdr *nlh)
{
	struct nlattr *tb[NETCONFA_MAX + 1];
	int32_t index;

	if (nlmsg_parse(nlh, sizeof(struct netconfmsg), tb, NETCONFA_MAX,
			NULL) || !tb[NETCONFA_IFINDEX])
		return;
	index = nla_get_u32(tb[NETCONFA_IFINDEX]);
	if (index > 0) {
		note_index(h, ns, index, CHECK_LINK);
		return;
	}
	ns->sysctl_changed = true;
	if (index == NETCONFA_IFINDEX_ALL && ns == ns_home(h))
		h->watch->forwarding = true;
	soon(h->watch);
}

static const struct {
	uint16_t type;
	void (*fn)(struct host *h, struct ns *ns, struct nlmsghdr *nlh);
} rt_events[] = {
	{ RTM_NEWLINK, link_event }, { RTM_DELLINK, link_event },
	{ RTM_NEWADDR, address_event }, { RTM_DELADDR, address_event },
	{ RTM_NEWROUTE, route_event }, { RTM_DELROUTE, route_event },
	{ RTM_NEWNETCONF, netconf_event },
	{ RTM_NEWQDISC, shape_event }, { RTM_DELQDISC, shape_event },
	{ RTM_NEWTFILTER, shape_event }, { RTM_DELTFILTER, shape_event },
};

static void rt_event(struct host *h, struct ns *ns, struct nlmsghdr *nlh)
{
	unsigned int i;

	for (i = 0; i < sizeof(rt_events) / sizeof(*rt_events); i++)
		if (rt_events[i].type == nlh->nlmsg_type)
			rt_events[i].fn(h, ns, nlh);
}

/* --- reading them -------------------------------------------------------- */

static struct ns *sender(struct host *h, struct msghdr *m)
{
	struct cmsghdr *c;
	int nsid;

	for (c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
		if (c->cmsg_level != SOL_NETLINK ||
		    c->cmsg_type != NETLINK_LISTEN_ALL_NSID)
			continue;
		memcpy(&nsid, CMSG_DATA(c), sizeof(nsid));
		return ns_by_nsid(h, nsid);
	}
	return ns_home(h);
}

typedef void event_fn(struct host *h, struct ns *ns, struct nlmsghdr *nlh);

/* 1, 0 when there are no more, or -ENOBUFS when some were lost. */
static int read_events(struct host *h, int fd, event_fn *fn)
{
	_Alignas(8) static char in[65536];
	char room[256];
	struct iovec v = { in, sizeof(in) };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1,
			    .msg_control = room,
			    .msg_controllen = sizeof(room) };
	struct nlmsghdr *nlh;
	struct ns *ns;
	ssize_t n = recvmsg(fd, &m, MSG_DONTWAIT);
	int left = n;

	if (n <= 0)
		return n < 0 && errno == ENOBUFS ? -ENOBUFS : 0;
	ns = fn ? sender(h, &m) : NULL;
	for (nlh = (struct nlmsghdr *)in; ns && nlmsg_ok(nlh, left);
	     nlh = nlmsg_next(nlh, &left))
		fn(h, ns, nlh);
	return 1;
}

static void read_rt(struct host *h)
{
	int got;

	while ((got = read_events(h, h->watch->rt, rt_event)))
		if (got < 0)
			h->watch->lost = true;
	if (h->watch->lost)
		soon(h->watch);
}

static void read_nft(struct host *h)
{
	int got;

	while ((got = read_events(h, h->watch->nft, watch_nft_event)))
		if (got < 0)
			host_dirty(h, OBSERVE_NFT, "nft events were lost");
}

/* --- the loop's side ------------------------------------------------------ */

int watch_fds(struct host *h, struct pollfd *fds, int room)
{
	const int all[] = { h->watch->rt, h->watch->nft, h->watch->names };
	int i;

	for (i = 0; i < 3 && i < room; i++)
		fds[i] = (struct pollfd){ .fd = all[i], .events = POLLIN };
	return i;
}

int watch_timeout(struct host *h)
{
	struct watch *w = h->watch;
	int64_t at = w->due, left;

	if (!h->watched || !h->watched->n)
		return -1;
	if (!at || (w->round && w->round < at))
		at = w->round;
	left = at - clock_ms();
	return left < 0 ? 0 : left;
}

static void check_sysctls_of(struct host *h)
{
	struct ns *ns;

	for (ns = ns_first(h); ns; ns = ns->next) {
		if (ns->sysctl_changed)
			check_sysctls(h, ns);
		ns->sysctl_changed = false;
	}
}

static void look_at(struct host *h, const struct pending *p)
{
	if (p->what & CHECK_LINK)
		check_link(h, p->ns, p->name);
	if (p->what & CHECK_ADDRESSES)
		check_addrs(h, p->ns, p->name);
}

/*
 * Those whose time has come; the others stay.  Thousands may come at once,
 * and a request is not to wait for all of them.
 */
static void look_at_links(struct host *h, int64_t now)
{
	struct watch *w = h->watch;
	int64_t until = now + SLICE_MS;
	struct pending *p;
	uint32_t i, n = 0;

	w->due = 0;
	for (i = 0; i < w->npending; i++) {
		p = &w->pending[i];
		if (p->at <= now && now <= until) {
			look_at(h, p);
			now = clock_ms();
			continue;
		}
		due(w, p->at);
		w->pending[n++] = *p;
	}
	w->npending = n;
}

static void look_at_pending(struct host *h, int64_t now)
{
	struct watch *w = h->watch;
	struct ns *ns;

	if (w->lost) {
		host_dirty(h, OBSERVE_LINKS | OBSERVE_FACTS,
			   "events were lost");
		w->npending = 0;
	}
	look_at_links(h, now);
	for (ns = ns_first(h); ns; ns = ns->next) {
		if (ns->routes_changed && !w->lost)
			check_routes(h, ns);
		if (ns->shapes_changed && !w->lost)
			check_shapes(h, ns);
		ns->routes_changed = ns->shapes_changed = false;
	}
	check_sysctls_of(h);
	if (w->defaults)
		check_defaults(h);
	if (w->forwarding)
		check_forwards(h);
	w->defaults = w->forwarding = w->lost = false;
}

void watch_ready(struct host *h)
{
	struct watch *w = h->watch;
	int64_t now;

	if (!h->watched) {
		watch_drain(h);
		return;
	}
	read_nft(h);
	read_rt(h);
	watch_read_names(h);
	now = clock_ms();
	if (w->due && now >= w->due)
		look_at_pending(h, now);
	if (now >= w->round) {
		check_round(h);
		w->round = now + ROUND_MS;
	}
}

void watch_set(struct host *h, struct state *s)
{
	struct watch *w = h->watch;

	state_sort(s, NULL, NULL);
	state_free(h->watched);
	h->watched = s;
	words_forget(w);
	w->ntold = 0;
	if (!w->round)
		w->round = clock_ms() + ROUND_MS;
	watch_names(w);
}

void watch_drain(struct host *h)
{
	struct watch *w = h->watch;
	struct ns *ns;

	while (read_events(h, w->rt, NULL))
		;
	for (ns = ns_first(h); ns; ns = ns->next)
		ns->routes_changed = ns->sysctl_changed =
			ns->shapes_changed = false;
	w->npending = 0;
	w->lost = w->defaults = false;
	w->due = 0;
}

void watch_drain_nft(struct host *h)
{
	while (read_events(h, h->watch->nft, NULL))
		;
}

/*
 * A big change of our own makes more events than fit; netd looks at all of it
 * afterwards anyway.
 */
void watch_pause(struct host *h, bool pause)
{
	struct watch *w = h->watch;

	if (w->paused == pause)
		return;
	w->paused = pause;
	join_rt(w, !pause);
	join(w->nft, NFNLGRP_NFTABLES, !pause);
	if (!pause) {
		watch_drain(h);
		watch_drain_nft(h);
	}
}

/* Events of another namespace come when it has a number in ours. */
void watch_join(struct host *h, struct ns *ns)
{
	if (ns != ns_home(h))
		ns->nsid = ns_id_of(ns_home(h), ns->fd);
}

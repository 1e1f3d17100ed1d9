// route.c - the driver of routes
// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/internal.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

static const uint8_t rtn[] = {
	[ROUTE_UNICAST] = RTN_UNICAST,
	[ROUTE_BLACKHOLE] = RTN_BLACKHOLE,
	[ROUTE_UNREACHABLE] = RTN_UNREACHABLE,
	[ROUTE_PROHIBIT] = RTN_PROHIBIT,
};

static int destination(const struct object *o, struct prefix *p)
{
	char text[64];

	snprintf(text, sizeof(text), "%.*s", (int)strcspn(o->name, " "),
		 o->name);
	return prefix_read(text, p);
}

static void put_ip(struct nl_msg *m, int attr, const struct ip *ip)
{
	nla_put(m, attr, ip_bytes(ip), ip->b);
}

/* A next hop of the other family is told with its family (RFC 5549). */
static void put_via(struct nl_msg *m, const struct ip *via, uint8_t family)
{
	struct {
		uint16_t family;
		uint8_t b[16];
	} rtvia;

	if (!via->family)
		return;
	if (via->family == family) {
		put_ip(m, RTA_GATEWAY, via);
		return;
	}
	rtvia.family = via->family == 6 ? AF_INET6 : AF_INET;
	memcpy(rtvia.b, via->b, sizeof(rtvia.b));
	nla_put(m, RTA_VIA, 2 + ip_bytes(via), &rtvia);
}

static uint32_t hop_index(struct host *h, const struct step *s,
			  struct ns *ns, const struct nexthop *x)
{
	uint32_t index = ns_link_index(ns, x->dev);

	if (!index)
		step_failed(h, s, -ENODEV,
			    "the interface of a next hop is not there");
	return index;
}

static void put_multipath(struct nl_msg *m, const struct nexthop *x,
			  const uint32_t *index, uint32_t n, uint8_t family)
{
	struct nlattr *mp = nla_nest_start(m, RTA_MULTIPATH);
	struct rtnexthop *r;
	size_t at;
	uint32_t i;

	for (i = 0; i < n; i++) {
		at = nlmsg_hdr(m)->nlmsg_len;
		r = nlmsg_reserve(m, sizeof(*r), NLMSG_ALIGNTO);
		memset(r, 0, sizeof(*r));
		r->rtnh_ifindex = index[i];
		r->rtnh_hops = x[i].weight ? x[i].weight - 1 : 0;
		put_via(m, &x[i].via, family);
		r->rtnh_len = nlmsg_hdr(m)->nlmsg_len - at;
	}
	nla_nest_end(m, mp);
}

#define HOPS_MAX 256

static int hop_indexes(struct host *h, const struct step *s, struct ns *ns,
		       const struct route *r, uint32_t *index)
{
	const struct nexthop *x = r->nexthops.items;
	uint32_t i;

	if (r->nexthops.n > HOPS_MAX) {
		step_failed(h, s, -E2BIG, "a route takes 256 next hops");
		return -E2BIG;
	}
	for (i = 0; i < r->nexthops.n; i++) {
		index[i] = hop_index(h, s, ns, &x[i]);
		if (!index[i])
			return -ENODEV;
	}
	return 0;
}

static void put_hops(struct nl_msg *m, const struct route *r,
		     const uint32_t *index, uint8_t family)
{
	const struct nexthop *x = r->nexthops.items;

	if (r->type != ROUTE_UNICAST || !r->nexthops.n)
		return;
	if (r->nexthops.n > 1) {
		put_multipath(m, x, index, r->nexthops.n, family);
		return;
	}
	put_via(m, &x->via, family);
	nla_put_u32(m, RTA_OIF, *index);
}

static struct nl_msg *route_msg(struct host *h, const struct step *s,
				struct ns *ns, int type, int flags, int ok)
{
	const struct route *o = (const struct route *)step_object(s);
	struct rtmsg r = {
		.rtm_table = RT_TABLE_MAIN, .rtm_protocol = NETD_RTPROT,
		.rtm_scope = RT_SCOPE_UNIVERSE,
		.rtm_type = rtn[o->type & 3],
	};
	const struct nexthop *x = o->nexthops.items;
	struct prefix p;
	struct nl_msg *m;

	if (destination(&o->o, &p)) {
		step_failed(h, s, -EINVAL, NULL);
		return NULL;
	}
	r.rtm_family = p.ip.family == 6 ? AF_INET6 : AF_INET;
	r.rtm_dst_len = p.len;
	if (r.rtm_family == AF_INET && o->nexthops.n == 1 && !x->via.family)
		r.rtm_scope = RT_SCOPE_LINK;
	if (type == RTM_DELROUTE)
		r.rtm_scope = RT_SCOPE_NOWHERE;
	m = rtq_msg(h, ns, type, flags, s, ok);
	nlmsg_append(m, &r, sizeof(r), NLMSG_ALIGNTO);
	if (p.len)
		put_ip(m, RTA_DST, &p.ip);
	if (o->metric)
		nla_put_u32(m, RTA_PRIORITY, o->metric);
	return m;
}

static void set(struct host *h, const struct step *s, int flags)
{
	const struct route *r = (const struct route *)s->want;
	struct ns *ns = step_ns(h, s);
	uint32_t index[HOPS_MAX];
	struct prefix p;
	struct nl_msg *m;

	if (!ns || hop_indexes(h, s, ns, r, index))
		return;
	m = route_msg(h, s, ns, RTM_NEWROUTE, flags, 0);
	if (!m || destination(&r->o, &p))
		return;
	put_hops(m, r, index, p.ip.family);
	if (r->src.family)
		put_ip(m, RTA_PREFSRC, &r->src);
}

/* EXCL: a route that the kernel or somebody else has there stays. */
static void route_create(struct host *h, const struct step *s)
{
	set(h, s, NLM_F_CREATE | NLM_F_EXCL);
}

static void route_update(struct host *h, const struct step *s)
{
	set(h, s, NLM_F_CREATE | NLM_F_REPLACE);
}

/* It may have gone with its link. */
static void route_destroy(struct host *h, const struct step *s)
{
	struct ns *ns = step_ns(h, s);

	if (ns)
		route_msg(h, s, ns, RTM_DELROUTE, 0, -ESRCH);
}

const struct driver driver_route = {
	.create = route_create,
	.update = route_update,
	.destroy = route_destroy,
	.commit = rtq_flush,
};

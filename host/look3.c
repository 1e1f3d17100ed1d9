// look3.c - what addresses, neighbours and routes a namespace has
// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/look.h"

#include <errno.h>
#include <linux/if_addr.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

static struct ip ip_of(struct nlattr *a)
{
	struct ip ip = { 0 };

	if (a && nla_len(a) == 16)
		ip.family = 6;
	else if (a && nla_len(a) == 4)
		ip.family = 4;
	if (ip.family)
		memcpy(ip.b, nla_data(a), ip_bytes(&ip));
	return ip;
}

/* What is on a link that is going counts as gone with it. */
static struct linkmap_row *dev_of(struct look *l, uint32_t index)
{
	struct linkmap_row *r = linkmap_index(&l->ns->links, index);

	return r && r->group != NETD_GROUP_GOING ? r : NULL;
}

static bool link_local(const struct ip *ip)
{
	return ip->family == 6 && ip->b[0] == 0xfe && (ip->b[1] & 0xc0) == 0x80;
}

/* --- addresses -------------------------------------------------------- */

static bool address_matters(struct look *l, struct linkmap_row *dev,
			    const struct ip *ip, const char *name)
{
	if (l->all && dev->kind == KIND_LINK && !link_local(ip))
		return true;
	return state_find(l->wanted, KIND_ADDRESS, l->ns->name, name);
}

static int take_address(void *arg, struct nlmsghdr *nlh)
{
	struct look *l = arg;
	struct ifaddrmsg *i = nlmsg_data(nlh);
	struct nlattr *tb[IFA_MAX + 1];
	struct linkmap_row *dev;
	struct prefix p = { 0 };
	struct address *a;
	uint32_t flags;
	char text[50], name[80];
	bool ours;

	if (nlh->nlmsg_type != RTM_NEWADDR ||
	    nlmsg_parse(nlh, sizeof(*i), tb, IFA_MAX, NULL))
		return 0;
	dev = dev_of(l, i->ifa_index);
	p.ip = ip_of(tb[IFA_LOCAL] ? tb[IFA_LOCAL] : tb[IFA_ADDRESS]);
	p.len = i->ifa_prefixlen;
	if (!dev || !p.ip.family)
		return 0;
	snprintf(name, sizeof(name), "%s %s", dev->name,
		 prefix_text(&p, text));
	ours = tb[IFA_PROTO] && nla_get_u8(tb[IFA_PROTO]) == NETD_IFAPROT;
	if (!ours && !(l->all && l->h->looking & OBSERVE_SURVEY) &&
	    !address_matters(l, dev, &p.ip, name))
		return 0;
	flags = tb[IFA_FLAGS] ? nla_get_u32(tb[IFA_FLAGS]) : i->ifa_flags;
	a = state_add_static(l->found, KIND_ADDRESS, l->netns,
			     arena_strdup(l->found->arena, name),
			     (struct pos){ 0 });
	a->o.foreign = !ours;
	a->nodad = !!(flags & IFA_F_NODAD);
	a->noprefix = !!(flags & IFA_F_NOPREFIXROUTE);
	a->tentative = !!(flags & IFA_F_TENTATIVE);
	state_within(l->found, a, dev->kind, dev->name);
	return 0;
}

int look_addresses(struct look *l, uint32_t index)
{
	struct ifaddrmsg i = { .ifa_family = AF_UNSPEC, .ifa_index = index };

	l->mark = l->found->n;
	return rt_dump(l->ns, RTM_GETADDR, &i, sizeof(i), take_address,
		       look_reset, l);
}

/* --- neighbours ------------------------------------------------------- */

static int take_neighbour(void *arg, struct nlmsghdr *nlh)
{
	struct look *l = arg;
	struct ndmsg *n = nlmsg_data(nlh);
	struct nlattr *tb[NDA_MAX + 1];
	struct linkmap_row *dev;
	struct neighbour *o;
	struct ip ip;
	char text[46], name[80];

	if (nlh->nlmsg_type != RTM_NEWNEIGH ||
	    !(n->ndm_state & NUD_PERMANENT) ||
	    nlmsg_parse(nlh, sizeof(*n), tb, NDA_MAX, NULL) ||
	    !tb[NDA_PROTOCOL] || nla_get_u8(tb[NDA_PROTOCOL]) != NETD_RTPROT)
		return 0;
	dev = dev_of(l, n->ndm_ifindex);
	ip = ip_of(tb[NDA_DST]);
	if (!dev || !ip.family)
		return 0;
	snprintf(name, sizeof(name), "%s %s", dev->name, ip_text(&ip, text));
	o = state_add(l->found, KIND_NEIGHBOUR, l->netns, name,
		      (struct pos){ 0 });
	if (tb[NDA_LLADDR] && nla_len(tb[NDA_LLADDR]) == 6)
		memcpy(o->mac.b, nla_data(tb[NDA_LLADDR]), 6);
	state_within(l->found, o, dev->kind, dev->name);
	return 0;
}

int look_neighbours(struct look *l)
{
	struct ndmsg n = { .ndm_family = AF_UNSPEC };

	l->mark = l->found->n;
	return rt_dump(l->ns, RTM_GETNEIGH, &n, sizeof(n), take_neighbour,
		       look_reset, l);
}

/* --- routes ----------------------------------------------------------- */

#define HOPS_MAX 256

static const struct {
	uint8_t rtn;
	uint8_t type;
} types[] = {
	{ RTN_UNICAST, ROUTE_UNICAST },
	{ RTN_BLACKHOLE, ROUTE_BLACKHOLE },
	{ RTN_UNREACHABLE, ROUTE_UNREACHABLE },
	{ RTN_PROHIBIT, ROUTE_PROHIBIT },
};

static int type_of(uint8_t rtn)
{
	unsigned int i;

	for (i = 0; i < sizeof(types) / sizeof(*types); i++)
		if (types[i].rtn == rtn)
			return types[i].type;
	return -1;
}

static struct ip via_of(struct nlattr **tb)
{
	const struct rtvia *v;
	struct ip ip = { 0 };

	if (tb[RTA_GATEWAY])
		return ip_of(tb[RTA_GATEWAY]);
	if (!tb[RTA_VIA])
		return ip;
	v = nla_data(tb[RTA_VIA]);
	if (v->rtvia_family == AF_INET6 && nla_len(tb[RTA_VIA]) >= 18) {
		ip.family = 6;
		memcpy(ip.b, v->rtvia_addr, 16);
	}
	return ip;
}

static void add_hop(struct look *l, struct nexthop *hops, uint32_t *n,
		    uint32_t index, struct nlattr **tb, uint32_t weight)
{
	struct linkmap_row *dev = linkmap_index(&l->ns->links, index);
	struct nexthop *x = &hops[*n];

	if (*n == HOPS_MAX || !index)
		return;
	memset(x, 0, sizeof(*x));
	x->via = via_of(tb);
	x->weight = weight;
	strcpy(x->dev, dev ? dev->name : "?");
	++*n;
}

static void take_multipath(struct look *l, struct nlattr *mp,
			   struct nexthop *hops, uint32_t *n)
{
	struct rtnexthop *r = nla_data(mp);
	struct nlattr *tb[RTA_MAX + 1];
	int left = nla_len(mp);

	for (; RTNH_OK(r, left); left -= NLMSG_ALIGN(r->rtnh_len),
	     r = RTNH_NEXT(r)) {
		nla_parse(tb, RTA_MAX, (struct nlattr *)RTNH_DATA(r),
			  r->rtnh_len - sizeof(*r), NULL);
		add_hop(l, hops, n, r->rtnh_ifindex, tb, r->rtnh_hops + 1);
	}
}

static int by_hop(const void *pa, const void *pb)
{
	const struct nexthop *a = pa, *b = pb;
	int c = strcmp(a->dev, b->dev);

	return c ? c : ip_cmp(&a->via, &b->via);
}

static const char *route_name(struct look *l, const struct rtmsg *r,
			      struct nlattr **tb, uint32_t *metric)
{
	uint32_t usual = r->rtm_family == AF_INET6 ? 1024 : 0;
	struct prefix p = { .len = r->rtm_dst_len };
	char text[50];

	p.ip.family = r->rtm_family == AF_INET6 ? 6 : 4;
	if (tb[RTA_DST])
		p.ip = ip_of(tb[RTA_DST]);
	*metric = tb[RTA_PRIORITY] ? nla_get_u32(tb[RTA_PRIORITY]) : 0;
	prefix_text(&p, text);
	if (*metric == usual)
		return arena_strdup(l->found->arena, text);
	return arena_printf(l->found->arena, "%s metric %u", text, *metric);
}

/* Routes that the kernel makes of our own addresses are known from those. */
static bool route_matters(struct look *l, const struct rtmsg *r,
			  const struct nexthop *hops, uint32_t n,
			  const char *name)
{
	struct linkmap_row *dev = n ? linkmap_name(&l->ns->links,
						   hops[0].dev) : NULL;

	if (l->all && !(r->rtm_protocol == RTPROT_KERNEL && dev &&
			dev->kind != KIND_LINK))
		return true;
	return r->rtm_protocol != RTPROT_KERNEL &&
	       state_find(l->wanted, KIND_ROUTE, l->ns->name, name);
}

static void add_route(struct look *l, const struct rtmsg *r,
		      struct nlattr **tb, const struct nexthop *hops,
		      uint32_t n)
{
	bool ours = r->rtm_protocol == NETD_RTPROT;
	struct linkmap_row *dev;
	struct route *o;
	uint32_t metric;
	const char *name = route_name(l, r, tb, &metric);

	if (!ours && !route_matters(l, r, hops, n, name))
		return;
	o = state_add_static(l->found, KIND_ROUTE, l->netns, name,
			     (struct pos){ 0 });
	o->o.foreign = !ours;
	o->type = type_of(r->rtm_type);
	o->metric = metric;
	o->src = ip_of(tb[RTA_PREFSRC]);
	if (!n || o->type != ROUTE_UNICAST)
		return;
	o->nexthops.items = arena_memdup(l->found->arena, hops,
					 n * sizeof(*hops));
	o->nexthops.n = n;
	dev = linkmap_name(&l->ns->links, hops[0].dev);
	if (dev)
		state_within(l->found, o, dev->kind, dev->name);
}

static int take_route(void *arg, struct nlmsghdr *nlh)
{
	struct look *l = arg;
	struct rtmsg *r = nlmsg_data(nlh);
	struct nlattr *tb[RTA_MAX + 1];
	struct nexthop hops[HOPS_MAX];
	uint32_t n = 0;

	if (nlh->nlmsg_type != RTM_NEWROUTE ||
	    nlmsg_parse(nlh, sizeof(*r), tb, RTA_MAX, NULL) ||
	    (r->rtm_flags & RTM_F_CLONED) || r->rtm_table != RT_TABLE_MAIN ||
	    type_of(r->rtm_type) < 0)
		return 0;
	if (tb[RTA_MULTIPATH])
		take_multipath(l, tb[RTA_MULTIPATH], hops, &n);
	else if (tb[RTA_OIF])
		add_hop(l, hops, &n, nla_get_u32(tb[RTA_OIF]), tb, 1);
	if (n > 1)
		qsort(hops, n, sizeof(*hops), by_hop);
	add_route(l, r, tb, hops, n);
	return 0;
}

int look_routes(struct look *l)
{
	struct rtmsg r = { .rtm_family = AF_INET,
			   .rtm_table = RT_TABLE_MAIN };
	int err;

	l->mark = l->found->n;
	err = rt_dump(l->ns, RTM_GETROUTE, &r, sizeof(r), take_route,
		      look_reset, l);
	if (err && err != -ENOENT)
		return err;
	r.rtm_family = AF_INET6;
	l->mark = l->found->n;
	err = rt_dump(l->ns, RTM_GETROUTE, &r, sizeof(r), take_route,
		      look_reset, l);
	/* -ENOENT: the namespace has no such table, as without IPv6 */
	return err == -ENOENT || err == -EAFNOSUPPORT ? 0 : err;
}

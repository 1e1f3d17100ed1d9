// address.c - the drivers of addresses and of permanent neighbours
// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/internal.h"

#include <errno.h>
#include <linux/if_addr.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

/* "DEV REST" of a name; DEV's index, or 0 and the step has failed. */
static uint32_t split(struct host *h, const struct step *s, struct ns *ns,
		      const char **rest)
{
	const char *name = step_object(s)->name, *gap = strchr(name, ' ');
	char dev[16];
	uint32_t index = 0;

	if (gap && gap - name < (int)sizeof(dev)) {
		snprintf(dev, sizeof(dev), "%.*s", (int)(gap - name), name);
		*rest = gap + 1;
		index = ns_link_index(ns, dev);
	}
	if (!index)
		step_failed(h, s, -ENODEV, "its interface is not there");
	return index;
}

static void put_ip(struct nl_msg *m, int attr, const struct ip *ip)
{
	nla_put(m, attr, ip_bytes(ip), ip->b);
}

static int family(const struct ip *ip)
{
	return ip->family == 6 ? AF_INET6 : AF_INET;
}

/* --- addresses -------------------------------------------------------- */

static struct nl_msg *address_msg(struct host *h, const struct step *s,
				  int type, int flags, int ok)
{
	struct ns *ns = step_ns(h, s);
	struct ifaddrmsg a = { 0 };
	const char *rest = "";
	struct prefix p;
	struct nl_msg *m;

	a.ifa_index = ns ? split(h, s, ns, &rest) : 0;
	if (!a.ifa_index)
		return NULL;
	if (prefix_read(rest, &p)) {
		step_failed(h, s, -EINVAL, NULL);
		return NULL;
	}
	a.ifa_family = family(&p.ip);
	a.ifa_prefixlen = p.len;
	m = rtq_msg(h, ns, type, flags, s, ok);
	nlmsg_append(m, &a, sizeof(a), NLMSG_ALIGNTO);
	put_ip(m, IFA_LOCAL, &p.ip);
	put_ip(m, IFA_ADDRESS, &p.ip);
	return m;
}

static void address_create(struct host *h, const struct step *s)
{
	const struct address *a = (const struct address *)s->want;
	struct nl_msg *m = address_msg(h, s, RTM_NEWADDR,
				       NLM_F_CREATE | NLM_F_REPLACE, 0);

	if (!m)
		return;
	nla_put_u8(m, IFA_PROTO, NETD_IFAPROT);
	nla_put_u32(m, IFA_FLAGS, (a->nodad ? IFA_F_NODAD : 0) |
		    (a->noprefix ? IFA_F_NOPREFIXROUTE : 0));
}

/* It may have gone with another one, or with its link. */
static void address_destroy(struct host *h, const struct step *s)
{
	address_msg(h, s, RTM_DELADDR, 0, -EADDRNOTAVAIL);
}

const struct driver driver_address = {
	.create = address_create,
	.update = address_create,
	.destroy = address_destroy,
	.commit = rtq_flush,
};

/* --- neighbours ------------------------------------------------------- */

static struct nl_msg *neighbour_msg(struct host *h, const struct step *s,
				    int type, int flags, int ok)
{
	struct ns *ns = step_ns(h, s);
	struct ndmsg n = { .ndm_state = NUD_PERMANENT };
	const char *rest = "";
	struct ip ip;
	struct nl_msg *m;

	n.ndm_ifindex = ns ? split(h, s, ns, &rest) : 0;
	if (!n.ndm_ifindex)
		return NULL;
	if (ip_read(rest, &ip)) {
		step_failed(h, s, -EINVAL, NULL);
		return NULL;
	}
	n.ndm_family = family(&ip);
	m = rtq_msg(h, ns, type, flags, s, ok);
	nlmsg_append(m, &n, sizeof(n), NLMSG_ALIGNTO);
	put_ip(m, NDA_DST, &ip);
	return m;
}

static void neighbour_create(struct host *h, const struct step *s)
{
	const struct neighbour *w = (const struct neighbour *)s->want;
	struct nl_msg *m = neighbour_msg(h, s, RTM_NEWNEIGH,
					 NLM_F_CREATE | NLM_F_REPLACE, 0);

	if (!m)
		return;
	nla_put(m, NDA_LLADDR, sizeof(w->mac), &w->mac);
	nla_put_u8(m, NDA_PROTOCOL, NETD_RTPROT);
}

static void neighbour_destroy(struct host *h, const struct step *s)
{
	neighbour_msg(h, s, RTM_DELNEIGH, 0, -ENOENT);
}

const struct driver driver_neighbour = {
	.create = neighbour_create,
	.update = neighbour_create,
	.destroy = neighbour_destroy,
	.commit = rtq_flush,
};

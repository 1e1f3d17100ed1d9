// announce.c - a guest that has come tells its neighbours of its MAC
// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/internal.h"

#include <linux/if_link.h>
#include <linux/ip.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <string.h>

/*
 * What routers of ours remember is forgotten (neigh.c); other guests of the
 * network can only be told.  The kernel does it, by a gratuitous ARP and an
 * unsolicited advertisement of each address, when an interface is given its
 * MAC (NETDEV_CHANGEADDR in inetdev_event() and ndisc_netdev_event()) and
 * arp_notify and ndisc_notify are set.
 *
 * Nobody remembers an address that was never there: those that were are a bit
 * each, of a hash, so that one is told of in vain at times and none is missed.
 */

static struct nl_msg *to_peer(struct host *h, struct ns *ns, const char *name)
{
	struct ifinfomsg i = { .ifi_index = 0 };
	/* its neighbours find out by themselves, later */
	struct nl_msg *m = rtq_msg(h, ns, RTM_SETLINK, 0, NULL, 0);

	nlmsg_append(m, &i, sizeof(i), NLMSG_ALIGNTO);
	nla_put_string(m, IFLA_IFNAME, name);
	return m;
}

static void put_notify(struct nl_msg *m)
{
	struct nlattr *spec, *family, *values;

	spec = nla_nest_start(m, IFLA_AF_SPEC);
	family = nla_nest_start(m, AF_INET);
	values = nla_nest_start(m, IFLA_INET_CONF);
	nla_put_u32(m, IPV4_DEVCONF_ARP_NOTIFY, 1);
	nla_nest_end(m, values);
	nla_nest_end(m, family);
	nla_nest_end(m, spec);
}

static bool has_family(const struct veth *v, uint8_t family)
{
	const struct prefix *p = v->peer_addresses.items;
	uint32_t i;

	for (i = 0; i < v->peer_addresses.n; i++)
		if (p[i].ip.family == family)
			return true;
	return false;
}

/* Netlink has no attribute for it. */
static void notify6(struct host *h, struct ns *ns, const char *name)
{
	char path[80];

	snprintf(path, sizeof(path), "net/ipv6/conf/%s/ndisc_notify", name);
	(void)sysctl_write(h, ns, path, "1");
}

static bool was_there(struct host *h, const struct veth *v,
		      const struct ip *ip)
{
	uint64_t hash = hash64(ip, sizeof(*ip)) ^
			hash64(v->l.master, strlen(v->l.master)) * 31;
	uint8_t *byte = &h->met[hash % sizeof(h->met)];
	uint8_t bit = 1 << (hash >> 61);
	bool was = *byte & bit;

	*byte |= bit;
	return was;
}

bool announce_met(struct host *h, const struct veth *v)
{
	const struct prefix *p = v->peer_addresses.items;
	bool any = false;
	uint32_t i;

	for (i = 0; i < v->peer_addresses.n; i++)
		any |= was_there(h, v, &p[i].ip);
	return any;
}

void announce(struct host *h, struct ns *ns, const struct veth *v)
{
	bool four = has_family(v, 4), six = has_family(v, 6);

	if (!announce_met(h, v) || mac_is_any(&v->peer_mac))
		return;
	if (six)
		notify6(h, ns, v->peer);
	if (four)
		put_notify(to_peer(h, ns, v->peer));
	nla_put(to_peer(h, ns, v->peer), IFLA_ADDRESS, sizeof(v->peer_mac),
		&v->peer_mac);
}

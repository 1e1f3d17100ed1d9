// neigh.c - what neighbours remember of a guest that came or went
// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/internal.h"

#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>

/*
 * An address that comes back with another MAC would be a black hole until the
 * router has given its old neighbour up, which takes up to a minute.
 */

/* "NETNS DEV ADDRESS" */
struct spot {
	char netns[256], dev[16];
	struct ip ip;
};

static bool parse(const char *s, struct spot *at)
{
	size_t n = strcspn(s, " "), m = s[n] ? strcspn(s + n + 1, " ") : 0;

	if (!m || n >= sizeof(at->netns) || m >= sizeof(at->dev) ||
	    !s[n + 1 + m])
		return false;
	memcpy(at->netns, s, n);
	at->netns[n] = '\0';
	memcpy(at->dev, s + n + 1, m);
	at->dev[m] = '\0';
	return !ip_read(s + n + m + 2, &at->ip);
}

static void forget(struct host *h, const char *netns, const char *name,
		   const struct ip *ip)
{
	struct ns *ns = ns_known(h, netns);
	struct linkmap_row *dev = ns ? linkmap_name(&ns->links, name) : NULL;
	struct ndmsg n = { 0 };
	struct nl_msg *m;

	/* an interface that is still to come, or just came, remembers nobody */
	if (!dev || dev->born == h->ap->id + 1)
		return;
	n.ndm_family = ip->family == 6 ? AF_INET6 : AF_INET;
	n.ndm_ifindex = dev->index;
	/* there may be none: whoever asked for the step is not to blame */
	m = rtq_msg(h, ns, RTM_DELNEIGH, 0, NULL, 0);
	nlmsg_append(m, &n, sizeof(n), NLMSG_ALIGNTO);
	nla_put(m, NDA_DST, ip_bytes(ip), ip->b);
}

static void forget_all(struct host *h, const struct list *l)
{
	const char *const *v = l->items;
	struct spot at;
	uint32_t i;

	for (i = 0; i < l->n; i++)
		if (parse(v[i], &at))
			forget(h, at.netns, at.dev, &at.ip);
}

/* A peer's addresses are known to the bridge that the port is on. */
static void forget_peer(struct host *h, const struct veth *v)
{
	const struct prefix *p = v->peer_addresses.items;
	uint32_t i;

	for (i = 0; v->l.master && i < v->peer_addresses.n; i++)
		forget(h, v->l.o.netns, v->l.master, &p[i].ip);
	forget_all(h, &v->stale);
}

void neighbours_forget(struct host *h, const struct object *o)
{
	if (o->kind == KIND_VETH)
		forget_peer(h, (const struct veth *)o);
	else if (o->kind == KIND_TAP)
		forget_all(h, &((const struct tap *)o)->stale);
}

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

static void forget(struct host *h, const char *text)
{
	struct linkmap_row *dev;
	struct ndmsg n = { 0 };
	struct nl_msg *m;
	struct spot at;
	struct ns *ns;

	if (!parse(text, &at))
		return;
	ns = ns_known(h, at.netns);
	dev = ns ? linkmap_name(&ns->links, at.dev) : NULL;
	/* an interface that is still to come remembers nobody */
	if (!dev)
		return;
	n.ndm_family = at.ip.family == 6 ? AF_INET6 : AF_INET;
	n.ndm_ifindex = dev->index;
	/* there may be none: whoever asked for the step is not to blame */
	m = rtq_msg(h, ns, RTM_DELNEIGH, 0, NULL, 0);
	nlmsg_append(m, &n, sizeof(n), NLMSG_ALIGNTO);
	nla_put(m, NDA_DST, ip_bytes(&at.ip), at.ip.b);
}

void neighbours_forget(struct host *h, const struct object *o)
{
	const struct list *l = o->kind == KIND_VETH ?
			       &((const struct veth *)o)->stale :
			       o->kind == KIND_TAP ?
			       &((const struct tap *)o)->stale : NULL;
	const char *const *v = l ? l->items : NULL;
	uint32_t i;

	for (i = 0; l && i < l->n; i++)
		forget(h, v[i]);
}

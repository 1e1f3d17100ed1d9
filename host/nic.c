// nic.c - the driver of interfaces that are taken, and given back
// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/conf.h"
#include "host/look.h"

#include <errno.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <string.h>

/* A port of somebody else's bridge or bond is not to be had; who put it on the
 * bridge where it is wanted is left behind. */
static bool is_free(struct host *h, const struct step *s)
{
	struct state *nothing = state_new(), *found = state_new();
	struct look l = { .h = h, .wanted = nothing, .found = found,
			  .all = true, .netns = "" };
	const struct link *have;
	bool ok = true;

	l.ns = step_ns(h, s);
	if (l.ns && !look_link(&l, 0, s->want->name) && found->n) {
		have = (struct link *)found->v[0];
		ok = have->o.kind == KIND_NIC || !have->master ||
		     !*have->master ||
		     !strcmp(have->master,
			     ((const struct link *)s->want)->master);
	}
	if (!ok)
		step_failed(h, s, -EBUSY,
			    "the interface is a port of something else");
	state_free(nothing);
	state_free(found);
	return l.ns && ok;
}

static void nic_create(struct host *h, const struct step *s)
{
	if (is_free(h, s))
		link_adopt(h, s, NETD_GROUP_NIC);
}

static struct nl_msg *link_to(struct host *h, const struct step *s,
			      struct ns *ns, uint32_t index)
{
	struct ifinfomsg i = { .ifi_index = index };
	struct nl_msg *m = rtq_msg(h, ns, RTM_NEWLINK, 0, s, -ENODEV);

	nlmsg_append(m, &i, sizeof(i), NLMSG_ALIGNTO);
	return m;
}

/* A bridge's port had no IPv6 of its own: what new interfaces have, again. */
static void conf_back(struct host *h, const struct step *s, struct ns *ns)
{
	const struct link *have = (const struct link *)s->have;
	struct devconf want, usual;

	memset(&want, ANY8, sizeof(want));
	if (have->conf.addr_gen_mode == 1) {
		want.addr_gen_mode = 0;
		conf_put(link_to(h, s, ns, have->index), &want);
		rtq_flush(h);
	}
	if (have->conf.disable_ipv6 != 1)
		return;
	conf6_defaults(ns->fd, &usual);
	want.disable_ipv6 = usual.disable_ipv6;
	(void)conf6_write(ns->fd, have->o.name, &want, &have->conf);
}

/* Back to what a new interface has; its own addresses were never touched. */
static void nic_destroy(struct host *h, const struct step *s)
{
	struct ns *ns = step_ns(h, s);
	const struct link *have = (const struct link *)s->have;
	struct nl_msg *m;

	if (!ns)
		return;
	m = link_to(h, s, ns, have->index);
	nla_put_u32(m, IFLA_MASTER, 0);
	nla_put_string(m, IFLA_IFALIAS, "");
	nla_put_u32(m, IFLA_GROUP, 0);
	rtq_flush(h);
	conf_back(h, s, ns);
	linkmap_add(&ns->links, have->index, have->o.name, KIND_LINK, 0);
}

const struct driver driver_nic = {
	.create = nic_create,
	.update = link_update,
	.destroy = nic_destroy,
	.commit = link_commit,
};

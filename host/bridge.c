// bridge.c - the driver of bridges
// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/look.h"

#include <errno.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <string.h>

/* The kernel counts in hundredths of a second here (USER_HZ). */
static uint32_t ticks(uint32_t ms)
{
	return ms / 10;
}

static bool kind_changes(const struct step *s)
{
	return CHANGES(s, struct bridge, stp) ||
	       CHANGES(s, struct bridge, priority) ||
	       CHANGES(s, struct bridge, forward_delay) ||
	       CHANGES(s, struct bridge, max_age) ||
	       CHANGES(s, struct bridge, ageing) ||
	       CHANGES(s, struct bridge, snooping) ||
	       CHANGES(s, struct bridge, max_learned);
}

static void put_kind(struct nl_msg *m, const struct bridge *b)
{
	struct nlattr *info = nla_nest_start(m, IFLA_LINKINFO), *data;

	nla_put_string(m, IFLA_INFO_KIND, "bridge");
	data = nla_nest_start(m, IFLA_INFO_DATA);
	if (b->forward_delay != ANY32)
		nla_put_u32(m, IFLA_BR_FORWARD_DELAY, ticks(b->forward_delay));
	if (b->max_age != ANY32)
		nla_put_u32(m, IFLA_BR_MAX_AGE, ticks(b->max_age));
	if (b->ageing != ANY32)
		nla_put_u32(m, IFLA_BR_AGEING_TIME, ticks(b->ageing));
	nla_put_u32(m, IFLA_BR_STP_STATE, b->stp);
	nla_put_u16(m, IFLA_BR_PRIORITY, b->priority);
	if (b->snooping != ANY8)
		nla_put_u8(m, IFLA_BR_MCAST_SNOOPING, b->snooping);
	if (b->max_learned != ANY32)
		nla_put_u32(m, IFLA_BR_FDB_MAX_LEARNED, b->max_learned);
	nla_nest_end(m, data);
	nla_nest_end(m, info);
}

/* The rest of it follows when its settings in /proc are written. */
static void bridge_create(struct host *h, const struct step *s)
{
	const struct bridge *b = (const struct bridge *)s->want;
	struct ns *ns = step_ns(h, s);
	uint32_t index;

	if (!ns)
		return;
	reap_name(h, ns, s->want->name);
	index = link_next_index(h, ns);
	put_kind(link_new(h, s, ns, index, false, 0), b);
	linkmap_add(&ns->links, index, b->l.o.name, KIND_BRIDGE,
		    NETD_GROUP)->born = h->ap->id + 1;
	job_add(&h->ap->jobs, s, ns)->index = index;
}

static void bridge_update(struct host *h, const struct step *s)
{
	struct ns *ns = step_ns(h, s);

	if (ns && kind_changes(s))
		put_kind(link_msg(h, s, ns, ((struct link *)s->have)->index),
			 (const struct bridge *)s->want);
	if (ns)
		link_update(h, s);
}

const struct driver driver_bridge = {
	.create = bridge_create,
	.update = bridge_update,
	.destroy = link_destroy,
	.commit = link_commit,
};

// leg.c - the driver of pairs' other ends in namespaces of ours, and of lo
// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/internal.h"

#include <string.h>

static void leg_create(struct host *h, const struct step *s)
{
	if (!strcmp(s->want->name, "lo"))
		link_adopt(h, s, NETD_GROUP);
	else
		link_adopt(h, s, NETD_GROUP_PEER);
}

/*
 * The pair goes by its end at the network, as a rule in the same plan: what is
 * still there after those is deleted then (leg_end()).
 */
static void leg_destroy(struct host *h, const struct step *s)
{
	struct ns *ns = step_ns(h, s);

	if (ns && strcmp(s->have->name, "lo"))
		job_add(&h->ap->late, s, ns)->index =
			((struct link *)s->have)->index;
}

void leg_end(struct host *h)
{
	link_delete(h, &h->ap->late);
}

const struct driver driver_leg = {
	.create = leg_create,
	.update = link_update,
	.destroy = leg_destroy,
	.commit = link_commit,
};

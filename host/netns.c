// netns.c - the driver of namespaces, named as ip-netns(8) names them
// SPDX-License-Identifier: GPL-2.0-or-later
#include "netd/help.h"
#include "host/look.h"

#include <errno.h>
#include <linux/if.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>

/* --- making --------------------------------------------------------- */

/* The mark comes before the name: what has a name is known as ours. */
static int mark(struct ns *ns, const char *alias)
{
	struct ifinfomsg i = { .ifi_index = 1, .ifi_flags = IFF_UP,
			       .ifi_change = IFF_UP };
	struct nl_msg *m = nlmsg_alloc_size(512);
	int err;

	nlmsg_hdr(m)->nlmsg_type = RTM_SETLINK;
	nlmsg_append(m, &i, sizeof(i), NLMSG_ALIGNTO);
	nla_put_u32(m, IFLA_GROUP, NETD_GROUP);
	nla_put_string(m, IFLA_IFALIAS, alias);
	err = rt_ask(ns, m, NULL, NULL, NULL);
	nlmsg_free(m);
	return err;
}

static int create_ns(struct host *h, const struct netns *w)
{
	struct ns *ns;
	int rt, err = 0, fd = help_new(&rt);

	if (fd < 0)
		return fd;
	ns = ns_adopt(h, w->o.name, fd, rt, &err);
	if (!ns)
		return err;
	err = mark(ns, w->alias ? w->alias : "");
	if (!err)
		err = help_pin(w->o.name, ns->fd);
	if (err) {
		ns_forget(h, ns);
		return err;
	}
	ns->ours = true;
	watch_join(h, ns);
	return 0;
}

static void netns_create(struct host *h, const struct step *s)
{
	const struct netns *w = (const struct netns *)s->want;
	struct ns *old = ns_known(h, w->o.name);
	int err;

	if (old)
		ns_forget(h, old);
	err = create_ns(h, w);
	if (err)
		step_failed(h, s, err, err == -EEXIST ?
			    "a namespace of this name exists already" : NULL);
	host_breathe(h);
}

static void netns_update(struct host *h, const struct step *s)
{
	const struct netns *w = (const struct netns *)s->want;
	int err;
	struct ns *ns = ns_get(h, w->o.name, &err);

	if (ns)
		err = mark(ns, w->alias ? w->alias : "");
	if (err)
		step_failed(h, s, err, NULL);
}

static void netns_destroy(struct host *h, const struct step *s)
{
	struct ns *ns = ns_known(h, s->have->name);
	int err = help_unpin(s->have->name);

	if (err)
		step_failed(h, s, err, NULL);
	if (ns)
		ns_forget(h, ns);
	host_breathe(h);
}

/* --- looking --------------------------------------------------------- */

/* Another program may have put another namespace behind a name. */
static void forget_stale(struct host *h, const char *name, dev_t dev,
			 ino_t ino)
{
	struct ns *ns = ns_known(h, name);

	if (ns && (ino != ns->ino || dev != ns->dev))
		ns_forget(h, ns);
}

static int take_group(void *arg, struct nlmsghdr *nlh)
{
	struct nlattr *a = nlmsg_find_attr(nlh, sizeof(struct ifinfomsg),
					   IFLA_GROUP);

	if (nlh->nlmsg_type == RTM_NEWLINK && a)
		*(uint32_t *)arg = nla_get_u32(a);
	return 0;
}

/* The group of lo tells whose it is. */
static int ask_group(struct ns *ns, uint32_t *group)
{
	struct ifinfomsg i = { .ifi_index = 1 };
	struct nl_msg *m = nlmsg_alloc_size(128);
	int err;

	*group = 0;
	nlmsg_hdr(m)->nlmsg_type = RTM_GETLINK;
	nlmsg_append(m, &i, sizeof(i), NLMSG_ALIGNTO);
	nla_put_u32(m, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
	err = rt_ask(ns, m, take_group, NULL, group);
	nlmsg_free(m);
	return err;
}

static void foreign_ns(struct state *found, const char *name)
{
	struct object *o = state_add(found, KIND_NETNS, "", name,
				     (struct pos){ 0 });

	o->foreign = true;
}

struct names {
	struct host *h;
	struct state *found;
};

/*
 * One file of the folder.  A file that is no namespace is what a crash (or
 * a reboot of the machine) left of one: the name is free.
 */
static void look_at(void *arg, const char *name, dev_t dev, ino_t ino)
{
	struct names *n = arg;
	struct host *h = n->h;
	struct ns *ns;
	uint32_t group;
	int err;

	forget_stale(h, name, dev, ino);
	ns = ns_known(h, name);
	if (ns && ns->ours) {
		ns->seen = true;
		return;
	}
	ns = ns_visit(name, h, &err);
	if (!ns)
		return;
	err = ask_group(ns, &group);
	ns_visit_end(ns);
	if (err || group != NETD_GROUP) {
		foreign_ns(n->found, name);
		return;
	}
	ns = ns_get(h, name, &err);
	if (ns)
		ns->ours = ns->seen = true;
}

static void forget_unseen(struct host *h)
{
	struct ns *ns, *next;

	for (ns = ns_home(h)->next; ns; ns = next) {
		next = ns->next;
		if (!ns->seen)
			ns_forget(h, ns);
	}
}

static int look_in(struct host *h, struct ns *ns, const struct state *wanted,
		   struct state *found)
{
	struct look l = { .h = h, .ns = ns, .wanted = wanted, .found = found,
			  .all = !ns->name[0] };
	int err;

	l.netns = arena_strdup(found->arena, ns->name);
	err = look_links(&l);
	if (!err)
		err = look_addresses(&l, 0);
	if (!err)
		err = look_neighbours(&l);
	if (!err)
		err = look_routes(&l);
	if (!err && (l.shaped || look_is_shaped(wanted, l.netns)))
		err = look_shapes(&l);
	return err;
}

static int netns_observe(struct host *h, const struct state *wanted,
			 struct state *found)
{
	struct names n = { h, found };
	struct ns *ns;
	int err;

	for (ns = ns_home(h); ns; ns = ns->next)
		ns->seen = false;
	err = help_names(look_at, &n);
	forget_unseen(h);
	for (ns = ns_home(h); ns && !err; ns = ns->next)
		err = look_in(h, ns, wanted, found);
	return err;
}

const struct driver driver_netns = {
	.observe = netns_observe,
	.create = netns_create,
	.update = netns_update,
	.destroy = netns_destroy,
	.looks = OBSERVE_LINKS,
};

// link.c - what all kinds of link have in common: made, changed, deleted
// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/conf.h"
#include "host/internal.h"

#include <errno.h>
#include <linux/ethtool.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

/*
 * A link is born complete as far as one message goes: name, index, master,
 * group, MAC, MTU.  IFLA_AF_SPEC and IFLA_IFALIAS can't be in it, and IPv6's
 * own settings are only in /proc: these come before it goes up, so that it
 * never lives with the kernel's defaults.
 */

struct ns *step_ns(struct host *h, const struct step *s)
{
	const struct object *o = step_object(s);
	int err;
	struct ns *ns = ns_get(h, o->netns, &err);

	if (!ns)
		step_failed(h, s, err, "its network namespace is not there");
	return ns;
}

bool step_changes(const struct step *s, size_t off)
{
	const struct record *r = &kinds[s->want->kind].rec;
	uint32_t i;

	if (s->op == OP_CREATE)
		return true;
	for (i = 0; i < r->count; i++)
		if ((s->mask & 1ull << i) && r->fields[i].off == off)
			return true;
	return false;
}

/* Ours are high, so that the kernel's own choices never meet them. */
#define INDEX_FIRST 0x100000u
#define INDEX_LAST 0x7ffffff0u

uint32_t link_next_index(struct host *h, struct ns *ns)
{
	do {
		if (h->next_index < INDEX_FIRST || h->next_index > INDEX_LAST)
			h->next_index = INDEX_FIRST;
	} while (linkmap_index(&ns->links, h->next_index++));
	return h->next_index - 1;
}

bool mac_is_any(const struct mac *m)
{
	static const struct mac none, any = {
		{ 0xff, 0xff, 0xff, 0xff, 0xff, 0xff }
	};

	return !memcmp(m, &none, sizeof(none)) || !memcmp(m, &any, sizeof(any));
}

const struct brport *link_port(const struct object *o)
{
	switch (o->kind) {
	case KIND_VETH:
		return &((const struct veth *)o)->port;
	case KIND_TAP:
		return &((const struct tap *)o)->port;
	case KIND_NIC:
		return &((const struct nic *)o)->port;
	}
	return NULL;
}

static const struct link *wanted(const struct step *s)
{
	return (const struct link *)s->want;
}

bool link_master(struct host *h, const struct step *s, struct ns *ns,
		 uint32_t *master)
{
	const char *name = wanted(s)->master;

	*master = 0;
	if (!name || !*name)
		return true;
	*master = ns_link_index(ns, name);
	if (*master)
		return true;
	step_failed(h, s, -ENODEV, "its bridge is not there");
	return false;
}

/* --- messages --------------------------------------------------------- */

static struct nl_msg *msg_up(struct host *h, const struct step *s,
			     struct ns *ns, uint32_t index, bool up)
{
	struct ifinfomsg i = { .ifi_index = index,
			       .ifi_flags = up ? IFF_UP : 0,
			       .ifi_change = up ? IFF_UP : 0 };
	struct nl_msg *m = rtq_msg(h, ns, RTM_NEWLINK, 0, s, 0);

	nlmsg_append(m, &i, sizeof(i), NLMSG_ALIGNTO);
	return m;
}

struct nl_msg *link_msg(struct host *h, const struct step *s, struct ns *ns,
			uint32_t index)
{
	return msg_up(h, s, ns, index, false);
}

struct nl_msg *link_new(struct host *h, const struct step *s, struct ns *ns,
			uint32_t index, bool up, int ok)
{
	struct ifinfomsg i = { .ifi_index = index,
			       .ifi_flags = up ? IFF_UP : 0,
			       .ifi_change = up ? IFF_UP : 0 };
	struct nl_msg *m = rtq_msg(h, ns, RTM_NEWLINK,
				   NLM_F_CREATE | NLM_F_EXCL, s, ok);
	const struct link *w = wanted(s);

	nlmsg_append(m, &i, sizeof(i), NLMSG_ALIGNTO);
	nla_put_string(m, IFLA_IFNAME, w->o.name);
	nla_put_u32(m, IFLA_GROUP, NETD_GROUP);
	if (!mac_is_any(&w->mac))
		nla_put(m, IFLA_ADDRESS, sizeof(w->mac), &w->mac);
	if (w->mtu && w->mtu != ANY32)
		nla_put_u32(m, IFLA_MTU, w->mtu);
	return m;
}

static const struct {
	uint8_t off;
	uint8_t attr;
} port_attrs[] = {
	{ offsetof(struct brport, hairpin), IFLA_BRPORT_MODE },
	{ offsetof(struct brport, isolated), IFLA_BRPORT_ISOLATED },
	{ offsetof(struct brport, learning), IFLA_BRPORT_LEARNING },
	{ offsetof(struct brport, flood), IFLA_BRPORT_UNICAST_FLOOD },
	{ offsetof(struct brport, mcast_router), IFLA_BRPORT_MULTICAST_ROUTER },
	{ offsetof(struct brport, bpdu_guard), IFLA_BRPORT_GUARD },
};

#define NPORT (sizeof(port_attrs) / sizeof(*port_attrs))

static void put_port(struct nl_msg *m, const struct brport *p)
{
	const uint8_t *v = (const uint8_t *)p;
	struct nlattr *info, *data;
	unsigned int i;

	info = nla_nest_start(m, IFLA_LINKINFO);
	nla_put_string(m, IFLA_INFO_SLAVE_KIND, "bridge");
	data = nla_nest_start(m, IFLA_INFO_SLAVE_DATA);
	for (i = 0; i < NPORT; i++)
		if (v[port_attrs[i].off] != ANY8)
			nla_put_u8(m, port_attrs[i].attr,
				   v[port_attrs[i].off]);
	nla_nest_end(m, data);
	nla_nest_end(m, info);
}

static bool asks_port(const struct brport *p)
{
	static const struct brport any = { ANY8, ANY8, ANY8, ANY8, ANY8, ANY8 };

	return p && memcmp(p, &any, sizeof(any));
}

static void set_altname(struct host *h, const struct step *s, struct ns *ns,
			uint32_t index, int type, const char *name)
{
	struct ifinfomsg i = { .ifi_index = index };
	struct nlattr *list;
	struct nl_msg *m;

	if (!name || !*name)
		return;
	m = rtq_msg(h, ns, type, type == RTM_NEWLINKPROP ?
		    NLM_F_CREATE | NLM_F_EXCL | NLM_F_APPEND : 0, s, -EEXIST);
	nlmsg_append(m, &i, sizeof(i), NLMSG_ALIGNTO);
	list = nla_nest_start(m, IFLA_PROP_LIST | NLA_F_NESTED);
	nla_put_string(m, IFLA_ALT_IFNAME, name);
	nla_nest_end(m, list);
}

void link_complete(struct host *h, const struct step *s, struct ns *ns,
		   uint32_t index)
{
	struct nl_msg *m = msg_up(h, s, ns, index, wanted(s)->up == 1);

	nla_put_string(m, IFLA_IFALIAS,
		       wanted(s)->alias ? wanted(s)->alias : "");
	neighbours_forget(h, s->want);
}

bool link_unfinished(const struct step *s)
{
	const struct veth *v = (const struct veth *)s->want;
	const struct link *have = (const struct link *)s->have;

	return v->l.o.kind == KIND_VETH && !v->peer_ours &&
	       !veth_is_parked(v) && (!have || !have->alias || !*have->alias);
}

void link_settle(struct host *h, const struct step *s, struct ns *ns,
		 uint32_t index, uint32_t master, bool up)
{
	const struct link *w = wanted(s);
	const struct brport *port = link_port(s->want);
	struct nl_msg *m = msg_up(h, s, ns, index, up);

	if (w->alias && *w->alias && !link_unfinished(s))
		nla_put_string(m, IFLA_IFALIAS, w->alias);
	conf_put(m, &w->conf);
	if (master && asks_port(port))
		put_port(m, port);
	set_altname(h, s, ns, index, RTM_NEWLINKPROP, w->altname);
	if (!link_unfinished(s))
		neighbours_forget(h, s->want);
}

void link_up(struct host *h, const struct step *s, struct ns *ns,
	     uint32_t index, bool up)
{
	struct ifinfomsg i = { .ifi_index = index, .ifi_change = IFF_UP,
			       .ifi_flags = up ? IFF_UP : 0 };
	struct nl_msg *m = rtq_msg(h, ns, RTM_SETLINK, 0, s, 0);

	nlmsg_append(m, &i, sizeof(i), NLMSG_ALIGNTO);
}

/*
 * Asked for its carrier, a link that has just got one gets its queue as well
 * (linkwatch_sync_dev()); else it may drop packets for a while.
 */
void link_sync(struct ns *ns, const char *name)
{
	struct ethtool_value v = { .cmd = ETHTOOL_GLINK };
	struct ifreq r = { .ifr_data = (void *)&v };

	strncpy(r.ifr_name, name, sizeof(r.ifr_name) - 1);
	(void)ioctl(ns->rt, SIOCETHTOOL, &r);
}

/* --- the end of a run ------------------------------------------------- */

/* A later step of the plan sets it for all interfaces there are by then. */
static bool forwarding_comes(struct host *h, struct ns *ns)
{
	const struct plan *p = &h->ap->plan;
	const struct sysctl *s;
	uint32_t i;

	for (i = p->n; i-- > 0 && p->steps[i].phase >= PHASE_OPEN; ) {
		s = (const struct sysctl *)p->steps[i].want;
		if (s && s->o.kind == KIND_SYSCTL &&
		    !strcmp(s->o.netns, ns->name) &&
		    !strcmp(s->o.name, "net/ipv6/conf/all/forwarding"))
			return !strcmp(s->value, "1");
	}
	return false;
}

static void write_conf6(struct host *h, const struct step *s, struct ns *ns)
{
	const struct link *w = wanted(s);
	const struct devconf *have;
	int err;

	if (s->op == OP_UPDATE && conf6_same(&w->conf,
					     &((struct link *)s->have)->conf))
		return;
	if (!ns->conf6) {
		ns->conf6 = calloc(1, sizeof(*ns->conf6));
		if (!ns->conf6)
			abort();
		conf6_defaults(ns->fd, ns->conf6);
		if (forwarding_comes(h, ns))
			ns->conf6->forwarding6 = 1;
	}
	have = s->op == OP_UPDATE ? &((struct link *)s->have)->conf :
	       ns->conf6;
	err = conf6_write(ns->fd, w->o.name, &w->conf, have);
	if (err)
		step_failed(h, s, err,
			    "its IPv6 settings can't be written in /proc/sys");
}

static void forget_defaults(struct host *h)
{
	struct ns *ns;

	for (ns = ns_first(h); ns; ns = ns->next) {
		free(ns->conf6);
		ns->conf6 = NULL;
	}
}

/*
 * A veth was born so, or goes up when its peer is set up.  A new bridge has no
 * ports yet: all that is left of it fits one message.
 */
static void set_up(struct host *h, struct job *j)
{
	const struct step *s = j->step;
	bool up = wanted(s)->up == 1 && CHANGES(s, struct link, up);

	if (s->op == OP_CREATE && s->want->kind == KIND_BRIDGE)
		link_settle(h, s, j->ns, j->index, 0, up);
	else if (up && !(s->op == OP_CREATE && s->want->kind == KIND_VETH))
		link_up(h, s, j->ns, j->index, true);
}

void link_finish(struct host *h)
{
	struct jobs *jobs = &h->ap->jobs;
	struct job *j;

	rtq_flush(h);
	for (j = jobs->v; j < jobs->v + jobs->n; j++)
		if (!step_has_failed(h, j->step))
			write_conf6(h, j->step, j->ns);
	for (j = jobs->v; j < jobs->v + jobs->n; j++)
		if (!step_has_failed(h, j->step))
			set_up(h, j);
	rtq_flush(h);
	forget_defaults(h);
}

/* --- links that are there --------------------------------------------- */

static void put_changes(struct nl_msg *m, const struct step *s)
{
	const struct link *w = wanted(s);

	if (CHANGES(s, struct link, mac) && !mac_is_any(&w->mac))
		nla_put(m, IFLA_ADDRESS, sizeof(w->mac), &w->mac);
	if (CHANGES(s, struct link, mtu) && w->mtu && w->mtu != ANY32)
		nla_put_u32(m, IFLA_MTU, w->mtu);
	if (CHANGES(s, struct link, alias) && !link_unfinished(s))
		nla_put_string(m, IFLA_IFALIAS, w->alias ? w->alias : "");
	conf_put(m, &w->conf);
}

/* A port's settings are lost when it changes its bridge: all again. */
static void change_port(struct host *h, const struct step *s, struct ns *ns,
			uint32_t index, uint32_t master)
{
	const struct brport *port = link_port(s->want);

	if (master && asks_port(port))
		put_port(link_msg(h, s, ns, index), port);
}

static void change_altname(struct host *h, const struct step *s, struct ns *ns,
			   uint32_t index)
{
	if (!CHANGES(s, struct link, altname))
		return;
	if (s->have)
		set_altname(h, s, ns, index, RTM_DELLINKPROP,
			    ((struct link *)s->have)->altname);
	set_altname(h, s, ns, index, RTM_NEWLINKPROP, wanted(s)->altname);
}

static void change(struct host *h, const struct step *s, struct ns *ns,
		   uint32_t index, uint32_t group)
{
	struct nl_msg *m;
	uint32_t master;

	if (!link_master(h, s, ns, &master))
		return;
	if (wanted(s)->up == 0 && CHANGES(s, struct link, up))
		link_up(h, s, ns, index, false);
	m = link_msg(h, s, ns, index);
	if (group)
		nla_put_u32(m, IFLA_GROUP, group);
	put_changes(m, s);
	if (CHANGES(s, struct link, master) && (master || s->have))
		nla_put_u32(m, IFLA_MASTER, master);
	change_port(h, s, ns, index, master);
	change_altname(h, s, ns, index);
	job_add(&h->ap->jobs, s, ns)->index = index;
}

void link_adopt(struct host *h, const struct step *s, uint32_t group)
{
	struct ns *ns = step_ns(h, s);
	uint32_t index;

	if (!ns)
		return;
	index = ns_link_index(ns, s->want->name);
	if (!index) {
		step_failed(h, s, -ENODEV, "there is no such interface");
		return;
	}
	linkmap_add(&ns->links, index, s->want->name, s->want->kind, group);
	change(h, s, ns, index, group);
}

void link_update(struct host *h, const struct step *s)
{
	struct ns *ns = step_ns(h, s);

	if (ns)
		change(h, s, ns, ((struct link *)s->have)->index, 0);
}

/* --- deletion --------------------------------------------------------- */

void link_destroy(struct host *h, const struct step *s)
{
	struct ns *ns = step_ns(h, s);

	if (!ns)
		return;
	job_add(&h->ap->going, s, ns)->index = ((struct link *)s->have)->index;
	neighbours_forget(h, s->have);
}

void link_commit(struct host *h)
{
	link_finish(h);
	link_delete(h, &h->ap->going);
}

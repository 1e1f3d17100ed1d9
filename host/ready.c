// ready.c - whether both ends of an attachment are usable, and which namespace
// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/internal.h"

#include <errno.h>
#include <linux/if.h>
#include <linux/if_addr.h>
#include <linux/if_bridge.h>
#include <linux/if_link.h>
#include <linux/nsfs.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

/* --- both ends --------------------------------------------------------- */

struct end {
	uint32_t index;
	bool up;		/* operational, with a carrier */
	bool port_down;		/* a bridge's that doesn't forward yet */
};

static void take_port(const struct nlattr *info, struct end *e)
{
	struct nlattr *tb[IFLA_INFO_MAX + 1], *port[IFLA_BRPORT_MAX + 1];

	if (!info ||
	    nla_parse_nested(tb, IFLA_INFO_MAX, (struct nlattr *)info, NULL) ||
	    !tb[IFLA_INFO_SLAVE_DATA] ||
	    nla_parse_nested(port, IFLA_BRPORT_MAX, tb[IFLA_INFO_SLAVE_DATA],
			     NULL) || !port[IFLA_BRPORT_STATE])
		return;
	e->port_down = nla_get_u8(port[IFLA_BRPORT_STATE]) !=
		       BR_STATE_FORWARDING;
}

static int take_end(void *arg, struct nlmsghdr *nlh)
{
	struct nlattr *tb[IFLA_MAX + 1];
	struct ifinfomsg *i = nlmsg_data(nlh);
	struct end *e = arg;

	if (nlh->nlmsg_type != RTM_NEWLINK ||
	    nlmsg_parse(nlh, sizeof(*i), tb, IFLA_MAX, NULL) < 0)
		return 0;
	e->index = i->ifi_index;
	e->up = i->ifi_flags & IFF_UP && tb[IFLA_OPERSTATE] &&
		nla_get_u8(tb[IFLA_OPERSTATE]) == IF_OPER_UP &&
		tb[IFLA_CARRIER] && nla_get_u8(tb[IFLA_CARRIER]);
	take_port(tb[IFLA_LINKINFO], e);
	return 0;
}

/* 0, -EAGAIN, or another negative errno: there is no such link. */
static int look_end(struct ns *ns, const char *name, uint32_t *index)
{
	struct nl_msg *m = nlmsg_alloc_size(256);
	struct ifinfomsg i = { 0 };
	struct end e = { 0 };
	int err;

	nlmsg_hdr(m)->nlmsg_type = RTM_GETLINK;
	nlmsg_append(m, &i, sizeof(i), NLMSG_ALIGNTO);
	nla_put_u32(m, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
	nla_put_string(m, IFLA_IFNAME, name);
	err = rt_ask(ns, m, take_end, NULL, &e);
	nlmsg_free(m);
	*index = e.index;
	return err ? err : e.up && !e.port_down ? 0 : -EAGAIN;
}

struct tentative {
	uint32_t index;
	bool any;
};

static int take_address(void *arg, struct nlmsghdr *nlh)
{
	struct ifaddrmsg *a = nlmsg_data(nlh);
	struct tentative *t = arg;

	/* what the kernel gave itself is nobody's concern */
	if (nlh->nlmsg_type == RTM_NEWADDR && a->ifa_index == t->index &&
	    a->ifa_scope != RT_SCOPE_LINK && a->ifa_flags & IFA_F_TENTATIVE)
		t->any = true;
	return 0;
}

static int look_addresses(struct ns *ns, uint32_t index)
{
	struct ifaddrmsg a = { .ifa_family = AF_INET6 };
	struct tentative t = { .index = index };
	int err = rt_dump(ns, RTM_GETADDR, &a, sizeof(a), take_address, NULL,
			  &t);

	return err ? err : t.any ? -EAGAIN : 0;
}

static int look_peer(struct host *h, const char *spec, const char *name)
{
	struct ns *ns = ns_known(h, spec), *visit = NULL;
	uint32_t index;
	int err = 0;

	if (!ns)
		ns = visit = ns_visit(spec, h, &err);
	if (!ns)
		return err;
	err = look_end(ns, name, &index);
	if (!err)
		err = look_addresses(ns, index);
	ns_visit_end(visit);
	return err;
}

int ready_look(struct host *h, const char *p, const char *end)
{
	struct arena *a = arena_new();
	const char *netns, *port, *spec, *peer;
	uint32_t index;
	struct ns *ns;
	int err = -EBADMSG;

	if (!unpack_str(&p, end, &netns, a) && !unpack_str(&p, end, &port, a) &&
	    !unpack_str(&p, end, &spec, a) && !unpack_str(&p, end, &peer, a)) {
		ns = ns_get(h, netns, &err);
		if (ns)
			err = look_end(ns, port, &index);
		if (!err && peer[0])
			err = look_peer(h, spec, peer);
	}
	arena_free(a);
	return err;
}

/* --- which namespace ---------------------------------------------------- */

/* Who made the user namespace that it belongs to: ioctl_ns(2).  Else -1. */
static uid_t ns_owner(int fd)
{
	int at = ioctl(fd, NS_GET_USERNS);
	uid_t owner;

	if (at < 0 || ioctl(at, NS_GET_OWNER_UID, &owner))
		owner = -1;
	if (at >= 0)
		close(at);
	return owner;
}

int ready_netns(struct host *h, uint32_t id, const char *p, const char *end)
{
	struct buf b CLEANUP(buf_free) = { 0 };
	struct arena *a = arena_new();
	const char *spec;
	struct stat st;
	uid_t owner = -1;
	int err = -EBADMSG, fd;

	if (!unpack_str(&p, end, &spec, a)) {
		fd = ns_open(spec);
		err = fd < 0 ? fd : fstat(fd, &st) ? -errno : 0;
		if (!err)
			owner = ns_owner(fd);
		if (fd >= 0)
			close(fd);
	}
	arena_free(a);
	if (err)
		return err;
	pack_u32(&b, st.st_ino);
	pack_u32(&b, owner);
	host_send(h, WIRE_INODE, id, &b);
	return 0;
}

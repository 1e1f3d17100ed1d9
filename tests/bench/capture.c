// capture.c - the requests that would make the links of now
// SPDX-License-Identifier: GPL-2.0-or-later
//
// What is there is compared with a fresh bridge, veth pair and namespace: only
// what differs from the kernel's defaults becomes a request.  Of the links
// those in netd's group.
#define _GNU_SOURCE
#include "bench.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_addr.h>
#include <linux/if_bridge.h>
#include <linux/if_link.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "netd/host.h"

#define MSG_SIZE 16384

/* What a link's dump says, by attribute. */
struct seen {
	const struct nlattr *link[MAX_ATTR];
	const struct nlattr *info[MAX_ATTR];	/* bridge's IFLA_BR_* */
	const struct nlattr *port[MAX_ATTR];	/* IFLA_BRPORT_* */
	const struct nlattr *inet6[MAX_ATTR];
	const uint32_t *conf4, *conf6;
	int nconf4, nconf6;
	char kind[16];
	const struct ifinfomsg *ifi;
};

/* Copies of the dumps of a fresh bridge and a fresh port. */
static struct seen plain_bridge, plain_port;

/* A namespace's name, in the order of /run/netns; 0 is where we are. */
static char ns_names[4096][64];
static unsigned int ns_count;

struct capture {
	struct reqs *r;
	const char *ns;
};

static void see_conf(struct seen *s, const struct nlattr *spec)
{
	const struct nlattr *af, *a;

	mnl_attr_for_each_nested(af, spec) {
		if (mnl_attr_get_type(af) == AF_INET6) {
			mnl_attr_parse_nested(af, take_attr, s->inet6);
			a = s->inet6[IFLA_INET6_CONF];
			s->conf6 = a ? mnl_attr_get_payload(a) : NULL;
			s->nconf6 = a ? mnl_attr_get_payload_len(a) / 4 : 0;
			continue;
		}
		mnl_attr_for_each_nested(a, af) {
			s->conf4 = mnl_attr_get_payload(a);
			s->nconf4 = mnl_attr_get_payload_len(a) / 4;
		}
	}
}

static void see(struct seen *s, const struct nlmsghdr *h)
{
	const struct nlattr *a;

	memset(s, 0, sizeof(*s));
	s->ifi = mnl_nlmsg_get_payload(h);
	mnl_attr_parse(h, sizeof(*s->ifi), take_attr, s->link);
	if (s->link[IFLA_AF_SPEC])
		see_conf(s, s->link[IFLA_AF_SPEC]);
	if (!s->link[IFLA_LINKINFO])
		return;
	mnl_attr_for_each_nested(a, s->link[IFLA_LINKINFO]) {
		if (mnl_attr_get_type(a) == IFLA_INFO_KIND)
			snprintf(s->kind, sizeof(s->kind), "%s",
				 mnl_attr_get_str(a));
		if (mnl_attr_get_type(a) == IFLA_INFO_DATA)
			mnl_attr_parse_nested(a, take_attr, s->info);
		if (mnl_attr_get_type(a) == IFLA_INFO_SLAVE_DATA)
			mnl_attr_parse_nested(a, take_attr, s->port);
	}
}

static uint32_t num(const struct nlattr *a)
{
	return a ? mnl_attr_get_u32(a) : 0;
}

static const char *name_of(const struct seen *s)
{
	return mnl_attr_get_str(s->link[IFLA_IFNAME]);
}

static void dump_links(struct mnl_socket *s,
		       int (*cb)(const struct nlmsghdr *, void *), void *arg)
{
	char buf[MSG_SIZE];
	struct nlmsghdr *h = mnl_nlmsg_put_header(buf);

	h->nlmsg_type = RTM_GETLINK;
	h->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	mnl_nlmsg_put_extra_header(h, sizeof(struct ifinfomsg));
	mnl_attr_put_u32(h, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
	nl_dump(s, h, cb, arg);
}

/* --- what is plain ------------------------------------------------------- */

static int see_plain(const struct nlmsghdr *h, void *arg)
{
	void *copy = must_alloc(NULL, h->nlmsg_len);
	struct seen s;

	memcpy(copy, h, h->nlmsg_len);
	see(&s, copy);
	if (!strcmp(name_of(&s), "plain"))
		plain_bridge = s;
	else if (!strcmp(name_of(&s), "port"))
		plain_port = s;
	else
		free(copy);
	return 0;
}

static void put_kind(struct nlmsghdr *h, const char *kind)
{
	struct nlattr *n = mnl_attr_nest_start(h, IFLA_LINKINFO);

	mnl_attr_put_strz(h, IFLA_INFO_KIND, kind);
	mnl_attr_nest_end(h, n);
}

static void make_plain(struct batch *b, const char *kind, const char *name,
		       int index, int master)
{
	char buf[MSG_SIZE] = "";
	struct nlmsghdr *h = mnl_nlmsg_put_header(buf);
	struct ifinfomsg *ifi = mnl_nlmsg_put_extra_header(h, sizeof(*ifi));

	ifi->ifi_index = index;
	mnl_attr_put_strz(h, IFLA_IFNAME, name);
	if (master)
		mnl_attr_put_u32(h, IFLA_MASTER, master);
	put_kind(h, kind);
	batch_add(b, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, ifi,
		  h->nlmsg_len - MNL_NLMSG_HDRLEN);
}

/* In a namespace that nobody else sees, in a child's place. */
static void learn_plain(void)
{
	struct mnl_socket *s;
	struct batch b = { 0 };

	ns_enter("");
	if (unshare(CLONE_NEWNET))
		die("unshare");
	s = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
	if (!s || mnl_socket_bind(s, 0, MNL_SOCKET_AUTOPID))
		die("netlink socket");
	ns_enter("");
	make_plain(&b, "bridge", "plain", 90, 0);
	make_plain(&b, "veth", "port", 91, 90);
	if (batch_send(&b, s))
		die("no fresh bridge and veth");
	dump_links(s, see_plain, NULL);
	mnl_socket_close(s);
	if (!plain_bridge.ifi || !plain_port.port[IFLA_BRPORT_MODE])
		die("no fresh bridge and port seen");
}

/* --- links --------------------------------------------------------------- */

static const int br_settable[] = {
	IFLA_BR_FORWARD_DELAY, IFLA_BR_HELLO_TIME, IFLA_BR_MAX_AGE,
	IFLA_BR_AGEING_TIME, IFLA_BR_STP_STATE, IFLA_BR_PRIORITY,
	IFLA_BR_VLAN_FILTERING, IFLA_BR_GROUP_FWD_MASK,
	IFLA_BR_MCAST_SNOOPING, IFLA_BR_MCAST_QUERIER,
	49 /* IFLA_BR_FDB_MAX_LEARNED, since 6.7 */, 0
};

static const int port_settable[] = {
	IFLA_BRPORT_MODE, IFLA_BRPORT_GUARD, IFLA_BRPORT_PROTECT,
	IFLA_BRPORT_LEARNING, IFLA_BRPORT_UNICAST_FLOOD,
	IFLA_BRPORT_MCAST_FLOOD, IFLA_BRPORT_BCAST_FLOOD,
	IFLA_BRPORT_ISOLATED, IFLA_BRPORT_MULTICAST_ROUTER,
	IFLA_BRPORT_FAST_LEAVE, IFLA_BRPORT_NEIGH_SUPPRESS, 0
};

static bool differs(const struct nlattr *a, const struct nlattr *b)
{
	if (!a || !b)
		return a && !b;
	return mnl_attr_get_payload_len(a) != mnl_attr_get_payload_len(b) ||
		memcmp(mnl_attr_get_payload(a), mnl_attr_get_payload(b),
		       mnl_attr_get_payload_len(a));
}

static int put_changed(struct nlmsghdr *h, const int *which,
		       const struct nlattr *const *now,
		       const struct nlattr *const *plain)
{
	int n = 0;

	for (; *which; which++) {
		if (!differs(now[*which], plain[*which]))
			continue;
		put_copy(h, now[*which]);
		n++;
	}
	return n;
}

/* The number of settings in IFLA_AF_SPEC. */
static int put_conf(struct nlmsghdr *h, const struct seen *s,
		    const struct seen *plain)
{
	struct nlattr *spec = mnl_attr_nest_start(h, IFLA_AF_SPEC), *af, *c;
	int i, n = 0;

	af = mnl_attr_nest_start(h, AF_INET);
	c = mnl_attr_nest_start(h, IFLA_INET_CONF);
	for (i = 0; i < s->nconf4 && i < plain->nconf4; i++) {
		if (s->conf4[i] == plain->conf4[i])
			continue;
		mnl_attr_put_u32(h, i + 1, s->conf4[i]);
		n++;
	}
	mnl_attr_nest_end(h, c);
	mnl_attr_nest_end(h, af);
	if (differs(s->inet6[IFLA_INET6_ADDR_GEN_MODE],
		    plain->inet6[IFLA_INET6_ADDR_GEN_MODE])) {
		af = mnl_attr_nest_start(h, AF_INET6);
		put_copy(h, s->inet6[IFLA_INET6_ADDR_GEN_MODE]);
		mnl_attr_nest_end(h, af);
		n++;
	}
	mnl_attr_nest_end(h, spec);
	return n;
}

static const struct {
	int at;
	const char *name;
} proc6[] = {
	{ DEVCONF_ACCEPT_RA, "accept_ra" },
	{ DEVCONF_ACCEPT_REDIRECTS, "accept_redirects" },
	{ DEVCONF_AUTOCONF, "autoconf" },
	{ DEVCONF_ACCEPT_DAD, "accept_dad" },
	{ DEVCONF_DISABLE_IPV6, "disable_ipv6" },
};

static void add_proc6(const struct capture *c, enum step step,
		      const struct seen *s, const struct seen *plain)
{
	char path[200], value[16];
	unsigned int i;
	int at;

	for (i = 0; i < MNL_ARRAY_SIZE(proc6); i++) {
		at = proc6[i].at;
		if (at >= s->nconf6 || at >= plain->nconf6 ||
		    s->conf6[at] == plain->conf6[at])
			continue;
		snprintf(path, sizeof(path), "net/ipv6/conf/%s/%s",
			 name_of(s), proc6[i].name);
		snprintf(value, sizeof(value), "%d", (int)s->conf6[at]);
		add_proc(c->r, c->ns, step, path, value);
	}
}

static struct nlmsghdr *link_msg(char *buf, const struct seen *s, bool up)
{
	struct nlmsghdr *h = mnl_nlmsg_put_header(buf);
	struct ifinfomsg *ifi = mnl_nlmsg_put_extra_header(h, sizeof(*ifi));

	ifi->ifi_index = s->ifi->ifi_index;
	if (up && (s->ifi->ifi_flags & IFF_UP))
		ifi->ifi_flags = ifi->ifi_change = IFF_UP;
	return h;
}

static void put_born(struct nlmsghdr *h, const struct seen *s,
		     const struct seen *plain)
{
	put_copy(h, s->link[IFLA_IFNAME]);
	put_copy(h, s->link[IFLA_GROUP]);
	put_copy(h, s->link[IFLA_ADDRESS]);
	if (differs(s->link[IFLA_MTU], plain->link[IFLA_MTU]))
		put_copy(h, s->link[IFLA_MTU]);
}

/* Settings, alias and up: one message after the creation. */
static void add_set(const struct capture *c, enum step step,
		    const struct seen *s, const struct seen *plain)
{
	char buf[MSG_SIZE] = "";
	struct nlmsghdr *h = link_msg(buf, s, true);
	int n = put_conf(h, s, plain), type = RTM_SETLINK;
	struct nlattr *info, *slave;

	put_copy(h, s->link[IFLA_IFALIAS]);
	n += s->link[IFLA_IFALIAS] || (s->ifi->ifi_flags & IFF_UP);
	if (s->port[IFLA_BRPORT_MODE]) {
		info = mnl_attr_nest_start(h, IFLA_LINKINFO);
		mnl_attr_put_strz(h, IFLA_INFO_KIND, s->kind);
		mnl_attr_put_strz(h, IFLA_INFO_SLAVE_KIND, "bridge");
		slave = mnl_attr_nest_start(h, IFLA_INFO_SLAVE_DATA);
		if (put_changed(h, port_settable, s->port, plain->port)) {
			type = RTM_NEWLINK;
			mnl_attr_nest_end(h, slave);
			mnl_attr_nest_end(h, info);
			n++;
		} else {
			mnl_attr_nest_cancel(h, info);
		}
	}
	if (n)
		add_route(c->r, c->ns, step, type, 0, h, NULL);
}

static void add_altnames(const struct capture *c, const struct seen *s)
{
	char buf[MSG_SIZE] = "";
	struct nlmsghdr *h;

	if (!s->link[IFLA_PROP_LIST])
		return;
	h = link_msg(buf, s, false);
	mnl_attr_put(h, IFLA_PROP_LIST | NLA_F_NESTED,
		     mnl_attr_get_payload_len(s->link[IFLA_PROP_LIST]),
		     mnl_attr_get_payload(s->link[IFLA_PROP_LIST]));
	add_route(c->r, c->ns, STEP_ALTNAME, RTM_NEWLINKPROP,
		NLM_F_CREATE | NLM_F_EXCL | NLM_F_APPEND, h, NULL);
}

static void capture_bridge(const struct capture *c, const struct seen *s)
{
	char buf[MSG_SIZE] = "";
	struct nlmsghdr *h = link_msg(buf, s, false);
	struct nlattr *info, *data;

	put_born(h, s, &plain_bridge);
	info = mnl_attr_nest_start(h, IFLA_LINKINFO);
	mnl_attr_put_strz(h, IFLA_INFO_KIND, "bridge");
	data = mnl_attr_nest_start(h, IFLA_INFO_DATA);
	put_changed(h, br_settable, s->info, plain_bridge.info);
	mnl_attr_nest_end(h, data);
	mnl_attr_nest_end(h, info);
	add_route(c->r, c->ns, STEP_BRIDGE, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, h,
		NULL);
	add_proc6(c, STEP_BRIDGE_PROC, s, &plain_bridge);
	add_set(c, STEP_BRIDGE_SET, s, &plain_bridge);
	add_altnames(c, s);
}

/* A link of the pair's other end, copied while its namespace was dumped. */
struct peer {
	unsigned int ns;
	uint32_t index, at_home;
	struct seen s;
};

static struct peer *peers;
static size_t npeers;

static const struct peer *peer_find(uint32_t home_index)
{
	size_t i;

	for (i = 0; i < npeers; i++)
		if (peers[i].at_home == home_index)
			return &peers[i];
	return NULL;
}

bool peer_known(const char *ns, uint32_t index)
{
	static size_t last;
	size_t i;

	/* addresses come in the order of links */
	for (i = 0; i < npeers; i++, last++) {
		last %= npeers;
		if (peers[last].index == index &&
		    !strcmp(ns_names[peers[last].ns], ns))
			return true;
	}
	return false;
}

static void put_peer(struct nlmsghdr *h, const struct peer *p, struct req *q)
{
	struct nlattr *n = mnl_attr_nest_start(h, VETH_INFO_PEER);
	struct ifinfomsg *ifi = mnl_nlmsg_get_payload_tail(h);

	memset(ifi, 0, sizeof(*ifi));
	ifi->ifi_index = p->index;
	h->nlmsg_len += NLMSG_ALIGN(sizeof(*ifi));
	put_born(h, &p->s, &plain_port);
	mnl_attr_put_u32(h, IFLA_NET_NS_FD, 0);
	q->fix = h->nlmsg_len - 4 - MNL_NLMSG_HDRLEN;
	snprintf(q->peer, sizeof(q->peer), "%s", ns_names[p->ns]);
	mnl_attr_nest_end(h, n);
}

static void capture_veth(const struct capture *c, const struct seen *s)
{
	const struct peer *p = peer_find(s->ifi->ifi_index);
	char buf[MSG_SIZE] = "";
	struct nlmsghdr *h = link_msg(buf, s, false);
	struct nlattr *info, *data;
	struct req q = { 0 };

	if (!p)
		return;
	put_born(h, s, &plain_port);
	put_copy(h, s->link[IFLA_MASTER]);
	info = mnl_attr_nest_start(h, IFLA_LINKINFO);
	mnl_attr_put_strz(h, IFLA_INFO_KIND, "veth");
	data = mnl_attr_nest_start(h, IFLA_INFO_DATA);
	put_peer(h, p, &q);
	mnl_attr_nest_end(h, data);
	mnl_attr_nest_end(h, info);
	add_route(c->r, c->ns, STEP_PORT, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, h, &q);
	add_proc6(c, STEP_PORT_PROC, s, &plain_port);
	add_set(c, STEP_PORT_SET, s, &plain_port);
	add_altnames(c, s);
}

static int on_home_link(const struct nlmsghdr *h, void *arg)
{
	const struct capture *c = arg;
	struct seen s;

	see(&s, h);
	if (num(s.link[IFLA_GROUP]) != NETD_GROUP)
		return 0;
	if (!strcmp(s.kind, "bridge"))
		capture_bridge(c, &s);
	else if (!strcmp(s.kind, "veth"))
		capture_veth(c, &s);
	return 0;
}

static int on_peer_link(const struct nlmsghdr *h, void *arg)
{
	const struct capture *c = arg;
	struct peer p = { .ns = ns_count };
	void *copy;

	see(&p.s, h);
	if (num(p.s.link[IFLA_GROUP]) != NETD_GROUP_PEER ||
	    !p.s.link[IFLA_LINK])
		return 0;
	copy = must_alloc(NULL, h->nlmsg_len);
	memcpy(copy, h, h->nlmsg_len);
	see(&p.s, copy);
	p.index = p.s.ifi->ifi_index;
	p.at_home = num(p.s.link[IFLA_LINK]);
	peers = must_alloc(peers, (npeers + 1) * sizeof(*peers));
	peers[npeers++] = p;
	add_proc6(c, STEP_PEER_PROC, &p.s, &plain_port);
	add_set(c, STEP_PEER_SET, &p.s, &plain_port);
	return 0;
}

static void list_namespaces(void)
{
	DIR *d = opendir("/run/netns");
	struct dirent *e;

	while (d && ns_count < 4096 && (e = readdir(d)))
		if (e->d_name[0] != '.')
			snprintf(ns_names[ns_count++], 64, "%.63s",
				 e->d_name);
	if (d)
		closedir(d);
}

void capture_links(struct reqs *r)
{
	struct capture c = { .r = r };
	struct mnl_socket *s;
	unsigned int n;

	learn_plain();
	list_namespaces();
	n = ns_count;
	for (ns_count = 0; ns_count < n; ns_count++) {
		c.ns = ns_names[ns_count];
		s = nl_open(c.ns, NETLINK_ROUTE);
		dump_links(s, on_peer_link, &c);
		capture_layer3(r, s, c.ns);
		mnl_socket_close(s);
	}
	c.ns = "";
	s = nl_open("", NETLINK_ROUTE);
	dump_links(s, on_home_link, &c);
	capture_layer3(r, s, c.ns);
	mnl_socket_close(s);
	capture_sysctls(r);
}

// object.h - the things that netd owns on a host, one struct a kind
// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef NETD_OBJECT_H
#define NETD_OBJECT_H

#include "netd/field.h"
#include "netd/report.h"

/*
 * Kinds in the order in which their objects are created; see plan.h for the
 * order of a whole plan.  What a kind is made of says kinds.c.
 */
enum kind {
	KIND_FACT,		/* found only: what the host can do and holds */
	KIND_NETNS,
	KIND_TABLE,		/* nft */
	KIND_SET,
	KIND_CHAIN,
	KIND_ELEMENT,
	KIND_BRIDGE,
	KIND_VETH,
	KIND_TAP,
	KIND_NIC,		/* a foreign link, taken and given back */
	KIND_IFB,		/* where what a link receives waits its turn */
	KIND_LEG,		/* the other end of a veth in a netns of ours */
	KIND_LINK,		/* found only: a link that is not ours */
	KIND_QDISC,		/* how a link sends */
	KIND_REDIRECT,		/* what a link receives goes to an IFB first */
	KIND_ADDRESS,
	KIND_NEIGHBOUR,
	KIND_ROUTE,
	KIND_SYSCTL,
	KIND_FILE,
	KIND_PROCESS,
	KIND_ACCEPT,		/* in rules of another program */
	KIND_ZONE,		/* of firewalld's, that a link of ours is in */
	KIND_COUNT
};

/*
 * What all objects begin with.  Identity is (kind, netns, name).  Strings
 * belong to the state's arena and may be shared.
 */
struct object {
	uint8_t kind;		/* enum kind */
	bool foreign;		/* found, and not ours: never touched */
	bool busy;		/* found, and in use: a tap that a VM holds */
	uint8_t within_kind;	/* with within: what it dies with, same netns */
	struct pos pos;		/* the YAML place that asked for it */
	const char *netns;	/* "": the host's own, else as in ip-netns(8) */
	const char *name;
	const char *within;	/* name of the object it dies with, or "" */
};

/* Any unsigned value that is all ones means: leave it as it is. */
#define ANY8 UINT8_MAX
#define ANY16 UINT16_MAX
#define ANY32 UINT32_MAX

/*
 * IPv4 and IPv6 settings of an interface (IFLA_AF_SPEC, and
 * /proc/sys/net/ipv6/conf for what netlink can't set): see
 * Documentation/networking/ip-sysctl.rst for each.
 */
struct devconf {
	uint8_t forwarding;
	uint8_t rp_filter;
	uint8_t arp_ignore;
	uint8_t arp_announce;
	uint8_t send_redirects;
	uint8_t accept_redirects;
	uint8_t source_route;	/* accept_source_route */
	uint8_t proxy_arp;
	uint8_t route_localnet;
	uint8_t disable_ipv6;
	uint8_t forwarding6;
	uint8_t accept_ra;
	uint8_t accept_redirects6;
	uint8_t addr_gen_mode;	/* enum in6_addr_gen_mode; 1: none */
};

/* How a bridge treats one of its ports (IFLA_BRPORT_*). */
struct brport {
	uint8_t hairpin;	/* IFLA_BRPORT_MODE */
	uint8_t isolated;
	uint8_t learning;
	uint8_t flood;		/* IFLA_BRPORT_UNICAST_FLOOD */
	uint8_t mcast_router;	/* IFLA_BRPORT_MULTICAST_ROUTER; 0: never */
	uint8_t bpdu_guard;	/* IFLA_BRPORT_GUARD */
};

/* What all links have; every struct of a link begins with it. */
struct link {
	struct object o;
	struct mac mac;
	uint32_t mtu;
	uint8_t up;		/* bool, or ANY8 */
	const char *master;	/* a bridge in the same netns, or "" */
	const char *alias;	/* "netd:TOPOLOGY/NAME", the full name */
	const char *altname;	/* the full name when it doesn't fit, or "" */
	struct devconf conf;
	uint32_t index;		/* INFO */
	uint8_t running;	/* INFO: operstate is up */
	const char *type;	/* INFO: IFLA_INFO_KIND, "" for hardware */
};

struct bridge {
	struct link l;
	uint8_t stp;
	uint16_t priority;
	uint32_t forward_delay;	/* ms */
	uint32_t max_age;	/* ms: of what STP was told */
	uint32_t ageing;	/* ms; 0: a hub */
	uint8_t snooping;	/* IFLA_BR_MCAST_SNOOPING */
	uint32_t max_learned;	/* IFLA_BR_FDB_MAX_LEARNED; kernels >= 6.7 */
};

/*
 * A veth pair is one object, named after the end at the network.  Its peer is
 * created straight in PEER_NETNS.  Where that is a namespace of ours the
 * peer's settings are a leg and addresses of their own; where it is somebody
 * else's, what follows is set once, at creation.
 */
struct veth {
	struct link l;
	struct brport port;
	const char *peer_netns;	/* a name, an absolute path, "pid:N", "", or
				 * PEER_PARKED */
	const char *peer;	/* the peer's interface name */
	uint32_t peer_id;	/* inode its namespace must have; 0: any */
	uint8_t peer_ours;	/* its netns is one of our KIND_NETNS */
	struct mac peer_mac;
	struct list peer_addresses;	/* of struct prefix */
	struct list peer_gateways;	/* of struct ip: default routes */
	/* const char *: "NETNS DEV ADDRESS", where another guest's MAC may be
	 * remembered; the addresses of a peer on its own bridge beside it */
	struct list stale;
};

/*
 * The peer stays in the namespace that netd runs in, down and unmarked, for a
 * program that moves it to where it belongs: from then on it is that one's.
 */
#define PEER_PARKED "none"

struct tap {
	struct link l;
	struct brport port;
	const char *owner;	/* user name or number; "" with a group only */
	const char *group;
	uint16_t queues;	/* more than 1: multi-queue */
	uint8_t vnet_hdr;
	uint8_t transient;	/* the kernel deletes it when who has opened it
				 * is gone: it is not made again */
	struct list stale;	/* as a veth's */
};

struct nic {
	struct link l;
	struct brport port;
};

/* It sends what it is handed as if it came in where it came from: ifb(4). */
struct ifb {
	struct link l;
};

/* A veth's peer in a namespace of ours, or lo. */
struct leg {
	struct link l;
};

/* A link that is not ours, in the host's own namespace. */
struct foreign_link {
	struct link l;
};

/*
 * name: the link, which it dies with.  A delay or a loss is netem's
 * (tc-netem(8)), a rate alone is tbf's (tc-tbf(8)).
 */
struct qdisc {
	struct object o;
	uint64_t rate;		/* bit/s, whole bytes; 0: no bound */
	uint32_t burst;		/* bytes that may go at once; tbf */
	uint32_t limit;		/* what may wait: bytes; netem: packets */
	uint32_t delay, jitter;	/* ms */
	uint32_t loss;		/* of a million packets */
};

/* name: the link, which it dies with; before nft and the bridge see it. */
struct redirect {
	struct object o;
	const char *to;		/* a KIND_IFB in the same netns */
};

/* name: "DEV ADDRESS/LEN"; within: the link */
struct address {
	struct object o;
	uint8_t nodad;		/* IFA_F_NODAD */
	uint8_t noprefix;	/* IFA_F_NOPREFIXROUTE */
	uint8_t tentative;	/* INFO */
};

/* name: "DEV ADDRESS"; permanent, so that it needs no room in the table */
struct neighbour {
	struct object o;
	struct mac mac;
};

enum route_type {
	ROUTE_UNICAST,
	ROUTE_BLACKHOLE,
	ROUTE_UNREACHABLE,
	ROUTE_PROHIBIT,
};

/*
 * name: "PREFIX" or "PREFIX metric N"; "default" is spelt 0.0.0.0/0 or ::/0.
 * within: the first next hop's link.  Main table only.
 */
struct route {
	struct object o;
	uint8_t type;		/* enum route_type */
	struct list nexthops;	/* of struct nexthop, in order of (dev, via) */
	struct ip src;		/* preferred source, or none */
	uint32_t metric;	/* as in the name; IPv6's default is 1024 */
};

/* name: the path below /proc/sys: "net/ipv4/ip_forward" */
struct sysctl {
	struct object o;
	const char *value;
	const char *old;	/* BORN: what to restore, or "" */
};

/*
 * Namespaces of ours are marked by their lo's group, from before they have a
 * name.
 */
struct netns {
	struct object o;
	const char *alias;	/* lo's alias "netd:TOPOLOGY/NAME" */
};

/* name: "inet netd" or "bridge netd".  All nft names begin with that. */
struct table {
	struct object o;
	uint8_t owned;		/* INFO: has the flag owner */
};

/* name: "inet netd SET" */
struct set {
	struct object o;
	const char *decl;	/* BORN: "type ifname . ifname : verdict" ... */
	uint64_t hash;		/* of decl; 0: unknown */
	uint8_t learned;	/* BORN: packets fill it; not observed */
};

/* name: "inet netd CHAIN" */
struct chain {
	struct object o;
	const char *text;	/* BORN: nft's own spelling, a rule a line */
	uint64_t hash;		/* of text; 0: somebody changed it */
	uint8_t base;		/* BORN: has a hook; kept in a replacement */
	struct list marks;	/* BORN: of uint32_t, conntrack marks its
				 * rules set; those that go take their
				 * connections along */
};

/* name: "inet netd SET KEY"; within: the set */
struct element {
	struct object o;
	const char *data;	/* "accept", "10.1.0.20 . 80", or "" in a set */
};

/*
 * name: a path below a folder of netd's: "run/..." or "state/...", or a file
 * among another program's ("networkd/00-netd-T.network"), of letters,
 * digits and ._- only, no part of which begins with a dot.  It is written
 * whole and renamed.
 */
struct file {
	struct object o;
	const char *text;	/* BORN: all of it */
	uint64_t hash;		/* of text; all ones: a program writes it, it
				 * is only made and removed */
	const char *reader;	/* BORN: the process that is told of a change
				 * by SIGHUP, or "" */
	const char *check;	/* BORN: the program that tells whether it may
				 * begin to use the text, or ""; "PROGRAM KEY":
				 * each line is a value of that key */
};

/*
 * A daemon in a namespace, that goes to the background by itself and outlives
 * netd.  name: "PROGRAM/WHAT", below "run/" the folder of its files, one of
 * which is "pid": by that it is found again.
 */
struct process {
	struct object o;
	const char *where;	/* its netns; the object itself has none */
	struct list argv;	/* of const char *; the first is the program */
	uint32_t pid;		/* INFO */
};

/*
 * What lets an interface of ours through rules of another program, which are
 * otherwise never touched: coexist.h.  name: "ip filter DOCKER-USER iifname
 * "nd-web"".
 */
struct accept {
	struct object o;
	const char *program;	/* INFO: "docker" */
};

/* A link of ours is in a zone of firewalld's.  name: "trusted nd-web" */
struct zone {
	struct object o;
	const char *program;	/* INFO */
};

/* What the host is like.  name: see host.h. */
struct fact {
	struct object o;
	const char *value;
};

/* A row of the table of kinds. */
struct kind_info {
	const char *name;	/* "veth" */
	struct record rec;	/* size and fields */
	uint8_t create_phase;	/* see plan.c */
	uint8_t destroy_phase;
};

extern const struct kind_info kinds[KIND_COUNT];

/* The kind of that name, or -1. */
int kind_by_name(const char *name);
/* true for the kinds whose struct begins with struct link. */
bool kind_is_link(int kind);
bool veth_is_parked(const struct veth *v);
/* Is netem needed for it? */
bool qdisc_is_netem(const struct qdisc *q);
/* true for what is no object of the kernel's: files, processes. */
bool kind_is_service(int kind);
/* true for nft kinds. */
bool kind_is_nft(int kind);

/* Order of (kind, netns, name): the order of a state. */
int object_cmp(const struct object *a, const struct object *b);

/*
 * Which fields of FOUND differ from WANTED, as a mask of their numbers.
 * Compares no BORN and INFO field, and none that is wanted as "any".
 */
uint64_t object_diff(const struct object *wanted, const struct object *found);
/* true when all fields of two objects of one kind are equal. */
bool object_same(const struct object *a, const struct object *b);

/* The fields of one class among MASK. */
uint64_t object_mask(int kind, enum field_class cls);

/* Prints "veth nd-vm1 (in lab)". */
void object_print_id(const struct object *o, struct buf *out);

/* Prints the fields of MASK as "name value, name value". */
void object_print(const struct object *o, uint64_t mask, struct buf *out);

#endif

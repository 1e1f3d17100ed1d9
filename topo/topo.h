// topo.h - the topology as structs: what the reader fills and expand reads
// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef TOPO_TOPO_H
#define TOPO_TOPO_H

#include "netd/topo.h"

/*
 * Every struct that YAML fills begins with this.  Which of its fields were
 * written, and where, is kept, so that a default and a written value can be
 * told apart and an error finds its place.  Fields are numbered by their row
 * in the struct's table (topo/schema*.c).
 */
struct node {
	const char *name;	/* its key in a map; NULL in a list */
	const char *path;	/* "networks.web" */
	struct pos pos;		/* of the key, or of the item in a list */
	uint64_t set;		/* fields that were written, or defaulted by
				 * `defaults:` */
	uint64_t own;		/* those of set that were written right here */
	bool scalar;		/* written in its short spelling: no field of
				 * `set` tells, the values do */
	bool broken;		/* some of it could not be read */
	struct pos *at;		/* places of the fields' values; [count] */
};

/* A scalar with its place: names that refer to something, list items. */
struct word {
	const char *s;
	struct pos pos;
};

/* `address:` of an attachment or leg. */
enum addr_how { ADDR_FIXED, ADDR_AUTO, ADDR_DHCP, ADDR_SLAAC, ADDR_NONE };

struct addrspec {
	uint8_t how;		/* enum addr_how */
	struct prefix p;	/* ADDR_FIXED; len 255: the network's */
};

/* `subnet:`: auto or a prefix; unset is Ethernet only. */
struct netspec {
	bool automatic;
	struct prefix p;
};

enum net_mode { MODE_ISOLATED, MODE_NAT, MODE_ROUTED, MODE_OPEN };
enum action { ACT_ALLOW, ACT_REJECT, ACT_DROP };
enum att_type { ATT_TAP, ATT_VETH, ATT_NIC, ATT_RESERVED };

/* protocols: IANA numbers; `icmp` means both families */
struct service {		/* "22/tcp", "8000-8010/udp", "icmp" */
	uint8_t proto;
	struct ports ports;	/* hi 0: all */
};

struct stp {			/* true/false, or a map */
	struct node n;
	bool on;
	uint16_t priority;
	uint32_t forward_delay;
};

struct guards {			/* anti-spoofing: true/false, or a map */
	struct node n;
	bool mac, ip, arp, nd, ra_guard, dhcp_guard;
};

struct troute {			/* routes: of a network or router */
	struct node n;
	struct prefix to;
	struct ip via;
	uint32_t metric;
};

struct snat {
	struct node n;
	struct list addresses;	/* struct iprange */
	struct ports ports;
	struct list except;	/* struct prefix */
};

struct limit {			/* of bandwidth, one way: a rate, or a map */
	struct node n;
	uint64_t rate;		/* bit/s */
	uint32_t burst;		/* bytes; 0: by the rate */
};

struct bandwidth {		/* as what is behind the port sees it */
	struct node n;
	struct limit *in, *out;
};

struct reservation {		/* dhcp: what a client always gets */
	struct node n;
	struct mac mac;
	const char *duid;	/* "00:01:..." */
	struct list address;	/* struct ip: one of each family */
	const char *hostname;
};

struct boot {			/* dhcp: what a machine boots from */
	struct node n;
	const char *file, *server_name;
	struct ip server;
};

struct dhcp {			/* true/false, or a map */
	struct node n;
	bool on;
	struct list ranges;	/* struct iprange */
	uint32_t lease_time;	/* ms */
	struct list reservations;	/* struct reservation * */
	struct list options;	/* struct label: number or name, and value */
	struct boot *boot;
	struct word server;	/* who serves instead; NULL: netd */
	struct word relay;	/* who is asked: a name or an address */
};

struct forwarder {
	struct node n;
	const char *domain;	/* NULL: all that is not our own */
	struct ip to;
};

struct dns {			/* true/false, or a map */
	struct node n;
	bool on;
	const char *domain;
	struct list forwarders;	/* struct forwarder * */
	struct list records;	/* struct label: a name, and what it means */
	struct list servers;	/* struct ip: guests ask those instead */
};

struct ra {			/* true/false, or a map */
	struct node n;
	bool on, managed, slaac;
};

struct network {
	struct node n;
	uint8_t mode, mode6;
	struct list uplink;	/* struct word: ifnames */
	struct netspec subnet, subnet6;
	const char *gateway, *gateway6;	/* address, NAME, none */
	struct list addresses;	/* struct prefix */
	uint32_t mtu;
	struct mac mac;
	const char *bridge, *external;
	struct stp *stp;
	uint32_t mac_ageing;	/* ms */
	bool snooping;
	struct dhcp *dhcp;
	struct dns *dns;
	struct ra *ra;
	struct list services;	/* struct service */
	struct guards *guards;
	bool port_isolation, adopt, log;
	struct snat *snat;
	struct list routes;	/* struct troute * */
	struct list owners;	/* const char * */
	struct bandwidth *bandwidth;	/* by way of its gateway */
	struct ospf *ospf;
	/* resolved by topo_check() and topo_expand() */
	uint32_t number;	/* its place among the networks, from 0 */
	struct prefix net4, net6;	/* len with family 0: none */
	struct ip gw4, gw6;		/* the gateway's addresses */
	struct router *owner;	/* the named router that is the gateway */
	const char *ifname;	/* the bridge's kernel name */
	const char *ifb;	/* with a limit of egress: its IFB's name */
	bool has_gateway;	/* the home router has an address here */
	struct mac hwaddr;	/* the bridge's: written, or from its name */
	struct network *segment;	/* whose subnet holds here: itself, or
					 * the one that links join it with */
	struct leg_spec *via4, *via6;	/* whose leg, or which attachment, is
					 * the gateway; NULL: home, or none */
	bool home4, home6;	/* the home router is the gateway, by family */
	uint64_t next4, next6;	/* where a free address is looked for */
	struct list leased;	/* struct iprange: DHCP hands them out, and
				 * nobody else gets one by itself */
};

struct impair {			/* impair: of a link, or what an end sends */
	struct node n;
	uint32_t delay, jitter;	/* ms */
	uint32_t loss;		/* of a million */
	uint64_t rate;		/* bit/s; 0: no bound */
};

/* What was done to a link by hand: over what its file says, until `reset`. */
struct live {
	struct node n;		/* the link's name */
	bool down;
	struct impair *impair;	/* both directions */
	struct impair *a, *b;	/* what that end sends */
};

/* What an attachment and a leg share: one struct, two tables. */
struct leg_spec {
	struct node n;
	struct word network;	/* name; a link's end: the node */
	const char *ifname;
	struct mac mac;
	struct list address, address6;	/* struct addrspec */
	const char *gateway, *gateway6;
	uint32_t cost;
	struct ospf *ospf;
	struct impair *impair;	/* of what it sends */
	/* resolved */
	struct tlink *cable;	/* whose end it is, also as a leg; or NULL */
	struct network *net;
	struct router *at;	/* the router or node whose leg it is */
	struct tlink *link;	/* when it is the end of a link */
	struct list ips;	/* struct prefix: the addresses it has */
	struct mac hwaddr;	/* its MAC: written, or made from its name */
	const char *kname;	/* its interface name in its namespace */
	const char *altname;	/* the full one, when kname is short for it */
	const char *label;	/* its network's or link's name; ".2" when it
				 * is the second one of AT there */
	const char *port;	/* the other end's, at the bridge; a link's:
				 * the port, where its end is a network */
	struct ip way4, way6;	/* a node's: its default routes by this leg */
	bool asks4, asks6;	/* the guest gets it by DHCP only */
	bool hairpin;		/* a forward may send it its own packets */
};

struct allowed {		/* allowed-addresses: a prefix, or a map */
	struct node n;
	struct prefix address;
	struct mac mac;
};

struct attachment {
	struct leg_spec leg;	/* first: n, network, mac, address, ... */
	uint8_t type;
	const char *owner, *group;
	uint16_t queues;
	bool vnet_hdr;
	bool transient;		/* a tap that goes with who opened it */
	const char *netns;	/* name, path, "pid:N" or "none" */
	uint32_t netns_id;	/* inode of that namespace; 0: any */
	bool default_route;
	struct list allowed;	/* struct allowed * */
	struct guards *guards;
	bool port_isolation;
	struct list publish;	/* struct forward *, without a target */
	struct list labels;	/* struct label */
	struct list owners;	/* const char * */
	bool dynamic;		/* came by topo_attach() */
	struct bandwidth *bandwidth;
	const char *kname;	/* its kernel name at the bridge */
	const char *ifb;	/* with a limit of egress: its IFB's name */
};

/* Its end is left for another program to move: `netns: none`. */
static inline bool attachment_is_parked(const struct attachment *a)
{
	return a->netns && a->netns[0] == 'n' && a->netns[1] == 'o' &&
	       a->netns[2] == 'n' && a->netns[3] == 'e' && !a->netns[4];
}

struct group {
	struct node n;
	struct list members;	/* struct word */
};

/* An end of a policy, resolved. */
enum end_kind { END_NETWORK, END_ATTACHMENT, END_NODE, END_ROUTER, END_ADDRESS,
		END_OUTSIDE, END_HOST, END_ANY };

struct end {
	uint8_t kind;
	void *what;		/* the struct, by kind */
	struct prefix p;	/* END_ADDRESS */
};

struct policy {
	struct node n;
	const char *label;	/* `name:` */
	struct list from, to;	/* struct word: one, or a list */
	uint8_t action;
	struct list protocol;	/* uint8_t IANA; 255: icmp of both families */
	struct list ports;	/* struct ports */
	bool log;
	/* resolved: groups are flattened */
	struct end *from_ends, *to_ends;
	uint32_t nfrom, nto;
	uint32_t mark;		/* conntrack mark of what it admits */
};

struct forward {
	struct node n;
	struct ip listen;	/* family 0: all addresses of the uplink */
	struct list protocol;	/* uint8_t; default tcp */
	struct ports port;
	struct word target;	/* attachment, node, or address */
	struct ports target_port;	/* hi 0: the same as port */
	struct list from;	/* struct word */
	/* resolved */
	struct end *from_ends;
	uint32_t nfrom;
	struct attachment *owner;	/* whose `publish:` it is, or NULL */
	struct list target_ips;	/* struct ip */
	struct network *net;	/* where the target is */
	uint32_t mark;
};

struct one2one {
	struct node n;
	struct prefix external;
	struct word internal;
	/* resolved */
	struct prefix inside;
	struct network *net;
};

/* `ospf:`, of a topology, router, network, link or leg. */
struct ospf {
	struct node n;
	uint32_t area, cost;
	bool passive;
};

struct bgp {			/* `bgp:`, of a topology or router */
	struct node n;
	uint32_t as;
	bool reflector;
	struct list announce;	/* struct prefix; none: what is connected */
};

enum { TIMERS_FAST, TIMERS_DEFAULT };

/* How a router learns its routes: bits. */
enum { ROUTING_STATIC = 1, ROUTING_OSPF = 2, ROUTING_BGP = 4 };

/* A router, or a node (it never forwards). */
struct router {
	struct node n;
	bool node;
	struct list networks;	/* struct leg_spec * */
	uint32_t count;		/* nodes; 0: not a copy */
	const char *nat;	/* a network, a link's other end, `host` */
	struct list routes;	/* struct troute * */
	struct list routing;	/* struct word */
	struct list loopback;	/* struct addrspec */
	struct ip router_id;
	struct ospf *ospf;
	struct bgp *bgp;
	bool managed;
	struct list policies, forwards, one2one;	/* of its own */
	struct snat *snat;
	/* resolved */
	const char *netns;	/* TOPOLOGY.NAME */
	struct list legs;	/* struct leg_spec *: networks, then links */
	struct router *copy_of;	/* with count: the entry it came from */
	const char *up;		/* its interface towards `nat`, or NULL */
	uint8_t how;		/* ROUTING_*; of a router */
	uint32_t as;		/* of BGP; 0: none */
	struct prefix lo4, lo6;	/* on its lo; family 0: none */
	struct ip id;		/* of OSPF and BGP */
	const char *vty;	/* the folder of its daemons' sockets, or NULL;
				 * by topo_expand() */
	struct leg_spec *border;	/* nat: the leg to X, or NULL */
	struct transit *way;	/* nat: host: both ends of that pair */
};

/*
 * A veth pair from a namespace of ours through the host's own: the way out of
 * a home of its own, and of `nat: host`.
 */
struct transit {
	const char *port;	/* the host's end: "ndu-lab" */
	struct prefix outer4, outer6;	/* the host's end's addresses, */
	struct prefix inner4, inner6;	/* ours; with their lengths */
	struct mac outer_mac, inner_mac;
};

struct tlink {
	struct node n;
	struct list between;	/* struct leg_spec *, as written: 2 or none */
	struct leg_spec *a, *b;	/* of `between:`; else NULL until resolved */
	const char *shorthand;	/* "r1-r2": topo_resolve() splits it */
	struct netspec subnet, subnet6;
	uint32_t mtu, cost;
	struct ospf *ospf;
	struct impair *impair;
	/* resolved */
	const struct live *live;	/* what was done to it, or NULL */
	struct prefix net4, net6;
};

/* What must hold, and is asked by `netdctl check-lab`. */
struct tcheck {
	struct node n;
	const char *label;	/* `name:`; with `answer:`, what is asked */
	struct list from, on;	/* struct word: nodes and routers */
	struct word to;		/* a name, or an address */
	const char *expect, *protocol;
	uint16_t port;
	struct prefix route;	/* family 0: none */
	struct word via;	/* a name, or an address */
	uint32_t cost;
	struct word neighbor;
	struct list answer;	/* const char *: addresses, names, none */
	struct word lease;
	struct list path;	/* struct word */
	const char *run, *output;
	struct list with;	/* const char *: steps */
	uint32_t within, points;	/* ms; 0: not written */
	const char *text, *hint;
};

struct solution {
	struct node n;		/* the name is a node or router */
	struct list commands;	/* const char * */
};

struct pools {
	struct node n;
	struct prefix lan, lan6, link, link6, loopback, loopback6, uplink;
};

struct defaults {
	struct node n;
	struct network *network;
	struct router *router, *node;
	struct attachment *attachment;
};

struct topology {
	struct node n;		/* n.name: the topology's name */
	struct arena *arena;
	const char *file;
	const char *name, *home;	/* `name:`, `namespace:` */
	bool managed;
	struct pools *pools;
	struct defaults *defaults;
	struct list networks;	/* struct network * */
	struct list attachments;	/* struct attachment * */
	uint32_t attachments_cap;	/* room; 0: as the reader left it */
	struct list groups;	/* struct group * */
	struct list policies;	/* struct policy * */
	struct list forwards;	/* struct forward *, as written */
	struct list one2one;	/* struct one2one * */
	struct list routers, nodes;	/* struct router * */
	struct list links;	/* struct tlink * */
	struct list checks;	/* struct tcheck * */
	struct list solution;	/* struct solution *, in order */
	struct list routing;	/* struct word */
	uint8_t timers;		/* TIMERS_* */
	struct ospf *ospf;
	struct bgp *bgp;
	struct list lives;	/* struct live *: topo_live() */
	struct list allow;	/* struct word */
	struct list coexist;	/* struct word: programs */
	struct list owners;	/* const char * */
	struct list pods;	/* struct ports: their numbers */
	/* Of one with pods nothing is made but these: the same text again, each
	 * with a name, a home and automatic MACs of its own. */
	struct list copies;	/* struct topology * */
	const char *base;	/* the name without the pod's number, by which
				 * automatic numbers are kept */
	uint32_t pod;		/* 0: not a copy */
	/* resolved */
	const char *netns;	/* "": the host's own */
	const char *uplink_if, *uplink_if6;	/* in the home namespace */
	struct transit *way;	/* both ends of it, or NULL */
	struct list forwarded;	/* struct forward *: `forwards:`, and what
				 * attachments publish.  Walk this one */
	uint32_t forwarded_cap;
	struct list hosts;	/* struct router *: all routers, then nodes,
				 * copies (`count:`) one by one.  `nodes` is
				 * as written: walk this one */
	struct arena *resolved;	/* holds all that topo_resolve() makes */
	bool ready;		/* by topo_check(), and used by nobody yet */
	struct index *index;	/* names, addresses, MACs: topo/index.h */
	struct list subnets;	/* struct subnet, sorted: resolve.h */
	struct list avoid;	/* struct prefix: topo_avoid() */
	uint32_t avoid_cap;
};

/* Walks a list of pointers: list_for(struct network, w, &t->networks) */
#define list_for(type, var, list)					\
	for (type *var, **var##_p = (list)->items;			\
	     var##_p && var##_p < (type **)(list)->items + (list)->n &&	\
	     (var = *var##_p, true); var##_p++)

/* An interface of the host's that no program made. */
bool link_is_hardware(const struct link *l);

/* true when the field at member M of the record P (table R) was written */
bool node_has(const struct node *n, const struct record *r, size_t offset);
/* The place of that field's value, or of the record. */
struct pos node_at(const struct node *n, const struct record *r,
		   size_t offset);
/* WROTE: here or in `defaults:`.  OWN: here; for what would have no effect. */
bool node_own(const struct node *n, const struct record *r, size_t offset);
#define OWN(p, rec, m) node_own((const struct node *)(p), &rec, \
				offsetof(__typeof__(*(p)), m))
#define WROTE(p, rec, m) node_has((const struct node *)(p), &rec, \
				  offsetof(__typeof__(*(p)), m))
#define PLACE(p, rec, m) node_at((const struct node *)(p), &rec, \
				 offsetof(__typeof__(*(p)), m))

/* The tables (schema*.c). */
extern const struct record rec_topology, rec_network, rec_attachment, rec_leg,
	rec_group, rec_policy, rec_forward, rec_one2one, rec_router, rec_node,
	rec_link, rec_pools, rec_defaults, rec_stp, rec_guards, rec_troute,
	rec_snat, rec_allowed, rec_publish, rec_limit, rec_bandwidth,
	rec_ospf, rec_bgp,
	rec_dhcp, rec_dns, rec_ra, rec_reservation, rec_boot, rec_forwarder,
	rec_impair, rec_live,
	rec_check, rec_solution,
	rec_end;	/* a link's end, by struct leg_spec */

/* --- resolve.c ------------------------------------------------------- */
/*
 * Fills the "resolved" members: references, groups, copies, links, automatic
 * numbers (with NUMBERS), kernel names, gateways.  topo_check() and
 * topo_expand() both stand on it.
 */
int topo_resolve(struct topology *t, const struct state *found,
		 struct numbers *numbers, struct report *report);
/* Automatic subnets are not to be those of OTHERS in the same namespace. */
void topo_avoid(struct topology *t, struct topology *const *others,
		unsigned int nothers);
/* Whether something besides a network's mode leads the home router outside. */
bool topo_rules_lead_out(const struct topology *t);
/* The same for an attachment that came after topo_resolve(). */
int topo_resolve_attachment(struct topology *t, struct attachment *a,
			    struct numbers *numbers, struct report *report);
/*
 * What the NAME stands for, or NULL; by one look-up.  A node with `count:` is
 * no router of that name, its copies are.
 */
/* Only what names refer to; of a topology that could not be read whole. */
void topo_resolve_names(struct topology *t, struct report *report);
/* The checks that hold for such a one, too: check.c. */
void topo_check_broken(struct topology *t, struct report *report);
struct network *topo_network(const struct topology *t, const char *name);
/* The network of the home router that the address is in, or NULL. */
struct network *topo_network_of(const struct topology *t,
				const struct ip *ip);
/* The one that all of P is in; NULL for a prefix wider than our subnets. */
struct network *topo_network_with(const struct topology *t,
				  const struct prefix *p);
struct attachment *topo_attachment(const struct topology *t, const char *name);
struct router *topo_router(const struct topology *t, const char *name);
struct tlink *topo_link(const struct topology *t, const char *name);
/* 127.0.0.0/8: the host only. */
bool topo_is_loopback(const struct ip *ip);
/* Does the attachment publish what needs nothing else in the topology? */
bool publish_alone(const struct topology *t, const struct attachment *a);
/* Whether its routes are computed: `routing: static`, the default. */
bool router_computed(const struct router *w);
/* Whether it learns them by a protocol: ROUTING_OSPF, ROUTING_BGP. */
bool router_speaks(const struct router *w);

/* --- service.c: DHCP, DNS, router advertisements ----------------------- */

enum {
	SERVE_DHCP = 1,
	SERVE_DNS = 2,
	SERVE_RA = 4,
	SERVE_DHCP6 = 8,
	SERVE_RELAY = 16,
};
/* The value of a fact of the host (host.h), or OTHERWISE. */
const char *topo_fact(const struct state *found, const char *name,
		      const char *otherwise);
/* What netd serves in the network: SERVE_*; 0 for one that is joined to
 * another, which speaks for it. */
unsigned int network_serves(const struct network *w);
/* Whose leg it is served from; NULL: the home router's bridge. */
struct leg_spec *network_server(const struct network *w);
/* The attachment is the network's own DHCP server. */
bool attachment_serves(const struct attachment *a);
/* "web.campus" */
const char *network_domain(const struct topology *t, const struct network *w,
			   struct arena *a);

/* --- rules*.c: the nft objects --------------------------------------- */
int rules_expand(struct topology *t, const struct state *found,
		 struct state *wanted, struct report *report);
int rules_expand_attachment(struct topology *t, struct attachment *a,
			    struct state *wanted);

#endif

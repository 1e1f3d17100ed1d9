// expand.c - what is meant becomes objects: numbers, names, gateways
// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/unit/expand.h"

static void gateways(struct world *w)
{
	expand(w, "networks:\n"
	       "  a: {subnet: 10.1.0.0/24, subnet6: 'fd00:1::/64'}\n"
	       "  b: {subnet: 10.2.0.0/24, services: [22/tcp]}\n"
	       "  c: {mode: nat, subnet: 10.3.0.0/24, gateway: 10.3.0.254}\n"
	       "  d: {subnet: 10.4.0.0/24, gateway: fw}\n"
	       "  e: {subnet: 10.5.0.0/24, gateway: none}\n"
	       "  f: {subnet: 10.6.0.0/24, gateway: 10.6.0.7}\n"
	       "attachments:\n"
	       "  a1: {network: a, type: veth, netns: a1}\n"
	       "  c1: {network: c, type: veth, netns: c1}\n"
	       "  fw: {network: d, type: veth, netns: fw}\n"
	       "  d1: {network: d, type: veth, netns: d1}\n"
	       "  e1: {network: e, type: veth, netns: e1}\n"
	       "  f1: {network: f, type: veth, netns: f1,"
	       " address: 10.6.0.7}\n"
	       "policies:\n"
	       "  - {from: b, to: c, protocol: tcp, ports: [80]}\n");
	/* nobody asks: no router, and its place stays free */
	HAS_NOT(ADDRESS, "", "nd-a 10.1.0.1/24");
	IS(BRIDGE, "", "nd-a", "disable_ipv6", "1");
	IS(BRIDGE, "", "nd-a", "forwarding", "0");
	IS(VETH, "", "ndp-a1", "peer_addresses", "10.1.0.2/24, fd00:1::2/64");
	IS(VETH, "", "ndp-a1", "peer_gateways", "");
	HAS(ADDRESS, "", "nd-b 10.2.0.1/24");
	HAS(ADDRESS, "", "nd-c 10.3.0.254/24");
	IS(VETH, "", "ndp-c1", "peer_addresses", "10.3.0.1/24");
	IS(VETH, "", "ndp-c1", "peer_gateways", "10.3.0.254");
	IS(BRIDGE, "", "nd-c", "forwarding", "1");
	HAS_NOT(ADDRESS, "", "nd-d 10.4.0.1/24");
	IS(VETH, "", "ndp-fw", "peer_addresses", "10.4.0.1/24");
	IS(VETH, "", "ndp-fw", "peer_gateways", "");
	IS(VETH, "", "ndp-d1", "peer_gateways", "10.4.0.1");
	IS(VETH, "", "ndp-e1", "peer_gateways", "");
	IS(VETH, "", "ndp-f1", "peer_gateways", "");
	HAS_NOT(ADDRESS, "", "nd-f 10.6.0.7/24");
	HAS(SYSCTL, "", "net/ipv4/conf/eth0/forwarding");
	HAS_NOT(SYSCTL, "", "net/ipv4/ip_forward");
	HAS_NOT(SYSCTL, "", "net/ipv6/conf/all/forwarding");
}

/* The first and a policy that names it later: nothing is renumbered. */
static void numbers(struct world *w)
{
	expand(w, "networks: {n: {subnet: auto, subnet6: auto}}\n"
	       "attachments:\n"
	       "  a: {network: n, type: veth, netns: a}\n"
	       "  b: {network: n, type: veth, netns: b}\n");
	/* 10.64.0.0/23 is a route of the host */
	IS(VETH, "", "ndp-a", "peer_addresses", "10.64.2.2/24, fd00:64::2/64");
	IS(VETH, "", "ndp-b", "peer_addresses", "10.64.2.3/24, fd00:64::3/64");
	expand(w, "networks:\n"
	       "  m: {subnet: auto}\n"
	       "  n: {subnet: auto, subnet6: auto, mode: nat}\n"
	       "attachments:\n"
	       "  c: {network: n, type: veth, netns: c}\n"
	       "  b: {network: n, type: veth, netns: b}\n");
	HAS(ADDRESS, "", "nd-n 10.64.2.1/24");
	IS(VETH, "", "ndp-b", "peer_addresses", "10.64.2.3/24, fd00:64::3/64");
	IS(VETH, "", "ndp-c", "peer_addresses", "10.64.2.2/24, fd00:64::2/64");
	expand(w, "networks:\n"
	       "  l: {subnet: 10.64.3.0/24}\n"
	       "  m: {subnet: auto, mode: nat}\n"
	       "  n: {subnet: 10.64.2.0/24, subnet6: auto, mode: nat}\n"
	       "attachments:\n"
	       "  x: {network: n, type: veth, netns: x, address: 10.64.2.3}\n"
	       "  b: {network: n, type: veth, netns: b}\n");
	/* what is written wins over what was handed out */
	HAS(ADDRESS, "", "nd-m 10.64.4.1/24");
	IS(VETH, "", "ndp-x", "peer_addresses", "10.64.2.3/24, fd00:64::2/64");
	IS(VETH, "", "ndp-b", "peer_addresses", "10.64.2.2/24, fd00:64::3/64");
	/* two legs in one network, two automatic addresses: each its own */
	expand(w, "networks: {l: {subnet: 10.1.0.0/24}}\n"
	       "nodes: {a: {networks: [l, l]}}\n"
	       "attachments: {x: {network: l, type: veth, netns: x,\n"
	       "  address: [10.1.0.1, auto, auto]}}\n");
	HAS(ADDRESS, "t.a", "eth0 10.1.0.2/24");
	HAS(ADDRESS, "t.a", "eth1 10.1.0.3/24");
	IS(VETH, "t", "ndp-x", "peer_addresses",
	   "10.1.0.1/24, 10.1.0.4/24, 10.1.0.5/24");
}

/* What another topology has is not taken, be it written or automatic. */
static void others(struct world *w)
{
	expand(w, "name: other\n"
	       "networks:\n"
	       "  a: {subnet: auto, mode: nat}\n"
	       "  b: {subnet: 10.64.4.0/24, mode: nat}\n");
	HAS(ADDRESS, "", "nd-a 10.64.2.1/24");
	w->other = w->t;
	w->t = NULL;
	expand(w, "networks:\n"
	       "  x: {subnet: auto, mode: nat}\n"
	       "  y: {subnet: auto, mode: nat}\n");
	HAS(ADDRESS, "", "nd-x 10.64.3.1/24");
	HAS(ADDRESS, "", "nd-y 10.64.5.1/24");
	expand(w, "namespace: own\nnetworks: {x: {subnet: auto, mode: nat}}\n");
	HAS(ADDRESS, "own", "nd-x 10.64.0.1/24");
}

/* Two names of 63 with "ndl-" are more than ALTIFNAMSIZ; the alias says all. */
static void long_names(struct world *w)
{
#define TEN "abcdefghij"
#define LONG TEN TEN TEN TEN TEN TEN
	expand(w, "networks: {" LONG "net: {subnet: auto}}\n"
	       "nodes: {" LONG "nod: {networks: [" LONG "net]}}\n");
	IS(BRIDGE, "t", "nd-abc-d2idd4y5", "altname", "nd-" LONG "net");
	IS(VETH, "t", "ndl-ab-33ztvjcl", "altname", "");
	IS(VETH, "t", "ndl-ab-33ztvjcl", "alias",
	   "netd:t/" LONG "nod." LONG "net");
}

static void names(struct world *w)
{
	char mac[18];

	expand(w, "networks:\n"
	       "  web: {bridge: virbr9}\n"
	       "  a-very-long-name-indeed: {subnet: 10.1.0.0/24}\n"
	       "attachments:\n"
	       "  vm: {network: web, type: tap, owner: bob, queues: 2}\n"
	       "  twelve-bytes: {network: web, type: tap, group: kvm}\n"
	       "  eth1: {network: web, type: nic}\n");
	HAS(BRIDGE, "", "virbr9");
	IS(TAP, "", "ndp-vm", "master", "virbr9");
	IS(TAP, "", "ndp-vm", "owner", "bob");
	IS(TAP, "", "ndp-vm", "queues", "2");
	IS(TAP, "", "ndp-vm", "vnet_hdr", "1");
	IS(TAP, "", "ndp-vm", "alias", "netd:t/vm");
	IS(TAP, "", "ndp-vm", "altname", "");
	IS(TAP, "", "ndp-vm", "disable_ipv6", "1");
	IS(BRIDGE, "", "nd-a-v-huq3b6f4", "altname",
	   "nd-a-very-long-name-indeed");
	IS(TAP, "", "ndp-tw-jhehy5nu", "altname", "ndp-twelve-bytes");
	IS(NIC, "", "eth1", "master", "virbr9");
	IS(NIC, "", "eth1", "mtu", "any");
	IS(BRIDGE, "", "virbr9", "mtu", "1500");
	IS(BRIDGE, "", "virbr9", "forward_delay", "15s");
	IS(BRIDGE, "", "virbr9", "max_learned", "4096");
	snprintf(mac, sizeof(mac), "%s",
		 field(w, KIND_BRIDGE, "", "virbr9", "mac"));
	CHECK(!strncmp(mac, "02:", 3));
	expand(w, "networks: {web: {mtu: 9000}, a: {}, b: {}}\n");
	IS(BRIDGE, "", "nd-web", "mac", mac);
	IS(BRIDGE, "", "nd-web", "mtu", "9000");
	long_names(w);
}

static void lab(struct world *w)
{
	expand(w, "name: lab\n"
	       "networks:\n"
	       "  lan: {subnet: 10.1.0.0/24, subnet6: 'fd00:1::/64'}\n"
	       "  far: {subnet: 10.2.0.0/24}\n"
	       "  sw: {}\n"
	       "routers: {r-1: {networks: [lan]}, r2: {networks: [far]}}\n"
	       "nodes:\n"
	       "  a: {networks: [lan], count: 2}\n"
	       "  b: {networks: [sw, far]}\n"
	       "links: [r-1-r2, {between: [r-1, 'r2:eth9'], cost: 50},"
	       " lan-sw]\n");
	HAS(NETNS, "", "lab");
	HAS(NETNS, "", "lab.a1");
	HAS(NETNS, "", "lab.a2");
	HAS_NOT(NETNS, "", "lab.a");
	HAS(VETH, "lab", "ndl-a2.lan");
	IS(VETH, "lab", "ndl-a2.lan", "peer_netns", "lab.a2");
	HAS(ADDRESS, "lab.r-1", "lan 10.1.0.1/24");
	HAS(ADDRESS, "lab.a1", "eth0 10.1.0.2/24");
	HAS(ADDRESS, "lab.a2", "eth0 fd00:1::3/64");
	/* a switch has the subnet of what it is joined with */
	HAS(ADDRESS, "lab.b", "eth0 10.1.0.4/24");
	HAS(ADDRESS, "lab.b", "eth1 10.2.0.2/24");
	IS(VETH, "lab", "ndl-lan.lan-sw", "master", "nd-lan");
	IS(LEG, "lab", "ndl-sw.lan-sw", "master", "nd-sw");
	/* a node's way out is its first leg's */
	IS(ROUTE, "lab.b", "0.0.0.0/0", "nexthops", "via 10.1.0.1 dev eth0");
	IS(ROUTE, "lab.a1", "::/0", "nexthops", "via fd00:1::1 dev eth0");
	/* two links in parallel, one of them dear */
	HAS(VETH, "lab.r-1", "r2");
	HAS(VETH, "lab.r-1", "r2-2");
	HAS(LEG, "lab.r2", "r-1");
	HAS(LEG, "lab.r2", "eth9");
	IS(ROUTE, "lab.r-1", "10.2.0.0/24", "nexthops",
	   "via 10.32.0.1 dev r2");
	IS(ROUTE, "lab.r2", "10.1.0.0/24", "nexthops",
	   "via 10.32.0.0 dev r-1");
	/* far has no IPv6, and the links have */
	IS(ROUTE, "lab.r2", "fd00:1::/64", "nexthops",
	   "via fd00:32:: dev r-1");
	HAS(NEIGHBOUR, "lab.r2", "r-1 10.32.0.0");
	HAS(SYSCTL, "lab.r-1", "net/ipv4/ip_forward");
	IS(SYSCTL, "lab.a1", "net/ipv4/ip_forward", "value", "0");
	IS(LEG, "lab.a1", "eth0", "forwarding", "0");
	IS(LEG, "lab.r-1", "lan", "forwarding", "1");
}

/* Who computes no routes gets none, and is passed through by nobody. */
static void no_routing(struct world *w)
{
	expand(w, "name: lab\nnamespace: lab\n"
	       "networks: {a: {subnet: 10.1.0.0/24}, b: {subnet: 10.2.0.0/24}}\n"
	       "routers:\n"
	       "  r1: {networks: [a]}\n"
	       "  r2: {routing: none}\n"
	       "  r3: {networks: [b]}\n"
	       "links: [r1-r2, r2-r3]\n");
	HAS_NOT(ROUTE, "lab.r2", "10.1.0.0/24");
	HAS_NOT(ROUTE, "lab.r1", "10.2.0.0/24");
	HAS_NOT(ROUTE, "lab.r1", "10.32.0.2/31");
	HAS(ADDRESS, "lab.r2", "r3 10.32.0.2/31");
}

static void borders(struct world *w)
{
	expand(w, "name: lab\nnamespace: lab\n"
	       "networks:\n"
	       "  in1: {subnet: 10.1.0.0/24}\n"
	       "  in2: {subnet: 10.2.0.0/24}\n"
	       "  isp: {subnet: 192.0.2.0/24}\n"
	       "  world: {subnet: 198.51.100.0/24}\n"
	       "routers:\n"
	       "  gw: {networks: [isp, in1], nat: isp}\n"
	       "  deep: {networks: [in1, in2]}\n"
	       "  far: {networks: [isp, world], nat: host}\n");
	/* the border is a guest at its provider's */
	HAS(ADDRESS, "lab.far", "isp 192.0.2.1/24");
	HAS(ADDRESS, "lab.gw", "isp 192.0.2.2/24");
	HAS(ADDRESS, "lab.gw", "in1 10.1.0.1/24");
	IS(ROUTE, "lab.deep", "0.0.0.0/0", "nexthops",
	   "via 10.1.0.1 dev in1");
	HAS_NOT(ROUTE, "lab.deep", "192.0.2.0/24");
	HAS_NOT(ROUTE, "lab.deep", "198.51.100.0/24");
	HAS_NOT(ROUTE, "lab.far", "10.1.0.0/24");
	HAS_NOT(ROUTE, "lab.far", "10.2.0.0/24");
	HAS_NOT(ROUTE, "lab.far", "10.0.0.0/8");
	IS(ROUTE, "lab.gw", "198.51.100.0/24", "nexthops",
	   "via 192.0.2.1 dev isp");
	IS(ROUTE, "lab.gw", "0.0.0.0/0", "nexthops",
	   "via 192.0.2.1 dev isp");
	IS(ROUTE, "lab.gw", "10.2.0.0/24", "nexthops",
	   "via 10.1.0.2 dev in1");
	/* out through the host */
	IS(VETH, "", "ndu-lab.far", "peer_netns", "lab.far");
	HAS(ADDRESS, "", "ndu-lab.far 100.64.0.0/31");
	HAS(ADDRESS, "lab.far", "uplink 100.64.0.1/31");
	IS(ROUTE, "lab.far", "0.0.0.0/0", "nexthops",
	   "via 100.64.0.0 dev uplink");
	HAS(SYSCTL, "", "net/ipv4/conf/eth0/forwarding");
}

/* An address asks for the network that it is in, a wide prefix for none. */
static void asked(struct world *w)
{
	expand(w, "networks:\n"
	       "  a: {subnet: 10.0.0.0/24}\n"
	       "  b: {subnet: 10.0.1.0/24}\n"
	       "  c: {mode: nat, subnet: 10.0.2.0/24, uplink: eth1}\n"
	       "policies:\n"
	       "  - {from: c, to: 10.0.1.7, protocol: icmp}\n"
	       "  - {from: c, to: 10.0.0.0/8, protocol: icmp}\n");
	HAS_NOT(ADDRESS, "", "nd-a 10.0.0.1/24");
	HAS(ADDRESS, "", "nd-b 10.0.1.1/24");
	/* and what is not in a network is outside, also for b */
	HAS(SYSCTL, "", "net/ipv4/conf/eth0/forwarding");
}

static void outside(struct world *w)
{
	expand(w, "networks:\n"
	       "  n: {mode: nat, subnet: 10.1.0.0/24,\n"
	       "      subnet6: 'fd00:1::/64', snat:\n"
	       "      {addresses: [203.0.113.8-203.0.113.9]}}\n"
	       "  m: {mode: routed, uplink: eth1, subnet: 10.2.0.0/24,\n"
	       "      routes: [{to: 10.9.0.0/16, via: 10.2.0.9,"
	       " metric: 100}]}\n"
	       "attachments:\n"
	       "  a: {network: n, type: veth, netns: a}\n"
	       "  b: {network: m, type: veth, netns: b}\n"
	       "  c: {network: m, type: veth, netns: c}\n"
	       "  d: {network: m, type: veth, netns: d, address: 10.2.0.9}\n"
	       "forwards:\n"
	       "  - {port: 81, target: 10.2.0.9}\n"
	       "  - {listen: 203.0.113.1, port: 80, target: a}\n"
	       "  - {listen: 203.0.113.7, port: 80, target: a}\n"
	       "  - {listen: 198.51.100.7, port: 80, target: a}\n"
	       "one-to-one: [{external: 203.0.113.6, internal: b}]\n");
	HAS_NOT(ADDRESS, "", "eth0 203.0.113.1/32");
	HAS(ADDRESS, "", "eth0 203.0.113.7/32");
	HAS(ADDRESS, "", "eth0 203.0.113.6/32");
	HAS(ADDRESS, "", "eth0 203.0.113.8/32");
	HAS(ADDRESS, "", "eth0 203.0.113.9/32");
	HAS_NOT(ADDRESS, "", "eth0 198.51.100.7/32");
	HAS(SYSCTL, "", "net/ipv4/conf/eth0/forwarding");
	HAS(SYSCTL, "", "net/ipv4/conf/eth1/forwarding");
	HAS(SYSCTL, "", "net/ipv6/conf/all/forwarding");
	IS(SYSCTL, "", "net/ipv6/conf/eth0/accept_ra", "value", "2");
	IS(SYSCTL, "", "net/ipv6/conf/eth2/accept_ra", "value", "2");
	HAS_NOT(SYSCTL, "", "net/ipv6/conf/docker0/accept_ra");
	/* its admin doesn't take RAs there */
	HAS_NOT(SYSCTL, "", "net/ipv6/conf/eth1/accept_ra");
	IS(ROUTE, "", "10.9.0.0/16 metric 100", "nexthops",
	   "via 10.2.0.9 dev nd-m");
	IS(VETH, "", "ndp-a", "hairpin", "1");
	IS(VETH, "", "ndp-b", "hairpin", "1");
	IS(VETH, "", "ndp-c", "hairpin", "0");
	IS(VETH, "", "ndp-d", "hairpin", "1");
	expand(w, "namespace: mine\n"
	       "networks:\n"
	       "  n: {mode: nat, subnet: 10.1.0.0/24}\n"
	       "  m: {mode: routed, subnet: 10.2.0.0/24}\n"
	       "  o: {subnet: 10.3.0.0/24, subnet6: 'fd00:3::/64'}\n");
	IS(VETH, "", "ndu-t", "peer_netns", "mine");
	HAS(ADDRESS, "mine", "uplink 100.64.0.1/31");
	HAS(ADDRESS, "mine", "uplink fd6e:6574:64::6440:1/127");
	HAS(NEIGHBOUR, "", "ndu-t 100.64.0.1");
	IS(ROUTE, "", "10.2.0.0/24", "nexthops", "via 100.64.0.1 dev ndu-t");
	HAS_NOT(ROUTE, "", "10.1.0.0/24");
	IS(ROUTE, "mine", "0.0.0.0/0", "nexthops",
	   "via 100.64.0.0 dev uplink");
	/* by a policy only, untranslated */
	expand(w, "namespace: mine\n"
	       "networks: {o: {subnet: 10.3.0.0/24}}\n"
	       "policies: [{from: o, to: outside, protocol: icmp}]\n");
	HAS(ADDRESS, "mine", "uplink 100.64.0.1/31");
	IS(ROUTE, "", "10.3.0.0/24", "nexthops", "via 100.64.0.1 dev ndu-t");
}

static void groups(struct world *w)
{
	struct policy **p;

	expand(w, "networks:\n"
	       "  n: {subnet: 10.1.0.0/24}\n"
	       "  m: {subnet: 10.2.0.0/24}\n"
	       "attachments: {a: {network: n, type: veth, netns: a}}\n"
	       "groups: {g: [n, h], h: [10.9.0.0/16, m, m], i: [a]}\n"
	       "policies:\n"
	       "  - {from: g, to: outside, protocol: icmp}\n"
	       "  - {from: i, to: m, protocol: tcp, ports: [1-9]}\n"
	       "  - {from: i, to: m, protocol: tcp, ports: [1-9]}\n");
	if (w->err)
		return;
	p = w->t->policies.items;
	CHECK(p[0]->nfrom == 3);
	CHECK(p[0]->from_ends[0].kind == END_NETWORK);
	CHECK(p[0]->from_ends[1].kind == END_ADDRESS);
	CHECK(p[0]->from_ends[2].what == topo_network(w->t, "m"));
	CHECK(p[0]->to_ends[0].kind == END_OUTSIDE);
	CHECK(p[1]->from_ends[0].what == topo_attachment(w->t, "a"));
	CHECK(p[0]->mark && p[1]->mark && p[1]->mark != p[2]->mark);
}

/* Two legs in one network are two interfaces with an address each. */
static void twice(struct world *w)
{
	expand(w, "name: lab\nnamespace: lab\n"
	       "networks: {n: {subnet: 10.1.0.0/24}}\n"
	       "routers: {r: {networks: [n, n]}}\n"
	       "nodes: {a: {networks: [n, n]}}\n");
	HAS(ADDRESS, "lab.r", "n 10.1.0.1/24");
	HAS(ADDRESS, "lab.r", "n-2 10.1.0.2/24");
	HAS(ADDRESS, "lab.a", "eth0 10.1.0.3/24");
	HAS(ADDRESS, "lab.a", "eth1 10.1.0.4/24");
	HAS(VETH, "lab", "ndl-a.n");
	HAS(VETH, "lab", "ndl-a.n.2");
	IS(ROUTE, "lab.a", "0.0.0.0/0", "nexthops", "via 10.1.0.1 dev eth0");
}

static const struct topo_item *item(struct world *w, struct arena *a,
				    const char *kind, const char *name)
{
	static const struct topo_item none = {
		.detail = "", .netns = "", .ifname = "", .network = "",
		.address = "", .mac = "",
	};
	struct topo_item *v;
	unsigned int i, n = topo_items(w->t, a, &v);

	for (i = 0; i < n; i++)
		if (!strcmp(v[i].kind, kind) && !strcmp(v[i].name, name))
			return &v[i];
	return &none;
}

static void items(struct world *w)
{
	struct arena *a = arena_new();

	expand(w, "name: lab\n"
	       "networks:\n"
	       "  n: {mode: nat, mode6: routed, subnet: 10.1.0.0/24,"
	       " subnet6: 'fd00:1::/64'}\n"
	       "  m: {subnet: auto}\n"
	       "attachments:\n"
	       "  vm: {network: n, type: tap, owner: bob,"
	       " mac: '02:00:00:00:00:09'}\n"
	       "routers: {r: {networks: [m], nat: host}}\n"
	       "nodes: {a: {networks: [m], count: 2}}\n"
	       "links: [r-a2]\n"
	       "policies: [{name: p, from: n, to: outside, protocol: tcp,"
	       " ports: [25, 80-81], action: reject}]\n"
	       "forwards: ['8080:vm:80/tcp']\n");
	CHECK_STR(item(w, a, "network", "n")->detail, "mode nat, IPv6 routed,"
		  " 10.1.0.1/24, fd00:1::1/64");
	CHECK_STR(item(w, a, "network", "n")->ifname, "nd-n");
	CHECK_STR(item(w, a, "network", "m")->detail,
		  "mode isolated, 10.64.0.1/24, router r");
	CHECK_STR(item(w, a, "attachment", "vm")->detail, "tap, owner bob");
	CHECK_STR(item(w, a, "attachment", "vm")->ifname, "ndp-vm");
	CHECK_STR(item(w, a, "attachment", "vm")->address,
		  "10.1.0.2, fd00:1::2");
	CHECK_STR(item(w, a, "attachment", "vm")->mac, "02:00:00:00:00:09");
	CHECK_STR(item(w, a, "router", "r")->detail, "m, a2, nat host");
	CHECK_STR(item(w, a, "node", "a2")->netns, "lab.a2");
	CHECK_STR(item(w, a, "node", "a2")->address,
		  "10.64.0.3, 10.32.0.1, fd00:32::1");
	CHECK_STR(item(w, a, "link", "r-a2")->detail,
		  "r - a2, 10.32.0.0/31, fd00:32::/127");
	CHECK_STR(item(w, a, "policy", "p")->detail,
		  "reject n to outside tcp 25,80-81");
	CHECK_STR(item(w, a, "forward", "forwards[0]")->detail,
		  "8080 tcp to vm 80");
	arena_free(a);
}

int main(void)
{
	struct world world, *w = &world;
	static void (*const tests[])(struct world *) = {
		gateways, asked, numbers, others, names, lab,
		no_routing, borders,
		outside, groups, twice, items,
	};
	size_t i;

	for (i = 0; i < sizeof(tests) / sizeof(*tests); i++) {
		begin(w);
		tests[i](w);
		end(w);
	}
	return test_end();
}

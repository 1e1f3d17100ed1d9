// rules_base.c - the ruleset that every namespace has, word for word
// SPDX-License-Identifier: GPL-2.0-or-later
#include "topo/rules.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/*
 * Topologies share a namespace, the host's, so nothing here depends on one:
 * what is particular is in elements, and in chains between two interfaces.
 * A packet is matched by maps whose size doesn't matter to it.  The pair of
 * interfaces comes first: `established` before it would let a guest write
 * into a connection of another network.  Every way ends in a verdict of its
 * own, since a chain's policy doesn't hold while a table is replaced.
 */

struct base_set {
	const char *name, *decl;
};

struct base_chain {
	const char *name;
	bool base;
	const char *text;
};

#define NEAR "; size 65535; flags dynamic,timeout; timeout 1m"
#define TAKEN "; size 65535; flags dynamic,timeout; timeout 10m"

static const struct base_set sets[] = {
	/* our interfaces; those that let pass only what is let */
	{ "inet netd managed", "type ifname" },
	{ "inet netd closed", "type ifname" },
	{ "inet netd closed6", "type ifname" },
	{ "inet netd logged", "type ifname" },
	{ "inet netd router_macs", "type ether_addr" },
	{ "inet netd own4", "type ifname . ipv4_addr; flags interval" },
	{ "inet netd own6", "type ifname . ipv6_addr; flags interval" },
	{ "inet netd pair", "type ifname . ifname : verdict" },
	/* guests and the host itself */
	{ "inet netd host_in", "type ifname : verdict" },
	{ "inet netd host_out", "type ifname : verdict" },
	{ "inet netd svc", "type ifname . inet_proto . inet_service : verdict"
	  "; flags interval" },
	{ "inet netd svc_proto", "type ifname . inet_proto : verdict" },
	/* where traffic to the outside is translated, and where it isn't */
	{ "inet netd egress", "type ifname . ifname : verdict" },
	{ "inet netd plain4", "type ifname . ipv4_addr; flags interval" },
	{ "inet netd plain6", "type ifname . ipv6_addr; flags interval" },
	{ "inet netd hair4", "type ifname . ipv4_addr; flags interval" },
	{ "inet netd hair6", "type ifname . ipv6_addr; flags interval" },
	{ "inet netd gate4", "type ipv4_addr" },
	{ "inet netd gate6", "type ipv6_addr" },
	{ "inet netd lan4", "type ifname . ipv4_addr; flags interval" },
	{ "inet netd lan6", "type ifname . ipv6_addr; flags interval" },
	/* name servers on these that a lab may ask all the same */
	{ "inet netd dns4", "type ifname . ipv4_addr" },
	{ "inet netd dns6", "type ifname . ipv6_addr" },
	{ "inet netd o2o_in4", "type ifname . ipv4_addr : ipv4_addr" },
	{ "inet netd o2o_in6", "type ifname . ipv6_addr : ipv6_addr" },
	{ "inet netd o2o_out4", "type ifname . ipv4_addr : ipv4_addr" },
	{ "inet netd o2o_out6", "type ifname . ipv6_addr : ipv6_addr" },
	{ "inet netd o2o4", "type ipv4_addr : ipv4_addr" },
	{ "inet netd o2o6", "type ipv6_addr : ipv6_addr" },
	{ "inet netd o2o_net_in4", "type ifname . ipv4_addr : verdict"
	  "; flags interval" },
	{ "inet netd o2o_net_in6", "type ifname . ipv6_addr : verdict"
	  "; flags interval" },
	{ "inet netd o2o_net_out4", "type ifname . ipv4_addr : verdict"
	  "; flags interval" },
	{ "inet netd o2o_net_out6", "type ifname . ipv6_addr : verdict"
	  "; flags interval" },
	{ "inet netd o2o_net4", "type ipv4_addr : verdict; flags interval" },
	{ "inet netd o2o_net6", "type ipv6_addr : verdict; flags interval" },
	/*
	 * Forwards: (uplink, source, destination, protocol, port) to a mark,
	 * and the mark to a target.  _any: all addresses of the uplink;
	 * _in and _host: from networks and from the host, where no uplink
	 * is said.
	 */
	{ "inet netd fwd_mark4", "type ifname . ipv4_addr . ipv4_addr"
	  " . inet_proto . inet_service : mark; flags interval" },
	{ "inet netd fwd_mark6", "type ifname . ipv6_addr . ipv6_addr"
	  " . inet_proto . inet_service : mark; flags interval" },
	{ "inet netd fwd_mark4_any", "type ifname . ipv4_addr . inet_proto"
	  " . inet_service : mark; flags interval" },
	{ "inet netd fwd_mark6_any", "type ifname . ipv6_addr . inet_proto"
	  " . inet_service : mark; flags interval" },
	{ "inet netd fwd_mark4_in", "type ipv4_addr . ipv4_addr . inet_proto"
	  " . inet_service : mark; flags interval" },
	{ "inet netd fwd_mark6_in", "type ipv6_addr . ipv6_addr . inet_proto"
	  " . inet_service : mark; flags interval" },
	{ "inet netd fwd_mark4_in_any", "type ipv4_addr . inet_proto"
	  " . inet_service : mark; flags interval" },
	{ "inet netd fwd_mark6_in_any", "type ipv6_addr . inet_proto"
	  " . inet_service : mark; flags interval" },
	{ "inet netd fwd_mark4_host", "type ipv4_addr . inet_proto"
	  " . inet_service : mark; flags interval" },
	{ "inet netd fwd_mark6_host", "type ipv6_addr . inet_proto"
	  " . inet_service : mark; flags interval" },
	{ "inet netd fwd_mark4_host_any", "type inet_proto . inet_service"
	  " : mark; flags interval" },
	{ "inet netd fwd_mark6_host_any", "type inet_proto . inet_service"
	  " : mark; flags interval" },
	{ "inet netd fwd_to4", "type mark : ipv4_addr . inet_service" },
	{ "inet netd fwd_to6", "type mark : ipv6_addr . inet_service" },
	{ "inet netd fwd_keep4", "type mark : ipv4_addr" },
	{ "inet netd fwd_keep6", "type mark : ipv6_addr" },
	{ "inet netd fwd_from", "type ifname . mark" },
	{ "inet netd behind", "type ifname" },	/* a named router's inside */
	/* interfaces of the host that forward for our networks only */
	{ "inet netd lent4", "type ifname" },
	{ "inet netd lent6", "type ifname" },
	{ "inet netd outgoing4", "type ifname" },
	{ "inet netd outgoing6", "type ifname" },
	/* bounds, so that a guest fills no table of the kernel */
	{ "inet netd newconn", "type ifname; size 65535; flags dynamic" },
	{ "inet netd newnear", "type ifname; size 65535; flags dynamic" },
	{ "inet netd logging", "type ifname; size 65535; flags dynamic" },
	{ "inet netd near4", "type ifname . ipv4_addr" NEAR },
	{ "inet netd near6", "type ifname . ipv6_addr" NEAR },
	/* ports: how they are guarded; those of bridges nobody else is on */
	{ "bridge netd port", "type ifname : verdict" },
	{ "bridge netd inside", "type ifname" },
	{ "bridge netd gates", "type ether_addr" },
	{ "bridge netd p_mac", "type ifname . ether_addr" },
	{ "bridge netd p_ip4", "type ifname . ipv4_addr" },
	{ "bridge netd p_ip6", "type ifname . ipv6_addr" },
	{ "bridge netd p_net4", "type ifname . ipv4_addr; flags interval" },
	{ "bridge netd p_net6", "type ifname . ipv6_addr; flags interval" },
	/* IPv6 addresses that guests choose: RFC 6620 */
	{ "bridge netd port_net", "type ifname : mark" },
	{ "bridge netd owned6", "type mark . ipv6_addr" },
	{ "bridge netd onlink6", "type mark . ipv6_addr; flags interval" },
	{ "bridge netd taken6", "type mark . ipv6_addr" TAKEN },
	{ "bridge netd learned6", "type ifname . ipv6_addr" TAKEN },
	{ "bridge netd learning", "type ifname; size 65535; flags dynamic"
	  ",timeout; timeout 1d" },
};

#define FIB_SADDR "fib saddr . iif oif missing counter drop\n"
#define RELATED "ct state invalid,related jump related\n"
#define GUEST FIB_SADDR "ip daddr 169.254.0.0/16 counter drop\n" RELATED
#define LOG_REFUSED(ifname) \
	"add @logging { " ifname " limit rate 10/second burst 20 packets }" \
	" log prefix \"netd refused: \" group 0\n"
#define IS_FORWARD "ct mark & 0x00000001 == 0x00000001 ct status dnat "
#define PORTS "meta l4proto { tcp, udp, sctp } "

static const struct base_chain chains[] = {
	{ "inet netd newconn", true,
	  "type filter hook prerouting priority mangle; policy accept;\n"
	  /* once each: all packets that nobody answers are new */
	  "ct status confirmed accept\n"
	  "ct state new iifname @managed"
	  " add @newconn { iifname ct count over 8192 } counter drop\n" },
	{ "inet netd forward", true,
	  "type filter hook forward priority filter; policy accept;\n"
	  "tcp flags syn / syn,rst jump mss\n"
	  "iifname . oifname vmap @pair\n"
	  IS_FORWARD "jump forwarded\n"
	  "iifname @closed goto refuse\n"
	  "oifname @closed goto refuse\n"
	  "meta nfproto ipv6 iifname @closed6 goto refuse\n"
	  "meta nfproto ipv6 oifname @closed6 goto refuse\n"
	  "iifname @managed " FIB_SADDR
	  "iifname @managed " RELATED
	  "meta nfproto ipv4 iifname @lent4 oifname != @managed"
	  " ct state new counter drop\n"
	  "meta nfproto ipv6 iifname @lent6 oifname != @managed"
	  " ct state new counter drop\n" },
	{ "inet netd mss", false,
	  "iifname @managed tcp option maxseg size set rt mtu\n"
	  "oifname @managed tcp option maxseg size set rt mtu\n" },
	/*
	 * What comes back to the network it came from, by the router: it may
	 * make the router look for neighbours.  Frames of the bridge itself
	 * pass here where bridge-nf-call-iptables is 1.
	 */
	{ "inet netd inside", false,
	  "ether daddr != @router_macs accept\n"
	  "goto admit\n" },
	/*
	 * An ICMP error is of a connection of whoever sends it: its source is
	 * free, so that a guest could break off another network's.
	 */
	{ "inet netd related", false,
	  "meta l4proto != { icmp, ipv6-icmp } return\n"
	  "ct state invalid counter drop\n"
	  "iifname . ct original ip saddr @own4 return\n"
	  "iifname . ct reply ip saddr @own4 return\n"
	  "iifname . ct original ip6 saddr @own6 return\n"
	  "iifname . ct reply ip6 saddr @own6 return\n"
	  "counter drop\n" },
	/*
	 * To the outside, as the mode allows.  From a network: with a source
	 * that is routed there; a named router may have other ways back.
	 */
	{ "inet netd guest_out", false, GUEST "goto out\n" },
	{ "inet netd guest_out4", false, GUEST "goto out4\n" },
	{ "inet netd guest_back", false, GUEST "goto back\n" },
	{ "inet netd guest_away", false,
	  GUEST
	  "ct state established,related ct mark != 0xfffffffe accept\n"
	  "meta l4proto { tcp, udp } th dport 53"
	  " iifname . ip daddr @dns4 goto out\n"
	  "meta l4proto { tcp, udp } th dport 53"
	  " iifname . ip6 daddr @dns6 goto out\n"
	  "oifname . ip daddr @lan4 goto refuse\n"
	  "oifname . ip6 daddr @lan6 goto refuse\n"
	  "goto out\n" },
	{ "inet netd out", false,
	  "ct state established,related ct mark != 0xfffffffe accept\n"
	  "meta nfproto ipv4 ct mark set 0x00000002 goto admit\n"
	  "ct mark set 0x00000004 goto admit\n" },
	{ "inet netd out4", false,
	  "ct state established,related"
	  " ct mark != { 0x00000004, 0xfffffffe } accept\n"
	  "meta nfproto ipv4 ct mark set 0x00000002 goto admit\n"
	  "goto refuse\n" },
	/* replies only: to the outside's and to other networks' connections */
	{ "inet netd replies", false,
	  IS_FORWARD "goto admit\n"
	  "ct state established,related ct direction reply"
	  " ct mark != 0xfffffffe accept\n"
	  "goto refuse\n" },
	{ "inet netd back", false,
	  IS_FORWARD "jump forwarded\n"
	  "ct state established,related ct direction reply"
	  " ct mark != 0xfffffffe accept\n"
	  "goto refuse\n" },
	/* a forward's own allow: its replies, and who may go outside anyway */
	{ "inet netd forwarded", false,
	  "iifname @managed " FIB_SADDR
	  "ct state established,related ct direction reply accept\n"
	  "iifname . ct mark @fwd_from goto admit\n"
	  "meta nfproto ipv4 iifname @outgoing4 goto admit\n"
	  "meta nfproto ipv6 iifname @outgoing6 goto admit\n" },
	/* what is let; neighbours that a network makes us look for are few */
	{ "inet netd admit", false,
	  "ct state established,related accept\n"
	  "oifname . rt ip nexthop @near4 accept\n"
	  "oifname . rt ip6 nexthop @near6 accept\n"
	  "add @newnear { iifname limit rate over 64/second"
	  " burst 256 packets } counter drop\n"
	  "update @near4 { oifname . rt ip nexthop }\n"
	  "update @near6 { oifname . rt ip6 nexthop }\n"
	  "accept\n" },
	/* a policy forbids it, also what was let before */
	{ "inet netd deny", false,
	  "ct mark set 0xfffffffe\n"
	  "goto refuse\n" },
	{ "inet netd deny_drop", false,
	  "ct mark set 0xfffffffe\n"
	  "counter drop\n" },
	{ "inet netd refuse", false,
	  "ct state invalid counter drop\n"
	  "iifname @managed " FIB_SADDR
	  "iifname @logged " LOG_REFUSED("iifname")
	  "oifname @logged iifname != @logged " LOG_REFUSED("oifname")
	  "goto rejected\n" },
	{ "inet netd rejected", false,
	  "meta l4proto tcp counter reject with tcp reset\n"
	  "counter reject with icmpx admin-prohibited\n" },
	{ "inet netd input", true,
	  "type filter hook input priority filter; policy accept;\n"
	  "iifname @managed goto guest_input\n"
	  "iifname vmap @host_in\n" },
	/* a guest reaches the address of its own interface, and no other */
	{ "inet netd guest_input", false,
	  "icmpv6 type { mld-listener-report, mld-listener-done,"
	  " nd-router-solicit, nd-neighbor-solicit, nd-neighbor-advert,"
	  " mld2-listener-report } accept\n"
	  "ip saddr 0.0.0.0"
	  " iifname . meta l4proto . th dport vmap @svc\n"
	  FIB_SADDR
	  "ct state established,related ct direction reply accept\n"
	  "fib daddr . iif type != { local, broadcast, anycast, multicast }"
	  " counter drop\n"
	  "ct state related accept\n"
	  "iifname vmap @host_in\n"
	  "iifname . meta l4proto . th dport vmap @svc\n"
	  "iifname . meta l4proto vmap @svc_proto\n"
	  "icmp type echo-request accept\n"
	  "icmpv6 type echo-request accept\n"
	  "iifname @logged " LOG_REFUSED("iifname")
	  "counter drop\n" },
	{ "inet netd output", true,
	  "type filter hook output priority filter; policy accept;\n"
	  "oifname vmap @host_out\n" },
	{ "inet netd nat_pre", true,
	  "type nat hook prerouting priority dstnat; policy accept;\n"
	  "iifname @managed goto nat_in\n"
	  "iifname @behind goto nat_in\n"
	  PORTS "ct mark set iifname . ip saddr . ip daddr . meta l4proto"
	  " . th dport map @fwd_mark4 goto dnat_to\n"
	  PORTS "ct mark set iifname . ip6 saddr . ip6 daddr . meta l4proto"
	  " . th dport map @fwd_mark6 goto dnat_to\n"
	  PORTS "fib daddr . iif type local ct mark set iifname . ip saddr"
	  " . meta l4proto . th dport map @fwd_mark4_any goto dnat_to\n"
	  PORTS "fib daddr . iif type local ct mark set iifname . ip6 saddr"
	  " . meta l4proto . th dport map @fwd_mark6_any goto dnat_to\n"
	  "dnat ip to iifname . ip daddr map @o2o_in4\n"
	  "dnat ip6 to iifname . ip6 daddr map @o2o_in6\n"
	  "iifname . ip daddr vmap @o2o_net_in4\n"
	  "iifname . ip6 daddr vmap @o2o_net_in6\n" },
	/* the same from networks; and from the host itself, which may always */
	{ "inet netd nat_in", false,
	  PORTS "ct mark set ip saddr . ip daddr . meta l4proto . th dport"
	  " map @fwd_mark4_in goto dnat_to\n"
	  PORTS "ct mark set ip6 saddr . ip6 daddr . meta l4proto . th dport"
	  " map @fwd_mark6_in goto dnat_to\n"
	  PORTS "fib daddr type local ip daddr != @gate4 ct mark set ip saddr"
	  " . meta l4proto . th dport map @fwd_mark4_in_any goto dnat_to\n"
	  PORTS "fib daddr type local ip6 daddr != @gate6 ct mark set"
	  " ip6 saddr . meta l4proto . th dport map @fwd_mark6_in_any"
	  " goto dnat_to\n"
	  "dnat ip to ip daddr map @o2o4\n"
	  "dnat ip6 to ip6 daddr map @o2o6\n"
	  "ip daddr vmap @o2o_net4\n"
	  "ip6 daddr vmap @o2o_net6\n" },
	{ "inet netd nat_out", true,
	  "type nat hook output priority -100; policy accept;\n"
	  PORTS "ct mark set ip daddr . meta l4proto . th dport"
	  " map @fwd_mark4_host goto dnat_to\n"
	  PORTS "ct mark set ip6 daddr . meta l4proto . th dport"
	  " map @fwd_mark6_host goto dnat_to\n"
	  PORTS "fib daddr type local ip daddr != 127.0.0.0/8"
	  " ip daddr != @gate4 ct mark set meta l4proto . th dport"
	  " map @fwd_mark4_host_any goto dnat_to\n"
	  PORTS "fib daddr type local ip6 daddr != ::1"
	  " ip6 daddr != @gate6 ct mark set meta l4proto . th dport"
	  " map @fwd_mark6_host_any goto dnat_to\n"
	  "dnat ip to ip daddr map @o2o4\n"
	  "dnat ip6 to ip6 daddr map @o2o6\n"
	  "ip daddr vmap @o2o_net4\n"
	  "ip6 daddr vmap @o2o_net6\n" },
	{ "inet netd dnat_to", false,
	  PORTS "dnat ip to ct mark map @fwd_to4\n"
	  PORTS "dnat ip6 to ct mark map @fwd_to6\n"
	  "dnat ip to ct mark map @fwd_keep4\n"
	  "dnat ip6 to ct mark map @fwd_keep6\n" },
	{ "inet netd nat_post", true,
	  "type nat hook postrouting priority srcnat; policy accept;\n"
	  "ip daddr 224.0.0.0/4 accept\n"
	  "ip6 daddr ff00::/8 accept\n"
	  "fib daddr type broadcast accept\n"
	  /* to a target beside the sender, which would answer directly */
	  "ct status dnat oifname . ip saddr @hair4 masquerade\n"
	  "ct status dnat oifname . ip6 saddr @hair6 masquerade\n"
	  "ip saddr 127.0.0.0/8 oifname @managed masquerade\n"
	  "iifname . ip saddr @plain4 accept\n"
	  "iifname . ip6 saddr @plain6 accept\n"
	  "snat ip to oifname . ip saddr map @o2o_out4\n"
	  "snat ip6 to oifname . ip6 saddr map @o2o_out6\n"
	  "oifname . ip saddr vmap @o2o_net_out4\n"
	  "oifname . ip6 saddr vmap @o2o_net_out6\n"
	  "iifname . oifname vmap @egress\n" },
	{ "inet netd masq", false, "masquerade\n" },
	{ "inet netd masq4", false, "meta nfproto ipv4 masquerade\n" },
	{ "inet netd masq6", false, "meta nfproto ipv6 masquerade\n" },
	/*
	 * Frames are judged before the bridge learns from them.  Ports of
	 * our name pattern that aren't admitted are shut from before they
	 * exist; ports that others put on our bridges reach nobody there.
	 */
	{ "bridge netd pre", true,
	  "type filter hook prerouting priority dstnat; policy accept;\n"
	  "iifname vmap @port\n"
	  "iifname \"" PORT_PATTERN "\" counter drop\n"
	  "iifname \"" LEG_PATTERN "\" counter drop\n"
	  "ether daddr @gates counter drop\n" },
	{ "bridge netd forward", true,
	  "type filter hook forward priority filter; policy accept;\n"
	  "iifname @inside oifname @inside accept\n"
	  "iifname @inside counter drop\n"
	  "oifname @inside counter drop\n" },
	{ "bridge netd g_arp", false,
	  "arp htype 1 arp hlen 6 arp plen 4 arp operation { request, reply }"
	  " iifname . arp saddr ether @p_mac jump g_arp_ip\n"
	  "counter drop\n" },
	/* a probe for another's address would keep it from using that */
	{ "bridge netd g_arp_ip", false,
	  "arp saddr ip 0.0.0.0 iifname . arp daddr ip @p_ip4 accept\n"
	  "arp saddr ip 0.0.0.0 iifname . arp daddr ip @p_net4 accept\n"
	  "iifname . arp saddr ip @p_ip4 accept\n"
	  "iifname . arp saddr ip @p_net4 accept\n" },
	/* where no IPv4 address is known, the MAC alone */
	{ "bridge netd g_arp_mac", false,
	  "arp htype 1 arp hlen 6 arp plen 4 arp operation { request, reply }"
	  " iifname . arp saddr ether @p_mac accept\n"
	  "counter drop\n" },
	{ "bridge netd g_dhcp4", false,
	  "ip saddr 0.0.0.0 ip daddr 255.255.255.255 udp sport 68"
	  " udp dport 67 iifname . @th,288,48 @p_mac accept\n"
	  "counter drop\n" },
	/* IPv6 sources: assigned, learned, or first come */
	{ "bridge netd g_src", false,
	  "iifname . ip6 saddr @p_ip6 return\n"
	  "iifname . ip6 saddr @learned6 return\n"
	  "iifname . ip6 saddr @p_net6 return\n"
	  "ip6 saddr { ::/127, ff00::/8 } counter drop\n"
	  "meta mark set iifname map @port_net\n"
	  "meta mark . ip6 saddr @owned6 counter drop\n"
	  "meta mark . ip6 saddr @taken6 counter drop\n"
	  "ip6 saddr fe80::/10 goto g_bind\n"
	  "meta mark . ip6 saddr @onlink6 goto g_bind\n"
	  "counter drop\n" },
	{ "bridge netd g_bind", false,
	  "update @learning { iifname limit rate over 60/hour"
	  " burst 32 packets } counter drop\n"
	  "update @taken6 { meta mark . ip6 saddr }\n"
	  "update @learned6 { iifname . ip6 saddr }\n"
	  "meta mark set 0x00000000\n" },
	/* the same for the target of a solicitation or advertisement */
	{ "bridge netd g_target", false,
	  "iifname . @th,64,128 @p_ip6 return\n"
	  "iifname . @th,64,128 @p_net6 return\n"
	  "meta mark set iifname map @port_net\n"
	  "iifname . @th,64,128 @learned6 goto g_bound\n"
	  "@th,64,8 0xff counter drop\n"
	  "meta mark . @th,64,128 @owned6 counter drop\n"
	  "meta mark . @th,64,128 @taken6 counter drop\n"
	  "@th,64,16 & 0xffc0 == 0xfe80 goto g_bind_target\n"
	  "meta mark . @th,64,128 @onlink6 goto g_bind_target\n"
	  "counter drop\n" },
	{ "bridge netd g_bind_target", false,
	  "update @learning { iifname limit rate over 60/hour"
	  " burst 32 packets } counter drop\n"
	  "goto g_bound\n" },
	{ "bridge netd g_bound", false,
	  "update @taken6 { meta mark . @th,64,128 }\n"
	  "update @learned6 { iifname . @th,64,128 }\n"
	  "meta mark set 0x00000000\n" },
	{ "bridge netd g_ns", false,
	  "ip6 nexthdr != ipv6-icmp counter drop\n"
	  "ip6 hoplimit != 255 counter drop\n"
	  "ip6 saddr :: goto g_dad\n"
	  "jump g_src\n"
	  "iifname . ip6 saddr @learned6 jump g_keep\n"
	  "ip6 length 24 accept\n"
	  "ip6 length 32 @th,192,16 0x101"
	  " iifname . @th,208,48 @p_mac accept\n"
	  "counter drop\n" },
	/* in use, so not forgotten */
	{ "bridge netd g_keep", false,
	  "meta mark set iifname map @port_net\n"
	  "update @taken6 { meta mark . ip6 saddr }\n"
	  "update @learned6 { iifname . ip6 saddr }\n"
	  "meta mark set 0x00000000\n" },
	/* with the nonce of RFC 7527, or without */
	{ "bridge netd g_dad", false,
	  "ip6 length { 24, 32 } jump g_dad_opt\n"
	  "counter drop\n" },
	{ "bridge netd g_dad_opt", false,
	  "ip6 length 32 @th,192,8 != 0xe counter drop\n"
	  "jump g_target\n"
	  "accept\n" },
	{ "bridge netd g_na", false,
	  "ip6 nexthdr != ipv6-icmp counter drop\n"
	  "ip6 hoplimit != 255 counter drop\n"
	  "jump g_src\n"
	  "jump g_target\n"
	  "ip6 length 24 accept\n"
	  "ip6 length 32 @th,192,16 0x201"
	  " iifname . @th,208,48 @p_mac accept\n"
	  "counter drop\n" },
	{ "bridge netd g_rs", false,
	  "ip6 nexthdr != ipv6-icmp counter drop\n"
	  "ip6 hoplimit != 255 counter drop\n"
	  "ip6 saddr :: ip6 length 8 accept\n"
	  "jump g_src\n"
	  "ip6 length 8 accept\n"
	  "ip6 length 16 @th,64,16 0x101"
	  " iifname . @th,80,48 @p_mac accept\n"
	  "counter drop\n" },
	{ "bridge netd g_mld", false,
	  "ip6 saddr :: accept\n"
	  "jump g_src\n"
	  "accept\n" },
};

void rules_chain_marks(struct rules *x, const char *ns, const char *name,
		       const char *text, const struct list *marks,
		       struct pos pos)
{
	struct chain *c = state_add_static(x->out, KIND_CHAIN, ns, name, pos);

	c->o.within_kind = KIND_TABLE;
	c->o.within = name[0] == 'b' ? "bridge netd" : "inet netd";
	c->text = text;
	c->hash = hash64(text, strlen(text));
	if (marks)
		c->marks = *marks;
}

void rules_chain(struct rules *x, const char *ns, const char *name,
		 const char *text, bool base, struct pos pos)
{
	struct chain *c;

	rules_chain_marks(x, ns, name, text, NULL, pos);
	c = (struct chain *)x->out->v[x->out->n - 1];
	c->base = base;
}

void rules_set(struct rules *x, const char *ns, const char *name,
	       const char *decl)
{
	struct set *s = state_add_static(x->out, KIND_SET, ns, name,
					 (struct pos){ 0 });

	s->o.within_kind = KIND_TABLE;
	s->o.within = name[0] == 'b' ? "bridge netd" : "inet netd";
	s->decl = decl;
	s->hash = hash64(decl, strlen(decl));
	s->learned = strstr(decl, "dynamic") != NULL;
}

void rules_base(struct rules *x, const char *ns)
{
	struct pos nowhere = { 0 };
	size_t i;

	state_add_static(x->out, KIND_TABLE, ns, "bridge netd", nowhere);
	state_add_static(x->out, KIND_TABLE, ns, "inet netd", nowhere);
	for (i = 0; i < sizeof(sets) / sizeof(sets[0]); i++)
		rules_set(x, ns, sets[i].name, sets[i].decl);
	for (i = 0; i < sizeof(chains) / sizeof(chains[0]); i++)
		rules_chain(x, ns, chains[i].name, chains[i].text,
			    chains[i].base, nowhere);
	rules_guard_chains(x, ns, GUARD_ALL, "", nowhere);
}

void rules_elem(struct rules *x, const char *ns, const char *set,
		const char *data, struct pos pos, const char *fmt, ...)
{
	char key[256];
	size_t n = strlen(set), m;
	struct element *e;
	char *name;
	va_list ap;

	va_start(ap, fmt);
	m = vsnprintf(key, sizeof(key), fmt, ap);
	va_end(ap);
	name = arena_alloc(x->out->arena, n + m + 2);
	memcpy(name, set, n);
	name[n] = ' ';
	memcpy(name + n + 1, key, m);
	e = state_add_static(x->out, KIND_ELEMENT, ns, name, pos);
	e->o.within_kind = KIND_SET;
	e->o.within = set;
	e->data = data;
}

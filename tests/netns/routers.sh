#!/bin/bash
# routers.sh - named routers: borders, ways out, equal paths, links of all kinds
# one kernel: others of its kind are tried on both
# SPDX-License-Identifier: GPL-2.0-or-later
. "$(dirname "$0")/../lib.sh"
. "$TESTS/site.sh"

# Inside behind gw, which is a guest of the provider's; the provider goes out
# through the host.
borders()
{
	cat >"$WORLD/inet.net.yaml" <<'END'
networks:
  in1: {subnet: 10.1.0.0/24, subnet6: "fd00:1::/64"}
  in2: {subnet: 10.2.0.0/24, subnet6: "fd00:2::/64"}
  isp: {subnet: 192.0.2.0/24, subnet6: "2001:db8:1::/64"}
  far: {subnet: 198.51.100.0/24, subnet6: "2001:db8:2::/64"}
routers:
  gw: {networks: [isp, in1], nat: isp}
  deep: {networks: [in1, in2]}
  provider: {networks: [isp, far], nat: host}
nodes:
  a: {networks: [in2]}
  b: {networks: [in1]}
  s: {networks: [far]}
END
	apply "$WORLD/inet.net.yaml"
	serve inet.s tcp 80
	serve inet.a tcp 80
	serve inet.b tcp 80
	matrix <<-'END'
	inet.a 198.51.100.2 tcp 80 yes
	inet.a 2001:db8:2::2 tcp 80 yes
	inet.a 10.1.0.3 tcp 80 yes
	inet.b fd00:2::2 tcp 80 yes
	inet.s 10.2.0.2 tcp 80 no
	inet.s fd00:2::2 tcp 80 no
	inet.a 198.18.0.1 tcp 80 yes
	inet.s 2001:db8:ff::1 tcp 80 yes
	inet.a 203.0.113.254 tcp 80 no
	inet.s 2001:db8::254 tcp 80 no
	inet.s 203.0.113.1 tcp 9999 no
	inet.s 100.64.0.0 tcp 9999 no
	host 198.51.100.2 tcp 80 no
	host 10.1.0.3 tcp 80 no
	END
	seen_as "behind the border" 192.0.2.2 inet.a 198.51.100.2 tcp 80
	seen_as "IPv6, too" 2001:db8:1::2 inet.a 2001:db8:2::2 tcp 80
	seen_as "behind the host" 203.0.113.1 inet.a 198.18.0.1 tcp 80
	check_not "the provider knows nothing of what is behind the border" \
		eval 'ip -n inet.provider route | grep -q "^10\."'
	check "those behind have a default route" \
		eval 'ip -n inet.deep route | grep -q "^default via 10.1.0.1"'
	plan_is_empty inet
	repaired "the way out" "ip -n inet.provider link del uplink" \
		"reach inet.s 198.18.0.1 tcp 80"
	check "down" netdctl down inet
	nothing_left
}

# Two ways of one cost from r1 to r4, and a node on a cable of its own.
square()
{
	cat >"$WORLD/square.net.yaml" <<'END'
networks:
  left: {subnet: auto, subnet6: auto}
  right: {subnet: auto, subnet6: auto}
routers: {r1: {networks: [left]}, r2, r3, r4: {networks: [right]}}
nodes:
  a: {networks: [left], count: 2}
  b: {networks: [right]}
  c: {}
links: [r1-r2, r2-r4, r1-r3, r3-r4, r1-r4, c-r3]
END
	sed -i -e 's/r2, r3,/r2: {}, r3: {},/' -e \
		's/r1-r4,/{between: [r1, r4], cost: 30, mtu: 1400},/' \
		"$WORLD/square.net.yaml"
	apply "$WORLD/square.net.yaml"
	local b c
	b=$(first square.b inet) c=$(first square.c inet)
	serve square.b tcp 80
	serve square.c tcp 80
	matrix <<-END
	square.a1 $b tcp 80 yes
	square.a2 $(first square.b inet6) tcp 80 yes
	square.a1 $c tcp 80 yes
	square.b $(first square.c inet6) tcp 80 yes
	square.c $b tcp 80 yes
	END
	same "two equal ways, and not the dear one" 2 \
		"$(ip -n square.r1 route show "$(subnet_in square.r4 right)" |
		   grep -c 'nexthop via')"
	same "the same in IPv6" 2 \
		"$(ip -n square.r1 -6 route show fd00:64:0:1::/64 |
		   grep -c 'nexthop via')"
	check "neighbours on links are permanent" \
		eval 'ip -n square.r1 neigh show nud permanent dev r2 |
		      grep -q "10\."'
	same "the link's mtu" 1400 \
		"$(in_ns square.r1 ip -j link show r4 | jq '.[0].mtu')"
	plan_is_empty square
	repaired "a link that a student cut" "ip -n square.r2 link del r1" \
		"ip -n square.r2 link show r1"
	repaired "a router's forwarding" \
		"in_ns square.r1 sysctl -qw net.ipv4.ip_forward=0" \
		"reach square.a1 $b tcp 80"
	repaired "a node's default route" \
		"ip -n square.a1 route del default" "reach square.a1 $b tcp 80"
	check "down" netdctl down square
	nothing_left
}

first()
{
	ip -n "$1" -j addr show | jq -r --arg f "$2" \
		'[.[] | select(.ifname == "eth0") | .addr_info[] |
		 select(.family == $f and .scope == "global")][0].local'
}

subnet_in()
{
	ip -n "$1" -4 route show dev "$2" scope link | cut -d ' ' -f 1
}

# Three switches in a row, one of them with the subnet and the router.
switches()
{
	cat >"$WORLD/tree.net.yaml" <<'END'
networks:
  s1: {}
  s2: {subnet: 10.3.0.0/24, mtu: 1400}
  s3: {}
routers: {gw: {networks: [s2]}}
nodes: {a: {networks: [s1]}, b: {networks: [s3]}}
links: [s1-s2, s2-s3]
END
	apply "$WORLD/tree.net.yaml"
	can tree.a "$(first tree.b inet)" icmp
	can tree.a 10.3.0.1 icmp
	same "one mtu for all of them" "1400 1400" \
		"$(in_ns tree.a cat /sys/class/net/eth0/mtu >/dev/null 2>&1
		   ip -n tree.a -j link show eth0 | jq '.[0].mtu') $(
		   ip -n tree -j link show nd-s3 | jq '.[0].mtu')"
	plan_is_empty tree
	repaired "a cable between switches" "ip -n tree link del ndl-s2.s2-s3" \
		"reach tree.a $(first tree.b inet) icmp"
	check "down" netdctl down tree
	nothing_left
}

outside
must ip -n outside link set lo up
must ip -n outside addr add 198.18.0.1/32 dev lo
must ip -n outside addr add 2001:db8:ff::1/128 dev lo
serve "" tcp 9999
remember
start_netd
borders
square
switches

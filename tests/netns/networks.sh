#!/bin/bash
# networks.sh - bridges and their settings, addresses, modes, pools, routes
# SPDX-License-Identifier: GPL-2.0-or-later
. "$(dirname "$0")/../lib.sh"
. "$TESTS/site.sh"

bridge_option()
{
	ip -d -j link show dev "$1" | jq -r ".[0].linkinfo.info_data.$2"
}

bridge_is()
{
	same "$1: $2 is $3" "$3" "$(bridge_option "$1" "$2")"
}

settings()
{
	cat >"$WORLD/settings.net.yaml" <<'END'
networks:
  a:
    subnet: 10.1.0.0/24
    bridge: br-a
    mtu: 1400
    stp: {priority: 4096, forward-delay: 4s}
    mac-ageing: 60s
    multicast-snooping: false
    services: [9999/tcp]
    addresses: [10.1.0.2/24]
  b: {subnet: 10.2.0.0/24, subnet6: "fd00:2::/64", services: [9999/tcp]}
attachments:
  a1: {network: a, type: veth, netns: a1, address: 10.1.0.10}
  b1: {network: b, type: veth, netns: b1, address: 10.2.0.10}
END
	apply "$WORLD/settings.net.yaml"
	same "the mtu" 1400 "$(cat /sys/class/net/br-a/mtu)"
	same "of the guest too" 1400 \
		"$(in_ns a1 sh -c 'cat /proc/net/dev >/dev/null;
		   ip -j link show eth0' | jq '.[0].mtu')"
	bridge_is br-a stp_state 1
	bridge_is br-a priority 4096
	bridge_is br-a forward_delay 400
	bridge_is br-a ageing_time 6000
	bridge_is br-a mcast_snooping 0
	# STP listens and learns for twice the delay before a port passes
	must poll 20 reach a1 10.1.0.1 tcp 9999
	can a1 10.1.0.2 tcp 9999
	can b1 fd00:2::1 tcp 9999
	check "a network without IPv6 has none" \
		eval '! ip -6 addr show dev br-a | grep -q inet6'
	local mac index
	mac=$(cat /sys/class/net/br-a/address)
	index=$(cat /sys/class/net/br-a/ifindex)
	# what is not written any more gets its default back
	sed -i -e '/stp:/d' -e '/mac-ageing/d' -e '/mtu:/d' -e '/snooping/d' \
		"$WORLD/settings.net.yaml"
	apply "$WORLD/settings.net.yaml"
	same "the default mtu is back" 1500 "$(cat /sys/class/net/br-a/mtu)"
	bridge_is br-a stp_state 0
	bridge_is br-a priority 32768
	bridge_is br-a ageing_time 30000
	bridge_is br-a mcast_snooping 1
	same "it is the same bridge" "$index" \
		"$(cat /sys/class/net/br-a/ifindex)"
	same "with the same MAC" "$mac" "$(cat /sys/class/net/br-a/address)"
	plan_is_empty settings
	check "down" netdctl down settings
	nothing_left
}

modes()
{
	cat >"$WORLD/modes.net.yaml" <<'END'
networks:
  closed: {subnet: 10.1.0.0/24, subnet6: "fd00:1::/64"}
  natted: {mode: nat, subnet: 10.2.0.0/24, subnet6: "fd00:2::/64"}
  six-closed: {mode: nat, mode6: isolated, subnet: 10.3.0.0/24, subnet6: "fd00:3::/64"}
  plain: {mode: routed, subnet: 10.4.0.0/24, subnet6: "fd00:4::/64"}
  free: {mode: open, subnet: 10.5.0.0/24, subnet6: "fd00:5::/64"}
attachments:
  c1: {network: closed, type: veth, netns: c1, address: 10.1.0.10, address6: "fd00:1::10"}
  n1: {network: natted, type: veth, netns: n1, address: 10.2.0.10, address6: "fd00:2::10"}
  s1: {network: six-closed, type: veth, netns: s1, address: 10.3.0.10, address6: "fd00:3::10"}
  p1: {network: plain, type: veth, netns: p1, address: 10.4.0.10, address6: "fd00:4::10"}
  f1: {network: free, type: veth, netns: f1, address: 10.5.0.10, address6: "fd00:5::10"}
policies:
  - {from: outside, to: p1, protocol: tcp, ports: [80]}
END
	apply "$WORLD/modes.net.yaml"
	must ip -n outside route add 10.0.0.0/8 via 203.0.113.1
	must ip -n outside route add fd00::/16 via 2001:db8::1
	matrix <<-'END'
	c1 203.0.113.254 tcp 80 no
	c1 2001:db8::254 tcp 80 no
	n1 203.0.113.254 tcp 80 yes
	n1 2001:db8::254 tcp 80 yes
	s1 203.0.113.254 tcp 80 yes
	s1 2001:db8::254 tcp 80 no
	p1 203.0.113.254 tcp 80 yes
	p1 2001:db8::254 tcp 80 yes
	outside 10.1.0.10 tcp 80 no
	outside fd00:1::10 tcp 80 no
	outside 10.2.0.10 tcp 80 no
	outside fd00:2::10 tcp 80 no
	outside fd00:3::10 tcp 80 no
	outside 10.4.0.10 tcp 80 yes
	outside fd00:4::10 tcp 80 yes
	outside 10.4.0.10 tcp 81 no
	outside fd00:4::10 tcp 81 no
	n1 10.4.0.10 tcp 80 no
	f1 10.2.0.10 tcp 80 no
	f1 fd00:1::10 tcp 80 no
	f1 203.0.113.254 tcp 80 yes
	f1 2001:db8::254 tcp 80 yes
	outside 10.5.0.10 tcp 80 yes
	outside fd00:5::10 tcp 81 yes
	END
	seen_as "nat: as the host" 203.0.113.1 n1 203.0.113.254 tcp 80
	seen_as "routed: as itself" 10.4.0.10 p1 203.0.113.254 tcp 80
	seen_as "routed, IPv6" fd00:4::10 p1 2001:db8::254 tcp 80
	must ip -n outside route del 10.0.0.0/8
	must ip -n outside route del fd00::/16
	plan_is_empty modes
	check "down" netdctl down modes
	nothing_left
}

subnet_of()
{
	ip -j -4 addr show dev "nd-$1" | jq -r '.[0].addr_info[0].local'
}

pools()
{
	cat >"$WORLD/pools.net.yaml" <<'END'
pools: {lan: 10.64.0.0/14}
networks:
  one: {subnet: auto, services: [1/tcp]}
  taken: {subnet: 10.64.1.0/24, services: [1/tcp]}
  two: {subnet: auto, services: [1/tcp]}
END
	apply "$WORLD/pools.net.yaml"
	local one two
	one=$(subnet_of one) two=$(subnet_of two)
	check "two automatic subnets differ" [ "$one" != "$two" ]
	check "and avoid the explicit one" \
		eval '[[ "$one $two" != *10.64.1.* ]]'
	sed -i 's/^  one:.*/  zero: {subnet: auto, services: [1\/tcp]}\n&/' \
		"$WORLD/pools.net.yaml"
	apply "$WORLD/pools.net.yaml"
	same "what exists keeps its number" "$one $two" \
		"$(subnet_of one) $(subnet_of two)"
	stop_netd
	start_netd
	soon "also after a restart" \
		[ "$one $two" = "$(subnet_of one) $(subnet_of two)" ]
	plan_is_empty pools
	check "down" netdctl down pools
	nothing_left
}

own_home()
{
	cat >"$WORLD/own.net.yaml" <<'END'
namespace: lab
networks:
  lan: {mode: nat, subnet: 10.1.0.0/24, subnet6: "fd00:1::/64"}
  dark: {subnet: 10.2.0.0/24}
attachments:
  n1: {network: lan, type: veth, netns: n1, address: 10.1.0.10, address6: "fd00:1::10"}
  c1: {network: dark, type: veth, netns: c1, address: 10.2.0.10}
END
	apply "$WORLD/own.net.yaml"
	check "its bridges are in a namespace of its own" \
		ip -n lab link show nd-lan
	check_not "not in the host's" ip link show nd-lan
	can n1 203.0.113.254 tcp 80
	can n1 2001:db8::254 tcp 80
	seen_as "through the host" 203.0.113.1 n1 203.0.113.254 tcp 80
	cannot n1 203.0.113.1 tcp 9999
	cannot n1 10.2.0.10 tcp 80
	cannot c1 203.0.113.254 tcp 80
	plan_is_empty own
	repaired "the home's uplink" "ip -n lab link del uplink" \
		"reach n1 203.0.113.254 tcp 80"
	check "down" netdctl down own
	nothing_left
}

static_routes()
{
	ns far
	ns gw
	wire gw eth1 far eth0
	must ip -n gw addr add 10.9.0.1/24 dev eth1
	must ip -n far addr add 10.9.0.2/24 dev eth0
	must ip -n far route add default via 10.9.0.1
	must in_ns gw sysctl -qw net.ipv4.ip_forward=1
	serve far tcp 80
	remember
	cat >"$WORLD/routes.net.yaml" <<'END'
networks:
  lan:
    subnet: 10.1.0.0/24
    routes: [{to: 10.9.0.0/16, via: 10.1.0.9, metric: 100}]
    services: [1/tcp]
  other: {subnet: 10.2.0.0/24}
attachments:
  gw: {network: lan, type: veth, netns: gw, address: 10.1.0.9, allowed-addresses: [10.9.0.0/16]}
  c1: {network: other, type: veth, netns: c1, address: 10.2.0.10}
policies:
  - {from: c1, to: 10.9.0.0/16, protocol: tcp, ports: [80]}
END
	apply "$WORLD/routes.net.yaml"
	can c1 10.9.0.2 tcp 80
	can "" 10.9.0.2 tcp 80
	plan_is_empty routes
	repaired "the route" "ip route del 10.9.0.0/16" \
		"reach c1 10.9.0.2 tcp 80"
	check "down" netdctl down routes
	nothing_left
}

outside
guests a1 b1 c1 n1 s1 p1 f1
for g in c1 n1 s1 p1 f1; do
	serve $g tcp 80 81
done
serve "" tcp 9999
start_netd
for nf in $NF; do
	bridge_nf $nf
	remember
	settings
	modes
	own_home
done
pools
static_routes

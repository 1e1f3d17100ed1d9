#!/bin/bash
# rules-foreign.sh - what is not netd's is let alone, and gets into nothing
# SPDX-License-Identifier: GPL-2.0-or-later
. "$(dirname "$0")/../lib.sh"
. "$TESTS/site.sh"

# A bridge of somebody else, with a guest of theirs, routed to the outside.
theirs()
{
	must ip link add br0 type bridge
	must ip link set br0 up
	must ip addr add 10.8.0.1/24 dev br0
	must ip addr add fd00:8::1/64 dev br0 nodad
	ns x1
	wire "" x1p x1 eth0
	must ip link set x1p master br0
	must ip -n x1 addr add 10.8.0.9/24 dev eth0
	must ip -n x1 addr add fd00:8::9/64 dev eth0 nodad
	must ip -n x1 route add default via 10.8.0.1
	must ip -n x1 route add default via fd00:8::1
	must ip -n outside route add 10.8.0.0/24 via 203.0.113.1
	must ip -n outside route add fd00:8::/64 via 2001:db8::1
	must sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
	serve x1 tcp 80 81
}

undisturbed()
{
	can x1 203.0.113.254 tcp 80
	can x1 2001:db8::254 tcp 80
	can outside 10.8.0.9 tcp 80
	can x1 10.8.0.1 tcp 22
	can x1 203.0.113.1 tcp 22
	can "" 10.8.0.9 tcp 81
	seen_as "not translated by us" 10.8.0.9 x1 203.0.113.254 tcp 80
}

start_netd
outside
theirs
guests a1
serve "" tcp 22
serve a1 tcp 80 81
cat >"$WORLD/foreign.net.yaml" <<'YAML'
networks:
  a: {mode: nat, subnet: 10.1.0.0/24, subnet6: "fd00:1::/64"}
attachments:
  a1: {network: a, type: veth, netns: a1, address: 10.1.0.11, address6: "fd00:1::11"}
policies:
  - {from: any, to: any, action: reject, protocol: tcp, ports: [80]}
YAML
must ip -n outside route add 10.1.0.0/24 via 203.0.113.1
for nf in $NF; do
	bridge_nf $nf
	undisturbed
	apply "$WORLD/foreign.net.yaml"
	plan_is_empty "$WORLD/foreign.net.yaml"
	undisturbed
	cannot x1 10.1.0.11 tcp 81
	cannot x1 fd00:1::11 tcp 81
	cannot a1 10.8.0.9 tcp 81
	cannot a1 fd00:8::9 tcp 81
	cannot outside 10.1.0.11 icmp
	can a1 203.0.113.254 tcp 443
	cannot a1 203.0.113.254 tcp 80
	check "down" netdctl down foreign
done
undisturbed

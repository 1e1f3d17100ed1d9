#!/bin/bash
# rules-bounds.sh - what one network takes, others don't miss; ports and MSS
# one kernel: others of its kind are tried on both
# SPDX-License-Identifier: GPL-2.0-or-later
. "$(dirname "$0")/../lib.sh"
. "$TESTS/site.sh"
. "$TESTS/frames.sh"

A1=fd000001000000000000000000000011

topology()
{
	cat >"$WORLD/bounds.net.yaml" <<'YAML'
networks:
  a: {mode: nat, subnet: 10.1.0.0/24, subnet6: "fd00:1::/64", mac: "02:00:00:00:0a:ff"}
  b: {mode: nat, subnet: 10.2.0.0/16, mtu: 1400, mac: "02:00:00:00:0b:ff"}
  c: {mode: nat, subnet: 10.3.0.0/24, port-isolation: true}
  l2: {}
  adopts: {mode: nat, subnet: 10.5.0.0/24, adopt: true}
attachments:
  a1: {network: a, type: veth, netns: a1, mac: "02:00:00:00:0a:01", address: 10.1.0.11, address6: "fd00:1::11"}
  b1: {network: b, type: veth, netns: b1, mac: "02:00:00:00:0b:01", address: 10.2.0.11}
  c1: {network: c, type: veth, netns: c1, address: 10.3.0.11}
  c2: {network: c, type: veth, netns: c2, address: 10.3.0.12}
  e1: {network: l2, type: veth, netns: e1}
  e2: {network: l2, type: veth, netns: e2}
  g1: {network: adopts, type: veth, netns: g1, address: 10.5.0.11}
policies:
  - {from: a, to: b, action: allow}
YAML
	apply "$WORLD/bounds.net.yaml"
	plan_is_empty "$WORLD/bounds.net.yaml"
}

# 9,000 connections of one guest: no more than its network's part, 8,192.  A
# machine with little memory tracks fewer in all; there the kernel makes room.
connections()
{
	local i n head timeout
	timeout=$(sysctl -n net.netfilter.nf_conntrack_udp_timeout)
	# none may end while a slow machine still sends
	must sysctl -qw net.netfilter.nf_conntrack_udp_timeout=600
	head=$(eth 020000000aff 020000000a01 0800)$(v4 10.1.0.11 \
		203.0.113.254 17 "")
	for i in {20001..29000}; do
		printf '%s%04x270fffff000000\n' "$head" "$i"
	done | in_ns a1 "$FRAME" send eth0 - >/dev/null
	n=$(conntrack -C)
	check "no more than their network's part ($n)" [ "$n" -le 8300 ]
	can b1 203.0.113.254 tcp 80
	if [ "$(cat /proc/sys/net/netfilter/nf_conntrack_max)" -gt 9000 ]; then
		check "which it has" [ "$n" -ge 8000 ]
		cannot a1 203.0.113.254 tcp 80
	fi
	must sysctl -qw "net.netfilter.nf_conntrack_udp_timeout=$timeout"
	conntrack -F >/dev/null 2>&1
}

# A guest that looks for 2,000 hosts makes us look for a bounded number.
neighbours()
{
	local i n head
	head=$(eth 020000000aff 020000000a01 0800)$(v4 10.1.0.11 "" 1 "")
	for i in {1..900}; do
		printf '%s0a02%04x0800000000010001\n' "${head%00}" \
			$((i + 512))
	done >"$WORLD/scan"
	in_ns a1 "$FRAME" send eth0 - <"$WORLD/scan" >/dev/null
	n=$(nft list set inet netd near4 | grep -o '"nd-b"' | wc -l)
	check "few neighbours are looked for ($n of 900)" [ "$n" -lt 400 ]
	check "some are" [ "$n" -gt 100 ]
	can b1 203.0.113.254 tcp 80
	can a1 203.0.113.254 tcp 80
	can a1 10.2.0.11 icmp
}

# b has an MTU of 1400, so its ends get segments of 1360 (0x0550).
segments()
{
	watch outside eth0
	can b1 203.0.113.254 tcp 80
	unwatch
	check "SYNs carry the MTU of the way" grep -q 02040550 "$WORLD/seen"
	watch b1 eth0
	reach b1 203.0.113.254 tcp 80 >/dev/null
	unwatch
	check "so do their answers" grep -q 02040550 "$WORLD/seen"
}

unwatch()
{
	kill "$watch_pid" 2>/dev/null
	wait "$watch_pid" 2>/dev/null
}

isolation()
{
	cannot c1 10.3.0.12 icmp
	can c1 10.3.0.1 icmp
	can c1 203.0.113.254 tcp 80
	# by way of the gateway
	must ip -n c1 route add 10.3.0.12/32 via 10.3.0.1
	must ip -n c2 route add 10.3.0.11/32 via 10.3.0.1
	cannot c1 10.3.0.12 icmp
	cannot c1 10.3.0.12 tcp 80
	must ip -n c1 route del 10.3.0.12/32
	must ip -n c2 route del 10.3.0.11/32
}

# An Ethernet without a subnet: what its guests say among themselves.
ethernet()
{
	must ip -n e1 addr replace 192.168.7.1/24 dev eth0
	must ip -n e2 addr replace 192.168.7.2/24 dev eth0
	can e1 192.168.7.2 icmp
	check "IPv6 by itself" poll "$SOON" in_ns e1 ping -c1 -W1 \
		"$(in_ns e2 ip -j -6 addr show dev eth0 scope link |
			jq -r '.[0].addr_info[0].local')%eth0"
	must ip -n e1 route replace 203.0.113.1/32 dev eth0
	must ip -n e1 neigh replace 203.0.113.1 dev eth0 lladdr \
		"$(cat /sys/class/net/nd-l2/address)"
	cannot e1 203.0.113.1 tcp 22
	cannot e1 203.0.113.1 icmp
	must ip -n e1 route del 203.0.113.1/32
}

# A VXLAN of the host takes nothing from guests.
tunnel()
{
	must ip link add vx0 type vxlan id 42 local 203.0.113.1 dstport 4789 \
		remote 203.0.113.254 dev eth0
	must ip link set vx0 up
	"$FRAME" log vx0 $((10 * SLOW)) deadbeef4790 >"$WORLD/vx" 2>&1 &
	local log=$! inner to
	must poll "$SOON" grep -q ready "$WORLD/vx"
	inner=0800000000002a00$(eth ffffffffffff 020000000a01 88b5)deadbeef
	for to in 10.1.0.1 203.0.113.1; do
		in_ns a1 "$FRAME" send eth0 "$(eth 020000000aff \
			020000000a01 0800)$(v4 10.1.0.11 $to 17 \
			"$(udp 4789 4789 "${inner}4789")")" >/dev/null
	done
	in_ns outside "$FRAME" send eth0 "$(eth "$(tr -d : \
		</sys/class/net/eth0/address)" "$(mac_of outside)" 0800)$(
		v4 203.0.113.254 203.0.113.1 17 \
		"$(udp 4789 4789 "${inner}4790")")" >/dev/null
	wait $log
	check "the tunnel takes what comes from its other end" \
		grep -q deadbeef4790 "$WORLD/vx"
	check_not "a guest writes into no tunnel" grep -q deadbeef4789 \
		"$WORLD/vx"
	must ip link del vx0
}

# Ports that other programs put on our bridges.
foreign_port()
{
	ns other
	wire "" foreign0 other eth0
	must ip link set foreign0 master nd-a
	must ip -n other addr add 10.1.0.66/24 dev eth0
	cannot other 10.1.0.11 icmp
	cannot other 10.1.0.1 icmp
	ns other2
	wire "" foreign1 other2 eth0
	must ip link set foreign1 master nd-a
	must ip -n other2 addr add 10.1.0.67/24 dev eth0
	soon "frames of foreign ports are dropped" eval "nft list map bridge \
		netd port | grep -q '\"foreign0\" : drop' && nft list map bridge \
		netd port | grep -q '\"foreign1\" : drop'"
	must ip -n other link set eth0 address 02:00:00:00:0f:01
	cannot other 10.1.0.67 icmp
	check "the bridge learns nothing from them" eval \
		"! bridge fdb show br nd-a | grep -q 02:00:00:00:0f:01"
	plan_is_empty "$WORLD/bounds.net.yaml"
	must ip link del foreign1
	must ip netns del other2
	must ip link set foreign0 master nd-adopts
	soon "where they are adopted they are not" eval \
		"! nft list map bridge netd port | grep -q foreign"
	must ip -n other addr flush dev eth0
	must ip -n other addr add 10.5.0.66/24 dev eth0
	can other 10.5.0.11 icmp
	can other 10.5.0.1 icmp
	must ip link del foreign0
	must ip netns del other
	# our name, but not admitted
	ns other
	wire "" ndp-rogue other eth0
	must ip link set ndp-rogue master nd-adopts
	must ip -n other addr add 10.5.0.66/24 dev eth0
	cannot other 10.5.0.11 icmp
	must ip link del ndp-rogue
	must ip netns del other
}

# A guest that looks for its own neighbours by way of the gateway makes us look
# for few, too: the kernel's table is one for all.
own_neighbours()
{
	local i n head
	head=$(eth 020000000bff 020000000b01 0800)$(v4 10.2.0.11 "" 1 "")
	for i in {1..900}; do
		printf '%s0a02%04x0800000000010001\n' "${head%00}" \
			$((i + 2048))
	done | in_ns b1 "$FRAME" send eth0 - >/dev/null
	n=$(ip -4 neigh show dev nd-b | grep -c '^10\.2\.\(8\|9\|10\|11\)\.')
	check "few own neighbours are looked for ($n of 900)" [ "$n" -lt 400 ]
	check "some are" [ "$n" -gt 100 ]
	head=$(eth 020000000aff 020000000a01 86dd)
	for i in {1..900}; do
		echo "$head$(v6 "$A1" "${A1%0011}$(printf %04x \
			$((i + 4096)))" 58 80000000000100)"
	done | in_ns a1 "$FRAME" send eth0 - >/dev/null
	n=$(ip -6 neigh show dev nd-a | grep -c '^fd00:1::1[0-9a-f]\{3\} ')
	check "few own neighbours of IPv6 are looked for ($n of 900)" \
		[ "$n" -lt 400 ]
	check "some are" [ "$n" -gt 100 ]
	can c1 203.0.113.254 tcp 80
	can a1 10.2.0.11 icmp
}

start_netd
outside
guests a1 b1 c1 c2 e1 e2 g1
serve "" tcp 22
serve c2 tcp 80
for nf in $NF; do
	bridge_nf $nf
	[ "$nf" != "${NF%% *}" ] || topology
	isolation
	ethernet
	tunnel
	foreign_port
	segments
done
connections
neighbours
own_neighbours

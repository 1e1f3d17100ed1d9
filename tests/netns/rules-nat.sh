#!/bin/bash
# rules-nat.sh - forwards, hairpin, one-to-one, pools of addresses
# SPDX-License-Identifier: GPL-2.0-or-later
. "$(dirname "$0")/../lib.sh"
. "$TESTS/site.sh"

topology()
{
	cat >"$WORLD/nat.net.yaml" <<'YAML'
networks:
  web: {mode: nat, subnet: 10.1.0.0/24, subnet6: "fd00:1::/64"}
  db: {subnet: 10.2.0.0/24, subnet6: "fd00:2::/64"}
  npt: {mode: routed, subnet6: "fd00:4::/64", subnet: 10.4.0.0/28}
  pool: {mode: nat, subnet: 10.3.0.0/24, snat: {addresses: [203.0.113.20-203.0.113.21, 203.0.113.30], ports: 20000-20999, except: [198.51.100.128/25]}}
attachments:
  w1: {network: web, type: veth, netns: w1, address: 10.1.0.11, address6: "fd00:1::11"}
  w2: {network: web, type: veth, netns: w2, address: 10.1.0.12, address6: "fd00:1::12"}
  d1: {network: db, type: veth, netns: d1, address: 10.2.0.11, address6: "fd00:2::11"}
  n1: {network: npt, type: veth, netns: n1, address: 10.4.0.11, address6: "fd00:4::11"}
  q1: {network: pool, type: veth, netns: q1, address: 10.3.0.11}
  q2: {network: pool, type: veth, netns: q2, address: 10.3.0.211}
policies:
  - {from: outside, to: w2, action: allow, protocol: tcp, ports: [443]}
  - {from: db, to: w1, action: allow, protocol: tcp, ports: [80]}
  - {from: outside, to: npt, action: allow, protocol: tcp, ports: [443]}
forwards:
  - "8080:w1:80/tcp"
  - {listen: 203.0.113.5, protocol: [tcp, udp], port: 9000-9002, target: d1, target-port: 90-92, from: [198.51.100.0/24, web]}
  - {listen: 203.0.113.7, port: 81, target: w1}
  - {listen: 127.0.0.1, port: 7000, target: d1, target-port: 80}
  - {port: 100-102, target: d1}
  - {listen: "2001:db8::5", port: 9000, target: d1, target-port: 90, from: ["2001:db8:99::/64"]}
one-to-one:
  - {external: 203.0.113.7, internal: w2}
  - {external: "2001:db8::7", internal: w2}
  - {external: "2001:db8:77::/64", internal: "fd00:4::/64"}
  - {external: 192.0.2.32/28, internal: 10.4.0.0/28}
YAML
	apply "$WORLD/nat.net.yaml"
	plan_is_empty "$WORLD/nat.net.yaml"
}

forwards()
{
	# all addresses of the uplink, from outside, the host and inside
	can outside 203.0.113.1 tcp 8080
	can outside 2001:db8::1 tcp 8080
	can "" 203.0.113.1 tcp 8080
	can "" 2001:db8::1 tcp 8080
	seen_as "a forward shows who asks" 203.0.113.254 outside \
		203.0.113.1 tcp 8080
	seen_as "hairpin from a neighbour" 10.1.0.1 w2 203.0.113.1 tcp 8080
	seen_as "hairpin to itself" 10.1.0.1 w1 203.0.113.1 tcp 8080
	seen_as "hairpin by IPv6" fd00:1::1 w2 2001:db8::1 tcp 8080
	seen_as "hairpin to itself by IPv6" fd00:1::1 w1 2001:db8::1 tcp 8080
	seen_as "from another network" 10.3.0.11 q1 203.0.113.1 tcp 8080
	cannot w2 10.1.0.1 tcp 8080
	cannot w2 fd00:1::1 tcp 8080
	# who may not go outside: only where a policy lets it at the target
	can d1 203.0.113.1 tcp 8080
	cannot d1 203.0.113.7 tcp 81
	# a range, as it is, and shifted
	can outside 203.0.113.1 tcp 101
	can w1 203.0.113.1 tcp 102
	cannot outside 203.0.113.1 tcp 103
	can far 203.0.113.5 tcp 9001
	can far 203.0.113.5 udp 9000
	cannot far 203.0.113.5 tcp 9003
	cannot outside 203.0.113.5 tcp 9001
	can w1 203.0.113.5 tcp 9002
	cannot q1 203.0.113.5 tcp 9002
	can "" 203.0.113.5 tcp 9000
	can far6 2001:db8::5 tcp 9000
	cannot outside 2001:db8::5 tcp 9000
	# the host's own
	can "" 127.0.0.1 tcp 7000
	cannot outside 203.0.113.1 tcp 7000
	cannot w1 203.0.113.1 tcp 7000
}

one_to_one()
{
	seen_as "one-to-one, out" 203.0.113.7 w2 203.0.113.254 tcp 80
	seen_as "one-to-one, out, IPv6" 2001:db8::7 w2 2001:db8::254 tcp 80
	can outside 203.0.113.7 tcp 443
	can outside 2001:db8::7 tcp 443
	check "it lets nothing in by itself" refused outside 203.0.113.7 tcp 80
	can outside 203.0.113.7 tcp 81
	can w1 203.0.113.7 tcp 443
	seen_as "others go by their own address" 203.0.113.1 w1 \
		203.0.113.254 tcp 80
}

# Prefixes behind the host, which the outside routes there.
prefixes()
{
	seen_as "a prefix for a prefix" 192.0.2.43 n1 203.0.113.254 tcp 80
	seen_as "of IPv6 too" 2001:db8:77::11 n1 2001:db8::254 tcp 80
	can outside 192.0.2.43 tcp 443
	can outside 2001:db8:77::11 tcp 443
	check "it lets nothing in by itself" refused outside 192.0.2.43 tcp 80
	check "nor by IPv6" refused outside 2001:db8:77::11 tcp 80
}

pool()
{
	check "the pool's first range" eval 'reach q1 203.0.113.254 tcp 80 |
		grep -qx "203.0.113.2[01]"'
	seen_as "the pool's last part" 203.0.113.30 q2 203.0.113.254 tcp 80
	check "with ports of the pool" eval 'in_ns q2 "$TALK" ask \
		203.0.113.254 tcp 80 2 | grep -q " 20[0-9][0-9][0-9]$"'
}

# 198.51.100.9, behind the outside; and the same of IPv6
far()
{
	ns far
	ns far6
	wire outside far far eth0
	wire outside far6 far6 eth0
	must ip -n outside addr add 198.51.100.1/24 dev far
	must ip -n far addr add 198.51.100.9/24 dev eth0
	must ip -n far route add default via 198.51.100.1
	must ip -n outside addr add 2001:db8:99::1/64 dev far6 nodad
	must ip -n far6 addr add 2001:db8:99::9/64 dev eth0 nodad
	must ip -n far6 route add default via 2001:db8:99::1
	must in_ns outside sysctl -qw net.ipv4.ip_forward=1 \
		net.ipv6.conf.all.forwarding=1
}

# Another topology beside it: its networks use our forwards, as they may.
beside()
{
	cat >"$WORLD/beside.net.yaml" <<'YAML'
networks:
  other: {mode: nat, subnet: 10.5.0.0/24, subnet6: "fd00:5::/64"}
  shut: {subnet: 10.6.0.0/24, services: [1/tcp]}
attachments:
  o1: {network: other, type: veth, netns: o1, address: 10.5.0.11, address6: "fd00:5::11"}
  s1: {network: shut, type: veth, netns: s1, address: 10.6.0.11}
YAML
	apply "$WORLD/beside.net.yaml"
	plan_is_empty "$WORLD/beside.net.yaml"
	can o1 203.0.113.1 tcp 8080
	can o1 2001:db8::1 tcp 8080
	cannot o1 203.0.113.5 tcp 9001
	cannot o1 10.1.0.11 tcp 80
	cannot s1 203.0.113.1 tcp 8080
	check "down" netdctl down beside
	can outside 203.0.113.1 tcp 8080
}

start_netd
outside
guests w1 w2 d1 q1 q2 n1 o1 s1
far
must ip -n outside route add 192.0.2.32/28 via 203.0.113.1
must ip -n outside route add 2001:db8:77::/64 via 2001:db8::1
serve n1 tcp 443 80
serve w1 tcp 80 81
serve w2 tcp 443 80
serve d1 tcp 90 91 92 80 100 101 102
serve d1 udp 90
for nf in $NF; do
	bridge_nf $nf
	[ "$nf" != "${NF%% *}" ] || topology
	forwards
	one_to_one
	prefixes
	pool
	beside
done

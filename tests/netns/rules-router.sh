#!/bin/bash
# rules-router.sh - rules of homes of their own and of named routers
# SPDX-License-Identifier: GPL-2.0-or-later
. "$(dirname "$0")/../lib.sh"
. "$TESTS/site.sh"

# Behind the outside: what is not next to the host.
far()
{
	ns far
	wire outside far far eth0
	must ip -n outside addr add 198.51.100.1/24 dev far
	must ip -n far addr add 198.51.100.9/24 dev eth0
	must ip -n far route add default via 198.51.100.1
	must ip -n outside addr add 2001:db8:99::1/64 dev far nodad
	must ip -n far addr add 2001:db8:99::9/64 dev eth0 nodad
	must ip -n far route add default via 2001:db8:99::1
	must in_ns outside sysctl -qw net.ipv4.ip_forward=1 \
		net.ipv6.conf.all.forwarding=1
	serve far tcp 80
}

# A home of its own: the host is a network away.
home()
{
	cat >"$WORLD/lab.net.yaml" <<'YAML'
namespace: lab
networks:
  a: {mode: nat, subnet: 10.1.0.0/24, subnet6: "fd00:1::/64"}
  b: {subnet: 10.2.0.0/24, subnet6: "fd00:2::/64"}
  r: {mode: routed, subnet: 10.9.0.0/24}
attachments:
  a1: {network: a, type: veth, netns: a1, address: 10.1.0.11, address6: "fd00:1::11"}
  b1: {network: b, type: veth, netns: b1, address: 10.2.0.11, address6: "fd00:2::11"}
  r1: {network: r, type: veth, netns: r1, address: 10.9.0.11}
policies:
  - {from: a, to: b, action: allow, protocol: tcp, ports: [80]}
  - {from: outside, to: r, action: allow, protocol: tcp, ports: [80]}
forwards:
  - "8080:a1:80/tcp"
  - "8081:b1:80/tcp"
YAML
	apply "$WORLD/lab.net.yaml"
	plan_is_empty "$WORLD/lab.net.yaml"
	seen_as "out behind the host" 203.0.113.1 a1 198.51.100.9 tcp 80
	seen_as "out by IPv6" 2001:db8::1 a1 2001:db8:99::9 tcp 80
	can a1 10.2.0.11 tcp 80
	can a1 fd00:2::11 tcp 80
	can a1 203.0.113.1 tcp 8081
	cannot b1 10.1.0.11 tcp 80
	cannot b1 198.51.100.9 tcp 80
	cannot a1 203.0.113.1 tcp 22
	cannot a1 2001:db8::1 tcp 22
	cannot b1 203.0.113.1 tcp 22
	can outside 203.0.113.1 tcp 8080
	can outside 2001:db8::1 tcp 8080
	can far 203.0.113.1 tcp 8081
	can "" 203.0.113.1 tcp 8080
	must ip -n outside route add 10.9.0.0/24 via 203.0.113.1
	must ip -n far route replace 10.9.0.0/24 via 198.51.100.1
	seen_as "a routed network has its own address" 10.9.0.11 r1 \
		203.0.113.254 tcp 80
	can outside 10.9.0.11 tcp 80
	cannot outside 10.9.0.11 tcp 81
	must ip -n outside route del 10.9.0.0/24
	check "down" netdctl down lab
	nothing_left
}

# nat: host: the outside, and nothing of the host or beside it.
lab()
{
	cat >"$WORLD/$1.net.yaml" <<'YAML'
networks:
  x: {subnet: 10.1.0.0/24, subnet6: "fd00:1::/64"}
  y: {subnet: 10.2.0.0/24, subnet6: "fd00:2::/64"}
routers:
  gw: {networks: [x, y], nat: host, forwards: ["PORT:n2:80/tcp"]}
nodes:
  n1: {networks: [x]}
  n2: {networks: [y]}
YAML
	sed -i "s/PORT/$2/" "$WORLD/$1.net.yaml"
	apply "$WORLD/$1.net.yaml"
	plan_is_empty "$WORLD/$1.net.yaml"
}

labs()
{
	local other
	lab l1 8001
	lab l2 8002
	serve l1.n2 tcp 80
	serve l2.n2 tcp 80
	serve l1.gw tcp 22
	seen_as "out of a lab" 203.0.113.1 l1.n1 198.51.100.9 tcp 80
	seen_as "out of another with the same addresses" 203.0.113.1 l2.n1 \
		198.51.100.9 tcp 80
	seen_as "by IPv6 too" 2001:db8::1 l1.n1 2001:db8:99::9 tcp 80
	seen_as "between the lab's networks" 10.1.0.2 l1.n1 10.2.0.2 tcp 80
	cannot l1.n1 203.0.113.1 tcp 22
	cannot l1.n1 2001:db8::1 tcp 22
	cannot l1.n1 203.0.113.254 tcp 80
	cannot l1.n1 2001:db8::254 tcp 80
	can outside 203.0.113.1 tcp 8001
	can far 203.0.113.1 tcp 8002
	can outside 2001:db8::1 tcp 8001
	# what another lab publishes is the host's
	cannot l1.n1 203.0.113.1 tcp 8002
	other=$(ip -n l2.gw -j -4 addr show |
		jq -r '.[].addr_info[].local' | grep '^100\.64')
	check "the other lab has an address there" [ -n "$other" ]
	cannot l1.n1 "$other" icmp
	cannot l1.gw "$other" icmp
	check "down" netdctl down l1
	check "down" netdctl down l2
	nothing_left
}

# nat: a network, and no policies at all: its side gets in by forwards only
bare_border()
{
	cat >"$WORLD/bare.net.yaml" <<'YAML'
networks:
  in: {subnet: 10.1.0.0/24, subnet6: "fd00:1::/64"}
  out: {subnet: 10.3.0.0/24, subnet6: "fd00:3::/64"}
routers:
  gw: {networks: [in, out], nat: out, forwards: ["8080:i1:80/tcp"]}
nodes:
  i1: {networks: [in]}
  o1: {networks: [out]}
YAML
	apply "$WORLD/bare.net.yaml"
	local gw gw6
	gw=$(in_ns bare.gw ip -j -4 addr | jq -r '.[].addr_info[].local' |
		grep '^10\.3\.')
	gw6=$(in_ns bare.gw ip -j -6 addr | jq -r '.[].addr_info[].local' |
		grep -i '^fd00:3:')
	serve bare.i1 tcp 80
	must ip -n bare.o1 route replace 10.1.0.0/24 via "$gw"
	must ip -n bare.o1 route replace fd00:1::/64 via "$gw6"
	can bare.o1 "$gw" tcp 8080
	can bare.o1 "$gw6" tcp 8080
	cannot bare.o1 10.1.0.2 tcp 80
	cannot bare.o1 fd00:1::2 tcp 80
	cannot bare.o1 10.1.0.2 icmp
	check "down" netdctl down bare
}

# nat: a network; policies of a router's own
border()
{
	cat >"$WORLD/edge.net.yaml" <<'YAML'
networks:
  in: {subnet: 10.1.0.0/24, subnet6: "fd00:1::/64"}
  in2: {subnet: 10.2.0.0/24}
  out: {subnet: 10.3.0.0/24, subnet6: "fd00:3::/64"}
routers:
  gw:
    networks: [in, in2, out]
    nat: out
    policies:
      - {from: in2, to: in, action: allow, protocol: tcp, ports: [80]}
      - {from: in, to: outside, action: reject, protocol: tcp, ports: [25]}
    forwards: ["8080:i1:80/tcp"]
nodes:
  i1: {networks: [in]}
  i2: {networks: [in2]}
  o1: {networks: [out]}
YAML
	apply "$WORLD/edge.net.yaml"
	plan_is_empty "$WORLD/edge.net.yaml"
	serve edge.o1 tcp 80 25
	serve edge.i1 tcp 80 22
	serve edge.i2 tcp 80
	local gw gw6
	gw=$(in_ns edge.gw ip -j -4 addr | jq -r '.[].addr_info[].local' |
		grep '^10\.3\.')
	gw6=$(in_ns edge.gw ip -j -6 addr | jq -r '.[].addr_info[].local' |
		grep -i '^fd00:3:')
	local o1
	o1=$(in_ns edge.o1 ip -j -4 addr | jq -r '.[].addr_info[].local' |
		grep '^10\.3\.')
	seen_as "behind the border" "$gw" edge.i1 "$o1" tcp 80
	check "its policies hold" refused edge.i1 "$o1" tcp 25
	can edge.i2 10.1.0.2 tcp 80
	cannot edge.i2 10.1.0.2 tcp 22
	cannot edge.i1 10.2.0.2 tcp 80
	must ip -n edge.o1 route replace 10.1.0.0/24 via "$gw"
	cannot edge.o1 10.1.0.2 tcp 22
	can edge.o1 "$gw" tcp 8080
	can edge.o1 "$gw6" tcp 8080
	can edge.i1 "$gw" tcp 8080
	can edge.i2 "$gw" tcp 8080
	check "down" netdctl down edge
	nothing_left
}

start_netd
outside
guests a1 b1 r1
far
serve "" tcp 22
serve a1 tcp 80
serve b1 tcp 80
serve r1 tcp 80 81
remember
for nf in $NF; do
	bridge_nf $nf
	remember
	home
	labs
	bare_border
	border
done

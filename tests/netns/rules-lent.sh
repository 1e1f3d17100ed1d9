#!/bin/bash
# rules-lent.sh - a host that was no router does not become one by an uplink
# one kernel: others of its kind are tried on both
# one build: other tests reach that code
# SPDX-License-Identifier: GPL-2.0-or-later
. "$(dirname "$0")/../lib.sh"
. "$TESTS/site.sh"

# A second network of the host: nobody of the outside ever got into it.
second_lan()
{
	ns inner
	wire "" lan0 inner eth0
	must ip addr add 10.8.0.1/24 dev lan0
	must ip addr add fd00:8::1/64 dev lan0 nodad
	must ip -n inner addr add 10.8.0.9/24 dev eth0
	must ip -n inner addr add fd00:8::9/64 dev eth0 nodad
	must ip -n inner route add default via 10.8.0.1
	must ip -n inner route add default via fd00:8::1
	must ip -n outside route add 10.8.0.0/24 via 203.0.113.1
	must ip -n outside route add fd00:8::/64 via 2001:db8::1
	must sysctl -qw net.ipv4.ip_forward=0 net.ipv6.conf.all.forwarding=0
	serve inner tcp 80
}

shut()
{
	cannot outside 10.8.0.9 tcp 80
	cannot outside fd00:8::9 tcp 80
}

shut_out()
{
	! reach outside "$1" tcp 80
}

start_netd
outside
second_lan
guests a1
remember
serve a1 tcp 80
cat >"$WORLD/lent.net.yaml" <<'YAML'
networks:
  a: {mode: nat, subnet: 10.1.0.0/24, subnet6: "fd00:1::/64"}
attachments:
  a1: {network: a, type: veth, netns: a1, address: 10.1.0.11, address6: "fd00:1::11"}
forwards:
  - "8080:a1:80/tcp"
YAML
shut
apply "$WORLD/lent.net.yaml"
plan_is_empty "$WORLD/lent.net.yaml"
check "forwarding is on" [ "$(sysctl -n net.ipv4.conf.eth0.forwarding)" = 1 ]
shut
# while it forwards for the network
can a1 203.0.113.254 tcp 443
can a1 2001:db8::254 tcp 443
can outside 203.0.113.1 tcp 8080
can outside 2001:db8::1 tcp 8080

# the admin, or a container engine, makes the host a router
must sysctl -qw net.ipv4.ip_forward=1
can outside 10.8.0.9 tcp 80
cannot outside fd00:8::9 tcp 80
can a1 203.0.113.254 tcp 443
plan_is_empty "$WORLD/lent.net.yaml"
must sysctl -qw net.ipv4.ip_forward=0
# which took it from the interfaces, too: it comes back, for our networks only
can a1 203.0.113.254 tcp 443
soon "the host is none any more" shut_out 10.8.0.9
shut

check "down" netdctl down lent
shut
nothing_left

#!/bin/bash
# example-two-homes-nat.sh - the same subnet twice, each behind NAT of its own
# one kernel: what it tests hardly depends on that
# one build: rules-router reaches that code
# SPDX-License-Identifier: GPL-2.0-or-later
. "$(dirname "$0")/../lib.sh"

FILE=$TOP/examples/two-homes-nat.net.yaml
L=two-homes-nat

address()	# NODE INTERFACE
{
	ip -n $L.$1 -j addr show dev "$2" | jq -r '.[].addr_info[] |
		select(.family == "inet" and .scope == "global") | .local' |
		head -n 1
}

remember
start_netd
apply "$FILE"
server=$(address server eth0)
serve $L.server tcp 80
serve $L.tv1 tcp 80
seen_as "the first home is its box" "$(address box1 street)" \
	$L.tv1 "$server" tcp 80
seen_as "the second one is another" "$(address box2 street)" \
	$L.tv2 "$server" tcp 80
can $L.server "$(address box1 street)" tcp 8080
cannot $L.server "$(address box2 street)" tcp 8080
must ip -n $L.server route add 192.168.1.0/24 via "$(address box1 street)"
cannot $L.server 192.168.1.10 tcp 80
must ip -n $L.server route del 192.168.1.0/24
cannot $L.tv2 "$(address box2 street)" tcp 22
check "down" netdctl down $L
nothing_left
four_assertions "$FILE" "ip -n $L.box1 link del home1" \
	"reach $L.tv1 203.0.113.1 icmp || reach $L.tv1 192.168.1.1 icmp"

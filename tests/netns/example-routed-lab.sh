#!/bin/bash
# example-routed-lab.sh - three routers: every pair reaches, by the cheap path
# one build: other tests reach that code
# one kernel: what it tests hardly depends on that
# SPDX-License-Identifier: GPL-2.0-or-later
. "$(dirname "$0")/../lib.sh"

FILE=$TOP/examples/routed-lab.net.yaml
L=routed-lab

address()
{
	ip -n $L.$1 -j addr show | jq -r --arg f "$2" \
		'.[] | select(.ifname == "eth0") | .addr_info[] |
		 select(.family == $f and .scope == "global") | .local' |
		head -n 1
}

hops()
{
	in_ns $L.a1 ping -n -c 1 -W "$TRY" "$1" | sed -n 's/.*ttl=\([0-9]*\).*/\1/p'
}

_hops_are()
{
	[ "$(hops "$(address c inet)")" = "$1" ]
}

remember
start_netd
apply "$FILE"
for from in a1 a2 b c; do
	for to in a1 a2 b c; do
		[ $from != $to ] || continue
		can $L.$from "$(address $to inet)" icmp
		can $L.$from "$(address $to inet6)" icmp
	done
done
serve $L.c tcp 80
can $L.a1 "$(address c inet)" tcp 80
same "a1 to c goes by r1, r2, r3: not the dear link" 61 \
	"$(hops "$(address c inet)")"
check_not "the host is not in the lab" ping -q -c 1 -W 1 "$(address c inet)"
check "exec runs in a node" netdctl exec $L/a1 -- ip route get 10.13.0.2
same "a node never forwards" 0 \
	"$(in_ns $L.a1 cat /proc/sys/net/ipv4/ip_forward)"

# the dear link becomes the cheap one
must sed 's/cost: 50/cost: 1/' "$FILE" >"$WORLD/$L.net.yaml"
apply "$WORLD/$L.net.yaml"
soon "now a1 to c goes by r1, r3" _hops_are 62
check "down" netdctl down $L
nothing_left

four_assertions "$FILE" "ip -n $L.r2 route flush proto 195" \
	"reach $L.a1 10.13.0.2 icmp"
four_assertions "$FILE" "ip -n $L.r1 link del r2" \
	"reach $L.a1 10.12.0.2 icmp"

#!/bin/bash
# example-ospf-triangle.sh - OSPF: all reach all, around a cable that is cut
# one kernel: what it tests hardly depends on that
# one build: the daemons are FRR's, and what tells them has a unit test
# SPDX-License-Identifier: GPL-2.0-or-later
. "$(dirname "$0")/../lib.sh"

type -P /usr/lib/frr/zebra >/dev/null || skip "FRR is not installed"
FILE=$TOP/examples/ospf-triangle.net.yaml
L=ospf-triangle
CONVERGED=60

address()
{
	ip -n $L.$1 -j addr show | jq -r --arg f "$2" \
		'.[] | select(.ifname == "'"${3:-eth0}"'") | .addr_info[] |
		 select(.family == $f and .scope == "global") | .local' |
		head -n 1
}

# The routes that OSPF made, of either family
_learned()
{
	[ "$(ip -n $L.$1 "$2" route show proto ospf | grep -c "^[0-9a-f]")" -ge "$3" ]
}

vtysh()
{
	local r=$1
	shift
	/usr/bin/vtysh --vty_socket "$WORLD/run/frr/$L.$r" "$@" 2>/dev/null
}

full()
{
	vtysh "$1" -c "show ip ospf neighbor json" |
		jq "[.neighbors[][] | select((.nbrState // .state) |
		     startswith(\"Full\"))] | length"
}

_full_are()
{
	[ "$(full "$1")" = "$2" ]
}

_pid()
{
	cat "$WORLD/run/$1/$L.$2/pid" 2>/dev/null
}

_another()
{
	local now
	now=$(_pid "$1" "$2") && [ -n "$now" ] && [ "$now" != "$3" ] &&
		kill -0 "$now"
}

remember
start_netd
apply "$FILE"
check "a routing daemon runs for each router" _pid ospfd r1
for r in r1 r2 r3; do
	must poll $CONVERGED _learned $r -4 4
	must poll $CONVERGED _learned $r -6 4
done
for from in a b c; do
	for to in a b c; do
		[ $from != $to ] || continue
		can $L.$from "$(address $to inet)" icmp
		can $L.$from "$(address $to inet6)" icmp
	done
done
can $L.r1 "$(address r3 inet lo)" icmp
can $L.r1 "$(address r3 inet6 lo)" icmp
same "links are point-to-point: two neighbours at once" 2 "$(full r1)"
plan_is_empty $L

# --- a cable is cut, and comes back ---
ip -n $L.r1 link set r3 down
can $L.a "$(address c inet)" icmp
soon "the cut cable is plugged in again" bash -c \
	"ip -n $L.r1 link show r3 | grep -q LOWER_UP"
must poll $CONVERGED _full_are r1 2

# --- a daemon dies ---
old=$(_pid ospfd r2)
kill -KILL "$old"
soon "it is started again" _another ospfd r2 "$old"
must poll $CONVERGED _full_are r2 2

# --- netd dies: the daemons go on, and are found again ---
old=$(_pid ospfd r1)
kill_netd
can $L.a "$(address b inet)" icmp
start_netd
plan_is_empty $L
same "the same daemon goes on" "$old" "$(_pid ospfd r1)"

# --- what changes is told; nobody else loses a neighbour ---
up=$(vtysh r2 -c "show ip ospf neighbor json" |
	jq '[.neighbors[][] | .upTimeInMsec // .lastPrgrsvChangeMsec // 0] | min')
sed 's/r1-r3/{between: [r1, r3], cost: 500}/' "$FILE" >"$WORLD/$L.net.yaml"
apply "$WORLD/$L.net.yaml"
_cost_is()
{
	vtysh r1 -c "show ip ospf interface r3" | grep -q "Cost: $1"
}
soon "the new cost is in use" _cost_is 500
same "the same daemon goes on" "$old" "$(_pid ospfd r1)"
check "its neighbours stayed" bash -c "[ $(vtysh r2 -c \
	"show ip ospf neighbor json" | jq '[.neighbors[][] |
	.upTimeInMsec // .lastPrgrsvChangeMsec // 0] | min') -gt $up ]"
same "vtysh runs in a router" r1 \
	"$(netdctl exec $L/r1 -- vtysh -c 'show running-config' |
	   sed -n 's/^hostname //p' | sort -u)"
plan_is_empty $L
check "down" netdctl down $L
nothing_left
check "no routing daemon is left" bash -c "! ls $WORLD/run/frr/* 2>/dev/null"
four_assertions "$FILE" "ip -n $L.r1 addr flush dev lo scope global" \
	"test -n \"\$(ip -n $L.r1 -4 addr show dev lo scope global)\""

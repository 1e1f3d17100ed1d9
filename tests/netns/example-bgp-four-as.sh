#!/bin/bash
# example-bgp-four-as.sh - BGP: providers, customers, and an AS with an inside
# one kernel: what it tests hardly depends on that
# one build: the daemons are FRR's, and what tells them has a unit test
# SPDX-License-Identifier: GPL-2.0-or-later
. "$(dirname "$0")/../lib.sh"

[ -x /usr/lib/frr/bgpd ] || skip "FRR is not installed"
FILE=$TOP/examples/bgp-four-as.net.yaml
L=bgp-four-as
CONVERGED=60

address()
{
	ip -n $L.$1 -j addr show | jq -r --arg f "$2" \
		'.[] | select(.ifname == "'"${3:-eth0}"'") | .addr_info[] |
		 select(.family == $f and .scope == "global") | .local' |
		head -n 1
}

_reach()
{
	reach $L.a "$1" icmp
}

vtysh()
{
	netdctl exec "$L/$1" -- vtysh -c "$2" 2>/dev/null
}

_path()
{
	[ "$(vtysh c3 "show ip bgp 10.4.0.0/24 json" |
	     jq -r '.paths[] | select(.bestpath.overall) | .aspath.string')" = "$1" ]
}

remember
start_netd
apply "$FILE"
must poll $CONVERGED _reach "$(address b inet)"
must poll $CONVERGED _reach "$(address b inet6)"
can $L.b "$(address a inet)" icmp
soon "the shorter path wins" _path "65002 65004"
plan_is_empty $L

# --- the short way is cut ---
must netdctl exec $L/c3 -- ip link set p2 down
can $L.a "$(address b inet)" icmp
poll $CONVERGED _path "65002 65004"
soon "it is plugged in again" _path "65002 65004"

# --- another AS for the customer: only what meets it is told ---
old=$(cat $WORLD/run/bgpd/$L.p1/pid)
sed 's/c3: {bgp: {as: 65003}/c3: {bgp: {as: 65033}/' "$FILE" >"$WORLD/$L.net.yaml"
apply "$WORLD/$L.net.yaml"
must poll $CONVERGED _reach "$(address b inet)"
_as_is()
{
	vtysh p1 "show ip bgp 10.3.0.0/24 json" |
		jq -e --arg n "$1" '[.paths[].aspath.string] | any(. == $n)' \
		>/dev/null
}
soon "its provider learns the new number" _as_is 65033
same "by the daemon that was there" "$old" "$(cat $WORLD/run/bgpd/$L.p1/pid)"
plan_is_empty $L
check "down" netdctl down $L
nothing_left

#!/bin/bash
# example-campus-routed.sh - twelve OSPF routers, two areas, both families
# one kernel: what it tests hardly depends on that
# one build: the daemons are FRR's
# SPDX-License-Identifier: GPL-2.0-or-later
. "$(dirname "$0")/../lib.sh"

[ -x /usr/lib/frr/zebra ] || skip "FRR is not installed"
FILE=$TOP/examples/campus-routed.net.yaml
L=campus-routed
CONVERGED=90
NODES="reader writer atom judge runner"

address()
{
	ip -n $L.$1 -j addr show | jq -r --arg f "$2" \
		'.[] | select(.ifname == "eth0") | .addr_info[] |
		 select(.family == $f and .scope == "global") | .local'
}

hops()
{
	in_ns $L.$1 ping -n -c 1 -W "$TRY" "$2" |
		sed -n 's/.*ttl=\([0-9]*\).*/\1/p'
}

remember
start_netd
apply "$FILE"
for to in $NODES; do
	for family in inet inet6; do
		must poll $CONVERGED reach $L.reader "$(address $to $family)" \
			icmp
	done
done
for from in $NODES; do
	for to in $NODES; do
		[ $from = $to ] ||
			can $L.$from "$(address $to inet6)" icmp
	done
done
# reader lib1 library core1 gym runner: four routers on the way
same "the cheap way is taken" 60 "$(hops reader "$(address runner inet)")"
plan_is_empty $L
must netdctl exec core1 -- ip link set library down
_by_the_other()
{
	reach $L.reader "$(address runner inet)" icmp &&
		ip -n $L.library route get "$(address runner inet)" |
		grep -q "dev core2"
}
must poll $CONVERGED _by_the_other
check "down" netdctl down $L
nothing_left

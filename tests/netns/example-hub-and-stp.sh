#!/bin/bash
# example-hub-and-stp.sh - a hub is heard by all; a loop through it is cut
# one build
# one kernel: what it tests is bridges' own
# SPDX-License-Identifier: GPL-2.0-or-later
. "$(dirname "$0")/../lib.sh"

FILE=$TOP/examples/hub-and-stp.net.yaml
L=hub-and-stp
SOON=$((SOON + 10))

address()
{
	ip -n $L.$1 -j addr show eth0 | jq -r '.[0].addr_info[] |
		select(.family == "inet") | .local'
}

_tree_stands()
{
	! bridge -n $L link show | grep -qE 'state (listening|learning|disabled)'
}

# What one hears of a's pings to b.
heard_by()
{
	netdctl capture "$L/$1:eth0" --timeout 1s -w "$WORLD/$1.pcapng" &
	local pid=$!
	must poll "$SOON" test -s "$WORLD/$1.pcapng"
	in_ns $L.a ping -q -c 5 -i 0.05 -W 1 "$(address b)" >/dev/null
	wait $pid
	tcpdump -n -r "$WORLD/$1.pcapng" 2>/dev/null |
		grep -c "$(address a) > $(address b): ICMP echo request"
}

remember
start_netd
apply "$FILE"
plan_is_empty "$FILE"
soon "the tree stands" _tree_stands
for to in b listener far; do
	can $L.a "$(address $to)" icmp
done
check "the loop is cut" eval \
	"bridge -n $L link show | grep -c 'state blocking' | grep -qx 1"
must in_ns $L.far ping -q -c 1 -W 1 "$(address b)" >/dev/null
got=$(heard_by listener)
_result $((got < 1)) "a third one at the hub hears what two others say" \
	"it heard $got"
sed 's/, mac-ageing: 0s//' "$FILE" >"$WORLD/$L.net.yaml"
apply "$WORLD/$L.net.yaml"
can $L.a "$(address b)" icmp
can $L.b "$(address a)" icmp
same "at a switch it hears nothing of that" 0 "$(heard_by listener)"
check "down" netdctl down $L
nothing_left

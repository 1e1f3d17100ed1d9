#!/bin/bash
# example-stp-ring.sh - three switches in a ring: cut, and cut elsewhere
# one build
# one kernel: what it tests is bridges' own
# SPDX-License-Identifier: GPL-2.0-or-later
. "$(dirname "$0")/../lib.sh"

FILE=$TOP/examples/stp-ring.net.yaml
L=stp-ring
SOON=$((SOON + 15))		# what was heard is believed for 6 s, and 2 + 2 s

address()
{
	ip -n $L.$1 -j addr show eth0 | jq -r '.[0].addr_info[] |
		select(.family == "inet") | .local'
}

# Ports that forward nothing.
blocked()
{
	bridge -n $L -j link show | jq -r '.[] | select(.state == "blocking") |
		.ifname' | sort | paste -sd' '
}

_blocks()
{
	[ "$(blocked)" = "$1" ]
}

_all_forward()
{
	! bridge -n $L link show | grep -qE 'state (listening|learning|disabled)'
}

remember
start_netd
apply "$FILE"
plan_is_empty "$FILE"
soon "the tree stands" _all_forward
soon "one port is cut off" _blocks ndl-s3.s2-s3
for from in a b c; do
	for to in a b c; do
		[ $from = $to ] || can $L.$from "$(address $to)" icmp
	done
done
# a frame to all comes once, and does not run for ever
before=$(ip -n $L -s -j link show nd-s1 | jq '.[0].stats64.rx.packets')
in_ns $L.b ping -q -b -c 3 -i 0.01 -W 0.1 10.31.0.255 >/dev/null 2>&1 || :
after=$(ip -n $L -s -j link show nd-s1 | jq '.[0].stats64.rx.packets')
_result $((after - before > 100)) "broadcasts do not circle" \
	"$before, then $after packets"

check "a cable is pulled" netdctl link s1-s2 down
soon "the other way round" reach $L.b "$(address a)" icmp
soon "nothing is cut off any more" _blocks ""
can $L.c "$(address b)" icmp
check "reset" netdctl reset $L
plan_is_empty "$FILE"
check "the cable is back" eval "bridge -n $L link show dev ndl-s1.s1-s2 |
	grep -v DOWN"
check "down" netdctl down $L
nothing_left

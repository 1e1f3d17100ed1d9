#!/bin/bash
# example-isolated.sh - three networks that reach neither each other nor the host
# one build: other tests reach that code
# one kernel: what it tests hardly depends on that
# SPDX-License-Identifier: GPL-2.0-or-later
. "$(dirname "$0")/../lib.sh"
. "$TESTS/site.sh"

FILE=$TOP/examples/isolated.net.yaml

first()
{
	ip -n "$1" -j addr show dev eth0 | jq -r --arg f "$2" \
		'.[0].addr_info[] | select(.family == $f and
		 .scope == "global") | .local' | head -n 1
}

run()
{
	local g green4 green6
	apply "$FILE"
	for g in red1 red2 green1 green2; do
		must poll "$SOON" eval "[ -n \"\$(first $g inet6)\" ]"
	done
	can red1 "$(first red2 inet)" icmp
	can red1 "$(first red2 inet)" tcp 80
	can red1 "$(first red2 inet6)" tcp 80
	can green1 "$(first green2 inet)" tcp 80
	must ip -n blue1 addr add 10.20.3.1/24 dev eth0
	must ip -n blue2 addr add 10.20.3.2/24 dev eth0
	can blue1 10.20.3.2 tcp 80
	# with routes of a guest's own making, and the host's neighbours known
	green4=$(first green1 inet) green6=$(first green1 inet6)
	must ip -n red1 route add default dev eth0
	must ip -n red1 -6 route add default dev eth0
	cannot red1 "$green4" tcp 80
	cannot red1 "$green6" tcp 80
	cannot red1 203.0.113.1 tcp 9999
	cannot red1 203.0.113.254 tcp 80
	cannot "" "$(first red1 inet)" tcp 80
	cannot outside "$(first red1 inet)" tcp 80
	must ip -n red1 route del default
	must ip -n red1 -6 route del default
	for g in red1 red2 green1 green2 blue1 blue2; do
		check "the host answers nobody on $g" \
			_no_router_on $g
	done
	check "down" netdctl down isolated
	nothing_left
}

# No address of the host is on that segment: nothing but netd's own guests.
_no_router_on()
{
	! ip -j addr show | jq -e --arg b "nd-${1%[12]}" \
		'.[] | select(.ifname == $b) | .addr_info[]' >/dev/null
}

outside
guests red1 red2 green1 green2 blue1 blue2
for g in red1 red2 green1 green2 blue1 blue2; do
	serve $g tcp 80
done
serve "" tcp 9999
start_netd
remember
run
for nf in $NF; do
	bridge_nf $nf
	remember
	run
done
four_assertions "$FILE" "ip link del nd-red" "reach red1 \$(first red2 inet) icmp"

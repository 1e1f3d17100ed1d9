#!/bin/bash
# example-class-of-20.sh - pods: the same network 20 times, apart from each other
# one kernel: what it tests hardly depends on that
# one build: the parts of a pod are tested elsewhere
# SPDX-License-Identifier: GPL-2.0-or-later
. "$(dirname "$0")/../lib.sh"

FILE=$TOP/examples/class-of-20.net.yaml
L=class-of-20

address()	# NODE FAMILY
{
	ip -n "$1" -j addr show dev eth0 | jq -r --arg f "$2" \
		'.[].addr_info[] | select(.family == $f and .scope == "global") |
		 .local'
}

macs()
{
	local p
	for p in $(seq 20); do
		ip -n $L-$p.a -j link show dev eth0 | jq -r '.[].address'
	done
}

remember
start_netd
apply "$FILE"
same "as many homes as pods" 20 "$(ip netns list | grep -c "^$L-[0-9]*\( \|$\)")"
rc=0
for p in $(seq 20); do
	[ "$(address $L-$p.a inet)" = "$(address $L-1.a inet)" ] || rc=1
	poll "$SOON" reach $L-$p.a "$(address $L-1.b inet)" icmp || rc=1
done
_result $rc "in each pod a reaches b, at the same addresses"
same "no MAC repeats" 20 "$(macs | sort -u | wc -l)"

# what one student breaks is nobody else's trouble
serve $L-7.b tcp 80
can $L-7.a "$(address $L-7.b inet)" tcp 80
cannot $L-3.a "$(address $L-3.b inet)" tcp 80
must ip -n $L-3.r1 link set lan2 down
can $L-7.a "$(address $L-7.b inet)" tcp 80

same "exec finds the node of a pod" $L-7.a \
	"$(netdctl exec a --pod 7 -- ip netns identify)"
same "with options first, too" $L-7.a \
	"$(netdctl exec --pod 7 a ip netns identify)"
same "and by the pod's name" "$(address $L-7.a inet)" \
	"$(netdctl exec $L-7/a -- ip -j addr show dev eth0 |
	   jq -r '.[].addr_info[] | select(.family == "inet") | .local')"
check_not "which of them is not guessed" netdctl exec a -- true
same "list tells them apart" 40 "$(netdctl list nodes --json |
	jq '[.items[] | .topology + "/" + .name] | unique | length')"

# fewer pods: the others stay as they are
index=$(ip -n $L-5.a -j link show dev eth0 | jq '.[].ifindex')
sed 's/^pods: 20/pods: [5, 7-9]/' "$FILE" >"$WORLD/$L.net.yaml"
apply "$WORLD/$L.net.yaml"
same "four are left" "$L-5 $L-7 $L-8 $L-9" \
	"$(ip netns list | awk '{ print $1 }' | grep "^$L-[0-9]*$" | sort |
	   tr '\n' ' ' | sed 's/ $//')"
same "and were not made anew" "$index" \
	"$(ip -n $L-5.a -j link show dev eth0 | jq '.[].ifindex')"
check "down" netdctl down $L
nothing_left
four_assertions "$FILE" "ip -n $L-4.r1 link del lan1" \
	"reach $L-4.a 10.2.0.1 icmp"

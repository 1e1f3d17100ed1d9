#!/bin/bash
# link-pods.sh - cables of one pod among others; several captures in one file
# one kernel
# one build
# SPDX-License-Identifier: GPL-2.0-or-later
. "$(dirname "$0")/../lib.sh"

L=lab

_down()
{
	ip -n "$L-$1.r1" link show "${2:-r2}" | grep -q 'state DOWN'
}

heard()
{
	tcpdump -n -r "$WORLD/c.pcapng" 2>/dev/null
}

remember
start_netd
cat >"$WORLD/$L.net.yaml" <<'END'
pods: [1, 7]
networks: {lan: {subnet: 10.1.0.0/24}}
routers: {r1: {networks: [lan]}, r2}
nodes: {a: {networks: [lan]}}
links:
  - {name: core, between: [r1, r2]}
  - {name: spare, between: [r1, r2], cost: 50}
END
apply "$WORLD/$L.net.yaml"
plan_is_empty "$WORLD/$L.net.yaml"
check_not "which pod?" netdctl link core down
check "one of them" netdctl link core down --pod 7
soon "is down" _down 7
check_not "the other one is not" _down 1
check "by the pod's name" netdctl link $L-1/core impair loss=100% --from r1
cannot $L-1.r1 "$(ip -n $L-1.r2 -j addr show r1 |
	jq -r '.[0].addr_info[] | select(.family == "inet") | .local')" icmp
plan_is_empty "$WORLD/$L.net.yaml"
kill_netd
start_netd
plan_is_empty "after a crash $WORLD/$L.net.yaml"
check "still down" _down 7
check "a pod is reset" netdctl reset $L --pod 7
check_not "it is up again" _down 7
check "the list tells of the other one's" eval \
	"netdctl list links --json | jq -e '[.items[] |
	select(.detail | test(\"loss 100%\")) | .topology] == [\"$L-1\"]'"
check "all are reset" netdctl reset $L
check_not "nothing is left of it" eval \
	"netdctl list links | grep -E 'loss|down'"
plan_is_empty "$WORLD/$L.net.yaml"

# two lines and a node of one pod, in one file
netdctl capture core spare a:eth0 --pod 7 -w "$WORLD/c.pcapng" --timeout 20s \
	--count 14 2>"$WORLD/counts" &
pid=$!
must poll "$SOON" test -s "$WORLD/c.pcapng"
for dev in r2 r2-2; do
	in_ns $L-7.r1 ping -q -c 3 -i 0.05 -W 1 -I $dev \
		"$(ip -n $L-7.r2 -j addr | jq -r ".[] | select(.ifname ==
		\"${dev/r2/r1}\") | .addr_info[] |
		select(.family == \"inet\") | .local")" >/dev/null
done
in_ns $L-1.a ping -q -c 2 -W 1 10.1.0.1 >/dev/null
in_ns $L-7.a ping -q -c 5 -i 0.05 -W 1 10.1.0.1 >/dev/null
check "a capture ends after so many packets" wait $pid
same "three interfaces are told of" "core spare a:eth0" \
	"$(grep -aoE 'core|spare|a:eth0' "$WORLD/c.pcapng" | head -n 3 |
	paste -sd' ')"
same "and none lost" 3 "$(grep -c ', 0 lost' "$WORLD/counts")"
same "all packets can be read" 14 "$(heard | grep -c .)"
check "those of the lines" eval "heard | grep -c 'echo reply' | grep -qx '[3-9]'"
check_not "a link that is none" netdctl capture none -w /dev/null
check_not "a node has more than one" netdctl capture a --pod 7 -w /dev/null
check_not "an interface that is none" netdctl capture a:eth9 --pod 7 -w /dev/null
check "who reads it may go" eval "timeout 10 $NETDCTL capture core --pod 7 -w - |
	head -c 8 | grep -q ."
check "down" netdctl down $L
nothing_left

#!/bin/bash
# check-lab-pods.sh - checks of all pods, or of one; steps are undone in each
# SPDX-License-Identifier: GPL-2.0-or-later
# one kernel
# one build
. "$(dirname "$0")/../lib.sh"

cat >"$WORLD/lab.net.yaml" <<'EOF'
networks:
  lan1: {subnet: 10.1.0.0/24, dhcp: true}
  lan3: {subnet: 10.3.0.0/24}
routers:
  r1: {networks: [lan1]}
  r2:
  r3: {networks: [lan3]}
nodes:
  a: {networks: [lan1]}
  c: {networks: [lan3]}
links: [r1-r2, r2-r3, {between: [r1, r3], cost: 30}]
pods: 2
checks:
  - {name: direct, from: a, to: c, path: [r1, r2, r3]}
  - {name: detour, from: a, to: c, path: [r1, r3], with: [link r1-r2 down]}
  - {name: lossy, from: a, to: c, expect: unreachable, with: [link r1-r2 impair loss=100%]}
  - {name: again, from: a, to: c, path: [r1, r2, r3]}
  - {name: lease, lease: a, within: 1s}
solution:
  r2: ["ip route add blackhole 10.9.0.0/16"]
EOF

results()
{
	netdctl check-lab lab --json "$@" | jq -r '.labs[] | .topology as $t |
		.checks[] | "\($t) \(.name) \(.pass)"'
}

remember
start_netd
apply "$WORLD/lab.net.yaml"
# one of them asks for a lease of its address
check "a client in pod 2" ip netns exec lab-2.a busybox udhcpc -i eth0 -n -q \
	-f -s /bin/true -t 5 -T 1
same "both pods" "lab-1 direct true
lab-1 detour true
lab-1 lossy true
lab-1 again true
lab-1 lease false
lab-2 direct true
lab-2 detour true
lab-2 lossy true
lab-2 again true
lab-2 lease true" "$(results)"
same "the cable is in again" 'up up' "$(for pod in 1 2; do
	ip -n lab-$pod.r1 -j link show r2 | jq -r '.[0].operstate'; done |
	tr '[:upper:]\n' '[:lower:] ' | sed 's/ $//')"
check "solve one" netdctl solve lab --pod 2
check_not "... not the other" eval \
	'ip -n lab-1.r2 route | grep -q blackhole'
check "... that one" eval 'ip -n lab-2.r2 route | grep -q blackhole'
check_not "there is no pod 3" netdctl check-lab lab --pod 3
check "down" netdctl down lab
nothing_left

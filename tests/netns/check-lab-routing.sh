#!/bin/bash
# check-lab-routing.sh - adjacencies as checks: FRR says whether they are up
# SPDX-License-Identifier: GPL-2.0-or-later
# one kernel
# one build
. "$(dirname "$0")/../lib.sh"

type -P vtysh >/dev/null || skip "FRR is not installed"

cat >"$WORLD/lab.net.yaml" <<'EOF'
networks:
  lan1: {subnet: 10.1.0.0/24}
  lan3: {subnet: 10.3.0.0/24}
routers:
  r1: {networks: [lan1], routing: [ospf, bgp], bgp: {as: 65001}}
  r2: {routing: [ospf, bgp], bgp: {as: 65001}}
  r3: {networks: [lan3]}
links: [r1-r2, r2-r3]
routing: ospf
pods: 2
checks:
  - {name: ospf, on: r1, neighbor: r2, protocol: ospf, within: 10s}
  - {name: bgp, on: r2, neighbor: r1, protocol: bgp, within: 15s}
  - {name: not-next-to, on: r1, neighbor: r3, protocol: ospf, within: 1s}
  - {name: learned, on: r1, route: 10.3.0.0/24, via: r2, within: 20s}
EOF

start_netd
apply "$WORLD/lab.net.yaml"
netdctl check-lab lab --json >"$WORLD/out"
same "adjacencies, in both pods" "lab-1 ospf true
lab-1 bgp true
lab-1 not-next-to false
lab-1 learned true
lab-2 ospf true
lab-2 bgp true
lab-2 not-next-to false
lab-2 learned true" "$(jq -r '.labs[] | .topology as $t | .checks[] |
	"\($t) \(.name) \(.pass)"' "$WORLD/out")"
# from here on there is nothing to wait for
must sed -i 's/within: [0-9]*s/within: 1s/' "$WORLD/lab.net.yaml"
apply "$WORLD/lab.net.yaml"
# who is no neighbour any more is told so, and only that pod's
_dead()
{
	! netdctl exec lab/r1 --pod 2 -- vtysh -c "show ip ospf neighbor" |
		grep -q Full
}
must in_ns lab-2.r2 nft add table ip deaf
must in_ns lab-2.r2 nft add chain ip deaf in \
	"{ type filter hook input priority 0; }"
must in_ns lab-2.r2 nft add rule ip deaf in ip protocol ospf drop
must in_ns lab-2.r2 nft add chain ip deaf out \
	"{ type filter hook output priority 0; }"
must in_ns lab-2.r2 nft add rule ip deaf out ip protocol ospf drop
must poll $((SOON * 4)) _dead
same "pod 2 is broken" false \
	"$(netdctl check-lab lab --pod 2 --json | jq '.labs[0].checks[0].pass')"
same "pod 1 is not" true \
	"$(netdctl check-lab lab --pod 1 --json | jq '.labs[0].checks[0].pass')"
check "down" netdctl down lab

#!/bin/bash
# example-broken-lab.sh - checks fail before the exercise is solved, pass after
# SPDX-License-Identifier: GPL-2.0-or-later
# one kernel
# one build
. "$(dirname "$0")/../lib.sh"

L=broken-lab
# what fails is waited for: not as long as a student would be
FILE=$WORLD/$L.net.yaml
sed '/^checks:/,/^solution:/s/- {name: /- {within: 3s, name: /' "$TOP/examples/$L.net.yaml" >"$FILE"

# verdicts: NAME=PASS|FAIL...
verdicts()
{
	netdctl check-lab "$@" --json >"$WORLD/answer"
	jq -r '.labs[].checks[] | .name + "=" + (if .pass then "PASS" else "FAIL" end)' \
		"$WORLD/answer" | tr '\n' ' '
}

remember
start_netd
check_not "no topology, no checks" netdctl check-lab $L
apply "$FILE"
same "before: only what works passes; what is cut off proves nothing" \
	"own-gateway=PASS route=FAIL across=FAIL by-the-core=FAIL no-telnet=PASS forwarding=PASS " \
	"$(verdicts $L)"
check_not "the exit code says so" netdctl check-lab $L
check "solve" netdctl solve $L
same "after: all pass" \
	"own-gateway=PASS route=PASS across=PASS by-the-core=PASS no-telnet=PASS forwarding=PASS " \
	"$(verdicts $L)"
same "points" "broken-lab  6/6      9/9" \
	"$(netdctl check-lab $L | tail -n 1)"
check "the exit code says so" netdctl check-lab $L

# what is switched off earns no points
serve $L.b tcp 23
can $L.a1 10.2.0.2 tcp 23
same "b's port 23 is open now" no-telnet=FAIL \
	"$(verdicts $L | tr ' ' '\n' | grep telnet)"
must in_ns $L.r1 nft add table ip deaf
must in_ns $L.r1 nft add chain ip deaf in \
	"{ type filter hook input priority 0; }"
must in_ns $L.r1 nft add rule ip deaf in iifname left drop
must in_ns $L.r1 nft add chain ip deaf through \
	"{ type filter hook forward priority 0; }"
must in_ns $L.r1 nft add rule ip deaf through drop
netdctl check-lab $L --tap >"$WORLD/tap"
check "TAP" grep -q '^not ok 5 - broken-lab/no-telnet' "$WORLD/tap"
check "... why" grep -q 'own gateway' "$WORLD/tap"
check "down" netdctl down $L
nothing_left

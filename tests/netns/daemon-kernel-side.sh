#!/bin/bash
# daemon-kernel-side.sh - the kernel side dies: at rest, in an apply, for good
# one build: other tests reach that code
# one kernel: what it tests hardly depends on that
# SPDX-License-Identifier: GPL-2.0-or-later
. "$(dirname "$0")/../lib.sh"

# A new one, that was started after PID
another()
{
	local now
	now=$(kernel_side) && [ -n "$now" ] && [ "$now" != "$1" ] &&
		netdctl status --json | jq -e '.converged' >/dev/null
}

topology()
{
	local i
	echo 'networks:'
	for i in $(seq "$1"); do
		echo "  n$i: {subnet: 10.1.$i.0/24, services: [22/tcp]}"
	done
	echo 'attachments:'
	for i in $(seq "$1"); do
		echo "  t$i: {network: n$i, type: tap, owner: nobody}"
	done
	echo '  g: {network: n1, type: veth, netns: guest, address: 10.1.1.10}'
}

ns guest
topology 30 >"$WORLD/k.net.yaml"
start_netd
apply "$WORLD/k.net.yaml"
can guest 10.1.1.1 icmp

# --- at rest ---
indexes=$(ip -o link | cut -d: -f1,2)
old=$(kernel_side)
kill -KILL "$old"
soon "it is started again" another "$old"
same "no link was made anew" "$indexes" "$(ip -o link | cut -d: -f1,2)"
plan_is_empty k
ip link del nd-n2
soon "the new one repairs too" test -e /sys/class/net/nd-n2
check "status counts the starts" bash -c \
	"'$NETDCTL' status --json | jq -e '.[\"kernel-side\"].starts == 2'"

# --- drift while it is dead ---
old=$(kernel_side)
kill -KILL "$old"
ip link del nd-n3
soon "what changed meanwhile is repaired" test -e /sys/class/net/nd-n3

# --- in the middle of an apply ---
topology 200 >"$WORLD/k.net.yaml"
netdctl apply "$WORLD/k.net.yaml" >"$WORLD/out" 2>&1 &
applying=$!
must poll "$SOON" test -e /sys/class/net/nd-n40
kill -KILL "$(kernel_side)"
wait $applying
check "the apply ends well" [ $? = 0 ]
check "all is there" test -e /sys/class/net/ndp-t200
soon "the plan is empty" _plan_is_empty

# --- the daemon too, in the middle of a removal ---
netdctl down k >"$WORLD/out" 2>&1 &
down=$!
must poll "$SOON" test ! -e /sys/class/net/ndp-t200
kill_netd
if wait $down; then
	start_netd
	soon "the removal was acknowledged, and is brought to its end" \
		bash -c '! ls /sys/class/net | grep -q ^nd'
	apply "$WORLD/k.net.yaml"
else
	start_netd
	soon "the removal was not acknowledged: all is there again" \
		test -e /sys/class/net/ndp-t200
fi
poll $((20 * SLOW)) _plan_is_empty
plan_is_empty k

# --- it dies again and again: later each time, and the API answers ---
kill_it()
{
	local p
	p=$(kernel_side) && kill -KILL "$p"
}
for i in 1 2 3 4; do
	must poll 20 kill_it
done
check "status answers while there is none" netdctl status
must poll 20 kernel_side

# --- at any moment of a look: nobody else need ask for it to come back ---
for i in $(seq 12); do
	old=$(kernel_side)
	ip addr add 192.0.2.$i/32 dev nd-n1
	kill -KILL "$old"
	must poll 20 another "$old"
done
poll 20 _plan_is_empty
plan_is_empty k
check "down" netdctl down k
check "traffic's rules are gone with it" \
	bash -c '! nft list tables | grep -q netd'

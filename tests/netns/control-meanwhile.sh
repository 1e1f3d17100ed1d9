#!/bin/bash
# control-meanwhile.sh - small changes don't wait for large ones
# one build: other tests reach that code
# alone
# one kernel: what it tests hardly depends on that
# SPDX-License-Identifier: GPL-2.0-or-later
. "$(dirname "$0")/../lib.sh"

small()
{
	cat >"$WORLD/small.net.yaml" <<Y
networks:
  a: {subnet: 10.8.1.0/24}
  b: {subnet: 10.8.2.0/24}
attachments:
  ga: {network: a, type: veth, netns: ga, address: 10.8.1.10}
  gb: {network: b, type: veth, netns: gb, address: 10.8.2.10}
policies:
  - {from: a, to: b, action: allow, protocol: tcp, ports: [$1]}
Y
}

big()
{
	local i
	echo 'networks:'
	for ((i = 0; i < $1; i++)); do
		echo "  n$i: {subnet: 10.$((20 + i / 250)).$((i % 250)).0/24, services: [22/tcp]}"
	done
	echo 'attachments:'
	for ((i = 0; i < $1; i++)); do
		echo "  t$i: {network: n$i, type: tap, owner: nobody}"
	done
}

now_ms()
{
	echo $((${EPOCHREALTIME/./} / 1000))
}

# A large request in the background; its exit code is in a file when it ends.
large()
{
	rm -f "$WORLD/ended"
	{
		netdctl "$@" >"$WORLD/out" 2>&1
		echo $? >"$WORLD/ended"
	} &
}

# It must not be over yet.
going_on()
{
	check "$1: the large one is still going on" test ! -e "$WORLD/ended"
}

ended()
{
	must poll $((60 * SLOW)) test -s "$WORLD/ended"
	[ "$(cat "$WORLD/ended")" = "$1" ]
}

# A removal is answered before the last link is gone.
removing()
{
	check "$1: the removal is still going on" bash -c \
		"ls /sys/class/net | grep -q '^nd-n'"
}

ns ga
ns gb
start_netd
small 80
apply "$WORLD/small.net.yaml"
serve gb tcp 80 81 82
can ga 10.8.2.10 tcp 80

big 600 >"$WORLD/big.net.yaml"
large apply "$WORLD/big.net.yaml"
must poll $((30 * SLOW)) test -e /sys/class/net/nd-n30
check "attach during a large apply" netdctl attach a --tap --owner nobody --name quick
going_on "attach"
check "the tap is there" test -e /sys/class/net/ndp-quick
small 81
check "a policy changes meanwhile" netdctl apply "$WORLD/small.net.yaml"
going_on "a policy"
check "it is in force" reach ga 10.8.2.10 tcp 81
cannot ga 10.8.2.10 tcp 80
check "list" netdctl list nodes
check "a refused change meanwhile" bash -c \
	"! '$NETDCTL' attach a --netns nonesuch --name no"
going_on "a refusal"
check "the large one ends well" ended 0
soon "all is as wanted" _plan_is_empty

index=$(cat /sys/class/net/nd-a/ifindex)
netdctl down big >"$WORLD/out" 2>&1 &
large=$!
must poll $((30 * SLOW)) bash -c '[ $(ls /sys/class/net | grep -c ndp-t) -lt 600 ]'
start=$(now_ms)
small 82
check "a policy changes during a large removal" netdctl apply "$WORLD/small.net.yaml"
echo "# it took $(($(now_ms) - start)) ms"
removing "a policy"
check "it is in force" reach ga 10.8.2.10 tcp 82
cannot ga 10.8.2.10 tcp 81
check "detach" netdctl detach quick
# what needs the whole host waits for the end
check "the same topology again waits" netdctl apply "$WORLD/big.net.yaml"
check "the removal ends well" ended 0
check "and it is there" test -e /sys/class/net/ndp-t599
soon "all is as wanted" _plan_is_empty
same "what is not concerned is the same" "$index" "$(cat /sys/class/net/nd-a/ifindex)"

# --- the large one fails in the end, and is undone: not the small one ---
sed 's/^networks:/namespace: host\nnetworks:/' big.net.yaml >bad.net.yaml
sed -i '1i name: big' bad.net.yaml
for i in $(seq 600 800); do
	sed -i "s/^attachments:/  n$i: {subnet: 10.30.$((i - 600)).0\/24}\n&/" bad.net.yaml
done
echo '  bad: {network: n1, type: tap, owner: no-such-user}' >>bad.net.yaml
large apply bad.net.yaml
must poll $((30 * SLOW)) test -e /sys/class/net/nd-n610
small 80
netdctl apply "$WORLD/small.net.yaml"
check "a large change with a refusal fails" ended 1
check "its networks are gone" poll $((60 * SLOW)) test ! -e /sys/class/net/nd-n610
check "those from before are there" test -e /sys/class/net/ndp-t599
can ga 10.8.2.10 tcp 80
cannot ga 10.8.2.10 tcp 82
plan_is_empty all
check "down" netdctl down --all

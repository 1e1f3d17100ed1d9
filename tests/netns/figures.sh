#!/bin/bash
# figures.sh - what safety costs, and what others feel of it
# alone
# one kernel: it measures
# one build: sanitizers would be what is measured
# SPDX-License-Identifier: GPL-2.0-or-later
#
# NETD_FIGURES=FILE: with 1,000 ports and networks, and what is measured goes
# there; without, with a few, and only what doesn't depend on the machine is
# required.
. "$(dirname "$0")/../lib.sh"

FORWARD=$WORLD/forward
PORTS=40 NETS=30
[ -z "${NETD_FIGURES:-}" ] || PORTS=1000 NETS=1000

# row WHAT LIMIT MEASURED
row()
{
	echo "# $1: $3 (at most $2)"
	[ -z "${NETD_FIGURES:-}" ] || echo "$1|$2|$3" >>"$NETD_FIGURES"
}

many_ports()
{
	local i j
	echo "networks:"
	for ((i = 0; i < PORTS; i += 100)); do
		echo "  m$i: {}"
	done
	echo "attachments:"
	for ((i = 0; i < PORTS; i += 100)); do
		for ((j = 0; j < 100 && i + j < PORTS; j++)); do
			echo "  p$((i + j)): {network: m$i, type: tap, owner: root}"
		done
	done
}

# A packet between two guests of one network: ns
bridged()
{
	in_ns "" "$FORWARD" "$1" "$2" "$3" 9 400 16 | cut -d ' ' -f 1
}

best()
{
	local i
	for i in 1 2 3 4 5; do
		bridged "$@"
	done | sort -g | head -n 1
}

anti_spoofing()
{
	local with without more
	cat >"$WORLD/cost.net.yaml" <<'YAML'
networks:
  g: {subnet: 10.1.0.0/24}
  n: {subnet: 10.2.0.0/24, anti-spoofing: false}
attachments:
  g1: {network: g, type: veth, netns: g1, address: 10.1.0.11}
  g2: {network: g, type: veth, netns: g2, address: 10.1.0.12}
  n1: {network: n, type: veth, netns: n1, address: 10.2.0.11}
  n2: {network: n, type: veth, netns: n2, address: 10.2.0.12}
YAML
	apply "$WORLD/cost.net.yaml"
	can g1 10.1.0.12 icmp
	can n1 10.2.0.12 icmp
	without=$(best n1 n2 10.2.0.12)
	with=$(best g1 g2 10.1.0.12)
	check "packets are counted" [ "${with%.*}" -gt 0 ]
	row "anti-spoofing, ns a frame" 1500 \
		"$(awk "BEGIN { printf \"%d\", $with - $without }")"
	many_ports >"$WORLD/many.net.yaml"
	apply "$WORLD/many.net.yaml"
	more=$(best g1 g2 10.1.0.12)
	row "a frame beside $PORTS ports, to one beside none" 1.2 \
		"$(awk "BEGIN { printf \"%.2f\", $more / $with }")"
}

is_converged()
{
	netdctl status --json | jq -e .converged
}

# A start with nothing to do writes nothing to the kernel.
restart()
{
	local begin ms best=999999 i writes
	must poll $((60 * SLOW)) is_converged
	for i in 1 2 3; do
		stop_netd
		begin=${EPOCHREALTIME/./}
		"$NETD" --config-dir "$CONF" --state-dir "$STATE" --socket \
			"$NETD_SOCKET" >>"$WORLD/netd.log" 2>&1 &
		netd_pid=$!
		must poll $((30 * SLOW)) is_converged
		ms=$(((${EPOCHREALTIME/./} - begin) / 1000))
		[ $ms -gt $best ] || best=$ms
	done
	row "a restart with nothing to do, $PORTS ports, ms" 100 $best
	stop_netd
	ip monitor link address route >"$WORLD/links" 2>&1 &
	monitors=$!
	nft monitor >"$WORLD/rules" 2>&1 &
	monitors="$monitors $!"
	# what is seen is what comes between two marks
	must poll "$SOON" mark first
	start_netd
	must poll $((60 * SLOW)) is_converged
	check "control: what is written is seen" poll "$SOON" mark last
	# tables whose owner died are taken back, which changes nothing in them
	writes=$(cat <(between "$WORLD/links" 192.0.2.) \
		<(between "$WORLD/rules" mark- | grep -v '^add table \|^#') |
		wc -l)
	check "a restart writes nothing to the kernel ($writes)" [ "$writes" = 0 ]
	[ "$writes" = 0 ] || between "$WORLD/links" 192.0.2. | head
	row "a restart with nothing to do, netlink writes" 0 "$writes"
	kill $monitors
	wait $monitors
	nft delete table ip mark-first
	nft delete table ip mark-last
}

# An address and a table, seen by both monitors: written until they are.
mark()
{
	local a=192.0.2.1
	[ "$1" = first ] || a=192.0.2.2
	ip addr del $a/32 dev lo
	ip addr add $a/32 dev lo
	nft delete table ip "mark-$1"
	nft add table ip "mark-$1"
	grep -q "$a" "$WORLD/links" && grep -q "mark-$1" "$WORLD/rules"
} 2>/dev/null

# The lines of FILE after the last one of the first mark, before the next mark
between()
{
	awk -v m="$2" -v first="${2}1" -v named="${2}first" '
		index($0, first) || index($0, named) { n = 0; next }
		index($0, m) { exit }
		{ line[++n] = $0 }
		END { for (i = 1; i <= n; i++) print line[i] }' "$1"
}

# Somebody who only wants to change a link of his own.
worst_wait()
{
	python3 - <<'EOP'
import socket, struct, time, os
s = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)
worst = 0
while not os.path.exists("stop"):
    # RTM_SETLINK of lo, up, with an acknowledgement
    m = struct.pack("=IHHIIBBHiII", 32, 19, 5, 1, 0, 0, 0, 0, 1, 1, 1)
    begin = time.monotonic()
    s.send(m)
    s.recv(4096)
    worst = max(worst, time.monotonic() - begin)
    time.sleep(0.001)
print(int(worst * 1000))
EOP
}

teardown()
{
	local i waiter worst
	{
		echo "networks:"
		for ((i = 0; i < NETS; i++)); do
			echo "  t$i: {subnet: 10.$((64 + i / 256)).$((i % 256)).0/24}"
		done
		echo "attachments:"
		for ((i = 0; i < NETS; i++)); do
			echo "  q$i: {network: t$i, type: tap, owner: root}"
		done
	} >"$WORLD/tear.net.yaml"
	apply "$WORLD/tear.net.yaml"
	must poll $((60 * SLOW)) is_converged
	worst_wait >"$WORLD/worst" &
	waiter=$!
	must netdctl down tear >/dev/null
	must poll $((300 * SLOW)) eval '! ip link show type bridge |
		grep -q ": nd-t"'
	touch "$WORLD/stop"
	wait $waiter
	worst=$(cat "$WORLD/worst")
	check "another's request is answered meanwhile" [ -n "$worst" ]
	row "others wait while $NETS networks go, ms" 200 "$worst"
}

must cc -O2 -o "$FORWARD" "$TESTS/bench/forward.c"
ns g1
ns g2
ns n1
ns n2
start_netd
anti_spoofing
restart
teardown

#!/bin/bash
# graph-static.sh - a graph of routers: who reaches whom, as the graph says
# one kernel: what it tests hardly depends on that
# one build: the graph has a unit test
# SPDX-License-Identifier: GPL-2.0-or-later
#
# NETD_TEST_GRAPH=N routers (24); two parts that no link joins.
. "$(dirname "$0")/../lib.sh"

type -P fping >/dev/null || skip "fping is not installed"
N=${NETD_TEST_GRAPH:-24}
L=graph

# A ring of the first two thirds with chords, and a tree of the rest
topology()
{
	awk -v n="$N" 'BEGIN {
		srand(7)
		m = int(2 * n / 3)
		print "name: graph\nnamespace: graph"
		print "defaults: {router: {loopback: auto}}\nrouters:"
		for (i = 1; i <= n; i++)
			printf "  r%d: {}\n", i
		print "links:"
		for (i = 1; i <= m; i++)
			link(i, i % m + 1)
		for (i = 1; i <= m / 4; i++) {
			a = int(rand() * m) + 1; b = int(rand() * m) + 1
			if (a != b)
				link(a, b)
		}
		for (i = m + 2; i <= n; i++)
			link(m + int((i - m) / 2), i)
	}
	function link(a, b) {
		if (seen[a, b] || seen[b, a])
			return
		seen[a, b] = 1
		printf "  - {name: l%d-%d, between: [r%d, r%d], " \
		       "subnet6: auto, cost: %d}\n", a, b, a, b,
		       int(rand() * 20) + 1
	}'
}

loopbacks()	# -4|-6
{
	local i
	for ((i = 1; i <= N; i++)); do
		ip -n $L.r$i "$1" -o addr show dev lo scope global |
			awk '{ sub("/.*", "", $4); print $4 }'
	done
}

# Who answers r$1, of those whose addresses are in the file $2, by number
answers()
{
	in_ns $L.r$1 fping -a -q -r 2 -t 500 -i 1 -f "$2" 2>/dev/null |
		awk 'NR == FNR { n[$1] = FNR; next } { print n[$1] }' "$2" - |
		sort -n | tr '\n' ' '
}

topology >"$WORLD/$L.net.yaml"
start_netd
apply "$WORLD/$L.net.yaml"
plan_is_empty $L
m=$((2 * N / 3))
first=$(seq 1 $m | tr '\n' ' ')
second=$(seq $((m + 1)) "$N" | tr '\n' ' ')
for family in -4 -6; do
	loopbacks $family >"$WORLD/all$family"
	same "$N loopbacks ($family)" "$N" "$(wc -l <"$WORLD/all$family")"
	rc=0 i=0
	for ((i = 1; i <= N; i++)); do
		want=$second
		[ $i -gt $m ] || want=$first
		[ "$(answers $i "$WORLD/all$family")" = "$want" ] && continue
		rc=1
		echo "    r$i hears $(answers $i "$WORLD/all$family")"
	done
	_result $rc "each pair of routers reaches or not, as linked ($family)"
done
check "down" netdctl down $L

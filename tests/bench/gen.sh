#!/bin/sh
# gen.sh - prints a topology for the benchmarks
# SPDX-License-Identifier: GPL-2.0-or-later
#
#	gen.sh [-n NETWORKS] [-a ATTACHMENTS] [-s SPACES] [-t TAPS] [-p POLICIES]
#	       [-x FIRST] [-N NAME] [-q ACTION] [-Q ACTION]
#
# NETWORKS networks, from number FIRST (1), of ATTACHMENTS (4) veths each,
# whose peers are in the namespaces c1 to cSPACES (4) in turn; one tap in each
# of the first TAPS (0) networks; POLICIES (one a network) from each network to
# the next: tcp to ports that no other policy has.  -q adds two networks with a
# guest each in the namespaces qa and qb, and in the middle of the policies one
# from qa to qb's UDP port 9 that does ACTION; -Q the same with ra and rb.
set -eu
n=1000 a=4 s=4 t=0 p=-1 x=1 name=many action= pair=q
while getopts n:a:s:t:p:x:N:q:Q: o; do
	case $o in
	n) n=$OPTARG ;;
	a) a=$OPTARG ;;
	s) s=$OPTARG ;;
	t) t=$OPTARG ;;
	p) p=$OPTARG ;;
	x) x=$OPTARG ;;
	N) name=$OPTARG ;;
	q) action=$OPTARG ;;
	Q) action=$OPTARG pair=r ;;
	*) exit 2 ;;
	esac
done
[ "$p" -ge 0 ] || p=$n
awk -v n="$n" -v a="$a" -v s="$s" -v t="$t" -v p="$p" -v x="$x" \
	-v name="$name" -v action="$action" -v q="$pair" '
function probe(end, third) {
	printf "  %s%s: {subnet: 10.200.%d.0/24}\n", q, end, third
}

function guest(end, third) {
	printf "  %s%s1: {network: %s%s, type: veth, netns: %s%s, " \
	       "ifname: eth0, address: 10.200.%d.10}\n",
	       q, end, q, end, q, end, third
}

function verdict() {
	printf "  - {from: %sa, to: %sb, protocol: udp, ports: [9], " \
	       "action: %s}\n", q, q, action
}

BEGIN {
	second = q == "q" ? 1 : 3
	print "name: " name
	print "networks:"
	for (i = x; i < x + n; i++)
		printf "  n%d: {subnet: 10.%d.%d.0/24, " \
		       "subnet6: \"fd00:64:%x::/64\", gateway: 10.%d.%d.1}\n",
		       i, 64 + int(i / 256), i % 256, i,
		       64 + int(i / 256), i % 256
	if (action) {
		probe("a", second - 1)
		probe("b", second)
	}
	if (n * a + t > 0 || action)
		print "attachments:"
	for (i = x; i < x + n; i++)
		for (k = 1; k <= a; k++)
			printf "  p%d-%d: {network: n%d, type: veth, " \
			       "netns: c%d, ifname: e%d-%d, " \
			       "address: 10.%d.%d.%d, default-route: false}\n",
			       i, k, i, (k - 1) % s + 1, i, k,
			       64 + int(i / 256), i % 256, 10 + k
	for (i = x; i < x + t; i++)
		printf "  t%d: {network: n%d, type: tap, owner: nobody}\n",
		       i, i
	if (action) {
		guest("a", second - 1)
		guest("b", second)
	}
	if (n < 2)
		p = 0
	if (p > 0 || action)
		print "policies:"
	for (i = 0; i < p; i++) {
		if (action && i == int(p / 2))
			verdict()
		from = x + i % n
		to = x + (i + 1) % n
		printf "  - {from: n%d, to: n%d, protocol: tcp, " \
		       "ports: [%d]}\n", from, to, 1000 + int(i / n) * 2
	}
	if (action && !p)
		verdict()
}'

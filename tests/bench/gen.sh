#!/bin/sh
# gen.sh - prints a topology for the benchmarks
# SPDX-License-Identifier: GPL-2.0-or-later
#
#	gen.sh [-n NETWORKS] [-a ATTACHMENTS] [-s SPACES] [-t TAPS] [-p POLICIES]
#	       [-x FIRST] [-N NAME] [-A ACTION]
#
# NETWORKS networks, from number FIRST (1), of ATTACHMENTS (4) veths each,
# whose peers are in the namespaces c1 to cSPACES (4) in turn; one tap in each
# of the first TAPS (0) networks; POLICIES (one a network) from each network to
# the next: tcp to ports that no other policy has.  ACTION (allow) is the
# first policy's.
set -eu
n=1000 a=4 s=4 t=0 p=-1 x=1 name=many action=allow
while getopts n:a:s:t:p:x:N:A: o; do
	case $o in
	n) n=$OPTARG ;;
	a) a=$OPTARG ;;
	s) s=$OPTARG ;;
	t) t=$OPTARG ;;
	p) p=$OPTARG ;;
	x) x=$OPTARG ;;
	N) name=$OPTARG ;;
	A) action=$OPTARG ;;
	*) exit 2 ;;
	esac
done
[ "$p" -ge 0 ] || p=$n
awk -v n="$n" -v a="$a" -v s="$s" -v t="$t" -v p="$p" -v x="$x" \
	-v name="$name" -v action="$action" 'BEGIN {
	print "name: " name
	print "networks:"
	for (i = x; i < x + n; i++)
		printf "  n%d: {subnet: 10.%d.%d.0/24, " \
		       "subnet6: \"fd00:64:%x::/64\", gateway: 10.%d.%d.1}\n",
		       i, 64 + int(i / 256), i % 256, i,
		       64 + int(i / 256), i % 256
	if (a + t > 0)
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
	if (p > 0 && n > 1)
		print "policies:"
	for (i = 0; i < p && n > 1; i++) {
		from = x + i % n
		to = x + (i + 1) % n
		printf "  - {from: n%d, to: n%d, protocol: tcp, " \
		       "ports: [%d], action: %s}\n", from, to,
		       1000 + int(i / n) * 2, i ? "allow" : action
	}
}'

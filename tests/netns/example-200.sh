#!/bin/bash
# example-200.sh - 200 generated networks, one policy each
# one build: other tests reach that code
# alone
# one kernel: what it tests hardly depends on that
# SPDX-License-Identifier: GPL-2.0-or-later
. "$(dirname "$0")/../lib.sh"

N=200
FILE=$WORLD/many.net.yaml
"$TOP/examples/generate-200" $N >"$FILE"

for i in $(seq $N); do
	ns m$i
done
for i in 1 2 3 100 101 200; do
	serve m$i tcp 80 81
done
remember
start_netd
address()
{
	ip -n m$1 -j addr show dev eth0 |
		jq -r '.[0].addr_info[] | select(.family == "inet") | .local'
}
apply "$FILE"
for pair in 1:2 2:3 100:101 200:1; do
	can m${pair%:*} "$(address ${pair#*:})" tcp 80
	cannot m${pair%:*} "$(address ${pair#*:})" tcp 81
	cannot m${pair#*:} "$(address ${pair%:*})" tcp 80
done
cannot m1 "$(address 3)" tcp 80
plan_is_empty "$FILE"
check "down" netdctl down many
# each bridge is 20 ms of the kernel's
SOON=$((30 * SLOW * BUSY))
nothing_left

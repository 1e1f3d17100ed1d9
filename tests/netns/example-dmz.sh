#!/bin/bash
# example-dmz.sh - one-to-one and a pool of source addresses
# one build: other tests reach that code
# one kernel: what it tests hardly depends on that
# SPDX-License-Identifier: GPL-2.0-or-later
. "$(dirname "$0")/../lib.sh"
. "$TESTS/site.sh"

FILE=$TOP/examples/dmz.net.yaml

outside
guests www vpn desk
serve www tcp 80 443 22
serve vpn tcp 80 22
serve vpn udp 1194
serve desk tcp 80
remember
start_netd
apply "$FILE"
matrix <<'END'
outside 203.0.113.10 tcp 80 yes
outside 203.0.113.10 tcp 443 yes
outside 203.0.113.10 tcp 22 no
outside 203.0.113.11 udp 1194 yes
outside 203.0.113.11 tcp 80 no
desk 10.30.0.10 tcp 22 yes
desk 10.30.0.10 tcp 80 rejected
www 10.31.0.10 tcp 80 rejected
desk 203.0.113.254 tcp 80 yes
END
seen_as "www goes out as its own address" 203.0.113.10 \
	www 203.0.113.254 tcp 80
seen_as "vpn too" 203.0.113.11 vpn 203.0.113.254 tcp 80
check "desk goes out by the pool" eval \
	'[[ $(reach desk 203.0.113.254 tcp 80) =~ 203.0.113.2[0-3] ]]'
must ip -n outside addr add 10.99.0.1/32 dev lo
must ip -n outside route add 10.31.0.0/24 via 203.0.113.1
seen_as "but as itself to what is excepted" 10.31.0.10 desk 10.99.0.1 tcp 80
check "the public addresses are on the uplink" eval \
	'ip addr show dev eth0 | grep -q 203.0.113.10/'
check "down" netdctl down dmz
nothing_left
four_assertions "$FILE" "ip addr del 203.0.113.10/24 dev eth0 2>/dev/null ||
	ip addr del 203.0.113.10/32 dev eth0" \
	"reach outside 203.0.113.10 tcp 80 &&
	ip addr show dev eth0 | grep -q 203.0.113.10/"

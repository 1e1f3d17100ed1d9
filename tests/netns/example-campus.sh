#!/bin/bash
# example-campus.sh - the campus: every cell of who may reach whom, two families
# SPDX-License-Identifier: GPL-2.0-or-later
. "$(dirname "$0")/../lib.sh"
. "$TESTS/site.sh"

FILE=$TOP/examples/campus.net.yaml

outside
guests web1 db1 pc1 mail proxy
for g in web1 db1 pc1 mail proxy; do
	serve $g tcp 22 80 443 5432 9999
	serve $g udp 53
done
serve "" tcp 22 9999
remember
start_netd

apply "$FILE"
matrix <<'END'
web1 10.2.0.10 tcp 5432 yes
web1 fd00:2::10 tcp 5432 yes
web1 10.2.0.10 tcp 9999 no
web1 fd00:2::10 tcp 22 no
web1 10.3.0.10 tcp 80 no
web1 203.0.113.254 tcp 80 yes
web1 2001:db8::254 tcp 80 yes
web1 203.0.113.254 tcp 25 yes
db1 10.1.0.10 tcp 80 rejected
db1 fd00:1::10 tcp 80 rejected
db1 203.0.113.254 tcp 80 rejected
db1 2001:db8::254 tcp 80 no
pc1 10.1.0.10 tcp 80 yes
pc1 fd00:1::10 tcp 443 yes
pc1 10.1.0.10 tcp 22 rejected
pc1 10.4.0.10 tcp 443 yes
pc1 fd00:4::11 tcp 80 yes
pc1 10.2.0.10 tcp 5432 rejected
pc1 203.0.113.254 tcp 25 rejected
pc1 2001:db8::254 tcp 25 rejected
pc1 203.0.113.254 tcp 80 yes
pc1 10.3.0.1 tcp 22 yes
pc1 10.3.0.1 tcp 9999 no
pc1 fd00:3::1 tcp 22 yes
pc1 10.1.0.1 tcp 22 no
web1 10.1.0.1 tcp 22 no
mail 10.1.0.10 tcp 80 yes
mail fd00:1::10 tcp 80 yes
proxy 10.1.0.10 tcp 80 rejected
mail 10.4.0.11 tcp 80 no
mail fd00:4::11 tcp 80 no
outside 203.0.113.1 tcp 8080 yes
outside 2001:db8::1 tcp 8080 yes
outside 203.0.113.1 tcp 9999 yes
pc1 203.0.113.1 tcp 8080 yes
web1 203.0.113.1 tcp 8080 yes
host 203.0.113.1 tcp 8080 yes
host 10.1.0.10 tcp 80 yes
END
can pc1 10.1.0.10 icmp
can pc1 10.2.0.10 icmp
cannot web1 10.2.0.10 icmp
can web1 10.1.0.1 icmp
seen_as "web1 is seen behind the uplink" 203.0.113.1 \
	web1 203.0.113.254 tcp 80
seen_as "and in IPv6" 2001:db8::1 web1 2001:db8::254 tcp 80
seen_as "between networks nothing is translated" 10.1.0.10 \
	web1 10.2.0.10 tcp 5432
check "the outside can't reach past the NAT" must ip -n outside \
	route add 10.1.0.0/16 via 203.0.113.1
cannot outside 10.1.0.10 tcp 80
can outside 203.0.113.1 icmp
must ip -n outside route del 10.1.0.0/16
nft flush ruleset
soon "a foreign flush of all rules opens and cuts nothing for long" eval \
	"reach web1 10.2.0.10 tcp 5432 && refused web1 10.2.0.10 tcp 22"
check "down" netdctl down campus
nothing_left

four_assertions "$FILE" "ip link del ndp-web1" \
	"reach web1 10.2.0.10 tcp 5432 && ! reach web1 10.2.0.10 tcp 22"

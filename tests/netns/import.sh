#!/bin/bash
# import.sh - what is imported is in force as it was there: packets go so
# SPDX-License-Identifier: GPL-2.0-or-later
# one kernel
# one build
. "$(dirname "$0")/../lib.sh"

GOLDEN=$TOP/tests/golden/import

# imported FORMAT CASE NAME: $WORLD/NAME.net.yaml
imported()
{
	check "import $1 $2" netdctl import "$1" "$GOLDEN/$2.$1" \
		-o "$WORLD/$3.net.yaml"
}

a_loopback()
{
	ip -n "$1" -j addr show | jq -r '[.[] | select(.ifname != "lo") |
		.addr_info[] | select(.family == "inet")][0].local'
}

remember
start_netd

imported graphml zoo Nordring
same "the same file twice is the same topology" \
	"$(sha256sum <"$WORLD/Nordring.net.yaml")" \
	"$(netdctl import graphml "$GOLDEN/zoo.graphml" 2>/dev/null |
		sha256sum)"
apply "$WORLD/Nordring.net.yaml"
# the ring and the hyperedge; what hangs together by nothing else doesn't
for to in Lubeck-Travemunde Alborg Alborg-2 n4 n42; do
	can Nordring.Hamburg "$(a_loopback Nordring.$to)" icmp
done
cannot Nordring.Hamburg "$(a_loopback Nordring.host-1)" icmp
can Nordring.host-1 "$(a_loopback Nordring.quoted-and-broken)" icmp
same "parallel links are two" 2 "$(ip -n Nordring.Hamburg -o link |
	grep -c 'Lubeck')"
check "down" netdctl down Nordring
nothing_left

imported containerlab lab two-sites
apply "$WORLD/two-sites.net.yaml"
can two-sites.pc1 192.168.20.10 icmp
can two-sites.pc2 192.168.10.10 icmp
can two-sites.pc1 fd00:10::1 icmp
can two-sites.srl-1 10.0.13.0 icmp
same "the MTU of the link" 1400 \
	"$(ip -n two-sites.frr1 -j link show eth1 | jq '.[].mtu')"
check "an end is in the host" ip link show pc1-eth2
check "down" netdctl down two-sites
nothing_left

imported libvirt nat default-1
check "check" netdctl check "$WORLD/default-1.net.yaml"
check_not "not XML" netdctl import libvirt "$GOLDEN/lab.containerlab"
check_not "no such format" netdctl import visio "$GOLDEN/zoo.graphml"

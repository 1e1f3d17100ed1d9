#!/bin/bash
# rules-guard.sh - what a hostile guest writes on its wire stays there
# SPDX-License-Identifier: GPL-2.0-or-later
. "$(dirname "$0")/../lib.sh"
. "$TESTS/site.sh"
. "$TESTS/frames.sh"

A1=020000000a01 A2=020000000a02 A3=020000000a03 GW=020000000aff
BC=ffffffffffff
G1=fd000001000000000000000000000011 G2=fd000001000000000000000000000012
GG=fd000001000000000000000000000001
L1=fe8000000000000000000000000000a1 L2=fe8000000000000000000000000000a2
ALL=ff020000000000000000000000000001 M1=333300000001
END=0e0d0e0d0e0d

topology()
{
	guests a1 a2 a3
	cat >"$WORLD/guard.net.yaml" <<'YAML'
networks:
  a: {mode: nat, subnet: 10.1.0.0/24, subnet6: "fd00:1::/64", mac: "02:00:00:00:0a:ff"}
attachments:
  a1: {network: a, type: veth, netns: a1, mac: "02:00:00:00:0a:01", address: 10.1.0.11, address6: "fd00:1::11"}
  a2: {network: a, type: veth, netns: a2, mac: "02:00:00:00:0a:02", address: 10.1.0.12, address6: "fd00:1::12"}
  a3: {network: a, type: veth, netns: a3, mac: "02:00:00:00:0a:03", address: 10.1.0.13, address6: "fd00:1::13", anti-spoofing: false}
YAML
	apply "$WORLD/guard.net.yaml"
	plan_is_empty "$WORLD/guard.net.yaml"
	can a1 10.1.0.12 icmp
	can a2 fd00:1::11 icmp
	can a1 10.1.0.1 icmp
}

# NAME HEX, one a line.  Some are sent to the peer's MAC, since a bridge that
# snoops passes no odd multicast.
attacks()
{
	local e6=86dd ext=3a00010400000000
	local na=$(nd_na $GG 0201$A1) ns=$(nd_ns $G2 0101$A1)
	local ra=86000000400807080000000000000000
	cat <<EOF
arp-gateway $(eth $BC $A1 0806)$(arp 2 $A1 10.1.0.1 $BC 10.1.0.1)
arp-peer $(eth $BC $A1 0806)$(arp 1 $A1 10.1.0.12 $BC 10.1.0.12)
arp-foreign-sha $(eth $BC $A1 0806)$(arp 2 $A3 10.1.0.11 $BC 10.1.0.11)
arp-foreign-ether $(eth $BC $A3 0806)$(arp 2 $A1 10.1.0.11 $BC 10.1.0.11)
arp-vlan0 $(eth $BC $A1 8100)00000806$(arp 2 $A1 10.1.0.1 $BC 10.1.0.1)
arp-vlan00 $(eth $BC $A1 8100)0000810000000806$(arp 2 $A1 10.1.0.1 $BC 10.1.0.1)
arp-ad0 $(eth $BC $A1 88a8)00000806$(arp 2 $A1 10.1.0.1 $BC 10.1.0.1)
arp-ad0-vlan0 $(eth $BC $A1 88a8)0000810000000806$(arp 2 $A1 10.1.0.1 $BC 10.1.0.1)
arp-probe-of-peer $(eth $BC $A1 0806)$(arp 1 $A1 0.0.0.0 000000000000 10.1.0.12)
arp-vlan5 $(eth $BC $A1 8100)00050806$(arp 2 $A1 10.1.0.1 $BC 10.1.0.1)
arp-snap $(eth $BC $A1 0024)aaaa030000000806$(arp 2 $A1 10.1.0.1 $BC 10.1.0.1)
rarp $(eth $BC $A1 8035)$(arp 3 $A1 10.1.0.11 $BC 10.1.0.11)
ethertype $(eth $BC $A1 88b5)00112233445566778899
foreign-mac $(eth $A2 $A3 0800)$(v4 10.1.0.11 10.1.0.12 17 "$(udp 9 9 aa01)")
ip-of-peer $(eth $A2 $A1 0800)$(v4 10.1.0.13 10.1.0.12 17 "$(udp 9 9 aa02)")
ip-of-gateway $(eth $A2 $A1 0800)$(v4 10.1.0.1 10.1.0.12 17 "$(udp 9 9 aa03)")
ip-zero $(eth $A2 $A1 0800)$(v4 0.0.0.0 10.1.0.12 17 "$(udp 9 9 aa04)")
ip-broadcast $(eth $A2 $A1 0800)$(v4 255.255.255.255 10.1.0.12 17 "$(udp 9 9 aa05)")
ip-vlan0 $(eth $A2 $A1 8100)00000800$(v4 10.1.0.13 10.1.0.12 17 "$(udp 9 9 aa06)")
ip6-of-peer $(eth $A2 $A1 $e6)$(v6 $G2 $G2 17 "$(udp 9 9 aa07)")
ip6-of-gateway $(eth $A2 $A1 $e6)$(v6 $GG $G2 17 "$(udp 9 9 aa08)")
ip6-elsewhere $(eth $A2 $A1 $e6)$(v6 fd000099000000000000000000000001 $G2 17 "$(udp 9 9 aa09)")
na-gateway $(eth $M1 $A1 $e6)$(v6 $G1 $ALL 58 "$na")
na-foreign-mac $(eth $M1 $A1 $e6)$(v6 $G1 $ALL 58 "$(nd_na $G1 0201$A3)")
na-wrong-option $(eth $M1 $A1 $e6)$(v6 $G1 $ALL 58 "$(nd_na $G1 0101$A1)")
na-two-options $(eth $M1 $A1 $e6)$(v6 $G1 $ALL 58 "$(nd_na $G1 0201${A1}0201$A3)")
na-source-option-first $(eth $M1 $A1 $e6)$(v6 $G1 $ALL 58 "$(nd_na $G1 0101${A1}0201$A3)")
na-behind-dstopts $(eth $M1 $A1 $e6)$(v6 $G1 $ALL 60 "$ext$na")
na-vlan0 $(eth $A2 $A1 8100)0000$e6$(v6 $G1 $ALL 58 "$na")
ns-foreign-mac $(eth $M1 $A1 $e6)$(v6 $G1 $ALL 58 "$(nd_ns $G2 0101$A3)")
ns-from-gateway $(eth $M1 $A1 $e6)$(v6 $GG $ALL 58 "$ns")
dad-of-peer $(eth $M1 $A1 $e6)$(v6 "$(printf %032d 0)" $ALL 58 "$(nd_ns $G2)")
ra $(eth $M1 $A1 $e6)$(v6 $L1 $ALL 58 "$ra")
ra-unicast $(eth $A2 $A1 $e6)$(v6 $L1 $G2 58 "$ra")
ra-hopbyhop $(eth $A2 $A1 $e6)$(v6 $L1 $ALL 0 "$ext$ra")
ra-dstopts $(eth $M1 $A1 $e6)$(v6 $L1 $ALL 60 "$ext$ra")
ra-vlan0 $(eth $A2 $A1 8100)0000$e6$(v6 $L1 $ALL 58 "$ra")
ra-vlan00 $(eth $A2 $A1 8100)000081000000$e6$(v6 $L1 $ALL 58 "$ra")
ra-first-fragment $(eth $M1 $A1 $e6)$(v6 $L1 $ALL 44 "3c000001000000033a00010400000000")
ra-atomic $(eth $M1 $A1 $e6)$(v6 $L1 $ALL 44 "3a00000000000001$ra")
ra-second-fragment $(eth $M1 $A1 $e6)$(v6 $L1 $ALL 44 "3c00000800000002$ra")
redirect6 $(eth $A2 $A1 $e6)$(v6 $L1 $G2 58 "8900000000000000$GG$GG")
redirect4 $(eth $A2 $A1 0800)$(v4 10.1.0.11 10.1.0.12 1 "050100000a010001$(v4 10.1.0.12 8.8.8.8 17 "$(udp 9 9 00)")")
igmp-query $(eth 01005e000001 $A1 0800)$(v4 10.1.0.11 224.0.0.1 2 1164ee9b00000000)
mld-query $(eth $M1 $A1 $e6)$(v6 $L1 $ALL 58 "8200000027100000$(printf %032d 0)")
dhcp-server $(eth $A2 $A1 0800)$(v4 10.1.0.11 10.1.0.12 17 "$(udp 67 68 aa10)")
dhcp6-server $(eth $A2 $A1 $e6)$(v6 $G1 $G2 17 "$(udp 547 546 aa11)")
dhcp6-split $(eth $A2 $A1 $e6)$(v6 $G1 $G2 44 "3c000001000000041100010400000000")
dhcp6-vlan0 $(eth $A2 $A1 8100)0000$e6$(v6 $G1 $G2 17 "$(udp 547 546 aa13)")
dhcp-vlan0 $(eth $A2 $A1 8100)00000800$(v4 10.1.0.11 10.1.0.12 17 "$(udp 67 68 aa12)")
dhcp-chaddr $(eth $BC $A1 0800)$(v4 0.0.0.0 255.255.255.255 17 "$(udp 68 67 "$(dhcp $A3)")")
bpdu $(eth 0180c2000000 $A1 0026)424203000000000000000000000000000000000000000000000000
EOF
}

legal()
{
	cat <<EOF
arp-announce $(eth $BC $A1 0806)$(arp 1 $A1 10.1.0.11 000000000000 10.1.0.11)
arp-probe $(eth $BC $A1 0806)$(arp 1 $A1 0.0.0.0 000000000000 10.1.0.11)
arp-reply $(eth $A2 $A1 0806)$(arp 2 $A1 10.1.0.11 $A2 10.1.0.12)
udp $(eth $A2 $A1 0800)$(v4 10.1.0.11 10.1.0.12 17 "$(udp 9 9 bb01)")
multicast $(eth 01005e0000fb $A1 0800)$(v4 10.1.0.11 224.0.0.251 17 "$(udp 9 9 bb02)")
udp6 $(eth $A2 $A1 86dd)$(v6 $G1 $G2 17 "$(udp 9 9 bb03)")
dhcp-discover $(eth $BC $A1 0800)$(v4 0.0.0.0 255.255.255.255 17 "$(udp 68 67 "$(dhcp $A1)")")
na $(eth $M1 $A1 86dd)$(v6 $G1 $ALL 58 "$(nd_na $G1 0201$A1)")
ns $(eth $M1 $A1 86dd)$(v6 $G1 $ALL 58 "$(nd_ns $G2 0101$A1)")
dad $(eth $M1 $A1 86dd)$(v6 "$(printf %032d 0)" $ALL 58 "$(nd_ns $L1)")
dad-nonce $(eth $M1 $A1 86dd)$(v6 "$(printf %032d 0)" $ALL 58 "$(nd_ns $L1 0e01aabbccddeeff)")
rs $(eth $M1 $A1 86dd)$(v6 $L1 $ALL 58 "8500000000000000")
mld $(eth $M1 $A1 86dd)$(v6 $L1 $ALL 58 "8f00000000000001$(printf %040d 0)")
ping6 $(eth $A2 $A1 86dd)$(v6 $G1 $G2 58 8000000000010001bb04)
EOF
}

end_frame()
{
	eth $A2 $A1 0800
	v4 10.1.0.11 10.1.0.12 17 "$(udp 9 9 $END)"
}

# Sends what stands in the lines of a file, and keeps it as it was sent.
send_all()
{
	paste -d ' ' <(cut -d ' ' -f 1 "$2") <(cut -d ' ' -f 2 "$2" |
		in_ns "$1" "$FRAME" send eth0 -) >"$WORLD/sent"
}

arrived()
{
	grep -q "^$(awk -v n="$1" '$1 == n { print $2 }' "$WORLD/sent")" \
		"$WORLD/seen"
}

attacked()
{
	local name _
	attacks >"$WORLD/attacks"
	legal >"$WORLD/legal"
	# what the guest may, arrives
	watch a2 eth0
	send_all a1 "$WORLD/legal"
	watched a1 eth0 "$(end_frame | tr -d '\n')"
	while read -r name _; do
		check "legal: $name arrives" arrived "$name"
	done <"$WORLD/legal"
	# what it may not, doesn't
	watch a2 eth0
	send_all a1 "$WORLD/attacks"
	watched a1 eth0 "$(end_frame | tr -d '\n')"
	while read -r name _; do
		check_not "attack: $name is dropped" arrived "$name"
	done <"$WORLD/attacks"
	check "the peer's port has kept its MAC" eval \
		'bridge fdb show br nd-a | grep -q "02:00:00:00:0a:03 dev ndp-a3"'
}

# The same frames from a port without guards arrive: the test can see them.
# BPDUs no bridge forwards.
controlled()
{
	local name _
	watch a2 eth0
	send_all a3 "$WORLD/attacks"
	watched a1 eth0 "$(end_frame | tr -d '\n')"
	while read -r name _; do
		[ "$name" != bpdu ] || continue
		check "control: $name is seen without guards" arrived "$name"
	done <"$WORLD/attacks"
}

# Who was first has the address: RFC 6620.
learned()
{
	local priv=fd00:1::5bd1:e995:17c0:1
	must ip -n a1 addr add $priv/64 dev eth0
	must ip -n a1 addr add fe80::aaaa/64 dev eth0
	check "a privacy address is learned" poll "$SOON" in_ns a1 \
		ping -c1 -W1 -I $priv fd00:1::12
	check "a random link-local address is learned" poll "$SOON" in_ns a2 \
		ping -c1 -W1 fe80::aaaa%eth0
	must ip -n a2 addr add $priv/64 dev eth0 nodad
	check_not "another one can't take it" in_ns a2 \
		ping -c1 -W1 -I $priv fd00:1::1
	must ip -n a2 addr del $priv/64 dev eth0
	must ip -n a2 addr add fd00:77::1/64 dev eth0 nodad
	must ip -n a2 route add fd00:1::/64 dev eth0 metric 1
	check_not "nor one outside of the network's subnet" in_ns a2 \
		ping -c1 -W1 -I fd00:77::1 fd00:1::1
	must ip -n a2 addr del fd00:77::1/64 dev eth0
	# a flood of addresses is learned up to the bound
	local i n
	for i in {1..200}; do
		eth $A2 $A1 86dd
		v6 "fd00000100000000000000000000$(printf %04x $((i + 4096)))" \
			$G2 17 "$(udp 9 9 cc)"
		echo
	done | tr -d '\n' | fold -w 126 >"$WORLD/flood"
	in_ns a1 "$FRAME" send eth0 - <"$WORLD/flood" >/dev/null
	n=$(nft list set bridge netd learned6 | grep -o '"ndp-a1"' | wc -l)
	check "a port has a bounded number of addresses ($n)" [ "$n" -le 40 ]
	check "some of the flood was learned" [ "$n" -ge 8 ]
	can a2 fd00:1::1 icmp
	can a1 fd00:1::1 icmp
}

for nf in $NF; do
	bridge_nf $nf
	[ "$nf" != "${NF%% *}" ] || { start_netd; topology; }
	attacked
	check "fragments pass" in_ns a1 ping -c1 -W1 -s 3000 10.1.0.12
	check "fragments of IPv6 pass" in_ns a1 ping -c1 -W1 -s 3000 fd00:1::12
done
learned
bridge_nf 0
controlled

#!/bin/bash
# attack-nets.sh - a hostile guest aims at other networks and at the host
# one kernel: what it tests is the rules
# one build: nor does it depend on that
# SPDX-License-Identifier: GPL-2.0-or-later
. "$(dirname "$0")/../lib.sh"
. "$TESTS/site.sh"
. "$TESTS/frames.sh"
. "$TESTS/attacks.sh"

GW=020000000aff
A1=020000000a01 A3=020000000a03 T1=020000000a02

topology()
{
	cat <<YAML
$1
networks:
  a: {mode: nat, subnet: 10.1.0.0/24, subnet6: "fd00:1::/64", mac: "02:00:00:00:0a:ff", services: [9/udp, 10/udp]}
  b: {mode: nat, subnet: 10.2.0.0/24, subnet6: "fd00:2::/64"}
  v4: {mode: nat, subnet: 10.3.0.0/24, mac: "02:00:00:00:0c:ff"}
attachments:
  a1: {network: a, type: veth, netns: a1, mac: "02:00:00:00:0a:01", address: 10.1.0.11, address6: "fd00:1::11"}
  t1: {network: a, type: tap, owner: root, mac: "02:00:00:00:0a:02", address: 10.1.0.12, address6: "fd00:1::12"}
  a3: {network: a, type: veth, netns: a3, mac: "02:00:00:00:0a:03", address: 10.1.0.13, address6: "fd00:1::13", anti-spoofing: false}
  b1: {network: b, type: veth, netns: b1, address: 10.2.0.11, address6: "fd00:2::11"}
  v1: {network: v4, type: veth, netns: v1, address: 10.3.0.11, mac: "02:00:00:00:0c:01"}
policies:
  - {from: a, to: b, action: allow, protocol: udp, ports: [7]}
forwards:
  - "8080:b1:80/udp"
$2
YAML
}

full6()
{
	python3 -c 'import ipaddress, sys
print(ipaddress.ip_address(sys.argv[1]).exploded.replace(":", ""))' "$1"
}

# A UDP packet: NAME PLACE SMAC SRC DST SPORT DPORT
u()
{
	if [[ $4 = *:* ]]; then
		echo "$1 $2 $(eth $GW "$3" 86dd)$(v6 "$(full6 "$4")" \
			"$(full6 "$5")" 17 "$(udp "$6" "$7" "$(mark "$1")")")"
	else
		echo "$1 $2 $(eth $GW "$3" 0800)$(v4 "$4" "$5" 17 \
			"$(udp "$6" "$7" "$(mark "$1")")")"
	fi
}

# What each guest may send by its addresses: to the host by others' addresses,
# to another network, to what the host has published, to its loopback.
honest()
{
	local mac=$1 ip=$2 ip6=$3
	u B1-gateway-of-b socket "$mac" $ip 10.2.0.1 9 9
	u B1-gateway-of-b-6 socket "$mac" $ip6 fd00:2::1 9 9
	u B1-uplink socket "$mac" $ip "$UP" 9 9
	u B1-uplink-6 socket "$mac" $ip6 "$UP6" 9 9
	u B1-other-bridge socket "$mac" $ip 10.8.0.1 9 9
	u B1-other-bridge-6 socket "$mac" $ip6 fd00:8::1 9 9
	u B2-guest-of-b b1 "$mac" $ip 10.2.0.11 9 9
	u B2-guest-of-b-6 b1 "$mac" $ip6 fd00:2::11 9 9
	u B5-published-at-gateway b1 "$mac" $ip 10.1.0.1 9 8080
	u B5-published-at-gateway-6 b1 "$mac" $ip6 fd00:1::1 9 8080
	u B7-loopback socket "$mac" $ip 127.0.0.1 9 9
	u B7-loopback-2 socket "$mac" $ip 127.1.2.3 9 9
	u legal-7 b1 "$mac" $ip 10.2.0.11 9 7
	u legal-7-6 b1 "$mac" $ip6 fd00:2::11 9 7
	u legal-service socket "$mac" $ip 10.1.0.1 9 9
	u legal-service-6 socket "$mac" $ip6 fd00:1::1 9 9
}

# An ICMP error: NAME PLACE SRC DST INNER-SRC INNER-DST SPORT DPORT
icmp_error()
{
	echo "$1 $2 $(eth $GW $A3 0800)$(v4 "$3" "$4" 1 \
		"0304000000000228$(v4 "$5" "$6" 17 \
		"$(printf '%04x%04x00160000' "$7" "$8")$(mark "$1")")")"
}

# From a port without guards: what only routing keeps.
spoofed()
{
	local port=$1 natport=$2
	u B3-into-flow b1 $A3 203.0.113.254 10.2.0.11 7 "$port"
	u B3-into-translated b1 $A3 203.0.113.254 "$UP" 7 "$natport"
	u B3-into-flow-6 b1 $A3 2001:db8::254 fd00:2::11 7 "$port"
	u B7-from-loopback socket $A3 127.0.0.1 10.1.0.1 9 9
	u B2-spoofed-host b1 $A3 10.2.0.1 10.2.0.11 9 9
	u B2-spoofed-guest b1 $A3 10.2.0.99 10.2.0.11 9 7
	u E8-link-local b1 $A3 169.254.1.1 10.2.0.11 9 7
	icmp_error B16-to-guest b1 10.1.0.13 10.2.0.11 \
		10.2.0.11 203.0.113.254 "$port" 7
	icmp_error B16-to-uplink b1 10.1.0.13 "$UP" \
		"$UP" 203.0.113.254 "$natport" 7
	icmp_error B16-to-outside outside 10.1.0.13 203.0.113.254 \
		203.0.113.254 "$UP" 7 "$natport"
	u legal-7 b1 $A3 10.1.0.13 10.2.0.11 9 7
	u legal-service socket $A3 10.1.0.13 10.1.0.1 9 9
}

# Another bridge of the host, with an address that is nobody's business.
their_bridge()
{
	must _ip "$1" link add br0 type bridge
	must _ip "$1" link set br0 up
	must _ip "$1" addr add 10.8.0.1/24 dev br0
	must _ip "$1" addr add fd00:8::1/64 dev br0 nodad
}

nat_port()
{
	in_ns "$H" conntrack -L -p udp --dport 7 -s 10.2.0.11 2>/dev/null |
		sed -n "s/.*src=10.2.0.11 [^=]*=[^ ]* sport=\([0-9]*\).* \
dport=\([0-9]*\) .*/\1 \2/p" | head -n 1
}


# Legal frames, to which a router may say more than it should.
questions()
{
	local me=10.1.0.11 bc=ffffffffffff none=000000000000 ask
	local ll=fe80000000000000000000fffe000aff
	while read -r ask; do
		in_ns a1 "$FRAME" send eth0 "$ask" >/dev/null
	done <<E
$(eth $bc $A1 0806)$(arp 1 $A1 $me $none 10.2.0.1)
$(eth $bc $A1 0806)$(arp 1 $A1 $me $none "$UP")
$(eth $bc $A1 0806)$(arp 1 $A1 $me $none 10.8.0.1)
$(eth $GW $A1 0800)$(v4 $me 10.1.0.12 17 "$(udp 9 9 aa)")
$(eth $GW $A1 86dd)$(v6 "$(full6 fd00:1::11)" $ll 6 \
	"23290016000000000000000050022000000000000000")
$(eth $GW $A1 86dd)$(v6 "$(full6 fd00:1::11)" $ll 17 "$(udp 9001 9 ee)")
$(eth $bc $A1 0806)$(arp 1 $A1 $me $none 10.1.0.1)
E
}

# What answers them, as it is seen by a1
flux="^${A1}.{12}0806.{12}0002.{12}(0a020001|cb007101|0a080001)"
redirect="^${A1}.{12}0800.{18}01.{20}05"
service="^${A1}.{12}86dd.{12}06.*00162329"

# What the router says to a guest: nothing by which it would learn or do more.
asked()
{
	listen_at a1 v1
	questions
	in_ns v1 "$FRAME" send eth0 "$(eth 333300000002 020000000c01 86dd)$(v6 \
		fe80000000000000000000fffe000c01 \
		ff020000000000000000000000000002 58 8500000000000000)" >/dev/null
	soon "$1 B9 control: its own gateway answers ARP" grep -q \
		"^${A1}${GW}08060001080006040002${GW}0a010001" "$WORLD/at.a1"
	check_not "$1 B9 no other address does" grep -qE "$flux" \
		"$WORLD/at.a1"
	check_not "$1 B10 no redirect is sent" grep -qE "$redirect" \
		"$WORLD/at.a1"
	check_not "$1 C1 no service at a link-local address" grep -qE \
		"$service" "$WORLD/at.a1"
	check_not "$1 B19 nothing speaks IPv6 where there is none" grep -qE \
		'^.{24}86dd' "$WORLD/at.v1"
	hush
}

# C3: a rogue router, from a port without guards.
advertised()
{
	local ra=86000000400807080000000000000000
	ra+=030440c0ffffffffffffffff00000000$(full6 2001:db8:bad::)
	ip6_routes >"$WORLD/routes"
	in_ns a3 "$FRAME" send eth0 "$(eth 333300000001 $A3 86dd)$(v6 \
		fe80000000000000000000000000a3a3 \
		ff020000000000000000000000000001 58 "$ra")" >/dev/null
	soon "$1 C3 control: the advertisement is there" in_ns a1 ip -6 route \
		show default proto ra via fe80::a3a3
	must in_ns a1 ip -6 route flush proto ra
	same "$1 C3 the router has no route and no address by it" \
		"$(cat "$WORLD/routes")" "$(ip6_routes)"
}

ip6_routes()
{
	in_ns "$H" ip -6 route show
	in_ns "$H" ip -6 addr show | grep -v -e valid_lft -e '^[0-9]'
}

# After a scan the guest's own network may have no room for new connections.
answered()
{
	in_ns a1 "$FRAME" send eth0 "$(eth $GW $A1 0800)$(v4 10.1.0.11 \
		10.1.0.1 17 2af8000affff000041)" >/dev/null
	grep -qE "^${A1}${GW}08004500.{14}11.{4}0a010001.{8}000a2af8" \
		"$WORLD/at.a1"
}

# C2: each port of the gateway, TCP and UDP: what answers is what was declared.
scanned()
{
	local ip="4500ffff1234000040%s00000a01000b0a010001" proto
	listen_at a1
	for proto in 06 11; do
		awk -v "head=$(eth $GW $A1 0800)${ip/\%s/$proto}" -v p=$proto '
			BEGIN {
				tail = "ffff000041"
				if (p == "06")
					tail = "00000001000000005002200000000000"
				for (i = 1; i < 65536; i++)
					printf "%s2af8%04x%s\n", head, i, tail
			}' |
			in_ns a1 "$FRAME" send eth0 - >/dev/null
	done
	soon "$1 C2 control: a declared service answers" answered
	check_not "$1 C2 no other port does" eval "grep -E \
		'^${A1}${GW}08004500.{14}.{6}0a010001' '$WORLD/at.a1' |
		grep -vE '^.{46}11.{20}000a2af8'"
	hush
}

attack()
{
	local ports
	listen_at b1 outside
	listen_socket "$H"
	honest $A1 10.1.0.11 fd00:1::11 >"$WORLD/honest.a1"
	honest $T1 10.1.0.12 fd00:1::12 >"$WORLD/honest.t1"
	none_lands a1 "$WORLD/honest.a1" "$1"
	none_lands t1 "$WORLD/honest.t1" "$1"
	hold b1 203.0.113.254 udp 7
	ports=$(nat_port)
	check "$1 B's flow is known: $ports" [ -n "$ports" ]
	# shellcheck disable=SC2086
	spoofed ${ports:-1 1} >"$WORLD/spoofed"
	none_lands a3 "$WORLD/spoofed" "$1"
	held "$1 B's flow goes on" 500
	hush
}
# The same frames where our rules are not: they arrive, so each of them means
# something.  The gateway's settings go with the rules.
unguarded()
{
	local f
	kill_netd
	# the table is its process's, for as long as that is there
	must poll "$SOON" eval 'in_ns "$H" nft flush ruleset
		! in_ns "$H" nft list tables | grep -q netd'
	must in_ns "$H" sysctl -qw net.ipv4.ip_forward=1 \
		net.ipv6.conf.all.forwarding=1
	for f in all nd-a nd-b; do
		must in_ns "$H" sysctl -qw "net.ipv4.conf.$f.rp_filter=0" \
			"net.ipv4.conf.$f.route_localnet=1" \
			"net.ipv4.conf.$f.accept_local=1" \
			"net.ipv4.conf.$f.send_redirects=1" \
			"net.ipv4.conf.$f.arp_ignore=0"
	done
	listen_at b1 outside
	listen_socket "$H"
	grep -v -e B5 -e B16-to-uplink -e B3-into-trans -e B16-to-outs \
		-e B7-from "$WORLD/honest.a1" >"$WORLD/plain"
	all_land a1 "$WORLD/plain" "$1"
	# a home of its own doesn't translate by itself
	grep -v -e B16-to-up -e B3-into-trans -e B7-from -e B2-spoofed-host \
		${H:+-e B16-to-outs} \
		"$WORLD/spoofed" >"$WORLD/plain"
	all_land a3 "$WORLD/plain" "$1"
	hush
	listen_at a1
	questions
	soon "$1 B9 control: other addresses answer ARP" grep -qE "$flux" \
		"$WORLD/at.a1"
	soon "$1 B10 control: a redirect is sent" grep -qE "$redirect" \
		"$WORLD/at.a1"
	soon "$1 C1 control: the service is there" grep -qE "$service" \
		"$WORLD/at.a1"
	hush
}

# B15: what a guest says in a protocol opens no port.
helpless()
{
	ftp
	same "B15 no helper expects a connection" 0 "$(expectations)"
	must in_ns "$H" nft -f - <<'NFT'
table ip theirs {
	ct helper ftp { type "ftp" protocol tcp; }
	chain pre {
		type filter hook prerouting priority -100;
		tcp dport 21 ct helper set "ftp"
	}
}
NFT
	ftp
	soon "B15 control: it would" eval '[ "$(expectations)" -gt 0 ]'
	must in_ns "$H" nft delete table ip theirs
}

ftp()
{
	in_ns a1 bash -c 'exec 3<>/dev/tcp/203.0.113.254/21
		printf "USER a\r\n" >&3
		read -rt 2 <&3
		printf "PORT 10,1,0,11,7,138\\r\\n" >&3
		read -rt 2 <&3'
}

expectations()
{
	in_ns "$H" conntrack -L expect 2>/dev/null | grep -c proto
}

# The tap's guest has what a VM would be given.
plug()
{
	must ip -n t1 link set eth0 up
	must ip -n t1 addr add 10.1.0.12/24 dev eth0
	must ip -n t1 addr add fd00:1::12/64 dev eth0 nodad
	must ip -n t1 route add default via 10.1.0.1
	must ip -n t1 route add default via fd00:1::1
}

ready()
{
	can t1 10.1.0.1 icmp
	can b1 203.0.113.254 udp 7
	can b1 2001:db8::254 udp 7
	can a1 fd00:1::1 icmp
	can v1 10.3.0.1 icmp
}

# forwarding and the reverse path filter of the host: it makes no difference
hosts_own()
{
	in_ns "$H" sysctl -qw "net.ipv4.ip_forward=$1" \
		"net.ipv4.conf.all.rp_filter=$1"
}

# The home router is the host, or ATTACK_HOME: a namespace of its own, from
# which the host is a network away.
made()
{
	H=${ATTACK_HOME:-} UP=203.0.113.1 UP6=2001:db8::1
	topology "${H:+namespace: $H}" "${H:-  - {listen: 127.0.0.1, port: \
7000, target: a1, target-port: 80\}}" | grep -vx "${H:-no}" \
		>"$WORLD/net.net.yaml"
	apply "$WORLD/net.net.yaml"
	if [ -n "$H" ]; then
		UP=$(addresses_of "$H" '^100\.64')
		UP6=$(addresses_of "$H" '^fd6e')
	fi
	their_bridge "$H"
	serve "$H" tcp 22
	serve "$H" udp 10
	ns t1
	must in_ns "$H" "$VMTAP" ndp-t1 /run/netns/t1 eth0 02:00:00:00:0a:02
	plug
}

addresses_of()
{
	ip -n "$1" -j addr | jq -r '.[].addr_info[].local' | grep "$2"
}

start_netd
outside
serve outside udp 7
serve outside tcp 21
guests a1 a3 b1 v1
made
for nf in $NF; do
	bridge_nf $nf
	[ -z "$H" ] || in_ns "$H" sysctl -qw \
		net.bridge.bridge-nf-call-iptables=$nf \
		net.bridge.bridge-nf-call-ip6tables=$nf
	hosts_own $((1 - nf))
	ready
	attack "nf=$nf"
	asked "nf=$nf"
	scanned "nf=$nf"
	advertised "nf=$nf"
done
helpless
check "C5 control: there is one with a path" grep -q "$NETD_SOCKET" \
	/proc/net/unix
check_not "C5 no socket of netd is in the abstract name space" \
	grep -q ' @.*netd' /proc/net/unix
unguarded "without rules:"

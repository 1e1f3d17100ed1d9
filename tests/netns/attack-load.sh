#!/bin/bash
# attack-load.sh - what one guest uses up, another network's guest never misses
# one kernel: what it tests is the rules
# one build: and nothing else
# SPDX-License-Identifier: GPL-2.0-or-later
#
# New connections without answers, neighbours and tunnels: rules-bounds.sh
. "$(dirname "$0")/../lib.sh"
. "$TESTS/site.sh"
. "$TESTS/frames.sh"

GA=020000000aff A1=020000000a01

cat >"$WORLD/load.net.yaml" <<'YAML'
networks:
  a: {mode: nat, subnet: 10.1.0.0/16, subnet6: "fd00:1::/64", mac: "02:00:00:00:0a:ff", log: true}
  b: {mode: nat, subnet: 10.2.0.0/24, subnet6: "fd00:2::/64", log: true}
  d: {mode: nat, subnet: 10.4.0.0/24, mac: "02:00:00:00:0d:ff", dhcp: {ranges: [10.4.0.100-10.4.0.120]}}
attachments:
  d1: {network: d, type: veth, netns: d1, mac: "02:00:00:00:0d:01", address: 10.4.0.11}
  a1: {network: a, type: veth, netns: a1, mac: "02:00:00:00:0a:01", address: 10.1.0.11, address6: "fd00:1::11"}
  a3: {network: a, type: veth, netns: a3, mac: "02:00:00:00:0a:03", address: 10.1.0.13, address6: "fd00:1::13", anti-spoofing: false}
  b1: {network: b, type: veth, netns: b1, address: 10.2.0.11, address6: "fd00:2::11"}
policies:
  - {name: all, from: any, to: outside, action: reject, protocol: tcp, ports: [25], log: true}
YAML

# HEAD TAIL FROM TO: frames that differ in 16 bits between
numbered()
{
	awk -v "h=$1" -v "t=$2" -v "from=$3" -v "to=$4" 'BEGIN {
		for (i = from; i <= to; i++)
			printf "%s%04x%s\n", h, i, t }'
}

# B's 20 new connections, each in its time, while the other goes on
unharmed()
{
	local i bad=0
	for i in {1..20}; do
		reach b1 203.0.113.254 udp 7 >/dev/null || bad=$((bad + 1))
	done
	check "$1: all of B's 20 new connections succeed" [ $bad = 0 ]
	bad=0
	for i in {1..5}; do
		reach b1 2001:db8::254 udp 7 >/dev/null || bad=$((bad + 1))
	done
	check "$1: and those by IPv6" [ $bad = 0 ]
}

# D2: connections that are answered, so that the kernel doesn't give them up.
# The first datagram, its answer, and another one.
answered()
{
	local head n
	head=$(eth $GA $A1 0800)$(v4 10.1.0.11 203.0.113.254 17 "")
	numbered "$head" 0007ffff000041 20001 32000 >"$WORLD/many"
	in_ns a1 "$FRAME" send eth0 - <"$WORLD/many" >/dev/null
	in_ns a1 "$FRAME" send eth0 - <"$WORLD/many" >/dev/null
	n=$(conntrack -L -p udp --dport 7 2>/dev/null | grep -vc UNREPLIED)
	check "D2 control: many are answered ($n)" [ "$n" -gt 4000 ]
	n=$(conntrack -C)
	check "D2 no more than the network's part ($n)" [ "$n" -le 8300 ]
	unharmed D2
	conntrack -F >/dev/null 2>&1
	head=$(eth $GA $A1 86dd)$(v6 fd000001000000000000000000000011 \
		20010db8000000000000000000000254 17 "")
	numbered "$head" 0007ffff000041 20001 32000 |
		in_ns a1 "$FRAME" send eth0 - >/dev/null
	n=$(conntrack -C)
	check "D2 by IPv6, too ($n)" [ "$n" -le 8300 ]
	check "D2 control: as many as that ($n)" [ "$n" -gt 4000 ]
	unharmed "D2 IPv6"
	conntrack -F >/dev/null 2>&1
}

# D5: what is refused is logged, and a flood of it hides nothing of B's.
logged()
{
	local log head
	python3 "$TESTS/tools/nflog.py" 0 >"$WORLD/nflog" 2>&1 &
	log=$!
	must poll "$SOON" grep -q ready "$WORLD/nflog"
	head=$(eth $GA $A1 0800)$(v4 10.1.0.11 10.2.0.11 17 "")
	numbered "$head" 0007ffff000041 1 3000 |
		in_ns a1 "$FRAME" send eth0 - >/dev/null
	head=$(eth $GA $A1 0800)$(v4 10.1.0.11 203.0.113.254 6 "")
	numbered "$head" 001900000001000000005002200000000000 1 3000 |
		in_ns a1 "$FRAME" send eth0 - >/dev/null
	reach b1 10.1.0.11 udp 9
	reach b1 203.0.113.254 tcp 25
	soon "D5 B's refusal is logged" grep -q '^netd refused:  *nd-b' \
		"$WORLD/nflog"
	soon "D5 and what its policy forbids" grep -q '^netd all:  *nd-b' \
		"$WORLD/nflog"
	check "D5 control: A's are logged" [ "$(lines nd-a)" -gt 20 ]
	check "D5 few of A's 6,000 ($(lines nd-a))" [ "$(lines nd-a)" -lt 200 ]
	kill $log
	wait $log 2>/dev/null
}

lines()
{
	grep -c "$1" "$WORLD/nflog"
}

# A16: stations that a port without guards invents
stations()
{
	local n
	numbered "$(eth $A1 0200bad1 "")" 88b500112233445566778899 0 20000 |
		in_ns a3 "$FRAME" send eth0 - >/dev/null
	n=$(bridge fdb show br nd-a | grep -c '^02:00:ba:d1')
	check "A16 control: the bridge learns ($n)" [ "$n" -gt 1000 ]
	check "A16 a bounded number of stations ($n of 20,000)" [ "$n" -le 4096 ]
	unharmed A16
	can a1 10.1.0.1 icmp
}

# A13: one guest with many client identifiers has one address all the same.
starved()
{
	local head n i
	head=$(eth ffffffffffff 020000000d01 0800)$(v4 0.0.0.0 255.255.255.255 \
		17 "$(udp 68 67 "$(dhcp 020000000d01 | sed 's/350101ff$//')")")
	for i in {100..120}; do
		printf '%s3501033d0300aa%02x32040a0400%02xff\n' "$head" $i $i
		printf '%s3501013d0300aa%02x32040a0400%02xff\n' "$head" $i $i
	done >"$WORLD/many"
	printf '%s3501033d0300bbbb32040a04000bff\n' "$head" >>"$WORLD/many"
	in_ns d1 "$FRAME" send eth0 - <"$WORLD/many" >/dev/null
	soon "A13 control: it has its own address" eval \
		'leases | grep -qx 10.4.0.11'
	n=$(leases | grep -vcx 10.4.0.11)
	check "A13 and no other ($n of 21)" [ "$n" = 0 ]
}

leases()
{
	netdctl leases --json | jq -r '.leases[].address'
}

start_netd
outside
serve outside udp 7
guests a1 a3 b1 d1
apply "$WORLD/load.net.yaml"
can b1 203.0.113.254 udp 7
can b1 2001:db8::254 udp 7
# none may end while a slow machine still sends
must sysctl -qw net.netfilter.nf_conntrack_udp_timeout=600 \
	net.netfilter.nf_conntrack_udp_timeout_stream=600
answered
logged
stations
starved

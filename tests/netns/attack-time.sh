#!/bin/bash
# attack-time.sh - forbidden and allowed packets all the time, whatever happens
# one kernel: what it tests is the order of netd's steps
# one build: and so is this
# SPDX-License-Identifier: GPL-2.0-or-later
#
# While networks come, while they are changed, while netd ends, dies and comes
# back, while guests are attached and a foreign hand flushes the rules: not one
# forbidden packet arrives, and not one allowed is lost.
# NETD_ATTACK=long: as often as tests/run --long wants it; NETD_FIGURES=FILE:
# the figures go there.
. "$(dirname "$0")/../lib.sh"
. "$TESTS/site.sh"
. "$TESTS/frames.sh"
. "$TESTS/attacks.sh"

FLOOD=$BUILD/tests/tools/flood
RELOADS=20 RESTARTS=2 ATTACHES=5 FLUSHES=3 PPS=8000 WANTED=0
if [ "${NETD_ATTACK:-}" = long ]; then
	RELOADS=1000 RESTARTS=20 ATTACHES=200 FLUSHES=20 PPS=40000
	WANTED=10000000
fi
GA=020000000aff GB=020000000bff A1=020000000a01 A2=020000000a02 B1=020000000b01
PLACES="a1 a2 b1 outside"

topology()
{
	cat <<YAML
networks:
  a: {mode: nat, subnet: 10.1.0.0/24, subnet6: "fd00:1::/64", mac: "02:00:00:00:0a:ff"}
  b: {mode: nat, subnet: 10.2.0.0/24, subnet6: "fd00:2::/64", mac: "02:00:00:00:0b:ff"}
  c: {mode: nat, subnet: 10.3.0.0/24}
$1
attachments:
  a1: {network: a, type: veth, netns: a1, mac: "02:00:00:00:0a:01", address: 10.1.0.11, address6: "fd00:1::11"}
  a2: {network: a, type: veth, netns: a2, mac: "02:00:00:00:0a:02", address: 10.1.0.12, address6: "fd00:1::12"}
  b1: {network: b, type: veth, netns: b1, mac: "02:00:00:00:0b:01", address: 10.2.0.11, address6: "fd00:2::11"}
policies:
  - {from: a, to: b, action: allow, protocol: udp, ports: [7]}
$2
YAML
}

f4()
{
	echo "$(eth "$2" "$3" 0800)$(v4 "$4" "$5" 17 "$(udp 9 "$6" \
		"$(mark "$1")")")"
}

f6()
{
	echo "$(eth "$2" "$3" 86dd)$(v6 "$4" "$5" 17 "$(udp 9 "$6" \
		"$(mark "$1")")")"
}

# NS NAME PPS, frames on the input: as the kernel would have completed them.
sender()
{
	in_ns "" "$FRAME" send lo - >"$WORLD/frames.$2"
	nsenter "--net=/run/netns/$1" "$FLOOD" send eth0 "$3" 0 \
		"$WORLD/frames.$2" >"$WORLD/sent.$2" 2>&1 &
	senders+=($!)
}

# The beginning of marks
prefix()
{
	mark "$1" | sed 's/3e$//'
}

# "out-": what the host sends back to the outside as long as it has no other
# route for it is none of ours.
counter()
{
	nsenter "--net=/run/netns/$1" "$FLOOD" count eth0 \
		"$(prefix no-)" "$(prefix out-)" \
		"$(mark yes-nat)" "$(mark yes-bridged)" "$(mark yes-policy)" \
		>"$WORLD/count.$1" 2>&1 &
	counters+=($!)
	[ "${2:-}" = later ] || must poll "$SOON" grep -q ready \
		"$WORLD/count.$1"
}

forbidden()
{
	local g1=fd000001000000000000000000000011 \
		g2=fd000001000000000000000000000012 \
		b1=fd000002000000000000000000000011 mac=$1
	sender outside no-outside "$PPS" <<E
$(f4 out-4 "$mac" "$out" 203.0.113.254 10.1.0.11 7)
$(f6 out-6 "$mac" "$out" 20010db8000000000000000000000254 $g1 7)
$(f4 out-b "$mac" "$out" 203.0.113.254 10.2.0.11 7)
E
	sender b1 no-b "$PPS" <<E
$(f4 no-b-to-a $GB $B1 10.2.0.11 10.1.0.11 7)
$(f6 no-b-to-a-6 $GB $B1 $b1 $g1 7)
$(f4 no-b-spoofs $GB $B1 203.0.113.254 10.1.0.12 7)
E
	sender a2 no-a "$PPS" <<E
$(f4 no-a-spoofs $A1 $A2 10.1.0.1 10.1.0.11 7)
$(f6 no-a-spoofs-6 $A1 $A2 fd000001000000000000000000000001 $g1 7)
$(f4 no-a-to-b-9 $GA $A2 10.1.0.12 10.2.0.11 9)
$(f6 no-a-to-b-6 $GA $A2 $g2 $b1 9)
$(eth ffffffffffff $A2 0806)$(arp 2 $A2 10.1.0.1 $A1 10.1.0.11)$(mark no-arp)
E
}

allowed()
{
	sender a1 yes-nat 1000 < <(f4 yes-nat $GA $A1 10.1.0.11 \
		203.0.113.254 7)
	sender a1 yes-bridged 1000 < <(f4 yes-bridged $A2 $A1 10.1.0.11 \
		10.1.0.12 7)
	sender a1 yes-policy 1000 < <(f4 yes-policy $GA $A1 10.1.0.11 \
		10.2.0.11 7)
}

reloads()
{
	local i
	topology "  d: {mode: nat, subnet: 10.4.0.0/24}" \
		"  - {from: c, to: a, action: allow, protocol: tcp}" \
		>"$WORLD/other"
	cp "$WORLD/time.net.yaml" "$WORLD/one"
	for ((i = 0; i < RELOADS; i++)); do
		cp "$WORLD/$([ $((i % 2)) = 0 ] && echo other || echo one)" \
			"$WORLD/time.net.yaml"
		netdctl apply "$WORLD/time.net.yaml" >"$WORLD/out" 2>&1 ||
			_result 1 "reload $i" "$(cat "$WORLD/out")"
	done
	check "$RELOADS reloads" [ "$i" = "$RELOADS" ]
}

restarts()
{
	local i
	for ((i = 0; i < RESTARTS; i++)); do
		[ $((i % 2)) = 0 ] && stop_netd || kill_netd
		start_netd
	done
	check "$RESTARTS restarts" [ "$i" = "$RESTARTS" ]
}

# A guest sends from before its port is there, and what it may not.
attaches()
{
	local i senders=() pid
	ns new
	for ((i = 0; i < ATTACHES; i++)); do
		sender new "no-new-$i" "$PPS" <<E
$(f4 no-new-4 ffffffffffff $A1 10.1.0.11 10.1.0.12 7)
$(f4 no-new-5 $GA $A1 10.1.0.11 10.2.0.11 9)
E
		must netdctl attach a --netns new --ifname eth0 --name new$i \
			>"$WORLD/out"
		must netdctl detach new$i >"$WORLD/out"
		kill "${senders[@]}"
		wait "${senders[@]}"
		senders=()
	done
	check "$ATTACHES attached" [ "$i" = "$ATTACHES" ]
}

flushes()
{
	local i
	for ((i = 0; i < FLUSHES; i++)); do
		nft flush ruleset 2>/dev/null
		must poll "$SOON" _plan_is_empty
	done
	check "$FLUSHES times the rules were flushed" [ "$i" = "$FLUSHES" ]
}

sent_so_far()
{
	local ns
	for ns in outside b1 a2; do
		in_ns $ns cat /proc/net/dev
	done | awk '$1 == "eth0:" { n += $11 } END { print n + 0 }'
}

# What was sent and what arrived, of all.
settled()
{
	while [ "$(sent_so_far)" -lt $WANTED ]; do
		reloads
	done
	local place no out nat bridged policy _ missed sum=0 yes
	kill "${senders[@]}"
	wait "${senders[@]}"
	kill "${counters[@]}"
	wait "${counters[@]}"
	for place in $PLACES; do
		read -r no out nat bridged policy _ missed < \
			<(tail -n 1 "$WORLD/count.$place")
		[ $place = outside ] || no=$((no + out))
		check "at $place: no forbidden packet ($no)" [ "$no" = 0 ]
		arrived=$((arrived + no))
		check "at $place: none overlooked ($missed)" [ "$missed" = 0 ]
		case $place in
		outside) none_lost yes-nat "$nat" ;;
		a2) none_lost yes-bridged "$bridged" ;;
		b1) none_lost yes-policy "$policy" ;;
		esac
	done
	sum=$(cat "$WORLD"/sent.no-* | awk '{ n += $2 } END { print n + 0 }')
	yes=$(cat "$WORLD"/sent.yes-* | awk '{ n += $2 } END { print n + 0 }')
	check "$sum forbidden packets were sent" [ "$sum" -gt $WANTED ]
	figure "forbidden packets that arrived, of $sum sent" 0 "$arrived"
	figure "allowed packets that were lost, of $yes sent" 0 "$lost"
}

none_lost()
{
	local sent
	sent=$(awk '{ print $2 }' "$WORLD/sent.$1")
	check "$1: none is lost ($2 of $sent)" [ "$2" = "$sent" ]
	lost=$((lost + sent - $2))
}

figure()
{
	[ -z "${NETD_FIGURES:-}" ] || echo "$1|$2|$3" >>"$NETD_FIGURES"
}

senders=() counters=() lost=0 arrived=0
start_netd
outside
guests a1 a2 b1
out=$(mac_of outside)
mac=$(tr -d : </sys/class/net/eth0/address)
topology "" "" >"$WORLD/time.net.yaml"
must sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
for place in $PLACES; do
	counter $place later
done
# from before there is anything
forbidden "$mac"
apply "$WORLD/time.net.yaml"
can a1 10.1.0.12 icmp
can a1 203.0.113.254 icmp
# all neighbours are known, or the first packets wait for them
serve b1 udp 7
can a1 10.2.0.11 udp 7
allowed
reloads
restarts
attaches
flushes
settled

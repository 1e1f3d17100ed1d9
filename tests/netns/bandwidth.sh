#!/bin/bash
# bandwidth.sh - how much a port, or a network, may send and get: measured
# one kernel: others of its kind are tried on both
# one build
# SPDX-License-Identifier: GPL-2.0-or-later
. "$(dirname "$0")/../lib.sh"
. "$TESTS/site.sh"

BYTES=600000
FILE=$WORLD/t.net.yaml

# speed FROM ADDR: kbit/s of TCP there
speed()
{
	local ms
	ms=$(in_ns "$1" "$TALK" flood "$2" 5001 $BYTES) || return
	echo $((BYTES * 8 / (ms + 1)))
}

# holds WHAT KBIT FROM ADDR: never faster than that, but for the burst that the
# kernel grants; and of use.
holds()
{
	local got most=$(($2 * 115 / 100))
	got=$(speed "$3" "$4")
	_result "$((got < $2 / 4 || got > most))" \
		"$1: about $2 kbit/s" "it was $got"
}

# free WHAT FROM ADDR: no bound at all
unbounded()
{
	local got
	got=$(speed "$2" "$3")
	_result "$((got < 40000))" "$1: as fast as it goes" "it was $got kbit/s"
}

# What is dropped, with nft's second of grace.
dropped()
{
	local got=$(speed "$3" "$4") most=$(($2 * 115 / 100))
	most=$((most * BYTES / (BYTES - $2 * 1000 / 8)))
	_result "$((got < $2 / 5 || got > most))" \
		"$1: about $2 kbit/s" "it was $got, and $most at most"
}

sinks()
{
	local g
	for g in "$@"; do
		must in_ns "$g" "$TALK" sink 5001
	done
}

topology()
{
	cat >"$FILE" <<END
networks:
  web: {mode: nat, subnet: 10.1.0.0/24}
  lab: {mode: nat, subnet: 10.2.0.0/24${2:-}}
attachments:
  a: {network: web, type: veth, netns: c1, address: 10.1.0.11$1}
  b: {network: web, type: veth, netns: c2, address: 10.1.0.12}
  c: {network: lab, type: veth, netns: c3, address: 10.2.0.13}
  e: {network: lab, type: veth, netns: c5, address: 10.2.0.15}
policies: [{from: [web, lab], to: host}, {from: web, to: lab},
  {from: lab, to: web}]
END
}

both=', bandwidth: {ingress: {rate: 16M, burst: 16k}, egress: 8M}'

outside
guests c1 c2 c3 c4 c5
sinks "" c1 c2 c3 c4 c5
remember
start_netd

topology ""
apply "$FILE"
can c1 10.1.0.12 icmp
unbounded "without bandwidth" c1 10.1.0.12
check_not "and nothing is shaped" eval "tc qdisc | grep -E 'tbf|ingress'"

topology "$both"
check "plan tells of it" eval "netdctl plan $FILE | tee /dev/stderr |
	grep -q 'qdisc ndp-a: rate 16M, burst 16k'"
apply "$FILE"
plan_is_empty "$FILE"
holds "to the guest, from another guest" 16000 c2 10.1.0.11
holds "to the guest, from its router" 16000 "" 10.1.0.11
holds "from the guest, to another guest" 8000 c1 10.1.0.12
holds "from the guest, to its router" 8000 c1 10.1.0.1
unbounded "the other guest" c2 10.1.0.1

repaired "a removed qdisc" "tc qdisc del dev ndp-a root" \
	"tc qdisc show dev ndp-a | grep -q 'tbf.*rate 16Mbit'"
repaired "another one in its place" \
	"tc qdisc replace dev ndp-a root handle 7: tbf rate 1gbit burst 64k limit 1m" \
	"tc qdisc show dev ndp-a | grep -q 'tbf.*rate 16Mbit'"
repaired "a removed redirect" "tc qdisc del dev ndp-a ingress" \
	"tc filter show dev ndp-a ingress | grep -q 'Redirect to device ndf-a'"
repaired "a removed ifb" "ip link del ndf-a" \
	"tc filter show dev ndp-a ingress | grep -q 'Redirect to device ndf-a'"
holds "from the guest, all repaired" 8000 c1 10.1.0.12

topology ', bandwidth: {ingress: 8M}'
index=$(ip -j link show ndp-a | jq '.[0].ifindex')
apply "$FILE"
plan_is_empty "$FILE"
holds "changed" 8000 c2 10.1.0.11
same "in place" "$index" "$(ip -j link show ndp-a | jq '.[0].ifindex')"
unbounded "one way was given up" c1 10.1.0.12
check_not "with what it needed" ip link show ndf-a
check_not "altogether" eval "tc qdisc show dev ndp-a | grep -q ingress"

topology "" ', bandwidth: {ingress: 8M, egress: 16M}'
apply "$FILE"
plan_is_empty "$FILE"
check_not "nothing is left at the port" \
	eval "tc qdisc show dev ndp-a | grep -q tbf"
holds "to a network, from another one" 8000 c1 10.2.0.13
BYTES=4000000
dropped "from a network, to its router" 16000 c3 10.2.0.1
dropped "from a network, to another one" 16000 c3 10.1.0.11
unbounded "within a network" c3 10.2.0.15
BYTES=600000

check "by the API" netdctl attach web --netns c4 --name d --wait \
	--address 10.1.0.14 --ingress 16M/16k --egress 8M
holds "to what was attached" 16000 c2 10.1.0.14
holds "from what was attached" 8000 c4 10.1.0.12
kill_netd
start_netd
plan_is_empty "after a crash $FILE"
check "it is told" eval "netdctl list attachments --json | jq -e '
	.items[] | select(.name == \"d\") |
	.bandwidth == {ingress: \"16M/16k\", egress: \"8M\"}'"
check "detach" netdctl detach d
check_not "which takes its ifb along" ip link show ndf-d

cat >"$FILE" <<'END'
namespace: t
networks: {web: {subnet: 10.1.0.0/24, bandwidth: {ingress: 16M, egress: 8M}}}
routers: {r: {networks: [web]}}
nodes: {a: {networks: [web]}}
END
apply "$FILE"
plan_is_empty "a named router's $FILE"
sinks t.r t.a
can t.a 10.1.0.1 icmp
holds "from a named router" 16000 t.r 10.1.0.2
holds "to a named router" 8000 t.a 10.1.0.1
check "down" netdctl down t
nothing_left

#!/bin/bash
# example-two-lans.sh - ten lines: two LANs, a router, NAT, DHCP and DNS
# SPDX-License-Identifier: GPL-2.0-or-later
# one kernel
# one build
. "$(dirname "$0")/../lib.sh"
. "$TESTS/site.sh"
command -v dnsmasq >/dev/null || skip "no dnsmasq"

FILE=$TOP/examples/two-lans.net.yaml

address()
{
	ip -n "two-lans.$1" -o -4 addr show scope global |
		sed -n 's/.* inet \([0-9.]*\).*/\1/p'
}
name()
{
	in_ns "two-lans.$1" dig +short +time=1 +tries=2 "@$2" "$3"
}

# a name server in the host's own network, which a lab does not see otherwise
beyond()
{
	outside
	must ip -n outside addr add 198.51.100.9/32 dev lo
	must ip -n outside addr add 203.0.113.253/24 dev eth0
	in_ns outside dnsmasq --no-resolv --no-hosts --bind-interfaces \
		--listen-address=203.0.113.253 --conf-file=/dev/null \
		--port=53 --pid-file="$WORLD/pid.outside" \
		--address=/far.example/198.51.100.9
	echo "nameserver 203.0.113.253" >"$WORLD/resolv.conf"
	must mount --bind "$WORLD/resolv.conf" /etc/resolv.conf
}

check "it is ten lines" [ "$(grep -vc '^#' "$FILE")" -le 10 ]
ns pc
beyond
remember
start_netd
apply "$FILE"
plan_is_empty "$FILE"
a=$(address a) b=$(address b)
left=$(ip -n two-lans.a route show default | awk '{ print $3 }')
right=$(ip -n two-lans.b route show default | awk '{ print $3 }')
can two-lans.a "$b" icmp
can two-lans.a 198.51.100.9 tcp 80
seen_as "seen as the host" 203.0.113.1 two-lans.b 198.51.100.9 tcp 80
same "a's name" "$a" "$(name a "$left" a.left.two-lans)"
same "the router's name" "$right" "$(name b "$right" gw.right.two-lans)"
same "a name of the outside" 198.51.100.9 "$(name a "$left" x.far.example)"
cannot two-lans.a 203.0.113.254 tcp 80
# the host moves, and has another one
must ip -n outside addr add 203.0.113.252/24 dev eth0
must in_ns outside dnsmasq --no-resolv --no-hosts --bind-interfaces \
	--listen-address=203.0.113.252 --conf-file=/dev/null \
	--pid-file="$WORLD/pid.outside2" --address=/near.example/198.51.100.8
pid=$(cat "$WORLD/run/dnsmasq/two-lans.left/pid")
echo "nameserver 203.0.113.252" >"$WORLD/resolv.conf"
soon "another name server is followed" eval \
	'[ "$(name a "$left" x.near.example)" = 198.51.100.8 ]'
same "without a restart" "$pid" "$(cat "$WORLD/run/dnsmasq/two-lans.left/pid")"
same "both servers are in the router" 2 \
	"$(ip netns pids two-lans.gw | xargs ps -o comm= -p | grep -c dnsmasq)"

# a student's own machine on the left LAN
check "attach" netdctl attach two-lans/left --netns pc --name pc --address dhcp
cat >lease <<'S'
#!/bin/bash
[ "$1" = bound ] || exit 0
ip addr add "$ip/$mask" dev "$interface"
ip route add default via "$router"
echo "nameserver $dns" >/run/world/resolv
S
chmod +x lease
check "it gets an address" in_ns pc busybox udhcpc -n -q -f -i eth0 \
	-s "$WORLD/lease"
same "it is told the name server" "nameserver $left" "$(cat resolv)"
can pc "$b" icmp
can pc 198.51.100.9 tcp 80
check "detach" netdctl detach pc
check "down" netdctl down two-lans
nothing_left

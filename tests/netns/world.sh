#!/bin/bash
# world.sh - the world that lib.sh makes for a test can tell right from wrong
# one build: other tests reach that code
# one kernel: what it tests hardly depends on that
# SPDX-License-Identifier: GPL-2.0-or-later
. "$(dirname "$0")/../lib.sh"

same "no interface but lo" "lo" "$(ls /sys/class/net)"
same "no namespace is seen" "" "$(ip netns list)"
check "we are root here" [ "$(id -u)" = 0 ]

ns a
ns b
wire "" left a eth0
wire a eth1 b eth0
must ip addr add 10.9.0.1/24 dev left
must ip -n a addr add 10.9.0.2/24 dev eth0
must ip -n a addr add fd09::1/64 dev eth1 nodad
must ip -n b addr add fd09::2/64 dev eth0 nodad

serve a tcp 80
serve b udp 53
can "" 10.9.0.2 icmp
can "" 10.9.0.2 tcp 80
can a fd09::2 udp 53
cannot "" 10.9.0.2 tcp 81
cannot "" 10.9.0.3 icmp
check "a closed port refuses" refused "" 10.9.0.2 tcp 81
check_not "an open one does not" refused "" 10.9.0.2 tcp 80
must ip neigh replace 10.9.0.3 lladdr 02:00:00:00:00:09 dev left
check_not "silence is no refusal" refused "" 10.9.0.3 tcp 80
seen_as "the server sees the asker" 10.9.0.1 "" 10.9.0.2 tcp 80
seen_as "the same by IPv6 and UDP" fd09::1 a fd09::2 udp 53

hold "" 10.9.0.2 tcp 80
must poll 5 test -s "$WORLD/hold"
held "a connection lasts" $((1000 * SLOW))

# what a daemon might leave behind
remember
check "nothing changed, nothing left" _nothing_left
must ip link add br9 type bridge
check_not "a bridge that stays is seen" _nothing_left
must ip link del br9
must nft add table inet left_over
check_not "a table that stays is seen" _nothing_left
must nft delete table inet left_over
must sysctl -qw net.ipv4.conf.left.proxy_arp=1
check_not "a sysctl that stays is seen" _nothing_left
must sysctl -qw net.ipv4.conf.left.proxy_arp=0
must ip route add unreachable 10.77.0.0/16
check_not "a route that stays is seen" _nothing_left
must ip route del unreachable 10.77.0.0/16
ns left_over
check_not "a namespace that stays is seen" _nothing_left
must ip netns del left_over
nothing_left

# a VM on a tap
must ip link add br0 type bridge
must ip addr add 10.8.0.1/24 dev br0
must ip link set br0 up
must ip tuntap add dev tap0 mode tap user root
must ip link set tap0 master br0 up
vm guest tap0 02:00:00:00:00:05
must ip -n guest addr add 10.8.0.2/24 dev eth0
serve "" tcp 8080
can guest 10.8.0.1 icmp
can guest 10.8.0.1 tcp 8080

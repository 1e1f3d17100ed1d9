#!/bin/bash
# example-dhcp-relay.sh - one DHCP server behind two routers
# SPDX-License-Identifier: GPL-2.0-or-later
# one kernel
# one build
. "$(dirname "$0")/../lib.sh"
command -v dnsmasq >/dev/null || skip "no dnsmasq"

FILE=$TOP/examples/dhcp-relay.net.yaml

cat >lease <<'S'
#!/bin/bash
[ "$1" = bound ] || exit 0
ip addr add "$ip/$mask" dev "$interface"
ip route replace default via "$router"
S
chmod +x lease
ask()
{
	in_ns "$1" busybox udhcpc -n -q -f -t 5 -T 1 -i eth0 -s "$WORLD/lease"
}
serve_leases()
{
	in_ns kea dnsmasq --port=0 --no-ping --conf-file=/dev/null \
		--pid-file="$WORLD/pid.kea" --dhcp-leasefile="$WORLD/leases.kea" \
		--dhcp-range=10.85.0.100,10.85.0.199,255.255.255.0 \
		--dhcp-range=10.86.1.100,10.86.1.199,255.255.255.0 \
		--dhcp-range=10.86.2.100,10.86.2.199,255.255.255.0
}
within()
{
	ip -n "$1" -o addr show dev eth0 | grep -q " $2"
}

for n in kea pc1 pc2; do ns $n; done
remember
start_netd
apply "$FILE"
plan_is_empty "$FILE"
# the server is not netd's: any that knows giaddr
r1=$(ip -n dhcp-relay.r1 -o -4 addr show | sed -n 's/.* inet \(10\.85[0-9.]*\).*/\1/p')
r2=$(ip -n dhcp-relay.r2 -o -4 addr show | sed -n 's/.* inet \(10\.85[0-9.]*\).*/\1/p')
must ip -n kea route add 10.86.1.0/24 via "$r1"
must ip -n kea route add 10.86.2.0/24 via "$r2"
serve_leases
check "a lease by the first router" ask pc1
check "is of its range" within pc1 '10\.86\.1\.1[0-9][0-9]/'
check "a lease by the second one" ask pc2
check "is of its range" within pc2 '10\.86\.2\.1[0-9][0-9]/'
can pc1 10.86.1.1 icmp
can pc1 10.85.0.10 icmp
check "down" netdctl down dhcp-relay
for n in kea pc1 pc2; do ip -n $n link del eth0 2>/dev/null; done

# the home router relays as well
kill "$(cat pid.kea)"
cat >house.net.yaml <<'Y'
networks:
  servers: {subnet: 10.85.0.0/24, dhcp: {server: kea}}
  floor1: {subnet: 10.86.1.0/24, dhcp: {relay: kea, ranges: [10.86.1.100-10.86.1.199]}}
attachments:
  kea: {network: servers, type: veth, netns: kea, address: 10.85.0.10}
  pc1: {network: floor1, type: veth, netns: pc1, address: dhcp, anti-spoofing: {ip: false, arp: false}}
policies: [{from: servers, to: floor1}]
Y
apply house.net.yaml
serve_leases
check "a lease by the home router" ask pc1
check "is of its range" within pc1 '10\.86\.1\.1[0-9][0-9]/'
check "down" netdctl down house
for n in kea pc1 pc2; do ip -n $n link del eth0 2>/dev/null; done
nothing_left

#!/bin/bash
# attachments.sh - taps, veths and a physical NIC: what the guest gets
# SPDX-License-Identifier: GPL-2.0-or-later
. "$(dirname "$0")/../lib.sh"
. "$TESTS/site.sh"

FILE=$WORLD/att.net.yaml

topology()
{
	cat >"$FILE" <<END
networks:
  lan: {mode: nat, subnet: 10.1.0.0/24, subnet6: "fd00:1::/64"}
attachments:
  byname: {network: lan, type: veth, netns: byname, ifname: net7, address: 10.1.0.10}
  bypath: {network: lan, type: veth, netns: /run/netns/bypath, address: 10.1.0.11, default-route: false}
  bypid: {network: lan, type: veth, netns: $1, mac: "52:54:00:00:00:12", address: 10.1.0.12}
  vm: {network: lan, type: tap, owner: nobody, address: 10.1.0.13}
  vmq: {network: lan, type: tap, group: nogroup, queues: 2, address: 10.1.0.14}
  card: {network: lan, type: nic}
END
}

links()
{
	ip -j link show | jq -r '.[] | "\(.ifname) \(.ifindex) \(.address)"' |
		grep -E 'ndp-|nd-|card' | sort
}

outside
guests byname bypath wall vm vmq
unshare --net sleep infinity &
holder=$!
must poll "$SOON" eval '[ "$(readlink /proc/$holder/ns/net)" != \
	"$(readlink /proc/self/ns/net)" ]'
wire "" card wall eth0
must ip -n wall addr add 10.1.0.50/24 dev eth0
remember
start_netd
topology "$holder"
apply "$FILE"
same "the name in the namespace" net7 \
	"$(ip -n byname -j link show type veth | jq -r '.[0].ifname')"
can byname 203.0.113.254 tcp 80
cannot bypath 203.0.113.254 tcp 80
check "no default route was asked for" \
	eval '! ip -n bypath route | grep -q default'
check "by pid, with the MAC that was asked for" eval \
	'nsenter --net=/proc/$holder/ns/net ip link show eth0 |
	 grep -q 52:54:00:00:00:12'
can "" 10.1.0.12 icmp

vmac=$(netdctl list attachments --json | jq -r \
	'.. | objects | select(.name? == "vm") | .mac')
qmac=$(netdctl list attachments --json | jq -r \
	'.. | objects | select(.name? == "vmq") | .mac')
vm vm ndp-vm "$vmac"
must ip -n vm addr add 10.1.0.13/24 dev eth0
must ip -n vm route add default via 10.1.0.1
vm vmq ndp-vmq "$qmac" multi-queue
must ip -n vmq addr add 10.1.0.14/24 dev eth0
serve vm tcp 80
serve vmq tcp 80
can vm 203.0.113.254 tcp 80
can vmq 10.1.0.13 tcp 80
can byname 10.1.0.14 tcp 80
check "the tap belongs to its owner" eval \
	'ip -d -j link show ndp-vm |
	 jq -e ".[0].linkinfo.info_data.user == \"nobody\""'
check "not to everybody" eval \
	'ip -d -j link show ndp-vmq |
	 jq -e ".[0].linkinfo.info_data.group == \"nogroup\""'
serve wall tcp 80
can byname 10.1.0.50 tcp 80
check "the physical NIC is a port of the bridge" eval \
	'[ "$(ip -j link show card | jq -r ".[0].master")" = nd-lan ]'

plan_is_empty "$FILE"
before=$(links)
kill_netd
start_netd
poll "$SOON" _plan_is_empty
same "SIGKILL and restart change no index and no MAC" "$before" "$(links)"
can vm 203.0.113.254 tcp 80

# a change that the tap can't bear while the VM holds it
must sed -i 's/queues: 2/queues: 1/' "$FILE"
check_not "the queues of a tap in use can't change" netdctl apply "$FILE"
same "and nothing else did" "$before" "$(links)"
can vmq 10.1.0.13 tcp 80
must sed -i 's/queues: 1/queues: 2/' "$FILE"
apply "$FILE"
can vmq 10.1.0.13 tcp 80

repaired "a tap that libvirt deleted" "ip link del ndp-vm" \
	"ip link show ndp-vm"
repaired "a port that left its bridge" "ip link set ndp-vmq nomaster" \
	"ip -j link show ndp-vmq | jq -e '.[0].master == \"nd-lan\"'"
repaired "a port that was taken down" "ip link set ndp-byname down" \
	"ip link show ndp-byname | grep -q UP"
repaired "an attachment whose end was deleted" \
	"ip -n byname link del net7" "reach byname 203.0.113.254 tcp 80"

check "down" netdctl down att
check "the NIC is given back" eval \
	'[ "$(ip -j link show card | jq -r ".[0].master")" = null ]'
kill "$holder"
nothing_left

# a namespace that comes later
cat >"$FILE" <<'END'
networks: {lan: {subnet: 10.1.0.0/24}}
attachments:
  later: {network: lan, type: veth, netns: later, address: 10.1.0.20}
  byname: {network: lan, type: veth, netns: byname, address: 10.1.0.21}
END
check "a namespace that isn't there yet is no failure" \
	netdctl apply "$FILE"
check "but is told of" eval 'netdctl status | grep -q later'
ns later
SOON=40
can later 10.1.0.21 icmp
SOON=$((5 * SLOW * BUSY))
# an isolated port that comes by the API: the gateway must not route around it
within()
{
	nft list map inet netd pair | grep -o '"nd-lan" . "nd-lan" : [a-z]*'
}

same "no port is isolated" '"nd-lan" . "nd-lan" : accept' "$(within)"
check "an isolated port comes" curl -sf --unix-socket "$NETD_SOCKET" \
	http://netd/v1/topologies/att/attachments -d '{"lone": {"network":
	"lan", "type": "tap", "owner": "nobody", "port-isolation": true}}'
soon "the rules within the network follow" eval \
	"within | grep -q 'goto'"
plan_is_empty att
check "it goes" netdctl detach lone
soon "and so do they" eval "within | grep -q accept"
plan_is_empty att
check "down" netdctl down att
must ip netns del later
nothing_left

#!/bin/bash
# daemon-uplink.sh - the default route moves: what goes outside follows it
# one build: other tests reach that code
# one kernel: what it tests hardly depends on that
# SPDX-License-Identifier: GPL-2.0-or-later
. "$(dirname "$0")/../lib.sh"

ns isp1
ns isp2
ns guest
wire "" up1 isp1 down
wire "" up2 isp2 down
ip addr add 203.0.113.2/24 dev up1
ip addr add 198.51.100.2/24 dev up2
ip -n isp1 addr add 203.0.113.1/24 dev down
ip -n isp2 addr add 198.51.100.1/24 dev down
for i in isp1 isp2; do
	ip -n $i addr add 192.0.2.1/32 dev lo
	serve $i tcp 80
done
ip route add default via 203.0.113.1
cat >"$CONF/nat.net.yaml" <<'Y'
networks:
  lan: {mode: nat, subnet: 10.1.0.0/24, subnet6: "fd00:1::/64"}
attachments:
  g: {network: lan, type: veth, netns: guest, address: 10.1.0.10, address6: "fd00:1::10"}
forwards: ["8080:g:80/tcp"]
Y
for i in 1 2; do
	ip addr add 2001:db8:$i::2/64 dev up$i nodad
	ip -n isp$i addr add 2001:db8:$i::1/64 dev down nodad
done
ip route add default via 2001:db8:1::1
serve guest tcp 80
start_netd
can guest 192.0.2.1 tcp 80
seen_as "behind the first uplink's address" 203.0.113.2 guest 192.0.2.1 tcp 80
plan_is_empty nat

index=$(cat /sys/class/net/nd-lan/ifindex)
ip route replace default via 198.51.100.1
seen_as "the second's, after the route moved" 198.51.100.2 guest 192.0.2.1 tcp 80
soon "the plan is empty again" _plan_is_empty
same "no link was made anew" "$index" "$(cat /sys/class/net/nd-lan/ifindex)"

# --- each family listens where its own default route goes ---
can isp2 198.51.100.2 tcp 8080
cannot isp1 203.0.113.2 tcp 8080
can isp1 2001:db8:1::2 tcp 8080
cannot isp2 2001:db8:2::2 tcp 8080

# --- no way out for a while ---
ip route del default
soon "without a default route nothing is left to do" _plan_is_empty
cannot guest 192.0.2.1 tcp 80
ip route add default via 203.0.113.1
seen_as "back again" 203.0.113.2 guest 192.0.2.1 tcp 80
soon "the plan is empty again" _plan_is_empty

# --- a start without one, as at boot ---
stop_netd
ip route del default
start_netd
soon "a start before the network is there" _plan_is_empty
ip route add default via 198.51.100.1
seen_as "the uplink is taken when it comes" 198.51.100.2 guest 192.0.2.1 tcp 80
check "down" netdctl down nat

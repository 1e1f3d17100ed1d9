#!/bin/bash
# attach-foreign.sh - ports that LXC, nspawn and the like put on our bridges
# one kernel: what it tests hardly depends on that
# SPDX-License-Identifier: GPL-2.0-or-later
. "$(dirname "$0")/../lib.sh"
. "$TESTS/site.sh"

FILE=$WORLD/net.net.yaml

# What such a program does: a pair, one end on the bridge.
put() # NAME ADDRESS
{
	ns "$1"
	wire "" "veth$1" "$1" eth0
	must ip -n "$1" addr add "$2/24" dev eth0
	must ip -n "$1" route add default via 10.1.0.1
	must ip link set "veth$1" master nd-lan
	serve "$1" tcp 80
}

ports()
{
	netdctl status --json | jq -r \
		'."foreign-ports"[] | "\(.ifname) \(.network) \(.confined)"'
}

outside
guests ours
start_netd
netdctl events --json >"$WORLD/events" &
cat >"$FILE" <<'END'
networks: {lan: {mode: nat, subnet: 10.1.0.0/24}}
attachments: {ours: {network: lan, type: veth, netns: ours, address: 10.1.0.5}}
END
apply "$FILE"
serve ours tcp 80
same "no port is foreign" "" "$(ports)"
put lxc1 10.1.0.100
soon "it is noticed" eval '[ "$(ports)" = "vethlxc1 net/lan true" ]'
check "... by people" eval \
	'netdctl status | grep -q "vethlxc1 on net/lan.*confined"'
soon "... by an event" grep -q '"ifname":"vethlxc1".*"event":"port"' events
put lxc2 10.1.0.101
soon "another" eval '[ "$(ports | wc -l)" = 2 ]'
cannot lxc1 10.1.0.5 tcp 80
cannot lxc1 10.1.0.1 icmp
cannot lxc1 203.0.113.254 tcp 80
cannot lxc1 10.1.0.101 tcp 80
cannot ours 10.1.0.100 tcp 80
can ours 203.0.113.254 tcp 80
_plan_is_empty
check "that is no drift" _plan_is_empty

# an attachment of that name claims it
check "a port is claimed" netdctl attach lan --nic vethlxc1
soon "it is netd's now" eval '[ "$(ports)" = "vethlxc2 net/lan true" ]'
can lxc1 10.1.0.5 tcp 80
can lxc1 203.0.113.254 tcp 80
cannot lxc2 10.1.0.5 tcp 80
check "it is given back" netdctl detach vethlxc1
check "... where it was" ip link show vethlxc1

# the network takes them as they are
cat >"$FILE" <<'END'
networks: {lan: {mode: nat, subnet: 10.1.0.0/24, adopt: true}}
attachments: {ours: {network: lan, type: veth, netns: ours, address: 10.1.0.5}}
END
apply "$FILE"
soon "adopted" eval '[ "$(ports)" = "vethlxc2 net/lan false" ]'
can lxc2 10.1.0.5 tcp 80
can lxc2 203.0.113.254 tcp 80
can ours 10.1.0.101 tcp 80
check "... as people are told" eval \
	'netdctl status | grep -q "vethlxc2 .*taken as it is"'
must ip link del vethlxc2
soon "one that goes is not there any more" eval '[ -z "$(ports)" ]'
check "down" netdctl down net

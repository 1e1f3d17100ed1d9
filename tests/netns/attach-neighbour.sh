#!/bin/bash
# attach-neighbour.sh - an address that comes back with another MAC is reachable
# one kernel: what it tests hardly depends on that
# SPDX-License-Identifier: GPL-2.0-or-later
. "$(dirname "$0")/../lib.sh"
. "$TESTS/site.sh"

# Milliseconds until FROM reaches ADDR; the tries are short, since what is lost
# is lost.
until_reached()
{
	local begin=${EPOCHREALTIME/./} TRY=0.2
	until reach "$1" "$2" tcp 80 >/dev/null 2>&1; do
		[ $(((${EPOCHREALTIME/./} - begin) / 1000)) -lt 30000 ] || break
	done
	echo $(((${EPOCHREALTIME/./} - begin) / 1000))
}

# NAME NETWORK ADDRESS ADDRESS6
plug()
{
	check "attach $1" netdctl attach "$2" --netns "$1" --name "$1" \
		--address "$3" --address6 "$4" --wait
}

# Whoever asks FROM had the MAC of $old in its table, and the bridge keeps its
# carrier by another port.
comes_back()
{
	local what=$1 from=$2 address=$3 ms
	ms=$(until_reached "$from" "$address")
	check "$what: $address is reached again after $ms ms" \
		[ "$ms" -lt $((1000 * SLOW * BUSY)) ]
}

guests keep old new
start_netd
cat >"$WORLD/near.net.yaml" <<'END'
networks: {lan: {mode: nat, subnet: 10.1.0.0/24, subnet6: "fd00:1::/64"}}
END
cat >"$WORLD/lab.net.yaml" <<'END'
namespace: host
networks:
  a: {subnet: 10.5.0.0/24, subnet6: "fd00:5::/64"}
  b: {subnet: 10.6.0.0/24, subnet6: "fd00:6::/64"}
routers: {r: {networks: [a, b]}}
nodes: {far: {networks: [b]}}
END
apply "$WORLD/near.net.yaml"
apply "$WORLD/lab.net.yaml"
check "a port that keeps the carrier" netdctl attach lan --netns keep --name keep
check "and there" netdctl attach a --netns keep --name keep2 --ifname eth1

serve old tcp 80
serve new tcp 80
plug old lan 10.1.0.50 fd00:1::50
can "" 10.1.0.50 tcp 80
can "" fd00:1::50 tcp 80
check "its MAC is known" eval 'ip neigh show 10.1.0.50 | grep -q lladdr'
check "detach" netdctl detach old
plug new lan 10.1.0.50 fd00:1::50
comes_back "at home" "" 10.1.0.50
comes_back "at home" "" fd00:1::50
check "detach" netdctl detach new

# it was asked for while nobody had it
TRY=0.3 reach "" 10.1.0.50 tcp 80
TRY=0.3 reach "" fd00:1::50 tcp 80
plug old lan 10.1.0.50 fd00:1::50
comes_back "at home, when it was asked for meanwhile" "" 10.1.0.50
comes_back "at home, when it was asked for meanwhile" "" fd00:1::50
check "detach" netdctl detach old

plug old a 10.5.0.50 fd00:5::50
can lab.far 10.5.0.50 tcp 80
can lab.far fd00:5::50 tcp 80
check "the router knows its MAC" eval \
	'ip -n lab.r neigh show 10.5.0.50 | grep -q lladdr'
check "detach" netdctl detach old
plug new a 10.5.0.50 fd00:5::50
comes_back "behind a named router" lab.far 10.5.0.50
comes_back "behind a named router" lab.far fd00:5::50
check "detach" netdctl detach new

# another guest of the network, which netd can't make forget
plug old lan 10.1.0.51 fd00:1::51
can keep 10.1.0.51 tcp 80
can keep fd00:1::51 tcp 80
check "another guest knows its MAC" eval \
	'ip -n keep neigh show 10.1.0.51 | grep -q lladdr'
check "detach" netdctl detach old
plug new lan 10.1.0.51 fd00:1::51
comes_back "for another guest" keep 10.1.0.51
comes_back "for another guest" keep fd00:1::51
check "detach" netdctl detach new

# the guest at a tap is not netd's
mac=$(netdctl attach lan --tap --owner nobody --name vm1 --address 10.1.0.60 \
	--address6 fd00:1::60 --json | jq -r .attachment.mac)
vm vm1 ndp-vm1 "$mac"
must ip -n vm1 addr add 10.1.0.60/24 dev eth0
must ip -n vm1 addr add fd00:1::60/64 dev eth0 nodad
serve vm1 tcp 80
can "" 10.1.0.60 tcp 80
can "" fd00:1::60 tcp 80
check "a VM goes" netdctl detach vm1
mac=$(netdctl attach lan --tap --owner nobody --name vm2 --address 10.1.0.60 \
	--address6 fd00:1::60 --json | jq -r .attachment.mac)
vm vm2 ndp-vm2 "$mac"
must ip -n vm2 addr add 10.1.0.60/24 dev eth0
must ip -n vm2 addr add fd00:1::60/64 dev eth0 nodad
serve vm2 tcp 80
comes_back "another VM" "" 10.1.0.60
comes_back "another VM" "" fd00:1::60

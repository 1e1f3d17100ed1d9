#!/bin/bash
# engine-nspawn.sh - systemd-nspawn in a namespace, and on the bridge itself
# one build: an engine takes its time, and others ask the same
# SPDX-License-Identifier: GPL-2.0-or-later
. "$(dirname "$0")/../lib.sh"
. "$TESTS/engines.sh"
needs systemd-nspawn busybox

nspawn()
{
	systemd-nspawn -q --keep-unit --register=no -D "$WORLD/root" "$@" \
		/svc >"$WORLD/out" 2>&1 </dev/null &
	pid=$!
}

# nspawn is two processes, of which the inner one runs the container.
end()
{
	local p
	for p in $(pgrep -P "$pid") "$pid"; do
		kill -KILL "$p" 2>/dev/null
	done
	wait "$pid" 2>/dev/null
}

rootfs "$WORLD/root"
trial systemd-nspawn systemd-nspawn -q --keep-unit --register=no \
	-D "$WORLD/root" /bin/busybox true
engine_site
ns box
must quietly netdctl attach web --netns box --name box --address 10.81.0.70
nspawn --network-namespace-path=/run/netns/box
as_policy_says box 10.81.0.70 || cat "$WORLD/out"
end
must quietly netdctl detach box
must ip netns del box
gone

# a port that it puts on the bridge by itself is nobody's until it is claimed
nspawn --network-bridge=nd-web --machine=wild
soon "a port of nspawn's own is on the bridge" \
	eval 'ip -j link show master nd-web | grep -q vb-wild'
inner=$(pgrep -P "$pid" | head -1)
poll "$SOON" eval 'nsenter --net="/proc/$inner/ns/net" ip link show host0'
named wild "$inner"
must ip -n wild addr add 10.81.0.71/24 dev host0
must ip -n wild link set host0 up
must ip -n wild route add default via 10.81.0.1
cannot wild 10.81.0.1 icmp
cannot wild "$PEER" tcp 5432
unnamed wild
end
engine_end

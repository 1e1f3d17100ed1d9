#!/bin/bash
# engine-containerd.sh - containerd's containers, by CNI
# SPDX-License-Identifier: GPL-2.0-or-later
. "$(dirname "$0")/../lib.sh"
. "$TESTS/engines.sh"
needs containerd ctr runc busybox

D=$WORLD/containerd

# ctr looks for networks and plugins in these folders, and takes the first.
setup()
{
	mkdir -p /opt/cni/bin /etc/cni/net.d "$D"
	rm -f /etc/cni/net.d/*
	must cp "$CNI_BIN/netd-cni" /opt/cni/bin/
	must cp "$NET_D"/*.web.conflist /etc/cni/net.d/
	cat >"$D/config.toml" <<-END
	version = 2
	root = "$D/root"
	state = "$D/state"
	disabled_plugins = ["io.containerd.grpc.v1.cri",
		"io.containerd.snapshotter.v1.btrfs",
		"io.containerd.snapshotter.v1.devmapper",
		"io.containerd.snapshotter.v1.zfs"]
	[grpc]
	address = "$D/sock"
	END
	containerd -c "$D/config.toml" >"$WORLD/containerd.out" 2>&1 &
	containerd=$!
	must poll $((SOON * 2)) ctr -a "$D/sock" version
}

c()
{
	ctr -a "$D/sock" "$@"
}

run()
{
	c run -d --rootfs --cni "$WORLD/root" "$1" /svc
}

pid_of()
{
	c task ls | awk -v "n=$1" '$1 == n { print $2 }'
}

rootfs "$WORLD/root"
engine_site
setup
check "ctr run --cni" run c1 || tail "$WORLD/containerd.out"
named c1 "$(pid_of c1)"
address=$(netdctl list attachments --json | jq -r \
	'.items[] | select(.labels.door == "cni") | .addresses[0].address')
as_policy_says c1 "${address%/*}"
unnamed c1
# it never sends DEL for these: the namespace's end is all there is
check "it is killed" c task kill -s KILL c1
soon "it is removed" eval 'c task rm c1; c container rm c1'
gone "what it never gave back is collected"
check "another one" run c2
check "is killed" c task kill -s KILL c2
soon "and removed" eval 'c task rm c2; c container rm c2'
gone
kill "$containerd"
wait "$containerd" 2>/dev/null
engine_end

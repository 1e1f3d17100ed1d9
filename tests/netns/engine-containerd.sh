#!/bin/bash
# engine-containerd.sh - containerd by CNI: its own client, and as a kubelet
# one build: an engine takes its time, and others ask the same
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
	must cp "$CNI_BIN/netd-cni" /usr/lib/cni/loopback /opt/cni/bin/
	must cp "$NET_D"/*.web.conflist /etc/cni/net.d/
	cat >"$D/config.toml" <<-END
	version = 2
	root = "$D/root"
	state = "$D/state"
	disabled_plugins = ["io.containerd.snapshotter.v1.btrfs",
		"io.containerd.snapshotter.v1.devmapper",
		"io.containerd.snapshotter.v1.zfs"]
	[grpc]
	address = "$D/sock"
	[plugins."io.containerd.grpc.v1.cri"]
	sandbox_image = "localhost/pod:1"
	disable_apparmor = true
	restrict_oom_score_adj = true
	[plugins."io.containerd.grpc.v1.cri".containerd]
	snapshotter = "native"
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

# What a pod's sandbox runs: an image of our service
image()
{
	local i=$WORLD/image
	mkdir "$i"
	tar -C "$WORLD/root" -cf "$i/layer.tar" . &&
		jq -n --arg sum "$(sha256sum <"$i/layer.tar" | cut -d' ' -f1)" \
		'{architecture: "amd64", os: "linux",
		  config: {Entrypoint: ["/svc"]},
		  rootfs: {type: "layers", diff_ids: ["sha256:" + $sum]}}' \
		>"$i/config.json" &&
		echo '[{"Config": "config.json", "Layers": ["layer.tar"],
			"RepoTags": ["localhost/pod:1"]}]' >"$i/manifest.json" &&
		tar -C "$i" -cf "$WORLD/image.tar" . &&
		c -n k8s.io image import --snapshotter native "$WORLD/image.tar"
}

cri()
{
	/usr/bin/python3 "$TESTS/tools/cri.py" "$D/sock" "$@"
}

# As a kubelet does it: it stops twice, the second time without a namespace.
pods()
{
	local id id2 labels
	must quietly image
	id=$(cri run web1 8080:80)
	check "RunPodSandbox" [ -n "$id" ] || tail "$WORLD/containerd.out"
	labels=$(netdctl list attachments --json |
		jq -c '.items[] | select(.labels.door == "cni") | .labels')
	same "the pod's name and namespace are known" "web1 lab" \
		"$(jq -r '"\(.["cni.pod"]) \(.["cni.namespace"])"' <<<"$labels")"
	named pod "$(c -n k8s.io task ls | awk -v "i=$id" '$1 == i { print $2 }')"
	as_policy_says pod "$(cri address "$id")"
	soon "its port is published" \
		eval 'http outside 203.0.113.1:8080 | grep -q hello'
	unnamed pod
	id2=$(cri run web2)
	check "another pod has another address" \
		[ "$(cri address "$id")" != "$(cri address "$id2")" ]
	check "StopPodSandbox" cri stop "$id"
	check "StopPodSandbox again" cri stop "$id"
	check "RemovePodSandbox" cri remove "$id"
	check "RemovePodSandbox of one that runs" cri remove "$id2"
	gone "the attachments went with the pods"
}

rootfs "$WORLD/root"
engine_site
setup
trial containerd c run --rm --rootfs "$WORLD/root" c0 /bin/busybox true
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
if /usr/bin/python3 -c "import grpc" 2>/dev/null; then
	pods
else
	echo "no grpc for Python: not asked as by a kubelet"
fi
kill "$containerd"
wait "$containerd" 2>/dev/null
engine_end

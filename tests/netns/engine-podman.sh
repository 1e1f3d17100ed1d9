#!/bin/bash
# engine-podman.sh - Podman on networks that it finds by their names, by CNI,
# and by a hook
# one build: an engine takes its time, and others ask the same
# SPDX-License-Identifier: GPL-2.0-or-later
. "$(dirname "$0")/../lib.sh"
. "$TESTS/engines.sh"
needs podman runc conmon busybox jq

# Rlimits of its own, since a container's may not be raised everywhere.
mkdir -p "$WORLD/hooks.d"
cat >"$WORLD/containers.conf" <<END
[containers]
default_ulimits = ["nofile=1024:4096", "nproc=4096:4096"]
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
runtime = "runc"
[network]
network_backend = "cni"
cni_plugin_dirs = ["$CNI_BIN", "/usr/lib/cni"]
network_config_dir = "$NET_D"
END
export CONTAINERS_CONF=$WORLD/containers.conf

pod()
{
	podman --root "$WORLD/podman" --runroot "$WORLD/runroot" \
		--tmpdir "$WORLD/tmp" --storage-driver vfs \
		--hooks-dir "$WORLD/hooks.d" "$@"
}

inspect()
{
	pod inspect "$1" | jq -r ".[0]$2"
}

rootfs "$WORLD/root"
trial podman eval 'tar -C "$WORLD/root" -c . | pod import -q - bb &&
	pod run --rm --network none bb /bin/busybox true'
engine_site "$TOP/examples/podman.net.yaml"
same "Podman lists netd's networks" "db web" \
	"$(pod network ls --format '{{.Name}}' | grep -v podman | sort |
	   paste -sd' ')"

# --- by name -------------------------------------------------------------------

check "podman run --network web" pod run -d --name w1 --network web \
	--ip 10.81.0.52 --mac-address 02:77:00:00:00:99 -p 8080:80 \
	-p 127.0.0.1:8081:80 bb /svc
named w1 "$(inspect w1 .State.Pid)"
as_policy_says w1 10.81.0.52
soon "the published port" eval 'http outside 203.0.113.1:8080 | grep -q hello'
soon "to the host, too" eval 'http "" 203.0.113.1:8080 | grep -q hello'
soon "the one of the host" eval 'http "" 127.0.0.1:8081 | grep -q hello'
cannot outside 203.0.113.1 tcp 8081
same "what Podman knows of it" "10.81.0.52 10.81.0.1 02:77:00:00:00:99" "$(
	inspect w1 '.NetworkSettings.Networks.web |
		"\(.IPAddress) \(.Gateway) \(.MacAddress)"')"
same "what netd knows of it" "w1" "$(netdctl list attachments --json |
	jq -r '.items[] | select(.name != "peer") | .labels["cni.pod"]')"
unnamed w1

check "a second network" pod network connect db w1
named w1 "$(inspect w1 .State.Pid)"
can w1 "$PEER" tcp 22
unnamed w1
check "and not any more" pod network disconnect db w1
check "podman network reload" pod network reload w1
named w1 "$(inspect w1 .State.Pid)"
as_policy_says w1 10.81.0.52
unnamed w1
check "podman restart" pod restart -t 0 w1
named w1 "$(inspect w1 .State.Pid)"
as_policy_says w1 10.81.0.52
unnamed w1

# --- what goes wrong -----------------------------------------------------------

check_not "a port that is taken" pod run -d --name w2 --network web \
	-p 8080:80 bb /svc
pod rm -f -t 0 w2 >/dev/null 2>&1
check_not "an address that is taken" pod run -d --name w3 --network web \
	--ip 10.81.0.52 bb /svc
pod rm -f -t 0 w3 >/dev/null 2>&1
check "podman rm" pod rm -f -t 0 w1
gone
same "and so did its ports" 0 \
	"$(netdctl list forwards --json | jq '.items | length')"

# --- by a hook -----------------------------------------------------------------

jq --arg hook "$HOOK" --arg socket "$NETD_SOCKET" '.hook.path = $hook |
	.hook.args += ["--socket", $socket]' "$TOP/packaging/netd-hook.json.in" \
	>"$WORLD/hooks.d/netd.json"
check "podman run with annotations" pod run -d --name w4 --network none \
	--annotation netd.network=web --annotation netd.address=10.81.0.60 \
	--annotation netd.publish=8080:80 bb /svc
named w4 "$(inspect w4 .State.Pid)"
as_policy_says w4 10.81.0.60
soon "the published port" eval 'http outside 203.0.113.1:8080 | grep -q hello'
unnamed w4
check "podman rm" pod rm -f -t 0 w4
gone
engine_end

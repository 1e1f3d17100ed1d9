# engines.sh - what the tests of container engines have in common
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Sourced after lib.sh, by tests/netns/engine-NAME.sh.  The world of lib.sh
# becomes a host on which engines run: cgroups, and folders of their own.
#
#	needs PROGRAM...	skips the test, by name, when one is missing
#	trial NAME CMD...	skips it when a container without a network
#				can't be run here
#	rootfs DIR		a root of busybox, whose /svc serves port 80
#	engine_site [FILE]	netd with FILE (networks web and db) in force,
#				the outside, and `peer`, a server in db
#	named NAME PID		a name in /run/netns for the namespace of PID
#	unnamed NAME
#	as_policy_says NAME ADDRESS	checks: the container NAME (in
#				/run/netns) reaches db as the policy says, and
#				is reached as the policy says
#	gone WHAT		check: no attachment but peer's is left
#	runtime CMD...		tests an OCI runtime

DOCKER_PLUGIN=/run/docker/plugins/netd.sock
PATH=$PATH:/usr/sbin:/sbin
HOOK=$BUILD/ctl/netd-oci-hook
CNI_BIN=$BUILD/ctl
NET_D=$WORLD/net.d

needs()
{
	local p
	for p in "$@"; do
		command -v "$p" >/dev/null || skip "$p is not installed"
	done
}

trial()
{
	local what=$1 out
	shift
	out=$("$@" 2>&1) ||
		skip "$what runs no container here: $(tail -n 1 <<<"$out")"
}

# Not `must CMD >/dev/null`: that would hide why the test ends.
quietly()
{
	"$@" >/dev/null
}

# The /sys of this world has none of the machine's cgroups.  crun wants those
# of one version only.
_cgroups()
{
	mkdir -p "$WORLD/cgroup"
	must umount /sys
	must mount --rbind /sys/fs/cgroup "$WORLD/cgroup"
	must mount -t sysfs sysfs /sys
	must mount --rbind "$WORLD/cgroup" /sys/fs/cgroup
	umount -l "$WORLD/cgroup"
	umount /sys/fs/cgroup/unified 2>/dev/null || :
}

# Whatever an engine writes outside of /run is gone with the world.
_folders()
{
	local d
	must mount -t tmpfs shm /dev/shm
	must mount -t tmpfs tmp /var/tmp
	for d in etc opt var/lib; do
		mkdir -p "$WORLD/layers/$d/upper" "$WORLD/layers/$d/work"
		must mount -t overlay overlay -o "lowerdir=/$d,upperdir=$WORLD/\
layers/$d/upper,workdir=$WORLD/layers/$d/work" "/$d"
	done
}

rootfs()
{
	local p
	mkdir -p "$1"/{bin,dev,etc,proc,run,sys,tmp,usr,var,www}
	must cp "$(command -v busybox)" "$1/bin/busybox"
	for p in sh httpd sleep; do
		ln -s busybox "$1/bin/$p"
	done
	echo hello >"$1/www/index.html"
	echo 'ID=test' >"$1/etc/os-release"
	printf '#!/bin/sh\nexec httpd -f -p 80 -h /www\n' >"$1/svc"
	chmod 755 "$1/svc"
}

_topology()
{
	cat >"$WORLD/engines.net.yaml" <<-'END'
	networks:
	  web: {mode: nat, subnet: 10.81.0.0/24, subnet6: "fd00:81::/64"}
	  db: {subnet: 10.82.0.0/24}
	policies:
	  - {from: web, to: db, protocol: tcp, ports: [5432]}
	  - {from: db, to: web, protocol: tcp, ports: [80]}
	END
	echo "$WORLD/engines.net.yaml"
}

engine_site()
{
	local file=${1:-$(_topology)}
	outside
	remember
	start_netd --cni-dir "$NET_D" --docker-socket "$DOCKER_PLUGIN"
	apply "$file"
	TOPOLOGY=$(basename "$file" .net.yaml)
	ns peer
	must quietly netdctl attach "$TOPOLOGY/db" --netns peer --name peer
	PEER=$(netdctl list attachments --json | jq -r \
		'.items[] | select(.name == "peer") | .address')
	serve peer tcp 5432 22
}

engine_end()
{
	must netdctl detach peer
	must ip netns del peer
	check "down" netdctl down "$TOPOLOGY"
	nothing_left
}

named()
{
	must ip netns attach "$1" "$2"
}

unnamed()
{
	must umount -l "/run/netns/$1"
	rm -f "/run/netns/$1"
}

http()
{
	in_ns "$1" curl -sf --max-time 2 "http://$2/"
}

as_policy_says()
{
	soon "$1 is reached by db, as the policy says" \
		eval "http peer $2 | grep -q hello"
	can "$1" "$PEER" tcp 5432
	check "$1 is told no by $PEER tcp 22" refused "$1" "$PEER" tcp 22
	can "$1" 203.0.113.254 tcp 80
}

_gone()
{
	[ "$(netdctl list attachments --json | jq -r '[.items[] |
		select(.dynamic) | .name] | join(" ")')" = peer ]
}

gone()
{
	soon "${1:-the attachment went with the container}" _gone
}

# --- an OCI runtime -------------------------------------------------------------

# bundle NETNS-PATH [KEY=VALUE...]: a container with these annotations
_bundle()
{
	local path=$1
	shift
	(cd "$WORLD/bundle" && rm -f config.json && runc spec) || return
	printf '%s\n' "$@" | jq -Rn --arg hook "$HOOK" --arg path "$path" \
		--arg socket "$NETD_SOCKET" --arg root "$WORLD/root" \
		--slurpfile c "$WORLD/bundle/config.json" '
		{path: $hook, args: ["netd-oci-hook"], timeout: 20,
		 env: ["NETD_SOCKET=" + $socket]} as $h |
		([inputs | select(. != "") | capture("(?<key>[^=]*)=(?<value>.*)")] |
		 from_entries) as $notes | $c[0] |
		.root = {path: $root, readonly: true} |
		.process.terminal = false | .process.args = ["/svc"] |
		.process.rlimits = [] | .annotations = $notes |
		if $path != "" then
			(.linux.namespaces[] | select(.type == "network")).path =
				$path
		else
			.hooks = {createRuntime: [$h], poststop: [$h]}
		end' >"$WORLD/config.json" &&
		mv "$WORLD/config.json" "$WORLD/bundle/config.json"
}

_run()
{
	"$RUNTIME" --root "$WORLD/state" run -d --bundle "$WORLD/bundle" \
		--pid-file "$WORLD/pid" "$1" >"$WORLD/out" 2>&1 </dev/null
}

_delete()
{
	"$RUNTIME" --root "$WORLD/state" kill "$1" KILL &&
		poll "$SOON" "$RUNTIME" --root "$WORLD/state" delete "$1"
}

_run_and_delete()
{
	_run "$1" && _delete "$1" && return
	cat "$WORLD/out"
	return 1
}

_runtime_by_hook()
{
	must _bundle "" netd.network=web netd.address=10.81.0.42 \
		netd.mac=02:81:00:00:00:42 \
		netd.publish=8080:80,127.0.0.1:8081:80/tcp \
		netd.ingress=80M/64k netd.egress=40M
	check "$RUNTIME: a container with a hook" _run c1 || cat "$WORLD/out"
	named c1 "$(cat "$WORLD/pid")"
	as_policy_says c1 10.81.0.42
	same "its MAC" 02:81:00:00:00:42 \
		"$(ip -n c1 -j link show eth0 | jq -r '.[0].address')"
	check "its bandwidth" eval "tc qdisc |
		grep 'tbf.*dev ndp-.*rate 80Mbit burst 64Kb' &&
		tc qdisc | grep 'tbf.*dev ndf-.*rate 40Mbit'"
	soon "its port is published" \
		eval 'http outside 203.0.113.1:8080 | grep -q hello'
	soon "the other one to the host" \
		eval 'http "" 127.0.0.1:8081 | grep -q hello'
	unnamed c1
	check "$RUNTIME: it ends" _delete c1
	gone
}

_runtime_two_networks()
{
	must _bundle "" "netd.network=web, $TOPOLOGY/db" netd.eth1.ifname=data
	check "$RUNTIME: a container on two networks" _run c7
	named c7 "$(cat "$WORLD/pid")"
	can c7 "$PEER" tcp 22
	same "the way out is the first one's" eth0 \
		"$(ip -n c7 -j route show default | jq -r '.[].dev')"
	check "the second one is called as asked for" ip -n c7 link show data
	unnamed c7
	check "$RUNTIME: it ends" _delete c7
	gone "both went with the container"
}

_runtime_refused()
{
	must _bundle "" netd.network=none
	check_not "a network that is not there stops the start" _run c2
	check "with the reason" grep -qE 'none|hook' "$WORLD/out"
	must _bundle "" netd.network=web netd.adress=10.81.0.43
	check_not "a misspelt annotation, too" _run c3
	must _bundle "" netd.network=web,none
	check_not "all networks or none" _run c4
	gone "and nothing is left of these"
	must _bundle "" other=annotation
	check "one that asks for nothing gets nothing" _run c5
	check "$RUNTIME: it ends" _delete c5
}

_runtime_by_path()
{
	ns box
	must quietly netdctl attach web --netns box --name box \
		--address 10.81.0.44
	must _bundle /run/netns/box
	check "$RUNTIME: a container in a namespace of that path" _run c6
	as_policy_says box 10.81.0.44
	check "$RUNTIME: it ends" _delete c6
	must netdctl detach box
	must ip netns del box
	gone
}

runtime()
{
	RUNTIME=$1
	needs "$RUNTIME" runc busybox
	mkdir -p "$WORLD/bundle"
	rootfs "$WORLD/root"
	must _bundle ""
	trial "$RUNTIME" _run_and_delete c0
	engine_site
	_runtime_by_hook
	_runtime_two_networks
	_runtime_refused
	_runtime_by_path
	engine_end
}

. "$TESTS/site.sh"
_cgroups
_folders

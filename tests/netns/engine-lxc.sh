#!/bin/bash
# engine-lxc.sh - LXC by hooks, by the script of an interface, by a namespace
# one build: an engine takes its time, and others ask the same
# SPDX-License-Identifier: GPL-2.0-or-later
. "$(dirname "$0")/../lib.sh"
. "$TESTS/engines.sh"
needs lxc-start busybox

# container NAME: its configuration; the part of the network is read
container()
{
	mkdir -p "$WORLD/lxc/$1"
	{
		cat <<-END
		lxc.uts.name = $1
		lxc.rootfs.path = dir:$WORLD/root
		lxc.init.cmd = /svc
		lxc.mount.auto = proc:mixed sys:ro
		lxc.autodev = 1
		lxc.tty.max = 0
		lxc.hook.version = 1
		END
		cat
	} >"$WORLD/lxc/$1/config"
}

start()
{
	lxc-start -P "$WORLD/lxc" -n "$1" -o "$WORLD/lxc/$1.log" -l INFO &&
		lxc-wait -P "$WORLD/lxc" -n "$1" -s RUNNING -t 5
}

stop()
{
	lxc-stop -P "$WORLD/lxc" -n "$1" -k
}

pid_of()
{
	lxc-info -P "$WORLD/lxc" -n "$1" -pH
}

rootfs "$WORLD/root"
container c0 <<END
lxc.net.0.type = empty
END
trial lxc eval 'start c0 && stop c0'
export NETD_SOCKET
ns shared
engine_site "$TOP/examples/lxc.net.yaml"
netd_oci_hook="$HOOK --socket $NETD_SOCKET"
gone "nothing is plugged in yet"

container c1 <<END
lxc.net.0.type = empty
lxc.hook.start-host = $netd_oci_hook --network web --address 10.83.0.20 --publish 8080:80
lxc.hook.post-stop = $netd_oci_hook
END
check "a container with hooks" start c1 || cat "$WORLD/lxc/c1.log"
named c1 "$(pid_of c1)"
as_policy_says c1 10.83.0.20
soon "the published port" eval 'http outside 203.0.113.1:8080 | grep -q hello'
unnamed c1
check "it stops" stop c1
gone

container c2 <<END
lxc.net.0.type = veth
lxc.net.0.veth.pair = lxcc2
lxc.net.0.ipv4.address = 10.83.0.21/24 10.83.0.255
lxc.net.0.ipv4.gateway = 10.83.0.1
lxc.net.0.flags = up
lxc.net.0.script.up = $netd_oci_hook --network web
lxc.net.0.script.down = $netd_oci_hook
END
check "a container with a script" start c2 || cat "$WORLD/lxc/c2.log"
named c2 "$(pid_of c2)"
as_policy_says c2 10.83.0.21
unnamed c2
check "it stops" stop c2
gone

container c3 <<END
lxc.namespace.share.net = /run/netns/shared
END
check "a container in a namespace of that path" start c3 ||
	cat "$WORLD/lxc/c3.log"
as_policy_says shared 10.83.0.30
check "it stops" stop c3

container c4 <<END
lxc.net.0.type = empty
lxc.hook.start-host = $netd_oci_hook --network none
END
check_not "a network that is not there stops the start" start c4
check "with the reason in its log" grep -q "none" "$WORLD/lxc/c4.log"
engine_end

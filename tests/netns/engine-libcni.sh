#!/bin/bash
# engine-libcni.sh - the reference library of CNI, alone and with a chain
# one build: an engine takes its time, and others ask the same
# SPDX-License-Identifier: GPL-2.0-or-later
. "$(dirname "$0")/../lib.sh"
. "$TESTS/engines.sh"
needs go
[ -d /usr/share/gocode/src/github.com/containernetworking/cni ] ||
	skip "libcni is not installed"

# Built once: compiling Go's own library takes longer than all the rest.
LIBCNI=$BUILD/tests/tools/libcni
build()
{
	[ "$LIBCNI" -nt "$TESTS/tools/libcni.go" ] && return
	env GO111MODULE=off GOPATH=/usr/share/gocode GOFLAGS= \
		"GOCACHE=$BUILD/tests/go-cache" \
		go build -o "$LIBCNI" "$TESTS/tools/libcni.go"
}

# libcni COMMAND NETWORK CONTAINER IFNAME [CAPABILITIES]
libcni()
{
	"$LIBCNI" "$NET_D" "$CNI_BIN:/usr/lib/cni" "$1" "$2" "$3" \
		"/run/netns/$3" "$4" "${@:5}"
}

must build
engine_site
ns c1
out=$(libcni add web c1 eth0 '{"ips": ["10.81.0.80"], "portMappings":
	[{"hostPort": 8080, "containerPort": 80, "protocol": "tcp"}]}')
same "libcni understands the result" "10.81.0.80/24" \
	"$(jq -r '.ips[0].address' <<<"$out")"
mkdir "$WORLD/www"
echo hello >"$WORLD/www/index.html"
in_ns c1 busybox httpd -p 80 -h "$WORLD/www"
as_policy_says c1 10.81.0.80
soon "the published port" eval 'http outside 203.0.113.1:8080 | grep -q hello'
check "CHECK" libcni check web c1 eth0
check "a second network" quietly libcni add db c1 eth1
check_not "an interface that is there" libcni add db c1 eth0
check "DEL" libcni del db c1 eth1
check "DEL" libcni del web c1 eth0
check "DEL again" libcni del web c1 eth0
gone

# other plugins change what netd-cni made, and pass its result on
if [ -x /usr/lib/cni/tuning ]; then
	jq '.name = "chain" | .plugins += [
		{type: "tuning", mac: "02:81:00:00:00:81",
		 sysctl: {"net.ipv4.conf.eth0.arp_notify": "1"}},
		{type: "bandwidth", ingressRate: 1000000, ingressBurst: 100000,
		 egressRate: 1000000, egressBurst: 100000}] |
		.plugins[0].mac = "02:81:00:00:00:81" | del(.netd)' \
		"$NET_D/95-netd-engines.web.conflist" >"$NET_D/10-chain.conflist"
	out=$(libcni add chain c1 eth0 '{"mac": "02:81:00:00:00:81"}')
	check "a chain of plugins" jq -e '.ips[0].interface == 1' <<<"$out"
	check "the bandwidth of our end is limited" eval \
		'tc qdisc show dev "$(jq -r .interfaces[0].name <<<"$out")" |
		 grep -q tbf'
	can c1 "$PEER" tcp 5432
	check "CHECK of all of them" libcni check chain c1 eth0
	check "DEL of all of them" libcni del chain c1 eth0
fi
gone
must ip netns del c1
engine_end

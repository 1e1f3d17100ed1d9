#!/bin/bash
# crash-points.sh - netd is killed at one system call after another
# one kernel: what it tests is netd alone
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Either of its processes dies at the Nth system call of an apply, of a change
# and of a removal; what is left is made whole or taken away by the next one.
# NETD_CRASH_POINTS=all tries each N, which takes its time; by default some.
. "$(dirname "$0")/../lib.sh"

type strace >/dev/null || skip "strace is not installed"

POINTS=${NETD_CRASH_POINTS:-5}

cat >"$WORLD/ref.net.yaml" <<'YAML'
networks:
  a: {mode: nat, uplink: up0, subnet: 10.1.0.0/24, subnet6: "fd00:1::/64"}
  b: {subnet: 10.2.0.0/24, subnet6: "fd00:2::/64"}
  c: {subnet: 10.3.0.0/24, gateway: r}
  d: {subnet: 10.4.0.0/24, gateway: r}
attachments:
  a1: {network: a, type: veth, netns: a1, address: 10.1.0.11, address6: "fd00:1::11"}
  b1: {network: b, type: veth, netns: b1, address: 10.2.0.11, address6: "fd00:2::11"}
  t1: {network: b, type: tap, owner: nobody}
routers:
  r: {networks: [c, d]}
nodes:
  n: {networks: [c]}
policies:
  - {from: a, to: b, protocol: tcp, ports: [80]}
forwards: ["8080:a1:80/tcp"]
YAML
sed 's/ports: \[80\]/ports: [81]/; /t1:/d;
	/^  d: /a\  e: {subnet: 10.5.0.0/24}' \
	"$WORLD/ref.net.yaml" >"$WORLD/changed"

kernel_side()
{
	pgrep -P "$netd_pid" | head -n 1
}

# traced WHO N COMMAND...: COMMAND, while process WHO dies at its Nth call.
# It fails when WHO lived to see the end.
traced()
{
	local who=$1 n=$2 tracer
	shift 2
	strace -f -qq -o "$WORLD/strace" -e "inject=all:signal=KILL:when=$n" \
		-p "$who" 2>"$WORLD/strace.err" &
	tracer=$!
	poll "$SOON" grep -q "^TracerPid:.*[1-9]" "/proc/$who/status"
	timeout 30 "$@" >"$WORLD/out" 2>&1
	if grep -qs '^State:.*[^ZX] (' "/proc/$who/status"; then
		kill "$tracer"
		wait "$tracer" 2>/dev/null
		return 1
	fi
	wait "$tracer" 2>/dev/null
	return 0
}

alive()
{
	if ! grep -qs '^State:.*[^ZX] (' "/proc/$netd_pid/status"; then
		kill_netd 2>/dev/null
		start_netd
	fi
	poll "$SOON" netdctl status
}

works()
{
	reach a1 10.2.0.11 tcp "$1" && reach a1 fd00:2::11 tcp "$1"
}

# point WHICH N: one death each on the way in, at a change, on the way out.
# It fails when none of them was reached.
point()
{
	local hits=0 who
	local -A pid=([netd]='echo "$netd_pid"' [kernel]=kernel_side)

	who=$(eval "${pid[$1]}")
	traced "$who" "$2" "$NETDCTL" apply "$WORLD/ref.net.yaml" && hits=1
	alive
	netdctl apply "$WORLD/ref.net.yaml" >"$WORLD/out" 2>&1 ||
		_result 1 "$1 at $2: applied in the end" "$(cat "$WORLD/out")"
	poll "$SOON" works 80 || _result 1 "$1 at $2: it works"
	poll "$SOON" _plan_is_empty ||
		_result 1 "$1 at $2: whole" "$(netdctl plan)"

	cp "$WORLD/changed" "$WORLD/again.net.yaml"
	sed -i '1i name: ref' "$WORLD/again.net.yaml"
	who=$(eval "${pid[$1]}")
	traced "$who" "$2" "$NETDCTL" apply "$WORLD/again.net.yaml" && hits=1
	alive
	netdctl apply "$WORLD/again.net.yaml" >"$WORLD/out" 2>&1 ||
		_result 1 "$1 at $2: changed in the end" "$(cat "$WORLD/out")"
	poll "$SOON" works 81 || _result 1 "$1 at $2: the change works"
	poll "$SOON" _plan_is_empty ||
		_result 1 "$1 at $2: whole after it" "$(netdctl plan)"

	who=$(eval "${pid[$1]}")
	traced "$who" "$2" "$NETDCTL" down ref && hits=1
	alive
	netdctl down ref >/dev/null 2>&1
	poll "$SOON" _nothing_left ||
		_result 1 "$1 at $2: nothing left" "$(cat "$WORLD/diff")"
	[ $hits = 1 ]
}

ns a1
ns b1
wire "" up0 a1 up1
serve b1 tcp 80 81
remember
start_netd
for which in kernel netd; do
	n=0 tried=0
	step=1
	[ "$POINTS" = all ] || step=$((RANDOM % 40 + 20))
	while [ "$POINTS" = all ] || [ $tried -lt "$POINTS" ]; do
		n=$((n + step))
		point $which $n || break
		tried=$((tried + 1))
	done
	check "$which died $tried times, up to call $n" [ $tried -gt 0 ]
done

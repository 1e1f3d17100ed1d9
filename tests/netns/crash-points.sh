#!/bin/bash
# crash-points.sh - netd dies, or is refused, at one system call after another
# one kernel: what it tests is netd alone
# one build: what it starts takes its time
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Either of its processes dies at the Nth system call of an apply, of a change
# and of a removal, or is told an error there; what is left is made whole or
# taken away by the next one.
# NETD_CRASH_RANDOM=N: N deaths at random calls, of either process.
# NETD_CRASH_POINTS=all tries each N, and each error, which takes its time; by
# default some deaths, others each time.  NETD_CRASH_ERRORS=N: N of the errors.
. "$(dirname "$0")/../lib.sh"

type strace >/dev/null || skip "strace is not installed"

POINTS=${NETD_CRASH_POINTS:-3}

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

# traced WHO HOW COMMAND...: COMMAND, while HOW (strace's inject) is done to
# process WHO.  It fails when that was not reached.
traced()
{
	local who=$1 how=$2 tracer
	shift 2
	strace -f -qq -o "$WORLD/strace" -e "inject=$how" -p "$who" \
		2>"$WORLD/strace.err" &
	tracer=$!
	poll "$SOON" grep -q "^TracerPid:.*[1-9]" "/proc/$who/status"
	timeout 30 "$@" >"$WORLD/out" 2>&1
	kill "$tracer" 2>/dev/null
	# it may wait for ever for a thread of what it killed
	poll 5 eval "! kill -0 $tracer" || kill -KILL "$tracer" 2>/dev/null
	wait "$tracer" 2>/dev/null
	grep -qE 'INJECTED|killed by' "$WORLD/strace"
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

whole()
{
	poll "$SOON" works "$2" || _result 1 "$1: it works"
	poll "$SOON" _plan_is_empty || _result 1 "$1: whole" "$(netdctl plan)"
}

process()
{
	if [ "$1" = netd ]; then
		echo "$netd_pid"
	else
		kernel_side
	fi
}

# in_the_end WHAT COMMAND...: again, without a fault
in_the_end()
{
	local what=$1
	shift
	alive
	netdctl "$@" >"$WORLD/out" 2>&1 ||
		_result 1 "$what: $1 succeeds in the end" "$(cat "$WORLD/out")"
}

# point WHICH HOW: once each on the way in, at a change, on the way out.  It
# fails when none of them reached that point.
point()
{
	local hits=0 what="$1 $2"

	traced "$(process "$1")" "$2" "$NETDCTL" apply "$WORLD/ref.net.yaml" &&
		hits=1
	in_the_end "$what" apply "$WORLD/ref.net.yaml"
	whole "$what" 80
	traced "$(process "$1")" "$2" "$NETDCTL" apply "$WORLD/again.net.yaml" &&
		hits=1
	in_the_end "$what" apply "$WORLD/again.net.yaml"
	whole "$what" 81
	traced "$(process "$1")" "$2" "$NETDCTL" down ref && hits=1
	alive
	netdctl down ref >/dev/null 2>&1
	poll "$SOON" _nothing_left ||
		_result 1 "$what: nothing is left" "$(cat "$WORLD/diff")"
	[ $hits = 1 ]
}

# points WHICH HOW: at one call after another
points()
{
	local n=0 tried=0 step=1
	[ "$POINTS" = all ] || step=$((RANDOM % 40 + 15))
	while [ "$POINTS" = all ] || [ $tried -lt "$POINTS" ]; do
		n=$((n + step))
		point "$1" "$2:when=$n" || break
		tried=$((tried + 1))
	done
	check "$1, $2: $tried times, up to call $n" [ $tried -gt 0 ]
}

# fault WHICH HOW: not each process makes each call
fault()
{
	local n=1 tried=0
	[ "$POINTS" = all ] || n=$((RANDOM % 6 + 1))
	while point "$1" "$2:when=$n"; do
		tried=$((tried + 1))
		n=$((n + 1))
		[ "$POINTS" = all ] || [ $tried -lt "$POINTS" ] || break
	done
	_result 0 "$1, $2: $tried times"
}

# What of it may fail so: memory, descriptors, room; a signal; the kernel's
# tables.  The call of each is taken from those that netd makes.
ERRORS="
sendto,sendmsg ENOBUFS
recvfrom,recvmsg EINTR
recvfrom,recvmsg ENOBUFS
recvfrom,recvmsg ENOMEM
openat EMFILE
openat EACCES
write ENOSPC
write EIO
ioctl EBUSY
ioctl EPERM
setns EPERM
socket EMFILE
fsync,fdatasync EIO
rename,renameat ENOSPC
poll,epoll_wait EINTR
"

cp "$WORLD/changed" "$WORLD/again.net.yaml"
sed -i '1i name: ref' "$WORLD/again.net.yaml"
ns a1
ns b1
wire "" up0 a1 up1
serve b1 tcp 80 81
# its carrier, and its own address, are news that come late on a busy machine
has_come()
{
	ip link show up0 | grep -q 'state UP' &&
		ip -6 addr show dev up0 scope link -tentative | grep -q inet6
}
must poll "$SOON" has_come
remember
start_netd
if [ -n "${NETD_CRASH_RANDOM:-}" ]; then
	tried=0
	while [ $tried -lt "$NETD_CRASH_RANDOM" ]; do
		which=$([ $((RANDOM % 3)) = 0 ] && echo netd || echo kernel)
		point $which "all:signal=KILL:when=$((RANDOM % 400 + 1))"
		tried=$((tried + 3))
	done
	check "$tried deaths at random" [ $tried -gt 0 ]
	exit
fi
for which in kernel netd; do
	points $which all:signal=KILL
done
all=$POINTS POINTS=${NETD_CRASH_POINTS:-1}
while read -r calls error; do
	[ -n "$calls" ] || continue
	for which in kernel netd; do
		fault $which "$calls:error=$error"
	done
done < <(if [ "$all" = all ]; then echo "$ERRORS"
	else shuf -n "${NETD_CRASH_ERRORS:-0}" <<<"${ERRORS:1:-1}"; fi)

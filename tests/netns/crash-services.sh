#!/bin/bash
# crash-services.sh - what starts daemons dies at one system call after another
# one kernel: what it tests is netd alone
# one build: what it starts takes its time
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The process with the files and programs, and the kernel side, die at the Nth
# system call of an apply, of a change and of a removal; after the next one
# each network has one dnsmasq, or none and no file of it.
# NETD_CRASH_POINTS=all tries each N; by default one, another each time.
. "$(dirname "$0")/../lib.sh"

for p in strace dnsmasq dig; do
	type $p >/dev/null || skip "$p is not installed"
done
POINTS=${NETD_CRASH_POINTS:-1}

cat >"$WORLD/ref.net.yaml" <<'YAML'
networks:
  a: {subnet: 10.1.0.0/24, subnet6: "fd00:1::/64", dhcp: true, dns: true}
  c: {subnet: 10.3.0.0/24, dhcp: {lease-time: 1h, options: {66: one}}}
attachments:
  a1: {network: a, type: veth, netns: a1}
routers:
  r: {networks: [c]}
YAML
sed 's/1h/2h/; s/66: one/66: two/; 1i name: ref' "$WORLD/ref.net.yaml" \
	>"$WORLD/again.net.yaml"

process()
{
	case $1 in
	kernel) kernel_side ;;
	outside) _netd_pids | xargs ps -o pid=,comm= -p |
			awk '$2 == "netd-outside" { print $1 }' ;;
	esac
}

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
	wait "$tracer" 2>/dev/null
	grep -qE 'INJECTED|killed by' "$WORLD/strace"
}

serves()
{
	[ "$(pgrep -cx dnsmasq)" = 2 ] &&
		in_ns a1 dig +short +time=1 +tries=1 @10.1.0.1 a1.a.ref |
		grep -q . && grep -rq "$1" "$WORLD/run/dnsmasq/ref.c"
}

nothing()
{
	_nothing_left && ! pgrep -x dnsmasq && ! [ -e "$WORLD/run/dnsmasq" ] &&
		! [ -e "$STATE/dnsmasq" ]
}

# in_the_end WHAT FILE WORD: again, without a fault
in_the_end()
{
	poll "$SOON" netdctl status
	netdctl apply "$2" >"$WORLD/out" 2>&1 ||
		_result 1 "$1: ${2##*/} in the end" "$(cat "$WORLD/out")"
	poll "$SOON" serves "$3" || _result 1 "$1: ${2##*/} is served" \
		"$(pgrep -a dnsmasq)"
	poll "$SOON" _plan_is_empty ||
		_result 1 "$1: whole" "$(netdctl plan)"
}

# point WHICH HOW: once each on the way in, at a change, on the way out.  It
# fails when none of them reached that point.
point()
{
	local hits=0 what="$1 $2" file word

	for file in ref again; do
		word=one
		[ $file = ref ] || word=two
		traced "$(process "$1")" "$2" "$NETDCTL" apply \
			"$WORLD/$file.net.yaml" && hits=1
		in_the_end "$what" "$WORLD/$file.net.yaml" $word
	done
	traced "$(process "$1")" "$2" "$NETDCTL" down ref && hits=1
	poll "$SOON" netdctl status
	netdctl down ref >/dev/null 2>&1
	poll "$SOON" nothing || _result 1 "$what: nothing is left" \
		"$(cat "$WORLD/diff"; pgrep -a dnsmasq; find run/dnsmasq)"
	[ $hits = 1 ]
}

# points WHICH HOW: at one call after another
points()
{
	local n=0 tried=0 step=1
	[ "$POINTS" = all ] || step=$((RANDOM % 25 + 10))
	while [ "$POINTS" = all ] || [ $tried -lt "$POINTS" ]; do
		n=$((n + step))
		point "$1" "$2:when=$n" || break
		tried=$((tried + 1))
	done
	check "$1, $2: $tried times, up to call $n" [ $tried -gt 0 ]
}

ns a1
remember
start_netd
for which in outside kernel; do
	points $which all:signal=KILL
done

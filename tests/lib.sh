# lib.sh - a world of its own for each test of the network, and what to say in it
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A test is a bash script that begins with
#	. "$(dirname "$0")/../lib.sh"
# It is started again in new namespaces (net, mount, process, UTS): "the host"
# of the daemon under test is a throw-away one, and whatever the test starts
# ends with it.  It needs root and a build: $NETD_BUILD, or build/ in the tree.
#
#	must CMD...		preparation: the test ends when it fails
#	check WHAT CMD...	a check: CMD must succeed
#	check_not WHAT CMD...	CMD must fail
#	soon WHAT CMD...	CMD must succeed within $SOON seconds
#	same WHAT A B		two texts must be equal
#	skip WHY		the kernel lacks something: ends with 77
#	poll SECONDS CMD...	tries until CMD succeeds
#
#	ns NAME			makes a namespace (the outside, a container)
#	in_ns NAME CMD...	runs CMD there; "" is the host's own
#	wire NS IF NS IF	a veth pair between two namespaces, both ends up
#	vm NAME TAP MAC [multi-queue]	a VM: NAME's eth0 is plugged into TAP
#	serve NS tcp|udp PORT...	answers with the address it was asked from
#	reach FROM ADDR tcp|udp PORT	one try; prints that address
#	reach FROM ADDR icmp
#	refused FROM ADDR tcp|udp PORT	it is rejected, not dropped
#	can, cannot FROM ADDR PROTO [PORT]	checks: can tries for $SOON seconds
#	seen_as WHAT ADDR FROM ADDR PROTO PORT	checks whose address is seen
#	hold FROM ADDR PROTO PORT	a connection that lasts, asked all the time
#	held WHAT MS		ends it: no gap was longer than MS
#
#	start_netd [OPTION...]	stop_netd	kill_netd (SIGKILL)
#	freeze_netd		thaw_netd	(netd and its kernel side)
#	apply FILE|-		netdctl apply, must succeed
#	remember		the state of the host, before netd did anything
#	nothing_left		check: it is as it was then
#	repaired WHAT BREAK TEST	BREAK (a foreign hand's command) must make
#				TEST fail, and netd repair that in a second
#	four_assertions FILE BREAK TEST
#				FILE applies and TEST holds; a second plan is
#				empty; repaired; down leaves nothing
#	bridge_nf 0|1		whether bridged packets see the host's IP rules

TESTS=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
TOP=$(dirname "$TESTS")
BUILD=${NETD_BUILD:-$TOP/build}

if [ -z "${NETD_WORLD:-}" ]; then
	export NETD_WORLD=1
	exec unshare --net --mount --pid --uts --fork --kill-child \
		--mount-proc --propagation private bash "$0" "$@"
fi

set -u
export LC_ALL=C.UTF-8
NETD=$BUILD/netd/netd
NETDCTL=$BUILD/ctl/netdctl
TALK=$BUILD/tests/tools/talk
VMTAP=$BUILD/tests/tools/vmtap

# How much slower this machine is than a real one; an emulated one sets it.
SLOW=${NETD_TEST_SLOW:-1}
# How many times longer things may take since other tests run meanwhile: all
# namespaces share one lock for what is done to interfaces.
BUSY=${NETD_TEST_BUSY:-1}
SOON=$((5 * SLOW * BUSY))
# One try to reach something.  Below 3 s: then the own neighbour table gives up
# and reports an address where nobody is as "unreachable", as a firewall may.
TRY=$((SLOW < 2 ? SLOW : 2))
# The values of bridge-nf-call-iptables and its like that a test is tried with.
NF=${NETD_TEST_NF:-0 1}
failures=0 checks=0 netd_pid= hold_pid= repair_ms=0

# --- what to say ------------------------------------------------------------

_result()
{
	checks=$((checks + 1))
	if [ "$1" = 0 ]; then
		echo "ok - $2"
	else
		echo "not ok - $2"
		failures=$((failures + 1))
		[ -z "${3:-}" ] || sed 's/^/    /' <<<"$3"
	fi
}

check()
{
	local what=$1 out rc=0
	shift
	out=$("$@" 2>&1) || rc=$?
	_result $rc "$what" "$out"
	return $rc
}

check_not()
{
	local what=$1 out rc=1
	shift
	out=$("$@" 2>&1) || rc=0
	_result $rc "$what" "did not fail: $*"$'\n'"$out"
	return $rc
}

soon()
{
	local what=$1 rc=0
	shift
	poll "$SOON" "$@" || rc=1
	_result $rc "$what" "not within $SOON s: $*"$'\n'"$("$@" 2>&1)"
	return $rc
}

same()
{
	local rc=0 out
	out=$(diff -u <(echo "$2") <(echo "$3")) || rc=1
	_result $rc "$1" "$out"
	return $rc
}

must()
{
	"$@" && return
	echo "failed: $*" >&2
	failures=$((failures + 1))
	exit 1
}

skip()
{
	echo "skipped: $*"
	trap - EXIT
	exit 77
}

# Polls by 20 ms.  The output of the tries is nobody's business.
poll()
{
	local end=$((${EPOCHREALTIME/./} + ${1%.*} * 1000000))
	shift
	until "$@" >/dev/null 2>&1; do
		[ "${EPOCHREALTIME/./}" -lt $end ] || return 1
		read -rt 0.02 <>"$WORLD/never" || :
	done
}

# --- namespaces and traffic -------------------------------------------------

ns()
{
	must ip netns add "$1"
	must ip -n "$1" link set lo up
}

# nsenter, not ip netns exec: that mounts a /sys each time
in_ns()
{
	local name=$1
	shift
	if [ -n "$name" ]; then
		nsenter "--net=/run/netns/$name" "$@"
	else
		"$@"
	fi
}

_ip()
{
	local name=$1
	shift
	ip ${name:+-n "$name"} "$@"
}

wire()
{
	must _ip "$1" link add name "$2" type veth peer name _wire
	if [ -n "$3" ]; then
		must _ip "$1" link set dev _wire netns "$3"
	elif [ -n "$1" ]; then
		must _ip "$1" link set dev _wire netns 1
	fi
	must _ip "$3" link set dev _wire name "$4"
	must _ip "$1" link set dev "$2" up
	must _ip "$3" link set dev "$4" up
}

vm()
{
	[ -e "/run/netns/$1" ] || ns "$1"
	must "$VMTAP" "$2" "/run/netns/$1" eth0 "$3" ${4:+"$4"}
	must ip -n "$1" link set eth0 up
}

serve()
{
	must in_ns "$1" "$TALK" serve "${@:2}"
}

reach()
{
	if [ "$3" = icmp ]; then
		in_ns "$1" ping -q -n -c 1 -W "$TRY" "$2" >/dev/null 2>&1
	else
		in_ns "$1" "$TALK" ask "$2" "$3" "$4" "$TRY" |
			sed 's/ [^ ]*$//'
		return "${PIPESTATUS[0]}"
	fi
}

refused()
{
	reach "$@" >/dev/null 2>&1
	[ $? = 2 ]
}

can()
{
	soon "${1:-host} can reach ${*:2}" reach "$@"
}

# What is dropped is waited for: half as long, most of a test is that.
cannot()
{
	local TRY=0.5
	[ "$SLOW" -lt 5 ] || TRY=1
	check_not "${1:-host} cannot reach ${*:2}" reach "$@"
}

seen_as()
{
	local what=$1 want=$2 got
	shift 2
	poll "$SOON" reach "$@"
	got=$(reach "$@" 2>&1)
	same "$what" "$want" "$got"
}

hold()
{
	local enter=()
	[ -z "$1" ] || enter=(nsenter "--net=/run/netns/$1")
	# no function in between: $! is to be talk itself
	"${enter[@]}" "$TALK" hold "${@:2}" >"$WORLD/hold" 2>&1 &
	hold_pid=$!
	must poll "$SOON" grep -q up "$WORLD/hold"
}

held()
{
	local rc=0 gap
	kill -TERM "$hold_pid" 2>/dev/null
	wait "$hold_pid" || rc=1
	gap=$(sed -n 's/.* gap \([0-9]*\).*/\1/p' "$WORLD/hold")
	[ "${gap:-999999}" -le $(($2 * BUSY)) ] || rc=1
	_result $rc "$1" "longest gap allowed $2 ms: $(cat "$WORLD/hold")"
}

# --- the daemon -------------------------------------------------------------

netdctl()
{
	"$NETDCTL" "$@"
}

start_netd()
{
	"$NETD" --config-dir "$CONF" --state-dir "$STATE" \
		--run-dir "$WORLD/run" --socket "$NETD_SOCKET" -v "$@" >>"$WORLD/netd.log" 2>&1 &
	netd_pid=$!
	must poll $((10 * SLOW * BUSY)) netdctl status
}

stop_netd()
{
	local rc=0
	thaw_netd		# a test may end while it is frozen
	kill -TERM "$netd_pid" 2>/dev/null
	wait "$netd_pid" || rc=$?
	netd_pid=
	[ $rc = 0 ] || _result 1 "netd ends with 0" "it was $rc"
}

kill_netd()
{
	kill -KILL "$netd_pid"
	wait "$netd_pid" 2>/dev/null
	netd_pid=
}

# The process that changes the host: netd's helper starts it.
kernel_side()
{
	local helper
	helper=$(pgrep -P "$netd_pid" -x netd-helper) &&
		pgrep -r R,S,D -P "$helper" -x netd-kernel
}

# netd, its helper, and what that started
_netd_pids()
{
	local children
	children=$(pgrep -P "$netd_pid" | paste -sd,)
	echo "$netd_pid"
	[ -z "$children" ] || { tr , '\n' <<<"$children"; pgrep -P "$children"; }
}

_signal_netd()
{
	local p
	for p in $(_netd_pids); do
		kill "-$1" "$p" 2>/dev/null
	done
}

freeze_netd()
{
	_signal_netd STOP
}

thaw_netd()
{
	_signal_netd CONT
}

apply()
{
	check "apply ${1##*/}" netdctl apply "$@"
}

plan_is_empty()
{
	check "a second plan of ${1##*/} is empty" _plan_is_empty
}

# The words are for people; JSON is what is promised.
_plan_is_empty()
{
	local out
	out=$(netdctl plan --json) || { echo "$out"; return 1; }
	[ "$(jq '.steps | length' <<<"$out")" = 0 ] && return
	netdctl plan
	return 1
}

# The host as other programs see it, without what changes by itself.
snapshot()
{
	{
		ip -d link
		ip addr
		ip route show table all
		ip -6 route show table all
		ip rule
		ip -6 rule
		ip netns list | sed 's/ (id.*//' | sort
		ip neigh show nud permanent
		nft list ruleset | _without_learned
	} 2>&1 | sed -E 's/(_timer|valid_lft|preferred_lft|expires) +[^ ]+//g
		s/ tentative//; s/ metric 1024//; s/ +$//'
	find /proc/sys/net -type f -perm /222 ! -name '*flush*' \
		! -name '*_key' ! -path '*/nf_log/*' -exec grep -Hs . {} + |
		sed 's,^/proc/sys/,sysctl ,' | sort
}

# What the kernel does by itself is over: an address is not tentative any more.
_settled()
{
	! ip -6 addr show tentative | grep -q .
}

# What packets fill changes by itself.
_without_learned()
{
	awk '/^\tset / { block = $0; inside = 1; next }
		!inside { print; next }
		{ block = block "\n" $0 }
		/^\t}/ {
			inside = 0
			if (block !~ /flags dynamic/)
				print block
		}'
}

remember()
{
	must poll "$SOON" _settled
	snapshot >"$WORLD/before"
}

# A module that netd's requests loaded brings sysctls of its own: those that
# there were not before don't count.
_nothing_left()
{
	snapshot >"$WORLD/after"
	[ -s "$WORLD/before" ] || return 1
	diff "$WORLD/before" "$WORLD/after" >"$WORLD/diff" && return
	! grep -v -e '^[0-9]' -e '^---' -e '^> sysctl ' "$WORLD/diff"
}

nothing_left()
{
	soon "${1:-down leaves nothing}" _nothing_left
}

# What counts is when the first try that succeeds began.  The tries are short:
# one that waits for a lost packet would measure itself.
# How long a repair takes, in $repair_ms.  What is repaired at once may be too
# late all the same where others have the processor: the best of three counts.
repaired()
{
	local what=$1 limit=$((1000 * SLOW * BUSY)) i
	for i in 1 2 3; do
		_repair "$@"
		[ $repair_ms -ge $limit ] || break
		poll "$SOON" _plan_is_empty
	done
	check "$what: repaired within a second ($repair_ms ms)" \
		[ $repair_ms -lt $limit ]
	check "$what: repaired" eval "$3"
}

_repair()
{
	local what=$1 break=$2 test=$3 begin TRY=0.$((2 * SLOW))
	[ "$SLOW" -lt 5 ] || TRY=1
	freeze_netd
	must eval "$break"
	check_not "$what: the foreign hand did harm" eval "$test"
	thaw_netd
	begin=${EPOCHREALTIME/./}
	while repair_ms=$(((${EPOCHREALTIME/./} - begin) / 1000)); do
		! eval "$test" >/dev/null 2>&1 || break
		[ $repair_ms -lt $((SOON * 1000)) ] || break
		read -rt 0.02 <>"$WORLD/never" || :
	done
}

four_assertions()
{
	local file=$1 break=$2 test=$3
	apply "$file"
	soon "${file##*/} is in force" eval "$test"
	plan_is_empty "$file"
	repaired "${file##*/}" "$break" "$test"
	soon "after the repair the plan is empty" _plan_is_empty
	check "down" netdctl down "$(basename "$file" .net.yaml)"
	nothing_left
}

bridge_nf()
{
	local f=/proc/sys/net/bridge/bridge-nf-call
	modprobe -q br_netfilter || :
	[ -e $f-iptables ] || skip "no br_netfilter"
	echo "$1" | tee $f-iptables $f-ip6tables >/dev/null
}

# --- the world --------------------------------------------------------------

_end()
{
	local rc=$?
	[ -z "$netd_pid" ] || stop_netd
	if grep -qsE 'Sanitizer|runtime error:' "$WORLD"/*.log; then
		_result 1 "the sanitizers found nothing"
	fi
	if [ $checks = 0 ] && [ $rc = 0 ]; then
		echo "the test checked nothing"
		rc=1
	fi
	[ $failures = 0 ] || rc=1
	if [ $rc != 0 ] && [ -s "$WORLD/netd.log" ]; then
		echo "--- netd.log"
		tail -n 200 "$WORLD/netd.log"
	fi
	echo "$checks checks, $failures failed"
	exit $rc
}

# Fresh: /run for named namespaces and sockets, /sys for this namespace's
# interfaces.  The modules first, since they bring sysctls with them.
mount -t tmpfs run /run || exit 1
mount -t sysfs sysfs /sys || exit 1
mkdir -p /run/netns /run/world/conf /run/world/state
WORLD=/run/world CONF=$WORLD/conf STATE=$WORLD/state
export NETD_SOCKET=$WORLD/netd.sock
mkfifo "$WORLD/never"
cd "$WORLD" || exit 1
trap _end EXIT
modprobe -qa bridge veth tun nf_tables nf_conntrack nf_nat nf_log_syslog \
	2>/dev/null || :
ip link set lo up

#!/bin/bash
# attach-exec.sh - netdctl exec --network: a command with a network of its own
# one kernel: what it tests hardly depends on that
# SPDX-License-Identifier: GPL-2.0-or-later
. "$(dirname "$0")/../lib.sh"
. "$TESTS/site.sh"

links()
{
	ip -j link show | jq -r '.[].ifname' | grep -c ndp-
}

none_left()
{
	[ "$(netdctl list attachments --names)" = "" ] && [ "$(links)" = 0 ]
}

exits()
{
	local want=$1 rc=0
	shift
	"$@" || rc=$?
	[ $rc = "$want" ] && return
	echo "it exits with $rc"
	return 1
}

outside
remember
start_netd
cat >"$WORLD/jail.net.yaml" <<'END'
networks: {dmz: {mode: nat, subnet: 10.4.0.0/24, subnet6: "fd00:4::/64"}}
END
apply "$WORLD/jail.net.yaml"
run() { netdctl exec --network dmz "$@"; }

check "it is on the network" eval 'run -- ip -4 -o addr show eth0 |
	grep -q "10\.4\.0\.2/24"'
check "... and goes out at once" run --address 10.4.0.9 -- \
	"$TALK" ask 203.0.113.254 tcp 80 "$TRY"
check "... has a loopback" run -- ping -q -c 1 127.0.0.1
check "... and its own /sys" eval '[ "$(run -- ls /sys/class/net |
	tr "\n" " ")" = "eth0 lo " ]'
check "the topology may be named" netdctl exec --network jail/dmz --ifname net0 \
	-- ip link show net0
check "it exits as the command" exits 7 run -- sh -c 'exit 7'
check "... with 128 and a signal" exits 143 run -- sh -c 'kill -TERM $$'
check "... with 127 when there is none" exits 127 run -- /nonesuch
check "... with 126 when it can't be run" exits 126 run -- /etc/passwd
check "an unknown network" exits 1 netdctl exec --network nonesuch -- true
check "an unknown user" exits 126 run --user nonesuch -- true
check "a port that is taken twice" exits 1 run --publish 80:80 \
	--publish 80:81 -- true
check "options of a node's don't fit" exits 64 netdctl exec --publish 1 a true
check "a user" eval '[ "$(run --user nobody -- id -un)" = nobody ]'
check "a user and a group" eval '[ "$(run --user 1234:daemon -- sh -c \
	"id -u; id -gn" | tr "\n" " ")" = "1234 daemon " ]'
check "only in its own groups" eval \
	'[ "$(run --user nobody -- id -G)" = "$(id -G nobody)" ]'
chmod 755 "$WORLD"
check "who is not root is told" eval 'setpriv --reuid nobody --clear-groups \
	"$NETDCTL" exec --network dmz -- true 2>&1 | grep -q "needs root"'
check "input and output are its own" eval \
	'[ "$(echo hello | run -- cat)" = hello ]'
check "options behind the command are its own" eval \
	'[ "$(run echo --network x --user y)" = "--network x --user y" ]'
a=$(run --name www -- ip -4 -o addr show eth0)
run -- true
b=$(run --name www -- ip -4 -o addr show eth0)
same "a name keeps its address" "${a#*inet}" "${b#*inet}"
check "nothing of them is left" none_left

# --- a chroot with a service ---
must mkdir -p "$WORLD/jail/bin" "$WORLD/jail/www"
if command -v busybox >/dev/null; then
	must cp "$(command -v busybox)" "$WORLD/jail/bin/busybox"
	echo jailed >"$WORLD/jail/www/index.html"
	check "a chroot as a user" eval '[ "$(run --chroot "$WORLD/jail" \
		--user 1234:daemon -- /bin/busybox sh -c \
		"busybox id -u; busybox pwd; busybox ls /" | tr "\n" " ")" = \
		"1234 / bin www " ]'
	# no function in between: $! is to be netdctl itself
	"$NETDCTL" exec --network dmz --chroot "$WORLD/jail" --publish 8080:80 --name jail \
		--label who=test -- /bin/busybox httpd -f -p 80 -h /www &
	jail=$!
	fetch() { in_ns "$1" busybox wget -q -O - "http://$2/"; }
	soon "a chrooted web server answers" eval \
		'[ "$(fetch outside 203.0.113.1:8080)" = jailed ]'
	child=$(pgrep -P $jail)
	same "its root is the jail" "$WORLD/jail" \
		"$(readlink "/proc/$child/root")"
	check "its labels" eval 'netdctl list attachments --names \
		--label door=exec --label who=test | grep -qx jail'
	kill -TERM $jail
	rc=0
	wait $jail || rc=$?
	same "a signal is passed on" 143 $rc
	check_not "its port is closed" fetch outside 203.0.113.1:8080
	check "nothing of it is left" none_left
fi

# --- when netdctl is killed ---
"$NETDCTL" exec --network dmz --name lost -- sleep 1000 &
lost=$!
must poll "$SOON" eval 'pgrep -P $lost sleep'
child=$(pgrep -P $lost)
kill -KILL $lost
wait $lost 2>/dev/null
check "the command goes on" kill -0 "$child"
check "... with its network" ip link show ndp-lost
kill -KILL "$child"
soon "then netd sees that its namespace is gone" none_left
check "... and says so" grep -q "attachment lost of jail: its network" \
	"$WORLD/netd.log"

# --- a terminal ---
if command -v script >/dev/null; then
	check "a terminal is the command's" eval 'script -qec \
		"$NETDCTL exec --network dmz -- sh -c \"tty; stty size\"" \
		/dev/null | grep -q /dev/pts'
fi
check "down" netdctl down jail
nothing_left

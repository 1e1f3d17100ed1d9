#!/bin/bash
# daemon-files.sh - the configuration folder: reload, errors, down
# one kernel: what it tests does not depend on that
# SPDX-License-Identifier: GPL-2.0-or-later
. "$(dirname "$0")/../lib.sh"

reload()
{
	kill -HUP "$netd_pid"
}

has_bridge()
{
	[ -e "/sys/class/net/$1" ]
}

has_not()
{
	[ ! -e "/sys/class/net/$1" ]
}

state_of()
{
	netdctl list topologies --json |
		jq -r ".topologies[] | select(.name == \"$1\") | .state"
}

is_state()
{
	[ "$(state_of "$1")" = "$2" ]
}

remember
echo 'networks: {one: {}}' >"$CONF/a.net.yaml"
echo 'networks: {two: {}}' >"$CONF/b.net.yaml"
echo 'not read' >"$CONF/c.yaml"
start_netd
soon "both files are in force" has_bridge nd-two
check "the first" has_bridge nd-one
check "they come from files" bash -c \
	"[ \"\$('$NETDCTL' list topologies --json | jq -r '[.topologies[].source] | unique[]')\" = file ]"

# --- changed, added, removed ---
index=$(cat /sys/class/net/nd-two/ifindex)
echo 'networks: {one: {mtu: 1400}}' >"$CONF/a.net.yaml"
echo 'networks: {three: {}}' >"$CONF/d.net.yaml"
reload
soon "SIGHUP: a changed file" grep -q 1400 /sys/class/net/nd-one/mtu
soon "a new file" has_bridge nd-three
same "others stay as they are" "$index" "$(cat /sys/class/net/nd-two/ifindex)"
rm "$CONF/d.net.yaml"
check "netdctl reload" netdctl reload
check "a removed file" has_not nd-three
plan_is_empty all

# --- a file with errors ---
echo 'networks: {one: {mtuu: 1400}}' >"$CONF/a.net.yaml"
netdctl reload
check "the topology stays as it was" grep -q 1400 /sys/class/net/nd-one/mtu
check "its state tells" is_state a last-good
check "show tells where" bash -c "'$NETDCTL' show a 2>&1 | grep -q 'a.net.yaml:1:18'"
stop_netd
start_netd
soon "also after a start" is_state a last-good
check "it is still there" grep -q 1400 /sys/class/net/nd-one/mtu
plan_is_empty all
rm -r "$STATE/last-good"
kill_netd
start_netd
soon "without an older text it is unreadable" is_state a unreadable
check "... and what there is stays" has_bridge nd-one
check "others work" has_bridge nd-two
echo 'networks: {one: {}}' >"$CONF/a.net.yaml"
check "when it is readable again" netdctl reload
soon "... it is in force" is_state a ok
soon "... and all as wanted" _plan_is_empty

# --- the folder can't be read ---
stop_netd
mv "$CONF" "$CONF.away"
start_netd
soon "without the folder" is_state a ok
check "... what was in force stays" has_bridge nd-two
plan_is_empty all
mv "$CONF.away" "$CONF"
check "reload" netdctl reload
plan_is_empty all

# --- names ---
echo 'networks: {four: {}}' >"$WORLD/a.net.yaml"
check_not "apply of a name that a file has is refused" \
	netdctl apply "$WORLD/a.net.yaml"
check "... with the file" bash -c "'$NETDCTL' apply a.net.yaml 2>&1 | grep -q 'conf/a.net.yaml'"
echo '{name: api, networks: {four: {}}}' >"$WORLD/api.net.yaml"
apply "$WORLD/api.net.yaml"
echo '{name: api, networks: {five: {}}}' >"$CONF/e.net.yaml"
check_not "a file of a name that was applied is refused" netdctl reload
check "what was applied stays" has_bridge nd-four
check "the other didn't come" has_not nd-five
rm "$CONF/e.net.yaml"
echo '{name: clash, networks: {x: {bridge: nd-four}}}' >"$WORLD/clash.net.yaml"
check_not "a bridge that another topology has is refused" \
	netdctl apply "$WORLD/clash.net.yaml"
check "reload" netdctl reload

# --- down of a file's topology: it stays down ---
check "down" netdctl down a
check "it is gone" has_not nd-one
check "its state tells" is_state a stopped
netdctl reload
check "a reload doesn't start it" has_not nd-one
stop_netd
start_netd
soon "nor does a start" is_state a stopped
check "it is still gone" has_not nd-one
check "apply of its file does" netdctl apply "$CONF/a.net.yaml"
check "it is there" has_bridge nd-one
check "its state tells" is_state a ok
check "apply of a new file in the folder" bash -c \
	"echo 'networks: {six: {}}' >'$CONF/f.net.yaml' && '$NETDCTL' apply '$CONF/f.net.yaml'"
check "it comes from there" bash -c \
	"'$NETDCTL' list topologies --json | jq -e 'any(.topologies[]; .name == \"f\" and .source == \"file\")'"
check "down --all" netdctl down --all
nothing_left

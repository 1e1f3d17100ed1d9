#!/bin/bash
# change-history.sh - changes that are confirmed, undone, and gone back over
# one kernel: what it tests is netd alone
# SPDX-License-Identifier: GPL-2.0-or-later
. "$(dirname "$0")/../lib.sh"

write()
{
	cat >"$WORLD/lab.net.yaml" <<YAML
networks:
  a: {subnet: 10.1.0.0/24, subnet6: "fd00:1::/64"}
  b: {subnet: 10.2.0.0/24, subnet6: "fd00:2::/64"}
attachments:
  a1: {network: a, type: veth, netns: a1, address: 10.1.0.11, address6: "fd00:1::11"}
  b1: {network: b, type: veth, netns: b1, address: 10.2.0.11, address6: "fd00:2::11"}
policies:
  - {from: a, to: b, action: $1, protocol: tcp, ports: [80]}
YAML
}

lets()
{
	reach a1 10.2.0.11 tcp 80 && reach a1 fd00:2::11 tcp 80
}

refuses()
{
	refused a1 10.2.0.11 tcp 80 && refused a1 fd00:2::11 tcp 80
}

number()
{
	netdctl history --json | jq '.changes[-1].number'
}

ns a1
ns b1
serve b1 tcp 80
remember
start_netd
check_not "nothing to go back to" netdctl rollback
write reject
apply "$WORLD/lab.net.yaml"
soon "it is refused" refuses
first=$(number)

# --- confirmed, cancelled, and left alone ---
write allow
check "apply --confirm" netdctl apply --confirm 60s "$WORLD/lab.net.yaml"
soon "it is let" lets
check "the status says so" grep -q 'undone in' <(netdctl status)
check_not "no second change meanwhile" netdctl apply "$WORLD/lab.net.yaml"
check_not "nor down" netdctl down lab
check_not "nor a way back" netdctl rollback
check "confirm" netdctl confirm
check_not "once" netdctl confirm
soon "it stays" lets
write reject
check "apply --confirm" netdctl apply --confirm 60s "$WORLD/lab.net.yaml"
soon "it is refused" refuses
check "cancel" netdctl cancel
soon "it is let again" lets
check_not "once" netdctl cancel
check "another is taken again" netdctl apply --confirm 2s "$WORLD/lab.net.yaml"
soon "it is refused" refuses
soon "nobody confirms: it is let again" lets
soon "and nothing waits" eval '! netdctl status | grep -q "undone in"'
write allow
same "the text in force is the former" "$(cat "$WORLD/lab.net.yaml")" \
	"$(netdctl show lab --text)"

# --- the daemon dies, and comes back before and after the end ---
write reject
check "apply --confirm" netdctl apply --confirm 60s "$WORLD/lab.net.yaml"
kill_netd
start_netd
check "it waits on" grep -q 'undone in' <(netdctl status)
soon "with the change in force" refuses
check "cancel" netdctl cancel
soon "it is let again" lets
check "apply --confirm" netdctl apply --confirm 1s "$WORLD/lab.net.yaml"
kill_netd
poll 2 false		# the time is over without a daemon
start_netd
soon "undone by the next daemon" lets

# --- all of history ---
check_not "a change that is not there" netdctl rollback 999999
check "back to the first" netdctl rollback "$first"
soon "it is refused, as then" refuses
plan_is_empty "$WORLD/lab.net.yaml"
check "and back again" netdctl rollback
soon "it is let" lets
check "down" netdctl down lab
check "down is undone, too" netdctl rollback
soon "it is let" lets
plan_is_empty "$WORLD/lab.net.yaml"
check "who, what" grep -q 'root .*rollback to' <(netdctl history)
write reject
same "a former text" "$(cat "$WORLD/lab.net.yaml")" \
	"$(netdctl history $((first + 1)) --text)"
check_not "of a change that is not there" netdctl history 999999
soon "the host is as wanted" netdctl diff
check "what a file would change is told, rule by rule" \
	grep -q 'to_nd-a_nd-b' <(netdctl diff "$WORLD/lab.net.yaml")
check_not "by the exit code, too" netdctl diff "$WORLD/lab.net.yaml"

# --- a file of the folder is the admin's ---
cat >"$CONF/f.net.yaml" <<'YAML'
networks:
  f: {subnet: 10.3.0.0/24}
YAML
check "the folder" netdctl apply "$CONF/f.net.yaml"
check_not "is not written back" netdctl rollback
check_not "nor confirmed" netdctl apply --confirm 9s "$CONF/f.net.yaml"
check "all down" netdctl down --all
rm "$CONF/f.net.yaml"
check "reload" netdctl reload
nothing_left

#!/bin/bash
# convergence.sh - drift of every kind is repaired; what is unchanged stays
# alone
# SPDX-License-Identifier: GPL-2.0-or-later
. "$(dirname "$0")/../lib.sh"
. "$TESTS/site.sh"

FILE=$WORLD/conv.net.yaml

topology()
{
	cat >"$FILE" <<'END'
networks:
  a: {mode: nat, subnet: 10.1.0.0/24, subnet6: "fd00:1::/64"}
  b: {subnet: 10.2.0.0/24, subnet6: "fd00:2::/64"}
attachments:
  a1: {network: a, type: veth, netns: a1, address: 10.1.0.10, address6: "fd00:1::10"}
  b1: {network: b, type: veth, netns: b1, address: 10.2.0.10, address6: "fd00:2::10"}
policies:
  - {name: p, from: a, to: b, protocol: tcp, ports: [80]}
END
}

indexes()
{
	ip -j link | jq -r '.[] | "\(.ifname) \(.ifindex)"' | grep nd | sort
}

works()
{
	reach a1 10.2.0.10 tcp 80 && reach a1 fd00:2::10 tcp 80 &&
		reach a1 203.0.113.254 tcp 80 && ! reach a1 10.2.0.10 tcp 81
}

drift()
{
	repaired "a deleted bridge" "ip link del nd-a" works
	repaired "a deleted port" "ip link del ndp-b1" works
	repaired "a bridge that is down" "ip link set nd-b down" works
	repaired "a removed address" "ip addr del 10.2.0.1/24 dev nd-b" works
	repaired "a removed IPv6 address" \
		"ip addr del fd00:2::1/64 dev nd-b" works
	repaired "a port without its bridge" \
		"ip link set ndp-a1 nomaster" works
	# without the flag that keeps others out of our tables it goes a while
	must nft flush ruleset
	soon "nft flush ruleset does no harm that lasts" works
	check "nor any that a second doesn't end" poll 1 eval \
		'nft list table inet netd && nft list table bridge netd'
	repaired "a sysctl that was changed" \
		"sysctl -qw net.ipv4.conf.nd-a.forwarding=0 \
		net.ipv4.conf.nd-b.forwarding=0" works
	repaired "an mtu" "ip link set nd-a mtu 1280" \
		"[ \$(cat /sys/class/net/nd-a/mtu) = 1500 ]"
	repaired "a bridge's MAC" \
		"ip link set nd-a address 02:00:00:00:00:99" \
		"! grep -q 02:00:00:00:00:99 /sys/class/net/nd-a/address"
	soon "after all that the plan is empty" _plan_is_empty
}

foreign_rule()
{
	# with netd's own flag on the table nobody else can do that
	nft add rule inet netd forward accept 2>/dev/null ||
		{ check "the table is owned" true; return; }
	soon "a foreign rule in our chain goes" eval \
		'! nft -a list chain inet netd forward | tail -n 3 |
		 grep -qE "^[[:space:]]*accept # handle"'
}

unchanged_stays()
{
	local before
	before=$(indexes)
	hold a1 10.2.0.10 tcp 80
	cat >>"$FILE" <<'END'
  - {name: q, from: b, to: a, protocol: tcp, ports: [81]}
END
	must sed -i 's/^  b: .*/&\n  c: {subnet: 10.3.0.0\/24, services: [1\/tcp]}/' "$FILE"
	apply "$FILE"
	can b1 10.1.0.10 tcp 81
	topology
	apply "$FILE"
	cannot b1 10.1.0.10 tcp 81
	held "a connection lasts through changes of other things" $((500 * SLOW))
	same "nothing was made anew" "$before" "$(indexes)"

	hold a1 10.2.0.10 tcp 80
	stop_netd
	start_netd
	kill_netd
	start_netd
	kill -KILL "$(kernel_side)"
	poll "$SOON" _plan_is_empty
	held "a connection lasts through restart, SIGKILL, and death of the \
kernel side" $((500 * SLOW))
	same "nothing was made anew by them" "$before" "$(indexes)"
}

outside
guests a1 b1
serve a1 tcp 80 81
serve b1 tcp 80 81
remember
start_netd
topology
apply "$FILE"
soon "it works" works
plan_is_empty "$FILE"
drift
foreign_rule
unchanged_stays

# what admitted a connection goes: the connection goes, and no other
cat >>"$FILE" <<'END'
  - {name: other, from: a, to: b, protocol: tcp, ports: [81]}
END
apply "$FILE"
hold a1 10.2.0.10 tcp 80
must sed -i '/name: other/d' "$FILE"
must in_ns a1 "$TALK" ask 10.2.0.10 tcp 81 "$TRY" >/dev/null
apply "$FILE"
check "its connections are forgotten" eval \
	'! conntrack -L -p tcp --dport 81 2>/dev/null | grep -q dport=81'
check "those of the other policy are not" eval \
	'conntrack -L -p tcp --dport 80 2>/dev/null | grep -q dst=10.2.0.10'
held "and go on" $((500 * SLOW))

# a policy that says more, or less, ends only what it doesn't say any more
hold a1 10.2.0.10 tcp 80
must sed -i 's/ports: \[80\]/ports: [80, 81]/' "$FILE"
apply "$FILE"
can a1 10.2.0.10 tcp 81
must sed -i 's/ports: \[80, 81\]/ports: [80]/' "$FILE"
apply "$FILE"
check "a port's connections are forgotten with it" eval \
	'! conntrack -L -p tcp --dport 81 2>/dev/null | grep -q dport=81'
held "those of the other port go on" $((500 * SLOW))

# a daemon that starts with a topology gone from its folder
check "down" netdctl down conv
nothing_left
cp "$FILE" "$CONF/"
check "reload reads the folder" netdctl reload
soon "what is in the folder is in force" works
stop_netd
must rm "$CONF/conv.net.yaml"
start_netd
soon "what left the folder while netd was away goes" eval \
	'! ip link show nd-a'
nothing_left

#!/bin/bash
# damage-events.sh - foreign hands delete any of it, or make a storm of events
# one kernel: what it tests is netd alone
# one build: it waits for netd a hundred times
# SPDX-License-Identifier: GPL-2.0-or-later
. "$(dirname "$0")/../lib.sh"

cat >"$WORLD/lab.net.yaml" <<'YAML'
networks:
  a: {mode: nat, uplink: up0, subnet: 10.1.0.0/24, subnet6: "fd00:1::/64", routes: [{to: 10.9.0.0/16, via: 10.1.0.11}]}
  b: {subnet: 10.2.0.0/24, subnet6: "fd00:2::/64"}
  c: {subnet: 10.3.0.0/24, gateway: r}
  d: {subnet: 10.4.0.0/24, gateway: r}
attachments:
  a1: {network: a, type: veth, netns: a1, address: 10.1.0.11, address6: "fd00:1::11"}
  t1: {network: b, type: tap, owner: nobody}
routers:
  r: {networks: [c, d]}
nodes:
  n: {networks: [c]}
policies:
  - {from: a, to: b, protocol: tcp, ports: [80]}
forwards: ["8080:a1:80/tcp"]
YAML

# Each thing of ours, as the command that deletes or changes it.
deletions()
{
	local ns dev rest
	for ns in "" lab lab.r lab.n; do
		_ip "$ns" -o link show | cut -d: -f2 | tr -d ' ' |
			sed 's/@.*//' | grep -E '^(nd|eth|c$|d$)' |
			sed "s/.*/ip ${ns:+-n $ns }link del &/"
		_ip "$ns" -o addr show scope global | grep -vE ' (up0|lo) ' |
			awk -v n="${ns:+-n $ns }" \
			'{ print "ip " n "addr del " $4 " dev " $2 }'
		_ip "$ns" -4 route show | grep -vE 'proto kernel|dev up0' |
			sed "s/ linkdown//; s/^/ip ${ns:+-n $ns }route del /"
	done
	for dev in nd-a nd-b; do
		echo "ip -n lab link set $dev down"
		echo "ip -n lab link set $dev mtu 1300"
		echo "ip -n lab link set $dev address 02:00:00:00:00:77"
	done
	echo "in_ns lab sysctl -qw net.ipv4.conf.nd-a.forwarding=0"
	echo "in_ns lab sysctl -qw net.ipv4.conf.nd-b.arp_ignore=0"
	echo "ip -n lab link set ndp-a1 nomaster"
	echo "ip -n lab link set ndp-a1 down"
	# what is in a guest's own namespace is the guest's, but not the link
	echo "ip -n a1 link del eth0"
	echo "ip netns del lab"
	echo "ip netns del lab.n"
	echo "ip netns del lab.r"
}

as_it_was()
{
	_plan_is_empty >/dev/null && shape | cmp -s - "$WORLD/shape"
}

shape()
{
	local ns
	for ns in "" lab lab.r lab.n a1; do
		_ip "$ns" -br link show | awk '{ print $1, $2 }' | sort
		_ip "$ns" -br addr show scope global |
			sed 's/@if[0-9]*//; s/  */ /g' | sort
		_ip "$ns" route show | sed 's/ linkdown//' | sort
		_ip "$ns" -6 route show | grep -v fe80 | sort
	done 2>/dev/null | sed 's/@if[0-9]*//; s/ *$//'
}

# Tells how long it took, in ms.
mended()
{
	local begin=${EPOCHREALTIME/./} ms
	poll "$SOON" as_it_was || {
		_result 1 "after '$1' all is as it was" "$(shape |
			diff "$WORLD/shape" -; netdctl plan)"
		return
	}
	ms=$(((${EPOCHREALTIME/./} - begin) / 1000))
	[ $ms -le $worst ] || { worst=$ms worst_of=$1; }
}

each_deletion()
{
	local command n=0
	while read -r command; do
		$command 2>/dev/null || continue
		mended "$command"
		n=$((n + 1))
	done < <(deletions)
	check "$n foreign deletions are mended" [ $n -gt 30 ]
	check "the worst within a second ($worst ms: $worst_of)" \
		[ $worst -le $((1000 * SLOW * BUSY)) ]
	[ -z "${NETD_FIGURES:-}" ] ||
		echo "a foreign deletion is repaired, ms|1000|$worst" \
			>>"$NETD_FIGURES"
}

# The same while a change is made: at any step of it.
during()
{
	local command n=0 job
	mapfile -t commands < <(deletions | shuf -n "${NETD_DELETIONS:-12}")
	for command in "${commands[@]}"; do
		sed -i 's/ports: \[\(80\|81\)/ports: [8'$((n % 2))'/' \
			"$WORLD/lab.net.yaml"
		netdctl apply "$WORLD/lab.net.yaml" >"$WORLD/out" 2>&1 &
		job=$!
		$command 2>/dev/null
		wait $job
		# what was refused because of it is asked for again
		netdctl apply "$WORLD/lab.net.yaml" >"$WORLD/out" 2>&1 ||
			_result 1 "apply after '$command'" "$(cat "$WORLD/out")"
		mended "$command, during a change"
		n=$((n + 1))
	done
	check "$n deletions while a change is made" [ $n -gt 0 ]
}

memory()
{
	local p sum=0
	for p in "$netd_pid" $(pgrep -P "$netd_pid"); do
		sum=$((sum + $(awk '/^VmRSS/ { print $2 }' "/proc/$p/status")))
	done
	echo $sum
}

# 10,000 events of links that are none of ours; one of ours is among them.
storm()
{
	local i before after begin ms
	must ip link add other0 type veth peer name other1
	for ((i = 0; i < 5000; i++)); do
		echo "link set other0 mtu $((1400 + i % 2))"
		echo "link set other1 mtu $((1400 + i % 2))"
	done >"$WORLD/batch"
	must ip -batch "$WORLD/batch"
	before=$(memory)
	begin=${EPOCHREALTIME/./}
	must ip -batch "$WORLD/batch"
	must ip -n lab link del nd-b
	must ip -batch "$WORLD/batch"
	check "it answers in the midst of it" timeout 2 "$NETDCTL" status
	poll "$SOON" eval '_plan_is_empty && ip -n lab link show nd-b' ||
		_result 1 "after the storm" "$(netdctl plan)"
	ms=$(((${EPOCHREALTIME/./} - begin) / 1000))
	check "40,000 events: all is as it was ($ms ms)" [ $ms -le \
		$((5000 * SLOW * BUSY)) ]
	after=$(memory)
	check "and no memory is lost ($before to $after KiB)" \
		[ $((after - before)) -lt 2048 ]
	must ip link del other0
}

worst=0 worst_of=
ns a1
ns b1
wire "" up0 b1 up1
must ip addr add 203.0.113.1/24 dev up0
start_netd
apply "$WORLD/lab.net.yaml"
must poll "$SOON" _plan_is_empty
must poll "$SOON" eval '! ip -6 addr show tentative | grep -q .'
shape >"$WORLD/shape"
each_deletion
during
storm

#!/bin/bash
# attach-gone.sh - attachments whose namespace had a name, and is gone
# one kernel
# one build
# SPDX-License-Identifier: GPL-2.0-or-later
. "$(dirname "$0")/../lib.sh"

names()
{
	netdctl list attachments --names | sort | tr '\n' ' '
}

_names_are()
{
	[ "$(names)" = "$1" ]
}

remember
start_netd
echo 'networks: {lan: {mode: nat, subnet: 10.1.0.0/24}}
attachments: {written: {network: lan, type: veth, netns: never}}' \
	>"$WORLD/t.net.yaml"
apply "$WORLD/t.net.yaml"
for n in leaves returns; do
	ns $n
	check "$n" netdctl attach lan --netns $n --name $n --wait \
		--publish "$((9000 + ${#n})):80"
done
must ip netns del leaves
must ip netns del returns
began=$SECONDS
poll "$SOON" eval '! ip link show ndp-returns'
ns returns
soon "one that comes back has its interface again" \
	ip -n returns link show eth0
same "nobody is gone at once" "leaves returns written " "$(names)"
SOON=$((SOON + 12)) soon "one that stays away is released" \
	_names_are "returns written "
_result $((SECONDS - began < 9)) "after ten seconds" "it was $((SECONDS - began)) s"
check_not "with its forward" eval "netdctl list forwards | grep 9006"
check "the other one's is there" eval "netdctl list forwards | grep 9007"
can returns 10.1.0.1 icmp
check "what a file says is waited for" eval "netdctl status | grep -i wait"
must ip netns del returns
check "down" netdctl down t
nothing_left

#!/bin/bash
# coexist-docker.sh - Docker's FORWARD policy: named, cured, lived with
# one kernel: what it tests hardly depends on that
# one build, one kernel: others ask the same of the kernel side
# SPDX-License-Identifier: GPL-2.0-or-later
. "$(dirname "$0")/../lib.sh"
. "$TESTS/engines.sh"
. "$TESTS/coexist.sh"

needs dockerd containerd docker iptables

docker()
{
	timeout 30 /usr/bin/docker -H "unix://$WORLD/docker.sock" "$@"
}

# With all its rules, as it comes.
start_dockerd()
{
	dockerd --data-root "$WORLD/docker" --exec-root "$WORLD/exec" \
		--pidfile "$WORLD/docker.pid" -H "unix://$WORLD/docker.sock" \
		--storage-driver vfs >>"$WORLD/dockerd.log" 2>&1 &
	poll $((20 * SLOW * BUSY)) docker version && return
	tail -n 20 "$WORLD/dockerd.log"
	skip "dockerd can't run here"
}

stop_dockerd()
{
	must kill -TERM "$(cat "$WORLD/docker.pid")"
	must poll $((10 * SLOW * BUSY)) [ ! -e "$WORLD/docker.pid" ]
}

again()
{
	stop_dockerd
	start_dockerd
	bridge_nf 0
}

coexist_site
start_dockerd
bridge_nf 0
is_cut "with Docker"
doctor_finds docker
check "its rule is named" eval \
	'netdctl doctor | grep -q "ip filter FORWARD: policy drop"'
cure
passes "cured"
doctor_is_content
must iptables -F DOCKER-USER
must iptables -A DOCKER-USER -j RETURN
is_cut "without the cure"
# it puts its chains in another order when it starts for the second time
again
lives_with docker again

# what is not asked for is not touched
coexist_file
apply "$FILE"
is_cut "without coexist"
check_not "and nothing of netd's is in Docker's chains" _tagged

# bridged packets
coexist_file "coexist: [docker]"
apply "$FILE"
bridge_nf 1
ns h
must quietly netdctl attach web --netns h --name h
serve h tcp 80
can g "$(netdctl list attachments --json | jq -r '.items[] |
	select(.name == "h") | .address | split(",")[0]')" tcp 80
coexist_file
apply "$FILE"
check "rules for bridged packets are told, too" eval \
	'netdctl doctor | grep -q "IPv4 within nd-web"'
cure
doctor_rest=$(netdctl doctor --json | jq -r '[.troubles[].id] | join(" ")')
same "bridges are left alone then" "" "$doctor_rest"

# rules of the older program
must iptables -F DOCKER-USER
must iptables -A DOCKER-USER -j RETURN
must iptables -P FORWARD ACCEPT
passes "without a policy"
must iptables-legacy -A FORWARD -i lo -j ACCEPT
must iptables-legacy -P FORWARD DROP
is_cut "with iptables-legacy"
check "doctor reads its rules" eval 'netdctl doctor |
	grep -q "iptables-legacy filter FORWARD: policy drop"'
netdctl doctor --json | jq -r '.troubles[] | select(.id == "rules") | .cure' \
	>"$WORLD/cure"
check "what it says can be done" bash -e "$WORLD/cure"
passes "cured"
must iptables-legacy -P FORWARD ACCEPT
must iptables-legacy -F FORWARD
stop_dockerd

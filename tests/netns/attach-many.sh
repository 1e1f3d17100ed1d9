#!/bin/bash
# attach-many.sh - attachments that come and go in numbers, and those left behind
# one build: other tests reach that code
# one kernel: what it tests does not depend on that
# SPDX-License-Identifier: GPL-2.0-or-later
. "$(dirname "$0")/../lib.sh"
. "$TESTS/site.sh"

# Attach and detach; a thousand take a while, and longer on an emulated machine.
CYCLES=${NETD_TEST_CYCLES:-$((SLOW < 5 ? 200 : 40))}
BATCH=20

state()
{
	{
		ip -j link show | jq -r '.[].ifname' | sort
		ip -j addr show | jq -r '.[].addr_info[].local' | sort
		{
			nft -s list table inet netd
			nft -s list table bridge netd
		} | _without_learned
		netdctl list attachments --json
		find "$STATE/attachments" -type f
	} 2>&1
}

as_before()
{
	state | diff $WORLD/was -
}

api()
{
	curl -s -o "$1" -w '%{http_code}' -X "$2" --unix-socket \
		"$NETD_SOCKET" "http://netd/v1/$3" ${4:+-d "$4"}
}

guests c1 c2
start_netd
cat >"$WORLD/many.net.yaml" <<'END'
networks:
  lan: {mode: nat, subnet: 10.1.0.0/24, subnet6: "fd00:1::/64"}
  small: {mode: nat, subnet: 10.2.0.0/27}
attachments: {fixed: {network: lan, type: tap, owner: nobody}}
END
apply "$WORLD/many.net.yaml"
state >$WORLD/was

# --- cycles, in parallel batches ---
# Each in a namespace of its own, published, some of them gone before detach.
cycle()
{
	local n=$1 rc=0 code
	code=$(api /dev/null POST attachments "{\"t$n\": {\"network\": \"lan\",
		\"type\": \"veth\", \"netns\": \"/run/netns/p$((n % BATCH))\",
		\"ifname\": \"e$n\", \"publish\": [\"$((10000 + n)):80\"],
		\"labels\": {\"door\": \"test\"}}}")
	[ "$code" = 200 ] || { echo "attach $n: $code"; rc=1; }
	code=$(api /dev/null DELETE "attachments/t$n")
	[ "$code" = 200 ] || { echo "detach $n: $code"; rc=1; }
	return $rc
}

for i in $(seq 0 $((BATCH - 1))); do
	ns "p$i"
done
begin=${EPOCHREALTIME/./}
for ((n = 0; n < CYCLES; n += BATCH)); do
	for ((i = n; i < n + BATCH && i < CYCLES; i++)); do
		cycle $i &
	done
	wait $(jobs -p | grep -vx "$netd_pid")
done >"$WORLD/cycles" 2>&1
ms=$(((${EPOCHREALTIME/./} - begin) / 1000))
same "$CYCLES cycles by $BATCH ($ms ms)" "" "$(cat "$WORLD/cycles")"
check "leave nothing" as_before
check "... in the containers either" eval '! for i in $(seq 0 19); do
	ip -n p$i -o link show; done | grep -v " lo:"'
plan_is_empty many

# --- one allocator ---
code=0
for n in $(seq 100); do
	api "$WORLD/a$n" POST attachments "{\"a$n\": {\"network\": \"lan\",
		\"type\": \"reserved\"}}" >"$WORLD/code$n" &
done
wait $(jobs -p | grep -vx "$netd_pid")
same "a hundred at once are answered" 100 \
	"$(cat "$WORLD"/code* | grep -o 200 | wc -l)"
addresses()
{
	jq -r '.attachment.addresses[].address' $(seq -f "$1%g" 100)
}
addresses "$WORLD/a" >"$WORLD/got"
same "no address twice, in both families" 200 "$(sort -u "$WORLD/got" | wc -l)"
must netdctl detach $(seq -f a%g 100)
for n in $(seq 100 -1 1); do
	api "$WORLD/b$n" POST attachments "{\"a$n\": {\"network\": \"lan\",
		\"type\": \"reserved\"}}" >/dev/null
done
addresses "$WORLD/b" >"$WORLD/again"
check "names keep theirs, in whatever order" cmp got again
kill_netd
start_netd
netdctl list attachments --json | jq -r '[.items[] |
	select(.name | test("^a[0-9]+$"))] |
	sort_by(.name[1:] | tonumber)[].addresses[].address' \
	>"$WORLD/restarted"
check "... over kill -9" cmp got restarted
check "a new one gets none of them" eval 'netdctl attach lan --reserve \
	--name fresh --json | jq -r ".attachment.addresses[].address" |
	grep -vxFf got | grep -c . | grep -qx 2'
must netdctl detach fresh $(seq -f a%g 100)
stop_netd
start_netd
same "a name keeps its address also when it is away during a restart" \
	"$(sed -n 99,100p got)" "$(netdctl attach lan --reserve --name a50 \
	--json | jq -r '.attachment.addresses[].address')"
must netdctl detach a50
n=0
for i in $(seq 40); do
	api "$WORLD/full" POST attachments "{\"s$i\": {\"network\": \"small\",
		\"type\": \"reserved\"}}" >"$WORLD/code$i" &
done
wait $(jobs -p | grep -vx "$netd_pid")
same "40 for 29 addresses: 29 get one" 29 \
	"$(for i in $(seq 40); do cat "$WORLD/code$i"; echo; done | grep -c 200)"
same "... the others are told" 11 \
	"$(for i in $(seq 40); do cat "$WORLD/code$i"; echo; done | grep -c 409)"
must netdctl detach $(netdctl list attachments --names | grep ^s)
check "nothing is left" as_before

# --- namespaces that die ---
netdctl events --json >"$WORLD/events" &
events=$!
holders=()
for i in 1 2 3 4; do
	unshare --net sleep infinity &
	holders+=($!)
done
for p in "${holders[@]}"; do
	must poll "$SOON" eval '[ "$(readlink /proc/$p/ns/net)" != \
		"$(readlink /proc/self/ns/net)" ]'
done
ns path1
check "by process" netdctl attach lan --netns "${holders[0]}" --name g1 \
	--publish 9001:80 --wait
check "by its path" netdctl attach lan --netns "/proc/${holders[1]}/ns/net" \
	--name g2 --publish 9002:80 --wait
check "by a path" netdctl attach lan --netns /run/netns/path1 --name g3 \
	--publish 9003:80 --wait
check "by a name" netdctl attach lan --netns c1 --name stays --wait
kill -KILL "${holders[0]}" "${holders[1]}"
must ip netns del path1
names() { netdctl list attachments --names | sort | tr '\n' ' '; }
soon "they are released" eval '[ "$(names)" = "fixed stays " ]'
check "an event says why" eval 'grep -q "\"g1\".*namespace is gone" events'
check "... for each" eval '[ "$(grep -c "namespace is gone" events)" = 3 ]'
check "detach of one that went by itself" eval \
	'! netdctl detach g1 2>/dev/null'
must netdctl detach stays
soon "nothing of them is left" as_before

# many at once are one change
for i in $(seq 12); do
	unshare --net sleep infinity &
	holders+=($!)
done
for p in "${holders[@]:4}"; do
	must poll "$SOON" eval '[ "$(readlink /proc/$p/ns/net)" != \
		"$(readlink /proc/self/ns/net)" ]'
	must netdctl attach lan --netns "$p" --name "m$p" \
		--publish "$((20000 + p)):80" >/dev/null
done
kill -KILL "${holders[@]:4}"
soon "a dozen that die together are released" eval '[ "$(names)" = "fixed " ]'
soon "nothing of them is left" as_before
check "... and each was told of" \
	[ "$(grep -c "namespace is gone" "$WORLD/events")" = 15 ]

# what dies while netd is away; a process number that somebody else has then
check "by process" netdctl attach lan --netns "${holders[2]}" --name g4 \
	--publish 9001:80 --wait
check "by a path" netdctl attach lan --netns "/proc/${holders[3]}/ns/net" \
	--name g5 --publish 9002:80 --wait
ns path2
check "by a path that is another one's later" netdctl attach lan \
	--netns /run/netns/path2 --name g6 --wait
kill_netd
kill -KILL "${holders[2]}" "${holders[3]}"
must ip netns del path2
ns path2
start_netd
soon "they are released after a restart" eval '[ "$(names)" = "fixed " ]'
check "nothing was put into the other namespace" eval \
	'[ "$(ip -n path2 -o link show | wc -l)" = 1 ]'
soon "nothing of them is left" as_before

check "down" netdctl down many

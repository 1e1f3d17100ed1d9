#!/bin/bash
# daemon-undo.sh - a failed apply is undone; the host's settings come back
# one kernel: what it tests hardly depends on that
# SPDX-License-Identifier: GPL-2.0-or-later
. "$(dirname "$0")/../lib.sh"

same_as_before()
{
	snapshot | sort >"$WORLD/after"
	diff "$WORLD/before" "$WORLD/after" >"$WORLD/diff" && return
	! grep -v -e '^[0-9]' -e '^---' -e '^> sysctl ' "$WORLD/diff"
}

# Whatever it refuses: FILE must fail with TEXT, and the host be as before.
undone()
{
	local what=$1 text=$2 out rc
	# the kernel lists routes of equal rank in the order they came
	snapshot | sort >"$WORLD/before"
	out=$(netdctl apply "$WORLD/new.net.yaml" 2>&1)
	rc=$?
	check "$what: refused" [ $rc = 1 ]
	check "$what: the reason and the place" \
		grep -qE "new.net.yaml:[0-9]+:[0-9]+.*$text" <<<"$out" ||
		echo "$out"
	soon "$what: the host is as before" same_as_before
	plan_is_empty "$what"
}

ns wan
wire "" up0 wan wan0
ip addr add 192.0.2.2/24 dev up0
ip route add default via 192.0.2.1
echo 0 >/proc/sys/net/ipv4/ip_forward
remember
cp "$WORLD/before" "$WORLD/at-first"
start_netd

cat >"$WORLD/new.net.yaml" <<'Y'
networks:
  web: {mode: nat, subnet: 10.1.0.0/24, subnet6: "fd00:1::/64"}
attachments:
  good: {network: web, type: tap, owner: nobody}
  bad: {network: web, type: tap, owner: nobody-at-all}
Y
undone "a new topology" "no such user|nobody-at-all"

# --- a change of one that is in force ---
sed '/bad:/d' "$WORLD/new.net.yaml" >"$WORLD/old.net.yaml"
sed -i '1i name: new' "$WORLD/old.net.yaml"
apply "$WORLD/old.net.yaml"
# a tap that nobody holds loses its carrier a moment after it was made
must poll "$SOON" grep -q down /sys/class/net/nd-web/operstate
must poll "$SOON" bash -c 'ip route | grep -q linkdown'
index=$(cat /sys/class/net/ndp-good/ifindex)
cat >"$WORLD/new.net.yaml" <<'Y'
networks:
  web: {mode: routed, subnet: 10.1.0.0/24, mtu: 1400}
  db: {subnet: 10.2.0.0/24, services: [22/tcp]}
attachments:
  bad: {network: web, type: tap, owner: nobody-at-all}
policies:
  - {from: web, to: db, action: allow}
Y
undone "a change" "no such user|nobody-at-all"
check "the text in force is the old one" \
	bash -c "'$NETDCTL' show new --text | diff - '$WORLD/old.net.yaml'"
same "the tap that was to go is the same" "$index" \
	"$(cat /sys/class/net/ndp-good/ifindex)"

# --- a tap that a VM holds is not re-made ---
mac=$(netdctl list attachments --json | jq -r '.items[0].mac')
vm guest ndp-good "$mac"
held=$(cat /sys/class/net/ndp-good/ifindex)
sed 's/owner: nobody}/owner: daemon}/' "$WORLD/old.net.yaml" >"$WORLD/new.net.yaml"
undone "another owner for a tap in use" "in use"
same "the tap is the same" "$held" "$(cat /sys/class/net/ndp-good/ifindex)"

# --- sysctls ---
check "forwarding is on where it must be" \
	grep -q 1 /proc/sys/net/ipv4/conf/up0/forwarding
check "what they were is on the disk" grep -q forwarding "$STATE/sysctls"
kill_netd
start_netd
soon "after SIGKILL" _plan_is_empty
must ip netns del guest
check "down" netdctl down new
cp "$WORLD/at-first" "$WORLD/before"
nothing_left "all settings are as they were before netd"
check "nothing is remembered any more" \
	bash -c "! grep -q net/ '$STATE/sysctls'"

#!/bin/bash
# plan-effects.sh - plan says whom a change cuts off, and how many connections
# one kernel: what it tests hardly depends on that
# one build, one kernel: it is about words
# SPDX-License-Identifier: GPL-2.0-or-later
. "$(dirname "$0")/../lib.sh"
. "$TESTS/site.sh"

T=$WORLD/shop.net.yaml

# topology SERVICES POLICIES FORWARDS MODE
topology()
{
	cat >"$T" <<-END
	networks:
	  web: {mode: $4, subnet: 10.81.0.0/24, services: [$1]}
	  db: {subnet: 10.82.0.0/24}
	attachments:
	  g: {network: web, type: veth, netns: g, address: 10.81.0.10}
	  d: {network: db, type: veth, netns: d, address: 10.82.0.10}
	  ${5:-}
	policies: [$2]
	forwards: [$3]
	END
}

# effects: of the plan of $T, a line each, sorted
effects()
{
	netdctl plan "$T" --json >"$WORLD/plan"
	plan_rc=$?
	jq -r '.effects[] | .effect + ": " + .text' <"$WORLD/plan" | sort
}

says()
{
	local what=$1 got
	shift
	got=$(effects)
	same "$what" "$(printf '%s\n' "$@" | sort)" "$got"
}

SHOP='{name: shop, from: web, to: db, protocol: tcp, ports: [5432]}'
ADMIN='{name: admin, from: web, to: db, protocol: tcp, ports: [22]}'
NO='{name: no, from: db, to: web, action: drop}'

outside
ns g
ns d
ns e
serve d tcp 5432 22
serve g tcp 80
start_netd
topology 22/tcp "$SHOP, $ADMIN" '"8080:g:80/tcp"' nat
says "a new topology" \
	"opens: topology shop comes: 2 networks, 2 attachments"
apply "$T"
says "no change" ""
check "exit code 0 when there is nothing to do" netdctl plan "$T"

can g 10.82.0.10 tcp 5432
hold g 10.82.0.10 tcp 5432
first=$hold_pid
topology 22/tcp "$ADMIN" '"8080:g:80/tcp"' nat
effects >/dev/null
same "exit code 2 when there is something to do" 2 "$(netdctl plan "$T" \
	>/dev/null; echo $?)"
# as many as the kernel has by that policy: that of the check may linger
count=$(conntrack -L -p tcp --dport 5432 2>/dev/null | wc -l)
must [ "$count" -ge 1 ]
plural=s s=
[ "$count" != 1 ] || { plural=; s=s; }
says "a policy that goes, and what lives by it" \
	"cuts: policy shop: allow web to db tcp 5432 goes" \
	"cuts: $count live connection$plural end$s with the rules they live by"
same "the count is a number, too" "$count" \
	"$(jq '[.effects[].connections // 0] | add' <"$WORLD/plan")"
check "people are told first what it cuts" eval \
	"netdctl plan $T | grep -q '^cuts: policy shop: allow web to db'"
check "apply says so, too" eval \
	"netdctl apply $T | grep -q '^cuts: policy shop: allow web to db'"
soon "the connection is over" eval '! conntrack -L -p tcp --dport 5432 \
	2>/dev/null | grep -q 5432'
kill -TERM "$first" 2>/dev/null
wait "$first" 2>/dev/null

topology 23/tcp "$NO, $ADMIN" '"8081:g:80/tcp"' nat
says "a service, a forward and a refusal" \
	'cuts: service of the router: "nd-web" . tcp . 22' \
	'opens: service of the router: "nd-web" . tcp . 23' \
	"cuts: forward: 8080 tcp to g 80 goes" \
	"opens: forward: 8081 tcp to g 80" \
	"cuts: policy no: drop db to web"
topology 22/tcp "$ADMIN" '"8080:g:80/tcp"' isolated
effects >"$WORLD/out"
check "a network that lets out no more" grep -q \
	'^cuts: network web: mode nat.* -> network web: mode isolated' \
	"$WORLD/out"
topology 22/tcp "$ADMIN" '"8080:g:80/tcp"' nat \
	'e: {network: db, type: veth, netns: e, address: 10.82.0.11}'
says "something new is plugged in" \
	"opens: attachment e in db, 10.82.0.11"
apply "$T"
topology 22/tcp "$ADMIN" '"8080:g:80/tcp"' nat \
	'e: {network: web, type: veth, netns: e, address: 10.81.0.11}'
effects >"$WORLD/out"
check "it moves" grep -q \
	'^cuts: attachment e in db, 10.82.0.11 -> attachment e in web' \
	"$WORLD/out"
check "... to another bridge" grep -q \
	'^cuts: veth ndp-e moves from nd-db to nd-web' "$WORLD/out"
cat >"$T" <<-'END'
networks: {web: {mode: nat, subnet: 10.81.0.0/24, services: [22/tcp]}}
attachments: {g: {network: web, type: veth, netns: g, address: 10.81.0.10}}
forwards: ["8080:g:80/tcp"]
END
says "a network goes, with what is in it" \
	"cuts: network db: mode isolated, 10.82.0.1/24 goes" \
	"cuts: attachment d in db, 10.82.0.10 goes" \
	"cuts: attachment e in db, 10.82.0.11 goes" \
	"cuts: policy admin: allow web to db tcp 22 goes"
# what a foreign hand did
apply "$T"
freeze_netd
must ip link set nd-web down
thaw_netd
soon "it is repaired" eval 'ip link show nd-web | grep -q "state UP"'

# coexist.sh - what the tests of other programs' firewalls have in common
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Sourced after lib.sh and engines.sh, by tests/netns/coexist-NAME.sh.
#
#	coexist_site		the outside, netd, and a topology without
#				`coexist:`: guest g in web, which is served,
#				forwarded to, and may ask db
#	coexist_file [KEY]	writes it, with that line
#	passes, is_cut WHAT	checks: what its rules allow passes, or doesn't
#	doctor_finds ID...	check: netdctl doctor names just these, exits
#				with 2, and says nothing uncertain
#	doctor_is_content	check: it finds nothing, and exits with 0
#	cure			runs what it says, literally
#	others			the rules of others, without what changes by
#				itself
#	lives_with PROGRAM RELOAD	with `coexist: [PROGRAM]` all passes, also
#				after RELOAD, a death of netd's, and a foreign
#				hand; and `down` leaves the rules as they were

FILE=$WORLD/coexist.net.yaml

coexist_file()
{
	cat >"$FILE" <<-END
	networks:
	  web: {mode: nat, subnet: 10.81.0.0/24, subnet6: "fd00:81::/64", services: [22/tcp, 7000/udp]}
	  db: {subnet: 10.82.0.0/24}
	attachments:
	  g: {network: web, type: veth, netns: g, address: 10.81.0.10}
	  d: {network: db, type: veth, netns: d, address: 10.82.0.10}
	policies: [{from: web, to: db, protocol: tcp, ports: [5432]}]
	forwards: ["8080:g:80/tcp"]
	${1:-}
	END
}

coexist_site()
{
	# what Docker wants of it is not what is tested
	bridge_nf 0
	outside
	ns g
	ns d
	serve g tcp 80
	serve d tcp 5432 22
	serve "" tcp 22
	serve "" udp 7000
	start_netd
	coexist_file
	apply "$FILE"
	passes "before"
}

_passes()
{
	reach g 203.0.113.254 tcp 80 && reach g 2001:db8::254 tcp 80 &&
		reach g 10.81.0.1 udp 7000 && reach g 10.82.0.10 tcp 5432 &&
		reach outside 203.0.113.1 tcp 8080
}

passes()
{
	soon "$1: traffic passes" _passes
	# and nothing that it doesn't allow
	check "$1: nothing else does" refused g 10.82.0.10 tcp 22
}

is_cut()
{
	local TRY=1
	check_not "$1: it is cut" reach g 203.0.113.254 tcp 80
}

doctor_finds()
{
	local out rc=0
	out=$(netdctl doctor --json) || rc=$?
	same "doctor finds $*" "$*, 2" "$(jq -r '[.troubles[] |
		select(.certain) | .id] | unique | join(" ")' <<<"$out"), $rc"
	[ "$rc" = 2 ] || netdctl doctor
}

doctor_is_content()
{
	local out
	out=$(netdctl doctor 2>&1)
	same "doctor finds nothing" "0" "$?"
	[ "${out#nothing}" != "$out" ] || echo "$out"
}

cure()
{
	netdctl doctor --json | jq -r '.troubles[].cure' >"$WORLD/cure"
	must [ -s "$WORLD/cure" ]
	check "what doctor says can be done" bash -e "$WORLD/cure"
}

others()
{
	nft list ruleset 2>/dev/null |
		awk '/^table (inet|bridge) netd/ { ours = 1 }
			!ours { print } /^}/ { ours = 0 }' |
		sed -E 's/counter packets [0-9]+ bytes [0-9]+/counter/'
}

_tagged()
{
	others | grep -q 'netd:coexist'
}

lives_with()
{
	local before after one
	before=$(others)
	coexist_file "coexist: [$1]"
	apply "$FILE"
	passes "coexist: [$1]"
	doctor_is_content
	plan_is_empty "$FILE"
	after=$(others)
	check "... after a reload" eval "$2"
	passes "... after a reload"
	same "... after a reload the rules are as before" "$after" "$(others)"
	kill_netd
	start_netd
	passes "... after a death of netd's"
	plan_is_empty "$FILE"
	same "... the rules are as before" "$after" "$(others)"
	one=$(nft -a list ruleset | awk '/^table/ { t = $2 " " $3 }
		/^\tchain/ { c = $2 } /netd:coexist/ { print t, c,
		"handle", $NF; exit }')
	check "a foreign hand takes one away" eval "nft delete rule $one"
	soon "... it comes back" eval '[ "$(others | sort)" = \
		"$(sort <<<"$after")" ]'
	coexist_file
	apply "$FILE"
	check_not "without it netd's rules are gone" _tagged
	coexist_file "coexist: [$1]"
	apply "$FILE"
	check "down" netdctl down coexist
	[ -z "${SETTLE:-}" ] || must eval "$SETTLE"
	same "down leaves the others' rules as they were" "$before" \
		"$(others)"
}

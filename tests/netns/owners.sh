#!/bin/bash
# owners.sh - every request of the API, by every kind of user, for every network
# one kernel: what it tests does not depend on that
# one build: what it starts takes its time
# SPDX-License-Identifier: GPL-2.0-or-later
. "$(dirname "$0")/../lib.sh"

# Users and groups of this world only.
printf '%s:x:%s:%s::/:/bin/sh\n' alice 4001 4001 bob 4002 4002 carl 4003 4003 \
	mallory 4004 4004 member 4005 4005 >"$WORLD/users"
printf '%s:x:%s:\n' students 4100 netadmins 4200 >"$WORLD/groups"
for f in passwd:users group:groups; do
	cat "/etc/${f%:*}" "$WORLD/${f#*:}" >"$WORLD/${f%:*}"
	must mount --bind "$WORLD/${f%:*}" "/etc/${f%:*}"
done
chmod 755 "$WORLD" /run

# a: alice's by name.  b: of the group.  c: carl's by number.  n: nobody's.
# In t2 all is carl's.  vm is bob's, on a network that is not.
cat >"$WORLD/t1.net.yaml" <<'END'
name: t1
networks:
  a: {subnet: 10.1.1.0/24, owners: [alice]}
  b: {subnet: 10.1.2.0/24, owners: ["@students"]}
  c: {subnet: 10.1.3.0/24, owners: [4003, "@nonesuch", nonesuch]}
  n: {subnet: 10.1.4.0/24}
attachments:
  vm: {network: n, type: tap, owner: bob, owners: [bob]}
  other: {network: n, type: tap, owner: nobody}
policies:
  - {name: p, from: a, to: n, action: allow}
END
cat >"$WORLD/t2.net.yaml" <<'END'
name: t2
owners: [carl]
networks:
  d: {subnet: 10.2.1.0/24}
  e: {subnet: 10.2.2.0/24}
END

# as USER CMD...: root, a member of the admins, an owner by name, a member of
# a group, an owner by number (who also has all of t2), and nobody
as()
{
	local who=$1
	shift
	case $who in
	root) "$@" ;;
	member) setpriv --reuid 4005 --regid 4005 --groups 4200 "$@" ;;
	alice) setpriv --reuid 4001 --regid 4001 --clear-groups "$@" ;;
	bob) setpriv --reuid 4002 --regid 4002 --groups 4100 "$@" ;;
	carl) setpriv --reuid 4003 --regid 4003 --clear-groups "$@" ;;
	mallory) setpriv --reuid 4004 --regid 4004 --clear-groups "$@" ;;
	esac
}
USERS="root member alice bob carl mallory"

# asks USER METHOD PATH [CURL-OPTION...]: the body in $body; prints the code
asks()
{
	body=$(as "$1" curl -s --unix-socket "$NETD_SOCKET" -X "$2" \
		-w '\n%{http_code}' "http://netd$3" "${@:4}")
	code=${body##*$'\n'}
	body=${body%$'\n'*}
}

admin()
{
	[ "$1" = root ] || [ "$1" = member ]
}

# owns USER TOPOLOGY/NETWORK
owns()
{
	case $1:$2 in
	root:* | member:* | alice:t1/a | bob:t1/b | carl:t1/c | carl:t2/*)
		return 0 ;;
	esac
	return 1
}

# What USER sees of kind network and attachment, sorted.
sees()
{
	case $1 in
	root | member) echo "a b c d e n other vm" ;;
	alice) echo a ;;
	bob) echo b vm ;;
	carl) echo c d e ;;
	mallory) echo ;;
	esac
}

listed()
{
	jq -r '[.items[] | select(.kind == "network" or .kind == "attachment") |
		.name] | sort | join(" ")' <<<"$body"
}

start_netd --group netadmins
same "without owners the socket is the group's" "660:netadmins" \
	"$(stat -c %a:%G "$NETD_SOCKET")"
asks mallory GET /v1/list
same "... and nobody else gets to it" 000 "$code"
apply "$WORLD/t1.net.yaml"
apply "$WORLD/t2.net.yaml"
same "with owners it is everybody's" 666 "$(stat -c %a "$NETD_SOCKET")"

# --- the table: every request of the API is one of these kinds ---
# kind METHOD PATH: as the table in the daemon has it
kind_of()
{
	case "$1 $2" in
	"GET status") echo all ;;
	"GET events") echo events ;;
	"GET topologies") echo topologies ;;
	"GET topologies/*" | "GET topologies/*/show") echo show ;;
	"GET topologies/*/items") echo items ;;
	"GET list") echo list ;;
	"GET leases") echo leases ;;
	"POST attachments" | "POST topologies/*/attachments") echo attach ;;
	"DELETE attachments/*" | "DELETE topologies/*/attachments/*")
		echo detach ;;
	"POST topologies" | "PUT topologies/*" | "DELETE topologies" | \
	"DELETE topologies/*" | "POST plan" | "POST reload" | "GET history" | \
	"GET history/*" | "POST rollback" | "POST rollback/*" | \
	"POST confirm" | "POST cancel" | "GET doctor" | \
	"POST topologies/*/reset" | "POST topologies/*/links/*" | \
	"DELETE topologies/*/links/*" | "POST links/*" | "DELETE links/*" | \
	"GET topologies/*/solution")
		echo admin ;;
	"GET topologies/*/checks") echo checks ;;
	esac
}

tables()
{
	sed -n '/struct route routes/,/^};/p' "$TOP/netd/api.c" |
		sed -n 's/.*EVHTTP_REQ_\([A-Z]*\), "\([^"]*\)".*/\1 \2/p'
}
check "there is a table" [ "$(tables | wc -l)" -ge 23 ]

# --- what only admins do ---
# It is refused before it is looked at; what admins get is not forbidden.
try_admin()
{
	local user method=$1 path=${2//\*/nonesuch}
	for user in $USERS; do
		# what would undo all of this is not asked for by who may
		case "$user:$method $2" in
		"root:DELETE topologies" | "member:DELETE topologies" | \
		"root:POST rollback" | "member:POST rollback")
			continue ;;
		esac
		asks "$user" "$method" "/v1/$path" -d ''
		if admin "$user"; then
			[ "$code" != 403 ]
		else
			[ "$code" = 403 ]
		fi
		_result $? "$user: $method $2" "$code $body"
	done
}

try_all()
{
	local user
	for user in $USERS; do
		asks "$user" "$1" "/v1/$2"
		same "$user: $1 $2" 200 "$code"
		admin "$user" || same "$user: ... is told no more than how it is" \
			"converged state version" "$(jq -r 'keys | join(" ")' <<<"$body")"
	done
}

try_list()
{
	local user
	for user in $USERS; do
		asks "$user" "$1" "/v1/$2"
		same "$user: $1 $2" "$(sees "$user")" "$(listed)"
		asks "$user" "$1" "/v1/$2?kind=policy"
		same "$user: $1 $2: policies" "$(admin "$user" && echo 1 || echo 0)" \
			"$(jq '.items | length' <<<"$body")"
	done
}

# Each sees those of its own networks.
try_leases()
{
	local user n t
	mkdir -p "$STATE/dnsmasq"
	for n in t1.a t1.b t1.c t1.n t2.d; do
		t=${n#*.}
		echo "0 52:54:00:00:00:01 10.1.1.99 $t *" \
			>"$STATE/dnsmasq/$n.leases"
	done
	for user in $USERS; do
		case $user in
		root | member) want="a b c d n" ;;
		alice) want=a ;;
		bob) want=b ;;
		carl) want="c d" ;;
		*) want= ;;
		esac
		asks "$user" "$1" "/v1/$2"
		same "$user: $1 $2" "$want" "$(jq -r '[.leases[].network] |
			sort | join(" ")' <<<"$body")"
	done
	rm -f "$STATE"/dnsmasq/t[12].?.leases
}

try_topologies()
{
	local user want
	for user in $USERS; do
		case $user in
		root | member) want="t1 t2" ;;
		alice | bob) want=t1 ;;
		carl) want="t1 t2" ;;
		*) want= ;;
		esac
		asks "$user" "$1" "/v1/$2"
		same "$user: $1 $2" "$want" \
			"$(jq -r '[.topologies[].name] | join(" ")' <<<"$body")"
		admin "$user" || check "$user: ... and no file's name" \
			jq -e '[.topologies[] | .file] | all(. == null)' <<<"$body"
	done
}

# What is not one's own is as if it were not there.
try_show()
{
	local user t want
	for user in $USERS; do
		for t in t1 t2; do
			asks "$user" "$1" "/v1/${2/\*/$t}"
			case $user:$t in
			mallory:* | alice:t2 | bob:t2)
				same "$user: $1 $2: no $t" 404 "$code" ;;
			*)
				want=$(sees "$user" | tr ' ' '\n' |
					grep -E "$([ $t = t1 ] && echo '^(a|b|c|n|vm|other)$' || echo '^[de]$')" |
					paste -sd' ')
				same "$user: $1 $2: of $t" "$want" "$(listed)"
				admin "$user" || check "$user: ... and not its text" \
					jq -e '.text == null and .file == null' <<<"$body"
				;;
			esac
		done
	done
}

# A student reads what is asked of one's own lab, and not how it is solved.
try_checks()
{
	local user want
	for user in $USERS; do
		want=404
		! admin "$user" && [ "$user" != carl ] || want=200
		asks "$user" "$1" "/v1/${2/\*/t2}"
		same "$user: $1 $2: of t2" $want "$code"
	done
}

try_items()
{
	local user
	for user in $USERS; do
		asks "$user" "$1" "/v1/${2/\*/t2}"
		same "$user: $1 $2" "$(sees "$user" | tr ' ' '\n' | grep '^[de]$' | paste -sd' ')" \
			"$(listed)"
	done
}

# By both paths, to every network, and out again by who owns it.
try_attach()
{
	local user n t path body_
	for user in $USERS; do
		for n in t1/a t1/b t1/c t1/n t2/d t2/e; do
			t=${n%/*}
			path=${2/\*/$t}
			body_="{\"x-$user\": {\"network\": \"$n\", \"type\": \"tap\", \"owner\": \"root\"}}"
			asks "$user" "$1" "/v1/$path" -d "$body_"
			if owns "$user" "$n"; then
				same "$user: $1 $2 $n" 200 "$code"
				out=$(netdctl list attachments --json | jq -r ".items[] |
					select(.name == \"x-$user\") | .detail")
				admin "$user" || same "$user: ... is one's own" \
					"tap, owner $(id -u "$user")" "$out"
				netdctl detach "x-$user" >/dev/null
			else
				same "$user: $1 $2 $n" 403 "$code"
			fi
		done
	done
}

try_detach()
{
	local user n path
	for user in $USERS; do
		for n in t1/a t1/b t1/c t1/n t2/d; do
			must netdctl attach "$n" --name x --tap \
				--owner nobody >/dev/null
			path=${2/\*/x}
			[[ $2 != topologies* ]] || path="topologies/${n%/*}/attachments/x"
			asks "$user" "$1" "/v1/$path"
			if owns "$user" "$n"; then
				same "$user: $1 $2 $n" 200 "$code"
			else
				same "$user: $1 $2 $n" 403 "$code"
				must netdctl detach x >/dev/null
			fi
		done
	done
}

# Each hears of what is its own.
try_events()
{
	local user n
	for user in $USERS; do
		as "$user" curl -sN --unix-socket "$NETD_SOCKET" \
			http://netd/v1/events >"$WORLD/ev-$user" 2>/dev/null &
		eval "ev_$user=\$!"
	done
	for user in $USERS; do
		must poll "$SOON" grep -q '^: netd' "$WORLD/ev-$user"
	done
	for n in t1/a t1/b t1/c t1/n t2/d; do
		must netdctl attach "$n" --name "x-${n#*/}" --tap \
			--owner nobody >/dev/null
		must netdctl detach "x-${n#*/}" >/dev/null
	done
	netdctl reload >/dev/null
	for user in $USERS; do
		case $user in
		root | member) want="x-a x-b x-c x-n x-d" ;;
		alice) want=x-a ;;
		bob) want=x-b ;;
		carl) want="x-c x-d" ;;
		*) want= ;;
		esac
		both=
		for n in $want; do both="$both attach:$n detach:$n"; done
		poll 2 eval '[ "$(heard "$user")" = "${both# }" ]'
		same "$user: $1 $2" "${both# }" "$(heard "$user")"
		admin "$user" || check_not "$user: ... and nothing else" \
			grep -v -e '^: netd' -e '^$' -e '"attach"' -e '"detach"' \
			"$WORLD/ev-$user"
		eval "kill \$ev_$user; wait \$ev_$user"
	done 2>/dev/null
}

heard()
{
	sed -n 's/^data: //p' "$WORLD/ev-$1" |
		jq -r 'select(.event == "attach" or .event == "detach") |
			"\(.event):\(.name)"' | paste -sd' '
}

while read -r method path; do
	kind=$(kind_of "$method" "$path")
	check "$method $path is in the matrix" [ -n "$kind" ]
	[ -z "$kind" ] || "try_$kind" "$method" "$path"
done < <(tables)

# --- what an owner may not say of an attachment ---
# says WHAT JSON: alice may not
says()
{
	asks alice POST /v1/attachments -d "{\"y\": {\"network\": \"t1/a\", $2}}"
	same "an owner can't have $1" 403 "$code"
}
says "a published port" '"type": "tap", "publish": ["8080:80/tcp"]'
says "an interface of the host" '"type": "nic"'
says "no guards" '"type": "tap", "anti-spoofing": false'
says "others' addresses" '"type": "tap", "allowed-addresses": ["10.1.1.1/32"]'
says "other owners" '"type": "tap", "owners": ["mallory"]'
says "the host's namespace" '"type": "veth", "netns": "/proc/1/ns/net"'
says "root's process" '"type": "veth", "netns": 1'
says "... spelt so" '"type": "veth", "netns": "pid:1"'
says "a named namespace" '"type": "veth", "netns": "guest"'
says "an end that waits on the host" '"type": "veth", "netns": "none"'
says "no type" '"address": "10.1.1.9"'
ns guest
says "root's namespace" '"type": "veth", "netns": "/run/netns/guest"'

# --- a namespace of one's own: as a rootless container has it ---
as alice unshare -Urn sleep 1000 &
box=$!
made()
{
	[ "$(readlink /proc/$box/ns/net)" != "$(readlink /proc/self/ns/net)" ] &&
		grep -q 4001 /proc/$box/uid_map
}
if poll "$SOON" made; then
	asks mallory POST /v1/attachments -d "{\"z\": {\"network\": \"t1/a\", \"type\": \"veth\", \"netns\": $box}}"
	same "nobody else attaches it" 403 "$code"
	asks bob POST /v1/attachments -d "{\"z\": {\"network\": \"t1/b\", \"type\": \"veth\", \"netns\": $box}}"
	same "nor to a network that is another's" 403 "$code"
	asks alice POST "/v1/attachments?wait=5000" -d "{\"z\": {\"network\": \"t1/a\", \"type\": \"veth\", \"netns\": $box, \"address\": \"10.1.1.77\"}}"
	same "its owner does" 200 "$code"
	check "it answers there" nsenter -t $box -n ping -qc1 -W2 10.1.1.1
	asks alice DELETE /v1/attachments/z
	same "and takes it out" 200 "$code"
fi
kill $box

# --- too many at once ---
cat >"$WORLD/hog.py" <<'END'
import os, socket, sys
os.setgroups([]); os.setgid(4004); os.setuid(4004)
v = []
for i in range(300):
    s = socket.socket(socket.AF_UNIX)
    s.settimeout(0.05)
    try:
        s.connect(sys.argv[1])
        s.send(b"GET /v1/status HTTP/1.1\r\n")
    except OSError:
        break
    v.append(s)
print("ready", flush=True)
sys.stdin.read()
END
exec 8> >(/usr/bin/python3 "$WORLD/hog.py" "$NETD_SOCKET" >"$WORLD/hog")
must poll 30 grep -q ready "$WORLD/hog"
check "who connects without end keeps no admin out" timeout 5 "$NETDCTL" status
asks alice GET /v1/list
same "nor another owner" a "$(listed)"
check "... and has few connections" [ "$(find "/proc/$netd_pid/fd" -lname 'socket:*' | wc -l)" -lt 40 ]
exec 8>&-

# --- the last owner goes: the door is shut again ---
netdctl down t2 >/dev/null
sed -i 's/, owners: [^}]*//' "$WORLD/t1.net.yaml"
apply "$WORLD/t1.net.yaml"
same "the socket is the group's again" 660 "$(stat -c %a "$NETD_SOCKET")"
asks alice GET /v1/list
same "and alice is out" 000 "$code"

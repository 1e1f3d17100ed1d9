#!/bin/bash
# control-api.sh - the API as a program uses it, or misuses it
# one kernel: what it tests does not depend on that
# SPDX-License-Identifier: GPL-2.0-or-later
. "$(dirname "$0")/../lib.sh"

# api METHOD PATH [CURL-OPTION...]: the answer in $WORLD/answer; prints the code
api()
{
	curl -s --unix-socket "$NETD_SOCKET" -X "$1" -o "$WORLD/answer" \
		-w '%{http_code}' "http://netd$2" "${@:3}"
}

# gives CODE METHOD PATH ...
gives()
{
	local want=$1 got
	shift
	got=$(api "$@")
	[ "$got" = "$want" ] && return
	echo "$got"
	cat "$WORLD/answer"
	return 1
}

answer()
{
	jq -e "$1" "$WORLD/answer" >/dev/null && return
	cat "$WORLD/answer"
	return 1
}

printf 'networks: {web: {subnet: 10.1.0.0/24}}\n' >"$WORLD/web.yaml"
start_netd

check "the socket is root's alone" \
	[ "$(stat -c %a:%U "$NETD_SOCKET")" = 600:root ]
check "status" gives 200 GET /v1/status
check "is JSON" answer '.version and .state == "idle" and .converged'

# --- what isn't there ---
check "no such path" gives 404 GET /v1/nonesuch
check "... has an error as JSON" answer .error
check "not of this version" gives 404 GET /status
check "a method that isn't allowed" gives 405 DELETE /v1/status
check "an unknown method" gives 501 BREW /v1/status
check "no such topology" gives 404 GET /v1/topologies/nonesuch
check "nor can it go" gives 404 DELETE /v1/topologies/nonesuch
check "a way out of the folder is none" gives 404 GET /v1/topologies/..%2f..%2fetc
check "an absurd path" gives 404 GET "/v1/$(printf 'a/%.0s' {1..100})"
check "a zero byte in a path" gives 404 GET /v1/topologies/a%00b
check "headers without end" gives 400 GET /v1/status -H "X: $(head -c 20000 /dev/zero | tr '\0' x)"
head -c 5000000 /dev/zero | tr '\0' '#' >"$WORLD/large"
check "a body that is too large" gives 413 PUT /v1/topologies/x --data-binary @large

# --- the description says what there is ---
described()
{
	awk '/^  \/v1/ { sub(/:$/, ""); path = $1 }
		/^components:/ { exit }
		/^    (get|put|post|delete):$/ {
			sub(/:$/, ""); print toupper($1), path }' \
		"$TOP/share/openapi.yaml" | sed 's/{[a-z]*}/x/g'
}
described >"$WORLD/described"
same "as many requests are described as there are" \
	"$(grep -c '{ EVHTTP_REQ_' "$TOP/netd/api.c")" "$(wc -l <described)"
while read -r method path; do
	case $path in
	/v1/events) continue ;;
	esac
	code=$(api "$method" "$path" -d '')
	check "$method $path is there" bash -c \
		"[ $code != 405 ] && ! grep -q 'nothing of that path' answer"
done <described

# --- topologies ---
check "PUT dry-run" gives 200 PUT "/v1/topologies/web?dry-run=1" --data-binary @web.yaml
check "... has the plan" answer '[.steps[] | select(.op == "create" and .kind == "bridge")] | length == 1'
check "... and does nothing" bash -c '! ip link show nd-web 2>/dev/null'
check "PUT" gives 200 PUT /v1/topologies/web --data-binary @web.yaml
check "... tells what was done" answer '.topology == "web" and .steps > 0'
check "it is there" ip link show nd-web
check "POST plan: nothing to do" gives 200 POST /v1/plan
check "... as a list" answer '.steps == []'
check "PUT under another name" gives 400 PUT /v1/topologies/other --data-binary $'name: web\nnetworks: {}'
check "PUT of errors" gives 422 PUT "/v1/topologies/web?file=my.yaml" --data-binary 'networks: {web: {subnt: 1}}'
check "... are findings" answer '.findings[0] | .file == "my.yaml" and .line == 1 and .col == 18 and .severity == "error"'
check "PUT of bytes" gives 422 PUT /v1/topologies/web --data-binary $'\x01\xff\xfe'
check "PUT of nothing" gives 422 PUT /v1/topologies/web
check "the old one is in force" gives 200 GET /v1/topologies/web
check "... with its text" answer '.text == "networks: {web: {subnet: 10.1.0.0/24}}\n" and .state == "ok"'
check "items" gives 200 GET /v1/topologies/web/items
check "... of it" answer '.items[0] | .kind == "network" and .ifname == "nd-web"'
check "list by name" gives 200 GET "/v1/list?name=web"
check "... is one" answer '.items | length == 1'

# --- attachments ---
check "attach" gives 200 POST /v1/attachments -d '{"v": {"network": "web", "type": "tap", "owner": "nobody"}}'
check "... tells the interface and the MAC" answer '.attachment | .port == "ndp-v" and (.mac | length == 17)'
check "attach of no JSON" gives 400 POST /v1/attachments -d '{'
check "attach of two" gives 400 POST /v1/attachments -d '{"a": {}, "b": {}}'
check "attach of a list" gives 400 POST /v1/attachments -d '[]'
check "attach of a name with a slash" gives 400 POST /v1/attachments -d '{"../x": {"network": "web"}}'
check "attach to nothing" gives 404 POST /v1/attachments -d '{"a": {"network": "x"}}'
check "attach of nonsense" gives 422 POST /v1/attachments -d '{"a": {"network": "web", "type": 3}}'
check "attach in a topology that isn't" gives 404 POST /v1/topologies/x/attachments -d '{"a": {"network": "web"}}'
check "detach" gives 200 DELETE /v1/topologies/web/attachments/v
check "detach twice" gives 404 DELETE /v1/attachments/v

# --- streams ---
for i in $(seq 240); do
	echo "  n$i: {subnet: 10.2.$i.0/24}"
done >"$WORLD/nets"
{ echo networks:; cat nets; } >"$WORLD/many.yaml"
check "PUT with progress" gives 200 PUT "/v1/topologies/many?stream=1" --data-binary @many.yaml
check "... says how far it is" bash -c "head -1 answer | jq -e '.progress | .done <= .total'"
check "... ends with the result" bash -c "tail -1 answer | jq -e '.code == 200 and .result.steps > 150'"
curl -sN --unix-socket "$NETD_SOCKET" http://x/v1/events >"$WORLD/sse" &
sse=$!
must poll "$SOON" grep -q netd "$WORLD/sse"
check "DELETE" gives 200 DELETE /v1/topologies/many
soon "an event tells" grep -q '^data: .*"event":"down"' "$WORLD/sse"
kill $sse

# --- clients that misbehave ---
# one that goes in the middle of a long request
curl -s --unix-socket "$NETD_SOCKET" -X PUT \
	"http://x/v1/topologies/many?stream=1" --data-binary @many.yaml >/dev/null &
curl=$!
must poll "$SOON" bash -c \
	"'$NETDCTL' status --json | jq -e '.state != \"idle\"'"
kill $curl
timeout 0.1 curl -sN --unix-socket "$NETD_SOCKET" http://x/v1/events >/dev/null
check "status answers" gives 200 GET /v1/status
check "what it asked for is done nevertheless" poll $((30 * SLOW)) \
	bash -c "'$NETDCTL' list topologies --names | grep -q many"
# a hundred that connect and say nothing
python3 - "$NETD_SOCKET" <<'P' &
import socket, sys, time
s = []
for i in range(300):
	c = socket.socket(socket.AF_UNIX)
	c.setblocking(False)
	try:
		c.connect(sys.argv[1])
	except OSError:
		pass
	s.append(c)
open("connected", "w").close()
time.sleep(60)
P
idle=$!
must poll "$SOON" test -e connected
check "its descriptors are bounded" \
	[ "$(find "/proc/$netd_pid/fd" | wc -l)" -lt 150 ]
kill $idle
wait $idle 2>/dev/null
soon "then it answers again" gives 200 GET /v1/status --max-time 2

# --- it answers while it works ---
cat >"$WORLD/ask" <<'P'
import socket, sys, time
times = []
while not __import__("os").path.exists("done"):
	start = time.monotonic()
	c = socket.socket(socket.AF_UNIX)
	c.connect(sys.argv[1])
	c.sendall(b"GET /v1/status HTTP/1.0\r\n\r\n")
	while c.recv(65536):
		pass
	c.close()
	times.append((time.monotonic() - start) * 1000)
	open("asking", "w").close()
	time.sleep(0.005)
times.sort()
print(len(times), "%.0f" % times[len(times) // 2], "%.0f" % times[-1])
P
python3 ask "$NETD_SOCKET" >asked &
asking=$!
must poll "$SOON" test -e asking
for i in $(seq 250); do
	echo "  m$i: {subnet: 10.3.$i.0/24}"
done >>"$WORLD/nets"
{ echo networks:; cat nets; } >"$WORLD/many.yaml"
check "a long apply" gives 200 PUT /v1/topologies/many --data-binary @many.yaml
check "a long removal" gives 200 DELETE /v1/topologies/many
: >"$WORLD/done"
wait $asking
read -r n median worst <"$WORLD/asked"
check "status was answered all the time ($n times, median $median, longest $worst ms)" \
	[ "$n" -ge 10 ]
check "... within 10 ms" [ "$median" -le $((10 * SLOW)) ]

# --- a group ---
stop_netd
start_netd --group daemon
check "with --group: that group's too" \
	[ "$(stat -c %a:%G "$NETD_SOCKET")" = 660:daemon ]
ask_as() { setpriv --reuid nobody --regid "$1" --clear-groups "$NETDCTL" status; }
chmod 755 "$WORLD"
check "a member may ask" ask_as daemon
check_not "others may not" ask_as nogroup
check "they are told why" bash -c \
	"setpriv --reuid nobody --regid nogroup --clear-groups '$NETDCTL' status 2>&1 | grep -q 'permission denied'"
check "who changed something is in the log" \
	grep -q 'uid 0 (process [0-9]*): PUT /v1/topologies/web' "$WORLD/netd.log"
stop_netd
out=$("$NETD" --config-dir "$CONF" --state-dir "$STATE" --socket "$NETD_SOCKET" \
	--group no-such-group 2>&1)
check "a group that isn't there" [ $? = 1 ]
check "... is named" grep -q no-such-group <<<"$out"

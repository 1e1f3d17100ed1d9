#!/bin/bash
# check-lab.sh - each kind of check passes when it is so, and fails when not
# SPDX-License-Identifier: GPL-2.0-or-later
# one kernel
# one build
. "$(dirname "$0")/../lib.sh"

FILE=$WORLD/lab.net.yaml
cat >"$FILE" <<'EOF'
networks:
  lan1: {subnet: 10.1.0.0/24, subnet6: "fd01::/64", dhcp: {reservations: [{mac: "02:00:00:00:00:77", address: 10.1.0.77, hostname: guest}]}, dns: {domain: lab.test, records: {www: 10.2.0.2}}}
  lan2: {subnet: 10.2.0.0/24, subnet6: "fd02::/64"}
routers:
  r1: {networks: [lan1]}
  r2:
  r3: {networks: [lan2]}
nodes:
  a: {networks: [lan1], count: 2}
  b: {networks: [lan2]}
links: [r1-r2, r2-r3, {name: back, between: [r1, r3], cost: 50}]
attachments:
  vm: {network: lan1, type: tap, owner: nobody}
checks:
  - {name: icmp, from: a, to: b}
  - {name: copies, from: a, to: a}
  - {name: off, from: a, to: vm, within: 1s}
  - {name: not-off, from: a, to: vm, expect: unreachable}
  - {name: tcp, from: a1, to: b, protocol: tcp, port: 80, within: 1s}
  - {name: no-tcp, from: a1, to: b, protocol: tcp, port: 81, expect: unreachable, within: 1s}
  - {name: udp, from: a1, to: b, protocol: udp, port: 7, within: 1s}
  - {name: no-udp, from: a1, to: b, protocol: udp, port: 9, expect: unreachable, within: 1s}
  - {name: http, from: b, to: a2, protocol: http, port: 8080, within: 1s}
  - {name: route, on: r1, route: 10.2.0.0/24, via: r2}
  - {name: route6, on: r1, route: "fd02::/64", via: r2}
  - {name: bad-route, on: r1, route: 10.2.0.0/24, via: b, within: 1s}
  - {name: path, from: a1, to: b, path: [r1, r2, r3]}
  - {name: bad-path, from: a1, to: b, path: [r3, r1], within: 1s}
  - {name: www.lab.test, from: a1, answer: 10.2.0.2}
  - {name: nobody.lab.test, from: a1, answer: none, within: 2s}
  - {name: a2.lab.test, from: a1, answer: 10.9.9.9, within: 1s}
  - {name: lease, lease: guest, within: 1s}
  - {name: run, on: a1, run: "hostname", output: a1}
  - {name: bad-run, on: a1, run: "echo no; exit 3", within: 1s}
  - {name: without-the-middle, from: a, to: b, path: [r1, r3], with: [link r2-r3 down], within: 5s}
  - {name: with-it-again, from: a1, to: b, path: [r1, r2, r3]}
  - {name: neighbor, on: r1, neighbor: r2, protocol: ospf, within: 1s}
solution:
  b: ["true", "echo solved >/proc/self/fd/1"]
  a: ["exit 1"]
EOF

# verdict NAME PASS|FAIL [WHY]
verdict()
{
	local is
	is=$(jq -r --arg n "$1" '.labs[0].checks[] | select(.name == $n) |
		(if .pass then "PASS" else "FAIL" end) + " " + .why' "$OUT")
	_result "$([[ $is == "$2 "*${3:-}* ]]; echo $?)" "$1: $2" \
		"expected $2 ...${3:-}, found $is"
}

remember
start_netd
apply "$FILE"
serve lab.b tcp 80
serve lab.b udp 7
cat >"$WORLD/http" <<'EOF'
#!/bin/sh
while read -r line && [ ${#line} -gt 1 ]; do :; done
printf 'HTTP/1.0 200 OK\r\n\r\nhello'
EOF
must chmod +x "$WORLD/http"
ip netns exec lab.a2 socat TCP6-LISTEN:8080,ipv6only=0,fork,reuseaddr \
	EXEC:"$WORLD/http" 2>/dev/null &
can lab.b "$(ip -n lab.a2 -j addr show eth0 |
	jq -r '.[0].addr_info[0].local')" tcp 8080
OUT=$WORLD/out
netdctl check-lab lab --json --junit "$WORLD/junit" >"$OUT"
verdict icmp PASS
verdict copies PASS
verdict off FAIL 'no answer to ICMP'
verdict not-off PASS
verdict tcp PASS
verdict no-tcp PASS refused
verdict udp PASS answers
verdict no-udp PASS refused
verdict http PASS 'status 200'
verdict route PASS
verdict route6 PASS
verdict bad-route FAIL 'via 10.32.'
verdict path PASS
verdict bad-path FAIL 'not by r1'
verdict www.lab.test PASS 10.2.0.2
verdict nobody.lab.test PASS 'not known'
verdict a2.lab.test FAIL '10.1.0.'
verdict lease FAIL 'no lease'
verdict run PASS a1
verdict bad-run FAIL 'exit code 3'
verdict without-the-middle PASS
verdict with-it-again PASS
verdict neighbor FAIL
same "JUnit: what failed" "$(jq '[.labs[0].checks[] | select(.pass | not)] |
	length' "$OUT")" "$(grep -c '<failure' "$WORLD/junit")"
check "JUnit is XML" python3 -c 'import sys, xml.dom.minidom as x
x.parse(sys.argv[1])' "$WORLD/junit"
check_not "solve stops where a command fails" netdctl solve lab
check "down" netdctl down lab
nothing_left

#!/bin/bash
# attach.sh - what comes by the API: answers, published ports, labels, names
# one kernel: what it tests hardly depends on that
# SPDX-License-Identifier: GPL-2.0-or-later
. "$(dirname "$0")/../lib.sh"
. "$TESTS/site.sh"

api()
{
	local method=$1 path=$2 body=${3:-}
	code=$(curl -s -o "$WORLD/answer" -w '%{http_code}' -X "$method" \
		--unix-socket "$NETD_SOCKET" "http://netd/v1/$path" \
		${body:+-d "$body"})
}

gives()
{
	local want=$1
	shift
	api "$@"
	[ "$code" = "$want" ] && return
	echo "it was $code: $(cat "$WORLD/answer")"
	return 1
}

answer()
{
	jq -e "$1" "$WORLD/answer" >/dev/null || {
		cat "$WORLD/answer"
		return 1
	}
}

elements()
{
	{ nft -s list table inet netd; nft -s list table bridge netd; } 2>&1 |
		_without_learned
}

localnet()
{
	cat "/proc/sys/net/ipv4/conf/$1/route_localnet"
}

outside
guests ct1 ct2 ct3 ct4
remember
start_netd
cat >"$WORLD/lan.net.yaml" <<'END'
networks:
  web: {mode: nat, subnet: 10.1.0.0/24, subnet6: "fd00:1::/64"}
  db: {mode: nat, subnet: 10.2.0.0/29}
attachments:
  fixed: {network: web, type: veth, netns: ct4, address: 10.1.0.9,
    publish: ["7000:80"], labels: {door: file}}
END
cat >"$WORLD/other.net.yaml" <<'END'
networks: {other: {mode: nat, subnet: 10.9.0.0/24}}
END
apply "$WORLD/lan.net.yaml"
apply "$WORLD/other.net.yaml"
elements >"$WORLD/elements-before"

# --- an answer ---
ct1='{"ct1": {"network": "lan/web", "type": "veth", "netns": "/run/netns/ct1",
	"publish": ["8080:80", "127.0.0.1:8081:80", "5300:53/tcp+udp"],
	"labels": {"door": "cni", "cni.container": "0123abc"}}}'
check "attach, with ports" gives 200 POST "attachments?wait=5000" "$ct1"
check "... it is usable" answer '.ready == true'
check "... all that is known of it" answer '.topology == "lan" and
	(.attachment | .name == "ct1" and .network == "web" and
	.topology == "lan" and .type == "veth" and .ifname == "eth0" and
	.netns == "/run/netns/ct1" and .port == "ndp-ct1" and
	.bridge == "nd-web" and .mtu == 1500 and (.mac | length == 17) and
	.addresses == [{"address": "10.1.0.2/24", "gateway": "10.1.0.1"},
		{"address": "fd00:1::3/64", "gateway": "fd00:1::1"}] and
	.routes == [{"dst": "0.0.0.0/0", "gw": "10.1.0.1"},
		{"dst": "::/0", "gw": "fd00:1::1"}] and
	.publish == ["8080:80/tcp", "127.0.0.1:8081:80/tcp",
		"5300:53/tcp+udp"] and
	.labels == {"door": "cni", "cni.container": "0123abc"})'
must cp answer first
serve ct1 tcp 80 53
serve ct1 udp 53
# it was in force when the answer came: one try
check "the published port answers" reach outside 203.0.113.1 tcp 8080
check "... by IPv6" reach outside 2001:db8::1 tcp 8080
check "... of both protocols" reach outside 203.0.113.1 udp 5300
check "... from the host" reach "" 203.0.113.1 tcp 8080
check "127.0.0.1 is for the host" reach "" 127.0.0.1 tcp 8081
cannot outside 203.0.113.1 tcp 8081
same "only that bridge routes it" "1 0" \
	"$(localnet nd-web) $(localnet nd-db)"
must ip -n ct1 addr add 127.0.0.7/8 dev eth0
cannot ct1 127.0.0.7 tcp 8081
check "it is an ordinary forward" eval 'netdctl list forwards --json |
	jq -e "[.items[] | select(.name == \"attachments.ct1.publish[0]\")] |
	length == 1"'
plan_is_empty lan

# --- the same again, and others ---
check "the same again is no error" gives 200 POST attachments "$ct1"
check "... with the same answer" [ \
	"$(jq -S .attachment answer)" = "$(jq -S .attachment first)" ]
check "another text is" gives 409 POST attachments \
	"${ct1/8080:80/8082:80}"
check "a port that is taken" gives 422 POST attachments '{"ct2": {"network":
	"web", "type": "veth", "netns": "ct2", "publish": ["8080:81"]}}'
check "... names who has it" answer '.findings[0].text |
	contains("attachments.ct1.publish[0]")'
check "... also in another topology" gives 422 POST attachments '{"ct2":
	{"network": "other", "type": "veth", "netns": "ct2",
	"publish": ["7000:81"]}}'
check "... which is named" answer '.findings[0].text | contains("lan")'
check "of a namespace that isn't there" gives 422 POST attachments '{"ct2":
	{"network": "web", "type": "veth", "netns": "/run/netns/nonesuch"}}'
check "of a process that isn't there" gives 422 POST attachments '{"ct2":
	{"network": "web", "type": "veth", "netns": "pid:4194000"}}'
check "an unknown network of a topology" gives 422 POST attachments '{"ct2":
	{"network": "lan/nonesuch", "type": "veth", "netns": "ct2"}}'

# --- a second one: only what is its own changes ---
check "another with a port" gives 200 POST "attachments?wait=5000" '{"ct2":
	{"network": "web", "type": "veth", "netns": "ct2",
	"publish": ["8090:80"], "labels": {"door": "cni", "x": "a b=c"}}}'
serve ct2 tcp 80
check "it answers" reach outside 203.0.113.1 tcp 8090
plan_is_empty lan
check "by label" gives 200 GET "list?kind=attachment&label=door=cni"
check "... both" answer '[.items[].name] | sort == ["ct1", "ct2"]'
check "by two" gives 200 GET \
	"list?kind=attachment&label=door=cni&label=x=a%20b%3Dc"
check "... one" answer '[.items[].name] == ["ct2"]'
check "by one that nobody has" gives 200 GET "list?label=door=lxc"
check "... none" answer '.items == []'
check "netdctl list --label" eval '[ "$(netdctl list attachments --names \
	--label door=file)" = fixed ]'

# --- it goes, with its connections ---
hold outside 203.0.113.1 tcp 8080
check "detach" gives 200 DELETE attachments/ct1
check "its connection ends" poll 3 eval '! kill -0 $hold_pid'
check_not "the port is closed" reach outside 203.0.113.1 tcp 8080
check "no interface is left" eval '! ip -n ct1 link show eth0'
check "the other one's is open" reach outside 203.0.113.1 tcp 8090
same "127.0.0.1 is not routed any more" 0 "$(localnet nd-web)"
check "detach again" gives 404 DELETE attachments/ct1
check "detach of the other" gives 200 DELETE attachments/ct2
check "nothing of them is left" eval \
	'elements | diff elements-before -'

# --- an address of its own outside ---
check "a port of another address" gives 200 POST attachments '{"ct1": {"network":
	"web", "type": "veth", "netns": "ct1", "ifname": "eth1",
	"address6": "none", "publish": ["203.0.113.9:8088:80"]}}'
check "... which the host has now" eval 'ip addr show eth0 | grep -q 203.0.113.9'
check "... answers" reach outside 203.0.113.9 tcp 8088
cannot outside 203.0.113.1 tcp 8088
check "detach" gives 200 DELETE attachments/ct1
check "the host has it no more" eval '! ip addr show eth0 | grep -q 203.0.113.9'
check "nothing of it is left" eval 'elements | diff elements-before -'

# --- addresses ---
check "a name keeps its address" gives 200 POST attachments '{"ct2": {"network":
	"web", "type": "veth", "netns": "ct2"}}'
check "... that it had" answer '.attachment.addresses[0].address ==
	"10.1.0.3/24"'
check "an address is reserved" gives 200 POST attachments '{"hold": {"network":
	"db", "type": "reserved", "address": "10.2.0.3"}}'
check "... without an interface" answer '.attachment | has("port") == false and
	has("mac") == false and .addresses[0].address == "10.2.0.3/29"'
for i in 2 4 5 6; do
	check "10.2.0.$i" gives 200 POST attachments "{\"r$i\": {\"network\":
		\"db\", \"type\": \"reserved\"}}"
	check "... is the next" answer \
		".attachment.addresses[0].address == \"10.2.0.$i/29\""
done
check "a full network" gives 409 POST attachments '{"ct3": {"network":
	"db", "type": "veth", "netns": "ct3"}}'
check "... is told of" answer '.findings[0].text |
	contains("10.2.0.0/29 of db") and contains("all 6 are taken")'
check "an address that is taken" gives 422 POST attachments '{"ct3":
	{"network": "db", "type": "veth", "netns": "ct3",
	"address": "10.2.0.3"}}'
for i in hold r2 r4 r5 r6 ct2; do
	check "detach $i" gives 200 DELETE attachments/$i
done

# --- an end that is left for others to move ---
check "netns: none" gives 200 POST attachments?wait=1000 '{"park": {"network":
	"web", "type": "veth", "netns": "none"}}'
end=$(jq -r .attachment.ifname answer)
check "its end is here" ip link show "$end"
check "... down" eval '! ip link show "$end" | grep -q ,UP'
plan_is_empty lan
must ip link set "$end" netns ct3
must ip -n ct3 link set "$end" name eth7
must ip -n ct3 addr add "$(jq -r '.attachment.addresses[0].address' \
	answer)" dev eth7
must ip -n ct3 link set eth7 up
must ip -n ct3 route add default via 10.1.0.1
can ct3 203.0.113.254 tcp 80
check "that it was moved and renamed is no drift" _plan_is_empty
stop_netd
start_netd
soon "... also after a restart" _plan_is_empty
can ct3 203.0.113.254 tcp 80
check "detach" gives 200 DELETE attachments/park
check "it is gone there, too" eval '! ip -n ct3 link show eth7'

# --- a home of its own: what is published passes through the host ---
cat >"$WORLD/box.net.yaml" <<'END'
namespace: box
networks: {inner: {mode: nat, subnet: 10.3.0.0/24}}
END
apply "$WORLD/box.net.yaml"
check "attach there" gives 200 POST "attachments?wait=5000" '{"b1": {"network":
	"inner", "type": "veth", "netns": "ct3", "publish": ["8070:80",
	"127.0.0.1:8071:80"]}}'
serve ct3 tcp 80
can outside 203.0.113.1 tcp 8070
can "" 127.0.0.1 tcp 8071
cannot outside 203.0.113.1 tcp 8071
plan_is_empty box
check "detach" gives 200 DELETE attachments/b1
check_not "its port is closed" reach outside 203.0.113.1 tcp 8070
plan_is_empty box
check "down" netdctl down box

# --- netdctl ---
check "netdctl attach --wait" netdctl attach lan/web --netns ct1 --name c1 \
	--publish 8080:80 --publish 127.0.0.1:8081:80 --label a=b \
	--label c=d=e --wait
check "... did all that" eval 'netdctl list attachments --json | jq -e \
	".items[] | select(.name == \"c1\") | .labels == {a: \"b\", c: \"d=e\"}
	and (.publish | length == 2)"'
check "... and the port" reach outside 203.0.113.1 tcp 8080
check_not "a tap that nobody opens is not usable" netdctl attach web --tap \
	--owner nobody --name lonely --wait=200ms
check "it is there all the same" ip link show ndp-lonely
check "netdctl detach" netdctl detach c1 lonely
check "reserve" netdctl attach web --reserve --name r --address 10.1.0.77
check "detach" netdctl detach r
check "nothing of them is left" eval \
	'elements | diff elements-before -'
check "down" netdctl down lan
check "down" netdctl down other
nothing_left

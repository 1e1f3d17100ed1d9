#!/bin/bash
# cni.sh - netd-cni as engines drive it: every answer, and what is left
# one kernel: what it tests does not depend on that
# SPDX-License-Identifier: GPL-2.0-or-later
. "$(dirname "$0")/../lib.sh"

CNI=$BUILD/ctl/netd-cni
PLUGINS=/usr/lib/cni
FILE=$WORLD/t.net.yaml
C='"cniVersion": "1.0.0", "name": "web", "type": "netd-cni",
   "network": "t/web", "capabilities": {"ips": true}, "unknown": [1]'

# cni COMMAND CONTAINER IFNAME [VARIABLE=VALUE...]: standard input is handed
# on, the result is printed.
cni()
{
	env "CNI_COMMAND=$1" "CNI_CONTAINERID=$2" "CNI_IFNAME=$3" \
		"CNI_NETNS=/run/netns/$2" "CNI_PATH=$PLUGINS" "${@:4}" "$CNI"
}

# conf [KEYS]: a configuration
conf()
{
	echo "{$C${1:+, $1}}"
}

# is WHAT FILTER JSON
is()
{
	check "$1" jq -e "$2" <<<"$3"
}

attachments()
{
	netdctl list attachments --json | jq '.items | length'
}

# --- the table ---------------------------------------------------------------

# Outputs go to standard output alone; errors have all members.
vector()
{
	local what=$1 input=${3//\$C/$C} code=$4 want=$5 out rc=0 vars
	read -ra vars <<<"$2"
	out=$(cni ADD c1 eth0 "${vars[@]}" <<<"$input" 2>/dev/null) || rc=$?
	case $code,$want in
	0,-) same "$what" "0 " "$rc $out" ;;
	0,*) same "$what" "0 true" "$rc $(jq -e "$want | not | not" <<<"$out")" ;;
	*) same "$what" "1 $code true" "$rc $(jq -r ".code" <<<"$out") $(
		jq "(.cniVersion and .msg != null and .details != null) and
			($want)" <<<"$out")" ;;
	esac || echo "    $out"
}

vectors()
{
	local what vars input code want
	while IFS='|' read -r what vars input code want; do
		case $what in '#'*|'') continue ;; esac
		vector "${what% }" "$vars" "${input# }" "${code// /}" \
			"$(sed 's/^ *//' <<<"$want")"
	done <"$TESTS/netns/cni.vectors"
	same "none of these left an attachment" 0 "$(attachments)"
}

# --- ADD, CHECK, DEL ----------------------------------------------------------

versions()
{
	local v res
	for v in 0.4.0 1.0.0 1.1.0; do
		res=$(conf "\"cniVersion\": \"$v\"" | cni ADD c1 eth0)
		is "$v: ADD" ".cniVersion == \"$v\" and
			.interfaces[1].sandbox == \"/run/netns/c1\" and
			.interfaces[1].name == \"eth0\" and
			(.interfaces[0] | has(\"sandbox\") | not) and
			.ips[0].interface == 1 and
			.ips[0].gateway == \"10.1.0.1\" and
			(.routes | map(.dst) | contains([\"0.0.0.0/0\"]))" \
			"$res"
		is "$v: a version of addresses only where there was one" \
			".ips | all(has(\"version\") == (\"$v\" < \"1\"))" "$res"
		check "$v: the interface is there" \
			ip -n c1 link show eth0
		check "$v: CHECK" eval "conf '\"cniVersion\": \"$v\",
			\"prevResult\": $res' | cni CHECK c1 eth0"
		check_not "$v: ADD again" \
			eval "conf '\"cniVersion\": \"$v\"' | cni ADD c1 eth0"
		check "$v: and that harmed nothing" reach c1 10.1.0.1 icmp
		check "$v: DEL" eval "conf '\"cniVersion\": \"$v\",
			\"prevResult\": $res' | cni DEL c1 eth0"
		check_not "$v: the interface is gone" \
			ip -n c1 link show eth0
		same "$v: nothing is left" 0 "$(attachments)"
	done
}

# What each way of asking for something comes to.
asking()
{
	local res
	res=$(conf | cni ADD c1 eth0 "CNI_ARGS=IgnoreUnknown=1;K8S_POD_NAME=w2;\
K8S_POD_NAMESPACE=lab;MAC=02:77:00:00:00:99;IP=10.1.0.52;X=1")
	is "address and MAC by CNI_ARGS" '.ips[0].address == "10.1.0.52/24" and
		.interfaces[1].mac == "02:77:00:00:00:99"' "$res"
	check "who it is, in netd's list" eval 'netdctl list attachments --json |
		jq -e ".items[0].labels | .[\"cni.pod\"] == \"w2\" and
			.[\"cni.namespace\"] == \"lab\" and .door == \"cni\""'
	conf | cni DEL c1 eth0
	res=$(conf '"runtimeConfig": {"IPs": ["10.1.0.53", "10.1.0.53"],
		"Mac": "02:77:00:00:00:98",
		"aliases": {"web": ["a", "b"]},
		"DNS": {"Servers": ["192.0.2.1"], "searches": ["x.example"],
			"options": ["ndots:2"]}},
		"dns": {"domain": "conf.example"}' | cni ADD c1 eth0)
	is "by runtimeConfig, an address twice, in any case of letters" \
		'[.ips[].address] | contains(["10.1.0.53/24"]) and length == 2' \
		"$res"
	is "the MAC of runtimeConfig" \
		'.interfaces[1].mac == "02:77:00:00:00:98"' "$res"
	is "DNS as asked for" '.dns == {"nameservers": ["192.0.2.1"],
		"search": ["x.example"], "options": ["ndots:2"],
		"domain": "conf.example"}' "$res"
	check "aliases are labels" eval 'netdctl list attachments --json |
		jq -e ".items[0].labels[\"cni.aliases\"] == \"a b\""'
	conf | cni DEL c1 eth0
	res=$(conf '"runtimeConfig": {"ips": ["10.1.0.54/24", "fd00:1::54/64"]}
		' | cni ADD c1 eth0)
	is "both families, with a length" '[.ips[].address] ==
		["10.1.0.54/24", "fd00:1::54/64"]' "$res"
	check "both work at once" eval \
		'reach c1 10.1.0.1 icmp && reach c1 fd00:1::1 icmp'
	conf | cni DEL c1 eth0
	res=$(conf '"args": {"cni": {"ips": ["10.1.0.55"]}}' | cni ADD c1 eth0)
	is "by args.cni" '.ips[0].address == "10.1.0.55/24"' "$res"
	conf | cni DEL c1 eth0
}

# Rates in bit/s and bursts in bits; the largest burst is what containerd says
# where nobody asked for one.
bandwidth()
{
	check "bandwidth, in any case of letters" eval '
		conf "\"runtimeConfig\": {\"bandwidth\": {
			\"IngressRate\": 8000000, \"IngressBurst\": 4294967295,
			\"egressRate\": 4000000, \"egressBurst\": 800000}}" |
		cni ADD c1 eth0'
	check "is what netd tells" eval 'netdctl list attachments --json |
		jq -e ".items[0].bandwidth ==
			{ingress: \"8M/536870911\", egress: \"4M/100000\"}"'
	check "and the kernel holds to" eval 'tc qdisc |
		grep "tbf.*dev ndp-.*rate 8Mbit" && tc qdisc |
		grep "tbf.*dev ndf-.*rate 4Mbit burst 100000b"'
	conf | cni DEL c1 eth0
	check_not "nothing of it is left" eval "tc qdisc | grep tbf"
	check "a burst alone bounds nothing" eval '
		conf "\"runtimeConfig\": {\"bandwidth\":
			{\"ingressBurst\": 800000}}" | cni ADD c1 eth0'
	check_not "nor costs anything" eval "tc qdisc | grep tbf"
	conf | cni DEL c1 eth0
}

ports()
{
	check "ports are published, as containerd writes them" eval '
		conf "\"runtimeConfig\": {\"portMappings\": [
			{\"HostPort\": 8080, \"ContainerPort\": 80,
			 \"Protocol\": \"TCP\", \"HostIP\": \"\"},
			{\"hostPort\": 5353, \"containerPort\": 53,
			 \"protocol\": \"udp\", \"hostIP\": \"127.0.0.1\"}]}" |
		cni ADD c1 eth0'
	serve c1 tcp 80
	serve c1 udp 53
	can "" 203.0.113.1 tcp 8080
	can outside 203.0.113.1 tcp 8080
	can "" 127.0.0.1 udp 5353
	cannot outside 203.0.113.1 udp 5353
	same "they are forwards" 2 "$(netdctl list forwards --json |
		jq '.items | length')"
	check_not "a port that is taken" eval '
		conf "\"runtimeConfig\": {\"portMappings\": [
			{\"hostPort\": 8080, \"containerPort\": 81}]}" |
		cni ADD c2 eth0'
	check "after a failure, DEL without prevResult" \
		eval 'conf | cni DEL c2 eth0'
	same "and nothing of it is left" 1 "$(attachments)"
	conf | cni DEL c1 eth0
	same "the forwards went with their owner" 0 \
		"$(netdctl list forwards --json | jq '.items | length')"
}

DB='{"cniVersion": "1.0.0", "name": "db"}'

two_networks()
{
	local web db
	web=$(conf | cni ADD c1 eth0)
	db=$(cni ADD c1 eth1 <<<"$DB")
	is "a second network is no second way out" \
		'.routes | map(select(.dst == "0.0.0.0/0")) == []' "$db"
	check "both are there" eval \
		'reach c1 10.1.0.1 icmp && reach c1 10.2.0.1 icmp'
	check "CHECK of both" eval 'conf "\"prevResult\": $web" |
		cni CHECK c1 eth0 && jq ". + {prevResult: $db}" <<<"$DB" |
		cni CHECK c1 eth1'
	check_not "eth0 is taken, in whichever network" cni ADD c1 eth0 <<<"$DB"
	check "the DEL that follows takes nobody else's" cni DEL c1 eth0 <<<"$DB"
	check "eth0 is still there" reach c1 10.1.0.1 icmp
	check "DEL of the first" eval 'conf | cni DEL c1 eth0'
	check "leaves the second" reach c1 10.2.0.1 icmp
	res=$(conf | cni ADD c1 eth0)
	check "ADD in the same namespace after DEL" reach c1 10.1.0.1 icmp
	same "the same container has the same address" \
		"$(jq -r '.ips[0].address' <<<"$web")" \
		"$(jq -r '.ips[0].address' <<<"$res")"
	check "DEL without a namespace" eval 'conf | cni DEL c1 eth0 CNI_NETNS='
	cni DEL c1 eth1 <<<"$DB"
	same "nothing is left" 0 "$(attachments)"
}

# CHECK must see what is gone.  netd would repair it, so it is kept from that.
checks()
{
	local res what break repair port
	res=$(conf | cni ADD c1 eth0)
	while IFS='|' read -r what break repair; do
		must eval "$break"
		check_not "CHECK sees $what" eval \
			'conf "\"prevResult\": $res" | cni CHECK c1 eth0'
		must eval "$repair"
		soon "CHECK is content again after $what" eval \
			'conf "\"prevResult\": $res" | cni CHECK c1 eth0'
	done <<-END
	an address that is gone|ip -n c1 addr del 10.1.0.2/24 dev eth0|ip -n c1 addr add 10.1.0.2/24 dev eth0; ip -n c1 route add default via 10.1.0.1
	a route that is gone|ip -n c1 route del default|ip -n c1 route add default via 10.1.0.1
	an interface that is down|ip -n c1 link set eth0 down|ip -n c1 link set eth0 up; ip -n c1 addr add fd00:1::2/64 dev eth0 nodad; ip -n c1 route add default via 10.1.0.1; ip -n c1 -6 route add default via fd00:1::1
	another MAC|ip -n c1 link set eth0 address 02:00:00:00:00:77|ip -n c1 link set eth0 address $(jq -r '.interfaces[1].mac' <<<"$res")
	END
	# what sits in its place keeps netd from repairing it
	res=$(conf | cni ADD c2 eth0)
	port=$(jq -r '.interfaces[0].name' <<<"$res")
	freeze_netd
	must ip link del "$port"
	must ip link add "$port" type bridge
	thaw_netd
	check_not "CHECK sees that the port is somebody else's" eval \
		'conf "\"prevResult\": $res" | cni CHECK c2 eth0'
	must ip link del "$port"
	soon "CHECK is content again when netd repaired it" eval \
		'conf "\"prevResult\": $res" | cni CHECK c2 eth0'
	conf | cni DEL c2 eth0
	conf | cni DEL c1 eth0
	same "all this left nothing" 0 "$(attachments)"
}

chained()
{
	local first res
	first='{"cniVersion": "1.0.0", "interfaces": [{"name": "lo",
		"sandbox": "/run/netns/c1"}], "ips": [{"address": "127.0.0.1/8",
		"interface": 0}], "dns": {"nameservers": ["192.0.2.7"]}}'
	res=$(conf "\"prevResult\": $first" | cni ADD c1 eth0)
	is "what came before stays in the result, and the indexes fit" \
		'.interfaces[0].name == "lo" and .ips[0].interface == 0 and
		 .interfaces[2].name == "eth0" and .ips[1].interface == 2 and
		 .dns.nameservers == ["192.0.2.7"]' "$res"
	conf | cni DEL c1 eth0
}

# --- many, and those that nobody knows any more ---------------------------------

parallel()
{
	local i pids=()
	for i in $(seq 20); do
		ns "p$i"
	done
	for i in $(seq 20); do
		conf | cni ADD "p$i" eth0 >"$WORLD/p$i" &
		pids+=($!)
	done
	wait "${pids[@]}"
	same "20 at once have 20 addresses" 20 \
		"$(jq -r '.ips[0].address' "$WORLD"/p? "$WORLD"/p?? | sort -u |
		   wc -l)"
	cni ADD c1 eth1 <<<"$DB" >/dev/null
	check "GC keeps what is valid" cni GC x x <<<'{"cniVersion": "1.1.0",
		"name": "web", "cni.dev/valid-attachments":
		[{"containerID": "p7", "ifname": "eth0"},
		 {"containerID": "p8", "ifname": "eth1"}]}'
	same "and nothing else of its network" "c1 p7" \
		"$(netdctl list attachments --json |
		   jq -r '[.items[].labels["cni.container"]] | sort | join(" ")')"
	check "the one that is kept works" reach p7 10.1.0.1 icmp
	check "the old key, and an empty list" cni GC x x <<<'{"cniVersion":
		"1.1.0", "name": "web", "cni.dev/attachments": []}'
	same "the other network's are left alone" 1 "$(attachments)"
	cni DEL c1 eth1 <<<"$DB"
	conf | cni ADD p1 eth0 >/dev/null
	must ip netns del p1
	check "DEL after the death of the namespace" \
		eval 'conf | cni DEL p1 eth0'
	same "nothing is left" 0 "$(attachments)"
	conf | cni ADD p2 eth0 >/dev/null
	must ip netns del p2
	soon "what nobody DELs goes with its namespace" \
		eval '[ "$(attachments)" = 0 ]'
}

HOST_LOCAL='"ipam": {"type": "host-local", "dataDir": "'$WORLD'/hl", "ranges":
	[[{"subnet": "10.1.0.0/24", "rangeStart": "10.1.0.200"}]]}'

delegation()
{
	local res conf=$HOST_LOCAL
	[ -x $PLUGINS/host-local ] || { echo "no host-local"; return; }
	res=$(conf "$conf" | cni ADD c1 eth0)
	is "host-local says the address, and it alone" \
		'[.ips[].address] == ["10.1.0.200/24"]' "$res"
	check "it works" reach c1 10.1.0.1 icmp
	check "CHECK asks it too" eval \
		'conf "$conf, \"prevResult\": $res" | cni CHECK c1 eth0'
	check_not "the next one fails in netd" eval \
		'conf "$conf, \"runtimeConfig\": {\"portMappings\": [
		 {\"hostPort\": 1, \"containerPort\": 2, \"protocol\": \"x\"}]}" |
		 cni ADD c2 eth0'
	check "and gave its address back" \
		[ ! -e "$WORLD/hl/web/10.1.0.201" ]
	check "DEL" eval 'conf "$conf" | cni DEL c1 eth0'
	check "gave the other one back" [ ! -e "$WORLD/hl/web/10.1.0.200" ]
	res=$(conf '"ipam": {"type": "static", "addresses": [{"address":
		"10.1.0.88/24"}]}' | cni ADD c1 eth0)
	is "static says the address" '.ips[0].address == "10.1.0.88/24"' "$res"
	conf | cni DEL c1 eth0
}

# --- the daemon comes and goes -----------------------------------------------

code()
{
	jq .code <<<"$("$@")"
}

STATUS='{"cniVersion": "1.1.0", "name": "web", "network": "t/web"}'

daemon()
{
	local res
	kill_netd
	same "STATUS without netd" 50 "$(code cni STATUS x x <<<"$STATUS")"
	same "ADD without netd" 100 "$(conf | code cni ADD c1 eth0)"
	same "DEL without netd" 100 "$(conf | code cni DEL c1 eth0)"
	[ ! -x $PLUGINS/host-local ] ||
		same "ADD with addresses of host-local, without netd" 100 \
			"$(conf "$HOST_LOCAL" | code cni ADD c1 eth0)"
	check "which has them back" [ ! -e "$WORLD/hl/web/10.1.0.200" ]
	start_netd "${OPTIONS[@]}"
	res=$(conf | cni ADD c1 eth0)
	kill_netd
	same "STATUS without netd, with containers" 51 \
		"$(code cni STATUS x x <<<"$STATUS")"
	same "CHECK without netd" 100 \
		"$(conf "\"prevResult\": $res" | code cni CHECK c1 eth0)"
	check "the container has its network all the same" \
		reach c1 10.1.0.1 icmp
	start_netd "${OPTIONS[@]}"
	check "CHECK after a restart" eval \
		'conf "\"prevResult\": $res" | cni CHECK c1 eth0'
	check "DEL after a restart" eval 'conf | cni DEL c1 eth0'
	same "nothing is left" 0 "$(attachments)"
}

# fake STATUS BODY [LENGTH]: the code that netd-cni makes of that answer
fake()
{
	local pid length=${3:-${#2}}
	printf 'HTTP/1.1 %s\r\nContent-Length: %s\r\n\r\n%s' "$1" "$length" \
		"$2" >"$WORLD/answer"
	socat "UNIX-LISTEN:$WORLD/fake.sock,unlink-early" \
		"SYSTEM:head -1 >/dev/null; cat $WORLD/answer" 2>/dev/null &
	pid=$!
	poll "$SOON" [ -S "$WORLD/fake.sock" ]
	conf "\"socket\": \"$WORLD/fake.sock\"" | code cni ADD c1 eth0
	wait $pid
	rm -f "$WORLD/fake.sock"
}

# What netd never answers, or only for a moment.
answers()
{
	same "netd is starting: try again" 11 \
		"$(fake "503 Service Unavailable" '{"error": "starting"}')"
	same "the network is full" 101 \
		"$(fake "409 Conflict" '{"error": "full"}')"
	same "an answer that is cut off" 100 \
		"$(fake "200 OK" '{"attachment": {"name": "x"}}' 9999)"
	same "an answer without an attachment" 101 "$(fake "200 OK" '{}')"
	same "no JSON" 101 "$(fake "200 OK" 'hello')"
	same "no HTTP" 100 "$(fake "" "")"
}

# --- the files that engines find -----------------------------------------------

names()
{
	jq -r '"\(.name)=\(.plugins[0].network)"' "$WORLD"/net.d/* | sort |
		paste -sd' '
}

files()
{
	same "a configuration for each network" "db=t/db web=t/web" "$(names)"
	check "everybody may read it" eval \
		'[ "$(stat -c %a "$WORLD"/net.d/95-netd-t.web.conflist)" = 644 ]'
	echo '{"name": "mine"}' >"$WORLD/net.d/95-netd-mine.conflist"
	jq 'del(.netd)' "$WORLD/net.d/95-netd-t.db.conflist" >"$WORLD/x"
	cp "$WORLD/x" "$WORLD/net.d/95-netd-t.db.conflist"
	cat >"$WORLD/a.net.yaml" <<-END
	namespace: a
	networks: {web: {subnet: 10.11.0.0/24}}
	END
	apply "$WORLD/a.net.yaml"
	same "who had a name first keeps it" \
		"a.web=a/web db=t/db mine=null web=t/web" \
		"$(names 2>/dev/null)"
	check "down" netdctl down t
	same "what was made somebody's own stays" \
		"a.web=a/web db=t/db mine=null" "$(names)"
	check "down" netdctl down a
	same "only netd's own files go" "db=t/db mine=null" "$(names)"
	rm "$WORLD"/net.d/*
}

# --- the test ------------------------------------------------------------------

. "$TESTS/site.sh"
outside
guests c1 c2
cat >"$FILE" <<'END'
networks:
  web: {mode: nat, subnet: 10.1.0.0/24, subnet6: "fd00:1::/64"}
  db: {subnet: 10.2.0.0/24, services: []}
policies:
  - {from: web, to: db, protocol: tcp, ports: [80]}
END
OPTIONS=(--cni-dir "$WORLD/net.d")
remember
start_netd "${OPTIONS[@]}"
apply "$FILE"
# the kernel has no part in these
[ "$SLOW" -ge 5 ] || vectors
versions
asking
bandwidth
ports
two_networks
checks
chained
parallel
delegation
daemon
answers
files
for i in $(seq 3 20); do
	must ip netns del "p$i"
done
nothing_left

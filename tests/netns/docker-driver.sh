#!/bin/bash
# docker-driver.sh - Docker's driver asked as dockerd asks it, and left alone
# one build: other tests reach that code
# one kernel: what it tests hardly depends on that
# SPDX-License-Identifier: GPL-2.0-or-later
. "$(dirname "$0")/../lib.sh"
. "$TESTS/site.sh"

SOCKET=$WORLD/plugins/netd.sock
NETWORK=2bb7000000000000000000000000000000000000000000000000000000000000
ONE=629e111111111111111111111111111111111111111111111111111111111111
TWO=629e222222222222222222222222222222222222222222222222222222222222

# driver METHOD [JSON]
driver()
{
	curl -sf --unix-socket "$SOCKET" "http://netd/$1" -d "${2:-}"
}

network_driver()
{
	driver "NetworkDriver.$1" "{\"NetworkID\": \"$NETWORK\",
		\"EndpointID\": \"$2\"${3:+, $3}}" | jq -c .
}

endpoint()
{
	network_driver CreateEndpoint "$1" \
		"\"Interface\": {\"Address\": \"$2/24\"}${3:+,
		\"Options\": {$3\}}"
}

lease()
{
	driver IpamDriver.RequestAddress '{"PoolID": "driver/web/4"}' |
		jq -r .Address
}

# What dockerd does with the end: take NAME ADDRESS
take()
{
	must ip link set "$1" netns c1 name eth0
	must ip -n c1 addr add "$2/24" dev eth0
	must ip -n c1 link set eth0 up
	must ip -n c1 route add default via 10.1.0.1
}

give_back()
{
	must ip -n c1 link set eth0 down
	must ip -n c1 link set eth0 netns 1 name "$1"
}

names()
{
	netdctl list attachments --json | jq -r '[.items[].name] | join(" ")'
}

again()
{
	start_netd --docker-socket "$SOCKET"
}

outside
guests c1
remember
again
cat >"$WORLD/driver.net.yaml" <<'END'
networks:
  web: {mode: nat, subnet: 10.1.0.0/24}
  db: {subnet: 10.2.0.0/24}
END
apply "$WORLD/driver.net.yaml"
same "it is a driver of both kinds" "NetworkDriver IpamDriver" \
	"$(driver Plugin.Activate | jq -r '.Implements | join(" ")')"
create='"Options": {"com.docker.network.generic": {"netd.network": "web"}},
	"IPv4Data": [{"Pool": "10.1.0.0/24", "Gateway": "10.1.0.1/24"}]'
same "a network" '{}' "$(network_driver CreateNetwork "" "$create")"
same "the same again" '{}' "$(network_driver CreateNetwork "" "$create")"

# an endpoint that nobody will take, and one that is given back
same "an address" 10.1.0.2/24 "$(lease)"
check "an endpoint takes it over" endpoint "$TWO" 10.1.0.2 \
	'"netd.ingress": "8M/16k", "netd.egress": "4M"'
check "with the bounds of --driver-opt" eval "tc qdisc |
	grep 'tbf.*dev ndp-.*rate 8Mbit burst 16Kb' &&
	tc qdisc | grep 'tbf.*dev ndf-.*rate 4Mbit'"
same "another address" 10.1.0.3/24 "$(lease)"
check "is kept for Docker" eval 'names | grep -q docker-ip4-10-1-0-3'
answer=$(endpoint "$ONE" 10.1.0.3)
same "an endpoint gets a MAC" 17 \
	"$(jq -j .Interface.MacAddress <<<"$answer" | wc -c)"
same "who asks again gets the same answer" "$answer" \
	"$(endpoint "$ONE" 10.1.0.3)"
same "and nothing else is there" "docker-${TWO:0:16} docker-${ONE:0:16}" \
	"$(names)"
same "a container joins" "ndd-${ONE:0:11} eth 10.1.0.1" \
	"$(network_driver Join "$ONE" | jq -r \
	   '[.InterfaceName.SrcName, .InterfaceName.DstPrefix, .Gateway] |
	    join(" ")')"
take "ndd-${ONE:0:11}" 10.1.0.3
can c1 203.0.113.254 tcp 80
serve c1 tcp 80
ports='"Options": {"com.docker.network.portmap": [{"Proto": 6, "IP": "",
	"Port": 80, "HostIP": "", "HostPort": 8080, "HostPortEnd": 8080}]}'
same "its port is published" '{}' \
	"$(network_driver ProgramExternalConnectivity "$ONE" "$ports")"
can outside 203.0.113.1 tcp 8080
same "the same again" '{}' \
	"$(network_driver ProgramExternalConnectivity "$ONE" "$ports")"
plan_is_empty driver

kill_netd
again
can outside 203.0.113.1 tcp 8080
same "netd knows them again" "docker-${ONE:0:16} docker-${TWO:0:16}" "$(names)"
same "and who asks again gets the same answer" "$answer" \
	"$(endpoint "$ONE" 10.1.0.3)"
same "the port is given up" '{}' \
	"$(network_driver RevokeExternalConnectivity "$ONE")"
soon "and is not published any more" eval \
	'! reach outside 203.0.113.1 tcp 8080'
can c1 203.0.113.254 tcp 80

# who asks while netd is busy waits
freeze_netd
lease >"$WORLD/lease" &
check_not "a frozen netd does not answer" grep -q . "$WORLD/lease"
thaw_netd
wait $!
check "but then it does" grep -q '^10\.1\.0\.' "$WORLD/lease"
check "an address is given back" driver IpamDriver.ReleaseAddress \
	"{\"PoolID\": \"driver/web/4\",
	  \"Address\": \"$(sed 's,/.*,,' "$WORLD/lease")\"}"

SOON=$((40 * SLOW * BUSY))
soon "an endpoint that nobody takes is removed" \
	eval '[ "$(names)" = "docker-${ONE:0:16}" ]'
can c1 203.0.113.254 tcp 80
give_back "ndd-${ONE:0:11}"
same "a container leaves" '{}' "$(network_driver Leave "$ONE")"
same "its endpoint is deleted" '{}' "$(network_driver DeleteEndpoint "$ONE")"
same "again" '{}' "$(network_driver DeleteEndpoint "$ONE")"
same "none is left" "" "$(names)"
same "the network is deleted" '{}' "$(network_driver DeleteNetwork "")"
same "again" '{}' "$(network_driver DeleteNetwork "")"
same "nothing is kept" "" "$(ls "$STATE/docker")"
check "down" netdctl down driver
nothing_left

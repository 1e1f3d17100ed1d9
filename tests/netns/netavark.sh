#!/bin/bash
# netavark.sh - netd-netavark by the documents that netavark hands over
# one build: other tests reach that code
# one kernel: what it tests does not depend on that
# SPDX-License-Identifier: GPL-2.0-or-later
. "$(dirname "$0")/../lib.sh"
. "$TESTS/site.sh"

PLUGIN=$BUILD/ctl/netd-netavark
ID=6f2c0a5e5d1b8e7d2c3b4a59687766554433221100ffeeddccbbaa9988776655

# network NAME [JQ]: as Podman 5 writes it
network()
{
	jq -n --arg name "$1" '{name: $name, id: ("id-" + $name), driver: "netd",
		network_interface: "podman1",
		created: "2024-05-01T10:00:00.000000000+00:00",
		ipv6_enabled: false, internal: false, dns_enabled: true,
		options: {}, ipam_options: {driver: "host-local"}} |
		'"${2:-.}"
}

# container NETWORK INTERFACE [JQ]: what setup and teardown get
container()
{
	network "$1" | jq --arg id "$ID" --arg ifname "$2" '{container_id: $id,
		container_name: "shop", port_mappings: [
		{container_port: 80, host_ip: "", host_port: 8080,
		 protocol: "tcp", range: 1},
		{container_port: 53, host_ip: "127.0.0.1", host_port: 5300,
		 protocol: "tcp,udp", range: 2}],
		network: ., network_options: {aliases: ["shop"],
		 interface_name: $ifname, static_ips: null, static_mac: null}} |
		'"${3:-.}"
}

# is WHAT FILTER JSON
is()
{
	check "$1" jq -e "$2" <<<"$3"
}

# refuses WHAT TEXT ARGUMENT...: an error on standard output, and 1
refuses()
{
	local what=$1 text=$2 rc=0 got
	shift 2
	got=$("$PLUGIN" "$@") || rc=$?
	same "$what" "1 true" \
		"$rc $(jq --arg t "$text" '.error | contains($t)' <<<"$got")"
}

outside
guests c1
remember
start_netd
cat >"$WORLD/t.net.yaml" <<'END'
networks:
  web: {mode: nat, subnet: 10.1.0.0/24, subnet6: "fd00:1::/64"}
  db: {subnet: 10.2.0.0/24}
END
apply "$WORLD/t.net.yaml"

is "info" '.api_version == "1.0.0" and .version' "$("$PLUGIN" info)"
refuses "no command" "expected create" </dev/null
refuses "an unknown command" "expected create" destroy </dev/null
refuses "setup without a namespace" namespace setup </dev/null

doc=$(network web | "$PLUGIN" create)
is "create leaves what is Podman's" '.name == "web" and .id == "id-web" and
	.driver == "netd"' "$doc"
is "addresses and names are netd's" '.ipam_options.driver == "none" and
	.dns_enabled == false' "$doc"
check "another name, by an option" eval \
	'network shop ".options.network = \"t/web\"" | "$PLUGIN" create'
refuses "a network that is not there" "no network none" create \
	< <(network none)
refuses "an unknown option" "unknown option vlan" create \
	< <(network web '.options.vlan = "7"')
refuses "a subnet" "leave the subnet out" create \
	< <(network web '.subnets = [{subnet: "10.9.0.0/24"}]')
refuses "what is no JSON" "expected a JSON object" create <<<"hello"

doc=$(container web eth0 | "$PLUGIN" setup /run/netns/c1)
is "setup" '.interfaces.eth0 | .mac_address and (.subnets | map(.gateway) ==
	["10.1.0.1", "fd00:1::1"]) and
	(.subnets[0].ipnet | endswith("/24"))' "$doc"
is "all members are there" '(.dns_search_domains | type) == "array" and
	(.dns_server_ips | type) == "array"' "$doc"
serve c1 tcp 80
can c1 203.0.113.254 tcp 80
can outside 203.0.113.1 tcp 8080
same "a port, and a range in two protocols" 5 \
	"$(netdctl list forwards --json | jq '.items | length')"
doc=$(container db eth1 '.network_options.static_ips = ["10.2.0.77"] |
	.network_options.static_mac = "02:00:00:00:00:77"' |
	"$PLUGIN" setup /run/netns/c1)
is "a second network, with address and MAC" '.interfaces.eth1 ==
	{mac_address: "02:00:00:00:00:77", subnets: [{ipnet: "10.2.0.77/24"}]}
	' "$doc"
refuses "an interface that is there" eth0 setup /run/netns/c1 \
	< <(container db eth0)
refuses "a namespace that is not there" none setup /run/netns/none \
	< <(container web eth0)
check "teardown" eval 'container db eth1 | "$PLUGIN" teardown /run/netns/c1'
can c1 203.0.113.254 tcp 80
must ip netns del c1
check "teardown without a namespace" eval \
	'container web eth0 | "$PLUGIN" teardown /run/netns/c1'
check "teardown again" eval \
	'container web eth0 | "$PLUGIN" teardown /run/netns/c1'
same "nothing is left" 0 \
	"$(netdctl list attachments --json | jq '.items | length')"
stop_netd
refuses "without netd" "netd is not running" create < <(network web)
start_netd
check "down" netdctl down t
ns c1
nothing_left

#!/bin/bash
# engine-docker.sh - the real dockerd with netd's network and IPAM driver
# one build: an engine takes its time, and others ask the same
# SPDX-License-Identifier: GPL-2.0-or-later
. "$(dirname "$0")/../lib.sh"
. "$TESTS/engines.sh"

needs dockerd containerd runc docker busybox curl

dockerd_pid=

# There may be another client in PATH.
docker()
{
	timeout 30 /usr/bin/docker -H "unix://$WORLD/docker.sock" "$@"
}

# Its own bridge and rules are left out at first: they are not what is tested.
DOCKERD=(--bridge=none --iptables=false --ip6tables=false --ip-forward=false)
start_dockerd()
{
	dockerd --data-root "$WORLD/docker" --exec-root "$WORLD/exec" \
		--pidfile "$WORLD/docker.pid" -H "unix://$WORLD/docker.sock" \
		--storage-driver vfs "${DOCKERD[@]}" \
		>>"$WORLD/dockerd.log" 2>&1 &
	dockerd_pid=$!
	poll $((20 * SLOW * BUSY)) docker version && return
	tail -n 20 "$WORLD/dockerd.log"
	skip "dockerd can't run here"
}

stop_dockerd()
{
	kill -TERM "$dockerd_pid"
	wait "$dockerd_pid"
}

# Its containerd is a child of it, and finds its containers again.
kill_dockerd()
{
	kill -KILL "$dockerd_pid" $(pgrep -P "$dockerd_pid" containerd)
	wait "$dockerd_pid" 2>/dev/null
	must rm -f "$WORLD/docker.pid"
}

# Not by `named`: that would keep the namespace when the container is gone.
docker_as()
{
	must ln -sfn "/proc/$(docker inspect -f '{{.State.Pid}}' "$1")/ns/net" \
		"/run/netns/$1"
}

run()
{
	must quietly docker run -d --stop-signal KILL --name "$1" "${@:2}" \
		bb /svc
	docker_as "$1"
}

address()
{
	docker inspect "$1" | jq -r \
		"[.[0].NetworkSettings.Networks[].${2:-IPAddress}][0]"
}

page()
{
	http "$1" "$2" | grep -q hello
}

# says WHAT TEXT CMD...: it fails, with that
says()
{
	local out
	out=$("${@:3}" 2>&1) && out="did not fail: $out"
	check "$1" grep -q "$2" <<<"$out" || echo "$out"
}

by_docker()
{
	netdctl list attachments --json |
		jq -r '.items[] | select(.labels.door == "docker").name'
}

_no_orphans()
{
	[ -z "$(by_docker)" ] && ! ip link | grep -E 'ndd-|ndp-docker' &&
		! nft list table inet netd | grep docker-
}

no_orphans()
{
	soon "$1: no interface, address or rule is left" _no_orphans
}

ask_driver()
{
	curl -s --unix-socket "$DOCKER_PLUGIN" "http://netd/$1" -d "${2:-{\}}" \
		"${@:3}"
}

networks()
{
	check "a network with its subnets" docker network create -d netd \
		--ipam-driver netd --subnet 10.91.0.0/24 \
		--gateway 10.91.0.1 --ipv6 --subnet fd00:91::/64 \
		-o netd.network=docker/web web
	check "a network that Docker is told nothing of" docker network \
		create -d netd --ipam-driver netd -o netd.network=db db
	same "Docker shows its subnet" "10.91.0.0/24 fd00:91::/64" \
		"$(docker network inspect web |
		   jq -r '[.[0].IPAM.Config[].Subnet] | join(" ")')"
}

refusals()
{
	local create=(docker network create -d netd --ipam-driver netd)
	says "a network that netd hasn't" "no network nix" \
		"${create[@]}" -o netd.network=nix x
	says "no network at all" "which network" "${create[@]}" x
	says "an option that isn't one" "no such option" \
		"${create[@]}" -o netd.network=db -o netd.netwrok=web x
	says "a subnet that isn't its own" "not the subnet" \
		"${create[@]}" --subnet 10.99.0.0/24 \
		--ipam-opt netd.network=web -o netd.network=web x
	says "a gateway that isn't its own" "is 10.91.0.1" "${create[@]}" \
		--subnet 10.91.0.0/24 --gateway 10.91.0.9 \
		-o netd.network=web x
	says "IPv6 without any" "no subnet6" "${create[@]}" --ipv6 \
		--ipam-opt netd.network=db -o netd.network=db x
	says "a port that is taken" "listened on already by .*docker-" \
		docker run --rm --network web -p 8080:80 bb busybox true
	says "an address that is taken" "$(address c1) .* taken by docker-" \
		docker run --rm --network web --ip "$(address c1)" \
		bb busybox true
	same "a method that the driver hasn't" 404 \
		"$(ask_driver NetworkDriver.Nothing '{}' -o /dev/null \
		   -w '%{http_code}')"
	says "no JSON" "expected an object" \
		eval 'ask_driver NetworkDriver.Join nothing; false'
	same "none of these left anything" "1" "$(by_docker | wc -l)"
}

one()
{
	run c1 --network web -p 8080:80 -p 127.0.0.1:8081:80
	as_policy_says c1 "$(address c1)"
	soon "its port is published" page outside 203.0.113.1:8080
	soon "the other one to the host" page "" 127.0.0.1:8081
	check_not "and to the host only" page outside 203.0.113.1:8081
	check "netd lists them" eval \
		'netdctl list forwards | grep -q "8080.*docker-"'
	can c1 2001:db8::254 tcp 80
}

written()
{
	run c2 --network web --ip 10.91.0.77 --ip6 fd00:91::77 \
		--mac-address 02:91:00:00:00:77 -p 8090-8099:80
	same "its MAC is what was asked for" 02:91:00:00:00:77 \
		"$(ip -n c2 -j link show eth0 | jq -r '.[0].address')"
	soon "and its addresses" page c1 10.91.0.77
	soon "and its addresses of IPv6" page c1 '[fd00:91::77]'
	soon "the first port of its range" page outside 203.0.113.1:8090
	check "it goes" quietly docker rm -f c2
	rm /run/netns/c2
}

two_networks()
{
	check "c1 is connected to db" docker network connect db c1
	can c1 "$PEER" tcp 22
	same "the way out is web's" eth0 \
		"$(ip -n c1 -j route show default | jq -r '.[].dev')"
	check "and disconnected" docker network disconnect db c1
	soon "c1 is told no by $PEER tcp 22" refused c1 "$PEER" tcp 22
	check "its published port goes on" page outside 203.0.113.1:8080
}

# An isolated network: no second interface of Docker's own leads to the host.
isolated()
{
	run c3 --network db
	soon "one in db is reached by its neighbour" \
		page peer "$(address c3)"
	cannot c3 203.0.113.254 tcp 80
	same "its only interface" eth0 "$(ip -n c3 -j link show type veth |
		jq -r '[.[].ifname] | join(" ")')"
	check "it goes" quietly docker rm -f c3
	rm /run/netns/c3
}

internal()
{
	check "an internal network" docker network create -d netd \
		--ipam-driver netd --internal -o netd.network=web inside
	run c4 --network inside
	soon "is reached by its neighbours" page c1 "$(address c4)"
	cannot c4 203.0.113.254 tcp 80
	check "it goes" quietly docker rm -f c4
	check "so does the network" quietly docker network rm inside
	rm /run/netns/c4
}

# A topology with a home of its own: dockerd finds the end all the same.
in_a_lab()
{
	cat >"$WORLD/lab.net.yaml" <<-'END'
	networks: {left: {subnet: 10.50.1.0/24}, right: {subnet: 10.50.2.0/24}}
	routers: {r1: {networks: [left, right]}}
	nodes: {b: {networks: [right]}}
	END
	apply "$WORLD/lab.net.yaml"
	check "a network of a lab" docker network create -d netd \
		--ipam-driver netd --subnet 10.50.1.0/24 \
		--ip-range 10.50.1.128/25 --ipam-opt netd.network=lab/left \
		-o netd.network=lab/left left
	run c4 --network left
	same "addresses are of the part that was named" 10.50.1.128 \
		"$(address c4)"
	serve lab.b tcp 80
	can c4 10.50.2.2 tcp 80
	check "it goes" quietly docker rm -f c4
	check "so does the network" quietly docker network rm left
	check "and the lab" netdctl down lab
	rm /run/netns/c4
}

many()
{
	local i pids=() ids=(p1 p2 p3 p4 p5 p6)
	for i in "${ids[@]}"; do
		docker run -d --name "$i" --network web bb /svc \
			>/dev/null 2>&1 &
		pids+=($!)
	done
	wait "${pids[@]}"
	same "each has an address of its own" 6 "$(for i in "${ids[@]}"; do
		address "$i"; done | grep 10.91.0. | sort -u | wc -l)"
	check "they go" quietly docker rm -f "${ids[@]}"
}

lease()
{
	ask_driver IpamDriver.RequestAddress \
		"{\"PoolID\": \"docker/web/4\", \"Address\": \"$1\"}"
}

netd_again()
{
	hold c1 "$PEER" tcp 5432
	# two that dockerd asked for when it was killed, the one long ago
	lease "" >/dev/null
	lease 10.91.0.99 >/dev/null
	kill_netd
	sed -i 's/"docker.since":"[0-9]*"/"docker.since":"1000"/' \
		"$STATE/attachments/docker/"docker-ip*
	# it waits for the driver
	docker run -d --name c5 --network web bb /svc >"$WORLD/c5" 2>&1 &
	local client=$!
	poll "$SOON" eval '[ "$(grep -c "Unable to connect to plugin" \
		"$WORLD/dockerd.log")" -gt 0 ]'
	again
	wait $client
	check "a container that is started while netd is away" [ $? = 0 ] ||
		cat "$WORLD/c5"
	docker_as c5
	as_policy_says c5 "$(address c5)"
	held "kill -9 of netd cuts nothing" 1000
	soon "the port of c1 is published" page outside 203.0.113.1:8080
	check "it goes" quietly docker rm -f c5
	rm /run/netns/c5
	same "an address for nobody is given up, one by name is not" \
		docker-ip4-10-91-0-99 "$(by_docker | grep ip)"
	quietly ask_driver IpamDriver.ReleaseAddress \
		'{"PoolID": "docker/web/4", "Address": "10.91.0.99"}'
	same "only c1 is left" 1 "$(by_docker | wc -l)"
}

again()
{
	start_netd --cni-dir "$NET_D" --docker-socket "$DOCKER_PLUGIN"
}

dockerd_again()
{
	stop_dockerd
	no_orphans "dockerd ended with its containers"
	start_dockerd
	check "the container starts again" quietly docker start c1
	docker_as c1
	as_policy_says c1 "$(address c1)"
	soon "its port is published" page outside 203.0.113.1:8080
}

# The containers outlive both, and are killed while nobody looks.
both_killed()
{
	local pid
	pid=$(docker inspect -f '{{.State.Pid}}' c1)
	kill_dockerd
	kill_netd
	again
	check "c1 outlived both" page outside 203.0.113.1:8080
	kill -KILL "$pid"
	# as at a reboot: dockerd keeps the namespace for itself
	rm /run/netns/c1
	must umount -l "$WORLD"/exec/netns/*
	no_orphans "the container of a killed dockerd died"
	start_dockerd
	check "the container starts again" quietly docker start c1
	docker_as c1
	as_policy_says c1 "$(address c1)"
}

gone_network()
{
	printf 'name: docker\nnetworks: {db: {subnet: 10.92.0.0/24}}\n' \
		>"$WORLD/less.net.yaml"
	says "a network in use does not go by accident" docker-.*web \
		netdctl apply "$WORLD/less.net.yaml"
	check "down" netdctl down "$TOPOLOGY"
	says "a network that is down" "no network docker/web" \
		docker run --rm --network web bb busybox true
	check "the container can be removed" quietly docker rm -f c1
	apply "$TOP/examples/docker.net.yaml"
	check "the networks are as they were" docker run --rm --network web \
		bb busybox true
}

engine_site "$TOP/examples/docker.net.yaml"
start_dockerd
rootfs "$WORLD/root"
must tar -C "$WORLD/root" -cf "$WORLD/root.tar" .
must quietly docker import "$WORLD/root.tar" bb
networks
one
refusals
written
two_networks
isolated
internal
in_a_lab
many
netd_again
dockerd_again
both_killed
rm /run/netns/c1
gone_network
check "the networks go" quietly docker network rm web db
no_orphans "all is removed"
same "nothing is kept of them" "" "$(ls "$STATE/docker")"
stop_dockerd
must ip netns del peer
check "down" netdctl down "$TOPOLOGY"
nothing_left

# dockerd as it comes drops what others forward, unless that is told of them.
DOCKERD=()
ns peer
sed '/^coexist:/d' "$TOP/examples/docker.net.yaml" >"$WORLD/docker.net.yaml"
apply "$WORLD/docker.net.yaml"
must quietly netdctl attach docker/db --netns peer --name peer
serve peer tcp 5432 22
start_dockerd
networks
run c1 --network web -p 8080:80
cannot c1 "$PEER" tcp 5432
apply "$TOP/examples/docker.net.yaml"
as_policy_says c1 "$(address c1)"
soon "its port is published" page outside 203.0.113.1:8080
stop_dockerd
no_orphans "dockerd ended"

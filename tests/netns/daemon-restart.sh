#!/bin/bash
# daemon-restart.sh - what survives the daemon, and what a restart does not do
# one kernel: others of its kind are tried on both
# SPDX-License-Identifier: GPL-2.0-or-later
. "$(dirname "$0")/../lib.sh"

# What of the host a restart must not touch: all that can be seen of links,
# addresses, routes and rules, without counters, and with the indexes.
seen()
{
	# a bridge learns late that nobody holds its tap
	ip link | sed -E 's/<[^>]*>//; s/ state [A-Z]+//'
	ip -j addr | jq -r '.[] | .ifname, (.addr_info[] | .local)'
	ip route show table all | sed 's/ linkdown//'
	ip -6 route show table all | sed 's/ linkdown//'
	# whose the table is, and what packets taught it, is another matter
	nft -s list ruleset | sed -E 's/ expires [^ ,}]+//g; s/flags owner//;
		s/ # progname.*//; s/[ \t]+$//; /elements = .*(fe80:|limit|ct count)/d'
}

# A mark of ours that both monitors must show: then they listen, or have told
# everything that came before.
mark_links()
{
	ip link set canary mtu 1300
	ip link set canary mtu "$1"
	grep -q "mtu $1" "$WORLD/monitor"
}

mark_rules()
{
	nft add table inet "canary$1"
	nft delete table inet "canary$1"
	grep -q "canary$1" "$WORLD/nft-monitor"
}

watch_kernel()
{
	must ip link add canary type bridge
	ip monitor link address route >"$WORLD/monitor" 2>&1 &
	monitor=$!
	stdbuf -oL nft monitor >"$WORLD/nft-monitor" 2>&1 &
	monitor2=$!
	must poll "$SOON" mark_links 1401
	must poll "$SOON" mark_rules 1
}

quiet()
{
	must poll "$SOON" mark_links 1402
	must poll "$SOON" mark_rules 2
	kill "$monitor" "$monitor2"
	ip link del canary
	! grep -E 'nd-|ndp-' "$WORLD/monitor" &&
		! grep -vE 'canary|# new generation|^$|^add table [a-z]+ netd' "$WORLD/nft-monitor"
}

# On a busy machine the kernel has old news of its own now and then.
quiet_start()
{
	local i
	for i in 1 2 3 4 5; do
		watch_kernel
		$2
		start_netd
		soon "after $1 the plan is empty" _plan_is_empty
		quiet >"$WORLD/quiet" 2>&1 && break
	done
	same "$1 writes nothing" "" "$(cat "$WORLD/quiet")"
}

ns guest
cat >"$CONF/site.net.yaml" <<'Y'
networks:
  web: {subnet: 10.1.0.0/24, subnet6: "fd00:1::/64", services: [22/tcp]}
  db: {subnet: 10.2.0.0/24}
attachments:
  g: {network: web, type: veth, netns: guest, address: 10.1.0.10}
  vm: {network: db, type: tap, owner: nobody, address: auto}
Y
cat >"$WORLD/lab.net.yaml" <<'Y'
namespace: lab
networks:
  n: {subnet: 10.5.0.0/24}
nodes:
  a: {networks: [n]}
Y
start_netd
soon "the folder's topology is in force" reach guest 10.1.0.1 icmp
apply "$WORLD/lab.net.yaml"
check "attach" netdctl attach web --tap --owner nobody --name dyn --address auto
plan_is_empty all
# what the kernel says of a new carrier comes later, and so does its IPv6
must poll "$SOON" bash -c "ip link show ndp-g | grep -q 'state UP'"
must poll "$SOON" bash -c "ip link show nd-web | grep -q 'state UP'"
must poll "$SOON" bash -c "ip -6 route show table local | grep -q 'local fe80'"
seen >"$WORLD/seen1"
netdctl list --json >"$WORLD/items1"

quiet_start "a restart" stop_netd
seen >"$WORLD/seen2"
same "a restart changes nothing" "$(cat "$WORLD/seen1")" "$(cat "$WORLD/seen2")"
same "all is known again" "$(cat "$WORLD/items1")" "$(netdctl list --json)"

quiet_start "a start after SIGKILL" kill_netd
seen >"$WORLD/seen2"
same "SIGKILL loses nothing" "$(cat "$WORLD/seen1")" "$(cat "$WORLD/seen2")"
same "all is known again" "$(cat "$WORLD/items1")" "$(netdctl list --json)"
check "a dynamic attachment can go" netdctl detach dyn
check_not "it is gone" ip link show ndp-dyn

# the kernel side that starts takes the tables over: no rule of them changes

# --- two daemons ---
out=$("$NETD" --config-dir "$CONF" --state-dir "$STATE" \
	--socket "$WORLD/other.sock" 2>&1)
check "a second daemon on the same state is refused" [ $? = 1 ]
check "... with the reason" grep -q "in use by another netd" <<<"$out"
check "the first still answers" netdctl status

# --- drift while it was down ---
kill_netd
ip link del nd-db
ip addr del 10.1.0.1/24 dev nd-web
ip link add name foreign type bridge
start_netd
soon "what was lost meanwhile is made again" reach guest 10.1.0.1 icmp
check "... the bridge too" ip link show nd-db
check "what is foreign stays" ip link show foreign
soon "the plan is empty" _plan_is_empty
ip link del foreign

# --- a broken state folder ---
stop_netd
printf 'x' >"$STATE/numbers"
printf 'garbage\nnet/../../etc/passwd 1\nnet/ipv4/ip_forwa' >"$STATE/sysctls"
printf '\0\0\0' >"$STATE/topologies/junk.net.yaml"
ln -s /etc/passwd "$STATE/topologies/link.net.yaml"
mkdir -p "$STATE/attachments/site"
printf '{' >"$STATE/attachments/site/broken"
printf '{"x": {"network": "gone", "type": "tap", "owner": "nobody"}}' \
	>"$STATE/attachments/site/x"
mkfifo "$STATE/last-good/fifo.net.yaml"
start_netd
soon "garbage in the state folder doesn't keep it from working" \
	reach guest 10.1.0.1 icmp
check "... nor the other topology" \
	bash -c "'$NETDCTL' list topologies --names | grep -q lab"
check "... is told of" grep -q "left out" "$WORLD/netd.log"
check "the topology without a text keeps others from being removed" \
	bash -c "'$NETDCTL' status --json | jq -e '.converged == false'"
check "down of what can't be read" netdctl down junk
soon "then all is as wanted" _plan_is_empty
check "down --all" netdctl down --all

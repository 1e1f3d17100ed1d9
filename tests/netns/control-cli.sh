#!/bin/bash
# control-cli.sh - netdctl as people and scripts use it
# one build: other tests reach that code
# one kernel: what it tests does not depend on that
# SPDX-License-Identifier: GPL-2.0-or-later
. "$(dirname "$0")/../lib.sh"

# exits WANT CMD...: the exit code, and what it said in $WORLD/said
exits()
{
	local want=$1 rc=0
	shift
	"$@" >"$WORLD/said" 2>&1 || rc=$?
	[ $rc = "$want" ] || { echo "exit $rc"; cat "$WORLD/said"; return 1; }
}

says()
{
	grep -qF -- "$1" "$WORLD/said" || { cat "$WORLD/said"; return 1; }
}

cat >"$WORLD/shop.net.yaml" <<'Y'
networks:
  web: {subnet: 10.1.0.0/24}
  db: {subnet: 10.2.0.0/24}
attachments:
  vm1: {network: web, type: tap, owner: nobody, address: 10.1.0.10}
nodes:
  client: {networks: [web]}
policies:
  - {name: shop, from: web, to: db, action: allow, protocol: tcp, ports: [5432]}
Y
sed -i '1i namespace: host' "$WORLD/shop.net.yaml"
cat >"$WORLD/bad.net.yaml" <<'Y'
networks:
  web: {subnt: 10.1.0.0/24, mtu: 12}
policies:
  - {from: wbe, to: web, action: allow}
Y

# --- without the daemon ---
check "check: no daemon is needed" exits 0 netdctl check shop.net.yaml
as_nobody() { setpriv --reuid 65534 --clear-groups "$NETDCTL" "$@"; }
chmod 755 "$WORLD"
check "check: nor root" exits 0 as_nobody check shop.net.yaml
check "check: errors are 1" exits 1 netdctl check bad.net.yaml
check "all errors in one run, with their places" says bad.net.yaml:2:9:
check "the second too" says bad.net.yaml:2:34:
check "the nearest key is named" says subnet
check "the line and a caret are shown" grep -q '^ *^$' "$WORLD/said"
check "check --json" exits 1 netdctl check --json bad.net.yaml
check "JSON findings have file, line, col, text" jq -e '
	.findings[0] | .file == "bad.net.yaml" and .line == 2 and .col == 9 and
	.severity == "error" and (.text | length > 0) and
	(.excerpt | contains("^"))' "$WORLD/said"
check "plan --offline has something to do: 2" \
	exits 2 as_nobody plan --offline shop.net.yaml
check "it lists bridges" says "+ bridge nd-web"
check "and rules" says "tcp dport 5432"
check "plan --offline --json" exits 2 netdctl plan --offline --json shop.net.yaml
check "has steps with their places" jq -e '
	[.steps[] | select(.kind == "bridge" and .op == "create" and
	.name == "nd-web" and .place == "shop.net.yaml:3:3")] | length == 1' \
	"$WORLD/said"
check "a missing file is an error" exits 1 netdctl check nonesuch.net.yaml
check "that names it" says nonesuch.net.yaml
for c in "status" "apply shop.net.yaml" "plan" "down shop" "list" "events" \
	"attach web --tap" "detach x" "show x" "exec a -- true" "reload"; do
	# shellcheck disable=SC2086
	check "netdctl $c without a daemon: 3" exits 3 netdctl $c
	check "... and the cure" says "systemctl start netd"
done
for c in "" "frobnicate" "apply" "plan a b" "plan --offline" "down" \
	"down --all x" "show" "status x" "list frogs" "attach" \
	"attach web" "attach web --tap --nic eth0" "detach" "exec" "exec a" \
	"completion" "completion ksh" "apply --frob x" "attach web --name"; do
	# shellcheck disable=SC2086
	check "netdctl $c: wrong use is 64" exits 64 netdctl $c
done
for c in apply plan check down reload show status list attach detach exec \
	events completion; do
	check "netdctl $c --help" exits 0 netdctl $c --help
	check "... says how" says "Usage: netdctl"
	check "netdctl --help lists $c" \
		bash -c "'$NETDCTL' --help | grep -q '^  $c '"
done
check "completion bash is bash" bash -n <(netdctl completion bash)
check "completion fish" bash -c "'$NETDCTL' completion fish | grep -q 'complete -c netdctl'"
check "completion zsh" bash -c "'$NETDCTL' completion zsh | grep -q compdef"

# --- with it ---
start_netd
check "status" exits 0 netdctl status
check "status --json" exits 0 netdctl status --json
check "all is as wanted" jq -e '.converged == true' "$WORLD/said"
check "plan FILE: 2" exits 2 netdctl plan shop.net.yaml
check "it changed nothing" bash -c '! ip link show nd-web 2>/dev/null'
check "apply --dry-run: 2" exits 2 netdctl apply --dry-run shop.net.yaml
check "it changed nothing either" bash -c '! ip link show nd-web 2>/dev/null'
check "apply of a bad file: 1" exits 1 netdctl apply bad.net.yaml
check "... with the place" says bad.net.yaml:2:9:
check "apply" exits 0 netdctl apply shop.net.yaml
check "plan: 0" exits 0 netdctl plan
check "plan FILE: 0" exits 0 netdctl plan shop.net.yaml
check "apply again does nothing" exits 0 netdctl apply shop.net.yaml
check "... and says so" says "shop: 0 steps"
check "apply from standard input" \
	exits 0 bash -c "(echo 'name: pipe'; echo 'networks: {p: {}}') | '$NETDCTL' apply -"
check "list networks" exits 0 netdctl list networks
check "... has db" says db
check "list --names" exits 0 netdctl list attachments --names
same "only the names" vm1 "$(cat "$WORLD/said")"
check "list --json --topology" exits 0 netdctl list --json --topology pipe
check "only of that one" jq -e '[.items[].topology] | unique == ["pipe"]' "$WORLD/said"
check "list topologies" exits 0 netdctl list topologies --names
same "both" "pipe shop" "$(tr '\n' ' ' <"$WORLD/said" | sed 's/ $//')"
check "show" exits 0 netdctl show shop
check "... has the tap's interface" says ndp-vm1
check "show --text" exits 0 netdctl show shop --text
same "the text as it was given" "$(cat shop.net.yaml)" "$(cat "$WORLD/said")"
check "show of nothing: 1" exits 1 netdctl show nonesuch
check "a new policy is in the plan as rules" exits 2 bash -c \
	"sed 's/5432/5433/' shop.net.yaml >shop2.net.yaml; sed -i '1i name: shop' shop2.net.yaml; '$NETDCTL' plan shop2.net.yaml"
check "what goes" says "- tcp dport 5432"
check "what comes" says "+ tcp dport 5433"
check_not "nothing else of the chain" says "fib saddr"

# --- attach, detach ---
ns ct1
check "attach to a namespace" exits 0 netdctl attach web --netns ct1 --name ct1 --address 10.1.0.30
check "... tells the interface" says "interface ndp-ct1"
soon "the address is there" bash -c "ip -n ct1 addr | grep -q 10.1.0.30/24"
can ct1 10.1.0.1 icmp
check "attach a tap" exits 0 netdctl attach shop/web --tap --owner nobody --json
tap=$(jq -r .attachment.port "$WORLD/said")
name=$(jq -r .attachment.name "$WORLD/said")
check "it is there" ip link show "$tap"
check "plan is empty" exits 0 netdctl plan
check "an address twice is refused" exits 1 netdctl attach web --tap --owner nobody --address 10.1.0.10
check "... with whose it is" says vm1
check "a name twice is refused" exits 1 netdctl attach web --tap --owner nobody --name vm1
check "a tap without an owner is refused" exits 1 netdctl attach web --tap
check "an unknown network" exits 1 netdctl attach nonesuch --tap --owner nobody
check "a namespace that isn't there" exits 1 netdctl attach web --netns nonesuch --name ghost
check_not "... leaves nothing" ip link show ndp-ghost
check "plan is still empty" exits 0 netdctl plan
check "detach" exits 0 netdctl detach "$name"
check_not "it is gone" ip link show "$tap"
check "a static one can't be detached" exits 1 netdctl detach vm1
check "an applied change keeps what is attached" exits 0 netdctl apply shop2.net.yaml
can ct1 10.1.0.1 icmp
check "detach TOPOLOGY/NAME" exits 0 netdctl detach shop/ct1
check "plan is empty" exits 0 netdctl plan

# --- exec ---
check "exec in a node" exits 0 netdctl exec client -- ip -br addr
check "... sees its leg" says eth0
check "exec: options of the command are its own" exits 0 netdctl exec client ip -j link
check "exec gives the command's exit code" exits 42 netdctl exec client -- sh -c 'exit 42'
check "exec: its /sys" exits 0 netdctl exec client -- ls /sys/class/net
check "... has its leg only" bash -c "grep -q eth0 '$WORLD/said' && ! grep -q nd-web '$WORLD/said'"
check "exec: its host name" exits 0 netdctl exec shop/client -- hostname
same "the node's" client "$(cat "$WORLD/said")"
check "exec: no such command is 127" exits 127 netdctl exec client -- nonesuch
check "exec: no such node is 126" exits 126 netdctl exec nonesuch -- true

# --- events ---
netdctl events --json >"$WORLD/events" &
events=$!
must poll "$SOON" curl -sf --unix-socket "$NETD_SOCKET" http://x/v1/status
apply shop.net.yaml
soon "an event tells of the apply" \
	bash -c "jq -e 'select(.event == \"apply\")' '$WORLD/events'"
kill $events

check "down" exits 0 netdctl down shop
check "down twice: 1" exits 1 netdctl down shop
check "down --all" exits 0 netdctl down --all
check "nothing is in force" bash -c "[ -z \"\$('$NETDCTL' list topologies --names)\" ]"
soon "no bridge is left" bash -c '! ip -br link | grep nd-'

#!/bin/bash
# errors.sh - bad input changes nothing; a failed apply is undone
# one kernel: what it tests does not depend on that
# SPDX-License-Identifier: GPL-2.0-or-later
. "$(dirname "$0")/../lib.sh"
. "$TESTS/site.sh"

# FILE must be refused, with TEXT, and the host stay as it was remembered
refuses()
{
	local what=$1 text=$2 out
	cat >"$WORLD/bad.net.yaml"
	remember
	out=$(netdctl apply "$WORLD/bad.net.yaml" 2>&1)
	check_not "$what: refused" [ $? = 0 ]
	check "$what: says so" grep -qE -- "$text" <<<"$out" ||
		echo "$out"
	check "$what: says where" grep -qE 'bad\.net\.yaml:[0-9]+:[0-9]+: ' \
		<<<"$out" || echo "$out"
	nothing_left "$what: nothing changed"
}

outside
guests g1
start_netd
cat >"$WORLD/good.net.yaml" <<'END'
networks:
  web: {mode: nat, subnet: 10.1.0.0/24}
attachments:
  g1: {network: web, type: veth, netns: g1, address: 10.1.0.10}
END
apply "$WORLD/good.net.yaml"
can g1 203.0.113.254 tcp 80

refuses "a typing error" 'did you mean|nearest|mtu' <<'END'
networks:
  x: {subnet: 10.9.0.0/24, mtuu: 1500}
END
refuses "a subnet twice" 'overlap' <<'END'
networks:
  x: {subnet: 10.9.0.0/24, services: [1/tcp]}
  y: {subnet: 10.9.0.0/25, services: [1/tcp]}
END
refuses "a subnet that another topology has" 'overlap|good' <<'END'
networks:
  x: {subnet: 10.1.0.0/24, services: [1/tcp]}
END
refuses "a bridge that is there already" 'eth0' <<'END'
networks:
  x: {subnet: 10.9.0.0/24, bridge: eth0}
END
refuses "a name clash with another topology" 'web' <<'END'
networks:
  web: {subnet: 10.9.0.0/24}
END
refuses "a foreign namespace of that name" 'g1' <<'END'
namespace: g1
networks:
  x: {subnet: 10.9.0.0/24}
END
refuses "a user who isn't there" 'nobody-of-that-name' <<'END'
networks:
  x: {subnet: 10.9.0.0/24}
attachments:
  t: {network: x, type: tap, owner: nobody-of-that-name}
END
refuses "what the kernel refuses halfway" 'eth0|exists' <<'END'
networks:
  x: {subnet: 10.9.0.0/24}
  z: {subnet: 10.8.0.0/24}
attachments:
  g2: {network: x, type: veth, netns: g1, ifname: eth0}
END
{
	echo "networks: {x: {subnet: 10.9.0.0/16}}"
	echo "attachments:"
	for i in $(seq 1024); do
		echo "  t$i: {network: x, type: tap, owner: nobody}"
	done
} | refuses "more ports than a bridge takes" '1,?023'

# a change of what is in force that can't be: the old state is back
must sed 's/subnet: .*}/subnet: 10.1.0.0\/24, mtu: 1400}/' \
	"$WORLD/good.net.yaml" >"$WORLD/good2.net.yaml"
cat >>"$WORLD/good2.net.yaml" <<'END'
  g2: {network: web, type: veth, netns: g1, ifname: eth0, address: 10.1.0.11}
END
must mkdir -p "$WORLD/again"
must mv "$WORLD/good2.net.yaml" "$WORLD/again/good.net.yaml"
check_not "a change that fails halfway" netdctl apply \
	"$WORLD/again/good.net.yaml"
soon "is undone" [ "$(cat /sys/class/net/nd-web/mtu)" = 1500 ]
can g1 203.0.113.254 tcp 80
soon "and the plan is empty" _plan_is_empty

check "check needs no daemon" "$NETDCTL" --socket /nonexistent check \
	"$TOP/examples/campus.net.yaml"
check_not "and finds errors" "$NETDCTL" --socket /nonexistent check \
	"$WORLD/bad.net.yaml"
check "down" netdctl down good

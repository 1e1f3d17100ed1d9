#!/bin/bash
# doctor.sh - ports that are taken, subnets in use, rules and files in the way
# one kernel: what it tests hardly depends on that
# one build, one kernel: netdctl's words
# SPDX-License-Identifier: GPL-2.0-or-later
. "$(dirname "$0")/../lib.sh"
. "$TESTS/engines.sh"

needs dnsmasq

# finds ID TEXT: doctor has such a trouble, whose line has that
finds()
{
	local out
	out=$(netdctl doctor --json | jq -r --arg id "$1" '.troubles[] |
		select(.id == $id) | .what + " | " + .where + " | " + .breaks +
		" | " + .cure')
	grep -qF -- "$2" <<<"$out" && return
	echo "$out"
	return 1
}

# finds_no ID
finds_no()
{
	! netdctl doctor --json | jq -e --arg id "$1" \
		'.troubles[] | select(.id == $id)' >/dev/null
}

bridge_nf 0
outside
start_netd
cat >"$WORLD/t.net.yaml" <<-'END'
networks:
  web: {mode: nat, subnet: 10.81.0.0/24, services: [53/udp, 53/tcp]}
  db: {mode: nat, subnet: 10.82.0.0/24, dhcp: true, dns: true}
END
apply "$WORLD/t.net.yaml"
same "netd's own daemons are no trouble" "nothing stands in the way of \
netd's traffic, 0" "$(netdctl doctor), $?"

dnsmasq --keep-in-foreground --conf-file=/dev/null --no-resolv --user=root \
	--pid-file= --listen-address=127.0.0.1 --bind-interfaces &
other=$!
check_not "one on another address is none, either" \
	finds dns-port "process $other "
kill -TERM "$other"
wait "$other"
dnsmasq --keep-in-foreground --conf-file=/dev/null --no-resolv --user=root \
	--pid-file= --listen-address=10.81.0.1 --bind-interfaces &
other=$!
soon "one on a network's address is named by its process" \
	finds dns-port "process $other (dnsmasq)"
check "with the network" finds dns-port "DNS on nd-web"
kill -TERM "$other"
wait "$other"
soon "it is over with it" finds_no dns-port

must ip route add 10.80.0.0/14 via 203.0.113.254
check "a route of the host over ours" finds subnet "10.80.0.0/14"
must ip route del 10.80.0.0/14
must ip route add 10.81.0.0/16 dev eth0 table 51
must ip rule add priority 100 lookup 51
check "a table of others" finds subnet "table 51"
check "and the rule that leads there" finds rule "ip rule 100"
netdctl doctor --json | jq -r '.troubles[] | select(.id == "rule") | .cure' \
	>"$WORLD/cure"
check "what it says can be done" bash -e "$WORLD/cure"
must ip rule del priority 100
must ip rule del priority 99
must ip route flush table 51

mkdir -p /etc/sysctl.d
echo 'net.ipv4.ip_forward = 0' >/etc/sysctl.d/90-hard.conf
check "a file that ends forwarding" finds forwarding \
	"/etc/sysctl.d/90-hard.conf: net.ipv4.ip_forward=0"
rm /etc/sysctl.d/90-hard.conf

must nft -f - <<-'END'
table inet own {
	set good { type ifname; elements = { "lo", "eth0" }; }
	chain f {
		type filter hook forward priority 0; policy accept;
		tcp dport 25 drop
		iifname != @good oifname "eth0" counter reject
	}
}
END
check "an admin's own rule" finds rules \
	"inet own f, handle"
netdctl doctor --json | jq -r '.troubles[] | select(.id == "rules") | .cure' \
	>"$WORLD/cure"
check "what it says can be done" bash -e "$WORLD/cure"
check "and cures it" finds_no rules
must nft delete table inet own
same "then all is well" 0 "$(netdctl doctor >/dev/null; echo $?)"
check "down" netdctl down t

#!/bin/bash
# nft.sh - the nftables back end and the kernel, without the daemon
# SPDX-License-Identifier: GPL-2.0-or-later
. "$(dirname "$0")/../lib.sh"

TOOLS=$BUILD/tests/tools

# Our compiler's work, listed by nft, is the text it was made of.
for f in "$TESTS"/golden/nft/*.nft; do
	out=$("$TOOLS/nft-text" "$f" 2>&1)
	rc=$?
	[ $rc != 77 ] || skip "no nft"
	check "${f##*/} is what nft lists" [ $rc = 0 ]
	[ $rc = 0 ] || echo "$out"
done
check "errors, elements, foreign hands, ownership" "$TOOLS/nft-kernel"

out=$("$BUILD/tests/unit/nft_driver" 2>&1)
check "rules as objects, by the kernel side" [ $? = 0 ]
[ -z "$out" ] || echo "$out"

# Connections: two guests of the host, one of them behind a forward.
ns guest
ns server
wire "" left guest eth0
wire "" right server eth0
must ip addr add 10.9.1.1/24 dev left
must ip addr add 10.9.2.1/24 dev right
must ip addr add fd09:1::1/64 dev left nodad
must ip addr add fd09:2::1/64 dev right nodad
must ip -n guest addr add 10.9.1.2/24 dev eth0
must ip -n server addr add 10.9.2.2/24 dev eth0
must ip -n guest addr add fd09:1::2/64 dev eth0 nodad
must ip -n server addr add fd09:2::2/64 dev eth0 nodad
must ip -n guest route add default via 10.9.1.1
must ip -n server route add default via 10.9.2.1
must ip -n guest route add default via fd09:1::1
must ip -n server route add default via fd09:2::1
must sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
must nft -f - <<'END'
table ip t_marks {
	chain c_pre {
		type nat hook prerouting priority dstnat
		ip daddr 10.9.1.1 tcp dport 8080-8089 dnat to 10.9.2.2:80
	}
	chain c_fwd {
		type filter hook forward priority filter
		ct original ip daddr 10.9.2.2 tcp dport 80 ct mark set 7
		ct original ip daddr 10.9.2.2 tcp dport 81 ct mark set 8
	}
}
table ip6 t_marks {
	chain c_pre {
		type nat hook prerouting priority dstnat
		ip6 daddr fd09:1::1 tcp dport 8080 dnat to [fd09:2::2]:80
	}
	chain c_fwd {
		type filter hook forward priority filter
		ip6 daddr fd09:2::2 tcp dport 81 ct mark set 7
	}
}
END
serve server tcp 80 81
poll 5 reach guest 10.9.2.2 tcp 81

# "mark destination port" of each connection that is there
entries()
{
	{ conntrack -L -f ipv4; conntrack -L -f ipv6; } 2>/dev/null |
		sed -E 's/ sport=[0-9]+| \[[A-Z]+\]//g' |
		sed -nE 's/^tcp .* dst=(.*) dport=([0-9]+) src.* mark=([0-9]+) .*/\3 \1 \2/p' |
		sort -u
}

traffic()
{
	conntrack -F >/dev/null 2>&1
	must reach guest 10.9.2.2 tcp 80 >/dev/null
	must reach guest 10.9.2.2 tcp 81 >/dev/null
	must reach guest 10.9.1.1 tcp 8080 >/dev/null
	must reach guest 10.9.1.1 tcp 8085 >/dev/null
	must reach guest fd09:2::2 tcp 81 >/dev/null
	must reach guest fd09:1::1 tcp 8080 >/dev/null
}

all="0 10.9.1.1 8080
0 10.9.1.1 8085
0 fd09:1::1 8080
7 10.9.2.2 80
7 fd09:2::2 81
8 10.9.2.2 81"

poll 5 reach guest fd09:2::2 tcp 81
traffic
same "the connections are tracked" "$all" "$(entries)"

must "$TOOLS/nft-ct" marks 99 >/dev/null
same "a mark that nobody has ends nothing" "$all" "$(entries)"

must "$TOOLS/nft-ct" marks 7 >/dev/null
same "one mark, IPv4 and IPv6, and no other" \
	"$(grep -v '^7' <<<"$all")" "$(entries)"

traffic
must "$TOOLS/nft-ct" marks 7 8 9 10 11 12 0 >/dev/null
same "many marks; no mark is no mark" "$(grep '^0' <<<"$all")" "$(entries)"

traffic
must "$TOOLS/nft-ct" dst 10.9.1.1 tcp 8081 8089 >/dev/null
same "a forward's range of ports" "$(grep -v 8085 <<<"$all")" "$(entries)"

must "$TOOLS/nft-ct" dst 10.9.2.2 tcp 80 81 >/dev/null
same "what was not forwarded stays" "$(grep -v 8085 <<<"$all")" "$(entries)"

must "$TOOLS/nft-ct" dst fd09:1::1 tcp 8080 8080 >/dev/null
same "a forward by IPv6" \
	"$(grep -v -e 8085 -e 'fd09:1::1' <<<"$all")" "$(entries)"

hold guest 10.9.2.2 tcp 80
must "$TOOLS/nft-ct" marks 7 >/dev/null
held "an allowed connection outlives its entry" $((1500 * SLOW))

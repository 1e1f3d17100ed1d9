# site.sh - what the tests of the examples have in common: an outside
# SPDX-License-Identifier: GPL-2.0-or-later

# The outside: a namespace behind eth0, which has the host's default routes.
# It has no route to any of netd's networks: what it sees untranslated, it
# can't answer.
outside()
{
	ns outside
	wire "" eth0 outside eth0
	must ip link set lo up
	must ip addr add 203.0.113.1/24 dev eth0
	must ip addr add 2001:db8::1/64 dev eth0 nodad
	must ip -n outside addr add 203.0.113.254/24 dev eth0
	must ip -n outside addr add 2001:db8::254/64 dev eth0 nodad
	must ip route add default via 203.0.113.254
	must ip route add default via 2001:db8::254
	serve outside tcp 80 25 443
	serve outside udp 53
}

# Namespaces for containers: guests NAME...
guests()
{
	local g
	for g in "$@"; do
		ns "$g"
	done
}

# A port table: FROM ADDR PROTO PORT verdict, one a line; "host" is the host.
# verdict: yes, no, or rejected.
matrix()
{
	local from addr proto port verdict
	while read -r from addr proto port verdict; do
		[ -n "$from" ] || continue
		[ "$from" != host ] || from=
		case $verdict in
		yes) can "$from" "$addr" "$proto" "$port" ;;
		no) cannot "$from" "$addr" "$proto" "$port" ;;
		rejected) check "${from:-host} is told no by $addr $proto $port" \
			refused "$from" "$addr" "$proto" "$port" ;;
		esac
	done
}

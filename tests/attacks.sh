# attacks.sh - words for tests that attack from a guest, and look who notices
# SPDX-License-Identifier: GPL-2.0-or-later
#
# An attack is a line "NAME PLACE HEX": a frame with a mark in it, made of the
# name, and where it would arrive if nothing kept it: a namespace's eth0, or
# "socket", the UDP port 9 of whoever is attacked.  The same lines are sent
# where our rules are (nothing may arrive) and where they aren't (all must).
#
#	mark NAME		hex that is found again in what arrives
#	listen_at NS...		starts to look at the eth0 of each
#	listen_socket NS	and at UDP port 9 there; "" is the host
#	fire NS FILE		sends the frames of FILE from NS
#	landed NAME PLACE	it was seen there
#	hush			ends the looking
#	none_lands NS FILE	checks; "legal-..." must land
#	all_land NS FILE	checks, for where there are no rules

mark()
{
	printf '<%s>' "$1" | od -An -v -tx1 | tr -d ' \n'
}

listen_at()
{
	local ns
	for ns in "$@"; do
		in_ns "$ns" "$FRAME" log eth0 $((60 * SLOW)) ffff0000ffff0000ff \
			>"$WORLD/at.$ns" 2>&1 &
		listeners+=($!)
		must poll "$SOON" grep -q ready "$WORLD/at.$ns"
	done
}

# The pid is socat's own.
listen_socket()
{
	local enter=()
	[ -z "$1" ] || enter=(nsenter "--net=/run/netns/$1")
	rm -f "$WORLD/at.socket"
	"${enter[@]}" socat -u UDP6-RECV:9,ipv6only=0 \
		"OPEN:$WORLD/at.socket,creat,append" &
	listeners+=($!)
	must poll "$SOON" in_ns "$1" grep -q ':0009 ' /proc/net/udp6
}

hush()
{
	kill "${listeners[@]}" 2>/dev/null
	wait "${listeners[@]}" 2>/dev/null
	listeners=()
}

fire()
{
	cut -d ' ' -f 3 "$2" | in_ns "$1" "$FRAME" send eth0 - >/dev/null
}

landed()
{
	if [ "$2" = socket ]; then
		grep -qa "<$1>" "$WORLD/at.socket"
	else
		grep -q "$(mark "$1")" "$WORLD/at.$2"
	fi
}

# The legal ones are behind the others, on the same way: when they have
# arrived, so would the others have.
none_lands()
{
	local name place _ legal
	legal=$(awk '$1 ~ /^legal-/' "$2")
	fire "$1" "$2"
	while read -r name place _; do
		soon "$3 control: $name arrives ($1)" landed "$name" "$place"
	done <<<"$legal"
	while read -r name place _; do
		[[ $name = legal-* ]] ||
			check_not "$3 attack: $name ($1)" landed "$name" "$place"
	done <"$2"
}

all_land()
{
	local name place _
	fire "$1" "$2"
	while read -r name place _; do
		soon "$3 control: $name arrives ($1)" landed "$name" "$place"
	done <"$2"
}

listeners=()

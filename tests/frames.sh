# frames.sh - the words in which hostile frames are written
# SPDX-License-Identifier: GPL-2.0-or-later
#
# All print hex.  Zero checksums and lengths of ffff are filled in by
# tests/tools/frame.  IPv6 addresses are written in full (32 digits).

FRAME=$BUILD/tests/tools/frame

# 10.1.0.11 -> 0a01000b
ip4()
{
	# shellcheck disable=SC2046
	printf '%02x' $(tr . ' ' <<<"$1")
}

# DST SRC TYPE: bare digits
eth()
{
	echo "$1$2$3"
}

# OP SHA SPA THA TPA
arp()
{
	echo "00010800060400$(printf %02x "$1")$2$(ip4 "$3")$4$(ip4 "$5")"
}

# SRC DST PROTO (decimal) PAYLOAD
v4()
{
	echo "4500ffff1234000040$(printf %02x "$3")0000$(ip4 "$1")$(ip4 "$2")$4"
}

# SRC DST NEXT (decimal) PAYLOAD [HOPLIMIT]
v6()
{
	echo "60000000ffff$(printf %02x "$3")${5:-ff}$1$2$4"
}

# SPORT DPORT DATA
udp()
{
	printf '%04x%04xffff0000%s' "$1" "$2" "$3"
}

# CODE of MAC-less options is in the callers: TARGET [OPTION]
nd_ns()
{
	echo "8700000000000000$1${2:-}"
}

nd_na()
{
	echo "8800000060000000$1${2:-}"
}

# BOOTP request of CHADDR, with a magic cookie and DISCOVER
dhcp()
{
	printf '01010600deadbeef00000000%032d%s%020d%0384d63825363350101ff' \
		0 "$1" 0 0
}

# The MAC of NS's eth0
mac_of()
{
	in_ns "$1" ip -j link show eth0 | jq -r '.[0].address' | tr -d :
}

# Starts to look at what arrives at IF of NS.
watch()
{
	in_ns "$1" "$FRAME" log "$2" $((20 * SLOW)) 0e0d0e0d0e0d \
		>"$WORLD/seen" 2>&1 &
	watch_pid=$!
	must poll "$SOON" grep -q ready "$WORLD/seen"
}

# The last frame ends it: no waiting, and none of the earlier ones is missed.
# NS IF HEX of a legal frame with 0e0d0e0d0e0d in it
watched()
{
	must in_ns "$1" "$FRAME" send "$2" "$3" >/dev/null
	wait "$watch_pid"
	_result $? "the legal frame arrives" "$(tail -n 3 "$WORLD/seen")"
}

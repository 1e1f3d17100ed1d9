#!/bin/bash
# damage-files.sh - what is stored is cut off, changed, or finds no room
# one kernel: it is about files
# one build: it starts netd many times
# SPDX-License-Identifier: GPL-2.0-or-later
#
# NETD_BYTES=all: every file is cut at every byte, and each byte changed; by
# default at some, others each time.
. "$(dirname "$0")/../lib.sh"

BYTES=${NETD_BYTES:-2}

# All that may be stored: a topology that was applied, one of the folder, an
# attachment, numbers, settings, changes, and one that waits to be confirmed.
made()
{
	local dev
	cat >"$WORLD/net.net.yaml" <<'YAML'
networks:
  a: {mode: nat, uplink: up0, subnet: 10.1.0.0/24, subnet6: "fd00:1::/64"}
  b: {subnet: auto}
attachments:
  b1: {network: b, type: veth, netns: b1}
  b2: {network: b, type: tap, owner: root}
YAML
	echo 'networks: {kept: {subnet: 10.3.0.0/24}}' >"$CONF/file.net.yaml"
	ns a1
	ns b1
	wire "" up0 b1 up1
	must ip addr add 203.0.113.1/24 dev up0
	start_netd
	apply "$WORLD/net.net.yaml"
	must netdctl attach net/a --netns a1 --ifname eth0 --name x >/dev/null
	sed -i 's/subnet: auto/&, mtu: 1400/' "$WORLD/net.net.yaml"
	check "a change that waits to be confirmed" netdctl apply \
		--confirm 3000s "$WORLD/net.net.yaml"
	can a1 10.1.0.1 icmp
	must poll "$SOON" eval '! ip -n a1 -6 addr show tentative | grep -q .'
	for dev in nd-a nd-b nd-kept ndp-b1 ndp-b2; do
		must ip link show $dev >/dev/null
	done
	kill_netd
	# the kernel side ends by itself
	must poll "$SOON" flock -n "$STATE/kernel.lock" true
	cp -a "$STATE" "$WORLD/pristine"
	indexes >"$WORLD/indexes"
}

indexes()
{
	ip -o link show group 7234932 | cut -d: -f1,2
	ip -n a1 -o addr show eth0
	ip -o -4 addr show dev nd-b
}

# damaged WHAT: netd starts, says what it can't read, and cuts nothing
damaged()
{
	local said=$1 bad=
	: >"$WORLD/netd.log"
	start_netd
	indexes | cmp -s - "$WORLD/indexes" || bad+=" it changed links;"
	reach a1 10.1.0.1 icmp || bad+=" a guest is cut off;"
	grep -q "$said" "$WORLD/netd.log" || bad+=" it doesn't say so;"
	netdctl list >/dev/null 2>&1 || bad+=" it doesn't answer;"
	kill_netd
	must poll "$SOON" flock -n "$STATE/kernel.lock" true
	if [ -n "$bad" ]; then
		_result 1 "$2:$bad" "$(cat "$WORLD/netd.log"; indexes |
			diff "$WORLD/indexes" -)"
	fi
	rm -rf "$STATE"
	cp -a "$WORLD/pristine" "$STATE"
}

# Which bytes of so many: all, or some.
places()
{
	if [ "$BYTES" = all ]; then
		seq 0 $(($1 - 1))
	else
		shuf -i 0-$(($1 - 1)) -n "$BYTES"
	fi
}

change_byte()
{
	local old new
	old=$(od -An -tu1 -j "$2" -N 1 "$1")
	new=$((old ^ 1 << RANDOM % 7))
	printf "%b" "\\x$(printf %x $new)" |
		dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}

# What netd says of it; an older text is read only when it is needed.
words()
{
	case $1 in
	last-good/*) echo . ;;
	numbers*) echo 'damaged\|differ\|makes no sense' ;;
	*) echo damaged ;;
	esac
}

each_file()
{
	local file size at n=0
	while read -r file; do
		size=$(stat -c %s "$WORLD/pristine/$file")
		for at in $(places "$size"); do
			truncate -s "$at" "$STATE/$file"
			damaged "$(words "$file")" "$file, cut at $at"
			change_byte "$STATE/$file" "$at"
			damaged "$(words "$file")" "$file, byte $at changed"
			n=$((n + 2))
		done
	done
	check "$n damages harm nothing" [ $n -gt 0 ]
}

# History is read when somebody asks: then, not at the start.
startup_files()
{
	(cd "$WORLD/pristine" && find . -type f -size +0 ! -name '*lock' \
		! -path './history/*' | sed 's,^\./,,' | sort)
}

# A text of before that is not whole is not gone back to.
history()
{
	local file
	file=$(cd "$STATE/history" && echo ./*.net)
	must [ -e "$STATE/history/$file" ]
	truncate -s -9 "$STATE/history/$file"
	start_netd
	check_not "what there was before can't be read, so it isn't gone back" \
		netdctl cancel
	check "and what there is stays" grep -q 1400 /sys/class/net/nd-b/mtu
	kill_netd
	must poll "$SOON" flock -n "$STATE/kernel.lock" true
	rm -rf "$STATE"
	cp -a "$WORLD/pristine" "$STATE"
}

# Room for some, then for none.
full()
{
	local before size
	mkdir "$WORLD/tiny"
	must mount -t tmpfs -o size=512k tiny "$WORLD/tiny"
	cp -a "$STATE/." "$WORLD/tiny"
	STATE=$WORLD/tiny
	start_netd
	must netdctl confirm >/dev/null
	for size in 0 4096 8192 16384; do
		head -c 1M /dev/zero >"$STATE/.ballast" 2>/dev/null
		truncate -s -$size "$STATE/.ballast"
		before=$(netdctl show net --text 2>/dev/null; indexes)
		echo "networks: {more$size: {subnet: 10.$((size / 512 + 50))\
.0.0/24, dhcp: true}}" >"$WORLD/more$size.net.yaml"
		if netdctl apply "$WORLD/more$size.net.yaml" \
				>"$WORLD/out" 2>&1; then
			check "with $size bytes left: it works" ip link show \
				nd-more$size
		else
			check "with $size bytes left: it says why" grep -qi \
				'no space' "$WORLD/out"
			same "... and nothing is half" "$before" \
				"$(netdctl show net --text 2>/dev/null; indexes)"
		fi
		can a1 10.1.0.1 icmp
		rm "$STATE/.ballast"
		check "with room it works" netdctl apply \
			"$WORLD/more$size.net.yaml"
		must netdctl down more$size >/dev/null
	done
	stop_netd
	STATE=$WORLD/state
}

# Two at once: of one folder, or of one socket.
twice()
{
	local other
	mkdir "$WORLD/conf2" "$WORLD/state2"
	start_netd
	check_not "a second netd of one state folder ends at once" timeout 10 \
		"$NETD" --config-dir "$WORLD/conf2" --state-dir "$STATE" \
		--socket "$WORLD/second.sock"
	check_not "and one of the same socket" timeout 10 "$NETD" --config-dir \
		"$WORLD/conf2" --state-dir "$WORLD/state2" \
		--socket "$NETD_SOCKET"
	check "the first goes on" netdctl status
	"$NETD" --config-dir "$WORLD/conf2" --state-dir "$WORLD/state2" \
		--socket "$WORLD/second.sock" >"$WORLD/second.log" 2>&1 &
	other=$!
	soon "one with all of its own does nothing" grep -q \
		'another netd' "$WORLD/second.log"
	kill -KILL $other
	wait $other 2>/dev/null
	same "what the first has made stays" "$(cat "$WORLD/indexes")" \
		"$(indexes)"
	can a1 10.1.0.1 icmp
}

made
each_file < <(startup_files)
history
full
twice

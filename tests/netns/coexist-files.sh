#!/bin/bash
# coexist-files.sh - networkd and NetworkManager are told to leave ours alone
# one kernel: what it tests hardly depends on that
# one build, one kernel: it is about files
# SPDX-License-Identifier: GPL-2.0-or-later
. "$(dirname "$0")/../lib.sh"
. "$TESTS/engines.sh"

NETWORKD=/lib/systemd/systemd-networkd
NM_FILE=/etc/NetworkManager/conf.d/netd-t.conf
ND_FILE=/etc/systemd/network/00-netd-t.network
FILE=$WORLD/t.net.yaml

topology()
{
	cat >"$FILE" <<-END
	networks:
	  web: {subnet: 10.81.0.0/24}
	  db: {subnet: 10.82.0.0/24, bridge: br7}
	${1:-}
	END
}

mkdir -p /etc/systemd/network /etc/NetworkManager/conf.d
start_netd
topology
apply "$FILE"
check_not "without coexist nothing is written" [ -e "$ND_FILE" ]

# one that takes all that there is
cat >/etc/systemd/network/90-all.network <<-'END'
[Match]
Name=*

[Network]
Address=192.168.99.9/24
ConfigureWithoutCarrier=yes
END
if [ -x "$NETWORKD" ]; then
	mkdir -p /run/systemd/netif /run/systemd/network
	mount -o remount,bind,ro /sys 2>/dev/null
	"$NETWORKD" >"$WORLD/networkd.log" 2>&1 &
	networkd_pid=$!
	soon "networkd touches what is not its own" eval \
		'ip addr show br7 | grep -q 192.168.99.9'
	check "doctor names its file" eval 'netdctl doctor | grep -q \
		"where  /etc/systemd/network/90-all.network"'
	check "and the address" eval \
		'netdctl doctor | grep -q "192.168.99.9/24 on br7"'
	kill -TERM "$networkd_pid"
	wait "$networkd_pid"
	netdctl doctor --json | jq -r '.troubles[] | select(.id == "address") |
		.cure' >"$WORLD/cure"
	check "what it says of the address can be done" \
		bash -e "$WORLD/cure"
fi

topology 'coexist: [networkmanager, networkd]'
apply "$FILE"
same "networkd is told" "$(cat <<-'END'
# Made by netd, which removes it with the topology t.
[Match]
Name=nd-* nd?-* br7

[Link]
Unmanaged=yes
END
)" "$(cat "$ND_FILE")"
same "NetworkManager is told" "$(cat <<-'END'
# Made by netd, which removes it with the topology t.
[keyfile]
unmanaged-devices+=interface-name:nd-*;interface-name:nd?-*;interface-name:=br7
END
)" "$(cat "$NM_FILE")"
plan_is_empty "$FILE"
if [ -x "$NETWORKD" ]; then
	ip link add name other0 type bridge
	ip link set other0 up
	"$NETWORKD" >>"$WORLD/networkd.log" 2>&1 &
	networkd_pid=$!
	soon "networkd does its work elsewhere" eval \
		'ip addr show other0 | grep -q 192.168.99.9'
	check_not "and leaves ours alone" eval \
		'ip addr show br7 | grep -q 192.168.99.9 ||
		 ip addr show nd-web | grep -q 192.168.99.9'
	check_not "doctor is content with its file" eval \
		'netdctl doctor | grep -q 90-all.network'
	kill -TERM "$networkd_pid"
	wait "$networkd_pid"
	ip link del other0
fi
must rm "$ND_FILE"
soon "a file that is gone comes back" [ -s "$ND_FILE" ]
must eval 'echo "[Match]" >"$NM_FILE"'
check "one that is not netd's any more is left alone" eval \
	'netdctl plan >/dev/null; [ "$(cat "$NM_FILE")" = "[Match]" ]'
must rm "$NM_FILE"
soon "and comes back when it is away" grep -q keyfile "$NM_FILE"
check "down" netdctl down t
check_not "down removes both" eval '[ -e "$ND_FILE" ] || [ -e "$NM_FILE" ]'
echo foreign >"$ND_FILE"
check_not "a foreign file of that name is an error" netdctl apply "$FILE"
same "and stays" foreign "$(cat "$ND_FILE")"

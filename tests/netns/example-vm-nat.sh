#!/bin/bash
# example-vm-nat.sh - libvirt's default network: a tap, NAT, a forward, hairpin
# SPDX-License-Identifier: GPL-2.0-or-later
. "$(dirname "$0")/../lib.sh"
. "$TESTS/site.sh"

FILE=$TOP/examples/vm-nat.net.yaml

outside
ns vm1
remember
start_netd
apply "$FILE"
vm vm1 ndp-vm1 52:54:00:12:34:56
cat >"$WORLD/lease" <<'S'
#!/bin/bash
[ "$1" = bound ] || exit 0
ip addr add "$ip/$mask" dev "$interface"
ip route add default via "$router"
S
chmod +x "$WORLD/lease"
check "the VM gets its address by DHCP" in_ns vm1 busybox udhcpc -n -q -f \
	-i eth0 -t 5 -T 2 -s "$WORLD/lease"
check "the one that is written" eval \
	'ip -n vm1 addr show dev eth0 | grep -q "inet 192.168.122.10/24"'
serve vm1 tcp 22 23
can vm1 203.0.113.254 tcp 80
seen_as "the VM is seen as the host" 203.0.113.1 vm1 203.0.113.254 tcp 80
can outside 203.0.113.1 tcp 2222
can "" 203.0.113.1 tcp 2222
can vm1 203.0.113.1 tcp 2222
cannot outside 203.0.113.1 tcp 23
index=$(cat /sys/class/net/ndp-vm1/ifindex)

must sed 's/2222:vm1/2223:vm1/' "$FILE" >"$WORLD/vm-nat.net.yaml"
apply "$WORLD/vm-nat.net.yaml"
can outside 203.0.113.1 tcp 2223
cannot outside 203.0.113.1 tcp 2222
same "the tap is the same one" "$index" "$(cat /sys/class/net/ndp-vm1/ifindex)"
can vm1 203.0.113.254 tcp 80
check "down" netdctl down vm-nat
nothing_left

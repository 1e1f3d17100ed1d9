#!/bin/bash
# engine-qemu.sh - two users' QEMU in two networks, of two architectures
# one build: an engine takes its time, and others ask the same
# SPDX-License-Identifier: GPL-2.0-or-later
. "$(dirname "$0")/../lib.sh"
. "$TESTS/site.sh"

CACHE=${NETD_TEST_CACHE:-/var/cache/netd-test}
FILE=$TOP/examples/qemu.net.yaml

for p in qemu-system-x86_64 busybox cpio curl; do
	command -v $p >/dev/null || skip "$p is not installed"
done
x86=$(ls -d "$CACHE"/linux-image-*-amd64 2>/dev/null | tail -n 1)
arm=$(ls -d "$CACHE"/arm64/linux-image-* 2>/dev/null | tail -n 1)
[ -e "$x86/vmlinux" ] || skip "no kernel: tests/vm/fetch-kernel $CACHE"

# alice and bob are nobody else here.
users()
{
	cp /etc/passwd "$WORLD/passwd"
	echo 'alice:x:7001:7001::/:/bin/sh' >>"$WORLD/passwd"
	echo 'bob:x:7002:7002::/:/bin/sh' >>"$WORLD/passwd"
	must mount --bind "$WORLD/passwd" /etc/passwd
	# as udev makes it
	must mknod -m 666 "$WORLD/tun" c 10 200
	must mount --bind "$WORLD/tun" /dev/net/tun
	chmod 755 "$WORLD"
	mkdir -m 777 "$WORLD/vm"
}

mac_of()
{
	netdctl list attachments --json |
		jq -r ".items[] | select(.name == \"$1\").mac"
}

# emulate MACHINE USER QEMU-PROGRAM...: its process id is in $pid
emulate()
{
	setpriv --reuid "$2" --regid nogroup --clear-groups --inh-caps=-all \
		--bounding-set=-all "${@:3}" -m 192 -nodefaults -no-reboot \
		-display none -serial "file:$WORLD/vm/$1.console" \
		>"$WORLD/vm/$1.out" 2>&1 &
	pid=$!
}

card()
{
	echo "-netdev tap,id=n0,ifname=ndp-$1,script=no,downscript=no$2" \
		"-device virtio-net-pci,netdev=n0,mac=$(mac_of "$1"),romfile=$3"
}

# shop USER
shop()
{
	emulate shop "$1" qemu-system-x86_64 -accel tcg -cpu qemu64 \
		-kernel "$x86/vmlinux" -initrd "$WORLD/vm/x86" -append \
		"console=ttyS0 quiet vmip=dhcp" \
		$(card shop "" "")
	shop=$pid
}

# On a foreign processor, where there is an emulator of it.
store()
{
	local boot="quiet vmip=10.94.0.10/24 vmgw=10.94.0.1"
	local cpu=(qemu-system-x86_64 -accel tcg -cpu qemu64
		-kernel "$x86/vmlinux" -initrd "$WORLD/vm/x86"
		-append "console=ttyS0 $boot")
	if [ "$machine" = aarch64 ]; then
		cpu=(qemu-system-aarch64 -M virt -cpu cortex-a57 -accel tcg
			-kernel "$arm/vmlinux" -initrd "$WORLD/vm/arm"
			-append "console=ttyAMA0 $boot")
	fi
	emulate store bob "${cpu[@]}" -smp 2 \
		$(card store ,queues=2 ,mq=on,vectors=6)
	store=$pid
}

page()
{
	[ "$(in_ns "$1" curl -s -m 3 "http://$2")" = "$3" ]
}

stop()
{
	kill "$1"
	wait "$1" 2>/dev/null
}

SHOP="x86_64 10.93.0.10/24"
machine=x86_64
if [ -e "$arm/vmlinux" ] && command -v qemu-system-aarch64 >/dev/null; then
	machine=aarch64
else
	echo "# no arm64: its kernel or qemu-system-arm is missing"
fi
users
outside
remember
start_netd
apply "$FILE"
must "$TESTS/vm/guest" "$x86" "$WORLD/vm/x86"
[ $machine = x86_64 ] || must "$TESTS/vm/guest" "$arm" "$WORLD/vm/arm"
chmod a+r "$WORLD"/vm/*

shop bob
wait $shop
check "another user's tap is refused" \
	grep -q "Operation not permitted" "$WORLD/vm/shop.out"
shop alice
store
SOON=$((60 * SLOW * BUSY))
soon "alice's machine answers" page "" 10.93.0.10 "$SHOP" ||
	cat "$WORLD"/vm/*.out "$WORLD"/vm/*.console
soon "bob's machine answers, a $machine" \
	page "" 10.94.0.10 "$machine 10.94.0.10/24" ||
	cat "$WORLD"/vm/*.out "$WORLD"/vm/*.console
same "they run without any privilege" \
	"$(printf '7001 0000000000000000\n7002 0000000000000000')" \
	"$(awk '/^Uid/ { u = $2 } /^CapEff/ { print u, $2 }' \
		/proc/$shop/status /proc/$store/status)"
check "web reaches db, as the policy says" page "" \
	"10.93.0.10/cgi-bin/ask?10.94.0.10:80" "$machine 10.94.0.10/24"
check "db does not reach web" page "" \
	"10.94.0.10/cgi-bin/ask?10.93.0.10:80" no
check "alice's machine is published" page outside 203.0.113.1:8080 "$SHOP"
same "bob's has two queues" 2 \
	"$(curl -s 10.94.0.10/cgi-bin/queues)"
plan_is_empty "$FILE"
kill_netd
start_netd
soon "netd is back, with an empty plan" _plan_is_empty
check "and nobody noticed" page outside 203.0.113.1:8080 "$SHOP"
before=$(mac_of shop)
stop $shop
shop alice
soon "a machine that starts again is published again" \
	page outside 203.0.113.1:8080 "$SHOP"
same "its MAC is the same" "$before" "$(mac_of shop)"
check "and reaches what it reached" page "" \
	"10.93.0.10/cgi-bin/ask?10.94.0.10:80" "$machine 10.94.0.10/24"
stop $shop
stop $store
check "down" netdctl down qemu
nothing_left

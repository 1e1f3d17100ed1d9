#!/bin/bash
# bridge-helper.sh - a user's QEMU asks netd for its port
# one kernel: what it tests hardly depends on that
# one build: what it starts takes its time
# SPDX-License-Identifier: GPL-2.0-or-later
. "$(dirname "$0")/../lib.sh"
. "$TESTS/site.sh"

HELPER=$BUILD/ctl/netd-bridge-helper
# What fetch-kernel unpacked, for a machine that answers.
KERNEL=${NETD_KERNEL:-$(ls -d /var/cache/netd-test/linux-image-*/ 2>/dev/null |
	head -n 1)}

as_user()
{
	setpriv --reuid 1234 --regid nogroup --clear-groups \
		--inh-caps=-all --bounding-set=-all "$@"
}

# What QEMU does with its helper; then keeps the tap until its input ends.
cat >"$WORLD/ask" <<'END'
import array, fcntl, os, socket, struct, subprocess, sys
ours, its = socket.socketpair()
rc = subprocess.run(sys.argv[1:] + ["--use-vnet", "--fd=%d" % its.fileno()],
	pass_fds=[its.fileno()]).returncode
its.close()
if rc:
	sys.exit(rc)
msg, anc, flags, addr = ours.recvmsg(1, socket.CMSG_LEN(4))
tap = array.array("i", anc[0][2])[0]
r = fcntl.ioctl(tap, 0x800454d2, struct.pack("16sH22x", b"", 0))
print(r[:16].rstrip(b"\0").decode(), "%#x" % struct.unpack("H", r[16:18]),
	flush=True)
sys.stdin.read()
END

# Runs the helper and keeps its tap open as long as descriptor 9 is.
plug()
{
	rm -f "$WORLD/said"
	mkfifo -m 666 "$WORLD/hold" 2>/dev/null || :
	as_user /usr/bin/python3 "$WORLD/ask" "$HELPER" "$@" \
		<"$WORLD/hold" >"$WORLD/said" 2>"$WORLD/err" &
	asker=$!
	exec 9>"$WORLD/hold"
	poll "$SOON" eval '[ -s "$WORLD/said" ] || ! kill -0 $asker'
	[ -s "$WORLD/said" ] && return
	exec 9>&-
	cat "$WORLD/err"
	return 1
}

# check runs what it checks in a shell of its own
plugged()
{
	local what=$1 rc=0
	shift
	plug "$@" >"$WORLD/plug" || rc=1
	_result $rc "$what" "$(cat "$WORLD/plug")"
}

unplug()
{
	exec 9>&-
	wait $asker
}

item()
{
	netdctl list attachments --json | jq -r ".items[] |
		select(.labels.door == \"qemu\") | $1"
}

outside
chmod 755 "$WORLD"
must mknod -m 666 "$WORLD/tun" c 10 200
must mount --bind "$WORLD/tun" /dev/net/tun
remember
start_netd --group nogroup
cat >"$WORLD/vms.net.yaml" <<'END'
networks: {web: {mode: nat, subnet: 10.1.0.0/24}}
END
cat >"$WORLD/lab.net.yaml" <<'END'
networks: {inner: {subnet: 10.2.0.0/24}}
nodes: {n: {networks: [inner]}}
END
apply "$WORLD/vms.net.yaml"
apply "$WORLD/lab.net.yaml"

plugged "a user's tap" --br=web --name=vm1
check "... with virtio's headers" grep -q '^ndp-vm1 0x5002$' said
same "it is that user's" 1234 "$(ip -d -j link show ndp-vm1 |
	jq -r '.[0].linkinfo.info_data.user')"
check "... with an address and a MAC" eval '[ -n "$(item .address)" ] &&
	[ -n "$(item .mac)" ]'
mac=$(item .mac) address=$(item .address)
check "the port is up" eval 'ip link show ndp-vm1 | grep -q "state UP"'
check_not "nobody else gets it" plug --br=web --name=vm1
check "... and is told" grep -q "in use" err
unplug
check "it goes with the program" poll 2 eval '! ip link show ndp-vm1'
soon "... and the attachment" eval '[ -z "$(item .name)" ]'
soon "nothing is held" _plan_is_empty
plugged "by the bridge's name, at once again" --br=nd-web --name=vm1
same "the same MAC" "$mac" "$(item .mac)"
same "the same address" "$address" "$(item .address)"
unplug
for i in 1 2 3 4 5; do
	plugged "again ($i)" --br=vms/web --name=vm1
	unplug
done
soon "the attachment goes" eval '[ -z "$(item .name)" ]'
plugged "what stands behind the network" \
	--br=web,name=vm2,mac=52:54:00:aa:bb:cc,address=10.1.0.99
same "... counts" "vm2 52:54:00:aa:bb:cc 10.1.0.99" \
	"$(item '"\(.name) \(.mac) \(.address)"')"
# the daemon is away while the program ends
kill_netd
unplug
start_netd --group nogroup
soon "what ended meanwhile is released" eval '[ -z "$(item .name)" ]'
check_not "an unknown network" plug --br=nonesuch
check "... is named" grep -q nonesuch err
check_not "a network of a namespace of its own" plug --br=inner
check_not "a bad name" plug --br=web --name=a/b
check "an owner can't be chosen" eval 'as_user curl -s --unix-socket \
	"$NETD_SOCKET" "http://netd/v1/attachments?owner=peer" -d "{\"x\":
	{\"network\": \"web\", \"type\": \"tap\", \"owner\": \"root\"}}" \
	>/dev/null; [ "$(ip -d -j link show ndp-x |
	jq -r ".[0].linkinfo.info_data.user")" = 1234 ]'
must netdctl detach x
check_not "who may not ask" setpriv --reuid 1234 --regid daemon --clear-groups \
	"$HELPER" --br=web --fd=1
check "... is told why" eval 'setpriv --reuid 1234 --regid daemon \
	--clear-groups "$HELPER" --br=web --fd=1 2>&1 | grep -qi permission'

# --- QEMU itself ---
guest()
{
	local root=$WORLD/initrd module file
	mkdir -p "$root"/{bin,m,proc,sys,dev}
	cp "$(command -v busybox)" "$root/bin/busybox"
	for module in virtio_pci virtio_net; do
		modprobe -d "$KERNEL" -S "$(basename "$KERNEL"/lib/modules/*)" \
			--show-depends $module
	done | sed -n 's/^insmod \([^ ]*\).*/\1/p' | awk '!seen[$0]++' |
	while read -r file; do
		cp "$file" "$root/m/"
		echo "${file##*/}" >>"$root/m/order"
	done
	cat >"$root/init" <<-END
	#!/bin/busybox sh
	/bin/busybox --install -s /bin
	export PATH=/bin
	mount -t proc proc /proc
	mount -t sysfs sys /sys
	for m in \$(cat /m/order); do insmod /m/\$m; done
	arg() { sed "s/.*\$1=\([^ ]*\).*/\1/" /proc/cmdline; }
	until [ -e /sys/class/net/eth0 ]; do usleep 20000; done
	ip addr add \$(arg vmip)/24 dev eth0
	ip link set eth0 up
	mkdir /www
	echo "from \$(arg vmip)" >/www/index.html
	exec httpd -f -p 80 -h /www
	END
	chmod 755 "$root/init"
	(cd "$root" && find . | cpio -o -H newc --quiet) >"$WORLD/initrd.img"
}

# ADDRESS NETDEV DEVICE
machine()
{
	# no function in between: $! is to be QEMU itself
	setpriv --reuid 1234 --regid nogroup --clear-groups --inh-caps=-all \
		--bounding-set=-all qemu-system-x86_64 -accel tcg -cpu qemu64 -m 256 -nodefaults \
		-no-reboot -display none -serial "file:$WORLD/console" \
		-kernel "$KERNEL/vmlinux" -initrd "$WORLD/initrd.img" \
		-append "console=ttyS0 quiet panic=-1 vmip=$1" \
		-netdev "$2" -device "$3" >"$WORLD/qemu" 2>&1 &
	qemu=$!
}

fetch()
{
	curl -s -m 1 "http://$1/"
}

# an emulated machine does not emulate another one
if [ "$SLOW" -lt 5 ] && command -v qemu-system-x86_64 >/dev/null &&
   [ -e "$KERNEL/vmlinux" ] &&
   command -v busybox cpio >/dev/null; then
	must guest
	: >"$WORLD/console"
	chmod 666 "$WORLD/console"
	SOON=$((30 * SLOW * BUSY))
	machine 10.1.0.2 "bridge,id=n0,br=web,helper=$HELPER" \
		virtio-net-pci,netdev=n0,mac=52:54:00:00:00:77,romfile=
	soon "-netdev bridge: the machine answers" eval \
		'[ "$(fetch 10.1.0.2)" = "from 10.1.0.2" ] ||
		! kill -0 $qemu'
	same "-netdev bridge: it says who it is" "from 10.1.0.2" \
		"$(fetch 10.1.0.2)" || cat qemu console
	same "its MAC was found" 52:54:00:00:00:77 "$(item .mac)"
	kill $qemu
	wait $qemu
	soon "its port goes with it" eval '[ -z "$(item .name)" ]'
	machine 10.1.0.50 "tap,id=n0,br=web,helper=$HELPER --name=vm7\
 --address=10.1.0.50" virtio-net-pci,netdev=n0,romfile=
	soon "-netdev tap with options: the machine answers" eval \
		'[ "$(fetch 10.1.0.50)" = "from 10.1.0.50" ] ||
		! kill -0 $qemu'
	same "-netdev tap: it says who it is" "from 10.1.0.50" \
		"$(fetch 10.1.0.50)" || cat qemu console
	same "QEMU's usual MAC was found" "vm7 52:54:00:12:34:56" \
		"$(item '"\(.name) \(.mac)"')"
	kill $qemu
	wait $qemu
	soon "its port goes with it" eval '[ -z "$(item .name)" ]'
else
	echo "# no QEMU or no kernel for it: only what speaks its protocol ran"
fi
check "down" netdctl down vms
check "down" netdctl down lab
nothing_left

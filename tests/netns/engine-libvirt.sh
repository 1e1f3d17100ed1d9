#!/bin/bash
# engine-libvirt.sh - libvirt's domains, by a tap of ours and by one of its own
# one build: an engine takes its time, and others ask the same
# SPDX-License-Identifier: GPL-2.0-or-later
. "$(dirname "$0")/../lib.sh"
. "$TESTS/engines.sh"

CACHE=${NETD_TEST_CACHE:-/var/cache/netd-test}
URI=qemu:///system
needs libvirtd virsh qemu-system-x86_64 busybox cpio curl
KERNEL=$(ls -d "$CACHE"/linux-image-*-amd64 2>/dev/null | tail -n 1)
[ -e "$KERNEL/vmlinux" ] || skip "no kernel: tests/vm/fetch-kernel $CACHE"

# /etc is this world's own; libvirt-daemon-system would make the user.
libvirt()
{
	grep -q ^libvirt-qemu: /etc/passwd ||
		echo 'libvirt-qemu:x:64055:64055::/:/usr/sbin/nologin' \
			>>/etc/passwd
	grep -q ^libvirt-qemu: /etc/group ||
		echo 'libvirt-qemu:x:64055:' >>/etc/group
	mkdir -p /etc/libvirt /run/libvirt /var/cache/libvirt "$WORLD"/{vm,bin}
	must mount -t tmpfs cache /var/cache/libvirt
	chmod 755 "$WORLD"
	# a KVM that doesn't work, and other processors, are asked for long
	ln -s /usr/bin/qemu-system-x86_64 "$WORLD/bin/"
	if [ -e /dev/kvm ]; then
		: >"$WORLD/kvm"
		chmod 0 "$WORLD/kvm"
		must mount --bind "$WORLD/kvm" /dev/kvm
	fi
	chmod 777 "$WORLD/vm"
	cat >/etc/libvirt/qemu.conf <<-'END'
	user = "libvirt-qemu"
	group = "libvirt-qemu"
	cgroup_controllers = []
	security_driver = "none"
	namespaces = []
	dynamic_ownership = 0
	stdio_handler = "file"
	END
	cat >"$WORLD/libvirtd.conf" <<-'END'
	auth_unix_rw = "none"
	auth_unix_ro = "none"
	log_level = 3
	END
	PATH=$WORLD/bin:/usr/sbin:/sbin libvirtd -f "$WORLD/libvirtd.conf" \
		>"$WORLD/libvirtd.log" 2>&1 &
	libvirtd_pid=$!
	poll $((20 * SLOW * BUSY)) virsh -c qemu:///system version && return
	cat "$WORLD/libvirtd.log"
	skip "libvirtd can't run here"
}

# An ordinary user's own libvirtd, which asks netd's helper for ports.
session()
{
	local home=$WORLD/carol
	echo 'carol:x:7003:65534::/:/bin/sh' >>/etc/passwd
	# as udev makes it
	must mknod -m 666 "$WORLD/tun" c 10 200
	must mount --bind "$WORLD/tun" /dev/net/tun
	mkdir -p "$home/libvirt"
	cat >"$home/libvirt/qemu.conf" <<-END
	bridge_helper = "$BUILD/ctl/netd-bridge-helper"
	stdio_handler = "file"
	END
	chown -R carol "$home"
	as_carol libvirtd -f "$WORLD/libvirtd.conf" \
		>"$WORLD/session.log" 2>&1 &
	session_pid=$!
	URI=qemu:///session
	soon "carol has a libvirtd of her own" as_carol virsh -c $URI version
}

as_carol()
{
	setpriv --reuid carol --regid nogroup --clear-groups \
		--inh-caps=-all --bounding-set=-all env HOME="$WORLD/carol" \
		XDG_RUNTIME_DIR="$WORLD/carol" XDG_CACHE_HOME="$WORLD/carol" \
		LIBVIRT_AUTOSTART=0 XDG_CONFIG_HOME="$WORLD/carol" \
		NETD_SOCKET="$NETD_SOCKET" \
		PATH="$WORLD/bin:/usr/sbin:/sbin:/usr/bin" "$@"
}

# domain NAME ADDRESS GATEWAY INTERFACE-XML
domain()
{
	cat >"$WORLD/$1.xml" <<-END
	<domain type='qemu'>
	  <name>$1</name>
	  <memory unit='MiB'>192</memory>
	  <vcpu>1</vcpu>
	  <os>
	    <type arch='x86_64' machine='pc'>hvm</type>
	    <kernel>$KERNEL/vmlinux</kernel>
	    <initrd>$WORLD/vm/initrd</initrd>
	    <cmdline>console=ttyS0 quiet vmip=$2${3:+/24 vmgw=$3}</cmdline>
	  </os>
	  <features><acpi/></features>
	  <devices>
	    <emulator>/usr/bin/qemu-system-x86_64</emulator>
	    <controller type='usb' model='none'/>
	    <memballoon model='none'/>
	    <serial type='file'><source path='$WORLD/vm/$1'/></serial>
	    $4
	  </devices>
	</domain>
	END
	chmod a+r "$WORLD/$1.xml"
	"${@:5}" virsh -q -c $URI create "$WORLD/$1.xml"
}

ethernet()
{
	echo "<interface type='ethernet'><mac address='52:54:00:95:00:11'/>
		<target dev='ndp-vm1' $1/><model type='virtio'/>
		<rom enabled='no'/></interface>"
}

bridged()
{
	echo "<interface type='bridge'><source bridge='$1'/>
		<model type='virtio'/><rom enabled='no'/></interface>"
}

page()
{
	[ "$(in_ns "$1" curl -s -m 3 "http://$2")" = "$3" ]
}

outside
remember
start_netd --group nogroup
libvirt
apply "$TOP/examples/libvirt.net.yaml"
must "$TESTS/vm/guest" "$KERNEL" "$WORLD/vm/initrd"
chmod a+r "$WORLD/vm/initrd"

check_not "libvirt wants a tap of its own" domain vm1 10.95.0.11 10.95.0.1 \
	"$(ethernet "")"
soon "and when it deleted ours, that is there again" _plan_is_empty
check "a domain with a tap of netd's, which asks by DHCP" domain vm1 dhcp "" \
	"$(ethernet "managed='no'")"
check "a domain with one of its own" domain vm2 10.96.0.12 10.96.0.1 \
	"$(bridged nd-free)"
check "one on a network that does not want such" \
	domain vm3 10.95.0.13 10.95.0.1 "$(bridged nd-web)"
SOON=$((60 * SLOW * BUSY))
soon "the first answers" page "" 10.95.0.11 "x86_64 10.95.0.11/24" ||
	cat "$WORLD"/vm/vm1
soon "the second, too" page "" 10.96.0.12 "x86_64 10.96.0.12/24"
soon "it is reached as the policy says" page "" \
	"10.95.0.11/cgi-bin/ask?10.96.0.12:80" "x86_64 10.96.0.12/24"
check "and reaches nothing, as the policy says" page "" \
	"10.96.0.12/cgi-bin/ask?10.95.0.11:80" no
check "the first is published" page outside 203.0.113.1:8080 \
	"x86_64 10.95.0.11/24"
soon "the third runs" grep -q ready "$WORLD/vm/vm3"
check_not "but it is confined" page "" 10.95.0.13 "x86_64 10.95.0.13/24"
check "and named" eval 'netdctl status | grep -q vnet'
for vm in vm1 vm2 vm3; do
	check "$vm ends" virsh -q -c qemu:///system destroy $vm
done
soon "the plan is empty" _plan_is_empty

session
check "a domain of carol's" domain vm4 dhcp "" "<interface
	type='bridge'><mac address='52:54:00:95:00:14'/><source
	bridge='web,mac=52:54:00:95:00:14,address=10.95.0.14'/><model
	type='virtio'/><rom enabled='no'/></interface>" as_carol
soon "it answers" page "" 10.95.0.14 "x86_64 10.95.0.14/24" || {
	cat "$WORLD/session.log" "$WORLD/vm/vm4"; }
check "it ends" as_carol virsh -q -c $URI destroy vm4
soon "and so does its port" eval \
	'! netdctl list attachments | grep -q 10.95.0.14'
kill $libvirtd_pid $session_pid
wait $libvirtd_pid $session_pid
check "down" netdctl down libvirt
nothing_left

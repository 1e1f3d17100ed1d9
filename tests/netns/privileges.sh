#!/bin/bash
# privileges.sh - what each process of netd may do, and what the death of each does
# one kernel: what it tests does not depend on that
# one build: the sanitizers need more than netd keeps
# SPDX-License-Identifier: GPL-2.0-or-later
. "$(dirname "$0")/../lib.sh"

# A user of this world only.
for f in passwd:netd:x:4999:4998::/:/bin/false group:netd:x:4998:; do
	{ cat "/etc/${f%%:*}"; echo "${f#*:}"; } >"$WORLD/${f%%:*}"
done
chmod 755 "$WORLD" /run

part()
{
	case $1 in
	netd) echo "$netd_pid" ;;
	helper) pgrep -P "$netd_pid" -x netd-helper ;;
	outside) pgrep -P "$(part helper)" -x netd-outside ;;
	kernel) kernel_side ;;
	esac
}

# caps HEX: the names, sorted
caps()
{
	local i hex=$((16#$1)) out=
	local names=(chown dac_override dac_read_search fowner fsetid kill
		setgid setuid setpcap linux_immutable net_bind_service
		net_broadcast net_admin net_raw ipc_lock ipc_owner sys_module
		sys_rawio sys_chroot sys_ptrace sys_pacct sys_admin sys_boot
		sys_nice sys_resource sys_time sys_tty_config mknod lease
		audit_write audit_control setfcap mac_override mac_admin syslog
		wake_alarm block_suspend audit_read perfmon bpf
		checkpoint_restore)
	for i in "${!names[@]}"; do
		[ $((hex >> i & 1)) = 0 ] || out+="${names[i]} "
	done
	echo "${out% }"
}

field()
{
	awk -v f="$2:" '$1 == f { print $2 }' "/proc/$(part "$1")/status"
}

# has PART UID EFFECTIVE BOUNDING
has()
{
	local part=$1 uid=$2 eff=$3 bnd=$4
	same "$part: its user" "$uid $uid $uid $uid" \
		"$(awk '$1 == "Uid:" { print $2, $3, $4, $5 }' "/proc/$(part "$part")/status")"
	same "$part: its capabilities" "$eff" "$(caps "$(field "$part" CapEff)")"
	[ "$part" = helper ] || same "$part: ... and no more in reserve" "$eff" \
		"$(caps "$(field "$part" CapPrm)")"
	same "$part: ... none for what it would start, but these" "$bnd" \
		"$(caps "$(field "$part" CapBnd)")"
	same "$part: no setuid program gives more" 1 "$(field "$part" NoNewPrivs)"
	same "$part: no groups" "" "$(sed -n 's/^Groups:[ \t]*//p' "/proc/$(part "$part")/status")"
}

out="chown dac_override fowner kill setgid setuid setpcap net_bind_service net_admin net_raw sys_ptrace sys_admin"
helper_bnd="chown dac_override fowner kill setgid setuid setpcap net_bind_service net_broadcast net_admin net_raw sys_chroot sys_ptrace sys_admin"
all_as_said()
{
	has netd "$1" "" ""
	same "netd: system calls are filtered" 2 "$(field netd Seccomp)"
	has kernel "$1" "net_broadcast net_admin" ""
	same "kernel: system calls are filtered" 2 "$(field kernel Seccomp)"
	same "helper: system calls are filtered" 2 "$(field helper Seccomp)"
	same "outside: system calls are filtered" 2 "$(field outside Seccomp)"
	has helper 0 "kill setpcap net_admin sys_chroot sys_ptrace sys_admin" "$helper_bnd"
	has outside 0 "$out" "$out"
}

works()
{
	[ -n "$(part kernel)" ] && [ -n "$(part outside)" ] &&
		netdctl status --json |
		jq -e '.converged and ."kernel-side".running' >/dev/null &&
		reach guest 10.1.0.1 icmp
}

ns guest
cat >"$WORLD/p.net.yaml" <<'END'
namespace: p
networks:
  a: {subnet: 10.1.0.0/24}
  b: {subnet: 10.2.0.0/24}
attachments:
  g: {network: a, type: veth, netns: guest, address: 10.1.0.10}
  t: {network: b, type: tap, owner: netd}
routers:
  r: {networks: [a, b]}
END

mount --bind "$WORLD/passwd" /etc/passwd
mount --bind "$WORLD/group" /etc/group
mkdir "$WORLD/cni"
echo '{"name": "theirs"}' >"$WORLD/cni/95-netd-p.b.conflist"
remember
start_netd --cni-dir "$WORLD/cni" --docker-socket "$WORLD/plugins/netd.sock"
apply "$WORLD/p.net.yaml"
can guest 10.1.0.1 icmp
soon "all are there" works
all_as_said 4999
plan_is_empty p

# --- what still needs a file somewhere ---
check "CNI's files are written" jq -e '.plugins[0].type == "netd-cni"' \
	"$WORLD/cni/95-netd-p.a.conflist"
same "... and others' not replaced" '{"name": "theirs"}' \
	"$(cat "$WORLD/cni/95-netd-p.b.conflist")"
check "Docker's driver answers" bash -c "curl -s --unix-socket \
	'$WORLD/plugins/netd.sock' -X POST http://x/Plugin.Activate |
	grep -q IpamDriver"
same "the socket is shut" 600 "$(stat -c %a "$NETD_SOCKET")"
sed -i 's/^networks:/owners: [netd]\n&/' "$WORLD/p.net.yaml"
apply "$WORLD/p.net.yaml"
same "with owners it is open" 666 "$(stat -c %a "$NETD_SOCKET")"
sed -i '/^owners:/d' "$WORLD/p.net.yaml"
apply "$WORLD/p.net.yaml"

# --- what is not allowed is not done ---
# The kernel side's own descriptors are all it has.
check "the kernel side has no file open" bash -c \
	"! ls -l /proc/$(part kernel)/fd | grep -Ev 'total|socket:|kernel.lock|net:|/dev/net/tun|pipe:|/dev/null|netd.log|inotify' "

# --- each of them dies ---
for p in kernel outside; do
	old=$(part $p)

	kill -KILL "$old"
	soon "$p: SIGKILL: it is started again" eval \
		'[ -n "$(part $p)" ] && [ "$(part $p)" != "$old" ] && works'
	all_as_said 4999
	ip -n p link del nd-b
	soon "$p: ... and repairs" ip -n p link show nd-b
done
kill -KILL "$(part helper)"
check_not "helper: SIGKILL: netd ends too, with an error" wait "$netd_pid"
netd_pid=
check "... traffic goes on" reach guest 10.1.0.1 icmp
start_netd
soon "... and the next netd goes on" works
old=$(_netd_pids | tail -n +2)
kill_netd
gone()
{
	local p
	for p in $old; do
		[ ! -e "/proc/$p" ] || return 1
	done
}
soon "netd: SIGKILL: nothing of it stays" gone
start_netd
soon "... and the next one goes on" works
plan_is_empty p
check "down" netdctl down p
nothing_left
stop_netd

# --- a host without that user ---
umount /etc/passwd /etc/group
start_netd
check "netd says so" grep -q 'there is no user netd' "$WORLD/netd.log"
sed -i 's/owner: netd/owner: root/' "$WORLD/p.net.yaml"
apply "$WORLD/p.net.yaml"
can guest 10.1.0.1 icmp
all_as_said 0
stop_netd
check_not "a user that was asked for and isn't there is an error" \
	"$NETD" --user nonesuch --state-dir "$STATE" --socket "$NETD_SOCKET"

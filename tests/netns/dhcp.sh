#!/bin/bash
# dhcp.sh - a stock guest gets its address, its name and its routes, IPv4 and IPv6
# SPDX-License-Identifier: GPL-2.0-or-later
# one kernel
. "$(dirname "$0")/../lib.sh"
command -v dnsmasq >/dev/null || skip "no dnsmasq"
command -v busybox >/dev/null || skip "no busybox"

cat >web.net.yaml <<'Y'
networks:
  web:
    mode: nat
    subnet: 10.1.0.0/24
    subnet6: "fd00:1::/64"
    mtu: 1450
    dhcp:
      ranges: [10.1.0.100-10.1.0.120]
      lease-time: 10m
      reservations: [{mac: "52:54:00:00:00:99", address: 10.1.0.50, hostname: db}]
      options: {ntp-server: 10.1.0.7}
    dns: {forwarders: [], records: {www: 10.1.0.50, mail: "10.1.0.51, fd00:1::51", home: www}}
  other:
    subnet: 10.2.0.0/24
    dhcp: true
    dns: true
  six: {mode: nat, subnet6: "fd00:6::/64", ra: true}
attachments:
  vm1: {network: web, type: tap, owner: root, mac: "52:54:00:12:34:56"}
  st: {network: web, type: veth, netns: st, anti-spoofing: false, address: none, address6: none}
  s6: {network: six, type: veth, netns: six, address6: slaac}
  ot: {network: other, type: veth, netns: ot, address: dhcp}
Y
# what udhcpc is told, as the script of a stock image uses it
cat >lease <<'S'
#!/bin/bash
case $1 in
bound|renew)
	ip addr flush dev "$interface" scope global
	ip addr add "$ip/$mask" dev "$interface"
	[ -z "${router:-}" ] || ip route replace default via "$router"
	env >"/run/world/lease.$interface.$(ip netns identify)"
esac
S
chmod +x lease

# ask NS IF [OPTION...]: one lease, as a stock guest asks for it
ask()
{
	in_ns "$1" busybox udhcpc -n -q -f -t 5 -T 1 -i "$2" -s "$WORLD/lease" \
		-O ntpsrv -O mtu "${@:3}"
}

has_address()
{
	ip -n "$1" -o addr show dev "$2" | grep -qF " $3/"
}

answer()
{
	in_ns "$1" dig +short +time=1 +tries=2 "@$2" "${@:3}"
}

ns st
ns ot
ns six
ns c1
ns vm1
# a stock guest: the kernel's own handling of advertisements
in_ns vm1 sh -c 'echo 0 >/proc/sys/net/ipv6/conf/default/accept_dad
	echo 1 >/proc/sys/net/ipv6/conf/default/accept_ra
	echo 0 >/proc/sys/net/ipv6/conf/all/forwarding'
remember
start_netd
# what can't be is told, and undone
must mount --bind /dev/null /usr/sbin/dnsmasq
check_not "dnsmasq is not installed" netdctl apply web.net.yaml
check "the cure is told, at its line" eval 'netdctl apply web.net.yaml 2>&1 |
	grep -q "^web.net.yaml:.*networks.web: .*apt install dnsmasq-base"'
must umount /usr/sbin/dnsmasq
socat TCP-LISTEN:53,reuseaddr PIPE & socat=$!
soon "another server" eval 'ss -Hltn sport = 53 | grep -q .'
check_not "has the port" eval 'netdctl apply web.net.yaml >out 2>&1'
check "is told" grep -q "^web.net.yaml:.*process dnsmasq/web.*already in use" out
kill $socat
wait $socat
nothing_left "and undone"
apply web.net.yaml
plan_is_empty web.net.yaml
vm vm1 ndp-vm1 52:54:00:12:34:56

# IPv4
check "a VM gets its address" ask vm1 eth0
check "it is the one that is the attachment's" has_address vm1 eth0 10.1.0.2
can vm1 10.1.0.1 icmp
check "a stranger gets one of the range" ask st eth0
check "it is within" grep -qE '^ip=10\.1\.0\.1(0[0-9]|1[0-9]|20)$' lease.eth0.st
check "the MTU" grep -qx mtu=1450 lease.eth0.st
check "an option" grep -qx ntpsrv=10.1.0.7 lease.eth0.st
check "the router" grep -qx router=10.1.0.1 lease.eth0.st
check "the domain" grep -qx domain=web.web lease.eth0.st
check "a container asks, too" ask ot eth0
check "the address that netd would have given it" has_address ot eth0 10.2.0.2
check "an isolated network has no way out" \
	[ -z "$(ip -n ot route show default)" ]
same "leases" "10.2.0.2 ot ot
10.1.0.2 vm1 vm1" "$(netdctl leases --json | jq -r '.leases[] |
	select(.attachment) | "\(.address) \(.hostname) \(.attachment)"')"
check "for people" eval 'netdctl leases web/other | grep -q "^10.2.0.2 .*ot"'
same "of one network" 1 "$(netdctl leases web/other | grep -c ^10)"

# a guest that takes an address that is not its own is not heard
must ip -n vm1 addr add 10.1.0.77/24 dev eth0
check_not "another's address" in_ns vm1 ping -c1 -W1 -I 10.1.0.77 10.1.0.1

# IPv6: the advertisement, and what is asked by DHCPv6
soon "SLAAC" eval 'ip -n vm1 -6 addr show dev eth0 scope global |
	grep -q "fd00:1::5054:ff:fe12:3456/64"'
soon "the default route" eval 'ip -n vm1 -6 route show default |
	grep -q "via fe80::"'
same "the MTU of the advertisement" 1450 \
	"$(in_ns vm1 cat /proc/sys/net/ipv6/conf/eth0/mtu)"
can vm1 fd00:1::1 icmp
check "RDNSS" eval 'in_ns vm1 rdisc6 -1 -w 2000 eth0 | tee ra |
	grep -q "Recursive DNS server *: fd00:1::1"'
check "DHCPv6 tells more" grep -q "Stateful other conf.*: *Yes" ra
check_not "but gives no address" grep -q "Stateful address conf.*: *Yes" ra

# DNS
same "the name of an attachment" 10.1.0.2 "$(answer vm1 10.1.0.1 vm1.web.web A)"
same "by IPv6" 10.1.0.2 "$(answer vm1 fd00:1::1 vm1.web.web A)"
same "by TCP" 10.1.0.2 "$(answer vm1 10.1.0.1 vm1.web.web A +tcp)"
same "backwards" vm1.web.web. "$(in_ns vm1 dig +short @10.1.0.1 -x 10.1.0.2)"
same "a record" 10.1.0.50 "$(answer vm1 10.1.0.1 www.web.web A)"
same "of IPv6" fd00:1::51 "$(answer vm1 10.1.0.1 mail.web.web AAAA)"
same "another name" "www.web.web.
10.1.0.50" "$(answer vm1 10.1.0.1 home.web.web A)"
same "the own network's names only" "" "$(answer ot 10.2.0.1 vm1.web.web A)"
must ip -n ot route replace default via 10.2.0.1
check_not "another network's server does not answer" \
	answer ot 10.1.0.1 vm1.web.web A

# a container of an engine's is told of it, known at once, and never leased
cni()
{
	CNI_COMMAND=$1 CNI_CONTAINERID=c1 CNI_IFNAME=eth0 \
		CNI_NETNS=/run/netns/c1 CNI_PATH=/usr/lib/cni \
		"$BUILD/ctl/netd-cni" <<<'{"cniVersion": "1.0.0", "name": "x",
			"type": "netd-cni", "network": "web/web"}'
}
check "CNI tells of the name servers" eval 'cni ADD | jq -e "
	.dns.nameservers == [\"10.1.0.1\", \"fd00:1::1\"] and
	.dns.domain == \"web.web\""'
c1=$(netdctl list attachments --json | jq -r '.items[].name' | grep ^cni)
soon "the container is known by name" eval \
	'[ "$(answer c1 10.1.0.1 "$c1.web.web" A)" = "$(ip -n c1 -j -4 addr \
		show dev eth0 | jq -r ".[].addr_info[0].local")" ]'
check "its address is reserved" grep -rq "$(ip netns exec c1 cat \
	/sys/class/net/eth0/address)" "$WORLD/run/dnsmasq/web.web/hosts"
check "it goes" cni DEL
check "list tells who serves" eval 'netdctl list networks |
	grep " web .*DHCP, DNS, RA"'

# only advertisements; only names
must in_ns six sh -c 'echo 1 >/proc/sys/net/ipv6/conf/all/accept_ra'
soon "SLAAC alone" eval 'ip -n six -6 addr show dev eth0 scope global |
	grep -q "fd00:6:"'
soon "with its route" eval 'ip -n six -6 route show default |
	grep -q "via fe80::"'
check_not "nobody is asked for names there" in_ns six dig +time=1 +tries=1 \
	@fd00:6::1 six.six.web
can six fd00:6::1 icmp

# who may not serve
cannot vm1 10.1.0.1 tcp 22
check_not "a guest is no server" in_ns vm1 timeout 2 "$TALK" ask 10.1.0.100 udp 68 1

check "down" netdctl down web
for n in st ot six c1 vm1; do ip -n $n link del eth0 2>/dev/null; done
nothing_left
same "no process is left" "" "$(pgrep dnsmasq)"
same "no file is left" "" "$(find run/dnsmasq state/dnsmasq 2>/dev/null)"

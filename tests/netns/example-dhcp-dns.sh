#!/bin/bash
# example-dhcp-dns.sh - stock machines, DHCPv4 and DHCPv6, names, forwarders
# SPDX-License-Identifier: GPL-2.0-or-later
# one kernel
# one build
. "$(dirname "$0")/../lib.sh"
for p in dnsmasq dhclient dig; do
	command -v $p >/dev/null || skip "no $p"
done

FILE=$TOP/examples/dhcp-dns.net.yaml

# as Debian's script of dhclient, which would write /etc/resolv.conf
cat >script <<'S'
#!/bin/bash
env >>"/run/world/dhclient.$interface"
case $reason in
BOUND|RENEW|REBOOT)
	ip addr replace "$new_ip_address/24" dev "$interface"
	[ -z "$new_routers" ] || ip route replace default via "$new_routers" ;;
BOUND6|RENEW6)
	ip addr replace "$new_ip6_address/128" dev "$interface" nodad ;;
PREINIT|PREINIT6)
	ip link set "$interface" up
esac
S
chmod +x script
cat >dhclient.conf <<'S'
request subnet-mask, routers, interface-mtu, domain-name, domain-name-servers,
	ntp-servers, dhcp6.name-servers, dhcp6.domain-search;
timeout 10;
S

# client NS OPTION...
client()
{
	in_ns "$1" timeout 15 dhclient -1 -cf "$WORLD/dhclient.conf" \
		-sf "$WORLD/script" -lf "$WORLD/leases.$1" \
		-pf "$WORLD/pid.$1" "${@:2}" eth0
}
stop_client()
{
	kill "$(cat "$WORLD/pid.$1")"
}
has()
{
	ip -n "$1" -o addr show dev eth0 | grep -qF " $2/"
}
name()
{
	in_ns "$1" dig +short +time=1 +tries=2 "@$2" "${@:3}"
}

ns outside
wire "" eth0 outside eth0
must ip addr add 203.0.113.1/24 dev eth0
must ip -n outside addr add 203.0.113.254/24 dev eth0
must ip route add default via 203.0.113.254
serve outside tcp 80
# somebody else's name server
in_ns outside dnsmasq --no-resolv --no-hosts --bind-interfaces \
	--listen-address=203.0.113.254 --pid-file="$WORLD/pid.outside" \
	--address=/far.example/192.0.2.80 --conf-file=/dev/null
ns ct1
ns vm1
ns vm2
ns st
remember
start_netd
apply "$FILE"
plan_is_empty "$FILE"
vm vm1 ndp-vm1 52:54:00:80:00:10
vm vm2 ndp-vm2 "$(netdctl list attachments --json |
	jq -r '.items[] | select(.name == "vm2").mac')"

check "dhclient in a VM" client vm1
check "gets the VM's address" has vm1 10.80.0.10
check "and its options" grep -qx new_ntp_servers=10.80.0.1 dhclient.eth0
check "the MTU" grep -qx new_interface_mtu=1450 dhclient.eth0
check "the domain" grep -qx new_domain_name=office.example dhclient.eth0
can vm1 203.0.113.254 tcp 80
stop_client vm1
same "names of our own" 10.80.0.10 "$(name vm1 10.80.0.1 intranet.office.example A | tail -n 1)"
same "of others" 192.0.2.80 "$(name vm1 10.80.0.1 x.far.example A)"
same "backwards" vm1.office.example. "$(name vm1 10.80.0.1 -x 10.80.0.10)"

check "a container, by DHCP" client ct1
soon "is known by name" eval '[ -n "$(name vm1 10.80.0.1 ct1.office.example)" ]'
stop_client ct1

soon "a link-local address" eval '! ip -n vm2 -6 addr show tentative |
	grep -q fe80'
check "DHCPv6" client vm2 -6
check "gives the VM's address" has vm2 fd00:81::10
stop_client vm2
soon "no SLAAC beside it, but a route" eval \
	'ip -n vm2 -6 route show | grep -q "^fd00:81::/64"'
same "the one address" 1 \
	"$(ip -n vm2 -6 -o addr show dev eth0 scope global | wc -l)"
can vm2 fd00:81::1 icmp
same "no way out is told" "" "$(ip -n vm2 -6 route show default)"
same "nobody else is asked" "" "$(name vm2 fd00:81::1 x.far.example A)"
same "leases" "10.80.0.10 vm1
fd00:81::10 vm2" "$(netdctl leases --json | jq -r '.leases[] |
	select(.attachment == "vm1" or .attachment == "vm2") |
	"\(.address) \(.attachment)"' | sort)"

# a reservation by DUID, which reaches dnsmasq without a restart
pid=$(cat "$WORLD/run/dnsmasq/dhcp-dns.store/pid")
sed 's/^    dhcp: true$/    dhcp: {reservations: [{hostname: fixed, '\
'duid: "00:03:00:01:02:00:00:00:00:77", address: "fd00:81::77"}]}/' \
	"$FILE" >dhcp-dns.net.yaml
apply dhcp-dns.net.yaml
same "the same dnsmasq" "$pid" "$(cat "$WORLD/run/dnsmasq/dhcp-dns.store/pid")"
check "attach" netdctl attach dhcp-dns/store --netns st --name st \
	--mac 02:00:00:00:00:77 --address none --address6 none
soon "a link-local address" eval '! ip -n st -6 addr show tentative |
	grep -q fe80'
check "DHCPv6" client st -6 -D LL
check "gives what is reserved" has st fd00:81::77
stop_client st
same "its name" fd00:81::77 "$(name vm2 fd00:81::1 fixed.store.dhcp-dns AAAA)"

check "down" netdctl down dhcp-dns
ip -n ct1 link del eth0 2>/dev/null
for n in st vm1 vm2; do ip -n $n link del eth0 2>/dev/null; done
nothing_left

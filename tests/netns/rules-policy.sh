#!/bin/bash
# rules-policy.sh - policies, modes, the host and its services, both families
# SPDX-License-Identifier: GPL-2.0-or-later
. "$(dirname "$0")/../lib.sh"
. "$TESTS/site.sh"
. "$TESTS/frames.sh"

topology()
{
	cat >"$WORLD/pol.net.yaml" <<'YAML'
networks:
  web: {mode: nat, subnet: 10.1.0.0/24, subnet6: "fd00:1::/64", services: [22/tcp, 8000-8010/udp]}
  db: {subnet: 10.2.0.0/24, subnet6: "fd00:2::/64", log: true, mac: "02:00:00:00:0b:ff"}
  v4: {mode: nat, mode6: isolated, subnet: 10.3.0.0/24, subnet6: "fd00:3::/64"}
  pub: {mode: open, subnet: 10.4.0.0/24, subnet6: "fd00:4::/64"}
attachments:
  w1: {network: web, type: veth, netns: w1, address: 10.1.0.11, address6: "fd00:1::11"}
  w2: {network: web, type: veth, netns: w2, address: 10.1.0.12, address6: "fd00:1::12"}
  d1: {network: db, type: veth, netns: d1, address: 10.2.0.11, address6: "fd00:2::11", mac: "02:00:00:00:0b:01"}
  v1: {network: v4, type: veth, netns: v1, address: 10.3.0.11, address6: "fd00:3::11"}
  p1: {network: pub, type: veth, netns: p1, address: 10.4.0.11, address6: "fd00:4::11"}
groups:
  many: [web, v4, 203.0.113.254, "2001:db8::254"]
policies:
  - {name: nomail, from: web, to: outside, action: reject, protocol: tcp, ports: [25], log: true}
  - {name: shop, from: web, to: db, action: allow, protocol: tcp, ports: [5432, 6000-6010]}
  - {name: ping, from: many, to: d1, action: allow, protocol: icmp}
  - {name: nodrop, from: w2, to: db, action: drop, protocol: udp}
  - {name: dns, from: web, to: db, action: allow, protocol: [udp, tcp], ports: [53]}
  - {name: time, from: db, to: host, action: allow, protocol: udp, ports: [123]}
  - {name: quiet, from: host, to: db, action: reject, protocol: tcp, ports: [22]}
YAML
	apply "$WORLD/pol.net.yaml"
	plan_is_empty "$WORLD/pol.net.yaml"
}

# FROM ADDR PROTO PORT yes|no|rejected
expected()
{
	matrix <<'M'
w1 203.0.113.254 tcp 80 yes
w1 2001:db8::254 tcp 80 yes
w1 203.0.113.254 tcp 25 rejected
w1 2001:db8::254 tcp 25 rejected
w1 10.2.0.11 tcp 5432 yes
w1 fd00:2::11 tcp 6005 yes
w1 10.2.0.11 tcp 80 rejected
w1 fd00:2::11 tcp 80 rejected
w1 10.2.0.11 udp 53 yes
w1 fd00:2::11 tcp 53 yes
w2 10.2.0.11 tcp 53 yes
w2 10.2.0.11 udp 53 no
w2 fd00:2::11 udp 53 no
d1 10.1.0.11 tcp 80 rejected
d1 fd00:1::11 tcp 80 rejected
d1 203.0.113.254 tcp 80 rejected
d1 2001:db8::254 tcp 80 rejected
v1 203.0.113.254 tcp 80 yes
v1 2001:db8::254 tcp 80 rejected
v1 10.2.0.11 tcp 80 rejected
v1 10.1.0.11 tcp 80 rejected
p1 10.1.0.11 tcp 80 rejected
p1 10.2.0.11 tcp 5432 rejected
w1 10.4.0.11 tcp 80 rejected
host 10.4.0.11 tcp 80 yes
host 10.2.0.11 tcp 80 yes
host fd00:2::11 tcp 80 yes
host 10.2.0.11 tcp 22 rejected
host fd00:2::11 tcp 22 rejected
w1 10.1.0.1 tcp 22 yes
w1 fd00:1::1 tcp 22 yes
w1 10.1.0.1 udp 8005 yes
w1 10.1.0.1 tcp 80 no
d1 10.2.0.1 tcp 22 no
d1 10.2.0.1 udp 123 yes
d1 fd00:2::1 udp 123 yes
w1 10.2.0.1 tcp 22 no
w1 fd00:2::1 tcp 22 no
w1 203.0.113.1 tcp 22 no
w1 2001:db8::1 tcp 22 no
M
	can w1 10.2.0.11 icmp
	can v1 10.2.0.11 icmp
	can w1 fd00:2::11 icmp
	cannot d1 10.1.0.11 icmp
	cannot p1 10.2.0.11 icmp
	can d1 10.2.0.1 icmp
	can d1 fd00:2::1 icmp
	cannot d1 10.1.0.1 icmp
	cannot d1 fd00:1::1 icmp
	can w1 10.1.0.12 icmp
	can w1 fd00:1::12 icmp
	seen_as "IPv4 is translated" 203.0.113.1 w1 203.0.113.254 tcp 80
	seen_as "IPv6 is translated" 2001:db8::1 w1 2001:db8::254 tcp 80
	seen_as "nothing is between networks" 10.1.0.11 w1 10.2.0.11 tcp 5432
}

# From the outside, for who has a route to our networks there.
from_outside()
{
	must ip -n outside route replace 10.0.0.0/8 via 203.0.113.1
	must ip -n outside route replace fd00::/16 via 2001:db8::1
	check "outside is told no by w1" refused outside 10.1.0.11 tcp 80
	check "outside is told no by w1 (IPv6)" refused outside fd00:1::11 tcp 80
	cannot outside 10.1.0.11 icmp
	can outside 10.2.0.11 icmp
	can outside fd00:2::11 icmp
	can outside 10.4.0.11 tcp 80
	can outside fd00:4::11 tcp 80
	cannot outside fd00:3::11 icmp
	must ip -n outside route del 10.0.0.0/8
	must ip -n outside route del fd00::/16
}

# A guest writes into another network's connection: never.
injected()
{
	local port
	serve outside udp 7
	hold w1 203.0.113.254 udp 7
	port=$(conntrack_port)
	check "its port is known" [ -n "$port" ]
	watch w1 eth0
	must in_ns d1 "$FRAME" send eth0 "$(eth 020000000bff 020000000b01 0800)$(
		v4 203.0.113.254 10.1.0.11 17 "$(udp 7 "$port" dead01)")" \
		>/dev/null
	# what d1 may not at all, and what answers a connection of its own
	must in_ns d1 "$FRAME" send eth0 "$(eth 020000000bff 020000000b01 0800)$(
		v4 203.0.113.254 203.0.113.1 17 "$(udp 7 "$port" dead02)")" \
		>/dev/null
	watched w2 eth0 "$(eth "$(mac_of w1)" "$(mac_of w2)" 0800)$(
		v4 10.1.0.12 10.1.0.11 17 "$(udp 9 9 0e0d0e0d0e0d)")"
	check_not "nothing is written into another's connection" \
		grep -q dead0 "$WORLD/seen"
	held "and it goes on" $((500 * SLOW))
}

conntrack_port()
{
	conntrack -L -p udp -s 10.1.0.11 --dport 7 2>/dev/null |
		sed -n 's/.*src=10.1.0.11 [^=]*=[^ ]* sport=\([0-9]*\).*/\1/p' |
		head -n 1
}

# What policies and their removal do to connections that there are.
live()
{
	local file=$WORLD/pol.net.yaml
	hold w1 10.2.0.11 tcp 5432
	sed -i 's/^policies:/&\n  - {name: other, from: v4, to: db, action: allow, protocol: tcp, ports: [80]}/' "$file"
	apply "$file"
	can v1 10.2.0.11 tcp 80
	held "another policy cuts nothing" $((500 * SLOW))
	hold w1 10.2.0.11 tcp 5432
	sed -i 's/^policies:/&\n  - {name: stop, from: w1, to: db, action: reject, protocol: tcp, ports: [5432]}/' "$file"
	apply "$file"
	soon "a new prohibition ends what there is" stalled
	sed -i '/name: stop/d' "$file"
	apply "$file"
	can w1 10.2.0.11 tcp 5432
	hold w1 10.2.0.11 tcp 5432
	sed -i '/name: shop/d' "$file"
	apply "$file"
	soon "a policy's connections go with it" stalled
	cannot w1 10.2.0.11 tcp 5432
	can w1 10.2.0.11 tcp 53
}

# What the mode let ends when a policy forbids the rest; what one lets stays.
shut()
{
	local file=$WORLD/pol.net.yaml
	sed -i '/name: nomail/d' "$file"
	hold w1 203.0.113.254 tcp 443
	sed -i 's/^policies:/&\n  - {name: only, from: web, to: outside, action: allow, protocol: tcp, ports: [80]}\n  - {name: rest, from: web, to: outside, action: reject}/' "$file"
	apply "$file"
	soon "what the mode let ends" stalled
	can w1 203.0.113.254 tcp 80
	check "the rest is rejected" refused w1 203.0.113.254 tcp 443
	check "in IPv6 too" refused w1 2001:db8::254 tcp 443
	can w1 2001:db8::254 tcp 80
	hold w1 203.0.113.254 tcp 80
	sed -i '/name: rest/d' "$file"
	apply "$file"
	can w1 203.0.113.254 tcp 443
	held "what a policy lets goes on" $((500 * SLOW))
}

stalled()
{
	! kill -0 "$hold_pid" 2>/dev/null
}

start_netd
outside
guests w1 w2 d1 v1 p1
serve w1 tcp 80
serve w2 tcp 80
serve d1 tcp 5432 80 53 22 6005
serve d1 udp 53
serve p1 tcp 80
serve v1 tcp 80
serve "" tcp 22 80
serve "" udp 8005 123
for nf in $NF; do
	bridge_nf $nf
	[ "$nf" != "${NF%% *}" ] || topology
	expected
	from_outside
done
injected
live
shut

// doctor.c - what the doctor says of rules, programs, files and settings
// SPDX-License-Identifier: GPL-2.0-or-later
#include "netd/doctor.h"
#include "test.h"

#include <stdlib.h>

static const struct pos nowhere;

static struct state *wanted, *found;
static struct troubles out;

static void element(const char *name, const char *data)
{
	struct element *e = state_add(wanted, KIND_ELEMENT, "", name, nowhere);

	e->data = data;
}

static void address(const char *dev, const char *text)
{
	char name[80];

	snprintf(name, sizeof(name), "%s %s", dev, text);
	state_within(wanted, state_add(wanted, KIND_ADDRESS, "", name,
				       nowhere), KIND_BRIDGE, dev);
}

static void fact(const char *name, const char *value)
{
	struct fact *f = state_add(found, KIND_FACT, "", name, nowhere);

	f->value = value;
}

/* Networks web and db behind eth0; web serves DNS, DHCP and ssh. */
static void begin(void)
{
	wanted = state_new();
	found = state_new();
	out = (struct troubles){ .arena = arena_new() };
	state_add(wanted, KIND_BRIDGE, "", "nd-web", nowhere);
	state_add(wanted, KIND_BRIDGE, "", "nd-db", nowhere);
	state_add(wanted, KIND_TABLE, "", "inet netd", nowhere);
	address("nd-web", "10.1.0.1/24");
	address("nd-db", "10.2.0.1/24");
	address("nd-db", "fd00:2::1/64");
	element("inet netd pair \"nd-web\" . \"eth0\"", "goto guest_out");
	element("inet netd pair \"eth0\" . \"nd-web\"", "goto replies");
	element("inet netd pair \"nd-web\" . \"nd-db\"", "goto to_db");
	element("inet netd pair \"nd-web\" . \"nd-web\"", "accept");
	element("inet netd svc \"nd-web\" . udp . 53", "accept");
	element("inet netd svc \"nd-web\" . udp . 67", "accept");
	element("inet netd svc \"nd-web\" . tcp . 22", "accept");
	element("inet netd fwd_to4 0x1", "10.1.0.5 . 80");
}

static void look(void)
{
	state_sort(wanted, NULL, NULL);
	state_sort(found, NULL, NULL);
	doctor_look(wanted, found, &out);
}

static void end(void)
{
	troubles_free(&out);
	arena_free(out.arena);
	state_free(wanted);
	state_free(found);
}

/* Trouble I, or one that says nothing. */
static const struct trouble *at(unsigned int i)
{
	static const struct trouble none = { "", false, "", "", "", "", "" };

	return i < out.n ? &out.v[i] : &none;
}

/* What a chain's text, in the forward hook of a table of its own, does. */
static void rules(const char *chain, const char *text)
{
	begin();
	fact(chain, text);
	look();
}

static void nothing(void)
{
	begin();
	look();
	CHECK(!out.n);
	end();
	rules("chain:inet x f", "forward filter 0 accept\n");
	CHECK(!out.n);
	end();
	/* chains that translate decide nothing; nor do those of their own */
	rules("chain:inet x f", "forward nat 0 drop\n");
	CHECK(!out.n);
	end();
	rules("chain:inet x f", "-\n5 drop\n");
	CHECK(!out.n);
	end();
}

static void policy(void)
{
	rules("chain:inet x f", "forward filter 0 drop\n");
	CHECK(out.n == 1);
	CHECK_STR(at(0)->id, "rules");
	CHECK(at(0)->certain);
	CHECK_STR(at(0)->where, "inet x f: policy drop");
	CHECK_STR(at(0)->yaml, "");
	CHECK_STR(at(0)->cure,
		  "nft insert rule inet x f iifname '\"nd-web\"' accept && "
		  "nft insert rule inet x f oifname '\"nd-web\"' accept");
	CHECK(strstr(at(0)->breaks, "replies, IPv4 from eth0 to nd-web"));
	end();
	/* what is accepted before it */
	rules("chain:inet x f", "forward filter 0 drop\n"
	      "1 iif=nd-* accept\n2 ct=established,related accept\n"
	      "3 status=dnat accept\n");
	CHECK(!out.n);
	end();
	/* without the forward */
	rules("chain:inet x f", "forward filter 0 drop\n"
	      "1 iif=nd-* accept\n2 ct=established,related accept\n");
	CHECK(out.n == 1);
	CHECK(strstr(at(0)->breaks, "forwards from eth0 to port 80"));
	end();
	/* a part of it may be accepted */
	rules("chain:inet x f", "forward filter 0 drop\n1 ?limit accept\n");
	CHECK(out.n == 1);
	CHECK(!at(0)->certain);
	end();
	/* what can't be of ours is accepted */
	rules("chain:inet x f", "forward filter 0 drop\n"
	      "1 iif=lo accept\n2 proto=17 ?x accept\n");
	CHECK(at(0)->certain);
	end();
}

static void matches(void)
{
	/* something particular is the admin's own will */
	rules("chain:inet x f", "forward filter 0 accept\n1 ?mark drop\n"
	      "2 dport=25 drop\n3 ct=invalid drop\n4 never drop\n");
	CHECK(!out.n);
	end();
	rules("chain:inet x f", "forward filter 0 accept\n"
	      "7 iif!=eth0,lo saddr=10.0.0.0/8 reject\n");
	CHECK(out.n == 1);
	CHECK_STR(at(0)->where, "inet x f, handle 7: iif!=eth0,lo "
		  "saddr=10.0.0.0/8 reject");
	end();
	rules("chain:inet x f", "forward filter 0 accept\n"
	      "7 saddr=10.1.0.128/25 drop\n8 daddr=192.0.2.0/24 drop\n"
	      "9 saddr6=fd00:1::/32 drop\n10 family=10 iif=nd-web oif=eth0 "
	      "drop\n");
	CHECK(!out.n);
	end();
	/* of IPv6 there is only what goes to db */
	rules("chain:ip6 x f", "forward filter 0 drop\n");
	CHECK(out.n == 1);
	CHECK_STR(at(0)->breaks, "IPv6 from nd-web to nd-db");
	end();
}

static void jumps(void)
{
	begin();
	fact("chain:inet x f", "forward filter 0 drop\n1 jump:a\n");
	fact("chain:inet x a", "-\n2 iif=nd-web return\n3 accept\n");
	look();
	CHECK(out.n == 1);	/* back to the policy */
	CHECK(!strstr(at(0)->breaks, "replies"));
	end();
	begin();
	fact("chain:inet x f", "forward filter 0 accept\n1 ?mark jump:a\n"
	     "2 goto:b\n3 accept\n");
	fact("chain:inet x a", "-\n2 drop\n");
	fact("chain:inet x b", "-\n4 iif=nd-web oif=eth0 drop\n");
	look();
	CHECK(out.n == 1);
	CHECK_STR(at(0)->where, "inet x b, handle 4: iif=nd-web oif=eth0 drop");
	end();
	/* one that leads back to itself ends */
	begin();
	fact("chain:inet x f", "forward filter 0 accept\n1 jump:a\n");
	fact("chain:inet x a", "-\n2 jump:a\n3 jump:a\n4 jump:a\n");
	look();
	CHECK(!out.n);
	end();
}

static void bridged(void)
{
	begin();
	fact("sysctl:net/bridge/bridge-nf-call-iptables", "1");
	fact("chain:ip filter FORWARD", "forward filter 0 drop\n"
	     "1 iif=nd-web oif!=nd-web accept\n2 iif=eth0 accept\n");
	look();
	CHECK(out.n == 2);
	CHECK_STR(at(0)->breaks, "IPv4 within nd-web");
	CHECK_STR(at(1)->id, "br-netfilter");
	end();
	rules("chain:bridge x f", "forward filter -200 drop\n"
	      "1 iif=tap0 accept\n");
	CHECK(out.n == 1);
	CHECK(!at(0)->certain);
	CHECK_STR(at(0)->breaks, "frames within nd-db; frames within nd-web");
	end();
}

static void owners(void)
{
	begin();
	fact("chain:ip filter FORWARD", "forward filter 0 drop\n"
	     "1 jump:DOCKER-USER\n");
	fact("chain:ip filter DOCKER-USER", "-\n2 return\n");
	look();
	CHECK_STR(at(0)->id, "docker");
	CHECK_STR(at(0)->yaml, "coexist: [docker]");
	CHECK_STR(at(0)->cure, "iptables -I DOCKER-USER -i nd-web -j ACCEPT "
		  "&& iptables -I DOCKER-USER -o nd-web -j ACCEPT");
	end();
	begin();
	fact("chain:legacy filter FORWARD", "forward filter 0 drop\n"
	     "1 jump:DOCKER-USER\n");
	fact("chain:legacy filter DOCKER-USER", "-\n");
	look();
	CHECK(out.n == 2);
	CHECK_STR(at(0)->id, "docker");
	CHECK_STR(at(0)->yaml, "");
	CHECK(strstr(at(0)->cure, "iptables-legacy -I DOCKER-USER"));
	CHECK_STR(at(1)->id, "legacy");
	end();
	begin();
	fact("chain:ip filter INPUT", "input filter 0 drop\n");
	fact("chain:ip filter ufw-user-forward", "-\n");
	look();
	CHECK_STR(at(0)->id, "ufw");
	CHECK_STR(at(0)->cure, "ufw allow in on nd-web");
	end();
	rules("chain:inet firewalld filter_FORWARD", "forward filter 10 "
	      "accept\n9 ct=established accept\n8 reject\n");
	CHECK_STR(at(0)->id, "firewalld");
	CHECK(strstr(at(0)->cure,
		     "firewall-cmd --zone=trusted --add-interface=nd-web"));
	end();
	rules("chain:ip filter LIBVIRT_FWI", "forward filter 0 accept\n"
	      "9 oif=nd-db reject\n");
	CHECK_STR(at(0)->id, "libvirt");
	CHECK_STR(at(0)->cure, "iptables -I LIBVIRT_FWI -i nd-web -j ACCEPT");
	end();
	/* such names reach no shell */
	rules("chain:inet x $(reboot)", "forward filter 0 drop\n");
	CHECK(out.n == 1);
	CHECK_STR(at(0)->cure, "");
	end();
}

static void ports(void)
{
	begin();
	fact("listen:udp 53 0.0.0.0 * 812", "dnsmasq\tdnsmasq -k");
	fact("listen:tcp 53 0.0.0.0 * 812", "dnsmasq\tdnsmasq -k");
	look();
	CHECK(out.n == 1);
	CHECK_STR(at(0)->id, "dns-port");
	CHECK_STR(at(0)->where, "process 812 (dnsmasq), udp port 53 on "
		  "0.0.0.0");
	CHECK_STR(at(0)->breaks, "DNS on nd-web");
	CHECK(strstr(at(0)->cure, "except-interface=nd-web"));
	end();
	begin();
	fact("listen:udp 53 127.0.0.53 lo 9", "systemd-resolve\t");
	fact("listen:udp 53 10.9.0.1 * 10", "named\t");
	fact("listen:udp 67 0.0.0.0 virbr0 11", "dnsmasq\t");
	/* netd's own */
	((struct process *)state_add(found, KIND_PROCESS, "", "dnsmasq/web",
				     nowhere))->pid = 12;
	fact("listen:udp 53 10.1.0.1 * 12", "dnsmasq\tdnsmasq");
	look();
	CHECK(!out.n);
	end();
	begin();
	fact("listen:udp 53 10.1.0.1 * 10", "named\t/usr/sbin/named");
	fact("listen:udp 67 0.0.0.0 nd-db 11", "dhcpd\t");
	look();
	CHECK(out.n == 2);
	CHECK_STR(at(1)->id, "dhcp-port");
	CHECK_STR(at(1)->breaks, "DHCP on nd-db");
	CHECK_STR(at(1)->cure, "systemctl stop dhcpd || kill 11");
	end();
}

static void files(void)
{
	const char *all = "Match.Name=nd-* en*\nNetwork.DHCP=yes\n";

	begin();
	fact("networkd:/etc/systemd/network/50-all.network", all);
	look();
	CHECK(!out.n);		/* it doesn't run */
	end();
	begin();
	fact("program:systemd-network 5", "systemd-network");
	fact("networkd:/etc/systemd/network/50-all.network", all);
	look();
	CHECK(out.n == 1);
	CHECK(at(0)->certain);
	CHECK_STR(at(0)->id, "networkd");
	CHECK_STR(at(0)->where, "/etc/systemd/network/50-all.network");
	CHECK(strstr(at(0)->breaks, "nd-db nd-web"));
	end();
	/* the first by name holds, in whichever folder */
	begin();
	fact("program:systemd-network 5", "systemd-network");
	fact("networkd:/etc/systemd/network/50-all.network", all);
	fact("networkd:/usr/lib/systemd/network/00-x.network",
	     "Match.Name=nd-db nd-web\nLink.Unmanaged=yes\n");
	look();
	CHECK(!out.n);
	end();
	begin();
	fact("program:systemd-network 5", "systemd-network");
	fact("networkd:/etc/systemd/network/a.network", "Match.Name=!nd-*\n");
	fact("networkd:/etc/systemd/network/b.network",
	     "Match.Type=ether\nMatch.Name=*\n");
	fact("networkd:/etc/systemd/network/c.network",
	     "Match.Kind=bridge\n");
	look();
	CHECK(out.n == 1);
	CHECK(!at(0)->certain);
	end();
	begin();
	fact("program:NetworkManager 5", "NetworkManager");
	fact("nm-connection:/etc/NetworkManager/system-connections/x",
	     "connection.id=x\nconnection.interface-name=nd-web\n");
	look();
	CHECK(out.n == 1);
	CHECK_STR(at(0)->id, "networkmanager");
	end();
	begin();
	fact("program:NetworkManager 5", "NetworkManager");
	fact("nm-connection:/etc/NetworkManager/system-connections/x",
	     "connection.id=x\nconnection.interface-name=nd-web\n");
	fact("nm-conf:/etc/NetworkManager/conf.d/a.conf",
	     "keyfile.unmanaged-devices=mac:00:00:00:00:00:01;"
	     "interface-name:nd-*\n");
	look();
	CHECK(!out.n);
	end();
}

static struct route *route(const char *prefix, const char *dev)
{
	struct route *r = state_add(found, KIND_ROUTE, "", prefix, nowhere);
	struct nexthop *hop = arena_alloc(found->arena, sizeof(*hop));

	strcpy(hop->dev, dev);
	r->o.foreign = true;
	r->nexthops = (struct list){ hop, 1 };
	return r;
}

static void host(void)
{
	struct object *o;
	struct link *l;

	begin();
	l = state_add(found, KIND_LINK, "", "wg0", nowhere);
	l->type = "wireguard";
	route("10.0.0.0/14", "wg0");
	route("0.0.0.0/0", "eth0");
	route("10.1.0.0/24", "nd-web");
	look();
	CHECK(out.n == 2);
	CHECK_STR(at(0)->what, "Subnet 10.2.0.0/24 of nd-db overlaps "
		  "10.0.0.0/14 of the wireguard wg0");
	end();
	begin();
	fact("route:51820 10.1.0.0/16", "tun0");
	fact("rule:4 100 from all to all lookup 51820",
	     "from all to all lookup 51820");
	look();
	CHECK(out.n == 2 && !at(0)->certain && !at(1)->certain);
	CHECK_STR(at(1)->where, "ip rule 100: from all to all lookup 51820");
	end();
	begin();
	o = state_add(found, KIND_ADDRESS, "", "nd-web 192.168.7.1/24",
		      nowhere);
	o->foreign = true;
	look();
	CHECK_STR(at(0)->cure, "ip address del 192.168.7.1/24 dev nd-web");
	end();
	begin();
	fact("sysctl:net/netfilter/nf_conntrack_count", "900");
	fact("sysctl:net/netfilter/nf_conntrack_max", "1000");
	fact("neigh-used", "100");
	fact("neigh-limit", "1024");
	look();
	CHECK(out.n == 1);
	CHECK_STR(at(0)->cure, "sysctl -w net.netfilter.nf_conntrack_max=2000");
	end();
	begin();
	fact("nft-fib", "No such file or directory");
	fact("tun", "no");	/* no taps are wanted */
	look();
	CHECK(out.n == 1);
	CHECK_STR(at(0)->id, "kernel");
	end();
}

int main(void)
{
	nothing();
	policy();
	matches();
	jumps();
	bridged();
	owners();
	ports();
	files();
	host();
	return test_end();
}

// vty.c - what a routing daemon is told when its configuration changes
// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/internal.h"
#include "test.h"

static const char *delta(const char *from, const char *to)
{
	static struct buf b;

	buf_reset(&b);
	vty_delta(from, to, &b);
	return buf_text(&b);
}

static const char ospf[] =
	"hostname r1\n"
	"router ospf\n"
	" ospf router-id 10.0.0.1\n"
	"exit\n"
	"interface e0\n"
	" ip ospf area 0\n"
	" ip ospf cost 10\n"
	"exit\n";

static void interfaces(void)
{
	CHECK_STR(delta(ospf, ospf), "");
	/* another value needs nothing taken back */
	CHECK_STR(delta(ospf,
			"hostname r1\nrouter ospf\n ospf router-id 10.0.0.1\n"
			"exit\ninterface e0\n ip ospf area 0\n"
			" ip ospf cost 50\nexit\n"),
		  "interface e0\nip ospf cost 50\nexit\n");
	CHECK_STR(delta(ospf,
			"hostname r1\nrouter ospf\n ospf router-id 10.0.0.1\n"
			"exit\ninterface e0\n ip ospf area 0\nexit\n"),
		  "!interface e0\n!no ip ospf cost 10\n!exit\n");
	/* an interface that went: nothing of it stays */
	CHECK_STR(delta(ospf,
			"hostname r1\nrouter ospf\n ospf router-id 10.0.0.1\n"
			"exit\n"),
		  "!interface e0\n!no ip ospf area 0\n!exit\n"
		  "!interface e0\n!no ip ospf cost 10\n!exit\n");
}

static void processes(void)
{
	CHECK_STR(delta("router bgp 1\n neighbor 10.0.0.2 remote-as 2\nexit\n",
			"router bgp 3\n neighbor 10.0.0.2 remote-as 2\nexit\n"),
		  "!no router bgp 1\n"
		  "router bgp 3\nneighbor 10.0.0.2 remote-as 2\nexit\n");
}

/* FRR forgets all of a neighbour with its AS. */
static void neighbors(void)
{
	CHECK_STR(delta("router bgp 1\n"
			" no bgp network import-check\n"
			" neighbor 10.0.0.2 remote-as 2\n"
			" neighbor 10.0.0.2 timers 1 3\n"
			" address-family ipv4 unicast\n"
			"  network 10.1.0.0/24\n"
			"  neighbor 10.0.0.2 activate\n"
			" exit-address-family\nexit\n",
			"router bgp 1\n"
			" neighbor 10.0.0.2 remote-as 4\n"
			" neighbor 10.0.0.2 timers 1 3\n"
			" address-family ipv4 unicast\n"
			"  network 10.2.0.0/24\n"
			"  neighbor 10.0.0.2 activate\n"
			" exit-address-family\nexit\n"),
		  "!router bgp 1\n!bgp network import-check\n!exit\n"
		  "!router bgp 1\n!no neighbor 10.0.0.2 remote-as 2\n!exit\n"
		  "!router bgp 1\n!address-family ipv4 unicast\n"
		  "!no network 10.1.0.0/24\n!exit\n!exit\n"
		  "router bgp 1\nneighbor 10.0.0.2 remote-as 4\nexit\n"
		  "router bgp 1\nneighbor 10.0.0.2 timers 1 3\nexit\n"
		  "router bgp 1\naddress-family ipv4 unicast\n"
		  "network 10.2.0.0/24\nexit\nexit\n"
		  "router bgp 1\naddress-family ipv4 unicast\n"
		  "neighbor 10.0.0.2 activate\nexit\nexit\n");
}

int main(void)
{
	interfaces();
	processes();
	neighbors();
	return test_end();
}

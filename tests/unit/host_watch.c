// host_watch.c - the kernel side notices foreign hands, and not its own
// SPDX-License-Identifier: GPL-2.0-or-later
#include "host.h"

/* --- what foreign hands do ---------------------------------------------- */

/* Hears the kernel side for at most MS, or until it says that it is dirty. */
static bool hear(int ms)
{
	struct pollfd p = { .fd = wire, .events = POLLIN };
	struct wire_head h;
	int result;

	buf_reset(&dirty);
	while (!dirty.len && poll(&p, 1, ms) > 0)
		take(&h, NULL, &result);
	return dirty.len;
}

/* The hand's work is told with WORD in it, and then mended. */
static void meddle(struct state *s, const char *cmd, const char *word)
{
	kernel(cmd);
	hear(10000);
	if (!strstr(buf_text(&dirty), word))
		fprintf(stderr, "%s: told \"%s\"\n", cmd, buf_text(&dirty));
	CHECK(dirty.len && strstr(dirty.p, word));
	make_so(s);
	if (hear(50))
		fprintf(stderr, "%s: own changes told: %s\n", cmd, dirty.p);
	CHECK(!dirty.len);
}

/* Nothing of netd's, or undone before it was looked at: not told. */
static void mind(const char *cmd)
{
	kill(child, SIGSTOP);
	kernel(cmd);
	kill(child, SIGCONT);
	if (hear(100))
		fprintf(stderr, "%s: told \"%s\"\n", cmd, dirty.p);
	CHECK(!dirty.len);
}

static void test_watch(struct state *s)
{
	CHECK(!hear(1500));
	meddle(s, "ip link del ndp-vm1", "tap ndp-vm1 is gone");
	meddle(s, "ip link set ndl-r1-web nomaster", "master");
	meddle(s, "ip addr del 10.1.0.1/24 dev nd-web", "10.1.0.1/24 is gone");
	/* its routes go with it, and may be seen first */
	meddle(s, "ip link set nd-web down", "");
	meddle(s, "ip link set nd-web mtu 1300", "mtu");
	meddle(s, "ip link del nd-web", "");
	meddle(s, "ip -n t.r1 addr del 10.1.0.2/24 dev web",
	       "web 10.1.0.2/24 in t.r1 is gone");
	meddle(s, "ip -n t.r1 route del default", "route 0.0.0.0/0 in t.r1");
	meddle(s, "ip route del 10.8.0.0/16", "route 10.8.0.0/16 is gone");
	meddle(s, "ip link set nd-web down && ip link set nd-web name other "
	       "&& ip link set other up", "");
	meddle(s, "echo 0 >/proc/sys/net/ipv4/conf/nd-web/arp_ignore",
	       "arp_ignore");
	meddle(s, "echo 1 >/proc/sys/net/ipv6/conf/nd-web/accept_ra",
	       "accept_ra");
	meddle(s, "ip netns exec t.r1 sysctl -qw net.ipv4.ip_forward=0",
	       "in t.r1 changed");
	meddle(s, "ip netns del t.r1", "a namespace was removed");
	meddle(s, "bridge link set dev ndl-r1-web isolated on", "isolated");
	meddle(s, "ip link set ndp-vm1 down && ip link set ndp-vm1 alias x",
	       "tap ndp-vm1 changed");
	mind("ip link set nd-web mtu 1400 && ip link set nd-web mtu 1500");
	mind("ip link add v1 type veth peer name v2 && ip addr add "
	     "192.0.2.1/24 dev v1 && ip link set v1 up && ip link del v1");
	mind("ip netns add other && ip netns del other");
	kernel("ip link add v1 type veth peer name v2");
	kernel("ip link set v1 master nd-web");
	CHECK(hear(10000));
	kernel("ip link del v1");
	make_so(s);
	kernel("ip route add default dev nd-web");
	CHECK(hear(10000));
	CHECK(strstr(buf_text(&dirty), "default route"));
	kernel("ip route del default");
	make_so(s);
}

int main(void)
{
	struct state *s;

	if (geteuid())
		return 77;
	own_world();
	start_host();
	kernel("ip netns add ct1");
	s = site();
	make_so(s);
	test_watch(s);
	state_free(s);
	CHECK(stop_host() == 0);
	return test_end();
}

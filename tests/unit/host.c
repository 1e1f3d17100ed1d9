// host.c - the kernel side against a real kernel, in namespaces of its own
// SPDX-License-Identifier: GPL-2.0-or-later
#include "netd/host.h"
#include "netd/wire.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test.h"

/* --- the other end of the wire ----------------------------------------- */

static int wire = -1;
static pid_t child;
static uint32_t last_id;
static struct buf dirty;	/* what WIRE_DIRTY said, a line each */
static struct buf failures;	/* what WIRE_FAILED said, a line each */
static int exited;

static void start_host(void)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
		exit(1);
	child = fork();
	if (!child) {
		close(pair[0]);
		exit(host_main(pair[1]));
	}
	close(pair[1]);
	wire = pair[0];
}

static int stop_host(void)
{
	int status = -1;

	close(wire);
	waitpid(child, &status, 0);
	return status;
}

static void die(const char *why)
{
	fprintf(stderr, "%s\n", why);
	exit(1);
}

static void request(int type, int flags, const struct buf *body, int *fds)
{
	struct wire_head h = { .len = body->len, .type = type, .flags = flags,
			       .id = ++last_id };
	char room[CMSG_SPACE(3 * sizeof(int))] = { 0 };
	struct iovec v[2] = { { &h, sizeof(h) }, { body->p, body->len } };
	struct msghdr m = { .msg_iov = v, .msg_iovlen = 1 };
	struct cmsghdr *c;
	size_t at = 0;
	ssize_t n;

	if (fds) {
		m.msg_control = room;
		m.msg_controllen = sizeof(room);
		c = CMSG_FIRSTHDR(&m);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(3 * sizeof(int));
		memcpy(CMSG_DATA(c), fds, 3 * sizeof(int));
	}
	if (sendmsg(wire, &m, MSG_NOSIGNAL) != sizeof(h))
		die("the kernel side died");
	for (; at < body->len; at += n) {
		n = send(wire, body->p + at, body->len - at, MSG_NOSIGNAL);
		if (n <= 0)
			die("the kernel side died");
	}
}

static void read_all(void *p, size_t len)
{
	ssize_t n;

	for (; len; len -= n, p = (char *)p + n) {
		n = recv(wire, p, len, 0);
		if (n <= 0)
			die("the kernel side died");
	}
}

/* Takes one message; its type. */
static int take(struct wire_head *h, struct state *found, int *result)
{
	const char *p, *end;
	struct arena *a = arena_new();
	const char *why = "";
	uint32_t x = 0, y = 0;
	char *body;

	read_all(h, sizeof(*h));
	p = body = malloc(h->len + 1);
	end = body + h->len;
	read_all(body, h->len);
	if (h->type == WIRE_FOUND && found) {
		CHECK(!wire_unpack_state(&p, end, found));
		CHECK(p == end);
		state_sort(found, NULL, NULL);
	} else if (h->type == WIRE_DIRTY) {
		unpack_u32(&p, end, &x);
		unpack_str(&p, end, &why, a);
		buf_printf(&dirty, "%u %s\n", x, why);
	} else if (h->type == WIRE_FAILED) {
		unpack_u32(&p, end, &x);
		unpack_u32(&p, end, &y);
		unpack_str(&p, end, &why, a);
		buf_printf(&failures, "%u: %s: %s\n", x, strerror(y), why);
	} else if (h->type == WIRE_EXITED) {
		unpack_u32(&p, end, &x);
		exited = x;
	} else if (h->type == WIRE_DONE) {
		unpack_u32(&p, end, &x);
		*result = -(int)x;
	}
	free(body);
	arena_free(a);
	return h->type;
}

static int wait_for(int type, struct state *found)
{
	struct wire_head h;
	int result = 0;

	while (take(&h, found, &result) != type)
		;
	return result;
}

static struct state *observe(const struct state *wanted, int what)
{
	struct state *found = state_new();
	struct buf b = { 0 };

	wire_pack_state(wanted, &b);
	request(WIRE_OBSERVE, what, &b, NULL);
	CHECK(wait_for(WIRE_DONE, found) == 0);
	buf_free(&b);
	return found;
}

/* The steps from what is found to WANTED; how many. */
static uint32_t plan(struct state *wanted, struct buf *text, bool apply)
{
	struct report *r = report_new();
	struct state *found;
	struct plan pl = { 0 };
	struct buf b = { 0 };
	uint32_t i, n;

	state_sort(wanted, NULL, NULL);
	found = observe(wanted, OBSERVE_LINKS | OBSERVE_NFT);
	plan_diff(wanted, found, &pl, r);
	for (i = 0; i < pl.n && text; i++)
		plan_print_step(&pl.steps[i], text);
	report_print(r, text ? text : &b);
	buf_reset(&b);
	n = pl.n;
	if (apply) {
		buf_reset(&failures);
		wire_pack_plan(&pl, &b);
		wire_pack_state(wanted, &b);
		request(WIRE_APPLY, 0, &b, NULL);
		CHECK(wait_for(WIRE_DONE, NULL) == 0);
	}
	buf_free(&b);
	plan_free(&pl);
	state_free(found);
	report_free(r);
	return n;
}

/* Applies, and then nothing is left to do. */
static void make_so(struct state *wanted)
{
	struct buf text = { 0 };

	plan(wanted, &text, true);
	if (failures.len)
		fprintf(stderr, "%s", buf_text(&text));
	buf_reset(&text);
	CHECK_STR(buf_text(&failures), "");
	/* what went may have taken others along */
	plan(wanted, NULL, true);
	CHECK(plan(wanted, &text, false) == 0);
	CHECK_STR(buf_text(&text), "");
	buf_free(&text);
}

/* --- what the kernel says ---------------------------------------------- */

static int run(const char *cmd)
{
	return system(cmd);
}


static int last_run;

static void kernel(const char *cmd)
{
	last_run = run(cmd);
	test_count++;
	if (last_run) {
		test_failed++;
		fprintf(stderr, "failed: %s\n", cmd);
	}
}

/* --- states ------------------------------------------------------------- */

static const struct pos nowhere;

static void conf_any(struct devconf *c)
{
	memset(c, ANY8, sizeof(*c));
}

static void link_init(struct link *l, const char *master)
{
	memset(&l->mac, 0xff, sizeof(l->mac));
	l->mtu = 1500;
	l->up = 1;
	l->master = master;
	l->alias = "netd:test/x";
	l->altname = "";
	l->type = "";
	conf_any(&l->conf);
}

static struct bridge *bridge(struct state *s, const char *ns, const char *name)
{
	struct bridge *b = state_add(s, KIND_BRIDGE, ns, name, nowhere);

	link_init(&b->l, "");
	mac_read("02:00:00:00:00:01", &b->l.mac);
	b->priority = 32768;
	b->forward_delay = 15000;
	b->ageing = 300000;
	b->snooping = 0;
	b->max_learned = ANY32;
	b->l.conf.arp_ignore = 1;
	b->l.conf.arp_announce = 2;
	b->l.conf.accept_ra = 0;
	b->l.conf.send_redirects = 0;
	b->l.conf.accept_redirects6 = 0;
	b->l.conf.rp_filter = 1;
	return b;
}

static struct veth *veth(struct state *s, const char *ns, const char *name,
			 const char *master, const char *peer_netns,
			 const char *peer, bool ours)
{
	struct veth *v = state_add(s, KIND_VETH, ns, name, nowhere);

	link_init(&v->l, master);
	memset(&v->port, ANY8, sizeof(v->port));
	v->port.isolated = 0;
	v->port.mcast_router = 0;
	v->l.conf.disable_ipv6 = 1;
	v->l.conf.addr_gen_mode = 1;
	v->peer_netns = peer_netns;
	v->peer = peer;
	v->peer_ours = ours;
	mac_read(ours ? "02:00:00:00:02:02" : "02:00:00:00:02:01",
		 &v->peer_mac);
	return v;
}

static struct tap *tap(struct state *s, const char *ns, const char *name,
		       const char *master)
{
	struct tap *t = state_add(s, KIND_TAP, ns, name, nowhere);

	link_init(&t->l, master);
	memset(&t->port, ANY8, sizeof(t->port));
	t->owner = "nobody";
	t->group = "";
	t->queues = 1;
	t->l.conf.disable_ipv6 = 1;
	return t;
}

static void netns(struct state *s, const char *name)
{
	struct netns *n = state_add(s, KIND_NETNS, "", name, nowhere);

	n->alias = "netd:test/ns";
}

static struct leg *leg(struct state *s, const char *ns, const char *name)
{
	struct leg *l = state_add(s, KIND_LEG, ns, name, nowhere);

	link_init(&l->l, "");
	mac_read("02:00:00:00:02:02", &l->l.mac);
	l->l.conf.forwarding = 1;
	l->l.conf.forwarding6 = 1;
	return l;
}

static void address(struct state *s, const char *ns, const char *dev,
		    int kind, const char *ip)
{
	char name[80];
	struct address *a;

	snprintf(name, sizeof(name), "%s %s", dev, ip);
	a = state_add(s, KIND_ADDRESS, ns, name, nowhere);
	a->nodad = 1;
	state_within(s, a, kind, dev);
}

static struct route *route(struct state *s, const char *ns, const char *name,
			   const char *hops)
{
	struct route *r = state_add(s, KIND_ROUTE, ns, name, nowhere);
	struct nexthop x[4];
	char text[128];
	const char *p;
	uint32_t n = 0;
	static const struct field f = { .type = &field_nexthop };

	for (p = hops; *p; p += strcspn(p, ",") + (p[strcspn(p, ",")] == ',')) {
		snprintf(text, sizeof(text), "%.*s", (int)strcspn(p, ","), p);
		memset(&x[n], 0, sizeof(x[n]));
		if (field_nexthop.read(&f, text, &x[n], s->arena, NULL))
			die(text);
		n++;
	}
	r->nexthops.items = arena_memdup(s->arena, x, n * sizeof(*x));
	r->nexthops.n = n;
	r->metric = strchr(name, ':') ? 1024 : 0;
	if (strstr(name, "metric "))
		r->metric = atoi(strstr(name, "metric ") + 7);
	return r;
}

/* A network with all that there is. */
static struct state *site(void)
{
	struct state *s = state_new();
	struct prefix *p = arena_alloc(s->arena, 2 * sizeof(*p));
	struct ip *gw = arena_alloc(s->arena, 2 * sizeof(*gw));
	struct neighbour *n;
	struct sysctl *c;
	struct veth *v;

	netns(s, "t.r1");
	bridge(s, "", "nd-web");
	address(s, "", "nd-web", KIND_BRIDGE, "10.1.0.1/24");
	address(s, "", "nd-web", KIND_BRIDGE, "fd00:1::1/64");
	v = veth(s, "", "ndp-ct1", "nd-web", "ct1", "eth0", false);
	prefix_read("10.1.0.20/24", &p[0]);
	prefix_read("fd00:1::20/64", &p[1]);
	v->peer_addresses.items = p;
	v->peer_addresses.n = 2;
	ip_read("10.1.0.1", &gw[0]);
	ip_read("fd00:1::1", &gw[1]);
	v->peer_gateways.items = gw;
	v->peer_gateways.n = 2;
	veth(s, "", "ndl-r1-web", "nd-web", "t.r1", "web", true)->l.altname =
		"a-long-name-of-a-leg-at-web";
	leg(s, "t.r1", "web");
	address(s, "t.r1", "web", KIND_LEG, "10.1.0.2/24");
	address(s, "t.r1", "web", KIND_LEG, "fd00:1::2/64");
	tap(s, "", "ndp-vm1", "nd-web");
	tap(s, "", "ndp-vm2", "nd-web")->queues = 4;
	route(s, "t.r1", "0.0.0.0/0", "via 10.1.0.1 dev web");
	route(s, "t.r1", "::/0", "via fd00:1::1 dev web");
	route(s, "", "10.9.0.0/16 metric 7",
	      "via 10.1.0.2 dev nd-web,via 10.1.0.3 dev nd-web weight 3");
	route(s, "", "fd09::/48",
	      "via fd00:1::2 dev nd-web,via fd00:1::3 dev nd-web");
	route(s, "", "10.8.0.0/16", "")->type = ROUTE_BLACKHOLE;
	route(s, "", "fd08::/48", "")->type = ROUTE_UNREACHABLE;
	n = state_add(s, KIND_NEIGHBOUR, "", "nd-web 10.1.0.77", nowhere);
	mac_read("02:00:00:00:00:77", &n->mac);
	state_within(s, n, KIND_BRIDGE, "nd-web");
	c = state_add(s, KIND_SYSCTL, "t.r1", "net/ipv4/ip_forward", nowhere);
	c->value = "1";
	return s;
}

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
	hear(3000);
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
	meddle(s, "ip link del nd-web", "ndl-r1-web changed: master");
	meddle(s, "ip -n t.r1 addr del 10.1.0.2/24 dev web",
	       "web 10.1.0.2/24 in t.r1 is gone");
	meddle(s, "ip -n t.r1 route del default", "route 0.0.0.0/0 in t.r1");
	meddle(s, "ip route del 10.8.0.0/16", "route 10.8.0.0/16 is gone");
	meddle(s, "ip link set nd-web name other", "nd-web is gone");
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
	CHECK(hear(3000));
	kernel("ip link del v1");
	make_so(s);
	kernel("ip route add default dev nd-web");
	CHECK(hear(3000));
	CHECK(strstr(buf_text(&dirty), "default route"));
	kernel("ip route del default");
	make_so(s);
}

static void test_site(void)
{
	struct state *s = site(), *none = state_new();

	kernel("ip netns add ct1");
	make_so(s);
	kernel("ip -d link show nd-web | grep -q 'state UP'");
	kernel("ip link show nd-web | grep -q 02:00:00:00:00:01");
	kernel("test $(cat /proc/sys/net/ipv6/conf/nd-web/accept_ra) = 0");
	kernel("test $(cat /proc/sys/net/ipv4/conf/nd-web/arp_ignore) = 1");
	kernel("ip -d link show ndp-vm2 | grep -q 'multi_queue.*persist on'");
	kernel("ip -d link show ndp-vm2 | grep -q 'user nobody'");
	kernel("ip link show a-long-name-of-a-leg-at-web >/dev/null");
	kernel("ip netns exec ct1 ping -q -c1 -W2 10.1.0.1 >/dev/null");
	kernel("ip netns exec ct1 ping -q -c1 -W2 fd00:1::1 >/dev/null");
	kernel("ip netns exec t.r1 ping -q -c1 -W2 10.1.0.20 >/dev/null");
	kernel("ip -n ct1 route show default | grep -q 'via 10.1.0.1'");
	kernel("test $(ip netns exec t.r1 cat /proc/sys/net/ipv4/ip_forward) = 1");
	kernel("ip neigh show dev nd-web 10.1.0.77 | grep -q PERMANENT");
	kernel("ip route show 10.9.0.0/16 | grep -q 'weight 3'");
	test_watch(s);
	make_so(none);
	kernel("! ip link show nd-web 2>/dev/null");
	kernel("test -z \"$(ip -br link | grep nd)\"");
	kernel("test \"$(ip netns list | cut -d' ' -f1)\" = ct1");
	kernel("test -z \"$(ip route; ip -6 route | grep fd0)\"");
	kernel("ip netns del ct1");
	state_free(s);
	state_free(none);
}

/* --- what is refused ------------------------------------------------------ */

/* Applies what can't be: what is told, a line each, without step numbers. */
static const char *refusals(struct state *s)
{
	static struct buf out;
	const char *p;

	plan(s, NULL, true);
	buf_reset(&out);
	for (p = buf_text(&failures); *p; p = strchr(p, '\n') + 1) {
		p += strspn(p, "0123456789: ");
		buf_add(&out, p, strchr(p, '\n') + 1 - p);
	}
	return buf_text(&out);
}

/* A bridge that can't be: nothing is told of what stands on it. */
static void test_dependents(void)
{
	struct state *s = state_new(), *none = state_new();

	kernel("ip netns add ct1");
	bridge(s, "", "nd-a")->ageing = 4294967290u;
	bridge(s, "", "nd-b")->l.mtu = 70000;
	address(s, "", "nd-b", KIND_BRIDGE, "10.1.0.1/24");
	veth(s, "", "ndp-b", "nd-b", "ct1", "eth0", false);
	tap(s, "", "ndp-c", "nd-b");
	route(s, "", "10.9.0.0/16", "via 10.1.0.2 dev nd-b");
	route(s, "", "10.8.0.0/16", "")->type = ROUTE_BLACKHOLE;
	CHECK_STR(refusals(s), "Invalid argument: "
		  "mtu greater than device maximum\n");
	kernel("ip route show 10.8.0.0/16 | grep -q blackhole");
	make_so(none);
	kernel("ip netns del ct1");
	state_free(s);
	state_free(none);
}

static void test_refused(void)
{
	struct state *s = state_new(), *none = state_new();

	bridge(s, "", "nd-a");
	CHECK_STR(refusals(s), "");
	tap(s, "", "ndp-t", "nd-a")->owner = "";
	CHECK_STR(refusals(s), "Invalid argument: a tap without owner and "
		  "group could be taken by any local user\n");
	state_remove(s, state_find(s, KIND_TAP, "", "ndp-t"));
	tap(s, "", "ndp-t", "nd-a")->owner = "nobody-of-this-name";
	CHECK_STR(refusals(s), "No such process: there is no such user or "
		  "group\n");
	state_remove(s, state_find(s, KIND_TAP, "", "ndp-t"));
	veth(s, "", "ndp-v", "nd-a", "not-there", "eth0", false);
	CHECK_STR(refusals(s), "No such file or directory: the peer's network "
		  "namespace is not there (yet)\n");
	state_remove(s, state_find(s, KIND_VETH, "", "ndp-v"));
	veth(s, "", "ndp-v", "nd-a", "/dev/null", "eth0", false);
	CHECK_STR(refusals(s), "Invalid argument: the peer's namespace is not "
		  "a network namespace\n");
	state_remove(s, state_find(s, KIND_VETH, "", "ndp-v"));
	veth(s, "", "ndp-v", "nd-a", "../etc/passwd", "eth0", false);
	CHECK_STR(refusals(s), "Invalid argument: the peer's namespace is not "
		  "a network namespace\n");
	make_so(none);
	state_free(s);
	state_free(none);
}

/* A name that is taken there, and then isn't: the pair is finished later. */
static void test_clash_in_peer(void)
{
	struct state *s = state_new(), *none = state_new();
	struct veth *v;
	struct prefix p;

	kernel("ip netns add ct1 && ip -n ct1 link add eth0 type veth");
	bridge(s, "", "nd-a");
	address(s, "", "nd-a", KIND_BRIDGE, "10.1.0.1/24");
	v = veth(s, "", "ndp-v", "nd-a", "/run/netns/ct1", "eth0", false);
	prefix_read("10.1.0.20/24", &p);
	v->peer_addresses.items = &p;
	v->peer_addresses.n = 1;
	CHECK(strstr(refusals(s), "File exists"));
	kernel("ip -n ct1 link del eth0");
	make_so(s);
	kernel("ip netns exec ct1 ping -q -c1 -W2 10.1.0.1 >/dev/null");
	/* as a crash leaves it between the pair and its addresses */
	kernel("ip -n ct1 addr flush dev eth0 && ip -n ct1 link set eth0 down "
	       "&& ip link set ndp-v alias ''");
	make_so(s);
	kernel("ip netns exec ct1 ping -q -c1 -W2 10.1.0.1 >/dev/null");
	/* it is the container's: its new name is no drift */
	kernel("ip -n ct1 link set eth0 down && ip -n ct1 link set eth0 name x");
	CHECK(plan(s, NULL, false) == 0);
	make_so(none);
	kernel("ip netns del ct1");
	state_free(s);
	state_free(none);
}

static void test_pid(void)
{
	struct state *s = state_new(), *none = state_new();
	char spec[32], cmd[128];
	pid_t pid = fork();

	if (!pid) {
		if (unshare(CLONE_NEWNET))
			exit(1);
		pause();
	}
	snprintf(cmd, sizeof(cmd), "until [ /proc/%d/ns/net -nt / ] && "
		 "[ $(readlink /proc/%d/ns/net) != $(readlink "
		 "/proc/self/ns/net) ]; do :; done", pid, pid);
	kernel(cmd);
	snprintf(spec, sizeof(spec), "pid:%d", pid);
	bridge(s, "", "nd-a");
	veth(s, "", "ndp-v", "nd-a", spec, "eth0", false);
	make_so(s);
	snprintf(cmd, sizeof(cmd), "nsenter -t %d -n ip link show eth0 | "
		 "grep -q 'state UP'", pid);
	kernel(cmd);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	make_so(none);
	state_free(s);
	state_free(none);
}

/* A tap that is in use keeps what can't be changed, and stays. */
static void test_busy_tap(void)
{
	struct state *s = state_new(), *none = state_new();
	struct tap *t;

	bridge(s, "", "nd-a");
	t = tap(s, "", "ndp-t", "nd-a");
	make_so(s);
	kernel("exec 9<>/dev/net/tun; python3 -c '\n"
	       "import fcntl,struct,os,time\n"
	       "f=os.open(\"/dev/net/tun\",os.O_RDWR)\n"
	       "fcntl.ioctl(f,0x400454ca,struct.pack(\"16sH22x\","
	       "b\"ndp-t\",0x1002))\n"
	       "open(\"/run/held\",\"w\").close()\n"
	       "while os.path.exists(\"/run/held\"): time.sleep(.01)' & "
	       "until [ -e /run/held ]; do :; done");
	t->owner = "root";
	CHECK_STR(refusals(s), "Device or resource busy: it is in use: stop "
		  "what uses it first\n");
	t->l.mtu = 1400;
	t->owner = "nobody";
	make_so(s);
	kernel("ip link show ndp-t | grep -q 'mtu 1400.*nd-a state UP'");
	kernel("rm /run/held; until ip link show ndp-t | grep -q NO-CARRIER; "
	       "do :; done");
	t->owner = "root";
	make_so(s);
	kernel("ip -d link show ndp-t | grep -q 'user root'");
	make_so(none);
	state_free(s);
	state_free(none);
}

static void test_nic(void)
{
	struct state *s = state_new(), *none = state_new();
	struct nic *n;

	kernel("ip link add p0 type veth peer name p1 && "
	       "ip link add p2 type veth peer name p3 && "
	       "ip link add br0 type bridge && ip link set p2 master br0");
	bridge(s, "", "nd-a");
	n = state_add(s, KIND_NIC, "", "p0", nowhere);
	link_init(&n->l, "nd-a");
	memset(&n->port, ANY8, sizeof(n->port));
	n->l.mtu = ANY32;
	n->l.conf.disable_ipv6 = 1;
	make_so(s);
	kernel("ip link show p0 | grep -q 'master nd-a'");
	n = state_add(s, KIND_NIC, "", "p2", nowhere);
	link_init(&n->l, "nd-a");
	CHECK_STR(refusals(s), "Device or resource busy: the interface is a "
		  "port of something else\n");
	make_so(none);
	kernel("ip link show p0 | grep -v master | grep -q p0");
	kernel("test $(cat /proc/sys/net/ipv6/conf/p0/disable_ipv6) = 0");
	kernel("ip link show p2 | grep -q 'master br0'");
	kernel("ip link del p0 && ip link del p2 && ip link del br0");
	state_free(s);
	state_free(none);
}

/* Many that go count as gone, and their names are free. */
static void test_many(void)
{
	struct state *s = state_new(), *none = state_new();
	char name[16], ip[24];
	struct bridge *b;
	int i;

	for (i = 0; i < 40; i++) {
		snprintf(name, sizeof(name), "nd-%d", i);
		snprintf(ip, sizeof(ip), "10.1.%d.1/24", i);
		b = bridge(s, "", name);
		b->l.mac.b[5] = i;
		address(s, "", name, KIND_BRIDGE, ip);
		snprintf(name, sizeof(name), "ndp-%d", i);
		tap(s, "", name, b->l.o.name);
	}
	make_so(s);
	plan(none, NULL, true);
	CHECK_STR(buf_text(&failures), "");
	CHECK(plan(none, NULL, false) == 0);
	kernel("test -z \"$(ip route)\"");
	make_so(s);
	kernel("test $(ip -br link | grep -c '^nd') = 80");
	make_so(none);
	kernel("n=0; while ip -br link | grep -q '^nd' && [ $n -lt 500 ]; do "
	       "n=$((n+1)); done; [ $n -lt 500 ]");
	state_free(s);
	state_free(none);
}

/* Whatever comes over the wire: it is answered or the wire is closed. */
static void test_garbage(void)
{
	struct state *s = site();
	struct buf b = { 0 };
	uint32_t x = 12345, n, i;

	wire_pack_state(s, &b);
	for (n = 0; n < 300; n++) {
		x = x * 1103515245 + 12345;
		i = x % b.len;
		b.p[i] ^= 1 << (x >> 20 & 7);
		request(n % 2 ? WIRE_OBSERVE : WIRE_WATCH, OBSERVE_LINKS, &b,
			NULL);
		wait_for(WIRE_DONE, NULL);
		b.p[i] ^= 1 << (x >> 20 & 7);
	}
	buf_reset(&b);
	buf_str(&b, "what");
	request(WIRE_APPLY, 0, &b, NULL);
	CHECK(wait_for(WIRE_DONE, NULL) == -EBADMSG);
	request(99, 0, &b, NULL);
	CHECK(wait_for(WIRE_DONE, NULL) == -EBADMSG);
	buf_free(&b);
	state_free(s);
}

static const char *fact(const struct state *found, const char *name)
{
	struct fact *f = (struct fact *)state_find(found, KIND_FACT, "", name);

	return f ? f->value : "(none)";
}

static void test_facts(void)
{
	struct state *s = state_new(), *f;

	tap(s, "", "ndp-a", "");
	tap(s, "", "ndp-b", "")->owner = "nobody-of-this-name";
	state_sort(s, NULL, NULL);
	kernel("ip link add up0 type veth peer name up1 && "
	       "ip addr add 192.0.2.2/24 dev up0 && ip link set up1 up && "
	       "ip link set up0 up && ip route add default via 192.0.2.1");
	f = observe(s, OBSERVE_FACTS);
	CHECK_STR(fact(f, "default-dev"), "up0");
	CHECK_STR(fact(f, "default-dev6"), "");
	CHECK_STR(fact(f, "veth"), "yes");
	CHECK_STR(fact(f, "tun"), "yes");
	CHECK_STR(fact(f, "bridge"), "yes");
	CHECK_STR(fact(f, "nft"), "yes");
	CHECK_STR(fact(f, "nft-bridge"), "yes");
	CHECK_STR(fact(f, "nft-fib"), "yes");
	/* only the machine's first namespace shows it */
	CHECK(access("/proc/sys/net/ipv4/neigh/default/gc_thresh3", R_OK) ||
	      atoi(fact(f, "neigh-limit")) > 0);
	CHECK(atoi(fact(f, "neigh-used")) > 0 ||
	      !strcmp(fact(f, "neigh-used"), "0"));
	CHECK_STR(fact(f, "user:nobody"), "65534");
	CHECK_STR(fact(f, "user:nobody-of-this-name"), "unknown");
	printf("# persist: %s, max-learned: %s\n", fact(f, "nft-persist"),
	       fact(f, "max-learned"));
	state_free(f);
	kernel("ip link del up0");
	state_free(s);
}

/* --- commands in a namespace --------------------------------------------- */

static int execute(const char *netns, const char *cmd, char *out, size_t room)
{
	struct buf b = { 0 };
	int p[2], fds[3], err;
	ssize_t n;

	if (pipe(p))
		die("pipe");
	fds[0] = 0;
	fds[1] = fds[2] = p[1];
	pack_str(&b, netns);
	pack_str(&b, "sh");
	pack_str(&b, "-c");
	pack_str(&b, cmd);
	exited = -1;
	request(WIRE_EXEC, 0, &b, fds);
	close(p[1]);
	err = wait_for(WIRE_DONE, NULL);
	if (!err)
		wait_for(WIRE_EXITED, NULL);
	n = read(p[0], out, room - 1);
	out[n > 0 ? n : 0] = '\0';
	close(p[0]);
	buf_free(&b);
	return err;
}

static void test_exec(void)
{
	struct state *s = state_new(), *none = state_new();
	char out[256];

	netns(s, "t.r1");
	make_so(s);
	CHECK(execute("t.r1", "hostname; ls /sys/class/net; echo $((6*7)); "
		      "exit 5", out, sizeof(out)) == 0);
	CHECK_STR(out, "r1\nlo\n42\n");
	CHECK(WIFEXITED(exited) && WEXITSTATUS(exited) == 5);
	CHECK(execute("t.r1", "kill -9 $$", out, sizeof(out)) == 0);
	CHECK(WIFSIGNALED(exited) && WTERMSIG(exited) == 9);
	CHECK(execute("t.r9", "true", out, sizeof(out)) == -ENOENT);
	make_so(none);
	state_free(s);
	state_free(none);
}

static void own_world(void)
{
	if (unshare(CLONE_NEWNET | CLONE_NEWNS) ||
	    mount("", "/", NULL, MS_PRIVATE | MS_REC, NULL) ||
	    mount("tmpfs", "/run", "tmpfs", 0, NULL) ||
	    mount("sysfs", "/sys", "sysfs", 0, NULL))
		die("no namespaces of our own");
	if (system("ip link set lo up"))
		die("ip");
}

int main(void)
{
	if (geteuid())
		return 77;
	own_world();
	start_host();
	test_facts();
	test_site();
	test_exec();
	test_dependents();
	test_refused();
	test_clash_in_peer();
	test_pid();
	test_busy_tap();
	test_nic();
	test_many();
	test_garbage();
	CHECK(stop_host() == 0);
	return test_end();
}

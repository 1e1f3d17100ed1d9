// host.h - netd's end of the wire, and states to send over it, for tests
// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef TESTS_UNIT_HOST_H
#define TESTS_UNIT_HOST_H

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

static inline void start_host(void)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
		exit(1);
	child = fork();
	if (!child) {
		close(pair[0]);
		exit(host_main(pair[1], "/nonexistent", "/nonexistent"));
	}
	close(pair[1]);
	wire = pair[0];
}

static inline int stop_host(void)
{
	int status = -1;

	close(wire);
	waitpid(child, &status, 0);
	return status;
}

static inline void die(const char *why)
{
	fprintf(stderr, "%s\n", why);
	exit(1);
}

static inline void request(int type, int flags, const struct buf *body,
			   int *fds)
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

static inline void read_all(void *p, size_t len)
{
	ssize_t n;

	for (; len; len -= n, p = (char *)p + n) {
		n = recv(wire, p, len, 0);
		if (n <= 0)
			die("the kernel side died");
	}
}

/* Takes one message; its type. */
static inline int take(struct wire_head *h, struct state *found,
		       int *result)
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

static inline int wait_for(int type, struct state *found)
{
	struct wire_head h;
	int result = 0;

	while (take(&h, found, &result) != type)
		;
	return result;
}

static inline struct state *observe(const struct state *wanted, int what)
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
static inline uint32_t plan(struct state *wanted, struct buf *text,
			    bool apply)
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
static inline void make_so(struct state *wanted)
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

static inline int run(const char *cmd)
{
	return system(cmd);
}


static int last_run;

static inline void kernel(const char *cmd)
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

static inline void conf_any(struct devconf *c)
{
	memset(c, ANY8, sizeof(*c));
}

static inline void link_init(struct link *l, const char *master)
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

static inline struct bridge *bridge(struct state *s, const char *ns,
				    const char *name)
{
	struct bridge *b = state_add(s, KIND_BRIDGE, ns, name, nowhere);

	link_init(&b->l, "");
	mac_read("02:00:00:00:00:01", &b->l.mac);
	b->priority = 32768;
	b->forward_delay = 15000;
	b->ageing = 300000;
	b->snooping = 0;
	b->max_learned = b->max_age = ANY32;
	b->l.conf.arp_ignore = 1;
	b->l.conf.arp_announce = 2;
	b->l.conf.accept_ra = 0;
	b->l.conf.send_redirects = 0;
	b->l.conf.accept_redirects6 = 0;
	b->l.conf.rp_filter = 1;
	return b;
}

static inline struct veth *veth(struct state *s, const char *ns, const char *name,
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

static inline struct tap *tap(struct state *s, const char *ns, const char *name,
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

static inline void netns(struct state *s, const char *name)
{
	struct netns *n = state_add(s, KIND_NETNS, "", name, nowhere);

	n->alias = "netd:test/ns";
}

static inline struct leg *leg(struct state *s, const char *ns, const char *name)
{
	struct leg *l = state_add(s, KIND_LEG, ns, name, nowhere);

	link_init(&l->l, "");
	mac_read("02:00:00:00:02:02", &l->l.mac);
	l->l.conf.forwarding = 1;
	l->l.conf.forwarding6 = 1;
	return l;
}

static inline void address(struct state *s, const char *ns, const char *dev,
		    int kind, const char *ip)
{
	char name[80];
	struct address *a;

	snprintf(name, sizeof(name), "%s %s", dev, ip);
	a = state_add(s, KIND_ADDRESS, ns, name, nowhere);
	a->nodad = 1;
	state_within(s, a, kind, dev);
}

static inline struct route *route(struct state *s, const char *ns, const char *name,
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
static inline struct state *site(void)
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

static inline void own_world(void)
{
	if (unshare(CLONE_NEWNET | CLONE_NEWNS) ||
	    mount("", "/", NULL, MS_PRIVATE | MS_REC, NULL) ||
	    mount("tmpfs", "/run", "tmpfs", 0, NULL) ||
	    mount("sysfs", "/sys", "sysfs", 0, NULL))
		die("no namespaces of our own");
	if (system("ip link set lo up"))
		die("ip");
}

#endif

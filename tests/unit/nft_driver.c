// nft_driver.c - rules as objects: planned, applied by the kernel side, found
// SPDX-License-Identifier: GPL-2.0-or-later
/* In namespaces of its own.  Needs root, nft and conntrack; else 77. */
#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "netd/host.h"
#include "netd/wire.h"
#include "test.h"

/* --- the other end of the wire ----------------------------------------- */

static int wire = -1;
static pid_t child;
static char told[4096];		/* "STEP ERRNO WHY;" of what failed */

static void start_host(void)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
		exit(1);
	fflush(NULL);
	child = fork();
	if (!child) {
		close(pair[0]);
		exit(host_main(pair[1], "/nonexistent", "/nonexistent"));
	}
	close(pair[1]);
	wire = pair[0];
}

static void stop_host(int signal)
{
	int status;

	if (signal)
		kill(child, signal);
	close(wire);
	waitpid(child, &status, 0);
	CHECK(signal ? WIFSIGNALED(status) : !status);
}

static void all(ssize_t (*io)(int, void *, size_t), void *p, size_t len)
{
	ssize_t n;

	for (; len; len -= n, p = (char *)p + n) {
		n = io(wire, p, len);
		if (n <= 0) {
			fprintf(stderr, "the kernel side died\n");
			exit(1);
		}
	}
}

static ssize_t put(int fd, void *p, size_t len)
{
	return send(fd, p, len, MSG_NOSIGNAL);
}

static void take_failure(const char *p, const char *end)
{
	size_t n = strlen(told);
	uint32_t step, err, len;

	if (unpack_u32(&p, end, &step) || unpack_u32(&p, end, &err) ||
	    unpack_u32(&p, end, &len))
		return;
	snprintf(told + n, sizeof(told) - n, "%u %s %.*s;", step,
		 strerrorname_np(err), (int)len, p);
}

/* Sends a request and takes all of its answer. */
static void ask(int type, uint16_t flags, struct buf *body,
		struct state *found)
{
	static uint32_t id;
	struct wire_head h = { body->len, type, flags, ++id };
	const char *p;
	char *in;

	all(put, &h, sizeof(h));
	all(put, body->p, body->len);
	buf_free(body);
	do {
		all(read, &h, sizeof(h));
		p = in = malloc(h.len + 1);
		all(read, in, h.len);
		if (h.type == WIRE_FOUND && found)
			CHECK(!wire_unpack_state(&p, in + h.len, found));
		if (h.type == WIRE_FAILED)
			take_failure(in, in + h.len);
		free(in);
	} while (h.type != WIRE_DONE || h.id != id);
}

static struct state *observe(const struct state *wanted)
{
	struct state *found = state_new();
	struct buf b = { 0 };

	wire_pack_state(wanted, &b);
	ask(WIRE_OBSERVE, OBSERVE_NFT, &b, found);
	state_sort(found, NULL, NULL);
	return found;
}

/* Applies the plan, or only makes it; how many steps it has. */
static uint32_t steps(struct state *wanted, bool apply)
{
	struct report *r = report_new();
	struct buf b = { 0 };
	struct plan plan = { 0 };
	struct state *found;
	uint32_t n;

	state_sort(wanted, NULL, NULL);
	found = observe(wanted);
	CHECK(!plan_diff(wanted, found, &plan, r));
	n = plan.n;
	told[0] = 0;
	if (apply) {
		wire_pack_plan(&plan, &b);
		ask(WIRE_APPLY, APPLY_STEPS_ONLY, &b, NULL);
	}
	plan_free(&plan);
	state_free(found);
	report_free(r);
	return n;
}

/* It takes so many steps, and then there is nothing left to do. */
static void becomes(struct state *wanted, uint32_t n)
{
	uint32_t is = steps(wanted, true);

	if (is != n)
		fprintf(stderr, "%u steps, not %u\n", is, n);
	CHECK(is == n);
	CHECK_STR(told, "");
	CHECK(steps(wanted, false) == 0);
}

static void shell(const char *cmd)
{
	int rc = system(cmd);

	if (rc)
		fprintf(stderr, "failed: %s\n", cmd);
	CHECK(!rc);
}

/* --- what is wanted ------------------------------------------------------ */

static const struct pos nowhere;

static const char *table_of(const char *name)
{
	return name[0] == 'i' ? "inet netd" : "bridge netd";
}

static struct set *set(struct state *s, const char *name, const char *decl)
{
	struct set *o = state_add(s, KIND_SET, "", name, nowhere);

	o->decl = decl;
	o->hash = hash64(decl, strlen(decl));
	o->learned = !!strstr(decl, "dynamic");
	state_within(s, o, KIND_TABLE, table_of(name));
	return o;
}

static struct chain *chain(struct state *s, const char *name,
			   const char *text, uint32_t mark)
{
	struct chain *o = state_add(s, KIND_CHAIN, "", name, nowhere);

	o->text = text;
	o->hash = hash64(text, strlen(text));
	o->base = !strncmp(text, "type", 4);
	if (mark) {
		o->marks.items = arena_memdup(s->arena, &mark, sizeof(mark));
		o->marks.n = 1;
	}
	state_within(s, o, KIND_TABLE, table_of(name));
	return o;
}

static struct element *element(struct state *s, const char *of,
			       const char *key, const char *data)
{
	struct element *e;
	char name[256];

	snprintf(name, sizeof(name), "%s %s", of, key);
	e = state_add(s, KIND_ELEMENT, "", name, nowhere);
	e->data = data;
	state_within(s, e, KIND_SET, of);
	return e;
}

static void *get(struct state *s, int kind, const char *name)
{
	state_sort(s, NULL, NULL);
	return state_find(s, kind, "", name);
}

static void drop(struct state *s, int kind, const char *name)
{
	state_remove(s, get(s, kind, name));
}

static void retext(struct state *s, const char *name, const char *text)
{
	struct chain *c = get(s, KIND_CHAIN, name);

	c->text = text;
	c->hash = hash64(text, strlen(text));
}

#define SITE_STEPS 18

static struct state *site(void)
{
	struct state *s = state_new();

	state_add(s, KIND_TABLE, "", "inet netd", nowhere);
	state_add(s, KIND_TABLE, "", "bridge netd", nowhere);
	set(s, "inet netd pair", "type ifname . ifname : verdict");
	set(s, "inet netd fwd_mark4", "type ifname . ipv4_addr : mark");
	set(s, "bridge netd port", "type ifname : verdict");
	set(s, "bridge netd port_net", "type ifname : mark");
	set(s, "bridge netd learned6", "type ifname . ipv6_addr; "
	    "flags dynamic,timeout; timeout 1h; size 1000");
	set(s, "bridge netd taken6", "type mark . ipv6_addr; "
	    "flags dynamic,timeout; timeout 1h; size 1000");
	chain(s, "inet netd to_x",
	      "ct state new ct mark set 0x00000107 accept\n"
	      "ct mark set 0x00000002 counter drop", 0x107);
	chain(s, "inet netd forward",
	      "type filter hook forward priority filter; policy accept;\n"
	      "iifname . oifname vmap @pair\ncounter drop", 0);
	chain(s, "bridge netd pre",
	      "type filter hook prerouting priority dstnat; policy accept;\n"
	      "iifname vmap @port\niifname \"ndp-*\" counter drop\n"
	      "update @learned6 { iifname . ip6 saddr }\n"
	      "update @taken6 { meta mark . ip6 saddr }", 0);
	element(s, "inet netd pair", "\"nd-a\" . \"nd-b\"", "goto to_x");
	element(s, "inet netd fwd_mark4", "\"eth0\" . 1.2.3.4", "0x00000109");
	element(s, "inet netd fwd_mark4", "\"eth0\" . 1.2.3.5", "0x0000010b");
	element(s, "bridge netd port", "\"ndp-1\"", "accept");
	element(s, "bridge netd port", "\"ndp-2\"", "accept");
	element(s, "bridge netd port_net", "\"ndp-1\"", "0x00000005");
	element(s, "bridge netd port_net", "\"ndp-2\"", "0x00000005");
	return s;
}

/* Our tables are ours alone, where the kernel knows how. */
static bool is_owned(void)
{
	return system("nft add chain inet netd probe 2>/dev/null && "
		      "nft delete chain inet netd probe") != 0;
}

/* --- tests --------------------------------------------------------------- */

static void test_changes(void)
{
	struct state *s = site();
	struct element *e;

	becomes(s, SITE_STEPS);
	e = get(s, KIND_ELEMENT, "inet netd pair \"nd-a\" . \"nd-b\"");
	e->data = "drop";
	becomes(s, 1);
	retext(s, "inet netd to_x", "counter reject with icmpx no-route");
	becomes(s, 1);
	chain(s, "inet netd to_y", "accept", 0);
	e->data = "goto to_y";
	drop(s, KIND_CHAIN, "inet netd to_x");
	becomes(s, 3);
	/* another hook: the chain has to be made anew */
	retext(s, "bridge netd pre", "type filter hook forward priority -7; "
	       "policy drop;\niifname vmap @port\ncounter drop");
	becomes(s, 1);
	shell("nft list chain bridge netd pre | "
	      "grep -q 'hook forward priority -7; policy drop'");
	state_free(s);
	/* all back again */
	s = site();
	CHECK(steps(s, true) > 0);
	becomes(s, 0);
	state_free(s);
}

/* A set that rules use is declared in another way. */
static void test_redeclared(void)
{
	struct state *s = site();
	struct set *o = get(s, KIND_SET, "inet netd pair");

	o->decl = "type ifname . ifname : verdict; size 5000";
	o->hash = hash64(o->decl, strlen(o->decl));
	CHECK(steps(s, true) > 2);
	CHECK_STR(told, "");
	becomes(s, 0);
	shell("nft list map inet netd pair | grep -q 'size 5000'");
	state_free(s);
	s = site();
	CHECK(steps(s, true) > 2);
	becomes(s, 0);
	state_free(s);
}

/* What is refused leaves all as it was, and tells who is to blame. */
static void test_refused(void)
{
	struct state *s = site();
	struct element *e = get(s, KIND_ELEMENT,
				"inet netd pair \"nd-a\" . \"nd-b\"");

	retext(s, "inet netd to_x", "accept");
	e->data = "goto nowhere";
	CHECK(steps(s, true) == 2);
	CHECK_STR(told, "1 ENOENT No such file or directory;");
	shell("nft list chain inet netd to_x | grep -q 0x00000107");
	e->data = "goto to_x";
	retext(s, "inet netd to_x", "accept\nfrobnicate");
	CHECK(steps(s, true) == 1);
	CHECK_STR(told, "0 EINVAL chain to_x, rule 2: a word that is not "
		  "understood at 'frobnicate';");
	element(s, "inet netd pair", "\"nd-a\" . 7", "accept");
	retext(s, "inet netd to_x", "accept");
	steps(s, true);
	CHECK(strstr(told, "is no element of it"));
	state_free(s);
	s = site();
	becomes(s, 0);
	state_free(s);
}

/* Killed, our tables stay; whoever changes them, it is put right. */
static void test_killed(void)
{
	struct state *s = site();

	stop_host(SIGKILL);
	shell("nft list chain inet netd to_x | grep -q 0x00000107");
	start_host();
	CHECK(steps(s, false) == 0);
	if (is_owned()) {
		shell("! nft delete table inet netd 2>/dev/null");
		shell("nft flush ruleset");
		CHECK(steps(s, false) == 0);
	}
	stop_host(SIGKILL);
	shell("nft add rule inet netd to_x accept");
	shell("nft add element inet netd pair "
	      "'{ \"x\" . \"y\" : drop }'");
	shell("nft add set inet netd bar '{ type ipv4_addr; }'");
	shell("nft add chain inet netd foo");
	shell("nft add rule inet netd foo ip saddr @bar accept");
	start_host();
	becomes(s, 4);
	stop_host(SIGKILL);
	shell("nft flush ruleset");
	start_host();
	becomes(s, SITE_STEPS);
	state_free(s);
}

static void learn(const char *port, const char *address)
{
	char cmd[256];

	snprintf(cmd, sizeof(cmd), "nft add element bridge netd learned6 "
		 "'{ \"%s\" . %s }' && nft add element bridge netd taken6 "
		 "'{ 0x5 . %s }'", port, address, address);
	shell(cmd);
}

/* Learned addresses are nobody's difference, and go with their port. */
static void test_learned(void)
{
	struct state *s = site();

	stop_host(SIGKILL);	/* so that nft may write for the packets */
	learn("ndp-1", "fd00::1");
	learn("ndp-1", "fe80::1");
	learn("ndp-2", "fd00::2");
	shell("nft add element bridge netd taken6 '{ 0x6 . fd00::1 }'");
	start_host();
	becomes(s, 0);
	drop(s, KIND_ELEMENT, "bridge netd port \"ndp-1\"");
	drop(s, KIND_ELEMENT, "bridge netd port_net \"ndp-1\"");
	becomes(s, 2);
	shell("! nft list set bridge netd learned6 | grep '\"ndp-1\"'");
	shell("nft list set bridge netd learned6 | grep -q '\"ndp-2\"'");
	shell("! nft list set bridge netd taken6 | grep '0x00000005 . fe80'");
	shell("! nft list set bridge netd taken6 | "
	      "grep '0x00000005 . fd00::1 '");
	shell("nft list set bridge netd taken6 | "
	      "grep -q '0x00000005 . fd00::2 '");
	shell("nft list set bridge netd taken6 | "
	      "grep -q '0x00000006 . fd00::1 '");
	state_free(s);
	s = site();
	becomes(s, 2);
	state_free(s);
}

static void track(uint32_t mark)
{
	char cmd[256];

	snprintf(cmd, sizeof(cmd), "conntrack -I -s 10.0.0.1 -d 10.0.1.1 "
		 "-p tcp --sport %u --dport 80 --state ESTABLISHED -t 600 "
		 "-m %u >/dev/null 2>&1", 1000 + mark, mark);
	shell(cmd);
}

/* The marks of the connections that there are: "7 9 11" */
static void tracked(const char *marks)
{
	char cmd[256];

	snprintf(cmd, sizeof(cmd), "test \"$(conntrack -L 2>/dev/null | "
		 "sed 's/.*mark=\\([0-9]*\\).*/\\1/' | sort -n | "
		 "xargs)\" = \"%s\"", marks);
	shell(cmd);
}

/* Connections end with the policy or forward that let them, and no others. */
static void test_connections(void)
{
	struct state *s = site();

	track(2);
	track(0x107);
	track(0x109);
	track(0x10b);
	track(99);
	tracked("2 99 263 265 267");
	chain(s, "inet netd to_z", "ct mark set 0x0000010d accept", 0x10d);
	becomes(s, 1);
	tracked("2 99 263 265 267");
	/* the same mark goes here and comes there */
	chain(s, "inet netd to_z2", "ct mark set 0x00000107 accept", 0x107);
	((struct element *)get(s, KIND_ELEMENT, "inet netd pair \"nd-a\" . "
			       "\"nd-b\""))->data = "goto to_z2";
	drop(s, KIND_CHAIN, "inet netd to_x");
	becomes(s, 3);
	tracked("2 99 263 265 267");
	/* a forward goes, another is changed */
	drop(s, KIND_ELEMENT, "inet netd fwd_mark4 \"eth0\" . 1.2.3.4");
	becomes(s, 1);
	tracked("2 99 263 267");
	((struct element *)get(s, KIND_ELEMENT, "inet netd fwd_mark4 \"eth0\""
			       " . 1.2.3.5"))->data = "0x00000115";
	becomes(s, 1);
	tracked("2 99 263");
	/* the policy says something else */
	retext(s, "inet netd to_z2", "ct mark set 0x00000117 accept");
	((struct chain *)get(s, KIND_CHAIN, "inet netd to_z2"))->marks.n = 0;
	becomes(s, 1);
	tracked("2 99");
	track(0x117);
	track(0x10d);
	track(0x115);
	/* all of it goes */
	state_free(s);
	s = state_new();
	becomes(s, 2);
	tracked("2 99");
	shell("! nft list ruleset | grep netd.{");
	state_free(s);
}

int main(void)
{
	if (geteuid() || system("nft --version >/dev/null 2>&1") ||
	    system("conntrack --version >/dev/null 2>&1"))
		return 77;
	if (unshare(CLONE_NEWNET | CLONE_NEWNS) ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("tmpfs", "/run", "tmpfs", 0, NULL))
		return 1;
	start_host();
	test_changes();
	test_redeclared();
	test_refused();
	test_killed();
	test_learned();
	test_connections();
	stop_host(0);
	return test_end();
}

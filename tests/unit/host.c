// host.c - the kernel side against a real kernel, in namespaces of its own
// SPDX-License-Identifier: GPL-2.0-or-later
#include "host.h"

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

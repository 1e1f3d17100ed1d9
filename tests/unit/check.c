// check.c - several topologies on one host, and how long the worst text takes
// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdlib.h>
#include <time.h>

#include "test.h"
#include "topo/topo.h"

static struct topology *read_text(struct report *r, const char *file,
				  const char *text)
{
	struct topology *t = topo_read(file, text, strlen(text), r);

	CHECK(t != NULL);
	if (!t)
		exit(1);
	return t;
}

/* What is said of TEXT when OTHER is in force; "" is nothing. */
static void with(const char *other, const char *text, const char *want)
{
	struct report *r = report_new();
	struct topology *o = read_text(r, "other.net.yaml", other);
	struct topology *t = read_text(r, "lab.net.yaml", text);
	struct buf out = { 0 };

	CHECK(!topo_check(o, NULL, NULL, NULL, 0, r));
	CHECK(!!topo_check(t, NULL, NULL, &o, 1, r) == (*want != '\0'));
	report_print(r, &out);
	test_count++;
	if (*want ? !strstr(buf_text(&out), want) : out.len != 0) {
		test_failed++;
		fprintf(stderr, "%s\nbeside\n%s\ngives\n%s\nnot\n%s\n", text,
			other, buf_text(&out), want);
	}
	buf_free(&out);
	topo_free(t);
	topo_free(o);
	report_free(r);
}

static void check_others(void)
{
	static const char web[] =
		"networks: {web: {mode: nat, subnet: 10.1.0.0/16, "
		"bridge: br7}}\n"
		"attachments: {vm: {network: web, type: tap, owner: root, "
		"address: 10.1.0.5}}\n"
		"forwards: [80-90:vm:80-90/tcp]\n";

	with(web, "networks: {a: {mode: nat, subnet: 10.2.0.0/16}}", "");
	with(web, "networks: {a: {mode: nat, subnet: 10.1.2.0/24}}",
	     "10.1.2.0/24 overlaps 10.1.0.0/16 of networks.web in topology "
	     "other");
	/* the host's ports are there once, also for homes of their own */
	with(web, "networks: {a: {mode: nat, subnet: 10.1.2.0/24}}\n"
	     "nodes: {n: {networks: [a]}}\n"
	     "forwards: [85:n:80/tcp]\n",
	     "forwards[0].port: is listened on already by forwards[0] of "
	     "topology other");
	/* what defaults say may be taken away where it has no effect */
	with(web, "defaults: {network: {services: [53/udp]}}\n"
	     "networks: {a: {subnet: 10.2.0.0/24, gateway: f, services: []}}\n"
	     "attachments: {f: {network: a, type: tap, owner: root}}\n", "");
	/* another namespace is another world */
	with(web, "networks: {a: {mode: nat, subnet: 10.1.2.0/24}}\n"
	     "namespace: lab\n", "");
	/* and so is what has no address of the host's in it */
	with(web, "networks: {a: {subnet: 10.1.2.0/24}}\n"
	     "routers: {r: {networks: [a]}}\n", "");
	with(web, "networks: {a: {bridge: br7}}",
	     "the bridge name \"br7\" is that of another topology already");
	with(web, "networks: {a: {mode: nat, subnet: 10.3.0.0/24}}\n"
	     "forwards: ['85:10.3.0.9']\n",
	     "is listened on already by forwards[0] of topology other");
	with(web, "networks: {a: {mode: nat, subnet: 10.3.0.0/24}}\n"
	     "forwards: ['85:10.3.0.9/udp', '91:10.3.0.9']\n", "");
	with(web, "name: other\nnetworks: {a: {}}\n",
	     "another topology is called other, too");
	with("name: x\nnamespace: lab\n", "networks: {a: {}}\n"
	     "namespace: lab\n", "which is that of topology x");
}

/* The same report again: what was wrong is wrong again. */
static void check_again(void)
{
	static const char text[] = "networks: {a: {mode: nat}}\n";
	static const char bad[] = "networks: {a: {mode: nato}}\n";
	struct report *r = report_new();
	struct topology *t = read_text(r, "x.net.yaml", text);

	CHECK(topo_check(t, NULL, NULL, NULL, 0, r));
	CHECK(topo_check(t, NULL, NULL, NULL, 0, r));
	CHECK(r->count == 1);
	CHECK(!topo_read("y.net.yaml", bad, strlen(bad), r));
	CHECK(!topo_read("y.net.yaml", bad, strlen(bad), r));
	topo_free(t);
	report_free(r);
}

/* --- how long it takes ------------------------------------------------ */

/* Of the processor: what else runs on the machine does not matter. */
static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

/* HEAD, N times PART (with its number, twice), TAIL: done within LIMIT. */
static void within(double limit, const char *what, const char *head,
		   const char *part, unsigned int n, const char *tail)
{
	struct report *r = report_new();
	struct buf b = { 0 }, out = { 0 };
	struct topology *t;
	double begin, took;
	unsigned int i;

	buf_str(&b, head);
	for (i = 0; i < n && b.len + strlen(part) + 32 < 4u << 20; i++) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		buf_printf(&b, part, i, i);
#pragma GCC diagnostic pop
	}
	buf_str(&b, tail);
	begin = seconds();
	t = topo_read("x.net.yaml", b.p, b.len, r);
	if (t)
		topo_check(t, NULL, NULL, NULL, 0, r);
	report_print(r, &out);
	took = seconds() - begin;
	test_count++;
	if (took > limit) {
		test_failed++;
		fprintf(stderr, "%s: %.2f s, not %.2f\n", what, took, limit);
	}
	buf_free(&b);
	buf_free(&out);
	topo_free(t);
	report_free(r);
}

/*
 * Each of these was quadratic somewhere in some reader.  The limits are what
 * a slow machine under sanitizers needs; on a usual one it is a tenth.
 */
static void check_time(void)
{
	within(5, "brackets", "", "[", 4u << 20, "");
	within(5, "one list", "allow: [", "a,", 2u << 20, "]");
	within(5, "an unknown key", "x: [", "a,", 2u << 20, "]");
	within(5, "networks", "networks:\n", " n%u:\n", 60000, "");
	within(5, "overlaps", "networks:\n",
	       " n%u: {mode: nat, subnet: 10.0.0.0/8}\n", 60000, "");
	within(5, "one name", "networks:\n", " n:\n", 60000, "");
	within(5, "unknown names", "networks: {a: }\nattachments:\n",
	       " v%u: {network: b%u, type: tap, owner: a}\n", 60000, "");
	within(5, "one address",
	       "networks: {a: {subnet: 10.0.0.0/8}}\nattachments:\n",
	       " v%u: {network: a, type: tap, owner: a, address: 10.0.0.9}\n",
	       50000, "");
	within(5, "one port", "forwards:\n", " - 80:x:80/tcp\n", 60000, "");
	within(5, "links", "routers: {a, b}\nlinks:\n", " - a-b\n", 10000, "");
	within(5, "a group of groups", "groups:\n g0: [a]\n",
	       " x%u: [g0, g0, g%u]\n", 20000, "");
	within(5, "a long scalar", "name: ", "aaaaaaaaaaaaaaaa", 1u << 20, "");
	within(5, "colons", "networks: {a: {gateway6: ", "::", 1u << 20, "}}");
}

int main(void)
{
	check_others();
	check_again();
	check_time();
	return test_end();
}

// floor.c - the same kernel requests as netd's, and nothing else: the floor
// SPDX-License-Identifier: GPL-2.0-or-later
//
//	floor capture FILE	what is there, as requests that would make it
//	floor up FILE [BASE]	makes it so (from BASE), and says how long
//	floor turn BASE FILE N	from BASE to FILE and back, N times
//	floor down		deletes all links of netd's group, and the tables
//	floor dump N		the bare dumps of links, addresses, routes
//	floor dump-nft N	of all elements and rules of all tables
//	floor types FILE [BASE]	how many requests of which type it would make
//	floor gone LEFT		waits until so many links of netd's groups are left
//	floor quiet		waits until namespaces are torn down
//
// All is built before the clock starts: only the sends are timed.
#include "bench.h"

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "netd/host.h"

static const char *const step_names[STEP_COUNT] = {
	[STEP_TABLE] = "nft", [STEP_BRIDGE] = "bridges",
	[STEP_BRIDGE_PROC] = "bridges-proc", [STEP_BRIDGE_SET] = "bridges-set",
	[STEP_ALTNAME] = "altnames", [STEP_PORT] = "ports",
	[STEP_PORT_PROC] = "ports-proc", [STEP_PORT_SET] = "ports-set",
	[STEP_PEER_PROC] = "peers-proc", [STEP_PEER_SET] = "peers-set",
	[STEP_ADDRESS] = "addresses", [STEP_ROUTE] = "routes",
	[STEP_SYSCTL] = "sysctls",
};

/* --- sending -------------------------------------------------------------- */

static void write_proc(const struct req *q)
{
	const char *value = q->data + strlen(q->data) + 1;
	char path[300];
	size_t len = strlen(value);
	int fd;

	snprintf(path, sizeof(path), "/proc/sys/%s", q->data);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, value, len) != (ssize_t)len)
		die("%s", path);
	close(fd);
}

/* The time of each step; the sum is returned. */
static double run(const struct ops *ops, double ms[STEP_COUNT])
{
	const char *ns = "";
	double start = now_ms(), t = start, u;
	int bad = 0;
	size_t i;

	for (i = 0; i < ops->n; i++) {
		struct op *o = &ops->v[i];

		if (o->proc && strcmp(o->proc->ns, ns))
			ns_enter(ns = o->proc->ns);
		if (o->proc)
			write_proc(o->proc);
		else
			bad += batch_send(&o->b, o->s);
		u = now_ms();
		ms[o->step] += u - t;
		t = u;
	}
	if (*ns)
		ns_enter("");
	if (bad)
		errx(1, "%d requests failed", bad);
	return t - start;
}

static void free_ops(struct ops *ops)
{
	size_t i;

	for (i = 0; i < ops->n; i++)
		free(ops->v[i].b.p);
	free(ops->v);
	*ops = (struct ops){ 0 };
}

static int do_up(int argc, char **argv)
{
	struct reqs want = { 0 }, base = { 0 };
	double ms[STEP_COUNT] = { 0 }, sum;
	struct ops ops = { 0 };
	int i;

	reqs_read(&want, argv[0]);
	if (argc > 1)
		reqs_read(&base, argv[1]);
	build(&ops, &base, &want);
	wait_quiet();
	sum = run(&ops, ms);
	printf("%.3f", sum);
	for (i = 0; i < STEP_COUNT; i++)
		if (ms[i] > 0)
			printf(" %s %.3f", step_names[i], ms[i]);
	printf("\n");
	return 0;
}

static int do_turn(int argc, char **argv)
{
	struct reqs want = { 0 }, base = { 0 };
	double ms[STEP_COUNT] = { 0 };
	struct ops there = { 0 }, back = { 0 };
	int n = atoi(argv[2]);

	reqs_read(&base, argv[0]);
	reqs_read(&want, argv[1]);
	while (n-- > 0) {
		build(&there, &base, &want);
		build(&back, &want, &base);
		printf("%.3f\n", run(&there, ms));
		run(&back, ms);
		free_ops(&there);
		free_ops(&back);
	}
	return 0;
}

static int do_capture(int argc, char **argv)
{
	struct reqs r = { 0 };

	capture_links(&r);
	capture_nft(&r);
	reqs_sort(&r);
	reqs_write(&r, argv[0]);
	return 0;
}

static int do_down(int argc, char **argv)
{
	struct ifinfomsg ifi = { 0 };
	char buf[256];
	struct nlmsghdr *h = mnl_nlmsg_put_header(buf);
	struct batch links = { 0 }, nft = { 0 };
	double t;
	int bad;

	memcpy(mnl_nlmsg_put_extra_header(h, sizeof(ifi)), &ifi, sizeof(ifi));
	mnl_attr_put_u32(h, IFLA_GROUP, NETD_GROUP);
	batch_add(&links, RTM_DELLINK, 0, mnl_nlmsg_get_payload(h),
		  h->nlmsg_len - MNL_NLMSG_HDRLEN);
	batch_mark(&nft, NFNL_MSG_BATCH_BEGIN);
	/* all tables */
	batch_add(&nft, nft_type(NFT_MSG_DELTABLE), 0,
		  &(struct nfgenmsg){ .version = NFNETLINK_V0 },
		  sizeof(struct nfgenmsg));
	batch_mark(&nft, NFNL_MSG_BATCH_END);
	space_socket("");
	nft_socket();
	wait_quiet();
	t = now_ms();
	bad = batch_send(&nft, nft_socket());
	bad += batch_send(&links, space_socket(""));
	printf("%.3f\n", now_ms() - t);
	return bad ? 1 : 0;
}

/* --- dumps ---------------------------------------------------------------- */

static int by_double(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void dump_one(struct mnl_socket *s, int type, size_t head, int family)
{
	char buf[256] = "";
	struct nlmsghdr *h = mnl_nlmsg_put_header(buf);

	h->nlmsg_type = type;
	h->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	*(char *)mnl_nlmsg_put_extra_header(h, head) = family;
	if (type == RTM_GETLINK)
		mnl_attr_put_u32(h, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
	nl_dump(s, h, NULL, NULL);
}

static int do_dump(int argc, char **argv)
{
	struct mnl_socket *s = space_socket("");
	int i, n = atoi(argv[0]);
	double *ms = must_alloc(NULL, (n + 1) * sizeof(*ms)), t;

	for (i = 0; i < n; i++) {
		t = now_ms();
		dump_one(s, RTM_GETLINK, sizeof(struct ifinfomsg), AF_UNSPEC);
		dump_one(s, RTM_GETADDR, sizeof(struct ifaddrmsg), AF_UNSPEC);
		dump_one(s, RTM_GETROUTE, sizeof(struct rtmsg), AF_INET);
		dump_one(s, RTM_GETROUTE, sizeof(struct rtmsg), AF_INET6);
		ms[i] = now_ms() - t;
	}
	qsort(ms, n, sizeof(*ms), by_double);
	printf("%.3f\n", ms[n / 2]);
	return 0;
}

static int do_dump_nft(int argc, char **argv)
{
	int i, n = atoi(argv[0]);
	double *ms = must_alloc(NULL, (n + 1) * sizeof(*ms)), t;

	for (i = 0; i < n; i++) {
		t = now_ms();
		capture_nft(NULL);
		ms[i] = now_ms() - t;
	}
	qsort(ms, n, sizeof(*ms), by_double);
	printf("%.3f\n", ms[n / 2]);
	return 0;
}

static int do_types(int argc, char **argv)
{
	struct reqs want = { 0 }, base = { 0 };
	unsigned int count[STEP_COUNT] = { 0 };
	struct ops ops = { 0 };
	size_t i;

	reqs_read(&want, argv[0]);
	if (argc > 1)
		reqs_read(&base, argv[1]);
	build(&ops, &base, &want);
	for (i = 0; i < ops.n; i++)
		count[ops.v[i].step] += ops.v[i].proc ? 1 : ops.v[i].b.n;
	for (i = 0; i < STEP_COUNT; i++)
		if (count[i])
			printf("%s %u\n", step_names[i], count[i]);
	return 0;
}

static int count_ours(const struct nlmsghdr *h, void *arg)
{
	const struct ifinfomsg *ifi = mnl_nlmsg_get_payload(h);
	const struct nlattr *a[MAX_ATTR] = { NULL };
	uint32_t group;

	mnl_attr_parse(h, sizeof(*ifi), take_attr, a);
	group = a[IFLA_GROUP] ? mnl_attr_get_u32(a[IFLA_GROUP]) : 0;
	/* netd's groups of links that are about to go are the next numbers */
	if (group >= NETD_GROUP && group < NETD_GROUP + 16)
		++*(unsigned int *)arg;
	return 0;
}

/* Seldom, since looking costs time that deleting needs. */
static int do_gone(int argc, char **argv)
{
	const struct timespec t = { .tv_nsec = 100 * 1000 * 1000 };
	struct mnl_socket *s = space_socket("");
	unsigned int n, left = atoi(argv[0]);
	double end = now_ms() + 300000;
	char buf[256] = "";
	struct nlmsghdr *h = mnl_nlmsg_put_header(buf);

	h->nlmsg_type = RTM_GETLINK;
	h->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	mnl_nlmsg_put_extra_header(h, sizeof(struct ifinfomsg));
	for (;;) {
		n = 0;
		nl_dump(s, h, count_ours, &n);
		if (n <= left || now_ms() > end)
			return n > left;
		nanosleep(&t, NULL);
	}
}

static int do_quiet(int argc, char **argv)
{
	wait_quiet();
	return 0;
}

static const struct {
	const char *name;
	int min;
	int (*run)(int argc, char **argv);
} modes[] = {
	{ "capture", 1, do_capture }, { "up", 1, do_up },
	{ "turn", 3, do_turn }, { "down", 0, do_down },
	{ "dump", 1, do_dump }, { "dump-nft", 1, do_dump_nft },
	{ "types", 1, do_types }, { "quiet", 0, do_quiet },
	{ "gone", 1, do_gone },
};

int main(int argc, char **argv)
{
	struct rlimit many = { 16384, 16384 };
	unsigned int i;

	setrlimit(RLIMIT_NOFILE, &many);
	ns_enter("");
	for (i = 0; argc > 1 && i < MNL_ARRAY_SIZE(modes); i++)
		if (!strcmp(argv[1], modes[i].name) &&
		    argc - 2 >= modes[i].min)
			return modes[i].run(argc - 2, argv + 2);
	errx(2, "usage: see the head of floor.c");
}

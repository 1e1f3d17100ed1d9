// nl.c - netlink sockets in any namespace, batches and lists of requests
// SPDX-License-Identifier: GPL-2.0-or-later
#define _GNU_SOURCE
#include "bench.h"

#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define RECV_SIZE (1 << 20)

void die(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vwarn(fmt, ap);
	va_end(ap);
	exit(2);
}

void *must_alloc(void *p, size_t size)
{
	p = realloc(p, size);
	if (!p)
		die("memory");
	return p;
}

double now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1e3 + t.tv_nsec / 1e6;
}

/* --- lists ------------------------------------------------------------ */

static void reqs_push(struct reqs *r, struct req *q)
{
	if (r->n == r->cap) {
		r->cap = r->cap ? r->cap * 2 : 1024;
		r->v = must_alloc(r->v, r->cap * sizeof(*r->v));
	}
	r->v[r->n++] = q;
}

void reqs_add(struct reqs *r, const struct req *head, const void *data,
	      size_t len)
{
	struct req *q = must_alloc(NULL, sizeof(*q) + len);

	*q = *head;
	q->len = len;
	memcpy(q->data, data, len);
	reqs_push(r, q);
}

void reqs_write(const struct reqs *r, const char *path)
{
	FILE *f = fopen(path, "w");
	size_t i;

	if (!f)
		die("%s", path);
	for (i = 0; i < r->n; i++)
		fwrite(r->v[i], sizeof(*r->v[i]) + r->v[i]->len, 1, f);
	if (fclose(f))
		die("%s", path);
}

void reqs_read(struct reqs *r, const char *path)
{
	FILE *f = fopen(path, "r");
	struct req head, *q;

	if (!f)
		die("%s", path);
	while (fread(&head, sizeof(head), 1, f) == 1) {
		q = must_alloc(NULL, sizeof(*q) + head.len);
		*q = head;
		if (head.len && fread(q->data, head.len, 1, f) != 1)
			die("%s: cut off", path);
		reqs_push(r, q);
	}
	fclose(f);
}

/* Of one step those of one namespace and set are together. */
static int req_cmp(const struct req *a, const struct req *b)
{
	int c;

	if (a->step != b->step)
		return a->step - b->step;
	c = strcmp(a->ns, b->ns);
	if (!c)
		c = a->type - b->type;
	if (!c)
		c = strcmp(a->of, b->of);
	return c;
}

static int req_cmp_all(const struct req *a, const struct req *b)
{
	int c = req_cmp(a, b);

	if (!c)
		c = strcmp(a->peer, b->peer);
	if (!c)
		c = (a->len > b->len) - (a->len < b->len);
	return c ? c : memcmp(a->data, b->data, a->len);
}

static int by_step(const void *a, const void *b)
{
	return req_cmp(*(struct req *const *)a, *(struct req *const *)b);
}

static int by_all(const void *a, const void *b)
{
	return req_cmp_all(*(struct req *const *)a, *(struct req *const *)b);
}

static void merge(struct req **v, struct req **tmp, size_t n)
{
	size_t m = n / 2, i = 0, j = m, k = 0;

	if (n < 2)
		return;
	merge(v, tmp, m);
	merge(v + m, tmp, n - m);
	while (i < m || j < n)
		tmp[k++] = j == n || (i < m && by_step(&v[i], &v[j]) <= 0) ?
			v[i++] : v[j++];
	memcpy(v, tmp, n * sizeof(*v));
}

/* Stable: the order of the rules of a chain must be kept. */
void reqs_sort(struct reqs *r)
{
	struct req **tmp = must_alloc(NULL, (r->n + 1) * sizeof(*tmp));

	merge(r->v, tmp, r->n);
	free(tmp);
}

void reqs_minus(const struct reqs *b, const struct reqs *a, struct reqs *out)
{
	struct req **has = must_alloc(NULL, (a->n + 1) * sizeof(*has));
	size_t i;

	memcpy(has, a->v, a->n * sizeof(*has));
	qsort(has, a->n, sizeof(*has), by_all);
	for (i = 0; i < b->n; i++)
		if (!bsearch(&b->v[i], has, a->n, sizeof(*has), by_all))
			reqs_push(out, b->v[i]);
	free(has);
}

/* --- namespaces and sockets -------------------------------------------- */

int ns_open(const char *name)
{
	char path[300];
	int fd;

	snprintf(path, sizeof(path), *name ? "/run/netns/%s" :
		 "/proc/self/ns/net", name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		die("%s", path);
	return fd;
}

/* "" goes back to where the program was started. */
void ns_enter(const char *name)
{
	static int home = -1;
	int fd;

	if (home < 0)
		home = ns_open("");
	fd = *name ? ns_open(name) : home;
	if (setns(fd, CLONE_NEWNET))
		die("namespace %s", name);
	if (fd != home)
		close(fd);
}

struct mnl_socket *nl_open(const char *ns, int proto)
{
	int one = 1, size = 64 << 20;
	struct mnl_socket *s;
	int fd;

	ns_enter(ns);
	s = mnl_socket_open2(proto, SOCK_CLOEXEC);
	ns_enter("");
	if (!s || mnl_socket_bind(s, 0, MNL_SOCKET_AUTOPID))
		die("netlink socket");
	fd = mnl_socket_get_fd(s);
	setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size));
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	setsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, &one, sizeof(one));
	if (proto == NETLINK_ROUTE)
		setsockopt(fd, SOL_NETLINK, NETLINK_GET_STRICT_CHK, &one,
			   sizeof(one));
	return s;
}

static char recv_buf[RECV_SIZE];

/* 1: more is to come; -EINTR: what was dumped had changed meanwhile */
static int dump_state(const void *buf, ssize_t len)
{
	const struct nlmsghdr *h = buf;
	int left = len;

	for (; mnl_nlmsg_ok(h, left); h = mnl_nlmsg_next(h, &left)) {
		if (h->nlmsg_flags & NLM_F_DUMP_INTR)
			return -EINTR;
		if (h->nlmsg_type == NLMSG_DONE)
			return 0;
		if (h->nlmsg_type == NLMSG_ERROR) {
			errno = -((struct nlmsgerr *)
				  mnl_nlmsg_get_payload(h))->error;
			die("dump");
		}
	}
	return 1;
}

/* All of a dump in ALL when somebody wants it. */
static int dump_try(struct mnl_socket *s, const struct nlmsghdr *req,
		    struct batch *all)
{
	ssize_t len;
	int now = 1;

	if (mnl_socket_sendto(s, req, req->nlmsg_len) < 0)
		die("dump");
	while (now == 1) {
		len = mnl_socket_recvfrom(s, recv_buf, sizeof(recv_buf));
		if (len < 0)
			die("dump");
		now = dump_state(recv_buf, len);
		if (now == -EINTR)
			return now;
		if (!all)
			continue;
		all->p = must_alloc(all->p, all->len + len);
		memcpy(all->p + all->len, recv_buf, len);
		all->len += len;
	}
	return now;
}

static void dump_drain(struct mnl_socket *s)
{
	while (recv(mnl_socket_get_fd(s), recv_buf, sizeof(recv_buf),
		    MSG_DONTWAIT) > 0)
		;
}

void nl_dump(struct mnl_socket *s, const struct nlmsghdr *req,
	     int (*cb)(const struct nlmsghdr *nlh, void *arg), void *arg)
{
	struct batch all = { 0 };
	const struct nlmsghdr *h;
	int left, tries = 100;

	while (dump_try(s, req, cb ? &all : NULL) == -EINTR) {
		if (!--tries)
			errx(2, "dumps are always interrupted");
		dump_drain(s);
		all.len = 0;
	}
	h = (void *)all.p;
	left = all.len;
	for (; left && mnl_nlmsg_ok(h, left); h = mnl_nlmsg_next(h, &left))
		if (h->nlmsg_type != NLMSG_DONE)
			cb(h, arg);
	free(all.p);
}

struct nlmsghdr *batch_add(struct batch *b, int type, int flags,
			   const void *data, size_t len)
{
	size_t need = NLMSG_ALIGN(sizeof(struct nlmsghdr) + len);
	struct nlmsghdr *h;

	if (b->len + need > b->cap) {
		b->cap = (b->cap + need) * 2;
		b->p = must_alloc(b->p, b->cap);
	}
	h = (void *)(b->p + b->len);
	memset(h, 0, need);
	h->nlmsg_len = sizeof(*h) + len;
	h->nlmsg_type = type;
	h->nlmsg_flags = NLM_F_REQUEST | flags;
	h->nlmsg_seq = ++b->n;
	memcpy(mnl_nlmsg_get_payload(h), data, len);
	b->len += need;
	return h;
}

static const char *ack_text(const struct nlmsghdr *h)
{
	const struct nlmsgerr *e = mnl_nlmsg_get_payload(h);
	const struct nlattr *a;
	size_t off = sizeof(*e);

	if (!(h->nlmsg_flags & NLM_F_ACK_TLVS))
		return "";
	if (!(h->nlmsg_flags & NLM_F_CAPPED))
		off += NLMSG_ALIGN(e->msg.nlmsg_len) - sizeof(e->msg);
	mnl_attr_for_each(a, h, off)
		if (mnl_attr_get_type(a) == NLMSGERR_ATTR_MSG)
			return mnl_attr_get_str(a);
	return "";
}

static int batch_errors(ssize_t len)
{
	const struct nlmsghdr *h = (void *)recv_buf;
	const struct nlmsgerr *e;
	int left = len, n = 0;

	for (; mnl_nlmsg_ok(h, left); h = mnl_nlmsg_next(h, &left)) {
		e = mnl_nlmsg_get_payload(h);
		if (h->nlmsg_type != NLMSG_ERROR || !e->error)
			continue;
		if (n++ < 3)
			fprintf(stderr, "message %u, type %#x: %s %s\n",
				h->nlmsg_seq, e->msg.nlmsg_type,
				strerror(-e->error), ack_text(h));
	}
	return n;
}

int batch_send(struct batch *b, struct mnl_socket *s)
{
	int fd = mnl_socket_get_fd(s), bad = 0;
	ssize_t len;

	if (!b->len)
		return 0;
	if (mnl_socket_sendto(s, b->p, b->len) < 0)
		die("send of %zu bytes", b->len);
	/* the kernel has done it all within the call */
	while ((len = recv(fd, recv_buf, sizeof(recv_buf), MSG_DONTWAIT)) > 0)
		bad += batch_errors(len);
	b->len = 0;
	return bad;
}

/* --- quiet -------------------------------------------------------------- */

/* A worker's name tells its work queue, and by "+" that it is at it. */
static bool netns_worker_busy(void)
{
	DIR *d = opendir("/proc");
	char path[300], comm[64];
	bool busy = false;
	struct dirent *e;
	ssize_t n;
	int fd;

	while (d && (e = readdir(d))) {
		snprintf(path, sizeof(path), "/proc/%s/comm", e->d_name);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			continue;
		n = read(fd, comm, sizeof(comm) - 1);
		close(fd);
		comm[n > 0 ? n : 0] = 0;
		if (!strncmp(comm, "kworker", 7) && strstr(comm, "+netns"))
			busy = true;
	}
	if (d)
		closedir(d);
	return busy;
}

void wait_quiet(void)
{
	const struct timespec t = { .tv_nsec = 20 * 1000 * 1000 };
	double end = now_ms() + 60000;
	int quiet = 0;

	while (quiet < 5) {
		quiet = netns_worker_busy() ? 0 : quiet + 1;
		if (now_ms() > end) {
			warnx("namespaces are still being torn down");
			return;
		}
		nanosleep(&t, NULL);
	}
}

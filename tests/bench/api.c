// api.c - how long the daemon takes to answer, and a change to be in force
// SPDX-License-Identifier: GPL-2.0-or-later
//
//	api sample SOCKET MS PATH
//		GET PATH every MS until SIGTERM; prints count, p50, p99, max
//	api request SOCKET METHOD PATH [FILE]
//		one request with FILE as its body; prints its milliseconds
//	api turn SOCKET N METHOD PATH FILE METHOD PATH FILE
//		two requests in turn, N times; prints those of the first
//	api inforce SOCKET METHOD PATH FILE FROM TO ADDRESS PORT
//		one request; prints when the first UDP packet from namespace
//		FROM to ADDRESS in namespace TO arrived, and when the answer
//		was there.  "-" as FILE is no body.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define PROBE_US 100		/* between two packets of inforce */
#define TURN_US 50000		/* between two requests of turn */
#define GIVE_UP_MS 10000

struct body {
	char *p;
	size_t len;
};

static volatile sig_atomic_t stop;

static void on_signal(int sig)
{
	stop = sig;
}

static double now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1e3 + t.tv_nsec / 1e6;
}

static void pause_us(long us)
{
	const struct timespec t = { us / 1000000, us % 1000000 * 1000 };

	nanosleep(&t, NULL);
}

static struct body body_read(const char *path)
{
	struct body b = { NULL, 0 };
	struct stat st;
	int fd;

	if (!strcmp(path, "-"))
		return b;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st))
		err(2, "%s", path);
	b.p = malloc(st.st_size + 1);
	if (!b.p || read(fd, b.p, st.st_size) != st.st_size)
		err(2, "%s", path);
	b.len = st.st_size;
	close(fd);
	return b;
}

/* --- http ----------------------------------------------------------------- */

static int http_connect(const char *path)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(a.sun_path, sizeof(a.sun_path), "%s", path);
	if (fd < 0 || connect(fd, (void *)&a, sizeof(a)))
		err(2, "%s", path);
	return fd;
}

static void write_all(int fd, const char *p, size_t len)
{
	ssize_t n;

	for (; len; p += n, len -= n) {
		n = write(fd, p, len);
		if (n < 0)
			err(2, "write");
	}
}

/* The answer is there: its head, and as much as the head says. */
static bool answer_complete(const char *p, size_t len)
{
	const char *end = memmem(p, len, "\r\n\r\n", 4), *l;

	if (!end)
		return false;
	end += 4;
	l = strcasestr(p, "\r\nContent-Length:");
	if (l && l < end)
		return len - (end - p) >= strtoul(l + 17, NULL, 10);
	return len >= 5 && !memcmp(p + len - 5, "0\r\n\r\n", 5);
}

/* Returns the status; the answer is printed when it is an error. */
static int http(int fd, const char *method, const char *path,
		const struct body *b)
{
	static char in[4 << 20];
	char head[600];
	size_t len = 0;
	ssize_t n;
	int status;

	n = snprintf(head, sizeof(head), "%s %s HTTP/1.1\r\nHost: netd\r\n"
		     "Content-Length: %zu\r\n\r\n", method, path, b->len);
	write_all(fd, head, n);
	write_all(fd, b->p, b->len);
	do {
		n = read(fd, in + len, sizeof(in) - 1 - len);
		if (n <= 0)
			errx(2, "%s %s: the answer ended early", method, path);
		len += n;
		in[len] = 0;
	} while (!answer_complete(in, len));
	status = atoi(in + 9);
	if (status >= 300 || strstr(in, "\"error\""))
		fprintf(stderr, "%s %s: %.2000s\n", method, path, in);
	return status;
}

/* --- modes ---------------------------------------------------------------- */

static int by_double(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static int do_sample(int argc, char **argv)
{
	const struct body none = { NULL, 0 };
	double *ms = NULL, t;
	size_t n = 0, cap = 0;
	long every = atof(argv[1]) * 1000;
	int fd = http_connect(argv[0]);

	while (!stop) {
		if (n == cap) {
			cap = cap ? cap * 2 : 1024;
			ms = realloc(ms, cap * sizeof(*ms));
		}
		t = now_ms();
		http(fd, "GET", argv[2], &none);
		ms[n++] = now_ms() - t;
		pause_us(every);
	}
	qsort(ms, n, sizeof(*ms), by_double);
	printf("%zu %.3f %.3f %.3f\n", n, ms[n / 2], ms[n * 99 / 100],
	       ms[n - 1]);
	return 0;
}

static double timed(int fd, char **argv, bool *ok)
{
	struct body b = body_read(argv[2]);
	double t = now_ms();

	*ok = http(fd, argv[0], argv[1], &b) < 300;
	t = now_ms() - t;
	free(b.p);
	return t;
}

static int do_request(int argc, char **argv)
{
	char *none = "-", *req[] = { argv[1], argv[2],
				     argc > 3 ? argv[3] : none };
	bool ok;

	printf("%.3f\n", timed(http_connect(argv[0]), req, &ok));
	return ok ? 0 : 1;
}

static int do_turn(int argc, char **argv)
{
	int n = atoi(argv[1]), fd = http_connect(argv[0]);
	bool ok = true, back = true;

	while (n-- > 0 && ok && back) {
		printf("%.3f\n", timed(fd, argv + 2, &ok));
		/* what an earlier one left to be looked at is looked at */
		pause_us(TURN_US);
		timed(fd, argv + 5, &back);
		pause_us(TURN_US);
	}
	return ok && back ? 0 : 1;
}

static void enter(const char *name)
{
	char path[300];
	int fd;

	snprintf(path, sizeof(path), "/run/netns/%s", name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || setns(fd, CLONE_NEWNET))
		err(2, "%s", path);
	close(fd);
}

struct probe {
	int out, in;
	double seen;		/* 0: not yet */
	bool end;
};

static void *probe_run(void *arg)
{
	struct probe *p = arg;
	char c = 0;

	while (!__atomic_load_n(&p->end, __ATOMIC_RELAXED)) {
		if (send(p->out, &c, 1, MSG_DONTWAIT) < 0 && errno == EBADF)
			break;
		if (recv(p->in, &c, 1, MSG_DONTWAIT) == 1 && !p->seen) {
			p->seen = now_ms();
			break;
		}
		pause_us(PROBE_US);
	}
	return NULL;
}

static struct probe probe_open(char **argv)
{
	struct sockaddr_in to = { .sin_family = AF_INET };
	struct probe p = { 0 };
	int home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);

	if (inet_pton(AF_INET, argv[2], &to.sin_addr) != 1)
		errx(2, "%s is no address", argv[2]);
	to.sin_port = htons(atoi(argv[3]));
	enter(argv[1]);
	p.in = socket(AF_INET, SOCK_DGRAM, 0);
	if (bind(p.in, (void *)&to, sizeof(to)))
		err(2, "bind");
	enter(argv[0]);
	p.out = socket(AF_INET, SOCK_DGRAM, 0);
	if (connect(p.out, (void *)&to, sizeof(to)))
		err(2, "connect");
	if (home < 0 || setns(home, CLONE_NEWNET))
		err(2, "setns");
	return p;
}

static int do_inforce(int argc, char **argv)
{
	int fd = http_connect(argv[0]);
	struct probe p = probe_open(argv + 4);
	double start, answer;
	pthread_t t;
	bool ok;

	pthread_create(&t, NULL, probe_run, &p);
	/* what was refused before leaves no answer that is still queued */
	pause_us(20000);
	if (p.seen)
		errx(1, "packets pass before the change");
	start = now_ms();
	answer = timed(fd, argv + 1, &ok);
	while (!p.seen && now_ms() < start + GIVE_UP_MS)
		pause_us(100);
	p.end = true;
	pthread_join(t, NULL);
	if (!p.seen)
		errx(1, "no packet passed");
	printf("%.3f %.3f\n", p.seen - start, answer);
	return ok ? 0 : 1;
}

static const struct {
	const char *name;
	int min;
	int (*run)(int argc, char **argv);
} modes[] = {
	{ "sample", 3, do_sample }, { "request", 3, do_request },
	{ "turn", 8, do_turn }, { "inforce", 8, do_inforce },
};

int main(int argc, char **argv)
{
	unsigned int i;

	signal(SIGTERM, on_signal);
	signal(SIGINT, on_signal);
	signal(SIGPIPE, SIG_IGN);
	for (i = 0; argc > 1 && i < sizeof(modes) / sizeof(*modes); i++)
		if (!strcmp(argv[1], modes[i].name) &&
		    argc - 2 >= modes[i].min)
			return modes[i].run(argc - 2, argv + 2);
	errx(2, "usage: see the head of api.c");
}

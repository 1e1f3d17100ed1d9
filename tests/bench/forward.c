// forward.c - what a forwarded packet costs
// SPDX-License-Identifier: GPL-2.0-or-later
//
//	forward FROM TO ADDRESS PORT MS FLOWS
//
// Sends UDP packets of 64 bytes from namespace FROM to ADDRESS in namespace TO
// for MS milliseconds, in FLOWS flows, as fast as it can, and prints
//	nanoseconds per packet that arrived, sent, arrived
// The kernel forwards within the sender's system call (veth, softirq), on one
// CPU.  The time is that of the fastest twentieth of slices of less than a
// millisecond: what else the machine does lengthens some, and shortens none.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <err.h>
#include <fcntl.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define BURST 64
#define PAYLOAD (64 - 8 - 20)	/* 64 bytes of IPv4 */
#define MAX_FLOWS 256
#define SLICE_NS 7e5
#define MAX_SLICES 10000

static double now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1e9 + t.tv_nsec;
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

/* What arrived: as the namespace's UDP counts it, wanted by nobody or not. */
static uint64_t arrived(void)
{
	char line[600], *p;
	uint64_t in = 0, noports = 0, errors = 0, out = 0;
	int n = 0;
	FILE *f = fopen("/proc/thread-self/net/snmp", "r");

	while (f && fgets(line, sizeof(line), f)) {
		p = line;
		if (strncmp(p, "Udp: ", 5) || ++n != 2)
			continue;
		sscanf(p + 5, "%lu %lu %lu %lu", &in, &noports, &errors, &out);
	}
	if (f)
		fclose(f);
	return in + noports + errors;
}

static int flow_open(const struct sockaddr_in *to)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || connect(fd, (const void *)to, sizeof(*to)))
		err(2, "socket");
	return fd;
}

static uint64_t send_burst(int fd)
{
	static char payload[PAYLOAD];
	static struct iovec iov = { payload, PAYLOAD };
	static struct mmsghdr v[BURST];
	int i, n;

	for (i = 0; i < BURST; i++)
		v[i].msg_hdr = (struct msghdr){ .msg_iov = &iov,
						.msg_iovlen = 1 };
	n = sendmmsg(fd, v, BURST, 0);
	return n > 0 ? n : 0;
}

static int by_double(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Nanoseconds per packet. */
static double slice(const int *fd, int flows, uint64_t *sent, uint64_t *got)
{
	uint64_t before = arrived(), n;
	double start = now_ns(), end = start;
	int i;

	for (i = 0; end < start + SLICE_NS; i++) {
		*sent += send_burst(fd[i % flows]);
		end = now_ns();
	}
	n = arrived() - before;
	*got += n;
	return n ? (end - start) / n : 1e9;
}

int main(int argc, char **argv)
{
	struct sockaddr_in to = { .sin_family = AF_INET };
	int flows, i, fd[MAX_FLOWS], sink, big = 32 << 20;
	static double ns[MAX_SLICES];
	uint64_t sent = 0, got = 0;
	cpu_set_t one;
	double end;

	if (argc != 7 || inet_pton(AF_INET, argv[3], &to.sin_addr) != 1)
		errx(2, "usage: see the head of forward.c");
	to.sin_port = htons(atoi(argv[4]));
	flows = atoi(argv[6]);
	if (flows < 1 || flows > MAX_FLOWS)
		errx(2, "1 to %d flows", MAX_FLOWS);
	CPU_ZERO(&one);
	CPU_SET(0, &one);
	sched_setaffinity(0, sizeof(one), &one);
	enter(argv[2]);
	/* bound and never read: what arrives is counted, and no ICMP made */
	sink = socket(AF_INET, SOCK_DGRAM, 0);
	if (bind(sink, (void *)&to, sizeof(to)))
		err(2, "bind");
	enter(argv[1]);
	for (i = 0; i < flows; i++) {
		fd[i] = flow_open(&to);
		setsockopt(fd[i], SOL_SOCKET, SO_SNDBUFFORCE, &big,
			   sizeof(big));
		send_burst(fd[i]);
	}
	enter(argv[2]);
	end = now_ns() + atof(argv[5]) * 1e6;
	for (i = 0; i < MAX_SLICES && now_ns() < end; i++)
		ns[i] = slice(fd, flows, &sent, &got);
	if (got < sent / 2 || !got)
		errx(1, "only %lu of %lu packets arrived", got, sent);
	qsort(ns, i, sizeof(*ns), by_double);
	printf("%.1f %lu %lu\n", ns[i / 20], sent, got);
	return 0;
}

// flood.c - millions of frames, and how many of them arrive, for the tests
// SPDX-License-Identifier: GPL-2.0-or-later
//
// flood send IF PPS SECONDS FILE
//	Sends the frames of FILE (hex, one a line) on IF, in turn, PPS of them a
//	second, for SECONDS (0: until SIGTERM); prints "sent N".  It waits for
//	IF, and begins as soon as it is there and up.
// flood count IF HEX...
//	Prints "ready"; counts the frames that arrive on IF with the bytes HEX
//	in them, of each HEX, but not what ICMP errors quote; at SIGTERM prints the numbers and "missed N", how
//	many frames there was no room for.

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { MAX = 2048, BURST = 64, FRAMES = 1024, MARKS = 16 };

struct bytes {
	uint8_t p[MAX];
	size_t n;
};

static volatile sig_atomic_t stop;

static void on_term(int sig)
{
	stop = 1;
}

static void die(const char *what)
{
	perror(what);
	exit(2);
}

static void read_hex(const char *s, struct bytes *b)
{
	unsigned int v;

	for (b->n = 0; b->n < MAX && sscanf(s, "%2x", &v) == 1; s += 2)
		b->p[b->n++] = v;
}

static int open_packet(const char *ifname, int protocol)
{
	struct sockaddr_ll a = { .sll_family = AF_PACKET,
				 .sll_protocol = htons(protocol) };
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, htons(protocol));
	int big = 64 << 20;

	while (!stop && !(a.sll_ifindex = if_nametoindex(ifname)))
		usleep(200);
	if (fd < 0 || !a.sll_ifindex ||
	    bind(fd, (struct sockaddr *)&a, sizeof(a)))
		die(ifname);
	setsockopt(fd, SOL_SOCKET, protocol ? SO_RCVBUFFORCE : SO_SNDBUFFORCE,
		   &big, sizeof(big));
	return fd;
}

static int64_t now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000LL + t.tv_nsec / 1000;
}

static unsigned int read_frames(const char *file, struct bytes *frames)
{
	char line[2 * MAX + 2];
	FILE *f = fopen(file, "re");
	unsigned int n = 0;

	while (f && n < FRAMES && fgets(line, sizeof(line), f))
		read_hex(line, &frames[n++]);
	if (!n)
		die(file);
	fclose(f);
	return n;
}

/* How many of WANT frames, from the one behind SENT, could be sent. */
static unsigned int burst(int fd, struct bytes *frames, unsigned int n,
			  uint64_t sent, unsigned int want)
{
	static struct mmsghdr m[BURST];
	static struct iovec v[BURST];
	unsigned int i;
	int got;

	want = want < BURST ? want : BURST;
	for (i = 0; i < want; i++) {
		struct bytes *b = &frames[(sent + i) % n];

		v[i] = (struct iovec){ b->p, b->n };
		m[i].msg_hdr = (struct msghdr){ .msg_iov = &v[i],
						.msg_iovlen = 1 };
	}
	got = sendmmsg(fd, m, want, 0);
	if (got < 0 && errno != ENOBUFS && errno != EINTR && errno != ENETDOWN)
		die("sendmmsg");
	return got > 0 ? got : 0;
}

static int flood(char **argv)
{
	static struct bytes frames[FRAMES];
	unsigned int n = read_frames(argv[3], frames);
	int64_t start = now_us(), passed = 0, due;
	double pps = atof(argv[1]), seconds = atof(argv[2]);
	int fd = open_packet(argv[0], 0);
	uint64_t sent = 0;

	while (!stop && (!seconds || passed < seconds * 1e6)) {
		passed = now_us() - start;
		due = passed * pps / 1e6 - sent;
		/* what could not be sent in time is not sent in a rush */
		if (due > pps / 50)
			start += (due - pps / 50) * 1e6 / pps;
		if (due > 0)
			sent += burst(fd, frames, n, sent, due);
		else
			usleep(500);
	}
	printf("sent %lu\n", sent);
	return 0;
}

static void report(int fd, int n, const uint64_t *counts)
{
	struct tpacket_stats s = { 0 };
	socklen_t len = sizeof(s);
	int i;

	for (i = 0; i < n; i++)
		printf("%lu ", counts[i]);
	getsockopt(fd, SOL_PACKET, PACKET_STATISTICS, &s, &len);
	printf("missed %u\n", s.tp_drops);
}

static bool is_icmp(const uint8_t *f, ssize_t n)
{
	return n > 34 && ((f[12] == 0x08 && f[13] == 0 && f[23] == 1) ||
			  (f[12] == 0x86 && f[13] == 0xdd && f[20] == 58));
}

static int count(int n, char **argv)
{
	static struct bytes marks[MARKS];
	uint64_t counts[MARKS] = { 0 };
	struct pollfd p = { .fd = open_packet(argv[0], ETH_P_ALL),
			    .events = POLLIN };
	struct sockaddr_ll from;
	socklen_t len;
	uint8_t f[MAX];
	ssize_t got;
	int i;

	for (i = 0; i < n; i++)
		read_hex(argv[i + 1], &marks[i]);
	puts("ready");
	fflush(stdout);
	while (!stop || poll(&p, 1, 0) > 0) {
		if (poll(&p, 1, 100) <= 0)
			continue;
		len = sizeof(from);
		got = recvfrom(p.fd, f, MAX, MSG_DONTWAIT,
			       (struct sockaddr *)&from, &len);
		if (got <= 0 || from.sll_pkttype == PACKET_OUTGOING ||
		    is_icmp(f, got))
			continue;
		for (i = 0; i < n; i++)
			counts[i] += memmem(f, got, marks[i].p, marks[i].n) !=
				NULL;
	}
	report(p.fd, n, counts);
	return 0;
}

int main(int argc, char **argv)
{
	signal(SIGTERM, on_term);
	if (argc == 6 && !strcmp(argv[1], "send"))
		return flood(argv + 2);
	if (argc > 3 && argc < 4 + MARKS && !strcmp(argv[1], "count"))
		return count(argc - 3, argv + 2);
	fprintf(stderr, "usage: flood send IF PPS SECONDS FILE | "
		"count IF HEX...\n");
	return 2;
}

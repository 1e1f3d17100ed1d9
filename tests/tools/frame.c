// frame.c - frames as a hostile guest would write them, for the tests
// SPDX-License-Identifier: GPL-2.0-or-later
//
// frame send IF [-n COUNT] HEX...
//	Sends the frame as it is, but for what a sender may leave to us: zero
//	checksums of IPv4, ICMP, ICMPv6, UDP and TCP are filled in, and the
//	lengths of IPv4, IPv6 and UDP where they are ffff.  Exits with 0.
//	Prints the frame as it was sent.  `-`: a frame a line of the input.
// frame log IF SECONDS HEX
//	Prints "ready", then each frame that arrives on IF, until one has the
//	bytes HEX somewhere: exits with 0; with 1 when the time is over.
//	Blanks, dots and colons in HEX mean nothing.

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { MAX = 9000 };

static void die(const char *what)
{
	perror(what);
	exit(2);
}

static int digit(char c)
{
	const char *hex = "0123456789abcdef", *at = strchr(hex, c | 0x20);

	return at && c >= '0' ? at - hex : -1;
}

static size_t add_hex(uint8_t *out, size_t n, const char *s)
{
	for (; *s; s++) {
		if (strchr(" :.\n", *s))
			continue;
		if (digit(s[0]) < 0 || !s[1] || digit(s[1]) < 0 || n == MAX) {
			fprintf(stderr, "frame: no hex: %s\n", s);
			exit(2);
		}
		out[n++] = digit(s[0]) << 4 | digit(s[1]);
		s++;
	}
	return n;
}

static uint32_t sum(const uint8_t *p, size_t n, uint32_t s)
{
	for (size_t i = 0; i < n; i++)
		s += p[i] << (i % 2 ? 0 : 8);
	return s;
}

static void put_sum(uint8_t *at, uint32_t s)
{
	while (s >> 16)
		s = (s & 0xffff) + (s >> 16);
	s = ~s & 0xffff;
	at[0] = s >> 8;
	at[1] = s;
}

static bool is(const uint8_t *p, uint16_t v)
{
	return (p[0] << 8 | p[1]) == v;
}

static void put16(uint8_t *p, size_t v)
{
	p[0] = v >> 8;
	p[1] = v;
}

/* PSEUDO: the sum of the addresses. */
static void fill_l4(uint8_t *p, size_t n, uint8_t proto, uint32_t pseudo)
{
	static const struct { uint8_t proto, at; bool pseudo; } sums[] = {
		{ 1, 2, false }, { 6, 16, true }, { 17, 6, true },
		{ 58, 2, true },
	};

	if (proto == 17 && n >= 8 && is(p + 4, 0xffff))
		put16(p + 4, n);
	for (size_t i = 0; i < sizeof(sums) / sizeof(sums[0]); i++)
		if (sums[i].proto == proto && n >= sums[i].at + 2u &&
		    is(p + sums[i].at, 0))
			put_sum(p + sums[i].at,
				sum(p, n, sums[i].pseudo ?
				    pseudo + proto + n : 0));
}

static void fill(uint8_t *f, size_t n)
{
	uint8_t *ip = f + 14;

	if (n >= 34 && is(f + 12, 0x0800)) {
		if (is(ip + 2, 0xffff))
			put16(ip + 2, n - 14);
		if (is(ip + 10, 0))
			put_sum(ip + 10, sum(ip, 20, 0));
		fill_l4(ip + 20, n - 34, ip[9], sum(ip + 12, 8, 0));
	} else if (n >= 54 && is(f + 12, 0x86dd)) {
		if (is(ip + 4, 0xffff))
			put16(ip + 4, n - 54);
		fill_l4(ip + 40, n - 54, ip[6], sum(ip + 8, 32, 0));
	}
}

static int open_packet(const char *ifname)
{
	struct sockaddr_ll a = { .sll_family = AF_PACKET,
				 .sll_protocol = htons(ETH_P_ALL) };
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, htons(ETH_P_ALL));

	a.sll_ifindex = if_nametoindex(ifname);
	if (fd < 0 || !a.sll_ifindex ||
	    bind(fd, (struct sockaddr *)&a, sizeof(a)))
		die(ifname);
	return fd;
}

static void print(const uint8_t *f, size_t n)
{
	for (size_t i = 0; i < n; i++)
		printf("%02x", f[i]);
	puts("");
}

static void send_one(int fd, uint8_t *f, size_t n, long count)
{
	fill(f, n);
	print(f, n);
	while (count-- > 0)
		if (send(fd, f, n, 0) < 0 && errno != ENOBUFS)
			die("send");
}

static int send_lines(int fd)
{
	char line[2 * MAX + 2];
	uint8_t f[MAX];

	while (fgets(line, sizeof(line), stdin)) {
		memset(f, 0, sizeof(f));
		send_one(fd, f, add_hex(f, 0, line), 1);
	}
	return 0;
}

static int send_frame(int argc, char **argv)
{
	uint8_t f[MAX] = { 0 };
	long count = 1;
	size_t n = 0;
	int fd = open_packet(argv[0]), i = 1;

	if (!strcmp(argv[1], "-"))
		return send_lines(fd);
	if (argc > 2 && !strcmp(argv[1], "-n")) {
		count = atol(argv[2]);
		i = 3;
	}
	for (; i < argc; i++)
		n = add_hex(f, n, argv[i]);
	send_one(fd, f, n, count);
	return 0;
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

/* A tag that the kernel took out of the frame is put back. */
static size_t put_tag(struct msghdr *m, uint8_t *f, size_t n)
{
	struct tpacket_auxdata aux;
	struct cmsghdr *c;

	for (c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
		if (c->cmsg_level != SOL_PACKET ||
		    c->cmsg_type != PACKET_AUXDATA)
			continue;
		memcpy(&aux, CMSG_DATA(c), sizeof(aux));
		if (!(aux.tp_status & TP_STATUS_VLAN_VALID))
			continue;
		memmove(f + 16, f + 12, n - 12);
		put16(f + 12, aux.tp_status & TP_STATUS_VLAN_TPID_VALID ?
		      aux.tp_vlan_tpid : ETH_P_8021Q);
		put16(f + 14, aux.tp_vlan_tci);
		n += 4;
	}
	return n;
}

static ssize_t receive(int fd, uint8_t *f)
{
	char control[256];
	struct sockaddr_ll from;
	struct iovec v = { f, MAX - 4 };
	struct msghdr m = { .msg_name = &from, .msg_namelen = sizeof(from),
			    .msg_iov = &v, .msg_iovlen = 1,
			    .msg_control = control,
			    .msg_controllen = sizeof(control) };
	ssize_t n = recvmsg(fd, &m, MSG_DONTWAIT);

	if (n < 14 || from.sll_pkttype == PACKET_OUTGOING)
		return 0;
	return put_tag(&m, f, n);
}

static int log_frames(char **argv)
{
	uint8_t want[MAX], f[MAX];
	size_t n = add_hex(want, 0, argv[2]);
	double end = now() + atof(argv[1]);
	struct pollfd p = { .fd = open_packet(argv[0]), .events = POLLIN };
	ssize_t got;
	int one = 1;

	setsockopt(p.fd, SOL_PACKET, PACKET_AUXDATA, &one, sizeof(one));
	puts("ready");
	fflush(stdout);
	while (now() < end) {
		if (poll(&p, 1, 50) <= 0)
			continue;
		got = receive(p.fd, f);
		if (got <= 0)
			continue;
		print(f, got);
		fflush(stdout);
		if (memmem(f, got, want, n))
			return 0;
	}
	return 1;
}

int main(int argc, char **argv)
{
	if (argc >= 4 && !strcmp(argv[1], "send"))
		return send_frame(argc - 2, argv + 2);
	if (argc == 5 && !strcmp(argv[1], "log"))
		return log_frames(argv + 2);
	fprintf(stderr, "usage: frame send IF -|[-n COUNT] HEX... | "
		"log IF SECONDS HEX\n");
	return 2;
}

// talk.c - real TCP and UDP traffic for the tests
// SPDX-License-Identifier: GPL-2.0-or-later
//
// talk serve tcp|udp PORT...
//	Listens on all addresses, then goes to the background; answers each line
//	or datagram with the address and port it came from, as this end sees it.
// talk ask ADDRESS tcp|udp PORT SECONDS
//	Sends one line and prints the answer.  Exits with 0; 1 when nothing came
//	in that time; 2 when it was refused at once.
// talk hold ADDRESS tcp|udp PORT
//	Asks every 50 ms over one connection.  Prints "up" at the first answer.
//	At SIGTERM prints "asked N answered N gap MS" (the longest time without
//	an answer) and exits with 0; with 1 as soon as the connection breaks.
// talk sink PORT
//	Listens on TCP, goes to the background, reads all, one at a time, and
//	answers with how much it was.
// talk flood ADDRESS PORT BYTES
//	Sends so much to a sink and prints how many ms that took.

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { REFUSED = 2, MAX_FDS = 512, HOLD_MS = 50 };

static volatile sig_atomic_t stop;

static void on_term(int sig)
{
	stop = 1;
}

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static long now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int type_of(const char *proto)
{
	return strcmp(proto, "udp") ? SOCK_STREAM : SOCK_DGRAM;
}

/* One socket a family: IPv4 through an IPv6 socket would look mapped. */
static int listen_on(int family, int type, const char *port)
{
	struct addrinfo hints = { .ai_family = family, .ai_socktype = type,
				  .ai_flags = AI_PASSIVE }, *ai;
	int fd, one = 1;

	if (getaddrinfo(NULL, port, &hints, &ai))
		die(port);
	fd = socket(family, type | SOCK_CLOEXEC, 0);
	if (fd < 0)
		die("socket");
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one));
	if (bind(fd, ai->ai_addr, ai->ai_addrlen))
		die("bind");
	if (type == SOCK_STREAM && listen(fd, 64))
		die("listen");
	freeaddrinfo(ai);
	return fd;
}

/*
 * Answers what came on FD; false when the other side is gone.  A datagram of
 * no use (an ICMP error) is no reason to stop.
 */
static bool answer(int fd, int type)
{
	struct sockaddr_storage peer;
	socklen_t len = sizeof(peer);
	char buf[2048], host[64], port[8];
	ssize_t n;

	n = recvfrom(fd, buf, sizeof(buf), 0, (struct sockaddr *)&peer, &len);
	if (n <= 0)
		return type == SOCK_DGRAM;
	if (type == SOCK_STREAM) {
		len = sizeof(peer);
		if (getpeername(fd, (struct sockaddr *)&peer, &len))
			return false;
	}
	getnameinfo((struct sockaddr *)&peer, len, host, sizeof(host), port,
		    sizeof(port), NI_NUMERICHOST | NI_NUMERICSERV);
	n = snprintf(buf, sizeof(buf), "%s %s\n", host, port);
	sendto(fd, buf, n, MSG_NOSIGNAL, (struct sockaddr *)&peer,
	       type == SOCK_DGRAM ? len : 0);
	return true;
}

static void serve_loop(struct pollfd *p, int n, int listeners, int type)
{
	int i;

	for (;;) {
		if (poll(p, n, -1) < 0)
			die("poll");
		for (i = n - 1; i >= 0; i--) {
			if (!p[i].revents)
				continue;
			if (i >= listeners || type == SOCK_DGRAM) {
				if (answer(p[i].fd, type))
					continue;
				close(p[i].fd);
				p[i] = p[--n];
			} else if (n < MAX_FDS) {
				p[n].fd = accept(p[i].fd, NULL, NULL);
				p[n].events = POLLIN;
				p[n].revents = 0;
				n += p[n].fd >= 0;
			}
		}
	}
}

static int serve(int argc, char **argv)
{
	static struct pollfd p[MAX_FDS];
	int type = type_of(argv[0]), n = 0, i;

	for (i = 1; i < argc && n < MAX_FDS / 2; i++) {
		p[n++].fd = listen_on(AF_INET, type, argv[i]);
		p[n++].fd = listen_on(AF_INET6, type, argv[i]);
	}
	for (i = 0; i < n; i++)
		p[i].events = POLLIN;
	if (daemon(1, 0))
		die("daemon");
	serve_loop(p, n, n, type);
	return 0;
}

static bool is_refusal(int err)
{
	return err == ECONNREFUSED || err == EHOSTUNREACH || err == EACCES ||
	       err == ENETUNREACH || err == ECONNRESET || err == EPERM;
}

/* Connects within MS; negative errno when it did not come to be. */
static int connect_to(const char *addr, const char *proto, const char *port,
		      int ms)
{
	struct addrinfo hints = { .ai_socktype = type_of(proto),
				  .ai_flags = AI_NUMERICHOST }, *ai;
	struct pollfd p = { .events = POLLOUT };
	int err = 0;
	socklen_t len = sizeof(err);

	if (getaddrinfo(addr, port, &hints, &ai)) {
		fprintf(stderr, "talk: bad address %s\n", addr);
		exit(1);
	}
	p.fd = socket(ai->ai_family,
		      ai->ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (p.fd < 0)
		die("socket");
	if (connect(p.fd, ai->ai_addr, ai->ai_addrlen) && errno != EINPROGRESS)
		err = errno;
	else if (poll(&p, 1, ms) != 1)
		err = ETIMEDOUT;
	else
		getsockopt(p.fd, SOL_SOCKET, SO_ERROR, &err, &len);
	freeaddrinfo(ai);
	if (!err)
		return p.fd;
	close(p.fd);
	return -err;
}

/* Waits for an answer: its length, 0 when none came, or a negative errno. */
static int receive(int fd, char *buf, size_t size, int ms)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	ssize_t n;

	if (poll(&p, 1, ms > 0 ? ms : 0) != 1)
		return 0;
	n = recv(fd, buf, size, 0);
	if (n > 0)
		return n;
	return n ? -errno : -ECONNRESET;
}

static int ask(char **argv)
{
	int ms = atof(argv[3]) * 1000, fd, n;
	long end = now_ms() + ms;
	char buf[256];

	fd = connect_to(argv[0], argv[1], argv[2], ms);
	if (fd >= 0 && send(fd, "x\n", 2, MSG_NOSIGNAL) < 0)
		n = -errno;
	else if (fd >= 0)
		n = receive(fd, buf, sizeof(buf), end - now_ms());
	else
		n = fd;
	if (n > 0)
		return fwrite(buf, 1, n, stdout) != (size_t)n;
	fprintf(stderr, "talk: %s %s %s: %s\n", argv[0], argv[1], argv[2],
		strerror(n ? -n : ETIMEDOUT));
	return n && is_refusal(-n) ? REFUSED : 1;
}

static int hold(char **argv)
{
	unsigned int asked = 0, answered = 0;
	long last = now_ms(), gap = 0, t;
	int fd, n = 0;
	char buf[4096];

	signal(SIGTERM, on_term);
	fd = connect_to(argv[0], argv[1], argv[2], 10000);
	if (fd < 0)
		n = fd;
	for (; !stop && n >= 0; asked++) {
		long next = now_ms() + HOLD_MS;

		if (send(fd, "x\n", 2, MSG_NOSIGNAL) < 0 && errno != EAGAIN)
			n = -errno;
		while (n >= 0 && !stop && (t = next - now_ms()) > 0) {
			n = receive(fd, buf, sizeof(buf), t);
			if (n <= 0)
				continue;
			for (t = 0; t < n; t++)
				answered += buf[t] == '\n';
			t = now_ms();
			gap = t - last > gap ? t - last : gap;
			last = t;
			if (answered == 1)
				puts("up");
			fflush(stdout);
		}
	}
	gap = now_ms() - last > gap ? now_ms() - last : gap;
	printf("asked %u answered %u gap %ld\n", asked, answered, gap);
	if (n < 0)
		fprintf(stderr, "talk: hold: %s\n", strerror(-n));
	return n < 0;
}

static void drain(int fd)
{
	static char buf[65536];
	unsigned long sum = 0;
	ssize_t n;

	while ((n = recv(fd, buf, sizeof(buf), 0)) > 0)
		sum += n;
	n = snprintf(buf, sizeof(buf), "%lu\n", sum);
	send(fd, buf, n, MSG_NOSIGNAL);
	close(fd);
}

__attribute__((noreturn)) static void sink(const char *port)
{
	int fd = listen_on(AF_INET, SOCK_STREAM, port);

	if (daemon(1, 0))
		die("daemon");
	for (;;)
		drain(accept(fd, NULL, NULL));
}

/* The whole of it has come when the sink says so. */
static int flood(const char *addr, const char *port, long bytes)
{
	static char buf[65536];
	struct pollfd p = { .fd = connect_to(addr, "tcp", port, 10000),
			    .events = POLLOUT };
	long begin = now_ms(), left = bytes;
	ssize_t n;

	while (p.fd >= 0 && left > 0 && poll(&p, 1, 30000) == 1) {
		n = send(p.fd, buf, left < (long)sizeof(buf) ? left :
			 (long)sizeof(buf), MSG_NOSIGNAL);
		if (n < 0 && errno != EAGAIN)
			break;
		left -= n > 0 ? n : 0;
	}
	if (p.fd < 0 || left)
		die(addr);
	shutdown(p.fd, SHUT_WR);
	n = receive(p.fd, buf, sizeof(buf) - 1, 60000);
	buf[n > 0 ? n : 0] = '\0';
	if (atol(buf) != bytes)
		return 1;
	printf("%ld\n", now_ms() - begin);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 3 && !strcmp(argv[1], "sink"))
		sink(argv[2]);
	if (argc == 5 && !strcmp(argv[1], "flood"))
		return flood(argv[2], argv[3], atol(argv[4]));
	if (argc >= 4 && !strcmp(argv[1], "serve"))
		return serve(argc - 2, argv + 2);
	if (argc == 6 && !strcmp(argv[1], "ask"))
		return ask(argv + 2);
	if (argc == 5 && !strcmp(argv[1], "hold"))
		return hold(argv + 2);
	fprintf(stderr, "usage: talk serve|ask|hold|sink|flood ...; see talk.c\n");
	return 2;
}

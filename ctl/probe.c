// probe.c - does an address answer: ICMP echo, TCP, UDP, HTTP
// SPDX-License-Identifier: GPL-2.0-or-later
//
// Sockets of our own, so that a node needs no ping and no nc.  HTTP is curl's.
#include <curl/curl.h>
#include <errno.h>
#include <linux/icmp.h>
#include <netinet/icmp6.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "ctl/lab.h"

#define ECHOS 4			/* in a try: the first wakes up ARP */

int64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000ll + ts.tv_nsec / 1000000;
}

socklen_t probe_address(const struct ip *ip, uint16_t port,
			struct sockaddr_storage *ss)
{
	struct sockaddr_in *v4 = (struct sockaddr_in *)ss;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)ss;

	memset(ss, 0, sizeof(*ss));
	if (ip->family == 4) {
		v4->sin_family = AF_INET;
		v4->sin_port = htons(port);
		memcpy(&v4->sin_addr, ip->b, 4);
		return sizeof(*v4);
	}
	v6->sin6_family = AF_INET6;
	v6->sin6_port = htons(port);
	memcpy(&v6->sin6_addr, ip->b, 16);
	return sizeof(*v6);
}

bool probe_wait(int fd, bool out, int64_t until)
{
	struct pollfd p = { .fd = fd, .events = out ? POLLOUT : POLLIN };
	int64_t left = until - now_ms();

	return left > 0 && poll(&p, 1, left) > 0;
}

static int open_to(const struct ip *ip, int type, int protocol, uint16_t port,
		   struct buf *why)
{
	struct sockaddr_storage ss;
	socklen_t len = probe_address(ip, port, &ss);
	int fd = socket(ss.ss_family, type | SOCK_NONBLOCK | SOCK_CLOEXEC,
			protocol);

	if (fd >= 0 && (!connect(fd, (struct sockaddr *)&ss, len) ||
			errno == EINPROGRESS))
		return fd;
	buf_str(why, strerror(errno));
	if (fd >= 0)
		close(fd);
	return -1;
}

/* --- ICMP (RFC 792, RFC 4443) ------------------------------------------ */

static uint16_t checksum(const void *p, size_t len)
{
	const uint8_t *b = p;
	uint32_t sum = 0;
	size_t i;

	for (i = 0; i + 1 < len; i += 2)
		sum += b[i] << 8 | b[i + 1];
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return htons(~sum);
}

/* The kernel fills in the checksum of ICMPv6 (RFC 3542, section 3.1). */
static void send_echo(int fd, bool six, uint16_t id, uint16_t seq)
{
	struct icmphdr h = {
		.type = six ? ICMP6_ECHO_REQUEST : ICMP_ECHO,
		.un.echo = { htons(id), htons(seq) },
	};

	if (!six)
		h.checksum = checksum(&h, sizeof(h));
	/* an error is that of the one before; the wait tells */
	(void)!send(fd, &h, sizeof(h), 0);
}

static bool is_answer(const uint8_t *p, size_t len, bool six, uint16_t id)
{
	struct icmphdr h;
	size_t skip = six || !len ? 0 : (p[0] & 15) * 4;

	if (len < skip + sizeof(h))
		return false;
	memcpy(&h, p + skip, sizeof(h));
	return h.type == (six ? ICMP6_ECHO_REPLY : ICMP_ECHOREPLY) &&
	       h.un.echo.id == htons(id);
}

static bool get_answer(int fd, bool six, uint16_t id, int64_t until)
{
	uint8_t b[2048];
	ssize_t n;

	while (probe_wait(fd, false, until)) {
		n = recv(fd, b, sizeof(b), 0);
		if (n > 0 && is_answer(b, n, six, id))
			return true;
	}
	return false;
}

bool probe_icmp(const struct ip *ip, struct buf *why)
{
	bool six = ip->family == 6, ok = false;
	uint16_t id = getpid() & 0xffff, i;
	int fd = open_to(ip, SOCK_RAW, six ? IPPROTO_ICMPV6 : IPPROTO_ICMP, 0,
			 why);

	if (fd < 0)
		return false;
	for (i = 0; !ok && i < ECHOS; i++) {
		send_echo(fd, six, id, i);
		ok = get_answer(fd, six, id,
				now_ms() + PROBE_TRY_MS / ECHOS);
	}
	close(fd);
	buf_str(why, ok ? "answers" : "no answer to ICMP echo");
	return ok;
}

/* --- TCP, UDP ---------------------------------------------------------- */

bool probe_tcp(const struct ip *ip, uint16_t port, struct buf *why)
{
	int fd = open_to(ip, SOCK_STREAM, 0, port, why), err = ETIMEDOUT;
	socklen_t len = sizeof(err);

	if (fd < 0)
		return false;
	if (probe_wait(fd, true, now_ms() + PROBE_TRY_MS))
		getsockopt(fd, SOL_SOCKET, SO_ERROR, &err, &len);
	close(fd);
	buf_printf(why, "TCP port %u: %s", port, err ? strerror(err) :
		   "connected");
	return !err;
}

/* What its service is likely to answer to: a DNS server to a question for the
 * root's name servers, an echo to anything. */
static size_t datagram(uint16_t port, const char **data)
{
	static const char dns[] = "\x4e\x44\x01\x00\x00\x01\x00\x00\x00\x00"
				  "\x00\x00\x00\x00\x02\x00\x01";
	static const char ntp[48] = "\x23";
	static const char any[] = "netd\n";

	*data = port == 53 ? dns : port == 123 ? ntp : any;
	return port == 53 ? sizeof(dns) - 1 : port == 123 ? sizeof(ntp) :
	       sizeof(any) - 1;
}

/* A closed port is told by ICMP: ECONNREFUSED (udp(7)). */
bool probe_udp(const struct ip *ip, uint16_t port, struct buf *why)
{
	int fd = open_to(ip, SOCK_DGRAM, 0, port, why), err = ETIMEDOUT, i;
	const char *data;
	size_t len = datagram(port, &data);
	char b[512];

	if (fd < 0)
		return false;
	for (i = 0; err == ETIMEDOUT && i < 2; i++) {
		(void)!send(fd, data, len, 0);
		if (probe_wait(fd, false, now_ms() + PROBE_TRY_MS / 2))
			err = recv(fd, b, sizeof(b), 0) < 0 ? errno : 0;
	}
	close(fd);
	buf_printf(why, "UDP port %u: %s", port, !err ? "answers" :
		   err == ETIMEDOUT ? "no answer" : strerror(err));
	return !err;
}

/* --- HTTP -------------------------------------------------------------- */

static size_t drop(char *p, size_t size, size_t n, void *arg)
{
	return size * n;
}

bool probe_http(const struct ip *ip, uint16_t port, struct buf *why)
{
	char text[46], url[80], error[CURL_ERROR_SIZE] = "";
	CURL *c = must(curl_easy_init());
	long code = 0;
	CURLcode rc;

	ip_text(ip, text);
	snprintf(url, sizeof(url), ip->family == 6 ? "http://[%s]:%u/" :
		 "http://%s:%u/", text, port);
	curl_easy_setopt(c, CURLOPT_URL, url);
	curl_easy_setopt(c, CURLOPT_NOPROXY, "*");
	curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http");
	curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, drop);
	curl_easy_setopt(c, CURLOPT_ERRORBUFFER, error);
	curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, 2l * PROBE_TRY_MS);
	rc = curl_easy_perform(c);
	curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &code);
	curl_easy_cleanup(c);
	if (rc)
		buf_printf(why, "HTTP: %s", error[0] ? error :
			   curl_easy_strerror(rc));
	else
		buf_printf(why, "HTTP status %ld", code);
	return !rc && code < 400;
}

static bool icmp(const struct ip *ip, uint16_t port, struct buf *why)
{
	return probe_icmp(ip, why);
}

bool probe_by(const char *protocol, const struct ip *ip, uint16_t port,
	      struct buf *why)
{
	static const struct {
		const char *name;
		bool (*probe)(const struct ip *ip, uint16_t port,
			      struct buf *why);
	} all[] = {
		{ "icmp", icmp }, { "tcp", probe_tcp }, { "udp", probe_udp },
		{ "http", probe_http },
	};
	unsigned int i;

	for (i = 0; i < sizeof(all) / sizeof(*all); i++)
		if (!strcmp(all[i].name, protocol))
			return all[i].probe(ip, port, why);
	buf_printf(why, "no probe for %s", protocol);
	return false;
}

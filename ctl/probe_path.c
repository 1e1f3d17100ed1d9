// probe_path.c - which routers packets meet, as traceroute(8) finds them
// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include <linux/errqueue.h>
#include <unistd.h>

#include "ctl/lab.h"

#define HOPS_MAX 64
#define PORT 33434		/* traceroute's: nobody listens there */
#define HOP_MS 500

static int open_probe(const struct ip *ip)
{
	bool six = ip->family == 6;
	int one = 1, fd = socket(six ? AF_INET6 : AF_INET, SOCK_DGRAM |
				 SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd >= 0)
		setsockopt(fd, six ? SOL_IPV6 : SOL_IP,
			   six ? IPV6_RECVERR : IP_RECVERR, &one, sizeof(one));
	return fd;
}

static bool offender(const struct cmsghdr *c, struct ip *from)
{
	const struct sock_extended_err *e = (const void *)CMSG_DATA(c);
	const struct sockaddr *sa = SO_EE_OFFENDER(e);

	memset(from, 0, sizeof(*from));
	if (e->ee_origin != SO_EE_ORIGIN_ICMP &&
	    e->ee_origin != SO_EE_ORIGIN_ICMP6)
		return false;
	if (sa->sa_family == AF_INET) {
		from->family = 4;
		memcpy(from->b, &((const struct sockaddr_in *)sa)->sin_addr,
		       4);
	} else if (sa->sa_family == AF_INET6) {
		from->family = 6;
		memcpy(from->b, &((const struct sockaddr_in6 *)sa)->sin6_addr,
		       16);
	}
	return from->family;
}

/* Who sent the ICMP error in the queue of FD; false: there is none. */
static bool read_error(int fd, struct ip *from)
{
	char control[512] __attribute__((aligned(8))), data[64];
	struct iovec iov = { data, sizeof(data) };
	struct msghdr m = {
		.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control,
		.msg_controllen = sizeof(control),
	};
	struct cmsghdr *c;

	if (recvmsg(fd, &m, MSG_ERRQUEUE) < 0)
		return false;
	for (c = CMSG_FIRSTHDR(&m); c; c = CMSG_NXTHDR(&m, c))
		if ((c->cmsg_level == SOL_IP && c->cmsg_type == IP_RECVERR) ||
		    (c->cmsg_level == SOL_IPV6 &&
		     c->cmsg_type == IPV6_RECVERR))
			return offender(c, from);
	return false;
}

/* Who is TTL hops away; false: nobody tells. */
static bool probe_hop(const struct ip *ip, int ttl, struct ip *from)
{
	struct sockaddr_storage ss;
	socklen_t len = probe_address(ip, PORT + ttl, &ss);
	bool six = ip->family == 6, found = false;
	int fd = open_probe(ip), try;

	if (fd < 0)
		return false;
	setsockopt(fd, six ? SOL_IPV6 : SOL_IP,
		   six ? IPV6_UNICAST_HOPS : IP_TTL, &ttl, sizeof(ttl));
	for (try = 0; !found && try < 2; try++) {
		(void)!sendto(fd, "netd", 4, 0, (struct sockaddr *)&ss, len);
		/* an error in the queue is POLLERR: always told */
		if (probe_wait(fd, false, now_ms() + HOP_MS))
			found = read_error(fd, from);
	}
	close(fd);
	return found;
}

void probe_path(const struct ip *ip, void (*hop)(void *arg,
						 const struct ip *router),
		void *arg)
{
	struct ip from;
	int ttl, silent = 0;

	for (ttl = 1; ttl <= HOPS_MAX && silent < 2; ttl++) {
		if (!probe_hop(ip, ttl, &from)) {
			silent++;
			continue;
		}
		silent = 0;
		hop(arg, &from);
		if (!ip_cmp(&from, ip))
			return;
	}
}

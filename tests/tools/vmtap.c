// vmtap.c - a VM's network card for the tests: plugs a namespace into a tap
// SPDX-License-Identifier: GPL-2.0-or-later
//
// vmtap TAP NETNS-FILE IFNAME MAC [multi-queue]
//	Attaches to the persistent TAP of this namespace, as QEMU would, makes
//	the interface IFNAME in the namespace NETNS-FILE, passes frames between
//	the two, and goes to the background when both are there.

#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_arp.h>
#include <linux/if_tun.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

static void die(const char *what)
{
	fprintf(stderr, "vmtap: %s: %s\n", what, strerror(errno));
	exit(1);
}

static int open_tap(const char *name, short flags)
{
	struct ifreq ifr = { .ifr_flags = IFF_TAP | IFF_NO_PI | flags };
	int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);

	if (fd < 0)
		die("/dev/net/tun");
	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", name);
	if (ioctl(fd, TUNSETIFF, &ifr))
		die(name);
	return fd;
}

static void set_mac(const char *ifname, const char *mac)
{
	struct ifreq ifr = { .ifr_hwaddr.sa_family = ARPHRD_ETHER };
	unsigned char *m = (unsigned char *)ifr.ifr_hwaddr.sa_data;
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", ifname);
	if (sscanf(mac, "%hhx:%hhx:%hhx:%hhx:%hhx:%hhx", m, m + 1, m + 2,
		   m + 3, m + 4, m + 5) != 6) {
		errno = EINVAL;
		die(mac);
	}
	if (fd < 0 || ioctl(fd, SIOCSIFHWADDR, &ifr))
		die("set the MAC");
	close(fd);
}

/* EIO: an end is down, EAGAIN: nothing there.  Frames get lost on wires. */
static int pass(int from, int to)
{
	static char frame[65536];
	ssize_t n = read(from, frame, sizeof(frame));

	if (n < 0)
		return errno == EAGAIN || errno == EIO || errno == EINTR ? 0 :
								       -errno;
	return write(to, frame, n) < 0 && errno == EBADFD ? -errno : 0;
}

int main(int argc, char **argv)
{
	struct pollfd p[2];
	int ns;

	if (argc < 5) {
		fprintf(stderr, "usage: vmtap TAP NETNS IFNAME MAC\n");
		return 2;
	}
	p[0].fd = open_tap(argv[1], argc > 5 ? IFF_MULTI_QUEUE : 0);
	ns = open(argv[2], O_RDONLY | O_CLOEXEC);
	if (ns < 0 || setns(ns, CLONE_NEWNET))
		die(argv[2]);
	p[1].fd = open_tap(argv[3], 0);
	set_mac(argv[3], argv[4]);
	if (daemon(1, 0))
		die("daemon");
	p[0].events = p[1].events = POLLIN;
	/* An end that is deleted reports an error for ever: the card is gone */
	while (poll(p, 2, -1) > 0) {
		if ((p[0].revents | p[1].revents) & (POLLERR | POLLNVAL))
			break;
		if ((p[0].revents & POLLIN) && pass(p[0].fd, p[1].fd))
			break;
		if ((p[1].revents & POLLIN) && pass(p[1].fd, p[0].fd))
			break;
	}
	return 0;
}

// plug_netns.c - what is in a container's network namespace
// SPDX-License-Identifier: GPL-2.0-or-later
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <linux/if_packet.h>
#include <linux/magic.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "ctl/plug.h"

int netns_open(const char *path)
{
	struct stat st, own;
	struct statfs fs;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	int err = 0;

	if (fd < 0)
		return -errno;
	/* the file is a plain one until a namespace is mounted on it */
	if (fstatfs(fd, &fs) || fs.f_type != NSFS_MAGIC)
		err = -EINVAL;
	else if (fstat(fd, &st) || stat("/proc/self/ns/net", &own))
		err = -errno;
	else if (st.st_dev == own.st_dev && st.st_ino == own.st_ino)
		err = -EXDEV;
	if (err) {
		close(fd);
		return err;
	}
	return fd;
}

static unsigned int mask_length(const struct sockaddr *mask)
{
	const unsigned char *p = mask->sa_family == AF_INET ?
		(void *)&((struct sockaddr_in *)mask)->sin_addr :
		(void *)&((struct sockaddr_in6 *)mask)->sin6_addr;
	unsigned int i, n = 0;

	for (i = 0; i < (mask->sa_family == AF_INET ? 4 : 16); i++)
		n += __builtin_popcount(p[i]);
	return n;
}

static void take_address(struct netns_view *v, const struct ifaddrs *a)
{
	const struct sockaddr_ll *ll = (struct sockaddr_ll *)a->ifa_addr;
	int family = a->ifa_addr->sa_family;
	char text[INET6_ADDRSTRLEN];
	const void *p;

	if (family == AF_PACKET) {
		const unsigned char *m = ll->sll_addr;

		v->has_link = true;
		v->up = a->ifa_flags & IFF_UP;
		snprintf(v->mac, sizeof(v->mac),
			 "%02x:%02x:%02x:%02x:%02x:%02x", m[0], m[1], m[2],
			 m[3], m[4], m[5]);
		return;
	}
	if ((family != AF_INET && family != AF_INET6) || !a->ifa_netmask)
		return;
	p = family == AF_INET ?
		(void *)&((struct sockaddr_in *)a->ifa_addr)->sin_addr :
		(void *)&((struct sockaddr_in6 *)a->ifa_addr)->sin6_addr;
	inet_ntop(family, p, text, sizeof(text));
	buf_printf(&v->addresses, "%s/%u ", text, mask_length(a->ifa_netmask));
}

static int look_links(const char *ifname, struct netns_view *v)
{
	struct ifaddrs *list, *a;

	if (getifaddrs(&list))
		return -errno;
	buf_str(&v->addresses, " ");
	for (a = list; a; a = a->ifa_next)
		if (a->ifa_addr && !strcmp(a->ifa_name, ifname))
			take_address(v, a);
		else if (strcmp(a->ifa_name, "lo"))
			v->others = true;
	freeifaddrs(list);
	return 0;
}

/* proc_net(5): hexadecimal words as they lie in memory. */
static void route4(const char *line, const char *ifname, struct netns_view *v)
{
	char name[IF_NAMESIZE], to[INET_ADDRSTRLEN], via[INET_ADDRSTRLEN];
	struct in_addr dst, gw, mask;
	unsigned int flags;

	if (sscanf(line, "%15s %x %x %x %*s %*s %*s %x", name, &dst.s_addr,
		   &gw.s_addr, &flags, &mask.s_addr) != 5)
		return;
	v->default4 |= !dst.s_addr && !mask.s_addr;
	if (strcmp(name, ifname))
		return;
	inet_ntop(AF_INET, &dst, to, sizeof(to));
	inet_ntop(AF_INET, &gw, via, sizeof(via));
	buf_printf(&v->routes, "%s/%d,%s ", to,
		   __builtin_popcount(mask.s_addr), via);
}

static void from_hex(const char *hex, struct in6_addr *a)
{
	unsigned int i;

	for (i = 0; i < 16; i++)
		sscanf(hex + 2 * i, "%2hhx", &a->s6_addr[i]);
}

#define RTF_REJECT 0x0200	/* linux/route.h: an error is its only end */

static void route6(const char *line, const char *ifname, struct netns_view *v)
{
	char name[IF_NAMESIZE], to[INET6_ADDRSTRLEN], via[INET6_ADDRSTRLEN];
	char dst[33], gw[33];
	unsigned int len, flags;
	struct in6_addr a;

	if (sscanf(line, "%32s %x %*s %*s %32s %*s %*s %*s %x %15s", dst, &len,
		   gw, &flags, name) != 5 || strlen(dst) != 32 ||
	    strlen(gw) != 32 || flags & RTF_REJECT)
		return;
	from_hex(dst, &a);
	inet_ntop(AF_INET6, &a, to, sizeof(to));
	from_hex(gw, &a);
	inet_ntop(AF_INET6, &a, via, sizeof(via));
	v->default6 |= !len && strcmp(via, "::");
	if (!strcmp(name, ifname))
		buf_printf(&v->routes, "%s/%u,%s ", to, len, via);
}

static void look_routes(const char *file, const char *ifname,
			struct netns_view *v,
			void (*take)(const char *line, const char *ifname,
				     struct netns_view *v))
{
	FILE *f = fopen(file, "re");
	char line[512];

	/* a kernel without IPv6 has no such file */
	if (!f)
		return;
	while (fgets(line, sizeof(line), f))
		take(line, ifname, v);
	fclose(f);
}

int netns_look(int fd, const char *ifname, struct netns_view *v)
{
	int own = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC), err;

	memset(v, 0, sizeof(*v));
	if (own < 0 || setns(fd, CLONE_NEWNET)) {
		err = -errno;
	} else {
		err = look_links(ifname, v);
		buf_str(&v->routes, " ");
		look_routes("/proc/self/net/route", ifname, v, route4);
		look_routes("/proc/self/net/ipv6_route", ifname, v, route6);
		if (setns(own, CLONE_NEWNET) && !err)
			err = -errno;
	}
	if (own >= 0)
		close(own);
	return err;
}

void netns_view_free(struct netns_view *v)
{
	buf_free(&v->addresses);
	buf_free(&v->routes);
}

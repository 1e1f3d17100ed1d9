// count.c - counts the kernel requests of a process and its children
// SPDX-License-Identifier: GPL-2.0-or-later
//
// As a library: LD_PRELOAD=count.so NETLINK_COUNT=FILE PROGRAM
// As a program (-DPRINT): count FILE	prints what was counted so far, by type
//
// The counters are in FILE, which all processes map: no system call more.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <err.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/vfs.h>
#include <unistd.h>

enum { ROUTE, DUMP, NFT, OTHER, PROC, SENDS, GROUPS };

struct counts {
	uint64_t n[GROUPS][256];
};

#ifndef PRINT

ssize_t sendmsg(int fd, const struct msghdr *m, int flags);
ssize_t sendto(int fd, const void *p, size_t len, int flags,
	       const struct sockaddr *to, socklen_t tolen);
ssize_t send(int fd, const void *p, size_t len, int flags);
ssize_t write(int fd, const void *p, size_t len);

static struct counts *counts;
static ssize_t (*real_sendmsg)(int, const struct msghdr *, int);
static ssize_t (*real_sendto)(int, const void *, size_t, int,
			      const struct sockaddr *, socklen_t);
static ssize_t (*real_write)(int, const void *, size_t);

__attribute__((constructor)) static void start(void)
{
	const char *path = getenv("NETLINK_COUNT");
	int fd = path ? open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600) : -1;

	real_sendmsg = dlsym(RTLD_NEXT, "sendmsg");
	real_sendto = dlsym(RTLD_NEXT, "sendto");
	real_write = dlsym(RTLD_NEXT, "write");
	if (fd < 0 || ftruncate(fd, sizeof(*counts)))
		return;
	counts = mmap(NULL, sizeof(*counts), PROT_READ | PROT_WRITE,
		      MAP_SHARED, fd, 0);
	if (counts == MAP_FAILED)
		counts = NULL;
	close(fd);
}

static void add(int group, int type)
{
	__atomic_add_fetch(&counts->n[group][type & 0xff], 1,
			   __ATOMIC_RELAXED);
}

static int protocol(int fd)
{
	socklen_t len = sizeof(int);
	int v;

	if (!counts || getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &v, &len) ||
	    v != AF_NETLINK ||
	    getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &v, &len))
		return -1;
	return v;
}

static void count_msgs(int proto, const char *p, size_t len)
{
	const struct nlmsghdr *h = (const void *)p;
	int left = len, group;

	for (; NLMSG_OK(h, left); h = NLMSG_NEXT(h, left)) {
		group = OTHER;
		if ((h->nlmsg_flags & NLM_F_DUMP) == NLM_F_DUMP)
			group = DUMP;
		else if (proto == NETLINK_ROUTE)
			group = ROUTE;
		else if (proto == NETLINK_NETFILTER &&
			 h->nlmsg_type >> 8 == NFNL_SUBSYS_NFTABLES)
			group = NFT;
		add(group, h->nlmsg_type);
	}
}

static void count_iov(int fd, const struct iovec *v, size_t n)
{
	int proto = protocol(fd);
	size_t i;

	if (proto < 0)
		return;
	add(SENDS, proto);
	for (i = 0; i < n; i++)
		count_msgs(proto, v[i].iov_base, v[i].iov_len);
}

ssize_t sendmsg(int fd, const struct msghdr *m, int flags)
{
	count_iov(fd, m->msg_iov, m->msg_iovlen);
	return real_sendmsg(fd, m, flags);
}

ssize_t sendto(int fd, const void *p, size_t len, int flags,
	       const struct sockaddr *to, socklen_t tolen)
{
	struct iovec v = { (void *)p, len };

	count_iov(fd, &v, 1);
	return real_sendto(fd, p, len, flags, to, tolen);
}

ssize_t send(int fd, const void *p, size_t len, int flags)
{
	return sendto(fd, p, len, flags, NULL, 0);
}

ssize_t write(int fd, const void *p, size_t len)
{
	struct statfs s;

	if (counts && len < 64 && !fstatfs(fd, &s) &&
	    s.f_type == PROC_SUPER_MAGIC)
		add(PROC, 0);
	return real_write(fd, p, len);
}

#else

static const char *const groups[GROUPS] = {
	"route", "dump", "nft", "other", "proc-writes", "sends",
};

static const struct {
	int group, type;
	const char *name;
} names[] = {
	{ ROUTE, RTM_NEWLINK, "newlink" }, { ROUTE, RTM_DELLINK, "dellink" },
	{ ROUTE, RTM_SETLINK, "setlink" }, { ROUTE, RTM_GETLINK, "getlink" },
	{ ROUTE, RTM_NEWADDR, "newaddr" }, { ROUTE, RTM_DELADDR, "deladdr" },
	{ ROUTE, RTM_NEWROUTE, "newroute" },
	{ ROUTE, RTM_DELROUTE, "delroute" },
	{ ROUTE, RTM_NEWLINKPROP, "newlinkprop" },
	{ ROUTE, RTM_NEWNEIGH, "newneigh" },
	{ ROUTE, RTM_GETNSID, "getnsid" }, { ROUTE, RTM_NEWNSID, "newnsid" },
	{ DUMP, RTM_GETLINK, "links" }, { DUMP, RTM_GETADDR, "addresses" },
	{ DUMP, RTM_GETROUTE, "routes" }, { DUMP, RTM_GETNEIGH, "neighbours" },
	{ SENDS, NETLINK_ROUTE, "route" },
	{ SENDS, NETLINK_NETFILTER, "netfilter" },
	{ NFT, 0, "newtable" }, { NFT, 3, "newchain" }, { NFT, 6, "newrule" },
	{ NFT, 8, "delrule" }, { NFT, 9, "newset" }, { NFT, 12, "newsetelem" },
	{ NFT, 14, "delsetelem" },
};

static const char *name_of(int group, int type)
{
	static char number[16];
	unsigned int i;

	for (i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (names[i].group == group && names[i].type == type)
			return names[i].name;
	snprintf(number, sizeof(number), "%d", type);
	return number;
}

int main(int argc, char **argv)
{
	struct counts c = { 0 };
	FILE *f = argc > 1 ? fopen(argv[1], "r") : NULL;
	int g, t;

	if (!f || fread(&c, sizeof(c), 1, f) != 1)
		err(2, "%s", argc > 1 ? argv[1] : "usage: count FILE");
	for (g = 0; g < GROUPS; g++)
		for (t = 0; t < 256; t++)
			if (c.n[g][t])
				printf("%s %s %lu\n", groups[g], name_of(g, t),
				       c.n[g][t]);
	return 0;
}

#endif

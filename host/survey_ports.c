// survey_ports.c - programs that matter to netd, and who has which port
// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/survey.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define SOCKETS_MAX 256

struct socket_row {
	unsigned long inode;
	char where[96];		/* "udp 53 10.1.0.1 nd-web" */
};

struct sockets {
	struct socket_row v[SOCKETS_MAX];
	unsigned int n;
};

/* Ports that services of networks need: DNS, DHCP, DHCPv6. */
static bool matters(const char *proto, unsigned int port)
{
	return port == 53 ||
	       (!strcmp(proto, "udp") && (port == 67 || port == 547));
}

static void take_socket(struct sockets *s, const char *proto,
			const struct inet_diag_msg *m)
{
	char addr[INET6_ADDRSTRLEN], dev[IF_NAMESIZE];
	unsigned int port = ntohs(m->id.idiag_sport);

	if (!matters(proto, port) || s->n == SOCKETS_MAX || !m->idiag_inode ||
	    !inet_ntop(m->idiag_family, m->id.idiag_src, addr, sizeof(addr)))
		return;
	if (!m->id.idiag_if || !if_indextoname(m->id.idiag_if, dev))
		strcpy(dev, "*");
	s->v[s->n].inode = m->idiag_inode;
	snprintf(s->v[s->n].where, sizeof(s->v[0].where), "%s %u %s %s", proto,
		 port, addr, dev);
	s->n++;
}

/* false: the dump is over. */
static bool take_answers(struct sockets *s, const char *proto, int fd)
{
	_Alignas(8) char buf[32768];
	struct nlmsghdr *nlh = (struct nlmsghdr *)buf;
	ssize_t n = recv(fd, buf, sizeof(buf), 0);
	int left = n;

	if (n <= 0)
		return false;
	for (; nlmsg_ok(nlh, left); nlh = nlmsg_next(nlh, &left)) {
		if (nlh->nlmsg_type != SOCK_DIAG_BY_FAMILY)
			return false;
		if (nlmsg_datalen(nlh) >= (int)sizeof(struct inet_diag_msg))
			take_socket(s, proto, nlmsg_data(nlh));
	}
	return true;
}

/* As ss(8) does: /proc/net/udp doesn't tell a socket's interface. */
static void ask_sockets(struct sockets *s, int family, int protocol)
{
	struct {
		struct nlmsghdr h;
		struct inet_diag_req_v2 r;
	} q = {
		.h = { .nlmsg_len = sizeof(q), .nlmsg_type =
		       SOCK_DIAG_BY_FAMILY, .nlmsg_flags = NLM_F_REQUEST |
		       NLM_F_DUMP },
		.r = { .sdiag_family = family, .sdiag_protocol = protocol,
		       .idiag_states = protocol == IPPROTO_TCP ? 1 << 10 :
		       0xffffffff },
	};
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC,
			NETLINK_SOCK_DIAG);

	if (fd < 0)
		return;
	if (send(fd, &q, sizeof(q), 0) > 0)
		while (take_answers(s, protocol == IPPROTO_TCP ? "tcp" :
				    "udp", fd))
			;
	close(fd);
}

/* --- processes ----------------------------------------------------------- */

/* Its name, and its arguments behind a tab, both without odd characters. */
static void describe(int pid, char *out, size_t size)
{
	char path[64], args[256] = "", comm[32] = "?";
	ssize_t n = -1;
	size_t i;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/comm", pid);
	proc_read(path, comm, sizeof(comm));
	snprintf(path, sizeof(path), "/proc/%d/cmdline", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0)
		n = read(fd, args, sizeof(args) - 1);
	if (fd >= 0)
		close(fd);
	for (i = 0; n > 0 && i < (size_t)n; i++)
		if (!isprint((unsigned char)args[i]))
			args[i] = ' ';
	for (i = 0; comm[i]; i++)
		if (!isprint((unsigned char)comm[i]))
			comm[i] = '?';
	snprintf(out, size, "%s\t%s", comm, args);
}

static void holds(struct state *found, const struct sockets *s,
		  int pid, const char *target)
{
	unsigned long inode;
	char name[160], text[320];
	unsigned int i;

	if (sscanf(target, "socket:[%lu]", &inode) != 1)
		return;
	for (i = 0; i < s->n; i++) {
		if (s->v[i].inode != inode)
			continue;
		snprintf(name, sizeof(name), "listen:%s %d", s->v[i].where,
			 pid);
		describe(pid, text, sizeof(text));
		survey_add(found, name, text);
	}
}

static void look_fds(struct state *found, const struct sockets *s,
		     int pid)
{
	char path[512], target[64];
	struct dirent *d;
	ssize_t n;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/fd", pid);
	dir = opendir(path);
	while (dir && (d = readdir(dir))) {
		n = readlinkat(dirfd(dir), d->d_name, target,
			       sizeof(target) - 1);
		if (n <= 0)
			continue;
		target[n] = '\0';
		holds(found, s, pid, target);
	}
	if (dir)
		closedir(dir);
}

/* Names as the kernel cuts them: 15 characters. */
static const char *const programs[] = {
	"NetworkManager", "systemd-network", "dockerd", "firewalld",
	"libvirtd", "virtnetworkd",
};

static void look_program(struct state *found, int pid)
{
	char path[64], comm[32], name[64];
	size_t i;

	snprintf(path, sizeof(path), "/proc/%d/comm", pid);
	if (proc_read(path, comm, sizeof(comm)))
		return;
	for (i = 0; i < sizeof(programs) / sizeof(*programs); i++) {
		if (strcmp(comm, programs[i]))
			continue;
		snprintf(name, sizeof(name), "program:%s %d", comm, pid);
		survey_add(found, name, comm);
	}
}

void survey_ports(struct state *found)
{
	struct sockets s = { .n = 0 };
	struct dirent *d;
	DIR *proc;

	ask_sockets(&s, AF_INET, IPPROTO_UDP);
	ask_sockets(&s, AF_INET6, IPPROTO_UDP);
	ask_sockets(&s, AF_INET, IPPROTO_TCP);
	ask_sockets(&s, AF_INET6, IPPROTO_TCP);
	proc = opendir("/proc");
	while (proc && (d = readdir(proc))) {
		if (!isdigit((unsigned char)d->d_name[0]))
			continue;
		look_program(found, atoi(d->d_name));
		if (s.n)
			look_fds(found, &s, atoi(d->d_name));
	}
	if (proc)
		closedir(proc);
}

// capture.c - netdctl capture: what passes links and interfaces, as pcapng
// SPDX-License-Identifier: GPL-2.0-or-later
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "ctl/ctl.h"
#include "ctl/pcapng.h"

#define POINTS_MAX 64
#define FRAME_MAX 262144		/* Wireshark's own bound */
#define ROOM (16 << 20)
#define VLAN_BYTES 4

/* One interface that is listened to. */
struct point {
	char *netns, *ifname, *about;
	int fd;				/* -1: it is gone */
	uint64_t seen, lost;
};

struct capture {
	struct point v[POINTS_MAX];
	unsigned int n;
	struct buf out;
	int to;				/* written there */
	uint32_t snaplen;
	long left;			/* packets to come; -1: no bound */
	long until;			/* ms; 0: no bound */
	const char *pod;		/* its number, or NULL */
	bool broken;			/* who reads it is gone, or it is full */
};

static volatile sig_atomic_t stop;

static void on_signal(int sig)
{
	stop = 1;
}

static long now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* --- where ---------------------------------------------------------------- */

static void add_point(struct capture *c, const char *netns, const char *ifname,
		      const char *about)
{
	struct point *p = &c->v[c->n++];

	p->netns = must(strdup(netns));
	p->ifname = must(strdup(ifname));
	p->about = must(strdup(about));
	p->fd = -1;
}

/* Our end of an attachment is where its network's bridge is. */
static int add_port(struct capture *c, const json_t *it, const char *arg)
{
	static const char *const kinds[] = { "network", NULL };
	char *name;
	json_t *net;
	int rc;

	if (asprintf(&name, "%s/%s", str(it, "topology"),
		     str(it, "network")) < 0)
		return EXIT_FAILED;
	net = find_item(name, NULL, kinds, "network", &rc);
	free(name);
	if (!net)
		return rc;
	add_point(c, str(net, "netns"), str(it, "port"), arg);
	json_decref(net);
	return EXIT_OK;
}

static int add_item(struct capture *c, const json_t *it, const char *ifname,
		    const char *arg)
{
	const char *kind = str(it, "kind");

	if (!strcmp(kind, "attachment") && !ifname)
		return add_port(c, it, arg);
	if (!strcmp(kind, "node") || !strcmp(kind, "router")) {
		if (!ifname) {
			complain("%s: which of its interfaces? write %s:IF, "
				 "as in %s", arg, arg, str(it, "detail"));
			return EXIT_USAGE;
		}
		add_point(c, str(it, "netns"), ifname, arg);
		return EXIT_OK;
	}
	if (ifname) {
		complain("%s: only a node or router has interfaces to choose "
			 "from", arg);
		return EXIT_USAGE;
	}
	add_point(c, str(it, "netns"), str(it, "ifname"), arg);
	return EXIT_OK;
}

/* [TOPOLOGY/]NAME[:IF] */
static int add_target(struct capture *c, const char *arg)
{
	static const char *const kinds[] = {
		"link", "node", "router", "network", "attachment", NULL
	};
	char *name = must(strdup(arg)), *colon = strchr(name, ':');
	json_t *it;
	int rc;

	if (colon)
		*colon++ = '\0';
	it = find_item(name, c->pod, kinds, "link, node, router, network or "
		       "attachment", &rc);
	if (it)
		rc = add_item(c, it, colon, arg);
	json_decref(it);
	free(name);
	return rc;
}

/* --- sockets --------------------------------------------------------------- */

static int bind_to(int fd, const char *ifname)
{
	struct packet_mreq all = { .mr_type = PACKET_MR_PROMISC };
	struct sockaddr_ll at = { .sll_family = AF_PACKET,
				  .sll_protocol = htons(ETH_P_ALL) };
	int one = 1, room = ROOM;

	at.sll_ifindex = all.mr_ifindex = if_nametoindex(ifname);
	if (!at.sll_ifindex)
		return -errno;
	/* without these it is less exact, and not useless */
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room));
	(void)setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &one, sizeof(one));
	(void)setsockopt(fd, SOL_PACKET, PACKET_AUXDATA, &one, sizeof(one));
	(void)setsockopt(fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &all,
			 sizeof(all));
	return bind(fd, (struct sockaddr *)&at, sizeof(at)) ? -errno : 0;
}

/* Protocol 0: nothing comes before it is bound to its interface. */
static int open_here(const char *ifname)
{
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int err = fd < 0 ? -errno : bind_to(fd, ifname);

	if (err && fd >= 0)
		close(fd);
	return err ? err : fd;
}

static int open_point(const struct point *p, int home)
{
	char path[300];
	int ns, fd;

	if (!p->netns[0])
		return open_here(p->ifname);
	snprintf(path, sizeof(path), "/run/netns/%s", p->netns);
	ns = open(path, O_RDONLY | O_CLOEXEC);
	fd = ns < 0 || setns(ns, CLONE_NEWNET) ? -errno :
	     open_here(p->ifname);
	if (ns >= 0)
		close(ns);
	if (setns(home, CLONE_NEWNET) && fd >= 0)
		return -errno;
	return fd;
}

static int open_all(struct capture *c)
{
	int home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	unsigned int i;

	for (i = 0; i < c->n; i++) {
		struct point *p = &c->v[i];

		p->fd = open_point(p, home);
		if (p->fd >= 0)
			continue;
		complain("%s: %s%s", p->about, strerror(-p->fd),
			 p->fd == -EPERM || p->fd == -EACCES ?
			 ": capture needs root" : "");
		return EXIT_FAILED;
	}
	close(home);
	return EXIT_OK;
}

/* --- packets ---------------------------------------------------------------- */

static void flush(struct capture *c)
{
	size_t at = 0;
	ssize_t n;

	while (at < c->out.len && !c->broken) {
		n = write(c->to, c->out.p + at, c->out.len - at);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno != EPIPE)
			complain("%s", strerror(errno));
		c->broken = n < 0;
		at += n > 0 ? n : 0;
	}
	buf_reset(&c->out);
}

/* What the kernel tells beside the packet. */
struct beside {
	struct timespec at;
	bool has_vlan;
	uint16_t tpid, tci;
	uint32_t orig;
};

static void take_beside(struct msghdr *m, struct beside *b)
{
	const struct tpacket_auxdata *a;
	struct cmsghdr *k;

	for (k = CMSG_FIRSTHDR(m); k; k = CMSG_NXTHDR(m, k)) {
		if (k->cmsg_level == SOL_SOCKET &&
		    k->cmsg_type == SCM_TIMESTAMPNS) {
			memcpy(&b->at, CMSG_DATA(k), sizeof(b->at));
		} else if (k->cmsg_level == SOL_PACKET &&
			   k->cmsg_type == PACKET_AUXDATA) {
			a = (const void *)CMSG_DATA(k);
			b->orig = a->tp_len;
			b->has_vlan = a->tp_status & TP_STATUS_VLAN_VALID;
			b->tci = a->tp_vlan_tci;
			b->tpid = a->tp_status & TP_STATUS_VLAN_TPID_VALID ?
				  a->tp_vlan_tpid : ETH_P_8021Q;
		}
	}
}

/* The kernel has taken it out of the frame; P has room for it before. */
static char *put_vlan(char *p, const struct beside *b)
{
	uint16_t tag[2] = { htons(b->tpid), htons(b->tci) };

	memmove(p - VLAN_BYTES, p, 2 * ETH_ALEN);
	memcpy(p - VLAN_BYTES + 2 * ETH_ALEN, tag, sizeof(tag));
	return p - VLAN_BYTES;
}

static void take(struct capture *c, unsigned int id, char *p, ssize_t len,
		 struct beside *b, int type)
{
	if (b->orig < len)
		b->orig = len;
	if (b->has_vlan && len >= 2 * ETH_ALEN) {
		p = put_vlan(p, b);
		len += VLAN_BYTES;
		b->orig += VLAN_BYTES;
	}
	if (!b->at.tv_sec)
		clock_gettime(CLOCK_REALTIME, &b->at);
	pcapng_packet(&c->out, id, &b->at, type == PACKET_OUTGOING ?
		      PCAPNG_OUT : PCAPNG_IN, p,
		      len < c->snaplen ? len : c->snaplen, b->orig);
	c->v[id].seen++;
	c->left -= c->left > 0;
}

static void count_lost(struct point *p)
{
	struct tpacket_stats s;
	socklen_t len = sizeof(s);

	/* reading them sets them to nought */
	if (!getsockopt(p->fd, SOL_PACKET, PACKET_STATISTICS, &s, &len))
		p->lost += s.tp_drops;
}

static void lose_point(struct point *p, int err)
{
	complain("%s: %s", p->about, strerror(err));
	count_lost(p);
	close(p->fd);
	p->fd = -1;
}

/* Some packets, so that none of many interfaces is left out. */
static void receive(struct capture *c, unsigned int id)
{
	static char in[VLAN_BYTES + FRAME_MAX];
	_Alignas(struct cmsghdr) char room[256];
	struct point *p = &c->v[id];
	struct sockaddr_ll from;
	struct iovec v = { in + VLAN_BYTES, FRAME_MAX };
	int turns;
	ssize_t n;

	for (turns = 0; turns < 64 && c->left; turns++) {
		struct msghdr m = { .msg_name = &from, .msg_iov = &v,
				    .msg_namelen = sizeof(from),
				    .msg_iovlen = 1, .msg_control = room,
				    .msg_controllen = sizeof(room) };
		struct beside b = { .orig = 0 };

		n = recvmsg(p->fd, &m, MSG_TRUNC);
		if (n < 0 && errno != EAGAIN && errno != EINTR)
			lose_point(p, errno);
		if (n < 0)
			return;
		b.orig = n;
		take_beside(&m, &b);
		take(c, id, in + VLAN_BYTES, n < FRAME_MAX ? n : FRAME_MAX,
		     &b, from.sll_pkttype);
	}
}

static int wait_ms_left(const struct capture *c)
{
	long left = c->until ? c->until - now_ms() : -1;

	return c->until && left < 0 ? 0 : left > 60000 ? 60000 : left;
}

/* Nobody reads a pipe any more: that is heard although nothing is written. */
static unsigned int fill(const struct capture *c, struct pollfd *fds)
{
	unsigned int i, open = 0;

	for (i = 0; i < c->n; i++) {
		fds[i] = (struct pollfd){ .fd = c->v[i].fd, .events = POLLIN };
		open += c->v[i].fd >= 0;
	}
	fds[c->n] = (struct pollfd){ .fd = c->to };
	return open;
}

static void listen_to_all(struct capture *c)
{
	struct pollfd fds[POINTS_MAX + 1];
	unsigned int i;

	while (!stop && !c->broken && c->left && fill(c, fds) &&
	       !(c->until && now_ms() >= c->until)) {
		if (poll(fds, c->n + 1, wait_ms_left(c)) < 0)
			continue;
		for (i = 0; i < c->n; i++)
			if (fds[i].revents)
				receive(c, i);
		if (fds[c->n].revents & POLLERR)
			c->broken = true;
		flush(c);
	}
}

static void run(struct capture *c)
{
	struct timespec now;
	unsigned int i;

	signal(SIGPIPE, SIG_IGN);
	signal(SIGINT, on_signal);
	signal(SIGTERM, on_signal);
	pcapng_section(&c->out, "netdctl " PACKAGE_VERSION);
	for (i = 0; i < c->n; i++)
		pcapng_interface(&c->out, c->v[i].about, c->v[i].ifname,
				 c->snaplen);
	flush(c);
	listen_to_all(c);
	clock_gettime(CLOCK_REALTIME, &now);
	for (i = 0; i < c->n; i++) {
		if (c->v[i].fd >= 0)
			count_lost(&c->v[i]);
		pcapng_statistics(&c->out, i, &now, c->v[i].seen,
				  c->v[i].lost);
	}
	flush(c);
	for (i = 0; i < c->n; i++)
		fprintf(stderr, "%s: %llu packets, %llu lost\n",
			c->v[i].about, (unsigned long long)c->v[i].seen,
			(unsigned long long)c->v[i].lost);
}

static void end(struct capture *c)
{
	unsigned int i;

	for (i = 0; i < c->n; i++) {
		if (c->v[i].fd >= 0)
			close(c->v[i].fd);
		free(c->v[i].netns);
		free(c->v[i].ifname);
		free(c->v[i].about);
	}
	buf_free(&c->out);
}

/* --- the command ------------------------------------------------------------ */

enum { WRITE, COUNT, TIMEOUT, SNAPLEN, POD, VALUES };

static int set_bounds(struct capture *c, const char *const *v)
{
	long ms = v[TIMEOUT] ? wait_ms(v[TIMEOUT]) : 0;
	long snap = v[SNAPLEN] ? atol(v[SNAPLEN]) : FRAME_MAX;

	c->left = v[COUNT] ? atol(v[COUNT]) : -1;
	c->until = ms ? now_ms() + ms : 0;
	if (ms < 0)
		return usage("capture", "--timeout is a time like 10s");
	if (v[COUNT] && c->left <= 0)
		return usage("capture", "--count is a number of packets");
	if (snap < 14 || snap > FRAME_MAX)
		return usage("capture", "--snaplen is 14 to %d", FRAME_MAX);
	c->snaplen = snap;
	return EXIT_OK;
}

static int open_output(struct capture *c, const char *file)
{
	c->to = STDOUT_FILENO;
	if (file && strcmp(file, "-"))
		c->to = open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC,
			     0644);
	if (c->to < 0) {
		complain("%s: %s", file, strerror(errno));
		return EXIT_FAILED;
	}
	if (isatty(c->to))
		return usage("capture", "packets are no text: -w FILE, or "
			     "-w - | wireshark -k -i -");
	return EXIT_OK;
}

/* -w as tcpdump(8) has it. */
static void spell_out(int argc, char **argv)
{
	static char written[] = "--write";
	int i;

	for (i = 1; i < argc; i++)
		if (!strcmp(argv[i], "-w"))
			argv[i] = written;
}

int cmd_capture(int argc, char **argv)
{
	static const char *const spec[] = {
		"write=", "count=", "timeout=", "snaplen=", "pod=", NULL
	};
	const char *v[VALUES] = { NULL };
	struct capture c = { .n = 0 };
	int i, n, rc;

	spell_out(argc, argv);
	n = options(argc, argv, spec, v);
	if (n <= 0 || n > POINTS_MAX)
		return n < 0 ? EXIT_USAGE :
		       usage(argv[0], "1 to %d of LINK or NODE:IF are needed",
			     POINTS_MAX);
	c.pod = v[POD];
	rc = set_bounds(&c, v);
	for (i = 1; i <= n && rc == EXIT_OK; i++)
		rc = add_target(&c, argv[i]);
	if (rc == EXIT_OK)
		rc = open_all(&c);
	if (rc == EXIT_OK)
		rc = open_output(&c, v[WRITE]);
	if (rc == EXIT_OK)
		run(&c);
	end(&c);
	return rc;
}

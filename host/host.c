// host.c - the kernel side: serves requests on a socket until it is closed
// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/confine.h"
#include "netd/help.h"
#include "host/internal.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* All that there is, in one process: unit tests. */
static const struct driver *const all[KIND_COUNT] = {
	[KIND_FACT] = &driver_fact,
	[KIND_NETNS] = &driver_netns,
	[KIND_TABLE] = &driver_nft,
	[KIND_SET] = &driver_nft,
	[KIND_CHAIN] = &driver_nft,
	[KIND_ELEMENT] = &driver_nft,
	[KIND_BRIDGE] = &driver_bridge,
	[KIND_VETH] = &driver_veth,
	[KIND_TAP] = &driver_tap,
	[KIND_NIC] = &driver_nic,
	[KIND_IFB] = &driver_ifb,
	[KIND_LEG] = &driver_leg,
	[KIND_QDISC] = &driver_qdisc,
	[KIND_REDIRECT] = &driver_redirect,
	[KIND_ADDRESS] = &driver_address,
	[KIND_NEIGHBOUR] = &driver_neighbour,
	[KIND_ROUTE] = &driver_route,
	[KIND_SYSCTL] = &driver_sysctl,
	[KIND_ACCEPT] = &driver_accept,
	[KIND_FILE] = &driver_file,
	[KIND_PROCESS] = &driver_process,
	[KIND_ZONE] = &driver_zone,
};

#define FDS_MAX 3		/* that come with a request */
#define POLL_MAX 64

int64_t clock_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000ll + t.tv_nsec / 1000000;
}

const char *errno_text(int err)
{
	return strerror(err < 0 ? -err : err);
}

/* --- messages ---------------------------------------------------------- */

static void send_all(struct host *h, const void *p, size_t len)
{
	const char *at = p;
	ssize_t n;

	while (len && !h->ending) {
		n = send(h->fd, at, len, MSG_NOSIGNAL);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			h->ending = true;
			return;
		}
		at += n;
		len -= n;
	}
}

void host_send(struct host *h, int type, uint32_t id, const struct buf *body)
{
	struct wire_head head = { .len = body->len, .type = type, .id = id };

	send_all(h, &head, sizeof(head));
	send_all(h, body->p, body->len);
}

void host_dirty(struct host *h, uint32_t what, const char *why)
{
	struct buf b CLEANUP(buf_free) = { 0 };

	if ((h->told & what) == what)
		return;
	h->told |= what & ~DIRTY_REAPED;
	pack_u32(&b, what);
	pack_str(&b, why);
	host_send(h, WIRE_DIRTY, 0, &b);
}

static void send_done(struct host *h, uint32_t id, int err)
{
	struct buf b CLEANUP(buf_free) = { 0 };

	pack_u32(&b, err < 0 ? -err : err);
	host_send(h, WIRE_DONE, id, &b);
}

static int recv_all(struct host *h, void *p, size_t len)
{
	ssize_t n;

	while (len) {
		n = recv(h->fd, p, len, 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return -EPIPE;
		p = (char *)p + n;
		len -= n;
	}
	return 0;
}

/* The header, with the descriptors that ride on its first byte. */
static int recv_head(struct host *h, struct wire_head *head, int *fds,
		     int *nfds)
{
	char room[CMSG_SPACE(FDS_MAX * sizeof(int))];
	struct iovec v = { head, sizeof(*head) };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1,
			    .msg_control = room,
			    .msg_controllen = sizeof(room) };
	struct cmsghdr *c;
	ssize_t n;

	*nfds = 0;
	do
		n = recvmsg(h->fd, &m, MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	if (n <= 0)
		return -EPIPE;
	c = CMSG_FIRSTHDR(&m);
	if (c && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS) {
		*nfds = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		memcpy(fds, CMSG_DATA(c), *nfds * sizeof(int));
	}
	return recv_all(h, (char *)head + n, sizeof(*head) - n);
}

/* --- requests ---------------------------------------------------------- */

static int look(struct host *h, uint32_t what, const struct state *wanted,
		struct state *found)
{
	const struct driver *done = NULL;
	int i, k, err = 0;

	/* what happened until now is what is looked at */
	h->looking = what;
	if (!(what & OBSERVE_PEEK))
		h->told &= ~what;
	if (h->watch && what & OBSERVE_LINKS && !(what & OBSERVE_PEEK))
		watch_drain(h);
	if (h->watch && what & OBSERVE_NFT && !(what & OBSERVE_PEEK))
		watch_drain_nft(h);
	for (i = 1; i <= KIND_COUNT && !err; i++) {
		/* facts last: the default route's link is known by then */
		k = i % KIND_COUNT;
		if (!h->drivers[k] || h->drivers[k] == done ||
		    !h->drivers[k]->observe || !(h->drivers[k]->looks & what))
			continue;
		done = h->drivers[k];
		err = done->observe(h, wanted, found);
	}
	return err;
}

/* Namespaces are known from the links, and rules are looked for in them. */
static void observe(struct host *h, const struct wire_head *head,
		    const char *p, const char *end)
{
	struct state *wanted = state_new(), *found = state_new();
	struct buf b CLEANUP(buf_free) = { 0 };
	int err = wire_unpack_state(&p, end, wanted);

	state_sort(wanted, NULL, NULL);
	if (!err)
		err = look(h, head->flags, wanted, found);
	if (!err) {
		state_sort(found, NULL, NULL);
		wire_pack_state(found, &b);
		host_send(h, WIRE_FOUND, head->id, &b);
	}
	send_done(h, head->id, err);
	state_free(wanted);
	state_free(found);
}

static void watch(struct host *h, const struct wire_head *head,
		  const char *p, const char *end)
{
	struct state *s = state_new();
	int err = wire_unpack_state(&p, end, s);

	if (err)
		state_free(s);
	else
		watch_set(h, s);
	send_done(h, head->id, err);
}

static void serve(struct host *h, const struct wire_head *head,
		  const char *p, const char *end, int *fds, int *nfds)
{
	switch (head->type) {
	case WIRE_OBSERVE:
		observe(h, head, p, end);
		return;
	case WIRE_APPLY:
		apply_run(h, head->id, p, end);
		return;
	case WIRE_WATCH:
		watch(h, head, p, end);
		return;
	case WIRE_READY:
		send_done(h, head->id, ready_look(h, p, end));
		return;
	case WIRE_NETNS:
		send_done(h, head->id, ready_netns(h, head->id, p, end));
		return;
	case WIRE_COUNT:
		send_done(h, head->id, nft_count(h, head->id, p, end));
		return;
	case WIRE_EXEC:
		exec_start(h, head->id, p, end, fds, *nfds);
		return;
	case WIRE_QUIT:
		h->ending = true;
		return;
	}
	send_done(h, head->id, -EBADMSG);
}

static void request(struct host *h)
{
	struct wire_head head;
	int fds[FDS_MAX], nfds = 0;
	char *body = NULL;

	if (recv_head(h, &head, fds, &nfds) || head.len > WIRE_MAX)
		h->ending = true;
	if (!h->ending) {
		body = malloc(head.len + 1);
		if (!body || recv_all(h, body, head.len))
			h->ending = true;
	}
	if (!h->ending)
		serve(h, &head, body, body + head.len, fds, &nfds);
	while (nfds)
		close(fds[--nfds]);
	free(body);
}

/* --- the loop ---------------------------------------------------------- */

static int wait_ms(struct host *h)
{
	return watch_timeout(h);
}

static void turn(struct host *h, int timeout, bool events)
{
	struct pollfd fds[POLL_MAX] = { { .fd = h->fd, .events = POLLIN } };
	int n = 1;

	if (events)
		n += watch_fds(h, fds + n, POLL_MAX - n);
	n += exec_fds(h, fds + n, POLL_MAX - n);
	n += reap_fds(h, fds + n, POLL_MAX - n);
	n += process_fds(h, fds + n, POLL_MAX - n);
	n += file_fds(h, fds + n, POLL_MAX - n);
	n += resolvers_fds(h, fds + n, POLL_MAX - n);
	n += outside_fds(h, fds + n, POLL_MAX - n);
	if (poll(fds, n, timeout) < 0)
		return;
	exec_ready(h);
	reap_ready(h);
	process_ready(h);
	file_ready(h);
	resolvers_ready(h);
	outside_ready(h);
	if (events)
		watch_ready(h);
	if (fds[0].revents)
		request(h);
}

/*
 * Within a long request others are served that came meanwhile, but none
 * within those: a changed policy doesn't wait for the end of a deletion.
 */
void host_breathe(struct host *h)
{
	if (h->depth > 1 || h->q.n)
		return;
	h->depth++;
	turn(h, 0, false);
	h->depth--;
}

static void go_on(struct host *h)
{
	while (!h->ending) {
		h->depth = 1;
		turn(h, wait_ms(h), true);
	}
}

/* It ends with its socket: what is going on is finished, or seen by the next. */
static void set_signals(void)
{
	signal(SIGPIPE, SIG_IGN);
	signal(SIGINT, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	signal(SIGCHLD, SIG_DFL);
}

/* --- as one process, or as two ------------------------------------------- */

/* What needs files, programs and the rights of root: host_outside(). */
static const struct driver *const outside[KIND_COUNT] = {
	[KIND_FACT] = &driver_fact_outside,
	[KIND_FILE] = &driver_file,
	[KIND_PROCESS] = &driver_process,
	[KIND_ZONE] = &driver_zone,
};

static void finish(struct host *h)
{
	exec_free(h);
	process_free(h);
	file_free(h);
	resolvers_free(h);
	outside_free(h);
	free(h->probes);
	watch_free(h);
	ns_free_all(h);
	rtq_free(&h->q);
}

static int begin(struct host *h)
{
	int err;

	set_signals();
	err = ns_init(h);
	return err ? err : rtq_init(&h->q);
}

int host_main(int fd, const char *run_dir, const char *state_dir)
{
	struct host h = { .fd = fd, .run_dir = run_dir,
			  .state_dir = state_dir, .drivers = all,
			  .outside = -1 };
	int err = begin(&h);

	if (!err)
		err = watch_init(&h);
	if (!err)
		go_on(&h);
	finish(&h);
	return err ? 1 : 0;
}

int host_kernel(int fd, int helper, int out)
{
	const struct driver *mine[KIND_COUNT];
	struct host h = { .fd = fd, .drivers = mine, .outside = out };
	int k, err;

	for (k = 0; k < KIND_COUNT; k++)
		mine[k] = outside[k] && k != KIND_FACT ? &driver_outside :
			  all[k];
	help_init(helper);
	err = begin(&h);
	if (!err)
		err = watch_init(&h);
	if (!err)
		err = confine_kernel();
	if (!err)
		go_on(&h);
	finish(&h);
	return err ? 1 : 0;
}

/* A name may lead to another namespace by the next request. */
static void forget_spaces(struct host *h)
{
	while (ns_home(h)->next)
		ns_forget(h, ns_home(h)->next);
}

int host_outside(int fd, const char *run_dir, const char *state_dir)
{
	struct host h = { .fd = fd, .run_dir = run_dir,
			  .state_dir = state_dir, .drivers = outside,
			  .outside = -1 };
	int err = begin(&h);

	while (!err && !h.ending) {
		/* one at a time: who asks waits for the answer */
		h.depth = 2;
		forget_spaces(&h);
		turn(&h, -1, false);
	}
	finish(&h);
	return err ? 1 : 0;
}

// help.c - asks the helper for what the kernel side may not do itself
// SPDX-License-Identifier: GPL-2.0-or-later
#include "netd/help.h"
#include "host/internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define TOGETHER 32		/* settings in one message */

/* The kernel side is one process with one helper. */
static int helper = -1;

void help_init(int fd)
{
	helper = fd;
}

/* --- messages ------------------------------------------------------------ */

struct head {
	uint32_t verb;
	int32_t arg;
};

int help_send(int fd, const struct help *m)
{
	struct head head = { m->verb, m->arg };
	struct iovec v[2] = { { &head, sizeof(head) },
			      { m->text.p, m->text.len } };
	union {
		char room[CMSG_SPACE(HELP_FDS * sizeof(int))];
		struct cmsghdr align;
	} c;
	struct msghdr msg = { .msg_iov = v, .msg_iovlen = 2 };
	struct cmsghdr *h;
	ssize_t n;

	if (m->text.len > HELP_ROOM)
		return -EMSGSIZE;
	if (m->nfds) {
		msg.msg_control = c.room;
		msg.msg_controllen = CMSG_SPACE(m->nfds * sizeof(int));
		h = CMSG_FIRSTHDR(&msg);
		h->cmsg_level = SOL_SOCKET;
		h->cmsg_type = SCM_RIGHTS;
		h->cmsg_len = CMSG_LEN(m->nfds * sizeof(int));
		memcpy(CMSG_DATA(h), m->fds, m->nfds * sizeof(int));
	}
	do
		n = sendmsg(fd, &msg, MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : 0;
}

static void take_fds(struct help *m, struct msghdr *msg)
{
	struct cmsghdr *h;
	int n, i, fd;

	for (h = CMSG_FIRSTHDR(msg); h; h = CMSG_NXTHDR(msg, h)) {
		if (h->cmsg_level != SOL_SOCKET || h->cmsg_type != SCM_RIGHTS)
			continue;
		n = (h->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (i = 0; i < n; i++) {
			memcpy(&fd, CMSG_DATA(h) + i * sizeof(int),
			       sizeof(fd));
			if (m->nfds < HELP_FDS)
				m->fds[m->nfds++] = fd;
			else
				close(fd);
		}
	}
}

int help_recv(int fd, struct help *m)
{
	static char room[HELP_ROOM];
	struct head head;
	struct iovec v[2] = { { &head, sizeof(head) },
			      { room, sizeof(room) } };
	union {
		char room[CMSG_SPACE(HELP_FDS * sizeof(int))];
		struct cmsghdr align;
	} c;
	struct msghdr msg = { .msg_iov = v, .msg_iovlen = 2,
			      .msg_control = c.room,
			      .msg_controllen = sizeof(c.room) };
	ssize_t n;

	memset(m, 0, sizeof(*m));
	do
		n = recvmsg(fd, &msg, MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	if (n <= 0)
		return n && errno != ECONNRESET ? -errno : -EPIPE;
	take_fds(m, &msg);
	if (n < (ssize_t)sizeof(head) || msg.msg_flags & MSG_TRUNC)
		return -EBADMSG;
	m->verb = head.verb;
	m->arg = head.arg;
	buf_add(&m->text, room, n - sizeof(head));
	return 0;
}

void help_free(struct help *m)
{
	while (m->nfds)
		close(m->fds[--m->nfds]);
	buf_free(&m->text);
}

/*
 * ASK's text is freed, its descriptors stay the caller's.  Without the helper
 * there is no way on: who started us starts both again.
 */
static int call(struct help *ask, struct help *answer)
{
	memset(answer, 0, sizeof(*answer));
	if (helper < 0)
		helper_do(ask, answer);
	else if (help_send(helper, ask) || help_recv(helper, answer))
		_exit(1);
	buf_free(&ask->text);
	return answer->arg < 0 ? answer->arg : 0;
}

/* The descriptor number I of an answer, which is the caller's now. */
static int take(struct help *m, int i)
{
	int fd = i < m->nfds ? m->fds[i] : -EBADMSG;

	if (i == m->nfds - 1)
		m->nfds = i;
	return fd;
}

/* One descriptor, or the negative errno. */
static int call_fd(struct help *ask, int *second)
{
	struct help answer;
	int fd, err = call(ask, &answer);

	if (!err && second)
		*second = take(&answer, 1);
	fd = err ? err : take(&answer, 0);
	help_free(&answer);
	return fd;
}

static int call_plain(struct help *ask)
{
	struct help answer;
	int err = call(ask, &answer);

	help_free(&answer);
	return err;
}

/* --- namespaces ---------------------------------------------------------- */

int help_open(const char *spec, int *rt)
{
	struct help ask = { .verb = HELP_OPEN, .arg = rt != NULL };

	pack_str(&ask.text, spec);
	return call_fd(&ask, rt);
}

int help_new(int *rt)
{
	struct help ask = { .verb = HELP_NEW };

	return call_fd(&ask, rt);
}

int help_pin(const char *name, int nsfd)
{
	struct help ask = { .verb = HELP_PIN, .fds = { nsfd }, .nfds = 1 };

	pack_str(&ask.text, name);
	return call_plain(&ask);
}

int help_unpin(const char *name)
{
	struct help ask = { .verb = HELP_UNPIN };

	pack_str(&ask.text, name);
	return call_plain(&ask);
}

static uint64_t join(uint32_t lo, uint32_t hi)
{
	return lo | (uint64_t)hi << 32;
}

/* A part of them; how many. */
static int some_names(uint32_t from,
		      void (*fn)(void *arg, const char *name, dev_t dev,
				 ino_t ino), void *arg)
{
	struct help ask = { .verb = HELP_NAMES, .arg = from }, answer;
	struct arena *a CLEANUP(arena_cleanup) = arena_new();
	int n = 0, err = call(&ask, &answer);
	const char *p = answer.text.p, *end = p + answer.text.len, *name;
	uint32_t v[4];

	while (!err && p < end && !unpack_str(&p, end, &name, a) &&
	       !unpack_u32(&p, end, &v[0]) && !unpack_u32(&p, end, &v[1]) &&
	       !unpack_u32(&p, end, &v[2]) && !unpack_u32(&p, end, &v[3])) {
		fn(arg, name, join(v[0], v[1]), join(v[2], v[3]));
		n++;
	}
	help_free(&answer);
	return err ? err : n;
}

int help_names(void (*fn)(void *arg, const char *name, dev_t dev, ino_t ino),
	       void *arg)
{
	uint32_t from = 0;
	int n;

	while ((n = some_names(from, fn, arg)) > 0)
		from += n;
	return n;
}

int help_watch(void)
{
	struct help ask = { .verb = HELP_WATCH };

	return call_fd(&ask, NULL);
}

int help_socket(int nsfd, int protocol)
{
	struct help ask = { .verb = HELP_SOCKET, .arg = protocol,
			    .fds = { nsfd }, .nfds = 1 };

	return call_fd(&ask, NULL);
}

int help_tun(int nsfd)
{
	struct help ask = { .verb = HELP_TUN, .fds = { nsfd }, .nfds = 1 };

	return call_fd(&ask, NULL);
}

int help_id(const char *name, bool group, uint32_t *id)
{
	struct help ask = { .verb = HELP_ID, .arg = group }, answer;
	const char *p, *end;
	int err;

	pack_str(&ask.text, name);
	err = call(&ask, &answer);
	p = answer.text.p;
	end = p + answer.text.len;
	if (!err && unpack_u32(&p, end, id))
		err = -EBADMSG;
	help_free(&answer);
	return err;
}

int help_run(char *const *argv, int ms, struct buf *why)
{
	struct help ask = { .verb = HELP_RUN, .arg = ms }, answer;
	struct arena *a CLEANUP(arena_cleanup) = arena_new();
	const char *p, *end, *said = "";
	uint32_t failed = 0;
	int err;

	for (; *argv; argv++)
		pack_str(&ask.text, *argv);
	err = call(&ask, &answer);
	p = answer.text.p;
	end = p + answer.text.len;
	if (!err && (unpack_u32(&p, end, &failed) ||
		     unpack_str(&p, end, &said, a)))
		err = -EBADMSG;
	buf_str(why, said);
	help_free(&answer);
	return err ? err : -(int)failed;
}

/* --- settings ------------------------------------------------------------ */

static int take_settings(struct help *answer, struct setting *v,
			 unsigned int n)
{
	const char *p = answer->text.p, *end = p + answer->text.len, *s;
	struct arena *a CLEANUP(arena_cleanup) = arena_new();
	uint32_t err;
	unsigned int i;

	for (i = 0; i < n; i++) {
		if (unpack_u32(&p, end, &err) || unpack_str(&p, end, &s, a))
			return -EBADMSG;
		v[i].err = -(int)err;
		if (!err && !v[i].write)
			snprintf(v[i].value, v[i].room, "%s", s);
	}
	return 0;
}

static int some_sysctls(int nsfd, struct setting *v, unsigned int n)
{
	struct help ask = { .verb = HELP_SYSCTLS, .fds = { nsfd },
			    .nfds = nsfd >= 0 }, answer;
	unsigned int i;
	int err;

	for (i = 0; i < n; i++) {
		pack_str(&ask.text, v[i].path);
		pack_u32(&ask.text, v[i].write);
		pack_str(&ask.text, v[i].write ? v[i].value : "");
	}
	err = call(&ask, &answer);
	if (!err)
		err = take_settings(&answer, v, n);
	help_free(&answer);
	return err;
}

int help_sysctls(int nsfd, struct setting *v, unsigned int n)
{
	unsigned int i, some;
	int err = 0;

	for (i = 0; i < n && !err; i += some) {
		some = n - i < TOGETHER ? n - i : TOGETHER;
		err = some_sysctls(nsfd, v + i, some);
	}
	return err;
}

// dump.c - rtnetlink: questions and dumps
// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/internal.h"
#include "host/rtq.h"

#include <errno.h>
#include <linux/netlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define DUMP_ROOM (256 << 10)
#define DUMP_TRIES 20

static char last_error[160];

const char *rt_error(void)
{
	return last_error[0] ? last_error : NULL;
}

struct asked {
	struct ns *ns;
	uint32_t seq;
	bool dump, interrupted, done;
	rt_fn *fn;
	void *arg;
	int err;
};

static void answer_error(struct asked *q, struct nlmsghdr *nlh)
{
	const struct nlmsgerr *e = nlmsg_data(nlh);
	const char *text = nlerr_text(nlh);

	q->done = true;
	q->err = e->error;
	if (e->error && text)
		strncpy(last_error, text, sizeof(last_error) - 1);
}

static void answer(struct asked *q, struct nlmsghdr *nlh)
{
	int err;

	if (nlh->nlmsg_seq != q->seq)
		return;
	if (nlh->nlmsg_flags & NLM_F_DUMP_INTR)
		q->interrupted = true;
	if (nlh->nlmsg_type == NLMSG_ERROR) {
		answer_error(q, nlh);
	} else if (nlh->nlmsg_type == NLMSG_DONE) {
		q->done = true;
		if (nlmsg_datalen(nlh) >= (int)sizeof(int))
			q->err = *(int *)nlmsg_data(nlh);
	} else if (q->fn && !q->err && !q->interrupted) {
		err = q->fn(q->arg, nlh);
		if (err)
			q->err = err;
	}
}

static char *room(void)
{
	static char *in;

	if (!in)
		in = malloc(DUMP_ROOM);
	if (!in)
		abort();
	return in;
}

static int answers(struct asked *q)
{
	char *in = room();
	struct nlmsghdr *nlh;
	ssize_t n;
	int left;

	while (!q->done) {
		n = recv(q->ns->rt, in, DUMP_ROOM, 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		left = n;
		for (nlh = (struct nlmsghdr *)in; nlmsg_ok(nlh, left);
		     nlh = nlmsg_next(nlh, &left))
			answer(q, nlh);
	}
	return q->err;
}

static int ask_once(struct asked *q, struct nl_msg *msg)
{
	struct nlmsghdr *nlh = nlmsg_hdr(msg);

	q->seq = nlh->nlmsg_seq = ++q->ns->seq;
	q->interrupted = q->done = false;
	q->err = 0;
	last_error[0] = '\0';
	if (send(q->ns->rt, nlh, nlh->nlmsg_len, 0) < 0)
		return -errno;
	return answers(q);
}

int rt_ask(struct ns *ns, struct nl_msg *msg, rt_fn *fn,
	   void (*reset)(void *arg), void *arg)
{
	struct asked q = { .ns = ns, .fn = fn, .arg = arg };
	int tries, err;

	nlmsg_hdr(msg)->nlmsg_flags |= NLM_F_REQUEST;
	q.dump = (nlmsg_hdr(msg)->nlmsg_flags & NLM_F_DUMP) == NLM_F_DUMP;
	if (!q.dump)
		nlmsg_hdr(msg)->nlmsg_flags |= NLM_F_ACK;
	for (tries = 0; tries < DUMP_TRIES; tries++) {
		if (reset)
			reset(arg);
		err = ask_once(&q, msg);
		if (err == -EBUSY || err == -EAGAIN || err == -ENOBUFS ||
		    (!err && q.interrupted))
			continue;
		return err;
	}
	return err ? err : -EAGAIN;
}

int rt_dump(struct ns *ns, int type, const void *head, size_t len, rt_fn *fn,
	    void (*reset)(void *arg), void *arg)
{
	struct nl_msg *msg = nlmsg_alloc_size(256);
	int err;

	if (!msg)
		return -ENOMEM;
	nlmsg_hdr(msg)->nlmsg_type = type;
	nlmsg_hdr(msg)->nlmsg_flags = NLM_F_DUMP;
	nlmsg_append(msg, (void *)head, len, NLMSG_ALIGNTO);
	err = rt_ask(ns, msg, fn, reset, arg);
	nlmsg_free(msg);
	return err;
}

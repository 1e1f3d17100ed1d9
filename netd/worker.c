// worker.c - the kernel side as a process: starting it and talking to it
// SPDX-License-Identifier: GPL-2.0-or-later
#include "netd/worker.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "netd/daemon.h"
#include "netd/helper.h"
#include "netd/log.h"

#define DELAY_MIN 100		/* ms before it is started again */
#define DELAY_MAX 30000

struct call {
	struct call *outer;
	uint32_t id;
	unsigned int start;	/* of the kernel side that it was sent to */
	worker_fn *fn;
	void *arg;
	bool done;
	int result;
};

int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000ll + t.tv_nsec / 1000000;
}

void worker_init(struct worker *w, int lock, int stop,
		 const struct options *opt)
{
	memset(w, 0, sizeof(*w));
	w->opt = opt;
	w->fd = -1;
	w->lock = lock;
	w->stop = stop;
}

static bool stopping(const struct worker *w)
{
	struct pollfd p = { .fd = w->stop, .events = POLLIN };

	return poll(&p, 1, 0) == 1;
}

/* Later each time it dies without having answered anything. */
static void back_off(struct worker *w)
{
	int64_t delay = DELAY_MIN;
	unsigned int i;

	for (i = 1; i < w->failures && delay < DELAY_MAX; i++)
		delay *= 2;
	w->next = now_ms() + (delay < DELAY_MAX ? delay : DELAY_MAX);
}

int worker_start(struct worker *w)
{
	int sv[2];

	if (w->fd >= 0)
		return 0;
	if (stopping(w))
		return -ECANCELED;
	if (now_ms() < w->next)
		return -EAGAIN;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sv))
		return -errno;
	w->pid = helper_begin(w->opt->helper, w->opt, sv[1], w->lock);
	close(sv[1]);
	if (w->pid < 0) {
		close(sv[0]);
		back_off(w);
		return w->pid;
	}
	fcntl(sv[0], F_SETFL, O_NONBLOCK);
	w->fd = sv[0];
	w->starts++;
	w->dirty = 0;
	log_debug("kernel side started, process %d", (int)w->pid);
	return 0;
}

static void forget(struct worker *w)
{
	close(w->fd);
	w->fd = -1;
	w->sent = 0;
	buf_free(&w->in);
	buf_free(&w->out);
}

/* It died or can't be understood any more. */
static int died(struct worker *w)
{
	int status = 0;

	if (w->fd < 0)
		return -EPIPE;
	forget(w);
	helper_kill(w->opt->helper);
	while (helper_ended(w->opt->helper, &status) == -EAGAIN)
		poll(NULL, 0, 1);
	if (!stopping(w))
		log_error("the kernel side ended (%s %d) and is started again; "
			  "traffic is not affected",
			  WIFSIGNALED(status) ? "signal" : "exit code",
			  WIFSIGNALED(status) ? WTERMSIG(status) :
			  WEXITSTATUS(status));
	w->deaths++;
	w->failures++;
	back_off(w);
	return -EPIPE;
}

static int flush(struct worker *w)
{
	ssize_t n;

	while (w->sent < w->out.len) {
		n = send(w->fd, w->out.p + w->sent, w->out.len - w->sent,
			 MSG_NOSIGNAL);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN ? 0 : -EPIPE;
		w->sent += n;
	}
	/* a large request leaves no memory behind */
	buf_free(&w->out);
	w->sent = 0;
	return 0;
}

/* Reads what is there.  1 when it was something. */
static int fill(struct worker *w)
{
	char chunk[65536];
	ssize_t n = recv(w->fd, chunk, sizeof(chunk), 0);

	if (n > 0) {
		buf_add(&w->in, chunk, n);
		return 1;
	}
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	return -EPIPE;
}

static void take_dirty(struct worker *w, const char *p, const char *end)
{
	uint32_t what = 0, len = 0;

	if (unpack_u32(&p, end, &what))
		return;
	if (!w->dirty && !unpack_u32(&p, end, &len)) {
		if (len > (size_t)(end - p))
			len = end - p;
		if (len >= sizeof(w->why))
			len = sizeof(w->why) - 1;
		memcpy(w->why, p, len);
		w->why[len] = '\0';
	}
	w->dirty |= what;
}

/* Takes one message out of w->in at *OFF: 1, 0 when it isn't whole yet. */
static int next_message(struct worker *w, size_t *off, struct wire_head *h)
{
	if (w->in.len - *off < sizeof(*h))
		return 0;
	memcpy(h, w->in.p + *off, sizeof(*h));
	if (h->len > WIRE_MAX)
		return -EBADMSG;
	if (w->in.len - *off - sizeof(*h) < h->len)
		return 0;
	*off += sizeof(*h) + h->len;
	return 1;
}

static void answer(struct worker *w, const struct wire_head *h, const char *p,
		   const char *end)
{
	struct call *c = w->calls;
	uint32_t err;

	while (c && c->id != h->id)
		c = c->outer;
	if (!c)
		return;
	if (h->type == WIRE_DONE) {
		c->done = true;
		c->result = unpack_u32(&p, end, &err) ? -EBADMSG : -(int)err;
	} else if (c->fn) {
		c->fn(c->arg, h, p, end);
	}
}

/* Hands out all whole messages.  0 or -EBADMSG. */
static int dispatch(struct worker *w)
{
	struct wire_head h;
	size_t off = 0;
	int more;

	while ((more = next_message(w, &off, &h)) > 0) {
		const char *end = w->in.p + off, *p = end - h.len;

		if (h.type == WIRE_DIRTY)
			take_dirty(w, p, end);
		else
			answer(w, &h, p, end);
	}
	if (off == w->in.len) {
		buf_free(&w->in);
	} else if (off) {
		memmove(w->in.p, w->in.p + off, w->in.len - off);
		w->in.len -= off;
	}
	return more;
}

struct buf *worker_begin(struct worker *w, int type, int flags)
{
	struct wire_head h = { .type = type, .flags = flags };

	/* an earlier request is sent by now: each is waited for */
	buf_reset(&w->out);
	w->sent = 0;
	h.id = ++w->id;
	buf_add(&w->out, &h, sizeof(h));
	return &w->out;
}

int worker_send(struct worker *w)
{
	struct wire_head h;

	if (w->fd < 0) {
		buf_free(&w->out);
		return -EPIPE;
	}
	memcpy(&h, w->out.p, sizeof(h));
	h.len = w->out.len - sizeof(h);
	memcpy(w->out.p, &h, sizeof(h));
	return flush(w) ? died(w) : 0;
}

/* Waits for something to happen, and does it.  0 or a negative errno. */
static int turn(struct worker *w)
{
	bool sending = w->sent < w->out.len;
	/* both ways at once, or two full sockets wait for each other */
	struct pollfd p[3] = {
		{ .fd = w->fd, .events = POLLIN | (sending ? POLLOUT : 0) },
		{ .fd = w->stop, .events = POLLIN },
		{ .fd = w->idle && !sending ? w->idle_fd : -1,
		  .events = POLLIN },
	};
	int got = 0;

	if (poll(p, 3, -1) < 0)
		return errno == EINTR ? 0 : died(w);
	if (p[1].revents)
		return -ECANCELED;
	if (flush(w))
		return died(w);
	if (p[0].revents)
		got = fill(w);
	if (got > 0)
		got = dispatch(w);
	if (got < 0)
		return died(w);
	if (p[2].revents)
		w->idle(w->idle_arg);
	return 0;
}

int worker_wait(struct worker *w, worker_fn *fn, void *arg)
{
	struct call c = { .outer = w->calls, .id = w->id, .fn = fn,
			  .arg = arg, .start = w->starts };
	int err = 0;

	w->calls = &c;
	/* a request in between may have found it dead, and started another */
	while (!err && !c.done)
		err = w->fd < 0 || c.start != w->starts ? -EPIPE : turn(w);
	w->calls = c.outer;
	if (!err)
		w->failures = 0;
	return err ? err : c.result;
}

int worker_poll(struct worker *w)
{
	int got;

	if (w->fd < 0)
		return -EPIPE;
	while ((got = fill(w)) > 0)
		if (dispatch(w) < 0)
			return died(w);
	return got < 0 ? died(w) : 0;
}

void worker_end(struct worker *w)
{
	int64_t until = now_ms() + 5000;
	int status;

	if (w->fd < 0)
		return;
	forget(w);
	while (helper_ended(w->opt->helper, &status) == -EAGAIN &&
	       now_ms() < until)
		poll(NULL, 0, 5);
}

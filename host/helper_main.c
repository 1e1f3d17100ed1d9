// helper_main.c - the helper as a process: serves, and starts the others
// SPDX-License-Identifier: GPL-2.0-or-later
#include "netd/help.h"
#include "host/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/*
 * The only process that has a way to more: it is small, and does what it is
 * asked one thing after another.  Both that it starts end with their sockets,
 * and it ends when nobody is left to ask.
 */
struct helper {
	int daemon;		/* -1: gone */
	int kernel;		/* the kernel side's socket; -1: gone */
	pid_t side, out;	/* kernel side, outside; 0: none */
	int status;		/* of the kernel side that ended */
	const char *cni_dir;	/* "": there is none */
};

/* --- starting -------------------------------------------------------------- */

/* Descriptors 3 and up become those of FDS; all others are closed. */
static int place(const int *fds, int n)
{
	int keep[4], i;

	for (i = 0; i < n; i++) {
		keep[i] = fcntl(fds[i], F_DUPFD_CLOEXEC, 3 + n);
		if (keep[i] < 0)
			return -errno;
	}
	for (i = 0; i < n; i++)
		if (dup2(keep[i], 3 + i) < 0)
			return -errno;
	return syscall(SYS_close_range, 3 + n, ~0u, 0) ? -errno : 0;
}

/* A new program image: nothing of ours is in it. */
static void become(char *const *argv, const int *fds, int n)
{
	struct rlimit r;

	prctl(PR_SET_PDEATHSIG, 0);
	if (place(fds, n))
		_exit(127);
	setpgid(0, 0);
	if (!getrlimit(RLIMIT_NOFILE, &r)) {
		r.rlim_cur = r.rlim_max;
		setrlimit(RLIMIT_NOFILE, &r);
	}
	execv("/proc/self/exe", argv);
	_exit(127);
}

static pid_t start(char *const *argv, const int *fds, int n)
{
	pid_t pid = fork();

	if (!pid)
		become(argv, fds, n);
	return pid < 0 ? -errno : pid;
}

static void close_all(int *fds, int n)
{
	while (n--)
		if (fds[n] >= 0)
			close(fds[n]);
}

/* WORDS: run folder, state folder, uid, gid. */
static int start_both(struct helper *h, const struct help *ask,
		      const char *const *words)
{
	char *out[] = { (char *)"netd-outside", (char *)"--outside",
			(char *)words[0], (char *)words[1], NULL };
	char *side[] = { (char *)"netd-kernel", (char *)"--kernel-side",
			 (char *)words[2], (char *)words[3], NULL };
	int us[2] = { -1, -1 }, them[2] = { -1, -1 };
	pid_t pid = 0;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, us) ||
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, them))
		pid = -errno;
	if (!pid)
		pid = h->out = start(out, (int[]){ them[1], ask->fds[1] }, 2);
	if (pid > 0)
		pid = h->side = start(side, (int[]){ ask->fds[0],
				      ask->fds[1], us[1], them[0] }, 4);
	if (pid > 0) {
		h->kernel = us[0];
		us[0] = -1;
	} else if (h->out > 0) {
		kill(h->out, SIGKILL);
	}
	close_all(us, 2);
	close_all(them, 2);
	if (h->side < 0)
		h->side = 0;
	if (h->out < 0)
		h->out = 0;
	return pid;
}

static int do_start(struct helper *h, const struct help *ask)
{
	const char *p = ask->text.p, *end = p + ask->text.len, *words[4];
	struct arena *a CLEANUP(arena_cleanup) = arena_new();
	int i;

	if (h->side || h->out)
		return -EBUSY;
	if (ask->nfds != 2)
		return -EBADMSG;
	for (i = 0; i < 4; i++)
		if (unpack_str(&p, end, &words[i], a))
			return -EBADMSG;
	return start_both(h, ask, words);
}

/* --- ending ---------------------------------------------------------------- */

static void reap(struct helper *h)
{
	int status;

	if (h->side && waitpid(h->side, &status, WNOHANG) == h->side) {
		h->status = status;
		h->side = 0;
	}
	if (h->out && waitpid(h->out, &status, WNOHANG) == h->out)
		h->out = 0;
}

static int do_kill(struct helper *h)
{
	if (h->side)
		kill(h->side, SIGKILL);
	if (h->out)
		kill(h->out, SIGKILL);
	return 0;
}

static int do_ended(struct helper *h, struct help *answer)
{
	reap(h);
	if (h->side || h->out)
		return -EAGAIN;
	pack_u32(&answer->text, h->status);
	return 0;
}

/* --- the loop --------------------------------------------------------------- */

static void daemons(struct helper *h, const struct help *ask,
		    struct help *answer)
{
	switch (ask->verb) {
	case HELP_START:
		answer->arg = do_start(h, ask);
		return;
	case HELP_KILL:
		answer->arg = do_kill(h);
		return;
	case HELP_ENDED:
		answer->arg = do_ended(h, answer);
		return;
	case HELP_CONFLIST:
		answer->arg = helper_conflist(h->cni_dir, ask);
		return;
	}
	answer->arg = -EBADMSG;
}

/* false: the other end is gone. */
static bool serve(struct helper *h, int fd)
{
	struct help ask, answer = { 0 };
	int err = help_recv(fd, &ask);

	if (!err && fd == h->daemon)
		daemons(h, &ask, &answer);
	else if (!err)
		helper_do(&ask, &answer);
	if (!err)
		err = help_send(fd, &answer);
	help_free(&ask);
	help_free(&answer);
	return !err;
}

static void turn(struct helper *h)
{
	struct pollfd p[2] = { { .fd = h->daemon, .events = POLLIN },
			       { .fd = h->kernel, .events = POLLIN } };

	if (poll(p, 2, -1) < 0)
		return;
	if (p[1].revents && !serve(h, h->kernel)) {
		close(h->kernel);
		h->kernel = -1;
	}
	if (p[0].revents && !serve(h, h->daemon)) {
		close(h->daemon);
		h->daemon = -1;
	}
}

int helper_main(int fd, const char *cni_dir)
{
	struct helper h = { .daemon = fd, .kernel = -1, .cni_dir = cni_dir };

	signal(SIGPIPE, SIG_IGN);
	signal(SIGINT, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	/* what the kernel side is at it brings to its end, without netd too */
	while (h.daemon >= 0 || h.kernel >= 0)
		turn(&h);
	return 0;
}

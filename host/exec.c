// exec.c - runs a command inside a namespace, for `netdctl exec`
// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define ARGS_MAX 1024
#define EXECS_MAX 48

struct execs {
	struct {
		pid_t pid;
		int pidfd;
		uint32_t id;
	} v[EXECS_MAX];
	int n;
};

/* --- in the child ------------------------------------------------------ */

/*
 * /sys shows the interfaces of the namespace in which it was mounted.  A fresh
 * one hides the control groups, which are mounted below it: they move over.
 */
static void mount_sys(void)
{
	int groups = syscall(SYS_open_tree, AT_FDCWD, "/sys/fs/cgroup",
			     OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC |
			     AT_RECURSIVE);

	if (mount("sysfs", "/sys", "sysfs", 0, NULL) == 0 && groups >= 0)
		syscall(SYS_move_mount, groups, "", AT_FDCWD,
			"/sys/fs/cgroup", MOVE_MOUNT_F_EMPTY_PATH);
	if (groups >= 0)
		close(groups);
}

/* TOPOLOGY.NAME: the host calls itself NAME. */
static void set_hostname(const char *netns)
{
	const char *dot = strrchr(netns, '.');

	/* without it the command runs all the same, under the host's name */
	if (dot && dot[1] && !unshare(CLONE_NEWUTS) &&
	    sethostname(dot + 1, strlen(dot + 1)))
		return;
}

static void child_signals(void)
{
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	signal(SIGINT, SIG_DFL);
	signal(SIGTERM, SIG_DFL);
	signal(SIGHUP, SIG_DFL);
}

static void child(int nsfd, const char *netns, char **argv, const int *fds)
{
	int i, keep[3];

	/* out of the way of 0 to 2 first */
	for (i = 0; i < 3; i++)
		keep[i] = fcntl(fds[i], F_DUPFD_CLOEXEC, 3);
	for (i = 0; i < 3; i++)
		if (keep[i] < 0 || dup2(keep[i], i) < 0)
			_exit(126);
	child_signals();
	if (setns(nsfd, CLONE_NEWNET)) {
		dprintf(2, "%s: %s\n", netns, strerror(errno));
		_exit(126);
	}
	if (*netns && !unshare(CLONE_NEWNS) &&
	    !mount("", "/", NULL, MS_SLAVE | MS_REC, NULL))
		mount_sys();
	set_hostname(netns);
	execvp(argv[0], argv);
	i = errno;
	dprintf(2, "%s: %s\n", argv[0], strerror(i));
	_exit(i == ENOENT ? 127 : 126);
}

/* --- in the kernel side ------------------------------------------------ */

static int unpack_args(const char *p, const char *end, struct arena *a,
		       const char **netns, char **argv)
{
	const char *s;
	int n = 0;

	if (unpack_str(&p, end, netns, a))
		return -EBADMSG;
	while (p < end) {
		if (n == ARGS_MAX || unpack_str(&p, end, &s, a))
			return -EBADMSG;
		argv[n++] = (char *)s;
	}
	argv[n] = NULL;
	return n ? 0 : -EBADMSG;
}

static int begin(struct host *h, uint32_t id, const char *netns, char **argv,
		 const int *fds)
{
	struct execs *x = h->execs;
	int nsfd = ns_open(netns);
	pid_t pid;

	if (nsfd < 0)
		return nsfd;
	pid = fork();
	if (pid == 0)
		child(nsfd, netns, argv, fds);
	close(nsfd);
	if (pid < 0)
		return -errno;
	x->v[x->n].pid = pid;
	x->v[x->n].id = id;
	x->v[x->n].pidfd = syscall(SYS_pidfd_open, pid, 0);
	x->n++;
	return 0;
}

/* WIRE_DONE tells an error, WIRE_EXITED that it ran and how it ended. */
void exec_start(struct host *h, uint32_t id, const char *p, const char *end,
		int *fds, int nfds)
{
	struct buf b CLEANUP(buf_free) = { 0 };
	struct arena *a CLEANUP(arena_cleanup) = arena_new();
	char *argv[ARGS_MAX + 1];
	const char *netns = "";
	int err = nfds == 3 ? 0 : -EBADMSG;

	if (!h->execs)
		h->execs = calloc(1, sizeof(*h->execs));
	if (!h->execs)
		abort();
	if (!err)
		err = unpack_args(p, end, a, &netns, argv);
	if (!err && h->execs->n == EXECS_MAX)
		err = -EAGAIN;
	if (!err)
		err = begin(h, id, netns, argv, fds);
	pack_u32(&b, -err);
	host_send(h, WIRE_DONE, id, &b);
}

int exec_fds(struct host *h, struct pollfd *fds, int room)
{
	int i;

	for (i = 0; h->execs && i < h->execs->n && i < room; i++)
		fds[i] = (struct pollfd){ .fd = h->execs->v[i].pidfd,
					  .events = POLLIN };
	return i;
}

void exec_ready(struct host *h)
{
	struct execs *x = h->execs;
	struct buf b CLEANUP(buf_free) = { 0 };
	int i, status;

	for (i = x ? x->n - 1 : -1; i >= 0; i--) {
		if (waitpid(x->v[i].pid, &status, WNOHANG) != x->v[i].pid)
			continue;
		buf_reset(&b);
		pack_u32(&b, status);
		host_send(h, WIRE_EXITED, x->v[i].id, &b);
		if (x->v[i].pidfd >= 0)
			close(x->v[i].pidfd);
		x->v[i] = x->v[--x->n];
	}
}

void exec_free(struct host *h)
{
	free(h->execs);
}

// helper.c - the process that starts the kernel side, and opens namespaces
// SPDX-License-Identifier: GPL-2.0-or-later
#include "netd/helper.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "netd/help.h"
#include "netd/daemon.h"
#include "netd/field.h"

static void become_helper(int fd, const char *cni_dir)
{
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	/* a Ctrl-C in a terminal is for the daemon */
	setpgid(0, 0);
	/* out of the way of 3 first */
	fd = fcntl(fd, F_DUPFD_CLOEXEC, 4);
	if (fd < 0 || dup2(fd, 3) < 0)
		_exit(127);
	execl("/proc/self/exe", "netd-helper", "--helper", cni_dir, NULL);
	_exit(127);
}

int helper_start(pid_t *pid, const char *cni_dir)
{
	int sv[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sv))
		return -errno;
	*pid = fork();
	if (*pid == 0)
		become_helper(sv[1], cni_dir ? cni_dir : "");
	close(sv[1]);
	if (*pid < 0) {
		close(sv[0]);
		return -errno;
	}
	return sv[0];
}

static int ask(int helper, struct help *m, struct help *answer)
{
	int err = help_send(helper, m);

	buf_free(&m->text);
	if (!err)
		err = help_recv(helper, answer);
	if (err)
		memset(answer, 0, sizeof(*answer));
	return err ? -EPIPE : answer->arg;
}

pid_t helper_begin(int helper, const struct options *opt, int fd, int lock)
{
	struct help m = { .verb = HELP_START, .fds = { fd, lock },
			  .nfds = 2 }, answer;
	char id[16];
	pid_t pid;

	pack_str(&m.text, opt->run_dir);
	pack_str(&m.text, opt->state_dir);
	snprintf(id, sizeof(id), "%u", opt->uid);
	pack_str(&m.text, id);
	snprintf(id, sizeof(id), "%u", opt->gid);
	pack_str(&m.text, id);
	pid = ask(helper, &m, &answer);
	help_free(&answer);
	return pid;
}

void helper_kill(int helper)
{
	struct help m = { .verb = HELP_KILL }, answer;

	ask(helper, &m, &answer);
	help_free(&answer);
}

int helper_ended(int helper, int *status)
{
	struct help m = { .verb = HELP_ENDED }, answer;
	int err = ask(helper, &m, &answer);
	const char *p = answer.text.p, *end = p + answer.text.len;
	uint32_t v = 0;

	if (!err && unpack_u32(&p, end, &v))
		err = -EBADMSG;
	*status = v;
	help_free(&answer);
	return err;
}

int helper_conflist_write(int helper, const char *name, const char *text)
{
	struct help m = { .verb = HELP_CONFLIST }, answer;
	int err;

	pack_str(&m.text, name);
	pack_str(&m.text, text ? text : "");
	err = ask(helper, &m, &answer);
	help_free(&answer);
	return err;
}

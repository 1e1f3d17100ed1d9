// probe_run.c - what a command in a node prints
// SPDX-License-Identifier: GPL-2.0-or-later
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ctl/lab.h"

#define OUTPUT_MAX 65536
#define COMMAND_MS 10000

static void start(char *const *command, int out)
{
	int null = open("/dev/null", O_RDONLY);
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	setpgid(0, 0);
	dup2(null, 0);
	dup2(out, 1);
	dup2(out, 2);
	_exit(exec_command((char **)command));
}

static void read_all(int fd, struct buf *out, int64_t until)
{
	char b[4096];
	ssize_t n;

	while (probe_wait(fd, false, until)) {
		n = read(fd, b, sizeof(b));
		if (n <= 0)
			return;
		if (out->len < OUTPUT_MAX)
			buf_add(out, b, n);
	}
}

int probe_output(char *const *command, struct buf *out)
{
	int64_t until = now_ms() + COMMAND_MS;
	pid_t pid, ended;
	int p[2], status;

	if (pipe2(p, O_CLOEXEC))
		return -1;
	pid = fork();
	if (!pid)
		start(command, p[1]);
	close(p[1]);
	if (pid > 0)
		read_all(p[0], out, until);
	close(p[0]);
	if (pid < 0)
		return -1;
	while ((ended = waitpid(pid, &status, WNOHANG)) != pid &&
	       now_ms() < until)
		probe_wait(-1, false, now_ms() + 10);
	if (ended != pid) {
		kill(-pid, SIGKILL);
		waitpid(pid, &status, 0);
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

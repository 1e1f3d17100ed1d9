// daemon.c - which process is the daemon of that name
// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char *const daemon_folders[] = {
	NETD_RUN "dnsmasq", NETD_RUN "zebra", NETD_RUN "ospfd",
	NETD_RUN "ospf6d", NETD_RUN "bgpd", NULL
};

int daemon_pid_path(struct host *h, const char *name, char *path, size_t room)
{
	char file[320];

	snprintf(file, sizeof(file), NETD_RUN "%s/" PROCESS_PID, name);
	return file_path(h, file, path, room);
}

bool daemon_is_ours(const char *program)
{
	size_t i;

	for (i = 0; daemon_folders[i]; i++)
		if (!strcmp(daemon_folders[i] + strlen(NETD_RUN), program))
			return true;
	return false;
}

/* The command line as it is in /proc: how long, words ending with zeros. */
ssize_t daemon_command(pid_t pid, char *text, size_t room)
{
	char path[64];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/cmdline", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	n = read(fd, text, room - 1);
	close(fd);
	if (n >= 0)
		text[n] = '\0';
	return n;
}

int daemon_words(char *text, ssize_t n, const char **argv)
{
	char *p = text;
	int i;

	for (i = 0; i < DAEMON_ARGS && p < text + n; i++, p += strlen(p) + 1)
		argv[i] = p;
	return i;
}

/* One of the arguments is a file in the folder of NAME. */
bool daemon_is(struct host *h, const char *name, const char *const *argv,
		   int n)
{
	char part[PATH_MAX], dir[PATH_MAX];
	int i;

	snprintf(part, sizeof(part), NETD_RUN "%s", name);
	if (file_path(h, part, dir, sizeof(dir) - 1))
		return false;
	strcat(dir, "/");
	for (i = 1; i < n; i++)
		if (strstr(argv[i], dir))
			return true;
	return false;
}

pid_t daemon_read_pid(struct host *h, const char *name)
{
	char path[PATH_MAX], text[32];

	if (daemon_pid_path(h, name, path, sizeof(path)) ||
	    proc_read(path, text, sizeof(text)))
		return 0;
	return atoi(text) > 1 ? atoi(text) : 0;
}

/* The process of that name, when it runs, with its arguments; or 0. */
pid_t daemon_running(struct host *h, const char *name, char *text, size_t room,
		     const char **argv, int *argc)
{
	pid_t pid = daemon_read_pid(h, name);
	ssize_t n = pid ? daemon_command(pid, text, room) : 0;

	*argc = n > 0 ? daemon_words(text, n, argv) : 0;
	return *argc && daemon_is(h, name, argv, *argc) ? pid : 0;
}

pid_t daemon_pid(struct host *h, const char *name)
{
	const char *argv[DAEMON_ARGS];
	char text[DAEMON_TEXT];
	int argc;

	return daemon_running(h, name, text, sizeof(text), argv, &argc);
}

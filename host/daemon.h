// daemon.h - which process is the daemon of that name
// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef NETD_HOST_DAEMON_H
#define NETD_HOST_DAEMON_H

#include "host/internal.h"

#define DAEMON_ARGS 64
#define DAEMON_TEXT 4096	/* bytes of a command line */

/* Folders of those that there may be, one a program; NULL terminated. */
extern const char *const daemon_folders[];

/* Where its pid is.  0 or -EINVAL. */
int daemon_pid_path(struct host *h, const char *name, char *path, size_t room);
/* Is it a program that netd starts? */
bool daemon_is_ours(const char *program);
/* A command line as it is in /proc: how long; its words end with zeros. */
ssize_t daemon_command(pid_t pid, char *text, size_t room);
int daemon_words(char *text, ssize_t n, const char **argv);
/* Is one of the arguments a file in the folder of NAME? */
bool daemon_is(struct host *h, const char *name, const char *const *argv,
	       int n);
/* What the file with its pid says, or 0. */
pid_t daemon_read_pid(struct host *h, const char *name);
/* The process, when it runs, with its arguments; or 0. */
pid_t daemon_running(struct host *h, const char *name, char *text, size_t room,
		     const char **argv, int *argc);
pid_t daemon_pid(struct host *h, const char *name);

#endif

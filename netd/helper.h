// helper.h - the process that starts the kernel side, and opens namespaces
// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef NETD_HELPER_H
#define NETD_HELPER_H

#include <sys/types.h>

struct options;

/* Starts it, before there are threads: it has our rights, which we then may
 * give up.  Its socket or a negative errno; its process in *PID.  CNI_DIR may
 * be NULL. */
int helper_start(pid_t *pid, const char *cni_dir);

/*
 * Starts the kernel side and what belongs to it.  FD is its end of the socket,
 * LOCK is inherited.  Its process, or a negative errno; -EPIPE when there is
 * no helper any more.
 */
pid_t helper_begin(int helper, const struct options *opt, int fd, int lock);
/* Ends both at once. */
void helper_kill(int helper);
/* Writes a file of the CNI folder; TEXT NULL: removes it.  0 or a negative
 * errno. */
int helper_conflist_write(int helper, const char *name, const char *text);
/* 0 when both have ended, with the kernel side's wait status; or -EAGAIN. */
int helper_ended(int helper, int *status);

#endif

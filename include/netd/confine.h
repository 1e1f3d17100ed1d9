// confine.h - the rights that the processes of netd keep
// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef NETD_CONFINE_H
#define NETD_CONFINE_H

#include <stdbool.h>
#include <sys/types.h>

enum confine {
	CONFINE_NONE,		/* no capability */
	CONFINE_KERNEL,		/* CAP_NET_ADMIN, CAP_NET_BROADCAST */
	CONFINE_HELPER,		/* what enters namespaces, and what it starts */
	CONFINE_OUTSIDE,	/* what the daemons need that it starts */
};

/*
 * Becomes that user (-1: stays who it is), gives up all other capabilities of
 * capabilities(7) for good and, but for the helper, what setuid programs would
 * give.  For a process with one thread.  0 or a negative errno; nothing is
 * given up by who isn't root.
 */
int confine_rights(enum confine what, uid_t uid, gid_t gid);

/*
 * Refuses system calls by seccomp(2): those that neither netd nor what it
 * starts needs, and, unless it STARTS_PROGRAMS, those that start others or
 * lead to another namespace or user.  For a process with one thread; new ones
 * inherit it.  0 or a negative errno.  Without effect in a build with the
 * sanitizers.
 */
int confine_calls(bool starts_programs);

#endif

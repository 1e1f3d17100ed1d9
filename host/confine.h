// confine.h - what the processes of netd give up
// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef NETD_HOST_CONFINE_H
#define NETD_HOST_CONFINE_H

/*
 * The kernel side may use the descriptors it has and gets, and open no other:
 * a seccomp(2) filter of the system calls it needs; all others fail with
 * EPERM.  0 or a negative errno.  Without effect where the sanitizers are
 * built in, since they need more.
 */
int confine_kernel(void);


#endif

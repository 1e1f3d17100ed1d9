// confine.c - what the kernel side may ask of the kernel
// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/confine.h"

#include <errno.h>
#include <seccomp.h>
#include <stddef.h>
#include <sys/mman.h>

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

/*
 * No open, no socket, no setns, no exec: whatever is missing comes from the
 * helper.  fork is for the reapers, which are confined as we are.
 */
static const int allowed[] = {
	/* talking: to netd, the helper, and the kernel by netlink */
	SCMP_SYS(read), SCMP_SYS(write), SCMP_SYS(sendto), SCMP_SYS(sendmsg),
	SCMP_SYS(recvfrom), SCMP_SYS(recvmsg), SCMP_SYS(poll),
	SCMP_SYS(ppoll), SCMP_SYS(bind), SCMP_SYS(getsockname),
	SCMP_SYS(getsockopt), SCMP_SYS(setsockopt), SCMP_SYS(close),
	SCMP_SYS(close_range), SCMP_SYS(dup), SCMP_SYS(dup2), SCMP_SYS(dup3),
	SCMP_SYS(fstat), SCMP_SYS(newfstatat), SCMP_SYS(fcntl),
	SCMP_SYS(lseek),
	/* taps, and what a namespace is */
	SCMP_SYS(ioctl),
	/* memory */
	SCMP_SYS(brk), SCMP_SYS(munmap), SCMP_SYS(mremap), SCMP_SYS(madvise),
	/* time and chance */
	SCMP_SYS(clock_gettime), SCMP_SYS(clock_nanosleep),
	SCMP_SYS(nanosleep), SCMP_SYS(gettimeofday), SCMP_SYS(getrandom),
	SCMP_SYS(time),
	/* reapers */
	SCMP_SYS(clone), SCMP_SYS(clone3), SCMP_SYS(fork), SCMP_SYS(vfork),
	SCMP_SYS(wait4), SCMP_SYS(pidfd_open), SCMP_SYS(set_robust_list),
	SCMP_SYS(rseq), SCMP_SYS(futex),
	/* who we are, and how we end */
	SCMP_SYS(uname), SCMP_SYS(getpid), SCMP_SYS(gettid),
	SCMP_SYS(getuid), SCMP_SYS(geteuid), SCMP_SYS(rt_sigaction),
	SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigreturn), SCMP_SYS(tgkill),
	SCMP_SYS(restart_syscall), SCMP_SYS(exit), SCMP_SYS(exit_group),
};

/* Memory that can be run is only what was there. */
static int allow_data(scmp_filter_ctx c, int call)
{
	return seccomp_rule_add(c, SCMP_ACT_ALLOW, call, 1,
				SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
}

int confine_kernel(void)
{
	scmp_filter_ctx c;
	unsigned int i;
	int err = 0;

	if (SANITIZED)
		return 0;
	c = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	if (!c)
		return -ENOMEM;
	for (i = 0; i < sizeof(allowed) / sizeof(*allowed) && !err; i++)
		err = seccomp_rule_add(c, SCMP_ACT_ALLOW, allowed[i], 0);
	if (!err)
		err = allow_data(c, SCMP_SYS(mmap));
	if (!err)
		err = allow_data(c, SCMP_SYS(mprotect));
	if (!err)
		err = seccomp_load(c);
	seccomp_release(c);
	return err;
}

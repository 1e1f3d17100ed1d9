// confine.c - what the kernel side may ask of the kernel
// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/confine.h"
#include "netd/confine.h"

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

/* What no process of netd needs, nor any program that it starts. */
static const int never[] = {
	SCMP_SYS(init_module), SCMP_SYS(finit_module), SCMP_SYS(delete_module),
	SCMP_SYS(kexec_load), SCMP_SYS(kexec_file_load), SCMP_SYS(bpf),
	SCMP_SYS(perf_event_open), SCMP_SYS(ptrace),
	SCMP_SYS(process_vm_readv), SCMP_SYS(process_vm_writev),
	SCMP_SYS(swapon), SCMP_SYS(swapoff), SCMP_SYS(reboot),
	SCMP_SYS(iopl), SCMP_SYS(ioperm), SCMP_SYS(add_key), SCMP_SYS(keyctl),
	SCMP_SYS(request_key), SCMP_SYS(open_by_handle_at),
	SCMP_SYS(userfaultfd), SCMP_SYS(acct), SCMP_SYS(quotactl),
	SCMP_SYS(settimeofday), SCMP_SYS(clock_settime), SCMP_SYS(adjtimex),
	SCMP_SYS(clock_adjtime), SCMP_SYS(personality), SCMP_SYS(nfsservctl),
	SCMP_SYS(lookup_dcookie), SCMP_SYS(vhangup),
};

/* What only the others do for the one that reads what people send. */
static const int others[] = {
	SCMP_SYS(execve), SCMP_SYS(execveat), SCMP_SYS(setns),
	SCMP_SYS(unshare), SCMP_SYS(mount), SCMP_SYS(umount2),
	SCMP_SYS(pivot_root), SCMP_SYS(chroot), SCMP_SYS(mknod),
	SCMP_SYS(mknodat), SCMP_SYS(open_tree), SCMP_SYS(move_mount),
	SCMP_SYS(fsopen), SCMP_SYS(fsmount), SCMP_SYS(mount_setattr),
	SCMP_SYS(setuid), SCMP_SYS(setreuid), SCMP_SYS(setresuid),
	SCMP_SYS(setgid), SCMP_SYS(setregid), SCMP_SYS(setresgid),
	SCMP_SYS(setgroups), SCMP_SYS(capset),
};

#define N(v) (sizeof(v) / sizeof(*(v)))

static int refuse(scmp_filter_ctx c, const int *v, unsigned int n)
{
	unsigned int i;
	int err = 0;

	for (i = 0; i < n && !err; i++)
		err = seccomp_rule_add(c, SCMP_ACT_ERRNO(EPERM), v[i], 0);
	return err;
}

int confine_calls(bool starts_programs)
{
	scmp_filter_ctx c;
	int err;

	if (SANITIZED)
		return 0;
	c = seccomp_init(SCMP_ACT_ALLOW);
	if (!c)
		return -ENOMEM;
	err = refuse(c, never, N(never));
	if (!err && !starts_programs)
		err = refuse(c, others, N(others));
	if (!err)
		err = seccomp_load(c);
	seccomp_release(c);
	return err;
}

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
	for (i = 0; i < N(allowed) && !err; i++)
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

// confine_rights.c - the rights that the processes of netd keep
// SPDX-License-Identifier: GPL-2.0-or-later
#include "netd/confine.h"

#include <cap-ng.h>
#include <errno.h>
#include <grp.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <unistd.h>

static const int kernel[] = { CAP_NET_ADMIN, CAP_NET_BROADCAST, -1 };

/* Namespaces; those of processes of other users; settings and sockets in
 * them; ending what it started, and giving that less. */
static const int helper[] = {
	CAP_SYS_ADMIN, CAP_SYS_PTRACE, CAP_SYS_CHROOT, CAP_NET_ADMIN,
	CAP_KILL, CAP_SETPCAP, -1
};

/* dnsmasq and the like as in spawn.c; where they are; their files. */
static const int outside[] = {
	CAP_SYS_ADMIN, CAP_SYS_PTRACE, CAP_KILL, CAP_NET_ADMIN, CAP_NET_RAW,
	CAP_NET_BIND_SERVICE, CAP_SETUID, CAP_SETGID, CAP_SETPCAP, CAP_CHOWN,
	CAP_DAC_OVERRIDE, CAP_FOWNER, -1
};

static const struct {
	const int *has;		/* effective */
	const int *gives[3];	/* permitted, for programs that it starts */
} rights[] = {
	[CONFINE_NONE] = { NULL, { NULL } },
	[CONFINE_KERNEL] = { kernel, { kernel } },
	[CONFINE_HELPER] = { helper, { helper, kernel, outside } },
	[CONFINE_OUTSIDE] = { outside, { outside } },
};

static void add(capng_type_t where, const int *v)
{
	for (; v && *v >= 0; v++)
		capng_update(CAPNG_ADD, where, *v);
}

int confine_rights(enum confine what, uid_t uid, gid_t gid)
{
	bool change = uid != (uid_t)-1 && uid != geteuid();
	int i, rc;

	if (geteuid())
		return 0;
	capng_clear(CAPNG_SELECT_BOTH);
	add(CAPNG_EFFECTIVE, rights[what].has);
	for (i = 0; i < 3; i++)
		add(CAPNG_PERMITTED |
		    (what == CONFINE_NONE || what == CONFINE_KERNEL ? 0 :
		     CAPNG_BOUNDING_SET), rights[what].gives[i]);
	if (change) {
		rc = capng_change_id(uid, gid, CAPNG_DROP_SUPP_GRP |
				     CAPNG_CLEAR_BOUNDING);
	} else {
		if (setgroups(0, NULL))
			return -errno;
		rc = capng_apply(CAPNG_SELECT_BOTH);
	}
	if (rc)
		return -EPERM;
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ? -errno : 0;
}

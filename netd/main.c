// main.c - netd: the daemon, or one of the processes that it is made of
// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

#include "netd/confine.h"
#include "netd/daemon.h"
#include "netd/host.h"

/* Descriptor 3 is the socket of who started it. */
static int kernel_side(char **argv)
{
	if (confine_rights(CONFINE_KERNEL, strtoul(argv[2], NULL, 10),
			   strtoul(argv[3], NULL, 10)))
		return 126;
	return host_kernel(3, 5, 6);
}

static int outside(char **argv)
{
	if (confine_rights(CONFINE_OUTSIDE, -1, -1) || confine_calls(true))
		return 126;
	return host_outside(3, argv[2], argv[3]);
}

static int helper(char **argv)
{
	if (confine_rights(CONFINE_HELPER, -1, -1) || confine_calls(true))
		return 126;
	return helper_main(3, argv[2]);
}

/* Started by netd itself only. */
static const struct {
	const char *option, *name;
	int argc;
	int (*run)(char **argv);
} parts[] = {
	{ "--kernel-side", "netd-kernel", 4, kernel_side },
	{ "--outside", "netd-outside", 4, outside },
	{ "--helper", "netd-helper", 3, helper },
};

int main(int argc, char **argv)
{
	unsigned int i;

	for (i = 0; i < sizeof(parts) / sizeof(*parts); i++) {
		if (argc != parts[i].argc || strcmp(argv[1], parts[i].option))
			continue;
		prctl(PR_SET_NAME, parts[i].name);
		return parts[i].run(argv);
	}
	return daemon_main(argc, argv);
}

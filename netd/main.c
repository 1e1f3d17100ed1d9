// main.c - netd: the daemon, or its kernel side
// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>
#include <sys/prctl.h>

#include "netd/daemon.h"
#include "netd/host.h"

int main(int argc, char **argv)
{
	/* started by the daemon itself; descriptor 3 is its socket */
	if (argc == 4 && !strcmp(argv[1], "--kernel-side")) {
		prctl(PR_SET_NAME, "netd-kernel");
		return host_main(3, argv[2], argv[3]);
	}
	return daemon_main(argc, argv);
}

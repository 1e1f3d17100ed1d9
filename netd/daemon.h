// daemon.h - what netd was started with
// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef NETD_DAEMON_H
#define NETD_DAEMON_H

#include <stdbool.h>
#include <sys/types.h>

struct options {
	const char *config_dir;
	const char *state_dir;
	const char *run_dir;
	const char *socket;
	const char *docker_socket;	/* NULL: no driver */
	const char *group;	/* who may use the socket; NULL: root only */
	const char *cni_dir;	/* for CNI configurations; NULL: none */
	bool verbose;
	const char *user;	/* whom it becomes; NULL: NETD_USER, if any */
	uid_t uid;		/* that user, or who we are */
	gid_t gid;
	int helper;		/* helper.h */
};

/* Runs until SIGTERM or SIGINT; the exit code. */
int daemon_main(int argc, char **argv);

/* Tells systemd, if it asked to be told (sd_notify(3)). */
void notify(const char *state);
/* Half the watchdog's time in ms, or 0 when there is none. */
unsigned int notify_interval(void);

#endif

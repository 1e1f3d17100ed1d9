// help.h - what the kernel side asks of the helper, which alone may do it
// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef NETD_HELP_H
#define NETD_HELP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "netd/buf.h"

/*
 * The kernel side has no file system and enters no namespace: it gets
 * descriptors from the helper, one question and one answer at a time, over a
 * SOCK_SEQPACKET.  Where there is no helper (unit tests), the same functions
 * are called directly.
 */
enum help_verb {
	HELP_OPEN = 1,		/* text: what ns_open() takes; -> netns, rt */
	HELP_NEW,		/* -> a new netns, rt */
	HELP_PIN,		/* text: name; descriptor: netns */
	HELP_UNPIN,		/* text: name */
	HELP_NAMES,		/* arg: from which on; -> names, inodes */
	HELP_WATCH,		/* -> an inotify of the folder of names */
	HELP_SOCKET,		/* arg: netlink protocol; netns -> socket */
	HELP_TUN,		/* netns -> /dev/net/tun, opened there */
	HELP_SYSCTLS,		/* text: paths, values; netns (none: home) */
	HELP_ID,		/* arg: 1 for a group; text: its name; -> arg */
	HELP_RUN,		/* arg: ms it may take; text: a program of
				 * spawn.c's and its arguments -> error, why */
	/* only the daemon's to ask: netd/helper.c */
	HELP_START,		/* text: what follows "netd --kernel-side";
				 * its socket, its lock -> arg: its pid */
	HELP_KILL,		/* the kernel side */
	HELP_ENDED,		/* -> its wait status; -EAGAIN: not yet */
	HELP_CONFLIST,		/* text: a file of the CNI folder, what is to
				 * be in it; nothing: it goes */
};

#define HELP_FDS 3
#define HELP_ROOM 65536		/* of one message */

struct help {
	uint32_t verb;
	int32_t arg;		/* of an answer: or a negative errno */
	struct buf text;
	int fds[HELP_FDS];
	int nfds;
};

/* One message.  0 or a negative errno; -EPIPE: the other end is gone. */
int help_send(int fd, const struct help *m);
int help_recv(int fd, struct help *m);
/* Frees the text and closes the descriptors that are still in it. */
void help_free(struct help *m);
/* helper.c: does what ASK says.  Its descriptors stay the caller's; those of
 * ANSWER are new ones. */
void helper_do(const struct help *ask, struct help *answer);

/* helper_conflist.c: HELP_CONFLIST in the folder DIR.  0 or a negative errno;
 * -EEXIST: a file of that name is somebody else's. */
int helper_conflist(const char *dir, const struct help *ask);

/* --- help.c: for the kernel side ---------------------------------------- */

/* FD is the helper's socket from now on; -1: everything is done right here. */
void help_init(int fd);

/* A network namespace as ns_open() calls it, and a raw NETLINK_ROUTE socket in
 * it unless RT is NULL.  A descriptor or a negative errno. */
int help_open(const char *spec, int *rt);
/* The same with a new one. */
int help_new(int *rt);
/* Gives a namespace a name as of ip-netns(8), or takes it away. */
int help_pin(const char *name, int nsfd);
int help_unpin(const char *name);
/* Calls FN for each name there is; DEV and INO are 0 where it leads nowhere. */
int help_names(void (*fn)(void *arg, const char *name, dev_t dev, ino_t ino),
	       void *arg);
/* Readable when a name comes or goes; -ENOENT: there is no folder yet. */
int help_watch(void);
/* A raw netlink socket in that namespace. */
int help_socket(int nsfd, int protocol);
int help_tun(int nsfd);
/* The number of a user or group. */
int help_id(const char *name, bool group, uint32_t *id);

/* Runs one of the programs of spawn.c to its end, MS at most, in our own
 * namespace.  0, or a negative errno with what it said in WHY. */
int help_run(char *const *argv, int ms, struct buf *why);

/* A setting below /proc/sys, or "stat/FILE" of /proc/net. */
struct setting {
	const char *path;	/* "net/ipv4/ip_forward" */
	bool write;
	char *value;		/* to be written, or where it is read to */
	size_t room;
	int err;		/* 0 or a negative errno */
};

/* In the namespace NSFD; -1: our own.  0, or what kept all of them from being
 * tried. */
int help_sysctls(int nsfd, struct setting *v, unsigned int n);

#endif

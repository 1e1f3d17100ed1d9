// store.h - what the kernel can't hold, in small files
// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef NETD_STORE_H
#define NETD_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/*
 * Below the state folder:
 *	lock, kernel.lock
 *	numbers			automatic numbers, as numbers_print()
 *	numbers.twin		the same, should that be damaged
 *	sysctls			"NAME VALUE": what they were before
 *	topologies/NAME.net.yaml	given by the API
 *	last-good/NAME.net.yaml	of the configuration folder
 *	stopped/NAME		taken down; stays so
 *	history/NUMBER		a change; NUMBER.NAME: the text before it
 *	confirm			until when a change is to be confirmed
 *	attachments/TOPOLOGY/NAME	{NAME: {...}}
 *	links/TOPOLOGY		what was done to its links: live.c
 *	docker/ID		{"network": TOPOLOGY/NETWORK, ...}: docker.h
 * Files are written whole and renamed, and begin with a line of their length
 * and hash.  What can't be read is left out with a warning: it must not keep
 * the rest from working, and nothing goes that it may have asked for.
 */
struct store {
	int dir;
	int lock, kernel_lock;
};

/* What a topology or an attachment is called, or a folder's name. */
#define STORE_TOPOLOGIES "topologies"
#define STORE_LAST_GOOD "last-good"
#define STORE_STOPPED "stopped"
#define STORE_HISTORY "history"
#define STORE_PLUGS "attachments"
#define STORE_DOCKER "docker"
#define STORE_LINKS "links"

/* An input is refused beyond that. */
#define STORE_MAX (4u << 20)

/*
 * Opens the folder, which is created if need be, and locks it.  0, -EBUSY when
 * another daemon has it, or another negative errno; says why in the log.
 */
int store_open(struct store *s, const char *path);
/*
 * All in it, but for folders of daemons, is to be that user's; the folder at
 * PATH itself stays root's, so that those can't be replaced.  Needs root's
 * rights.  0 or a negative errno, which was logged.
 */
int store_own(struct store *s, const char *path, uid_t uid, gid_t gid);
void store_close(struct store *s);

/*
 * The whole file FOLDER/NAME; FOLDER and SUB may be NULL.  Zero terminated; the
 * caller frees it.  NULL when there is none, it isn't a plain file of a
 * sensible size, or not as it was written.
 */
char *store_read(struct store *s, const char *folder, const char *name,
		 size_t *len);

/* The same of a file that another program wrote. */
char *store_read_foreign(struct store *s, const char *folder,
			 const char *name, size_t *len);

/*
 * Writes it whole.  SAFE: it is on the disk when this returns, and so is its
 * name.  0 or a negative errno, which is in the log.
 */
int store_write(struct store *s, const char *folder, const char *name,
		const void *p, size_t len, bool safe);
/* Adds to the end of a file that is there.  0 or a negative errno: a part of
 * it may be written then. */
int store_append(struct store *s, const char *name, const void *p, size_t len,
		 bool safe);
void store_remove(struct store *s, const char *folder, const char *name);

/* Calls FN with each name in FOLDER, in order. */
void store_each(struct store *s, const char *folder,
		void (*fn)(void *arg, const char *name), void *arg);

/* Reads a file below the folder DIR without following a link. */
char *read_at(int dir, const char *path, size_t *len, int *err);
/* Writes a file of that MODE whole, as store_write(); says nothing. */
int write_at(int dir, const char *name, const void *p, size_t len, mode_t mode,
	     bool safe);

#endif

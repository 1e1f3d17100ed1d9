// right.h - who asks, and what that one may
// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef NETD_RIGHT_H
#define NETD_RIGHT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * What a request of the API needs.  An admin (root, who started netd, and the
 * members of --group) may do everything; all others only what `owners:` of a
 * topology, network or attachment give them.
 */
enum right {
	RIGHT_ADMIN,		/* nobody else */
	RIGHT_OWNER,		/* others too: what they own is all there is */
	RIGHT_ALL,		/* it tells nothing of what others own */
};

/* Names that were looked up already: one request asks for few. */
#define WHO_NAMES 32

struct who {
	unsigned int uid;
	gid_t *groups;		/* the primary one is among them */
	unsigned int n;
	struct {
		char name[36];	/* as in `owners:` */
		bool is;	/* it is this one, or a group of this one's */
	} known[WHO_NAMES];
	unsigned int nknown;
};

struct admins {
	uid_t uid;		/* who started netd */
	gid_t group;		/* of --group, or -1 */
};

/*
 * Whose end of the connection FD is: SO_PEERCRED and SO_PEERGROUPS of
 * socket(7), what the kernel knew when it was made.  NULL: an admin; the
 * caller frees the result by who_free().
 */
struct who *who_of(int fd, const struct admins *admins);
void who_free(struct who *w);
/* Is OWNER ("alice", "1000", "@students") the one that ARG, a struct who, is?
 * Names that don't exist are nobody's. */
bool who_is(void *arg, const char *owner);

struct engine;
struct entry;
struct job;

/* May the job's client see and use the item NAME of that KIND, as of
 * topo_owned()? */
bool right_item(const struct job *j, const struct entry *en, const char *kind,
		const char *name);
/* Takes what the client may not see out of a list of items of EN. */
void right_filter(const struct job *j, const struct entry *en, json_t *items);
/*
 * What one who owns a network may plug in there: a tap of one's own, or a
 * veth, with nothing that opens a port of the host or loosens a guard.
 * false: answered.
 */
bool right_plug(struct job *j, const json_t *o);
bool right_is_tap(const json_t *o);
/*
 * A veth's other end goes only into a network namespace that was made in a
 * user namespace of the client's own (a rootless container, unshare -rn).  *ID
 * is its inode.  false: answered.
 */
bool right_netns(struct engine *e, struct job *j, const json_t *o,
		 uint32_t *id);
/* Who may see NAME of that kind: a list that ends with NULL, or NULL. */
char **right_owners(const struct entry *en, const char *kind,
		    const char *name);
void right_owners_free(char **owners);
/* The socket is open to all as long as anything has an owner. */
void right_socket(struct engine *e);

#endif

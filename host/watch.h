// watch.h - what the files of the watch share
// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef NETD_HOST_WATCH_H
#define NETD_HOST_WATCH_H

#include "host/look.h"

enum {
	CHECK_LINK = 1,
	CHECK_ADDRESSES = 2,
	CHECK_LATER = 4,	/* it may be somebody's who is not ready */
};

/* A link that something happened to. */
struct pending {
	struct ns *ns;
	char name[16];
	uint8_t what;		/* CHECK_* */
	int64_t at;		/* ms: not before */
};

#define PENDING_MAX 4096

struct watch {
	int rt;			/* NETLINK_ROUTE events, of all namespaces */
	int nft;		/* NETLINK_NETFILTER events */
	int names;		/* inotify on /run/netns, or -1 */
	bool paused;
	struct pending *pending;
	uint32_t npending;
	bool lost;		/* events, or too many of them */
	bool defaults;		/* default routes may have moved */
	int64_t due;		/* ms: when to look, or 0 */
	int64_t round;		/* ms: when to look around again */
	uint32_t sysctl_at, link_at;	/* where the last round ended */
	struct buf default4, default6;
	char forwards;		/* what netd was told of ip_forward */
	bool forwarding;	/* somebody set it */
	uint64_t told[64];	/* of drifts that were told */
	uint32_t ntold;
	uint64_t *words;	/* names that rules mention, hashed, sorted */
	uint32_t nwords;
	bool have_words;
};

/* Something happened to a link; looked at when things have calmed down. */
void watch_note(struct host *h, struct ns *ns, const char *name, uint8_t what);
void watch_note_routes(struct host *h, struct ns *ns);

/* watch_names.c: joins, and reads what there is. */
void watch_names(struct watch *w);
void watch_read_names(struct host *h);

/* watch_check.c: compare what there is with what must be. */
void check_link(struct host *h, struct ns *ns, const char *name);
void check_addrs(struct host *h, struct ns *ns, const char *dev);
void check_routes(struct host *h, struct ns *ns);
/* Somebody changed a table: of ours? */
void watch_nft_event(struct host *h, struct ns *ns, struct nlmsghdr *nlh);
void check_shapes(struct host *h, struct ns *ns);
void check_sysctls(struct host *h, struct ns *ns);
void check_defaults(struct host *h);
void check_forwards(struct host *h);
void check_round(struct host *h);

/* The watched link of that name, or NULL. */
struct object *watched_link(struct host *h, const char *netns,
			    const char *name);
/* Does a rule mention the interface? */
bool rules_mention(struct host *h, const char *name);
void words_forget(struct watch *w);

#endif

// look.h - parts of an observation
// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef NETD_HOST_LOOK_H
#define NETD_HOST_LOOK_H

#include "host/internal.h"

/* Younger than the headers of Debian 12: kernel 6.7. */
#define IFLA_BR_FDB_MAX_LEARNED 49
#define IFLA_BR_MAX_KNOWN 49

/* An observation of one namespace. */
struct look {
	struct host *h;
	struct ns *ns;
	const struct state *wanted;
	struct state *found;
	uint32_t mark;		/* found->n before a dump, to begin again */
	bool all;		/* foreign things too */
	bool going;		/* links that were about to be deleted */
	bool dump;		/* of all links, lo among them */
	bool shaped;		/* there are qdiscs that may be ours */
	const char *netns;	/* ns->name in found's arena */
	struct look_later {
		struct link *link;
		uint32_t master;
		int nsid;		/* the peer's namespace, or -1 */
	} *later;
	uint32_t nlater, clater;
	struct peers *peers;
};

int look_links(struct look *l);
/* One link, by index or, when that is 0, by name. */
int look_link(struct look *l, uint32_t index, const char *name);
int look_addresses(struct look *l, uint32_t index);
int look_neighbours(struct look *l);
int look_routes(struct look *l);
void look_reset(void *arg);

/* qdisc.c: qdiscs and redirects of our links, once these are known. */
int look_shapes(struct look *l);
/* Are there any in what is WANTED of NETNS? */
bool look_is_shaped(const struct state *wanted, const char *netns);

/* conf.c: settings of an interface as of IFLA_AF_SPEC. */
void conf_take(struct nlattr *af_spec, struct devconf *conf);

/*
 * peers.c: how the wanted state spells the namespace that is NSID here, for
 * the peer of the veth NAME; or the name of one of ours; or "nsid:N".
 */
const char *peer_spelling(struct look *l, const char *name, int nsid);
void peer_forget(struct look *l);

/* The owner or group of a tap, spelt as WANTED when that is the same one. */
const char *owner_spelling(struct look *l, struct nlattr *id,
			   const char *wanted, bool group);

#endif

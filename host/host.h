// host.h - inside the kernel side: the host, its namespaces, its drivers
// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef NETD_HOST_HOST_H
#define NETD_HOST_HOST_H

#include <netlink/attr.h>
#include <netlink/msg.h>
#include <sys/types.h>

#include "netd/host.h"
#include "netd/wire.h"

struct host;
struct ns;

/*
 * A driver makes one kind be.  The verbs only begin a step and return
 * nothing: commit(), after each run of steps of one driver within a phase,
 * ends all that began, and tells each that failed by step_failed().  A verb
 * may fail at once in the same way.  observe() adds what there is to FOUND;
 * WANTED says where to look for what can't be marked.  Any may be NULL.
 */
struct driver {
	int (*observe)(struct host *h, const struct state *wanted,
		       struct state *found);
	void (*create)(struct host *h, const struct step *s);
	void (*update)(struct host *h, const struct step *s);
	void (*destroy)(struct host *h, const struct step *s);
	void (*commit)(struct host *h);
	uint32_t looks;		/* OBSERVE_*: when observe() is called */
};

extern const struct driver driver_netns, driver_bridge, driver_veth,
	driver_tap, driver_nic, driver_ifb, driver_leg, driver_qdisc,
	driver_redirect, driver_address, driver_neighbour, driver_route,
	driver_sysctl, driver_file, driver_process, driver_fact, driver_fact_outside,
	driver_outside;
/* all nft kinds; host/nft */
extern const struct driver driver_nft;
/* Counts connections by their marks (WIRE_COUNT).  host/nft */
int nft_count(struct host *h, uint32_t id, const char *p, const char *end);
/* rules in chains of others; host/nft */
extern const struct driver driver_accept;
/* what firewall-cmd does; zone.c */
extern const struct driver driver_zone;


/*
 * The step S was refused: ERR is a negative errno, WHY a text for people, or
 * NULL for that of the errno.  Told once a step; not at all when what the
 * step refers to failed before.
 */
void step_failed(struct host *h, const struct step *s, int err,
		 const char *why);

/* Did the step fail already?  What follows of it is then left out. */
bool step_has_failed(struct host *h, const struct step *s);

/*
 * Looks at the socket of requests and tells progress; to be called every few
 * milliseconds in long work, when nothing is queued or half done.
 */
void host_breathe(struct host *h);

/* --- namespaces: ns.c ------------------------------------------------ */

/* Links by index and by name, as of the last dump and what we did since. */
struct linkmap {
	struct linkmap_row *rows;
	uint32_t n, cap;
	uint32_t *by_name, *by_index;	/* cap * 2 slots, row + 1 */
};

struct linkmap_row {
	uint32_t index;
	uint32_t group;
	char name[16];
	uint8_t kind;		/* enum kind; KIND_LINK: not ours */
	bool plain;		/* not ours, and nobody's port */
	uint32_t master;	/* index of what it is a port of, or 0 */
	uint32_t born;		/* in the plan of that number, plus one */
};

/* A network namespace that is kept open. */
struct ns {
	struct ns *next;
	char *name;		/* "": our own */
	int fd;
	int rt;			/* NETLINK_ROUTE, for requests */
	dev_t dev;
	ino_t ino;
	int32_t nsid;		/* as our own namespace calls it, or -1 */
	uint32_t seq;
	bool ours;		/* made by us: its lo has our group */
	bool seen;		/* in the observation that is going on */
	bool routes_changed;	/* or so an event said */
	bool sysctl_changed;
	bool shapes_changed;
	struct linkmap links;
	struct devconf *conf6;	/* what its new links are born with, or NULL */
	pid_t reaper;		/* deletes what is going, or 0 */
	int reaper_fd;
	bool doomed;		/* there is something for a reaper */
	void *nft;		/* host/nft's, per namespace */
};

/* Called when a namespace goes: frees ns->nft.  host/nft. */
void nft_ns_free(struct ns *ns);

/* The namespace of that name ("", or one in /run/netns), kept open; or NULL
 * with a negative errno in *ERR. */
struct ns *ns_get(struct host *h, const char *name, int *err);
/* The namespace of an nsid as events carry it; NULL: not one of ours. */
struct ns *ns_by_nsid(struct host *h, int nsid);
/* Our own: "". */
struct ns *ns_home(struct host *h);
struct ns *ns_first(struct host *h);
/* Forgets it and closes what belongs to it. */
void ns_forget(struct host *h, struct ns *ns);

/*
 * Opens the network namespace that SPEC names: "", a name, an absolute path
 * or "pid:N".  A descriptor, or a negative errno; -ENOENT when there is none,
 * -EINVAL when it is something else.
 */
int ns_open(const char *spec);

#endif

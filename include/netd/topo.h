// topo.h - what is asked for: topology files, read, checked and expanded
// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef NETD_TOPO_H
#define NETD_TOPO_H

#include "netd/report.h"
#include "netd/state.h"

/* A topology: one file, read into one arena.  Its insides: topo/topo.h. */
struct topology;

/*
 * Numbers that were handed out (subnets of `auto`, addresses): what exists
 * keeps its number.  A sorted list of "what" -> "value" that lives in a small
 * file; topo_expand() looks into it and adds to it.
 */
struct numbers;

struct numbers *numbers_new(void);
void numbers_free(struct numbers *n);
/* Reads lines of "KEY VALUE", of which later ones win; one that was cut off
 * at the end is left out.  0 or -EINVAL (nothing is taken then). */
int numbers_read(struct numbers *n, const char *text);
void numbers_print(const struct numbers *n, struct buf *out);
/*
 * What was set since numbers_saved(): true when there is any.  DROPPED: lines
 * must go, or make no sense, so that adding what numbers_print_changes() prints
 * to the file is not enough.
 */
bool numbers_changed(const struct numbers *n, bool *dropped);
void numbers_print_changes(const struct numbers *n, struct buf *out);
void numbers_saved(struct numbers *n);
/* Takes back what was set since the mark; 0 is that of numbers_saved(). */
uint32_t numbers_mark(const struct numbers *n);
void numbers_undo(struct numbers *n, uint32_t mark);
/* NULL when there is none.  Marks it as used in this expansion. */
const char *numbers_get(struct numbers *n, const char *key);
void numbers_set(struct numbers *n, const char *key, const char *value);
/* true when another key under the same PREFIX holds VALUE. */
bool numbers_taken(const struct numbers *n, const char *prefix,
		   const char *value);
/* Forgets what was neither got nor set since the last sweep; not what was
 * attached, since that may come back. */
void numbers_sweep(struct numbers *n);
/* Forgets those whose keys are OLD.  Nothing is to be undone at that time. */
void numbers_drop(struct numbers *n, bool (*old)(void *arg, const char *key),
		  void *arg);

/*
 * Reads a topology.  FILE is the name for messages; the topology's own name
 * is the key `name` or the file's name without ".net.yaml".  All errors of
 * the file are added to REPORT.  NULL when there were errors.  The caller
 * frees it by topo_free().
 */
struct topology *topo_read(const char *file, const char *text, size_t len,
			   struct report *report);
void topo_free(struct topology *t);

/* The name, valid as long as the topology. */
const char *topo_name(const struct topology *t);
/* Its network number I in the order of the file, or NULL. */
const char *topo_network_name(const struct topology *t, unsigned int i);
/* The netns its bridges live in: "" is the host's own. */
const char *topo_home(const struct topology *t);

/*
 * Adds attachments that came by the API: TEXT is a YAML (or JSON) map of
 * names to attachments.  Errors as topo_read(); nothing is added then.  0 or
 * -EINVAL.
 */
int topo_attach(struct topology *t, const char *file, const char *text,
		size_t len, struct report *report);
/* Takes a dynamic attachment out again.  0, -ENOENT, or -EPERM when it is
 * written in the file. */
int topo_detach(struct topology *t, const char *name);

/*
 * What was done to links by hand, over what the file says: TEXT is a map of
 * the links' names to maps of `down`, `impair` (both directions), `a` and `b`
 * (what that end sends).  Links that there are not are left out.  POD:
 * of the pod of that name only, or NULL.  Replaces what was set before;
 * errors as topo_read().
 */
int topo_live(struct topology *t, const char *pod, const char *file,
	      const char *text, size_t len, struct report *report);
/* Which end of the link NAME the network, router or node is: 0 or 1; or -1. */
int topo_link_end(const struct topology *t, const char *name,
		  const char *end);

/*
 * Checks what can only be checked as a whole: names that refer to something,
 * overlaps, what has no effect, what the host can't do.  FOUND (may be NULL:
 * offline) is the host as observed: foreign links, addresses, routes, facts.
 * OTHERS are the other topologies that are in force.  NUMBERS (may be NULL:
 * as from nothing) gives and takes automatic numbers, as in topo_expand();
 * the caller takes them back (numbers_undo()) when it fails.  0 or -EINVAL.
 */
int topo_check(struct topology *t, const struct state *found,
	       struct numbers *numbers, struct topology *const *others,
	       unsigned int nothers, struct report *report);

/*
 * Adds to WANTED every object that the topology asks for, with the defaults
 * written out.  The topology was checked.  NUMBERS gives and takes automatic
 * numbers.  0, or -ENOSPC and the like with an error in REPORT.
 */
int topo_expand(struct topology *t, const struct state *found,
		struct numbers *numbers, struct state *wanted,
		struct report *report);

/*
 * Adds the objects of one attachment only: those that topo_expand() adds for
 * it and for nothing else.  For attach and detach in a large topology.
 */
int topo_expand_attachment(struct topology *t, const char *name,
			   const struct state *found, struct numbers *numbers,
			   struct state *wanted, struct report *report);

/*
 * false when the topology asks for other objects, too, because of this
 * attachment: the first isolated port of a network changes its rules, and so
 * does the first port that is published there.
 */
bool topo_attachment_alone(const struct topology *t, const char *name);

/*
 * Checks one attachment, after topo_expand_attachment(), as topo_check() does
 * for all; OTHERS are the other topologies in force.  0 or -EINVAL.
 */
int topo_check_attachment(struct topology *t, const char *name,
			  const struct state *found,
			  struct topology *const *others, unsigned int nothers,
			  struct report *report);

/* A network as its guests see it. */
struct topo_subnets {
	struct prefix net4, net6;	/* family 0: none */
	struct ip gw4, gw6;		/* the gateways; family 0: none */
};

/* After topo_expand().  false when there is no network of that name. */
bool topo_subnets(const struct topology *t, const char *network,
		  struct topo_subnets *out);

/*
 * An address of RANGE, which lies in the network's subnet, that nobody has.
 * It is not taken by that, but the next time others come first.  Family 0: all
 * are taken, or there is no such network or subnet.  After topo_expand().
 */
struct ip topo_free_address(struct topology *t, const char *network,
			    const struct prefix *range);

/* Who has that address in the network: the name of an attachment, node or
 * router, "" for the home router, or NULL for nobody.  After topo_expand(). */
const char *topo_address_owner(const struct topology *t, const char *network,
			       const struct ip *ip);

/* Does a forward take that port of a protocol (IANA), at any address? */
bool topo_port_forwarded(const struct topology *t, uint8_t protocol,
			 uint16_t port);

/* labels: who asked for an attachment, and for what */
struct label {
	const char *key, *value;
};

struct topo_address {
	struct prefix address;
	struct ip gateway;	/* family 0: there is none */
};

/* An attachment, as who made it wants to know it.  "": does not apply. */
struct topo_plug {
	const char *type;	/* "tap", "veth", "nic", "reserved" */
	const char *netns;	/* where the guest's end goes: a name, a path,
				 * "pid:N", or "none" */
	const char *ifname;	/* the guest's end */
	const char *port;	/* our end, at the bridge */
	const char *bridge;
	uint32_t mtu;		/* of both ends */
	bool default_route;	/* by the gateways */
	bool transient;		/* a tap that goes with who opened it */
	struct list addresses;	/* struct topo_address */
	struct list publish;	/* const char *: "127.0.0.1:8080:80/tcp" */
	struct list labels;	/* struct label */
	struct list dns;	/* struct ip: the network's name servers */
	const char *domain;	/* of their names, or "" */
	const char *ingress, *egress;	/* "10M/64k"; NULL: no bound */
};

/* The part of a topology as JSON-like text for `show`: NAME is what it is. */
struct topo_item {
	const char *topology;	/* its name, or that of one of its pods */
	const char *kind;	/* "network", "attachment", "router", "node",
				 * "link", "policy", "forward" */
	const char *name;
	const char *detail;	/* "mode nat, 10.1.0.1/24" */
	const char *netns;	/* where a router or node lives, or "" */
	const char *ifname;	/* kernel name of its bridge or port, or "" */
	const char *network;	/* of an attachment, or "" */
	const char *address;	/* its addresses, "10.1.0.20, fd00:1::20" */
	const char *mac;
	const char *vty;	/* of a router that speaks OSPF or BGP: where
				 * vtysh(1) finds its daemons; or "" */
	bool dynamic;		/* came by the API */
	const struct topo_plug *plug;	/* of an attachment, else NULL */
};

/*
 * Lists what there is in T, after topo_expand() (so that automatic numbers
 * are known).  The list lives in A.
 */
unsigned int topo_items(const struct topology *t, struct arena *a,
			struct topo_item **items);

/* The I-th of its pods: a topology called "campus-7"; or NULL. */
const struct topology *topo_pod(const struct topology *t, unsigned int i);

/* Only attachments with all of N labels, "KEY=VALUE" each; else the same. */
unsigned int topo_items_labelled(const struct topology *t, struct arena *a,
				 char *const *labels, unsigned int n,
				 struct topo_item **items);

/*
 * `owners:`, USER or @GROUP each.  Does IS say yes to one of those who own
 * the item NAME of that KIND (as in struct topo_item; "topology": all of it)?
 * Who owns the topology owns all that is in it, and who owns a network owns
 * what is plugged in there.  After topo_check().
 */
bool topo_owned(const struct topology *t, const char *kind, const char *name,
		bool (*is)(void *arg, const char *owner), void *arg);
/* Does anything in it have an owner? */
bool topo_has_owners(const struct topology *t);

/* A node or router that a check is about: where, and how it is reached. */
struct topo_place {
	const char *name;
	const char *netns, *vty;	/* as in struct topo_item, or "" */
	struct list addresses;	/* const char *, without lengths */
	/* const char *: a node's gateways; of a router, its neighbours */
	struct list gateways;
	const char *resolver;	/* who is asked for names; or "" */
};

/* `checks:`, resolved; a name means all its copies.  "" and 0: not written. */
struct topo_check {
	const char *name, *kind;	/* "to", "route", "neighbor", "name",
					 * "lease", "path", "run" */
	struct list from, to;	/* struct topo_place; `on` is from */
	struct list path;	/* struct topo_place */
	struct list via;	/* const char *: addresses */
	struct list answer, with;	/* const char * */
	const char *expect, *protocol, *text, *hint, *run, *output;
	const char *route;	/* "10.2.0.0/24" */
	const char *lease;	/* whose: the name of a client */
	uint32_t within, points, port, cost;	/* within: ms */
};

/* A command of `solution:`, in the order of the file. */
struct topo_command {
	struct topo_place at;
	const char *command;
};

/* After topo_expand().  How many; the list lives in A. */
unsigned int topo_checks(const struct topology *t, struct arena *a,
			 struct topo_check **checks);
unsigned int topo_solution(const struct topology *t, struct arena *a,
			   struct topo_command **commands);

/*
 * The network, attachment, router or node of that name, as topo_items() tells
 * of it; false when there is none.
 */
bool topo_item_named(const struct topology *t, const char *name,
		     struct arena *a, struct topo_item *item);

#endif

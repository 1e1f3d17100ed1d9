// plan.h - the steps between two states
// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef NETD_PLAN_H
#define NETD_PLAN_H

#include "netd/state.h"

enum op {
	OP_DESTROY,		/* have */
	OP_CREATE,		/* want */
	OP_UPDATE,		/* want, have, mask of fields */
	OP_REFUSE,		/* want, have, mask: pinned while in use */
};

struct step {
	uint8_t op;		/* enum op */
	uint8_t phase;		/* enum phase */
	uint64_t mask;		/* OP_UPDATE: the fields that change */
	struct object *want;	/* NULL in OP_DESTROY */
	struct object *have;	/* NULL in OP_CREATE */
};

/* The order of a plan; it is a safety property.  Why: see plan.c. */
enum phase {
	PHASE_NETNS,		/* namespaces come */
	PHASE_CLOSE,		/* sysctls are restored: forwarding ends first */
	PHASE_FILES,		/* are there, and checked, before anything goes */
	PHASE_NFT,		/* one transaction a namespace, all together */
	PHASE_GO,		/* routes, addresses, ports go */
	PHASE_LINKS,		/* bridges, then ports, then legs come */
	PHASE_ADDRESSES,
	PHASE_ROUTES,
	PHASE_OPEN,		/* sysctls are set: forwarding begins last */
	PHASE_SERVICES,		/* processes start */
	PHASE_BRIDGES_GO,
	PHASE_NETNS_GO,
	PHASE_COUNT
};

struct plan {
	struct step *steps;
	uint32_t n, cap;
};

/*
 * The steps that make FOUND be WANTED, in order.  A pure function; both are
 * sorted.  Foreign objects are left alone: a wanted object whose name a
 * foreign one has is an error in REPORT at its place.  What dies with
 * something that goes is not destroyed by a step of its own, and is created
 * again when it is still wanted.  The steps refer to the objects of both
 * states.  0, or -EEXIST when there were errors.
 */
int plan_diff(const struct state *wanted, const struct state *found,
	      struct plan *plan, struct report *report);

/* Adds one step; for partial plans. */
void plan_add(struct plan *plan, enum op op, uint64_t mask,
	      struct object *want, struct object *have);

/* Sorts the steps into their phases; stable. */
void plan_sort(struct plan *plan);

void plan_free(struct plan *plan);

/* Prints the step as a line: "~ veth nd-vm1: mtu 1500 -> 1400". */
void plan_print_step(const struct step *s, struct buf *out);

/* The word of an op: "create", "destroy", "update", "refuse". */
const char *op_name(int op);

#endif

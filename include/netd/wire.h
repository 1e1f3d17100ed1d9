// wire.h - objects and steps as messages between netd and its kernel side
// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef NETD_WIRE_H
#define NETD_WIRE_H

#include "netd/plan.h"

/*
 * A message is a header and a body; both ends run on one machine, so numbers
 * are in its byte order.  Descriptors ride along by SCM_RIGHTS.
 */
struct wire_head {
	uint32_t len;		/* of the body */
	uint16_t type;		/* enum wire_type */
	uint16_t flags;
	uint32_t id;		/* of the request; the answers carry it */
};

#define WIRE_MAX (256u << 20)	/* a longer body is an error */

enum wire_type {
	/* netd -> host */
	WIRE_OBSERVE = 1,	/* body: state (where to look); OBSERVE_* */
	WIRE_APPLY,		/* body: steps, state to watch for */
	WIRE_WATCH,		/* body: state: replaces what is watched */
	WIRE_EXEC,		/* body: netns, argv...; descriptors 0, 1, 2 */
	WIRE_QUIT,
	/* body: str netns, port, the peer's namespace, peer ("": none); done
	 * with EAGAIN as long as an end has no carrier, or a tentative
	 * address */
	WIRE_READY,
	WIRE_NETNS,		/* body: str of a namespace, as ns_open() */
	/* body: str netns, u32 n, n marks: how many connections have each? */
	WIRE_COUNT,
	/* host -> netd */
	WIRE_FOUND = 64,	/* body: state; a big one comes in several */
	WIRE_PROGRESS,		/* body: u32 done, u32 total */
	WIRE_FAILED,		/* body: u32 step, u32 errno, str why */
	WIRE_DONE,		/* body: u32 errno of the request as a whole */
	WIRE_DIRTY,		/* body: u32 OBSERVE_*; str what was seen */
	WIRE_EXITED,		/* body: u32 status as of waitpid(2) */
	WIRE_INODE,		/* body: u32 inode number of a namespace, u32
				 * user who owns its user namespace */
	WIRE_COUNTED,		/* body: u32 for each mark of the question */
};

/* Flags of WIRE_OBSERVE and of the body of WIRE_DIRTY: what to look at. */
enum {
	OBSERVE_LINKS = 1,	/* namespaces, links, addresses, routes, ... */
	OBSERVE_NFT = 2,
	OBSERVE_FACTS = 4,
	OBSERVE_SYSCTLS = 8,	/* only those of the body; also in LINKS */
	OBSERVE_SURVEY = 16,	/* with FACTS: what else is on the host, see
				 * doctor.h */
	OBSERVE_PEEK = 32,	/* for somebody who asks: what was noticed so
				 * far is still to be told */
	DIRTY_REAPED = 256,	/* the links of a large removal are gone */
};

/*
 * Flag of WIRE_APPLY: no state follows the steps.  What is watched changes by
 * the steps instead: what is created or updated is watched from now on, what
 * is destroyed no longer.  For small changes of a large host.
 */
enum {
	APPLY_STEPS_ONLY = 1,
};

/* Packs an object, and unpacks it into S (which is then to be sorted). */
void wire_pack_object(const struct object *o, struct buf *out);
int wire_unpack_object(const char **p, const char *end, struct state *s,
		       struct object **o);

/* A whole state: a count and its objects. */
void wire_pack_state(const struct state *s, struct buf *out);
int wire_unpack_state(const char **p, const char *end, struct state *s);

/*
 * Steps with their objects.  wire_unpack_plan() puts the objects into S; each
 * returns 0 or -EBADMSG.
 */
void wire_pack_plan(const struct plan *plan, struct buf *out);
int wire_unpack_plan(const char **p, const char *end, struct state *s,
		     struct plan *plan);

#endif

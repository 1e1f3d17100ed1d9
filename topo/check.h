// check.h - what topo_check() is made of
// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef TOPO_CHECK_H
#define TOPO_CHECK_H

#include "topo/topo.h"

struct check {
	struct topology *t;
	const struct state *found;	/* or NULL: offline */
	struct numbers *numbers;	/* or NULL: from nothing */
	struct topology *const *others;
	unsigned int nothers;
	struct report *report;
	struct arena *a;		/* for messages; gone with the check */
	const struct attachment *plug;	/* only what it brings is looked at */
	bool duplicates, loops;		/* `allow:` makes them warnings */
};

/* An error at the field of NODE (table R) that is at OFFSET. */
void check_fault(struct check *c, const struct node *n, const struct record *r,
		 size_t offset, const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));
#define FAULT(c, p, rec, m, ...) \
	check_fault(c, (const struct node *)(p), &rec, \
		    offsetof(__typeof__(*(p)), m), __VA_ARGS__)

/* As FAULT() when the field was written right here and means nothing. */
void check_idle(struct check *c, const struct node *n, const struct record *r,
		size_t offset, const char *why);
#define IDLE(c, p, rec, m, why) \
	check_idle(c, (const struct node *)(p), &rec, \
		   offsetof(__typeof__(*(p)), m), why)

/* As FAULT() when the field was written neither here nor by `defaults:`. */
void check_needs(struct check *c, const struct node *n, const struct record *r,
		 size_t offset);
#define NEEDS(c, p, rec, m) \
	check_needs(c, (const struct node *)(p), &rec, \
		    offsetof(__typeof__(*(p)), m))

/* " (FILE:LINE:COL)" of another place, for a message. */
const char *check_where(struct check *c, struct pos pos);

/* The parts, in the order in which they are run. */
void check_lab(struct check *c);		/* check_lab.c */
void check_names(struct check *c);		/* check_names.c */
void check_networks(struct check *c);		/* check_network.c */
void check_attachments(struct check *c);	/* check_attachment.c */
void check_routers(struct check *c);		/* check_router.c */
void check_links(struct check *c);
/* and once all is resolved: */
void check_clashes(struct check *c);		/* check_names.c */
void check_subnets(struct check *c);		/* check_address.c */
void check_addresses(struct check *c);
void check_gateways(struct check *c);		/* check_network.c */
void check_services(struct check *c);		/* check_service.c */
void check_asking(struct check *c, struct attachment *a);
void check_rules(struct check *c);		/* check_rules.c */
void check_published(struct check *c, const struct attachment *a);
void check_routing(struct check *c);		/* check_routing.c */
void check_loops(struct check *c);		/* check_segment.c */
void check_host(struct check *c);		/* check_host.c */

/* check_shape.c: MTU 0 is the default. */
void check_bandwidth(struct check *c, struct bandwidth *b, uint32_t mtu);
void check_network_bandwidth(struct check *c, struct network *w);
void check_impair(struct check *c, struct impair *i);
void check_impairments(struct check *c);

/* true when NET has its gateway in a named router, or in no router. */
bool check_not_home(const struct network *w, const char **who);

/* The network whose subnet holds in W: itself, or what links join it with. */
static inline struct network *check_segment(struct network *w)
{
	return w->segment ? w->segment : w;
}

#endif

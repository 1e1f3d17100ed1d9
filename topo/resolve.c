// resolve.c - from what is written to what is meant
// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <string.h>

#include "topo/resolve.h"
#include "topo/shape.h"

struct network *topo_network(const struct topology *t, const char *name)
{
	struct named *e = name_find(t, name);

	return e && e->kind == NAME_NETWORK ? e->what : NULL;
}

struct attachment *topo_attachment(const struct topology *t, const char *name)
{
	struct named *e = name_find(t, name);

	return e && e->kind == NAME_ATTACHMENT ? e->what : NULL;
}

struct router *topo_router(const struct topology *t, const char *name)
{
	struct named *e = name_find(t, name);

	return e && (e->kind == NAME_ROUTER || e->kind == NAME_NODE) ?
	       e->what : NULL;
}

struct tlink *topo_link(const struct topology *t, const char *name)
{
	struct named *e = name_find(t, name);

	return e && e->kind == NAME_LINK ? e->what : NULL;
}

static struct resolver begin(struct topology *t, const struct state *found,
			     struct numbers *numbers, struct report *report)
{
	return (struct resolver){
		.t = t, .found = found, .numbers = numbers, .report = report,
		.a = t->resolved, .x = t->index,
	};
}

/* Tables of so many routers together have about a million routes. */
#define MAX_COMPUTED 1024

static void bound_routers(struct resolver *r)
{
	const struct topology *t = r->t;
	const struct router *last = NULL;
	uint32_t n = 0;

	list_for(struct router, w, &t->routers) {
		if (!router_computed(w))
			continue;
		n++;
		last = w;
	}
	if (n > MAX_COMPUTED)
		report_error(r->report, last->n.pos, last->n.path, "expected "
			     "at most %u routers whose routes are computed, "
			     "found %u: write `routing: none`", MAX_COMPUTED,
			     n);
}

/* What is made is made anew each time, so that nothing is left of before. */
static void start(struct topology *t)
{
	arena_free(t->resolved);
	t->resolved = arena_new();
	t->index = index_new(t->resolved);
}

void topo_resolve_names(struct topology *t, struct report *report)
{
	struct resolver r;

	start(t);
	r = begin(t, NULL, NULL, report);
	names_collect(&r);
	routing_resolve(&r);
	bound_routers(&r);
	refs_resolve(&r);
	ends_resolve(&r);
}

int topo_resolve(struct topology *t, const struct state *found,
		 struct numbers *numbers, struct report *report)
{
	unsigned int errors = report->errors;
	struct resolver r;

	start(t);
	r = begin(t, found, numbers, report);
	names_collect(&r);
	routing_resolve(&r);
	bound_routers(&r);
	refs_resolve(&r);
	ends_resolve(&r);
	subnets_resolve(&r);
	gateways_resolve(&r);
	services_resolve(&r);
	addresses_resolve(&r);
	gateways_addresses(&r);
	names_kernel(&r);
	lives_resolve(t);
	targets_resolve(&r);
	transits_resolve(&r);
	routing_ids(&r);
	return report->errors == errors ? 0 : -EINVAL;
}

int topo_resolve_attachment(struct topology *t, struct attachment *a,
			    struct numbers *numbers, struct report *report)
{
	struct resolver r = begin(t, NULL, numbers, report);
	unsigned int errors = report->errors;

	if (name_add(&r, a->leg.n.name, NAME_ATTACHMENT, a)) {
		report_error(report, a->leg.n.pos, a->leg.n.path, "expected "
			     "a name of its own, found %s, which something "
			     "else is called", a->leg.n.name);
		return -EINVAL;
	}
	ref_attachment(&r, a);
	if (report->errors != errors)
		return -EINVAL;
	address_attachment(&r, a);
	names_attachment(&r, a);
	publish_attachment(&r, a);
	targets_attachment(&r, a);
	return report->errors == errors ? 0 : r.full ? -ENOSPC : -EINVAL;
}

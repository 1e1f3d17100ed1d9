// check_routing.c - what routing protocols need, and keys without effect
// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include "topo/check.h"

static bool anybody(const struct topology *t, uint8_t how)
{
	list_for(struct router, w, &t->routers)
		if (w->how & how)
			return true;
	return false;
}

static void no_effect(struct check *c, const struct node *n, const char *key,
		      const char *what)
{
	report_error(c->report, n->pos, n->path, "expected no `%s` where no "
		     "router has `routing: %s`", key, what);
}

static void with_none(const struct list *l, struct report *r, struct pos pos,
		      const char *path)
{
	const struct word *v = l->items;
	uint32_t i;

	for (i = 0; l->n > 1 && i < l->n; i++)
		if (v[i].s && !strcmp(v[i].s, "none"))
			report_error(r, v[i].pos, path, "expected none alone, "
				     "found it beside others");
}

static void check_router(struct check *c, struct router *w)
{
	with_none(&w->routing, c->report, w->n.pos, w->n.path);
	if (w->how & ROUTING_BGP && !w->as)
		report_error(c->report, w->n.pos, w->n.path, "expected the "
			     "number of its AS, for BGP: write `bgp: {as: "
			     "65001}`");
	if (w->ospf && !(w->how & ROUTING_OSPF))
		no_effect(c, &w->ospf->n, "ospf", "ospf");
	if (w->bgp && !(w->how & ROUTING_BGP))
		no_effect(c, &w->bgp->n, "bgp", "bgp");
	if (w->router_id.family && !router_speaks(w))
		report_error(c->report, PLACE(w, rec_router, router_id),
			     w->n.path, "expected no router-id where no "
			     "protocol uses it");
}

/* Two of one number never become neighbours (RFC 2328, 10.5 and C.1). */
static void check_ids(struct check *c)
{
	list_for(struct router, w, &c->t->routers) {
		list_for(struct router, o, &c->t->routers) {
			if (o == w)
				break;
			if (!router_speaks(w) || !router_speaks(o) ||
			    ip_cmp(&w->id, &o->id))
				continue;
			report_error(c->report, PLACE(w, rec_router, router_id),
				     w->n.path, "expected a router-id of its "
				     "own, found that of %s", o->n.name);
		}
	}
}

/* Offline nothing is known of the host. */
static void check_installed(struct check *c)
{
	const struct fact *f = NULL;

	if (c->found && c->found->sorted)
		f = (struct fact *)state_find(c->found, KIND_FACT, "", "frr");
	if (f && f->value && strcmp(f->value, "yes"))
		report_error(c->report, PLACE(c->t, rec_topology, routing),
			     "routing", "routing protocols need FRR, and it "
			     "is not installed: apt install frr");
}

void check_routing(struct check *c)
{
	struct topology *t = c->t;
	bool speaks = anybody(t, ROUTING_OSPF | ROUTING_BGP);

	with_none(&t->routing, c->report, t->n.pos, "routing");
	list_for(struct router, w, &t->routers)
		check_router(c, w);
	if (t->ospf && !anybody(t, ROUTING_OSPF))
		no_effect(c, &t->ospf->n, "ospf", "ospf");
	if (t->bgp && !anybody(t, ROUTING_BGP))
		no_effect(c, &t->bgp->n, "bgp", "bgp");
	list_for(struct network, w, &t->networks)
		if (w->ospf && !anybody(t, ROUTING_OSPF))
			no_effect(c, &w->ospf->n, "ospf", "ospf");
	list_for(struct tlink, l, &t->links)
		if (l->ospf && !anybody(t, ROUTING_OSPF))
			no_effect(c, &l->ospf->n, "ospf", "ospf");
	if (!speaks)
		return;
	check_ids(c);
	check_installed(c);
}

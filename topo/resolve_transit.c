// resolve_transit.c - ways out of namespaces of ours, through the host's own
// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include "topo/resolve.h"

static bool leads_out(const struct topology *t, const struct end *e,
		      uint32_t n)
{
	uint32_t i;

	for (i = 0; i < n; i++)
		if (e[i].kind == END_OUTSIDE || e[i].kind == END_ANY ||
		    (e[i].kind == END_ADDRESS &&
		     !topo_network_with(t, &e[i].p)))
			return true;
	return false;
}

bool topo_rules_lead_out(const struct topology *t)
{
	if (t->forwarded.n || t->one2one.n)
		return true;
	list_for(struct policy, p, &t->policies)
		if (p->action == ACT_ALLOW &&
		    (leads_out(t, p->from_ends, p->nfrom) ||
		     leads_out(t, p->to_ends, p->nto)))
			return true;
	return false;
}

static bool home_goes_out(const struct topology *t)
{
	bool all = topo_rules_lead_out(t);

	list_for(struct network, w, &t->networks)
		if (w->has_gateway && (all || w->mode != MODE_ISOLATED ||
				       w->mode6 != MODE_ISOLATED))
			return true;
	return false;
}

static bool has_six(const struct topology *t)
{
	list_for(struct network, w, &t->networks)
		if (w->net6.ip.family)
			return true;
	list_for(struct tlink, l, &t->links)
		if (l->net6.ip.family)
			return true;
	return false;
}

/*
 * The pool is unique on the machine, so the numbers of all topologies and
 * what the host has are looked at.
 */
static struct prefix take(struct resolver *r, struct blocks *b,
			  const char *name, const struct node *n)
{
	const char *key = arena_printf(r->a, "uplink/%s", name);
	struct prefix pool = pool_of(r->t, POOL_UPLINK), p;
	char text[50];

	if (number_kept(r, key, &p) && p.len == 31 && prefix_covers(&pool, &p))
		return p;
	p = blocks_take(b, r, "uplink/");
	if (p.ip.family)
		number_keep(r, key, &p);
	else
		report_error(r->report, n->pos, n->path, "expected a free "
			     "subnet in the pool %s, found none",
			     prefix_text(&pool, text));
	return p;
}

/* IPv6's is IPv4's behind a prefix of our own: as unique, and no number. */
static struct prefix six_of(const struct prefix *four)
{
	struct prefix p;

	prefix_read("fd6e:6574:64::/127", &p);
	memcpy(p.ip.b + 12, four->ip.b, 4);
	return p;
}

static struct transit *transit(struct resolver *r, struct blocks *b,
			       const char *name, const struct node *n)
{
	static const struct mac none;
	struct transit *w = arena_alloc(r->a, sizeof(*w));
	struct prefix p = take(r, b, name, n);

	if (!p.ip.family)
		return NULL;
	w->port = ifname_take(r, "", "ndu-", name);
	w->outer4 = w->inner4 = p;
	w->inner4.ip = ip_add(&p.ip, 1);
	if (has_six(r->t)) {
		w->outer6 = six_of(&w->outer4);
		w->inner6 = six_of(&w->inner4);
	}
	w->outer_mac = mac_take(r, none, arena_printf(r->a, "outer/%s", name));
	w->inner_mac = mac_take(r, none, arena_printf(r->a, "inner/%s", name));
	return w;
}

/* --- what is outside --------------------------------------------------- */

/* The first word of a fact of the host. */
static const char *fact_word(struct resolver *r, const char *name)
{
	const struct fact *f = NULL;
	size_t len;

	if (r->found && r->found->sorted)
		f = (struct fact *)state_find(r->found, KIND_FACT, "", name);
	if (!f || !f->value)
		return NULL;
	len = strcspn(f->value, " ");
	return len ? arena_strndup(r->a, f->value, len) : NULL;
}

static void border(struct resolver *r, struct router *w)
{
	struct leg_spec *found = NULL;

	list_for(struct leg_spec, l, &w->legs) {
		const char *to = l->link ? link_other(l)->network.s :
				 l->net->n.name;

		if (!strcmp(to, w->nat) || !strcmp(l->label, w->nat))
			found = l;
	}
	w->border = found;
	if (found)
		w->up = found->kname;
	else
		report_error(r->report, PLACE(w, rec_router, nat), w->n.path,
			     "expected a network or neighbour of %s, or "
			     "`host`, found %s", w->n.name, w->nat);
}

void transits_resolve(struct resolver *r)
{
	struct topology *t = r->t;
	struct prefix pool = pool_of(t, POOL_UPLINK);
	struct blocks *b = blocks_new(r, &pool, 31);

	blocks_avoid_host(r, b);
	t->way = NULL;
	if (t->netns[0] && home_goes_out(t))
		t->way = transit(r, b, t->name, &t->n);
	t->uplink_if = t->uplink_if6 = NULL;
	if (t->way) {
		t->uplink_if = t->uplink_if6 = "uplink";
	} else if (!t->netns[0]) {
		t->uplink_if = fact_word(r, "default-dev");
		t->uplink_if6 = fact_word(r, "default-dev6");
	}
	list_for(struct router, w, &t->hosts) {
		w->way = NULL;
		w->border = NULL;
		w->up = NULL;
		if (!w->nat)
			continue;
		if (strcmp(w->nat, "host")) {
			border(r, w);
			continue;
		}
		w->way = transit(r, b, w->netns, &w->n);
		w->up = "uplink";
	}
}

// resolve_ref.c - what attachments, legs and links refer to
// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include "topo/read.h"
#include "topo/resolve.h"

static struct network *network_of(struct resolver *r, const struct word *w,
				  const char *path)
{
	struct named *e;

	if (!w->s)
		return NULL;
	e = name_find(r->t, w->s);
	if (e && e->kind == NAME_NETWORK)
		return e->what;
	if (e)
		report_error(r->report, w->pos, path, "expected a network, "
			     "found %s, which is %s", w->s, e->n->path);
	else
		name_unknown(r, w->pos, path, "a network", w->s);
	return NULL;
}

void ref_attachment(struct resolver *r, struct attachment *a)
{
	a->leg.net = network_of(r, &a->leg.network, a->leg.n.path);
	a->leg.label = a->leg.network.s;
	a->leg.at = NULL;
	a->leg.link = NULL;
	a->leg.hairpin = false;
	if (!WROTE(a, rec_attachment, default_route))
		a->default_route = true;
	if (!WROTE(a, rec_attachment, vnet_hdr))
		a->vnet_hdr = true;
	if (!a->queues)
		a->queues = 1;
	if (a->leg.net && !WROTE(a, rec_attachment, port_isolation))
		a->port_isolation = a->leg.net->port_isolation;
}

/* --- legs -------------------------------------------------------------- */

/* web, web.2, web.3: how often a router has a leg there is counted. */
static void set_label(struct resolver *r, struct router *w, struct leg_spec *l,
		      const char *base)
{
	char key[160] = "L";
	size_t len = strlen(base);
	uintptr_t n;

	if (len > sizeof(key) - 1 - sizeof(w))
		len = sizeof(key) - 1 - sizeof(w);
	memcpy(key + 1, &w, sizeof(w));
	memcpy(key + 1 + sizeof(w), base, len);
	len += 1 + sizeof(w);
	n = (uintptr_t)index_get(r->x, key, len) + 1;
	index_set(r->x, key, len, (void *)n);
	l->label = n == 1 ? base : arena_printf(r->a, "%s.%lu", base,
						(unsigned long)n);
}

static void add_leg(struct resolver *r, struct router *w, struct leg_spec *l,
		    const char *base)
{
	l->at = w;
	set_label(r, w, l, base);
	list_push(r->a, &w->legs, &l, sizeof(l));
}

/* Copies have legs of their own; whatever is resolved differs. */
static void network_legs(struct resolver *r, struct router *w)
{
	w->netns = arena_printf(r->a, "%s.%s", r->t->name, w->n.name);
	w->legs = (struct list){ NULL, 0 };
	list_for(struct leg_spec, spec, &w->networks) {
		struct leg_spec *l = spec;

		if (w->copy_of)
			l = arena_memdup(r->a, spec, sizeof(*spec));
		l->net = network_of(r, &l->network, l->n.path);
		l->link = l->cable = NULL;
		l->hairpin = false;
		if (l->net)
			add_leg(r, w, l, l->network.s);
	}
}

/* --- links ------------------------------------------------------------- */

struct leg_spec *link_other(const struct leg_spec *leg)
{
	return leg->link->a == leg ? leg->link->b : leg->link->a;
}

static struct leg_spec *new_end(struct resolver *r, struct tlink *l,
				const char *text, size_t len)
{
	struct leg_spec *e = arena_alloc(r->a, sizeof(*e));

	e->n = l->n;
	e->network.s = arena_strndup(r->a, text, len);
	e->network.pos = l->n.pos;
	return e;
}

static bool is_end(struct resolver *r, const char *name)
{
	struct named *e = name_find(r->t, name);

	return e && (e->kind == NAME_NETWORK || e->kind == NAME_ROUTER ||
		     e->kind == NAME_NODE || e->kind == NAME_COPIES);
}

/* Where "a-b-c" splits, only the names tell. */
static void split(struct resolver *r, struct tlink *l)
{
	const char *s = l->shorthand, *dash, *at = NULL;
	unsigned int splits = 0;

	for (dash = strchr(s, '-'); dash; dash = strchr(dash + 1, '-')) {
		const char *head = arena_strndup(r->a, s, dash - s);

		if (!is_end(r, head) || !is_end(r, dash + 1))
			continue;
		splits++;
		at = dash;
	}
	l->a = l->b = NULL;
	if (splits == 1) {
		l->a = new_end(r, l, s, at - s);
		l->b = new_end(r, l, at + 1, strlen(at + 1));
	} else if (splits) {
		report_error(r->report, l->n.pos, l->n.path, "expected two "
			     "names, found %s, which splits in %u places: "
			     "write `between:`", s, splits);
	} else {
		report_error(r->report, l->n.pos, l->n.path, "expected two "
			     "names with a dash between, found %s: no router, "
			     "node or network is called so", s);
	}
}

static void end_of(struct resolver *r, struct tlink *l, struct leg_spec *e)
{
	struct named *n;

	e->link = l;
	e->cable = l;
	e->at = NULL;
	e->net = NULL;
	if (!e->network.s)
		return;
	n = name_find(r->t, e->network.s);
	if (n && n->kind == NAME_NETWORK)
		e->net = n->what;
	else if (n && (n->kind == NAME_ROUTER || n->kind == NAME_NODE))
		e->at = n->what;
	else if (n && n->kind == NAME_COPIES)
		report_error(r->report, e->network.pos, l->n.path,
			     "expected one node, found %s, which is %u of "
			     "them: write %s1", e->network.s,
			     ((struct router *)n->what)->count, e->network.s);
	else if (n)
		report_error(r->report, e->network.pos, l->n.path, "expected "
			     "a router, node or network, found %s, which is "
			     "%s", e->network.s, n->n->path);
	else
		name_unknown(r, e->network.pos, l->n.path,
			     "a router, node or network", e->network.s);
}

/* A link between a router and a network is a leg in that network. */
static void plug(struct resolver *r, struct tlink *l, struct leg_spec *leg,
		 struct leg_spec *net)
{
	leg->net = net->net;
	leg->link = NULL;
	leg->hairpin = false;
	if (!leg->cost)
		leg->cost = l->cost;
	add_leg(r, leg->at, leg, net->network.s);
}

static void link_legs(struct resolver *r, struct tlink *l)
{
	if (l->shorthand)
		split(r, l);
	if (!l->a || !l->b)
		return;
	end_of(r, l, l->a);
	end_of(r, l, l->b);
	if (l->a->at && l->a->at == l->b->at) {
		report_error(r->report, l->n.pos, l->n.path, "expected two "
			     "ends, found %s twice", l->a->network.s);
		l->a = l->b = NULL;
	} else if (l->a->at && l->b->at) {
		add_leg(r, l->a->at, l->a, l->n.name);
		add_leg(r, l->b->at, l->b, l->n.name);
	} else if (l->a->at && l->b->net) {
		plug(r, l, l->a, l->b);
	} else if (l->b->at && l->a->net) {
		plug(r, l, l->b, l->a);
	}
}

/* --- joined networks --------------------------------------------------- */

static struct network *root_of(struct network *w)
{
	while (w->segment != w)
		w = w->segment = w->segment->segment;
	return w;
}

static bool has_subnet(const struct network *w)
{
	return WROTE(w, rec_network, subnet) || WROTE(w, rec_network, subnet6);
}

static void join(struct resolver *r, struct tlink *l)
{
	struct network *a, *b;

	if (!l->a || !l->b || !l->a->net || !l->b->net || l->a->at ||
	    l->b->at)
		return;
	a = root_of(l->a->net);
	b = root_of(l->b->net);
	if (a == b)
		return;		/* a loop: check_loops() */
	if (has_subnet(a) && has_subnet(b)) {
		report_error(r->report, l->n.pos, l->n.path, "expected one "
			     "subnet in joined networks, found those of %s "
			     "(line %u) and %s (line %u)", a->n.name,
			     a->n.pos.line, b->n.name, b->n.pos.line);
		return;
	}
	if (has_subnet(b))
		a->segment = b;
	else
		b->segment = a;
}

static void loop_at_once(struct resolver *r, struct tlink *l)
{
	if (l->a && l->b && l->a->net && l->a->net == l->b->net && !l->a->at &&
	    !l->b->at)
		report_error(r->report, l->n.pos, l->n.path, "expected two "
			     "networks, found %s twice", l->a->network.s);
}

/* --- all --------------------------------------------------------------- */

/* What was not written and has a default of its own. */
static void defaults_of(struct network *w)
{
	w->segment = w;
	w->owner = NULL;
	w->via4 = w->via6 = NULL;
	w->home4 = w->home6 = false;
	w->has_gateway = false;
	w->next4 = w->next6 = 0;
	if (!WROTE(w, rec_network, mode6))
		w->mode6 = w->mode;
}

void refs_resolve(struct resolver *r)
{
	struct topology *t = r->t;
	uint32_t number = 0;

	list_for(struct network, w, &t->networks) {
		defaults_of(w);
		w->number = number++;
	}
	list_for(struct attachment, a, &t->attachments)
		ref_attachment(r, a);
	list_for(struct router, w, &t->hosts)
		network_legs(r, w);
	list_for(struct tlink, l, &t->links) {
		link_legs(r, l);
		loop_at_once(r, l);
		join(r, l);
	}
	list_for(struct network, w, &t->networks)
		w->segment = root_of(w);
	publish_collect(r);
}

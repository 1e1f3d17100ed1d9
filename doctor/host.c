// host.c - addresses, subnets and settings of the host that are in the way
// SPDX-License-Identifier: GPL-2.0-or-later
#include "doctor/doctor.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- our interfaces ------------------------------------------------------ */

static bool is_link_local(const char *address)
{
	return !strncmp(address, "fe80:", 5);
}

/* Addresses that somebody else gave our interfaces. */
void doctor_links(const struct state *wanted, const struct state *found,
		struct troubles *out)
{
	uint32_t i = state_seek(found, KIND_ADDRESS, "", "");
	struct trouble *f;
	char dev[20];

	for (; i < found->n && found->v[i]->kind == KIND_ADDRESS &&
	     !found->v[i]->netns[0]; i++) {
		const struct object *o = found->v[i];
		const char *a = strchr(o->name, ' ');

		snprintf(dev, sizeof(dev), "%.*s", (int)strcspn(o->name, " "),
			 o->name);
		if (!o->foreign || !a || is_link_local(a + 1) ||
		    !our_link(wanted, dev) ||
		    state_find(wanted, KIND_ADDRESS, "", o->name))
			continue;
		f = trouble_add(out, "address", true);
		f->what = arena_printf(out->arena, "Another program gave %s "
				       "an address", dev);
		f->where = arena_printf(out->arena, "%s on %s", a + 1, dev);
		f->breaks = arena_printf(out->arena, "guests of %s may meet "
					 "that address", dev);
		if (is_plain(dev))
			f->cure = arena_printf(out->arena, "ip address del "
					       "%s dev %s", a + 1, dev);
	}
}

/* --- subnets ----------------------------------------------------------------- */

struct net {
	const char *dev;	/* of ours */
	struct prefix p;
};

struct nets {
	struct net *v;
	uint32_t n, cap;
};

static void nets_take(struct nets *s, const struct state *wanted)
{
	uint32_t i = state_seek(wanted, KIND_ADDRESS, "", "");
	struct net x;

	for (; i < wanted->n && wanted->v[i]->kind == KIND_ADDRESS &&
	     !wanted->v[i]->netns[0]; i++) {
		const char *name = wanted->v[i]->name;
		const char *a = strchr(name, ' ');

		if (!a || is_link_local(a + 1) || prefix_read(a + 1, &x.p) ||
		    x.p.len == (x.p.ip.family == 6 ? 128 : 32) ||
		    !our_link(wanted, wanted->v[i]->within))
			continue;
		x.dev = wanted->v[i]->within;
		x.p = prefix_net(&x.p);
		if (s->n == s->cap) {
			s->cap = s->cap ? 2 * s->cap : 32;
			s->v = realloc(s->v, s->cap * sizeof(*s->v));
			if (!s->v)
				abort();
		}
		s->v[s->n++] = x;
	}
}

static const char *kind_of(const struct state *found, const char *dev)
{
	const struct link *l = (const struct link *)
		state_find(found, KIND_LINK, "", dev);

	return l && l->type && *l->type ? l->type : "interface";
}

static void overlap(const struct state *found, struct troubles *out,
		    const struct net *n, const struct prefix *p,
		    const char *dev, const char *table, bool certain)
{
	struct trouble *f = trouble_add(out, "subnet", certain);
	char a[50], b[50];

	f->what = arena_printf(out->arena, "Subnet %s of %s overlaps %s of "
			       "the %s %s", prefix_text(&n->p, a), n->dev,
			       prefix_text(p, b), kind_of(found, dev), dev);
	f->where = arena_printf(out->arena, "route %s dev %s table %s", b,
				dev, table);
	f->breaks = arena_printf(out->arena, "traffic of this host and its "
				 "networks to addresses that both have");
	f->cure = arena_printf(out->arena, "ip route show table %s", table);
	f->yaml = "subnet: auto";
}

static void check_route(const struct nets *s, const struct state *found,
			const char *prefix, const char *dev, const char *table,
			bool certain, struct troubles *out)
{
	struct prefix p;
	uint32_t i;

	if (prefix_read(prefix, &p) || !p.len || !*dev)
		return;
	for (i = 0; i < s->n; i++)
		if (prefix_overlaps(&s->v[i].p, &p))
			overlap(found, out, &s->v[i], &p, dev, table, certain);
}

static void main_routes(const struct nets *s, const struct state *wanted,
			const struct state *found, struct troubles *out)
{
	uint32_t i = state_seek(found, KIND_ROUTE, "", "");
	const struct nexthop *hop;
	char prefix[64];

	for (; i < found->n && found->v[i]->kind == KIND_ROUTE &&
	     !found->v[i]->netns[0]; i++) {
		const struct route *r = (const struct route *)found->v[i];

		hop = r->nexthops.items;
		if (!r->o.foreign || !r->nexthops.n ||
		    our_link(wanted, hop->dev))
			continue;
		snprintf(prefix, sizeof(prefix), "%.*s",
			 (int)strcspn(r->o.name, " "), r->o.name);
		check_route(s, found, prefix, hop->dev, "main", true, out);
	}
}

/* Rules of others send to their table before main is asked. */
static void other_tables(const struct nets *s, const struct state *wanted,
			 const struct state *found, struct troubles *out)
{
	uint32_t i = fact_seek(found, "route:");
	const struct fact *f;
	char table[16], prefix[64];

	for (; (f = fact_at(found, i, "route:")); i++) {
		if (sscanf(f->o.name, "route:%15s %63s", table, prefix) != 2 ||
		    our_link(wanted, f->value))
			continue;
		check_route(s, found, prefix, f->value, table, false, out);
	}
}

/* One that takes all traffic to a table takes that to our networks, too. */
static void policy_rules(const struct nets *s, const struct state *found,
			 struct troubles *out)
{
	uint32_t i = fact_seek(found, "rule:");
	const struct fact *f;
	unsigned int family, priority;
	struct trouble *x;
	char net[50];

	for (; (f = fact_at(found, i, "rule:")); i++) {
		if (sscanf(f->o.name, "rule:%u %u", &family, &priority) != 2 ||
		    priority >= 32766 || !priority || !s->n ||
		    strncmp(f->value, "from all to all lookup", 22) ||
		    s->v[0].p.ip.family != family)
			continue;
		x = trouble_add(out, "rule", false);
		x->what = "A routing rule may take traffic away from netd's "
			"networks";
		x->where = arena_printf(out->arena, "ip rule %u: %s", priority,
					f->value);
		x->breaks = "traffic to all subnets of netd's";
		x->cure = arena_printf(out->arena, "ip%s rule add to %s lookup "
				       "main priority %u",
				       family == 6 ? " -6" : "",
				       prefix_text(&s->v[0].p, net),
				       priority - 1);
	}
}

void doctor_subnets(const struct state *wanted, const struct state *found,
		  struct troubles *out)
{
	struct nets s = { 0 };

	nets_take(&s, wanted);
	main_routes(&s, wanted, found, out);
	other_tables(&s, wanted, found, out);
	policy_rules(&s, found, out);
	free(s.v);
}

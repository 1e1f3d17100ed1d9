// check_lab.c - `checks:` and `solution:`: whether they can be asked at all
// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>
#include <string.h>

#include "topo/check.h"
#include "topo/lab.h"
#include "topo/resolve.h"

static const char nodes[] = "a node or router";

static void unknown(struct check *c, struct pos pos, const char *path,
		    const char *what, const char *name)
{
	struct resolver r = { .t = c->t, .a = c->a, .report = c->report };

	name_unknown(&r, pos, path, what, name);
}

static void check_place(struct check *c, const struct tcheck *k,
			const struct word *w)
{
	struct named *m = name_find(c->t, w->s);

	if (!m)
		unknown(c, w->pos, k->n.path, nodes, w->s);
	else if (!lab_is_place(m))
		report_error(c->report, w->pos, k->n.path, "expected %s, "
			     "found %s", nodes, w->s);
}

static void check_places(struct check *c, const struct tcheck *k,
			 const struct list *l)
{
	const struct word *w = l->items;
	uint32_t i;

	for (i = 0; i < l->n; i++)
		check_place(c, k, &w[i]);
}

/* An address, or what has some. */
static void check_target(struct check *c, const struct tcheck *k,
			 const struct word *w)
{
	static const char what[] = "a node, router, attachment or address";
	struct prefix p;
	struct named *m;

	if (!w->s)
		return;
	if (!prefix_read(w->s, &p)) {
		if (strchr(w->s, '/'))
			report_error(c->report, w->pos, k->n.path, "expected "
				     "%s, found a subnet", what);
		return;
	}
	m = name_find(c->t, w->s);
	if (!m)
		unknown(c, w->pos, k->n.path, what, w->s);
	else if (!lab_is_place(m) && m->kind != NAME_ATTACHMENT)
		report_error(c->report, w->pos, k->n.path, "expected %s, "
			     "found %s", what, w->s);
}

/* "link NAME down": what netdctl does and undoes. */
static void check_step(struct check *c, const struct tcheck *k,
		       const char *step)
{
	char name[64], verb[16];
	struct named *m;

	if (sscanf(step, "link %63s %15s", name, verb) != 2 ||
	    (strcmp(verb, "down") && strcmp(verb, "up") &&
	     strcmp(verb, "impair"))) {
		FAULT(c, k, rec_check, with, "expected a step like `link r1-r2 "
		      "down`, `... up` or `... impair loss=10%%`, found %s",
		      step);
		return;
	}
	m = name_find(c->t, name);
	if (!m || m->kind != NAME_LINK)
		FAULT(c, k, rec_check, with, "there is no link %s", name);
}

static void check_steps(struct check *c, const struct tcheck *k)
{
	const char *const *step = k->with.items;
	uint32_t i;

	for (i = 0; i < k->with.n; i++)
		check_step(c, k, step[i]);
}

static bool is(const char *s, const char *word)
{
	return s && !strcmp(s, word);
}

static bool has_port(const struct tcheck *k)
{
	return is(k->protocol, "tcp") || is(k->protocol, "udp");
}

static void check_probe(struct check *c, const struct tcheck *k,
			const char *kind)
{
	bool routing = is(k->protocol, "ospf") || is(k->protocol, "bgp");

	if (strcmp(kind, "to")) {
		IDLE(c, k, rec_check, expect, "only `to:` is reached or not");
		IDLE(c, k, rec_check, port, "only `to:` has a port");
	}
	if (!strcmp(kind, "to") && routing)
		FAULT(c, k, rec_check, protocol, "expected icmp, tcp, udp or "
		      "http, found %s: that is for `neighbor:`", k->protocol);
	if (!strcmp(kind, "neighbor") && !routing)
		report_error(c->report, k->n.pos, k->n.path, "expected "
			     "`protocol: ospf` or `bgp`");
	if (strcmp(kind, "to") && strcmp(kind, "neighbor"))
		IDLE(c, k, rec_check, protocol,
		     "only `to:` and `neighbor:` have a protocol");
	if (!strcmp(kind, "to") && has_port(k) && !k->port)
		report_error(c->report, k->n.pos, k->n.path, "expected "
			     "`port:`, with `protocol: %s`", k->protocol);
	if (!strcmp(kind, "to") && !has_port(k) && !is(k->protocol, "http"))
		IDLE(c, k, rec_check, port, "icmp has no ports");
}

static void check_asker(struct check *c, const struct tcheck *k,
			const char *kind)
{
	const struct list *who = k->from.n ? &k->from : &k->on;

	if (k->from.n && k->on.n)
		FAULT(c, k, rec_check, on, "is the same as `from:`: write one "
		      "of them");
	if (!strcmp(kind, "lease")) {
		IDLE(c, k, rec_check, from, "leases are netd's to know");
		IDLE(c, k, rec_check, on, "leases are netd's to know");
	} else if (!who->n) {
		report_error(c->report, k->n.pos, k->n.path, "expected "
			     "`from:`: who asks");
	}
	check_places(c, k, who);
}

static void check_parts(struct check *c, const struct tcheck *k,
			const char *kind)
{
	if (strcmp(kind, "route")) {
		IDLE(c, k, rec_check, via, "only `route:` has it");
		IDLE(c, k, rec_check, cost, "only `route:` has it");
	}
	if (strcmp(kind, "run"))
		IDLE(c, k, rec_check, output, "only `run:` has any");
	if (!strcmp(kind, "path") && !k->to.s)
		report_error(c->report, k->n.pos, k->n.path, "expected `to:`: "
			     "where the path leads");
	check_target(c, k, &k->to);
	check_target(c, k, &k->via);
	if (k->neighbor.s)
		check_place(c, k, &k->neighbor);
	check_places(c, k, &k->path);
}

static void check_one(struct check *c, const struct tcheck *k)
{
	unsigned int n = 0;
	const char *kind = lab_kind(k, &n);

	if (!kind || n > 1) {
		report_error(c->report, k->n.pos, k->n.path, "expected one of "
			     "`to:`, `route:`, `neighbor:`, `answer:`, "
			     "`lease:`, `path:` and `run:`, found %s",
			     kind ? "more than one" : "none");
		return;
	}
	check_asker(c, k, kind);
	check_probe(c, k, kind);
	check_parts(c, k, kind);
	check_steps(c, k);
	if (!strcmp(kind, "name") && !k->label)
		report_error(c->report, k->n.pos, k->n.path, "expected "
			     "`name:`, which is what is asked for");
}

void check_lab(struct check *c)
{
	list_for(struct tcheck, k, &c->t->checks)
		check_one(c, k);
	list_for(struct solution, s, &c->t->solution) {
		struct word w = { .s = s->n.name, .pos = s->n.pos };
		struct tcheck k = { .n = s->n };

		check_place(c, &k, &w);
	}
}

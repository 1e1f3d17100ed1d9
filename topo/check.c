// check.c - what can only be checked as a whole
// SPDX-License-Identifier: GPL-2.0-or-later
#include "topo/check.h"
#include "topo/pods.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

#include "topo/schema.h"

/* The name of the field at OFFSET. */
static const char *key_of(const struct record *r, size_t offset)
{
	uint32_t i;

	for (i = 0; i < r->count; i++)
		if (r->fields[i].type && r->fields[i].type->size &&
		    r->fields[i].off == offset)
			return r->fields[i].name;
	return "";
}

static const char *path_of(struct check *c, const struct node *n,
			   const char *key)
{
	return arena_printf(c->a, "%s%s%s", n->path,
			    n->path[0] ? "." : "", key);
}

void check_fault(struct check *c, const struct node *n, const struct record *r,
		 size_t offset, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	report_error(c->report, node_at(n, r, offset),
		     path_of(c, n, key_of(r, offset)), "%s", text);
}

/* An empty list takes away what `defaults:` says. */
static bool says_nothing(const struct node *n, const struct record *r,
			 size_t offset)
{
	const struct list *l = (const void *)((const char *)n + offset);
	uint32_t i;

	for (i = 0; i < r->count; i++)
		if (r->fields[i].type == &field_list &&
		    r->fields[i].off == offset)
			return !l->n;
	return false;
}

void check_idle(struct check *c, const struct node *n, const struct record *r,
		size_t offset, const char *why)
{
	if (node_own(n, r, offset) && !says_nothing(n, r, offset))
		check_fault(c, n, r, offset, "has no effect here: %s", why);
}

void check_needs(struct check *c, const struct node *n, const struct record *r,
		 size_t offset)
{
	if (!node_has(n, r, offset) && !n->scalar)
		report_error(c->report, n->pos, n->path, "expected `%s:`",
			     key_of(r, offset));
}

const char *check_where(struct check *c, struct pos pos)
{
	struct buf b = { 0 };
	const char *s;

	report_place(c->report, pos, &b);
	s = b.len ? arena_printf(c->a, " (%s)", buf_text(&b)) : "";
	buf_free(&b);
	return s;
}

static void read_allowances(struct check *c)
{
	const struct word *w = c->t->allow.items;
	uint32_t i;

	for (i = 0; i < c->t->allow.n; i++) {
		if (*w[i].s == 'd')
			c->duplicates = true;
		else
			c->loops = true;
	}
}

static void check_resolve(struct check *c)
{
	topo_avoid(c->t, c->others, c->nothers);
	c->t->ready = !topo_resolve(c->t, c->found, c->numbers, c->report);
}

/* What has a namespace of its own, and no way out of it through the host's, is
 * out of reach of the host's firewalls. */
static void check_coexist(struct check *c)
{
	const struct word *w = c->t->coexist.items;
	bool inside = c->t->netns[0] && !c->t->way;
	uint32_t i, k;

	list_for(struct router, r, &c->t->hosts)
		inside = inside && !r->way;
	if (c->t->coexist.n && inside && !c->report->errors)
		report_error(c->report, w[0].pos, "coexist", "has no effect: "
			     "all is in the namespace %s, which the host's "
			     "firewalls don't see; leave it out",
			     c->t->netns);
	for (i = 0; i < c->t->coexist.n; i++)
		for (k = 0; k < i; k++)
			if (!strcmp(w[i].s, w[k].s))
				report_error(c->report, w[i].pos, "coexist",
					     "%s is there twice", w[i].s);
}

/* Each is a namespace of the kernel's, and a vertex of the graph. */
#define MAX_HOSTS 8192

static void check_size(struct check *c)
{
	if (c->t->hosts.n > MAX_HOSTS)
		report_error(c->report, c->t->n.pos, NULL, "expected at most "
			     "%u routers and nodes, found %u", MAX_HOSTS,
			     c->t->hosts.n);
}

/* The parts in order; what is resolved is looked at afterwards. */
static void (*const parts[])(struct check *) = {
	check_names, check_networks, check_attachments, check_routers,
	check_links, check_resolve, check_size, check_clashes, check_gateways,
	check_services, check_subnets, check_addresses, check_routing,
	check_loops, check_impairments, check_rules, check_host, check_coexist,
	check_lab,
};

/* Nobody reads a thousand, and each is printed with its line. */
#define MAX_FINDINGS 100

/* Keeps that many of what came since BEFORE, errors rather than warnings. */
static void trim(struct report *r, unsigned int before)
{
	unsigned int n = r->count - before, kept = 0, i;
	struct finding *v, f;

	if (n <= MAX_FINDINGS)
		return;
	v = r->list + before;
	for (i = 0; i < n && kept < MAX_FINDINGS; i++) {
		if (v[i].severity != SEV_ERROR)
			continue;
		f = v[kept];
		v[kept++] = v[i];
		v[i] = f;
	}
	r->count = before + MAX_FINDINGS;
	report_warning(r, v[MAX_FINDINGS - 1].pos, NULL,
		       "too many findings: there are more than these");
}

void topo_check_broken(struct topology *t, struct report *report)
{
	struct check c = { .t = t, .report = report, .a = arena_new() };
	unsigned int before = report->count;

	check_names(&c);
	check_networks(&c);
	check_attachments(&c);
	check_routers(&c);
	check_links(&c);
	trim(report, before);
	topo_resolve_names(t, report);
	trim(report, before);
	arena_free(c.a);
}

int topo_check(struct topology *t, const struct state *found,
	       struct numbers *numbers, struct topology *const *others,
	       unsigned int nothers, struct report *report)
{
	struct check c = {
		.t = t, .found = found, .numbers = numbers, .others = others,
		.nothers = nothers, .report = report, .a = arena_new(),
	};
	unsigned int errors = report->errors, before = report->count;
	size_t i;

	if (t->copies.n) {
		arena_free(c.a);
		return pods_check(t, found, numbers, others, nothers, report);
	}
	t->ready = false;
	read_allowances(&c);
	for (i = 0; i < sizeof(parts) / sizeof(*parts); i++) {
		parts[i](&c);
		trim(report, before);
		if (report->errors - errors > MAX_FINDINGS)
			break;
	}
	arena_free(c.a);
	return report->errors == errors ? 0 : -EINVAL;
}

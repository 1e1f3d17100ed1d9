// check.c - what can only be checked as a whole
// SPDX-License-Identifier: GPL-2.0-or-later
#include "topo/check.h"

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
	return arena_printf(c->report->arena, "%s%s%s", n->path,
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

void check_idle(struct check *c, const struct node *n, const struct record *r,
		size_t offset, const char *why)
{
	if (node_own(n, r, offset))
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
	s = b.len ? arena_printf(c->report->arena, " (%s)", buf_text(&b)) : "";
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

int topo_check(struct topology *t, const struct state *found,
	       struct topology *const *others, unsigned int nothers,
	       struct report *report)
{
	struct check c = {
		.t = t, .found = found, .others = others, .nothers = nothers,
		.report = report,
	};
	unsigned int errors = report->errors;
	struct numbers *numbers = numbers_new();

	read_allowances(&c);
	check_names(&c);
	check_networks(&c);
	check_attachments(&c);
	check_routers(&c);
	check_links(&c);
	topo_resolve(t, found, numbers, report);
	check_clashes(&c);
	check_gateways(&c);
	check_subnets(&c);
	check_addresses(&c);
	check_loops(&c);
	check_rules(&c);
	check_host(&c);
	numbers_free(numbers);
	return report->errors == errors ? 0 : -EINVAL;
}

// check_plug.c - one attachment that came by the API, among all the others
// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdlib.h>

#include "topo/check.h"

/*
 * The same checks as for a whole topology, of one that has this attachment
 * only, and then of one that has its segment only: what the others say was
 * checked when they came.
 */

static const void *segment(const struct attachment *a)
{
	return a->leg.net ? check_segment(a->leg.net) : NULL;
}

/* The attachments of A's segment; the caller frees the items. */
static struct list neighbours(const struct topology *t,
			      const struct attachment *a)
{
	struct attachment **v = calloc(t->attachments.n + 1, sizeof(*v));
	uint32_t n = 0;

	if (!v)
		abort();
	list_for(struct attachment, b, &t->attachments)
		if (segment(b) == segment(a))
			v[n++] = b;
	return (struct list){ v, n };
}

int topo_check_attachment(struct topology *t, const char *name,
			  const struct state *found,
			  struct topology *const *others, unsigned int nothers,
			  struct report *report)
{
	struct attachment *a = topo_attachment(t, name);
	struct topology some = *t;
	struct check c = { .t = &some, .found = found, .report = report,
			   .others = others, .nothers = nothers, .plug = a };
	unsigned int errors = report->errors;
	struct network *w;

	if (!a)
		return -ENOENT;
	c.a = arena_new();
	some.attachments = (struct list){ &a, 1 };
	check_attachments(&c);
	check_published(&c, a);
	if (a->leg.net) {
		w = check_segment(a->leg.net);
		some.networks = (struct list){ &w, 1 };
		some.attachments = neighbours(t, a);
		check_addresses(&c);
		check_asking(&c, a);
		check_host(&c);
		free(some.attachments.items);
	}
	arena_free(c.a);
	return report->errors == errors ? 0 : -EINVAL;
}

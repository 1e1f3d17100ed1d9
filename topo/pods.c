// pods.c - copies of a whole topology, each in a namespace of its own
// SPDX-License-Identifier: GPL-2.0-or-later
#include "topo/pods.h"

#include <errno.h>
#include <stdlib.h>

#include "topo/index.h"

#define PODS_MAX 1000

static int by_number(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

uint32_t pods_numbers(struct topology *t, const uint32_t **v,
		      struct report *report)
{
	const struct ports *p = t->pods.items;
	struct pos at = PLACE(t, rec_topology, pods);
	uint32_t i, k, n = 0, *list;

	for (i = 0; i < t->pods.n; i++)
		n += p[i].hi - p[i].lo + 1;
	if (n > PODS_MAX) {
		report_error(report, at, "pods", "expected at most %u pods, "
			     "found %u", PODS_MAX, n);
		return 0;
	}
	*v = list = arena_alloc(t->arena, n * sizeof(*list));
	for (i = n = 0; i < t->pods.n; i++)
		for (k = p[i].lo; k <= p[i].hi; k++)
			list[n++] = k;
	qsort(list, n, sizeof(*list), by_number);
	for (i = 0; i < n; i++) {
		if (list[i] && (!i || list[i - 1] != list[i]))
			continue;
		report_error(report, at, "pods", list[i] ? "expected each pod "
			     "once, found %u twice" : "expected pods from 1, "
			     "found %u", list[i]);
		return 0;
	}
	return n;
}

void pods_begin(struct topology *t)
{
	t->resolved = arena_new();
	t->index = index_new(t->resolved);
}

/* What is there once only can't be in each of them. */
static void check_copy(struct topology *c, struct report *report)
{
	list_for(struct attachment, a, &c->attachments)
		if (a->type == ATT_NIC)
			report_error(report, PLACE(a, rec_attachment, type),
				     a->leg.n.path, "expected no nic in pods: "
				     "there is one, and there are many pods");
	list_for(struct network, w, &c->networks)
		if (w->bridge)
			report_error(report, PLACE(w, rec_network, bridge),
				     w->n.path, "expected no `bridge:` in "
				     "pods, each of which has one");
	list_for(struct forward, f, &c->forwards)
		report_error(report, f->n.pos, f->n.path, "expected no forward "
			     "of the home router in pods, which would all "
			     "listen on the same port");
}

int pods_check(struct topology *t, const struct state *found,
	       struct numbers *numbers, struct topology *const *others,
	       unsigned int nothers, struct report *report)
{
	unsigned int errors = report->errors;
	int err = 0;

	list_for(struct topology, c, &t->copies) {
		if (c->pod == ((struct topology **)t->copies.items)[0]->pod)
			check_copy(c, report);
		if (!err)
			err = topo_check(c, found, numbers, others, nothers,
					 report);
		/* what is wrong in one of them is so in all */
		if (err || report->errors != errors)
			return -EINVAL;
	}
	return 0;
}

int pods_expand(struct topology *t, const struct state *found,
		struct numbers *numbers, struct state *wanted,
		struct report *report)
{
	int err = 0;

	list_for(struct topology, c, &t->copies) {
		err = topo_expand(c, found, numbers, wanted, report);
		if (err)
			break;
	}
	return err;
}

const struct topology *topo_pod(const struct topology *t, unsigned int i)
{
	struct topology *const *v = t->copies.items;

	return i < t->copies.n ? v[i] : NULL;
}

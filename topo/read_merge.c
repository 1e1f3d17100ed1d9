// read_merge.c - `defaults:` under what was written, and what a map implies
// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include "topo/read.h"
#include "topo/schema.h"

/*
 * Values of SRC where DST has none.  Maps are merged one level down, too, so
 * that {arp: false} takes nothing else away; a short spelling is a whole.
 */
static void merge(const struct record *t, void *dst, const void *src)
{
	const struct node *s = src;
	struct node *d = dst;
	const struct field *f;
	uint32_t i;

	for (i = 0; i < t->count; i++) {
		f = &t->fields[i];
		if (!(s->set & 1ull << i) || !f->type)
			continue;
		if (!(d->set & 1ull << i)) {
			memcpy(field_at(f, dst), field_at(f, src),
			       f->type->size);
			d->at[i] = s->at[i];
			d->set |= 1ull << i;
		} else if (f->type->shape == SHAPE_RECORD) {
			struct node *ds = *(struct node **)field_at(f, dst);
			struct node *ss = *(struct node **)field_at(f, src);

			if (ds != ss && !ds->scalar && !ss->scalar)
				merge(f->sub, ds, ss);
		}
	}
}

/* A map says only what differs from `true`. */
static void finish_guards(struct guards *g)
{
	uint32_t i;

	if (!g || g->n.scalar)
		return;
	for (i = 0; i < rec_guards.count; i++)
		if (rec_guards.fields[i].type == &field_bool &&
		    !(g->n.set & 1ull << i))
			*(bool *)field_at(&rec_guards.fields[i], g) = true;
}

/* Whoever writes a map wants the thing. */
static void finish_services(struct network *w)
{
	if (w->dhcp && !w->dhcp->n.scalar)
		w->dhcp->on = true;
	if (w->dns && !w->dns->n.scalar)
		w->dns->on = true;
	if (!w->ra || w->ra->n.scalar)
		return;
	w->ra->on = true;
	if (!WROTE(w->ra, rec_ra, slaac))
		w->ra->slaac = true;
}

static void finish_network(struct network *w)
{
	finish_guards(w->guards);
	finish_services(w);
	if (w->stp && !w->stp->n.scalar)
		w->stp->on = true;
}

void merge_attachment(struct topology *t, struct attachment *a)
{
	if (t->defaults && t->defaults->attachment)
		merge(&rec_attachment, a, t->defaults->attachment);
	finish_guards(a->guards);
}

void merge_defaults(struct topology *t)
{
	struct defaults *d = t->defaults;

	list_for(struct network, w, &t->networks) {
		if (d && d->network)
			merge(&rec_network, w, d->network);
		finish_network(w);
	}
	list_for(struct attachment, a, &t->attachments)
		merge_attachment(t, a);
	list_for(struct router, r, &t->routers)
		if (d && d->router)
			merge(&rec_router, r, d->router);
	list_for(struct router, n, &t->nodes)
		if (d && d->node)
			merge(&rec_node, n, d->node);
}

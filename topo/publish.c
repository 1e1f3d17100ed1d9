// publish.c - forwards that attachments bring along
// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include "topo/resolve.h"

/* Attaching and detaching for ever must not take memory for ever. */
static void push(struct resolver *r, struct forward *f)
{
	struct topology *t = r->t;
	struct list *l = &t->forwarded;
	void *more;

	if (l->n >= t->forwarded_cap) {
		t->forwarded_cap = 2 * l->n + 8;
		more = arena_alloc(r->a, t->forwarded_cap * sizeof(f));
		if (l->n)
			memcpy(more, l->items, l->n * sizeof(f));
		l->items = more;
	}
	((struct forward **)l->items)[l->n++] = f;
}

/* What `defaults:` publishes is read once, and is each one's own. */
void publish_attachment(struct resolver *r, struct attachment *a)
{
	list_for(struct forward, p, &a->publish) {
		struct forward *f = arena_memdup(r->a, p, sizeof(*p));

		f->owner = a;
		f->target = (struct word){ a->leg.n.name, p->n.pos };
		push(r, f);
	}
}

void publish_collect(struct resolver *r)
{
	struct topology *t = r->t;

	t->forwarded = (struct list){ NULL, 0 };
	t->forwarded_cap = 0;
	list_for(struct forward, f, &t->forwards)
		push(r, f);
	list_for(struct attachment, a, &t->attachments)
		publish_attachment(r, a);
}

void publish_release(struct topology *t, const struct attachment *a)
{
	struct forward **v = t->forwarded.items;
	uint32_t i, n = 0;

	for (i = 0; a->publish.n && i < t->forwarded.n; i++)
		if (v[i]->owner != a)
			v[n++] = v[i];
	if (a->publish.n)
		t->forwarded.n = n;
}

bool topo_is_loopback(const struct ip *ip)
{
	return ip->family == 4 && ip->b[0] == 127;
}

/* Is there another forward to where F leads, and from where it is asked? */
static bool has_like(const struct topology *t, const struct forward *f)
{
	list_for(struct forward, o, &t->forwarded)
		if (o->net == f->net && o->owner != f->owner &&
		    topo_is_loopback(&o->listen) ==
		    topo_is_loopback(&f->listen))
			return true;
	return false;
}

/*
 * The first forward to a network changes the rules between interfaces, the
 * first one from the loopback its bridge, and a listening address may have to
 * be put on the uplink.
 */
bool publish_alone(const struct topology *t, const struct attachment *a)
{
	if (a->publish.n && t->netns[0])
		return false;
	list_for(struct forward, f, &t->forwarded) {
		if (f->owner != a)
			continue;
		if (f->listen.family && !topo_is_loopback(&f->listen))
			return false;
		if (!f->net || !has_like(t, f))
			return false;
	}
	return true;
}

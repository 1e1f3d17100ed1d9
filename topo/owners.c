// owners.c - who may use what, besides those who may do everything
// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include "topo/topo.h"

static bool any(const struct list *owners,
		bool (*is)(void *arg, const char *owner), void *arg)
{
	const char *const *v = owners->items;
	uint32_t i;

	for (i = 0; i < owners->n; i++)
		if (is(arg, v[i]))
			return true;
	return false;
}

bool topo_owned(const struct topology *t, const char *kind, const char *name,
		bool (*is)(void *arg, const char *owner), void *arg)
{
	const struct network *w = NULL;
	const struct attachment *a = NULL;

	if (any(&t->owners, is, arg))
		return true;
	if (!strcmp(kind, "network"))
		w = topo_network(t, name);
	else if (!strcmp(kind, "attachment"))
		a = topo_attachment(t, name);
	if (a)
		w = a->leg.net;
	return (a && any(&a->owners, is, arg)) ||
	       (w && any(&w->owners, is, arg));
}

bool topo_has_owners(const struct topology *t)
{
	if (t->owners.n)
		return true;
	list_for(struct network, w, &t->networks)
		if (w->owners.n)
			return true;
	list_for(struct attachment, a, &t->attachments)
		if (a->owners.n)
			return true;
	return false;
}

// rules_lent.c - an uplink that forwards for us forwards for nobody else
// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include "topo/rules.h"

/*
 * Packets of our networks need forwarding on the uplinks, and IPv6 has it for
 * all interfaces or none (expand_sysctl.c).  A host that was no router must
 * not become one between its own interfaces by that: its LAN would reach its
 * VPN.  FOUND is the host as it would be without netd.
 */

#define V4 "net/ipv4/conf/"
#define V6 "net/ipv6/conf/all/forwarding"
#define END "/forwarding"

/* Did the host forward before? */
static bool forwards(const struct rules *x, const char *fact)
{
	const struct fact *f = (struct fact *)state_find(x->found, KIND_FACT,
							 "", fact);

	return !f || !f->value || strcmp(f->value, "0");
}

static void lend(struct rules *x, const char *set, const char *dev, size_t n)
{
	rules_elem(x, "", set, "", x->t->n.pos, "\"%.*s\"", (int)n, dev);
}

/* The name of the interface in the middle; *N is 0 in what isn't one. */
static const char *device(const char *sysctl, size_t *n)
{
	size_t len = strlen(sysctl), ends = strlen(V4) + strlen(END);

	*n = 0;
	if (len <= ends || strncmp(sysctl, V4, strlen(V4)) ||
	    strcmp(sysctl + len - strlen(END), END))
		return sysctl;
	*n = len - ends;
	return sysctl + strlen(V4);
}

static void lend4(struct rules *x, const char *dev, size_t n)
{
	const struct link *l;

	l = (struct link *)state_find(x->found, KIND_LINK, "",
				      arena_strndup(x->out->arena, dev, n));
	if (!l || l->conf.forwarding != 1)
		lend(x, "inet netd lent4", dev, n);
}

/* Hardware: what containers and VPNs have is their programs' affair. */
static void lend6(struct rules *x)
{
	const struct state *f = x->found;
	const struct link *l;
	uint32_t i;

	for (i = state_seek(f, KIND_LINK, "", "");
	     i < f->n && f->v[i]->kind == KIND_LINK; i++) {
		l = (struct link *)f->v[i];
		if (link_is_hardware(l))
			lend(x, "inet netd lent6", l->o.name,
			     strlen(l->o.name));
	}
}

void rules_lent(struct rules *x)
{
	bool four, six, all = false;
	uint32_t i, n = x->out->n;
	const struct object *o;
	const char *dev;
	size_t len;

	if (!x->found || !x->found->sorted)
		return;
	four = !forwards(x, "forwards4");
	six = !forwards(x, "forwards6");
	for (i = 0; i < n; i++) {
		o = x->out->v[i];
		if (o->kind != KIND_SYSCTL || o->netns[0])
			continue;
		all |= !strcmp(o->name, V6);
		dev = device(o->name, &len);
		if (len && four)
			lend4(x, dev, len);
		if (len && six)
			lend(x, "inet netd lent6", dev, len);
	}
	if (all && six)
		lend6(x);
}

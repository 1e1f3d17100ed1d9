// resolve_name.c - names of the file, and the kernel's names made of them
// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "topo/resolve.h"

#define IFNAME_MAX 15

/* Keys of the index begin with a letter that says what they are. */
static size_t key_name(char *key, size_t size, const char *name)
{
	size_t len = strnlen(name, size - 1);

	key[0] = 'n';
	memcpy(key + 1, name, len);
	return len + 1;
}

struct named *name_find(const struct topology *t, const char *name)
{
	char key[128];
	size_t len = key_name(key, sizeof(key), name);

	return t->index ? index_get(t->index, key, len) : NULL;
}

int name_add(struct resolver *r, const char *name, int kind, void *what)
{
	struct named *e = arena_alloc(r->a, sizeof(*e)), *old;
	const struct node *n = what;
	char key[128];
	size_t len = key_name(key, sizeof(key), name);

	e->kind = kind;
	e->what = what;
	e->n = n;
	old = index_put(r->x, key, len, e);
	if (old == e)
		return 0;
	/* an attachment that came again after it was taken away */
	if (old->kind == NAME_ATTACHMENT && kind == NAME_ATTACHMENT &&
	    ((struct attachment *)old->what)->dynamic) {
		index_set(r->x, key, len, e);
		return 0;
	}
	return -EEXIST;		/* check_names() says so */
}

void name_release(struct topology *t, const struct attachment *a)
{
	struct named *e = name_find(t, a->leg.n.name);
	char key[128];

	if (e && e->what == a)
		index_set(t->index, key, key_name(key, sizeof(key),
						  a->leg.n.name), NULL);
}

/* Names that the links gave themselves may repeat: parallel links. */
static void add_link(struct resolver *r, struct tlink *l)
{
	const char *base = l->n.name, *key;
	uintptr_t i;

	if (!base)
		return;
	if (l->between.n && WROTE(l, rec_link, n.name)) {
		name_add(r, base, NAME_LINK, l);
		return;
	}
	key = join_words(r->a, "p", base, NULL);
	i = (uintptr_t)index_get(r->x, key, strlen(key));
	while (i || name_find(r->t, l->n.name)) {
		i = i ? i + 1 : 2;
		l->n.name = arena_printf(r->t->arena, "%s-%lu", base,
					 (unsigned long)i);
		if (!name_find(r->t, l->n.name))
			break;
	}
	if (i)
		index_set(r->x, key, strlen(key), (void *)i);
	name_add(r, l->n.name, NAME_LINK, l);
}

/* One after the other: `a` with count 2 is a1 and a2. */
static void add_copies(struct resolver *r, struct router *n)
{
	struct named *e;
	uint32_t i;

	if (name_add(r, n->n.name, NAME_COPIES, n))
		return;
	e = name_find(r->t, n->n.name);
	e->copies = arena_alloc(r->a, n->count * sizeof(*e->copies));
	for (i = 0; i < n->count; i++) {
		struct router *c = arena_memdup(r->a, n, sizeof(*n));

		c->n.name = arena_printf(r->a, "%s%u", n->n.name, i + 1);
		c->copy_of = n;
		e->copies[i] = c;
		name_add(r, c->n.name, NAME_NODE, c);
	}
}

/* All routers, then all nodes, copies one by one. */
static void list_hosts(struct resolver *r)
{
	struct topology *t = r->t;
	uint32_t n = t->routers.n;
	struct router **v;

	list_for(struct router, w, &t->nodes)
		n += w->count ? w->count : 1;
	v = arena_alloc(r->a, (n + 1) * sizeof(*v));
	n = 0;
	list_for(struct router, w, &t->routers)
		v[n++] = w;
	list_for(struct router, w, &t->nodes) {
		struct named *e = name_find(t, w->n.name);
		uint32_t i;

		if (!w->count)
			v[n++] = w;
		for (i = 0; e && e->copies && i < w->count; i++)
			v[n++] = e->copies[i];
	}
	t->hosts = (struct list){ .items = v, .n = n };
}

void names_collect(struct resolver *r)
{
	struct topology *t = r->t;

	list_for(struct network, w, &t->networks)
		name_add(r, w->n.name, NAME_NETWORK, w);
	list_for(struct attachment, a, &t->attachments)
		name_add(r, a->leg.n.name, NAME_ATTACHMENT, a);
	list_for(struct router, w, &t->routers)
		name_add(r, w->n.name, NAME_ROUTER, w);
	list_for(struct group, g, &t->groups)
		name_add(r, g->n.name, NAME_GROUP, g);
	list_for(struct router, w, &t->nodes) {
		w->node = true;
		if (w->count)
			add_copies(r, w);
		else
			name_add(r, w->n.name, NAME_NODE, w);
	}
	list_for(struct tlink, l, &t->links)
		add_link(r, l);
	list_hosts(r);
}

/* --- what there is not ------------------------------------------------ */

static unsigned int all_names(struct resolver *r, const char ***out)
{
	struct topology *t = r->t;
	const struct list *lists[] = { &t->networks, &t->attachments,
				       &t->hosts, &t->groups };
	unsigned int i, n = 0, cap = 0;
	const char **v;

	for (i = 0; i < 4; i++)
		cap += lists[i]->n;
	v = arena_alloc(r->a, (cap + 1) * sizeof(*v));
	for (i = 0; i < 4; i++)
		list_for(struct node, e, lists[i])
			v[n++] = e->name;
	*out = v;
	return n;
}

void name_unknown(struct resolver *r, struct pos pos, const char *path,
		  const char *what, const char *name)
{
	const char **names, *near = NULL;
	unsigned int n;

	/* of thousands only the first are shown */
	if (r->report->errors < 30) {
		n = all_names(r, &names);
		near = report_nearest(name, names, n);
	}
	if (near)
		report_error(r->report, pos, path, "expected %s, found %s, "
			     "which doesn't exist: did you mean %s?", what,
			     name, near);
	else
		report_error(r->report, pos, path, "expected %s, found %s, "
			     "which doesn't exist", what, name);
}

/* --- the kernel's names ------------------------------------------------ */

static uint64_t mix(uint64_t h)
{
	/* FNV leaves the high bits of short keys alike */
	h ^= h >> 33;
	h *= 0xff51afd7ed558ccdu;
	return h ^ h >> 33;
}

static uint64_t hash_of(const struct resolver *r, const char *what,
			unsigned int salt)
{
	uint64_t h = hash64(r->t->name, strlen(r->t->name));

	h = h * 31 + hash64(what, strlen(what));
	return mix(h + salt * 0x9e3779b97f4a7c15u);
}

static size_t key_ifname(char *key, size_t size, const char *netns,
			 const char *name)
{
	size_t n = strnlen(netns, size / 2), m = strnlen(name, IFNAME_MAX + 1);

	key[0] = 'i';
	memcpy(key + 1, netns, n);
	key[n + 1] = '/';
	memcpy(key + n + 2, name, m);
	return n + m + 2;
}

static bool ifname_free(struct resolver *r, const char *netns,
			const char *name)
{
	char key[256];
	size_t len = key_ifname(key, sizeof(key), netns, name);

	return !index_get(r->x, key, len);
}

static const char *ifname_mark(struct resolver *r, const char *netns,
			       const char *name)
{
	char key[256];
	size_t len = key_ifname(key, sizeof(key), netns, name);

	index_put(r->x, key, len, (void *)name);
	return name;
}

/* Free, or FULL's own: an attachment that comes again has it again. */
static bool ifname_get(struct resolver *r, const char *netns,
		       const char *name, const char *full)
{
	char key[256];
	size_t len = key_ifname(key, sizeof(key), netns, name);

	return !strcmp(index_put(r->x, key, len, (void *)full), full);
}

/* The beginning of the name, for people, and 40 bits of its hash. */
static void shorten(struct resolver *r, char out[IFNAME_MAX + 1],
		    const char *prefix, const char *full, unsigned int salt)
{
	static const char base32[] = "abcdefghijklmnopqrstuvwxyz234567";
	uint64_t h = hash_of(r, full, salt);
	int head = IFNAME_MAX - 9 - strlen(prefix), i, n;

	n = snprintf(out, IFNAME_MAX + 1, "%s%.*s%s", prefix,
		     head > 0 ? head : 0, full, head > 0 ? "-" : "");
	for (i = 0; i < 8; i++, h >>= 5)
		out[n++] = base32[h & 31];
	out[n] = '\0';
}

const char *ifname_take(struct resolver *r, const char *netns,
			const char *prefix, const char *full)
{
	char name[IFNAME_MAX + 1];
	unsigned int salt = 0;

	if (strlen(prefix) + strlen(full) <= IFNAME_MAX) {
		strcpy(stpcpy(name, prefix), full);
		if (ifname_get(r, netns, name, full))
			return arena_strdup(r->a, name);
		salt++;
	}
	do {
		shorten(r, name, prefix, full, salt++);
	} while (!ifname_get(r, netns, name, full));
	return arena_strdup(r->a, name);
}


struct mac mac_take(struct resolver *r, struct mac written, const char *what)
{
	static const struct mac none;
	struct mac m = written;
	unsigned int salt = 0, i;
	uint64_t h;
	char key[7] = "m";

	if (memcmp(&m, &none, sizeof(m))) {
		memcpy(key + 1, m.b, 6);
		index_put(r->x, key, sizeof(key), (void *)what);
		return m;
	}
	m.b[0] = 0x02;		/* administered locally, of one station */
	do {
		h = hash_of(r, what, salt++);
		for (i = 1; i < 6; i++, h >>= 8)
			m.b[i] = h & 0xff;
		memcpy(key + 1, m.b, 6);
	} while (strcmp(index_put(r->x, key, sizeof(key), (void *)what),
			what));
	return m;
}

/* --- what has which ---------------------------------------------------- */

/* What a port receives waits in an IFB of its own, beside it. */
static const char *name_ifb(struct resolver *r, const struct bandwidth *b,
			    const char *full)
{
	return b && b->out ? ifname_take(r, r->t->netns, "ndf-", full) : NULL;
}

static void name_bridge(struct resolver *r, struct network *w)
{
	const char *what = join_words(r->a, "network/", w->n.name, NULL);

	w->ifname = w->bridge ?
		    ifname_mark(r, r->t->netns, w->bridge) :
		    ifname_take(r, r->t->netns, "nd-", w->n.name);
	w->ifb = name_ifb(r, w->bandwidth, w->n.name);
	w->hwaddr = mac_take(r, w->mac, what);
}

void names_attachment(struct resolver *r, struct attachment *a)
{
	struct leg_spec *l = &a->leg;
	const char *what = join_words(r->a, "attachment/", l->n.name, NULL);

	a->ifb = a->type == ATT_RESERVED ? NULL :
		 name_ifb(r, a->bandwidth, l->n.name);
	if (a->type == ATT_NIC) {
		/* the interface itself; `ifname` where its name is no name */
		l->kname = l->ifname ? l->ifname : l->n.name;
		a->kname = ifname_mark(r, r->t->netns, l->kname);
		l->port = a->kname;
		return;
	}
	if (a->type == ATT_RESERVED) {
		a->kname = l->kname = l->port = "";
		return;
	}
	a->kname = ifname_take(r, r->t->netns, "ndp-", l->n.name);
	l->port = a->kname;
	if (!attachment_is_parked(a))
		l->kname = l->ifname ? l->ifname : "eth0";
	else if (l->ifname)
		l->kname = ifname_mark(r, "", l->ifname);
	else
		l->kname = ifname_take(r, "", "ndv-", l->n.name);
	l->hwaddr = mac_take(r, l->mac, what);
}

/* What a leg of a router is called after: what it leads to. */
static const char *leads_to(const struct leg_spec *l)
{
	if (!l->link)
		return l->net->n.name;
	return link_other(l)->network.s;
}

/* eth0, eth1 by the place among all legs, past what was written. */
static const char *name_eth(struct resolver *r, const char *netns,
			    unsigned int *next)
{
	char name[IFNAME_MAX + 1];

	do {
		snprintf(name, sizeof(name), "eth%u", (*next)++);
	} while (!ifname_free(r, netns, name));
	return ifname_mark(r, netns, arena_strdup(r->a, name));
}

static void name_after(struct resolver *r, struct leg_spec *l,
		       const char *base)
{
	const char *name = base, *key;
	uintptr_t i;

	/* parallel links go on counting where the one before ended */
	key = join_words(r->a, "q", l->at->netns, "/", base, NULL);
	i = (uintptr_t)index_get(r->x, key, strlen(key));
	if (i)
		name = arena_printf(r->a, "%s-%lu", base, (unsigned long)++i);
	else
		i = 1;
	while (!ifname_free(r, l->at->netns, name))
		name = arena_printf(r->a, "%s-%lu", base, (unsigned long)++i);
	index_set(r->x, key, strlen(key), (void *)i);
	l->kname = ifname_take(r, l->at->netns, "", name);
	if (strcmp(l->kname, name))
		l->altname = name;
}

static void name_legs(struct resolver *r, struct router *w)
{
	unsigned int next = 0;

	if (w->nat && !strcmp(w->nat, "host"))
		ifname_mark(r, w->netns, "uplink");
	list_for(struct leg_spec, l, &w->legs)
		if (l->ifname)
			ifname_mark(r, w->netns, l->ifname);
	list_for(struct leg_spec, l, &w->legs) {
		const char *full = join_words(r->a, w->n.name, ".", l->label,
					      NULL);

		l->altname = "";
		if (l->ifname)
			l->kname = l->ifname;
		else if (w->node)
			l->kname = name_eth(r, w->netns, &next);
		else
			name_after(r, l, leads_to(l));
		l->hwaddr = mac_take(r, l->mac,
				     join_words(r->a, "leg/", full, NULL));
		if (l->net)
			l->port = ifname_take(r, r->t->netns, "ndl-", full);
	}
}

/* A link between two networks: a port at each, in one namespace. */
static void name_trunk(struct resolver *r, struct tlink *l)
{
	struct leg_spec *ends[] = { l->a, l->b };
	unsigned int i;

	if (!l->a || !l->b || l->a->at || l->b->at)
		return;
	for (i = 0; i < 2; i++) {
		struct leg_spec *e = ends[i];
		const char *full = arena_printf(r->a, "%s.%s", e->network.s,
						l->n.name);

		e->port = e->ifname ?
			  ifname_mark(r, r->t->netns, e->ifname) :
			  ifname_take(r, r->t->netns, "ndl-", full);
		e->kname = e->port;
		e->hwaddr = mac_take(r, e->mac,
				     arena_printf(r->a, "trunk/%s", full));
	}
}

/* Written names first: what is made avoids them. */
void names_kernel(struct resolver *r)
{
	struct topology *t = r->t;

	list_for(struct network, w, &t->networks)
		if (w->bridge)
			name_bridge(r, w);
	list_for(struct network, w, &t->networks)
		if (!w->bridge)
			name_bridge(r, w);
	list_for(struct attachment, a, &t->attachments)
		names_attachment(r, a);
	list_for(struct router, w, &t->hosts)
		name_legs(r, w);
	list_for(struct tlink, l, &t->links)
		name_trunk(r, l);
}

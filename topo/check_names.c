// check_names.c - one name space, and the names the kernel sees
// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdlib.h>
#include <string.h>

#include "topo/check.h"
#include "topo/read.h"

struct named {
	const char *name, *what;
	struct pos pos;
	const char *path;
	bool key;		/* of a map */
};

struct names {
	struct named *v;
	uint32_t n, cap;
};

static void add(struct names *s, const char *name, const char *what,
		struct pos pos, const char *path)
{
	if (!name)
		return;
	if (s->n == s->cap) {
		s->cap = s->cap ? s->cap * 2 : 256;
		s->v = realloc(s->v, s->cap * sizeof(*s->v));
		if (!s->v)
			abort();
	}
	s->v[s->n++] = (struct named){ name, what, pos, path, false };
}

/* By name, then as in the file: the second of two is the one at fault. */
static int by_name(const void *x, const void *y)
{
	const struct named *a = x, *b = y;
	int d = strcmp(a->name, b->name);

	if (d)
		return d;
	if (a->pos.line != b->pos.line)
		return a->pos.line < b->pos.line ? -1 : 1;
	return a->pos.col < b->pos.col ? -1 : a->pos.col > b->pos.col;
}

static void add_all(struct names *s, const struct list *l, const char *what)
{
	list_for(struct node, n, l) {
		add(s, n->name, what, n->pos, n->path);
		if (n->name)
			s->v[s->n - 1].key = true;
	}
}

static bool same_place(const struct named *a, const struct named *b)
{
	return a->pos.file == b->pos.file && a->pos.line == b->pos.line &&
	       a->pos.col == b->pos.col;
}

/* Sorts, and reports each that is there before it as FMT(name, what, place) */
static void report_twice(struct check *c, struct names *s, const char *fmt)
{
	uint32_t i, first = 0;

	if (s->n)
		qsort(s->v, s->n, sizeof(*s->v), by_name);
	for (i = 1; i < s->n; i++) {
		if (strcmp(s->v[first].name, s->v[i].name)) {
			first = i;
			continue;
		}
		/* two keys of one map were found when it was read */
		if (same_place(&s->v[first], &s->v[i]) ||
		    (s->v[i].key && s->v[first].what == s->v[i].what))
			continue;
		report_error(c->report, s->v[i].pos, s->v[i].path,
			     "%s \"%s\" is %s%s already", fmt, s->v[i].name,
			     s->v[first].what,
			     check_where(c, s->v[first].pos));
	}
	free(s->v);
	*s = (struct names){ 0 };
}

/* Links that were given no name may be parallel, and are called alike. */
static void add_links(struct check *c, struct names *s)
{
	list_for(struct tlink, l, &c->t->links) {
		if (!l->n.name || !WROTE(l, rec_link, n.name))
			continue;
		add(s, l->n.name, "that of a link", l->n.pos, l->n.path);
		if (name_reserved(l->n.name))
			FAULT(c, l, rec_link, n.name, "expected a name, found "
			      "\"%s\", which is a word with a meaning of its "
			      "own", l->n.name);
	}
}

void check_names(struct check *c)
{
	struct names s = { 0 };
	unsigned int i;

	add_all(&s, &c->t->networks, "that of a network");
	add_all(&s, &c->t->attachments, "that of an attachment");
	add_all(&s, &c->t->groups, "that of a group");
	add_all(&s, &c->t->routers, "that of a router");
	add_all(&s, &c->t->nodes, "that of a node");
	add_links(c, &s);
	report_twice(c, &s, "the name");
	for (i = 0; i < c->nothers; i++)
		if (c->others[i] != c->t &&
		    !strcmp(c->others[i]->name, c->t->name))
			FAULT(c, c->t, rec_topology, name,
			      "another topology is called %s, too: %s",
			      c->t->name, c->others[i]->file);
}

/* --- once all is resolved --------------------------------------------- */

/* a2 of `a: {count: 2}` against what is called a2 */
static void check_copies(struct check *c)
{
	struct names s = { 0 };

	add_all(&s, &c->t->networks, "that of a network");
	add_all(&s, &c->t->attachments, "that of an attachment");
	add_all(&s, &c->t->groups, "that of a group");
	add_all(&s, &c->t->routers, "that of a router");
	add_all(&s, &c->t->nodes, "that of a node");
	list_for(struct router, h, &c->t->hosts)
		if (h->copy_of)
			add(&s, h->n.name, "that of a copy (`count:`)",
			    h->n.pos, h->n.path);
	report_twice(c, &s, "the name");
}

static void check_ports_pattern(struct check *c, const struct network *w)
{
	if (!strncmp(w->bridge, "ndp-", 4) || !strncmp(w->bridge, "ndl-", 4))
		FAULT(c, w, rec_network, bridge, "expected another name, found "
		      "\"%s\": ndp- and ndl- begin the names of ports",
		      w->bridge);
	else if (!strcmp(w->bridge, "lo"))
		FAULT(c, w, rec_network, bridge,
		      "expected another name than lo");
}

static void check_bridges(struct check *c)
{
	struct names s = { 0 };
	struct topology *o;
	unsigned int i;

	list_for(struct network, w, &c->t->networks) {
		if (w->bridge)
			check_ports_pattern(c, w);
		add(&s, w->ifname, "that of another network",
		    PLACE(w, rec_network, bridge), w->n.path);
	}
	report_twice(c, &s, "the bridge name");
	for (i = 0; i < c->nothers; i++) {
		o = c->others[i];
		if (o == c->t || strcmp(o->netns, c->t->netns))
			continue;
		list_for(struct network, w, &o->networks)
			add(&s, w->ifname, "that of another topology",
			    (struct pos){ .line = 0 }, w->n.path);
	}
	if (!s.n)
		return;
	list_for(struct network, w, &c->t->networks)
		add(&s, w->ifname, "that of another network",
		    PLACE(w, rec_network, bridge), w->n.path);
	report_twice(c, &s, "the bridge name");
}

static void add_ifnames(struct names *s, const struct router *h)
{
	list_for(struct leg_spec, l, &h->legs)
		if (l->kname)
			add(s, l->kname, "that of another leg",
			    PLACE(l, rec_leg, ifname), l->n.path);
}

/* Two interfaces of one name in one namespace. */
static void check_interfaces(struct check *c)
{
	struct names s = { 0 };

	list_for(struct router, h, &c->t->hosts) {
		add_ifnames(&s, h);
		report_twice(c, &s, "the interface name");
	}
	list_for(struct attachment, a, &c->t->attachments) {
		if (a->type != ATT_VETH || !a->netns)
			continue;
		add(&s, arena_printf(c->a, "%s in %s",
				     a->leg.kname, a->netns), "that of another attachment",
		    a->leg.n.pos, a->leg.n.path);
	}
	report_twice(c, &s, "the interface name");
}

/* A home of its own is one topology's only. */
static void check_home(struct check *c)
{
	unsigned int i;

	for (i = 0; i < c->nothers; i++) {
		if (c->others[i] == c->t || !c->t->netns[0] ||
		    strcmp(c->others[i]->netns, c->t->netns))
			continue;
		FAULT(c, c->t, rec_topology, home, "expected a namespace of "
		      "its own, found %s, which is that of topology %s",
		      c->t->netns, c->others[i]->name);
	}
}

void check_clashes(struct check *c)
{
	check_copies(c);
	check_bridges(c);
	check_interfaces(c);
	check_home(c);
}

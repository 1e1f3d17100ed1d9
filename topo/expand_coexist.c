// expand_coexist.c - what other programs are asked to let through
// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>
#include <string.h>

#include "netd/coexist.h"
#include "topo/expand.h"

#define MANAGED "inet netd managed "

/*
 * All of our interfaces may be let through by others, since netd's own rules
 * decide what passes: whatever else comes from them or goes to them ends in a
 * drop or reject of ours.
 */

static void accept(struct expander *x, const struct coexist_place *p,
		   bool in, const char *key, struct pos pos)
{
	struct accept *a;

	a = state_add(x->out, KIND_ACCEPT, "",
		      arena_printf(x->out->arena, "%s %s %s %cifname %s",
				   p->family, p->table, p->chain,
				   in ? 'i' : 'o', key), pos);
	a->program = p->program;
}

/* The key has its quotes: it is an element's. */
static void zone(struct expander *x, const struct coexist_place *p,
		 const char *key, struct pos pos)
{
	struct zone *z;

	z = state_add(x->out, KIND_ZONE, "",
		      arena_printf(x->out->arena, "%s %.*s", p->zone,
				   (int)strcspn(key + 1, "\""), key + 1), pos);
	z->program = p->program;
}

static void accept_all(struct expander *x, const struct coexist_place *p,
		       uint32_t from, uint32_t to, struct pos pos)
{
	const struct object *o;
	uint32_t i;

	for (i = from; i < to; i++) {
		o = x->out->v[i];
		if (o->kind != KIND_ELEMENT || o->netns[0] ||
		    strncmp(o->name, MANAGED, strlen(MANAGED)))
			continue;
		if (p->zone)
			zone(x, p, o->name + strlen(MANAGED), pos);
		else if (p->in)
			accept(x, p, true, o->name + strlen(MANAGED), pos);
		if (p->out)
			accept(x, p, false, o->name + strlen(MANAGED), pos);
	}
}

/* --- files ---------------------------------------------------------------- */

/*
 * Bridges and ends of pairs; ports have names of one kind, and come and go.
 * Those that a program matches by a pattern need not be listed.
 */
static bool is_listed(const struct object *o)
{
	return !o->netns[0] && (o->kind == KIND_BRIDGE ||
				o->kind == KIND_LEG) &&
	       strncmp(o->name, "nd-", 3);
}

static void list_names(struct expander *x, const char *before,
		       uint32_t from, uint32_t to, struct buf *b)
{
	uint32_t i;

	for (i = from; i < to; i++)
		if (is_listed(x->out->v[i]))
			buf_printf(b, "%s%s", before, x->out->v[i]->name);
}

static void add_file(struct expander *x, const char *name,
		     const struct buf *text, struct pos pos)
{
	struct file *f = state_add(x->out, KIND_FILE, "", name, pos);

	f->text = arena_strdup(x->out->arena, buf_text(text));
	f->hash = hash64(f->text, text->len);
	f->reader = f->check = "";
}

#define HEAD "# Made by netd, which removes it with the topology %s.\n"

/* NetworkManager.conf(5): a list of a file of its own adds to the others'. */
static void networkmanager(struct expander *x, uint32_t from, uint32_t to,
			   struct pos pos)
{
	struct buf b = { 0 };

	buf_printf(&b, HEAD "[keyfile]\nunmanaged-devices+=interface-name:nd-*"
		   ";interface-name:nd?-*", x->t->name);
	list_names(x, ";interface-name:=", from, to, &b);
	buf_str(&b, "\n");
	add_file(x, arena_printf(x->out->arena, "networkmanager/netd-%s.conf",
				 x->t->name), &b, pos);
	buf_free(&b);
}

/* systemd.network(5): of the files that match, the first by name holds. */
static void networkd(struct expander *x, uint32_t from, uint32_t to,
		     struct pos pos)
{
	struct buf b = { 0 };

	buf_printf(&b, HEAD "[Match]\nName=nd-* nd?-*", x->t->name);
	list_names(x, " ", from, to, &b);
	buf_str(&b, "\n\n[Link]\nUnmanaged=yes\n");
	add_file(x, arena_printf(x->out->arena, "networkd/00-netd-%s.network",
				 x->t->name), &b, pos);
	buf_free(&b);
}

static const struct {
	const char *program;
	void (*fn)(struct expander *x, uint32_t from, uint32_t to,
		   struct pos pos);
} files[] = {
	{ "networkmanager", networkmanager }, { "networkd", networkd },
};

static void program(struct expander *x, const struct word *w, uint32_t from)
{
	uint32_t to = x->out->n;
	char fact[112];
	size_t i;

	for (i = 0; i < sizeof(files) / sizeof(*files); i++)
		if (!strcmp(files[i].program, w->s))
			files[i].fn(x, from, to, w->pos);
	for (i = 0; i < coexist_count; i++) {
		const struct coexist_place *p = &coexist_places[i];

		if (strcmp(p->program, w->s))
			continue;
		snprintf(fact, sizeof(fact), "coexist:%s %s %s", p->family,
			 p->table, p->chain);
		if (fact_is(x, fact, "yes"))
			accept_all(x, p, from, to, w->pos);
	}
}

void expand_coexist(struct expander *x, uint32_t from)
{
	const struct word *w = x->t->coexist.items;
	uint32_t i;

	for (i = 0; i < x->t->coexist.n; i++)
		program(x, &w[i], from);
}

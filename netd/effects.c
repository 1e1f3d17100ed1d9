// effects.c - what a change cuts and opens, in people's words
// SPDX-License-Identifier: GPL-2.0-or-later
#include "netd/effects.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/*
 * Steps tell what is done; a person wants to know whom it hurts.  So what the
 * topology lists before and after is compared, by what it means: policies and
 * forwards by their text, all else by its name.
 */

#define LIST_MAX 200		/* effects that are told */

struct effects {
	struct engine *e;
	struct arena *arena;
	json_t *list;
};

/* WORD: "cuts", "opens" or "changes". */
static json_t *tell(struct effects *x, const char *word, const char *kind,
		    const char *name, const char *text)
{
	json_t *o = json_object();

	json_set(o, "effect", word);
	json_set(o, "kind", kind);
	json_set(o, "name", name);
	json_set(o, "text", text);
	if (json_array_size(x->list) < LIST_MAX)
		json_array_append(x->list, o);
	json_decref(o);		/* the list has it, or nobody */
	return o;
}

/* --- items ------------------------------------------------------------------ */

static bool is_rule(const struct topo_item *it)
{
	return !strcmp(it->kind, "policy") || !strcmp(it->kind, "forward");
}

/* By kind, and by what it is known by. */
static int by_key(const void *a, const void *b)
{
	const struct topo_item *x = a, *y = b;
	int c = strcmp(x->kind, y->kind);

	if (c)
		return c;
	return is_rule(x) ? strcmp(x->detail, y->detail) :
	       strcmp(x->name, y->name);
}

/* A rule's name is its place in the file, where it has no other. */
static const char *name_of(const struct topo_item *it)
{
	return strpbrk(it->name, "[.") ? "" : it->name;
}

static const char *text_of(struct effects *x, const struct topo_item *it)
{
	const char *name = name_of(it);

	if (!strcmp(it->kind, "attachment"))
		return arena_printf(x->arena, "attachment %s in %s%s%s",
				    it->name, it->network,
				    it->address[0] ? ", " : "", it->address);
	return arena_printf(x->arena, "%s%s%s%s%s", it->kind, *name ? " " : "",
			    name, it->detail[0] ? ": " : "", it->detail);
}

/* What refuses opens something when it goes. */
static bool refuses(const struct topo_item *it)
{
	return !strcmp(it->kind, "policy") &&
	       strncmp(it->detail, "allow", 5) != 0;
}

static void comes(struct effects *x, const struct topo_item *it)
{
	tell(x, refuses(it) ? "cuts" : "opens", it->kind, it->name,
	     text_of(x, it));
}

static void goes(struct effects *x, const struct topo_item *it)
{
	tell(x, refuses(it) ? "opens" : "cuts", it->kind, it->name,
	     arena_printf(x->arena, "%s goes", text_of(x, it)));
}

static bool is_same(const struct topo_item *a, const struct topo_item *b)
{
	return !strcmp(a->kind, b->kind) && !strcmp(a->detail, b->detail) &&
	       (is_rule(a) || (!strcmp(a->name, b->name) &&
			       !strcmp(a->network, b->network) &&
			       !strcmp(a->address, b->address) &&
			       !strcmp(a->mac, b->mac)));
}

/* How far a network lets out: "mode nat, 10.1.0.1/24". */
static int openness(const char *detail)
{
	static const char *const modes[] = { "isolated", "nat", "routed",
					     "open" };
	int i;

	for (i = 0; i < 4; i++)
		if (!strncmp(detail, "mode ", 5) &&
		    !strncmp(detail + 5, modes[i], strlen(modes[i])))
			return i;
	return -1;
}

static void changes(struct effects *x, const struct topo_item *a,
		    const struct topo_item *b)
{
	int before = openness(a->detail), after = openness(b->detail);
	const char *was, *is;

	if (is_same(a, b))
		return;
	was = text_of(x, a);
	is = text_of(x, b);
	if (!strcmp(was, is))
		was = arena_printf(x->arena, "%s: MAC %s", was, a->mac);
	tell(x, before > after ? "cuts" : before < after ? "opens" :
	     !strcmp(a->kind, "attachment") ? "cuts" : "changes", b->kind,
	     b->name, arena_printf(x->arena, "%s -> %s", was,
				   strcmp(was, is) ? is : b->mac));
}

/* What is listed in a topology, in the order of its file. */
struct listing {
	struct topo_item *v;
	unsigned int n;
};

static struct listing list_of(struct effects *x, const struct entry *en)
{
	struct listing l = { NULL, 0 };

	if (en && en->topo)
		l.n = topo_items(en->topo, x->arena, &l.v);
	return l;
}

/* Most of a large file is as it was: its beginning and its end. */
static void trim(struct listing *a, struct listing *b)
{
	while (a->n && b->n && is_same(a->v, b->v)) {
		a->v++;
		b->v++;
		a->n--;
		b->n--;
	}
	while (a->n && b->n && is_same(&a->v[a->n - 1], &b->v[b->n - 1])) {
		a->n--;
		b->n--;
	}
}

static void compare_items(struct effects *x, const struct listing *a,
			  const struct listing *b)
{
	unsigned int i = 0, k = 0;
	int c;

	while (i < a->n || k < b->n) {
		c = i == a->n ? 1 : k == b->n ? -1 :
		    by_key(&a->v[i], &b->v[k]);
		if (c < 0)
			goes(x, &a->v[i]);
		else if (c > 0)
			comes(x, &b->v[k]);
		else if (!is_rule(&a->v[i]))
			changes(x, &a->v[i], &b->v[k]);
		i += c <= 0;
		k += c >= 0;
	}
}

static bool has_policy(const struct listing *l)
{
	unsigned int i;

	for (i = 0; i < l->n; i++)
		if (!strcmp(l->v[i].kind, "policy"))
			return true;
	return false;
}

/* Of policies the first that fits holds: the same ones may mean another. */
static void compare(struct effects *x, const struct entry *old,
		    const struct entry *new)
{
	struct listing a = list_of(x, old), b = list_of(x, new);

	trim(&a, &b);
	if (a.n)
		qsort(a.v, a.n, sizeof(*a.v), by_key);
	if (b.n)
		qsort(b.v, b.n, sizeof(*b.v), by_key);
	compare_items(x, &a, &b);
	if (!json_array_size(x->list) && has_policy(&a))
		tell(x, "changes", "policy", "", "the order of policies");
}

/* A new topology needs no list of all that is in it. */
static void whole(struct effects *x, const struct entry *en, const char *word,
		  const char *how)
{
	struct topo_item *v;
	unsigned int i, n, nets = 0, plugs = 0;

	n = en->topo ? topo_items(en->topo, x->arena, &v) : 0;
	for (i = 0; i < n; i++) {
		nets += !strcmp(v[i].kind, "network");
		plugs += !strcmp(v[i].kind, "attachment");
	}
	tell(x, word, "topology", en->name,
	     arena_printf(x->arena, "topology %s %s: %u networks, %u "
			  "attachments", en->name, how, nets, plugs));
}

json_t *effects_items(struct engine *e, const struct entry *old,
		      const struct entry *new)
{
	struct effects x = { .e = e, .arena = arena_new(),
			     .list = json_array() };

	if (old && old->topo && new) {
		compare(&x, old, new);
	} else if (new) {
		whole(&x, new, "opens", "comes");
	}
	arena_free(x.arena);
	return x.list;
}

/* --- steps ------------------------------------------------------------------- */

#define SVC "inet netd svc "

static const struct object *subject(const struct step *s)
{
	return s->want ? s->want : s->have;
}

/* Does the network of "nd-web" . tcp . 22 come or go as a whole? */
static bool with_network(const struct plan *plan, const char *key)
{
	size_t n = *key == '"' ? strcspn(++key, "\"") : 0;
	uint32_t i;

	for (i = 0; i < plan->n; i++) {
		const struct object *o = subject(&plan->steps[i]);

		if (o->kind == KIND_BRIDGE && plan->steps[i].op != OP_UPDATE &&
		    strlen(o->name) == n && !memcmp(o->name, key, n))
			return true;
	}
	return false;
}

/* What guests may ask of their router: "nd-web" . tcp . 22 */
static void service_step(struct effects *x, const struct plan *plan,
			 const struct step *s)
{
	const struct object *o = subject(s);

	if (o->kind != KIND_ELEMENT || strncmp(o->name, SVC, strlen(SVC)) ||
	    s->op == OP_UPDATE || json_array_size(x->list) >= LIST_MAX ||
	    with_network(plan, o->name + strlen(SVC)))
		return;
	tell(x, s->op == OP_CREATE ? "opens" : "cuts", "service",
	     o->name + strlen(SVC),
	     arena_printf(x->arena, "service of the router: %s",
			  o->name + strlen(SVC)));
}

/* Is the link of this step made again by another? */
static bool comes_again(const struct plan *plan, const struct object *o)
{
	uint32_t i;

	for (i = 0; i < plan->n; i++)
		if (plan->steps[i].op == OP_CREATE &&
		    !object_cmp(plan->steps[i].want, o))
			return true;
	return false;
}

static void link_step(struct effects *x, const struct plan *plan,
		      const struct step *s)
{
	const struct object *o = subject(s);
	const struct link *w = (const struct link *)s->want;
	const struct link *f = (const struct link *)s->have;
	struct buf id = { 0 };

	if (!kind_is_link(o->kind) || o->kind == KIND_LINK || !f)
		return;
	object_print_id(o, &id);
	if (s->op == OP_DESTROY && comes_again(plan, o))
		tell(x, "cuts", kinds[o->kind].name, o->name,
		     arena_printf(x->arena, "%s is made anew%s", buf_text(&id),
				  f->running ? ": it is in use, and who is "
				  "plugged in there loses it" : ""));
	else if (s->op == OP_UPDATE && f->up == 1 && !w->up)
		tell(x, "cuts", kinds[o->kind].name, o->name,
		     arena_printf(x->arena, "%s goes down", buf_text(&id)));
	else if (s->op == OP_UPDATE && strcmp(w->master ? w->master : "",
					      f->master ? f->master : ""))
		tell(x, "cuts", kinds[o->kind].name, o->name,
		     arena_printf(x->arena, "%s moves from %s to %s",
				  buf_text(&id), f->master && *f->master ?
				  f->master : "no bridge", w->master &&
				  *w->master ? w->master : "no bridge"));
	buf_free(&id);
}

/* --- connections --------------------------------------------------------------- */

/* Marks of connections in one namespace, and which go. */
struct marks {
	const char *netns;
	uint32_t *gone, *came;
	uint32_t ngone, ncame;
	uint32_t *counts;
};

static void mark_add(uint32_t **v, uint32_t *n, const uint32_t *from,
		     uint32_t more)
{
	if (!more)
		return;
	*v = realloc(*v, (*n + more) * sizeof(**v));
	if (!*v)
		abort();
	memcpy(*v + *n, from, more * sizeof(**v));
	*n += more;
}

static void add_marks(uint32_t **v, uint32_t *n, const struct object *o)
{
	const struct chain *c = (const struct chain *)o;
	uint32_t mark;

	if (o && o->kind == KIND_CHAIN) {
		mark_add(v, n, c->marks.items, c->marks.n);
	} else if (o && o->kind == KIND_ELEMENT &&
		   !strncmp(o->name, "inet netd fwd_mark", 18)) {
		mark = strtoul(((const struct element *)o)->data, NULL, 0);
		mark_add(v, n, &mark, mark != 0);
	}
}

/* The table takes its chains along, without a step for each. */
static void table_marks(struct marks *m, const struct state *found,
			const struct object *table)
{
	uint32_t i;

	for (i = 0; i < found->n; i++)
		if (!strcmp(found->v[i]->netns, table->netns))
			add_marks(&m->gone, &m->ngone, found->v[i]);
}

static void take_marks(struct marks *m, const struct plan *plan,
		       const struct state *found)
{
	uint32_t i;

	for (i = 0; i < plan->n; i++) {
		const struct step *s = &plan->steps[i];
		const struct object *o = subject(s);

		if (strcmp(o->netns, m->netns))
			continue;
		if (s->op == OP_DESTROY && o->kind == KIND_TABLE)
			table_marks(m, found, o);
		add_marks(&m->gone, &m->ngone, s->have);
		add_marks(&m->came, &m->ncame, s->want);
	}
}

static int by_number(const void *a, const void *b)
{
	const uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

/* Each once, without those that come again. */
static void reduce_marks(struct marks *m)
{
	uint32_t i, n = 0;

	if (m->ngone)
		qsort(m->gone, m->ngone, sizeof(*m->gone), by_number);
	if (m->ncame)
		qsort(m->came, m->ncame, sizeof(*m->came), by_number);
	for (i = 0; i < m->ngone; i++) {
		uint32_t v = m->gone[i];

		if ((n && m->gone[n - 1] == v) ||
		    (m->ncame && bsearch(&v, m->came, m->ncame,
					 sizeof(*m->came), by_number)))
			continue;
		m->gone[n++] = v;
	}
	m->ngone = n;
}

static void take_counts(void *arg, const struct wire_head *h, const char *p,
			const char *end)
{
	struct marks *m = arg;
	uint32_t i;

	if (h->type != WIRE_COUNTED)
		return;
	for (i = 0; i < m->ngone; i++)
		if (unpack_u32(&p, end, &m->counts[i]))
			return;
}

static void count_marks(struct engine *e, struct marks *m)
{
	struct buf *b;
	uint32_t i;

	m->counts = calloc(m->ngone, sizeof(*m->counts));
	if (!m->counts)
		abort();
	if (worker_start(&e->worker))
		return;
	b = worker_begin(&e->worker, WIRE_COUNT, 0);
	pack_str(b, m->netns);
	pack_u32(b, m->ngone);
	for (i = 0; i < m->ngone; i++)
		pack_u32(b, m->gone[i]);
	if (!worker_send(&e->worker))
		worker_wait(&e->worker, take_counts, m);
}

static void connections_in(struct effects *x, const char *netns,
			   const struct plan *plan, const struct state *found)
{
	struct marks m = { .netns = netns };
	json_int_t total = 0;
	json_t *o;
	uint32_t i;

	take_marks(&m, plan, found);
	reduce_marks(&m);
	if (m.ngone)
		count_marks(x->e, &m);
	for (i = 0; i < m.ngone; i++)
		total += m.counts[i];
	if (total) {
		o = tell(x, "cuts", "connections", netns,
			 arena_printf(x->arena, "%lld live connection%s%s%s "
				      "end%s with the rules they live by",
				      (long long)total, total == 1 ? "" : "s",
				      *netns ? " in " : "", netns,
				      total == 1 ? "s" : ""));
		if (json_array_size(x->list) < LIST_MAX)
			json_object_set_new(o, "connections",
					    json_integer(total));
	}
	free(m.gone);
	free(m.came);
	free(m.counts);
}

void effects_steps(struct engine *e, const struct plan *plan,
		   const struct state *found, json_t *list)
{
	struct effects x = { .e = e, .arena = arena_new(), .list = list };
	const char *seen = NULL;
	uint32_t i;

	for (i = 0; i < plan->n; i++) {
		service_step(&x, plan, &plan->steps[i]);
		link_step(&x, plan, &plan->steps[i]);
	}
	/* the steps of a namespace's rules are together: plan.c */
	for (i = 0; i < plan->n; i++) {
		const struct object *o = subject(&plan->steps[i]);

		if (!kind_is_nft(o->kind) || (seen && !strcmp(seen, o->netns)))
			continue;
		seen = o->netns;
		connections_in(&x, seen, plan, found);
	}
	arena_free(x.arena);
}

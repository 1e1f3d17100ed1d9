// change.c - from the topologies in force to the next ones
// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "netd/engine.h"

/*
 * Only topologies that come, go or are replaced are looked at, so that a small
 * one costs the same next to a thousand networks.  Topologies share objects
 * (the base chains of a namespace), so an object goes only when nobody wants
 * it any more.
 */

void change_clash(void *arg, const struct object *a, const struct object *b)
{
	struct report *r = arg;
	struct buf id = { 0 }, at = { 0 };

	object_print_id(a, &id);
	report_place(r, a->pos, &at);
	report_error(r, b->pos, NULL, "%s is asked for at %s too, and differs "
		     "there: choose another name", buf_text(&id),
		     at.len ? buf_text(&at) : "another place");
	buf_reset(&at);
	report_place(r, b->pos, &at);
	report_error(r, a->pos, NULL, "%s is asked for at %s too, and differs "
		     "there: choose another name", buf_text(&id),
		     at.len ? buf_text(&at) : "another place");
	buf_free(&id);
	buf_free(&at);
}

/* The first object from FROM on that is not before O: near, as a rule. */
static uint32_t seek_from(const struct state *s, uint32_t from,
			  const struct object *o)
{
	uint32_t lo = from, hi, step = 1, mid;

	while (lo < s->n && object_cmp(s->v[lo], o) < 0) {
		from = lo + 1;
		lo = lo + step;
		step *= 2;
	}
	hi = lo < s->n ? lo : s->n;
	for (lo = from; lo < hi;) {
		mid = lo + (hi - lo) / 2;
		if (object_cmp(s->v[mid], o) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

/* A walk along a state; the objects asked for come in order. */
struct cursor {
	const struct state *s;
	uint32_t i;
};

static struct object *cursor_find(struct cursor *c, const struct object *o)
{
	c->i = seek_from(c->s, c->i, o);
	return c->i < c->s->n && !object_cmp(c->s->v[c->i], o) ?
	       c->s->v[c->i] : NULL;
}

/* Both are sorted, and so is the result: far cheaper than sorting them. */
static struct state *united(const struct state *a, const struct state *b)
{
	struct state *u = state_new();
	uint32_t i = 0, k = 0;
	int c;

	while (i < a->n || k < b->n) {
		c = i == a->n ? 1 : k == b->n ? -1 :
		    object_cmp(a->v[i], b->v[k]);
		state_ref(u, c <= 0 ? a->v[i] : b->v[k]);
		i += c <= 0;
		k += c >= 0;
	}
	return u;
}

static void unite(struct state **ids, const struct state *more)
{
	struct state *u = united(*ids, more);

	state_free(*ids);
	*ids = u;
}

/* Those of A that are not in B, into OUT. */
static void collect(struct topos *out, const struct topos *a,
		    const struct topos *b)
{
	unsigned int i;

	for (i = 0; i < a->n; i++)
		if (!topos_has(b, a->v[i]))
			topos_put(out, a->v[i]);
}

/* All that those topologies ask for. */
static struct state *all_ids(const struct change *c)
{
	struct state *ids = state_new();
	unsigned int i;

	for (i = 0; i < c->gone.n; i++)
		unite(&ids, c->gone.v[i]->exp);
	for (i = 0; i < c->came.n; i++)
		unite(&ids, c->came.v[i]->exp);
	return ids;
}

/* Those of the topology that may differ from its former self. */
static void replaced_ids(struct change *c, struct state **ids,
			 const struct entry *old, const struct entry *new)
{
	struct state *differ = state_new();

	c->twins = realloc(c->twins, (c->ntwins + 1) * sizeof(*c->twins));
	if (!c->twins)
		abort();
	twins_find(&c->twins[c->ntwins++], old->exp, new->exp, differ);
	state_sort(differ, NULL, NULL);
	unite(ids, differ);
	state_free(differ);
}

/* What was refused, or is waited for, is tried again. */
static void held_ids(const struct engine *e, const struct change *c,
		     struct state **ids)
{
	struct state *held = state_new();
	const struct hold *h;
	struct object *o;
	unsigned int i, k;

	for (i = 0; i < e->holds.n; i++) {
		h = &e->holds.v[i];
		for (k = 0; k < c->came.n; k++) {
			o = state_find(c->came.v[k]->exp, h->kind, h->netns,
				       h->name);
			if (o)
				state_ref(held, o);
		}
	}
	held->sorted = false;
	state_sort(held, NULL, NULL);
	unite(ids, held);
	state_free(held);
}

static struct state *differing_ids(const struct engine *e, struct change *c)
{
	struct state *ids = state_new();
	struct entry *old;
	unsigned int i;

	for (i = 0; i < c->gone.n; i++)
		if (!topos_find(&c->came, c->gone.v[i]->name))
			unite(&ids, c->gone.v[i]->exp);
	for (i = 0; i < c->came.n; i++) {
		old = topos_find(&c->gone, c->came.v[i]->name);
		if (old)
			replaced_ids(c, &ids, old, c->came.v[i]);
		else
			unite(&ids, c->came.v[i]->exp);
	}
	held_ids(e, c, &ids);
	return ids;
}

/* Two topologies that want different things of one name. */
static void compare(struct engine *e, struct object *a, struct object *b)
{
	struct state *two = state_new();

	state_ref(two, a);
	state_ref(two, b);
	two->sorted = false;
	state_sort(two, change_clash, e->report);
	state_free(two);
}

/* The object of that identity that the next set wants. */
static struct object *next_wanted(struct engine *e, struct cursor *at,
				  unsigned int n, const struct object *id)
{
	struct object *o, *first = NULL;
	unsigned int i;

	for (i = 0; i < n; i++) {
		o = cursor_find(&at[i], id);
		if (o && first)
			compare(e, first, o);
		if (o && !first)
			first = o;
	}
	return first;
}

/* Adds objects FROM to UPTO of a sorted state that follow those of S. */
static void append(struct state *s, const struct state *from, uint32_t at,
		   uint32_t upto)
{
	uint32_t n = upto - at;

	if (!n)
		return;
	if (s->n + n > s->cap) {
		s->cap = s->n + n + 64;
		s->v = realloc(s->v, s->cap * sizeof(*s->v));
		if (!s->v)
			abort();
	}
	memcpy(&s->v[s->n], &from->v[at], n * sizeof(*s->v));
	s->n += n;
}

/* e->wanted with the objects IDS replaced by those of them in WANT. */
static struct state *merge(const struct state *wanted, const struct state *ids,
			   const struct state *want)
{
	struct state *m = state_new();
	struct cursor w = { .s = want };
	uint32_t i, at = 0, upto;
	struct object *o;

	m->cap = wanted->n + want->n + 1;
	m->v = malloc(m->cap * sizeof(*m->v));
	if (!m->v)
		abort();

	for (i = 0; i < ids->n; i++) {
		upto = seek_from(wanted, at, ids->v[i]);
		append(m, wanted, at, upto);
		at = upto;
		if (at < wanted->n && !object_cmp(wanted->v[at], ids->v[i]))
			at++;
		o = cursor_find(&w, ids->v[i]);
		if (o)
			state_ref(m, o);
	}
	append(m, wanted, at, wanted->n);
	return m;
}

/* What is believed to be there: as wanted until now, but for what failed. */
static bool is_there(struct engine *e, const struct object *o)
{
	const struct hold *h = hold_find(&e->holds, o);

	return !h || !h->absent;
}

/* Names that foreign things have must not be taken for free ones. */
static void add_foreign(struct engine *e, struct state *have,
			const struct object *o)
{
	struct object *f = NULL;

	if (kind_is_link(o->kind))
		f = state_find(e->host, KIND_LINK, o->netns, o->name);
	if (!f)
		f = state_find(e->host, o->kind, o->netns, o->name);
	if (f && f->foreign)
		state_ref(have, f);
}

/*
 * C->want and C->have: what of IDS is wanted next, and is there: as it was
 * seen, or as it was wanted until now.
 */
static void fill(struct engine *e, struct change *c, const struct state *ids)
{
	struct cursor *at = calloc(c->next.n + 1, sizeof(*at));
	struct cursor old = { .s = c->seen ? c->seen : e->wanted };
	struct object *want, *have;
	uint32_t i;

	if (!at)
		abort();
	c->want->n = c->have->n = 0;
	c->have->sorted = true;
	for (i = 0; i < c->next.n; i++)
		at[i].s = c->next.v[i]->exp;
	for (i = 0; i < ids->n; i++) {
		want = next_wanted(e, at, c->next.n, ids->v[i]);
		have = cursor_find(&old, ids->v[i]);
		if (want)
			state_ref(c->want, want);
		if (have && (c->seen || is_there(e, have)))
			state_ref(c->have, have);
		else if (want)
			add_foreign(e, c->have, want);
	}
	free(at);
	state_sort(c->have, NULL, NULL);
}

/* A change that depends on whether the thing is in use. */
static bool is_pinned(const struct change *c)
{
	struct cursor have = { .s = c->have };
	uint64_t mask = 0;
	struct object *h;
	uint32_t i;
	int kind = -1;

	for (i = 0; i < c->want->n; i++) {
		if (c->want->v[i]->kind != kind) {
			kind = c->want->v[i]->kind;
			mask = object_mask(kind, CLASS_PINNED);
		}
		h = mask ? cursor_find(&have, c->want->v[i]) : NULL;
		if (h && !h->foreign && object_diff(c->want->v[i], h) & mask)
			return true;
	}
	return false;
}

/* Does it change more than rules? */
static bool is_of_links(const struct change *c)
{
	struct cursor have = { .s = c->have };
	uint32_t i, n = 0, old = 0;
	struct object *h;

	for (i = 0; i < c->want->n; i++) {
		if (kind_is_nft(c->want->v[i]->kind))
			continue;
		n++;
		h = cursor_find(&have, c->want->v[i]);
		if (!h || object_diff(c->want->v[i], h))
			return true;
	}
	for (i = 0; i < c->have->n; i++)
		old += !kind_is_nft(c->have->v[i]->kind);
	return n != old;
}

/* Is what is believed to be there not good enough for this change? */
static bool must_look(const struct engine *e, const struct change *c)
{
	if (e->nothing_goes || e->unsure & OBSERVE_NFT || is_pinned(c))
		return true;
	return e->unsure && is_of_links(c);
}

/*
 * As a rule what was wanted is there, and looking at a thousand networks for
 * a change of one would cost more than the change.
 */
static int look_first(struct engine *e, struct change *c, struct state **ids)
{
	struct state *hints;
	int err = 0;

	if (!must_look(e, c))
		return 0;
	/* half of another update is no state to plan from */
	if (e->running)
		return -EAGAIN;
	hints = state_new();
	hints_add(hints, c->want);
	hints_add(hints, e->wanted);
	sysctls_hint(e, hints);
	hints->sorted = false;
	state_sort(hints, NULL, NULL);
	c->seen = observe(e, OBSERVE_LINKS | OBSERVE_NFT | OBSERVE_FACTS,
			  hints, &err);
	state_free(hints);
	if (!c->seen)
		return err;
	/* what is the same in the text may not be so in the kernel */
	state_free(*ids);
	*ids = all_ids(c);
	fill(e, c, *ids);
	return err;
}

unsigned int change_refused(struct engine *e, const struct plan *plan)
{
	unsigned int n = 0;
	uint32_t i;

	for (i = 0; i < plan->n; i++) {
		const struct step *s = &plan->steps[i];
		struct buf b = { 0 };

		if (s->op != OP_REFUSE)
			continue;
		plan_print_step(s, &b);
		/* without the sign and the end of the line */
		report_error(e->report, s->want->pos, NULL, "%.*s",
			     (int)b.len - 3, b.p + 2);
		buf_free(&b);
		n++;
	}
	return n;
}

/*
 * Whether a sysctl needs to be set is known only from the host: what it is
 * now is both compared and remembered.
 */
static int look_at_sysctls(struct engine *e, struct change *c)
{
	struct state *hints = state_new(), *found;
	uint32_t i;
	int err = 0;

	for (i = 0; i < c->want->n; i++)
		if (c->want->v[i]->kind == KIND_SYSCTL &&
		    !state_find(c->have, KIND_SYSCTL, c->want->v[i]->netns,
				c->want->v[i]->name))
			state_ref(hints, c->want->v[i]);
	found = hints->n ? observe(e, OBSERVE_SYSCTLS, hints, &err) : NULL;
	for (i = 0; found && i < found->n; i++)
		if (found->v[i]->kind == KIND_SYSCTL)
			state_copy(c->have, found->v[i]);
	state_sort(c->have, NULL, NULL);
	state_free(found);
	state_free(hints);
	return err;
}

int change_plan(struct engine *e, struct change *c, const struct topos *next)
{
	unsigned int before = e->report->errors, i;
	struct state *ids;
	int err;

	memset(c, 0, sizeof(*c));
	c->next = topos_copy(next);
	c->want = state_new();
	c->have = state_new();
	collect(&c->gone, &e->set, next);
	collect(&c->came, next, &e->set);
	ids = differing_ids(e, c);
	fill(e, c, ids);
	err = look_first(e, c, &ids);
	c->wanted = merge(e->wanted, ids, c->want);
	for (i = 0; i < c->ntwins; i++)
		twins_put(&c->twins[i], c->wanted);
	state_free(ids);
	if (!err && !c->seen)
		err = look_at_sysctls(e, c);
	if (err)
		return err;
	err = plan_diff(c->want, c->have, &c->plan, e->report);
	if (change_collides(e, &c->plan))
		return -EAGAIN;
	change_refused(e, &c->plan);
	return e->report->errors > before ? -EEXIST : err;
}

struct state *want_all(struct engine *e, const struct topos *set)
{
	struct state *s = state_new();
	unsigned int i;
	uint32_t k;

	for (i = 0; i < set->n; i++)
		for (k = 0; k < set->v[i]->exp->n; k++)
			state_ref(s, set->v[i]->exp->v[k]);
	state_sort(s, change_clash, e->report);
	return s;
}

void change_swap(struct engine *e, struct change *c)
{
	free(e->set.v);
	state_free(e->wanted);
	e->set = c->next;
	e->wanted = c->wanted;
	c->next = (struct topos){ 0 };
	c->wanted = NULL;
	c->swapped = true;
}

void change_back(struct engine *e, struct change *c)
{
	unsigned int i;

	for (i = 0; i < c->came.n; i++)
		topos_drop(&e->set, c->came.v[i]->name);
	for (i = 0; i < c->gone.n; i++)
		topos_put(&e->set, c->gone.v[i]);
	state_free(e->wanted);
	e->wanted = want_all(e, &e->set);
	c->swapped = false;
}

/*
 * An update that is running may still refer to objects of a topology that
 * another one replaced meanwhile: those that they share.
 */
static void bury(struct engine *e, struct entry *en)
{
	if (!e->running) {
		entry_free(en);
		return;
	}
	e->buried = realloc(e->buried, (e->nburied + 1) * sizeof(en));
	if (!e->buried)
		abort();
	e->buried[e->nburied++] = en;
}

void change_end(struct engine *e, struct change *c)
{
	const struct topos *out = c->swapped ? &c->gone : &c->came;
	unsigned int i;

	plan_free(&c->plan);
	for (i = 0; i < c->ntwins; i++)
		free(c->twins[i].twin);
	free(c->twins);
	state_free(c->want);
	state_free(c->have);
	state_free(c->wanted);
	state_free(c->seen);
	for (i = 0; i < out->n; i++)
		bury(e, out->v[i]);
	while (!e->running && e->nburied)
		entry_free(e->buried[--e->nburied]);
	free(c->gone.v);
	free(c->came.v);
	free(c->next.v);
	memset(c, 0, sizeof(*c));
}

/* --- within another update ------------------------------------------- */

bool change_is_about(const struct engine *e, const char *topology)
{
	const struct change *c = e->running;

	return c && (!topology || topos_find(&c->came, topology) ||
		     topos_find(&c->gone, topology));
}

bool change_collides(const struct engine *e, const struct plan *plan)
{
	const struct object *o;
	uint32_t i;

	for (i = 0; e->running && i < plan->n; i++) {
		o = plan->steps[i].want;
		if (o && !kind_is_nft(o->kind) &&
		    state_find(e->running->have, o->kind, o->netns, o->name))
			return true;
	}
	return false;
}

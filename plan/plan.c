// plan.c - the steps between two states
// SPDX-License-Identifier: GPL-2.0-or-later
#include "netd/plan.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/*
 * The order is a safety property.  A namespace comes before what is in it.
 * Forwarding ends before its rules go and begins after all else is there.
 * All rules of a namespace change in one transaction, before any interface
 * comes, so that no packet passes before its policy, and before any goes, so
 * that a tightened policy doesn't wait behind slow deletions.  Bridges cost
 * an RCU barrier each and nobody waits for their end: they go last, with the
 * namespaces.
 */

void plan_add(struct plan *plan, enum op op, uint64_t mask,
	      struct object *want, struct object *have)
{
	struct step *s;

	if (plan->n == plan->cap) {
		plan->cap = plan->cap ? plan->cap * 2 : 64;
		plan->steps = realloc(plan->steps,
				      plan->cap * sizeof(*plan->steps));
		if (!plan->steps)
			abort();
	}
	s = &plan->steps[plan->n++];
	*s = (struct step){ .op = op, .mask = mask, .want = want,
			    .have = have };
	s->phase = op == OP_DESTROY ? kinds[have->kind].destroy_phase :
		   kinds[want->kind].create_phase;
}

void plan_free(struct plan *plan)
{
	free(plan->steps);
	memset(plan, 0, sizeof(*plan));
}

static const struct object *subject(const struct step *s)
{
	return s->want ? s->want : s->have;
}

static bool begins_forwarding(const struct object *o)
{
	size_t len = strlen(o->name);

	return o->kind == KIND_SYSCTL && len > 10 &&
	       (!strcmp(o->name + len - 10, "forwarding") ||
		!strcmp(o->name + len - 10, "ip_forward"));
}

/*
 * Within a phase: what goes, before what comes, and backwards, since later
 * kinds stand on earlier ones.  Rules: a namespace is one transaction.
 * accept_ra=2 comes before forwarding, or the kernel drops the host's own
 * default router at that moment (addrconf_forward_change()).
 */
static int step_cmp(const struct step *a, const struct step *b)
{
	const struct object *x = subject(a), *y = subject(b);
	int c, gone = (a->op == OP_DESTROY) - (b->op == OP_DESTROY);

	if (a->phase != b->phase)
		return a->phase < b->phase ? -1 : 1;
	if (a->phase == PHASE_NFT) {
		c = strcmp(x->netns, y->netns);
		if (c)
			return c;
	}
	if (gone)
		return -gone;
	if (a->phase == PHASE_OPEN && a->op != OP_DESTROY) {
		c = begins_forwarding(x) - begins_forwarding(y);
		if (c)
			return c;
	}
	c = object_cmp(x, y);
	return a->op == OP_DESTROY ? -c : c;
}

static int by_phase(const void *a, const void *b)
{
	return step_cmp(a, b);
}

void plan_sort(struct plan *plan)
{
	if (plan->n)
		qsort(plan->steps, plan->n, sizeof(*plan->steps), by_phase);
}

/* --- the difference -------------------------------------------------- */

enum verdict { STAYS, GOES };

struct diff {
	const struct state *wanted, *found;
	uint8_t *verdict;	/* of each found object */
	uint32_t going;		/* how many of them GO */
	struct plan *plan;
	struct report *report;
	int err;
};

static bool goes(const struct diff *d, int kind, const char *netns,
		 const char *name)
{
	struct object key = { .kind = kind, .netns = netns, .name = name };
	uint32_t i;

	if (!d->going)
		return false;
	i = state_seek(d->found, kind, netns, name);
	return i < d->found->n && !object_cmp(d->found->v[i], &key) &&
	       d->verdict[i] == GOES;
}

/* Does something go that takes the found object O along? */
static bool dies(const struct diff *d, const struct object *o)
{
	if (o->netns[0] && goes(d, KIND_NETNS, "", o->netns))
		return true;
	return o->within[0] &&
	       goes(d, o->within_kind, o->netns, o->within);
}

/*
 * Does it die before W comes?  A bridge goes last: a route that moves from it
 * to another one is still there, and is changed in place.
 */
static bool dies_first(const struct diff *d, const struct object *o,
		       const struct object *w)
{
	if (o->within[0] && goes(d, o->within_kind, o->netns, o->within) &&
	    kinds[o->within_kind].destroy_phase > kinds[w->kind].create_phase)
		return false;
	return dies(d, o);
}

/* A foreign thing has the name that we want. */
static bool clashes(struct diff *d, struct object *w)
{
	const struct object *f = NULL;

	if (w->kind == KIND_NIC)
		return false;
	if (kind_is_link(w->kind))
		f = state_find(d->found, KIND_LINK, w->netns, w->name);
	if (!f)
		f = state_find(d->found, w->kind, w->netns, w->name);
	if (!f || !f->foreign)
		return false;
	report_error(d->report, w->pos, NULL,
		     "%s %s exists already and is not netd's: remove it, or "
		     "choose another name", kinds[f->kind].name, w->name);
	d->err = -EEXIST;
	return true;
}

static void only_found(struct diff *d, uint32_t i)
{
	struct object *o = d->found->v[i];

	if (o->foreign || o->kind == KIND_FACT)
		return;
	d->verdict[i] = GOES;
	d->going++;
	if (!dies(d, o))
		plan_add(d->plan, OP_DESTROY, 0, NULL, o);
}

static void only_wanted(struct diff *d, struct object *w)
{
	if (!clashes(d, w))
		plan_add(d->plan, OP_CREATE, 0, w, NULL);
}

static void replace(struct diff *d, uint32_t i, struct object *w,
		    bool destroy)
{
	d->verdict[i] = GOES;
	d->going++;
	if (destroy) {
		plan_add(d->plan, OP_DESTROY, 0, NULL, d->found->v[i]);
		/* even a bridge must be gone before it comes again */
		if (!kind_is_nft(w->kind))
			d->plan->steps[d->plan->n - 1].phase = PHASE_GO;
	}
	plan_add(d->plan, OP_CREATE, 0, w, NULL);
}

static void both(struct diff *d, uint32_t i, struct object *w)
{
	struct object *f = d->found->v[i];
	uint64_t mask;

	if (f->foreign) {
		/* an address or route that somebody else put there serves */
		if (w->kind < KIND_ADDRESS || w->kind == KIND_FILE)
			clashes(d, w);
		return;
	}
	if (dies_first(d, f, w)) {
		replace(d, i, w, false);
		return;
	}
	mask = object_diff(w, f);
	if (!mask)
		return;
	if (mask & object_mask(w->kind, CLASS_FIXED))
		replace(d, i, w, true);
	else if (!(mask & object_mask(w->kind, CLASS_PINNED)))
		plan_add(d->plan, OP_UPDATE, mask, w, f);
	else if (f->busy)
		plan_add(d->plan, OP_REFUSE, mask, w, f);
	else
		replace(d, i, w, true);
}

int plan_diff(const struct state *wanted, const struct state *found,
	      struct plan *plan, struct report *report)
{
	struct diff d = { .wanted = wanted, .found = found, .plan = plan,
			  .report = report };
	uint32_t w = 0, f = 0;
	int c;

	d.verdict = calloc(found->n + 1, 1);
	if (!d.verdict)
		abort();
	/* a parent's kind sorts before its children's: its verdict is known */
	while (w < wanted->n || f < found->n) {
		c = w == wanted->n ? 1 : f == found->n ? -1 :
		    object_cmp(wanted->v[w], found->v[f]);
		if (c < 0)
			only_wanted(&d, wanted->v[w++]);
		else if (c > 0)
			only_found(&d, f++);
		else
			both(&d, f++, wanted->v[w++]);
	}
	free(d.verdict);
	plan_sort(plan);
	return d.err;
}

const char *op_name(int op)
{
	static const char *const names[] = {
		[OP_DESTROY] = "destroy", [OP_CREATE] = "create",
		[OP_UPDATE] = "update", [OP_REFUSE] = "refuse",
	};

	return names[op];
}

/* What was written out as a default is not worth a line: only what differs
 * from nothing. */
static uint64_t worth_telling(const struct object *o)
{
	const struct record *r = &kinds[o->kind].rec;
	const void *nothing;
	struct arena *a = arena_new();
	uint64_t mask = 0;
	uint32_t i;

	nothing = arena_alloc(a, r->size);
	for (i = 0; i < r->count; i++)
		if (r->fields[i].cls != CLASS_INFO &&
		    !field_is_any(&r->fields[i], o) &&
		    field_cmp(&r->fields[i], o, nothing))
			mask |= 1ull << i;
	arena_free(a);
	return mask;
}

static void print_change(const struct step *s, struct buf *out)
{
	const struct record *r = &kinds[s->want->kind].rec;
	const char *sep = ": ";
	uint32_t i;

	for (i = 0; i < r->count; i++) {
		if (!(s->mask & 1ull << i))
			continue;
		buf_printf(out, "%s%s ", sep, r->fields[i].name);
		field_print(&r->fields[i], s->have, out);
		buf_str(out, " -> ");
		field_print(&r->fields[i], s->want, out);
		sep = ", ";
	}
	if (s->op == OP_REFUSE)
		buf_str(out, " (in use: stop what uses it first)");
}

void plan_print_step(const struct step *s, struct buf *out)
{
	static const char sign[] = {
		[OP_DESTROY] = '-', [OP_CREATE] = '+', [OP_UPDATE] = '~',
		[OP_REFUSE] = '!',
	};
	const struct object *o = subject(s);

	buf_printf(out, "%c ", sign[s->op]);
	object_print_id(o, out);
	if (s->op == OP_CREATE) {
		uint64_t mask = worth_telling(o);

		buf_str(out, mask ? ": " : "");
		object_print(o, mask, out);
	} else if (s->op != OP_DESTROY) {
		print_change(s, out);
	}
	buf_str(out, "\n");
}

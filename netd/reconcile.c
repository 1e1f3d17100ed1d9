// reconcile.c - the host as it is becomes the host as it is wanted
// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "netd/engine.h"
#include "netd/log.h"

#define ROUNDS 3

static struct state *make_hints(struct engine *e, const struct state *wanted)
{
	struct state *hints = state_new();

	hints_add(hints, wanted);
	sysctls_hint(e, hints);
	state_sort(hints, NULL, NULL);
	return hints;
}

/*
 * Rules that we wrote are known without reading them.  They are compared only
 * when they were looked at.
 */
static struct state *comparable(const struct state *s, uint32_t flags)
{
	struct state *c = state_new();
	uint32_t i;

	for (i = 0; i < s->n; i++)
		if (flags & OBSERVE_NFT || !kind_is_nft(s->v[i]->kind))
			state_ref(c, s->v[i]);
	return c;
}

int reconcile_plan(struct engine *e, uint32_t flags, const struct state *wanted,
		   struct state **found, struct plan *plan)
{
	struct state *hints = make_hints(e, wanted), *w, *f;
	int err;

	*found = observe(e, flags, hints, &err);
	state_free(hints);
	if (!*found)
		return err;
	w = comparable(wanted, flags);
	f = comparable(*found, flags);
	plan_diff(w, f, plan, e->report);
	state_free(w);
	state_free(f);
	return 0;
}

/* A topology couldn't be read: whatever is there may be its. */
static bool may_go(const struct engine *e, const struct step *s)
{
	return !e->nothing_goes || s->op != OP_DESTROY;
}

static void refuse(struct engine *e, const struct step *s)
{
	struct hold *h = hold_find(&e->holds, s->want);
	struct buf b = { 0 };

	plan_print_step(s, &b);
	if (!h || strcmp(h->why, buf_text(&b)))
		log_warning("%s", buf_text(&b));
	hold_add(&e->holds, s, EBUSY, buf_text(&b), now_ms());
	buf_free(&b);
}

/* Leaves the steps that are to be taken now. */
static void filter(struct engine *e, struct plan *plan)
{
	int64_t now = now_ms();
	uint32_t i, n = 0;

	hold_begin(&e->holds);
	for (i = 0; i < plan->n; i++) {
		struct step *s = &plan->steps[i];

		if (hold_blocks(&e->holds, s, now) || !may_go(e, s))
			continue;
		if (s->op == OP_REFUSE)
			refuse(e, s);
		else if (plug_is_over(e, s))
			hold_add(&e->holds, s, ENOENT, "whoever took its "
				 "other end is gone", now);
		else
			plan->steps[n++] = *s;
	}
	plan->n = n;
}

static void log_failure(struct engine *e, const struct hold *h,
			const struct step *s)
{
	struct buf id = { 0 }, at = { 0 };

	object_print_id(s->want ? s->want : s->have, &id);
	report_place(e->report, h->pos, &at);
	log_warning("%s%s%s %s: %s; next try in %d ms",
		    buf_text(&at), at.len ? ": " : "", op_name(s->op),
		    buf_text(&id), h->why, (int)(h->next - now_ms()));
	buf_free(&id);
	buf_free(&at);
}

unsigned int take_failures(struct engine *e, const struct plan *plan)
{
	unsigned int i, real = 0;

	for (i = 0; i < e->nfailures; i++) {
		const struct failure *f = &e->failures[i];
		const struct step *s = &plan->steps[f->step];
		struct hold *h = hold_find(&e->holds, s->want ? s->want :
					   s->have);
		bool news = !h || strcmp(h->why, f->why);

		h = hold_add(&e->holds, s, f->err, f->why, now_ms());
		if (news)
			log_failure(e, h, s);
		real += !h->waiting;
	}
	return real;
}

static void log_steps(const struct plan *plan)
{
	struct buf b = { 0 };
	uint32_t i;

	for (i = 0; i < plan->n && i < 50; i++) {
		buf_reset(&b);
		plan_print_step(&plan->steps[i], &b);
		log_debug("%s", buf_text(&b));
	}
	if (i < plan->n)
		log_debug("... and %u more", plan->n - i);
	buf_free(&b);
}

/* What was done and is there again; still a difference: it is held. */
static void stubborn(struct engine *e, const struct plan *plan)
{
	uint32_t i;

	for (i = 0; i < plan->n; i++) {
		struct buf b = { 0 };

		plan_print_step(&plan->steps[i], &b);
		log_warning("the host does not stay as it was set: %s",
			    buf_text(&b));
		hold_add(&e->holds, &plan->steps[i], EAGAIN,
			 "it does not stay as it was set", now_ms());
		buf_free(&b);
	}
}

static bool makes_namespace(const struct plan *plan)
{
	uint32_t i;

	for (i = 0; i < plan->n; i++)
		if (plan->steps[i].op == OP_CREATE &&
		    plan->steps[i].want->kind == KIND_NETNS)
			return true;
	return false;
}

/*
 * A namespace that somebody has deleted took its rules with it: they come
 * before its interfaces, though no event told of them.
 */
static int plan_all(struct engine *e, uint32_t *flags, struct state **found,
		    struct plan *plan)
{
	int err = reconcile_plan(e, *flags, e->wanted, found, plan);

	if (err || *flags & OBSERVE_NFT || !makes_namespace(plan))
		return err;
	plan_free(plan);
	state_free(*found);
	memset(plan, 0, sizeof(*plan));
	*flags |= OBSERVE_NFT;
	return reconcile_plan(e, *flags, e->wanted, found, plan);
}

/* One round: how many steps succeeded, or a negative errno. */
static int round_once(struct engine *e, uint32_t flags, bool last)
{
	struct plan plan = { 0 };
	struct state *found;
	int err, done = 0;

	err = plan_all(e, &flags, &found, &plan);
	if (err)
		return err;
	if (flags & OBSERVE_FACTS && observe_host(e, found))
		e->facts_changed = true;
	filter(e, &plan);
	if (plan.n && last) {
		stubborn(e, &plan);
	} else if (plan.n) {
		log_steps(&plan);
		err = run_plan(e, &plan, NULL, NULL);
		if (!err)
			take_failures(e, &plan);
		done = err ? err : (int)(plan.n - e->nfailures);
	}
	plan_free(&plan);
	state_free(found);
	return done;
}

int reconcile(struct engine *e, uint32_t flags)
{
	int64_t start = now_ms();
	int round, done = 0, steps = 0;

	for (round = 0; round <= ROUNDS; round++) {
		done = round_once(e, flags, round == ROUNDS);
		if (done <= 0)
			break;
		steps += done;
	}
	if (done < 0) {
		engine_look(e, OBSERVE_ALL, 100);
		return done;
	}
	hold_sweep(&e->holds);
	watch(e);
	/* rules that were refused are to be read before they are compared */
	e->unsure = 0;
	e->last_ms = now_ms() - start;
	if (steps)
		log_info("%d steps in %d ms", steps, (int)e->last_ms);
	return 0;
}

int reconcile_persist(struct engine *e, uint32_t flags)
{
	int err = 0, tries;
	int64_t wait;

	for (tries = 0; tries < 4; tries++) {
		err = reconcile(e, flags);
		if (!err || err == -ECANCELED)
			break;
		flags = OBSERVE_ALL;
		wait = e->worker.next - now_ms();
		if (wait > 0)
			poll(&(struct pollfd){ .fd = e->stop,
					       .events = POLLIN }, 1, wait);
	}
	return err;
}

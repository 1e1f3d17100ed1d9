// update.c - a change of what is asked for: done as a whole, or undone
// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "netd/conflists.h"
#include "netd/engine.h"
#include "netd/history.h"
#include "netd/log.h"

#define NUMBERS "numbers"
#define NUMBERS_TWIN "numbers.twin"
/* Bytes that are added to the file before it is written anew. */
#define TAIL_MAX (256 << 10)
/* To look again is cheap next to what was done, or in a small host. */
#define SMALL_HOST 4000
#define SOON_MS 1000
/* So many links are deleted in the background, which takes its time. */
#define MANY_GO 256
#define REMOVAL_MS 120000

static int numbers_write(struct engine *e, bool whole, bool safe)
{
	struct buf b = { 0 };
	int err;

	if (whole) {
		numbers_print(e->numbers, &b);
		err = store_write(&e->store, NULL, NUMBERS, buf_text(&b),
				  b.len, safe);
		if (!err)
			err = store_write(&e->store, NULL, NUMBERS_TWIN,
					  buf_text(&b), b.len, false);
		e->numbers_tail = 0;
	} else {
		numbers_print_changes(e->numbers, &b);
		err = store_append(&e->store, NUMBERS, buf_text(&b), b.len,
				   safe);
		/* if it can't be, the other is there */
		if (!err)
			store_append(&e->store, NUMBERS_TWIN, buf_text(&b),
				     b.len, false);
		e->numbers_tail += b.len;
	}
	buf_free(&b);
	return err;
}

/* An attachment among thousands writes a line, and not thousands. */
int numbers_save(struct engine *e, bool safe)
{
	bool whole;
	int err;

	if (!numbers_changed(e->numbers, &whole))
		return 0;
	whole |= e->numbers_tail > TAIL_MAX;
	err = numbers_write(e, whole, safe);
	if (err && !whole)
		err = numbers_write(e, true, safe);
	if (!err)
		numbers_saved(e->numbers);
	return err;
}

void numbers_restore(struct engine *e)
{
	numbers_undo(e->numbers, 0);
}

static bool numbers_from(struct engine *e, const char *name, const char *text)
{
	if (!text || !numbers_read(e->numbers, text))
		return text;
	log_warning("state file %s is left out: it makes no sense", name);
	return false;
}

/*
 * Other numbers would cut off all that have them.  What is added to the end of
 * both may have come to one only, and an end may be lost: the longer one is
 * right.
 */
void numbers_load(struct engine *e)
{
	size_t len = 0, twin_len = 0;
	char *text = store_read(&e->store, NULL, NUMBERS, &len);
	char *twin = store_read(&e->store, NULL, NUMBERS_TWIN, &twin_len);
	bool later = twin && twin_len > len;

	if (text && twin && (len != twin_len || memcmp(text, twin, len)))
		log_warning("state files %s and %s differ", NUMBERS,
			    NUMBERS_TWIN);
	if (!numbers_from(e, later ? NUMBERS_TWIN : NUMBERS,
			  later ? twin : text))
		numbers_from(e, later ? NUMBERS : NUMBERS_TWIN,
			     later ? text : twin);
	free(text);
	free(twin);
}

/* The refusals as errors at the places that asked for it; how many. */
static unsigned int report_failures(struct engine *e, const struct plan *plan)
{
	unsigned int i, real = 0;

	for (i = 0; i < e->nfailures; i++) {
		const struct failure *f = &e->failures[i];
		const struct step *s = &plan->steps[f->step];
		const struct object *o = s->want ? s->want : s->have;
		struct buf id = { 0 };

		if (hold_can_wait(s, f->err))
			continue;
		object_print_id(o, &id);
		report_error(e->report, o->pos, NULL, "%s%s: %s",
			     kind_is_service(o->kind) ? "" :
			     "the kernel refused ", buf_text(&id), f->why);
		buf_free(&id);
		real++;
	}
	return real;
}

/* What of it is still to be waited for, in the end. */
static void report_waiting(struct engine *e, const struct change *c)
{
	unsigned int i;

	for (i = 0; i < e->holds.n; i++) {
		const struct hold *h = &e->holds.v[i];
		bool wanted = state_find(c->want, h->kind, h->netns, h->name);

		if (wanted || state_find(c->have, h->kind, h->netns, h->name))
			report_warning(e->report, h->pos, NULL,
				       "%s %s is not %s yet: %s",
				       kinds[h->kind].name, h->name,
				       wanted ? "there" : "gone", h->why);
	}
}

/* Found by a later look, after the kernel side died on the way. */
static unsigned int report_holds(struct engine *e, const struct state *want)
{
	unsigned int i, real = 0;

	for (i = 0; i < e->holds.n; i++) {
		const struct hold *h = &e->holds.v[i];

		if (h->waiting || !state_find(want, h->kind, h->netns, h->name))
			continue;
		report_error(e->report, h->pos, NULL, "%s %s: %s",
			     kinds[h->kind].name, h->name, h->why);
		real++;
	}
	return real;
}

/* The record first: by it a change is undone that nobody confirms. */
static int keep_it(struct engine *e, const struct change *c,
		   int (*keep)(struct engine *e, void *arg), void *arg)
{
	unsigned int before = e->history;
	int err = history_add(e, c);

	if (!err && keep)
		err = keep(e, arg);
	if (err)
		history_drop(e, before);
	if (err)
		report_error(e->report, (struct pos){ 0 }, NULL,
			     "the state folder can't be written: %s",
			     strerror(-err));
	return err;
}

/*
 * Is what was done as it should be?  At once where that costs little; after a
 * large removal when the kernel side says that all has gone, since until then
 * each look waits for the lock of all links again and again.
 */
static int look_again(struct engine *e, uint32_t steps)
{
	uint32_t links = e->wanted->n -
			 (state_seek(e->wanted, KIND_BRIDGE, "", "") -
			  state_seek(e->wanted, KIND_TABLE, "", ""));

	if (e->removes > MANY_GO) {
		e->removing_until = now_ms() + REMOVAL_MS;
		engine_look(e, 0, REMOVAL_MS);
	}
	if (now_ms() < e->removing_until)
		return 0;
	if (!e->within && (links < SMALL_HOST || steps > links / 4))
		return reconcile_persist(e, OBSERVE_LINKS | OBSERVE_FACTS);
	engine_look(e, 0, SOON_MS);
	return 0;
}

static bool is_removal(const struct step *s)
{
	return s->op == OP_DESTROY && (kind_is_link(s->have->kind) ||
				       s->have->kind == KIND_NETNS);
}

/*
 * What the kernel may refuse is tried before anything goes that could not be
 * brought back as it was: a tap that a VM holds.  Only bridges and taps, whose
 * names are all that two of them could fight about.
 */
static bool comes_first(const struct change *c, const struct step *s)
{
	if (s->phase <= PHASE_NFT)
		return true;
	return s->op == OP_CREATE &&
	       (s->want->kind == KIND_BRIDGE || s->want->kind == KIND_TAP) &&
	       !state_find(c->have, s->want->kind, s->want->netns,
			   s->want->name);
}

/* Moves the steps that come first to FIRST, if there is a reason to. */
static void split(struct engine *e, struct change *c, struct plan *first)
{
	uint32_t i, n = 0;

	e->removes = 0;
	for (i = 0; i < c->plan.n; i++)
		e->removes += is_removal(&c->plan.steps[i]);
	if (!e->removes)
		return;
	for (i = 0; i < c->plan.n; i++) {
		struct step *s = &c->plan.steps[i];

		if (!comes_first(c, s)) {
			c->plan.steps[n++] = *s;
			continue;
		}
		plan_add(first, s->op, s->mask, s->want, s->have);
		first->steps[first->n - 1].phase = s->phase;
	}
	c->plan.n = n;
}

static int take_steps(struct engine *e, struct plan *plan)
{
	int err = plan->n ? run_plan(e, plan, NULL, NULL) : 0;

	if (err || !plan->n)
		return err;
	if (report_failures(e, plan))
		return -EREMOTEIO;
	take_failures(e, plan);
	return 0;
}

static int take_all(struct engine *e, struct change *c)
{
	struct plan first = { 0 };
	int err;

	split(e, c, &first);
	err = take_steps(e, &first);
	if (!err)
		err = take_steps(e, &c->plan);
	plan_free(&first);
	return err;
}

/* While it runs, small ones are done in between: engine.c. */
static int take_in_force(struct engine *e, struct change *c)
{
	bool outermost = !e->running;
	int err;

	change_swap(e, c);
	e->doing = "applying";
	engine_publish(e);
	if (outermost)
		e->running = c;
	err = take_all(e, c);
	if (outermost)
		e->running = NULL;
	return err;
}

/* Does the steps.  0 when all is as it should be, else it is to be undone. */
static int carry_out(struct engine *e, struct change *c)
{
	int err = numbers_save(e, true);

	if (err)
		return err;
	if (!e->steps) {
		change_swap(e, c);
		return e->within ? 0 : reconcile_persist(e, OBSERVE_LINKS | OBSERVE_FACTS);
	}
	err = take_in_force(e, c);
	if (!err)
		return look_again(e, e->steps);
	if (err != -EPIPE || e->within)
		return err;
	/* the kernel side died: the new one goes on from what is there */
	err = reconcile_persist(e, OBSERVE_ALL);
	return !err && report_holds(e, c->want) ? -EREMOTEIO : err;
}

/* Within another update: what was done is taken back step by step. */
static void take_back(struct engine *e, struct change *c)
{
	struct plan plan = { 0 };

	plan_diff(c->have, c->want, &plan, e->report);
	run_plan(e, &plan, NULL, NULL);
	plan_free(&plan);
	engine_look(e, OBSERVE_ALL, 0);
}

static void undo(struct engine *e, struct change *c, int why)
{
	if (c->swapped)
		change_back(e, c);
	if (why == -EPIPE)
		report_error(e->report, (struct pos){ 0 }, NULL,
			     "the kernel side of netd ended while it applied "
			     "this; see the log");
	if (why == -ECANCELED)
		return;
	e->doing = "undoing";
	engine_publish(e);
	log_warning("the change is undone");
	numbers_restore(e);
	if (e->within)
		take_back(e, c);
	else if (reconcile_persist(e, OBSERVE_ALL))
		log_error("the change could not be undone yet");
}

int update(struct engine *e, const struct topos *next,
	   int (*keep)(struct engine *e, void *arg), void *arg)
{
	struct change c;
	int err;

	err = change_plan(e, &c, next);
	if (err) {
		numbers_restore(e);
		change_end(e, &c);
		return err;
	}
	e->steps = c.plan.n;
	err = carry_out(e, &c);
	if (!err)
		err = keep_it(e, &c, keep, arg);
	if (err)
		undo(e, &c, err);
	else
		report_waiting(e, &c);
	change_end(e, &c);
	if (!e->within)
		e->doing = "idle";
	engine_publish_all(e);
	if (!err)
		conflists_write(e);
	return err;
}

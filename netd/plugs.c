// plugs.c - attachments that come and go by the API
// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "netd/engine.h"
#include "netd/log.h"

/* Objects that are gone stay in their arena until it is built anew. */
#define WASTE_MAX 4096

static char *folder_of(const char *topology)
{
	char *s;

	if (asprintf(&s, STORE_PLUGS "/%s", topology) < 0)
		fatal("out of memory");
	return s;
}

struct loader {
	struct engine *e;
	struct entry *en;
	char *folder;
};

static void load_plug(void *arg, const char *name)
{
	struct loader *l = arg;
	size_t len;
	char *text = store_read(&l->e->store, l->folder, name, &len);

	if (text)
		entry_plug(l->en, name, text);
	free(text);
}

void plugs_load(struct engine *e, struct entry *en)
{
	struct loader l = { e, en, folder_of(en->name) };

	store_each(&e->store, l.folder, load_plug, &l);
	free(l.folder);
}

static void forget_plug(void *arg, const char *name)
{
	struct loader *l = arg;

	store_remove(&l->e->store, l->folder, name);
}

void plugs_forget(struct engine *e, const char *topology)
{
	struct loader l = { e, NULL, folder_of(topology) };

	store_each(&e->store, l.folder, forget_plug, &l);
	store_remove(&e->store, STORE_PLUGS, topology);
	free(l.folder);
}

/* --- one comes or goes ----------------------------------------------- */

struct plugging {
	struct entry *en;
	const char *name, *text;	/* text NULL: it goes */
	int err;
};

/* Written while the kernel works; a crash in between is cleaned up by it. */
static void write_down(struct engine *e, void *arg)
{
	struct plugging *p = arg;
	char *folder = folder_of(p->en->name);

	if (p->text)
		p->err = store_write(&e->store, folder, p->name, p->text,
				     strlen(p->text), false);
	else
		store_remove(&e->store, folder, p->name);
	free(folder);
}

/* Names of it that somebody else has already. */
static void add_have(struct engine *e, struct state *have, struct object *o)
{
	struct object *there = state_find(e->wanted, o->kind, o->netns,
					  o->name);

	if (there)
		change_clash(e->report, there, o);
	if (!there && kind_is_link(o->kind))
		there = state_find(e->host, KIND_LINK, o->netns, o->name);
	if (there && there->foreign)
		state_ref(have, there);
}

/* In a fresh attachment, what isn't there is an error: the caller waits. */
static int report_refusals(struct engine *e, const struct plan *plan)
{
	unsigned int i;

	for (i = 0; i < e->nfailures; i++) {
		const struct failure *f = &e->failures[i];
		const struct step *s = &plan->steps[f->step];
		struct buf id = { 0 };

		object_print_id(s->want, &id);
		report_error(e->report, s->want->pos, NULL, "%s: %s",
			     buf_text(&id), f->why);
		buf_free(&id);
	}
	return e->nfailures ? -EREMOTEIO : 0;
}

/* Takes all of STATE away again; what isn't there is no failure. */
static void take_back(struct engine *e, struct state *state)
{
	struct state *none = state_new();
	struct plan plan = { 0 };

	plan_diff(none, state, &plan, e->report);
	if (run_plan(e, &plan, NULL, NULL) || e->nfailures)
		engine_look(e, OBSERVE_ALL, 0);
	plan_free(&plan);
	state_free(none);
}

static int plug_in(struct engine *e, struct plugging *p, struct state *objs)
{
	struct state *have = state_new();
	unsigned int before = e->report->errors;
	struct plan plan = { 0 };
	uint32_t i;
	int err;

	for (i = 0; i < objs->n; i++)
		add_have(e, have, objs->v[i]);
	state_sort(have, NULL, NULL);
	err = plan_diff(objs, have, &plan, e->report);
	if (!err && e->report->errors > before)
		err = -EEXIST;
	if (!err && change_collides(e, &plan))
		err = -EAGAIN;
	if (!err) {
		err = run_plan(e, &plan, write_down, p);
		if (!err)
			err = report_refusals(e, &plan);
		if (!err)
			err = p->err;
		if (err) {
			take_back(e, objs);
			p->text = NULL;
			write_down(e, p);
		}
	}
	plan_free(&plan);
	state_free(have);
	return err;
}

/* The objects become part of what is wanted, in the entry's arena. */
static void adopt(struct engine *e, struct entry *en, const struct state *objs)
{
	struct state copies = { .arena = en->exp->arena };
	struct object *o;
	uint32_t i;

	for (i = 0; i < objs->n; i++) {
		o = state_copy(&copies, objs->v[i]);
		state_put(en->exp, o);
		state_put(e->wanted, o);
	}
	free(copies.v);
}

/* What an attachment changes beside itself only a whole expansion tells. */
static void again_for(struct engine *e, const struct entry *en,
		      const char *name)
{
	if (!topo_attachment_alone(en->topo, name))
		e->facts_changed = true;
}

int plug_add(struct engine *e, struct entry *en, const char *name,
	     const char *text)
{
	struct plugging p = { en, name, text, 0 };
	struct state *objs = state_new();
	struct buf file = { 0 };
	int err;

	buf_printf(&file, "attachment %s of %s", name, en->name);
	err = topo_attach(en->topo, buf_text(&file), text, strlen(text),
			  e->report);
	buf_free(&file);
	if (!err) {
		err = topo_expand_attachment(en->topo, name, e->host,
					     e->numbers, objs, e->report);
		state_sort(objs, NULL, NULL);
		if (!err)
			err = topo_check_attachment(en->topo, name, e->host,
						    e->report);
		if (!err)
			err = numbers_save(e, false);
		if (!err)
			err = plug_in(e, &p, objs);
		if (err) {
			topo_detach(en->topo, name);
			numbers_restore(e);
		} else {
			adopt(e, en, objs);
			entry_plug(en, name, text);
			again_for(e, en, name);
		}
	}
	state_free(objs);
	return err;
}

static void report_left(struct engine *e, const struct plan *plan)
{
	unsigned int i;

	take_failures(e, plan);
	for (i = 0; i < e->nfailures; i++)
		report_warning(e->report, (struct pos){ 0 }, NULL,
			       "not gone yet: %s", e->failures[i].why);
}

static void renounce(struct engine *e, struct entry *en,
		     const struct state *objs)
{
	uint32_t i;

	for (i = 0; i < objs->n; i++) {
		state_remove(e->wanted, objs->v[i]);
		state_remove(en->exp, objs->v[i]);
	}
	en->waste += objs->n;
}

int plug_remove(struct engine *e, struct entry *en, const char *name)
{
	struct plugging p = { en, name, NULL, 0 };
	struct state *objs = state_new(), *have = state_new();
	struct state *none = state_new();
	struct plan plan = { 0 };
	struct object *o;
	uint32_t i;
	int err;

	err = topo_expand_attachment(en->topo, name, e->host, e->numbers,
				     objs, e->report);
	state_sort(objs, NULL, NULL);
	for (i = 0; i < objs->n; i++) {
		o = state_find(e->wanted, objs->v[i]->kind, objs->v[i]->netns,
			       objs->v[i]->name);
		if (o && !hold_find(&e->holds, o))
			state_ref(have, o);
	}
	if (!err)
		err = plan_diff(none, have, &plan, e->report);
	if (!err)
		err = run_plan(e, &plan, write_down, &p);
	if (err == -EPIPE) {
		/* it is not wanted any more: the next look sees to it */
		engine_look(e, OBSERVE_ALL, 0);
		err = 0;
	}
	if (!err) {
		report_left(e, &plan);
		renounce(e, en, objs);
		again_for(e, en, name);
		topo_detach(en->topo, name);
		entry_unplug(en, name);
	}
	plan_free(&plan);
	state_free(none);
	state_free(have);
	state_free(objs);
	return err;
}

/* Builds a topology anew whose arena is mostly things that are gone. */
void plugs_tidy(struct engine *e)
{
	struct topos next;
	struct entry *en = NULL, *fresh;
	unsigned int i;

	for (i = 0; i < e->set.n; i++)
		if (e->set.v[i]->waste > WASTE_MAX &&
		    e->set.v[i]->waste > e->set.v[i]->exp->n)
			en = e->set.v[i];
	if (!en)
		return;
	en->waste = 0;
	report_clear(e->report);
	next = topos_copy(&e->set);
	fresh = entry_copy(en);
	topos_drop(&next, en->name);
	if (entry_build(e, fresh, &next)) {
		entry_free(fresh);
	} else {
		topos_put(&next, fresh);
		update(e, &next, NULL, NULL);
	}
	free(next.v);
}

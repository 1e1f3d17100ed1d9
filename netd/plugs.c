// plugs.c - attachments that come and go by the API
// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "netd/engine.h"
#include "netd/log.h"

/* Objects that are gone stay in their arena until it is built anew. */
#define WASTE_MAX 4096
/* A tap that is made for a program: has it come in a while? */
#define EXPECT_MS 31000

static char *folder_of(const char *topology)
{
	char *s;

	if (asprintf(&s, STORE_PLUGS "/%s", topology) < 0)
		fatal("out of memory");
	return s;
}

char *plug_source(const char *name, const char *topology)
{
	char *s;

	if (asprintf(&s, "attachment %s of %s", name, topology) < 0)
		fatal("out of memory");
	return s;
}

bool plug_has_source(const struct engine *e, const char *source)
{
	char name[64], topology[64];
	const struct entry *en;
	unsigned int i;

	if (sscanf(source, "attachment %63s of %63s", name, topology) != 2)
		return true;
	en = topos_find(&e->set, topology);
	for (i = 0; en && i < en->nplugs; i++)
		if (!strcmp(en->plugs[i].name, name))
			return true;
	return false;
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

	if (text) {
		entry_plug(l->en, name, text);
	} else {
		/* it may be a guest's, which runs */
		log_error("%s/%s/%s can't be read: nothing goes until that "
			  "file does", l->e->opt->state_dir, l->folder, name);
		l->en->unknown = true;
	}
	free(text);
	/* some may wait for a program that never comes */
	l->e->transients = true;
	engine_look(l->e, 0, EXPECT_MS);
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
	live_forget(e, topology);
	free(l.folder);
}

/* --- one comes or goes ----------------------------------------------- */

struct plugging {
	struct entry *en;
	const char *name, *text;	/* text NULL: it goes */
	int err;
};

int plug_write(struct engine *e, const char *topology, const char *name,
	       const char *text)
{
	char *folder = folder_of(topology);
	int err = 0;

	if (text)
		err = store_write(&e->store, folder, name, text, strlen(text),
				  false);
	else
		store_remove(&e->store, folder, name);
	free(folder);
	return err;
}

/* Written while the kernel works; a crash in between is cleaned up by it. */
static void write_down(struct engine *e, void *arg)
{
	struct plugging *p = arg;

	p->err = plug_write(e, p->en->name, p->name, p->text);
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

/* Expands and checks it, when it is read. */
static int prepare(struct engine *e, struct entry *en, const char *name,
		   struct state *objs)
{
	struct topology **others;
	unsigned int n;
	int err;

	err = topo_expand_attachment(en->topo, name, e->host, e->numbers,
				     objs, e->report);
	state_sort(objs, NULL, NULL);
	if (err)
		return err;
	others = topos_others(&e->set, en, &n);
	err = topo_check_attachment(en->topo, name, e->host, others, n,
				    e->report);
	free(others);
	return err;
}

static int add_alone(struct engine *e, struct entry *en, const char *name,
		     const char *text, struct state *objs)
{
	struct plugging p = { en, name, text, 0 };
	int err = numbers_save(e, false);

	if (!err)
		err = plug_in(e, &p, objs);
	if (err)
		return err;
	adopt(e, en, objs);
	entry_plug(en, name, text);
	return 0;
}

static void expect_user(struct engine *e, const struct state *objs)
{
	uint32_t i;

	for (i = 0; i < objs->n; i++) {
		if (objs->v[i]->kind != KIND_TAP ||
		    !((struct tap *)objs->v[i])->transient)
			continue;
		e->transients = true;
		engine_look(e, 0, EXPECT_MS);
	}
}

int plug_add(struct engine *e, struct entry *en, const char *name,
	     const char *text)
{
	char *file = plug_source(name, en->name);
	struct state *objs = state_new();
	bool whole = false;
	char *bound = NULL;
	int err;

	err = topo_attach(en->topo, file, text, strlen(text), e->report);
	free(file);
	if (!err) {
		err = prepare(e, en, name, objs);
		if (!err)
			err = plug_bind(e, objs, text, &bound);
		whole = !err && !topo_attachment_alone(en->topo, name);
		if (!err && !whole)
			err = add_alone(e, en, name, bound ? bound : text,
					objs);
		if (err || whole)
			topo_detach(en->topo, name);
		if (err)
			numbers_restore(e);
	}
	expect_user(e, objs);
	state_free(objs);
	if (whole)
		err = plug_whole(e, en, name, bound ? bound : text);
	free(bound);
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
	/* the attachment itself is in an arena, too */
	en->waste += objs->n + 8;
}

static int remove_alone(struct engine *e, struct entry *en, const char *name)
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
		topo_detach(en->topo, name);
		entry_unplug(en, name);
	}
	plan_free(&plan);
	state_free(none);
	state_free(have);
	state_free(objs);
	return err;
}

int plug_remove(struct engine *e, struct entry *en, const char *name)
{
	plug_released(e, en->name, name);
	if (topo_attachment_alone(en->topo, name))
		return remove_alone(e, en, name);
	return plug_whole(e, en, name, NULL);
}

/* Builds a topology anew whose arena is mostly things that are gone. */
void plugs_tidy(struct engine *e)
{
	struct topos next;
	struct entry *en = NULL, *fresh;
	unsigned int i;

	plugs_prune(e);
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

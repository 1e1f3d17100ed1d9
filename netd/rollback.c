// rollback.c - back to what was in force before
// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "netd/history.h"
#include "netd/jobs.h"
#include "netd/log.h"

static const struct pos nowhere;

/* What the folder says holds: an older text has to be put there. */
static int refuse_folder(struct engine *e, const struct formers *f)
{
	const struct entry *en;
	unsigned int i, n = 0;

	for (i = 0; i < f->n; i++) {
		en = topos_find(&e->set, f->v[i].name);
		if (!f->v[i].folder && !(en && en->path))
			continue;
		report_error(e->report, nowhere, NULL, "%s is a file of the "
			     "configuration folder: put its former text there "
			     "(netdctl history NUMBER --text) and reload",
			     f->v[i].name);
		n++;
	}
	return n ? -EBUSY : 0;
}

static int bring_back(struct engine *e, const struct former *f,
		      struct topos *next)
{
	struct entry *old = topos_find(&e->set, f->name), *en;
	int err;

	en = entry_new(f->name, NULL, f->file, f->text, f->len);
	err = entry_read(e, en);
	if (!err) {
		take_plugs(en, old);
		err = entry_build(e, en, next);
	}
	if (err)
		entry_free(en);
	else
		topos_put(next, en);
	return err;
}

static int keep_formers(struct engine *e, void *arg)
{
	const struct formers *f = arg;
	unsigned int i;
	int err = 0;

	for (i = 0; i < f->n && !err; i++) {
		if (f->v[i].text)
			err = keep_text(e, topos_find(&e->set, f->v[i].name));
		else
			forget_text(e, f->v[i].name);
		if (!f->v[i].text)
			plugs_forget(e, f->v[i].name);
	}
	return err;
}

static void free_unused(struct engine *e, struct topos *next)
{
	unsigned int i;

	for (i = 0; i < next->n; i++)
		if (!topos_has(&e->set, next->v[i]))
			entry_free(next->v[i]);
}

static int go_back(struct engine *e, struct formers *f)
{
	struct topos next = topos_copy(&e->set);
	unsigned int i;
	int err = 0;

	/* two may have changed places: none of them stands in another's way */
	for (i = 0; i < f->n; i++)
		topos_drop(&next, f->v[i].name);
	for (i = 0; i < f->n && !err; i++)
		if (f->v[i].text)
			err = bring_back(e, &f->v[i], &next);
	if (err) {
		free_unused(e, &next);
		numbers_restore(e);
	} else {
		err = update(e, &next, keep_formers, f);
	}
	free(next.v);
	return err;
}

int rollback(struct engine *e, unsigned int to)
{
	struct formers f;
	char what[32];
	int err = history_before(e, to, &f);

	if (err)
		report_error(e->report, nowhere, NULL, "the record of a change "
			     "after %u is not there any more", to);
	else
		err = refuse_folder(e, &f);
	snprintf(what, sizeof(what), "rollback to %u", to);
	e->what = what;
	if (!err && f.n)
		err = go_back(e, &f);
	e->what = NULL;
	formers_free(&f);
	return err;
}

/* --- jobs --------------------------------------------------------------- */

void job_history(struct engine *e, struct job *j)
{
	json_t *o;

	if (!j->name) {
		job_answer(j, 200, json_pack("{s:o}", "changes",
					     history_list(e)));
		return;
	}
	o = history_one(e, strtoul(j->name, NULL, 10));
	if (o)
		job_answer(j, 200, o);
	else
		job_error(j, 404, "there is no record of a change %s",
			  j->name);
}

/* Back to after change TO, for a request. */
static void answer_rollback(struct engine *e, struct job *j, unsigned int to)
{
	int err = rollback(e, to);

	if (err == -EAGAIN)
		return;
	if (err) {
		job_findings(e, j, err);
		return;
	}
	engine_publish_all(e);
	job_answer(j, 200, json_pack("{s:i, s:i, s:o}", "to", (int)to,
				     "steps", (int)e->steps, "findings",
				     json_findings(e->report)));
	engine_event(e, "rollback", json_pack("{s:i}", "to", (int)to));
}

void job_rollback(struct engine *e, struct job *j)
{
	unsigned long to = j->name ? strtoul(j->name, NULL, 10) :
			   e->history - 1;

	if (confirm_refuses(e, j))
		return;
	if (j->name && j->name[strspn(j->name, "0123456789")])
		job_error(j, 404, "expected the number of a change");
	else if (!e->history || to >= e->history)
		job_error(j, 409, e->history ? "the newest change is %u: there "
			  "is nothing after it to undo" :
			  "nothing was changed yet", e->history);
	else
		answer_rollback(e, j, to);
}

void job_confirm(struct engine *e, struct job *j)
{
	if (!e->confirm.pending) {
		job_error(j, 409, "no change waits to be confirmed");
		return;
	}
	confirm_end(e);
	engine_publish(e);
	job_answer(j, 200, json_pack("{s:i}", "confirmed", (int)e->history));
	engine_event(e, "confirm", json_pack("{s:i}", "number",
					     (int)e->history));
}

void job_cancel(struct engine *e, struct job *j)
{
	unsigned int to = e->confirm.number;

	if (!e->confirm.pending) {
		job_error(j, 409, "no change waits to be confirmed");
		return;
	}
	if (to < e->history)
		answer_rollback(e, j, to);
	if (j->answer && j->code == 200)
		confirm_end(e);
	else if (!j->answer && to >= e->history)
		job_error(j, 409, "nothing was changed");
}

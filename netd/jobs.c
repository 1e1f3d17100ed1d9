// jobs.c - what the API asks of the engine
// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "netd/docker.h"
#include "netd/effects.h"
#include "netd/history.h"
#include "netd/jobs.h"
#include "netd/log.h"

#define SUFFIX ".net.yaml"

void job_answer(struct job *j, int code, json_t *o)
{
	j->code = code;
	/* NULL: something in it was not UTF-8 */
	j->answer = o ? json_dumps(o, JSON_COMPACT) : strdup("{}");
	json_decref(o);
	if (!j->answer)
		fatal("out of memory");
}

void job_error(struct job *j, int code, const char *fmt, ...)
{
	char text[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	job_answer(j, code, json_pack("{s:s, s:[]}", "error", text, "findings"));
}

/* What went wrong, as findings at their places. */
void job_findings(struct engine *e, struct job *j, int err)
{
	json_t *o = json_pack("{s:s, s:o}", "error",
			      err == -EREMOTEIO ? "refused by the kernel; "
			      "nothing was changed" : "it has errors",
			      "findings", json_findings(e->report));

	job_answer(j, err == -EPIPE ? 503 : 422, o);
}

/* --- apply ----------------------------------------------------------- */

/* The name of a topology's file; whose it is says the client. */
static char *source_name(const struct job *j)
{
	char *s;
	int n;

	if (j->file && j->file[0])
		n = asprintf(&s, "%s", j->file);
	else
		n = asprintf(&s, "%s" SUFFIX, j->name ? j->name : "topology");
	if (n < 0)
		fatal("out of memory");
	return s;
}

/*
 * Two topologies may come from files of one name.  A place must name one text
 * only, so the second is called after its topology too.
 */
static void tell_apart(struct engine *e, struct entry *en)
{
	struct entry *other = NULL;
	unsigned int i;
	char *file;

	for (i = 0; i < e->set.n && !other; i++)
		if (!strcmp(e->set.v[i]->file, en->file) &&
		    strcmp(e->set.v[i]->name, en->name))
			other = e->set.v[i];
	if (!other)
		return;
	if (asprintf(&file, "%s (%s)", en->file, en->name) < 0)
		fatal("out of memory");
	free(en->file);
	en->file = file;
	report_clear(e->report);
	topo_free(en->topo);
	entry_source(e, other);
	entry_read(e, en);
}

/* The text that was tried under that name is not the one in force. */
static void restore_source(struct engine *e, const char *file)
{
	unsigned int i;

	for (i = 0; i < e->set.n; i++)
		if (!strcmp(e->set.v[i]->file, file))
			entry_source(e, e->set.v[i]);
}

/* The topology of a request, read and not yet built; NULL: answered. */
static struct entry *requested(struct engine *e, struct job *j)
{
	char *file = source_name(j);
	struct entry *en = entry_new(j->name ? j->name : "", NULL, file,
				     j->body, j->len);

	free(file);
	if (!entry_read(e, en))
		tell_apart(e, en);
	if (!en->topo) {
		job_findings(e, j, -EINVAL);
	} else if (j->name && strcmp(j->name, en->name)) {
		job_error(j, 400, "the topology is called %s in its text, "
			     "and %s in the request", en->name, j->name);
	} else {
		return en;
	}
	restore_source(e, en->file);
	entry_free(en);
	return NULL;
}

/* Its attachments that came by the API stay. */
void take_plugs(struct entry *en, const struct entry *old)
{
	unsigned int i;

	for (i = 0; old && i < old->nplugs; i++)
		entry_plug(en, old->plugs[i].name, old->plugs[i].text);
	/* and what was done to its links */
	if (old && old->live && !en->live)
		en->live = strdup(old->live);
}

static int write_text(struct engine *e, const char *topology, const char *text,
		      size_t len)
{
	char *name;
	int err;

	if (asprintf(&name, "%s" SUFFIX, topology) < 0)
		fatal("out of memory");
	err = store_write(&e->store, STORE_TOPOLOGIES, name, text, len, true);
	free(name);
	return err;
}

int keep_text(struct engine *e, void *arg)
{
	struct entry *en = arg;

	return write_text(e, en->name, en->text, en->len);
}

int keep_former(struct engine *e, const struct former *f)
{
	return write_text(e, f->name, f->text, f->len);
}

void forget_text(struct engine *e, const char *topology)
{
	char *name;

	if (asprintf(&name, "%s" SUFFIX, topology) < 0)
		fatal("out of memory");
	store_remove(&e->store, STORE_TOPOLOGIES, name);
	free(name);
}

/* Takes the reference EFFECTS, which may be NULL. */
static void answer_applied(struct engine *e, struct job *j,
			   const struct entry *en, json_t *effects)
{
	job_answer(j, 200, json_pack("{s:s, s:i, s:o, s:o, s:o*, s:o*}",
				     "topology", en->name, "steps",
				     (int)e->steps, "findings",
				     json_findings(e->report), "waiting",
				     json_holds(e, en), "confirm",
				     confirm_json(e), "effects", effects));
}

/* The same again: whatever it asks for is known, and only the host is looked
 * at.  The file's name alone tells whose text it is. */
static struct entry *unchanged(struct engine *e, const struct job *j)
{
	unsigned int i;

	for (i = 0; j->file && i < e->set.n; i++) {
		struct entry *en = e->set.v[i];

		if (!en->path && en->topo && !strcmp(en->file, j->file))
			return en->len == j->len &&
			       !memcmp(en->text, j->body, j->len) ? en : NULL;
	}
	return NULL;
}

static void apply_again(struct engine *e, struct job *j, struct entry *en)
{
	int err;

	if (e->within)
		return;
	err = reconcile_persist(e, OBSERVE_LINKS | OBSERVE_FACTS);

	e->steps = 0;
	if (err)
		job_error(j, 503, "the host can't be observed: %s",
			     strerror(-err));
	else
		answer_applied(e, j, en, NULL);
}

/* With a time to confirm it in, which is written down before the change. */
static int update_confirmed(struct engine *e, struct job *j,
			    const struct topos *next, struct entry *en)
{
	unsigned int before = e->history;
	int err = j->confirm ? confirm_begin(e, j->confirm) : 0;

	e->what = "apply";
	if (!err)
		err = update(e, next, keep_text, en);
	e->what = NULL;
	if (j->confirm && (err || e->history == before))
		confirm_end(e);
	return err;
}

static void apply_text(struct engine *e, struct job *j)
{
	struct entry *en = requested(e, j), *old;
	json_t *effects = NULL;
	struct topos next;
	int err;

	if (!en)
		return;
	old = topos_find(&e->set, en->name);
	if (change_is_about(e, en->name)) {
		restore_source(e, en->file);
		entry_free(en);
		return;
	}
	if (old && old->path) {
		job_error(j, 409, "%s comes from %s: change that file and "
			     "apply it, or reload", en->name, old->path);
		entry_free(en);
		return;
	}
	take_plugs(en, old);
	next = topos_copy(&e->set);
	topos_drop(&next, en->name);
	err = entry_build(e, en, &next);
	if (err) {
		numbers_restore(e);
		job_findings(e, j, err);
		entry_free(en);
	} else {
		effects = effects_items(e, old, en);
		topos_put(&next, en);
		err = update_confirmed(e, j, &next, en);
		if (err && err != -EAGAIN) {
			job_findings(e, j, err);
		} else if (!err) {
			en->findings = json_findings(e->report);
			answer_applied(e, j, en, json_incref(effects));
		}
	}
	json_decref(effects);
	if (err && old)
		restore_source(e, old->file);
	free(next.v);
}

/* A file of the configuration folder: it is read again, and started. */
static struct entry *of_folder(struct engine *e, const struct job *j,
			       bool *inside)
{
	char dir[PATH_MAX], path[PATH_MAX];
	unsigned int i;
	size_t len;

	*inside = false;
	if (!j->kind || !realpath(e->opt->config_dir, dir))
		return NULL;
	len = strlen(dir);
	if (strncmp(j->kind, dir, len) || j->kind[len] != '/' ||
	    strchr(j->kind + len + 1, '/'))
		return NULL;
	*inside = true;
	for (i = 0; i < e->set.n; i++)
		if (e->set.v[i]->path &&
		    realpath(e->set.v[i]->path, path) &&
		    !strcmp(path, j->kind))
			return e->set.v[i];
	return NULL;
}

static void apply_file(struct engine *e, struct job *j, struct entry *en)
{
	bool inside;

	if (en) {
		store_remove(&e->store, STORE_STOPPED, en->name);
		/* its text counts as new */
		if (en->stopped || en->broken)
			en->seen = 0;
	}
	e->steps = 0;
	report_clear(e->report);
	folder_reload(e);
	en = of_folder(e, j, &inside);
	if (!en || en->broken)
		job_answer(j, 422, json_pack("{s:s, s:o}", "error",
					 "it has errors", "findings",
					 en && en->findings ?
					 json_incref(en->findings) :
					 json_findings(e->report)));
	else
		answer_applied(e, j, en, NULL);
}

static void job_apply(struct engine *e, struct job *j)
{
	bool inside;
	struct entry *en = of_folder(e, j, &inside), *same;

	if (confirm_refuses(e, j))
		return;
	observe_missing(e);
	if (inside && j->confirm) {
		job_error(j, 409, "%s is a file of the configuration folder, "
			  "which netd doesn't write to: what it says can't be "
			  "taken back; apply it from another place", j->file);
		return;
	}
	same = inside ? NULL : unchanged(e, j);
	if (inside && e->within)
		return;
	if (inside)
		apply_file(e, j, en);
	else if (same)
		apply_again(e, j, same);
	else
		apply_text(e, j);
	if (!j->answer)
		return;
	folder_sure(e);
	engine_publish_all(e);
	engine_event(e, "apply", json_pack("{s:s?, s:i}", "topology", j->name,
					   "code", j->code));
}

/* --- plan ------------------------------------------------------------ */

/* OLD and EN: the topology that changes, or NULL. */
static void answer_plan(struct engine *e, struct job *j,
			const struct state *wanted, const struct entry *old,
			const struct entry *en)
{
	struct plan plan = { 0 };
	struct buf b = { 0 };
	struct state *found;
	json_t *findings, *effects;
	char *s, *x;
	int err;

	err = reconcile_plan(e, OBSERVE_ALL | OBSERVE_PEEK, wanted, &found,
			     &plan);
	if (err) {
		job_error(j, 503, "the host can't be observed: %s",
			     strerror(-err));
		return;
	}
	change_refused(e, &plan);
	findings = json_findings(e->report);
	effects = effects_items(e, old, en);
	effects_steps(e, &plan, found, effects);
	s = json_dumps(findings, JSON_COMPACT);
	x = json_dumps(effects, JSON_COMPACT);
	buf_printf(&b, "{\"findings\": %s, \"effects\": %s, \"steps\": ", s,
		   x);
	json_plan(&plan, e->wanted, e->report, &b);
	buf_str(&b, "}");
	j->code = e->report->errors ? 422 : 200;
	j->answer = b.p;
	free(s);
	free(x);
	json_decref(findings);
	json_decref(effects);
	plan_free(&plan);
	state_free(found);
}

static void plan_text(struct engine *e, struct job *j)
{
	struct entry *en = requested(e, j), *old;
	struct topos next;
	struct change c;
	int err;

	if (!en)
		return;
	old = topos_find(&e->set, en->name);
	next = topos_copy(&e->set);
	take_plugs(en, old);
	topos_drop(&next, en->name);
	err = entry_build(e, en, &next);
	if (err) {
		job_findings(e, j, err);
		entry_free(en);
	} else {
		topos_put(&next, en);
		err = change_plan(e, &c, &next);
		if (err)
			job_findings(e, j, err);
		else
			answer_plan(e, j, c.wanted, old, en);
		change_end(e, &c);
	}
	free(next.v);
	numbers_restore(e);
	if (old)
		restore_source(e, old->file);
}

static void job_plan(struct engine *e, struct job *j)
{
	observe_missing(e);
	if (j->len)
		plan_text(e, j);
	else
		answer_plan(e, j, e->wanted, NULL, NULL);
}

/* --- down, reload ---------------------------------------------------- */

static void drop_entry(struct engine *e, struct topos *next, struct entry *en)
{
	struct entry *stopped;

	topos_drop(next, en->name);
	if (!en->path)
		return;
	/* the file is still there: it stays down until it is applied */
	stopped = entry_copy(en);
	stopped->stopped = true;
	stopped->broken = stopped->unknown = false;
	while (stopped->nplugs)
		entry_unplug(stopped, stopped->plugs[0].name);
	topos_put(next, stopped);
}

static int keep_down(struct engine *e, void *arg)
{
	const struct job *j = arg;
	unsigned int i;

	for (i = 0; i < e->set.n; i++) {
		const struct entry *en = e->set.v[i];

		if (en->stopped && store_write(&e->store, STORE_STOPPED,
					       en->name, "", 0, true))
			return -EIO;
		if (en->stopped)
			plugs_forget(e, en->name);
	}
	if (!j->name)
		return 0;
	forget_text(e, j->name);
	plugs_forget(e, j->name);
	return 0;
}

static void forget_kept(void *arg, const char *name)
{
	struct engine *e = arg;

	store_remove(&e->store, STORE_TOPOLOGIES, name);
	if (strlen(name) > strlen(SUFFIX)) {
		char *base = strndup(name, strlen(name) - strlen(SUFFIX));

		if (base)
			plugs_forget(e, base);
		free(base);
	}
}

static void job_down(struct engine *e, struct job *j)
{
	struct topos next = topos_copy(&e->set);
	struct entry *en = j->name ? topos_find(&e->set, j->name) : NULL;
	bool unknown = e->nothing_goes;
	unsigned int i;
	int err;

	if (change_is_about(e, j->name) || confirm_refuses(e, j)) {
		free(next.v);
		return;
	}
	if (j->name && (!en || en->stopped)) {
		job_error(j, 404, "no topology %s is in force", j->name);
		free(next.v);
		return;
	}
	for (i = 0; i < e->set.n; i++)
		if (!j->name || e->set.v[i] == en)
			drop_entry(e, &next, e->set.v[i]);
	e->what = "down";
	err = update(e, &next, keep_down, j);
	e->what = NULL;
	free(next.v);
	folder_sure(e);
	/* what one asked for that could not be read is known only from the
	 * host, and may go now */
	if (!err && unknown && !e->nothing_goes && !e->within)
		err = reconcile_persist(e, OBSERVE_ALL);
	if (err) {
		if (err != -EAGAIN)
			job_findings(e, j, err);
		return;
	}
	if (!j->name)
		store_each(&e->store, STORE_TOPOLOGIES, forget_kept, e);
	engine_publish_all(e);
	job_answer(j, 200, json_pack("{s:i, s:o}", "steps", (int)e->steps,
				 "findings", json_findings(e->report)));
	engine_event(e, "down", json_pack("{s:s?}", "topology", j->name));
}

static void job_reload(struct engine *e, struct job *j)
{
	folder_reload(e);
	engine_publish_all(e);
	job_answer(j, 200, json_pack("{s:O}", "problems", e->problems));
}

bool job_may_interrupt(const struct job *j)
{
	/* a plan of half a host, a folder of many files, all of it: they
	 * wait */
	static const bool waits[JOB_COUNT] = {
		[JOB_PLAN] = true, [JOB_RELOAD] = true, [JOB_HISTORY] = true,
		[JOB_ROLLBACK] = true, [JOB_CONFIRM] = true,
		[JOB_CANCEL] = true, [JOB_DOCTOR] = true,
	};

	return !waits[j->what] && !j->confirm;
}

void job_run(struct engine *e, struct job *j)
{
	static void (*const run[JOB_COUNT])(struct engine *e,
					    struct job *j) = {
		[JOB_APPLY] = job_apply, [JOB_PLAN] = job_plan,
		[JOB_DOWN] = job_down, [JOB_RELOAD] = job_reload,
		[JOB_TOPOLOGIES] = job_topologies,
		[JOB_SHOW] = job_show, [JOB_ITEMS] = job_items,
		[JOB_LEASES] = job_leases,
		[JOB_CHECKS] = job_checks, [JOB_SOLUTION] = job_solution,
		[JOB_ATTACH] = job_attach, [JOB_DETACH] = job_detach,
		[JOB_HISTORY] = job_history, [JOB_ROLLBACK] = job_rollback,
		[JOB_CONFIRM] = job_confirm, [JOB_CANCEL] = job_cancel,
		[JOB_LINK] = job_link, [JOB_RESET] = job_reset,
		[JOB_DOCKER] = job_docker, [JOB_DOCTOR] = job_doctor,
	};

	report_clear(e->report);
	run[j->what](e, j);
}

// live.c - what is done to links by hand, over what the file says
// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "netd/jobs.h"
#include "netd/log.h"

/*
 * One object a topology: {LINK: {"down": true, "impair": {...}, "a": {...},
 * "b": {...}}}, where a and b are what the first and second end send.  It
 * holds through restarts and new texts of the topology, until it is reset.
 */

static const char *const ends[] = { "a", "b" };

void live_load(struct engine *e, struct entry *en)
{
	size_t len;

	free(en->live);
	en->live = store_read(&e->store, STORE_LINKS, en->name, &len);
}

void live_forget(struct engine *e, const char *topology)
{
	store_remove(&e->store, STORE_LINKS, topology);
}

static int keep(struct engine *e, void *arg)
{
	const struct entry *en = arg;

	if (en->live)
		return store_write(&e->store, STORE_LINKS, en->name, en->live,
				   strlen(en->live), true);
	live_forget(e, en->name);
	return 0;
}

/* --- what is asked for --------------------------------------------------- */

static void delete_key(json_t *link, const char *target, const char *key)
{
	json_t *o = json_object_get(link, target);

	json_object_del(o, key);
	if (o && !json_object_size(o))
		json_object_del(link, target);
}

/* Over what was set before: both directions are over each of them. */
static void merge(json_t *link, const char *target, json_t *impair)
{
	json_t *o = json_object_get(link, target), *value;
	const char *key;

	if (!o) {
		o = json_object();
		json_object_set_new(link, target, o);
	}
	json_object_foreach(impair, key, value) {
		json_object_set(o, key, value);
		if (!strcmp(target, "impair")) {
			delete_key(link, ends[0], key);
			delete_key(link, ends[1], key);
		}
	}
}

static void clear(json_t *link, const char *target)
{
	json_t *none = json_pack("{s:s, s:s, s:s, s:s}", "delay", "0",
				 "jitter", "0", "loss", "0%", "rate", "0");

	merge(link, target, none);
	json_decref(none);
}

/* "a", "b", or "impair" for both; NULL: answered. */
static const char *direction(struct job *j, const struct entry *en)
{
	const char *from = json_string_value(json_object_get(j->json, "from"));
	int end;

	if (!from)
		return "impair";
	end = topo_link_end(en->topo, j->item_name, from);
	if (end >= 0)
		return ends[end];
	job_error(j, 422, "%s is no end of the link %s", from, j->item_name);
	return NULL;
}

/* Applies the request to what was set of the link before.  false: answered. */
static bool change(struct job *j, const struct entry *en, json_t *link)
{
	json_t *down = json_object_get(j->json, "down");
	json_t *impair = json_object_get(j->json, "impair");
	const char *target = direction(j, en);

	if (!target)
		return false;
	if (json_is_true(down))
		json_object_set(link, "down", down);
	else if (down)
		json_object_del(link, "down");
	if (json_is_true(json_object_get(j->json, "clear")))
		clear(link, target);
	if (impair && !json_is_object(impair)) {
		job_error(j, 400, "impair: expected an object");
		return false;
	}
	merge(link, target, impair);
	if (!json_object_size(json_object_get(link, target)))
		json_object_del(link, target);
	return true;
}

/* The text with the request in it; NULL: answered. */
static char *changed(struct job *j, const struct entry *en, bool reset)
{
	json_t *all = en->live ? json_loads(en->live, 0, NULL) : NULL, *link;
	char *text = NULL;
	bool ok = true;

	if (!json_is_object(all)) {
		json_decref(all);
		all = json_object();
	}
	link = json_object_get(all, j->item_name);
	if (!json_is_object(link)) {
		link = json_object();
		json_object_set_new(all, j->item_name, link);
	}
	if (!reset)
		ok = change(j, en, link);
	if (ok && (reset || !json_object_size(link)))
		json_object_del(all, j->item_name);
	if (ok)
		text = json_object_size(all) ? json_dumps(all, JSON_COMPACT) :
		       strdup("");
	json_decref(all);
	if (ok && !text)
		fatal("out of memory");
	return text;
}

/* --- done ---------------------------------------------------------------- */

/* The topology is built anew with TEXT, which it takes ("": nothing). */
static void become(struct engine *e, struct job *j, const struct entry *en,
		   char *text)
{
	struct entry *fresh = entry_copy(en);
	struct topos next = topos_copy(&e->set);
	char *name = strdup(en->name);
	int err;

	free(fresh->live);
	fresh->live = *text ? text : NULL;
	if (!*text)
		free(text);
	topos_drop(&next, en->name);
	err = entry_build(e, fresh, &next);
	if (err) {
		entry_free(fresh);
	} else {
		topos_put(&next, fresh);
		err = update(e, &next, keep, fresh);
	}
	free(next.v);
	if (err && err != -EAGAIN)
		job_findings(e, j, err);
	if (!err) {
		job_answer(j, 200, json_pack("{s:s, s:i, s:o}", "topology",
					     name, "steps", (int)e->steps,
					     "findings",
					     json_findings(e->report)));
		engine_event(e, "link", json_pack("{s:s, s:s?}", "topology",
						  name, "name",
						  j->item_name));
	}
	free(name);
}

static bool has_link(const struct entry *en, const char *name)
{
	json_t *o = json_named(en, name, "link");

	json_decref(o);
	return o;
}

/* NULL: answered. */
static struct entry *home_of(struct engine *e, struct job *j)
{
	struct entry *found = NULL;
	unsigned int i;

	for (i = 0; i < e->set.n; i++) {
		struct entry *en = e->set.v[i];

		if (!en->topo || (j->name && strcmp(j->name, en->name)) ||
		    !has_link(en, j->item_name))
			continue;
		if (found) {
			job_error(j, 409, "a link %s is in %s and in %s: say "
				  "which (TOPOLOGY/%s)", j->item_name,
				  found->name, en->name, j->item_name);
			return NULL;
		}
		found = en;
	}
	if (!found)
		job_error(j, 404, "there is no link %s; netdctl list links "
			  "shows what there is", j->item_name);
	return found;
}

static void run(struct engine *e, struct job *j, bool reset)
{
	struct entry *en = home_of(e, j);
	char *text;

	if (!en || change_is_about(e, en->name))
		return;
	text = changed(j, en, reset);
	if (text)
		become(e, j, en, text);
}

void job_link(struct engine *e, struct job *j)
{
	json_t *o = json_loads(j->len ? j->body : "{}", 0, NULL);

	if (json_is_object(o)) {
		j->json = o;
		run(e, j, false);
		j->json = NULL;
	} else {
		job_error(j, 400, "expected {\"down\": ..., \"impair\": ..., "
			  "\"from\": ..., \"clear\": ...}");
	}
	json_decref(o);
}

/* Of one link, or of all of a topology. */
void job_reset(struct engine *e, struct job *j)
{
	struct entry *en;

	if (j->item_name) {
		run(e, j, true);
		return;
	}
	en = topos_find(&e->set, j->name);
	if (!en || !en->topo)
		job_error(j, 404, "no topology %s is in force", j->name);
	else if (!change_is_about(e, en->name))
		become(e, j, en, strdup(""));
}

// live.c - what is done to links by hand, over what the file says
// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "netd/jobs.h"
#include "netd/log.h"

/*
 * One object a topology: {LINK: {"down": true, "impair": {...}, "a": {...},
 * "b": {...}}}, where a and b are what the first and second end send; one with
 * pods has such an object for each: {POD: {LINK: {...}}}.  It holds through
 * restarts and new texts of the topology, until it is reset.
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

static int set_text(struct engine *e, struct entry *en, const char *pod,
		    json_t *o)
{
	char *text = json_dumps(o, JSON_COMPACT);
	int err;

	if (!text)
		fatal("out of memory");
	err = topo_live(en->topo, pod, "what was done to links", text,
			strlen(text), e->report);
	free(text);
	return err;
}

int live_set(struct engine *e, struct entry *en)
{
	json_t *all = json_loads(en->live, 0, NULL), *o;
	const char *pod;
	int err = 0;

	/* it was written by hand, or there are pods now, or no more */
	if (!json_is_object(all))
		log_warning("what was done to links of %s is left out: it "
			    "makes no sense", en->name);
	else if (!topo_pod(en->topo, 0))
		err = set_text(e, en, NULL, all);
	else
		json_object_foreach(all, pod, o)
			if (!err)
				err = set_text(e, en, pod, o);
	json_decref(all);
	return err;
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

/* A topology, or one pod of it. */
struct place {
	struct entry *en;
	const struct topology *topo;
	const char *pod;		/* its name, or NULL */
};

/* "a", "b", or "impair" for both; NULL: answered. */
static const char *direction(struct job *j, const struct place *at)
{
	const char *from = json_string_value(json_object_get(j->json, "from"));
	int end;

	if (!from)
		return "impair";
	end = topo_link_end(at->topo, j->item_name, from);
	if (end >= 0)
		return ends[end];
	job_error(j, 422, "%s is no end of the link %s", from, j->item_name);
	return NULL;
}

/* Applies the request to what was set of the link before.  false: answered. */
static bool change(struct job *j, const struct place *at, json_t *link)
{
	json_t *down = json_object_get(j->json, "down");
	json_t *impair = json_object_get(j->json, "impair");
	const char *target = direction(j, at);

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

/* The member KEY of O, which is made if need be. */
static json_t *member(json_t *o, const char *key)
{
	json_t *v = json_object_get(o, key);

	if (!json_is_object(v)) {
		v = json_object();
		json_object_set_new(o, key, v);
	}
	return v;
}

/* Changes what was set of the link, or takes it out.  false: answered. */
static bool change_link(struct job *j, const struct place *at, json_t *links,
			bool reset)
{
	json_t *link = member(links, j->item_name);

	if (!reset && !change(j, at, link))
		return false;
	if (reset || !json_object_size(link))
		json_object_del(links, j->item_name);
	return true;
}

/* The text with the request in it; NULL: answered. */
static char *changed(struct job *j, const struct place *at, bool reset)
{
	json_t *all = at->en->live ? json_loads(at->en->live, 0, NULL) : NULL;
	char *text = NULL;
	json_t *links;
	bool ok = true;

	if (!json_is_object(all)) {
		json_decref(all);
		all = json_object();
	}
	links = at->pod ? member(all, at->pod) : all;
	if (j->item_name)
		ok = change_link(j, at, links, reset);
	else
		json_object_clear(links);
	if (at->pod && !json_object_size(links))
		json_object_del(all, at->pod);
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

static bool has_link(const struct topology *t, const char *name)
{
	struct arena *a = arena_new();
	struct topo_item it;
	bool has = topo_item_named(t, name, a, &it) &&
		   !strcmp(it.kind, "link");

	arena_free(a);
	return has;
}

/* Is it asked for, by its own name, or by having the link? */
static bool is_meant(const struct job *j, const char *name,
		     const struct topology *t)
{
	if (j->name && strcmp(j->name, name))
		return false;
	return !j->item_name || has_link(t, j->item_name);
}

/* How many topologies and pods are meant; the first one is *AT. */
static unsigned int places(struct engine *e, const struct job *j,
			   struct place at[2])
{
	const struct topology *pod;
	unsigned int i, k, n = 0;

	for (i = 0; i < e->set.n; i++) {
		struct entry *en = e->set.v[i];
		bool pods = en->topo && topo_pod(en->topo, 0);

		/* all pods of a topology are reset together */
		if (en->topo && (!pods || !j->item_name) &&
		    is_meant(j, en->name, en->topo) && n++ < 2)
			at[n - 1] = (struct place){ en, en->topo, NULL };
		for (k = 0; pods && (pod = topo_pod(en->topo, k)); k++)
			if (is_meant(j, topo_name(pod), pod) && n++ < 2)
				at[n - 1] = (struct place){
					en, pod, topo_name(pod)
				};
	}
	return n;
}

/* false: answered. */
static bool find(struct engine *e, struct job *j, struct place *found)
{
	struct place at[2] = { { NULL } };
	unsigned int n = places(e, j, at);

	*found = at[0];
	if (n == 1)
		return true;
	if (n)
		job_error(j, 409, "a link %s is in %s and in %s: say which "
			  "(TOPOLOGY/%s)", j->item_name, at[0].pod ? at[0].pod :
			  at[0].en->name, at[1].pod ? at[1].pod :
			  at[1].en->name, j->item_name);
	else if (j->item_name)
		job_error(j, 404, "there is no link %s; netdctl list links "
			  "shows what there is", j->item_name);
	else
		job_error(j, 404, "no topology %s is in force", j->name);
	return false;
}

static void run(struct engine *e, struct job *j, bool reset)
{
	struct place at;
	char *text;

	if (!find(e, j, &at) || change_is_about(e, at.en->name))
		return;
	text = changed(j, &at, reset);
	if (text)
		become(e, j, at.en, text);
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

/* Of one link, or of all of a topology or pod. */
void job_reset(struct engine *e, struct job *j)
{
	run(e, j, true);
}

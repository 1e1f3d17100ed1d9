// jobs_plug.c - attach and detach, as the API asks for them
// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "netd/jobs.h"
#include "netd/log.h"
#include "netd/right.h"

/* What is asked for: {NAME: {"network": [TOPOLOGY/]NETWORK, ...}} */
struct asked {
	char *name, *topology, *network, *text;
	json_t *body;
};

static char *copy(const char *s)
{
	char *c = s ? strdup(s) : NULL;

	if (s && !c)
		fatal("out of memory");
	return c;
}

static void asked_free(struct asked *a)
{
	free(a->name);
	free(a->topology);
	free(a->network);
	free(a->text);
	json_decref(a->body);
}

/* The topology may stand before the network's name: it is taken from there. */
static void take_network(struct asked *a, json_t *o)
{
	const char *s = json_string_value(json_object_get(o, "network"));
	const char *slash = s ? strchr(s, '/') : NULL;

	if (!slash) {
		a->network = copy(s);
		return;
	}
	a->topology = strndup(s, slash - s);
	a->network = copy(slash + 1);
	if (!a->topology)
		fatal("out of memory");
	json_object_set_new(o, "network", json_string(a->network));
}

/* It is the client's own: whatever it says itself does not count. */
static void set_owner(json_t *o, unsigned int uid)
{
	char text[16];

	snprintf(text, sizeof(text), "%u", uid);
	json_object_set_new(o, "owner", json_string(text));
	json_object_del(o, "group");
}

/* false: answered. */
static bool asked_read(struct asked *a, struct job *j)
{
	json_error_t why;
	const char *name = NULL;

	memset(a, 0, sizeof(*a));
	a->body = json_loads(j->body, JSON_REJECT_DUPLICATES, &why);
	if (json_object_size(a->body) == 1)
		name = json_object_iter_key(json_object_iter(a->body));
	if (!a->body) {
		job_error(j, 400, "not JSON: %s", why.text);
		return false;
	}
	if (!name || strchr(name, '/') || name[0] == '.') {
		job_error(j, 400, "expected {\"NAME\": {...}}: one "
			  "attachment");
		return false;
	}
	a->name = copy(name);
	take_network(a, json_object_get(a->body, name));
	if (j->own || (j->who && right_is_tap(json_object_get(a->body, name))))
		set_owner(json_object_get(a->body, name), j->uid);
	if (!a->topology)
		a->topology = copy(j->name);
	if (j->name && strcmp(j->name, a->topology)) {
		job_error(j, 400, "the topology is %s in the network's name, "
			  "and %s in the request", a->topology, j->name);
		return false;
	}
	if (j->who && !right_plug(j, json_object_get(a->body, name)))
		return false;
	a->text = json_dumps(a->body, JSON_COMPACT);
	return true;
}

/* --- where ----------------------------------------------------------- */

static bool has_network(const struct entry *en, const char *name)
{
	json_t *o = json_named(en, name, "network");

	json_decref(o);
	return o;
}

static const struct plug *find_plug(const struct entry *en, const char *name)
{
	unsigned int i;

	for (i = 0; i < en->nplugs; i++)
		if (!strcmp(en->plugs[i].name, name))
			return &en->plugs[i];
	return NULL;
}

static bool has_plug(const struct entry *en, const char *name)
{
	return find_plug(en, name);
}

/* What is not the client's might as well not be there: it is told the same. */
static bool refused(struct job *j, const struct entry *en, const char *kind,
		    const char *name)
{
	if (en && right_item(j, en, kind, name))
		return false;
	if (j->who)
		job_error(j, 403, "no %s %s is yours (uid %u): whose it is say "
			  "`owners:` of a network or topology", kind,
			  name ? name : "", j->uid);
	return j->who;
}

/* TOPOLOGY, or the one that has NAME; NULL: answered. */
static struct entry *home_of(struct engine *e, struct job *j,
			     const char *topology, const char *kind,
			     const char *name,
			     bool (*has)(const struct entry *en,
					 const char *name))
{
	const char *what = has == has_plug ?
			   "attachment that came by attach:" : kind;
	struct entry *found = NULL, *en;
	unsigned int i;

	for (i = 0; i < e->set.n; i++) {
		en = e->set.v[i];
		if (!en->topo || (topology && strcmp(topology, en->name)) ||
		    (!topology && (!name || !has(en, name))) ||
		    !right_item(j, en, kind, name))
			continue;
		if (found) {
			job_error(j, 409, "%s %s is in %s and in %s: say "
				     "which (TOPOLOGY/%s)", what, name,
				     found->name, en->name, name);
			return NULL;
		}
		found = en;
	}
	if (refused(j, found, kind, name))
		found = NULL;
	else if (!found && topology)
		job_error(j, 404, "no topology %s is in force", topology);
	else if (!found)
		job_error(j, 404, "there is no %s %s; netdctl list shows "
			     "what there is", what, name ? name : "");
	return found;
}

/* --- attach ---------------------------------------------------------- */

/* A bad value is told at its place; what is taken is a conflict. */
static void refuse(struct engine *e, struct job *j, int err)
{
	job_findings(e, j, err);
	if (err == -ENOSPC || err == -EEXIST || err == -EBUSY)
		j->code = 409;
}

static void answer(struct engine *e, struct job *j, const char *topology,
		   const char *name)
{
	const struct entry *en = topos_find(&e->set, topology);

	job_answer(j, 200, json_pack("{s:s, s:o?, s:o}", "topology", topology,
				 "attachment",
				 en ? json_named(en, name, "attachment") : NULL,
				 "findings", json_findings(e->report)));
}

/*
 * The same again is no error: who asked and heard nothing asks once more.
 * true: answered.
 */
static bool is_there(struct engine *e, struct job *j, const struct entry *en,
		     const struct asked *a)
{
	const struct plug *p = find_plug(en, a->name);
	bool same;

	if (!p)
		return false;
	same = plug_says(p, a->text);
	if (same && j->wait)
		plug_wait(e, j, en->name, a->name);
	else if (same)
		answer(e, j, en->name, a->name);
	else
		job_error(j, 409, "%s has an attachment %s that came by "
			  "attach with another text: detach it first",
			  en->name, a->name);
	return true;
}

/* A veth goes only to where its client is master, and to no other namespace
 * that has that name by then.  false: answered. */
static bool bind_own(struct engine *e, struct job *j, struct asked *a)
{
	json_t *o = json_object_get(a->body, a->name);
	uint32_t id;

	if (right_is_tap(o))
		return true;
	if (!right_netns(e, j, o, &id))
		return false;
	json_object_set_new(o, "netns-id", json_integer(id));
	free(a->text);
	a->text = json_dumps(a->body, JSON_COMPACT);
	return true;
}

static void attach(struct engine *e, struct job *j, struct entry *en,
		   struct asked *a)
{
	char *topology;
	int err;

	if (is_there(e, j, en, a) || change_is_about(e, en->name))
		return;
	if (j->who && !bind_own(e, j, a))
		return;
	topology = copy(en->name);
	err = plug_add(e, en, a->name, a->text);
	if (err && err != -EAGAIN)
		refuse(e, j, err);
	if (!err && j->wait)
		plug_wait(e, j, topology, a->name);
	else if (!err)
		answer(e, j, topology, a->name);
	if (!err)
		engine_event_of(e, "attach", json_pack("{s:s, s:s}",
						       "topology", topology,
						       "name", a->name),
				topology, "attachment", a->name);
	free(topology);
}

void job_attach(struct engine *e, struct job *j)
{
	struct entry *en = NULL;
	struct asked a;

	if (asked_read(&a, j))
		en = home_of(e, j, a.topology, "network", a.network,
			     has_network);
	if (en)
		attach(e, j, en, &a);
	asked_free(&a);
}

/* --- detach ---------------------------------------------------------- */

char *plug_network(const struct entry *en, const char *name)
{
	struct arena *a = arena_new();
	char *network = NULL;
	struct topo_item it;

	if (en->topo && topo_item_named(en->topo, name, a, &it))
		network = copy(it.network);
	arena_free(a);
	return network;
}

void plug_gone(struct engine *e, const char *topology, const char *network,
	       const char *name, const char *why)
{
	engine_event_of(e, "detach", json_pack("{s:s, s:s, s:s?}", "topology",
					       topology, "name", name,
					       "why", why),
			topology, "network", network ? network : "");
}

void job_detach(struct engine *e, struct job *j)
{
	struct entry *en = home_of(e, j, j->name, "attachment", j->item_name,
				   has_plug);
	char *topology, *network;
	int err;

	if (!en)
		return;
	if (!has_plug(en, j->item_name)) {
		job_error(j, 404, "%s has no attachment %s that came by "
			     "attach", en->name, j->item_name);
		return;
	}
	if (change_is_about(e, en->name))
		return;
	topology = copy(en->name);
	network = plug_network(en, j->item_name);
	err = plug_remove(e, en, j->item_name);
	if (err && err != -EAGAIN)
		job_findings(e, j, err);
	if (!err) {
		job_answer(j, 200, json_pack("{s:o}", "findings",
					     json_findings(e->report)));
		plug_gone(e, topology, network, j->item_name, NULL);
	}
	free(network);
	free(topology);
}

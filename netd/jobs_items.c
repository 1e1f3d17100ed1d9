// jobs_items.c - what the API asks about things in topologies; attach, detach
// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "netd/jobs.h"

/* --- show ------------------------------------------------------------ */

void job_show(struct engine *e, struct job *j)
{
	struct entry *en = topos_find(&e->set, j->name);
	json_t *o, *items = json_array();

	if (!en) {
		job_error(j, 404, "no topology is called %s", j->name);
		json_decref(items);
		return;
	}
	json_items(en, NULL, items);
	o = json_topology(en);
	json_object_set_new(o, "items", items);
	json_object_set_new(o, "waiting", json_holds(e, en));
	json_object_set_new(o, "text", json_string(en->text));
	job_answer(j, 200, o);
}

void job_topologies(struct engine *e, struct job *j)
{
	job_answer(j, 200, json_topologies(e));
}

void job_items(struct engine *e, struct job *j)
{
	json_t *items = json_array();
	unsigned int i;

	for (i = 0; i < e->set.n; i++) {
		const struct entry *en = e->set.v[i];

		if (j->name && strcmp(j->name, en->name))
			continue;
		if (j->item_name)
			json_array_append_new(items, json_named(
				en, j->item_name, j->kind));
		else
			json_items(en, j->kind, items);
	}
	job_answer(j, 200, json_pack("{s:o}", "items", items));
}

/* --- attach ---------------------------------------------------------- */

/*
 * The one name in {NAME: {"network": NETWORK, ...}}, and the network; NULL:
 * answered.  The caller frees both.
 */
static char *plug_name(struct job *j, char **network)
{
	json_error_t why;
	json_t *o = json_loads(j->body, 0, &why);
	const char *name = NULL, *net = NULL;

	if (json_object_size(o) == 1) {
		name = json_object_iter_key(json_object_iter(o));
		net = json_string_value(json_object_get(
				json_object_get(o, name), "network"));
	}
	if (!o)
		job_error(j, 400, "not JSON: %s", why.text);
	else if (!name || strchr(name, '/') || name[0] == '.')
		job_error(j, 400, "expected {\"NAME\": {...}}: one "
			     "attachment");
	*network = net ? strdup(net) : NULL;
	name = o && !j->answer ? strdup(name) : NULL;
	json_decref(o);
	return (char *)name;
}

static bool has_network(const struct entry *en, const char *name)
{
	json_t *o = json_named(en, name, "network");

	json_decref(o);
	return o;
}

static bool has_plug(const struct entry *en, const char *name)
{
	unsigned int i;

	for (i = 0; i < en->nplugs; i++)
		if (!strcmp(en->plugs[i].name, name))
			return true;
	return false;
}

/* The topology of the request, or the one that has NAME; NULL: answered. */
static struct entry *home_of(struct engine *e, struct job *j, const char *what,
			     const char *name,
			     bool (*has)(const struct entry *en,
					 const char *name))
{
	struct entry *found = NULL, *en;
	unsigned int i;

	for (i = 0; i < e->set.n; i++) {
		en = e->set.v[i];
		if (!en->topo || (j->name && strcmp(j->name, en->name)) ||
		    (!j->name && (!name || !has(en, name))))
			continue;
		if (found) {
			job_error(j, 409, "%s %s is in %s and in %s: say "
				     "which (TOPOLOGY/%s)", what, name,
				     found->name, en->name, name);
			return NULL;
		}
		found = en;
	}
	if (!found && j->name)
		job_error(j, 404, "no topology %s is in force", j->name);
	else if (!found)
		job_error(j, 404, "there is no %s %s; netdctl list shows "
			     "what there is", what, name ? name : "");
	return found;
}

static void attach(struct engine *e, struct job *j, struct entry *en,
		   const char *name)
{
	int err = change_is_about(e, en->name) ? -EAGAIN :
		  plug_add(e, en, name, j->body);

	if (err) {
		if (err != -EAGAIN)
			job_findings(e, j, err);
		return;
	}
	job_answer(j, 200, json_pack("{s:s, s:o?, s:o}", "topology", en->name,
				 "attachment",
				 json_named(en, name, "attachment"),
				 "findings", json_findings(e->report)));
	engine_event(e, "attach", json_pack("{s:s, s:s}", "topology",
					    en->name, "name", name));
}

void job_attach(struct engine *e, struct job *j)
{
	char *network, *name = plug_name(j, &network);
	struct entry *en = NULL;

	if (name)
		en = home_of(e, j, "network", network, has_network);
	if (en)
		attach(e, j, en, name);
	free(network);
	free(name);
}

void job_detach(struct engine *e, struct job *j)
{
	struct entry *en = home_of(e, j, "attachment that came by attach:",
				   j->item_name, has_plug);
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
	err = plug_remove(e, en, j->item_name);
	if (err) {
		job_findings(e, j, err);
		return;
	}
	job_answer(j, 200, json_pack("{s:o}", "findings",
				 json_findings(e->report)));
	engine_event(e, "detach", json_pack("{s:s, s:s}", "topology",
					    en->name, "name", j->item_name));
}

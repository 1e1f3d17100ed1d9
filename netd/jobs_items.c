// jobs_items.c - what the API asks about things in topologies
// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "netd/jobs.h"
#include "netd/right.h"

/* --- show ------------------------------------------------------------ */

/* What who owns some of it may know: which is not what the text says. */
static void show_owned(struct job *j, const struct entry *en, json_t *items)
{
	right_filter(j, en, items);
	if (json_array_size(items))
		job_answer(j, 200, json_pack("{s:s, s:O}", "name", en->name,
					     "items", items));
	else
		job_error(j, 404, "no topology is called %s", j->name);
	json_decref(items);
}

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
	if (j->who) {
		show_owned(j, en, items);
		return;
	}
	o = json_topology(en);
	json_object_set_new(o, "items", items);
	json_object_set_new(o, "waiting", json_holds(e, en));
	json_object_set_new(o, "text", json_string(en->text));
	job_answer(j, 200, o);
}

void job_topologies(struct engine *e, struct job *j)
{
	job_answer(j, 200, json_topologies(e, j));
}

/* All of a kind, that of a name, or those that have all labels asked for. */
static void list_all(const struct entry *en, const struct job *j, json_t *list)
{
	if (!j->nlabels && j->item_name && !topo_pod(en->topo, 0))
		json_array_append_new(list, json_named(en, j->item_name,
						       j->kind));
	else if (!j->nlabels)
		json_items(en, j->kind, list);
	else if (!j->kind || !strcmp(j->kind, "attachment"))
		json_labelled(en, j->labels, j->nlabels, list);
}

/* Its name, or that of one of its pods. */
static bool is_called(const struct entry *en, const char *name)
{
	const struct topology *pod;
	unsigned int i;

	if (!strcmp(en->name, name))
		return true;
	for (i = 0; en->topo && (pod = topo_pod(en->topo, i)); i++)
		if (!strcmp(topo_name(pod), name))
			return true;
	return false;
}

/* Those of one pod. */
static void keep_pod(json_t *items, const char *name)
{
	size_t k;

	for (k = json_array_size(items); k--;)
		if (strcmp(name, json_string_value(json_object_get(
				json_array_get(items, k), "topology"))))
			json_array_remove(items, k);
}

void job_items(struct engine *e, struct job *j)
{
	json_t *items = json_array();
	unsigned int i;
	size_t k;

	for (i = 0; i < e->set.n; i++) {
		const struct entry *en = e->set.v[i];

		json_t *some;

		if (!en->topo || (j->name && !is_called(en, j->name)))
			continue;
		some = json_array();
		list_all(en, j, some);
		if (j->name && strcmp(j->name, en->name))
			keep_pod(some, j->name);
		right_filter(j, en, some);
		json_array_extend(items, some);
		json_decref(some);
	}
	for (k = json_array_size(items); k-- && j->item_name;)
		if (strcmp(j->item_name, json_string_value(json_object_get(
				json_array_get(items, k), "name"))))
			json_array_remove(items, k);
	job_answer(j, 200, json_pack("{s:o}", "items", items));
}

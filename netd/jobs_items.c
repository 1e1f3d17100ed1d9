// jobs_items.c - what the API asks about things in topologies
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

/* "KEY=VALUE" */
static bool has_label(const json_t *labels, const char *label)
{
	const char *eq = strchr(label, '='), *v;
	char key[256];

	if (!eq || (size_t)(eq - label) >= sizeof(key))
		return false;
	memcpy(key, label, eq - label);
	key[eq - label] = '\0';
	v = json_string_value(json_object_get(labels, key));
	return v && !strcmp(v, eq + 1);
}

/* Only those that have all labels that were asked for. */
static json_t *with_labels(json_t *items, const struct job *j)
{
	json_t *some, *it;
	unsigned int k;
	size_t i;

	if (!j->nlabels)
		return items;
	some = json_array();
	json_array_foreach(items, i, it) {
		for (k = 0; k < j->nlabels; k++)
			if (!has_label(json_object_get(it, "labels"),
				       j->labels[k]))
				break;
		if (k == j->nlabels)
			json_array_append(some, it);
	}
	json_decref(items);
	return some;
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
	job_answer(j, 200, json_pack("{s:o}", "items",
				     with_labels(items, j)));
}

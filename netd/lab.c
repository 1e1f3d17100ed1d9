// lab.c - GET /v1/topologies/NAME/checks and .../solution
// SPDX-License-Identifier: GPL-2.0-or-later
#include "netd/jobs.h"
#include "netd/right.h"

static json_t *texts(const struct list *l)
{
	const char *const *v = l->items;
	json_t *list = json_array();
	uint32_t i;

	for (i = 0; i < l->n; i++)
		json_array_append_new(list, json_text(v[i]));
	return list;
}

static void set_texts(json_t *o, const char *key, const struct list *l)
{
	if (l->n)
		json_object_set_new(o, key, texts(l));
}

static void set_number(json_t *o, const char *key, uint32_t v)
{
	if (v)
		json_object_set_new(o, key, json_integer(v));
}

static json_t *place(const struct topo_place *p)
{
	json_t *o = json_object();

	json_set(o, "name", p->name);
	json_set(o, "netns", p->netns);
	json_set(o, "vty", p->vty);
	json_set(o, "resolver", p->resolver);
	set_texts(o, "addresses", &p->addresses);
	set_texts(o, "gateways", &p->gateways);
	return o;
}

static void set_places(json_t *o, const char *key, const struct list *l)
{
	const struct topo_place *p = l->items;
	json_t *list;
	uint32_t i;

	if (!l->n)
		return;
	list = json_array();
	for (i = 0; i < l->n; i++)
		json_array_append_new(list, place(&p[i]));
	json_object_set_new(o, key, list);
}

static json_t *check(const struct topo_check *k)
{
	json_t *o = json_object();

	json_set(o, "name", k->name);
	json_set(o, "kind", k->kind);
	json_set(o, "expect", k->expect);
	json_set(o, "protocol", k->protocol);
	set_number(o, "port", k->port);
	json_set(o, "route", k->route);
	set_texts(o, "via", &k->via);
	set_number(o, "cost", k->cost);
	set_texts(o, "answer", &k->answer);
	json_set(o, "lease", k->lease);
	json_set(o, "run", k->run);
	json_set(o, "output", k->output);
	set_places(o, "from", &k->from);
	set_places(o, "to", &k->to);
	set_places(o, "path", &k->path);
	set_texts(o, "with", &k->with);
	set_number(o, "within", k->within);
	set_number(o, "points", k->points);
	json_set(o, "text", k->text);
	json_set(o, "hint", k->hint);
	return o;
}

/* The topology, when it is in force and whose asks may know it. */
static const struct entry *find(struct engine *e, struct job *j)
{
	const struct entry *en = topos_find(&e->set, j->name);

	if (!en || !right_item(j, en, "topology", en->name)) {
		job_error(j, 404, "no topology is called %s", j->name);
		return NULL;
	}
	if (!en->topo) {
		job_error(j, 409, "%s is not in force", j->name);
		return NULL;
	}
	return en;
}

static json_t *checks_of(const struct topology *t)
{
	json_t *list = json_array();
	struct arena *a = arena_new();
	struct topo_check *v;
	unsigned int i, n = topo_checks(t, a, &v);

	for (i = 0; i < n; i++)
		json_array_append_new(list, check(&v[i]));
	arena_free(a);
	return list;
}

static json_t *commands_of(const struct topology *t)
{
	json_t *list = json_array(), *o;
	struct arena *a = arena_new();
	struct topo_command *v;
	unsigned int i, n = topo_solution(t, a, &v);

	for (i = 0; i < n; i++) {
		o = place(&v[i].at);
		json_set(o, "command", v[i].command);
		json_array_append_new(list, o);
	}
	arena_free(a);
	return list;
}

/* Of the topology, or of each of its pods. */
static void answer(struct engine *e, struct job *j, const char *key,
		   json_t *(*of)(const struct topology *t))
{
	const struct entry *en = find(e, j);
	const struct topology *pod;
	json_t *labs = json_array();
	unsigned int i;

	if (!en) {
		json_decref(labs);
		return;
	}
	for (i = 0; (pod = topo_pod(en->topo, i)); i++)
		json_array_append_new(labs, json_pack("{s:s, s:o}", "topology",
				      topo_name(pod), key, of(pod)));
	if (!i)
		json_array_append_new(labs, json_pack("{s:s, s:o}", "topology",
				      en->name, key, of(en->topo)));
	job_answer(j, 200, json_pack("{s:s, s:o}", "topology", en->name,
				     "labs", labs));
}

void job_checks(struct engine *e, struct job *j)
{
	answer(e, j, "checks", checks_of);
}

void job_solution(struct engine *e, struct job *j)
{
	answer(e, j, "commands", commands_of);
}

// json.c - what the API answers: items and states
// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include "netd/engine.h"
#include "netd/history.h"
#include "netd/right.h"

#define HELD_MAX 200		/* that are listed */

/* --- items ----------------------------------------------------------- */

static json_t *item(const struct topo_item *it)
{
	json_t *o = json_object();

	json_set(o, "topology", it->topology);
	json_set(o, "kind", it->kind);
	json_set(o, "name", it->name);
	json_set(o, "detail", it->detail);
	json_set(o, "network", it->network);
	json_set(o, "address", it->address);
	json_set(o, "mac", it->mac);
	if (it->plug) {
		json_plug(o, it->plug);
	} else {
		json_set(o, "ifname", it->ifname);
		json_set(o, "netns", it->netns);
		json_set(o, "vty", it->vty);
	}
	if (it->dynamic)
		json_object_set_new(o, "dynamic", json_true());
	return o;
}

void json_items(const struct entry *en, const char *kind, json_t *list)
{
	struct arena *a;
	struct topo_item *v;
	unsigned int i, n;

	if (!en->topo)
		return;
	a = arena_new();
	n = topo_items(en->topo, a, &v);
	for (i = 0; i < n; i++)
		if (!kind || !strcmp(kind, v[i].kind))
			json_array_append_new(list, item(&v[i]));
	arena_free(a);
}

void json_labelled(const struct entry *en, char *const *labels, unsigned int n,
		   json_t *list)
{
	struct arena *a;
	struct topo_item *v;
	unsigned int i, found;

	if (!en->topo)
		return;
	a = arena_new();
	found = topo_items_labelled(en->topo, a, labels, n, &v);
	for (i = 0; i < found; i++)
		json_array_append_new(list, item(&v[i]));
	arena_free(a);
}

json_t *json_named(const struct entry *en, const char *name, const char *kind)
{
	struct topo_item it;
	struct arena *a;
	json_t *o = NULL;

	if (!en->topo)
		return NULL;
	a = arena_new();
	if (topo_item_named(en->topo, name, a, &it) &&
	    (!kind || !strcmp(kind, it.kind)))
		o = item(&it);
	arena_free(a);
	return o;
}

/* --- states ---------------------------------------------------------- */

static json_t *hold(struct engine *e, const struct hold *h)
{
	json_t *o = json_object();
	struct buf at = { 0 };
	int64_t left = h->next - now_ms();

	json_set(o, "kind", kinds[h->kind].name);
	json_set(o, "name", h->name);
	json_set(o, "netns", h->netns);
	json_set(o, "why", h->why);
	report_place(e->report, h->pos, &at);
	json_set(o, "place", buf_text(&at));
	buf_free(&at);
	json_object_set_new(o, "waiting", json_boolean(h->waiting));
	json_object_set_new(o, "attempts", json_integer(h->attempts));
	json_object_set_new(o, "next-ms", json_integer(left > 0 ? left : 0));
	return o;
}

json_t *json_holds(struct engine *e, const struct entry *en)
{
	json_t *list = json_array();
	unsigned int i;

	for (i = 0; i < e->holds.n && json_array_size(list) < HELD_MAX; i++) {
		const struct hold *h = &e->holds.v[i];

		if (!en || state_find(en->exp, h->kind, h->netns, h->name))
			json_array_append_new(list, hold(e, h));
	}
	return list;
}

static const char *state_of(const struct entry *en)
{
	return en->stopped ? "stopped" : en->unknown ? "unreadable" :
	       en->broken ? "last-good" : "ok";
}

json_t *json_topology(const struct entry *en)
{
	json_t *o = json_object();

	json_set(o, "name", en->name);
	json_set(o, "source", en->path ? "file" : "api");
	json_set(o, "file", en->path ? en->path : en->file);
	json_set(o, "state", state_of(en));
	json_object_set_new(o, "objects", json_integer(en->exp->n));
	json_object_set_new(o, "dynamic-attachments",
			    json_integer(en->nplugs));
	json_object_set_new(o, "findings", en->findings ?
			    json_incref(en->findings) : json_array());
	return o;
}

/* For who owns something in it. */
static json_t *owned_topology(const struct entry *en, const struct job *j)
{
	json_t *items = json_array(), *o = NULL;

	json_items(en, NULL, items);
	right_filter(j, en, items);
	if (json_array_size(items)) {
		o = json_object();
		json_set(o, "name", en->name);
		json_set(o, "state", state_of(en));
	}
	json_decref(items);
	return o;
}

json_t *json_topologies(struct engine *e, const struct job *j)
{
	json_t *list = json_array(), *o;
	unsigned int i;

	for (i = 0; i < e->set.n; i++) {
		o = j && j->who ? owned_topology(e->set.v[i], j) :
		    json_topology(e->set.v[i]);
		if (o)
			json_array_append_new(list, o);
	}
	return json_pack("{s:o}", "topologies", list);
}

json_t *json_brief(const json_t *status)
{
	static const char *const keys[] = { "version", "state", "converged" };
	json_t *o = json_object();
	unsigned int i;

	for (i = 0; i < sizeof(keys) / sizeof(*keys); i++)
		json_object_set(o, keys[i], json_object_get(status, keys[i]));
	return o;
}

json_t *json_status(struct engine *e)
{
	json_t *o = json_object();
	unsigned int i, bad = 0;

	for (i = 0; i < e->set.n; i++)
		bad += e->set.v[i]->broken;
	json_set(o, "version", PACKAGE_VERSION);
	json_set(o, "state", e->doing);
	json_object_set_new(o, "started", json_integer(e->started));
	json_object_set_new(o, "topologies", json_integer(e->set.n));
	json_object_set_new(o, "with-errors", json_integer(bad));
	json_object_set_new(o, "objects", json_integer(e->wanted->n));
	json_object_set_new(o, "converged", json_boolean(
		!e->unsure && !e->holds.n && !e->nothing_goes && !strcmp(e->doing, "idle")));
	if (strcmp(e->doing, "idle"))
		json_object_set_new(o, "progress", json_pack(
			"{s:i, s:i}", "done", e->done, "total", e->total));
	json_object_set_new(o, "kernel-side", json_pack(
		"{s:i, s:i, s:b}", "pid", (int)e->worker.pid, "starts",
		e->worker.starts, "running", e->worker.fd >= 0));
	json_object_set_new(o, "last-reconcile-ms", json_integer(e->last_ms));
	json_object_set_new(o, "held", json_holds(e, NULL));
	json_object_set_new(o, "foreign-ports", json_ports(e));
	json_object_set_new(o, "problems", json_incref(e->problems));
	if (e->confirm.pending)
		json_object_set_new(o, "confirm", confirm_json(e));
	return o;
}

// json.c - what the API answers: findings, plans, items, states
// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include "netd/engine.h"
#include "netd/log.h"

#define HELD_MAX 200		/* that are listed */

/* Text that came from a user or guest may not be UTF-8. */
static json_t *text(const char *s)
{
	json_t *j = json_string(s ? s : "");

	return j ? j : json_string("(not valid UTF-8)");
}

static void set(json_t *o, const char *key, const char *value)
{
	if (value && value[0])
		json_object_set_new(o, key, text(value));
}

static json_t *finding(struct report *r, const struct finding *f)
{
	json_t *o = json_object();
	struct buf b = { 0 };
	const char *nl;

	json_object_set_new(o, "severity", text(f->severity == SEV_ERROR ?
						"error" : "warning"));
	if (f->pos.line && f->pos.file < r->nsources) {
		set(o, "file", r->sources[f->pos.file].name);
		json_object_set_new(o, "line", json_integer(f->pos.line));
		json_object_set_new(o, "col", json_integer(f->pos.col));
	}
	set(o, "path", f->path);
	set(o, "text", f->text);
	report_print_one(r, f, &b);
	nl = strchr(buf_text(&b), '\n');
	if (nl)
		set(o, "excerpt", nl + 1);
	set(o, "print", buf_text(&b));
	buf_free(&b);
	return o;
}

json_t *json_findings(struct report *r)
{
	json_t *list = json_array();
	struct buf sorted = { 0 };
	unsigned int i;

	/* printing them puts them in the order of their places */
	report_print(r, &sorted);
	buf_free(&sorted);
	for (i = 0; i < r->count; i++)
		json_array_append_new(list, finding(r, &r->list[i]));
	return list;
}

/* --- plans ----------------------------------------------------------- */

static json_t *lines(const char *s)
{
	json_t *list = json_array();
	size_t len;

	for (; s && *s; s += len + (s[len] == '\n')) {
		json_t *line;

		len = strcspn(s, "\n");
		line = json_stringn(s, len);
		if (line)
			json_array_append_new(list, line);
	}
	return list;
}

/* A chain's text can't be read back: what it was is what we asked for. */
static void add_rules(struct engine *e, const struct step *s, json_t *o)
{
	const struct object *obj = s->want ? s->want : s->have;
	const struct chain *was;

	if (obj->kind != KIND_CHAIN)
		return;
	was = (const struct chain *)state_find(e->wanted, KIND_CHAIN,
					       obj->netns, obj->name);
	if (s->op != OP_CREATE && was)
		json_object_set_new(o, "rules-before", lines(was->text));
	if (s->want)
		json_object_set_new(o, "rules",
				    lines(((struct chain *)s->want)->text));
}

static json_t *step(struct engine *e, const struct step *s)
{
	const struct object *obj = s->want ? s->want : s->have;
	json_t *o = json_object();
	struct buf b = { 0 };

	set(o, "op", op_name(s->op));
	set(o, "kind", kinds[obj->kind].name);
	set(o, "name", obj->name);
	set(o, "netns", obj->netns);
	plan_print_step(s, &b);
	if (b.len && b.p[b.len - 1] == '\n')
		b.p[--b.len] = '\0';
	set(o, "text", buf_text(&b));
	buf_reset(&b);
	report_place(e->report, obj->pos, &b);
	set(o, "place", buf_text(&b));
	buf_free(&b);
	add_rules(e, s, o);
	return o;
}

void json_plan(struct engine *e, const struct plan *plan, struct buf *out)
{
	uint32_t i;

	buf_str(out, "[");
	for (i = 0; i < plan->n; i++) {
		json_t *o = step(e, &plan->steps[i]);
		char *s = json_dumps(o, JSON_COMPACT);

		if (!s)
			fatal("out of memory");
		buf_str(out, i ? ",\n" : "");
		buf_str(out, s);
		free(s);
		json_decref(o);
	}
	buf_str(out, "]");
}

/* --- items ----------------------------------------------------------- */

static json_t *item(const struct entry *en, const struct topo_item *it)
{
	json_t *o = json_object();

	set(o, "topology", en->name);
	set(o, "kind", it->kind);
	set(o, "name", it->name);
	set(o, "detail", it->detail);
	set(o, "network", it->network);
	set(o, "address", it->address);
	set(o, "mac", it->mac);
	set(o, "ifname", it->ifname);
	set(o, "netns", it->netns);
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
			json_array_append_new(list, item(en, &v[i]));
	arena_free(a);
}

json_t *json_attachment(const struct entry *en, const char *name)
{
	struct arena *a = arena_new();
	json_t *found = NULL;
	struct topo_item *v;
	unsigned int i, n;

	n = topo_items(en->topo, a, &v);
	for (i = 0; i < n && !found; i++)
		if (!strcmp(v[i].kind, "attachment") &&
		    !strcmp(v[i].name, name))
			found = item(en, &v[i]);
	arena_free(a);
	return found;
}

/* --- states ---------------------------------------------------------- */

static json_t *hold(struct engine *e, const struct hold *h)
{
	json_t *o = json_object();
	struct buf at = { 0 };
	int64_t left = h->next - now_ms();

	set(o, "kind", kinds[h->kind].name);
	set(o, "name", h->name);
	set(o, "netns", h->netns);
	set(o, "why", h->why);
	report_place(e->report, h->pos, &at);
	set(o, "place", buf_text(&at));
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

json_t *json_topology(const struct entry *en)
{
	json_t *o = json_object();

	set(o, "name", en->name);
	set(o, "source", en->path ? "file" : "api");
	set(o, "file", en->path ? en->path : en->file);
	set(o, "state", en->stopped ? "stopped" :
	    en->unknown ? "unreadable" :
	    en->broken ? "last-good" : "ok");
	json_object_set_new(o, "objects", json_integer(en->exp->n));
	json_object_set_new(o, "dynamic-attachments",
			    json_integer(en->nplugs));
	json_object_set_new(o, "findings", en->findings ?
			    json_incref(en->findings) : json_array());
	return o;
}

json_t *json_status(struct engine *e)
{
	json_t *o = json_object();
	unsigned int i, bad = 0;

	for (i = 0; i < e->set.n; i++)
		bad += e->set.v[i]->broken;
	set(o, "version", PACKAGE_VERSION);
	set(o, "state", e->doing);
	json_object_set_new(o, "started", json_integer(e->started));
	json_object_set_new(o, "topologies", json_integer(e->set.n));
	json_object_set_new(o, "with-errors", json_integer(bad));
	json_object_set_new(o, "objects", json_integer(e->wanted->n));
	json_object_set_new(o, "converged", json_boolean(
		!e->unsure && !e->holds.n && !strcmp(e->doing, "idle")));
	if (strcmp(e->doing, "idle"))
		json_object_set_new(o, "progress", json_pack(
			"{s:i, s:i}", "done", e->done, "total", e->total));
	json_object_set_new(o, "kernel-side", json_pack(
		"{s:i, s:i, s:b}", "pid", (int)e->worker.pid, "starts",
		e->worker.starts, "running", e->worker.fd >= 0));
	json_object_set_new(o, "last-reconcile-ms", json_integer(e->last_ms));
	json_object_set_new(o, "held", json_holds(e, NULL));
	json_object_set_new(o, "problems", json_incref(e->problems));
	return o;
}

// json.c - findings and steps as JSON, for the API and netdctl
// SPDX-License-Identifier: GPL-2.0-or-later
#include "netd/json.h"

#include <stdlib.h>
#include <string.h>

/* Text that came from a user or guest may not be UTF-8. */
json_t *json_text(const char *s)
{
	json_t *j = json_string(s ? s : "");

	return j ? j : json_string("(not valid UTF-8)");
}

void json_set(json_t *o, const char *key, const char *value)
{
	if (value && value[0])
		json_object_set_new(o, key, json_text(value));
}

static json_t *finding(struct report *r, const struct finding *f)
{
	json_t *o = json_object();
	struct buf b = { 0 };
	const char *nl;

	json_object_set_new(o, "severity", json_text(f->severity == SEV_ERROR ?
						"error" : "warning"));
	if (f->pos.line && f->pos.file < r->nsources) {
		json_set(o, "file", r->sources[f->pos.file].name);
		json_object_set_new(o, "line", json_integer(f->pos.line));
		json_object_set_new(o, "col", json_integer(f->pos.col));
	}
	json_set(o, "path", f->path);
	json_set(o, "text", f->text);
	report_print_one(r, f, &b);
	nl = strchr(buf_text(&b), '\n');
	if (nl)
		json_set(o, "excerpt", nl + 1);
	json_set(o, "print", buf_text(&b));
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

static void add_rules(const struct state *before, const struct step *s,
		      json_t *o)
{
	const struct object *obj = s->want ? s->want : s->have;
	const struct chain *was;

	if (obj->kind != KIND_CHAIN)
		return;
	was = (const struct chain *)(before && s->op != OP_CREATE ?
		state_find(before, KIND_CHAIN, obj->netns, obj->name) : NULL);
	if (was)
		json_object_set_new(o, "rules-before", lines(was->text));
	if (s->want)
		json_object_set_new(o, "rules",
				    lines(((struct chain *)s->want)->text));
}

static json_t *step(const struct step *s, const struct state *before,
		    const struct report *report)
{
	const struct object *obj = s->want ? s->want : s->have;
	json_t *o = json_object();
	struct buf b = { 0 };

	json_set(o, "op", op_name(s->op));
	json_set(o, "kind", kinds[obj->kind].name);
	json_set(o, "name", obj->name);
	json_set(o, "netns", obj->netns);
	plan_print_step(s, &b);
	if (b.len && b.p[b.len - 1] == '\n')
		b.p[--b.len] = '\0';
	json_set(o, "text", buf_text(&b));
	buf_reset(&b);
	report_place(report, obj->pos, &b);
	json_set(o, "place", buf_text(&b));
	buf_free(&b);
	add_rules(before, s, o);
	return o;
}

void json_plan(const struct plan *plan, const struct state *before,
	       const struct report *report, struct buf *out)
{
	uint32_t i;

	buf_str(out, "[");
	for (i = 0; i < plan->n; i++) {
		json_t *o = step(&plan->steps[i], before, report);
		char *s = json_dumps(o, JSON_COMPACT);

		if (!s)
			abort();
		buf_str(out, i ? ",\n" : "");
		buf_str(out, s);
		free(s);
		json_decref(o);
	}
	buf_str(out, "]");
}

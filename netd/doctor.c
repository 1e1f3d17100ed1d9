// doctor.c - GET /v1/doctor: what stands in the way of netd's traffic
// SPDX-License-Identifier: GPL-2.0-or-later
#include "netd/doctor.h"

#include <string.h>

#include "netd/jobs.h"

static json_t *json_trouble(const struct trouble *t)
{
	json_t *o = json_object();

	json_set(o, "id", t->id);
	json_object_set_new(o, "certain", json_boolean(t->certain));
	json_set(o, "what", t->what);
	json_set(o, "where", t->where);
	json_set(o, "breaks", t->breaks);
	json_set(o, "cure", t->cure);
	json_set(o, "yaml", t->yaml);
	return o;
}

/* What the kernel refused is trouble, too, and tells its own reason. */
static void add_holds(const struct engine *e, struct troubles *out)
{
	struct trouble *t;
	unsigned int i;

	for (i = 0; i < e->holds.n; i++) {
		const struct hold *h = &e->holds.v[i];
		struct buf at = { 0 };

		if (h->waiting)
			continue;
		report_place(e->report, h->pos, &at);
		t = trouble_add(out, "refused", true);
		t->what = arena_printf(out->arena, "The kernel refused %s %s: "
				       "%s", kinds[h->kind].name, h->name,
				       h->why);
		t->where = arena_strdup(out->arena, buf_text(&at));
		t->breaks = "what it is for";
		buf_free(&at);
	}
}

/* Only where rules and addresses are looked at is what is wanted needed. */
void job_doctor(struct engine *e, struct job *j)
{
	struct troubles out = { .arena = arena_new() };
	struct state *hints = state_new(), *found;
	json_t *list = json_array();
	uint32_t i;
	int err;

	hints_add(hints, e->wanted);
	state_sort(hints, NULL, NULL);
	found = observe(e, OBSERVE_LINKS | OBSERVE_FACTS | OBSERVE_SURVEY |
			OBSERVE_PEEK,
			hints, &err);
	state_free(hints);
	if (!found) {
		job_error(j, 503, "the host can't be observed: %s",
			  strerror(-err));
	} else {
		doctor_look(e->wanted, found, &out);
		add_holds(e, &out);
		for (i = 0; i < out.n; i++)
			json_array_append_new(list, json_trouble(&out.v[i]));
		job_answer(j, 200, json_pack("{s:O}", "troubles", list));
		state_free(found);
	}
	json_decref(list);
	troubles_free(&out);
	arena_free(out.arena);
}

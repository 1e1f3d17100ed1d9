// expand.h - a topology with a host around it, and what became of it
// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef TESTS_UNIT_EXPAND_H
#define TESTS_UNIT_EXPAND_H

#include <stdlib.h>

#include "tests/unit/test.h"
#include "topo/topo.h"

struct world {
	struct report *report;
	struct numbers *numbers;
	struct topology *t;
	struct state *s, *found;
	struct topology *other;	/* one that is in force beside it */
	int err;
};

static inline struct state *host(void)
{
	struct state *s = state_new();
	struct pos none = { 0 };
	struct foreign_link *l;
	struct fact *f;
	static const char *const addresses[] = {
		"eth0 203.0.113.1/24", "eth0 2001:db8::1/64",
	};
	size_t i;

	f = state_add(s, KIND_FACT, "", "default-dev", none);
	f->value = "eth0";
	f = state_add(s, KIND_FACT, "", "default-dev6", none);
	f->value = "eth0";
	f = state_add(s, KIND_FACT, "", "max-learned", none);
	f->value = "yes";
	l = state_add(s, KIND_LINK, "", "eth0", none);
	l->l.o.foreign = true;
	l->l.conf.accept_ra = 1;
	l = state_add(s, KIND_LINK, "", "eth1", none);
	l->l.o.foreign = true;
	l = state_add(s, KIND_LINK, "", "eth2", none);
	l->l.o.foreign = true;
	l->l.conf.accept_ra = 2;
	l = state_add(s, KIND_LINK, "", "docker0", none);
	l->l.o.foreign = true;
	l->l.conf.accept_ra = 1;
	l->l.type = "bridge";
	for (i = 0; i < sizeof(addresses) / sizeof(*addresses); i++)
		((struct object *)state_add(s, KIND_ADDRESS, "", addresses[i],
					    none))->foreign = true;
	((struct object *)state_add(s, KIND_ROUTE, "", "10.64.0.0/23",
				    none))->foreign = true;
	((struct object *)state_add(s, KIND_ROUTE, "", "0.0.0.0/0",
				    none))->foreign = true;
	state_sort(s, NULL, NULL);
	return s;
}

static inline void begin(struct world *w)
{
	memset(w, 0, sizeof(*w));
	w->report = report_new();
	w->numbers = numbers_new();
	w->found = host();
}

static inline void forget(struct world *w)
{
	topo_free(w->t);
	state_free(w->s);
	w->t = NULL;
	w->s = NULL;
}

static inline void end(struct world *w)
{
	forget(w);
	topo_free(w->other);
	state_free(w->found);
	numbers_free(w->numbers);
	report_free(w->report);
}

static inline void clash(void *arg, const struct object *a,
			 const struct object *b)
{
	struct buf out = { 0 };

	object_print_id(a, &out);
	fprintf(stderr, "two of %s\n", buf_text(&out));
	CHECK(!"clash");
	buf_free(&out);
}

/* Reads, checks and expands; what was before is forgotten, not its numbers. */
static inline void expand(struct world *w, const char *text)
{
	struct buf out = { 0 };

	forget(w);
	report_clear(w->report);
	w->s = state_new();
	w->err = -1;
	w->t = topo_read("t.net.yaml", text, strlen(text), w->report);
	if (w->t)
		w->err = topo_check(w->t, w->found, w->numbers, &w->other, !!w->other,
				    w->report);
	if (!w->err)
		w->err = topo_expand(w->t, w->found, w->numbers, w->s,
				     w->report);
	state_sort(w->s, clash, NULL);
	numbers_sweep(w->numbers);
	report_print(w->report, &out);
	if (w->err)
		fputs(buf_text(&out), stderr);
	CHECK(!w->err);
	buf_free(&out);
}

static inline bool there(struct world *w, int kind, const char *netns,
		  const char *name)
{
	return state_find(w->s, kind, netns, name) != NULL;
}

#define HAS(kind, netns, name) CHECK(there(w, KIND_##kind, netns, name))
#define HAS_NOT(kind, netns, name) CHECK(!there(w, KIND_##kind, netns, name))

/* One field of an object, as text; "" when there is no object. */
static inline const char *field(struct world *w, int kind, const char *netns,
			 const char *name, const char *what)
{
	const struct record *r = &kinds[kind].rec;
	struct object *o = state_find(w->s, kind, netns, name);
	static struct buf out;
	uint32_t i;

	buf_reset(&out);
	for (i = 0; o && i < r->count; i++)
		if (!strcmp(r->fields[i].name, what))
			field_print(&r->fields[i], o, &out);
	return buf_text(&out);
}

#define IS(kind, netns, name, what, value) \
	CHECK_STR(field(w, KIND_##kind, netns, name, what), value)

/* --- tests ------------------------------------------------------------- */

#endif

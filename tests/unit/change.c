// change.c - from some topologies to others: only what differs is touched
// SPDX-License-Identifier: GPL-2.0-or-later
#include "netd/engine.h"
#include "test.h"

#include <stdlib.h>

static struct engine *engine_new(void)
{
	struct engine *e = calloc(1, sizeof(*e));

	e->report = report_new();
	e->wanted = state_new();
	e->host = state_new();
	e->numbers = numbers_new();
	e->worker.fd = -1;
	return e;
}

static void engine_free(struct engine *e)
{
	unsigned int i;

	for (i = 0; i < e->set.n; i++)
		entry_free(e->set.v[i]);
	free(e->set.v);
	state_free(e->wanted);
	state_free(e->host);
	numbers_free(e->numbers);
	report_free(e->report);
	hold_free(&e->holds);
	free(e);
}

/* Networks without a gateway: no sysctl of the host is to be looked at. */
static struct entry *topology(struct engine *e, const char *name,
			      const char *body, const struct topos *set)
{
	struct buf text = { 0 }, file = { 0 };
	struct entry *en;

	buf_printf(&text, "name: %s\n%s", name, body);
	buf_printf(&file, "%s.net.yaml", name);
	en = entry_new(name, NULL, buf_text(&file), buf_text(&text), text.len);
	if (entry_build(e, en, set)) {
		buf_reset(&text);
		report_print(e->report, &text);
		fprintf(stderr, "%s", buf_text(&text));
		CHECK(!"the topology is right");
	}
	buf_free(&text);
	buf_free(&file);
	return en;
}

static unsigned int steps(const struct change *c, int op, int kind)
{
	unsigned int n = 0;
	uint32_t i;

	for (i = 0; i < c->plan.n; i++) {
		const struct step *s = &c->plan.steps[i];
		const struct object *o = s->want ? s->want : s->have;

		n += s->op == op && (kind < 0 || o->kind == kind);
	}
	return n;
}

/* As if the kernel had done it. */
static void done(struct engine *e, struct change *c)
{
	change_swap(e, c);
	change_end(e, c);
}

#define NET(name, net) "networks: {" name ": {subnet: " net "}}\n"

static void shared_things_stay(void)
{
	struct engine *e = engine_new();
	struct topos next = { 0 };
	struct change c;
	uint32_t all, own;

	topos_put(&next, topology(e, "a", NET("one", "10.1.0.0/24"), &next));
	CHECK(!change_plan(e, &c, &next));
	CHECK(steps(&c, OP_CREATE, KIND_BRIDGE) == 1);
	CHECK(steps(&c, OP_CREATE, KIND_TABLE) == 2);
	CHECK(steps(&c, OP_CREATE, -1) == c.plan.n);
	all = c.plan.n;
	done(e, &c);
	CHECK(e->wanted->n == all);

	/* a second one brings only its own */
	topos_put(&next, topology(e, "b", NET("two", "10.2.0.0/24"), &next));
	CHECK(!change_plan(e, &c, &next));
	CHECK(steps(&c, OP_CREATE, KIND_BRIDGE) == 1);
	CHECK(steps(&c, OP_CREATE, KIND_TABLE) == 0);
	CHECK(steps(&c, OP_CREATE, -1) == c.plan.n);
	own = c.plan.n;
	CHECK(own < all);
	done(e, &c);
	CHECK(e->wanted->n == all + own);

	/* the same again is nothing */
	CHECK(!change_plan(e, &c, &next));
	CHECK(c.plan.n == 0);
	change_end(e, &c);

	/* the first goes: what the second stands on stays */
	topos_drop(&next, "a");
	CHECK(!change_plan(e, &c, &next));
	CHECK(steps(&c, OP_DESTROY, KIND_BRIDGE) == 1);
	CHECK(steps(&c, OP_DESTROY, KIND_TABLE) == 0);
	done(e, &c);

	/* and the last takes all along */
	topos_drop(&next, "b");
	CHECK(!change_plan(e, &c, &next));
	CHECK(steps(&c, OP_DESTROY, KIND_TABLE) == 2);
	done(e, &c);
	CHECK(e->wanted->n == 0 && e->set.n == 0);
	free(next.v);
	engine_free(e);
}

static void only_the_difference(void)
{
	struct engine *e = engine_new();
	struct topos next = { 0 };
	struct change c;

	topos_put(&next, topology(e, "a", NET("one", "10.1.0.0/24"), &next));
	CHECK(!change_plan(e, &c, &next));
	done(e, &c);
	topos_drop(&next, "a");
	topos_put(&next, topology(e, "a",
				  "networks: {one: {subnet: 10.1.0.0/24, "
				  "mtu: 1400}}\n", &next));
	CHECK(!change_plan(e, &c, &next));
	CHECK(c.plan.n == 1 && c.plan.steps[0].op == OP_UPDATE);
	/* it fails: all is as before */
	change_swap(e, &c);
	change_back(e, &c);
	topos_drop(&next, "a");
	topos_put(&next, e->set.v[0]);
	change_end(e, &c);
	CHECK(!change_plan(e, &c, &next));
	CHECK(c.plan.n == 0);
	change_end(e, &c);
	free(next.v);
	engine_free(e);
}

static void clashes_are_errors(void)
{
	struct engine *e = engine_new();
	struct topos next = { 0 }, none = { 0 };
	struct change c;
	struct buf text = { 0 };

	topos_put(&next, topology(e, "a", "networks: {one: {}}\n", &next));
	CHECK(!change_plan(e, &c, &next));
	done(e, &c);
	/* built as if it were alone, so that no check of names sees it */
	topos_put(&next, topology(e, "b", "networks: {two: {bridge: nd-one, "
				  "mtu: 1400}}\n", &none));
	report_clear(e->report);
	CHECK(change_plan(e, &c, &next) < 0);
	report_print(e->report, &text);
	CHECK(strstr(buf_text(&text), "a.net.yaml:2:"));
	CHECK(strstr(buf_text(&text), "b.net.yaml:2:"));
	change_end(e, &c);
	CHECK(e->set.n == 1);
	buf_free(&text);
	free(next.v);
	engine_free(e);
}

static void what_was_refused_is_not_there(void)
{
	struct engine *e = engine_new();
	struct topos next = { 0 };
	struct change c;
	struct step s = { .op = OP_CREATE };
	uint32_t i;

	topos_put(&next, topology(e, "a", NET("one", "10.1.0.0/24"), &next));
	CHECK(!change_plan(e, &c, &next));
	done(e, &c);
	for (i = 0; i < e->wanted->n; i++)
		if (e->wanted->v[i]->kind == KIND_BRIDGE)
			s.want = e->wanted->v[i];
	hold_add(&e->holds, &s, 1, "refused", 0);
	topos_drop(&next, "a");
	CHECK(!change_plan(e, &c, &next));
	CHECK(steps(&c, OP_DESTROY, KIND_BRIDGE) == 0);
	change_end(e, &c);
	free(next.v);
	engine_free(e);
}

int main(void)
{
	shared_things_stay();
	only_the_difference();
	clashes_are_errors();
	what_was_refused_is_not_there();
	return test_end();
}

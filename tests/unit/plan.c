// plan.c - objects of every kind across the wire, and the difference of states
// SPDX-License-Identifier: GPL-2.0-or-later
#include "netd/wire.h"
#include "test.h"

#include <stdint.h>
#include <stdlib.h>

static const struct pos nowhere;

static void words(struct list *l, struct arena *a)
{
	const char **v = l->items;
	uint32_t i;

	for (i = 0; i < l->n; i++)
		v[i] = arena_printf(a, "word %u", i);
}

/* Some value for every field, another one for every SEED. */
static void fill(struct object *o, struct arena *a, unsigned int seed)
{
	const struct record *r = &kinds[o->kind].rec;
	const struct field *f;
	struct list *l;
	uint32_t i;

	for (i = 0; i < r->count; i++) {
		f = &r->fields[i];
		if (f->type->shape == SHAPE_STR) {
			*(const char **)field_at(f, o) =
				arena_printf(a, "%s %u", f->name, seed);
		} else if (f->type->shape == SHAPE_LIST) {
			l = field_at(f, o);
			l->n = 1 + seed % 3;
			l->items = arena_alloc(a, l->n * f->elem->size);
			if (f->elem->shape == SHAPE_STR)
				words(l, a);
			else
				memset(l->items, 1 + seed % 2,
				       l->n * f->elem->size);
		} else {
			memset(field_at(f, o), 1 + seed % 2, f->type->size);
		}
	}
}

static void every_kind_crosses(int kind)
{
	struct state *s = state_new(), *t = state_new();
	struct object *o, *q;
	struct buf msg = { 0 }, text = { 0 };
	const char *p;
	size_t cut;

	o = state_add(s, kind, "lab", "some name", nowhere);
	state_within(s, o, KIND_BRIDGE, "parent");
	o->pos = (struct pos){ .file = 1, .line = 7, .col = 3 };
	fill(o, s->arena, kind);
	wire_pack_object(o, &msg);
	p = msg.p;
	CHECK(!wire_unpack_object(&p, msg.p + msg.len, t, &q));
	CHECK(p == msg.p + msg.len);
	CHECK(!object_cmp(o, q) && !object_diff(o, q));
	CHECK_STR(q->within, "parent");
	CHECK(q->within_kind == KIND_BRIDGE && q->pos.line == 7);
	object_print(q, ~0ull, &text);
	CHECK(text.len > 0);
	for (cut = 0; cut < msg.len; cut++) {
		p = msg.p;
		CHECK(wire_unpack_object(&p, msg.p + cut, t, NULL) < 0);
	}
	buf_free(&msg);
	buf_free(&text);
	state_free(s);
	state_free(t);
}

static void every_field_counts(int kind)
{
	struct state *s = state_new();
	const struct record *r = &kinds[kind].rec;
	struct object *a, *b;
	const struct field *f;
	uint64_t mask;
	uint32_t i;

	CHECK(r->count <= 64);
	for (i = 0; i < r->count; i++) {
		f = &r->fields[i];
		a = state_add(s, kind, "", "x", nowhere);
		b = state_add(s, kind, "", "x", nowhere);
		fill(a, s->arena, 1);
		fill(b, s->arena, 1);
		if (f->type->shape == SHAPE_STR)
			*(const char **)field_at(f, b) = "another";
		else if (f->type->shape == SHAPE_LIST)
			((struct list *)field_at(f, b))->n--;
		else
			memset(field_at(f, b), 9, f->type->size);
		mask = f->cls == CLASS_BORN || f->cls == CLASS_INFO ?
		       0 : 1ull << i;
		CHECK(object_diff(a, b) == mask);
		CHECK(field_cmp(f, a, b) != 0);
		if (f->any) {
			memset(field_at(f, a), 0xff, f->type->size);
			CHECK(object_diff(a, b) == 0);
		}
	}
	state_free(s);
}

static void count_clash(void *arg, const struct object *a,
			const struct object *b)
{
	++*(int *)arg;
}

static void states(void)
{
	struct state *s = state_new();
	struct sysctl *x, *y;
	struct object *o;
	int clashes = 0;

	x = state_add(s, KIND_SYSCTL, "", "b", nowhere);
	x->value = "1";
	state_add(s, KIND_SYSCTL, "", "a", nowhere);
	y = state_add(s, KIND_SYSCTL, "", "b", nowhere);
	y->value = "1";
	state_sort(s, count_clash, &clashes);
	CHECK(s->n == 2 && !clashes);
	y = state_add(s, KIND_SYSCTL, "", "b", nowhere);
	y->value = "2";
	state_sort(s, count_clash, &clashes);
	CHECK(s->n == 2 && clashes == 1);
	o = state_find(s, KIND_SYSCTL, "", "b");
	CHECK(o && !state_find(s, KIND_SYSCTL, "lab", "b"));
	state_remove(s, o);
	CHECK(s->n == 1 && !state_find(s, KIND_SYSCTL, "", "b"));
	state_put(s, o);
	CHECK(s->n == 2 && state_find(s, KIND_SYSCTL, "", "b") == o);
	CHECK(state_copy(s, o) != o);
	state_free(s);
}

/* --- plans ----------------------------------------------------------- */

static void *add(struct state *s, int kind, const char *netns,
		 const char *name, int within_kind, const char *within)
{
	struct object *o = state_add(s, kind, netns, name, nowhere);

	if (within)
		state_within(s, o, within_kind, within);
	return o;
}

static const char *plan_text(struct state *w, struct state *f,
			     struct buf *out, struct report *r)
{
	struct plan plan = { 0 };
	uint32_t i;

	state_sort(w, NULL, NULL);
	state_sort(f, NULL, NULL);
	plan_diff(w, f, &plan, r);
	buf_reset(out);
	for (i = 0; i < plan.n; i++) {
		const struct step *s = &plan.steps[i];
		const struct object *o = s->want ? s->want : s->have;

		buf_printf(out, "%s %s; ", op_name(s->op), o->name);
	}
	plan_free(&plan);
	return buf_text(out);
}

static void what_dies_is_not_destroyed(struct buf *out, struct report *r)
{
	struct state *w = state_new(), *f = state_new();

	add(f, KIND_NETNS, "", "lab", 0, NULL);
	add(f, KIND_BRIDGE, "lab", "br", 0, NULL);
	add(f, KIND_ADDRESS, "lab", "br 10.0.0.1/24", KIND_BRIDGE, "br");
	add(f, KIND_BRIDGE, "", "br0", 0, NULL);
	add(f, KIND_ADDRESS, "", "br0 10.0.0.1/24", KIND_BRIDGE, "br0");
	add(f, KIND_VETH, "", "port", 0, NULL);
	add(f, KIND_LINK, "", "eth0", 0, NULL);
	((struct object *)f->v[f->n - 1])->foreign = true;
	CHECK_STR(plan_text(w, f, out, r),
		  "destroy port; destroy br0; destroy lab; ");
	state_free(w);
	state_free(f);
}

static void a_new_one_brings_its_own(struct buf *out, struct report *r)
{
	struct state *w = state_new(), *f = state_new();
	struct veth *a, *b;

	a = add(w, KIND_VETH, "", "port", 0, NULL);
	b = add(f, KIND_VETH, "", "port", 0, NULL);
	a->peer_netns = "one";
	b->peer_netns = "two";
	add(w, KIND_ADDRESS, "", "port 10.0.0.1/24", KIND_VETH, "port");
	add(f, KIND_ADDRESS, "", "port 10.0.0.1/24", KIND_VETH, "port");
	CHECK_STR(plan_text(w, f, out, r),
		  "destroy port; create port; create port 10.0.0.1/24; ");
	state_free(w);
	state_free(f);
}

static void order(struct buf *out, struct report *r)
{
	struct state *w = state_new(), *f = state_new();

	add(w, KIND_SYSCTL, "", "net/ipv6/conf/all/forwarding", 0, NULL);
	add(w, KIND_SYSCTL, "", "net/ipv6/conf/eth0/accept_ra", 0, NULL);
	add(w, KIND_ROUTE, "lab", "0.0.0.0/0", KIND_BRIDGE, "br");
	add(w, KIND_BRIDGE, "lab", "br", 0, NULL);
	add(w, KIND_ELEMENT, "lab", "inet netd pair x", KIND_SET,
	    "inet netd pair");
	add(w, KIND_NETNS, "", "lab", 0, NULL);
	add(f, KIND_BRIDGE, "", "old", 0, NULL);
	add(f, KIND_VETH, "", "oldport", 0, NULL);
	add(f, KIND_SYSCTL, "", "net/ipv4/ip_forward", 0, NULL);
	CHECK_STR(plan_text(w, f, out, r),
		  "create lab; destroy net/ipv4/ip_forward; "
		  "create inet netd pair x; destroy oldport; create br; "
		  "create 0.0.0.0/0; create net/ipv6/conf/eth0/accept_ra; "
		  "create net/ipv6/conf/all/forwarding; destroy old; ");
	state_free(w);
	state_free(f);
}

static void foreign_things(struct buf *out, struct report *r)
{
	struct state *w = state_new(), *f = state_new();
	struct object *o;

	add(w, KIND_BRIDGE, "", "br0", 0, NULL);
	o = add(f, KIND_LINK, "", "br0", 0, NULL);
	o->foreign = true;
	CHECK_STR(plan_text(w, f, out, r), "");
	CHECK(r->errors == 1);
	report_clear(r);
	state_free(w);
	w = state_new();
	add(w, KIND_NIC, "", "br0", 0, NULL);
	add(w, KIND_ADDRESS, "", "br0 192.0.2.1/24", 0, NULL);
	o = add(f, KIND_ADDRESS, "", "br0 192.0.2.1/24", 0, NULL);
	o->foreign = true;
	CHECK_STR(plan_text(w, f, out, r), "create br0; ");
	CHECK(!r->errors);
	state_free(w);
	state_free(f);
}

static void pinned(struct buf *out, struct report *r)
{
	struct state *w = state_new(), *f = state_new();
	struct tap *a, *b;

	a = add(w, KIND_TAP, "", "t", 0, NULL);
	b = add(f, KIND_TAP, "", "t", 0, NULL);
	a->queues = 2;
	b->queues = 1;
	b->l.o.busy = true;
	CHECK_STR(plan_text(w, f, out, r), "refuse t; ");
	b->l.o.busy = false;
	CHECK_STR(plan_text(w, f, out, r), "destroy t; create t; ");
	a->queues = 1;
	a->l.mtu = 1400;
	CHECK_STR(plan_text(w, f, out, r), "update t; ");
	b->l.mtu = 1400;
	CHECK_STR(plan_text(w, f, out, r), "");
	state_free(w);
	state_free(f);
}

static void plans_cross(void)
{
	struct state *w = state_new(), *f = state_new(), *t = state_new();
	struct plan plan = { 0 }, got = { 0 };
	struct report *r = report_new();
	struct buf msg = { 0 }, a = { 0 }, b = { 0 };
	struct bridge *x, *y;
	const char *p;
	uint32_t i;

	x = add(w, KIND_BRIDGE, "", "br", 0, NULL);
	y = add(f, KIND_BRIDGE, "", "br", 0, NULL);
	x->l.mtu = 1400;
	y->l.mtu = 1500;
	add(w, KIND_TAP, "", "t", 0, NULL);
	add(f, KIND_TAP, "", "u", 0, NULL);
	state_sort(w, NULL, NULL);
	state_sort(f, NULL, NULL);
	CHECK(!plan_diff(w, f, &plan, r));
	wire_pack_plan(&plan, &msg);
	p = msg.p;
	CHECK(!wire_unpack_plan(&p, msg.p + msg.len, t, &got));
	CHECK(plan.n == 3 && got.n == 3);
	for (i = 0; i < got.n; i++) {
		plan_print_step(&plan.steps[i], &a);
		plan_print_step(&got.steps[i], &b);
		CHECK(plan.steps[i].phase == got.steps[i].phase);
	}
	CHECK_STR(buf_text(&b), buf_text(&a));
	CHECK(strstr(buf_text(&a), "~ bridge br: mtu 1500 -> 1400"));
	plan_free(&plan);
	plan_free(&got);
	buf_free(&msg);
	buf_free(&a);
	buf_free(&b);
	report_free(r);
	state_free(w);
	state_free(f);
	state_free(t);
}

int main(void)
{
	struct report *r = report_new();
	struct buf out = { 0 };
	int kind;

	for (kind = 0; kind < KIND_COUNT; kind++) {
		every_kind_crosses(kind);
		every_field_counts(kind);
	}
	states();
	what_dies_is_not_destroyed(&out, r);
	a_new_one_brings_its_own(&out, r);
	order(&out, r);
	foreign_things(&out, r);
	pinned(&out, r);
	plans_cross();
	buf_free(&out);
	report_free(r);
	return test_end();
}

// wire.c - objects and steps as messages between netd and its kernel side
// SPDX-License-Identifier: GPL-2.0-or-later
#include "netd/wire.h"

#include <errno.h>
#include <string.h>

/* The fixed part of an object's header. */
struct wire_object {
	uint8_t kind, foreign, busy, within_kind;
	struct pos pos;
};

void wire_pack_object(const struct object *o, struct buf *out)
{
	struct wire_object h = {
		.kind = o->kind, .foreign = o->foreign, .busy = o->busy,
		.within_kind = o->within_kind, .pos = o->pos,
	};

	buf_add(out, &h, sizeof(h));
	pack_str(out, o->netns);
	pack_str(out, o->name);
	pack_str(out, o->within);
	record_pack(&kinds[o->kind].rec, o, out);
}

/* The string of the object before, when it is the same. */
static int unpack_shared(const char **p, const char *end, const char **s,
			 const char *before, struct arena *a)
{
	uint32_t len;
	const char *q = *p;

	if (unpack_u32(&q, end, &len))
		return -EBADMSG;
	if (before && len <= (size_t)(end - q) && strlen(before) == len &&
	    !memcmp(before, q, len)) {
		*s = before;
		*p = q + len;
		return 0;
	}
	return unpack_str(p, end, s, a);
}

int wire_unpack_object(const char **p, const char *end, struct state *s,
		       struct object **op)
{
	const struct object *last = s->n ? s->v[s->n - 1] : NULL;
	const char *netns, *name, *within;
	struct wire_object h;
	struct object *o;

	if ((size_t)(end - *p) < sizeof(h))
		return -EBADMSG;
	memcpy(&h, *p, sizeof(h));
	*p += sizeof(h);
	if (h.kind >= KIND_COUNT || h.within_kind >= KIND_COUNT ||
	    h.foreign > 1 || h.busy > 1)
		return -EBADMSG;
	if (unpack_shared(p, end, &netns, last ? last->netns : NULL,
			  s->arena) ||
	    unpack_str(p, end, &name, s->arena) ||
	    unpack_shared(p, end, &within, last ? last->within : NULL,
			  s->arena))
		return -EBADMSG;
	o = state_add_static(s, h.kind, netns, name, h.pos);
	o->foreign = h.foreign;
	o->busy = h.busy;
	o->within_kind = h.within_kind;
	o->within = within;
	if (op)
		*op = o;
	return record_unpack(&kinds[h.kind].rec, p, end, o, s->arena);
}

void wire_pack_state(const struct state *s, struct buf *out)
{
	uint32_t i;

	pack_u32(out, s->n);
	for (i = 0; i < s->n; i++)
		wire_pack_object(s->v[i], out);
}

int wire_unpack_state(const char **p, const char *end, struct state *s)
{
	uint32_t n;

	if (unpack_u32(p, end, &n))
		return -EBADMSG;
	while (n--)
		if (wire_unpack_object(p, end, s, NULL))
			return -EBADMSG;
	return 0;
}

void wire_pack_plan(const struct plan *plan, struct buf *out)
{
	const struct step *st;
	uint32_t i;

	pack_u32(out, plan->n);
	for (i = 0; i < plan->n; i++) {
		st = &plan->steps[i];
		buf_add(out, &st->op, 1);
		buf_add(out, &st->phase, 1);
		buf_add(out, &st->mask, sizeof(st->mask));
		if (st->want)
			wire_pack_object(st->want, out);
		if (st->have)
			wire_pack_object(st->have, out);
	}
}

static int unpack_step(const char **p, const char *end, struct state *s,
		       struct plan *plan)
{
	struct object *want = NULL, *have = NULL;
	uint8_t op, phase;
	uint64_t mask;

	if (end - *p < (int)(2 + sizeof(mask)))
		return -EBADMSG;
	op = (*p)[0];
	phase = (*p)[1];
	memcpy(&mask, *p + 2, sizeof(mask));
	*p += 2 + sizeof(mask);
	if (op > OP_REFUSE || phase >= PHASE_COUNT)
		return -EBADMSG;
	if (op != OP_DESTROY && wire_unpack_object(p, end, s, &want))
		return -EBADMSG;
	if (op != OP_CREATE && wire_unpack_object(p, end, s, &have))
		return -EBADMSG;
	/* both are read by the table of one kind */
	if (want && have && object_cmp(want, have))
		return -EBADMSG;
	plan_add(plan, op, mask, want, have);
	plan->steps[plan->n - 1].phase = phase;
	return 0;
}

int wire_unpack_plan(const char **p, const char *end, struct state *s,
		     struct plan *plan)
{
	uint32_t n;

	if (unpack_u32(p, end, &n))
		return -EBADMSG;
	while (n--)
		if (unpack_step(p, end, s, plan))
			return -EBADMSG;
	return 0;
}

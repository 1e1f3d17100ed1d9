// object.c - what is true of an object of any kind
// SPDX-License-Identifier: GPL-2.0-or-later
#include "netd/object.h"

#include <string.h>

int object_cmp(const struct object *a, const struct object *b)
{
	int c;

	if (a->kind != b->kind)
		return a->kind < b->kind ? -1 : 1;
	if (a->netns != b->netns) {
		c = strcmp(a->netns, b->netns);
		if (c)
			return c;
	}
	return strcmp(a->name, b->name);
}

uint64_t object_diff(const struct object *wanted, const struct object *found)
{
	const struct record *r = &kinds[wanted->kind].rec;
	const struct field *f;
	uint64_t mask = 0;
	uint32_t i;

	for (i = 0; i < r->count; i++) {
		f = &r->fields[i];
		if (f->cls == CLASS_BORN || f->cls == CLASS_INFO ||
		    field_is_any(f, wanted))
			continue;
		if (field_cmp(f, wanted, found))
			mask |= 1ull << i;
	}
	return mask;
}

bool object_same(const struct object *a, const struct object *b)
{
	const struct record *r = &kinds[a->kind].rec;
	uint32_t i;

	for (i = 0; i < r->count; i++)
		if (field_cmp(&r->fields[i], a, b))
			return false;
	return true;
}

uint64_t object_mask(int kind, enum field_class cls)
{
	const struct record *r = &kinds[kind].rec;
	uint64_t mask = 0;
	uint32_t i;

	for (i = 0; i < r->count; i++)
		if (r->fields[i].cls == cls)
			mask |= 1ull << i;
	return mask;
}

void object_print_id(const struct object *o, struct buf *out)
{
	buf_printf(out, "%s %s", kinds[o->kind].name, o->name);
	if (o->netns[0])
		buf_printf(out, " in %s", o->netns);
}

void object_print(const struct object *o, uint64_t mask, struct buf *out)
{
	const struct record *r = &kinds[o->kind].rec;
	const char *sep = "";
	uint32_t i;

	for (i = 0; i < r->count; i++) {
		if (!(mask & 1ull << i))
			continue;
		buf_printf(out, "%s%s ", sep, r->fields[i].name);
		field_print(&r->fields[i], o, out);
		sep = ", ";
	}
}

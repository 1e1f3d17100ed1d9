// field.c - what can be done with a value whose type a table tells
// SPDX-License-Identifier: GPL-2.0-or-later
#include "netd/field.h"

#include <errno.h>
#include <string.h>

static int str_cmp(const char *a, const char *b)
{
	return strcmp(a ? a : "", b ? b : "");
}

static int value_cmp(const struct field_type *t, const void *a, const void *b)
{
	if (t->shape == SHAPE_STR)
		return str_cmp(*(const char *const *)a,
			       *(const char *const *)b);
	return memcmp(a, b, t->size);
}

static int list_cmp(const struct field *f, const struct list *a,
		    const struct list *b)
{
	uint32_t i;
	int c;

	if (a->n != b->n)
		return a->n < b->n ? -1 : 1;
	for (i = 0; i < a->n; i++) {
		c = value_cmp(f->elem, (char *)a->items + i * f->elem->size,
			      (char *)b->items + i * f->elem->size);
		if (c)
			return c;
	}
	return 0;
}

int field_cmp(const struct field *f, const void *a, const void *b)
{
	if (f->type->shape == SHAPE_LIST)
		return list_cmp(f, field_at(f, a), field_at(f, b));
	return value_cmp(f->type, field_at(f, a), field_at(f, b));
}

bool field_is_any(const struct field *f, const void *rec)
{
	const unsigned char *p = field_at(f, rec);
	uint32_t i;

	if (!f->any || f->type->shape != SHAPE_FIXED)
		return false;
	for (i = 0; i < f->type->size; i++)
		if (p[i] != 0xff)
			return false;
	return true;
}

int field_read(const struct field *f, const char *text, void *rec,
	       struct arena *a, struct buf *why)
{
	return f->type->read(f, text, field_at(f, rec), a, why);
}

void field_print(const struct field *f, const void *rec, struct buf *out)
{
	const struct list *l = field_at(f, rec);
	uint32_t i;

	if (field_is_any(f, rec)) {
		buf_str(out, "any");
		return;
	}
	if (f->type->shape != SHAPE_LIST) {
		f->type->print(f, field_at(f, rec), out);
		return;
	}
	for (i = 0; i < l->n; i++) {
		if (i)
			buf_str(out, ", ");
		f->elem->print(f, (char *)l->items + i * f->elem->size, out);
	}
}

/* --- packing --------------------------------------------------------- */

void pack_u32(struct buf *out, uint32_t v)
{
	buf_add(out, &v, sizeof(v));
}

void pack_str(struct buf *out, const char *s)
{
	uint32_t len = s ? strlen(s) : 0;

	pack_u32(out, len);
	buf_add(out, s, len);
}

int unpack_u32(const char **p, const char *end, uint32_t *v)
{
	if ((size_t)(end - *p) < sizeof(*v))
		return -EBADMSG;
	memcpy(v, *p, sizeof(*v));
	*p += sizeof(*v);
	return 0;
}

int unpack_str(const char **p, const char *end, const char **s,
	       struct arena *a)
{
	uint32_t len;

	if (unpack_u32(p, end, &len) || (size_t)(end - *p) < len ||
	    memchr(*p, '\0', len))
		return -EBADMSG;
	*s = len ? arena_strndup(a, *p, len) : "";
	*p += len;
	return 0;
}

static void value_pack(const struct field_type *t, const void *v,
		       struct buf *out)
{
	if (t->shape == SHAPE_STR)
		pack_str(out, *(const char *const *)v);
	else
		buf_add(out, v, t->size);
}

static int value_unpack(const struct field_type *t, const char **p,
			const char *end, void *v, struct arena *a)
{
	if (t->shape == SHAPE_STR)
		return unpack_str(p, end, v, a);
	if ((size_t)(end - *p) < t->size)
		return -EBADMSG;
	memcpy(v, *p, t->size);
	*p += t->size;
	/* the only bool of a fixed type must stay one */
	if (t == &field_bool && *(unsigned char *)v > 1)
		return -EBADMSG;
	return 0;
}

void field_pack(const struct field *f, const void *rec, struct buf *out)
{
	const struct list *l = field_at(f, rec);
	uint32_t i;

	if (f->type->shape != SHAPE_LIST) {
		value_pack(f->type, field_at(f, rec), out);
		return;
	}
	pack_u32(out, l->n);
	for (i = 0; i < l->n; i++)
		value_pack(f->elem, (char *)l->items + i * f->elem->size, out);
}

static int list_unpack(const struct field *f, const char **p, const char *end,
		       struct list *l, struct arena *a)
{
	uint32_t i, n, least;

	/* a string packs as its length at the least */
	least = f->elem->shape == SHAPE_STR ? sizeof(uint32_t) : f->elem->size;
	if (unpack_u32(p, end, &n) || n > (size_t)(end - *p) / least)
		return -EBADMSG;
	l->n = n;
	l->items = arena_alloc(a, (size_t)n * f->elem->size);
	for (i = 0; i < n; i++)
		if (value_unpack(f->elem, p, end,
				 (char *)l->items + i * f->elem->size, a))
			return -EBADMSG;
	return 0;
}

int field_unpack(const struct field *f, const char **p, const char *end,
		 void *rec, struct arena *a)
{
	if (f->type->shape == SHAPE_LIST)
		return list_unpack(f, p, end, field_at(f, rec), a);
	return value_unpack(f->type, p, end, field_at(f, rec), a);
}

void record_pack(const struct record *r, const void *rec, struct buf *out)
{
	uint32_t i;

	for (i = 0; i < r->count; i++)
		field_pack(&r->fields[i], rec, out);
}

int record_unpack(const struct record *r, const char **p, const char *end,
		  void *rec, struct arena *a)
{
	uint32_t i;

	for (i = 0; i < r->count; i++)
		if (field_unpack(&r->fields[i], p, end, rec, a))
			return -EBADMSG;
	return 0;
}

// read_value.c - the values of a topology, by the tables
// SPDX-License-Identifier: GPL-2.0-or-later
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "topo/read.h"
#include "topo/schema.h"

void list_push(struct arena *a, struct list *l, const void *item, size_t size)
{
	void *more;

	/* room is for the next power of two, so that it needs no number */
	if (!(l->n & (l->n - 1))) {
		more = arena_alloc(a, size * (l->n ? l->n * 2 : 1));
		if (l->n)
			memcpy(more, l->items, size * l->n);
		l->items = more;
	}
	memcpy((char *)l->items + size * l->n++, item, size);
}

void read_node(struct reader *r, const struct record *t, struct node *n,
	       const char *name, const char *path)
{
	n->name = name;
	n->path = path;
	n->pos = r->pos;
	n->at = arena_alloc(r->arena, t->count * sizeof(*n->at));
}

/* --- messages -------------------------------------------------------- */

/* What was found, for "found ...": its text, made harmless, or its shape. */
static const char *found(const struct reader *r, char out[80])
{
	const char *s = reader_scalar(r);
	size_t i;

	if (r->ev.type == YAML_MAPPING_START_EVENT)
		return "a map";
	if (r->ev.type == YAML_SEQUENCE_START_EVENT)
		return "a list";
	if (r->ev.type != YAML_SCALAR_EVENT)
		return "nothing";
	if (reader_nothing(r))
		return "nothing";
	out[0] = '"';
	for (i = 0; s[i] && i < 60; i++)
		out[i + 1] = iscntrl((unsigned char)s[i]) ? '?' : s[i];
	strcpy(out + i + 1, s[i] ? "...\"" : "\"");
	return out;
}

static const char *found_hint(const struct reader *r)
{
	return r->ev.type == YAML_MAPPING_START_EVENT &&
	       reader_colons(r, r->pos) ?
	       " (quote IPv6 addresses in flow style: \"fd00::1\")" : "";
}

void read_expected(struct reader *r, const char *path, const char *what)
{
	char text[80];

	/* what an alias is has been said */
	if (r->ev.type == YAML_ALIAS_EVENT)
		return;
	reader_error(r, r->pos, path, "expected %s, found %s%s", what,
		     found(r, text), found_hint(r));
}

/* A scalar that its type refused with ERR and WHY. */
static void refused(struct reader *r, const char *path, const struct field *f,
		    const struct field_type *type, int err, const char *why)
{
	char text[80];
	const char *near = NULL;
	unsigned int n = 0;

	while (f->names && f->names[n])
		n++;
	if (f->names)
		near = report_nearest(reader_scalar(r), f->names, n);
	if (err == -EOPNOTSUPP)
		reader_error(r, r->pos, path, "%s", why);
	else if (!strncmp(why, "expected", 8))
		reader_error(r, r->pos, path, "%s, found %s%s%s%s", why,
			     found(r, text), near ? " (did you mean " : "",
			     near ? near : "", near ? "?)" : "");
	else
		reader_error(r, r->pos, path, "expected %s, found %s%s%s",
			     type->what, found(r, text), *why ? ": " : "",
			     why);
}

static void not_yet(struct reader *r, const char *path, const struct field *f)
{
	struct buf now = { 0 };
	unsigned int i;

	for (i = 0; f->names && f->names[i]; i++)
		buf_printf(&now, "%s%s", i ? ", " : "; until then: ",
			   f->names[i]);
	reader_error(r, r->pos, path, "not yet: comes with %s%s", f->later,
		     buf_text(&now));
	buf_free(&now);
}

/* --- scalars and lists of them --------------------------------------- */

/* What no type of ours takes, and a terminal or a log should not get. */
const char *read_unfit(const struct reader *r, const struct field_type *type)
{
	const yaml_event_t *e = &r->ev;
	size_t i, len = e->data.scalar.length;

	if (len > READ_MAX_SCALAR)
		return "a text of at most 4,096 bytes";
	for (i = 0; i < len; i++) {
		unsigned char c = e->data.scalar.value[i];

		if (!c || ((c < 0x20 || c == 0x7f) && type != &type_text))
			return "a text without control characters";
	}
	return NULL;
}

/* Where a value is; a path is made of it when there is an error to tell. */
struct spot {
	const char *base, *key;
	int item;		/* in a list, or -1 */
};

static const char *join(struct reader *r, const char *path, const char *key)
{
	return path[0] ? arena_printf(r->arena, "%s.%s", path, key) : key;
}

static const char *spot_path(struct reader *r, const struct spot *s)
{
	const char *path = join(r, s->base, s->key);

	return s->item < 0 ? path :
	       arena_printf(r->arena, "%s[%d]", path, s->item);
}

static void bad_scalar(struct reader *r, const struct field *f,
		       const struct field_type *type, const struct spot *s,
		       int err, const char *why)
{
	const char *path = spot_path(r, s), *bad = NULL;

	if (r->ev.type == YAML_SCALAR_EVENT)
		bad = read_unfit(r, type);
	if (f->later)
		not_yet(r, path, f);
	else if (r->ev.type != YAML_SCALAR_EVENT || reader_nothing(r))
		read_expected(r, path, type->what);
	else if (bad)
		read_expected(r, path, bad);
	else
		refused(r, path, f, type, err, why);
}

/* Reads the event at hand into V, and takes it. */
static void read_scalar(struct reader *r, const struct field *f,
			const struct field_type *type, void *v,
			const struct spot *s)
{
	struct buf why = { 0 };
	int err = -EINVAL;

	if (r->ev.type == YAML_SCALAR_EVENT && !reader_nothing(r) &&
	    !read_unfit(r, type))
		err = type->read(f, reader_scalar(r), v, r->arena, &why);
	if (err)
		bad_scalar(r, f, type, s, err, buf_text(&why));
	else if (type_is_word(type))
		((struct word *)v)->pos = r->pos;
	buf_free(&why);
	reader_skip(r);
}

static bool too_many(struct reader *r, const struct list *l, const char *path)
{
	if (l->n < READ_MAX_ITEMS)
		return false;
	reader_error(r, r->pos, path, "expected at most %d items",
		     READ_MAX_ITEMS);
	r->dead = true;
	return true;
}

static bool at_end(const struct reader *r, yaml_event_type_t end)
{
	return r->dead || r->ev.type == end || r->ev.type == YAML_NO_EVENT;
}

static void read_list(struct reader *r, const struct field *f, struct list *l,
		      const char *base)
{
	union {
		char bytes[64];
		uint64_t align;
	} v;
	bool many = r->ev.type == YAML_SEQUENCE_START_EVENT;
	struct spot s = { base, f->name, -1 };

	if (reader_nothing(r)) {
		reader_next(r);
		return;
	}
	if (many)
		reader_next(r);
	while (!at_end(r, YAML_SEQUENCE_END_EVENT)) {
		if (too_many(r, l, base))
			return;
		memset(&v, 0, sizeof(v));
		if (many)
			s.item = l->n;
		read_scalar(r, f, many || !f->alone ? f->elem : f->alone, &v,
			    &s);
		list_push(r->arena, l, &v, f->elem->size);
		if (!many)
			return;
	}
	reader_next(r);
}

/* --- structs --------------------------------------------------------- */

/* What it may be written as. */
static const char *spellings(struct reader *r, const struct record *t)
{
	if (!t->spelling)
		return arena_printf(r->arena, "a map (%s)", t->what);
	return arena_printf(r->arena, "%s (%s or a map)", t->what,
			    t->spelling);
}

static void read_short(struct reader *r, const struct record *t, void *rec)
{
	static const struct field none = { .name = "" };
	const struct field_type what = { .what = spellings(r, t) };
	struct node *n = rec;
	struct buf why = { 0 };
	const char *bad = read_unfit(r, &what);
	int err = -EINVAL;

	if (bad)
		read_expected(r, n->path, bad);
	else
		err = t->scalar(reader_scalar(r), rec, r->arena, &why);
	if (err && !bad)
		refused(r, n->path, &none, &what, err, buf_text(&why));
	n->scalar = true;
	n->broken = err;
	buf_free(&why);
	reader_next(r);
}

/* The value at hand, in whichever spelling, into REC. */
static void read_any(struct reader *r, const struct record *t, void *rec)
{
	struct node *n = rec;

	if (r->ev.type == YAML_MAPPING_START_EVENT) {
		read_record(r, t, rec);
	} else if (t->list && !reader_nothing(r) &&
		   r->ev.type != YAML_NO_EVENT) {
		read_list(r, &t->fields[0], field_at(&t->fields[0], rec),
			  n->path);
	} else if (reader_nothing(r)) {
		reader_next(r);
	} else if (t->scalar && r->ev.type == YAML_SCALAR_EVENT) {
		read_short(r, t, rec);
	} else if (r->ev.type != YAML_NO_EVENT) {
		n->broken = true;
		read_expected(r, n->path, spellings(r, t));
		reader_skip(r);
	}
}

bool name_reserved(const char *name)
{
	static const char *const words[] = {
		"any", "host", "outside", "auto", "none", "home", "all",
		"default",
	};
	size_t i;

	for (i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (!strcmp(words[i], name))
			return true;
	return false;
}

/* The key at hand as a name of the user's, or NULL. */
static const char *read_key_name(struct reader *r, const char *path)
{
	struct buf why = { 0 };
	const char *name = NULL;

	if (r->ev.type != YAML_SCALAR_EVENT || read_unfit(r, &field_name) ||
	    field_name.read(NULL, reader_scalar(r), &name, r->arena, &why))
		read_expected(r, path, field_name.what);
	else if (name_reserved(name))
		reader_error(r, r->pos, path, "expected a name, found \"%s\", "
			     "which is a word with a meaning of its own", name);
	buf_free(&why);
	return name;
}

static int by_name(const void *x, const void *y)
{
	const struct node *a = *(struct node *const *)x;
	const struct node *b = *(struct node *const *)y;
	int d = strcmp(a->name, b->name);

	if (d)
		return d;
	if (a->pos.line != b->pos.line)
		return a->pos.line < b->pos.line ? -1 : 1;
	return a->pos.col < b->pos.col ? -1 : 1;
}

/* A key that is there twice; sorting finds it without looking at all pairs. */
static void check_twice(struct reader *r, const struct list *l)
{
	struct node **v;
	uint32_t i, first = 0;

	if (l->n < 2)
		return;
	v = malloc(l->n * sizeof(*v));
	if (!v)
		abort();
	memcpy(v, l->items, l->n * sizeof(*v));
	qsort(v, l->n, sizeof(*v), by_name);
	for (i = 1; i < l->n; i++) {
		if (strcmp(v[first]->name, v[i]->name))
			first = i;
		else
			reader_error(r, v[i]->pos, v[i]->path, "written twice: "
				     "the first is at line %u, column %u",
				     v[first]->pos.line, v[first]->pos.col);
	}
	free(v);
}

static void read_records(struct reader *r, const struct field *f,
			 struct list *l, const char *path)
{
	const char *name;
	struct node *n;

	if (r->ev.type != YAML_MAPPING_START_EVENT) {
		if (!reader_nothing(r))
			read_expected(r, path, f->type->what);
		reader_skip(r);
		return;
	}
	reader_next(r);
	while (!at_end(r, YAML_MAPPING_END_EVENT)) {
		if (too_many(r, l, path))
			return;
		name = read_key_name(r, path);
		if (!name) {
			reader_skip(r);
			reader_skip(r);
			continue;
		}
		n = arena_alloc(r->arena, f->sub->size);
		read_node(r, f->sub, n, name,
			  arena_printf(r->arena, "%s.%s", path, name));
		list_push(r->arena, l, &n, sizeof(n));
		reader_next(r);
		read_any(r, f->sub, n);
	}
	check_twice(r, l);
	reader_next(r);
}

static void read_items(struct reader *r, const struct field *f,
		       struct list *l, const char *path)
{
	bool many = r->ev.type == YAML_SEQUENCE_START_EVENT;
	struct node *n;

	if (reader_nothing(r)) {
		reader_next(r);
		return;
	}
	if (!many && (!f->sub->scalar || r->ev.type != YAML_SCALAR_EVENT)) {
		read_expected(r, path, arena_printf(r->arena, "a list (each: %s)",
					       f->sub->what));
		reader_skip(r);
		return;
	}
	if (many)
		reader_next(r);
	while (!at_end(r, YAML_SEQUENCE_END_EVENT)) {
		if (too_many(r, l, path))
			return;
		n = arena_alloc(r->arena, f->sub->size);
		read_node(r, f->sub, n, NULL,
			  arena_printf(r->arena, "%s[%u]", path, l->n));
		list_push(r->arena, l, &n, sizeof(n));
		read_any(r, f->sub, n);
		if (!many)
			return;
	}
	reader_next(r);
}

void read_field(struct reader *r, const struct field *f, void *rec)
{
	const struct node *n = rec;
	const struct spot s = { n->path, f->name, -1 };
	unsigned int errors = r->report->errors;
	void *v = field_at(f, rec);
	struct node *sub;

	if (!f->type) {
		not_yet(r, spot_path(r, &s), f);
		reader_skip(r);
	} else if (f->type->shape == SHAPE_RECORD) {
		sub = arena_alloc(r->arena, f->sub->size);
		read_node(r, f->sub, sub, NULL, spot_path(r, &s));
		*(void **)v = sub;
		read_any(r, f->sub, sub);
	} else if (f->type->shape == SHAPE_RECORDS) {
		read_records(r, f, v, spot_path(r, &s));
	} else if (f->type->shape == SHAPE_ITEMS) {
		read_items(r, f, v, spot_path(r, &s));
	} else if (f->type->shape == SHAPE_PAIRS) {
		read_pairs(r, f, v, spot_path(r, &s));
	} else if (f->type->shape == SHAPE_LIST) {
		read_list(r, f, v, n->path);
	} else {
		read_scalar(r, f, f->type, v, &s);
	}
	if (r->report->errors != errors)
		((struct node *)rec)->broken = true;
}

static const struct field *find(const struct record *t, const char *key)
{
	uint32_t i;

	for (i = 0; i < t->count; i++)
		if (t->fields[i].name[0] == *key &&
		    !strcmp(t->fields[i].name, key))
			return &t->fields[i];
	return NULL;
}

static void unknown_key(struct reader *r, const struct record *t,
			const struct node *n)
{
	const char *names[64], *near;
	char text[80];
	uint32_t i;

	if (!strcmp(reader_scalar(r), "<<")) {
		reader_error(r, r->pos, n->path, "expected a key of %s, found "
			     "<<: use `defaults:` for what many have in "
			     "common", t->what);
		return;
	}
	for (i = 0; i < t->count && i < 64; i++)
		names[i] = t->fields[i].name;
	near = report_nearest(reader_scalar(r), names, i);
	reader_error(r, r->pos, n->path,
		     "expected a key of %s, found %s%s%s%s", t->what,
		     found(r, text), near ? " (did you mean " : "",
		     near ? near : "", near ? "?)" : "");
}

/* The key at hand: its field, or NULL after an error. */
static const struct field *read_key(struct reader *r, const struct record *t,
				    struct node *n)
{
	const struct field *f;
	uint32_t i;

	if (r->ev.type != YAML_SCALAR_EVENT) {
		read_expected(r, n->path, "a key");
		return NULL;
	}
	f = find(t, reader_scalar(r));
	if (!f) {
		unknown_key(r, t, n);
		return NULL;
	}
	i = f - t->fields;
	if (n->own & 1ull << i) {
		reader_error(r, r->pos, join(r, n->path, f->name),
			     "written twice: the first is at line %u, "
			     "column %u", n->at[i].line, n->at[i].col);
		return NULL;
	}
	n->own |= 1ull << i;
	n->set |= 1ull << i;
	n->at[i] = r->pos;
	return f;
}

void read_record(struct reader *r, const struct record *t, void *rec)
{
	struct node *n = rec;
	const struct field *f;

	reader_next(r);
	while (!at_end(r, YAML_MAPPING_END_EVENT)) {
		f = read_key(r, t, n);
		if (!f) {
			n->broken = true;
			reader_skip(r);
			reader_skip(r);
			continue;
		}
		reader_next(r);
		/* where a value is absent, the key is the better place */
		if (!reader_nothing(r))
			n->at[f - t->fields] = r->pos;
		read_field(r, f, rec);
	}
	reader_next(r);
}

// read_labels.c - a map of keys to texts
// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include "topo/read.h"
#include "topo/schema.h"

#define LABELS_MAX 16
#define LABEL_KEY_MAX 63
#define LABEL_VALUE_MAX 255

static bool is_label_key(const struct reader *r)
{
	static const char chars[] = "abcdefghijklmnopqrstuvwxyz0123456789.-";
	size_t len = strlen(reader_scalar(r));

	return r->ev.type == YAML_SCALAR_EVENT && len &&
	       len <= LABEL_KEY_MAX && !read_unfit(r, &field_str) &&
	       strspn(reader_scalar(r), chars) == len;
}

static bool is_label_value(const struct reader *r)
{
	return r->ev.type == YAML_SCALAR_EVENT && !reader_nothing(r) &&
	       r->ev.data.scalar.length <= LABEL_VALUE_MAX &&
	       !read_unfit(r, &field_str);
}

static bool has_label(const struct list *l, const char *key)
{
	const struct label *v = l->items;
	uint32_t i;

	for (i = 0; i < l->n; i++)
		if (!strcmp(v[i].key, key))
			return true;
	return false;
}

/* The event at hand and the one after it: a key and its text. */
static void read_label(struct reader *r, const struct field *f,
		       struct list *l, const char *path)
{
	uint32_t max = f->max ? f->max : LABELS_MAX;
	struct label label = { NULL, NULL };

	if (!is_label_key(r))
		read_expected(r, path, "a key of at most 63 of a-z, 0-9, . and -");
	else if (has_label(l, reader_scalar(r)))
		reader_error(r, r->pos, path, "written twice");
	else if (l->n == max)
		reader_error(r, r->pos, path, "expected at most %u of them",
			     max);
	else
		label.key = arena_strdup(r->arena, reader_scalar(r));
	reader_skip(r);
	if (!is_label_value(r))
		read_expected(r, path, "a text of at most 255 bytes");
	else
		label.value = arena_strdup(r->arena, reader_scalar(r));
	reader_skip(r);
	if (label.key && label.value)
		list_push(r->arena, l, &label, sizeof(label));
}

void read_pairs(struct reader *r, const struct field *f,
		       struct list *l, const char *path)
{
	if (r->ev.type != YAML_MAPPING_START_EVENT) {
		if (!reader_nothing(r))
			read_expected(r, path, f->type->what);
		reader_skip(r);
		return;
	}
	reader_next(r);
	while (!r->dead && r->ev.type != YAML_MAPPING_END_EVENT &&
	       r->ev.type != YAML_NO_EVENT)
		read_label(r, f, l, path);
	reader_next(r);
}

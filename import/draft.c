// draft.c - a topology file being written
// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <string.h>

#include "import/draft.h"

/* As the examples are written. */
#define LINE_MAX_LEN 96
/* What topo_read() takes. */
#define FILE_MAX (4u << 20)

struct value {
	struct value *next;
	const char *key;
	struct text *first, **tail;
	bool list;
};

struct text {
	struct text *next;
	const char *s;
};

const struct import_format import_formats[] = {
	{ "graphml", "GraphML" },
	{ "containerlab", "containerlab's topology" },
	{ "libvirt", "libvirt's network XML" },
	{ NULL, NULL }
};

static int (*const readers[])(struct draft *, const char *, size_t) = {
	import_graphml, import_containerlab, import_libvirt,
};

static const char *const sections[] = {
	"networks", "attachments", "routers", "nodes", "links",
};

struct item *draft_item(struct draft *d)
{
	struct item *it = arena_alloc(d->arena, sizeof(*it));

	it->tail = &it->values;
	return it;
}

struct item *draft_add(struct draft *d, enum section s, const char *name)
{
	struct item *it = draft_item(d);

	it->name = name;
	if (!d->tail[s])
		d->tail[s] = &d->items[s];
	*d->tail[s] = it;
	d->tail[s] = &it->next;
	return it;
}

static struct value *value_of(struct draft *d, struct item *it,
			      const char *key)
{
	struct value *v;

	for (v = it->values; v; v = v->next)
		if (!strcmp(v->key, key))
			return v;
	v = arena_alloc(d->arena, sizeof(*v));
	v->key = key;
	v->tail = &v->first;
	*it->tail = v;
	it->tail = &v->next;
	return v;
}

static void add_text(struct draft *d, struct value *v, const char *fmt,
		     va_list ap)
{
	struct text *t = arena_alloc(d->arena, sizeof(*t));

	t->s = arena_vprintf(d->arena, fmt, ap);
	*v->tail = t;
	v->tail = &t->next;
}

void item_set(struct draft *d, struct item *it, const char *key,
	      const char *fmt, ...)
{
	struct value *v = value_of(d, it, key);
	va_list ap;

	v->first = NULL;
	v->tail = &v->first;
	va_start(ap, fmt);
	add_text(d, v, fmt, ap);
	va_end(ap);
}

void item_push(struct draft *d, struct item *it, const char *key,
	       const char *fmt, ...)
{
	struct value *v = value_of(d, it, key);
	va_list ap;

	v->list = true;
	va_start(ap, fmt);
	add_text(d, v, fmt, ap);
	va_end(ap);
}

static void print_value(const struct value *v, struct buf *out)
{
	const struct text *t;

	buf_printf(out, "%s: %s", v->key, v->list ? "[" : "");
	for (t = v->first; t; t = t->next)
		buf_printf(out, "%s%s", t == v->first ? "" : ", ", t->s);
	buf_str(out, v->list ? "]" : "");
}

static void print_item(const struct item *it, struct buf *out)
{
	const struct value *v;

	buf_str(out, "{");
	for (v = it->values; v; v = v->next) {
		buf_str(out, v == it->values ? "" : ", ");
		print_value(v, out);
	}
	buf_str(out, "}");
}

const char *item_text(struct draft *d, const struct item *it)
{
	struct buf out = { 0 };
	const char *s;

	print_item(it, &out);
	s = arena_strdup(d->arena, buf_text(&out));
	buf_free(&out);
	return s;
}

void draft_lost(struct draft *d, struct pos pos, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	report_warning(d->report, pos, NULL, "%s",
		       arena_vprintf(d->arena, fmt, ap));
	va_end(ap);
}

void draft_error(struct draft *d, struct pos pos, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	report_error(d->report, pos, NULL, "%s",
		     arena_vprintf(d->arena, fmt, ap));
	va_end(ap);
}

/* --- the file --------------------------------------------------------- */

static void print_lost(const struct draft *d, struct buf *out)
{
	const struct report *r = d->report;
	unsigned int i, n = 0;

	for (i = 0; i < r->count; i++) {
		const struct finding *f = &r->list[i];

		if (f->severity != SEV_WARNING || f->pos.file != d->source)
			continue;
		if (!n++)
			buf_str(out, "#\n# What could not be carried over:\n");
		buf_str(out, "# - ");
		if (f->pos.line)
			buf_printf(out, "line %u: ", f->pos.line);
		buf_printf(out, "%s\n", f->text);
	}
}

/* A key a line. */
static void print_long(const struct item *it, struct buf *out)
{
	const struct value *v;

	if (it->name)
		buf_printf(out, "  %s:\n", it->name);
	for (v = it->values; v; v = v->next) {
		buf_str(out, it->name || v != it->values ? "    " : "  - ");
		print_value(v, out);
		buf_str(out, "\n");
	}
}

static void print_section(const struct draft *d, enum section s,
			  struct buf *out)
{
	const struct item *it;
	size_t at;

	if (!d->items[s])
		return;
	buf_printf(out, "\n%s:\n", sections[s]);
	for (it = d->items[s]; it; it = it->next) {
		at = out->len;
		if (it->name)
			buf_printf(out, "  %s: ", it->name);
		else
			buf_str(out, "  - ");
		print_item(it, out);
		buf_str(out, "\n");
		if (out->len - at <= LINE_MAX_LEN)
			continue;
		out->len = at;
		print_long(it, out);
	}
}

static bool is_lab(const struct draft *d)
{
	return d->items[ROUTERS] || d->items[NODES];
}

void draft_print(struct draft *d, const struct import_format *f,
		 struct buf *out)
{
	enum section s;

	buf_printf(out, "# %s, made of %s %s by `netdctl import %s`\n",
		   d->name, f->what, draft_text(d, d->file), f->name);
	print_lost(d, out);
	buf_printf(out, "name: %s\n", d->name);
	/* practice networks are none of the host's */
	if (is_lab(d) && !d->items[NODES])
		buf_printf(out, "namespace: %s\n", d->name);
	if (d->routing)
		buf_printf(out, "routing: %s\n", d->routing);
	for (s = 0; s < SECTIONS; s++)
		print_section(d, s, out);
}

/* ".../Abilene.graphml" is Abilene. */
static const char *name_of_file(struct draft *d)
{
	const char *slash = strrchr(d->file, '/');
	const char *base = slash ? slash + 1 : d->file;

	return draft_word(d, arena_strndup(d->arena, base,
					   strcspn(base, ".")));
}

static const char *final_name(struct draft *d)
{
	const char *name = d->name ? draft_word(d, d->name) : NULL;

	if (!name)
		name = name_of_file(d);
	return name ? name : "imported";
}

static int run(struct draft *d, unsigned int i, const char *text, size_t len,
	       struct buf *out)
{
	size_t before = out->len;
	int err = readers[i](d, text, len);

	if (err)
		return err;
	d->name = final_name(d);
	report_sort(d->report);
	draft_print(d, &import_formats[i], out);
	if (out->len - before <= FILE_MAX)
		return 0;
	draft_error(d, (struct pos){ .file = d->source },
		    "the topology would be larger than 4 MiB");
	return -EINVAL;
}

int import_topology(const char *format, const char *file, const char *text,
		    size_t len, struct buf *out, struct report *report)
{
	struct draft d = { .report = report, .file = file };
	size_t before = out->len;
	unsigned int i;
	int err;

	for (i = 0; import_formats[i].name; i++)
		if (!strcmp(import_formats[i].name, format))
			break;
	if (!import_formats[i].name)
		return -ENOENT;
	d.arena = arena_new();
	d.source = report_source(report, file, text, len);
	err = run(&d, i, text, len, out);
	report_sort(report);
	if (err && out->len > before) {
		out->len = before;
		out->p[before] = '\0';
	}
	draft_forget(&d.names);
	arena_free(d.arena);
	return err;
}

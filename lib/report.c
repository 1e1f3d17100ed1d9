// report.c - what is wrong, where, and what would cure it
// SPDX-License-Identifier: GPL-2.0-or-later
#include "netd/report.h"

#include <stdlib.h>
#include <string.h>

struct report *report_new(void)
{
	struct arena *a = arena_new();
	struct report *r = arena_alloc(a, sizeof(*r));

	r->arena = a;
	return r;
}

void report_free(struct report *r)
{
	if (!r)
		return;
	free(r->list);
	free(r->sources);
	arena_free(r->arena);
}

static void *grow(void *v, unsigned int n, unsigned int *cap, size_t size)
{
	if (n < *cap)
		return v;
	*cap = *cap ? *cap * 2 : 8;
	v = realloc(v, *cap * size);
	if (!v)
		abort();
	return v;
}

/* A number that no place refers to any more, or the next one. */
static unsigned int new_source(struct report *r, const char *name)
{
	unsigned int i = r->unused ? 0 : r->nsources;

	while (i < r->nsources && !r->sources[i].unused)
		i++;
	if (i < r->nsources)
		r->unused--;
	else
		r->sources = grow(r->sources, r->nsources++,
				  &r->sources_cap, sizeof(*r->sources));
	r->sources[i] = (struct source){
		.name = arena_strdup(r->arena, name),
	};
	return i;
}

void report_forget(struct report *r, unsigned int source)
{
	struct source *s = &r->sources[source];

	r->unused += !s->unused;
	s->unused = true;
	s->name = s->text = "";
	s->len = 0;
}

void report_take_sources(struct report *r, const struct report *from)
{
	unsigned int i;

	for (i = 0; i < from->nsources; i++) {
		const struct source *s = &from->sources[i];
		struct source *t;

		r->sources = grow(r->sources, i, &r->sources_cap, sizeof(*t));
		t = &r->sources[i];
		*t = *s;
		t->name = arena_strdup(r->arena, s->name);
		t->text = arena_memdup(r->arena, s->text, s->len);
		r->nsources++;
	}
	r->unused = from->unused;
}

uint16_t report_source(struct report *r, const char *name, const char *text,
		       size_t len)
{
	struct source *s;
	unsigned int i;

	for (i = 0; i < r->nsources; i++)
		if (!r->sources[i].unused && !strcmp(r->sources[i].name, name))
			break;
	if (i == r->nsources)
		i = new_source(r, name);
	s = &r->sources[i];
	s->text = arena_memdup(r->arena, text, len);
	s->len = len;
	return i;
}

static bool seen(const struct report *r, const struct finding *f)
{
	unsigned int i;

	/* a second run over the same text finds the same things again, and
	 * they come together: looking at all would be quadratic */
	for (i = r->count; i-- > 0 && i + 32 > r->count;)
		if (!memcmp(&r->list[i].pos, &f->pos, sizeof(f->pos)) &&
		    !strcmp(r->list[i].text, f->text))
			return true;
	return false;
}

static void add(struct report *r, enum severity sev, struct pos pos,
		const char *path, const char *fmt, va_list ap)
{
	struct finding f = { .severity = sev, .pos = pos };
	char text[4096];

	/* who asks whether there were errors must hear of it again */
	if (sev == SEV_ERROR)
		r->errors++;
	vsnprintf(text, sizeof(text), fmt, ap);
	f.text = text;
	if (seen(r, &f))
		return;
	f.path = arena_strdup(r->arena, path ? path : "");
	f.text = arena_strdup(r->arena, text);
	r->list = grow(r->list, r->count, &r->cap, sizeof(f));
	r->list[r->count++] = f;
}

void report_error(struct report *r, struct pos pos, const char *path,
		  const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	add(r, SEV_ERROR, pos, path, fmt, ap);
	va_end(ap);
}

void report_warning(struct report *r, struct pos pos, const char *path,
		    const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	add(r, SEV_WARNING, pos, path, fmt, ap);
	va_end(ap);
}

void report_clear(struct report *r)
{
	r->count = 0;
	r->errors = 0;
}

void report_place(const struct report *r, struct pos pos, struct buf *out)
{
	if (pos.file < r->nsources && pos.line)
		buf_printf(out, "%s:%u:%u", r->sources[pos.file].name,
			   pos.line, pos.col);
}

/* The start and length of line LINE, or NULL. */
static const char *line_at(const struct source *s, uint32_t line, size_t *len)
{
	const char *p = s->text, *end = s->text + s->len, *nl;

	while (p < end) {
		nl = memchr(p, '\n', end - p);
		if (!nl)
			nl = end;
		if (--line == 0) {
			*len = nl - p;
			return p;
		}
		p = nl + 1;
	}
	return NULL;
}

/* Control characters are not sent to somebody's terminal. */
static void print_line(const char *p, size_t len, struct buf *out)
{
	size_t i;

	for (i = 0; i < len; i++) {
		char c = (unsigned char)p[i] < 0x20 && p[i] != '\t' ?
			 '?' : p[i];

		buf_add(out, &c, 1);
	}
}

static void print_excerpt(const struct report *r, struct pos pos,
			  struct buf *out)
{
	const char *p;
	size_t len, i, from = 0, show;

	if (pos.file >= r->nsources || !pos.line)
		return;
	p = line_at(&r->sources[pos.file], pos.line, &len);
	if (!p)
		return;
	/* of a very long line, what surrounds the place */
	if (len > 160 && pos.col > 100)
		from = pos.col - 80;
	if (from > len)
		return;
	show = len - from > 160 ? 160 : len - from;
	buf_str(out, "    ");
	print_line(p + from, show, out);
	buf_str(out, "\n    ");
	for (i = from; i + 1 < pos.col && i < from + show; i++) {
		/* UTF-8 continuation bytes take no room */
		if ((p[i] & 0xc0) == 0x80)
			continue;
		buf_add(out, p[i] == '\t' ? "\t" : " ", 1);
	}
	buf_str(out, "^\n");
}

void report_print_one(const struct report *r, const struct finding *f,
		      struct buf *out)
{
	size_t before = out->len;

	report_place(r, f->pos, out);
	if (out->len > before)
		buf_str(out, ": ");
	if (f->severity == SEV_WARNING)
		buf_str(out, "warning: ");
	if (f->path[0])
		buf_printf(out, "%s: ", f->path);
	buf_printf(out, "%s\n", f->text);
	print_excerpt(r, f->pos, out);
}

static int finding_cmp(const void *x, const void *y)
{
	const struct finding *a = x, *b = y;

	if (a->pos.file != b->pos.file)
		return a->pos.file < b->pos.file ? -1 : 1;
	if (a->pos.line != b->pos.line)
		return a->pos.line < b->pos.line ? -1 : 1;
	if (a->pos.col != b->pos.col)
		return a->pos.col < b->pos.col ? -1 : 1;
	return strcmp(a->text, b->text);
}

void report_sort(struct report *r)
{
	if (r->count)
		qsort(r->list, r->count, sizeof(*r->list), finding_cmp);
}

void report_print(struct report *r, struct buf *out)
{
	unsigned int i;

	report_sort(r);
	for (i = 0; i < r->count; i++)
		report_print_one(r, &r->list[i], out);
}

static unsigned int min3(unsigned int a, unsigned int b, unsigned int c)
{
	unsigned int m = a < b ? a : b;

	return m < c ? m : c;
}

/* Optimal string alignment; a swap of neighbours counts once. */
static unsigned int distance(const char *a, const char *b)
{
	unsigned int row[3][65] = { { 0 } }, la = strlen(a), lb = strlen(b);
	unsigned int i, j, *cur = row[0], *one = row[1], *two = row[2], *t;

	if (la > 64 || lb > 64)
		return UINT32_MAX;
	for (j = 0; j <= lb; j++)
		one[j] = j;
	for (i = 1; i <= la; i++) {
		cur[0] = i;
		for (j = 1; j <= lb; j++) {
			cur[j] = min3(one[j] + 1, cur[j - 1] + 1,
				      one[j - 1] + (a[i - 1] != b[j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] &&
			    a[i - 2] == b[j - 1] && two[j - 2] + 1 < cur[j])
				cur[j] = two[j - 2] + 1;
		}
		t = two;
		two = one;
		one = cur;
		cur = t;
	}
	return one[lb];
}

const char *report_nearest(const char *name, const char *const *names,
			   unsigned int n)
{
	long len = strlen(name), best = len / 3 + 1, d;
	const char *nearest = NULL;
	unsigned int i;

	for (i = 0; i < n; i++) {
		/* most are of another length, and so not worth the table */
		if (labs((long)strlen(names[i]) - len) > best)
			continue;
		d = distance(name, names[i]);
		if (d < best || (d == best && !nearest)) {
			best = d;
			nearest = names[i];
		}
	}
	return nearest;
}

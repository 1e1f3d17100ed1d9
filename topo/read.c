// read.c - a YAML text as events with places, bounded
// SPDX-License-Identifier: GPL-2.0-or-later
#include "topo/read.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

static const char colons_hint[] =
	" (quote IPv6 addresses in flow style: \"fd00::1\")";

void reader_error(struct reader *r, struct pos pos, const char *path,
		  const char *fmt, ...)
{
	char small[1024];
	va_list ap;

	if (r->dead)
		return;
	va_start(ap, fmt);
	vsnprintf(small, sizeof(small), fmt, ap);
	va_end(ap);
	report_error(r->report, pos, path, "%s", small);
	if (r->report->errors - r->errors_before < READ_MAX_ERRORS)
		return;
	report_error(r->report, pos, NULL,
		     "too many errors: what follows was not read");
	r->dead = true;
}

/* --- before libyaml -------------------------------------------------- */

/* The place of the byte at P. */
static struct pos place(const struct reader *r, const char *p)
{
	struct pos pos = { .file = r->file, .line = 1 };
	const char *s, *start = r->text;

	for (s = r->text; (s = memchr(s, '\n', p - s)); start = ++s)
		pos.line++;
	pos.col = p - start < UINT16_MAX ? p - start + 1 : UINT16_MAX;
	return pos;
}

static int refuse(struct reader *r, const char *at, const char *why)
{
	reader_error(r, place(r, at), NULL, "%s", why);
	return -EINVAL;
}

/* A directive anywhere costs libyaml seconds; none has a meaning here. */
static int look_over(struct reader *r)
{
	const char *p, *end = r->text + r->len;

	if (r->len > READ_MAX_BYTES)
		return refuse(r, r->text, "expected at most 4 MiB");
	p = memchr(r->text, '\0', r->len);
	if (p)
		return refuse(r, p, "expected a text, found a zero byte");
	for (p = r->text; p && p < end; p = p ? p + 1 : NULL) {
		if (*p == '%')
			return refuse(r, p, "expected no directive: no line "
				      "may begin with %");
		p = memchr(p, '\n', end - p);
	}
	return 0;
}

int reader_begin(struct reader *r, struct arena *a, const char *file,
		 const char *text, size_t len, struct report *report)
{
	size_t known = len > READ_MAX_BYTES ? 0 : len;

	*r = (struct reader){
		.arena = a, .report = report, .text = text, .len = len,
		.line = 1, .errors_before = report->errors,
		.file = report_source(report, file, text, known),
	};
	if (!yaml_parser_initialize(&r->parser))
		return -ENOMEM;
	yaml_parser_set_encoding(&r->parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&r->parser, (const unsigned char *)text,
				     len);
	return look_over(r);
}

void reader_end(struct reader *r)
{
	yaml_event_delete(&r->ev);
	yaml_parser_delete(&r->parser);
}

/* --- places ---------------------------------------------------------- */

/* libyaml counts characters; we count bytes, and only \n ends a line. */
static struct pos mark_pos(struct reader *r, size_t index)
{
	const char *p = r->text;
	size_t col;

	while (r->mark_index < index && r->mark_byte < r->len) {
		if (p[r->mark_byte++] == '\n') {
			r->line++;
			r->line_start = r->mark_byte;
		}
		while (r->mark_byte < r->len &&
		       (p[r->mark_byte] & 0xc0) == 0x80)
			r->mark_byte++;
		r->mark_index++;
	}
	col = r->mark_byte - r->line_start + 1;
	return (struct pos){ .file = r->file, .line = r->line,
			     .col = col < UINT16_MAX ? col : UINT16_MAX };
}

bool reader_colons(const struct reader *r, struct pos pos)
{
	const char *p = r->text, *end = r->text + r->len, *nl;
	uint32_t line;

	for (line = 1; line < pos.line && p; line++) {
		p = memchr(p, '\n', end - p);
		p = p ? p + 1 : NULL;
	}
	if (!p)
		return false;
	nl = memchr(p, '\n', end - p);
	if (!nl)
		nl = end;
	/* the end of "fe80::" is cut off as a key's colon, too */
	return memmem(p, nl - p, "::", 2);
}

/* --- events ---------------------------------------------------------- */

/* What is at a place between two characters that the parser can't go on at. */
static const char *syntax_hint(const struct reader *r, struct pos pos)
{
	size_t i = r->mark_byte;

	if (i < r->len && r->text[i] == '\t')
		return " (a tab: YAML is indented with spaces)";
	return reader_colons(r, pos) ? colons_hint : "";
}

static void syntax_error(struct reader *r)
{
	const yaml_parser_t *p = &r->parser;
	const char *what = p->problem ? p->problem : "not YAML";
	struct pos pos;

	if (p->error == YAML_READER_ERROR) {
		size_t at = p->problem_offset < r->len ? p->problem_offset :
			    r->len;

		reader_error(r, place(r, r->text + at), NULL,
			     "expected UTF-8 text: %s", what);
		return;
	}
	/* the problem may lie before what was read ahead */
	r->mark_index = r->mark_byte = r->line_start = 0;
	r->line = 1;
	pos = mark_pos(r, p->problem_mark.index);
	reader_error(r, pos, NULL, "YAML: %s%s%s%s", p->context ? p->context :
		     "", p->context ? ": " : "", what, syntax_hint(r, pos));
}

/* What YAML has and we don't: a text must mean what it says. */
static void refuse_extras(struct reader *r)
{
	const yaml_event_t *e = &r->ev;
	const yaml_char_t *anchor = NULL, *tag = NULL;

	if (e->type == YAML_SCALAR_EVENT) {
		anchor = e->data.scalar.anchor;
		tag = e->data.scalar.tag;
	} else if (e->type == YAML_MAPPING_START_EVENT) {
		anchor = e->data.mapping_start.anchor;
		tag = e->data.mapping_start.tag;
	} else if (e->type == YAML_SEQUENCE_START_EVENT) {
		anchor = e->data.sequence_start.anchor;
		tag = e->data.sequence_start.tag;
	} else if (e->type == YAML_ALIAS_EVENT) {
		reader_error(r, r->pos, NULL, "expected a value, found an "
			     "alias (*%.60s): use `defaults:` for what many "
			     "have in common", e->data.alias.anchor);
	}
	if (anchor)
		reader_error(r, r->pos, NULL, "expected a value, found an "
			     "anchor (&%.60s): use `defaults:` for what many "
			     "have in common", anchor);
	if (tag)
		reader_error(r, r->pos, NULL, "expected a value, found a tag "
			     "(%.60s): the key tells the type", tag);
}

static void check_bounds(struct reader *r)
{
	const yaml_event_t *e = &r->ev;

	if (e->type == YAML_MAPPING_START_EVENT ||
	    e->type == YAML_SEQUENCE_START_EVENT)
		r->depth++;
	else if (e->type == YAML_MAPPING_END_EVENT ||
		 e->type == YAML_SEQUENCE_END_EVENT)
		r->depth--;
	if (r->depth > READ_MAX_DEPTH) {
		reader_error(r, r->pos, NULL,
			     "expected at most %d levels of nesting",
			     READ_MAX_DEPTH);
		r->dead = true;
	} else if (++r->events > READ_MAX_EVENTS) {
		reader_error(r, r->pos, NULL, "expected at most %d values",
			     READ_MAX_EVENTS);
		r->dead = true;
	}
}

void reader_next(struct reader *r)
{
	if (r->ev.type != YAML_NO_EVENT)
		yaml_event_delete(&r->ev);
	memset(&r->ev, 0, sizeof(r->ev));
	if (r->dead)
		return;
	if (!yaml_parser_parse(&r->parser, &r->ev)) {
		memset(&r->ev, 0, sizeof(r->ev));
		syntax_error(r);
		r->dead = true;
		return;
	}
	r->pos = mark_pos(r, r->ev.start_mark.index);
	refuse_extras(r);
	check_bounds(r);
	if (!r->dead)
		return;
	yaml_event_delete(&r->ev);
	memset(&r->ev, 0, sizeof(r->ev));
}

void reader_skip(struct reader *r)
{
	unsigned int depth = r->depth, events = r->events;
	bool opens = r->ev.type == YAML_MAPPING_START_EVENT ||
		     r->ev.type == YAML_SEQUENCE_START_EVENT;

	reader_next(r);
	if (!opens)
		return;
	/* only what is in error is that long, and the error has been told */
	while (!r->dead && r->depth >= depth) {
		reader_next(r);
		if (r->events - events > READ_MAX_SKIP)
			r->dead = true;
	}
	/* the end itself */
	reader_next(r);
}

const char *reader_scalar(const struct reader *r)
{
	return r->ev.type == YAML_SCALAR_EVENT ?
	       (const char *)r->ev.data.scalar.value : "";
}

bool reader_nothing(const struct reader *r)
{
	return r->ev.type == YAML_SCALAR_EVENT &&
	       !r->ev.data.scalar.length &&
	       r->ev.data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
}

// xml.c - an XML text as a tree, by expat
// SPDX-License-Identifier: GPL-2.0-or-later
//
// Expat, and not libxml2: it does one thing, gives the place of each element
// in bytes, fetches nothing, and bounds what entities come to by itself.  A
// libxml2 built as distributions do brings ICU and lzma along.
#include <errno.h>
#include <expat.h>
#include <string.h>

#include "import/draft.h"

#define DEPTH_MAX 32

struct reading {
	struct draft *d;
	XML_Parser p;
	struct xml *root, *at;
	unsigned int depth;
	const char *bad;	/* why it was stopped */
};

static struct pos place(const struct reading *r)
{
	XML_Size col = XML_GetCurrentColumnNumber(r->p) + 1;

	return (struct pos){ .file = r->d->source,
			     .line = XML_GetCurrentLineNumber(r->p),
			     .col = col > UINT16_MAX ? UINT16_MAX : col };
}

static void stop(struct reading *r, const char *why)
{
	if (!r->bad)
		r->bad = why;
	XML_StopParser(r->p, XML_FALSE);
}

static const char **copy_attrs(struct arena *a, const char **from)
{
	const char **to;
	unsigned int i, n = 0;

	while (from[n])
		n++;
	to = arena_alloc(a, (n + 1) * sizeof(*to));
	for (i = 0; i < n; i++)
		to[i] = arena_strdup(a, from[i]);
	return to;
}

static void XMLCALL on_start(void *arg, const char *name, const char **attrs)
{
	struct reading *r = arg;
	struct arena *a = r->d->arena;
	struct xml *x;

	if (++r->depth > DEPTH_MAX) {
		stop(r, "elements are nested too deep (32 levels are enough)");
		return;
	}
	x = arena_alloc(a, sizeof(*x));
	x->name = arena_strdup(a, name);
	x->attrs = copy_attrs(a, attrs);
	x->text = "";
	x->pos = place(r);
	x->parent = r->at;
	x->tail = &x->child;
	if (r->at) {
		*r->at->tail = x;
		r->at->tail = &x->next;
	} else {
		r->root = x;
	}
	r->at = x;
}

/* The text without the space around it. */
static const char *trimmed(struct arena *a, const struct buf *b)
{
	static const char space[] = " \t\r\n";
	const char *s = buf_text(b), *end = s + strlen(s);

	s += strspn(s, space);
	while (end > s && strchr(space, end[-1]))
		end--;
	return arena_strndup(a, s, end - s);
}

static void XMLCALL on_end(void *arg, const char *name)
{
	struct reading *r = arg;
	struct xml *x = r->at;

	r->depth--;
	x->text = trimmed(r->d->arena, &x->chars);
	buf_free(&x->chars);
	r->at = x->parent;
}

static void XMLCALL on_text(void *arg, const char *s, int len)
{
	struct reading *r = arg;

	if (r->at)
		buf_add(&r->at->chars, s, len);
}

static void XMLCALL on_entity(void *arg, const char *name, int is_param,
			      const char *value, int len, const char *base,
			      const char *system, const char *public,
			      const char *notation)
{
	stop(arg, "entities of its own are not taken: write what they mean");
}

static int parse(struct reading *r, const char *text, size_t len)
{
	struct xml *x;

	XML_SetUserData(r->p, r);
	XML_SetElementHandler(r->p, on_start, on_end);
	XML_SetCharacterDataHandler(r->p, on_text);
	XML_SetEntityDeclHandler(r->p, on_entity);
	if (XML_Parse(r->p, text, len, XML_TRUE) == XML_STATUS_OK)
		return 0;
	for (x = r->at; x; x = x->parent)
		buf_free(&x->chars);
	draft_error(r->d, place(r), "not XML as it should be: %s", r->bad ?
		    r->bad : XML_ErrorString(XML_GetErrorCode(r->p)));
	return -EINVAL;
}

struct xml *xml_read(struct draft *d, const char *text, size_t len)
{
	struct reading r = { .d = d, .p = XML_ParserCreate(NULL) };
	int err;

	if (!r.p) {
		draft_error(d, (struct pos){ .file = d->source },
			    "out of memory");
		return NULL;
	}
	err = parse(&r, text, len);
	XML_ParserFree(r.p);
	return err ? NULL : r.root;
}

const char *xml_attr(const struct xml *x, const char *name)
{
	const char **a;

	for (a = x ? x->attrs : NULL; a && *a; a += 2)
		if (!strcmp(a[0], name))
			return a[1];
	return NULL;
}

struct xml *xml_child(const struct xml *x, const char *name,
		      const struct xml *prev)
{
	struct xml *c = prev ? prev->next : x ? x->child : NULL;

	while (c && strcmp(c->name, name))
		c = c->next;
	return c;
}

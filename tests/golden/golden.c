// golden.c - what a topology comes to: built as errors, objects, rules, examples
// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "netd/plan.h"
#include "netd/topo.h"

/*
 * usage: errors|objects|rules|examples FILE [FOUND]; its name tells what is printed.
 * FOUND is the host, an object a line: KIND NETNS NAME KEY=VALUE...; "-" is
 * the host's own netns, "quotes" go round spaces, lists have commas, `ours`
 * alone marks what is not foreign.  "#" begins a comment.
 */

static char *slurp(const char *file, size_t *len)
{
	FILE *f = fopen(file, "re");
	struct buf b = { 0 };
	char part[65536];
	size_t n;

	if (!f) {
		fprintf(stderr, "golden: %s: %s\n", file, strerror(errno));
		exit(2);
	}
	buf_add(&b, "", 0);
	while ((n = fread(part, 1, sizeof(part), f)) > 0)
		buf_add(&b, part, n);
	fclose(f);
	*len = b.len;
	return b.p;
}

/* --- the host as text ------------------------------------------------- */

static _Noreturn void bad_found(const char *what, const char *text)
{
	fprintf(stderr, "golden: %s: %s\n", what, text);
	exit(2);
}

/* The next word of *P, without its quotes; NULL at the end of the line. */
static char *word(char **p)
{
	char *s = *p + strspn(*p, " \t"), *out;
	bool quoted = false;

	if (!*s || *s == '#')
		return NULL;
	*p = out = s;
	for (; *s && (quoted || (*s != ' ' && *s != '\t')); s++) {
		if (*s == '"')
			quoted = !quoted;
		else
			*out++ = *s;
	}
	s += *s ? 1 : 0;
	*out = '\0';
	out = *p;
	*p = s;
	return out;
}

static void set_list(struct state *s, const struct field *f, char *text,
		     struct list *l)
{
	struct buf why = { 0 };
	char *item;
	size_t size = f->elem->size;

	l->items = arena_alloc(s->arena, size * (strlen(text) + 1));
	while ((item = strsep(&text, ","))) {
		if (f->elem->read(f, item, (char *)l->items + size * l->n++,
				  s->arena, &why))
			bad_found("no value of that field", item);
	}
	buf_free(&why);
}

static void set(struct state *s, struct object *o, char *key)
{
	const struct record *r = &kinds[o->kind].rec;
	char *value = strchr(key, '=');
	struct buf why = { 0 };
	uint32_t i;

	if (!strcmp(key, "ours")) {
		o->foreign = false;
		return;
	}
	if (!value)
		bad_found("expected KEY=VALUE", key);
	*value++ = '\0';
	for (i = 0; i < r->count; i++)
		if (!strcmp(r->fields[i].name, key))
			break;
	if (i == r->count)
		bad_found("no such field", key);
	if (r->fields[i].type->shape == SHAPE_LIST)
		set_list(s, &r->fields[i], value, field_at(&r->fields[i], o));
	else if (field_read(&r->fields[i], value, o, s->arena, &why))
		bad_found("no value of that field", value);
	buf_free(&why);
}

static void add_line(struct state *s, char *line)
{
	struct object *o;
	char *kind = word(&line), *netns, *name, *key;

	if (!kind)
		return;
	netns = word(&line);
	name = netns ? word(&line) : NULL;
	if (!name || kind_by_name(kind) < 0)
		bad_found("expected KIND NETNS NAME", kind);
	o = state_add(s, kind_by_name(kind), strcmp(netns, "-") ? netns : "",
		      name, (struct pos){ .line = 0 });
	o->foreign = o->kind != KIND_FACT;
	while ((key = word(&line)))
		set(s, o, key);
}

static struct state *read_found(const char *file)
{
	struct state *s = state_new();
	char *text, *p, *line;
	size_t len;

	text = p = slurp(file, &len);
	while ((line = strsep(&p, "\n")))
		add_line(s, line);
	free(text);
	state_sort(s, NULL, NULL);
	return s;
}

/* --- what is printed -------------------------------------------------- */

/* The last part of the path: tests don't depend on where they are. */
static const char *base(const char *file)
{
	const char *slash = strrchr(file, '/');

	return slash ? slash + 1 : file;
}

static void print_report(struct report *report)
{
	struct buf out = { 0 };

	report_print(report, &out);
	fputs(buf_text(&out), stdout);
	buf_free(&out);
}

static void print_object(const struct object *o)
{
	struct buf out = { 0 };

	object_print_id(o, &out);
	buf_str(&out, ": ");
	object_print(o, ~object_mask(o->kind, CLASS_INFO), &out);
	if (o->within[0])
		buf_printf(&out, " (within %s %s)",
			   kinds[o->within_kind].name, o->within);
	puts(buf_text(&out));
	buf_free(&out);
}

static void print_objects(const struct state *wanted)
{
	uint32_t i;

	for (i = 0; i < wanted->n; i++)
		if (!kind_is_nft(wanted->v[i]->kind))
			print_object(wanted->v[i]);
}

static void print_indented(const char *text)
{
	const char *nl;

	for (; *text; text = nl + 1) {
		nl = strchrnul(text, '\n');
		printf("\t\t%.*s\n", (int)(nl - text), text);
		if (!*nl)
			break;
	}
}

/* In the manner of `nft list ruleset`; what it is exactly shows the plan. */
static void print_nft_object(const struct object *o, bool whole)
{
	/* what all have stands in the files of `rules` */
	if (!whole && !o->pos.line)
		return;
	if (o->kind == KIND_TABLE) {
		printf("table %s%s%s\n", o->name, o->netns[0] ? " in " : "",
		       o->netns);
	} else if (o->kind == KIND_CHAIN) {
		printf("\tchain %s\n", o->name);
		print_indented(((const struct chain *)o)->text);
	} else if (o->kind == KIND_SET) {
		printf("\tset %s\n", o->name);
		print_indented(((const struct set *)o)->decl);
	} else {
		printf("\telement %s%s%s\n", o->name,
		       ((const struct element *)o)->data[0] ? " : " : "",
		       ((const struct element *)o)->data);
	}
}

static void print_nft(const struct state *wanted, bool whole)
{
	const char *netns = NULL;
	uint32_t i, j;

	/* a namespace at a time, not a kind at a time */
	for (i = 0; i < wanted->n; i++) {
		if (wanted->v[i]->kind != KIND_TABLE)
			continue;
		if (netns && !strcmp(netns, wanted->v[i]->netns))
			continue;
		netns = wanted->v[i]->netns;
		for (j = 0; j < wanted->n; j++)
			if (kind_is_nft(wanted->v[j]->kind) &&
			    !strcmp(wanted->v[j]->netns, netns))
				print_nft_object(wanted->v[j], whole);
	}
}

struct run {
	struct state *found, *wanted;
	struct numbers *numbers;
	struct report *report;
	struct topology *topo;
};

static void expand(struct run *r)
{
	if (topo_check(r->topo, r->found, r->numbers, NULL, 0, r->report))
		return;
	topo_expand(r->topo, r->found, r->numbers, r->wanted, r->report);
	state_sort(r->wanted, NULL, NULL);
}

int main(int argc, char **argv)
{
	const char *what = base(argv[0]);
	struct run r = { 0 };
	char *text;
	size_t len;
	int bad;

	if (argc < 2 || argc > 3) {
		fprintf(stderr, "usage: %s FILE [FOUND]\n", what);
		return 2;
	}
	r.found = argc > 2 ? read_found(argv[2]) : NULL;
	r.wanted = state_new();
	r.numbers = numbers_new();
	r.report = report_new();
	text = slurp(argv[1], &len);
	r.topo = topo_read(base(argv[1]), text, len, r.report);
	if (r.topo)
		expand(&r);
	print_report(r.report);
	if (!strcmp(what, "objects"))
		print_objects(r.wanted);
	else if (!strcmp(what, "rules"))
		print_nft(r.wanted, true);
	else if (!strcmp(what, "examples"))
		print_nft(r.wanted, false);
	bad = r.report->errors > 0;
	topo_free(r.topo);
	numbers_free(r.numbers);
	state_free(r.wanted);
	state_free(r.found);
	report_free(r.report);
	free(text);
	return bad;
}

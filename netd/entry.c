// entry.c - a topology that is in force or about to be, and sets of them
// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "netd/engine.h"
#include "netd/log.h"

static char *copy(const char *s)
{
	char *c = strdup(s);

	if (!c)
		fatal("out of memory");
	return c;
}

/* Room for one more than N; the capacity is the next power of two. */
static void *grow(void *v, unsigned int n, size_t size)
{
	if (n & (n - 1))
		return v;
	v = realloc(v, (n ? 2 * n : 1) * size);
	if (!v)
		fatal("out of memory");
	return v;
}

struct entry *entry_new(const char *name, const char *path, const char *file,
			const char *text, size_t len)
{
	struct entry *en = calloc(1, sizeof(*en));

	if (!en)
		fatal("out of memory");
	en->name = copy(name);
	en->path = path ? copy(path) : NULL;
	en->file = copy(file);
	en->text = malloc(len + 1);
	if (!en->text)
		fatal("out of memory");
	memcpy(en->text, text, len);
	en->text[len] = '\0';
	en->len = len;
	en->seen = hash64(text, len);
	en->exp = state_new();
	return en;
}

struct entry *entry_copy(const struct entry *en)
{
	struct entry *c = entry_new(en->name, en->path, en->file, en->text,
				    en->len);
	unsigned int i;

	c->seen = en->seen;
	c->broken = en->broken;
	c->unknown = en->unknown;
	c->stopped = en->stopped;
	c->findings = json_incref(en->findings);
	for (i = 0; i < en->nplugs; i++) {
		entry_plug(c, en->plugs[i].name, en->plugs[i].text);
		c->plugs[i].born = en->plugs[i].born;
		c->plugs[i].opened = en->plugs[i].opened;
		c->plugs[i].left = en->plugs[i].left;
		c->plugs[i].absent = en->plugs[i].absent;
	}
	c->live = en->live ? copy(en->live) : NULL;
	return c;
}

void entry_free(struct entry *en)
{
	if (!en)
		return;
	while (en->nplugs)
		entry_unplug(en, en->plugs[0].name);
	free(en->plugs);
	free(en->name);
	free(en->path);
	free(en->file);
	free(en->text);
	free(en->live);
	json_decref(en->findings);
	if (en->topo)
		topo_free(en->topo);
	state_free(en->exp);
	free(en);
}

void entry_plug(struct entry *en, const char *name, const char *text)
{
	en->plugs = grow(en->plugs, en->nplugs, sizeof(*en->plugs));
	en->plugs[en->nplugs++] = (struct plug){
		.name = copy(name), .text = copy(text), .born = now_ms(),
	};
}

void entry_unplug(struct entry *en, const char *name)
{
	unsigned int i;

	for (i = 0; i < en->nplugs; i++)
		if (!strcmp(en->plugs[i].name, name))
			break;
	if (i == en->nplugs)
		return;
	free(en->plugs[i].name);
	free(en->plugs[i].text);
	en->plugs[i] = en->plugs[--en->nplugs];
}

void entry_source(struct engine *e, const struct entry *en)
{
	report_source(e->report, en->file, en->text, en->len);
}

struct topology **topos_others(const struct topos *set,
			       const struct entry *en, unsigned int *n)
{
	struct topology **v = calloc(set->n + 1, sizeof(*v));
	unsigned int i;

	if (!v)
		fatal("out of memory");
	*n = 0;
	for (i = 0; i < set->n; i++)
		if (set->v[i] != en && set->v[i]->topo &&
		    strcmp(set->v[i]->name, en->name))
			v[(*n)++] = set->v[i]->topo;
	return v;
}

/* The source of a dynamic attachment's text, for messages. */
static int attach_all(struct engine *e, struct entry *en)
{
	unsigned int i;
	int err = 0;

	for (i = 0; i < en->nplugs; i++) {
		struct plug *p = &en->plugs[i];
		char *file = plug_source(p->name, en->name);

		if (topo_attach(en->topo, file, p->text, strlen(p->text),
				e->report))
			err = -EINVAL;
		free(file);
	}
	return err;
}

static int expand(struct engine *e, struct entry *en, const struct topos *set)
{
	unsigned int n, before = e->report->errors;
	uint32_t mark = numbers_mark(e->numbers);
	struct topology **v;
	int err;

	v = topos_others(set, en, &n);
	err = topo_check(en->topo, e->host, e->numbers, v, n, e->report);
	free(v);
	if (!err)
		err = topo_expand(en->topo, e->host, e->numbers, en->exp,
				  e->report);
	if (!err)
		state_sort(en->exp, change_clash, e->report);
	if (!err && e->report->errors > before)
		err = -EINVAL;
	if (err)
		numbers_undo(e->numbers, mark);
	return err;
}

int entry_read(struct engine *e, struct entry *en)
{
	en->topo = topo_read(en->file, en->text, en->len, e->report);
	if (!en->topo)
		return -EINVAL;
	free(en->name);
	en->name = copy(topo_name(en->topo));
	return 0;
}

static void clear(struct entry *en)
{
	if (en->topo)
		topo_free(en->topo);
	en->topo = NULL;
	state_free(en->exp);
	en->exp = state_new();
}

int entry_build(struct engine *e, struct entry *en, const struct topos *set)
{
	int err = en->topo ? 0 : entry_read(e, en);

	if (!err)
		err = attach_all(e, en);
	if (!err && en->live)
		err = live_set(e, en);
	if (!err)
		err = expand(e, en, set);
	if (err)
		clear(en);
	return err;
}

/* Those of the PLUGS that it can be built with, tried by halves. */
static void try_plugs(struct engine *e, struct entry *en,
		      const struct topos *set, const struct plug *plugs,
		      unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n; i++)
		entry_plug(en, plugs[i].name, plugs[i].text);
	report_clear(e->report);
	clear(en);
	if (!entry_build(e, en, set))
		return;
	for (i = 0; i < n; i++)
		entry_unplug(en, plugs[i].name);
	if (n == 1) {
		log_warning("attachment %s of %s is left out: it does not fit "
			    "any more", plugs->name, en->name);
		return;
	}
	try_plugs(e, en, set, plugs, n / 2);
	try_plugs(e, en, set, plugs + n / 2, n - n / 2);
}

int entry_build_some(struct engine *e, struct entry *en,
		     const struct topos *set)
{
	struct plug *plugs = en->plugs;
	unsigned int i, n = en->nplugs;
	int err = entry_build(e, en, set);

	if (!err || !n)
		return err;
	en->plugs = NULL;
	en->nplugs = 0;
	/* without any it must be right: else they are not to blame */
	if (!entry_build(e, en, set)) {
		try_plugs(e, en, set, plugs, n);
		report_clear(e->report);
		clear(en);
		err = entry_build(e, en, set);
	}
	for (i = 0; i < n; i++) {
		free(plugs[i].name);
		free(plugs[i].text);
	}
	free(plugs);
	return err;
}

/* --- sets ------------------------------------------------------------ */

struct entry *topos_find(const struct topos *s, const char *name)
{
	unsigned int i;

	for (i = 0; i < s->n; i++)
		if (!strcmp(s->v[i]->name, name))
			return s->v[i];
	return NULL;
}

bool topos_has(const struct topos *s, const struct entry *en)
{
	unsigned int i;

	for (i = 0; i < s->n; i++)
		if (s->v[i] == en)
			return true;
	return false;
}

void topos_put(struct topos *s, struct entry *en)
{
	unsigned int i;
	int c = 1;

	for (i = 0; i < s->n && c > 0; i++) {
		c = strcmp(en->name, s->v[i]->name);
		if (!c) {
			s->v[i] = en;
			return;
		}
		if (c < 0)
			break;
	}
	s->v = grow(s->v, s->n, sizeof(*s->v));
	memmove(&s->v[i + 1], &s->v[i], (s->n - i) * sizeof(*s->v));
	s->v[i] = en;
	s->n++;
}

void topos_drop(struct topos *s, const char *name)
{
	unsigned int i;

	for (i = 0; i < s->n; i++)
		if (!strcmp(s->v[i]->name, name))
			break;
	if (i == s->n)
		return;
	s->n--;
	memmove(&s->v[i], &s->v[i + 1], (s->n - i) * sizeof(*s->v));
}

struct topos topos_copy(const struct topos *s)
{
	struct topos c = { 0 };
	unsigned int i;

	for (i = 0; i < s->n; i++)
		topos_put(&c, s->v[i]);
	return c;
}

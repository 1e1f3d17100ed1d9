// sysctls.c - what sysctls of the host were before netd set them
// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "netd/engine.h"
#include "netd/log.h"

#define FILE_NAME "sysctls"

static unsigned int seek(const struct engine *e, const char *name)
{
	unsigned int i = 0;

	while (i < e->nolds && strcmp(e->olds[i].name, name) < 0)
		i++;
	return i;
}

static struct old *find(const struct engine *e, const char *name)
{
	unsigned int i = seek(e, name);

	return i < e->nolds && !strcmp(e->olds[i].name, name) ?
	       &e->olds[i] : NULL;
}

const char *sysctls_old(const struct engine *e, const char *name)
{
	const struct old *o = find(e, name);

	return o ? o->value : NULL;
}

static void add(struct engine *e, const char *name, const char *value)
{
	unsigned int i = seek(e, name);
	struct old *o;

	e->olds = realloc(e->olds, (e->nolds + 1) * sizeof(*e->olds));
	if (!e->olds)
		fatal("out of memory");
	o = &e->olds[i];
	memmove(o + 1, o, (e->nolds - i) * sizeof(*o));
	e->nolds++;
	o->name = strdup(name);
	o->value = strdup(value);
	if (!o->name || !o->value)
		fatal("out of memory");
}

static void drop(struct engine *e, struct old *o)
{
	free(o->name);
	free(o->value);
	e->nolds--;
	memmove(o, o + 1, (char *)&e->olds[e->nolds] - (char *)o);
}

void sysctls_free(struct engine *e)
{
	while (e->nolds)
		drop(e, &e->olds[e->nolds - 1]);
	free(e->olds);
	e->olds = NULL;
}

/* It will be written below /proc/sys: no way out of net/. */
static bool sensible(const char *name)
{
	return !strncmp(name, "net/", 4) && !strstr(name, "..") &&
	       strlen(name) < 200;
}

void sysctls_load(struct engine *e)
{
	char *text, *line, *next, *value;
	size_t len;

	text = store_read(&e->store, NULL, FILE_NAME, &len);
	for (line = text; line && *line; line = next) {
		next = strchr(line, '\n');
		/* a line that was cut off is not to be trusted */
		if (!next)
			break;
		*next++ = '\0';
		value = strchr(line, ' ');
		if (!value)
			continue;
		*value++ = '\0';
		if (sensible(line) && !find(e, line))
			add(e, line, value);
		else
			log_warning("state file %s: a line is left out",
				    FILE_NAME);
	}
	free(text);
}

static int save(struct engine *e)
{
	struct buf b = { 0 };
	unsigned int i;
	int err;

	for (i = 0; i < e->nolds; i++)
		buf_printf(&b, "%s %s\n", e->olds[i].name, e->olds[i].value);
	err = store_write(&e->store, NULL, FILE_NAME, buf_text(&b), b.len,
			  true);
	buf_free(&b);
	return err;
}

void sysctls_hint(struct engine *e, struct state *hints)
{
	struct sysctl *s;
	unsigned int i;

	for (i = 0; i < e->nolds; i++) {
		s = state_add(hints, KIND_SYSCTL, "", e->olds[i].name,
			      (struct pos){ 0 });
		s->value = s->old = arena_strdup(hints->arena,
						 e->olds[i].value);
	}
}

/* A sysctl of the host's own; those in namespaces of ours die with them. */
static bool is_hosts(const struct step *s)
{
	const struct object *o = s->want ? s->want : s->have;

	return o->kind == KIND_SYSCTL && !o->netns[0];
}

static bool prepare(struct engine *e, struct step *s, bool *added)
{
	struct sysctl *w = (struct sysctl *)s->want;
	struct sysctl *h = (struct sysctl *)s->have;
	struct old *old;

	if (!is_hosts(s))
		return true;
	old = find(e, s->want ? w->o.name : h->o.name);
	if (w && h && !old) {
		add(e, w->o.name, h->value);
		*added = true;
		old = find(e, w->o.name);
	}
	if (w && old)
		w->old = old->value;
	if (s->op == OP_DESTROY && old)
		h->old = old->value;
	return s->op != OP_DESTROY || old;
}

int sysctls_prepare(struct engine *e, struct plan *plan)
{
	bool added = false;
	uint32_t i, n = 0;

	for (i = 0; i < plan->n; i++)
		if (prepare(e, &plan->steps[i], &added))
			plan->steps[n++] = plan->steps[i];
	plan->n = n;
	return added ? save(e) : 0;
}

void sysctls_sent(const struct plan *plan)
{
	uint32_t i;

	/* what it was before is no part of what is wanted */
	for (i = 0; i < plan->n; i++) {
		const struct step *s = &plan->steps[i];

		if (s->want && s->want->kind == KIND_SYSCTL)
			((struct sysctl *)s->want)->old = "";
		if (s->have && s->have->kind == KIND_SYSCTL)
			((struct sysctl *)s->have)->old = "";
	}
}

static bool has_failed(const struct engine *e, uint32_t step)
{
	unsigned int i;

	for (i = 0; i < e->nfailures; i++)
		if (e->failures[i].step == step)
			return true;
	return false;
}

void sysctls_done(struct engine *e, const struct plan *plan)
{
	bool dropped = false;
	struct old *old;
	uint32_t i;

	for (i = 0; i < plan->n; i++) {
		const struct step *s = &plan->steps[i];

		if (s->op != OP_DESTROY || !is_hosts(s) || has_failed(e, i))
			continue;
		old = find(e, s->have->name);
		if (old)
			drop(e, old);
		dropped |= old != NULL;
	}
	if (dropped)
		save(e);
}

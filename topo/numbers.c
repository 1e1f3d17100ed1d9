// numbers.c - automatic numbers: what was handed out, and to whom
// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "netd/topo.h"

struct number {
	char *key, *value;
	bool used;		/* got or set since the last sweep */
	struct number *by_key, *by_value;	/* next in the same slot */
};

/* What was before: OLD is NULL where there was nothing. */
struct number_change {
	struct number *e;
	char *old;
};

/* Found by key and by value, or 1,000 `auto` would look at a million. */
struct numbers {
	struct number **keys, **values;
	uint32_t n, slots;
	struct number_change *log;	/* since they were saved */
	uint32_t nlog, clog;
	bool dropped;			/* some are gone since */
};

static void *need(void *p)
{
	if (!p) {
		fputs("netd: out of memory\n", stderr);
		abort();
	}
	return p;
}

static uint32_t slot(const struct numbers *n, const char *s)
{
	return hash64(s, strlen(s)) & (n->slots - 1);
}

static void hook_value(struct numbers *n, struct number *e)
{
	uint32_t v = slot(n, e->value);

	e->by_value = n->values[v];
	n->values[v] = e;
}

static void hook(struct numbers *n, struct number *e)
{
	uint32_t k = slot(n, e->key);

	e->by_key = n->keys[k];
	n->keys[k] = e;
	hook_value(n, e);
}

static void unhook_value(struct numbers *n, struct number *e)
{
	struct number **p = &n->values[slot(n, e->value)];

	while (*p != e)
		p = &(*p)->by_value;
	*p = e->by_value;
}

static void tables(struct numbers *n, uint32_t slots)
{
	n->slots = slots;
	n->keys = need(calloc(slots, sizeof(*n->keys)));
	n->values = need(calloc(slots, sizeof(*n->values)));
}

static void grow(struct numbers *n)
{
	struct number **old = n->keys, *e, *next;
	uint32_t i, was = n->slots;

	free(n->values);
	tables(n, was * 2);
	for (i = 0; i < was; i++) {
		for (e = old[i]; e; e = next) {
			next = e->by_key;
			hook(n, e);
		}
	}
	free(old);
}

struct numbers *numbers_new(void)
{
	struct numbers *n = need(calloc(1, sizeof(*n)));

	tables(n, 64);
	return n;
}

static void number_free(struct number *e)
{
	free(e->key);
	free(e->value);
	free(e);
}

static void forget_log(struct numbers *n)
{
	while (n->nlog)
		free(n->log[--n->nlog].old);
}

static void drop_all(struct numbers *n)
{
	struct number *e, *next;
	uint32_t i;

	forget_log(n);
	free(n->log);
	for (i = 0; i < n->slots; i++) {
		for (e = n->keys[i]; e; e = next) {
			next = e->by_key;
			number_free(e);
		}
	}
	free(n->keys);
	free(n->values);
	n->n = 0;
}

void numbers_free(struct numbers *n)
{
	if (!n)
		return;
	drop_all(n);
	free(n);
}

static struct number *find(const struct numbers *n, const char *key)
{
	struct number *e;

	for (e = n->keys[slot(n, key)]; e; e = e->by_key)
		if (!strcmp(e->key, key))
			return e;
	return NULL;
}

const char *numbers_get(struct numbers *n, const char *key)
{
	struct number *e = find(n, key);

	if (!e)
		return NULL;
	e->used = true;
	return e->value;
}

/* Takes over OLD. */
static void log_change(struct numbers *n, struct number *e, char *old)
{
	if (n->nlog == n->clog) {
		n->clog = n->clog ? n->clog * 2 : 64;
		n->log = need(realloc(n->log, n->clog * sizeof(*n->log)));
	}
	n->log[n->nlog++] = (struct number_change){ e, old };
}

/* Takes over VALUE. */
static void give(struct numbers *n, struct number *e, char *value)
{
	unhook_value(n, e);
	e->value = value;
	hook_value(n, e);
}

void numbers_set(struct numbers *n, const char *key, const char *value)
{
	struct number *e = find(n, key);

	if (e) {
		e->used = true;
		if (!strcmp(e->value, value))
			return;
		log_change(n, e, e->value);
		give(n, e, need(strdup(value)));
		return;
	}
	if (n->n++ == n->slots)
		grow(n);
	e = need(calloc(1, sizeof(*e)));
	e->key = need(strdup(key));
	e->value = need(strdup(value));
	e->used = true;
	hook(n, e);
	log_change(n, e, NULL);
}

static void drop(struct numbers *n, struct number *e)
{
	struct number **p = &n->keys[slot(n, e->key)];

	while (*p != e)
		p = &(*p)->by_key;
	*p = e->by_key;
	unhook_value(n, e);
	number_free(e);
	n->n--;
}

uint32_t numbers_mark(const struct numbers *n)
{
	return n->nlog;
}

void numbers_undo(struct numbers *n, uint32_t mark)
{
	struct number_change *c;
	char *value;

	while (n->nlog > mark) {
		c = &n->log[--n->nlog];
		if (!c->old) {
			drop(n, c->e);
			continue;
		}
		value = c->e->value;
		give(n, c->e, c->old);
		free(value);
	}
}

bool numbers_changed(const struct numbers *n, bool *dropped)
{
	*dropped = n->dropped;
	return n->nlog || n->dropped;
}

void numbers_saved(struct numbers *n)
{
	forget_log(n);
	n->dropped = false;
}

bool numbers_taken(const struct numbers *n, const char *prefix,
		   const char *value)
{
	const struct number *e;
	size_t len = strlen(prefix);

	for (e = n->values[slot(n, value)]; e; e = e->by_value)
		if (!strcmp(e->value, value) && !strncmp(e->key, prefix, len))
			return true;
	return false;
}

/*
 * OLD NULL: those that were not used.  What was attached may be attached again
 * also after a restart: netd forgets it when there is too much of it.
 */
static bool is_to_go(struct number *e, bool (*old)(void *arg, const char *key),
		     void *arg)
{
	bool used = e->used;

	if (old)
		return old(arg, e->key);
	e->used = false;
	return !used && !strstr(e->key, "/attachment/");
}

void numbers_drop(struct numbers *n, bool (*old)(void *arg, const char *key),
		  void *arg)
{
	struct number **p, *e;
	uint32_t i;

	/* what goes is not to come back by an undo, and may be in the log */
	forget_log(n);
	n->dropped = true;
	for (i = 0; i < n->slots; i++) {
		for (p = &n->keys[i]; (e = *p);) {
			if (!is_to_go(e, old, arg)) {
				p = &e->by_key;
				continue;
			}
			*p = e->by_key;
			unhook_value(n, e);
			number_free(e);
			n->n--;
		}
	}
}

void numbers_sweep(struct numbers *n)
{
	numbers_drop(n, NULL, NULL);
}

/* --- the file -------------------------------------------------------- */

static bool printable(const char *s, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		if ((unsigned char)s[i] < 0x20 || s[i] == 0x7f)
			return false;
	return len > 0 && len < 1024;
}

static int read_line(struct numbers *n, const char *line, size_t len)
{
	const char *space = memchr(line, ' ', len);
	char *key, *value;

	if (!space || !printable(line, len) || space == line ||
	    space + 1 == line + len)
		return -EINVAL;
	key = need(strndup(line, space - line));
	value = need(strndup(space + 1, line + len - space - 1));
	/* what was written later holds */
	numbers_set(n, key, value);
	free(key);
	free(value);
	return 0;
}

int numbers_read(struct numbers *n, const char *text)
{
	struct numbers *fresh = numbers_new();
	struct number *e;
	const char *nl;
	uint32_t i;
	int err = 0;

	for (; *text && !err; text = nl + 1) {
		nl = strchr(text, '\n');
		/* a last line that was cut off is not one */
		if (!nl)
			break;
		err = read_line(fresh, text, nl - text);
	}
	if (err || (*text && !fresh->n)) {
		numbers_free(fresh);
		return -EINVAL;
	}
	for (i = 0; i < fresh->slots; i++)
		for (e = fresh->keys[i]; e; e = e->by_key)
			e->used = false;
	forget_log(fresh);
	/* it would be one with the next line */
	fresh->dropped = *text;
	drop_all(n);
	*n = *fresh;
	free(fresh);
	return 0;
}

static int by_key(const void *a, const void *b)
{
	const struct number *const *x = a, *const *y = b;

	return strcmp((*x)->key, (*y)->key);
}

void numbers_print(const struct numbers *n, struct buf *out)
{
	struct number **all, *e;
	uint32_t i, count = 0;

	all = need(calloc(n->n + 1, sizeof(*all)));
	for (i = 0; i < n->slots; i++)
		for (e = n->keys[i]; e; e = e->by_key)
			all[count++] = e;
	qsort(all, count, sizeof(*all), by_key);
	for (i = 0; i < count; i++)
		buf_printf(out, "%s %s\n", all[i]->key, all[i]->value);
	free(all);
}

void numbers_print_changes(const struct numbers *n, struct buf *out)
{
	uint32_t i;

	for (i = 0; i < n->nlog; i++)
		buf_printf(out, "%s %s\n", n->log[i].e->key,
			   n->log[i].e->value);
}

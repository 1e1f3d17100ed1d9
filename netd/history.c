// history.c - what was changed, by whom, and what there was before
// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "netd/history.h"
#include "netd/log.h"

/*
 * A record a change: history/000012 says when, who and which topologies, and
 * history/000012.NAME is the text that NAME had before.  What holds after it
 * is in the records that follow, or in force: so old ones may go at any time,
 * and back to a state is one text a topology, of the oldest record after it.
 */

#define KEEP 100		/* records */

static void record_name(char *out, size_t room, unsigned int number,
			const char *topology)
{
	snprintf(out, room, "%06u%s%s", number, topology ? "." : "",
		 topology ? topology : "");
}

static void take_number(void *arg, const char *name)
{
	struct engine *e = arg;
	unsigned long n = strtoul(name, NULL, 10);

	if (n > e->history && n < 1000000)
		e->history = n;
}

void history_load(struct engine *e)
{
	e->history = 0;
	store_each(&e->store, STORE_HISTORY, take_number, e);
}

/* --- writing ------------------------------------------------------------ */

static bool in_force(const struct entry *en)
{
	return en && !en->stopped;
}

static bool same_text(const struct entry *a, const struct entry *b)
{
	if (in_force(a) != in_force(b))
		return false;
	return !in_force(a) || (a->len == b->len &&
				!memcmp(a->text, b->text, a->len));
}

/* One topology of a change: its part of the record, or NULL. */
static json_t *part(struct engine *e, unsigned int number,
		    const struct entry *old, const struct entry *new,
		    bool safe, int *err)
{
	const struct entry *any = new ? new : old;
	char name[128];

	if (same_text(old, new))
		return NULL;
	if (in_force(old)) {
		record_name(name, sizeof(name), number, old->name);
		*err = store_write(&e->store, STORE_HISTORY, name, old->text,
				   old->len, safe);
	}
	return json_pack("{s:s, s:s, s:b, s:b, s:b}", "name", any->name,
			 "file", any->file, "folder", any->path != NULL,
			 "before", in_force(old), "after", in_force(new));
}

static json_t *parts(struct engine *e, unsigned int number,
		     const struct change *c, bool safe, int *err)
{
	json_t *list = json_array(), *p;
	const struct entry *old;
	unsigned int i;

	for (i = 0; i < c->came.n && !*err; i++) {
		old = topos_find(&c->gone, c->came.v[i]->name);
		p = part(e, number, old, c->came.v[i], safe, err);
		if (p)
			json_array_append_new(list, p);
	}
	for (i = 0; i < c->gone.n && !*err; i++) {
		if (topos_find(&c->came, c->gone.v[i]->name))
			continue;
		p = part(e, number, c->gone.v[i], NULL, safe, err);
		if (p)
			json_array_append_new(list, p);
	}
	return list;
}

/* "alice", or the number of a user who is gone. */
static void user_name(uid_t uid, char *out, size_t room)
{
	const struct passwd *p = getpwuid(uid);

	if (p)
		snprintf(out, room, "%s", p->pw_name);
	else
		snprintf(out, room, "%u", uid);
}

static int write_record(struct engine *e, unsigned int number, json_t *list,
			bool safe)
{
	char name[32], who[64] = "netd", *s;
	json_t *o;
	int err;

	if (e->job)
		user_name(e->job->uid, who, sizeof(who));
	o = json_pack("{s:i, s:I, s:s, s:s, s:O}", "number", (int)number,
		      "time", (json_int_t)time(NULL), "who", who, "what",
		      e->what ? e->what : "file", "topologies", list);
	s = json_dumps(o, JSON_COMPACT);
	if (!s)
		fatal("out of memory");
	record_name(name, sizeof(name), number, NULL);
	err = store_write(&e->store, STORE_HISTORY, name, s, strlen(s), safe);
	free(s);
	json_decref(o);
	return err;
}

static json_t *read_record(struct engine *e, unsigned int number)
{
	char name[32];
	size_t len;
	char *text;
	json_t *o;

	record_name(name, sizeof(name), number, NULL);
	text = store_read(&e->store, STORE_HISTORY, name, &len);
	o = text ? json_loads(text, 0, NULL) : NULL;
	free(text);
	return o;
}

static void forget(struct engine *e, unsigned int number)
{
	json_t *o = read_record(e, number), *p;
	char name[128];
	size_t i;

	json_array_foreach(json_object_get(o, "topologies"), i, p) {
		const char *topology = json_string_value(
			json_object_get(p, "name"));

		record_name(name, sizeof(name), number,
			    topology ? topology : "-");
		store_remove(&e->store, STORE_HISTORY, name);
	}
	record_name(name, sizeof(name), number, NULL);
	store_remove(&e->store, STORE_HISTORY, name);
	json_decref(o);
}

int history_add(struct engine *e, const struct change *c)
{
	unsigned int number = e->history + 1;
	bool safe = e->confirm.pending;
	int err = 0;
	json_t *list = parts(e, number, c, safe, &err);

	if (!err && json_array_size(list)) {
		err = write_record(e, number, list, safe);
		if (!err)
			e->history = number;
		if (!err && number > KEEP)
			forget(e, number - KEEP);
	}
	json_decref(list);
	return err;
}

void history_drop(struct engine *e, unsigned int after)
{
	while (e->history > after)
		forget(e, e->history--);
}

/* --- reading ------------------------------------------------------------ */

json_t *history_list(struct engine *e)
{
	unsigned int i = e->history > KEEP ? e->history - KEEP : 0;
	json_t *list = json_array(), *o;

	for (i++; i <= e->history; i++) {
		o = read_record(e, i);
		if (o)
			json_array_append_new(list, o);
	}
	return list;
}

char *history_text(struct engine *e, unsigned int number, const char *topology,
		   size_t *len)
{
	char name[128];

	record_name(name, sizeof(name), number, topology);
	return store_read(&e->store, STORE_HISTORY, name, len);
}

json_t *history_one(struct engine *e, unsigned int number)
{
	json_t *o = read_record(e, number), *p;
	char *text;
	size_t i, len;

	json_array_foreach(json_object_get(o, "topologies"), i, p) {
		text = history_text(e, number, json_string_value(
				json_object_get(p, "name")), &len);
		if (text)
			json_object_set_new(p, "text", json_string(text));
		free(text);
	}
	return o;
}

/* The place of that topology in TEXTS, which is made if need be. */
static struct former *place(struct formers *f, const char *name)
{
	unsigned int i;

	for (i = 0; i < f->n; i++)
		if (!strcmp(f->v[i].name, name))
			return &f->v[i];
	f->v = realloc(f->v, (f->n + 1) * sizeof(*f->v));
	if (!f->v)
		fatal("out of memory");
	memset(&f->v[f->n], 0, sizeof(*f->v));
	f->v[f->n].name = strdup(name);
	return &f->v[f->n++];
}

static int take_part(struct engine *e, unsigned int number, json_t *p,
		     struct formers *out)
{
	const char *name = json_string_value(json_object_get(p, "name"));
	const char *file = json_string_value(json_object_get(p, "file"));
	struct former *f;

	if (!name || !file)
		return -EBADMSG;
	f = place(out, name);
	free(f->text);
	free(f->file);
	f->file = strdup(file);
	f->folder = json_is_true(json_object_get(p, "folder"));
	f->text = NULL;
	if (!json_is_true(json_object_get(p, "before")))
		return 0;
	f->text = history_text(e, number, name, &f->len);
	return f->text ? 0 : -ENOENT;
}

int history_before(struct engine *e, unsigned int to, struct formers *out)
{
	unsigned int i;
	json_t *o, *p;
	size_t k;
	int err = 0;

	memset(out, 0, sizeof(*out));
	for (i = e->history; i > to && !err; i--) {
		o = read_record(e, i);
		if (!o)
			err = -ENOENT;
		json_array_foreach(json_object_get(o, "topologies"), k, p)
			if (!err)
				err = take_part(e, i, p, out);
		json_decref(o);
	}
	return err;
}

void formers_free(struct formers *f)
{
	unsigned int i;

	for (i = 0; i < f->n; i++) {
		free(f->v[i].name);
		free(f->v[i].file);
		free(f->v[i].text);
	}
	free(f->v);
}

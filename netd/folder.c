// folder.c - topologies of the configuration folder, and those kept by us
// SPDX-License-Identifier: GPL-2.0-or-later
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "netd/engine.h"
#include "netd/log.h"

#define SUFFIX ".net.yaml"

/* One file of the configuration folder. */
struct text_file {
	char *base;		/* without the suffix */
	char *path;
	char *text;
	size_t len;
	int err;
	bool kept;		/* not read: the folder is not there */
};

struct files {
	struct text_file *v;
	unsigned int n;
};

static char *format(const char *a, const char *b, const char *c)
{
	char *s;

	if (asprintf(&s, "%s%s%s", a, b, c) < 0)
		fatal("out of memory");
	return s;
}

static bool has_suffix(const char *name)
{
	size_t len = strlen(name), tail = strlen(SUFFIX);

	return name[0] != '.' && len > tail && !strcmp(name + len - tail,
						       SUFFIX);
}

static struct text_file *files_add(struct files *f, const char *name)
{
	struct text_file *file;

	f->v = realloc(f->v, (f->n + 1) * sizeof(*f->v));
	if (!f->v)
		fatal("out of memory");
	file = &f->v[f->n++];
	memset(file, 0, sizeof(*file));
	file->base = strndup(name, strlen(name) - strlen(SUFFIX));
	if (!file->base)
		fatal("out of memory");
	return file;
}

static void files_free(struct files *f)
{
	unsigned int i;

	for (i = 0; i < f->n; i++) {
		free(f->v[i].base);
		free(f->v[i].path);
		free(f->v[i].text);
	}
	free(f->v);
}

static int is_topology(const struct dirent *d)
{
	return has_suffix(d->d_name);
}

struct keeper {
	struct engine *e;
	struct files *files;
};

static void keep_last_good(void *arg, const char *name)
{
	struct keeper *k = arg;
	struct text_file *f;

	if (!has_suffix(name))
		return;
	f = files_add(k->files, name);
	f->path = format(k->e->opt->config_dir, "/", name);
	f->kept = true;
}

/*
 * A folder that can't be read (not mounted, say) is no order to take all
 * networks down: what was good last stays in force.
 */
static void folder_list(struct engine *e, struct files *files)
{
	const char *dir = e->opt->config_dir;
	struct keeper k = { e, files };
	struct dirent **list;
	int i, n, fd;

	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	n = fd < 0 ? -1 : scandirat(fd, ".", &list, is_topology, alphasort);
	if (n < 0) {
		log_warning("%s: %s: the topologies that were in force stay",
			    dir, strerror(errno));
		store_each(&e->store, STORE_LAST_GOOD, keep_last_good, &k);
	}
	for (i = 0; i < n; i++) {
		struct text_file *f = files_add(files, list[i]->d_name);

		f->path = format(dir, "/", list[i]->d_name);
		f->text = read_at(fd, list[i]->d_name, &f->len, &f->err);
		free(list[i]);
	}
	if (n >= 0)
		free(list);
	if (fd >= 0)
		close(fd);
}

/* --- one entry ------------------------------------------------------- */

static void log_findings(struct engine *e)
{
	unsigned int i;

	for (i = 0; i < e->report->count; i++) {
		const struct finding *f = &e->report->list[i];
		struct buf b = { 0 };

		report_print_one(e->report, f, &b);
		(f->severity == SEV_ERROR ? log_error : log_warning)
			("%.*s", (int)strcspn(buf_text(&b), "\n"),
			 buf_text(&b));
		buf_free(&b);
	}
}

static void set_findings(struct engine *e, struct entry *en)
{
	json_decref(en->findings);
	en->findings = json_findings(e->report);
}

static bool is_stopped(struct engine *e, const char *name)
{
	size_t len;
	char *text = store_read(&e->store, STORE_STOPPED, name, &len);
	bool there = text != NULL;

	free(text);
	return there;
}

/* The name of a topology is in its text; its attachments are found by it. */
static struct entry *prepare(struct engine *e, const char *base,
			     const char *path, const char *file,
			     const char *text, size_t len)
{
	struct entry *en = entry_new(base, path, file, text, len);

	if (entry_read(e, en))
		return en;
	plugs_load(e, en);
	live_load(e, en);
	en->stopped = is_stopped(e, en->name);
	return en;
}

/* --- at the start ---------------------------------------------------- */

/* An older text of a file that has errors now. */
static struct entry *last_good(struct engine *e, const struct text_file *f,
			       const struct topos *set)
{
	char *name = format(f->base, SUFFIX, ""), *text;
	char *file = format(e->opt->state_dir, "/" STORE_LAST_GOOD "/", name);
	struct entry *en = NULL;
	size_t len;

	text = store_read(&e->store, STORE_LAST_GOOD, name, &len);
	if (text) {
		en = prepare(e, f->base, f->path, file, text, len);
		if (!en->stopped && entry_build_some(e, en, set)) {
			entry_free(en);
			en = NULL;
		}
	}
	free(text);
	free(file);
	free(name);
	return en;
}

static void problem(struct engine *e, const char *path, const char *why)
{
	log_error("%s: %s", path, why);
	json_array_append_new(e->problems, json_pack("{s:s, s:s}", "file",
						     path, "text", why));
}

static void remember_good(struct engine *e, const struct text_file *f)
{
	char *name = format(f->base, SUFFIX, "");

	if (f->text)
		store_write(&e->store, STORE_LAST_GOOD, name, f->text, f->len,
			    true);
	free(name);
}

/* The topology of a file, as good as it can be had. */
static struct entry *start_file(struct engine *e, const struct text_file *f,
				const struct topos *set)
{
	struct entry *en = NULL, *old;
	json_t *findings;
	uint64_t seen = 0;

	report_clear(e->report);
	if (f->text) {
		en = prepare(e, f->base, f->path, f->path, f->text, f->len);
		if (en->stopped || !entry_build_some(e, en, set)) {
			set_findings(e, en);
			if (!en->stopped)
				remember_good(e, f);
			return en;
		}
		seen = en->seen;
	} else if (f->err) {
		report_error(e->report, (struct pos){ 0 }, NULL, "%s: %s",
			     f->path, strerror(-f->err));
	}
	log_findings(e);
	findings = json_findings(e->report);
	report_clear(e->report);
	old = last_good(e, f, set);
	if (old) {
		entry_free(en);
		en = old;
		if (!f->kept)
			log_warning("%s has errors: the topology stays as it "
				    "was before", f->path);
	} else if (!en) {
		en = entry_new(f->base, f->path, f->path, "", 0);
	}
	en->seen = seen;
	en->broken = !f->kept;
	en->unknown |= !old;
	json_decref(en->findings);
	en->findings = findings;
	return en;
}

struct restorer {
	struct engine *e;
	struct topos *set;
};

/* A topology that was applied by the API. */
static void start_kept(void *arg, const char *name)
{
	struct restorer *r = arg;
	struct engine *e = r->e;
	char *text, *file, *base;
	struct entry *en;
	size_t len;

	if (!has_suffix(name))
		return;
	text = store_read(&e->store, STORE_TOPOLOGIES, name, &len);
	base = strndup(name, strlen(name) - strlen(SUFFIX));
	file = format(e->opt->state_dir, "/" STORE_TOPOLOGIES "/", name);
	report_clear(e->report);
	if (text && len)
		en = prepare(e, base, NULL, file, text, len);
	else
		en = entry_new(base, NULL, file, "", 0);
	if (!text || !len) {
		report_error(e->report, (struct pos){ 0 }, NULL,
			     "%s can't be read: what it asked for stays until "
			     "%s is applied again, or taken down", file, base);
		en->broken = en->unknown = true;
	} else if (entry_build_some(e, en, r->set)) {
		log_findings(e);
		en->broken = en->unknown = true;
	}
	set_findings(e, en);
	topos_put(r->set, en);
	free(base);
	free(file);
	free(text);
}

void folder_start(struct engine *e)
{
	struct topos next = { 0 };
	struct restorer r = { e, &next };
	struct files files = { 0 };
	unsigned int i;

	store_each(&e->store, STORE_TOPOLOGIES, start_kept, &r);
	folder_list(e, &files);
	for (i = 0; i < files.n; i++) {
		struct entry *en = start_file(e, &files.v[i], &next);
		struct entry *there = topos_find(&next, en->name);

		if (there) {
			problem(e, files.v[i].path, there->path ?
				"another file is the topology of that name" :
				"a topology of that name was applied by "
				"netdctl: take it down first");
			entry_free(en);
			continue;
		}
		topos_put(&next, en);
	}
	files_free(&files);
	e->set = next;
}

/* --- again ----------------------------------------------------------- */

static struct entry *by_path(const struct topos *set, const char *path)
{
	unsigned int i;

	for (i = 0; i < set->n; i++)
		if (set->v[i]->path && !strcmp(set->v[i]->path, path))
			return set->v[i];
	return NULL;
}

/* Those whose files are gone, go. */
static void drop_gone(struct engine *e, const struct files *files)
{
	struct topos next = topos_copy(&e->set);
	unsigned int i, k;

	for (i = next.n; i-- > 0;) {
		for (k = 0; k < files->n; k++)
			if (!next.v[i]->path ||
			    !strcmp(next.v[i]->path, files->v[k].path))
				break;
		if (k == files->n && next.v[i]->path) {
			char *base = basename(next.v[i]->path);

			log_info("%s is gone: its networks are taken down",
				 next.v[i]->path);
			store_remove(&e->store, STORE_LAST_GOOD, base);
			store_remove(&e->store, STORE_STOPPED,
				     next.v[i]->name);
			plugs_forget(e, next.v[i]->name);
			topos_drop(&next, next.v[i]->name);
		}
	}
	report_clear(e->report);
	if (next.n != e->set.n && update(e, &next, NULL, NULL))
		log_findings(e);
	free(next.v);
}

static void file_failed(struct engine *e, const struct text_file *f,
			struct entry *old, uint64_t seen)
{
	log_findings(e);
	if (!old) {
		problem(e, f->path, "it has errors: netdctl check shows them");
		return;
	}
	set_findings(e, old);
	old->broken = true;
	old->seen = seen;
	entry_source(e, old);
	log_warning("%s has errors: the topology stays as it was", f->path);
}

static void reload_file(struct engine *e, const struct text_file *f)
{
	struct entry *old = by_path(&e->set, f->path), *en, *there;
	struct topos next;
	uint64_t seen;

	if (!f->text || f->kept)
		return;
	seen = hash64(f->text, f->len);
	if (old && old->seen == seen)
		return;
	report_clear(e->report);
	next = topos_copy(&e->set);
	en = prepare(e, f->base, f->path, f->path, f->text, f->len);
	there = topos_find(&next, en->name);
	if (there && there != old) {
		problem(e, f->path, "there is a topology of that name already");
		entry_free(en);
		free(next.v);
		return;
	}
	if (old)
		topos_drop(&next, old->name);
	if (!en->stopped && entry_build(e, en, &next)) {
		entry_free(en);
		numbers_restore(e);
		file_failed(e, f, old, seen);
	} else {
		topos_put(&next, en);
		set_findings(e, en);
		if (update(e, &next, NULL, NULL))
			file_failed(e, f, by_path(&e->set, f->path), seen);
		else
			remember_good(e, f);
	}
	free(next.v);
}

void folder_reload(struct engine *e)
{
	struct files files = { 0 };
	unsigned int i;

	json_array_clear(e->problems);
	folder_list(e, &files);
	drop_gone(e, &files);
	for (i = 0; i < files.n; i++)
		reload_file(e, &files.v[i]);
	files_free(&files);
	folder_sure(e);
}

void folder_sure(struct engine *e)
{
	bool was = e->nothing_goes;
	unsigned int i;

	e->nothing_goes = false;
	for (i = 0; i < e->set.n; i++)
		e->nothing_goes |= e->set.v[i]->unknown;
	if (was && !e->nothing_goes)
		engine_look(e, OBSERVE_ALL, 0);
}

// file.c - the driver of files that daemons of netd's read
// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/internal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

/* The folders whose files are all netd's, and how deep they go. */
static const char *const folders[] = {
	NETD_RUN "dnsmasq", NETD_STATE "dnsmasq", VTY_FOLDER,
};

/*
 * Folders of other programs, in which a few are netd's: those that begin so,
 * and say so in their first line.  RELOAD is how the program is told.
 */
static const struct other {
	const char *name, *dir, *prefix;
	const char *reload[4];
} others[] = {
	{ "networkmanager/", "/etc/NetworkManager/conf.d/", "netd-",
	  { "nmcli", "general", "reload" } },
	{ "networkd/", "/etc/systemd/network/", "00-netd-",
	  { "networkctl", "reload" } },
};
#define OTHERS (sizeof(others) / sizeof(*others))
#define HEAD "# Made by netd"
#define RELOAD_MS 5000

#define DEPTH_MAX 4
#define NEW_SUFFIX "/.new"
#define TEXT_MAX (4u << 20)

/* What one run of steps has changed: whose readers are to be told. */
struct files {
	const char *readers[RUN_MAX];
	int n;
	unsigned int told;	/* of others, one bit each */
	int events;		/* inotify, or -1 */
};

/* --- paths --------------------------------------------------------------- */

static bool is_safe(const char *name)
{
	static const char chars[] = "abcdefghijklmnopqrstuvwxyz"
		"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-/";
	size_t len = strlen(name);

	return len && len < 300 && strspn(name, chars) == len &&
	       !strstr(name, "/.") && !strstr(name, "//") &&
	       name[len - 1] != '/';
}

/* Which of the others the file is for, or -1. */
static int other_of(const char *name)
{
	size_t i;

	for (i = 0; i < OTHERS; i++) {
		size_t n = strlen(others[i].name);

		if (!strncmp(name, others[i].name, n) &&
		    !strncmp(name + n, others[i].prefix,
			     strlen(others[i].prefix)) &&
		    !strchr(name + n, '/'))
			return i;
	}
	return -1;
}

static int other_path(int i, const char *name, char *path, size_t room)
{
	int n = snprintf(path, room, "%s%s", others[i].dir,
			 name + strlen(others[i].name));

	if (!is_safe(name))
		return -EINVAL;
	return (size_t)n < room ? 0 : -ENAMETOOLONG;
}

int file_path(struct host *h, const char *name, char *path, size_t room)
{
	bool run = !strncmp(name, NETD_RUN, strlen(NETD_RUN));
	const char *dir = run ? h->run_dir : h->state_dir;
	const char *rest = strchr(name, '/');
	int n = other_of(name);

	if (n >= 0)
		return other_path(n, name, path, room);
	if ((!run && strncmp(name, NETD_STATE, strlen(NETD_STATE))) ||
	    !dir || !is_safe(name))
		return -EINVAL;
	n = snprintf(path, room, "%s%s", dir, rest);
	return (size_t)n < room ? 0 : -ENAMETOOLONG;
}

/* The folders above PATH, which others may pass but not write in. */
int file_make_parents(const char *path)
{
	char part[PATH_MAX];
	size_t i;

	for (i = 1; path[i] && i < sizeof(part); i++) {
		if (path[i] != '/')
			continue;
		memcpy(part, path, i);
		part[i] = '\0';
		/* whatever our umask: daemons read in it as other users */
		if (!mkdir(part, 0755) ? chmod(part, 0755) : errno != EEXIST)
			return -errno;
	}
	return 0;
}

/* Those that are empty, up to the one that all topologies share. */
void file_drop_parents(struct host *h, const char *name)
{
	char part[PATH_MAX], *slash;

	if (other_of(name) >= 0 || file_path(h, name, part, sizeof(part)))
		return;
	while ((slash = strrchr(part, '/'))) {
		*slash = '\0';
		if (!strcmp(part, h->run_dir) || !strcmp(part, h->state_dir) ||
		    rmdir(part))
			return;
	}
}

/* --- reading and writing -------------------------------------------------- */

static int read_all(const char *path, struct buf *b)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	struct stat st;
	char in[4096];
	ssize_t n = 0;

	if (fd < 0)
		return -errno;
	if (!fstat(fd, &st) && !S_ISREG(st.st_mode))
		errno = EINVAL;
	else
		while (b->len < TEXT_MAX && (n = read(fd, in, sizeof(in))) > 0)
			buf_add(b, in, n);
	if (n < 0 || b->len >= TEXT_MAX || !S_ISREG(st.st_mode))
		n = n < 0 ? -errno : -EINVAL;
	close(fd);
	return n;
}

static int write_all(int fd, const char *text, bool safe)
{
	size_t len = strlen(text);
	ssize_t n;

	while (len) {
		n = write(fd, text, len);
		if (n < 0)
			return -errno;
		text += n;
		len -= n;
	}
	return safe && fsync(fd) ? -errno : 0;
}

/* Whoever reads it sees the old or the new text, never half of one. */
static int write_file(struct host *h, const char *path, const char *text,
		      bool safe)
{
	char part[PATH_MAX];
	const char *slash = strrchr(path, '/');
	int fd, err = file_make_parents(path);

	if (err)
		return err;
	snprintf(part, sizeof(part), "%.*s" NEW_SUFFIX, (int)(slash - path),
		 path);
	unlink(part);
	fd = open(part, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
		  0644);
	if (fd < 0)
		return -errno;
	err = write_all(fd, text, safe);
	if (!err && fchmod(fd, 0644))
		err = -errno;
	close(fd);
	if (!err && rename(part, path))
		err = -errno;
	if (err)
		unlink(part);
	return err;
}

/* --- steps ----------------------------------------------------------------- */

static struct files *files_of(struct host *h)
{
	if (!h->files) {
		h->files = calloc(1, sizeof(*h->files));
		if (!h->files)
			abort();
		h->files->events = -1;
	}
	return h->files;
}

/* Each line is a value; else it is a whole configuration. */
static bool is_of_lines(const struct file *f)
{
	return f->check && strchr(f->check, ' ');
}

static void note_reader(struct host *h, const struct file *f)
{
	struct files *x = files_of(h);
	int i = other_of(f->o.name);

	if (i >= 0)
		x->told |= 1u << i;
	if (!f->reader || !*f->reader || (f->check && *f->check && !is_of_lines(f)) ||
	    vty_has(f->reader))
		return;
	for (i = 0; i < x->n; i++)
		if (!strcmp(x->readers[i], f->reader))
			return;
	if (x->n == RUN_MAX)
		file_driver_commit(h);
	x->readers[x->n++] = f->reader;
}

static bool is_kept(const struct file *f)
{
	return f->hash == UINT64_MAX;
}

/* A file among another program's that is there and is not netd's. */
static bool is_foreign(const char *name, const char *path)
{
	struct buf b CLEANUP(buf_free) = { 0 };

	return other_of(name) >= 0 && read_all(path, &b) != -ENOENT &&
	       strncmp(buf_text(&b), HEAD, strlen(HEAD));
}

static void file_create(struct host *h, const struct step *s)
{
	const struct file *f = (const struct file *)s->want;
	struct buf why CLEANUP(buf_free) = { 0 };
	struct buf old CLEANUP(buf_free) = { 0 };
	bool vty = f->reader && vty_has(f->reader);
	char path[PATH_MAX];
	int err = file_path(h, f->o.name, path, sizeof(path));

	if (!err && is_of_lines(f)) {
		/* the former one stays when this one is not right */
		err = process_check_lines(h, f->check, f->text, &why);
		if (err) {
			step_failed(h, s, err, why.len ? why.p : NULL);
			return;
		}
	}
	if (!err && vty && read_all(path, &old))
		buf_reset(&old);
	if (!err && is_foreign(f->o.name, path)) {
		step_failed(h, s, -EEXIST, "it is there and is not netd's");
		return;
	}
	if (!err)
		err = write_file(h, path, f->text ? f->text : "", is_kept(f));
	if (!err && f->check && *f->check && !is_of_lines(f))
		err = process_check(h, f->check, path, &why);
	if (!err && vty && old.len)
		err = vty_change(h, f->reader, buf_text(&old),
				 f->text, &why);
	if (err) {
		step_failed(h, s, err, why.len ? why.p : NULL);
		if (why.len)
			unlink(path);
		return;
	}
	/* it has the former one open, which nobody sees any more */
	if (is_kept(f) && f->reader && *f->reader)
		process_signal(h, f->reader, SIGTERM);
	else
		note_reader(h, f);
}

static void file_destroy(struct host *h, const struct step *s)
{
	const struct file *f = (const struct file *)s->have;
	char path[PATH_MAX];
	int err = file_path(h, f->o.name, path, sizeof(path));

	if (!err && unlink(path) && errno != ENOENT)
		err = -errno;
	if (err) {
		step_failed(h, s, err, NULL);
		return;
	}
	file_drop_parents(h, f->o.name);
	note_reader(h, f);
}

/* What we did ourselves is no news. */
static void drain(struct files *x)
{
	char in[4096];

	while (x->events >= 0 && read(x->events, in, sizeof(in)) > 0)
		;
}

/* One that doesn't run reads it when it starts. */
static void reload(struct host *h, const struct other *o)
{
	char *argv[5] = { NULL };
	struct buf why CLEANUP(buf_free) = { 0 };
	struct spawned s;
	size_t i;

	for (i = 0; i < 4; i++)
		argv[i] = (char *)o->reload[i];
	if (!spawn_start(ns_home(h)->fd, argv, &s))
		spawn_end(&s, RELOAD_MS, &why);
}

void file_driver_commit(struct host *h)
{
	struct files *x = files_of(h);
	size_t i;

	for (i = 0; i < OTHERS; i++)
		if (x->told & 1u << i)
			reload(h, &others[i]);
	x->told = 0;

	while (x->n)
		process_signal(h, x->readers[--x->n], SIGHUP);
	drain(x);
}

/* --- looking ---------------------------------------------------------------- */

static void watch_folder(struct host *h, const char *path, bool state)
{
	struct files *x = files_of(h);
	/* programs write what is in the state folder */
	uint32_t mask = IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE_SELF;

	if (x->events < 0)
		x->events = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (x->events >= 0)
		inotify_add_watch(x->events, path, mask | IN_ONLYDIR |
				  (state ? 0 : IN_CLOSE_WRITE));
}

static void found_file(const char *name, const char *path,
		       const struct state *wanted, struct state *found)
{
	const struct file *w = (const struct file *)
		state_find(wanted, KIND_FILE, "", name);
	struct buf b CLEANUP(buf_free) = { 0 };
	struct file *f;

	if ((!w || !is_kept(w)) && read_all(path, &b))
		buf_reset(&b);
	f = state_add(found, KIND_FILE, "", name, (struct pos){ 0 });
	f->hash = hash64(buf_text(&b), b.len);
	f->text = "";
	f->reader = w ? arena_strdup(found->arena, w->reader ?
				     w->reader : "") : "";
	f->check = "";
}

static void walk(struct host *h, const char *folder, int depth,
		 const struct state *wanted, struct state *found)
{
	char path[PATH_MAX], name[512];
	struct dirent *e;
	DIR *d;

	if (file_path(h, folder, path, sizeof(path)))
		return;
	d = opendir(path);
	if (!d)
		return;
	watch_folder(h, path, folder[0] == 's');
	while ((e = readdir(d))) {
		snprintf(name, sizeof(name), "%s/%s", folder, e->d_name);
		if (!is_safe(name) || !strcmp(e->d_name, PROCESS_PID))
			continue;
		if (file_path(h, name, path, sizeof(path)))
			continue;
		if (e->d_type == DT_DIR && depth < DEPTH_MAX)
			walk(h, name, depth + 1, wanted, found);
		else if (e->d_type != DT_DIR && e->d_type != DT_SOCK)
			found_file(name, path, wanted, found);
	}
	closedir(d);
}

/* Those that are not ours are foreign: one of the same name is an error. */
static void look_other(struct host *h, const struct other *o,
		       const struct state *wanted, struct state *found)
{
	char path[PATH_MAX], name[512];
	struct dirent *e;
	DIR *d = opendir(o->dir);

	while (d && (e = readdir(d))) {
		struct buf b CLEANUP(buf_free) = { 0 };

		snprintf(name, sizeof(name), "%s%s", o->name, e->d_name);
		if (other_of(name) < 0 ||
		    file_path(h, name, path, sizeof(path)))
			continue;
		found_file(name, path, wanted, found);
		if (read_all(path, &b) ||
		    strncmp(buf_text(&b), HEAD, strlen(HEAD)))
			found->v[found->n - 1]->foreign = true;
	}
	if (d)
		closedir(d);
	if (d && state_seek(wanted, KIND_FILE, "", o->name) < wanted->n)
		watch_folder(h, o->dir, false);
}

static int file_observe(struct host *h, const struct state *wanted,
			struct state *found)
{
	size_t i;

	for (i = 0; i < sizeof(folders) / sizeof(*folders); i++)
		walk(h, folders[i], 0, wanted, found);
	for (i = 0; i < OTHERS; i++)
		look_other(h, &others[i], wanted, found);
	return 0;
}

const struct driver driver_file = {
	.observe = file_observe,
	.create = file_create,
	.update = file_create,
	.destroy = file_destroy,
	.commit = file_driver_commit,
	.looks = OBSERVE_LINKS,
};

/* --- what others do to them --------------------------------------------------- */

int file_fds(struct host *h, struct pollfd *fds, int room)
{
	if (!room || !h->files || h->files->events < 0)
		return 0;
	fds[0] = (struct pollfd){ .fd = h->files->events, .events = POLLIN };
	return 1;
}

void file_ready(struct host *h)
{
	_Alignas(8) char in[4096];
	const struct inotify_event *e;
	bool news = false;
	ssize_t n, at;

	if (!h->files || h->files->events < 0)
		return;
	while ((n = read(h->files->events, in, sizeof(in))) > 0) {
		for (at = 0; at < n; at += sizeof(*e) + e->len) {
			e = (const struct inotify_event *)(in + at);
			if (!(e->mask & IN_IGNORED) &&
			    (!e->len || e->name[0] != '.'))
				news = true;
		}
	}
	if (news)
		host_dirty(h, OBSERVE_LINKS, "a file of netd's was changed");
}

void file_free(struct host *h)
{
	if (h->files && h->files->events >= 0)
		close(h->files->events);
	free(h->files);
	h->files = NULL;
}

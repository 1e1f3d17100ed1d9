// store.c - what the kernel can't hold, in small files
// SPDX-License-Identifier: GPL-2.0-or-later
#include "netd/store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "netd/field.h"
#include "netd/log.h"

static int open_lock(int dir, const char *name)
{
	return openat(dir, name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW,
		      0600);
}

/*
 * The kernel side of a daemon that was killed may still be at work.  It ends
 * by itself when its socket is closed; two at once would fight.
 */
static int wait_for_kernel_side(struct store *s)
{
	int tries;

	for (tries = 0; tries < 3000; tries++) {
		if (!flock(s->kernel_lock, LOCK_EX | LOCK_NB))
			return 0;
		if (errno != EWOULDBLOCK)
			return -errno;
		if (!tries)
			log_info("waiting for the kernel side of the former "
				 "daemon to finish");
		nanosleep(&(struct timespec){ .tv_nsec = 10000000 }, NULL);
	}
	return -EBUSY;
}

static int lock_all(struct store *s, const char *path)
{
	int err;

	s->lock = open_lock(s->dir, "lock");
	s->kernel_lock = open_lock(s->dir, "kernel.lock");
	if (s->lock < 0 || s->kernel_lock < 0) {
		err = -errno;
		log_error("%s/lock: %s", path, strerror(-err));
		return err;
	}
	if (flock(s->lock, LOCK_EX | LOCK_NB)) {
		log_error("%s is in use by another netd", path);
		return -EBUSY;
	}
	err = wait_for_kernel_side(s);
	if (err)
		log_error("%s/kernel.lock: %s", path, strerror(-err));
	return err;
}

static int make_folders(struct store *s)
{
	static const char *const names[] = {
		STORE_TOPOLOGIES, STORE_LAST_GOOD, STORE_STOPPED, STORE_PLUGS,
		STORE_DOCKER,
	};
	unsigned int i;

	for (i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (mkdirat(s->dir, names[i], 0700) && errno != EEXIST)
			return -errno;
	return 0;
}

int store_open(struct store *s, const char *path)
{
	int err;

	s->lock = s->kernel_lock = -1;
	if (mkdir(path, 0700) && errno != EEXIST) {
		err = -errno;
		log_error("%s: %s", path, strerror(-err));
		return err;
	}
	s->dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	err = s->dir < 0 ? -errno : make_folders(s);
	if (err) {
		log_error("%s: %s", path, strerror(-err));
		return err;
	}
	return lock_all(s, path);
}

/* Those of others, who would not want it: they are root's. */
static const char *const others[] = { "dnsmasq" };

static bool is_other(const FTSENT *f)
{
	size_t i;

	for (i = 0; i < sizeof(others) / sizeof(*others); i++)
		if (f->fts_level == 1 && !strcmp(f->fts_name, others[i]))
			return true;
	return false;
}

/* Nobody follows a link: who owned it before may have put one there. */
static int own_all(const char *path, uid_t uid, gid_t gid)
{
	char *const paths[] = { (char *)path, NULL };
	FTS *tree = fts_open(paths, FTS_PHYSICAL | FTS_NOCHDIR | FTS_XDEV,
			     NULL);
	FTSENT *f;
	int err = tree ? 0 : -errno;

	while (tree && (f = fts_read(tree))) {
		if (is_other(f))
			fts_set(tree, f, FTS_SKIP);
		else if (f->fts_level && f->fts_info != FTS_DP &&
			 (f->fts_statp->st_uid != uid ||
			  f->fts_statp->st_gid != gid) &&
			 lchown(f->fts_path, uid, gid) && errno != ENOENT)
			err = -errno;
	}
	if (tree)
		fts_close(tree);
	return err;
}

int store_own(struct store *s, const char *path, uid_t uid, gid_t gid)
{
	size_t i;
	int err = 0;

	/* the daemons' own folders can't be replaced by who has the rest */
	for (i = 0; uid && i < sizeof(others) / sizeof(*others) && !err; i++)
		if (!mkdirat(s->dir, others[i], 0755) &&
		    fchmodat(s->dir, others[i], 0755, 0))
			err = -errno;
	if (!err && uid && (fchown(s->dir, 0, gid) || fchmod(s->dir, 01770)))
		err = -errno;
	if (!uid && fchmod(s->dir, 0700))
		err = -errno;
	if (!err)
		err = own_all(path, uid, gid);
	if (err)
		log_error("%s: can't be given to uid %u: %s", path, uid,
			  strerror(-err));
	return err;
}

void store_close(struct store *s)
{
	if (s->kernel_lock >= 0)
		close(s->kernel_lock);
	if (s->lock >= 0)
		close(s->lock);
	if (s->dir >= 0)
		close(s->dir);
}

/* A name comes from a request or a folder: no way out of ours. */
static bool plain(const char *name)
{
	return name[0] && name[0] != '.' && !strchr(name, '/') &&
	       strlen(name) < 200;
}

static int open_folder(struct store *s, const char *folder, bool create)
{
	if (!folder)
		return dup(s->dir);
	if (create && mkdirat(s->dir, folder, 0700) && errno != EEXIST)
		return -1;
	return openat(s->dir, folder,
		      O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
}

static char *slurp(int fd, size_t size, size_t *len, int *err)
{
	char *text = malloc(size + 1);
	size_t got = 0;
	ssize_t n;

	if (!text)
		fatal("out of memory");
	while (got < size && (n = read(fd, text + got, size - got)) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			*err = -errno;
			free(text);
			return NULL;
		}
		got += n;
	}
	text[got] = '\0';
	*len = got;
	*err = 0;
	return text;
}

char *read_at(int dir, const char *path, size_t *len, int *err)
{
	int fd = openat(dir, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	char *text = NULL;
	struct stat st;

	if (fd < 0) {
		*err = -errno;
		return NULL;
	}
	if (fstat(fd, &st))
		*err = -errno;
	else if (!S_ISREG(st.st_mode))
		*err = -EINVAL;
	else if (st.st_size > STORE_MAX)
		*err = -EFBIG;
	else
		text = slurp(fd, st.st_size, len, err);
	close(fd);
	return text;
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

/*
 * A text that lost its end may still be one: of a topology with fewer
 * networks, say.  So each begins with a line that tells how long it is, and
 * its hash.  What was added to the end since is the reader's to judge.
 */
#define HEAD "# netd %zu %016" PRIx64 "\n"
#define HEAD_MAX 64

/* Takes the line away.  false: this is not what was written. */
static bool sound(char *text, size_t *len)
{
	uint64_t hash;
	char line[HEAD_MAX];
	size_t want;
	int n;

	if (sscanf(text, "# netd %zu %" SCNx64, &want, &hash) != 2)
		return false;
	n = snprintf(line, sizeof(line), HEAD, want, hash);
	if (strncmp(text, line, n) || want > *len - n ||
	    hash64(text + n, want) != hash)
		return false;
	*len -= n;
	memmove(text, text + n, *len + 1);
	return true;
}

static char *read_file(struct store *s, const char *folder, const char *name,
		       size_t *len, bool ours)
{
	__attribute__((cleanup(close_fd))) int dir = -1, fd = -1;
	char *text = NULL;
	struct stat st;
	int err = 0;

	if (!plain(name))
		return NULL;
	dir = open_folder(s, folder, false);
	if (dir >= 0)
		fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW |
			    O_NONBLOCK);
	if (fd < 0 || fstat(fd, &st))
		err = -errno;
	else if (!S_ISREG(st.st_mode) || st.st_size > STORE_MAX + HEAD_MAX)
		err = -EINVAL;
	else
		text = slurp(fd, st.st_size, len, &err);
	if (text && ((ours && !sound(text, len)) || *len > STORE_MAX)) {
		free(text);
		text = NULL;
		err = -EBADMSG;
	}
	if (err && err != -ENOENT)
		log_warning("state file %s/%s is left out: %s",
			    folder ? folder : ".", name, err == -EBADMSG ?
			    "it is damaged" : strerror(-err));
	return text;
}

char *store_read(struct store *s, const char *folder, const char *name,
		 size_t *len)
{
	return read_file(s, folder, name, len, true);
}

char *store_read_foreign(struct store *s, const char *folder,
			 const char *name, size_t *len)
{
	return read_file(s, folder, name, len, false);
}

static int write_all(int fd, const char *p, size_t len)
{
	ssize_t n;

	while (len) {
		n = write(fd, p, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		p += n;
		len -= n;
	}
	return 0;
}

int write_at(int dir, const char *name, const void *p, size_t len, mode_t mode,
	     bool safe)
{
	char tmp[256];
	int fd, err;

	snprintf(tmp, sizeof(tmp), ".%s.new", name);
	/* whatever a crash left there is in the way */
	unlinkat(dir, tmp, 0);
	fd = openat(dir, tmp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC |
		    O_NOFOLLOW, 0600);
	if (fd < 0)
		return -errno;
	err = write_all(fd, p, len);
	/* whatever the umask */
	if (!err && fchmod(fd, mode))
		err = -errno;
	if (!err && safe && fsync(fd))
		err = -errno;
	if (close(fd) && !err)
		err = -errno;
	if (!err && renameat(dir, tmp, dir, name))
		err = -errno;
	if (!err && safe && fsync(dir))
		err = -errno;
	if (err)
		unlinkat(dir, tmp, 0);
	return err;
}

static int write_sound(int dir, const char *name, const void *p, size_t len,
		       bool safe)
{
	char *whole = malloc(len + HEAD_MAX);
	int err, n;

	if (!whole)
		fatal("out of memory");
	n = snprintf(whole, HEAD_MAX, HEAD, len, hash64(p, len));
	memcpy(whole + n, p, len);
	err = write_at(dir, name, whole, n + len, 0600, safe);
	free(whole);
	return err;
}

int store_write(struct store *s, const char *folder, const char *name,
		const void *p, size_t len, bool safe)
{
	__attribute__((cleanup(close_fd))) int dir = -1;
	int err = -EINVAL;

	if (plain(name)) {
		dir = open_folder(s, folder, true);
		err = dir < 0 ? -errno : write_sound(dir, name, p, len, safe);
	}
	if (err)
		log_error("state file %s/%s can't be written: %s",
			  folder ? folder : ".", name, strerror(-err));
	return err;
}

int store_append(struct store *s, const char *name, const void *p, size_t len,
		 bool safe)
{
	__attribute__((cleanup(close_fd))) int fd = -1;
	int err;

	if (!plain(name))
		return -EINVAL;
	fd = openat(s->dir, name, O_WRONLY | O_APPEND | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return -errno;
	err = write_all(fd, p, len);
	if (!err && safe && fdatasync(fd))
		err = -errno;
	return err;
}

void store_remove(struct store *s, const char *folder, const char *name)
{
	__attribute__((cleanup(close_fd))) int dir = -1;

	if (!plain(name))
		return;
	dir = open_folder(s, folder, false);
	/* the name may be that of an empty folder of attachments */
	if (dir >= 0 && unlinkat(dir, name, 0) && errno == EISDIR)
		unlinkat(dir, name, AT_REMOVEDIR);
}

static int visible(const struct dirent *d)
{
	return d->d_name[0] != '.';
}

void store_each(struct store *s, const char *folder,
		void (*fn)(void *arg, const char *name), void *arg)
{
	__attribute__((cleanup(close_fd))) int dir = -1;
	struct dirent **list;
	int i, n;

	dir = open_folder(s, folder, false);
	if (dir < 0)
		return;
	n = scandirat(dir, ".", &list, visible, alphasort);
	for (i = 0; i < n; i++) {
		fn(arg, list[i]->d_name);
		free(list[i]);
	}
	if (n >= 0)
		free(list);
}

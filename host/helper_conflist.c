// helper_conflist.c - writes CNI configurations, of netd's networks only
// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/internal.h"
#include "netd/help.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/*
 * Runtimes do as root what such a file says.  So only files that call netd's
 * plugin are written, under names that are netd's, and no others replaced.
 */
#define PREFIX "95-netd-"
#define SUFFIX ".conflist"
#define PART ".netd-new"
#define OURS "\"netd-cni\""
#define NEW_MAX 32768

static bool is_name(const char *name)
{
	static const char chars[] = "abcdefghijklmnopqrstuvwxyz"
		"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
	size_t len = strlen(name), n = strlen(SUFFIX);

	return len < 200 && !strncmp(name, PREFIX, strlen(PREFIX)) &&
	       len > n && !strcmp(name + len - n, SUFFIX) &&
	       strspn(name, chars) == len;
}

/* One plugin, which is netd's: one key "type", and that says so. */
static bool is_text(const char *text)
{
	static const char key[] = "\"type\"";
	const char *at, *p;
	unsigned int n = 0;

	for (at = strstr(text, key); at; at = strstr(at + 1, key)) {
		p = at + strlen(key);
		p += strspn(p, " \t\r\n");
		if (*p++ != ':')
			continue;
		p += strspn(p, " \t\r\n");
		if (strncmp(p, OURS, strlen(OURS)))
			return false;
		n++;
	}
	/* no other spelling of a key */
	return n == 1 && !strchr(text, '\\');
}

/* -EEXIST: there is one, and it is not ours. */
static int look(int dir, const char *name)
{
	char text[NEW_MAX + 1];
	int fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW |
			O_NONBLOCK);
	ssize_t n;

	if (fd < 0)
		return errno == ENOENT ? 0 : -EEXIST;
	n = read(fd, text, NEW_MAX);
	close(fd);
	if (n < 0)
		return -EEXIST;
	text[n] = '\0';
	return strstr(text, OURS) ? 0 : -EEXIST;
}

static int put(int dir, const char *name, const char *text)
{
	size_t len = strlen(text);
	int fd, err = 0;

	unlinkat(dir, PART, 0);
	fd = openat(dir, PART, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC |
		    O_NOFOLLOW, 0644);
	if (fd < 0)
		return -errno;
	if (write(fd, text, len) != (ssize_t)len || fchmod(fd, 0644))
		err = errno ? -errno : -ENOSPC;
	close(fd);
	if (!err && renameat(dir, PART, dir, name))
		err = -errno;
	if (err)
		unlinkat(dir, PART, 0);
	return err;
}

int helper_conflist(const char *dir, const struct help *ask)
{
	struct arena *a CLEANUP(arena_cleanup) = arena_new();
	const char *p = ask->text.p, *end = p + ask->text.len, *name, *text;
	int fd, err;

	if (unpack_str(&p, end, &name, a) || unpack_str(&p, end, &text, a))
		return -EBADMSG;
	if (!*dir || !is_name(name) || strlen(text) > NEW_MAX ||
	    (*text && !is_text(text)))
		return -EINVAL;
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	err = look(fd, name);
	if (!err && *text)
		err = put(fd, name, text);
	else if (!err && unlinkat(fd, name, 0) && errno != ENOENT)
		err = -errno;
	close(fd);
	return err;
}

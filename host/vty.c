// vty.c - routing daemons are told of changes while they run
// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/internal.h"

#include <errno.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

/*
 * FRR's daemons read their configuration when they start.  A restart ends all
 * adjacencies, so that later only what has changed is said, to the socket that
 * vtysh(1) uses: a command and a zero; the answer is text, three zeros and a
 * status (lib/vty.c, vtysh_read()).
 */

#define ANSWER_S 2
#define DEPTH 3
#define LINES_MAX 20000

bool vty_has(const char *process)
{
	const struct spawned_program *p = process_program(process);

	return p && p->user;
}

/* --- folders ------------------------------------------------------------- */

static const char *what_of(const char *process)
{
	const char *slash = strchr(process, '/');

	return slash ? slash + 1 : "";
}

static int own(struct host *h, const char *folder, const char *what,
	       const struct passwd *pw)
{
	char path[PATH_MAX], name[320];
	int err;

	snprintf(name, sizeof(name), NETD_RUN "%s/%s", folder, what);
	err = file_path(h, name, path, sizeof(path));
	if (err)
		return err;
	err = file_make_parents(path);
	if (!err && (mkdir(path, 0755) ? errno != EEXIST : chmod(path, 0755)))
		err = -errno;
	if (!err && lchown(path, pw->pw_uid, pw->pw_gid))
		err = -errno;
	return err;
}

int vty_prepare(struct host *h, const char *process)
{
	const struct spawned_program *p = process_program(process);
	struct passwd *pw = p && p->user ? getpwnam(p->user) : NULL;
	int err;

	if (!pw)
		return -ENOENT;
	err = own(h, p->name, what_of(process), pw);
	return err ? err : own(h, VTY_FOLDER + strlen(NETD_RUN),
			       what_of(process), pw);
}

static int vty_path(struct host *h, const char *process, const char *suffix,
		    char *path, size_t room)
{
	char name[320];

	snprintf(name, sizeof(name), VTY_FOLDER "/%s/%s%s", what_of(process),
		 suffix[0] == '.' ? process_program(process)->name : "",
		 suffix);
	return file_path(h, name, path, room);
}

void vty_clean(struct host *h, const char *process)
{
	static const char *const left[] = { ".vty", "zserv.api" };
	const struct spawned_program *p = process_program(process);
	char path[PATH_MAX], name[320];
	unsigned int i;

	if (!p || !p->user)
		return;
	for (i = 0; i < 1u + !strcmp(p->name, "zebra"); i++)
		if (!vty_path(h, process, left[i], path, sizeof(path)))
			unlink(path);
	snprintf(name, sizeof(name), VTY_FOLDER "/%s/x", what_of(process));
	file_drop_parents(h, name);
}

/* --- what has changed ------------------------------------------------------ */

/* A line of a configuration, and those it is within. */
struct line {
	const char *text;
	struct line *up;
	bool block;		/* has lines of its own */
};

struct conf {
	struct line *v;
	uint32_t n;
	char *copy;
};

static bool ends_block(const char *s)
{
	return !strncmp(s, "exit", 4) || *s == '!' || !*s;
}

static void conf_line(struct conf *c, struct line **open, char *s)
{
	size_t depth = strspn(s, " ");
	struct line *l;

	if (depth >= DEPTH || c->n == LINES_MAX || ends_block(s + depth))
		return;
	l = &c->v[c->n++];
	*l = (struct line){ s + depth, depth ? open[depth - 1] : NULL, false };
	if (l->up)
		l->up->block = true;
	open[depth] = l;
}

static struct conf conf_read(const char *text)
{
	struct line *open[DEPTH] = { NULL };
	struct conf c = { .copy = strdup(text) };
	char *s, *next;

	c.v = calloc(LINES_MAX, sizeof(*c.v));
	if (!c.v || !c.copy)
		abort();
	for (s = c.copy; s; s = next) {
		next = strchr(s, '\n');
		if (next)
			*next++ = '\0';
		conf_line(&c, open, s);
	}
	return c;
}

static void conf_free(struct conf *c)
{
	free(c->v);
	free(c->copy);
}

static bool same(const struct line *a, const struct line *b)
{
	for (; a && b; a = a->up, b = b->up)
		if (strcmp(a->text, b->text))
			return false;
	return !a && !b;
}

static bool has(const struct conf *c, const struct line *l)
{
	uint32_t i;

	for (i = 0; i < c->n; i++)
		if (same(&c->v[i], l))
			return true;
	return false;
}

static bool begins(const char *s, const char *with)
{
	return !strncmp(s, with, strlen(with));
}

/* Another value of the same setting replaces it: nothing need be taken back. */
static bool replaced(const struct conf *c, const struct line *l)
{
	const char *end = strrchr(l->text, ' ');
	uint32_t i;

	if (!l->up || !end ||
	    (!begins(l->up->text, "interface ") &&
	     !begins(l->up->text, "router ospf")))
		return false;
	for (i = 0; i < c->n; i++) {
		const struct line *o = &c->v[i];
		const char *e = strrchr(o->text, ' ');

		if (e && e - o->text == end - l->text && same(o->up, l->up) &&
		    !strncmp(o->text, l->text, e - o->text))
			return true;
	}
	return false;
}

static void say(const struct line *l, const char *before, struct buf *out)
{
	const struct line *ups[DEPTH];
	const char *text = l->text;
	int n = 0, i;

	for (; l->up; l = l->up)
		ups[n++] = l->up;
	for (i = n; i-- > 0; )
		buf_printf(out, "%s%s\n", *before ? "!" : "", ups[i]->text);
	if (*before && begins(text, "no "))
		buf_printf(out, "!%s\n", text + 3);
	else
		buf_printf(out, "%s%s\n", before, text);
	for (i = 0; i < n; i++)
		buf_printf(out, "%sexit\n", *before ? "!" : "");
}

/* A process of its own, `router ospf`, goes with all that is in it. */
static bool goes_whole(const struct line *l)
{
	return l->block && !l->up && begins(l->text, "router ");
}

static bool is_neighbor(const struct line *l, const char *of)
{
	size_t n = strlen("neighbor ") + strcspn(of + 9, " ") + 1;

	return begins(l->text, "neighbor ") && !strncmp(l->text, of, n);
}

/* Without its AS a neighbour is forgotten: all of it is to be said again. */
static bool is_lost(const struct conf *from, const struct conf *to,
		    const struct line *l)
{
	uint32_t i;

	for (i = 0; begins(l->text, "neighbor ") && i < from->n; i++)
		if (is_neighbor(&from->v[i], l->text) &&
		    strstr(from->v[i].text, " remote-as ") &&
		    !has(to, &from->v[i]))
			return true;
	return false;
}

static void take_back(const struct conf *from, const struct conf *to,
		      struct buf *out)
{
	const struct line *l, *top;
	uint32_t i;

	for (i = 0; i < from->n; i++) {
		l = &from->v[i];
		for (top = l; top->up; top = top->up)
			;
		if (has(to, l) || (top != l && goes_whole(top) &&
				   !has(to, top)))
			continue;
		if (goes_whole(l) || (!l->block && !replaced(to, l)))
			say(l, "!no ", out);
	}
}

void vty_delta(const char *from, const char *to, struct buf *out)
{
	struct conf a = conf_read(from), b = conf_read(to);
	uint32_t i;

	take_back(&a, &b, out);
	for (i = 0; i < b.n; i++)
		if (!b.v[i].block &&
		    (!has(&a, &b.v[i]) || is_lost(&a, &b, &b.v[i])))
			say(&b.v[i], "", out);
	conf_free(&a);
	conf_free(&b);
}

/* --- saying it --------------------------------------------------------------- */

static int vty_open(const char *path)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	struct timeval t = { .tv_sec = ANSWER_S };
	int fd, err;

	if (strlen(path) >= sizeof(to.sun_path))
		return -ENAMETOOLONG;
	strcpy(to.sun_path, path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &t, sizeof(t));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &t, sizeof(t));
	if (!connect(fd, (struct sockaddr *)&to, sizeof(to)))
		return fd;
	err = -errno;
	close(fd);
	return err;
}

/* The status that comes after three zeros, or a negative errno. */
static int answer(int fd, struct buf *text)
{
	char in[1024];
	ssize_t n;

	buf_reset(text);
	for (;;) {
		n = recv(fd, in, sizeof(in), 0);
		if (n <= 0)
			return n ? -errno : -EPIPE;
		buf_add(text, in, n);
		if (text->len >= 4 &&
		    !memcmp(text->p + text->len - 4, "\0\0\0", 3))
			return (unsigned char)text->p[text->len - 1];
	}
}

static int command(int fd, const char *line, size_t len, struct buf *why)
{
	struct buf text CLEANUP(buf_free) = { 0 };
	char out[512];
	int status;

	if (len >= sizeof(out))
		return -EINVAL;
	memcpy(out, line, len);
	out[len] = '\0';
	if (send(fd, out, len + 1, MSG_NOSIGNAL) != (ssize_t)len + 1)
		return -errno;
	status = answer(fd, &text);
	if (status > 1)
		buf_printf(why, "%s: %.*s", out, (int)strcspn(buf_text(&text),
			   "\r\n"), buf_text(&text));
	/* 1 is CMD_WARNING */
	return status < 0 ? status : status > 1 ? -EINVAL : 0;
}

static int commands(int fd, const char *s, struct buf *why)
{
	struct buf none CLEANUP(buf_free) = { 0 };
	size_t len;
	int err = 0;

	for (; *s && !err; s += len + 1) {
		bool may_fail = *s == '!';

		s += may_fail;
		len = strcspn(s, "\n");
		err = command(fd, s, len, may_fail ? &none : why);
		if (may_fail && err == -EINVAL)
			err = 0;
	}
	return err;
}

int vty_change(struct host *h, const char *process, const char *from,
	       const char *to, struct buf *why)
{
	struct buf delta CLEANUP(buf_free) = { 0 };
	char path[PATH_MAX];
	int fd, err = vty_path(h, process, ".vty", path, sizeof(path));

	if (err)
		return err;
	vty_delta(from, to, &delta);
	if (!delta.len)
		return 0;
	fd = vty_open(path);
	/* one that isn't running reads the file when it starts */
	if (fd < 0)
		return fd == -ENOENT || fd == -ECONNREFUSED ? 0 : fd;
	err = commands(fd, "enable\nconfigure terminal\n", why);
	if (!err)
		err = commands(fd, delta.p, why);
	close(fd);
	return err;
}

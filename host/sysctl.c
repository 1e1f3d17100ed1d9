// sysctl.c - the driver of kernel settings below /proc/sys/net
// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* /proc/sys/net shows the namespace of the thread that opens it. */

int proc_read(const char *path, char *v, size_t room)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return -errno;
	n = read(fd, v, room - 1);
	if (n < 0)
		n = -errno;
	close(fd);
	if (n < 0)
		return n;
	while (n && (v[n - 1] == '\n' || v[n - 1] == ' '))
		n--;
	v[n] = '\0';
	return 0;
}

int proc_write(const char *path, const char *v)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC), err = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, v, strlen(v)) < 0)
		err = -errno;
	close(fd);
	return err;
}

/* Names come from topologies: they stay below /proc/sys/net. */
static int full_path(const char *name, char *path, size_t room)
{
	int n;

	if (strncmp(name, "net/", 4) || strstr(name, ".."))
		return -EINVAL;
	n = snprintf(path, room, "/proc/sys/%s", name);
	return (size_t)n < room ? 0 : -ENAMETOOLONG;
}

static int enter(struct host *h, struct ns *ns)
{
	return ns == ns_home(h) ? 0 : ns_enter(ns);
}

static void leave(struct host *h, struct ns *ns)
{
	if (ns != ns_home(h))
		ns_leave(h);
}

int sysctl_read(struct host *h, struct ns *ns, const char *name, char *v,
		size_t room)
{
	char path[512];
	int err = full_path(name, path, sizeof(path));

	if (!err)
		err = enter(h, ns);
	if (err)
		return err;
	err = proc_read(path, v, room);
	leave(h, ns);
	return err;
}

int sysctl_write(struct host *h, struct ns *ns, const char *name,
		 const char *v)
{
	char path[512];
	int err = full_path(name, path, sizeof(path));

	if (!err)
		err = enter(h, ns);
	if (err)
		return err;
	err = proc_write(path, v);
	leave(h, ns);
	return err;
}

static void set(struct host *h, const struct step *s, const char *v)
{
	const struct object *o = step_object(s);
	struct ns *ns = step_ns(h, s);
	int err;

	if (!ns || !v || !*v)
		return;
	err = sysctl_write(h, ns, o->name, v);
	if (err)
		step_failed(h, s, err, err == -ENOENT ?
			    "this kernel has no such setting" : NULL);
}

static void sysctl_create(struct host *h, const struct step *s)
{
	set(h, s, ((struct sysctl *)s->want)->value);
}

static void sysctl_destroy(struct host *h, const struct step *s)
{
	const struct sysctl *have = (const struct sysctl *)s->have;
	struct ns *ns = step_ns(h, s);

	int err;

	if (!ns || !have->old || !*have->old)
		return;
	err = sysctl_write(h, ns, have->o.name, have->old);
	/* what is gone needs no old value: that of an interface, say */
	if (err && err != -ENOENT)
		step_failed(h, s, err, err == -EINVAL ?
			    "the old value is refused" : NULL);
}

/*
 * Nothing marks a setting: those that are wanted are looked at.  What can't be
 * read must not be set: its old value would be lost.
 */
static int sysctl_observe(struct host *h, const struct state *wanted,
			  struct state *found)
{
	uint32_t i = state_seek(wanted, KIND_SYSCTL, "", "");
	const struct object *w;
	struct sysctl *f;
	struct ns *ns;
	char v[256];
	int err = 0;

	for (; !err && i < wanted->n && wanted->v[i]->kind == KIND_SYSCTL;
	     i++) {
		w = wanted->v[i];
		ns = ns_known(h, w->netns);
		err = ns ? sysctl_read(h, ns, w->name, v, sizeof(v)) : -ENOENT;
		if (!err) {
			f = state_add(found, KIND_SYSCTL, w->netns, w->name,
				      w->pos);
			f->value = arena_strdup(found->arena, v);
			f->old = "";
		}
		if (err == -ENOENT)
			err = 0;
	}
	return err;
}

const struct driver driver_sysctl = {
	.observe = sysctl_observe,
	.create = sysctl_create,
	.update = sysctl_create,
	.destroy = sysctl_destroy,
	.looks = OBSERVE_LINKS | OBSERVE_SYSCTLS,
};

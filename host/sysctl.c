// sysctl.c - the driver of kernel settings below /proc/sys/net
// SPDX-License-Identifier: GPL-2.0-or-later
#include "netd/help.h"
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

int sysctl_read(struct host *h, struct ns *ns, const char *name, char *v,
		size_t room)
{
	struct setting s = { .path = name, .value = v, .room = room };
	int err = help_sysctls(ns == ns_home(h) ? -1 : ns->fd, &s, 1);

	return err ? err : s.err;
}

int sysctl_write(struct host *h, struct ns *ns, const char *name,
		 const char *v)
{
	struct setting s = { .path = name, .value = (char *)v, .write = true };
	int err = help_sysctls(ns == ns_home(h) ? -1 : ns->fd, &s, 1);

	return err ? err : s.err;
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

#define SOME 32

/* How many settings of one namespace follow each other from I on. */
static uint32_t same_ns(const struct state *wanted, uint32_t i)
{
	uint32_t n = 1;

	while (n < SOME && i + n < wanted->n &&
	       wanted->v[i + n]->kind == KIND_SYSCTL &&
	       !strcmp(wanted->v[i + n]->netns, wanted->v[i]->netns))
		n++;
	return n;
}

static int observe_some(struct host *h, struct object *const *w, uint32_t n,
			struct state *found)
{
	struct ns *ns = ns_known(h, w[0]->netns);
	struct setting s[SOME];
	char values[SOME][256];
	struct sysctl *f;
	uint32_t i;
	int err;

	if (!ns)
		return 0;
	for (i = 0; i < n; i++)
		s[i] = (struct setting){ .path = w[i]->name,
					 .value = values[i],
					 .room = sizeof(values[i]) };
	err = help_sysctls(ns == ns_home(h) ? -1 : ns->fd, s, n);
	for (i = 0; !err && i < n; i++) {
		if (s[i].err == -ENOENT)
			continue;
		err = s[i].err;
		if (err)
			break;
		f = state_add(found, KIND_SYSCTL, w[i]->netns, w[i]->name,
			      w[i]->pos);
		f->value = arena_strdup(found->arena, values[i]);
		f->old = "";
	}
	return err;
}

/*
 * Nothing marks a setting: those that are wanted are looked at.  What can't be
 * read must not be set: its old value would be lost.
 */
static int sysctl_observe(struct host *h, const struct state *wanted,
			  struct state *found)
{
	uint32_t i = state_seek(wanted, KIND_SYSCTL, "", ""), n;
	int err = 0;

	for (; !err && i < wanted->n && wanted->v[i]->kind == KIND_SYSCTL;
	     i += n) {
		n = same_ns(wanted, i);
		err = observe_some(h, &wanted->v[i], n, found);
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

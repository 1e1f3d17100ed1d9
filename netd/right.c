// right.c - who asks, and what that one may
// SPDX-License-Identifier: GPL-2.0-or-later
#include "netd/right.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "netd/engine.h"
#include "netd/log.h"

#define GROUPS_MAX 4096		/* of one peer; with more it has none */
#define NOBODY ((uint32_t)-1)

/* --- who ---------------------------------------------------------------- */

/*
 * The kernel's list is the process's own: as with files, who was just made a
 * member logs in again.  It needs no look-up of names, which may take long.
 */
static void take_groups(struct who *w, int fd, gid_t primary)
{
	socklen_t len = GROUPS_MAX * sizeof(gid_t);

	w->groups = malloc(len + sizeof(gid_t));
	if (!w->groups)
		fatal("out of memory");
	if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, w->groups, &len))
		len = 0;
	w->n = len / sizeof(gid_t);
	w->groups[w->n++] = primary;
}

static bool has_group(const struct who *w, gid_t gid)
{
	unsigned int i;

	for (i = 0; i < w->n; i++)
		if (w->groups[i] == gid)
			return true;
	return false;
}

struct who *who_of(int fd, const struct admins *admins)
{
	struct ucred c = { .uid = NOBODY, .gid = NOBODY };
	struct who *w = calloc(1, sizeof(*w));
	socklen_t len = sizeof(c);

	if (!w)
		fatal("out of memory");
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &c, &len))
		c.uid = c.gid = NOBODY;
	w->uid = c.uid;
	take_groups(w, fd, c.gid);
	if (c.uid == 0 || (c.uid != NOBODY && c.uid == admins->uid) ||
	    (admins->group != (gid_t)-1 && has_group(w, admins->group))) {
		who_free(w);
		return NULL;
	}
	return w;
}

void who_free(struct who *w)
{
	if (w)
		free(w->groups);
	free(w);
}

/* A number is itself.  NOBODY when there is no such name. */
static uint32_t number_of(const char *name, bool group)
{
	struct passwd pw, *p = NULL;
	struct group gr, *g = NULL;
	char room[16384];

	if (name[strspn(name, "0123456789")] == '\0')
		return strtoul(name, NULL, 10);
	if (group)
		return !getgrnam_r(name, &gr, room, sizeof(room), &g) && g ?
		       gr.gr_gid : NOBODY;
	return !getpwnam_r(name, &pw, room, sizeof(room), &p) && p ?
	       pw.pw_uid : NOBODY;
}

static bool matches(const struct who *w, const char *owner)
{
	bool group = *owner == '@';
	uint32_t id = number_of(owner + group, group);

	if (id == NOBODY)
		return false;
	return group ? has_group(w, id) : w->uid == id;
}

bool who_is(void *arg, const char *owner)
{
	struct who *w = arg;
	unsigned int i;
	bool is;

	for (i = 0; i < w->nknown; i++)
		if (!strcmp(w->known[i].name, owner))
			return w->known[i].is;
	is = matches(w, owner);
	if (i < WHO_NAMES && strlen(owner) < sizeof(w->known->name)) {
		strcpy(w->known[i].name, owner);
		w->known[i].is = is;
		w->nknown++;
	}
	return is;
}

/* --- what --------------------------------------------------------------- */

bool right_item(const struct job *j, const struct entry *en, const char *kind,
		const char *name)
{
	return !j->who ||
	       (en->topo && topo_owned(en->topo, kind, name ? name : "",
				       who_is, j->who));
}

void right_filter(const struct job *j, const struct entry *en, json_t *items)
{
	const char *kind, *name;
	json_t *o;
	size_t i;

	for (i = json_array_size(items); i-- && j->who;) {
		o = json_array_get(items, i);
		kind = json_string_value(json_object_get(o, "kind"));
		name = json_string_value(json_object_get(o, "name"));
		if (!kind || !right_item(j, en, kind, name))
			json_array_remove(items, i);
	}
}

/* --- events ------------------------------------------------------------- */

struct collector {
	char **v;
	unsigned int n;
};

static bool collect(void *arg, const char *owner)
{
	struct collector *c = arg;

	c->v = realloc(c->v, (c->n + 2) * sizeof(*c->v));
	if (!c->v)
		fatal("out of memory");
	c->v[c->n] = strdup(owner);
	if (!c->v[c->n++])
		fatal("out of memory");
	c->v[c->n] = NULL;
	return false;
}

char **right_owners(const struct entry *en, const char *kind,
		    const char *name)
{
	struct collector c = { 0 };

	if (en && en->topo)
		topo_owned(en->topo, kind, name, collect, &c);
	return c.v;
}

void right_owners_free(char **owners)
{
	unsigned int i;

	for (i = 0; owners && owners[i]; i++)
		free(owners[i]);
	free(owners);
}

/* --- the door ----------------------------------------------------------- */

/*
 * Owners need not be of the group, so who they are is asked at each request.
 * Where nothing has an owner nobody else even gets to the door.
 */
void right_socket(struct engine *e)
{
	bool open = false;
	unsigned int i;

	for (i = 0; i < e->set.n && !open; i++)
		open = e->set.v[i]->topo && topo_has_owners(e->set.v[i]->topo);
	if (open == e->open)
		return;
	if (chmod(e->opt->socket, open ? 0666 : e->opt->group ? 0660 : 0600))
		log_error("%s: %s", e->opt->socket, strerror(errno));
	else
		e->open = open;
}

// peers.c - how the other end of a pair, and a tap's owner, are called
// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/look.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SLOTS 1024

/* What the namespaces that the wanted state names are called here. */
struct peers {
	struct peer_spec {
		struct peer_spec *next;
		const char *spec;
		int nsid;
	} *slot[SLOTS];
	bool have_ours;
	struct peer_ours {
		int nsid;
		const char *name;
	} *ours;
	uint32_t nours;
};

static struct peers *peers_of(struct look *l)
{
	if (!l->peers)
		l->peers = calloc(1, sizeof(*l->peers));
	if (!l->peers)
		abort();
	return l->peers;
}

static int nsid_of_spec(struct look *l, const char *spec)
{
	struct ns *ns = ns_known(l->h, spec);
	int fd, id;

	if (ns)
		return ns_find_id(l->ns, ns->fd);
	fd = ns_open(spec);
	if (fd < 0)
		return fd;
	id = ns_find_id(l->ns, fd);
	close(fd);
	return id;
}

static int cached_nsid(struct look *l, const char *spec)
{
	struct peers *p = peers_of(l);
	struct peer_spec **slot =
		&p->slot[hash64(spec, strlen(spec)) % SLOTS], *e;

	for (e = *slot; e; e = e->next)
		if (!strcmp(e->spec, spec))
			return e->nsid;
	e = calloc(1, sizeof(*e));
	if (!e)
		abort();
	e->spec = spec;
	e->nsid = nsid_of_spec(l, spec);
	e->next = *slot;
	*slot = e;
	return e->nsid;
}

static void know_ours(struct look *l, struct peers *p)
{
	struct ns *ns;
	uint32_t n = 0;

	for (ns = ns_first(l->h); ns; ns = ns->next)
		n++;
	p->ours = calloc(n, sizeof(*p->ours));
	if (!p->ours)
		abort();
	for (ns = ns_first(l->h); ns; ns = ns->next) {
		p->ours[p->nours].nsid = ns_find_id(l->ns, ns->fd);
		p->ours[p->nours++].name = ns->name;
	}
	p->have_ours = true;
}

static const char *name_of_ours(struct look *l, int nsid)
{
	struct peers *p = peers_of(l);
	uint32_t i;

	if (!p->have_ours)
		know_ours(l, p);
	for (i = 0; i < p->nours; i++)
		if (p->ours[i].nsid == nsid)
			return p->ours[i].name;
	return NULL;
}

const char *peer_spelling(struct look *l, const char *name, int nsid)
{
	const struct veth *w = (struct veth *)
		state_find(l->wanted, KIND_VETH, l->ns->name, name);
	const char *ours;
	int id;

	/* ours is not there any more, and its half of the pair is dying */
	if (w && w->peer_ours && !ns_known(l->h, w->peer_netns))
		return "";
	if (w) {
		id = cached_nsid(l, w->peer_netns ? w->peer_netns : "");
		/*
		 * A name that leads nowhere any more proves nothing: the pair
		 * would be gone if its namespace were.
		 */
		if (id == nsid || id == -ENOENT || id == -EINVAL)
			return arena_strdup(l->found->arena, w->peer_netns);
	}
	ours = name_of_ours(l, nsid);
	if (ours)
		return arena_strdup(l->found->arena, ours);
	return arena_printf(l->found->arena, "nsid:%d", nsid);
}

void peer_forget(struct look *l)
{
	struct peer_spec *e, *next;
	int i;

	if (!l->peers)
		return;
	for (i = 0; i < SLOTS; i++) {
		for (e = l->peers->slot[i]; e; e = next) {
			next = e->next;
			free(e);
		}
	}
	free(l->peers->ours);
	free(l->peers);
	l->peers = NULL;
}

const char *owner_spelling(struct look *l, struct nlattr *a,
			   const char *wanted, bool group)
{
	uint32_t id, w;

	if (!a)
		return "";
	id = nla_get_u32(a);
	if (wanted && *wanted && !owner_id(wanted, group, &w) && w == id)
		return arena_strdup(l->found->arena, wanted);
	return arena_printf(l->found->arena, "%u", id);
}

// plug_netns.c - attachments whose namespace or program is gone
// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "netd/engine.h"
#include "netd/log.h"

/*
 * A path or a process number may lead somewhere else tomorrow, so the inode
 * of the namespace is written down with the attachment.
 */
#define NETNS_ID "netns-id"

static bool is_bound(const char *spec)
{
	return spec[0] == '/' || !strncmp(spec, "pid:", 4);
}

/* --- the text -------------------------------------------------------- */

static json_t *parse(const char *text)
{
	return json_loads(text, 0, NULL);
}

/* The attachment in {NAME: {...}}; borrowed. */
static json_t *inside(json_t *o)
{
	return json_object_iter_value(json_object_iter(o));
}

bool plug_says(const struct plug *p, const char *text)
{
	json_t *have = parse(p->text), *want = parse(text);
	bool same;

	if (!json_object_get(inside(want), NETNS_ID))
		json_object_del(inside(have), NETNS_ID);
	same = have && want && json_equal(have, want);
	json_decref(have);
	json_decref(want);
	return same;
}

static char *with_id(const char *text, uint32_t id)
{
	json_t *o = parse(text);
	char *s;

	json_object_set_new(inside(o), NETNS_ID, json_integer(id));
	s = json_dumps(o, JSON_COMPACT);
	json_decref(o);
	return s;
}

/* --- which namespace ------------------------------------------------- */

static void take_inode(void *arg, const struct wire_head *h, const char *p,
		       const char *end)
{
	uint32_t *v = arg;

	if (h->type == WIRE_INODE && !unpack_u32(&p, end, &v[0]))
		unpack_u32(&p, end, &v[1]);
}

int plug_netns(struct engine *e, const char *spec, uint32_t *id,
	       uint32_t *owner)
{
	uint32_t v[2] = { 0, (uint32_t)-1 };
	int err = worker_start(&e->worker);

	if (err)
		return err;
	pack_str(worker_begin(&e->worker, WIRE_NETNS, 0), spec);
	err = worker_send(&e->worker);
	if (!err)
		err = worker_wait(&e->worker, take_inode, v);
	*id = v[0];
	*owner = v[1];
	return err;
}

int plug_bind(struct engine *e, const struct state *objs, const char *text,
	      char **bound)
{
	struct veth *v = NULL;
	uint32_t i, id, owner;
	int err;

	*bound = NULL;
	for (i = 0; i < objs->n; i++)
		if (objs->v[i]->kind == KIND_VETH)
			v = (struct veth *)objs->v[i];
	if (!v || v->peer_ours || v->peer_id || !is_bound(v->peer_netns))
		return 0;
	err = plug_netns(e, v->peer_netns, &id, &owner);
	if (err == -ENOENT || err == -EINVAL) {
		report_error(e->report, v->l.o.pos, NULL, "%s is no network "
			     "namespace%s", v->peer_netns, err == -EINVAL ?
			     "" : ": there is none");
		return -EINVAL;
	}
	if (err)
		return err;
	v->peer_id = id;
	*bound = with_id(text, id);
	return 0;
}

/* --- those that are gone --------------------------------------------- */

/* A port of that name, at a bridge of EN, that came by the API? */
static bool has_port(const struct entry *en, const struct object *port)
{
	struct arena *a = arena_new();
	struct topo_item it;
	unsigned int i;
	bool has = false;

	for (i = 0; i < en->nplugs && !has; i++)
		has = topo_item_named(en->topo, en->plugs[i].name, a, &it) &&
		      it.plug && !strcmp(it.plug->port, port->name);
	arena_free(a);
	return has;
}

bool plug_is_over(struct engine *e, const struct step *s)
{
	unsigned int i;

	if (s->op == OP_CREATE && s->want->kind == KIND_TAP)
		return ((const struct tap *)s->want)->transient;
	if (s->op != OP_CREATE || s->want->kind != KIND_VETH ||
	    !veth_is_parked((const struct veth *)s->want))
		return false;
	for (i = 0; i < e->set.n; i++)
		if (e->set.v[i]->topo && !strcmp(topo_home(e->set.v[i]->topo),
						 s->want->netns) &&
		    has_port(e->set.v[i], s->want))
			return true;
	return false;
}

/* A namespace of that name may come back: its container starts again. */
#define RETURN_MS 10000

static bool stays_away(struct engine *e, struct plug *p)
{
	int64_t now = now_ms();

	if (!p->absent)
		p->absent = now;
	if (now - p->absent >= RETURN_MS)
		return true;
	engine_look(e, 0, p->absent + RETURN_MS - now);
	return false;
}

/* Is its port missing because its namespace is gone, or another one? */
static bool is_gone(struct engine *e, struct plug *plug,
		    const struct topo_plug *p, const char *home)
{
	struct object port = { .kind = p->transient ? KIND_TAP : KIND_VETH,
			       .netns = home, .name = p->port };
	const struct hold *h = hold_find(&e->holds, &port);
	bool gone = h && h->absent && (h->err == ENOENT || h->err == ESTALE ||
				       h->err == EINVAL);

	if (gone && !p->transient && !is_bound(p->netns) &&
	    strcmp(p->netns, PEER_PARKED))
		return stays_away(e, plug);
	plug->absent = 0;
	return gone;
}

/* A tap that was made for a program which never came for it. */
#define UNUSED_MS 30000

static bool is_unused(struct engine *e, const struct entry *en,
		      struct plug *p, const struct topo_plug *tap)
{
	if (!tap->transient || p->opened ||
	    now_ms() < p->born + UNUSED_MS)
		return false;
	p->opened = plug_is_usable(e, en, tap);
	return !p->opened;
}

/* Those of one topology that are gone, and why. */
struct gone {
	char *name, *network;
	const char *why;
};

static const char *why_gone(struct engine *e, const struct entry *en,
			    struct plug *p)
{
	struct arena *a = arena_new();
	const char *why = NULL;
	struct topo_item it;

	if (topo_item_named(en->topo, p->name, a, &it) && it.plug &&
	    (is_gone(e, p, it.plug, topo_home(en->topo)) ||
	     is_unused(e, en, p, it.plug)))
		why = it.plug->transient ? "its program is gone" :
		      "its network namespace is gone";
	arena_free(a);
	return why;
}

static unsigned int find_gone(struct engine *e, struct entry *en,
			      struct gone **gone)
{
	struct gone *v = calloc(en->nplugs + 1, sizeof(*v));
	unsigned int i, n = 0;

	if (!v)
		fatal("out of memory");
	for (i = 0; en->topo && i < en->nplugs; i++) {
		v[n].why = why_gone(e, en, &en->plugs[i]);
		if (!v[n].why)
			continue;
		v[n].network = plug_network(en, en->plugs[i].name);
		v[n].name = strdup(en->plugs[i].name);
		if (!v[n++].name)
			fatal("out of memory");
	}
	*gone = v;
	return n;
}

/* More than these cost less as one change of the topology. */
#define FEW 8

static int release(struct engine *e, const char *topology,
		   const struct gone *v, unsigned int n)
{
	const char **names = calloc(n, sizeof(*names));
	unsigned int i;
	int err = 0;

	if (!names)
		fatal("out of memory");
	for (i = 0; i < n; i++)
		names[i] = v[i].name;
	report_clear(e->report);
	if (n > FEW)
		err = plug_drop(e, topos_find(&e->set, topology), names, n);
	for (i = 0; n <= FEW && i < n && !err; i++)
		err = plug_remove(e, topos_find(&e->set, topology), names[i]);
	free(names);
	return err;
}

/* true: some were released. */
static bool collect(struct engine *e, const char *topology)
{
	struct gone *v;
	unsigned int i, n = find_gone(e, topos_find(&e->set, topology), &v);
	bool done = n && !release(e, topology, v, n);

	for (i = 0; i < n; i++) {
		if (done) {
			log_info("attachment %s of %s: %s", v[i].name,
				 topology, v[i].why);
			plug_gone(e, topology, v[i].network, v[i].name,
				  v[i].why);
		}
		free(v[i].name);
		free(v[i].network);
	}
	free(v);
	return done;
}

void plugs_collect(struct engine *e)
{
	unsigned int i;
	bool any = false;
	char *topology;

	if (!e->holds.n && !e->transients)
		return;
	for (i = 0; i < e->set.n; i++) {
		if (!e->set.v[i]->nplugs)
			continue;
		/* the entry is another one afterwards */
		topology = strdup(e->set.v[i]->name);
		if (topology && collect(e, topology))
			any = true;
		free(topology);
	}
	if (any)
		engine_publish_all(e);
}

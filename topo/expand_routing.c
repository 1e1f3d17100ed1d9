// expand_routing.c - routers that learn their routes: FRR's daemons and files
// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include "netd/host.h"
#include "topo/expand.h"
#include "topo/frr.h"

/* Below run/, which folder of the host that is: a fact. */
static const char *run_dir(const struct expander *x)
{
	const struct fact *f = NULL;

	if (x->found && x->found->sorted)
		f = (struct fact *)state_find(x->found, KIND_FACT, "",
					      "run-dir");
	return f && f->value ? f->value : "/run/netd";
}

/*
 * What its folder is called: the paths of its sockets have room for 107 bytes
 * (unix(7)), and names are long in tests, too.
 */
#define ID_MAX 40

static const char *id_of(struct expander *x, const struct router *w)
{
	size_t n = strlen(w->netns);

	if (n <= ID_MAX)
		return w->netns;
	return arena_printf(x->out->arena, "%.*s-%08x", ID_MAX - 9, w->netns,
			    (unsigned int)hash64(w->netns, n));
}

static void file(struct expander *x, const char *name, const char *reader,
		 struct router *w, struct buf *text)
{
	struct file *f = state_add(x->out, KIND_FILE, "", name, w->n.pos);

	f->text = arena_strdup(x->out->arena, buf_text(text));
	f->hash = hash64(f->text, text->len);
	f->reader = reader;
	f->check = "";
}

/* No TCP port: guests of a router's own networks might reach it. */
static void process(struct expander *x, const struct frr_daemon *d,
		    const char *name, struct router *w)
{
	struct arena *a = x->out->arena;
	const char *run = run_dir(x), *id = id_of(x, w);
	const char *words[] = {
		d->name, "-d", "-u", "frr", "-g", "frr", "-P", "0",
		"-f", arena_printf(a, "%s/frr/%s/%s.conf", run, id,
				   d->name),
		"-i", arena_printf(a, "%s/%s/pid", run, name),
		"-z", arena_printf(a, "%s/frr/%s/zserv.api", run, id),
		"--vty_socket", arena_printf(a, "%s/frr/%s", run, id),
	};
	struct process *p = state_add(x->out, KIND_PROCESS, "", name,
				      w->n.pos);
	const char **v = arena_alloc(a, sizeof(words));

	memcpy(v, words, sizeof(words));
	p->argv = (struct list){ v, sizeof(words) / sizeof(*words) };
	p->where = arena_strdup(a, w->netns);
}

static void daemon(struct expander *x, const struct meetings *m,
		   const struct frr_daemon *d, struct router *w)
{
	struct arena *a = x->out->arena;
	const char *id = id_of(x, w);
	const char *name = arena_printf(a, "%s/%s", d->name, id);
	struct buf text __attribute__((cleanup(buf_free))) = { 0 };

	d->render(m, w, &text);
	file(x, arena_printf(a, NETD_RUN "frr/%s/%s.conf", id, d->name),
	     name, w, &text);
	process(x, d, name, w);
}

void expand_routing(struct expander *x)
{
	struct arena *a __attribute__((cleanup(arena_cleanup))) = arena_new();
	struct meetings m = { .n = 0 };
	const struct frr_daemon *d;
	unsigned int i;

	list_for(struct router, w, &x->t->routers) {
		if (w->lo4.ip.family)
			add_loopback(x, w->netns, &w->lo4, w->n.pos);
		if (w->lo6.ip.family)
			add_loopback(x, w->netns, &w->lo6, w->n.pos);
		if (!router_speaks(w))
			continue;
		if (!m.t)
			m = meetings_of(x->t, a);
		w->vty = arena_printf(x->t->resolved, "%s/frr/%s", run_dir(x),
				      id_of(x, w));
		for (i = 0; (d = frr_daemon(i)); i++)
			if (d->wanted(w))
				daemon(x, &m, d, w);
	}
}

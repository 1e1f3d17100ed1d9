// plug_whole.c - attachments that change more than themselves
// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdlib.h>

#include "netd/engine.h"

struct whole {
	const struct entry *en;	/* building it changes its name */
	const char *const *names;
	unsigned int n;
	const char *text;	/* of the one that comes; NULL: they go */
};

static int write_it(struct engine *e, void *arg)
{
	struct whole *w = arg;
	unsigned int i;
	int err = 0;

	for (i = 0; i < w->n && !err; i++)
		err = plug_write(e, w->en->name, w->names[i], w->text);
	return err;
}

/*
 * The topology is built anew with it, without, or with another text of it: as
 * when its file changes, but that the attachments alone are written down.
 */
static int change(struct engine *e, const char *topology, struct entry *fresh,
		  struct whole *w)
{
	struct topos next = topos_copy(&e->set);
	int err;

	topos_drop(&next, topology);
	err = entry_build(e, fresh, &next);
	if (err) {
		entry_free(fresh);
	} else {
		topos_put(&next, fresh);
		err = update(e, &next, write_it, w);
	}
	free(next.v);
	return err;
}

int plug_whole(struct engine *e, const struct entry *en, const char *name,
	       const char *text)
{
	struct entry *fresh = entry_copy(en);
	struct whole w = { fresh, &name, 1, text };

	/* it may be there with another text: docker_net.c */
	entry_unplug(fresh, name);
	if (text)
		entry_plug(fresh, name, text);
	return change(e, en->name, fresh, &w);
}

int plug_drop(struct engine *e, const struct entry *en,
	      const char *const *names, unsigned int n)
{
	struct entry *fresh = entry_copy(en);
	struct whole w = { fresh, names, n, NULL };
	unsigned int i;

	for (i = 0; i < n; i++) {
		plug_released(e, en->name, names[i]);
		entry_unplug(fresh, names[i]);
	}
	return change(e, en->name, fresh, &w);
}

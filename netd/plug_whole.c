// plug_whole.c - an attachment that changes more than itself
// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdlib.h>

#include "netd/engine.h"

struct whole {
	const struct entry *en;	/* building it changes its name */
	const char *name, *text;
};

static int write_it(struct engine *e, void *arg)
{
	struct whole *w = arg;

	return plug_write(e, w->en->name, w->name, w->text);
}

/*
 * The topology is built anew with it, without, or with another text of it: as
 * when its file changes, but that the attachment alone is written down.
 */
int plug_whole(struct engine *e, const struct entry *en, const char *name,
	       const char *text)
{
	struct entry *fresh = entry_copy(en);
	struct whole w = { fresh, name, text };
	struct topos next = topos_copy(&e->set);
	int err;

	entry_unplug(fresh, name);
	if (text)
		entry_plug(fresh, name, text);
	topos_drop(&next, en->name);
	err = entry_build(e, fresh, &next);
	if (err) {
		entry_free(fresh);
	} else {
		topos_put(&next, fresh);
		err = update(e, &next, write_it, &w);
	}
	free(next.v);
	return err;
}

// plug_recent.c - names that went keep their numbers for a while
// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "netd/engine.h"
#include "netd/log.h"

/*
 * A machine that starts again has the address it had.  Names of containers
 * never come back, so what went long ago is forgotten, many at a time.
 */
#define PRUNE 4096		/* that went since the last time */

void plug_released(struct engine *e, const char *topology, const char *name)
{
	char **slot = &e->recent[e->released++ % RECENT_MAX];

	free(*slot);
	if (asprintf(slot, "%s/%s", topology, name) < 0)
		fatal("out of memory");
}

static bool is_recent(const struct engine *e, const char *topology,
		      const char *name)
{
	size_t n = strlen(topology);
	unsigned int i;

	for (i = 0; i < RECENT_MAX; i++) {
		const char *s = e->recent[i];

		if (s && !strncmp(s, topology, n) && s[n] == '/' &&
		    !strcmp(s + n + 1, name))
			return true;
	}
	return false;
}

static bool is_there(const struct entry *en, const char *name)
{
	struct arena *a = arena_new();
	struct topo_item it;
	bool there = topo_item_named(en->topo, name, a, &it);

	arena_free(a);
	return there;
}

/* "TOPOLOGY/attachment/NAME/NETWORK/4": see key_for() of topo/. */
static bool is_old(void *arg, const char *key)
{
	const struct engine *e = arg;
	char topology[64], name[64];
	const struct entry *en;

	if (sscanf(key, "%63[^/]/attachment/%63[^/]/", topology, name) != 2)
		return false;
	en = topos_find(&e->set, topology);
	return en && en->topo && !is_there(en, name) &&
	       !is_recent(e, topology, name);
}

void plugs_prune(struct engine *e)
{
	if (e->released < e->pruned + PRUNE)
		return;
	e->pruned = e->released;
	/* what is to be undone is in the log, and nothing is now */
	if (numbers_save(e, false))
		return;
	numbers_drop(e->numbers, is_old, e);
	numbers_save(e, false);
}

void plugs_recent_free(struct engine *e)
{
	unsigned int i;

	for (i = 0; i < RECENT_MAX; i++)
		free(e->recent[i]);
}

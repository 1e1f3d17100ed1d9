// effects.h - what a change cuts and opens, in people's words
// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef NETD_EFFECTS_H
#define NETD_EFFECTS_H

#include "netd/engine.h"

/*
 * A list of {effect, kind, name, text}: what NEW (built) cuts and opens that
 * OLD (may be NULL) had not, or had.  The caller's.
 */
json_t *effects_items(struct engine *e, const struct entry *old,
		      const struct entry *new);
/*
 * Adds what the steps do to interfaces in use, to services, and to the
 * connections that live by rules that go, which the kernel side counts.
 */
void effects_steps(struct engine *e, const struct plan *plan,
		   const struct state *found, json_t *list);

#endif

// pods.h - copies of a whole topology
// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef TOPO_PODS_H
#define TOPO_PODS_H

#include "topo/topo.h"

/* The numbers that are asked for, sorted, in T's arena; 0 after an error. */
uint32_t pods_numbers(struct topology *t, const uint32_t **v,
		      struct report *report);
/* All copies are there: of T itself nothing is made, and nothing found. */
void pods_begin(struct topology *t);

/* As topo_check() and topo_expand(), of the copies. */
int pods_check(struct topology *t, const struct state *found,
	       struct numbers *numbers, struct topology *const *others,
	       unsigned int nothers, struct report *report);
int pods_expand(struct topology *t, const struct state *found,
		struct numbers *numbers, struct state *wanted,
		struct report *report);

#endif

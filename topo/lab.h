// lab.h - checks of a topology: what check_lab.c and lab.c share
// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef TOPO_LAB_H
#define TOPO_LAB_H

#include "topo/resolve.h"

/* A node, a router, or the copies of a node. */
bool lab_is_place(const struct named *m);
/* What kind of check it is; NULL for none.  N: how many it could be. */
const char *lab_kind(const struct tcheck *k, unsigned int *n);

#endif

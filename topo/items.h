// items.h - between items*.c: what is told of an attachment
// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef TOPO_ITEMS_H
#define TOPO_ITEMS_H

#include "topo/topo.h"

/* For those who made it; lives in M. */
const struct topo_plug *items_plug(const struct topology *t,
				   const struct attachment *a,
				   struct arena *m);
/* For people: "veth, eth0 in ct1" */
const char *items_plug_detail(const struct attachment *a, struct arena *m);

#endif

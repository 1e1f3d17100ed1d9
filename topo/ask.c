// ask.c - what doors ask of a topology that is in force
// SPDX-License-Identifier: GPL-2.0-or-later
#include "topo/topo.h"

static bool has_protocol(const struct list *l, uint8_t protocol)
{
	const uint8_t *p = l->items;
	uint32_t i;

	/* none is written: tcp */
	if (!l->n)
		return protocol == 6;
	for (i = 0; i < l->n; i++)
		if (p[i] == protocol)
			return true;
	return false;
}

bool topo_port_forwarded(const struct topology *t, uint8_t protocol,
			 uint16_t port)
{
	list_for(struct forward, f, &t->forwarded)
		if (f->port.lo <= port && port <= f->port.hi &&
		    has_protocol(&f->protocol, protocol))
			return true;
	return false;
}

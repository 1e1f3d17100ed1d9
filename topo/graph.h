// graph.h - static routes over a graph of routers and segments
// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef TOPO_GRAPH_H
#define TOPO_GRAPH_H

#include "netd/field.h"

/*
 * Routers and segments, of one address family.  A segment is a subnet that
 * routers have a leg in; leaving a router by a leg costs what the leg says,
 * and arriving costs nothing (as in OSPF).
 */
struct graph;

/* A graph in A with N routers, numbered from 0. */
struct graph *graph_new(struct arena *a, uint32_t n);

/* A segment; STUB: nobody passes through it. */
uint32_t graph_segment(struct graph *g, const struct prefix *net, bool stub);

/*
 * ROUTER has the address IP in SEGMENT.  LEG is the caller's, and not NULL.
 * COST is at least 1.
 */
void graph_join(struct graph *g, uint32_t segment, uint32_t router,
		uint32_t cost, const struct ip *ip, void *leg);

/* A next hop: by which leg of the router, to whom. */
struct hop {
	void *leg;
	struct ip via;
};

/*
 * Calls EMIT for each route that ROUTER needs: to all segments it can reach
 * and has no leg in, by all shortest ways; neighbouring subnets with equal
 * next hops as one, where nothing else lies between.
 */
void graph_routes(struct graph *g, uint32_t router,
		  void (*emit)(void *arg, const struct prefix *to,
			       const struct hop *hops, uint32_t n), void *arg);

#endif

// expand.h - the parts of topo_expand(): one file a kind of thing
// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef TOPO_EXPAND_H
#define TOPO_EXPAND_H

#include "topo/topo.h"

struct expander {
	struct topology *t;
	const struct state *found;	/* may be NULL */
	struct state *out;
	struct report *report;
	bool learned;		/* bridges know a bound for learned MACs */
	bool asymmetric;	/* the way back may be another one */
	struct index *loopback;	/* networks that 127.0.0.1 leads to */
	struct index *up_index;	/* interfaces of the host that lead outside */
	const char **ups;
	uint32_t nups;
	struct index *legs;	/* struct leg_spec by their networks */
	struct list outer;	/* struct outer: what the host has on them */
};

/* --- expand.c: words that the others are written in -------------------- */

/* Sets what links have in common; everything else is "leave it". */
void link_set(struct expander *x, struct link *l, uint32_t mtu,
	      const char *prefix, const char *full);
/* PREFIX and FULL, when NAME is a short form of them; else "". */
const char *full_name(struct expander *x, const char *name,
		      const char *prefix, const char *full);
/* No IP of its own: a port of a bridge. */
void conf_port(struct devconf *c);
/* An interface with addresses; it forwards, or doesn't. */
void conf_router(struct devconf *c, bool forward4, bool forward6, bool six);
/* How a bridge treats a port, where nothing else is said. */
void port_set(struct brport *p);

void add_address(struct expander *x, const char *netns, int kind,
		 const char *dev, const struct prefix *p, struct pos pos);
/* On lo, which is there as long as its namespace. */
void add_loopback(struct expander *x, const char *netns,
		  const struct prefix *p, struct pos pos);
/* The link-local address made of a MAC (RFC 4291, appendix A). */
void add_link_local(struct expander *x, const char *netns, int kind,
		    const char *dev, const struct mac *m, struct pos pos);
void add_neighbour(struct expander *x, const char *netns, int kind,
		   const char *dev, const struct ip *ip, const struct mac *mac,
		   struct pos pos);
/* METRIC 0: the family's default. */
struct route *add_route(struct expander *x, const char *netns,
			const struct prefix *to, uint32_t metric,
			struct pos pos);
void route_via(struct expander *x, struct route *r, int kind, const char *dev,
	       const struct ip *via);
void add_sysctl(struct expander *x, const char *netns, const char *value,
		struct pos pos, const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));
bool fact_is(const struct expander *x, const char *name, const char *value);
/* 0.0.0.0/0 or ::/0 */
struct prefix anywhere(uint8_t family);
/* An address alone, with its full length. */
struct prefix alone(const struct ip *ip);

/* --- one file a thing --------------------------------------------------- */

void expand_networks(struct expander *x);
void expand_attachment(struct expander *x, struct attachment *a);
void expand_hosts(struct expander *x);		/* routers and nodes */
void expand_leg(struct expander *x, struct leg_spec *l);
/* The kind of the object that the leg's interface is. */
int leg_kind(const struct leg_spec *l);
uint32_t leg_mtu(const struct leg_spec *l);
void expand_links(struct expander *x);
void expand_uplinks(struct expander *x);	/* transits, outer addresses */
void expand_sysctls(struct expander *x);
/* Of the objects from FROM on; after rules_expand(). */
void expand_coexist(struct expander *x, uint32_t from);
void expand_routes(struct expander *x);		/* static routes, by graph.c */
void expand_routing(struct expander *x);	/* OSPF and BGP, by FRR */

/* A link whose traffic is bounded, or made worse: expand_shape.c. */
struct shaped {
	const char *netns, *dev;
	int kind;
	const char *ifb;	/* name of the IFB, when there is one */
	const char *full;	/* whose it is: what the IFB is called after */
	uint32_t mtu;
	struct pos pos;
};
void expand_bandwidth(struct expander *x, const struct bandwidth *b,
		      const struct shaped *at);
/* A network's, where its gateway is. */
void expand_network_bandwidth(struct expander *x, struct network *w);
void expand_services(struct expander *x);	/* DHCP, DNS, RA */
void expand_served_attachment(struct expander *x, const struct attachment *a);

/* What legs and ends of links send. */
void expand_impairments(struct expander *x);

/* Whether it has an address of that family. */
bool leg_has(const struct leg_spec *l, uint8_t family);
uint32_t network_mtu(const struct network *w);

#endif

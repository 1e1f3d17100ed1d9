// resolve.h - the parts of topo_resolve(), in the order in which they run
// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef TOPO_RESOLVE_H
#define TOPO_RESOLVE_H

#include "topo/index.h"
#include "topo/topo.h"

struct resolver {
	struct topology *t;
	const struct state *found;	/* may be NULL */
	struct numbers *numbers;
	struct report *report;
	struct arena *a;	/* t->resolved */
	struct index *x;	/* t->index */
	bool full;		/* a subnet has no free address left */
};

/* What a name stands for. */
enum name_kind { NAME_NETWORK, NAME_ATTACHMENT, NAME_ROUTER, NAME_NODE,
		 NAME_COPIES, NAME_GROUP, NAME_LINK };

struct named {
	uint8_t kind;		/* enum name_kind */
	void *what;		/* the struct; of NAME_COPIES its entry */
	const struct node *n;	/* as written */
	struct router **copies;	/* NAME_COPIES */
	struct end *ends;	/* NAME_GROUP, when it was flattened */
	uint32_t nends;
	uint8_t state;		/* NAME_GROUP: 1 being flattened, 2 done */
};

/* A subnet of the home router, for topo_network_of(). */
struct subnet {
	struct ip first, last;
	struct network *net;
};

/* --- resolve_name.c: names of the file and of the kernel --------------- */

struct named *name_find(const struct topology *t, const char *name);
void names_collect(struct resolver *r);
/* 0, or -EEXIST: the first one of a name has it. */
int name_add(struct resolver *r, const char *name, int kind, void *what);
/* Nothing is called as the attachment any more. */
void name_release(struct topology *t, const struct attachment *a);
/* Adds an error: there is no WHAT of that name, and the nearest there is. */
void name_unknown(struct resolver *r, struct pos pos, const char *path,
		  const char *what, const char *name);

/*
 * An interface name that is free in NETNS: WRITTEN, or PREFIX and FULL,
 * shortened by a hash when that has more than 15 bytes.
 */
const char *ifname_take(struct resolver *r, const char *netns,
			const char *prefix, const char *full);
/* The MAC that was written, or one made of the topology's name and WHAT. */
struct mac mac_take(struct resolver *r, struct mac written, const char *what);
void names_kernel(struct resolver *r);
void names_attachment(struct resolver *r, struct attachment *a);

/* --- resolve_ref.c: attachments, legs, links, copies ------------------- */

void refs_resolve(struct resolver *r);
void ref_attachment(struct resolver *r, struct attachment *a);
/* The other end of the link whose end LEG is. */
struct leg_spec *link_other(const struct leg_spec *leg);

/* --- publish.c: forwards that attachments bring along ------------------- */

/* All forwards of the home router, in t->forwarded. */
void publish_collect(struct resolver *r);
/* Those of one that came later; targets_attachment() comes after. */
void publish_attachment(struct resolver *r, struct attachment *a);
void publish_release(struct topology *t, const struct attachment *a);

/* --- resolve_end.c: groups, ends of policies, forwards' targets -------- */

void ends_resolve(struct resolver *r);
/* After the addresses: what forwards and one-to-ones point to. */
void targets_resolve(struct resolver *r);
/* Both, of the forwards of one attachment. */
void targets_attachment(struct resolver *r, struct attachment *a);

/* --- resolve_gateway.c: who routes for a network ----------------------- */

void gateways_resolve(struct resolver *r);
/* After the addresses: the gateways', and the nodes' default routes. */
void gateways_addresses(struct resolver *r);

/* --- service.c: what DHCP hands out -------------------------------------- */

void services_resolve(struct resolver *r);
/* The range of LEASED (may be NULL) that the address is in, or NULL. */
const struct iprange *leased_range(const struct list *leased,
				   const struct ip *ip);

/* --- resolve_routing.c: protocols, loopbacks, router ids ---------------- */

void routing_resolve(struct resolver *r);
/* Whether a loopback of that family is to be chosen for it. */
bool routing_wants_loopback(const struct router *w, bool six);
/* After the addresses. */
void routing_ids(struct resolver *r);

/* --- resolve_number.c, resolve_address.c: automatic numbers ------------ */

void subnets_resolve(struct resolver *r);
void addresses_resolve(struct resolver *r);
/* The leg's first address of that family, or family 0. */
struct ip leg_ip(const struct leg_spec *l, uint8_t family);
void address_attachment(struct resolver *r, struct attachment *a);
/* Its addresses are free again. */
void address_release(struct topology *t, struct attachment *a);
/* The transits' subnets, of the pool `uplink`. */
void transits_resolve(struct resolver *r);

/* A free block of LEN bits in POOL, or family 0. */
struct blocks;
struct blocks *blocks_new(struct resolver *r, const struct prefix *pool,
			  uint8_t len);
void blocks_avoid(struct blocks *b, const struct prefix *p);
/* What the host has or reaches. */
void blocks_avoid_host(struct resolver *r, struct blocks *b);
struct prefix blocks_take(struct blocks *b, struct resolver *r,
			  const char *prefix);

/* The number kept for KEY, as a prefix; false when there is none. */
bool number_kept(struct resolver *r, const char *key, struct prefix *p);
void number_keep(struct resolver *r, const char *key, const struct prefix *p);

/* The value of a pool: written, or the default. */
enum pool { POOL_LAN, POOL_LAN6, POOL_LINK, POOL_LINK6, POOL_LOOPBACK,
	    POOL_LOOPBACK6, POOL_UPLINK };
struct prefix pool_of(const struct topology *t, enum pool pool);

#endif

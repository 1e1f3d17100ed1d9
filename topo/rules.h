// rules.h - the insides of rules*.c: tables, sets, chains and elements
// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef TOPO_RULES_H
#define TOPO_RULES_H

#include "topo/topo.h"

/*
 * Conntrack marks.  Each policy and forward that admits a connection leaves a
 * mark of its own on it, so that its connections can be ended with it.  The
 * numbers are part of the text of rules_base.c.
 */
#define MARK_FORWARD 0x1u	/* set in the marks of forwards only */
#define MARK_MODE4 0x2u		/* admitted by the network's mode, IPv4 */
#define MARK_MODE6 0x4u
#define MARK_CUT 0xfffffffeu	/* a policy that came later forbids it */

/* Our port names at bridges; none is let in that isn't admitted. */
#define PORT_PATTERN "ndp-*"
#define LEG_PATTERN "ndl-*"

#define GUARD_ALL 0xffu		/* rules_guard.c says of what */

/* What is expanded, and where its objects go. */
struct rules {
	struct topology *t;
	const struct state *found;	/* or NULL */
	struct state *out;
	struct report *report;	/* or NULL: an attachment alone */
	/* the chain of the last pair that shares it with others */
	const char *shared, *shared_ns;
	uint64_t shared_hash;
};

/* An interface of a router's namespace, as policies and NAT see it. */
struct iface {
	const char *name;
	struct network *net;	/* or NULL: a link to another router */
	struct tlink *link;
	struct prefix net4, net6;	/* what is on it */
	bool closed4, closed6;	/* nothing passes that isn't let */
	bool behind;		/* a border: nor does anything come in */
	bool out4, out6;	/* may go to the outside */
	bool nat4, nat6;	/* and is translated on the way there */
	bool managed;		/* our own, not an `external` one */
	bool log, isolated;
	bool target;		/* forwards lead there */
	bool hair;		/* translated ones too */
	const char **ups;	/* its uplinks */
	uint32_t nups;
	struct snat *snat;
};

/* A namespace that forwards: the home of a topology, or a named router. */
struct where {
	struct rules *x;
	const char *ns;
	struct router *router;	/* NULL: the home router */
	struct iface *ifs;
	uint32_t nifs;
	const struct list *policies, *forwards, *one2one;
};

struct iface *where_net(const struct where *w, const struct network *n);
struct iface *where_ip(const struct where *w, const struct prefix *p);

/* --- rules_base.c: what every namespace has, word for word --- */
void rules_base(struct rules *x, const char *ns);
void rules_chain(struct rules *x, const char *ns, const char *name,
		 const char *text, bool base, struct pos pos);
void rules_chain_marks(struct rules *x, const char *ns, const char *name,
		       const char *text, const struct list *marks,
		       struct pos pos);
/* A set that not every namespace has, such as chains that refer to it. */
void rules_set(struct rules *x, const char *ns, const char *name,
	       const char *decl);
/* An element of SET ("inet netd pair"); the key is printed. */
void rules_elem(struct rules *x, const char *ns, const char *set,
		const char *data, struct pos pos, const char *fmt, ...)
	__attribute__((format(printf, 6, 7)));
/* The name of a chain PREFIX_A_B for two interfaces; unambiguous. */
const char *rules_name(struct rules *x, const char *prefix, const char *a,
		       const char *b);
/* As nft prints it: an address alone where there is only one.  TEXT: 50. */
const char *rules_net(const struct prefix *p, char *text);
/* " comment "..."" of a policy's name, or "". */
const char *rules_comment(struct rules *x, const char *label);

/* --- rules_match.c: what a policy matches, as text --- */
struct side {			/* where one end of a policy is */
	struct iface *net;	/* a network; NULL: outside, or the host */
	bool host;
	bool whole;		/* not only the addresses below */
	struct prefix *v;
	uint32_t n, cap;
};

/*
 * Prints the matches of P between two sides: a line each, so that all lines
 * together match what it says and no line matches twice.
 */
struct lines {
	const char **v;
	uint32_t n, cap;
	bool single;		/* a line for each port and address */
};

void match_lines(struct rules *x, const struct policy *p,
		 const struct side *from, const struct side *to,
		 struct lines *out);
void match_addresses(struct rules *x, const struct prefix *from, uint32_t n,
		     uint8_t family, const char *key, struct lines *out);
/* Sorted, and what touches or overlaps joined: nft's order, and no clash. */
uint32_t match_join_ports(struct ports *v, uint32_t n);
/* nft's name of a protocol, or NULL. */
const char *match_protocol(uint8_t number);

/* --- rules_pair.c: policies and modes to pairs of interfaces --- */
/* What holds between two interfaces; in and out are NULL for the host. */
struct use {
	const char *in, *out;
	struct iface *from, *to;	/* NULL: outside, or the host */
	uint32_t order;		/* of the policy; what the mode says is last */
	const struct policy *p;	/* NULL: what the mode says, or replies */
	const struct side *s, *d;
	struct pos pos;
};

int rules_pairs(struct where *w);

/* --- rules_chain.c: the chain of N uses of one pair, in order --- */
void rules_group(struct where *w, const struct use *u, uint32_t n);

/* --- rules_nat.c: translation, forwards, one-to-one --- */
void rules_nat(struct where *w);
void rules_egress(struct where *w, const struct iface *f);
/* Where forwards lead to; before rules_pairs(). */
void rules_targets(struct where *w);

/* --- rules_forward.c --- */
void rules_forwards(struct where *w);
/* Only those that the attachment publishes. */
void rules_forwards_of(struct where *w, const struct attachment *a);
/*
 * The same forwards in front of another namespace: INNER are its addresses,
 * F the way there.
 */
void rules_forwards_to(struct where *w, struct iface *f,
		      const struct ip *inner4, const struct ip *inner6);

/* --- rules_shape.c: what nft bounds, or loses --- */
void rules_bandwidth(struct where *w);
void rules_loss(struct rules *x);

/* --- rules_transit.c --- */
/* The host's part of ways out of namespaces of ours. */
void rules_transits(struct rules *x);

/* --- rules_guard.c: the bridge table --- */
void rules_guard_chains(struct rules *x, const char *ns, unsigned int mask,
			const char *suffix, struct pos pos);
void rules_guard_network(struct rules *x, struct network *n);
void rules_guard_attachment(struct rules *x, struct attachment *a);
void rules_guard_legs(struct rules *x);
void rules_guard_foreign(struct rules *x);

/* --- rules_lent.c: forwarding that is for our networks only --- */
void rules_lent(struct rules *x);

#endif

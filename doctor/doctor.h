// doctor.h - between the parts of the doctor
// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef DOCTOR_DOCTOR_H
#define DOCTOR_DOCTOR_H

#include "netd/doctor.h"

#define CLEANUP(fn) __attribute__((cleanup(fn)))

/* --- facts: doctor.c ------------------------------------------------- */

/* The value of a fact, or NULL. */
const char *fact_value(const struct state *found, const char *name);
/* The first fact whose name begins so; and whether fact I does. */
uint32_t fact_seek(const struct state *found, const char *prefix);
const struct fact *fact_at(const struct state *found, uint32_t i,
			   const char *prefix);
/* Is it an interface of ours, in the host's own namespace? */
const struct link *our_link(const struct state *wanted, const char *name);
/* Letters, digits and few others: fit for a command. */
bool is_plain(const char *s);

/* --- rules.c: does a rule of others drop it? -------------------------- */

struct flow {
	const char *iif, *oif;	/* NULL: there is none */
	bool frames;		/* within a bridge: its ports are not known */
	bool six;
	bool reply;
	bool forward;		/* its destination was translated */
	uint8_t proto;		/* 0: any */
	uint16_t port;		/* 0: any */
	const struct prefix *src, *dst;	/* NULL: not known */
	const char *hooks[4];	/* that it passes, NULL terminated */
};

struct culprit {
	const struct fact *chain;	/* where it is dropped */
	const char *handle;	/* of the rule, at its line; NULL: policy */
	bool certain;
};

/* true: the chains of the base chain BASE drop the flow, or may. */
bool rules_drop(const struct state *found, const struct fact *base,
		const struct flow *flow, struct culprit *by);
/* The word before the N-th blank of a chain's fact: 0 family, 1 table, 2
 * chain. */
const char *chain_part(const struct fact *chain, int n, char *out,
		       size_t size);
/* "forward" and so on of a base chain that filters; "" of others. */
const char *chain_hook(const struct fact *chain, char *out, size_t size);

/* --- flows.c: what traffic of ours there is, and what of it is dropped - */

void doctor_rules(const struct state *wanted, const struct state *found,
		struct troubles *out);

/* --- blame.c: whose rule it is, and what cures it ---------------------- */

/* The flows that one rule drops. */
struct blame {
	struct culprit by;
	const struct flow **flows;
	uint32_t n, cap;
};

void blame_tell(const struct state *wanted, const struct state *found,
		const struct blame *b, struct troubles *out);

/* --- others.c, files.c, host.c ------------------------------------------ */

void doctor_ports(const struct state *wanted, const struct state *found,
		struct troubles *out);
void doctor_files(const struct state *wanted, const struct state *found,
		struct troubles *out);
void doctor_links(const struct state *wanted, const struct state *found,
		struct troubles *out);
void doctor_subnets(const struct state *wanted, const struct state *found,
		  struct troubles *out);
void doctor_settings(const struct state *wanted, const struct state *found,
		   struct troubles *out);
void doctor_kernel(const struct state *wanted, const struct state *found,
		 struct troubles *out);

/* Calls FN with each service of networks: `svc` of the table netd. */
void each_service(const struct state *wanted,
		  void (*fn)(void *arg, const char *dev, uint8_t proto,
			     uint16_t lo, uint16_t hi), void *arg);
/* The K-th word in quotes, or after " . ", of an element's key. */
bool key_part(const char *name, int k, char *out, size_t size);

#endif

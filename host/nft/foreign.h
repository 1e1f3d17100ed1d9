// foreign.h - rules of others: between foreign*.c, and the survey
// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef NETD_HOST_NFT_FOREIGN_H
#define NETD_HOST_NFT_FOREIGN_H

#include "host/host.h"
#include "nft.h"

struct buf;
struct nftnl_chain;
struct nftnl_rule;

/*
 * Adds the chains of all tables but ours in NS as facts: "chain:FAMILY TABLE
 * CHAIN".  What the value is: see netd/doctor.h.  0 or a negative errno.
 */
int nft_foreign(struct host *h, struct ns *ns, struct state *found);
/* "HOOK TYPE PRIORITY POLICY" of a base chain, else "-". */
void nft_foreign_head(const struct nftnl_chain *c, char *out, size_t size);
/* Adds the lines that a rule is; K answers what its sets hold. */
void nft_foreign_rule(struct nft_sock *k, struct ns *ns,
		      const struct nftnl_rule *r, struct buf *out);

/* --- accept.c ---------------------------------------------------------- */

/* Which chains of coexist.h there are, as facts. */
void accept_facts(struct host *h, struct state *found);
/*
 * Calls FN with each rule of a place's chain, in words behind its handle;
 * again from the first one when the dump was disturbed.  0, -ENOENT or
 * another negative errno.
 */
struct coexist_place;
int accept_each(struct host *h, const struct coexist_place *p,
		void (*fn)(void *arg, const char *words), void *arg);
/* Tells netd when that is not so any more. */
void accept_check(struct host *h);

/* --- host/survey.c ---------------------------------------------------- */

void survey_add(struct state *found, const char *name, const char *value);

#endif

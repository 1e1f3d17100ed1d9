// coexist.h - where other programs' rules are told to let ours through
// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef NETD_COEXIST_H
#define NETD_COEXIST_H

#include <stdbool.h>
#include <stddef.h>

/*
 * `accept` never overrides another table's drop, so what another program
 * drops can only be accepted in its own chains.  Where that is: what each
 * program documents for rules of the admin's (DOCKER-USER, ufw-user-*,
 * a zone of firewalld's), or where its own accepts are (libvirt).  Which of
 * them there are, a fact tells: "coexist:FAMILY TABLE CHAIN".
 */
struct coexist_place {
	const char *program;	/* as `coexist:` calls it */
	const char *family, *table, *chain;
	bool in, out;		/* what comes from, what goes to ours */
	bool first;		/* the program puts its own at the head: ours
				 * are to be before them */
	const char *via;	/* the chain that jumps to it; NULL: it is
				 * a base chain */
	const char *sign;	/* a chain that has rules as long as the
				 * program's are whole; NULL: none is needed */
	const char *zone;	/* of firewalld's: ours are put into it by
				 * firewall-cmd(1), and seen by this chain's
				 * goto; NULL: a rule at the chain's head */
};

extern const struct coexist_place coexist_places[];
extern const size_t coexist_count;

/* The comment of our rules in chains of others: by that they are known. */
#define COEXIST_TAG "netd:coexist"

/* The place of the object or fact NAME "FAMILY TABLE CHAIN..."; or NULL. */
const struct coexist_place *coexist_place(const char *name);

/*
 * Is there a place of that table and chain (NULL: any), in any family?  FIRST:
 * one where ours must be first.
 */
bool coexist_has(const char *table, const char *chain, bool first);

/*
 * Takes "FAMILY TABLE CHAIN iifname "DEV"" apart: the device, and whether it
 * is what comes in.  NULL: it is none.
 */
const struct coexist_place *coexist_split(const char *name, char dev[16],
					  bool *in);

#endif

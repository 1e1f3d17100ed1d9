// doctor.h - what else on the host stands in the way of netd's traffic
// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef NETD_DOCTOR_H
#define NETD_DOCTOR_H

#include "netd/state.h"

/*
 * Decides from what is wanted and what a survey found; a pure function.
 * Wanted are the objects of all topologies; of them count the maps `pair` and
 * `svc` of table inet netd in the host's own namespace (who may talk to whom,
 * and which services there are), its links, addresses and sysctls.
 *
 * Facts of a survey (WIRE_OBSERVE with OBSERVE_SURVEY), beside those of
 * host.h:
 *   chain:FAMILY TABLE CHAIN   a chain of another table.  Family legacy: of
 *	iptables-legacy.  The value's first line is "HOOK TYPE PRIORITY POLICY"
 *	of a base chain, or "-"; each other line "HANDLE CONDITION... VERDICT".
 *	Conditions are KEY=VALUE[,VALUE...] or KEY!=...; keys: iif, oif, ct,
 *	status, proto, sport, dport, saddr, daddr, saddr6, daddr6, family,
 *	dsttype.  An interface that ends in * is the beginning of names.
 *	?WORD: something that may hold or not; never: it doesn't.  Verdicts:
 *	accept, drop, reject, return, jump:CHAIN, goto:CHAIN.
 *   listen:PROTO PORT ADDRESS DEV PID   "PROGRAM<tab>ARGUMENTS"; DEV *: any
 *   program:NAME PID           one that runs
 *   networkd:PATH, nm-connection:PATH, nm-conf:PATH, sysctl-conf:PATH
 *	"SECTION.KEY=VALUE" lines of that file
 *   sysctl:PATH                the value of a setting below /proc/sys
 *   rule:FAMILY PRIORITY TEXT  policy routing of others, as ip-rule(8)
 *   route:TABLE PREFIX         its device; of tables other than main
 *   legacy:4, legacy:6         tables of iptables-legacy there are
 *   unread:WHAT                what could not be read
 */

struct trouble {
	const char *id;		/* "docker": what kind of trouble */
	bool certain;		/* it does; else it may */
	const char *what;	/* a sentence */
	const char *where;	/* rule, file or process */
	const char *breaks;	/* the traffic of ours, or "" */
	const char *cure;	/* a command for a shell, or "" */
	const char *yaml;	/* "coexist: [docker]", or "" */
};

struct troubles {
	struct arena *arena;	/* all strings; the caller's */
	struct trouble *v;
	uint32_t n, cap;
};

/* WANTED and FOUND are sorted.  Adds to OUT, whose arena is set; certain
 * ones come first. */
void doctor_look(const struct state *wanted, const struct state *found,
		 struct troubles *out);
/* Adds one; strings live in the arena, or for ever.  Frees nothing. */
struct trouble *trouble_add(struct troubles *f, const char *id, bool certain);
void troubles_free(struct troubles *f);

#endif

// bridge_helper.h - the parts of netd-bridge-helper
// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef CTL_BRIDGE_HELPER_H
#define CTL_BRIDGE_HELPER_H

#include <stdarg.h>
#include <stdbool.h>

#include "ctl/plug.h"

/* One process is one port: what is here is never freed. */
struct helper {
	const char *network;	/* NETWORK, or TOPOLOGY/NETWORK */
	const char *asked;	/* NETWORK as QEMU wrote it */
	const char *topology;	/* where it was attached */
	const char *name, *mac, *address, *address6, *fd;
	const char *machine;	/* -name of QEMU, or NULL */
	bool vnet;
	char made[PLUG_NAME];	/* a name, when none is given */
};

/* Prints the reason and ends the program; QEMU shows what we print. */
void helper_fail(const char *fmt, ...)
	__attribute__((noreturn, format(printf, 1, 2)));

/* --- bridge_machine.c -------------------------------------------------- */

/*
 * Fills name and MAC, unless they are given, from the command line of the QEMU
 * that started us.
 */
void helper_machine(struct helper *h);

#endif

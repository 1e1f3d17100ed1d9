// hook.h - the parts of netd-oci-hook
// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef CTL_HOOK_H
#define CTL_HOOK_H

#include "ctl/plug.h"

#define WISHES_MAX 16

/* An interface that a container is to have; strings are NULL when unset. */
struct wish {
	const char *network;		/* NETWORK or TOPOLOGY/NETWORK */
	const char *address, *publish;	/* lists, with commas */
	const char *mac, *ifname;
	const char *default_route;	/* "true", "false" */
	const char *ingress, *egress;	/* "10M/64k" */
};

struct wishes {
	struct wish v[WISHES_MAX];
	unsigned int n;
};

/* Says why on standard error, and ends the program. */
void hook_fail(const char *fmt, ...)
	__attribute__((noreturn, format(printf, 1, 2)));
/* Plugs all wishes into the namespace of process PID; all or none. */
void hook_attach(const struct wishes *w, const char *door, const char *id,
		 int pid);
/* Removes whatever hook_attach() made for ID. */
void hook_detach(const char *door, const char *id);

/* --- hook_oci.c ------------------------------------------------------- */

/* By the state on standard input (OCI runtime specification, "Hooks"). */
void hook_oci(struct wishes *w);

/* --- hook_lxc.c ------------------------------------------------------- */

/* By the environment (lxc.container.conf(5), "Container hooks"). */
void hook_lxc(struct wishes *w);

#endif

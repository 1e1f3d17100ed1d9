// cni.h - the parts of netd-cni
// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef CTL_CNI_H
#define CTL_CNI_H

#include "ctl/plug.h"

/*
 * The CNI specification 0.4.0 to 1.1.0 (containernetworking/cni, SPEC.md).
 * One process is one operation, so nothing is freed that lives until its end.
 */

/* Error codes: those below 100 are the specification's. */
enum {
	CNI_VERSION = 1,	/* incompatible */
	CNI_ENV = 4,		/* a variable is missing or wrong */
	CNI_IO = 5,
	CNI_DECODE = 6,
	CNI_CONFIG = 7,
	CNI_NETNS = 8,		/* not there, or the host's own */
	CNI_AGAIN = 11,
	CNI_NOT_READY = 50,	/* STATUS: ADD can't be done */
	CNI_LIMITED = 51,	/* and those that are there may suffer */
	CNI_NO_DAEMON = 100,
	CNI_REFUSED = 101,	/* netd says no */
	CNI_DIFFERS = 102,	/* CHECK */
	CNI_EXISTS = 103,	/* the interface, in the container */
	CNI_IPAM = 104,		/* the plugin for addresses can't be run */
};

struct cni {
	/* the environment */
	const char *command, *container, *netns, *ifname, *path;
	const char *arg_ip, *arg_mac, *arg_pod, *arg_namespace;
	/* the configuration */
	struct buf input;
	json_t *conf;
	json_t *runtime;	/* runtimeConfig, or NULL */
	json_t *prev;		/* prevResult, or NULL */
	const char *version, *name;
	const char *topology;	/* NULL: whichever has the network */
	const char *network;
	const char *ipam;	/* the plugin for addresses; NULL: netd */
	char attachment[PLUG_NAME];
};

/* --- cni.c ------------------------------------------------------------ */

/* Prints the error and ends the program; DETAILS may be NULL. */
void cni_fail(const struct cni *c, int code, const char *details,
	      const char *fmt, ...)
	__attribute__((noreturn, format(printf, 4, 5)));
/* The code for an answer that isn't 2xx. */
int cni_code(const struct answer *a);
/* Is the configuration's version at least MAJOR.MINOR.PATCH? */
bool cni_since(const struct cni *c, const char *version);
/* Prints O on standard output; takes it over. */
void cni_print(json_t *o);

/* --- cni_conf.c ------------------------------------------------------- */

/* From the environment and standard input; wrong ones end the program. */
void cni_read(struct cni *c);
/* The supported versions, oldest first, up to NULL. */
extern const char *const cni_versions[];

/* --- cni_add.c -------------------------------------------------------- */

void cni_add(struct cni *c);

/* --- cni_result.c ----------------------------------------------------- */

/* The result of ADD, out of netd's answer; added to prevResult. */
json_t *cni_result(const struct cni *c, const json_t *attachment);

/* --- cni_del.c -------------------------------------------------------- */

void cni_del(struct cni *c);
void cni_gc(struct cni *c);

/* --- cni_check.c ------------------------------------------------------ */

void cni_check(struct cni *c);
void cni_status(struct cni *c);

/* --- cni_ipam.c ------------------------------------------------------- */

/*
 * Runs the plugin for addresses with COMMAND.  Its output, owned by the caller
 * (NULL: none was printed); *CODE is 0, or the error's code, with what it said
 * in WHY.
 */
json_t *cni_ipam(const struct cni *c, const char *command, int *code,
		 struct buf *why);

#endif

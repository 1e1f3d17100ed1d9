// lab.h - netdctl check-lab and solve: what their parts share
// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef CTL_LAB_H
#define CTL_LAB_H

#include <netinet/in.h>
#include <stdint.h>
#include <sys/types.h>

#include "ctl/ctl.h"
#include "netd/buf.h"
#include "netd/field.h"

/*
 * What a probe finds out, in the namespace of who asks.  WHY gets what was
 * wrong, or what was found, for people.
 */
#define PROBE_TRY_MS 1000

/* A moment by CLOCK_MONOTONIC, in ms. */
int64_t now_ms(void);
/* The address as a socket address; its size. */
socklen_t probe_address(const struct ip *ip, uint16_t port,
			struct sockaddr_storage *ss);
/* Waits until FD is readable (or, OUT, writable) at UNTIL; false: it isn't */
bool probe_wait(int fd, bool out, int64_t until);

/* --- probe.c: all true when the other end answers --------------------- */

bool probe_icmp(const struct ip *ip, struct buf *why);
bool probe_tcp(const struct ip *ip, uint16_t port, struct buf *why);
bool probe_udp(const struct ip *ip, uint16_t port, struct buf *why);
bool probe_http(const struct ip *ip, uint16_t port, struct buf *why);
/* By the name of the protocol. */
bool probe_by(const char *protocol, const struct ip *ip, uint16_t port,
	      struct buf *why);

/* --- probe_path.c, probe_route.c, probe_name.c, probe_run.c ------------ */

/* Which routers a packet to IP meets: calls HOP in their order. */
void probe_path(const struct ip *ip, void (*hop)(void *arg,
						 const struct ip *router),
		void *arg);
bool probe_route(const struct prefix *to, const json_t *via, uint32_t cost,
		 struct buf *why);
bool probe_name(const char *name, const char *resolver, const json_t *answer,
		struct buf *why);
/* What COMMAND prints, 64 KiB at most; its exit code, or -1. */
int probe_output(char *const *command, struct buf *out);

/* --- lab_ask.c --------------------------------------------------------- */

/* One try, in the namespace of FROM: is CHECK fulfilled? */
bool lab_try(const json_t *check, const json_t *from, struct buf *why);

/* --- lab_run.c --------------------------------------------------------- */

/* A topology, or one of its pods. */
struct lab_where {
	const char *topology;	/* as applied */
	const char *name;	/* of the pod, "campus-7"; or the same */
	const char *pod;	/* "7", or NULL */
};

/* Runs the check until it is fulfilled or its time is over. */
bool lab_check(const struct lab_where *where, const json_t *check,
	       struct buf *why);

/*
 * --- lab_print.c: LABS are a list of {topology, pass, checks}, and those of
 * {name, pass, why, points, text, hint, seconds} --------------------------
 */

void lab_print_line(const json_t *result);
void lab_print_table(const json_t *labs);
void lab_print_tap(const json_t *labs);
/* 0, or -errno. */
int lab_print_junit(const char *file, const json_t *labs);

/* --- exec.c ------------------------------------------------------------ */

/* Into a node or router, as it is in the answer of netd.  0 or -errno. */
int exec_enter(const json_t *node);

#endif

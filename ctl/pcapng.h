// pcapng.h - writes captured packets as Wireshark reads them
// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef CTL_PCAPNG_H
#define CTL_PCAPNG_H

#include <stdint.h>
#include <time.h>

#include "netd/buf.h"

/*
 * Blocks of pcapng (draft-ietf-opsawg-pcapng) in this machine's byte order,
 * appended to OUT: a section, then its interfaces, numbered from 0, then
 * packets with times in nanoseconds, and in the end what each interface lost.
 */
#define PCAPNG_IN 1		/* epb_flags: which way it went */
#define PCAPNG_OUT 2

void pcapng_section(struct buf *out, const char *program);
void pcapng_interface(struct buf *out, const char *name, const char *about,
		      uint32_t snaplen);
/* LEN bytes of a packet that was ORIG long, on interface number ID. */
void pcapng_packet(struct buf *out, uint32_t id, const struct timespec *at,
		   int way, const void *p, uint32_t len, uint32_t orig);
void pcapng_statistics(struct buf *out, uint32_t id,
		       const struct timespec *at, uint64_t seen,
		       uint64_t lost);

#endif

// pcapng.c - writes captured packets as Wireshark reads them
// SPDX-License-Identifier: GPL-2.0-or-later
#include "ctl/pcapng.h"

#include <string.h>

enum { SECTION = 0x0a0d0d0a, INTERFACE = 1, STATISTICS = 5, PACKET = 6 };
enum { OPT_END = 0, IF_NAME = 2, IF_DESCRIPTION = 3, SHB_USERAPPL = 4,
       EPB_FLAGS = 2, IF_TSRESOL = 9, ISB_IFRECV = 4, ISB_IFDROP = 5 };
#define LINKTYPE_ETHERNET 1
#define BYTE_ORDER_MAGIC 0x1a2b3c4du

static void put16(struct buf *b, uint16_t v)
{
	buf_add(b, &v, sizeof(v));
}

static void put32(struct buf *b, uint32_t v)
{
	buf_add(b, &v, sizeof(v));
}

/* Everything is filled up to 32 bits. */
static void put(struct buf *b, const void *p, uint32_t len)
{
	static const char none[4];

	buf_add(b, p, len);
	buf_add(b, none, -len & 3);
}

static void option(struct buf *b, uint16_t code, const void *p, uint16_t len)
{
	put16(b, code);
	put16(b, len);
	put(b, p, len);
}

static void text(struct buf *b, uint16_t code, const char *s)
{
	if (*s)
		option(b, code, s, strnlen(s, UINT16_MAX));
}

/* A block's length stands before and behind it. */
static size_t begin(struct buf *b, uint32_t type)
{
	size_t at = b->len;

	put32(b, type);
	put32(b, 0);
	return at;
}

static void end(struct buf *b, size_t at)
{
	uint32_t len = b->len - at + 4;

	put32(b, len);
	memcpy(b->p + at + 4, &len, sizeof(len));
}

static void put_time(struct buf *b, const struct timespec *t)
{
	uint64_t ns = t->tv_sec * 1000000000ull + t->tv_nsec;

	put32(b, ns >> 32);
	put32(b, ns);
}

void pcapng_section(struct buf *out, const char *program)
{
	size_t at = begin(out, SECTION);
	uint64_t unknown = UINT64_MAX;

	put32(out, BYTE_ORDER_MAGIC);
	put16(out, 1);
	put16(out, 0);
	buf_add(out, &unknown, sizeof(unknown));
	text(out, SHB_USERAPPL, program);
	option(out, OPT_END, "", 0);
	end(out, at);
}

void pcapng_interface(struct buf *out, const char *name, const char *about,
		      uint32_t snaplen)
{
	static const uint8_t nanoseconds = 9;
	size_t at = begin(out, INTERFACE);

	put16(out, LINKTYPE_ETHERNET);
	put16(out, 0);
	put32(out, snaplen);
	text(out, IF_NAME, name);
	text(out, IF_DESCRIPTION, about);
	option(out, IF_TSRESOL, &nanoseconds, 1);
	option(out, OPT_END, "", 0);
	end(out, at);
}

void pcapng_packet(struct buf *out, uint32_t id, const struct timespec *t,
		   int way, const void *p, uint32_t len, uint32_t orig)
{
	size_t at = begin(out, PACKET);
	uint32_t flags = way;

	put32(out, id);
	put_time(out, t);
	put32(out, len);
	put32(out, orig);
	put(out, p, len);
	option(out, EPB_FLAGS, &flags, sizeof(flags));
	option(out, OPT_END, "", 0);
	end(out, at);
}

void pcapng_statistics(struct buf *out, uint32_t id, const struct timespec *t,
		       uint64_t seen, uint64_t lost)
{
	size_t at = begin(out, STATISTICS);

	put32(out, id);
	put_time(out, t);
	option(out, ISB_IFRECV, &seen, sizeof(seen));
	option(out, ISB_IFDROP, &lost, sizeof(lost));
	option(out, OPT_END, "", 0);
	end(out, at);
}

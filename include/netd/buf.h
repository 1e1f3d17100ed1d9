// buf.h - a growing run of bytes: text being printed, messages being packed
// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef NETD_BUF_H
#define NETD_BUF_H

#include <stddef.h>
#include <stdint.h>

/*
 * Zero-initialised it is empty.  The bytes are always followed by a zero byte
 * once something was added, so that text in it is a string.
 */
struct buf {
	char *p;
	size_t len, cap;
};

/* Adds LEN bytes. */
void buf_add(struct buf *b, const void *p, size_t len);

/* Adds a string without its zero byte. */
void buf_str(struct buf *b, const char *s);

/* printf(3) at the end. */
void buf_printf(struct buf *b, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* The text as a string; "" when nothing was added.  Belongs to the buf. */
const char *buf_text(const struct buf *b);

/* Makes it empty and keeps the memory. */
void buf_reset(struct buf *b);

/* Frees the memory; fits __attribute__((cleanup(buf_free))). */
void buf_free(struct buf *b);

#endif

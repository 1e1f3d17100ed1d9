// arena.h - memory that is freed all at once
// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef NETD_ARENA_H
#define NETD_ARENA_H

#include <stdarg.h>
#include <stddef.h>

/*
 * An arena lives as long as a topology, a reconcile or the process; single
 * allocations are never freed.  Running out of memory ends the process, since
 * all inputs are bounded and no caller could do better.
 */
struct arena;

/* A new, empty arena.  The caller owns it and frees it by arena_free(). */
struct arena *arena_new(void);

/* Frees the arena and all that was allocated from it.  NULL is allowed. */
void arena_free(struct arena *a);

/* Zeroed memory, aligned for any type.  Never NULL. */
void *arena_alloc(struct arena *a, size_t size);

/* A copy of SIZE bytes at P, not zero terminated. */
void *arena_memdup(struct arena *a, const void *p, size_t size);

/* A copy of the string S; NULL stays NULL. */
char *arena_strdup(struct arena *a, const char *s);

/* A copy of at most N bytes of S, zero terminated. */
char *arena_strndup(struct arena *a, const char *s, size_t n);

/* printf(3) into the arena. */
char *arena_printf(struct arena *a, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* As arena_printf(), with the arguments as a va_list. */
char *arena_vprintf(struct arena *a, const char *fmt, va_list ap);

/* Bytes the arena took from the system. */
size_t arena_size(const struct arena *a);

/* for __attribute__((cleanup(arena_cleanup))) on a struct arena * */
void arena_cleanup(struct arena **a);

#endif

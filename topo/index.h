// index.h - a hash table from bytes to pointers, for what must be looked up
// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef TOPO_INDEX_H
#define TOPO_INDEX_H

#include <stddef.h>

#include "netd/field.h"

struct index;

/* A new one that lives in A. */
struct index *index_new(struct arena *a);

/* What is there, or NULL. */
void *index_get(const struct index *x, const void *key, size_t len);

/*
 * Puts VALUE (not NULL) there when there is nothing, and returns what is
 * there now.  The key's bytes are copied.
 */
void *index_put(struct index *x, const void *key, size_t len, void *value);

/* Puts VALUE there, whatever was; NULL takes it out. */
void index_set(struct index *x, const void *key, size_t len, void *value);

/*
 * The strings up to NULL as one, in A.  What is made for each of thousands of
 * things is not made by printf(3), which would take half of all time.
 */
char *join_words(struct arena *a, const char *first, ...)
	__attribute__((sentinel));

#endif

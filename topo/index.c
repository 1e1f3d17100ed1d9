// index.c - a hash table from bytes to pointers, for what must be looked up
// SPDX-License-Identifier: GPL-2.0-or-later
#include "topo/index.h"

#include <stdarg.h>
#include <string.h>

struct slot {
	uint64_t hash;
	const void *key;	/* NULL: free */
	uint32_t len;
	void *value;
};

struct index {
	struct arena *arena;
	struct slot *slots;
	uint32_t size, n;
};

struct index *index_new(struct arena *a)
{
	struct index *x = arena_alloc(a, sizeof(*x));

	x->arena = a;
	x->size = 64;
	x->slots = arena_alloc(a, x->size * sizeof(*x->slots));
	return x;
}

static struct slot *find(const struct index *x, uint64_t hash,
			 const void *key, size_t len)
{
	uint32_t i = hash & (x->size - 1);
	struct slot *s;

	for (;; i = (i + 1) & (x->size - 1)) {
		s = &x->slots[i];
		if (!s->key || (s->hash == hash && s->len == len &&
				!memcmp(s->key, key, len)))
			return s;
	}
}

static void grow(struct index *x)
{
	struct slot *old = x->slots, *s;
	uint32_t i, size = x->size;

	x->size *= 2;
	x->slots = arena_alloc(x->arena, x->size * sizeof(*x->slots));
	for (i = 0; i < size; i++) {
		if (!old[i].key)
			continue;
		s = find(x, old[i].hash, old[i].key, old[i].len);
		*s = old[i];
	}
}

void *index_get(const struct index *x, const void *key, size_t len)
{
	return find(x, hash64(key, len), key, len)->value;
}

static struct slot *reach(struct index *x, const void *key, size_t len)
{
	uint64_t hash = hash64(key, len);
	struct slot *s = find(x, hash, key, len);

	if (s->key)
		return s;
	if (++x->n * 2 > x->size) {
		grow(x);
		s = find(x, hash, key, len);
	}
	s->hash = hash;
	s->key = arena_memdup(x->arena, key, len);
	s->len = len;
	return s;
}

void *index_put(struct index *x, const void *key, size_t len, void *value)
{
	struct slot *s = reach(x, key, len);

	if (!s->value)
		s->value = value;
	return s->value;
}

void index_set(struct index *x, const void *key, size_t len, void *value)
{
	reach(x, key, len)->value = value;
}

char *join_words(struct arena *a, const char *first, ...)
{
	const char *w;
	size_t len = 0;
	va_list ap;
	char *text, *p;

	va_start(ap, first);
	for (w = first; w; w = va_arg(ap, const char *))
		len += strlen(w);
	va_end(ap);
	text = p = arena_alloc(a, len + 1);
	va_start(ap, first);
	for (w = first; w; w = va_arg(ap, const char *))
		p = stpcpy(p, w);
	va_end(ap);
	return text;
}

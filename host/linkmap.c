// linkmap.c - the links of a namespace by index and by name
// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/internal.h"

#include <stdlib.h>
#include <string.h>

static uint32_t slot_name(const struct linkmap *m, const char *name)
{
	return hash64(name, strlen(name)) & (m->cap * 2 - 1);
}

static uint32_t slot_index(const struct linkmap *m, uint32_t index)
{
	return index * 2654435761u & (m->cap * 2 - 1);
}

static void put(uint32_t *table, uint32_t mask, uint32_t slot, uint32_t row)
{
	while (table[slot])
		slot = (slot + 1) & mask;
	table[slot] = row + 1;
}

static void index_row(struct linkmap *m, uint32_t row)
{
	struct linkmap_row *r = &m->rows[row];

	put(m->by_name, m->cap * 2 - 1, slot_name(m, r->name), row);
	put(m->by_index, m->cap * 2 - 1, slot_index(m, r->index), row);
}

/* Drops the holes that deletions left. */
static void squeeze(struct linkmap *m)
{
	uint32_t i, n = 0;

	for (i = 0; i < m->n; i++)
		if (m->rows[i].index)
			m->rows[n++] = m->rows[i];
	m->n = n;
}

static void grow(struct linkmap *m)
{
	uint32_t i, cap;

	squeeze(m);
	cap = !m->cap ? 16 : m->n > m->cap / 2 ? m->cap * 2 : m->cap;

	m->rows = realloc(m->rows, cap * sizeof(*m->rows));
	free(m->by_name);
	free(m->by_index);
	m->by_name = calloc(cap * 2, sizeof(*m->by_name));
	m->by_index = calloc(cap * 2, sizeof(*m->by_index));
	if (!m->rows || !m->by_name || !m->by_index)
		abort();
	m->cap = cap;
	for (i = 0; i < m->n; i++)
		index_row(m, i);
}

void linkmap_clear(struct linkmap *m)
{
	if (!m->n)
		return;
	memset(m->by_name, 0, m->cap * 2 * sizeof(*m->by_name));
	memset(m->by_index, 0, m->cap * 2 * sizeof(*m->by_index));
	m->n = 0;
}

void linkmap_free(struct linkmap *m)
{
	free(m->rows);
	free(m->by_name);
	free(m->by_index);
	memset(m, 0, sizeof(*m));
}

struct linkmap_row *linkmap_add(struct linkmap *m, uint32_t index,
				const char *name, int kind, uint32_t group)
{
	struct linkmap_row *r;

	linkmap_del(m, name);
	if (m->n == m->cap)
		grow(m);
	r = &m->rows[m->n];
	memset(r, 0, sizeof(*r));
	r->index = index;
	r->group = group;
	r->kind = kind;
	strncpy(r->name, name, sizeof(r->name) - 1);
	index_row(m, m->n++);
	return r;
}

struct linkmap_row *linkmap_name(struct linkmap *m, const char *name)
{
	struct linkmap_row *r;
	uint32_t slot;

	if (!m->cap || !name[0])
		return NULL;
	for (slot = slot_name(m, name); m->by_name[slot];
	     slot = (slot + 1) & (m->cap * 2 - 1)) {
		r = &m->rows[m->by_name[slot] - 1];
		if (!strcmp(r->name, name))
			return r;
	}
	return NULL;
}

struct linkmap_row *linkmap_index(struct linkmap *m, uint32_t index)
{
	struct linkmap_row *r;
	uint32_t slot;

	if (!m->cap || !index)
		return NULL;
	for (slot = slot_index(m, index); m->by_index[slot];
	     slot = (slot + 1) & (m->cap * 2 - 1)) {
		r = &m->rows[m->by_index[slot] - 1];
		if (r->index == index)
			return r;
	}
	return NULL;
}

/* The row stays as a hole: its slots must not break the chains of others. */
void linkmap_del(struct linkmap *m, const char *name)
{
	struct linkmap_row *r = linkmap_name(m, name);

	if (!r)
		return;
	r->index = 0;
	r->name[0] = '\0';
}

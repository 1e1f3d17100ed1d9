// learned.c - what packets of a port taught, when the port goes
// SPDX-License-Identifier: GPL-2.0-or-later
#include "driver.h"

#include <stdlib.h>
#include <string.h>

/*
 * Learned sets are left out of every difference, so nobody else would remove
 * these elements before they time out, and until then a new port would have
 * the addresses of an old one.  A set whose keys begin with a port holds what
 * is its own; one whose keys begin with a mark, the number of a network, says
 * which addresses are taken there: those of the port go from it as well.
 */

struct learned {
	struct nft_net *n;
	struct nft_found f;
	const char **taken;	/* "MARK . ADDRESS" */
	uint32_t ntaken, ctaken;
};

/* With its mark first, where it is known of one of its elements. */
static int port_cmp(const void *pa, const void *pb)
{
	const struct nft_port *a = pa, *b = pb;
	int d = strcmp(a->key, b->key);

	return d ? d : !a->mark[0] - !b->mark[0];
}

static void ports_sort(struct nft_net *n)
{
	uint32_t kept = 0;

	qsort(n->ports, n->nports, sizeof(*n->ports), port_cmp);
	for (uint32_t i = 0; i < n->nports; i++)
		if (!kept || strcmp(n->ports[kept - 1].key, n->ports[i].key))
			n->ports[kept++] = n->ports[i];
	n->nports = kept;
}

static int key_cmp(const void *key, const void *port)
{
	return strcmp(key, ((const struct nft_port *)port)->key);
}

/* The port that an element's key begins with, when it is one that goes. */
static const struct nft_port *port_of(const struct nft_net *n,
				      const char *key)
{
	char first[24];
	size_t len = strcspn(key, " ");

	if (len >= sizeof(first))
		return NULL;
	memcpy(first, key, len);
	first[len] = 0;
	return bsearch(first, n->ports, n->nports, sizeof(*n->ports),
		       key_cmp);
}

static void take_note(struct learned *l, const struct nft_port *p,
		      const char *key)
{
	const char *rest = strchr(key, ' ');

	if (!p->mark[0] || !rest)
		return;
	if (l->ntaken == l->ctaken) {
		l->ctaken = 2 * l->ctaken + 16;
		l->taken = realloc(l->taken, l->ctaken * sizeof(*l->taken));
		if (!l->taken)
			abort();
	}
	l->taken[l->ntaken++] = arena_printf(l->f.arena, "%s%s", p->mark,
					     rest);
}

static int text_cmp(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool goes(struct learned *l, const struct nft_set *s, const char *key)
{
	const struct nft_port *p;

	if (s->key[0] == &nft_types[T_MARK])
		return l->ntaken &&
			bsearch(&key, l->taken, l->ntaken, sizeof(*l->taken),
				text_cmp);
	p = port_of(l->n, key);
	if (p)
		take_note(l, p, key);
	return p;
}

/* The learned sets whose keys begin with this type. */
static int clear_sets(struct learned *l, const struct nft_type *first)
{
	struct nft_txn *t = &l->n->txn;
	int err = 0;

	for (uint32_t i = 0; i < l->f.nsets && !err; i++) {
		const struct nft_set *s = &l->f.sets[i];

		if (!nft_set_is_learned(s) || s->key[0] != first)
			continue;
		l->f.nelems = 0;
		err = nft_dump_set(&l->n->sock, &l->f, i);
		for (uint32_t e = 0; e < l->f.nelems && !err; e++)
			if (goes(l, s, l->f.elems[e].key))
				err = nft_elem_del(t, s->family,
						   NFT_OUR_TABLE, s->name,
						   l->f.elems[e].key, NULL);
	}
	return err;
}

static int clear_all(struct nft_net *n)
{
	struct learned l = { .n = n };
	struct arena *a = arena_new();
	int err = nft_dump_sets(&n->sock, NFT_OUR_TABLE, a, &l.f);

	nft_txn_reset(&n->txn);
	if (!err)
		err = clear_sets(&l, &nft_types[T_IFNAME]);
	if (l.ntaken)
		qsort(l.taken, l.ntaken, sizeof(*l.taken), text_cmp);
	if (!err)
		err = clear_sets(&l, &nft_types[T_MARK]);
	if (!err)
		err = nft_commit(&n->sock, &n->txn, 0, NULL, NULL);
	free(l.taken);
	arena_free(a);
	return err;
}

/* Elements time out by themselves meanwhile: then it is tried again. */
void nft_end_learned(struct nft_net *n)
{
	if (!n->nports)
		return;
	ports_sort(n);
	for (int i = 0; i < 5; i++)
		if (!clear_all(n))
			return;
}

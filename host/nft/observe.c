// observe.c - what is in our tables, as objects
// SPDX-License-Identifier: GPL-2.0-or-later
#include "driver.h"

#include <errno.h>
#include <linux/netfilter.h>
#include <stdio.h>
#include <string.h>

static const struct pos nowhere;

static const char *table_name(int family)
{
	return family == NFPROTO_BRIDGE ? "bridge " NFT_OUR_TABLE :
		"inet " NFT_OUR_TABLE;
}

static void found_tables(struct state *found, const char *netns,
			 const struct nft_found *f)
{
	for (uint32_t i = 0; i < f->ntables; i++) {
		struct table *t;

		t = state_add_static(found, KIND_TABLE, netns,
				     table_name(f->tables[i].family), nowhere);
		t->owned = !!(f->tables[i].flags & NFT_TF_OWNER);
	}
}

/*
 * A set that is declared otherwise now can only be made anew while no rule
 * refers to it.  So then the chains of its table count as changed, and the
 * plan makes them again in the same transaction.
 */
static bool is_redeclared(const struct state *wanted, const char *netns,
			  const struct nft_found *f, int family)
{
	char name[2 * NFT_NAME];
	const struct set *w;

	for (uint32_t i = 0; wanted && i < f->nsets; i++) {
		if (f->sets[i].family != family)
			continue;
		snprintf(name, sizeof(name), "%s %s", table_name(family),
			 f->sets[i].name);
		w = (void *)state_find(wanted, KIND_SET, netns, name);
		if (w && w->hash != f->sets[i].hash)
			return true;
	}
	return false;
}

static void found_chains(const struct state *wanted, struct state *found,
			 const char *netns, const struct nft_found *f)
{
	bool anew[2] = {
		is_redeclared(wanted, netns, f, NFPROTO_INET),
		is_redeclared(wanted, netns, f, NFPROTO_BRIDGE),
	};

	for (uint32_t i = 0; i < f->nchains; i++) {
		const struct nft_found_chain *c = &f->chains[i];
		const char *table = table_name(c->family);
		struct chain *o;

		o = state_add_static(found, KIND_CHAIN, netns,
				     arena_printf(found->arena, "%s %s", table,
						  c->name), nowhere);
		o->hash = anew[c->family == NFPROTO_BRIDGE] ? 0 : c->hash;
		o->base = c->base.is_base;
		o->marks.items = arena_memdup(found->arena, c->marks,
					      c->nmarks * sizeof(*c->marks));
		o->marks.n = c->nmarks;
		o->o.within_kind = KIND_TABLE;
		o->o.within = table;
	}
}

/* Returns the objects, for their elements to point to. */
static struct set **found_sets(struct state *found, const char *netns,
			       const struct nft_found *f)
{
	struct set **v = arena_alloc(found->arena,
				     (f->nsets + 1) * sizeof(*v));

	for (uint32_t i = 0; i < f->nsets; i++) {
		const char *table = table_name(f->sets[i].family);

		v[i] = state_add_static(found, KIND_SET, netns,
					arena_printf(found->arena, "%s %s",
						     table, f->sets[i].name),
					nowhere);
		v[i]->hash = f->sets[i].hash;
		v[i]->learned = nft_set_is_learned(&f->sets[i]);
		v[i]->o.within_kind = KIND_TABLE;
		v[i]->o.within = table;
	}
	return v;
}

static void found_elements(struct state *found, const char *netns,
			   const struct nft_found *f, struct set **sets)
{
	for (uint32_t i = 0; i < f->nelems; i++) {
		const struct nft_found_elem *e = &f->elems[i];
		struct element *o;

		o = state_add_static(found, KIND_ELEMENT, netns,
				     arena_strdup(found->arena, e->name),
				     nowhere);
		o->data = e->data[0] ? arena_strdup(found->arena, e->data) :
			"";
		o->o.within_kind = KIND_SET;
		o->o.within = sets[e->set]->o.name;
	}
}

/*
 * Nothing can have changed since the last look: we sent nothing, and nobody
 * else has either, or could, since the tables are ours.
 */
static bool still_true(struct nft_net *n)
{
	const struct nft_found *f = &n->found;
	uint32_t gen, owned = 0;

	for (uint32_t i = 0; i < f->ntables; i++)
		owned += !!(f->tables[i].flags & NFT_TF_OWNER);
	if (!n->seen || owned == 2)
		return n->seen;
	return !nft_sock_generation(&n->sock, &gen) && gen == f->gen;
}

/* Two netds in one namespace would each take away what the other makes. */
static bool is_anothers(const struct nft_net *n)
{
	const struct nft_found *f = &n->found;

	for (uint32_t i = 0; i < f->ntables; i++)
		if (f->tables[i].flags & NFT_TF_OWNER && f->tables[i].owner &&
		    f->tables[i].owner != n->sock.port)
			return true;
	return false;
}

static int look(struct nft_net *n)
{
	int err;

	if (still_true(n))
		return 0;
	nft_forget_found(n);
	err = nft_dump(&n->sock, NFT_OUR_TABLE, true, arena_new(), &n->found);
	if (!err && is_anothers(n))
		err = -EADDRINUSE;
	if (err) {
		nft_forget_found(n);
		return err;
	}
	nft_adopt(n, &n->found);
	nft_net_learn(n, &n->found);
	n->seen = true;
	return 0;
}

static int observe_ns(struct host *h, struct ns *ns,
		      const struct state *wanted, struct state *found)
{
	const char *netns = arena_strdup(found->arena, ns->name);
	struct nft_net *n;
	struct set **sets;
	int err;

	n = nft_net_get(h, ns, &err);
	if (n)
		err = look(n);
	if (err)
		return err;
	found_tables(found, netns, &n->found);
	found_chains(wanted, found, netns, &n->found);
	sets = found_sets(found, netns, &n->found);
	found_elements(found, netns, &n->found, sets);
	return 0;
}

int nft_observe(struct host *h, const struct state *wanted,
		struct state *found)
{
	int err = 0;

	for (struct ns *ns = ns_first(h); ns && !err; ns = ns->next)
		if (!ns->name[0] || ns->ours)
			err = observe_ns(h, ns, wanted, found);
	return err;
}

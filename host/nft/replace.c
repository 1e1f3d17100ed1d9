// replace.c - sends the transaction; whole replacement where a delta fails
// SPDX-License-Identifier: GPL-2.0-or-later
#include "driver.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ct.h"
#include "host/internal.h"

/*
 * A delta is refused when the kernel no longer holds what it was made for: a
 * foreign hand was faster, or a newer netd declares a set otherwise that
 * rules refer to.  Then all is replaced in one transaction.  Base chains are
 * kept, since a new one lets packets pass until late in the commit; learned
 * sets are kept, since packets made them.
 */

#define ERRORS_MAX	64	/* that are told of one transaction */

struct refusal {
	struct host *h;
	struct nft_net *n;
	struct {
		const void *who;
		int err;
		char text[120];
	} e[ERRORS_MAX];
	uint32_t count;
};

static void on_error(void *arg, const void *who, int err, const char *text)
{
	struct refusal *r = arg;

	if (r->count == ERRORS_MAX)
		return;
	r->e[r->count].who = who;
	r->e[r->count].err = err;
	snprintf(r->e[r->count].text, sizeof(r->e[0].text), "%.119s",
		 text);
	r->count++;
}

/* The step that a delta or a replacement was built for, if it is one. */
static const struct step *step_of(const struct nft_net *n, const void *who)
{
	for (uint32_t i = 0; i < n->nsteps; i++)
		if (n->steps[i] == who || n->steps[i]->want == who)
			return n->steps[i];
	return NULL;
}

static const char *thing_of(const struct nft_net *n, const void *who)
{
	for (uint32_t i = 0; i < n->nsteps; i++)
		if (n->steps[i] == who)
			return "";
	return who ? ((const struct object *)who)->name : "the transaction";
}

/* At least one step is told, or nobody would know. */
static void tell(struct refusal *r, int err)
{
	struct nft_net *n = r->n;
	bool told = false;
	char why[320];

	for (uint32_t i = 0; i < r->count; i++) {
		const struct step *s = step_of(n, r->e[i].who);

		if (!s)
			continue;
		step_failed(r->h, s, r->e[i].err,
			    r->e[i].text[0] ? r->e[i].text : NULL);
		told = true;
	}
	if (told || !n->nsteps)
		return;
	if (r->count)
		snprintf(why, sizeof(why), "%s: %s %s",
			 thing_of(n, r->e[0].who), strerror(-r->e[0].err),
			 r->e[0].text);
	else
		snprintf(why, sizeof(why), "nftables: %s", strerror(-err));
	step_failed(r->h, n->steps[0], err, why);
}

/* What is to be after the steps: what was watched for, and the steps on it. */
static struct state *wanted_of(struct host *h, struct ns *ns,
			       struct nft_net *n)
{
	struct state *w = state_new();

	for (uint32_t i = 0; h->watched && i < h->watched->n; i++) {
		struct object *o = h->watched->v[i];

		if (kind_is_nft(o->kind) && !strcmp(o->netns, ns->name))
			state_ref(w, o);
	}
	state_sort(w, NULL, NULL);
	for (uint32_t i = 0; i < n->nsteps; i++) {
		const struct step *s = n->steps[i];

		if (s->op == OP_DESTROY)
			state_remove(w, s->have);
		else
			state_put(w, s->want);
	}
	return w;
}

struct whole {
	struct nft_net *n;
	struct ns *ns;
	struct state *wanted;
	struct arena *arena;
	struct nft_found found;
};

static void *wanted_thing(const struct whole *x, int kind, int family,
			  const char *thing)
{
	char name[2 * NFT_NAME];

	snprintf(name, sizeof(name), "%s %s%s%s", nft_family_name(family),
		 NFT_OUR_TABLE, thing[0] ? " " : "", thing);
	return state_find(x->wanted, kind, x->ns->name, name);
}

static bool same_base(const struct nft_found_chain *c, const struct chain *w)
{
	struct nft_base b;
	char err[NFT_ERR];

	if (!w->text || nft_chain_head(w->text, c->family, &b, err))
		return false;
	b.policy = c->base.policy;	/* this alone can change in place */
	return nft_chain_base_hash(&b) == nft_chain_base_hash(&c->base);
}

static bool keeps_set(const struct whole *x, const struct nft_set *s)
{
	const struct set *w = wanted_thing(x, KIND_SET, s->family, s->name);

	return w && w->hash == s->hash && nft_set_is_learned(s);
}

static void clear_chains(struct whole *x)
{
	for (uint32_t i = 0; i < x->found.nchains; i++) {
		const struct nft_found_chain *c = &x->found.chains[i];
		const struct chain *w = wanted_thing(x, KIND_CHAIN, c->family,
						     c->name);

		if (!wanted_thing(x, KIND_TABLE, c->family, ""))
			continue;
		if (!w || !same_base(c, w))
			nft_chain_del(&x->n->txn, c->family, NFT_OUR_TABLE,
				      c->name, NULL);
	}
}

static void clear_sets(struct whole *x)
{
	for (uint32_t i = 0; i < x->found.nsets; i++) {
		const struct nft_set *s = &x->found.sets[i];

		if (wanted_thing(x, KIND_TABLE, s->family, "") &&
		    !keeps_set(x, s))
			nft_set_del(&x->n->txn, s->family, NFT_OUR_TABLE,
				    s->name, NULL);
	}
}

static void clear(struct whole *x)
{
	for (uint32_t i = 0; i < x->found.ntables; i++) {
		int family = x->found.tables[i].family;

		if (wanted_thing(x, KIND_TABLE, family, ""))
			nft_table_flush(&x->n->txn, family, NFT_OUR_TABLE,
					NULL);
		else
			nft_table_del(&x->n->txn, family, NFT_OUR_TABLE, NULL);
	}
	clear_chains(x);
	clear_sets(x);
}

/* Kept sets, and the elements of learned ones, are not made again. */
static bool is_kept(const struct whole *x, const struct object *o)
{
	const struct nft_set *s;
	struct nft_name name;

	if (o->kind != KIND_SET && o->kind != KIND_ELEMENT)
		return false;
	if (nft_name_split(o->name, &name))
		return false;
	s = nft_set_find(&x->n->txn, name.family, NFT_OUR_TABLE, name.thing);
	return s && keeps_set(x, s);
}

static int fill(struct whole *x)
{
	int err = 0;

	for (uint32_t i = 0; i < x->wanted->n && !err; i++)
		if (!is_kept(x, x->wanted->v[i]))
			err = nft_make(x->n, x->wanted->v[i],
				       x->wanted->v[i]);
	return err;
}

static int build_whole(struct whole *x)
{
	struct nft_net *n = x->n;
	int err = nft_dump(&n->sock, NFT_OUR_TABLE, false, x->arena,
			   &x->found);

	if (err)
		return err;
	nft_txn_reset(&n->txn);
	nft_net_learn(n, &x->found);
	clear(x);
	return fill(x);
}

/* Replaces all rules of the namespace by what is wanted there. */
static int replace(struct host *h, struct ns *ns, struct nft_net *n)
{
	struct whole x = { .n = n, .ns = ns, .arena = arena_new() };
	struct refusal *r = calloc(1, sizeof(*r));
	int err;

	if (!r)
		abort();
	r->h = h;
	r->n = n;
	x.wanted = wanted_of(h, ns, n);
	err = build_whole(&x);
	if (err)
		on_error(r, NULL, err, n->txn.err);
	else
		err = nft_commit(&n->sock, &n->txn, x.found.gen, on_error, r);
	if (err)
		tell(r, err);
	free(r);
	state_free(x.wanted);
	arena_free(x.arena);
	return err;
}

int nft_send(struct host *h, struct ns *ns, struct nft_net *n)
{
	int err = nft_commit(&n->sock, &n->txn, 0, NULL, NULL);

	return err ? replace(h, ns, n) : 0;
}

static int by_number(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

/* A mark that went with one chain and came with another is still in use. */
void nft_end_connections(struct nft_net *n)
{
	struct nft_marks *g = &n->gone, *c = &n->came;
	uint32_t kept = 0;

	if (!g->n)
		return;
	qsort(g->v, g->n, sizeof(*g->v), by_number);
	if (c->n)
		qsort(c->v, c->n, sizeof(*c->v), by_number);
	for (uint32_t i = 0; i < g->n; i++) {
		bool again = kept && g->v[kept - 1] == g->v[i];

		if (!again && !(c->n && bsearch(&g->v[i], c->v, c->n,
						sizeof(*c->v), by_number)))
			g->v[kept++] = g->v[i];
	}
	ct_delete_marks(&n->sock, g->v, kept);
}

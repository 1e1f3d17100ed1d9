// driver.c - nft objects become one transaction a namespace
// SPDX-License-Identifier: GPL-2.0-or-later
#include "driver.h"
#include "netd/help.h"

#include <errno.h>
#include <linux/netfilter.h>
#include <stdlib.h>
#include <string.h>

#include "ct.h"

/*
 * All or nothing: what can't be built or is refused leaves the namespace's
 * rules as they were, and the steps that are to blame are told.
 */

/* "inet netd", "inet netd CHAIN", "inet netd SET KEY" taken apart. */
int nft_name_split(const char *name, struct nft_name *n)
{
	const char *sp = strchr(name, ' ');
	size_t len;

	memset(n, 0, sizeof(*n));
	n->family = sp ? nft_family_by_name(name, sp - name) : -EINVAL;
	if (n->family < 0)
		return -EINVAL;
	name = sp + 1;
	len = strcspn(name, " ");
	if (len != strlen(NFT_OUR_TABLE) || memcmp(name, NFT_OUR_TABLE, len))
		return -EINVAL;
	name += len;
	if (!*name)
		return 0;
	len = strcspn(++name, " ");
	if (!len || len >= sizeof(n->thing))
		return -EINVAL;
	memcpy(n->thing, name, len);
	n->key = name[len] ? name + len + 1 : "";
	return 0;
}

static int fam(int family)
{
	return family == NFPROTO_BRIDGE;
}

/* What is in the kernel already: tables, and the types of its sets. */
void nft_net_learn(struct nft_net *n, const struct nft_found *f)
{
	n->txn.nsets = 0;
	memset(n->there, 0, sizeof(n->there));
	for (uint32_t i = 0; i < f->ntables; i++) {
		n->there[fam(f->tables[i].family)] = true;
		n->flags[fam(f->tables[i].family)] = f->tables[i].flags;
	}
	for (uint32_t i = 0; i < f->nsets; i++)
		nft_set_know(&n->txn, &f->sets[i]);
	n->known = true;
}

static int net_open(struct host *h, struct ns *ns, struct nft_net *n)
{
	return nft_sock_setup(&n->sock, help_socket(ns->fd,
						    NETLINK_NETFILTER));
}

/* The socket stays open as long as the namespace: it owns the tables. */
struct nft_net *nft_net_get(struct host *h, struct ns *ns, int *err)
{
	struct nft_net *n = ns->nft;

	*err = 0;
	if (n)
		return n;
	n = calloc(1, sizeof(*n));
	if (!n)
		abort();
	nft_txn_init(&n->txn);
	*err = net_open(h, ns, n);
	if (*err) {
		free(n);
		return NULL;
	}
	ns->nft = n;
	return n;
}

void nft_forget_found(struct nft_net *n)
{
	arena_free(n->found.arena);
	memset(&n->found, 0, sizeof(n->found));
	n->seen = false;
}

void nft_ns_free(struct ns *ns)
{
	struct nft_net *n = ns->nft;

	if (!n)
		return;
	nft_forget_found(n);
	nft_sock_close(&n->sock);
	nft_txn_free(&n->txn);
	free(n->steps);
	free(n->gone.v);
	free(n->came.v);
	free(n->ports);
	free(n);
	ns->nft = NULL;
}

static bool persists(struct nft_net *n)
{
	static int known = -1;

	if (known < 0)
		known = nft_sock_persists(&n->sock);
	return known;
}

/*
 * An owned table goes with its owner's socket unless it persists: then a
 * crash of ours would open what the rules close.  So both flags or none.
 */
uint32_t nft_table_flags(struct nft_net *n, int family)
{
	if (n->there[fam(family)])
		return n->flags[fam(family)] & NFT_TF_PERSIST ?
			NFT_TF_OWNER | NFT_TF_PERSIST : 0;
	return persists(n) ? NFT_TF_OWNER | NFT_TF_PERSIST : 0;
}

/* After our own death our tables are orphans that anyone may write. */
void nft_adopt(struct nft_net *n, struct nft_found *f)
{
	struct nft_txn t;

	nft_txn_init(&t);
	for (uint32_t i = 0; i < f->ntables; i++)
		if ((f->tables[i].flags & (NFT_TF_OWNER | NFT_TF_PERSIST)) ==
		    NFT_TF_PERSIST)
			nft_table_add(&t, f->tables[i].family, NFT_OUR_TABLE,
				      NFT_TF_OWNER | NFT_TF_PERSIST, NULL);
	if (!nft_txn_empty(&t) &&
	    !nft_commit(&n->sock, &t, 0, NULL, NULL))
		for (uint32_t i = 0; i < f->ntables; i++)
			if (f->tables[i].flags & NFT_TF_PERSIST)
				f->tables[i].flags |= NFT_TF_OWNER;
	nft_txn_free(&t);
}

/* --- steps ------------------------------------------------------------- */

static void marks_add(struct nft_marks *m, const struct list *l)
{
	if (m->n + l->n > m->cap) {
		m->cap = 2 * m->cap + l->n;
		m->v = realloc(m->v, m->cap * sizeof(*m->v));
		if (!m->v)
			abort();
	}
	if (l->n)
		memcpy(m->v + m->n, l->items, l->n * sizeof(*m->v));
	m->n += l->n;
}

/* The mark that an element of a map of marks gives, or 0. */
static uint32_t element_mark(const char *set, const char *data)
{
	static const char maps[] = "fwd_mark";
	uint64_t v;

	if (strncmp(set, maps, sizeof(maps) - 1) || !data ||
	    nft_type_number(data, strlen(data), UINT32_MAX, &v))
		return 0;
	return v;
}

static void element_marks(struct nft_net *n, const struct nft_name *name,
			  const struct step *s)
{
	const struct element *h = (const void *)s->have;
	const struct element *w = (const void *)s->want;
	uint32_t have = h ? element_mark(name->thing, h->data) : 0;
	uint32_t want = w ? element_mark(name->thing, w->data) : 0;

	if (have)
		marks_add(&n->gone, &(struct list){ &have, 1 });
	if (want)
		marks_add(&n->came, &(struct list){ &want, 1 });
}

/*
 * A port that is admitted no more: what was learned of it goes too.  Its
 * elements in sets of ports tell, in the order in which they are destroyed.
 */
static void element_port(struct nft_net *n, const struct nft_name *name,
			 const struct element *e)
{
	const struct nft_set *s = nft_set_find(&n->txn, name->family,
					       NFT_OUR_TABLE, name->thing);
	struct nft_port *p;

	if (!s || s->family != NFPROTO_BRIDGE || s->nkey != 1 ||
	    s->key[0] != &nft_types[T_IFNAME])
		return;
	if (n->nports == n->cports) {
		n->cports = 2 * n->cports + 16;
		n->ports = realloc(n->ports, n->cports * sizeof(*n->ports));
		if (!n->ports)
			abort();
	}
	p = &n->ports[n->nports++];
	memset(p, 0, sizeof(*p));
	snprintf(p->key, sizeof(p->key), "%s", name->key);
	if (s->ndata && s->data[0] == &nft_types[T_MARK])
		snprintf(p->mark, sizeof(p->mark), "%s", e->data);
}

static int table_create(struct nft_net *n, const struct nft_name *name,
			const struct object *o, const void *who)
{
	return nft_table_add(&n->txn, name->family, NFT_OUR_TABLE,
			     nft_table_flags(n, name->family), who);
}

/* Its chains go along without a step of their own. */
static void table_marks(struct nft_net *n, int family)
{
	struct arena *a = arena_new();
	struct nft_found f;
	uint32_t mark;

	if (nft_dump(&n->sock, NFT_OUR_TABLE, true, a, &f))
		f.nchains = f.nelems = 0;
	for (uint32_t i = 0; i < f.nchains; i++)
		if (f.chains[i].family == family)
			marks_add(&n->gone, &(struct list){
				f.chains[i].marks, f.chains[i].nmarks });
	for (uint32_t i = 0; i < f.nelems; i++) {
		mark = element_mark(f.sets[f.elems[i].set].name,
				    f.elems[i].data);
		if (mark && f.sets[f.elems[i].set].family == family)
			marks_add(&n->gone, &(struct list){ &mark, 1 });
	}
	arena_free(a);
}

static int table_destroy(struct nft_net *n, const struct nft_name *name,
			 const void *who)
{
	table_marks(n, name->family);
	return nft_table_del(&n->txn, name->family, NFT_OUR_TABLE, who);
}

static int set_create(struct nft_net *n, const struct nft_name *name,
		      const struct object *o, const void *who)
{
	return nft_set_add(&n->txn, name->family, NFT_OUR_TABLE, name->thing,
			   ((const struct set *)o)->decl, who);
}

static int set_destroy(struct nft_net *n, const struct nft_name *name,
		       const void *who)
{
	return nft_set_del(&n->txn, name->family, NFT_OUR_TABLE, name->thing,
			   who);
}

static int chain_create(struct nft_net *n, const struct nft_name *name,
			const struct object *o, const void *who)
{
	return nft_chain_add(&n->txn, name->family, NFT_OUR_TABLE,
			     name->thing, ((const struct chain *)o)->text,
			     who);
}

/* Does the chain stand in the hook, and in its place, that the text says? */
static bool same_place(struct nft_net *n, const struct nft_name *name,
		       const char *text)
{
	struct nft_base want, have;

	if (nft_chain_head(text, name->family, &want, n->txn.err) ||
	    !want.is_base)
		return true;
	if (nft_dump_base(&n->sock, name->family, NFT_OUR_TABLE, name->thing,
			  &have))
		return true;
	have.policy = want.policy;	/* this alone changes in place */
	return nft_chain_base_hash(&want) == nft_chain_base_hash(&have);
}

static int chain_update(struct nft_net *n, const struct nft_name *name,
			const struct object *o, const void *who)
{
	const char *text = ((const struct chain *)o)->text;
	int err;

	if (!same_place(n, name, text)) {
		err = nft_chain_add(&n->txn, name->family, NFT_OUR_TABLE,
				    name->thing, text, who);
		return err ? err : nft_chain_del(&n->txn, name->family,
						 NFT_OUR_TABLE, name->thing,
						 who);
	}
	return nft_chain_replace(&n->txn, name->family, NFT_OUR_TABLE,
				 name->thing, text, who);
}

static int chain_destroy(struct nft_net *n, const struct nft_name *name,
			 const void *who)
{
	return nft_chain_del(&n->txn, name->family, NFT_OUR_TABLE,
			     name->thing, who);
}

static int element_create(struct nft_net *n, const struct nft_name *name,
			  const struct object *o, const void *who)
{
	return nft_elem_add(&n->txn, name->family, NFT_OUR_TABLE, name->thing,
			    name->key, ((const struct element *)o)->data, who);
}

static int element_destroy(struct nft_net *n, const struct nft_name *name,
			   const void *who)
{
	return nft_elem_del(&n->txn, name->family, NFT_OUR_TABLE, name->thing,
			    name->key, who);
}

/* Another verdict for the same key is EEXIST: so it goes and comes. */
static int element_update(struct nft_net *n, const struct nft_name *name,
			  const struct object *o, const void *who)
{
	int err = element_destroy(n, name, who);

	return err ? err : element_create(n, name, o, who);
}

static const struct verbs {
	int (*create)(struct nft_net *n, const struct nft_name *name,
		      const struct object *o, const void *who);
	int (*update)(struct nft_net *n, const struct nft_name *name,
		      const struct object *o, const void *who);
	int (*destroy)(struct nft_net *n, const struct nft_name *name,
		       const void *who);
} verbs[KIND_COUNT] = {
	[KIND_TABLE] = { table_create, table_create, table_destroy },
	[KIND_SET] = { set_create, set_create, set_destroy },
	[KIND_CHAIN] = { chain_create, chain_update, chain_destroy },
	[KIND_ELEMENT] = { element_create, element_update, element_destroy },
};

static void step_keep(struct nft_net *n, const struct step *s)
{
	if (n->nsteps == n->csteps) {
		n->csteps = 2 * n->csteps + 64;
		n->steps = realloc(n->steps, n->csteps * sizeof(*n->steps));
		if (!n->steps)
			abort();
	}
	n->steps[n->nsteps++] = s;
}

/* What a step means for connections and for what was learned. */
static void step_traces(struct nft_net *n, const struct nft_name *name,
			const struct step *s)
{
	const struct object *o = s->have ? s->have : s->want;

	if (o->kind == KIND_ELEMENT) {
		element_marks(n, name, s);
		if (s->op == OP_DESTROY)
			element_port(n, name, (const void *)s->have);
	}
	if (o->kind == KIND_CHAIN && s->have)
		marks_add(&n->gone, &((const struct chain *)s->have)->marks);
	if (o->kind == KIND_CHAIN && s->want)
		marks_add(&n->came, &((const struct chain *)s->want)->marks);
}

/* The namespace's back end with what the kernel holds known to it. */
static struct nft_net *step_net(struct host *h, const struct object *o,
				int *err)
{
	struct ns *ns = ns_get(h, o->netns, err);
	struct nft_net *n = ns ? nft_net_get(h, ns, err) : NULL;

	if (n && !n->known) {
		struct arena *a = arena_new();
		struct nft_found f;

		*err = nft_dump(&n->sock, NFT_OUR_TABLE, false, a, &f);
		if (!*err) {
			nft_adopt(n, &f);
			nft_net_learn(n, &f);
		}
		arena_free(a);
	}
	return *err ? NULL : n;
}

static int step_build(struct nft_net *n, const struct nft_name *name,
		      const struct step *s)
{
	if (s->op == OP_DESTROY)
		return verbs[s->have->kind].destroy(n, name, s);
	if (s->op == OP_UPDATE)
		return verbs[s->want->kind].update(n, name, s->want, s);
	return verbs[s->want->kind].create(n, name, s->want, s);
}

static void begin(struct host *h, const struct step *s)
{
	const struct object *o = s->want ? s->want : s->have;
	struct nft_name name;
	struct nft_net *n;
	int err = 0;

	n = step_net(h, o, &err);
	if (!n) {
		step_failed(h, s, err ? err : -ENOENT, NULL);
		return;
	}
	n->txn.err[0] = 0;
	err = nft_name_split(o->name, &name);
	if (!err) {
		step_keep(n, s);
		step_traces(n, &name, s);
		err = step_build(n, &name, s);
	}
	if (err) {
		n->broken = true;
		step_failed(h, s, err, n->txn.err[0] ? n->txn.err : NULL);
	}
}

static void forget(struct nft_net *n)
{
	nft_txn_reset(&n->txn);
	n->nsteps = 0;
	n->gone.n = 0;
	n->came.n = 0;
	n->nports = 0;
	n->broken = false;
}

/* The transaction is in force: tables that came or went. */
static void settle(struct nft_net *n)
{
	for (uint32_t i = 0; i < n->nsteps; i++) {
		const struct step *s = n->steps[i];
		const struct object *o = s->want ? s->want : s->have;
		struct nft_name name;
		uint32_t flags;

		if (o->kind != KIND_TABLE || nft_name_split(o->name, &name))
			continue;
		flags = nft_table_flags(n, name.family);
		n->there[fam(name.family)] = s->op != OP_DESTROY;
		n->flags[fam(name.family)] = flags;
	}
}

static void commit_ns(struct host *h, struct nft_net *n)
{
	nft_forget_found(n);
	if (n->broken || nft_send(h, n)) {
		/* what the kernel holds is looked up again next time */
		n->known = false;
	} else {
		settle(n);
		nft_end_connections(n);
		nft_end_learned(n);
	}
	forget(n);
}

static void commit(struct host *h)
{
	for (struct ns *ns = ns_first(h); ns; ns = ns->next) {
		struct nft_net *n = ns->nft;

		if (n && (n->nsteps || n->broken))
			commit_ns(h, n);
	}
}

const struct driver driver_nft = {
	.observe = nft_observe,
	.create = begin,
	.update = begin,
	.destroy = begin,
	.commit = commit,
	.looks = OBSERVE_NFT,
};

// txn.c - one batch of changes: built by phase, sent at once, errors told
// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>
#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "nft.h"

#define LIST_MAX	60000	/* a list of elements holds less than 64 KiB */

void nft_txn_init(struct nft_txn *t)
{
	memset(t, 0, sizeof(*t));
}

void nft_txn_reset(struct nft_txn *t)
{
	for (int i = 0; i < NFT_PH_MAX; i++) {
		t->ph[i].len = 0;
		t->ph[i].nrefs = 0;
		t->ph[i].open = 0;
	}
	t->messages = 0;
	t->next_id = 0;
	t->err[0] = 0;
}

void nft_txn_free(struct nft_txn *t)
{
	for (int i = 0; i < NFT_PH_MAX; i++) {
		free(t->ph[i].data);
		free(t->ph[i].refs);
	}
	free(t->sets);
	nft_txn_init(t);
}

bool nft_txn_empty(const struct nft_txn *t)
{
	return !t->messages;
}

int nft_txn_error(struct nft_txn *t, int err, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(t->err, sizeof(t->err), fmt, ap);
	va_end(ap);
	return err;
}

void nft_txn_mark(const struct nft_txn *t, struct nft_mark *m)
{
	for (int i = 0; i < NFT_PH_MAX; i++) {
		m->len[i] = t->ph[i].len;
		m->nrefs[i] = t->ph[i].nrefs;
	}
	m->messages = t->messages;
}

void nft_txn_rewind(struct nft_txn *t, const struct nft_mark *m)
{
	for (int i = 0; i < NFT_PH_MAX; i++) {
		t->ph[i].len = m->len[i];
		t->ph[i].nrefs = m->nrefs[i];
		t->ph[i].open = 0;
	}
	t->messages = m->messages;
}

/* Running out of memory is fatal: inputs are bounded long before. */
static void *grow(void *p, uint32_t *cap, uint32_t need, size_t size)
{
	if (need <= *cap)
		return p;
	*cap = need < 2 * *cap ? 2 * *cap : need + 64;
	p = realloc(p, *cap * size);
	if (!p)
		abort();
	return p;
}

static void ref_add(struct nft_buf *b, uint32_t off, const void *who)
{
	b->refs = grow(b->refs, &b->crefs, b->nrefs + 1, sizeof(b->refs[0]));
	b->refs[b->nrefs++] = (struct nft_ref){ off, who };
}

struct nlmsghdr *nft_txn_msg(struct nft_txn *t, enum nft_phase ph, int type,
			     int family, int flags, uint32_t len,
			     const void *who)
{
	struct nft_buf *b = &t->ph[ph];
	struct nlmsghdr *nlh;
	struct nfgenmsg *g;

	b->data = grow(b->data, &b->cap, b->len + len + 64, 1);
	b->open = 0;
	ref_add(b, b->len, who);
	nlh = mnl_nlmsg_put_header(b->data + b->len);
	nlh->nlmsg_type = NFNL_SUBSYS_NFTABLES << 8 | type;
	nlh->nlmsg_flags = NLM_F_REQUEST | flags;
	if (type == NFT_MSG_NEWTABLE || type == NFT_MSG_NEWCHAIN ||
	    type == NFT_MSG_NEWSET || type == NFT_MSG_NEWSETELEM ||
	    type == NFT_MSG_NEWRULE)
		nlh->nlmsg_flags |= NLM_F_CREATE;
	g = mnl_nlmsg_put_extra_header(nlh, sizeof(*g));
	g->nfgen_family = family;
	g->version = NFNETLINK_V0;
	t->messages++;
	return nlh;
}

void nft_txn_end(struct nft_txn *t, enum nft_phase ph, struct nlmsghdr *nlh)
{
	struct nft_buf *b = &t->ph[ph];

	b->len = (char *)nlh - b->data + MNL_ALIGN(nlh->nlmsg_len);
}

/* A message that holds the name of a table, and of one thing in it. */
static int simple(struct nft_txn *t, enum nft_phase ph, int type, int family,
		  const char *table, int attr, const char *name,
		  const void *who)
{
	struct nlmsghdr *nlh;

	nlh = nft_txn_msg(t, ph, type, family, 0, 512, who);
	mnl_attr_put_strz(nlh, 1, table);	/* NFTA_*_TABLE */
	if (name)
		mnl_attr_put_strz(nlh, attr, name);
	nft_txn_end(t, ph, nlh);
	return 0;
}

int nft_table_add(struct nft_txn *t, int family, const char *table,
		  uint32_t flags, const void *who)
{
	struct nlmsghdr *nlh;

	nlh = nft_txn_msg(t, NFT_PH_TABLE, NFT_MSG_NEWTABLE, family, 0, 256,
			  who);
	mnl_attr_put_strz(nlh, NFTA_TABLE_NAME, table);
	mnl_attr_put_u32(nlh, NFTA_TABLE_FLAGS, htonl(flags));
	nft_txn_end(t, NFT_PH_TABLE, nlh);
	return 0;
}

int nft_table_del(struct nft_txn *t, int family, const char *table,
		  const void *who)
{
	return simple(t, NFT_PH_DELTABLE, NFT_MSG_DELTABLE, family, table, 0,
		      NULL, who);
}

int nft_chain_flush(struct nft_txn *t, int family, const char *table,
		    const char *chain, const void *who)
{
	return simple(t, NFT_PH_FLUSH, NFT_MSG_DELRULE, family, table,
		      NFTA_RULE_CHAIN, chain, who);
}

int nft_chain_del(struct nft_txn *t, int family, const char *table,
		  const char *chain, const void *who)
{
	nft_chain_flush(t, family, table, chain, who);
	return simple(t, NFT_PH_DELCHAIN, NFT_MSG_DELCHAIN, family, table,
		      NFTA_CHAIN_NAME, chain, who);
}

int nft_set_del(struct nft_txn *t, int family, const char *table,
		const char *name, const void *who)
{
	return simple(t, NFT_PH_DELSET, NFT_MSG_DELSET, family, table,
		      NFTA_SET_NAME, name, who);
}

static bool set_is(const struct nft_set *s, int family, const char *table,
		   const char *name)
{
	return s->family == family && !strcmp(s->name, name) &&
		!strcmp(s->table, table);
}

/* Elements come set by set, so that the one found last is tried first. */
const struct nft_set *nft_set_find(struct nft_txn *t, int family,
				   const char *table, const char *name)
{
	if (t->hit < t->nsets && set_is(&t->sets[t->hit], family, table, name))
		return &t->sets[t->hit];
	for (uint32_t i = 0; i < t->nsets; i++)
		if (set_is(&t->sets[i], family, table, name)) {
			t->hit = i;
			return &t->sets[i];
		}
	return NULL;
}

int nft_set_know(struct nft_txn *t, const struct nft_set *s)
{
	const struct nft_set *old;

	old = nft_set_find(t, s->family, s->table, s->name);
	if (old) {
		t->sets[old - t->sets] = *s;
		return 0;
	}
	t->sets = grow(t->sets, &t->csets, t->nsets + 1, sizeof(t->sets[0]));
	t->sets[t->nsets++] = *s;
	return 0;
}

int nft_set_add(struct nft_txn *t, int family, const char *table,
		const char *name, const char *text, const void *who)
{
	struct nft_set s;
	int err;

	if (strlen(table) >= NFT_NAME || strlen(name) >= NFT_NAME)
		return nft_txn_error(t, -ENAMETOOLONG, "%s: name too long",
				     name);
	err = nft_set_parse(text, &s, t->err);
	if (err)
		return err;
	s.family = family;
	strcpy(s.table, table);
	strcpy(s.name, name);
	s.id = ++t->next_id;
	err = nft_set_put(t, NFT_PH_SET, &s, who);
	s.id = 0;
	return err ? err : nft_set_know(t, &s);
}

static bool can_append(const struct nft_buf *b, int op,
		       const struct nft_set *s)
{
	const struct nlmsghdr *nlh;

	if (!b->open || b->open_op != op || b->open_family != s->family ||
	    strcmp(b->open_set, s->name) || strcmp(b->open_table, s->table))
		return false;
	nlh = (void *)(b->data + b->open - 1);
	return nlh->nlmsg_len + NFT_ELEM_MAX < LIST_MAX;
}

static struct nlmsghdr *elem_message(struct nft_txn *t, enum nft_phase ph,
				     int op, const struct nft_set *s,
				     const void *who)
{
	struct nft_buf *b = &t->ph[ph];
	struct nlattr *nest;
	struct nlmsghdr *nlh;

	nlh = nft_txn_msg(t, ph, op, s->family, 0, 512, who);
	mnl_attr_put_strz(nlh, NFTA_SET_ELEM_LIST_TABLE, s->table);
	mnl_attr_put_strz(nlh, NFTA_SET_ELEM_LIST_SET, s->name);
	if (s->id)
		mnl_attr_put_u32(nlh, NFTA_SET_ELEM_LIST_SET_ID, htonl(s->id));
	nest = mnl_attr_nest_start(nlh, NFTA_SET_ELEM_LIST_ELEMENTS);
	b->open = (char *)nlh - b->data + 1;
	b->open_nest = (char *)nest - (char *)nlh;
	b->open_op = op;
	b->open_family = s->family;
	strcpy(b->open_set, s->name);
	strcpy(b->open_table, s->table);
	return nlh;
}

int nft_elem_append(struct nft_txn *t, enum nft_phase ph, int op,
		    const struct nft_set *s, const struct nft_elem *e,
		    const void *who)
{
	struct nft_buf *b = &t->ph[ph];
	struct nlmsghdr *nlh;
	uint32_t off;

	if (!can_append(b, op, s))
		nft_txn_end(t, ph, elem_message(t, ph, op, s, who));
	b->data = grow(b->data, &b->cap, b->len + NFT_ELEM_MAX, 1);
	nlh = (void *)(b->data + b->open - 1);
	off = b->len;
	nft_elem_put(nlh, s, e, op == NFT_MSG_NEWSETELEM);
	mnl_attr_nest_end(nlh, (void *)((char *)nlh + b->open_nest));
	nft_txn_end(t, ph, nlh);
	ref_add(b, off, who);
	return 0;
}

static int elem_change(struct nft_txn *t, enum nft_phase ph, int op,
		       int family, const char *table, const char *set,
		       const char *key, const char *data, const void *who)
{
	const struct nft_set *s = nft_set_find(t, family, table, set);
	struct nft_elem e;

	if (!s)
		return nft_txn_error(t, -ENOENT, "set %s is not known", set);
	if (nft_elem_parse(s, key, data, &e))
		return nft_txn_error(t, -EINVAL,
				     "set %s: '%s%s%s' is no element of it",
				     set, key, data ? " : " : "",
				     data ? data : "");
	return nft_elem_append(t, ph, op, s, &e, who);
}

int nft_elem_add(struct nft_txn *t, int family, const char *table,
		 const char *set, const char *key, const char *data,
		 const void *who)
{
	return elem_change(t, NFT_PH_ELEM, NFT_MSG_NEWSETELEM, family, table,
			   set, key, data, who);
}

int nft_elem_del(struct nft_txn *t, int family, const char *table,
		 const char *set, const char *key, const void *who)
{
	return elem_change(t, NFT_PH_DELELEM, NFT_MSG_DELSETELEM, family,
			   table, set, key, NULL, who);
}

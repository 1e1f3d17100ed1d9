// set.c - declarations of sets and maps, as text and as the kernel has them
// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>
#include <errno.h>
#include <libnftnl/set.h>
#include <libnftnl/udata.h>
#include <linux/netfilter/nf_tables.h>
#include <stdlib.h>
#include <string.h>

#include "netd/field.h"
#include "nft.h"

#define TYPE_BITS	6	/* of each part in NFTA_SET_KEY_TYPE */

static int set_error(char *err, const char *why, const struct nft_word *w)
{
	snprintf(err, NFT_ERR, "%s%s%.*s%s", why, w ? ": '" : "",
		 w ? w->n : 0, w ? w->s : "", w ? "'" : "");
	return -EINVAL;
}

int nft_set_types(struct nft_words *ws, const struct nft_type **t)
{
	int n = 0;

	do {
		const struct nft_word *w = nft_words_next(ws);

		if (!w || n == NFT_PARTS)
			return -EINVAL;
		t[n] = nft_type_by_name(w->s, w->n);
		if (!t[n] || (!t[n]->len && t[n]->form != NFT_FORM_VERDICT))
			return -EINVAL;
		n++;
	} while (nft_words_take(ws, "."));
	return n;
}

int nft_set_types_by_id(uint32_t id, const struct nft_type **t)
{
	int n = 1;

	for (uint32_t x = id >> TYPE_BITS; x; x >>= TYPE_BITS)
		n++;
	if (n > NFT_PARTS)
		return -EINVAL;
	for (int i = n - 1; i >= 0; i--, id >>= TYPE_BITS) {
		t[i] = nft_type_by_id(id & ((1 << TYPE_BITS) - 1));
		if (!t[i] || !t[i]->len)
			return -EINVAL;
	}
	return n;
}

bool nft_set_is_verdict_map(const struct nft_set *s)
{
	return s->ndata && s->data[0]->form == NFT_FORM_VERDICT;
}

bool nft_set_is_learned(const struct nft_set *s)
{
	return s->flags & NFT_SET_EVAL;
}

static uint32_t data_len(const struct nft_set *s)
{
	uint32_t len = 0;

	if (s->ndata == 1)
		return s->data[0]->len;
	for (int i = 0; i < s->ndata; i++)
		len += (s->data[i]->len + 3) & ~3u;
	return len;
}

/* An integer is as long as the key it is compared with, others as the type. */
static uint32_t key_len(struct nft_set *s)
{
	uint32_t len = 0;

	for (int i = 0; i < s->nkey; i++) {
		if (s->key[i]->len)
			s->part[i] = s->key[i]->len;
		len += (s->part[i] + 3) & ~3u;
	}
	return s->nkey == 1 ? s->part[0] : len;
}

static uint32_t types_id(const struct nft_type *const *t, int n)
{
	uint32_t id = 0;

	for (int i = 0; i < n; i++)
		id = id << TYPE_BITS | t[i]->id;
	return id;
}

/* Derives what follows from the types and checks that it can be. */
int nft_set_finish(struct nft_set *s, char *err)
{
	s->key_len = key_len(s);
	s->data_len = data_len(s);
	if (s->ndata)
		s->flags |= NFT_SET_MAP;
	if (s->data_interval)
		s->data_len *= 2;
	if (s->key_len > NFT_KEYLEN || s->data_len > NFT_KEYLEN)
		return set_error(err, "the concatenation is too long", NULL);
	for (int i = 0; i < s->nkey; i++)
		if (s->key[i]->form == NFT_FORM_VERDICT)
			return set_error(err, "a verdict is no key", NULL);
	if (nft_set_is_verdict_map(s) && s->ndata > 1)
		return set_error(err, "a verdict stands alone", NULL);
	if (!(s->flags & NFT_SET_INTERVAL))
		return 0;
	/* CONCAT and its description only with INTERVAL: nft does so, and
	 * flags that differ from nft's make it EEXIST to add a set again */
	if (s->nkey > 1)
		s->flags |= NFT_SET_CONCAT;
	else if (s->key[0]->order != NFT_BIG)
		return set_error(err, "no interval of this type", NULL);
	return 0;
}

static const struct {
	const char *unit;
	uint64_t ms;
} units[] = {
	{ "ms", 1 }, { "d", 86400000 }, { "h", 3600000 }, { "m", 60000 },
	{ "s", 1000 },
};

/* `1d2h3m4s500ms`, as nft prints it. */
int nft_set_time(const struct nft_word *w, uint64_t *ms)
{
	size_t i = 0;

	*ms = 0;
	while (w && i < w->n) {
		size_t from = i, u;
		uint64_t v;

		while (i < w->n && w->s[i] >= '0' && w->s[i] <= '9')
			i++;
		if (nft_type_number(w->s + from, i - from, 1000000, &v))
			return -EINVAL;
		for (u = 0; u < 5; u++)
			if (w->n - i >= strlen(units[u].unit) &&
			    !memcmp(w->s + i, units[u].unit,
				    strlen(units[u].unit)))
				break;
		if (u == 5)
			return -EINVAL;
		*ms += v * units[u].ms;
		i += strlen(units[u].unit);
	}
	return *ms ? 0 : -EINVAL;
}

static int decl_type(struct nft_set *s, struct nft_words *ws)
{
	int n = nft_set_types(ws, s->key);

	if (n < 0)
		return n;
	s->nkey = n;
	if (!nft_words_take(ws, ":"))
		return 0;
	s->data_interval = nft_words_take(ws, "interval");
	n = nft_set_types(ws, s->data);
	if (n < 0)
		return n;
	s->ndata = n;
	return 0;
}

static const struct {
	const char *name;
	uint32_t flag;
} flag_names[] = {
	{ "interval", NFT_SET_INTERVAL },
	{ "timeout", NFT_SET_TIMEOUT },
	{ "dynamic", NFT_SET_EVAL },
	{ "constant", NFT_SET_CONSTANT },
};

static int decl_flags(struct nft_set *s, struct nft_words *ws)
{
	const struct nft_word *w = nft_words_next(ws);
	size_t i = 0;

	while (w && i < w->n) {
		size_t from = i, f;

		while (i < w->n && w->s[i] != ',')
			i++;
		for (f = 0; f < 4; f++)
			if (strlen(flag_names[f].name) == i - from &&
			    !memcmp(flag_names[f].name, w->s + from, i - from))
				break;
		if (f == 4)
			return -EINVAL;
		s->flags |= flag_names[f].flag;
		i++;
	}
	return w ? 0 : -EINVAL;
}

static int decl_size(struct nft_set *s, struct nft_words *ws)
{
	const struct nft_word *w = nft_words_next(ws);
	uint64_t v;

	if (!w || nft_type_number(w->s, w->n, UINT32_MAX, &v))
		return -EINVAL;
	s->size = v;
	return 0;
}

static int decl_timeout(struct nft_set *s, struct nft_words *ws)
{
	s->flags |= NFT_SET_TIMEOUT;
	return nft_set_time(nft_words_next(ws), &s->timeout);
}

static int decl_gc(struct nft_set *s, struct nft_words *ws)
{
	return nft_set_time(nft_words_next(ws), &s->gc);
}

static const struct {
	const char *name;
	int (*read)(struct nft_set *s, struct nft_words *ws);
} decls[] = {
	{ "type", decl_type },
	{ "flags", decl_flags },
	{ "size", decl_size },
	{ "timeout", decl_timeout },
	{ "gc-interval", decl_gc },
};

static int decl_read(struct nft_set *s, struct nft_words *ws)
{
	for (size_t i = 0; i < sizeof(decls) / sizeof(decls[0]); i++)
		if (nft_words_take(ws, decls[i].name))
			return decls[i].read(s, ws);
	return -EINVAL;
}

int nft_set_parse(const char *text, struct nft_set *s, char *err)
{
	struct nft_words *ws = malloc(sizeof(*ws));
	int r = ws ? nft_words_split(ws, text, strlen(text)) : -ENOMEM;

	memset(s, 0, sizeof(*s));
	s->hash = hash64(text, strlen(text));
	while (!r && ws->i < ws->n) {
		if (nft_words_take(ws, ";"))
			continue;
		r = decl_read(s, ws);
		if (r)
			set_error(err, "not understood in a set, before",
				  ws->i < ws->n ? &ws->w[ws->i] : NULL);
	}
	if (!r && !s->nkey)
		r = set_error(err, "a set needs a type", NULL);
	free(ws);
	return r ? r : nft_set_finish(s, err);
}

static void set_udata(const struct nft_set *s, struct nftnl_set *n)
{
	struct nftnl_udata_buf *b = nftnl_udata_buf_alloc(256);
	const struct nft_type *d = s->data[0];

	if (!b)
		return;
	/* Without it names of a set with one key are listed as "". */
	if (s->nkey == 1)
		nftnl_udata_put_u32(b, NFTNL_UDATA_SET_KEYBYTEORDER,
				    s->key[0]->order);
	if (s->ndata == 1 && d->form != NFT_FORM_VERDICT)
		nftnl_udata_put_u32(b, NFTNL_UDATA_SET_DATABYTEORDER,
				    d->order);
	/* Without it a rule that uses the map is listed cut off. */
	if (s->data_interval)
		nftnl_udata_put_u32(b, NFTNL_UDATA_SET_DATA_INTERVAL, 1);
	if (s->hash)
		nftnl_udata_put(b, NFT_UDATA_HASH, sizeof(s->hash), &s->hash);
	nftnl_set_set_data(n, NFTNL_SET_USERDATA, nftnl_udata_buf_data(b),
			   nftnl_udata_buf_len(b));
	nftnl_udata_buf_free(b);
}

static void set_concat(const struct nft_set *s, struct nftnl_set *n)
{
	uint8_t lens[NFT_PARTS];

	for (int i = 0; i < s->nkey; i++)
		lens[i] = s->part[i];
	nftnl_set_set_data(n, NFTNL_SET_DESC_CONCAT, lens, s->nkey);
}

static void set_data(const struct nft_set *s, struct nftnl_set *n)
{
	uint32_t type = types_id(s->data, s->ndata);

	if (nft_set_is_verdict_map(s))
		type = NFT_DATA_VERDICT;
	nftnl_set_set_u32(n, NFTNL_SET_DATA_TYPE, type);
	nftnl_set_set_u32(n, NFTNL_SET_DATA_LEN, s->data_len);
}

int nft_set_put(struct nft_txn *t, enum nft_phase ph, const struct nft_set *s,
		const void *who)
{
	struct nftnl_set *n = nftnl_set_alloc();
	struct nlmsghdr *nlh;

	if (!n)
		return -ENOMEM;
	nftnl_set_set_str(n, NFTNL_SET_TABLE, s->table);
	nftnl_set_set_str(n, NFTNL_SET_NAME, s->name);
	nftnl_set_set_u32(n, NFTNL_SET_FLAGS, s->flags);
	nftnl_set_set_u32(n, NFTNL_SET_KEY_TYPE, types_id(s->key, s->nkey));
	nftnl_set_set_u32(n, NFTNL_SET_KEY_LEN, s->key_len);
	nftnl_set_set_u32(n, NFTNL_SET_ID, s->id);
	if (s->ndata)
		set_data(s, n);
	if (s->flags & NFT_SET_CONCAT)
		set_concat(s, n);
	if (s->size)
		nftnl_set_set_u32(n, NFTNL_SET_DESC_SIZE, s->size);
	if (s->timeout)
		nftnl_set_set_u64(n, NFTNL_SET_TIMEOUT, s->timeout);
	if (s->gc)
		nftnl_set_set_u32(n, NFTNL_SET_GC_INTERVAL, s->gc);
	set_udata(s, n);
	nlh = nft_txn_msg(t, ph, NFT_MSG_NEWSET, s->family, 0, 2048, who);
	nftnl_set_nlmsg_build_payload(nlh, n);
	nft_txn_end(t, ph, nlh);
	nftnl_set_free(n);
	return 0;
}

// elem.c - elements of sets and maps: text, bytes, attributes
// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>
#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <libnftnl/udata.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <string.h>

#include "nft.h"

static unsigned int pad4(unsigned int n)
{
	return (n + 3) & ~3u;
}

/* Reads the parts of a concatenation into lo and hi, each part padded. */
static int parts_read(const struct nft_type *const *t, const uint8_t *part,
		      int n, bool interval, struct nft_words *ws, uint8_t *lo,
		      uint8_t *hi)
{
	for (int i = 0; i < n; i++) {
		unsigned int len = part ? part[i] : t[i]->len;
		const struct nft_word *w;
		struct nft_val v;

		if (i && !nft_words_take(ws, "."))
			return -EINVAL;
		w = nft_words_next(ws);
		if (!w || nft_type_parse(t[i], len, w, &v) || v.wild ||
		    (v.shape != NFT_ONE && !interval))
			return -EINVAL;
		memcpy(lo, v.lo, len);
		memcpy(hi, v.hi, len);
		lo += pad4(len);
		hi += pad4(len);
	}
	return 0;
}

int nft_elem_key(const struct nft_set *s, struct nft_words *ws,
		 struct nft_elem *e)
{
	memset(e->key, 0, sizeof(e->key));
	memset(e->end, 0, sizeof(e->end));
	return parts_read(s->key, s->part, s->nkey,
			  s->flags & NFT_SET_INTERVAL, ws, e->key, e->end);
}

static const struct {
	const char *name;
	int32_t code;
	bool chain;
} verdicts[] = {
	{ "accept", NF_ACCEPT, false },
	{ "drop", NF_DROP, false },
	{ "goto", NFT_GOTO, true },
	{ "jump", NFT_JUMP, true },
	{ "return", NFT_RETURN, false },
	{ "continue", NFT_CONTINUE, false },
};

#define VERDICTS	(sizeof(verdicts) / sizeof(verdicts[0]))

static int take_chain(struct nft_words *ws, char *chain)
{
	const struct nft_word *w = nft_words_next(ws);

	if (!w || !w->n || w->n >= NFT_NAME)
		return -EINVAL;
	for (unsigned int i = 0; i < w->n; i++) {
		char c = w->s[i];
		bool alpha = (c | 32) >= 'a' && (c | 32) <= 'z';
		bool rest = (c >= '0' && c <= '9') || c == '-' || c == '.';

		if (!alpha && c != '_' && !(i && rest))
			return -EINVAL;
	}
	memcpy(chain, w->s, w->n);
	chain[w->n] = 0;
	return 0;
}

/* 0, -ENOENT when the next word is no verdict, or -EINVAL. */
int nft_elem_verdict(struct nft_words *ws, int32_t *verdict, char *chain)
{
	chain[0] = 0;
	for (size_t i = 0; i < VERDICTS; i++)
		if (nft_words_take(ws, verdicts[i].name)) {
			*verdict = verdicts[i].code;
			return verdicts[i].chain ? take_chain(ws, chain) : 0;
		}
	return -ENOENT;
}

int nft_elem_data(const struct nft_set *s, struct nft_words *ws,
		  struct nft_elem *e)
{
	uint8_t hi[NFT_KEYLEN] = { 0 };

	if (nft_set_is_verdict_map(s))
		return nft_elem_verdict(ws, &e->verdict, e->chain) ?
			-EINVAL : 0;
	memset(e->data, 0, sizeof(e->data));
	if (parts_read(s->data, NULL, s->ndata, s->data_interval, ws, e->data,
		       hi))
		return -EINVAL;
	if (s->data_interval)
		memcpy(e->data + s->data_len / 2, hi, s->data_len / 2);
	return 0;
}

int nft_elem_parse(const struct nft_set *s, const char *key, const char *data,
		   struct nft_elem *e)
{
	struct nft_words ws;
	int err = nft_words_split(&ws, key, strlen(key));

	if (!err)
		err = nft_elem_key(s, &ws, e);
	if (err || ws.i < ws.n)
		return -EINVAL;
	if (!data || !s->ndata)
		return 0;
	err = nft_words_split(&ws, data, strlen(data));
	if (!err)
		err = nft_elem_data(s, &ws, e);
	return err || ws.i < ws.n ? -EINVAL : 0;
}

static unsigned int parts_print(const struct nft_type *const *t, int n,
				const uint8_t *lo, const uint8_t *hi,
				char *buf, size_t size)
{
	unsigned int len = 0;

	for (int i = 0; i < n && len + 100 < size; i++) {
		if (i) {
			memcpy(buf + len, " . ", 3);
			len += 3;
		}
		len += nft_type_print(t[i], t[i]->len, lo, hi, buf + len,
				      size - len);
		lo += pad4(t[i]->len);
		hi += pad4(t[i]->len);
	}
	buf[len] = 0;
	return len;
}

unsigned int nft_elem_print_key(const struct nft_set *s,
				const struct nft_elem *e, char *buf,
				size_t size)
{
	return parts_print(s->key, s->nkey, e->key, e->end, buf, size);
}

static unsigned int print_verdict(const struct nft_elem *e, char *buf,
				  size_t size)
{
	for (size_t i = 0; i < VERDICTS; i++)
		if (verdicts[i].code == e->verdict)
			return snprintf(buf, size, "%s%s%s", verdicts[i].name,
					verdicts[i].chain ? " " : "",
					verdicts[i].chain ? e->chain : "");
	return snprintf(buf, size, "%d", e->verdict);
}

unsigned int nft_elem_print_data(const struct nft_set *s,
				 const struct nft_elem *e, char *buf,
				 size_t size)
{
	const uint8_t *hi = e->data;

	if (nft_set_is_verdict_map(s))
		return print_verdict(e, buf, size);
	if (s->data_interval)
		hi += s->data_len / 2;
	return parts_print(s->data, s->ndata, e->data, hi, buf, size);
}

static void put_value(struct nlmsghdr *nlh, uint16_t type, const void *p,
		      unsigned int len)
{
	struct nlattr *nest = mnl_attr_nest_start(nlh, type);

	mnl_attr_put(nlh, NFTA_DATA_VALUE, len, p);
	mnl_attr_nest_end(nlh, nest);
}

static void put_data(struct nlmsghdr *nlh, const struct nft_set *s,
		     const struct nft_elem *e)
{
	struct nlattr *data, *verdict;

	if (!nft_set_is_verdict_map(s)) {
		put_value(nlh, NFTA_SET_ELEM_DATA, e->data, s->data_len);
		return;
	}
	data = mnl_attr_nest_start(nlh, NFTA_SET_ELEM_DATA);
	verdict = mnl_attr_nest_start(nlh, NFTA_DATA_VERDICT);
	mnl_attr_put_u32(nlh, NFTA_VERDICT_CODE, htonl(e->verdict));
	if (e->chain[0])
		mnl_attr_put_strz(nlh, NFTA_VERDICT_CHAIN, e->chain);
	mnl_attr_nest_end(nlh, verdict);
	mnl_attr_nest_end(nlh, data);
}

/* The key one past the last; false when there is none. */
static bool key_after(const uint8_t *last, unsigned int len, uint8_t *out)
{
	memcpy(out, last, len);
	for (unsigned int i = len; i-- > 0;)
		if (++out[i])
			return true;
	return false;
}

/* nft's mark of an interval that reaches to the last value of its type. */
static void put_open(struct nlmsghdr *nlh)
{
	static const uint8_t open[] = { NFTNL_UDATA_SET_ELEM_FLAGS, 4,
					NFTNL_SET_ELEM_F_INTERVAL_OPEN,
					0, 0, 0 };

	mnl_attr_put(nlh, NFTA_SET_ELEM_USERDATA, sizeof(open), open);
}

static void put_end(struct nlmsghdr *nlh, const uint8_t *key,
		    unsigned int len)
{
	struct nlattr *nest = mnl_attr_nest_start(nlh, NFTA_LIST_ELEM);

	mnl_attr_put_u32(nlh, NFTA_SET_ELEM_FLAGS,
			 htonl(NFT_SET_ELEM_INTERVAL_END));
	put_value(nlh, NFTA_SET_ELEM_KEY, key, len);
	mnl_attr_nest_end(nlh, nest);
}

void nft_elem_put(struct nlmsghdr *nlh, const struct nft_set *s,
		  const struct nft_elem *e, bool with_data)
{
	bool interval = s->flags & NFT_SET_INTERVAL;
	bool pairs = interval && s->nkey == 1;
	uint8_t after[NFT_KEYLEN];
	bool has_end = pairs && key_after(e->end, s->key_len, after);
	struct nlattr *nest = mnl_attr_nest_start(nlh, NFTA_LIST_ELEM);

	put_value(nlh, NFTA_SET_ELEM_KEY, e->key, s->key_len);
	if (interval && !pairs)
		put_value(nlh, NFTA_SET_ELEM_KEY_END, e->end, s->key_len);
	if (with_data && s->ndata)
		put_data(nlh, s, e);
	if (pairs && !has_end)
		put_open(nlh);
	mnl_attr_nest_end(nlh, nest);
	if (has_end)
		put_end(nlh, after, s->key_len);
}

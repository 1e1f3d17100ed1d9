// chain.c - chains: their header, their rules, and the stamp on each rule
// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>
#include <errno.h>
#include <libnftnl/chain.h>
#include <libnftnl/rule.h>
#include <libnftnl/udata.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netlink.h>
#include <stdlib.h>
#include <string.h>

#include "netd/field.h"
#include "nft.h"

#define COUNT(a)	(sizeof(a) / sizeof((a)[0]))
#define RULE_MAX	32768	/* bytes that one rule may fill */

static const char *const hooks[] = {
	[NF_INET_PRE_ROUTING] = "prerouting",
	[NF_INET_LOCAL_IN] = "input",
	[NF_INET_FORWARD] = "forward",
	[NF_INET_LOCAL_OUT] = "output",
	[NF_INET_POST_ROUTING] = "postrouting",
};

static const struct {
	const char *name;
	int32_t inet;
	int32_t bridge;
	int8_t hook;		/* where alone it has this name, or -1 */
} prios[] = {
	{ "raw", -300, INT32_MAX, -1 },
	{ "mangle", -150, INT32_MAX, -1 },
	{ "dstnat", -100, -300, NF_INET_PRE_ROUTING },
	{ "filter", 0, -200, -1 },
	{ "security", 50, INT32_MAX, -1 },
	{ "out", INT32_MAX, 100, NF_INET_LOCAL_OUT },
	{ "srcnat", 100, 300, NF_INET_POST_ROUTING },
};

static int32_t prio_of(size_t i, int family, int hook)
{
	if (prios[i].hook >= 0 && prios[i].hook != hook)
		return INT32_MAX;
	return family == NFPROTO_BRIDGE ? prios[i].bridge : prios[i].inet;
}

static int take_int(struct nft_words *ws, int32_t *out)
{
	const struct nft_word *w = nft_words_next(ws);
	bool minus = w && w->n > 1 && w->s[0] == '-';
	uint64_t v;

	if (!w || nft_type_number(w->s + minus, w->n - minus, 1 << 20, &v))
		return -EINVAL;
	*out = minus ? -(int32_t)v : (int32_t)v;
	return 0;
}

/* `-150`, `filter`, `filter + 5`, `filter - 5` */
static int take_prio(struct nft_words *ws, int family, int hook,
		     int32_t *prio)
{
	int32_t n = 0;

	for (size_t i = 0; i < COUNT(prios); i++) {
		int32_t std = prio_of(i, family, hook);

		if (std == INT32_MAX || !nft_words_take(ws, prios[i].name))
			continue;
		*prio = std;
		if (nft_words_take(ws, "+")) {
			if (take_int(ws, &n))
				return -EINVAL;
			*prio += n;
		} else if (nft_words_take(ws, "-")) {
			if (take_int(ws, &n))
				return -EINVAL;
			*prio -= n;
		}
		return 0;
	}
	return take_int(ws, prio);
}

static int take_hook(struct nft_words *ws, uint8_t *hook)
{
	for (size_t i = 0; i < COUNT(hooks); i++)
		if (nft_words_take(ws, hooks[i])) {
			*hook = i;
			return 0;
		}
	return -EINVAL;
}

static int base_read(struct nft_words *ws, int family, struct nft_base *b)
{
	const struct nft_word *type;

	nft_words_next(ws);
	type = nft_words_next(ws);
	if (!type || type->n >= sizeof(b->type))
		return -EINVAL;
	memcpy(b->type, type->s, type->n);
	if (!nft_words_take(ws, "hook") || take_hook(ws, &b->hook) ||
	    !nft_words_take(ws, "priority") ||
	    take_prio(ws, family, b->hook, &b->prio) ||
	    !nft_words_take(ws, ";"))
		return -EINVAL;
	if (nft_words_take(ws, "policy")) {
		if (nft_words_take(ws, "drop"))
			b->policy = NF_DROP;
		else if (!nft_words_take(ws, "accept"))
			return -EINVAL;
		nft_words_take(ws, ";");
	}
	return ws->i == ws->n ? 0 : -EINVAL;
}

/* `type filter hook forward priority filter; policy accept;` */
int nft_chain_base_parse(const char *line, size_t n, int family,
			 struct nft_base *b, char *err)
{
	struct nft_words *ws = malloc(sizeof(*ws));
	int r = ws ? nft_words_split(ws, line, n) : -ENOMEM;

	memset(b, 0, sizeof(*b));
	b->is_base = true;
	b->policy = NF_ACCEPT;
	if (!r)
		r = base_read(ws, family, b);
	if (r)
		snprintf(err, NFT_ERR, "not the head of a base chain: '%.*s'",
			 (int)n, line);
	free(ws);
	return r;
}

/* nft names a priority by the nearest standard one within ten. */
static void print_prio(const struct nft_base *b, int family, char *buf,
		       size_t size)
{
	for (size_t i = 0; i < COUNT(prios); i++) {
		int32_t std = prio_of(i, family, b->hook);
		int64_t diff = (int64_t)b->prio - std;

		if (std == INT32_MAX || diff < -10 || diff > 10)
			continue;
		if (diff)
			snprintf(buf, size, "%s %c %d", prios[i].name,
				 diff < 0 ? '-' : '+', abs((int)diff));
		else
			snprintf(buf, size, "%s", prios[i].name);
		return;
	}
	snprintf(buf, size, "%d", b->prio);
}

unsigned int nft_chain_base_print(const struct nft_base *b, int family,
				  char *buf, size_t size)
{
	char prio[32];

	print_prio(b, family, prio, sizeof(prio));
	return snprintf(buf, size,
			"type %s hook %s priority %s; policy %s;", b->type,
			b->hook < COUNT(hooks) ? hooks[b->hook] : "?", prio,
			b->policy == NF_DROP ? "drop" : "accept");
}

/* Never 0 for a base chain, always 0 for another. */
uint32_t nft_chain_base_hash(const struct nft_base *b)
{
	char buf[64];
	int n;

	if (!b->is_base)
		return 0;
	n = snprintf(buf, sizeof(buf), "%s/%u/%d/%u", b->type, b->hook,
		     b->prio, b->policy);
	return (uint32_t)hash64(buf, n) | 1;
}

static int chain_put(struct nft_txn *t, int family, const char *table,
		     const char *chain, const struct nft_base *b,
		     const void *who)
{
	struct nftnl_chain *c = nftnl_chain_alloc();
	struct nlmsghdr *nlh;

	if (!c)
		return -ENOMEM;
	nftnl_chain_set_str(c, NFTNL_CHAIN_TABLE, table);
	nftnl_chain_set_str(c, NFTNL_CHAIN_NAME, chain);
	if (b->is_base) {
		nftnl_chain_set_str(c, NFTNL_CHAIN_TYPE, b->type);
		nftnl_chain_set_u32(c, NFTNL_CHAIN_HOOKNUM, b->hook);
		nftnl_chain_set_u32(c, NFTNL_CHAIN_PRIO, b->prio);
		nftnl_chain_set_u32(c, NFTNL_CHAIN_POLICY, b->policy);
	}
	nlh = nft_txn_msg(t, NFT_PH_CHAIN, NFT_MSG_NEWCHAIN, family, 0, 1024,
			  who);
	nftnl_chain_nlmsg_build_payload(nlh, c);
	nft_txn_end(t, NFT_PH_CHAIN, nlh);
	nftnl_chain_free(c);
	return 0;
}

/* The comment first: nft reads it and passes over the types it doesn't know. */
static int rule_stamp(struct nft_rule *r, const struct nft_stamp *stamp)
{
	struct nftnl_udata_buf *b = nftnl_udata_buf_alloc(256);

	if (!b)
		return -ENOMEM;
	if (r->comment[0])
		nftnl_udata_put_strz(b, NFTNL_UDATA_RULE_COMMENT, r->comment);
	nftnl_udata_put(b, NFT_UDATA_HASH, sizeof(*stamp), stamp);
	if (r->has_mark)
		nftnl_udata_put_u32(b, NFT_UDATA_MARK, r->mark);
	nftnl_rule_set_data(r->rule, NFTNL_RULE_USERDATA,
			    nftnl_udata_buf_data(b), nftnl_udata_buf_len(b));
	nftnl_udata_buf_free(b);
	return 0;
}

/* Matches and statements in the order of the words; a verdict ends them. */
static int rule_words(struct nft_rule *r)
{
	while (r->ws.i < r->ws.n) {
		bool ended = r->done && !nft_words_is(&r->ws, 0, "comment");
		int n = ended ? 0 : nft_stmt(r);

		if (!n && !ended)
			n = nft_match(r);
		if (n < 0)
			return n;
		if (!n) {
			r->ws.i++;
			return nft_rule_error(r, ended ?
				"words behind the end of the rule" :
				"a word that is not understood");
		}
	}
	return 0;
}

static int rule_compile(struct nft_rule *r, const char *chain,
			const char *line, size_t n,
			const struct nft_stamp *stamp)
{
	struct nlmsghdr *nlh;
	int err = nft_words_split(&r->ws, line, n);

	if (err)
		return nft_txn_error(r->t, err, "no words of a rule");
	nftnl_rule_set_str(r->rule, NFTNL_RULE_TABLE, r->table);
	nftnl_rule_set_str(r->rule, NFTNL_RULE_CHAIN, chain);
	err = rule_words(r);
	if (!err)
		err = rule_stamp(r, stamp);
	if (err)
		return err;
	nlh = nft_txn_msg(r->t, NFT_PH_RULE, NFT_MSG_NEWRULE, r->family,
			  NLM_F_APPEND, RULE_MAX, r->who);
	nftnl_rule_nlmsg_build_payload(nlh, r->rule);
	nft_txn_end(r->t, NFT_PH_RULE, nlh);
	return 0;
}

/* The next line that is not blank, its blanks at both ends cut; false: end. */
static bool next_line(const char **text, const char **line, size_t *n)
{
	while (**text) {
		const char *s = *text, *end = strchrnul(s, '\n');

		*text = *end ? end + 1 : end;
		while (s < end && (*s == ' ' || *s == '\t'))
			s++;
		while (end > s && (end[-1] == ' ' || end[-1] == '\t'))
			end--;
		*line = s;
		*n = end - s;
		if (*n)
			return true;
	}
	return false;
}

static bool is_head(const char *line, size_t n)
{
	return n > 5 && !memcmp(line, "type ", 5);
}

int nft_chain_head(const char *text, int family, struct nft_base *b,
		   char *err)
{
	const char *line;
	size_t n;

	memset(b, 0, sizeof(*b));
	if (!next_line(&text, &line, &n) || !is_head(line, n))
		return 0;
	return nft_chain_base_parse(line, n, family, b, err);
}

static int chain_rules(struct nft_rule *r, const char *chain,
		       const char *text, struct nft_stamp *stamp)
{
	const char *line;
	size_t n;
	int err = 0;

	while (!err && next_line(&text, &line, &n)) {
		char why[NFT_ERR];

		r->rule = nftnl_rule_alloc();
		if (!r->rule)
			return -ENOMEM;
		r->l3 = r->l4 = 0;
		r->done = r->has_mark = false;
		r->comment[0] = 0;
		err = rule_compile(r, chain, line, n, stamp);
		nftnl_rule_free(r->rule);
		stamp->index++;
		if (err) {
			memcpy(why, r->t->err, sizeof(why));
			nft_txn_error(r->t, err, "chain %s, rule %u: %.180s",
				      chain, stamp->index, why);
		}
	}
	return err;
}

static int chain_text(struct nft_txn *t, int family, const char *table,
		      const char *chain, const char *text, const void *who)
{
	struct nft_stamp stamp = { .hash = hash64(text, strlen(text)) };
	struct nft_rule *r = calloc(1, sizeof(*r));
	struct nft_base base;
	const char *at = text, *line;
	size_t n;
	int err;

	if (!r)
		return -ENOMEM;
	*r = (struct nft_rule){ .t = t, .who = who, .family = family,
				.table = table };
	err = nft_chain_head(text, family, &base, t->err);
	if (base.is_base && next_line(&at, &line, &n))
		text = at;
	for (at = text; next_line(&at, &line, &n);)
		stamp.count++;
	stamp.base = nft_chain_base_hash(&base);
	if (!err)
		err = chain_put(t, family, table, chain, &base, who);
	if (!err)
		err = chain_rules(r, chain, text, &stamp);
	free(r);
	return err;
}

int nft_chain_add(struct nft_txn *t, int family, const char *table,
		  const char *chain, const char *text, const void *who)
{
	struct nft_mark mark;
	int err;

	if (strlen(table) >= NFT_NAME || strlen(chain) >= NFT_NAME)
		return nft_txn_error(t, -ENAMETOOLONG, "%s: name too long",
				     chain);
	nft_txn_mark(t, &mark);
	err = chain_text(t, family, table, chain, text, who);
	if (err)
		nft_txn_rewind(t, &mark);
	return err;
}

int nft_chain_replace(struct nft_txn *t, int family, const char *table,
		      const char *chain, const char *text, const void *who)
{
	int err = nft_chain_add(t, family, table, chain, text, who);

	return err ? err : nft_chain_flush(t, family, table, chain, who);
}

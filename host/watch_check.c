// watch_check.c - compares what there is with what must be there
// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/watch.h"

#include "host/nft/foreign.h"

#include <errno.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/nft/driver.h"
#include "netd/coexist.h"

/* How much is looked at in a round, once a second. */
#define ROUND_SYSCTLS 64
#define ROUND_LINKS 48
/* Each waits for the lock of all links, which others may hold for long. */
#define ROUND_TIME_MS 20

struct object *watched_link(struct host *h, const char *netns,
			    const char *name)
{
	struct object *o = NULL;
	int k;

	for (k = KIND_BRIDGE; h->watched && k <= KIND_LEG && !o; k++)
		o = state_find(h->watched, k, netns, name);
	return o;
}

/* --- telling ------------------------------------------------------------- */

/* A drift that netd couldn't mend when it was told is not told each second. */
static bool told_before(struct watch *w, uint64_t what)
{
	uint32_t i;

	for (i = 0; i < w->ntold; i++)
		if (w->told[i] == what)
			return true;
	w->told[w->ntold % 64] = what;
	if (w->ntold < 64)
		w->ntold++;
	return false;
}

static void tell(struct host *h, const struct object *o, const char *how)
{
	struct buf b CLEANUP(buf_free) = { 0 };

	object_print_id(o, &b);
	buf_printf(&b, " %s", how);
	host_dirty(h, OBSERVE_LINKS, b.p);
}

/* It can't be told what there is now: netd shall look. */
static void tell_doubt(struct host *h, int err)
{
	if (err && err != -ENODEV)
		host_dirty(h, OBSERVE_LINKS, errno_text(err));
}

static void tell_changes(struct host *h, const struct object *w,
			 const struct object *f, uint64_t mask)
{
	struct buf b CLEANUP(buf_free) = { 0 };

	object_print_id(w, &b);
	buf_str(&b, " changed: ");
	object_print(f, mask, &b);
	host_dirty(h, OBSERVE_LINKS, b.p);
}

/* --- links --------------------------------------------------------------- */

static void look_init(struct look *l, struct host *h, struct ns *ns)
{
	memset(l, 0, sizeof(*l));
	l->h = h;
	l->ns = ns;
	l->wanted = h->watched;
	l->found = state_new();
	l->all = ns == ns_home(h);
	l->netns = arena_strdup(l->found->arena, ns->name);
}

static bool foreign_port_of_ours(struct host *h, struct ns *ns,
				 const struct object *f)
{
	const char *master = ((const struct link *)f)->master;

	return f->foreign && master && *master &&
	       state_find(h->watched, KIND_BRIDGE, ns->name, master);
}

static void compare_link(struct host *h, struct ns *ns, const char *name,
			 const struct object *f)
{
	const struct object *w = watched_link(h, ns->name, name);
	uint64_t mask;

	if (w && !f) {
		linkmap_del(&ns->links, name);
		tell(h, w, "is gone");
	} else if (w && f->kind != w->kind) {
		tell(h, w, "is not netd's any more");
	} else if (w) {
		mask = object_diff(w, f);
		if (mask)
			tell_changes(h, w, f, mask);
	} else if (f && !f->foreign) {
		tell(h, f, "is not wanted");
	} else if (f && foreign_port_of_ours(h, ns, f)) {
		tell(h, f, "was made a port of a bridge of netd's");
	}
}

/*
 * An uplink came or went: what is not netd's and nobody's port, as containers'
 * are, or what is referred to.
 */
static void compare_uplink(struct host *h, const char *name,
			   const struct object *f, bool known, bool plain)
{
	const char *master = f ? ((const struct link *)f)->master : "";

	if (watched_link(h, "", name) || known == !!f)
		return;
	if ((f ? *master : !plain) && !rules_mention(h, name))
		return;
	host_dirty(h, OBSERVE_LINKS | OBSERVE_FACTS, f ?
		   "an interface appeared" : "an interface went");
}

void check_link(struct host *h, struct ns *ns, const char *name)
{
	struct look l;
	struct linkmap_row *r = linkmap_name(&ns->links, name);
	bool known = r != NULL, plain = r && r->plain;
	int err;

	look_init(&l, h, ns);
	err = look_link(&l, 0, name);
	if (!err || err == -ENODEV) {
		compare_link(h, ns, name, l.found->n ? l.found->v[0] : NULL);
		if (l.all)
			compare_uplink(h, name, l.found->n ?
				       l.found->v[0] : NULL, known, plain);
	}
	if (err == -ENODEV)
		linkmap_del(&ns->links, name);
	tell_doubt(h, err);
	state_free(l.found);
}

/* --- addresses and routes ------------------------------------------------- */

/* All of KIND in NETNS that must be and whose names begin with PREFIX. */
static void compare_wanted(struct host *h, const struct state *found,
			   int kind, const char *netns, const char *prefix)
{
	uint32_t i = state_seek(h->watched, kind, netns, prefix);
	size_t n = strlen(prefix);
	const struct object *w, *f;

	for (; i < h->watched->n; i++) {
		w = h->watched->v[i];
		if (w->kind != kind || strcmp(w->netns, netns) ||
		    strncmp(w->name, prefix, n))
			return;
		f = state_find(found, kind, netns, w->name);
		if (!f)
			tell(h, w, "is gone");
		else if (!f->foreign && object_diff(w, f))
			tell_changes(h, w, f, object_diff(w, f));
	}
}

static void compare_found(struct host *h, const struct state *found, int kind)
{
	uint32_t i;

	for (i = 0; i < found->n; i++)
		if (found->v[i]->kind == kind && !found->v[i]->foreign &&
		    !state_find(h->watched, kind, found->v[i]->netns,
				found->v[i]->name))
			tell(h, found->v[i], "is not wanted");
}

void check_addrs(struct host *h, struct ns *ns, const char *dev)
{
	struct linkmap_row *r = linkmap_name(&ns->links, dev);
	char prefix[20];
	struct look l;
	int err;

	if (!r)
		return;
	look_init(&l, h, ns);
	err = look_addresses(&l, r->index);
	tell_doubt(h, err);
	if (!err) {
		state_sort(l.found, NULL, NULL);
		snprintf(prefix, sizeof(prefix), "%s ", dev);
		compare_wanted(h, l.found, KIND_ADDRESS, ns->name, prefix);
		compare_found(h, l.found, KIND_ADDRESS);
	}
	state_free(l.found);
}

void check_routes(struct host *h, struct ns *ns)
{
	struct look l;
	int err;

	look_init(&l, h, ns);
	err = look_routes(&l);
	tell_doubt(h, err);
	if (!err) {
		state_sort(l.found, NULL, NULL);
		compare_wanted(h, l.found, KIND_ROUTE, ns->name, "");
		compare_found(h, l.found, KIND_ROUTE);
	}
	state_free(l.found);
}

void check_shapes(struct host *h, struct ns *ns)
{
	struct look l;
	int err;

	look_init(&l, h, ns);
	err = look_shapes(&l);
	tell_doubt(h, err);
	if (!err) {
		state_sort(l.found, NULL, NULL);
		compare_wanted(h, l.found, KIND_QDISC, ns->name, "");
		compare_wanted(h, l.found, KIND_REDIRECT, ns->name, "");
		compare_found(h, l.found, KIND_QDISC);
		compare_found(h, l.found, KIND_REDIRECT);
	}
	state_free(l.found);
}

/* What netd was told of the default routes, or is about to be. */
void watch_defaults(struct host *h, const struct buf *v4, const struct buf *v6)
{
	struct watch *w = h->watch;

	buf_reset(&w->default4);
	buf_reset(&w->default6);
	buf_str(&w->default4, buf_text(v4));
	buf_str(&w->default6, buf_text(v6));
}

void check_defaults(struct host *h)
{
	struct watch *w = h->watch;
	struct buf v4 = { 0 }, v6 = { 0 };

	fact_defaults(h, &v4, &v6);
	if (strcmp(buf_text(&v4), buf_text(&w->default4)) ||
	    strcmp(buf_text(&v6), buf_text(&w->default6)))
		host_dirty(h, OBSERVE_LINKS | OBSERVE_FACTS,
			   "the default route moved");
	watch_defaults(h, &v4, &v6);
	buf_free(&v4);
	buf_free(&v6);
}

/* Another program makes the host a router, or ends that. */
void watch_forwards(struct host *h, const char *v)
{
	h->watch->forwards = *v;
}

void check_forwards(struct host *h)
{
	char v[16];

	if (fact_forwards(h, v, sizeof(v)) || *v == h->watch->forwards)
		return;
	host_dirty(h, OBSERVE_LINKS | OBSERVE_FACTS,
		   "the host's forwarding changed");
	watch_forwards(h, v);
}

/* --- nft events --------------------------------------------------------- */

/* In all messages of nf_tables the first attribute is the table's name. */
#define NFTA_TABLE 1

static bool is_ours(struct ns *ns, const struct nlmsghdr *nlh)
{
	const struct nft_net *n = ns->nft;

	return n && n->sock.port == nlh->nlmsg_pid;
}

/*
 * A chain that rules of ours belong in came or went, or a rule of it went:
 * other programs make theirs anew whenever they like.  What they add is
 * theirs.
 */
static void foreign_event(struct host *h, struct ns *ns, struct nlmsghdr *nlh,
			  struct nlattr *table)
{
	int type = NFNL_MSG_TYPE(nlh->nlmsg_type);
	struct nlattr *chain;

	/* the names of others may be as long as they like */
	if (ns != ns_home(h) || is_ours(ns, nlh) || !table ||
	    !memchr(nla_data(table), 0, nla_len(table)))
		return;
	chain = nlmsg_find_attr(nlh, sizeof(struct nfgenmsg),
				type == NFT_MSG_DELRULE ||
				type == NFT_MSG_NEWRULE ? NFTA_RULE_CHAIN :
				NFTA_CHAIN_NAME);
	if ((type == NFT_MSG_DELTABLE &&
	     coexist_has(nla_get_string(table), NULL, false)) ||
	    ((type == NFT_MSG_NEWCHAIN || type == NFT_MSG_DELCHAIN ||
	      type == NFT_MSG_DELRULE || type == NFT_MSG_NEWRULE) && chain &&
	     memchr(nla_data(chain), 0, nla_len(chain)) &&
	     coexist_has(nla_get_string(table), nla_get_string(chain),
			 type == NFT_MSG_NEWRULE)))
		host_dirty(h, OBSERVE_LINKS | OBSERVE_NFT | OBSERVE_FACTS,
			   "another program changed its rules");
}

void watch_nft_event(struct host *h, struct ns *ns, struct nlmsghdr *nlh)
{
	struct nlattr *a = nlmsg_find_attr(nlh, sizeof(struct nfgenmsg),
					   NFTA_TABLE);

	if (NFNL_SUBSYS_ID(nlh->nlmsg_type) != NFNL_SUBSYS_NFTABLES ||
	    NFNL_MSG_TYPE(nlh->nlmsg_type) == NFT_MSG_NEWGEN || !a)
		return;
	if (nla_len(a) != sizeof(NFT_OUR_TABLE) ||
	    memcmp(nla_data(a), NFT_OUR_TABLE, sizeof(NFT_OUR_TABLE)))
		foreign_event(h, ns, nlh, a);
	if (nla_len(a) != sizeof(NFT_OUR_TABLE) ||
	    memcmp(nla_data(a), NFT_OUR_TABLE, sizeof(NFT_OUR_TABLE)) ||
	    is_ours(ns, nlh))
		return;
	host_dirty(h, OBSERVE_NFT, "somebody changed table netd");
}

/* --- settings -------------------------------------------------------------- */

static void check_sysctl(struct host *h, const struct object *o)
{
	const struct sysctl *s = (const struct sysctl *)o;
	struct ns *ns = ns_known(h, o->netns);
	char v[256];
	uint64_t id;

	if (!ns || sysctl_read(h, ns, o->name, v, sizeof(v)) ||
	    !strcmp(v, s->value))
		return;
	id = hash64(o->name, strlen(o->name)) ^ hash64(v, strlen(v)) ^
	     hash64(o->netns, strlen(o->netns));
	if (!told_before(h->watch, id))
		tell(h, o, "changed");
}

void check_sysctls(struct host *h, struct ns *ns)
{
	uint32_t i = state_seek(h->watched, KIND_SYSCTL, ns->name, "");

	for (; i < h->watched->n && h->watched->v[i]->kind == KIND_SYSCTL &&
	     !strcmp(h->watched->v[i]->netns, ns->name); i++)
		check_sysctl(h, h->watched->v[i]);
}

/* --- the round: what there are no events for -------------------------------- */

static void round_sysctls(struct host *h)
{
	uint32_t first = state_seek(h->watched, KIND_SYSCTL, "", "");
	uint32_t i, n = h->watched->n - first;
	uint32_t *at = &h->watch->sysctl_at;

	check_sysctls(h, ns_home(h));
	for (i = 0; i < n && i < ROUND_SYSCTLS; i++) {
		*at = (*at + 1) % n;
		if (h->watched->v[first + *at]->netns[0])
			check_sysctl(h, h->watched->v[first + *at]);
	}
}

static void round_link(struct host *h, const struct object *w)
{
	struct ns *ns = ns_known(h, w->netns);
	const struct object *f;
	struct look l;
	uint64_t mask, id;

	if (!ns)
		return;
	look_init(&l, h, ns);
	f = !look_link(&l, 0, w->name) && l.found->n ? l.found->v[0] : NULL;
	mask = f && f->kind == w->kind ? object_diff(w, f) : ~0ull;
	id = hash64(w->name, strlen(w->name)) ^ mask;
	if (mask && !told_before(h->watch, id))
		compare_link(h, ns, w->name, f);
	state_free(l.found);
}

static void round_links(struct host *h)
{
	uint32_t first = state_seek(h->watched, KIND_BRIDGE, "", "");
	uint32_t end = state_seek(h->watched, KIND_LINK, "", "");
	uint32_t i, n = end - first;
	uint32_t *at = &h->watch->link_at;
	int64_t until = clock_ms() + ROUND_TIME_MS;

	for (i = 0; i < n && i < ROUND_LINKS && clock_ms() <= until; i++) {
		*at = (*at + 1) % n;
		round_link(h, h->watched->v[first + *at]);
	}
}

void check_round(struct host *h)
{
	round_sysctls(h);
	round_links(h);
	accept_check(h);
}

/* --- names that rules mention ------------------------------------------------ */

static void add_word(struct watch *w, uint32_t *cap, const char *p, size_t n)
{
	if (w->nwords == *cap) {
		*cap = *cap ? *cap * 2 : 256;
		w->words = realloc(w->words, *cap * sizeof(*w->words));
		if (!w->words)
			abort();
	}
	w->words[w->nwords++] = hash64(p, n);
}

/* What stands in quotes is an interface's name. */
static void add_words(struct watch *w, uint32_t *cap, const char *text)
{
	const char *p = text, *e;

	while (p && (p = strchr(p, '"'))) {
		e = strchr(++p, '"');
		if (!e)
			return;
		if (e - p < 16)
			add_word(w, cap, p, e - p);
		p = e + 1;
	}
}

static int by_number(const void *a, const void *b)
{
	const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static void add_devs(struct watch *w, uint32_t *cap, const struct object *o)
{
	const struct nexthop *x = ((const struct route *)o)->nexthops.items;
	uint32_t i, n = ((const struct route *)o)->nexthops.n;

	for (i = 0; i < n; i++)
		add_word(w, cap, x[i].dev, strlen(x[i].dev));
}

static void words_learn(struct host *h, struct watch *w)
{
	const struct object *o;
	uint32_t i, cap = 0;

	for (i = 0; i < h->watched->n; i++) {
		o = h->watched->v[i];
		if (o->netns[0])
			continue;
		if (o->kind == KIND_ELEMENT)
			add_words(w, &cap, o->name);
		else if (o->kind == KIND_CHAIN)
			add_words(w, &cap, ((const struct chain *)o)->text);
		else if (o->kind == KIND_ROUTE)
			add_devs(w, &cap, o);
		else if (o->kind == KIND_ADDRESS || o->kind == KIND_NEIGHBOUR)
			add_word(w, &cap, o->name, strcspn(o->name, " "));
	}
	if (w->nwords)
		qsort(w->words, w->nwords, sizeof(*w->words), by_number);
	w->have_words = true;
}

bool rules_mention(struct host *h, const char *name)
{
	uint64_t key = hash64(name, strlen(name));
	struct watch *w = h->watch;

	if (!h->watched)
		return false;
	if (!w->have_words)
		words_learn(h, w);
	return w->nwords && bsearch(&key, w->words, w->nwords,
				    sizeof(*w->words), by_number);
}

void words_forget(struct watch *w)
{
	free(w->words);
	w->words = NULL;
	w->nwords = 0;
	w->have_words = false;
}

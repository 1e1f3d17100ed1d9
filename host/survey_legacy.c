// survey_legacy.c - rules of iptables-legacy in the words of doctor.h
// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/survey.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/xt_conntrack.h>
#include <linux/netfilter_ipv4/ip_tables.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/*
 * The whole table comes as one block of entries, in which a jump is an offset
 * (net/ipv4/netfilter/ip_tables.c).  A table that isn't there would be made
 * by asking for it: only those that /proc lists are asked for.
 */

#define CHAINS_MAX 1024
#define BLOCK_MAX (16u << 20)

struct legacy {
	const char *block;
	uint32_t size;
	struct ipt_getinfo info;
	struct {
		uint32_t at;
		char name[XT_FUNCTION_MAXNAMELEN];
		int hook;	/* or -1 */
	} chains[CHAINS_MAX];
	unsigned int n;
};

static const char *const hooks[] = { "prerouting", "input", "forward",
				     "output", "postrouting" };
static const char *const names[] = { "PREROUTING", "INPUT", "FORWARD",
				     "OUTPUT", "POSTROUTING" };

static const struct ipt_entry *entry_at(const struct legacy *l, uint32_t at)
{
	const struct ipt_entry *e = (const void *)(l->block + at);

	if (at > l->size - sizeof(*e) || e->next_offset < sizeof(*e) ||
	    e->next_offset > l->size - at ||
	    e->target_offset > e->next_offset - sizeof(struct xt_entry_target))
		return NULL;
	return e;
}

static const struct xt_entry_target *target_of(const struct ipt_entry *e)
{
	return (const void *)((const char *)e + e->target_offset);
}

static void chain_add(struct legacy *l, uint32_t at, const char *name, int hook)
{
	if (l->n == CHAINS_MAX)
		return;
	l->chains[l->n].at = at;
	l->chains[l->n].hook = hook;
	snprintf(l->chains[l->n].name, sizeof(l->chains[0].name), "%s", name);
	l->n++;
}

/* A chain of the user's begins behind an entry that bears its name. */
static void find_chains(struct legacy *l)
{
	const struct ipt_entry *e;
	const struct xt_error_target *t;
	uint32_t at = 0;
	int i;

	for (i = 0; i < NF_INET_NUMHOOKS; i++)
		if (l->info.valid_hooks & 1 << i)
			chain_add(l, l->info.hook_entry[i], names[i], i);
	while (at < l->size && (e = entry_at(l, at))) {
		t = (const void *)target_of(e);
		at += e->next_offset;
		if (!strcmp(t->target.u.user.name, XT_ERROR_TARGET) &&
		    at < l->size)
			chain_add(l, at, t->errorname, -1);
	}
}

static const char *chain_name(const struct legacy *l, uint32_t at)
{
	unsigned int i;

	for (i = 0; i < l->n; i++)
		if (l->chains[i].at == at)
			return l->chains[i].name;
	return NULL;
}

/* --- one rule -------------------------------------------------------------- */

static void print_iface(struct buf *b, const char *key, const char *name,
			const unsigned char *mask, bool not)
{
	size_t n = strnlen(name, IFNAMSIZ);

	if (!n)
		return;
	if (strpbrk(name, ",=*?! ")) {
		buf_printf(b, " ?%s", key);
		return;
	}
	buf_printf(b, " %s%s%.*s%s", key, not ? "!=" : "=", (int)n, name,
		   n < IFNAMSIZ && mask[n] ? "" : "*");
}

static void print_net(struct buf *b, const char *key, struct in_addr a,
		      struct in_addr mask, bool not)
{
	uint32_t m = ntohl(mask.s_addr);
	char text[INET_ADDRSTRLEN];

	if (!m && !not)
		return;
	if (~m & (~m + 1)) {
		buf_printf(b, " ?%s", key);
		return;
	}
	inet_ntop(AF_INET, &a, text, sizeof(text));
	buf_printf(b, " %s%s%s/%d", key, not ? "!=" : "=", text,
		   __builtin_popcount(m));
}

static void print_state(struct buf *b, const struct xt_entry_match *m)
{
	static const char *const states[] = { "invalid", "established",
					      "related", "new" };
	const struct xt_conntrack_mtinfo3 *i = (const void *)m->data;
	const char *sep = "";
	int k;

	if (m->u.match_size < sizeof(*m) + sizeof(*i) ||
	    i->match_flags != XT_CONNTRACK_STATE || i->state_mask & ~0xf ||
	    !i->state_mask) {
		buf_str(b, " ?conntrack");
		return;
	}
	buf_str(b, i->invert_flags & XT_CONNTRACK_STATE ? " ct!=" : " ct=");
	for (k = 0; k < 4; k++)
		if (i->state_mask & 1 << k) {
			buf_printf(b, "%s%s", sep, states[k]);
			sep = ",";
		}
}

static void print_matches(struct buf *b, const struct ipt_entry *e)
{
	const struct xt_entry_match *m;
	uint32_t at = sizeof(*e);

	while (at + sizeof(*m) <= e->target_offset) {
		m = (const void *)((const char *)e + at);
		if (m->u.match_size < sizeof(*m) ||
		    m->u.match_size > e->target_offset - at)
			return;
		at += m->u.match_size;
		if (!strcmp(m->u.user.name, "comment"))
			continue;
		if (!strcmp(m->u.user.name, "conntrack"))
			print_state(b, m);
		else
			buf_printf(b, " ?%.29s", m->u.user.name);
	}
}

static void print_conditions(struct buf *b, const struct ipt_entry *e)
{
	const struct ipt_ip *ip = &e->ip;

	print_iface(b, "iif", ip->iniface, ip->iniface_mask,
		    ip->invflags & IPT_INV_VIA_IN);
	print_iface(b, "oif", ip->outiface, ip->outiface_mask,
		    ip->invflags & IPT_INV_VIA_OUT);
	print_net(b, "saddr", ip->src, ip->smsk, ip->invflags & IPT_INV_SRCIP);
	print_net(b, "daddr", ip->dst, ip->dmsk, ip->invflags & IPT_INV_DSTIP);
	if (ip->proto)
		buf_printf(b, " proto%s%u", ip->invflags & XT_INV_PROTO ?
			   "!=" : "=", ip->proto);
	print_matches(b, e);
}

static void print_rule(const struct legacy *l, uint32_t at,
		       const struct ipt_entry *e, unsigned int number,
		       struct buf *out)
{
	const struct xt_standard_target *t = (const void *)target_of(e);
	const char *verdict = NULL, *chain = "";

	if (!strcmp(t->target.u.user.name, "REJECT"))
		verdict = "reject";
	else if (t->target.u.user.name[0])
		return;
	else if (t->verdict == -NF_DROP - 1)
		verdict = "drop";
	else if (t->verdict == -NF_ACCEPT - 1)
		verdict = "accept";
	else if (t->verdict == XT_RETURN)
		verdict = "return";
	else if (t->verdict >= 0 && (chain = chain_name(l, t->verdict)))
		verdict = e->ip.flags & IPT_F_GOTO ? "goto:" : "jump:";
	if (!verdict)
		return;
	buf_printf(out, "%u", number);
	print_conditions(out, e);
	buf_printf(out, " %s%s\n", verdict, chain);
}

/* --- chains ------------------------------------------------------------------ */

static const char *policy_of(const struct legacy *l, int hook)
{
	const struct ipt_entry *e = entry_at(l, l->info.underflow[hook]);
	const struct xt_standard_target *t;

	t = e ? (const void *)target_of(e) : NULL;
	return t && t->verdict == -NF_DROP - 1 ? "drop" : "accept";
}

static void print_chain(const struct legacy *l, unsigned int i,
			struct state *found)
{
	struct buf text CLEANUP(buf_free) = { 0 };
	const struct ipt_entry *e;
	uint32_t at = l->chains[i].at;
	unsigned int number = 1;
	int hook = l->chains[i].hook;
	char name[96];

	if (hook >= 0)
		buf_printf(&text, "%s filter 0 %s\n", hooks[hook],
			   policy_of(l, hook));
	else
		buf_str(&text, "-\n");
	while ((e = entry_at(l, at)) &&
	       strcmp(target_of(e)->u.user.name, XT_ERROR_TARGET)) {
		/* the last of it is its policy, or its return */
		if (hook >= 0 && at == l->info.underflow[hook])
			break;
		print_rule(l, at, e, number++, &text);
		at += e->next_offset;
	}
	snprintf(name, sizeof(name), "chain:legacy filter %s",
		 l->chains[i].name);
	survey_add(found, name, buf_text(&text));
}

static int read_block(int fd, struct legacy *l, char **block)
{
	struct ipt_get_entries *get;
	socklen_t len = sizeof(l->info);

	strcpy(l->info.name, "filter");
	if (getsockopt(fd, IPPROTO_IP, IPT_SO_GET_INFO, &l->info, &len) ||
	    l->info.size > BLOCK_MAX)
		return -EINVAL;
	len = sizeof(*get) + l->info.size;
	*block = calloc(1, len);
	if (!*block)
		return -ENOMEM;
	get = (void *)*block;
	strcpy(get->name, "filter");
	get->size = l->info.size;
	if (getsockopt(fd, IPPROTO_IP, IPT_SO_GET_ENTRIES, get, &len))
		return -errno;
	l->block = (const char *)get->entrytable;
	l->size = l->info.size;
	return l->size < sizeof(struct ipt_entry) ? -EINVAL : 0;
}

static void read_rules(struct state *found)
{
	int fd = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);
	struct legacy *l = calloc(1, sizeof(*l));
	char *block = NULL;
	unsigned int i;

	if (fd >= 0 && l && !read_block(fd, l, &block)) {
		find_chains(l);
		for (i = 0; i < l->n; i++)
			print_chain(l, i, found);
	} else {
		survey_add(found, "unread:legacy",
			   "the rules of iptables-legacy");
	}
	free(block);
	free(l);
	if (fd >= 0)
		close(fd);
}

static void read_names(const char *file, const char *fact, struct state *found,
		       bool rules)
{
	char path[64], text[256], *s;

	snprintf(path, sizeof(path), "/proc/thread-self/net/%s", file);
	if (proc_read(path, text, sizeof(text)) || !*text)
		return;
	for (s = text; *s; s++)
		if (*s == '\n')
			*s = ' ';
	survey_add(found, fact, text);
	if (rules && strstr(text, "filter"))
		read_rules(found);
}

void survey_legacy(struct state *found)
{
	read_names("ip_tables_names", "legacy:4", found, true);
	read_names("ip6_tables_names", "legacy:6", found, false);
}

// ct.c - ends the connections that lived by a policy or forward that is gone
// SPDX-License-Identifier: GPL-2.0-or-later
#include "ct.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <linux/netlink.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "nft.h"

#define FEW		4	/* marks that the kernel looks for */
#define SEND_MAX	60000	/* deletions in one send */

struct entry {
	uint8_t family;
	uint8_t proto;
	uint16_t port;
	uint8_t dst[16];
	uint32_t status;
	uint32_t mark;
	const struct nlattr *tuple, *id, *zone;
};

/* Messages that delete what a dump showed; sent after it. */
struct victims {
	const struct ct_filter *f;
	unsigned int n;
	char *buf;
	uint32_t len, cap;
	int count;
};

static void attrs(const struct nlattr *nest, const struct nlmsghdr *nlh,
		  const struct nlattr **tb, unsigned int max)
{
	const struct nlattr *a;

	memset(tb, 0, (max + 1) * sizeof(*tb));
	if (nlh) {
		mnl_attr_for_each(a, nlh, sizeof(struct nfgenmsg))
			if (mnl_attr_get_type(a) <= max)
				tb[mnl_attr_get_type(a)] = a;
		return;
	}
	mnl_attr_for_each_nested(a, nest)
		if (mnl_attr_get_type(a) <= max)
			tb[mnl_attr_get_type(a)] = a;
}

static void copy(const struct nlattr *a, void *out, unsigned int len)
{
	if (a && mnl_attr_get_payload_len(a) >= len)
		memcpy(out, mnl_attr_get_payload(a), len);
}

static uint32_t get_be32(const struct nlattr *a)
{
	uint32_t v = 0;

	copy(a, &v, sizeof(v));
	return ntohl(v);
}

static bool entry_read(const struct nlmsghdr *nlh, struct entry *e)
{
	const struct nlattr *tb[CTA_MAX + 1], *t[CTA_TUPLE_MAX + 1];
	const struct nlattr *ip[CTA_IP_MAX + 1], *p[CTA_PROTO_MAX + 1];
	const struct nfgenmsg *g = mnl_nlmsg_get_payload(nlh);
	uint16_t port = 0;

	memset(e, 0, sizeof(*e));
	attrs(NULL, nlh, tb, CTA_MAX);
	if (!tb[CTA_TUPLE_ORIG])
		return false;
	attrs(tb[CTA_TUPLE_ORIG], NULL, t, CTA_TUPLE_MAX);
	if (!t[CTA_TUPLE_IP] || !t[CTA_TUPLE_PROTO])
		return false;
	attrs(t[CTA_TUPLE_IP], NULL, ip, CTA_IP_MAX);
	attrs(t[CTA_TUPLE_PROTO], NULL, p, CTA_PROTO_MAX);
	e->family = g->nfgen_family;
	copy(ip[CTA_IP_V4_DST], e->dst, 4);
	copy(ip[CTA_IP_V6_DST], e->dst, 16);
	copy(p[CTA_PROTO_NUM], &e->proto, 1);
	copy(p[CTA_PROTO_DST_PORT], &port, 2);
	e->port = ntohs(port);
	e->status = get_be32(tb[CTA_STATUS]);
	e->mark = get_be32(tb[CTA_MARK]);
	e->tuple = tb[CTA_TUPLE_ORIG];
	e->id = tb[CTA_ID];
	e->zone = tb[CTA_ZONE];
	return true;
}

static bool fits(const struct ct_filter *f, const struct entry *e)
{
	if (f->family && f->family != e->family)
		return false;
	if (f->has_dst &&
	    memcmp(f->dst, e->dst, e->family == NFPROTO_IPV6 ? 16 : 4))
		return false;
	if (f->proto && f->proto != e->proto)
		return false;
	if (f->port_lo && (e->port < f->port_lo || e->port > f->port_hi))
		return false;
	return (e->status & f->status) == f->status &&
		(e->mark & f->mask) == (f->mark & f->mask);
}

static struct nlmsghdr *message(char *buf, int type, uint16_t flags,
				uint8_t family)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct nfgenmsg *g;

	nlh->nlmsg_type = NFNL_SUBSYS_CTNETLINK << 8 | type;
	nlh->nlmsg_flags = NLM_F_REQUEST | flags;
	g = mnl_nlmsg_put_extra_header(nlh, sizeof(*g));
	g->nfgen_family = family;
	g->version = NFNETLINK_V0;
	return nlh;
}

static void put_copy(struct nlmsghdr *nlh, const struct nlattr *a)
{
	if (!a)
		return;
	memcpy((char *)nlh + MNL_ALIGN(nlh->nlmsg_len), a, a->nla_len);
	nlh->nlmsg_len = MNL_ALIGN(nlh->nlmsg_len) + MNL_ALIGN(a->nla_len);
}

/* By tuple and number: another entry that took its tuple since is spared. */
static int victim_add(struct victims *v, const struct entry *e)
{
	uint32_t room = 64 + e->tuple->nla_len + 32;
	struct nlmsghdr *nlh;

	if (v->len + room > v->cap) {
		char *wider = realloc(v->buf, 2 * v->cap + room + 4096);

		if (!wider)
			return -ENOMEM;
		v->cap = 2 * v->cap + room + 4096;
		v->buf = wider;
	}
	nlh = message(v->buf + v->len, IPCTNL_MSG_CT_DELETE, 0, e->family);
	put_copy(nlh, e->tuple);
	put_copy(nlh, e->id);
	put_copy(nlh, e->zone);
	v->len += MNL_ALIGN(nlh->nlmsg_len);
	v->count++;
	return 0;
}

static int on_entry(const struct nlmsghdr *nlh, void *arg)
{
	struct victims *v = arg;
	struct entry e;

	if (!entry_read(nlh, &e))
		return 0;
	for (unsigned int i = 0; i < v->n; i++)
		if (fits(&v->f[i], &e))
			return victim_add(v, &e);
	return 0;
}

/* Without acks only failures answer, and all there is: it went by itself. */
static int swallow(struct nft_sock *k, int *count)
{
	_Alignas(8) char buf[16384];
	int err = 0;

	for (;;) {
		ssize_t n = recv(k->fd, buf, sizeof(buf), MSG_DONTWAIT);
		const struct nlmsghdr *nlh = (void *)buf;
		int len = n;

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err;
		for (; mnl_nlmsg_ok(nlh, len);
		     nlh = mnl_nlmsg_next(nlh, &len)) {
			const struct nlmsgerr *e = mnl_nlmsg_get_payload(nlh);

			if (nlh->nlmsg_type != NLMSG_ERROR || !e->error)
				continue;
			(*count)--;
			if (e->error != -ENOENT && !err)
				err = e->error;
		}
	}
}

static int victims_send(struct nft_sock *k, struct victims *v)
{
	static const struct sockaddr_nl to = { .nl_family = AF_NETLINK };
	uint32_t at = 0;
	int err = 0;

	while (at < v->len && !err) {
		uint32_t from = at;

		while (at < v->len && at - from < SEND_MAX) {
			struct nlmsghdr *nlh = (void *)(v->buf + at);

			nlh->nlmsg_seq = ++k->seq;
			at += MNL_ALIGN(nlh->nlmsg_len);
		}
		if (sendto(k->fd, v->buf + from, at - from, 0,
			   (const void *)&to, sizeof(to)) < 0)
			return -errno;
		err = swallow(k, &v->count);
	}
	return err;
}

int ct_delete(struct nft_sock *k, const struct ct_filter *f, unsigned int n)
{
	_Alignas(8) char buf[256];
	struct victims v = { .f = f, .n = n };
	int err = -EINTR;

	if (!n)
		return 0;
	for (int i = 0; i < 10 && err == -EINTR; i++) {
		v.len = 0;
		v.count = 0;
		err = nft_sock_ask(k, message(buf, IPCTNL_MSG_CT_GET,
					      NLM_F_DUMP, AF_UNSPEC),
				   on_entry, &v);
	}
	if (!err)
		err = victims_send(k, &v);
	free(v.buf);
	return err ? err : v.count;
}

/* The kernel itself looks for those with this mark. */
static int delete_mark(struct nft_sock *k, uint32_t mark)
{
	_Alignas(8) char buf[256];
	struct nlmsghdr *nlh;
	int err;

	nlh = message(buf, IPCTNL_MSG_CT_DELETE, NLM_F_ACK, AF_UNSPEC);
	mnl_attr_put_u32(nlh, CTA_MARK, htonl(mark));
	mnl_attr_put_u32(nlh, CTA_MARK_MASK, 0xffffffff);
	err = nft_sock_ask(k, nlh, NULL, NULL);
	return err == -ENOENT ? 0 : err;
}

int ct_delete_marks(struct nft_sock *k, const uint32_t *marks,
		    unsigned int n)
{
	unsigned int used = 0;
	struct ct_filter *f;
	int err = 0;

	for (unsigned int i = 0; i < n && n <= FEW && !err; i++)
		err = marks[i] ? delete_mark(k, marks[i]) : 0;
	if (n <= FEW)
		return err;
	f = calloc(n, sizeof(*f));
	if (!f)
		return -ENOMEM;
	for (unsigned int i = 0; i < n; i++) {
		if (!marks[i])	/* no mark: nobody's */
			continue;
		f[used].mark = marks[i];
		f[used++].mask = 0xffffffff;
	}
	err = ct_delete(k, f, used);
	free(f);
	return err;
}

struct tally {
	const uint32_t *marks;
	unsigned int n;
	uint32_t *counts;
};

static int by_mark(const void *a, const void *b)
{
	const uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static int on_tally(const struct nlmsghdr *nlh, void *arg)
{
	const struct nlattr *tb[CTA_MAX + 1];
	const struct tally *t = arg;
	const uint32_t *at;
	uint32_t mark;

	attrs(NULL, nlh, tb, CTA_MAX);
	mark = get_be32(tb[CTA_MARK]);
	at = mark ? bsearch(&mark, t->marks, t->n, sizeof(*t->marks),
			    by_mark) : NULL;
	if (at)
		t->counts[at - t->marks]++;
	return 0;
}

int ct_count_marks(struct nft_sock *k, const uint32_t *marks,
		   unsigned int n, uint32_t *counts)
{
	struct tally t = { .marks = marks, .n = n, .counts = counts };
	_Alignas(8) char buf[256];
	int err = -EINTR;

	for (int i = 0; i < 10 && err == -EINTR; i++) {
		memset(counts, 0, n * sizeof(*counts));
		err = nft_sock_ask(k, message(buf, IPCTNL_MSG_CT_GET,
					      NLM_F_DUMP, AF_UNSPEC),
				   on_tally, &t);
	}
	return err;
}

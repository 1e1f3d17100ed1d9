// commit.c - a transaction goes to the kernel, its errors to their objects
// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>
#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "nft.h"

struct commit {
	struct nft_sock *k;
	const struct nft_txn *t;
	uint32_t first;		/* seq of the begin message */
	nft_error_fn *fn;
	void *arg;
	int err;
};

static struct nlmsghdr *edge(char *buf, int type, uint32_t seq)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct nfgenmsg *g;

	nlh->nlmsg_type = type;
	nlh->nlmsg_flags = NLM_F_REQUEST;
	nlh->nlmsg_seq = seq;
	g = mnl_nlmsg_put_extra_header(nlh, sizeof(*g));
	g->version = NFNETLINK_V0;
	g->res_id = htons(NFNL_SUBSYS_NFTABLES);
	return nlh;
}

/* Numbers the messages in the order of the phases, after first. */
static uint32_t number(struct nft_txn *t, uint32_t first)
{
	for (int ph = 0; ph < NFT_PH_MAX; ph++) {
		struct nft_buf *b = &t->ph[ph];

		for (uint32_t at = 0; at < b->len;) {
			struct nlmsghdr *nlh = (void *)(b->data + at);

			nlh->nlmsg_seq = ++first;
			at += MNL_ALIGN(nlh->nlmsg_len);
		}
	}
	return first;
}

static int batch_send(struct nft_sock *k, struct nft_txn *t, char *begin,
		      char *end)
{
	static const struct sockaddr_nl to = { .nl_family = AF_NETLINK };
	struct iovec iov[NFT_PH_MAX + 2];
	struct msghdr m = { .msg_name = (void *)&to,
			    .msg_namelen = sizeof(to), .msg_iov = iov };
	uint32_t total = 0;
	int room;

	iov[m.msg_iovlen++] = (struct iovec){
		begin, ((struct nlmsghdr *)begin)->nlmsg_len };
	for (int ph = 0; ph < NFT_PH_MAX; ph++) {
		total += t->ph[ph].len;
		if (t->ph[ph].len)
			iov[m.msg_iovlen++] = (struct iovec){
				t->ph[ph].data, t->ph[ph].len };
	}
	iov[m.msg_iovlen++] = (struct iovec){
		end, ((struct nlmsghdr *)end)->nlmsg_len };
	if (total > 8 << 20) {
		room = total < 512u << 20 ? total + (1 << 20) : 512 << 20;
		setsockopt(k->fd, SOL_SOCKET, SO_SNDBUFFORCE, &room,
			   sizeof(room));
	}
	return sendmsg(k->fd, &m, 0) < 0 ? -errno : 0;
}

/* For whose sake the bytes at this offset of a phase are there. */
static const void *ref_find(const struct nft_buf *b, uint32_t off)
{
	uint32_t lo = 0, hi = b->nrefs;

	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;

		if (b->refs[mid].off <= off)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo ? b->refs[lo - 1].who : NULL;
}

/* The extended ack's offset tells which element of a message was wrong. */
static const void *who_of(const struct commit *c, uint32_t seq, uint32_t off)
{
	for (int ph = 0; ph < NFT_PH_MAX; ph++) {
		const struct nft_buf *b = &c->t->ph[ph];

		for (uint32_t at = 0; at < b->len;) {
			const struct nlmsghdr *nlh = (void *)(b->data + at);

			if (nlh->nlmsg_seq == seq)
				return ref_find(b, off < nlh->nlmsg_len ?
						at + off : at);
			at += MNL_ALIGN(nlh->nlmsg_len);
		}
	}
	return NULL;
}

static void report(struct commit *c, const struct nlmsghdr *nlh)
{
	const struct nlmsgerr *e = mnl_nlmsg_get_payload(nlh);
	const char *text = "";
	const struct nlattr *a;
	unsigned int skip = sizeof(*e);
	uint32_t off = 0;

	if (!e->error)
		return;
	if (!(nlh->nlmsg_flags & NLM_F_CAPPED))
		skip += MNL_ALIGN(e->msg.nlmsg_len) - sizeof(e->msg);
	if (nlh->nlmsg_flags & NLM_F_ACK_TLVS)
		mnl_attr_for_each(a, nlh, skip) {
			if (mnl_attr_get_type(a) == NLMSGERR_ATTR_OFFS)
				off = mnl_attr_get_u32(a);
			if (mnl_attr_get_type(a) == NLMSGERR_ATTR_MSG &&
			    !mnl_attr_validate(a, MNL_TYPE_NUL_STRING))
				text = mnl_attr_get_str(a);
		}
	if (!c->err)
		c->err = e->error;
	if (c->fn)
		c->fn(c->arg, who_of(c, nlh->nlmsg_seq, off), e->error, text);
}

/* The kernel works in our context: all answers are there after the send. */
static int answers(struct commit *c)
{
	_Alignas(8) char buf[16384];

	for (;;) {
		ssize_t n = recv(c->k->fd, buf, sizeof(buf), MSG_DONTWAIT);
		const struct nlmsghdr *nlh = (void *)buf;
		int len = n;

		if (n < 0 && errno == EINTR)
			continue;
		/* refused so often that not all of it was told */
		if (n < 0 && errno == ENOBUFS) {
			c->err = c->err ? c->err : -ENOBUFS;
			continue;
		}
		if (n < 0)
			return errno == EAGAIN ? c->err : -errno;
		for (; mnl_nlmsg_ok(nlh, len); nlh = mnl_nlmsg_next(nlh, &len))
			if (nlh->nlmsg_type == NLMSG_ERROR &&
			    nlh->nlmsg_seq - c->first <= c->t->messages)
				report(c, nlh);
	}
}

int nft_commit(struct nft_sock *k, struct nft_txn *t, uint32_t gen,
	       nft_error_fn *fn, void *arg)
{
	_Alignas(8) char begin[64], end[64];
	struct commit c = { .k = k, .t = t, .fn = fn, .arg = arg };
	struct nlmsghdr *nlh;
	int err;

	if (nft_txn_empty(t))
		return 0;
	c.first = k->seq + 1;
	nlh = edge(begin, NFNL_MSG_BATCH_BEGIN, c.first);
	if (gen)
		mnl_attr_put_u32(nlh, NFNL_BATCH_GENID, htonl(gen));
	k->seq = number(t, c.first) + 1;
	edge(end, NFNL_MSG_BATCH_END, k->seq);
	err = batch_send(k, t, begin, end);
	return err ? err : answers(&c);
}

static void probe_error(void *arg, const void *who, int err, const char *text)
{
	if (who == arg)
		*(bool *)arg = false;
}

/* The second message always fails, so that nothing is left of the first. */
bool nft_sock_persists(struct nft_sock *k)
{
	bool yes = true;
	struct nft_txn t;

	nft_txn_init(&t);
	nft_table_add(&t, NFPROTO_INET, "netd-probe",
		      NFT_TF_OWNER | NFT_TF_PERSIST, &yes);
	nft_table_del(&t, NFPROTO_INET, "netd-probe-none", NULL);
	if (nft_commit(k, &t, 0, probe_error, &yes) != -ENOENT)
		yes = false;
	nft_txn_free(&t);
	return yes;
}

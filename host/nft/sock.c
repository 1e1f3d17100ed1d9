// sock.c - a netfilter socket in one network namespace
// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>
#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "nft.h"

#define BUFFER		(16 << 20)	/* of the kernel's side */
#define REPLY		(64 << 10)	/* one read: a dump fills 32 KiB */

static void option(int fd, int level, int name, int value)
{
	/* Each is an improvement only; a kernel without it still works. */
	(void)setsockopt(fd, level, name, &value, sizeof(value));
}

int nft_sock_open(struct nft_sock *k)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC,
			NETLINK_NETFILTER);

	return nft_sock_setup(k, fd < 0 ? -errno : fd);
}

int nft_sock_setup(struct nft_sock *k, int fd)
{
	struct sockaddr_nl a = { .nl_family = AF_NETLINK };
	socklen_t len = sizeof(a);

	k->fd = fd;
	if (fd < 0)
		return fd;
	option(k->fd, SOL_SOCKET, SO_SNDBUFFORCE, BUFFER);
	option(k->fd, SOL_SOCKET, SO_RCVBUFFORCE, BUFFER);
	option(k->fd, SOL_NETLINK, NETLINK_EXT_ACK, 1);
	option(k->fd, SOL_NETLINK, NETLINK_CAP_ACK, 1);
	if (bind(k->fd, (struct sockaddr *)&a, sizeof(a)) ||
	    getsockname(k->fd, (struct sockaddr *)&a, &len)) {
		int err = -errno;

		nft_sock_close(k);
		return err;
	}
	k->port = a.nl_pid;
	k->seq = 1;
	return 0;
}

void nft_sock_close(struct nft_sock *k)
{
	if (k->fd >= 0)
		close(k->fd);
	k->fd = -1;
}

/* 1: more is to come, 0: this was the end, or the error it carries. */
static int take(const struct nlmsghdr *nlh, nft_reply_fn *fn, void *arg)
{
	const struct nlmsgerr *e = mnl_nlmsg_get_payload(nlh);
	int err;

	if (nlh->nlmsg_flags & NLM_F_DUMP_INTR)
		return -EINTR;
	if (nlh->nlmsg_type == NLMSG_ERROR)
		return e->error;
	if (nlh->nlmsg_type == NLMSG_DONE)
		return 0;
	err = fn ? fn(nlh, arg) : 0;
	if (err)
		return err;
	return nlh->nlmsg_flags & NLM_F_MULTI ? 1 : 0;
}

/* mnl_nlmsg_ok() takes a length above 2^31 for a negative one. */
static bool is_whole(const struct nlmsghdr *nlh, int len)
{
	return mnl_nlmsg_ok(nlh, len) && nlh->nlmsg_len <= (uint32_t)len;
}

/* An answer that was left half read must not meet the next question: its
 * messages carry another number and are passed over. */
static int take_all(struct nft_sock *k, char *buf, int len, nft_reply_fn *fn,
		    void *arg)
{
	const struct nlmsghdr *nlh = (void *)buf;
	int more = 1;

	while (more == 1 && is_whole(nlh, len)) {
		if (nlh->nlmsg_seq == k->seq)
			more = take(nlh, fn, arg);
		nlh = mnl_nlmsg_next(nlh, &len);
	}
	return more;
}

int nft_sock_ask(struct nft_sock *k, struct nlmsghdr *nlh, nft_reply_fn *fn,
		 void *arg)
{
	static const struct sockaddr_nl to = { .nl_family = AF_NETLINK };
	_Alignas(8) char buf[REPLY];
	int more = 1;

	nlh->nlmsg_seq = ++k->seq;
	if (sendto(k->fd, nlh, nlh->nlmsg_len, 0, (const void *)&to,
		   sizeof(to)) < 0)
		return -errno;
	while (more == 1) {
		ssize_t n = recv(k->fd, buf, sizeof(buf), 0);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		more = take_all(k, buf, n, fn, arg);
	}
	return more;
}

static int gen_reply(const struct nlmsghdr *nlh, void *arg)
{
	const struct nlattr *a;

	mnl_attr_for_each(a, nlh, sizeof(struct nfgenmsg))
		if (mnl_attr_get_type(a) == NFTA_GEN_ID &&
		    mnl_attr_get_payload_len(a) >= 4)
			*(uint32_t *)arg = ntohl(mnl_attr_get_u32(a));
	return 0;
}

int nft_sock_generation(struct nft_sock *k, uint32_t *gen)
{
	_Alignas(8) char buf[256];
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);

	nlh->nlmsg_type = NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETGEN;
	nlh->nlmsg_flags = NLM_F_REQUEST;
	mnl_nlmsg_put_extra_header(nlh, sizeof(struct nfgenmsg));
	*gen = 0;
	return nft_sock_ask(k, nlh, gen_reply, gen);
}

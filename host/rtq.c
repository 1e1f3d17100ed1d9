// rtq.c - rtnetlink: many changes in one send
// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/rtq.h"
#include "host/internal.h"

#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define MSG_ROOM 16384

static void set_int(int fd, int level, int name, int v)
{
	/* each is a help, none is needed */
	(void)setsockopt(fd, level, name, &v, sizeof(v));
}

int rt_setup(int fd)
{
	struct sockaddr_nl me = { .nl_family = AF_NETLINK };

	if (fd < 0)
		return fd;
	if (bind(fd, (struct sockaddr *)&me, sizeof(me)))
		return -errno;
	set_int(fd, SOL_NETLINK, NETLINK_EXT_ACK, 1);
	set_int(fd, SOL_NETLINK, NETLINK_CAP_ACK, 1);
	set_int(fd, SOL_NETLINK, NETLINK_GET_STRICT_CHK, 1);
	set_int(fd, SOL_SOCKET, SO_SNDBUFFORCE, 1 << 20);
	set_int(fd, SOL_SOCKET, SO_RCVBUFFORCE, 1 << 20);
	return 0;
}

int rtq_init(struct rtq *q)
{
	memset(q, 0, sizeof(*q));
	q->msg = nlmsg_alloc_size(MSG_ROOM);
	return q->msg ? 0 : -ENOMEM;
}

void rtq_free(struct rtq *q)
{
	nlmsg_free(q->msg);
	buf_free(&q->out);
}

static void rtq_close(struct rtq *q)
{
	struct nlmsghdr *nlh = nlmsg_hdr(q->msg);
	uint32_t len = NLMSG_ALIGN(nlh->nlmsg_len);

	if (!q->filling)
		return;
	buf_add(&q->out, nlh, len);
	q->filling = false;
}

struct nl_msg *rtq_msg(struct host *h, struct ns *ns, int type, int flags,
		       const struct step *who, int ok)
{
	struct rtq *q = &h->q;
	struct nlmsghdr *nlh;

	rtq_close(q);
	if (q->n == RTQ_MESSAGES || (q->n && q->ns != ns))
		rtq_flush(h);
	if (!q->n) {
		q->ns = ns;
		q->first = ns->seq + 1;
	}
	nlh = nlmsg_hdr(q->msg);
	nlh->nlmsg_len = NLMSG_HDRLEN;
	nlh->nlmsg_type = type;
	nlh->nlmsg_flags = NLM_F_REQUEST | flags;
	nlh->nlmsg_seq = ++ns->seq;
	q->of[q->n].who = who;
	q->of[q->n++].ok = ok;
	q->filling = true;
	return q->msg;
}

/* The text that came with an error, or NULL (NLMSGERR_ATTR_MSG). */
const char *nlerr_text(const struct nlmsghdr *nlh)
{
	const struct nlmsgerr *e = nlmsg_data(nlh);
	struct nlattr *tb[NLMSGERR_ATTR_MAX + 1], *a;
	int skip = sizeof(*e);

	if (!(nlh->nlmsg_flags & NLM_F_ACK_TLVS) || nlmsg_datalen(nlh) < skip)
		return NULL;
	/* the request follows, all of it or its head only */
	if (!(nlh->nlmsg_flags & NLM_F_CAPPED) &&
	    e->msg.nlmsg_len > (uint32_t)nlmsg_datalen(nlh))
		return NULL;
	if (!(nlh->nlmsg_flags & NLM_F_CAPPED))
		skip += e->msg.nlmsg_len - sizeof(e->msg);
	if (nlmsg_datalen(nlh) <= skip)
		return NULL;
	a = (struct nlattr *)((char *)e + NLMSG_ALIGN(skip));
	if (nla_parse(tb, NLMSGERR_ATTR_MAX, a,
		      nlmsg_datalen(nlh) - NLMSG_ALIGN(skip), NULL) < 0 ||
	    !tb[NLMSGERR_ATTR_MSG])
		return NULL;
	return nla_get_string(tb[NLMSGERR_ATTR_MSG]);
}

static void hear(struct host *h, struct rtq *q, struct nlmsghdr *nlh)
{
	uint32_t i = nlh->nlmsg_seq - q->first;
	const struct nlmsgerr *e = nlmsg_data(nlh);

	if (nlh->nlmsg_type != NLMSG_ERROR || i >= q->n || !e->error ||
	    e->error == q->of[i].ok || !q->of[i].who)
		return;
	if (q->of[i].ok == RTQ_AGAIN && e->error == -EEXIST)
		job_add(&h->ap->again, q->of[i].who, q->ns);
	else if (!step_again(h, q->of[i].who))
		step_failed(h, q->of[i].who, e->error,
			    nlerr_text(nlh));
}

static void all_failed(struct host *h, struct rtq *q, int err)
{
	uint32_t i;

	for (i = 0; i < q->n; i++)
		if (q->of[i].who)
			step_failed(h, q->of[i].who, err, NULL);
}

static void hear_all(struct host *h, struct rtq *q)
{
	_Alignas(8) static char in[32768];
	struct nlmsghdr *nlh;
	ssize_t n;
	int left;

	for (;;) {
		n = recv(q->ns->rt, in, sizeof(in), MSG_DONTWAIT);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return;
		left = n;
		for (nlh = (struct nlmsghdr *)in; nlmsg_ok(nlh, left);
		     nlh = nlmsg_next(nlh, &left))
			hear(h, q, nlh);
	}
}

void rtq_flush(struct host *h)
{
	struct rtq *q = &h->q;
	ssize_t n;

	rtq_close(q);
	if (!q->n)
		return;
	do
		n = send(q->ns->rt, q->out.p, q->out.len, 0);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		all_failed(h, q, -errno);
	else
		hear_all(h, q);
	q->n = 0;
	buf_reset(&q->out);
	host_breathe(h);
}

// rtq.h - rtnetlink: many changes in one send, and dumps
// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef NETD_HOST_RTQ_H
#define NETD_HOST_RTQ_H

#include "host/host.h"

#define RTQ_MESSAGES 64

/*
 * Changes on their way to one namespace.  The kernel does the work within
 * send(), in order; without NLM_F_ACK only what failed is answered, and the
 * answers are there when send() returns.  That is as fast as raw netlink.
 */
/* What exists already may be on its way out: the step is tried again. */
#define RTQ_AGAIN 1

struct rtq {
	struct ns *ns;			/* where to; another one: flushed */
	struct nl_msg *msg;		/* being filled */
	struct buf out;
	uint32_t first;			/* sequence number of who[0] */
	uint32_t n;
	struct {
		const struct step *who;
		int ok;			/* this errno is as good as success,
					 * or RTQ_AGAIN */
	} of[RTQ_MESSAGES];
	bool filling;
};

int rtq_init(struct rtq *q);
void rtq_free(struct rtq *q);

/*
 * A new message for NS, to be filled by nlmsg_append() and nla_put(); the next
 * call closes it.  Its failure is the step WHO's; the negative errno OK is as
 * good as success.
 */
struct nl_msg *rtq_msg(struct host *h, struct ns *ns, int type, int flags,
		       const struct step *who, int ok);

/* Sends what is queued and hears what failed. */
void rtq_flush(struct host *h);

/* Makes a raw NETLINK_ROUTE socket FD ready for requests.  FD may be a
 * negative errno, which is the result then. */
int rt_setup(int fd);

typedef int rt_fn(void *arg, struct nlmsghdr *nlh);

/*
 * Sends MSG to NS and gives all answers to FN: a dump when it has NLM_F_DUMP.
 * A dump that was interrupted by a change is begun again after RESET.
 * 0, or a negative errno; the kernel's text is in rt_error().
 */
int rt_ask(struct ns *ns, struct nl_msg *msg, rt_fn *fn,
	   void (*reset)(void *arg), void *arg);
const char *rt_error(void);

/* A request with NLM_F_DUMP and the given fixed header. */
int rt_dump(struct ns *ns, int type, const void *head, size_t len, rt_fn *fn,
	    void (*reset)(void *arg), void *arg);

#endif

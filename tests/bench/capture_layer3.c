// capture_layer3.c - the requests that would make the addresses, routes of now
// SPDX-License-Identifier: GPL-2.0-or-later
//
// Those with netd's protocol, and settings of the namespace.
#include "bench.h"

#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "netd/host.h"

#define MSG_SIZE 16384

struct where {
	struct reqs *r;
	const char *ns;
};

/* --- what all captures have in common ------------------------------------- */

int take_attr(const struct nlattr *a, void *arg)
{
	const struct nlattr **to = arg;

	if (mnl_attr_get_type(a) < MAX_ATTR)
		to[mnl_attr_get_type(a)] = a;
	return MNL_CB_OK;
}

void put_copy(struct nlmsghdr *h, const struct nlattr *a)
{
	if (a)
		mnl_attr_put(h, mnl_attr_get_type(a),
			     mnl_attr_get_payload_len(a),
			     mnl_attr_get_payload(a));
}

void add_proc(struct reqs *r, const char *ns, enum step step,
	      const char *path, const char *value)
{
	struct req q = { .way = WAY_PROC, .step = step };
	char data[300];
	size_t n;

	snprintf(q.ns, sizeof(q.ns), "%s", ns);
	n = snprintf(data, sizeof(data), "%s%c%s", path, 0, value) + 1;
	reqs_add(r, &q, data, n);
}

void add_route(struct reqs *r, const char *ns, enum step step, int type,
	       int flags, const struct nlmsghdr *h, struct req *more)
{
	struct req q = more ? *more : (struct req){ 0 };

	q.way = WAY_ROUTE;
	q.step = step;
	q.type = type;
	q.flags = flags;
	snprintf(q.ns, sizeof(q.ns), "%s", ns);
	reqs_add(r, &q, mnl_nlmsg_get_payload(h),
		 h->nlmsg_len - MNL_NLMSG_HDRLEN);
}

/* --- addresses, routes ---------------------------------------------------- */

static uint32_t num(const struct nlattr *a)
{
	return a ? mnl_attr_get_u32(a) : 0;
}

/*
 * In a namespace of somebody else's an address is not marked: there all on
 * netd's links are, but for those that the kernel made.
 */
static bool ours(const struct where *w, const struct nlattr *const *a,
		 uint32_t index)
{
	if (a[IFA_PROTO])
		return mnl_attr_get_u8(a[IFA_PROTO]) == NETD_IFAPROT;
	return *w->ns && peer_known(w->ns, index);
}

static int on_address(const struct nlmsghdr *h, void *arg)
{
	const struct ifaddrmsg *was = mnl_nlmsg_get_payload(h);
	const struct nlattr *a[MAX_ATTR] = { NULL };
	const struct where *w = arg;
	char buf[MSG_SIZE] = "";
	struct nlmsghdr *m = mnl_nlmsg_put_header(buf);
	struct ifaddrmsg *ifa = mnl_nlmsg_put_extra_header(m, sizeof(*ifa));
	uint32_t flags;

	mnl_attr_parse(h, sizeof(*was), take_attr, a);
	if (!ours(w, a, was->ifa_index))
		return 0;
	*ifa = *was;
	ifa->ifa_flags = 0;
	put_copy(m, a[IFA_LOCAL]);
	put_copy(m, a[IFA_ADDRESS]);
	put_copy(m, a[IFA_BROADCAST]);
	put_copy(m, a[IFA_PROTO]);
	flags = num(a[IFA_FLAGS]) & (IFA_F_NODAD | IFA_F_NOPREFIXROUTE);
	mnl_attr_put_u32(m, IFA_FLAGS, flags);
	add_route(w->r, w->ns, STEP_ADDRESS, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, m,
		NULL);
	return 0;
}

static int on_route(const struct nlmsghdr *h, void *arg)
{
	const struct rtmsg *was = mnl_nlmsg_get_payload(h);
	const struct nlattr *a[MAX_ATTR] = { NULL };
	const struct where *w = arg;
	char buf[MSG_SIZE] = "";
	struct nlmsghdr *m = mnl_nlmsg_put_header(buf);
	struct rtmsg *rt = mnl_nlmsg_put_extra_header(m, sizeof(*rt));

	if (was->rtm_protocol != NETD_RTPROT)
		return 0;
	mnl_attr_parse(h, sizeof(*was), take_attr, a);
	*rt = *was;
	rt->rtm_flags = 0;
	put_copy(m, a[RTA_DST]);
	put_copy(m, a[RTA_GATEWAY]);
	put_copy(m, a[RTA_OIF]);
	put_copy(m, a[RTA_PRIORITY]);
	put_copy(m, a[RTA_PREFSRC]);
	put_copy(m, a[RTA_MULTIPATH]);
	add_route(w->r, w->ns, STEP_ROUTE, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, m,
		NULL);
	return 0;
}

static void dump_family(struct mnl_socket *s, int type, size_t head,
			int (*cb)(const struct nlmsghdr *, void *), void *arg)
{
	static const unsigned char families[] = { AF_INET, AF_INET6 };
	char buf[256] = "";
	struct nlmsghdr *h = mnl_nlmsg_put_header(buf);
	unsigned char *family = mnl_nlmsg_put_extra_header(h, head);
	unsigned int i;

	h->nlmsg_type = type;
	h->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	for (i = 0; i < 2; i++) {
		*family = families[i];
		nl_dump(s, h, cb, arg);
	}
}

void capture_layer3(struct reqs *r, struct mnl_socket *s, const char *ns)
{
	struct where w = { r, ns };

	dump_family(s, RTM_GETADDR, sizeof(struct ifaddrmsg), on_address, &w);
	dump_family(s, RTM_GETROUTE, sizeof(struct rtmsg), on_route, &w);
}

/* Settings of a whole namespace, where they are not what a fresh one has. */
void capture_sysctls(struct reqs *r)
{
	static const char *const paths[] = {
		"net/ipv4/ip_forward", "net/ipv6/conf/all/forwarding",
	};
	char path[100], value[16];
	unsigned int i;
	FILE *f;

	for (i = 0; i < MNL_ARRAY_SIZE(paths); i++) {
		snprintf(path, sizeof(path), "/proc/sys/%s", paths[i]);
		f = fopen(path, "r");
		if (!f || !fgets(value, sizeof(value), f))
			die("%s", path);
		fclose(f);
		value[strcspn(value, "\n")] = 0;
		if (strcmp(value, "0"))
			add_proc(r, "", STEP_SYSCTL, paths[i], value);
	}
}

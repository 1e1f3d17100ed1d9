// probe_route.c - is a route in the kernel's tables (rtnetlink(7))
// SPDX-License-Identifier: GPL-2.0-or-later
#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>
#include <string.h>

#include "ctl/lab.h"

struct wanted {
	const struct prefix *to;
	const json_t *via;	/* addresses; empty: any */
	uint32_t cost;		/* 0: any */
	bool found;
	struct buf *seen;	/* what is there instead */
};

static struct ip ip_of(uint8_t family, const struct nlattr *a)
{
	struct ip ip = { .family = family == AF_INET6 ? 6 : 4 };

	memcpy(ip.b, mnl_attr_get_payload(a),
	       mnl_attr_get_payload_len(a) < ip_bytes(&ip) ?
	       mnl_attr_get_payload_len(a) : ip_bytes(&ip));
	return ip;
}

struct found {
	uint8_t family;
	struct prefix to;
	struct ip via[64];
	unsigned int nvia;
	uint32_t metric;
};

static void add_via(struct found *f, uint8_t family, const struct nlattr *a)
{
	if (f->nvia < sizeof(f->via) / sizeof(*f->via))
		f->via[f->nvia++] = ip_of(family, a);
}

/* struct rtvia: a next hop of the other family (RFC 5549). */
static void add_other(struct found *f, const struct nlattr *a)
{
	const struct rtvia *v = mnl_attr_get_payload(a);
	struct ip ip = { .family = v->rtvia_family == AF_INET6 ? 6 : 4 };

	if (mnl_attr_get_payload_len(a) < sizeof(*v) + ip_bytes(&ip) ||
	    f->nvia == sizeof(f->via) / sizeof(*f->via))
		return;
	memcpy(ip.b, v->rtvia_addr, ip_bytes(&ip));
	f->via[f->nvia++] = ip;
}

static void add_hops(struct found *f, const struct nlattr *a)
{
	const struct rtnexthop *h = mnl_attr_get_payload(a);
	int len = mnl_attr_get_payload_len(a);
	const struct nlattr *attr;

	for (; RTNH_OK(h, len); len -= RTNH_ALIGN(h->rtnh_len),
	     h = RTNH_NEXT(h)) {
		mnl_attr_for_each_payload((void *)RTNH_DATA(h), h->rtnh_len -
					  sizeof(*h)) {
			if (mnl_attr_get_type(attr) == RTA_GATEWAY)
				add_via(f, f->family, attr);
			else if (mnl_attr_get_type(attr) == RTA_VIA)
				add_other(f, attr);
		}
	}
}

static void read_route(const struct nlmsghdr *h, struct found *f)
{
	const struct rtmsg *m = mnl_nlmsg_get_payload(h);
	struct nlattr *a;

	f->family = m->rtm_family;
	f->to.ip.family = m->rtm_family == AF_INET6 ? 6 : 4;
	f->to.len = m->rtm_dst_len;
	mnl_attr_for_each(a, h, sizeof(*m)) {
		switch (mnl_attr_get_type(a)) {
		case RTA_DST:
			f->to.ip = ip_of(f->family, a);
			break;
		case RTA_GATEWAY:
			add_via(f, f->family, a);
			break;
		case RTA_VIA:
			add_other(f, a);
			break;
		case RTA_MULTIPATH:
			add_hops(f, a);
			break;
		case RTA_PRIORITY:
			f->metric = mnl_attr_get_u32(a);
			break;
		}
	}
}

static bool has_via(const struct found *f, const json_t *via)
{
	struct ip ip;
	unsigned int i;
	size_t k;
	json_t *v;

	if (!json_array_size(via))
		return true;
	json_array_foreach(via, k, v)
		for (i = 0; i < f->nvia; i++)
			if (!ip_read(json_string_value(v), &ip) &&
			    !ip_cmp(&ip, &f->via[i]))
				return true;
	return false;
}

static void tell(const struct found *f, struct buf *seen)
{
	char text[46];
	unsigned int i;

	buf_str(seen, seen->len ? "; " : "");
	for (i = 0; i < f->nvia; i++)
		buf_printf(seen, "%svia %s", i ? ", " : "",
			   ip_text(&f->via[i], text));
	buf_printf(seen, "%s metric %u", f->nvia ? "" : "without a gateway,",
		   f->metric);
}

static int look(const struct nlmsghdr *h, void *arg)
{
	const struct rtmsg *m = mnl_nlmsg_get_payload(h);
	struct wanted *w = arg;
	struct found f = { 0 };

	if (h->nlmsg_type != RTM_NEWROUTE || m->rtm_table == RT_TABLE_LOCAL ||
	    m->rtm_type != RTN_UNICAST)
		return MNL_CB_OK;
	read_route(h, &f);
	if (ip_cmp(&f.to.ip, &w->to->ip) || f.to.len != w->to->len)
		return MNL_CB_OK;
	if (has_via(&f, w->via) && (!w->cost || w->cost == f.metric))
		w->found = true;
	tell(&f, w->seen);
	return MNL_CB_OK;
}

static int dump(struct mnl_socket *nl, uint8_t family, struct wanted *w)
{
	char b[32768] __attribute__((aligned(8)));
	struct nlmsghdr *h = mnl_nlmsg_put_header(b);
	struct rtmsg *m = mnl_nlmsg_put_extra_header(h, sizeof(*m));
	int n, rc = 1;

	h->nlmsg_type = RTM_GETROUTE;
	h->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	m->rtm_family = family;
	if (mnl_socket_sendto(nl, h, h->nlmsg_len) < 0)
		return -1;
	while (rc > 0) {
		n = mnl_socket_recvfrom(nl, b, sizeof(b));
		rc = n < 0 ? -1 : mnl_cb_run(b, n, 0,
					     mnl_socket_get_portid(nl), look,
					     w);
	}
	return rc;
}

bool probe_route(const struct prefix *to, const json_t *via, uint32_t cost,
		 struct buf *why)
{
	struct mnl_socket *nl = mnl_socket_open(NETLINK_ROUTE);
	struct buf seen = { 0 };
	struct wanted w = { to, via, cost, false, &seen };
	char text[50];

	if (nl && !mnl_socket_bind(nl, 0, MNL_SOCKET_AUTOPID))
		dump(nl, to->ip.family == 6 ? AF_INET6 : AF_INET, &w);
	if (nl)
		mnl_socket_close(nl);
	prefix_text(to, text);
	if (seen.len)
		buf_printf(why, "the route to %s is %s", text,
			   buf_text(&seen));
	else
		buf_printf(why, "there is no route to %s", text);
	buf_free(&seen);
	return w.found;
}

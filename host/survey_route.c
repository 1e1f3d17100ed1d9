// survey_route.c - policy routing that is not netd's, and its tables
// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/survey.h"

#include <arpa/inet.h>
#include <linux/fib_rules.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#define ROUTES_MAX 2000

struct take {
	struct host *h;
	struct state *found;
	unsigned int n;
};

static uint32_t table_of(struct nlattr *a, uint32_t small)
{
	return a ? nla_get_u32(a) : small;
}

static void print_net(struct buf *b, int family, struct nlattr *a, int len)
{
	char text[INET6_ADDRSTRLEN];

	if (a && inet_ntop(family, nla_data(a), text, sizeof(text)))
		buf_printf(b, "%s/%d", text, len);
	else
		buf_str(b, "all");
}

static void print_name(struct buf *b, const char *what, struct nlattr *a)
{
	if (a)
		buf_printf(b, " %s %s", what, nla_get_string(a));
}

/* As ip-rule(8) prints it. */
static int take_rule(void *arg, struct nlmsghdr *nlh)
{
	struct buf name CLEANUP(buf_free) = { 0 };
	struct buf text CLEANUP(buf_free) = { 0 };
	struct fib_rule_hdr *r = nlmsg_data(nlh);
	struct nlattr *tb[FRA_MAX + 1];
	struct take *t = arg;
	uint32_t table;

	if (nlmsg_parse(nlh, sizeof(*r), tb, FRA_MAX, NULL))
		return 0;
	table = table_of(tb[FRA_TABLE], r->table);
	if (table == RT_TABLE_LOCAL || table == RT_TABLE_MAIN ||
	    table == RT_TABLE_DEFAULT ||
	    (tb[FRA_PROTOCOL] && nla_get_u8(tb[FRA_PROTOCOL]) == NETD_RTPROT))
		return 0;
	buf_str(&text, "from ");
	print_net(&text, r->family, tb[FRA_SRC], r->src_len);
	buf_str(&text, " to ");
	print_net(&text, r->family, tb[FRA_DST], r->dst_len);
	print_name(&text, "iif", tb[FRA_IIFNAME]);
	print_name(&text, "oif", tb[FRA_OIFNAME]);
	if (tb[FRA_FWMARK])
		buf_printf(&text, " fwmark 0x%x", nla_get_u32(tb[FRA_FWMARK]));
	buf_printf(&text, " lookup %u", table);
	buf_printf(&name, "rule:%d %u %s", r->family == AF_INET6 ? 6 : 4,
		   tb[FRA_PRIORITY] ? nla_get_u32(tb[FRA_PRIORITY]) : 0,
		   buf_text(&text));
	survey_add(t->found, buf_text(&name), buf_text(&text));
	return 0;
}

static int take_route(void *arg, struct nlmsghdr *nlh)
{
	struct buf name CLEANUP(buf_free) = { 0 };
	struct rtmsg *r = nlmsg_data(nlh);
	struct nlattr *tb[RTA_MAX + 1];
	char dev[IF_NAMESIZE] = "";
	struct take *t = arg;
	uint32_t table;

	if (nlh->nlmsg_type != RTM_NEWROUTE ||
	    nlmsg_parse(nlh, sizeof(*r), tb, RTA_MAX, NULL) ||
	    (r->rtm_flags & RTM_F_CLONED) || !tb[RTA_DST])
		return 0;
	table = table_of(tb[RTA_TABLE], r->rtm_table);
	if (table == RT_TABLE_MAIN || table == RT_TABLE_LOCAL ||
	    r->rtm_protocol == NETD_RTPROT || t->n++ >= ROUTES_MAX)
		return 0;
	/* that of the namespace we are in: the host's */
	if (tb[RTA_OIF] && !if_indextoname(nla_get_u32(tb[RTA_OIF]), dev))
		*dev = '\0';
	buf_printf(&name, "route:%u ", table);
	print_net(&name, r->rtm_family, tb[RTA_DST], r->rtm_dst_len);
	survey_add(t->found, buf_text(&name), dev);
	return 0;
}

void survey_routes(struct host *h, struct state *found)
{
	static const int families[] = { AF_INET, AF_INET6 };
	struct take t = { .h = h, .found = found };
	struct fib_rule_hdr rule = { 0 };
	struct rtmsg route = { 0 };
	int i;

	for (i = 0; i < 2; i++) {
		rule.family = route.rtm_family = families[i];
		rt_dump(ns_home(h), RTM_GETRULE, &rule, sizeof(rule),
			take_rule, NULL, &t);
		rt_dump(ns_home(h), RTM_GETROUTE, &route, sizeof(route),
			take_route, NULL, &t);
	}
}

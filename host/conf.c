// conf.c - IPv4 and IPv6 settings of an interface, in netlink and in /proc
// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/conf.h"
#include "netd/help.h"
#include "host/look.h"

#include <errno.h>
#include <linux/if_link.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define OFF(member) offsetof(struct devconf, member)

/* IFLA_INET_CONF: read and written by netlink. */
static const struct {
	uint8_t off;
	uint8_t id;
} conf4[] = {
	{ OFF(forwarding), IPV4_DEVCONF_FORWARDING },
	{ OFF(rp_filter), IPV4_DEVCONF_RP_FILTER },
	{ OFF(arp_ignore), IPV4_DEVCONF_ARP_IGNORE },
	{ OFF(arp_announce), IPV4_DEVCONF_ARP_ANNOUNCE },
	{ OFF(send_redirects), IPV4_DEVCONF_SEND_REDIRECTS },
	{ OFF(accept_redirects), IPV4_DEVCONF_ACCEPT_REDIRECTS },
	{ OFF(source_route), IPV4_DEVCONF_ACCEPT_SOURCE_ROUTE },
	{ OFF(proxy_arp), IPV4_DEVCONF_PROXY_ARP },
	{ OFF(route_localnet), IPV4_DEVCONF_ROUTE_LOCALNET },
};

/* IFLA_INET6_CONF: read by netlink, written in /proc only. */
static const struct {
	uint8_t off;
	uint8_t id;
	const char *file;
} conf6[] = {
	{ OFF(accept_ra), DEVCONF_ACCEPT_RA, "accept_ra" },
	{ OFF(accept_redirects6), DEVCONF_ACCEPT_REDIRECTS,
	  "accept_redirects" },
	{ OFF(forwarding6), DEVCONF_FORWARDING, "forwarding" },
	{ OFF(disable_ipv6), DEVCONF_DISABLE_IPV6, "disable_ipv6" },
};

#define N(table) (sizeof(table) / sizeof(*(table)))

static uint8_t *at(const struct devconf *c, uint8_t off)
{
	return (uint8_t *)c + off;
}

static uint8_t number(struct nlattr *a, uint32_t i)
{
	const uint32_t *v = nla_data(a);

	if ((i + 1) * sizeof(*v) > (size_t)nla_len(a))
		return ANY8;
	return v[i] < ANY8 ? v[i] : ANY8 - 1;
}

static void take4(struct nlattr *spec, struct devconf *conf)
{
	struct nlattr *tb[IFLA_INET_MAX + 1];
	unsigned int i;

	if (nla_parse_nested(tb, IFLA_INET_MAX, spec, NULL) ||
	    !tb[IFLA_INET_CONF])
		return;
	for (i = 0; i < N(conf4); i++)
		*at(conf, conf4[i].off) =
			number(tb[IFLA_INET_CONF], conf4[i].id - 1);
}

static void take6(struct nlattr *spec, struct devconf *conf)
{
	struct nlattr *tb[IFLA_INET6_MAX + 1];
	unsigned int i;

	if (nla_parse_nested(tb, IFLA_INET6_MAX, spec, NULL) ||
	    !tb[IFLA_INET6_CONF])
		return;
	for (i = 0; i < N(conf6); i++)
		*at(conf, conf6[i].off) =
			number(tb[IFLA_INET6_CONF], conf6[i].id);
	conf->addr_gen_mode = number(tb[IFLA_INET6_CONF],
				     DEVCONF_ADDR_GEN_MODE);
}

void conf_take(struct nlattr *af_spec, struct devconf *conf)
{
	struct nlattr *tb[AF_INET6 + 1];

	memset(conf, ANY8, sizeof(*conf));
	if (!af_spec || nla_parse_nested(tb, AF_INET6, af_spec, NULL))
		return;
	if (tb[AF_INET])
		take4(tb[AF_INET], conf);
	if (tb[AF_INET6])
		take6(tb[AF_INET6], conf);
}

static bool wants4(const struct devconf *c)
{
	unsigned int i;

	for (i = 0; i < N(conf4); i++)
		if (*at(c, conf4[i].off) != ANY8)
			return true;
	return false;
}

void conf_put(struct nl_msg *m, const struct devconf *c)
{
	struct nlattr *spec, *family, *values;
	unsigned int i;

	if (!wants4(c) && c->addr_gen_mode == ANY8)
		return;
	spec = nla_nest_start(m, IFLA_AF_SPEC);
	if (wants4(c)) {
		family = nla_nest_start(m, AF_INET);
		values = nla_nest_start(m, IFLA_INET_CONF);
		for (i = 0; i < N(conf4); i++)
			if (*at(c, conf4[i].off) != ANY8)
				nla_put_u32(m, conf4[i].id,
					    *at(c, conf4[i].off));
		nla_nest_end(m, values);
		nla_nest_end(m, family);
	}
	if (c->addr_gen_mode != ANY8) {
		family = nla_nest_start(m, AF_INET6);
		nla_put_u8(m, IFLA_INET6_ADDR_GEN_MODE, c->addr_gen_mode);
		nla_nest_end(m, family);
	}
	nla_nest_end(m, spec);
}

/* --- /proc ------------------------------------------------------------ */

/* The setting FILE of DEV, in an array of conf6[]. */
struct conf6_setting {
	char path[128], value[16];
};

static void fill(struct conf6_setting *room, struct setting *s,
		 const char *dev, const char *file)
{
	snprintf(room->path, sizeof(room->path), "net/ipv6/conf/%s/%s", dev,
		 file);
	*s = (struct setting){ .path = room->path, .value = room->value,
			       .room = sizeof(room->value) };
}

void conf6_defaults(int nsfd, struct devconf *c)
{
	struct conf6_setting room[N(conf6)];
	struct setting s[N(conf6)];
	unsigned int i;

	memset(c, ANY8, sizeof(*c));
	for (i = 0; i < N(conf6); i++)
		fill(&room[i], &s[i], "default", conf6[i].file);
	if (help_sysctls(nsfd, s, N(conf6)))
		return;
	for (i = 0; i < N(conf6); i++)
		if (!s[i].err)
			*at(c, conf6[i].off) = atoi(s[i].value);
}

bool conf6_same(const struct devconf *want, const struct devconf *have)
{
	unsigned int i;

	for (i = 0; i < N(conf6); i++)
		if (*at(want, conf6[i].off) != ANY8 &&
		    *at(want, conf6[i].off) != *at(have, conf6[i].off))
			return false;
	return true;
}

int conf6_write(int nsfd, const char *dev, const struct devconf *want,
		const struct devconf *have)
{
	struct conf6_setting room[N(conf6)];
	struct setting s[N(conf6)];
	unsigned int i, n = 0;
	int first = 0;
	uint8_t x;

	for (i = 0; i < N(conf6); i++) {
		x = *at(want, conf6[i].off);
		if (x == ANY8 || x == *at(have, conf6[i].off))
			continue;
		fill(&room[n], &s[n], dev, conf6[i].file);
		snprintf(room[n].value, sizeof(room[n].value), "%u", x);
		s[n++].write = true;
	}
	if (n)
		first = help_sysctls(nsfd, s, n);
	for (i = 0; i < n; i++)
		/* a kernel without IPv6 is as safe as one can ask for */
		if (s[i].err && s[i].err != -ENOENT && !first)
			first = s[i].err;
	return first;
}

// probe_name.c - what DNS says of a name, by the C library's resolver
// SPDX-License-Identifier: GPL-2.0-or-later
#include <arpa/nameser.h>
#include <resolv.h>
#include <string.h>

#include "ctl/lab.h"

/* Adds the answers of a kind as strings. */
static void add_answers(ns_msg *m, json_t *list)
{
	char text[NS_MAXDNAME];
	struct ip ip = { 0 };
	ns_rr rr;
	int i;

	for (i = 0; i < ns_msg_count(*m, ns_s_an); i++) {
		if (ns_parserr(m, ns_s_an, i, &rr))
			return;
		if (ns_rr_type(rr) == ns_t_a && ns_rr_rdlen(rr) == 4)
			ip.family = 4;
		else if (ns_rr_type(rr) == ns_t_aaaa && ns_rr_rdlen(rr) == 16)
			ip.family = 6;
		else
			ip.family = 0;
		if (ip.family) {
			memcpy(ip.b, ns_rr_rdata(rr), ns_rr_rdlen(rr));
			ip_text(&ip, text);
		} else if ((ns_rr_type(rr) != ns_t_cname &&
			    ns_rr_type(rr) != ns_t_ptr) ||
			   ns_name_uncompress(ns_msg_base(*m), ns_msg_end(*m),
					      ns_rr_rdata(rr), text,
					      sizeof(text)) < 0) {
			continue;
		}
		json_array_append_new(list, json_string(text));
	}
}

static void set_server(struct __res_state *rs, const char *resolver)
{
	struct ip ip;

	rs->retrans = 1;
	rs->retry = 2;
	if (!resolver[0] || ip_read(resolver, &ip) || ip.family != 4)
		return;
	rs->nscount = 1;
	rs->nsaddr_list[0].sin_family = AF_INET;
	rs->nsaddr_list[0].sin_port = htons(NS_DEFAULTPORT);
	memcpy(&rs->nsaddr_list[0].sin_addr, ip.b, 4);
}

static void ask_for(struct __res_state *rs, const char *name, ns_type type,
		    json_t *list)
{
	unsigned char b[4096];
	ns_msg m;
	int n = res_nquery(rs, name, ns_c_in, type, b, sizeof(b));

	if (n > 0 && n <= (int)sizeof(b) && !ns_initparse(b, n, &m))
		add_answers(&m, list);
}

/* Names are equal whatever their case, addresses however they are written. */
static bool same(const char *a, const char *b)
{
	struct ip x, y;

	if (!ip_read(a, &x) && !ip_read(b, &y))
		return !ip_cmp(&x, &y);
	return !strcasecmp(a, b);
}

static bool has(const json_t *list, const char *what)
{
	size_t i;
	json_t *v;

	json_array_foreach(list, i, v)
		if (same(json_string_value(v), what))
			return true;
	return false;
}

static bool all_there(const json_t *found, const json_t *answer)
{
	size_t i;
	json_t *v;

	json_array_foreach(answer, i, v)
		if (!has(found, json_string_value(v)))
			return false;
	return true;
}

bool probe_name(const char *name, const char *resolver, const json_t *answer,
		struct buf *why)
{
	struct __res_state rs = { 0 };
	json_t *found = json_array(), *v;
	bool none = json_array_size(answer) == 1 && has(answer, "none"), ok;
	size_t i;

	if (res_ninit(&rs)) {
		buf_str(why, "no resolver");
		json_decref(found);
		return false;
	}
	set_server(&rs, resolver);
	ask_for(&rs, name, ns_t_a, found);
	ask_for(&rs, name, ns_t_aaaa, found);
	res_nclose(&rs);
	ok = none ? !json_array_size(found) : all_there(found, answer);
	buf_printf(why, "%s is ", name);
	json_array_foreach(found, i, v)
		buf_printf(why, "%s%s", i ? ", " : "", json_string_value(v));
	if (!json_array_size(found))
		buf_str(why, "not known");
	json_decref(found);
	return ok;
}

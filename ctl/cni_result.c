// cni_result.c - what ADD answers: interfaces, addresses, routes, DNS
// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include "ctl/cni.h"

/* The array KEY of the result; made when it isn't there. */
static json_t *array(json_t *result, const char *key)
{
	json_t *list = json_object_get(result, key);

	if (json_is_array(list))
		return list;
	list = json_array();
	json_object_set_new(result, key, list);
	return list;
}

static void copy(json_t *to, const char *key, const json_t *from,
		 const char *as)
{
	const char *s = plug_str(from, as);

	if (*s)
		json_object_set_new(to, key, json_string(s));
}

/*
 * Our end comes first: the plugin `bandwidth` limits the first interface that
 * is the host's.  The index of the container's.
 */
static size_t add_interfaces(const struct cni *c, json_t *result,
			     const json_t *a)
{
	json_t *list = array(result, "interfaces");
	json_t *port = json_object(), *inside = json_object();

	copy(port, "name", a, "port");
	copy(inside, "name", a, "ifname");
	copy(inside, "mac", a, "mac");
	json_object_set_new(inside, "sandbox", json_string(c->netns));
	if (cni_since(c, "1.1.0") && json_object_get(a, "mtu"))
		json_object_set(inside, "mtu", json_object_get(a, "mtu"));
	json_array_append_new(list, port);
	json_array_append_new(list, inside);
	return json_array_size(list) - 1;
}

static void add_ips(const struct cni *c, json_t *result, const json_t *a,
		    size_t interface)
{
	json_t *list = array(result, "ips"), *it, *ip;
	size_t i;

	json_array_foreach(json_object_get(a, "addresses"), i, it) {
		ip = json_pack("{s:I}", "interface", (json_int_t)interface);
		copy(ip, "address", it, "address");
		copy(ip, "gateway", it, "gateway");
		if (!cni_since(c, "1.0.0"))
			json_object_set_new(ip, "version", json_string(
				strchr(plug_str(it, "address"), ':') ? "6" :
				"4"));
		json_array_append_new(list, ip);
	}
}

static void add_routes(json_t *result, const json_t *a)
{
	json_t *list = array(result, "routes"), *it, *r;
	size_t i;

	json_array_foreach(json_object_get(a, "routes"), i, it) {
		r = json_object();
		copy(r, "dst", it, "dst");
		copy(r, "gw", it, "gw");
		json_array_append_new(list, r);
	}
}

/* The first of the lists that has something: who asked comes before netd. */
static void choose(json_t *dns, const char *key, const json_t *asked,
		   const json_t *conf, const json_t *ours)
{
	const json_t *v[] = { asked, conf, ours };
	unsigned int i;

	for (i = 0; i < 3; i++) {
		if (!json_array_size(v[i]))
			continue;
		json_object_set(dns, key, (json_t *)v[i]);
		return;
	}
}

static void add_dns(const struct cni *c, json_t *result, const json_t *a)
{
	const json_t *asked = plug_get(c->runtime, "dns");
	const json_t *conf = json_object_get(c->conf, "dns");
	json_t *dns = json_object_get(result, "dns");

	if (!json_is_object(dns)) {
		dns = json_object();
		json_object_set_new(result, "dns", dns);
	}
	choose(dns, "nameservers", plug_get(asked, "servers"),
	       json_object_get(conf, "nameservers"),
	       json_object_get(a, "dns"));
	choose(dns, "search", plug_get(asked, "searches"),
	       json_object_get(conf, "search"), NULL);
	choose(dns, "options", plug_get(asked, "options"),
	       json_object_get(conf, "options"), NULL);
	copy(dns, "domain", *plug_str(conf, "domain") ? conf : a, "domain");
}

json_t *cni_result(const struct cni *c, const json_t *a)
{
	json_t *result = c->prev ? json_deep_copy(c->prev) : json_object();

	json_object_set_new(result, "cniVersion", json_string(c->version));
	add_ips(c, result, a, add_interfaces(c, result, a));
	add_routes(result, a);
	add_dns(c, result, a);
	return result;
}

// cni_add.c - ADD: an attachment of netd's, as the engine asks for it
// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ctl/cni.h"

/* --- what the engine asks for ----------------------------------------- */

static bool add_list(const struct cni *c, json_t *o, const json_t *list)
{
	json_t *it;
	size_t i;

	json_array_foreach(list, i, it) {
		if (!json_is_string(it))
			cni_fail(c, CNI_CONFIG, NULL, "ips: expected "
				 "addresses");
		plug_address(o, json_string_value(it));
	}
	return json_array_size(list);
}

/* runtimeConfig.ips, args.cni.ips, or CNI_ARGS: the first that says one. */
static void add_addresses(const struct cni *c, json_t *o)
{
	const json_t *args = json_object_get(json_object_get(c->conf, "args"),
					     "cni");

	if (!add_list(c, o, plug_get(c->runtime, "ips")) &&
	    !add_list(c, o, plug_get(args, "ips")) && c->arg_ip)
		plug_address(o, c->arg_ip);
}

static void add_mac(const struct cni *c, json_t *o)
{
	const char *mac = json_string_value(plug_get(c->runtime, "mac"));

	if (!mac || !*mac)
		mac = c->arg_mac;
	if (mac && *mac)
		json_object_set_new(o, "mac", json_string(mac));
}

static json_t *forward(const struct cni *c, const json_t *m)
{
	const char *protocol = json_string_value(plug_get(m, "protocol"));
	json_int_t host = json_integer_value(plug_get(m, "hostPort"));
	json_int_t port = json_integer_value(plug_get(m, "containerPort"));
	json_t *f = plug_forward(json_string_value(plug_get(m, "hostIP")),
				 protocol, host, port);

	if (!f)
		cni_fail(c, CNI_CONFIG, NULL, "portMappings: expected a "
			 "protocol and ports of 1 to 65535, found %.20s, %lld "
			 "and %lld", protocol ? protocol : "none",
			 (long long)host, (long long)port);
	return f;
}

static void add_ports(const struct cni *c, json_t *o, bool others)
{
	json_t *maps = plug_get(c->runtime, "portMappings"), *m, *list;
	size_t i;

	if (!json_array_size(maps) ||
	    (others && plug_published("cni", c->container)))
		return;
	list = json_array();
	json_array_foreach(maps, i, m)
		json_array_append_new(list, forward(c, m));
	json_object_set_new(o, "publish", list);
}

/* CNI counts bits, and bursts too; 0 or nothing: no bound. */
static void add_bound(const struct cni *c, json_t *o, const json_t *b,
		      const char *way, const char *rate, const char *burst)
{
	const json_t *r = plug_get(b, rate), *u = plug_get(b, burst);
	json_int_t bits = json_integer_value(r);
	json_int_t bytes = json_integer_value(u) / 8;
	json_t *limit;

	if ((r && !json_is_integer(r)) || (u && !json_is_integer(u)) ||
	    bits < 0 || bytes < 0 || bytes > UINT32_MAX)
		cni_fail(c, CNI_CONFIG, NULL, "bandwidth: expected %s in bit/s "
			 "and %s in bits", rate, burst);
	/* a burst without a rate bounds nothing */
	if (!bits)
		return;
	limit = json_pack("{s:I}", "rate", bits);
	if (bytes)
		json_object_set_new(limit, "burst", json_integer(bytes));
	json_object_set_new(o, way, limit);
}

/* A plugin `bandwidth` that is chained would do it again: it may. */
static void add_bandwidth(const struct cni *c, json_t *o)
{
	const json_t *b = plug_get(c->runtime, "bandwidth");
	json_t *bounds = json_object();

	if (b && !json_is_object(b) && !json_is_null(b))
		cni_fail(c, CNI_CONFIG, NULL, "bandwidth: expected an object");
	add_bound(c, bounds, b, "ingress", "ingressRate", "ingressBurst");
	add_bound(c, bounds, b, "egress", "egressRate", "egressBurst");
	if (json_object_size(bounds))
		json_object_set(o, "bandwidth", bounds);
	json_decref(bounds);
}

static void add_labels(const struct cni *c, json_t *o)
{
	const json_t *names = json_object_get(plug_get(c->runtime, "aliases"),
					      c->name);
	__attribute__((cleanup(buf_free))) struct buf aliases = { 0 };
	json_t *l = json_object(), *it;
	size_t i;

	json_array_foreach(names, i, it)
		if (json_is_string(it))
			buf_printf(&aliases, "%s%s", aliases.len ? " " : "",
				   json_string_value(it));
	plug_label(l, "door", "cni");
	plug_label(l, "cni.network", c->name);
	plug_label(l, "cni.container", c->container);
	plug_label(l, "cni.ifname", c->ifname);
	plug_label(l, "cni.aliases", buf_text(&aliases));
	plug_label(l, "cni.pod", c->arg_pod ? c->arg_pod : "");
	plug_label(l, "cni.namespace", c->arg_namespace ? c->arg_namespace :
		   "");
	json_object_set_new(o, "labels", l);
}

/* --- addresses of another plugin -------------------------------------- */

static void give_back(const struct cni *c)
{
	struct buf why = { 0 };
	int code;

	if (c->ipam)
		json_decref(cni_ipam(c, "DEL", &code, &why));
	buf_free(&why);
}

static void only_default(const struct cni *c, const json_t *r)
{
	const char *dst = plug_str(r, "dst");

	if (!strcmp(dst, "0.0.0.0/0") || !strcmp(dst, "::/0"))
		return;
	give_back(c);
	cni_fail(c, CNI_CONFIG, NULL, "ipam.routes: %.60s: netd-cni sets the "
		 "default route only, and the network's router knows the rest",
		 dst);
}

/* The addresses are what the plugin says, and no others of netd's. */
static void delegate(const struct cni *c, json_t *o)
{
	struct buf why = { 0 };
	json_t *result, *it;
	size_t i;
	int code;

	result = cni_ipam(c, "ADD", &code, &why);
	if (code) {
		give_back(c);
		cni_fail(c, code, NULL, "%s: %s", c->ipam, buf_text(&why));
	}
	json_object_del(o, "address");
	json_object_del(o, "address6");
	json_array_foreach(json_object_get(result, "routes"), i, it)
		only_default(c, it);
	json_array_foreach(json_object_get(result, "ips"), i, it)
		plug_address(o, plug_str(it, "address"));
	if (!json_object_get(o, "address"))
		json_object_set_new(o, "address", json_string("none"));
	if (!json_object_get(o, "address6"))
		json_object_set_new(o, "address6", json_string("none"));
	json_decref(result);
}

/* --- ADD -------------------------------------------------------------- */

/*
 * What the container has already: a second network is no reason to move its
 * default route, unless it is asked for.  true when there is another.
 */
static bool look_inside(const struct cni *c, json_t *o)
{
	const json_t *asked = json_object_get(c->conf, "isDefaultGateway");
	int fd = netns_open(c->netns), err;
	struct netns_view v;
	bool others;

	if (fd == -EXDEV)
		cni_fail(c, CNI_NETNS, NULL, "CNI_NETNS %.100s is the host's "
			 "own network namespace", c->netns);
	err = fd < 0 ? fd : netns_look(fd, c->ifname, &v);
	if (err < 0)
		cni_fail(c, CNI_NETNS, NULL, "failed to open netns \"%.100s\": "
			 "%s", c->netns, strerror(-err));
	if (v.has_link)
		cni_fail(c, CNI_EXISTS, NULL, "there is an interface %s in "
			 "%.100s already", c->ifname, c->netns);
	if (json_is_boolean(asked))
		json_object_set(o, "default-route", (json_t *)asked);
	else if (v.default4 || v.default6)
		json_object_set_new(o, "default-route", json_false());
	others = v.others;
	netns_view_free(&v);
	close(fd);
	return others;
}

static json_t *attachment(const struct cni *c)
{
	json_t *o = json_pack("{s:s, s:s, s:s, s:s}", "network", c->network,
			      "type", "veth", "netns", c->netns, "ifname",
			      c->ifname);
	bool others = look_inside(c, o);

	add_addresses(c, o);
	add_mac(c, o);
	add_ports(c, o, others);
	add_bandwidth(c, o);
	add_labels(c, o);
	if (c->ipam)
		delegate(c, o);
	return o;
}

void cni_add(struct cni *c)
{
	struct answer a = plug_attach(c->attachment, c->topology,
				      attachment(c), true);
	const json_t *made;

	if (a.code != 200) {
		/* without an answer it may be there, and DEL will tell */
		if (a.code || a.unasked)
			give_back(c);
		cni_fail(c, cni_code(&a), buf_text(&a.details), "%s",
			 buf_text(&a.error));
	}
	made = json_object_get(a.json, "attachment");
	if (!json_is_object(made))
		cni_fail(c, CNI_REFUSED, NULL, "netd's answer has no "
			 "attachment");
	cni_print(cni_result(c, made));
	answer_free(&a);
}

// json_plug.c - an attachment as the API tells of it
// SPDX-License-Identifier: GPL-2.0-or-later
#include "netd/engine.h"

static void set_list(json_t *o, const char *key, json_t *list)
{
	if (json_array_size(list))
		json_object_set_new(o, key, list);
	else
		json_decref(list);
}

static json_t *addresses(const struct topo_plug *p)
{
	const struct topo_address *v = p->addresses.items;
	json_t *list = json_array(), *o;
	char text[50];
	uint32_t i;

	for (i = 0; i < p->addresses.n; i++) {
		o = json_object();
		json_set(o, "address", prefix_text(&v[i].address, text));
		if (v[i].gateway.family)
			json_set(o, "gateway", ip_text(&v[i].gateway, text));
		json_array_append_new(list, o);
	}
	return list;
}

/* The first gateway of each family. */
static json_t *routes(const struct topo_plug *p)
{
	const struct topo_address *v = p->addresses.items;
	json_t *list = json_array(), *o;
	bool have[7] = { false };
	char text[46];
	uint32_t i;

	for (i = 0; p->default_route && i < p->addresses.n; i++) {
		uint8_t family = v[i].gateway.family;

		if (!family || have[family])
			continue;
		have[family] = true;
		o = json_object();
		json_set(o, "dst", family == 6 ? "::/0" : "0.0.0.0/0");
		json_set(o, "gw", ip_text(&v[i].gateway, text));
		json_array_append_new(list, o);
	}
	return list;
}

static json_t *publish(const struct topo_plug *p)
{
	const char *const *v = p->publish.items;
	json_t *list = json_array();
	uint32_t i;

	for (i = 0; i < p->publish.n; i++)
		json_array_append_new(list, json_string(v[i]));
	return list;
}

static json_t *dns(const struct topo_plug *p)
{
	const struct ip *v = p->dns.items;
	json_t *list = json_array();
	char text[46];
	uint32_t i;

	for (i = 0; i < p->dns.n; i++)
		json_array_append_new(list, json_string(ip_text(&v[i], text)));
	return list;
}

static json_t *labels(const struct topo_plug *p)
{
	const struct label *v = p->labels.items;
	json_t *o = json_object();
	uint32_t i;

	for (i = 0; i < p->labels.n; i++)
		json_object_set_new(o, v[i].key, json_text(v[i].value));
	return o;
}

static void set_bandwidth(json_t *o, const struct topo_plug *p)
{
	json_t *b = json_object();

	if (p->ingress)
		json_set(b, "ingress", p->ingress);
	if (p->egress)
		json_set(b, "egress", p->egress);
	if (json_object_size(b))
		json_object_set(o, "bandwidth", b);
	json_decref(b);
}

void json_plug(json_t *o, const struct topo_plug *p)
{
	json_set(o, "type", p->type);
	json_set(o, "netns", p->netns);
	json_set(o, "ifname", p->ifname);
	json_set(o, "port", p->port);
	json_set(o, "bridge", p->bridge);
	if (p->mtu)
		json_object_set_new(o, "mtu", json_integer(p->mtu));
	set_list(o, "addresses", addresses(p));
	set_list(o, "routes", routes(p));
	set_list(o, "publish", publish(p));
	set_list(o, "dns", dns(p));
	json_set(o, "domain", p->domain);
	set_bandwidth(o, p);
	if (p->labels.n)
		json_object_set_new(o, "labels", labels(p));
}

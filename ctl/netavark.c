// netavark.c - netd-netavark: Podman's networks on netd's, as a plugin
// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ctl/plug.h"

/*
 * netavark's plugin API 1.0.0 (netavark, plugin-API.md): the command is an
 * argument, documents are on standard input and output.
 */
#define API_VERSION "1.0.0"
#define RANGE_MAX 4096		/* ports of one mapping */

__attribute__((noreturn, format(printf, 1, 2)))
static void fail(const char *fmt, ...)
{
	char text[2048];
	va_list ap;
	json_t *o;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	o = json_pack("{s:s}", "error", text);
	json_dumpf(o, stdout, JSON_COMPACT);
	putchar('\n');
	exit(1);
}

static void print(json_t *o)
{
	json_dumpf(o, stdout, JSON_COMPACT);
	if (putchar('\n') == EOF || fflush(stdout))
		exit(1);
	json_decref(o);
}

static json_t *read_document(void)
{
	struct buf in = { 0 };
	json_error_t why;
	json_t *o = NULL;

	if (!plug_input(&in))
		o = json_loadb(buf_text(&in), in.len, 0, &why);
	if (!json_is_object(o))
		fail("expected a JSON object on standard input");
	buf_free(&in);
	return o;
}

/* --- create ----------------------------------------------------------- */

/* The network of netd's: the option `network`, or the same name. */
static char *netd_network(const json_t *network)
{
	const char *name = plug_str(json_object_get(network, "options"),
				    "network");

	return strdup(*name ? name : plug_str(network, "name"));
}

static void check_options(const json_t *network)
{
	const char *key;
	json_t *it;

	json_object_foreach(json_object_get(network, "options"), key, it)
		if (strcmp(key, "network"))
			fail("unknown option %s: expected network=NETWORK or "
			     "network=TOPOLOGY/NETWORK", key);
	if (json_array_size(json_object_get(network, "subnets")))
		fail("leave the subnet out: addresses are those of netd's "
		     "network");
}

static void check_exists(const json_t *network)
{
	char *copy = netd_network(network);
	const char *topology = NULL, *name = plug_split(copy, &topology);
	struct buf path = { 0 };
	struct answer a;

	buf_str(&path, "/v1/list?kind=network");
	plug_query(&path, "name", name);
	if (topology)
		plug_query(&path, "topology", topology);
	a = plug_ask("GET", buf_text(&path), NULL);
	if (a.code != 200)
		fail("%s", buf_text(&a.error));
	if (!json_array_size(json_object_get(a.json, "items")))
		fail("netd has no network %s%s%s", topology ? topology : "",
		     topology ? "/" : "", name);
	answer_free(&a);
	buf_free(&path);
	free(copy);
}

static void create(const char *netns)
{
	json_t *network = read_document();

	check_options(network);
	check_exists(network);
	/* netd hands out addresses, so that nobody else's allocator does */
	json_object_set_new(network, "ipam_options",
			    json_pack("{s:s}", "driver", "none"));
	json_object_set_new(network, "dns_enabled", json_false());
	print(network);
}

/* --- setup ------------------------------------------------------------ */

static void attachment_name(char name[PLUG_NAME], const json_t *in)
{
	const json_t *options = json_object_get(in, "network_options");

	plug_name(name, "netavark", plug_str(json_object_get(in, "network"),
					     "id"),
		  plug_str(in, "container_id"),
		  plug_str(options, "interface_name"), NULL);
}

static void add_port(json_t *list, const json_t *m)
{
	json_int_t host = json_integer_value(json_object_get(m, "host_port"));
	json_int_t port =
		json_integer_value(json_object_get(m, "container_port"));
	json_int_t range = json_integer_value(json_object_get(m, "range")), i;
	char *protocols = strdup(plug_str(m, "protocol")), *at, *word;
	json_t *f;

	if (range > RANGE_MAX)
		fail("port_mappings: more than %d ports", RANGE_MAX);
	for (word = strtok_r(*protocols ? protocols : strdup("tcp"), ",", &at);
	     word; word = strtok_r(NULL, ",", &at))
		for (i = 0; i < (range ? range : 1); i++) {
			f = plug_forward(plug_str(m, "host_ip"), word,
					 host + i, port + i);
			if (!f)
				fail("port_mappings: wrong port or protocol");
			json_array_append_new(list, f);
		}
	free(protocols);
}

static json_t *labels_of(const json_t *in)
{
	json_t *labels = json_object();

	plug_label(labels, "door", "netavark");
	plug_label(labels, "netavark.network",
		   plug_str(json_object_get(in, "network"), "name"));
	plug_label(labels, "netavark.container", plug_str(in, "container_id"));
	plug_label(labels, "netavark.name", plug_str(in, "container_name"));
	return labels;
}

static json_t *attachment(const json_t *in, const char *network,
			  const char *netns)
{
	const json_t *options = json_object_get(in, "network_options");
	json_t *ports = json_array(), *it, *o;
	size_t i;

	o = json_pack("{s:s, s:s, s:s, s:s}", "network", network, "type",
		      "veth", "netns", netns, "ifname",
		      plug_str(options, "interface_name"));
	if (*plug_str(options, "static_mac"))
		json_object_set(o, "mac",
				json_object_get(options, "static_mac"));
	json_array_foreach(json_object_get(options, "static_ips"), i, it)
		if (json_is_string(it))
			plug_address(o, json_string_value(it));
	json_array_foreach(json_object_get(in, "port_mappings"), i, it)
		add_port(ports, it);
	if (json_array_size(ports) &&
	    plug_published("netavark", plug_str(in, "container_id")))
		json_array_clear(ports);
	if (json_array_size(ports))
		json_object_set(o, "publish", ports);
	json_decref(ports);
	json_object_set_new(o, "labels", labels_of(in));
	return o;
}

static json_t *status_block(const json_t *a)
{
	json_t *subnets = json_array(), *search = json_array(), *it, *s;
	json_t *dns = json_object_get(a, "dns"), *interface;
	size_t i;

	json_array_foreach(json_object_get(a, "addresses"), i, it) {
		s = json_pack("{s:s}", "ipnet", plug_str(it, "address"));
		if (*plug_str(it, "gateway"))
			json_object_set(s, "gateway",
					json_object_get(it, "gateway"));
		json_array_append_new(subnets, s);
	}
	if (*plug_str(a, "domain"))
		json_array_append(search, json_object_get(a, "domain"));
	interface = json_pack("{s:s, s:o}", "mac_address", plug_str(a, "mac"),
			      "subnets", subnets);
	return json_pack("{s:o, s:o, s:{s:o}}", "dns_search_domains", search,
			 "dns_server_ips", dns ? json_incref(dns) :
			 json_array(), "interfaces", plug_str(a, "ifname"),
			 interface);
}

/* A second network is no reason to move the container's default route. */
static void keep_route(json_t *o, const char *netns)
{
	const char *ifname = plug_str(o, "ifname");
	int fd = netns_open(netns);
	struct netns_view v;

	if (fd < 0 || netns_look(fd, ifname, &v))
		fail("%s: no network namespace of a container", netns);
	if (v.has_link)
		fail("there is an interface %s in %s already", ifname, netns);
	if (v.default4 || v.default6)
		json_object_set_new(o, "default-route", json_false());
	netns_view_free(&v);
	close(fd);
}

static void setup(const char *netns)
{
	json_t *in = read_document(), *o;
	char *copy = netd_network(json_object_get(in, "network"));
	const char *topology = NULL, *network = plug_split(copy, &topology);
	char name[PLUG_NAME];
	struct answer a;

	attachment_name(name, in);
	o = attachment(in, network, netns);
	keep_route(o, netns);
	a = plug_attach(name, topology, o, true);
	if (a.code != 200)
		fail("%s%s%s", buf_text(&a.error), a.details.len ? ": " : "",
		     buf_text(&a.details));
	print(status_block(json_object_get(a.json, "attachment")));
	answer_free(&a);
	json_decref(in);
	free(copy);
}

/* The namespace may be gone: the ids are enough. */
static void teardown(const char *netns)
{
	json_t *in = read_document();
	char name[PLUG_NAME];
	struct answer a;

	attachment_name(name, in);
	if (!plug_detach(name, NULL, &a))
		fail("%s", buf_text(&a.error));
	answer_free(&a);
	json_decref(in);
}

static void info(const char *netns)
{
	print(json_pack("{s:s, s:s}", "version", PACKAGE_VERSION,
			"api_version", API_VERSION));
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*run)(const char *netns);
		int args;
	} commands[] = {
		{ "create", create, 0 }, { "setup", setup, 1 },
		{ "teardown", teardown, 1 }, { "info", info, 0 },
	};
	unsigned int i;

	for (i = 0; i < sizeof(commands) / sizeof(*commands); i++) {
		if (argc < 2 || strcmp(commands[i].name, argv[1]))
			continue;
		if (argc != 2 + commands[i].args)
			fail("%s: expected %s", argv[1], commands[i].args ?
			     "a network namespace" : "no arguments");
		commands[i].run(argv[2]);
		return 0;
	}
	fail("expected create, setup NETNS, teardown NETNS or info");
}

// docker_net.c - Docker's networks and endpoints
// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "netd/docker.h"
#include "netd/log.h"

#define OPTION "netd.network"
#define GENERIC "com.docker.network.generic"
#define INTERNAL "com.docker.network.internal"
#define ID_MAX 64			/* hex digits of Docker's ids */

/* --- what is kept of a network ------------------------------------------ */

json_t *docker_net_load(struct engine *e, const char *id)
{
	size_t len;
	char *text = store_read(&e->store, STORE_DOCKER, id, &len);
	json_t *o = text ? json_loadb(text, len, 0, NULL) : NULL;

	if (text && !json_is_object(o))
		log_warning("state file " STORE_DOCKER "/%s is left out: it "
			    "makes no sense", id);
	free(text);
	return o;
}

/* It is safely on the disk: dockerd tells nobody again. */
static int net_save(struct docker_call *c, const char *id, const json_t *o)
{
	char *text = json_dumps(o, JSON_COMPACT);
	int err = store_write(&c->e->store, STORE_DOCKER, id, text,
			      strlen(text), true);

	free(text);
	return err ? docker_fail(c, "the state folder: %s", strerror(-err)) :
		     0;
}

/* Ids come from dockerd and become names of files and attachments. */
static const char *id_at(struct docker_call *c, const char *key)
{
	const char *id = docker_str(c->in, key);
	size_t len = strlen(id);

	if (len >= 12 && len <= ID_MAX &&
	    strspn(id, "0123456789abcdef") == len)
		return id;
	docker_fail(c, "%s: expected 12 to 64 hexadecimal digits", key);
	return NULL;
}

/* --- networks ------------------------------------------------------------- */

/* A network that `docker network create` meant; its pools come from us or from
 * Docker's own IPAM. */
struct creation {
	struct docker_net net;
	const char *id;
	char tickets[2][46];
	unsigned int ntickets;
	bool internal;
};

static int check_gateway(struct docker_call *c, struct creation *n,
			 const struct prefix *gateway)
{
	const struct ip *own = gateway->ip.family == 6 ? &n->net.s.gw6 :
			       &n->net.s.gw4;
	char text[46];

	/* an isolated network has none, and Docker's IPAM took an address */
	if (!own->family || !ip_cmp(own, &gateway->ip) ||
	    !gateway->ip.family || !gateway->len)
		return 0;
	return docker_fail(c, "the gateway of network %s is %s: say "
			   "--gateway %s", n->net.name, ip_text(own, text),
			   text);
}

static int check_pool(struct docker_call *c, struct creation *n,
		      const json_t *data, int family)
{
	const struct prefix *own = family == 6 ? &n->net.s.net6 :
				   &n->net.s.net4;
	struct prefix pool, gateway = { .len = 0 };
	char text[50];

	if (prefix_read(docker_str(data, "Pool"), &pool))
		return docker_fail(c, "Pool: expected a subnet");
	prefix_read(docker_str(data, "Gateway"), &gateway);
	if (!own->ip.family)
		return docker_fail(c, "network %s has no %s", n->net.name,
				   family == 6 ? "subnet6" : "subnet");
	if (!pool.len && docker_is_ticket(&gateway.ip) && n->ntickets < 2) {
		ip_text(&gateway.ip, n->tickets[n->ntickets++]);
		return 0;
	}
	if (pool.len && (own->len != pool.len ||
			 ip_cmp(&own->ip, &pool.ip)))
		return docker_fail(c, "the subnet of network %s is %s, not "
				   "%s: say --ipam-driver netd", n->net.name,
				   prefix_text(own, text),
				   docker_str(data, "Pool"));
	return check_gateway(c, n, &gateway);
}

static int check_pools(struct docker_call *c, struct creation *n)
{
	static const char *const keys[] = { "IPv4Data", "IPv6Data" };
	const json_t *data;
	unsigned int i, k;
	int err;

	for (i = 0; i < 2; i++) {
		json_array_foreach(json_object_get(c->in, keys[i]), k, data) {
			err = check_pool(c, n, data, i ? 6 : 4);
			if (err)
				return err;
		}
	}
	return 0;
}

/* -o KEY=VALUE: what has no effect is an error. */
static int check_options(struct docker_call *c, const json_t *generic)
{
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)generic, key, value)
		if (strcmp(key, OPTION) &&
		    strncmp(key, "com.docker.", 11))
			return docker_fail(c, "%s: there is no such option; "
					   "-o " OPTION "=NAME is", key);
	return 0;
}

static int find_network(struct docker_call *c, const json_t *generic,
			struct docker_net *n)
{
	const char *spec = docker_str(generic, OPTION);
	const json_t *data = json_array_get(json_object_get(c->in, "IPv4Data"),
					    0);
	struct prefix pool;
	int err = -ENOENT;

	if (spec[0])
		return docker_find(c, spec, n);
	if (!prefix_read(docker_str(data, "Pool"), &pool) && pool.len)
		err = docker_find_by_subnet(c, &pool, n);
	if (err == -ENOENT)
		return docker_fail(c, "which network of netd?  Say "
				   "-o " OPTION "=NAME");
	return err;
}

static int keep_network(struct docker_call *c, struct creation *n)
{
	json_t *o = json_object();
	unsigned int i;
	char spec[130];
	int err = 0;

	snprintf(spec, sizeof(spec), "%s/%s", n->net.topology, n->net.name);
	json_set(o, "network", spec);
	json_object_set_new(o, "internal", json_boolean(n->internal));
	for (i = 0; i < n->ntickets && !err; i++)
		err = net_save(c, n->tickets[i], o);
	json_object_set_new(o, "tickets", json_array());
	for (i = 0; i < n->ntickets; i++)
		json_array_append_new(json_object_get(o, "tickets"),
				      json_string(n->tickets[i]));
	if (!err)
		err = net_save(c, n->id, o);
	json_decref(o);
	return err;
}

int docker_create_network(struct docker_call *c)
{
	const json_t *options = json_object_get(c->in, "Options");
	const json_t *generic = json_object_get(options, GENERIC);
	struct creation n = { .id = id_at(c, "NetworkID") };
	int err = n.id ? check_options(c, generic) : -EINVAL;

	n.internal = json_is_true(json_object_get(options, INTERNAL));
	if (!err)
		err = find_network(c, generic, &n.net);
	if (!err)
		err = check_pools(c, &n);
	return err ? err : keep_network(c, &n);
}

int docker_delete_network(struct docker_call *c)
{
	const char *id = id_at(c, "NetworkID");
	json_t *file = id ? docker_net_load(c->e, id) : NULL, *ticket;
	unsigned int i;

	json_array_foreach(json_object_get(file, "tickets"), i, ticket)
		store_remove(&c->e->store, STORE_DOCKER,
			     json_string_value(ticket));
	if (id)
		store_remove(&c->e->store, STORE_DOCKER, id);
	json_decref(file);
	return id ? 0 : -EINVAL;
}

/* --- endpoints ----------------------------------------------------------- */

struct endpoint {
	struct docker_net net;
	const char *id, *network;
	bool internal;
	char name[64];			/* of the attachment */
	char ifname[16];		/* until dockerd gives it another one */
};

void docker_ifname(const char *id, char out[16])
{
	snprintf(out, 16, "ndd-%.11s", id);
}

static void name_endpoint(struct endpoint *p)
{
	snprintf(p->name, sizeof(p->name), DOCKER_ENDPOINT "%.16s", p->id);
	docker_ifname(p->id, p->ifname);
}

/* The endpoint of a request: 0, or why there can be none. */
static int find_endpoint(struct docker_call *c, struct endpoint *p)
{
	json_t *file;
	int err;

	p->id = id_at(c, "EndpointID");
	p->network = id_at(c, "NetworkID");
	if (!p->id || !p->network)
		return -EINVAL;
	name_endpoint(p);
	file = docker_net_load(c->e, p->network);
	if (!file)
		return docker_fail(c, "netd knows nothing of Docker's network "
				   "%.12s: remove it and create it again",
				   p->network);
	p->internal = json_is_true(json_object_get(file, "internal"));
	err = docker_find(c, docker_str(file, "network"), &p->net);
	json_decref(file);
	return err;
}

/* "10.1.0.5/24" or "": whose length is the subnet's anyway. */
static int address_at(struct docker_call *c, const char *key, struct ip *ip)
{
	const char *text = docker_str(json_object_get(c->in, "Interface"),
				      key);
	struct prefix p;

	ip->family = 0;
	if (!text[0])
		return 0;
	if (prefix_read(text, &p))
		return docker_fail(c, "%s: %s is not an address", key, text);
	*ip = p.ip;
	return 0;
}

static json_t *address_json(const struct ip *ip)
{
	char text[46];

	return json_string(ip->family ? ip_text(ip, text) : "none");
}

/*
 * Who has the address next has the same MAC: neighbours that knew the one
 * before need not find out.
 */
static void mac_of(const struct endpoint *p, const struct ip ips[2],
		   char out[18])
{
	const struct ip *ip = ips[0].family ? &ips[0] : &ips[1];
	struct mac mac;
	char text[200], addr[46];
	uint64_t hash;
	int n;

	n = snprintf(text, sizeof(text), "%s/%s/%s", p->net.topology,
		     p->net.name, ip->family ? ip_text(ip, addr) : p->id);
	hash = hash64(text, n);
	memcpy(mac.b, &hash, sizeof(mac.b));
	/* unicast, given locally */
	mac.b[0] = (mac.b[0] & 0xfc) | 2;
	mac_text(&mac, out);
}

/* By --driver-opt: netd.ingress=10M/64k, netd.egress=... */
static void set_bounds(struct docker_call *c, json_t *o)
{
	const json_t *options = json_object_get(c->in, "Options");
	const char *in = docker_str(options, "netd.ingress");
	const char *out = docker_str(options, "netd.egress");
	json_t *b = json_object();

	if (*in)
		json_set(b, "ingress", in);
	if (*out)
		json_set(b, "egress", out);
	if (json_object_size(b))
		json_object_set(o, "bandwidth", b);
	json_decref(b);
}

/* {NAME: {...}}: the attachment, as `netdctl attach` would ask for it. */
static char *endpoint_text(struct docker_call *c, const struct endpoint *p,
			   const struct ip ips[2])
{
	const char *mac = docker_str(json_object_get(c->in, "Interface"),
				     "MacAddress");
	json_t *o = json_object();
	char *text, own[18];

	mac_of(p, ips, own);
	json_set(o, "network", p->net.name);
	json_set(o, "type", "veth");
	json_set(o, "netns", "none");
	json_set(o, "ifname", p->ifname);
	json_set(o, "mac", mac[0] ? mac : own);
	json_object_set_new(o, "address", address_json(&ips[0]));
	json_object_set_new(o, "address6", address_json(&ips[1]));
	if (p->internal)
		json_object_set_new(o, "default-route", json_false());
	set_bounds(c, o);
	json_object_set_new(o, "labels", json_pack(
		"{s:s, s:s, s:s}", "door", "docker", "docker.network",
		p->network, "docker.endpoint", p->id));
	o = json_pack("{s:o}", p->name, o);
	text = json_dumps(o, JSON_COMPACT);
	json_decref(o);
	if (!text)
		fatal("out of memory");
	return text;
}

static void answer_endpoint(struct docker_call *c, const struct endpoint *p)
{
	json_t *o = json_named(p->net.en, p->name, "attachment");
	json_t *given = json_object_get(c->in, "Interface");
	json_t *out = json_object();

	/* of what was given, nothing may be answered */
	if (!docker_str(given, "MacAddress")[0])
		json_set(out, "MacAddress", docker_str(o, "mac"));
	json_object_set_new(c->out, "Interface", out);
	json_decref(o);
}

/* The addresses were reserved for it, unless Docker's own IPAM gave them. */
static int plug_endpoint(struct docker_call *c, struct endpoint *p,
			 const struct ip ips[2], const char *text)
{
	char lease[64];
	unsigned int i;
	int err = 0;

	for (i = 0; i < 2 && !err; i++) {
		if (!ips[i].family)
			continue;
		docker_lease_name(&ips[i], lease);
		err = docker_plug_out(c, &p->net, lease);
	}
	return err ? err : docker_plug_in(c, &p->net, p->name, text);
}

static int new_endpoint(struct docker_call *c, struct endpoint *p)
{
	struct ip ips[2];
	char *text;
	int err = address_at(c, "Address", &ips[0]);

	if (!err)
		err = address_at(c, "AddressIPv6", &ips[1]);
	if (err)
		return err;
	text = endpoint_text(c, p, ips);
	err = plug_endpoint(c, p, ips, text);
	free(text);
	if (!err)
		docker_expect(c->e);
	return err;
}

int docker_create_endpoint(struct docker_call *c)
{
	struct endpoint p = { .id = NULL };
	int err = find_endpoint(c, &p);

	/* dockerd asks again when it didn't get the answer */
	if (!err && !docker_plug(p.net.en, p.name))
		err = new_endpoint(c, &p);
	if (!err)
		answer_endpoint(c, &p);
	return err;
}

/* Where it is: Docker's network may be another one's by now, or forgotten. */
static struct entry *home_of(struct docker_call *c, const char *plug)
{
	unsigned int i;

	for (i = 0; i < c->e->set.n; i++)
		if (docker_plug(c->e->set.v[i], plug))
			return c->e->set.v[i];
	return NULL;
}

int docker_delete_endpoint(struct docker_call *c)
{
	struct endpoint p = { .id = id_at(c, "EndpointID") };

	if (!p.id)
		return -EINVAL;
	name_endpoint(&p);
	p.net.en = home_of(c, p.name);
	if (!p.net.en)
		return 0;
	if (change_is_about(c->e, p.net.en->name))
		return -EAGAIN;
	snprintf(p.net.topology, sizeof(p.net.topology), "%s",
		 p.net.en->name);
	return docker_plug_out(c, &p.net, p.name);
}

/* --- a container takes its end -------------------------------------------- */

/* Has it an address of that family? */
static bool has_address(const struct plug *plug, const char *name,
			const char *key)
{
	json_t *o = json_loads(plug->text, 0, NULL);
	bool has = strcmp(docker_str(json_object_get(o, name), key), "none");

	json_decref(o);
	return has;
}

static void answer_gateways(struct docker_call *c, const struct endpoint *p,
			    const struct plug *plug)
{
	const struct topo_subnets *s = &p->net.s;
	bool four = s->gw4.family && has_address(plug, p->name, "address");
	bool six = s->gw6.family && has_address(plug, p->name, "address6");
	char text[46];

	if (four && !p->internal)
		json_set(c->out, "Gateway", ip_text(&s->gw4, text));
	if (six && !p->internal)
		json_set(c->out, "GatewayIPv6", ip_text(&s->gw6, text));
	/* or Docker makes a bridge and an interface of its own, to the host */
	if (p->internal || (!four && !six))
		json_object_set_new(c->out, "DisableGatewayService",
				    json_true());
}

int docker_join(struct docker_call *c)
{
	struct endpoint p = { .id = NULL };
	const struct plug *plug;
	int err = find_endpoint(c, &p);

	if (err)
		return err;
	plug = docker_plug(p.net.en, p.name);
	if (!plug)
		return docker_fail(c, "netd has no endpoint %.12s any more: "
				   "start the container again", p.id);
	json_object_set_new(c->out, "InterfaceName", json_pack(
		"{s:s, s:s}", "SrcName", p.ifname, "DstPrefix", "eth"));
	answer_gateways(c, &p, plug);
	return 0;
}

/* --- published ports ---------------------------------------------------- */

/* The text of the attachment with these ports; NULL: it has them already. */
static char *with_ports(const struct plug *plug, json_t *ports)
{
	json_t *o = json_loads(plug->text, 0, NULL), *old;
	json_t *in = json_object_get(o, plug->name);
	char *text = NULL;

	old = json_incref(json_object_get(in, "publish"));
	if (json_array_size(ports))
		json_object_set(in, "publish", ports);
	else
		json_object_del(in, "publish");
	if (json_array_size(old) != json_array_size(ports) ||
	    (old && !json_equal(old, ports)))
		text = json_dumps(o, JSON_COMPACT);
	json_decref(old);
	json_decref(o);
	return text;
}

static int set_ports(struct docker_call *c, struct endpoint *p, json_t *ports)
{
	const struct plug *plug = docker_plug(p->net.en, p->name);
	char *text = plug ? with_ports(plug, ports) : NULL;
	int err = text ? docker_plug_as(c, &p->net, p->name, text) : 0;

	free(text);
	return err;
}

/*
 * Of the networks of a container one is its way out, and that publishes its
 * ports: CreateEndpoint tells all of them.
 */
int docker_publish(struct docker_call *c)
{
	struct endpoint p = { .id = NULL };
	int err = find_endpoint(c, &p);
	json_t *ports;

	if (err)
		return err;
	err = docker_ports(c, &ports);
	if (!err)
		err = set_ports(c, &p, ports);
	json_decref(ports);
	return err;
}

/* Or they went with their endpoint or network. */
int docker_unpublish(struct docker_call *c)
{
	struct endpoint p = { .id = NULL };
	int err = find_endpoint(c, &p);

	return err == -EAGAIN ? err : err ? 0 : set_ports(c, &p, NULL);
}

int docker_info(struct docker_call *c)
{
	struct endpoint p = { .id = NULL };
	json_t *o;

	json_object_set_new(c->out, "Value", json_object());
	if (find_endpoint(c, &p) || !docker_plug(p.net.en, p.name))
		return 0;
	o = json_named(p.net.en, p.name, "attachment");
	json_set(json_object_get(c->out, "Value"),
		 "com.docker.network.endpoint.macaddress",
		 docker_str(o, "mac"));
	json_decref(o);
	return 0;
}

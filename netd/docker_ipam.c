// docker_ipam.c - Docker's pools and addresses
// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "netd/docker.h"

#define OPTION "netd.network"
#define GATEWAY "com.docker.network.gateway"
#define REQUEST_TYPE "RequestAddressType"
#define LEASE_SECONDS 120		/* without an endpoint */
#define SINCE "docker.since"		/* their label: seconds, time(2) */

/* --- pools --------------------------------------------------------------- */

/*
 * The id of a pool: "TOPOLOGY/NETWORK/4", or with the part of the subnet that
 * addresses are taken from: "TOPOLOGY/NETWORK/4/10.1.0.128/25".  Or, when the
 * network isn't known yet, "#0.18.52.86".
 */
struct pool {
	struct docker_net net;
	struct prefix range;
	const struct prefix *subnet;	/* of net.s */
	const struct ip *gateway;
};

static int use(struct docker_call *c, struct pool *p, int family,
	       const char *range)
{
	p->subnet = family == 6 ? &p->net.s.net6 : &p->net.s.net4;
	p->gateway = family == 6 ? &p->net.s.gw6 : &p->net.s.gw4;
	if (!p->subnet->ip.family)
		return docker_fail(c, "network %s has no %s", p->net.name,
				   family == 6 ? "subnet6" : "subnet");
	p->range = *p->subnet;
	if (!range[0])
		return 0;
	if (prefix_read(range, &p->range) ||
	    !prefix_covers(p->subnet, &p->range))
		return docker_fail(c, "%s is not a part of the subnet of "
				   "network %s", range, p->net.name);
	return 0;
}

static bool is_known(const struct pool *p)
{
	return p->net.en;
}

bool docker_is_ticket(const struct ip *ip)
{
	static const uint8_t zero[13];
	unsigned int from = ip->family == 6 ? 12 : 0;

	/* 0.0.0.0/8 is nobody's address, nor is ::0.0.0.0/104 */
	return ip->family && !memcmp(ip->b, zero, from + 1) &&
	       memcmp(ip->b + from, zero, 4);
}

static struct ip new_ticket(int family)
{
	struct ip ip = { .family = family };

	do {
		if (getrandom(ip.b + (family == 6 ? 13 : 1), 3, 0) != 3)
			continue;
	} while (!docker_is_ticket(&ip));
	return ip;
}

/*
 * Of a pool that the user didn't write, libnetwork wants another one until
 * none of the host's routes overlaps it, and never ends since our bridge has
 * one.  It takes everything for no pool at all (types.IsIPNetValid()).
 */
static const char *const any_pool[] = { "0.0.0.0/0", "::/0" };

/* The network is known when CreateNetwork brings the ticket. */
static void answer_ticket(struct docker_call *c, int family)
{
	struct ip ip = new_ticket(family);
	char text[46], id[60], gateway[60];

	ip_text(&ip, text);
	snprintf(id, sizeof(id), "#%s", text);
	snprintf(gateway, sizeof(gateway), "%s/0", text);
	json_set(c->out, "PoolID", id);
	json_set(c->out, "Pool", any_pool[family == 6]);
	json_object_set_new(c->out, "Data", json_pack("{s:s}", GATEWAY,
						      gateway));
}

static const char *with_length(const struct ip *ip, const struct prefix *net,
			       char out[50])
{
	struct prefix p = { .ip = *ip, .len = net->len };

	return prefix_text(&p, out);
}

static void answer_pool(struct docker_call *c, const struct pool *p,
			int family, const char *range)
{
	bool written = docker_str(c->in, "Pool")[0];
	char id[200], text[50];

	snprintf(id, sizeof(id), "%s/%s/%d%s%s", p->net.topology, p->net.name,
		 family, range[0] ? "/" : "", range);
	json_set(c->out, "PoolID", id);
	json_set(c->out, "Pool", written || family == 6 ?
		 prefix_text(p->subnet, text) : any_pool[0]);
	/* without one, libnetwork would take an address for it */
	json_object_set_new(c->out, "Data", json_pack(
		"{s:s}", GATEWAY, !p->gateway->family ?
		any_pool[family == 6] :
		with_length(p->gateway, p->subnet, text)));
}

/* Which network, by the option or the subnet: 0, -ENOENT, ... */
static int find_pool(struct docker_call *c, struct pool *p, int family)
{
	const char *spec = docker_str(json_object_get(c->in, "Options"),
				      OPTION);
	const char *wanted = docker_str(c->in, "Pool");
	struct prefix pool;
	int err;

	if (wanted[0] && prefix_read(wanted, &pool))
		return docker_fail(c, "%s is not a subnet", wanted);
	if (!spec[0] && !wanted[0])
		return -ENOENT;
	if (!spec[0]) {
		err = docker_find_by_subnet(c, &pool, &p->net);
		if (err == -ENOENT)
			return docker_fail(c, "%s is not the subnet of one "
					   "network of netd: say which, as in "
					   "--ipam-opt " OPTION "=NAME",
					   wanted);
		return err;
	}
	err = docker_find(c, spec, &p->net);
	if (!err)
		err = use(c, p, family, "");
	if (!err && wanted[0] && (pool.len != p->subnet->len ||
				  ip_cmp(&pool.ip, &p->subnet->ip)))
		err = docker_fail(c, "%s is not the subnet of network %s: "
				  "leave it out, or see netdctl show %s",
				  wanted, p->net.name, p->net.name);
	return err;
}

int docker_request_pool(struct docker_call *c)
{
	int family = json_is_true(json_object_get(c->in, "V6")) ? 6 : 4;
	const char *range = docker_str(c->in, "SubPool");
	struct pool p = { 0 };
	int err = find_pool(c, &p, family);

	if (err == -ENOENT && range[0])
		return docker_fail(c, "an --ip-range needs --ipam-opt "
				   OPTION "=NAME");
	if (err == -ENOENT) {
		answer_ticket(c, family);
		return 0;
	}
	if (!err)
		err = use(c, &p, family, range);
	if (!err)
		answer_pool(c, &p, family, range);
	return err;
}

/* The network of a ticket, when it is known by now. */
static int by_ticket(struct docker_call *c, const char *ticket, struct pool *p)
{
	struct ip ip;
	json_t *file;
	int err;

	if (ip_read(ticket, &ip) || !docker_is_ticket(&ip))
		return docker_fail(c, "there is no pool %s", ticket);
	file = docker_net_load(c->e, ticket);
	if (!file)
		return 0;
	err = docker_find(c, docker_str(file, "network"), &p->net);
	json_decref(file);
	return err ? err : use(c, p, ip.family, "");
}

/* What a request says of its pool.  p->net.en stays NULL for a ticket whose
 * network isn't known. */
static int pool_of(struct docker_call *c, struct pool *p)
{
	const char *id = docker_str(c->in, "PoolID"), *at = id;
	char spec[130];
	unsigned int i;
	int err;

	if (id[0] == '#')
		return by_ticket(c, id + 1, p);
	for (i = 0; i < 2 && at; i++)
		at = strchr(at + (i > 0), '/');
	if (!at || (size_t)(at - id) >= sizeof(spec) ||
	    (at[1] != '4' && at[1] != '6') || (at[2] && at[2] != '/'))
		return docker_fail(c, "there is no pool %s", id);
	snprintf(spec, sizeof(spec), "%.*s", (int)(at - id), id);
	err = docker_find(c, spec, &p->net);
	return err ? err : use(c, p, at[1] - '0', at[2] ? at + 3 : "");
}

/* --- addresses ------------------------------------------------------------ */

void docker_lease_name(const struct ip *ip, char out[64])
{
	char text[46], *s;

	ip_text(ip, text);
	for (s = text; *s; s++)
		if (*s == '.' || *s == ':')
			*s = '-';
	snprintf(out, 64, DOCKER_LEASE "%d-%s", ip->family, text);
}

/*
 * ASKED: the user named it, as an auxiliary address of a network, say.  Others
 * are for an endpoint, which comes at once, or never when dockerd died.
 */
static int reserve(struct docker_call *c, struct pool *p,
		   const struct ip *ip, bool asked)
{
	char name[64], text[46], since[24], *body;
	json_t *o, *labels = json_pack("{s:s}", "door", "docker");
	int err;

	docker_lease_name(ip, name);
	ip_text(ip, text);
	snprintf(since, sizeof(since), "%lld", (long long)time(NULL));
	if (!asked)
		json_set(labels, SINCE, since);
	o = json_pack("{s:{s:s, s:s, s:s, s:s, s:o}}", name,
		      "network", p->net.name, "type", "reserved",
		      "address", ip->family == 4 ? text : "none",
		      "address6", ip->family == 6 ? text : "none",
		      "labels", labels);
	body = json_dumps(o, JSON_COMPACT);
	json_decref(o);
	err = docker_plug_in(c, &p->net, name, body);
	free(body);
	return err;
}

static bool is_stale(const struct plug *plug)
{
	json_t *o = json_loads(plug->text, 0, NULL);
	const json_t *labels = json_object_get(
		json_object_get(o, plug->name), "labels");
	long long since = strtoll(docker_str(labels, SINCE), NULL, 10);

	json_decref(o);
	return since && llabs(time(NULL) - since) > LEASE_SECONDS;
}

/* The name of a lease whose endpoint never came, or NULL; it is copied. */
static char *find_stale(const struct entry *en)
{
	unsigned int i;

	for (i = 0; i < en->nplugs; i++)
		if (!strncmp(en->plugs[i].name, DOCKER_LEASE,
			     strlen(DOCKER_LEASE)) &&
		    is_stale(&en->plugs[i]))
			return strdup(en->plugs[i].name);
	return NULL;
}

static int drop_stale(struct docker_call *c, struct docker_net *n)
{
	char *name;
	int err = 0;

	while (!err && (name = find_stale(n->en))) {
		err = docker_plug_out(c, n, name);
		free(name);
	}
	return err;
}

static bool is_for_gateway(const struct docker_call *c)
{
	return !strcmp(docker_str(json_object_get(c->in, "Options"),
				  REQUEST_TYPE), GATEWAY);
}

/* Docker may ask for a gateway of its choice; netd's is what it is. */
static int request_gateway(struct docker_call *c, const struct pool *p,
			   const struct ip *wanted)
{
	char text[50];

	if (!p->gateway->family)
		return docker_fail(c, "network %s has no gateway: leave "
				   "--gateway out", p->net.name);
	if (wanted->family && ip_cmp(wanted, p->gateway))
		return docker_fail(c, "the gateway of network %s is %s: leave "
				   "--gateway out", p->net.name,
				   ip_text(p->gateway, text));
	json_set(c->out, "Address",
		 with_length(p->gateway, p->subnet, text));
	return 0;
}

/* The address that was asked for: is it free? */
static int check_wanted(struct docker_call *c, const struct pool *p,
			const struct ip *ip)
{
	const char *owner = topo_address_owner(p->net.en->topo, p->net.name,
					       ip);
	char text[50];

	if (!prefix_has(p->subnet, ip))
		return docker_fail(c, "%s is not in the subnet of network %s, "
				   "%s", docker_str(c->in, "Address"),
				   p->net.name, prefix_text(p->subnet, text));
	if (owner)
		return docker_fail(c, "%s of network %s is taken by %s",
				   ip_text(ip, text), p->net.name, owner[0] ?
				   owner : "the host, which is the router");
	return 0;
}

static int choose(struct docker_call *c, const struct pool *p, struct ip *ip)
{
	char text[50];

	if (ip->family)
		return check_wanted(c, p, ip);
	*ip = topo_free_address(p->net.en->topo, p->net.name, &p->range);
	if (!ip->family)
		return docker_fail(c, "no address of %s is free in network %s "
				   "of %s", prefix_text(&p->range, text),
				   p->net.name, p->net.topology);
	return 0;
}

int docker_request_address(struct docker_call *c)
{
	const char *wanted = docker_str(c->in, "Address");
	struct ip ip = { .family = 0 };
	struct pool p = { 0 };
	char text[50];
	int err = pool_of(c, &p);

	if (err)
		return err;
	if (!is_known(&p))
		return docker_fail(c, "the network is not known yet: say "
				   "--ipam-opt " OPTION "=NAME");
	if (wanted[0] && ip_read(wanted, &ip))
		return docker_fail(c, "%s is not an address", wanted);
	if (is_for_gateway(c))
		return request_gateway(c, &p, &ip);
	err = drop_stale(c, &p.net);
	if (!err)
		err = choose(c, &p, &ip);
	if (!err)
		err = reserve(c, &p, &ip, wanted[0]);
	if (!err)
		json_set(c->out, "Address", with_length(&ip, p.subnet, text));
	return err;
}

/* An endpoint took it over, or it is the gateway's, or gone with its network:
 * all the same to Docker. */
int docker_release_address(struct docker_call *c)
{
	struct pool p = { 0 };
	struct ip ip;
	char name[64];
	int err = pool_of(c, &p);

	if (err == -EAGAIN)
		return err;
	if (err || !is_known(&p) || ip_read(docker_str(c->in, "Address"), &ip))
		return 0;
	docker_lease_name(&ip, name);
	return docker_plug_out(c, &p.net, name);
}

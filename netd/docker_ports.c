// docker_ports.c - the ports that `docker run -p` publishes
// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include "netd/docker.h"

#define PORTMAP "com.docker.network.portmap"

/* Those that Docker itself takes when none is asked for; ip(7) */
#define CHOICE_FIRST 32768
#define CHOICE_LAST 60999

static const struct protocol {
	int number;
	const char *name;
} protocols[] = {
	{ IPPROTO_TCP, "tcp" }, { IPPROTO_UDP, "udp" },
};

static const struct protocol *protocol_at(const json_t *o)
{
	int number = json_integer_value(json_object_get(o, "Proto"));
	unsigned int i;

	for (i = 0; i < sizeof(protocols) / sizeof(*protocols); i++)
		if (protocols[i].number == number)
			return &protocols[i];
	return NULL;
}

static unsigned int port_at(const json_t *o, const char *key)
{
	json_int_t n = json_integer_value(json_object_get(o, key));

	return n > 0 && n <= 65535 ? n : 0;
}

static bool is_chosen(const json_t *list, const struct protocol *p,
		      unsigned int port)
{
	const json_t *o;
	unsigned int i;

	json_array_foreach(list, i, o)
		if (port_at(o, "port") == port &&
		    !strcmp(docker_str(o, "protocol"), p->name))
			return true;
	return false;
}

static bool is_free(struct docker_call *c, const json_t *list,
		    const struct protocol *p, unsigned int port)
{
	unsigned int i;

	if (is_chosen(list, p, port))
		return false;
	for (i = 0; i < c->e->set.n; i++)
		if (c->e->set.v[i]->topo &&
		    topo_port_forwarded(c->e->set.v[i]->topo, p->number, port))
			return false;
	return true;
}

/* The first free one of a range, from a place that differs by endpoint. */
static unsigned int choose(struct docker_call *c, const json_t *list,
			   const struct protocol *p, unsigned int lo,
			   unsigned int hi, unsigned int from)
{
	unsigned int i, n = hi - lo + 1, port;

	for (i = 0; i < n; i++) {
		port = lo + (from + i) % n;
		if (is_free(c, list, p, port))
			return port;
	}
	return 0;
}

static unsigned int host_port(struct docker_call *c, const json_t *list,
			      const struct protocol *p, const json_t *o)
{
	unsigned int lo = port_at(o, "HostPort");
	unsigned int hi = port_at(o, "HostPortEnd");
	const char *id = docker_str(c->in, "EndpointID");

	if (!lo)
		return choose(c, list, p, CHOICE_FIRST, CHOICE_LAST,
			      hash64(id, strlen(id)) % 65536);
	/* of one that is taken, who has it says the check */
	return hi > lo ? choose(c, list, p, lo, hi, 0) : lo;
}

static int add(struct docker_call *c, const json_t *o, json_t *list)
{
	const struct protocol *p = protocol_at(o);
	unsigned int port = port_at(o, "Port"), host;
	const char *listen = docker_str(o, "HostIP");
	json_t *f;

	if (!p)
		return docker_fail(c, "netd publishes ports of tcp and udp "
				   "only");
	if (!port)
		return docker_fail(c, "expected a port from 1 to 65535");
	host = host_port(c, list, p, o);
	if (!host)
		return docker_fail(c, "no port is free to publish %u/%s at",
				   port, p->name);
	f = json_pack("{s:s, s:i, s:i}", "protocol", p->name, "port",
		      (int)host, "target-port", (int)port);
	if (listen[0] && strcmp(listen, "0.0.0.0") && strcmp(listen, "::"))
		json_set(f, "listen", listen);
	json_array_append_new(list, f);
	return 0;
}

int docker_ports(struct docker_call *c, json_t **list)
{
	const json_t *all = json_object_get(
		json_object_get(c->in, "Options"), PORTMAP), *o;
	unsigned int i;
	int err = 0;

	*list = json_array();
	json_array_foreach(all, i, o) {
		err = add(c, o, *list);
		if (err)
			break;
	}
	return err;
}

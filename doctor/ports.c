// ports.c - programs that have the ports of networks' services
// SPDX-License-Identifier: GPL-2.0-or-later
#include "doctor/doctor.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <netinet/in.h>

struct listener {
	const struct state *wanted, *found;
	struct troubles *out;
	const struct fact *fact;
	char proto[8], address[48], dev[20], pid[16], program[32];
	unsigned int port;
	struct buf nets;	/* interfaces of ours it is about */
	const char *one;	/* one of them */
};

/* "listen:udp 53 0.0.0.0 * 812" = "dnsmasq<tab>ARGUMENTS" */
static bool take(struct listener *l, const struct fact *f)
{
	l->fact = f;
	snprintf(l->program, sizeof(l->program), "%.*s",
		 (int)strcspn(f->value, "\t"), f->value);
	return sscanf(f->o.name, "listen:%7s %u %47s %19s %15s", l->proto,
		      &l->port, l->address, l->dev, l->pid) == 5;
}

/* A daemon that netd started. */
static bool is_ours(const struct listener *l)
{
	uint32_t i = state_seek(l->found, KIND_PROCESS, "", "");
	unsigned long pid = strtoul(l->pid, NULL, 10);

	for (; i < l->found->n && l->found->v[i]->kind == KIND_PROCESS; i++)
		if (((const struct process *)l->found->v[i])->pid == pid)
			return true;
	return false;
}

static bool has_address(const struct listener *l, const char *dev)
{
	char prefix[20];
	size_t n = strlen(l->address);
	uint32_t i;

	snprintf(prefix, sizeof(prefix), "%s ", dev);
	i = state_seek(l->wanted, KIND_ADDRESS, "", prefix);
	for (; i < l->wanted->n; i++) {
		const struct object *o = l->wanted->v[i];
		const char *a = o->name + strlen(prefix);

		if (o->kind != KIND_ADDRESS || o->netns[0] ||
		    strncmp(o->name, prefix, strlen(prefix)))
			return false;
		if (!strncmp(a, l->address, n) && a[n] == '/')
			return true;
	}
	return false;
}

static bool hears(const struct listener *l, const char *dev)
{
	bool all = !strcmp(l->address, "0.0.0.0") || !strcmp(l->address, "::");

	if (strcmp(l->dev, "*"))
		return !strcmp(l->dev, dev);
	return all || has_address(l, dev);
}

static void service(void *arg, const char *dev, uint8_t proto, uint16_t lo,
		    uint16_t hi)
{
	struct listener *l = arg;

	if (l->port < lo || l->port > hi || !is_plain(dev) ||
	    strcmp(l->proto, proto == IPPROTO_TCP ? "tcp" : "udp") ||
	    !hears(l, dev) || strstr(buf_text(&l->nets), dev))
		return;
	buf_printf(&l->nets, "%s%s", l->nets.len ? ", " : "", dev);
	l->one = arena_strdup(l->out->arena, dev);
}

/* One that hears on each interface of ours, whatever it serves. */
static void any_dhcp(struct listener *l)
{
	uint32_t i = state_seek(l->wanted, KIND_BRIDGE, "", "");

	for (; i < l->wanted->n && l->wanted->v[i]->kind == KIND_BRIDGE &&
	     !l->wanted->v[i]->netns[0]; i++)
		service(l, l->wanted->v[i]->name, IPPROTO_UDP, 67, 67);
}

static void tell(struct listener *l)
{
	struct arena *a = l->out->arena;
	struct trouble *f = trouble_add(l->out, l->port == 53 ? "dns-port" :
					"dhcp-port", true);
	const char *what = l->port == 53 ? "DNS" : "DHCP";

	f->what = arena_printf(a, "%s has the %s port of netd's networks",
			       l->program, what);
	f->where = arena_printf(a, "process %s (%s), %s port %u on %s%s%s",
				l->pid, l->program, l->proto, l->port,
				l->address, strcmp(l->dev, "*") ? "%" : "",
				strcmp(l->dev, "*") ? l->dev : "");
	f->breaks = arena_printf(a, "%s on %s", what, buf_text(&l->nets));
	if (!strcmp(l->program, "dnsmasq"))
		f->cure = arena_printf(a, "printf 'bind-dynamic\\n"
			"except-interface=%s\\n' >/etc/dnsmasq.d/netd-%s.conf"
			" && systemctl restart dnsmasq", l->one, l->one);
	else if (is_plain(l->program))
		f->cure = arena_printf(a, "systemctl stop %s || kill %s",
				       l->program, l->pid);
}

/*
 * A server may be bound twice, by family and protocol: it is told once for
 * each port.
 */
static bool is_again(const struct listener *l)
{
	char where[64];
	uint32_t i;

	snprintf(where, sizeof(where), "process %s (%s), ", l->pid,
		 l->program);
	for (i = 0; i < l->out->n; i++)
		if (!strncmp(l->out->v[i].where, where, strlen(where)) &&
		    !strcmp(l->out->v[i].id, l->port == 53 ? "dns-port" :
			    "dhcp-port"))
			return true;
	return false;
}

void doctor_ports(const struct state *wanted, const struct state *found,
		struct troubles *out)
{
	uint32_t i = fact_seek(found, "listen:");
	const struct fact *f;

	for (; (f = fact_at(found, i, "listen:")); i++) {
		struct listener l = { .wanted = wanted, .found = found,
				      .out = out };

		if (!take(&l, f) || is_ours(&l) || is_again(&l))
			continue;
		each_service(wanted, service, &l);
		if (l.port == 67)
			any_dhcp(&l);
		if (l.nets.len)
			tell(&l);
		buf_free(&l.nets);
	}
}

// leases.c - what DHCP has handed out, as dnsmasq keeps it
// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "netd/jobs.h"
#include "netd/right.h"

#define FOLDER "dnsmasq"
#define SUFFIX ".leases"

struct leases {
	struct engine *e;
	const struct job *job;	/* who asks may not see all */
	const char *topology;	/* only of that one; NULL: all */
	const struct entry *en;
	const struct topology *topo;	/* it, or one of its pods */
	char name[64];		/* of that */
	char network[64];
	json_t *list;
	time_t now;
};

static void set_expiry(json_t *o, long long expires)
{
	time_t at = expires;
	struct tm tm;
	char text[32];

	if (!expires) {
		json_object_set_new(o, "expires", json_string("never"));
		return;
	}
	gmtime_r(&at, &tm);
	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm);
	json_object_set_new(o, "expires", json_string(text));
}

static void set(json_t *o, const char *key, const char *value)
{
	if (*value && strcmp(value, "*"))
		json_object_set_new(o, key, json_string(value));
}

/* Whose address it is, when it is reserved for something of netd's. */
static void set_owner(const struct leases *l, json_t *o, const struct ip *ip)
{
	const char *who = l->topo ?
		topo_address_owner(l->topo, l->network, ip) : NULL;

	if (who && *who)
		set(o, "attachment", who);
}

/* EXPIRES MAC|IAID ADDRESS NAME|* CLIENT-ID|DUID|*; lease.c of dnsmasq */
static void add_lease(struct leases *l, const char *line)
{
	char who[64], address[64], name[256], id[400];
	long long expires;
	struct ip ip;
	json_t *o;

	if (sscanf(line, "%lld %63s %63s %255s %399s", &expires, who, address,
		   name, id) != 5 || ip_read(address, &ip) ||
	    (expires && expires < l->now))
		return;
	o = json_pack("{s:s, s:s, s:s}", "topology", l->name, "network",
		      l->network, "address", address);
	set(o, ip.family == 6 ? "iaid" : "mac", who);
	set(o, "hostname", name);
	set(o, ip.family == 6 ? "duid" : "client-id", id);
	set_owner(l, o, &ip);
	set_expiry(o, expires);
	json_array_append_new(l->list, o);
}

/* Whose leases they are: a topology's, or those of its pod "campus-7". */
static bool find_topology(struct leases *l, const char *name)
{
	const char *dash = strrchr(name, '-');
	char base[64];
	unsigned int i;

	l->en = topos_find(&l->e->set, name);
	l->topo = l->en ? l->en->topo : NULL;
	if (l->en || !dash)
		return l->en;
	snprintf(base, sizeof(base), "%.*s", (int)(dash - name), name);
	l->en = topos_find(&l->e->set, base);
	for (i = 0; l->en && l->en->topo; i++) {
		l->topo = topo_pod(l->en->topo, i);
		if (!l->topo || !strcmp(topo_name(l->topo), name))
			break;
	}
	return l->topo;
}

/* TOPOLOGY.NETWORK.leases: names of ours have no dots. */
static bool split(struct leases *l, const char *name)
{
	const char *dot = strchr(name, '.'), *end = strstr(name, SUFFIX);

	if (!dot || !end || end[strlen(SUFFIX)] || end <= dot ||
	    dot - name > 63 || end - dot > 64)
		return false;
	snprintf(l->name, sizeof(l->name), "%.*s", (int)(dot - name), name);
	snprintf(l->network, sizeof(l->network), "%.*s", (int)(end - dot - 1),
		 dot + 1);
	if (!find_topology(l, l->name) ||
	    (l->topology && strcmp(l->topology, l->name) &&
	     strcmp(l->topology, l->en->name)))
		return false;
	return right_item(l->job, l->en, "network", l->network);
}

static void add_file(void *arg, const char *name)
{
	struct leases *l = arg;
	char *text, *line, *at;
	size_t len;

	if (!split(l, name))
		return;
	text = store_read_foreign(&l->e->store, FOLDER, name, &len);
	for (line = text ? strtok_r(text, "\n", &at) : NULL; line;
	     line = strtok_r(NULL, "\n", &at))
		add_lease(l, line);
	free(text);
}

void job_leases(struct engine *e, struct job *j)
{
	struct leases l = { .e = e, .job = j, .topology = j->name, .list = json_array(),
			    .now = time(NULL) };

	if (j->name && !topos_find(&e->set, j->name)) {
		job_error(j, 404, "no topology is called %s", j->name);
		json_decref(l.list);
		return;
	}
	store_each(&e->store, FOLDER, add_file, &l);
	job_answer(j, 200, json_pack("{s:o}", "leases", l.list));
}

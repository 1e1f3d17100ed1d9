// fact.c - what the host can do and holds: facts for the topology
// SPDX-License-Identifier: GPL-2.0-or-later
#include "netd/help.h"
#include "host/look.h"
#include "host/nft/foreign.h"
#include "host/survey.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

void fact_add(struct state *found, const char *name, const char *value)
{
	struct fact *f = state_add(found, KIND_FACT, "", name,
				   (struct pos){ 0 });

	f->value = arena_strdup(found->arena, value);
}

/* --- the default routes ------------------------------------------------ */

bool fact_has_word(const struct buf *b, const char *word)
{
	const char *at = strstr(buf_text(b), word);
	size_t n = strlen(word);

	return at && (at == b->p || at[-1] == ' ') &&
	       (at[n] == ' ' || !at[n]);
}

static void add_devs(struct buf *b, const struct route *r)
{
	const struct nexthop *x = r->nexthops.items;
	uint32_t i;

	for (i = 0; i < r->nexthops.n; i++)
		if (!fact_has_word(b, x[i].dev))
			buf_printf(b, "%s%s", b->len ? " " : "", x[i].dev);
}

/* Of several default routes those of the lowest metric count. */
static void defaults_of(const struct state *s, const char *dst,
			struct buf *out)
{
	const struct route *r;
	uint32_t i, best = UINT32_MAX;
	size_t n = strlen(dst);

	for (i = 0; i < s->n; i++) {
		r = (const struct route *)s->v[i];
		if (r->o.kind != KIND_ROUTE || r->type != ROUTE_UNICAST ||
		    strncmp(r->o.name, dst, n) ||
		    (r->o.name[n] && r->o.name[n] != ' ') ||
		    r->metric > best)
			continue;
		if (r->metric < best)
			buf_reset(out);
		best = r->metric;
		add_devs(out, r);
	}
}

void fact_defaults(struct host *h, struct buf *v4, struct buf *v6)
{
	struct state *nothing = state_new(), *found = state_new();
	struct look l = { .h = h, .ns = ns_home(h), .wanted = nothing,
			  .found = found, .all = true, .netns = "" };

	/* routes tell their devices by number */
	if (!l.ns->links.n)
		look_links(&l);
	if (!look_routes(&l)) {
		defaults_of(found, "0.0.0.0/0", v4);
		defaults_of(found, "::/0", v6);
	}
	state_free(nothing);
	state_free(found);
}

/* --- tables of neighbours ---------------------------------------------- */

/* The first column of the second line, in hex: of all namespaces. */
static unsigned long neighbours(const char *path)
{
	char text[512];
	struct setting s = { .path = path, .value = text,
			     .room = sizeof(text) };
	const char *line;

	if (help_sysctls(-1, &s, 1) || s.err)
		return 0;
	line = strchr(text, '\n');
	return line ? strtoul(line + 1, NULL, 16) : 0;
}

static void add_neighbours(struct host *h, struct state *found)
{
	char v[64];
	unsigned long used = neighbours("stat/arp_cache") +
			     neighbours("stat/ndisc_cache");

	if (!sysctl_read(h, ns_home(h), "net/ipv4/neigh/default/gc_thresh3",
			 v, sizeof(v)))
		fact_add(found, "neigh-limit", v);
	if (!sysctl_read(h, ns_home(h), "net/ipv6/neigh/default/gc_thresh3",
			 v, sizeof(v)))
		fact_add(found, "neigh-limit6", v);
	snprintf(v, sizeof(v), "%lu", used);
	fact_add(found, "neigh-used", v);
}

/* --- forwarding --------------------------------------------------------- */

int fact_forwards(struct host *h, char *v, size_t room)
{
	return sysctl_read(h, ns_home(h), "net/ipv4/ip_forward", v, room);
}

static void add_forwarding(struct host *h, struct state *found)
{
	char v[64];

	if (!fact_forwards(h, v, sizeof(v))) {
		fact_add(found, "forwards4", v);
		watch_forwards(h, v);
	}
	if (!sysctl_read(h, ns_home(h), "net/ipv6/conf/all/forwarding", v,
			 sizeof(v)))
		fact_add(found, "forwards6", v);
}

/* --- users -------------------------------------------------------------- */

static void add_owner(struct state *found, const char *what, const char *name,
		      bool group)
{
	char fact[128], v[16];
	uint32_t id;

	if (!name || !*name)
		return;
	snprintf(fact, sizeof(fact), "%s:%s", what, name);
	if (owner_id(name, group, &id))
		strcpy(v, "unknown");
	else
		snprintf(v, sizeof(v), "%u", id);
	fact_add(found, fact, v);
}

static void add_owners(const struct state *wanted, struct state *found)
{
	const struct tap *t, *last = NULL;
	uint32_t i;

	for (i = 0; i < wanted->n; i++) {
		t = (const struct tap *)wanted->v[i];
		if (t->l.o.kind != KIND_TAP)
			continue;
		if (!last || strcmp(last->owner, t->owner))
			add_owner(found, "user", t->owner, false);
		if (!last || strcmp(last->group, t->group))
			add_owner(found, "group", t->group, true);
		last = t;
	}
}

/* --- services ------------------------------------------------------------ */

static void add_services(struct host *h, struct state *found)
{
	char path[128];

	fact_add(found, "run-dir", h->run_dir);
	fact_add(found, "state-dir", h->state_dir);
	fact_add(found, "dnsmasq", spawn_find("dnsmasq", path, sizeof(path)) ?
		 "it is not installed" : "yes");
	fact_add(found, "dnsmasq-user", getpwnam("dnsmasq") ? "dnsmasq" :
		 "nobody");
	fact_add(found, "frr", spawn_find("zebra", path, sizeof(path)) ?
		 "it is not installed" : "yes");
	resolvers_fact(h, found);
}

/* What has to do with files and programs. */
static int outside_facts(struct host *h, const struct state *wanted,
			 struct state *found)
{
	add_services(h, found);
	if (h->looking & OBSERVE_SURVEY)
		survey(h, found);
	return 0;
}

const struct driver driver_fact_outside = {
	.observe = outside_facts,
	.looks = OBSERVE_FACTS,
};

static int fact_observe(struct host *h, const struct state *wanted,
			struct state *found)
{
	struct buf v4 CLEANUP(buf_free) = { 0 }, v6 CLEANUP(buf_free) = { 0 };
	struct utsname u;

	if (!uname(&u))
		fact_add(found, "kernel", u.release);
	fact_defaults(h, &v4, &v6);
	watch_defaults(h, &v4, &v6);
	fact_add(found, "default-dev", buf_text(&v4));
	fact_add(found, "default-dev6", buf_text(&v6));
	add_neighbours(h, found);
	add_forwarding(h, found);
	add_owners(wanted, found);
	probe_facts(h, found);
	accept_facts(h, found);
	/* driver_outside looks for them by then */
	return h->outside < 0 ? outside_facts(h, wanted, found) : 0;
}

const struct driver driver_fact = {
	.observe = fact_observe,
	.looks = OBSERVE_FACTS,
};

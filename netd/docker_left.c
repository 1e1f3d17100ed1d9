// docker_left.c - endpoints that dockerd gave back while nobody listened
// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include "netd/docker.h"
#include "netd/log.h"

/*
 * When a container is removed while netd is away, dockerd gives up telling
 * netd after a while, and never does so again.  It has put the container's end
 * back where it took it from, and there no end of a container in use stays.
 * dockerd waits up to 16 s before it asks once more.
 */
#define LEFT_MS 20000

/* Is it an endpoint whose end nobody took, or not any more?  Since when? */
static bool is_left(struct engine *e, struct plug *p)
{
	char ifname[16];

	if (strncmp(p->name, DOCKER_ENDPOINT, strlen(DOCKER_ENDPOINT)) ||
	    !strncmp(p->name, DOCKER_LEASE, strlen(DOCKER_LEASE)))
		return false;
	docker_ifname(p->name + strlen(DOCKER_ENDPOINT), ifname);
	if (!state_find(e->host, KIND_LINK, "", ifname))
		p->left = 0;
	else if (!p->left)
		p->left = now_ms();
	return p->left;
}

/* The next one that was left for long; or asks for a look when one will be. */
static struct plug *find_left(struct engine *e, struct entry *en)
{
	int64_t now = now_ms();
	unsigned int i;

	for (i = 0; i < en->nplugs; i++) {
		struct plug *p = &en->plugs[i];

		if (!is_left(e, p))
			continue;
		if (now >= p->left + LEFT_MS)
			return p;
		engine_look(e, OBSERVE_LINKS, p->left + LEFT_MS - now);
	}
	return NULL;
}

static int drop(struct engine *e, const char *topology, const char *name)
{
	static const char why[] = "its container was removed";
	struct entry *en = topos_find(&e->set, topology);
	char *network = plug_network(en, name);
	int err;

	report_clear(e->report);
	err = plug_remove(e, en, name);
	if (!err) {
		log_info("attachment %s of %s: %s", name, topology, why);
		plug_gone(e, topology, network, name, why);
	}
	free(network);
	return err;
}

void docker_expect(struct engine *e)
{
	engine_look(e, OBSERVE_LINKS, LEFT_MS);
}

void docker_collect(struct engine *e)
{
	char topology[64], name[64];
	struct plug *p;
	unsigned int i;
	int err;

	for (i = 0; i < e->set.n; i++) {
		snprintf(topology, sizeof(topology), "%s", e->set.v[i]->name);
		for (err = 0; !err;) {
			/* each time it may be another entry */
			p = find_left(e, topos_find(&e->set, topology));
			if (!p)
				break;
			snprintf(name, sizeof(name), "%s", p->name);
			err = drop(e, topology, name);
		}
	}
}

// hook_oci.c - runc, crun and Podman: the state of a container
// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/hook.h"

#define PREFIX "netd."

/* netd.KEY is of the first interface, netd.ethN.KEY of that one. */
static void annotate(struct wish *w, unsigned int i, const json_t *notes)
{
	const struct { const char *name; const char **value; } keys[] = {
		{ "address", &w->address }, { "mac", &w->mac },
		{ "ifname", &w->ifname }, { "publish", &w->publish },
		{ "default-route", &w->default_route },
		{ "ingress", &w->ingress }, { "egress", &w->egress },
	};
	char key[64];
	unsigned int k;

	for (k = 0; k < sizeof(keys) / sizeof(*keys); k++) {
		snprintf(key, sizeof(key), PREFIX "eth%u.%s", i, keys[k].name);
		if (!i && !json_object_get(notes, key))
			snprintf(key, sizeof(key), PREFIX "%s", keys[k].name);
		if (json_is_string(json_object_get(notes, key)))
			*keys[k].value = plug_str(notes, key);
	}
}

static bool known(const char *key)
{
	static const char *const names[] = {
		"network", "address", "mac", "ifname", "publish",
		"default-route", "ingress", "egress",
	};
	const char *at = key + strlen(PREFIX);
	unsigned int i, n;
	int len = 0;

	if (sscanf(at, "eth%u.%n", &n, &len) == 1 && len)
		at += len;
	for (i = len ? 1 : 0; i < sizeof(names) / sizeof(*names); i++)
		if (!strcmp(names[i], at))
			return true;
	return false;
}

/* A misspelt key would go unnoticed, and a port unpublished. */
static void check_keys(json_t *notes)
{
	const char *key;
	json_t *it;

	json_object_foreach(notes, key, it)
		if (!strncmp(key, PREFIX, strlen(PREFIX)) && !known(key))
			hook_fail("annotation %s: expected network, address, "
				  "mac, ifname, publish, default-route, "
				  "ingress or egress behind " PREFIX, key);
}

/* The annotation "netd.network": "web,lab/db" names the networks. */
static void read_annotations(struct wishes *w, json_t *notes)
{
	const char *networks = plug_str(notes, PREFIX "network");
	char *copy, *at, *word;
	unsigned int i;

	check_keys(notes);
	if (*networks) {
		memset(w, 0, sizeof(*w));
		copy = strdup(networks);
		for (word = strtok_r(copy, ", ", &at); word;
		     word = strtok_r(NULL, ", ", &at)) {
			if (w->n == WISHES_MAX)
				hook_fail("more than %d networks", WISHES_MAX);
			w->v[w->n++].network = word;
		}
	}
	for (i = 0; i < w->n; i++)
		annotate(&w->v[i], i, notes);
}

void hook_oci(struct wishes *w)
{
	struct buf in = { 0 };
	json_error_t why;
	const char *id;
	json_t *state;
	int pid;

	if (plug_input(&in))
		hook_fail("standard input can't be read");
	state = json_loadb(buf_text(&in), in.len, 0, &why);
	if (!state)
		hook_fail("expected the state of a container on standard "
			  "input: %s", why.text);
	id = plug_str(state, "id");
	if (!*id)
		hook_fail("the state has no id");
	pid = json_integer_value(json_object_get(state, "pid"));
	/* poststop has no pid, or 0 */
	if (pid <= 0 || !strcmp(plug_str(state, "status"), "stopped")) {
		hook_detach("oci", id);
		return;
	}
	read_annotations(w, json_object_get(state, "annotations"));
	hook_attach(w, "oci", id, pid);
}

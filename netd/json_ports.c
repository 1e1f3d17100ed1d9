// json_ports.c - ports that other programs put on our bridges
// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include "netd/engine.h"
#include "netd/log.h"

/* Its frames are dropped: rules_guard_foreign(). */
static bool is_confined(const struct engine *e, const struct link *l)
{
	struct buf name = { 0 };
	const struct element *el;

	buf_printf(&name, "bridge netd port \"%s\"", l->o.name);
	el = (const struct element *)state_find(e->wanted, KIND_ELEMENT,
						l->o.netns, buf_text(&name));
	buf_free(&name);
	return el && !strcmp(el->data, "drop");
}

static json_t *port(const struct engine *e, const struct link *l,
		    const struct link *bridge)
{
	const char *alias = bridge->alias ? bridge->alias : "";
	json_t *o = json_object();

	json_object_set_new(o, "ifname", json_text(l->o.name));
	json_set(o, "bridge", bridge->o.name);
	/* "netd:TOPOLOGY/NETWORK" */
	json_set(o, "network", strncmp(alias, "netd:", 5) ? alias : alias + 5);
	json_object_set_new(o, "confined", json_boolean(is_confined(e, l)));
	return o;
}

json_t *json_ports(const struct engine *e)
{
	uint32_t i = state_seek(e->host, KIND_LINK, "", "");
	json_t *list = json_array();

	for (; i < e->host->n && e->host->v[i]->kind == KIND_LINK; i++) {
		const struct link *l = (const struct link *)e->host->v[i];
		const struct object *bridge;

		if (!l->o.foreign || !l->master || !*l->master)
			continue;
		bridge = state_find(e->wanted, KIND_BRIDGE, l->o.netns,
				    l->master);
		if (bridge)
			json_array_append_new(list,
				port(e, l, (const struct link *)bridge));
	}
	return list;
}

static bool has(const json_t *list, const json_t *o)
{
	json_t *p;
	size_t i;

	json_array_foreach(list, i, p)
		if (json_equal(p, o))
			return true;
	return false;
}

void ports_note(struct engine *e)
{
	json_t *now = json_ports(e), *o;
	size_t i;

	json_array_foreach(now, i, o) {
		if (has(e->ports, o))
			continue;
		log_info("%s is on %s, and not netd's: it is %s",
			 json_string_value(json_object_get(o, "ifname")),
			 json_string_value(json_object_get(o, "network")),
			 json_is_true(json_object_get(o, "confined")) ?
			 "confined" : "taken as it is");
		engine_event(e, "port", json_copy(o));
	}
	json_decref(e->ports);
	e->ports = now;
}

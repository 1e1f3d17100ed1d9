// clab.c - containerlab's topology files: nodes, bridges, hosts
// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <search.h>
#include <string.h>

#include "import/clab.h"

static int by_id(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* --- nodes ------------------------------------------------------------ */

/* An image that routes. */
static bool is_routing(const char *image)
{
	static const char *const words[] = {
		"frr", "bird", "quagga", "vyos", "gobgp", "openbgpd", "holo",
	};
	unsigned int i;

	for (i = 0; image && i < sizeof(words) / sizeof(*words); i++)
		if (strstr(image, words[i]))
			return true;
	return false;
}

static enum ckind kind_of(struct clab *c, struct cnode *n)
{
	const char *kind = clab_text(clab_inherited(c, n->map, "kind"));

	if (!kind || !strcmp(kind, "linux"))
		return is_routing(clab_text(clab_inherited(c, n->map,
				  "image"))) ? CK_ROUTER : CK_NODE;
	if (!strcmp(kind, "host"))
		return CK_HOST;
	if (!strcmp(kind, "bridge")) {
		draft_lost(c->d, n->pos, "%s: the host's bridge of that name: "
			   "made is one that the host has no part in",
			   n->name);
		return CK_NETWORK;
	}
	if (!strcmp(kind, "ovs-bridge")) {
		draft_lost(c->d, n->pos, "%s: Open vSwitch: made is a bridge",
			   n->name);
		return CK_NETWORK;
	}
	draft_lost(c->d, n->pos, "%s: the system %s: made is a router", n->name,
		   draft_text(c->d, kind));
	return CK_ROUTER;
}

static bool is_taken(const char *key)
{
	static const char *const taken[] = {
		"kind", "exec", "group", "<<", "position", NULL
	};
	unsigned int i;

	for (i = 0; taken[i]; i++)
		if (!strcmp(taken[i], key))
			return true;
	return false;
}

/* image, binds, env...: of the container, and there is none. */
static void lose_keys(struct clab *c, struct cnode *n)
{
	struct buf keys = { 0 };
	yaml_node_t *k;
	unsigned int i;
	const char *s;

	for (i = 0; (k = clab_key(c, n->map, i)); i++) {
		s = clab_text(k);
		if (s && !is_taken(s) && keys.len < 200)
			buf_printf(&keys, "%s%s", keys.len ? ", " : "",
				   draft_text(c->d, s));
	}
	if (keys.len)
		draft_lost(c->d, n->pos, "%s: %s: no container is run, "
			   "commands of the host are", n->name,
			   buf_text(&keys));
	buf_free(&keys);
}

static void make_node(struct clab *c, struct cnode *n)
{
	static const enum section sections[] = {
		[CK_NODE] = NODES, [CK_ROUTER] = ROUTERS,
		[CK_NETWORK] = NETWORKS,
	};

	if (!strcmp(n->id, "host"))
		n->kind = CK_HOST;
	else
		n->name = draft_name(c->d, n->id, "n");
	if (n->name)
		n->kind = kind_of(c, n);
	if (n->kind == CK_HOST)
		return;
	if (n->kind != CK_NETWORK) {
		clab_exec(c, n);
		lose_keys(c, n);
	}
	n->item = draft_add(c->d, sections[n->kind], n->name);
	draft_describe(c->d, n->item, n->id);
}

static void add_node(struct clab *c, yaml_node_t *key, yaml_node_t *map)
{
	struct cnode *n = arena_alloc(c->d->arena, sizeof(*n));

	n->id = clab_text(key);
	n->pos = clab_pos(c, key);
	n->map = map;
	n->tail = &n->addrs;
	if (!n->id || !n->id[0]) {
		draft_error(c->d, n->pos, "expected the name of a node");
		return;
	}
	if (*(struct cnode **)tsearch(n, &c->ids, by_id) != n) {
		draft_error(c->d, n->pos, "the node %s is there twice",
			    draft_text(c->d, n->id));
		return;
	}
	*c->tail = n;
	c->tail = &n->next;
}

static void add_nodes(struct clab *c)
{
	yaml_node_t *nodes = clab_get(c, c->topology, "nodes"), *key;
	struct cnode *n;
	unsigned int i;

	for (i = 0; (key = clab_key(c, nodes, i)); i++)
		add_node(c, key, yaml_document_get_node(&c->doc,
			 nodes->data.mapping.pairs.start[i].value));
	for (n = c->nodes; n; n = n->next)
		make_node(c, n);
	if (!c->nodes && !c->d->report->errors)
		draft_error(c->d, clab_pos(c, c->topology), "expected "
			    "topology: with nodes:");
}

/* --- what its links leave to do --------------------------------------- */

static void push_default(struct clab *c, struct item *routes,
			 const char *to, const struct ip *via)
{
	char text[46];

	item_push(c->d, routes, "routes", "{to: %s, via: %s}",
		  draft_scalar(c->d, to),
		  draft_scalar(c->d, ip_text(via, text)));
}

/* Beside those that netd computes, as a routing program's would be. */
static void set_routes(struct clab *c, struct cnode *n)
{
	struct item *r = n->routes;
	const char *text;

	if (n->kind != CK_ROUTER)
		return;
	if (!r && (n->gateway4.via.family || n->gateway6.via.family))
		r = draft_item(c->d);
	if (n->gateway4.via.family)
		push_default(c, r, "0.0.0.0/0", &n->gateway4.via);
	if (n->gateway6.via.family)
		push_default(c, r, "::/0", &n->gateway6.via);
	if (!r)
		return;
	/* "{routes: [...]}" without its braces */
	text = item_text(c->d, r) + strlen("{routes: ");
	item_set(c->d, n->item, "routes", "%.*s", (int)strlen(text) - 1, text);
}

static void lose_unused(struct clab *c, struct cnode *n)
{
	struct caddr *a;
	char text[50];

	for (a = n->addrs; a; a = a->next)
		if (draft_new(&n->ports, a->ifname))
			draft_lost(c->d, n->pos, "%s: the address %s of %s, "
				   "which no link is at", n->name,
				   prefix_text(&a->p, text), a->ifname);
}

static void read_topology(struct clab *c, yaml_node_t *root)
{
	struct cnode *n;

	c->d->name = clab_str(c, root, "name");
	add_nodes(c);
	if (clab_get(c, root, "mgmt"))
		draft_lost(c->d, clab_pos(c, clab_get(c, root, "mgmt")),
			   "the management network: `netdctl exec` needs none");
	clab_links(c);
	for (n = c->nodes; n; n = n->next) {
		set_routes(c, n);
		lose_unused(c, n);
	}
}

static void forget(struct clab *c)
{
	struct cnode *n;

	for (n = c->nodes; n; n = n->next)
		draft_forget(&n->ports);
	draft_forget(&c->ids);
}

static int load(struct clab *c, const char *text, size_t len)
{
	struct pos pos = { .file = c->d->source };
	yaml_parser_t p;
	int ok;

	if (!yaml_parser_initialize(&p)) {
		draft_error(c->d, pos, "out of memory");
		return -ENOMEM;
	}
	yaml_parser_set_input_string(&p, (const unsigned char *)text, len);
	ok = yaml_parser_load(&p, &c->doc);
	if (!ok) {
		pos.line = p.problem_mark.line + 1;
		pos.col = p.problem_mark.column + 1;
		draft_error(c->d, pos, "not YAML as it should be: %s",
			    p.problem ? p.problem : "out of memory");
	}
	yaml_parser_delete(&p);
	return ok ? 0 : -EINVAL;
}

int import_containerlab(struct draft *d, const char *text, size_t len)
{
	struct clab c = { .d = d };
	unsigned int errors = d->report->errors;
	yaml_node_t *root;

	if (load(&c, text, len))
		return -EINVAL;
	c.tail = &c.nodes;
	root = yaml_document_get_root_node(&c.doc);
	c.topology = clab_get(&c, root, "topology");
	read_topology(&c, root);
	forget(&c);
	/* its texts belong to the document */
	if (d->name)
		d->name = arena_strdup(d->arena, d->name);
	yaml_document_delete(&c.doc);
	return d->report->errors > errors ? -EINVAL : 0;
}

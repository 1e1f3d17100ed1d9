// graphml.c - GraphML, as the Internet Topology Zoo and graph editors write it
// SPDX-License-Identifier: GPL-2.0-or-later
//
// A node is a router, an edge a link, with numbers of netd's; a hyperedge
// (GraphML's own, or the Zoo's node that stands for one) is a network.
#include <errno.h>
#include <search.h>
#include <string.h>

#include "import/draft.h"

#define KEYS_MAX 256

struct gnode {
	const char *id;		/* first: by_id() */
	const struct xml *x;
	const char *name;	/* in the topology */
	struct item *item;
	bool hyper;		/* stands for a hyperedge: a network */
	struct gnode *next;
};

struct graph {
	struct draft *d;
	struct { const char *id, *name; } keys[KEYS_MAX];
	unsigned int nkeys;
	void *ids;
	struct gnode *nodes, **tail;
	void *seen;		/* what was told to be lost, by name */
	void *arcs;		/* "a b" of directed edges */
};

static int by_id(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static struct gnode *node_of(const struct graph *g, const char *id)
{
	struct gnode **found = id ? tfind(&id, &g->ids, by_id) : NULL;

	return found ? *found : NULL;
}

/* --- data ------------------------------------------------------------- */

static void read_keys(struct graph *g, const struct xml *root)
{
	const char *id, *name;

	xml_for(k, root, "key") {
		id = xml_attr(k, "id");
		name = xml_attr(k, "attr.name");
		if (!id || !name || g->nkeys == KEYS_MAX)
			continue;
		g->keys[g->nkeys].id = id;
		g->keys[g->nkeys++].name = name;
	}
}

/* What a <data> is called: by its key, or as itself ("id"). */
static const char *data_name(const struct graph *g, const struct xml *data)
{
	const char *key = xml_attr(data, "key");
	unsigned int i;

	for (i = 0; key && i < g->nkeys; i++)
		if (!strcmp(g->keys[i].id, key))
			return g->keys[i].name;
	return key ? key : "";
}

/* "" when there is none. */
static const char *data(const struct graph *g, const struct xml *x,
			const char *name)
{
	xml_for(v, x, "data")
		if (!strcmp(data_name(g, v), name))
			return v->text;
	return "";
}

/* An editor's label: <y:ShapeNode><y:NodeLabel>. */
static const char *drawn_label(const struct xml *x)
{
	const struct xml *c;
	const char *s;

	if (!strcmp(x->name, "y:NodeLabel"))
		return x->text;
	for (c = x->child; c; c = c->next) {
		s = drawn_label(c);
		if (s[0])
			return s;
	}
	return "";
}

static const char *label_of(const struct graph *g, const struct xml *x)
{
	static const char *const names[] = { "label", "Label", "name" };
	const char *s = "";
	unsigned int i;

	for (i = 0; !s[0] && i < 3; i++)
		s = data(g, x, names[i]);
	if (s[0])
		return s;
	xml_for(v, x, "data")
		if (!s[0])
			s = drawn_label(v);
	return s;
}

/* Of many nodes or edges that have it, the first tells. */
static void lost_once(struct graph *g, const struct xml *x, const char *what,
		      const char *why)
{
	const char *key = arena_printf(g->d->arena, "%s %s", x->name, what);

	if (draft_new(&g->seen, key))
		draft_lost(g->d, x->pos, "%s of %ss: %s", what, x->name, why);
}

static bool used(const char *name)
{
	static const char *const names[] = {
		"label", "Label", "name", "id", "hyperedge", "LinkSpeed",
		"LinkSpeedUnits", "LinkSpeedRaw", "LinkLabel", NULL
	};
	unsigned int i;

	for (i = 0; names[i]; i++)
		if (!strcmp(names[i], name))
			return true;
	return false;
}

static void lose_data(struct graph *g, const struct xml *x)
{
	xml_for(v, x, "data") {
		const char *name = data_name(g, v);

		if (!used(name) && !v->child)
			lost_once(g, x, draft_text(g->d, name),
				  "nothing in a topology is like it");
	}
}

/* --- nodes ------------------------------------------------------------ */

static void add_node(struct graph *g, const struct xml *x)
{
	struct gnode *n = arena_alloc(g->d->arena, sizeof(*n));

	n->id = xml_attr(x, "id");
	n->x = x;
	if (!n->id) {
		draft_error(g->d, x->pos, "a node needs an id");
		return;
	}
	if (*(struct gnode **)tsearch(n, &g->ids, by_id) != n) {
		draft_error(g->d, x->pos, "the id %s is there twice",
			    draft_text(g->d, n->id));
		return;
	}
	n->hyper = !strcmp(data(g, x, "hyperedge"), "1");
	*g->tail = n;
	g->tail = &n->next;
}

/* Groups are drawn round nodes; what is in them counts. */
static void add_nodes(struct graph *g, const struct xml *graph)
{
	xml_for(x, graph, "node") {
		const struct xml *inner = xml_child(x, "graph", NULL);

		if (!inner) {
			add_node(g, x);
			continue;
		}
		lost_once(g, x, "the grouping",
			  "what is in the group is taken");
		add_nodes(g, inner);
	}
}

/* Edges between two of them could not be legs: they are routers, then. */
static void settle_hyper(struct graph *g, const struct xml *graph)
{
	xml_for(x, graph, "edge") {
		struct gnode *a = node_of(g, xml_attr(x, "source"));
		struct gnode *b = node_of(g, xml_attr(x, "target"));

		if (a && b && a->hyper && b->hyper)
			a->hyper = b->hyper = false;
	}
	xml_for(x, graph, "node")
		if (xml_child(x, "graph", NULL))
			settle_hyper(g, xml_child(x, "graph", NULL));
}

static struct item *add_network(struct graph *g, const char *name)
{
	struct item *it = draft_add(g->d, NETWORKS, name);

	item_set(g->d, it, "subnet", "auto");
	item_set(g->d, it, "subnet6", "auto");
	return it;
}

static void name_node(struct graph *g, struct gnode *n)
{
	const char *label = label_of(g, n->x);
	const char *fallback = arena_printf(g->d->arena, "n%s", n->id);

	n->name = draft_name(g->d, label, fallback);
	n->item = n->hyper ? add_network(g, n->name) :
		  draft_add(g->d, ROUTERS, n->name);
	draft_describe(g->d, n->item, label);
	lose_data(g, n->x);
	if (xml_child(n->x, "port", NULL))
		lost_once(g, n->x, "ports", "interfaces are called after "
			  "what they lead to");
}

/* --- edges ------------------------------------------------------------ */

static void add_leg(struct graph *g, struct gnode *router, const char *net)
{
	item_push(g->d, router->item, "networks", "%s", net);
}

static void describe_edge(struct graph *g, struct item *it,
			  const struct xml *x)
{
	const char *label = data(g, x, "LinkLabel");
	const char *units = data(g, x, "LinkSpeedUnits");
	const char *speed = data(g, x, "LinkSpeed");

	if (!label[0])
		label = label_of(g, x);
	if (!label[0] && speed[0])
		label = arena_printf(g->d->arena, "%s %s", speed, units);
	draft_describe(g->d, it, label);
	if (speed[0] || data(g, x, "LinkSpeedRaw")[0])
		lost_once(g, x, "speeds", "links are as fast as the machine");
}

static bool is_directed(const struct xml *x)
{
	const char *own = xml_attr(x, "directed");
	const char *all = xml_attr(x->parent, "edgedefault");

	return own ? !strcmp(own, "true") : all && !strcmp(all, "directed");
}

/* A link carries both ways: there and back are one, twice there are two. */
static bool is_way_back(struct graph *g, const struct gnode *a,
			const struct gnode *b, const struct xml *x)
{
	struct arena *m = g->d->arena;
	const char *back = arena_printf(m, "%s %s", b->name, a->name);
	const char *there = arena_printf(m, "%s %s", a->name, b->name);

	if (!is_directed(x))
		return false;
	lost_once(g, x, "the direction", "links carry both ways, so that "
		  "there and back are one link");
	if (draft_drop(&g->arcs, back))
		return true;
	draft_new(&g->arcs, there);
	return false;
}

static void add_link(struct graph *g, struct gnode *a, struct gnode *b,
		     const struct xml *x)
{
	struct item *it;

	if (a == b) {
		draft_lost(g->d, x->pos, "an edge from %s to itself",
			   a->name);
		return;
	}
	if (is_way_back(g, a, b, x))
		return;
	if (a->hyper || b->hyper) {
		add_leg(g, a->hyper ? b : a, a->hyper ? a->name : b->name);
		return;
	}
	it = draft_add(g->d, LINKS, NULL);
	item_push(g->d, it, "between", "%s", a->name);
	item_push(g->d, it, "between", "%s", b->name);
	describe_edge(g, it, x);
}

static void add_edge(struct graph *g, const struct xml *x)
{
	const char *from = xml_attr(x, "source"), *to = xml_attr(x, "target");
	struct gnode *a = node_of(g, from), *b = node_of(g, to);

	if (!from || !to)
		draft_error(g->d, x->pos, "an edge needs source and target");
	else if (!a || !b)
		draft_error(g->d, x->pos, "there is no node with the id %s",
			    draft_text(g->d, a ? to : from));
	else
		add_link(g, a, b, x);
	lose_data(g, x);
}

static void add_hyperedge(struct graph *g, const struct xml *x)
{
	const char *label = label_of(g, x), *id;
	const char *name = draft_name(g->d, label, arena_printf(
		g->d->arena, "net%s", xml_attr(x, "id") ? xml_attr(x, "id") :
		""));
	struct gnode *n;

	draft_describe(g->d, add_network(g, name), label);
	xml_for(e, x, "endpoint") {
		id = xml_attr(e, "node");
		n = node_of(g, id);
		if (!n)
			draft_error(g->d, e->pos, "there is no node with the "
				    "id %s", draft_text(g->d, id ? id : ""));
		else if (n->hyper)
			draft_lost(g->d, e->pos, "%s is a network itself",
				   n->name);
		else
			add_leg(g, n, name);
	}
}

static void add_edges(struct graph *g, const struct xml *graph)
{
	xml_for(x, graph, "edge")
		add_edge(g, x);
	xml_for(x, graph, "hyperedge")
		add_hyperedge(g, x);
	xml_for(x, graph, "node")
		if (xml_child(x, "graph", NULL))
			add_edges(g, xml_child(x, "graph", NULL));
}

/* --- the file --------------------------------------------------------- */

static void read_graph(struct graph *g, const struct xml *graph)
{
	const char *name = data(g, graph, "Network");
	struct gnode *n;

	add_nodes(g, graph);
	settle_hyper(g, graph);
	for (n = g->nodes; n; n = n->next)
		name_node(g, n);
	add_edges(g, graph);
	if (name[0])
		g->d->name = name;
	g->d->routing = "static";
	if (!g->nodes && !g->d->report->errors)
		draft_error(g->d, graph->pos, "the graph has no nodes");
}

static void no_free(void *p)
{
}

static void forget(struct graph *g)
{
	tdestroy(g->ids, no_free);
	draft_forget(&g->seen);
	draft_forget(&g->arcs);
}

int import_graphml(struct draft *d, const char *text, size_t len)
{
	struct graph g = { .d = d };
	unsigned int errors = d->report->errors;
	struct xml *root = xml_read(d, text, len), *graph;

	if (!root)
		return -EINVAL;
	g.tail = &g.nodes;
	graph = xml_child(root, "graph", NULL);
	if (strcmp(root->name, "graphml") || !graph) {
		draft_error(d, root->pos, "expected <graphml> with a <graph>, "
			    "found <%s>", root->name);
		return -EINVAL;
	}
	read_keys(&g, root);
	read_graph(&g, graph);
	if (xml_child(root, "graph", graph))
		draft_lost(d, xml_child(root, "graph", graph)->pos,
			   "further graphs: only the first is taken");
	forget(&g);
	return d->report->errors > errors ? -EINVAL : 0;
}

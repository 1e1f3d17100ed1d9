// clab.h - a topology of containerlab's being read
// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef IMPORT_CLAB_H
#define IMPORT_CLAB_H

#include <yaml.h>

#include "import/draft.h"
#include "netd/field.h"

enum ckind { CK_NODE, CK_ROUTER, CK_NETWORK, CK_HOST };

/* An address that a command of the node's gives to an interface. */
struct caddr {
	struct caddr *next;
	const char *ifname;
	struct prefix p;
};

struct cnode {
	const char *id;		/* first: by_id() */
	struct pos pos;
	yaml_node_t *map;
	enum ckind kind;
	const char *name;	/* in the topology */
	struct item *item;
	struct caddr *addrs, **tail;
	struct { struct ip via; const char *ifname; } gateway4, gateway6;
	struct item *routes;	/* a list of them under "routes", or NULL */
	void *ports;		/* interfaces that are in use */
	struct cnode *next;
};

struct clab {
	struct draft *d;
	yaml_document_t doc;
	yaml_node_t *topology;
	void *ids;
	struct cnode *nodes, **tail;
	void *seen;
};

/* --- clab_yaml.c ----------------------------------------------------- */

/* The value of a key of the map; `<<` is followed.  NULL when there is none. */
yaml_node_t *clab_get(struct clab *c, yaml_node_t *map, const char *key);
/* A scalar, or NULL. */
const char *clab_text(yaml_node_t *n);
/* clab_text() of clab_get() */
const char *clab_str(struct clab *c, yaml_node_t *map, const char *key);
/* Item I of a list, or pair I of a map; NULL at its end. */
yaml_node_t *clab_item(struct clab *c, yaml_node_t *list, unsigned int i);
yaml_node_t *clab_key(struct clab *c, yaml_node_t *map, unsigned int i);
struct pos clab_pos(const struct clab *c, const yaml_node_t *n);
/*
 * Where a key of a node's may stand: in the node itself, its group, its kind,
 * the defaults.  NULL when there is no such map.
 */
#define CLAB_LEVELS 4
yaml_node_t *clab_level(struct clab *c, yaml_node_t *node,
			unsigned int level);
/*
 * What holds for a node: its own KEY, else that of its group, its kind, the
 * defaults, as containerlab has it.
 */
yaml_node_t *clab_inherited(struct clab *c, yaml_node_t *node,
			    const char *key);

/* --- clab_exec.c ----------------------------------------------------- */

/* Takes what the node's `exec:` does to its addresses and routes. */
void clab_exec(struct clab *c, struct cnode *n);

/* --- clab_link.c ----------------------------------------------------- */

struct cnode *clab_node(struct clab *c, const char *id);
void clab_links(struct clab *c);

#endif

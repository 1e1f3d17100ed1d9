// clab_yaml.c - what is where in a topology of containerlab's
// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include "import/clab.h"

#define MERGES_MAX 8

const char *clab_text(yaml_node_t *n)
{
	if (!n || n->type != YAML_SCALAR_NODE)
		return NULL;
	return (const char *)n->data.scalar.value;
}

static yaml_node_t *get(struct clab *c, yaml_node_t *map, const char *key,
			unsigned int depth)
{
	yaml_node_t *merged = NULL, *found = NULL;
	yaml_node_pair_t *p;
	const char *k;

	if (!map || map->type != YAML_MAPPING_NODE || depth > MERGES_MAX)
		return NULL;
	for (p = map->data.mapping.pairs.start;
	     !found && p < map->data.mapping.pairs.top; p++) {
		k = clab_text(yaml_document_get_node(&c->doc, p->key));
		if (k && !strcmp(k, key))
			found = yaml_document_get_node(&c->doc, p->value);
		else if (k && !strcmp(k, "<<"))
			merged = yaml_document_get_node(&c->doc, p->value);
	}
	return found ? found : get(c, merged, key, depth + 1);
}

yaml_node_t *clab_get(struct clab *c, yaml_node_t *map, const char *key)
{
	return get(c, map, key, 0);
}

const char *clab_str(struct clab *c, yaml_node_t *map, const char *key)
{
	return clab_text(clab_get(c, map, key));
}

yaml_node_t *clab_item(struct clab *c, yaml_node_t *list, unsigned int i)
{
	yaml_node_item_t *p;

	if (!list || list->type != YAML_SEQUENCE_NODE)
		return NULL;
	p = list->data.sequence.items.start + i;
	return p < list->data.sequence.items.top ?
	       yaml_document_get_node(&c->doc, *p) : NULL;
}

yaml_node_t *clab_key(struct clab *c, yaml_node_t *map, unsigned int i)
{
	yaml_node_pair_t *p;

	if (!map || map->type != YAML_MAPPING_NODE)
		return NULL;
	p = map->data.mapping.pairs.start + i;
	return p < map->data.mapping.pairs.top ?
	       yaml_document_get_node(&c->doc, p->key) : NULL;
}

struct pos clab_pos(const struct clab *c, const yaml_node_t *n)
{
	size_t col = n ? n->start_mark.column + 1 : 0;

	return (struct pos){ .file = c->d->source,
			     .line = n ? n->start_mark.line + 1 : 0,
			     .col = col > UINT16_MAX ? UINT16_MAX : col };
}

static const char *kind_of(struct clab *c, yaml_node_t *node)
{
	yaml_node_t *from[] = {
		node, clab_level(c, node, 1), clab_level(c, node, 3)
	};
	const char *kind = NULL;
	unsigned int i;

	for (i = 0; !kind && i < 3; i++)
		kind = clab_str(c, from[i], "kind");
	return kind;
}

yaml_node_t *clab_level(struct clab *c, yaml_node_t *node, unsigned int level)
{
	static const char *const maps[] = { NULL, "groups", "kinds" };
	const char *name;

	if (!level)
		return node;
	if (level == 3)
		return clab_get(c, c->topology, "defaults");
	name = level == 1 ? clab_str(c, node, "group") : kind_of(c, node);
	return name ? clab_get(c, clab_get(c, c->topology, maps[level]),
			       name) : NULL;
}

yaml_node_t *clab_inherited(struct clab *c, yaml_node_t *node,
			    const char *key)
{
	yaml_node_t *found = NULL;
	unsigned int i;

	for (i = 0; !found && i < CLAB_LEVELS; i++)
		found = clab_get(c, clab_level(c, node, i), key);
	return found;
}

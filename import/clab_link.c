// clab_link.c - links of containerlab's, as links, legs and attachments
// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "import/clab.h"

/* One end of a link. */
struct cend {
	struct cnode *node;
	const char *ifname;
	const char *mac;	/* or NULL */
	const char *ips[2];	/* ipv4, ipv6 as written there, or NULL */
	struct pos pos;
};

static int by_id(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

struct cnode *clab_node(struct clab *c, const char *id)
{
	struct cnode **found = tfind(&id, &c->ids, by_id);

	return found ? *found : NULL;
}

/* `host:` needs no node of that name. */
static struct cnode *host_node(struct clab *c)
{
	static const char id[] = "host";
	struct cnode *n = clab_node(c, id);

	if (n)
		return n;
	n = arena_alloc(c->d->arena, sizeof(*n));
	n->id = id;
	n->kind = CK_HOST;
	tsearch(n, &c->ids, by_id);
	n->next = c->nodes;
	c->nodes = n;
	return n;
}

static bool special(struct clab *c, const char *id, struct pos pos)
{
	if (strcmp(id, "mgmt-net") && strcmp(id, "macvlan"))
		return false;
	draft_lost(c->d, pos, "a link to %s", id);
	return true;
}

/* false: without a link, and told so. */
static bool set_end(struct clab *c, struct cend *e, const char *id,
		    const char *ifname, struct pos pos)
{
	struct buf why = { 0 };

	e->pos = pos;
	if (!id || !ifname) {
		draft_error(c->d, pos, "expected NODE:INTERFACE");
		return false;
	}
	if (special(c, id, pos))
		return false;
	e->node = !strcmp(id, "host") ? host_node(c) : clab_node(c, id);
	if (!e->node) {
		draft_error(c->d, pos, "there is no node %s",
			    draft_text(c->d, id));
		return false;
	}
	if (field_ifname.read(NULL, ifname, &e->ifname, c->d->arena, &why)) {
		draft_error(c->d, pos, "%s is no name of an interface: at "
			    "most 15 letters, digits and ._-",
			    draft_text(c->d, ifname));
		e->node = NULL;
	} else if (!draft_new(&e->node->ports, e->ifname)) {
		draft_error(c->d, pos, "%s:%s is in use already", id, ifname);
		e->node = NULL;
	}
	buf_free(&why);
	return e->node;
}

/* "n1:eth1", or {node, interface, mac, ipv4, ipv6} */
static bool read_end(struct clab *c, yaml_node_t *n, struct cend *e)
{
	const char *text = clab_text(n), *colon;
	struct mac mac;

	if (text) {
		colon = strchr(text, ':');
		return set_end(c, e, colon ? arena_strndup(c->d->arena, text,
				colon - text) : NULL, colon ? colon + 1 : NULL,
			       clab_pos(c, n));
	}
	e->mac = clab_str(c, n, "mac");
	if (e->mac && !draft_mac(c->d, e->mac, &mac)) {
		draft_error(c->d, clab_pos(c, n), "%s is no MAC address",
			    draft_text(c->d, e->mac));
		return false;
	}
	e->ips[0] = clab_str(c, n, "ipv4");
	e->ips[1] = clab_str(c, n, "ipv6");
	return set_end(c, e, clab_str(c, n, "node"),
		       clab_str(c, n, "interface"), clab_pos(c, n));
}

/* --- addresses -------------------------------------------------------- */

static void push_address(struct clab *c, struct item *it,
			 const struct prefix *p)
{
	char text[50];

	item_push(c->d, it, p->ip.family == 6 ? "address6" : "address",
		  "%s", draft_scalar(c->d, prefix_text(p, text)));
}

static void set_addresses(struct clab *c, struct item *it, struct cend *e)
{
	struct prefix p;
	unsigned int i;
	struct caddr *a;

	for (i = 0; i < 2; i++) {
		if (!e->ips[i])
			continue;
		if (prefix_read(e->ips[i], &p))
			draft_error(c->d, e->pos, "%s is no address",
				    draft_text(c->d, e->ips[i]));
		else
			push_address(c, it, &p);
	}
	for (a = e->node->addrs; a; a = a->next)
		if (!strcmp(a->ifname, e->ifname))
			push_address(c, it, &a->p);
}

static void set_if(struct clab *c, struct item *it, struct cend *e)
{
	struct mac mac;
	char text[18];

	item_set(c->d, it, "ifname", "%s",
		 draft_scalar(c->d, e->ifname));
	if (e->mac && !mac_read(e->mac, &mac))
		item_set(c->d, it, "mac", "\"%s\"", mac_text(&mac, text));
}

/* Is that gateway in a subnet of the interface? */
static bool is_next_to(struct cend *e, const struct ip *ip)
{
	struct caddr *a;

	for (a = e->node->addrs; a; a = a->next)
		if (!strcmp(a->ifname, e->ifname) && prefix_has(&a->p, ip))
			return true;
	return false;
}

static void set_gateways(struct clab *c, struct item *it, struct cend *e)
{
	char text[46];

	if (e->node->kind != CK_NODE)
		return;
	if (e->node->gateway4.via.family &&
	    is_next_to(e, &e->node->gateway4.via))
		item_set(c->d, it, "gateway", "%s",
			 ip_text(&e->node->gateway4.via, text));
	if (e->node->gateway6.via.family &&
	    is_next_to(e, &e->node->gateway6.via))
		item_set(c->d, it, "gateway6", "\"%s\"",
			 ip_text(&e->node->gateway6.via, text));
}

/* --- links ------------------------------------------------------------ */

static void add_leg(struct clab *c, struct cend *e, const char *network)
{
	struct item *it = draft_item(c->d);

	item_set(c->d, it, "network", "%s", network);
	set_if(c, it, e);
	set_addresses(c, it, e);
	set_gateways(c, it, e);
	item_push(c->d, e->node->item, "networks", "%s",
		  item_text(c->d, it));
}

static const char *end_text(struct clab *c, struct cend *e)
{
	struct item *it = draft_item(c->d);

	item_set(c->d, it, "node", "%s", e->node->name);
	set_if(c, it, e);
	set_addresses(c, it, e);
	return item_text(c->d, it);
}

static void add_link(struct clab *c, struct cend *a, struct cend *b,
		     unsigned long mtu)
{
	struct item *it = draft_add(c->d, LINKS, NULL);

	item_push(c->d, it, "between", "%s", end_text(c, a));
	item_push(c->d, it, "between", "%s", end_text(c, b));
	if (mtu)
		item_set(c->d, it, "mtu", "%lu", mtu);
}

/* An end that the host has: a veth that is left there. */
static void add_parked(struct clab *c, struct cend *host, const char *network)
{
	const char *name = draft_name(c->d, host->ifname, "host");
	struct item *it = draft_add(c->d, ATTACHMENTS, name);

	item_set(c->d, it, "network", "%s", network);
	item_set(c->d, it, "type", "veth");
	item_set(c->d, it, "netns", "none");
	item_set(c->d, it, "ifname", "%s",
		 draft_scalar(c->d, host->ifname));
}

static void add_to_host(struct clab *c, struct cend *host, struct cend *e)
{
	const char *label, *name;

	if (e->node->kind == CK_HOST) {
		draft_lost(c->d, host->pos, "a link from the host to itself");
		return;
	}
	if (e->node->kind == CK_NETWORK) {
		add_parked(c, host, e->node->name);
		return;
	}
	label = arena_printf(c->d->arena, "%s-%s", e->node->name, e->ifname);
	name = draft_name(c->d, label, "link");
	draft_add(c->d, NETWORKS, name);
	add_leg(c, e, name);
	add_parked(c, host, name);
}

static void connect(struct clab *c, struct cend *a, struct cend *b,
		    unsigned long mtu)
{
	if (a->node->kind == CK_HOST)
		add_to_host(c, a, b);
	else if (b->node->kind == CK_HOST)
		add_to_host(c, b, a);
	else if (a->node->kind == CK_NETWORK && b->node->kind != CK_NETWORK)
		add_leg(c, b, a->node->name);
	else if (b->node->kind == CK_NETWORK && a->node->kind != CK_NETWORK)
		add_leg(c, a, b->node->name);
	else if (a->node == b->node)
		draft_lost(c->d, a->pos, "a link from %s to itself",
			   a->node->name);
	else
		add_link(c, a, b, mtu);
}

static unsigned long read_mtu(struct clab *c, yaml_node_t *link)
{
	const char *s = clab_str(c, link, "mtu");
	unsigned long mtu;
	char *end;

	if (!s)
		return 0;
	mtu = strtoul(s, &end, 10);
	if (*s >= '0' && *s <= '9' && !*end && mtu >= 68 && mtu <= 65535)
		return mtu;
	draft_error(c->d, clab_pos(c, link), "expected an MTU of 68 to 65535, "
		    "found %s", draft_text(c->d, s));
	return 0;
}

static void read_link(struct clab *c, yaml_node_t *link)
{
	const char *type = clab_str(c, link, "type");
	yaml_node_t *ends = clab_get(c, link, "endpoints");
	struct cend e[2] = { { 0 } };

	if (type && !strcmp(type, "host")) {
		if (read_end(c, clab_get(c, link, "endpoint"), &e[0]) &&
		    set_end(c, &e[1], "host", clab_str(c, link,
			    "host-interface"), clab_pos(c, link)))
			connect(c, &e[0], &e[1], 0);
		return;
	}
	if (type && strcmp(type, "veth")) {
		draft_lost(c->d, clab_pos(c, link), "a link of the type %s",
			   draft_text(c->d, type));
		return;
	}
	if (!clab_item(c, ends, 1) || clab_item(c, ends, 2)) {
		draft_error(c->d, clab_pos(c, link), "expected endpoints with "
			    "two ends");
		return;
	}
	if (read_end(c, clab_item(c, ends, 0), &e[0]) &&
	    read_end(c, clab_item(c, ends, 1), &e[1]))
		connect(c, &e[0], &e[1], read_mtu(c, link));
}

void clab_links(struct clab *c)
{
	yaml_node_t *links = clab_get(c, c->topology, "links"), *link;
	unsigned int i;

	for (i = 0; (link = clab_item(c, links, i)); i++)
		read_link(c, link);
}

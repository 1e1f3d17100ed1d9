// libvirt.c - libvirt's network XML: virsh net-dumpxml
// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "import/libvirt.h"

/* KiB/s that are 10^12 bit/s, as much as a limit can be */
#define AVERAGE_MAX 122070312

/* What a <forward mode> is here; NULL: the network is no segment of ours. */
static const struct {
	const char *theirs, *ours;
} modes[] = {
	{ "nat", "nat" },
	{ "route", "routed" },
	{ "open", "open" },
	{ "bridge", NULL },
	{ "private", NULL },
	{ "vepa", NULL },
	{ "passthrough", NULL },
	{ "hostdev", NULL },
};

bool libvirt_is(const struct xml *x, const char *attr, const char *value)
{
	const char *s = xml_attr(x, attr);

	return s && !strcmp(s, value);
}

const char *libvirt_attr(struct lnet *n, const struct xml *x, const char *attr)
{
	const char *s = xml_attr(x, attr);

	return draft_text(n->d, s ? s : "");
}

bool libvirt_number(const char *s, unsigned long max, unsigned long *v)
{
	char *end;

	if (!s || *s < '0' || *s > '9')
		return false;
	errno = 0;
	*v = strtoul(s, &end, 10);
	return !errno && !*end && *v <= max;
}

/* --- addresses -------------------------------------------------------- */

static int mask_len(const char *mask)
{
	uint32_t m = 0;
	struct ip ip;
	int i;

	if (ip_read(mask, &ip) || ip.family != 4)
		return -1;
	for (i = 0; i < 4; i++)
		m = m << 8 | ip.b[i];
	i = m ? __builtin_popcount(m) : 0;
	return m == (i ? ~0u << (32 - i) : 0) ? i : -1;
}

/* <ip address prefix|netmask>, <route address prefix|netmask> */
static int read_prefix(struct lnet *n, const struct xml *x, struct prefix *p)
{
	const char *address = xml_attr(x, "address");
	const char *mask = xml_attr(x, "netmask"), *len = xml_attr(x, "prefix");
	unsigned long v = 0;
	int bits = -1;

	if (!address || ip_read(address, &p->ip)) {
		draft_error(n->d, x->pos, "expected an address, found %s",
			    libvirt_attr(n, x, "address"));
		return -EINVAL;
	}
	if (mask)
		bits = mask_len(mask);
	else if (libvirt_number(len, ip_bytes(&p->ip) * 8, &v))
		bits = v;
	else if (!len)
		bits = p->ip.family == 4 ? 24 : 64;
	if (bits < 0) {
		draft_error(n->d, x->pos, "%s is no netmask or prefix",
			    libvirt_attr(n, x, mask ? "netmask" : "prefix"));
		return -EINVAL;
	}
	p->len = bits;
	return 0;
}

static void set_subnet(struct lnet *n, const struct prefix *p)
{
	bool six = p->ip.family == 6;
	struct prefix *set = six ? &n->net6 : &n->net4;
	const char *quote = six ? "\"" : "";
	struct prefix net = prefix_net(p);
	char text[50], ip[46];

	if (set->ip.family) {
		item_push(n->d, n->it, "addresses", "%s%s%s", quote,
			  prefix_text(p, text), quote);
		return;
	}
	*set = net;
	item_set(n->d, n->it, six ? "subnet6" : "subnet", "%s%s%s", quote,
		 prefix_text(&net, text), quote);
	item_set(n->d, n->it, six ? "gateway6" : "gateway", "%s%s%s", quote,
		 ip_text(&p->ip, ip), quote);
}

static void read_ip(struct lnet *n, const struct xml *x)
{
	struct prefix p;

	if (read_prefix(n, x, &p))
		return;
	set_subnet(n, &p);
	xml_for(dhcp, x, "dhcp")
		libvirt_dhcp(n, dhcp, &p);
	xml_for(t, x, "tftp")
		draft_lost(n->d, t->pos, "%s: TFTP of %s", n->name,
			   libvirt_attr(n, t, "root"));
}

/* --- ways out --------------------------------------------------------- */

static void add_uplink(struct lnet *n, const struct xml *x, const char *dev)
{
	struct buf why = { 0 };
	const char *kept;
	struct arena *a = n->d->arena;

	if (field_ifname.read(NULL, dev, &kept, a, &why))
		draft_error(n->d, x->pos, "%s is no name of an interface",
			    draft_text(n->d, dev));
	else
		item_push(n->d, n->it, "uplink", "%s",
			  draft_scalar(n->d, dev));
	buf_free(&why);
}

static void read_uplinks(struct lnet *n, const struct xml *forward)
{
	const char *dev = xml_attr(forward, "dev");
	bool any = false;

	xml_for(i, forward, "interface") {
		any = true;
		if (xml_attr(i, "dev"))
			add_uplink(n, i, xml_attr(i, "dev"));
	}
	/* net-dumpxml writes the first one twice */
	if (dev && !any)
		add_uplink(n, forward, dev);
}

/* START-END, if that is a value of the type; NULL after an error. */
static const char *from_to(struct lnet *n, const struct xml *x,
			   const struct field_type *type, void *v)
{
	const char *start = xml_attr(x, "start"), *end = xml_attr(x, "end");
	struct arena *a = n->d->arena;
	const char *text = arena_printf(a, "%s-%s", start ? start : "",
					end ? end : "");
	struct buf why = { 0 };

	if (type->read(NULL, text, v, a, &why)) {
		draft_error(n->d, x->pos, "expected %s in start and end, found "
			    "%s", type->what, draft_text(n->d, text));
		text = NULL;
	}
	buf_free(&why);
	return text;
}

static void read_nat(struct lnet *n, const struct xml *nat)
{
	struct item *snat = draft_item(n->d);
	struct iprange range;
	struct ports ports;
	const char *text;

	xml_for(x, nat, "address") {
		text = from_to(n, x, &field_iprange, &range);
		if (text)
			item_push(n->d, snat, "addresses", "%s",
				  draft_scalar(n->d, text));
	}
	xml_for(x, nat, "port") {
		text = from_to(n, x, &field_ports, &ports);
		if (text)
			item_set(n->d, snat, "ports", "%s", text);
	}
	if (snat->values)
		item_set(n->d, n->it, "snat", "%s", item_text(n->d, snat));
}

/* Ours, or NULL when the segment is not made by libvirt. */
static const char *mode_of(struct lnet *n, const struct xml *forward)
{
	const char *mode = xml_attr(forward, "mode");
	unsigned int i;

	if (!forward)
		return "isolated";
	if (!mode)
		return "nat";
	for (i = 0; i < sizeof(modes) / sizeof(*modes); i++)
		if (!strcmp(modes[i].theirs, mode))
			return modes[i].ours;
	draft_error(n->d, forward->pos, "%s is no mode of libvirt's",
		    draft_text(n->d, mode));
	return NULL;
}

static void lose_foreign(struct lnet *n, const struct xml *forward)
{
	const struct xml *bridge = xml_child(n->x, "bridge", NULL);
	const char *dev = xml_attr(bridge, "name");
	struct draft *d = n->d;

	if (!dev)
		dev = xml_attr(forward, "dev");
	if (!dev)
		dev = xml_attr(xml_child(forward, "interface", NULL), "dev");
	draft_lost(d, forward->pos, "%s: mode %s%s%s: made is a segment of "
		   "its own; plug the network card in as an attachment of "
		   "type nic", n->name, libvirt_attr(n, forward, "mode"),
		   dev ? " on " : "", dev ? draft_text(d, dev) : "");
}

static void read_forward(struct lnet *n)
{
	const struct xml *f = xml_child(n->x, "forward", NULL);
	const struct xml *nat = xml_child(f, "nat", NULL);
	unsigned int errors = n->d->report->errors;
	const char *mode = mode_of(n, f);

	if (n->d->report->errors > errors)
		return;
	if (!mode) {
		lose_foreign(n, f);
		return;
	}
	item_set(n->d, n->it, "mode", "%s", mode);
	if (!strcmp(mode, "nat") && n->has6 && !libvirt_is(nat, "ipv6", "yes"))
		item_set(n->d, n->it, "mode6", "routed");
	if (strcmp(mode, "isolated") && strcmp(mode, "open"))
		read_uplinks(n, f);
	if (!strcmp(mode, "nat"))
		read_nat(n, nat);
}

static void read_route(struct lnet *n, const struct xml *x)
{
	const char *gateway = xml_attr(x, "gateway");
	struct item *it = draft_item(n->d);
	unsigned long metric;
	struct prefix to;
	char text[50];
	struct ip via;

	if (read_prefix(n, x, &to))
		return;
	if (!gateway || ip_read(gateway, &via)) {
		draft_error(n->d, x->pos, "expected the address of a gateway, "
			    "found %s", libvirt_attr(n, x, "gateway"));
		return;
	}
	to = prefix_net(&to);
	item_set(n->d, it, "to", "%s", draft_scalar(n->d,
		 prefix_text(&to, text)));
	item_set(n->d, it, "via", "%s", draft_scalar(n->d,
		 ip_text(&via, text)));
	if (libvirt_number(xml_attr(x, "metric"), INT32_MAX, &metric) && metric)
		item_set(n->d, it, "metric", "%lu", metric);
	item_push(n->d, n->it, "routes", "%s", item_text(n->d, it));
}

/* --- the bridge ------------------------------------------------------- */

/* virbr0, virbr1: the next free one, given by libvirt. */
static bool made_up(const char *bridge)
{
	return !strncmp(bridge, "virbr", 5) &&
	       bridge[5 + strspn(bridge + 5, "0123456789")] == '\0';
}

static void read_stp(struct lnet *n, const struct xml *x)
{
	unsigned long delay;

	if (libvirt_is(x, "stp", "off"))
		item_set(n->d, n->it, "stp", "false");
	else if (libvirt_number(xml_attr(x, "delay"), 30, &delay) && delay >= 2)
		item_set(n->d, n->it, "stp", "{forward-delay: %lus}", delay);
	else if (libvirt_is(x, "stp", "on"))
		draft_lost(n->d, x->pos, "%s: spanning tree without a delay: "
			   "it is off, as is usual where nothing is joined",
			   n->name);
}

static void read_bridge(struct lnet *n, const struct xml *x)
{
	const char *name = xml_attr(x, "name"), *kept;
	struct buf why = { 0 };

	read_stp(n, x);
	if (name && !made_up(name)) {
		if (field_ifname.read(NULL, name, &kept, n->d->arena, &why))
			draft_error(n->d, x->pos, "%s is no name of an "
				    "interface", draft_text(n->d, name));
		else
			item_set(n->d, n->it, "bridge", "%s",
				 draft_scalar(n->d, name));
	}
	if (xml_attr(x, "zone"))
		draft_lost(n->d, x->pos, "%s: firewalld's zone %s", n->name,
			   libvirt_attr(n, x, "zone"));
	buf_free(&why);
}

/* KiB/s and KiB: libvirt's words say whose way it is as ours do, the guests' */
static void read_rate(struct lnet *n, const struct xml *x, struct item *to,
		      const char *key)
{
	unsigned long average, burst;

	if (!x)
		return;
	if (!libvirt_number(xml_attr(x, "average"), AVERAGE_MAX, &average) ||
	    !average) {
		draft_error(n->d, x->pos, "expected a rate in average, found "
			    "%s", libvirt_attr(n, x, "average"));
		return;
	}
	if (libvirt_number(xml_attr(x, "burst"), 1u << 20, &burst) && burst)
		item_set(n->d, to, key, "{rate: %lu, burst: %luk}",
			 average * 8192, burst);
	else
		item_set(n->d, to, key, "{rate: %lu}", average * 8192);
	if (xml_attr(x, "peak"))
		draft_lost(n->d, x->pos, "%s: the peak rate %s", n->name,
			   libvirt_attr(n, x, "peak"));
}

static void read_bandwidth(struct lnet *n, const struct xml *x)
{
	struct item *it = draft_item(n->d);

	read_rate(n, xml_child(x, "inbound", NULL), it, "ingress");
	read_rate(n, xml_child(x, "outbound", NULL), it, "egress");
	if (it->values)
		item_set(n->d, n->it, "bandwidth", "%s",
			 item_text(n->d, it));
}

static void read_mac(struct lnet *n, const struct xml *x)
{
	struct mac mac;
	char text[18];

	if (!draft_mac(n->d, xml_attr(x, "address"), &mac))
		draft_error(n->d, x->pos, "expected a MAC address, found %s",
			    libvirt_attr(n, x, "address"));
	else
		item_set(n->d, n->it, "mac", "\"%s\"", mac_text(&mac, text));
}

static void read_mtu(struct lnet *n, const struct xml *x)
{
	unsigned long mtu;

	if (libvirt_number(xml_attr(x, "size"), 65535, &mtu) && mtu >= 68)
		item_set(n->d, n->it, "mtu", "%lu", mtu);
	else
		draft_error(n->d, x->pos, "expected an MTU of 68 to 65535, "
			    "found %s", libvirt_attr(n, x, "size"));
}

static void read_port(struct lnet *n, const struct xml *x)
{
	if (libvirt_is(x, "isolated", "yes"))
		item_set(n->d, n->it, "port-isolation", "true");
}

/* --- the file --------------------------------------------------------- */

static const struct {
	const char *name;
	void (*read)(struct lnet *n, const struct xml *x);
	const char *lost;	/* why it has no effect */
} elements[] = {
	{ "ip", read_ip, NULL },
	{ "route", read_route, NULL },
	{ "bridge", read_bridge, NULL },
	{ "mac", read_mac, NULL },
	{ "mtu", read_mtu, NULL },
	{ "port", read_port, NULL },
	{ "bandwidth", read_bandwidth, NULL },
	{ "vlan", NULL, "VLAN tags" },
	{ "portgroup", NULL, "its port group" },
	{ "virtualport", NULL, "its virtual port" },
	{ "dnsmasq:options", NULL, "dnsmasq's options" },
	{ "metadata", NULL, "metadata" },
};

static void read_element(struct lnet *n, const struct xml *x)
{
	const char *label = xml_attr(x, "name");
	unsigned int i;

	for (i = 0; i < sizeof(elements) / sizeof(*elements); i++) {
		if (strcmp(elements[i].name, x->name))
			continue;
		if (elements[i].read)
			elements[i].read(n, x);
		else
			draft_lost(n->d, x->pos, "%s: %s%s%s", n->name,
				   elements[i].lost, label ? " " : "",
				   label ? draft_text(n->d, label) : "");
	}
}

static void read_network(struct draft *d, const struct xml *x)
{
	const struct xml *name = xml_child(x, "name", NULL), *c;
	const char *label = name ? name->text : "";
	struct lnet n = { .d = d, .x = x };

	if (!label[0])
		draft_error(d, x->pos, "a network needs a <name>");
	n.name = draft_name(d, label, "net");
	n.it = draft_add(d, NETWORKS, n.name);
	c = xml_child(x, "title", NULL);
	if (!c)
		c = xml_child(x, "description", NULL);
	draft_describe(d, n.it, c ? c->text : label);
	/* IPv6's mode depends on whether there is a subnet */
	xml_for(ip, x, "ip")
		n.has6 |= libvirt_is(ip, "family", "ipv6");
	read_forward(&n);
	for (c = x->child; c; c = c->next)
		read_element(&n, c);
	libvirt_services(&n);
}

static void read_single(struct draft *d, const struct xml *root)
{
	const struct xml *name = xml_child(root, "name", NULL);

	read_network(d, root);
	if (name)
		d->name = name->text;
}

int import_libvirt(struct draft *d, const char *text, size_t len)
{
	unsigned int errors = d->report->errors;
	struct xml *root = xml_read(d, text, len);

	if (!root)
		return -EINVAL;
	if (!strcmp(root->name, "network"))
		read_single(d, root);
	else
		xml_for(x, root, "network")
			read_network(d, x);
	if (!d->items[NETWORKS])
		draft_error(d, root->pos, "expected <network>, found <%s>",
			    root->name);
	return d->report->errors > errors ? -EINVAL : 0;
}

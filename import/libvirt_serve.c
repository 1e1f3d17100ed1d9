// libvirt_serve.c - DHCP, DNS and router advertisements of libvirt's networks
// SPDX-License-Identifier: GPL-2.0-or-later
#include <ctype.h>
#include <string.h>

#include "import/libvirt.h"

#define RECORDS_MAX 4096
#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define DIGITS "0123456789"

/* RFC 1123, section 2.1, in lower case as DNS compares them; NULL: none. */
static const char *host_name(struct lnet *n, const char *s, bool dots)
{
	char *low = arena_strdup(n->d->arena, s ? s : "");
	size_t len = strlen(low), i, label = 0;

	for (i = 0; i < len; i++) {
		low[i] = tolower((unsigned char)low[i]);
		label = low[i] == '.' ? 0 : label + 1;
		if (label > 63 || (low[i] == '.' && (!i || low[i - 1] == '.' ||
						     low[i - 1] == '-')) ||
		    (low[i] == '-' && label == 1))
			return NULL;
	}
	if (!len || len > 253 || low[len - 1] == '-' || low[len - 1] == '.' ||
	    strspn(low, dots ? LOWER DIGITS "-." : LOWER DIGITS "-") != len)
		return NULL;
	return low;
}

/* --- DHCP ------------------------------------------------------------- */

/* 5 `minutes`; 0 is for ever.  netd's shortest is two minutes. */
static void read_lease(struct lnet *n, const struct xml *lease)
{
	const char *unit = xml_attr(lease, "unit");
	unsigned long v, factor = 60;

	if (!libvirt_number(xml_attr(lease, "expiry"), 1000000, &v))
		return;
	if (unit && !strcmp(unit, "seconds"))
		factor = 1;
	else if (unit && !strcmp(unit, "hours"))
		factor = 3600;
	v *= factor;
	if (!v)
		item_set(n->d, n->dhcp, "lease-time", "infinite");
	else if (v < 120 || v > 4000000)
		draft_lost(n->d, lease->pos, "%s: leases of %lu s: expected "
			   "120 to 4,000,000", n->name, v);
	else
		item_set(n->d, n->dhcp, "lease-time", "%lus", v);
}

static bool ip_in(const struct xml *x, const char *attr,
		  const struct prefix *p, struct ip *ip)
{
	const char *s = xml_attr(x, attr);

	return s && !ip_read(s, ip) && prefix_has(p, ip);
}

static void read_range(struct lnet *n, const struct xml *x,
		       const struct prefix *net)
{
	struct ip lo, hi;
	char a[46], b[46];

	if (!ip_in(x, "start", net, &lo) || !ip_in(x, "end", net, &hi) ||
	    ip_cmp(&lo, &hi) > 0) {
		draft_error(n->d, x->pos, "expected a range within the subnet, "
			    "found %s to %s", libvirt_attr(n, x, "start"),
			    libvirt_attr(n, x, "end"));
		return;
	}
	item_push(n->d, n->dhcp, "ranges", "%s", draft_scalar(n->d,
		  arena_printf(n->d->arena, "%s-%s", ip_text(&lo, a),
			       ip_text(&hi, b))));
	xml_for(l, x, "lease")
		read_lease(n, l);
}

/* 0:3:0:1:0:16:3e:11:22:33 with two digits each; NULL: no DUID. */
static const char *duid(struct lnet *n, const char *s)
{
	struct buf b = { 0 };
	const char *text;
	bool ok = *s != '\0';
	size_t len;

	for (; ok && *s; s += len + (s[len] == ':')) {
		len = strspn(s, DIGITS "abcdefABCDEF");
		ok = (len == 1 || len == 2) && (s[len] == ':' || !s[len]) &&
		     !(s[len] == ':' && !s[len + 1]) && b.len < 380;
		buf_printf(&b, "%s%s%.*s", b.len ? ":" : "",
			   len == 1 ? "0" : "", (int)len, s);
	}
	text = ok && b.len >= 5 ? arena_strdup(n->d->arena, buf_text(&b)) :
	       NULL;
	buf_free(&b);
	return text;
}

static bool read_client(struct lnet *n, const struct xml *x, struct item *it)
{
	const char *mac = xml_attr(x, "mac"), *id = xml_attr(x, "id");
	struct mac m;
	char text[18];

	if (draft_mac(n->d, mac, &m)) {
		item_set(n->d, it, "mac", "\"%s\"", mac_text(&m, text));
		return true;
	}
	id = id ? duid(n, id) : NULL;
	if (id)
		item_set(n->d, it, "duid", "\"%s\"", id);
	return id;
}

static void read_host(struct lnet *n, const struct xml *x,
		      const struct prefix *net)
{
	struct item *it = draft_item(n->d);
	const char *name = host_name(n, xml_attr(x, "name"), false);
	char text[46];
	struct ip ip;

	if (!read_client(n, x, it)) {
		draft_lost(n->d, x->pos, "%s: the reservation of %s for who "
			   "says to be %s: expected a MAC or a DUID", n->name,
			   libvirt_attr(n, x, "ip"),
			   libvirt_attr(n, x, "name"));
		return;
	}
	if (ip_in(x, "ip", net, &ip)) {
		item_set(n->d, it, "address", "%s", draft_scalar(n->d,
			 ip_text(&ip, text)));
	} else if (xml_attr(x, "ip")) {
		draft_error(n->d, x->pos, "%s is no address of the subnet",
			    libvirt_attr(n, x, "ip"));
		return;
	}
	if (name)
		item_set(n->d, it, "hostname", "%s", name);
	else if (xml_attr(x, "name"))
		draft_lost(n->d, x->pos, "%s: %s is no name of a host",
			   n->name, libvirt_attr(n, x, "name"));
	if (name || xml_attr(x, "ip"))
		item_push(n->d, n->dhcp, "reservations", "%s",
			  item_text(n->d, it));
}

static bool is_boot_file(const char *s)
{
	static const char chars[] = LOWER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
		DIGITS "._-/:+=@%?&~";

	return s && *s && strlen(s) < 128 && strspn(s, chars) == strlen(s);
}

static void read_boot(struct lnet *n, const struct xml *x)
{
	const char *server = xml_attr(x, "server");
	struct item *it = draft_item(n->d);
	char text[46];
	struct ip ip;

	if (!is_boot_file(xml_attr(x, "file"))) {
		draft_lost(n->d, x->pos, "%s: the boot file %s", n->name,
			   libvirt_attr(n, x, "file"));
		return;
	}
	item_set(n->d, it, "file", "%s", libvirt_attr(n, x, "file"));
	if (server && !ip_read(server, &ip) && ip.family == 4)
		item_set(n->d, it, "server", "%s", ip_text(&ip, text));
	else if (server)
		draft_lost(n->d, x->pos, "%s: the boot server %s: expected "
			   "an IPv4 address", n->name,
			   libvirt_attr(n, x, "server"));
	item_set(n->d, n->dhcp, "boot", "%s", item_text(n->d, it));
}

void libvirt_dhcp(struct lnet *n, const struct xml *dhcp,
		  const struct prefix *p)
{
	struct prefix net = prefix_net(p);

	if (p->ip.family == 6 && p->len != 64) {
		draft_lost(n->d, dhcp->pos, "%s: DHCPv6, which needs a /64",
			   n->name);
		return;
	}
	if (!n->dhcp)
		n->dhcp = draft_item(n->d);
	n->dhcp6 |= p->ip.family == 6;
	xml_for(r, dhcp, "range")
		read_range(n, r, &net);
	xml_for(h, dhcp, "host")
		read_host(n, h, &net);
	xml_for(b, dhcp, "bootp")
		read_boot(n, b);
}

/* --- DNS -------------------------------------------------------------- */

static void read_forwarder(struct lnet *n, const struct xml *x,
			   struct item *dns)
{
	const char *addr = xml_attr(x, "addr"), *domain = xml_attr(x, "domain");
	struct item *it = draft_item(n->d);
	char text[46];
	struct ip ip;

	domain = domain ? host_name(n, domain, true) : NULL;
	if (!addr || ip_read(addr, &ip) ||
	    (xml_attr(x, "domain") && !domain)) {
		draft_lost(n->d, x->pos, "%s: the forwarder %s of %s", n->name,
			   libvirt_attr(n, x, "addr"),
			   libvirt_attr(n, x, "domain"));
		return;
	}
	if (domain)
		item_set(n->d, it, "domain", "%s", domain);
	item_set(n->d, it, "to", "%s", draft_scalar(n->d,
		 ip_text(&ip, text)));
	item_push(n->d, dns, "forwarders", "%s", item_text(n->d, it));
}

/* Names of one address; a name that comes again is lost. */
static void read_names(struct lnet *n, const struct xml *x,
		       struct item *records, void **names)
{
	const char *name, *s = xml_attr(x, "ip");
	char text[46];
	struct ip ip;

	if (!s || ip_read(s, &ip)) {
		draft_error(n->d, x->pos, "expected an address, found %s",
			    libvirt_attr(n, x, "ip"));
		return;
	}
	xml_for(h, x, "hostname") {
		name = host_name(n, h->text, true);
		if (name && strlen(name) <= 63 && n->nrecords < RECORDS_MAX &&
		    draft_new(names, name) && ++n->nrecords)
			item_set(n->d, records, name, "%s",
				 draft_scalar(n->d, ip_text(&ip, text)));
		else
			draft_lost(n->d, h->pos, "%s: the record %s, %s",
				   n->name, draft_text(n->d, h->text),
				   name ? "too long, too many, or twice" :
				   "which is no name");
	}
}

static void read_dns(struct lnet *n, const struct xml *x, struct item *dns,
		     struct item *records, void **names)
{
	const struct xml *c;

	for (c = x->child; c; c = c->next) {
		if (!strcmp(c->name, "forwarder"))
			read_forwarder(n, c, dns);
		else if (!strcmp(c->name, "host"))
			read_names(n, c, records, names);
		else
			draft_lost(n->d, c->pos, "%s: DNS records of the kind "
				   "%s", n->name, draft_text(n->d, c->name));
	}
}

static void read_domain(struct lnet *n, const struct xml *x, struct item *dns)
{
	const char *name = host_name(n, xml_attr(x, "name"), true);

	if (name)
		item_set(n->d, dns, "domain", "%s", name);
	else
		draft_lost(n->d, x->pos, "%s: %s is no domain", n->name,
			   libvirt_attr(n, x, "name"));
}

static void set_dns(struct lnet *n)
{
	struct item *dns = draft_item(n->d), *records = draft_item(n->d);
	void *names = NULL;

	if (libvirt_is(xml_child(n->x, "dns", NULL), "enable", "no"))
		return;
	xml_for(x, n->x, "dns")
		read_dns(n, x, dns, records, &names);
	draft_forget(&names);
	xml_for(x, n->x, "domain")
		read_domain(n, x, dns);
	if (records->values)
		item_set(n->d, dns, "records", "%s",
			 item_text(n->d, records));
	item_set(n->d, n->it, "dns", "%s", dns->values ?
		 item_text(n->d, dns) : "true");
}

void libvirt_services(struct lnet *n)
{
	if (!n->net4.ip.family && !n->net6.ip.family)
		return;
	if (n->dhcp)
		item_set(n->d, n->it, "dhcp", "%s", n->dhcp->values ?
			 item_text(n->d, n->dhcp) : "true");
	if (n->net6.ip.family && n->net6.len != 64)
		item_set(n->d, n->it, "ra", "false");
	else if (n->dhcp6)
		item_set(n->d, n->it, "ra", "{managed: true, slaac: false}");
	set_dns(n);
}

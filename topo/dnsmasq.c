// dnsmasq.c - what dnsmasq is told of a network, as text
// SPDX-License-Identifier: GPL-2.0-or-later
#include "topo/dnsmasq.h"

#include <stdio.h>
#include <string.h>

#include "topo/resolve.h"

#define LEASE_TIME 43200000	/* ms */
/* A bound against guests that ask for address after address. */
#define LEASES_MAX 8192

static uint8_t mode6(const struct network *w)
{
	return WROTE(w, rec_network, mode6) ? w->mode6 : w->mode;
}

static bool has_domain(const char *name)
{
	return strchr(name, '.') != NULL;
}

/* --- ways out ----------------------------------------------------------- */

static bool speaks_of(const struct policy *p, const struct network *w)
{
	uint32_t i;

	for (i = 0; i < p->nfrom; i++) {
		const struct end *e = &p->from_ends[i];

		if (e->kind == END_ANY ||
		    (e->kind == END_NETWORK && e->what == w) ||
		    (e->kind == END_ATTACHMENT &&
		     ((struct attachment *)e->what)->leg.net == w))
			return true;
	}
	return false;
}

/* A network without a way out gets no default route. */
static bool leads_on(const struct service_conf *c, uint8_t mode)
{
	if (c->w->owner || mode != MODE_ISOLATED)
		return true;
	list_for(struct policy, p, &c->t->policies)
		if (p->action == ACT_ALLOW && speaks_of(p, c->w))
			return true;
	return false;
}

/* --- the main file ------------------------------------------------------ */

static void conf_common(const struct service_conf *c, struct buf *out)
{
	buf_printf(out, "# network %s of %s: netd writes this\n"
		   "user=%s\n"
		   "pid-file=%s/%s/pid\n"
		   "bind-dynamic\n"
		   "interface=%s\n"
		   "except-interface=lo\n"
		   "no-hosts\n"
		   "no-resolv\n"
		   "no-poll\n", c->w->n.name, c->t->name, c->user, c->run_dir,
		   c->base, c->ifname);
}

static void conf_records(const struct service_conf *c, struct buf *out)
{
	const struct label *v = c->w->dns->records.items;
	uint32_t i;

	for (i = 0; i < c->w->dns->records.n; i++) {
		if (record_is_address(v[i].value))
			continue;
		buf_printf(out, "cname=%s%s%s,%s%s%s\n", v[i].key,
			   has_domain(v[i].key) ? "" : ".",
			   has_domain(v[i].key) ? "" : c->domain, v[i].value,
			   has_domain(v[i].value) ? "" : ".",
			   has_domain(v[i].value) ? "" : c->domain);
	}
}

static void conf_dns(const struct service_conf *c, struct buf *out)
{
	if (!(c->what & SERVE_DNS)) {
		buf_str(out, "port=0\n");
		return;
	}
	buf_printf(out, "domain=%s\n"
		   "local=/%s/\n"
		   "domain-needed\n"
		   "expand-hosts\n"
		   "addn-hosts=%s/%s/names\n"
		   "servers-file=%s/%s/servers\n", c->domain, c->domain,
		   c->run_dir, c->base, c->run_dir, c->base);
	conf_records(c, out);
}

static void lease_time(const struct dhcp *d, struct buf *out)
{
	uint32_t ms = WROTE(d, rec_dhcp, lease_time) ? d->lease_time :
		      LEASE_TIME;

	if (ms == UINT32_MAX)
		buf_str(out, ",infinite\n");
	else
		buf_printf(out, ",%u\n", ms / 1000);
}

static void mask_text(uint8_t len, char out[16])
{
	uint32_t m = len ? ~0u << (32 - len) : 0;

	snprintf(out, 16, "%u.%u.%u.%u", m >> 24, m >> 16 & 255, m >> 8 & 255,
		 m & 255);
}

/* What is reserved needs no range, but a subnet that is served. */
static void conf_ranges4(const struct service_conf *c, struct buf *out)
{
	const struct iprange *r = c->w->leased.items;
	char lo[46], hi[46], mask[16];
	struct ip first = prefix_first(&c->w->net4);
	bool any = false;
	uint32_t i;

	mask_text(c->w->net4.len, mask);
	for (i = 0; i < c->w->leased.n; i++) {
		if (r[i].lo.family != 4)
			continue;
		buf_printf(out, "dhcp-range=%s,%s,%s", ip_text(&r[i].lo, lo),
			   ip_text(&r[i].hi, hi), mask);
		lease_time(c->w->dhcp, out);
		any = true;
	}
	if (any)
		return;
	buf_printf(out, "dhcp-range=%s,static,%s", ip_text(&first, lo), mask);
	lease_time(c->w->dhcp, out);
}

/*
 * The flags of advertisements are those of the range: `managed` is one with
 * addresses, `slaac` lets hosts make their own.
 */
static void conf_managed6(const struct service_conf *c, struct buf *out)
{
	const struct iprange *r = c->w->leased.items;
	bool slaac = c->what & SERVE_RA && (!c->w->ra || c->w->ra->slaac);
	struct ip first = prefix_first(&c->w->net6);
	char lo[46], hi[46];
	bool any = false;
	uint32_t i;

	for (i = 0; i < c->w->leased.n; i++) {
		if (r[i].lo.family != 6)
			continue;
		buf_printf(out, "dhcp-range=%s,%s,%s%u", ip_text(&r[i].lo, lo),
			   ip_text(&r[i].hi, hi), slaac ? "slaac," : "",
			   c->w->net6.len);
		lease_time(c->w->dhcp, out);
		any = true;
	}
	if (any)
		return;
	buf_printf(out, "dhcp-range=%s,static,%s%u", ip_text(&first, lo),
		   slaac ? "slaac," : "", c->w->net6.len);
	lease_time(c->w->dhcp, out);
}

static void conf_ranges6(const struct service_conf *c, struct buf *out)
{
	struct ip first = prefix_first(&c->w->net6);
	bool managed = c->w->ra && c->w->ra->managed;
	char text[46];

	if (c->what & SERVE_DHCP6 && (managed || !(c->what & SERVE_RA))) {
		conf_managed6(c, out);
		return;
	}
	if (!(c->what & SERVE_RA))
		return;
	buf_printf(out, "dhcp-range=%s,%s%s,%u", ip_text(&first, text),
		   c->what & SERVE_DHCP6 ? "ra-stateless" : "ra-only",
		   c->what & SERVE_DNS && c->what & SERVE_DHCP ?
		   ",ra-names" : "", c->w->net6.len);
	if (c->what & SERVE_DHCP6)
		lease_time(c->w->dhcp, out);
	else
		buf_str(out, "\n");
}

static void conf_boot(const struct service_conf *c, struct buf *out)
{
	const struct boot *b = c->w->dhcp->boot;
	char text[46];

	if (!b)
		return;
	buf_printf(out, "dhcp-boot=%s", b->file);
	if (b->server_name || b->server.family)
		buf_printf(out, ",%s", b->server_name ? b->server_name : "");
	if (b->server.family)
		buf_printf(out, ",%s", ip_text(&b->server, text));
	buf_str(out, "\n");
}

static void conf_dhcp(const struct service_conf *c, struct buf *out)
{
	if (!(c->what & (SERVE_DHCP | SERVE_DHCP6)))
		return;
	buf_printf(out, "dhcp-authoritative\n"
		   "no-ping\n"
		   "dhcp-leasefile=%s/%s.leases\n"
		   "dhcp-lease-max=%u\n"
		   "dhcp-hostsfile=%s/%s/hosts\n"
		   /* a guest of that name would be everybody's proxy */
		   "dhcp-name-match=set:wpad,wpad\n"
		   "dhcp-ignore-names=tag:wpad\n", c->state_dir, c->base,
		   LEASES_MAX, c->run_dir, c->base);
	if (c->what & SERVE_DHCP)
		conf_ranges4(c, out);
	conf_boot(c, out);
}

static void conf_relay(const struct service_conf *c, struct buf *out)
{
	const struct ip *gw[] = { &c->w->gw4, &c->w->gw6 };
	char from[46], to[46];
	struct ip ip;
	int i;

	for (i = 0; i < 2 && c->what & SERVE_RELAY; i++) {
		ip = relay_ip(c->t, c->w->dhcp, gw[i]->family);
		if (gw[i]->family && ip.family)
			buf_printf(out, "dhcp-relay=%s,%s\n",
				   ip_text(gw[i], from), ip_text(&ip, to));
	}
}

/* RFC 4861: a router lifetime of 0 is no default router. */
static void conf_ra(const struct service_conf *c, struct buf *out)
{
	if (!(c->what & SERVE_RA))
		return;
	buf_printf(out, "enable-ra\n"
		   "ra-param=%s,mtu:%u,0%s\n", c->ifname, c->mtu,
		   leads_on(c, mode6(c->w)) ? "" : ",0");
}

void dnsmasq_conf(const struct service_conf *c, struct buf *out)
{
	conf_common(c, out);
	conf_dns(c, out);
	conf_dhcp(c, out);
	conf_ranges6(c, out);
	conf_ra(c, out);
	conf_relay(c, out);
	if (c->what & (SERVE_DHCP | SERVE_DHCP6 | SERVE_RA))
		buf_printf(out, "dhcp-optsfile=%s/%s/options\n", c->run_dir,
			   c->base);
}

/* --- options ------------------------------------------------------------ */

static void opt_servers(const struct service_conf *c, uint8_t family,
			const char *option, struct buf *out)
{
	const struct dns *d = c->w->dns;
	const struct ip *v = d ? d->servers.items : NULL;
	char text[46];
	uint32_t i;
	bool any = false;

	for (i = 0; d && i < d->servers.n; i++) {
		if (v[i].family != family)
			continue;
		buf_printf(out, "%s,%s%s%s", any ? "" : option,
			   family == 6 ? "[" : "", ip_text(&v[i], text),
			   family == 6 ? "]" : "");
		any = true;
	}
	if (any)
		buf_str(out, "\n");
	/* of itself, dnsmasq tells a link-local one that resolv.conf(5) of
	 * some libraries can't hold */
	if (!any && family == 6 && c->what & SERVE_DNS && c->w->gw6.family)
		buf_printf(out, "%s,[%s]\n", option,
			   ip_text(&c->w->gw6, text));
}

static void opt_written(const struct service_conf *c, struct buf *out)
{
	const struct label *v = c->w->dhcp->options.items;
	uint32_t i;

	for (i = 0; i < c->w->dhcp->options.n; i++)
		buf_printf(out, "%s%s,%s\n", v[i].key[0] > '9' ? "option:" :
			   "", v[i].key, v[i].value);
}

static void opt_dhcp(const struct service_conf *c, struct buf *out)
{
	char text[46];

	if (c->w->gw4.family && leads_on(c, c->w->mode))
		buf_printf(out, "option:router,%s\n",
			   ip_text(&c->w->gw4, text));
	else
		buf_str(out, "option:router\n");
	if (c->mtu != 1500)
		buf_printf(out, "option:mtu,%u\n", c->mtu);
	opt_servers(c, 4, "option:dns-server", out);
	opt_written(c, out);
}

void dnsmasq_options(const struct service_conf *c, struct buf *out)
{
	if (c->what & SERVE_DHCP)
		opt_dhcp(c, out);
	if (!(c->what & (SERVE_DHCP6 | SERVE_RA)))
		return;
	opt_servers(c, 6, "option6:dns-server", out);
	if (c->what & SERVE_DNS)
		buf_printf(out, "option6:domain-search,%s\n", c->domain);
}

/* --- name servers, names ------------------------------------------------ */

static bool is_loopback(const char *word)
{
	return !strncmp(word, "127.", 4) || !strcmp(word, "::1");
}

/* What the host reaches on itself, another namespace doesn't. */
static void usual_servers(const struct service_conf *c, struct buf *out)
{
	const char *p = c->resolvers;
	char word[64];
	size_t len;

	for (; *p; p += len + (p[len] == ' ')) {
		len = strcspn(p, " ");
		if (!len || len >= sizeof(word))
			continue;
		memcpy(word, p, len);
		word[len] = '\0';
		if (!c->netns[0] || !is_loopback(word))
			buf_printf(out, "server=%s\n", word);
	}
}

void dnsmasq_servers(const struct service_conf *c, struct buf *out)
{
	const struct dns *d = c->w->dns;
	char text[46];

	if (!WROTE(d, rec_dns, forwarders)) {
		usual_servers(c, out);
		return;
	}
	list_for(struct forwarder, f, &d->forwarders)
		buf_printf(out, "server=%s%s%s%s\n", f->domain ? "/" : "",
			   f->domain ? f->domain : "", f->domain ? "/" : "",
			   ip_text(&f->to, text));
}

bool record_next(const char **p, struct ip *ip)
{
	size_t len = strspn(*p, ", ");
	char word[64];

	*p += len;
	len = strcspn(*p, ", ");
	if (!len || len >= sizeof(word))
		return false;
	memcpy(word, *p, len);
	word[len] = '\0';
	if (ip_read(word, ip))
		return false;
	*p += len;
	return true;
}

bool record_is_address(const char *value)
{
	struct ip ip;

	return record_next(&value, &ip);
}

void dnsmasq_records(const struct service_conf *c, struct buf *out)
{
	const struct label *v = c->w->dns->records.items;
	char text[46];
	struct ip ip;
	uint32_t i;

	for (i = 0; i < c->w->dns->records.n; i++) {
		const char *p = v[i].value;

		while (record_next(&p, &ip))
			buf_printf(out, "%s %s\n", ip_text(&ip, text),
				   v[i].key);
	}
}

void dnsmasq_name(const struct guest *g, struct buf *out)
{
	const struct prefix *p = g->ips.items;
	char text[46];
	uint32_t i;

	for (i = 0; i < g->ips.n; i++)
		if (p[i].ip.family == 4 || g->named6)
			buf_printf(out, "%s %s\n", ip_text(&p[i].ip, text),
				   g->name);
}

/* --- reservations ------------------------------------------------------- */

static void who(const struct mac *mac, const char *otherwise, struct buf *out)
{
	static const struct mac none;
	char text[18];

	if (memcmp(mac, &none, sizeof(none)))
		buf_str(out, mac_text(mac, text));
	else
		buf_printf(out, "id:%s", otherwise);
}

static void add_ip(const struct ip *ip, bool *have, struct buf *out)
{
	char text[46];

	if (have[ip->family == 6])
		return;
	have[ip->family == 6] = true;
	buf_printf(out, ip->family == 6 ? ",[%s]" : ",%s", ip_text(ip, text));
}

/*
 * One address of each family: dnsmasq gives a client no more.  Further ones
 * are kept from others by what nobody calls himself.
 */
void dnsmasq_host(const struct guest *g, unsigned int what, struct buf *out)
{
	const struct prefix *p = g->ips.items;
	bool have[2] = { false, false };
	char text[46];
	uint32_t i;

	if (!g->ips.n)
		return;
	who(&g->mac, g->name, out);
	for (i = 0; i < g->ips.n; i++)
		if (what & (p[i].ip.family == 6 ? SERVE_DHCP6 : SERVE_DHCP))
			add_ip(&p[i].ip, have, out);
	buf_printf(out, ",%s\n", g->name);
	have[0] = have[1] = false;
	for (i = 0; i < g->ips.n; i++) {
		if (!(what & (p[i].ip.family == 6 ? SERVE_DHCP6 : SERVE_DHCP)))
			continue;
		if (have[p[i].ip.family == 6])
			buf_printf(out, p[i].ip.family == 6 ?
				   "id:netd-%s-%u,[%s]\n" :
				   "id:netd-%s-%u,%s\n", g->name, i,
				   ip_text(&p[i].ip, text));
		have[p[i].ip.family == 6] = true;
	}
}

void dnsmasq_reservations(const struct service_conf *c, struct buf *out)
{
	list_for(struct reservation, r, &c->w->dhcp->reservations) {
		const struct ip *v = r->address.items;
		bool have[2] = { false, false };
		uint32_t i;

		who(&r->mac, r->duid ? r->duid : "", out);
		for (i = 0; i < r->address.n; i++)
			add_ip(&v[i], have, out);
		if (r->hostname)
			buf_printf(out, ",%s", r->hostname);
		buf_str(out, "\n");
	}
}

/* --- relays ------------------------------------------------------------- */

static struct ip ip_of(const struct list *ips, uint8_t family)
{
	const struct prefix *p = ips->items;
	uint32_t i;

	for (i = 0; i < ips->n; i++)
		if (p[i].ip.family == family)
			return p[i].ip;
	return (struct ip){ .family = 0 };
}

struct ip relay_ip(const struct topology *t, const struct dhcp *d,
		   uint8_t family)
{
	struct ip ip = { .family = 0 };
	struct named *m;

	if (!ip_read(d->relay.s, &ip))
		return ip.family == family ? ip : (struct ip){ .family = 0 };
	m = name_find(t, d->relay.s);
	if (m && m->kind == NAME_ATTACHMENT)
		return ip_of(&((struct attachment *)m->what)->leg.ips, family);
	if (!m || (m->kind != NAME_ROUTER && m->kind != NAME_NODE))
		return ip;
	list_for(struct leg_spec, l, &((struct router *)m->what)->legs) {
		ip = ip_of(&l->ips, family);
		if (ip.family)
			return ip;
	}
	return ip;
}

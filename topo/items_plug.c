// items_plug.c - what there is to be told of an attachment
// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include "topo/expand.h"
#include "topo/items.h"
#include "topo/schema.h"

static const char *const types[] = {
	[ATT_TAP] = "tap", [ATT_VETH] = "veth", [ATT_NIC] = "nic",
	[ATT_RESERVED] = "reserved",
};

static const char *keep(struct buf *b, struct arena *m)
{
	const char *text = arena_strdup(m, buf_text(b));

	buf_free(b);
	return text;
}

const char *items_plug_detail(const struct attachment *a, struct arena *m)
{
	struct buf b = { 0 };

	buf_str(&b, types[a->type]);
	if (a->owner)
		buf_printf(&b, ", owner %s", a->owner);
	if (a->group)
		buf_printf(&b, ", group %s", a->group);
	if (a->type == ATT_VETH)
		buf_printf(&b, ", %s in %s", a->leg.kname,
			   attachment_is_parked(a) ? "waiting" :
			   a->netns ? a->netns : "the host");
	if (a->publish.n)
		buf_printf(&b, ", %u published", a->publish.n);
	return keep(&b, m);
}

static struct list addresses(const struct attachment *a, struct arena *m)
{
	const struct network *seg = a->leg.net ? a->leg.net->segment : NULL;
	struct topo_address *v = arena_alloc(m, (a->leg.ips.n + 1) *
					     sizeof(*v));
	const struct prefix *p = a->leg.ips.items;
	uint32_t i;

	for (i = 0; i < a->leg.ips.n; i++) {
		bool six = p[i].ip.family == 6;

		v[i].address = p[i];
		/* it may be the gateway itself */
		if (seg && (six ? seg->via6 : seg->via4) != &a->leg)
			v[i].gateway = six ? seg->gw6 : seg->gw4;
	}
	return (struct list){ v, a->leg.ips.n };
}

static void ports(struct buf *b, const struct ports *p)
{
	buf_printf(b, p->hi > p->lo ? "%u-%u" : "%u", p->lo, p->hi);
}

/* In the short spelling, which can be read again. */
static const char *published(const struct forward *f, struct arena *m)
{
	static const uint8_t tcp = 6;
	const uint8_t *p = f->protocol.n ? f->protocol.items : &tcp;
	uint32_t i, n = f->protocol.n ? f->protocol.n : 1;
	struct buf b = { 0 };
	char ip[46];

	if (f->listen.family)
		buf_printf(&b, f->listen.family == 6 ? "[%s]:" : "%s:",
			   ip_text(&f->listen, ip));
	ports(&b, &f->port);
	buf_str(&b, ":");
	ports(&b, f->target_port.hi ? &f->target_port : &f->port);
	for (i = 0; i < n; i++)
		buf_printf(&b, "%c%s", i ? '+' : '/', protocol_name(p[i]));
	return keep(&b, m);
}

static struct list publish(const struct attachment *a, struct arena *m)
{
	const char **v = arena_alloc(m, (a->publish.n + 1) * sizeof(*v));
	uint32_t n = 0;

	list_for(struct forward, f, &a->publish)
		v[n++] = published(f, m);
	return (struct list){ v, n };
}

/* In the short spelling, too; NULL: no bound. */
static const char *bound(const struct limit *l, struct arena *m)
{
	struct buf b = { 0 };

	if (!l)
		return NULL;
	field_rate.print(NULL, &l->rate, &b);
	if (l->burst) {
		buf_str(&b, "/");
		field_size.print(NULL, &l->burst, &b);
	}
	return keep(&b, m);
}

/* Whom it asks for names: who is written, else the network's gateway. */
static void set_dns(struct topo_plug *p, const struct topology *t,
		    const struct attachment *a, struct arena *m)
{
	const struct network *w = a->leg.net ? a->leg.net->segment : NULL;
	struct ip *v;

	p->domain = "";
	if (!w || !(network_serves(w) & SERVE_DNS))
		return;
	p->domain = network_domain(t, w, m);
	if (w->dns->servers.n) {
		p->dns = w->dns->servers;
		return;
	}
	v = arena_alloc(m, 2 * sizeof(*v));
	p->dns.items = v;
	if (leg_has(&a->leg, 4) && w->gw4.family)
		v[p->dns.n++] = w->gw4;
	if (leg_has(&a->leg, 6) && w->gw6.family)
		v[p->dns.n++] = w->gw6;
}

const struct topo_plug *items_plug(const struct topology *t,
				   const struct attachment *a,
				   struct arena *m)
{
	const struct network *w = a->leg.net;
	bool link = a->type != ATT_RESERVED && w;
	struct topo_plug *p = arena_alloc(m, sizeof(*p));

	*p = (struct topo_plug){
		.type = types[a->type],
		.netns = a->netns ? a->netns : "",
		.ifname = a->type == ATT_VETH ? a->leg.kname : "",
		.port = a->kname ? a->kname : "",
		.bridge = !w ? "" : w->external ? w->external : w->ifname,
		.mtu = link && a->type != ATT_NIC ? network_mtu(w) : 0,
		.transient = a->transient,
		.default_route = a->type == ATT_VETH && a->default_route,
		.addresses = addresses(a, m), .publish = publish(a, m),
		.labels = a->labels,
		.ingress = bound(a->bandwidth ? a->bandwidth->in : NULL, m),
		.egress = bound(a->bandwidth ? a->bandwidth->out : NULL, m),
	};
	set_dns(p, t, a, m);
	return p;
}

// expand_service.c - who serves a network: dnsmasq, its files, its hosts
// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include "netd/host.h"
#include "topo/dnsmasq.h"
#include "topo/expand.h"
#include "topo/index.h"

/*
 * What changes often is in files that dnsmasq reads again when it is told to,
 * one for each guest, so that to attach one among thousands costs a file.  The
 * configuration itself is called after its text: another text is another file,
 * and another command line, and by that another process.
 */

/* "dnsmasq/campus.web" */
static const char *base_of(struct expander *x, const struct network *w)
{
	return join_words(x->out->arena, "dnsmasq/", x->t->name, ".",
			  w->n.name, NULL);
}

static struct file *add_file(struct expander *x, const char *base,
			     const char *folder, const char *name,
			     struct buf *text, struct pos pos)
{
	struct file *f = state_add_static(x->out, KIND_FILE, "",
		join_words(x->out->arena, folder, base, name, NULL), pos);

	f->text = arena_strdup(x->out->arena, buf_text(text));
	f->hash = hash64(f->text, strlen(f->text));
	f->reader = base;
	f->check = "";
	buf_reset(text);
	return f;
}

static void add_guest(struct expander *x, const struct network *w,
		      const char *name, const struct guest *g, struct pos pos)
{
	unsigned int what = network_serves(w);
	struct buf text = { 0 };
	const char *base;

	if (!(what & (SERVE_DHCP | SERVE_DHCP6 | SERVE_DNS)))
		return;
	base = base_of(x, w);
	if (what & (SERVE_DHCP | SERVE_DHCP6)) {
		dnsmasq_host(g, what, &text);
		if (text.len)
			add_file(x, base, NETD_RUN,
				 join_words(x->out->arena, "/hosts/", name,
					    NULL), &text, pos);
	}
	if (what & SERVE_DNS) {
		dnsmasq_name(g, &text);
		if (text.len)
			add_file(x, base, NETD_RUN,
				 join_words(x->out->arena, "/names/", name,
					    NULL), &text, pos);
	}
	buf_free(&text);
}

/* Does it have the IPv6 address that is its, or one of its own making? */
static bool keeps_ip6(const struct network *w, const struct attachment *a)
{
	const struct addrspec *s = a->leg.address6.items;
	uint32_t i;

	for (i = 0; i < a->leg.address6.n; i++)
		if (s[i].how == ADDR_FIXED)
			return true;
	return (w->ra && w->ra->managed) || (a->type == ATT_VETH &&
					     !attachment_is_parked(a));
}

void expand_served_attachment(struct expander *x, const struct attachment *a)
{
	const struct network *w = a->leg.net ? a->leg.net->segment : NULL;
	struct guest g = { .name = a->leg.n.name, .mac = a->leg.hwaddr,
			   .ips = a->leg.ips };

	if (!w || (!w->dhcp && !w->dns))
		return;
	g.named6 = keeps_ip6(w, a);
	add_guest(x, w, a->leg.n.name, &g, a->leg.n.pos);
}

/* A name of ours has no dot: these are told from attachments'. */
static void serve_leg(struct expander *x, const struct leg_spec *l)
{
	const struct network *w = l->net ? l->net->segment : NULL;
	struct guest g = { .name = l->at->n.name, .mac = l->hwaddr,
			   .ips = l->ips, .named6 = true };

	if (w && (w->dhcp || w->dns))
		add_guest(x, w, join_words(x->out->arena, l->at->n.name, ".",
					   l->label, NULL), &g, l->n.pos);
}

/* --- the process -------------------------------------------------------- */

static bool leads_out(const struct expander *x)
{
	list_for(struct router, r, &x->t->routers)
		if (r->nat)
			return true;
	return false;
}

/* Which name servers are asked, unless that is written. */
static const char *resolvers(struct expander *x, const struct network *w)
{
	if (w->owner ? !leads_out(x) : w->mode == MODE_ISOLATED)
		return "";
	return topo_fact(x->found, "resolvers", "");
}

static struct service_conf conf_of(struct expander *x,
				   const struct network *w)
{
	const struct leg_spec *leg = network_server(w);
	struct service_conf c = {
		.t = x->t, .w = w, .what = network_serves(w),
		.netns = leg ? leg->at->netns : x->t->netns,
		.ifname = leg ? leg->kname : w->ifname,
		.run_dir = topo_fact(x->found, "run-dir", "/run/netd"),
		.state_dir = topo_fact(x->found, "state-dir", "/var/lib/netd"),
		.base = base_of(x, w),
		.domain = network_domain(x->t, w, x->out->arena),
		.mtu = network_mtu(w),
		.user = topo_fact(x->found, "dnsmasq-user", "dnsmasq"),
		.resolvers = resolvers(x, w),
	};

	return c;
}

static void add_process(struct expander *x, const struct service_conf *c,
			const char *conf)
{
	struct arena *a = x->out->arena;
	struct process *p = state_add_static(x->out, KIND_PROCESS, "",
					     c->base, c->w->n.pos);
	const char **argv = arena_alloc(a, 2 * sizeof(*argv));

	argv[0] = "dnsmasq";
	argv[1] = join_words(a, "--conf-file=", c->run_dir, "/", c->base,
			     conf, NULL);
	p->argv = (struct list){ argv, 2 };
	p->where = arena_strdup(a, c->netns);
}

static void add_conf(struct expander *x, const struct service_conf *c)
{
	struct buf text = { 0 };
	struct file *f;
	const char *name;

	dnsmasq_conf(c, &text);
	name = arena_printf(x->out->arena, "/conf-%016llx", (unsigned long long)
			    hash64(text.p, text.len));
	f = add_file(x, c->base, NETD_RUN, name, &text, c->w->n.pos);
	f->check = "dnsmasq";
	buf_free(&text);
	add_process(x, c, name);
}

static void add_leases(struct expander *x, const struct service_conf *c)
{
	struct file *f;
	struct buf none = { 0 };

	f = add_file(x, c->base, NETD_STATE, ".leases", &none, c->w->n.pos);
	/* dnsmasq writes it */
	f->hash = UINT64_MAX;
}

static void serve_network(struct expander *x, const struct network *w)
{
	const struct service_conf c = conf_of(x, w);
	struct pos pos = w->n.pos;
	struct buf text = { 0 };
	struct file *f;

	add_conf(x, &c);
	if (c.what & (SERVE_DHCP | SERVE_DHCP6)) {
		add_leases(x, &c);
		dnsmasq_reservations(&c, &text);
		add_file(x, c.base, NETD_RUN, "/hosts/reservations.all", &text,
			 pos);
	}
	if (c.what & (SERVE_DHCP | SERVE_DHCP6 | SERVE_RA)) {
		dnsmasq_options(&c, &text);
		f = add_file(x, c.base, NETD_RUN, "/options", &text, pos);
		if (w->dhcp && w->dhcp->options.n)
			f->check = "dnsmasq dhcp-option";
	}
	if (c.what & SERVE_DNS) {
		dnsmasq_servers(&c, &text);
		add_file(x, c.base, NETD_RUN, "/servers", &text, pos);
		dnsmasq_records(&c, &text);
		add_file(x, c.base, NETD_RUN, "/names/records.all", &text,
			 pos);
	}
	buf_free(&text);
}

void expand_services(struct expander *x)
{
	bool any = false;

	list_for(struct network, w, &x->t->networks) {
		if (!network_serves(w))
			continue;
		serve_network(x, w);
		any = true;
	}
	if (!any)
		return;
	list_for(struct router, h, &x->t->hosts)
		list_for(struct leg_spec, l, &h->legs)
			serve_leg(x, l);
}

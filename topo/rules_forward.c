// rules_forward.c - forwards: who may use them, and where they lead
// SPDX-License-Identifier: GPL-2.0-or-later
#include "topo/rules.h"

#include <string.h>

/* Sources of a forward, of one family. */
struct sources {
	struct prefix *v;
	uint32_t n;
	bool all;
};

/* A forward being written. */
struct fw {
	struct where *w;
	const struct forward *f;
	struct iface *to;	/* the interface that leads to the target */
	struct ip listen, target;	/* listen: family 0: all addresses */
	uint8_t family;
	bool keep;		/* the ports stay what they are */
	struct sources up, in;	/* from outside, from networks */
	const char *uplink;
};

static void add_source(struct sources *s, const struct prefix *p, uint8_t fam)
{
	uint32_t i;

	if (p->ip.family != fam)
		return;
	for (i = 0; i < s->n; i++)
		if (prefix_covers(&s->v[i], p))
			return;
	/* what the new one covers goes: intervals must not overlap */
	for (i = 0; i < s->n;)
		if (prefix_covers(p, &s->v[i]))
			s->v[i] = s->v[--s->n];
		else
			i++;
	s->v[s->n++] = prefix_net(p);
}

static void add_leg(struct fw *fw, const struct leg_spec *leg)
{
	const struct prefix *ips = leg->ips.items;
	struct prefix p;
	uint32_t i;

	for (i = 0; i < leg->ips.n; i++) {
		p = ips[i];
		p.len = p.ip.family == 6 ? 128 : 32;
		add_source(&fw->in, &p, fw->family);
	}
}

static void add_end(struct fw *fw, const struct end *e)
{
	const struct network *n = e->what;
	const struct attachment *a = e->what;
	const struct router *r = e->what;

	switch (e->kind) {
	case END_NETWORK:
		add_source(&fw->in, fw->family == 6 ? &n->net6 : &n->net4,
			   fw->family);
		break;
	case END_ATTACHMENT:
		add_leg(fw, &a->leg);
		break;
	case END_NODE:
	case END_ROUTER:
		list_for(struct leg_spec, leg, &r->legs)
			add_leg(fw, leg);
		break;
	case END_ADDRESS:
		add_source(where_ip(fw->w, &e->p) ? &fw->in : &fw->up, &e->p,
			   fw->family);
		break;
	case END_ANY:
		fw->in.all = true;
		/* fall through */
	case END_OUTSIDE:
		fw->up.all = true;
		break;
	}
}

static uint32_t most_sources(const struct forward *f)
{
	uint32_t i, n = 2;

	for (i = 0; i < f->nfrom; i++) {
		const struct router *r = f->from_ends[i].what;

		n++;
		if (f->from_ends[i].kind == END_ATTACHMENT)
			n += ((struct attachment *)r)->leg.ips.n;
		if (f->from_ends[i].kind == END_NODE ||
		    f->from_ends[i].kind == END_ROUTER)
			list_for(struct leg_spec, leg, &r->legs)
				n += leg->ips.n;
	}
	return n;
}

static void sources(struct fw *fw)
{
	struct arena *a = fw->w->x->out->arena;
	uint32_t i, max = most_sources(fw->f);

	fw->up = fw->in = (struct sources){ 0 };
	fw->up.v = arena_alloc(a, max * sizeof(*fw->up.v));
	fw->in.v = arena_alloc(a, max * sizeof(*fw->in.v));
	fw->up.all = fw->in.all = !fw->f->nfrom;
	for (i = 0; i < fw->f->nfrom; i++)
		add_end(fw, &fw->f->from_ends[i]);
}

/* "10.1.0.0/24 . " and so on: an element for each source */
static void each_source(struct fw *fw, const struct sources *s,
			const char *set, const char *mark, const char *before,
			const char *key)
{
	struct where *w = fw->w;
	char text[50];
	uint32_t i;

	if (s->all) {
		rules_elem(w->x, w->ns, set, mark, fw->f->n.pos, "%s%s . %s",
			   before, fw->family == 6 ? "::/0" : "0.0.0.0/0",
			   key);
		return;
	}
	for (i = 0; i < s->n; i++)
		rules_elem(w->x, w->ns, set, mark, fw->f->n.pos, "%s%s . %s",
			   before, s->v[i].len == (fw->family == 6 ? 128 : 32) ?
			   ip_text(&s->v[i].ip, text) :
			   prefix_text(&s->v[i], text), key);
}

/* From networks that are named; who may go outside anyway needs no mention. */
static void from_networks(struct fw *fw, const char *mark)
{
	struct where *w = fw->w;
	uint32_t i, j;

	if (fw->in.all && !fw->f->nfrom)
		return;
	for (i = 0; i < w->nifs; i++) {
		const struct iface *f = &w->ifs[i];
		bool named = fw->in.all;

		for (j = 0; j < fw->in.n && !named; j++)
			named = where_ip(w, &fw->in.v[j]) == f;
		if (named)
			rules_elem(w->x, w->ns, "inet netd fwd_from", "",
				   fw->f->n.pos, "\"%s\" . %s", f->name, mark);
	}
}

/* The host itself may always, by all its addresses but the networks' own. */
static void from_host(struct fw *fw, const char *mark, const char *at)
{
	bool six = fw->family == 6, any = !fw->listen.family;

	rules_elem(fw->w->x, fw->w->ns, any ?
		   six ? "inet netd fwd_mark6_host_any" :
		   "inet netd fwd_mark4_host_any" :
		   six ? "inet netd fwd_mark6_host" :
		   "inet netd fwd_mark4_host", mark, fw->f->n.pos, "%s", at);
}

/*
 * Where the default routes of the families go different ways, what listens on
 * all addresses of the uplink does so on each family's own.
 */
static bool is_uplink(const struct fw *fw, const char *dev)
{
	const struct topology *t = fw->w->x->t;
	const struct network *n = fw->to->net;
	const char *own = fw->family == 6 ? t->uplink_if6 : t->uplink_if;

	return fw->listen.family || fw->w->router || !n || n->uplink.n ||
	       !own || !strcmp(dev, own);
}

static void from_all(struct fw *fw, const char *mark, const char *key)
{
	bool six = fw->family == 6, any = !fw->listen.family;
	struct arena *a = fw->w->x->out->arena;
	const char *at = any ? key :
		arena_printf(a, "%s . %s", ip_text(&fw->listen,
						   (char[46]){ 0 }), key);
	const char *set = any ? six ? "inet netd fwd_mark6_any" :
				"inet netd fwd_mark4_any" :
			  six ? "inet netd fwd_mark6" : "inet netd fwd_mark4";
	uint32_t i;

	from_host(fw, mark, at);
	/* what is listened on at the loopback is for the host alone */
	if (topo_is_loopback(&fw->listen))
		return;
	for (i = 0; i < fw->to->nups; i++)
		if (is_uplink(fw, fw->to->ups[i]))
			each_source(fw, &fw->up, set, mark,
				    arena_printf(a, "\"%s\" . ",
						 fw->to->ups[i]), at);
	each_source(fw, &fw->in, any ? six ? "inet netd fwd_mark6_in_any" :
		    "inet netd fwd_mark4_in_any" :
		    six ? "inet netd fwd_mark6_in" : "inet netd fwd_mark4_in",
		    mark, "", at);
	from_networks(fw, mark);
}

/* A number for what is forwarded where: see MARK_FORWARD. */
static uint32_t forward_mark(struct fw *fw, const char *key, uint16_t port)
{
	char listen[46] = "", target[46], from[50];
	struct buf b = { 0 };
	uint32_t i, h;

	if (fw->listen.family)
		ip_text(&fw->listen, listen);
	buf_printf(&b, "%s %s>%s %u", listen, key,
		   ip_text(&fw->target, target), port);
	for (i = 0; i < fw->up.n; i++)
		buf_printf(&b, " %s", prefix_text(&fw->up.v[i], from));
	for (i = 0; i < fw->in.n; i++)
		buf_printf(&b, " %s", prefix_text(&fw->in.v[i], from));
	h = hash64(b.p, b.len) | MARK_FORWARD;
	buf_free(&b);
	return h;
}

/* Ports LO to HI of one protocol; to PORT, or to themselves when it is 0. */
static void piece(struct fw *fw, uint8_t proto, uint16_t lo, uint16_t hi,
		  uint16_t port)
{
	struct rules *x = fw->w->x;
	const char *mark, *key;
	char ip[46];
	uint32_t m;

	key = arena_printf(x->out->arena, lo == hi ? "%s . %u" : "%s . %u-%u",
			   match_protocol(proto), lo, hi);
	m = forward_mark(fw, key, port);
	mark = arena_printf(x->out->arena, "0x%08x", m);
	ip_text(&fw->target, ip);
	if (port)
		rules_elem(x, fw->w->ns, fw->family == 6 ?
			   "inet netd fwd_to6" : "inet netd fwd_to4",
			   arena_printf(x->out->arena, "%s . %u", ip, port),
			   fw->f->n.pos, "%s", mark);
	else
		rules_elem(x, fw->w->ns, fw->family == 6 ?
			   "inet netd fwd_keep6" : "inet netd fwd_keep4",
			   arena_strdup(x->out->arena, ip), fw->f->n.pos,
			   "%s", mark);
	from_all(fw, mark, key);
}

static void one_protocol(struct fw *fw, uint8_t proto)
{
	const struct ports *p = &fw->f->port, *t = &fw->f->target_port;
	uint32_t i;

	if (fw->keep || !t->hi || t->lo == p->lo) {
		piece(fw, proto, p->lo, p->hi, 0);
		return;
	}
	/* the kernel shifts no range, so each port is an element */
	for (i = 0; p->lo + i <= p->hi; i++)
		piece(fw, proto, p->lo + i, p->lo + i, t->lo + i);
}

static void one_target(struct fw *fw, const struct ip *target)
{
	static const uint8_t tcp = 6;
	const struct forward *f = fw->f;
	const uint8_t *proto = f->protocol.n ? f->protocol.items : &tcp;
	uint32_t i, n = f->protocol.n ? f->protocol.n : 1;

	if (fw->listen.family && fw->listen.family != target->family)
		return;
	fw->target = *target;
	fw->family = target->family;
	sources(fw);
	for (i = 0; i < n; i++)
		one_protocol(fw, proto[i]);
}

/* The first address of each family: a connection has one target. */
static void one_forward(struct where *w, struct forward *f)
{
	const struct ip *ips = f->target_ips.items;
	/* before a home of its own the host has changed the address */
	const struct transit *way = w->router ? w->router->way : w->x->t->way;
	struct fw fw = { .w = w, .f = f };
	bool four = false, six = false;
	uint32_t i;

	if (!way)
		fw.listen = f->listen;
	for (i = 0; i < f->target_ips.n; i++) {
		bool *done = ips[i].family == 6 ? &six : &four;
		struct prefix p = { ips[i], ips[i].family == 6 ? 128 : 32 };

		fw.to = f->net ? where_net(w, f->net) : NULL;
		if (!fw.to)
			fw.to = where_ip(w, &p);
		if (!fw.to || *done)
			continue;
		*done = true;
		one_target(&fw, &ips[i]);
	}
}

void rules_forwards(struct where *w)
{
	list_for(struct forward, f, w->forwards)
		one_forward(w, f);
}

void rules_forwards_of(struct where *w, const struct attachment *a)
{
	list_for(struct forward, f, w->forwards)
		if (f->owner == a)
			one_forward(w, f);
}

/*
 * Where no address was asked for, only the families that the target has.
 */
static bool has_family(const struct forward *f, uint8_t family)
{
	const struct ip *ips = f->target_ips.items;
	uint32_t i;

	for (i = 0; i < f->target_ips.n; i++)
		if (ips[i].family == family)
			return true;
	return false;
}

void rules_forwards_to(struct where *w, struct iface *f,
		       const struct ip *inner4, const struct ip *inner6)
{
	list_for(struct forward, fw, w->forwards) {
		struct fw one = { .w = w, .f = fw, .to = f, .keep = true,
				  .listen = fw->listen };

		if (inner4->family && has_family(fw, 4))
			one_target(&one, inner4);
		if (inner6->family && has_family(fw, 6))
			one_target(&one, inner6);
	}
}

// rules_transit.c - the host's part of ways out of namespaces of ours
// SPDX-License-Identifier: GPL-2.0-or-later
#include "topo/rules.h"

#include <string.h>

/*
 * Seen from the host a namespace of ours is a network with one guest: its
 * transit.  It reaches the outside and nothing of the host, and is translated
 * but for networks that are routed.
 */
struct passage {
	struct rules *x;
	const struct transit *way;
	struct where w;
	struct iface f;
	struct pos pos;
	bool lab;		/* `nat: host`: nothing beside us either */
};

static bool known(const struct iface *f, const char *name, size_t n)
{
	uint32_t i;

	for (i = 0; i < f->nups; i++)
		if (strlen(f->ups[i]) == n && !memcmp(f->ups[i], name, n))
			return true;
	return false;
}

static void add_up(struct passage *p, const char *name, size_t n)
{
	if (n && !known(&p->f, name, n))
		p->f.ups[p->f.nups++] = arena_strndup(p->x->out->arena, name,
						      n);
}

/* The interfaces of the host's default routes. */
static void default_ups(struct passage *p)
{
	static const char *const facts[] = { "default-dev", "default-dev6" };
	const struct fact *f;
	const char *s;
	size_t i, n;

	if (!p->x->found || !p->x->found->sorted)
		return;
	for (i = 0; i < 2; i++) {
		f = (struct fact *)state_find(p->x->found, KIND_FACT, "",
					      facts[i]);
		for (s = f && f->value ? f->value : ""; *s && p->f.nups < 8;) {
			n = strcspn(s, " ,");
			add_up(p, s, n);
			s += n + strspn(s + n, " ,");
		}
	}
}

static void written_ups(struct passage *p)
{
	const struct word *v;
	uint32_t i;

	list_for(struct network, n, &p->x->t->networks) {
		v = n->uplink.items;
		for (i = 0; i < n->uplink.n; i++)
			add_up(p, v[i].s, strlen(v[i].s));
	}
}

static void elem(struct passage *p, const char *set, const char *data)
{
	rules_elem(p->x, "", set, data, p->pos, "\"%s\"", p->f.name);
}

static void pair(struct passage *p, const char *in, const char *out,
		 const char *set, const char *to)
{
	rules_elem(p->x, "", set, to, p->pos, "\"%s\" . \"%s\"", in, out);
}

static void own(struct passage *p, const struct prefix *net)
{
	char text[50];

	if (net->ip.family)
		rules_elem(p->x, "", net->ip.family == 6 ? "inet netd own6" :
			   "inet netd own4", "", p->pos, "\"%s\" . %s",
			   p->f.name, rules_net(net, text));
}

/* What is behind a transit: itself, and networks that aren't translated. */
static void own_addresses(struct passage *p)
{
	own(p, &(struct prefix){ p->way->inner4.ip, 32 });
	own(p, &(struct prefix){ p->way->inner6.ip, 128 });
	if (p->lab)
		return;
	list_for(struct network, n, &p->x->t->networks) {
		if (n->mode == MODE_ROUTED || n->mode == MODE_OPEN)
			own(p, &n->net4);
		if (n->mode6 == MODE_ROUTED || n->mode6 == MODE_OPEN)
			own(p, &n->net6);
	}
}

/* Routed networks of the home: their own addresses pass, in and out. */
static const char *routed(struct passage *p, const char *up)
{
	struct rules *x = p->x;
	const struct prefix *nets[2];
	struct lines l = { 0 };
	struct buf b = { 0 };
	const char *name;
	char text[50];
	uint32_t i;

	list_for(struct network, n, &x->t->networks) {
		nets[0] = n->mode == MODE_ROUTED || n->mode == MODE_OPEN ?
			&n->net4 : NULL;
		nets[1] = n->mode6 == MODE_ROUTED || n->mode6 == MODE_OPEN ?
			&n->net6 : NULL;
		for (i = 0; i < 2; i++) {
			if (!nets[i] || !nets[i]->ip.family)
				continue;
			match_addresses(x, nets[i], 1, nets[i]->ip.family,
					"daddr", &l);
			rules_elem(x, "", i ? "inet netd plain6" :
				   "inet netd plain4", "", n->n.pos,
				   "\"%s\" . %s", p->f.name,
				   prefix_text(nets[i], text));
		}
	}
	if (!l.n)
		return "goto replies";
	buf_str(&b, "ct mark & 0x00000001 == 0x00000001 ct status dnat"
		" goto admit\n"
		"ct state established,related ct direction reply"
		" ct mark != 0xfffffffe accept\n");
	for (i = 0; i < l.n; i++)
		buf_printf(&b, "%sgoto admit\n", l.v[i]);
	buf_str(&b, "goto refuse\n");
	name = rules_name(x, "to", up, p->f.name);
	rules_chain(x, "", name, arena_strdup(x->out->arena, buf_text(&b)),
		    false, p->pos);
	buf_free(&b);
	return arena_printf(x->out->arena, "goto %s",
			    name + strlen("inet netd "));
}

/* The network of a foreign address of the host on UP.  false: it is none. */
static bool lan_of(const struct object *o, const char *up, struct prefix *net)
{
	const char *at = strchr(o->name, ' ');

	if (!o->foreign || !at || strncmp(o->name, up, at - o->name) ||
	    up[at - o->name] || prefix_read(at + 1, net))
		return false;
	*net = prefix_net(net);
	return true;
}

/* Intervals must not overlap: the wider one, of equal ones the first. */
static bool in_wider_lan(struct object *const *v, uint32_t n, uint32_t i,
			 const char *up, const struct prefix *net)
{
	struct prefix other;
	uint32_t j;

	for (j = 0; j < n; j++)
		if (j != i && lan_of(v[j], up, &other) &&
		    prefix_covers(&other, net) &&
		    (j < i || other.len != net->len))
			return true;
	return false;
}

/* The networks that the host itself is in: not what a lab may see. */
static void lans(struct passage *p)
{
	const struct state *s = p->x->found;
	uint32_t from, i, j, n = 0;
	struct prefix net;
	char text[50];

	from = s ? state_seek(s, KIND_ADDRESS, "", "") : 0;
	while (s && from + n < s->n && !*s->v[from + n]->netns &&
	       s->v[from + n]->kind == KIND_ADDRESS)
		n++;
	for (j = 0; j < p->f.nups; j++)
		for (i = 0; i < n; i++) {
			if (!lan_of(s->v[from + i], p->f.ups[j], &net) ||
			    in_wider_lan(s->v + from, n, i, p->f.ups[j], &net))
				continue;
			rules_elem(p->x, "", net.ip.family == 6 ?
				   "inet netd lan6" : "inet netd lan4", "",
				   p->pos, "\"%s\" . %s", p->f.ups[j],
				   prefix_text(&net, text));
		}
}

/* Does a router of a lab ask the host's name servers? */
static bool asks_resolvers(const struct topology *t)
{
	list_for(struct network, w, &t->networks)
		if (w->owner && network_serves(w) & SERVE_DNS &&
		    !WROTE(w->dns, rec_dns, forwarders))
			return true;
	return false;
}

/* Where they are in the host's own network, that is no secret of it. */
static void resolvers(struct passage *p)
{
	const char *at = topo_fact(p->x->found, "resolvers", "");
	char word[64], text[46];
	struct ip ip;
	size_t len;

	if (!asks_resolvers(p->x->t))
		return;
	for (; *at; at += len + (at[len] == ' ')) {
		len = strcspn(at, " ");
		snprintf(word, sizeof(word), "%.*s", (int)len, at);
		if (!ip_read(word, &ip) && !topo_is_loopback(&ip))
			rules_elem(p->x, "", ip.family == 6 ?
				   "inet netd dns6" : "inet netd dns4", "",
				   p->pos, "\"%s\" . %s", p->f.name,
				   ip_text(&ip, text));
	}
}

static void gates(struct passage *p)
{
	char text[46];

	if (p->way->outer4.ip.family)
		rules_elem(p->x, "", "inet netd gate4", "", p->pos, "%s",
			   ip_text(&p->way->outer4.ip, text));
	if (p->way->outer6.ip.family)
		rules_elem(p->x, "", "inet netd gate6", "", p->pos, "%s",
			   ip_text(&p->way->outer6.ip, text));
}

/* What comes back to where it came from must not have that address. */
static void hair(struct passage *p)
{
	char text[46];

	if (p->way->inner4.ip.family)
		rules_elem(p->x, "", "inet netd hair4", "", p->pos,
			   "\"%s\" . %s", p->f.name,
			   ip_text(&p->way->inner4.ip, text));
	if (p->way->inner6.ip.family)
		rules_elem(p->x, "", "inet netd hair6", "", p->pos,
			   "\"%s\" . %s", p->f.name,
			   ip_text(&p->way->inner6.ip, text));
}

static void passage(struct passage *p, const struct list *forwards)
{
	uint32_t i;

	p->w = (struct where){ .x = p->x, .ns = "", .ifs = &p->f, .nifs = 1,
			       .forwards = forwards };
	rules_base(p->x, "");
	elem(p, "inet netd managed", "");
	elem(p, "inet netd closed", "");
	gates(p);
	own_addresses(p);
	/* what is forwarded from the uplink is the host, to a lab */
	if (!p->lab) {
		elem(p, "inet netd outgoing4", "");
		elem(p, "inet netd outgoing6", "");
	}
	for (i = 0; i < p->f.nups; i++) {
		pair(p, p->f.name, p->f.ups[i], "inet netd pair",
		     p->lab ? "goto guest_away" : "goto guest_out");
		pair(p, p->f.ups[i], p->f.name, "inet netd pair",
		     p->lab ? "goto replies" : routed(p, p->f.ups[i]));
		pair(p, p->f.name, p->f.ups[i], "inet netd egress",
		     "goto masq");
	}
	if (p->lab) {
		lans(p);
		resolvers(p);
	}
	if (forwards->n)
		hair(p);
	rules_forwards_to(&p->w, &p->f, &p->way->inner4.ip,
			  &p->way->inner6.ip);
}

static void passage_init(struct passage *p, struct rules *x,
			 const struct transit *way, struct pos pos)
{
	uint32_t max = 8;

	list_for(struct network, n, &x->t->networks)
		max += n->uplink.n;
	*p = (struct passage){ .x = x, .way = way, .pos = pos };
	p->f = (struct iface){
		.name = way->port, .managed = true, .closed4 = true,
		.closed6 = true, .out4 = true, .out6 = true,
		.ups = arena_alloc(x->out->arena, max * sizeof(*p->f.ups)),
	};
}

void rules_transits(struct rules *x)
{
	struct topology *t = x->t;
	struct passage p;

	if (t->way) {
		passage_init(&p, x, t->way, t->n.pos);
		written_ups(&p);
		if (!p.f.nups)
			default_ups(&p);
		passage(&p, &t->forwarded);
	}
	list_for(struct router, r, &t->hosts) {
		if (!r->way)
			continue;
		passage_init(&p, x, r->way, r->n.pos);
		p.lab = true;
		default_ups(&p);
		passage(&p, &r->forwards);
	}
}

// flows.c - the traffic that netd lets pass, and what others drop of it
// SPDX-License-Identifier: GPL-2.0-or-later
#include "doctor/doctor.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <netinet/in.h>

struct flows {
	const struct state *wanted, *found;
	struct arena *arena;
	struct flow **v;
	uint32_t n, cap;
	bool bridged;		/* frames in a bridge see the host's rules */
};

/* --- elements ------------------------------------------------------------- */

bool key_part(const char *name, int k, char *out, size_t size)
{
	const char *p = name, *end;

	for (; k && (p = strstr(p, " . ")); k--)
		p += 3;
	if (!p)
		return false;
	end = strstr(p, " . ");
	if (*p == '"')
		end = strchr(++p, '"');
	snprintf(out, size, "%.*s", end ? (int)(end - p) : (int)strlen(p), p);
	return true;
}

#define PAIR "inet netd pair "
#define SVC "inet netd svc "

void each_service(const struct state *wanted,
		  void (*fn)(void *arg, const char *dev, uint8_t proto,
			     uint16_t lo, uint16_t hi), void *arg)
{
	uint32_t i = state_seek(wanted, KIND_ELEMENT, "", SVC);
	char dev[20], proto[16], ports[16];
	struct object *o;
	unsigned int lo, hi;

	for (; i < wanted->n; i++) {
		o = wanted->v[i];
		if (o->kind != KIND_ELEMENT || o->netns[0] ||
		    strncmp(o->name, SVC, strlen(SVC)))
			return;
		if (!key_part(o->name + strlen(SVC), 0, dev, sizeof(dev)) ||
		    !key_part(o->name + strlen(SVC), 1, proto,
			      sizeof(proto)) ||
		    !key_part(o->name + strlen(SVC), 2, ports, sizeof(ports)))
			continue;
		if (sscanf(ports, "%u-%u", &lo, &hi) == 1)
			hi = lo;
		fn(arg, dev, !strcmp(proto, "tcp") ? IPPROTO_TCP :
		   IPPROTO_UDP, lo, hi);
	}
}

/* --- flows ---------------------------------------------------------------- */

/* The first subnet of that family on an interface of ours, or NULL. */
static const struct prefix *subnet(struct flows *f, const char *dev, bool six)
{
	struct prefix *p = arena_alloc(f->arena, sizeof(*p));
	char prefix[20];
	uint32_t i;

	snprintf(prefix, sizeof(prefix), "%s ", dev);
	i = state_seek(f->wanted, KIND_ADDRESS, "", prefix);
	for (; i < f->wanted->n; i++) {
		const struct object *o = f->wanted->v[i];

		if (o->kind != KIND_ADDRESS || o->netns[0] ||
		    strncmp(o->name, prefix, strlen(prefix)))
			return NULL;
		if (prefix_read(o->name + strlen(prefix), p) ||
		    (p->ip.family == 6) != six ||
		    (six && p->ip.b[0] == 0xfe && p->ip.b[1] == 0x80))
			continue;
		*p = prefix_net(p);
		return p;
	}
	return NULL;
}

static struct flow *add(struct flows *f, const char *iif, const char *oif,
			bool six)
{
	struct flow *n = arena_alloc(f->arena, sizeof(*n));

	if (f->n == f->cap) {
		f->cap = f->cap ? 2 * f->cap : 64;
		f->v = realloc(f->v, f->cap * sizeof(*f->v));
		if (!f->v)
			abort();
	}
	f->v[f->n++] = n;
	n->iif = iif;
	n->oif = oif;
	n->six = six;
	n->src = iif ? subnet(f, iif, six) : NULL;
	n->dst = oif ? subnet(f, oif, six) : NULL;
	return n;
}

static bool has_family(struct flows *f, const char *a, const char *b, bool six)
{
	bool any = subnet(f, a, six) || subnet(f, b, six);

	/* without addresses of ours: other's interfaces, or Ethernet only */
	return any || (!six && !subnet(f, a, true) && !subnet(f, b, true));
}

static void pair_flow(struct flows *f, const char *iif, const char *oif,
		      bool reply, bool six)
{
	struct flow *n;

	if (!has_family(f, iif, oif, six))
		return;
	n = add(f, iif, oif, six);
	n->reply = reply;
	n->proto = IPPROTO_TCP;
	n->hooks[0] = "prerouting";
	n->hooks[1] = "forward";
	n->hooks[2] = "postrouting";
}

/* Chains that let replies pass alone: topo/rules_base.c. */
static bool is_reply(const struct element *e)
{
	return !strcmp(e->data, "goto replies") ||
	       !strcmp(e->data, "goto guest_back");
}

static void take_pairs(struct flows *f)
{
	uint32_t i = state_seek(f->wanted, KIND_ELEMENT, "", PAIR);
	const struct element *e;
	char iif[20], oif[20];

	for (; i < f->wanted->n; i++) {
		const char *in, *out;

		e = (const struct element *)f->wanted->v[i];
		if (e->o.kind != KIND_ELEMENT || e->o.netns[0] ||
		    strncmp(e->o.name, PAIR, strlen(PAIR)))
			return;
		if (!key_part(e->o.name + strlen(PAIR), 0, iif, sizeof(iif)) ||
		    !key_part(e->o.name + strlen(PAIR), 1, oif, sizeof(oif)) ||
		    !strcmp(e->data, "drop") ||
		    (!strcmp(iif, oif) && !f->bridged))
			continue;
		in = arena_strdup(f->arena, iif);
		out = arena_strdup(f->arena, oif);
		pair_flow(f, in, out, is_reply(e), false);
		pair_flow(f, in, out, is_reply(e), true);
	}
}

/* --- forwards ------------------------------------------------------------- */

#define TO "inet netd fwd_to"
#define FORWARDS_MAX 200

/* From an uplink to a target, when the pair lets only replies and forwards
 * pass. */
static void forward_flow(struct flows *f, const struct element *pair,
			 const struct prefix *target, uint16_t port)
{
	const struct prefix *net;
	char iif[20], oif[20];
	struct flow *n;

	if (!is_reply(pair) ||
	    !key_part(pair->o.name + strlen(PAIR), 0, iif, sizeof(iif)) ||
	    !key_part(pair->o.name + strlen(PAIR), 1, oif, sizeof(oif)) ||
	    our_link(f->wanted, iif))
		return;
	net = subnet(f, oif, target->ip.family == 6);
	if (!net || !prefix_has(net, &target->ip))
		return;
	n = add(f, arena_strdup(f->arena, iif), arena_strdup(f->arena, oif),
		target->ip.family == 6);
	n->dst = target;
	n->forward = true;
	n->port = port;
	n->proto = IPPROTO_TCP;
	n->hooks[0] = "forward";
	n->hooks[1] = "postrouting";
}

static void take_forward(struct flows *f, const struct element *e)
{
	uint32_t i = state_seek(f->wanted, KIND_ELEMENT, "", PAIR);
	struct prefix *target = arena_alloc(f->arena, sizeof(*target));
	char address[64], port[16];
	const struct object *o;

	if (!key_part(e->data, 0, address, sizeof(address)) ||
	    !key_part(e->data, 1, port, sizeof(port)) ||
	    prefix_read(address, target))
		return;
	for (; i < f->wanted->n; i++) {
		o = f->wanted->v[i];
		if (o->kind != KIND_ELEMENT || o->netns[0] ||
		    strncmp(o->name, PAIR, strlen(PAIR)))
			return;
		forward_flow(f, (const struct element *)o, target, atoi(port));
	}
}

static void take_forwards(struct flows *f)
{
	uint32_t i = state_seek(f->wanted, KIND_ELEMENT, "", TO);
	unsigned int n = 0;

	for (; i < f->wanted->n && n < FORWARDS_MAX; i++, n++) {
		const struct object *o = f->wanted->v[i];

		if (o->kind != KIND_ELEMENT || o->netns[0] ||
		    strncmp(o->name, TO, strlen(TO)))
			return;
		take_forward(f, (const struct element *)o);
	}
}

static void service_flow(struct flows *f, const char *dev, bool six,
			 uint8_t proto, uint16_t port)
{
	struct flow *n = add(f, dev, NULL, six);

	n->proto = proto;
	n->port = port;
	/* a client without an address asks everybody */
	if (port == 67 || port == 547)
		n->src = NULL;
	n->hooks[0] = "prerouting";
	n->hooks[1] = "input";
	n = add(f, NULL, dev, six);
	n->proto = proto;
	n->port = port;
	n->reply = port != 67 && port != 547;
	n->hooks[0] = "output";
	n->hooks[1] = "postrouting";
}

static void take_service(void *arg, const char *dev, uint8_t proto,
			 uint16_t lo, uint16_t hi)
{
	struct flows *f = arg;
	const char *name = arena_strdup(f->arena, dev);

	if (lo != 547 && subnet(f, dev, false))
		service_flow(f, name, false, proto, lo);
	if (lo != 67 && subnet(f, dev, true))
		service_flow(f, name, true, proto, lo);
}

/* Frames between the ports of a bridge, which rules may see as frames. */
static void take_frames(struct flows *f)
{
	uint32_t i = state_seek(f->wanted, KIND_BRIDGE, "", "");
	struct flow *n;

	for (; i < f->wanted->n && f->wanted->v[i]->kind == KIND_BRIDGE &&
	     !f->wanted->v[i]->netns[0]; i++) {
		n = add(f, f->wanted->v[i]->name, f->wanted->v[i]->name,
			false);
		n->frames = true;
		n->hooks[0] = "prerouting";
		n->hooks[1] = "forward";
		n->hooks[2] = "postrouting";
	}
}

/* --- what is dropped --------------------------------------------------------- */

static bool fits(const struct flow *f, const struct fact *base)
{
	char family[16], hook[16];
	int i;

	chain_part(base, 0, family, sizeof(family));
	chain_hook(base, hook, sizeof(hook));
	if (f->frames != !strcmp(family, "bridge") ||
	    (!strcmp(family, "ip6") && !f->six) ||
	    ((!strcmp(family, "ip") || !strcmp(family, "legacy")) && f->six))
		return false;
	for (i = 0; f->hooks[i]; i++)
		if (!strcmp(f->hooks[i], hook))
			return true;
	return false;
}

struct blames {
	struct blame *v;
	uint32_t n, cap;
};

static void blame_add(struct blames *b, const struct culprit *by,
		      const struct flow *flow)
{
	struct blame *x = NULL;
	uint32_t i;

	for (i = 0; i < b->n && !x; i++)
		if (b->v[i].by.chain == by->chain &&
		    b->v[i].by.handle == by->handle)
			x = &b->v[i];
	if (!x) {
		b->v = realloc(b->v, (b->n + 1) * sizeof(*b->v));
		if (!b->v)
			abort();
		x = &b->v[b->n++];
		*x = (struct blame){ .by = *by };
	}
	x->by.certain |= by->certain;
	x->flows = realloc(x->flows, (x->n + 1) * sizeof(*x->flows));
	if (!x->flows)
		abort();
	x->flows[x->n++] = flow;
}

static void judge(struct flows *f, struct blames *b)
{
	uint32_t i = fact_seek(f->found, "chain:"), k;
	const struct fact *base;
	struct culprit by;

	for (; (base = fact_at(f->found, i, "chain:")); i++)
		for (k = 0; k < f->n; k++)
			if (fits(f->v[k], base) &&
			    rules_drop(f->found, base, f->v[k], &by))
				blame_add(b, &by, f->v[k]);
}

void doctor_rules(const struct state *wanted, const struct state *found,
		struct troubles *out)
{
	struct flows f = { .wanted = wanted, .found = found,
			   .arena = out->arena };
	const char *nf = fact_value(found, "sysctl:net/bridge/"
				    "bridge-nf-call-iptables");
	struct blames b = { 0 };
	uint32_t i;

	f.bridged = nf && strcmp(nf, "0");
	take_pairs(&f);
	take_forwards(&f);
	each_service(wanted, take_service, &f);
	take_frames(&f);
	judge(&f, &b);
	for (i = 0; i < b.n; i++) {
		blame_tell(wanted, found, &b.v[i], out);
		free(b.v[i].flows);
	}
	free(b.v);
	free(f.v);
}

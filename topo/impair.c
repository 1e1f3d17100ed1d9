// impair.c - what links do to what is sent over them
// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include "topo/expand.h"
#include "topo/shape.h"

/* What I says replaces what there was; 0 takes it away. */
static void merge(struct impairment *out, const struct impair *i)
{
	if (!i)
		return;
	if (WROTE(i, rec_impair, delay))
		out->delay = i->delay;
	if (WROTE(i, rec_impair, jitter))
		out->jitter = i->jitter;
	if (WROTE(i, rec_impair, loss))
		out->loss = i->loss;
	if (WROTE(i, rec_impair, rate))
		out->rate = i->rate;
}

struct impairment impairment_of(const struct leg_spec *l)
{
	const struct tlink *k = l->cable;
	const struct live *v = k ? k->live : NULL;
	struct impairment out = { 0 };

	if (k)
		merge(&out, k->impair);
	merge(&out, l->impair);
	if (v) {
		merge(&out, v->impair);
		merge(&out, k->a == l ? v->a : v->b);
	}
	return out;
}

bool impairment_any(const struct impairment *i)
{
	return i->delay || i->jitter || i->loss || i->rate;
}

bool leg_is_down(const struct leg_spec *l)
{
	return l->cable && l->cable->live && l->cable->live->down;
}

void impairment_print(const struct impairment *i, struct buf *out)
{
	const struct {
		const char *name;
		const struct field_type *type;
		const void *v;
		bool any;
	} rows[] = {
		{ "delay", &field_time, &i->delay, i->delay },
		{ "jitter", &field_time, &i->jitter, i->jitter },
		{ "loss", &field_percent, &i->loss, i->loss },
		{ "rate", &field_rate, &i->rate, i->rate },
	};
	unsigned int k;

	for (k = 0; k < sizeof(rows) / sizeof(*rows); k++) {
		if (!rows[k].any)
			continue;
		buf_printf(out, " %s ", rows[k].name);
		rows[k].type->print(NULL, rows[k].v, out);
	}
}

/* --- who sends what to whom --------------------------------------------- */

struct each {
	const struct topology *t;
	void (*fn)(void *arg, const struct sending *s);
	void *arg;
};

static void tell(const struct each *e, const struct leg_spec *l,
		 struct sending s)
{
	s.leg = l;
	s.i = impairment_of(l);
	s.pos = l->n.pos;
	if (impairment_any(&s.i) && s.dev && s.to_dev)
		e->fn(e->arg, &s);
}

/* Between a router's or node's leg and its port at a bridge, either way. */
static void tell_leg(const struct each *e, const struct leg_spec *l)
{
	const struct tlink *k = l->cable;

	tell(e, l, (struct sending){
		.netns = l->at->netns, .dev = l->kname, .kind = KIND_LEG,
		.to_netns = e->t->netns, .to_dev = l->port, .to_bridge = true,
		.mtu = network_mtu(l->net),
	});
	if (k)
		tell(e, k->a == l ? k->b : k->a, (struct sending){
			.netns = e->t->netns, .dev = l->port,
			.kind = KIND_VETH, .to_netns = l->at->netns,
			.to_dev = l->kname, .mtu = network_mtu(l->net),
		});
}

/* Between two routers or nodes, or two networks: each end is one's own. */
static void tell_end(const struct each *e, const struct tlink *k,
		     const struct leg_spec *l, const struct leg_spec *o)
{
	bool trunk = !l->at;

	tell(e, l, (struct sending){
		.netns = trunk ? e->t->netns : l->at->netns, .dev = l->kname,
		.kind = l == k->a ? KIND_VETH : KIND_LEG,
		.to_netns = trunk ? e->t->netns : o->at->netns,
		.to_dev = o->kname, .to_bridge = trunk,
		.mtu = trunk ? network_mtu(l->net) : k->mtu ? k->mtu : 1500,
	});
}

void sendings_each(const struct topology *t,
		   void (*fn)(void *arg, const struct sending *s), void *arg)
{
	struct each e = { t, fn, arg };

	list_for(struct router, h, &t->hosts)
		list_for(struct leg_spec, l, &h->legs)
			if (l->net && !l->link)
				tell_leg(&e, l);
	list_for(struct tlink, k, &t->links) {
		if (!k->a || !k->b || !k->a->at != !k->b->at ||
		    (!k->a->at && (!k->a->net || !k->b->net)))
			continue;
		tell_end(&e, k, k->a, k->b);
		tell_end(&e, k, k->b, k->a);
	}
}

/* Links that are not there any more are not missed. */
void lives_resolve(struct topology *t)
{
	list_for(struct tlink, k, &t->links) {
		k->live = NULL;
		list_for(struct live, v, &t->lives)
			if (k->n.name && !strcmp(v->n.name, k->n.name))
				k->live = v;
	}
}

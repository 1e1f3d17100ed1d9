// rules_shape.c - what nft bounds, and what it loses
// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include "topo/rules.h"
#include "topo/shape.h"

/* Only where there is a bound at all: these cost each packet a little. */
#define SET "inet netd bound"
#define FORWARD "inet netd bound_forward"
#define INPUT "inet netd bound_input"

static void base(struct where *w)
{
	struct pos nowhere = { 0 };

	rules_set(w->x, w->ns, SET, "type ifname : verdict");
	rules_chain(w->x, w->ns, FORWARD,
		    "type filter hook forward priority mangle; policy accept;\n"
		    "iifname vmap @bound\n", true, nowhere);
	rules_chain(w->x, w->ns, INPUT,
		    "type filter hook input priority mangle; policy accept;\n"
		    "iifname vmap @bound\n", true, nowhere);
}

/* In the unit that nft lists it by. */
static const char *bytes(struct rules *x, uint64_t n)
{
	static const char *const units[] = { "bytes", "kbytes", "mbytes" };
	unsigned int i = 0;

	for (; i < 2 && n && n % 1024 == 0; i++)
		n /= 1024;
	return arena_printf(x->out->arena, "%llu %s", (unsigned long long)n,
			    units[i]);
}

/*
 * nft's bucket holds a second's worth in any case, which suits TCP: what is
 * too much is dropped here, and not kept waiting.
 */
static void bound(struct where *w, const struct iface *f)
{
	const struct limit *m = f->net->bandwidth->out;
	struct pos pos = PLACE(f->net, rec_network, bandwidth);
	const char *name = rules_name(w->x, "bound", f->name, "");
	uint64_t rate = (m->rate + 7) / 8;
	uint32_t burst = m->burst ? m->burst : 65536;
	const char *text;

	/* within a bridge, where bridge-nf-call-iptables is 1 */
	text = arena_printf(w->x->out->arena, "oifname \"%s\" accept\n"
			    "limit rate over %s/second burst %s counter drop\n",
			    f->name, bytes(w->x, rate), bytes(w->x, burst));
	rules_chain(w->x, w->ns, name, text, false, pos);
	rules_elem(w->x, w->ns, SET,
		   arena_printf(w->x->out->arena, "goto %s",
				name + sizeof("inet netd ") - 1),
		   pos, "\"%s\"", f->name);
}

void rules_bandwidth(struct where *w)
{
	bool any = false;
	uint32_t i;

	for (i = 0; i < w->nifs; i++) {
		const struct network *n = w->ifs[i].net;

		if (!n || !n->bandwidth || !n->bandwidth->out || n->owner)
			continue;
		if (!any)
			base(w);
		any = true;
		bound(w, &w->ifs[i]);
	}
}

/* --- loss, where the kernel has no netem --------------------------------- */

#define LOSSY "type filter hook prerouting priority "

/* A namespace that has no rules of netd's has the table only for this. */
static void lossy_base(struct rules *x, const char *ns, bool bridge)
{
	struct pos nowhere = { 0 };

	state_add_static(x->out, KIND_TABLE, ns,
			 bridge ? "bridge netd" : "inet netd", nowhere);
	rules_set(x, ns, bridge ? "bridge netd lossy" : "inet netd lossy",
		  "type ifname : verdict");
	rules_chain(x, ns, bridge ? "bridge netd lossy_in" :
		    "inet netd lossy_in", bridge ?
		    LOSSY "filter; policy accept;\niifname vmap @lossy\n" :
		    LOSSY "raw; policy accept;\niifname vmap @lossy\n", true,
		    nowhere);
}

/* As it comes in: what it is, and for whom, doesn't matter. */
static void lose(void *arg, const struct sending *s)
{
	struct rules *x = arg;
	struct arena *a = x->out->arena;
	const char *family = s->to_bridge ? "bridge" : "inet";
	const char *ns = arena_strdup(a, s->to_netns);

	if (!s->i.loss)
		return;
	lossy_base(x, ns, s->to_bridge);
	rules_chain(x, ns, arena_printf(a, "%s netd lose_%u", family,
					s->i.loss),
		    arena_printf(a, "numgen random mod 1000000 < %u counter "
				 "drop\n", s->i.loss), false,
		    (struct pos){ 0 });
	rules_elem(x, ns, s->to_bridge ? "bridge netd lossy" :
		   "inet netd lossy",
		   arena_printf(a, "goto lose_%u", s->i.loss), s->pos,
		   "\"%s\"", s->to_dev);
}

void rules_loss(struct rules *x)
{
	const struct fact *f = NULL;

	if (x->found && x->found->sorted)
		f = (const struct fact *)state_find(x->found, KIND_FACT, "",
						    "netem");
	if (!f || !f->value || strcmp(f->value, "yes"))
		sendings_each(x->t, lose, x);
}

// check_shape.c - bounds of bandwidth, and impaired links
// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include "topo/check.h"
#include "topo/shape.h"

/* An Ethernet frame with one VLAN's header, as expand_shape.c counts it. */
#define FRAME(mtu) ((mtu) + 18u)

static void check_limit(struct check *c, struct limit *m, uint32_t mtu)
{
	if (!m || m->n.broken)
		return;
	if (!m->n.scalar)
		NEEDS(c, m, rec_limit, rate);
	if (m->burst && m->burst < FRAME(mtu))
		FAULT(c, m, rec_limit, burst, "expected at least %u, which is "
		      "one frame at an MTU of %u, found %u", FRAME(mtu), mtu,
		      m->burst);
}

void check_bandwidth(struct check *c, struct bandwidth *b, uint32_t mtu)
{
	if (!b || b->n.broken)
		return;
	if (!b->in && !b->out)
		report_error(c->report, b->n.pos, b->n.path, "expected "
			     "`ingress:` or `egress:`, or both");
	check_limit(c, b->in, mtu ? mtu : 1500);
	check_limit(c, b->out, mtu ? mtu : 1500);
}

void check_network_bandwidth(struct check *c, struct network *w)
{
	const char *who;

	if (!w->bandwidth)
		return;
	if (!w->has_gateway && !w->owner && check_not_home(w, &who) &&
	    who)
		IDLE(c, w, rec_network, bandwidth, arena_printf(c->a, "%s is "
		     "the gateway of this network: bound its own bandwidth",
		     who));
	else if (!w->has_gateway && !w->owner)
		IDLE(c, w, rec_network, bandwidth, "it is that between the "
		     "network and its router, and there is none");
}

/* --- impairments -------------------------------------------------------- */

/* Each as it is written; what they come to together is below. */
void check_impair(struct check *c, struct impair *i)
{
	if (!i || i->n.broken)
		return;
	if (!i->n.set)
		report_error(c->report, i->n.pos, i->n.path, "expected "
			     "`delay:`, `jitter:`, `loss:` or `rate:`");
	if (i->rate && i->rate < 1000)
		FAULT(c, i, rec_impair, rate, "expected at least 1k, or 0 for "
		      "no bound, found %u", (unsigned int)i->rate);
}

static const char *no_netem(const struct check *c)
{
	const struct fact *f = NULL;

	if (c->found && c->found->sorted)
		f = (const struct fact *)state_find(c->found, KIND_FACT, "",
						    "netem");
	return f && f->value && strcmp(f->value, "yes") ? f->value : NULL;
}

static void check_sending(void *arg, const struct sending *s)
{
	struct check *c = arg;
	const char *why = no_netem(c);

	if (s->i.jitter && !s->i.delay)
		report_error(c->report, s->pos, s->leg->n.path, "expected "
			     "`delay:` beside `jitter:`, which is how much "
			     "that differs");
	else if (s->i.jitter > s->i.delay)
		report_error(c->report, s->pos, s->leg->n.path, "expected a "
			     "`jitter:` of at most the `delay:`, %u ms, found "
			     "%u ms", s->i.delay, s->i.jitter);
	if (s->i.delay && why)
		report_error(c->report, s->pos, s->leg->n.path, "this kernel "
			     "has no netem (%s): `delay:` is not available; "
			     "`loss:` and `rate:` are", why);
}

void check_impairments(struct check *c)
{
	sendings_each(c->t, check_sending, c);
}

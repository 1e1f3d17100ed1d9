// expand_shape.c - bounded bandwidth, and lines that are worse than a cable
// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include "topo/expand.h"
#include "topo/shape.h"

#define FRAME(mtu) ((mtu) + 18u)	/* with Ethernet's header and a VLAN's */
#define BURST_FRAMES 10
#define QUEUE_FRAMES 20
#define BURST_MS 20
#define QUEUE_MS 50
/* The kernel tells a burst by its time, in 32 bits of 64 ns. */
#define BURST_MAX_S 250

static uint32_t least(uint64_t v, uint32_t max)
{
	return v < max ? v : max;
}

static uint64_t bytes_of(uint64_t rate, uint32_t ms)
{
	return rate / 8 * ms / 1000;
}

static uint64_t burst_of(const struct limit *m, uint64_t rate, uint32_t mtu)
{
	uint64_t b = bytes_of(rate, BURST_MS);

	if (m->burst)
		b = m->burst;
	else if (b < BURST_FRAMES * FRAME(mtu))
		b = BURST_FRAMES * FRAME(mtu);
	if (b / BURST_MAX_S > rate / 8)
		b = rate / 8 * BURST_MAX_S;
	return b;
}

/* Beyond what may go at once, as much may wait as is sent in a moment. */
static uint64_t queue_of(uint64_t rate, uint32_t mtu)
{
	uint64_t q = bytes_of(rate, QUEUE_MS);

	return q < QUEUE_FRAMES * FRAME(mtu) ? QUEUE_FRAMES * FRAME(mtu) : q;
}

static struct qdisc *add_qdisc(struct expander *x, const struct shaped *at)
{
	struct qdisc *q = state_add(x->out, KIND_QDISC, at->netns, at->dev,
				    at->pos);

	state_within(x->out, q, at->kind, at->dev);
	return q;
}

static void add_limit(struct expander *x, const struct limit *m,
		      const struct shaped *at)
{
	struct qdisc *q = add_qdisc(x, at);
	uint64_t burst;

	q->rate = (m->rate + 7) / 8 * 8;
	burst = burst_of(m, q->rate, at->mtu);
	q->burst = least(burst, INT32_MAX);
	q->limit = least(burst + queue_of(q->rate, at->mtu), INT32_MAX);
}

static void add_redirect(struct expander *x, const struct limit *m,
			 const struct shaped *at)
{
	struct shaped ifb = *at;
	struct redirect *r;
	struct ifb *f;

	f = state_add(x->out, KIND_IFB, at->netns, at->ifb, at->pos);
	link_set(x, &f->l, at->mtu, "ndf-", at->full);
	conf_port(&f->l.conf);
	ifb.dev = at->ifb;
	ifb.kind = KIND_IFB;
	add_limit(x, m, &ifb);
	r = state_add(x->out, KIND_REDIRECT, at->netns, at->dev, at->pos);
	state_within(x->out, r, at->kind, at->dev);
	r->to = f->l.o.name;
}

void expand_bandwidth(struct expander *x, const struct bandwidth *b,
		      const struct shaped *at)
{
	if (b->in)
		add_limit(x, b->in, at);
	if (b->out)
		add_redirect(x, b->out, at);
}

static struct leg_spec *leg_in(const struct router *h,
			       const struct network *w)
{
	list_for(struct leg_spec, l, &h->legs)
		if (l->net && l->net->segment == w->segment)
			return l;
	return NULL;
}

/*
 * What its gateway sends there, and gets from there.  What comes out of a
 * bridge has been through conntrack where bridge-nf-call-iptables is 1, and a
 * redirect would forget that: rules_shape.c bounds it.
 */
void expand_network_bandwidth(struct expander *x, struct network *w)
{
	struct bandwidth b = *w->bandwidth;
	struct leg_spec *l = w->owner ? leg_in(w->owner, w) : NULL;
	struct shaped at = {
		.netns = x->t->netns, .dev = w->ifname, .kind = KIND_BRIDGE,
		.ifb = w->ifb, .full = w->n.name, .mtu = network_mtu(w),
		.pos = w->n.pos,
	};

	if (l) {
		at.netns = w->owner->netns;
		at.dev = l->kname;
		at.kind = leg_kind(l);
	} else {
		b.out = NULL;
	}
	expand_bandwidth(x, &b, &at);
}

/* --- impairments -------------------------------------------------------- */

/* A slow line sends its frames one by one, and little waits before it. */
#define LINE_FRAMES 2
#define LINE_MS 10
#define LINE_QUEUE_MS 100
#define DELAYED_MAX 20000	/* packets on their way, where no rate says */

static void set_rate(struct qdisc *q, uint32_t mtu)
{
	uint64_t burst = bytes_of(q->rate, LINE_MS);
	uint64_t queue = bytes_of(q->rate, LINE_QUEUE_MS);

	if (burst < LINE_FRAMES * FRAME(mtu))
		burst = LINE_FRAMES * FRAME(mtu);
	if (queue < QUEUE_FRAMES * FRAME(mtu))
		queue = QUEUE_FRAMES * FRAME(mtu);
	q->burst = least(burst, INT32_MAX);
	q->limit = least(burst + queue, INT32_MAX);
}

/* As many as are on their way at that rate, and those that wait. */
static uint32_t delayed(const struct qdisc *q, uint32_t mtu)
{
	uint64_t n = bytes_of(q->rate, q->delay + q->jitter + LINE_QUEUE_MS) /
		     FRAME(mtu) + QUEUE_FRAMES;

	return q->rate ? least(n, DELAYED_MAX) : DELAYED_MAX;
}

static void impair(void *arg, const struct sending *s)
{
	struct expander *x = arg;
	bool netem = fact_is(x, "netem", "yes");
	struct qdisc *q;

	/* without netem, nft loses what comes: rules_shape.c */
	if (!s->i.rate && !s->i.delay && !s->i.jitter && !(s->i.loss && netem))
		return;
	q = add_qdisc(x, &(struct shaped){
		.netns = s->netns, .dev = s->dev, .kind = s->kind,
		.pos = s->pos,
	});
	q->rate = (s->i.rate + 7) / 8 * 8;
	q->delay = s->i.delay;
	q->jitter = s->i.jitter;
	q->loss = netem ? s->i.loss : 0;
	if (qdisc_is_netem(q))
		q->limit = delayed(q, s->mtu);
	else
		set_rate(q, s->mtu);
}

void expand_impairments(struct expander *x)
{
	sendings_each(x->t, impair, x);
}

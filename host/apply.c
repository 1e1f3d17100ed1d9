// apply.c - carries out a plan, phase by phase
// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TELL_MS 50

const struct object *step_object(const struct step *s)
{
	return s->want ? s->want : s->have;
}

struct job *job_add(struct jobs *jobs, const struct step *s, struct ns *ns)
{
	struct job *j;

	if (jobs->n == jobs->cap) {
		jobs->cap = jobs->cap ? jobs->cap * 2 : 64;
		jobs->v = realloc(jobs->v, jobs->cap * sizeof(*jobs->v));
		if (!jobs->v)
			abort();
	}
	j = &jobs->v[jobs->n++];
	*j = (struct job){ .step = s, .ns = ns, .fd = -1 };
	return j;
}

/* --- what failed, and what follows of it ------------------------------ */

enum { WHAT_NETNS = 'n', WHAT_LINK = 'l', WHAT_RULES = 'r',
       WHAT_PROCESS = 'p' };

static uint64_t thing(char what, const char *netns, const char *name)
{
	char text[600];
	int n = snprintf(text, sizeof(text), "%c%s%c%s", what, netns, '\0',
			 name);

	return hash64(text, n < (int)sizeof(text) ? n : (int)sizeof(text));
}

static uint32_t seek(const struct apply *ap, uint64_t key)
{
	uint32_t lo = 0, hi = ap->nfailed, mid;

	while (lo < hi) {
		mid = (lo + hi) / 2;
		if (ap->failed[mid] < key)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static bool failed(const struct apply *ap, char what, const char *netns,
		   const char *name)
{
	uint64_t key;
	uint32_t i;

	if (!ap->nfailed)
		return false;
	key = thing(what, netns, name);
	i = seek(ap, key);
	return i < ap->nfailed && ap->failed[i] == key;
}

static void fail(struct apply *ap, char what, const char *netns,
		 const char *name)
{
	uint64_t key = thing(what, netns, name);
	uint32_t i = seek(ap, key);

	if (i < ap->nfailed && ap->failed[i] == key)
		return;
	if (ap->nfailed == ap->cfailed) {
		ap->cfailed = ap->cfailed ? ap->cfailed * 2 : 64;
		ap->failed = realloc(ap->failed,
				     ap->cfailed * sizeof(*ap->failed));
		if (!ap->failed)
			abort();
	}
	memmove(&ap->failed[i + 1], &ap->failed[i],
		(ap->nfailed - i) * sizeof(*ap->failed));
	ap->failed[i] = key;
	ap->nfailed++;
}

/* What others refer to by name failed with this step. */
static void fail_object(struct apply *ap, const struct object *o)
{
	const struct veth *v = (const struct veth *)o;

	if (o->kind == KIND_NETNS)
		fail(ap, WHAT_NETNS, "", o->name);
	if (kind_is_link(o->kind))
		fail(ap, WHAT_LINK, o->netns, o->name);
	if (o->kind == KIND_VETH && v->peer_ours)
		fail(ap, WHAT_LINK, v->peer_netns, v->peer);
	if (o->kind == KIND_FILE && ((const struct file *)o)->reader)
		fail(ap, WHAT_PROCESS, "", ((const struct file *)o)->reader);
	/* no interface comes where the rules for it didn't */
	if (kind_is_nft(o->kind))
		fail(ap, WHAT_RULES, o->netns, "");
}

static bool hop_failed(const struct apply *ap, const struct route *r)
{
	const struct nexthop *x = r->nexthops.items;
	uint32_t i;

	for (i = 0; i < r->nexthops.n; i++)
		if (failed(ap, WHAT_LINK, r->o.netns, x[i].dev))
			return true;
	return false;
}

static bool link_cant_be(const struct apply *ap, const struct object *o)
{
	const struct link *l = (const struct link *)o;

	return failed(ap, WHAT_RULES, o->netns, "") ||
	       failed(ap, WHAT_LINK, o->netns, o->name) ||
	       (l->master && *l->master &&
		failed(ap, WHAT_LINK, o->netns, l->master));
}

static bool process_cant_be(const struct apply *ap, const struct object *o)
{
	const struct process *p = (const struct process *)o;

	return failed(ap, WHAT_PROCESS, "", o->name) ||
	       failed(ap, WHAT_NETNS, "", p->where);
}

/* Does what it stands on lack, because that failed? */
static bool in_vain(const struct apply *ap, const struct step *s)
{
	const struct object *o = s->want;
	const struct veth *v = (const struct veth *)o;

	if (!ap->nfailed || !o)
		return false;
	if (failed(ap, WHAT_NETNS, "", o->netns))
		return true;
	if (o->within[0] && kind_is_link(o->within_kind) &&
	    failed(ap, WHAT_LINK, o->netns, o->within))
		return true;
	if (kind_is_link(o->kind) && link_cant_be(ap, o))
		return true;
	if (o->kind == KIND_VETH && v->peer_ours &&
	    failed(ap, WHAT_NETNS, "", v->peer_netns))
		return true;
	if (o->kind == KIND_SYSCTL && s->phase == PHASE_OPEN &&
	    failed(ap, WHAT_RULES, o->netns, ""))
		return true;
	if (o->kind == KIND_PROCESS)
		return process_cant_be(ap, o);
	return o->kind == KIND_ROUTE &&
	       hop_failed(ap, (const struct route *)o);
}

static uint8_t *bad(struct host *h, const struct step *s)
{
	return &h->ap->bad[s - h->ap->plan.steps];
}

bool step_again(struct host *h, const struct step *s)
{
	const struct jobs *again = &h->ap->again;
	uint32_t i;

	for (i = 0; i < again->n; i++)
		if (again->v[i].step == s)
			return true;
	return false;
}

bool step_has_failed(struct host *h, const struct step *s)
{
	return *bad(h, s) || step_again(h, s);
}

static void forget_link(struct host *h, const struct step *s)
{
	const struct object *o = s->want;
	struct ns *ns;

	if (s->op != OP_CREATE || !kind_is_link(o->kind))
		return;
	ns = ns_known(h, o->netns);
	if (ns)
		linkmap_del(&ns->links, o->name);
}

void step_failed(struct host *h, const struct step *s, int err,
		 const char *why)
{
	struct buf b CLEANUP(buf_free) = { 0 };

	if (*bad(h, s))
		return;
	*bad(h, s) = 1;
	forget_link(h, s);
	fail_object(h->ap, step_object(s));
	pack_u32(&b, s - h->ap->plan.steps);
	pack_u32(&b, err < 0 ? -err : err);
	pack_str(&b, why ? why : errno_text(err));
	host_send(h, WIRE_FAILED, h->ap->id, &b);
}

/* --- runs -------------------------------------------------------------- */

static void tell_progress(struct host *h)
{
	struct apply *ap = h->ap;
	struct buf b CLEANUP(buf_free) = { 0 };
	int64_t now = clock_ms();

	if (now - ap->told < TELL_MS)
		return;
	ap->told = now;
	pack_u32(&b, ap->now);
	pack_u32(&b, ap->plan.n);
	host_send(h, WIRE_PROGRESS, ap->id, &b);
}

static void commit(struct host *h, const struct driver *d)
{
	if (d->commit)
		d->commit(h);
	h->ap->jobs.n = 0;
	tell_progress(h);
}

/*
 * A small change is planned from what was wanted, not from what was seen: the
 * index of the link is not in it.  false: there is nothing to destroy.
 */
static bool know_link(struct host *h, const struct step *s)
{
	struct link *have = (struct link *)s->have;
	struct ns *ns;

	if (!have || !kind_is_link(have->o.kind) || have->index)
		return true;
	ns = ns_known(h, have->o.netns);
	if (ns)
		have->index = ns_link_index(ns, have->o.name);
	return have->index || s->op != OP_DESTROY;
}

static void begin(struct host *h, const struct driver *d,
		  const struct step *s)
{
	void (*const verbs[])(struct host *h, const struct step *s) = {
		[OP_DESTROY] = d->destroy, [OP_CREATE] = d->create,
		[OP_UPDATE] = d->update,
	};

	if (s->op == OP_REFUSE) {
		step_failed(h, s, -EBUSY, "it is in use: stop what uses it "
			    "first");
		return;
	}
	if (in_vain(h->ap, s)) {
		*bad(h, s) = 1;
		fail_object(h->ap, s->want);
		return;
	}
	if (verbs[s->op] && know_link(h, s))
		verbs[s->op](h, s);
}

/* From a step on, those of one driver within a phase; how many. */
static uint32_t run(struct host *h, uint32_t first)
{
	struct plan *p = &h->ap->plan;
	const struct step *s = &p->steps[first];
	const struct driver *d = h->drivers[step_object(s)->kind];
	uint32_t i;

	for (i = first; i < p->n && p->steps[i].phase == s->phase &&
	     h->drivers[step_object(&p->steps[i])->kind] == d; i++) {
		if (h->ending)
			break;
		h->ap->now = i;
		if (d)
			begin(h, d, &p->steps[i]);
		if (d && h->ap->jobs.n >= RUN_MAX)
			commit(h, d);
	}
	if (d)
		commit(h, d);
	return i - first;
}

static void carry_out(struct host *h)
{
	struct plan *p = &h->ap->plan;
	uint32_t i = 0;

	while (i < p->n && !h->ending) {
		i += run(h, i);
		if (h->ap->handed.n && (i == p->n ||
					p->steps[i].phase > PHASE_ADDRESSES))
			veth_end(h);
		if (h->ap->late.n && (i == p->n ||
				      p->steps[i].phase != PHASE_GO))
			leg_end(h);
	}
}

/* What was done is to stay so from now on. */
static void watch_steps(struct host *h, const struct apply *ap)
{
	struct state copies = { 0 };
	uint32_t i;

	if (!h->watch)
		return;
	if (!h->watched)
		h->watched = state_new();
	copies.arena = h->watched->arena;
	for (i = 0; i < ap->plan.n; i++) {
		const struct step *s = &ap->plan.steps[i];

		if (ap->bad[i] || kind_is_nft(step_object(s)->kind))
			continue;
		if (s->want)
			state_put(h->watched, state_copy(&copies, s->want));
		else
			state_remove(h->watched, s->have);
	}
	free(copies.v);
}

void apply_run(struct host *h, uint32_t id, const char *p, const char *end)
{
	struct apply ap = { .id = id, .told = clock_ms() }, *outer = h->ap;
	struct state *objects = state_new(), *watch = state_new();
	struct buf b CLEANUP(buf_free) = { 0 };
	int err = wire_unpack_plan(&p, end, objects, &ap.plan);

	/* APPLY_STEPS_ONLY: what is watched changes by the steps */
	bool steps_only = !err && p == end;

	if (!err && !steps_only)
		err = wire_unpack_state(&p, end, watch);
	if (!err) {
		ap.bad = calloc(ap.plan.n + 1, 1);
		if (!ap.bad)
			abort();
		h->ap = &ap;
		if (!outer && h->watch)
			watch_pause(h, ap.plan.n > 64);
		carry_out(h);
		if (!outer)
			reap_begin(h);
		h->ap = outer;
		if (steps_only)
			watch_steps(h, &ap);
		else
			watch_set(h, watch);
		if (!outer && h->watch)
			watch_pause(h, false);
	}
	if (err || steps_only)
		state_free(watch);
	pack_u32(&b, -err);
	host_send(h, WIRE_DONE, id, &b);
	plan_free(&ap.plan);
	state_free(objects);
	free(ap.failed);
	free(ap.bad);
	free(ap.jobs.v);
	free(ap.going.v);
	free(ap.late.v);
	free(ap.handed.v);
	free(ap.again.v);
}

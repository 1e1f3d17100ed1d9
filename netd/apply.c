// apply.c - asking the kernel side: what is there, and do these steps
// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "netd/engine.h"
#include "netd/log.h"

#define TELL_MS 100		/* progress is told that often */

/*
 * Elements and chains are found by their table, so that the larger part of
 * what is wanted need not be sent.
 */
void hints_add(struct state *hints, const struct state *from)
{
	uint32_t i;

	for (i = 0; i < from->n; i++)
		if (from->v[i]->kind != KIND_ELEMENT &&
		    from->v[i]->kind != KIND_CHAIN)
			state_ref(hints, from->v[i]);
}

struct found {
	struct state *state;
	int err;
};

static void take_found(void *arg, const struct wire_head *h, const char *p,
		       const char *end)
{
	struct found *f = arg;

	if (h->type == WIRE_FOUND && wire_unpack_state(&p, end, f->state))
		f->err = -EBADMSG;
}

struct state *observe(struct engine *e, uint32_t flags,
		      const struct state *hints, int *err)
{
	struct found f = { 0 };

	*err = worker_start(&e->worker);
	if (*err)
		return NULL;
	wire_pack_state(hints, worker_begin(&e->worker, WIRE_OBSERVE, flags));
	f.state = state_new();
	*err = worker_send(&e->worker);
	if (!*err)
		*err = worker_wait(&e->worker, take_found, &f);
	if (!*err)
		*err = f.err;
	if (*err) {
		log_warning("the host can't be observed: %s",
			    *err == -EADDRINUSE ? "another netd has the rules "
			    "of this network namespace" : strerror(-*err));
		state_free(f.state);
		return NULL;
	}
	state_sort(f.state, NULL, NULL);
	return f.state;
}

/*
 * Facts that say nothing new to a topology: how full a table is, and whose
 * numbers were looked up because a tap asks for them.
 */
static bool is_reading(const struct engine *e, const struct object *o)
{
	/* whom only daemons ask */
	if (!strcmp(o->name, "resolvers")) {
		uint32_t i = state_seek(e->wanted, KIND_PROCESS, "", "");

		return i == e->wanted->n ||
		       e->wanted->v[i]->kind != KIND_PROCESS;
	}
	return !strncmp(o->name, "neigh-used", 10) ||
	       !strncmp(o->name, "user:", 5) ||
	       !strncmp(o->name, "group:", 6);
}

/* Does any fact of A say something else in B, or nothing? */
static bool facts_differ(const struct engine *e, const struct state *a,
			 const struct state *b)
{
	uint32_t i;

	for (i = 0; i < a->n && a->v[i]->kind == KIND_FACT; i++) {
		const struct fact *f = (const struct fact *)a->v[i], *g;

		if (is_reading(e, &f->o))
			continue;
		g = (const struct fact *)state_find(b, KIND_FACT, f->o.netns,
						    f->o.name);
		if (!g || strcmp(f->value, g->value))
			return true;
	}
	return false;
}

/*
 * Does A have a port on a bridge of ours that is not netd's and that B has
 * not?  Its frames are to be dropped, or not any more.
 */
static bool ports_differ(const struct engine *e, const struct state *a,
			 const struct state *b)
{
	uint32_t i = state_seek(a, KIND_LINK, "", "");

	for (; i < a->n && a->v[i]->kind == KIND_LINK; i++) {
		const struct link *l = (const struct link *)a->v[i], *m;

		if (!l->master || !*l->master ||
		    !state_find(e->wanted, KIND_BRIDGE, l->o.netns, l->master))
			continue;
		m = (const struct link *)state_find(b, KIND_LINK, l->o.netns,
						    l->o.name);
		if (!m || !m->master || strcmp(l->master, m->master))
			return true;
	}
	return false;
}

/*
 * As it would be without netd: forwarding that netd lends an interface of the
 * host is no sign that the host is a router.
 */
static void without_us(struct engine *e, struct state *host,
		       struct object *o)
{
	struct fact *f = (struct fact *)o;
	struct link *l = (struct link *)o;
	const char *old = NULL;
	char name[80];

	if (o->kind == KIND_FACT && !strcmp(o->name, "forwards6")) {
		old = sysctls_old(e, "net/ipv6/conf/all/forwarding");
		if (old)
			f->value = arena_strdup(host->arena, old);
	} else if (o->kind == KIND_LINK && !o->netns[0]) {
		snprintf(name, sizeof(name), "net/ipv4/conf/%s/forwarding",
			 o->name);
		old = sysctls_old(e, name);
		if (old)
			l->conf.forwarding = strcmp(old, "0") != 0;
	}
}

bool observe_host(struct engine *e, const struct state *found)
{
	struct state *host = state_new(), *old = e->host;
	bool differ;
	uint32_t i;

	for (i = 0; i < found->n; i++)
		if (found->v[i]->foreign || found->v[i]->kind == KIND_FACT)
			without_us(e, host, state_copy(host, found->v[i]));
	state_sort(host, NULL, NULL);
	differ = old->n && (facts_differ(e, host, old) ||
			    facts_differ(e, old, host) ||
			    ports_differ(e, host, old) ||
			    ports_differ(e, old, host));
	e->host = host;
	state_free(old);
	return differ;
}

void observe_missing(struct engine *e)
{
	const struct fact *f = (struct fact *)
		state_find(e->host, KIND_FACT, "", "dnsmasq");
	struct state *hints, *found;
	int err;

	if (!f || !strcmp(f->value, "yes") || e->running)
		return;
	hints = state_new();
	hints_add(hints, e->wanted);
	sysctls_hint(e, hints);
	hints->sorted = false;
	state_sort(hints, NULL, NULL);
	found = observe(e, OBSERVE_LINKS | OBSERVE_FACTS, hints, &err);
	if (found && observe_host(e, found))
		e->facts_changed = true;
	state_free(found);
	state_free(hints);
}

/* --- doing ----------------------------------------------------------- */

static void forget_failures(struct engine *e)
{
	while (e->nfailures)
		free(e->failures[--e->nfailures].why);
}

/*
 * A request that runs.  Its messages may come while another one, in between,
 * is waited for: what they say is kept here.
 */
struct run {
	struct engine *e;
	struct job *job;
	uint32_t nsteps;
	struct failure *failures;
	unsigned int nfailures;
};

static void take_failure(struct run *r, const char *p, const char *end)
{
	uint32_t step, err, len;
	struct failure *f;

	if (unpack_u32(&p, end, &step) || unpack_u32(&p, end, &err) ||
	    unpack_u32(&p, end, &len) || len > (size_t)(end - p) ||
	    step >= r->nsteps)
		return;
	r->failures = realloc(r->failures,
			      (r->nfailures + 1) * sizeof(*r->failures));
	if (!r->failures)
		fatal("out of memory");
	f = &r->failures[r->nfailures++];
	f->step = step;
	f->err = err;
	f->why = strndup(p, len);
	if (!f->why)
		fatal("out of memory");
}

static void tell_progress(struct run *r, uint32_t done, uint32_t total)
{
	struct engine *e = r->e;
	int64_t now = now_ms();
	struct note *n;

	e->done = done;
	e->total = total;
	if (now < e->told + TELL_MS)
		return;
	e->told = now;
	engine_publish(e);
	if (!r->job || !r->job->stream)
		return;
	n = calloc(1, sizeof(*n));
	if (!n || asprintf(&n->text, "{\"progress\": {\"done\": %u, "
			   "\"total\": %u}}", done, total) < 0)
		fatal("out of memory");
	n->what = NOTE_PROGRESS;
	n->job = r->job;
	post_put(e->notes, n);
}

static void take_result(void *arg, const struct wire_head *h, const char *p,
			const char *end)
{
	struct run *r = arg;
	uint32_t done, total;

	if (h->type == WIRE_FAILED)
		take_failure(r, p, end);
	else if (h->type == WIRE_PROGRESS && !unpack_u32(&p, end, &done) &&
		 !unpack_u32(&p, end, &total))
		tell_progress(r, done, total);
}

/* Sends the steps, and waits for what becomes of them. */
static int run_steps(struct run *r, struct plan *plan,
		     void (*meanwhile)(struct engine *e, void *arg), void *arg)
{
	struct engine *e = r->e;
	int err;

	wire_pack_plan(plan, worker_begin(&e->worker, WIRE_APPLY,
					  APPLY_STEPS_ONLY));
	sysctls_sent(plan);
	err = worker_send(&e->worker);
	if (meanwhile)
		meanwhile(e, arg);
	if (e->running && !e->within)
		e->worker.idle = engine_meanwhile;
	if (!err)
		err = worker_wait(&e->worker, take_result, r);
	if (!e->within)
		e->worker.idle = NULL;
	return err;
}

int run_plan(struct engine *e, struct plan *plan,
	     void (*meanwhile)(struct engine *e, void *arg), void *arg)
{
	struct run r = { .e = e, .job = e->job };
	int err;

	forget_failures(e);
	err = worker_start(&e->worker);
	if (!err)
		err = sysctls_prepare(e, plan);
	if (err)
		return err;
	e->done = 0;
	e->total = r.nsteps = plan->n;
	err = run_steps(&r, plan, meanwhile, arg);
	free(e->failures);
	e->failures = r.failures;
	e->nfailures = r.nfailures;
	if (!err)
		sysctls_done(e, plan);
	return err;
}

void watch(struct engine *e)
{
	struct state *s = state_new();
	uint32_t i;

	/* of the rules, the kernel side watches its tables as a whole */
	for (i = 0; i < e->wanted->n; i++)
		if (!kind_is_nft(e->wanted->v[i]->kind) ||
		    e->wanted->v[i]->kind == KIND_TABLE)
			state_ref(s, e->wanted->v[i]);
	wire_pack_state(s, worker_begin(&e->worker, WIRE_WATCH, 0));
	if (!worker_send(&e->worker))
		worker_wait(&e->worker, NULL, NULL);
	state_free(s);
}

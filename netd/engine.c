// engine.c - the thread that owns all topologies: when it looks and acts
// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <malloc.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "netd/conflists.h"
#include "netd/docker.h"
#include "netd/engine.h"
#include "netd/history.h"
#include "netd/log.h"
#include "netd/right.h"

/* Events come in swarms: after the first, that long until one look at all. */
#define DEBOUNCE_MS 20

void engine_look(struct engine *e, uint32_t flags, int64_t ms)
{
	int64_t due = now_ms() + ms;

	e->unsure |= flags;
	if (!e->due || due < e->due)
		e->due = due;
}

static char *dump(json_t *o)
{
	char *s = json_dumps(o, JSON_COMPACT);

	json_decref(o);
	if (!s)
		fatal("out of memory");
	return s;
}

void engine_publish(struct engine *e)
{
	json_t *status = json_status(e);

	board_set(e->board, &e->board->brief, dump(json_brief(status)));
	board_set(e->board, &e->board->status, dump(status));
}

void engine_publish_all(struct engine *e)
{
	engine_publish(e);
	board_set(e->board, &e->board->topologies,
		  dump(json_topologies(e, NULL)));
	right_socket(e);
}

static void note(struct engine *e, enum note_kind what, char *text,
		 char **owners)
{
	struct note *n = calloc(1, sizeof(*n));

	if (!n)
		fatal("out of memory");
	n->what = what;
	n->text = text;
	n->owners = owners;
	post_put(e->notes, n);
}

void engine_event(struct engine *e, const char *what, json_t *data)
{
	json_object_set_new(data, "event", json_string(what));
	note(e, NOTE_EVENT, dump(data), NULL);
}

void engine_event_of(struct engine *e, const char *what, json_t *data,
		     const char *topology, const char *kind, const char *name)
{
	json_object_set_new(data, "event", json_string(what));
	note(e, NOTE_EVENT, dump(data),
	     right_owners(topos_find(&e->set, topology), kind, name));
}

/* --- facts ----------------------------------------------------------- */

/* What a topology asks for depends on the host: the default route moved. */
static void expand_again(struct engine *e)
{
	struct topos next = { 0 };
	unsigned int i;

	e->facts_changed = false;
	report_clear(e->report);
	log_info("the host has changed: all topologies are expanded again");
	for (i = 0; i < e->set.n; i++) {
		struct entry *en = e->set.v[i], *fresh = entry_copy(en);

		if (!en->topo || entry_build(e, fresh, &next)) {
			entry_free(fresh);
			fresh = en;
		}
		topos_put(&next, fresh);
	}
	if (update(e, &next, NULL, NULL)) {
		struct buf b = { 0 };

		report_print(e->report, &b);
		log_warning("%s", buf_text(&b));
		buf_free(&b);
	}
	free(next.v);
}

/* --- looking --------------------------------------------------------- */

static bool rules_are_held(const struct engine *e)
{
	unsigned int i;

	for (i = 0; i < e->holds.n; i++)
		if (kind_is_nft(e->holds.v[i].kind))
			return true;
	return false;
}

/* What is refused or foreign is logged once, not at each look. */
static void log_news(struct engine *e)
{
	struct buf b = { 0 };
	uint64_t hash;

	report_print(e->report, &b);
	hash = hash64(buf_text(&b), b.len);
	if (b.len && hash != e->logged)
		log_warning("%s", buf_text(&b));
	e->logged = hash;
	buf_free(&b);
}

static void look(struct engine *e)
{
	uint32_t flags = e->unsure | OBSERVE_LINKS | OBSERVE_FACTS;
	bool was = !e->unsure && !e->holds.n;

	if (rules_are_held(e))
		flags |= OBSERVE_NFT;
	e->due = 0;
	e->dirty_since = 0;
	e->doing = "reconciling";
	engine_publish(e);
	report_clear(e->report);
	reconcile(e, flags);
	log_news(e);
	e->doing = "idle";
	plugs_collect(e);
	docker_collect(e);
	engine_publish_all(e);
	if (was != (!e->unsure && !e->holds.n))
		engine_event(e, "state", json_pack("{s:b}", "converged", !was));
	/* a look is short; between two there is nothing to be kept */
	malloc_trim(0);
}

/* What the kernel side saw unasked. */
static void take_events(struct engine *e)
{
	uint32_t dirty = e->worker.dirty;

	if (!dirty)
		return;
	e->worker.dirty = 0;
	if (dirty & DIRTY_REAPED) {
		e->removing_until = 0;
		engine_look(e, 0, DEBOUNCE_MS);
	}
	dirty &= ~DIRTY_REAPED;
	if (!dirty)
		return;
	log_debug("an event: %s", e->worker.why);
	engine_event(e, "drift", json_pack("{s:s}", "what", e->worker.why));
	hold_wake(&e->holds);
	engine_look(e, dirty, DEBOUNCE_MS);
}

/*
 * Whoever found it dead, a request or a look, only that much is done: all is
 * looked at again, and by that it is started again.
 */
static void worker_lost(struct engine *e)
{
	if (e->deaths == e->worker.deaths)
		return;
	e->deaths = e->worker.deaths;
	engine_event(e, "kernel-side", json_pack("{s:b}", "running", 0));
	engine_look(e, OBSERVE_ALL, 0);
	engine_publish(e);
}

/* --- the loop -------------------------------------------------------- */

static int64_t next_due(const struct engine *e)
{
	int64_t due = e->due, held = hold_due(&e->holds);

	if (held && (!due || held < due))
		due = held;
	/* a look at a kernel side that isn't there yet is none */
	if (due && e->worker.fd < 0 && due < e->worker.next)
		due = e->worker.next;
	return due;
}

/* Waits for something to do.  false: the daemon ends. */
static bool wait_for_work(struct engine *e)
{
	struct pollfd p[3] = {
		{ .fd = e->stop, .events = POLLIN },
		{ .fd = e->jobs->fd, .events = POLLIN },
		{ .fd = e->worker.fd, .events = POLLIN },
	};
	int64_t due, wait = plug_waits_due(e), now = now_ms();
	int64_t confirm = e->confirm.due;
	int timeout;

	worker_lost(e);
	due = next_due(e);
	timeout = e->facts_changed || e->later ? 0 :
		  !due && !wait && !confirm ? -1 : 60000;
	if (wait && (!due || wait < due))
		due = wait;
	if (confirm && (!due || confirm < due))
		due = confirm;
	if (timeout > 0 && due - now < timeout)
		timeout = due > now ? (int)(due - now) : 0;
	poll(p, 3, timeout);
	if (p[0].revents)
		return false;
	if (e->worker.fd >= 0)
		worker_poll(&e->worker);
	worker_lost(e);
	take_events(e);
	return true;
}

static void put_off(struct engine *e, struct job *j)
{
	j->item.next = NULL;
	*e->later_tail = &j->item;
	e->later_tail = &j->item.next;
}

/* Names of attachments never end where containers come and go. */
static void forget_plugs(struct engine *e)
{
	struct report *r = e->report;
	unsigned int i, live = 64;

	for (i = 0; i < e->set.n; i++)
		live += e->set.v[i]->nplugs;
	if (r->nsources - r->unused < 2 * live)
		return;
	for (i = 0; i < r->nsources; i++)
		if (!r->sources[i].unused &&
		    !plug_has_source(e, r->sources[i].name))
			report_forget(r, i);
}

/*
 * A report keeps each text it ever saw.  When that is mostly old ones, it is
 * made anew; places point to sources by number, so their order stays.
 */
static void tidy_sources(struct engine *e)
{
	struct report *r = e->report, *fresh;
	size_t live = 0;
	unsigned int i;

	forget_plugs(e);
	for (i = 0; i < r->nsources; i++)
		live += r->sources[i].len + 64;
	if (arena_size(r->arena) < 4 * live + (1 << 20))
		return;
	fresh = report_new();
	report_take_sources(fresh, r);
	e->report = fresh;
	report_free(r);
}

void engine_answer(struct engine *e, struct job *j)
{
	struct note *n = calloc(1, sizeof(*n));

	if (!n)
		fatal("out of memory");
	n->what = NOTE_ANSWER;
	n->job = j;
	post_put(e->notes, n);
}

/* Runs a job.  It is answered, or put off until the running update is over. */
static void run_job(struct engine *e, struct job *j)
{
	int64_t start = now_ms();
	struct job *outer = e->job;

	e->job = j;
	job_run(e, j);
	e->job = outer;
	if (!j->answer) {
		if (j->until)
			plug_waits(e, j);
		else
			put_off(e, j);
		return;
	}
	log_debug("request answered in %d ms", (int)(now_ms() - start));
	engine_answer(e, j);
	if (e->within)
		return;
	tidy_sources(e);
	/* what a long one needed is given back; short ones need little */
	if (now_ms() - start > 100)
		malloc_trim(0);
}

/*
 * The findings, failures and so on of the update that is running are kept:
 * its own request is not over.
 */
static void run_within(struct engine *e, struct job *j)
{
	struct report *r = e->report, saved = *r;
	struct failure *failures = e->failures;
	unsigned int nfailures = e->nfailures;
	uint32_t done = e->done, total = e->total, steps = e->steps;
	const char *doing = e->doing;

	r->list = NULL;
	r->count = r->cap = r->errors = 0;
	e->failures = NULL;
	e->nfailures = 0;
	e->within = true;
	run_job(e, j);
	e->within = false;
	free(r->list);
	r->list = saved.list;
	r->count = saved.count;
	r->cap = saved.cap;
	r->errors = saved.errors;
	while (e->nfailures)
		free(e->failures[--e->nfailures].why);
	free(e->failures);
	e->failures = failures;
	e->nfailures = nfailures;
	e->done = done;
	e->total = total;
	e->steps = steps;
	e->doing = doing;
}

/* Jobs of one topology are done in the order in which they came. */
static bool is_behind(const struct engine *e, const struct job *j)
{
	const struct item *it;

	for (it = e->later; it; it = it->next) {
		const struct job *l = (const struct job *)it;

		if (!l->name || !j->name || !strcmp(l->name, j->name))
			return true;
	}
	return false;
}

void engine_meanwhile(void *arg)
{
	struct engine *e = arg;
	struct job *j = post_get(e->jobs);

	if (!j)
		return;
	if (e->within || is_behind(e, j) || !job_may_interrupt(j))
		put_off(e, j);
	else
		run_within(e, j);
}

static struct job *next_job(struct engine *e)
{
	struct item *it = e->later;

	if (!it)
		return post_get(e->jobs);
	e->later = it->next;
	if (!e->later)
		e->later_tail = &e->later;
	return (struct job *)it;
}

/* The kernel side may need a while at boot. */
static bool first_look(struct engine *e)
{
	struct state *found, *hints = state_new();
	struct pollfd stop = { .fd = e->stop, .events = POLLIN };
	int err = 0;

	sysctls_hint(e, hints);
	state_sort(hints, NULL, NULL);
	while (!(found = observe(e, OBSERVE_LINKS | OBSERVE_FACTS, hints,
				 &err)))
		if (poll(&stop, 1, 200))
			break;
	if (found)
		observe_host(e, found);
	state_free(found);
	state_free(hints);
	return found != NULL;
}

static void start(struct engine *e)
{
	e->doing = "starting";
	engine_publish(e);
	numbers_load(e);
	history_load(e);
	confirm_load(e);
	sysctls_load(e);
	if (!first_look(e))
		return;
	folder_start(e);
	folder_sure(e);
	numbers_sweep(e->numbers);
	numbers_save(e, true);
	report_clear(e->report);
	state_free(e->wanted);
	e->wanted = want_all(e, &e->set);
	log_news(e);
	engine_look(e, OBSERVE_ALL, 0);
	look(e);
	conflists_write(e);
}

static void finish(struct engine *e)
{
	struct job *j;
	unsigned int i;

	/* the API refuses those that were never run */
	while (e->later && (j = next_job(e)))
		post_put(e->jobs, j);
	while ((j = (struct job *)e->waiting)) {
		e->waiting = j->item.next;
		post_put(e->jobs, j);
	}
	worker_end(&e->worker);
	for (i = 0; i < e->set.n; i++)
		entry_free(e->set.v[i]);
	free(e->set.v);
	state_free(e->wanted);
	state_free(e->host);
	numbers_free(e->numbers);
	report_free(e->report);
	hold_free(&e->holds);
	sysctls_free(e);
	while (e->nfailures)
		free(e->failures[--e->nfailures].why);
	free(e->failures);
	free(e->buried);
	json_decref(e->problems);
	json_decref(e->ports);
	plugs_recent_free(e);
}

void *engine_main(void *arg)
{
	struct engine *e = arg;
	struct job *j;

	e->started = time(NULL);
	e->report = report_new();
	e->wanted = state_new();
	e->host = state_new();
	e->numbers = numbers_new();
	e->problems = json_array();
	e->ports = json_array();
	e->later_tail = &e->later;
	worker_init(&e->worker, e->store.kernel_lock, e->stop, e->opt);
	e->worker.idle_arg = e;
	e->worker.idle_fd = e->jobs->fd;
	start(e);
	note(e, NOTE_READY, NULL, NULL);
	while (wait_for_work(e)) {
		j = next_job(e);
		if (j)
			run_job(e, j);
		plug_waits_look(e);
		confirm_look(e);
		if (next_due(e) && next_due(e) <= now_ms())
			look(e);
		else if (e->facts_changed)
			expand_again(e);
		else if (!j)
			plugs_tidy(e);
		if (!j && !e->facts_changed)
			ports_note(e);
	}
	finish(e);
	return NULL;
}

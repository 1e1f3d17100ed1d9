// plug_wait.c - requests that wait until what they attached is usable
// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "netd/jobs.h"
#include "netd/log.h"

/* As a rule both ends are usable when the plan has been carried out. */
#define FIRST_MS 5
#define SLOWEST_MS 100

/* Both ends have a carrier; of one that others move, or of none, at once. */
bool plug_is_usable(struct engine *e, const struct entry *en,
		    const struct topo_plug *p)
{
	struct buf *b;

	if (!p || !p->port[0] || !strcmp(p->netns, PEER_PARKED))
		return true;
	if (worker_start(&e->worker))
		return false;
	b = worker_begin(&e->worker, WIRE_READY, 0);
	pack_str(b, topo_home(en->topo));
	pack_str(b, p->port);
	pack_str(b, p->netns);
	pack_str(b, p->ifname);
	return !worker_send(&e->worker) &&
	       !worker_wait(&e->worker, NULL, NULL);
}

static void answer(struct engine *e, struct job *j, const struct entry *en,
		   bool ready)
{
	json_t *o = json_named(en, j->item_name, "attachment");

	if (!ready)
		report_warning(e->report, (struct pos){ 0 }, NULL,
			       "%s is not usable yet, after %u ms",
			       j->item_name, j->wait);
	job_answer(j, 200, json_pack("{s:s, s:o?, s:b, s:o}", "topology",
				     en->name, "attachment", o, "ready", ready,
				     "findings", json_findings(e->report)));
}

/* Looks once.  true: answered. */
static bool try(struct engine *e, struct job *j)
{
	const struct entry *en = topos_find(&e->set, j->name);
	struct arena *a = arena_new();
	struct topo_item it;
	bool there, ready, late = now_ms() >= j->until;

	there = en && en->topo &&
		topo_item_named(en->topo, j->item_name, a, &it);
	ready = there && plug_is_usable(e, en, it.plug);
	arena_free(a);
	if (!there)
		job_error(j, 409, "%s was detached before it was usable",
			  j->item_name);
	else if (ready || late)
		answer(e, j, en, ready);
	return j->answer;
}

/* Later each time, but not far behind the event. */
static void next_try(struct job *j)
{
	int64_t now = now_ms(), waited = now - (j->until - j->wait);
	int64_t pause = FIRST_MS + waited / 20;

	j->due = now + (pause < SLOWEST_MS ? pause : SLOWEST_MS);
	if (j->due > j->until)
		j->due = j->until;
}

void plug_wait(struct engine *e, struct job *j, const char *topology,
	       const char *name)
{
	free(j->name);
	free(j->item_name);
	j->name = strdup(topology);
	j->item_name = strdup(name);
	if (!j->name || !j->item_name)
		fatal("out of memory");
	j->until = now_ms() + j->wait;
	if (!try(e, j))
		next_try(j);
}

void plug_waits(struct engine *e, struct job *j)
{
	j->item.next = e->waiting;
	e->waiting = &j->item;
}

int64_t plug_waits_due(const struct engine *e)
{
	const struct item *it;
	int64_t due = 0;

	for (it = e->waiting; it; it = it->next) {
		const struct job *j = (const struct job *)it;

		if (!due || j->due < due)
			due = j->due;
	}
	return due;
}

/* One whose time has come, out of the list. */
static struct job *take_due(struct engine *e)
{
	struct item **p;
	struct job *j;

	for (p = &e->waiting; *p; p = &(*p)->next) {
		j = (struct job *)*p;
		if (j->due > now_ms())
			continue;
		*p = j->item.next;
		return j;
	}
	return NULL;
}

void plug_waits_look(struct engine *e)
{
	struct job *j;

	while ((j = take_due(e))) {
		report_clear(e->report);
		if (try(e, j)) {
			engine_answer(e, j);
		} else {
			next_try(j);
			plug_waits(e, j);
		}
	}
}

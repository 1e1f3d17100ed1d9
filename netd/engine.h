// engine.h - the thread that owns all topologies, and its parts
// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef NETD_ENGINE_H
#define NETD_ENGINE_H

#include <jansson.h>

#include "netd/daemon.h"
#include "netd/hold.h"
#include "netd/json.h"
#include "netd/post.h"
#include "netd/store.h"
#include "netd/topo.h"
#include "netd/worker.h"

/*
 * The daemon has two threads.  One serves the API and never blocks, the
 * engine reads, plans and waits for the kernel side.  They share nothing but
 * two queues (post.h) and the text of the status: all below belongs to the
 * engine alone.
 */

/* An attachment that came by the API: {NAME: {...}} as text. */
struct plug {
	char *name, *text;
	int64_t born;		/* ms: when this daemon heard of it */
	bool opened;		/* a transient tap that somebody had open */
	int64_t left;		/* ms: since when its end waits; docker_left.c */
	int64_t absent;		/* ms: since when there is no namespace of its
				 * name; 0: there is one */
};

/* A topology, in force or about to be. */
struct entry {
	char *name;
	char *path;		/* its file in the configuration folder; NULL:
				 * it came by the API */
	char *file;		/* as messages call it */
	char *text;
	size_t len;
	uint64_t seen;		/* hash of the file's text, good or not */
	struct plug *plugs;
	unsigned int nplugs;
	char *live;		/* what was done to its links; NULL: nothing */
	unsigned int waste;	/* objects in exp's arena that are gone */
	bool broken;		/* the file has errors: an older text holds */
	bool unknown;		/* nothing is known of what it asks for */
	bool stopped;		/* `down`: asks for nothing */
	json_t *findings;	/* of the last time it was read */
	struct topology *topo;	/* NULL: stopped, or never readable */
	struct state *exp;	/* what it asks for, sorted; never NULL */
};

/* Topologies by name. */
struct topos {
	struct entry **v;
	unsigned int n;
};

/* What a sysctl of the host was before netd set it. */
struct old {
	char *name, *value;
};

/* A step that the kernel refused. */
struct failure {
	uint32_t step;
	int err;
	char *why;
};

/* Attachments that went and come back have the numbers they had. */
#define RECENT_MAX 1024

struct engine {
	const struct options *opt;
	struct worker worker;
	unsigned int deaths;	/* of it, that were seen to */
	struct store store;
	struct post *jobs;	/* from the API */
	struct post *notes;	/* to it */
	struct board *board;	/* the texts that it answers at once */
	int stop;		/* eventfd */

	struct report *report;	/* whose sources are all texts */
	struct topos set;
	struct state *wanted;	/* of all topologies together; references */
	struct state *host;	/* foreign things and facts, seen last */
	struct numbers *numbers;
	size_t numbers_tail;	/* bytes added to the file since it was whole */
	struct holds holds;
	struct old *olds;	/* sysctls of the host before us, by name */
	unsigned int nolds;
	struct failure *failures;	/* of the last plan that was run */
	unsigned int nfailures;

	uint32_t unsure;	/* OBSERVE_*: where the kernel may differ */
	int64_t due;		/* ms: when to look; 0: no reason to */
	int64_t dirty_since;
	bool facts_changed;	/* topologies are to be expanded again */
	bool nothing_goes;	/* a topology never could be read: nothing is
				 * known to be unwanted */
	struct change *running;	/* an update that waits for the kernel */
	bool within;		/* a request is served meanwhile */
	struct entry **buried;	/* to be freed when nothing is running */
	unsigned int nburied;
	struct item *later, **later_tail;	/* jobs that must wait for it */
	struct item *waiting;	/* jobs whose attachments aren't usable yet */
	struct job *job;	/* that is told of progress */
	int64_t told;
	uint32_t done, total;
	uint32_t steps;		/* of the last update */
	uint32_t removes;	/* links that it removes */
	int64_t removing_until;	/* ms: not to look of our own accord before */
	unsigned int history;	/* number of the newest change */
	const char *what;	/* the change at hand is, for its record */
	struct {
		bool pending;
		unsigned int number;	/* of the change to go back to */
		int64_t due;		/* ms */
	} confirm;
	const char *doing;	/* "idle", "applying", ... */
	uint64_t logged;	/* hash of the findings that were logged last */
	uint64_t conflists;	/* hash of the networks that have files */
	char *recent[RECENT_MAX];	/* "TOPOLOGY/NAME": attachments that
					 * went, round and round */
	unsigned int released, pruned;	/* how many went, also until the last
					 * time that old ones were forgotten */
	bool open;		/* the socket is for everybody */
	bool transients;	/* there were taps that go with a program */
	json_t *ports;		/* of others on our bridges, seen last */
	json_t *problems;	/* files that are no topology in force */
	int64_t last_ms;	/* what the last reconcile took */
	time_t started;
};

/* --- engine.c -------------------------------------------------------- */

/* The thread's function; ARG is a struct engine. */
void *engine_main(void *arg);
/* Asks for a look at the host in MS milliseconds, at FLAGS (OBSERVE_*). */
void engine_look(struct engine *e, uint32_t flags, int64_t ms);
/* Makes the status known to the API, or the list of topologies too. */
void engine_publish(struct engine *e);
void engine_publish_all(struct engine *e);
/* Serves what need not wait for the running update: the worker's idle. */
void engine_meanwhile(void *arg);
/* Gives an answered job back to the API. */
void engine_answer(struct engine *e, struct job *j);
/* An event for GET /v1/events; takes the reference DATA. */
void engine_event(struct engine *e, const char *what, json_t *data);
/* The same for those too who own that item of the topology. */
void engine_event_of(struct engine *e, const char *what, json_t *data,
		     const char *topology, const char *kind, const char *name);

/* --- entry.c --------------------------------------------------------- */

struct entry *entry_new(const char *name, const char *path, const char *file,
			const char *text, size_t len);
/* The same text and attachments, to be built anew. */
struct entry *entry_copy(const struct entry *en);
void entry_free(struct entry *en);
void entry_plug(struct entry *en, const char *name, const char *text);
void entry_unplug(struct entry *en, const char *name);
/*
 * Reads its text: its topology and name are known then.  Findings are added
 * to e->report.  0 or -EINVAL.
 */
int entry_read(struct engine *e, struct entry *en);
/*
 * Reads it, if that wasn't done, checks and expands it as one of SET.  Once
 * only.  0 or a negative errno with an error in the report; it asks for
 * nothing then.
 */
int entry_build(struct engine *e, struct entry *en, const struct topos *set);
/* The same at the start: attachments that don't fit any more are left out. */
int entry_build_some(struct engine *e, struct entry *en,
		     const struct topos *set);
/* Puts its text back as the source for messages, after another was tried. */
void entry_source(struct engine *e, const struct entry *en);

struct entry *topos_find(const struct topos *s, const char *name);
bool topos_has(const struct topos *s, const struct entry *en);
/* Puts EN in the place of the entry of its name, or in order. */
void topos_put(struct topos *s, struct entry *en);
void topos_drop(struct topos *s, const char *name);
struct topos topos_copy(const struct topos *s);

/* The other topologies that are in force; the caller frees the list. */
struct topology **topos_others(const struct topos *set,
			       const struct entry *en, unsigned int *n);

/* --- differ.c -------------------------------------------------------- */

/* The objects of an expansion, and the same ones in the next. */
struct twins {
	const struct state *old, *new;	/* both sorted */
	struct object **twin;		/* of each of OLD: NULL if it differs */
};

/* Adds to IDS what is only in one of them, or differs, or dies with such. */
void twins_find(struct twins *t, const struct state *old,
		const struct state *new, struct state *ids);
/* Puts the twins of OLD's objects in their places in S, which is sorted. */
void twins_put(const struct twins *t, struct state *s);

/* --- change.c -------------------------------------------------------- */

/*
 * From the set in force to the next one.  Until it is swapped the topologies
 * that came are the change's own, afterwards those that are gone.
 */
struct change {
	struct topos next, came, gone;
	struct state *want, *have;	/* objects that may change */
	struct state *seen;		/* the host, if it was looked at */
	struct state *wanted;		/* e->wanted after it */
	struct twins *twins;		/* of topologies that are replaced */
	unsigned int ntwins;
	struct plan plan;
	bool swapped;			/* it is in force */
};

/*
 * Compares what the topologies ask for before and after, only where that may
 * differ.  Two that ask for different things of one name, names of foreign
 * things, and refused steps are errors in e->report.  0 or -EEXIST.
 */
int change_plan(struct engine *e, struct change *c, const struct topos *next);
/* The next set is in force now. */
void change_swap(struct engine *e, struct change *c);
/* Back to what was, but for what other changes did meanwhile. */
void change_back(struct engine *e, struct change *c);
/* Frees the change, and the topologies that are not in force. */
void change_end(struct engine *e, struct change *c);
/* What all topologies of SET ask for together, sorted. */
struct state *want_all(struct engine *e, const struct topos *set);
/* Does a running update deal with that topology (NULL: any)? */
bool change_is_about(const struct engine *e, const char *topology);
/* Would the plan create what a running update is removing? */
bool change_collides(const struct engine *e, const struct plan *plan);
/* The clash function of state_sort(): ARG is a struct report. */
void change_clash(void *arg, const struct object *a, const struct object *b);
/* Errors for the steps that are refused; how many. */
unsigned int change_refused(struct engine *e, const struct plan *plan);

/* --- apply.c --------------------------------------------------------- */

/*
 * Looks at the host.  HINTS says where to look for what can't be marked.
 * NULL with the errno in *ERR when the kernel side died.  The caller frees
 * the result by state_free().
 */
struct state *observe(struct engine *e, uint32_t flags,
		      const struct state *hints, int *err);
/* Takes over what of FOUND is foreign or a fact.  true: facts changed. */
bool observe_host(struct engine *e, const struct state *found);
/* A program that was missing may have been installed: looks again. */
void observe_missing(struct engine *e);
/*
 * Lets the kernel side take the steps; refused ones are in e->failures.
 * MEANWHILE, unless NULL, is called while the kernel works.  0, or -EPIPE
 * when the kernel side died on the way.
 */
int run_plan(struct engine *e, struct plan *plan,
	     void (*meanwhile)(struct engine *e, void *arg), void *arg);
/* Tells the kernel side to watch for what is wanted. */
void watch(struct engine *e);
/* What can't be marked: sysctls, and what the kernel side must know. */
void hints_add(struct state *hints, const struct state *from);

/* --- sysctls.c ------------------------------------------------------- */

void sysctls_load(struct engine *e);
/* Those that are remembered, so that they are looked at. */
/* What it was before netd set it; NULL: netd did not. */
const char *sysctls_old(const struct engine *e, const char *name);
void sysctls_hint(struct engine *e, struct state *hints);
/*
 * Before a plan is run: what is about to be set is remembered, safely, and
 * what is about to be restored is told how.  Steps that restore nothing are
 * taken out.  0 or a negative errno: the plan must not be run.
 */
int sysctls_prepare(struct engine *e, struct plan *plan);
/* When the plan was packed: the old values are taken out again. */
void sysctls_sent(const struct plan *plan);
/* After it: what was restored is forgotten. */
void sysctls_done(struct engine *e, const struct plan *plan);
void sysctls_free(struct engine *e);

/* --- reconcile.c ----------------------------------------------------- */

#define OBSERVE_ALL (OBSERVE_LINKS | OBSERVE_NFT | OBSERVE_FACTS)

/*
 * Makes the host be as wanted, from what is really there; FLAGS says what to
 * look at.  What is refused is held.  0, or -EPIPE and the like when the
 * kernel side isn't there.
 */
int reconcile(struct engine *e, uint32_t flags);
/* As reconcile(), and waits for the kernel side to come back when it died. */
int reconcile_persist(struct engine *e, uint32_t flags);
/*
 * The steps that reconcile() would take.  The caller frees *FOUND and PLAN,
 * in this order of use: the plan refers to it.  0 or a negative errno.
 */
int reconcile_plan(struct engine *e, uint32_t flags, const struct state *wanted,
		   struct state **found, struct plan *plan);
/* Refused steps become holds; how many were refused for good. */
unsigned int take_failures(struct engine *e, const struct plan *plan);

/* --- update.c -------------------------------------------------------- */

/*
 * Plans, does and commits a change to the set NEXT, or undoes it: the host is
 * then as before and the reasons are in e->report.  KEEP, unless NULL, is
 * called when it is in force, to write it down; when it fails the change is
 * undone.  Topologies of NEXT that are not in force afterwards are freed.
 * 0 or a negative errno; -EAGAIN: not while the other update is running.
 */
int update(struct engine *e, const struct topos *next,
	   int (*keep)(struct engine *e, void *arg), void *arg);
/* Writes automatic numbers down, when there are new ones; or forgets those. */
int numbers_save(struct engine *e, bool safe);
/* What the file says; what was set since it was written is taken back. */
void numbers_load(struct engine *e);
void numbers_restore(struct engine *e);

/* --- folder.c -------------------------------------------------------- */

/* What was in force before, from the state folder. */
void folder_start(struct engine *e);
/* Reads the configuration folder again; each changed file is an update. */
void folder_reload(struct engine *e);
/* Is what every topology asks for known?  Until then nothing goes. */
void folder_sure(struct engine *e);

/* --- live.c: what was done to links by hand -------------------------- */

void live_load(struct engine *e, struct entry *en);
/* Has it in force in EN's topology, which is not expanded yet. */
int live_set(struct engine *e, struct entry *en);
void live_forget(struct engine *e, const char *topology);

/* --- plugs.c: dynamic attachments ------------------------------------ */

/* Those that the state folder knows of become part of EN; or are forgotten. */
void plugs_load(struct engine *e, struct entry *en);
void plugs_forget(struct engine *e, const char *topology);
/*
 * EN is another one afterwards when the attachment changes more than itself:
 * look it up again.
 */
int plug_add(struct engine *e, struct entry *en, const char *name,
	     const char *text);
int plug_remove(struct engine *e, struct entry *en, const char *name);
/* Does the attachment say what TEXT says, which is as a client sent it? */
bool plug_says(const struct plug *p, const char *text);
/* Tells those who listen that it is gone; WHY may be NULL: it was asked for. */
void plug_gone(struct engine *e, const char *topology, const char *network,
	       const char *name, const char *why);
/* The network it is plugged into, as plug_gone() wants it; the caller frees
 * it. */
char *plug_network(const struct entry *en, const char *name);
/* Writes it down; TEXT NULL: forgets it. */
int plug_write(struct engine *e, const char *topology, const char *name,
	       const char *text);
/* --- plug_netns.c */
/* Its inode, and the user in whose user namespace it was made.  0 or a
 * negative errno. */
int plug_netns(struct engine *e, const char *spec, uint32_t *id,
	       uint32_t *owner);
/*
 * Looks whose namespace the attachment with the objects OBJS is in, and writes
 * that into them; *BOUND is TEXT with it, or NULL.  The caller frees it.  0, or
 * -EINVAL with an error in the report: there is none.
 */
int plug_bind(struct engine *e, const struct state *objs, const char *text,
	      char **bound);
/*
 * Would the step make a pair again of which another program took an end, or a
 * tap that was to go with its program?  It would not come back to that one:
 * the attachment is over.
 */
bool plug_is_over(struct engine *e, const struct step *s);
/* Detaches those whose namespace or program is gone, after a look. */
void plugs_collect(struct engine *e);
/* --- plug_recent.c */
/* It went; its addresses are kept for it for a while. */
void plug_released(struct engine *e, const char *topology, const char *name);
/* Forgets those that went long ago, when there are many. */
void plugs_prune(struct engine *e);
void plugs_recent_free(struct engine *e);
/* --- plug_wait.c */
/* Do both ends have a carrier, and usable addresses? */
bool plug_is_usable(struct engine *e, const struct entry *en,
		    const struct topo_plug *p);
/* Answers when what was attached is usable, or the job's time is over. */
void plug_wait(struct engine *e, struct job *j, const char *topology,
	       const char *name);
/* One that plug_wait() did not answer is kept. */
void plug_waits(struct engine *e, struct job *j);
/* When the first of them is to be looked at; 0: there is none. */
int64_t plug_waits_due(const struct engine *e);
void plug_waits_look(struct engine *e);
/* --- plug_whole.c: the same with all that depends on it */
int plug_whole(struct engine *e, const struct entry *en, const char *name,
	       const char *text);
/* Takes many out at once. */
int plug_drop(struct engine *e, const struct entry *en,
	      const char *const *names, unsigned int n);
/* How messages call the text of one; the caller frees it. */
char *plug_source(const char *name, const char *topology);
/* Is that the text of one that is there, or of something else? */
bool plug_has_source(const struct engine *e, const char *source);
/* Gives memory of detached ones back, when there is much of it. */
void plugs_tidy(struct engine *e);

/* --- jobs.c, json.c -------------------------------------------------- */

/*
 * Answers the job; or not, when it can't be done within the update that is
 * running: then it is to be run again after that.
 */
void job_run(struct engine *e, struct job *j);
/* May it be tried within a running update? */
bool job_may_interrupt(const struct job *j);

/* The items of one topology, or only those of a kind, appended to LIST. */
void json_items(const struct entry *en, const char *kind, json_t *list);
/* Its attachments that have all of N labels, "KEY=VALUE". */
void json_labelled(const struct entry *en, char *const *labels, unsigned int n,
		   json_t *list);
/* Adds what there is to say of an attachment: json_plug.c. */
void json_plug(json_t *o, const struct topo_plug *p);
/* Ports that other programs put on our bridges: json_ports.c. */
json_t *json_ports(const struct engine *e);
/* Tells of those that came, or are treated in another way. */
void ports_note(struct engine *e);
/* What is held; of one topology, or of all. */
json_t *json_holds(struct engine *e, const struct entry *en);
json_t *json_topology(const struct entry *en);
/* Of all, or those of which J's client owns something. */
json_t *json_topologies(struct engine *e, const struct job *j);
json_t *json_status(struct engine *e);
/* What of it everybody may know. */
json_t *json_brief(const json_t *status);
/* The item NAME, if it is of that KIND (NULL: any), or NULL. */
json_t *json_named(const struct entry *en, const char *name, const char *kind);

#endif

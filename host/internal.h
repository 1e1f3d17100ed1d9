// internal.h - what the files of the kernel side share
// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef NETD_HOST_INTERNAL_H
#define NETD_HOST_INTERNAL_H

#include "host/host.h"
#include "host/rtq.h"

struct pollfd;

#define CLEANUP(fn) __attribute__((cleanup(fn)))

/* What a driver has begun in the run of steps that is going on. */
struct job {
	const struct step *step;
	struct ns *ns;
	uint32_t index;
	int fd;			/* a tap's, or -1 */
	struct ns *peer;	/* a veth's, while its end is to be set up */
	uint32_t peer_index;	/* there; 0: to be looked up */
};

/* Links of a run that are begun before it is ended in between: their
 * descriptors are bounded by it, and what a crash leaves half done. */
#define RUN_MAX 256

struct jobs {
	struct job *v;
	uint32_t n, cap;
};

/* One plan being carried out: apply.c. */
struct apply {
	struct plan plan;
	uint64_t *failed;	/* hashes of what failed, sorted */
	uint32_t nfailed, cfailed;
	uint8_t *bad;		/* of each step */
	struct jobs jobs;	/* of the run that is going on */
	struct jobs going;	/* links to be deleted */
	struct jobs late;	/* ends of pairs that may be gone by then */
	struct jobs handed;	/* pairs whose peers are to be set up */
	struct jobs again;	/* whose names were still taken: RTQ_AGAIN */
	bool last_try;		/* of these */
	struct ns *visits;	/* foreign namespaces of this run */
	uint32_t nvisits;
	uint32_t id, now;
	uint32_t helped;	/* links that were going and had to be gone */
	int64_t told;		/* ms: when progress was told last */
};

struct host {
	int fd;			/* netd */
	const struct driver *const *drivers;	/* by kind, or NULL */
	int outside;		/* outside.c: who has files and programs; -1:
				 * that is us, too */
	struct outside *out;
	const char *run_dir, *state_dir;
	struct files *files;
	struct procs *procs;
	struct resolvers *resolvers;
	struct rtq q;
	struct ns *spaces;
	uint32_t next_index;
	struct apply *ap;
	struct state *watched;	/* what must be so */
	struct watch *watch;
	struct execs *execs;
	struct probes *probes;	/* of the kernel, once */
	bool ending;
	uint32_t told;		/* OBSERVE_*: WIRE_DIRTY, not looked at yet */
	uint32_t looking;	/* OBSERVE_*: at that, now */
	unsigned int depth;	/* of requests within requests */
	uint32_t id;		/* of the request being served */
	uint8_t met[8192];	/* addresses that were there: announce.c */
};

/* --- leg.c ------------------------------------------------------------ */

/* Deletes what is left of the legs that were to go. */
void leg_end(struct host *h);
/* Peers of new pairs in namespaces of others are set up, and go up. */
void veth_end(struct host *h);

struct ns *veth_peer(struct host *h, const struct step *s);
void veth_create(struct host *h, const struct step *s);
/* veth_again.c: creates those whose names were still taken. */
void veth_again(struct host *h);

/* --- apply.c --------------------------------------------------------- */

/* Is it to be tried again?  What else fails of it then is no news. */
bool step_again(struct host *h, const struct step *s);
struct job *job_add(struct jobs *jobs, const struct step *s, struct ns *ns);
void apply_run(struct host *h, uint32_t id, const char *p, const char *end);
/* The object of a step that is wanted, else the one that goes. */
const struct object *step_object(const struct step *s);
/* Text of the errno for people. */
const char *errno_text(int err);

/* --- ready.c --------------------------------------------------------- */

/* Is an attachment usable (WIRE_READY)?  0, -EAGAIN: not yet. */
int ready_look(struct host *h, const char *p, const char *end);
/* Tells the inode of a namespace (WIRE_NETNS). */
int ready_netns(struct host *h, uint32_t id, const char *p, const char *end);

/* --- outside.c ------------------------------------------------------- */

int outside_fds(struct host *h, struct pollfd *fds, int room);
/* Passes on what it tells of its own accord. */
void outside_ready(struct host *h);
void outside_free(struct host *h);

/* --- announce.c ------------------------------------------------------ */

/* Other guests are told of the one at the pair V, whose peer is in NS. */
void announce(struct host *h, struct ns *ns, const struct veth *v);
/* Notes its addresses only; true: one was there before. */
bool announce_met(struct host *h, const struct veth *v);

/* --- neigh.c --------------------------------------------------------- */

/* What neighbours know of the guest at a port (its `stale`) is forgotten. */
void neighbours_forget(struct host *h, const struct object *o);

/* --- host.c ---------------------------------------------------------- */

void host_send(struct host *h, int type, uint32_t id, const struct buf *body);
int64_t clock_ms(void);
/* Tells netd that something changed, once until it looks. */
void host_dirty(struct host *h, uint32_t what, const char *why);

/* --- rtq.c ----------------------------------------------------------- */

const char *nlerr_text(const struct nlmsghdr *nlh);

/* --- ns.c, linkmap.c ------------------------------------------------- */

#define NETNS_DIR "/run/netns"

int ns_init(struct host *h);
void ns_free_all(struct host *h);
/* The namespace that holds what FD is open on, or NULL. */
struct ns *ns_by_inode(struct host *h, dev_t dev, ino_t ino);
/* The one that is kept open under that name, or NULL. */
struct ns *ns_known(struct host *h, const char *name);
/* Keeps the namespace of FD, which it takes over with its socket RT, open
 * under NAME. */
struct ns *ns_adopt(struct host *h, const char *name, int fd, int rt,
		    int *err);
/* A namespace for a moment: a foreign one.  NULL and *ERR. */
struct ns *ns_visit(const char *spec, struct host *h, int *err);
void ns_visit_end(struct ns *ns);
/* The nsid that AT has for the namespace of FD, or a negative errno: -ENODEV
 * when it has none; ns_id_of() then gives it one. */
int ns_find_id(struct ns *at, int fd);
int ns_id_of(struct ns *at, int fd);

void linkmap_clear(struct linkmap *m);
void linkmap_free(struct linkmap *m);
struct linkmap_row *linkmap_add(struct linkmap *m, uint32_t index,
				const char *name, int kind, uint32_t group);
struct linkmap_row *linkmap_name(struct linkmap *m, const char *name);
struct linkmap_row *linkmap_index(struct linkmap *m, uint32_t index);
void linkmap_del(struct linkmap *m, const char *name);

/* The index of a link, asking the kernel when it isn't known; 0: none. */
uint32_t ns_link_index(struct ns *ns, const char *name);

/* --- link.c: what all kinds of link have in common -------------------- */

/* An index for a link to be; no two namespaces get the same one. */
uint32_t link_next_index(struct host *h, struct ns *ns);
/* The namespace of a step, or NULL and the step has failed. */
struct ns *step_ns(struct host *h, const struct step *s);
/* Does the step change the member of that offset?  A creation: all. */
bool step_changes(const struct step *s, size_t off);
#define CHANGES(s, type, member) step_changes(s, offsetof(type, member))

/* The message that makes a link; its LINKINFO is the caller's.  OK: rtq.h */
struct nl_msg *link_new(struct host *h, const struct step *s, struct ns *ns,
			uint32_t index, bool up, int ok);
/* A message about an existing link. */
struct nl_msg *link_msg(struct host *h, const struct step *s, struct ns *ns,
			uint32_t index);
/* Begins the end of a creation: what the creating message can't do. */
void link_settle(struct host *h, const struct step *s, struct ns *ns,
		 uint32_t index, uint32_t master, bool up);
/* Gives a pair that is finished its alias, and sets it up. */
void link_complete(struct host *h, const struct step *s, struct ns *ns,
		   uint32_t index);
void link_up(struct host *h, const struct step *s, struct ns *ns,
	     uint32_t index, bool up);
/* Lets its operational state be what it is now, at once. */
void link_sync(struct ns *ns, const char *name);
/* Writes what only /proc can for all jobs, then sets them up. */
void link_finish(struct host *h);
/* The verbs as most kinds have them. */
void link_adopt(struct host *h, const struct step *s, uint32_t group);
void link_update(struct host *h, const struct step *s);
void link_destroy(struct host *h, const struct step *s);
void link_commit(struct host *h);
/* reap.c: deletes the links of the jobs, and empties the list.  Many of them
 * count as gone then, and go while other work is done. */
void link_delete(struct host *h, struct jobs *jobs);
/* What is going in NS has somebody that deletes it. */
void reap_start(struct host *h, struct ns *ns);
/* Lets what was doomed by this plan go. */
void reap_begin(struct host *h);
/* A link is to get that name: nothing that is going has it after this. */
void reap_name(struct host *h, struct ns *ns, const char *name);
int reap_fds(struct host *h, struct pollfd *fds, int room);
void reap_ready(struct host *h);
bool link_exists(struct ns *ns, uint32_t index);
/* The port's settings of a veth, tap or nic; NULL for others. */
const struct brport *link_port(const struct object *o);
/* The index of its wanted master: 0, none; false: there is no such bridge. */
bool link_master(struct host *h, const struct step *s, struct ns *ns,
		 uint32_t *master);
/* A pair whose foreign end is still to be set up: its alias comes after. */
bool link_unfinished(const struct step *s);
bool mac_is_any(const struct mac *m);

/* --- tap.c ------------------------------------------------------------- */

/* The number of that name, in the databases of nsswitch.conf(5). */
int name_id(const char *name, bool group, uint32_t *id);
/* The number of a user or group, by name or number.  0 or -ENOENT. */
int owner_id(const char *name, bool group, uint32_t *id);

/* --- sysctl.c --------------------------------------------------------- */

/* Reads or writes PATH below /proc/sys in NS (NULL: where we are). */
int sysctl_read(struct host *h, struct ns *ns, const char *path, char *v,
		size_t room);
int sysctl_write(struct host *h, struct ns *ns, const char *path,
		 const char *v);
/* Any file, as the calling thread sees it; without the line's end. */
int proc_write(const char *path, const char *v);
int proc_read(const char *path, char *v, size_t room);

/* --- fact.c ----------------------------------------------------------- */

void fact_add(struct state *found, const char *name, const char *value);
/* What the kernel can do: probe.c. */
void probe_facts(struct host *h, struct state *found);
/* The devices of the default routes, "eth0 wlan0", by family. */
void fact_defaults(struct host *h, struct buf *v4, struct buf *v6);
/* Is the host a router?  "0" or "1" into V. */
int fact_forwards(struct host *h, char *v, size_t room);
/* Is WORD among the words of B, which one space divides? */
bool fact_has_word(const struct buf *b, const char *word);

/* --- watch.c, exec.c --------------------------------------------------- */

int watch_init(struct host *h);
void watch_free(struct host *h);
/* Descriptors to poll, into FDS; how many. */
int watch_fds(struct host *h, struct pollfd *fds, int room);
void watch_ready(struct host *h);
/* When it wants to be called again, in ms; -1: never. */
int watch_timeout(struct host *h);
/* New state that must be so; takes it over. */
void watch_set(struct host *h, struct state *s);
/* What happened until now is about to be seen by an observation. */
void watch_drain(struct host *h);
void watch_pause(struct host *h, bool pause);
struct buf;
/* The devices of the default routes, as netd is told of them. */
void watch_defaults(struct host *h, const struct buf *v4, const struct buf *v6);
void watch_forwards(struct host *h, const char *v);
void watch_drain_nft(struct host *h);
void watch_join(struct host *h, struct ns *ns);
void watch_forget(struct host *h, struct ns *ns);

void exec_start(struct host *h, uint32_t id, const char *p, const char *end,
		int *fds, int nfds);
int exec_fds(struct host *h, struct pollfd *fds, int room);
void exec_ready(struct host *h);
void exec_free(struct host *h);

/* --- file.c, process.c, spawn.c ----------------------------------------- */

/* Of a process, the file of that name in its folder. */
#define PROCESS_PID "pid"

/* Where a file is (struct file's name).  0 or -EINVAL: it is not netd's. */
int file_path(struct host *h, const char *name, char *path, size_t room);
/* Removes the folders above it that are empty. */
/* The folders above PATH, which others may pass but not write in. */
int file_make_parents(const char *path);
void file_drop_parents(struct host *h, const char *name);
void file_driver_commit(struct host *h);
int file_fds(struct host *h, struct pollfd *fds, int room);
void file_ready(struct host *h);
void file_free(struct host *h);

/* --- resolvers.c */
void resolvers_fact(struct host *h, struct state *found);
int resolvers_fds(struct host *h, struct pollfd *fds, int room);
void resolvers_ready(struct host *h);
void resolvers_free(struct host *h);

/* Sends it a signal, if it runs. */
void process_signal(struct host *h, const char *name, int sig);
/* Lets PROGRAM look at a configuration: 0, or -EIO with its words in WHY. */
int process_check(struct host *h, const char *program, const char *path,
		  struct buf *why);
/* The same of lines; CHECK as struct file's. */
int process_check_lines(struct host *h, const char *check, const char *text,
			struct buf *why);
/* The program of the process that is called "PROGRAM/WHAT", or NULL. */
const struct spawned_program *process_program(const char *name);
int process_fds(struct host *h, struct pollfd *fds, int room);
void process_ready(struct host *h);
void process_free(struct host *h);

/* --- vty.c ------------------------------------------------------------ */

/* The folder of all daemons of one router. */
#define VTY_FOLDER NETD_RUN "frr"

/* Whether the process is one of FRR's, which are told by their vty. */
bool vty_has(const char *process);
/* Its folders, owned by the user it runs as; and what it leaves in them. */
int vty_prepare(struct host *h, const char *process);
void vty_clean(struct host *h, const char *process);
/*
 * The commands that lead from one configuration to another, a line each: a
 * "!" before those whose failure means nothing.
 */
void vty_delta(const char *from, const char *to, struct buf *out);
/* Tells the process what has changed.  0, or a negative errno and WHY. */
int vty_change(struct host *h, const char *process, const char *from,
	       const char *to, struct buf *why);

/* --- spawn.c ---------------------------------------------------------- */

/* A program that may be started: there are few, and each in one place. */
struct spawned_program {
	const char *name, *package;
	const char *user;	/* owns its folders, or NULL */
	int rank;		/* starts after those of lower ranks are ready */
	uint64_t caps;		/* what it needs of root's rights */
};

/* The I-th, or NULL; and the one called so. */
const struct spawned_program *spawn_program(unsigned int i);
const struct spawned_program *spawn_named(const char *name, size_t len);

/* A program that was started; all that is needed to wait for it. */
struct spawned {
	pid_t pid;
	int fd;			/* of pidfd_open(2) */
	int out;		/* what it says */
};

/* Where the program is.  0 or -ENOENT; only few may be started at all. */
int spawn_find(const char *name, char *path, size_t room);
/* Debian's package with it. */
const char *spawn_package(const char *name);
/*
 * Starts argv[0] in the network namespace NSFD, with few rights, nothing open
 * and nothing in its environment.  0 or a negative errno.
 */
int spawn_start(int nsfd, char *const *argv, struct spawned *s);
/* Waits for its end.  0 for exit code 0, else -EIO and what it said. */
int spawn_end(struct spawned *s, int ms, struct buf *why);

#endif

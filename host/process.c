// process.c - the driver of daemons that serve networks, such as dnsmasq
// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/daemon.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/*
 * A daemon goes to the background when it is ready, or ends with what is wrong
 * on its stderr; it leaves its pid in a file.  It is nobody's child then and
 * outlives us.  By the pid and its command line it is found again, and a
 * descriptor of it tells when it ends.
 */

#define START_MS 10000
#define STOP_MS 5000
#define AT_ONCE 16		/* so many start at the same time */
#define TRIES 3
#define QUICK_MS 10000		/* who ends before that is not at fault twice */
#define DELAY_MIN 100
#define DELAY_MAX 30000

/* One that was seen running; and how often it ended, for those that did. */
struct proc {
	char *name;
	pid_t pid;
	int fd;			/* of pidfd_open(2), or -1: it isn't running */
	int64_t since;		/* ms: running, as far as we know */
	unsigned int quick;	/* ended soon after its start, in a row */
	int64_t next;		/* ms: not to be started before */
};

struct starting {
	const struct step *step;
	struct spawned s;
	int tries;
};

struct stopping {
	const struct step *step;
	pid_t pid;
	int fd;
};

struct procs {
	struct proc *v;
	int n;
	int ep;
	struct starting start[AT_ONCE];
	int nstart;
	const struct step **later;	/* to be started after those */
	int nlater;
	struct stopping *stop;
	int nstop;
	pid_t *seen;		/* in this run: all daemons of such programs */
	int nseen;
	bool looked;
};

static struct procs *procs_of(struct host *h)
{
	if (!h->procs) {
		h->procs = calloc(1, sizeof(*h->procs));
		if (!h->procs)
			abort();
		h->procs->ep = epoll_create1(EPOLL_CLOEXEC);
	}
	return h->procs;
}

static struct proc *proc_of(struct host *h, const char *name)
{
	struct procs *x = procs_of(h);
	int i;

	for (i = 0; i < x->n; i++)
		if (!strcmp(x->v[i].name, name))
			return &x->v[i];
	x->v = realloc(x->v, (x->n + 1) * sizeof(*x->v));
	if (!x->v)
		abort();
	x->v[x->n] = (struct proc){ .name = strdup(name), .fd = -1 };
	return &x->v[x->n++];
}

static void proc_forget(struct host *h, const char *name)
{
	struct procs *x = procs_of(h);
	struct proc *p = proc_of(h, name);

	if (p->fd >= 0)
		close(p->fd);
	free(p->name);
	*p = x->v[--x->n];
}

/* --- who it is ---------------------------------------------------------- */

const struct spawned_program *process_program(const char *name)
{
	return spawn_named(name, strcspn(name, "/"));
}

void process_signal(struct host *h, const char *name, int sig)
{
	pid_t pid = daemon_pid(h, name);

	if (!pid || kill(pid, sig) || sig == SIGHUP)
		return;
	/* that it ends is not its fault */
	proc_of(h, name)->since = 0;
}

/* --- watching ----------------------------------------------------------- */

/* The more often it ends soon after its start, the later the next one. */
static void ended(struct host *h, struct proc *p)
{
	struct buf b CLEANUP(buf_free) = { 0 };
	int64_t now = clock_ms(), delay = DELAY_MIN;
	unsigned int i;

	if (p->fd >= 0)
		close(p->fd);
	p->fd = -1;
	p->quick = now - p->since < QUICK_MS ? p->quick + 1 : 0;
	for (i = 1; i < p->quick && delay < DELAY_MAX; i++)
		delay *= 2;
	p->next = p->quick > 1 ? now + (delay < DELAY_MAX ? delay :
					DELAY_MAX) : 0;
	buf_printf(&b, "process %s ended (pid %d)", p->name, (int)p->pid);
	host_dirty(h, OBSERVE_LINKS, b.p);
}

static void begin_watch(struct host *h, const char *name, pid_t pid)
{
	struct procs *x = procs_of(h);
	struct proc *p = proc_of(h, name);
	struct epoll_event ev = { .events = EPOLLIN };

	if (p->fd >= 0 && p->pid == pid)
		return;
	if (p->fd >= 0)
		close(p->fd);
	p->pid = pid;
	p->since = clock_ms();
	p->fd = syscall(SYS_pidfd_open, pid, 0);
	ev.data.fd = p->fd;
	/* it ended since it was seen: nothing else would tell */
	if (p->fd < 0 || epoll_ctl(x->ep, EPOLL_CTL_ADD, p->fd, &ev))
		ended(h, p);
}

int process_fds(struct host *h, struct pollfd *fds, int room)
{
	if (!room || !h->procs)
		return 0;
	fds[0] = (struct pollfd){ .fd = h->procs->ep, .events = POLLIN };
	return 1;
}

void process_ready(struct host *h)
{
	struct procs *x = h->procs;
	struct epoll_event ev[16];
	int i, k, n = x ? epoll_wait(x->ep, ev, 16, 0) : 0;

	for (i = 0; i < n; i++)
		for (k = 0; k < x->n; k++)
			if (x->v[k].fd == ev[i].data.fd)
				ended(h, &x->v[k]);
}

void process_free(struct host *h)
{
	while (h->procs && h->procs->n)
		proc_forget(h, h->procs->v[0].name);
	if (h->procs) {
		close(h->procs->ep);
		free(h->procs->v);
		free(h->procs->stop);
		free(h->procs->later);
		free(h->procs->seen);
	}
	free(h->procs);
	h->procs = NULL;
}

/* --- looking ------------------------------------------------------------ */

/* In which namespace it is: "?" is one that nobody finds any more. */
static const char *where(struct host *h, pid_t pid, const struct process *w)
{
	char path[64];
	struct stat st;
	struct ns *ns;
	int err;

	snprintf(path, sizeof(path), "/proc/%d/ns/net", (int)pid);
	if (stat(path, &st))
		return w ? w->where : "?";
	/* known by that */
	if (w)
		ns_get(h, w->where, &err);
	ns = ns_by_inode(h, st.st_dev, st.st_ino);
	return ns ? ns->name : "?";
}

static void found_process(struct host *h, const char *name, pid_t pid,
			  const char *const *argv, int argc,
			  const struct state *wanted, struct state *found)
{
	const struct process *w = (const struct process *)
		state_find(wanted, KIND_PROCESS, "", name);
	struct process *p = state_add(found, KIND_PROCESS, "", name,
				      (struct pos){ 0 });
	const char **v = arena_alloc(found->arena, argc * sizeof(*v));
	int i;

	for (i = 0; i < argc; i++)
		v[i] = arena_strdup(found->arena, argv[i]);
	p->argv = (struct list){ v, argc };
	p->where = arena_strdup(found->arena, where(h, pid, w));
	p->pid = pid;
	begin_watch(h, name, pid);
}

/* What a process that is no more left behind. */
static void drop_pid(struct host *h, const char *name)
{
	char path[PATH_MAX], file[320];

	if (daemon_pid_path(h, name, path, sizeof(path)))
		return;
	unlink(path);
	snprintf(file, sizeof(file), NETD_RUN "%s/" PROCESS_PID, name);
	file_drop_parents(h, file);
}

static void look_at(struct host *h, const char *name,
		    const struct state *wanted, struct state *found)
{
	const char *argv[DAEMON_ARGS];
	char text[DAEMON_TEXT], path[PATH_MAX];
	pid_t pid;
	int argc;

	pid = daemon_running(h, name, text, sizeof(text), argv, &argc);
	if (pid)
		found_process(h, name, pid, argv, argc, wanted, found);
	else if (!daemon_pid_path(h, name, path, sizeof(path)) && !access(path, F_OK))
		drop_pid(h, name);
}

static int process_observe(struct host *h, const struct state *wanted,
			   struct state *found)
{
	char path[PATH_MAX], name[300];
	struct dirent *e;
	DIR *d;
	size_t i;

	for (i = 0; daemon_folders[i]; i++) {
		if (file_path(h, daemon_folders[i], path, sizeof(path)))
			continue;
		d = opendir(path);
		while (d && (e = readdir(d))) {
			snprintf(name, sizeof(name), "%s/%s",
				 daemon_folders[i] + strlen(NETD_RUN),
				 e->d_name);
			if (e->d_name[0] != '.')
				look_at(h, name, wanted, found);
		}
		if (d)
			closedir(d);
	}
	return 0;
}

/* --- starting ----------------------------------------------------------- */

/* Ended for good, so that its ports are free. */
static void wait_end(pid_t pid, int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	if (fd < 0)
		return;
	if (poll(&p, 1, STOP_MS) != 1) {
		kill(pid, SIGKILL);
		poll(&p, 1, STOP_MS);
	}
	close(fd);
}

/* Those that look like ours, whether or not there is a file that says so. */
static void find_daemons(struct host *h)
{
	struct procs *x = procs_of(h);
	const char *argv[DAEMON_ARGS];
	char text[DAEMON_TEXT];
	struct dirent *e;
	DIR *d = opendir("/proc");
	ssize_t n;
	pid_t pid;

	x->nseen = 0;
	while (d && (e = readdir(d))) {
		pid = atoi(e->d_name);
		n = pid > 1 ? daemon_command(pid, text, sizeof(text)) : 0;
		if (n <= 0 || !daemon_words(text, n, argv) ||
		    !daemon_is_ours(argv[0]))
			continue;
		x->seen = realloc(x->seen, (x->nseen + 1) * sizeof(pid));
		if (!x->seen)
			abort();
		x->seen[x->nseen++] = pid;
	}
	x->looked = true;
	if (d)
		closedir(d);
}

/*
 * Somebody removed the file with the pid of one that runs: two of them would
 * take each other's clients.
 */
static void end_lost(struct host *h, const char *name)
{
	struct procs *x = procs_of(h);
	const char *argv[DAEMON_ARGS];
	char text[DAEMON_TEXT];
	ssize_t n;
	int i, fd;

	if (!x->looked)
		find_daemons(h);
	for (i = 0; i < x->nseen; i++) {
		n = daemon_command(x->seen[i], text, sizeof(text));
		if (n <= 0 || !daemon_is(h, name, argv, daemon_words(text, n, argv)))
			continue;
		fd = syscall(SYS_pidfd_open, x->seen[i], 0);
		kill(x->seen[i], SIGTERM);
		wait_end(x->seen[i], fd);
	}
}

static int start(struct host *h, struct starting *st)
{
	const struct process *p = (const struct process *)st->step->want;
	const char *const *words_of = p->argv.items;
	char *argv[DAEMON_ARGS + 1];
	struct ns *ns;
	uint32_t i;
	int err = 0;

	if (!p->argv.n || p->argv.n > DAEMON_ARGS)
		return -EINVAL;
	ns = ns_get(h, p->where, &err);
	if (ns && vty_has(p->o.name))
		err = vty_prepare(h, p->o.name);
	if (!ns || err)
		return err;
	for (i = 0; i < p->argv.n; i++)
		argv[i] = (char *)words_of[i];
	argv[i] = NULL;
	st->tries++;
	return spawn_start(ns->fd, argv, &st->s);
}

static void tell_failed(struct host *h, const struct step *s, int err,
			struct buf *why)
{
	const struct process *p = (const struct process *)s->want;
	const char *const *argv = p->argv.items;

	if (err == -ENOENT && !why->len && p->argv.n)
		buf_printf(why, "there is no %s: apt install %s", argv[0],
			   spawn_package(argv[0]));
	step_failed(h, s, err, why->len ? why->p : NULL);
}

/* Waits until it is ready.  On a changing set of links dnsmasq may give up. */
static void finish_start(struct host *h, struct starting *st)
{
	struct buf why CLEANUP(buf_free) = { 0 };
	int err;

	for (;;) {
		buf_reset(&why);
		err = spawn_end(&st->s, START_MS, &why);
		if (!err || st->tries >= TRIES ||
		    !strstr(buf_text(&why), "temporarily unavailable"))
			break;
		err = start(h, st);
		if (err)
			break;
	}
	if (err)
		tell_failed(h, st->step, err, &why);
	else
		begin_watch(h, st->step->want->name,
			    daemon_read_pid(h, st->step->want->name));
}

static void finish_starts(struct host *h)
{
	struct procs *x = procs_of(h);
	int i;

	for (i = 0; i < x->nstart; i++)
		finish_start(h, &x->start[i]);
	x->nstart = 0;
}

/* It ended again and again: not yet. */
static bool too_soon(struct host *h, const struct step *s)
{
	struct proc *p = proc_of(h, s->want->name);
	struct buf why CLEANUP(buf_free) = { 0 };
	int64_t left = p->next - clock_ms();

	if (left <= 0)
		return false;
	buf_printf(&why, "it ended %u times soon after its start; the next "
		   "one is in %d ms", p->quick, (int)left);
	step_failed(h, s, -EAGAIN, why.p);
	return true;
}

static void start_now(struct host *h, const struct step *s)
{
	struct procs *x = procs_of(h);
	struct starting *st;
	struct buf why CLEANUP(buf_free) = { 0 };
	int err;

	if (x->nstart == AT_ONCE)
		finish_starts(h);
	end_lost(h, s->want->name);
	st = &x->start[x->nstart];
	*st = (struct starting){ .step = s };
	err = start(h, st);
	if (err)
		tell_failed(h, s, err, &why);
	else
		x->nstart++;
}

static void process_create(struct host *h, const struct step *s)
{
	const struct spawned_program *p = process_program(s->want->name);
	struct procs *x = procs_of(h);

	if (too_soon(h, s))
		return;
	if (p && !p->rank) {
		start_now(h, s);
		return;
	}
	x->later = realloc(x->later, (x->nlater + 1) * sizeof(*x->later));
	if (!x->later)
		abort();
	x->later[x->nlater++] = s;
}

/* Those that need others, which are ready now. */
static void start_later(struct host *h)
{
	struct procs *x = procs_of(h);
	int i;

	for (i = 0; i < x->nlater; i++)
		start_now(h, x->later[i]);
	x->nlater = 0;
}

/* --- stopping ----------------------------------------------------------- */

static void process_destroy(struct host *h, const struct step *s)
{
	struct procs *x = procs_of(h);
	pid_t pid = daemon_pid(h, s->have->name);
	int fd = pid ? (int)syscall(SYS_pidfd_open, pid, 0) : -1;

	/* that it ends is no news */
	proc_forget(h, s->have->name);
	if (pid)
		kill(pid, SIGTERM);
	x->stop = realloc(x->stop, (x->nstop + 1) * sizeof(*x->stop));
	if (!x->stop)
		abort();
	x->stop[x->nstop++] = (struct stopping){ s, pid, fd };
}

static void process_commit(struct host *h)
{
	struct procs *x = procs_of(h);
	int i;

	for (i = 0; i < x->nstop; i++) {
		wait_end(x->stop[i].pid, x->stop[i].fd);
		drop_pid(h, x->stop[i].step->have->name);
		vty_clean(h, x->stop[i].step->have->name);
	}
	x->nstop = 0;
	finish_starts(h);
	start_later(h);
	finish_starts(h);
	x->looked = false;
	/* files with pids came and went */
	file_driver_commit(h);
}

const struct driver driver_process = {
	.observe = process_observe,
	.create = process_create,
	.destroy = process_destroy,
	.commit = process_commit,
	.looks = OBSERVE_LINKS,
};

/* --- before it is used -------------------------------------------------- */

static int test(struct host *h, char **argv, struct buf *why)
{
	struct spawned s;
	int err = spawn_start(ns_home(h)->fd, argv, &s);

	if (!err)
		return spawn_end(&s, START_MS, why);
	if (err == -ENOENT)
		buf_printf(why, "there is no %s: apt install %s", argv[0],
			   spawn_package(argv[0]));
	return err;
}

int process_check(struct host *h, const char *program, const char *path,
		  struct buf *why)
{
	char conf[PATH_MAX + 16];
	char *argv[] = { (char *)program, (char *)"--test", conf, NULL };

	snprintf(conf, sizeof(conf), "--conf-file=%s", path);
	return test(h, argv, why);
}

/* The first N values of KEY that are lines of *TEXT, which moves on. */
static int test_lines(struct host *h, const char *program, const char *key,
		      const char **text, int n, struct buf *why)
{
	struct arena *a CLEANUP(arena_cleanup) = arena_new();
	char *argv[DAEMON_ARGS + 4] = {
		(char *)program, (char *)"--test", (char *)"--conf-file=/dev/null"
	};
	size_t len;
	int i = 3;

	for (; **text && i < n + 3; *text += len + ((*text)[len] == '\n')) {
		len = strcspn(*text, "\n");
		argv[i++] = arena_printf(a, "--%s=%.*s", key, (int)len, *text);
	}
	return test(h, argv, why);
}

int process_check_lines(struct host *h, const char *check, const char *text,
			struct buf *why)
{
	struct arena *a CLEANUP(arena_cleanup) = arena_new();
	const char *key = strchr(check, ' ') + 1, *at = text, *one;
	const char *program = arena_strndup(a, check, key - 1 - check);
	int err = 0;

	while (*at && !err)
		err = test_lines(h, program, key, &at, DAEMON_ARGS, why);
	/* which of them? */
	for (at = text; err == -EIO && *at;) {
		one = at;
		buf_reset(why);
		if (!test_lines(h, program, key, &at, 1, why))
			continue;
		buf_printf(why, ": %s=%.*s", key, (int)strcspn(one, "\n"),
			   one);
		break;
	}
	return err;
}

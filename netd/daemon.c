// daemon.c - netd from its options to its end
// SPDX-License-Identifier: GPL-2.0-or-later
#include "netd/daemon.h"

#include <errno.h>
#include <event2/event.h>
#include <getopt.h>
#include <malloc.h>
#include <pthread.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "netd/api.h"
#include "netd/confine.h"
#include "netd/conflists.h"
#include "netd/docker.h"
#include "netd/engine.h"
#include "netd/helper.h"
#include "netd/log.h"

#define NETD_USER "netd"
#define FILES 256		/* descriptors; see api.c */

struct daemon {
	struct options opt;
	struct event_base *base;
	struct api *api;
	struct docker *docker;		/* NULL: it is not asked for */
	struct engine engine;
	pid_t helper;
	pthread_t thread;
	bool ready;
};

static const char usage[] =
"Usage: netd [OPTION]...\n"
"Reads topologies of virtual networks and makes the host be so, in the\n"
"foreground, until it gets SIGTERM; then everything stays as it is.\n"
"SIGHUP reads the configuration folder again.\n"
"\n"
"  --config-dir DIR   its *.net.yaml are topologies (" NETD_CONFDIR ")\n"
"  --state-dir DIR    what must survive a restart (" NETD_STATEDIR ")\n"
"  --run-dir DIR      what needn't (" NETD_RUNDIR ")\n"
"  --socket PATH      of the API (" NETD_RUNDIR "/netd.sock)\n"
"  --docker-socket PATH   serves Docker's network and IPAM driver there\n"
"  --group NAME       may use the socket; else only root\n"
"  --user NAME        whom netd becomes (" NETD_USER ", if there is one)\n"
"  --cni-dir DIR      a CNI configuration for each network goes there\n"
"  -v, --verbose      tells each step and event\n"
"  --help, --version\n";

static void parse(struct options *o, int argc, char **argv)
{
	static const struct option names[] = {
		{ "config-dir", required_argument, NULL, 'c' },
		{ "state-dir", required_argument, NULL, 's' },
		{ "run-dir", required_argument, NULL, 'r' },
		{ "socket", required_argument, NULL, 'S' },
		{ "docker-socket", required_argument, NULL, 'd' },
		{ "group", required_argument, NULL, 'g' },
		{ "cni-dir", required_argument, NULL, 'C' },
		{ "user", required_argument, NULL, 'u' },
		{ "verbose", no_argument, NULL, 'v' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },
		{ 0 }
	};
	int c;

	*o = (struct options){
		.config_dir = NETD_CONFDIR, .state_dir = NETD_STATEDIR,
		.run_dir = NETD_RUNDIR,
		.socket = NETD_RUNDIR "/netd.sock",
	};
	while ((c = getopt_long(argc, argv, "vh", names, NULL)) != -1) {
		if (c == 'c')
			o->config_dir = optarg;
		else if (c == 's')
			o->state_dir = optarg;
		else if (c == 'r')
			o->run_dir = optarg;
		else if (c == 'S')
			o->socket = optarg;
		else if (c == 'd')
			o->docker_socket = optarg;
		else if (c == 'g')
			o->group = optarg;
		else if (c == 'u')
			o->user = optarg;
		else if (c == 'C')
			o->cni_dir = optarg;
		else if (c == 'v')
			o->verbose = true;
		else
			break;
	}
	if (c == 'h' || c == 'V') {
		fputs(c == 'h' ? usage : "netd " PACKAGE_VERSION "\n", stdout);
		exit(0);
	}
	if (c != -1 || optind < argc) {
		if (optind < argc && c == -1)
			fprintf(stderr, "netd: %s: not an option\n",
				argv[optind]);
		fputs("Try: netd --help\n", stderr);
		exit(64);
	}
}

/* --- signals --------------------------------------------------------- */

static void on_end(evutil_socket_t sig, short what, void *arg)
{
	struct daemon *d = arg;

	log_info("%s: netd ends; the networks stay",
		 sig == SIGINT ? "SIGINT" : "SIGTERM");
	event_base_loopbreak(d->base);
}

static void on_reload(evutil_socket_t sig, short what, void *arg)
{
	struct daemon *d = arg;
	struct job *j = calloc(1, sizeof(*j));
	char state[80];
	struct timespec t;

	if (!j)
		fatal("out of memory");
	log_info("SIGHUP: reading %s again", d->opt.config_dir);
	clock_gettime(CLOCK_MONOTONIC, &t);
	snprintf(state, sizeof(state), "RELOADING=1\nMONOTONIC_USEC=%lld",
		 (long long)t.tv_sec * 1000000 + t.tv_nsec / 1000);
	notify(state);
	j->what = JOB_RELOAD;
	post_put(d->engine.jobs, j);
}

/* Nothing can be started without it; who started us starts all again. */
static void on_child(evutil_socket_t sig, short what, void *arg)
{
	struct daemon *d = arg;
	int status;

	if (waitpid(d->helper, &status, WNOHANG) != d->helper)
		return;
	log_error("the helper ended (%s %d), and so does netd; traffic is not "
		  "affected", WIFSIGNALED(status) ? "signal" : "exit code",
		  WIFSIGNALED(status) ? WTERMSIG(status) :
		  WEXITSTATUS(status));
	_exit(1);
}

static void on_watchdog(evutil_socket_t sig, short what, void *arg)
{
	notify("WATCHDOG=1");
}

/* To whom the request belongs. */
static void take_note(struct daemon *d, struct note *n)
{
	if (n->what != NOTE_ANSWER || n->job->what != JOB_DOCKER) {
		api_note(d->api, n);
		return;
	}
	docker_answer(d->docker, n->job);
	note_free(n);
}

static void on_notes(evutil_socket_t fd, short what, void *arg)
{
	struct daemon *d = arg;
	struct note *n;

	while ((n = post_get(d->engine.notes))) {
		if (n->what == NOTE_READY ||
		    (n->what == NOTE_ANSWER && !n->job->client))
			notify("READY=1");
		take_note(d, n);
	}
}

static void add_event(struct daemon *d, int fd, short what,
		      event_callback_fn fn, unsigned int ms)
{
	struct timeval t = { ms / 1000, ms % 1000 * 1000 };
	struct event *ev = event_new(d->base, fd, what | EV_PERSIST, fn, d);

	if (!ev || event_add(ev, ms ? &t : NULL))
		fatal("out of memory");
}

/* --- threads --------------------------------------------------------- */

/* Signals are for the loop of this thread alone. */
static void start_engine(struct daemon *d)
{
	struct engine *e = &d->engine;
	sigset_t all, old;
	int err;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	err = pthread_create(&d->thread, NULL, engine_main, e);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (err)
		fatal("no thread: %s", strerror(err));
}

static void stop_engine(struct daemon *d)
{
	struct engine *e = &d->engine;
	struct note *n;
	struct job *j;

	eventfd_write(e->stop, 1);
	pthread_join(d->thread, NULL);
	while ((n = post_get(e->notes)))
		take_note(d, n);
	while ((j = post_get(e->jobs))) {
		struct note *refused = calloc(1, sizeof(*refused));

		j->code = 503;
		j->answer = strdup("{\"error\": \"netd ends\", "
				   "\"Err\": \"netd ends\"}");
		if (!refused || !j->answer)
			fatal("out of memory");
		refused->job = j;
		refused->what = NOTE_ANSWER;
		take_note(d, refused);
	}
	post_free(e->jobs);
	post_free(e->notes);
	board_free(e->board);
	close(e->stop);
}

/*
 * Two threads on one heap, whose large blocks go back to the system at once:
 * a daemon at rest is to be small.
 */
static void set_limits(void)
{
	struct rlimit r;

	mallopt(M_ARENA_MAX, 1);
	mallopt(M_MMAP_THRESHOLD, 128 << 10);
	if (!getrlimit(RLIMIT_NOFILE, &r) && r.rlim_cur > FILES) {
		r.rlim_cur = FILES;
		setrlimit(RLIMIT_NOFILE, &r);
	}
	signal(SIGPIPE, SIG_IGN);
	umask(077);
}

/* --- whom it becomes --------------------------------------------------- */

/* As NAME; without one as the package's user, where there is such a one. */
static int find_user(struct options *o)
{
	struct passwd *p = getpwnam(o->user ? o->user : NETD_USER);

	o->uid = geteuid();
	o->gid = getegid();
	if (geteuid())
		return 0;
	if (!p && o->user) {
		log_error("there is no user %s", o->user);
		return -ENOENT;
	}
	if (p) {
		o->uid = p->pw_uid;
		o->gid = p->pw_gid;
	} else {
		log_info("there is no user " NETD_USER ": netd's processes "
			 "give up their capabilities, but stay root's");
	}
	return 0;
}

static int start_helper(struct daemon *d)
{
	d->opt.helper = helper_start(&d->helper, d->opt.cni_dir);
	if (d->opt.helper >= 0)
		return 0;
	log_error("no helper: %s", strerror(-d->opt.helper));
	return d->opt.helper;
}

/*
 * What needs root is done: the sockets are there, and the helper is.  Whatever
 * is read from now on can't do more than ask it.
 */
static int give_up(struct daemon *d)
{
	struct options *o = &d->opt;
	int err = 0;

	if (geteuid())
		return 0;
	if (o->cni_dir)
		conflists_folder(o->cni_dir);
	/* its mode follows what has owners */
	if (chown(o->socket, o->uid, -1))
		err = -errno;
	if (!err)
		err = store_own(&d->engine.store, o->state_dir, o->uid,
				o->gid);
	if (!err)
		err = confine_rights(CONFINE_NONE, o->uid, o->gid);
	if (!err)
		err = confine_calls(false);
	if (err)
		log_error("netd can't give up root's rights: %s",
			  strerror(-err));
	return err;
}

static int run(struct daemon *d)
{
	unsigned int watchdog = notify_interval();

	d->base = event_base_new();
	if (!d->base)
		fatal("no event loop");
	d->api = api_new(d->base, &d->opt, d->engine.jobs, d->engine.board);
	if (!d->api)
		return 1;
	if (d->opt.docker_socket)
		d->docker = docker_new(d->base, &d->opt, d->engine.jobs);
	if (d->opt.docker_socket && !d->docker)
		return 1;
	if (give_up(d))
		return 1;
	add_event(d, SIGTERM, EV_SIGNAL, on_end, 0);
	add_event(d, SIGINT, EV_SIGNAL, on_end, 0);
	add_event(d, SIGHUP, EV_SIGNAL, on_reload, 0);
	add_event(d, SIGCHLD, EV_SIGNAL, on_child, 0);
	add_event(d, d->engine.notes->fd, EV_READ, on_notes, 0);
	if (watchdog)
		add_event(d, -1, 0, on_watchdog, watchdog);
	start_engine(d);
	api_open(d->api);
	event_base_dispatch(d->base);
	notify("STOPPING=1");
	stop_engine(d);
	if (d->docker)
		docker_free(d->docker);
	api_free(d->api);
	return 0;
}

int daemon_main(int argc, char **argv)
{
	struct daemon d = { 0 };
	int rc;

	parse(&d.opt, argc, argv);
	log_init(d.opt.verbose);
	set_limits();
	if (geteuid())
		log_warning("not root: the kernel will refuse most of it");
	if (find_user(&d.opt) || start_helper(&d) ||
	    store_open(&d.engine.store, d.opt.state_dir))
		return 1;
	d.engine.opt = &d.opt;
	d.engine.stop = eventfd(0, EFD_CLOEXEC);
	d.engine.jobs = post_new();
	d.engine.notes = post_new();
	d.engine.board = board_new();
	rc = run(&d);
	store_close(&d.engine.store);
	return rc;
}

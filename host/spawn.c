// spawn.c - starts a program in a namespace: the one place that does
// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/close_range.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define FILES_MAX 4096

/* Where programs are; PATH is whoever's started netd. */
static const char *const places[] = { "/usr/sbin/", "/usr/bin/", "/sbin/",
				      "/usr/lib/frr/", "/usr/local/sbin/" };

#define CAP(c) (1ull << CAP_##c)
#define TURNS_INTO_ANOTHER (CAP(SETUID) | CAP(SETGID) | CAP(SETPCAP))
#define ROUTES (CAP(NET_ADMIN) | CAP(NET_RAW) | CAP(NET_BIND_SERVICE) | \
		CAP(SYS_ADMIN) | TURNS_INTO_ANOTHER | CAP(CHOWN) | \
		CAP(DAC_OVERRIDE) | CAP(FOWNER))

/*
 * What may be started, and what it needs of root's rights: to use a port
 * below 1024 and raw sockets, and then to become another user.
 */
static const struct spawned_program programs[] = {
	{ "dnsmasq", "dnsmasq-base", NULL, 0,
	  CAP(NET_ADMIN) | CAP(NET_RAW) | CAP(NET_BIND_SERVICE) |
	  TURNS_INTO_ANOTHER | CAP(CHOWN) | CAP(DAC_OVERRIDE) | CAP(FOWNER) },
	/* the others look for zebra's socket once, and then not for 10 s */
	{ "zebra", "frr", "frr", 0, ROUTES },
	{ "ospfd", "frr", "frr", 1, ROUTES },
	{ "ospf6d", "frr", "frr", 1, ROUTES },
	{ "bgpd", "frr", "frr", 1, ROUTES },
	/* it asks by D-Bus, which knows root by its number */
	{ "firewall-cmd", "firewalld", NULL, 0, 0 },
	{ "nmcli", "network-manager", NULL, 0, 0 },
	{ "networkctl", "systemd", NULL, 0, 0 },
};

#define NPROGRAMS (sizeof(programs) / sizeof(*programs))

const struct spawned_program *spawn_program(unsigned int i)
{
	return i < NPROGRAMS ? &programs[i] : NULL;
}

const struct spawned_program *spawn_named(const char *name, size_t len)
{
	unsigned int i;

	for (i = 0; i < NPROGRAMS; i++)
		if (strlen(programs[i].name) == len &&
		    !memcmp(programs[i].name, name, len))
			return &programs[i];
	return NULL;
}

static int program(const char *name)
{
	const struct spawned_program *p =
		name ? spawn_named(name, strlen(name)) : NULL;

	return p ? (int)(p - programs) : -1;
}

int spawn_find(const char *name, char *path, size_t room)
{
	unsigned int i;

	for (i = 0; program(name) >= 0 &&
	     i < sizeof(places) / sizeof(*places); i++) {
		snprintf(path, room, "%s%s", places[i], name);
		if (!access(path, X_OK))
			return 0;
	}
	return -ENOENT;
}

const char *spawn_package(const char *name)
{
	int i = program(name);

	return i < 0 ? name : programs[i].package;
}

static void drop_rights(int prog)
{
	int cap;

	for (cap = 0; cap <= CAP_LAST_CAP; cap++)
		if (!(programs[prog].caps >> cap & 1))
			prctl(PR_CAPBSET_DROP, cap, 0, 0, 0);
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

static void set_limits(void)
{
	struct rlimit r = { FILES_MAX, FILES_MAX }, none = { 0, 0 };

	setrlimit(RLIMIT_NOFILE, &r);
	setrlimit(RLIMIT_CORE, &none);
}

static void child(const char *path, char *const *argv, int prog, int nsfd,
		  int out)
{
	static char *const env[] = {
		(char *)"PATH=/usr/sbin:/usr/bin:/sbin:/bin",
		(char *)"LC_ALL=C", NULL
	};
	int null = open("/dev/null", O_RDWR);
	int sig;
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	for (sig = 1; sig < SIGSYS; sig++)
		signal(sig, SIG_DFL);
	if (setns(nsfd, CLONE_NEWNET) || null < 0 || dup2(null, 0) < 0 ||
	    dup2(out, 1) < 0 || dup2(out, 2) < 0 ||
	    syscall(SYS_close_range, 3, ~0u, 0))
		_exit(126);
	setsid();
	umask(022);
	if (chdir("/"))
		_exit(126);
	set_limits();
	drop_rights(prog);
	execve(path, argv, env);
	_exit(127);
}

int spawn_start(int nsfd, char *const *argv, struct spawned *s)
{
	int prog = program(argv[0]);
	char path[128];

	if (spawn_find(argv[0], path, sizeof(path)))
		return -ENOENT;
	s->out = memfd_create("netd-output", MFD_CLOEXEC);
	if (s->out < 0)
		return -errno;
	s->pid = fork();
	if (s->pid == 0)
		child(path, argv, prog, nsfd, s->out);
	if (s->pid < 0) {
		int err = -errno;

		close(s->out);
		return err;
	}
	s->fd = syscall(SYS_pidfd_open, s->pid, 0);
	return 0;
}

/* The last lines of what it said, as one. */
static void say(const struct spawned *s, struct buf *why)
{
	char text[512];
	off_t len = lseek(s->out, 0, SEEK_END);
	off_t from = len > (off_t)sizeof(text) - 1 ? len - sizeof(text) + 1 : 0;
	ssize_t i, n = pread(s->out, text, sizeof(text) - 1, from);

	while (n > 0 && (text[n - 1] == '\n' || text[n - 1] == ' '))
		n--;
	for (i = 0; i < n && text[i] == '\n'; i++)
		;
	for (; i < n; i++)
		if (text[i] == '\n')
			buf_str(why, "; ");
		else
			buf_add(why, text[i] >= ' ' && text[i] < 0x7f ?
				&text[i] : "?", 1);
}

int spawn_end(struct spawned *s, int ms, struct buf *why)
{
	struct pollfd p = { .fd = s->fd, .events = POLLIN };
	int status = 0, err = 0;

	if (s->fd >= 0 && poll(&p, 1, ms) != 1) {
		kill(s->pid, SIGKILL);
		buf_str(why, "it did not start in time; ");
	}
	if (waitpid(s->pid, &status, 0) != s->pid)
		status = 0;
	if (s->fd >= 0)
		close(s->fd);
	if (status) {
		err = -EIO;
		say(s, why);
		if (!why->len && WIFSIGNALED(status))
			buf_printf(why, "killed by signal %d",
				   WTERMSIG(status));
		else if (!why->len)
			buf_printf(why, "exit code %d", WEXITSTATUS(status));
	}
	close(s->out);
	return err;
}

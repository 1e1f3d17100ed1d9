// exec_net.c - netdctl exec --network: a namespace that comes and goes with it
// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <net/if.h>
#include <pwd.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ctl/ctl.h"

/*
 * The command runs in a child that has made its namespace itself; netdctl
 * stays outside, attaches it by its process number, and detaches when it ends.
 * When netdctl is killed, netd sees to that: the namespace is gone with the
 * last process in it.
 */

/* --- the child ------------------------------------------------------- */

#define GROUPS_MAX 256

struct who {
	uid_t uid;
	gid_t gid;
	gid_t groups[GROUPS_MAX];
	int ngroups;
	bool set;
};

static int number(const char *s, unsigned int *n)
{
	char *end;
	unsigned long v = strtoul(s, &end, 10);

	*n = v;
	return end == s || *end || v >= 0xffffffff ? -1 : 0;
}

/*
 * USER[:GROUP], each a name or number, looked up outside of the chroot: what
 * looks names up would load code from inside.
 */
static int find_user(const char *text, struct who *w)
{
	char *user, *group;
	struct passwd *p;
	struct group *g;
	int rc = 0;

	memset(w, 0, sizeof(*w));
	if (!text)
		return 0;
	user = must(strdup(text));
	group = strchr(user, ':');
	if (group)
		*group++ = '\0';
	p = getpwnam(user);
	if (!p && !number(user, &w->uid))
		p = getpwuid(w->uid);
	else if (!p)
		rc = -1;
	if (p)
		w->uid = p->pw_uid;
	w->gid = p ? p->pw_gid : w->uid;
	g = group ? getgrnam(group) : NULL;
	if (g)
		w->gid = g->gr_gid;
	else if (group && number(group, &w->gid))
		rc = -1;
	w->set = true;
	w->ngroups = p ? GROUPS_MAX : 0;
	if (p && getgrouplist(p->pw_name, w->gid, w->groups, &w->ngroups) < 0)
		rc = -1;
	if (rc)
		complain("there is no user or group %s", text);
	free(user);
	return rc;
}

static int become(const struct who *w)
{
	if (!w->set)
		return 0;
	if (setgroups(w->ngroups, w->groups))
		return -errno;
	return setgid(w->gid) || setuid(w->uid) ? -errno : 0;
}

static int lo_up(void)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq r = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	int err = fd < 0 || ioctl(fd, SIOCSIFFLAGS, &r) ? -errno : 0;

	if (fd >= 0)
		close(fd);
	return err;
}

/* Its own network, and the /sys that shows it. */
static int make_namespace(void)
{
	if (unshare(CLONE_NEWNET | CLONE_NEWNS) ||
	    mount("", "/", "none", MS_SLAVE | MS_REC, NULL))
		return -errno;
	umount2("/sys", MNT_DETACH);
	/* where there is none, it is missed by nobody */
	(void)mount("sysfs", "/sys", "sysfs", 0, NULL);
	return lo_up();
}

static int change_root(const char *root)
{
	if (!root)
		return 0;
	return chdir(root) || chroot(".") || chdir("/") ? -errno : 0;
}

static int fail(const char *what, int err)
{
	complain("%s: %s%s", what, strerror(-err),
		 err == -EPERM ? ": exec needs root" : "");
	return 126;
}

/* READY is told when there is a namespace; GO when it is on the network. */
static int child(const struct exec_net *n, const struct who *w, int ready,
		 int go, const sigset_t *mask, char **command)
{
	char byte = 0;
	int err = make_namespace();

	if (err)
		return fail("a namespace", err);
	if (write(ready, &byte, 1) != 1 || read(go, &byte, 1) != 1)
		return 126;
	err = change_root(n->root);
	if (err)
		return fail(n->root, err);
	err = become(w);
	if (err)
		return fail(n->user, err);
	sigprocmask(SIG_SETMASK, mask, NULL);
	return exec_command(command);
}

/* --- netdctl --------------------------------------------------------- */

static void set_text(json_t *o, const char *key, const char *value)
{
	if (value)
		json_object_set_new(o, key, json_string(value));
}

static json_t *attachment(const struct exec_net *n, pid_t pid)
{
	json_t *o = json_object(), *labels;
	char text[24];

	snprintf(text, sizeof(text), "pid:%d", (int)pid);
	set_text(o, "network", n->network);
	set_text(o, "type", "veth");
	set_text(o, "netns", text);
	set_text(o, "ifname", n->ifname);
	set_text(o, "address", n->address);
	set_text(o, "address6", n->address6);
	set_text(o, "mac", n->mac);
	if (n->publish)
		json_object_set_new(o, "publish", json_lines(n->publish));
	set_bandwidth(o, n->ingress, n->egress);
	labels = n->labels ? json_labels(n->labels) : json_object();
	set_text(labels, "door", "exec");
	json_object_set_new(o, "labels", labels);
	return o;
}

static const int passed[] = {
	SIGTERM, SIGHUP, SIGINT, SIGQUIT, SIGUSR1, SIGUSR2, SIGWINCH,
};

static void block(sigset_t *set, sigset_t *old)
{
	size_t i;

	sigemptyset(set);
	sigaddset(set, SIGCHLD);
	for (i = 0; i < sizeof(passed) / sizeof(*passed); i++)
		sigaddset(set, passed[i]);
	sigprocmask(SIG_BLOCK, set, old);
}

/*
 * What a terminal sends goes to the child as well; what somebody sends to
 * netdctl is passed on.  A child that stops leaves netdctl running: both are
 * stopped by the terminal.
 */
static int supervise(pid_t pid, const sigset_t *set)
{
	siginfo_t info;
	int status;

	for (;;) {
		if (waitpid(pid, &status, WNOHANG) == pid)
			return WIFSIGNALED(status) ? 128 + WTERMSIG(status) :
			       WEXITSTATUS(status);
		if (sigwaitinfo(set, &info) < 0 || info.si_signo == SIGCHLD)
			continue;
		if (info.si_code != SI_KERNEL)
			kill(pid, info.si_signo);
	}
}

/* Ends the child before it has begun; the exit code. */
static int give_up(pid_t pid, int rc)
{
	int status;

	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	return rc;
}

static int detach(const char *topology, const char *name, int rc)
{
	struct reply r;

	/* netd may have noticed before us that the namespace is gone */
	if (ask_detach(topology, name, &r) && r.code && r.code != 404) {
		finish(&r);
		return rc ? rc : EXIT_FAILED;
	}
	reply_free(&r);
	return rc;
}

static int run(const struct exec_net *n, pid_t pid, int go,
	       const sigset_t *set)
{
	long ms = wait_ms(n->wait ? n->wait : "10s");
	char made[80], *topology;
	struct reply r;
	int rc;

	make_name(made, sizeof(made), "exec");
	r = ask_attach(n->name ? n->name : made, attachment(n, pid), ms);
	if (r.code != 200)
		return give_up(pid, finish(&r));
	topology = must(strdup(str(r.json, "topology")));
	if (json_is_false(json_object_get(r.json, "ready")))
		print_findings(r.json);
	reply_free(&r);
	rc = write(go, "", 1) == 1 ? supervise(pid, set) : give_up(pid, 126);
	rc = detach(topology, n->name ? n->name : made, rc);
	free(topology);
	return rc;
}

int exec_on_network(const struct exec_net *n, char **command)
{
	int ready[2], go[2];
	sigset_t set, old;
	struct who who;
	char byte;
	pid_t pid;

	if (n->wait && wait_ms(n->wait) < 0)
		return usage("exec", "--wait is a time like 10s or 500ms");
	if (find_user(n->user, &who))
		return 126;
	if (pipe2(ready, O_CLOEXEC) || pipe2(go, O_CLOEXEC))
		return fail("pipe", -errno);
	block(&set, &old);
	pid = fork();
	if (pid < 0)
		return fail("fork", -errno);
	if (!pid) {
		close(ready[0]);
		close(go[1]);
		_exit(child(n, &who, ready[1], go[0], &old, command));
	}
	close(ready[1]);
	close(go[0]);
	if (read(ready[0], &byte, 1) != 1)
		return supervise(pid, &set);
	return run(n, pid, go[1], &set);
}

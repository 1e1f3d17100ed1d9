// exec.c - netdctl exec: a command in a node, or on a network
// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ctl/lab.h"

int exec_command(char **command)
{
	int rc;

	execvp(command[0], command);
	rc = errno == ENOENT ? 127 : 126;
	complain("%s: %s", command[0], strerror(errno));
	return rc;
}

/*
 * As ip-netns(8) does: the namespace's own /sys, so that tools which look for
 * interfaces there see these; and the node's name as the host's.
 */
static int enter(const char *netns, const char *hostname)
{
	char path[300];
	int fd;

	snprintf(path, sizeof(path), "/run/netns/%s", netns);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || setns(fd, CLONE_NEWNET) ||
	    unshare(CLONE_NEWNS | CLONE_NEWUTS) ||
	    mount("", "/", "none", MS_SLAVE | MS_REC, NULL))
		return -errno;
	close(fd);
	umount2("/sys", MNT_DETACH);
	if (mount(netns, "/sys", "sysfs", 0, NULL))
		return -errno;
	return sethostname(hostname, strlen(hostname)) ? -errno : 0;
}

/* vtysh(1) shall talk to the daemons of this router, as on a real one. */
static void show_daemons(const char *vty)
{
	if (vty[0] != '/')
		return;
	mkdir("/run/frr", 0755);
	if (mount(vty, "/run/frr", NULL, MS_BIND, NULL))
		complain("%s: %s", vty, strerror(errno));
}

static bool is_among(const char *kind, const char *const *kinds)
{
	while (*kinds && strcmp(*kinds, kind))
		kinds++;
	return *kinds;
}

/* Is it in the pod of that number, "campus-7"? */
static bool in_pod(const json_t *item, const char *pod)
{
	const char *name = str(item, "topology");
	const char *dash = strrchr(name, '-');

	return !pod || (dash && !strcmp(dash + 1, pod));
}

json_t *find_item(const char *arg, const char *pod, const char *const *kinds,
		  const char *what, int *rc)
{
	const char *name;
	char *topology = split_name(arg, &name);
	char *path = path_query(path_of("list", NULL), "name", name);
	json_t *found = NULL, *it;
	struct reply r;
	size_t i;

	if (topology)
		path = path_query(path, "topology", topology);
	free(topology);
	r = ask("GET", path, NULL, 0, NULL);
	free(path);
	if (r.code != 200) {
		*rc = finish(&r);
		return NULL;
	}
	*rc = EXIT_FAILED;
	json_array_foreach(json_object_get(r.json, "items"), i, it) {
		if (!is_among(str(it, "kind"), kinds))
			continue;
		if (!in_pod(it, pod))
			continue;
		if (found) {
			complain("%s is in %s and in %s: write TOPOLOGY/%s, or "
				 "--pod NUMBER", name, str(found, "topology"),
				 str(it, "topology"), name);
			json_decref(found);
			found = NULL;
			break;
		}
		found = json_incref(it);
	}
	if (!found && i == json_array_size(json_object_get(r.json, "items")))
		complain("there is no %s %s; netdctl list shows what there is",
			 what, arg);
	reply_free(&r);
	return found;
}

int exec_enter(const json_t *node)
{
	int err = enter(str(node, "netns"), str(node, "name"));

	if (!err)
		show_daemons(str(node, "vty"));
	return err;
}

static int exec_in(const char *node, const char *pod, char **command)
{
	static const char *const kinds[] = { "node", "router", NULL };
	int rc, err;
	json_t *it = find_item(node, pod, kinds, "node or router", &rc);

	if (!it)
		return rc == EXIT_FAILED ? 126 : rc;
	err = exec_enter(it);
	if (err) {
		complain("%s: %s%s", str(it, "netns"), strerror(-err),
			 err == -EPERM || err == -EACCES ?
			 ": exec needs root" : "");
		json_decref(it);
		return 126;
	}
	json_decref(it);
	return exec_command(command);
}

/* --- options ----------------------------------------------------------- */

static const char *const spec[] = {
	"network=", "chroot=", "user=", "name=", "wait=", "ifname=",
	"address=", "address6=", "mac=", "publish=+", "label=+",
	"ingress=", "egress=", "pod=", NULL
};
enum { NETWORK, ROOT, USER, NAME, WAIT, IFNAME, ADDRESS, ADDRESS6, MAC,
       PUBLISH, LABEL, INGRESS, EGRESS, POD, VALUES };

/* Is what follows ARG its value? */
static bool takes_value(const char *arg)
{
	int i;

	if (strchr(arg, '='))
		return false;
	for (i = 0; spec[i]; i++)
		if (!strncmp(arg + 2, spec[i], strlen(arg + 2)) &&
		    spec[i][strlen(arg + 2)] == '=')
			return true;
	return !strcmp(arg, "--socket");
}

/* Options behind NODE, or behind the command, are the command's. */
static int leading(int argc, char **argv)
{
	int i = 1;

	while (i < argc && !strncmp(argv[i], "--", 2) && argv[i][2])
		i += 1 + takes_value(argv[i]);
	while (i < argc && !strcmp(argv[i], "-h"))
		i++;
	return i < argc ? i : argc;
}

static int on_network(const char **v, char **command)
{
	struct exec_net n = {
		.network = v[NETWORK], .root = v[ROOT], .user = v[USER],
		.name = v[NAME], .wait = v[WAIT], .ifname = v[IFNAME],
		.address = v[ADDRESS], .address6 = v[ADDRESS6],
		.mac = v[MAC], .publish = v[PUBLISH], .labels = v[LABEL],
		.ingress = v[INGRESS], .egress = v[EGRESS],
	};

	return exec_on_network(&n, command);
}

int cmd_exec(int argc, char **argv)
{
	const char *v[VALUES] = { NULL }, *node = NULL;
	int at = leading(argc, argv), i;

	if (options(at, argv, spec, v) < 0)
		return EXIT_USAGE;
	for (i = ROOT; !v[NETWORK] && i < POD; i++)
		if (v[i])
			return usage(argv[0], "--%.*s is for --network",
				     (int)strcspn(spec[i], "="), spec[i]);
	if (!v[NETWORK] && at < argc)
		node = argv[at++];
	/* the only one that belongs to the node */
	if (node && at + 1 < argc && !strcmp(argv[at], "--pod")) {
		v[POD] = argv[at + 1];
		at += 2;
	}
	if (at < argc && !strcmp(argv[at], "--"))
		at++;
	if (at >= argc)
		return usage(argv[0], "NODE or --network NETWORK, and COMMAND "
			     "are needed");
	return node ? exec_in(node, v[POD], argv + at) : on_network(v, argv + at);
}

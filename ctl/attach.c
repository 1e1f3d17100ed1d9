// attach.c - netdctl attach, detach, exec: things found by their names
// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/random.h>
#include <unistd.h>

#include "ctl/ctl.h"
#include "netd/buf.h"

/* Splits TOPOLOGY/NAME; the topology is NULL when it isn't written. */
static char *split(const char *arg, const char **name)
{
	const char *slash = strchr(arg, '/');

	*name = slash ? slash + 1 : arg;
	return slash ? must(strndup(arg, slash - arg)) : NULL;
}

/* --- attach ---------------------------------------------------------- */

static const char *const spec[] = {
	"netns=", "tap", "nic=", "name=", "owner=", "group=", "queues=",
	"ifname=", "address=", "address6=", "mac=", NULL
};
enum { NETNS, TAP, NIC, NAME, OWNER, GROUP, QUEUES, IFNAME, ADDRESS,
       ADDRESS6, MAC, VALUES };

/* A name that nobody has: the network's, and some hex digits. */
static void make_name(char *out, size_t size, const char *network)
{
	unsigned int r = 0;

	if (getrandom(&r, sizeof(r), 0) < 0)
		r = getpid();
	snprintf(out, size, "%.50s-%06x", network, r & 0xffffff);
}

static json_t *attachment(const char *network, const char **v)
{
	json_t *o = json_object();
	int i;

	json_object_set_new(o, "network", json_string(network));
	json_object_set_new(o, "type", json_string(v[TAP] ? "tap" :
						   v[NIC] ? "nic" : "veth"));
	if (v[NETNS])
		json_object_set_new(o, "netns", json_string(v[NETNS]));
	for (i = OWNER; i < VALUES; i++) {
		char key[16];

		if (!v[i])
			continue;
		snprintf(key, sizeof(key), "%.*s", (int)strcspn(spec[i], "="),
			 spec[i]);
		json_object_set_new(o, key, i == QUEUES ?
				    json_integer(atoi(v[i])) :
				    json_string(v[i]));
	}
	return o;
}

static int send_attachment(const char *topology, const char *name, json_t *o)
{
	json_t *body = json_pack("{s:o}", name, o);
	char *text = body ? json_dumps(body, JSON_COMPACT) : NULL;
	char *path = path_of("attachments", NULL);
	struct reply r;

	json_decref(body);
	if (topology)
		path = path_query(path, "topology", topology);
	if (!text) {
		free(path);
		return usage("attach", "a value is not UTF-8");
	}
	r = ask("POST", path, text, strlen(text), NULL);
	free(path);
	free(text);
	if (r.code == 200 && !want_json) {
		const json_t *a = json_object_get(r.json, "attachment");

		printf("%s/%s interface %s mac %s address %s\n",
		       str(r.json, "topology"), name, str(a, "ifname"),
		       str(a, "mac"),
		       str(a, "address")[0] ? str(a, "address") : "none");
	}
	return finish(&r);
}

int cmd_attach(int argc, char **argv)
{
	const char *v[VALUES] = { NULL }, *network;
	int n = options(argc, argv, spec, v), rc;
	char made[80], *topology;

	if (n != 1)
		return n < 0 ? EXIT_USAGE :
		       usage(argv[0], "one NETWORK is needed");
	if (!v[NETNS] + !v[TAP] + !v[NIC] != 2)
		return usage(argv[0], "one of --netns, --tap, --nic");
	topology = split(argv[1], &network);
	if (!v[NAME])
		make_name(made, sizeof(made), network);
	/* a NIC is called as its interface */
	rc = send_attachment(topology, v[NAME] ? v[NAME] :
			     v[NIC] ? v[NIC] : made, attachment(network, v));
	free(topology);
	return rc;
}

static int detach_one(const char *arg)
{
	const char *name;
	char *topology = split(arg, &name);
	char *path = path_of("attachments", name, NULL);
	struct reply r;

	if (topology)
		path = path_query(path, "topology", topology);
	free(topology);
	r = ask("DELETE", path, NULL, 0, NULL);
	free(path);
	return finish(&r);
}

int cmd_detach(int argc, char **argv)
{
	int i, n = options(argc, argv, NULL, NULL), rc = EXIT_OK, one;

	if (n <= 0)
		return n < 0 ? EXIT_USAGE : usage(argv[0], "a NAME is missing");
	for (i = 1; i <= n; i++) {
		one = detach_one(argv[i]);
		if (one > rc)
			rc = one;
	}
	return rc;
}

/* --- exec ------------------------------------------------------------ */

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

/* The node or router of that name; NULL after a message. */
static json_t *lookup(const char *arg, int *rc)
{
	const char *name;
	char *topology = split(arg, &name);
	char *path = path_query(path_of("list", NULL), "name", name);
	json_t *found = NULL, *it;
	struct reply r;
	size_t i;

	if (topology)
		path = path_query(path, "topology", topology);
	free(topology);
	r = ask("GET", path, NULL, 0, NULL);
	free(path);
	*rc = 126;
	if (r.code != 200) {
		*rc = finish(&r);
		return NULL;
	}
	json_array_foreach(json_object_get(r.json, "items"), i, it) {
		if (strcmp(str(it, "kind"), "node") &&
		    strcmp(str(it, "kind"), "router"))
			continue;
		if (found) {
			complain("%s is in %s and in %s: write TOPOLOGY/%s",
				 name, str(found, "topology"),
				 str(it, "topology"), name);
			json_decref(found);
			found = NULL;
			break;
		}
		found = json_incref(it);
	}
	if (!found && i == json_array_size(json_object_get(r.json, "items")))
		complain("there is no node or router %s; netdctl list nodes "
			 "shows what there is", arg);
	reply_free(&r);
	return found;
}

static int exec_in(const char *node, char **command)
{
	int rc, err;
	json_t *it = lookup(node, &rc);

	if (!it)
		return rc;
	err = enter(str(it, "netns"), str(it, "name"));
	if (err) {
		complain("%s: %s%s", str(it, "netns"), strerror(-err),
			 err == -EPERM || err == -EACCES ?
			 ": exec needs root" : "");
		json_decref(it);
		return 126;
	}
	json_decref(it);
	execvp(command[0], command);
	rc = errno == ENOENT ? 127 : 126;
	complain("%s: %s", command[0], strerror(errno));
	return rc;
}

/* Options behind NODE are the command's. */
int cmd_exec(int argc, char **argv)
{
	int n, at, first = 1;

	while (first < argc && argv[first][0] == '-' &&
	       strcmp(argv[first], "--"))
		first++;
	n = options(first, argv, NULL, NULL);
	if (n < 0)
		return EXIT_USAGE;
	at = first + 1;
	if (at < argc && !strcmp(argv[at], "--"))
		at++;
	if (at >= argc)
		return usage(argv[0], "NODE and COMMAND are needed");
	return exec_in(argv[first], argv + at);
}

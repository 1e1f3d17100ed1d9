// hook.c - netd-oci-hook: containers on netd's networks, by runtimes' hooks
// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ctl/hook.h"

static const char usage[] =
"Usage: netd-oci-hook [OPTION]...\n"
"Started by runc, crun, Podman (createRuntime and poststop, which hand the\n"
"state over) or LXC (hook.start-host and hook.post-stop, or script.up and\n"
"script.down, which set LXC_NAME).  Options are for containers whose\n"
"annotations netd.network, netd.address, ... say nothing:\n"
"\n"
"  --network [TOPOLOGY/]NETWORK   once for each interface; the others follow\n"
"  --address ADDRESS[,ADDRESS]    instead of automatic ones\n"
"  --mac MAC\n"
"  --ifname NAME                  eth0, eth1, ...\n"
"  --publish [IP:]PORT:PORT[/PROTOCOL][,...]\n"
"  --default-route true|false\n"
"  --ingress RATE[/BURST], --egress RATE[/BURST]   such as 10M/64k\n"
"  --socket PATH                  of netd (" NETD_RUNDIR "/netd.sock)\n";

void hook_fail(const char *fmt, ...)
{
	va_list ap;

	fputs("netd-oci-hook: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	exit(1);
}

/* --- attach, detach --------------------------------------------------- */

static json_t *attachment(const struct wish *w, const char *door,
			  const char *id, int pid, const char *ifname)
{
	json_t *o = json_pack("{s:s, s:s, s:s, s:i}", "type", "veth", "ifname",
			      ifname, "network", w->network, "netns", pid);
	char key[32], *copy, *at, *word;
	json_t *labels = json_object();

	copy = strdup(w->address ? w->address : "");
	for (word = strtok_r(copy, ", ", &at); word;
	     word = strtok_r(NULL, ", ", &at))
		plug_address(o, word);
	free(copy);
	if (w->mac)
		json_object_set_new(o, "mac", json_string(w->mac));
	if (w->publish)
		plug_words(o, "publish", w->publish);
	if (w->default_route)
		json_object_set_new(o, "default-route", json_boolean(
				    !strcmp(w->default_route, "true")));
	plug_bound(o, "ingress", w->ingress);
	plug_bound(o, "egress", w->egress);
	plug_label(labels, "door", door);
	snprintf(key, sizeof(key), "%s.container", door);
	plug_label(labels, key, id);
	json_object_set_new(o, "labels", labels);
	return o;
}

/* What is there already; a second network is no reason to move its route. */
static void look_inside(int pid, struct netns_view *v)
{
	char path[40];
	int fd, err;

	snprintf(path, sizeof(path), "/proc/%d/ns/net", pid);
	fd = netns_open(path);
	if (fd == -EXDEV)
		hook_fail("process %d has no network namespace of its own "
			  "(or this is not the stage createRuntime, but one "
			  "that runs inside it)", pid);
	err = fd < 0 ? fd : netns_look(fd, "lo", v);
	if (err)
		hook_fail("%s: %s", path, strerror(-err));
	close(fd);
}

static void attach_one(const struct wish *wish, unsigned int i,
		       const char *door, const char *id, int pid,
		       struct netns_view *v)
{
	char name[PLUG_NAME], ifname[16], *network = strdup(wish->network);
	const char *topology = NULL;
	struct wish w = *wish;
	struct answer a;

	snprintf(ifname, sizeof(ifname), "eth%u", i);
	if (w.ifname)
		snprintf(ifname, sizeof(ifname), "%s", w.ifname);
	w.network = plug_split(network, &topology);
	if (!w.default_route && (v->default4 || v->default6))
		w.default_route = "false";
	plug_name(name, door, id, ifname, NULL);
	a = plug_attach(name, topology, attachment(&w, door, id, pid, ifname),
			true);
	if (a.code != 200) {
		/* those that came before go again */
		hook_detach(door, id);
		hook_fail("%s: %s%s%s", wish->network, buf_text(&a.error),
			  a.details.len ? ": " : "", buf_text(&a.details));
	}
	/* the next one does not lead outside as well */
	if (!w.default_route || !strcmp(w.default_route, "true"))
		v->default4 = v->default6 = true;
	answer_free(&a);
	free(network);
}

void hook_attach(const struct wishes *w, const char *door, const char *id,
		 int pid)
{
	struct netns_view v;
	unsigned int i;

	if (!w->n)
		return;
	look_inside(pid, &v);
	for (i = 0; i < w->n; i++)
		attach_one(&w->v[i], i, door, id, pid, &v);
	netns_view_free(&v);
}

void hook_detach(const char *door, const char *id)
{
	struct answer list, a;
	char key[32];
	json_t *it;
	size_t i;

	snprintf(key, sizeof(key), "%s.container", door);
	list = plug_labelled(door, "container", id);
	if (list.code != 200)
		hook_fail("%s", buf_text(&list.error));
	json_array_foreach(json_object_get(list.json, "items"), i, it) {
		/* never somebody else's, whatever was listed */
		if (strcmp(plug_str(json_object_get(it, "labels"), key), id))
			continue;
		if (!plug_detach(plug_str(it, "name"),
				 plug_str(it, "topology"), &a))
			fprintf(stderr, "netd-oci-hook: %s: %s\n",
				plug_str(it, "name"), buf_text(&a.error));
		answer_free(&a);
	}
	answer_free(&list);
}

/* --- options ---------------------------------------------------------- */

static void set(struct wishes *w, int c, const char *value)
{
	struct wish *last = &w->v[w->n ? w->n - 1 : 0];
	const char **const fields[] = {
		&last->address, &last->mac, &last->ifname, &last->publish,
		&last->default_route, &last->ingress, &last->egress,
	};

	if (c == 'S') {
		plug_socket = value;
	} else if (c == 'n') {
		if (w->n == WISHES_MAX)
			hook_fail("more than %d networks", WISHES_MAX);
		w->v[w->n++].network = value;
	} else if (!w->n) {
		hook_fail("--network comes first");
	} else {
		*fields[c] = value;
	}
}

static void parse(struct wishes *w, int argc, char **argv)
{
	static const struct option names[] = {
		{ "address", required_argument, NULL, 0 },
		{ "mac", required_argument, NULL, 1 },
		{ "ifname", required_argument, NULL, 2 },
		{ "publish", required_argument, NULL, 3 },
		{ "default-route", required_argument, NULL, 4 },
		{ "ingress", required_argument, NULL, 5 },
		{ "egress", required_argument, NULL, 6 },
		{ "network", required_argument, NULL, 'n' },
		{ "socket", required_argument, NULL, 'S' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },
		{ 0 }
	};
	int c;

	/* LXC adds arguments of its own, which are in the environment too */
	while ((c = getopt_long(argc, argv, "h", names, NULL)) != -1) {
		if (c == '?')
			exit(64);
		if (c == 'h' || c == 'V') {
			fputs(c == 'h' ? usage : "netd-oci-hook "
			      PACKAGE_VERSION "\n", stdout);
			exit(0);
		}
		set(w, c, optarg);
	}
}

int main(int argc, char **argv)
{
	struct wishes w = { 0 };

	parse(&w, argc, argv);
	if (getenv("LXC_NAME"))
		hook_lxc(&w);
	else
		hook_oci(&w);
	return 0;
}

// cni_check.c - CHECK and STATUS: is it as it should be, can there be more?
// SPDX-License-Identifier: GPL-2.0-or-later
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "ctl/cni.h"

/* --- CHECK: in the container ------------------------------------------ */

static const json_t *own_interface(const struct cni *c, size_t *index)
{
	json_t *it;
	size_t i;

	json_array_foreach(json_object_get(c->prev, "interfaces"), i, it) {
		if (strcmp(plug_str(it, "name"), c->ifname) ||
		    !*plug_str(it, "sandbox"))
			continue;
		*index = i;
		return it;
	}
	cni_fail(c, CNI_CONFIG, NULL, "prevResult has no interface %s",
		 c->ifname);
}

/* The address as the kernel has it; others may have been added. */
static void check_ips(const struct cni *c, const struct netns_view *v,
		      size_t index)
{
	char word[80];
	json_t *it;
	size_t i;

	json_array_foreach(json_object_get(c->prev, "ips"), i, it) {
		const json_t *of = json_object_get(it, "interface");

		if (!json_is_integer(of) ||
		    (size_t)json_integer_value(of) != index)
			continue;
		snprintf(word, sizeof(word), " %s ", plug_str(it, "address"));
		if (!strstr(buf_text(&v->addresses), word))
			cni_fail(c, CNI_DIFFERS, NULL, "%s has no address%s",
				 c->ifname, word);
	}
}

/*
 * Routes that netd made must be there.  A chained plugin may have changed
 * others, or the default route, so that it leads elsewhere.
 */
static void check_routes(const struct cni *c, const struct netns_view *v,
			 const json_t *attachment)
{
	char word[120];
	json_t *it;
	size_t i;

	json_array_foreach(json_object_get(attachment, "routes"), i, it) {
		const char *dst = plug_str(it, "dst");

		snprintf(word, sizeof(word), " %s,%s ", dst,
			 plug_str(it, "gw"));
		if (strstr(buf_text(&v->routes), word) ||
		    (!strcmp(dst, "0.0.0.0/0") && v->default4) ||
		    (!strcmp(dst, "::/0") && v->default6))
			continue;
		cni_fail(c, CNI_DIFFERS, NULL, "the route to %s is not there",
			 dst);
	}
}

static void look_inside(const struct cni *c, struct netns_view *v)
{
	int fd = netns_open(c->netns);
	int err = fd < 0 ? fd : netns_look(fd, c->ifname, v);

	if (err < 0)
		cni_fail(c, CNI_NETNS, NULL, "failed to open netns \"%.100s\": "
			 "%s", c->netns, err == -EXDEV ?
			 "it is the host's own" : strerror(-err));
	close(fd);
}

static void check_inside(const struct cni *c, const struct netns_view *v,
			 const json_t *attachment)
{
	size_t index = 0;
	const char *mac = plug_str(own_interface(c, &index), "mac");

	if (!v->has_link)
		cni_fail(c, CNI_DIFFERS, NULL, "there is no interface %s in "
			 "%.100s", c->ifname, c->netns);
	if (!v->up)
		cni_fail(c, CNI_DIFFERS, NULL, "%s is down", c->ifname);
	if (*mac && strcasecmp(mac, v->mac))
		cni_fail(c, CNI_DIFFERS, NULL, "%s has the MAC %s instead of "
			 "%.20s", c->ifname, v->mac, mac);
	check_ips(c, v, index);
	check_routes(c, v, attachment);
}

/* --- CHECK: outside --------------------------------------------------- */

/* Its name as a word of the text: what a step is about. */
static bool mentions(const char *text, const char *name)
{
	const char *at;
	size_t len = strlen(name);

	for (at = strstr(text, name); len && at; at = strstr(at + 1, name))
		if ((at == text || strchr(" \"/,.", at[-1])) &&
		    (!at[len] || strchr(" \"/,.:", at[len])))
			return true;
	return false;
}

/*
 * What netd would have to do now, if it has to do with the attachment: that
 * is the port, its bridge, its place in the rules.
 */
static void check_outside(const struct cni *c, const json_t *attachment)
{
	struct answer a = plug_ask("POST", "/v1/plan", NULL);
	const char *keys[] = { "port", "bridge" };
	json_t *it;
	size_t i, k;

	if (a.code != 200)
		cni_fail(c, cni_code(&a), buf_text(&a.details), "%s",
			 buf_text(&a.error));
	json_array_foreach(json_object_get(a.json, "steps"), i, it)
		for (k = 0; k < 2; k++) {
			const char *name = plug_str(attachment, keys[k]);

			if (!strcmp(plug_str(it, "name"), name) ||
			    mentions(plug_str(it, "text"), name))
				cni_fail(c, CNI_DIFFERS, NULL, "the host is "
					 "not as it should be: %.200s",
					 plug_str(it, "text"));
		}
	answer_free(&a);
}

static json_t *find_attachment(const struct cni *c, struct answer *a)
{
	struct buf path = { 0 };
	json_t *items;

	buf_str(&path, "/v1/list?kind=attachment");
	plug_query(&path, "name", c->attachment);
	*a = plug_ask("GET", buf_text(&path), NULL);
	buf_free(&path);
	if (a->code != 200)
		cni_fail(c, cni_code(a), buf_text(&a->details), "%s",
			 buf_text(&a->error));
	items = json_object_get(a->json, "items");
	if (!json_array_size(items))
		cni_fail(c, CNI_DIFFERS, NULL, "netd knows no attachment %s of "
			 "this container", c->attachment);
	return json_array_get(items, 0);
}

void cni_check(struct cni *c)
{
	struct buf why = { 0 };
	struct netns_view v;
	json_t *attachment;
	struct answer a;
	int code = 0;

	if (!c->prev)
		cni_fail(c, CNI_CONFIG, NULL, "CHECK needs prevResult");
	look_inside(c, &v);
	attachment = find_attachment(c, &a);
	check_inside(c, &v, attachment);
	check_outside(c, attachment);
	if (c->ipam)
		json_decref(cni_ipam(c, "CHECK", &code, &why));
	if (code)
		cni_fail(c, code, NULL, "%s: %s", c->ipam, buf_text(&why));
	netns_view_free(&v);
	answer_free(&a);
}

/* --- STATUS ----------------------------------------------------------- */

/* Is this the alias of a port that a container has?  "netd:TOPOLOGY/NAME" */
static bool is_port(int dir, const char *ifname)
{
	char path[300], alias[256] = "";
	const char *name;
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "%s/ifalias", ifname);
	fd = openat(dir, path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	n = read(fd, alias, sizeof(alias) - 1);
	close(fd);
	name = strchr(alias, '/');
	return n > 0 && !strncmp(alias, "netd:", 5) && name &&
	       !strncmp(name + 1, "cni-", 4);
}

/* netd can't be asked, but its marks are on the interfaces. */
static bool live_ports(void)
{
	DIR *d = opendir("/sys/class/net");
	struct dirent *e;
	bool found = false;

	while (d && !found && (e = readdir(d)))
		found = is_port(dirfd(d), e->d_name);
	if (d)
		closedir(d);
	return found;
}

static void check_network(const struct cni *c)
{
	struct buf path = { 0 };
	struct answer a;

	buf_str(&path, "/v1/list?kind=network");
	plug_query(&path, "name", c->network);
	if (c->topology)
		plug_query(&path, "topology", c->topology);
	a = plug_ask("GET", buf_text(&path), NULL);
	if (a.code != 200 ||
	    !json_array_size(json_object_get(a.json, "items")))
		cni_fail(c, CNI_NOT_READY, buf_text(&a.error), "netd has no "
			 "network %s%s%s", c->topology ? c->topology : "",
			 c->topology ? "/" : "", c->network);
	answer_free(&a);
	buf_free(&path);
}

void cni_status(struct cni *c)
{
	struct answer a = plug_ask("GET", "/v1/status", NULL);
	struct buf why = { 0 };
	int code = 0;

	if (a.code != 200 || !strcmp(plug_str(a.json, "state"), "starting"))
		cni_fail(c, live_ports() ? CNI_LIMITED : CNI_NOT_READY, NULL,
			 "%s", a.error.len ? buf_text(&a.error) :
			 "netd is starting");
	check_network(c);
	if (c->ipam)
		json_decref(cni_ipam(c, "STATUS", &code, &why));
	/* what is older than STATUS has nothing to say about it */
	if (code && code != CNI_VERSION && code != CNI_ENV)
		cni_fail(c, code, NULL, "%s: %s", c->ipam, buf_text(&why));
	answer_free(&a);
}

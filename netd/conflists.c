// conflists.c - networks as files that container engines find (CNI)
// SPDX-License-Identifier: GPL-2.0-or-later
#include "netd/conflists.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "netd/helper.h"
#include "netd/log.h"

/* CRI takes the first file for its pods: those of others come before ours. */
#define PREFIX "95-netd-"
#define SUFFIX ".conflist"
#define FILE_NAME (sizeof(PREFIX) + 2 * 64 + sizeof(SUFFIX))
/* Podman 4 refuses lists of a version it doesn't know. */
#define CNI_VERSION "1.0.0"

struct conflist {
	const char *topology, *network;
	json_t *have;		/* what is in its file, if that is ours */
	bool foreign;		/* it isn't */
	bool qualified;		/* another network has the name alone */
	char file[FILE_NAME];
};

struct conflists {
	struct conflist *v;
	unsigned int n;
	int dir;		/* to read in; the helper writes */
	int helper;
};

/* --- the networks ----------------------------------------------------- */

static int by_network(const void *x, const void *y)
{
	const struct conflist *a = x, *b = y;
	int d = strcmp(a->network, b->network);

	return d ? d : strcmp(a->topology, b->topology);
}

static void collect(struct conflists *l, const struct entry *en)
{
	struct conflist *c;
	unsigned int i = 0;
	const char *name;

	while (en->topo &&
	       (name = topo_network_name(en->topo, i++))) {
		l->v = realloc(l->v, (l->n + 1) * sizeof(*l->v));
		if (!l->v)
			fatal("out of memory");
		c = &l->v[l->n++];
		*c = (struct conflist){ .topology = en->name, .network = name };
		snprintf(c->file, FILE_NAME, PREFIX "%s.%s" SUFFIX, en->name,
			 name);
	}
}

/* Of all names; 0 is what nothing was written for yet. */
static uint64_t list_networks(struct conflists *l, const struct topos *set)
{
	struct buf all = { 0 };
	unsigned int i;
	uint64_t hash;

	for (i = 0; i < set->n; i++)
		collect(l, set->v[i]);
	if (l->n)
		qsort(l->v, l->n, sizeof(*l->v), by_network);
	for (i = 0; i < l->n; i++)
		buf_printf(&all, "%s\n", l->v[i].file);
	hash = hash64(buf_text(&all), all.len) | 1;
	buf_free(&all);
	return hash;
}

/* --- files ------------------------------------------------------------ */

void conflists_folder(const char *path)
{
	char part[PATH_MAX];
	size_t len;

	/* a host without engines has no such folder yet */
	for (len = 1; len < sizeof(part) && path[len - 1]; len++) {
		if (path[len] && path[len] != '/')
			continue;
		snprintf(part, sizeof(part), "%.*s", (int)len, path);
		if (!mkdir(part, 0755))
			chmod(part, 0755);	/* whatever the umask */
	}
}

/* What is in a file of ours; NULL: there is none, or it is somebody else's. */
static json_t *read_ours(int dir, const char *file, bool *foreign)
{
	size_t len;
	int err;
	char *text = read_at(dir, file, &len, &err);
	json_t *o = text ? json_loadb(text, len, 0, NULL) : NULL;

	*foreign = text || err != -ENOENT;
	free(text);
	if (json_object_get(o, "netd")) {
		*foreign = false;
		return o;
	}
	json_decref(o);
	return NULL;
}

static json_t *render(const struct conflist *c, const char *socket)
{
	char name[160], network[160];
	json_t *plugin;

	snprintf(network, sizeof(network), "%s/%s", c->topology, c->network);
	snprintf(name, sizeof(name), "%s%s%s", c->qualified ? c->topology : "",
		 c->qualified ? "." : "", c->network);
	plugin = json_pack("{s:s, s:s, s:{s:b, s:b, s:b, s:b, s:b}}",
			   "type", "netd-cni", "network", network,
			   "capabilities", "ips", 1, "mac", 1, "portMappings",
			   1, "dns", 1, "aliases", 1);
	if (strcmp(socket, NETD_RUNDIR "/netd.sock"))
		json_object_set_new(plugin, "socket", json_string(socket));
	return json_pack("{s:s, s:[s, s], s:s, s:{s:s, s:s}, s:[o]}",
			 "cniVersion", CNI_VERSION, "cniVersions", CNI_VERSION,
			 "1.1.0", "name", name, "netd", "topology",
			 c->topology, "network", c->network, "plugins",
			 plugin);
}

static void write_one(struct conflists *l, struct conflist *c,
		      const char *socket)
{
	json_t *want = render(c, socket);
	char *text = json_dumps(want, JSON_INDENT(2));
	int err = 0;

	if (!text)
		fatal("out of memory");
	if (c->foreign)
		log_warning("%s is not netd's any more and stays as it is",
			    c->file);
	else if (!json_equal(c->have, want))
		err = helper_conflist_write(l->helper, c->file, text);
	if (err)
		log_warning("%s: %s", c->file, strerror(-err));
	free(text);
	json_decref(c->have);
	json_decref(want);
}

/*
 * Containers know a network by its name: whoever has one keeps it.  V are N
 * networks that are called the same.
 */
static void settle_names(struct conflists *l, struct conflist *v,
			 unsigned int n)
{
	struct conflist *holder = NULL, *c;
	const char *name;

	for (c = v; c < v + n; c++) {
		c->have = read_ours(l->dir, c->file, &c->foreign);
		name = json_string_value(json_object_get(c->have, "name"));
		c->qualified = name && strcmp(name, c->network);
		if (name && !c->qualified && !holder)
			holder = c;
	}
	for (c = v; c < v + n && !holder; c++)
		if (!c->qualified)
			holder = c;
	for (c = v; c < v + n; c++)
		c->qualified = c != holder;
}

static void settle_all(struct conflists *l)
{
	unsigned int i, n;

	for (i = 0; i < l->n; i += n) {
		for (n = 1; i + n < l->n; n++)
			if (strcmp(l->v[i].network, l->v[i + n].network))
				break;
		settle_names(l, &l->v[i], n);
	}
}

static bool wanted(const struct conflists *l, const char *file)
{
	unsigned int i;

	for (i = 0; i < l->n; i++)
		if (!strcmp(l->v[i].file, file))
			return true;
	return false;
}

static void remove_others(struct conflists *l)
{
	int fd = dup(l->dir);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *f;
	bool foreign;
	json_t *have;

	while (d && (f = readdir(d))) {
		if (strncmp(f->d_name, PREFIX, strlen(PREFIX)) ||
		    wanted(l, f->d_name))
			continue;
		have = read_ours(l->dir, f->d_name, &foreign);
		if (have)
			helper_conflist_write(l->helper, f->d_name, NULL);
		json_decref(have);
	}
	if (d)
		closedir(d);
	else if (fd >= 0)
		close(fd);
}

void conflists_write(struct engine *e)
{
	struct conflists l = { .dir = -1, .helper = e->opt->helper };
	uint64_t hash;
	unsigned int i;

	if (!e->opt->cni_dir)
		return;
	hash = list_networks(&l, &e->set);
	if (hash != e->conflists) {
		l.dir = open(e->opt->cni_dir,
			     O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (l.dir < 0)
			log_warning("%s: %s", e->opt->cni_dir, strerror(errno));
	}
	if (l.dir >= 0) {
		/* until all is known that is asked for, nothing goes */
		if (!e->nothing_goes)
			remove_others(&l);
		settle_all(&l);
		for (i = 0; i < l.n; i++)
			write_one(&l, &l.v[i], e->opt->socket);
		e->conflists = e->nothing_goes ? 0 : hash;
		close(l.dir);
	}
	free(l.v);
}

// docker_jobs.c - what dockerd asks of the engine, and which network it means
// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdarg.h>
#include <string.h>

#include "netd/docker.h"
#include "netd/jobs.h"
#include "netd/log.h"

#define FINDINGS_MAX 3		/* in one sentence */

/* Where an error is looked for differs: plugins.md, remote.md, ipam.md. */
static const struct method {
	const char *name, *error;
	docker_fn *run;
	bool log;
} methods[] = {
	{ "IpamDriver.RequestPool", "Error", docker_request_pool, false },
	{ "IpamDriver.RequestAddress", "Error", docker_request_address,
	  false },
	{ "IpamDriver.ReleaseAddress", "Error", docker_release_address,
	  false },
	{ "NetworkDriver.CreateNetwork", "Err", docker_create_network, true },
	{ "NetworkDriver.DeleteNetwork", "Err", docker_delete_network, true },
	{ "NetworkDriver.CreateEndpoint", "Err", docker_create_endpoint,
	  true },
	{ "NetworkDriver.DeleteEndpoint", "Err", docker_delete_endpoint,
	  true },
	{ "NetworkDriver.EndpointOperInfo", "Err", docker_info, false },
	{ "NetworkDriver.Join", "Err", docker_join, false },
	{ "NetworkDriver.ProgramExternalConnectivity", "Err", docker_publish,
	  false },
	{ "NetworkDriver.RevokeExternalConnectivity", "Err",
	  docker_unpublish, false },
};

static const struct method *method_of(const char *name)
{
	unsigned int i;

	for (i = 0; i < sizeof(methods) / sizeof(*methods); i++)
		if (!strcmp(methods[i].name, name))
			return &methods[i];
	return NULL;
}

bool docker_knows(const char *method)
{
	return method_of(method);
}

void job_docker(struct engine *e, struct job *j)
{
	const struct method *m = method_of(j->kind);
	struct docker_call c = { .e = e };
	int err;

	c.in = json_loadb(j->body, j->len, 0, NULL);
	c.out = json_object();
	err = json_is_object(c.in) ? m->run(&c) :
	      docker_fail(&c, "expected an object of JSON");
	if (err && err != -EAGAIN)
		log_warning("docker: %s: %s", j->kind, c.why);
	else if (!err && m->log)
		log_info("docker: %s %.12s", j->kind,
			 docker_str(c.in, strstr(j->kind, "Endpoint") ?
				    "EndpointID" : "NetworkID"));
	if (err && err != -EAGAIN)
		job_answer(j, 200, json_pack("{s:o}", m->error,
					     json_text(c.why)));
	else if (!err)
		job_answer(j, 200, json_incref(c.out));
	json_decref(c.in);
	json_decref(c.out);
}

const char *docker_str(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));

	return s ? s : "";
}

/* --- what is wrong ----------------------------------------------------- */

int docker_fail(struct docker_call *c, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(c->why, sizeof(c->why), fmt, ap);
	va_end(ap);
	return -EINVAL;
}

/* What of "attachments.docker-0123.publish[0]" says something to a user. */
static const char *key_of(const struct finding *f)
{
	return f->path && strstr(f->path, ".publish[") ? "a port " : "";
}

/* The same of the findings of ERR; -EAGAIN stays what it is. */
static int findings(struct docker_call *c, int err)
{
	const struct report *r = c->e->report;
	struct buf b = { 0 };
	unsigned int i, n = 0;

	if (!err || err == -EAGAIN)
		return err;
	for (i = 0; i < r->count && n < FINDINGS_MAX; i++)
		if (r->list[i].severity == SEV_ERROR)
			buf_printf(&b, "%s%s%s", n++ ? "; " : "",
				   key_of(&r->list[i]), r->list[i].text);
	if (!n)
		buf_str(&b, strerror(-err));
	docker_fail(c, "%s", buf_text(&b));
	buf_free(&b);
	return err;
}

/* --- which network ----------------------------------------------------- */

static bool take(struct docker_net *n, struct entry *en, const char *name)
{
	if (!en->topo || !topo_subnets(en->topo, name, &n->s))
		return false;
	n->en = en;
	snprintf(n->topology, sizeof(n->topology), "%s", en->name);
	snprintf(n->name, sizeof(n->name), "%s", name);
	return true;
}

/* -EAGAIN is for the caller to return: the request is run again later. */
static int ready(struct docker_call *c, const struct docker_net *n)
{
	return change_is_about(c->e, n->en->name) ? -EAGAIN : 0;
}

int docker_find(struct docker_call *c, const char *spec, struct docker_net *n)
{
	const char *slash = strchr(spec, '/'), *name = slash ? slash + 1 : spec;
	const struct entry *first = NULL;
	unsigned int i;

	for (i = 0; i < c->e->set.n; i++) {
		struct entry *en = c->e->set.v[i];
		size_t len = strlen(en->name);

		if (slash && (len != (size_t)(slash - spec) ||
			      memcmp(en->name, spec, len)))
			continue;
		if (!take(n, en, name))
			continue;
		if (first)
			return docker_fail(c, "network %s is in %s and in %s: "
					   "say which, as in %s/%s", name,
					   first->name, en->name, en->name,
					   name);
		first = en;
	}
	if (!first)
		return docker_fail(c, "there is no network %s in force; "
				   "netdctl list networks shows what there is",
				   spec);
	return ready(c, n);
}

static bool same_net(const struct prefix *a, const struct prefix *b)
{
	return a->len == b->len && !ip_cmp(&a->ip, &b->ip);
}

int docker_find_by_subnet(struct docker_call *c, const struct prefix *pool,
			  struct docker_net *n)
{
	struct docker_net other = { 0 };
	const struct prefix *net;
	unsigned int i, k, found = 0;

	for (i = 0; i < c->e->set.n; i++) {
		struct entry *en = c->e->set.v[i];
		json_t *list = json_array(), *o;

		json_items(en, "network", list);
		json_array_foreach(list, k, o) {
			if (!take(&other, en, docker_str(o, "name")))
				continue;
			net = pool->ip.family == 6 ? &other.s.net6 :
			      &other.s.net4;
			if (!net->ip.family || !same_net(net, pool))
				continue;
			*n = other;
			found++;
		}
		json_decref(list);
	}
	return found == 1 ? ready(c, n) : -ENOENT;
}

/* --- attachments --------------------------------------------------------- */

const struct plug *docker_plug(const struct entry *en, const char *name)
{
	unsigned int i;

	for (i = 0; i < en->nplugs; i++)
		if (!strcmp(en->plugs[i].name, name))
			return &en->plugs[i];
	return NULL;
}

/* Building a topology anew for it puts another entry there. */
static int plugged(struct docker_call *c, struct docker_net *n, int err)
{
	n->en = topos_find(&c->e->set, n->topology);
	return findings(c, err);
}

int docker_plug_in(struct docker_call *c, struct docker_net *n,
		   const char *name, const char *text)
{
	int err = plug_add(c->e, n->en, name, text);

	if (!err)
		engine_event_of(c->e, "attach", json_pack(
				"{s:s, s:s}", "topology", n->topology, "name",
				name), n->topology, "network", n->name);
	return plugged(c, n, err);
}

int docker_plug_out(struct docker_call *c, struct docker_net *n,
		    const char *name)
{
	int err;

	if (!docker_plug(n->en, name))
		return 0;
	err = plug_remove(c->e, n->en, name);
	if (!err)
		plug_gone(c->e, n->topology, n->name, name, NULL);
	return plugged(c, n, err);
}

int docker_plug_as(struct docker_call *c, struct docker_net *n,
		   const char *name, const char *text)
{
	return plugged(c, n, plug_whole(c->e, n->en, name, text));
}

// docker.c - the socket on which dockerd finds its driver
// SPDX-License-Identifier: GPL-2.0-or-later
#include "netd/docker.h"

#include <event2/buffer.h>
#include <event2/http.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "netd/listen.h"
#include "netd/log.h"

#define BODY_MAX (1 << 20)
#define IDLE_SECONDS 600		/* dockerd keeps its connections */
#define JOBS_MAX 200			/* that wait for the engine */
#define TYPE "application/vnd.docker.plugins.v1.1+json"

struct docker {
	struct listener *listener;
	struct post *jobs;
	unsigned int waiting;		/* jobs at the engine */
};

/* A request whose answer comes from the engine. */
struct caller {
	struct docker *d;
	struct evhttp_request *req;
};

/* What is the same for everybody, or needs nothing done. */
static const struct fixed {
	const char *method, *answer;
} fixed[] = {
	{ "Plugin.Activate",
	  "{\"Implements\": [\"NetworkDriver\", \"IpamDriver\"]}" },
	{ "NetworkDriver.GetCapabilities",
	  "{\"Scope\": \"local\", \"ConnectivityScope\": \"local\"}" },
	{ "IpamDriver.GetCapabilities",
	  "{\"RequiresMACAddress\": false,"
	  " \"RequiresRequestReplay\": false}" },
	{ "IpamDriver.GetDefaultAddressSpaces",
	  "{\"LocalDefaultAddressSpace\": \"netd\","
	  " \"GlobalDefaultAddressSpace\": \"netd\"}" },
	/* a pool is the network's subnet: it is not taken, and not released */
	{ "IpamDriver.ReleasePool", "{}" },
	{ "NetworkDriver.Leave", "{}" },
	{ "NetworkDriver.DiscoverNew", "{}" },
	{ "NetworkDriver.DiscoverDelete", "{}" },
};

static void send_text(struct evhttp_request *req, int code, const char *json)
{
	struct evbuffer *b = evbuffer_new();

	if (!b)
		fatal("out of memory");
	evbuffer_add_printf(b, "%s\n", json);
	evhttp_add_header(evhttp_request_get_output_headers(req),
			  "Content-Type", TYPE);
	evhttp_send_reply(req, code, code == 200 ? "OK" : "Error", b);
	evbuffer_free(b);
}

void docker_answer(struct docker *d, struct job *j)
{
	struct caller *c = j->client;

	/* frees the request also when dockerd is gone */
	send_text(c->req, j->code, j->answer);
	d->waiting--;
	free(c);
	job_free(j);
}

static void start_job(struct docker *d, struct evhttp_request *req,
		      const char *method)
{
	struct caller *c = calloc(1, sizeof(*c));
	struct job *j = calloc(1, sizeof(*j));

	if (!c || !j)
		fatal("out of memory");
	c->d = d;
	c->req = req;
	j->client = c;
	j->what = JOB_DOCKER;
	j->kind = strdup(method);
	if (!j->kind)
		fatal("out of memory");
	j->body = listener_body(req, &j->len);
	d->waiting++;
	post_put(d->jobs, j);
}

static void on_request(struct evhttp_request *req, void *arg)
{
	const char *method = evhttp_request_get_uri(req) + 1;
	struct docker *d = arg;
	unsigned int i;

	for (i = 0; i < sizeof(fixed) / sizeof(*fixed); i++) {
		if (!strcmp(method, fixed[i].method)) {
			send_text(req, 200, fixed[i].answer);
			return;
		}
	}
	if (!docker_knows(method))
		send_text(req, 404, "{\"Err\": \"netd's driver has no such "
			  "method\"}");
	else if (d->waiting >= JOBS_MAX)
		send_text(req, 503, "{\"Err\": \"too many requests are "
			  "waiting\"}");
	else
		start_job(d, req, method);
}

/* Below /run nothing is there after a boot. */
static void make_folders(const char *path)
{
	char dir[PATH_MAX], *slash;

	snprintf(dir, sizeof(dir), "%s", path);
	for (slash = strchr(dir + 1, '/'); slash;
	     slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		mkdir(dir, 0755);
		*slash = '/';
	}
}

struct docker *docker_new(struct event_base *base, const struct options *opt,
			  struct post *jobs)
{
	struct docker *d = calloc(1, sizeof(*d));

	if (!d)
		fatal("out of memory");
	d->jobs = jobs;
	make_folders(opt->docker_socket);
	d->listener = listener_new(base, opt->docker_socket, BODY_MAX,
				   IDLE_SECONDS);
	if (!d->listener) {
		free(d);
		return NULL;
	}
	evhttp_set_allowed_methods(listener_http(d->listener),
				   EVHTTP_REQ_POST);
	evhttp_set_gencb(listener_http(d->listener), on_request, d);
	listener_open(d->listener);
	return d;
}

/* The socket's file stays: dockerd tries again where nobody listens, and
 * gives up where nothing is. */
void docker_free(struct docker *d)
{
	listener_free(d->listener);
	free(d);
}

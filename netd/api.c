// api.c - HTTP over a Unix socket: who asks what, and what it needs
// SPDX-License-Identifier: GPL-2.0-or-later
#include "netd/api.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/keyvalq_struct.h>
#include <grp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "netd/listen.h"
#include "netd/log.h"
#include "netd/right.h"

#define BODY_MAX ((4 << 20) + 4096)	/* as much as a topology, and some */
#define IDLE_SECONDS 60
#define JOBS_MAX 200			/* that wait for the engine */
#define PART_MAX 200			/* bytes of a name in a path */

struct api {
	const struct options *opt;
	struct listener *listener;
	struct post *jobs;
	struct board *board;
	struct stream *streams;
	unsigned int waiting;		/* jobs at the engine */
	struct admins admins;
};

/* The client of a job: it may be gone when the answer comes. */
struct client {
	struct api *api;
	struct evhttp_request *req;
	bool gone, streaming;
};

/* --- answers --------------------------------------------------------- */

static const char *reason(int code)
{
	static const struct { int code; const char *text; } reasons[] = {
		{ 200, "OK" }, { 400, "Bad Request" },
		{ 403, "Forbidden" }, { 404, "Not Found" },
		{ 405, "Method Not Allowed" }, { 409, "Conflict" },
		{ 413, "Payload Too Large" },
		{ 422, "Unprocessable Entity" },
		{ 503, "Service Unavailable" },
	};
	unsigned int i;

	for (i = 0; i < sizeof(reasons) / sizeof(*reasons); i++)
		if (reasons[i].code == code)
			return reasons[i].text;
	return "Error";
}

static void send_text(struct evhttp_request *req, int code, const char *json)
{
	struct evbuffer *b = evbuffer_new();

	if (!b)
		fatal("out of memory");
	evbuffer_add_printf(b, "%s\n", json);
	evhttp_add_header(evhttp_request_get_output_headers(req),
			  "Content-Type", "application/json");
	evhttp_send_reply(req, code, reason(code), b);
	evbuffer_free(b);
}

static void send_error(struct evhttp_request *req, int code, const char *text)
{
	char json[512];

	/* TEXT is always ours */
	snprintf(json, sizeof(json), "{\"error\": \"%s\", \"findings\": []}",
		 text);
	send_text(req, code, json);
}

/* false: it isn't known yet. */
static bool send_board(struct api *a, struct evhttp_request *req, char **which)
{
	char *text = board_get(a->board, which);

	if (!text)
		return false;
	send_text(req, 200, text);
	free(text);
	return true;
}

/* --- jobs ------------------------------------------------------------ */

static void client_gone(struct evhttp_connection *con, void *arg)
{
	struct client *c = arg;

	evhttp_connection_set_closecb(con, NULL, NULL);
	c->gone = true;
}

static void client_line(struct client *c, const char *json)
{
	struct evbuffer *b = evbuffer_new();

	if (!b)
		fatal("out of memory");
	if (!c->streaming) {
		c->streaming = true;
		evhttp_add_header(evhttp_request_get_output_headers(c->req),
				  "Content-Type", "application/x-ndjson");
		evhttp_send_reply_start(c->req, 200, "OK");
	}
	evbuffer_add_printf(b, "%s\n", json);
	evhttp_send_reply_chunk(c->req, b);
	evbuffer_free(b);
}

/* The answer to a job.  A stream's last line carries the status. */
static void client_answer(struct client *c, struct job *j)
{
	struct evhttp_connection *con = evhttp_request_get_connection(c->req);
	char *line;

	if (con && !c->gone)
		evhttp_connection_set_closecb(con, NULL, NULL);
	c->api->waiting--;
	if (!j->stream) {
		/* frees the request also when the client is gone */
		send_text(c->req, j->code, j->answer);
	} else {
		if (asprintf(&line, "{\"code\": %d, \"result\": %s}", j->code,
			     j->answer) < 0)
			fatal("out of memory");
		client_line(c, line);
		free(line);
		evhttp_send_reply_end(c->req);
	}
	free(c);
	job_free(j);
}

void api_note(struct api *a, struct note *n)
{
	if (n->what == NOTE_ANSWER && n->job->client)
		client_answer(n->job->client, n->job);
	else if (n->what == NOTE_ANSWER)
		job_free(n->job);
	else if (n->what == NOTE_PROGRESS)
		client_line(n->job->client, n->text);
	else if (n->what == NOTE_EVENT)
		stream_send(&a->streams, n->text, n->owners);
	note_free(n);
}

/* Who it was that connected: unix(7).  Nobody, when that can't be told. */
static int socket_of(struct evhttp_request *req)
{
	struct evhttp_connection *con = evhttp_request_get_connection(req);

	return bufferevent_getfd(evhttp_connection_get_bufferevent(con));
}

static struct ucred peer(struct evhttp_request *req)
{
	int fd = socket_of(req);
	struct ucred c = { .uid = -1, .gid = -1 };
	socklen_t len = sizeof(c);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &c, &len))
		c.uid = -1;
	return c;
}

/* For the log: what changes something has an author. */
static void log_peer(struct evhttp_request *req)
{
	struct ucred c = peer(req);

	log_info("uid %u (process %d): %s %s", c.uid, (int)c.pid,
		 evhttp_request_get_command(req) == EVHTTP_REQ_PUT ? "PUT" :
		 evhttp_request_get_command(req) == EVHTTP_REQ_POST ? "POST" :
		 "DELETE", evhttp_request_get_uri(req));
}

/* --- routes ---------------------------------------------------------- */

#define PARTS_MAX 6

struct path {
	char *part[PARTS_MAX];
	unsigned int n;
	struct evkeyvalq query;
};

/* Every request there is, and who may make it. */
struct route {
	enum evhttp_cmd_type method;
	const char *pattern;	/* below /v1/; "*" is a name */
	int job;		/* enum job_kind, or -1 */
	/* answers at once, if it can: true; WHO then is its, if it takes it */
	bool (*here)(struct api *a, struct evhttp_request *req,
		     struct who **who);
	bool changes;
	enum right right;
};

static bool get_status(struct api *a, struct evhttp_request *req,
		       struct who **who)
{
	if (!send_board(a, req, *who ? &a->board->brief : &a->board->status))
		send_error(req, 503, "netd is starting");
	return true;
}

static bool get_topologies(struct api *a, struct evhttp_request *req,
			   struct who **who)
{
	return !*who && send_board(a, req, &a->board->topologies);
}

static bool get_events(struct api *a, struct evhttp_request *req,
		       struct who **who)
{
	stream_start(&a->streams, req, *who);
	*who = NULL;
	return true;
}

static const struct route routes[] = {
	{ EVHTTP_REQ_GET, "status", -1, get_status, false, RIGHT_ALL },
	{ EVHTTP_REQ_GET, "events", -1, get_events, false, RIGHT_OWNER },
	{ EVHTTP_REQ_GET, "topologies", JOB_TOPOLOGIES, get_topologies,
	  false, RIGHT_OWNER },
	{ EVHTTP_REQ_POST, "topologies", JOB_APPLY, NULL, true, RIGHT_ADMIN },
	{ EVHTTP_REQ_DELETE, "topologies", JOB_DOWN, NULL, true,
	  RIGHT_ADMIN },
	{ EVHTTP_REQ_GET, "topologies/*", JOB_SHOW, NULL, false,
	  RIGHT_OWNER },
	{ EVHTTP_REQ_PUT, "topologies/*", JOB_APPLY, NULL, true,
	  RIGHT_ADMIN },
	{ EVHTTP_REQ_DELETE, "topologies/*", JOB_DOWN, NULL, true,
	  RIGHT_ADMIN },
	{ EVHTTP_REQ_GET, "topologies/*/show", JOB_SHOW, NULL, false,
	  RIGHT_OWNER },
	{ EVHTTP_REQ_GET, "topologies/*/items", JOB_ITEMS, NULL, false,
	  RIGHT_OWNER },
	{ EVHTTP_REQ_GET, "topologies/*/checks", JOB_CHECKS, NULL, false,
	  RIGHT_OWNER },
	{ EVHTTP_REQ_GET, "topologies/*/solution", JOB_SOLUTION, NULL, false,
	  RIGHT_ADMIN },
	{ EVHTTP_REQ_POST, "topologies/*/attachments", JOB_ATTACH, NULL,
	  true, RIGHT_OWNER },
	{ EVHTTP_REQ_DELETE, "topologies/*/attachments/*", JOB_DETACH, NULL,
	  true, RIGHT_OWNER },
	{ EVHTTP_REQ_POST, "topologies/*/reset", JOB_RESET, NULL, true,
	  RIGHT_ADMIN },
	{ EVHTTP_REQ_POST, "topologies/*/links/*", JOB_LINK, NULL, true,
	  RIGHT_ADMIN },
	{ EVHTTP_REQ_DELETE, "topologies/*/links/*", JOB_RESET, NULL, true,
	  RIGHT_ADMIN },
	{ EVHTTP_REQ_POST, "links/*", JOB_LINK, NULL, true, RIGHT_ADMIN },
	{ EVHTTP_REQ_DELETE, "links/*", JOB_RESET, NULL, true, RIGHT_ADMIN },
	{ EVHTTP_REQ_POST, "attachments", JOB_ATTACH, NULL, true,
	  RIGHT_OWNER },
	{ EVHTTP_REQ_DELETE, "attachments/*", JOB_DETACH, NULL, true,
	  RIGHT_OWNER },
	{ EVHTTP_REQ_GET, "list", JOB_ITEMS, NULL, false, RIGHT_OWNER },
	{ EVHTTP_REQ_GET, "leases", JOB_LEASES, NULL, false, RIGHT_OWNER },
	{ EVHTTP_REQ_GET, "doctor", JOB_DOCTOR, NULL, false, RIGHT_ADMIN },
	{ EVHTTP_REQ_POST, "plan", JOB_PLAN, NULL, false, RIGHT_ADMIN },
	{ EVHTTP_REQ_POST, "reload", JOB_RELOAD, NULL, true, RIGHT_ADMIN },
	{ EVHTTP_REQ_GET, "history", JOB_HISTORY, NULL, false, RIGHT_ADMIN },
	{ EVHTTP_REQ_GET, "history/*", JOB_HISTORY, NULL, false,
	  RIGHT_ADMIN },
	{ EVHTTP_REQ_POST, "rollback", JOB_ROLLBACK, NULL, true,
	  RIGHT_ADMIN },
	{ EVHTTP_REQ_POST, "rollback/*", JOB_ROLLBACK, NULL, true,
	  RIGHT_ADMIN },
	{ EVHTTP_REQ_POST, "confirm", JOB_CONFIRM, NULL, true, RIGHT_ADMIN },
	{ EVHTTP_REQ_POST, "cancel", JOB_CANCEL, NULL, true, RIGHT_ADMIN },
};

static void path_free(struct path *p)
{
	unsigned int i;

	for (i = 0; i < p->n; i++)
		free(p->part[i]);
	evhttp_clear_headers(&p->query);
}

/* Splits and decodes.  0 or -EINVAL. */
static int path_parse(struct path *p, const char *uri)
{
	size_t len = strcspn(uri, "?");
	char *copy = strndup(uri, len), *at, *word;
	int err = 0;

	memset(p, 0, sizeof(*p));
	TAILQ_INIT(&p->query);
	if (!copy)
		fatal("out of memory");
	if (uri[len] && evhttp_parse_query_str(uri + len + 1, &p->query))
		err = -EINVAL;
	for (word = strtok_r(copy, "/", &at); word && !err;
	     word = strtok_r(NULL, "/", &at)) {
		char *part = evhttp_uridecode(word, 0, NULL);

		if (p->n == PARTS_MAX || !part || !part[0] ||
		    strlen(part) > PART_MAX) {
			free(part);
			err = -EINVAL;
			break;
		}
		p->part[p->n++] = part;
	}
	free(copy);
	if (!err && (!p->n || strcmp(p->part[0], "v1")))
		err = -EINVAL;
	return err;
}

/* Does the path fit?  The first two names that "*" stands for in NAMES. */
static bool fits(const struct path *p, const char *pattern, char *names[2])
{
	unsigned int i, n = 0;
	const char *at = pattern;
	size_t len;

	names[0] = names[1] = NULL;
	for (i = 1; i < p->n; i++) {
		len = strcspn(at, "/");
		if (!len)
			return false;
		if (len == 1 && *at == '*' && n < 2)
			names[n++] = p->part[i];
		else if (strlen(p->part[i]) != len ||
			 strncmp(p->part[i], at, len))
			return false;
		at += len + (at[len] == '/');
	}
	return !*at;
}

static char *copy(const char *s)
{
	char *c = s ? strdup(s) : NULL;

	if (s && !c)
		fatal("out of memory");
	return c;
}

static bool flag(const struct path *p, const char *key)
{
	const char *v = evhttp_find_header(&p->query, key);

	return v && strcmp(v, "0") && strcmp(v, "false");
}

#define LABELS_MAX 16
#define WAIT_MAX 50000		/* ms */
#define CONFIRM_MAX 86400	/* s */

static unsigned int number(const struct path *p, const char *key,
			   unsigned int max)
{
	const char *v = evhttp_find_header(&p->query, key);
	unsigned long n = v ? strtoul(v, NULL, 10) : 0;

	return n < max ? n : max;
}

/* ?label=KEY=VALUE, as often as wanted; ?wait=MS; ?confirm=SECONDS;
 * ?owner=peer */
static void take_options(struct job *j, const struct path *p)
{
	const char *owner = evhttp_find_header(&p->query, "owner");
	struct evkeyval *kv;

	j->own = owner && !strcmp(owner, "peer");
	j->wait = number(p, "wait", WAIT_MAX);
	j->confirm = number(p, "confirm", CONFIRM_MAX);
	j->labels = calloc(LABELS_MAX, sizeof(*j->labels));
	if (!j->labels)
		fatal("out of memory");
	TAILQ_FOREACH(kv, &p->query, next)
		if (!strcmp(kv->key, "label") && j->nlabels < LABELS_MAX)
			j->labels[j->nlabels++] = copy(kv->value);
}

static void start_job(struct api *a, struct evhttp_request *req,
		      const struct route *r, const struct path *p,
		      char *names[2], struct who *who)
{
	struct client *c = calloc(1, sizeof(*c));
	struct job *j = calloc(1, sizeof(*j));

	if (!c || !j)
		fatal("out of memory");
	c->api = a;
	c->req = req;
	j->client = c;
	j->what = r->job;
	if (j->what == JOB_APPLY && flag(p, "dry-run"))
		j->what = JOB_PLAN;
	/* of two names in a path, the first is the topology's */
	if (names[1] || (strncmp(r->pattern, "attachments", 11) &&
			 strncmp(r->pattern, "links", 5))) {
		j->name = copy(names[0]);
		j->item_name = copy(names[1]);
	} else {
		j->item_name = copy(names[0]);
	}
	if (!j->name)
		j->name = copy(evhttp_find_header(&p->query, "topology"));
	if (!j->item_name)
		j->item_name = copy(evhttp_find_header(&p->query, "name"));
	j->kind = copy(evhttp_find_header(&p->query, r->job == JOB_APPLY ?
					  "path" : "kind"));
	j->file = copy(evhttp_find_header(&p->query, "file"));
	j->stream = flag(p, "stream");
	take_options(j, p);
	j->uid = peer(req).uid;
	j->who = who;
	j->body = listener_body(req, &j->len);
	a->waiting++;
	evhttp_connection_set_closecb(evhttp_request_get_connection(req),
				      client_gone, c);
	post_put(a->jobs, j);
}

/* The request, as R has it.  Takes WHO. */
static void run_route(struct api *a, struct evhttp_request *req,
		      const struct route *r, const struct path *p,
		      char *names[2])
{
	struct who *who = who_of(socket_of(req), &a->admins);

	if (who && r->right == RIGHT_ADMIN)
		send_error(req, 403, a->opt->group ?
			   "this is for root and the group of netd's socket" :
			   "this is for root");
	else if (r->here && r->here(a, req, &who))
		;
	else if (a->waiting >= JOBS_MAX)
		send_error(req, 503, "too many requests are waiting");
	else {
		start_job(a, req, r, p, names, who);
		who = NULL;
	}
	who_free(who);
}

static void route(struct api *a, struct evhttp_request *req,
		  const struct path *p)
{
	enum evhttp_cmd_type method = evhttp_request_get_command(req);
	bool known = false;
	char *names[2];
	unsigned int i;

	for (i = 0; i < sizeof(routes) / sizeof(*routes); i++) {
		const struct route *r = &routes[i];

		if (!fits(p, r->pattern, names))
			continue;
		known = true;
		if (r->method != method)
			continue;
		if (r->changes && !(r->job == JOB_APPLY && flag(p, "dry-run")))
			log_peer(req);
		run_route(a, req, r, p, names);
		return;
	}
	if (known)
		send_error(req, 405, "this method is not allowed here");
	else
		send_error(req, 404, "there is nothing of that path; see "
			   "openapi.yaml");
}

static void on_request(struct evhttp_request *req, void *arg)
{
	struct path p;

	if (path_parse(&p, evhttp_request_get_uri(req)))
		send_error(req, 404, "paths begin with /v1/");
	else
		route(arg, req, &p);
	path_free(&p);
}

/* --- listening ------------------------------------------------------- */

static bool is_admin(int fd, void *arg)
{
	struct api *a = arg;
	struct who *who = who_of(fd, &a->admins);

	who_free(who);
	return !who;
}

/* Root's, and the group's when there is one. */
static int set_owner(struct api *a)
{
	const struct options *opt = a->opt;
	struct group *g;

	a->admins = (struct admins){ .uid = geteuid(), .group = -1 };
	if (!opt->group)
		return chmod(opt->socket, 0600) ? -errno : 0;
	g = getgrnam(opt->group);
	if (!g) {
		log_error("there is no group %s: create it, or leave --group "
			  "out", opt->group);
		return -ENOENT;
	}
	a->admins.group = g->gr_gid;
	if (chown(opt->socket, -1, g->gr_gid) || chmod(opt->socket, 0660))
		return -errno;
	return 0;
}

struct api *api_new(struct event_base *base, const struct options *opt,
		    struct post *jobs, struct board *board)
{
	struct api *a = calloc(1, sizeof(*a));
	struct evhttp *http;
	int err;

	if (!a)
		fatal("out of memory");
	a->opt = opt;
	a->jobs = jobs;
	a->board = board;
	a->listener = listener_new(base, opt->socket, BODY_MAX, IDLE_SECONDS);
	if (!a->listener) {
		free(a);
		return NULL;
	}
	http = listener_http(a->listener);
	evhttp_set_allowed_methods(http, EVHTTP_REQ_GET | EVHTTP_REQ_PUT |
				   EVHTTP_REQ_POST | EVHTTP_REQ_DELETE);
	evhttp_set_gencb(http, on_request, a);
	listener_admins(a->listener, is_admin, a);
	err = set_owner(a);
	if (!err)
		return a;
	log_error("%s: %s", opt->socket, strerror(-err));
	api_free(a);
	return NULL;
}

void api_open(struct api *a)
{
	listener_open(a->listener);
}

void api_free(struct api *a)
{
	stream_end_all(&a->streams);
	unlink(a->opt->socket);
	listener_free(a->listener);
	free(a);
}

// attach.c - netdctl attach, detach: plugs into networks and out of them
// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "ctl/ctl.h"

char *split_name(const char *arg, const char **name)
{
	const char *slash = strchr(arg, '/');

	*name = slash ? slash + 1 : arg;
	return slash ? must(strndup(arg, slash - arg)) : NULL;
}

/* --- attach ---------------------------------------------------------- */

/* what is sent as a string, as a list, ...; NULL: handled by hand */
static json_t *as_text(const char *v);
static json_t *as_number(const char *v);
static json_t *as_false(const char *v);

static const struct {
	const char *spec, *key;
	json_t *(*json)(const char *v);
} keys[] = {
	{ "netns=", "netns", as_text }, { "tap", NULL, NULL },
	{ "nic=", NULL, NULL }, { "reserve", NULL, NULL },
	{ "name=", NULL, NULL }, { "wait=?", NULL, NULL },
	{ "ingress=", NULL, NULL }, { "egress=", NULL, NULL },
	{ "owner=", "owner", as_text }, { "group=", "group", as_text },
	{ "queues=", "queues", as_number }, { "ifname=", "ifname", as_text },
	{ "address=", "address", as_text },
	{ "address6=", "address6", as_text }, { "mac=", "mac", as_text },
	{ "no-default-route", "default-route", as_false },
	{ "publish=+", "publish", json_lines },
	{ "label=+", "labels", json_labels },
};
enum { NETNS, TAP, NIC, RESERVE, NAME, WAIT, INGRESS, EGRESS,
       VALUES = sizeof(keys) / sizeof(*keys) };

static json_t *as_text(const char *v)
{
	return json_string(v);
}

static json_t *as_number(const char *v)
{
	return json_integer(atoi(v));
}

static json_t *as_false(const char *v)
{
	return json_false();
}

json_t *json_lines(const char *v)
{
	json_t *list = json_array();
	size_t n;

	for (; *v; v += n + (v[n] == '\n')) {
		n = strcspn(v, "\n");
		json_array_append_new(list, json_stringn(v, n));
	}
	return list;
}

json_t *json_labels(const char *v)
{
	json_t *o = json_object();
	size_t n, eq;
	char *key;

	for (; *v; v += n + (v[n] == '\n')) {
		n = strcspn(v, "\n");
		eq = strcspn(v, "=");
		if (eq > n)
			eq = n;
		key = must(strndup(v, eq));
		json_object_set_new(o, key, eq < n ?
				    json_stringn(v + eq + 1, n - eq - 1) :
				    json_string(""));
		free(key);
	}
	return o;
}

void make_name(char *out, size_t size, const char *prefix)
{
	unsigned long long r = 0;

	if (getrandom(&r, sizeof(r), 0) < 0)
		r = getpid();
	snprintf(out, size, "%.40s-%016llx", prefix, r);
}

void set_bandwidth(json_t *o, const char *ingress, const char *egress)
{
	json_t *b = json_object();

	if (ingress)
		json_object_set_new(b, "ingress", json_string(ingress));
	if (egress)
		json_object_set_new(b, "egress", json_string(egress));
	if (json_object_size(b))
		json_object_set(o, "bandwidth", b);
	json_decref(b);
}

static json_t *attachment(const char *network, const char **v)
{
	json_t *o = json_object();
	int i;

	json_object_set_new(o, "network", json_string(network));
	json_object_set_new(o, "type", json_string(v[TAP] ? "tap" :
						   v[NIC] ? "nic" :
						   v[RESERVE] ? "reserved" :
						   "veth"));
	for (i = 0; i < VALUES; i++)
		if (v[i] && keys[i].json)
			json_object_set_new(o, keys[i].key,
					    keys[i].json(v[i]));
	set_bandwidth(o, v[INGRESS], v[EGRESS]);
	return o;
}

long wait_ms(const char *text)
{
	static const struct { const char *unit; long ms; } units[] = {
		{ "ms", 1 }, { "s", 1000 }, { "", 1000 }, { "m", 60000 },
	};
	char *end;
	long n;
	size_t i;

	if (!text[0])
		return 30000;
	n = strtol(text, &end, 10);
	for (i = 0; end != text && i < sizeof(units) / sizeof(*units); i++)
		if (!strcmp(end, units[i].unit) && n >= 0 && n <= 3600000)
			return n * units[i].ms;
	return -1;
}

/* One request lasts that long at most; the same again goes on waiting. */
#define ROUND_MS 20000

struct reply ask_attach(const char *name, json_t *o, long ms)
{
	json_t *body = json_pack("{s:o}", name, o);
	char *text = body ? json_dumps(body, JSON_COMPACT) : NULL, *path;
	char number[24];
	struct reply r = { 0 };
	long round;

	json_decref(body);
	if (!text)
		return r;
	do {
		reply_free(&r);
		round = ms < ROUND_MS ? ms : ROUND_MS;
		ms -= round;
		path = path_of("attachments", NULL);
		snprintf(number, sizeof(number), "%ld", round);
		if (round)
			path = path_query(path, "wait", number);
		r = ask("POST", path, text, strlen(text), NULL);
		free(path);
	} while (r.code == 200 && ms > 0 &&
		 json_is_false(json_object_get(r.json, "ready")));
	free(text);
	return r;
}

static int send_attachment(const char *name, json_t *o, long ms)
{
	struct reply r = ask_attach(name, o, ms);
	bool late = json_is_false(json_object_get(r.json, "ready"));
	int rc;

	if (!r.code && !r.json)
		return EXIT_NO_DAEMON;
	if (r.code == 200 && !want_json) {
		const json_t *a = json_object_get(r.json, "attachment");
		const char *address = str(a, "address");

		printf("%s/%s", str(r.json, "topology"), name);
		if (str(a, "port")[0])
			printf(" interface %s mac %s", str(a, "port"),
			       str(a, "mac"));
		printf(" address %s\n", address[0] ? address : "none");
		fflush(stdout);
	}
	rc = finish(&r);
	return rc == EXIT_OK && late ? EXIT_FAILED : rc;
}

int cmd_attach(int argc, char **argv)
{
	const char *v[VALUES] = { NULL }, *spec[VALUES + 1] = { NULL };
	const char *network;
	char made[80];
	int n, i;
	long ms;

	for (i = 0; i < VALUES; i++)
		spec[i] = keys[i].spec;
	n = options(argc, argv, spec, v);
	if (n != 1)
		return n < 0 ? EXIT_USAGE :
		       usage(argv[0], "one NETWORK is needed");
	if (!v[NETNS] + !v[TAP] + !v[NIC] + !v[RESERVE] != 3)
		return usage(argv[0], "one of --netns, --tap, --nic, "
			     "--reserve");
	ms = v[WAIT] ? wait_ms(v[WAIT]) : 0;
	if (ms < 0)
		return usage(argv[0], "--wait is a time like 10s or 500ms");
	free(split_name(argv[1], &network));
	if (!v[NAME])
		make_name(made, sizeof(made), network);
	/* a NIC is called as its interface */
	return send_attachment(v[NAME] ? v[NAME] : v[NIC] ? v[NIC] : made,
			       attachment(argv[1], v), ms);
}

int ask_detach(const char *topology, const char *name, struct reply *r)
{
	char *path = path_of("attachments", name, NULL);

	if (topology)
		path = path_query(path, "topology", topology);
	*r = ask("DELETE", path, NULL, 0, NULL);
	free(path);
	return r->code == 200 ? 0 : -1;
}

static int detach_one(const char *arg)
{
	const char *name;
	char *topology = split_name(arg, &name);
	struct reply r;

	ask_detach(topology, name, &r);
	free(topology);
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

// show.c - netdctl show, status, list, events
// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "ctl/ctl.h"

static const char *const item_keys[] = {
	"kind", "name", "network", "address", "mac", "ifname", "netns",
	"detail", "topology", NULL
};
static const char *const item_heads[] = {
	"KIND", "NAME", "NETWORK", "ADDRESS", "MAC", "INTERFACE", "NETNS",
	"", "TOPOLOGY", NULL
};

static void print_held(const json_t *list)
{
	json_t *h;
	size_t i;

	json_array_foreach(list, i, h)
		printf("  %s %s%s%s%s: %s (%s%lld)\n", str(h, "kind"),
		       str(h, "name"), str(h, "place")[0] ? " (" : "",
		       str(h, "place"), str(h, "place")[0] ? ")" : "",
		       str(h, "why"), json_is_true(json_object_get(
						   h, "waiting")) ?
		       "waiting, try " : "refused, try ",
		       (long long)json_integer_value(
				json_object_get(h, "attempts")));
}

/* Of an attachment, the end that is at the bridge; what is in a container, and
 * where that is, is said in other words. */
static void show_ports(json_t *items)
{
	json_t *it, *port;
	size_t i;

	json_array_foreach(items, i, it) {
		port = json_object_get(it, "port");
		if (!port)
			continue;
		json_object_set(it, "ifname", port);
		json_object_del(it, "netns");
	}
}

int cmd_show(int argc, char **argv)
{
	static const char *const spec[] = { "text", NULL };
	const char *text = NULL;
	int n = options(argc, argv, spec, &text);
	struct reply r;
	char *path;

	if (n != 1)
		return n < 0 ? EXIT_USAGE : usage(argv[0], "one NAME is needed");
	path = path_of("topologies", argv[1], NULL);
	r = ask("GET", path, NULL, 0, NULL);
	free(path);
	if (r.code != 200 || want_json)
		return finish(&r);
	if (text) {
		fputs(str(r.json, "text"), stdout);
	} else {
		/* who owns only some of it isn't told more */
		if (json_object_get(r.json, "file"))
			printf("%s: %s, from %s\n", str(r.json, "name"),
			       str(r.json, "state"), str(r.json, "file"));
		/* all are of this one: the last column says nothing */
		show_ports(json_object_get(r.json, "items"));
		print_table(json_object_get(r.json, "items"), item_keys,
			    item_heads);
		if (json_array_size(json_object_get(r.json, "waiting")))
			puts("not there yet:");
		print_held(json_object_get(r.json, "waiting"));
		fflush(stdout);
		print_findings(r.json);
	}
	reply_free(&r);
	return EXIT_OK;
}

static void print_topologies(void)
{
	static const char *const keys[] = { "name", "state", "source", "file",
					    NULL };
	static const char *const heads[] = { "TOPOLOGY", "STATE", "SOURCE",
					     "FILE", NULL };
	struct reply r = ask("GET", "/v1/topologies", NULL, 0, NULL);
	const json_t *list = json_object_get(r.json, "topologies");

	if (json_array_size(list))
		print_table(list, keys, heads);
	reply_free(&r);
}

/* Of a program like LXC, which puts its veth on a bridge by itself. */
static void print_ports(const json_t *list)
{
	json_t *p;
	size_t i;

	json_array_foreach(list, i, p)
		printf("  port %s on %s (%s) is another program's: %s\n",
		       str(p, "ifname"), str(p, "network"), str(p, "bridge"),
		       json_is_true(json_object_get(p, "confined")) ?
		       "confined until it is attached, or the network has "
		       "`adopt: true`" : "taken as it is");
}

static void print_confirm(const json_t *c)
{
	if (c)
		printf("  the last change is undone in %lld s unless you say: "
		       "netdctl confirm\n", (long long)json_integer_value(
				json_object_get(c, "seconds")));
}

int cmd_status(int argc, char **argv)
{
	int n = options(argc, argv, NULL, NULL);
	struct reply r;
	json_t *p;
	size_t i;

	if (n)
		return n < 0 ? EXIT_USAGE : usage(argv[0], "too many words");
	r = ask("GET", "/v1/status", NULL, 0, NULL);
	if (r.code != 200 || want_json)
		return finish(&r);
	printf("netd %s: %s, ", str(r.json, "version"),
	       str(r.json, "state"));
	/* admins alone are told */
	if (json_object_get(r.json, "objects"))
		printf("%lld topologies, %lld objects, ",
		       (long long)json_integer_value(
				json_object_get(r.json, "topologies")),
		       (long long)json_integer_value(
				json_object_get(r.json, "objects")));
	printf("%s\n", json_is_true(json_object_get(r.json, "converged")) ?
	       "all as wanted" : "not all as wanted");
	print_confirm(json_object_get(r.json, "confirm"));
	print_held(json_object_get(r.json, "held"));
	print_ports(json_object_get(r.json, "foreign-ports"));
	json_array_foreach(json_object_get(r.json, "problems"), i, p)
		printf("  %s: %s\n", str(p, "file"), str(p, "text"));
	print_topologies();
	reply_free(&r);
	return EXIT_OK;
}

/* "networks" is what people say, "network" what an item is. */
static char *singular(const char *word)
{
	char *s = must(strdup(word));
	size_t len = strlen(s);

	if (len > 3 && !strcmp(s + len - 3, "ies"))
		strcpy(s + len - 3, "y");
	else if (len > 1 && s[len - 1] == 's')
		s[len - 1] = '\0';
	return s;
}

static int bad_kind(const char *kind)
{
	static const char *const kinds[] = {
		"network", "attachment", "router", "node", "link", "policy",
		"forward", "group", NULL
	};
	int i;

	for (i = 0; kinds[i]; i++)
		if (!strcmp(kinds[i], kind))
			return 0;
	return 1;
}

static int list_topologies(bool names)
{
	struct reply r;
	json_t *t;
	size_t i;

	if (!names && !want_json) {
		print_topologies();
		return EXIT_OK;
	}
	r = ask("GET", "/v1/topologies", NULL, 0, NULL);
	if (r.code != 200 || want_json)
		return finish(&r);
	json_array_foreach(json_object_get(r.json, "topologies"), i, t)
		puts(str(t, "name"));
	reply_free(&r);
	return EXIT_OK;
}

static void print_items(json_t *items, bool names)
{
	json_t *it;
	size_t i;

	if (!names) {
		show_ports(items);
		print_table(items, item_keys, item_heads);
		return;
	}
	json_array_foreach(items, i, it)
		puts(str(it, "name"));
}

static char *add_labels(char *path, const char *lines)
{
	size_t n;

	for (; *lines; lines += n + (lines[n] == '\n')) {
		char *label;

		n = strcspn(lines, "\n");
		label = must(strndup(lines, n));
		path = path_query(path, "label", label);
		free(label);
	}
	return path;
}

int cmd_list(int argc, char **argv)
{
	static const char *const spec[] = { "topology=", "names", "label=+",
					    NULL };
	const char *value[3] = { NULL, NULL, NULL };
	int n = options(argc, argv, spec, value);
	char *path = must(strdup("/v1/list")), *kind;
	struct reply r;

	if (n < 0 || n > 1) {
		free(path);
		return n < 0 ? EXIT_USAGE : usage(argv[0], "one KIND at most");
	}
	kind = n ? singular(argv[1]) : NULL;
	if (kind && !strcmp(kind, "topology")) {
		free(path);
		free(kind);
		return list_topologies(value[1]);
	}
	if (kind && bad_kind(kind)) {
		free(path);
		free(kind);
		return usage(argv[0], "%s is nothing to list", argv[1]);
	}
	if (kind)
		path = path_query(path, "kind", kind);
	if (value[0])
		path = path_query(path, "topology", value[0]);
	if (value[2])
		path = add_labels(path, value[2]);
	free(kind);
	r = ask("GET", path, NULL, 0, NULL);
	free(path);
	if (r.code != 200 || want_json)
		return finish(&r);
	print_items(json_object_get(r.json, "items"), value[1]);
	reply_free(&r);
	return EXIT_OK;
}

static void print_event(json_t *o)
{
	const char *key;
	char at[32];
	time_t now = time(NULL);
	json_t *v;

	strftime(at, sizeof(at), "%H:%M:%S", localtime(&now));
	printf("%s %s", at, str(o, "event"));
	json_object_foreach(o, key, v) {
		char *s;

		if (!strcmp(key, "event"))
			continue;
		s = json_dumps(v, JSON_ENCODE_ANY | JSON_COMPACT);
		printf(" %s=%s", key, s ? s : "");
		free(s);
	}
	putchar('\n');
}

/* "data: {...}" of a stream of server-sent events */
static void on_event(const char *line, size_t len)
{
	json_t *o;

	if (len < 6 || strncmp(line, "data: ", 6))
		return;
	o = json_loadb(line + 6, len - 6, 0, NULL);
	if (want_json)
		printf("%.*s\n", (int)len - 6, line + 6);
	else if (o)
		print_event(o);
	fflush(stdout);
	json_decref(o);
}

int cmd_events(int argc, char **argv)
{
	int n = options(argc, argv, NULL, NULL);
	struct reply r;

	if (n)
		return n < 0 ? EXIT_USAGE : usage(argv[0], "too many words");
	r = ask("GET", "/v1/events", NULL, 0, on_event);
	return finish(&r);
}

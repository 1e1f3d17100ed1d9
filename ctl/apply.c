// apply.c - netdctl apply, down, reload
// SPDX-License-Identifier: GPL-2.0-or-later
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "ctl/ctl.h"

static bool on_tty, line_open;
static struct reply last;	/* what the stream ended with */

static void clear_line(void)
{
	if (line_open)
		fputs("\r\033[K", stderr);
	line_open = false;
}

/* {"progress": {"done", "total"}}, and at the end {"code", "result"}. */
static void on_line(const char *text, size_t len)
{
	json_t *o = json_loadb(text, len, 0, NULL), *p, *result;

	p = json_object_get(o, "progress");
	result = json_object_get(o, "result");
	if (p && on_tty) {
		fprintf(stderr, "\r\033[Kapplying: %lld of %lld",
			(long long)json_integer_value(
				json_object_get(p, "done")),
			(long long)json_integer_value(
				json_object_get(p, "total")));
		line_open = true;
	}
	if (result) {
		last.code = json_integer_value(json_object_get(o, "code"));
		last.json = json_incref(result);
	} else if (o && !p) {
		/* refused before it became a stream */
		last.json = json_incref(o);
	}
	json_decref(o);
}

static char *apply_path(const char *file, const char *confirm)
{
	char *path = must(strdup("/v1/topologies?stream=1"));
	char real[PATH_MAX];

	if (confirm)
		path = path_query(path, "confirm", confirm);

	path = path_query(path, "file", strcmp(file, "-") ? file : "stdin");
	if (strcmp(file, "-") && realpath(file, real))
		path = path_query(path, "path", real);
	return path;
}

static struct reply send_file(const char *path, const char *text, size_t len)
{
	struct reply r;

	memset(&last, 0, sizeof(last));
	on_tty = isatty(STDERR_FILENO) && !want_json;
	r = ask("POST", path, text, len, on_line);
	clear_line();
	if (!last.code)
		last.code = r.code;
	reply_free(&r);
	return last;
}

static void print_waiting(const json_t *answer)
{
	json_t *w;
	size_t i;

	json_array_foreach(json_object_get(answer, "waiting"), i, w)
		fprintf(stderr, "%s%swaiting for %s %s: %s\n", str(w, "place"),
			str(w, "place")[0] ? ": " : "", str(w, "kind"),
			str(w, "name"), str(w, "why"));
}

/* Until nothing is waited for any more. */
static int wait_for(const char *topology, double seconds)
{
	char *path = path_of("topologies", topology, NULL);
	time_t end = time(NULL) + (time_t)seconds + 1;
	size_t left = 1;

	while (left && time(NULL) <= end) {
		struct reply r = ask("GET", path, NULL, 0, NULL);

		left = json_array_size(json_object_get(r.json, "waiting"));
		if (r.code != 200)
			end = 0;
		if (left && time(NULL) >= end && r.code)
			print_waiting(r.json);
		reply_free(&r);
		if (left)
			poll(NULL, 0, 100);
	}
	free(path);
	if (left)
		complain("%s is not complete yet", topology);
	return left ? EXIT_FAILED : EXIT_OK;
}

static void print_confirm(const json_t *answer)
{
	const json_t *c = json_object_get(answer, "confirm");

	if (c)
		printf("it is undone in %lld s unless you say: netdctl "
		       "confirm\n", (long long)json_integer_value(
				json_object_get(c, "seconds")));
}

static int apply_one(const char *file, const char *wait, const char *confirm)
{
	size_t len;
	char *text = read_file(file, &len), *path;
	char name[256];
	struct reply r;
	int rc;

	if (!text)
		return EXIT_FAILED;
	path = apply_path(file, confirm);
	r = send_file(path, text, len);
	free(path);
	free(text);
	snprintf(name, sizeof(name), "%s", str(r.json, "topology"));
	if (!want_json && r.code == 200)
		printf("%s: %lld steps\n", name, (long long)
		       json_integer_value(json_object_get(r.json, "steps")));
	if (!want_json && r.code == 200)
		print_effects(r.json);
	if (!want_json && r.code == 200)
		print_confirm(r.json);
	rc = finish(&r);
	return rc || !wait ? rc : wait_for(name, atof(wait));
}

/* "90", "60s", "5m" as seconds. */
static int confirm_time(const char *text, char *out, size_t room)
{
	char *end;
	unsigned long v = strtoul(text, &end, 10);

	if (end == text || (*end && end[1]) || !v || v > 86400)
		return -1;
	if (*end == 'm')
		v *= 60;
	else if (*end == 'h')
		v *= 3600;
	else if (*end && *end != 's')
		return -1;
	snprintf(out, room, "%lu", v);
	return 0;
}

int cmd_apply(int argc, char **argv)
{
	static const char *const spec[] = {
		"dry-run", "wait=", "confirm=", NULL
	};
	const char *value[3] = { NULL, NULL, NULL };
	char seconds[16];
	int i, n = options(argc, argv, spec, value), rc = EXIT_OK, one;

	if (n < 0)
		return EXIT_USAGE;
	if (!n)
		return usage(argv[0], "a FILE is missing");
	if (value[2] && (n != 1 || confirm_time(value[2], seconds,
						sizeof(seconds))))
		return usage(argv[0], n != 1 ? "--confirm is for one FILE" :
			     "--confirm takes a time, as 60s or 5m");
	for (i = 1; i <= n; i++) {
		char *again[] = { "plan", argv[i], NULL };

		one = value[0] ? cmd_plan(2, again) :
		      apply_one(argv[i], value[1],
				value[2] ? seconds : NULL);
		if (one > rc)
			rc = one;
	}
	return rc;
}

static int down_one(const char *name)
{
	char *path = name ? path_of("topologies", name, NULL) :
		     path_of("topologies", NULL);
	struct reply r = ask("DELETE", path, NULL, 0, NULL);

	free(path);
	return finish(&r);
}

int cmd_down(int argc, char **argv)
{
	static const char *const spec[] = { "all", NULL };
	const char *all = NULL;
	int i, n = options(argc, argv, spec, &all), rc = EXIT_OK, one;

	if (n < 0)
		return EXIT_USAGE;
	if (!all == !n)
		return usage(argv[0], "NAMEs, or --all");
	if (all)
		return down_one(NULL);
	for (i = 1; i <= n; i++) {
		one = down_one(argv[i]);
		if (one > rc)
			rc = one;
	}
	return rc;
}

int cmd_reload(int argc, char **argv)
{
	int n = options(argc, argv, NULL, NULL);
	struct reply r;
	json_t *p;
	size_t i;
	int rc;

	if (n)
		return n < 0 ? EXIT_USAGE : usage(argv[0], "too many words");
	r = ask("POST", "/v1/reload", NULL, 0, NULL);
	json_array_foreach(json_object_get(r.json, "problems"), i, p)
		if (!want_json)
			fprintf(stderr, "%s: %s\n", str(p, "file"),
				str(p, "text"));
	rc = finish(&r);
	return rc || !i ? rc : EXIT_FAILED;
}

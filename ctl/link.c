// link.c - netdctl link, reset: cables that are pulled, bent, and put back
// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/ctl.h"

/* "delay=20ms loss=1%", or the same without the sign; NULL after a message. */
static json_t *impairments(int n, char **words)
{
	static const char *const keys[] = {
		"delay", "jitter", "loss", "rate", NULL
	};
	json_t *o = json_object();
	const char *value;
	size_t len;
	int i, k;

	for (i = 0; i < n; i++) {
		len = strcspn(words[i], "=");
		for (k = 0; keys[k]; k++)
			if (strlen(keys[k]) == len &&
			    !strncmp(words[i], keys[k], len))
				break;
		value = words[i][len] ? words[i] + len + 1 :
			i + 1 < n ? words[i + 1] : NULL;
		if (!keys[k] || !value) {
			usage("link", "%s: expected delay=TIME, jitter=TIME, "
			      "loss=PERCENT or rate=RATE", words[i]);
			json_decref(o);
			return NULL;
		}
		i += !words[i][len];
		json_object_set_new(o, keys[k], json_string(value));
	}
	return o;
}

static json_t *body_of(const char *what, int n, char **words)
{
	json_t *impair;

	if (!strcmp(what, "impair")) {
		impair = impairments(n, words);
		if (impair && !json_object_size(impair)) {
			usage("link", "impair: what is a line to do?");
			json_decref(impair);
			return NULL;
		}
		return impair ? json_pack("{s:o}", "impair", impair) : NULL;
	}
	if (n) {
		usage("link", "%s: too much", words[0]);
		return NULL;
	}
	if (!strcmp(what, "down") || !strcmp(what, "up"))
		return json_pack("{s:b}", "down", *what == 'd');
	if (!strcmp(what, "clear"))
		return json_pack("{s:b}", "clear", 1);
	usage("link", "%s: expected down, up, impair, clear or reset", what);
	return NULL;
}

static int send_link(const char *arg, const char *method, json_t *body)
{
	char *text = body ? json_dumps(body, JSON_COMPACT) : NULL, *path;
	const char *name;
	char *topology = split_name(arg, &name);
	struct reply r;

	path = path_of("links", name, NULL);
	if (topology)
		path = path_query(path, "topology", topology);
	r = ask(method, path, text, text ? strlen(text) : 0, NULL);
	json_decref(body);
	free(topology);
	free(text);
	free(path);
	return finish(&r);
}

int cmd_link(int argc, char **argv)
{
	static const char *const spec[] = { "from=", NULL };
	const char *from = NULL;
	int n = options(argc, argv, spec, &from);
	json_t *body;

	if (n < 2)
		return n < 0 ? EXIT_USAGE :
		       usage(argv[0], "a LINK and what to do are needed");
	if (n == 2 && !strcmp(argv[2], "reset"))
		return send_link(argv[1], "DELETE", NULL);
	body = body_of(argv[2], n - 2, argv + 3);
	if (!body)
		return EXIT_USAGE;
	if (from)
		json_object_set_new(body, "from", json_string(from));
	return send_link(argv[1], "POST", body);
}

int cmd_reset(int argc, char **argv)
{
	int n = options(argc, argv, NULL, NULL);
	struct reply r;
	char *path;

	if (n != 1)
		return n < 0 ? EXIT_USAGE :
		       usage(argv[0], "one NAME is needed");
	path = path_of("topologies", argv[1], "reset", NULL);
	r = ask("POST", path, NULL, 0, NULL);
	free(path);
	return finish(&r);
}

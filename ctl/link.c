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

/* With --pod, the one of it that has the link; NULL after a message. */
static char *topology_of(const char *arg, const char *pod, const char **name,
			 int *rc)
{
	static const char *const kinds[] = { "link", NULL };
	json_t *it = find_item(arg, pod, kinds, "link", rc);
	char *topology = it ? must(strdup(str(it, "topology"))) : NULL;

	free(split_name(arg, name));
	json_decref(it);
	return topology;
}

static int send_link(const char *arg, const char *pod, const char *method,
		     json_t *body)
{
	char *text = body ? json_dumps(body, JSON_COMPACT) : NULL, *path;
	const char *name;
	int rc = EXIT_OK;
	char *topology = pod ? topology_of(arg, pod, &name, &rc) :
			 split_name(arg, &name);
	struct reply r;

	json_decref(body);
	if (rc == EXIT_OK || topology) {
		path = path_of("links", name, NULL);
		if (topology)
			path = path_query(path, "topology", topology);
		r = ask(method, path, text, text ? strlen(text) : 0, NULL);
		rc = finish(&r);
		free(path);
	}
	free(topology);
	free(text);
	return rc;
}

int cmd_link(int argc, char **argv)
{
	static const char *const spec[] = { "from=", "pod=", NULL };
	const char *v[2] = { NULL };
	int n = options(argc, argv, spec, v);
	json_t *body;

	if (n < 2)
		return n < 0 ? EXIT_USAGE :
		       usage(argv[0], "a LINK and what to do are needed");
	if (n == 2 && !strcmp(argv[2], "reset"))
		return send_link(argv[1], v[1], "DELETE", NULL);
	body = body_of(argv[2], n - 2, argv + 3);
	if (!body)
		return EXIT_USAGE;
	if (v[0])
		json_object_set_new(body, "from", json_string(v[0]));
	return send_link(argv[1], v[1], "POST", body);
}

int cmd_reset(int argc, char **argv)
{
	static const char *const spec[] = { "pod=", NULL };
	const char *pod = NULL;
	int n = options(argc, argv, spec, &pod);
	struct reply r;
	char *path, *name = NULL;

	if (n != 1)
		return n < 0 ? EXIT_USAGE :
		       usage(argv[0], "one NAME is needed");
	if (asprintf(&name, pod ? "%s-%s" : "%s", argv[1], pod) < 0)
		return EXIT_FAILED;
	path = path_of("topologies", name, "reset", NULL);
	r = ask("POST", path, NULL, 0, NULL);
	free(path);
	free(name);
	return finish(&r);
}

// plan.c - netdctl plan and check; both can do without the daemon
// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/ctl.h"
#include "netd/json.h"
#include "netd/topo.h"

/* The files of one run, without a host. */
struct offline {
	struct report *report;
	struct topology **topo;
	unsigned int n;
	struct numbers *numbers;
	struct state *wanted;
};

static void on_clash(void *arg, const struct object *a, const struct object *b)
{
	struct report *r = arg;
	struct buf id = { 0 };

	object_print_id(a, &id);
	report_error(r, b->pos, NULL, "%s is asked for twice, and differently",
		     buf_text(&id));
	report_error(r, a->pos, NULL, "%s is asked for twice, and differently",
		     buf_text(&id));
	buf_free(&id);
}

static int offline_read(struct offline *o, int n, char **files)
{
	int i, rc = 0;

	o->report = report_new();
	o->numbers = numbers_new();
	o->wanted = state_new();
	o->topo = must(calloc(n, sizeof(*o->topo)));
	for (i = 0; i < n; i++) {
		size_t len;
		char *text = read_file(files[i], &len);

		if (!text) {
			rc = -EIO;
			continue;
		}
		o->topo[o->n] = topo_read(strcmp(files[i], "-") ? files[i] :
					  "stdin", text, len, o->report);
		if (o->topo[o->n])
			o->n++;
		free(text);
	}
	return rc;
}

/* Each with the others, and expanded: errors that only numbers show too. */
static void offline_check(struct offline *o)
{
	unsigned int i;

	for (i = 0; i < o->n; i++) {
		struct topology *t = o->topo[i];

		o->topo[i] = o->topo[o->n - 1];
		if (!topo_check(t, NULL, o->numbers, o->topo, o->n - 1, o->report))
			topo_expand(t, NULL, o->numbers, o->wanted,
				    o->report);
		o->topo[o->n - 1] = o->topo[i];
		o->topo[i] = t;
	}
	state_sort(o->wanted, on_clash, o->report);
}

static void offline_free(struct offline *o)
{
	unsigned int i;

	for (i = 0; i < o->n; i++)
		topo_free(o->topo[i]);
	free(o->topo);
	numbers_free(o->numbers);
	state_free(o->wanted);
	report_free(o->report);
}

static int print_answer(struct buf *b, bool failed)
{
	json_t *o = json_loadb(b->p, b->len, 0, NULL);
	unsigned int n = 0;

	if (want_json) {
		puts(buf_text(b));
	} else {
		print_findings(o);
		if (!failed && json_object_get(o, "steps"))
			n = print_steps(o);
	}
	n = n ? n : json_array_size(json_object_get(o, "steps"));
	json_decref(o);
	return failed ? EXIT_FAILED : n ? EXIT_CHANGES : EXIT_OK;
}

static void add_findings(struct offline *o, struct buf *b)
{
	json_t *f = json_findings(o->report);
	char *s = must(json_dumps(f, JSON_COMPACT));

	buf_printf(b, "{\"findings\": %s", s);
	free(s);
	json_decref(f);
}

static int plan_offline(char **files)
{
	struct offline o = { 0 };
	struct state *none = state_new();
	struct plan plan = { 0 };
	struct buf b = { 0 };
	int rc = offline_read(&o, 1, files);

	if (!rc) {
		offline_check(&o);
		if (!o.report->errors)
			plan_diff(o.wanted, none, &plan, o.report);
		add_findings(&o, &b);
		buf_str(&b, ", \"steps\": ");
		json_plan(&plan, NULL, o.report, &b);
		buf_str(&b, "}");
		rc = print_answer(&b, o.report->errors);
	} else {
		rc = EXIT_FAILED;
	}
	plan_free(&plan);
	state_free(none);
	buf_free(&b);
	offline_free(&o);
	return rc;
}

static int plan_online(const char *file)
{
	char *path = must(strdup("/v1/plan")), *text = NULL;
	size_t len = 0, n;
	struct reply r;
	int rc;

	if (file) {
		text = read_file(file, &len);
		if (!text) {
			free(path);
			return EXIT_FAILED;
		}
		path = path_query(path, "file", strcmp(file, "-") ? file :
				  "stdin");
	}
	r = ask("POST", path, text, len, NULL);
	free(path);
	free(text);
	n = json_array_size(json_object_get(r.json, "steps"));
	if (r.code == 200 && !want_json) {
		print_steps(r.json);
		print_effects(r.json);
	}
	rc = finish(&r);
	return rc ? rc : n ? EXIT_CHANGES : EXIT_OK;
}

/* The same with every rule: what a reviewer wants to see. */
int cmd_diff(int argc, char **argv)
{
	int n = options(argc, argv, NULL, NULL);

	if (n < 0)
		return EXIT_USAGE;
	if (n > 1)
		return usage(argv[0], "one FILE at most");
	show_rules = true;
	return plan_online(n ? argv[1] : NULL);
}

int cmd_plan(int argc, char **argv)
{
	static const char *const spec[] = { "offline", "rules", NULL };
	const char *value[2] = { NULL }, *offline;
	int n = options(argc, argv, spec, value);

	if (n < 0)
		return EXIT_USAGE;
	offline = value[0];
	show_rules = value[1];
	if (n > 1 || (offline && !n))
		return usage(argv[0], offline ? "one FILE is needed" :
			     "one FILE at most");
	return offline ? plan_offline(argv + 1) :
	       plan_online(n ? argv[1] : NULL);
}

int cmd_check(int argc, char **argv)
{
	int n = options(argc, argv, NULL, NULL), rc;
	struct offline o = { 0 };
	struct buf b = { 0 };

	if (n <= 0)
		return n < 0 ? EXIT_USAGE : usage(argv[0], "a FILE is missing");
	rc = offline_read(&o, n, argv + 1);
	offline_check(&o);
	add_findings(&o, &b);
	buf_str(&b, "}");
	rc = print_answer(&b, rc || o.report->errors);
	buf_free(&b);
	offline_free(&o);
	return rc;
}

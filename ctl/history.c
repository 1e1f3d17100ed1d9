// history.c - netdctl history, rollback, confirm, cancel, diff
// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "ctl/ctl.h"

static void print_topologies(const json_t *change)
{
	json_t *t;
	size_t i;

	json_array_foreach(json_object_get(change, "topologies"), i, t)
		printf("%s%s%s", i ? ", " : "", str(t, "name"),
		       !json_is_true(json_object_get(t, "before")) ? " (new)" :
		       !json_is_true(json_object_get(t, "after")) ? " (down)" :
		       "");
}

static void print_change(const json_t *change)
{
	time_t t = json_integer_value(json_object_get(change, "time"));
	char when[32];

	strftime(when, sizeof(when), "%F %T", localtime(&t));
	printf("%6lld  %s  %-12s  %s ",
	       (long long)json_integer_value(json_object_get(change,
							     "number")),
	       when, str(change, "who"), str(change, "what"));
	print_topologies(change);
	putchar('\n');
}

static int print_all(const json_t *answer)
{
	json_t *c;
	size_t i;

	json_array_foreach(json_object_get(answer, "changes"), i, c)
		print_change(c);
	return EXIT_OK;
}

/* What each of its topologies was before. */
static void print_texts(const json_t *change)
{
	json_t *t;
	size_t i;

	json_array_foreach(json_object_get(change, "topologies"), i, t)
		fputs(str(t, "text"), stdout);
}

int cmd_history(int argc, char **argv)
{
	static const char *const spec[] = { "text", NULL };
	const char *text = NULL;
	int n = options(argc, argv, spec, &text);
	struct reply r;
	char *path;

	if (n < 0 || n > 1 || (text && !n))
		return n < 0 ? EXIT_USAGE :
		       usage(argv[0], "one NUMBER at most is expected");
	path = path_of("history", n ? argv[1] : NULL, NULL);
	r = ask("GET", path, NULL, 0, NULL);
	free(path);
	if (r.code != 200 || want_json)
		return finish(&r);
	if (!n)
		print_all(r.json);
	else if (text)
		print_texts(r.json);
	else
		print_change(r.json);
	reply_free(&r);
	return EXIT_OK;
}

/* A request without a text, and one word about its answer. */
static int do_it(const char *verb, const char *arg, const char *done,
		 const char *key)
{
	char *path = path_of(verb, arg, NULL);
	struct reply r = ask("POST", path, "", 0, NULL);

	free(path);
	if (r.code == 200 && !want_json)
		printf("%s %lld\n", done, (long long)json_integer_value(
				json_object_get(r.json, key)));
	return finish(&r);
}

int cmd_rollback(int argc, char **argv)
{
	int n = options(argc, argv, NULL, NULL);

	if (n < 0 || n > 1)
		return n < 0 ? EXIT_USAGE :
		       usage(argv[0], "one NUMBER at most is expected");
	return do_it("rollback", n ? argv[1] : NULL, "as after change", "to");
}

int cmd_confirm(int argc, char **argv)
{
	int n = options(argc, argv, NULL, NULL);

	if (n)
		return n < 0 ? EXIT_USAGE : usage(argv[0], "no argument");
	return do_it("confirm", NULL, "confirmed: change", "confirmed");
}

int cmd_cancel(int argc, char **argv)
{
	int n = options(argc, argv, NULL, NULL);

	if (n)
		return n < 0 ? EXIT_USAGE : usage(argv[0], "no argument");
	return do_it("cancel", NULL, "as after change", "to");
}

// lab.c - netdctl check-lab, netdctl solve
// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ctl/lab.h"

static struct reply get(const char *topology, const char *what)
{
	char *path = path_of("topologies", topology, what, NULL);
	struct reply r = ask("GET", path, NULL, 0, NULL);

	free(path);
	return r;
}

static json_t *result(const struct lab_where *where, const json_t *check)
{
	static const char *const kept[] = { "name", "kind", "text", "hint",
					    "points" };
	struct buf why = { 0 };
	int64_t start = now_ms();
	json_t *o = json_object(), *v;
	unsigned int i;
	bool ok = lab_check(where, check, &why);

	for (i = 0; i < sizeof(kept) / sizeof(*kept); i++) {
		v = json_object_get(check, kept[i]);
		if (v)
			json_object_set(o, kept[i], v);
	}
	json_object_set_new(o, "pass", json_boolean(ok));
	json_object_set_new(o, "why", json_string(buf_text(&why)));
	json_object_set_new(o, "seconds",
			    json_real((now_ms() - start) / 1000.0));
	buf_free(&why);
	return o;
}

/* "campus-7" is pod 7 of campus; without POD it is all of them. */
static bool is_pod(const json_t *lab, const char *pod)
{
	const char *dash = strrchr(str(lab, "topology"), '-');

	return !pod || (dash && !strcmp(dash + 1, pod));
}

/* The results of one topology or pod: {topology, pass, checks}. */
static json_t *run_lab(const char *name, const json_t *lab, bool lines)
{
	const char *pod = str(lab, "topology");
	struct lab_where where = { name, pod, strcmp(pod, name) ?
				   strrchr(pod, '-') + 1 : NULL };
	json_t *list = json_array(), *check, *one;
	bool ok = true;
	size_t i;

	if (lines && where.pod)
		printf("%s:\n", pod);
	json_array_foreach(json_object_get(lab, "checks"), i, check) {
		one = result(&where, check);
		if (lines)
			lab_print_line(one);
		ok &= json_is_true(json_object_get(one, "pass"));
		json_array_append_new(list, one);
	}
	return json_pack("{s:s, s:b, s:o}", "topology", pod, "pass", ok,
			 "checks", list);
}

static json_t *run_labs(const struct reply *r, const char *pod, bool lines)
{
	json_t *labs = json_array(), *lab;
	size_t i;

	json_array_foreach(json_object_get(r->json, "labs"), i, lab)
		if (is_pod(lab, pod) &&
		    json_array_size(json_object_get(lab, "checks")))
			json_array_append_new(labs, run_lab(
				str(r->json, "topology"), lab, lines));
	return labs;
}

static bool all_pass(const json_t *labs)
{
	json_t *lab;
	size_t i;

	json_array_foreach(labs, i, lab)
		if (!json_is_true(json_object_get(lab, "pass")))
			return false;
	return true;
}

static void print_json(const char *topology, json_t *labs)
{
	json_t *o = json_pack("{s:s, s:b, s:O}", "topology", topology, "pass",
			      all_pass(labs), "labs", labs);

	json_dumpf(o, stdout, JSON_INDENT(2));
	putchar('\n');
	json_decref(o);
}

static int print_labs(const char *topology, json_t *labs, bool tap,
		      const char *junit)
{
	int err = junit ? lab_print_junit(junit, labs) : 0;

	if (err)
		complain("%s: %s", junit, strerror(-err));
	if (tap)
		lab_print_tap(labs);
	else if (want_json)
		print_json(topology, labs);
	else
		lab_print_table(labs);
	return all_pass(labs) && !err ? EXIT_OK : EXIT_FAILED;
}

int cmd_check_lab(int argc, char **argv)
{
	static const char *const spec[] = { "pod=", "junit=", "tap", NULL };
	const char *v[3] = { NULL };
	int n = options(argc, argv, spec, v), rc = EXIT_FAILED;
	struct reply r;
	json_t *labs;

	if (n != 1)
		return n < 0 ? EXIT_USAGE :
		       usage(argv[0], "one NAME of a topology is needed");
	r = get(argv[1], "checks");
	if (r.code != 200)
		return finish(&r);
	labs = run_labs(&r, v[0], !v[2] && !want_json);
	if (json_array_size(labs))
		rc = print_labs(argv[1], labs, v[2], v[1]);
	else
		complain("%s has no `checks:`%s%s", argv[1], v[0] ?
			 ", or no pod " : "", v[0] ? v[0] : "");
	json_decref(labs);
	reply_free(&r);
	return rc;
}

/* --- solve ------------------------------------------------------------- */

static int solve_one(const json_t *c)
{
	static char shell[] = "/bin/sh", flag[] = "-c";
	char *command[] = { shell, flag, (char *)str(c, "command"), NULL };
	int status, err;
	pid_t pid;

	printf("%s: %s\n", str(c, "name"), str(c, "command"));
	fflush(NULL);
	pid = fork();
	if (!pid) {
		err = exec_enter(c);
		if (err) {
			complain("%s: %s%s", str(c, "netns"), strerror(-err),
				 err == -EPERM || err == -EACCES ?
				 ": solve needs root" : "");
			_exit(126);
		}
		_exit(exec_command(command));
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* How many there were, or -1 when one failed. */
static int solve_lab(const json_t *lab)
{
	json_t *list = json_object_get(lab, "commands"), *c;
	size_t i;

	json_array_foreach(list, i, c) {
		if (!solve_one(c))
			continue;
		complain("%s: `%s` failed: the rest is not done",
			 str(c, "netns"), str(c, "command"));
		return -1;
	}
	return json_array_size(list);
}

int cmd_solve(int argc, char **argv)
{
	static const char *const spec[] = { "pod=", NULL };
	const char *pod = NULL;
	int n = options(argc, argv, spec, &pod), one, all = 0;
	struct reply r;
	json_t *lab;
	size_t i;

	if (n != 1)
		return n < 0 ? EXIT_USAGE :
		       usage(argv[0], "one NAME of a topology is needed");
	r = get(argv[1], "solution");
	if (r.code != 200)
		return finish(&r);
	json_array_foreach(json_object_get(r.json, "labs"), i, lab) {
		one = is_pod(lab, pod) ? solve_lab(lab) : 0;
		all = one < 0 || all < 0 ? -1 : all + one;
	}
	if (!all)
		complain("%s has no `solution:`%s%s", argv[1], pod ?
			 ", or no pod " : "", pod ? pod : "");
	reply_free(&r);
	return all > 0 ? EXIT_OK : EXIT_FAILED;
}

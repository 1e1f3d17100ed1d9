// lab_run.c - checks: who asks, until when, and the steps around it
// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ctl/lab.h"

#define AGAIN_MS 100
#define AT_ONCE 16		/* askers of a check, side by side */
#define STEP_WORDS 16

/* --- in the node --------------------------------------------------------- */

static bool ask_until(const json_t *check, const json_t *from, int64_t until,
		      struct buf *why)
{
	for (;;) {
		buf_reset(why);
		if (lab_try(check, from, why))
			return true;
		if (now_ms() + AGAIN_MS >= until)
			return false;
		probe_wait(-1, false, now_ms() + AGAIN_MS);
	}
}

/* The child: "+" or "-", and why. */
static int child(const json_t *check, const json_t *from, int64_t until,
		 int out)
{
	struct buf why = { 0 };
	int err = exec_enter(from);
	bool ok = false;

	if (err)
		buf_printf(&why, "%s: %s%s", str(from, "netns"),
			   strerror(-err), err == -EPERM || err == -EACCES ?
			   ": checks need root" : "");
	else
		ok = ask_until(check, from, until, &why);
	dprintf(out, "%c%s", ok ? '+' : '-', buf_text(&why));
	return 0;
}

struct asker {
	const json_t *from;
	pid_t pid;
	int fd;
};

static void start(struct asker *a, const json_t *check, int64_t until)
{
	int p[2];

	a->pid = -1;
	if (pipe2(p, O_CLOEXEC))
		return;
	fflush(NULL);
	a->pid = fork();
	if (!a->pid)
		_exit(child(check, a->from, until, p[1]));
	close(p[1]);
	a->fd = p[0];
}

/* What the asker has found; a child that died has found nothing. */
static bool end(struct asker *a, struct buf *why)
{
	struct buf said = { 0 };
	char b[1024];
	ssize_t n;
	bool ok;

	if (a->pid < 0) {
		buf_str(why, strerror(EAGAIN));
		return false;
	}
	while ((n = read(a->fd, b, sizeof(b))) > 0)
		buf_add(&said, b, n);
	close(a->fd);
	waitpid(a->pid, NULL, 0);
	ok = buf_text(&said)[0] == '+';
	buf_reset(why);
	buf_printf(why, "%s: %s", str(a->from, "name"), said.len ?
		   buf_text(&said) + 1 : "the probe failed");
	buf_free(&said);
	return ok;
}

static bool ask_some(const json_t *check, const json_t *list, size_t first,
		     size_t n, int64_t until, struct buf *why)
{
	struct asker a[AT_ONCE];
	struct buf one = { 0 };
	bool ok = true;
	size_t i;

	for (i = 0; i < n; i++) {
		a[i].from = json_array_get(list, first + i);
		start(&a[i], check, until);
	}
	for (i = 0; i < n; i++) {
		if (end(&a[i], &one) || !ok) {
			if (ok && !first && !i)
				buf_str(why, buf_text(&one));
			continue;
		}
		ok = false;
		buf_reset(why);
		buf_str(why, buf_text(&one));
	}
	buf_free(&one);
	return ok;
}

static bool ask_all(const json_t *check, int64_t until, struct buf *why)
{
	const json_t *list = json_object_get(check, "from");
	size_t i, n = json_array_size(list), some;

	for (i = 0; i < n; i += some) {
		some = n - i < AT_ONCE ? n - i : AT_ONCE;
		if (!ask_some(check, list, i, some, until, why))
			return false;
	}
	return n;
}

/* --- leases --------------------------------------------------------------- */

static bool has_lease(const struct lab_where *where, const char *name,
		      struct buf *why)
{
	char *path = path_query(path_of("leases", NULL), "topology",
				where->topology);
	struct reply r = ask("GET", path, NULL, 0, NULL);
	bool found = false;
	json_t *v;
	size_t i;

	free(path);
	json_array_foreach(json_object_get(r.json, "leases"), i, v) {
		if (strcmp(str(v, "topology"), where->name))
			continue;
		if (strcmp(str(v, "hostname"), name) &&
		    strcmp(str(v, "attachment"), name))
			continue;
		found = true;
		buf_printf(why, "%s has %s", name, str(v, "address"));
		break;
	}
	if (!found)
		buf_printf(why, "%s has no lease", name);
	reply_free(&r);
	return found;
}

static bool ask_lease(const struct lab_where *where, const json_t *check,
		      int64_t until, struct buf *why)
{
	do {
		buf_reset(why);
		if (has_lease(where, str(check, "lease"), why))
			return true;
		probe_wait(-1, false, now_ms() + AGAIN_MS);
	} while (now_ms() < until);
	return false;
}

/* --- steps ---------------------------------------------------------------- */

/* netdctl WORDS..., quietly; its exit code. */
static int self(char **words, struct buf *said)
{
	char *argv[STEP_WORDS + 6] = {
		"/proc/self/exe", "--socket", (char *)socket_path,
	};
	unsigned int i;

	for (i = 0; words[i]; i++)
		argv[3 + i] = words[i];
	return probe_output(argv, said);
}

/* "link NAME VERB ..." as words, the name with its topology, and the pod. */
static void step_words(const struct lab_where *where, char *copy, char **words,
		       char *name, size_t size)
{
	unsigned int n = 0;
	char *word;

	while ((word = strsep(&copy, " ")) && n < STEP_WORDS)
		if (*word)
			words[n++] = word;
	words[n] = NULL;
	if (n > 1) {
		snprintf(name, size, "%s/%s", where->topology, words[1]);
		words[1] = name;
	}
}

/* What undoes it: `down` is undone by `up`, an impairment by what the file
 * says. */
static void reverse(char **words)
{
	static char up[] = "up", down[] = "down", reset[] = "reset";

	if (!words[0] || !words[1] || !words[2])
		return;
	words[2] = !strcmp(words[2], down) ? up :
		   !strcmp(words[2], up) ? down : reset;
	words[3] = NULL;
}

static void add_pod(const struct lab_where *where, char **words)
{
	static char option[] = "--pod";
	unsigned int n = 0;

	while (words[n])
		n++;
	if (where->pod) {
		words[n++] = option;
		words[n++] = (char *)where->pod;
	}
	words[n] = NULL;
}

static bool do_step(const struct lab_where *where, const char *step, bool undo,
		    struct buf *why)
{
	char *words[STEP_WORDS + 3], *copy = must(strdup(step)), name[160];
	struct buf said = { 0 };
	int rc;

	step_words(where, copy, words, name, sizeof(name));
	if (undo)
		reverse(words);
	add_pod(where, words);
	rc = self(words, &said);
	if (rc) {
		buf_reset(why);
		buf_printf(why, "%s`%s`: %.*s", undo ? "undoing " : "", step,
			   (int)strcspn(buf_text(&said), "\n"),
			   buf_text(&said));
	}
	buf_free(&said);
	free(copy);
	return !rc;
}

/* --- one check ------------------------------------------------------------ */

static bool ask_it(const struct lab_where *where, const json_t *check,
		   struct buf *why)
{
	int64_t within = json_integer_value(json_object_get(check, "within"));
	int64_t until = now_ms() + within;

	if (!strcmp(str(check, "kind"), "lease"))
		return ask_lease(where, check, until, why);
	return ask_all(check, until, why);
}

/* Interrupted or not, what was done is undone, in the other order. */
bool lab_check(const struct lab_where *where, const json_t *check,
	       struct buf *why)
{
	const json_t *steps = json_object_get(check, "with");
	size_t n = json_array_size(steps), done = 0;
	sigset_t set, old;
	bool ok = true;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	if (n)
		sigprocmask(SIG_BLOCK, &set, &old);
	while (ok && done < n)
		ok = do_step(where, json_string_value(
			     json_array_get(steps, done++)), false, why);
	ok = ok && ask_it(where, check, why);
	while (done--)
		ok = do_step(where, json_string_value(
			     json_array_get(steps, done)), true, why) && ok;
	if (n)
		sigprocmask(SIG_SETMASK, &old, NULL);
	return ok;
}

// ctl.h - the parts of netdctl
// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef CTL_CTL_H
#define CTL_CTL_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/* What netdctl exits with. */
enum {
	EXIT_OK = 0,
	EXIT_FAILED = 1,	/* errors in a file, or refused */
	EXIT_CHANGES = 2,	/* plan: there is something to do */
	EXIT_NO_DAEMON = 3,
	EXIT_USAGE = 64,	/* as sysexits.h */
};

/* A command of netdctl. */
struct command {
	const char *name;
	int (*run)(int argc, char **argv);	/* argv[0] is the name */
	const char *args;	/* "FILE..." */
	const char *brief;	/* one line */
	const char *help;	/* the rest of --help */
};

extern const struct command commands[];
extern bool want_json;		/* --json */
extern bool show_rules;		/* --rules */
extern const char *socket_path;

/* --- main.c ---------------------------------------------------------- */

/*
 * Takes the common options and those of the command: SPEC is a NULL
 * terminated list of "name", "name=" (with a value), "name=?" (with one, or
 * without) or "name=+" (as often as wanted: the values are lines of one
 * string); values go to the strings in order, "" for one without value.  Other arguments are moved to
 * the front of argv + 1.  Their number, or -1 after a message; --help ends
 * the program.
 */
int options(int argc, char **argv, const char *const *spec, const char **value);
int usage(const char *command, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
__attribute__((format(printf, 1, 2))) void complain(const char *fmt, ...);
void *must(void *p);		/* ends the program when out of memory */

/* --- client.c -------------------------------------------------------- */

/* An answer of the daemon. */
struct reply {
	long code;		/* HTTP status; 0: there was no answer */
	json_t *json;		/* owned; may be NULL */
};

/*
 * Asks for METHOD PATH ("/v1/status") with BODY (NULL: none).  LINE, unless
 * NULL, gets each line of a streamed answer as it comes.  When there is no
 * answer the reason and the cure have been printed.
 */
struct reply ask(const char *method, const char *path, const char *body,
		 size_t len, void (*line)(const char *text, size_t len));
/* A path of parts, each encoded: path_of("topologies", NAME, NULL). */
char *path_of(const char *part, ...) __attribute__((sentinel));
/* Adds "?key=value" or "&key=value", encoded. */
char *path_query(char *path, const char *key, const char *value);
void reply_free(struct reply *r);
/*
 * The usual end: with --json prints the answer, else its findings and error.
 * The exit code.
 */
int finish(struct reply *r);
void print_findings(const json_t *answer);
const char *str(const json_t *o, const char *key);	/* "" when unset */

/* --- files.c --------------------------------------------------------- */

/* The text of FILE ("-": standard input); NULL after a message. */
char *read_file(const char *file, size_t *len);

/* --- steps.c --------------------------------------------------------- */

/* Prints steps for people, and how many there are; their number. */
unsigned int print_steps(const json_t *answer);
/* Prints what a change cuts and opens, what hurts first. */
void print_effects(const json_t *answer);

/* --- table.c --------------------------------------------------------- */

/* Prints objects as columns: KEYS and their HEADS, NULL terminated. */
void print_table(const json_t *list, const char *const *keys,
		 const char *const *heads);

/* --- attach.c -------------------------------------------------------- */

/* Splits TOPOLOGY/NAME; the topology is NULL when it isn't written.  The
 * caller frees it. */
char *split_name(const char *arg, const char **name);
/* A name that nobody has. */
void make_name(char *out, size_t size, const char *prefix);
/* Milliseconds of "10s", "500ms", "2" or "" (as long as is usual); or -1. */
long wait_ms(const char *text);
/* The lines of V as a list of strings; as a map, those of KEY=VALUE. */
json_t *json_lines(const char *v);
json_t *json_labels(const char *v);
/* Adds what attachment O may get and send: RATE[/BURST], or NULL. */
void set_bandwidth(json_t *o, const char *ingress, const char *egress);
/* Attaches O, whose reference it takes; waits MS for it to be usable. */
struct reply ask_attach(const char *name, json_t *o, long ms);
/* 0, or -1: *R tells why.  The caller frees it. */
int ask_detach(const char *topology, const char *name, struct reply *r);

/* --- exec.c, exec_net.c ---------------------------------------------- */

/* What a command is run with, in a namespace of its own on a network. */
struct exec_net {
	const char *network, *root, *user, *name, *wait;
	const char *ifname, *address, *address6, *mac, *publish, *labels;
	const char *ingress, *egress;
};

/*
 * The one item of the KINDS that ARG, [TOPOLOGY/]NAME, is (in the pod of that
 * number, when POD isn't NULL); NULL after a message
 * that says that there is no WHAT of that name, and *RC is the exit code.
 */
json_t *find_item(const char *arg, const char *pod, const char *const *kinds,
		  const char *what, int *rc);
int exec_on_network(const struct exec_net *n, char **command);
/* Runs COMMAND in this process; the exit code when it can't. */
int exec_command(char **command);

/* --- the commands ---------------------------------------------------- */

int cmd_apply(int argc, char **argv);
int cmd_plan(int argc, char **argv);
int cmd_check(int argc, char **argv);
int cmd_diff(int argc, char **argv);
int cmd_history(int argc, char **argv);
int cmd_rollback(int argc, char **argv);
int cmd_confirm(int argc, char **argv);
int cmd_cancel(int argc, char **argv);
int cmd_down(int argc, char **argv);
int cmd_reload(int argc, char **argv);
int cmd_show(int argc, char **argv);
int cmd_status(int argc, char **argv);
int cmd_list(int argc, char **argv);
int cmd_leases(int argc, char **argv);
int cmd_events(int argc, char **argv);
int cmd_attach(int argc, char **argv);
int cmd_detach(int argc, char **argv);
int cmd_doctor(int argc, char **argv);
int cmd_exec(int argc, char **argv);
int cmd_import(int argc, char **argv);
int cmd_capture(int argc, char **argv);
int cmd_link(int argc, char **argv);
int cmd_reset(int argc, char **argv);
int cmd_check_lab(int argc, char **argv);
int cmd_solve(int argc, char **argv);
int cmd_completion(int argc, char **argv);

#endif

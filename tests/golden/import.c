// import.c - what other programs' topologies are made into
// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "netd/import.h"
#include "netd/topo.h"

/*
 * usage: import FILE; the format is the end of its name.  Prints what is made
 * of it, all that was found, and what `netdctl check` says to it.
 */

static void read_all(const char *file, struct buf *b)
{
	FILE *f = fopen(file, "re");
	char part[65536];
	size_t n;

	if (!f) {
		fprintf(stderr, "import: %s: %s\n", file, strerror(errno));
		exit(2);
	}
	while ((n = fread(part, 1, sizeof(part), f)) > 0)
		buf_add(b, part, n);
	fclose(f);
}

static void print(struct report *report)
{
	struct buf out = { 0 };

	report_print(report, &out);
	fputs(buf_text(&out), stdout);
	buf_free(&out);
}

static unsigned int check(const struct buf *made)
{
	struct report *report = report_new();
	struct topology *t = topo_read("made.net.yaml", buf_text(made),
				       made->len, report);
	unsigned int errors;

	if (t)
		topo_check(t, NULL, NULL, NULL, 0, report);
	print(report);
	errors = report->errors;
	topo_free(t);
	report_free(report);
	return errors;
}

int main(int argc, char **argv)
{
	const char *dot = argc == 2 ? strrchr(argv[1], '.') : NULL;
	struct report *report = report_new();
	struct buf text = { 0 }, made = { 0 };
	int bad;

	if (!dot)
		return 2;
	read_all(argv[1], &text);
	bad = import_topology(dot + 1, argv[1], buf_text(&text), text.len,
			      &made, report) != 0;
	fputs(buf_text(&made), stdout);
	print(report);
	if (!bad)
		bad = check(&made) > 0;
	buf_free(&made);
	buf_free(&text);
	report_free(report);
	return bad;
}

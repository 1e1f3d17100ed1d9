// import.c - netdctl import: other programs' topologies as files of netd's
// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/ctl.h"
#include "netd/import.h"
#include "netd/json.h"
#include "netd/topo.h"

/* What was made is checked as `netdctl check` does it. */
static void check_made(const char *file, const struct buf *made,
		       struct report *report)
{
	struct topology *t = topo_read(file, buf_text(made), made->len,
				       report);

	if (t)
		topo_check(t, NULL, NULL, NULL, 0, report);
	topo_free(t);
}

static void print_report_of(struct report *report, enum severity severity,
			    const char *what)
{
	struct buf out = { 0 };
	unsigned int i;

	for (i = 0; i < report->count; i++) {
		const struct finding *f = &report->list[i];

		if (f->severity != severity)
			continue;
		buf_reset(&out);
		report_place(report, f->pos, &out);
		fprintf(stderr, "%s%s%s: %s%s%s\n", buf_text(&out),
			out.len ? ": " : "", what, f->path, f->path[0] ?
			": " : "", f->text);
	}
	buf_free(&out);
}

static int write_out(const char *file, const struct buf *text)
{
	FILE *f = file ? fopen(file, "we") : stdout;
	bool ok = f && fwrite(buf_text(text), 1, text->len, f) == text->len;

	if (f && (file ? fclose(f) : fflush(f)))
		ok = false;
	if (!ok)
		complain("%s: %s", file ? file : "standard output",
			 strerror(errno));
	return ok ? EXIT_OK : EXIT_FAILED;
}

static int print_json(const struct buf *text, struct report *lost)
{
	json_t *o = json_object();

	json_object_set_new(o, "topology", json_text(buf_text(text)));
	json_object_set_new(o, "findings", json_findings(lost));
	json_dumpf(o, stdout, JSON_INDENT(2));
	putchar('\n');
	json_decref(o);
	return EXIT_OK;
}

static int finish_import(const char *file, const struct buf *made,
			 struct report *lost)
{
	struct report *report = report_new();
	int rc;

	check_made(file ? file : "imported.net.yaml", made, report);
	print_report_of(lost, SEV_WARNING, "not carried over");
	rc = want_json ? print_json(made, lost) : write_out(file, made);
	if (report->errors) {
		complain("what was made is not right yet: change it where it "
			 "says so, and see `netdctl check`");
		print_report_of(report, SEV_ERROR, "error");
		rc = EXIT_FAILED;
	}
	report_free(report);
	return rc;
}

static int import(const char *format, const char *file, const char *out)
{
	struct report *lost = report_new();
	struct buf made = { 0 };
	size_t len;
	char *text = read_file(file, &len);
	int err, rc = EXIT_FAILED;

	if (!text) {
		report_free(lost);
		return rc;
	}
	err = import_topology(format, strcmp(file, "-") ? file :
			      "standard input", text, len, &made, lost);
	if (err == -ENOENT)
		rc = usage("import", "graphml, containerlab or libvirt");
	else if (err)
		print_report_of(lost, SEV_ERROR, "error");
	else
		rc = finish_import(out, &made, lost);
	buf_free(&made);
	report_free(lost);
	free(text);
	return rc;
}

int cmd_import(int argc, char **argv)
{
	static const char *const spec[] = { "output=", NULL };
	static char output[] = "--output";
	const char *v[1] = { NULL };
	int i, n;

	for (i = 1; i < argc && strcmp(argv[i], "--"); i++)
		if (!strcmp(argv[i], "-o"))
			argv[i] = output;
	n = options(argc, argv, spec, v);
	if (n != 2)
		return n < 0 ? EXIT_USAGE :
		       usage(argv[0], "a format and a FILE are needed");
	return import(argv[1], argv[2],
		      v[0] && strcmp(v[0], "-") ? v[0] : NULL);
}

// lab_print.c - results of checks: a line each, a table, TAP, JUnit's XML
// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "ctl/lab.h"

static bool passed(const json_t *r)
{
	return json_is_true(json_object_get(r, "pass"));
}

static long long points(const json_t *r)
{
	return json_integer_value(json_object_get(r, "points"));
}

void lab_print_line(const json_t *r)
{
	bool color = isatty(STDOUT_FILENO);
	bool ok = passed(r);

	printf("%s%s%s  %s", color ? ok ? "\033[32m" : "\033[31m" : "",
	       ok ? "PASS" : "FAIL", color ? "\033[0m" : "", str(r, "name"));
	if (str(r, "text")[0])
		printf(": %s", str(r, "text"));
	if (!ok)
		printf(": %s", str(r, "why"));
	putchar('\n');
	if (!ok && str(r, "hint")[0])
		printf("      hint: %s\n", str(r, "hint"));
	fflush(stdout);
}

/* "3/4" and the points of a topology or pod. */
static void print_row(const char *name, const json_t *results, int width)
{
	long long got = 0, all = 0;
	char passing[40];
	size_t i, n = 0;
	json_t *r;

	json_array_foreach(results, i, r) {
		all += points(r);
		got += passed(r) ? points(r) : 0;
		n += passed(r);
	}
	snprintf(passing, sizeof(passing), "%zu/%zu", n,
		 json_array_size(results));
	printf("%-*s  %-7s  %lld/%lld\n", width, name, passing, got, all);
}

void lab_print_table(const json_t *labs)
{
	int width = strlen("TOPOLOGY"), len;
	json_t *lab;
	size_t i;

	json_array_foreach(labs, i, lab) {
		len = strlen(str(lab, "topology"));
		width = len > width ? len : width;
	}
	printf("\n%-*s  %-7s  %s\n", width, "TOPOLOGY", "CHECKS", "POINTS");
	json_array_foreach(labs, i, lab)
		print_row(str(lab, "topology"), json_object_get(lab, "checks"),
			  width);
}

/* TAP 13: testanything.org */
void lab_print_tap(const json_t *labs)
{
	size_t i, k, n = 0;
	json_t *lab, *r;

	json_array_foreach(labs, i, lab)
		n += json_array_size(json_object_get(lab, "checks"));
	printf("TAP version 13\n1..%zu\n", n);
	n = 0;
	json_array_foreach(labs, i, lab)
		json_array_foreach(json_object_get(lab, "checks"), k, r) {
			printf("%sok %zu - %s/%s\n", passed(r) ? "" : "not ",
			       ++n, str(lab, "topology"), str(r, "name"));
			if (!passed(r))
				printf("# %s\n", str(r, "why"));
		}
}

/* What XML lets stand in an attribute. */
static void xml_text(FILE *f, const char *s)
{
	static const char special[] = "&<>\"";
	static const char *const names[] = { "amp", "lt", "gt", "quot" };
	const char *at;

	for (; *s; s++) {
		at = strchr(special, *s);
		if (at)
			fprintf(f, "&%s;", names[at - special]);
		else
			fputc((unsigned char)*s < 0x20 ? ' ' : *s, f);
	}
}

static void xml_case(FILE *f, const char *topology, const json_t *r)
{
	fputs("    <testcase classname=\"", f);
	xml_text(f, topology);
	fputs("\" name=\"", f);
	xml_text(f, str(r, "name"));
	fprintf(f, "\" time=\"%.3f\"",
		json_number_value(json_object_get(r, "seconds")));
	if (passed(r)) {
		fputs("/>\n", f);
		return;
	}
	fputs(">\n      <failure message=\"", f);
	xml_text(f, str(r, "why"));
	fputs("\"/>\n    </testcase>\n", f);
}

static void xml_suite(FILE *f, const json_t *lab)
{
	const json_t *results = json_object_get(lab, "checks");
	size_t i, bad = 0;
	json_t *r;

	json_array_foreach(results, i, r)
		bad += !passed(r);
	fputs("  <testsuite name=\"", f);
	xml_text(f, str(lab, "topology"));
	fprintf(f, "\" tests=\"%zu\" failures=\"%zu\">\n",
		json_array_size(results), bad);
	json_array_foreach(results, i, r)
		xml_case(f, str(lab, "topology"), r);
	fputs("  </testsuite>\n", f);
}

int lab_print_junit(const char *file, const json_t *labs)
{
	FILE *f = strcmp(file, "-") ? fopen(file, "we") : stdout;
	json_t *lab;
	size_t i;

	if (!f)
		return -errno;
	fputs("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n",
	      f);
	json_array_foreach(labs, i, lab)
		xml_suite(f, lab);
	fputs("</testsuites>\n", f);
	if (f == stdout)
		return fflush(f) ? -errno : 0;
	return fclose(f) ? -errno : 0;
}

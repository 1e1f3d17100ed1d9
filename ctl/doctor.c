// doctor.c - netdctl doctor: what stands in the way of netd's traffic
// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>
#include <string.h>

#include "ctl/ctl.h"

/* What comes from others' rules and files is not to move the cursor. */
static void print_line(const char *head, const char *text)
{
	if (!*text)
		return;
	printf("  %-7s", head);
	for (; *text; text++)
		putchar((unsigned char)*text < ' ' || *text == 127 ? '?' :
			*text);
	putchar('\n');
}

static void print_trouble(const json_t *t)
{
	const char *what = str(t, "what");

	printf("%s: ", json_is_true(json_object_get(t, "certain")) ?
	       "trouble" : "maybe");
	for (; *what; what++)
		putchar((unsigned char)*what < ' ' || *what == 127 ? '?' :
			*what);
	putchar('\n');
	print_line("where", str(t, "where"));
	print_line("breaks", str(t, "breaks"));
	print_line("cure", str(t, "cure"));
	print_line("or", str(t, "yaml"));
}

int cmd_doctor(int argc, char **argv)
{
	int n = options(argc, argv, NULL, NULL), rc;
	struct reply r;
	json_t *list, *t;
	size_t i;

	if (n)
		return n < 0 ? EXIT_USAGE : usage(argv[0], "it takes no "
						  "arguments");
	r = ask("GET", "/v1/doctor", NULL, 0, NULL);
	list = json_object_get(r.json, "troubles");
	n = json_array_size(list);
	if (r.code == 200 && !want_json) {
		json_array_foreach(list, i, t)
			print_trouble(t);
		if (!n)
			puts("nothing stands in the way of netd's traffic");
	}
	rc = finish(&r);
	return rc ? rc : n ? EXIT_CHANGES : EXIT_OK;
}

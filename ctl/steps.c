// steps.c - a plan for people to read
// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>
#include <string.h>

#include "ctl/ctl.h"

static bool has_line(const json_t *list, const char *line)
{
	json_t *l;
	size_t i;

	json_array_foreach(list, i, l)
		if (!strcmp(json_string_value(l), line))
			return true;
	return false;
}

static void print_lines(const json_t *list, const json_t *other, char sign)
{
	json_t *l;
	size_t i;

	json_array_foreach(list, i, l)
		if (!has_line(other, json_string_value(l)))
			printf("    %c %s\n", sign, json_string_value(l));
}

/* A chain is its rules: those that go and those that come. */
static void print_chain(const json_t *step, char sign)
{
	const json_t *before = json_object_get(step, "rules-before");
	const json_t *after = json_object_get(step, "rules");

	printf("%c chain %s", sign, str(step, "name"));
	if (str(step, "netns")[0])
		printf(" (in %s)", str(step, "netns"));
	putchar('\n');
	print_lines(before, after, '-');
	print_lines(after, before, '+');
}

unsigned int print_steps(const json_t *answer)
{
	unsigned int create = 0, destroy = 0, other = 0;
	json_t *step;
	size_t i;

	json_array_foreach(json_object_get(answer, "steps"), i, step) {
		const char *op = str(step, "op");

		if (!strcmp(str(step, "kind"), "chain"))
			print_chain(step, *op == 'c' ? '+' : *op == 'd' ? '-' :
				    '~');
		else
			puts(str(step, "text"));
		create += *op == 'c';
		destroy += *op == 'd';
		other += *op != 'c' && *op != 'd';
	}
	if (!i)
		puts("nothing to do");
	else
		printf("%u to create, %u to change, %u to remove\n", create,
		       other, destroy);
	return i;
}

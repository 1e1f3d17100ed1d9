// steps.c - a plan for people to read
// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>
#include <string.h>

#include "ctl/ctl.h"

bool show_rules;

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

/* So many elements in a row are told one by one. */
#define ELEMENTS_TOLD 12

enum fold { FOLD_NOT, FOLD_SHARED, FOLD_ELEMENT };

/*
 * What is the same for every topology, and the elements by which it is told
 * apart, are too many lines for a person to find the others among them.
 */
static enum fold fold_of(const json_t *step)
{
	const char *kind = str(step, "kind"), *op = str(step, "op");

	if (show_rules || (*op != 'c' && *op != 'd'))
		return FOLD_NOT;
	if (!strcmp(kind, "element"))
		return FOLD_ELEMENT;
	return !str(step, "place")[0] &&
	       (!strcmp(kind, "table") || !strcmp(kind, "set") ||
		!strcmp(kind, "chain")) ? FOLD_SHARED : FOLD_NOT;
}

/* How many steps from I on are alike. */
static size_t run_of(const json_t *steps, size_t i)
{
	const json_t *first = json_array_get(steps, i), *s;
	size_t n = 1;

	for (; (s = json_array_get(steps, i + n)); n++)
		if (fold_of(s) != fold_of(first) ||
		    strcmp(str(s, "op"), str(first, "op")) ||
		    strcmp(str(s, "netns"), str(first, "netns")))
			break;
	return n;
}

static void print_fold(const json_t *step, enum fold fold, size_t n)
{
	const char *netns = str(step, "netns");

	printf("%c %zu %s%s%s (--rules shows them)\n",
	       *str(step, "op") == 'c' ? '+' : '-', n,
	       fold == FOLD_ELEMENT ? "elements of sets and maps" :
	       "tables, sets and chains that all networks share",
	       netns[0] ? " in " : "", netns);
}

static void print_step(const json_t *step)
{
	const char *op = str(step, "op");

	if (!strcmp(str(step, "kind"), "chain"))
		print_chain(step, *op == 'c' ? '+' : *op == 'd' ? '-' : '~');
	else
		puts(str(step, "text"));
}

unsigned int print_steps(const json_t *answer)
{
	const json_t *steps = json_object_get(answer, "steps"), *step;
	unsigned int create = 0, destroy = 0;
	size_t i, n, run;

	n = json_array_size(steps);
	for (i = 0; i < n; i += run) {
		enum fold fold;

		step = json_array_get(steps, i);
		fold = fold_of(step);
		run = fold ? run_of(steps, i) : 1;
		if (fold == FOLD_ELEMENT && run <= ELEMENTS_TOLD)
			run = 1;
		if (run > 1)
			print_fold(step, fold, run);
		else
			print_step(step);
		create += *str(step, "op") == 'c' ? run : 0;
		destroy += *str(step, "op") == 'd' ? run : 0;
	}
	if (!n)
		puts("nothing to do");
	else
		printf("%u to create, %zu to change, %u to remove\n", create,
		       n - create - destroy, destroy);
	return n;
}

#define EFFECTS_TOLD 40

void print_effects(const json_t *answer)
{
	static const char *const words[] = { "cuts", "changes", "opens" };
	const json_t *list = json_object_get(answer, "effects"), *x;
	unsigned int told = 0;
	size_t i, k;

	for (k = 0; k < 3; k++)
		json_array_foreach(list, i, x)
			if (!strcmp(str(x, "effect"), words[k]) &&
			    told++ < EFFECTS_TOLD)
				printf("%s: %s\n", words[k], str(x, "text"));
	if (told > EFFECTS_TOLD)
		printf("... and %u more\n", told - EFFECTS_TOLD);
}

// test.h - the few words that unit tests are written in
// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef TESTS_UNIT_TEST_H
#define TESTS_UNIT_TEST_H

#include <stdio.h>
#include <string.h>

static unsigned int test_failed, test_count;

/* Says what was expected and goes on, so that one run shows all. */
#define CHECK(cond) do {						\
	test_count++;							\
	if (!(cond)) {							\
		test_failed++;						\
		fprintf(stderr, "%s:%d: not true: %s\n", __FILE__,	\
			__LINE__, #cond);				\
	}								\
} while (0)

#define CHECK_STR(got, want) do {					\
	const char *got_ = (got), *want_ = (want);			\
									\
	test_count++;							\
	if (strcmp(got_, want_)) {					\
		test_failed++;						\
		fprintf(stderr, "%s:%d: %s\n  is   \"%s\"\n  not  \"%s\"\n", \
			__FILE__, __LINE__, #got, got_, want_);		\
	}								\
} while (0)

/* The last line of main(). */
static inline int test_end(void)
{
	if (!test_count)
		fprintf(stderr, "nothing was checked\n");
	return test_failed || !test_count;
}

#endif

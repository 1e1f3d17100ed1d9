// worst.c - the worst texts there are, of 4 MiB: refused at once, or read soon
// SPDX-License-Identifier: GPL-2.0-or-later
#include "netd/topo.h"
#include "test.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SIZE (4u << 20)
#ifdef __SANITIZE_ADDRESS__
#define READ_MS 10000
#else
#define READ_MS 1000
#endif
#define REFUSED_MS 50

/* Processor time, and the best of three: others may work here as well. */
static double now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return t.tv_sec * 1e3 + t.tv_nsec / 1e6;
}

/* HEAD, then PART again and again, with the number of it where %u stands. */
static size_t fill(char *text, const char *head, const char *part)
{
	size_t n = strlen(head);
	unsigned int i = 0;
	char one[300];

	memcpy(text, head, n);
	for (;;) {
		size_t len = snprintf(one, sizeof(one), part, i, i, i);

		i++;
		if (n + len > SIZE)
			return n;
		memcpy(text + n, one, len);
		n += len;
	}
}

static const struct {
	const char *what, *head, *part;
} worst[] = {
	{ "brackets", "", "[" },
	{ "braces", "", "{" },
	{ "nested maps", "", "{a: " },
	{ "nested lists, spaced", "", "[ " },
	{ "indicators", "", "- " },
	{ "question marks", "", "? " },
	{ "anchors", "", "- &a%u x\n" },
	{ "aliases", "- &a x\n", "- *a\n" },
	{ "anchors and aliases", "", "- &a%u [*a%u]\n" },
	{ "directives", "", "%%TAG !a%u! tag:x,2000:\n" },
	{ "documents", "", "---\n" },
	{ "tags", "", "- !t%u x\n" },
	{ "one scalar", "", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" },
	{ "one quoted scalar", "a: \"", "\\x41\\n " },
	{ "a quote that never ends", "a: '", "''" },
	{ "a block scalar", "a: |\n", "  x\n" },
	{ "a long key", "", "k k k k k k k k " },
	{ "colons", "", ":" },
	{ "unknown keys", "", "k%u: {}\n" },
	{ "the same key", "", "name: a\n" },
	{ "the same network", "networks:\n", "  a: {}\n" },
	{ "networks", "networks:\n", "  n%u: {}\n" },
	{ "networks with an error", "networks:\n", "  n%u: {mtuu: %u}\n" },
	{ "networks in one line", "networks: {", "n%u: {}, " },
	{ "bad values", "networks:\n", "  n%u: {subnet: 10.0.0.0/%u}\n" },
	{ "overlaps", "networks:\n", "  n%u: {subnet: 10.0.0.0/8}\n" },
	{ "attachments to nowhere", "attachments:\n",
	  "  a%u: {network: b%u, type: tap, owner: root}\n" },
	{ "policies to nowhere", "policies:\n", "  - {from: a%u, to: b%u}\n" },
	{ "groups of groups", "groups:\n", "  g%u: [g%u, h%u]\n" },
	{ "links to nowhere", "links:\n", "  - a%u-b%u\n" },
	{ "comments", "", "# %u\n" },
	{ "empty lines", "", "\n" },
	{ "tabs", "", "\t" },
	{ "control characters", "", "\x01" },
	{ "bytes that are no UTF-8", "", "\xff\xfe" },
	{ "carriage returns", "a:\r", "\r" },
	{ "nodes", "nodes:\n", "  n%u: {networks: [a, b, c]}\n" },
};

static double read_once(const char *text, size_t len, bool *refused)
{
	struct numbers *numbers = numbers_new();
	struct report *report = report_new();
	double start = now_ms();
	struct topology *t = topo_read("w.net.yaml", text, len, report);
	struct buf out = { 0 };

	if (t)
		topo_check(t, NULL, numbers, NULL, 0, report);
	report_print(report, &out);
	start = now_ms() - start;
	*refused = report->errors > 0;
	buf_free(&out);
	topo_free(t);
	report_free(report);
	numbers_free(numbers);
	return start;
}

int main(void)
{
	char *text = malloc(SIZE + 1);
	double ms, best;
	bool refused;
	unsigned int i, k;
	size_t len;

	for (i = 0; i < sizeof(worst) / sizeof(*worst); i++) {
		len = fill(text, worst[i].head, worst[i].part);
		text[len] = '\0';
		best = 1e9;
		for (k = 0; k < 3 && best > REFUSED_MS; k++) {
			ms = read_once(text, len, &refused);
			best = ms < best ? ms : best;
		}
		printf("%s: %s after %.0f ms\n", worst[i].what,
		       refused ? "refused" : "read", best);
		CHECK(best <= READ_MS);
	}
	free(text);
	return test_end();
}

// nft-text.c - rulesets through our compiler: nft must list them the same
// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Each file named on the command line is a listing as nft prints it.  It is
 * taken apart, loaded by host/nft, listed by nft and by our own dump, and
 * both must equal the file; behind -c, only the chains of it.  Needs root and
 * nft; exits 77 without.
 */
#include <errno.h>
#include <linux/netfilter.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/nft/nft.h"
#include "netd/arena.h"
#include "netd/field.h"

static int failures;

static void fail(const char *what, const char *more)
{
	fprintf(stderr, "FAIL: %s: %s\n", what, more);
	failures++;
}

static char *slurp(FILE *f)
{
	size_t len = 0, cap = 1 << 20;
	char *s = malloc(cap);
	size_t n;

	while (s && (n = fread(s + len, 1, cap - len - 1, f)) > 0)
		len += n;
	if (s)
		s[len] = 0;
	return s;
}

struct load {
	struct nft_txn t;
	int family;
	char table[NFT_NAME];
	char thing[NFT_NAME];
	char text[65536];
};

static char *trim(char *s)
{
	s += strspn(s, " \t");
	for (size_t n = strlen(s); n && strchr(" \t\n", s[n - 1]); n--)
		s[n - 1] = 0;
	return s;
}

static void check(struct load *l, int err, const char *what)
{
	if (err)
		fail(what, l->t.err);
}

/* The elements of `a . b : c, d . e : f`; the commas in it are no data. */
static void load_elements(struct load *l, char *s)
{
	for (char *e = strtok(s, ","); e; e = strtok(NULL, ",")) {
		char *data = strstr(e, " : ");

		if (data) {
			*data = 0;
			data += 3;
		}
		check(l, nft_elem_add(&l->t, l->family, l->table, l->thing,
				      trim(e), data ? trim(data) : NULL,
				      "element"), trim(e));
	}
}

/* Everything up to the line that is only a brace. */
static char *body(char **at)
{
	char *s = *at, *end = strstr(s, "\n\t}\n");

	if (!end)
		exit(1);
	*end = 0;
	*at = end + 4;
	return s;
}

static void load_set(struct load *l, char *s)
{
	char *e = strstr(s, "elements = {");
	char *close = e ? strrchr(s, '}') : NULL;

	if (e) {
		*e = 0;
		*close = 0;
	}
	check(l, nft_set_add(&l->t, l->family, l->table, l->thing, s,
			     l->thing), l->thing);
	if (e)
		load_elements(l, e + strlen("elements = {"));
}

static void load_file(struct load *l, char *at)
{
	char kind[16], fam[16];

	while (*at) {
		char *line = at, *end = strchr(at, '\n');

		*end = 0;
		at = end + 1;
		if (sscanf(line, "table %15s %63s {", fam, l->table) == 2) {
			l->family = nft_family_by_name(fam, strlen(fam));
			nft_table_add(&l->t, l->family, l->table, 0, "table");
		} else if (sscanf(line, "\t%15s %63s {", kind, l->thing) == 2) {
			char *s = body(&at);

			if (strcmp(kind, "chain"))
				load_set(l, s);
			else
				check(l, nft_chain_add(&l->t, l->family,
						       l->table, l->thing, s,
						       l->thing), l->thing);
		}
	}
}

/* Numbers of counters are no part of the text. */
static void normalise(char *s)
{
	char *from = s, *to = s, *p;
	static const char counter[] = "counter packets ";

	while (*from) {
		if (!strncmp(from, counter, sizeof(counter) - 1)) {
			memcpy(to, "counter", 7);
			to += 7;
			p = strstr(from, " bytes ");
			from = p + 7 + strspn(p + 7, "0123456789");
			continue;
		}
		*to++ = *from++;
	}
	*to = 0;
}

static void differ(const char *file, const char *want, const char *got)
{
	FILE *f;

	if (!strcmp(want, got))
		return;
	fail(file, "nft lists something else");
	f = fopen("/tmp/nft-text.want", "w");
	fputs(want, f);
	fclose(f);
	f = popen("diff -u /tmp/nft-text.want - >&2", "w");
	fputs(got, f);
	pclose(f);
	unlink("/tmp/nft-text.want");
}

static void on_error(void *arg, const void *who, int err, const char *text)
{
	fprintf(stderr, "FAIL: kernel: %s: %s (%s)\n",
		who ? (const char *)who : "?", strerror(-err), text);
	failures++;
}

/* Our own dump must know every chain and every set again. */
static void check_dump(struct nft_sock *k, const char *file)
{
	struct arena *a = arena_new();
	struct nft_found f;
	int err = nft_dump(k, "netd", true, a, &f);

	if (err)
		fail(file, strerror(-err));
	for (uint32_t i = 0; i < f.nchains; i++)
		if (!f.chains[i].hash)
			fail("chain not known again", f.chains[i].name);
	for (uint32_t i = 0; i < f.nsets; i++)
		if (!f.sets[i].hash)
			fail("set not known again", f.sets[i].name);
	arena_free(a);
}

/* Leaves the lines of the chains. */
static void chains_only(char *s)
{
	char *from = s, *to = s;
	bool in = false;

	while (*from) {
		size_t n = strcspn(from, "\n") + 1;

		in |= !strncmp(from, "\tchain ", 7);
		if (in)
			memmove(to, from, n);
		to += in ? n : 0;
		in &= strncmp(from, "\t}", 2) != 0;
		from += n;
	}
	*to = 0;
}

static void test_file(const char *file, bool chains)
{
	FILE *f = fopen(file, "r"), *p;
	char *want = f ? slurp(f) : NULL, *copy, *got;
	struct load *l = calloc(1, sizeof(*l));
	struct nft_sock k;

	if (!want || !l || unshare(CLONE_NEWNET) || nft_sock_open(&k)) {
		fail(file, strerror(errno));
		exit(1);
	}
	fclose(f);
	nft_txn_init(&l->t);
	copy = strdup(want);
	load_file(l, copy);
	nft_commit(&k, &l->t, 0, on_error, NULL);
	p = popen("nft list ruleset", "r");
	got = slurp(p);
	pclose(p);
	normalise(got);
	if (chains) {
		chains_only(got);
		chains_only(want);
	}
	differ(file, want, got);
	check_dump(&k, file);
	nft_txn_free(&l->t);
	nft_sock_close(&k);
	free(copy);
	free(want);
	free(got);
	free(l);
}

int main(int argc, char **argv)
{
	bool chains = false;

	if (geteuid() || system("nft --version >/dev/null 2>&1"))
		return 77;
	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "-c"))
			chains = true;
		else
			test_file(argv[i], chains);
	}
	return failures ? 1 : 0;
}

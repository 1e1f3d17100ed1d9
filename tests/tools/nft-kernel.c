// nft-kernel.c - the nft back end and a kernel: errors, dumps, foreign hands
// SPDX-License-Identifier: GPL-2.0-or-later
/* Works in a network namespace of its own.  Needs root and nft; else 77. */
#include <errno.h>
#include <linux/netfilter.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "host/nft/nft.h"
#include "netd/arena.h"
#include "netd/field.h"
#include "tests/unit/test.h"

#define INET	NFPROTO_INET
#define BRIDGE	NFPROTO_BRIDGE

static struct nft_sock sock;
static char told[4096];		/* "who errno;" of each error */

static void on_error(void *arg, const void *who, int err, const char *text)
{
	size_t n = strlen(told);

	snprintf(told + n, sizeof(told) - n, "%s %s;",
		 who ? (const char *)who : "?", strerrorname_np(-err));
}

static int send_txn(struct nft_txn *t)
{
	int err;

	told[0] = 0;
	err = nft_commit(&sock, t, 0, on_error, NULL);
	nft_txn_reset(t);
	return err;
}

static void nft_cmd(const char *cmd)
{
	char line[1024];

	snprintf(line, sizeof(line), "nft '%s'", cmd);
	CHECK(!system(line));
}

static void fresh(struct nft_txn *t)
{
	nft_sock_close(&sock);
	CHECK(!unshare(CLONE_NEWNET));
	CHECK(!nft_sock_open(&sock));
	nft_txn_init(t);
	nft_table_add(t, INET, "netd", 0, "table");
}

static const struct nft_found_chain *chain(const struct nft_found *f,
					   const char *name)
{
	for (uint32_t i = 0; i < f->nchains; i++)
		if (!strcmp(f->chains[i].name, name))
			return &f->chains[i];
	return NULL;
}

static const char *data_of(const struct nft_found *f, const char *name)
{
	for (uint32_t i = 0; i < f->nelems; i++)
		if (!strcmp(f->elems[i].name, name))
			return f->elems[i].data;
	return "(none)";
}

/* Each wrong element is told by itself, out of a message of many. */
static void test_errors(void)
{
	char key[64], who[4][8] = { "e7", "e3000", "e9999", "" };
	struct nft_txn t;

	fresh(&t);
	CHECK(!nft_set_add(&t, INET, "netd", "pair",
			   "type ifname . ifname : verdict", "pair"));
	for (int i = 0; i < 10000; i++) {
		bool bad = i == 7 || i == 3000 || i == 9999;
		const char *w = i == 7 ? who[0] : i == 3000 ? who[1] : who[2];

		snprintf(key, sizeof(key), "\"a%d\" . \"b\"", i);
		CHECK(!nft_elem_add(&t, INET, "netd", "pair", key,
				    bad ? "goto nowhere" : "accept",
				    bad ? w : "good"));
	}
	CHECK(!nft_chain_add(&t, INET, "netd", "c",
			     "iifname @nothere accept\naccept", "c"));
	CHECK(send_txn(&t) == -ENOENT);
	CHECK_STR(told, "e7 ENOENT;e3000 ENOENT;e9999 ENOENT;c ENOENT;");

	/* what was refused as a whole left nothing */
	CHECK(!nft_table_del(&t, INET, "netd", "gone"));
	CHECK(send_txn(&t) == -ENOENT);
	CHECK_STR(told, "gone ENOENT;");
	nft_txn_free(&t);
}

/* A call that fails leaves the transaction as it was. */
static void test_refused_text(void)
{
	struct nft_txn t;
	uint32_t before;

	fresh(&t);
	before = t.messages;
	CHECK(nft_chain_add(&t, INET, "netd", "c", "tcp dport { 1, 2 } accept\n"
			    "accept\nfrobnicate", "c") == -EINVAL);
	CHECK_STR(t.err, "chain c, rule 3: a word that is not understood at "
		  "'frobnicate'");
	CHECK(t.messages == before);
	CHECK(!nft_chain_add(&t, INET, "netd", "d", "accept", "d"));
	CHECK(!send_txn(&t));
	nft_txn_free(&t);
}

static const char *const elements[][3] = {
	{ "s1", "\"nd-web\"", NULL },
	{ "s2", "10.0.0.0/8", NULL },
	{ "s2", "192.168.0.1-192.168.0.9", NULL },
	{ "s2", "192.168.0.10", NULL },
	{ "s2", "0.0.0.0", NULL },
	{ "s2", "240.0.0.0/4", NULL },
	{ "s3", "\"a\" . 02:00:00:00:00:01 . 10.0.0.1", NULL },
	{ "s4", "fd00::/8", NULL },
	{ "s4", "fe80::1-fe80::9", NULL },
	{ "s5", "\"a\" . tcp . 8000-8010", NULL },
	{ "s5", "\"a\" . ipv6-icmp . 0", NULL },
	{ "s5", "\"b\" . 99 . 0-65535", NULL },
	{ "s6", "1024-65535", NULL },
	{ "m1", "\"a\" . \"b\"", "goto to_x" },
	{ "m1", "\"a\" . \"c\"", "drop" },
	{ "m1", "\"a\" . \"d\"", "jump to_x" },
	{ "m2", "\"e\" . 192.0.2.1 . tcp . 80", "10.1.0.10 . 8080" },
	{ "m2", "\"e\" . 192.0.2.1 . udp . 81-90",
	  "10.1.0.10-10.1.0.12 . 81-90" },
	{ "m3", "\"e\" . fd00::1", "fd00::2" },
	{ "m4", "\"e\" . 10.0.0.0/24", "0x000000ff" },
	{ "m5", "10.0.0.0/24", "192.0.2.0/29" },
	{ "m5", "10.0.1.0/24", "192.0.2.10-192.0.2.12" },
};

#define ELEMENTS	(sizeof(elements) / sizeof(elements[0]))

static const char *const sets[][2] = {
	{ "s1", "type ifname" },
	{ "s2", "type ipv4_addr\nflags interval" },
	{ "s3", "type ifname . ether_addr . ipv4_addr" },
	{ "s4", "type ipv6_addr; flags interval; size 1000" },
	{ "s5", "type ifname . inet_proto . inet_service; flags interval" },
	{ "s6", "type inet_service; flags interval" },
	{ "m1", "type ifname . ifname : verdict" },
	{ "m2", "type ifname . ipv4_addr . inet_proto . inet_service : "
	  "interval ipv4_addr . inet_service; flags interval" },
	{ "m3", "type ifname . ipv6_addr : ipv6_addr" },
	{ "m4", "type ifname . ipv4_addr : mark; flags interval" },
	{ "m5", "type ipv4_addr : interval ipv4_addr; flags interval" },
	{ "learn", "type ifname . ipv6_addr; flags dynamic,timeout; "
	  "timeout 1h; size 100" },
};

#define SETS	(sizeof(sets) / sizeof(sets[0]))

static void put_all(struct nft_txn *t, int family)
{
	for (size_t i = 0; i < SETS; i++)
		CHECK(!nft_set_add(t, family, "netd", sets[i][0], sets[i][1],
				   sets[i][0]));
	CHECK(!nft_chain_add(t, family, "netd", "to_x", "accept", "to_x"));
	for (size_t i = 0; i < ELEMENTS; i++) {
		CHECK(!nft_elem_add(t, family, "netd", elements[i][0],
				    elements[i][1], elements[i][2],
				    elements[i][1]));
		if (t->err[0])
			fprintf(stderr, "%s\n", t->err);
	}
}

/* What we say is what comes back, and can be taken away by the same words. */
static void test_elements(int family)
{
	char name[256];
	struct nft_found f;
	struct arena *a = arena_new();
	struct nft_txn t;

	fresh(&t);
	nft_table_add(&t, BRIDGE, "netd", 0, "table");
	put_all(&t, family);
	CHECK(!send_txn(&t));
	CHECK_STR(told, "");
	CHECK(!nft_dump(&sock, "netd", true, a, &f));
	CHECK(f.nelems == ELEMENTS && f.nsets == SETS);
	for (size_t i = 0; i < ELEMENTS; i++) {
		snprintf(name, sizeof(name), "%s netd %s %s",
			 nft_family_name(family), elements[i][0],
			 elements[i][1]);
		CHECK_STR(data_of(&f, name),
			  elements[i][2] ? elements[i][2] : "");
	}
	for (size_t i = 0; i < SETS; i++)
		CHECK(f.sets[i].hash == hash64(sets[i][1],
					       strlen(sets[i][1])));
	/* what was found makes the same elements known again */
	nft_txn_free(&t);
	for (uint32_t i = 0; i < f.nsets; i++)
		nft_set_know(&t, &f.sets[i]);
	for (uint32_t i = 0; i < f.nelems; i++)
		CHECK(!nft_elem_del(&t, family, "netd",
				    f.sets[f.elems[i].set].name,
				    f.elems[i].key, f.elems[i].key));
	CHECK(!send_txn(&t));
	CHECK_STR(told, "");
	CHECK(!nft_dump(&sock, "netd", true, a, &f));
	CHECK(!f.nelems);
	nft_txn_free(&t);
	arena_free(a);
}

/* A set made by nft itself is found the same, but for the hash. */
static void test_foreign_sets(void)
{
	struct arena *a = arena_new();
	struct nft_found f;
	struct nft_txn t;

	fresh(&t);
	CHECK(!send_txn(&t));
	nft_cmd("add set inet netd s { type ipv4_addr; flags interval; "
		"elements = { 10.0.0.0/8, 1.2.3.4, 255.255.255.0/24 } }");
	nft_cmd("add map inet netd m { type ifname . ipv4_addr : mark; "
		"elements = { \"x\" . 1.2.3.4 : 5 } }");
	CHECK(!nft_dump(&sock, "netd", true, a, &f));
	CHECK(f.nsets == 2 && f.nelems == 4);
	CHECK(!f.sets[0].hash && !f.sets[1].hash);
	CHECK_STR(data_of(&f, "inet netd s 10.0.0.0/8"), "");
	CHECK_STR(data_of(&f, "inet netd s 1.2.3.4"), "");
	CHECK_STR(data_of(&f, "inet netd s 255.255.255.0/24"), "");
	CHECK_STR(data_of(&f, "inet netd m \"x\" . 1.2.3.4"), "0x00000005");
	arena_free(a);
	nft_txn_free(&t);
}

static uint64_t hash_now(const char *name)
{
	struct arena *a = arena_new();
	struct nft_found f;
	uint64_t hash = 1;

	CHECK(!nft_dump(&sock, "netd", true, a, &f));
	if (chain(&f, name))
		hash = chain(&f, name)->hash;
	arena_free(a);
	return hash;
}

static const char forward[] =
	"type filter hook forward priority filter; policy drop;\n"
	"ct state new ct mark set 0x00000007 accept\n"
	"ct mark set 0x00000008 accept comment \"eight\"\n"
	"counter drop";

static void forward_again(struct nft_txn *t)
{
	CHECK(!nft_chain_replace(t, INET, "netd", "fwd1", forward, "fwd1"));
	CHECK(!send_txn(t));
	CHECK(hash_now("fwd1") == hash64(forward, strlen(forward)));
}

/* A foreign hand in our chain is seen, whatever it does. */
static void test_foreign_rules(void)
{
	struct arena *a = arena_new();
	const struct nft_found_chain *c;
	struct nft_found f;
	struct nft_txn t;

	fresh(&t);
	CHECK(!nft_chain_add(&t, INET, "netd", "fwd1", forward, "fwd1"));
	CHECK(!nft_chain_add(&t, INET, "netd", "empty", "", "empty"));
	CHECK(!nft_chain_add(&t, INET, "netd", "hookless",
			     "type filter hook input priority -10; "
			     "policy accept;", "hookless"));
	CHECK(!send_txn(&t));
	CHECK(!nft_dump(&sock, "netd", true, a, &f));
	c = chain(&f, "fwd1");
	CHECK(c && c->hash == hash64(forward, strlen(forward)));
	CHECK(c && c->nmarks == 2 && c->marks[0] == 7 && c->marks[1] == 8);
	CHECK(hash_now("empty") == hash64("", 0));
	CHECK(hash_now("hookless") != 0);

	nft_cmd("add rule inet netd fwd1 accept");
	CHECK(!hash_now("fwd1"));
	forward_again(&t);
	nft_cmd("insert rule inet netd fwd1 accept");
	CHECK(!hash_now("fwd1"));
	forward_again(&t);
	nft_cmd("add chain inet netd fwd1 { policy accept; }");
	CHECK(!hash_now("fwd1"));
	forward_again(&t);
	CHECK(!system("h=$(nft -a list chain inet netd fwd1 | "
		      "sed -n \"s/.*eight.*handle //p\"); "
		      "nft delete rule inet netd fwd1 handle $h"));
	CHECK(!hash_now("fwd1"));
	forward_again(&t);
	CHECK(!system("h=$(nft -a list chain inet netd fwd1 | "
		      "sed -n \"s/.*eight.*handle //p\"); "
		      "nft replace rule inet netd fwd1 handle $h accept"));
	CHECK(!hash_now("fwd1"));
	forward_again(&t);
	nft_cmd("flush chain inet netd fwd1");
	CHECK(hash_now("fwd1") != hash64(forward, strlen(forward)));
	arena_free(a);
	nft_txn_free(&t);
}

/* The phases: names go and come in one transaction, in any order of calls. */
static void test_order(void)
{
	struct nft_txn t;

	fresh(&t);
	CHECK(!nft_set_add(&t, INET, "netd", "m",
			   "type ifname : verdict", "m"));
	CHECK(!nft_chain_add(&t, INET, "netd", "a", "iifname vmap @m", "a"));
	CHECK(!nft_chain_add(&t, INET, "netd", "b", "drop", "b"));
	CHECK(!nft_elem_add(&t, INET, "netd", "m", "\"x\"", "goto b", "x"));
	CHECK(!send_txn(&t));

	/* b goes, c comes; the element turns to it; a refers to a new set */
	CHECK(!nft_elem_del(&t, INET, "netd", "m", "\"x\"", "x"));
	CHECK(!nft_elem_add(&t, INET, "netd", "m", "\"x\"", "goto c", "x"));
	CHECK(!nft_chain_add(&t, INET, "netd", "c", "accept", "c"));
	CHECK(!nft_chain_del(&t, INET, "netd", "b", "b"));
	CHECK(!nft_chain_replace(&t, INET, "netd", "a",
				 "iifname vmap @m\nip saddr @n drop", "a"));
	CHECK(!nft_set_add(&t, INET, "netd", "n",
			   "type ipv4_addr; flags interval", "n"));
	CHECK(!send_txn(&t));
	CHECK_STR(told, "");

	/* the set of another type, the rules that use it along */
	CHECK(!nft_set_del(&t, INET, "netd", "n", "n"));
	CHECK(!nft_set_add(&t, INET, "netd", "n",
			   "type ifname . ipv4_addr", "n"));
	CHECK(!nft_elem_add(&t, INET, "netd", "n", "\"x\" . 1.2.3.4", NULL,
			    "e"));
	CHECK(!nft_chain_replace(&t, INET, "netd", "a",
				 "iifname . ip saddr @n drop", "a"));
	CHECK(!send_txn(&t));
	CHECK_STR(told, "");

	/* without the rules it is in use */
	CHECK(!nft_set_del(&t, INET, "netd", "n", "n"));
	CHECK(send_txn(&t) == -EBUSY);
	CHECK_STR(told, "n EBUSY;");
	nft_txn_free(&t);
}

static void test_owner(void)
{
	struct nft_sock second;
	struct nft_found f;
	struct arena *a = arena_new();
	struct nft_txn t;
	uint32_t gen, gen2;

	fresh(&t);
	if (!nft_sock_persists(&sock)) {
		fprintf(stderr, "this kernel knows no persistent tables\n");
		arena_free(a);
		return;
	}
	nft_txn_reset(&t);
	nft_table_add(&t, INET, "netd", NFT_TF_OWNER | NFT_TF_PERSIST, "t");
	CHECK(!nft_chain_add(&t, INET, "netd", "a", "drop", "a"));
	CHECK(!send_txn(&t));
	nft_cmd("flush ruleset");
	CHECK(hash_now("a") == hash64("drop", 4));
	CHECK(!nft_sock_open(&second));
	nft_sock_close(&sock);
	sock = second;
	CHECK(!nft_dump(&sock, "netd", true, a, &f));
	CHECK(f.ntables == 1 && f.tables[0].flags == NFT_TF_PERSIST);
	nft_table_add(&t, INET, "netd", NFT_TF_OWNER | NFT_TF_PERSIST, "t");
	CHECK(!nft_chain_replace(&t, INET, "netd", "a", "accept", "a"));
	CHECK(!send_txn(&t));
	CHECK(hash_now("a") == hash64("accept", 6));

	/* a foreign change moves the generation */
	CHECK(!nft_sock_generation(&sock, &gen));
	nft_cmd("add table inet other");
	CHECK(!nft_sock_generation(&sock, &gen2) && gen2 != gen);
	CHECK(!nft_chain_add(&t, INET, "netd", "b", "drop", "b"));
	CHECK(nft_commit(&sock, &t, gen, NULL, NULL) == -ERESTART);
	CHECK(!nft_commit(&sock, &t, gen2, NULL, NULL));
	arena_free(a);
	nft_txn_free(&t);
}

static double ms_since(const struct timespec *from)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (now.tv_sec - from->tv_sec) * 1e3 +
		(now.tv_nsec - from->tv_nsec) / 1e6;
}

/* As many as 1,000 networks with four ports bring along. */
static void bench(void)
{
	char key[64];
	struct arena *a = arena_new();
	struct timespec from;
	struct nft_found f;
	struct nft_txn t;

	fresh(&t);
	nft_set_add(&t, INET, "netd", "pair",
		    "type ifname . ifname : verdict", "pair");
	clock_gettime(CLOCK_MONOTONIC, &from);
	for (int i = 0; i < 51000; i++) {
		snprintf(key, sizeof(key), "\"nd-%d\" . \"nd-%d\"", i % 1000,
			 i / 1000);
		CHECK(!nft_elem_add(&t, INET, "netd", "pair", key, "accept",
				    key));
	}
	printf("build  51,000 elements: %.1f ms\n", ms_since(&from));
	clock_gettime(CLOCK_MONOTONIC, &from);
	CHECK(!send_txn(&t));
	printf("commit 51,000 elements: %.1f ms\n", ms_since(&from));
	clock_gettime(CLOCK_MONOTONIC, &from);
	CHECK(!nft_dump(&sock, "netd", true, a, &f));
	printf("dump   51,000 elements: %.1f ms\n", ms_since(&from));
	CHECK(f.nelems == 51000);
	arena_free(a);
	nft_txn_free(&t);
}

int main(int argc, char **argv)
{
	if (geteuid() || system("nft --version >/dev/null 2>&1"))
		return 77;
	sock.fd = -1;
	test_errors();
	test_refused_text();
	test_elements(INET);
	test_elements(BRIDGE);
	test_foreign_sets();
	test_foreign_rules();
	test_order();
	test_owner();
	if (argc > 1)
		bench();
	nft_sock_close(&sock);
	return test_end();
}

// rules.c - the rulesets of topologies, as objects
// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "netd/plan.h"
#include "netd/topo.h"
#include "tests/unit/test.h"

/* A topology on a host whose way out is eth0. */
struct world {
	struct report *report;
	struct state *found, *wanted;
	struct numbers *numbers;
	struct topology *t;
};

static void fact(struct state *s, const char *name, const char *value)
{
	struct fact *f = state_add(s, KIND_FACT, "", name, (struct pos){ 0 });

	f->value = value;
}

static void world_init(struct world *w, const char *yaml)
{
	struct buf b = { 0 };

	w->report = report_new();
	w->found = state_new();
	w->wanted = state_new();
	w->numbers = numbers_new();
	fact(w->found, "default-dev", "eth0");
	fact(w->found, "default-dev6", "eth0");
	state_sort(w->found, NULL, NULL);
	w->t = topo_read("unit.net.yaml", yaml, strlen(yaml), w->report);
	if (w->t && !topo_check(w->t, w->found, w->numbers, NULL, 0, w->report))
		topo_expand(w->t, w->found, w->numbers, w->wanted, w->report);
	report_print(w->report, &b);
	CHECK(w->report->errors == 0);
	if (w->report->errors)
		fprintf(stderr, "%s", buf_text(&b));
	buf_free(&b);
	state_sort(w->wanted, NULL, NULL);
}

static void world_free(struct world *w)
{
	topo_free(w->t);
	numbers_free(w->numbers);
	state_free(w->wanted);
	state_free(w->found);
	report_free(w->report);
}

static const char *data_of(const struct world *w, const char *name)
{
	struct object *o = state_find(w->wanted, KIND_ELEMENT, "", name);

	return o ? ((struct element *)o)->data : NULL;
}

static const char *text_of(const struct world *w, const char *name)
{
	struct object *o = state_find(w->wanted, KIND_CHAIN, "", name);

	return o ? ((struct chain *)o)->text : "";
}

static bool is(const char *a, const char *b)
{
	if (a && b && !strcmp(a, b))
		return true;
	fprintf(stderr, "found '%s', expected '%s'\n", a ? a : "nothing", b);
	return false;
}

static uint32_t count(const struct world *w, int kind)
{
	uint32_t i, n = 0;

	for (i = 0; i < w->wanted->n; i++)
		n += w->wanted->v[i]->kind == kind;
	return n;
}

static const char two[] =
	"networks:\n"
	"  a: {mode: nat, subnet: 10.1.0.0/24}\n"
	"  b: {subnet: 10.2.0.0/24, subnet6: \"fd00:2::/64\"}\n";

/* What modes alone say needs no chain of its own. */
static void test_modes(void)
{
	struct world w;
	uint32_t chains;

	world_init(&w, two);
	CHECK(is(data_of(&w, "inet netd pair \"nd-a\" . \"nd-a\""), "goto inside"));
	CHECK(is(data_of(&w, "inet netd pair \"nd-a\" . \"eth0\""),
		 "goto guest_out"));
	CHECK(is(data_of(&w, "inet netd pair \"eth0\" . \"nd-a\""),
		 "goto replies"));
	CHECK(!data_of(&w, "inet netd pair \"nd-b\" . \"eth0\""));
	CHECK(is(data_of(&w, "inet netd egress \"nd-a\" . \"eth0\""),
		 "goto masq"));
	chains = count(&w, KIND_CHAIN);
	world_free(&w);
	world_init(&w, "networks: {c: {subnet: 10.9.0.0/24}}\n");
	CHECK(count(&w, KIND_CHAIN) == chains);
	world_free(&w);
}

/* All that isn't an element is the same, whoever asks. */
static void test_base_is_constant(void)
{
	struct world w, v;
	uint32_t i;

	world_init(&w, two);
	world_init(&v, "networks: {c: {subnet: 10.9.0.0/24}}\n");
	for (i = 0; i < w.wanted->n; i++) {
		struct object *o = w.wanted->v[i], *p;

		if (o->kind != KIND_SET && o->kind != KIND_CHAIN)
			continue;
		p = state_find(v.wanted, o->kind, "", o->name);
		CHECK(p && !object_diff(o, p));
	}
	world_free(&w);
	world_free(&v);
}

static void test_policies(void)
{
	struct world w;
	const char *text;
	struct object *o;

	world_init(&w, "networks:\n"
		   "  a: {mode: nat, subnet: 10.1.0.0/24}\n"
		   "  b: {subnet: 10.2.0.0/24}\n"
		   "policies:\n"
		   "  - {from: a, to: b, action: allow, protocol: tcp,"
		   " ports: [80, 70-79, 443]}\n"
		   "  - {from: a, to: b, action: reject}\n"
		   "  - {from: a, to: outside, action: drop, protocol: tcp,"
		   " ports: [25]}\n");
	text = text_of(&w, "inet netd to_nd-a_nd-b");
	/* what nothing follows needn't be asked before `established` */
	CHECK(strstr(text, "\ntcp dport 70-80 ct mark set 0x"));
	CHECK(strstr(text, "\ntcp dport 443 ct mark set 0x"));
	CHECK(!strstr(text, "ct direction original"));
	text = text_of(&w, "inet netd to_nd-a_eth0");
	/* but what the mode would let must be */
	CHECK(strstr(text, "ct direction original tcp dport 25 counter goto"
		     " deny_drop\nct state established"));
	CHECK(is(data_of(&w, "inet netd pair \"nd-b\" . \"nd-a\""),
		 "goto guest_back"));
	o = state_find(w.wanted, KIND_CHAIN, "", "inet netd to_nd-a_nd-b");
	CHECK(o && ((struct chain *)o)->marks.n == 2);
	world_free(&w);
}

/* A long list of what is forbidden is asked as a set, not rule by rule. */
static void test_merged(void)
{
	struct buf b = { 0 };
	struct world w;
	const char *text, *at;
	uint32_t i, lines = 0;

	buf_str(&b, "networks:\n  a: {mode: nat, subnet: 10.1.0.0/24}\n"
		"policies:\n");
	for (i = 0; i < 500; i++)
		buf_printf(&b, "  - {from: a, to: 198.51.%u.%u,"
			   " action: reject}\n", 100 + i / 250, i % 250);
	world_init(&w, buf_text(&b));
	text = text_of(&w, "inet netd to_nd-a_eth0");
	for (at = text; (at = strchr(at, '\n')); at++)
		lines++;
	CHECK(strstr(text, "198.51.101.249 } counter goto deny\n"));
	CHECK(lines < 20);
	world_free(&w);
	buf_free(&b);
}

/* Some things and no others: asked once a connection, not for each packet. */
static void test_shut(void)
{
	struct world w;
	const char *text;

	world_init(&w, "networks:\n"
		   "  a: {mode: nat, subnet: 10.1.0.0/24}\n"
		   "policies:\n"
		   "  - {from: a, to: outside, action: drop, protocol: tcp,"
		   " ports: [25]}\n"
		   "  - {from: a, to: outside, action: allow, protocol: tcp}\n"
		   "  - {from: a, to: outside, action: reject}\n");
	text = text_of(&w, "inet netd to_nd-a_eth0");
	CHECK(strstr(text, "ct direction original tcp dport 25 counter goto"
		     " deny_drop\nct state established,related ct mark !="
		     " { 0x00000002, 0x00000004, 0xfffffffe } accept\n"
		     "meta l4proto tcp ct mark set"));
	CHECK(strstr(text, "\ncounter goto deny\n"));
	CHECK(!strstr(text, "ct mark set 0x00000002"));
	world_free(&w);
}

static uint32_t mark_of(const char *yaml)
{
	struct world w;
	struct object *o;
	uint32_t mark = 0;

	world_init(&w, yaml);
	o = state_find(w.wanted, KIND_CHAIN, "", "inet netd to_nd-a_nd-b");
	if (o && ((struct chain *)o)->marks.n)
		mark = *(uint32_t *)((struct chain *)o)->marks.items;
	world_free(&w);
	return mark;
}

/* A mark says what its policy says, not where it stands. */
static void test_marks(void)
{
	static const char head[] = "networks:\n"
		"  a: {subnet: 10.1.0.0/24}\n"
		"  b: {subnet: 10.2.0.0/24}\n"
		"policies:\n";
	char yaml[1024];
	uint32_t first, named, other;

	snprintf(yaml, sizeof(yaml), "%s  - {from: a, to: b, action: allow,"
		 " protocol: tcp}\n", head);
	first = mark_of(yaml);
	snprintf(yaml, sizeof(yaml), "%s  - {from: b, to: a, action: reject}\n"
		 "  - {name: x, from: a, to: b, action: allow,"
		 " protocol: tcp}\n", head);
	named = mark_of(yaml);
	snprintf(yaml, sizeof(yaml), "%s  - {from: a, to: b, action: allow,"
		 " protocol: udp}\n", head);
	other = mark_of(yaml);
	CHECK(first > 16 && first == named && first != other);
	CHECK(!(first & 1) && !(other & 1));
}

static const char guarded[] =
	"networks:\n"
	"  a: {subnet: 10.1.0.0/24, subnet6: \"fd00:1::/64\"}\n"
	"attachments:\n"
	"  x: {network: a, type: veth, netns: x, address: 10.1.0.5,"
	" address6: \"fd00:1::5\"}\n"
	"%s";

static const char *const more[] = {
	"  y: {network: a, type: veth, netns: y, address: 10.1.0.6}\n",
	"  y: {network: a, type: veth, netns: y, address: 10.1.0.6,"
	" anti-spoofing: false}\n",
	"  y: {network: a, type: veth, netns: y, address: 10.1.0.6,"
	" anti-spoofing: {nd: false}}\n",
	"  y: {network: a, type: tap, owner: root, address: 10.1.0.6,"
	" allowed-addresses: [10.1.0.0/25, \"fd00:1::7\"]}\n",
};

/* One attachment's objects are those that make the difference. */
static void test_attachment(void)
{
	struct world without, with;
	struct state *one;
	char yaml[1024];
	uint32_t i, n;

	snprintf(yaml, sizeof(yaml), guarded, "");
	world_init(&without, yaml);
	for (n = 0; n < sizeof(more) / sizeof(more[0]); n++) {
		snprintf(yaml, sizeof(yaml), guarded, more[n]);
		world_init(&with, yaml);
		one = state_new();
		CHECK(!topo_expand_attachment(with.t, "y", with.found,
					      with.numbers, one, with.report));
		state_sort(one, NULL, NULL);
		for (i = 0; i < with.wanted->n; i++) {
			struct object *o = with.wanted->v[i];
			bool base = state_find(without.wanted, o->kind,
					       o->netns, o->name) != NULL;
			bool mine = state_find(one, o->kind, o->netns,
					       o->name) != NULL;

			if (kind_is_nft(o->kind) && base == mine)
				fprintf(stderr, "%s\n", o->name);
			CHECK(!kind_is_nft(o->kind) || base != mine);
		}
		state_free(one);
		world_free(&with);
	}
	world_free(&without);
}

/* The size that is promised: 1,000 networks with 4 ports each. */
static void test_size(void)
{
	struct buf b = { 0 };
	struct world w;
	int i, j;

	buf_str(&b, "networks:\n");
	for (i = 0; i < 1000; i++)
		buf_printf(&b, "  n%d: {mode: nat, subnet: 10.%d.%d.0/24,"
			   " subnet6: \"fd00:%x::/64\"}\n", i, i / 256,
			   i % 256, i);
	buf_str(&b, "attachments:\n");
	for (i = 0; i < 1000; i++)
		for (j = 0; j < 4; j++)
			buf_printf(&b, "  a%d-%d: {network: n%d, type: veth,"
				   " netns: x%d-%d}\n", i, j, i, i, j);
	world_init(&w, buf_text(&b));
	CHECK(count(&w, KIND_ELEMENT) <= 51000);
	CHECK(count(&w, KIND_CHAIN) < 100);
	world_free(&w);
	buf_free(&b);
}

/* From any to any: an element a pair, but no chain a pair. */
static void test_any(void)
{
	struct buf b = { 0 };
	struct world w;
	int i;

	buf_str(&b, "networks:\n");
	for (i = 0; i < 60; i++)
		buf_printf(&b, "  n%d: {subnet: 10.0.%d.0/24}\n", i, i);
	buf_str(&b, "policies: [{from: any, to: any, action: allow,"
		" protocol: icmp}]\n");
	world_init(&w, buf_text(&b));
	CHECK(count(&w, KIND_CHAIN) < 100);
	CHECK(count(&w, KIND_ELEMENT) > 60 * 59);
	world_free(&w);
	buf_free(&b);
}

/* Names that can't be told apart, or are no words of nft. */
static void test_names(void)
{
	struct world w;

	world_init(&w, "networks:\n"
		   "  x: {bridge: a_b, subnet: 10.1.0.0/24}\n"
		   "  y: {bridge: c, subnet: 10.2.0.0/24}\n"
		   "  z: {bridge: a, subnet: 10.3.0.0/24}\n"
		   "  t: {bridge: b_c, subnet: 10.4.0.0/24}\n"
		   "policies:\n"
		   "  - {from: x, to: y, action: allow, protocol: udp}\n"
		   "  - {from: z, to: t, action: allow, protocol: tcp}\n");
	CHECK(data_of(&w, "inet netd pair \"a_b\" . \"c\"") &&
	      data_of(&w, "inet netd pair \"a\" . \"b_c\"") &&
	      strcmp(data_of(&w, "inet netd pair \"a_b\" . \"c\""),
		     data_of(&w, "inet netd pair \"a\" . \"b_c\"")));
	world_free(&w);
}

int main(void)
{
	test_modes();
	test_base_is_constant();
	test_policies();
	test_merged();
	test_shut();
	test_marks();
	test_attachment();
	test_size();
	test_any();
	test_names();
	return test_end();
}

// expand_attachment.c - an attachment alone, and how long expanding takes
// SPDX-License-Identifier: GPL-2.0-or-later
#include <time.h>

#include "tests/unit/expand.h"

/* --- an attachment alone ----------------------------------------------- */

static bool equal(const struct object *a, const struct object *b)
{
	const struct record *r = &kinds[a->kind].rec;
	uint32_t i;

	for (i = 0; i < r->count; i++)
		if (field_cmp(&r->fields[i], a, b))
			return false;
	return !strcmp(a->within, b->within);
}

/* BEFORE and PART together are ALL, and have nothing in common. */
static void check_parts(const struct state *before, const struct state *part,
			const struct state *all)
{
	uint32_t i;

	CHECK(before->n + part->n == all->n);
	for (i = 0; i < all->n; i++) {
		struct object *o = all->v[i];
		struct object *b = state_find(before, o->kind, o->netns,
					      o->name);
		struct object *p = state_find(part, o->kind, o->netns,
					      o->name);
		struct buf out = { 0 };

		if (!b != !p && equal(o, b ? b : p))
			continue;
		object_print_id(o, &out);
		fprintf(stderr, "differs: %s%s%s\n", buf_text(&out),
			b ? " (before)" : "", p ? " (alone)" : "");
		CHECK(!"equal");
		buf_free(&out);
	}
}

static const char *const plugs[] = {
	"x: {network: n, type: veth, netns: x}",
	"x: {network: m, type: veth, netns: /run/netns/x, ifname: net1,"
		" anti-spoofing: false}",
	"x: {network: m, type: tap, owner: bob,"
		" port-isolation: true}",
	"x: {network: n, type: tap, group: kvm, allowed-addresses:"
		" [10.7.0.0/16, {address: 'fd00:7::/64',"
		" mac: '02:00:00:00:00:07'}]}",
	"a-name-too-long-for-linux: {network: w, type: veth, netns: x,"
		" address: none, address6: slaac}",
	"x: {network: w, type: nic}",
	"x: {network: n, type: veth, netns: none, publish: ['8080:80',"
		" '53:53/tcp+udp', {port: 90-92, target-port: 70-72,"
		" from: [m, 203.0.113.9]}], labels: {door: cni}}",
	"x: {network: n, type: reserved, labels: {door: docker}}",
};

/* Plugging in and out for ever: 13 addresses are enough. */
static void give_back(struct world *w)
{
	char name[16], text[80];
	struct state *part;
	unsigned int i;

	expand(w, "networks: {n: {mode: nat, subnet: 10.1.0.0/28}}\n");
	for (i = 0; i < 40; i++) {
		part = state_new();
		snprintf(name, sizeof(name), "x%u", i);
		snprintf(text, sizeof(text),
			 "x%u: {network: n, type: veth, netns: x}", i);
		CHECK(!topo_attach(w->t, "plug", text, strlen(text),
				   w->report));
		CHECK(!topo_expand_attachment(w->t, name, w->found,
					      w->numbers, part, w->report));
		CHECK(!topo_detach(w->t, name));
		state_free(part);
	}
}

static void plug(struct world *w, const char *text)
{
	char name[64];
	struct state *before, *part;

	snprintf(name, sizeof(name), "%.*s", (int)strcspn(text, ":"), text);
	expand(w, "networks:\n"
	       "  n: {mode: nat, subnet: 10.1.0.0/24,"
	       " subnet6: 'fd00:1::/64'}\n"
	       "  m: {subnet: auto, port-isolation: true, stp: true}\n"
	       "  w: {mode: routed, subnet6: 'fd00:9::/64', log: true}\n"
	       "attachments:\n"
	       "  a: {network: n, type: veth, netns: a}\n"
	       "  b: {network: m, type: tap, owner: bob}\n"
	       "policies: [{from: n, to: m, protocol: tcp, ports: [80]}]\n"
	       "forwards: ['80:a']\n");
	before = w->s;
	w->s = state_new();
	part = state_new();
	CHECK(!topo_attach(w->t, "plug", text, strlen(text), w->report));
	CHECK(!topo_expand_attachment(w->t, name, w->found, w->numbers, part,
				      w->report));
	state_sort(part, clash, NULL);
	CHECK(!topo_expand(w->t, w->found, w->numbers, w->s, w->report));
	state_sort(w->s, clash, NULL);
	/* an address alone is no object */
	CHECK(part->n > 0 || strstr(text, "reserved"));
	check_parts(before, part, w->s);
	/* away and back again: the same name, address and MAC */
	state_free(w->s);
	w->s = state_new();
	CHECK(!topo_detach(w->t, name));
	CHECK(!topo_attach(w->t, "plug", text, strlen(text), w->report));
	CHECK(!topo_expand_attachment(w->t, name, w->found, w->numbers, w->s,
				      w->report));
	state_sort(w->s, clash, NULL);
	CHECK(w->s->n == part->n &&
	      (!part->n || equal(w->s->v[0], part->v[0])));
	state_free(before);
	state_free(part);
}

/* The first isolated port of a network changes its rules; others don't. */
static void alone(struct world *w)
{
	static const struct {
		const char *text;
		bool alone;
	} tests[] = {
		{ "a: {network: n, type: tap, owner: bob}", true },
		{ "b: {network: n, type: tap, owner: bob,"
		  " port-isolation: true}", false },
		{ "c: {network: m, type: tap, owner: bob,"
		  " port-isolation: true}", true },
		{ "d: {network: n, type: veth, netns: d,"
		  " publish: ['80:80']}", false },
		{ "e: {network: n, type: veth, netns: e,"
		  " publish: ['81:80']}", true },
		{ "f: {network: n, type: veth, netns: f,"
		  " publish: ['127.0.0.1:80:80']}", false },
		{ "g: {network: n, type: veth, netns: g,"
		  " publish: ['127.0.0.1:81:80', '82:80']}", true },
		{ "h: {network: n, type: veth, netns: h,"
		  " publish: ['192.0.2.1:81:80']}", false },
		{ "i: {network: n, type: reserved}", true },
	};
	struct state *part;
	char name[2] = "";
	size_t i;

	expand(w, "networks:\n"
	       "  n: {mode: nat, subnet: 10.1.0.0/24}\n"
	       "  m: {mode: nat, subnet: 10.2.0.0/24,"
	       " port-isolation: true}\n");
	for (i = 0; i < sizeof(tests) / sizeof(*tests); i++) {
		part = state_new();
		name[0] = tests[i].text[0];
		CHECK(!topo_attach(w->t, "plug", tests[i].text,
				   strlen(tests[i].text), w->report));
		CHECK(!topo_expand_attachment(w->t, name, w->found,
					      w->numbers, part, w->report));
		CHECK(topo_attachment_alone(w->t, name) == tests[i].alone);
		state_free(part);
	}
}

/* --- what others ask the allocator -------------------------------------- */

static void free_is(struct world *w, const char *network, const char *range,
		    const char *want)
{
	struct prefix p;
	struct ip ip;
	char text[46];

	CHECK(!prefix_read(range, &p));
	ip = topo_free_address(w->t, network, &p);
	CHECK_STR(ip.family ? ip_text(&ip, text) : "none", want);
}

static void free_addresses(struct world *w)
{
	struct topo_subnets s;
	char text[50];

	expand(w, "networks:\n"
	       "  n: {mode: nat, subnet: 10.1.0.0/24,"
	       " subnet6: 'fd00:1::/64'}\n"
	       "  m: {subnet: 10.2.0.0/30}\n"
	       "  e: {}\n"
	       "attachments:\n"
	       "  a: {network: n, type: veth, netns: a}\n"
	       "  b: {network: n, type: veth, netns: b,"
	       " address: 10.1.0.65}\n"
	       "  c: {network: m, type: veth, netns: c}\n"
	       "  d: {network: m, type: veth, netns: d}\n");
	CHECK(topo_subnets(w->t, "n", &s));
	CHECK_STR(prefix_text(&s.net4, text), "10.1.0.0/24");
	CHECK_STR(prefix_text(&s.net6, text), "fd00:1::/64");
	CHECK_STR(ip_text(&s.gw4, text), "10.1.0.1");
	CHECK_STR(ip_text(&s.gw6, text), "fd00:1::1");
	CHECK(topo_subnets(w->t, "m", &s) && !s.gw4.family);
	CHECK(!topo_subnets(w->t, "a", &s));
	free_is(w, "n", "10.1.0.0/24", "10.1.0.3");
	/* asking takes nothing, but the others come first */
	free_is(w, "n", "10.1.0.0/24", "10.1.0.4");
	free_is(w, "n", "10.1.0.2/31", "10.1.0.3");
	free_is(w, "n", "10.1.0.64/26", "10.1.0.64");
	free_is(w, "n", "10.1.0.65/32", "none");
	free_is(w, "n", "10.1.0.0/31", "none");
	free_is(w, "n", "10.1.0.255/32", "none");
	free_is(w, "n", "10.1.0.254/31", "10.1.0.254");
	free_is(w, "n", "fd00:1::/64", "fd00:1::4");
	free_is(w, "n", "fd00:1::1:0/112", "fd00:1::1:0");
	free_is(w, "n", "10.9.0.0/24", "none");
	free_is(w, "m", "10.2.0.0/30", "none");
	free_is(w, "e", "10.1.0.0/24", "none");
	free_is(w, "x", "10.1.0.0/24", "none");
}

/* --- time -------------------------------------------------------------- */

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1e3 + t.tv_nsec / 1e6;
}

static void big(struct buf *b, int networks, int policies)
{
	int i;

	buf_str(b, "networks:\n");
	for (i = 0; i < networks; i++)
		buf_printf(b, "  n%d: {subnet: 10.%d.%d.0/24, mode: nat}\n",
			   i, i / 250, i % 250);
	buf_str(b, "attachments:\n");
	for (i = 0; i < networks * 4; i++)
		buf_printf(b, "  m%d: {network: n%d, type: veth, "
			   "netns: m%d}\n", i, i / 4, i);
	buf_str(b, "policies:\n");
	for (i = 0; i < policies; i++)
		buf_printf(b, "  - {from: n%d, to: n%d, protocol: tcp, "
			   "ports: [%d]}\n", i % networks,
			   (i + 1 + i / networks) % networks, 80 + i % 99);
}

/* The bounds are far above what it takes: they catch what is quadratic. */
static void speed(struct world *w, int networks, int policies, double most)
{
	static const char one[] = "x: {network: n7, type: veth, netns: x}";
	struct state *part = state_new();
	struct buf b = { 0 };
	double t0, t1;

	big(&b, networks, policies);
	expand(w, buf_text(&b));
	state_free(w->s);
	w->s = state_new();
	t0 = now();
	CHECK(!topo_resolve(w->t, w->found, w->numbers, w->report));
	t1 = now();
	CHECK(!topo_expand(w->t, w->found, w->numbers, w->s, w->report));
	printf("%d networks, %d policies: %u objects, resolve %.1f ms, "
	       "all %.1f ms\n", networks, policies, w->s->n, t1 - t0,
	       now() - t1);
	CHECK(now() - t1 < most);
	CHECK(!topo_attach(w->t, "one", one, strlen(one), w->report));
	t0 = now();
	CHECK(!topo_expand_attachment(w->t, "x", w->found, w->numbers, part,
				      w->report));
	printf("one attachment: %.3f ms\n", now() - t0);
	CHECK(now() - t0 < most / 20);
	state_free(part);
	buf_free(&b);
}

int main(void)
{
	struct world world, *w = &world;
	size_t i;

	begin(w);
	give_back(w);
	end(w);
	begin(w);
	alone(w);
	end(w);
	begin(w);
	free_addresses(w);
	end(w);
	for (i = 0; i < sizeof(plugs) / sizeof(*plugs); i++) {
		begin(w);
		plug(w, plugs[i]);
		end(w);
	}
	begin(w);
	speed(w, 1000, 1000, 2000);
	speed(w, 100, 5000, 2000);
	end(w);
	return test_end();
}

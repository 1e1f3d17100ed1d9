// read.c - texts to topologies: what is taken, what is refused, and where
// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdlib.h>

#include "test.h"
#include "topo/topo.h"

/* Reads TEXT; the findings as one text, without lines and carets. */
static struct topology *read_text(const char *file, const char *text,
				  size_t len, struct buf *errors)
{
	struct report *r = report_new();
	struct topology *t = topo_read(file, text, len, r);
	unsigned int i;

	for (i = 0; i < r->count; i++) {
		report_place(r, r->list[i].pos, errors);
		buf_printf(errors, ": %s: %s\n", r->list[i].path,
			   r->list[i].text);
	}
	CHECK(!t == !!r->errors);
	report_free(r);
	return t;
}

static struct topology *good(const char *text)
{
	struct buf errors = { 0 };
	struct topology *t = read_text("/x/lab.net.yaml", text, strlen(text),
				       &errors);

	CHECK_STR(buf_text(&errors), "");
	buf_free(&errors);
	if (!t)
		exit(test_end());
	return t;
}

/* TEXT is refused, and each line of WANT begins a line of what is said. */
static void bad_len(const char *text, size_t len, const char *want)
{
	struct buf errors = { 0 };
	struct topology *t = read_text("x.net.yaml", text, len, &errors);

	CHECK(!t);
	test_count++;
	if (!strstr(buf_text(&errors), want)) {
		test_failed++;
		fprintf(stderr, "%.200s\n  is refused with\n%s  without\n%s\n",
			text, buf_text(&errors), want);
	}
	buf_free(&errors);
	topo_free(t);
}

static void bad(const char *text, const char *want)
{
	bad_len(text, strlen(text), want);
}

static void check_scalars(void)
{
	struct topology *t = good(
		"networks:\n"
		"  no: {mtu: 1500, mac: 52:54:00:12:34:56, mode: nat,\n"
		"       subnet: 10.1.0.0/24, subnet6: 'fd00:1::/64'}\n"
		"  n2:\n"
		"    subnet6: fd00:2::/64\n"
		"    mac-ageing: 0\n"
		"    uplink: [eth0, eth1.5]\n"
		"    services: [22/tcp, icmp]\n");
	struct network **w = t->networks.items;
	const struct word *u;

	CHECK_STR(topo_name(t), "lab");
	CHECK_STR(topo_home(t), "");
	CHECK(t->networks.n == 2);
	CHECK_STR(w[0]->n.name, "no");
	CHECK_STR(w[0]->n.path, "networks.no");
	CHECK(w[0]->n.pos.line == 2 && w[0]->n.pos.col == 3);
	CHECK(w[0]->mtu == 1500 && w[0]->mode == MODE_NAT);
	CHECK(w[0]->mac.b[0] == 0x52 && w[0]->mac.b[5] == 0x56);
	CHECK(w[0]->subnet.p.len == 24 && w[0]->subnet6.p.len == 64);
	CHECK(WROTE(w[0], rec_network, mtu));
	CHECK(PLACE(w[0], rec_network, mtu).col == 13);
	CHECK(PLACE(w[0], rec_network, subnet).line == 3);
	CHECK(!WROTE(w[1], rec_network, mtu));
	CHECK(WROTE(w[1], rec_network, mac_ageing) && !w[1]->mac_ageing);
	CHECK(PLACE(w[1], rec_network, mtu).line == 4);
	u = w[1]->uplink.items;
	CHECK(w[1]->uplink.n == 2);
	CHECK_STR(u[1].s, "eth1.5");
	CHECK(u[1].pos.line == 7 && u[1].pos.col == 20);
	topo_free(t);
}

static void check_shapes(void)
{
	struct topology *t = good(
		"name: campus\n"
		"routers: {r1, r2, r3: }\n"
		"nodes:\n"
		"  a: {networks: web, count: 2}\n"
		"  b:\n"
		"    networks: [web, {network: db, address: 10.2.0.9}]\n"
		"groups: {office: [10.9.0.0/16, web], one: web}\n"
		"policies:\n"
		"  - {from: web, to: [db, host], action: drop,\n"
		"     protocol: tcp, ports: [80, 8000-8010]}\n"
		"links: [r1-r2, {between: [r1, 'r3:eth9'], mtu: 1400}]\n"
		"allow: loops\n");
	struct router **r = t->routers.items, **n = t->nodes.items;
	struct policy **p = t->policies.items;
	struct tlink **l = t->links.items;
	struct group **g = t->groups.items;
	struct leg_spec **legs;

	CHECK_STR(topo_name(t), "campus");
	/* nodes make it a lab */
	CHECK_STR(topo_home(t), "campus");
	CHECK(t->routers.n == 3 && t->nodes.n == 2);
	CHECK_STR(r[2]->n.name, "r3");
	CHECK(!r[0]->node && n[0]->node && n[0]->count == 2);
	legs = n[0]->networks.items;
	CHECK(n[0]->networks.n == 1 && legs[0]->n.scalar);
	CHECK_STR(legs[0]->network.s, "web");
	legs = n[1]->networks.items;
	CHECK(n[1]->networks.n == 2 && legs[1]->address.n == 1);
	CHECK(((struct addrspec *)legs[1]->address.items)->p.len == 255);
	CHECK(g[0]->members.n == 2 && g[1]->members.n == 1);
	CHECK(p[0]->from.n == 1 && p[0]->to.n == 2 && p[0]->ports.n == 2);
	CHECK(p[0]->action == ACT_DROP);
	CHECK(*(uint8_t *)p[0]->protocol.items == 6);
	CHECK_STR(l[0]->shorthand, "r1-r2");
	CHECK(!l[0]->a);
	CHECK_STR(l[1]->n.name, "r1-r3");
	CHECK_STR(l[1]->b->network.s, "r3");
	CHECK_STR(l[1]->b->ifname, "eth9");
	CHECK(t->allow.n == 1);
	topo_free(t);
}

static void check_forwards(void)
{
	struct topology *t = good(
		"forwards:\n"
		"  - '8080:vm1:80/tcp'\n"
		"  - 203.0.113.5:8000-8010:vm1:9000-9010/udp\n"
		"  - '[fd00::1]:53:[fd00::53]/udp'\n"
		"  - 22:vm1\n");
	struct forward **f = t->forwards.items;

	CHECK(t->forwards.n == 4);
	CHECK(!f[0]->listen.family && f[0]->port.lo == 8080);
	CHECK(f[0]->target_port.lo == 80);
	CHECK(*(uint8_t *)f[0]->protocol.items == 6);
	CHECK(f[1]->listen.family == 4 && f[1]->port.hi == 8010);
	CHECK(f[1]->target_port.hi == 9010);
	CHECK(f[2]->listen.family == 6 && !f[2]->target_port.hi);
	CHECK_STR(f[2]->target.s, "fd00::53");
	CHECK_STR(f[3]->target.s, "vm1");
	CHECK(!f[3]->protocol.n);
	topo_free(t);
}

static void check_defaults(void)
{
	struct topology *t = good(
		"networks:\n"
		"  a: {stp: {priority: 1}, anti-spoofing: {mac: false}}\n"
		"  b: {mtu: 1400, stp: false}\n"
		"defaults:\n"
		"  network: {mtu: 9000, stp: {priority: 2, forward-delay: 4s},\n"
		"            anti-spoofing: {arp: false}}\n"
		"  attachment: {type: tap, owner: root}\n"
		"attachments: {vm: {network: a}, ct: {network: b, owner: x}}\n");
	struct network **w = t->networks.items;
	struct attachment **a = t->attachments.items;

	CHECK(w[0]->mtu == 9000 && w[1]->mtu == 1400);
	CHECK(WROTE(w[0], rec_network, mtu) && !OWN(w[0], rec_network, mtu));
	CHECK(OWN(w[1], rec_network, mtu));
	CHECK(PLACE(w[0], rec_network, mtu).line == 5);
	CHECK(w[0]->stp->on && w[0]->stp->priority == 1);
	CHECK(w[0]->stp->forward_delay == 4000);
	CHECK(!w[1]->stp->on);
	/* a map says what differs from true, and defaults are under it */
	CHECK(!w[0]->guards->mac && !w[0]->guards->arp && w[0]->guards->ip);
	CHECK(w[1]->guards->mac && !w[1]->guards->arp);
	CHECK_STR(a[0]->owner, "root");
	CHECK_STR(a[1]->owner, "x");
	CHECK(WROTE(a[1], rec_attachment, type));
	topo_free(t);
}

static void check_refused(void)
{
	bad("networks:\n  a: {mtu: 010}\n",
	    "x.net.yaml:2:12: networks.a.mtu: expected a whole number, found "
	    "\"010\": has leading zeros");
	bad("networks:\n  a: {mtu: 0x5dc}\n", "2:12: networks.a.mtu: expected "
	    "a whole number");
	bad("networks:\n  a: {mtu: 66000}\n", "must be 68 to 65535");
	bad("networks:\n  a: {log: yes}\n", "expected true or false, found "
	    "\"yes\"");
	bad("networks:\n  a: {log: True}\n", "expected true or false");
	bad("networks:\n  a: {log: }\n", "2:12: networks.a.log: expected true "
	    "or false, found nothing");
	bad("networks:\n  a: {log: {}}\n", "found a map");
	bad("networks:\n  a: {subnett: 10.1.0.0/24}\n", "2:7: networks.a: "
	    "expected a key of a network, found \"subnett\" (did you mean "
	    "subnet?)");
	bad("networks:\n  a: {mode: natt}\n", "(did you mean nat?)");
	bad("networks:\n  a: {mtu: 1, mtu: 2}\n", "networks.a.mtu: written "
	    "twice: the first is at line 2, column 12");
	bad("networks: []\n", "networks: expected a map of names, found a "
	    "list");
	bad("networks: x\n", "found \"x\"");
	bad("policies: {}\n", "expected a list (each: a policy), found a map");
	bad("policies: [x]\n", "policies[0]: expected a map (a policy), found "
	    "\"x\"");
	bad("links: [{between: [a]}]\n", "with two ends, found 1");
	bad("links: [a]\n",
	    "links[0]: expected a link (r1-r2 or a map), found \"a\"");
	bad("forwards: [x]\n", "forwards[0]: expected a forward");
	bad("forwards: ['1:2:3:4:5']\n", "forwards[0]: expected a forward");
	bad("forwards: ['80:vm1/icq']\n", "icq is no protocol");
	bad("forwards: ['x.y:80:vm1:1']\n", "x.y is no address to listen on");
	bad("networks: {-a: }\n", "expected a name");
	bad("networks: {any: }\n", "a word with a meaning of its own");
	bad("networks: {1: }\n", "expected a name");
	bad("networks: {[a]: }\n", "expected a name");
	bad("name: default\n", "a word with a meaning of its own");
	bad("- a\n", "expected a topology: a map");
	bad("", "1:1: : expected a topology, found an empty text");
	bad("# nothing\n", "found an empty text");
}

static void check_later(void)
{
	bad("networks:\n  a: {vlan: 5}\n", "networks.a.vlan: not yet: "
	    "comes with VLANs");
	bad("vars: {}\n", "1:7: vars: not yet");
	bad("checks:\n  - {name: x, from: [a}\n", "2:");
	bad("engine: bird\n", "until then: frr");
	bad("routing: [ospf, rip]\n", "static, ospf, bgp, none");
	bad("attachments: {a: {type: macvlan}}\n", "not yet: macvlan");
	topo_free(good("networks:\n  a: {dhcp: false, ra: false, dns: false}\n"
		       "routing: static\ntimers: default\nmanaged: true\n"
		       "description: >\n  some\n  text\n"));
}

static void check_yaml(void)
{
	bad("networks:\n  a: &x {mtu: 1}\n", "found an anchor (&x)");
	bad("networks:\n  a: *x\n", "found an alias (*x)");
	bad("networks:\n  a: {mtu: !!int 1500}\n", "found a tag "
	    "(tag:yaml.org,2002:int)");
	bad("networks:\n  a: {<<: {mtu: 1}}\n", "found <<");
	bad("%YAML 1.1\n---\nname: a\n", "1:1: : expected no directive");
	bad("name: a\n---\nname: b\n", "2:1: : expected one document");
	bad("networks:\n  a: {gateway6: fd00::}\n", "2:22: : YAML");
	bad("networks:\n  a: {gateway6: fd00::}\n", "quote IPv6 addresses in "
	    "flow style");
	bad("networks:\n  a: {addresses: [fd00::, fd00::1]}\n", "quote IPv6");
	bad("networks: {a: \xff}\n", "1:15: : expected UTF-8 text");
	bad_len("name: a\0b\n", 10, "1:8: : expected a text, found a zero");
	bad("name: \"a\\0b\"\n", "name: expected a text without control");
	bad("name: \"a\\nb\"\n", "name: expected a text without control");
	bad("networks: {a: {mtu\t", "YAML");
	topo_free(good("\xef\xbb\xbfname: a\n"));
	topo_free(good("---\nname: a\n...\n"));
	topo_free(good("{\"name\": \"a\", \"networks\": {\"b\": "
		       "{\"mtu\": 1500, \"log\": false}}}"));
	topo_free(good("name: a\r\nnetworks: {b: {mtu: 1500}}\r\n"));
}

/* Columns are bytes, and lines are what editors call so. */
static void check_places(void)
{
	bad("description: \xc3\xa4\xc3\xb6\nnetworks:\n"
	    "  a: {description: \"\xe2\x82\xac\", mtu: x}\n", "3:32: ");
	bad("description: \"\xe2\x80\xa8\"\nname: 1\n", "2:7: ");
	bad("a: 1\r\nb: 2\r\n", "2:1: ");
}

/* A text of N times PART between HEAD and TAIL is refused with WANT. */
static void flood(const char *head, const char *part, size_t n,
		  const char *tail, const char *want)
{
	struct buf b = { 0 };

	buf_str(&b, head);
	while (n--)
		buf_str(&b, part);
	buf_str(&b, tail);
	bad_len(b.p, b.len, want);
	buf_free(&b);
}

static void check_bounds(void)
{
	flood("", "[", 4u << 20, "", "at most 32 levels");
	flood("", "{", 4u << 20, "", "at most 32 levels");
	flood("", "#\n", (2u << 20) + 1, "", "at most 4 MiB");
	flood("", "k: 1\n", 200000, "", "too many errors");
	flood("networks: {a: {services: [", "1/tcp,", 70000, "]}}",
	      "at most 65536 items");
	flood("name: ", "a", 5000, "\n", "at most 4,096 bytes");
	flood("x: [", "a,", 2000000, "]\n", "expected a key of a topology");
}

static void check_attach(void)
{
	static const char first[] = "{\"ct1\": {\"network\": \"a\", \"netns\": "
				    "\"ct1\"}}";
	static const char again[] = "{\"a\": {\"network\": \"a\"}}";
	static const char wrong[] = "{\"ct2\": {\"network\": \"a\"}, "
				    "\"ct3\": {\"netwrk\": \"a\"}}";
	struct topology *t = good("networks: {a: }\n"
				  "defaults: {attachment: {type: veth}}\n"
				  "attachments: {vm: {network: a}}\n");
	struct report *r = report_new();
	struct attachment **v;
	unsigned int i;

	CHECK(!topo_attach(t, "api", first, strlen(first), r));
	CHECK(t->attachments.n == 2);
	v = t->attachments.items;
	CHECK(v[1]->dynamic && v[1]->type == ATT_VETH);
	CHECK(topo_attach(t, "api", first, strlen(first), r) == -EINVAL);
	CHECK(topo_attach(t, "api", again, strlen(again), r) == -EINVAL);
	CHECK(topo_attach(t, "api", wrong, strlen(wrong), r) == -EINVAL);
	CHECK(t->attachments.n == 2);
	CHECK(topo_detach(t, "vm") == -EPERM);
	CHECK(topo_detach(t, "nobody") == -ENOENT);
	CHECK(!topo_detach(t, "ct1"));
	CHECK(t->attachments.n == 1);
	report_clear(r);
	for (i = 0; i < 1000; i++) {
		CHECK(!topo_attach(t, "api", first, strlen(first), r));
		CHECK(!topo_detach(t, "ct1"));
	}
	CHECK(t->attachments.n == 1);
	report_free(r);
	topo_free(t);
}

static void check_numbers(void)
{
	struct numbers *n = numbers_new(), *m = numbers_new();
	struct buf out = { 0 };
	char key[32], value[32];
	bool dropped = true;
	unsigned int i;

	for (i = 0; i < 1000; i++) {
		sprintf(key, "net/%u", i);
		sprintf(value, "10.%u.%u.0/24", i / 250, i % 250);
		numbers_set(n, key, value);
	}
	CHECK_STR(numbers_get(n, "net/999"), "10.3.249.0/24");
	CHECK(!numbers_get(n, "net/1000"));
	CHECK(numbers_taken(n, "net/", "10.3.249.0/24"));
	CHECK(!numbers_taken(n, "link/", "10.3.249.0/24"));
	CHECK(!numbers_taken(n, "net/", "10.3.250.0/24"));
	numbers_set(n, "net/999", "x y");
	CHECK(!numbers_taken(n, "net/", "10.3.249.0/24"));
	numbers_print(n, &out);
	CHECK(!numbers_read(m, buf_text(&out)));
	CHECK_STR(numbers_get(m, "net/999"), "x y");
	/* what was read and not asked for goes */
	numbers_sweep(m);
	CHECK_STR(numbers_get(m, "net/999"), "x y");
	CHECK(!numbers_get(m, "net/998"));
	CHECK(!numbers_taken(m, "net/", "10.3.248.0/24"));
	/* and a bad file takes nothing away */
	CHECK(numbers_read(m, "a") == -EINVAL);
	CHECK(numbers_read(m, " a\n") == -EINVAL);
	CHECK(numbers_read(m, "a \n") == -EINVAL);
	CHECK_STR(numbers_get(m, "net/999"), "x y");
	CHECK(!numbers_read(m, "a 1\na 2\n"));
	CHECK_STR(numbers_get(m, "a"), "2");
	CHECK(!numbers_changed(m, &dropped));
	/* of a line that was cut off nothing is taken */
	CHECK(!numbers_read(m, "a 1\nb"));
	CHECK(numbers_changed(m, &dropped) && dropped);
	CHECK(!numbers_read(m, ""));
	CHECK(!numbers_get(m, "net/999"));
	buf_free(&out);
	numbers_free(n);
	numbers_free(m);
}

static void check_numbers_log(void)
{
	struct numbers *n = numbers_new();
	struct buf out = { 0 };
	bool dropped;
	uint32_t mark;

	numbers_set(n, "a", "1");
	numbers_saved(n);
	CHECK(!numbers_changed(n, &dropped));
	numbers_set(n, "a", "1");
	CHECK(!numbers_changed(n, &dropped));
	numbers_set(n, "b", "2");
	mark = numbers_mark(n);
	numbers_set(n, "a", "3");
	numbers_set(n, "b", "4");
	numbers_set(n, "c", "5");
	numbers_undo(n, mark);
	CHECK_STR(numbers_get(n, "a"), "1");
	CHECK_STR(numbers_get(n, "b"), "2");
	CHECK(!numbers_get(n, "c"));
	CHECK(numbers_taken(n, "", "1") && !numbers_taken(n, "", "4"));
	CHECK(numbers_changed(n, &dropped) && !dropped);
	numbers_print_changes(n, &out);
	CHECK_STR(buf_text(&out), "b 2\n");
	numbers_undo(n, 0);
	CHECK(!numbers_get(n, "b"));
	numbers_sweep(n);
	numbers_sweep(n);
	CHECK(!numbers_get(n, "a"));
	CHECK(numbers_changed(n, &dropped) && dropped);
	buf_free(&out);
	numbers_free(n);
}

static bool begins_with(void *arg, const char *key)
{
	return !strncmp(key, arg, strlen(arg));
}

static void check_numbers_drop(void)
{
	struct numbers *n = numbers_new();
	bool dropped;

	numbers_set(n, "t/attachment/a/web/4", "10.1.0.2");
	numbers_set(n, "t/attachment/b/web/4", "10.1.0.3");
	numbers_saved(n);
	numbers_drop(n, begins_with, "t/attachment/a/");
	CHECK(!numbers_get(n, "t/attachment/a/web/4"));
	CHECK(!numbers_taken(n, "", "10.1.0.2"));
	CHECK_STR(numbers_get(n, "t/attachment/b/web/4"), "10.1.0.3");
	CHECK(numbers_changed(n, &dropped) && dropped);
	numbers_free(n);
}

int main(void)
{
	check_numbers_log();
	check_numbers_drop();
	check_scalars();
	check_shapes();
	check_forwards();
	check_defaults();
	check_refused();
	check_later();
	check_yaml();
	check_places();
	check_bounds();
	check_attach();
	check_numbers();
	return test_end();
}

// field.c - every type of field: read, print, compare, pack, unpack
// SPDX-License-Identifier: GPL-2.0-or-later
#include "netd/field.h"
#include "netd/report.h"
#include "test.h"

#include <arpa/inet.h>
#include <stdint.h>
#include <stdlib.h>

static const char *const words[] = { "isolated", "nat", "routed", NULL };

/* A text, and how it is printed again; NULL: it is refused. */
struct example {
	const struct field_type *type;
	const char *text, *printed;
	uint64_t min, max;
};

static const struct example examples[] = {
	{ &field_bool, "true", "true", 0, 0 },
	{ &field_bool, "false", "false", 0, 0 },
	{ &field_bool, "no", NULL, 0, 0 },
	{ &field_bool, "True", NULL, 0, 0 },
	{ &field_bool, "1", NULL, 0, 0 },
	{ &field_u8, "255", "255", 0, 0 },
	{ &field_u8, "256", NULL, 0, 0 },
	{ &field_u16, "0", "0", 0, 0 },
	{ &field_u16, "010", NULL, 0, 0 },
	{ &field_u16, "0x10", NULL, 0, 0 },
	{ &field_u16, "-1", NULL, 0, 0 },
	{ &field_u16, "", NULL, 0, 0 },
	{ &field_u32, "1500", "1500", 68, 65535 },
	{ &field_u32, "67", NULL, 68, 65535 },
	{ &field_u32, "65536", NULL, 68, 65535 },
	{ &field_u32, "1:30", NULL, 0, 0 },
	{ &field_u32, "1_000", NULL, 0, 0 },
	{ &field_u64, "18446744073709551615", "18446744073709551615", 0, 0 },
	{ &field_u64, "18446744073709551616", NULL, 1, UINT64_MAX - 1 },
	{ &field_hex64, "00ff", "00000000000000ff", 0, 0 },
	{ &field_enum, "nat", "nat", 0, 0 },
	{ &field_enum, "natt", NULL, 0, 0 },
	{ &field_str, "a b", "a b", 0, 0 },
	{ &field_name, "web-1_x", "web-1_x", 0, 0 },
	{ &field_name, "12", NULL, 0, 0 },
	{ &field_name, "-web", NULL, 0, 0 },
	{ &field_name, "we b", NULL, 0, 0 },
	{ &field_name, "w\n", NULL, 0, 0 },
	{ &field_ifname, "eth0.5", "eth0.5", 0, 0 },
	{ &field_ifname, "sixteen-letters-", NULL, 0, 0 },
	{ &field_ifname, "a*", NULL, 0, 0 },
	{ &field_ifname, "..", NULL, 0, 0 },
	{ &field_ifname, "a%d", NULL, 0, 0 },
	{ &field_mac, "52:54:00:12:34:56", "52:54:00:12:34:56", 0, 0 },
	{ &field_mac, "52:54:00:AB:CD:EF", "52:54:00:ab:cd:ef", 0, 0 },
	{ &field_mac, "01:00:5e:00:00:01", NULL, 0, 0 },
	{ &field_mac, "52:54:00:12:34", NULL, 0, 0 },
	{ &field_mac, "52:54:00:12:34:567", NULL, 0, 0 },
	{ &field_ip, "10.1.0.1", "10.1.0.1", 0, 0 },
	{ &field_ip, "fd00:0::1", "fd00::1", 0, 0 },
	{ &field_ip, "10.1.0.01", NULL, 0, 0 },
	{ &field_ip, "10.1", NULL, 0, 0 },
	{ &field_ip4, "10.1.0.1", "10.1.0.1", 0, 0 },
	{ &field_ip4, "fd00::1", NULL, 0, 0 },
	{ &field_ip6, "fd00::1", "fd00::1", 0, 0 },
	{ &field_ip6, "10.1.0.1", NULL, 0, 0 },
	{ &field_prefix, "10.1.0.1/24", "10.1.0.1/24", 0, 0 },
	{ &field_prefix, "10.1.0.1", "10.1.0.1/32", 0, 0 },
	{ &field_prefix, "10.1.0.1/33", NULL, 0, 0 },
	{ &field_prefix, "10.1.0.1/024", NULL, 0, 0 },
	{ &field_prefix, "10.1.0.1/", NULL, 0, 0 },
	{ &field_prefix, "fd00::1/129", NULL, 0, 0 },
	{ &field_net, "10.1.0.0/24", "10.1.0.0/24", 0, 0 },
	{ &field_net, "10.1.0.1/24", NULL, 0, 0 },
	{ &field_net, "::/0", "::/0", 0, 0 },
	{ &field_iprange, "10.0.0.1-10.0.0.9", "10.0.0.1-10.0.0.9", 0, 0 },
	{ &field_iprange, "10.0.0.0/30", "10.0.0.0-10.0.0.3", 0, 0 },
	{ &field_iprange, "10.0.0.7", "10.0.0.7", 0, 0 },
	{ &field_iprange, "10.0.0.9-10.0.0.1", NULL, 0, 0 },
	{ &field_iprange, "10.0.0.9-fd00::1", NULL, 0, 0 },
	{ &field_ports, "80", "80", 0, 0 },
	{ &field_ports, "8000-8010", "8000-8010", 0, 0 },
	{ &field_ports, "0", NULL, 0, 0 },
	{ &field_ports, "65536", NULL, 0, 0 },
	{ &field_ports, "9-8", NULL, 0, 0 },
	{ &field_ports, "080", NULL, 0, 0 },
	{ &field_time, "20ms", "20ms", 0, 0 },
	{ &field_time, "4s", "4s", 0, 0 },
	{ &field_time, "120s", "2m", 0, 0 },
	{ &field_time, "12h", "12h", 0, 0 },
	{ &field_time, "infinite", "infinite", 0, 0 },
	{ &field_time, "12", NULL, 0, 0 },
	{ &field_time, "99999999999d", NULL, 0, 0 },
	{ &field_size, "64k", "64k", 0, 0 },
	{ &field_size, "1500", "1500", 0, 0 },
	{ &field_size, "5G", NULL, 0, 0 },
	{ &field_rate, "10M", "10M", 0, 0 },
	{ &field_rate, "1500", "1500", 0, 0 },
	{ &field_rate, "10Mb", NULL, 0, 0 },
	{ &field_percent, "1%", "1%", 0, 0 },
	{ &field_percent, "0.1%", "0.1%", 0, 0 },
	{ &field_percent, "12.0305%", "12.0305%", 0, 0 },
	{ &field_percent, "100.0%", "100%", 0, 0 },
	{ &field_percent, "0%", "0%", 0, 0 },
	{ &field_percent, "100.1%", NULL, 0, 0 },
	{ &field_percent, "1.00001%", NULL, 0, 0 },
	{ &field_percent, "1.%", NULL, 0, 0 },
	{ &field_percent, ".5%", NULL, 0, 0 },
	{ &field_percent, "5", NULL, 0, 0 },
	{ &field_nexthop, "via 10.1.0.9 dev eth0", "via 10.1.0.9 dev eth0",
	  0, 0 },
	{ &field_nexthop, "dev eth0 weight 3", "dev eth0 weight 3", 0, 0 },
	{ &field_nexthop, "via 10.1.0.9", NULL, 0, 0 },
	{ &field_nexthop, "dev eth0 weight 300", NULL, 0, 0 },
};

/* room for any value, the only member at offset 0 */
union value {
	uint64_t align[8];
	char bytes[64];
};

static void try(const struct example *e, struct arena *a)
{
	struct field f = { .name = "x", .type = e->type, .min = e->min,
			   .max = e->max, .names = words };
	union value v = { { 0 } }, again = { { 0 } }, wired = { { 0 } };
	struct buf why = { 0 }, text = { 0 }, msg = { 0 };
	const char *p;
	size_t cut;
	int err = field_read(&f, e->text, &v, a, &why);

	if (!e->printed) {
		if (!err)
			fprintf(stderr, "%s: \"%s\" was taken\n",
				e->type->what, e->text);
		CHECK(err == -22);
		goto out;
	}
	if (err)
		fprintf(stderr, "\"%s\": %s\n", e->text, buf_text(&why));
	CHECK(!err);
	field_print(&f, &v, &text);
	CHECK_STR(buf_text(&text), e->printed);
	CHECK(!field_read(&f, buf_text(&text), &again, a, &why));
	CHECK(!field_cmp(&f, &v, &again));
	field_pack(&f, &v, &msg);
	p = msg.p;
	CHECK(!field_unpack(&f, &p, msg.p + msg.len, &wired, a));
	CHECK(p == msg.p + msg.len);
	CHECK(!field_cmp(&f, &v, &wired));
	for (cut = 0; cut < msg.len; cut++) {
		p = msg.p;
		CHECK(field_unpack(&f, &p, msg.p + cut, &wired, a) < 0);
	}
out:
	buf_free(&why);
	buf_free(&text);
	buf_free(&msg);
}

static void lists(struct arena *a)
{
	struct field f = { .name = "x", .type = &field_list,
			   .elem = &field_ports };
	struct ports items[] = { { 80, 80 }, { 8000, 8010 } };
	struct list l = { items, 2 }, one = { items, 1 }, got;
	struct buf text = { 0 }, msg = { 0 };
	const char *p;
	uint32_t huge = UINT32_MAX;

	field_print(&f, &l, &text);
	CHECK_STR(buf_text(&text), "80, 8000-8010");
	CHECK(field_cmp(&f, &one, &l) < 0);
	field_pack(&f, &l, &msg);
	p = msg.p;
	CHECK(!field_unpack(&f, &p, msg.p + msg.len, &got, a));
	CHECK(!field_cmp(&f, &l, &got));
	/* a count that no message of this length can hold */
	memcpy(msg.p, &huge, sizeof(huge));
	p = msg.p;
	CHECK(field_unpack(&f, &p, msg.p + msg.len, &got, a) < 0);
	buf_free(&text);
	buf_free(&msg);
}

static void any(void)
{
	struct field f = { .name = "x", .type = &field_u16, .any = true };
	uint16_t all = UINT16_MAX, some = 7;

	CHECK(field_is_any(&f, &all));
	CHECK(!field_is_any(&f, &some));
	f.any = false;
	CHECK(!field_is_any(&f, &all));
}

static void arithmetic(void)
{
	struct prefix p, q;
	struct ip ip, r;
	char t[50];

	CHECK(!prefix_read("10.1.2.3/20", &p));
	ip = prefix_first(&p);
	CHECK_STR(ip_text(&ip, t), "10.1.0.0");
	ip = prefix_last(&p);
	CHECK_STR(ip_text(&ip, t), "10.1.15.255");
	r = ip_add(&ip, 1);
	CHECK_STR(ip_text(&r, t), "10.1.16.0");
	r = ip_add(&r, -1);
	CHECK(!ip_cmp(&r, &ip));
	CHECK(!ip_read("fd00::ffff:ffff", &ip));
	r = ip_add(&ip, 1);
	CHECK_STR(ip_text(&r, t), "fd00::1:0:0");
	CHECK(!prefix_read("10.1.0.0/16", &p) &&
	      !prefix_read("10.1.9.0/24", &q));
	CHECK(prefix_covers(&p, &q) && !prefix_covers(&q, &p));
	CHECK(prefix_overlaps(&q, &p));
	CHECK(!prefix_read("10.2.0.0/16", &q) && !prefix_overlaps(&p, &q));
	CHECK(!prefix_read("::/0", &q) && !prefix_overlaps(&p, &q));
	CHECK(!prefix_read("0.0.0.0/0", &q) && prefix_covers(&q, &p));
}

/* The same text as the C library's: nft and ip print it so, too. */
static void texts(void)
{
	struct prefix p = { .len = 0 };
	char want[60], got[50];
	unsigned int i, k, bits;

	srand(1);
	for (i = 0; i < 60000; i++) {
		p.ip.family = i & 1 ? 6 : 4;
		/* few bits set: many zeros, at every place */
		bits = 1 + i % 16;
		for (k = 0; k < 16; k++)
			p.ip.b[k] = rand() % 16 < (int)bits ? rand() >> 7 : 0;
		if (i % 50 == 1)
			memset(p.ip.b, 0, 8 + i % 5 * 2);
		p.len = rand() % (p.ip.family == 6 ? 129 : 33);
		inet_ntop(p.ip.family == 6 ? AF_INET6 : AF_INET, p.ip.b, want,
			  sizeof(want));
		CHECK_STR(ip_text(&p.ip, got), want);
		sprintf(want + strlen(want), "/%u", p.len);
		CHECK_STR(prefix_text(&p, got), want);
	}
}

static void nearest(void)
{
	static const char *const names[] = { "networks", "nodes", "links" };

	CHECK_STR(report_nearest("netwroks", names, 3), "networks");
	CHECK_STR(report_nearest("link", names, 3), "links");
	CHECK(!report_nearest("policies", names, 3));
}

static void reports(void)
{
	static const char yaml[] = "a: 1\n\tb: no\n";
	struct report *r = report_new();
	struct buf out = { 0 };
	struct pos pos = { .line = 2, .col = 5 };

	pos.file = report_source(r, "x.net.yaml", yaml, strlen(yaml));
	report_error(r, pos, "a.b", "expected %s", "true or false");
	report_error(r, pos, "a.b", "expected %s", "true or false");
	/* said once, and still an error to who asks after the second */
	CHECK(r->count == 1 && r->errors == 2);
	report_print(r, &out);
	CHECK_STR(buf_text(&out),
		  "x.net.yaml:2:5: a.b: expected true or false\n"
		  "    \tb: no\n    \t   ^\n");
	buf_free(&out);
	report_free(r);
}

/* Names that come and go for ever must not take numbers for ever. */
static void sources_are_given_back(void)
{
	struct report *r = report_new(), *copy = report_new();
	struct pos pos = { .line = 1, .col = 1 };
	struct buf out = { 0 };

	CHECK(report_source(r, "a", "one", 3) == 0);
	CHECK(report_source(r, "b", "two", 3) == 1);
	CHECK(report_source(r, "c", "three", 5) == 2);
	report_forget(r, 1);
	report_forget(r, 1);
	CHECK(r->unused == 1);
	report_take_sources(copy, r);
	CHECK(report_source(copy, "c", "three", 5) == 2);
	CHECK(report_source(copy, "b", "again", 5) == 1);
	CHECK(report_source(copy, "d", "four", 4) == 3);
	CHECK(!copy->unused && copy->nsources == 4);
	pos.file = 1;
	report_place(copy, pos, &out);
	CHECK_STR(buf_text(&out), "b:1:1");
	buf_free(&out);
	report_free(r);
	report_free(copy);
}

int main(void)
{
	struct arena *a = arena_new();
	size_t i;

	for (i = 0; i < sizeof(examples) / sizeof(*examples); i++)
		try(&examples[i], a);
	lists(a);
	any();
	arithmetic();
	texts();
	nearest();
	reports();
	arena_free(a);
	sources_are_given_back();
	return test_end();
}

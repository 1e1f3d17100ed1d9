// schema.c - the tables of the YAML are sound, its types read what they print
// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdlib.h>

#include "test.h"
#include "topo/schema.h"

static const struct record *const records[] = {
	&rec_topology, &rec_network, &rec_attachment, &rec_leg, &rec_end,
	&rec_group, &rec_policy, &rec_forward, &rec_one2one, &rec_router,
	&rec_node, &rec_link, &rec_pools, &rec_defaults, &rec_stp, &rec_guards,
	&rec_troute, &rec_snat, &rec_allowed,
};

#define COUNT(v) (sizeof(v) / sizeof(*(v)))

static void fault(const struct record *r, const struct field *f,
		  const char *what)
{
	test_failed++;
	fprintf(stderr, "%s, %s: %s\n", r->what, f->name, what);
}

static bool is_struct(const struct field *f)
{
	return f->type && (f->type->shape == SHAPE_RECORD ||
			   f->type->shape == SHAPE_RECORDS ||
			   f->type->shape == SHAPE_ITEMS);
}

static void check_row(const struct record *r, const struct field *f)
{
	test_count++;
	if (!f->type && !f->later)
		fault(r, f, "neither a type nor when it comes");
	if (f->type && f->type->size &&
	    (f->off < sizeof(struct node) && f->off != offsetof(struct node,
								name)))
		fault(r, f, "lies in the node");
	if (f->type && f->off + f->type->size > r->size)
		fault(r, f, "lies behind the struct");
	if (is_struct(f) != (f->sub != NULL))
		fault(r, f, "a record and only a record has a table");
	if (f->type && (f->type->shape == SHAPE_LIST) != (f->elem != NULL))
		fault(r, f, "a list and only a list has an elem");
	if (f->elem && f->elem->size > 64)
		fault(r, f, "is larger than the reader's room for an item");
	if (f->type && !is_struct(f) && !f->elem &&
	    f->type->shape != SHAPE_PAIRS && (!f->type->read || !f->type->print))
		fault(r, f, "can't be read or printed");
	if (strspn(f->name, "abcdefghijklmnopqrstuvwxyz0123456789-") !=
	    strlen(f->name))
		fault(r, f, "keys are lower case with hyphens");
}

static void check_tables(void)
{
	const struct record *r;
	size_t i;
	uint32_t j, k;

	for (i = 0; i < COUNT(records); i++) {
		r = records[i];
		CHECK(r->count <= 64);
		for (j = 0; j < r->count; j++) {
			check_row(r, &r->fields[j]);
			for (k = 0; k < j; k++)
				if (!strcmp(r->fields[j].name,
					    r->fields[k].name))
					fault(r, &r->fields[j], "is there "
					      "twice");
		}
		/* what is allowed everywhere */
		for (j = 0; j < r->count; j++)
			if (!strcmp(r->fields[j].name, "description"))
				break;
		CHECK(j < r->count);
	}
}

/* An end of a link becomes a leg, whose rows must mean the same. */
static void check_ends_are_legs(void)
{
	uint32_t i;

	CHECK(rec_end.count <= rec_leg.count);
	for (i = 0; i < rec_end.count; i++) {
		CHECK(rec_end.fields[i].off == rec_leg.fields[i].off);
		CHECK(rec_end.fields[i].type == rec_leg.fields[i].type);
	}
	CHECK(rec_publish.count < rec_forward.count);
	for (i = 0; i < rec_publish.count; i++)
		CHECK(rec_publish.fields[i].off == rec_forward.fields[i].off);
}

static const struct {
	const char *text, *why;
	uint16_t port, target;
	uint8_t listen, protocols;
} published[] = {
	{ "8080:80", NULL, 8080, 80, 0, 0 },
	{ "80", NULL, 80, 0, 0, 0 },
	{ "127.0.0.1:8080:80/tcp", NULL, 8080, 80, 4, 1 },
	{ "[2001:db8::1]:8080:80/udp", NULL, 8080, 80, 6, 1 },
	{ "192.0.2.1:53/tcp+udp", NULL, 53, 0, 4, 2 },
	{ "8000-8010:8000-8010/sctp", NULL, 8000, 8000, 0, 1 },
	{ "8080:vm1", "", 0, 0, 0, 0 },
	{ "a.b:80:80", "no address", 0, 0, 0, 0 },
	{ "80:80/xyz", "no protocol", 0, 0, 0, 0 },
	{ "80:80/", "", 0, 0, 0, 0 },
	{ "80:80/tcp+", "", 0, 0, 0, 0 },
	{ "1:2:3:4", "", 0, 0, 0, 0 },
	{ "70000", "", 0, 0, 0, 0 },
	{ "", "", 0, 0, 0, 0 },
};

static void check_published(struct arena *a)
{
	size_t i;

	for (i = 0; i < sizeof(published) / sizeof(*published); i++) {
		struct forward f = { .listen = { .family = 0 } };
		struct buf why = { 0 };
		int err = short_publish(published[i].text, &f, a, &why);

		CHECK(!err == !published[i].why);
		if (published[i].why)
			CHECK(strstr(buf_text(&why), published[i].why));
		if (!err) {
			CHECK(f.port.lo == published[i].port);
			CHECK(f.target_port.lo == published[i].target);
			CHECK(f.listen.family == published[i].listen);
			CHECK(f.protocol.n == published[i].protocols);
		}
		buf_free(&why);
	}
}

/* --- types ------------------------------------------------------------ */

static const char *const three[] = { "one", "two", "three", NULL };

struct sample {
	const struct field_type *type;
	const char *text;
	const char *print;	/* NULL: as text; "!": refused */
	const char *why;	/* a part of the reason */
};

static const struct sample samples[] = {
	{ &type_choice, "two", NULL, NULL },
	{ &type_choice, "four", "!", "one, two, three" },
	{ &type_ignored, "one", "", NULL },
	{ &type_ignored, "1", "!", "one, two, three" },
	{ &type_text, "what you like: \"x\"\n", "", NULL },
	{ &type_allow, "three", NULL, NULL },
	{ &type_allow, "", "!", NULL },
	{ &type_ref, "web", NULL, NULL },
	{ &type_ref, "10.1.0.0/24", NULL, NULL },
	{ &type_ref, "10.1.0.1", NULL, NULL },
	{ &type_ref, "fd00::/64", NULL, NULL },
	{ &type_ref, "10.1.0.1/24", "!", "10.1.0.0/24" },
	{ &type_ref, "a b", "!", NULL },
	{ &type_ref, "1", "!", NULL },
	{ &type_ref, "-a", "!", NULL },
	{ &type_named, "r1", NULL, NULL },
	{ &type_named, "10.1.0.1", "!", NULL },
	{ &type_named, "a.b", "!", NULL },
	{ &type_dev, "eth0.100", NULL, NULL },
	{ &type_dev, "a/b", "!", NULL },
	{ &type_dev, "sixteen-letters-", "!", NULL },
	{ &type_subnet4, "auto", NULL, NULL },
	{ &type_subnet4, "10.1.0.0/24", NULL, NULL },
	{ &type_subnet4, "10.1.0.1/24", "!", "host bits" },
	{ &type_subnet4, "10.1.0.0", "!", "no length" },
	{ &type_subnet4, "10.01.0.0/24", "!", NULL },
	{ &type_subnet4, "10.1.0.0/024", "!", NULL },
	{ &type_subnet4, "10.1.0.0/33", "!", NULL },
	{ &type_subnet4, "fd00::/64", "!", "IPv6" },
	{ &type_subnet6, "fd00:1::/64", NULL, NULL },
	{ &type_subnet6, "10.1.0.0/24", "!", "IPv4" },
	{ &type_pool4, "10.64.0.0/10", NULL, NULL },
	{ &type_pool4, "auto", "!", NULL },
	{ &type_pool6, "fd00:64::/48", NULL, NULL },
	{ &type_pool6, "10.64.0.0/10", "!", "IPv4" },
	{ &type_addr4, "10.1.0.20", NULL, NULL },
	{ &type_addr4, "10.1.0.20/24", NULL, NULL },
	{ &type_addr4, "auto", NULL, NULL },
	{ &type_addr4, "none", NULL, NULL },
	{ &type_addr4, "dhcp", NULL, NULL },
	{ &type_addr4, "slaac", "!", "address6" },
	{ &type_addr4, "fd00::1", "!", "IPv6" },
	{ &type_addr6, "fd00::20", NULL, NULL },
	{ &type_addr6, "fd00::20/64", NULL, NULL },
	{ &type_addr6, "slaac", NULL, NULL },
	{ &type_addr6, "dhcp", NULL, NULL },
	{ &type_addr6, "10.1.0.20", "!", "IPv4" },
	{ &type_hostname, "db-1", NULL, NULL },
	{ &type_hostname, "db.1", "!", NULL },
	{ &type_hostname, "-db", "!", NULL },
	{ &type_hostname, "db,infinite", "!", NULL },
	{ &type_hostname, "db\ndhcp-script=/bin/sh", "!", NULL },
	{ &type_domain, "web.campus", NULL, NULL },
	{ &type_domain, "web..campus", "!", NULL },
	{ &type_domain, "web.campus.", "!", NULL },
	{ &type_domain, "web/campus", "!", NULL },
	{ &type_domain, "", "!", NULL },
	{ &type_duid, "00:03:00:01:52:54:00:12:34:56", NULL, NULL },
	{ &type_duid, "00", "!", NULL },
	{ &type_duid, "00:0g", "!", NULL },
	{ &type_duid, "00:01,10.0.0.1", "!", NULL },
	{ &type_bootfile, "http://boot/a.efi?x=1&y", NULL, NULL },
	{ &type_bootfile, "a,10.0.0.1", "!", NULL },
	{ &type_bootfile, "a b", "!", NULL },
	{ &type_gateway4, "10.1.0.1", NULL, NULL },
	{ &type_gateway4, "none", NULL, NULL },
	{ &type_gateway4, "r1", NULL, NULL },
	{ &type_gateway4, "fd00::1", "!", "IPv6" },
	{ &type_gateway4, "10.1.0.1/24", "!", NULL },
	{ &type_gateway6, "fd00::1", NULL, NULL },
	{ &type_mac, "52:54:00:12:34:56", NULL, NULL },
	{ &type_mac, "auto", NULL, NULL },
	{ &type_mac, "01:00:5e:00:00:01", "!", "multicast" },
	{ &type_mac, "00:00:00:00:00:00", "!", "no address" },
	{ &type_mac, "52:54:00:12:34", "!", NULL },
	{ &type_attachment, "two", NULL, NULL },
	{ &type_attachment, "macvlan", "!", "not yet" },
	{ &type_netns, "ct1", NULL, NULL },
	{ &type_netns, "/run/docker/netns/ab12", NULL, NULL },
	{ &type_netns, "4711", "pid:4711", NULL },
	{ &type_netns, "0", "!", NULL },
	{ &type_netns, "0123", "!", NULL },
	{ &type_netns, "/run/../etc/shadow", "!", NULL },
	{ &type_netns, "/run/..", "!", NULL },
	{ &type_netns, "/", "!", NULL },
	{ &type_netns, "/run/a b", "!", NULL },
	{ &type_netns, "..", "!", NULL },
	{ &type_netns, "a/b", "!", NULL },
	{ &type_netns, "pid:1", NULL, NULL },
	{ &type_netns, "pid:01", "!", NULL },
	{ &type_netns, "pid:x", "!", NULL },
	{ &type_netns, "none", NULL, NULL },
	{ &type_user, "alice", NULL, NULL },
	{ &type_user, "libvirt-qemu", NULL, NULL },
	{ &type_user, "1000", NULL, NULL },
	{ &type_user, "0", NULL, NULL },
	{ &type_user, "01", "!", "leading zeros" },
	{ &type_user, "4294967295", "!", NULL },
	{ &type_user, "-u", "!", NULL },
	{ &type_user, "a;b", "!", NULL },
	{ &type_service, "22/tcp", NULL, NULL },
	{ &type_service, "8000-8010/udp", NULL, NULL },
	{ &type_service, "icmp", NULL, NULL },
	{ &type_service, "esp", NULL, NULL },
	{ &type_service, "tcp", "!", "which port" },
	{ &type_service, "1/icmp", "!", "no ports" },
	{ &type_service, "22", "!", NULL },
	{ &type_service, "/tcp", "!", NULL },
	{ &type_service, "0/tcp", "!", "1 to 65535" },
	{ &type_service, "10-9/tcp", "!", "before it begins" },
	{ &type_service, "99999999999999999999/tcp", "!", NULL },
	{ &type_protocol, "tcp", NULL, NULL },
	{ &type_protocol, "udp", NULL, NULL },
	{ &type_protocol, "sctp", NULL, NULL },
	{ &type_protocol, "icmp", NULL, NULL },
	{ &type_protocol, "gre", NULL, NULL },
	{ &type_protocol, "TCP", "!", NULL },
	{ &type_protocol, "6", "!", NULL },
};

static void check_sample(const struct sample *s, struct arena *a)
{
	const struct field f = { .name = "x", .type = s->type,
				 .names = three };
	union {
		char bytes[64];
		uint64_t align;
	} v = { { 0 } }, w = { { 0 } };
	struct buf why = { 0 }, out = { 0 };
	int err = field_read(&f, s->text, &v, a, &why);
	bool refused = s->print && !strcmp(s->print, "!");

	test_count++;
	if (!err != !refused) {
		test_failed++;
		fprintf(stderr, "%s: \"%s\" gives %d (%s)\n", s->type->what,
			s->text, err, buf_text(&why));
	}
	if (s->why && !strstr(buf_text(&why), s->why)) {
		test_failed++;
		fprintf(stderr, "%s: \"%s\" is refused with \"%s\"\n",
			s->type->what, s->text, buf_text(&why));
	}
	if (!err) {
		field_print(&f, &v, &out);
		CHECK_STR(buf_text(&out), s->print ? s->print : s->text);
		/* the process id has another spelling inside */
		if (out.len && strcmp(buf_text(&out), "pid:4711")) {
			CHECK(!field_read(&f, buf_text(&out), &w, a, &why));
			if (s->type->shape == SHAPE_FIXED &&
			    !type_is_word(s->type))
				CHECK(!memcmp(&v, &w, sizeof(v)));
		}
	}
	buf_free(&why);
	buf_free(&out);
}

static void check_protocols(void)
{
	CHECK(protocol_number("tcp") == 6);
	CHECK(protocol_number("icmp") == 255);
	CHECK(protocol_number("") == -1);
	CHECK_STR(protocol_name(132), "sctp");
}

int main(void)
{
	struct arena *a = arena_new();
	size_t i;

	check_tables();
	check_ends_are_legs();
	for (i = 0; i < COUNT(samples); i++)
		check_sample(&samples[i], a);
	check_protocols();
	check_published(a);
	arena_free(a);
	return test_end();
}

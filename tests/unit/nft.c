// nft.c - nft's syntax to expressions and elements to bytes and back, no kernel
// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/nft/nft.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <libnftnl/rule.h>
#include <linux/netfilter.h>
#include <stdlib.h>

#include "netd/field.h"
#include "test.h"

#define COUNT(a)	(sizeof(a) / sizeof((a)[0]))

/* --- values ------------------------------------------------------------ */

/* What nft prints is read, and printed the same. */
static const struct {
	int type;
	const char *text;
} same[] = {
	{ T_IPV4, "10.0.0.1" }, { T_IPV4, "10.0.0.0/8" },
	{ T_IPV4, "10.0.0.1-10.0.0.9" }, { T_IPV4, "0.0.0.0/0" },
	{ T_IPV4, "255.255.255.255" }, { T_IPV4, "10.0.0.128/25" },
	{ T_IPV6, "::" }, { T_IPV6, "fd00::1" }, { T_IPV6, "fe80::/10" },
	{ T_IPV6, "fd00::1-fd00::9" }, { T_IPV6, "::ffff:10.0.0.1" },
	{ T_ETHER, "02:00:00:00:00:ff" }, { T_PROTO, "tcp" },
	{ T_PROTO, "ipv6-icmp" }, { T_PROTO, "99" }, { T_PROTO, "ip-250" },
	{ T_SERVICE, "0" }, { T_SERVICE, "65535" },
	{ T_SERVICE, "8000-8010" }, { T_MARK, "0x0000ffff" },
	{ T_IFNAME, "nd-web" }, { T_CTSTATE, "established,related" },
	{ T_TCPFLAG, "fin,syn,rst,ack" }, { T_ETHERTYPE, "ip6" },
	{ T_ICMP6, "nd-neighbor-solicit" }, { T_FIBTYPE, "local" },
};

static void values_round(void)
{
	for (size_t i = 0; i < COUNT(same); i++) {
		const struct nft_type *t = &nft_types[same[i].type];
		struct nft_word w = { same[i].text, strlen(same[i].text),
				      t->form == NFT_FORM_NAME };
		char buf[256], quoted[256];
		struct nft_val v;

		memset(&v, 0, sizeof(v));
		CHECK(!nft_type_parse(t, t->len, &w, &v));
		nft_type_print(t, t->len, v.lo, v.hi, buf, sizeof(buf));
		snprintf(quoted, sizeof(quoted), w.quoted ? "\"%s\"" : "%s",
			 same[i].text);
		CHECK_STR(buf, quoted);
	}
}

static const struct {
	int type;
	const char *text;
} wrong[] = {
	{ T_IPV4, "10.0.0.256" }, { T_IPV4, "10.0.0.1/8" },
	{ T_IPV4, "10.0.0.0/33" }, { T_IPV4, "10.0.0.9-10.0.0.1" },
	{ T_IPV4, "010.0.0.1" }, { T_IPV4, "fd00::1" }, { T_IPV4, "" },
	{ T_IPV6, "10.0.0.1" }, { T_IPV6, "fd00::1/64" },
	{ T_IPV6, "fd00::1%eth0" }, { T_ETHER, "02:00:00:00:00" },
	{ T_ETHER, "02:00:00:00:00:0g" }, { T_ETHER, "02-00-00-00-00-00" },
	{ T_PROTO, "256" }, { T_PROTO, "tcq" }, { T_SERVICE, "65536" },
	{ T_SERVICE, "80-" }, { T_SERVICE, "-80" }, { T_SERVICE, "90-80" },
	{ T_SERVICE, "+80" }, { T_SERVICE, "8e1" }, { T_MARK, "0x100000000" },
	{ T_IFNAME, "" }, { T_IFNAME, "sixteen-bytes-xx" },
	{ T_IFNAME, "a/b" }, { T_IFNAME, "a b" }, { T_IFNAME, "a*b" },
	{ T_IFNAME, "a\nb" }, { T_CTSTATE, "established," },
	{ T_CTSTATE, "estab" },
};

static void values_wrong(void)
{
	for (size_t i = 0; i < COUNT(wrong); i++) {
		const struct nft_type *t = &nft_types[wrong[i].type];
		struct nft_word w = { wrong[i].text, strlen(wrong[i].text),
				      t->form == NFT_FORM_NAME };
		struct nft_val v;

		if (!nft_type_parse(t, t->len, &w, &v))
			fprintf(stderr, "taken: '%s'\n", wrong[i].text);
		CHECK(nft_type_parse(t, t->len, &w, &v) == -EINVAL);
	}
}

/* Any byte string of the right length prints, and reads as itself. */
static void values_any(void)
{
	unsigned int seed = 1;

	for (int n = 0; n < 20000; n++) {
		const struct nft_type *t = &nft_types[1 + n % (T_MAX - 1)];
		uint8_t p[16] = { 0 };
		char buf[256];
		struct nft_word w = { .s = buf };
		struct nft_val v;

		if (!t->len || t->form == NFT_FORM_NAME ||
		    t == &nft_types[T_IFINDEX])
			continue;
		for (int i = 0; i < t->len; i++)
			p[i] = (seed = seed * 1103515245 + 12345) >> 16;
		w.n = nft_type_print(t, t->len, p, p, buf, sizeof(buf));
		memset(&v, 0, sizeof(v));
		CHECK(!nft_type_parse(t, t->len, &w, &v));
		CHECK(!memcmp(v.lo, p, t->len));
	}
}

/* --- rules ------------------------------------------------------------- */

/* Prints the one rule of a transaction as the kernel will run it. */
static void print_rule(const struct nft_txn *t, char *buf, size_t size)
{
	const struct nft_buf *b = &t->ph[NFT_PH_RULE];
	struct nftnl_rule *r = nftnl_rule_alloc();
	const struct nlmsghdr *last = NULL;
	char all[4096], *from;

	for (uint32_t at = 0; at < b->len;) {
		last = (void *)(b->data + at);
		at += MNL_ALIGN(last->nlmsg_len);
	}
	buf[0] = 0;
	if (last && nftnl_rule_nlmsg_parse(last, r) >= 0) {
		nftnl_rule_snprintf(all, sizeof(all), r, NFTNL_OUTPUT_DEFAULT,
				    0);
		from = strchr(all, '[');
		snprintf(buf, size, "%s", from ? from : "");
		from = strstr(buf, "userdata");
		if (from)
			*from = 0;
		for (size_t n = strlen(buf); n && strchr(" \n", buf[n - 1]);)
			buf[--n] = 0;
	}
	nftnl_rule_free(r);
}

/* As nft 1.0.6 makes it (--debug=netlink), registers counted by 4 bytes. */
static const struct {
	int family;
	const char *rule;
	const char *expr;
} rules[] = {
	{ NFPROTO_INET, "iifname \"br-*\" ip saddr 10.0.0.0/8 accept",
	  "[ meta load iifname => reg 8 ]\n"
	  "  [ cmp eq reg 8 0x002d7262 ]\n"
	  "  [ meta load nfproto => reg 8 ]\n"
	  "  [ cmp eq reg 8 0x00000002 ]\n"
	  "  [ payload load 1b @ network header + 12 => reg 8 ]\n"
	  "  [ cmp eq reg 8 0x0000000a ]\n"
	  "  [ immediate reg 0 accept ]" },
	{ NFPROTO_INET, "ip6 saddr fe80::/10 drop",
	  "[ meta load nfproto => reg 8 ]\n"
	  "  [ cmp eq reg 8 0x0000000a ]\n"
	  "  [ payload load 16b @ network header + 8 => reg 8 ]\n"
	  "  [ bitwise reg 8 = ( reg 8 & 0x0000c0ff 0x00000000 0x00000000 "
	  "0x00000000 ) ^ 0x00000000 0x00000000 0x00000000 0x00000000 ]\n"
	  "  [ cmp eq reg 8 0x000080fe 0x00000000 0x00000000 0x00000000 ]\n"
	  "  [ immediate reg 0 drop ]" },
	{ NFPROTO_INET, "ct state established,related accept",
	  "[ ct load state => reg 8 ]\n"
	  "  [ bitwise reg 8 = ( reg 8 & 0x00000006 ) ^ 0x00000000 ]\n"
	  "  [ cmp neq reg 8 0x00000000 ]\n"
	  "  [ immediate reg 0 accept ]" },
	{ NFPROTO_INET, "ct state != new accept",
	  "[ ct load state => reg 8 ]\n"
	  "  [ cmp neq reg 8 0x00000008 ]\n"
	  "  [ immediate reg 0 accept ]" },
	{ NFPROTO_INET, "udp dport 67-68 accept",
	  "[ meta load l4proto => reg 8 ]\n"
	  "  [ cmp eq reg 8 0x00000011 ]\n"
	  "  [ payload load 2b @ transport header + 2 => reg 8 ]\n"
	  "  [ cmp gte reg 8 0x00004300 ]\n"
	  "  [ cmp lte reg 8 0x00004400 ]\n"
	  "  [ immediate reg 0 accept ]" },
	{ NFPROTO_INET, "meta mark 0x00000001-0x00000005 accept",
	  "[ meta load mark => reg 8 ]\n"
	  "  [ byteorder reg 8 = hton(reg 8, 4, 4) ]\n"
	  "  [ cmp gte reg 8 0x01000000 ]\n"
	  "  [ cmp lte reg 8 0x05000000 ]\n"
	  "  [ immediate reg 0 accept ]" },
	{ NFPROTO_INET, "fib saddr . iif oif missing drop",
	  "[ fib saddr . iif oif present => reg 8 ]\n"
	  "  [ cmp eq reg 8 0x00000000 ]\n"
	  "  [ immediate reg 0 drop ]" },
	{ NFPROTO_INET, "tcp flags syn tcp option maxseg size set rt mtu",
	  "[ meta load l4proto => reg 8 ]\n"
	  "  [ cmp eq reg 8 0x00000006 ]\n"
	  "  [ payload load 1b @ transport header + 13 => reg 8 ]\n"
	  "  [ bitwise reg 8 = ( reg 8 & 0x00000002 ) ^ 0x00000000 ]\n"
	  "  [ cmp neq reg 8 0x00000000 ]\n"
	  "  [ rt load tcpmss => reg 8 ]\n"
	  "  [ byteorder reg 8 = hton(reg 8, 2, 2) ]\n"
	  "  [ exthdr write tcpopt reg 8 => 2b @ 2 + 2 ]" },
	{ NFPROTO_INET, "tcp dport 80 dnat ip to 10.0.0.1-10.0.0.9:8080-8090 "
	  "random,persistent",
	  "[ meta load l4proto => reg 8 ]\n"
	  "  [ cmp eq reg 8 0x00000006 ]\n"
	  "  [ payload load 2b @ transport header + 2 => reg 8 ]\n"
	  "  [ cmp eq reg 8 0x00005000 ]\n"
	  "  [ immediate reg 8 0x0100000a ]\n"
	  "  [ immediate reg 9 0x0900000a ]\n"
	  "  [ immediate reg 10 0x0000901f ]\n"
	  "  [ immediate reg 11 0x00009a1f ]\n"
	  "  [ nat dnat ip addr_min reg 8 addr_max reg 9 proto_min reg 10 "
	  "proto_max reg 11 flags 0xe ]" },
	{ NFPROTO_INET, "dnat ip to iifname . ip daddr . meta l4proto . "
	  "th dport map @fwd",
	  "[ meta load nfproto => reg 8 ]\n"
	  "  [ cmp eq reg 8 0x00000002 ]\n"
	  "  [ meta load iifname => reg 8 ]\n"
	  "  [ payload load 4b @ network header + 16 => reg 12 ]\n"
	  "  [ meta load l4proto => reg 13 ]\n"
	  "  [ payload load 2b @ transport header + 2 => reg 14 ]\n"
	  "  [ lookup reg 8 set fwd dreg 8 ]\n"
	  "  [ nat dnat ip addr_min reg 8 addr_max reg 10 proto_min reg 9 "
	  "proto_max reg 11 flags 0x0 ]" },
	{ NFPROTO_BRIDGE, "frag frag-off != 0 iifname . ip6 saddr @fwd accept",
	  "[ meta load protocol => reg 8 ]\n"
	  "  [ cmp eq reg 8 0x0000dd86 ]\n"
	  "  [ exthdr load ipv6 2b @ 44 + 2 => reg 8 ]\n"
	  "  [ bitwise reg 8 = ( reg 8 & 0x0000f8ff ) ^ 0x00000000 ]\n"
	  "  [ cmp neq reg 8 0x00000000 ]\n"
	  "  [ meta load iifname => reg 8 ]\n"
	  "  [ payload load 16b @ network header + 8 => reg 12 ]\n"
	  "  [ lookup reg 8 set fwd ]\n"
	  "  [ immediate reg 0 accept ]" },
};

static void rules_compile(void)
{
	char got[4096], want[4096];
	struct nft_txn t;

	nft_txn_init(&t);
	CHECK(!nft_set_add(&t, NFPROTO_INET, "netd", "fwd",
			   "type ifname . ipv4_addr . inet_proto . "
			   "inet_service : interval ipv4_addr . inet_service;"
			   "flags interval", NULL));
	for (size_t i = 0; i < COUNT(rules); i++) {
		nft_txn_reset(&t);
		CHECK(!nft_chain_add(&t, rules[i].family, "netd", "c",
				     rules[i].rule, NULL));
		CHECK_STR(t.err, "");
		print_rule(&t, got, sizeof(got));
		snprintf(want, sizeof(want), "%s", rules[i].expr);
		CHECK_STR(got, want);
	}
	nft_txn_free(&t);
}

static const char *const refused[] = {
	"frobnicate", "accept accept", "accept tcp dport 80", "tcp dport",
	"tcp dport http", "tcp dport 80 udp dport 80", "tcp dport 65536",
	"ip saddr 1.2.3.4 ip6 saddr fd00::1", "ip saddr fd00::1",
	"ip saddr { 1.2.3.4", "ip saddr { }", "ip saddr { 1.2.3.4 : accept }",
	"ip saddr vmap { 1.2.3.4 }", "iifname . ip saddr \"a\"",
	"iifname . @set", "goto", "goto 1x", "goto a;b", "jump \"x",
	"log prefix x",
	"comment \"a\001b\"", "ct mark set", "ct mark set 0x100000000",
	"limit rate 0/second", "limit rate 10/fortnight", "limit rate ten",
	"numgen random mod 0 < 1", "numgen random mod 5", "numgen inc mod 2",
	"limit rate over 5 bits/second", "limit rate over 5 bytes",
	"limit rate over 5 bytes/second burst 5 packets",
	"limit rate over 5 bytes/second burst 5000000 mbytes",
	"reject with icmpx", "reject with tcp", "dnat to 1.2.3.4",
	"dnat ip to", "dnat ip to 1.2.3.4:", "dnat ip to 1.2.3.4:99999",
	"dnat ip to fd00::1", "dnat ip to ip saddr map @none",
	"add @s iifname", "add @s { iifname", "add @s { accept }", "@th,1,8 0",
	"@th,0,7 0", "@xx,0,8 0", "@th,0,136 0", "fib saddr",
	"fib saddr . x oif",
	"arp operation request", "meta mark { 1-5 }", "ct state > new",
	"iifname lo",
	"ct state != established,related",
	"tcp flags syn /", "iifname \"a*b\"", "iifname { \"a*\" }",
	"ip saddr 10.0.0.1/8", "tcp flags & (fin == fin",
	"type filter hook forward", "masquerade to 1024", "redirect to :0-x",
};

static void rules_refused(void)
{
	struct nft_txn t;

	nft_txn_init(&t);
	for (size_t i = 0; i < COUNT(refused); i++) {
		t.err[0] = 0;
		if (!nft_chain_add(&t, NFPROTO_INET, "netd", "c", refused[i],
				   NULL)) {
			fprintf(stderr, "taken: %s\n", refused[i]);
			CHECK(0);
		}
		CHECK(t.err[0]);
		CHECK(nft_txn_empty(&t));
		nft_txn_reset(&t);
	}
	nft_txn_free(&t);
}

/* Every prefix of a long rule, and every byte of it changed, does no harm. */
static void rules_damaged(void)
{
	static const char rule[] =
		"type filter hook forward priority filter + 5; policy drop;\n"
		"iifname . ip saddr vmap { \"a\" . 1.2.3.0/24 : goto x } "
		"tcp dport { 1, 2-3 } ct mark set ct mark log prefix \"x\" "
		"limit rate 1/second burst 2 packets add @s { iifname "
		"timeout 1h ct count over 3 } comment \"c\" accept\n"
		"fib daddr . iif type != { local } dnat ip6 to [fd00::1]:80";
	char text[sizeof(rule)];
	unsigned int seed = 7;
	struct nft_txn t;

	nft_txn_init(&t);
	for (size_t i = 0; i < sizeof(rule); i++) {
		memcpy(text, rule, sizeof(rule));
		text[i] = 0;
		nft_chain_add(&t, NFPROTO_INET, "netd", "c", text, NULL);
		nft_txn_reset(&t);
	}
	for (int i = 0; i < 20000; i++) {
		memcpy(text, rule, sizeof(rule));
		seed = seed * 1103515245 + 12345;
		text[(seed >> 16) % (sizeof(rule) - 1)] = 32 + i % 95;
		seed = seed * 1103515245 + 12345;
		text[(seed >> 16) % (sizeof(rule) - 1)] = 32 + i / 95 % 95;
		nft_chain_add(&t, NFPROTO_INET, "netd", "c", text, NULL);
		nft_txn_reset(&t);
	}
	CHECK(nft_txn_empty(&t));
	nft_txn_free(&t);
}

/* --- declarations and heads --------------------------------------------- */

static const char *const bad_sets[] = {
	"", "flags interval", "type", "type foo", "type ifname . ",
	"type integer",
	"type ifname : ", "type ifname; flags foo", "type ifname; size x",
	"type ifname; flags interval", "type mark; flags interval",
	"type ifname; timeout 1x", "type verdict", "elements = { }",
	"type ifname : verdict . mark",
	"type ipv6_addr . ipv6_addr . ipv6_addr . ipv6_addr . ifname",
};

static void sets_read(void)
{
	char err[NFT_ERR];
	struct nft_set s;

	CHECK(!nft_set_parse("\ttype ifname . ipv4_addr : verdict\n"
			     "\tsize 100\n\tflags timeout\n\ttimeout 1d2h\n",
			     &s, err));
	CHECK(s.nkey == 2 && s.ndata == 1 && s.key_len == 20);
	CHECK(s.size == 100 && s.timeout == (24 + 2) * 3600000ull);
	CHECK(nft_set_is_verdict_map(&s) && !nft_set_is_learned(&s));
	for (size_t i = 0; i < COUNT(bad_sets); i++) {
		err[0] = 0;
		if (!nft_set_parse(bad_sets[i], &s, err))
			fprintf(stderr, "taken: '%s'\n", bad_sets[i]);
		CHECK(nft_set_parse(bad_sets[i], &s, err) == -EINVAL);
		CHECK(err[0]);
	}
}

static const struct {
	int family;
	const char *head;
} heads[] = {
	{ NFPROTO_INET, "type filter hook forward priority filter; "
	  "policy drop;" },
	{ NFPROTO_INET, "type filter hook prerouting priority raw; "
	  "policy accept;" },
	{ NFPROTO_INET, "type nat hook prerouting priority dstnat + 5; "
	  "policy accept;" },
	{ NFPROTO_INET, "type nat hook output priority -100; "
	  "policy accept;" },
	{ NFPROTO_INET, "type filter hook input priority filter - 10; "
	  "policy accept;" },
	{ NFPROTO_BRIDGE, "type filter hook prerouting priority dstnat; "
	  "policy accept;" },
	{ NFPROTO_BRIDGE, "type filter hook forward priority filter; "
	  "policy accept;" },
	{ NFPROTO_BRIDGE, "type filter hook output priority out; "
	  "policy accept;" },
};

static void heads_round(void)
{
	char buf[128], err[NFT_ERR];
	struct nft_base b, c;

	for (size_t i = 0; i < COUNT(heads); i++) {
		CHECK(!nft_chain_base_parse(heads[i].head,
					    strlen(heads[i].head),
					    heads[i].family, &b, err));
		nft_chain_base_print(&b, heads[i].family, buf, sizeof(buf));
		CHECK_STR(buf, heads[i].head);
	}
	c = b;
	c.policy = !c.policy;
	CHECK(nft_chain_base_hash(&b) != nft_chain_base_hash(&c));
}

int main(void)
{
	values_round();
	values_wrong();
	values_any();
	rules_compile();
	rules_refused();
	rules_damaged();
	sets_read();
	heads_round();
	return test_end();
}

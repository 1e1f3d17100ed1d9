// schema_types.c - the types of YAML values that objects don't have
// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <string.h>

#include "topo/schema.h"

#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS "0123456789"

static int keep(const char *text, void *v, struct arena *a)
{
	*(const char **)v = arena_strdup(a, text);
	return 0;
}

static bool among(const char *text, const char *const *names)
{
	for (; *names; names++)
		if (!strcmp(*names, text))
			return true;
	return false;
}

static int one_of(const struct field *f, const char *text, struct buf *why)
{
	unsigned int i;

	if (among(text, f->names))
		return 0;
	buf_str(why, "expected one of:");
	for (i = 0; f->names[i]; i++)
		buf_printf(why, "%s %s", i ? "," : "", f->names[i]);
	return -EINVAL;
}

static int read_text(const struct field *f, const char *text, void *v,
		     struct arena *a, struct buf *why)
{
	return 0;
}

static int read_ignored(const struct field *f, const char *text, void *v,
			struct arena *a, struct buf *why)
{
	return one_of(f, text, why);
}

static void print_nothing(const struct field *f, const void *v,
			  struct buf *out)
{
}

static int read_choice(const struct field *f, const char *text, void *v,
		       struct arena *a, struct buf *why)
{
	return one_of(f, text, why) ? -EINVAL : keep(text, v, a);
}

static void print_str(const struct field *f, const void *v, struct buf *out)
{
	const char *s = *(const char *const *)v;

	buf_str(out, s ? s : "");
}

static void print_word(const struct field *f, const void *v, struct buf *out)
{
	print_str(f, &((const struct word *)v)->s, out);
}

static int read_allow(const struct field *f, const char *text, void *v,
		      struct arena *a, struct buf *why)
{
	return read_choice(f, text, &((struct word *)v)->s, a, why);
}

static int read_named(const struct field *f, const char *text, void *v,
		      struct arena *a, struct buf *why)
{
	return field_name.read(f, text, &((struct word *)v)->s, a, why);
}

/* A name, or an address, or a subnet: what a policy may be about. */
static int read_ref(const struct field *f, const char *text, void *v,
		    struct arena *a, struct buf *why)
{
	struct word *w = v;
	struct prefix p;

	if (!prefix_read(text, &p))
		return field_net.read(f, text, &p, a, why) ? -EINVAL :
		       keep(text, &w->s, a);
	return field_name.read(f, text, &w->s, a, why);
}

static int read_dev(const struct field *f, const char *text, void *v,
		    struct arena *a, struct buf *why)
{
	return field_ifname.read(f, text, &((struct word *)v)->s, a, why);
}

static int of_family(const struct ip *ip, uint8_t family, struct buf *why)
{
	if (ip->family == family)
		return 0;
	buf_printf(why, "is IPv%u, and this key is for IPv%u", ip->family,
		   family);
	return -EINVAL;
}

static int read_net(const struct field *f, const char *text, void *v,
		    uint8_t family, struct arena *a, struct buf *why)
{
	struct prefix q = { .len = 0 };

	if (field_net.read(f, text, &q, a, why) ||
	    of_family(&q.ip, family, why))
		return -EINVAL;
	if (!strchr(text, '/')) {
		buf_printf(why, "has no length: write %s/%s", text,
			   family == 4 ? "24" : "64");
		return -EINVAL;
	}
	memcpy(v, &q, sizeof(q));
	return 0;
}

static int read_subnet(const struct field *f, const char *text, void *v,
		       uint8_t family, struct arena *a, struct buf *why)
{
	struct netspec *n = v;

	n->automatic = !strcmp(text, "auto");
	if (n->automatic)
		return 0;
	return read_net(f, text, &n->p, family, a, why);
}

static void print_subnet(const struct field *f, const void *v,
			 struct buf *out)
{
	const struct netspec *n = v;

	if (n->automatic)
		buf_str(out, "auto");
	else
		field_net.print(f, &n->p, out);
}

static void print_net(const struct field *f, const void *v, struct buf *out)
{
	field_net.print(f, v, out);
}

static const char *const addr_words[] = {
	[ADDR_AUTO] = "auto", [ADDR_DHCP] = "dhcp", [ADDR_SLAAC] = "slaac",
	[ADDR_NONE] = "none",
};

static int addr_word(const char *text, uint8_t family, struct addrspec *s,
		     struct buf *why)
{
	uint8_t i;

	for (i = ADDR_AUTO; i <= ADDR_NONE; i++)
		if (!strcmp(addr_words[i], text))
			break;
	if (i == ADDR_SLAAC && family == 4) {
		buf_str(why, "is for address6 only");
		return -EINVAL;
	}
	s->how = i;
	return i > ADDR_NONE ? -ENOENT : 0;
}

static int read_addr(const struct field *f, const char *text, void *v,
		     uint8_t family, struct arena *a, struct buf *why)
{
	struct addrspec *s = v;
	int err = addr_word(text, family, s, why);

	if (err != -ENOENT)
		return err;
	s->how = ADDR_FIXED;
	if (prefix_read(text, &s->p) || of_family(&s->p.ip, family, why))
		return -EINVAL;
	if (!strchr(text, '/'))
		s->p.len = 255;
	return 0;
}

static void print_addr(const struct field *f, const void *v, struct buf *out)
{
	const struct addrspec *s = v;

	if (s->how != ADDR_FIXED)
		buf_str(out, addr_words[s->how]);
	else if (s->p.len == 255)
		field_ip.print(f, &s->p.ip, out);
	else
		field_prefix.print(f, &s->p, out);
}

static int read_gateway(const struct field *f, const char *text, void *v,
			uint8_t family, struct arena *a, struct buf *why)
{
	struct ip ip;

	if (!ip_read(text, &ip))
		return of_family(&ip, family, why) ? -EINVAL :
		       keep(text, v, a);
	return field_name.read(f, text, v, a, why);
}

#define FAMILY(name, family)						\
	static int read_##name##family(const struct field *f,		\
				       const char *text, void *v,	\
				       struct arena *a, struct buf *why)	\
	{								\
		return read_##name(f, text, v, family, a, why);		\
	}

FAMILY(subnet, 4)
FAMILY(subnet, 6)
FAMILY(net, 4)
FAMILY(net, 6)
FAMILY(addr, 4)
FAMILY(addr, 6)
FAMILY(gateway, 4)
FAMILY(gateway, 6)

static int read_mac(const struct field *f, const char *text, void *v,
		    struct arena *a, struct buf *why)
{
	struct mac none = { { 0 } };

	if (!strcmp(text, "auto")) {
		memcpy(v, &none, sizeof(none));
		return 0;
	}
	if (field_mac.read(f, text, v, a, why))
		return -EINVAL;
	if (memcmp(v, &none, sizeof(none)))
		return 0;
	buf_str(why, "is no address");
	return -EINVAL;
}

static void print_mac(const struct field *f, const void *v, struct buf *out)
{
	static const struct mac none;

	if (memcmp(v, &none, sizeof(none)))
		field_mac.print(f, v, out);
	else
		buf_str(out, "auto");
}

static int read_attachment(const struct field *f, const char *text, void *v,
			   struct arena *a, struct buf *why)
{
	if (!strcmp(text, "macvlan")) {
		buf_str(why, "not yet: macvlan comes with the container "
			"integrations");
		return -EOPNOTSUPP;
	}
	return field_enum.read(f, text, v, a, why);
}

static void print_attachment(const struct field *f, const void *v,
			     struct buf *out)
{
	field_enum.print(f, v, out);
}

/* No path that climbs, and nothing a log or a shell would trip over. */
static bool safe_path(const char *text)
{
	static const char chars[] = LETTERS DIGITS "/._-+@:";

	return *text == '/' && strlen(text) < 256 &&
	       strspn(text, chars) == strlen(text) && !strstr(text, "/../") &&
	       !strstr(text, "//") && text[strlen(text) - 1] != '/' &&
	       strcmp(strrchr(text, '/'), "/..");
}

static int read_netns(const struct field *f, const char *text, void *v,
		      struct arena *a, struct buf *why)
{
	static const char chars[] = LETTERS DIGITS "._-+@";
	size_t len;

	if (!strncmp(text, "pid:", 4) && text[4] &&
	    strspn(text + 4, DIGITS) == strlen(text + 4))
		text += 4;
	len = strlen(text);
	if (len && strspn(text, DIGITS) == len) {
		if (*text == '0' || len > 7)
			return -EINVAL;
		*(const char **)v = arena_printf(a, "pid:%s", text);
		return 0;
	}
	if (!safe_path(text) &&
	    (!len || len > 128 || strspn(text, chars) != len ||
	     *text == '.' || *text == '-'))
		return -EINVAL;
	return keep(text, v, a);
}

/* As useradd(8) allows it, or a number. */
static int read_user(const struct field *f, const char *text, void *v,
		     struct arena *a, struct buf *why)
{
	static const char chars[] = LETTERS DIGITS "._-";
	size_t len = strlen(text);

	if (!len || len > 32 || strspn(text, chars) != len || *text == '-' ||
	    *text == '.')
		return -EINVAL;
	if (strspn(text, DIGITS) == len && len > 1 && *text == '0') {
		buf_str(why, "has leading zeros: write it without");
		return -EINVAL;
	}
	/* 4294967295 would mean "nobody": tun_set_iff() takes it so */
	if (strspn(text, DIGITS) == len &&
	    (len > 10 || (len == 10 && strcmp(text, "4294967294") > 0)))
		return -EINVAL;
	return keep(text, v, a);
}

static int read_who(const struct field *f, const char *text, void *v,
		    struct arena *a, struct buf *why)
{
	const char *name;
	int err = read_user(f, text + (*text == '@'), &name, a, why);

	return err ? err : keep(text, v, a);
}

static const struct {
	const char *name;
	uint8_t number;
} protocols[] = {
	{ "tcp", 6 }, { "udp", 17 }, { "sctp", 132 }, { "icmp", 255 },
	{ "esp", 50 }, { "ah", 51 }, { "gre", 47 },
};

int protocol_number(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(protocols) / sizeof(*protocols); i++)
		if (!strcmp(protocols[i].name, name))
			return protocols[i].number;
	return -1;
}

const char *protocol_name(uint8_t number)
{
	size_t i;

	for (i = 0; i < sizeof(protocols) / sizeof(*protocols); i++)
		if (protocols[i].number == number)
			return protocols[i].name;
	return "?";
}

static int read_protocol(const struct field *f, const char *text, void *v,
			 struct arena *a, struct buf *why)
{
	int n = protocol_number(text);

	if (n < 0)
		return -EINVAL;
	*(uint8_t *)v = n;
	return 0;
}

static void print_protocol(const struct field *f, const void *v,
			   struct buf *out)
{
	buf_str(out, protocol_name(*(const uint8_t *)v));
}

static int read_service(const struct field *f, const char *text, void *v,
			struct arena *a, struct buf *why)
{
	const char *slash = strchr(text, '/');
	struct service *s = v;
	char ports[16];
	int n = protocol_number(slash ? slash + 1 : text);

	if (n < 0 || (slash && (size_t)(slash - text) >= sizeof(ports)))
		return -EINVAL;
	s->proto = n;
	s->ports = (struct ports){ 0, 0 };
	if (!slash && n != 6 && n != 17 && n != 132)
		return 0;
	if (!slash || (n != 6 && n != 17 && n != 132)) {
		buf_printf(why, slash ? "%s has no ports" :
			   "which port? 22/%s, for one",
			   slash ? slash + 1 : text);
		return -EINVAL;
	}
	memcpy(ports, text, slash - text);
	ports[slash - text] = '\0';
	return field_ports.read(f, ports, &s->ports, a, why);
}

static void print_service(const struct field *f, const void *v,
			  struct buf *out)
{
	const struct service *s = v;

	if (s->ports.hi) {
		field_ports.print(f, &s->ports, out);
		buf_str(out, "/");
	}
	buf_str(out, protocol_name(s->proto));
}

/* RFC 1123, section 2.1, and the underscore that our own names may have */
static bool is_label(const char *s, size_t len)
{
	static const char chars[] = LETTERS DIGITS "-_";

	return len && len < 64 && strspn(s, chars) >= len && *s != '-' &&
	       *s != '_' && s[len - 1] != '-';
}

static bool is_domain(const char *s)
{
	size_t len;

	if (strlen(s) > 253)
		return false;
	for (; is_label(s, len = strcspn(s, ".")); s += len + 1)
		if (!s[len])
			return true;
	return false;
}

static int read_hostname(const struct field *f, const char *text, void *v,
			 struct arena *a, struct buf *why)
{
	return is_label(text, strlen(text)) ? keep(text, v, a) : -EINVAL;
}

static int read_domain(const struct field *f, const char *text, void *v,
		       struct arena *a, struct buf *why)
{
	return is_domain(text) ? keep(text, v, a) : -EINVAL;
}

/* What a check is called, or a name or an address that DNS tells. */
static int read_label(const struct field *f, const char *text, void *v,
		      struct arena *a, struct buf *why)
{
	static const char chars[] = LETTERS DIGITS "._:-";
	size_t len = strlen(text);

	return len && len < 254 && strspn(text, chars) == len &&
	       *text != '-' && *text != '.' ? keep(text, v, a) : -EINVAL;
}

/* RFC 8415, section 11.1: at most 130 bytes */
static int read_duid(const struct field *f, const char *text, void *v,
		     struct arena *a, struct buf *why)
{
	size_t i, len = strlen(text);

	if (len < 5 || len > 389 || len % 3 != 2)
		return -EINVAL;
	for (i = 0; i < len; i++)
		if (i % 3 == 2 ? text[i] != ':' :
		    !strchr(DIGITS "abcdefABCDEF", text[i]))
			return -EINVAL;
	return keep(text, v, a);
}

static int read_bootfile(const struct field *f, const char *text, void *v,
			 struct arena *a, struct buf *why)
{
	static const char chars[] = LETTERS DIGITS "._-/:+=@%?&~";
	size_t len = strlen(text);

	return len && len < 128 && strspn(text, chars) == len ?
	       keep(text, v, a) : -EINVAL;
}

bool type_is_word(const struct field_type *type)
{
	return type->size == sizeof(struct word) &&
	       type->print == print_word;
}

#define RECORD(what, shape, c) { what, shape, sizeof(c), NULL, NULL }
#define WORD(what, r) { what, SHAPE_FIXED, sizeof(struct word), r, print_word }
#define STR(what, r) { what, SHAPE_STR, sizeof(char *), r, print_str }
#define FIXED(what, c, r, p) { what, SHAPE_FIXED, sizeof(c), r, p }

const struct field_type type_record = RECORD("a map", SHAPE_RECORD, void *);
const struct field_type type_records =
	RECORD("a map of names", SHAPE_RECORDS, struct list);
const struct field_type type_items =
	RECORD("a list", SHAPE_ITEMS, struct list);
const struct field_type type_labels =
	RECORD("a map of keys to texts", SHAPE_PAIRS, struct list);
const struct field_type type_text = {
	"a text", SHAPE_FIXED, 0, read_text, print_nothing
};
const struct field_type type_ignored = {
	"a word", SHAPE_FIXED, 0, read_ignored, print_nothing
};
const struct field_type type_choice = STR("a word", read_choice);
const struct field_type type_ref =
	WORD("a name, an address or a subnet", read_ref);
const struct field_type type_named = WORD("a name", read_named);
const struct field_type type_dev =
	WORD("an interface name (at most 15 of letters, digits, - _ . @)",
	     read_dev);
const struct field_type type_allow = WORD("a word", read_allow);
const struct field_type type_subnet4 =
	FIXED("a subnet like 10.1.0.0/24, or auto", struct netspec,
	      read_subnet4, print_subnet);
const struct field_type type_subnet6 =
	FIXED("a subnet like fd00:1::/64, or auto", struct netspec,
	      read_subnet6, print_subnet);
const struct field_type type_pool4 =
	FIXED("a subnet like 10.64.0.0/10", struct prefix, read_net4,
	      print_net);
const struct field_type type_pool6 =
	FIXED("a subnet like fd00:64::/48", struct prefix, read_net6,
	      print_net);
const struct field_type type_addr4 =
	FIXED("an address like 10.1.0.20 or 10.1.0.20/24, auto, dhcp or "
	      "none",
	      struct addrspec, read_addr4, print_addr);
const struct field_type type_addr6 =
	FIXED("an address like fd00:1::20 or fd00:1::20/64, auto, dhcp, "
	      "slaac or none", struct addrspec, read_addr6, print_addr);
const struct field_type type_gateway4 =
	STR("an IPv4 address, a name, or none", read_gateway4);
const struct field_type type_gateway6 =
	STR("an IPv6 address, a name, or none", read_gateway6);
const struct field_type type_mac =
	FIXED("a MAC address like 52:54:00:12:34:56, or auto", struct mac,
	      read_mac, print_mac);
const struct field_type type_attachment =
	FIXED("tap, veth, nic or reserved", uint8_t, read_attachment,
	      print_attachment);
const struct field_type type_label =
	STR("a name: at most 253 of letters, digits and ._:-", read_label);
const struct field_type type_hostname =
	STR("a host name (at most 63 of letters, digits, - and _)",
	    read_hostname);
const struct field_type type_domain =
	STR("a domain name like web.campus", read_domain);
const struct field_type type_duid =
	STR("a DUID like 00:03:00:01:52:54:00:12:34:56", read_duid);
const struct field_type type_bootfile =
	STR("a file or URL (at most 127 of letters, digits and ._-/:+=@%?&~)",
	    read_bootfile);
const struct field_type type_netns =
	STR("a network namespace: its name, path, a process id, or none",
	    read_netns);
const struct field_type type_user =
	STR("a user or group: its name or number", read_user);
const struct field_type type_who =
	STR("a user, or @ and a group: its name or number", read_who);
const struct field_type type_service =
	FIXED("a service like 22/tcp, 8000-8010/udp or icmp", struct service,
	      read_service, print_service);
const struct field_type type_protocol =
	FIXED("a protocol: tcp, udp, sctp, icmp, esp, ah or gre", uint8_t,
	      read_protocol, print_protocol);

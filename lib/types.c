// types.c - the types of fields: how a scalar is read and printed
// SPDX-License-Identifier: GPL-2.0-or-later
#include "netd/field.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Decimal digits only; *REST is what follows them.  -ERANGE on overflow. */
static int digits(const char *text, uint64_t *v, const char **rest)
{
	const char *p = text;

	*v = 0;
	if (*p < '0' || *p > '9')
		return -EINVAL;
	if (*p == '0' && p[1] >= '0' && p[1] <= '9')
		return -EDOM;
	for (; *p >= '0' && *p <= '9'; p++)
		if (__builtin_mul_overflow(*v, 10, v) ||
		    __builtin_add_overflow(*v, (uint64_t)(*p - '0'), v))
			return -ERANGE;
	*rest = p;
	return 0;
}

static int bounded(const struct field *f, uint64_t v, uint64_t type_max,
		   struct buf *why)
{
	uint64_t max = f->max ? f->max : type_max;

	if (v >= f->min && v <= max)
		return 0;
	buf_printf(why, "must be %" PRIu64 " to %" PRIu64, f->min, max);
	return -EINVAL;
}

static int read_number(const struct field *f, const char *text,
		       uint64_t type_max, uint64_t *v, struct buf *why)
{
	const char *rest;
	int err = digits(text, v, &rest);

	if (err == -EDOM) {
		buf_str(why, "has leading zeros: write it without");
		return -EINVAL;
	}
	if (err == -ERANGE)
		return bounded(f, UINT64_MAX, type_max, why) ? -EINVAL : 0;
	if (err || *rest)
		return -EINVAL;
	return bounded(f, *v, type_max, why);
}

#define NUMBER(bits, fmt)						\
	static int read_u##bits(const struct field *f, const char *text, \
				void *v, struct arena *a, struct buf *why) \
	{								\
		uint64_t n;						\
		int err = read_number(f, text, UINT##bits##_MAX, &n,	\
				      why); \
									\
		if (!err)						\
			*(uint##bits##_t *)v = n;			\
		return err;						\
	}								\
	static void print_u##bits(const struct field *f, const void *v,	\
				  struct buf *out)			\
	{								\
		buf_printf(out, "%" fmt, *(const uint##bits##_t *)v);	\
	}								\
	const struct field_type field_u##bits = {			\
		"a whole number", SHAPE_FIXED, sizeof(uint##bits##_t),	\
		read_u##bits, print_u##bits				\
	}

NUMBER(8, PRIu8);
NUMBER(16, PRIu16);
NUMBER(32, PRIu32);
NUMBER(64, PRIu64);

static int read_hex64(const struct field *f, const char *text, void *v,
		      struct arena *a, struct buf *why)
{
	char extra;

	return sscanf(text, "%" SCNx64 "%c", (uint64_t *)v, &extra) == 1 ?
	       0 : -EINVAL;
}

static void print_hex64(const struct field *f, const void *v, struct buf *out)
{
	buf_printf(out, "%016" PRIx64, *(const uint64_t *)v);
}

static int read_bool(const struct field *f, const char *text, void *v,
		     struct arena *a, struct buf *why)
{
	if (strcmp(text, "true") && strcmp(text, "false"))
		return -EINVAL;
	*(bool *)v = *text == 't';
	return 0;
}

static void print_bool(const struct field *f, const void *v, struct buf *out)
{
	buf_str(out, *(const bool *)v ? "true" : "false");
}

static int read_enum(const struct field *f, const char *text, void *v,
		     struct arena *a, struct buf *why)
{
	uint8_t i;

	for (i = 0; f->names[i]; i++) {
		if (!strcmp(f->names[i], text)) {
			*(uint8_t *)v = i;
			return 0;
		}
	}
	buf_str(why, "expected one of:");
	for (i = 0; f->names[i]; i++)
		buf_printf(why, "%s %s", i ? "," : "", f->names[i]);
	return -EINVAL;
}

static void print_enum(const struct field *f, const void *v, struct buf *out)
{
	uint8_t i, n = *(const uint8_t *)v;

	for (i = 0; f->names[i] && i < n; i++)
		;
	if (f->names[i])
		buf_str(out, f->names[i]);
	else
		buf_printf(out, "%u", n);
}

static int read_str(const struct field *f, const char *text, void *v,
		    struct arena *a, struct buf *why)
{
	*(const char **)v = arena_strdup(a, text);
	return 0;
}

static void print_str(const struct field *f, const void *v, struct buf *out)
{
	const char *s = *(const char *const *)v;

	buf_str(out, s ? s : "");
}

/* All of it on one line: "first | second". */
static void print_text(const struct field *f, const void *v, struct buf *out)
{
	const char *s = *(const char *const *)v;
	size_t len;

	for (; s && *s; s += len) {
		len = strcspn(s, "\n");
		buf_add(out, s, len);
		len += s[len] == '\n';
		if (s[len])
			buf_str(out, " | ");
	}
}

/* [A-Za-z0-9][A-Za-z0-9_-]*, 1 to 63, with a letter */
static int read_name(const struct field *f, const char *text, void *v,
		     struct arena *a, struct buf *why)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz"
				      "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
	static const char more[] = "0123456789-_"
				   "abcdefghijklmnopqrstuvwxyz"
				   "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
	size_t len = strlen(text);

	if (!len || len > 63 || strspn(text, more) != len ||
	    *text == '-' || *text == '_' || !strpbrk(text, letters))
		return -EINVAL;
	return read_str(f, text, v, a, why);
}

/* what dev_valid_name() of the kernel takes, less what shells expand */
static int read_ifname(const struct field *f, const char *text, void *v,
		       struct arena *a, struct buf *why)
{
	static const char chars[] = "0123456789-_.@"
				    "abcdefghijklmnopqrstuvwxyz"
				    "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
	size_t len = strlen(text);

	if (!len || len > 15 || strspn(text, chars) != len ||
	    *text == '-' || *text == '.')
		return -EINVAL;
	return read_str(f, text, v, a, why);
}

static int read_mac(const struct field *f, const char *text, void *v,
		    struct arena *a, struct buf *why)
{
	struct mac m;

	if (mac_read(text, &m))
		return -EINVAL;
	if (m.b[0] & 1) {
		buf_str(why, "is a multicast address (its first byte is odd)");
		return -EINVAL;
	}
	memcpy(v, &m, sizeof(m));
	return 0;
}

static void print_mac(const struct field *f, const void *v, struct buf *out)
{
	char text[18];

	buf_str(out, mac_text(v, text));
}

static int read_ip(const struct field *f, const char *text, void *v,
		   struct arena *a, struct buf *why)
{
	return ip_read(text, v);
}

static int read_ip4(const struct field *f, const char *text, void *v,
		    struct arena *a, struct buf *why)
{
	return ip_read(text, v) || ((struct ip *)v)->family != 4 ? -EINVAL : 0;
}

static int read_ip6(const struct field *f, const char *text, void *v,
		    struct arena *a, struct buf *why)
{
	return ip_read(text, v) || ((struct ip *)v)->family != 6 ? -EINVAL : 0;
}

static void print_ip(const struct field *f, const void *v, struct buf *out)
{
	char text[46];

	buf_str(out, ip_text(v, text));
}

static int read_prefix(const struct field *f, const char *text, void *v,
		       struct arena *a, struct buf *why)
{
	struct prefix p = { .len = 0 };

	if (prefix_read(text, &p))
		return -EINVAL;
	memcpy(v, &p, sizeof(p));
	return 0;
}

static int read_net(const struct field *f, const char *text, void *v,
		    struct arena *a, struct buf *why)
{
	struct prefix p = { .len = 0 }, net;
	char t[50];

	if (prefix_read(text, &p))
		return -EINVAL;
	net = prefix_net(&p);
	if (ip_cmp(&net.ip, &p.ip)) {
		buf_printf(why, "has host bits set: the network is %s",
			   prefix_text(&net, t));
		return -EINVAL;
	}
	memcpy(v, &p, sizeof(p));
	return 0;
}

static void print_prefix(const struct field *f, const void *v, struct buf *out)
{
	char text[50];

	buf_str(out, prefix_text(v, text));
}

static int read_iprange(const struct field *f, const char *text, void *v,
			struct arena *a, struct buf *why)
{
	struct iprange *r = v;
	const char *dash = strchr(text, '-');
	struct prefix p;
	char lo[64];

	if (!dash) {
		if (prefix_read(text, &p))
			return -EINVAL;
		r->lo = prefix_first(&p);
		r->hi = prefix_last(&p);
		return 0;
	}
	if ((size_t)(dash - text) >= sizeof(lo))
		return -EINVAL;
	memcpy(lo, text, dash - text);
	lo[dash - text] = '\0';
	if (ip_read(lo, &r->lo) || ip_read(dash + 1, &r->hi) ||
	    r->lo.family != r->hi.family)
		return -EINVAL;
	if (ip_cmp(&r->lo, &r->hi) <= 0)
		return 0;
	buf_str(why, "ends before it begins");
	return -EINVAL;
}

static void print_iprange(const struct field *f, const void *v,
			  struct buf *out)
{
	const struct iprange *r = v;
	char text[46];

	buf_str(out, ip_text(&r->lo, text));
	if (ip_cmp(&r->lo, &r->hi))
		buf_printf(out, "-%s", ip_text(&r->hi, text));
}

static int read_ports(const struct field *f, const char *text, void *v,
		      struct arena *a, struct buf *why)
{
	struct ports *p = v;
	const char *rest;
	uint64_t lo, hi;

	if (digits(text, &lo, &rest))
		return -EINVAL;
	hi = lo;
	if (*rest == '-' && digits(rest + 1, &hi, &rest))
		return -EINVAL;
	if (*rest)
		return -EINVAL;
	if (!lo || hi > 65535) {
		buf_str(why, "ports are 1 to 65535");
		return -EINVAL;
	}
	if (hi < lo) {
		buf_str(why, "ends before it begins");
		return -EINVAL;
	}
	p->lo = lo;
	p->hi = hi;
	return 0;
}

static void print_ports(const struct field *f, const void *v, struct buf *out)
{
	const struct ports *p = v;

	buf_printf(out, "%u", p->lo);
	if (p->hi != p->lo)
		buf_printf(out, "-%u", p->hi);
}

/* One row a unit; the first is taken when there is none, if it may be. */
struct unit {
	const char *name;
	uint64_t factor;
};

static int read_unit(const struct field *f, const char *text,
		     const struct unit *units, uint64_t max, uint64_t *v,
		     struct buf *why)
{
	const struct unit *u;
	const char *rest;

	if (digits(text, v, &rest))
		return -EINVAL;
	for (u = units; u->name; u++) {
		if (strcmp(u->name, rest))
			continue;
		if (__builtin_mul_overflow(*v, u->factor, v))
			*v = UINT64_MAX;
		return bounded(f, *v, max, why);
	}
	return -EINVAL;
}

/* The largest unit that divides it. */
static void print_unit(uint64_t v, const struct unit *units, struct buf *out)
{
	const struct unit *u, *best = units;

	for (u = units; u->name; u++)
		if (v && v % u->factor == 0 && u->factor >= best->factor)
			best = u;
	buf_printf(out, "%" PRIu64 "%s", v / best->factor, best->name);
}

static const struct unit times[] = {
	{ "ms", 1 }, { "s", 1000 }, { "m", 60000 }, { "h", 3600000 },
	{ "d", 86400000 }, { NULL, 0 }
};
static const struct unit sizes[] = {
	{ "", 1 }, { "k", 1024 }, { "M", 1048576 }, { "G", 1073741824 },
	{ NULL, 0 }
};
static const struct unit rates[] = {
	{ "", 1 }, { "k", 1000 }, { "M", 1000000 }, { "G", 1000000000 },
	{ NULL, 0 }
};

static int read_time(const struct field *f, const char *text, void *v,
		     struct arena *a, struct buf *why)
{
	uint64_t n;
	int err;

	if (!strcmp(text, "0") && !f->min) {
		*(uint32_t *)v = 0;
		return 0;
	}
	if (!strcmp(text, "infinite") && !f->max) {
		*(uint32_t *)v = UINT32_MAX;
		return 0;
	}
	err = read_unit(f, text, times, UINT32_MAX - 1, &n, why);
	if (!err)
		*(uint32_t *)v = n;
	return err;
}

static void print_time(const struct field *f, const void *v, struct buf *out)
{
	uint32_t n = *(const uint32_t *)v;

	if (n == UINT32_MAX)
		buf_str(out, "infinite");
	else
		print_unit(n, times, out);
}

static int read_size(const struct field *f, const char *text, void *v,
		     struct arena *a, struct buf *why)
{
	uint64_t n;
	int err = read_unit(f, text, sizes, UINT32_MAX, &n, why);

	if (!err)
		*(uint32_t *)v = n;
	return err;
}

static void print_size(const struct field *f, const void *v, struct buf *out)
{
	print_unit(*(const uint32_t *)v, sizes, out);
}

static int read_rate(const struct field *f, const char *text, void *v,
		     struct arena *a, struct buf *why)
{
	return read_unit(f, text, rates, UINT64_MAX, v, why);
}

static void print_rate(const struct field *f, const void *v, struct buf *out)
{
	print_unit(*(const uint64_t *)v, rates, out);
}

#define PERCENT 10000		/* of a million */

/* "1%", "0.1%": up to four places behind the point */
static int read_percent(const struct field *f, const char *text, void *v,
			struct arena *a, struct buf *why)
{
	uint64_t whole, part = 0;
	const char *rest;
	uint32_t unit = PERCENT;

	if (digits(text, &whole, &rest))
		return -EINVAL;
	if (*rest == '.' && !(rest[1] >= '0' && rest[1] <= '9'))
		return -EINVAL;
	if (*rest == '.')
		for (rest++; *rest >= '0' && *rest <= '9' && unit > 1; rest++)
			part += (*rest - '0') * (unit /= 10);
	if (strcmp(rest, "%") || whole > 100 || (whole == 100 && part))
		return -EINVAL;
	*(uint32_t *)v = whole * PERCENT + part;
	return 0;
}

static void print_percent(const struct field *f, const void *v,
			  struct buf *out)
{
	uint32_t n = *(const uint32_t *)v, part = n % PERCENT, unit;

	buf_printf(out, "%u%s", n / PERCENT, part ? "." : "");
	for (unit = PERCENT / 10; part; part %= unit, unit /= 10)
		buf_printf(out, "%u", part / unit);
	buf_str(out, "%");
}

/* "via 10.1.0.9 dev nd-web weight 2", each part but the device optional */
static int read_nexthop(const struct field *f, const char *text, void *v,
			struct arena *a, struct buf *why)
{
	struct nexthop h = { .weight = 1 };
	char via[64] = "", dev[16] = "";
	int n;

	n = sscanf(text, "via %63s dev %15s weight %u", via, dev, &h.weight);
	if (n < 2)
		n = sscanf(text, "dev %15s weight %u", dev, &h.weight);
	if (n < 1 || (*via && ip_read(via, &h.via)) ||
	    !h.weight || h.weight > 256)
		return -EINVAL;
	strcpy(h.dev, dev);
	memcpy(v, &h, sizeof(h));
	return 0;
}

static void print_nexthop(const struct field *f, const void *v,
			  struct buf *out)
{
	const struct nexthop *h = v;
	char text[46];

	if (h->via.family)
		buf_printf(out, "via %s ", ip_text(&h->via, text));
	buf_printf(out, "dev %s", h->dev);
	if (h->weight > 1)
		buf_printf(out, " weight %u", h->weight);
}

#define FIXED(what, c, r) { what, SHAPE_FIXED, sizeof(c), read_##r, print_##r }

const struct field_type field_bool = FIXED("true or false", bool, bool);
const struct field_type field_hex64 =
	FIXED("a hexadecimal number", uint64_t, hex64);
const struct field_type field_enum = FIXED("a word", uint8_t, enum);
const struct field_type field_str = {
	"a text", SHAPE_STR, sizeof(char *), read_str, print_str
};
const struct field_type field_text = {
	"a text", SHAPE_STR, sizeof(char *), read_str, print_text
};
const struct field_type field_name = {
	"a name (letters, digits, - and _; 1 to 63, with a letter)",
	SHAPE_STR, sizeof(char *), read_name, print_str
};
const struct field_type field_ifname = {
	"an interface name (at most 15 of letters, digits, - _ . @)",
	SHAPE_STR, sizeof(char *), read_ifname, print_str
};
const struct field_type field_mac =
	FIXED("a MAC address like 52:54:00:12:34:56", struct mac, mac);
const struct field_type field_ip =
	FIXED("an IPv4 or IPv6 address", struct ip, ip);
const struct field_type field_ip4 = {
	"an IPv4 address", SHAPE_FIXED, sizeof(struct ip), read_ip4, print_ip
};
const struct field_type field_ip6 = {
	"an IPv6 address", SHAPE_FIXED, sizeof(struct ip), read_ip6, print_ip
};
const struct field_type field_prefix =
	FIXED("an address like 10.1.0.1/24", struct prefix, prefix);
const struct field_type field_net = {
	"a subnet like 10.1.0.0/24", SHAPE_FIXED, sizeof(struct prefix),
	read_net, print_prefix
};
const struct field_type field_iprange =
	FIXED("an address, a range A-B or a subnet", struct iprange, iprange);
const struct field_type field_ports =
	FIXED("a port or a range like 8000-8010", struct ports, ports);
const struct field_type field_time =
	FIXED("a time like 20ms, 4s, 12h", uint32_t, time);
const struct field_type field_size =
	FIXED("a size in bytes like 1500 or 64k", uint32_t, size);
const struct field_type field_rate =
	FIXED("a rate in bit/s like 10M", uint64_t, rate);
const struct field_type field_percent =
	FIXED("a share like 1% or 0.1%", uint32_t, percent);
const struct field_type field_nexthop =
	FIXED("a next hop like via 10.1.0.9 dev eth0", struct nexthop,
	      nexthop);
const struct field_type field_list = {
	"a list", SHAPE_LIST, sizeof(struct list), NULL, NULL
};

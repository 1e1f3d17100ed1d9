// ip.c - addresses, prefixes and MACs: text and arithmetic
// SPDX-License-Identifier: GPL-2.0-or-later
#include "netd/field.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

/* inet_pton(3) takes leading zeros in no octet, which is what we want. */
int ip_read(const char *text, struct ip *ip)
{
	memset(ip, 0, sizeof(*ip));
	if (inet_pton(AF_INET, text, ip->b) == 1)
		ip->family = 4;
	else if (inet_pton(AF_INET6, text, ip->b) == 1)
		ip->family = 6;
	else
		return -EINVAL;
	return 0;
}

/* A decimal number without sign and leading zeros, at most MAX. */
static int number(const char *text, unsigned long max, unsigned long *v)
{
	const char *p;

	*v = 0;
	if (!*text || (text[0] == '0' && text[1]))
		return -EINVAL;
	for (p = text; *p; p++) {
		if (*p < '0' || *p > '9')
			return -EINVAL;
		*v = *v * 10 + (*p - '0');
		if (*v > max)
			return -EINVAL;
	}
	return 0;
}

int prefix_read(const char *text, struct prefix *p)
{
	const char *slash = strchr(text, '/');
	unsigned long len;
	char addr[64];

	if (!slash) {
		if (ip_read(text, &p->ip))
			return -EINVAL;
		p->len = ip_bytes(&p->ip) * 8;
		return 0;
	}
	if ((size_t)(slash - text) >= sizeof(addr))
		return -EINVAL;
	memcpy(addr, text, slash - text);
	addr[slash - text] = '\0';
	if (ip_read(addr, &p->ip) ||
	    number(slash + 1, ip_bytes(&p->ip) * 8, &len))
		return -EINVAL;
	p->len = len;
	return 0;
}

/*
 * inet_ntop(3) goes by printf(3), which is a third of the time it takes to
 * print the tens of thousands of addresses of a large topology.
 */
static char *put_byte(char *p, unsigned int v)
{
	if (v >= 100)
		*p++ = '0' + v / 100;
	if (v >= 10)
		*p++ = '0' + v / 10 % 10;
	*p++ = '0' + v % 10;
	return p;
}

static char *put_ip4(char *p, const uint8_t *b)
{
	unsigned int i;

	for (i = 0; i < 4; i++) {
		if (i)
			*p++ = '.';
		p = put_byte(p, b[i]);
	}
	return p;
}

static const char digits16[] = "0123456789abcdef";

static char *put_group(char *p, unsigned int v)
{
	int shift = v > 0xfff ? 12 : v > 0xff ? 8 : v > 0xf ? 4 : 0;

	for (; shift >= 0; shift -= 4)
		*p++ = digits16[v >> shift & 15];
	return p;
}

static unsigned int group(const uint8_t *b, unsigned int i)
{
	return b[i * 2] << 8 | b[i * 2 + 1];
}

/* The longest run of zero groups, the first of several; at least two. */
static unsigned int zero_run(const uint8_t *b, unsigned int *at)
{
	unsigned int i, n = 0, best = 1;

	for (i = 0; i < 8; i++) {
		n = group(b, i) ? 0 : n + 1;
		if (n > best) {
			best = n;
			*at = i + 1 - n;
		}
	}
	return best > 1 ? best : 0;
}

/* RFC 5952, section 4 */
static char *put_ip6(char *p, const uint8_t *b)
{
	unsigned int i, at = 8, n = zero_run(b, &at);

	for (i = 0; i < 8; i++) {
		if (i == at) {
			*p++ = ':';
			i += n - 1;
			if (i == 7)
				*p++ = ':';
			continue;
		}
		if (i)
			*p++ = ':';
		p = put_group(p, group(b, i));
	}
	return p;
}

static char *put_ip(char *p, const struct ip *ip)
{
	static const uint8_t zero[10];

	if (ip->family == 4)
		return put_ip4(p, ip->b);
	/* an IPv4 address may be in it, and be written so */
	if (!memcmp(ip->b, zero, sizeof(zero)))
		return p + strlen(inet_ntop(AF_INET6, ip->b, p, 46));
	return put_ip6(p, ip->b);
}

const char *ip_text(const struct ip *ip, char out[46])
{
	if (!ip->family)
		strcpy(out, "none");
	else
		*put_ip(out, ip) = '\0';
	return out;
}

const char *prefix_text(const struct prefix *p, char out[50])
{
	char *end;

	if (!p->ip.family)
		return strcpy(out, "none");
	end = put_ip(out, &p->ip);
	*end++ = '/';
	*put_byte(end, p->len) = '\0';
	return out;
}

const char *mac_text(const struct mac *m, char out[18])
{
	unsigned int i;

	for (i = 0; i < 6; i++) {
		out[i * 3] = digits16[m->b[i] >> 4];
		out[i * 3 + 1] = digits16[m->b[i] & 15];
		out[i * 3 + 2] = i < 5 ? ':' : '\0';
	}
	return out;
}

static int hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

int mac_read(const char *text, struct mac *m)
{
	unsigned int i;

	for (i = 0; i < 6; i++, text += 3) {
		if (hex(text[0]) < 0 || hex(text[1]) < 0)
			return -EINVAL;
		m->b[i] = hex(text[0]) << 4 | hex(text[1]);
		if (text[2] != (i < 5 ? ':' : '\0'))
			return -EINVAL;
	}
	return 0;
}

int ip_cmp(const struct ip *a, const struct ip *b)
{
	if (a->family != b->family)
		return a->family < b->family ? -1 : 1;
	return memcmp(a->b, b->b, ip_bytes(a));
}

/* Sets the bits behind the first LEN to ones or zeros. */
static struct ip host_bits(const struct prefix *p, bool ones)
{
	struct ip ip = p->ip;
	unsigned int i, n = ip_bytes(&ip);

	for (i = 0; i < n; i++) {
		int keep = (int)p->len - (int)i * 8;
		uint8_t mask = keep >= 8 ? 0xff : keep <= 0 ? 0 :
			       (uint8_t)(0xff << (8 - keep));

		ip.b[i] = ones ? ip.b[i] | (uint8_t)~mask : ip.b[i] & mask;
	}
	return ip;
}

struct ip prefix_first(const struct prefix *p)
{
	return host_bits(p, false);
}

struct ip prefix_last(const struct prefix *p)
{
	return host_bits(p, true);
}

struct prefix prefix_net(const struct prefix *p)
{
	return (struct prefix){ .ip = prefix_first(p), .len = p->len };
}

bool prefix_has(const struct prefix *p, const struct ip *ip)
{
	struct prefix q = { .ip = *ip, .len = p->len };
	struct ip a, b;

	if (p->ip.family != ip->family)
		return false;
	a = prefix_first(p);
	b = prefix_first(&q);
	return !ip_cmp(&a, &b);
}

bool prefix_covers(const struct prefix *a, const struct prefix *b)
{
	return a->len <= b->len && prefix_has(a, &b->ip);
}

bool prefix_overlaps(const struct prefix *a, const struct prefix *b)
{
	return prefix_covers(a, b) || prefix_covers(b, a);
}

struct ip ip_add(const struct ip *ip, int64_t n)
{
	struct ip r = *ip;
	int i;

	/* the carry may be negative; shifting keeps its sign */
	for (i = ip_bytes(ip) - 1; i >= 0 && n; i--) {
		n += r.b[i];
		r.b[i] = n & 0xff;
		n >>= 8;
	}
	return r;
}

uint64_t hash64(const void *p, size_t len)
{
	const unsigned char *b = p;
	uint64_t h = 0xcbf29ce484222325u;

	while (len--)
		h = (h ^ *b++) * 0x100000001b3u;
	return h;
}

// rules_match.c - what a policy matches, as text of nft
// SPDX-License-Identifier: GPL-2.0-or-later
#include "topo/rules.h"

#include <stdlib.h>
#include <string.h>

/* An anonymous set is cut, since a rule has a bounded number of words. */
#define SET_MAX 96

/*
 * So many lines of a policy each say one thing only.  Then each has a mark of
 * its own, and a port that is added or taken away doesn't end the connections
 * to the others.
 */
#define LINES_MAX 32

static void add_line(struct rules *x, struct lines *l, const char *text)
{
	const char **v;

	if (l->n == l->cap) {
		l->cap = l->cap ? 2 * l->cap : 4;
		v = arena_alloc(x->out->arena, l->cap * sizeof(*v));
		if (l->n)
			memcpy(v, l->v, l->n * sizeof(*v));
		l->v = v;
	}
	l->v[l->n++] = arena_strdup(x->out->arena, text);
}

static const struct {
	uint8_t number;
	const char *name;
	bool ports;
} protocols[] = {
	/* nft's order in a set: by number */
	{ 1, "icmp", false }, { 2, "igmp", false }, { 4, "ipencap", false },
	{ 6, "tcp", true }, { 17, "udp", true }, { 33, "dccp", true },
	{ 41, "ipv6", false }, { 47, "gre", false }, { 50, "esp", false },
	{ 51, "ah", false }, { 58, "ipv6-icmp", false }, { 89, "ospf", false },
	{ 103, "pim", false }, { 112, "vrrp", false }, { 132, "sctp", true },
	{ 136, "udplite", true },
};
#define NPROTOCOLS (sizeof(protocols) / sizeof(protocols[0]))

/* As nft prints it; a number without a name is never asked for. */
const char *match_protocol(uint8_t number)
{
	size_t i;

	for (i = 0; i < NPROTOCOLS; i++)
		if (protocols[i].number == number)
			return protocols[i].name;
	return NULL;
}

static bool wants(const struct policy *p, uint8_t number)
{
	const uint8_t *v = p->protocol.items;
	uint32_t i;

	for (i = 0; i < p->protocol.n; i++)
		if (v[i] == number ||
		    (v[i] == 255 && (number == 1 || number == 58)))
			return true;
	return false;
}

static int by_port(const void *a, const void *b)
{
	const struct ports *p = a, *q = b;

	return p->lo != q->lo ? (p->lo < q->lo ? -1 : 1) :
		(p->hi > q->hi) - (p->hi < q->hi);
}

uint32_t match_join_ports(struct ports *v, uint32_t n)
{
	uint32_t i, m = 0;

	qsort(v, n, sizeof(*v), by_port);
	for (i = 0; i < n; i++) {
		if (m && v[i].lo <= (uint32_t)v[m - 1].hi + 1) {
			if (v[i].hi > v[m - 1].hi)
				v[m - 1].hi = v[i].hi;
			continue;
		}
		v[m++] = v[i];
	}
	return m;
}

static void print_ports(const struct ports *p, struct buf *b)
{
	buf_printf(b, p->lo == p->hi ? "%u" : "%u-%u", p->lo, p->hi);
}

static void ports_lines(struct rules *x, const struct policy *p,
			const char *key, struct lines *out)
{
	struct ports *v = arena_memdup(x->out->arena, p->ports.items,
				       p->ports.n * sizeof(*v));
	uint32_t n = match_join_ports(v, p->ports.n), i, j;
	struct buf b = { 0 };

	for (i = 0; i < n; i = j) {
		buf_reset(&b);
		buf_str(&b, key);
		if (n == 1 || out->single) {
			print_ports(&v[i], &b);
			j = i + 1;
		} else {
			for (j = i; j < n && j < i + SET_MAX; j++) {
				buf_str(&b, j > i ? ", " : "{ ");
				print_ports(&v[j], &b);
			}
			buf_str(&b, " }");
		}
		buf_str(&b, " ");
		add_line(x, out, buf_text(&b));
	}
	buf_free(&b);
}

/* "meta l4proto { tcp, udp } " of those that P wants, with ports or without */
static uint32_t protocol_set(const struct policy *p, bool ports, struct buf *b)
{
	const char *one = NULL;
	uint32_t n = 0;
	size_t i;

	for (i = 0; i < NPROTOCOLS; i++) {
		if (protocols[i].ports != ports ||
		    !wants(p, protocols[i].number))
			continue;
		buf_printf(b, "%s%s", n ? ", " : "meta l4proto { ",
			   protocols[i].name);
		one = protocols[i].name;
		n++;
	}
	if (n == 1) {
		buf_reset(b);
		buf_printf(b, "meta l4proto %s ", one);
	} else if (n) {
		buf_str(b, " } ");
	}
	return n;
}

static void protocol_lines(struct rules *x, const struct policy *p,
			   struct lines *out)
{
	struct buf b = { 0 };
	uint32_t n;

	if (!p->protocol.n) {
		add_line(x, out, "");
		return;
	}
	n = protocol_set(p, true, &b);
	if (n && !p->ports.n)
		add_line(x, out, buf_text(&b));
	if (n && p->ports.n) {
		if (n == 1) {
			/* "meta l4proto tcp " is implied by "tcp dport" */
			const char *name = arena_strndup(x->out->arena,
							 b.p + 13, b.len - 14);

			buf_reset(&b);
			buf_printf(&b, "%s dport ", name);
		} else {
			buf_str(&b, "th dport ");
		}
		ports_lines(x, p, buf_text(&b), out);
	}
	buf_reset(&b);
	if (protocol_set(p, false, &b))
		add_line(x, out, buf_text(&b));
	buf_free(&b);
}

static int by_address(const void *a, const void *b)
{
	const struct prefix *p = a, *q = b;
	int c = ip_cmp(&p->ip, &q->ip);

	return c ? c : (p->len > q->len) - (p->len < q->len);
}

/*
 * "ip saddr 10.1.0.5 ", "ip saddr { ... } " of the prefixes of a family; KEY
 * is saddr or daddr.  None when there is no such address.
 */
void match_addresses(struct rules *x, const struct prefix *from, uint32_t n,
		     uint8_t family, const char *key, struct lines *out)
{
	struct prefix *v = arena_alloc(x->out->arena, (n + 1) * sizeof(*v));
	struct buf b = { 0 };
	uint32_t i, j, m = 0, most;
	char text[50];

	for (i = 0; i < n; i++)
		if (from[i].ip.family == family)
			v[m++] = prefix_net(&from[i]);
	qsort(v, m, sizeof(*v), by_address);
	for (i = 0, n = 0; i < m; i++)
		if (!n || !prefix_covers(&v[n - 1], &v[i]))
			v[n++] = v[i];
	most = n == 1 || out->single ? 1 : SET_MAX;
	for (i = 0; i < n; i = j) {
		buf_reset(&b);
		buf_printf(&b, "%s %s ", family == 6 ? "ip6" : "ip", key);
		if (most > 1)
			buf_str(&b, "{ ");
		for (j = i; j < n && j < i + most; j++)
			buf_printf(&b, "%s%s", j > i ? ", " : "",
				   v[j].len == (family == 6 ? 128 : 32) ?
				   ip_text(&v[j].ip, text) :
				   prefix_text(&v[j], text));
		buf_str(&b, most > 1 ? " } " : " ");
		add_line(x, out, buf_text(&b));
	}
	buf_free(&b);
}

/* The lines of one family, or of both where the sides are whole. */
static void side_lines(struct rules *x, const struct side *s, uint8_t family,
		       const char *key, struct lines *out)
{
	if (s->whole)
		add_line(x, out, "");
	else
		match_addresses(x, s->v, s->n, family, key, out);
}

static void cross(struct rules *x, const struct lines *a,
		  const struct lines *b, const struct lines *c,
		  struct lines *out)
{
	struct buf t = { 0 };
	uint32_t i, j, k;

	for (i = 0; i < a->n; i++)
		for (j = 0; j < b->n; j++)
			for (k = 0; k < c->n; k++) {
				buf_reset(&t);
				buf_printf(&t, "%s%s%s", a->v[i], b->v[j],
					   c->v[k]);
				add_line(x, out, buf_text(&t));
			}
	buf_free(&t);
}

static void lines_of(struct rules *x, const struct policy *p,
		     const struct side *from, const struct side *to,
		     struct lines *out)
{
	static const uint8_t families[] = { 4, 6 };
	struct lines proto = { .single = out->single };
	size_t i;

	protocol_lines(x, p, &proto);
	for (i = 0; i < 2; i++) {
		struct lines s = { .single = out->single };
		struct lines d = { .single = out->single };

		side_lines(x, from, families[i], "saddr", &s);
		side_lines(x, to, families[i], "daddr", &d);
		cross(x, &s, &d, &proto, out);
		if (from->whole && to->whole)
			break;
	}
}

/* How many there would be, one for each thing that is let. */
static bool are_few(const struct policy *p, const struct side *from,
		    const struct side *to)
{
	uint64_t n = p->ports.n ? p->ports.n : 1;

	n *= from->whole ? 1 : from->n;
	n *= to->whole ? 1 : to->n;
	return n <= LINES_MAX;
}

void match_lines(struct rules *x, const struct policy *p,
		 const struct side *from, const struct side *to,
		 struct lines *out)
{
	out->single = p->action == ACT_ALLOW && are_few(p, from, to);
	lines_of(x, p, from, to, out);
}

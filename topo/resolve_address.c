// resolve_address.c - addresses of gateways, legs and attachments
// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdlib.h>
#include <string.h>

#include "topo/resolve.h"

/* how many addresses from the first one are looked at a second time */
#define LOOK_AGAIN 65536

/* Where addresses are unique: a segment or a link, in one family. */
struct scope {
	void *id;
	struct prefix net;	/* family 0: no subnet */
	uint64_t *next;		/* where a free one is looked for */
	const struct list *leased;	/* not by itself from these; or NULL */
};

static struct scope scope_of(struct leg_spec *l, bool six, uint64_t *zero)
{
	struct network *seg;

	*zero = 0;
	if (l->link)
		return (struct scope){ l->link, six ? l->link->net6 :
				       l->link->net4, zero, NULL };
	seg = l->net->segment;
	return (struct scope){ seg, six ? seg->net6 : seg->net4,
			       six ? &seg->next6 : &seg->next4,
			       &seg->leased };
}

static struct scope scope_of_network(struct network *w, bool six)
{
	return (struct scope){ w, six ? w->net6 : w->net4,
			       six ? &w->next6 : &w->next4, &w->leased };
}

/* --- who has which ----------------------------------------------------- */

static size_t key_of(char *key, const struct scope *s, const struct ip *ip)
{
	key[0] = 'a';
	memcpy(key + 1, &s->id, sizeof(s->id));
	memcpy(key + 1 + sizeof(s->id), ip, sizeof(*ip));
	return 1 + sizeof(s->id) + sizeof(*ip);
}

/* true when OWNER has it now. */
static bool claim(struct resolver *r, const struct scope *s,
		  const struct ip *ip, const char *owner)
{
	char key[64];
	size_t len = key_of(key, s, ip);
	const char *has = index_put(r->x, key, len, (void *)owner);

	return has == owner || !strcmp(has, owner);
}

/* How many addresses a subnet has for interfaces, and the first one. */
static uint64_t room(const struct prefix *net, uint64_t *first)
{
	unsigned int bits = ip_bytes(&net->ip) * 8 - net->len;

	/* RFC 3021 and RFC 6164: both of a /31 and of a /127 */
	if (bits < 2) {
		*first = 0;
		return 1u << bits;
	}
	*first = 1;
	if (bits > 32)
		bits = 32;
	return (1ull << bits) - (net->ip.family == 4 ? 2 : 1);
}

static bool unclaimed(struct resolver *r, const struct scope *s,
		      const struct ip *ip)
{
	char key[64];

	return !index_get(r->x, key, key_of(key, s, ip));
}

/* How far it is to the end of the range that DHCP hands out; 0: in none. */
static uint64_t to_skip(const struct scope *s, const struct ip *ip)
{
	const struct iprange *r = leased_range(s->leased, ip);
	unsigned int i, n = ip_bytes(ip);
	uint64_t a = 0, b = 0;

	if (!r)
		return 0;
	for (i = n > 8 ? n - 8 : 0; i < n; i++) {
		a = a << 8 | ip->b[i];
		b = b << 8 | r->hi.b[i];
	}
	return b - a + 1;
}

/* The home router's gateway may be one of its `addresses:`. */
static bool take_next(struct resolver *r, const struct scope *s, uint64_t n,
		      const char *owner, struct prefix *p)
{
	struct ip base = prefix_first(&s->net);
	uint64_t first, skip;

	room(&s->net, &first);
	for (; *s->next < n; (*s->next)++) {
		p->ip = ip_add(&base, first + *s->next);
		p->len = s->net.len;
		skip = to_skip(s, &p->ip);
		if (skip) {
			*s->next += skip - 1;
			continue;
		}
		if ((!owner[0] || unclaimed(r, s, &p->ip)) &&
		    claim(r, s, &p->ip, owner))
			return true;
	}
	return false;
}

/*
 * What was given back is taken when all others were: neighbours may still know
 * who had it.
 */
static bool next_free(struct resolver *r, const struct scope *s,
		      const char *owner, struct prefix *p)
{
	uint64_t first, n = room(&s->net, &first), to;

	if (take_next(r, s, n, owner, p))
		return true;
	to = n < LOOK_AGAIN ? n : LOOK_AGAIN;
	*s->next = 0;
	if (take_next(r, s, to, owner, p))
		return true;
	*s->next = n;
	return false;
}

/* --- of a leg or an attachment ----------------------------------------- */

static const char *owner_of(const struct leg_spec *l)
{
	return l->at ? l->at->n.name : l->n.name;
}

/* A node may have two legs in one network, which don't share an address. */
static const char *claimant(struct resolver *r, const struct leg_spec *l)
{
	if (!l->at)
		return l->n.name;
	return join_words(r->a, l->at->n.name, "/", l->label, NULL);
}

static void add_ip(struct resolver *r, struct leg_spec *l,
		   const struct addrspec *s, const struct scope *scope)
{
	struct prefix *p = (struct prefix *)l->ips.items + l->ips.n;

	if (s->how == ADDR_FIXED) {
		*p = s->p;
		if (p->len == 255)
			p->len = scope->net.ip.family ? scope->net.len :
				 ip_bytes(&p->ip) * 8;
		claim(r, scope, &p->ip, claimant(r, l));
		l->ips.n++;
	} else if ((s->how == ADDR_AUTO || s->how == ADDR_DHCP) &&
		   scope->net.ip.family) {
		/* by DHCP: the number is ours, and reserved for it */
		if (s->how == ADDR_DHCP && scope->net.ip.family == 6)
			l->asks6 = true;
		else if (s->how == ADDR_DHCP)
			l->asks4 = true;
		/* to be filled: the family is known, the length is not */
		p->ip.family = scope->net.ip.family;
		p->len = 255;
		l->ips.n++;
	}
}

static bool is_nic(const struct leg_spec *l)
{
	return !l->at && !l->link &&
	       ((const struct attachment *)l)->type == ATT_NIC;
}

/* What is written, with room for what is not. */
static void spread(struct resolver *r, struct leg_spec *l)
{
	static const struct addrspec automatic = { .how = ADDR_AUTO };
	const struct list *lists[] = { &l->address, &l->address6 };
	unsigned int i;
	uint64_t zero;
	uint32_t k;

	l->ips.items = arena_alloc(r->a, (l->address.n + l->address6.n + 2) *
				   sizeof(struct prefix));
	l->ips.n = 0;
	l->asks4 = l->asks6 = false;
	for (i = 0; i < 2 && (l->link || l->net); i++) {
		struct scope scope = scope_of(l, i, &zero);
		const struct addrspec *s = lists[i]->items;

		for (k = 0; k < lists[i]->n; k++)
			add_ip(r, l, &s[k], &scope);
		if (!lists[i]->n && !is_nic(l))
			add_ip(r, l, &automatic, &scope);
	}
}

static const char *key_for(struct resolver *r, const struct leg_spec *l,
			   uint8_t family, unsigned int nth)
{
	const struct topology *t = r->t;
	const char *kind = l->at ? "leg" : "attachment";

	if (!r->numbers)
		return NULL;
	if (nth)
		return arena_printf(r->a, "%s/%s/%s/%s/%u.%u", t->base, kind,
				    owner_of(l), l->label, family, nth);
	return join_words(r->a, t->base, "/", kind, "/", owner_of(l), "/",
			  l->label, family == 6 ? "/6" : "/4", NULL);
}

static bool unfilled(const struct prefix *p)
{
	return p->len == 255;
}

static bool take_kept(struct resolver *r, const struct scope *s,
		      const char *key, const char *owner, struct prefix *p)
{
	struct prefix kept;

	if (!key || !number_kept(r, key, &kept) ||
	    !prefix_has(&s->net, &kept.ip) ||
	    !claim(r, s, &kept.ip, owner))
		return false;
	p->ip = kept.ip;
	p->len = s->net.len;
	return true;
}

/* What a subnet has for interfaces, the gateway's among it, is taken. */
static void no_room(struct resolver *r, const struct leg_spec *l,
		    const struct scope *s)
{
	uint64_t first, n = room(&s->net, &first);
	char text[50];

	r->full = true;
	report_error(r->report, l->n.pos, l->n.path, "expected a free address "
		     "in %s of %s, found none: all %llu are taken%s",
		     prefix_text(&s->net, text), l->link ? l->link->n.name :
		     l->net->segment->n.name, (unsigned long long)n,
		     s->leased && s->leased->n ? ", or `ranges:` of `dhcp:` "
		     "has them" : "");
}

static void take_new(struct resolver *r, struct leg_spec *l,
		     const struct scope *s, const char *key, struct prefix *p)
{
	struct prefix bare;

	if (!next_free(r, s, claimant(r, l), p)) {
		no_room(r, l, s);
		return;
	}
	if (!key)
		return;
	bare.ip = p->ip;
	bare.len = ip_bytes(&p->ip) * 8;
	number_keep(r, key, &bare);
}

/* Numbers that exist (KEPT), or new ones for what has none yet. */
static void fill(struct resolver *r, struct leg_spec *l, bool kept)
{
	struct prefix *p = l->ips.items;
	unsigned int nth[7] = { 0 };
	uint64_t zero;
	uint32_t i;

	for (i = 0; i < l->ips.n; i++) {
		struct scope s = scope_of(l, p[i].ip.family == 6, &zero);
		const char *key;

		if (!unfilled(&p[i]))
			continue;
		key = key_for(r, l, p[i].ip.family, nth[p[i].ip.family]++);
		if (kept)
			take_kept(r, &s, key, claimant(r, l), &p[i]);
		else
			take_new(r, l, &s, key, &p[i]);
	}
}

/* --- of the home router ------------------------------------------------ */

static void home_written(struct resolver *r, struct network *w)
{
	const char *words[] = { w->gateway, w->gateway6 };
	const struct prefix *p = w->addresses.items;
	struct scope s;
	struct ip ip;
	uint32_t i;

	w->gw4 = w->gw6 = (struct ip){ .family = 0 };
	for (i = 0; i < 2; i++) {
		s = scope_of_network(w, i);
		if (!(i ? w->home6 : w->home4) || !words[i] ||
		    ip_read(words[i], &ip))
			continue;
		*(i ? &w->gw6 : &w->gw4) = ip;
		claim(r, &s, &ip, "");
	}
	for (i = 0; i < w->addresses.n; i++) {
		s = scope_of_network(w, p[i].ip.family == 6);
		claim(r, &s, &p[i].ip, "");
	}
}

static const char *home_key(struct resolver *r, struct network *w, bool six)
{
	return join_words(r->a, r->t->base, "/network/", w->n.name,
			  six ? "/gateway6" : "/gateway", NULL);
}

static void home_kept(struct resolver *r, struct network *w, bool six)
{
	struct scope s = scope_of_network(w, six);
	struct ip *gw = six ? &w->gw6 : &w->gw4;
	struct prefix p;

	if (!gw->family && (six ? w->home6 : w->home4) &&
	    take_kept(r, &s, home_key(r, w, six), "", &p))
		*gw = p.ip;
}

/*
 * The first address is the gateway's.  Where there is none yet it stays free,
 * since a first policy or service brings one.
 */
static void home_new(struct resolver *r, struct network *w, bool six)
{
	struct scope s = scope_of_network(w, six);
	struct ip *gw = six ? &w->gw6 : &w->gw4;
	const char *word = six ? w->gateway6 : w->gateway;
	bool home = six ? w->home6 : w->home4;
	struct leg_spec *via = six ? w->via6 : w->via4;
	struct prefix p;
	uint64_t first;

	if (!s.net.ip.family)
		return;
	if (via) {
		fill(r, via, false);
		return;
	}
	if (!home) {
		if (room(&s.net, &first) > 2 && !word)
			*s.next = 1;
		return;
	}
	if (gw->family)
		return;
	if (!next_free(r, &s, "", &p)) {
		report_error(r->report, w->n.pos, w->n.path, "expected a free "
			     "address for the gateway, found none");
		return;
	}
	*gw = p.ip;
	p.len = ip_bytes(&p.ip) * 8;
	number_keep(r, home_key(r, w, six), &p);
}

static void home_all(struct resolver *r,
		     void (*each)(struct resolver *r, struct network *w,
				  bool six))
{
	list_for(struct network, w, &r->t->networks) {
		if (w->segment != w)
			continue;
		each(r, w, false);
		each(r, w, true);
	}
}

/* --- all --------------------------------------------------------------- */

static void legs_all(struct resolver *r, bool kept)
{
	struct topology *t = r->t;

	list_for(struct router, w, &t->hosts)
		list_for(struct leg_spec, l, &w->legs)
			fill(r, l, kept);
	list_for(struct attachment, a, &t->attachments)
		fill(r, &a->leg, kept);
}

void addresses_resolve(struct resolver *r)
{
	struct topology *t = r->t;

	list_for(struct network, w, &t->networks)
		home_written(r, w);
	list_for(struct router, w, &t->hosts)
		list_for(struct leg_spec, l, &w->legs)
			spread(r, l);
	list_for(struct attachment, a, &t->attachments)
		spread(r, &a->leg);
	if (r->numbers) {
		home_all(r, home_kept);
		legs_all(r, true);
	}
	home_all(r, home_new);
	legs_all(r, false);
}

void address_attachment(struct resolver *r, struct attachment *a)
{
	spread(r, &a->leg);
	if (r->numbers)
		fill(r, &a->leg, true);
	fill(r, &a->leg, false);
}

void address_release(struct topology *t, struct attachment *a)
{
	struct resolver r = { .t = t, .a = t->resolved, .x = t->index };
	const struct prefix *p = a->leg.ips.items;
	struct scope s;
	char key[64];
	uint64_t zero;
	size_t len;
	uint32_t i;

	for (i = 0; r.x && a->leg.net && i < a->leg.ips.n; i++) {
		s = scope_of(&a->leg, p[i].ip.family == 6, &zero);
		len = key_of(key, &s, &p[i].ip);
		if (index_get(r.x, key, len) == claimant(&r, &a->leg))
			index_set(r.x, key, len, NULL);
	}
}

/* --- for those who ask ------------------------------------------------- */

static struct ip look_for(struct resolver *r, const struct scope *s,
			  const struct prefix *range, uint64_t from,
			  uint64_t to)
{
	struct ip base = prefix_first(&s->net), ip;
	uint64_t first, n;

	room(&s->net, &first);
	for (n = from; n < to; n++) {
		ip = ip_add(&base, first + n);
		if (!prefix_has(range, &ip) || !unclaimed(r, s, &ip) ||
		    leased_range(s->leased, &ip))
			continue;
		*s->next = n + 1;
		return ip;
	}
	return (struct ip){ .family = 0 };
}

/* Where the range begins and ends among the addresses of its network. */
static void bounds(const struct scope *s, const struct prefix *range,
		   uint64_t *from, uint64_t *to)
{
	struct ip base = prefix_first(&s->net), ip = prefix_first(range);
	uint64_t first, at = 0, size, n = room(&s->net, &first);
	unsigned int i, bits = ip_bytes(&ip) * 8 - range->len;

	for (i = 0; i < ip_bytes(&ip); i++)
		at = at << 8 | (uint8_t)(ip.b[i] ^ base.b[i]);
	size = bits > 32 ? 1ull << 32 : 1ull << bits;
	*from = at > first ? at - first : 0;
	*to = at + size < n ? at + size : n;
}

/* What was given back is taken last, as in next_free(). */
struct ip topo_free_address(struct topology *t, const char *network,
			    const struct prefix *range)
{
	struct resolver r = { .t = t, .a = t->resolved, .x = t->index };
	struct network *w = topo_network(t, network);
	struct ip ip = { .family = 0 };
	uint64_t from, to, next;
	struct scope s;

	if (!w || !r.x)
		return ip;
	s = scope_of_network(w->segment, range->ip.family == 6);
	if (!s.net.ip.family || !prefix_covers(&s.net, range))
		return ip;
	bounds(&s, range, &from, &to);
	next = *s.next > from && *s.next < to ? *s.next : from;
	ip = look_for(&r, &s, range, next, to);
	if (!ip.family)
		ip = look_for(&r, &s, range, from, next);
	return ip;
}

const char *topo_address_owner(const struct topology *t, const char *network,
			       const struct ip *ip)
{
	struct network *w = topo_network(t, network);
	struct scope s;
	char key[64];

	if (!w || !t->index)
		return NULL;
	s = scope_of_network(w->segment, ip->family == 6);
	return index_get(t->index, key, key_of(key, &s, ip));
}

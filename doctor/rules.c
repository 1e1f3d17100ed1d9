// rules.c - does a rule of another table drop a flow, or may it?
// SPDX-License-Identifier: GPL-2.0-or-later
#include "doctor/doctor.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * What a rule matches beyond interfaces, addresses, ports and states can't be
 * known without a packet.  So a match holds, doesn't, or may; what may be
 * accepted before a rule that drops makes that one a `may`, and a rule that
 * drops only what may match is about something particular: no finding.
 */

#define DEPTH_MAX 16		/* NFT_JUMP_STACK_SIZE of the kernel */
#define WORK_MAX 200000		/* rules looked at for one flow */

enum truth { NO, MAYBE, YES };
enum end { NEXT, ACCEPTED, DROPPED };

struct walk {
	const struct state *found;
	const struct flow *flow;
	struct culprit *by;
	bool maybe_gone;	/* some of it may have been accepted */
	unsigned int work;
};

/* --- conditions -------------------------------------------------------- */

static bool name_fits(const char *name, const char *pattern, size_t n)
{
	if (n && pattern[n - 1] == '*')
		return !strncmp(name, pattern, n - 1);
	return strlen(name) == n && !memcmp(name, pattern, n);
}

static enum truth is_name(const struct flow *f, const char *name,
			  const char *value, size_t n)
{
	if (f->frames)
		return MAYBE;
	return name && name_fits(name, value, n) ? YES : NO;
}

static enum truth is_iif(const struct flow *f, const char *v, size_t n)
{
	return is_name(f, f->iif, v, n);
}

static enum truth is_oif(const struct flow *f, const char *v, size_t n)
{
	return is_name(f, f->oif, v, n);
}

static bool is_word(const char *v, size_t n, const char *word)
{
	return strlen(word) == n && !memcmp(v, word, n);
}

static enum truth is_state(const struct flow *f, const char *v, size_t n)
{
	if (f->frames)
		return MAYBE;
	return is_word(v, n, f->reply ? "established" : "new") ? YES : NO;
}

static enum truth is_status(const struct flow *f, const char *v, size_t n)
{
	if (f->forward)
		return YES;
	return f->reply || f->frames ? MAYBE : NO;
}

/* RTN_LOCAL, RTN_BROADCAST, ...: rtnetlink(7). */
static enum truth is_dsttype(const struct flow *f, const char *v, size_t n)
{
	bool local = is_word(v, n, "2");

	if (f->frames || f->forward || (local && f->port == 67))
		return MAYBE;
	/* in, and not to everybody, is to us; through is to others */
	if (f->iif && !f->oif && f->port != 67 && f->port != 547)
		return local ? YES : NO;
	return local || f->oif ? NO : MAYBE;
}

static enum truth is_number(unsigned int have, const char *v)
{
	return !have ? MAYBE : strtoul(v, NULL, 10) == have ? YES : NO;
}

static enum truth is_proto(const struct flow *f, const char *v, size_t n)
{
	return is_number(f->proto, v);
}

static enum truth is_dport(const struct flow *f, const char *v, size_t n)
{
	return is_number(f->reply ? 0 : f->port, v);
}

static enum truth is_sport(const struct flow *f, const char *v, size_t n)
{
	return is_number(f->reply ? f->port : 0, v);
}

static enum truth is_family(const struct flow *f, const char *v, size_t n)
{
	return f->frames ? MAYBE : is_number(f->six ? 10 : 2, v);
}

static enum truth in_net(const struct flow *f, const struct prefix *known,
			 const char *v, size_t n, bool six)
{
	struct prefix p;
	char text[64];

	if (f->frames)
		return MAYBE;
	if (f->six != six)
		return NO;
	snprintf(text, sizeof(text), "%.*s", (int)n, v);
	if (!known || prefix_read(text, &p))
		return MAYBE;
	if (prefix_covers(&p, known))
		return YES;
	return prefix_overlaps(&p, known) ? MAYBE : NO;
}

static enum truth is_saddr(const struct flow *f, const char *v, size_t n)
{
	return in_net(f, f->src, v, n, false);
}

static enum truth is_daddr(const struct flow *f, const char *v, size_t n)
{
	return in_net(f, f->dst, v, n, false);
}

static enum truth is_saddr6(const struct flow *f, const char *v, size_t n)
{
	return in_net(f, f->src, v, n, true);
}

static enum truth is_daddr6(const struct flow *f, const char *v, size_t n)
{
	return in_net(f, f->dst, v, n, true);
}

static const struct {
	const char *key;
	enum truth (*is)(const struct flow *f, const char *v, size_t n);
} keys[] = {
	{ "iif", is_iif }, { "oif", is_oif }, { "ct", is_state },
	{ "status", is_status }, { "proto", is_proto }, { "dport", is_dport },
	{ "sport", is_sport }, { "dsttype", is_dsttype }, { "family", is_family },
	{ "saddr", is_saddr }, { "daddr", is_daddr },
	{ "saddr6", is_saddr6 }, { "daddr6", is_daddr6 },
};

/* Any of the values, or none of them. */
static enum truth values(const struct flow *f, size_t key, const char *v,
			 const char *end, bool not)
{
	enum truth t, best = NO;
	size_t n;

	for (; v < end; v += n + 1) {
		n = strcspn(v, ", \n");
		t = keys[key].is(f, v, n);
		if (t > best)
			best = t;
	}
	return not ? YES - best : best;
}

static enum truth condition(const struct flow *f, const char *word, size_t len)
{
	size_t n = strcspn(word, "!= \n"), i;
	bool not = word[n] == '!';

	if (is_word(word, len, "never"))
		return NO;
	if (*word == '?' || n + not >= len)
		return MAYBE;
	for (i = 0; i < sizeof(keys) / sizeof(*keys); i++)
		if (is_word(word, n, keys[i].key))
			return values(f, i, word + n + not + 1, word + len,
				      not);
	return MAYBE;
}

/* --- chains --------------------------------------------------------------- */

const char *chain_part(const struct fact *chain, int n, char *out, size_t size)
{
	const char *p = strchr(chain->o.name, ':');

	p = p ? p + 1 : chain->o.name;
	for (; n && (p = strchr(p, ' ')); n--)
		p++;
	snprintf(out, size, "%.*s", p ? (int)strcspn(p, " ") : 0, p ? p : "");
	return out;
}

const char *chain_hook(const struct fact *chain, char *out, size_t size)
{
	size_t n = strcspn(chain->value, " \n");

	*out = '\0';
	if (!strncmp(chain->value + n, " filter ", 8) ||
	    !strncmp(chain->value + n, " route ", 7))
		snprintf(out, size, "%.*s", (int)n, chain->value);
	return out;
}

static const struct fact *chain_of(const struct state *found,
				   const struct fact *from, const char *name,
				   size_t n)
{
	struct buf b CLEANUP(buf_free) = { 0 };
	const char *end = strrchr(from->o.name, ' ');

	if (!end)
		return NULL;
	buf_printf(&b, "%.*s %.*s", (int)(end - from->o.name), from->o.name,
		   (int)n, name);
	return (const struct fact *)state_find(found, KIND_FACT, "",
					       buf_text(&b));
}

static enum end walk(struct walk *w, const struct fact *chain, int depth);

static enum end dropped(struct walk *w, const struct fact *chain,
			const char *line)
{
	w->by->chain = chain;
	w->by->handle = line;
	w->by->certain = !w->maybe_gone;
	return DROPPED;
}

/* What a jump that may be taken does with some of the flow. */
static void maybe_walk(struct walk *w, const struct fact *to, int depth)
{
	struct culprit before = *w->by;

	if (walk(w, to, depth) == ACCEPTED)
		w->maybe_gone = true;
	*w->by = before;
}

static enum end verdict(struct walk *w, const struct fact *chain,
			const char *line, const char *v, size_t n,
			enum truth t, int depth, bool *last)
{
	bool go = !strncmp(v, "goto:", 5), jump = !strncmp(v, "jump:", 5);
	const struct fact *to;

	*last = t == YES;
	if (is_word(v, n, "drop") || is_word(v, n, "reject"))
		return t == YES ? dropped(w, chain, line) : NEXT;
	if (is_word(v, n, "accept") || is_word(v, n, "return")) {
		w->maybe_gone |= t == MAYBE;
		return t == YES && *v == 'a' ? ACCEPTED : NEXT;
	}
	*last = t == YES && go;
	to = go || jump ? chain_of(w->found, chain, v + 5, n - 5) : NULL;
	if (!to || depth == DEPTH_MAX)
		return NEXT;
	if (t == YES)
		return walk(w, to, depth + 1);
	maybe_walk(w, to, depth + 1);
	return NEXT;
}

static enum end rule(struct walk *w, const struct fact *chain,
		     const char *line, int depth, bool *last)
{
	const char *p = line + strcspn(line, " \n");
	enum truth t = YES, c;
	size_t n;

	while (*p == ' ') {
		p++;
		n = strcspn(p, " \n");
		if (p[n] != ' ')
			return verdict(w, chain, line, p, n, t, depth, last);
		c = condition(w->flow, p, n);
		if (c < t)
			t = c;
		if (t == NO)
			return NEXT;
		p += n;
	}
	return NEXT;
}

static enum end walk(struct walk *w, const struct fact *chain, int depth)
{
	const char *line = strchr(chain->value, '\n');
	bool last = false;
	enum end e = NEXT;

	while (line && line[1] && e == NEXT && !last) {
		if (w->work++ > WORK_MAX)
			return ACCEPTED;
		e = rule(w, chain, line + 1, depth, &last);
		line = strchr(line + 1, '\n');
	}
	return e;
}

static bool has_policy(const struct fact *chain)
{
	size_t n = strcspn(chain->value, "\n");

	return n > 5 && !memcmp(chain->value + n - 5, " drop", 5);
}

bool rules_drop(const struct state *found, const struct fact *base,
		const struct flow *flow, struct culprit *by)
{
	struct walk w = { .found = found, .flow = flow, .by = by };
	enum end e = walk(&w, base, 0);

	if (e == NEXT && has_policy(base))
		e = dropped(&w, base, NULL);
	return e == DROPPED;
}

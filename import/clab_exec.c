// clab_exec.c - addresses and routes that containerlab's nodes set by commands
// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include "import/clab.h"

#define WORDS_MAX 24

/* A word of a command, or how it ends; "$" is any one, "*" whatever comes. */
struct pattern {
	const char *words[8];
	bool (*take)(struct clab *c, struct cnode *n, char **w,
		     unsigned int nw);
};

static const char *word_after(char **w, unsigned int nw, const char *key)
{
	unsigned int i;

	for (i = 0; i + 1 < nw; i++)
		if (!strcmp(w[i], key))
			return w[i + 1];
	return NULL;
}

static bool take_address(struct clab *c, struct cnode *n, char **w,
			 unsigned int nw)
{
	const char *dev = word_after(w, nw, "dev"), *kept;
	struct arena *m = c->d->arena;
	struct buf why = { 0 };
	struct caddr *a;
	struct prefix p;
	bool bad;

	if (nw < 4 || !dev || prefix_read(w[3], &p))
		return false;
	bad = field_ifname.read(NULL, dev, &kept, m, &why);
	buf_free(&why);
	if (bad || !strcmp(dev, "lo"))
		return false;
	a = arena_alloc(m, sizeof(*a));
	a->ifname = kept;
	a->p = p;
	*n->tail = a;
	n->tail = &a->next;
	return true;
}

static bool take_default(struct clab *c, struct cnode *n, const struct ip *via,
			 const char *dev)
{
	const char *ifname = dev ? arena_strdup(c->d->arena, dev) : NULL;

	if (via->family == 4) {
		n->gateway4.via = *via;
		n->gateway4.ifname = ifname;
	} else {
		n->gateway6.via = *via;
		n->gateway6.ifname = ifname;
	}
	return true;
}

static bool take_route(struct clab *c, struct cnode *n, char **w,
		       unsigned int nw)
{
	const char *via = word_after(w, nw, "via");
	struct item *it = draft_item(c->d);
	char text[50];
	struct prefix to;
	struct ip ip;

	if (nw < 6 || !via || ip_read(via, &ip))
		return false;
	if (!strcmp(w[3], "default") || !strcmp(w[3], "0.0.0.0/0") ||
	    !strcmp(w[3], "::/0"))
		return take_default(c, n, &ip, word_after(w, nw, "dev"));
	if (prefix_read(w[3], &to) || to.ip.family != ip.family)
		return false;
	to = prefix_net(&to);
	item_set(c->d, it, "to", "%s", draft_scalar(c->d,
		 prefix_text(&to, text)));
	item_set(c->d, it, "via", "%s", draft_scalar(c->d,
		 ip_text(&ip, text)));
	if (!n->routes)
		n->routes = draft_item(c->d);
	item_push(c->d, n->routes, "routes", "%s", item_text(c->d, it));
	/* only routers have routes of their own */
	n->kind = CK_ROUTER;
	return true;
}

static bool take_forwarding(struct clab *c, struct cnode *n, char **w,
			    unsigned int nw)
{
	n->kind = CK_ROUTER;
	return true;
}

/* Nothing to do: netd does it by itself. */
static bool take_nothing(struct clab *c, struct cnode *n, char **w,
			 unsigned int nw)
{
	return true;
}

static const struct pattern patterns[] = {
	{ { "ip", "address", "add|a|ad|replace", "*" }, take_address },
	{ { "ip", "route", "add|a|ad|replace", "*" }, take_route },
	{ { "ip", "link", "set", "$", "up" }, take_nothing },
	{ { "ip", "link", "set", "dev", "$", "up" }, take_nothing },
	{ { "ip", "link", "set", "up", "$" }, take_nothing },
	{ { "ip", "link", "set", "up", "dev", "$" }, take_nothing },
	{ { "ip", "route", "del|delete", "default", "*" }, take_nothing },
	{ { "sysctl", "-w|-qw|-q", "net.ipv4.ip_forward=1" },
	  take_forwarding },
	{ { "sysctl", "-w|-qw|-q", "net.ipv6.conf.all.forwarding=1" },
	  take_forwarding },
};

/* "add|a|ad|replace" */
static bool is_one_of(const char *word, const char *list)
{
	size_t len = strlen(word), n;

	for (; *list; list += n + (list[n] == '|')) {
		n = strcspn(list, "|");
		if (n == len && !strncmp(list, word, n))
			return true;
	}
	return false;
}

static bool fits(const struct pattern *p, char **w, unsigned int nw)
{
	unsigned int i;

	for (i = 0; p->words[i]; i++) {
		if (!strcmp(p->words[i], "*"))
			return true;
		if (i == nw || (strcmp(p->words[i], "$") &&
				!is_one_of(w[i], p->words[i])))
			return false;
	}
	return i == nw;
}

/* What ip(8) lets one abbreviate. */
static const char *in_full(const char *word)
{
	static const char *const full[] = { "address", "route", "link" };
	unsigned int i;

	for (i = 0; i < 3; i++)
		if (!strncmp(word, full[i], strlen(word)))
			return full[i];
	return word;
}

/* The words of one command, "-4" and "-6" left out. */
static unsigned int split(char *s, char **w)
{
	unsigned int n = 0;
	char *word;

	while ((word = strsep(&s, " \t\r\n"))) {
		if (!*word)
			continue;
		if (n == 1 && !strcmp(w[0], "ip") && *word == '-')
			continue;
		if (n == WORDS_MAX)
			return 0;
		w[n++] = word;
	}
	return n;
}

static bool take_command(struct clab *c, struct cnode *n, const char *text)
{
	char *copy = arena_strdup(c->d->arena, text), *w[WORDS_MAX + 1];
	unsigned int nw = split(copy, w), i;

	if (!nw)
		return true;
	if (nw > 1 && !strcmp(w[0], "ip"))
		w[1] = (char *)in_full(w[1]);
	for (i = 0; i < sizeof(patterns) / sizeof(*patterns); i++)
		if (fits(&patterns[i], w, nw))
			return patterns[i].take(c, n, w, nw);
	return false;
}

/* `sh -c "A && B"` is A and B. */
static char *unwrap(struct clab *c, const char *text)
{
	static const char *const shells[] = {
		"sh -c ", "bash -c ", "/bin/sh -c ", "/bin/bash -c ",
	};
	char *s = arena_strdup(c->d->arena, text + strspn(text, " \t\n"));
	size_t len;
	unsigned int i;

	for (i = 0; i < 4; i++) {
		len = strlen(shells[i]);
		if (strncmp(s, shells[i], len))
			continue;
		s += len + strspn(s + len, " ");
		len = strlen(s);
		if (len < 2 || (*s != '"' && *s != '\'') || s[len - 1] != *s)
			return s;
		s[len - 1] = '\0';
		return s + 1;
	}
	return s;
}

static void read_exec(struct clab *c, struct cnode *n, yaml_node_t *line)
{
	const char *text = clab_text(line);
	char *s, *part, *and;

	if (!text)
		return;
	for (s = and = unwrap(c, text); *and; and++)
		if (!strncmp(and, "&&", 2) || *and == '\n')
			memset(and, ';', *and == '\n' ? 1 : 2);
	while ((part = strsep(&s, ";")))
		if (!take_command(c, n, part))
			draft_lost(c->d, clab_pos(c, line), "%s: the command "
				   "%s", n->name, draft_text(c->d, part +
				   strspn(part, " \t")));
}

void clab_exec(struct clab *c, struct cnode *n)
{
	yaml_node_t *exec, *line;
	unsigned int level, i;

	/* lists are merged, the most general first */
	for (level = CLAB_LEVELS; level-- > 0;) {
		exec = clab_get(c, clab_level(c, n->map, level), "exec");
		for (i = 0; (line = clab_item(c, exec, i)); i++)
			read_exec(c, n, line);
	}
}

// rules_text.c - names of users as words and comments of a ruleset
// SPDX-License-Identifier: GPL-2.0-or-later
#include "topo/rules.h"

#include <string.h>

static bool plain(const char *s)
{
	/* '_' joins the names, and other characters are no nft word */
	return strspn(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
		      "0123456789.-") == strlen(s);
}

static void add_word(struct buf *b, const char *s)
{
	char c[2] = "";

	for (; *s; s++) {
		c[0] = *s;
		buf_str(b, plain(c) ? c : "_");
	}
}

const char *rules_name(struct rules *x, const char *prefix, const char *a,
		       const char *b)
{
	const char *whole = arena_printf(x->out->arena, "%s/%s", a, b);
	struct buf name = { 0 };
	const char *out;

	buf_printf(&name, "inet netd %s_", prefix);
	add_word(&name, a);
	if (*b) {
		buf_str(&name, "_");
		add_word(&name, b);
	}
	if (!plain(a) || !plain(b))
		buf_printf(&name, "_%08x",
			   (unsigned int)hash64(whole, strlen(whole)));
	out = arena_strdup(x->out->arena, buf_text(&name));
	buf_free(&name);
	return out;
}

const char *rules_comment(struct rules *x, const char *label)
{
	struct buf b = { 0 };
	const char *out;
	size_t i;

	if (!label || !*label)
		return "";
	buf_str(&b, " comment \"");
	for (i = 0; label[i] && i < 100; i++)
		buf_add(&b, label[i] >= ' ' && label[i] < 0x7f &&
			label[i] != '"' && label[i] != '\\' ?
			&label[i] : "_", 1);
	buf_str(&b, "\"");
	out = arena_strdup(x->out->arena, buf_text(&b));
	buf_free(&b);
	return out;
}

const char *rules_net(const struct prefix *p, char *text)
{
	return p->len == (p->ip.family == 6 ? 128 : 32) ?
		ip_text(&p->ip, text) : prefix_text(p, text);
}

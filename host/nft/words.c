// words.c - a line of nft's syntax as words
// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <string.h>

#include "nft.h"

static bool is_single(char c)
{
	return c == '{' || c == '}' || c == ';' || c == '(' || c == ')';
}

/* A comma ends a word only before a blank: `established,related` is one. */
static size_t word_len(const char *s, size_t n)
{
	size_t i = 0;

	if (is_single(s[0]))
		return 1;
	while (i < n && s[i] != ' ' && s[i] != '\t' && s[i] != '\n' &&
	       !is_single(s[i]) && s[i] != '"')
		i++;
	if (i > 1 && s[i - 1] == ',')
		i--;
	return i;
}

int nft_words_split(struct nft_words *ws, const char *s, size_t n)
{
	size_t i = 0;

	ws->n = ws->i = 0;
	while (i < n) {
		struct nft_word *w = &ws->w[ws->n];
		const char *q;

		if (s[i] == ' ' || s[i] == '\t' || s[i] == '\n') {
			i++;
			continue;
		}
		if (ws->n == NFT_WORDS)
			return -E2BIG;
		w->quoted = s[i] == '"';
		if (w->quoted) {
			q = memchr(s + i + 1, '"', n - i - 1);
			if (!q)
				return -EINVAL;
			w->s = s + i + 1;
			w->n = q - w->s;
			i = q - s + 1;
		} else {
			w->s = s + i;
			w->n = word_len(s + i, n - i);
			i += w->n;
		}
		ws->n++;
	}
	return 0;
}

const struct nft_word *nft_words_next(struct nft_words *ws)
{
	return ws->i < ws->n ? &ws->w[ws->i++] : NULL;
}

bool nft_words_is(const struct nft_words *ws, unsigned int ahead,
		  const char *s)
{
	const struct nft_word *w = &ws->w[ws->i + ahead];

	return ws->i + ahead < ws->n && !w->quoted &&
	       !strncmp(w->s, s, w->n) && !s[w->n];
}

bool nft_words_take(struct nft_words *ws, const char *s)
{
	if (!nft_words_is(ws, 0, s))
		return false;
	ws->i++;
	return true;
}

unsigned int nft_words_phrase(const struct nft_words *ws, const char *name)
{
	unsigned int n = 0;

	while (*name) {
		size_t len = strcspn(name, " ");
		const struct nft_word *w = &ws->w[ws->i + n];

		if (ws->i + n >= ws->n || w->quoted || w->n != len ||
		    memcmp(w->s, name, len))
			return 0;
		n++;
		name += len + (name[len] == ' ');
	}
	return n;
}

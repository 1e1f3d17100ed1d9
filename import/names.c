// names.c - other programs' labels as names and texts of a topology
// SPDX-License-Identifier: GPL-2.0-or-later
#include <search.h>
#include <stdint.h>
#include <string.h>

#include "import/draft.h"

/* Of 63, so that there is room to count: "-12". */
#define NAME_MAX_LEN 40
#define TEXT_MAX 200

static const char *const reserved[] = {
	"any", "host", "outside", "auto", "none", "home", "all", "default",
	NULL
};

/* U+00C0 to U+017F without their accents. */
static const char latin[] =
	"AAAAAAACEEEEIIIIDNOOOOO-OUUUUYTsaaaaaaaceeeeiiiidnooooo-ouuuuyty"
	"AaAaAaCcCcCcCcDdDdEeEeEeEeEeGgGgGgGgHhHhIiIiIiIiIiIiJjKkkLlLlLlLlLl"
	"NnNnNnnNnOoOoOoOoRrRrRrSsSsSsSsTtTtTtUuUuUuUuUuUuWwYyYZzZzZzs";

/* The character at *P, which is moved on; U+FFFD for what is none. */
static uint32_t next_char(const char **p)
{
	const unsigned char *s = (const unsigned char *)*p;
	unsigned int n = *s < 0xc2 ? 0 : *s < 0xe0 ? 1 : *s < 0xf0 ? 2 :
			 *s < 0xf5 ? 3 : 0;
	uint32_t c = n ? *s & (0x3f >> n) : *s < 0x80 ? *s : 0xfffd;
	unsigned int i;

	for (i = 1; i <= n; i++) {
		if ((s[i] & 0xc0) != 0x80) {
			*p += i;
			return 0xfffd;
		}
		c = c << 6 | (s[i] & 0x3f);
	}
	*p += n + 1;
	return c;
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* What stands for C in a name; '-' for what can't be there. */
static char name_char(uint32_t c)
{
	if (c >= 0xc0 && c <= 0x17f)
		return latin[c - 0xc0];
	if (c < 0x80 && (is_letter(c) || (c >= '0' && c <= '9') || c == '_'))
		return c;
	return '-';
}

static bool is_reserved(const char *name)
{
	unsigned int i;

	for (i = 0; reserved[i]; i++)
		if (!strcmp(reserved[i], name))
			return true;
	return false;
}

const char *draft_word(struct draft *d, const char *label)
{
	char out[NAME_MAX_LEN + 1];
	bool letter = false, any = false;
	size_t n = 0;
	char c;

	while (*label && n < NAME_MAX_LEN) {
		c = name_char(next_char(&label));
		if ((c == '-' || c == '_') && (!n || out[n - 1] == '-'))
			continue;
		letter |= is_letter(c);
		any |= c != '-' && c != '_';
		out[n++] = c;
	}
	while (n && (out[n - 1] == '-' || out[n - 1] == '_'))
		n--;
	out[n] = '\0';
	if (!any)
		return NULL;
	return arena_printf(d->arena, "%s%s%s", letter ? "" : "n", out,
			    is_reserved(out) ? "-1" : "");
}

static int by_text(const void *a, const void *b)
{
	return strcmp(a, b);
}

bool draft_new(void **set, const char *s)
{
	return !tfind(s, set, by_text) && tsearch(s, set, by_text);
}

bool draft_drop(void **set, const char *s)
{
	return tdelete(s, set, by_text) != NULL;
}

static void no_free(void *p)
{
}

void draft_forget(void **set)
{
	tdestroy(*set, no_free);
	*set = NULL;
}

/* Past 16 in a row, larger steps: a file full of one label is no reason to
 * count for long. */
static const char *count_up(struct draft *d, const char *base)
{
	const char *key = arena_printf(d->arena, "#%s", base), *name;
	static const unsigned int first = 2;
	unsigned int *n = NULL, i;
	char **node = tfind(key, &d->names, by_text);

	/* "#BASE" is no name; the number that comes next stands behind it */
	if (node) {
		n = (unsigned int *)(*node - sizeof(*n));
	} else {
		n = arena_alloc(d->arena, sizeof(*n) + strlen(key) + 1);
		*n = first;
		strcpy((char *)(n + 1), key);
		tsearch(n + 1, &d->names, by_text);
	}
	do {
		i = (*n)++;
		name = arena_printf(d->arena, "%s-%u", base, i);
	} while (!draft_new(&d->names, name));
	return name;
}

const char *draft_name(struct draft *d, const char *label,
		       const char *fallback)
{
	const char *base = label ? draft_word(d, label) : NULL;

	if (!base)
		base = draft_word(d, fallback);
	if (!base)
		base = "x";
	return draft_new(&d->names, base) ? base : count_up(d, base);
}

/* What YAML lets stand in a text, less what would break a line. */
static bool fit(uint32_t c)
{
	return (c >= 0x20 && c < 0x7f) || (c >= 0xa0 && c < 0x2028) ||
	       (c > 0x202e && c < 0xd800) || (c >= 0xe000 && c < 0xfeff) ||
	       (c > 0xfeff && c <= 0xfffd) || (c >= 0x10000 && c < 0x110000);
}

const char *draft_text(struct draft *d, const char *text)
{
	struct buf out = { 0 };
	const char *p = text, *at, *s;
	uint32_t c;

	buf_str(&out, "\"");
	while (*p) {
		at = p;
		c = next_char(&p);
		if (out.len > TEXT_MAX) {
			buf_str(&out, "...");
			break;
		}
		if (c == '"' || c == '\\')
			buf_str(&out, "\\");
		if (c == 0xfffd || !fit(c))
			buf_str(&out, c < 0x20 ? " " : "?");
		else
			buf_add(&out, at, p - at);
	}
	buf_str(&out, "\"");
	s = arena_strdup(d->arena, buf_text(&out));
	buf_free(&out);
	return s;
}

const char *draft_scalar(struct draft *d, const char *text)
{
	static const char chars[] = "abcdefghijklmnopqrstuvwxyz"
		"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._/-";

	return *text && !strchr("._/-", *text) &&
	       strspn(text, chars) == strlen(text) ? text :
	       draft_text(d, text);
}

bool draft_mac(struct draft *d, const char *text, struct mac *mac)
{
	static const struct mac none;
	struct buf why = { 0 };
	bool ok = text && !field_mac.read(NULL, text, mac, d->arena, &why) &&
		  memcmp(mac, &none, sizeof(none));

	buf_free(&why);
	return ok;
}

void draft_describe(struct draft *d, struct item *it, const char *label)
{
	if (label && label[strspn(label, " \t\r\n")] &&
	    (!it->name || strcmp(label, it->name)))
		item_set(d, it, "description", "%s", draft_text(d, label));
}

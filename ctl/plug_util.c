// plug_util.c - names, paths and JSON of the programs that engines start
// SPDX-License-Identifier: GPL-2.0-or-later
#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "ctl/plug.h"

#ifdef __SANITIZE_ADDRESS__
/* One process is one operation: what it needs to its end is not freed. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "detect_leaks=0";
}
#endif

/* FNV-1a; a zero byte ends each part, so that two can't run into another. */
void plug_name(char out[PLUG_NAME], const char *door, ...)
{
	uint64_t h = 0xcbf29ce484222325;
	const char *s;
	va_list ap;
	size_t i;

	va_start(ap, door);
	while ((s = va_arg(ap, const char *)))
		for (i = 0; i <= strlen(s); i++)
			h = (h ^ (unsigned char)s[i]) * 0x100000001b3;
	va_end(ap);
	snprintf(out, PLUG_NAME, "%s-%016llx", door, (unsigned long long)h);
}

static void encode(struct buf *b, const char *s)
{
	for (; *s; s++)
		buf_printf(b, isalnum((unsigned char)*s) ||
			   strchr("-_.~", *s) ? "%c" : "%%%02X",
			   (unsigned char)*s);
}

void plug_query(struct buf *path, const char *key, const char *value)
{
	buf_printf(path, "%c%s=", strchr(buf_text(path), '?') ? '&' : '?', key);
	encode(path, value);
}

const char *plug_split(char *name, const char **topology)
{
	char *slash = strchr(name, '/');

	if (!slash)
		return name;
	*slash = '\0';
	*topology = name;
	return slash + 1;
}

int plug_input(struct buf *in)
{
	char part[16384];
	ssize_t n;

	while ((n = read(STDIN_FILENO, part, sizeof(part))) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		buf_add(in, part, n);
		if (in->len > PLUG_INPUT_MAX)
			return -EFBIG;
	}
	return 0;
}

const char *plug_str(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));

	return s ? s : "";
}

json_t *plug_get(const json_t *o, const char *key)
{
	json_t *v = json_object_get(o, key), *it;
	const char *k;

	if (v || !json_is_object(o))
		return v;
	json_object_foreach((json_t *)o, k, it)
		if (!strcasecmp(k, key))
			return it;
	return NULL;
}

void plug_bound(json_t *o, const char *way, const char *bound)
{
	if (!bound)
		return;
	if (!json_object_get(o, "bandwidth"))
		json_object_set_new(o, "bandwidth", json_object());
	json_object_set_new(json_object_get(o, "bandwidth"), way,
			    json_string(bound));
}

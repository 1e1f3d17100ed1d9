// files.c - files by which other programs would configure our interfaces
// SPDX-License-Identifier: GPL-2.0-or-later
#include "doctor/doctor.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>

/* The value of "SECTION.KEY" in a file's lines, to its end; NULL: none. */
static const char *line_of(const char *text, const char *key, size_t *n)
{
	size_t len = strlen(key);
	const char *p;

	for (p = text; p && *p; p = strchr(p, '\n'), p += p != NULL)
		if (!strncmp(p, key, len) && p[len] == '=') {
			*n = strcspn(p + len + 1, "\n");
			return p + len + 1;
		}
	return NULL;
}

static bool glob(const char *pattern, size_t n, const char *name)
{
	char text[256];

	snprintf(text, sizeof(text), "%.*s", (int)n, pattern);
	return !fnmatch(text, name, 0);
}

/* Globs with blanks between; with ! before them, all others. */
static bool in_globs(const char *v, size_t n, const char *name)
{
	bool not = n && *v == '!', hit = false;
	const char *p = v + not, *end = v + n;
	size_t k;

	for (; p < end; p += k + 1) {
		k = strcspn(p, " \n");
		hit |= k && glob(p, k, name);
	}
	return hit != not;
}

/* As networkd calls the types of our interfaces: systemd.network(5). */
static const char *type_of(const struct link *l)
{
	return l->o.kind == KIND_BRIDGE ? "bridge" : "ether";
}

/* --- systemd-networkd ------------------------------------------------------------ */

enum truth { NO, MAYBE, YES };

/* [Match]: all that is written must fit. */
static enum truth networkd_match(const char *text, const struct link *l)
{
	enum truth t = NO;
	const char *p;
	size_t n, k;

	for (p = text; p && *p; p = strchr(p, '\n'), p += p != NULL) {
		if (strncmp(p, "Match.", 6))
			continue;
		k = strcspn(p, "=");
		n = strcspn(p + k + 1, "\n");
		if (!strncmp(p, "Match.Name=", 11)) {
			if (!in_globs(p + k + 1, n, l->o.name))
				return NO;
		} else if (!strncmp(p, "Match.Type=", 11)) {
			if (!in_globs(p + k + 1, n, type_of(l)))
				return NO;
		} else {
			t = MAYBE;
			continue;
		}
		t = t == NO ? YES : t;
	}
	return t;
}

static const char *base_name(const char *path)
{
	const char *s = strrchr(path, '/');

	return s ? s + 1 : path;
}

/* The first file that fits holds, by name, wherever it is. */
static const struct fact *networkd_file(const struct state *found,
					const struct link *l, enum truth *sure)
{
	uint32_t i = fact_seek(found, "networkd:");
	const struct fact *f, *best = NULL;
	enum truth t;

	for (; (f = fact_at(found, i, "networkd:")); i++) {
		t = networkd_match(f->value, l);
		if (!t || (best && strcmp(base_name(f->o.name),
					  base_name(best->o.name)) >= 0))
			continue;
		best = f;
		*sure = t;
	}
	return best;
}

static bool is_unmanaged(const struct fact *f)
{
	size_t n = 0;
	const char *v = line_of(f->value, "Link.Unmanaged", &n);

	return v && (*v == 'y' || *v == 't' || *v == '1' ||
		     !strncmp(v, "on", 2));
}

/* --- NetworkManager ------------------------------------------------------------- */

static const struct fact *nm_connection(const struct state *found,
					const struct link *l)
{
	uint32_t i = fact_seek(found, "nm-connection:");
	const struct fact *f;
	const char *v;
	size_t n;

	for (; (f = fact_at(found, i, "nm-connection:")); i++) {
		v = line_of(f->value, "connection.interface-name", &n);
		if (v && n == strlen(l->o.name) && !memcmp(v, l->o.name, n))
			return f;
	}
	return NULL;
}

/* One of "interface-name:GLOB", "interface-name:=NAME", "type:bridge". */
static bool nm_item(const char *v, size_t n, const struct link *l)
{
	if (n > 16 && !strncmp(v, "interface-name:=", 16))
		return n - 16 == strlen(l->o.name) &&
		       !memcmp(v + 16, l->o.name, n - 16);
	if (n > 15 && !strncmp(v, "interface-name:", 15))
		return glob(v + 15, n - 15, l->o.name);
	return n == 1 && *v == '*';
}

static bool nm_unmanaged(const struct state *found, const struct link *l)
{
	uint32_t i = fact_seek(found, "nm-conf:");
	const struct fact *f;
	const char *p, *v, *end;
	size_t n;

	for (; (f = fact_at(found, i, "nm-conf:")); i++)
		for (p = f->value; p && *p; p = strchr(p, '\n'),
		     p += p != NULL) {
			v = strchr(p, '=');
			end = p + strcspn(p, "\n");
			if (strncmp(p, "keyfile.unmanaged-devices", 25) || !v)
				continue;
			for (v++; v < end; v += n + 1) {
				n = strcspn(v, ";,\n");
				if (nm_item(v, n, l))
					return true;
			}
		}
	return false;
}

/* --- telling --------------------------------------------------------------------- */

static bool runs(const struct state *found, const char *program)
{
	struct buf b CLEANUP(buf_free) = { 0 };

	buf_printf(&b, "program:%s ", program);
	return fact_at(found, fact_seek(found, buf_text(&b)), buf_text(&b));
}

struct told {
	const struct fact *file;
	struct buf names;
	const char *one;
	bool certain;
};

static void note(struct told **list, uint32_t *n, const struct fact *file,
		 const struct link *l, bool certain)
{
	struct told *t = NULL;
	uint32_t i;

	for (i = 0; i < *n && !t; i++)
		if ((*list)[i].file == file)
			t = &(*list)[i];
	if (!t) {
		*list = realloc(*list, (*n + 1) * sizeof(**list));
		if (!*list)
			abort();
		t = &(*list)[(*n)++];
		*t = (struct told){ .file = file, .one = l->o.name };
	}
	buf_printf(&t->names, "%s%s", t->names.len ? " " : "", l->o.name);
	t->certain |= certain;
}

static void tell_networkd(const struct told *t, struct troubles *out)
{
	struct trouble *f = trouble_add(out, "networkd", t->certain);
	struct arena *a = out->arena;

	f->what = arena_printf(a, "systemd-networkd %s interfaces of netd's",
			       t->certain ? "configures" : "may configure");
	f->where = strchr(t->file->o.name, ':') + 1;
	f->breaks = arena_printf(a, "addresses, routes and masters of %s",
				 buf_text(&t->names));
	f->cure = arena_printf(a, "printf '[Match]\\nName=%s\\n[Link]\\n"
			       "Unmanaged=yes\\n' >/etc/systemd/network/"
			       "00-netd.network && networkctl reload",
			       buf_text(&t->names));
	f->yaml = "coexist: [networkd]";
}

static void tell_nm(const struct told *t, struct troubles *out)
{
	struct trouble *f = trouble_add(out, "networkmanager", t->certain);
	struct arena *a = out->arena;
	struct buf list CLEANUP(buf_free) = { 0 };
	const char *p = buf_text(&t->names);
	size_t n;

	for (; *p; p += n + (p[n] == ' ')) {
		n = strcspn(p, " ");
		buf_printf(&list, "interface-name:=%.*s;", (int)n, p);
	}
	f->what = "NetworkManager configures interfaces of netd's";
	f->where = strchr(t->file->o.name, ':') + 1;
	f->breaks = arena_printf(a, "addresses, routes and masters of %s",
				 buf_text(&t->names));
	f->cure = arena_printf(a, "printf '[keyfile]\\nunmanaged-devices+=%s"
			       "\\n' >/etc/NetworkManager/conf.d/netd.conf && "
			       "nmcli general reload", buf_text(&list));
	f->yaml = "coexist: [networkmanager]";
}

static void tell_all(struct told *v, uint32_t n, struct troubles *out,
		     void (*tell)(const struct told *t, struct troubles *out))
{
	uint32_t i;

	for (i = 0; i < n; i++) {
		tell(&v[i], out);
		buf_free(&v[i].names);
	}
	free(v);
}

void doctor_files(const struct state *wanted, const struct state *found,
		struct troubles *out)
{
	bool networkd = runs(found, "systemd-network");
	bool nm = runs(found, "NetworkManager");
	struct told *a = NULL, *b = NULL;
	const struct fact *file;
	uint32_t i, na = 0, nb = 0;
	enum truth sure = NO;

	for (i = 0; i < wanted->n; i++) {
		const struct link *l = (const struct link *)wanted->v[i];

		if (l->o.netns[0] || l->o.kind < KIND_BRIDGE ||
		    l->o.kind > KIND_LEG || !is_plain(l->o.name))
			continue;
		file = networkd ? networkd_file(found, l, &sure) : NULL;
		if (file && !is_unmanaged(file))
			note(&a, &na, file, l, sure == YES);
		file = nm ? nm_connection(found, l) : NULL;
		if (file && !nm_unmanaged(found, l))
			note(&b, &nb, file, l, true);
	}
	tell_all(a, na, out, tell_networkd);
	tell_all(b, nb, out, tell_nm);
}

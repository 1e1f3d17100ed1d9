// survey_conf.c - files by which other programs configure interfaces
// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/survey.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILES_MAX 1000
#define VALUE_MAX 8192

/*
 * "KEY=VALUE" lines of the sections and keys that decide which interfaces a
 * file is about: "Match.Name=nd-*".
 */
struct conf_format {
	const char *fact;	/* what their facts are called */
	const char *dirs[5];
	const char *suffix;
	const char *keys[12];	/* "Section.Key"; of Section all with `*` */
};

static const struct conf_format formats[] = {
	{ "networkd", { "/etc/systemd/network", "/run/systemd/network",
			"/usr/local/lib/systemd/network",
			"/usr/lib/systemd/network" }, ".network",
	  { "Match.*", "Link.Unmanaged", "Network.Bridge", "Network.DHCP",
	    "Network.Address" } },
	{ "nm-connection", { "/etc/NetworkManager/system-connections",
			     "/run/NetworkManager/system-connections",
			     "/usr/lib/NetworkManager/system-connections" }, "",
	  { "connection.interface-name", "connection.id", "connection.type",
	    "connection.master", "connection.controller" } },
	{ "sysctl-conf", { "/etc/sysctl.d", "/run/sysctl.d",
			   "/usr/lib/sysctl.d" }, ".conf",
	  { ".net.ipv4.ip_forward", ".net.ipv4.conf.all.forwarding",
	    ".net.ipv6.conf.all.forwarding" } },
	{ "nm-conf", { "/usr/lib/NetworkManager/conf.d",
		       "/run/NetworkManager/conf.d",
		       "/etc/NetworkManager/conf.d" }, ".conf",
	  { "keyfile.unmanaged-devices", "keyfile.unmanaged-devices+" } },
};

static bool is_wanted(const struct conf_format *f, const char *section,
		      const char *key)
{
	size_t i, n = strlen(section);

	for (i = 0; f->keys[i]; i++)
		if (!strncmp(f->keys[i], section, n) && f->keys[i][n] == '.' &&
		    (f->keys[i][n + 1] == '*' ||
		     !strcmp(f->keys[i] + n + 1, key)))
			return true;
	return false;
}

static char *trim(char *s)
{
	char *end = s + strlen(s);

	while (isspace((unsigned char)*s))
		s++;
	while (end > s && isspace((unsigned char)end[-1]))
		*--end = '\0';
	return s;
}

static void take_line(const struct conf_format *f, char *section, size_t room,
		      char *line, struct buf *out)
{
	char *s = trim(line), *eq;

	if (*s == '[') {
		snprintf(section, room, "%.*s", (int)strcspn(s + 1, "]"),
			 s + 1);
		return;
	}
	eq = strchr(s, '=');
	if (!eq || *s == '#' || *s == ';' || out->len > VALUE_MAX)
		return;
	*eq = '\0';
	s = trim(s);
	if (is_wanted(f, section, s))
		buf_printf(out, "%s.%s=%s\n", section, s, trim(eq + 1));
}

static void read_conf(const struct conf_format *f, const char *path,
		      struct state *found)
{
	struct buf text CLEANUP(buf_free) = { 0 };
	char line[1024], section[64] = "", name[600];
	FILE *file = fopen(path, "re");

	if (!file)
		return;
	while (fgets(line, sizeof(line), file))
		take_line(f, section, sizeof(section), line, &text);
	fclose(file);
	snprintf(name, sizeof(name), "%s:%s", f->fact, path);
	survey_add(found, name, buf_text(&text));
}

static bool has_suffix(const char *name, const char *suffix)
{
	size_t n = strlen(name), k = strlen(suffix);

	return *name != '.' && n > k && !strcmp(name + n - k, suffix);
}

static void read_dir(const struct conf_format *f, const char *path,
		     struct state *found)
{
	DIR *dir = opendir(path);
	struct dirent *d;
	char file[512];
	int n = 0;

	while (dir && n < FILES_MAX && (d = readdir(dir))) {
		if (!has_suffix(d->d_name, f->suffix))
			continue;
		n++;
		snprintf(file, sizeof(file), "%s/%s", path, d->d_name);
		read_conf(f, file, found);
	}
	if (dir)
		closedir(dir);
}

void survey_conf(struct state *found)
{
	size_t i, k;

	for (i = 0; i < sizeof(formats) / sizeof(*formats); i++)
		for (k = 0; formats[i].dirs[k]; k++)
			read_dir(&formats[i], formats[i].dirs[k], found);
}

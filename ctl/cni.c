// cni.c - netd-cni: containers on netd's networks, by the CNI
// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/cni.h"

const char *const cni_versions[] = {
	"0.3.0", "0.3.1", "0.4.0", "1.0.0", "1.1.0", NULL
};
#define NEWEST "1.1.0"

void cni_print(json_t *o)
{
	if (json_dumpf(o, stdout, JSON_COMPACT) || putchar('\n') == EOF ||
	    fflush(stdout))
		exit(CNI_IO);
	json_decref(o);
}

void cni_fail(const struct cni *c, int code, const char *details,
	      const char *fmt, ...)
{
	struct buf msg = { 0 };
	char text[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	buf_str(&msg, text);
	cni_print(json_pack("{s:s, s:i, s:s, s:s}",
			    "cniVersion", c->version ? c->version : NEWEST,
			    "code", code, "msg", buf_text(&msg),
			    "details", details ? details : ""));
	exit(1);
}

int cni_code(const struct answer *a)
{
	static const struct { int status, code; } codes[] = {
		{ 0, CNI_NO_DAEMON }, { 503, CNI_AGAIN }, { 404, CNI_CONFIG },
	};
	unsigned int i;

	for (i = 0; i < sizeof(codes) / sizeof(*codes); i++)
		if (codes[i].status == a->code)
			return codes[i].code;
	return CNI_REFUSED;
}

bool cni_since(const struct cni *c, const char *version)
{
	/* all parts have one digit, and all versions are known ones */
	return strcmp(c->version, version) >= 0;
}

static void version(struct cni *c)
{
	json_t *list = json_array(), *in;
	const char *asked = "";
	unsigned int i;

	/* whoever asks may say nothing, or what isn't JSON */
	if (!plug_input(&c->input)) {
		in = json_loadb(buf_text(&c->input), c->input.len, 0, NULL);
		asked = plug_str(in, "cniVersion");
	}
	for (i = 0; cni_versions[i]; i++)
		json_array_append_new(list, json_string(cni_versions[i]));
	cni_print(json_pack("{s:s, s:o}", "cniVersion",
			    *asked ? asked : NEWEST, "supportedVersions",
			    list));
}

/* What runs when nobody's engine does. */
static int about(void)
{
	fputs("netd-cni " PACKAGE_VERSION ": a CNI plugin (versions 0.3.0 to "
	      NEWEST "), started by container engines;\nsee netd-cni(8)\n",
	      stderr);
	return 64;
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*run)(struct cni *c);
		const char *since;
	} commands[] = {
		{ "ADD", cni_add, "0.3.0" }, { "DEL", cni_del, "0.3.0" },
		{ "CHECK", cni_check, "0.4.0" }, { "GC", cni_gc, "1.1.0" },
		{ "STATUS", cni_status, "1.1.0" },
	};
	struct cni c = { .command = getenv("CNI_COMMAND") };
	unsigned int i;

	if (!c.command)
		return about();
	if (!strcmp(c.command, "VERSION")) {
		version(&c);
		return 0;
	}
	cni_read(&c);
	for (i = 0; i < sizeof(commands) / sizeof(*commands); i++)
		if (!strcmp(commands[i].name, c.command))
			break;
	if (i == sizeof(commands) / sizeof(*commands))
		cni_fail(&c, CNI_ENV, NULL, "unknown CNI_COMMAND: %s",
			 c.command);
	if (!cni_since(&c, commands[i].since))
		cni_fail(&c, CNI_VERSION, NULL, "config version \"%s\" has no "
			 "%s: it came with %s", c.version, c.command,
			 commands[i].since);
	commands[i].run(&c);
	return 0;
}

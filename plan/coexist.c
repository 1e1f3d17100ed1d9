// coexist.c - the table of places where other programs let ours through
// SPDX-License-Identifier: GPL-2.0-or-later
#include "netd/coexist.h"

#include <stdio.h>
#include <string.h>

#define RULES(p, f, t, v, c, i, o) \
	{ .program = p, .family = f, .table = t, .via = v, .chain = c, \
	  .in = i, .out = o }

#define LIBVIRT(f, t, v, c) \
	{ .program = "libvirt", .family = f, .table = t, .via = v, \
	  .chain = c, .in = true, .out = true, .first = true }
#define UFW(f, x, way, o) \
	{ .program = "ufw", .family = f, .table = "filter", \
	  .via = "ufw" x "-before-" way, .chain = "ufw" x "-user-" way, \
	  .sign = "ufw" x "-skip-to-policy-" way, .in = true, .out = o }

const struct coexist_place coexist_places[] = {
	RULES("docker", "ip", "filter", "FORWARD", "DOCKER-USER", true, true),
	RULES("docker", "ip6", "filter", "FORWARD", "DOCKER-USER", true, true),
	UFW("ip", "", "forward", true), UFW("ip", "", "input", false),
	UFW("ip6", "6", "forward", true), UFW("ip6", "6", "input", false),
	/* it refuses what is between others and its own networks */
	LIBVIRT("ip", "filter", "FORWARD", "LIBVIRT_FWI"),
	LIBVIRT("ip", "filter", "FORWARD", "LIBVIRT_FWO"),
	LIBVIRT("ip6", "filter", "FORWARD", "LIBVIRT_FWI"),
	LIBVIRT("ip6", "filter", "FORWARD", "LIBVIRT_FWO"),
	LIBVIRT("ip", "libvirt_network", "forward", "guest_input"),
	LIBVIRT("ip", "libvirt_network", "forward", "guest_output"),
	LIBVIRT("ip6", "libvirt_network", "forward", "guest_input"),
	LIBVIRT("ip6", "libvirt_network", "forward", "guest_output"),
	/* a zone says where what comes from ours may go; that of the outside
	 * knows nothing of what may come to ours */
	{ .program = "firewalld", .family = "inet", .table = "firewalld",
	  .chain = "filter_INPUT_ZONES", .in = true, .zone = "trusted" },
	RULES("firewalld", "inet", "firewalld", NULL, "filter_FORWARD", false,
	      true),
};

const size_t coexist_count = sizeof(coexist_places) / sizeof(*coexist_places);

/* The length of "FAMILY TABLE CHAIN" when NAME begins with that; or 0. */
static size_t begins(const struct coexist_place *p, const char *name)
{
	char text[96];
	size_t n = snprintf(text, sizeof(text), "%s %s %s", p->family,
			    p->table, p->chain);

	return !strncmp(name, text, n) && (!name[n] || name[n] == ' ') ? n : 0;
}

const struct coexist_place *coexist_place(const char *name)
{
	size_t i;

	for (i = 0; i < coexist_count; i++)
		if (begins(&coexist_places[i], name))
			return &coexist_places[i];
	return NULL;
}

bool coexist_has(const char *table, const char *chain, bool first)
{
	size_t i;

	for (i = 0; i < coexist_count; i++)
		if (!strcmp(coexist_places[i].table, table) &&
		    (!first || coexist_places[i].first) &&
		    (!chain || !strcmp(coexist_places[i].chain, chain)))
			return true;
	return false;
}

const struct coexist_place *coexist_split(const char *name, char dev[16],
					  bool *in)
{
	const struct coexist_place *p = coexist_place(name);
	const char *s;
	size_t n;

	*in = false;
	if (!p)
		return NULL;
	s = name + begins(p, name);
	*in = !strncmp(s, " iifname \"", 10);
	if (!*in && strncmp(s, " oifname \"", 10))
		return NULL;
	n = strcspn(s + 10, "\"");
	if (!n || n > 15 || s[10 + n] != '"')
		return NULL;
	memcpy(dev, s + 10, n);
	dev[n] = '\0';
	return p;
}

// coexist.c - the table of places where other programs let ours through
// SPDX-License-Identifier: GPL-2.0-or-later
#include "netd/coexist.h"

#include <stdio.h>
#include <string.h>

#define RULES(p, f, t, c, i, o) \
	{ .program = p, .family = f, .table = t, .chain = c, .in = i, .out = o }

const struct coexist_place coexist_places[] = {
	RULES("docker", "ip", "filter", "DOCKER-USER", true, true),
	RULES("docker", "ip6", "filter", "DOCKER-USER", true, true),
	RULES("ufw", "ip", "filter", "ufw-user-forward", true, true),
	RULES("ufw", "ip", "filter", "ufw-user-input", true, false),
	RULES("ufw", "ip6", "filter", "ufw6-user-forward", true, true),
	RULES("ufw", "ip6", "filter", "ufw6-user-input", true, false),
	/* it refuses what is between others and its own networks */
	RULES("libvirt", "ip", "filter", "LIBVIRT_FWI", true, true),
	RULES("libvirt", "ip", "filter", "LIBVIRT_FWO", true, true),
	RULES("libvirt", "ip6", "filter", "LIBVIRT_FWI", true, true),
	RULES("libvirt", "ip6", "filter", "LIBVIRT_FWO", true, true),
	RULES("libvirt", "ip", "libvirt_network", "guest_input", true, true),
	RULES("libvirt", "ip", "libvirt_network", "guest_output", true, true),
	RULES("libvirt", "ip6", "libvirt_network", "guest_input", true, true),
	RULES("libvirt", "ip6", "libvirt_network", "guest_output", true, true),
	/* a zone says where what comes from ours may go; that of the outside
	 * knows nothing of what may come to ours */
	{ .program = "firewalld", .family = "inet", .table = "firewalld",
	  .chain = "filter_INPUT_ZONES", .in = true, .zone = "trusted" },
	RULES("firewalld", "inet", "firewalld", "filter_FORWARD", false, true),
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

bool coexist_has(const char *table, const char *chain)
{
	size_t i;

	for (i = 0; i < coexist_count; i++)
		if (!strcmp(coexist_places[i].table, table) &&
		    (!chain || !strcmp(coexist_places[i].chain, chain)))
			return true;
	return false;
}

const struct coexist_place *coexist_split(const char *name, char dev[16],
					  bool *in)
{
	const struct coexist_place *p = coexist_place(name);
	const char *s = p ? name + begins(p, name) : "";
	size_t n;

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

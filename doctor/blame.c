// blame.c - whose rule drops traffic of ours, and what cures it
// SPDX-License-Identifier: GPL-2.0-or-later
#include "doctor/doctor.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TOLD_MAX 12		/* flows that are written out */

/* Where it is: its parts, and the interfaces of ours it is about. */
struct place {
	const struct state *wanted, *found;
	const struct blame *b;
	struct arena *arena;
	char family[16], table[80], chain[80], handle[24];
	const char **in, **out;		/* interfaces of ours */
	uint32_t nin, nout;
	bool input;		/* some of it is for the host itself */
};

/* --- whose it is ------------------------------------------------------------- */

static bool begins(const char *s, const char *with)
{
	return !strncmp(s, with, strlen(with));
}

static bool has_chain(const struct place *p, const char *chain)
{
	struct buf b CLEANUP(buf_free) = { 0 };

	buf_printf(&b, "chain:%s %s %s", p->family, p->table, chain);
	return fact_value(p->found, buf_text(&b));
}

static bool is_firewalld(const struct place *p)
{
	return !strcmp(p->table, "firewalld");
}

static bool is_libvirt(const struct place *p)
{
	return begins(p->chain, "LIBVIRT_") ||
	       !strcmp(p->table, "libvirt_network");
}

static bool is_docker(const struct place *p)
{
	return begins(p->chain, "DOCKER") ||
	       (!strcmp(p->chain, "FORWARD") && !p->handle[0] &&
		has_chain(p, "DOCKER-USER"));
}

static bool is_ufw(const struct place *p)
{
	return begins(p->chain, "ufw") ||
	       (!p->handle[0] && (has_chain(p, "ufw-user-forward") ||
				  has_chain(p, "ufw6-user-forward")));
}

/* --- cures --------------------------------------------------------------------- */

static void join(struct buf *b)
{
	buf_str(b, b->len ? " && " : "");
}

static const char *iptables(const struct place *p)
{
	return !strcmp(p->family, "ip6") ? "ip6tables" :
	       !strcmp(p->family, "legacy") ? "iptables-legacy" : "iptables";
}

/* Is the table one that iptables knows? */
static bool is_xtables(const struct place *p)
{
	return !strcmp(p->family, "legacy") ||
	       (strcmp(p->table, "filter") == 0 &&
		(!strcmp(p->family, "ip") || !strcmp(p->family, "ip6")));
}

/* Accepts at the head of a chain what comes from or goes to ours. */
static void accept_in(const struct place *p, const char *chain, struct buf *b)
{
	uint32_t i;

	for (i = 0; i < p->nin + p->nout; i++) {
		bool in = i < p->nin;
		const char *dev = in ? p->in[i] : p->out[i - p->nin];

		join(b);
		if (is_xtables(p))
			buf_printf(b, "%s -I %s -%c %s -j ACCEPT", iptables(p),
				   chain, in ? 'i' : 'o', dev);
		else
			buf_printf(b, "nft insert rule %s %s %s %cifname "
				   "'\"%s\"' accept", p->family, p->table,
				   chain, in ? 'i' : 'o', dev);
	}
}

static void cure_here(const struct place *p, struct buf *b)
{
	accept_in(p, p->chain, b);
}

static void cure_docker(const struct place *p, struct buf *b)
{
	accept_in(p, has_chain(p, "DOCKER-USER") ? "DOCKER-USER" : p->chain,
		  b);
}

/* The zone lets what comes from ours go where it wants; netd's own rules
 * decide.  What comes to ours is the other zone's. */
static void cure_firewalld(const struct place *p, struct buf *b)
{
	uint32_t i;

	for (i = 0; i < p->nin; i++) {
		join(b);
		buf_printf(b, "firewall-cmd --zone=trusted --add-interface=%s",
			   p->in[i]);
	}
	if (!p->nin)
		cure_here(p, b);
}

static void cure_ufw(const struct place *p, struct buf *b)
{
	uint32_t i;

	for (i = 0; i < p->nin; i++) {
		join(b);
		buf_printf(b, p->input ? "ufw allow in on %s" :
			   "ufw route allow in on %s", p->in[i]);
	}
	for (i = 0; i < p->nout; i++) {
		join(b);
		buf_printf(b, "ufw route allow out on %s", p->out[i]);
	}
}

static const struct {
	const char *id, *who;
	bool (*is)(const struct place *p);
	void (*cure)(const struct place *p, struct buf *b);
	const char *yaml;
} owners[] = {
	{ "firewalld", "firewalld", is_firewalld, cure_firewalld,
	  "coexist: [firewalld]" },
	{ "libvirt", "libvirt", is_libvirt, cure_here, "coexist: [libvirt]" },
	{ "docker", "Docker", is_docker, cure_docker, "coexist: [docker]" },
	{ "ufw", "ufw", is_ufw, cure_ufw, "coexist: [ufw]" },
};

/* --- what it breaks --------------------------------------------------------------- */

static void add_name(struct place *p, const char ***list, uint32_t *n,
		     const char *dev)
{
	uint32_t i;

	if (!dev || !our_link(p->wanted, dev) || !is_plain(dev))
		return;
	for (i = 0; i < *n; i++)
		if (!strcmp((*list)[i], dev))
			return;
	*list = realloc(*list, (*n + 1) * sizeof(**list));
	if (!*list)
		abort();
	(*list)[(*n)++] = dev;
}

static void print_flow(const struct flow *f, struct buf *b)
{
	const char *family = f->six ? "IPv6" : "IPv4";

	if (f->frames)
		buf_printf(b, "frames within %s", f->iif);
	else if (f->forward)
		buf_printf(b, "forwards from %s to port %u in %s (%s)",
			   f->iif, f->port, f->oif, family);
	else if (f->port && f->iif)
		buf_printf(b, "%s/%u from %s to this host (%s)",
			   f->proto == 6 ? "tcp" : "udp", f->port, f->iif,
			   family);
	else if (f->port)
		buf_printf(b, "answers of %s/%u to %s (%s)",
			   f->proto == 6 ? "tcp" : "udp", f->port, f->oif,
			   family);
	else if (!strcmp(f->iif, f->oif))
		buf_printf(b, "%s within %s", family, f->iif);
	else
		buf_printf(b, "%s%s from %s to %s", f->reply ? "replies, " :
			   "", family, f->iif, f->oif);
}

static const char *breaks(struct place *p)
{
	struct buf b CLEANUP(buf_free) = { 0 };
	uint32_t i;

	for (i = 0; i < p->b->n && i < TOLD_MAX; i++) {
		buf_str(&b, i ? "; " : "");
		print_flow(p->b->flows[i], &b);
	}
	if (i < p->b->n)
		buf_printf(&b, "; and %u more", p->b->n - i);
	return arena_strdup(p->arena, buf_text(&b));
}

/* An interface of ours is named once: by where its traffic comes from, or,
 * when it comes from others only, by where it goes. */
static void names(struct place *p)
{
	uint32_t i;

	for (i = 0; i < p->b->n; i++) {
		const struct flow *f = p->b->flows[i];

		if (f->iif && our_link(p->wanted, f->iif))
			add_name(p, &p->in, &p->nin, f->iif);
		else
			add_name(p, &p->out, &p->nout, f->oif);
		p->input |= f->iif && !f->oif;
	}
}

static void split(struct place *p)
{
	const struct culprit *by = &p->b->by;

	chain_part(by->chain, 0, p->family, sizeof(p->family));
	chain_part(by->chain, 1, p->table, sizeof(p->table));
	chain_part(by->chain, 2, p->chain, sizeof(p->chain));
	if (by->handle)
		snprintf(p->handle, sizeof(p->handle), "%.*s",
			 (int)strcspn(by->handle, " \n"), by->handle);
}

static const char *where(struct place *p)
{
	bool legacy = !strcmp(p->family, "legacy");
	const char *family = legacy ? "iptables-legacy" : p->family;
	const char *line = p->b->by.handle;

	if (!line)
		return arena_printf(p->arena, "%s %s %s: policy drop", family,
				    p->table, p->chain);
	return arena_printf(p->arena, "%s %s %s, %s %s: %.*s", family,
			    p->table, p->chain, legacy ? "rule" : "handle",
			    p->handle, (int)strcspn(line + strlen(p->handle),
						    "\n") - 1,
			    line + strlen(p->handle) + 1);
}

void blame_tell(const struct state *wanted, const struct state *found,
		const struct blame *b, struct troubles *out)
{
	struct place p = { .wanted = wanted, .found = found, .b = b,
			   .arena = out->arena };
	struct trouble *f;
	struct buf cure CLEANUP(buf_free) = { 0 };
	const char *who = "Another table", *id = "rules", *yaml = "";
	void (*fn)(const struct place *p, struct buf *b) = cure_here;
	size_t i;

	split(&p);
	names(&p);
	for (i = 0; i < sizeof(owners) / sizeof(*owners); i++) {
		if (!owners[i].is(&p))
			continue;
		who = owners[i].who;
		id = owners[i].id;
		fn = owners[i].cure;
		/* that of the older program is not netd's to write */
		yaml = strcmp(p.family, "legacy") ? owners[i].yaml : "";
		break;
	}
	if (is_plain(p.table) && is_plain(p.chain))
		fn(&p, &cure);
	f = trouble_add(out, id, b->by.certain);
	f->what = arena_printf(out->arena, "%s %s traffic of netd's networks",
			       who, b->by.certain ? "drops" : "may drop");
	f->where = where(&p);
	f->breaks = breaks(&p);
	f->cure = arena_strdup(out->arena, buf_text(&cure));
	f->yaml = yaml;
	free(p.in);
	free(p.out);
}

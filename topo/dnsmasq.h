// dnsmasq.h - what dnsmasq is told of a network, as text
// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef TOPO_DNSMASQ_H
#define TOPO_DNSMASQ_H

#include "topo/topo.h"

/*
 * See dnsmasq(8).  Whatever is printed here was read by a type that allows no
 * comma, no line end and no quote, or was checked by check_service.c.
 */

struct service_conf {
	const struct topology *t;
	const struct network *w;
	unsigned int what;	/* SERVE_* */
	const char *netns, *ifname;
	const char *run_dir, *state_dir;
	const char *base;	/* "dnsmasq/campus.web", below run_dir */
	const char *domain;
	const char *resolvers;	/* the host's, "192.0.2.53 127.0.0.53" */
	const char *user;	/* who it runs as */
	uint32_t mtu;
};

/* Somebody in the network whose addresses are known. */
struct guest {
	const char *name;
	struct mac mac;		/* zero: not known */
	struct list ips;	/* struct prefix */
	bool named6;		/* its name means its IPv6 addresses too */
};

/* The main file: what can't be read again without a restart. */
void dnsmasq_conf(const struct service_conf *c, struct buf *out);
/* Those that can: options, name servers, names. */
void dnsmasq_options(const struct service_conf *c, struct buf *out);
void dnsmasq_servers(const struct service_conf *c, struct buf *out);
void dnsmasq_records(const struct service_conf *c, struct buf *out);
void dnsmasq_reservations(const struct service_conf *c, struct buf *out);
/* A line of dhcp-hostsfile, and lines of a hosts(5) file. */
void dnsmasq_host(const struct guest *g, unsigned int what, struct buf *out);
void dnsmasq_name(const struct guest *g, struct buf *out);

/* Who is asked by `relay:`, in that family, or family 0. */
struct ip relay_ip(const struct topology *t, const struct dhcp *d,
		   uint8_t family);
/* Does a record's value say addresses?  Else it is another name. */
bool record_is_address(const char *value);
/* The next address of the value at *P; false at its end. */
bool record_next(const char **p, struct ip *ip);

#endif

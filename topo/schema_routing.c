// schema_routing.c - the types of values of routing protocols, and of pods
// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <string.h>

#include "topo/schema.h"

/* Of either family; what is written with a length is that one address. */
static int read_loopback(const struct field *f, const char *text, void *v,
			 struct arena *a, struct buf *why)
{
	struct addrspec *s = v;
	uint8_t full;

	s->how = !strcmp(text, "auto") ? ADDR_AUTO :
		 !strcmp(text, "none") ? ADDR_NONE : ADDR_FIXED;
	if (s->how != ADDR_FIXED)
		return 0;
	if (prefix_read(text, &s->p))
		return -EINVAL;
	full = ip_bytes(&s->p.ip) * 8;
	if (s->p.len != full) {
		buf_printf(why, "a loopback address has the length /%u", full);
		return -EINVAL;
	}
	return 0;
}

static void print_loopback(const struct field *f, const void *v,
			   struct buf *out)
{
	type_addr4.print(f, v, out);
}

/* How many there are, from 1. */
static int read_pods(const struct field *f, const char *text, void *v,
		     struct arena *a, struct buf *why)
{
	struct ports *p = v;

	if (field_ports.read(f, text, v, a, why))
		return -EINVAL;
	if (p->lo == p->hi)
		p->lo = 1;
	return 0;
}

static void print_pods(const struct field *f, const void *v, struct buf *out)
{
	field_ports.print(f, v, out);
}

static int read_router_id(const struct field *f, const char *text, void *v,
			  struct arena *a, struct buf *why)
{
	struct ip *ip = v;

	memset(ip, 0, sizeof(*ip));
	if (!strcmp(text, "auto"))
		return 0;
	return ip_read(text, ip) || ip->family != 4 ? -EINVAL : 0;
}

static void print_router_id(const struct field *f, const void *v,
			    struct buf *out)
{
	if (((const struct ip *)v)->family)
		field_ip.print(f, v, out);
	else
		buf_str(out, "auto");
}

/* A number or its spelling as an address: 1 is 0.0.0.1 (RFC 2328, C.2). */
static int read_area(const struct field *f, const char *text, void *v,
		     struct arena *a, struct buf *why)
{
	struct ip ip;

	if (ip_read(text, &ip))
		return field_u32.read(f, text, v, a, why);
	if (ip.family != 4)
		return -EINVAL;
	*(uint32_t *)v = (uint32_t)ip.b[0] << 24 | ip.b[1] << 16 |
			 ip.b[2] << 8 | ip.b[3];
	return 0;
}

static void print_area(const struct field *f, const void *v, struct buf *out)
{
	buf_printf(out, "%u", *(const uint32_t *)v);
}

#define FIXED(what, c, r, p) { what, SHAPE_FIXED, sizeof(c), r, p }

const struct field_type type_loopback =
	FIXED("an address like 10.255.0.1, auto or none", struct addrspec,
	      read_loopback, print_loopback);
const struct field_type type_pods =
	FIXED("how many, like 20, or a list like [3-6, 9]", struct ports,
	      read_pods, print_pods);
const struct field_type type_router_id =
	FIXED("an IPv4 address like 10.255.0.1, or auto", struct ip,
	      read_router_id, print_router_id);
const struct field_type type_area =
	FIXED("an area: its number, or an address like 0.0.0.1", uint32_t,
	      read_area, print_area);

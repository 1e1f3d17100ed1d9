// schema_short.c - the short spellings of maps
// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <string.h>

#include "topo/schema.h"

struct list list_one(struct arena *a, const void *item, size_t size)
{
	return (struct list){ .items = arena_memdup(a, item, size), .n = 1 };
}

static int read_bool(const char *text, bool *v)
{
	if (strcmp(text, "true") && strcmp(text, "false"))
		return -EINVAL;
	*v = *text == 't';
	return 0;
}

int short_stp(const char *text, void *rec, struct arena *a, struct buf *why)
{
	return read_bool(text, &((struct stp *)rec)->on);
}

int short_dhcp(const char *text, void *rec, struct arena *a, struct buf *why)
{
	return read_bool(text, &((struct dhcp *)rec)->on);
}

int short_dns(const char *text, void *rec, struct arena *a, struct buf *why)
{
	return read_bool(text, &((struct dns *)rec)->on);
}

int short_ra(const char *text, void *rec, struct arena *a, struct buf *why)
{
	struct ra *ra = rec;

	ra->slaac = true;
	return read_bool(text, &ra->on);
}

int short_forwarder(const char *text, void *rec, struct arena *a,
		    struct buf *why)
{
	return field_ip.read(NULL, text, &((struct forwarder *)rec)->to, a,
			     why);
}

int short_guards(const char *text, void *rec, struct arena *a,
		 struct buf *why)
{
	struct guards *g = rec;
	bool on;

	if (read_bool(text, &on))
		return -EINVAL;
	g->mac = g->ip = g->arp = g->nd = g->ra_guard = g->dhcp_guard = on;
	return 0;
}

int short_allowed(const char *text, void *rec, struct arena *a,
		  struct buf *why)
{
	struct allowed *w = rec;

	return field_net.read(NULL, text, &w->address, a, why);
}

/* RATE or RATE/BURST */
int short_limit(const char *text, void *rec, struct arena *a, struct buf *why)
{
	const struct field *rate = &rec_limit.fields[0];
	const struct field *burst = &rec_limit.fields[1];
	const char *slash = strchr(text, '/');

	if (!slash)
		return field_read(rate, text, rec, a, why);
	if (field_read(rate, arena_strndup(a, text, slash - text), rec, a,
		       why))
		return -EINVAL;
	return field_read(burst, slash + 1, rec, a, why);
}

int short_leg(const char *text, void *rec, struct arena *a, struct buf *why)
{
	struct leg_spec *l = rec;

	l->network.pos = l->n.pos;
	return type_named.read(NULL, text, &l->network, a, why);
}

/* NAME or NAME:IFNAME */
int short_end(const char *text, void *rec, struct arena *a, struct buf *why)
{
	struct leg_spec *l = rec;
	const char *colon = strchr(text, ':');

	if (!colon)
		return short_leg(text, rec, a, why);
	if (short_leg(arena_strndup(a, text, colon - text), rec, a, why))
		return -EINVAL;
	return field_ifname.read(NULL, colon + 1, &l->ifname, a, why);
}

/* Where it splits, only those names tell: topo_resolve(). */
int short_link(const char *text, void *rec, struct arena *a, struct buf *why)
{
	static const char chars[] = "0123456789-_abcdefghijklmnopqrstuvwxyz"
				    "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
	struct tlink *l = rec;
	size_t len = strlen(text);

	if (strspn(text, chars) != len || len > 127 || *text == '-' ||
	    !strchr(text, '-') || !text[1] || text[len - 1] == '-')
		return -EINVAL;
	l->shorthand = arena_strdup(a, text);
	if (!l->n.name)
		l->n.name = l->shorthand;
	return 0;
}

/* --- [LISTEN:]PORT:TARGET[:PORT][/PROTOCOL[+PROTOCOL]] ---------------- */

/* Cuts "/tcp+udp" off TEXT. */
static int protocols(char *text, struct forward *w, struct arena *a,
		     struct buf *why)
{
	char *slash = strrchr(text, '/'), *word, *at;
	uint8_t v[4];
	uint32_t n = 0;
	int number;

	if (!slash)
		return 0;
	*slash = '\0';
	at = slash + 1;
	while (n < sizeof(v) && (word = strsep(&at, "+"))) {
		number = protocol_number(word);
		if (number < 0) {
			buf_printf(why, "%s is no protocol", word);
			return -EINVAL;
		}
		v[n++] = number;
	}
	w->protocol = (struct list){ arena_memdup(a, v, sizeof(v)), n };
	return at ? -EINVAL : 0;
}

/* Cuts what is before the next colon off *P; [brackets] go round IPv6. */
static char *part(char **p)
{
	char *s = *p, *end;

	if (!s)
		return NULL;
	if (*s == '[') {
		end = strchr(s, ']');
		if (!end || (end[1] && end[1] != ':'))
			return NULL;
		*end = '\0';
		*p = end[1] ? end + 2 : NULL;
		return s + 1;
	}
	end = strchr(s, ':');
	*p = end ? end + 1 : NULL;
	if (end)
		*end = '\0';
	return s;
}

/* All parts of P, at most MAX: how many, or -EINVAL. */
static int parts(char *p, char **v, int max)
{
	int n;

	for (n = 0; n < max && p; n++) {
		v[n] = part(&p);
		if (!v[n])
			return -EINVAL;
	}
	return p ? -EINVAL : n;
}

static int forward_parts(char *v[4], unsigned int n, struct forward *w,
			 struct arena *a, struct buf *why)
{
	unsigned int i = 0;

	if (n == 4 || (n == 3 && strpbrk(v[0], ".:"))) {
		if (ip_read(v[0], &w->listen)) {
			buf_printf(why, "%s is no address to listen on", v[0]);
			return -EINVAL;
		}
		i = 1;
	}
	if (n - i < 2 || field_ports.read(NULL, v[i], &w->port, a, why) ||
	    type_ref.read(NULL, v[i + 1], &w->target, a, why))
		return -EINVAL;
	if (n - i == 2)
		return 0;
	return field_ports.read(NULL, v[i + 2], &w->target_port, a, why);
}

int short_forward(const char *text, void *rec, struct arena *a,
		  struct buf *why)
{
	struct forward *w = rec;
	char *v[4], *p = arena_strdup(a, text);
	int n;

	if (protocols(p, w, a, why))
		return -EINVAL;
	n = parts(p, v, 4);
	w->target.pos = w->n.pos;
	return n < 2 ? -EINVAL : forward_parts(v, n, w, a, why);
}

/* [LISTEN:]PORT[:PORT][/PROTOCOL[+PROTOCOL]]: the target is the attachment */
int short_publish(const char *text, void *rec, struct arena *a,
		  struct buf *why)
{
	struct forward *w = rec;
	char *v[3], *p = arena_strdup(a, text);
	int n, i = 0;

	if (protocols(p, w, a, why))
		return -EINVAL;
	n = parts(p, v, 3);
	if (n == 3 || (n == 2 && strpbrk(v[0], ".:"))) {
		if (ip_read(v[0], &w->listen)) {
			buf_printf(why, "%s is no address to listen on", v[0]);
			return -EINVAL;
		}
		i = 1;
	}
	if (n - i < 1 || field_ports.read(NULL, v[i], &w->port, a, why))
		return -EINVAL;
	if (n - i == 1)
		return 0;
	return field_ports.read(NULL, v[i + 1], &w->target_port, a, why);
}

// lab_ask.c - one try of a check, in the namespace of who asks
// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include "ctl/lab.h"

static bool is(const json_t *o, const char *key, const char *value)
{
	return !strcmp(str(o, key), value);
}

static uint32_t num(const json_t *o, const char *key)
{
	return json_integer_value(json_object_get(o, key));
}

static bool has_family(const json_t *place, uint8_t family)
{
	struct ip ip;
	json_t *v;
	size_t i;

	json_array_foreach(json_object_get(place, "addresses"), i, v)
		if (!ip_read(json_string_value(v), &ip) &&
		    ip.family == family)
			return true;
	return false;
}

/* --- to ---------------------------------------------------------------- */

/* true when an address of that family answers. */
static bool any_answers(const json_t *check, const json_t *to, uint8_t family,
			struct buf *why)
{
	struct buf last = { 0 };
	struct ip ip;
	bool ok = false;
	char text[46];
	json_t *v;
	size_t i;

	json_array_foreach(json_object_get(to, "addresses"), i, v) {
		if (ip_read(json_string_value(v), &ip) || ip.family != family)
			continue;
		buf_reset(&last);
		buf_printf(&last, "%s (%s): ", str(to, "name"),
			   ip_text(&ip, text));
		ok = probe_by(str(check, "protocol"), &ip, num(check, "port"),
			      &last);
		if (ok)
			break;
	}
	buf_printf(why, "%s%s", why->len ? "; " : "", buf_text(&last));
	buf_free(&last);
	return ok;
}

/* In every family that both ends have; then how many that are. */
static bool reaches(const json_t *check, const json_t *from, const json_t *to,
		    bool want, struct buf *why)
{
	static const uint8_t families[] = { 4, 6 };
	unsigned int i, n = 0;

	for (i = 0; i < 2; i++) {
		if (!has_family(from, families[i]) ||
		    !has_family(to, families[i]))
			continue;
		n++;
		if (any_answers(check, to, families[i], why) != want)
			return false;
	}
	if (!n)
		buf_printf(why, "%s and %s have no family of addresses in "
			   "common", str(from, "name"), str(to, "name"));
	return n;
}

/* What is cut off reaches nothing: that is no merit. */
static bool reaches_gateway(const json_t *from, struct buf *why)
{
	const json_t *list = json_object_get(from, "gateways");
	struct buf ignored = { 0 };
	bool ok = false;
	struct ip ip;
	json_t *v;
	size_t i;

	json_array_foreach(list, i, v)
		if (!ip_read(json_string_value(v), &ip) &&
		    (ok = probe_icmp(&ip, &ignored)))
			break;
	buf_free(&ignored);
	if (!json_array_size(list))
		buf_printf(why, "%s has no gateway, so that what it can't "
			   "reach proves nothing", str(from, "name"));
	else if (!ok)
		buf_printf(why, "%s does not reach its own gateway",
			   str(from, "name"));
	return ok;
}

static bool try_to(const json_t *check, const json_t *from, struct buf *why)
{
	bool want = is(check, "expect", "reachable");
	json_t *to;
	size_t i;

	if (!want && !reaches_gateway(from, why))
		return false;
	json_array_foreach(json_object_get(check, "to"), i, to) {
		/* all copies, but not oneself */
		if (is(to, "name", str(from, "name")))
			continue;
		buf_reset(why);
		if (!reaches(check, from, to, want, why))
			return false;
	}
	return true;
}

/* --- path --------------------------------------------------------------- */

struct walk {
	const json_t *path;	/* routers, in order */
	size_t next;		/* the one that is looked for */
	struct buf *seen;
};

static void on_hop(void *arg, const struct ip *router)
{
	struct walk *w = arg;
	const json_t *place = json_array_get(w->path, w->next), *v;
	char text[46];
	struct ip ip;
	size_t i;

	buf_printf(w->seen, "%s%s", w->seen->len ? ", " : "",
		   ip_text(router, text));
	json_array_foreach(json_object_get(place, "addresses"), i, v)
		if (!ip_read(json_string_value(v), &ip) &&
		    !ip_cmp(&ip, router)) {
			w->next++;
			return;
		}
}

static bool walks(const json_t *check, const struct ip *ip, struct buf *why)
{
	struct buf seen = { 0 };
	struct walk w = { json_object_get(check, "path"), 0, &seen };
	char text[46];
	bool ok;

	probe_path(ip, on_hop, &w);
	ok = w.next == json_array_size(w.path);
	buf_reset(why);
	buf_printf(why, "the way to %s is %s", ip_text(ip, text),
		   seen.len ? buf_text(&seen) : "not known");
	if (!ok)
		buf_printf(why, ": not by %s",
			   str(json_array_get(w.path, w.next), "name"));
	buf_free(&seen);
	return ok;
}

/* To the first address of each family that both have. */
static bool try_path(const json_t *check, const json_t *from, struct buf *why)
{
	bool done[7] = { false }, ok = true;
	json_t *to, *v;
	size_t i, k;
	struct ip ip;

	json_array_foreach(json_object_get(check, "to"), i, to)
		json_array_foreach(json_object_get(to, "addresses"), k, v) {
			if (ip_read(json_string_value(v), &ip) ||
			    done[ip.family] || !has_family(from, ip.family))
				continue;
			done[ip.family] = true;
			ok = ok && walks(check, &ip, why);
		}
	return ok && (done[4] || done[6]);
}

/* --- neighbour ---------------------------------------------------------- */

static bool is_address_of(const json_t *places, const char *text)
{
	struct ip ip, own;
	json_t *p, *v;
	size_t i, k;

	if (ip_read(text, &ip))
		return false;
	json_array_foreach(places, i, p)
		json_array_foreach(json_object_get(p, "addresses"), k, v)
			if (!ip_read(json_string_value(v), &own) &&
			    !ip_cmp(&ip, &own))
				return true;
	return false;
}

static bool is_up(const json_t *session)
{
	static const char *const keys[] = { "nbrState", "state", NULL };
	const char *s;
	unsigned int i;

	for (i = 0; keys[i]; i++) {
		s = str(session, keys[i]);
		if (!strncmp(s, "Full", 4) || !strcmp(s, "Established"))
			return true;
	}
	return false;
}

/* In what FRR tells: a session with KEY or `address` of the neighbour's. */
static bool find_session(const json_t *o, const char *key, const json_t *to,
			 bool *known)
{
	const char *k, *address = str(o, "ifaceAddress");
	bool up = false;
	json_t *v;
	size_t i;

	if (!address[0])
		address = str(o, "address");
	if (json_is_object(o) && (is_address_of(to, key) ||
				  is_address_of(to, address))) {
		*known |= str(o, "state")[0] || str(o, "nbrState")[0];
		up = is_up(o);
	}
	json_object_foreach((json_t *)o, k, v)
		up = up || find_session(v, k, to, known);
	json_array_foreach(o, i, v)
		up = up || find_session(v, key, to, known);
	return up;
}

static bool try_neighbor(const json_t *check, const json_t *from,
			 struct buf *why)
{
	static char *const ospf[] = { "vtysh", "-c",
		"show ip ospf neighbor json", NULL };
	static char *const bgp[] = { "vtysh", "-c",
		"show bgp summary json", NULL };
	const json_t *to = json_object_get(check, "to");
	const char *name = str(json_array_get(to, 0), "name");
	struct buf out = { 0 };
	bool known = false, up = false;
	json_t *o;
	int rc;

	rc = probe_output(is(check, "protocol", "bgp") ? bgp : ospf, &out);
	o = json_loads(buf_text(&out), JSON_DISABLE_EOF_CHECK, NULL);
	if (o)
		up = find_session(o, "", to, &known);
	if (!o)
		buf_printf(why, "%s doesn't tell its neighbours%s",
			   str(from, "name"),
			   rc == 127 ? ": vtysh is not installed" : "");
	else
		buf_printf(why, "%s is %s of %s's by %s", name, up ?
			   "a neighbour" : known ? "not yet a full neighbour" :
			   "no neighbour", str(from, "name"),
			   str(check, "protocol"));
	json_decref(o);
	buf_free(&out);
	return up;
}

/* --- route, name, run --------------------------------------------------- */

static bool try_route(const json_t *check, const json_t *from,
		      struct buf *why)
{
	struct prefix to;

	return !prefix_read(str(check, "route"), &to) &&
	       probe_route(&to, json_object_get(check, "via"),
			   num(check, "cost"), why);
}

static bool try_name(const json_t *check, const json_t *from, struct buf *why)
{
	return probe_name(str(check, "name"), str(from, "resolver"),
			  json_object_get(check, "answer"), why);
}

/* The last line of what it said, fit for a terminal. */
static void last_line(const struct buf *out, struct buf *why)
{
	const char *s = buf_text(out), *end = s + strlen(s), *at;

	while (end > s && end[-1] == '\n')
		end--;
	for (at = end; at > s && at[-1] != '\n' && end - at < 120; at--)
		;
	for (; at < end; at++)
		buf_printf(why, "%c", (unsigned char)*at < 0x20 ? ' ' : *at);
}

static bool try_run(const json_t *check, const json_t *from, struct buf *why)
{
	static char shell[] = "/bin/sh", flag[] = "-c";
	char *command[] = { shell, flag, (char *)str(check, "run"), NULL };
	const char *wanted = str(check, "output");
	struct buf out = { 0 };
	int rc = probe_output(command, &out);
	bool ok = wanted[0] ? strstr(buf_text(&out), wanted) != NULL : !rc;

	buf_printf(why, "%s: ", str(check, "run"));
	last_line(&out, why);
	if (rc)
		buf_printf(why, " (exit code %d)", rc);
	buf_free(&out);
	return ok;
}

bool lab_try(const json_t *check, const json_t *from, struct buf *why)
{
	static const struct {
		const char *kind;
		bool (*try)(const json_t *check, const json_t *from,
			    struct buf *why);
	} kinds[] = {
		{ "to", try_to }, { "path", try_path },
		{ "neighbor", try_neighbor }, { "route", try_route },
		{ "name", try_name }, { "run", try_run },
	};
	unsigned int i;

	for (i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		if (is(check, "kind", kinds[i].kind))
			return kinds[i].try(check, from, why);
	buf_printf(why, "this netdctl knows no %s", str(check, "kind"));
	return false;
}

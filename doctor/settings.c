// settings.c - settings, limits and features of the kernel
// SPDX-License-Identifier: GPL-2.0-or-later
#include "doctor/doctor.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static unsigned long number(const struct state *found, const char *fact)
{
	const char *v = fact_value(found, fact);

	return v ? strtoul(v, NULL, 10) : 0;
}

/* --- limits ------------------------------------------------------------- */

/* Four fifths of it are in use. */
static void limit(struct troubles *out, const char *id, const char *what,
		  const char *setting, unsigned long used, unsigned long max,
		  const char *breaks)
{
	struct trouble *f;

	if (!max || used < max / 5 * 4)
		return;
	f = trouble_add(out, id, used >= max);
	f->what = arena_printf(out->arena, "%s is %s full: %lu of %lu", what,
			       used >= max ? "quite" : "nearly", used, max);
	f->where = setting;
	f->breaks = breaks;
	f->cure = arena_printf(out->arena, "sysctl -w %s=%lu", setting,
			       2 * max);
}

static void look_limits(const struct state *found, struct troubles *out)
{
	limit(out, "conntrack", "The table of connections",
	      "net.netfilter.nf_conntrack_max",
	      number(found, "sysctl:net/netfilter/nf_conntrack_count"),
	      number(found, "sysctl:net/netfilter/nf_conntrack_max"),
	      "new connections of all networks");
	limit(out, "neighbours", "The table of neighbours",
	      "net.ipv4.neigh.default.gc_thresh3",
	      number(found, "neigh-used"), number(found, "neigh-limit"),
	      "new neighbours of all networks");
}

/* --- bridged packets ------------------------------------------------------ */

static void look_bridged(const struct state *wanted,
			 const struct state *found, struct troubles *out)
{
	uint32_t i = fact_seek(found, "chain:"), k;
	const struct fact *c;
	struct trouble *f;
	char hook[16];

	k = state_seek(wanted, KIND_BRIDGE, "", "");
	if (!number(found, "sysctl:net/bridge/bridge-nf-call-iptables") ||
	    k == wanted->n || wanted->v[k]->kind != KIND_BRIDGE ||
	    wanted->v[k]->netns[0])
		return;
	for (; (c = fact_at(found, i, "chain:")); i++) {
		if (strcmp(chain_hook(c, hook, sizeof(hook)), "forward") ||
		    !strncmp(c->o.name, "chain:bridge ", 13) ||
		    !strstr(c->value, "\n") ||
		    (!strchr(c->value, '\n')[1] && !strstr(c->value, "drop")))
			continue;
		f = trouble_add(out, "br-netfilter", false);
		f->what = "Frames within a bridge pass the rules for routed "
			"packets of other programs";
		f->where = arena_printf(out->arena, "net.bridge.bridge-nf-call"
					"-iptables = 1, and %s",
					c->o.name + 6);
		f->breaks = "traffic between guests of one network, when such "
			"a rule drops it";
		f->cure = "sysctl -w net.bridge.bridge-nf-call-iptables=0 "
			"net.bridge.bridge-nf-call-ip6tables=0";
		return;
	}
}

/* --- reverse path -------------------------------------------------------- */

static bool is_uplink(const struct state *wanted, const char *dev)
{
	uint32_t i = state_seek(wanted, KIND_ELEMENT, "", "inet netd pair ");
	char name[20];

	for (; i < wanted->n && !strncmp(wanted->v[i]->name,
					 "inet netd pair ", 15); i++)
		if (key_part(wanted->v[i]->name + 15, 1, name, sizeof(name)) &&
		    !strcmp(name, dev))
			return true;
	return false;
}

/* With one way out alone a strict check drops nothing. */
static void look_rp_filter(const struct state *wanted,
			   const struct state *found, struct troubles *out)
{
	unsigned long all = number(found, "sysctl:net/ipv4/conf/all/rp_filter");
	uint32_t i = state_seek(found, KIND_LINK, "", "");
	const char *strict = NULL;
	unsigned int uplinks = 0;
	struct trouble *f;

	for (; i < found->n && found->v[i]->kind == KIND_LINK; i++) {
		const struct link *l = (const struct link *)found->v[i];

		if (l->o.netns[0] || !is_uplink(wanted, l->o.name))
			continue;
		uplinks++;
		if ((l->conf.rp_filter == 1 && all < 2) ||
		    (all == 1 && l->conf.rp_filter < 2))
			strict = l->o.name;
	}
	if (uplinks < 2 || !strict || !is_plain(strict))
		return;
	f = trouble_add(out, "rp-filter", false);
	f->what = arena_printf(out->arena, "%s drops packets whose way back "
			       "is another interface", strict);
	f->where = arena_printf(out->arena, "net.ipv4.conf.%s.rp_filter = 1",
				strict);
	f->breaks = "traffic that comes by one uplink and goes by another";
	f->cure = arena_printf(out->arena, "sysctl -w net/ipv4/conf/%s/"
			       "rp_filter=2", strict);
}

/* --- forwarding ------------------------------------------------------------ */

static bool wants_forwarding(const struct state *wanted, bool six)
{
	uint32_t i = state_seek(wanted, KIND_SYSCTL, "", six ? "net/ipv6/" :
				"net/ipv4/");

	for (; i < wanted->n && !wanted->v[i]->netns[0]; i++) {
		const struct sysctl *s = (const struct sysctl *)wanted->v[i];
		size_t n = strlen(s->o.name);

		if (s->o.kind != KIND_SYSCTL ||
		    (s->o.name[7] == '6') != six)
			return false;
		if (n > 10 && strcmp(s->value, "0") &&
		    (!strcmp(s->o.name + n - 10, "forwarding") ||
		     !strcmp(s->o.name + n - 10, "ip_forward")))
			return true;
	}
	return false;
}

static void look_forwarding(const struct state *wanted,
			    const struct state *found, struct troubles *out)
{
	uint32_t i = fact_seek(found, "sysctl-conf:");
	const struct fact *c;
	struct trouble *f;
	const char *p;

	for (; (c = fact_at(found, i, "sysctl-conf:")); i++) {
		for (p = c->value; p && *p; p = strchr(p, '\n'),
		     p += p != NULL) {
			size_t n = strcspn(p, "\n"), eq = strcspn(p, "=");

			if (n < 2 || eq + 2 != n || p[n - 1] != '0' ||
			    !wants_forwarding(wanted, p[8] == '6'))
				continue;
			f = trouble_add(out, "forwarding", false);
			f->what = "A file ends forwarding when it is read "
				"again";
			f->where = arena_printf(out->arena, "%s: %.*s",
						c->o.name + 12,
						(int)n - 1, p + 1);
			f->breaks = "all traffic between networks and to the "
				"outside, until netd sets it again";
			f->cure = arena_printf(out->arena, "echo '%.*s=1' "
					       ">/etc/sysctl.d/zz-netd.conf",
					       (int)eq - 1, p + 1);
		}
	}
}

void doctor_settings(const struct state *wanted, const struct state *found,
		   struct troubles *out)
{
	look_limits(found, out);
	look_bridged(wanted, found, out);
	look_rp_filter(wanted, found, out);
	look_forwarding(wanted, found, out);
}

/* --- the kernel --------------------------------------------------------------- */

static bool has_kind(const struct state *wanted, int kind)
{
	uint32_t i;

	for (i = 0; i < wanted->n; i++)
		if (wanted->v[i]->kind == kind)
			return true;
	return false;
}

static const struct {
	const char *fact;
	int kind;
	bool certain;
	const char *what;
} needs[] = {
	{ "tun", KIND_TAP, true, "taps" },
	{ "veth", KIND_VETH, true, "pairs of interfaces" },
	{ "bridge", KIND_BRIDGE, true, "networks" },
	{ "nft", KIND_TABLE, true, "rules" },
	{ "nft-bridge", KIND_BRIDGE, true, "guards against spoofing" },
	{ "nft-fib", KIND_TABLE, true, "checks of where packets come from" },
	{ "max-learned", KIND_BRIDGE, false,
	  "a bound on the addresses that a bridge learns" },
	{ "nft-persist", KIND_TABLE, false,
	  "rules that nobody else can remove" },
};

static void look_features(const struct state *wanted,
			  const struct state *found, struct troubles *out)
{
	const char *v, *kernel = fact_value(found, "kernel");
	struct trouble *f;
	size_t i;

	for (i = 0; i < sizeof(needs) / sizeof(*needs); i++) {
		v = fact_value(found, needs[i].fact);
		/* the lesser ones cut nothing: they are no finding */
		if (!v || !strcmp(v, "yes") || !needs[i].certain ||
		    !has_kind(wanted, needs[i].kind))
			continue;
		f = trouble_add(out, "kernel", true);
		f->what = arena_printf(out->arena, "This kernel has not what "
				       "%s need: %s", needs[i].what, v);
		f->where = arena_printf(out->arena, "kernel %s, %s",
					kernel ? kernel : "?", needs[i].fact);
		f->breaks = needs[i].what;
		f->cure = !strcmp(needs[i].fact, "tun") ? "modprobe tun" : "";
	}
}

/* Empty tables are what a mere listing by iptables-legacy leaves. */
static void look_legacy(const struct state *found, struct troubles *out)
{
	uint32_t i = fact_seek(found, "chain:legacy ");
	const struct fact *c;
	struct trouble *f;

	for (; (c = fact_at(found, i, "chain:legacy ")); i++) {
		const char *rules = strchr(c->value, '\n');

		if ((!rules || !rules[1]) && !strstr(c->value, " drop"))
			continue;
		f = trouble_add(out, "legacy", false);
		f->what = "Rules of iptables-legacy hold beside those of "
			"nftables";
		f->where = arena_printf(out->arena, "iptables-legacy %s",
					c->o.name + strlen("chain:legacy "));
		f->breaks = "what they drop, whatever other rules accept";
		f->cure = "iptables-legacy-save | iptables-restore && "
			"iptables-legacy -P FORWARD ACCEPT && "
			"iptables-legacy -P INPUT ACCEPT && "
			"iptables-legacy -F && iptables-legacy -X";
		return;
	}
}

static void look_unread(const struct state *found, struct troubles *out)
{
	uint32_t i = fact_seek(found, "unread:");
	const struct fact *u;
	struct trouble *f;

	for (; (u = fact_at(found, i, "unread:")); i++) {
		f = trouble_add(out, "unread", false);
		f->what = arena_printf(out->arena, "netd could not read %s",
				       u->value);
		f->where = u->o.name + strlen("unread:");
	}
}

void doctor_kernel(const struct state *wanted, const struct state *found,
		 struct troubles *out)
{
	look_features(wanted, found, out);
	look_legacy(found, out);
	look_unread(found, out);
}

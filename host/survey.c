// survey.c - what else is on the host that may stand in netd's way
// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/survey.h"

#include <stdio.h>
#include <string.h>

#include "host/nft/foreign.h"

void survey_add(struct state *found, const char *name, const char *value)
{
	fact_add(found, name, value);
}

static const char *const settings[] = {
	"net/bridge/bridge-nf-call-iptables",
	"net/bridge/bridge-nf-call-ip6tables",
	"net/bridge/bridge-nf-call-arptables",
	"net/ipv4/ip_forward",
	"net/ipv4/conf/all/rp_filter",
	"net/ipv4/conf/all/route_localnet",
	"net/ipv6/conf/all/forwarding",
	"net/ipv6/conf/all/disable_ipv6",
	"net/netfilter/nf_conntrack_count",
	"net/netfilter/nf_conntrack_max",
	"net/ipv6/neigh/default/gc_thresh3",
};

static void survey_settings(struct host *h, struct state *found)
{
	char name[128], v[64];
	size_t i;

	for (i = 0; i < sizeof(settings) / sizeof(*settings); i++) {
		if (sysctl_read(h, ns_home(h), settings[i], v, sizeof(v)))
			continue;
		snprintf(name, sizeof(name), "sysctl:%s", settings[i]);
		survey_add(found, name, v);
	}
}

void survey(struct host *h, struct state *found)
{
	/* one that can't be read leaves the others to be told */
	if (nft_foreign(h, ns_home(h), found))
		survey_add(found, "unread:nft", "the rules of other tables");
	survey_legacy(found);
	survey_settings(h, found);
	survey_ports(found);
	survey_conf(found);
	survey_routes(h, found);
}

// kinds.c - the tables: what each kind of object is made of
// SPDX-License-Identifier: GPL-2.0-or-later
#include "netd/plan.h"

#include <string.h>

#define ROW(s, member, ftype, fclass, ...) \
	{ .name = #member, .type = &(ftype), .off = offsetof(struct s, member), \
	  .cls = fclass, ##__VA_ARGS__ }
#define ANY .any = true

/* a row of the embedded struct link, or of the conf and port in it */
#define SUB(s, sname, member, ftype, fclass, ...) \
	{ .name = sname, .type = &(ftype), .off = offsetof(struct s, member), \
	  .cls = fclass, ##__VA_ARGS__ }
#define CONF(s, member) \
	SUB(s, #member, l.conf.member, field_u8, CLASS_LIVE, ANY)
#define PORT(s, member) \
	SUB(s, #member, port.member, field_u8, CLASS_LIVE, ANY)

#define LINK_ROWS(s) \
	SUB(s, "mac", l.mac, field_mac, CLASS_LIVE, ANY), \
	SUB(s, "mtu", l.mtu, field_u32, CLASS_LIVE, ANY), \
	SUB(s, "up", l.up, field_u8, CLASS_LIVE, ANY), \
	SUB(s, "master", l.master, field_str, CLASS_LIVE), \
	SUB(s, "alias", l.alias, field_str, CLASS_LIVE), \
	SUB(s, "altname", l.altname, field_str, CLASS_LIVE), \
	SUB(s, "index", l.index, field_u32, CLASS_INFO), \
	SUB(s, "running", l.running, field_u8, CLASS_INFO), \
	SUB(s, "type", l.type, field_str, CLASS_INFO), \
	CONF(s, forwarding), CONF(s, rp_filter), CONF(s, arp_ignore), \
	CONF(s, arp_announce), CONF(s, send_redirects), \
	CONF(s, accept_redirects), CONF(s, source_route), \
	CONF(s, proxy_arp), CONF(s, route_localnet), CONF(s, disable_ipv6), \
	CONF(s, forwarding6), CONF(s, accept_ra), \
	CONF(s, accept_redirects6), CONF(s, addr_gen_mode)

#define PORT_ROWS(s) \
	PORT(s, hairpin), PORT(s, isolated), PORT(s, learning), \
	PORT(s, flood), PORT(s, mcast_router), PORT(s, bpdu_guard)

static const struct field netns_fields[] = {
	ROW(netns, alias, field_str, CLASS_LIVE),
};

static const struct field table_fields[] = {
	ROW(table, owned, field_u8, CLASS_INFO),
};

static const struct field set_fields[] = {
	ROW(set, decl, field_str, CLASS_BORN),
	ROW(set, hash, field_hex64, CLASS_FIXED),
	ROW(set, learned, field_u8, CLASS_BORN),
};

static const struct field chain_fields[] = {
	ROW(chain, text, field_str, CLASS_BORN),
	ROW(chain, hash, field_hex64, CLASS_LIVE),
	ROW(chain, base, field_u8, CLASS_BORN),
	ROW(chain, marks, field_list, CLASS_BORN, .elem = &field_u32),
};

static const struct field element_fields[] = {
	ROW(element, data, field_str, CLASS_LIVE),
};

static const struct field bridge_fields[] = {
	LINK_ROWS(bridge),
	ROW(bridge, stp, field_u8, CLASS_LIVE),
	ROW(bridge, priority, field_u16, CLASS_LIVE),
	ROW(bridge, forward_delay, field_time, CLASS_LIVE, ANY),
	ROW(bridge, max_age, field_time, CLASS_LIVE, ANY),
	ROW(bridge, ageing, field_time, CLASS_LIVE, ANY),
	ROW(bridge, snooping, field_u8, CLASS_LIVE, ANY),
	ROW(bridge, max_learned, field_u32, CLASS_LIVE, ANY),
};

static const struct field veth_fields[] = {
	LINK_ROWS(veth),
	PORT_ROWS(veth),
	ROW(veth, peer_netns, field_str, CLASS_FIXED),
	ROW(veth, peer, field_str, CLASS_BORN),
	ROW(veth, peer_ours, field_u8, CLASS_BORN),
	ROW(veth, peer_mac, field_mac, CLASS_BORN),
	ROW(veth, peer_addresses, field_list, CLASS_BORN,
	    .elem = &field_prefix),
	ROW(veth, peer_gateways, field_list, CLASS_BORN, .elem = &field_ip),
	ROW(veth, peer_id, field_u32, CLASS_BORN),
	ROW(veth, stale, field_list, CLASS_BORN, .elem = &field_str),
};

static const struct field tap_fields[] = {
	LINK_ROWS(tap),
	PORT_ROWS(tap),
	ROW(tap, owner, field_str, CLASS_PINNED),
	ROW(tap, group, field_str, CLASS_PINNED),
	ROW(tap, queues, field_u16, CLASS_PINNED),
	/* whoever opens the tap overwrites it: tun_set_iff() */
	ROW(tap, vnet_hdr, field_u8, CLASS_BORN),
	ROW(tap, transient, field_u8, CLASS_BORN),
	ROW(tap, stale, field_list, CLASS_BORN, .elem = &field_str),
};

static const struct field nic_fields[] = {
	LINK_ROWS(nic),
	PORT_ROWS(nic),
};

static const struct field ifb_fields[] = {
	LINK_ROWS(ifb),
};

static const struct field leg_fields[] = {
	LINK_ROWS(leg),
};

static const struct field foreign_link_fields[] = {
	LINK_ROWS(foreign_link),
};

static const struct field qdisc_fields[] = {
	ROW(qdisc, rate, field_rate, CLASS_LIVE),
	ROW(qdisc, burst, field_size, CLASS_LIVE),
	ROW(qdisc, limit, field_u32, CLASS_LIVE),
	ROW(qdisc, delay, field_time, CLASS_LIVE),
	ROW(qdisc, jitter, field_time, CLASS_LIVE),
	ROW(qdisc, loss, field_percent, CLASS_LIVE),
};

static const struct field redirect_fields[] = {
	ROW(redirect, to, field_str, CLASS_LIVE),
};

static const struct field address_fields[] = {
	ROW(address, nodad, field_u8, CLASS_BORN),
	ROW(address, noprefix, field_u8, CLASS_FIXED),
	ROW(address, tentative, field_u8, CLASS_INFO),
};

static const struct field neighbour_fields[] = {
	ROW(neighbour, mac, field_mac, CLASS_LIVE),
};

static const char *const route_types[] = {
	"unicast", "blackhole", "unreachable", "prohibit", NULL
};

static const struct field route_fields[] = {
	ROW(route, type, field_enum, CLASS_FIXED, .names = route_types),
	ROW(route, nexthops, field_list, CLASS_LIVE, .elem = &field_nexthop),
	ROW(route, src, field_ip, CLASS_LIVE),
	ROW(route, metric, field_u32, CLASS_FIXED),
};

static const struct field sysctl_fields[] = {
	ROW(sysctl, value, field_str, CLASS_LIVE),
	ROW(sysctl, old, field_str, CLASS_BORN),
};

static const struct field file_fields[] = {
	ROW(file, text, field_text, CLASS_BORN),
	ROW(file, hash, field_hex64, CLASS_LIVE, ANY),
	ROW(file, reader, field_str, CLASS_BORN),
	ROW(file, check, field_str, CLASS_BORN),
};

static const struct field process_fields[] = {
	ROW(process, where, field_str, CLASS_FIXED),
	ROW(process, argv, field_list, CLASS_FIXED, .elem = &field_str),
	ROW(process, pid, field_u32, CLASS_INFO),
};

static const struct field accept_fields[] = {
	ROW(accept, program, field_str, CLASS_INFO),
};

static const struct field zone_fields[] = {
	ROW(zone, program, field_str, CLASS_INFO),
};

static const struct field fact_fields[] = {
	ROW(fact, value, field_str, CLASS_INFO),
};

#define KIND(s, text, cp, dp) { \
	.name = text, .create_phase = cp, .destroy_phase = dp, \
	.rec = { .what = text, .size = sizeof(struct s), \
		 .fields = s##_fields, \
		 .count = sizeof(s##_fields) / sizeof(*s##_fields) } }

const struct kind_info kinds[KIND_COUNT] = {
	[KIND_FACT] = KIND(fact, "fact", 0, 0),
	[KIND_NETNS] = KIND(netns, "netns", PHASE_NETNS, PHASE_NETNS_GO),
	[KIND_TABLE] = KIND(table, "table", PHASE_NFT, PHASE_NFT),
	[KIND_SET] = KIND(set, "set", PHASE_NFT, PHASE_NFT),
	[KIND_CHAIN] = KIND(chain, "chain", PHASE_NFT, PHASE_NFT),
	[KIND_ELEMENT] = KIND(element, "element", PHASE_NFT, PHASE_NFT),
	[KIND_BRIDGE] = KIND(bridge, "bridge", PHASE_LINKS, PHASE_BRIDGES_GO),
	[KIND_VETH] = KIND(veth, "veth", PHASE_LINKS, PHASE_GO),
	[KIND_TAP] = KIND(tap, "tap", PHASE_LINKS, PHASE_GO),
	[KIND_NIC] = KIND(nic, "nic", PHASE_LINKS, PHASE_GO),
	[KIND_IFB] = KIND(ifb, "ifb", PHASE_LINKS, PHASE_GO),
	[KIND_LEG] = KIND(leg, "leg", PHASE_LINKS, PHASE_GO),
	[KIND_LINK] = KIND(foreign_link, "link", 0, 0),
	/* before the other ends go up: veth_end() */
	[KIND_QDISC] = KIND(qdisc, "qdisc", PHASE_LINKS, PHASE_GO),
	[KIND_REDIRECT] = KIND(redirect, "redirect", PHASE_LINKS, PHASE_GO),
	[KIND_ADDRESS] = KIND(address, "address", PHASE_ADDRESSES, PHASE_GO),
	[KIND_NEIGHBOUR] = KIND(neighbour, "neighbour", PHASE_ROUTES,
				PHASE_GO),
	[KIND_ROUTE] = KIND(route, "route", PHASE_ROUTES, PHASE_GO),
	[KIND_SYSCTL] = KIND(sysctl, "sysctl", PHASE_OPEN, PHASE_CLOSE),
	[KIND_FILE] = KIND(file, "file", PHASE_FILES, PHASE_GO),
	[KIND_PROCESS] = KIND(process, "process", PHASE_SERVICES, PHASE_GO),
	[KIND_ACCEPT] = KIND(accept, "accept", PHASE_ROUTES, PHASE_GO),
	[KIND_ZONE] = KIND(zone, "zone", PHASE_ROUTES, PHASE_GO),
};

int kind_by_name(const char *name)
{
	int k;

	for (k = 0; k < KIND_COUNT; k++)
		if (!strcmp(kinds[k].name, name))
			return k;
	return -1;
}

bool kind_is_link(int kind)
{
	return kind >= KIND_BRIDGE && kind <= KIND_LINK;
}

bool veth_is_parked(const struct veth *v)
{
	return v->peer_netns && !strcmp(v->peer_netns, PEER_PARKED);
}

bool qdisc_is_netem(const struct qdisc *q)
{
	return q->delay || q->jitter || q->loss;
}

bool kind_is_service(int kind)
{
	return kind == KIND_FILE || kind == KIND_PROCESS;
}

bool kind_is_nft(int kind)
{
	return kind >= KIND_TABLE && kind <= KIND_ELEMENT;
}

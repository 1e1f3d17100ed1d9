// schema.c - the tables: the only place where a key of the YAML is spelt
// SPDX-License-Identifier: GPL-2.0-or-later
#include "topo/schema.h"

/* what a key that is not built yet comes with */
#define ROUTING "dynamic routing"
#define LABS "practice labs"
#define HOSTS "networks over several hosts"

#define ROW(s, key, member, t, ...) \
	{ .name = key, .type = &(t), .off = offsetof(struct s, member), \
	  ##__VA_ARGS__ }
#define LATER(key, with) { .name = key, .later = with }
/* a word that says what is so until it is built */
#define UNTIL(key, words, with) \
	{ .name = key, .type = &type_ignored, .names = words, .later = with }
#define ONE(s, key, member, record) \
	ROW(s, key, member, type_record, .sub = &(record))
#define MAP(s, key, member, record) \
	ROW(s, key, member, type_records, .sub = &(record))
#define ITEMS(s, key, member, record) \
	ROW(s, key, member, type_items, .sub = &(record))
#define LIST(s, key, member, t, ...) \
	ROW(s, key, member, field_list, .elem = &(t), ##__VA_ARGS__)
#define DESCRIPTION { .name = "description", .type = &type_text }

#define RECORD(id, text, s, f, ...) \
	const struct record id = { .what = text, .size = sizeof(struct s), \
				   .fields = f, \
				   .count = sizeof(f) / sizeof(*(f)), \
				   ##__VA_ARGS__ }

static const char *const only_false[] = { "false", NULL };
static const char *const only_true[] = { "true", NULL };
static const char *const modes[] = {
	"isolated", "nat", "routed", "open", NULL
};
static const char *const expectations[] = {
	"reachable", "unreachable", NULL
};
static const char *const probes[] = {
	"icmp", "tcp", "udp", "http", "ospf", "bgp", NULL
};
static const char *const actions[] = { "allow", "reject", "drop", NULL };
static const char *const attachments[] = {
	"tap", "veth", "nic", "reserved", NULL
};
static const char *const programs[] = {
	"docker", "firewalld", "libvirt", "networkd", "networkmanager", "ufw",
	NULL
};
static const char *const routings[] = {
	"static", "ospf", "bgp", "none", NULL
};
static const char *const timings[] = { "fast", "default", NULL };
static const char *const engines[] = { "frr", NULL };
static const char *const allowances[] = {
	"duplicate-addresses", "loops", NULL
};

/* IFLA_MTU of what may carry IPv4 at all (RFC 791), and of Ethernet links */
#define MTU .min = 68, .max = 65535

static const struct field stp_fields[] = {
	ROW(stp, "priority", priority, field_u16),
	/* IEEE 802.1D, table 8-3; br_set_forward_delay() */
	ROW(stp, "forward-delay", forward_delay, field_time, .min = 2000,
	    .max = 30000),
	DESCRIPTION,
};
RECORD(rec_stp, "stp", stp, stp_fields, .scalar = short_stp,
       .spelling = "true, false");

static const struct field guards_fields[] = {
	ROW(guards, "mac", mac, field_bool),
	ROW(guards, "ip", ip, field_bool),
	ROW(guards, "arp", arp, field_bool),
	ROW(guards, "nd", nd, field_bool),
	ROW(guards, "ra-guard", ra_guard, field_bool),
	ROW(guards, "dhcp-guard", dhcp_guard, field_bool),
	DESCRIPTION,
};
RECORD(rec_guards, "anti-spoofing", guards, guards_fields,
       .scalar = short_guards,
       .spelling = "true, false");

static const struct field troute_fields[] = {
	ROW(troute, "to", to, field_net),
	ROW(troute, "via", via, field_ip),
	ROW(troute, "metric", metric, field_u32, .min = 1),
	DESCRIPTION,
};
RECORD(rec_troute, "a route", troute, troute_fields);

static const struct field ospf_fields[] = {
	ROW(ospf, "area", area, type_area),
	ROW(ospf, "cost", cost, field_u32, .min = 1, .max = 65535),
	ROW(ospf, "passive", passive, field_bool),
	LATER("areas", ROUTING),
	LATER("redistribute", ROUTING),
	DESCRIPTION,
};
RECORD(rec_ospf, "ospf", ospf, ospf_fields);

static const struct field bgp_fields[] = {
	/* RFC 6793; RFC 7607 reserves 0 */
	ROW(bgp, "as", as, field_u32, .min = 1, .max = 4294967294),
	LIST(bgp, "announce", announce, field_net),
	ROW(bgp, "route-reflector", reflector, field_bool),
	LATER("neighbors", ROUTING),
	DESCRIPTION,
};
RECORD(rec_bgp, "bgp", bgp, bgp_fields);

static const struct field snat_fields[] = {
	LIST(snat, "addresses", addresses, field_iprange),
	ROW(snat, "ports", ports, field_ports),
	LIST(snat, "except", except, field_net),
	DESCRIPTION,
};
RECORD(rec_snat, "snat", snat, snat_fields);

static const struct field limit_fields[] = {
	ROW(limit, "rate", rate, field_rate, .min = 1000,
	    .max = 1000000000000),
	ROW(limit, "burst", burst, field_size, .min = 1),
	DESCRIPTION,
};
RECORD(rec_limit, "a limit", limit, limit_fields, .scalar = short_limit,
       .spelling = "a rate in bit/s and a burst in bytes: 10M, 10M/64k");

static const struct field bandwidth_fields[] = {
	ONE(bandwidth, "ingress", in, rec_limit),
	ONE(bandwidth, "egress", out, rec_limit),
	DESCRIPTION,
};
RECORD(rec_bandwidth, "bandwidth", bandwidth, bandwidth_fields);

static const struct field reservation_fields[] = {
	ROW(reservation, "mac", mac, field_mac),
	LIST(reservation, "address", address, field_ip),
	ROW(reservation, "hostname", hostname, type_hostname),
	ROW(reservation, "duid", duid, type_duid),
	DESCRIPTION,
};
RECORD(rec_reservation, "a reservation", reservation, reservation_fields);

static const struct field boot_fields[] = {
	ROW(boot, "file", file, type_bootfile),
	ROW(boot, "server", server, field_ip4),
	ROW(boot, "server-name", server_name, type_domain),
	DESCRIPTION,
};
RECORD(rec_boot, "boot", boot, boot_fields);

static const struct field dhcp_fields[] = {
	LIST(dhcp, "ranges", ranges, field_iprange),
	/* dnsmasq takes no less: 2 minutes */
	ROW(dhcp, "lease-time", lease_time, field_time, .min = 120000),
	ITEMS(dhcp, "reservations", reservations, rec_reservation),
	ROW(dhcp, "options", options, type_labels, .max = 64),
	ONE(dhcp, "boot", boot, rec_boot),
	ROW(dhcp, "server", server, type_named),
	ROW(dhcp, "relay", relay, type_ref),
	DESCRIPTION,
};
RECORD(rec_dhcp, "dhcp", dhcp, dhcp_fields, .scalar = short_dhcp,
       .spelling = "true, false");

static const struct field forwarder_fields[] = {
	ROW(forwarder, "domain", domain, type_domain),
	ROW(forwarder, "to", to, field_ip),
	DESCRIPTION,
};
RECORD(rec_forwarder, "a forwarder", forwarder, forwarder_fields,
       .scalar = short_forwarder,
       .spelling = "192.0.2.53");

static const struct field dns_fields[] = {
	ROW(dns, "domain", domain, type_domain),
	ITEMS(dns, "forwarders", forwarders, rec_forwarder),
	ROW(dns, "records", records, type_labels, .max = 4096),
	LIST(dns, "servers", servers, field_ip),
	DESCRIPTION,
};
RECORD(rec_dns, "dns", dns, dns_fields, .scalar = short_dns,
       .spelling = "true, false");

static const struct field ra_fields[] = {
	ROW(ra, "managed", managed, field_bool),
	ROW(ra, "slaac", slaac, field_bool),
	DESCRIPTION,
};
RECORD(rec_ra, "ra", ra, ra_fields, .scalar = short_ra,
       .spelling = "true, false");

static const struct field network_fields[] = {
	ROW(network, "mode", mode, field_enum, .names = modes),
	ROW(network, "subnet", subnet, type_subnet4),
	ROW(network, "subnet6", subnet6, type_subnet6),
	LIST(network, "uplink", uplink, type_dev),
	ROW(network, "mode6", mode6, field_enum, .names = modes),
	ROW(network, "gateway", gateway, type_gateway4),
	ROW(network, "gateway6", gateway6, type_gateway6),
	LIST(network, "addresses", addresses, field_prefix),
	ROW(network, "mtu", mtu, field_u32, MTU),
	ROW(network, "mac", mac, type_mac),
	ROW(network, "bridge", bridge, field_ifname),
	LATER("external", "interfaces that others made"),
	ONE(network, "stp", stp, rec_stp),
	ROW(network, "mac-ageing", mac_ageing, field_time,
	    .max = UINT32_MAX / 2),
	ROW(network, "multicast-snooping", snooping, field_bool),
	ONE(network, "dhcp", dhcp, rec_dhcp),
	ONE(network, "dns", dns, rec_dns),
	ONE(network, "ra", ra, rec_ra),
	LIST(network, "services", services, type_service),
	ONE(network, "anti-spoofing", guards, rec_guards),
	ROW(network, "port-isolation", port_isolation, field_bool),
	ROW(network, "adopt", adopt, field_bool),
	ROW(network, "log", log, field_bool),
	ONE(network, "snat", snat, rec_snat),
	ITEMS(network, "routes", routes, rec_troute),
	ONE(network, "bandwidth", bandwidth, rec_bandwidth),
	LATER("tunnels", HOSTS),
	LATER("vrrp", ROUTING),
	ONE(network, "ospf", ospf, rec_ospf),
	LIST(network, "owners", owners, type_who),
	UNTIL("shared", only_false, LABS),
	LATER("hosts", HOSTS),
	LATER("vni", HOSTS),
	LATER("fabric", HOSTS),
	LATER("place", HOSTS),
	LATER("vlan", "VLANs"),
	LATER("vlans", "VLANs"),
	LATER("vrf", "VRFs"),
	LATER("label", "labels"),
	DESCRIPTION,
};
RECORD(rec_network, "a network", network, network_fields);

static const struct field allowed_fields[] = {
	ROW(allowed, "address", address, field_net),
	ROW(allowed, "mac", mac, field_mac),
	DESCRIPTION,
};
RECORD(rec_allowed, "an allowed address", allowed, allowed_fields,
       .scalar = short_allowed,
       .spelling = "10.1.0.0/24");

/* What attachments, legs and ends of links have, below PREFIX of a struct. */
#define LEG_ROWS(s, m) \
	ROW(s, "address", m address, field_list, .elem = &type_addr4), \
	ROW(s, "address6", m address6, field_list, .elem = &type_addr6), \
	ROW(s, "ifname", m ifname, field_ifname), \
	ROW(s, "mac", m mac, type_mac), \
	DESCRIPTION

/* rows as in forward_fields: rec_forward describes both */
#define FORWARD_ROWS \
	ROW(forward, "listen", listen, field_ip), \
	LIST(forward, "protocol", protocol, type_protocol), \
	ROW(forward, "port", port, field_ports), \
	ROW(forward, "target-port", target_port, field_ports), \
	LIST(forward, "from", from, type_ref), \
	DESCRIPTION

static const struct field publish_fields[] = { FORWARD_ROWS };
RECORD(rec_publish, "a published port", forward, publish_fields,
       .scalar = short_publish,
       .spelling = "8080:80/tcp");

static const struct field attachment_fields[] = {
	ROW(attachment, "network", leg.network, type_named),
	ROW(attachment, "type", type, type_attachment, .names = attachments),
	LEG_ROWS(attachment, leg.),
	ROW(attachment, "owner", owner, type_user),
	ROW(attachment, "group", group, type_user),
	/* MAX_TAP_QUEUES */
	ROW(attachment, "queues", queues, field_u16, .min = 1, .max = 256),
	ROW(attachment, "vnet-hdr", vnet_hdr, field_bool),
	ROW(attachment, "transient", transient, field_bool),
	ROW(attachment, "netns", netns, type_netns),
	ROW(attachment, "netns-id", netns_id, field_u32, .min = 1),
	ROW(attachment, "default-route", default_route, field_bool),
	ITEMS(attachment, "allowed-addresses", allowed, rec_allowed),
	ONE(attachment, "anti-spoofing", guards, rec_guards),
	ROW(attachment, "port-isolation", port_isolation, field_bool),
	ITEMS(attachment, "publish", publish, rec_publish),
	ROW(attachment, "labels", labels, type_labels),
	ONE(attachment, "bandwidth", bandwidth, rec_bandwidth),
	LATER("host", HOSTS),
	LIST(attachment, "owners", owners, type_who),
	LATER("vlan", "VLANs"),
	LATER("vlans", "VLANs"),
	LATER("label", "labels"),
};
RECORD(rec_attachment, "an attachment", attachment, attachment_fields);

/* netem counts packets that wait in 32 bits, and no lab waits a minute */
static const struct field impair_fields[] = {
	ROW(impair, "delay", delay, field_time, .max = 60000),
	ROW(impair, "jitter", jitter, field_time, .max = 60000),
	ROW(impair, "loss", loss, field_percent),
	ROW(impair, "rate", rate, field_rate, .max = 1000000000000),
	DESCRIPTION,
};
RECORD(rec_impair, "impair", impair, impair_fields);

/* rows as by `netdctl link`, never of a file: topo_live() */
static const struct field live_fields[] = {
	ROW(live, "down", down, field_bool),
	ONE(live, "impair", impair, rec_impair),
	ONE(live, "a", a, rec_impair),
	ONE(live, "b", b, rec_impair),
};
RECORD(rec_live, "what was set of a link", live, live_fields);
const struct field field_lives = MAP(topology, "links", lives, rec_live);

static const struct field leg_fields[] = {
	ROW(leg_spec, "network", network, type_named),
	LEG_ROWS(leg_spec, ),
	ROW(leg_spec, "cost", cost, field_u32, .min = 1, .max = 65535),
	ONE(leg_spec, "impair", impair, rec_impair),
	ONE(leg_spec, "ospf", ospf, rec_ospf),
	ROW(leg_spec, "gateway", gateway, type_gateway4),
	ROW(leg_spec, "gateway6", gateway6, type_gateway6),
};
RECORD(rec_leg, "a leg", leg_spec, leg_fields, .scalar = short_leg,
       .spelling = "the name of a network");

/* rows as in leg_fields: an end may become a leg, and rec_leg describes both */
static const struct field end_fields[] = {
	ROW(leg_spec, "node", network, type_named),
	LEG_ROWS(leg_spec, ),
	ROW(leg_spec, "cost", cost, field_u32, .min = 1, .max = 65535),
	ONE(leg_spec, "impair", impair, rec_impair),
	ONE(leg_spec, "ospf", ospf, rec_ospf),
};
RECORD(rec_end, "an end of a link", leg_spec, end_fields,
       .scalar = short_end,
       .spelling = "r1, r1:eth0");

static const struct field group_fields[] = {
	LIST(group, "members", members, type_ref),
	DESCRIPTION,
};
RECORD(rec_group, "a group", group, group_fields, .list = true);

static const struct field policy_fields[] = {
	ROW(policy, "name", label, field_name),
	LIST(policy, "from", from, type_ref),
	LIST(policy, "to", to, type_ref),
	ROW(policy, "action", action, field_enum, .names = actions),
	LIST(policy, "protocol", protocol, type_protocol),
	LIST(policy, "ports", ports, field_ports),
	ROW(policy, "log", log, field_bool),
	DESCRIPTION,
};
RECORD(rec_policy, "a policy", policy, policy_fields);

static const struct field forward_fields[] = {
	FORWARD_ROWS,
	ROW(forward, "target", target, type_ref),
};
RECORD(rec_forward, "a forward", forward, forward_fields,
       .scalar = short_forward,
       .spelling = "8080:vm1:80/tcp");

static const struct field one2one_fields[] = {
	ROW(one2one, "external", external, field_net),
	ROW(one2one, "internal", internal, type_ref),
	DESCRIPTION,
};
RECORD(rec_one2one, "a one-to-one", one2one, one2one_fields);

#define ROUTER_ROWS \
	ITEMS(router, "networks", networks, rec_leg), \
	UNTIL("managed", only_true, LABS), \
	UNTIL("shared", only_false, LABS), \
	LATER("files", LABS), \
	LATER("setup", LABS), \
	LATER("run", LABS), \
	LATER("image", LABS), \
	LATER("host", HOSTS), \
	LATER("owners", LABS), \
	LATER("label", "labels"), \
	DESCRIPTION

static const struct field router_fields[] = {
	ROUTER_ROWS,
	ROW(router, "nat", nat, field_name),
	ITEMS(router, "routes", routes, rec_troute),
	LIST(router, "routing", routing, type_allow, .names = routings),
	LIST(router, "loopback", loopback, type_loopback),
	ONE(router, "snat", snat, rec_snat),
	ITEMS(router, "policies", policies, rec_policy),
	ITEMS(router, "forwards", forwards, rec_forward),
	ITEMS(router, "one-to-one", one2one, rec_one2one),
	ROW(router, "router-id", router_id, type_router_id),
	LATER("rules", ROUTING),
	LATER("sysctls", LABS),
	UNTIL("engine", engines, ROUTING),
	LATER("frr", ROUTING),
	LATER("frr-extra", ROUTING),
	ONE(router, "ospf", ospf, rec_ospf),
	ONE(router, "bgp", bgp, rec_bgp),
	LATER("vrf", "VRFs"),
};
RECORD(rec_router, "a router", router, router_fields);

static const struct field node_fields[] = {
	ROUTER_ROWS,
	ROW(router, "count", count, field_u32, .min = 1, .max = 1024),
};
RECORD(rec_node, "a node", router, node_fields);

static const struct field link_fields[] = {
	ROW(tlink, "name", n.name, field_name),
	ITEMS(tlink, "between", between, rec_end),
	ROW(tlink, "subnet", subnet, type_subnet4),
	ROW(tlink, "subnet6", subnet6, type_subnet6),
	ROW(tlink, "mtu", mtu, field_u32, MTU),
	ROW(tlink, "cost", cost, field_u32, .min = 1, .max = 65535),
	ONE(tlink, "impair", impair, rec_impair),
	ONE(tlink, "ospf", ospf, rec_ospf),
	DESCRIPTION,
};
RECORD(rec_link, "a link", tlink, link_fields, .scalar = short_link,
       .spelling = "r1-r2");

static const struct field check_fields[] = {
	ROW(tcheck, "name", label, type_label),
	LIST(tcheck, "from", from, type_named),
	LIST(tcheck, "on", on, type_named),
	ROW(tcheck, "to", to, type_ref),
	ROW(tcheck, "expect", expect, type_choice, .names = expectations),
	ROW(tcheck, "protocol", protocol, type_choice, .names = probes),
	ROW(tcheck, "port", port, field_u16, .min = 1),
	ROW(tcheck, "route", route, field_net),
	ROW(tcheck, "via", via, type_ref),
	ROW(tcheck, "cost", cost, field_u32, .min = 1),
	ROW(tcheck, "neighbor", neighbor, type_named),
	LIST(tcheck, "answer", answer, type_label),
	ROW(tcheck, "lease", lease, type_named),
	LIST(tcheck, "path", path, type_named),
	ROW(tcheck, "run", run, field_str),
	ROW(tcheck, "output", output, field_str),
	LIST(tcheck, "with", with, field_str),
	ROW(tcheck, "within", within, field_time, .min = 1, .max = 600000),
	ROW(tcheck, "points", points, field_u32, .min = 1, .max = 1000),
	ROW(tcheck, "text", text, field_str),
	ROW(tcheck, "hint", hint, field_str),
	DESCRIPTION,
};
RECORD(rec_check, "a check", tcheck, check_fields);

static const struct field solution_fields[] = {
	LIST(solution, "commands", commands, field_str),
	DESCRIPTION,
};
RECORD(rec_solution, "commands", solution, solution_fields, .list = true);

static const struct field pools_fields[] = {
	ROW(pools, "lan", lan, type_pool4),
	ROW(pools, "lan6", lan6, type_pool6),
	ROW(pools, "link", link, type_pool4),
	ROW(pools, "link6", link6, type_pool6),
	ROW(pools, "uplink", uplink, type_pool4),
	ROW(pools, "loopback", loopback, type_pool4),
	ROW(pools, "loopback6", loopback6, type_pool6),
	DESCRIPTION,
};
RECORD(rec_pools, "pools", pools, pools_fields);

static const struct field defaults_fields[] = {
	ONE(defaults, "network", network, rec_network),
	ONE(defaults, "router", router, rec_router),
	ONE(defaults, "node", node, rec_node),
	ONE(defaults, "attachment", attachment, rec_attachment),
	DESCRIPTION,
};
RECORD(rec_defaults, "defaults", defaults, defaults_fields);

static const struct field topology_fields[] = {
	MAP(topology, "networks", networks, rec_network),
	MAP(topology, "attachments", attachments, rec_attachment),
	MAP(topology, "groups", groups, rec_group),
	ITEMS(topology, "policies", policies, rec_policy),
	ITEMS(topology, "forwards", forwards, rec_forward),
	ITEMS(topology, "one-to-one", one2one, rec_one2one),
	MAP(topology, "routers", routers, rec_router),
	MAP(topology, "nodes", nodes, rec_node),
	ITEMS(topology, "links", links, rec_link),
	ROW(topology, "name", name, field_name),
	ROW(topology, "namespace", home, field_name),
	UNTIL("managed", only_true, LABS),
	ONE(topology, "pools", pools, rec_pools),
	ONE(topology, "defaults", defaults, rec_defaults),
	LIST(topology, "routing", routing, type_allow, .names = routings),
	ROW(topology, "timers", timers, field_enum, .names = timings),
	LIST(topology, "allow", allow, type_allow, .names = allowances),
	LATER("vars", LABS),
	ONE(topology, "bgp", bgp, rec_bgp),
	ONE(topology, "ospf", ospf, rec_ospf),
	LATER("vrrp", ROUTING),
	UNTIL("engine", engines, ROUTING),
	ITEMS(topology, "checks", checks, rec_check),
	MAP(topology, "solution", solution, rec_solution),
	LIST(topology, "pods", pods, field_ports, .alone = &type_pods),
	LIST(topology, "owners", owners, type_who),
	LIST(topology, "coexist", coexist, type_allow, .names = programs),
	LATER("hosts", HOSTS),
	LATER("fabric", HOSTS),
	DESCRIPTION,
};
RECORD(rec_topology, "a topology", topology, topology_fields);

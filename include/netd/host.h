// host.h - the kernel side: a process that observes and changes the host
// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef NETD_HOST_H
#define NETD_HOST_H

/*
 * host/ runs in a child process, since netlink does its work inside send():
 * a big change takes seconds.  Only the messages of wire.h cross.
 */

/* The group of the links we make, and of their peers: our mark (IFLA_GROUP). */
#define NETD_GROUP 0x6e6574u		/* "net" */
#define NETD_GROUP_PEER 0x6e6575u
#define NETD_GROUP_NIC 0x6e6576u	/* a physical NIC that was taken */
#define NETD_GROUP_GOING 0x6e6577u	/* counts as gone */
#define NETD_GROUP_NOW 0x6e6578u	/* so does what is being deleted */
#define NETD_GROUP_NOW_LAST 0x6e6579u	/* by one of several */
/* rtm_protocol of our routes, rules; NDA_PROTOCOL of our neighbours. */
#define NETD_RTPROT 0xc3
/* IFA_PROTO of our addresses. */
#define NETD_IFAPROT 0xc3

/*
 * Serves requests on the socket FD until it is closed, or WIRE_QUIT.  RUN_DIR
 * and STATE_DIR are the folders of what must not and what must survive a boot.  Returns
 * the exit code of the process.  Needs CAP_NET_ADMIN, CAP_NET_BROADCAST and
 * CAP_SYS_ADMIN (namespaces).
 */
int host_main(int fd, const char *run_dir, const char *state_dir);

/*
 * The same as three processes, each with what it needs:
 *
 * host_kernel() is the kernel side.  It needs CAP_NET_ADMIN and
 * CAP_NET_BROADCAST (NETLINK_LISTEN_ALL_NSID, netlink(7)), no file and no
 * other right: it gives up all system calls but those on descriptors.
 * HELPER is its socket to helper_main(), OUTSIDE that to host_outside().
 *
 * host_outside() writes the files of daemons, starts those, and looks at
 * files and programs of others.
 *
 * helper_main() opens namespaces and what is in them (CAP_SYS_ADMIN, and
 * CAP_SYS_PTRACE for those of other users' processes), and starts the other
 * two when netd asks it to on FD, a SOCK_SEQPACKET: host/help.h.
 */
int host_kernel(int fd, int helper, int outside);
int host_outside(int fd, const char *run_dir, const char *state_dir);
/* CNI_DIR: where it writes CNI configurations, or "". */
int helper_main(int fd, const char *cni_dir);

/* What the folders are called in names of files (KIND_FILE). */
#define NETD_RUN "run/"
#define NETD_STATE "state/"

/*
 * Facts (KIND_FACT, netns "") that WIRE_FOUND carries with OBSERVE_FACTS:
 *   kernel            "6.1.0-56-amd64"
 *   default-dev       the interface(s) of the IPv4/IPv6 default route
 *   default-dev6
 *   forwards4         net.ipv4.ip_forward: is the host a router?
 *   forwards6         net.ipv6.conf.all.forwarding; netd keeps what it was
 *                     before it was set
 *   neigh-limit       net.ipv4.neigh.default.gc_thresh3; neigh-limit6
 *   neigh-used        entries there are in all namespaces we may see
 *   nft-persist       "yes" when the kernel knows NFT_TABLE_F_PERSIST
 *   max-learned       "yes" when bridges know IFLA_BR_FDB_MAX_LEARNED
 *   tun, veth, bridge, netem, nft, nft-bridge, nft-fib   "yes", or why
 *                     not
 *   run-dir, state-dir
 *   dnsmasq, frr      "yes" when the program is installed, or why not
 *   dnsmasq-user      who it runs as: its package makes a user
 *   resolvers         the host's name servers, "192.0.2.53 127.0.0.53"
 *   user:NAME, group:NAME   the number, for owners asked for by a wanted tap;
 *                     "unknown" when there is none
 */

#endif

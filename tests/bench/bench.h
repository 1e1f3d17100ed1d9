// bench.h - what the parts of the floor program share
// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef BENCH_H
#define BENCH_H

#include <libmnl/libmnl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* In which order requests are made; one send or more each. */
enum step {
	STEP_TABLE,		/* up to STEP_RULE: one nft transaction */
	STEP_SET,
	STEP_CHAIN,
	STEP_ELEMENT,
	STEP_RULE,
	STEP_BRIDGE,		/* bridges are made */
	STEP_BRIDGE_PROC,	/* IPv6 settings that only /proc takes */
	STEP_BRIDGE_SET,	/* settings, and up */
	STEP_ALTNAME,
	STEP_PORT,
	STEP_PORT_PROC,
	STEP_PORT_SET,
	STEP_PEER_PROC,
	STEP_PEER_SET,
	STEP_ADDRESS,
	STEP_ROUTE,
	STEP_SYSCTL,
	STEP_COUNT
};

/* How a request is sent. */
enum way {
	WAY_ROUTE,
	WAY_NFT,
	WAY_PROC,		/* data: path, zero byte, value, zero byte */
};

/*
 * One request, as it is written to a file.  Two states of a host differ in
 * the requests of which one has them and the other hasn't.
 */
struct req {
	uint8_t way, step;
	uint16_t type, flags;	/* of the netlink message */
	uint32_t fix;		/* offset in data of a descriptor of peer */
	char ns[64];		/* where it is sent: a namespace's name, "" */
	char peer[64];
	char of[128];		/* a rule's chain, an element's set */
	uint32_t len;
	char data[];		/* of the message, after its header */
};

/* A list of requests. */
struct reqs {
	struct req **v;
	size_t n, cap;
};

void die(const char *fmt, ...) __attribute__((format(printf, 1, 2), noreturn));
void *must_alloc(void *p, size_t size);
double now_ms(void);

void reqs_add(struct reqs *r, const struct req *head, const void *data,
	      size_t len);
void reqs_read(struct reqs *r, const char *path);
void reqs_write(const struct reqs *r, const char *path);
void reqs_sort(struct reqs *r);
/* Those of B that A hasn't; both are sorted. */
void reqs_minus(const struct reqs *b, const struct reqs *a, struct reqs *out);

/* --- nl.c: sockets, in any namespace --------------------------------- */

int ns_open(const char *name);
void ns_enter(const char *name);
struct mnl_socket *nl_open(const char *ns, int proto);
/* Dumps until it was not interrupted; CB (or NULL) gets each message. */
void nl_dump(struct mnl_socket *s, const struct nlmsghdr *req,
	     int (*cb)(const struct nlmsghdr *nlh, void *arg), void *arg);

/* Messages that go out in one send. */
struct batch {
	char *p;
	size_t len, cap;
	unsigned int n;
};

/* Room for a message of at most LEN bytes of payload, header written. */
struct nlmsghdr *batch_add(struct batch *b, int type, int flags,
			   const void *data, size_t len);
/* Sends it; answers that are errors are printed.  Returns how many. */
int batch_send(struct batch *b, struct mnl_socket *s);

/* Waits until the kernel no longer tears down namespaces. */
void wait_quiet(void);

/* --- build.c ----------------------------------------------------------- */

/* One send, or one write. */
struct op {
	enum step step;
	struct mnl_socket *s;
	struct batch b;
	const struct req *proc;
};

struct ops {
	struct op *v;
	size_t n;
};

/* The sends that make B of A. */
void build(struct ops *ops, const struct reqs *a, const struct reqs *b);

/* The socket of a namespace, and nftables' of the one we are in. */
struct mnl_socket *space_socket(const char *ns);
struct mnl_socket *nft_socket(void);
int nft_type(int type);
/* NFNL_MSG_BATCH_BEGIN, NFNL_MSG_BATCH_END */
void batch_mark(struct batch *b, int type);

/* --- capture ---------------------------------------------------------- */

void capture_links(struct reqs *r);
/* Addresses and routes of the namespace of S, which is called NS. */
void capture_layer3(struct reqs *r, struct mnl_socket *s, const char *ns);
/* Is that link of the namespace NS the peer of one of netd's? */
bool peer_known(const char *ns, uint32_t index);
void capture_sysctls(struct reqs *r);
void add_proc(struct reqs *r, const char *ns, enum step step,
	      const char *path, const char *value);
int take_attr(const struct nlattr *a, void *arg);
void put_copy(struct nlmsghdr *h, const struct nlattr *a);
void add_route(struct reqs *r, const char *ns, enum step step, int type,
	       int flags, const struct nlmsghdr *h, struct req *more);
void capture_nft(struct reqs *r);


#define MAX_ATTR 64		/* what take_attr() takes */

#endif

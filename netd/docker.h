// docker.h - Docker's remote network and IPAM driver
// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef NETD_DOCKER_H
#define NETD_DOCKER_H

#include <event2/event.h>

#include "netd/engine.h"

/*
 * dockerd asks over a socket in /run/docker/plugins; the protocol is in
 * daemon/libnetwork/docs/remote.md and ipam.md of Moby.  A restart of dockerd
 * repeats nothing.  What must be known later is little:
 *
 *	a pool		its id says which network's subnet it is
 *	a network	docker/ID in the state folder: {"network": "T/N", ...}
 *	an address	an attachment docker-ip-ADDRESS of `type: reserved`
 *	an endpoint	an attachment docker-ID, a veth whose other end is left
 *			in the host's namespace, for dockerd to move
 *
 * An endpoint takes over the addresses that were reserved for it.
 */

/* --- docker.c: in the API's thread ----------------------------------- */

struct docker;

/*
 * Listens on the options' socket; requests become JOB_DOCKER for the engine:
 * they wait while that starts.  NULL when it can't, with the reason in the log.
 */
struct docker *docker_new(struct event_base *base, const struct options *opt,
			  struct post *jobs);
/* A job came back; takes it. */
void docker_answer(struct docker *d, struct job *j);
/* No job is under way any more. */
void docker_free(struct docker *d);

/* --- docker_*.c: in the engine's thread ------------------------------ */

/* A request, and what becomes of it. */
struct docker_call {
	struct engine *e;
	json_t *in;		/* an object */
	json_t *out;		/* of the answer; an object */
	char why[800];		/* what is wrong, when it failed */
};

/* A method.  0; -EAGAIN: after the running update; else see `why`. */
typedef int docker_fn(struct docker_call *c);

docker_fn docker_request_pool, docker_request_address, docker_release_address,
	docker_create_network, docker_delete_network, docker_create_endpoint,
	docker_delete_endpoint, docker_join, docker_publish, docker_unpublish,
	docker_info;

/* Is it a method that the engine knows? */
bool docker_knows(const char *method);
/* Answers the job, whose `kind` is the method. */
void job_docker(struct engine *e, struct job *j);

/* What is wrong, in a sentence.  Returns -EINVAL. */
int docker_fail(struct docker_call *c, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
/* A text of the request, at KEY or in the object there; "" when it is none. */
const char *docker_str(const json_t *o, const char *key);

/* A network of ours, as Docker's requests mean it. */
struct docker_net {
	struct entry *en;
	char topology[64], name[64];
	struct topo_subnets s;
};

/*
 * Finds NETWORK or TOPOLOGY/NETWORK.  0 or -EINVAL, with the reason in c->why;
 * -EAGAIN when it is being changed.
 */
int docker_find(struct docker_call *c, const char *spec, struct docker_net *n);
/* The one network whose subnet is POOL.  0, -EAGAIN, or -ENOENT when it isn't
 * one. */
int docker_find_by_subnet(struct docker_call *c, const struct prefix *pool,
			  struct docker_net *n);

/* The dynamic attachment of that name, or NULL. */
const struct plug *docker_plug(const struct entry *en, const char *name);
/* Adds or removes one: 0, -EAGAIN, or -EINVAL and the like with c->why.  N's
 * entry may be another one afterwards.  To remove what isn't there is fine. */
int docker_plug_in(struct docker_call *c, struct docker_net *n,
		   const char *name, const char *text);
int docker_plug_out(struct docker_call *c, struct docker_net *n,
		    const char *name);
/* Gives one that is there another text. */
int docker_plug_as(struct docker_call *c, struct docker_net *n,
		   const char *name, const char *text);

/* What the names of attachments of endpoints and of addresses begin with. */
#define DOCKER_ENDPOINT "docker-"
#define DOCKER_LEASE "docker-ip"
/* The end that dockerd takes, of the endpoint ID. */
void docker_ifname(const char *id, char out[16]);

/* --- docker_left.c ----------------------------------------------------- */

/* An endpoint is there, and its end is about to be taken. */
void docker_expect(struct engine *e);
/* Removes endpoints that dockerd doesn't know any more, after a look. */
void docker_collect(struct engine *e);

/* --- docker_ipam.c ---------------------------------------------------- */

/*
 * Docker asks for a pool before it says of which network.  Then the pool is
 * everything, and its gateway a number by which the network is told later.
 * true when IP is one.
 */
bool docker_is_ticket(const struct ip *ip);
/* "docker-ip-10-1-0-5", the attachment that reserves an address. */
void docker_lease_name(const struct ip *ip, char out[64]);

/* --- docker_net.c ------------------------------------------------------ */

/* Docker's network of that id, or of that ticket; json as in its file, NULL
 * when there is none. */
json_t *docker_net_load(struct engine *e, const char *id);

/* --- docker_ports.c ---------------------------------------------------- */

/*
 * The ports of a request's `com.docker.network.portmap` as the list that
 * `publish:` is; those that Docker leaves to us are chosen.  The caller frees
 * *LIST in any case.  0 or -EINVAL.
 */
int docker_ports(struct docker_call *c, json_t **list);

#endif

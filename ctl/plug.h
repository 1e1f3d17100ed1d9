// plug.h - what the small programs share that container engines start
// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef CTL_PLUG_H
#define CTL_PLUG_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "netd/buf.h"

/*
 * An engine waits for these programs, so they load little: jansson and libc.
 * (libcurl costs 10 ms to load, and libevent's client of HTTP can't use Unix
 * sockets before 2.2.)
 */

/* An input is refused beyond that. */
#define PLUG_INPUT_MAX (1u << 20)
/* A request that takes longer is given up. */
#define PLUG_SECONDS 60
/* How long netd waits until both ends of an attachment are usable. */
#define PLUG_WAIT "5000"

/* --- plug_client.c ---------------------------------------------------- */

/* Of the API; $NETD_SOCKET or the built-in path unless it is set. */
extern const char *plug_socket;

struct answer {
	int code;		/* HTTP status; 0: none came */
	bool unasked;		/* netd never heard of it */
	json_t *json;		/* owned; NULL when there is none */
	struct buf error;	/* why it is not 2xx, in a line; else empty */
	struct buf details;	/* what netd found, "; " in between; or empty */
};

/*
 * Asks netd for METHOD PATH ("/v1/status"), with BODY unless it is NULL, as
 * HTTP/1.1 (RFC 9112).  The caller frees the answer.
 */
struct answer plug_ask(const char *method, const char *path,
		       const json_t *body);
void answer_free(struct answer *a);

/* --- plug_attach.c, plug_util.c --------------------------------------- */

/* The attachment's name: DOOR and a hash of the strings up to NULL. */
#define PLUG_NAME 64
void plug_name(char out[PLUG_NAME], const char *door, ...)
	__attribute__((sentinel));

/* Adds "?KEY=VALUE" or "&KEY=VALUE" to a path, encoded (RFC 3986). */
void plug_query(struct buf *path, const char *key, const char *value);
/* Splits "TOPOLOGY/NETWORK"; *TOPOLOGY stays when there is none. */
const char *plug_split(char *name, const char **topology);

/* Standard input up to its end; 0, -EFBIG, or another negative errno. */
int plug_input(struct buf *in);

/* "" when O has no string KEY. */
const char *plug_str(const json_t *o, const char *key);
/*
 * As json_object_get, in any case of letters: Go's programs read and write
 * both, so "HostPort" is hostPort.  The exact one comes first.
 */
json_t *plug_get(const json_t *o, const char *key);
/* Adds a label, cut to what netd takes of one; nothing when it is empty. */
void plug_label(json_t *labels, const char *key, const char *value);

/* Adds an address to the list of its family in attachment O, once. */
void plug_address(json_t *o, const char *address);
/* Adds the words between commas to the list KEY of O. */
void plug_words(json_t *o, const char *key, const char *words);
/* Adds what attachment O may get or send: WAY is ingress or egress, BOUND
 * RATE[/BURST], or NULL for none. */
void plug_bound(json_t *o, const char *way, const char *bound);
/*
 * A forward for `publish`: PROTOCOL NULL or "" is tcp, in any case; LISTEN
 * NULL, "" or a family's zero address: all.  NULL: no such ports or protocol.
 */
json_t *plug_forward(const char *listen, const char *protocol,
		     json_int_t port, json_int_t target_port);

/* Plugs NAME: O in, which it takes over; WAIT: until it is usable. */
struct answer plug_attach(const char *name, const char *topology, json_t *o,
			  bool wait);
/* Asks for all attachments with the label DOOR.KEY=VALUE, of that DOOR. */
struct answer plug_labelled(const char *door, const char *key,
			    const char *value);
/*
 * Does another attachment of the container publish its ports?  Engines name
 * all of them for each network; the first one has them.
 */
bool plug_published(const char *door, const char *container);
/* Asks to remove one; false: it failed.  What isn't there is removed. */
bool plug_detach(const char *name, const char *topology, struct answer *a);

/* --- plug_netns.c ----------------------------------------------------- */

/*
 * Opens a network namespace by its path; a negative errno, -EXDEV when it is
 * the one of this process, -EINVAL when it is no such file.
 */
int netns_open(const char *path);

/* What is in a namespace; see netns_look(). */
struct netns_view {
	bool has_link;		/* IFNAME is there */
	bool others;		/* there are other links, beside lo */
	bool up;
	char mac[18];
	struct buf addresses;	/* " 10.1.0.2/24 fd00::2/64 " of IFNAME */
	bool default4, default6;	/* by whichever interface */
	struct buf routes;	/* " DST,GW " of IFNAME, 0.0.0.0/0 is default */
};

/*
 * Goes into the namespace FD, looks, and comes back.  0 or a negative errno.
 * The caller frees the view by netns_view_free().
 */
int netns_look(int fd, const char *ifname, struct netns_view *v);
void netns_view_free(struct netns_view *v);

#endif

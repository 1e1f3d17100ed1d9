// driver.h - what the files of the nft driver share
// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef NETD_HOST_NFT_DRIVER_H
#define NETD_HOST_NFT_DRIVER_H

#include "host/host.h"
#include "nft.h"

#define NFT_OUR_TABLE	"netd"

struct nft_name {
	int family;
	char thing[NFT_NAME];	/* chain or set; "" for a table */
	const char *key;
};

struct nft_marks {
	uint32_t *v;
	uint32_t n, cap;
};

/* A port of a bridge that is admitted no more. */
struct nft_port {
	char key[24];		/* as in elements: with its quotes */
	char mark[16];		/* that a map gave it: its network; or "" */
};

/* The back end of one namespace: ns->nft. */
struct nft_net {
	struct nft_sock sock;
	struct nft_txn txn;
	bool known;		/* txn knows the kernel's tables and sets */
	bool seen;		/* found is what the kernel holds */
	struct nft_found found;	/* as of the last observation */
	bool there[2];		/* tables inet and bridge */
	uint32_t flags[2];
	/* of the run of steps that is going on */
	bool broken;		/* one can't be built: none is sent */
	const struct step **steps;
	uint32_t nsteps, csteps;
	struct nft_marks gone, came;
	struct nft_port *ports;	/* that go */
	uint32_t nports, cports;
};

/* Takes over what the kernel holds: tables, and the types of its sets. */
void nft_net_learn(struct nft_net *n, const struct nft_found *f);
/* The back end of a namespace, with its socket opened there. */
struct nft_net *nft_net_get(struct host *h, struct ns *ns, int *err);
/* Takes tables over that outlived their owner. */
void nft_adopt(struct nft_net *n, struct nft_found *f);
void nft_forget_found(struct nft_net *n);
int nft_observe(struct host *h, const struct state *wanted,
		struct state *found);
int nft_name_split(const char *name, struct nft_name *n);
uint32_t nft_table_flags(struct nft_net *n, int family);
/* Sends n->txn and tells the steps that failed.  0 or a negative errno. */
int nft_send(struct host *h, struct nft_net *n);
/* After it: connections by marks that are gone, addresses learned at ports
 * that are gone. */
/* One that connections have whose policy is no other's: they don't end. */
bool nft_mark_is_shared(uint32_t mark);
void nft_end_connections(struct nft_net *n);
void nft_end_learned(struct nft_net *n);

#endif

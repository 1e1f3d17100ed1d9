// ct.h - connections that the kernel tracks: which of them are to end
// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef NETD_HOST_NFT_CT_H
#define NETD_HOST_NFT_CT_H

#include <stdint.h>

struct nft_sock;

/* What an entry must be; what is zero is not asked for. */
struct ct_filter {
	uint8_t family;		/* NFPROTO_IPV4 or NFPROTO_IPV6 */
	uint8_t has_dst;
	uint8_t dst[16];	/* destination of the original direction */
	uint8_t proto;
	uint16_t port_lo;	/* its destination port, host order; 0: any */
	uint16_t port_hi;
	uint32_t status;	/* IPS_* bits that all must be set */
	uint32_t mark;
	uint32_t mask;		/* 0: any mark */
};

/*
 * Deletes the entries that any of the filters fits, in the socket's network
 * namespace.  Returns their number or a negative errno.  An entry that ended
 * by itself meanwhile is no error.
 */
int ct_delete(struct nft_sock *k, const struct ct_filter *f, unsigned int n);

/* How many entries carry each of these marks, which are sorted. */
int ct_count_marks(struct nft_sock *k, const uint32_t *marks,
		   unsigned int n, uint32_t *counts);

/* Deletes the entries that carry one of these marks, and no others. */
int ct_delete_marks(struct nft_sock *k, const uint32_t *marks,
		    unsigned int n);

#endif

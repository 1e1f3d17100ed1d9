// nft-ct.c - deletes tracked connections, by the words of a test
// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * nft-ct marks N...            those with one of the marks
 * nft-ct dst ADDR PROTO LO HI  those sent to the address's ports and turned
 *                              elsewhere by DNAT
 * Prints how many went, where that is known.
 */
#include "host/nft/ct.h"

#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/nft/nft.h"

static int marks(struct nft_sock *k, int n, char **words)
{
	uint32_t *m = calloc(n + 1, sizeof(*m));
	int err;

	for (int i = 0; m && i < n; i++)
		m[i] = strtoul(words[i], NULL, 0);
	err = ct_delete_marks(k, m, n);
	free(m);
	return err;
}

static int dst(struct nft_sock *k, char **w)
{
	struct ct_filter f = { .status = IPS_DST_NAT, .has_dst = 1 };

	f.family = strchr(w[0], ':') ? NFPROTO_IPV6 : NFPROTO_IPV4;
	if (inet_pton(f.family == NFPROTO_IPV6 ? AF_INET6 : AF_INET, w[0],
		      f.dst) != 1)
		return -1;
	f.proto = strcmp(w[1], "tcp") ? IPPROTO_UDP : IPPROTO_TCP;
	f.port_lo = atoi(w[2]);
	f.port_hi = atoi(w[3]);
	return ct_delete(k, &f, 1);
}

int main(int argc, char **argv)
{
	struct nft_sock k;
	int n = -1;

	if (argc < 3 || nft_sock_open(&k))
		return 2;
	if (!strcmp(argv[1], "marks"))
		n = marks(&k, argc - 2, argv + 2);
	else if (!strcmp(argv[1], "dst") && argc == 6)
		n = dst(&k, argv + 2);
	nft_sock_close(&k);
	printf("%d\n", n);
	return n < 0;
}

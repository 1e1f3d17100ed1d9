// nft.c - fuzz: texts of rules, sets and elements are compiled or refused
// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/nft/nft.h"

#include <linux/netfilter.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const sets[] = {
	"type ifname . ifname : verdict",
	"type ipv4_addr; flags interval",
	"type ifname . ipv6_addr . inet_proto . inet_service : "
	"interval ipv6_addr . inet_service; flags interval",
	"type mark . ether_addr : mark",
};

#define SETS	(sizeof(sets) / sizeof(sets[0]))

static void known(struct nft_txn *t)
{
	char name[] = "m0";

	for (size_t i = 0; i < SETS; i++, name[1]++)
		nft_set_add(t, NFPROTO_INET, "netd", name, sets[i], NULL);
}

/* What is read must print as something that is read the same. */
static void element(const char *text)
{
	struct nft_elem e, again;
	const char *data = strchr(text, '\n');
	char key[NFT_TEXT], value[NFT_TEXT], err[NFT_ERR];
	char *own = strndup(text, data ? (size_t)(data - text) :
			    strlen(text));
	struct nft_set s;

	for (size_t i = 0; i < SETS; i++) {
		if (nft_set_parse(sets[i], &s, err))
			abort();
		memset(&e, 0, sizeof(e));
		memset(&again, 0, sizeof(again));
		if (nft_elem_parse(&s, own, data ? data + 1 : NULL, &e))
			continue;
		nft_elem_print_key(&s, &e, key, sizeof(key));
		if (nft_elem_parse(&s, key, NULL, &again) ||
		    memcmp(e.key, again.key, sizeof(e.key)) ||
		    memcmp(e.end, again.end, sizeof(e.end)))
			abort();
		if (!data || !s.ndata)
			continue;
		nft_elem_print_data(&s, &e, value, sizeof(value));
		if (nft_elem_parse(&s, key, value, &again) ||
		    memcmp(&e, &again, sizeof(e)))
			abort();
	}
	free(own);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct nft_txn t;
	struct nft_set s;
	char *text;

	if (!size || size > 4096)
		return 0;
	text = strndup((const char *)data + 1, size - 1);
	nft_txn_init(&t);
	known(&t);
	if (data[0] % 4 == 0)
		element(text);
	else if (data[0] % 4 == 1)
		nft_set_parse(text, &s, t.err);
	else
		nft_chain_add(&t, data[0] % 4 == 2 ? NFPROTO_INET :
			      NFPROTO_BRIDGE, "netd", "c", text, NULL);
	nft_txn_free(&t);
	free(text);
	return 0;
}

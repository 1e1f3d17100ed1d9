// leases.c - netdctl leases
// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdlib.h>
#include <string.h>

#include "ctl/ctl.h"

static const char *const keys[] = {
	"address", "mac", "hostname", "attachment", "expires", "network",
	"topology", NULL
};
static const char *const heads[] = {
	"ADDRESS", "MAC", "HOSTNAME", "ATTACHMENT", "EXPIRES", "NETWORK",
	"TOPOLOGY", NULL
};

static void only_network(json_t *list, const char *network)
{
	size_t i;

	for (i = json_array_size(list); i--;)
		if (strcmp(str(json_array_get(list, i), "network"), network))
			json_array_remove(list, i);
}

int cmd_leases(int argc, char **argv)
{
	int n = options(argc, argv, NULL, NULL);
	char *path = must(strdup("/v1/leases")), *topology = NULL;
	const char *network = NULL;
	struct reply r;
	json_t *list;

	if (n < 0 || n > 1) {
		free(path);
		return n < 0 ? EXIT_USAGE : usage(argv[0], "too many words");
	}
	if (n && strchr(argv[1], '/'))
		topology = split_name(argv[1], &network);
	else if (n)
		topology = must(strdup(argv[1]));
	if (topology)
		path = path_query(path, "topology", topology);
	free(topology);
	r = ask("GET", path, NULL, 0, NULL);
	free(path);
	list = json_object_get(r.json, "leases");
	if (network)
		only_network(list, network);
	if (r.code != 200 || want_json)
		return finish(&r);
	print_table(list, keys, heads);
	reply_free(&r);
	return EXIT_OK;
}

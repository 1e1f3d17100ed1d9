// yaml.c - fuzz: any text becomes errors, or objects
// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdlib.h>
#include <string.h>

#include "netd/topo.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void add_link(struct state *s, const char *name)
{
	struct object *o = state_add(s, KIND_LINK, "", name,
				     (struct pos){ .line = 0 });

	o->foreign = true;
}

static void add_fact(struct state *s, const char *name, const char *value)
{
	struct fact *f = state_add(s, KIND_FACT, "", name,
				   (struct pos){ .line = 0 });

	f->value = value;
}

/* A host with a way out and a few things that may be in the way. */
static struct state *a_host(void)
{
	struct state *s = state_new();
	struct object *o;

	add_fact(s, "default-dev", "eth0");
	add_fact(s, "default-dev6", "");
	add_fact(s, "neigh-limit", "1024");
	add_fact(s, "tun", "yes");
	add_link(s, "eth0");
	add_link(s, "docker0");
	o = state_add(s, KIND_ROUTE, "", "10.64.0.0/16",
		      (struct pos){ .line = 0 });
	o->foreign = true;
	o = state_add(s, KIND_ADDRESS, "", "eth0 192.0.2.10/24",
		      (struct pos){ .line = 0 });
	o->foreign = true;
	state_sort(s, NULL, NULL);
	return s;
}

static void expand(struct topology *t, const struct state *found,
		   struct numbers *numbers, struct report *report)
{
	struct state *wanted = state_new();
	struct topo_command *commands;
	struct topo_check *checks;
	struct topo_item *items;

	if (!topo_check(t, found, numbers, NULL, 0, report) &&
	    !topo_expand(t, found, numbers, wanted, report)) {
		state_sort(wanted, NULL, NULL);
		topo_items(t, wanted->arena, &items);
		topo_checks(t, wanted->arena, &checks);
		topo_solution(t, wanted->arena, &commands);
	}
	state_free(wanted);
}

/*
 * What is behind a zero byte came by the API: attachments, which are put in,
 * and taken out again.
 */
static void attach(struct topology *t, const char *text, size_t len,
		   const struct state *found, struct numbers *numbers,
		   struct report *report)
{
	struct topo_item *items;
	struct arena *a;
	unsigned int i, n;

	if (topo_attach(t, "api", text, len, report))
		return;
	expand(t, found, numbers, report);
	a = arena_new();
	n = topo_items(t, a, &items);
	for (i = 0; i < n; i++)
		if (items[i].dynamic)
			topo_detach(t, arena_strdup(a, items[i].name));
	arena_free(a);
	expand(t, found, numbers, report);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *zero = size ? memchr(data, 0, size) : NULL;
	size_t len = zero ? (size_t)(zero - data) : size;
	char *text = malloc(len + !len);
	struct report *report = report_new();
	struct numbers *numbers = numbers_new();
	struct state *found = size & 1 ? a_host() : NULL;
	struct buf out = { 0 };
	struct topology *t;

	/* a copy of its own, so that reading past its end is seen */
	memcpy(text, data, len);
	t = topo_read("fuzz.net.yaml", text, len, report);
	if (t) {
		expand(t, found, numbers, report);
		/* a second time: what exists keeps its number */
		expand(t, found, numbers, report);
		if (zero)
			attach(t, (const char *)zero + 1, size - len - 1,
			       found, numbers, report);
	}
	report_print(report, &out);
	buf_free(&out);
	topo_free(t);
	state_free(found);
	numbers_free(numbers);
	report_free(report);
	free(text);
	return 0;
}

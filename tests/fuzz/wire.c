// wire.c - fuzz: a message from the other process is never trusted
// SPDX-License-Identifier: GPL-2.0-or-later
#include "netd/wire.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *p = (const char *)data, *end = p + size;
	struct state *s = state_new();
	struct plan plan = { 0 };
	struct buf out = { 0 };
	uint32_t i;

	if (!wire_unpack_plan(&p, end, s, &plan))
		for (i = 0; i < plan.n; i++)
			plan_print_step(&plan.steps[i], &out);
	plan_free(&plan);
	state_free(s);
	s = state_new();
	p = (const char *)data;
	if (!wire_unpack_state(&p, end, s))
		state_sort(s, NULL, NULL);
	state_free(s);
	buf_free(&out);
	return 0;
}

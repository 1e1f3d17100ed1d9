// import.c - fuzz: any text of FORMAT is errors, or a file that topo_read() takes
// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdlib.h>
#include <string.h>

#include "netd/import.h"
#include "netd/topo.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Names, quotes and values are right, whatever stood there. */
static void read_made(const struct buf *made)
{
	struct report *report = report_new();
	struct topology *t = topo_read("made.net.yaml", buf_text(made),
				       made->len, report);
	struct buf out = { 0 };

	if (!t) {
		report_print(report, &out);
		fprintf(stderr, "%s\n%s", buf_text(made), buf_text(&out));
		abort();
	}
	topo_free(t);
	report_free(report);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + !size);
	struct report *report = report_new();
	struct buf made = { 0 };

	memcpy(text, data, size);
	if (!import_topology(FORMAT, "fuzz", text, size, &made, report))
		read_made(&made);
	else if (made.len || !report->errors)
		abort();
	buf_free(&made);
	report_free(report);
	free(text);
	return 0;
}

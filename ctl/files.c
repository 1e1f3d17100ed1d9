// files.c - topology files as netdctl gets them
// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/ctl.h"
#include "netd/buf.h"

#define SIZE_MAX_MIB 4

char *read_file(const char *file, size_t *len)
{
	bool in = !strcmp(file, "-");
	FILE *f = in ? stdin : fopen(file, "re");
	struct buf b = { 0 };
	char chunk[16384];
	int err = f ? 0 : errno;
	size_t n;

	while (f && b.len <= SIZE_MAX_MIB << 20 &&
	       (n = fread(chunk, 1, sizeof(chunk), f)) > 0)
		buf_add(&b, chunk, n);
	if (f && ferror(f))
		err = errno;
	if (!err && b.len > SIZE_MAX_MIB << 20)
		err = EFBIG;
	if (f && !in)
		fclose(f);
	if (err) {
		complain("%s: %s", file, err == EFBIG ?
			 "larger than 4 MiB" : strerror(err));
		buf_free(&b);
		return NULL;
	}
	*len = b.len;
	return b.p ? b.p : must(strdup(""));
}

// stored.c - fuzz: what is stored, and what requests carry, is never trusted
// SPDX-License-Identifier: GPL-2.0-or-later
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "netd/log.h"
#include "netd/store.h"
#include "netd/topo.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct store store = { .lock = -1, .kernel_lock = -1, .dir = -1 };

static void open_once(void)
{
	char dir[] = "/tmp/netd-fuzz-XXXXXX";

	if (store.dir >= 0)
		return;
	log_init(-1);
	if (!mkdtemp(dir))
		abort();
	store.dir = open(dir, O_RDONLY | O_DIRECTORY);
}

static void put(const uint8_t *data, size_t size)
{
	int fd = openat(store.dir, "file", O_WRONLY | O_CREAT | O_TRUNC, 0600);

	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	close(fd);
}

/* A file of any content is what was written, or nothing. */
static void file(const uint8_t *data, size_t size)
{
	size_t len;
	char *text;

	open_once();
	put(data, size);
	text = store_read(&store, NULL, "file", &len);
	if (text && (len > size || text[len]))
		abort();
	free(text);
	if (store_write(&store, NULL, "file", data, size, false))
		abort();
	text = store_read(&store, NULL, "file", &len);
	if (!text || len != size || memcmp(text, data, size))
		abort();
	free(text);
}

/* Numbers that are read are printed as something that is read the same. */
static void numbers(const uint8_t *data, size_t size)
{
	struct numbers *n = numbers_new();
	char *text = strndup((const char *)data, size);
	struct buf once = { 0 }, twice = { 0 };

	if (!numbers_read(n, text)) {
		numbers_print(n, &once);
		if (numbers_read(n, buf_text(&once)))
			abort();
		numbers_print(n, &twice);
		if (strcmp(buf_text(&once), buf_text(&twice)))
			abort();
	}
	buf_free(&once);
	buf_free(&twice);
	free(text);
	numbers_free(n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!size)
		return 0;
	if (data[0] & 1)
		numbers(data + 1, size - 1);
	else
		file(data + 1, size - 1);
	return 0;
}

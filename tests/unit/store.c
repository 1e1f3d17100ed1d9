// store.c - small files, written whole; and what is no file of ours
// SPDX-License-Identifier: GPL-2.0-or-later
#include "netd/store.h"
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char dir[] = "/tmp/netd-store-XXXXXX";

static void text_is(struct store *s, const char *folder, const char *name,
		    const char *want)
{
	size_t len;
	char *text = store_read(s, folder, name, &len);

	CHECK(!text == !want);
	if (text && want) {
		CHECK_STR(text, want);
		CHECK(len == strlen(want));
	}
	free(text);
}

static void reads_what_it_wrote(struct store *s)
{
	char *large = malloc(STORE_MAX + 2);

	CHECK(!store_write(s, NULL, "numbers", "a b\n", 4, true));
	text_is(s, NULL, "numbers", "a b\n");
	CHECK(!store_write(s, NULL, "numbers", "c", 1, false));
	text_is(s, NULL, "numbers", "c");
	CHECK(!store_write(s, NULL, "numbers", "", 0, true));
	text_is(s, NULL, "numbers", "");
	store_remove(s, NULL, "numbers");
	text_is(s, NULL, "numbers", NULL);
	/* a folder that isn't there yet */
	CHECK(!store_write(s, STORE_PLUGS "/campus", "vm1", "{}", 2, false));
	text_is(s, STORE_PLUGS "/campus", "vm1", "{}");
	store_remove(s, STORE_PLUGS "/campus", "vm1");
	store_remove(s, STORE_PLUGS, "campus");
	CHECK(faccessat(s->dir, STORE_PLUGS "/campus", F_OK, 0));
	memset(large, 'x', STORE_MAX + 1);
	CHECK(!store_write(s, NULL, "large", large, STORE_MAX + 1, false));
	text_is(s, NULL, "large", NULL);
	store_remove(s, NULL, "large");
	free(large);
}

static void stays_inside(struct store *s)
{
	static const char *const bad[] = {
		"", ".", "..", "../x", "a/b", "/etc/passwd", ".hidden",
	};
	unsigned int i;
	char longer[300];

	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		CHECK(store_write(s, NULL, bad[i], "x", 1, false) < 0);
		text_is(s, NULL, bad[i], NULL);
	}
	memset(longer, 'n', sizeof(longer));
	longer[299] = '\0';
	CHECK(store_write(s, NULL, longer, "x", 1, false) < 0);
	CHECK(!symlinkat("/etc/passwd", s->dir, "link"));
	text_is(s, NULL, "link", NULL);
	/* the link is replaced, what it points to is not written */
	CHECK(!store_write(s, NULL, "link", "mine", 4, false));
	text_is(s, NULL, "link", "mine");
	CHECK(!mkfifoat(s->dir, "fifo", 0600));
	text_is(s, NULL, "fifo", NULL);
	CHECK(!mkdirat(s->dir, "folder", 0700));
	text_is(s, NULL, "folder", NULL);
	CHECK(!symlinkat("/tmp", s->dir, "elsewhere"));
	CHECK(store_write(s, "elsewhere", "x", "x", 1, false) < 0);
	store_remove(s, NULL, "link");
	store_remove(s, NULL, "fifo");
	store_remove(s, NULL, "folder");
	store_remove(s, NULL, "elsewhere");
}

static void add_name(void *arg, const char *name)
{
	strcat(arg, name);
	strcat(arg, " ");
}

static void lists_in_order(struct store *s)
{
	char names[100] = "";
	int fd;

	store_write(s, STORE_STOPPED, "b", "", 0, false);
	store_write(s, STORE_STOPPED, "a", "", 0, false);
	/* what a crash left of a write */
	fd = openat(s->dir, STORE_STOPPED "/.c.new", O_CREAT | O_WRONLY, 0600);
	CHECK(fd >= 0);
	close(fd);
	store_each(s, STORE_STOPPED, add_name, names);
	CHECK_STR(names, "a b ");
	CHECK(!store_write(s, STORE_STOPPED, "c", "new", 3, true));
	text_is(s, STORE_STOPPED, "c", "new");
	names[0] = '\0';
	store_each(s, "no such folder", add_name, names);
	CHECK_STR(names, "");
}

static void is_for_one(void)
{
	struct store other;

	CHECK(store_open(&other, dir) == -EBUSY);
	store_close(&other);
}

int main(void)
{
	char command[100];
	struct store s;

	if (!mkdtemp(dir))
		return 1;
	CHECK(!store_open(&s, dir));
	reads_what_it_wrote(&s);
	stays_inside(&s);
	lists_in_order(&s);
	is_for_one();
	store_close(&s);
	CHECK(!store_open(&s, dir));
	store_close(&s);
	snprintf(command, sizeof(command), "rm -r %s", dir);
	CHECK(!system(command));
	return test_end();
}

// resolvers.c - the host's name servers, and when they change
// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/internal.h"

#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

/*
 * What is in the first; where that is systemd-resolved only, which other
 * namespaces don't reach, those that it asks come after it.
 */
static const char *const files[] = {
	"/etc/resolv.conf", "/run/systemd/resolve/resolv.conf",
};

#define EVENTS (IN_CLOSE_WRITE | IN_MOVED_TO | IN_CREATE | IN_DELETE | \
		 IN_DELETE_SELF | IN_MOVE_SELF | IN_ATTRIB)

struct resolvers {
	int fd;			/* inotify */
	struct buf told;	/* what netd knows */
};

static void add_words(struct buf *out, const char *text, bool *loopback_only)
{
	char line[128], word[64];
	struct ip ip;
	size_t len;

	for (; *text; text += len + (text[len] == '\n')) {
		len = strcspn(text, "\n");
		snprintf(line, sizeof(line), "%.*s", (int)len, text);
		if (sscanf(line, "nameserver %63s", word) != 1 ||
		    ip_read(word, &ip) || fact_has_word(out, word))
			continue;
		if (strncmp(word, "127.", 4) && strcmp(word, "::1"))
			*loopback_only = false;
		buf_printf(out, "%s%s", out->len ? " " : "", word);
	}
}

static void read_all(struct buf *out)
{
	bool loopback_only = true;
	char text[8192];
	size_t i;

	for (i = 0; i < 2 && loopback_only; i++)
		if (!proc_read(files[i], text, sizeof(text)))
			add_words(out, text, &loopback_only);
}

/* The file itself, which may be a link or mounted, and the folder in which
 * another one may take its name.  What is watched already stays so. */
static void watch(struct resolvers *r)
{
	size_t i;

	inotify_add_watch(r->fd, "/etc", EVENTS | IN_ONLYDIR);
	for (i = 0; i < 2; i++)
		inotify_add_watch(r->fd, files[i], EVENTS);
}

void resolvers_fact(struct host *h, struct state *found)
{
	struct resolvers *r = h->resolvers;

	if (!r) {
		r = h->resolvers = calloc(1, sizeof(*r));
		if (!r)
			abort();
		r->fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	}
	watch(r);
	buf_reset(&r->told);
	read_all(&r->told);
	fact_add(found, "resolvers", buf_text(&r->told));
}

int resolvers_fds(struct host *h, struct pollfd *fds, int room)
{
	if (!room || !h->resolvers || h->resolvers->fd < 0)
		return 0;
	fds[0] = (struct pollfd){ .fd = h->resolvers->fd, .events = POLLIN };
	return 1;
}

void resolvers_ready(struct host *h)
{
	struct resolvers *r = h->resolvers;
	struct buf now CLEANUP(buf_free) = { 0 };
	_Alignas(8) char in[4096];
	bool any = false;

	while (r && r->fd >= 0 && read(r->fd, in, sizeof(in)) > 0)
		any = true;
	if (!any)
		return;
	watch(r);
	read_all(&now);
	if (!strcmp(buf_text(&now), buf_text(&r->told)))
		return;
	buf_reset(&r->told);
	buf_str(&r->told, buf_text(&now));
	host_dirty(h, OBSERVE_LINKS | OBSERVE_FACTS,
		   "the host's name servers changed");
}

void resolvers_free(struct host *h)
{
	if (!h->resolvers)
		return;
	if (h->resolvers->fd >= 0)
		close(h->resolvers->fd);
	buf_free(&h->resolvers->told);
	free(h->resolvers);
	h->resolvers = NULL;
}

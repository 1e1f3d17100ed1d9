// watch_names.c - hears of the names of namespaces that come and go
// SPDX-License-Identifier: GPL-2.0-or-later
#include "netd/help.h"
#include "host/watch.h"

#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

void watch_names(struct watch *w)
{
	if (w->names < 0)
		w->names = help_watch();
}

/* A namespace's name went, or one that a pair waits for came. */
static void name_event(struct host *h, const char *name, bool gone)
{
	uint32_t i = state_seek(h->watched, KIND_VETH, "", "");
	const struct veth *v;

	if (gone && state_find(h->watched, KIND_NETNS, "", name))
		host_dirty(h, OBSERVE_LINKS, "a namespace was removed");
	for (; !gone && i < h->watched->n &&
	     h->watched->v[i]->kind == KIND_VETH; i++) {
		v = (const struct veth *)h->watched->v[i];
		if (v->peer_ours || !v->peer_netns ||
		    strcmp(v->peer_netns, name))
			continue;
		host_dirty(h, OBSERVE_LINKS, "a namespace appeared");
		return;
	}
}

void watch_read_names(struct host *h)
{
	_Alignas(8) char in[4096];
	const struct inotify_event *e;
	bool gone = false;
	ssize_t n, at;

	while ((n = read(h->watch->names, in, sizeof(in))) > 0) {
		for (at = 0; at < n; at += sizeof(*e) + e->len) {
			e = (const struct inotify_event *)(in + at);
			if (e->mask & IN_IGNORED)
				gone = true;
			else if (e->len && h->watched)
				name_event(h, e->name, e->mask &
					   (IN_DELETE | IN_MOVED_FROM));
		}
	}
	if (gone) {
		close(h->watch->names);
		h->watch->names = -1;
	}
}

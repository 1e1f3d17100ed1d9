// watch.c - notices what a foreign hand does to what netd made
// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/internal.h"
#include <poll.h>
int watch_init(struct host *h) { return 0; }
void watch_free(struct host *h) { state_free(h->watched); }
int watch_fds(struct host *h, struct pollfd *fds, int room) { return 0; }
void watch_ready(struct host *h) { }
int watch_timeout(struct host *h) { return -1; }
void watch_set(struct host *h, struct state *s) { state_free(h->watched); state_sort(s, 0, 0); h->watched = s; }
void watch_drain(struct host *h) { }
void watch_pause(struct host *h, bool pause) { }
void watch_join(struct host *h, struct ns *ns) { }

// netlink.c - fuzz: whatever the kernel's dumps may be, they become objects
// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <linux/netlink.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "host/internal.h"
#include "host/look.h"
#include "host/nft/nft.h"
#include "netd/arena.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
ssize_t __wrap_recv(int fd, void *out, size_t room, int flags);
ssize_t __wrap_send(int fd, const void *p, size_t len, int flags);
ssize_t __wrap_sendto(int fd, const void *p, size_t len, int flags,
		      const struct sockaddr *to, socklen_t tolen);

/*
 * The sockets are none: what is asked is taken note of, and the answer is what
 * comes next in the input, of the length that its first two bytes tell.  The
 * number of the question is put in, or hardly anything would be looked at.
 */
static const uint8_t *in;
static size_t left;
static uint32_t seq;

static void put_seq(uint8_t *p, size_t n)
{
	struct nlmsghdr h;

	while (n >= sizeof(h)) {
		memcpy(&h, p, sizeof(h));
		h.nlmsg_seq = seq;
		memcpy(p, &h, sizeof(h));
		/* the length first: NLMSG_ALIGN() of the largest is 0 */
		if (h.nlmsg_len < sizeof(h) || h.nlmsg_len >= n ||
		    NLMSG_ALIGN(h.nlmsg_len) >= n)
			return;
		p += NLMSG_ALIGN(h.nlmsg_len);
		n -= NLMSG_ALIGN(h.nlmsg_len);
	}
}

ssize_t __wrap_recv(int fd, void *out, size_t room, int flags)
{
	size_t n;

	if (left < 3) {
		errno = ENOMEM;
		return -1;
	}
	n = in[0] | in[1] << 8;
	in += 2;
	left -= 2;
	n = n > left ? left : n;
	n = n > room ? room : n;
	memcpy(out, in, n);
	put_seq(out, n);
	in += n;
	left -= n;
	return n;
}

ssize_t __wrap_send(int fd, const void *p, size_t len, int flags)
{
	seq = ((const struct nlmsghdr *)p)->nlmsg_seq;
	return len;
}

ssize_t __wrap_sendto(int fd, const void *p, size_t len, int flags,
		      const struct sockaddr *to, socklen_t tolen)
{
	return __wrap_send(fd, p, len, flags);
}

/* Nothing changes while one waits. */
int __wrap_nanosleep(const struct timespec *t, struct timespec *rest);

int __wrap_nanosleep(const struct timespec *t, struct timespec *rest)
{
	return 0;
}

static void rtnetlink(unsigned int what)
{
	static int (*const dumps[])(struct look *l) = {
		look_links, look_neighbours, look_routes, look_shapes,
	};
	struct state *none = state_new();
	struct ns ns = { .name = (char *)"", .rt = -1 };
	struct host *h = calloc(1, sizeof(*h));
	struct look l = { .h = h, .ns = &ns, .all = true, .netns = "",
			  .found = state_new(), .wanted = none };

	if (!h)
		abort();
	h->spaces = &ns;
	state_sort(none, NULL, NULL);
	look_links(&l);
	if (what % 5 < 4)
		dumps[what % 5](&l);
	else
		look_addresses(&l, 0);
	state_sort(l.found, NULL, NULL);
	peer_forget(&l);
	free(l.later);
	linkmap_free(&ns.links);
	state_free(l.found);
	state_free(none);
	free(h);
}

static void nftables(void)
{
	struct nft_sock k = { .fd = -1, .seq = 1 };
	struct arena *a = arena_new();
	struct nft_found f;

	memset(&f, 0, sizeof(f));
	nft_dump(&k, "netd", true, a, &f);
	arena_free(a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!size)
		return 0;
	in = data + 1;
	left = size - 1;
	if (data[0] & 1)
		nftables();
	else
		rtnetlink(data[0] >> 1);
	return 0;
}

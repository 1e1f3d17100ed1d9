// count.c - how many connections live by rules that are to go
// SPDX-License-Identifier: GPL-2.0-or-later
#include "driver.h"

#include <errno.h>
#include <stdlib.h>

#include "ct.h"
#include "host/internal.h"

#define MARKS_MAX (1u << 20)

struct question {
	const char *netns;
	uint32_t n, *marks, *counts;
};

/* They come sorted; what several policies share ends with none of them. */
static int read_question(struct question *q, const char *p, const char *end,
			 struct arena *a)
{
	uint32_t i;

	if (unpack_str(&p, end, &q->netns, a) || unpack_u32(&p, end, &q->n) ||
	    q->n > MARKS_MAX || q->n * sizeof(uint32_t) > (size_t)(end - p))
		return -EBADMSG;
	q->marks = arena_alloc(a, (q->n + 1) * sizeof(*q->marks));
	q->counts = arena_alloc(a, (q->n + 1) * sizeof(*q->counts));
	for (i = 0; i < q->n; i++)
		if (unpack_u32(&p, end, &q->marks[i]) ||
		    (i && q->marks[i] < q->marks[i - 1]))
			return -EBADMSG;
	return 0;
}

int nft_count(struct host *h, uint32_t id, const char *p, const char *end)
{
	struct arena *a CLEANUP(arena_cleanup) = arena_new();
	struct buf b CLEANUP(buf_free) = { 0 };
	struct question q = { 0 };
	struct nft_net *n;
	struct ns *ns;
	uint32_t i;
	int err = read_question(&q, p, end, a);

	if (err)
		return err;
	ns = *q.netns ? ns_known(h, q.netns) : ns_home(h);
	n = ns ? nft_net_get(h, ns, &err) : NULL;
	if (!n)
		return err ? err : -ENOENT;
	err = ct_count_marks(&n->sock, q.marks, q.n, q.counts);
	for (i = 0; i < q.n && !err; i++)
		pack_u32(&b, nft_mark_is_shared(q.marks[i]) ? 0 :
			 q.counts[i]);
	if (!err)
		host_send(h, WIRE_COUNTED, id, &b);
	return err;
}

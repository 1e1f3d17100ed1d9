// send.c - the transaction of a namespace: whom its refusal blames, what ends
// SPDX-License-Identifier: GPL-2.0-or-later
#include "driver.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ct.h"

#define ERRORS_MAX	64	/* that are told of one transaction */

struct refusal {
	struct {
		const struct step *step;
		int err;
		char text[120];
	} e[ERRORS_MAX];
	uint32_t count;
};

static void on_error(void *arg, const void *who, int err, const char *text)
{
	struct refusal *r = arg;

	if (r->count == ERRORS_MAX)
		return;
	r->e[r->count].step = who;
	r->e[r->count].err = err;
	snprintf(r->e[r->count].text, sizeof(r->e[0].text), "%.119s", text);
	r->count++;
}

/* Where something was refused, what refers to it is missing it: ENOENT. */
static bool is_consequence(const struct refusal *r, uint32_t i)
{
	if (r->e[i].err != -ENOENT)
		return false;
	for (uint32_t j = 0; j < r->count; j++)
		if (r->e[j].err != -ENOENT)
			return true;
	return false;
}

/* At least one step is told, or nobody would know. */
static void tell(struct host *h, const struct nft_net *n,
		 const struct refusal *r, int err)
{
	bool told = false;
	char why[128];

	for (uint32_t i = 0; i < r->count; i++) {
		if (!r->e[i].step || is_consequence(r, i))
			continue;
		step_failed(h, r->e[i].step, r->e[i].err,
			    r->e[i].text[0] ? r->e[i].text : NULL);
		told = true;
	}
	if (told)
		return;
	snprintf(why, sizeof(why), "the rules were refused as a whole: %s",
		 strerror(-err));
	step_failed(h, n->steps[0], err, why);
}

/*
 * All or nothing.  A delta may be refused because a foreign hand was faster:
 * then the next look tells what there is, and the next plan is made for that.
 */
int nft_send(struct host *h, struct nft_net *n)
{
	struct refusal r = { .count = 0 };
	int err = nft_commit(&n->sock, &n->txn, 0, on_error, &r);

	if (err)
		tell(h, n, &r, err);
	return err;
}

static int by_number(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

/*
 * The first and the last few numbers mean something in every network (that
 * its mode let the connection pass, that a policy forbids it since), and
 * other programs like small marks too.
 */
bool nft_mark_is_shared(uint32_t mark)
{
	return mark < 16 || mark >= 0xfffffff0;
}

/* A mark that went with one chain and came with another is still in use. */
void nft_end_connections(struct nft_net *n)
{
	struct nft_marks *g = &n->gone, *c = &n->came;
	uint32_t kept = 0;

	if (!g->n)
		return;
	qsort(g->v, g->n, sizeof(*g->v), by_number);
	if (c->n)
		qsort(c->v, c->n, sizeof(*c->v), by_number);
	for (uint32_t i = 0; i < g->n; i++) {
		uint32_t mark = g->v[i];
		bool again = kept && g->v[kept - 1] == mark;

		if (again || nft_mark_is_shared(mark))
			continue;
		if (!c->n || !bsearch(&mark, c->v, c->n, sizeof(*c->v),
				      by_number))
			g->v[kept++] = mark;
	}
	ct_delete_marks(&n->sock, g->v, kept);
}

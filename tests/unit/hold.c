// hold.c - what was refused is tried later each time, and no longer than needed
// SPDX-License-Identifier: GPL-2.0-or-later
#include "netd/hold.h"
#include "test.h"

#include <errno.h>

static const struct pos nowhere;

static struct step create(struct state *s, int kind, const char *netns,
			  const char *name)
{
	return (struct step){ .op = OP_CREATE,
			      .want = state_add(s, kind, netns, name,
						nowhere) };
}

static void backs_off(void)
{
	struct state *s = state_new();
	struct holds h = { 0 };
	struct step st = create(s, KIND_TAP, "", "t");
	int64_t now = 1000, wait, last = 0;
	int i;

	CHECK(!hold_blocks(&h, &st, now));
	CHECK(hold_due(&h) == 0);
	for (i = 0; i < 12; i++) {
		hold_add(&h, &st, EBUSY, "busy", now);
		wait = hold_due(&h) - now;
		CHECK(wait >= 100 && wait <= 30000);
		CHECK(wait > last || wait == 30000);
		CHECK(hold_blocks(&h, &st, now));
		CHECK(hold_blocks(&h, &st, now + wait - 1));
		CHECK(!hold_blocks(&h, &st, now + wait));
		last = wait;
		now += wait;
	}
	CHECK(last == 30000);
	CHECK(h.n == 1 && h.v[0].attempts == 12 && h.v[0].absent);
	hold_free(&h);
	state_free(s);
}

static void ends_with_the_object(void)
{
	struct state *s = state_new();
	struct holds h = { 0 };
	struct step st = create(s, KIND_TAP, "", "t");
	struct step other = create(s, KIND_TAP, "", "u");
	struct step child = create(s, KIND_ADDRESS, "", "t 10.0.0.1/24");
	struct step inside = create(s, KIND_BRIDGE, "lab", "b");
	struct step home = create(s, KIND_NETNS, "", "lab");

	state_within(s, child.want, KIND_TAP, "t");
	hold_add(&h, &st, EBUSY, "busy", 0);
	CHECK(!hold_blocks(&h, &other, 1));
	CHECK(hold_blocks(&h, &child, 1));
	/* an object that changed is another matter */
	((struct tap *)st.want)->queues = 4;
	CHECK(!hold_blocks(&h, &st, 1));
	CHECK(h.n == 0);
	CHECK(!hold_blocks(&h, &child, 1));
	hold_add(&h, &home, EPERM, "no", 0);
	CHECK(hold_blocks(&h, &inside, 1));
	hold_begin(&h);
	hold_sweep(&h);
	CHECK(h.n == 0);
	hold_add(&h, &st, EBUSY, "busy", 0);
	hold_add(&h, &other, EBUSY, "busy", 0);
	hold_begin(&h);
	CHECK(hold_blocks(&h, &other, 1));
	hold_sweep(&h);
	CHECK(h.n == 1 && !strcmp(h.v[0].name, "u"));
	hold_free(&h);
	state_free(s);
}

static void waits_for_what_is_foreign(void)
{
	struct state *s = state_new();
	struct holds h = { 0 };
	struct step veth = create(s, KIND_VETH, "", "v");
	struct step ours = create(s, KIND_VETH, "", "w");
	struct step tap = create(s, KIND_TAP, "", "t");
	struct step nic = create(s, KIND_NIC, "", "eth9");

	((struct veth *)veth.want)->peer_netns = "container";
	((struct veth *)ours.want)->peer_netns = "lab.r1";
	((struct veth *)ours.want)->peer_ours = 1;
	CHECK(hold_can_wait(&veth, ENOENT));
	CHECK(!hold_can_wait(&veth, EEXIST));
	CHECK(!hold_can_wait(&ours, ENOENT));
	CHECK(!hold_can_wait(&tap, ENOENT));
	CHECK(hold_can_wait(&nic, ENODEV));
	hold_add(&h, &veth, ENOENT, "no namespace", 1000);
	hold_add(&h, &tap, EINVAL, "no", 1000);
	CHECK(hold_blocks(&h, &veth, 1001) && hold_blocks(&h, &tap, 1001));
	hold_wake(&h);
	CHECK(!hold_blocks(&h, &veth, 1001));
	CHECK(hold_blocks(&h, &tap, 1001));
	CHECK(hold_due(&h) != 0);
	hold_free(&h);
	state_free(s);
}

static void many_are_found(void)
{
	struct state *s = state_new();
	struct holds h = { 0 };
	char name[16];
	int i;

	for (i = 0; i < 500; i++) {
		struct step st;

		snprintf(name, sizeof(name), "t%d", i * 7 % 500);
		st = create(s, KIND_TAP, "", name);
		hold_add(&h, &st, EBUSY, "busy", i);
	}
	CHECK(h.n == 500);
	for (i = 0; i < (int)s->n; i++)
		CHECK(hold_find(&h, s->v[i]) &&
		      !strcmp(hold_find(&h, s->v[i])->name, s->v[i]->name));
	while (h.n)
		hold_drop(&h, &h.v[h.n / 2]);
	CHECK(!hold_find(&h, s->v[0]));
	hold_free(&h);
	state_free(s);
}

int main(void)
{
	backs_off();
	ends_with_the_object();
	waits_for_what_is_foreign();
	many_are_found();
	return test_end();
}

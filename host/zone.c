// zone.c - links of ours in a zone of firewalld's, by firewall-cmd(1)
// SPDX-License-Identifier: GPL-2.0-or-later
#include "netd/help.h"
#include "host/internal.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <string.h>

#include "host/nft/foreign.h"
#include "netd/coexist.h"

/*
 * firewalld is told by its own program, which asks it by D-Bus, not
 * permanently; what it made of that is seen in its rules, since the program
 * takes a third of a second.
 */

#define CMD_MS 20000
#define CMD_MAX 128		/* interfaces in one command */

/* Steps of a run that one command is for. */
struct zone_steps {
	const struct step *v[CMD_MAX];
	int n;
	bool add;
};

static struct zone_steps run;

static const struct coexist_place *place(void)
{
	size_t i = 0;

	while (!coexist_places[i].zone)
		i++;
	return &coexist_places[i];
}

/* --- what is there --------------------------------------------------------- */

struct seen {
	struct host *h;
	const struct state *wanted;
	struct state *found;
	const char *dev;	/* only whether this one is in it */
	bool is_in;
};

static int take_group(void *arg, struct nlmsghdr *nlh)
{
	struct nlattr *tb[IFLA_MAX + 1];

	if (!nlmsg_parse(nlh, sizeof(struct ifinfomsg), tb, IFLA_MAX, NULL) &&
	    tb[IFLA_GROUP])
		*(uint32_t *)arg = nla_get_u32(tb[IFLA_GROUP]);
	return 0;
}

static bool is_ours(struct host *h, const char *dev)
{
	struct ifinfomsg i = { 0 };
	struct nl_msg *msg = nlmsg_alloc_size(256);
	uint32_t group = 0;

	if (!msg)
		abort();
	nlmsg_hdr(msg)->nlmsg_type = RTM_GETLINK;
	nlmsg_append(msg, &i, sizeof(i), NLMSG_ALIGNTO);
	nla_put_string(msg, IFLA_IFNAME, dev);
	rt_ask(ns_home(h), msg, take_group, NULL, &group);
	nlmsg_free(msg);
	return group == NETD_GROUP;
}

/* " iif=nd-web goto:filter_IN_trusted" */
static void on_rule(void *arg, const char *words)
{
	struct seen *s = arg;
	char dev[32], to[64], want[64], name[64];
	struct zone *z;

	snprintf(want, sizeof(want), "goto:filter_IN_%s", place()->zone);
	if (sscanf(words, " iif=%31s %63s", dev, to) != 2 ||
	    strcmp(to, want))
		return;
	s->is_in |= s->dev && !strcmp(s->dev, dev);
	snprintf(name, sizeof(name), "%s %s", place()->zone, dev);
	if (!s->found ||
	    (!state_find(s->wanted, KIND_ZONE, "", name) &&
	     !is_ours(s->h, dev)))
		return;
	z = state_add(s->found, KIND_ZONE, "", name, (struct pos){ 0 });
	z->program = place()->program;
}

static int zone_observe(struct host *h, const struct state *wanted,
			struct state *found)
{
	struct seen s = { .h = h, .wanted = wanted, .found = found };
	int err = accept_each(h, place(), on_rule, &s);

	return err == -ENOENT ? 0 : err;
}

static bool is_in_zone(struct host *h, const char *dev)
{
	struct seen s = { .h = h, .dev = dev };

	return !accept_each(h, place(), on_rule, &s) && s.is_in;
}

/* --- steps -------------------------------------------------------------------- */

static const char *dev_of(const struct step *s)
{
	const char *dev = strchr(step_object(s)->name, ' ');

	return dev ? dev + 1 : "";
}

/* What firewall-cmd says of steps FROM to TO. */
static int command(struct host *h, int from, int to, struct buf *why)
{
	struct arena *a CLEANUP(arena_cleanup) = arena_new();
	char *argv[CMD_MAX + 3];
	int i, n = 0, err;

	argv[n++] = (char *)"firewall-cmd";
	argv[n++] = arena_printf(a, "--zone=%s", place()->zone);
	for (i = from; i < to; i++)
		argv[n++] = arena_printf(a, "--%s-interface=%s", run.add ?
					 "add" : "remove", dev_of(run.v[i]));
	argv[n] = NULL;
	err = help_run(argv, CMD_MS, why);
	if (err == -ENOENT)
		buf_str(why, "there is no firewall-cmd");
	/* its rules are there while it starts, and it doesn't answer yet */
	if (err && why->len && strstr(why->p, "not running"))
		err = -ENOENT;
	return err;
}

/*
 * Of several, one that it accepts makes it succeed: the others are asked for
 * again, alone, for the reason.  Without a firewalld there is nothing to be
 * removed from.
 */
static void zone_commit(struct host *h)
{
	struct buf all CLEANUP(buf_free) = { 0 };
	int i, err = run.n ? command(h, 0, run.n, &all) : 0;

	for (i = 0; i < run.n && run.add; i++) {
		struct buf why CLEANUP(buf_free) = { 0 };

		if (err)
			step_failed(h, run.v[i], err, all.len ? all.p : NULL);
		else if (!is_in_zone(h, dev_of(run.v[i])) &&
			 command(h, i, i + 1, &why))
			step_failed(h, run.v[i], -EBUSY, why.len ? why.p :
				    NULL);
	}
	run.n = 0;
}

static void step(struct host *h, const struct step *s, bool add)
{
	if (run.n == CMD_MAX || (run.n && run.add != add))
		zone_commit(h);
	run.add = add;
	run.v[run.n++] = s;
}

static void zone_create(struct host *h, const struct step *s)
{
	step(h, s, true);
}

static void zone_destroy(struct host *h, const struct step *s)
{
	step(h, s, false);
}

const struct driver driver_zone = {
	.observe = zone_observe,
	.create = zone_create,
	.destroy = zone_destroy,
	.commit = zone_commit,
	.looks = OBSERVE_LINKS,
};

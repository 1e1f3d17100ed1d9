// reap.c - deletes many links while the kernel side does something else
// SPDX-License-Identifier: GPL-2.0-or-later
#include "netd/help.h"
#include "host/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/*
 * Deleting is the slow part of Linux: a port waits for RCU, and so does each
 * bridge, 20 ms and more.  What is to go is moved to a group of links that
 * are about to be deleted, and its bridges are set down, which ends their
 * routes.  From then on it counts as gone; a process of its own deletes it.
 * Not too many in one request, which holds the lock of all the host's links;
 * what it waits for without the lock, before the next request, is the time of
 * a second process.
 */
#define PORTS_TOGETHER 128
#define BRIDGES_TOGETHER 4
#define REAPERS (NETD_GROUP_NOW_LAST - NETD_GROUP_NOW + 1)
#define NOW_PORTS 16		/* so few are deleted at once */

/* --- in the reaper --------------------------------------------------- */

struct list_of {
	uint32_t *index, n, cap;
};

struct doomed {
	struct list_of ports, bridges;
};

static void list_add(struct list_of *l, uint32_t index)
{
	if (l->n == l->cap) {
		l->cap = l->cap ? l->cap * 2 : 256;
		l->index = realloc(l->index, l->cap * sizeof(*l->index));
		if (!l->index)
			abort();
	}
	l->index[l->n++] = index;
}

static int take_doomed(void *arg, struct nlmsghdr *nlh)
{
	struct ifinfomsg *i = nlmsg_data(nlh);
	struct nlattr *tb[IFLA_MAX + 1], *info[IFLA_INFO_MAX + 1] = { 0 };
	struct doomed *d = arg;
	uint32_t group;

	if (nlh->nlmsg_type != RTM_NEWLINK ||
	    nlmsg_parse(nlh, sizeof(*i), tb, IFLA_MAX, NULL))
		return 0;
	group = tb[IFLA_GROUP] ? nla_get_u32(tb[IFLA_GROUP]) : 0;
	if (group < NETD_GROUP_GOING || group > NETD_GROUP_NOW_LAST)
		return 0;
	if (tb[IFLA_LINKINFO])
		nla_parse_nested(info, IFLA_INFO_MAX, tb[IFLA_LINKINFO], NULL);
	if (info[IFLA_INFO_KIND] &&
	    !strcmp(nla_get_string(info[IFLA_INFO_KIND]), "bridge"))
		list_add(&d->bridges, i->ifi_index);
	else
		list_add(&d->ports, i->ifi_index);
	return 0;
}

static void begin_doomed(void *arg)
{
	struct doomed *d = arg;

	d->ports.n = d->bridges.n = 0;
}

static int ask_group(struct ns *ns, int type, uint32_t index, uint32_t group)
{
	struct ifinfomsg i = { .ifi_index = index };
	struct nl_msg *m = nlmsg_alloc_size(128);
	int err;

	nlmsg_hdr(m)->nlmsg_type = type;
	nlmsg_append(m, &i, sizeof(i), NLMSG_ALIGNTO);
	nla_put_u32(m, IFLA_GROUP, group);
	err = rt_ask(ns, m, NULL, NULL, NULL);
	nlmsg_free(m);
	return err;
}

/* Each of the reapers takes every other batch, and has a group of its own. */
static int delete_these(struct ns *ns, const struct list_of *l,
			uint32_t together, uint32_t me)
{
	uint32_t i;
	int err = 0;

	for (i = 0; i < l->n && !err; i++) {
		if (i / together % REAPERS != me)
			continue;
		ask_group(ns, RTM_SETLINK, l->index[i], NETD_GROUP_NOW + me);
		if ((i + 1) % together == 0 || i + 1 == l->n)
			err = ask_group(ns, RTM_DELLINK, 0,
					NETD_GROUP_NOW + me);
		/* somebody else was quicker */
		if (err == -ENODEV)
			err = 0;
	}
	return err;
}

/* The sockets of both reapers: each waits for its answers. */
#define FIRST_RT 3
#define SECOND_RT 4

static int delete_all(struct ns *ns, const struct list_of *l,
		      uint32_t together)
{
	struct ns mine = { .name = (char *)"", .rt = SECOND_RT };
	pid_t pid = l->n > together ? fork() : -1;
	int err;

	if (!pid)
		_exit(delete_these(&mine, l, together, 1) ? 1 : 0);
	err = delete_these(ns, l, together, 0);
	if (pid > 0)
		waitpid(pid, NULL, 0);
	else if (!err)
		err = delete_these(ns, l, together, 1);
	return err;
}

/* Until there are no more: some may have come meanwhile. */
static int reap_all(struct ns *ns)
{
	struct ifinfomsg i = { 0 };
	struct doomed d = { 0 };
	int err;

	do {
		err = rt_dump(ns, RTM_GETLINK, &i, sizeof(i), take_doomed,
			      begin_doomed, &d);
		if (!err)
			err = delete_all(ns, &d.ports, PORTS_TOGETHER);
		if (!err)
			err = delete_all(ns, &d.bridges, BRIDGES_TOGETHER);
	} while (!err && (d.ports.n || d.bridges.n));
	return err;
}

/* It outlives the kernel side: what counts as gone shall go. */
static void reaper(int first, int second)
{
	struct ns ns = { .name = (char *)"", .rt = FIRST_RT };

	/* neither the socket to netd nor its lock, and nobody's namespace */
	if (first == SECOND_RT || second == FIRST_RT ||
	    dup2(first, FIRST_RT) < 0 || dup2(second, SECOND_RT) < 0 ||
	    syscall(SYS_close_range, SECOND_RT + 1, ~0u, 0))
		_exit(1);
	_exit(rt_setup(FIRST_RT) || rt_setup(SECOND_RT) || reap_all(&ns));
}

/* --- in the kernel side ---------------------------------------------- */

void reap_start(struct host *h, struct ns *ns)
{
	int first, second;
	pid_t pid;

	ns->doomed = false;
	if (ns->reaper > 0)
		return;
	first = help_socket(ns->fd, NETLINK_ROUTE);
	second = help_socket(ns->fd, NETLINK_ROUTE);
	pid = first < 0 || second < 0 ? -1 : fork();
	if (!pid)
		reaper(first, second);
	if (first >= 0)
		close(first);
	if (second >= 0)
		close(second);
	if (pid > 0) {
		ns->reaper = pid;
		ns->reaper_fd = syscall(SYS_pidfd_open, pid, 0);
	}
}

static bool ended(struct ns *ns)
{
	if (ns->reaper <= 0 || waitpid(ns->reaper, NULL, WNOHANG) == 0)
		return false;
	if (ns->reaper_fd >= 0)
		close(ns->reaper_fd);
	ns->reaper = 0;
	return true;
}

int reap_fds(struct host *h, struct pollfd *fds, int room)
{
	struct ns *ns;
	int n = 0;

	for (ns = ns_first(h); ns && n < room; ns = ns->next)
		if (ns->reaper > 0 && ns->reaper_fd >= 0)
			fds[n++] = (struct pollfd){ .fd = ns->reaper_fd,
						    .events = POLLIN };
	return n;
}

/* What came to be doomed when the reaper looked for the last time. */
static bool left_over(struct ns *ns)
{
	struct linkmap_row *r = ns->links.rows;
	uint32_t i, n = 0;

	for (i = 0; i < ns->links.n; i++) {
		if (!r[i].index || r[i].group != NETD_GROUP_GOING)
			continue;
		if (link_exists(ns, r[i].index))
			n++;
		else
			linkmap_del(&ns->links, r[i].name);
	}
	return n;
}

void reap_ready(struct host *h)
{
	bool any = false;
	struct ns *ns;

	for (ns = ns_first(h); ns; ns = ns->next) {
		if (!ended(ns))
			continue;
		any = true;
		if (left_over(ns))
			reap_start(h, ns);
	}
	for (ns = ns_first(h); any && ns; ns = ns->next)
		any = ns->reaper <= 0;
	if (any)
		host_dirty(h, DIRTY_REAPED, "what was to go is gone");
}

static void doom(struct host *h, struct job *j)
{
	struct linkmap_row *r;
	bool bridge = step_object(j->step)->kind == KIND_BRIDGE;
	struct ifinfomsg i = { .ifi_index = j->index,
			       .ifi_change = bridge ? IFF_UP : 0 };
	struct nl_msg *m = rtq_msg(h, j->ns, RTM_SETLINK, 0, j->step, -ENODEV);

	nlmsg_append(m, &i, sizeof(i), NLMSG_ALIGNTO);
	nla_put_u32(m, IFLA_GROUP, NETD_GROUP_GOING);
	r = linkmap_name(&j->ns->links, step_object(j->step)->name);
	if (r) {
		r->group = NETD_GROUP_GOING;
		r->kind = KIND_LINK;
	}
}

static void delete_group(struct host *h, struct ns *ns)
{
	struct ifinfomsg i = { 0 };
	struct nl_msg *m = rtq_msg(h, ns, RTM_DELLINK, 0, NULL, 0);

	nlmsg_append(m, &i, sizeof(i), NLMSG_ALIGNTO);
	nla_put_u32(m, IFLA_GROUP, NETD_GROUP_GOING);
}

static void delete_one(struct host *h, struct ns *ns, uint32_t index,
		       const struct step *who)
{
	struct ifinfomsg i = { .ifi_index = index };
	struct nl_msg *m = rtq_msg(h, ns, RTM_DELLINK, 0, who, -ENODEV);

	nlmsg_append(m, &i, sizeof(i), NLMSG_ALIGNTO);
}

/* N links of one namespace. */
static void delete_some(struct host *h, struct job *j, uint32_t n)
{
	bool ports = step_object(j->step)->kind != KIND_BRIDGE;
	uint32_t i;

	if (n == 1 && j->ns->reaper <= 0) {
		linkmap_del(&j->ns->links, step_object(j->step)->name);
		delete_one(h, j->ns, j->index, j->step);
		rtq_flush(h);
		return;
	}
	for (i = 0; i < n; i++) {
		doom(h, &j[i]);
		/* a bridge takes a millisecond to go down */
		if (!ports && i % 8 == 7)
			rtq_flush(h);
	}
	if (ports && n <= NOW_PORTS && j->ns->reaper <= 0) {
		for (i = 0; i < n; i++)
			linkmap_del(&j->ns->links,
				    step_object(j[i].step)->name);
		delete_group(h, j->ns);
		rtq_flush(h);
		return;
	}
	rtq_flush(h);
	j->ns->doomed = true;
}

/* Not before all are doomed: both would wait for the same lock in turn. */
void reap_begin(struct host *h)
{
	struct ns *ns;

	for (ns = ns_first(h); ns; ns = ns->next)
		if (ns->doomed)
			reap_start(h, ns);
}

void link_delete(struct host *h, struct jobs *jobs)
{
	uint32_t i, n;

	for (i = 0; i < jobs->n; i += n) {
		for (n = 1; i + n < jobs->n &&
		     jobs->v[i + n].ns == jobs->v[i].ns; n++)
			;
		delete_some(h, &jobs->v[i], n);
	}
	jobs->n = 0;
}

/*
 * The name is wanted again while what had it is still going: a few are helped
 * along, many are waited for.
 */
void reap_name(struct host *h, struct ns *ns, const char *name)
{
	struct linkmap_row *r = linkmap_name(&ns->links, name);
	struct pollfd p = { .fd = ns->reaper_fd, .events = POLLIN };

	if (!r || r->group != NETD_GROUP_GOING)
		return;
	if (ns->doomed && h->ap->helped >= 8) {
		rtq_flush(h);
		reap_start(h, ns);
		p.fd = ns->reaper_fd;
	}
	if (h->ap->helped++ < 8 || ns->reaper <= 0) {
		delete_one(h, ns, r->index, NULL);
		rtq_flush(h);
	} else {
		rtq_flush(h);
		poll(&p, 1, -1);
		reap_ready(h);
	}
	linkmap_del(&ns->links, name);
}

// tap.c - the driver of taps, which are not made by netlink
// SPDX-License-Identifier: GPL-2.0-or-later
#include "netd/help.h"
#include "host/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/if_link.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/*
 * A tap lives as long as the descriptor that made it, until it is made
 * persistent.  That comes last: what is killed before leaves nothing, and what
 * is left has our mark.
 */

/* --- owners ----------------------------------------------------------- */

static int by_number(const char *name, uint32_t *id)
{
	char *end;
	unsigned long v;

	if (!*name || strspn(name, "0123456789") != strlen(name))
		return -ENOENT;
	errno = 0;
	v = strtoul(name, &end, 10);
	if (errno || v >= UINT32_MAX)
		return -ENOENT;
	*id = v;
	return 0;
}

int name_id(const char *name, bool group, uint32_t *id)
{
	const struct passwd *pw = group ? NULL : getpwnam(name);
	const struct group *gr = group ? getgrnam(name) : NULL;

	if (!pw && !gr)
		return -ENOENT;
	*id = pw ? pw->pw_uid : gr->gr_gid;
	return 0;
}

/* Thousands of taps belong to one user, as a rule. */
int owner_id(const char *name, bool group, uint32_t *id)
{
	static struct {
		char name[64];
		uint32_t id;
	} last[2];
	int err;

	if (!strcmp(last[group].name, name) && *name) {
		*id = last[group].id;
		return 0;
	}
	err = by_number(name, id);
	if (err)
		err = help_id(name, group, id);
	if (!err && strlen(name) < sizeof(last->name)) {
		strcpy(last[group].name, name);
		last[group].id = *id;
	}
	return err;
}

/* --- making ----------------------------------------------------------- */

static const struct tap *wanted(const struct step *s)
{
	return (const struct tap *)s->want;
}

static int set_owner(int fd, unsigned long request, const char *name,
		     bool group)
{
	uint32_t id;
	int err;

	if (!name || !*name)
		return 0;
	err = owner_id(name, group, &id);
	if (err)
		return -ESRCH;
	return ioctl(fd, request, (unsigned long)id) ? -errno : 0;
}

static int make(int fd, const struct tap *t, uint32_t index)
{
	struct ifreq r = { 0 };
	int err;

	strncpy(r.ifr_name, t->l.o.name, sizeof(r.ifr_name) - 1);
	r.ifr_flags = (short)(IFF_TAP | IFF_NO_PI | IFF_TUN_EXCL);
	if (t->queues > 1)
		r.ifr_flags |= IFF_MULTI_QUEUE;
	if (t->vnet_hdr)
		r.ifr_flags |= IFF_VNET_HDR;
	if (ioctl(fd, TUNSETIFINDEX, &index) || ioctl(fd, TUNSETIFF, &r))
		return -errno;
	err = set_owner(fd, TUNSETOWNER, t->owner, false);
	return err ? err : set_owner(fd, TUNSETGROUP, t->group, true);
}

static const char *make_error(int err)
{
	switch (err) {
	case -ESRCH:
		return "there is no such user or group";
	case -EBUSY:
	case -EINVAL:
		return "an interface of this name exists already";
	}
	return NULL;
}

static bool owned(const struct tap *t)
{
	return (t->owner && *t->owner) || (t->group && *t->group);
}

static int begin(struct host *h, const struct step *s, struct ns *ns,
		 uint32_t index)
{
	int err, fd;

	if (!owned(wanted(s))) {
		step_failed(h, s, -EINVAL,
			    "a tap without owner and group could be taken by "
			    "any local user");
		return -1;
	}
	fd = help_tun(ns->fd);
	if (fd < 0) {
		step_failed(h, s, fd, "/dev/net/tun can't be opened");
		return -1;
	}
	err = make(fd, wanted(s), index);
	if (!err)
		return fd;
	close(fd);
	step_failed(h, s, err, make_error(err));
	return -1;
}

static void put_basics(struct nl_msg *m, const struct link *l,
		       uint32_t master)
{
	nla_put_u32(m, IFLA_GROUP, NETD_GROUP);
	if (!mac_is_any(&l->mac))
		nla_put(m, IFLA_ADDRESS, sizeof(l->mac), &l->mac);
	if (l->mtu && l->mtu != ANY32)
		nla_put_u32(m, IFLA_MTU, l->mtu);
	if (master)
		nla_put_u32(m, IFLA_MASTER, master);
}

static void tap_create(struct host *h, const struct step *s)
{
	const struct link *l = &wanted(s)->l;
	struct ns *ns = step_ns(h, s);
	struct job *j;
	uint32_t index, master;
	int fd;

	if (!ns || !link_master(h, s, ns, &master))
		return;
	reap_name(h, ns, l->o.name);
	index = link_next_index(h, ns);
	fd = begin(h, s, ns, index);
	if (fd < 0)
		return;
	linkmap_add(&ns->links, index, l->o.name, KIND_TAP, NETD_GROUP);
	put_basics(link_msg(h, s, ns, index), l, master);
	link_settle(h, s, ns, index, master, false);
	j = job_add(&h->ap->jobs, s, ns);
	j->index = index;
	j->fd = fd;
}

static void tap_commit(struct host *h)
{
	struct jobs *jobs = &h->ap->jobs;
	struct job *j;

	link_commit(h);
	for (j = jobs->v; j < jobs->v + jobs->n; j++) {
		if (j->fd < 0)
			continue;
		if (!step_has_failed(h, j->step) &&
		    ioctl(j->fd, TUNSETPERSIST, 1))
			step_failed(h, j->step, -errno, NULL);
		close(j->fd);
		j->fd = -1;
		link_sync(j->ns, wanted(j->step)->l.o.name);
	}
}

const struct driver driver_tap = {
	.create = tap_create,
	.update = link_update,
	.destroy = link_destroy,
	.commit = tap_commit,
};

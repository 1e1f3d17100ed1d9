// ns.c - network namespaces: found, opened, made, named, and let go
// SPDX-License-Identifier: GPL-2.0-or-later
#include "netd/help.h"
#include "host/internal.h"

#include <errno.h>
#include <linux/net_namespace.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

int ns_open(const char *spec)
{
	return help_open(spec, NULL);
}

/* --- those that are kept open ---------------------------------------- */

struct ns *ns_home(struct host *h)
{
	return h->spaces;
}

struct ns *ns_first(struct host *h)
{
	return h->spaces;
}

static void ns_free(struct ns *ns)
{
	if (ns->nft)
		nft_ns_free(ns);
	if (ns->rt >= 0)
		close(ns->rt);
	if (ns->fd >= 0)
		close(ns->fd);
	linkmap_free(&ns->links);
	free(ns->conf6);
	free(ns->name);
	free(ns);
}

/* Takes over FD and RT, a netlink socket in it. */
static struct ns *ns_new(const char *name, int fd, int rt, int *err)
{
	struct ns *ns = calloc(1, sizeof(*ns));
	struct stat st;

	if (!ns)
		abort();
	ns->name = strdup(name);
	ns->fd = fd;
	ns->rt = rt;
	ns->nsid = -1;
	if (fstat(fd, &st)) {
		*err = -errno;
		goto out;
	}
	ns->dev = st.st_dev;
	ns->ino = st.st_ino;
	*err = rt_setup(rt);
	if (!*err)
		return ns;
out:
	ns_free(ns);
	return NULL;
}

static void ns_keep(struct host *h, struct ns *ns)
{
	/* our own stays first */
	if (h->spaces) {
		ns->next = h->spaces->next;
		h->spaces->next = ns;
	} else {
		h->spaces = ns;
	}
}

struct ns *ns_known(struct host *h, const char *name)
{
	struct ns *ns;

	for (ns = h->spaces; ns; ns = ns->next)
		if (!strcmp(ns->name, name))
			return ns;
	return NULL;
}

struct ns *ns_get(struct host *h, const char *name, int *err)
{
	struct ns *ns = ns_known(h, name);
	int fd, rt;

	*err = 0;
	if (ns)
		return ns;
	if (name[0] == '/' || strchr(name, ':')) {
		*err = -EINVAL;
		return NULL;
	}
	fd = help_open(name, &rt);
	if (fd < 0) {
		*err = fd;
		return NULL;
	}
	ns = ns_adopt(h, name, fd, rt, err);
	if (ns && h->watch)
		watch_join(h, ns);
	return ns;
}

struct ns *ns_adopt(struct host *h, const char *name, int fd, int rt, int *err)
{
	struct ns *ns = ns_new(name, fd, rt, err);

	if (ns)
		ns_keep(h, ns);
	return ns;
}

struct ns *ns_by_nsid(struct host *h, int nsid)
{
	struct ns *ns;

	for (ns = h->spaces; ns; ns = ns->next)
		if (ns->nsid == nsid)
			return ns;
	return NULL;
}

struct ns *ns_by_inode(struct host *h, dev_t dev, ino_t ino)
{
	struct ns *ns;

	for (ns = h->spaces; ns; ns = ns->next)
		if (ns->ino == ino && ns->dev == dev)
			return ns;
	return NULL;
}

void ns_forget(struct host *h, struct ns *ns)
{
	struct ns **p;

	for (p = &h->spaces; *p; p = &(*p)->next) {
		if (*p == ns) {
			*p = ns->next;
			watch_forget(h, ns);
			ns_free(ns);
			return;
		}
	}
}

struct ns *ns_visit(const char *spec, struct host *h, int *err)
{
	int rt, fd = help_open(spec, &rt);

	*err = fd < 0 ? fd : 0;
	return fd < 0 ? NULL : ns_new(spec, fd, rt, err);
}

void ns_visit_end(struct ns *ns)
{
	if (ns)
		ns_free(ns);
}

/* --- nsids: how one namespace calls another -------------------------- */

static int take_nsid(void *arg, struct nlmsghdr *nlh)
{
	struct nlattr *tb[NETNSA_MAX + 1];

	if (nlh->nlmsg_type == RTM_NEWNSID &&
	    !nlmsg_parse(nlh, sizeof(struct rtgenmsg), tb, NETNSA_MAX, NULL) &&
	    tb[NETNSA_NSID])
		*(int32_t *)arg = nla_get_u32(tb[NETNSA_NSID]);
	return 0;
}

static int nsid_ask(struct ns *at, int fd, int type)
{
	struct rtgenmsg g = { .rtgen_family = AF_UNSPEC };
	struct nl_msg *m = nlmsg_alloc_size(128);
	int32_t id = -1;
	int err;

	nlmsg_hdr(m)->nlmsg_type = type;
	nlmsg_append(m, &g, sizeof(g), NLMSG_ALIGNTO);
	nla_put_u32(m, NETNSA_FD, fd);
	if (type == RTM_NEWNSID)
		nla_put_u32(m, NETNSA_NSID, -1);
	err = rt_ask(at, m, take_nsid, NULL, &id);
	nlmsg_free(m);
	return err ? err : id;
}

int ns_find_id(struct ns *at, int fd)
{
	int id = nsid_ask(at, fd, RTM_GETNSID);

	return id == -1 ? -ENODEV : id;
}

int ns_id_of(struct ns *at, int fd)
{
	int id = ns_find_id(at, fd);

	if (id >= 0)
		return id;
	nsid_ask(at, fd, RTM_NEWNSID);
	return ns_find_id(at, fd);
}

/* --- start and end --------------------------------------------------- */

/* Two or three descriptors a namespace: the default of 1,024 is reached. */
static void raise_nofile(void)
{
	struct rlimit r;

	if (getrlimit(RLIMIT_NOFILE, &r))
		return;
	r.rlim_cur = r.rlim_max;
	setrlimit(RLIMIT_NOFILE, &r);
}

int ns_init(struct host *h)
{
	struct ns *ns;
	int err = 0, rt, fd = help_open("", &rt);

	raise_nofile();
	if (fd < 0)
		return fd;
	ns = ns_new("", fd, rt, &err);
	if (!ns)
		return err;
	ns_keep(h, ns);
	return 0;
}

void ns_free_all(struct host *h)
{
	struct ns *ns;

	while (h->spaces) {
		ns = h->spaces;
		h->spaces = ns->next;
		ns_free(ns);
	}
}

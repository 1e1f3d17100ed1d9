// conf.h - IPv4 and IPv6 settings of an interface
// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef NETD_HOST_CONF_H
#define NETD_HOST_CONF_H

#include <netlink/msg.h>

#include "netd/object.h"

/* IFLA_AF_SPEC, unless nothing is wanted of it. */
void conf_put(struct nl_msg *m, const struct devconf *c);

/* What netlink can't write, in the namespace NSFD. */
bool conf6_same(const struct devconf *want, const struct devconf *have);
int conf6_write(int nsfd, const char *dev, const struct devconf *want,
		const struct devconf *have);
/* What new interfaces there are born with. */
void conf6_defaults(int nsfd, struct devconf *c);

#endif

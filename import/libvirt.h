// libvirt.h - a network of libvirt's being read
// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef IMPORT_LIBVIRT_H
#define IMPORT_LIBVIRT_H

#include "import/draft.h"
#include "netd/field.h"

struct lnet {
	struct draft *d;
	const struct xml *x;	/* <network> */
	const char *name;
	struct item *it;
	bool has6;		/* there is IPv6 in it */
	struct prefix net4, net6;	/* that were set, or family 0 */
	struct item *dhcp;	/* what `dhcp:` is made of, or NULL */
	bool dhcp6;		/* leases of IPv6, too */
	unsigned int nrecords;
};

bool libvirt_is(const struct xml *x, const char *attr, const char *value);
/* The attribute in quotes, for YAML and for people. */
const char *libvirt_attr(struct lnet *n, const struct xml *x,
			 const char *attr);
/* A number of at most MAX; false for anything else. */
bool libvirt_number(const char *s, unsigned long max, unsigned long *v);

/* --- libvirt_serve.c ------------------------------------------------- */

/* <dhcp> in the <ip> of the address P. */
void libvirt_dhcp(struct lnet *n, const struct xml *dhcp,
		  const struct prefix *p);
/* <dns>, <domain>, and all services as keys, when the rest was read. */
void libvirt_services(struct lnet *n);

#endif

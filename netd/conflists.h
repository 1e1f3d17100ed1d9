// conflists.h - networks as files that container engines find (CNI)
// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef NETD_CONFLISTS_H
#define NETD_CONFLISTS_H

#include "netd/engine.h"

/*
 * With --cni-dir, makes that folder hold a CNI configuration list for each
 * network in force, 95-netd-TOPOLOGY.NETWORK.conflist, so that engines list
 * and use the networks: a file is written whole and renamed, and only a file
 * with the key "netd" in it is ever changed or removed.  The network's name
 * for engines is NETWORK, or TOPOLOGY.NETWORK when another topology's has that
 * already; it stays the same as long as the network is there.  What fails is
 * logged; the networks don't depend on it.
 */
void conflists_write(struct engine *e);

/* Makes the folder, while there is the right to. */
void conflists_folder(const char *path);

#endif

// survey.h - what else is on the host: between survey*.c
// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef NETD_HOST_SURVEY_H
#define NETD_HOST_SURVEY_H

#include "host/internal.h"

/*
 * Facts of a survey (OBSERVE_SURVEY) beside those of fact.c, for doctor.h:
 * what may stand in the way of netd's traffic.  What can't be read is left
 * out: a survey never fails.
 */
void survey(struct host *h, struct state *found);

/* Programs, and who listens on ports of services: survey_ports.c. */
void survey_ports(struct state *found);
/* Files of NetworkManager and systemd-networkd: survey_conf.c. */
void survey_conf(struct state *found);
/* Rules of iptables-legacy: survey_legacy.c. */
void survey_legacy(struct state *found);
/* Rules and tables of policy routing: survey_route.c. */
void survey_routes(struct host *h, struct state *found);

void survey_add(struct state *found, const char *name, const char *value);

#endif

// json.h - findings and steps as JSON, for the API and netdctl
// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef NETD_JSON_H
#define NETD_JSON_H

#include <jansson.h>

#include "netd/plan.h"

/* S, or what can be said of it when it isn't UTF-8; NULL as "". */
json_t *json_text(const char *s);

/* Sets KEY of the object O, unless VALUE is NULL or "". */
void json_set(json_t *o, const char *key, const char *value);

/*
 * The findings, in the order of their places: {severity, file, line, col,
 * path, text, excerpt, print}.  "print" is what report_print_one() says.  The
 * caller owns the list.
 */
json_t *json_findings(struct report *r);

/*
 * Adds the steps to OUT as a JSON list of {op, kind, name, netns, text, place},
 * and of a chain its rules; a tree of a large plan would not fit.  BEFORE (may
 * be NULL) is what was wanted until now: a chain's text can't be read back.
 * REPORT has the sources of the places.
 */
void json_plan(const struct plan *plan, const struct state *before,
	       const struct report *report, struct buf *out);

#endif

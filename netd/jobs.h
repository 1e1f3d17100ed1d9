// jobs.h - between jobs*.c: what a request is answered with
// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef NETD_JOBS_H
#define NETD_JOBS_H

#include "netd/engine.h"

/* Answers with O, whose reference it takes. */
void job_answer(struct job *j, int code, json_t *o);
/* Answers with one sentence. */
void job_error(struct job *j, int code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* Answers with what is wrong, at its places; ERR is the errno of it all. */
void job_findings(struct engine *e, struct job *j, int err);

/* --- jobs.c ---------------------------------------------------------- */

struct former;

/* EN gets the attachments of OLD that came by the API. */
void take_plugs(struct entry *en, const struct entry *old);
/* Keeps the text of a topology (a struct entry) that was applied, or one of
 * before; or forgets it. */
int keep_text(struct engine *e, void *arg);
int keep_former(struct engine *e, const struct former *f);
void forget_text(struct engine *e, const char *topology);

/* --- doctor.c ------------------------------------------------------- */

void job_doctor(struct engine *e, struct job *j);

/* --- rollback.c ------------------------------------------------------ */

void job_history(struct engine *e, struct job *j);
void job_rollback(struct engine *e, struct job *j);
void job_confirm(struct engine *e, struct job *j);
void job_cancel(struct engine *e, struct job *j);

/* --- jobs_items.c ---------------------------------------------------- */

void job_topologies(struct engine *e, struct job *j);
void job_show(struct engine *e, struct job *j);
void job_items(struct engine *e, struct job *j);

/* --- leases.c -------------------------------------------------------- */

void job_leases(struct engine *e, struct job *j);

/* --- lab.c ----------------------------------------------------------- */

void job_checks(struct engine *e, struct job *j);
void job_solution(struct engine *e, struct job *j);

/* --- jobs_plug.c ----------------------------------------------------- */

void job_attach(struct engine *e, struct job *j);
void job_detach(struct engine *e, struct job *j);

/* --- live.c ---------------------------------------------------------- */

void job_link(struct engine *e, struct job *j);
void job_reset(struct engine *e, struct job *j);

#endif

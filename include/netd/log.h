// log.h - what the daemon tells its operator
// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef NETD_LOG_H
#define NETD_LOG_H

/*
 * Lines on standard error, with the priority in the manner of sd-daemon(3)
 * ("<4>...") when standard error is the journal.  Control characters are
 * escaped, since names may come from guests.  Only netd/ calls these.
 */
void log_init(int verbose);
void log_error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_warning(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_info(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_debug(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Says why and ends the process with 1. */
void fatal(const char *fmt, ...)
	__attribute__((format(printf, 1, 2), noreturn));

#endif

// log.c - what the daemon tells its operator
// SPDX-License-Identifier: GPL-2.0-or-later
#include "netd/log.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <syslog.h>
#include <unistd.h>

static int log_level = LOG_INFO;
static bool log_journal;

void log_init(int verbose)
{
	log_level = verbose ? LOG_DEBUG : LOG_INFO;
	log_journal = getenv("JOURNAL_STREAM") != NULL;
}

/* A guest's name must not forge a line or drive a terminal. */
static void escape(const char *in, char *out, size_t size)
{
	char *end = out + size - 5;

	for (; *in && out < end; in++) {
		unsigned char c = *in;

		if (c == '\n' && !in[1])
			break;
		if (c < 0x20 || c == 0x7f)
			out += sprintf(out, "\\x%02x", c);
		else
			*out++ = c;
	}
	*out = '\0';
}

static void log_write(int level, const char *fmt, va_list ap)
{
	char raw[2048], line[4096];

	if (level > log_level)
		return;
	vsnprintf(raw, sizeof(raw), fmt, ap);
	escape(raw, line, sizeof(line));
	if (log_journal)
		fprintf(stderr, "<%d>%s\n", level, line);
	else
		fprintf(stderr, "netd: %s\n", line);
}

#define LOGGER(name, level)				\
	void name(const char *fmt, ...)			\
	{						\
		va_list ap;				\
							\
		va_start(ap, fmt);			\
		log_write(level, fmt, ap);		\
		va_end(ap);				\
	}

LOGGER(log_error, LOG_ERR)
LOGGER(log_warning, LOG_WARNING)
LOGGER(log_info, LOG_INFO)
LOGGER(log_debug, LOG_DEBUG)

void fatal(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	log_write(LOG_CRIT, fmt, ap);
	va_end(ap);
	exit(1);
}

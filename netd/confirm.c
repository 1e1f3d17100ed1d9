// confirm.c - a change that goes back by itself unless it is confirmed
// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "netd/history.h"
#include "netd/jobs.h"
#include "netd/log.h"

/*
 * Whoever cuts himself off can't confirm.  The end of the time is written down
 * before the change is made, by the clock that runs on while the machine
 * sleeps, with the boot it belongs to: neither the daemon's death nor a reboot
 * makes a change stay that nobody has confirmed.
 */

#define FILE_NAME "confirm"
#define AGAIN_MS 5000
#define BOOT_ID "/proc/sys/kernel/random/boot_id"

static int64_t boot_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_BOOTTIME, &t);
	return t.tv_sec * 1000LL + t.tv_nsec / 1000000;
}

static void boot_id(char out[40])
{
	int fd = open(BOOT_ID, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? 0 : read(fd, out, 36);

	out[n > 0 ? n : 0] = '\0';
	if (fd >= 0)
		close(fd);
}

int confirm_begin(struct engine *e, unsigned int seconds)
{
	char id[40], text[128];
	int64_t until = boot_ms() + seconds * 1000LL;
	int err;

	boot_id(id);
	snprintf(text, sizeof(text), "%u %" PRId64 " %s\n", e->history, until,
		 id);
	err = store_write(&e->store, NULL, FILE_NAME, text, strlen(text),
			  true);
	if (err)
		return err;
	e->confirm.pending = true;
	e->confirm.number = e->history;
	e->confirm.due = now_ms() + seconds * 1000LL;
	return 0;
}

void confirm_end(struct engine *e)
{
	store_remove(&e->store, NULL, FILE_NAME);
	e->confirm.pending = false;
	e->confirm.due = 0;
}

void confirm_look(struct engine *e)
{
	if (!e->confirm.pending || now_ms() < e->confirm.due)
		return;
	report_clear(e->report);
	log_warning("nobody confirmed the change: it is undone");
	if (e->confirm.number < e->history && rollback(e, e->confirm.number)) {
		log_error("it can't be undone yet");
		e->confirm.due = now_ms() + AGAIN_MS;
		return;
	}
	confirm_end(e);
	engine_publish_all(e);
	engine_event(e, "rollback", json_pack("{s:i, s:s}", "to",
					      (int)e->confirm.number, "why",
					      "it was not confirmed"));
}

bool confirm_refuses(struct engine *e, struct job *j)
{
	if (!e->confirm.pending)
		return false;
	job_error(j, 409, "a change waits to be confirmed, for %d s more: "
		  "netdctl confirm keeps it, netdctl cancel undoes it",
		  (int)((e->confirm.due - now_ms()) / 1000));
	return true;
}

json_t *confirm_json(const struct engine *e)
{
	if (!e->confirm.pending)
		return NULL;
	return json_pack("{s:i, s:i}", "to", (int)e->confirm.number, "seconds",
			 (int)((e->confirm.due - now_ms()) / 1000));
}

/* --- at the start ------------------------------------------------------- */

/* Nothing is in force yet: only what is kept is put back. */
static void put_back(struct engine *e, unsigned int to)
{
	struct formers f;
	unsigned int i;
	int err = history_before(e, to, &f);

	for (i = 0; i < f.n && !err; i++) {
		if (f.v[i].folder)
			continue;
		if (f.v[i].text)
			err = keep_former(e, &f.v[i]);
		else
			forget_text(e, f.v[i].name);
	}
	if (err)
		log_error("the change that nobody confirmed can't be undone: "
			  "%s", strerror(-err));
	else
		history_drop(e, to);
	formers_free(&f);
}

void confirm_load(struct engine *e)
{
	char id[40], now[40];
	unsigned int number;
	int64_t until, left;
	size_t len;
	char *text = store_read(&e->store, NULL, FILE_NAME, &len);

	if (!text)
		return;
	boot_id(now);
	if (sscanf(text, "%u %" SCNd64 " %39s", &number, &until, id) != 3) {
		log_warning("state file %s is left out: it makes no sense",
			    FILE_NAME);
		confirm_end(e);
	} else {
		left = strcmp(id, now) ? 0 : until - boot_ms();
		e->confirm.pending = left > 0;
		e->confirm.number = number;
		e->confirm.due = now_ms() + left;
		if (left <= 0) {
			log_warning("a change was not confirmed while netd was "
				    "away: it is undone");
			put_back(e, number);
			confirm_end(e);
		}
	}
	free(text);
}

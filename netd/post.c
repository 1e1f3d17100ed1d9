// post.c - what the two threads send each other
// SPDX-License-Identifier: GPL-2.0-or-later
#include "netd/post.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "netd/log.h"
#include "netd/right.h"

static void *must_calloc(size_t size)
{
	void *p = calloc(1, size);

	if (!p)
		fatal("out of memory");
	return p;
}

struct post *post_new(void)
{
	struct post *p = must_calloc(sizeof(*p));

	pthread_mutex_init(&p->lock, NULL);
	p->tail = &p->head;
	p->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (p->fd < 0)
		fatal("eventfd: no descriptor");
	return p;
}

void post_free(struct post *p)
{
	close(p->fd);
	pthread_mutex_destroy(&p->lock);
	free(p);
}

void post_put(struct post *p, void *item)
{
	struct item *it = item;

	it->next = NULL;
	pthread_mutex_lock(&p->lock);
	*p->tail = it;
	p->tail = &it->next;
	pthread_mutex_unlock(&p->lock);
	eventfd_write(p->fd, 1);
}

void *post_get(struct post *p)
{
	struct item *it;
	eventfd_t n;

	pthread_mutex_lock(&p->lock);
	it = p->head;
	if (it) {
		p->head = it->next;
		if (!p->head)
			p->tail = &p->head;
	} else {
		/* empty: nothing to wake up for until the next put */
		eventfd_read(p->fd, &n);
	}
	pthread_mutex_unlock(&p->lock);
	return it;
}

void job_free(struct job *j)
{
	who_free(j->who);
	while (j->nlabels)
		free(j->labels[--j->nlabels]);
	free(j->labels);
	free(j->name);
	free(j->item_name);
	free(j->kind);
	free(j->file);
	free(j->body);
	free(j->answer);
	free(j);
}

void note_free(struct note *n)
{
	right_owners_free(n->owners);
	free(n->text);
	free(n);
}

struct board *board_new(void)
{
	struct board *b = must_calloc(sizeof(*b));

	pthread_mutex_init(&b->lock, NULL);
	return b;
}

void board_free(struct board *b)
{
	free(b->status);
	free(b->topologies);
	free(b->brief);
	pthread_mutex_destroy(&b->lock);
	free(b);
}

void board_set(struct board *b, char **which, char *text)
{
	char *old;

	pthread_mutex_lock(&b->lock);
	old = *which;
	*which = text;
	pthread_mutex_unlock(&b->lock);
	free(old);
}

char *board_get(struct board *b, char **which)
{
	char *copy = NULL;

	pthread_mutex_lock(&b->lock);
	if (*which) {
		copy = strdup(*which);
		if (!copy)
			fatal("out of memory");
	}
	pthread_mutex_unlock(&b->lock);
	return copy;
}

// plug_client.c - one request to netd over its Unix socket
// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "ctl/plug.h"

#define ANSWER_MAX (64u << 20)	/* a list of everything there is */

const char *plug_socket;

static const char *socket_path(void)
{
	const char *env = getenv("NETD_SOCKET");

	if (plug_socket)
		return plug_socket;
	return env && *env ? env : NETD_RUNDIR "/netd.sock";
}

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

/* A blocking connect would wait for ever when the backlog is full. */
static int dial(int64_t end)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	struct timespec pause = { .tv_nsec = 5000000 };
	int fd, err;

	if (strlen(socket_path()) >= sizeof(un.sun_path))
		return -ENAMETOOLONG;
	strcpy(un.sun_path, socket_path());
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	while (connect(fd, (struct sockaddr *)&un, sizeof(un))) {
		err = -errno;
		if (err != -EAGAIN || now_ms() > end) {
			close(fd);
			return err == -EAGAIN ? -ETIMEDOUT : err;
		}
		nanosleep(&pause, NULL);
	}
	return fd;
}

static int wait_for(int fd, short events, int64_t end)
{
	struct pollfd p = { fd, events, 0 };
	int64_t left = end - now_ms();
	int n;

	do
		n = poll(&p, 1, left > 0 ? left : 0);
	while (n < 0 && errno == EINTR);
	return n > 0 ? 0 : n ? -errno : -ETIMEDOUT;
}

static int write_all(int fd, const struct buf *b, int64_t end)
{
	size_t at = 0;
	ssize_t n;
	int err;

	while (at < b->len) {
		n = send(fd, b->p + at, b->len - at, MSG_NOSIGNAL);
		if (n > 0) {
			at += n;
			continue;
		}
		if (n < 0 && errno != EAGAIN && errno != EINTR)
			return -errno;
		err = wait_for(fd, POLLOUT, end);
		if (err)
			return err;
	}
	return 0;
}

/* netd closes the connection after the answer, since it was asked to. */
static int read_all(int fd, struct buf *b, int64_t end)
{
	char part[16384];
	ssize_t n;
	int err;

	for (;;) {
		n = recv(fd, part, sizeof(part), 0);
		if (!n)
			return 0;
		if (n > 0)
			buf_add(b, part, n);
		else if (errno != EAGAIN && errno != EINTR)
			return -errno;
		if (b->len > ANSWER_MAX)
			return -EFBIG;
		err = n > 0 ? 0 : wait_for(fd, POLLIN, end);
		if (err)
			return err;
	}
}

/* The status and where the body begins; what is cut short is no answer. */
static int take_answer(struct buf *b, int *code, const char **body)
{
	const char *length;
	char *end;
	size_t len;

	buf_add(b, "", 0);
	end = strstr(b->p, "\r\n\r\n");
	if (!end || sscanf(b->p, "HTTP/1.%*1[01] %3d", code) != 1)
		return -EPROTO;
	*end = '\0';
	*body = end + 4;
	len = b->p + b->len - *body;
	length = strcasestr(b->p, "\r\nContent-Length:");
	if (!length || strtoul(length + 17, NULL, 10) != len)
		return -EPROTO;
	return 0;
}

static int exchange(const char *method, const char *path, const char *body,
		    struct buf *in, bool *unasked)
{
	int64_t end = now_ms() + PLUG_SECONDS * 1000;
	__attribute__((cleanup(close_fd))) int fd = dial(end);
	__attribute__((cleanup(buf_free))) struct buf out = { 0 };
	int err;

	*unasked = fd < 0;
	if (fd < 0)
		return fd;
	buf_printf(&out, "%s %s HTTP/1.1\r\nHost: netd\r\n"
		   "Connection: close\r\nContent-Length: %zu\r\n\r\n",
		   method, path, strlen(body));
	buf_str(&out, body);
	err = write_all(fd, &out, end);
	/* it may have answered before it read all, and why is what counts */
	if (err == -EPIPE || err == -ECONNRESET)
		err = 0;
	return err ? err : read_all(fd, in, end);
}

/* --- what went wrong -------------------------------------------------- */

static void explain(struct answer *a, int err)
{
	if (err == -ENOENT || err == -ECONNREFUSED)
		buf_printf(&a->error, "netd is not running: nothing listens at "
			   "%s", socket_path());
	else if (err == -EACCES || err == -EPERM)
		buf_printf(&a->error, "%s: permission denied", socket_path());
	else if (err == -ETIMEDOUT)
		buf_printf(&a->error, "netd gave no answer within %d s",
			   PLUG_SECONDS);
	else
		buf_printf(&a->error, "no answer from %s: %s", socket_path(),
			   strerror(-err));
}

static void take_error(struct answer *a)
{
	const char *error = plug_str(a->json, "error"), *text;
	json_t *f;
	size_t i;

	json_array_foreach(json_object_get(a->json, "findings"), i, f) {
		text = plug_str(f, "text");
		if (strcmp(plug_str(f, "severity"), "error"))
			continue;
		buf_printf(&a->details, "%s%s%s%s", a->details.len ? "; " : "",
			   plug_str(f, "path"), *plug_str(f, "path") ? ": " :
			   "", text);
	}
	buf_printf(&a->error, "%s", *error ? error : "netd gave no reason");
}

struct answer plug_ask(const char *method, const char *path, const json_t *body)
{
	__attribute__((cleanup(buf_free))) struct buf in = { 0 };
	char *text = body ? json_dumps(body, JSON_COMPACT) : NULL;
	struct answer a = { 0 };
	const char *from;
	int err = 0;

	if (body && !text)
		err = -EILSEQ;
	if (!err)
		err = exchange(method, path, text ? text : "", &in,
			       &a.unasked);
	if (!err)
		err = take_answer(&in, &a.code, &from);
	free(text);
	if (err) {
		a.code = 0;
		explain(&a, err);
		return a;
	}
	a.json = json_loads(from, 0, NULL);
	if (a.code < 200 || a.code > 299)
		take_error(&a);
	return a;
}

void answer_free(struct answer *a)
{
	json_decref(a->json);
	a->json = NULL;
	buf_free(&a->error);
	buf_free(&a->details);
}

// client.c - HTTP to netd over its Unix socket
// SPDX-License-Identifier: GPL-2.0-or-later
#include <curl/curl.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "ctl/ctl.h"
#include "netd/buf.h"

struct transfer {
	struct buf body;	/* not yet handed out */
	void (*line)(const char *text, size_t len);
	char error[CURL_ERROR_SIZE];
};

/* Hands whole lines out; what is left, or all, stays in the body. */
static size_t take(char *p, size_t size, size_t n, void *arg)
{
	struct transfer *t = arg;
	size_t at = 0;
	char *nl;

	buf_add(&t->body, p, size * n);
	if (!t->line)
		return size * n;
	while ((nl = memchr(t->body.p + at, '\n', t->body.len - at))) {
		t->line(t->body.p + at, nl - (t->body.p + at));
		at = nl + 1 - t->body.p;
	}
	memmove(t->body.p, t->body.p + at, t->body.len - at);
	t->body.len -= at;
	return size * n;
}

/* Why is there no connection?  curl doesn't tell. */
static void explain(const struct transfer *t)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int err = ENAMETOOLONG;

	if (strlen(socket_path) < sizeof(un.sun_path)) {
		strcpy(un.sun_path, socket_path);
		err = connect(fd, (struct sockaddr *)&un, sizeof(un)) ?
		      errno : 0;
	}
	close(fd);
	if (err == EACCES || err == EPERM)
		complain("%s: permission denied: be root, or in the group that "
			 "netd was started with (--group)", socket_path);
	else if (err == ENOENT || err == ECONNREFUSED)
		complain("netd is not running (nothing listens at %s): start "
			 "it by `systemctl start netd`, or name its socket "
			 "with --socket", socket_path);
	else
		complain("no answer from %s: %s", socket_path,
			 err ? strerror(err) : t->error);
}

static void set_method(CURL *c, const char *method, const char *body,
		       size_t len)
{
	curl_easy_setopt(c, CURLOPT_CUSTOMREQUEST, method);
	if (!strcmp(method, "POST") || !strcmp(method, "PUT")) {
		curl_easy_setopt(c, CURLOPT_POSTFIELDS, body ? body : "");
		curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE_LARGE,
				 (curl_off_t)(body ? len : 0));
	}
}

struct reply ask(const char *method, const char *path, const char *body,
		 size_t len, void (*line)(const char *text, size_t len_))
{
	struct transfer t = { .line = line };
	struct curl_slist *headers = NULL;
	struct reply r = { 0 };
	struct buf url = { 0 };
	CURL *c;

	curl_global_init(CURL_GLOBAL_DEFAULT);
	c = must(curl_easy_init());
	buf_printf(&url, "http://netd%s", path);
	/* a body is sent at once, without asking whether it may be */
	headers = curl_slist_append(headers, "Expect:");
	headers = curl_slist_append(headers, "Content-Type:");
	curl_easy_setopt(c, CURLOPT_URL, buf_text(&url));
	curl_easy_setopt(c, CURLOPT_UNIX_SOCKET_PATH, socket_path);
	curl_easy_setopt(c, CURLOPT_NOPROXY, "*");
	curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http");
	curl_easy_setopt(c, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, take);
	curl_easy_setopt(c, CURLOPT_WRITEDATA, &t);
	curl_easy_setopt(c, CURLOPT_ERRORBUFFER, t.error);
	curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	set_method(c, method, body, len);
	if (curl_easy_perform(c))
		explain(&t);
	else
		curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &r.code);
	if (t.body.len)
		r.json = json_loadb(t.body.p, t.body.len, 0, NULL);
	curl_easy_cleanup(c);
	curl_slist_free_all(headers);
	buf_free(&url);
	buf_free(&t.body);
	return r;
}

void reply_free(struct reply *r)
{
	json_decref(r->json);
	r->json = NULL;
}

static void encode(struct buf *b, const char *s)
{
	char *e = must(curl_easy_escape(NULL, s, strlen(s)));

	buf_str(b, e);
	curl_free(e);
}

char *path_of(const char *part, ...)
{
	struct buf b = { 0 };
	va_list ap;

	buf_str(&b, "/v1");
	va_start(ap, part);
	for (; part; part = va_arg(ap, const char *)) {
		buf_str(&b, "/");
		encode(&b, part);
	}
	va_end(ap);
	return b.p;
}

char *path_query(char *path, const char *key, const char *value)
{
	struct buf b = { 0 };

	buf_printf(&b, "%s%c%s=", path, strchr(path, '?') ? '&' : '?', key);
	encode(&b, value);
	free(path);
	return b.p;
}

const char *str(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));

	return s ? s : "";
}

void print_findings(const json_t *answer)
{
	json_t *f;
	size_t i;

	json_array_foreach(json_object_get(answer, "findings"), i, f)
		fputs(str(f, "print"), stderr);
}

int finish(struct reply *r)
{
	int rc = !r->code ? EXIT_NO_DAEMON :
		 r->code < 300 ? EXIT_OK : EXIT_FAILED;

	if (want_json && r->json) {
		json_dumpf(r->json, stdout, JSON_INDENT(2));
		putchar('\n');
	} else if (r->code) {
		print_findings(r->json);
		if (rc)
			complain("%s", r->json && str(r->json, "error")[0] ?
				 str(r->json, "error") :
				 "netd gave no reason");
	}
	reply_free(r);
	return rc;
}

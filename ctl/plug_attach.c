// plug_attach.c - attachments as the programs that engines start ask for them
// SPDX-License-Identifier: GPL-2.0-or-later
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/plug.h"

#define LABEL_MAX 255

void plug_label(json_t *labels, const char *key, const char *value)
{
	size_t len = strlen(value);

	if (len > LABEL_MAX)
		len = LABEL_MAX;
	if (len)
		json_object_set_new(labels, key, json_stringn(value, len));
}

void plug_address(json_t *o, const char *address)
{
	const char *key = strchr(address, ':') ? "address6" : "address";
	json_t *list = json_object_get(o, key), *it;
	size_t i;

	if (!list) {
		list = json_array();
		json_object_set_new(o, key, list);
	}
	json_array_foreach(list, i, it)
		if (!strcmp(json_string_value(it), address))
			return;
	json_array_append_new(list, json_string(address));
}

void plug_words(json_t *o, const char *key, const char *words)
{
	char *copy = strdup(words), *at, *word;
	json_t *list = json_array();

	for (word = strtok_r(copy, ", ", &at); word;
	     word = strtok_r(NULL, ", ", &at))
		json_array_append_new(list, json_string(word));
	json_object_set_new(o, key, list);
	free(copy);
}

json_t *plug_forward(const char *listen, const char *protocol,
		     json_int_t port, json_int_t target_port)
{
	char lower[8] = "tcp";
	json_t *f;
	size_t i;

	if (port < 1 || port > 65535 || target_port < 1 || target_port > 65535)
		return NULL;
	if (protocol && strlen(protocol) >= sizeof(lower))
		return NULL;
	for (i = 0; protocol && *protocol && i <= strlen(protocol); i++)
		lower[i] = tolower((unsigned char)protocol[i]);
	f = json_pack("{s:s, s:I, s:I}", "protocol", lower, "port", port,
		      "target-port", target_port);
	if (listen && *listen && strcmp(listen, "0.0.0.0") &&
	    strcmp(listen, "::"))
		json_object_set_new(f, "listen", json_string(listen));
	return f;
}

static void path_of(struct buf *path, const char *name, const char *topology)
{
	buf_str(path, "/v1/attachments");
	if (name)
		buf_printf(path, "/%s", name);
	if (topology)
		plug_query(path, "topology", topology);
}

struct answer plug_attach(const char *name, const char *topology, json_t *o,
			  bool wait)
{
	__attribute__((cleanup(buf_free))) struct buf path = { 0 };
	json_t *body = json_pack("{s:o}", name, o);
	struct answer a;

	path_of(&path, NULL, topology);
	if (wait)
		plug_query(&path, "wait", PLUG_WAIT);
	a = plug_ask("POST", buf_text(&path), body);
	json_decref(body);
	return a;
}

struct answer plug_labelled(const char *door, const char *key,
			    const char *value)
{
	__attribute__((cleanup(buf_free))) struct buf path = { 0 }, l = { 0 };

	buf_str(&path, "/v1/list?kind=attachment");
	buf_printf(&l, "door=%s", door);
	plug_query(&path, "label", buf_text(&l));
	buf_reset(&l);
	buf_printf(&l, "%s.%s=%.*s", door, key, LABEL_MAX, value);
	plug_query(&path, "label", buf_text(&l));
	return plug_ask("GET", buf_text(&path), NULL);
}

bool plug_published(const char *door, const char *container)
{
	struct answer a = plug_labelled(door, "container", container);
	bool found = false;
	json_t *it;
	size_t i;

	json_array_foreach(json_object_get(a.json, "items"), i, it)
		found |= json_array_size(json_object_get(it, "publish")) > 0;
	answer_free(&a);
	return found;
}

bool plug_detach(const char *name, const char *topology, struct answer *a)
{
	__attribute__((cleanup(buf_free))) struct buf path = { 0 };

	path_of(&path, name, topology);
	*a = plug_ask("DELETE", buf_text(&path), NULL);
	return a->code == 200 || a->code == 404;
}

// right_plug.c - what one who owns a network may plug in there
// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <string.h>

#include "netd/jobs.h"
#include "netd/right.h"

/*
 * All others are an admin's to say: they publish ports of the host, take its
 * interfaces, loosen what guards the neighbours, or are for netd itself.
 */
static const char *const keys[] = {
	"network", "type", "address", "address6", "mac", "ifname", "netns",
	"queues", "vnet-hdr", "transient", "default-route", "labels",
	"description",
	/* what they say does not count: a tap is always its client's */
	"owner", "group",
};

static bool is_key(const char *key)
{
	unsigned int i;

	for (i = 0; i < sizeof(keys) / sizeof(*keys); i++)
		if (!strcmp(keys[i], key))
			return true;
	return false;
}

static bool is_type(const json_t *o, const char *type)
{
	const char *s = json_string_value(json_object_get(o, "type"));

	return s && !strcmp(s, type);
}

bool right_is_tap(const json_t *o)
{
	return is_type(o, "tap");
}

bool right_plug(struct job *j, const json_t *o)
{
	const char *key;
	json_t *v;

	json_object_foreach((json_t *)o, key, v) {
		if (is_key(key))
			continue;
		job_error(j, 403, "who owns a network may not say %s of an "
			  "attachment: that is for the admins of netd",
			  strlen(key) < 32 ? key : "that");
		return false;
	}
	if (is_type(o, "tap") || is_type(o, "veth"))
		return true;
	job_error(j, 403, "who owns a network attaches `type: tap` or "
		  "`type: veth` to it; the others are for the admins of netd");
	return false;
}

/* A process or a path; what a name means is for root to say. */
static bool spell(const json_t *o, char *spec, size_t room)
{
	const json_t *v = json_object_get(o, "netns");
	const char *s = json_string_value(v);

	if (json_is_integer(v) && json_integer_value(v) > 0)
		snprintf(spec, room, "pid:%lld",
			 (long long)json_integer_value(v));
	else if (s && s[0] == '/' && strlen(s) < room)
		strcpy(spec, s);
	else if (s && s[0] && strspn(s, "0123456789") == strlen(s))
		snprintf(spec, room, "pid:%s", s);
	else if (s && !strncmp(s, "pid:", 4) && strlen(s) < room)
		strcpy(spec, s);
	else
		return false;
	return true;
}

bool right_netns(struct engine *e, struct job *j, const json_t *o,
		 uint32_t *id)
{
	uint32_t owner = (uint32_t)-1;
	char spec[4096];
	int err;

	err = spell(o, spec, sizeof(spec)) ?
	      plug_netns(e, spec, id, &owner) : -EINVAL;
	if (err == -EPIPE || err == -EAGAIN) {
		job_error(j, 503, "the kernel side is being started again");
		return false;
	}
	if (!err && owner == j->uid)
		return true;
	job_error(j, 403, "`netns:` is not a network namespace of your own: "
		  "expected a process, or the path of one, in a user "
		  "namespace that uid %u made, as rootless containers are",
		  j->uid);
	return false;
}

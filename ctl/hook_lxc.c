// hook_lxc.c - LXC: hooks of a container and scripts of its interfaces
// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdlib.h>
#include <string.h>

#include "ctl/hook.h"

static const char *env(const char *name)
{
	const char *value = getenv(name);

	return value ? value : "";
}

static void start_host(struct wishes *w)
{
	int pid = atoi(env("LXC_PID"));

	if (pid <= 0)
		hook_fail("LXC_PID is not set: `lxc.hook.version = 1` is "
			  "needed");
	hook_attach(w, "lxc", env("LXC_NAME"), pid);
}

static void post_stop(struct wishes *w)
{
	hook_detach("lxc", env("LXC_NAME"));
}

/*
 * A pair that LXC made and whose inner end it configures: our end becomes a
 * port of the network, under its own name.
 */
static void up(struct wishes *w)
{
	const char *peer = env("LXC_NET_PEER"), *topology = NULL;
	json_t *labels = json_object(), *o;
	struct answer a;
	char *copy;

	if (!*peer)
		hook_fail("LXC_NET_PEER is not set: script.up is for "
			  "`lxc.net.N.type = veth` without `link`");
	if (w->n != 1 || w->v[0].address || w->v[0].mac || w->v[0].publish)
		hook_fail("script.up takes one --network and nothing else: "
			  "LXC configures the interface");
	copy = strdup(w->v[0].network);
	plug_label(labels, "door", "lxc");
	plug_label(labels, "lxc.container", env("LXC_NAME"));
	o = json_pack("{s:s, s:s, s:o}", "type", "nic", "network",
		      plug_split(copy, &topology), "labels", labels);
	/* the other end goes up later, in the container */
	a = plug_attach(peer, topology, o, false);
	if (a.code != 200)
		hook_fail("%s: %s%s%s", w->v[0].network, buf_text(&a.error),
			  a.details.len ? ": " : "", buf_text(&a.details));
	answer_free(&a);
	free(copy);
}

static void down(struct wishes *w)
{
	struct answer a;

	if (*env("LXC_NET_PEER") &&
	    !plug_detach(env("LXC_NET_PEER"), NULL, &a))
		hook_fail("%s", buf_text(&a.error));
}

void hook_lxc(struct wishes *w)
{
	static const struct {
		const char *type;
		void (*run)(struct wishes *w);
	} hooks[] = {
		{ "start-host", start_host }, { "post-stop", post_stop },
		{ "up", up }, { "down", down },
	};
	const char *type = env("LXC_HOOK_TYPE");
	unsigned int i;

	for (i = 0; i < sizeof(hooks) / sizeof(*hooks); i++) {
		if (strcmp(hooks[i].type, type))
			continue;
		hooks[i].run(w);
		return;
	}
	hook_fail("hook `%s`: expected start-host, post-stop, up or down",
		  type);
}

// cni_del.c - DEL and GC: what isn't wanted any more
// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include "ctl/cni.h"

/*
 * The namespace may be gone, the same may be asked twice, and prevResult may
 * be missing: the container's id and the interface's name are enough.
 */
void cni_del(struct cni *c)
{
	struct buf why = { 0 };
	struct answer a;
	int code = 0;

	/* the interface goes first, or its address would have two */
	if (!plug_detach(c->attachment, NULL, &a))
		cni_fail(c, cni_code(&a), buf_text(&a.details), "%s",
			 buf_text(&a.error));
	if (c->ipam)
		json_decref(cni_ipam(c, "DEL", &code, &why));
	if (code)
		cni_fail(c, code, NULL, "%s: %s", c->ipam, buf_text(&why));
	answer_free(&a);
	buf_free(&why);
}

/* --- GC --------------------------------------------------------------- */

static const json_t *valid_attachments(const struct cni *c)
{
	json_t *v = json_object_get(c->conf, "cni.dev/valid-attachments");

	/* what libcni called it before the specification was done */
	if (!v)
		v = json_object_get(c->conf, "cni.dev/attachments");
	if (!json_is_array(v))
		cni_fail(c, CNI_CONFIG, NULL, "cni.dev/valid-attachments: "
			 "expected a list");
	return v;
}

static bool is_valid(const json_t *valid, const json_t *labels)
{
	json_t *it;
	size_t i;

	json_array_foreach(valid, i, it)
		if (!strcmp(plug_str(it, "containerID"),
			    plug_str(labels, "cni.container")) &&
		    !strcmp(plug_str(it, "ifname"),
			    plug_str(labels, "cni.ifname")))
			return true;
	return false;
}

static void collect(struct buf *errors, const char *what, const char *why)
{
	buf_printf(errors, "%s%s: %s", errors->len ? "; " : "", what, why);
}

static void gc_netd(const struct cni *c, const json_t *valid,
		    const json_t *items, struct buf *errors)
{
	json_t *it;
	size_t i;

	json_array_foreach(items, i, it) {
		const json_t *labels = json_object_get(it, "labels");
		const char *name = plug_str(it, "name");
		struct answer a;

		/* never what is another network's, whatever was listed */
		if (strcmp(plug_str(labels, "door"), "cni") ||
		    strcmp(plug_str(labels, "cni.network"), c->name) ||
		    is_valid(valid, labels))
			continue;
		if (!plug_detach(name, plug_str(it, "topology"), &a))
			collect(errors, name, buf_text(&a.error));
		answer_free(&a);
	}
}

void cni_gc(struct cni *c)
{
	const json_t *valid = valid_attachments(c);
	struct answer a = plug_labelled("cni", "network", c->name);
	struct buf errors = { 0 }, why = { 0 };
	int code = 0, ipam;

	if (a.code != 200) {
		code = cni_code(&a);
		collect(&errors, "netd", buf_text(&a.error));
	} else {
		gc_netd(c, valid, json_object_get(a.json, "items"), &errors);
	}
	if (c->ipam) {
		json_decref(cni_ipam(c, "GC", &ipam, &why));
		/* what is older than GC has nothing to say about it */
		if (ipam && ipam != CNI_VERSION && ipam != CNI_ENV) {
			code = code ? code : ipam;
			collect(&errors, c->ipam, buf_text(&why));
		}
	}
	if (errors.len)
		cni_fail(c, code ? code : CNI_REFUSED, NULL, "%s",
			 buf_text(&errors));
	answer_free(&a);
	buf_free(&why);
}

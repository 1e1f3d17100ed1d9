// doctor.c - the order of the examination, and facts
// SPDX-License-Identifier: GPL-2.0-or-later
#include "doctor/doctor.h"

#include <stdlib.h>
#include <string.h>

struct trouble *trouble_add(struct troubles *f, const char *id, bool certain)
{
	struct trouble *n;

	if (f->n == f->cap) {
		f->cap = f->cap ? 2 * f->cap : 16;
		f->v = realloc(f->v, f->cap * sizeof(*f->v));
		if (!f->v)
			abort();
	}
	n = &f->v[f->n++];
	*n = (struct trouble){ .id = id, .certain = certain, .what = "",
			       .where = "", .breaks = "", .cure = "",
			       .yaml = "" };
	return n;
}

void troubles_free(struct troubles *f)
{
	free(f->v);
	f->v = NULL;
	f->n = f->cap = 0;
}

/* --- facts ----------------------------------------------------------- */

const char *fact_value(const struct state *found, const char *name)
{
	const struct fact *f = (const struct fact *)
		state_find(found, KIND_FACT, "", name);

	return f ? f->value : NULL;
}

uint32_t fact_seek(const struct state *found, const char *prefix)
{
	return state_seek(found, KIND_FACT, "", prefix);
}

const struct fact *fact_at(const struct state *found, uint32_t i,
			   const char *prefix)
{
	if (i >= found->n || found->v[i]->kind != KIND_FACT ||
	    strncmp(found->v[i]->name, prefix, strlen(prefix)))
		return NULL;
	return (const struct fact *)found->v[i];
}

const struct link *our_link(const struct state *wanted, const char *name)
{
	struct object *o = NULL;
	int k;

	for (k = KIND_BRIDGE; k <= KIND_LEG && !o; k++)
		o = state_find(wanted, k, "", name);
	return (const struct link *)o;
}

bool is_plain(const char *s)
{
	return *s && *s != '-' &&
	       !s[strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789_-./:"
			 "ABCDEFGHIJKLMNOPQRSTUVWXYZ@+")];
}

/* --- all of it ------------------------------------------------------- */

static void (*const parts[])(const struct state *wanted,
			     const struct state *found,
			     struct troubles *out) = {
	doctor_rules, doctor_ports, doctor_files, doctor_links, doctor_subnets,
	doctor_settings, doctor_kernel,
};

/* Certain ones first, else as they came. */
static void sort(struct troubles *f)
{
	struct trouble *v = calloc(f->n + 1, sizeof(*v));
	uint32_t i, n = 0;
	int certain;

	if (!v)
		abort();
	for (certain = 1; certain >= 0; certain--)
		for (i = 0; i < f->n; i++)
			if (f->v[i].certain == certain)
				v[n++] = f->v[i];
	free(f->v);
	f->v = v;
	f->cap = f->n + 1;
}

void doctor_look(const struct state *wanted, const struct state *found,
		 struct troubles *out)
{
	size_t i;

	for (i = 0; i < sizeof(parts) / sizeof(*parts); i++)
		parts[i](wanted, found, out);
	sort(out);
}

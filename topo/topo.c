// topo.c - a topology as a whole: read, changed by attachments, freed
// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <string.h>

#include "topo/pods.h"
#include "topo/read.h"
#include "topo/resolve.h"
#include "topo/schema.h"

bool node_has(const struct node *n, const struct record *r, size_t offset)
{
	uint32_t i;

	for (i = 0; i < r->count; i++)
		if (r->fields[i].type && r->fields[i].type->size &&
		    r->fields[i].off == offset)
			return n->set >> i & 1;
	return false;
}

bool node_own(const struct node *n, const struct record *r, size_t offset)
{
	const struct node own = { .set = n->own };

	return node_has(&own, r, offset);
}

struct pos node_at(const struct node *n, const struct record *r,
		   size_t offset)
{
	uint32_t i;

	for (i = 0; i < r->count; i++)
		if (r->fields[i].type && r->fields[i].type->size &&
		    r->fields[i].off == offset && n->set >> i & 1)
			return n->at[i];
	return n->pos;
}

/* --- reading --------------------------------------------------------- */

/* Takes events up to the document's content.  0, or -EINVAL: there is none. */
static int open_document(struct reader *r)
{
	const char *expect = "expected a topology, found an empty text";

	reader_next(r);
	reader_next(r);
	if (r->ev.type == YAML_DOCUMENT_START_EVENT) {
		reader_next(r);
		if (!reader_nothing(r))
			return 0;
	}
	reader_error(r, (struct pos){ .file = r->file, .line = 1, .col = 1 },
		     NULL, "%s", expect);
	return -EINVAL;
}

static void close_document(struct reader *r)
{
	if (r->ev.type != YAML_DOCUMENT_END_EVENT)
		return;
	reader_next(r);
	if (r->ev.type == YAML_DOCUMENT_START_EVENT)
		reader_error(r, r->pos, NULL, "expected one document, found "
			     "another: put it into a file of its own");
}

/* campus of /etc/netd/campus.net.yaml */
static const char *name_of_file(struct arena *a, const char *file)
{
	static const char *const ends[] = { ".net.yaml", ".yaml", ".yml" };
	const char *slash = strrchr(file, '/');
	const char *base = slash ? slash + 1 : file;
	size_t i, len = strlen(base), n;

	for (i = 0; i < sizeof(ends) / sizeof(*ends); i++) {
		n = strlen(ends[i]);
		if (len > n && !strcmp(base + len - n, ends[i])) {
			len -= n;
			break;
		}
	}
	return arena_strndup(a, base, len);
}

static void check_name(struct reader *r, struct topology *t)
{
	struct buf why = { 0 };
	const char *name;

	if (!t->name) {
		t->name = name_of_file(t->arena, r->report->sources[r->file]
				       .name);
		if (field_name.read(NULL, t->name, &name, t->arena, &why))
			reader_error(r, t->n.pos, "name", "expected %s, found "
				     "the file's name \"%.60s\": write `name:`",
				     field_name.what, t->name);
	}
	if (name_reserved(t->name))
		reader_error(r, PLACE(t, rec_topology, name), "name",
			     "expected a name, found \"%s\", which is a word "
			     "with a meaning of its own", t->name);
	t->base = t->name;
	if (t->pod)
		t->name = arena_printf(t->arena, "%s-%u", t->base, t->pod);
	t->n.name = t->name;
	buf_free(&why);
}

/* Nodes make a lab: its bridges are out of the host's way. */
static void set_home(struct reader *r, struct topology *t)
{
	if (t->pods.n)
		t->home = t->name;
	else if (!t->home)
		t->home = t->nodes.n ? t->name : "host";
	else if (strcmp(t->home, "host") && name_reserved(t->home))
		reader_error(r, PLACE(t, rec_topology, home), "namespace",
			     "expected host or a name, found \"%s\", which is "
			     "a word with a meaning of its own", t->home);
	t->netns = strcmp(t->home, "host") ? t->home : "";
}

static void split_between(struct reader *r, struct tlink *l)
{
	struct leg_spec **ends = l->between.items;

	if (l->n.scalar)
		return;
	if (l->n.broken)
		return;
	if (l->between.n != 2) {
		reader_error(r, PLACE(l, rec_link, between), l->n.path,
			     "expected `between:` with two ends, found %u",
			     l->between.n);
		return;
	}
	l->a = ends[0];
	l->b = ends[1];
	if (!l->n.name && l->a->network.s && l->b->network.s)
		l->n.name = arena_printf(r->arena, "%s-%s", l->a->network.s,
					 l->b->network.s);
}

static void finish(struct reader *r, struct topology *t)
{
	t->managed = true;
	check_name(r, t);
	set_home(r, t);
	list_for(struct tlink, l, &t->links)
		split_between(r, l);
	list_for(struct router, n, &t->nodes) {
		n->node = true;
		n->managed = true;
	}
	list_for(struct router, w, &t->routers)
		w->managed = true;
	merge_defaults(t);
}

static void read_topology(struct reader *r, struct topology *t)
{
	if (open_document(r))
		return;
	read_node(r, &rec_topology, &t->n, NULL, "");
	if (r->ev.type == YAML_MAPPING_START_EVENT) {
		read_record(r, &rec_topology, t);
	} else {
		reader_error(r, r->pos, NULL, "expected a topology: a map "
			     "with keys like `networks:`");
		reader_skip(r);
	}
	close_document(r);
}

static struct topology *read_text(const char *file, const char *text,
				  size_t len, struct report *report,
				  uint32_t pod)
{
	struct arena *a = arena_new();
	struct topology *t = arena_alloc(a, sizeof(*t));
	unsigned int errors = report->errors;
	struct reader r;

	t->arena = a;
	t->pod = pod;
	if (!reader_begin(&r, a, file, text, len, report))
		read_topology(&r, t);
	if (!r.dead && t->n.at)
		finish(&r, t);
	t->file = arena_strdup(a, file);
	reader_end(&r);
	if (report->errors == errors)
		return t;
	/* what else is wrong should not wait for the next run */
	if (!r.dead && t->n.at)
		topo_check_broken(t, report);
	topo_free(t);
	return NULL;
}

struct topology *topo_read(const char *file, const char *text, size_t len,
			   struct report *report)
{
	struct topology *t = read_text(file, text, len, report, 0), *c;
	const uint32_t *pods;
	uint32_t i, n;

	if (!t || !t->pods.n)
		return t;
	n = pods_numbers(t, &pods, report);
	for (i = 0; i < n; i++) {
		c = read_text(file, text, len, report, pods[i]);
		if (!c)
			break;
		list_push(t->arena, &t->copies, &c, sizeof(c));
	}
	if (n && i == n) {
		pods_begin(t);
		return t;
	}
	topo_free(t);
	return NULL;
}

void topo_free(struct topology *t)
{
	if (!t)
		return;
	list_for(struct topology, c, &t->copies)
		topo_free(c);
	arena_free(t->resolved);
	arena_free(t->arena);
}

const char *topo_name(const struct topology *t)
{
	return t->name;
}

const char *topo_network_name(const struct topology *t, unsigned int i)
{
	const struct network *const *v = t->networks.items;

	return i < t->networks.n && !t->copies.n ? v[i]->n.name : NULL;
}

const char *topo_home(const struct topology *t)
{
	return t->netns;
}

/* --- attachments that come and go ------------------------------------ */

static bool has_name(const struct list *l, const char *name)
{
	list_for(struct node, n, l)
		if (n->name && !strcmp(n->name, name))
			return true;
	return false;
}

static bool name_taken(const struct topology *t, const char *name)
{
	return has_name(&t->networks, name) ||
	       has_name(&t->attachments, name) ||
	       has_name(&t->routers, name) || has_name(&t->nodes, name) ||
	       has_name(&t->groups, name) || has_name(&t->links, name);
}

static const struct field *attachments_field(void)
{
	uint32_t i;

	for (i = 0; i < rec_topology.count; i++)
		if (rec_topology.fields[i].type == &type_records &&
		    rec_topology.fields[i].off ==
		    offsetof(struct topology, attachments))
			return &rec_topology.fields[i];
	return NULL;
}

/* Reads the text into NEW, a topology of which only the attachments count. */
static void read_attachments(struct reader *r, const struct topology *t,
			     struct topology *new)
{
	if (open_document(r))
		return;
	read_node(r, &rec_topology, &new->n, NULL, "");
	read_field(r, attachments_field(), new);
	close_document(r);
	list_for(struct attachment, a, &new->attachments) {
		if (name_taken(t, a->leg.n.name))
			reader_error(r, a->leg.n.pos, a->leg.n.path,
				     "%s exists already", a->leg.n.name);
	}
}

/* Attaching and detaching for ever must not take memory for ever. */
static void add_attachment(struct topology *t, struct attachment *a)
{
	struct list *l = &t->attachments;
	void *more;

	if (l->n >= t->attachments_cap) {
		t->attachments_cap = 2 * l->n + 8;
		more = arena_alloc(t->arena, t->attachments_cap * sizeof(a));
		if (l->n)
			memcpy(more, l->items, l->n * sizeof(a));
		l->items = more;
	}
	((struct attachment **)l->items)[l->n++] = a;
}

int topo_attach(struct topology *t, const char *file, const char *text,
		size_t len, struct report *report)
{
	struct topology new = { .arena = t->arena };
	unsigned int errors = report->errors;
	struct reader r;

	if (t->copies.n) {
		report_error(report, (struct pos){ 0 }, NULL, "expected a "
			     "topology without pods, found %s: attachments to "
			     "a pod are written in its file", t->name);
		return -EINVAL;
	}
	if (!reader_begin(&r, t->arena, file, text, len, report))
		read_attachments(&r, t, &new);
	reader_end(&r);
	if (report->errors != errors)
		return -EINVAL;
	t->ready = false;
	list_for(struct attachment, a, &new.attachments) {
		a->dynamic = true;
		merge_attachment(t, a);
		add_attachment(t, a);
	}
	return 0;
}

int topo_detach(struct topology *t, const char *name)
{
	struct attachment **v = t->attachments.items;
	uint32_t i;

	for (i = 0; i < t->attachments.n; i++)
		if (!strcmp(v[i]->leg.n.name, name))
			break;
	if (i == t->attachments.n)
		return -ENOENT;
	if (!v[i]->dynamic)
		return -EPERM;
	address_release(t, v[i]);
	publish_release(t, v[i]);
	name_release(t, v[i]);
	t->ready = false;
	memmove(&v[i], &v[i + 1], (t->attachments.n - i - 1) * sizeof(*v));
	t->attachments.n--;
	return 0;
}

/* --- what is done to links ------------------------------------------- */

static int live(struct topology *t, const char *file, const char *text,
		size_t len, struct report *report)
{
	struct topology new = { .arena = t->arena };
	unsigned int errors = report->errors;
	struct reader r;

	if (!reader_begin(&r, t->arena, file, text, len, report) &&
	    !open_document(&r)) {
		read_node(&r, &rec_topology, &new.n, NULL, "");
		read_field(&r, &field_lives, &new);
		close_document(&r);
	}
	reader_end(&r);
	if (report->errors != errors)
		return -EINVAL;
	t->lives = new.lives;
	t->ready = false;
	return 0;
}

int topo_live(struct topology *t, const char *pod, const char *file,
	      const char *text, size_t len, struct report *report)
{
	if (!pod)
		return live(t, file, text, len, report);
	list_for(struct topology, c, &t->copies)
		if (!strcmp(c->name, pod))
			return live(c, file, text, len, report);
	return 0;
}

int topo_link_end(const struct topology *t, const char *name, const char *end)
{
	struct tlink *k = topo_link(t, name);
	int i;

	for (i = 0; k && k->a && k->b && i < 2; i++)
		if (!strcmp((i ? k->b : k->a)->network.s, end))
			return i;
	return -1;
}

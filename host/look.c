// look.c - what links a namespace has
// SPDX-License-Identifier: GPL-2.0-or-later
#include "host/look.h"

#include <errno.h>
#include <linux/if_link.h>
#include <linux/if_tun.h>
#include <linux/rtnetlink.h>
#include <linux/if.h>
#include <stdlib.h>
#include <string.h>

/* What the attributes of a link are parsed into, for all kinds. */
struct seen {
	const struct ifinfomsg *i;
	struct nlattr *tb[IFLA_MAX + 1];
	struct nlattr *info[IFLA_INFO_MAX + 1];
	const char *name;
	const char *type;	/* IFLA_INFO_KIND or "" */
	uint32_t group;
};

/* Few words, seen thousands of times. */
static const char *shared_word(struct look *l, const char *word)
{
	static const char *const known[] = { "", "veth", "bridge", "tun" };
	unsigned int i;

	for (i = 0; i < sizeof(known) / sizeof(*known); i++)
		if (!strcmp(known[i], word))
			return known[i];
	return arena_strdup(l->found->arena, word);
}

static uint32_t u32_of(struct nlattr *a, uint32_t otherwise)
{
	return a ? nla_get_u32(a) : otherwise;
}

static uint8_t u8_of(struct nlattr *a, uint8_t otherwise)
{
	return a ? nla_get_u8(a) : otherwise;
}

static int parse(struct nlmsghdr *nlh, struct seen *s)
{
	if (nlmsg_parse(nlh, sizeof(*s->i), s->tb, IFLA_MAX, NULL) < 0 ||
	    !s->tb[IFLA_IFNAME])
		return -EBADMSG;
	s->i = nlmsg_data(nlh);
	s->name = nla_get_string(s->tb[IFLA_IFNAME]);
	s->group = u32_of(s->tb[IFLA_GROUP], 0);
	s->type = "";
	memset(s->info, 0, sizeof(s->info));
	if (s->tb[IFLA_LINKINFO])
		nla_parse_nested(s->info, IFLA_INFO_MAX,
				 s->tb[IFLA_LINKINFO], NULL);
	if (s->info[IFLA_INFO_KIND])
		s->type = nla_get_string(s->info[IFLA_INFO_KIND]);
	return 0;
}

/* --- whose is it, and what ------------------------------------------- */

static int our_kind(const char *type)
{
	if (!strcmp(type, "bridge"))
		return KIND_BRIDGE;
	if (!strcmp(type, "veth"))
		return KIND_VETH;
	if (!strcmp(type, "tun"))
		return KIND_TAP;
	if (!strcmp(type, "ifb"))
		return KIND_IFB;
	return KIND_LINK;
}

static int kind_of(struct look *l, const struct seen *s)
{
	if (s->i->ifi_index == 1)
		return l->ns->ours ? KIND_LEG : KIND_LINK;
	switch (s->group) {
	case NETD_GROUP:
		return our_kind(s->type);
	case NETD_GROUP_PEER:
		return KIND_LEG;
	case NETD_GROUP_NIC:
		return KIND_NIC;
	}
	return KIND_LINK;
}

/* A foreign link in a namespace of ours matters when its name is wanted. */
static bool name_is_wanted(struct look *l, const char *name)
{
	int k;

	for (k = KIND_BRIDGE; k <= KIND_LEG; k++)
		if (state_find(l->wanted, k, l->ns->name, name))
			return true;
	return false;
}

static bool matters(struct look *l, const struct seen *s, int kind)
{
	if (s->i->ifi_index == 1 && kind == KIND_LEG)
		return state_find(l->wanted, kind, l->ns->name, s->name);
	return kind != KIND_LINK || l->all || name_is_wanted(l, s->name);
}

/* --- what all links have --------------------------------------------- */

static const char *take_altname(struct look *l, struct seen *s, int kind)
{
	const struct link *w = NULL;
	struct nlattr *a;
	const char *name, *first = "";
	int left;

	if (!s->tb[IFLA_PROP_LIST] || kind == KIND_LINK)
		return "";
	w = (struct link *)state_find(l->wanted, kind, l->ns->name, s->name);
	nla_for_each_nested(a, s->tb[IFLA_PROP_LIST], left) {
		if (nla_type(a) != IFLA_ALT_IFNAME)
			continue;
		name = nla_get_string(a);
		if (w && w->altname && !strcmp(w->altname, name))
			return w->altname;
		if (!*first && kind != KIND_NIC)
			first = arena_strdup(l->found->arena, name);
	}
	/* a NIC has names of udev's */
	return first;
}

static void take_link(struct look *l, struct seen *s, struct link *k)
{
	struct nlattr **tb = s->tb;

	if (tb[IFLA_ADDRESS] && nla_len(tb[IFLA_ADDRESS]) == 6)
		memcpy(k->mac.b, nla_data(tb[IFLA_ADDRESS]), 6);
	k->mtu = u32_of(tb[IFLA_MTU], 0);
	k->up = !!(s->i->ifi_flags & IFF_UP);
	k->running = u8_of(tb[IFLA_OPERSTATE], 0) == IF_OPER_UP;
	k->index = s->i->ifi_index;
	k->type = shared_word(l, s->type);
	k->alias = tb[IFLA_IFALIAS] ?
		   arena_strdup(l->found->arena,
				nla_get_string(tb[IFLA_IFALIAS])) : "";
	k->altname = take_altname(l, s, k->o.kind);
	conf_take(tb[IFLA_AF_SPEC], &k->conf);
}

static void take_bridge(struct seen *s, struct bridge *b)
{
	struct nlattr *tb[IFLA_BR_MAX_KNOWN + 1];

	if (!s->info[IFLA_INFO_DATA] ||
	    nla_parse_nested(tb, IFLA_BR_MAX_KNOWN, s->info[IFLA_INFO_DATA],
			     NULL))
		return;
	/* the kernel counts in hundredths of a second here (USER_HZ) */
	b->stp = !!u32_of(tb[IFLA_BR_STP_STATE], 0);
	b->priority = tb[IFLA_BR_PRIORITY] ?
		      nla_get_u16(tb[IFLA_BR_PRIORITY]) : 0;
	b->forward_delay = u32_of(tb[IFLA_BR_FORWARD_DELAY], 0) * 10;
	b->max_age = u32_of(tb[IFLA_BR_MAX_AGE], 0) * 10;
	b->ageing = u32_of(tb[IFLA_BR_AGEING_TIME], 0) * 10;
	b->snooping = u8_of(tb[IFLA_BR_MCAST_SNOOPING], 0);
	b->max_learned = u32_of(tb[IFLA_BR_FDB_MAX_LEARNED], ANY32);
}

static void take_port(struct seen *s, struct brport *p)
{
	struct nlattr *tb[IFLA_BRPORT_MAX + 1];

	memset(p, ANY8, sizeof(*p));
	if (!s->info[IFLA_INFO_SLAVE_KIND] ||
	    strcmp(nla_get_string(s->info[IFLA_INFO_SLAVE_KIND]), "bridge") ||
	    !s->info[IFLA_INFO_SLAVE_DATA] ||
	    nla_parse_nested(tb, IFLA_BRPORT_MAX,
			     s->info[IFLA_INFO_SLAVE_DATA], NULL))
		return;
	p->hairpin = u8_of(tb[IFLA_BRPORT_MODE], ANY8);
	p->isolated = u8_of(tb[IFLA_BRPORT_ISOLATED], ANY8);
	p->learning = u8_of(tb[IFLA_BRPORT_LEARNING], ANY8);
	p->flood = u8_of(tb[IFLA_BRPORT_UNICAST_FLOOD], ANY8);
	p->mcast_router = u8_of(tb[IFLA_BRPORT_MULTICAST_ROUTER], ANY8);
	p->bpdu_guard = u8_of(tb[IFLA_BRPORT_GUARD], ANY8);
}

static void take_veth(struct look *l, struct seen *s, struct veth *v)
{
	const struct veth *w = (struct veth *)
		state_find(l->wanted, KIND_VETH, l->ns->name, s->name);

	take_port(s, &v->port);
	v->peer = "";
	/* where it is by now is not our business */
	v->peer_netns = w && veth_is_parked(w) ? PEER_PARKED : l->netns;
}

static void take_tap(struct look *l, struct seen *s, struct tap *t)
{
	const struct tap *w = (struct tap *)state_find(l->wanted, KIND_TAP,
						       l->ns->name, s->name);
	struct nlattr *tb[IFLA_TUN_MAX + 1];

	take_port(s, &t->port);
	if (!s->info[IFLA_INFO_DATA] ||
	    nla_parse_nested(tb, IFLA_TUN_MAX, s->info[IFLA_INFO_DATA], NULL))
		memset(tb, 0, sizeof(tb));
	t->owner = owner_spelling(l, tb[IFLA_TUN_OWNER], w ? w->owner : "",
				  false);
	t->group = owner_spelling(l, tb[IFLA_TUN_GROUP], w ? w->group : "",
				  true);
	/* the kernel knows only one or many */
	t->queues = !u8_of(tb[IFLA_TUN_MULTI_QUEUE], 0) ? 1 :
		    w && w->queues > 1 ? w->queues : 2;
	t->vnet_hdr = u8_of(tb[IFLA_TUN_VNET_HDR], 0);
	t->l.o.busy = u8_of(s->tb[IFLA_CARRIER], 0) ||
		      u32_of(tb[IFLA_TUN_NUM_QUEUES], 0) ||
		      u32_of(tb[IFLA_TUN_NUM_DISABLED_QUEUES], 0);
}

static void take_kind(struct look *l, struct seen *s, struct object *o)
{
	switch (o->kind) {
	case KIND_BRIDGE:
		take_bridge(s, (struct bridge *)o);
		return;
	case KIND_VETH:
		take_veth(l, s, (struct veth *)o);
		return;
	case KIND_TAP:
		take_tap(l, s, (struct tap *)o);
		return;
	case KIND_NIC:
		take_port(s, &((struct nic *)o)->port);
		return;
	}
}

/* --- the dump -------------------------------------------------------- */

/*
 * A master is told by index, and may come after its ports; what a namespace
 * is called here takes a question, which has to wait for the dump's end.
 */
static void later(struct look *l, struct link *k, struct seen *s)
{
	struct look_later *x;

	if (l->nlater == l->clater) {
		l->clater = l->clater ? l->clater * 2 : 256;
		l->later = realloc(l->later, l->clater * sizeof(*l->later));
		if (!l->later)
			abort();
	}
	x = &l->later[l->nlater++];
	x->link = k;
	x->master = u32_of(s->tb[IFLA_MASTER], 0);
	x->nsid = k->o.kind == KIND_VETH ?
		  (int32_t)u32_of(s->tb[IFLA_LINK_NETNSID], -1) : -1;
}

static void end(struct look *l)
{
	const char *name = "";
	struct linkmap_row *r;
	struct veth *v;
	uint32_t i, last = 0;

	for (i = 0; i < l->nlater; i++) {
		if (l->later[i].master && l->later[i].master != last) {
			last = l->later[i].master;
			r = linkmap_index(&l->ns->links, last);
			name = r ? arena_strdup(l->found->arena, r->name) : "?";
		}
		if (l->later[i].master)
			l->later[i].link->master = name;
		v = (struct veth *)l->later[i].link;
		if (l->later[i].nsid >= 0 && !veth_is_parked(v))
			v->peer_netns = peer_spelling(l, v->l.o.name,
						      l->later[i].nsid);
	}
	free(l->later);
	l->later = NULL;
	l->nlater = l->clater = 0;
	peer_forget(l);
}

/* What lo has tells what the namespace has. */
static void take_lo(struct look *l, struct seen *s)
{
	struct netns *n = state_add(l->found, KIND_NETNS, "", l->ns->name,
				    (struct pos){ 0 });

	n->alias = s->tb[IFLA_IFALIAS] ?
		   arena_strdup(l->found->arena,
				nla_get_string(s->tb[IFLA_IFALIAS])) : "";
}

/*
 * Qdiscs are asked for by a dump of all, and most hosts have none of ours: the
 * link tells the kind of its own.
 */
static bool may_be_shaped(const struct seen *s, int kind)
{
	const char *root = s->tb[IFLA_QDISC] ?
			   nla_get_string(s->tb[IFLA_QDISC]) : "";

	return kind == KIND_IFB ||
	       (kind != KIND_LINK &&
		(!strcmp(root, "tbf") || !strcmp(root, "netem")));
}

static int take(void *arg, struct nlmsghdr *nlh)
{
	struct look *l = arg;
	struct seen s;
	struct linkmap_row *r;
	struct link *k;
	int kind;

	if (nlh->nlmsg_type != RTM_NEWLINK || parse(nlh, &s))
		return 0;
	if (s.group > NETD_GROUP_GOING && s.group <= NETD_GROUP_NOW_LAST)
		s.group = NETD_GROUP_GOING;
	kind = kind_of(l, &s);
	/* the number after a pair is its peer's: veth_create() */
	if ((uint32_t)s.i->ifi_index >= l->h->next_index)
		l->h->next_index = s.i->ifi_index + 2;
	r = linkmap_add(&l->ns->links, s.i->ifi_index, s.name, kind, s.group);
	r->master = u32_of(s.tb[IFLA_MASTER], 0);
	r->plain = kind == KIND_LINK && !r->master;
	if (s.group == NETD_GROUP_GOING) {
		l->going = true;
		return 0;
	}
	if (may_be_shaped(&s, kind))
		l->shaped = true;
	if (l->dump && l->ns->ours && s.i->ifi_index == 1)
		take_lo(l, &s);
	if (!matters(l, &s, kind))
		return 0;
	k = state_add_static(l->found, kind, l->netns,
			     arena_strdup(l->found->arena, s.name),
			     (struct pos){ 0 });
	k->o.foreign = kind == KIND_LINK;
	k->master = "";
	take_link(l, &s, k);
	take_kind(l, &s, &k->o);
	if (s.tb[IFLA_MASTER] || kind == KIND_VETH)
		later(l, k, &s);
	return 0;
}

static void begin(void *arg)
{
	struct look *l = arg;

	look_reset(l);
	linkmap_clear(&l->ns->links);
	l->nlater = 0;
	l->going = l->shaped = false;
}

static struct nl_msg *ask_links(int flags, uint32_t index, const char *name)
{
	struct ifinfomsg i = { .ifi_index = index };
	struct nl_msg *m = nlmsg_alloc_size(256);

	if (!m)
		abort();
	nlmsg_hdr(m)->nlmsg_type = RTM_GETLINK;
	nlmsg_hdr(m)->nlmsg_flags = flags;
	nlmsg_append(m, &i, sizeof(i), NLMSG_ALIGNTO);
	nla_put_u32(m, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
	if (name)
		nla_put_string(m, IFLA_IFNAME, name);
	return m;
}

int look_links(struct look *l)
{
	struct nl_msg *m = ask_links(NLM_F_DUMP, 0, NULL);
	int err;

	l->mark = l->found->n;
	l->dump = true;
	err = rt_ask(l->ns, m, take, begin, l);
	/* those of a kernel side before us: what is going counts as gone */
	if (!err && l->going)
		reap_start(l->h, l->ns);
	end(l);
	nlmsg_free(m);
	return err;
}

int look_link(struct look *l, uint32_t index, const char *name)
{
	struct nl_msg *m = ask_links(0, index, index ? NULL : name);
	int err;

	l->mark = l->found->n;
	err = rt_ask(l->ns, m, take, NULL, l);
	end(l);
	nlmsg_free(m);
	return err;
}

void look_reset(void *arg)
{
	struct look *l = arg;

	l->found->n = l->mark;
}

bool link_exists(struct ns *ns, uint32_t index)
{
	struct nl_msg *m = ask_links(0, index, NULL);
	int err = rt_ask(ns, m, NULL, NULL, NULL);

	nlmsg_free(m);
	return err != -ENODEV;
}

static int take_index(void *arg, struct nlmsghdr *nlh)
{
	if (nlh->nlmsg_type == RTM_NEWLINK)
		*(uint32_t *)arg =
			((struct ifinfomsg *)nlmsg_data(nlh))->ifi_index;
	return 0;
}

uint32_t ns_link_index(struct ns *ns, const char *name)
{
	struct linkmap_row *r = linkmap_name(&ns->links, name);
	struct nl_msg *m;
	uint32_t index = 0;

	if (r)
		return r->index;
	if (!name[0] || strlen(name) >= IFNAMSIZ)
		return 0;
	m = ask_links(0, 0, name);
	rt_ask(ns, m, take_index, NULL, &index);
	nlmsg_free(m);
	return index;
}

// bridge_helper.c - netd-bridge-helper: a port on a network for QEMU's user
// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "ctl/bridge_helper.h"

/*
 * QEMU (net/tap.c, net_bridge_run_helper()) starts its helper with --use-vnet
 * --fd=N --br=BRIDGE, and waits for the descriptor of a tap on the socket N.
 * The helper asks netd for a tap that is its user's own, and opens it as that
 * user: it needs no privilege but to be let in at netd's socket.  The tap is
 * not persistent any more then, so it goes with QEMU, and the attachment with
 * it.
 */

/* A VM that starts again may find what is left of itself. */
#define TRIES_MS 3000

static const char usage[] =
"Usage: netd-bridge-helper --fd=N --br=NETWORK [--use-vnet] [OPTION...]\n"
"QEMU starts it: -netdev bridge,br=NETWORK,helper=PATH, where NETWORK is a\n"
"network of netd, TOPOLOGY/NETWORK, or its bridge.\n"
"  --name=NAME      of the attachment; default: made of the user, the network\n"
"                   and the MAC\n"
"  --mac=MAC        of the guest; default: that of the device with this netdev\n"
"  --address=ADDR, --address6=ADDR\n"
"Options behind PATH are passed on, when it is quoted: helper=\"PATH --name=a\".\n"
"They may also stand behind the network: br=NETWORK,,name=a,,mac=MAC.\n";

void helper_fail(const char *fmt, ...)
{
	va_list ap;

	fputs("netd-bridge-helper: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	exit(1);
}

/* --- options ----------------------------------------------------------- */

/* VALUE of --KEY=VALUE or KEY=VALUE, or NULL. */
static const char *value_of(const char *arg, const char *key)
{
	size_t n = strlen(key);

	return !strncmp(arg, key, n) && arg[n] == '=' ? arg + n + 1 : NULL;
}

static bool take(struct helper *h, const char *arg)
{
	const struct { const char *key, **where; } keys[] = {
		{ "br", &h->network }, { "name", &h->name },
		{ "mac", &h->mac }, { "address", &h->address },
		{ "address6", &h->address6 }, { "fd", &h->fd },
	};
	const char *v;
	size_t i;

	for (i = 0; i < sizeof(keys) / sizeof(*keys); i++) {
		v = value_of(arg, keys[i].key);
		if (v)
			*keys[i].where = v;
		if (v)
			return true;
	}
	return false;
}

/* NETWORK,name=NAME,mac=MAC: libvirt has no other place for them. */
static void split_network(struct helper *h)
{
	char *s = h->network ? strdup(h->network) : NULL, *word, *at;

	if (!s)
		return;
	h->network = h->asked = strtok_r(s, ",", &at);
	while ((word = strtok_r(NULL, ",", &at)))
		if (!take(h, word))
			helper_fail("%s is no option of a network", word);
}

static void options(struct helper *h, int argc, char **argv)
{
	int i;

	for (i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--help")) {
			fputs(usage, stdout);
			exit(0);
		}
		if (!strcmp(argv[i], "--use-vnet"))
			h->vnet = true;
		else if (strncmp(argv[i], "--", 2) || !take(h, argv[i] + 2))
			helper_fail("%s is no option of it; see --help",
				    argv[i]);
	}
	split_network(h);
	if (!h->network || !h->network[0])
		helper_fail("which network? --br=NETWORK");
	if (!h->fd || h->fd[strspn(h->fd, "0123456789")] || !h->fd[0])
		helper_fail("no socket to send the tap to: --fd=N");
}

/* --- netd ---------------------------------------------------------------- */

static void refused(const struct answer *a)
{
	helper_fail("%s%s%s", a->error.len ? a->error.p : "netd says no",
		    a->details.len ? ": " : "",
		    a->details.len ? a->details.p : "");
}

/* The network may be called by its bridge, as QEMU's users are used to. */
static void find_network(struct helper *h)
{
	struct answer a = plug_ask("GET", "/v1/list?kind=network", NULL);
	struct buf found = { 0 };
	json_t *it;
	size_t i;

	if (a.code != 200)
		refused(&a);
	json_array_foreach(json_object_get(a.json, "items"), i, it)
		if (!strcmp(plug_str(it, "ifname"), h->network) && !found.len)
			buf_printf(&found, "%s/%s", plug_str(it, "topology"),
				   plug_str(it, "name"));
	if (found.len)
		h->network = found.p;
	answer_free(&a);
}

static void set(json_t *o, const char *key, const char *value)
{
	if (value)
		json_object_set_new(o, key, json_string(value));
}

static json_t *attachment(const struct helper *h)
{
	json_t *o = json_object(), *labels = json_object();

	set(o, "network", h->network);
	set(o, "type", "tap");
	set(o, "mac", h->mac);
	set(o, "address", h->address);
	set(o, "address6", h->address6);
	json_object_set_new(o, "transient", json_true());
	if (!h->vnet)
		json_object_set_new(o, "vnet-hdr", json_false());
	plug_label(labels, "door", "qemu");
	plug_label(labels, "qemu.name", h->machine ? h->machine : "");
	json_object_set_new(o, "labels", labels);
	return o;
}

/* The tap's name; where it has a namespace of its own, no user gets there. */
static void attach(struct helper *h, char ifname[IFNAMSIZ])
{
	json_t *body = json_object();
	struct answer a;
	const json_t *o;

	json_object_set_new(body, h->name, attachment(h));
	a = plug_ask("POST", "/v1/attachments?owner=peer", body);
	json_decref(body);
	if (a.code != 200)
		refused(&a);
	o = json_object_get(a.json, "attachment");
	snprintf(ifname, IFNAMSIZ, "%s", plug_str(o, "port"));
	if (!h->topology)
		h->topology = strdup(plug_str(a.json, "topology"));
	answer_free(&a);
}

static void detach(const struct helper *h)
{
	struct answer a;

	plug_detach(h->name, h->topology, &a);
	answer_free(&a);
}

/* --- the tap ------------------------------------------------------------- */

/* A negative errno, -EPERM also when there is no such tap. */
static int open_tap(const struct helper *h, const char *ifname)
{
	struct ifreq r = { .ifr_flags = IFF_TAP | IFF_NO_PI };
	int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC), err;

	if (fd < 0)
		helper_fail("/dev/net/tun: %s", strerror(errno));
	if (h->vnet)
		r.ifr_flags |= IFF_VNET_HDR;
	memcpy(r.ifr_name, ifname, IFNAMSIZ);
	/* from here on it goes with the last one who has it open */
	if (!ioctl(fd, TUNSETIFF, &r) && !ioctl(fd, TUNSETPERSIST, 0))
		return fd;
	err = -errno;
	close(fd);
	return err;
}

static void pause_ms(long ms)
{
	struct timespec t = { .tv_nsec = ms * 1000000 };

	nanosleep(&t, NULL);
}

/*
 * The attachment of a machine that ended just now may still be there, without
 * its tap.
 */
static int get_tap(struct helper *h)
{
	char ifname[IFNAMSIZ];
	int fd = -EPERM, waited;

	for (waited = 0; waited < TRIES_MS; waited += 20) {
		attach(h, ifname);
		fd = open_tap(h, ifname);
		if (fd >= 0 || fd == -EBUSY)
			break;
		detach(h);
		pause_ms(20);
	}
	if (fd == -EBUSY)
		helper_fail("%s is in use: another machine has it, give this "
			    "one a --name of its own", h->name);
	if (fd < 0)
		helper_fail("%s: %s", ifname, strerror(-fd));
	return fd;
}

static int send_fd(int to, int fd)
{
	char byte = 0, room[CMSG_SPACE(sizeof(fd))] = "";
	struct iovec v = { &byte, 1 };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1,
			    .msg_control = room,
			    .msg_controllen = sizeof(room) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(fd));
	memcpy(CMSG_DATA(c), &fd, sizeof(fd));
	return sendmsg(to, &m, MSG_NOSIGNAL) == 1 ? 0 : -errno;
}

int main(int argc, char **argv)
{
	static struct helper h;
	int fd, err;

	options(&h, argc, argv);
	find_network(&h);
	helper_machine(&h);
	fd = get_tap(&h);
	err = send_fd(atoi(h.fd), fd);
	if (err)
		helper_fail("the tap can't be handed over: %s",
			    strerror(-err));
	return 0;
}

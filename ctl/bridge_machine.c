// bridge_machine.c - which machine it is whose QEMU started the helper
// SPDX-License-Identifier: GPL-2.0-or-later
#include <ctype.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ctl/bridge_helper.h"

/*
 * QEMU doesn't tell its helper for which of its cards the tap is, and a port
 * lets only its own MAC send.  So its command line is read: the user's own
 * words about the user's own machine.  What can't be found there is to be said
 * by --mac and --name.
 */

#define ARGS_MAX 1024
#define TEXT_MAX (256 << 10)

struct args {
	char *v[ARGS_MAX];
	int n;
};

static char *read_proc(pid_t pid, const char *what, size_t *len)
{
	char path[64], *text = malloc(TEXT_MAX + 1);
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, what);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	*len = 0;
	while (text && fd >= 0 && *len < TEXT_MAX &&
	       (n = read(fd, text + *len, TEXT_MAX - *len)) > 0)
		*len += n;
	if (fd >= 0)
		close(fd);
	if (text)
		text[*len] = '\0';
	return text;
}

/* PPid of /proc/PID/status */
static pid_t parent_of(pid_t pid)
{
	size_t len;
	char *text = read_proc(pid, "status", &len);
	char *p = text ? strstr(text, "\nPPid:") : NULL;
	pid_t parent = p ? atoi(p + 6) : 0;

	free(text);
	return parent;
}

static bool is_shell(pid_t pid)
{
	size_t len;
	char *text = read_proc(pid, "comm", &len);
	bool shell = text && (!strcmp(text, "sh\n") || !strcmp(text, "dash\n") ||
			      !strcmp(text, "bash\n"));

	free(text);
	return shell;
}

/* A helper with options is started by a shell. */
static void read_args(struct args *a)
{
	pid_t pid = getppid();
	size_t len, at;
	char *text;

	if (is_shell(pid))
		pid = parent_of(pid);
	text = read_proc(pid, "cmdline", &len);
	for (at = 0; text && at < len && a->n < ARGS_MAX;
	     at += strlen(text + at) + 1)
		a->v[a->n++] = text + at;
}

/* The value of KEY in "driver,KEY=VALUE,..."; the caller frees it. */
static char *suboption(const char *text, const char *key)
{
	size_t n = strlen(key), len;
	const char *p;

	for (p = text; *p; p += len + (p[len] == ',')) {
		len = strcspn(p, ",");
		if (len > n && !strncmp(p, key, n) && p[n] == '=')
			return strndup(p + n + 1, len - n - 1);
	}
	return NULL;
}

/* "-OPTION VALUE" or "--OPTION VALUE": the next VALUE after *AT, or NULL. */
static const char *next(const struct args *a, const char *option, int *at)
{
	const char *o;

	while (*at + 1 < a->n) {
		o = a->v[(*at)++];
		if (o[0] == '-' && !strcmp(o + 1 + (o[1] == '-'), option))
			return a->v[*at];
	}
	return NULL;
}

static bool is_ours(const struct helper *h, const char *text)
{
	char *br = suboption(text, "br");
	bool ours = strstr(text, "netd-bridge-helper") &&
		    (!br || !h->asked || !strcmp(br, h->asked));

	free(br);
	return ours;
}

/* The only -netdev or -nic that fits: which of several, nobody says. */
static const char *find_netdev(const struct helper *h, const struct args *a,
			       bool *nic)
{
	static const char *const options[] = { "netdev", "nic" };
	const char *text, *found = NULL;
	unsigned int i, n = 0;
	int at;

	for (i = 0; i < 2; i++) {
		at = 0;
		while ((text = next(a, options[i], &at))) {
			if (!is_ours(h, text))
				continue;
			found = text;
			*nic = i;
			n++;
		}
	}
	return n == 1 ? found : NULL;
}

/* What QEMU gives the first card that has none: qemu_macaddr_default_if_unset()
 * of net/net.c. */
#define FIRST_MAC "52:54:00:12:34:56"

/* The MAC of the device that has the netdev ID. */
static char *find_device(const struct args *a, const char *id)
{
	const char *text, *ours = NULL;
	char *netdev, *mac;
	int at = 0, cards = 0;

	while ((text = next(a, "device", &at))) {
		netdev = suboption(text, "netdev");
		cards += netdev != NULL;
		if (netdev && !strcmp(netdev, id))
			ours = text;
		free(netdev);
	}
	mac = ours ? suboption(ours, "mac") : NULL;
	return mac || !ours || cards > 1 ? mac : strdup(FIRST_MAC);
}

static bool is_mac(const char *s)
{
	int i;

	for (i = 0; i < 17; i++)
		if (i % 3 == 2 ? s[i] != ':' : !isxdigit((unsigned char)s[i]))
			return false;
	return !s[17];
}

static const char *find_mac(const struct helper *h, const struct args *a)
{
	bool nic = false;
	const char *text = find_netdev(h, a, &nic);
	char *id, *mac = NULL;

	if (text && nic)
		mac = suboption(text, "mac");
	id = text && !nic ? suboption(text, "id") : NULL;
	if (id)
		mac = find_device(a, id);
	return mac && is_mac(mac) ? mac : NULL;
}

/* "guest=NAME,debug-threads=on" or NAME */
static const char *find_name(const struct args *a)
{
	int at = 0;
	const char *text = next(a, "name", &at);
	char *name = text ? suboption(text, "guest") : NULL;

	if (text && !name)
		name = strndup(text, strcspn(text, ","));
	return name && *name ? name : NULL;
}

/* As netd takes names: see read_key_name() of topo/. */
static bool is_name(const char *s)
{
	static const char chars[] = "abcdefghijklmnopqrstuvwxyz"
				    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";

	return strspn(s, chars) == strlen(s) && strlen(s) < 64 &&
	       isalpha((unsigned char)s[0]);
}

/*
 * By user, network and machine, so that one user's machine never has what
 * another's is called, and two cards of one have two.
 */
static void make_name(struct helper *h)
{
	char uid[16], pid[16];

	snprintf(uid, sizeof(uid), "%u", getuid());
	snprintf(pid, sizeof(pid), "%d", (int)getppid());
	plug_name(h->made, "qemu", uid, h->network,
		  h->mac ? h->mac : h->machine ? h->machine : pid, NULL);
	h->name = h->made;
}

void helper_machine(struct helper *h)
{
	static struct args a;

	read_args(&a);
	h->machine = find_name(&a);
	if (!h->mac)
		h->mac = find_mac(h, &a);
	if (h->name && !is_name(h->name))
		helper_fail("%s is no name for an attachment", h->name);
	if (!h->name)
		make_name(h);
	if (!h->mac)
		fprintf(stderr, "netd-bridge-helper: the device has no mac= "
			"that is found: the guest must have the one that netd "
			"gave %s\n", h->name);
}

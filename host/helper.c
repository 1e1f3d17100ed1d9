// helper.c - what needs the right to enter namespaces: each verb
// SPDX-License-Identifier: GPL-2.0-or-later
#include "netd/help.h"
#include "host/internal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/netlink.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#define OWN_NETNS "/proc/thread-self/ns/net"
#define NAME_MAX_LEN 100

/* What a verb works on: its text is read from P. */
struct work {
	const struct help *ask;
	struct help *answer;
	const char *p, *end;
	struct arena *a;
};

/* --- opening namespaces -------------------------------------------------- */

/* A path may lead anywhere, to a fifo as well: look before opening it. */
static int open_nsfs(const char *path)
{
	char again[40];
	struct statfs fs;
	int fd, at = open(path, O_PATH | O_CLOEXEC);

	if (at < 0)
		return -errno;
	if (fstatfs(at, &fs) || fs.f_type != NSFS_MAGIC) {
		close(at);
		return -EINVAL;
	}
	snprintf(again, sizeof(again), "/proc/self/fd/%d", at);
	fd = open(again, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		fd = -errno;
	close(at);
	return fd;
}

static int spec_path(const char *spec, char *path, size_t room)
{
	int n;

	if (!spec[0])
		n = snprintf(path, room, "%s", OWN_NETNS);
	else if (spec[0] == '/')
		n = snprintf(path, room, "%s", spec);
	else if (!strncmp(spec, "pid:", 4) && spec[4] &&
		 strspn(spec + 4, "0123456789") == strlen(spec + 4))
		n = snprintf(path, room, "/proc/%s/ns/net", spec + 4);
	else if (strchr(spec, '/') || spec[0] == '.')
		return -EINVAL;
	else
		n = snprintf(path, room, NETNS_DIR "/%s", spec);
	return (size_t)n < room ? 0 : -ENAMETOOLONG;
}

static int open_spec(const char *spec)
{
	char path[4096];
	int fd, err = spec_path(spec, path, sizeof(path));

	if (err)
		return err;
	fd = open_nsfs(path);
	if (fd < 0)
		return fd;
	if (ioctl(fd, NS_GET_NSTYPE) != CLONE_NEWNET) {
		close(fd);
		return -EINVAL;
	}
	return fd;
}

/* --- being in them ------------------------------------------------------- */

static int home(void)
{
	static int fd = -1;

	if (fd < 0)
		fd = open(OWN_NETNS, O_RDONLY | O_CLOEXEC);
	return fd;
}

static int enter(int nsfd)
{
	if (home() < 0)
		return -errno;
	return setns(nsfd, CLONE_NEWNET) ? -errno : 0;
}

/* There is no way on in a namespace that isn't ours. */
static void leave(void)
{
	if (setns(home(), CLONE_NEWNET))
		_exit(1);
}

static int give(struct work *w, int fd)
{
	if (fd < 0)
		return fd;
	w->answer->fds[w->answer->nfds++] = fd;
	return 0;
}

static int netlink(int protocol)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol);

	return fd < 0 ? -errno : fd;
}

/* The one that was sent along, if it is one. */
static int sent_netns(const struct work *w)
{
	if (w->ask->nfds != 1 ||
	    ioctl(w->ask->fds[0], NS_GET_NSTYPE) != CLONE_NEWNET)
		return -EINVAL;
	return w->ask->fds[0];
}

/* Opens something by FN in the namespace that was sent. */
static int open_there(struct work *w, int (*fn)(int arg), int arg)
{
	int nsfd = sent_netns(w), fd, err;

	if (nsfd < 0)
		return nsfd;
	err = enter(nsfd);
	if (err)
		return err;
	fd = fn(arg);
	leave();
	return give(w, fd);
}

static int do_open(struct work *w)
{
	const char *spec;
	int fd, err;

	if (unpack_str(&w->p, w->end, &spec, w->a))
		return -EBADMSG;
	fd = open_spec(spec);
	err = give(w, fd);
	if (err || !w->ask->arg)
		return err;
	err = enter(fd);
	if (err)
		return err;
	err = give(w, netlink(NETLINK_ROUTE));
	leave();
	return err;
}

static int do_new(struct work *w)
{
	int err;

	if (home() < 0 || unshare(CLONE_NEWNET))
		return -errno;
	err = give(w, open_spec(""));
	if (!err)
		err = give(w, netlink(NETLINK_ROUTE));
	leave();
	return err;
}

static int do_socket(struct work *w)
{
	if (w->ask->arg != NETLINK_ROUTE && w->ask->arg != NETLINK_NETFILTER)
		return -EINVAL;
	return open_there(w, netlink, w->ask->arg);
}

static int open_tun(int arg)
{
	int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK);

	return fd < 0 ? -errno : fd;
}

static int do_tun(struct work *w)
{
	return open_there(w, open_tun, 0);
}

/* --- names --------------------------------------------------------------- */

/*
 * As ip-netns(8): the folder is a shared mount of its own, so that an
 * unmounted name goes from every mount namespace, and the namespace with it.
 */
static int names_folder(void)
{
	static bool done;

	if (done)
		return 0;
	if (mkdir(NETNS_DIR, 0755) && errno != EEXIST)
		return -errno;
	if (mount("", NETNS_DIR, "none", MS_SHARED | MS_REC, NULL)) {
		if (errno != EINVAL)
			return -errno;
		if (mount(NETNS_DIR, NETNS_DIR, "none", MS_BIND | MS_REC,
			  NULL) ||
		    mount("", NETNS_DIR, "none", MS_SHARED | MS_REC, NULL))
			return -errno;
	}
	done = true;
	return 0;
}

/* The path of the name that was sent. */
static int name_path(struct work *w, const char **name, char *path,
		     size_t room)
{
	if (unpack_str(&w->p, w->end, name, w->a))
		return -EBADMSG;
	if (!**name || **name == '.' || strchr(*name, '/') ||
	    strlen(*name) > NAME_MAX_LEN)
		return -EINVAL;
	snprintf(path, room, NETNS_DIR "/%s", *name);
	return 0;
}

static int do_pin(struct work *w)
{
	char path[128], from[40];
	const char *name;
	int fd, nsfd = sent_netns(w);
	int err = name_path(w, &name, path, sizeof(path));

	if (!err && nsfd < 0)
		err = nsfd;
	if (!err)
		err = names_folder();
	if (err)
		return err;
	snprintf(from, sizeof(from), "/proc/self/fd/%d", nsfd);
	fd = open_spec(name);
	if (fd >= 0) {
		close(fd);
		return -EEXIST;
	}
	fd = open(path, O_RDONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0);
	if (fd < 0)
		return -errno;
	close(fd);
	if (!mount(from, path, "none", MS_BIND, NULL))
		return 0;
	err = -errno;
	unlink(path);
	return err;
}

static int do_unpin(struct work *w)
{
	char path[128];
	const char *name;
	int err = name_path(w, &name, path, sizeof(path));

	if (err)
		return err;
	if (umount2(path, MNT_DETACH | UMOUNT_NOFOLLOW) && errno != EINVAL &&
	    errno != ENOENT)
		return -errno;
	return unlink(path) && errno != ENOENT ? -errno : 0;
}

static void pack_name(struct buf *b, const char *name)
{
	struct stat st = { 0 };
	char path[512];

	snprintf(path, sizeof(path), NETNS_DIR "/%s", name);
	if (stat(path, &st))
		memset(&st, 0, sizeof(st));
	pack_str(b, name);
	pack_u32(b, (uint32_t)st.st_dev);
	pack_u32(b, (uint64_t)st.st_dev >> 32);
	pack_u32(b, (uint32_t)st.st_ino);
	pack_u32(b, (uint64_t)st.st_ino >> 32);
}

/* As many as there is room for; the next question goes on behind them. */
static int do_names(struct work *w)
{
	struct dirent *e;
	DIR *d = opendir(NETNS_DIR);
	int32_t i = 0;

	while (d && (e = readdir(d)) && w->answer->text.len < HELP_ROOM - 512)
		if (e->d_name[0] != '.' && i++ >= w->ask->arg)
			pack_name(&w->answer->text, e->d_name);
	if (d)
		closedir(d);
	return 0;
}

static int do_watch(struct work *w)
{
	int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK), err;

	if (fd < 0)
		return -errno;
	if (inotify_add_watch(fd, NETNS_DIR, IN_CREATE | IN_DELETE |
			      IN_MOVED_FROM | IN_MOVED_TO) >= 0)
		return give(w, fd);
	err = -errno;
	close(fd);
	return err;
}

/* --- settings ------------------------------------------------------------ */

/* /proc/sys/net shows the namespace of the thread that opens it. */
static int setting_path(const char *name, bool writes, char *path, size_t room)
{
	static const char *const trees[] = {
		"net/ipv4/", "net/ipv6/", "net/core/", "net/netfilter/",
		"net/bridge/", "net/mpls/", "net/unix/",
	};
	static const char *const stats[] = {
		"stat/arp_cache", "stat/ndisc_cache",
	};
	unsigned int i;

	if (strlen(name) + 32 > room || strstr(name, ".."))
		return -EINVAL;
	for (i = 0; i < sizeof(trees) / sizeof(*trees); i++)
		if (!strncmp(name, trees[i], strlen(trees[i]))) {
			snprintf(path, room, "/proc/sys/%s", name);
			return 0;
		}
	for (i = 0; i < sizeof(stats) / sizeof(*stats) && !writes; i++)
		if (!strcmp(name, stats[i])) {
			snprintf(path, room, "/proc/thread-self/net/%s", name);
			return 0;
		}
	return -EINVAL;
}

static int do_setting(struct work *w)
{
	const char *name, *value;
	char path[512], v[1024] = "";
	uint32_t writes;
	int err;

	if (unpack_str(&w->p, w->end, &name, w->a) ||
	    unpack_u32(&w->p, w->end, &writes) ||
	    unpack_str(&w->p, w->end, &value, w->a))
		return -EBADMSG;
	err = setting_path(name, writes, path, sizeof(path));
	if (!err)
		err = writes ? proc_write(path, value) :
		      proc_read(path, v, sizeof(v));
	pack_u32(&w->answer->text, -err);
	pack_str(&w->answer->text, err ? "" : v);
	return 0;
}

static int do_sysctls(struct work *w)
{
	bool away = w->ask->nfds;
	int nsfd = away ? sent_netns(w) : 0;
	int err = nsfd < 0 ? nsfd : away ? enter(nsfd) : 0;

	if (err)
		return err;
	while (w->p < w->end && !err)
		err = do_setting(w);
	if (away)
		leave();
	return err;
}

static int do_id(struct work *w)
{
	const char *name;
	uint32_t id;
	int err;

	if (unpack_str(&w->p, w->end, &name, w->a))
		return -EBADMSG;
	err = name_id(name, w->ask->arg, &id);
	if (!err)
		pack_u32(&w->answer->text, id);
	return err;
}

#define ARGS_MAX 160
#define RUN_MS_MAX 30000

static int do_run(struct work *w)
{
	struct buf why CLEANUP(buf_free) = { 0 };
	char *argv[ARGS_MAX + 1];
	const char *word;
	struct spawned s;
	int n = 0, err, ms = w->ask->arg;

	while (w->p < w->end) {
		if (n == ARGS_MAX || unpack_str(&w->p, w->end, &word, w->a))
			return -EBADMSG;
		argv[n++] = (char *)word;
	}
	argv[n] = NULL;
	if (!n || home() < 0)
		return -EINVAL;
	err = spawn_start(home(), argv, &s);
	if (!err)
		err = spawn_end(&s, ms > 0 && ms < RUN_MS_MAX ? ms :
				RUN_MS_MAX, &why);
	pack_u32(&w->answer->text, -err);
	pack_str(&w->answer->text, buf_text(&why));
	return 0;
}

void helper_do(const struct help *ask, struct help *answer)
{
	static int (*const verbs[])(struct work *w) = {
		[HELP_OPEN] = do_open, [HELP_NEW] = do_new,
		[HELP_PIN] = do_pin, [HELP_UNPIN] = do_unpin,
		[HELP_NAMES] = do_names, [HELP_WATCH] = do_watch,
		[HELP_SOCKET] = do_socket, [HELP_TUN] = do_tun,
		[HELP_SYSCTLS] = do_sysctls, [HELP_ID] = do_id,
		[HELP_RUN] = do_run,
	};
	struct work w = { .ask = ask, .answer = answer, .p = ask->text.p,
			  .end = ask->text.p + ask->text.len,
			  .a = arena_new() };

	answer->verb = ask->verb;
	answer->arg = -EBADMSG;
	if (ask->verb < sizeof(verbs) / sizeof(*verbs) && verbs[ask->verb])
		answer->arg = verbs[ask->verb](&w);
	if (answer->arg < 0)
		help_free(answer);
	arena_free(w.a);
}

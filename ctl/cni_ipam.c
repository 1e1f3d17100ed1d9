// cni_ipam.c - addresses of another plugin, such as host-local
// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ctl/cni.h"

extern char **environ;

/* The plugin in one of CNI_PATH's folders; "" when there is none. */
static void find(const struct cni *c, struct buf *path)
{
	char *copy = strdup(c->path), *at, *dir;

	buf_str(path, "");
	for (dir = strtok_r(copy, ":", &at); dir;
	     dir = strtok_r(NULL, ":", &at)) {
		buf_reset(path);
		buf_printf(path, "%s/%s", dir, c->ipam);
		if (!access(buf_text(path), X_OK))
			break;
		buf_reset(path);
	}
	free(copy);
}

/* The same configuration again; a file, so that nobody waits for the other. */
static int input_file(const struct cni *c)
{
	int fd = memfd_create("cni", MFD_CLOEXEC);

	if (fd < 0)
		return -errno;
	if (write(fd, c->input.p, c->input.len) != (ssize_t)c->input.len ||
	    lseek(fd, 0, SEEK_SET)) {
		close(fd);
		return -EIO;
	}
	return fd;
}

static int start(const char *path, int in, int out, pid_t *pid)
{
	char *argv[] = { (char *)path, NULL };
	posix_spawn_file_actions_t fa;
	int err;

	posix_spawn_file_actions_init(&fa);
	posix_spawn_file_actions_adddup2(&fa, in, STDIN_FILENO);
	posix_spawn_file_actions_adddup2(&fa, out, STDOUT_FILENO);
	err = -posix_spawn(pid, path, &fa, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&fa);
	return err;
}

static void read_output(int fd, struct buf *out)
{
	char part[4096];
	ssize_t n;

	while ((n = read(fd, part, sizeof(part))) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 || out->len > PLUG_INPUT_MAX)
			break;
		buf_add(out, part, n);
	}
}

/* What it printed is in OUT.  Its exit status, or a negative errno. */
static int run(const struct cni *c, const char *path, struct buf *out)
{
	int in = input_file(c), fd[2], err, status;
	pid_t pid;

	if (in < 0)
		return in;
	if (pipe2(fd, O_CLOEXEC)) {
		close(in);
		return -errno;
	}
	err = start(path, in, fd[1], &pid);
	close(in);
	close(fd[1]);
	if (!err) {
		read_output(fd[0], out);
		while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
			;
		err = WIFEXITED(status) ? WEXITSTATUS(status) : -EPIPE;
	}
	close(fd[0]);
	return err;
}

json_t *cni_ipam(const struct cni *c, const char *command, int *code,
		 struct buf *why)
{
	__attribute__((cleanup(buf_free))) struct buf path = { 0 }, out = { 0 };
	json_t *o = NULL;
	int rc;

	*code = 0;
	find(c, &path);
	if (!path.len) {
		*code = CNI_IPAM;
		buf_printf(why, "failed to find plugin \"%s\" in path [%s]",
			   c->ipam, c->path);
		return NULL;
	}
	setenv("CNI_COMMAND", command, 1);
	rc = run(c, buf_text(&path), &out);
	setenv("CNI_COMMAND", c->command, 1);
	if (out.len)
		o = json_loadb(out.p, out.len, 0, NULL);
	if (!rc)
		return o;
	*code = json_integer_value(json_object_get(o, "code"));
	if (!*code)
		*code = CNI_IPAM;
	buf_printf(why, "%s", *plug_str(o, "msg") ? plug_str(o, "msg") :
		   rc < 0 ? strerror(-rc) : "failed without a reason");
	return o;
}

// cni.c - how long a chain of CNI plugins takes for ADD and DEL
// SPDX-License-Identifier: GPL-2.0-or-later
//
//	cni N FOLDER NETNS IFNAME PLUGIN=FILE...
//		runs the chain N times, as libcni does: each plugin of FOLDER
//		gets the configuration in FILE, and what the one before said.
//		Prints the milliseconds of ADD and of DEL, a line each time.
#define _GNU_SOURCE
#include <err.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define TEXT_MAX (64 << 10)
#define PLUGINS_MAX 8

struct plugin {
	char path[4096];
	char conf[TEXT_MAX];	/* without its last brace */
};

static struct plugin plugins[PLUGINS_MAX];
static int nplugins;

extern char **environ;

static double now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1e3 + t.tv_nsec / 1e6;
}

static void read_plugin(const char *folder, const char *arg)
{
	struct plugin *p = &plugins[nplugins++];
	const char *file = strchr(arg, '=');
	ssize_t n;
	int fd;

	if (!file || nplugins == PLUGINS_MAX)
		errx(2, "%s: expected PLUGIN=FILE", arg);
	snprintf(p->path, sizeof(p->path), "%s/%.*s", folder,
		 (int)(file - arg), arg);
	fd = open(file + 1, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, p->conf, sizeof(p->conf) - 1);
	if (n <= 0 || !strrchr(p->conf, '}'))
		err(2, "%s", file + 1);
	*strrchr(p->conf, '}') = '\0';
	close(fd);
}

static int input(const struct plugin *p, const char *result)
{
	int fd = memfd_create("conf", MFD_CLOEXEC);

	if (fd < 0 || dprintf(fd, *result ? "%s,\"prevResult\":%s}" : "%s%s}",
			      p->conf, result) < 0 || lseek(fd, 0, SEEK_SET))
		err(2, "memfd");
	return fd;
}

/* RESULT is what came before, and becomes what this one printed. */
static void run(const struct plugin *p, const char *command, char *result)
{
	char *argv[] = { (char *)p->path, NULL };
	int in = input(p, result), out[2], status;
	posix_spawn_file_actions_t fa;
	size_t len = 0;
	ssize_t n;
	pid_t pid;

	setenv("CNI_COMMAND", command, 1);
	if (pipe2(out, O_CLOEXEC))
		err(2, "pipe");
	posix_spawn_file_actions_init(&fa);
	posix_spawn_file_actions_adddup2(&fa, in, 0);
	posix_spawn_file_actions_adddup2(&fa, out[1], 1);
	if (posix_spawn(&pid, p->path, &fa, NULL, argv, environ))
		err(2, "%s", p->path);
	posix_spawn_file_actions_destroy(&fa);
	close(in);
	close(out[1]);
	if (!strcmp(command, "ADD"))
		*result = '\0';
	while ((n = read(out[0], result + len, TEXT_MAX - 1 - len)) > 0)
		len += n;
	if (len)
		result[len] = '\0';
	close(out[0]);
	waitpid(pid, &status, 0);
	if (status)
		errx(1, "%s %s: %s", p->path, command, result);
}

int main(int argc, char **argv)
{
	char result[TEXT_MAX];
	double begin, between;
	int i, turn;

	if (argc < 6)
		errx(2, "usage: see the head of cni.c");
	for (i = 5; i < argc; i++)
		read_plugin(argv[2], argv[i]);
	setenv("CNI_CONTAINERID", "bench", 1);
	setenv("CNI_NETNS", argv[3], 1);
	setenv("CNI_IFNAME", argv[4], 1);
	setenv("CNI_PATH", argv[2], 1);
	for (turn = atoi(argv[1]); turn > 0; turn--) {
		*result = '\0';
		begin = now_ms();
		for (i = 0; i < nplugins; i++)
			run(&plugins[i], "ADD", result);
		between = now_ms();
		for (i = nplugins - 1; i >= 0; i--)
			run(&plugins[i], "DEL", result);
		printf("%.3f %.3f\n", between - begin, now_ms() - between);
	}
	return 0;
}

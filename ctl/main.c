// main.c - netdctl: finds the command and its options
// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/ctl.h"
#include "netd/arena.h"

bool want_json;
const char *socket_path;

const struct command commands[] = {
	{ "apply", cmd_apply, "FILE...", "makes the host be as the files say",
	  "A FILE is a topology; - is standard input.  A file of netd's own\n"
	  "folder is read again (and started, when it was down).  What the\n"
	  "kernel refuses is undone: the host is then as before.\n"
	  "  --dry-run        only prints what would be done, as plan FILE\n"
	  "  --wait SECONDS   until what it waits for (namespaces) is there\n"
	  "  --confirm TIME   netd undoes it by itself after TIME (60s, 5m)\n"
	  "                   unless netdctl confirm comes before; cancel\n"
	  "                   undoes it at once\n" },
	{ "plan", cmd_plan, "[FILE]", "prints what apply would do",
	  "Without FILE: what is to be done now to make the host as wanted.\n"
	  "  --offline   without netd and root: from an empty host\n"
	  "  --rules     each rule and element, not only how many\n"
	  "Exits with 0 when there is nothing to do, with 2 when there is.\n" },
	{ "check", cmd_check, "FILE...", "looks for errors in topologies",
	  "Needs neither netd nor root.  Files given together are checked\n"
	  "together.\n" },
	{ "diff", cmd_diff, "[FILE]",
	  "prints where the host differs from what is wanted",
	  "As plan, with each rule and element: from the host as it runs to\n"
	  "what is in force, or to what FILE says.\n"
	  "Exits with 0 when there is no difference, with 2 when there is.\n" },
	{ "confirm", cmd_confirm, "", "keeps what apply --confirm changed",
	  "" },
	{ "cancel", cmd_cancel, "", "undoes what apply --confirm changed",
	  "" },
	{ "history", cmd_history, "[NUMBER]",
	  "lists what was changed, when and by whom",
	  "  --text   what the topologies of change NUMBER were before it\n" },
	{ "rollback", cmd_rollback, "[NUMBER]",
	  "makes all topologies be as after that change",
	  "Without NUMBER the last change is undone.  The way back is a change\n"
	  "of its own, and can be undone, too.  Files of netd's own folder\n"
	  "are not written: put their former texts there (history --text).\n" },
	{ "down", cmd_down, "NAME... | --all", "takes topologies down",
	  "One that was applied is forgotten.  One whose file is in netd's\n"
	  "folder stays down until its file is applied.\n" },
	{ "reload", cmd_reload, "", "reads the configuration folder again",
	  "As SIGHUP does.\n" },
	{ "show", cmd_show, "NAME", "shows a topology as it is in force",
	  "  --text   its YAML instead\n" },
	{ "status", cmd_status, "", "tells how netd is doing", "" },
	{ "list", cmd_list, "[KIND]",
	  "lists networks, attachments, routers, nodes, links, policies, "
	  "forwards",
	  "  --topology NAME   of that one only\n"
	  "  --names           only the names\n"
	  "  --label KEY=VALUE of attachments, those with it\n" },
	{ "leases", cmd_leases, "[TOPOLOGY[/NETWORK]]",
	  "shows the addresses that DHCP has handed out", "" },
	{ "attach", cmd_attach, "NETWORK OPTION...",
	  "plugs something into a network",
	  "NETWORK may be TOPOLOGY/NETWORK.  One of:\n"
	  "  --netns NS         a veth into that namespace: a name, a path, a\n"
	  "                     process id, or none: its end stays here\n"
	  "  --tap              a tap, with --owner USER or --group GROUP\n"
	  "  --nic IFNAME       a physical interface\n"
	  "  --reserve          no interface, only the address\n"
	  "and any of:\n"
	  "  --name NAME        of the attachment; default: made up, printed\n"
	  "  --ifname NAME      in the namespace\n"
	  "  --address ADDR, --address6 ADDR, --mac MAC, --queues N\n"
	  "  --no-default-route\n"
	  "  --publish [IP:]PORT[:PORT][/PROTOCOL]   often: a forward to it\n"
	  "  --ingress RATE[/BURST], --egress RATE[/BURST]   what it may get\n"
	  "                     and send: bit/s (10M), bytes at once (64k)\n"
	  "  --label KEY=VALUE  often: kept with it\n"
	  "  --wait[=TIME]      until both ends are usable, 30 s at most\n"
	  "The same NAME with the same text again is no error.\n" },
	{ "detach", cmd_detach, "NAME...", "unplugs what attach plugged in",
	  "NAME may be TOPOLOGY/NAME.\n" },
	{ "exec", cmd_exec, "NODE [--pod N] | --network NETWORK [OPTION...] [--] "
	  "COMMAND...",
	  "runs a command in a node or router, or on a network",
	  "NODE may be TOPOLOGY/NODE.  Needs root.  Exits as the command, or\n"
	  "with 126 or 127 when it can't be run.\n"
	  "With --network the command has a namespace of its own on that\n"
	  "network, which goes with it:\n"
	  "  --chroot DIR       its root directory\n"
	  "  --user USER        who it runs as: a name or number[:GROUP]\n"
	  "  --name NAME        of the attachment: the same address each time\n"
	  "  --address ADDR, --address6 ADDR, --mac MAC, --ifname NAME\n"
	  "  --publish [IP:]PORT[:PORT][/PROTOCOL], --label KEY=VALUE\n"
	  "  --wait=TIME        until the network is usable; default 10s\n" },
	{ "doctor", cmd_doctor, "",
	  "finds what stands in the way of netd's traffic",
	  "Rules of other firewalls, programs on ports that networks need,\n"
	  "files that configure netd's interfaces, subnets in use elsewhere,\n"
	  "limits and settings: each with the place and the command, or the\n"
	  "key of the topology, that cures it.  Nothing is changed.\n"
	  "Exits with 0 when nothing was found, with 2 when something was.\n" },
	{ "check-lab", cmd_check_lab, "NAME [--pod N]",
	  "asks whether the checks of a topology hold",
	  "Each of its `checks:`, now: a line PASS or FAIL each, with the\n"
	  "reason.  Needs root.  Runs the commands that the file says.\n"
	  "  --pod N        of that copy only; default: of all\n"
	  "  --tap          in the format of the Test Anything Protocol\n"
	  "  --junit FILE   also as JUnit's XML, into FILE\n"
	  "Exits with 0 when all hold, with 1 when any doesn't.\n" },
	{ "solve", cmd_solve, "NAME [--pod N]", "runs a topology's `solution:`",
	  "Its commands, in their nodes, until one fails.  Needs root.\n" },
	{ "import", cmd_import, "graphml|containerlab|libvirt FILE",
	  "makes a topology file of another program's",
	  "FILE is GraphML (as of the Internet Topology Zoo), a topology of\n"
	  "containerlab's, or what `virsh net-dumpxml` prints; - is standard\n"
	  "input.  Needs neither netd nor root.  What can't be carried over is\n"
	  "listed at the head of the file, and here.\n"
	  "  -o FILE, --output FILE   into FILE; default: standard output\n" },
	{ "link", cmd_link, "LINK down|up|clear|reset|impair KEY=VALUE...",
	  "pulls a cable, puts it back, makes it worse or better",
	  "LINK may be TOPOLOGY/LINK; netdctl list links shows them.\n"
	  "  down, up           both ends lose their carrier, or get it back\n"
	  "  impair             delay=20ms jitter=2ms loss=1% rate=10M, any\n"
	  "                     of them: added to what the link has; 0: none\n"
	  "  clear              no impairment at all\n"
	  "  reset              as the file says\n"
	  "  --from NODE        what that end sends, not both\n"
	  "  --pod NUMBER       of that pod\n"
	  "It holds until netdctl link LINK reset, or netdctl reset.\n" },
	{ "capture", cmd_capture, "LINK | NODE:IF ...",
	  "writes down what passes, for Wireshark (pcapng)",
	  "Several at once make one file.  A network (its bridge) or an\n"
	  "attachment (its port) will do, too; each may be TOPOLOGY/NAME.\n"
	  "Needs root.\n"
	  "  -w FILE, --write FILE   where to; - is standard output:\n"
	  "     netdctl capture r1:eth0 -w - | wireshark -k -i -\n"
	  "  --count N               ends after so many packets\n"
	  "  --timeout TIME          ends after that time\n"
	  "  --snaplen BYTES         of each packet, no more\n"
	  "  --pod NUMBER            of that pod\n" },
	{ "reset", cmd_reset, "NAME",
	  "puts a topology back as its file says: netdctl link",
	  "  --pod NUMBER   only that pod\n" },
	{ "events", cmd_events, "", "prints what happens, as it happens", "" },
	{ "completion", cmd_completion, "bash|zsh|fish",
	  "prints a completion script",
	  "For example: source <(netdctl completion bash)\n" },
	{ 0 }
};

void complain(const char *fmt, ...)
{
	va_list ap;

	fputs("netdctl: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
}

void *must(void *p)
{
	if (!p) {
		complain("out of memory");
		exit(EXIT_FAILED);
	}
	return p;
}

static const struct command *find(const char *name)
{
	const struct command *c;

	for (c = commands; c->name; c++)
		if (!strcmp(c->name, name))
			return c;
	return NULL;
}

int usage(const char *command, const char *fmt, ...)
{
	va_list ap;

	fprintf(stderr, "netdctl%s%s: ", command ? " " : "",
		command ? command : "");
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fprintf(stderr, "\nTry: netdctl %s%s--help\n", command ? command : "",
		command ? " " : "");
	return EXIT_USAGE;
}

static void help_command(const struct command *c)
{
	printf("Usage: netdctl [--socket PATH] %s %s [--json]\n%s.\n",
	       c->name, c->args, c->brief);
	if (c->help[0])
		printf("\n%s", c->help);
	printf("  --json   the answer as netd gives it\n"
	       "\nExit: 0 done; 1 errors, or refused; 3 netd can't be reached; "
	       "64 wrong use.\n");
}

static void help_all(void)
{
	const struct command *c;

	puts("Usage: netdctl [--socket PATH] COMMAND [ARGUMENT...]\n");
	for (c = commands; c->name; c++)
		printf("  %-11s%s\n", c->name, c->brief);
	puts("\nnetdctl COMMAND --help tells more.  --json gives answers to "
	     "programs.\nThe socket is also taken from $NETD_SOCKET.");
}

/* An option of all commands.  How many words it takes, or 0. */
static int common(int argc, char **argv, int i)
{
	if (!strcmp(argv[i], "--json")) {
		want_json = true;
		return 1;
	}
	if (!strncmp(argv[i], "--socket=", 9)) {
		socket_path = argv[i] + 9;
		return 1;
	}
	if (!strcmp(argv[i], "--socket") && i + 1 < argc) {
		socket_path = argv[i + 1];
		return 2;
	}
	return 0;
}

/* Another line of an option that may be there often. */
static void add_value(const char *spec, const char **value, const char *v)
{
	static struct arena *lines;

	if (!*value || !strchr(spec, '+')) {
		*value = v;
		return;
	}
	if (!lines)
		lines = arena_new();
	*value = arena_printf(lines, "%s\n%s", *value, v);
}

/* An option of the command: see options().  Words taken, 0, or -1. */
static int special(int argc, char **argv, int i, const char *spec,
		   const char **value)
{
	size_t len = strcspn(spec, "=");
	const char *arg = argv[i] + 2;

	if (strncmp(arg, spec, len) || (arg[len] && arg[len] != '='))
		return 0;
	if (!spec[len]) {
		*value = "";
		return arg[len] ? -1 : 1;
	}
	if (arg[len]) {
		add_value(spec, value, arg + len + 1);
		return 1;
	}
	if (spec[len + 1] == '?') {
		*value = "";
		return 1;
	}
	if (i + 1 == argc)
		return -1;
	add_value(spec, value, argv[i + 1]);
	return 2;
}

static int take(int argc, char **argv, int i, const char *const *spec,
		const char **value)
{
	int n = common(argc, argv, i), k;

	for (k = 0; !n && spec && spec[k]; k++)
		n = special(argc, argv, i, spec[k], &value[k]);
	return n;
}

int options(int argc, char **argv, const char *const *spec, const char **value)
{
	int i, n = 0, took;

	for (i = 1; i < argc;) {
		if (!strcmp(argv[i], "--")) {
			while (++i < argc)
				argv[1 + n++] = argv[i];
			break;
		}
		if (!strcmp(argv[i], "--help") || !strcmp(argv[i], "-h")) {
			help_command(find(argv[0]));
			exit(EXIT_OK);
		}
		if (argv[i][0] != '-' || !argv[i][1]) {
			argv[1 + n++] = argv[i++];
			continue;
		}
		took = take(argc, argv, i, spec, value);
		if (took <= 0) {
			usage(argv[0], took ? "%s: a value is missing, or too "
			      "many" : "%s is no option of it", argv[i]);
			return -1;
		}
		i += took;
	}
	return n;
}

int main(int argc, char **argv)
{
	const struct command *c;
	int i = 1, took;

	socket_path = getenv("NETD_SOCKET");
	if (!socket_path || !socket_path[0])
		socket_path = NETD_RUNDIR "/netd.sock";
	while (i < argc && (took = common(argc, argv, i)))
		i += took;
	if (i == argc)
		return usage(NULL, "a command is missing");
	if (!strcmp(argv[i], "--help") || !strcmp(argv[i], "-h") ||
	    !strcmp(argv[i], "help")) {
		help_all();
		return EXIT_OK;
	}
	if (!strcmp(argv[i], "--version")) {
		puts("netdctl " PACKAGE_VERSION);
		return EXIT_OK;
	}
	c = find(argv[i]);
	if (!c)
		return usage(NULL, "%s is no command", argv[i]);
	return c->run(argc - i, argv + i);
}

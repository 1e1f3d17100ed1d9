// completion.c - netdctl completion: scripts for shells
// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>
#include <string.h>

#include "ctl/ctl.h"

/* %s: the commands.  Names come from the daemon, when it runs. */
static const char bash[] =
"_netdctl() {\n"
"	local cur=${COMP_WORDS[COMP_CWORD]} cmd= w\n"
"	for w in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n"
"		case $w in -*) ;; *) cmd=$w; break ;; esac\n"
"	done\n"
"	_names() { netdctl list \"$1\" --names 2>/dev/null; }\n"
"	local words=\n"
"	case $cmd in\n"
"	'') words='%s --help --json --socket' ;;\n"
"	import) words='graphml containerlab libvirt --output'\n"
"		words+=\" $(compgen -f -- \"$cur\")\" ;;\n"
"	apply|check|plan|diff) COMPREPLY=($(compgen -f -- \"$cur\")); return ;;\n"
"	check-lab) words=\"$(_names topologies) --tap --junit\" ;;\n"
"	show|solve) words=$(_names topologies) ;;\n"
"	down) words=\"$(_names topologies) --all\" ;;\n"
"	attach) words=\"$(_names networks) --netns --tap --nic --reserve\n"
"		--name --owner --group --queues --ifname --address --address6\n"
"		--mac --no-default-route --publish --label --wait --ingress\n"
"		--egress\" ;;\n"
"	detach) words=$(_names attachments) ;;\n"
"	exec)\n"
"		case ${COMP_WORDS[COMP_CWORD-1]} in\n"
"		--network) words=$(_names networks) ;;\n"
"		--chroot) COMPREPLY=($(compgen -d -- \"$cur\")); return ;;\n"
"		--user) COMPREPLY=($(compgen -u -- \"$cur\")); return ;;\n"
"		*) words=\"$(_names nodes) $(_names routers) --network\n"
"			--chroot --user --name --ifname --address --address6\n"
"			--mac --publish --label --wait --ingress --egress\" ;;\n"
"		esac ;;\n"
"	list) words='networks attachments routers nodes links policies'\n"
"		words+=' forwards topologies' ;;\n"
"	link) words=\"$(_names links) down up clear reset impair --from\" ;;\n"
"	reset) words=$(_names topologies) ;;\n"
"	capture) words=\"$(_names links) $(_names networks) $(_names nodes)\n"
"		$(_names routers) $(_names attachments) -w --count --timeout\n"
"		--snaplen\" ;;\n"
"	completion) words='bash zsh fish' ;;\n"
"	esac\n"
"	COMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n"
"}\n"
"complete -o filenames -F _netdctl netdctl\n";

static const char zsh_head[] =
"#compdef netdctl\n"
"autoload -U +X bashcompinit && bashcompinit\n";

static void print_names(const char *format)
{
	char names[512] = "";
	const struct command *c;

	for (c = commands; c->name; c++) {
		if (names[0])
			strcat(names, " ");
		strcat(names, c->name);
	}
	printf(format, names);
}

static void print_fish(void)
{
	const struct command *c;

	puts("complete -c netdctl -f");
	for (c = commands; c->name; c++)
		printf("complete -c netdctl -n __fish_use_subcommand -a %s "
		       "-d '%s'\n", c->name, c->brief);
	puts("complete -c netdctl -n '__fish_seen_subcommand_from apply check "
	     "plan import' -F\n"
	     "complete -c netdctl -n '__fish_seen_subcommand_from exec' -a "
	     "'(netdctl list nodes --names 2>/dev/null; netdctl list routers "
	     "--names 2>/dev/null)'\n"
	     "complete -c netdctl -n '__fish_seen_subcommand_from attach' -a "
	     "'(netdctl list networks --names 2>/dev/null)'\n"
	     "complete -c netdctl -n '__fish_seen_subcommand_from show down check-lab solve' "
	     "-a '(netdctl list topologies --names 2>/dev/null)'\n"
	     "complete -c netdctl -n '__fish_seen_subcommand_from detach' -a "
	     "'(netdctl list attachments --names 2>/dev/null)'");
}

int cmd_completion(int argc, char **argv)
{
	int n = options(argc, argv, NULL, NULL);

	if (n != 1)
		return n < 0 ? EXIT_USAGE : usage(argv[0], "one shell is needed");
	if (!strcmp(argv[1], "bash")) {
		print_names(bash);
	} else if (!strcmp(argv[1], "zsh")) {
		fputs(zsh_head, stdout);
		print_names(bash);
	} else if (!strcmp(argv[1], "fish")) {
		print_fish();
	} else {
		return usage(argv[0], "bash, zsh or fish");
	}
	return EXIT_OK;
}

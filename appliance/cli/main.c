/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "appliance/base/config.h"
#include "appliance/base/version.h"
#include "appliance/box/base/box.h"
#include "appliance/box/base/paths.h"
#include "appliance/box/console/console.h"
#include "appliance/box/console/setup.h"
#include "appliance/box/health/selftest.h"
#include "appliance/cli/commands.h"
#include "appliance/command/command.h"
#include "appliance/evidence/commands.h"
#include "appliance/command/output.h"
#include "appliance/command/reader.h"
#include "appliance/evidence/commands.h"
#include "rules/repo/table.h"

/* Explanations for --help, because an image has no manuals. */
static const char *const details[][2] = {
	{ "status",
	"  --json      every field, as one JSON object\n"
	"  --in-force  print nothing: exit 0 if a policy is in force, else 1; with --wait, wait\n"
	"              for one for at most TIME\n"
	"  --boot      when policy, links and forwarding came up in this start\n"
	"  --seen      acknowledge losses and changes by other programs that are shown\n"
	"Exit status: 0 all is well, 1 no policy is in force, 4 something needs attention.\n" },
	{ "selftest",
	"  --wait SECONDS  repeat the test until it passes or the time is over\n"
	"Exit status: 0 passed, 1 failed, 3 another self-test is running,\n"
	"6 a packet passed that the policy blocks.\n" },
	{ "mode",
	"  enforce     block what the rule lists block; ends monitor mode or a disarm\n"
	"  monitor     block nothing and log what would be blocked, for TIME (30m, 2h, 14d);\n"
	"              with --category, only for that category\n"
	"  (nothing)   print the mode in force\n" },
	{ "rules",
	"  check FILE...  check rule lists: syntax, limits, names\n"
	"  diff OLD NEW   show what NEW blocks and OLD does not, and the reverse\n"
	"  nft            print the nftables ruleset that the lists compile to\n"
	"  outdated       name edited lists that are older than those of the installed package\n"
	"  reload         have cordond read its lists again and enforce them\n" },
	{ "update",
	"  status         the release in force, how fresh it is, what was refused and why\n"
	"  history        what became of each release, attempt and hold\n"
	"  now            ask the mirror now and print the outcome\n"
	"  from DIR       take a release from a folder, such as a mounted stick\n"
	"  push HOST DIR  send a release to another gateway over ssh\n"
	"  hold, release  take no new release; take them again\n"
	"  device         print what the publisher needs to recognise this gateway\n" },
	{ "network",
	"  show        network.conf with its defaults; each card, and whether its cable is in\n"
	"  check FILE  report the errors of a network.conf\n"
	"  renew       restart DHCP for IPv4 and IPv6 now, and print the outcome\n"
	"For the scripts of the image: up, down, forward, sysctl, lease EVENT,\n"
	"services --supervise.\n" },
	{ "settings",
	"  show         print the files in force\n"
	"  id           print the names by which a signed set can address this box\n"
	"  diff FILE    show what would change. FILE is a copy made by export, a folder of\n"
	"               settings files, or one such file under its own name\n"
	"  import FILE  put the set in force; a protected change asks for the secret\n"
	"  apply FILE --confirm SECONDS\n"
	"               put the set in force on trial: undone after SECONDS unless you keep it\n"
	"  keep         end the trial and keep the set\n"
	"  revert       end the trial and go back now\n"
	"  export FILE  copy the whole set into one file, for a spare box; - is standard output\n"
	"  accept       show the refused set, ask for the secret, and put it in force\n"
	"  discard      delete the refused set\n"
	"  reset        factory reset, at the console only; keeps the log unless --log is given\n"
	"  intake       read the EFI partition and sticks now: a folder cordon/ with\n"
	"               network.conf, cordon.conf, authorized_keys, reader_keys, root.json,\n"
	"               mirror-ca.pem, admin-secret, settings.json\n"
	"For the scripts of the image: compose, expire.\n" },
	{ "image",
	"  status        which image is in which slot, which one runs, which one is on trial\n"
	"  install FILE  verify a packed image (cordon repo image --pack), write it to the other\n"
	"                slot, and try it at the next start; - is standard input\n"
	"  rollback      start the image in the other slot next time\n"
	"  confirm       keep the image that runs; the box does so when its self-test passes\n"
	"  --reboot      restart now\n"
	"  --allow-downgrade  accept an older image, at the console only\n"
	"For the scripts of the image: grow, device NAME..., on-trial.\n" },
};

static int command_console(const struct cli *cli, int argc, char **argv);

static const struct command commands[] = {
	{ "status", "[--json | --in-force [--wait TIME] | --boot | --seen]",
	  "show what the gateway enforces, and whether it is healthy", command_status },
	{ "explain", "[--rules DIR] [--list NAME] [--json] QUERY...",
	  "show what the policy does with a name, address, prefix or port, and why",
	  command_explain },
	{ "log",
	  "[EVENT] [--follow | --count] [--json | --csv] [--last N] [--since TIME] [--until TIME]\n"
	  "                    [--host HOST] [--category C] [--rule ID] [--action A]\n"
	  "                    [--channel C] [--name NAME] [--group NAME] [--notice KIND]\n"
	  "                  | verify [FILE | FOLDER] [--key FILE] [--checkpoint FILE] [--json]\n"
	  "                  | export FOLDER | checkpoint",
	  "print the block log", ENABLED(CONFIG_JOURNAL) ? command_log : NULL },
	{ "hosts",
	  "[--json] [--since TIME] [--inventory CSV] [--exclude HOST]... [--reverse] |\n"
	  "                    merge A B | split A B",
	  "which hosts have the product, and by what signs",
	  ENABLED(CONFIG_JOURNAL) ? command_hosts : NULL },
	{ "host",
	  "[--json] [--since TIME] [--until TIME] [--last N] [--reverse]\n"
	  "                    NAME|ADDRESS|MAC",
	  "one host: who it is, its verdict with the evidence, and its story in order",
	  ENABLED(CONFIG_JOURNAL) ? command_host : NULL },
	{ "names",
	  "[list] [--json] | remove LABEL |\n"
	  "                    load --from FORMAT [--label LABEL] [--zone +HH:MM] FILE |\n"
	  "                    set HOST [--name N] [--user U] [--site S] [--tool yes|no]",
	  "name hosts: from leases of other servers, a table, or by hand",
	  ENABLED(CONFIG_JOURNAL) ? command_names : NULL },
	{ "why", "EVENT [--json]",
	  "show why an event is what it is: rule, evidence, release and signers of then",
	  ENABLED(CONFIG_JOURNAL) ? command_why : NULL },
	{ "top", "[--once] [--json]",
	  "show the clients, rules and names of the last five minutes",
	  ENABLED(CONFIG_JOURNAL) ? command_top : NULL },
	{ "mode",
	  "[enforce [--reason TEXT] [--by NAME] |\n"
	  "                    monitor --for TIME [--category C] --reason TEXT --by NAME]",
	  "show or change the mode", command_mode },
	{ "disarm", "--for TIME --reason TEXT --by NAME",
	  "switch blocking and DNS capture off for a while", command_disarm },
	{ "rules",
	  "check [--json] FILE... | diff [--json] OLD NEW |\n"
	  "                    nft [--rules DIR] | outdated [--json] | reload",
	  "check, compare and reload rule lists", command_rules },
	{ "selftest", "[--wait SECONDS] [--json]",
	  "act as a client: what must be blocked is, and the rest passes",
	  command_selftest },
	{ "update",
	  "[status | history] [--json]\n"
	  "       cordon update now | device | from DIR | push HOST DIR | release\n"
	  "       cordon update hold --reason TEXT --by NAME",
	  "receive signed releases of rule lists", ENABLED(CONFIG_UPDATE) ? command_update : NULL },
	{ "network", "[[show] [--json] | check FILE | renew [wan] [--json]]",
	  "show and renew links, addresses and services of an appliance", command_network },
	{ "settings",
	  "[show | id | intake [--activate] | accept | discard | reset [--log]]\n"
	  "       cordon settings export FILE | import FILE | diff FILE\n"
	  "       cordon settings apply FILE --confirm SECONDS | keep | revert",
	  "show, change, try and copy the settings of an appliance",
	  command_settings_of },
	{ "image",
	  "[[status] [--json] | install FILE [--allow-downgrade] [--reboot] |\n"
	  "                    rollback [--reboot] | confirm]",
	  "install, try and roll back images of an appliance", command_image },
	{ "setup", "", "ask for the settings of an appliance, on its console", command_setup },
	{ "console", "", "run the console of an appliance", command_console },
	{ "repo", NULL, "sign and publish rule lists",
	  ENABLED(CONFIG_PUBLISHER) ? command_repo : NULL },
};

enum { COMMANDS = sizeof(commands) / sizeof(*commands) };

static void print_help(FILE *out)
{
	fprintf(out, "usage: cordon [--config FILE] [--state DIR] [--run DIR] COMMAND ...\n\n");
	for (size_t i = 0; i < COMMANDS; i++)
		fprintf(out, "  %-8s %s\n", commands[i].name, commands[i].summary);
	fprintf(out, "\n  --config FILE  settings (/etc/cordon/cordon.conf)\n"
		     "  --state DIR    state folder (/var/lib/cordon)\n"
		     "  --run DIR      folder of the control socket (/run/cordon)\n"
		     "\nexit status: 0 yes or done, 1 no or failed, 2 usage error, "
		     "5 output not written\n"
		     "see also: cordon COMMAND --help, cordon(1)\n");
}

/* The manual that describes a command; cordon(1) has those for daily use. */
static const char *manual_of(const char *name)
{
	static const char *const manuals[][2] = {
		{ "image", "cordon-image(1)" }, { "network", "cordon-network(1)" },
		{ "update", "cordon-update(1)" }, { "settings", "cordon-settings(1)" },
		{ "setup", "cordon-settings(1)" }, { "console", "cordon-settings(1)" },
	};

	for (size_t i = 0; i < sizeof(manuals) / sizeof(*manuals); i++) {
		if (strcmp(manuals[i][0], name) == 0)
			return manuals[i][1];
	}
	return "cordon(1)";
}

static void print_command_help(const struct command *command)
{
	printf("usage: cordon %s%s%s\n\n%s; see %s\n", command->name,
	       command->arguments[0] ? " " : "", command->arguments, command->summary,
	       manual_of(command->name));
	for (size_t i = 0; i < sizeof(details) / sizeof(*details); i++) {
		if (strcmp(details[i][0], command->name) == 0)
			printf("\n%s", details[i][1]);
	}
}

static bool asks_help(int argc, char **argv)
{
	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
		if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
			return true;
	}
	return false;
}

static int dispatch(const struct cli *cli, int argc, char **argv)
{
	for (size_t i = 0; i < COMMANDS; i++) {
		if (strcmp(commands[i].name, argv[0]) != 0)
			continue;
		if (commands[i].arguments && asks_help(argc, argv)) {
			print_command_help(&commands[i]);
			return EXIT_YES;
		}
		if (!commands[i].run) {
			fprintf(stderr, "cordon: this build is without \"%s\" (Kconfig)\n",
				argv[0]);
			return EXIT_NO;
		}
		optind = 0;
		return commands[i].run(cli, argc, argv);
	}
	fputs("cordon: no command \"", stderr);
	for (const char *c = argv[0]; *c; c++)
		fputc(text_visible(*c), stderr);
	fputs("\"\n", stderr);
	print_help(stderr);
	return EXIT_USAGE;
}

static int command_console(const struct cli *cli, int argc, char **argv)
{
	return argc == 1 ? console_run(cli, dispatch) :
	       command_usage("console", "unexpected word \"%s\"", argv[1]);
}

/* An appliance that runs the image has its files elsewhere. */
static void set_paths(struct cli *cli)
{
	static char config[BOX_PATH], state[BOX_PATH], run[BOX_PATH];

	*cli = (struct cli){ .config = "/etc/cordon/cordon.conf", .state = "/var/lib/cordon",
			     .run = "/run/cordon" };
	if (!box_has(PATH_IMAGE))
		return;
	cli->config = box_path(config, PATH_CONFIG);
	cli->state = box_path(state, PATH_STATE);
	cli->run = box_path(run, PATH_RUN);
}

static int run(int argc, char **argv)
{
	static const struct option options[] = {
		{ "config", required_argument, NULL, 'c' },
		{ "state", required_argument, NULL, 's' },
		{ "run", required_argument, NULL, 'r' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },
		{ 0 },
	};
	struct cli cli;
	int option;

	set_paths(&cli);
	while ((option = getopt_long(argc, argv, "+c:h", options, NULL)) != -1) {
		switch (option) {
		case 'c':
			cli.config = optarg;
			cli.config_given = true;
			break;
		case 's':
			cli.state = optarg;
			break;
		case 'r':
			cli.run = optarg;
			break;
		case 'h':
			print_help(stdout);
			return EXIT_YES;
		case 'V':
			puts("cordon " VERSION_TEXT);
			return EXIT_YES;
		default:
			print_help(stderr);
			return EXIT_USAGE;
		}
	}
	if (optind == argc) {
		print_help(stderr);
		return EXIT_USAGE;
	}
	return dispatch(&cli, argc - optind, argv + optind);
}

/* The login shell of readers, by another name of this program; login puts a "-" before it. */
static bool is_reader(const char *name)
{
	const char *slash = strrchr(name, '/');

	name = slash ? slash + 1 : name;
	return strcmp(name + (name[0] == '-'), "reader") == 0;
}

int main(int argc, char **argv)
{
	if (argc > 0 && is_reader(argv[0]))
		return reader_run(argc, argv);
	return output_end("cordon", run(argc, argv));
}

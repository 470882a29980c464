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
#include "appliance/command/output.h"
#include "rules/repo/table.h"

/* Explanations for --help, because an image has no manuals. */
static const char *const details[][2] = {
	{ "status",
	"  --in-force  prints nothing: exits 0 if a policy is in force, at the latest\n"
	"              after --wait TIME, else 1\n"
	"  --boot      times of this start of an appliance; exits 0 if the policy came first\n"
	"  --seen      acknowledges lost events and changes by other programs\n"
	"Exit status: 0 healthy, 1 nothing in force, 4 in force but needs attention.\n" },
	{ "selftest",
	"  --wait SECONDS  repeats the test until it passes or the time is over\n"
	"Exit status: 0 passed, 1 failed, 3 another self-test is running,\n"
	"6 a packet passed that the policy blocks.\n" },
	{ "update",
	"  status      release in force, signers, freshness, last contact\n"
	"  history     what became of releases, polls and holds\n"
	"  now         polls the mirrors and waits for the outcome\n"
	"  from DIR    takes a release from a folder, such as a mounted stick\n"
	"  push HOST DIR  sends a release to a gateway over ssh\n"
	"  hold        takes no newer release until: release\n"
	"  device      prints the line of this gateway for fleet.csv, and its certificate\n" },
	{ "network",
	"  show        links with settings and defaults; cards and their cables\n"
	"  check FILE  lists the errors of a network.conf\n"
	"  renew       restarts DHCP and DHCPv6 now, and prints the outcome\n"
	"Only for scripts of the image: up, down, forward, sysctl, lease EVENT,\n"
	"services --supervise.\n" },
	{ "settings",
	"  show        the files in force\n"
	"  id          serial number and key id of this box, for a signed set\n"
	"  diff FILE   what would change: FILE is a copy, one settings file, or a folder\n"
	"  import FILE installs settings; a protected change asks for the secret\n"
	"  apply FILE --confirm SECONDS\n"
	"              installs settings on trial: undone after that time unless kept\n"
	"  keep, revert  ends a trial: the settings stay, or are undone now\n"
	"  export FILE writes all settings into one file (-: standard output)\n"
	"  accept      shows the refused set and installs it, with the secret\n"
	"  discard     drops the refused set\n"
	"  reset       factory reset, on the console; the log stays without --log\n"
	"  intake      reads cordon/ on the EFI partition and on sticks now:\n"
	"              network.conf, cordon.conf, authorized_keys, root.json, mirror-ca.pem,\n"
	"              admin-secret, settings.json\n"
	"Only for scripts of the image: compose, expire.\n" },
	{ "image",
	"  status       which image is in which slot, which one runs, which one is on trial\n"
	"  install FILE verifies a packed image (cordon repo image --pack), writes it to the\n"
	"               other slot and tries it at the next start, or with --reboot now;\n"
	"               - is standard input.\n"
	"               --allow-downgrade: an older one, on the console only\n"
	"  rollback     starts the other image next, or with --reboot now\n"
	"  confirm      keeps the running image; the box does so once its self-test has passed\n"
	"Only for scripts of the image: grow, device NAME..., on-trial.\n" },
};

static int command_console(const struct cli *cli, int argc, char **argv);

static const struct command commands[] = {
	{ "status", "[--json | --in-force [--wait TIME] | --boot | --seen]",
	  "show what the gateway enforces and whether it is healthy", command_status },
	{ "explain", "[--rules DIR] [--list NAME] [--json] QUERY...",
	  "show what the policy decides about a name, address or port, and why", command_explain },
	{ "log", "[--follow] [--json] [--last N]", "print the block log",
	  ENABLED(CONFIG_JOURNAL) ? command_log : NULL },
	{ "mode",
	  "[enforce [--reason TEXT] [--by NAME] |\n"
	  "                    monitor --for TIME [--category C] --reason TEXT --by NAME]",
	  "show or change the mode", command_mode },
	{ "disarm", "--for TIME --reason TEXT --by NAME",
	  "switch blocking and DNS capture off for a while",
	  command_disarm },
	{ "rules",
	  "check [--json] FILE... | diff [--json] OLD NEW |\n"
	  "                    nft [--rules DIR] | outdated [--json] | reload",
	  "check and compare rule lists, print the nftables ruleset, reload", command_rules },
	{ "selftest", "[--wait SECONDS] [--json]",
	  "test as a client would that the right traffic is blocked and passes",
	  command_selftest },
	{ "update",
	  "[status | history] [--json]\n"
	  "       cordon update now | device | from DIR | push HOST DIR | release\n"
	  "       cordon update hold --reason TEXT --by NAME",
	  "poll, take and hold signed releases of rule lists",
	  ENABLED(CONFIG_UPDATE) ? command_update : NULL },
	{ "network", "[[show] [--json] | check FILE | renew [wan] [--json]]",
	  "show and check links and addresses of an appliance", command_network },
	{ "settings",
	  "[show | id | intake [--activate] | accept | discard | reset [--log]]\n"
	  "       cordon settings export FILE | import FILE | diff FILE\n"
	  "       cordon settings apply FILE --confirm SECONDS | keep | revert",
	  "show, import, try, copy and reset the settings of an appliance",
	  command_settings_of },
	{ "image",
	  "[[status] [--json] | install FILE [--allow-downgrade] [--reboot] |\n"
	  "                    rollback [--reboot] | confirm]",
	  "show, install and roll back the images of an appliance", command_image },
	{ "setup", "", "set up an appliance by questions, on its console", command_setup },
	{ "console", "", "show the console of an appliance", command_console },
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
		     "\nexit status: 0 yes or done, 1 no or failed, 2 usage, 5 output not written; "
		     "cordon COMMAND --help, cordon(1)\n");
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
	fprintf(stderr, "cordon: no command \"%s\"\n", argv[0]);
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

int main(int argc, char **argv)
{
	return output_end("cordon", run(argc, argv));
}

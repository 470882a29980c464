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
	{ "network",
	"  show        what network.conf says, with the defaults; cards and their cables\n"
	"  check FILE  lists the errors of a network.conf\n"
	"  renew       starts DHCP of both families anew, now, and prints the outcome\n"
	"The scripts of the image call: up, down, forward, sysctl, lease EVENT,\n"
	"services --supervise.\n" },
	{ "settings",
	"  show        the files in force\n"
	"  id          the names for which a signed set may be made for this box\n"
	"  diff FILE   how others differ: a copy, one of the files by its own name,\n"
	"              or a folder of them\n"
	"  import FILE takes them for good; a protected change asks for the secret\n"
	"  apply FILE --confirm SECONDS\n"
	"              tries them: they are undone after that time, unless you keep them\n"
	"  keep, revert  ends the trial: they stay, or go at once\n"
	"  export FILE one file with all of them (- is standard output), for a spare box\n"
	"  accept      shows the refused set, and takes it with the secret\n"
	"  discard     drops the refused set\n"
	"  reset       factory reset, on the console; the log stays without --log\n"
	"  intake      looks at the EFI partition and at sticks now: a folder cordon/ with\n"
	"              network.conf, cordon.conf, authorized_keys, root.json, mirror-ca.pem,\n"
	"              admin-secret, settings.json\n"
	"The scripts of the image call: compose, expire.\n" },
	{ "image",
	"  status       which image is in which slot, which one runs, which one is on trial\n"
	"  install FILE verifies a packed image (cordon repo image --pack), writes it to the\n"
	"               other slot and tries it at the next start, or with --reboot now;\n"
	"               - is standard input.\n"
	"               --allow-downgrade: an older one, on the console only\n"
	"  rollback     starts the other image next, or with --reboot now\n"
	"  confirm      keeps the running image; the box does so once its self-test has passed\n"
	"The scripts of the image call: grow, device NAME..., on-trial.\n" },
};

static int command_console(const struct cli *cli, int argc, char **argv);

static const struct command commands[] = {
	{ "status", "[--json | --in-force [--wait TIME] | --boot | --seen]",
	  "what the gateway enforces and how it is", command_status },
	{ "explain", "[--rules DIR] [--list NAME] [--json] QUERY...",
	  "what the policy says of a name, address, prefix or port, and why", command_explain },
	{ "log", "[--follow] [--json] [--last N]", "the block log",
	  ENABLED(CONFIG_JOURNAL) ? command_log : NULL },
	{ "mode",
	  "[enforce [--reason TEXT] [--by NAME] |\n"
	  "                    monitor --for TIME [--category C] --reason TEXT --by NAME]",
	  "show or change the mode", command_mode },
	{ "disarm", "--for TIME --reason TEXT --by NAME", "take block and capture away for a while",
	  command_disarm },
	{ "rules",
	  "check [--json] FILE... | diff [--json] OLD NEW |\n"
	  "                    nft [--rules DIR] | outdated [--json] | reload",
	  "check and compare rule lists, print the nftables ruleset, reload", command_rules },
	{ "selftest", "[--wait SECONDS] [--json]",
	  "prove as a client that names and addresses are blocked, and others are not",
	  command_selftest },
	{ "update",
	  "[status | history] [--json]\n"
	  "       cordon update now | device | from DIR | push HOST DIR | release\n"
	  "       cordon update hold --reason TEXT --by NAME",
	  "signed releases of rule lists", ENABLED(CONFIG_UPDATE) ? command_update : NULL },
	{ "network", "[[show] [--json] | check FILE | renew [wan] [--json]]",
	  "links, addresses and services of an appliance", command_network },
	{ "settings",
	  "[show | id | intake [--activate] | accept | discard | reset [--log]]\n"
	  "       cordon settings export FILE | import FILE | diff FILE\n"
	  "       cordon settings apply FILE --confirm SECONDS | keep | revert",
	  "settings of an appliance: taking in, copying, changing for a trial",
	  command_settings_of },
	{ "image",
	  "[[status] [--json] | install FILE [--allow-downgrade] [--reboot] |\n"
	  "                    rollback [--reboot] | confirm]",
	  "the two slots of a disk, and new images for them", command_image },
	{ "setup", "", "asks for the settings of an appliance, on its console", command_setup },
	{ "console", "", "what an appliance shows on its console", command_console },
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
	printf("usage: cordon %s %s\n\n%s; see %s\n", command->name, command->arguments,
	       command->summary, manual_of(command->name));
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

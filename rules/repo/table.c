/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rules/repo/table.h"

#include <stdio.h>
#include <string.h>

#include "appliance/base/crypto/key.h"
#include "rules/repo/commands.h"
#include "rules/signed/strict.h"

static const struct {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *arguments;
	const char *summary;
} commands[] = {
	{ "key", repo_key,
	  "new NAME... [--dir DIR] [--type p256|p384|ed25519]\n"
	  "                  [--passphrase-file FILE | --no-passphrase]\n"
	  "       cordon repo key import FILE... [--dir DIR] [--passphrase-file FILE |\n"
	  "                  --no-passphrase]\n"
	  "       cordon repo key export KEY --out NAME.pub\n"
	  "       cordon repo key list [--json] DIR|FILE|URI...",
	  "make, import, export and list keys" },
	{ "init", repo_init,
	  "DIR --people PUB... --online PUB... [--ROLE PUB...]\n"
	  "                  [--threshold ROLE=N] [--expires ROLE=TIME]",
	  "make a repository: who signs what" },
	{ "add", repo_add,
	  "DIR [LIST...] [--drop NAME...] [--ring NAME=DELAY...]\n"
	  "                  [--no-rings] [--canary-block NAME...] [--canary-pass NAME...]\n"
	  "                  [--max-rules N] [--max-address-share N] [--start TIME]\n"
	  "                  [--expires TIME] [--key KEY] [--fingerprint DIGITS]",
	  "check rule lists and stage them as the next release" },
	{ "image", repo_image,
	  "DIR BUNDLE [--expires TIME] [--key KEY] [--fingerprint DIGITS]\n"
	  "       cordon repo image DIR --pack OUT [NAME]",
	  "stage an image for appliances, or put a published one into a file for them" },
	{ "status", repo_status, "DIR [--json] [--key KEY] [--fingerprint DIGITS]",
	  "show what is staged, and whose signatures are missing" },
	{ "sign", repo_sign,
	  "DIR --key FILE [--role ROLE] [--passphrase-file FILE]\n"
	  "                  [--payload OUT | --signature IN] [--fingerprint DIGITS]\n"
	  "                  [--yes]",
	  "show what is staged, then sign it" },
	{ "publish", repo_publish,
	  "DIR --key FILE... [--passphrase-file FILE]\n"
	  "                  [--expires TIME] [--fingerprint DIGITS]",
	  "publish what has all its signatures" },
	{ "timestamp", repo_timestamp,
	  "DIR --key FILE... [--passphrase-file FILE]\n"
	  "                  [--expires TIME] [--fingerprint DIGITS]",
	  "renew the timestamp, and an old snapshot" },
	{ "hold", repo_hold,
	  "DIR --key FILE... [--lift] [--passphrase-file FILE]\n"
	  "                  [--expires TIME] [--fingerprint DIGITS]",
	  "stop the newest release for appliances that do not have it yet" },
	{ "revert", repo_revert, "DIR [--to RELEASE] [--key KEY] [--fingerprint DIGITS]",
	  "stage an earlier release again, as the next one" },
	{ "rotate", repo_rotate,
	  "DIR ROLE [--add PUB...] [--remove NAME|KEYID...]\n"
	  "                  [--threshold N] [--expires TIME] [--key KEY]\n"
	  "                  [--fingerprint DIGITS]",
	  "change a role's keys, or renew its metadata" },
	{ "delegate", repo_delegate,
	  "DIR ROLE --paths PATTERN... [--add PUB...]\n"
	  "                  [--threshold N] [--key KEY] [--fingerprint DIGITS]\n"
	  "       cordon repo delegate DIR ROLE --remove",
	  "change which targets a role may sign" },
	{ "verify", repo_verify, "DIR [--days N] [--root FILE] [--json] [--key KEY]\n"
	  "                  [--fingerprint DIGITS]",
	  "verify the whole repository as an appliance does" },
	{ "fleet", repo_fleet, "DIR [--expect CSV] [--late TIME] [--json] [--key KEY]\n"
	  "                  [--fingerprint DIGITS]",
	  "show what every appliance enforces, by its receipts" },
	{ "settings", repo_settings,
	  "FOLDER --key FILE (--for ID... | --for-all)\n"
	  "                  [--version N] [--root FILE] [--against FOLDER]\n"
	  "                  [--passphrase-file FILE] [--fingerprint DIGITS] [--yes]",
	  "show what settings change, then sign them for appliances" },
};

enum { COMMANDS = sizeof(commands) / sizeof(*commands) };
enum { BUDGET = 512 << 20 };	/* of all metadata at one time: the folder may have been anywhere */

static void print_help(FILE *out)
{
	fprintf(out, "usage: cordon repo COMMAND ...\n\n");
	for (size_t i = 0; i < COMMANDS; i++)
		fprintf(out, "  %-9s  %s\n", commands[i].name, commands[i].summary);
	fprintf(out, "\ncordon repo COMMAND --help, cordon-repo(1)\n");
}

static bool asks_help(const char *word)
{
	return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0;
}

static int run(size_t index, int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		if (asks_help(argv[i])) {
			printf("usage: cordon repo %s %s\n\n%s; see cordon-repo(1)\n",
			       commands[index].name, commands[index].arguments,
			       commands[index].summary);
			return EXIT_YES;
		}
	}
	return commands[index].run(argc, argv);
}

int command_repo(const struct cli *cli, int argc, char **argv)
{
	(void)cli;
	if (argc < 2) {
		print_help(stderr);
		return EXIT_USAGE;
	}
	if (asks_help(argv[1])) {
		print_help(stdout);
		return EXIT_YES;
	}
	key_use_ed25519();
	strict_budget(BUDGET);
	for (size_t i = 0; i < COMMANDS; i++) {
		if (strcmp(commands[i].name, argv[1]) == 0)
			return run(i, argc - 1, argv + 1);
	}
	fprintf(stderr, "cordon repo: no command \"%s\"\n", argv[1]);
	print_help(stderr);
	return EXIT_USAGE;
}

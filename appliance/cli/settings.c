/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <getopt.h>
#include <string.h>

#include "appliance/box/network/conf.h"
#include "appliance/box/settings/accept.h"
#include "appliance/box/settings/copy.h"
#include "appliance/box/settings/identity.h"
#include "appliance/box/settings/import.h"
#include "appliance/box/settings/intake.h"
#include "appliance/box/settings/reset.h"
#include "appliance/box/settings/set_diff.h"
#include "appliance/box/settings/set_sealed.h"
#include "appliance/box/settings/trial.h"
#include "appliance/cli/commands.h"
#include "appliance/command/command.h"

struct words {
	const char *verb, *file, *confirm;
	bool activate, log;
};

static int parse(struct words *words, int argc, char **argv)
{
	static const struct option options[] = { { "activate", no_argument, NULL, 'a' },
						 { "confirm", required_argument, NULL, 'c' },
						 { "log", no_argument, NULL, 'l' },
						 { 0 } };
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == '?')
			return command_usage("settings", "expected a command of those below");
		words->activate |= option == 'a';
		words->log |= option == 'l';
		if (option == 'c')
			words->confirm = optarg;
	}
	words->verb = optind < argc ? argv[optind++] : "show";
	words->file = optind < argc ? argv[optind++] : NULL;
	return optind == argc ? 0 :
				command_usage("settings", "unexpected word \"%s\"", argv[optind]);
}

static int with_file(const struct cli *cli, const struct words *words)
{
	if (strcmp(words->verb, "export") == 0)
		return copy_export(words->file);
	if (strcmp(words->verb, "import") == 0)
		return import_run(cli, words->file);
	if (strcmp(words->verb, "diff") == 0)
		return set_diff_run(words->file);
	if (strcmp(words->verb, "apply") == 0 && words->confirm)
		return trial_apply(cli, words->file, words->confirm);
	if (strcmp(words->verb, "apply") == 0)
		return command_usage(
			"settings",
			"apply: expected --confirm SECONDS too, after which settings that "
			"nobody keeps take themselves back; import FILE takes them for good");
	return command_usage("settings", "expected export FILE, import FILE, diff FILE or "
			     "apply FILE --confirm SECONDS");
}

int command_settings_of(const struct cli *cli, int argc, char **argv)
{
	struct words words = { .verb = NULL };
	int code = parse(&words, argc, argv);
	bool changed;

	if (code)
		return code;
	set_sealed_begin();
	if (words.file)
		return with_file(cli, &words);
	if (strcmp(words.verb, "compose") == 0)
		return conf_write(&changed);
	if (strcmp(words.verb, "intake") == 0)
		return intake_run(cli, words.activate);
	if (strcmp(words.verb, "show") == 0)
		return copy_show();
	if (strcmp(words.verb, "id") == 0)
		return identity_show();
	if (strcmp(words.verb, "accept") == 0)
		return accept_waiting(cli);
	if (strcmp(words.verb, "discard") == 0)
		return accept_discard();
	if (strcmp(words.verb, "reset") == 0)
		return reset_run(words.log);
	if (strcmp(words.verb, "keep") == 0)
		return trial_keep();
	if (strcmp(words.verb, "revert") == 0)
		return trial_revert(cli);
	if (strcmp(words.verb, "expire") == 0)
		return trial_expire(cli);
	return command_usage(
		"settings",
		"expected show, id, intake, compose, accept, discard, reset, keep, "
		"revert, export FILE, import FILE, diff FILE or apply FILE --confirm SECONDS");
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/command.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/config.h"
#include "base/file.h"
#include "nft/ruleset.h"
#include "policy/compile.h"
#include "settings/lists.h"

enum { CHECK_BUDGET = 1 << 30, NFT_BUDGET = 256 << 20 };

/* One file: parse, then compile alone, so that the sanity limits speak too. */
static void check_text(const char *path, const char *text, size_t length, struct diag *diag)
{
	struct policy_options options;
	struct rule_list list;
	struct arena arena;
	void *block = NULL;
	size_t size;
	int error;

	arena_init(&arena, CHECK_BUDGET);
	policy_options_init(&options);
	error = rule_list_parse(&list, &arena, path, text, length, diag);
	if (!error)
		error = policy_compile(&list, 1, &options, &block, &size, diag);
	if (error && diag->count == 0)
		diag_error(diag, path, 0, 0, "%s", strerror(-error));
	if (!error)
		printf("%s: list %s, version %s, %zu rule%s: clean\n", path, list.name,
		       list.version, list.count, list.count == 1 ? "" : "s");
	free(block);
	arena_release(&arena);
}

static int check(char **paths)
{
	struct diag diag;
	int code = EXIT_YES;

	for (; *paths; paths++) {
		char *text;
		size_t length;
		int error = file_read(AT_FDCWD, *paths, LIST_FILE_MAX, &text, &length);

		diag_init(&diag);
		if (error) {
			diag_error(&diag, *paths, 0, 0, "cannot read: %s", strerror(-error));
		} else {
			check_text(*paths, text, length, &diag);
			free(text);
		}
		command_print_diag(&diag);
		if (diag.count)
			code = EXIT_NO;
	}
	return code;
}

static int print_nft(const struct cli *cli, const char *folder)
{
	struct settings settings;
	struct policy policy;
	struct ruleset *ruleset;
	struct arena arena;
	struct text out = TEXT_EMPTY;
	void *block;
	int code = command_settings(cli, &settings);

	if (!code)
		code = command_policy(folder ? folder : settings.rules_dir, &settings, &policy,
				      &block);
	if (code)
		return code;
	arena_init(&arena, NFT_BUDGET);
	ruleset = ruleset_build(&arena, &settings, &policy, RULESET_ENFORCE);
	if (ruleset)
		ruleset_print(ruleset, &out);
	if (!ruleset || text_failed(&out)) {
		fprintf(stderr, "cordon rules nft: out of memory\n");
		code = EXIT_NO;
	} else {
		fputs(out.data, stdout);
	}
	text_release(&out);
	arena_release(&arena);
	free(block);
	return code;
}

static int reload(const struct cli *cli)
{
	const struct control_request request = { .type = CONTROL_RELOAD };
	char *reply;
	int code = command_ask(cli, &request, false, &reply);

	if (reply)
		fputs(reply, code ? stderr : stdout);
	free(reply);
	return code;
}

int command_rules(const struct cli *cli, int argc, char **argv)
{
	static const struct option options[] = {
		{ "rules", required_argument, NULL, 'r' },
		{ 0 },
	};
	const char *folder = NULL, *verb;
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option != 'r')
			return command_usage("rules", "expected check, nft or reload");
		folder = optarg;
	}
	verb = optind < argc ? argv[optind] : "";
	if (strcmp(verb, "reload") == 0 && optind + 1 == argc)
		return reload(cli);
	if (!ENABLED(CONFIG_AUTHORING))
		return command_usage("rules", "expected reload (this build has no authoring tools)");
	if (strcmp(verb, "check") == 0 && optind + 1 < argc)
		return check(argv + optind + 1);
	if (strcmp(verb, "nft") == 0 && optind + 1 == argc)
		return print_nft(cli, folder);
	return command_usage("rules", "expected check FILE..., nft or reload");
}

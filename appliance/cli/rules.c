/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "appliance/base/arena.h"
#include "appliance/base/config.h"
#include "appliance/base/file.h"
#include "appliance/cli/commands.h"
#include "appliance/cli/rules_check.h"
#include "appliance/cli/shipped.h"
#include "appliance/command/command.h"
#include "appliance/settings/lists.h"
#include "rules/nft/netlink.h"
#include "rules/nft/outside.h"
#include "rules/nft/ruleset.h"
#include "rules/policy/diff.h"

enum { DIFF_BUDGET = 1 << 30, NFT_BUDGET = 256 << 20 };

/* As the daemon finds it on this machine; what cannot be read is guarded there, too. */
static void find_outside(const struct settings *settings, struct ruleset_outside *outside)
{
	static struct outside_links links;
	struct netlink netlink;

	links.count = 0;
	if (netlink_open(&netlink, NETLINK_ROUTE) == 0) {
		if (outside_read(&netlink, &links) < 0)
			links.count = 0;
		netlink_close(&netlink);
	}
	outside_choose(&links, settings, outside);
}

static int print_nft(const struct cli *cli, const char *folder)
{
	struct ruleset_outside outside;
	struct provenance provenance;
	struct settings settings;
	struct policy policy;
	struct ruleset *ruleset;
	struct arena arena;
	struct text out = TEXT_EMPTY;
	void *block;
	int code = command_settings(cli, &settings);

	if (!code)
		code = folder ? command_policy(folder, &settings, &policy, &block)
			      : command_policy_in_force(cli, &settings, &policy, &block,
							&provenance);
	if (code)
		return code;
	arena_init(&arena, NFT_BUDGET);
	find_outside(&settings, &outside);
	ruleset = ruleset_build(&arena, &settings, &policy, RULESET_ENFORCE, &outside);
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

/* ---- diff ---- */

/* One side of a comparison: a folder of lists, or one. */
struct list_set {
	struct list_file file[SETTINGS_LISTS];
	struct rule_list list[SETTINGS_LISTS];
	size_t count;
};

static int open_list(struct list_file *file, const char *path, struct diag *diag)
{
	file->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (file->fd >= 0)
		return 0;
	diag_error(diag, path, 0, 0, "cannot open: %s", strerror(errno));
	return -EINVAL;
}

static int open_set(struct list_set *set, const char *path, struct diag *diag)
{
	struct stat status;
	int error;

	if (stat(path, &status) == 0 && S_ISDIR(status.st_mode)) {
		error = lists_open(path, set->file, &set->count, diag);
		for (size_t i = 0; !error && i < set->count; i++)
			set->list[i].source = set->file[i].name;
		return error;
	}
	error = open_list(&set->file[0], path, diag);
	set->list[0].source = path;
	set->count = error ? 0 : 1;
	return error;
}

static int parse_file(struct rule_list *list, int fd, struct arena *arena, struct diag *diag)
{
	const char *source = list->source;
	char *text;
	size_t length;
	int error = file_read_fd(fd, LIST_FILE_MAX, &text, &length);

	if (error) {
		diag_error(diag, source, 0, 0, "cannot read: %s", strerror(-error));
		return error;
	}
	error = rule_list_parse(list, arena, source, text, length, diag);
	free(text);
	return error;
}

static int parse_set(struct list_set *set, const char *path, struct arena *arena,
		     struct diag *diag)
{
	int error = open_set(set, path, diag);

	if (error)
		return error;
	for (size_t i = 0; !error && i < set->count; i++)
		error = parse_file(&set->list[i], set->file[i].fd, arena, diag);
	lists_close(set->file, set->count);
	return error;
}

static int print_diff(const struct diff *diff, bool json)
{
	struct text out = TEXT_EMPTY;
	int error = 0;

	if (json)
		error = diff_print_json(diff, &out);
	else
		diff_print(diff, &out);
	if (error || text_failed(&out))
		fprintf(stderr, "cordon rules diff: out of memory\n");
	else
		fputs(out.data, stdout);
	error = error || text_failed(&out);
	text_release(&out);
	return error ? EXIT_USAGE : diff_changed(diff) ? EXIT_NO : EXIT_YES;
}

/* 1 says that something changed, as of diff(1); what cannot be compared is 2. */
static int compare(const char *old, const char *new, bool json)
{
	struct list_set before = { .count = 0 }, after = { .count = 0 };
	struct diff *diff = NULL;
	struct arena arena;
	struct diag diag;
	int code = EXIT_USAGE, error;

	diag_init(&diag);
	arena_init(&arena, DIFF_BUDGET);
	error = parse_set(&before, old, &arena, &diag);
	if (!error)
		error = parse_set(&after, new, &arena, &diag);
	if (!error)
		error = diff_new(&diff, before.list, before.count, after.list, after.count, NULL,
				 &diag);
	if (!error)
		code = print_diff(diff, json);
	else if (diag.count == 0)
		fprintf(stderr, "cordon rules diff: %s\n", strerror(-error));
	command_print_diag(&diag);
	diff_free(diff);
	arena_release(&arena);
	return code;
}

static int reload(const struct cli *cli)
{
	const struct control_request request = { .type = CONTROL_RELOAD };

	return command_tell(cli, &request);
}

int command_rules(const struct cli *cli, int argc, char **argv)
{
	static const struct option options[] = {
		{ "rules", required_argument, NULL, 'r' },
		{ "json", no_argument, NULL, 'j' },
		{ 0 },
	};
	const char *folder = NULL, *verb;
	bool json = false;
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 'r')
			folder = optarg;
		else if (option == 'j')
			json = true;
		else
			return command_usage("rules",
					     "expected check, diff, nft, outdated or reload");
	}
	verb = optind < argc ? argv[optind] : "";
	if (folder && strcmp(verb, "nft") != 0)
		return command_usage("rules", "--rules goes with nft alone");
	if (json && (strcmp(verb, "nft") == 0 || strcmp(verb, "reload") == 0))
		return command_usage("rules", "--json goes with check, diff and outdated");
	if (strcmp(verb, "reload") == 0 && optind + 1 == argc)
		return reload(cli);
	if (strcmp(verb, "outdated") == 0 && optind + 1 == argc)
		return shipped_print(cli, json);
	if (!ENABLED(CONFIG_AUTHORING))
		return command_usage(
			"rules", "expected outdated or reload (this build has no authoring tools)");
	if (strcmp(verb, "check") == 0 && optind + 1 < argc)
		return rules_check(argv + optind + 1, json);
	if (strcmp(verb, "nft") == 0 && optind + 1 == argc)
		return print_nft(cli, folder);
	if (strcmp(verb, "diff") == 0 && optind + 3 == argc)
		return compare(argv[optind + 1], argv[optind + 2], json);
	return command_usage("rules",
			     "expected check FILE..., diff OLD NEW, nft, outdated or reload");
}

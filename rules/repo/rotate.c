/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "appliance/base/clock.h"
#include "appliance/command/command.h"
#include "rules/publisher/rotation.h"
#include "rules/repo/commands.h"
#include "rules/repo/repo.h"

/* rotate and delegate: other keys, thresholds, delegations. */

enum { ADD_OPTION, THRESHOLD_OPTION, REMOVE_OPTION, EXPIRES_OPTION, PATHS_OPTION };

static const struct repo_option rotate_table[] = {
	[ADD_OPTION] = { "add", REPO_MANY },
	[THRESHOLD_OPTION] = { "threshold", REPO_ONE },
	[REMOVE_OPTION] = { "remove", REPO_MANY },
	[EXPIRES_OPTION] = { "expires", REPO_ONE },
	{ 0 },
};

static const struct repo_option delegate_table[] = {
	[ADD_OPTION] = { "add", REPO_MANY },
	[THRESHOLD_OPTION] = { "threshold", REPO_ONE },
	[REMOVE_OPTION] = { "remove", REPO_FLAG },
	[EXPIRES_OPTION] = { "expires", REPO_ONE },
	[PATHS_OPTION] = { "paths", REPO_MANY },
	{ 0 },
};

/* What the words say, in memory of its own. */
struct rotate_wanted {
	struct rotation rotation;
	struct keyring_key add[KEYRING_KEYS];
	const char *remove[KEYRING_KEYS];
	const char *pattern[ROTATION_PATTERNS];
};

static int take_value(struct rotate_wanted *wanted, size_t option, const char *text,
		      struct diag *diag)
{
	struct rotation *rotation = &wanted->rotation;

	if (option == ADD_OPTION) {
		if (rotation->adds == KEYRING_KEYS)
			return -E2BIG;
		return repo_public(&wanted->add[rotation->adds++], text, diag);
	}
	if (option == REMOVE_OPTION && *text) {
		if (rotation->removes == KEYRING_KEYS)
			return -E2BIG;
		wanted->remove[rotation->removes++] = text;
	} else if (option == PATHS_OPTION) {
		if (rotation->patterns == ROTATION_PATTERNS)
			return -E2BIG;
		wanted->pattern[rotation->patterns++] = text;
	}
	return 0;
}

static int take_values(struct rotate_wanted *wanted, const struct repo_words *words,
		       struct diag *diag)
{
	int error = 0;

	wanted->rotation.role = words->word[1];
	wanted->rotation.add = wanted->add;
	wanted->rotation.remove = wanted->remove;
	wanted->rotation.pattern = wanted->pattern;
	for (size_t i = 0; !error && i < words->values; i++)
		error = take_value(wanted, words->value[i].option, words->value[i].text, diag);
	return error;
}

static int stage(struct repository *repository, const struct repo_words *words,
		 struct rotate_wanted *wanted, struct diag *diag)
{
	struct text notes = TEXT_EMPTY;
	int error = take_values(wanted, words, diag);

	if (!error)
		error = rotation_stage(repository, &wanted->rotation, clock_wall(), &notes, diag);
	if (!error)
		fputs(notes.data ? notes.data : "", stdout);
	text_release(&notes);
	return error;
}

static bool is_online(const char *role)
{
	enum metadata_type type = repository_type(role);

	return type == METADATA_SNAPSHOT || type == METADATA_TIMESTAMP;
}

static int renew(struct repository *repository, const struct repo_words *words, int64_t period,
		 struct diag *diag)
{
	const char *role = words->word[1];

	if (is_online(role)) {
		diag_error(diag, role, 0, 0, "\"cordon repo timestamp\" renews this role");
		return -EINVAL;
	}
	return rotation_renew(repository, role, clock_wall(), period, diag);
}

/*
 * A new key meets the repository here, when it is opened with a key that has met it before. As long
 * as nothing is published the first root has just changed, and its fingerprint with it.
 */
static int introduce(const struct repo_words *words, const struct repo_folder *folder,
		     struct diag *diag)
{
	char id[METADATA_KEYID];
	struct metadata *root;
	int error;

	if (folder->repository.root)
		return folder->keys.count ? repo_pin_given(words, ADD_OPTION, ADD_OPTION,
							   folder->repository.id) : 0;
	error = repository_staged(&folder->repository, "root", &root, diag);
	if (!error)
		error = metadata_fingerprint(root, id);
	metadata_free(root);
	if (!error && strcmp(id, folder->repository.id) != 0)
		printf("fingerprint %s\n  from now on: everybody who signs types it once more\n",
		       id);
	return error;
}

static int run(const struct repo_words *words, struct rotate_wanted *wanted, bool only_renew)
{
	static struct repo_folder folder;
	struct diag diag;
	int error, code = repo_folder_open(&folder, words, REPO_ALONE);

	if (code)
		return code;
	diag_init(&diag);
	error = only_renew ? renew(&folder.repository, words, wanted->rotation.period, &diag) :
			     stage(&folder.repository, words, wanted, &diag);
	if (!error)
		error = introduce(words, &folder, &diag);
	if (!error)
		printf("staged; \"cordon repo status %s\" says whose signatures are missing\n",
		       words->word[0]);
	repo_folder_close(&folder);
	return repo_report(words->word[0], &diag, error);
}

static int prepare(struct rotate_wanted **wanted, const struct repo_words *words)
{
	const char *threshold = repo_value(words, THRESHOLD_OPTION);
	int code;

	*wanted = calloc(1, sizeof(**wanted));
	if (!*wanted)
		return EXIT_NO;
	code = repo_period(words, repo_value(words, EXPIRES_OPTION), &(*wanted)->rotation.period);
	if (!code && threshold)
		code = repo_number(words, threshold, 1, &(*wanted)->rotation.threshold);
	return code;
}

int repo_rotate(int argc, char **argv)
{
	struct repo_words words;
	struct rotate_wanted *wanted = NULL;
	int code = repo_words(&words, "repo rotate", rotate_table, argc, argv);

	if (!code && words.words != 2)
		code = command_usage("repo rotate", "expected DIR ROLE");
	if (!code)
		code = prepare(&wanted, &words);
	if (!code)
		code = run(&words, wanted, !repo_value(&words, ADD_OPTION) &&
			   !repo_value(&words, REMOVE_OPTION) &&
			   !repo_value(&words, THRESHOLD_OPTION) && !is_online(words.word[1]));
	free(wanted);
	return code;
}

int repo_delegate(int argc, char **argv)
{
	struct repo_words words;
	struct rotate_wanted *wanted = NULL;
	int code = repo_words(&words, "repo delegate", delegate_table, argc, argv);
	bool drop = !code && repo_value(&words, REMOVE_OPTION);

	if (!code && (words.words != 2 || (!drop && !repo_value(&words, PATHS_OPTION))))
		code = command_usage("repo delegate", "expected DIR ROLE --paths PATTERN..., or "
				     "--remove");
	if (!code && (repository_type(words.word[1]) != METADATA_TARGETS ||
		      strcmp(words.word[1], "targets") == 0))
		code = command_usage("repo delegate", "%s is a role of root, not a delegated one",
				     words.word[1]);
	if (!code && drop && strcmp(words.word[1], "rules") == 0)
		code = command_usage("repo delegate",
				     "without the role rules there are no releases: "
				     "\"cordon repo rotate\" changes its keys");
	if (!code)
		code = prepare(&wanted, &words);
	if (!code) {
		wanted->rotation.create = !drop;
		wanted->rotation.drop = drop;
		code = run(&words, wanted, false);
	}
	free(wanted);
	return code;
}

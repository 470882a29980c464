/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "appliance/base/clock.h"
#include "appliance/base/file.h"
#include "appliance/command/command.h"
#include "rules/policy/compile.h"
#include "rules/publisher/edition.h"
#include "rules/publisher/plan.h"
#include "rules/repo/commands.h"
#include "rules/repo/repo.h"

enum { RING_OPTION, NO_RINGS_OPTION, BLOCK_OPTION, PASS_OPTION, RULES_OPTION, SHARE_OPTION,
       DROP_OPTION, START_OPTION, EXPIRES_OPTION };

enum { DEFAULT_MAX_RULES = 500000 };

static const struct repo_option table[] = {
	[RING_OPTION] = { "ring", REPO_MANY },
	[NO_RINGS_OPTION] = { "no-rings", REPO_FLAG },
	[BLOCK_OPTION] = { "canary-block", REPO_MANY },
	[PASS_OPTION] = { "canary-pass", REPO_MANY },
	[RULES_OPTION] = { "max-rules", REPO_ONE },
	[SHARE_OPTION] = { "max-address-share", REPO_ONE },
	[DROP_OPTION] = { "drop", REPO_MANY },
	[START_OPTION] = { "start", REPO_ONE },
	[EXPIRES_OPTION] = { "expires", REPO_ONE },
	{ 0 },
};

/* The newest release, which the next one begins with; an empty one when there is none. */
static int load_last(struct bundle *last, const struct repository *repository, struct diag *diag)
{
	int error = edition_staged(last, repository, diag);

	if (error == -ENOENT)
		error = edition_published(last, repository, diag);
	if (error != -ENOENT)
		return error;
	last->release.max_rules = DEFAULT_MAX_RULES;
	last->release.max_share = POLICY_DEFAULT_V4_SHARE;
	return 0;
}

static int add_ring(struct release *release, const struct repo_words *words, const char *text)
{
	struct release_ring *ring = &release->ring[release->rings];
	const char *delay;

	if (release->rings == RELEASE_RINGS)
		return command_usage(words->command, "at most %d rings", RELEASE_RINGS);
	if (!repo_pair(text, ring->name, sizeof(ring->name), &delay) ||
	    duration_parse(&ring->delay, delay, strlen(delay)) < 0)
		return command_usage(words->command,
				     "--ring %s: expected NAME=DELAY as canary=0 or broad=1d",
				     text);
	for (size_t i = 0; i < release->rings; i++) {
		if (strcmp(release->ring[i].name, ring->name) == 0)
			return command_usage(words->command, "--ring %s: given twice", ring->name);
	}
	release->rings++;
	return 0;
}

static int add_canary(char (*canary)[RELEASE_CANARY], size_t *count, const struct repo_words *words,
		      const char *text)
{
	if (*count == RELEASE_CANARIES || strlen(text) >= RELEASE_CANARY)
		return command_usage(words->command, "at most %d canaries of %d characters",
				     RELEASE_CANARIES, RELEASE_CANARY - 1);
	snprintf(canary[(*count)++], RELEASE_CANARY, "%s", text);
	return 0;
}

static int set_limit(struct release *release, const struct repo_words *words, size_t option,
		     const char *text)
{
	int64_t number;
	int code = repo_number(words, text, 1, &number);

	if (code)
		return code;
	if (option == RULES_OPTION)
		release->max_rules = (uint64_t)number;
	else if (number > 65536)
		return command_usage(words->command, "--max-address-share: in 1/65536 of all IPv4 "
				     "addresses");
	else
		release->max_share = (unsigned int)number;
	return 0;
}

/* What is given replaces what the last release had. */
static int set_header(struct release *release, const struct repo_words *words)
{
	int code = 0;

	if (repo_value(words, RING_OPTION) || repo_value(words, NO_RINGS_OPTION))
		release->rings = 0;
	if (repo_value(words, BLOCK_OPTION))
		release->blocks = 0;
	if (repo_value(words, PASS_OPTION))
		release->passes = 0;
	for (size_t i = 0; !code && i < words->values; i++) {
		const char *text = words->value[i].text;

		switch (words->value[i].option) {
		case RING_OPTION:
			code = add_ring(release, words, text);
			break;
		case BLOCK_OPTION:
			code = add_canary(release->block, &release->blocks, words, text);
			break;
		case PASS_OPTION:
			code = add_canary(release->pass, &release->passes, words, text);
			break;
		case RULES_OPTION:
		case SHARE_OPTION:
			code = set_limit(release, words, words->value[i].option, text);
			break;
		default:
			break;
		}
	}
	return code;
}

static int read_lists(struct bundle *bundle, const struct repo_words *words, struct diag *diag)
{
	int result = 0;

	for (size_t i = 1; i < words->words; i++) {
		char *text;
		size_t size;
		int error = file_read(AT_FDCWD, words->word[i], RELEASE_LIST_MAX, &text, &size);

		if (error)
			diag_error(diag, words->word[i], 0, 0, "cannot read: %s", strerror(-error));
		else
			error = edition_add(bundle, words->word[i], text, size, diag);
		result = result ? result : error;
	}
	return result;
}

/* By their bytes: comments and evidence are signed, too. */
static bool same_lists(const struct release *old, const struct release *new)
{
	bool same = old->lists == new->lists;

	for (size_t i = 0; same && i < new->lists; i++)
		same = strcmp(old->list[i].name, new->list[i].name) == 0 &&
		       memcmp(old->list[i].sha256, new->list[i].sha256,
			      sizeof(old->list[i].sha256)) == 0;
	return same;
}

/* Against what is published now. */
static int print_difference(const struct bundle *bundle, const struct repository *repository,
			    struct diag *diag)
{
	struct diff_counts counts;
	struct bundle old;
	struct diff *diff;
	int error = edition_published(&old, repository, diag);
	const bool first = error == -ENOENT;

	if (error && !first)
		return error;
	error = edition_diff(&diff, first ? NULL : &old, bundle, diag);
	if (!error) {
		diff_count(diff, &counts);
		printf("%zu newly blocked, %zu no longer blocked, %zu otherwise changed\n",
		       counts.blocked, counts.unblocked, counts.changed);
		if (!first && same_lists(&old.release, &bundle->release))
			printf("the lists are those of release %" PRId64 ", published already\n",
			       old.release.version);
		diff_free(diff);
	}
	if (!first)
		bundle_release(&old);
	return error;
}

static int stage(struct bundle *bundle, const struct repository *repository,
		 const struct repo_words *words, int64_t start, int64_t period,
		 struct diag *diag)
{
	struct metadata *root = NULL;
	struct signing before;
	size_t rules = 0;
	int error = edition_default_canaries(bundle, diag);

	if (!error)
		error = edition_check(bundle, &rules, diag);
	if (!error)
		error = repository_newest(repository, "root", &root, diag);
	if (error == -ENOENT)
		diag_error(diag, repository->path, 0, 0,
			   "there is no root: expected \"cordon repo init\" first");
	if (signing_load(&before, repository, "rules", NULL) < 0)
		before.demands = 0;
	if (!error)
		error = edition_stage(bundle, repository, clock_wall(), start,
				      period ? period : plan_period(root, "rules"), diag);
	metadata_free(root);
	if (error)
		return error;
	repo_warn_of_signatures(&before);
	printf("release %" PRId64 " staged: %zu list%s, %zu rules\n", bundle->release.version,
	       bundle->release.lists, bundle->release.lists == 1 ? "" : "s", rules);
	error = print_difference(bundle, repository, diag);
	if (!error)
		printf("next: cordon repo sign %s --key FILE, each on their own machine\n",
		       words->word[0]);
	return error;
}

static int drop_lists(struct bundle *bundle, const struct repo_words *words, struct diag *diag)
{
	for (size_t i = 0; i < words->values; i++) {
		if (words->value[i].option != DROP_OPTION ||
		    edition_drop(bundle, words->value[i].text))
			continue;
		diag_error(diag, words->value[i].text, 0, 0, "the last release has no list of this "
			   "name to drop");
		return -ENOENT;
	}
	return 0;
}

/* Rings, limits, canaries and lists of the last release stay unless others are given. */
static int build(struct bundle *bundle, const struct repository *repository,
		 const struct repo_words *words, int *code, struct diag *diag)
{
	struct bundle *last = calloc(1, sizeof(*last));
	int error = last ? load_last(last, repository, diag) : -ENOMEM;

	if (!error) {
		bundle->release = last->release;
		bundle->release.lists = 0;
		*code = set_header(&bundle->release, words);
	}
	if (!error && !*code)
		error = drop_lists(last, words, diag);
	if (!error && !*code)
		error = read_lists(bundle, words, diag);
	if (!error && !*code)
		error = edition_keep(bundle, last, diag);
	if (last)
		bundle_release(last);
	free(last);
	return error;
}

static int add(struct bundle *bundle, const struct repository *repository,
	       const struct repo_words *words)
{
	struct diag diag;
	int64_t period, start;
	int error, code = repo_period(words, repo_value(words, EXPIRES_OPTION), &period);

	if (!code)
		code = repo_period(words, repo_value(words, START_OPTION), &start);
	if (code)
		return code;
	diag_init(&diag);
	error = build(bundle, repository, words, &code, &diag);
	if (code)
		return code;
	if (!error)
		error = stage(bundle, repository, words, start, period, &diag);
	return repo_report(words->word[0], &diag, error);
}

int repo_add(int argc, char **argv)
{
	static struct repo_folder folder;
	struct repo_words words;
	struct bundle *bundle;
	int code = repo_words(&words, "repo add", table, argc, argv);

	if (code)
		return code;
	if (words.words < 1 || (words.words < 2 && words.values == 0))
		return command_usage("repo add",
				     "expected DIR and LIST... or an option; to renew the "
				     "signatures alone: \"cordon repo rotate DIR rules\"");
	code = repo_folder_open(&folder, &words, REPO_ALONE);
	if (code)
		return code;
	bundle = calloc(1, sizeof(*bundle));
	code = bundle ? add(bundle, &folder.repository, &words) : EXIT_NO;
	if (bundle)
		bundle_release(bundle);
	free(bundle);
	repo_folder_close(&folder);
	return code;
}

/* ---- revert ---- */

static int revert(const struct repository *repository, const struct repo_words *words,
		  int64_t version, struct diag *diag)
{
	struct bundle *bundle = malloc(sizeof(*bundle));
	int64_t from;
	int error = bundle ? edition_find(bundle, repository, version, diag) : -ENOMEM;

	if (!error) {
		from = bundle->release.version;
		printf("the content of release %" PRId64 ":\n", from);
		error = stage(bundle, repository, words, 0, 0, diag);
		bundle_release(bundle);
	}
	free(bundle);
	return error;
}

int repo_revert(int argc, char **argv)
{
	static const struct repo_option options[] = { { "to", REPO_ONE }, { 0 } };
	static struct repo_folder folder;
	struct repo_words words;
	struct diag diag;
	int64_t version = 0;
	int code = repo_words(&words, "repo revert", options, argc, argv);

	if (!code && repo_value(&words, 0))
		code = repo_number(&words, repo_value(&words, 0), 1, &version);
	if (code)
		return code;
	if (words.words != 1)
		return command_usage("repo revert", "expected DIR");
	code = repo_folder_open(&folder, &words, REPO_ALONE);
	if (code)
		return code;
	diag_init(&diag);
	code = repo_report(words.word[0], &diag,
			   revert(&folder.repository, &words, version, &diag));
	repo_folder_close(&folder);
	return code;
}

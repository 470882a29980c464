/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "appliance/base/clock.h"
#include "appliance/command/command.h"
#include "rules/publisher/edition.h"
#include "rules/repo/commands.h"
#include "rules/repo/repo.h"

/* publish, timestamp and hold: what an online key does. */

enum { KEY_OPTION, FILE_OPTION, EXPIRES_OPTION, LIFT_OPTION };

static const struct repo_option table[] = {
	[KEY_OPTION] = { "key", REPO_MANY },
	[FILE_OPTION] = { "passphrase-file", REPO_ONE },
	[EXPIRES_OPTION] = { "expires", REPO_ONE },
	{ 0 },
};

static const struct repo_option hold_table[] = {
	[KEY_OPTION] = { "key", REPO_MANY },
	[FILE_OPTION] = { "passphrase-file", REPO_ONE },
	[EXPIRES_OPTION] = { "expires", REPO_ONE },
	[LIFT_OPTION] = { "lift", REPO_FLAG },
	{ 0 },
};

typedef int publish_function(struct audit *audit, struct repository *repository,
			     const struct publish_options *options, struct diag *diag);

static int load_keys(struct secret *secret[PUBLISH_SECRETS], size_t *count,
		     struct repo_keys *keys, const struct repo_words *words)
{
	struct key key;
	int code = 0;

	for (size_t i = 0; !code && i < words->values; i++) {
		if (words->value[i].option != KEY_OPTION)
			continue;
		if (*count == PUBLISH_SECRETS)
			return command_usage(words->command, "at most %d keys", PUBLISH_SECRETS);
		code = repo_secret(&secret[*count], words->value[i].text,
				   repo_value(words, FILE_OPTION));
		if (code)
			break;
		secret_public(secret[(*count)++], &key);
		code = repo_keys_add(keys, words->value[i].text, &key);
	}
	if (!code && *count == 0)
		return command_usage(words->command, "expected --key FILE: an online key");
	return code;
}

static void print_result(const struct audit *audit, int64_t now)
{
	for (size_t i = 0; i < audit->roles; i++) {
		const struct audit_role *role = &audit->role[i];
		char expiry[64], name[64];

		repo_print_expiry(role->expires, now, expiry, sizeof(expiry));
		printf("%-10s version %-4" PRId64 " until %s\n",
		       text_name(name, sizeof(name), role->name), role->version, expiry);
	}
	if (audit->hold)
		printf("hold       release %" PRId64 " waits for everybody who has not taken it\n",
		       audit->hold);
}

/* The delays count from when the release was staged, and people took their time to sign it. */
static void warn_of_rings(const struct repository *repository, int64_t now)
{
	struct bundle bundle;
	const struct release *release = &bundle.release;

	if (edition_staged(&bundle, repository, NULL))
		return;
	for (size_t i = 0; i < release->rings; i++) {
		if (release->ring[i].delay == 0 ||
		    release->published + (int64_t)release->ring[i].delay > now)
			continue;
		fprintf(stderr, "cordon repo publish: warning: the delay of ring %s is over: it "
			"counts from when the release was added, or from --start\n",
			release->ring[i].name);
	}
	bundle_release(&bundle);
}

static int work(const struct repo_words *words, struct repo_keys *keys, publish_function *function,
		struct publish_options *options)
{
	static struct audit audit;
	struct repository repository;
	struct diag diag;
	int error, code;

	diag_init(&diag);
	code = repo_open(&repository, words, keys, REPO_ALONE, &diag);
	if (code)
		return code;
	if (function == publish_staged)
		warn_of_rings(&repository, options->now);
	error = function(&audit, &repository, options, &diag);
	if (!error) {
		print_result(&audit, options->now);
		error = repo_keys_published(keys, &(struct seen_now){ .repository = repository.id,
								      .audit = &audit });
	}
	audit_release(&audit);
	repository_close(&repository);
	return repo_report(words->word[0], &diag, error);
}

static int run(const struct repo_words *words, publish_function *function, enum publish_hold hold)
{
	struct publish_options options = { .now = clock_wall(), .hold = hold };
	struct secret *secret[PUBLISH_SECRETS] = { NULL };
	static struct repo_keys keys;
	int code;

	if (words->words != 1)
		return command_usage(words->command, "expected DIR --key FILE");
	code = repo_period(words, repo_value(words, EXPIRES_OPTION), &options.period);
	if (!code)
		code = load_keys(secret, &options.secrets, &keys, words);
	for (size_t i = 0; i < options.secrets; i++)
		options.secret[i] = secret[i];
	if (!code)
		code = work(words, &keys, function, &options);
	for (size_t i = 0; i < PUBLISH_SECRETS; i++)
		secret_free(secret[i]);
	repo_keys_release(&keys);
	return code;
}

int repo_publish(int argc, char **argv)
{
	struct repo_words words;
	int code = repo_words(&words, "repo publish", table, argc, argv);

	return code ? code : run(&words, publish_staged, PUBLISH_HOLD_KEEP);
}

int repo_timestamp(int argc, char **argv)
{
	struct repo_words words;
	int code = repo_words(&words, "repo timestamp", table, argc, argv);

	return code ? code : run(&words, publish_timestamp, PUBLISH_HOLD_KEEP);
}

int repo_hold(int argc, char **argv)
{
	struct repo_words words;
	int code = repo_words(&words, "repo hold", hold_table, argc, argv);

	if (code)
		return code;
	return run(&words, publish_timestamp,
		   repo_value(&words, LIFT_OPTION) ? PUBLISH_HOLD_LIFT : PUBLISH_HOLD_SET);
}

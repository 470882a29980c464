/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/repo.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "signed/publisher/audit.h"
#include "signed/publisher/change.h"
#include "signed/publisher/edition.h"
#include "signed/publisher/signing.h"

/* sign and status: what is staged, and who has signed it. */

enum { KEY_OPTION, ROOT_OPTION, FILE_OPTION, YES_OPTION };

static const struct repo_option table[] = {
	[KEY_OPTION] = { "key", REPO_ONE },
	[ROOT_OPTION] = { "root", REPO_ONE },
	[FILE_OPTION] = { "passphrase-file", REPO_ONE },
	[YES_OPTION] = { "yes", REPO_FLAG },
	{ 0 },
};

struct sign {
	const struct repository *repository;
	const struct secret *secret;
	struct key key;
	struct diag *diag;
	size_t found;		/* staged roles that this key may sign */
	size_t unsigned_;	/* those of them that it has not signed yet */
	struct diff_counts counts;	/* what the staged release changes */
	int64_t now;
};

/* ---- showing ---- */

static void print_release(const struct bundle *bundle)
{
	const struct release *release = &bundle->release;
	char published[32];

	printf("release %" PRId64 ":", release->version);
	for (size_t i = 0; i < release->lists; i++)
		printf(" %s", release->list[i].name);
	printf("\nlimits: %" PRIu64 " rules, %u/65536 of the IPv4 addresses\n", release->max_rules,
	       release->max_share);
	metadata_time_print(release->published, published);
	for (size_t i = 0; i < release->rings; i++)
		printf("ring %s: %" PRIu64 " s after %s\n", release->ring[i].name,
		       release->ring[i].delay, published);
	for (size_t i = 0; i < release->blocks; i++)
		printf("canary: %s must be blocked\n", release->block[i]);
	for (size_t i = 0; i < release->passes; i++)
		printf("canary: %s must pass\n", release->pass[i]);
}

static int print_diff(struct sign *sign, const struct bundle *new)
{
	struct text text = TEXT_EMPTY;
	struct bundle old;
	struct diff *diff;
	int error = edition_published(&old, sign->repository, sign->diag);
	const bool first = error == -ENOENT;

	if (error && !first)
		return error;
	error = edition_diff(&diff, first ? NULL : &old, new, sign->diag);
	if (!error) {
		diff_print(diff, &text);
		diff_count(diff, &sign->counts);
		fputs(text.data ? text.data : "", stdout);
		diff_free(diff);
	}
	text_release(&text);
	if (!first)
		bundle_release(&old);
	return error;
}

/* Nothing but the release and its lists: what is not shown is not signed. */
static int check_rules(const struct sign *sign, const struct metadata *rules,
		       const struct bundle *bundle)
{
	size_t ignored;

	if (rules->roles || rules->files != bundle->release.lists + 1) {
		diag_error(sign->diag, "rules", 0, 0,
			   "expected the release and its lists alone, and "
			   "there is more in the metadata");
		return -EINVAL;
	}
	return edition_check(bundle, &ignored, sign->diag);
}

static int show_rules(struct sign *sign, const struct metadata *rules)
{
	struct bundle bundle;
	int error;

	if (rules->files == 0 && rules->roles == 0) {
		puts("no release yet");
		return 0;
	}
	error = edition_load(&bundle, sign->repository, rules, sign->diag);
	if (error == -ENOENT)
		diag_error(sign->diag, "rules", 0, 0, "targets without a release");
	if (error)
		return error == -ENOENT ? -EINVAL : error;
	error = check_rules(sign, rules, &bundle);
	if (!error) {
		print_release(&bundle);
		error = print_diff(sign, &bundle);
	}
	bundle_release(&bundle);
	return error;
}

static void show_targets(const struct metadata *metadata)
{
	char name[METADATA_NAME];

	for (size_t i = 0; i < metadata->files; i++)
		printf("target %s, %" PRId64 " bytes\n",
		       repo_clean(metadata->file[i].name, name, sizeof(name)),
		       metadata->file[i].length);
	if (metadata->type == METADATA_TARGETS && metadata->files == 0 && metadata->roles == 0)
		puts("no targets");
}

static int show_changes(const struct sign *sign, const char *role, const struct metadata *new)
{
	struct metadata *old;
	struct text text = TEXT_EMPTY;
	int error = repository_published(sign->repository, role, &old, sign->diag);

	if (error && error != -ENOENT)
		return error;
	change_print(old, new, &text);
	fputs(text.data ? text.data : "", stdout);
	text_release(&text);
	metadata_free(old);
	show_targets(new);
	return 0;
}

static int show(struct sign *sign, const struct signing *signing)
{
	char name[METADATA_NAME], expiry[64];
	struct metadata *metadata;
	int error = repository_staged(sign->repository, signing->role, &metadata, sign->diag);

	if (error)
		return error;
	repo_print_expiry(metadata->expires, sign->now, expiry, sizeof(expiry));
	printf("\n==== %s, version %" PRId64 ", valid until %s\n",
	       repo_clean(signing->role, name, sizeof(name)), metadata->version, expiry);
	if (strcmp(signing->role, "rules") == 0)
		error = show_rules(sign, metadata);
	else if (strcmp(signing->role, "images") == 0)
		error = repo_show_images(sign->repository, metadata, sign->diag);
	else if (metadata->type == METADATA_ROOT || strcmp(signing->role, "targets") == 0)
		error = show_changes(sign, signing->role, metadata);
	else
		show_targets(metadata);
	metadata_free(metadata);
	return error;
}

/* ---- the roles, one by one ---- */

static int show_role(void *context, const char *role)
{
	struct sign *sign = context;
	const struct signing_key *mine;
	struct signing signing;
	int error = signing_load(&signing, sign->repository, role, sign->diag);

	if (error)
		return error == -ENOENT ? 0 : error;
	mine = signing_may(&signing, &sign->key);
	if (!mine)
		return 0;
	sign->found++;
	sign->unsigned_ += !mine->has_signed;
	return show(sign, &signing);
}

static int sign_role(void *context, const char *role)
{
	struct sign *sign = context;
	struct signing signing;
	int error = signing_load(&signing, sign->repository, role, sign->diag);

	if (error)
		return error == -ENOENT ? 0 : error;
	return signing_may(&signing, &sign->key) ?
		       signing_add(&signing, sign->repository, sign->secret, sign->diag) : 0;
}

struct status {
	const struct repository *repository;
	struct diag *diag;
	json_t *array;		/* NULL: print */
	size_t staged;
	size_t incomplete;
};

static void print_staged(const struct signing *signing)
{
	struct text who = TEXT_EMPTY;
	char name[METADATA_NAME];

	signing_print(signing, &who);
	printf("%-10s version %" PRId64 ": %s\n", repo_clean(signing->role, name, sizeof(name)),
	       signing->version, who.data ? who.data : "");
	text_release(&who);
}

static json_t *demand_json(const struct signing_demand *demand)
{
	json_t *have = json_array(), *missing = json_array();

	for (size_t i = 0; i < demand->keys; i++)
		json_array_append_new(demand->key[i].has_signed ? have : missing,
				      json_string(demand->key[i].name));
	return json_pack("{s:s, s:I, s:o, s:o}", "by", demand->by, "threshold",
			 (json_int_t)demand->threshold, "signed", have, "unsigned", missing);
}

static json_t *staged_json(const struct signing *signing)
{
	json_t *demands = json_array();

	for (size_t i = 0; i < signing->demands; i++)
		json_array_append_new(demands, demand_json(&signing->demand[i]));
	return json_pack("{s:s, s:I, s:b, s:o}", "role", signing->role, "version",
			 (json_int_t)signing->version, "complete", signing_complete(signing),
			 "demands", demands);
}

static int status_role(void *context, const char *role)
{
	struct status *status = context;
	struct signing signing;
	int error = signing_load(&signing, status->repository, role, status->diag);

	if (error)
		return error == -ENOENT ? 0 : error;
	status->staged++;
	status->incomplete += !signing_complete(&signing);
	if (status->array)
		json_array_append_new(status->array, staged_json(&signing));
	else
		print_staged(&signing);
	return 0;
}

/* ---- what this key has seen ---- */

/*
 * The folder may have been in other hands. What is published in it, against which the difference is
 * shown, is verified from a root that did not come with it: the one that this key met first, kept
 * beside the key, or the one that is given.
 */
static int check_published(const struct repository *repository, const char *root, int64_t now,
			   struct diag *diag)
{
	struct audit *audit = malloc(sizeof(*audit));
	int error = audit ? audit_folder(audit, repository->path, root, now, diag) : -ENOMEM;

	/* Renewing what has expired is what signatures are for. */
	if (error == -ESTALE) {
		fprintf(stderr, "cordon repo sign: warning: what is published has expired\n");
		diag_init(diag);
		error = 0;
	}
	if (error)
		diag_error(diag, root, 0, 0, "what is published does not follow from this root: "
			   "was the folder changed? If it is another repository, name its first "
			   "root by --root");
	free(audit);
	return error;
}

static int remember_root(const struct repository *repository, const char *path)
{
	struct text text = TEXT_EMPTY;
	struct metadata *root;
	int error = repository_version_read(repository, "root", 1, &root, NULL);

	if (error)
		return error == -ENOENT ? 0 : error;
	error = document_print(root->document, &text);
	if (!error)
		error = file_replace(AT_FDCWD, path, text.data, text.length, 0644);
	metadata_free(root);
	text_release(&text);
	return error;
}

static int check_history(const struct repository *repository, const struct repo_words *words,
			 int64_t now, struct diag *diag)
{
	const char *given = repo_value(words, ROOT_OPTION);
	char path[PATH_MAX];
	int error;

	snprintf(path, sizeof(path), "%s.root", repo_value(words, KEY_OPTION));
	if (!repository->timestamp) {
		if (given || access(path, F_OK) < 0)
			return 0;
		diag_error(diag, path, 0, 0, "this key has signed in a repository before, and "
			   "nothing is published in this one: was the folder changed? If it is a "
			   "new one, remove this file");
		return -EINVAL;
	}
	if (!given && access(path, F_OK) < 0) {
		error = remember_root(repository, path);
		if (error) {
			diag_error(diag, path, 0, 0, "cannot keep the first root: %s",
				   strerror(-error));
			return error;
		}
		fprintf(stderr, "cordon repo sign: %s keeps the first root from now on\n", path);
	}
	return check_published(repository, given ? given : path, now, diag);
}

/* ---- commands ---- */

static int print_status(struct status *status, const char *folder)
{
	int error = repository_each(status->repository, status_role, status, status->diag);

	if (error || status->array)
		return error;
	if (status->staged == 0)
		puts("nothing is staged");
	else if (status->incomplete == 0)
		printf("complete; next: cordon repo publish %s --key ONLINE\n", folder);
	return 0;
}

/* What was shown may be long, and the counts have scrolled away. */
static bool ask(const struct sign *sign)
{
	const struct diff_counts *counts = &sign->counts;

	if (counts->blocked || counts->unblocked || counts->changed)
		printf("\nIn all: %zu newly blocked, %zu no longer blocked, %zu otherwise changed.",
		       counts->blocked, counts->unblocked, counts->changed);
	if (repo_ask("\nSign all of this?"))
		return true;
	fputs("cordon repo sign: nothing was signed\n", stderr);
	return false;
}

static int sign_all(struct sign *sign, const struct repo_words *words, bool *signed_)
{
	const struct repository *repository = sign->repository;
	struct status status = { .repository = repository, .diag = sign->diag };
	int error = check_history(repository, words, sign->now, sign->diag);

	*signed_ = false;
	if (!error)
		error = repository_each(repository, show_role, sign, sign->diag);
	if (!error && sign->found == 0) {
		diag_error(sign->diag, words->word[0], 0, 0,
			   "nothing is staged that this key may sign");
		error = -ENOENT;
	}
	if (error)
		return error;
	if (sign->unsigned_ && !repo_value(words, YES_OPTION) && !ask(sign))
		return 0;
	if (sign->unsigned_)
		error = repository_each(repository, sign_role, sign, sign->diag);
	if (error)
		return error;
	*signed_ = true;
	puts(sign->unsigned_ ? "\nsigned" : "\nthis key has signed all of it already");
	return print_status(&status, words->word[0]);
}

int repo_sign(int argc, char **argv)
{
	struct sign sign = { .now = clock_wall() };
	struct repository repository;
	struct repo_words words;
	struct secret *secret;
	struct diag diag;
	bool has_signed;
	int error, code = repo_words(&words, "repo sign", table, argc, argv);

	if (code)
		return code;
	if (words.words != 1 || !repo_value(&words, KEY_OPTION))
		return command_usage("repo sign", "expected DIR --key FILE");
	code = repo_secret(&secret, repo_value(&words, KEY_OPTION),
			   repo_value(&words, FILE_OPTION));
	if (code)
		return code;
	code = repo_open(&repository, &words);
	if (!code) {
		diag_init(&diag);
		sign.repository = &repository;
		sign.secret = secret;
		sign.diag = &diag;
		secret_public(secret, &sign.key);
		error = sign_all(&sign, &words, &has_signed);
		code = repo_report(words.word[0], &diag, error);
		if (!code && !has_signed)
			code = EXIT_NO;
		repository_close(&repository);
	}
	secret_free(secret);
	return code;
}

int repo_status(int argc, char **argv)
{
	static const struct repo_option options[] = { { "json", REPO_FLAG }, { 0 } };
	struct repository repository;
	struct repo_words words;
	struct diag diag;
	struct status status = { .repository = &repository, .diag = &diag };
	int error, code = repo_words(&words, "repo status", options, argc, argv);

	if (code)
		return code;
	if (words.words != 1)
		return command_usage("repo status", "expected DIR");
	code = repo_open(&repository, &words);
	if (code)
		return code;
	diag_init(&diag);
	status.array = repo_value(&words, 0) ? json_array() : NULL;
	error = print_status(&status, words.word[0]);
	if (status.array)
		command_print_json(status.array);
	repository_close(&repository);
	code = repo_report(words.word[0], &diag, error);
	return code ? code : status.incomplete ? EXIT_NO : EXIT_YES;
}

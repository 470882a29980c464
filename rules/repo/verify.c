/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <inttypes.h>

#include "appliance/base/clock.h"
#include "appliance/command/command.h"
#include "rules/repo/commands.h"
#include "rules/repo/repo.h"

enum { DAYS_OPTION, ROOT_OPTION, JSON_OPTION };
enum { DAY = 24 * 60 * 60 };

static const struct repo_option table[] = {
	[DAYS_OPTION] = { "days", REPO_ONE },
	[ROOT_OPTION] = { "root", REPO_ONE },
	[JSON_OPTION] = { "json", REPO_FLAG },
	{ 0 },
};

/* Roles that expire before soon; how many. */
static size_t check_expiry(const struct audit *audit, int64_t soon, int64_t now, struct diag *diag)
{
	size_t count = 0;

	for (size_t i = 0; i < audit->roles; i++) {
		char expiry[64];

		if (audit->role[i].expires >= soon)
			continue;
		repo_print_expiry(audit->role[i].expires, now, expiry, sizeof(expiry));
		diag_error(diag, audit->role[i].name, 0, 0, "version %" PRId64 " lasts until %s",
			   audit->role[i].version, expiry);
		count++;
	}
	return count;
}

static void print_roles(const struct audit *audit, int64_t now)
{
	char signed_at[32];

	for (size_t i = 0; i < audit->roles; i++) {
		const struct audit_role *role = &audit->role[i];
		char name[METADATA_NAME], expiry[64];

		repo_print_expiry(role->expires, now, expiry, sizeof(expiry));
		printf("%-10s version %-4" PRId64 " until %-24s needs %" PRId64 ", signed by",
		       text_name(name, sizeof(name), role->name), role->version, expiry,
		       role->threshold);
		for (size_t j = 0; j < role->signers; j++)
			printf(" %s", role->signer[j]);
		if (role->targets)
			printf("; %zu targets", role->targets);
		puts("");
	}
	if (audit->signed_at) {
		metadata_time_print(audit->signed_at, signed_at);
		printf("signed at  %s\n", signed_at);
	}
	if (audit->hold)
		printf("hold       release %" PRId64 "\n", audit->hold);
	printf("files      %" PRIu64 " bytes, all as signed\n", audit->bytes);
}

static json_t *role_json(const struct audit_role *role)
{
	json_t *signers = json_array();
	char expires[32];

	metadata_time_print(role->expires, expires);
	for (size_t i = 0; i < role->signers; i++)
		json_array_append_new(signers, json_string(role->signer[i]));
	return json_pack("{s:s, s:I, s:s, s:I, s:o, s:I}", "role", role->name, "version",
			 (json_int_t)role->version, "expires", expires, "threshold",
			 (json_int_t)role->threshold, "signers", signers, "targets",
			 (json_int_t)role->targets);
}

static void print_json(const struct audit *audit, const struct diag *diag)
{
	json_t *roles = json_array(), *problems = json_array();

	for (size_t i = 0; i < audit->roles; i++)
		json_array_append_new(roles, role_json(&audit->role[i]));
	for (size_t i = 0; i < diag->count && i < DIAG_KEEP; i++)
		json_array_append_new(problems, json_sprintf("%s: %s", diag->entry[i].source,
							     diag->entry[i].message));
	command_print_json(json_pack("{s:b, s:o, s:o, s:I, s:I}", "good", diag->count == 0, "roles",
				     roles, "problems", problems, "hold",
				     (json_int_t)audit->hold, "bytes", (json_int_t)audit->bytes));
}

/* As an appliance that knows this root alone. */
static int check_root(const struct repo_words *words, const char *root, struct diag *diag)
{
	static struct audit audit;
	int error = root ? audit_folder(&audit, words->word[0], root, 1, diag) : 0;

	if (root)
		audit_release(&audit);
	return error;
}

static int verify(const struct repo_words *words, const struct repository *repository, int64_t days)
{
	const int64_t now = clock_wall();
	struct diag diag;
	int error = 0;

	diag_init(&diag);
	if (!repository->timestamp) {
		diag_error(&diag, words->word[0], 0, 0, "nothing is published in this folder");
		error = -ENOENT;
	}
	if (!error)
		error = check_root(words, repo_value(words, ROOT_OPTION), &diag);
	if (!error && check_expiry(&repository->audit, now + days * DAY, now, &diag))
		error = -ESTALE;
	if (repo_value(words, JSON_OPTION))
		print_json(&repository->audit, &diag);
	else if (!error || error == -ESTALE)
		print_roles(&repository->audit, now);
	return repo_report(words->word[0], &diag, error);
}


int repo_verify(int argc, char **argv)
{
	static struct repo_folder folder;
	struct repo_words words;
	int64_t days = 0;
	int code = repo_words(&words, "repo verify", table, argc, argv);

	if (!code && repo_value(&words, DAYS_OPTION))
		code = repo_number(&words, repo_value(&words, DAYS_OPTION), 0, &days);
	if (code)
		return code;
	if (words.words != 1 || days > 100000)
		return command_usage("repo verify", "expected DIR, and at most 100000 days");
	code = repo_folder_open(&folder, &words, REPO_READ);
	if (code == EXIT_NO && repo_value(&words, JSON_OPTION))
		print_json(&(struct audit){ .roles = 0 }, &folder.diag);
	if (code)
		return code;
	code = verify(&words, &folder.repository, days);
	repo_folder_close(&folder);
	return code;
}

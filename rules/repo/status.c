/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <inttypes.h>

#include "appliance/command/command.h"
#include "rules/publisher/signing.h"
#include "rules/repo/commands.h"
#include "rules/repo/repo.h"

/* What is staged, and who has signed it. */

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
	printf("%-10s version %" PRId64 ": %s\n", text_name(name, sizeof(name), signing->role),
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

int repo_print_status(const struct repository *repository, const char *folder, struct diag *diag)
{
	struct status status = { .repository = repository, .diag = diag };

	return print_status(&status, folder);
}

int repo_status(int argc, char **argv)
{
	static const struct repo_option options[] = { { "json", REPO_FLAG }, { 0 } };
	static struct repo_folder folder;
	struct repo_words words;
	struct diag diag;
	struct status status = { .repository = &folder.repository, .diag = &diag };
	int error, code = repo_words(&words, "repo status", options, argc, argv);

	if (code)
		return code;
	if (words.words != 1)
		return command_usage("repo status", "expected DIR");
	code = repo_folder_open(&folder, &words, REPO_READ);
	if (code)
		return code;
	diag_init(&diag);
	status.array = repo_value(&words, 0) ? json_array() : NULL;
	error = print_status(&status, words.word[0]);
	if (status.array)
		command_print_json(status.array);
	repo_folder_close(&folder);
	code = repo_report(words.word[0], &diag, error);
	return code ? code : status.incomplete ? EXIT_NO : EXIT_YES;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "appliance/base/clock.h"
#include "appliance/command/command.h"
#include "rules/publisher/plan.h"
#include "rules/repo/commands.h"
#include "rules/repo/repo.h"

/* The first options are the roles, in the order of enum plan_name. */
enum { PEOPLE_OPTION = PLAN_ROLES, ONLINE_OPTION, THRESHOLD_OPTION, EXPIRES_OPTION };

static const struct repo_option table[] = {
	[PLAN_ROOT] = { "root", REPO_MANY },
	[PLAN_TARGETS] = { "targets", REPO_MANY },
	[PLAN_RULES] = { "rules", REPO_MANY },
	[PLAN_IMAGES] = { "images", REPO_MANY },
	[PLAN_SNAPSHOT] = { "snapshot", REPO_MANY },
	[PLAN_TIMESTAMP] = { "timestamp", REPO_MANY },
	[PEOPLE_OPTION] = { "people", REPO_MANY },
	[ONLINE_OPTION] = { "online", REPO_MANY },
	[THRESHOLD_OPTION] = { "threshold", REPO_ONE },
	[EXPIRES_OPTION] = { "expires", REPO_ONE },
	{ 0 },
};

static bool given(const struct repo_words *words, size_t option)
{
	return repo_value(words, option) != NULL;
}

/* The keys that the option itself gives, or else those of people or of online. */
static int add_keys(struct plan *plan, enum plan_name name, const struct repo_words *words,
		    struct diag *diag)
{
	size_t common = name >= PLAN_SNAPSHOT ? ONLINE_OPTION : PEOPLE_OPTION;
	size_t option = given(words, name) ? name : common;
	int error = 0;

	for (size_t i = 0; i < words->values; i++) {
		struct keyring_key key;
		int failed;

		if (words->value[i].option != option)
			continue;
		failed = repo_public(&key, words->value[i].text, diag);
		if (!failed)
			failed = plan_add(plan, name, &key, diag);
		error = error ? error : failed;
	}
	return error;
}

static int set_number(struct plan *plan, const struct repo_words *words, size_t index)
{
	bool threshold = words->value[index].option == THRESHOLD_OPTION;
	enum plan_name name;
	char role[METADATA_NAME];
	const char *text;

	if (!repo_pair(words->value[index].text, role, sizeof(role), &text) ||
	    plan_role_parse(&name, role))
		return command_usage(words->command,
				     "--%s %s: expected ROLE=%s with root, targets, "
				     "rules, images, snapshot or timestamp",
				     threshold ? "threshold" : "expires", words->value[index].text,
				     threshold ? "N" : "TIME");
	return threshold ? repo_number(words, text, 1, &plan->role[name].threshold) :
			   repo_period(words, text, &plan->role[name].period);
}

static bool has_ed25519(const struct plan *plan)
{
	for (enum plan_name i = 0; i < PLAN_ROLES; i++) {
		for (size_t j = 0; j < plan->role[i].keys; j++) {
			if (plan->role[i].key[j].key.type == KEY_ED25519)
				return true;
		}
	}
	return false;
}

static void print_plan(const char *path, const struct plan *plan, const char *id)
{
	for (enum plan_name i = 0; i < PLAN_ROLES; i++) {
		const struct plan_role *role = &plan->role[i];

		printf("%-10s %lld of %zu:", plan_role_print(i), (long long)role->threshold,
		       role->keys);
		for (size_t j = 0; j < role->keys; j++)
			printf(" %s", role->key[j].name);
		puts("");
	}
	if (has_ed25519(plan))
		fprintf(stderr,
			"cordon repo init: warning: appliances count Ed25519 signatures only when "
			"they are built with APPLIANCE_ED25519 (Kconfig)\n");
	printf("fingerprint %s\n  keep it, and read it out to everybody whose key is on another "
	       "machine: they "
	       "type it at their first\n  signature; the keys given here know it\n",
	       id);
	printf("staged; next: cordon repo add %s LIST..., then cordon repo sign %s --key FILE\n",
	       path, path);
}

/* id: the fingerprint of the first root. */
static int make(const struct repo_words *words, const struct plan *plan, char id[METADATA_KEYID],
		struct diag *diag)
{
	const struct repository_how how = { .create = true, .alone = true, .now = clock_wall() };
	struct repository repository;
	struct metadata *root = NULL;
	int error = repository_open(&repository, words->word[0], &how, diag);

	if (!error)
		error = plan_stage(&repository, plan, how.now, diag);
	if (!error)
		error = repository_staged(&repository, "root", &root, diag);
	if (!error)
		error = metadata_fingerprint(root, id);
	metadata_free(root);
	repository_close(&repository);
	return error;
}

static int init(const struct repo_words *words, struct plan *plan)
{
	char id[METADATA_KEYID];
	struct diag diag;
	int error = 0;

	diag_init(&diag);
	for (enum plan_name i = 0; i < PLAN_ROLES; i++) {
		int failed = add_keys(plan, i, words, &diag);

		error = error ? error : failed;
	}
	if (!error)
		error = plan_check(plan, &diag);
	if (!error)
		error = make(words, plan, id, &diag);
	if (!error)
		error = repo_pin_given(words, 0, ONLINE_OPTION, id);
	if (!error)
		print_plan(words->word[0], plan, id);
	return repo_report(words->word[0], &diag, error);
}

int repo_init(int argc, char **argv)
{
	struct repo_words words;
	struct plan *plan;
	int code = repo_words(&words, "repo init", table, argc, argv);

	if (code)
		return code;
	if (words.words != 1 || !given(&words, PEOPLE_OPTION) || !given(&words, ONLINE_OPTION))
		return command_usage("repo init", "expected DIR --people PUB... --online PUB...");
	plan = malloc(sizeof(*plan));
	if (!plan)
		return EXIT_NO;
	plan_init(plan);
	for (size_t i = 0; !code && i < words.values; i++) {
		if (words.value[i].option >= THRESHOLD_OPTION)
			code = set_number(plan, &words, i);
	}
	if (!code)
		code = init(&words, plan);
	free(plan);
	return code;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "appliance/cli/commands.h"
#include "appliance/command/command.h"
#include "rules/policy/explain.h"

static void add_provenance(json_t *object, const struct provenance *provenance)
{
	json_t *signers = json_array();

	for (size_t i = 0; i < provenance->signers; i++)
		json_array_append_new(signers, json_string(provenance->signer[i]));
	json_object_set_new(object, "release", json_integer(provenance->release));
	json_object_set_new(object, "signers", signers);
}

static json_t *to_json(const char *query, const struct policy *policy,
		       const struct explanation *explanation, const struct provenance *provenance)
{
	const struct verdict *verdict = &explanation->verdict;
	struct policy_rule rule;
	json_t *object;

	if (!policy_rule(policy, verdict->rule, &rule))
		object = json_pack("{s:s, s:s, s:n, s:n, s:n, s:n}", "query", query, "action",
				   action_print(verdict->action), "rule", "category", "confidence",
				   "evidence");
	else
		object = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s?}", "query", query, "action",
				   action_print(verdict->action), "rule", rule.id, "category",
				   category_print(rule.category), "confidence",
				   confidence_print(rule.confidence), "evidence",
				   rule.evidence[0] ? rule.evidence : NULL);
	if (object && explanation->is_prefix)
		json_object_set_new(object, "partial", json_boolean(explanation->partial));
	if (object && provenance->release)
		add_provenance(object, provenance);
	return object;
}

static void print_text(const char *query, const struct policy *policy,
		       const struct explanation *explanation, const struct provenance *provenance)
{
	const struct verdict *verdict = &explanation->verdict;
	struct text evidence = TEXT_EMPTY;
	struct policy_rule rule;

	if (!policy_rule(policy, verdict->rule, &rule)) {
		printf("%s: %s, no rule%s\n", query, action_print(verdict->action),
		       explanation->partial ? " over all of it" : "");
		return;
	}
	printf("%s: %s%s\n  rule        %s\n  confidence  %s\n", query,
	       action_print(verdict->action), explanation->partial ? " (weakest, differs inside)" :
	       "", rule.id, confidence_print(rule.confidence));
	if (rule.evidence[0]) {
		text_put_masked(&evidence, rule.evidence, strlen(rule.evidence), "");
		printf("  evidence    %s\n", evidence.data ? evidence.data : "");
		text_release(&evidence);
	}
	if (!provenance->release)
		return;
	printf("  signed      release %lld by", (long long)provenance->release);
	for (size_t i = 0; i < provenance->signers; i++)
		printf(" %.8s", provenance->signer[i]);
	putchar('\n');
}

static int explain_all(const struct policy *policy, const struct provenance *provenance, bool json,
		       char **queries)
{
	int code = EXIT_YES;

	for (; *queries; queries++) {
		struct explanation explanation;

		if (explain(policy, *queries, &explanation) < 0) {
			fprintf(stderr,
				"cordon explain: %s: expected a name, an address, "
				"ADDRESS:tcp/PORT, a prefix, tcp/PORT, or the id of a rule in "
				"force\n",
				*queries);
			code = EXIT_USAGE;
			continue;
		}
		if (json)
			command_print_json(to_json(*queries, policy, &explanation,
						   provenance));
		else
			print_text(*queries, policy, &explanation, provenance);
	}
	return code;
}

int command_explain(const struct cli *cli, int argc, char **argv)
{
	static const struct option options[] = {
		{ "rules", required_argument, NULL, 'r' },
		{ "list", required_argument, NULL, 'l' },
		{ "json", no_argument, NULL, 'j' },
		{ 0 },
	};
	const char *folder = NULL;
	bool json = false;
	struct settings settings;
	struct provenance provenance = { .release = 0 };
	struct policy policy;
	void *block;
	int option, code = command_settings(cli, &settings);

	if (code)
		return code;
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 'r')
			folder = optarg;
		else if (option == 'l' && settings.lists < SETTINGS_LISTS)
			snprintf(settings.list[settings.lists++], sizeof(settings.list[0]), "%s",
				 optarg);
		else if (option == 'j')
			json = true;
		else
			return command_usage("explain", "expected [--rules DIR] [--list NAME] "
					     "[--json] QUERY...");
	}
	if (optind == argc)
		return command_usage("explain", "expected at least one query");
	code = folder ? command_policy(folder, &settings, &policy, &block)
		      : command_policy_in_force(cli, &settings, &policy, &block, &provenance);
	if (code)
		return code;
	code = explain_all(&policy, &provenance, json, argv + optind);
	free(block);
	return code;
}

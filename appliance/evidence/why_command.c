/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "appliance/evidence/commands.h"
#include "appliance/evidence/query.h"
#include "appliance/evidence/why.h"
#include "appliance/journal/record.h"

static int print(const struct reader_entry *entry, const struct policy_notice *policy, bool json)
{
	struct text out = TEXT_EMPTY;
	json_t *why;

	if (why_json(entry, policy, &why) < 0) {
		fputs("cordon why: the event cannot be printed\n", stderr);
		return EXIT_NO;
	}
	if (json) {
		command_print_json(why);
		return EXIT_YES;
	}
	why_print(why, &out);
	fputs(out.data ? out.data : "", stdout);
	text_release(&out);
	json_decref(why);
	return EXIT_YES;
}

static int run(const char *folder, const char *boot, uint64_t sequence, bool json)
{
	const struct reader_options reading = { .folder = ".", .after = sequence - 1 };
	struct policy_notice policy = { .members = NULL };
	struct log_reader *reader;
	struct reader_entry entry;
	int code = query_begin("why", folder);

	if (code != EXIT_YES)
		return code;
	if (reader_open(&reader, &reading) < 0) {
		fprintf(stderr, "cordon why: no log in %s\n", folder);
		return EXIT_NO;
	}
	if (!reader_find(reader, boot, sequence, &entry)) {
		fprintf(stderr, "cordon why: the log has no event %s:%llu\n", boot,
			(unsigned long long)sequence);
		code = EXIT_NO;
	} else {
		if (entry.entry.type == ENTRY_EVENT)
			(void)!policies_find(".", sequence, entry.entry.event.event.state,
					     &policy);
		code = print(&entry, &policy, json);
	}
	json_decref(policy.members);
	reader_close(reader);
	return code;
}

int command_why(const struct cli *cli, int argc, char **argv)
{
	static const struct option options[] = { { "json", no_argument, NULL, 'j' }, { 0 } };
	char folder[512], boot[RECORD_BOOT];
	uint64_t sequence;
	bool json = false;
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option != 'j')
			return command_usage("why", "expected EVENT [--json]");
		json = true;
	}
	if (optind + 1 != argc || record_parse_id(argv[optind], boot, &sequence) < 0)
		return command_usage("why", "expected the id of an event, such as 3f2a91c4:1042 "
				     "(the first member of a line of cordon log --json)");
	snprintf(folder, sizeof(folder), "%s/log", cli->state);
	return run(folder, boot, sequence, json);
}

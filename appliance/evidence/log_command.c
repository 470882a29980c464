/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "appliance/base/clock.h"
#include "appliance/evidence/commands.h"
#include "appliance/evidence/filter.h"
#include "appliance/evidence/line.h"
#include "appliance/evidence/query.h"
#include "appliance/journal/notice.h"
#include "appliance/journal/reader.h"

/* ---- one line for a person ---- */

static void print_mode(const json_t *event)
{
	const json_t *category;
	size_t index;

	printf("mode    %s", command_text(event, "mode"));
	json_array_foreach(json_object_get(event, "categories"), index, category)
		printf("%s%s", index ? ", " : " of ", json_string_value(category));
	if (json_is_string(json_object_get(event, "until")))
		printf(" until %s", command_text(event, "until"));
	if (*command_text(event, "by"))
		printf(", by %s", command_text(event, "by"));
	if (*command_text(event, "reason"))
		printf(": %s", command_text(event, "reason"));
}

/* And where it was. */
static void print_lost(const json_t *event)
{
	bool first = true;

	printf("lost    %lld events could not be kept",
	       (long long)json_integer_value(json_object_get(event, "lost")));
	for (int loss = 0; loss < LOSS_COUNT; loss++) {
		const char *where = loss_print((enum loss)loss);
		json_int_t count = json_integer_value(json_object_get(event, where));

		if (!count)
			continue;
		printf("%s%s %lld", first ? ": " : ", ", where, (long long)count);
		first = false;
	}
}

/* A kind without words of its own: its members as they are. */
static void print_other(const struct entry_notice *notice, const json_t *members)
{
	const char *key;
	json_t *value;
	bool first = true;

	printf("%-7s", notice->kind);
	json_object_foreach((json_t *)(uintptr_t)members, key, value) {
		printf("%s%s ", first ? " " : ", ", key);
		if (json_is_string(value))
			printf("%s", command_text(members, key));
		else
			json_dumpf(value, stdout, JSON_ENCODE_ANY | JSON_COMPACT);
		first = false;
	}
}

static void print_notice(const struct entry_notice *notice)
{
	size_t size = strlen(notice->body) + 3;
	char *text = malloc(size), time[CLOCK_TEXT];
	json_t *members = NULL;

	if (text) {
		snprintf(text, size, "{%s}", notice->body);
		members = json_loads(text, 0, NULL);
	}
	free(text);
	printf("%s ", clock_print(notice->wall_ms, time));
	if (strcmp(notice->kind, NOTICE_MODE) == 0)
		print_mode(members);
	else if (strcmp(notice->kind, NOTICE_LOST) == 0)
		print_lost(members);
	else
		print_other(notice, members);
	putchar('\n');
	json_decref(members);
}

static void print_entry(const struct reader_entry *entry)
{
	if (entry->entry.type == ENTRY_NOTICE)
		print_notice(&entry->entry.notice);
	else
		line_event(&entry->entry.event, entry->context.rule);
}

/* ---- the command ---- */

static int print_json(const struct reader_entry *entry)
{
	char *line;
	int error = record_print(&entry->entry, &entry->context, &line);

	if (!error)
		puts(line);
	free(line);
	return error;
}

enum { AGAIN_US = 200 * 1000 };	/* between looks for what is new */

struct log_options {
	bool json;
	bool following;
	bool counting;		/* print how many there are instead */
	uint64_t last;		/* 0: all */
	struct filter filter;
};

/* What was left when counting. */
struct log_count {
	uint64_t entries, events;
};

static void print_all(struct log_reader *reader, const struct log_options *options,
		      struct log_count *count)
{
	struct reader_entry entry;

	while (reader_next(reader, &entry)) {
		if (!filter_matches(&options->filter, &entry.entry, entry.context.rule))
			continue;
		count->entries++;
		if (entry.entry.type == ENTRY_EVENT)
			count->events += entry.entry.event.event.count;
		if (options->counting)
			continue;
		if (!options->json)
			print_entry(&entry);
		else if (print_json(&entry) < 0)
			fprintf(stderr, "cordon log: entry %llu cannot be printed\n",
				(unsigned long long)entry.entry.sequence);
	}
}

/* A day may be damaged: what else there is has been printed. */
static void tell_damaged(const struct log_reader *reader, const char *folder)
{
	const char *name;
	int error;
	size_t days = reader_damaged(reader, &name, &error);

	if (days)
		fprintf(stderr, "cordon log: %s/%s: cannot be read (%s)%s; its entries are missing "
			"here\n", folder, name, strerror(-error), days > 1 ? ", and more" : "");
}

static void print_count(const struct log_options *options, const struct log_count *count)
{
	printf(options->json ? "{\"entries\":%llu,\"events\":%llu}\n"
			     : "%llu entries of %llu events\n",
	       (unsigned long long)count->entries, (unsigned long long)count->events);
}

static int run(const char *folder, const struct log_options *options)
{
	const struct reader_options reading = { .folder = "." };
	struct log_count count = { .entries = 0 };
	struct log_reader *reader;
	int error, code;

	while (options->following && access(folder, F_OK) < 0 && errno == ENOENT)
		usleep(AGAIN_US);
	code = query_begin("log", folder);
	if (code != EXIT_YES)
		return code;
	error = reader_open(&reader, &reading);
	while (error == -ENOENT && options->following) {
		usleep(AGAIN_US);
		error = reader_open(&reader, &reading);
	}
	if (error) {
		fprintf(stderr, "cordon log: no log in %s: %s\n", folder, strerror(-error));
		return EXIT_NO;
	}
	if (options->last)
		reader_seek_last(reader, options->last);
	print_all(reader, options, &count);
	if (options->counting)
		print_count(options, &count);
	while (options->following && fflush(stdout) == 0) {
		usleep(AGAIN_US);
		print_all(reader, options, &count);
	}
	tell_damaged(reader, folder);
	reader_close(reader);
	return EXIT_YES;
}

/* An option whose value is a condition (evidence/filter.h). */
static int add_condition(struct filter *filter, enum filter_key key, const char *value)
{
	const char *expected;

	if (filter_set(filter, key, value, clock_wall_ms(), &expected) == 0)
		return EXIT_YES;
	return command_usage("log", "--%s %s: expected %s", filter_key_print(key), value, expected);
}

enum { FILTER_OPTION = 256 };

static int parse_options(struct log_options *log, int argc, char **argv)
{
	struct option options[FILTER_KEYS + 5] = {
		{ "follow", no_argument, NULL, 'f' },
		{ "json", no_argument, NULL, 'j' },
		{ "count", no_argument, NULL, 'c' },
		{ "last", required_argument, NULL, 'n' },
	};
	int option, code;
	char *end;

	for (int key = 0; key < FILTER_KEYS; key++)
		options[4 + key] = (struct option){ filter_key_print((enum filter_key)key),
						    required_argument, NULL, FILTER_OPTION + key };
	while ((option = getopt_long(argc, argv, "fn:", options, NULL)) != -1) {
		if (option >= FILTER_OPTION) {
			code = add_condition(&log->filter,
					     (enum filter_key)(option - FILTER_OPTION), optarg);
			if (code != EXIT_YES)
				return code;
		} else if (option == 'f') {
			log->following = true;
		} else if (option == 'j') {
			log->json = true;
		} else if (option == 'c') {
			log->counting = true;
		} else if (option != 'n') {
			return command_usage("log", "expected options as in --help");
		} else if ((log->last = strtoull(optarg, &end, 10)) == 0 || *end ||
			   optarg[0] == '-') {
			return command_usage("log", "--last: expected a number from 1");
		}
	}
	if (optind != argc)
		return command_usage("log", "unexpected word \"%s\"", argv[optind]);
	if (log->counting && log->following)
		return command_usage("log", "--count and --follow exclude each other");
	return EXIT_YES;
}

static int print_log(const struct cli *cli, int argc, char **argv)
{
	struct log_options log = { .last = 0 };
	char folder[512];
	int code = parse_options(&log, argc, argv);

	if (code != EXIT_YES)
		return code;
	snprintf(folder, sizeof(folder), "%s/log", cli->state);
	return run(folder, &log);
}

/* Words in place of options. */
static const struct {
	const char *word;
	int (*run)(const struct cli *cli, int argc, char **argv);
} verbs[] = {
	{ "verify", command_log_verify },
	{ "export", command_log_export },
	{ "checkpoint", command_log_checkpoint },
};

int command_log(const struct cli *cli, int argc, char **argv)
{
	for (size_t i = 0; argc > 1 && i < sizeof(verbs) / sizeof(*verbs); i++) {
		if (strcmp(argv[1], verbs[i].word) == 0)
			return verbs[i].run(cli, argc - 1, argv + 1);
	}
	return print_log(cli, argc, argv);
}

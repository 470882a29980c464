/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "appliance/base/clock.h"
#include "appliance/evidence/commands.h"
#include "appliance/evidence/count.h"
#include "appliance/evidence/csv.h"
#include "appliance/evidence/filter.h"
#include "appliance/evidence/line.h"
#include "appliance/evidence/notice_line.h"
#include "appliance/evidence/query.h"
#include "appliance/journal/reader.h"

/* ---- one entry ---- */

static void print_entry(const struct reader_entry *entry)
{
	char id[RECORD_ID];

	printf("%s ", record_id(entry->context.boot_id, entry->entry.sequence, id));
	if (entry->entry.type == ENTRY_NOTICE)
		notice_line(&entry->entry.notice);
	else
		line_event(&entry->entry.event, entry->context.rule);
}

static int print_json(const struct reader_entry *entry)
{
	char *line;
	int error = record_print(&entry->entry, &entry->context, &line);

	if (!error)
		puts(line);
	free(line);
	return error;
}

static int print_csv(const struct reader_entry *entry)
{
	struct text out = TEXT_EMPTY;
	int error = csv_row(entry, &out);

	if (!error)
		fputs(out.data, stdout);
	text_release(&out);
	return error;
}

/* In the form that was asked for. */
enum log_form { LOG_TEXT, LOG_JSON, LOG_CSV };

static int print_as(enum log_form form, const struct reader_entry *entry)
{
	if (form == LOG_JSON)
		return print_json(entry);
	if (form == LOG_CSV)
		return print_csv(entry);
	print_entry(entry);
	return 0;
}

enum { AGAIN_US = 200 * 1000 };	/* between looks for what is new */

struct log_options {
	enum log_form form;
	bool one;		/* the entry with this number of this boot alone */
	char boot[RECORD_BOOT];
	uint64_t sequence;
	bool following;
	bool counting;		/* print how many there are instead */
	uint64_t last;		/* 0: all */
	struct filter filter;
};

/* skip: matching entries that are not printed; becomes 0. */
static void print_all(struct log_reader *reader, const struct log_options *options,
		      uint64_t *skip, struct count *count)
{
	struct reader_entry entry;

	while (reader_next(reader, &entry)) {
		if (!filter_matches(&options->filter, &entry.entry, entry.context.rule))
			continue;
		if (*skip)
			(*skip)--;
		else if (options->counting)
			count_add(count, &entry.entry, entry.context.rule);
		else if (print_as(options->form, &entry) < 0)
			fprintf(stderr, "cordon log: entry %llu cannot be printed\n",
				(unsigned long long)entry.entry.sequence);
	}
}

/*
 * Lets the reader, which has read nothing, begin so that the last entries that match are left after
 * skip matching ones. Looks at few entries from the end, then at more. 0 or -errno; *reader is NULL
 * then.
 */
static int seek_last(struct log_reader **reader, const struct reader_options *reading,
		     const struct log_options *options, uint64_t *skip)
{
	enum { WIDER = 16 };
	uint64_t window = options->last;

	for (;;) {
		struct reader_options again = *reading;
		uint64_t read = 0, matches = 0;
		struct reader_entry entry;
		bool enough;
		int error;

		reader_seek_last(*reader, window);
		while (reader_next(*reader, &entry)) {
			if (read++ == 0)
				again.after = entry.entry.sequence - 1;
			matches += filter_matches(&options->filter, &entry.entry,
						  entry.context.rule);
		}
		enough = matches >= options->last || read < window || window > INT64_MAX / WIDER;
		reader_close(*reader);
		*reader = NULL;
		error = reader_open(reader, enough ? &again : reading);
		if (error || enough) {
			*skip = matches > options->last ? matches - options->last : 0;
			return error;
		}
		window *= WIDER;
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

static void print_count(const struct log_options *options, const struct count *count)
{
	struct text out = TEXT_EMPTY;

	if (options->form == LOG_JSON) {
		command_print_json(count_json(count));
		return;
	}
	count_print(count, &out);
	fputs(out.data ? out.data : "", stdout);
	text_release(&out);
}

static void print_header(void)
{
	struct text out = TEXT_EMPTY;

	csv_header(&out);
	fputs(out.data ? out.data : "", stdout);
	text_release(&out);
}

static int print_one(struct log_reader *reader, const struct log_options *options)
{
	struct reader_entry entry;

	if (!reader_find(reader, options->boot, options->sequence, &entry)) {
		fprintf(stderr, "cordon log: the log has no event %s:%llu\n", options->boot,
			(unsigned long long)options->sequence);
		return EXIT_NO;
	}
	return print_as(options->form, &entry) < 0 ? EXIT_NO : EXIT_YES;
}

static int run(const char *folder, const struct log_options *options)
{
	const struct reader_options reading = {
		.folder = ".", .after = options->one ? options->sequence - 1 : 0,
		.since_ms = options->filter.has_since ? options->filter.since_ms : 0,
		.until_ms = options->filter.has_until ? options->filter.until_ms : 0,
	};
	struct count count = { .entries = 0 };
	struct log_reader *reader;
	uint64_t skip = 0;
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
	if (options->form == LOG_CSV)
		print_header();
	if (options->one) {
		code = print_one(reader, options);
		reader_close(reader);
		return code;
	}
	if (options->last)
		error = seek_last(&reader, &reading, options, &skip);
	if (error) {
		fprintf(stderr, "cordon log: no log in %s: %s\n", folder, strerror(-error));
		return EXIT_NO;
	}
	print_all(reader, options, &skip, &count);
	if (options->counting)
		print_count(options, &count);
	count_free(&count);
	while (options->following && fflush(stdout) == 0) {
		usleep(AGAIN_US);
		print_all(reader, options, &skip, &count);
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
	struct option options[FILTER_KEYS + 6] = {
		{ "follow", no_argument, NULL, 'f' },
		{ "json", no_argument, NULL, 'j' },
		{ "count", no_argument, NULL, 'c' },
		{ "csv", no_argument, NULL, 'v' },
		{ "last", required_argument, NULL, 'n' },
	};
	int option, code;
	char *end;

	for (int key = 0; key < FILTER_KEYS; key++)
		options[5 + key] = (struct option){ filter_key_print((enum filter_key)key),
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
			log->form = LOG_JSON;
		} else if (option == 'v') {
			log->form = LOG_CSV;
		} else if (option == 'c') {
			log->counting = true;
		} else if (option != 'n') {
			return command_usage("log", "expected options as in --help");
		} else if ((log->last = strtoull(optarg, &end, 10)) == 0 || *end ||
			   optarg[0] == '-') {
			return command_usage("log", "--last: expected a number from 1");
		}
	}
	if (optind + 1 == argc &&
	    record_parse_id(argv[optind], log->boot, &log->sequence) == 0) {
		log->one = true;
		optind++;
	}
	if (optind != argc)
		return command_usage("log", "unexpected word \"%s\"", argv[optind]);
	if (filter_is_empty_time(&log->filter))
		return command_usage("log", "--until: expected a time after that of --since");
	if (log->counting && log->following)
		return command_usage("log", "--count and --follow exclude each other");
	if (log->counting && log->form == LOG_CSV)
		return command_usage("log", "--count and --csv exclude each other");
	if (log->one && (log->counting || log->following || log->last))
		return command_usage("log", "the id of an event excludes --count, --follow and "
				     "--last");
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

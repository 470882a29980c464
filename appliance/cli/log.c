/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "appliance/base/selftest.h"
#include "appliance/cli/commands.h"
#include "appliance/command/command.h"
#include "appliance/journal/store.h"

struct log_reader {
	bool json;
	char *line;
	size_t capacity;
	size_t damaged;		/* lines; a power cut leaves such */
};

static void print_mode(const json_t *event)
{
	const json_t *category;
	size_t index;

	printf("%s mode    %s", command_text(event, "time"), command_text(event, "mode"));
	json_array_foreach(json_object_get(event, "categories"), index, category)
		printf("%s%s", index ? ", " : " of ", json_string_value(category));
	if (json_is_string(json_object_get(event, "until")))
		printf(" until %s", command_text(event, "until"));
	if (*command_text(event, "by"))
		printf(", by %s", command_text(event, "by"));
	if (*command_text(event, "reason"))
		printf(": %s", command_text(event, "reason"));
	putchar('\n');
}

/* Ports are of TCP and UDP alone. */
static void print_protocol(const json_t *event)
{
	const char *protocol = command_text(event, "protocol");

	if (strcmp(protocol, "tcp") == 0 || strcmp(protocol, "udp") == 0)
		printf(" %s/%lld", protocol,
		       (long long)json_integer_value(json_object_get(event, "port")));
	else
		printf(" %s", strcmp(protocol, "-") == 0 ? "other protocol" : protocol);
}

/* TIME ACTION CLIENT @RESOLVER TYPE WHAT RULE xCOUNT */
static void print_verdict(const json_t *event)
{
	const json_t *name = json_object_get(event, "name");
	json_int_t count = json_integer_value(json_object_get(event, "count"));
	bool selftest = strcmp(command_text(event, "interface"), SELFTEST_LINK) == 0;

	printf("%s %-7s %s", command_text(event, "time"), command_text(event, "action"),
	       selftest ? "self-test" : command_text(event, "client"));
	if (json_is_string(json_object_get(event, "resolver")))
		printf(" @%s", command_text(event, "resolver"));
	if (json_is_string(name))
		printf(" %s %s", command_text(event, "qtype"), command_text(event, "name"));
	if (json_is_string(json_object_get(event, "address")))
		printf(" %s", command_text(event, "address"));
	if (!json_is_string(name))
		print_protocol(event);
	printf(" %s", command_text(event, "rule"));
	if (count > 1)
		printf(" x%lld", (long long)count);
	putchar('\n');
}

/* And where it was; a log of before does not say that. */
static void print_lost(const json_t *event)
{
	static const char *const where[] = { "kernel", "rings", "journal", "disk" };
	bool first = true;

	printf("%s lost    %lld events could not be kept", command_text(event, "time"),
	       (long long)json_integer_value(json_object_get(event, "lost")));
	for (size_t i = 0; i < sizeof(where) / sizeof(*where); i++) {
		json_int_t count = json_integer_value(json_object_get(event, where[i]));

		if (!count)
			continue;
		printf("%s%s %lld", first ? ": " : ", ", where[i], (long long)count);
		first = false;
	}
	putchar('\n');
}

static void print_event(const json_t *event)
{
	if (json_object_get(event, "mode"))
		print_mode(event);
	else if (json_object_get(event, "lost"))
		print_lost(event);
	else
		print_verdict(event);
}

/* A program that reads the lines would stop at a damaged one for ever. */
static void print_line(struct log_reader *reader, size_t length)
{
	json_t *event = json_loadb(reader->line, length, 0, NULL);

	if (!json_is_object(event))
		reader->damaged++;
	else if (reader->json)
		fwrite(reader->line, 1, length, stdout);
	else
		print_event(event);
	json_decref(event);
}

static void tell_damaged(struct log_reader *reader)
{
	if (reader->damaged)
		fprintf(stderr, "cordon log: %zu damaged line%s skipped\n", reader->damaged,
			reader->damaged == 1 ? " was" : "s were");
	reader->damaged = 0;
}

/* Prints what is complete; a line still being written stays for the next call. */
static size_t read_file(struct log_reader *reader, FILE *file, size_t skip)
{
	size_t lines = 0;

	for (;;) {
		off_t start = ftello(file);
		ssize_t got = getline(&reader->line, &reader->capacity, file);

		if (got <= 0 || reader->line[got - 1] != '\n') {
			fseeko(file, start, SEEK_SET);
			clearerr(file);
			return lines;
		}
		if (lines++ >= skip)
			print_line(reader, (size_t)got);
	}
}

/* Lines of all parts, oldest first, so that --last can say how many to pass over. */
static size_t count_lines(const char *state)
{
	struct log_reader reader = { .json = true };
	size_t lines = 0;

	for (unsigned int part = STORE_PARTS; part-- > 0;) {
		FILE *file = command_log_part(state, part);

		if (!file)
			continue;
		lines += read_file(&reader, file, SIZE_MAX);
		fclose(file);
	}
	free(reader.line);
	return lines;
}

static bool replaced(const char *state, FILE *file)
{
	char path[512];
	struct stat here, there;

	snprintf(path, sizeof(path), "%s/log/" STORE_CURRENT, state);
	if (stat(path, &there) < 0 || fstat(fileno(file), &here) < 0)
		return false;
	/* On a full disk its old lines were cut off: what is left comes once more. */
	return here.st_ino != there.st_ino || there.st_size < ftello(file);
}

/* Waits for lines, over rotation; ends when stdout does. */
static void follow(struct log_reader *reader, const char *state, FILE *file)
{
	for (;;) {
		tell_damaged(reader);
		if (fflush(stdout) != 0)
			return;
		usleep(200 * 1000);
		if (file && replaced(state, file)) {
			read_file(reader, file, 0);
			fclose(file);
			file = NULL;
		}
		if (!file)
			file = command_log_part(state, 0);
		if (file)
			read_file(reader, file, 0);
	}
}

int command_log(const struct cli *cli, int argc, char **argv)
{
	static const struct option options[] = {
		{ "follow", no_argument, NULL, 'f' },
		{ "json", no_argument, NULL, 'j' },
		{ "last", required_argument, NULL, 'n' },
		{ 0 },
	};
	struct log_reader reader = { .json = false };
	bool following = false, found = false;
	size_t last = SIZE_MAX, skip = 0;
	FILE *file = NULL;
	int option;

	while ((option = getopt_long(argc, argv, "fn:", options, NULL)) != -1) {
		char *end;

		if (option == 'f')
			following = true;
		else if (option == 'j')
			reader.json = true;
		else if (option != 'n')
			return command_usage("log", "expected [--follow] [--json] [--last N]");
		else if ((last = strtoul(optarg, &end, 10)) == 0 || *end || optarg[0] == '-')
			return command_usage("log", "--last: expected a number from 1");
	}
	if (optind != argc)
		return command_usage("log", "unexpected word \"%s\"", argv[optind]);
	if (last != SIZE_MAX) {
		size_t lines = count_lines(cli->state);

		skip = lines > last ? lines - last : 0;
	}
	for (unsigned int part = STORE_PARTS; part-- > 0;) {
		size_t lines;

		file = command_log_part(cli->state, part);
		if (!file)
			continue;
		found = true;
		lines = read_file(&reader, file, skip);
		skip -= lines < skip ? lines : skip;
		if (part)
			fclose(file);
	}
	if (!found && !following) {
		fprintf(stderr, "cordon log: no log in %s/log: %s\n", cli->state, strerror(errno));
		return EXIT_NO;
	}
	if (following)
		follow(&reader, cli->state, file);
	if (file)
		fclose(file);
	tell_damaged(&reader);
	free(reader.line);
	return EXIT_YES;
}

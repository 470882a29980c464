/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "appliance/base/clock.h"
#include "appliance/evidence/act.h"
#include "appliance/evidence/commands.h"
#include "appliance/evidence/filter.h"
#include "appliance/evidence/line.h"
#include "appliance/evidence/inquiry.h"
#include "appliance/evidence/show.h"
#include "appliance/evidence/story.h"

enum { LAST = 50, ADDRESSES = 50, DAYS = 31, DAY_SECONDS = 86400 };

struct host_words {
	bool json, reverse;
	uint64_t last;
	const char *wanted;
	struct filter filter;	/* times alone */
};

/* ---- identity ---- */

static int by_first(const void *left, const void *right)
{
	const struct host_run *a = left, *b = right;

	return (a->first_ms > b->first_ms) - (a->first_ms < b->first_ms);
}

static bool is_same(const struct host_run *a, const struct host_run *b)
{
	return addr_compare(&a->address, &b->address) == 0 && a->has_mac == b->has_mac &&
	       (!a->has_mac || memcmp(a->mac, b->mac, MAC_SIZE) == 0);
}

/* The runs in order of time; neighbours of the same address and MAC are one. The caller frees
 * it. */
static struct host_run *runs_of(const struct inquiry *inquiry, const struct hosts_row *row,
				size_t *count)
{
	struct host_run *run = NULL, one;
	size_t room = 0, kept = 0;
	uint32_t position = 0;

	*count = 0;
	while (machines_run(inquiry->hosts.machines, row->number, &position, &one)) {
		if (*count == room) {
			struct host_run *more = realloc(run, (room = room ? 2 * room : 16) *
							     sizeof(*more));

			if (!more) {
				free(run);
				*count = 0;
				return NULL;
			}
			run = more;
		}
		run[(*count)++] = one;
	}
	if (*count)
		qsort(run, *count, sizeof(*run), by_first);
	for (size_t i = 1; i < *count; i++) {
		if (!is_same(&run[kept], &run[i]))
			run[++kept] = run[i];
		else if (run[i].last_ms > run[kept].last_ms)
			run[kept].last_ms = run[i].last_ms;
	}
	*count = *count ? kept + 1 : 0;
	return run;
}

static void print_runs(const struct inquiry *inquiry, const struct hosts_row *row)
{
	size_t count, first;
	struct host_run *run = runs_of(inquiry, row, &count);
	char addr[ADDR_TEXT], mac[MAC_PRINTED], from[CLOCK_TEXT], until[CLOCK_TEXT];

	first = count > ADDRESSES ? count - ADDRESSES : 0;
	puts("addresses:");
	if (first)
		printf("  ... %zu earlier ones are left out\n", first);
	for (size_t i = first; i < count; i++)
		printf("  %s to %s  %s %s %s\n", clock_print(run[i].first_ms, from),
		       clock_print(run[i].last_ms, until), addr_print(&run[i].address, addr),
		       run[i].has_mac ? mac_print(run[i].mac, mac) : "-",
		       inquiry->hosts.interface[run[i].interface]);
	free(run);
}

static json_t *runs_json(const struct inquiry *inquiry, const struct hosts_row *row)
{
	size_t count;
	struct host_run *run = runs_of(inquiry, row, &count);
	char addr[ADDR_TEXT], mac[MAC_PRINTED], from[CLOCK_TEXT], until[CLOCK_TEXT];
	json_t *list = json_array();

	for (size_t i = 0; i < count; i++)
		(void)json_array_append_new(list, json_pack("{s:s, s:s?, s:s, s:s, s:s}",
			"address", addr_print(&run[i].address, addr),
			"mac", run[i].has_mac ? mac_print(run[i].mac, mac) : NULL,
			"interface", inquiry->hosts.interface[run[i].interface],
			"first", clock_print(run[i].first_ms, from),
			"last", clock_print(run[i].last_ms, until)));
	free(run);
	return list;
}

/* Is the naming about one of the host's addresses, or its MAC? */
static bool names_host(const struct inquiry *inquiry, const struct hosts_row *row,
		       const struct naming *naming)
{
	uint32_t position = 0;
	struct host_run run;

	while (machines_run(inquiry->hosts.machines, row->number, &position, &run)) {
		const bool own = run.has_mac &&
				 !machines_is_router(inquiry->hosts.machines, run.mac);

		if (naming->has_mac && own && memcmp(naming->mac, run.mac, MAC_SIZE) == 0)
			return true;
		if (naming->has_address && !(naming->has_mac && own) &&
		    addr_compare(&naming->address, &run.address) == 0 &&
		    naming->from_ms <= run.last_ms && naming->until_ms >= run.first_ms)
			return true;
	}
	return false;
}

static void print_naming(const struct naming *naming)
{
	char from[CLOCK_TEXT], until[CLOCK_TEXT];

	printf("  %s by %s", naming->name[0] ? naming->name : "-",
	       naming_source_print(naming->source));
	if (naming->user[0])
		printf(", user %s", naming->user);
	if (naming->site[0])
		printf(", site %s", naming->site);
	if (naming->tool)
		printf(", a tool that handles names");
	if (naming->from_ms != NAMING_SINCE_EVER)
		printf(", from %s", clock_print(naming->from_ms, from));
	if (naming->until_ms != NAMING_FOR_EVER)
		printf(", until %s", clock_print(naming->until_ms, until));
	putchar('\n');
}

static void print_names(const struct inquiry *inquiry, const struct hosts_row *row)
{
	size_t shown = 0;

	if (row->name && row->name->source == NAMING_REVERSE_DNS)
		print_naming(row->name);
	for (size_t i = 0; i < inquiry->names.count; i++) {
		if (!names_host(inquiry, row, &inquiry->names.naming[i]))
			continue;
		if (shown++ == 0)
			puts("names:");
		if (shown <= ADDRESSES)
			print_naming(&inquiry->names.naming[i]);
	}
	if (shown > ADDRESSES)
		printf("  ... and %zu more\n", shown - ADDRESSES);
}

static json_t *names_json(const struct inquiry *inquiry, const struct hosts_row *row)
{
	json_t *list = json_array();

	for (size_t i = 0; i < inquiry->names.count; i++) {
		const struct naming *naming = &inquiry->names.naming[i];
		char from[CLOCK_TEXT], until[CLOCK_TEXT];

		if (!names_host(inquiry, row, naming))
			continue;
		(void)json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:s, s:b, s:s?, s:s?}",
			"name", naming->name, "user", naming->user, "site", naming->site,
			"named_by", naming_source_print(naming->source), "tool", naming->tool,
			"first", naming->from_ms == NAMING_SINCE_EVER ? NULL :
				 clock_print(naming->from_ms, from),
			"last", naming->until_ms == NAMING_FOR_EVER ? NULL :
				clock_print(naming->until_ms, until)));
	}
	return list;
}

/* ---- the story ---- */

static char *date_print(int32_t date, char buffer[CLOCK_TEXT])
{
	clock_print((int64_t)date * DAY_SECONDS * 1000, buffer);
	buffer[10] = '\0';
	return buffer;
}

static void print_day(const struct story_day *day)
{
	const char *before = "";
	char date[CLOCK_TEXT];

	printf("  %s ", date_print(day->date, date));
	for (int i = 0; i <= CATEGORY_COUNT; i++) {
		if (!day->events[i])
			continue;
		printf("%s%" PRIu64 " %s", before, day->events[i], i == CATEGORY_COUNT ?
		       "of no known rule" : category_print((enum category)i));
		before = ", ";
	}
	if (!*before)
		printf("there, and met no rule");
	putchar('\n');
}

static void print_event(void *context, const struct reader_entry *entry)
{
	char id[RECORD_ID];

	(void)context;
	printf("  %s ", record_id(entry->context.boot_id, entry->entry.sequence, id));
	line_event(&entry->entry.event, entry->context.rule);
}

static void print_story(const struct story *story)
{
	const size_t first = story->days > DAYS ? story->days - DAYS : 0;

	puts("days:");
	if (first)
		printf("  ... %zu earlier days are left out; --until shows them\n", first);
	for (size_t i = first; i < story->days; i++)
		print_day(&story->day[i]);
	puts("events:");
	if (story->left_out)
		printf("  ... %" PRIu64 " earlier entries are left out; --last N shows more\n",
		       story->left_out);
	(void)!story_events(story, print_event, NULL);
}

static json_t *days_json(const struct story *story)
{
	json_t *list = json_array();

	for (size_t i = 0; i < story->days; i++) {
		const struct story_day *day = &story->day[i];
		json_t *events = json_object();
		char date[CLOCK_TEXT];

		for (int c = 0; c <= CATEGORY_COUNT; c++) {
			if (day->events[c])
				(void)json_object_set_new(events, c == CATEGORY_COUNT ? "unknown" :
							  category_print((enum category)c),
							  json_integer((json_int_t)day->events[c]));
		}
		(void)json_array_append_new(list, json_pack("{s:s, s:o, s:I}", "day",
			date_print(day->date, date), "events", events, "seen",
			(json_int_t)day->seen));
	}
	return list;
}

static void add_event_json(void *context, const struct reader_entry *entry)
{
	char *line;

	if (record_print(&entry->entry, &entry->context, &line) < 0)
		return;
	(void)json_array_append_new(context, json_loads(line, 0, NULL));
	free(line);
}

static json_t *story_json(const struct inquiry *inquiry, const struct hosts_row *row,
			  const struct story *story)
{
	json_t *json = show_host_json(row, inquiry->weights), *events = json_array();

	(void)!story_events(story, add_event_json, events);
	if (json)
		(void)json_object_update_new(json, json_pack("{s:o, s:o, s:o, s:o, s:I}",
			"addresses_seen", runs_json(inquiry, row),
			"names", names_json(inquiry, row),
			"story_days", days_json(story), "story", events, "left_out",
			(json_int_t)story->left_out));
	return json;
}

/* ---- one host ---- */

static int tell(const struct inquiry *inquiry, const struct hosts_row *row,
		const struct host_words *words)
{
	const struct story_options options = {
		.folder = inquiry->folder, .last = words->last,
		.since_ms = words->filter.has_since ? words->filter.since_ms : 0,
		.until_ms = words->filter.has_until ? words->filter.until_ms : INT64_MAX,
	};
	struct story story;
	int error = story_read(&story, &inquiry->hosts, row, &options);

	if (error)
		fprintf(stderr, "cordon host: %s: %s\n", inquiry->folder, strerror(-error));
	else if (words->json)
		command_print_json(story_json(inquiry, row, &story));
	if (!error && !words->json) {
		show_host(row, inquiry->weights);
		print_names(inquiry, row);
		print_runs(inquiry, row);
		if (row->verdict.count)
			puts("evidence:");
		show_evidence(row, inquiry->weights);
		print_story(&story);
	}
	if (story.damaged)
		fprintf(stderr, "cordon host: %zu damaged files of the log were left out\n",
			story.damaged);
	story_free(&story);
	return error ? EXIT_NO : EXIT_YES;
}

static int none(const struct host_words *words)
{
	fprintf(stderr, "cordon host: the log has no host \"");
	for (const char *c = words->wanted; *c; c++)
		fputc(text_visible(*c), stderr);
	fprintf(stderr, "\"%s; cordon hosts lists those that met a rule, cordon names list the "
		"names that are known\n", words->filter.has_since ? " since then" : "");
	return EXIT_NO;
}

/* Several hosts had the address, or have the name. */
static int several(const struct inquiry *inquiry, bool json)
{
	char who[SHOW_WHO];

	for (size_t i = 0; json && i < inquiry->hosts.count; i++)
		command_print_json(show_host_json(&inquiry->hosts.row[i], inquiry->weights));
	for (size_t i = 0; !json && i < inquiry->hosts.count; i++)
		show_host(&inquiry->hosts.row[i], inquiry->weights);
	fprintf(stderr, "cordon host: %zu hosts; name one by its MAC address or a time, such as "
		"cordon host %s\n", inquiry->hosts.count,
		show_who(&inquiry->hosts.row[0].host, who));
	return EXIT_NO;
}

static int run(const struct cli *cli, const struct host_words *words)
{
	struct selector selector;
	struct hosts_wanted wanted = { .name = NULL };
	struct hosts_options options = {
		.since_ms = words->filter.has_since ? words->filter.since_ms : 0,
		.all = true, .wanted = &wanted,
	};
	struct inquiry inquiry;
	int code;

	if (selector_parse(&selector, words->wanted) < 0)
		wanted.name = words->wanted;
	else if (selector.is_mac)
		wanted.mac = selector.mac;
	else
		wanted.address = &selector.address;
	act_looked(cli, words->wanted);
	code = inquiry_open(&inquiry, "host", cli, &options, words->reverse);
	if (code == EXIT_YES && inquiry.hosts.count == 0)
		code = none(words);
	else if (code == EXIT_YES && inquiry.hosts.count > 1)
		code = several(&inquiry, words->json);
	else if (code == EXIT_YES)
		code = tell(&inquiry, &inquiry.hosts.row[0], words);
	inquiry_close(&inquiry);
	return code;
}

/* ---- the command ---- */

static int parse_last(struct host_words *words, const char *text)
{
	char *end;

	words->last = strtoull(text, &end, 10);
	return words->last && !*end && text[0] != '-' && words->last <= 1000000 ? 0 : -EINVAL;
}

static int parse(struct host_words *words, int argc, char **argv)
{
	static const struct option options[] = {
		{ "json", no_argument, NULL, 'j' },
		{ "reverse", no_argument, NULL, 'r' },
		{ "since", required_argument, NULL, 's' },
		{ "until", required_argument, NULL, 'u' },
		{ "last", required_argument, NULL, 'n' },
		{ 0 },
	};
	const char *expected;
	int option;

	while ((option = getopt_long(argc, argv, "n:", options, NULL)) != -1) {
		const enum filter_key key = option == 's' ? FILTER_SINCE : FILTER_UNTIL;

		if (option == 'j')
			words->json = true;
		else if (option == 'r')
			words->reverse = true;
		else if ((option == 's' || option == 'u') &&
			 filter_set(&words->filter, key, optarg, clock_wall_ms(), &expected) < 0)
			return command_usage("host", "--%s %s: expected %s", filter_key_print(key),
					     optarg, expected);
		else if (option == 'n' && parse_last(words, optarg) < 0)
			return command_usage("host", "--last: expected a number from 1 to 1000000");
		else if (option == '?')
			return command_usage("host", "expected options as in --help");
	}
	if (filter_is_empty_time(&words->filter))
		return command_usage("host", "--until: expected a time after that of --since");
	if (optind + 1 != argc)
		return command_usage("host", "expected one name, address or MAC address");
	words->wanted = argv[optind];
	return EXIT_YES;
}

int command_host(const struct cli *cli, int argc, char **argv)
{
	struct host_words words = { .last = LAST };
	int code = parse(&words, argc, argv);

	return code == EXIT_YES ? run(cli, &words) : code;
}

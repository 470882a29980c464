/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "appliance/base/clock.h"
#include "appliance/evidence/act.h"
#include "appliance/evidence/commands.h"
#include "appliance/evidence/filter.h"
#include "appliance/evidence/inventory.h"
#include "appliance/evidence/inquiry.h"
#include "appliance/evidence/show.h"
#include "appliance/journal/notice.h"

enum { EXCLUSIONS = 64 };

/* ---- lists ---- */

static void print_all(const struct inquiry *inquiry)
{
	for (size_t i = 0; i < inquiry->hosts.count; i++)
		show_host(&inquiry->hosts.row[i], inquiry->weights);
	show_sums(&inquiry->hosts);
}

/* Takes the reference; one line. */
static int print_line(json_t *json)
{
	int error = json && json_dumpf(json, stdout, JSON_COMPACT | JSON_ENSURE_ASCII) == 0 ?
		    0 : -ENOMEM;

	putchar('\n');
	json_decref(json);
	return error;
}

static int print_json(const struct inquiry *inquiry)
{
	int error = 0;

	for (size_t i = 0; !error && i < inquiry->hosts.count; i++)
		error = print_line(show_host_json(&inquiry->hosts.row[i], inquiry->weights));
	for (size_t i = 0; !error && i < inquiry->hosts.networks; i++)
		error = print_line(show_network_json(&inquiry->hosts.network[i]));
	return error;
}

struct hosts_words {
	bool json, reverse;
	const char *inventory;
	struct filter filter;
	struct hosts_exclusion exclusion[EXCLUSIONS];
	size_t exclusions;
};

static int list(const struct cli *cli, const struct hosts_words *words)
{
	struct hosts_options options = {
		.since_ms = words->filter.has_since ? words->filter.since_ms : 0,
		.all = words->inventory != NULL, .exclusion = words->exclusion,
		.exclusions = words->exclusions,
	};
	struct inventory inventory = { .items = 0 };
	struct inquiry inquiry;
	int code = words->inventory ? inventory_read(&inventory, words->inventory) : EXIT_YES;
	int error = 0;

	if (code != EXIT_YES)
		return code;
	code = inquiry_open(&inquiry, "hosts", cli, &options, words->reverse);
	if (code == EXIT_YES && words->inventory)
		code = inventory_show(&inventory, &inquiry.hosts, words->json);
	else if (code == EXIT_YES && words->json)
		error = print_json(&inquiry);
	else if (code == EXIT_YES)
		print_all(&inquiry);
	inventory_free(&inventory);
	inquiry_close(&inquiry);
	return error ? EXIT_NO : code;
}

/* ---- by hand ---- */

static int tell(const char *path, int error)
{
	fprintf(stderr, "cordon hosts: %s/" NAMES_FOLDER "/merges: %s\n", path, strerror(-error));
	return EXIT_NO;
}

static bool is_pair(const struct merge *merge, const struct merge *other)
{
	return (selector_equal(&merge->a, &other->a) && selector_equal(&merge->b, &other->b)) ||
	       (selector_equal(&merge->a, &other->b) && selector_equal(&merge->b, &other->a));
}

/* Takes the pair out. How many there were. */
static size_t take_out(struct names *names, const struct merge *pair)
{
	size_t kept = 0, before = names->merges;

	for (size_t i = 0; i < names->merges; i++) {
		if (!is_pair(&names->merge[i], pair))
			names->merge[kept++] = names->merge[i];
	}
	names->merges = kept;
	return before - kept;
}

static int change_merges(const struct cli *cli, const struct merge *pair, bool merges)
{
	struct names names;
	int error = names_read(&names, cli->state);
	size_t removed = error ? 0 : take_out(&names, pair);

	if (!error && merges && names.merges == NAMES_MERGES)
		error = -E2BIG;
	if (!error && merges && !names.merge) {
		names.merge = calloc(1, sizeof(*names.merge));
		error = names.merge ? 0 : -ENOMEM;
	}
	if (!error && merges)
		names.merge[names.merges++] = *pair;
	if (!error && (merges || removed))
		error = names_write_merges(cli->state, names.merge, names.merges);
	names_free(&names);
	if (error)
		return tell(cli->state, error);
	if (!merges && !removed) {
		fprintf(stderr, "cordon hosts: these were not merged by hand; see cordon names "
			"list\n");
		return EXIT_NO;
	}
	return EXIT_YES;
}

static int by_hand(const struct cli *cli, int argc, char **argv, bool merges)
{
	char a[SELECTOR_TEXT], b[SELECTOR_TEXT];
	struct merge pair = { .result = MERGE_UNKNOWN };
	int code;

	if (argc != 3)
		return command_usage("hosts", "expected two addresses or MAC addresses");
	for (int i = 1; i < 3; i++) {
		if (selector_parse(i == 1 ? &pair.a : &pair.b, argv[i]) < 0)
			return command_usage("hosts", "%s: expected an address or a MAC address",
					     argv[i]);
	}
	if (selector_equal(&pair.a, &pair.b))
		return command_usage("hosts", "expected two different hosts");
	code = change_merges(cli, &pair, merges);
	return code == EXIT_YES ?
	       act_record(cli, NOTICE_HOSTS, json_pack("{s:s, s:s, s:s}", "action",
						    merges ? "merge" : "split",
						    "a", selector_print(&pair.a, a),
						    "b", selector_print(&pair.b, b))) : code;
}

/* ---- the command ---- */

static int exclude(struct hosts_words *words, const char *text)
{
	struct hosts_exclusion *one = &words->exclusion[words->exclusions];
	struct addr addr;

	if (words->exclusions == EXCLUSIONS)
		return -E2BIG;
	one->is_mac = mac_parse(one->mac, text, strlen(text)) == 0;
	if (!one->is_mac && addr_parse(&addr, text, strlen(text)) == 0)
		one->network = (struct prefix){ .addr = addr, .length = 128 };
	else if (!one->is_mac && prefix_parse(&one->network, text, strlen(text)) < 0)
		return -EINVAL;
	words->exclusions++;
	return 0;
}

static int parse(struct hosts_words *words, int argc, char **argv)
{
	static const struct option options[] = {
		{ "json", no_argument, NULL, 'j' },
		{ "since", required_argument, NULL, 's' },
		{ "reverse", no_argument, NULL, 'r' },
		{ "inventory", required_argument, NULL, 'i' },
		{ "exclude", required_argument, NULL, 'x' },
		{ 0 },
	};
	const char *expected;
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 'j')
			words->json = true;
		else if (option == 'r')
			words->reverse = true;
		else if (option == 'i')
			words->inventory = optarg;
		else if (option == 'x' && exclude(words, optarg) < 0)
			return command_usage("hosts", "--exclude %s: expected an address, a "
					     "network or a MAC address, %d at most", optarg,
					     EXCLUSIONS);
		else if (option == 's' && filter_set(&words->filter, FILTER_SINCE, optarg,
						     clock_wall_ms(), &expected) < 0)
			return command_usage("hosts", "--since %s: expected %s", optarg, expected);
		else if (option == '?')
			return command_usage("hosts", "expected options as in --help");
	}
	if (optind != argc)
		return command_usage("hosts", "unexpected word \"%s\"", argv[optind]);
	return EXIT_YES;
}

int command_hosts(const struct cli *cli, int argc, char **argv)
{
	struct hosts_words words = { .json = false };
	int code;

	if (argc > 1 && strcmp(argv[1], "merge") == 0)
		return by_hand(cli, argc - 1, argv + 1, true);
	if (argc > 1 && strcmp(argv[1], "split") == 0)
		return by_hand(cli, argc - 1, argv + 1, false);
	code = parse(&words, argc, argv);
	return code == EXIT_YES ? list(cli, &words) : code;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "appliance/base/clock.h"
#include "appliance/command/output.h"
#include "appliance/evidence/commands.h"
#include "appliance/evidence/filter.h"
#include "appliance/evidence/hosts.h"
#include "appliance/journal/days.h"

extern const char weights_text[];	/* generated from weights.tsv */

/* ---- one host ---- */

static const char *identity(const struct host *host, char buffer[ADDR_TEXT + MAC_PRINTED])
{
	char addr[ADDR_TEXT], mac[MAC_PRINTED];

	addr_print(&host->address, addr);
	if (host->has_mac)
		snprintf(buffer, ADDR_TEXT + MAC_PRINTED, "%s %s", addr,
			 mac_print(host->mac, mac));
	else
		snprintf(buffer, ADDR_TEXT + MAC_PRINTED, "%s", addr);
	return buffer;
}

static json_t *categories_json(uint32_t categories)
{
	json_t *list = json_array();

	for (int category = 0; category < CATEGORY_COUNT; category++) {
		if (categories & 1U << category)
			(void)json_array_append_new(list, json_string(category_print(
							  (enum category)category)));
	}
	return list;
}

static json_t *evidence_json(const struct hosts_row *row)
{
	json_t *list = json_array();

	for (size_t i = 0; i < row->verdict.count; i++) {
		const struct verdict_evidence *evidence = &row->verdict.evidence[i];

		(void)json_array_append_new(list, json_pack("{s:s, s:I, s:s?, s:I, s:I}", "class",
			sign_class_print(evidence->class), "points", (json_int_t)evidence->points,
			"rule", evidence->rule, "count", (json_int_t)evidence->count, "days",
			(json_int_t)evidence->days));
	}
	return list;
}

static json_t *host_json(const struct hosts_row *row, const struct weights *weights)
{
	char addr[ADDR_TEXT], mac[MAC_PRINTED], first[CLOCK_TEXT], last[CLOCK_TEXT];
	struct text sentence = TEXT_EMPTY;
	const struct host *host = &row->host;
	json_t *json;

	verdict_explain(&row->verdict, weights, &sentence);
	json = json_pack("{s:s, s:s?, s:s?, s:s?, s:s?, s:s?, s:b, s:b, s:b, s:b, s:I}",
			 "address", addr_print(&host->address, addr),
			 "mac", host->has_mac ? mac_print(host->mac, mac) : NULL,
			 "name", row->name && row->name->name[0] ? row->name->name : NULL,
			 "user", row->name && row->name->user[0] ? row->name->user : NULL,
			 "site", row->name && row->name->site[0] ? row->name->site : NULL,
			 "named_by", row->name ? naming_source_print(row->name->source) : NULL,
			 "random_mac", host->random, "behind_router", host->behind_router,
			 "forwarder", host->forwarder, "merged_by_hand", host->by_hand,
			 "addresses", (json_int_t)host->addresses);
	if (json)
		(void)json_object_update_new(json, json_pack(
			"{s:s, s:s, s:s?, s:s?, s:s, s:I, s:I, s:o, s:s, s:s, s:I, s:o}",
			"verdict", verdict_print(row->verdict.kind),
			"confidence", confidence_print(row->verdict.confidence),
			"family", row->verdict.family[0] ? row->verdict.family : NULL,
			"explanation", text_failed(&sentence) ? NULL : sentence.data,
			"state", host_state_print(row->presence.state),
			"silent_days", (json_int_t)row->presence.silent_days,
			"days", (json_int_t)row->days, "categories",
			categories_json(row->categories),
			"first", clock_print(row->first_ms, first),
			"last", clock_print(row->last_ms, last),
			"events", (json_int_t)row->events, "evidence", evidence_json(row)));
	text_release(&sentence);
	return json;
}

static void print_host(const struct hosts_row *row, const struct weights *weights)
{
	char who[ADDR_TEXT + MAC_PRINTED], last[CLOCK_TEXT];
	struct text sentence = TEXT_EMPTY, state = TEXT_EMPTY;

	verdict_explain(&row->verdict, weights, &sentence);
	host_presence_print(&row->presence, &state);
	printf("%s%s%s\n  %s\n  %s, last %.10s, %u day%s, %llu events\n", identity(&row->host, who),
	       row->name && row->name->name[0] ? " " : "",
	       row->name && row->name->name[0] ? row->name->name : "",
	       text_failed(&sentence) || !sentence.data ? "" : sentence.data,
	       text_failed(&state) || !state.data ? "-" : state.data,
	       clock_print(row->last_ms, last), row->days, row->days == 1 ? "" : "s",
	       (unsigned long long)row->events);
	text_release(&sentence);
	text_release(&state);
}

/* ---- the command ---- */

static void print_all(const struct hosts *hosts, const struct weights *weights)
{
	struct text range = TEXT_EMPTY;

	for (size_t i = 0; i < hosts->count; i++)
		print_host(&hosts->row[i], weights);
	host_range_print(&hosts->products, &range);
	printf("%zu hosts met a rule; with the product: %s\n", hosts->count,
	       text_failed(&range) || !range.data ? "-" : range.data);
	text_release(&range);
}

static int print_json(const struct hosts *hosts, const struct weights *weights)
{
	for (size_t i = 0; i < hosts->count; i++) {
		json_t *json = host_json(&hosts->row[i], weights);

		if (!json || json_dumpf(json, stdout, JSON_COMPACT | JSON_ENSURE_ASCII) < 0) {
			json_decref(json);
			return -ENOMEM;
		}
		putchar('\n');
		json_decref(json);
	}
	return 0;
}

static int run(const char *folder, int64_t since_ms, bool json)
{
	struct hosts_options options = { .folder = folder, .since_ms = since_ms,
					 .today = days_of(clock_wall_ms()) };
	struct weights *weights = calloc(1, sizeof(*weights));
	struct hosts hosts = { .count = 0 };
	struct diag diag;
	int error;

	diag_init(&diag);
	error = weights ? weights_parse(weights, "weights.tsv", weights_text,
					strlen(weights_text), &diag) : -ENOMEM;
	options.weights = weights;
	if (!error)
		error = hosts_read(&hosts, &options);
	if (error)
		fprintf(stderr, "cordon hosts: %s: %s\n", folder,
			error == -ENOENT ? "there is no log" : strerror(-error));
	else if (json)
		error = print_json(&hosts, weights);
	else
		print_all(&hosts, weights);
	if (hosts.damaged)
		fprintf(stderr, "cordon hosts: %u damaged files of the log were left out\n",
			hosts.damaged);
	hosts_free(&hosts);
	free(weights);
	return error ? EXIT_NO : EXIT_YES;
}

int command_hosts(const struct cli *cli, int argc, char **argv)
{
	static const struct option options[] = {
		{ "json", no_argument, NULL, 'j' },
		{ "since", required_argument, NULL, 's' },
		{ 0 },
	};
	struct filter filter = { .rule = NULL };
	const char *expected;
	char folder[512];
	bool json = false;
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 'j')
			json = true;
		else if (option != 's')
			return command_usage("hosts", "expected [--json] [--since TIME]");
		else if (filter_set(&filter, FILTER_SINCE, optarg, clock_wall_ms(), &expected) < 0)
			return command_usage("hosts", "--since %s: expected %s", optarg, expected);
	}
	if (optind != argc)
		return command_usage("hosts", "unexpected word \"%s\"", argv[optind]);
	snprintf(folder, sizeof(folder), "%s/log", cli->state);
	return run(folder, filter.has_since ? filter.since_ms : 0, json);
}

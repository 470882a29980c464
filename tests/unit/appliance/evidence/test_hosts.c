/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit/appliance/evidence/written.h"

#include <errno.h>

#include "appliance/evidence/hosts.h"
#include "appliance/evidence/story.h"
#include "appliance/journal/sums.h"
#include "tests/unit/appliance/evidence/shipped.h"

#define K "kaspersky:"
#define ONE "00:1b:21:00:00:01"
#define TWO "00:1b:21:00:00:02"
enum { FIRST = 20000, HOUR = 3600 * 1000 };

static struct written log_;

static int make(void **state)
{
	(void)state;
	written_begin(&log_);
	return 0;
}

static int destroy(void **state)
{
	(void)state;
	written_end(&log_);
	return 0;
}

static struct hosts_options options_at(int32_t today)
{
	return (struct hosts_options){ .folder = log_.path, .today = today,
				       .weights = shipped_weights() };
}

static const struct hosts_row *row_of(const struct hosts *hosts, const char *address)
{
	const struct addr addr = sample_addr(address);

	for (size_t i = 0; i < hosts->count; i++) {
		uint32_t position = 0;
		struct host_run run;

		while (machines_run(hosts->machines, hosts->row[i].number, &position, &run)) {
			if (addr_compare(&run.address, &addr) == 0)
				return &hosts->row[i];
		}
	}
	return NULL;
}

/* Both families of one MAC, over a closed and an open day. */
static void one_machine_in_two_families(void **state)
{
	struct hosts_options options = options_at(FIRST + 1);
	const struct hosts_row *row;
	struct hosts hosts;

	(void)state;
	written_open(&log_, FIRST);
	WRITTEN(&log_, "10.0.0.5", ONE, K "telemetry:ksn.kaspersky-labs.com",
		.resolver = "10.0.0.1");
	WRITTEN(&log_, "2001:db8::5", ONE, K "telemetry:ksn.kaspersky-labs.com", .count = 4);
	WRITTEN(&log_, "10.0.0.6", TWO, K "web:=www.kaspersky.com");
	written_close(&log_, true);
	written_open(&log_, FIRST + 1);
	WRITTEN(&log_, "2001:db8::77", ONE, K "update:upd.kaspersky.com", .at_ms = HOUR);
	written_close(&log_, false);
	assert_int_equal(hosts_read(&hosts, &options), 0);
	assert_int_equal(hosts.count, 2);
	assert_int_equal(hosts.damaged, 0);
	row = &hosts.row[0];
	assert_ptr_equal(row, row_of(&hosts, "10.0.0.5"));
	assert_ptr_equal(row, row_of(&hosts, "2001:db8::77"));
	assert_int_equal(row->verdict.kind, VERDICT_PRODUCT);
	assert_int_equal(row->events, 6);
	assert_int_equal(row->days, 2);
	assert_int_equal(row->host.addresses, 3);
	assert_int_equal(row->categories, 1 << CATEGORY_TELEMETRY | 1 << CATEGORY_UPDATE);
	assert_int_equal(hosts.row[1].verdict.kind, VERDICT_VISIT);
	assert_int_equal(hosts.products.at_least, 1);
	assert_int_equal(hosts.products.at_most, 1);
	hosts_free(&hosts);
}

/* A network is no host, and its events may be its hosts'. */
static void coarse_events_are_of_no_host(void **state)
{
	struct hosts_options options = options_at(FIRST);
	struct hosts hosts;

	(void)state;
	written_open(&log_, FIRST);
	WRITTEN(&log_, "10.0.0.5", ONE, K "telemetry:ksn.kaspersky-labs.com");
	WRITTEN(&log_, "10.0.0.0", NULL, K "update:upd.kaspersky.com", .host_bits = 8,
		.count = 90);
	WRITTEN(&log_, "2001:db8:1::", NULL, K "update:upd.kaspersky.com", .host_bits = 64,
		.count = 7);
	WRITTEN(&log_, "0.0.0.0", NULL, NULL, .host_bits = 32, .count = 3);
	WRITTEN(&log_, "10.0.0.0", NULL, NULL, .host_bits = 8, .count = 5,
		.channel = CHANNEL_SEEN_DNS);
	written_close(&log_, false);
	for (int closed = 0; closed < 2; closed++) {
		assert_int_equal(hosts_read(&hosts, &options), 0);
		assert_int_equal(hosts.count, 1);
		assert_int_equal(hosts.networks, 3);
		assert_int_equal(hosts.network_events, 100);
		assert_int_equal(hosts.network[0].events, 90);
		assert_int_equal(hosts.network[0].host_bits, 8);
		assert_int_equal(hosts.network[0].categories, 1 << CATEGORY_UPDATE);
		assert_int_equal(hosts.row[0].events, 1);
		/* Of its /24, and of all of IPv4. */
		assert_int_equal(hosts.row[0].network_events, 93);
		hosts_free(&hosts);
		assert_int_equal(fchdir(log_.folder), 0);
		if (!closed)
			assert_int_equal(closing_day(log_.folder, &log_.file), 0);
	}
}

static void the_self_test_is_no_host(void **state)
{
	struct hosts_options options = options_at(FIRST);
	struct hosts hosts;

	(void)state;
	written_open(&log_, FIRST);
	WRITTEN(&log_, "10.0.0.5", NULL, K "web:=www.kaspersky.com", .interface = "selftest0");
	written_close(&log_, false);
	assert_int_equal(hosts_read(&hosts, &options), 0);
	assert_int_equal(hosts.count, 0);
	hosts_free(&hosts);
}

/* Silence counts on days on which the host was there. */
static void presence_defends_removal(void **state)
{
	struct hosts_options options = options_at(FIRST + 50);
	const struct hosts_row *row;
	struct hosts hosts;

	(void)state;
	written_open(&log_, FIRST);
	WRITTEN(&log_, "10.0.0.5", ONE, K "telemetry:ksn.kaspersky-labs.com");
	WRITTEN(&log_, "10.0.0.6", TWO, K "telemetry:ksn.kaspersky-labs.com");
	written_close(&log_, true);
	for (int32_t day = FIRST + 10; day < FIRST + 20; day++) {
		written_open(&log_, day);
		WRITTEN(&log_, "10.0.0.5", ONE, NULL, .channel = CHANNEL_SEEN_DNS, .count = 40);
		WRITTEN(&log_, "10.0.0.9", NULL, NULL, .channel = CHANNEL_SEEN_LINK);
		written_close(&log_, day % 2);
	}
	assert_int_equal(hosts_read(&hosts, &options), 0);
	assert_int_equal(hosts.count, 2);
	assert_int_equal(hosts.met, 2);
	assert_int_equal(hosts.seen, 1);
	row = row_of(&hosts, "10.0.0.5");
	assert_int_equal(row->presence.state, STATE_REMOVED);
	assert_int_equal(row->presence.seen_days, 10);
	assert_int_equal(row->events, 1);
	assert_int_equal(row->channels, 1 << CHANNEL_DNS | 1 << CHANNEL_SEEN_DNS);
	assert_int_equal(row_of(&hosts, "10.0.0.6")->presence.state, STATE_SILENT);
	hosts_free(&hosts);
	options.all = true;
	assert_int_equal(hosts_read(&hosts, &options), 0);
	assert_int_equal(hosts.count, 3);
	row = row_of(&hosts, "10.0.0.9");
	assert_int_equal(row->presence.state, STATE_NONE);
	assert_int_equal(row->verdict.kind, VERDICT_UNCLEAR);
	assert_int_equal(row->days, 10);
	hosts_free(&hosts);
}

static void names_tools_and_merges(void **state)
{
	struct naming naming[] = {
		{ .source = NAMING_TABLE, .has_mac = true, .mac = { 0, 0x1b, 0x21, 0, 0, 1 },
		  .from_ms = NAMING_SINCE_EVER, .until_ms = NAMING_FOR_EVER, .name = "GW-1",
		  .tool = true },
	};
	struct merge merge = { .a = { .address = sample_addr("10.0.0.5") },
			       .b = { .address = sample_addr("10.0.0.6") } };
	struct hosts_options options = options_at(FIRST);
	struct hosts_wanted wanted = { .name = "gw-1" };
	struct hosts_exclusion exclusion = { .network = { .addr = sample_addr("10.0.0.6"),
							  .length = 128 } };
	struct hosts hosts;

	(void)state;
	written_open(&log_, FIRST);
	WRITTEN(&log_, "10.0.0.5", ONE, K "telemetry:ksn.kaspersky-labs.com");
	WRITTEN(&log_, "10.0.0.6", TWO, K "telemetry:ksn.kaspersky-labs.com");
	written_close(&log_, true);
	options.naming = naming;
	options.namings = 1;
	options.wanted = &wanted;
	assert_int_equal(hosts_read(&hosts, &options), 0);
	assert_int_equal(hosts.count, 1);
	assert_string_equal(hosts.row[0].name->name, "GW-1");
	assert_int_equal(hosts.row[0].verdict.kind, VERDICT_TOOL);
	/* A tool is never counted. */
	assert_int_equal(hosts.products.at_most, 0);
	hosts_free(&hosts);
	options.wanted = NULL;
	options.exclusion = &exclusion;
	options.exclusions = 1;
	assert_int_equal(hosts_read(&hosts, &options), 0);
	assert_int_equal(hosts.count, 1);
	assert_null(row_of(&hosts, "10.0.0.6"));
	hosts_free(&hosts);
	options.exclusions = 0;
	options.merge = &merge;
	options.merges = 1;
	assert_int_equal(hosts_read(&hosts, &options), 0);
	assert_int_equal(hosts.count, 1);
	assert_int_equal(merge.result, MERGE_DONE);
	assert_true(hosts.row[0].host.by_hand);
	assert_int_equal(hosts.row[0].events, 2);
	hosts_free(&hosts);
}

static int count_row(void *context, const struct sums_row *row)
{
	uint64_t *sum = context;

	*sum += row->count;
	return 0;
}

/* One reading sees one state, though the journal writes, closes and deletes meanwhile. */
static void one_state_of_the_log(void **state)
{
	uint64_t before = 0, after = 0, later = 0;
	struct sums *sums;
	uint32_t damaged;

	(void)state;
	written_open(&log_, FIRST);
	WRITTEN(&log_, "10.0.0.5", ONE, K "web:=www.kaspersky.com", .count = 3);
	written_flush(&log_);
	assert_int_equal(sums_open(&sums, log_.path, 0), 0);
	assert_int_equal(sums_read(sums, count_row, &before, &damaged), 0);
	WRITTEN(&log_, "10.0.0.5", ONE, K "web:=www.kaspersky.com", .count = 100);
	written_close(&log_, true);
	assert_int_equal(sums_read(sums, count_row, &after, &damaged), 0);
	assert_int_equal(damaged, 0);
	assert_int_equal(before, 3);
	assert_int_equal(after, 3);
	sums_close(sums);
	assert_int_equal(sums_open(&sums, log_.path, 0), 0);
	assert_int_equal(sums_read(sums, count_row, &later, &damaged), 0);
	assert_int_equal(later, 103);
	sums_close(sums);
}

static void count_entry(void *context, const struct reader_entry *entry)
{
	uint64_t *last = context;

	assert_true(entry->entry.sequence > *last);
	assert_false(channel_is_presence(entry->entry.event.event.channel));
	*last = entry->entry.sequence;
}

static void the_story_of_one_host(void **state)
{
	struct hosts_options options = options_at(FIRST + 1);
	struct story_options asked = { .folder = log_.path, .until_ms = INT64_MAX, .last = 3 };
	uint64_t last = 0;
	struct hosts hosts;
	struct story story;

	(void)state;
	for (int32_t day = FIRST; day < FIRST + 2; day++) {
		written_open(&log_, day);
		WRITTEN(&log_, "10.0.0.5", ONE, K "update:upd.kaspersky.com", .count = 2);
		WRITTEN(&log_, "10.0.0.6", TWO, K "update:upd.kaspersky.com");
		WRITTEN(&log_, "2001:db8::5", ONE, K "web:=www.kaspersky.com", .at_ms = HOUR);
		WRITTEN(&log_, "10.0.0.5", ONE, NULL, .channel = CHANNEL_SEEN_DNS, .count = 9);
		written_close(&log_, day == FIRST);
	}
	assert_int_equal(hosts_read(&hosts, &options), 0);
	assert_int_equal(story_read(&story, &hosts, row_of(&hosts, "10.0.0.5"), &asked), 0);
	assert_int_equal(story.damaged, 0);
	assert_int_equal(story.days, 2);
	assert_int_equal(story.day[0].events[CATEGORY_UPDATE], 2);
	assert_int_equal(story.day[1].events[CATEGORY_WEB], 1);
	assert_int_equal(story.day[0].seen, 9);
	assert_int_equal(story.events, 3);
	assert_int_equal(story.left_out, 1);
	assert_int_equal(story_events(&story, count_entry, &last), 0);
	assert_int_equal(last, 7);
	story_free(&story);
	/* A part of a day is added up from its events. */
	asked.since_ms = FIRST * WRITTEN_DAY_MS + HOUR;
	asked.until_ms = (FIRST + 1) * WRITTEN_DAY_MS;
	assert_int_equal(story_read(&story, &hosts, row_of(&hosts, "10.0.0.5"), &asked), 0);
	assert_int_equal(story.days, 1);
	assert_int_equal(story.day[0].events[CATEGORY_UPDATE], 0);
	assert_int_equal(story.day[0].events[CATEGORY_WEB], 1);
	assert_int_equal(story.events, 1);
	assert_int_equal(story.left_out, 0);
	story_free(&story);
	hosts_free(&hosts);
}

static void without_a_log(void **state)
{
	struct hosts_options options = options_at(FIRST);
	struct hosts hosts;

	(void)state;
	assert_int_equal(hosts_read(&hosts, &options), -ENOENT);
	hosts_free(&hosts);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make, destroy)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(one_machine_in_two_families),
		TEST(coarse_events_are_of_no_host),
		TEST(the_self_test_is_no_host),
		TEST(presence_defends_removal),
		TEST(names_tools_and_merges),
		TEST(one_state_of_the_log),
		TEST(the_story_of_one_host),
		TEST(without_a_log),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
